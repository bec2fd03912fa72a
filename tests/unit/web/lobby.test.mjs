// The lobby at hand: who sits where, what is offered to whom, what can be done about others, and who
// may come in.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { AccessPanel } from "../../../plugins/service_web/assets/access_panel.js";
import { LobbyScreen } from "../../../plugins/service_web/assets/lobby_screen.js";
import { MemberDialog } from "../../../plugins/service_web/assets/member_dialog.js";
import { TinyClient, openPage, settled } from "./tiny_page.mjs";

let page;
let client;
let modeTeams;
beforeEach(() => {
    modeTeams = ["red", "blue"];
    page = openPage();
    Object.assign(globalThis, { location: { origin: "https://host", pathname: "/game/" } });
    client = new TinyClient();
    client.session = { playerId: "a" };
    client.calls = [];
    client.lobby = new Proxy({}, { get: (own, name) => own[name] ?? (async (...of) => {
        client.calls.push([name, ...of]);
        return client.answers?.[name];
    }) });
    enter();
});
afterEach(() => page.close());

const member = (playerId, fields = {}) => ({
    playerId, displayName: playerId.toUpperCase(), seat: 0, team: "red", connected: true, isBot: false, spectator: false, ready: false, ...fields,
});
function enter(lobby = {}, entry = {}) {
    const { settings, ...more } = lobby;
    client.entry = {
        seat: 0, team: "red", joinCode: "ABCDEFGH",
        members: [member("a"), member("b", { seat: 1, team: "blue" })],
        lobby: { lobbyId: "l", gameMode: "arena", state: "waiting", maxPlayers: 8, settings: { hostId: "a", ...settings }, ...more },
        ...entry,
    };
}
const refuse = (message, code = "denied") => async () => {
    throw Object.assign(new Error(message), { code });
};
const texts = (id) => page.$(id).children.map(({ textContent }) => textContent);

// ---- the screen --------------------------------------------------------------------------------

const BUTTONS = ["lobby-close", "lobby-ready", "lobby-start", "lobby-lock", "lobby-shuffle", "lobby-swap",
    "lobby-map-vote"];

function openScreen() {
    const chat = { places: [], dock: (place) => chat.places.push(place), undock: () => chat.places.push(null) };
    const told = { shown: 0, updates: 0, left: 0 };
    page.$("lobby").hidden = true;
    const screen = new LobbyScreen({
        client, chat, catalog: { titleOf: () => "Arena", mode: () => ({ maps: ["field", "hall"], teams: modeTeams }) },
        panels: [{ update: () => told.updates++ }], leave: async () => told.left++, onShow: () => told.shown++,
    });
    screen.enter();
    return { screen, chat, told };
}
const joins = () => page.$("lobby-teams").children.map(({ children }) => children[2]);
const offered = () => [
    ...BUTTONS.filter((id) => !page.$(id).hidden),
    ...joins().filter(({ hidden }) => !hidden).map(({ textContent }) => textContent.toLowerCase().replace(" ", "-")),
];

test("lobby: each member in the list of the own team, marked by what counts", () => {
    enter({}, { members: [
        member("a", { ready: true }), member("b", { team: "blue", connected: false }), member("c", { team: "none" }),
        member("", { seat: 5, isBot: true, displayName: "Bot 5" }), member("", { seat: 6, isBot: true, displayName: "Bot 6" }),
        member("w", { spectator: true, team: "none" }),
    ] });
    openScreen();
    const rows = (id) => page.$(id).children.map(({ children: [name, badges, more] }) =>
        [name.textContent, badges.children.map(({ textContent }) => textContent).join(" "), name.classList.contains("own"), !more.hidden]);
    assert.deepEqual(rows("team-red"), [["A", "Host Ready", true, false], ["Bot 5", "Bot", false, false], ["Bot 6", "Bot", false, false]]);
    assert.deepEqual(rows("team-blue"), [["B", "Away", false, true]]);
    assert.deepEqual(rows("team-none"), [["C", "", false, true]]);
    assert.deepEqual(rows("spectators"), [["W", "", false, true]]);
    assert.deepEqual([page.$("undecided").hidden, page.$("watching").hidden], [false, false]);
    assert.equal(page.$("team-blue").children[0].dataset.player, "b");
    const row = page.$("team-red").children[1];
    client.entry.members = [member("a"), member("b"), member("", { seat: 6, isBot: true, displayName: "Bot 6" })];
    client.tell("lobby.members", {});
    assert.deepEqual(rows("team-red"), [["A", "Host", true, false], ["B", "", false, true], ["Bot 6", "Bot", false, false]]);
    assert.equal(page.$("team-red").children.includes(row), false, "that was another bot's");
    assert.deepEqual([rows("team-blue"), page.$("undecided").hidden, page.$("watching").hidden], [[], true, true]);
});

