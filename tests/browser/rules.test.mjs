// Rules from scripts in the page: chosen when a lobby is created and while it lives, their settings,
// scripts that the host brings along, votes of theirs, and what is told when one fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Between } from "../kit/between.mjs";
import { LOCKED, startServer, suite } from "../kit/harness.mjs";
import { startModServer } from "../kit/mods.mjs";
import { SCRIPT_PLUGINS, browse, configOf, openPage } from "../kit/page.mjs";
import { connectPlayer } from "../kit/players.mjs";

const musterd = await startModServer(suite, {}, {
    config: { plugins: SCRIPT_PLUGINS, lobby: { playersMin: 1 }, lua: { uploadPermissions: ["chat", "vote"] } },
    ...LOCKED,
});

async function open(t, server = musterd) {
    const between = await Between.open(t, server);
    const all = await openPage(t, between.baseUrl);
    await browse(all.page, "Ada");
    return { between, ...all };
}

const lastCall = (between, method) => between.calls.findLast((one) => one.method === method)?.params;

/** Into a lobby of one's own that waits for its host. */
async function host(page) {
    const lobbyId = await page.evaluate(async () => {
        const { client } = window.muster;
        const settings = { isPrivate: true, startWhen: "host" };
        return (await client.createLobby({ gameMode: "arena", settings })).lobby.lobbyId;
    });
    await page.waitForSelector("#lobby");
    return lobbyId;
}

async function say(page, text) {
    await page.fill("#chat-text", text);
    await page.press("#chat-text", "Enter");
}

test("rules are chosen in the create form; a chosen one shows its settings", async (t) => {
    const { between, page, faults } = await open(t);
    await page.click("#create-open");
    await page.click("#create-fields summary >> text=Rules");
    await page.waitForSelector("#create-fields .rules >> text=Who hurts a mate is hurt instead.");
    assert.equal(await page.locator("#create-fields [name=mirrorDamagePercent]").isVisible(), false);
    await page.check("#create-fields [name='rules.mirror_damage']");
    await page.fill("#create-fields [name=mirrorDamagePercent]", "70");
    await page.click("#create-form [type=submit]");
    const entered = await page.waitForFunction(() => window.muster.client.entry?.lobby.settings);
    const { rules, mirrorDamagePercent } = await entered.jsonValue();
    assert.deepEqual([rules, mirrorDamagePercent], [["mirror_damage"], 70]);
    assert.deepEqual(lastCall(between, "lobby.create").settings, { rules, mirrorDamagePercent });
    assert.deepEqual(faults, []);
});

test("the host changes rules of the lobby; others see them, a refusal is said there", async (t) => {
    const { page, faults } = await open(t);
    const lobbyId = await host(page);
    const settings = () => page.evaluate(() => window.muster.client.entry.lobby.settings);
    await page.click("#settings-fields summary >> text=Rules");
    await page.check("#settings-fields [name='rules.mirror_damage']");
    await page.fill("#settings-fields [name=mirrorDamagePercent]", "25");
    await page.locator("#settings-fields [name=mirrorDamagePercent]").blur();
    await page.waitForFunction(() =>
        window.muster.client.entry.lobby.settings.mirrorDamagePercent === 25);
    assert.deepEqual((await settings()).rules, ["mirror_damage"]);
    await page.check("#settings-fields [name='rules.no_respawn']");
    await page.waitForFunction(() => window.muster.client.entry.lobby.settings.rules.length === 2);
    await page.check("#settings-fields [name='rules.wave_respawn']");
    await page.waitForSelector(".rules .fault >> text=do not go together");
    await page.waitForSelector("#settings-fields [name='rules.wave_respawn']:not(:checked)");

    const other = await connectPlayer(t, musterd);
    await other.client.joinLobby(lobbyId);
    await page.evaluate((playerId) => window.muster.client.call("lobby.transferHost", { playerId }),
        other.playerId);
    await page.waitForSelector("#settings-list");
    await page.click("#settings-list summary >> text=Rules");
    assert.equal(await page.textContent("#settings-list [data-setting=rules]"), "Mirror damage, No respawn");
    assert.equal(await page.textContent("#settings-list [data-setting=mirrorDamagePercent]"), "25");
    await other.client.call("lobby.updateSettings", { settings: { rules: [] } });
    await page.waitForSelector("#settings-list [data-setting=mirrorDamagePercent]",
        { state: "detached" });
    assert.deepEqual(faults, []);
});

