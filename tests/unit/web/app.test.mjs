// The page as a whole, on a socket whose other end is the test: starts, seats, ends, other tabs.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { MemorySocket } from "../../kit/memory_socket.mjs";
import "./canvas.mjs";
import { openPage, settled } from "./tiny_page.mjs";

const SEAT = "muster.seat";
const AUTH = "muster.auth";
let page;
let kept; // what the browser keeps
let posts; // what REST was asked
let server; // how it answers
let serial = 0;

class Socket extends MemorySocket {
    constructor(url) {
        super(url);
        Object.assign(this.answers, { "session.ping": () => ({ serverTimeMs: Date.now() }), "mods.list": () => ({ rules: [] }),
            "lobby.list": () => ({ lobbies: [], nextCursor: null }), ...server.answers });
        if (server.isUp) setImmediate(() => this.open());
        else setImmediate(() => this.end(1006));
    }
}

beforeEach(() => {
    page = openPage();
    MemorySocket.all = [];
    kept = new Map();
    posts = [];
    server = { isUp: true, answers: { "session.authenticate": ({ token }) => ({ session: sessionOf(token), resumable: null }) } };
    document.baseURI = "https://host/";
    const localStorage = {
        getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key),
    };
    Object.assign(globalThis, {
        window: { localStorage }, WebSocket: Socket, location: { hash: "", origin: "https://host", pathname: "/", search: "" },
        history: { replaceState: () => Object.assign(location, { hash: "" }) },
        fetch: async (url, { body } = {}) => {
            if (url.endsWith("/v1/info")) return Response.json(server.info ?? { name: "Test", region: "eu", regions: ["eu"], gameModes: [MODE] });
            posts.push([url.split("/").at(-1), JSON.parse(body)]);
            return url.endsWith("logout") ? new Response(null, { status: 204 }) : Response.json(tokenOf("ada"));
        },
    });
    page.$("filters").elements.gameMode.value = "";
    for (const id of ["login-form", "register-form", "play-form"]) page.$(id).querySelector = () => page.$(`${id}-submit`);
    for (const id of ["welcome", "lobbies", "game", "banner", "lobby"]) page.$(id).hidden = true;
    page.$("preset-row").append(page.$("preset-list"));
});
afterEach(async () => {
    window.muster?.client.close();
    window.muster?.auth.stop();
    await turns(); // what that ends has ended, before time runs again
    page.close();
});

const MODE = { name: "arena", title: "Arena", maps: ["field"], settingsSchema: [] };
const sessionOf = (playerId) => ({ playerId, displayName: playerId.toUpperCase(), permissions: [], expiresAt: Date.now() / 1000 + 900 });
const tokenOf = (playerId) => ({ ...sessionOf(playerId), accessToken: playerId, refreshToken: "r", expiresIn: 900 });
const entryOf = (fields = {}) => ({
    seat: 0, team: "red", resumeToken: "resume", joinCode: "", votes: [], members: [{ playerId: "ada", displayName: "ADA", seat: 0, team: "red" }],
    lobby: { lobbyId: "l", gameMode: "arena", state: "waiting", maxPlayers: 8, settings: {} }, match: null, ...fields,
});
const MATCH = { matchId: "m", gameMode: "board", tickRate: 20, tick: 0, intro: { title: "Board" } };
const refusal = (word, data = {}) => ({ error: { code: -32000, message: word.replace("_", " "), data: { code: word, ...data } } });

async function turns() {
    for (let i = 0; i < 12; i++) await settled();
}
/** The page is opened; by who is signed in, or by nobody. */
async function open(playerId = "ada") {
    if (playerId) kept.set(AUTH, JSON.stringify({ ...tokenOf(playerId), endsAtMs: Date.now() + 900e3 }));
    let fault;
    import(`../../../plugins/service_web/assets/app.js?${++serial}`).catch((error) => {
        fault = error;
    });
    while (!window.muster && !fault) await settled(); // it is read from the disk
    assert.ifError(fault);
    await turns();
}
/** The page is read anew. */
async function again() {
    window.muster.client.close();
    window.muster.auth.stop();
    const { localStorage } = window;
    globalThis.window = { localStorage };
    await open();
}
const socket = () => MemorySocket.all.at(-1);
const called = (method) => MemorySocket.all.flatMap(({ calls }) => calls).filter((call) => call.method === method);
const screen = () => ["welcome", "lobbies", "game"].filter((id) => !page.$(id).hidden).join();
const bannerText = () => (page.$("banner").hidden ? null : page.text("banner-text"));
const toasts = () => page.$("toasts").children.map(({ textContent }) => textContent);
/** Takes a seat, with a match or before one. */
async function enter(entry = entryOf()) {
    socket().answers["lobby.enter"] = () => entry;
    await window.muster.client.enter({ seatTicket: "t" });
    await turns();
}

