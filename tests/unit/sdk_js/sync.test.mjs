// The sync payload of modes in Lua: the vectors that the server's own tests use, and payloads that
// no server sends.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SyncState } from "../../../sdk/js/index.js";

const VECTORS = new URL("../../data/sync_vectors.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(VECTORS, "utf8"));

const bytesOf = (hex) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

/** As the vectors write it. */
function plain(state) {
    const players = [...state.players].map(([seat, row]) => [seat, Object.fromEntries(row)]);
    return { fields: Object.fromEntries(state.fields), players: Object.fromEntries(players) };
}

const wanted = ({ fields, players = {} }) => ({ fields, players });

for (const { name, schema, seatsMax = 16, steps } of cases) {
    test(`full payloads: ${name}`, () => {
        for (const { views } of steps) {
            for (const view of views) {
                const state = new SyncState(schema, seatsMax);
                state.apply(bytesOf(view.full), true);
                assert.deepEqual(plain(state), wanted(view));
            }
        }
    });

    test(`deltas on top of a full one: ${name}`, () => {
        const states = steps[0].views.map((view) => {
            const state = new SyncState(schema, seatsMax);
            state.apply(bytesOf(view.full), true);
            return state;
        });
        for (const { views } of steps.slice(1)) {
            views.forEach((view, i) => {
                states[i].apply(bytesOf(view.delta), false);
                assert.deepEqual(plain(states[i]), wanted(view));
            });
        }
    });

    test(`cut anywhere or with a byte too many, a payload changes nothing: ${name}`, () => {
        for (const { views } of steps) {
            for (const view of views) {
                const state = new SyncState(schema, seatsMax);
                state.apply(bytesOf(view.full), true);
                for (const [bytes, full] of [[bytesOf(view.full), true],
                    [bytesOf(view.delta), false]]) {
                    for (let length = 0; length < bytes.length; length++) {
                        assert.throws(() => state.apply(bytes.subarray(0, length), full),
                            { code: "bad_frame" });
                    }
                    assert.throws(() => state.apply(new Uint8Array([...bytes, 0]), full),
                        { code: "bad_frame" });
                }
                assert.deepEqual(plain(state), wanted(view));
            }
        }
    });
}

const PLAYERS = [{ name: "word", type: "string" }, { name: "n", type: "u8", per: "player" }];

test("a value for a seat where nobody sits is refused", () => {
    const state = new SyncState(PLAYERS, 32);
    assert.throws(() => state.apply(bytesOf("01000000 00 02000000 07"), true),
        { code: "bad_frame", message: /seat 1/ });
    assert.throws(() => state.apply(bytesOf("02 01000000 07"), false), { code: "bad_frame" });
    assert.equal(state.players.size, 0);
});

test("a text that is not UTF-8 is refused", () => {
    const state = new SyncState(PLAYERS, 32);
    assert.throws(() => state.apply(bytesOf("00000000 02 c328 00000000"), true),
        { code: "bad_frame", message: /UTF-8/ });
    assert.equal(state.fields.get("word"), "");
});

test("all 32 seats are read, and bits that mean nothing are ignored", () => {
    const state = new SyncState(PLAYERS, 32);
    state.apply(bytesOf("01000080 00 01000080 01 02"), true);
    assert.deepEqual([...state.players.keys()], [0, 31]);
    state.apply(bytesOf("f8"), false);
    assert.equal(state.players.get(31).get("n"), 2);
});

test("a schema of a later version is refused", () => {
    assert.throws(() => new SyncState([{ name: "when", type: "i64" }], 16),
        { code: "bad_frame", message: /when of unknown type i64/ });
    assert.throws(() => new SyncState([{ name: "x", type: "toString" }], 16), { code: "bad_frame" });
});

test("random bytes are refused or read, and never break the state", () => {
    let seed = 1;
    const next = () => (seed = (seed * 48271) % 2147483647) & 255;
    const schema = cases[2].schema;
    const state = new SyncState(schema, 32);
    for (let i = 0; i < 2000; i++) {
        const bytes = Uint8Array.from({ length: next() % 60 }, next);
        try {
            state.apply(bytes, i % 2 === 0);
        } catch (error) {
            assert.equal(error.code, "bad_frame");
        }
        assert.equal(typeof state.fields.get("phase"), "number");
        for (const seat of state.players.keys()) assert.ok(seat >= 0 && seat < 32);
    }
});