test("lobby: a mode without teams has one list of players, and nothing to choose", () => {
    modeTeams = [];
    enter({}, { team: "none", members: [member("a", { team: "none" }), member("b", { team: "none" })] });
    openScreen();
    assert.deepEqual([page.$("lobby-teams").hidden, page.text("undecided-title"), page.$("team-none").childElementCount],
        [true, "Players", 2]);
    assert.deepEqual(offered(), ["lobby-ready", "lobby-start", "lobby-lock"]);
});

test("lobby: a list and a way in for each team of the mode", async () => {
    modeTeams = ["green", "wolves", "red", "night_watch"];
    enter({}, { team: "wolves", members: [member("a", { team: "wolves" }), member("b", { team: "night_watch" }), member("c", { team: "none" })] });
    const { screen } = openScreen();
    const columns = () => page.$("lobby-teams").children.map(({ children: [head, list, join] }) =>
        [head.textContent, head.className, list.childElementCount, join.hidden ? "" : join.textContent]);
    assert.deepEqual(columns(), [["Green", "green", 0, "Join green"], ["Wolves", "blue", 1, ""], ["Red", "red", 0, "Join red"],
        ["Night watch", "yellow", 1, "Join night watch"]]);
    assert.equal(page.$("lobby-teams").classList.contains("many"), true);
    assert.deepEqual([page.text("undecided-title"), page.$("team-none").childElementCount], ["No team yet", 1]);
    const before = joins();
    screen.update();
    assert.deepEqual(joins(), before, "they stay while the teams do");
    before[3].onclick();
    await settled();
    assert.deepEqual(client.calls.at(-1), ["setTeam", "night_watch"]);
    modeTeams = undefined;
    screen.update();
    assert.deepEqual(columns().map(([head]) => head), ["Red", "Blue"], "of a mode that is not known");
});

test("lobby: what is offered depends on who one is, and on the match", () => {
    const { screen } = openScreen();
    const offer = (lobby, entry) => {
        enter(lobby, entry);
        screen.enter();
        if (page.$("lobby").hidden) page.$("show-lobby").onclick();
        return offered();
    };
    const maps = { allowMapVoting: true };
    const host = ["lobby-ready", "lobby-start", "lobby-lock", "lobby-shuffle", "lobby-swap"];
    assert.deepEqual(offer({ settings: maps }), [...host, "lobby-map-vote", "join-blue"]);
    assert.deepEqual(offer({}, { team: "blue" }), [...host, "join-red"]);
    assert.deepEqual(offer({}, { team: "none" }), [...host, "join-red", "join-blue"]);
    assert.equal(page.$("code-renew").hidden, false);
    assert.deepEqual(offer({ state: "starting", settings: maps }), ["lobby-ready", "lobby-lock", "lobby-shuffle", "lobby-swap",
        "lobby-map-vote", "join-blue"]);
    assert.deepEqual(offer({ state: "active", settings: maps }), ["lobby-close", "lobby-lock"]);
    assert.deepEqual(offer({ state: "ending", settings: maps }), ["lobby-close", "lobby-lock", "lobby-map-vote"]);
    assert.deepEqual(offer({ settings: { hostId: "b", ...maps } }), ["lobby-ready", "lobby-map-vote", "join-blue"]);
    assert.equal(page.$("code-renew").hidden, true);
    assert.deepEqual(offer({ settings: { hostId: "" } }), ["join-blue"], "nobody waits for a word");
    assert.deepEqual(offer({ settings: { hostId: "b", ...maps } }, { seat: 255 }), [], "who watches");
});