// ---- the start ---------------------------------------------------------------------------------

test("who is signed in comes to the lobbies, others to the form", async () => {
    await open(null);
    assert.deepEqual([screen(), MemorySocket.all.length, page.text("login-error")], ["welcome", 0, ""]);
    page.$("play-form").elements.displayName.value = "Ada";
    socketAnswersFind();
    await page.submit("play-form");
    await turns();
    assert.deepEqual([posts, called("match.find").length], [[["guest", { displayName: "Ada" }]], 1], "and wants a match at once");
    await again();
    assert.deepEqual([screen(), bannerText(), called("match.find").length], ["lobbies", null, 1]);
    assert.deepEqual([page.text("bar-player"), page.text("own-id"), page.text("bar-server")], ["ADA", "ada", "Test · eu"]);
    assert.equal(socket().url, "wss://host/ws");
});
function socketAnswersFind() {
    server.answers["match.find"] = () => ({ ticketId: "t" });
}

test("a busy server is waited for, three times and not too long", async () => {
    let tries = 0;
    let waitMs = 4000;
    server.answers["session.authenticate"] = () => refusal("rate_limited", { retryAfterMs: waitMs, times: ++tries });
    await open();
    for (let i = 1; i <= 3; i++) {
        assert.deepEqual([tries, /is busy/.test(bannerText()), screen()], [i, true, ""]);
        page.wait(3999);
        await turns();
        assert.equal(tries, i);
        page.wait(1);
        await turns();
    }
    assert.deepEqual([tries, bannerText(), screen(), page.text("login-error")], [4, null, "welcome", "Rate limited. Try again in a moment."]);
    assert.equal(page.$("connect-again").hidden, false);
    waitMs = 15001;
    await page.press("connect-again");
    await turns();
    assert.deepEqual([tries, bannerText(), screen()], [5, null, "welcome"], "that is better said");
    waitMs = 15000;
    page.press("connect-again");
    await turns();
    assert.match(bannerText(), /is busy/);
    server.answers["session.authenticate"] = ({ token }) => ({ session: sessionOf(token), resumable: null });
    page.wait(15000);
    await turns();
    assert.deepEqual([bannerText(), screen()], [null, "lobbies"]);
});

test("a start that fails half-way is told, and can be tried again", async () => {
    server.answers["mods.list"] = () => refusal("internal_error");
    await open();
    assert.deepEqual([screen(), page.text("login-error"), window.muster.client.state], ["welcome", "Internal error.", "closed"]);
    server.answers["mods.list"] = () => ({ rules: [] });
    await page.press("connect-again");
    await turns();
    assert.deepEqual([screen(), page.text("login-error")], ["lobbies", "Internal error."]);
    server.isUp = false;
    await page.press("log-out");
    await again();
    assert.deepEqual([screen(), page.text("login-error")], ["welcome", "The server does not answer."]);
});

// ---- seats -------------------------------------------------------------------------------------

const seatOf = (playerId) => kept.set(SEAT, JSON.stringify({ playerId, resumeToken: "kept", url: "wss://host/ws" }));
const resumable = (answer) => {
    server.answers["session.authenticate"] = ({ token }) => ({ session: sessionOf(token), resumable: { lobbyId: "l" } });
    server.answers["lobby.resume"] = () => answer;
};

test("a seat that is one's own is taken back", async () => {
    seatOf("ada");
    resumable(entryOf());
    await open();
    assert.deepEqual([called("lobby.resume").map(({ params }) => params), screen(), bannerText()], [[{ resumeToken: "kept" }], "game", null]);
    assert.deepEqual(JSON.parse(kept.get(SEAT)), { playerId: "ada", resumeToken: "resume", url: "wss://host/ws" });
});

test("another's seat is left alone; one on another device can be given up", async () => {
    seatOf("bob");
    resumable(entryOf());
    await open();
    assert.deepEqual([called("lobby.resume"), screen(), kept.has(SEAT)], [[], "lobbies", true]);
    assert.match(bannerText(), /another device/);
    await page.press("banner-action");
    await turns();
    assert.deepEqual([called("lobby.leave").length, bannerText()], [1, null]);
});

