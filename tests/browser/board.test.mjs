// The board: a mode in Lua that owns everything is played in the page by what it declares alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connectPlayer } from "../kit/players.mjs";
import { SCRIPT_PLUGINS, browse, configOf, setUp } from "../kit/page.mjs";
import { PATIENCE_MS } from "../kit/harness.mjs";

const MANIFEST = { name: "Tap race", kind: "mode", maxPlayers: 4, tickRate: 20, maps: ["table"] };
const SCRIPT = `
local mode = {sync = {
    {name = "leader", type = "string"},
    {name = "over", type = "bool"},
    {name = "taps", type = "u16", per = "player"},
    {name = "place", type = "i16", per = "player"},
    {name = "secret", type = "u8", per = "player", visible = "owner"},
}}
function mode.init() return {} end
function mode.intro() return {title = "Tap race!", help = "Space taps <b>once</b>."} end
function mode.join(state, player) sync.set("secret", 7, player) end
function mode.input(state, player, held, pressed, aim, move_x, move_y)
    if pressed & 1 ~= 0 then
        sync.set("taps", sync.get("taps", player) + 1, player)
        sync.set("leader", player:name())
    end
    if move_x ~= 0 then
        sync.set("place", sync.get("place", player) + (move_x > 0 and 1 or -1), player)
    end
end
return mode
`;

async function open(t, view) {
    const config = configOf({ plugins: SCRIPT_PLUGINS, lobby: { defaults: [] } });
    const mods = { taps: { manifest: MANIFEST, files: { "init.lua": SCRIPT } } };
    const scene = await setUp(t, { config, mods, view });
    const { page } = scene;
    await browse(page, "Ada");
    await page.click("#create-open");
    await page.selectOption("#create-mode", "taps");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#mode-board");
    return scene;
}

/** What stands in a player's row: {player, taps, place, secret}. */
const rowOf = (page, name) => page.evaluate((wanted) => {
    const heads = [...document.querySelectorAll("#mode-columns th")].map((th) => th.textContent);
    const rows = [...document.querySelectorAll("#mode-rows tr")]
        .map((tr) => Object.fromEntries(heads.map((head, i) => [head, tr.cells[i].textContent])));
    return rows.find((row) => row.Player === wanted) ?? null;
}, name);

async function until(page, name, holds) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        const row = await rowOf(page, name);
        if (row && holds(row)) return row;
        assert.ok(Date.now() < deadline, `still ${JSON.stringify(row)}`);
        await page.evaluate(() => new Promise(requestAnimationFrame));
    }
}

test("a mode without an arena is shown and played by what it declares", async (t) => {
    const { server, page, wire, faults } = await open(t);
    assert.equal(await page.textContent("#mode-title"), "Tap race!");
    assert.equal(await page.textContent("#mode-help"), "Space taps <b>once</b>.");
    for (const id of ["canvas", "score-red", "vitals", "controls"]) {
        assert.equal(await page.locator(`#${id}`).isVisible(), false, id);
    }
    assert.deepEqual(await until(page, "Ada", () => true),
        { Player: "Ada", Taps: "0", Place: "0", Secret: "7" });
    const { team } = await page.evaluate(() => window.muster.client.entry);
    assert.equal(await page.textContent("#mode-team"), `You play for ${team}`);
    for (const taps of ["1", "2", "3"]) {
        await page.keyboard.press("Space");
        await until(page, "Ada", ({ Taps }) => Taps === taps);
    }
    await page.click("#mode-board", { position: { x: 20, y: 300 } });
    await until(page, "Ada", ({ Taps }) => Taps === "4");
    await page.keyboard.press("ArrowLeft");
    await until(page, "Ada", ({ Place }) => Number(Place) < 0);
    await page.keyboard.down("KeyD");
    await until(page, "Ada", ({ Place }) => Number(Place) > 2);
    await page.keyboard.up("KeyD");

    const { client } = await connectPlayer(t, server, { name: "Grace" });
    await client.joinLobby(await page.evaluate(() => window.muster.client.entry.lobby.lobbyId));
    client.sendInput({ sequence: 1, held: 1, pressed: 1, aim: 0, moveX: 0, moveY: 0 });
    const grace = await until(page, "Grace", ({ Taps }) => Taps === "1");
    assert.equal(grace.Secret, "", "what only its owner sees");
    await page.waitForSelector("#mode-fields dd >> text=Grace");

    await page.keyboard.press("Enter");
    await page.keyboard.type("no tap in a message");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#chat-log >> text=no tap in a message");
    assert.equal((await rowOf(page, "Ada")).Taps, "4");

    wire.cut();
    await page.waitForFunction(() => window.muster.client.state === "reconnecting");
    await page.waitForFunction(() => window.muster.client.state === "online");
    await page.keyboard.press("Space");
    await until(page, "Ada", ({ Taps }) => Taps === "5");
    await page.reload();
    await until(page, "Ada", ({ Taps }) => Taps === "5");
    await page.keyboard.press("Space");
    await until(page, "Ada", ({ Taps }) => Taps === "6");
    await page.click("#leave");
    await page.waitForSelector("#lobbies");
    assert.deepEqual(faults, []);
});

