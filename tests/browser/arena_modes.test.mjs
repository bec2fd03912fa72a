// The modes in Lua on the arena, in a real browser on a real server: chosen in the form, with what
// they are about on canvas and HUD.
//
// MUSTER_SCREENSHOTS names a folder for a picture of each.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { eventually, startServer } from "../e2e/harness.mjs";
import { MOD_PLUGINS } from "../e2e/mods.mjs";
import { inMatch, openBrowser, watchFaults } from "./page.mjs";

const PICTURES = process.env.MUSTER_SCREENSHOTS;

let server;
before(async () => {
    server = await startServer(undefined, {
        config: {
            plugins: [...MOD_PLUGINS, "service_web"],
            lobby: { playersMin: 1, countdownMs: 100, scoreboardMs: 15000, defaults: ["botFill=8"] },
        },
    });
});
after(() => server.stop());

/** A page in a match of the mode. */
async function play(t, title) {
    const browser = await openBrowser(t);
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    const faults = watchFaults(page);
    await page.goto(server.httpUrl);
    await page.click("#browse");
    await page.click("#create-open");
    await page.selectOption("#create-mode", { label: title });
    await page.click("#create-form [type=submit]");
    await inMatch(page);
    return { page, faults };
}

/** The canvas has drawn objectives that fit. */
const draws = (page, fits) => eventually(`${fits}`, async () => {
    const text = await page.getAttribute("#canvas", "data-objectives");
    return text && fits(JSON.parse(text));
});

/** A line of the HUD. */
const shows = (page, pattern) => page.waitForFunction(
    (source) => [...document.querySelectorAll("#objectives li")].some(
        ({ textContent, parentNode }) => !parentNode.hidden && new RegExp(source).test(textContent)),
    pattern.source);

const says = (page, text) => page.waitForSelector(`#chat-log >> text=/${text}/`, { state: "attached" });

async function done({ page, faults }, name) {
    if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
    assert.deepEqual(faults, []);
}

test("king of the hill: the hill, in the colour of who holds it", async (t) => {
    const game = await play(t, "King of the Hill");
    await draws(game.page, ({ zones }) => zones.length === 1 && zones[0].label === "Hill");
    await shows(game.page, /^Hill/);
    await draws(game.page, ({ zones }) => zones[0].team > 0 && zones[0].progress > 0);
    await shows(game.page, /^Hill: (red|blue), \d+ %$/);
    await says(game.page, "holds the hill");
    await done(game, "king_of_the_hill");
});

test("gun game: the level", async (t) => {
    const game = await play(t, "Gun Game");
    await shows(game.page, /^Level 1$/);
    await game.page.waitForFunction(() =>
        [...window.muster.world.avatars.values()].some(({ level }) => level > 1));
    await done(game, "gun_game");
});

test("infection: the shelter, and who is what", async (t) => {
    const game = await play(t, "Infection");
    await says(game.page, "The infection breaks out");
    await draws(game.page, ({ zones }) => zones.length === 1 && zones[0].label === "Shelter");
    await shows(game.page, /^Shelter: red, \d+ %$/);
    await game.page.waitForFunction(() => {
        const teams = [...window.muster.world.avatars.values()].map(({ team }) => team);
        return teams.filter((team) => team === 1).length > teams.filter((team) => team === 2).length;
    });
    await done(game, "infection");
});

test("capture the flag: bases and flags, and who has one", async (t) => {
    const game = await play(t, "Capture the Flag");
    await draws(game.page, ({ zones, items }) => zones.length === 2 && items.length === 2 &&
        items.every(({ kind }) => kind === "flag"));
    await shows(game.page, /^Base: red/);
    await shows(game.page, /has the (red|blue) flag$/);
    await says(game.page, "has the (red|blue) flag");
    await done(game, "capture_the_flag");
});
