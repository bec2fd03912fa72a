// What a person fills in: a lobby to be created, its settings, presets and scripts; who signs in.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { CreateLobby } from "../../../plugins/service_web/assets/create_lobby.js";
import { HostPanel } from "../../../plugins/service_web/assets/host_panel.js";
import { resetLogin, setUpLogin } from "../../../plugins/service_web/assets/login.js";
import { RULES, SCHEMA, change, controlOf, entry, faultsIn, namesIn } from "./schema.mjs";
import { TinyClient, TinyElement, openPage, settled } from "./tiny_page.mjs";

let page;
beforeEach(() => {
    page = openPage();
});
afterEach(() => page.close());

// ---- the dialog that creates a lobby -----------------------------------------------------------

const MODES = [
    { name: "arena", settingsSchema: SCHEMA }, { name: "duel", settingsSchema: [entry("killLimit", "int", 5)] },
];
const CATALOG = {
    modes: MODES, rules: RULES, titleOf: (name) => name.toUpperCase(), mode: (name) => MODES.find((one) => one.name === name),
    schemaOf: (name) => MODES.find((one) => one.name === name)?.settingsSchema ?? [],
};
const refused = (code, message, data) => Object.assign(new Error(message), { code, data });
const refuse = (...of) => async () => {
    throw refused(...of);
};

function openCreate(presets = async () => []) {
    const kept = new Map();
    const client = new TinyClient();
    client.made = [];
    client.createLobby = async (options) => client.made.push(options);
    client.lobby = { presets };
    const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
    const dialog = new CreateLobby({ client, catalog: CATALOG, storage });
    return { client, kept, dialog, fields: page.$("create-fields") };
}
const choose = (id, value) => {
    page.$(id).value = value;
    page.$(id).onchange();
};

test("create: the last choice is there again, of its mode alone and without secrets", async () => {
    const { client, kept, fields } = openCreate();
    page.$("create-mode").value = "arena";
    await page.press("create-open");
    assert.equal(page.$("create-dialog").open, true);
    assert.deepEqual(page.$("create-mode").children.map(({ value, textContent }) => [value, textContent]),
        [["arena", "ARENA"], ["duel", "DUEL"]]);
    change(fields, "killLimit", "20");
    change(fields, "password", "not to be kept");
    await page.submit("create-form");
    assert.deepEqual(client.made, [{ gameMode: "arena", settings: { killLimit: 20, password: "not to be kept" } }]);
    assert.equal(page.$("create-dialog").open, false);
    assert.equal([...kept.values()].join().includes("not to be"), false);
    page.$("create-mode").value = "";
    await page.press("create-open");
    assert.deepEqual([page.$("create-mode").value, controlOf(fields, "killLimit").value, controlOf(fields, "password").value],
        ["arena", "20", ""]);
    choose("create-mode", "duel");
    assert.equal(controlOf(fields, "killLimit").value, "5", "another mode");
    choose("create-mode", "arena");
    assert.equal(controlOf(fields, "killLimit").value, "20");
    for (const [key] of kept) kept.set(key, JSON.stringify({ gameMode: "gone", settings: { killLimit: 9 } }));
    await page.press("create-open");
    assert.deepEqual([page.$("create-mode").value, controlOf(fields, "killLimit").value], ["arena", "50"]);
    for (const [key] of kept) kept.set(key, "{");
    await page.press("create-open");
    assert.equal(controlOf(fields, "killLimit").value, "50", "not written by this version");
});

test("create: a preset fills the form, none empties it; a server without them shows none", async () => {
    const { dialog, fields } = openCreate(async () => [{ name: "evening", settings: { killLimit: 30 } }, { name: "long", settings: { killLimit: 99 } }]);
    page.$("create-mode").value = "arena";
    await dialog.open();
    assert.deepEqual([page.$("create-presets").hidden, page.$("create-preset").children.map(({ textContent }) => textContent)],
        [false, ["none", "evening", "long"]]);
    for (const [chosen, limit] of [["1", "99"], ["0", "30"], ["", "50"]]) {
        choose("create-preset", chosen);
        assert.deepEqual([controlOf(fields, "killLimit").value, page.$("create-preset").value], [limit, chosen]);
    }
    choose("create-preset", "1");
    choose("create-mode", "duel");
    assert.equal(page.$("create-preset").value, "");
    const none = openCreate(refuse("method_not_found", "no"));
    await none.dialog.open();
    assert.deepEqual([page.$("create-presets").hidden, page.text("create-error")], [true, ""]);
    const failed = openCreate(refuse("unavailable", "try later"));
    await failed.dialog.open();
    assert.equal(page.text("create-error"), "Try later.");
});

