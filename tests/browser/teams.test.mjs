// A mode with teams of its own in the page: each has its column, its colour and its table, for more
// people than a screen holds, and on a phone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../kit/harness.mjs";
import { SCRIPT_PLUGINS, browse, configOf, setUp } from "../kit/page.mjs";
import { connectPlayer } from "../kit/players.mjs";

const PEOPLE = 24;
const PHONE = { width: 360, height: 740 };
const TEAMS = ["green", "wolves_of_the_far_north", "lone_wolf", "red"];
const COLOURS = ["green", "blue", "yellow", "red"]; // those named for one have it, the others the next free
const TITLES = ["Green", "Wolves of the far north", "Lone wolf", "Red"];
const MANIFEST = {
    name: "Gems", kind: "mode", peopleMax: 128, maxPlayers: 100, minPlayers: 2,
    teams: ["green", "wolves_of_the_far_north", { name: "lone_wolf", maxPlayers: 1 }, "red"],
    stats: ["gems"], victories: [], tickRate: 10, snapshotMaxBytes: 256,
};
const SCRIPT = `
local mode = {sync = {{name = "gems", type = "u8", per = "player"}}}
function mode.init() return {} end
function mode.message(state, player, message)
    player:add_stat("gems", #message)
    sync.set("gems", player:stat("gems"), player)
    match.add_score(player:team(), #message)
    if player:stat("gems") >= 5 then match.finish(player:team(), "all_gems") end
end
return mode
`;

async function openLobby(t) {
    const config = configOf({ plugins: SCRIPT_PLUGINS, lobby: { defaults: ["startWhen=host", "teamBalance=false"] } });
    const scene = await setUp(t, { config, mods: { gems: { manifest: MANIFEST, files: { "init.lua": SCRIPT } } } });
    const { page, server } = scene;
    await browse(page, "Ada");
    await page.click("#create-open");
    await page.selectOption("#create-mode", "gems");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#lobby");
    const lobbyId = await page.evaluate(() => window.muster.client.entry.lobby.lobbyId);
    const others = await Promise.all(Array.from({ length: PEOPLE - 1 }, async () => {
        const { client } = await connectPlayer(t, server);
        await client.joinLobby(lobbyId);
        return client;
    }));
    return { ...scene, others };
}

const membersOf = (page, list) => page.locator(`#${list} .member`).count();
const membersAre = (page, list, count) => page.waitForFunction(([id, wanted]) =>
    document.querySelectorAll(`#${id} .member`).length === wanted, [list, count]);

/** What is wider than the screen, or cannot be scrolled to. */
const outOfReach = (page, panel) => page.evaluate((id) => {
    const box = document.getElementById(id);
    const found = [];
    for (const element of [document.documentElement, box]) {
        if (element.scrollWidth > element.clientWidth) found.push(`${element.id || "the page"} is too wide`);
    }
    for (const element of box.querySelectorAll("button, li, tr, caption")) {
        if (!element.checkVisibility()) continue;
        element.scrollIntoView({ block: "nearest" });
        const { top, bottom, left, right } = element.getBoundingClientRect();
        if (top < -1 || bottom > innerHeight + 1 || left < -1 || right > innerWidth + 1) {
            found.push(element.id || element.textContent);
        }
    }
    box.scrollTo(0, 0);
    return found;
}, panel);

const tablesSeen = (page) => page.evaluate(() =>
    [...document.querySelectorAll("#board-tables table")].map((table) => {
        const caption = table.querySelector("caption");
        return [caption.textContent, caption.className, table.tBodies[0].rows.length];
    }));

test("four teams of a mode: chosen, seen, played and told who has won", async (t) => {
    const { page, others, faults } = await openLobby(t);
    await membersAre(page, "team-none", PEOPLE);
    assert.equal(await page.textContent("#undecided-title"), "No team yet");
    const heads = await page.locator("#lobby-teams h3").evaluateAll((all) =>
        all.map(({ textContent, className }) => [textContent, className]));
    assert.deepEqual(heads, TITLES.map((title, i) => [title, COLOURS[i]]));

    await page.click("#join-wolves_of_the_far_north");
    await membersAre(page, "team-wolves_of_the_far_north", 1);
    assert.equal(await page.isVisible("#join-wolves_of_the_far_north"), false, "one is there");
    assert.equal(await page.textContent("#join-lone_wolf"), "Join lone wolf");
    const loner = others[0].session.playerId;
    await page.click(`.member[data-player="${loner}"] .more`);
    assert.deepEqual(await page.locator("#member-team button").allTextContents(),
        ["To team green", "To team wolves of the far north", "To team lone wolf", "To team red"]);
    await page.click("#member-team >> text=To team lone wolf");
    await membersAre(page, "team-lone_wolf", 1);
    await page.click("#join-lone_wolf");
    await page.waitForSelector("#toasts p"); // it is full
    assert.equal(await membersOf(page, "team-wolves_of_the_far_north"), 1);
    const open = TEAMS.filter((team) => team !== "lone_wolf");
    await Promise.all(others.slice(1).map((client, i) => client.setTeam(open[i % 3])));
    await page.waitForSelector("#undecided", { state: "hidden" });
    const sizes = [8, 8, 1, 7];
    for (const [i, team] of TEAMS.entries()) assert.equal(await membersOf(page, `team-${team}`), sizes[i]);

    await page.setViewportSize(PHONE);
    assert.deepEqual(await outOfReach(page, "lobby"), []);
    await page.click("#lobby-start");
    await page.waitForSelector("#mode-board");
    await page.waitForSelector("#mode-team >> text=You play for wolves of the far north");
    await page.waitForFunction((count) =>
        document.querySelectorAll("#mode-rows tr").length === count, PEOPLE);
    others[0].chat("howls");
    const line = page.locator("#chat-log li", { hasText: "howls" });
    assert.equal(await line.locator("b").getAttribute("class"), "yellow");
    others[0].sendMessage(new Uint8Array(2));
    await page.click("#show-score");
    await eventually("what the lone wolf has found", async () =>
        (await tablesSeen(page)).some(([caption]) => caption === "Lone wolf  2"));
    const scores = [0, 0, 2, 0];
    assert.deepEqual(await tablesSeen(page),
        TITLES.map((title, i) => [`${title}  ${scores[i]}`, COLOURS[i], sizes[i]]));
    assert.deepEqual(await page.locator("#board-tables table:first-child th").allTextContents(),
        ["Player", "Gems", "Score", "Ping"]);
    assert.deepEqual(await outOfReach(page, "scoreboard"), []);

    others[0].sendMessage(new Uint8Array(3));
    await page.waitForSelector("#board-title >> text=Lone wolf wins");
    assert.equal(await page.getAttribute("#board-title", "class"), "title-yellow");
    assert.match(await page.textContent("#board-text"), /^all gems, /);
    assert.deepEqual((await tablesSeen(page)).map(([caption, colour]) => [caption, colour]), [
        ["1. Lone wolf  5", "yellow"], ["2. Green  0", "green"],
        ["2. Wolves of the far north  0", "blue"], ["2. Red  0", "red"],
    ]);
    assert.deepEqual(await outOfReach(page, "scoreboard"), []);
    assert.deepEqual(faults, []);
});
