// Renewal by itself: which token it asks for, and what it does when no newer one is to be had.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Renewal, renewalDelayMs } from "../../../sdk/js/renewal.js";

// A renewal's own timer keeps no process alive.
const alive = setInterval(() => {}, 1000);
after(() => clearInterval(alive));

const connection = { isOpen: true, call: async () => ({ serverTimeMs: 999_990 }) };
const session = { expiresAt: 1000 }; // ten milliseconds are left

function renewalOf(tokens) {
    const asked = [];
    let authenticated;
    const done = new Promise((resolve) => {
        authenticated = resolve;
    });
    const renewal = new Renewal({
        beforeMs: 90_000,
        random: () => 1,
        getToken: async (renew) => {
            asked.push(renew);
            return tokens.shift();
        },
        authenticate: async (token) => authenticated(token),
    });
    return { renewal, asked, done };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 30));

test("a newer token that is there already is taken, else one is asked for", async () => {
    const held = renewalOf(["newer"]);
    await held.renewal.start(connection, session, "old");
    assert.equal(await held.done, "newer");
    assert.deepEqual(held.asked, [false]);
    const asking = renewalOf(["old", "newer"]);
    await asking.renewal.start(connection, session, "old");
    assert.equal(await asking.done, "newer");
    assert.deepEqual(asking.asked, [false, true]);
});

test("without a newer one nothing is sent, nor asked for again", async () => {
    const { renewal, asked, done } = renewalOf(["old", "old"]);
    await renewal.start(connection, session, "old");
    assert.equal(await Promise.race([done, soon()]), undefined);
    assert.deepEqual(asked, [false, true]);
    renewal.stop();
});

test("what is stopped renews no more", async () => {
    const { renewal, asked } = renewalOf(["newer"]);
    await renewal.start(connection, session, "old");
    renewal.stop();
    await soon();
    assert.deepEqual(asked, []);
});

test("half of what is left, and by chance a quarter more", () => {
    assert.equal(renewalDelayMs(1000, 300, () => 0), 700);
    assert.equal(renewalDelayMs(1000, 300, () => 1), 550);
    assert.equal(renewalDelayMs(1000, 900, () => 0), 500);
    assert.equal(renewalDelayMs(1000, 900, () => 1), 250);
    assert.equal(renewalDelayMs(-5, 900, () => 0), 0);
});
