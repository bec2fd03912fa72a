// Where the page lives, and what it tells of ends: of a seat, a connection, a life.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { killWords } from "../../../plugins/service_web/assets/kill_words.js";
import { folderOf, serverOf, storageOf } from "../../../plugins/service_web/assets/place.js";
import {
    banText, closedText, leftText, muteText, warnText,
} from "../../../plugins/service_web/assets/reasons.js";

test("all addresses follow from the page's folder", () => {
    const at = (address) => serverOf(folderOf(address));
    assert.deepEqual(at("http://play.example:7350/#join=ABCD"),
        { baseUrl: "http://play.example:7350", socketUrl: "ws://play.example:7350/ws" });
    assert.deepEqual(at("https://example.org/game/?x=1#join=ABCD"),
        { baseUrl: "https://example.org/game", socketUrl: "wss://example.org/game/ws" });
    assert.deepEqual(at("https://example.org/a/b/index.html"),
        { baseUrl: "https://example.org/a/b", socketUrl: "wss://example.org/a/b/ws" });
});

test("two pages below one host keep their own keys", () => {
    const kept = new Map();
    const storage = {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => kept.set(key, value),
        removeItem: (key) => kept.delete(key),
    };
    const [root, game] = ["/", "/game/"].map((pathname) => storageOf(storage, { pathname }));
    root.setItem("muster.auth", "a");
    game.setItem("muster.auth", "b");
    assert.equal(storage.getItem("muster.auth"), "a");
    assert.equal(game.getItem("muster.auth"), "b");
    game.removeItem("muster.auth");
    assert.deepEqual([root.getItem("muster.auth"), game.getItem("muster.auth")], ["a", null]);
});

test("reasons are told in full", () => {
    const left = (reason, message) => leftText({ reason, message });
    assert.equal(left("kick"), "You were removed from the lobby.");
    assert.equal(left("kick", "mind your words"),
        "You were removed from the lobby: mind your words.");
    assert.equal(left("ban", "Cheating!"), "You were banned from the lobby: Cheating!");
    assert.equal(left("closed", "maintenance"), "The lobby was closed: maintenance.");
    assert.equal(left("quit"), "", "one's own wish");
    assert.equal(left("disturbed"), "Your seat is gone: the server lost you, which counts against nobody.");
    assert.equal(left("moved", "elsewhere"), "You are out of the lobby: elsewhere.");
    assert.equal(closedText(4004, "spam"), "The server has ended your session: spam.");
    assert.equal(closedText(4003, "replaced by a newer connection"),
        "You are playing in another window.");
    assert.equal(closedText(4099, ""), "Disconnected: code 4099.");
});

test("bans and mutes end by the clock of whoever reads it", () => {
    mock.timers.enable({ apis: ["Date"], now: new Date(2030, 0, 2, 9, 4, 10) });
    const at = (hours, minutes) => new Date(2030, 0, 2, hours, minutes)
        .toLocaleTimeString([], { timeStyle: "short" });
    assert.equal(banText({ reason: "cheating", endsInMs: 3600e3 }),
        `You are banned until ${at(10, 5)}: cheating.`, "not a second too early");
    assert.equal(banText({ reason: "Cheating!", endsInMs: null }),
        "You are banned for good: Cheating!");
    assert.equal(muteText({ reason: "", endsInMs: 50e3 }), `You are muted until ${at(9, 5)}.`);
    assert.match(muteText({ reason: "spam", endsInMs: 24 * 3600e3 }), /until .*2030.*05.*: spam\.$/);
    mock.timers.reset();
    assert.equal(warnText({ reason: "play fair", count: 1 }), "A moderator warns you: play fair.");
    assert.equal(warnText({ reason: "play fair", count: 3 }),
        "A moderator warns you: play fair. This is warning 3.");
});

test("who fell by the own hand was killed by nobody else", () => {
    assert.deepEqual(killWords({ killer: 2, victim: 5, weapon: 1 }),
        [{ seat: 2 }, { text: "rifle" }, { seat: 5 }]);
    assert.deepEqual(killWords({ killer: 5, victim: 5, weapon: 2 }),
        [{ seat: 5 }, { text: "by the own launcher" }]);
    assert.deepEqual(killWords({ killer: 255, victim: 5, weapon: 0 }),
        [{ seat: 5 }, { text: "died" }]);
});
