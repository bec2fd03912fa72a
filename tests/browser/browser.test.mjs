// The browser client in a real Chromium against a real server: a guest plays, drops, comes back,
// sees the end and votes; an account makes a lobby with settings of its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, inMatch, playAsGuest, setUp, walksSomewhere } from "../kit/page.mjs";

/** Standing still, prediction and server must agree to the unit. */
async function predictionAgrees(page) {
    await page.waitForFunction(() => {
        const { game, world } = window.muster;
        const own = world.avatars.get(game.seat);
        return own?.alive && game.own?.x === own.x && game.own?.y === own.y;
    });
}

async function everyoneHasAName(page) {
    await page.waitForFunction(() => {
        const { game, world } = window.muster;
        return [...world.avatars.keys()].every((seat) => !/^Seat /.test(game.nameOf(seat)));
    });
}

async function chatWorks(page) {
    await page.click("#canvas", { position: { x: 640, y: 200 } });
    await page.keyboard.press("Enter");
    await page.keyboard.type("well met <b>all</b>");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#chat-log >> text=well met <b>all</b>");
}

async function scoreboardShows(page) {
    await page.keyboard.down("Tab");
    await page.waitForSelector("#scoreboard td >> text=Ada");
    assert.equal(await page.locator("#scoreboard tbody tr").count(), 8);
    await page.keyboard.up("Tab");
    await page.waitForSelector("#scoreboard", { state: "hidden" });
}

async function dropAndResume(page, wire) {
    const seat = await page.evaluate(() => {
        window.notReloaded = true;
        window.states = [];
        window.muster.client.on("state", ({ state }) => window.states.push(state));
        return window.muster.game.seat;
    });
    wire.cut();
    await page.waitForFunction(() => window.states.at(-1) === "online");
    assert.deepEqual(await page.evaluate(() => window.states), ["reconnecting", "online"]);
    const tick = await page.evaluate(() => window.muster.world.tick);
    await page.waitForFunction((before) => window.muster.world.tick > before + 5, tick);
    assert.equal(await page.evaluate(() => window.muster.game.seat), seat);
    assert.equal(await page.evaluate(() => window.notReloaded), true);
    await page.waitForSelector("#banner", { state: "hidden" });
}

test("a guest plays, writes, looks at the score, and comes back after a drop", async (t) => {
    const { page, wire, faults } = await setUp(t);
    await playAsGuest(page, "Ada");
    await page.waitForFunction(() => window.muster.world.avatars.size === 8);
    assert.ok(await walksSomewhere(page), "no key moved the avatar");
    await predictionAgrees(page);
    await everyoneHasAName(page);
    await chatWorks(page);
    await scoreboardShows(page);
    await dropAndResume(page, wire);
    assert.ok(await walksSomewhere(page), "no key moved the avatar after coming back");
    assert.deepEqual(faults, []);
});

test("a match ends, and a vote begins the next", async (t) => {
    const defaults = ["botFill=8", "killLimit=0", "timeLimit=5"];
    const config = configOf({ lobby: { scoreboardMs: 8000, defaults } });
    const { page, faults } = await setUp(t, { config });
    await playAsGuest(page, "Ada");
    const before = await page.evaluate(() => window.muster.client.entry.match.matchId);
    await page.waitForSelector("#vote");
    assert.match(await page.textContent("#board-title"), /^(Red|Blue) wins$|^Draw$/);
    // On a machine that is busy it may have stood still, and says so behind that.
    assert.match(await page.textContent("#board-text"), /^time is up, 0:0\d played(\. The server stood still|$)/);
    assert.equal(await page.locator("#scoreboard tbody tr.own").count(), 1);
    assert.match(await page.textContent("#vote-left"), /^\d+ s left$/);
    const again = page.evaluate(() =>
        new Promise((resolve) => window.muster.client.on("match.started", (m) => resolve(m.matchId))));
    await page.click("#vote-yes");
    await page.waitForFunction(() =>
        /yes/.test(document.getElementById("vote-tally").textContent));
    assert.notEqual(await again, before);
    await page.waitForSelector("#scoreboard", { state: "hidden" });
    await inMatch(page);
    assert.deepEqual(faults, []);
});

test("an account makes a lobby with settings, finds its seat after a reload, leaves", async (t) => {
    const { page, faults } = await setUp(t);
    await page.click("#tab-register");
    await page.fill("#register-form [name=username]", "grace");
    await page.fill("#register-form [name=password]", "a long enough phrase");
    await page.click("#register-form [type=submit]");
    await page.waitForSelector("#lobby-empty");

    await page.click("#create-open");
    await page.fill("#create-fields [name=killLimit]", "77");
    await page.click("#create-form [type=submit]");
    await inMatch(page);
    assert.equal(await page.textContent("#goal"), "first to 77");
    const lobbyId = await page.evaluate(() => window.muster.client.entry.lobby.lobbyId);

    await page.reload();
    await inMatch(page);
    assert.equal(await page.evaluate(() => window.muster.client.entry.lobby.lobbyId), lobbyId);
    assert.ok(await walksSomewhere(page), "no key moved the avatar after a reload");

    await page.click("#leave");
    await page.waitForSelector("#lobbies");
    await page.click("#log-out");
    await page.fill("#login-form [name=username]", "grace");
    await page.fill("#login-form [name=password]", "not that one at all");
    await page.click("#login-form [type=submit]");
    await page.waitForFunction(() => document.getElementById("login-error").textContent !== "");
    await page.fill("#login-form [name=password]", "a long enough phrase");
    await page.click("#login-form [type=submit]");
    await page.waitForSelector("#lobbies");
    assert.deepEqual(faults, []);
});
