// Connect Four in the page: two people play a board to its end, by clicks and by keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_PLUGINS, browse, configOf, openPage, setUp } from "../kit/page.mjs";

const onTheMove = (page) => page.waitForFunction(() =>
    document.querySelector(".four-standing")?.textContent.startsWith("Your turn"));
const textOf = (page, id) => page.textContent(`#${id}`);

test("connect four: two pages, a win, and who has won at the end", async (t) => {
    const config = configOf({ plugins: [...PAGE_PLUGINS, "mode_connect_four"], lobby: { defaults: ["turnSeconds=600"] } });
    const { wire, page: ada, faults } = await setUp(t, { config });
    const { page: bob, faults: faultsOfBob } = await openPage(t, wire.url);
    await Promise.all([browse(ada, "Ada"), browse(bob, "Bob")]);
    await ada.click("#create-open");
    await ada.selectOption("#create-mode", "connect_four");
    await ada.click("#create-form [type=submit]");
    await ada.waitForSelector("#lobby");
    assert.equal(await ada.locator("#lobby-teams").isVisible(), false, "nobody chooses a team");
    const lobbyId = await ada.evaluate(() => window.muster.client.entry.lobby.lobbyId);
    await bob.evaluate((id) => window.muster.client.joinLobby(id), lobbyId);
    await Promise.all([ada, bob].map((page) => page.waitForSelector(".four-board")));

    const firstName = (await ada.textContent(".four-name.first")).trim();
    const [first, second] = firstName === "Ada" ? [ada, bob] : [bob, ada];
    for (let move = 0; move < 3; move++) {
        await onTheMove(first);
        assert.equal(await second.locator(".four-column:enabled").count(), 0, "one waits for one's turn");
        await first.click(".four-column:nth-child(1)");
        await onTheMove(second);
        await second.keyboard.press("2");
    }
    await onTheMove(first);
    await first.click(".four-column:nth-child(1)");
    for (const page of [ada, bob]) {
        await page.waitForSelector(`.four-standing >> text=${firstName} wins`);
        assert.deepEqual(await page.locator(".cell.first, .cell.second").count(), 7);
        await page.waitForSelector("#scoreboard");
        assert.equal(await textOf(page, "board-title"), `${firstName} wins`);
        assert.match(await textOf(page, "board-text"), /^all have played/);
        assert.deepEqual(await page.locator("#board-tables tbody tr").first().locator("td").allTextContents(),
            [firstName, "1", "1", "0", "2", ""]);
        assert.deepEqual(await page.locator("#mode-rows tr").first().locator("td").allTextContents(), [firstName, "2"]);
        assert.ok(await page.locator("#mode-rows tr").first().isVisible());
    }
    assert.deepEqual([...faults, ...faultsOfBob], []);
});