test("a seat that is gone is forgotten; one that cannot be asked for is not", async () => {
    seatOf("ada");
    resumable(refusal("not_found"));
    await open();
    assert.deepEqual([kept.has(SEAT), screen(), /another device/.test(bannerText())], [false, "lobbies", true]);
    seatOf("ada");
    resumable(refusal("rate_limited", { retryAfterMs: 60000 }));
    await again();
    assert.deepEqual([kept.has(SEAT), screen()], [true, "welcome"]);
});

test("a match is a board or an arena; leaving it forgets the seat and all that was said", async () => {
    await open();
    await enter();
    assert.deepEqual([screen(), window.muster.game, page.$("hud").hidden], ["game", null, true]);
    socket().notify("match.started", MATCH);
    assert.deepEqual([window.muster.game.constructor.name, page.$("hud").hidden, page.text("mode-title")], ["Board", false, "Board"]);
    const board = window.muster.game;
    socket().notify("match.started", { ...MATCH, matchId: "n", intro: { title: "Again" } });
    assert.deepEqual([window.muster.game === board, page.text("mode-title")], [true, "Again"]);
    socket().notify("lobby.chat", { playerId: "b", displayName: "Bob", text: "hi", channel: "all", team: "red" });
    socket().notify("lobby.countdown", { startsInMs: 3000 });
    assert.equal(page.$("chat-log").children.length, 1);
    page.$("clock").textContent = "9:00";
    await page.press("leave");
    await turns();
    assert.equal(page.text("clock"), "", "no number is left");
    assert.deepEqual([screen(), window.muster.game, kept.has(SEAT), page.$("chat-log").children.length], ["lobbies", null, false, 0]);
    assert.equal(called("lobby.leave").length, 1);
    assert.equal(page.$("hud").hidden, true);
});

test("who is put out is told why, and is among the lobbies", async () => {
    await open();
    await enter(entryOf({ match: MATCH, lobby: { ...entryOf().lobby, state: "active" } }));
    page.$("password-dialog").open = true;
    socket().notify("lobby.left", { reason: "kick", message: "rude" });
    assert.deepEqual([screen(), toasts(), kept.has(SEAT), window.muster.game, page.$("password-dialog").open],
        ["lobbies", ["You were removed from the lobby: rude."], false, null, false]);
    await turns();
    assert.ok(called("lobby.list").length > 1, "the list lives");
    await enter();
    socket().notify("lobby.left", { reason: "quit" });
    assert.equal(toasts().length, 1);
});

// ---- the line ----------------------------------------------------------------------------------

test("a line that drops is mended, with a word and a button", async () => {
    await open();
    await enter(entryOf({ match: MATCH, lobby: { ...entryOf().lobby, state: "active" } }));
    server.isUp = false;
    socket().end(1006);
    assert.deepEqual([bannerText(), page.text("banner-action"), page.text("net-state"), screen()],
        ["Connection lost. Coming back", "Try now", "reconnecting", "game"]);
    page.$("banner-action").onclick();
    await turns();
    assert.equal(bannerText(), "Connection lost. Coming back");
    page.$("banner-action").onclick();
    await turns();
    assert.equal(bannerText(), "Connection lost. Coming back, try 3");
    server.isUp = true;
    server.answers["lobby.resume"] = () => entryOf({ match: MATCH });
    page.key("online", {});
    await turns();
    assert.deepEqual([bannerText(), page.text("net-state"), window.muster.client.state, screen()], [null, "", "online", "game"]);
});

test("a server that stops is told with its reason, until it is there again", async () => {
    await open();
    const told = (reason) => {
        socket().notify("server.stopping", { reason });
        return toasts().at(-1);
    };
    assert.equal(told("SIGTERM"), "The server is stopping. This page comes back with it.");
    assert.equal(told(undefined), "The server is stopping. This page comes back with it.");
    assert.equal(told("maintenance"), "The server is stopping: maintenance. This page comes back with it.");
    const before = toasts().length;
    socket().end(1001);
    assert.equal(bannerText(), "The server has stopped. Waiting for it");
    page.$("banner-action").onclick();
    await turns();
    assert.deepEqual([bannerText(), toasts().length], [null, before - 1]);
    server.isUp = false;
    socket().end(1006);
    assert.match(bannerText(), /Connection lost/);
});

