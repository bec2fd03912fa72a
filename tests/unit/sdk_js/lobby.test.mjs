// LobbyControl: what it makes of its arguments before they go over the wire.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LobbyControl } from "../../../sdk/js/index.js";

test("a long script goes in parts that fit a message", async () => {
    const parts = [];
    const lobby = new LobbyControl({
        async call(method, { name, source, more }) {
            assert.equal(method, "lobby.uploadRule");
            assert.ok(Buffer.byteLength(JSON.stringify(source)) < 16000);
            parts.push([source, more === true]);
            return more ? {} : { rule: { id: name, name }, active: "now" };
        },
    });
    const script = "-- \"\u{1F3C6}\"\n".repeat(4000);
    assert.equal((await lobby.uploadRule("mine", script)).active, "now");
    assert.ok(parts.length > 4);
    assert.equal(parts.map(([part]) => part).join(""), script);
    assert.ok(parts.every(([part]) => part.isWellFormed()), "no character is cut in two");
    assert.deepEqual(parts.map(([, more]) => more), parts.map((_, i) => i < parts.length - 1));
    assert.equal((await lobby.uploadRule("short", "")).rule.id, "short");
});

test("wherever the cut falls, no character is cut in two", async () => {
    for (const before of ["", "-"]) {
        const parts = [];
        const lobby = new LobbyControl({
            async call(method, { source, more }) {
                parts.push(source);
                return more ? {} : { rule: { id: "r" }, active: "now" };
            },
        });
        const script = before + "\u{1F3C6}".repeat(5000);
        await lobby.uploadRule("mine", script);
        assert.equal(parts.join(""), script);
        assert.ok(parts.length > 1 && parts.every((part) => part.isWellFormed()));
    }
});
