// Rules from scripts in the page: chosen when a lobby is created and while it lives, their settings,
// scripts that the host brings along, and what is told when one fails. Mostly against the fake
// server, whose answers are those that docs/protocol.md promises; in the end against a real one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startModServer } from "../kit/mods.mjs";
import { FakeServer, Refusal } from "../kit/fake_server.mjs";
import { SCRIPT_PLUGINS, openPage } from "../kit/page.mjs";
import { LOCKED } from "../kit/harness.mjs";

const RULES = [
    { id: "mirror_damage", name: "Mirror damage", description: "A part of the damage comes back.",
        version: "1.0.0", settings: ["mirrorDamagePercent"] },
    { id: "no_respawn", name: "No respawn", description: "One life each.", version: "1.0.0",
        settings: [] },
];

const SCHEMA = [
    { key: "killLimit", type: "int", default: 50, min: 1, max: 1000, unit: "kills",
        label: "Kill limit", group: "Victory", when: "always" },
    { key: "mapName", type: "enum", default: "yard", values: ["yard"], label: "Map",
        group: "Match" },
    { key: "rules", type: "list", default: [], max: 16, label: "Rules", group: "Rules" },
    { key: "mirrorDamagePercent", type: "int", default: 50, min: 0, max: 100, unit: "%",
        label: "Mirrored part", group: "Mirror damage", when: "always" },
    { key: "hostId", type: "string", default: "", max: 63, when: "always" },
];

async function open(t, { rules = RULES, uploads = false } = {}) {
    const fake = await new FakeServer().start();
    t.after(() => fake.stop());
    fake.schema = SCHEMA;
    fake.settings = { rules: [], mirrorDamagePercent: 50 };
    const uploaded = [];
    if (rules) fake.answers.set("mods.list", () => ({ modes: [], rules, uploads, uploaded }));
    const { page, faults } = await openPage(t, fake.baseUrl);
    await page.click("#browse");
    await page.waitForSelector("#lobby-list li");
    return { fake, uploaded, page, faults };
}

const lastCall = (fake, method) => fake.requests.findLast((one) => one.method === method)?.params;

/** Into the fake's lobby, as its host or as another member. */
async function enter(page, fake, isHost = true) {
    fake.settings.hostId = await page.evaluate((own) =>
        (own ? window.muster.client.session.playerId : "somebody"), isHost);
    await page.click("#lobby-list >> text=Join");
    await page.waitForSelector("#game");
    await page.click("#show-lobby");
    await page.waitForSelector("#lobby");
}

test("rules are chosen in the create form; a chosen one shows its settings", async (t) => {
    const { fake, page, faults } = await open(t);
    await page.click("#create-open");
    await page.click("#create-fields summary >> text=Rules");
    await page.waitForSelector("#create-fields .rules >> text=A part of the damage comes back.");
    assert.equal(await page.locator("#create-fields [name=mirrorDamagePercent]").isVisible(), false);
    await page.check("#create-fields [name='rules.mirror_damage']");
    await page.fill("#create-fields [name=mirrorDamagePercent]", "70");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#game");
    assert.deepEqual(lastCall(fake, "lobby.create").settings,
        { rules: ["mirror_damage"], mirrorDamagePercent: 70 });
    assert.deepEqual(faults, []);
});

