// What lasts and what must not: a list under the pointer, a line that was refused, the picture after
// a drop, and nothing of one mode in the next.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connectPlayer } from "../kit/players.mjs";
import { SCRIPT_PLUGINS, configOf, setUp, toastSays } from "../kit/page.mjs";

const END_TICK = 60;
const LEVELS = `
local mode = {}
function mode.init() return {} end
function mode.join(state, player) arena.loadout(player, {level = 1}) end
function mode.tick() if match.tick() == ${END_TICK} then match.finish("red") end end
return mode
`;
const TAPS = `
local mode = {sync = {{name = "taps", type = "u16", per = "player"}}}
function mode.init() return {} end
return mode
`;
const MODS = {
    levels: {
        manifest: { kind: "mode", base: "arena", permissions: ["chat"] },
        files: { "init.lua": LEVELS },
    },
    taps: {
        manifest: { kind: "mode", maxPlayers: 4, tickRate: 20, maps: ["table"] },
        files: { "init.lua": TAPS },
    },
};

async function open(t) {
    const config = configOf({ plugins: SCRIPT_PLUGINS, lobby: { defaults: [], chatPerFiveSeconds: 1 } });
    const scene = await setUp(t, { config, mods: MODS });
    await scene.page.click("#browse");
    await scene.page.waitForSelector("#lobby-empty");
    return scene;
}

/** Pages of two, and a count of the answers. */
const askForTwo = (page) => page.evaluate(() => {
    const { client } = window.muster;
    const list = client.listLobbies.bind(client);
    window.answers = 0;
    client.listLobbies = async (filter) => {
        const answer = await list({ ...filter, limit: 2 });
        setTimeout(() => window.answers++); // when it is shown
        return answer;
    };
});

/** The list is read anew; resolves when that is shown. */
const readAnew = (page, answers) => page.evaluate(async (wanted) => {
    const until = window.answers + wanted;
    document.dispatchEvent(new Event("visibilitychange"));
    while (window.answers < until) await new Promise(requestAnimationFrame);
}, answers);

const rowCount = (page, count) => page.waitForFunction((wanted) =>
    document.querySelectorAll("#lobby-list li").length === wanted, count);

async function create(page, gameMode) {
    await page.click("#create-open");
    await page.selectOption("#create-mode", gameMode);
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#game");
}

async function lineIsKept(page, line, why) {
    await page.fill("#chat-text", line);
    await page.press("#chat-text", "Enter");
    await page.waitForFunction((source) =>
        new RegExp(source).test(document.getElementById("chat-said").textContent), why.source);
    assert.equal(await page.inputValue("#chat-text"), line);
}

async function comeBack(page, wire) {
    const back = page.evaluate(() => new Promise((resolve) => {
        window.muster.client.on("state", ({ state }) => {
            if (state === "online") resolve();
        });
    }));
    wire.cut();
    await back;
}

test("rows stay under the pointer, lines until they are taken; the host and the operator are heard", async (t) => {
    const { server, wire, page, faults } = await open(t);
    await askForTwo(page);
    const hosts = [];
    for (const name of ["One", "Two", "Three"]) {
        const { client } = await connectPlayer(t, server, { name });
        await client.createLobby({ gameMode: "arena", settings: { startWhen: "host" } });
        hosts.push(client);
    }
    await readAnew(page, 1);
    await rowCount(page, 2);
    await page.click("#lobby-more");
    await rowCount(page, 3);
    await page.evaluate(() => {
        window.rows = [...document.querySelectorAll("#lobby-list li")];
    });
    const join = await page.locator("#lobby-list li >> text=Join").last().boundingBox();
    await page.mouse.move(join.x + 5, join.y + 5);
    await page.mouse.down();
    await readAnew(page, 2);
    assert.equal(await page.evaluate(() => window.rows.every((row, i) =>
        row === document.querySelectorAll("#lobby-list li")[i])), true, "rows were replaced");
    await page.mouse.up();
    await page.waitForSelector("#lobby");

    await lineIsKept(page, "ä".repeat(151), /302 bytes/);
    await page.fill("#chat-text", "one");
    await page.press("#chat-text", "Enter");
    await page.waitForSelector("#chat-log >> text=one");
    assert.equal(await page.inputValue("#chat-text"), "");
    await lineIsKept(page, "two", /^Not sent\. /);
    wire.far = 1; // nobody listens there
    wire.cut();
    await page.waitForFunction(() => window.muster.client.state === "reconnecting");
    await lineIsKept(page, "three", /Not connected/);

    wire.far = server.port;
    await page.evaluate(() => window.muster.client.retryNow());
    await page.waitForFunction(() => window.muster.client.state === "online");
    assert.equal(await page.inputValue("#chat-text"), "three");
    const { lobbyId, playerId } = await page.evaluate(() => ({
        lobbyId: window.muster.client.entry.lobby.lobbyId,
        playerId: window.muster.client.session.playerId,
    }));
    const host = hosts.find(({ entry }) => entry.lobby.lobbyId === lobbyId);
    await host.lobby.kick(playerId, "mind your words");
    await toastSays(page, "You were removed from the lobby: mind your words.");
    await rowCount(page, 2);

    await server.admin("say the server rests at ten"); // in no lobby, and told all the same
    await page.waitForSelector("#announcement >> text=the server rests at ten");
    await page.click("#announcement-close");
    await page.waitForSelector("#announcement", { state: "hidden" });
    assert.deepEqual(faults, []);
});

/** Is an effect that is over still kept after a snapshot, when no frame is drawn (a hidden tab)? */
const effectOutlivesFrames = (page) => page.evaluate(() => new Promise((resolve) => {
    const { client, game } = window.muster;
    const frame = window.requestAnimationFrame;
    window.requestAnimationFrame = () => 0;
    frame(() => {
        game.effects.push({ type: "shot", at: 0 });
        client.once("snapshot").then(() => {
            window.requestAnimationFrame = frame;
            resolve(game.effects.some(({ at }) => at === 0));
        });
    });
}));

test("a drop while the result is shown loses nothing; the next mode inherits nothing", async (t) => {
    const { wire, page, faults } = await open(t);
    await create(page, "levels");
    await page.waitForSelector("#objectives >> text=Level 1");
    assert.equal(await effectOutlivesFrames(page), false);
    await page.waitForSelector("#vote");
    const tick = await page.evaluate(() => window.muster.world.tick);
    await comeBack(page, wire);
    assert.deepEqual(await page.evaluate(() => ({
        tick: window.muster.world.tick, avatars: window.muster.world.avatars.size,
        elapsedMs: window.muster.game.elapsedMs,
    })), { tick, avatars: 1, elapsedMs: tick * 50 });

    await page.reload();
    await page.waitForSelector("#scoreboard >> text=Red wins");
    assert.equal(await page.textContent("#clock"), "9:57");
    await page.evaluate(() => document.getElementById("leave").click());
    await create(page, "taps");
    await page.waitForSelector("#mode-rows td");
    assert.equal(await page.isVisible("#objectives"), false);
    assert.equal(await page.textContent("#clock"), "");
    assert.equal(await page.isVisible("#scoreboard"), false);
    assert.deepEqual(faults, []);
});
