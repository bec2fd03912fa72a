// Private lobbies in the page: created from the form, joined by code, password, link and
// invitation; ready marks, live settings, who decides, kicks, votes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { PAGE_PLUGINS, browse, configOf, inMatch, openPage, setUp, toastSays } from "../kit/page.mjs";

const config = (lobby = {}) => configOf({
    plugins: [...PAGE_PLUGINS, "rules_private"],
    rules_private: { presets: ["tournament killLimit=30 friendlyFire=true"], voteEveryMs: 0 },
    lobby: { playersMin: 2, defaults: ["botFill=0", "killLimit=0", "timeLimit=0"], ...lobby },
});

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** The page's own clock is wrong by so much: what it was told counts, not what it reads. */
const clockWrongBy = (page, ms) => page.evaluate((shift) => {
    const { now } = Date;
    Date.now = () => now() + shift;
}, ms);

const DAY_MS = 86400000;

/** Somebody else's browser. */
async function visit(t, url, name) {
    const visitor = await openPage(t, url);
    await browse(visitor.page, name);
    return visitor;
}

/** A page that hosts a lobby. */
async function host(t, settings = {}, options = {}) {
    const all = await setUp(t, { config: config(), ...options });
    await browse(all.page, "Ada");
    const lobby = await all.page.evaluate(async (given) => {
        const { client } = window.muster;
        const wanted = { isPrivate: true, startWhen: "host", ...given };
        return (await client.createLobby({ gameMode: "arena", settings: wanted })).lobby;
    }, settings);
    await all.page.waitForSelector("#lobby");
    return { ...all, lobbyId: lobby.lobbyId };
}

/** Players who come in over the API. */
async function join(t, server, lobbyId, names) {
    const clients = [];
    for (const name of names) {
        const { client } = await connectPlayer(t, server, { name });
        await client.joinLobby(lobbyId);
        clients.push(client);
    }
    return clients;
}

const memberRow = (page, name) => page.locator("#lobby .member", { hasText: name });

/** The dialog about a member. */
async function openMember(page, name) {
    await memberRow(page, name).locator(".more").click();
    await page.waitForSelector("#member-dialog[open]");
}

const settingShown = (page, key, value) => page.waitForFunction(
    ([name, text]) =>
        document.querySelector(`#settings-list [data-setting=${name}]`)?.textContent === text,
    [key, value]);

/** Types into a field of the host's form, and leaves it. */
async function change(page, key, value) {
    await page.fill(`#settings-fields [name=${key}]`, value);
    await page.locator(`#settings-fields [name=${key}]`).blur();
}

const says = (page, selector, pattern) => page.waitForFunction(
    ([where, source]) => [...document.querySelectorAll(where)].some((one) =>
        new RegExp(source).test(one.textContent)),
    [selector, pattern.source]);

const overflow = (page) => page.evaluate(() => {
    const wide = [...document.querySelectorAll("dialog[open], .panel:not([hidden])")]
        .filter((box) => box.scrollWidth > box.clientWidth);
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth + wide.length;
});

const setting = (page, key) =>
    page.evaluate((name) => window.muster.client.entry.lobby.settings[name], key);