test("create: a refusal is said at its field, else below; the next try begins clean", async () => {
    const { client, fields, kept } = openCreate();
    page.$("create-mode").value = "arena";
    await page.press("create-open");
    client.createLobby = refuse("invalid_params", "settings.botFill: expected 0 to 8, found 9");
    await page.submit("create-form");
    assert.deepEqual([faultsIn(fields), page.text("create-error"), page.$("create-dialog").open],
        [["Expected 0 to 8, found 9."], "", true]);
    client.createLobby = refuse("unavailable", "too many lobbies");
    await page.submit("create-form");
    assert.deepEqual([faultsIn(fields), page.text("create-error"), kept.size], [[], "Too many lobbies.", 0]);
    page.$("create-cancel").onclick();
    assert.equal(page.$("create-dialog").open, false);
    await page.press("create-open");
    assert.equal(page.text("create-error"), "");
});

// ---- the host's panel --------------------------------------------------------------------------

function openHost({ presets = [], uploads = false, hostId = "a", state = "waiting" } = {}) {
    const client = new TinyClient();
    client.session = { playerId: "a" };
    client.entry = { seat: 0, lobby: { lobbyId: "l", gameMode: "arena", state, settings: { hostId, killLimit: 20, password: "x" } } };
    client.calls = [];
    const noted = (name) => async (...of) => {
        client.calls.push([name, ...of]);
        return client.answer;
    };
    client.lobby = Object.fromEntries(["updateSettings", "applyPreset", "deletePreset", "savePreset", "uploadRule", "removeRule"]
        .map((name) => [name, noted(name)]));
    client.lobby.presets = async () => presets;
    const catalog = { ...CATALOG, hasUploads: uploads, uploaded: [], async loadMods() {} };
    page.$("preset-row").append(page.$("preset-list"));
    const panel = new HostPanel(client, catalog);
    panel.update();
    return { client, catalog, panel, fields: page.$("settings-fields"), list: page.$("settings-list") };
}
const disabledIn = (root) => namesIn(root).filter((name) => controlOf(root, name).disabled);

test("the host changes settings at once, the others see them", async () => {
    const { client, panel, fields, list } = openHost();
    assert.deepEqual([page.$("settings-host").hidden, list.hidden], [false, true]);
    assert.equal(controlOf(fields, "password"), undefined, "a secret has its own place");
    change(fields, "killLimit", "30");
    await settled();
    assert.deepEqual(client.calls, [["updateSettings", { killLimit: 30 }]]);
    client.lobby.updateSettings = refuse("invalid_params", "settings.killLimit: too many");
    change(fields, "killLimit", "31");
    await settled();
    assert.deepEqual([faultsIn(fields), page.text("settings-error")], [["Too many."], ""]);
    client.lobby.updateSettings = refuse("forbidden", "not now");
    change(fields, "mapName", "hall");
    await settled();
    assert.equal(page.text("settings-error"), "", "said at the field that was changed");
    assert.deepEqual([faultsIn(fields), controlOf(fields, "mapName").value], [["Not now.", "Too many."], "hall"]);
    page.wait(600);
    assert.equal(controlOf(fields, "mapName").value, "field", "it goes back");
    assert.equal(controlOf(fields, "killLimit").value, "31", "what was typed stays");
    client.lobby.updateSettings = async () => {};
    change(fields, "mapName", "hall");
    await settled();
    assert.deepEqual(faultsIn(fields), ["Too many."], "mended");
    client.entry.lobby.settings = { hostId: "b", killLimit: 25 };
    panel.update();
    assert.deepEqual([page.$("settings-host").hidden, list.hidden, list.querySelectorAll("dd").map(({ textContent }) => textContent)],
        [true, false, ["25"]]);
    client.entry.lobby.settings = { hostId: "a", killLimit: 26 };
    panel.update();
    assert.deepEqual([controlOf(fields, "killLimit").value, faultsIn(fields)], ["26", []], "in charge again: a form anew");
});

test("what counts for a match cannot be changed while it runs", () => {
    const all = (state) => disabledIn(openHost({ state }).fields);
    const names = namesIn(openHost().fields);
    assert.deepEqual(all("active"), names.filter((name) => name !== "killLimit"));
    assert.deepEqual([all("waiting"), all("ending"), all("starting")], [[], ["maxPlayers"], []]);
});

