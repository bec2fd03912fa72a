// The modes that come with muster, in the page: each is chosen in the create form, played by bots,
// and shows what it is about.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../kit/harness.mjs";
import {
    SCRIPT_PLUGINS, browse, configOf, inMatch, look, objectiveLines, objectivesSeen, setUp,
} from "../kit/page.mjs";

const SEAT_NONE = 255;
const SPOT = 256; // units
const VIEW = { viewport: { width: 900, height: 900 } }; // from a base to the middle of the map

/** A match of this mode with seven bots, the mode's own settings left as they are but for some. */
async function play(t, gameMode, settings = {}) {
    const config = configOf({
        plugins: SCRIPT_PLUGINS,
        lobby: { defaults: ["botFill=8"] },
    });
    const { page, faults } = await setUp(t, { config, view: VIEW });
    await browse(page, "Ada");
    await page.click("#create-open");
    await page.selectOption("#create-mode", gameMode);
    for (const [key, value] of Object.entries(settings)) {
        await page.click(`#create-fields details:has([name=${key}]) > summary`);
        await page.fill(`#create-fields [name=${key}]`, value);
    }
    await page.click("#create-form [type=submit]");
    await inMatch(page);
    assert.equal(await page.evaluate(() => window.muster.client.entry.lobby.gameMode), gameMode);
    assert.equal(await page.textContent("#goal"), "", "a number of kills is no goal here");
    return { page, faults };
}

/** When the HUD says such a line: bots decide when, and the machine how fast they do. */
const hudSays = (page, pattern) => page.waitForFunction((source) =>
    [...document.querySelectorAll("#objectives:not([hidden]) li")].some((line) =>
        new RegExp(source).test(line.textContent)), pattern.source, { timeout: 90000 });

/** When such a line came into the chat. */
const chatSays = (page, pattern) => page.waitForFunction((source) =>
    [...document.querySelectorAll("#chat-log li")].some((line) =>
        new RegExp(source).test(line.textContent)), pattern.source);

/** How many play for each team, in the snapshots. */
const teamSizes = (page) => page.evaluate(() => {
    const sizes = { red: 0, blue: 0 };
    for (const { team } of window.muster.world.avatars.values()) sizes[["", "red", "blue"][team]]++;
    return sizes;
});

/**
 * How much of its team's colour a zone's ring has on the side in view. Walls hide parts of it, and
 * somebody may stand on it: so what the second best of five spots has.
 */
async function ringInView(page, zoneId) {
    const { spots, colour } = await page.evaluate((id) => {
        const { game, world } = window.muster;
        const { x, y, radius, team } = world.zones.get(id);
        const angle = Math.atan2(game.own.y - y, game.own.x - x);
        return {
            colour: ["", "red", "blue"][team],
            spots: [-0.6, -0.3, 0, 0.3, 0.6].map((turn) =>
                [x + Math.cos(angle + turn) * radius, y + Math.sin(angle + turn) * radius]),
        };
    }, zoneId);
    if (!colour) return 0;
    const sums = await Promise.all(spots.map(([x, y]) => look(page, x, y, SPOT)));
    return sums.map((sum) => sum[colour]).sort((a, b) => b - a)[1];
}

test("King of the Hill: the hill is shown, and who holds it", async (t) => {
    const { page, faults } = await play(t, "king_of_the_hill", { hillRadius: "5" });
    const { zones, items } = await objectivesSeen(page);
    assert.deepEqual(zones.map(({ id, label }) => ({ id, label })), [{ id: 1, label: "Hill" }]);
    assert.deepEqual(items, []);
    const [line, ...others] = await objectiveLines(page);
    assert.match(line, /^Hill: (nobody's|red|blue), \d+ %$/);
    assert.deepEqual(others, []);
    await hudSays(page, /^Hill: (red|blue), [1-9]\d* %$/);
    await eventually("the hill in its holder's colour", async () => await ringInView(page, 1) > 20);
    await chatSays(page, /^(Red|Blue) holds the hill$/);
    await page.waitForFunction(() => ["red", "blue"].some((team) =>
        Number(document.getElementById(`score-${team}`).textContent) > 0));
    assert.deepEqual(faults, []);
});

test("Capture the Flag: two bases, two flags, and who carries one", async (t) => {
    const { page, faults } = await play(t, "capture_the_flag");
    const { zones, items } = await objectivesSeen(page);
    assert.deepEqual(zones, [
        { id: 1, label: "Base", team: 1, progress: 100 },
        { id: 2, label: "Base", team: 2, progress: 100 },
    ]);
    assert.deepEqual(items.map(({ id, kind, team }) => ({ id, kind, team })), [
        { id: 1, kind: "flag", team: 1 }, { id: 2, kind: "flag", team: 2 },
    ]);
    assert.deepEqual((await objectiveLines(page)).slice(0, 2),
        ["Base: red, 100 %", "Base: blue, 100 %"]);
    await Promise.all([
        hudSays(page, /^(You have|\S+ has) the (red|blue) flag$/),
        page.waitForFunction((none) =>
            JSON.parse(document.getElementById("canvas").dataset.objectives).items
                .some(({ carrier, atHome }) => carrier !== none && !atHome), SEAT_NONE),
        chatSays(page, /^\S+ has the (red|blue) flag$/),
    ]);
    assert.deepEqual(faults, []);
});

test("Gun Game: the own level and its weapon are shown, and bots rise", async (t) => {
    const { page, faults } = await play(t, "gun_game");
    await hudSays(page, /^Level 1$/);
    assert.deepEqual(await objectiveLines(page), ["Level 1"]);
    assert.equal(await objectivesSeen(page), null);
    const own = () => page.evaluate(() =>
        window.muster.world.avatars.get(window.muster.game.seat).weapons);
    const weapons = await own();
    assert.equal(await page.isVisible("#weapon-rifle"), (weapons & 1) !== 0);
    assert.equal(await page.isVisible("#weapon-launcher"), (weapons & 2) !== 0);
    await page.waitForFunction(() =>
        [...window.muster.world.avatars.values()].some(({ level }) => level > 1));
    assert.deepEqual(faults, []);
});

test("Infection: the outbreak is told, teams change, the shelter is shown", async (t) => {
    const { page, faults } = await play(t, "infection");
    assert.equal(await objectivesSeen(page), null, "no shelter before the outbreak");
    await eventually("equal teams", async () => {
        const { red, blue } = await teamSizes(page);
        return red === 4 && blue === 4;
    });
    await Promise.all([
        hudSays(page, /^Shelter: red, \d+ %$/),
        page.waitForFunction(() => {
            const { zones } = JSON.parse(
                document.getElementById("canvas").dataset.objectives || '{"zones":[]}');
            return zones.some(({ label, team }) => label === "Shelter" && team === 1);
        }),
        chatSays(page, /^The infection breaks out: 2 infected$/),
        eventually("two hunt six", async () => {
            const { red, blue } = await teamSizes(page);
            return red === 6 && blue === 2;
        }),
    ]);
    assert.deepEqual(faults, []);
});