test("a private lobby from the form; a friend comes by code and password; both are ready", async (t) => {
    const { page, wire, faults } = await setUp(t, { config: config() });
    await browse(page, "Ada");
    await page.click("#create-open");
    await page.check("#create-fields [name=isPrivate]");
    await page.fill("#create-fields [name=password]", "open sesame");
    await page.fill("#create-fields [name=killLimit]", "33");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#lobby");
    const code = await page.textContent("#lobby-code");
    assert.match(code, /^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    assert.equal(await setting(page, "killLimit"), 33);

    const { page: friend, faults: friendFaults } = await visit(t, wire.url, "Grace");
    await friend.waitForSelector("#lobby-empty");
    await friend.fill("#code-form [name=code]", code.toLowerCase());
    await friend.click("#code-join");
    await friend.fill("#password-form [name=secret]", "open barley");
    await friend.click("#password-form [type=submit]");
    await says(friend, "#password-error", /password is wrong/);
    await friend.fill("#password-form [name=secret]", "open sesame");
    await friend.click("#password-form [type=submit]");
    await friend.waitForSelector("#lobby");
    await friend.waitForSelector("#password-dialog", { state: "hidden" });
    assert.equal(await memberRow(friend, "Ada").locator(".crown").count(), 1);
    assert.equal(await friend.locator("#lobby-start").isVisible(), false);

    await friend.click("#join-blue");
    await friend.click("#lobby-ready");
    await page.waitForSelector("#team-blue .member .ready");
    assert.match(await page.textContent("#lobby-status"), /^2 of 8 .* when all are ready/);
    await page.click("#lobby-ready");
    await Promise.all([inMatch(page), inMatch(friend)]);
    assert.equal(await page.locator("#lobby").isVisible(), false);
    assert.deepEqual([...faults, ...friendFaults], []);
});

test("a setting takes effect at once and is seen by the others; a fault is said at its field", async (t) => {
    const { page, wire, faults } = await host(t);
    const { page: friend, faults: friendFaults } = await visit(t, wire.url, "Grace");
    await friend.fill("#code-form [name=code]", await page.textContent("#lobby-code"));
    await friend.click("#code-join");
    await settingShown(friend, "killLimit", "0");
    await change(page, "killLimit", "44");
    await settingShown(friend, "killLimit", "44");

    const fault = "label:has([name=killLimit]) .fault";
    await change(page, "killLimit", "2000");
    await says(page, fault, /1000/);
    await page.$eval("#settings-fields [name=killLimit]", (input) => input.removeAttribute("max"));
    await change(page, "killLimit", "2001");
    await says(page, fault, /^Expected .* found 2001\.$/);
    assert.equal(await setting(page, "killLimit"), 44);
    await change(page, "killLimit", "45");
    await settingShown(friend, "killLimit", "45");
    assert.equal(await page.textContent(fault), "");

    await page.click("#preset-apply");
    await settingShown(friend, "killLimit", "30");
    await settingShown(friend, "friendlyFire", "on");
    await page.waitForFunction(() =>
        document.querySelector("#settings-fields [name=killLimit]").value === "30");

    await page.click("#lobby-start");
    await inMatch(page);
    await page.click("#show-lobby");
    assert.equal(await page.isDisabled("#settings-fields [name=mapName]"), true);
    await change(page, "killLimit", "46");
    await friend.click("#show-lobby");
    await settingShown(friend, "killLimit", "46");
    await page.keyboard.press("Escape");
    await page.waitForSelector("#lobby", { state: "hidden" });
    assert.deepEqual([...faults, ...friendFaults], []);
});

test("the last choice and presets fill the create form", async (t) => {
    const { page, faults } = await host(t, { killLimit: 61 });
    await page.fill("#preset-form [name=name]", "my evening");
    await page.click("#preset-form [type=submit]");
    await says(page, "#preset-list option", /my evening/);
    await page.click("#lobby-leave");
    await page.click("#create-open");
    await page.selectOption("#create-preset", { label: "my evening" });
    assert.equal(await page.inputValue("#create-fields [name=killLimit]"), "61");
    await page.fill("#create-fields [name=timeLimit]", "99");
    await page.fill("#create-fields [name=password]", "not to be kept");
    await page.click("#create-form [type=submit]");
    await page.waitForSelector("#lobby");
    await page.click("#lobby-leave");
    await page.click("#create-open");
    assert.equal(await page.inputValue("#create-fields [name=timeLimit]"), "99");
    assert.equal(await page.inputValue("#create-fields [name=password]"), "");
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("not to be")), false);
    await page.click("#create-cancel");

    await page.evaluate(() => window.muster.client.createLobby({ gameMode: "arena" }));
    await page.selectOption("#preset-list", "my evening");
    await page.click("#preset-delete");
    await page.waitForFunction(() => document.getElementById("preset-list").options.length === 1);
    assert.deepEqual(faults, []);
});