test("presets: the own ones can be deleted, the chosen one stays chosen", async () => {
    const presets = [{ name: "cup", own: false }, { name: "evening", own: true }];
    const { client } = openHost({ presets });
    await settled();
    const shown = () => [page.$("preset-list").value, page.$("preset-delete").hidden];
    assert.deepEqual(page.$("preset-list").children.map(({ textContent }) => textContent), ["cup (server)", "evening"]);
    assert.deepEqual([shown(), page.$("preset-form").hidden, page.$("preset-apply").hidden], [["cup", true], false, false]);
    choose("preset-list", "evening");
    assert.deepEqual(shown(), ["evening", false]);
    await page.press("preset-apply");
    presets.push({ name: "new one", own: true });
    page.$("preset-form").elements.name.value = " new one ";
    await page.submit("preset-form");
    assert.deepEqual([shown(), page.$("preset-form").elements.name.value], [["new one", false], ""]);
    presets.pop();
    await page.press("preset-delete");
    assert.deepEqual(shown(), ["cup", true], "another one is chosen");
    assert.deepEqual(client.calls, [["applyPreset", "evening"], ["savePreset", "new one"], ["deletePreset", "new one"]]);
    presets.length = 0;
    client.lobby.applyPreset = refuse("not_found", "no such preset");
    await page.press("preset-apply");
    assert.equal(page.text("settings-error"), "No such preset.");
    await page.press("preset-delete");
    assert.deepEqual(["preset-row", "preset-apply", "preset-delete"].map((id) => page.$(id).hidden), [true, true, true], "there is none");
    client.lobby.presets = refuse("method_not_found", "no");
    page.$("preset-form").elements.name.value = "x";
    await page.submit("preset-form");
    assert.equal(page.$("preset-form").hidden, true, "a server without them");
});

// ---- rule scripts ------------------------------------------------------------------------------

test("rule scripts: for who is in charge, where they are taken", async () => {
    const hidden = (options) => {
        openHost(options);
        return page.$("rule-scripts").hidden;
    };
    assert.deepEqual([hidden({}), hidden({ uploads: true, hostId: "b" }), hidden({ uploads: true })], [true, true, false]);
    const { catalog, client, panel } = openHost({ uploads: true });
    catalog.uploaded = [{ id: "u1", name: "greeter" }, { id: "u2", name: "" }];
    client.entry.lobby.lobbyId = "another";
    page.$("rule-said").textContent = "of before";
    panel.update();
    await settled();
    const rows = () => page.$("rule-list").children.map(({ children }) => children[0].textContent);
    assert.deepEqual([rows(), page.text("rule-said")], [["Your rule: greeter", "Your rule: u2"], ""]);
    catalog.uploaded = [{ id: "u2", name: "" }];
    page.$("rule-list").children[0].children[1].onclick();
    await settled();
    assert.deepEqual([client.calls, rows()], [[["removeRule", "u1"]], ["Your rule: u2"]]);
});

test("rule scripts: a file gives name and text; too much is said before it is sent", async () => {
    const { client } = openHost({ uploads: true });
    const { name, source, file } = page.$("rule-form").elements;
    const pick = async (fileName, size = 5) => {
        await page.press("rule-open");
        file.onchange({ target: { files: [{ name: fileName, size, text: async () => "x = 1" }] } });
        await settled();
        return [name.value, source.value, page.text("rule-error")];
    };
    assert.deepEqual(await pick("My rule.lua"), ["my_rule", "x = 1", ""]);
    assert.deepEqual(await pick("2 hot - 2 handle.LUA"), ["hot_2_handle", "x = 1", ""]);
    assert.deepEqual((await pick(`${"a".repeat(30)}.lua`))[0], "a".repeat(23));
    assert.deepEqual(await pick("a.lua", 65536), ["a", "x = 1", ""]);
    const [, text, why] = await pick("a.lua", 65537);
    assert.deepEqual([text, /65537 bytes.* 65536/.test(why)], ["", true]);
    await page.press("rule-open");
    name.value = " mine ";
    file.onchange({ target: { files: [{ name: "b.lua", size: 1, text: async () => "y" }] } });
    await settled();
    assert.equal(name.value, " mine ", "a name that was given stays");
    source.value = "ä".repeat(32769);
    await page.submit("rule-form");
    assert.deepEqual([client.calls, /65538 bytes/.test(page.text("rule-error"))], [[], true]);
    source.value = "ä".repeat(32768);
    client.answer = { active: "now" };
    await page.submit("rule-form");
    assert.deepEqual([client.calls.length, client.calls[0][1], page.$("rule-dialog").open, page.text("rule-said")],
        [1, "mine", false, "The rule counts from now on."]);
    client.answer = { active: "next_match" };
    await page.submit("rule-form");
    assert.equal(page.text("rule-said"), "The rule counts from the next match on.");
    client.lobby.uploadRule = refuse("denied", "init.lua:1: unexpected", { reason: "bad_script" });
    await page.submit("rule-form");
    assert.equal(page.text("rule-error"), "init.lua:1: unexpected");
    client.lobby.uploadRule = refuse("denied", "too many scripts");
    await page.submit("rule-form");
    assert.equal(page.text("rule-error"), "Too many scripts.");
});