/** Where the buttons of the pad lie around the middle one: {Up: [0, -1], ...} */
const padSeen = (page) => page.evaluate(() => {
    const middleOf = (button) => {
        const { left, right, top, bottom } = button.getBoundingClientRect();
        return [(left + right) / 2, (top + bottom) / 2];
    };
    const [x, y] = middleOf(document.querySelector("#mode-pad [data-button]"));
    const sideOf = (button) => {
        const [atX, atY] = middleOf(button);
        return [Math.sign(Math.round(atX - x)), Math.sign(Math.round(atY - y))];
    };
    return Object.fromEntries([...document.querySelectorAll("#mode-pad [data-move]")]
        .map((button) => [button.ariaLabel, sideOf(button)]));
});

test("a thumb plays it on a phone", async (t) => {
    const view = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    const { page, faults } = await open(t, view);
    assert.deepEqual(await padSeen(page), { Up: [0, -1], Left: [-1, 0], Right: [1, 0], Down: [0, 1] });
    await page.tap("#mode-pad [data-button='1']");
    await until(page, "Ada", ({ Taps }) => Taps === "1");
    await page.tap("#mode-pad [aria-label=Right]");
    await until(page, "Ada", ({ Place }) => Number(Place) > 0);
    const overflow = await page.evaluate(() =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, "the page is wider than the screen");
    assert.deepEqual(faults, []);
});

test("a game of turns: cells to press, and what the mode says", async (t) => {
    const config = configOf({ plugins: SCRIPT_PLUGINS, lobby: { defaults: ["rounds=1", "turnSeconds=600"] } });
    const { server, page, faults } = await setUp(t, { config, mods: {} });
    await browse(page, "Ada");
    await page.click("#create-open");
    await page.selectOption("#create-mode", "tic_tac_toe");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#lobby");
    assert.equal(await page.textContent("#undecided-title"), "Players");
    assert.equal(await page.isVisible("#lobby-teams"), false, "nobody chooses a team");
    const { client: bob } = await connectPlayer(t, server, { name: "Bob" });
    await bob.joinLobby(await page.evaluate(() => window.muster.client.entry.lobby.lobbyId));
    await until(page, "Ada", ({ Turn }) => Turn === "yes");
    assert.equal(await page.isVisible("#mode-team"), false);
    for (const column of [0, 1]) {
        await page.click(`[aria-label="Row 1, column ${column + 1}: free"]`);
        await until(page, "Bob", ({ Turn }) => Turn === "yes");
        if (column === 0) {
            await page.click('[aria-label="Row 3, column 3: free"]');
            await page.waitForSelector("#mode-said >> text=It is not your turn.");
        }
        bob.sendMessage(Uint8Array.of(column, 1));
        await until(page, "Ada", ({ Turn }) => Turn === "yes");
    }
    await page.focus('[aria-label="Row 1, column 3: free"]');
    await page.keyboard.press("Enter");
    await page.waitForSelector("#mode-said >> text=Ada wins the round");
    await page.waitForFunction(() =>
        [...document.querySelectorAll(".grid-row")].map((row) => row.textContent).join("/") === "xxx/oo/");
    await page.waitForSelector("#board-title >> text=Ada wins");
    assert.deepEqual(await page.locator("#board-tables tbody tr").evaluateAll((rows) =>
        rows.map(({ cells }) => [...cells].slice(0, -1).map(({ textContent }) => textContent))),
    [["Ada", "1", "1", "0", "2"], ["Bob", "2", "0", "0", "0"]]);
    assert.deepEqual(faults, []);
});
