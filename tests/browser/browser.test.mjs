// The browser client in a real Chromium against a real server: a guest plays, drops, comes back,
// sees the end and votes; an account makes a lobby with settings of its own.
//
// Environment: MUSTERD names the server's binary, CHROMIUM the browser; with MUSTER_SCREENSHOT set
// a picture of the game is saved as docs/images/arena.png.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startServer } from "../e2e/harness.mjs";

const PATIENCE_MS = 30000;
const MATCH_MS = 180000;
const PICTURE = fileURLToPath(new URL("../../docs/images/arena.png", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const KEYS = [["KeyD", 1, 0], ["KeyA", -1, 0], ["KeyS", 0, 1], ["KeyW", 0, -1]];

const CONFIG = {
    lobby: {
        playersMin: 1, countdownMs: 500, scoreboardMs: 15000, restartVotesMin: 1,
        defaults: ["botFill=8", "killLimit=8"],
    },
    plugins: [
        "db_sqlite", "auth_local", "match_fill", "mode_arena", "victory_first_to_kills",
        "victory_time_limit", "victory_forfeit", "service_web",
    ],
};

/** A wire between browser and server that can be cut. */
async function startWire(t, port) {
    const pairs = new Set();
    const wire = net.createServer((near) => {
        const far = net.connect(port, "127.0.0.1");
        const pair = [near, far];
        pairs.add(pair);
        near.pipe(far).pipe(near);
        for (const socket of pair) {
            socket.on("error", () => {});
            socket.on("close", () => {
                pairs.delete(pair);
                near.destroy();
                far.destroy();
            });
        }
    });
    wire.listen(0, "127.0.0.1");
    await once(wire, "listening");
    const cut = () => {
        for (const pair of pairs) for (const socket of pair) socket.destroy();
    };
    t.after(() => {
        cut();
        wire.close();
    });
    return { url: `http://127.0.0.1:${wire.address().port}/`, cut };
}

async function openPage(t) {
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    t.after(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(PATIENCE_MS);
    const faults = [];
    page.on("pageerror", (error) => faults.push(error.stack));
    page.on("console", (message) => {
        if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    return { page, faults };
}

async function setUp(t) {
    const server = await startServer(t, { config: CONFIG });
    const wire = await startWire(t, server.port);
    const { page, faults } = await openPage(t);
    await page.goto(wire.url);
    return { page, wire, faults };
}

const inMatch = (page) => page.waitForFunction(() => window.muster.world?.tick > 5);

/** Own avatar as the server tells it. */
const ownAvatar = (page) => page.evaluate(() => {
    const { game, world } = window.muster;
    return { ...world.avatars.get(game.seat) };
});

/** Hold a key until the server has moved the avatar that way; false at a wall or when shot. */
async function walks(page, [key, dx, dy]) {
    await page.waitForFunction(() => {
        const { game, world } = window.muster;
        return world.avatars.get(game.seat)?.alive;
    });
    const from = await ownAvatar(page);
    await page.keyboard.down(key);
    try {
        await page.waitForFunction(({ x, y, dx, dy }) => {
            const { game, world } = window.muster;
            const own = world.avatars.get(game.seat);
            return own.alive && (own.x - x) * dx + (own.y - y) * dy > 100;
        }, { x: from.x, y: from.y, dx, dy }, { timeout: 3000 });
        return true;
    } catch {
        return false;
    } finally {
        await page.keyboard.up(key);
    }
}

async function walksSomewhere(page) {
    for (let i = 0; i < 12; i++) if (await walks(page, KEYS[i % KEYS.length])) return true;
    return false;
}

/** Standing still, prediction and server must agree to the unit. */
async function predictionAgrees(page) {
    await page.waitForFunction(() => {
        const { game, world } = window.muster;
        const own = world.avatars.get(game.seat);
        return own?.alive && game.own?.x === own.x && game.own?.y === own.y;
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

async function takePicture(page) {
    if (!process.env.MUSTER_SCREENSHOT) return;
    mkdirSync(fileURLToPath(new URL("../../docs/images/", import.meta.url)), { recursive: true });
    await page.waitForFunction(() => document.querySelectorAll("#feed li").length > 1 &&
        window.muster.game.own && window.muster.game.effects.some((e) => e.type === "shot"));
    await page.screenshot({ path: PICTURE });
}

test("a guest plays a match to its end, through a dropped connection, and votes", async (t) => {
    const { page, wire, faults } = await setUp(t);
    await page.fill("#play-form [name=displayName]", "Ada");
    await page.click("#play-now");
    await inMatch(page);
    await page.waitForFunction(() => window.muster.world.avatars.size === 8);
    assert.ok(await walksSomewhere(page), "no key moved the avatar");
    await predictionAgrees(page);
    await chatWorks(page);
    await scoreboardShows(page);
    await takePicture(page);
    await dropAndResume(page, wire);
    assert.ok(await walksSomewhere(page), "no key moved the avatar after coming back");

    await page.waitForSelector("#vote", { timeout: MATCH_MS });
    assert.match(await page.textContent("#board-title"), /^(Red|Blue) wins$|^Draw$/);
    assert.equal(await page.locator("#scoreboard tbody tr.own").count(), 1);
    assert.match(await page.textContent("#vote-left"), /^\d+ s left$/);
    const again = page.evaluate(() =>
        new Promise((resolve) => window.muster.client.on("match.started", (m) => resolve(m.matchId))));
    const before = await page.evaluate(() => window.muster.client.entry.match.matchId);
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