// ---- who signs in ------------------------------------------------------------------------------

function openLogin(auth = {}, kept = new Map()) {
    const done = [];
    const noted = (name) => async (...of) => done.push([name, ...of]);
    for (const id of ["login-form", "register-form", "play-form"]) page.$(id).append(new TinyElement("button"));
    setUpLogin({
        auth: { guest: noted("guest"), login: noted("login"), register: noted("register"), ...auth },
        storage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) },
        onPlay: noted("play"), onBrowse: noted("browse"),
    });
    for (const id of ["login-form", "register-form", "play-form"]) page.$(id).children[0].type = "submit";
    return { done, kept };
}

test("login: a guest's name is kept, and none is needed", async () => {
    const { done, kept } = openLogin();
    const name = page.$("play-form").elements.displayName;
    assert.equal(name.value, "");
    await page.submit("play-form");
    name.value = "  Ada ";
    await page.submit("play-form");
    await page.press("browse");
    assert.deepEqual(done, [["guest", {}], ["play"], ["guest", { displayName: "Ada" }], ["play"],
        ["guest", { displayName: "Ada" }], ["browse"]]);
    openLogin({}, kept);
    assert.equal(name.value, "Ada");
});

test("login: accounts are asked for what was filled in; a refusal is told until the next try", async () => {
    const { done } = openLogin();
    Object.assign(page.$("login-form").elements.username, { value: " ada " });
    Object.assign(page.$("login-form").elements.password, { value: "phrase" });
    Object.assign(page.$("login-form").elements.code, { value: "" });
    await page.submit("login-form");
    Object.assign(page.$("register-form").elements.username, { value: "eve" });
    Object.assign(page.$("register-form").elements.displayName, { value: "" });
    await page.submit("register-form");
    assert.deepEqual(done, [["login", "ada", "phrase", undefined], ["browse"], ["register", { username: "eve" }], ["browse"]]);
    openLogin({ login: refuse("wrong", "the password is wrong") });
    await page.submit("login-form");
    assert.equal(page.text("login-error"), "The password is wrong.");
    await page.submit("register-form");
    assert.equal(page.text("login-error"), "");
    page.$("login-error").textContent = "of before";
    resetLogin("You were away.", "Ada");
    assert.deepEqual([page.text("login-error"), page.$("connect-again").hidden, page.text("connect-again")],
        ["You were away.", false, "Try again as Ada"]);
    assert.deepEqual([page.$("login-form").elements.password.value, page.$("register-form").elements.username.value], ["", ""]);
    resetLogin("", "");
    assert.equal(page.$("connect-again").hidden, true);
});

test("login: of two tabs one is open, by click or arrow", () => {
    openLogin();
    const shown = () => ["login", "register"].map((name) =>
        [page.$(`tab-${name}`).getAttribute("aria-selected"), page.$(`tab-${name}`).tabIndex, page.$(`${name}-form`).hidden]);
    const register = [["false", -1, true], ["true", 0, false]];
    const login = [["true", 0, false], ["false", -1, true]];
    page.$("login-error").textContent = "of before";
    page.$("tab-register").onclick();
    assert.deepEqual([shown(), page.text("login-error")], [register, ""]);
    page.$("tab-register").onkeydown({ key: "ArrowLeft" });
    assert.deepEqual([shown(), document.activeElement], [login, page.$("tab-login")]);
    page.$("tab-login").onkeydown({ key: "Tab" });
    assert.deepEqual(shown(), login);
    page.$("tab-login").onkeydown({ key: "ArrowRight" });
    assert.deepEqual([shown(), document.activeElement], [register, page.$("tab-register")]);
});