test("the host moves, kicks and bans others, and hands the lobby over", async (t) => {
    const { page, server, lobbyId, faults } = await host(t);
    const [grace, mary] = await join(t, server, lobbyId, ["Grace", "Mary"]);
    await openMember(page, "Grace");
    await page.click("#member-team >> text=To team blue");
    await page.waitForSelector("#team-blue .member >> text=Grace");

    await openMember(page, "Grace");
    await page.fill("#member-form [name=reason]", "away for long");
    const kicked = grace.once("lobby.left", { timeoutMs: 20000 });
    await page.click("#member-actions >> text=Kick");
    assert.equal((await kicked).reason, "kick");
    await page.waitForSelector("#member-dialog", { state: "hidden" });
    await memberRow(page, "Grace").waitFor({ state: "detached" });

    await openMember(page, "Mary");
    await page.selectOption("#member-form [name=seconds]", "600");
    await page.click("#member-actions >> text=Ban");
    await memberRow(page, "Mary").waitFor({ state: "detached" });
    await page.click("#access-panel > summary");
    await page.click("#ban-list li:has-text('Mary') button");
    await page.waitForFunction(() => document.getElementById("ban-list").children.length === 0);
    await mary.joinLobby(lobbyId);

    await page.click("#lobby-lock");
    await page.waitForSelector("#lobby-lock[aria-pressed=true]");
    await openMember(page, "Mary");
    await page.click("#member-actions >> text=Make host");
    await memberRow(page, "Mary").locator(".crown").waitFor();
    for (const id of ["lobby-start", "lobby-lock", "settings-host", "access-panel"]) {
        assert.equal(await page.locator(`#${id}`).isVisible(), false, id);
    }
    await mary.lobby.updateSettings({ teamLock: true });
    await settingShown(page, "teamLock", "on");
    await page.click("#join-red");
    await toastSays(page, "The host has locked the teams");
    assert.deepEqual(faults, []);
});

test("the host sees to who comes in: password, code, allowed players, invitations", async (t) => {
    const { page, server, lobbyId, wire, faults } = await host(t, { password: "first" });
    const { client } = await connectPlayer(t, server, { name: "Grace" });
    const access = () => page.evaluate(() => window.muster.client.lobby.access());
    await page.click("#access-panel > summary");
    await says(page, "#password-state", /Another password/);
    await page.click("#password-remove");
    await says(page, "#password-state", /there is none/);
    await page.fill("#access-password [name=password]", "second");
    await page.click("#access-password [type=submit]");
    await says(page, "#password-state", /Another password/);

    const before = await page.textContent("#lobby-code");
    await page.click("#code-renew");
    await page.waitForFunction((old) =>
        document.getElementById("lobby-code").textContent !== old, before);
    assert.equal((await access()).joinCode,
        (await page.textContent("#lobby-code")).replace("-", ""));

    await page.fill("#access-allow [name=playerId]", client.session.playerId);
    await page.click("#access-allow [type=submit]");
    await page.waitForSelector("#allow-list li");
    await client.joinLobby(lobbyId);
    await client.leave();
    await page.click("#allow-list button");
    await page.waitForFunction(() => document.getElementById("allow-list").children.length === 0);

    await page.click("#invite-link");
    await page.waitForSelector("#invitation-list li");
    const [{ invitation }] = (await access()).invitations;
    const link = await page.evaluate(async (token) => {
        const { joinLink } = await import(new URL("join.js",
            document.querySelector("script[type=module]").src).href);
        return joinLink(window.muster.client.entry.joinCode, token);
    }, invitation);
    assert.ok(link.startsWith(wire.url));
    const { page: friend, faults: friendFaults } = await openPage(t, link);
    await friend.fill("#play-form [name=displayName]", "Mary");
    await friend.click("#play-now");
    await friend.waitForSelector("#lobby");
    assert.equal(friend.url(), wire.url, "the invitation does not stay in the address");
    await memberRow(page, "Mary").waitFor();
    assert.deepEqual([...faults, ...friendFaults], []);
});

test("an invitation is shown, accepted, declined, and gives up another seat, whatever the clock says", async (t) => {
    const { page, server, faults } = await setUp(t, { config: config() });
    await browse(page, "Ada");
    const playerId = await page.textContent("#own-id");
    await clockWrongBy(page, DAY_MS);
    const hosts = [];
    for (const name of ["Grace", "Mary"]) {
        const { client } = await connectPlayer(t, server, { name });
        await client.createLobby({ gameMode: "arena",
            settings: { isPrivate: true, password: "shut", startWhen: "host" } });
        hosts.push(client);
    }
    const lobbyOf = () => page.evaluate(() => window.muster.client.entry?.lobby.lobbyId ?? null);
    assert.equal((await hosts[0].lobby.invite({ playerId })).notified, true);
    await says(page, "#invitations p", /^Grace invites you to play Arena\.$/);
    await page.click("#invitations >> text=Decline");
    await page.waitForSelector(".invitation", { state: "detached" });

    await hosts[0].lobby.invite({ playerId });
    await page.click(".invitation .primary");
    await page.waitForSelector("#lobby");
    assert.equal(await lobbyOf(), hosts[0].entry.lobby.lobbyId);
    assert.equal(await page.locator(".invitation").count(), 0);

    await hosts[1].lobby.invite({ playerId });
    await says(page, "#invitations p", /gives up the seat/);
    await page.click(".invitation .primary");
    await page.waitForFunction((id) => window.muster.client.entry?.lobby.lobbyId === id,
        hosts[1].entry.lobby.lobbyId);
    await eventually("the first seat is free", () => hosts[0].entry.members.length === 1);

    await clockWrongBy(page, -2 * DAY_MS);
    await hosts[0].lobby.invite({ playerId, expiresInS: 1 });
    await page.waitForSelector(".invitation");
    await page.waitForSelector(".invitation", { state: "detached" });
    assert.deepEqual(faults, []);
});