test("lobby: it is there before a match, in one only when it is wanted", () => {
    const { screen, chat, told } = openScreen();
    const isShown = () => !page.$("lobby").hidden;
    assert.deepEqual([isShown(), told.shown, chat.places, document.activeElement], [true, 1, [page.$("lobby-chat")], page.$("lobby")]);
    screen.update();
    assert.deepEqual([told.shown, told.updates], [1, 2]);
    client.entry.lobby.state = "active";
    client.tell("match.started", {});
    assert.deepEqual([isShown(), chat.places.at(-1), document.activeElement], [false, null, page.$("mode-board")]);
    client.tell("lobby.updated", {});
    assert.deepEqual([isShown(), told.updates], [false, 2]);
    page.$("show-lobby").onclick();
    assert.equal(isShown(), true);
    page.key("keydown", { key: "a" });
    assert.equal(isShown(), true);
    page.$("member-dialog").open = true;
    assert.equal(page.key("keydown", { key: "Escape" }), false, "the dialog's");
    page.$("member-dialog").open = false;
    assert.equal(page.key("keydown", { key: "Escape" }), true);
    assert.equal(isShown(), false);
    assert.equal(page.key("keydown", { key: "Escape" }), false);
    page.$("show-lobby").onclick();
    page.$("lobby-close").onclick();
    assert.equal(isShown(), false);
    page.$("show-lobby").onclick();
    client.tell("match.started", {});
    assert.equal(isShown(), false, "the next match has begun");
    page.$("show-lobby").onclick();
    screen.enter();
    assert.equal(isShown(), false, "another lobby");
    client.entry = null;
    screen.enter();
    assert.equal(isShown(), false);
});

test("lobby: how it stands is told in words", () => {
    const { screen } = openScreen();
    const said = (lobby, entry) => {
        enter(lobby, entry);
        screen.update();
        if (page.$("lobby").hidden) page.$("show-lobby").onclick();
        return page.text("lobby-status");
    };
    assert.equal(said(), "2 of 8 seats taken. The match starts when enough players are here.");
    const when = (startWhen, isPrivate = false) => said({ settings: { startWhen, isPrivate } }).split(". ")[1];
    assert.deepEqual([when("auto"), when("auto", true), when("ready"), when("host")],
        ["The match starts when enough players are here.", "The match starts when all are ready.",
            "The match starts when all are ready.", "The host starts the match."]);
    const all = [member("a"), member("", { isBot: true }), member("w", { spectator: true })];
    assert.match(said({ settings: { hostId: "", startWhen: "ready" } }, { members: all }), /^1 of 8 .*enough players/);
    assert.equal(said({ state: "active" }), "A match is running. 2 of 8 seats taken.");
    assert.equal(said({ state: "ending" }), "The match is over. 2 of 8 seats taken.");
    assert.equal(said({ state: "completed" }), "2 of 8 seats taken");
    enter({ state: "starting" });
    client.tell("lobby.countdown", { startsInMs: 3000 });
    assert.equal(page.text("lobby-status"), "The match starts in 3.");
    page.wait(1250);
    assert.equal(page.text("lobby-status"), "The match starts in 2.");
    client.entry.lobby.state = "waiting"; // somebody has left
    page.wait(250);
    page.$("lobby-status").textContent = "of others";
    page.wait(1000);
    assert.deepEqual([page.text("lobby-status"), page.isQuiet()], ["of others", true], "nobody counts on");
    enter({ state: "starting", settings: { mapName: "field" } });
    screen.enter();
    assert.deepEqual([page.text("lobby-status"), page.text("lobby-title")], ["The match starts in 0.", "Arena · field"]);
});