test("a server without scripts shows no rules", async (t) => {
    const { page, faults } = await open(t, await startServer(t, { config: configOf() }));
    await page.click("#create-open");
    await page.waitForSelector("#create-fields [name=killLimit]");
    assert.equal(await page.locator("#create-fields summary >> text=Rules").count(), 0);
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#game");
    await page.click("#show-lobby");
    await page.waitForSelector("#lobby");
    assert.equal(await page.locator("#rule-scripts").isVisible(), false);
    assert.deepEqual(faults, []);
});

const SCRIPT = `command.register{name = "greet", help = "says hello",
    fn = function(player) return "Hello, " .. player:name() .. "!" end}
command.register{name = "fail", help = "fails", fn = function() return nothing.at.all end}
command.register{name = "ask", help = "asks", fn = function()
    vote.start{question = "Double speed for all?", options = {"yes", "no", "maybe <b>later</b>"}, seconds = 60,
        on_end = function() end}
end}
`;

test("the host brings a rule script, mends it, and takes it back", async (t) => {
    const { between, page, faults } = await open(t);
    await host(page);
    await page.click("#rule-open");
    await page.setInputFiles("#rule-form [name=file]",
        { name: "huge.lua", mimeType: "text/plain", buffer: Buffer.alloc(65537, "-") });
    await page.waitForSelector("#rule-error >> text=65537 bytes");
    await page.setInputFiles("#rule-form [name=file]",
        { name: "My rule.lua", mimeType: "text/plain", buffer: Buffer.from("\n\noops") });
    await page.waitForFunction(() => document.querySelector("#rule-form [name=source]").value !== "");
    await page.fill("#rule-form [name=name]", "Mine!");
    await page.click("#rule-form [type=submit]");
    assert.equal(lastCall(between, "lobby.uploadRule"), undefined, "no name of a rule");
    await page.fill("#rule-form [name=name]", "my_rule");
    await page.click("#rule-form [type=submit]");
    await page.waitForSelector("#rule-error >> text=init.lua:3: ");
    const before = between.calls.length;
    const long = SCRIPT + "-- much to say\n".repeat(3000);
    await page.setInputFiles("#rule-form [name=file]",
        { name: "other.lua", mimeType: "text/plain", buffer: Buffer.from(long) });
    await page.waitForFunction((length) =>
        document.querySelector("#rule-form [name=source]").value.length === length, long.length);
    await page.click("#rule-form [type=submit]");
    await page.waitForSelector("#rule-dialog", { state: "hidden" });
    await page.waitForSelector("#rule-said");
    await page.waitForSelector("#rule-list >> text=my_rule");
    const parts = between.calls.slice(before).filter(({ method }) => method === "lobby.uploadRule");
    assert.ok(parts.length > 1);
    assert.equal(parts.map(({ params }) => params.source).join(""), long);

    await say(page, "/greet");
    await page.waitForSelector("#chat-log >> text=Hello, Ada!");
    await say(page, "/fail");
    await page.waitForSelector("#chat-log .warning >> text=upload_my_rule/init.lua:3: attempt to index");

    await page.reload();
    await page.waitForSelector("#rule-list >> text=my_rule");
    await page.click("#rule-list >> text=Remove");
    await page.waitForFunction(() => document.getElementById("rule-list").children.length === 0);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.click("#rule-open");
    assert.ok(await page.$eval("#rule-dialog", (box) => box.scrollWidth <= box.clientWidth));
    assert.deepEqual(faults, []);
});

test("a vote of a script is shown, and chat takes commands", async (t) => {
    const { between, page, faults } = await open(t);
    const lobbyId = await host(page);
    const others = [await connectPlayer(t, musterd), await connectPlayer(t, musterd)];
    for (const { client } of others) await client.joinLobby(lobbyId);
    await page.evaluate((source) =>
        window.muster.client.call("lobby.uploadRule", { name: "asks", source }), SCRIPT);
    await say(page, "/ask");
    assert.equal(lastCall(between, "lobby.chat").text, "/ask");
    await page.waitForSelector(".vote-card h3 >> text=Double speed for all?");
    await page.click(".vote-card >> text=maybe <b>later</b>");
    await page.waitForSelector(".vote-card [aria-pressed=true]");
    const { voteId, option } = lastCall(between, "lobby.castVote");
    assert.equal(option, "maybe <b>later</b>");
    await others[0].client.call("lobby.castVote", { voteId, option: "yes" });
    await page.waitForFunction(() =>
        [...document.querySelectorAll(".vote-card .count")].map((n) => n.textContent).join() === "1,0,1");
    await others[1].client.call("lobby.castVote", { voteId, option: "yes" });
    await page.waitForSelector(".vote-card >> text=Decided: yes.");
    assert.deepEqual(faults, []);
});
