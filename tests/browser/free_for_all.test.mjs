// A match without teams in the page: oneself against all others, and who has won at the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browse, configOf, inMatch, setUp } from "../kit/page.mjs";

test("free for all: one against all, and one table of places at the end", async (t) => {
    const defaults = ["botFill=6", "botSkill=hard", "killLimit=2", "spawnProtectionMs=0", "respawnMs=0"];
    const { page, faults } = await setUp(t, { config: configOf({ lobby: { playersMin: 1, defaults } }) });
    await browse(page, "Ada");
    await page.click("#create-open");
    await page.selectOption("#create-mode", "free_for_all");
    await page.click("#create-form [type=submit]");
    await inMatch(page);
    assert.equal(await page.locator("#score-blue").isVisible(), false, "there is no other team");
    const teams = await page.evaluate(() =>
        [...window.muster.world.avatars.values()].map(({ team }) => team));
    assert.ok(teams.length > 1 && teams.every((team) => team === 0), String(teams));
    await page.waitForSelector("#scoreboard:visible", { timeout: 60000 });
    assert.match(await page.textContent("#board-title"), /^\S.* wins$/);
    assert.equal(await page.locator("#board-tables table").count(), 1);
    const places = await page.locator("#board-tables tbody tr").count();
    assert.equal(places, teams.length, "everybody has a line");
    assert.deepEqual(faults, []);
});