test("the host changes rules of the lobby; others see them, a refusal is said there", async (t) => {
    const { fake, page, faults } = await open(t);
    fake.answers.set("lobby.updateSettings", ({ settings }) => {
        if (settings.rules?.includes("no_respawn")) {
            throw new Refusal(-32010, "denied", "settings.rules: no_respawn conflicts with mirror_damage");
        }
        return fake.change(settings);
    });
    fake.schema = SCHEMA.map((entry) => ({ ...entry, when: "always" }));
    await page.reload();
    await page.waitForSelector("#lobby-list li");
    await enter(page, fake);
    await page.click("#settings-fields summary >> text=Rules");
    await page.check("#settings-fields [name='rules.mirror_damage']");
    await page.fill("#settings-fields [name=mirrorDamagePercent]", "25");
    await page.locator("#settings-fields [name=mirrorDamagePercent]").blur();
    await page.waitForFunction(() =>
        window.muster.client.entry.lobby.settings.mirrorDamagePercent === 25);
    assert.deepEqual(fake.settings.rules, ["mirror_damage"]);
    await page.check("#settings-fields [name='rules.no_respawn']");
    await page.waitForSelector(".rules .fault >> text=No_respawn conflicts with mirror_damage.");
    await page.waitForSelector("#settings-fields [name='rules.no_respawn']:not(:checked)");

    fake.change({ hostId: "somebody" });
    await page.waitForSelector("#settings-list");
    await page.click("#settings-list summary >> text=Rules");
    assert.equal(await page.textContent("#settings-list [data-setting=rules]"), "Mirror damage");
    assert.equal(await page.textContent("#settings-list [data-setting=mirrorDamagePercent]"), "25");
    fake.change({ rules: [] });
    await page.waitForSelector("#settings-list [data-setting=mirrorDamagePercent]",
        { state: "detached" });
    assert.deepEqual(faults, []);
});

test("a server without scripts shows no rules", async (t) => {
    const { page, fake, faults } = await open(t, { rules: null });
    await page.click("#create-open");
    await page.waitForSelector("#create-fields [name=killLimit]");
    assert.equal(await page.locator("#create-fields summary >> text=Rules").count(), 0);
    await page.click("#create-cancel");
    await enter(page, fake);
    assert.equal(await page.locator("#rule-scripts").isVisible(), false);
    assert.deepEqual(faults, []);
});

test("the host brings a rule script, mends it, and takes it back", async (t) => {
    const { fake, uploaded, page, faults } = await open(t, { uploads: true });
    let draft = "";
    fake.answers.set("lobby.uploadRule", ({ name, source, more }) => {
        draft += source;
        if (more) return {};
        const whole = draft;
        draft = "";
        if (whole.includes("oops")) {
            throw new Refusal(-32602, "invalid_params", "init.lua:3: unexpected symbol near 'oops'",
                { reason: "bad_script" });
        }
        const rule = { id: "own", name, description: "", version: "0.0.0", settings: [] };
        uploaded.push({ ...rule, whole });
        return { rule, active: "next_match" };
    });
    fake.answers.set("lobby.removeRule", ({ id }) => {
        uploaded.splice(uploaded.findIndex((rule) => rule.id === id), 1);
        return {};
    });
    await enter(page, fake);
    await page.click("#rule-open");
    await page.setInputFiles("#rule-form [name=file]",
        { name: "huge.lua", mimeType: "text/plain", buffer: Buffer.alloc(65537, "-") });
    await page.waitForSelector("#rule-error >> text=65537 bytes");
    await page.setInputFiles("#rule-form [name=file]",
        { name: "My rule.lua", mimeType: "text/plain", buffer: Buffer.from("\n\noops") });
    await page.waitForFunction(() => document.querySelector("#rule-form [name=source]").value !== "");
    await page.fill("#rule-form [name=name]", "Mine!");
    await page.click("#rule-form [type=submit]");
    assert.equal(lastCall(fake, "lobby.uploadRule"), undefined, "no name of a rule");
    await page.fill("#rule-form [name=name]", "my_rule");
    await page.click("#rule-form [type=submit]");
    await page.waitForSelector("#rule-error >> text=init.lua:3: unexpected symbol");
    const long = "-- a comment\n".repeat(4000);
    await page.setInputFiles("#rule-form [name=file]",
        { name: "other.lua", mimeType: "text/plain", buffer: Buffer.from(long) });
    await page.waitForFunction((length) =>
        document.querySelector("#rule-form [name=source]").value.length === length, long.length);
    await page.click("#rule-form [type=submit]");
    await page.waitForSelector("#rule-dialog", { state: "hidden" });
    await page.waitForSelector("#rule-said >> text=from the next match");
    await page.waitForSelector("#rule-list >> text=Your rule: my_rule");
    assert.equal(uploaded[0].whole, long);

    fake.notify("mod.error", { mod: "my_rule", message: "init.lua:1: attempt to index a nil value" });
    await page.waitForSelector("#chat-log .warning >> text=my_rule: init.lua:1: attempt to index");

    await page.click("#rule-list >> text=Remove");
    await page.waitForFunction(() => document.getElementById("rule-list").children.length === 0);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.click("#rule-open");
    assert.ok(await page.$eval("#rule-dialog", (box) => box.scrollWidth <= box.clientWidth));
    assert.deepEqual(faults, []);
});