test("a map is voted for, and somebody is voted out", async (t) => {
    const { page, server, lobbyId, faults } = await host(t);
    const clients = await join(t, server, lobbyId, ["Grace", "Mary", "Joan"]);
    const vote = clients[0].once("lobby.vote", { timeoutMs: 20000 });
    await page.click("#lobby-map-vote");
    const { voteId, options } = await vote;
    const wanted = options.find((name) => name !== clients[0].entry.lobby.settings.mapName);
    await page.click(`.vote-card >> text=${wanted}`);
    await page.waitForSelector(`.vote-card [aria-pressed=true] >> text=${wanted}`);
    await page.click("#lobby-map-vote");
    await toastSays(page, "Another vote is running");
    for (const client of clients) await client.lobby.castVote(voteId, wanted);
    await says(page, ".vote-card p", new RegExp(`Decided: ${wanted}`));
    await says(page, "#lobby-title", new RegExp(wanted));

    await openMember(page, "Joan");
    const left = clients[2].once("lobby.left", { timeoutMs: 20000 });
    const asked = clients[0].once("lobby.vote", { timeoutMs: 20000 });
    await page.click("#member-actions >> text=Call a vote");
    await says(page, ".vote-card h3", /^Throw Joan out\?$/);
    await says(page, ".vote-card p", /2 needed/);
    await clients[0].lobby.castVote((await asked).voteId, "yes");
    assert.equal((await left).reason, "kick");
    assert.deepEqual(faults, []);
});

test("who only watches has no buttons of a player, and may not write where the host says so", async (t) => {
    const { page, wire, faults } = await host(t, { spectatorChat: false });
    const { page: watcher, faults: watcherFaults } = await visit(t, wire.url, "Grace");
    await watcher.fill("#code-form [name=code]", await page.textContent("#lobby-code"));
    await watcher.click("#code-watch");
    await watcher.waitForSelector("#spectators .member >> text=Grace");
    for (const id of ["lobby-ready", "join-red", "join-blue", "lobby-map-vote", "lobby-start"]) {
        assert.equal(await watcher.locator(`#${id}`).isVisible(), false, id);
    }
    await watcher.fill("#chat-text", "hello");
    await watcher.press("#chat-text", "Enter");
    await toastSays(watcher, "Spectators");
    await page.fill("#chat-text", "welcome");
    await page.press("#chat-text", "Enter");
    await watcher.waitForSelector("#lobby-chat #chat-log >> text=welcome");
    await page.click("#lobby-map-vote");
    await says(watcher, ".vote-card p", /canyon 0/);
    assert.equal(await watcher.locator(".vote-card button").first().isVisible(), false);
    assert.deepEqual([...faults, ...watcherFaults], []);
});

test("all of it fits on a phone of 360 pixels", async (t) => {
    const { page, server, lobbyId, faults } = await host(t, {}, { view: PHONE });
    await join(t, server, lobbyId, ["A name of twenty-four c", "Wwwwwwwwwwwwwwwwwwwwwwww"]);
    await memberRow(page, "Wwwww").waitFor();
    await page.tap("#access-panel > summary");
    await page.tap("#invite-link");
    await page.waitForSelector("#invitation-list li");
    assert.equal(await overflow(page), 0, "the lobby");
    await memberRow(page, "Wwwww").locator(".more").tap();
    assert.equal(await overflow(page), 0, "the dialog about a member");
    await page.tap("#member-form [type=submit]");
    await page.tap("#lobby-leave");
    await page.waitForSelector("#lobbies");
    assert.equal(await overflow(page), 0, "the lobbies");
    await page.tap("#create-open");
    await page.waitForSelector("#create-dialog[open]");
    for (const group of await page.locator("#create-fields summary").all()) await group.tap();
    assert.equal(await overflow(page), 0, "the create form");
    assert.deepEqual(faults, []);
});