test("lobby: buttons do what they say; the code is told in two halves", async () => {
    const { told, screen } = openScreen();
    for (const id of ["lobby-ready", "lobby-lock", "lobby-start", "lobby-shuffle", "lobby-swap", "lobby-map-vote", "join-red", "join-blue"]) {
        await page.press(id);
    }
    client.entry.members[0].ready = true;
    client.entry.lobby.settings.locked = true;
    assert.equal(page.text("lobby-lock"), "Lock");
    screen.update();
    assert.equal(page.text("lobby-lock"), "Locked");
    await page.press("lobby-ready");
    await page.press("lobby-lock");
    await page.press("lobby-leave");
    assert.deepEqual(client.calls, [["ready", true], ["lock", true], ["start"], ["shuffleTeams"], ["swapTeams"], ["voteMap"],
        ["setTeam", "red"], ["setTeam", "blue"], ["ready", false], ["lock", false]]);
    assert.equal(told.left, 1);
    assert.deepEqual([page.text("lobby-code"), page.$("lobby-code-line").hidden], ["ABCD-EFGH", false]);
    client.answers = { renewCode: "12345678" };
    page.$("lobby-code-buttons").children[2].onclick();
    await settled();
    assert.equal(page.text("lobby-code"), "1234-5678");
    client.entry.joinCode = "";
    screen.update();
    assert.equal(page.$("lobby-code-line").hidden, true);
});

// ---- about another member ----------------------------------------------------------------------

test("a member: what may be done about whom", () => {
    const dialog = new MemberDialog(client, { mode: () => ({ teams: modeTeams }) });
    const bob = member("b", { team: "blue" });
    const buttons = (one) => {
        dialog.open(one);
        return [...texts("member-team"), ...texts("member-actions")];
    };
    const host = ["Make host", "Kick", "Ban"];
    assert.deepEqual(buttons(bob), ["To team red", ...host]);
    assert.deepEqual(buttons(member("b", { team: "none" })), ["To team red", "To team blue", ...host]);
    assert.deepEqual(buttons(member("b", { spectator: true })), host);
    assert.deepEqual([page.text("member-title"), page.text("member-id"), page.$("member-host").hidden], ["B", "b", false]);
    enter({ state: "active" });
    assert.deepEqual(buttons(bob), host);
    enter({ settings: { allowVoteKick: true } });
    assert.deepEqual(buttons(bob), ["To team red", ...host, "Call a vote to kick"]);
    const may = (one, lobby, entry) => {
        enter(lobby, entry);
        return dialog.hasActions(one);
    };
    const voting = { settings: { hostId: "h", allowVoteKick: true } };
    assert.deepEqual([may(bob, {}), may(member("a"), {}), may(member("b", { isBot: true }), {})], [true, false, false]);
    assert.deepEqual([may(bob, voting), may(bob, { settings: { hostId: "h" } }), may(bob, voting, { seat: 255 }),
        may(member("h"), voting), may(member("b", { spectator: true }), voting)], [true, false, false, false, false]);
    enter(voting);
    assert.deepEqual([buttons(bob), page.$("member-host").hidden], [["Call a vote to kick"], true]);
});