test("a vote of a script is shown, and chat takes commands", async (t) => {
    const { fake, page, faults } = await open(t);
    await enter(page, fake, false);
    const tally = { vote: "mutator", voteId: 7, subject: "Double speed for all?",
        options: ["yes", "no", "maybe <b>later</b>"], counts: [1, 0, 0], needed: 0, endsInMs: 20000 };
    fake.answers.set("lobby.castVote", () => ({}));
    fake.notify("lobby.vote", tally);
    await page.waitForSelector(".vote-card h3 >> text=Double speed for all?");
    await page.click(".vote-card >> text=maybe <b>later</b>");
    await page.waitForSelector(".vote-card [aria-pressed=true]");
    assert.deepEqual(lastCall(fake, "lobby.castVote"), { voteId: 7, option: "maybe <b>later</b>" });
    fake.notify("lobby.vote", { ...tally, counts: [1, 0, 1] });
    await page.waitForFunction(() =>
        [...document.querySelectorAll(".vote-card .count")].map((n) => n.textContent).join() === "1,0,1");
    fake.notify("lobby.voteEnded", { ...tally, winner: "yes" });
    await page.waitForSelector(".vote-card >> text=Decided: yes.");

    await page.fill("#chat-text", "/speed 2");
    await page.press("#chat-text", "Enter");
    await page.waitForSelector("#chat-log >> text=/speed 2");
    assert.equal(lastCall(fake, "lobby.chat").text, "/speed 2");
    assert.deepEqual(faults, []);
});

test("against a real server: a rule of its own, and one that the host brings", async (t) => {
    const config = { plugins: SCRIPT_PLUGINS, lobby: { playersMin: 1 } };
    const server = await startModServer(t, {}, { config, ...LOCKED });
    const { page, faults } = await openPage(t, server.httpUrl);
    await page.click("#browse");
    await page.click("#create-open");
    await page.check("#create-fields [name=isPrivate]");
    await page.click("#create-fields summary >> text=Rules");
    await page.check("#create-fields [name='rules.mirror_damage']");
    await page.fill("#create-fields [name=mirrorDamagePercent]", "150");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#lobby");
    const settings = () => page.evaluate(() => window.muster.client.entry.lobby.settings);
    assert.deepEqual((await settings()).rules, ["mirror_damage"]);
    assert.equal((await settings()).mirrorDamagePercent, 150);

    await page.click("#rule-open");
    await page.fill("#rule-form [name=name]", "greeter");
    await page.fill("#rule-form [name=source]", "command.register{");
    await page.click("#rule-form [type=submit]");
    await page.waitForFunction(() =>
        /init\.lua:1: unexpected/.test(document.getElementById("rule-error").textContent));
    const script = `command.register{name = "greet", help = "says hello",
        fn = function(player) return "Hello, " .. player:name() .. "!" end}`;
    await page.fill("#rule-form [name=source]", `${script}\n${"-- much to say\n".repeat(1200)}`);
    await page.click("#rule-form [type=submit]");
    await page.waitForSelector("#rule-list >> text=greeter");
    await page.fill("#chat-text", "/greet");
    await page.press("#chat-text", "Enter");
    await page.waitForSelector("#chat-log >> text=Hello, Guest");

    await page.reload();
    await page.waitForSelector("#rule-list >> text=greeter");
    await page.click("#rule-list >> text=Remove");
    await page.waitForFunction(() => document.getElementById("rule-list").children.length === 0);
    await page.click("#settings-fields summary >> text=Rules");
    await page.uncheck("#settings-fields [name='rules.mirror_damage']");
    await page.waitForFunction(() =>
        window.muster.client.entry.lobby.settings.rules.length === 0);
    assert.deepEqual(faults, []);
});