test("a silent line is told while the connection stands", async () => {
    await open();
    await enter(entryOf({ match: MATCH, lobby: { ...entryOf().lobby, state: "active" } }));
    page.wait(1000);
    assert.deepEqual([bannerText(), page.text("net-state")], ["Nothing comes from the server", "no signal"]);
    socket().notify("lobby.chat", { playerId: "", text: "x" });
    assert.deepEqual([bannerText(), page.text("net-state")], [null, ""]);
});

// ---- ends --------------------------------------------------------------------------------------

test("another window takes over, and gives back", async () => {
    await open();
    socket().end(4003, "replaced");
    assert.deepEqual([bannerText(), screen()], ["You are playing in another window.", "lobbies"]);
    await page.press("banner-action");
    await turns();
    assert.deepEqual([bannerText(), window.muster.client.state, screen()], [null, "online", "lobbies"]);
});

test("who is turned away reads why under the form, a ban to its end", async () => {
    await open();
    socket().end(4004, "spam");
    assert.deepEqual([screen(), page.text("login-error"), page.text("connect-again"), bannerText()],
        ["welcome", "The server has ended your session: spam.", "Try again as ADA", null]);
    await page.press("connect-again");
    await turns();
    socket().notify("session.terminated", { banned: true, reason: "cheating", endsInMs: null });
    socket().end(4004, "banned");
    assert.equal(page.text("login-error"), "You are banned for good: cheating.");
    for (const tell of [() => {}, () => socket().notify("session.terminated", { reason: "kicked" })]) {
        await page.press("connect-again");
        await turns();
        tell();
        socket().end(4004, "");
        assert.equal(page.text("login-error"), "The server has ended your session.", "that was no ban");
    }
});

test("logging out ends it all", async () => {
    await open();
    await enter();
    socket().notify("lobby.invited", { lobbyId: "x", gameMode: "arena", fromName: "Bob", expiresInMs: 9000 });
    await page.press("log-out");
    await turns();
    assert.deepEqual([screen(), posts, kept.has(AUTH), window.muster.client.state, page.$("invitations").children.length],
        ["welcome", [["logout", { refreshToken: "r" }]], false, "closed", 0]);
    assert.deepEqual([page.text("login-error"), page.$("connect-again").hidden], ["", true]);
});

// ---- other tabs --------------------------------------------------------------------------------

test("another tab's sign-in and sign-out count here; its renewal changes nothing", async () => {
    await open();
    const stored = (token) => {
        if (token) kept.set(AUTH, JSON.stringify(token));
        else kept.delete(AUTH);
        page.key("storage", {});
    };
    stored({ ...tokenOf("ada"), accessToken: "ada", refreshToken: "newer" });
    stored({ ...tokenOf("ada"), accessToken: "ada-2" });
    await turns();
    assert.deepEqual([screen(), called("session.authenticate").at(-1).params.token], ["lobbies", "ada-2"], "the session is renewed");
    stored({ ...tokenOf("bob") });
    assert.deepEqual([screen(), bannerText(), page.text("banner-action"), window.muster.client.state],
        ["welcome", "You have signed in as BOB in another tab.", "Go on as BOB", "closed"]);
    await page.press("banner-action");
    await turns();
    assert.deepEqual([screen(), page.text("bar-player"), bannerText()], ["lobbies", "BOB", null]);
    stored(null);
    assert.deepEqual([screen(), bannerText(), page.$("banner-action").hidden], ["welcome", "You have signed out in another tab.", true]);
});

// ---- links -------------------------------------------------------------------------------------

test("a link into a lobby is followed once, after the start or later", async () => {
    location.hash = "#join=ABCD&key=k";
    server.answers["lobby.joinByCode"] = () => ({ seatTicket: "t", url: "" });
    server.answers["lobby.enter"] = () => entryOf();
    await open();
    assert.deepEqual([called("lobby.joinByCode").map(({ params }) => params), screen()], [[{ code: "ABCD", secret: "k" }], "game"]);
    await page.press("lobby-leave");
    await turns();
    assert.equal(screen(), "lobbies");
    page.key("hashchange", {});
    await turns();
    assert.equal(called("lobby.joinByCode").length, 1);
    location.hash = "#join=EFGH";
    socket().answers["lobby.joinByCode"] = () => refusal("not_found");
    page.key("hashchange", {});
    await turns();
    assert.deepEqual([called("lobby.joinByCode")[1].params, screen(), toasts()], [{ code: "EFGH" }, "lobbies", ["Not found."]]);
    page.key("hashchange", {});
    await turns();
    assert.equal(called("lobby.joinByCode").length, 2, "what was refused is not tried again");
});