test("a member: what is done, how long, and why", async () => {
    const dialog = new MemberDialog(client, { mode: () => ({ teams: modeTeams }) });
    const bob = member("b", { team: "blue" });
    const { reason, seconds } = page.$("member-form").elements;
    const press = async (text, fields = {}) => {
        dialog.open(bob);
        Object.assign(reason, { value: fields.reason ?? "" });
        Object.assign(seconds, { value: fields.seconds ?? "" });
        const all = [...page.$("member-team").children, ...page.$("member-actions").children];
        all.find(({ textContent }) => textContent === text).onclick();
        await settled();
        return page.$("member-dialog").open;
    };
    enter({ settings: { allowVoteKick: true } });
    await press("To team red");
    await press("Make host");
    await press("Kick", { reason: " rude " });
    await press("Ban");
    await press("Ban", { reason: " rude ", seconds: "600" });
    assert.equal(await press("Call a vote to kick"), false, "it is closed when it has worked");
    assert.deepEqual(client.calls, [["setTeam", "red", "b"], ["transferHost", "b"], ["kick", "b", "rude"], ["ban", "b", {}],
        ["ban", "b", { reason: "rude", seconds: 600 }], ["voteKick", "b"]]);
    client.lobby.kick = refuse("not now");
    assert.equal(await press("Kick"), true);
    assert.equal(page.text("member-error"), "Not now.");
    reason.value = "typed for another";
    dialog.open(bob);
    assert.deepEqual([page.text("member-error"), reason.value], ["", ""]);
    client.tell("lobby.left", {});
    assert.equal(page.$("member-dialog").open, false);
    dialog.open(bob);
    page.$("member-form").onsubmit({ preventDefault() {} });
    assert.equal(page.$("member-dialog").open, false);
});

// ---- who may come in ---------------------------------------------------------------------------

function openAccess(access = {}) {
    client.answers = { access: { hasPassword: false, allowedPlayers: [], invitations: [], bans: [], ...access } };
    const panel = new AccessPanel(client);
    panel.update();
    page.$("access-panel").open = true;
    return panel;
}
/** After the lists have been asked for. */
async function loaded() {
    page.wait(300);
    await settled();
}
const buttonOf = (id, at = 0) => page.$(id).children[at].children.at(-1);

test("access: the host sees who may come in, by name where it is known", async () => {
    const now = new Date(2030, 0, 2, 9, 0);
    mock.method(Date, "now", () => now.getTime());
    const panel = openAccess({
        hasPassword: true, allowedPlayers: ["b", "x"], bans: [{ playerId: "c", reason: "rude", endsInMs: 3600e3 }, { playerId: "d", reason: "", endsInMs: null }],
        invitations: [{ playerId: "b", expiresInMs: 60e3 }, { invitation: "tok", expiresInMs: 60e3 }],
    });
    page.wait(299);
    await settled();
    panel.update(); // several changes are asked about once
    page.wait(299);
    assert.deepEqual([client.calls, texts("allow-list")], [[], []]);
    page.wait(1);
    await settled();
    assert.deepEqual(client.calls, [["access"]]);
    const at = (hours, minutes) => new Date(2030, 0, 2, hours, minutes).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    assert.deepEqual(texts("allow-list"), ["Allowed: B (b)Remove", "Allowed: xRemove"]);
    assert.deepEqual(texts("ban-list"), [`Banned: c, rude, until ${at(10, 0)}Unban`, "Banned: dUnban"]);
    assert.deepEqual(texts("invitation-list"),
        [`Invited: B (b), until ${at(9, 1)}Copy linkTake back`, `Invited: whoever has the link, until ${at(9, 1)}Copy linkTake back`]);
    assert.deepEqual(page.$("invitation-list").children.map(({ children }) => children[1].hidden), [true, false], "who is named needs no link");
    assert.deepEqual([page.text("password-state"), page.$("password-remove").hidden], ["Another password", false]);
    const take = async (id, row = 0) => {
        client.calls.length = 0;
        buttonOf(id, row).onclick();
        await settled();
        assert.deepEqual(client.calls[1], ["access"], "the lists are read anew");
        return client.calls[0];
    };
    assert.deepEqual(await take("invitation-list", 0), ["revokeInvitation", { playerId: "b" }]);
    assert.deepEqual(await take("invitation-list", 1), ["revokeInvitation", { invitation: "tok" }]);
    assert.deepEqual(await take("ban-list"), ["unban", "c"]);
    assert.deepEqual(await take("allow-list"), ["updateSettings", { allowedPlayers: ["x"] }]);
    client.entry.members = []; // who has left is still known by name
    panel.update();
    client.answers.access = { ...client.answers.access, hasPassword: false, allowedPlayers: ["b"] };
    await loaded();
    assert.deepEqual([texts("allow-list"), page.text("password-state"), page.$("password-remove").hidden],
        [["Allowed: B (b)Remove"], "Password (there is none)", true]);
});

test("access: what the host fills in is done, told, and emptied", async () => {
    openAccess({ allowedPlayers: ["x"] });
    await loaded();
    client.calls.length = 0;
    const submit = async (id, field, value) => {
        const input = page.$(id).elements[field];
        input.value = value;
        client.calls.length = 0;
        await page.submit(id);
        return [client.calls, input.value, page.text("access-said")];
    };
    assert.deepEqual(await submit("access-password", "password", " secret "), [[["setPassword", "secret"], ["access"]], "", "The password is set."]);
    assert.deepEqual(await submit("access-allow", "playerId", "y"), [[["updateSettings", { allowedPlayers: ["x", "y"] }], ["access"]], "", ""]);
    assert.deepEqual(await submit("access-ban", "playerId", "y"), [[["ban", "y"], ["access"]], "", ""]);
    client.answers.invite = { notified: true };
    assert.deepEqual(await submit("access-invite", "playerId", "y"), [[["invite", { playerId: "y" }], ["access"]], "", "Invited, and told."]);
    client.answers.invite = { notified: false };
    assert.match((await submit("access-invite", "playerId", "y"))[2], /^Invited\. They are not signed in now/);
    client.answers.invite = { invitation: "tok", expiresInMs: 5000 };
    client.calls.length = 0;
    await page.press("invite-link");
    await page.press("password-remove");
    assert.deepEqual(client.calls, [["invite", {}], ["access"], ["setPassword", ""], ["access"]]);
    client.lobby.ban = refuse("no such player");
    assert.deepEqual(await submit("access-ban", "playerId", "z"), [[], "z", "No such player."], "it stays to be mended");
});

test("access: members see their own links where they may invite, as long as they last", async () => {
    enter({ settings: { hostId: "b" } });
    const panel = openAccess();
    assert.equal(page.$("access-panel").hidden, true);
    enter({ settings: { hostId: "b", membersInvite: true } });
    panel.update();
    assert.deepEqual(["access-panel", "access-password", "access-allow", "access-ban", "allow-list", "ban-list"].map((id) => page.$(id).hidden),
        [false, true, true, true, true, true]);
    await loaded();
    assert.deepEqual(client.calls, [], "the lists are not theirs to see");
    for (const [invitation, expiresInMs] of [["t1", 5000], ["t2", 9000]]) {
        client.answers.invite = { invitation, expiresInMs };
        await page.press("invite-link");
    }
    assert.equal(texts("invitation-list").length, 2);
    assert.equal(buttonOf("invitation-list").hidden, true, "only who is in charge may take it back");
    page.wait(4999);
    panel.update();
    assert.equal(texts("invitation-list").length, 2);
    page.wait(1);
    panel.update();
    assert.equal(texts("invitation-list").length, 1);
    enter({ lobbyId: "other", settings: { hostId: "b", membersInvite: true } });
    panel.update();
    assert.deepEqual([texts("invitation-list"), page.text("access-said"), page.$("access-panel").open], [[], "", false]);
});

test("access: an answer of the lobby before changes nothing in the next", async () => {
    const panel = openAccess({ allowedPlayers: ["x"] });
    let answer;
    client.lobby.access = () => new Promise((...ways) => {
        answer = ways;
    });
    page.wait(300);
    enter({ lobbyId: "other" });
    panel.update();
    answer[0](client.answers.access);
    await settled();
    assert.deepEqual(texts("allow-list"), []);
    const fail = async (code) => {
        page.$("access-panel").open = true;
        page.$("access-panel").ontoggle();
        answer[1](Object.assign(new Error("no"), { code }));
        await settled();
        return page.text("access-said");
    };
    assert.deepEqual([await fail("connection_lost"), await fail("denied")], ["", "No."]);
    page.$("access-panel").open = false;
    client.lobby.access = () => assert.fail("it is not looked at");
    panel.update();
    await loaded();
});
