// What the numbers around the arena show, and the list of lobbies; each edge of time and number.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { TinyClient, openPage, settled } from "./tiny_page.mjs";

const { Hud } = await import("../../../plugins/service_web/assets/hud.js");
const { LobbyBrowser } = await import("../../../plugins/service_web/assets/lobbies.js");

let page;
beforeEach(() => {
    page = openPage();
});
afterEach(() => page.close());

// ---- hud ---------------------------------------------------------------------------------------

const intro = {
    killLimit: 15, timeLimit: 600, respawnTicks: 60, rifle: { cooldownTicks: 4 }, launcher: { cooldownTicks: 20 },
};
const avatar = (fields = {}) => ({ team: 1, alive: true, health: 100, weapons: 3, level: 0, ...fields });
const gameOf = (own, fields = {}) => ({
    seat: 0, isActive: true, isSpectator: false, elapsedMs: 0, input: { sticks: { move: false } },
    nameOf: (seat) => `Seat ${seat}`,
    world: { scores: { red: 3, blue: 7 }, zones: new Map(), items: new Map(), avatars: new Map([[0, own], [1, avatar({ team: 2 })]]) },
    ...fields,
});
function startHud(fields = {}) {
    const hud = new Hud();
    hud.startMatch({ tickRate: 20, intro: { ...intro, ...fields } });
    return hud;
}
const has = (id, name) => page.$(id).classList.contains(name);

test("hud: scores, health and weapons are one's own", () => {
    const hud = startHud();
    const show = (fields) => hud.update(gameOf(avatar(fields)));
    show({ team: 2, health: 36 });
    assert.deepEqual([page.text("score-red"), page.text("score-blue")], ["3", "7"]);
    assert.deepEqual([has("score-red", "own"), has("score-blue", "own")], [false, true]);
    assert.deepEqual([page.text("health-text"), page.$("health-fill").style.transform, has("health-fill", "low")],
        ["36", "scaleX(0.36)", false]);
    show({ health: 35 });
    assert.deepEqual([has("score-red", "own"), has("health-fill", "low")], [true, true]);
    show({ alive: false, health: 50 });
    assert.deepEqual([page.text("health-text"), page.$("health-fill").style.transform], ["down", "scaleX(0)"]);
    for (const [weapons, hidden] of [[1, [false, true]], [2, [true, false]], [3, [false, false]], [0, [true, true]]]) {
        show({ weapons });
        assert.deepEqual([page.$("weapon-rifle").hidden, page.$("weapon-launcher").hidden], hidden, weapons);
    }
    hud.update(gameOf(undefined));
    assert.deepEqual([page.$("vitals").hidden, has("score-red", "own")], [true, false], "who watches");
});

test("hud: the clock runs down to the limit, or up without one", () => {
    const shown = (limit, elapsedMs) => {
        startHud({ timeLimit: limit }).frame(gameOf(avatar(), { elapsedMs }));
        return page.text("clock");
    };
    assert.deepEqual([shown(600, 0), shown(600, 1000), shown(600, 700000), shown(0, 61000)],
        ["10:00", "9:59", "0:00", "1:01"]);
    assert.equal(page.text("goal"), "first to 15");
    startHud({ killLimit: 0 });
    assert.equal(page.text("goal"), "");
});

test("hud: a weapon cools down by the server's ticks", () => {
    const hud = startHud();
    const filled = (weapon) => {
        hud.frame(gameOf(avatar()));
        return page.$(`cool-${weapon}`).style.transform;
    };
    assert.equal(filled("rifle"), "scaleX(1)");
    hud.fired("rifle");
    assert.deepEqual([filled("rifle"), filled("launcher")], ["scaleX(0)", "scaleX(1)"]);
    page.wait(100);
    assert.equal(filled("rifle"), "scaleX(0.5)");
    hud.fired("rifle"); // too early to have been a shot
    assert.equal(filled("rifle"), "scaleX(0.5)");
    page.wait(80);
    hud.fired("rifle");
    assert.equal(filled("rifle"), "scaleX(0)");
    hud.fired("launcher");
    page.wait(500);
    assert.equal(filled("launcher"), "scaleX(0.5)");
});

test("hud: what stands in the centre, and when it goes", () => {
    const hud = startHud();
    const centre = (game) => {
        hud.frame(game);
        return page.text("centre");
    };
    const alive = gameOf(avatar({ team: 2 }));
    assert.equal(centre(alive), "You play for blue");
    assert.equal(page.$("centre").className, "centre-text blue");
    page.wait(2499);
    assert.equal(centre(alive), "You play for blue");
    page.wait(1);
    assert.equal(centre(alive), "");
    hud.startCountdown(2000);
    assert.equal(centre(alive), "Starts in 2");
    page.wait(1001);
    assert.equal(centre(alive), "Starts in 1");
    page.wait(999);
    assert.equal(centre(alive), "");
    const dead = gameOf(avatar({ alive: false }));
    hud.update(dead);
    assert.equal(centre(dead), "Back in 3");
    page.wait(1000);
    hud.update(dead); // the same death
    assert.equal(centre(dead), "Back in 2");
    assert.equal(centre({ ...dead, isActive: false }), "", "the match is over");
    page.wait(2000);
    assert.equal(centre(dead), "");
    page.wait(1001);
    assert.equal(centre(dead), "Out for now");
    hud.update(alive);
    assert.equal(centre(alive), "");
    const out = startHud({ respawnTicks: 0 });
    page.wait(3000);
    out.update(dead);
    out.frame(dead);
    assert.equal(page.text("centre"), "Out until the next match");
});

test("hud: the feed keeps five, for a while, and marks what is one's own", () => {
    const hud = startHud();
    const game = gameOf(avatar());
    const feed = () => page.$("feed").children.map((line) => line.textContent);
    for (let victim = 1; victim <= 6; victim++) hud.kill({ killer: 9, victim, assist: 255, weapon: 1 }, game);
    assert.equal(feed().length, 5);
    assert.equal(feed()[0], "Seat 9rifleSeat 2");
    for (const fields of [{ killer: 0 }, { victim: 0 }, { assist: 0 }]) {
        hud.kill({ killer: 1, victim: 1, assist: 255, weapon: 2, ...fields }, game);
        assert.equal(page.$("feed").children[4].className, "own", JSON.stringify(fields));
    }
    hud.kill({ killer: 1, victim: 9, assist: 255, weapon: 2 }, game);
    const [killer, tool, victim] = page.$("feed").children[4].children.map(({ className }) => className);
    assert.deepEqual([killer, tool, victim, page.$("feed").children[4].className], ["blue", "with", "", ""]);
    page.wait(5999);
    assert.equal(feed().length, 5);
    page.wait(1);
    assert.deepEqual(feed(), []);
});

test("hud: help is there for a player's first match, and goes", () => {
    const hud = startHud();
    const isHidden = (game) => {
        hud.frame(game);
        return page.$("controls").hidden;
    };
    const game = gameOf(avatar());
    assert.equal(isHidden(game), false);
    assert.equal(isHidden({ ...game, isSpectator: true }), true);
    page.wait(12000);
    assert.equal(isHidden(game), false);
    page.wait(1);
    assert.equal(isHidden(game), true);
    hud.startMatch({ tickRate: 20, intro });
    assert.equal(isHidden(game), true, "the second match");
    const thumbs = startHud();
    thumbs.frame({ ...game, input: { sticks: { move: true } } });
    assert.equal(page.$("controls").hidden, true);
});

test("hud: nothing is left for the next match", () => {
    const hud = startHud();
    const zone = { id: 1, label: "Hill", team: 1, progress: 70 };
    const game = gameOf(avatar({ alive: false }));
    game.world.zones.set(1, zone);
    hud.update(game);
    hud.fired("rifle");
    hud.startCountdown(9000);
    hud.kill({ killer: 0, victim: 1, assist: 255, weapon: 1 }, game);
    hud.frame(game);
    assert.deepEqual([page.$("objectives").hidden, page.text("objectives")], [false, "Hill: red, 70 %"]);
    hud.reset();
    assert.deepEqual(["clock", "goal", "centre", "feed", "objectives"].map(page.text), ["", "", "", "", ""]);
    assert.deepEqual([page.text("score-red"), page.text("score-blue")], ["0", "0"]);
    assert.deepEqual([has("score-red", "own"), has("score-blue", "own")], [false, false]);
    assert.deepEqual(["objectives", "vitals", "controls"].map((id) => page.$(id).hidden), [true, true, true]);
    hud.frame(gameOf(avatar(), { elapsedMs: 5000 }));
    assert.deepEqual([page.text("clock"), page.text("centre")], ["", ""], "between two matches");
    hud.startMatch({ tickRate: 20, intro });
    hud.frame(gameOf(avatar()));
    assert.equal(page.text("centre"), "You play for red", "no countdown, no death of before");
    assert.equal(page.$("cool-rifle").style.transform, "scaleX(1)");
});

test("hud: Escape leads to the buttons and back, unless something else takes it", () => {
    startHud();
    page.$("lobby").hidden = page.$("mode-board").hidden = true;
    const escape = (key = "Escape") => {
        page.key("keydown", { key });
        return document.activeElement;
    };
    document.activeElement = document.body;
    assert.equal(escape("a"), document.body);
    page.$("help-dialog").open = true;
    assert.equal(escape(), document.body);
    page.$("help-dialog").open = false;
    page.$("lobby").hidden = false;
    assert.equal(escape(), document.body);
    page.$("lobby").hidden = true;
    assert.equal(escape(), page.$("show-lobby"));
    assert.equal(escape(), page.$("canvas"));
    assert.equal(escape(), page.$("show-lobby"));
    page.$("game").hidden = true;
    assert.equal(escape(), page.$("show-lobby"));
});

test("hud: the ping of a line that is silent or gone is not shown", () => {
    const hud = startHud();
    const shown = () => ["net-ping", "bar-ping", "net-state"].map(page.text);
    hud.setLatency(42);
    assert.deepEqual(shown(), ["42 ms", "42 ms", ""]);
    hud.setSilent(true);
    assert.deepEqual(shown(), ["", "", "no signal"]);
    hud.setSilent(false);
    hud.setLatency(43);
    assert.deepEqual(shown(), ["43 ms", "43 ms", ""]);
    hud.setConnection("connecting");
    assert.deepEqual(shown(), ["", "", "connecting"]);
    hud.setLatency(44);
    hud.setConnection("online");
    assert.deepEqual(shown(), ["44 ms", "44 ms", ""]);
});

// ---- lobbies -----------------------------------------------------------------------------------

const lobby = (lobbyId, fields = {}) => ({
    lobbyId, gameMode: "arena", region: "eu", state: "waiting", currentPlayers: 1, maxPlayers: 8, settings: { mapName: "field" }, ...fields,
});

function openBrowser(t, answer, filters = []) {
    const client = new TinyClient();
    client.asked = [];
    client.listLobbies = async (filter) => {
        client.asked.push(filter);
        return answer(filter);
    };
    const catalog = {
        loads: 0, modes: [{ name: "arena", maps: ["field", "hall"] }, { name: "duel", maps: ["hall"] }], regions: ["eu", "us"],
        titleOf: (name) => name.toUpperCase(), mode: () => undefined,
        async load() {
            this.loads++;
        },
    };
    Object.assign(globalThis, { FormData: class {
        * [Symbol.iterator]() {
            yield* filters;
        }
    } });
    page.$("filters").elements = { namedItem: page.$ };
    const browser = new LobbyBrowser(client, catalog);
    t.after(() => browser.stop());
    return { client, catalog, browser };
}
const rows = () => page.$("lobby-list").children.map((line) => {
    const [words, state, seats, buttons] = line.children;
    const [watch, join] = buttons.children;
    return [...words.children, state, seats, watch, join].map(({ textContent }) => textContent).concat(join.disabled);
});

test("lobbies: a row each, and who may still come in", async (t) => {
    const all = [
        lobby("a"), lobby("b", { currentPlayers: 7 }), lobby("c", { currentPlayers: 8 }), lobby("d", { state: "ending" }),
        lobby("e", { state: "active", region: "", settings: {} }), lobby("f", { state: "starting" }), lobby("g", { state: "completed" }),
    ];
    const { browser } = openBrowser(t, () => ({ lobbies: all, nextCursor: null }));
    browser.start();
    await settled();
    assert.deepEqual(rows(), [
        ["ARENA", "field · eu", "waiting", "1 / 8", "Watch", "Join", false],
        ["ARENA", "field · eu", "waiting", "7 / 8", "Watch", "Join", false],
        ["ARENA", "field · eu", "waiting", "8 / 8", "Watch", "Full", true],
        ["ARENA", "field · eu", "ending", "1 / 8", "Watch", "Join", true],
        ["ARENA", "", "active", "1 / 8", "Watch", "Join", false],
        ["ARENA", "field · eu", "starting", "1 / 8", "Watch", "Join", false],
        ["ARENA", "field · eu", "completed", "1 / 8", "Watch", "Join", true],
    ]);
    assert.deepEqual([page.text("lobby-count"), page.$("lobby-empty").hidden, page.$("lobby-more").hidden], ["7 lobbies", true, true]);
    const options = (id) => page.$(id).children.map(({ value }) => value);
    assert.deepEqual([options("gameMode"), options("mapName"), options("region")],
        [["", "arena", "duel"], ["", "field", "hall"], ["", "eu", "us"]]);
});

test("lobbies: none and one are told as such; what is hidden is not asked for", async (t) => {
    let all = [];
    const { client, catalog, browser } = openBrowser(t, () => ({ lobbies: all, nextCursor: null }));
    browser.start();
    await settled();
    assert.deepEqual([page.text("lobby-count"), page.$("lobby-empty").hidden], ["0 lobbies", false]);
    all = [lobby("a")];
    page.wait(3999);
    assert.equal(client.asked.length, 1);
    page.wait(1);
    await settled();
    assert.deepEqual([page.text("lobby-count"), page.$("lobby-empty").hidden], ["1 lobby", true]);
    assert.equal(catalog.loads, 1);
    document.hidden = true;
    page.wait(8000);
    assert.equal(client.asked.length, 2);
    document.hidden = false;
    browser.stop();
    page.wait(8000);
    client.tell("state", { state: "online" });
    assert.equal(client.asked.length, 2, "stopped");
    browser.start();
    await settled();
    client.tell("state", { state: "connecting" });
    await settled();
    assert.equal(catalog.loads, 2);
    client.tell("state", { state: "online" });
    await settled();
    assert.deepEqual([client.asked.length, catalog.loads], [4, 3], "it may be another server");
});

test("lobbies: more pages stay, until another filter is chosen", async (t) => {
    const filters = [["gameMode", "arena"], ["region", ""], ["hasOpenSlots", "on"]];
    const pages = { first: ["a", "second"], second: ["b", "third"], third: ["c", null] };
    const { client, browser } = openBrowser(t, ({ cursor = "first" }) =>
        ({ lobbies: [lobby(pages[cursor][0])], nextCursor: pages[cursor][1] }), filters);
    browser.start();
    await settled();
    assert.deepEqual(client.asked, [{ gameMode: "arena", hasOpenSlots: true }]);
    assert.equal(page.$("lobby-more").hidden, false);
    const more = () => page.$("lobby-more").onclick({ currentTarget: page.$("lobby-more") });
    await more();
    await more();
    assert.equal(page.$("lobby-list").childElementCount, 3);
    assert.equal(page.$("lobby-more").hidden, true);
    page.wait(4000);
    await settled();
    assert.deepEqual(client.asked.slice(-3).map(({ cursor }) => cursor), [undefined, "second", "third"]);
    let isKept = false;
    page.$("filters").onsubmit({ preventDefault: () => (isKept = true) });
    assert.equal(isKept, true, "the page is not left");
    page.$("filters").onchange();
    await settled();
    assert.equal(page.$("lobby-list").childElementCount, 1);
    await more();
    browser.stop();
    browser.start();
    await settled();
    assert.equal(page.$("lobby-list").childElementCount, 1, "who comes back sees the first page");
});

test("lobbies: an older answer is dropped, a failure told once", async (t) => {
    const waiting = [];
    const { browser } = openBrowser(t, () => new Promise((...ways) => waiting.push(ways)));
    browser.start();
    await settled();
    browser.refresh();
    await settled();
    waiting[1][0]({ lobbies: [lobby("new")], nextCursor: null });
    await settled();
    waiting[0][0]({ lobbies: [], nextCursor: null });
    await settled();
    assert.equal(page.text("lobby-count"), "1 lobby");
    const fail = async (error) => {
        browser.refresh();
        await settled();
        waiting.at(-1)[1](error);
        await settled();
        return page.$("toasts").childElementCount;
    };
    assert.equal(await fail(Object.assign(new Error("gone"), { code: "connection_lost" })), 0);
    assert.equal(await fail(new Error("no")), 1);
    assert.equal(await fail(new Error("no")), 1);
    browser.refresh();
    await settled();
    waiting.at(-1)[0]({ lobbies: [], nextCursor: null });
    await settled();
    assert.equal(await fail(new Error("no")), 2, "it had been well meanwhile");
});

test("lobbies: a quick match asks for what was chosen, tells how long it takes, and can be called off", async (t) => {
    const filters = [["gameMode", ""], ["region", "eu"], ["mapName", "hall"]];
    const { client, catalog, browser } = openBrowser(t, () => ({ lobbies: [], nextCursor: null }), filters);
    let end;
    client.findMatch = ({ signal, ...wanted }) => {
        client.wanted = wanted;
        return new Promise((resolve, reject) => {
            end = { resolve, reject };
            signal.addEventListener("abort", () => reject(signal.reason));
        });
    };
    const said = () => [page.text("search-text"), page.text("search-time"), page.$("search-dialog").open];
    const searching = browser.quickMatch();
    assert.deepEqual(client.wanted, { gameMode: "arena", region: "eu", mapName: "hall" }, "the first mode, where none is chosen");
    assert.deepEqual(said(), ["Looking.", "0 s", true]);
    client.tell("match.searching", { regions: ["eu", "us"] });
    page.wait(3000);
    assert.deepEqual(said(), ["Looking in eu, us.", "3 s", true]);
    page.wait(1000);
    assert.match(said()[0], /No seat is free yet/);
    end.resolve();
    await searching;
    assert.equal(page.$("search-dialog").open, false);
    page.wait(5000);
    client.tell("match.searching", { regions: ["asia"] });
    assert.doesNotMatch(said()[0], /asia/, "the search is over");
    for (const stop of ["search-cancel", "search-dialog"]) {
        const next = browser.quickMatch();
        assert.equal(page.text("search-time"), "0 s");
        (page.$(stop).oncancel ?? page.$(stop).onclick)();
        await next;
        assert.deepEqual([page.$("search-dialog").open, page.text("toasts")], [false, ""], "called off is no failure");
    }
    filters[0][1] = "duel";
    const failing = browser.quickMatch();
    assert.equal(client.wanted.gameMode, "duel");
    end.reject(new Error("no node"));
    await failing;
    assert.equal(page.text("toasts"), "No node.");
    catalog.modes = [];
    filters[0][1] = "";
    await browser.quickMatch();
    assert.match(page.text("toasts"), /offers no game/);
});

test("lobbies: join and watch lead in, with the lobby of that row", async (t) => {
    const joined = [];
    let all = [lobby("a")];
    const { client, browser } = openBrowser(t, () => ({ lobbies: all, nextCursor: null }));
    client.joinLobby = async (...of) => joined.push(of);
    browser.start();
    await settled();
    const buttons = () => page.$("lobby-list").children[0].children[3].children;
    buttons()[1].onclick();
    await settled();
    buttons()[0].onclick();
    await settled();
    assert.deepEqual(joined, [["a", {}], ["a", { spectator: true }]]);
    document.hidden = true;
    all = [lobby("b")];
    page.wait(4000);
    await settled();
    document.hidden = false;
    assert.equal(client.asked.length, 1);
    page.key("visibilitychange", {});
    await settled();
    assert.equal(client.asked.length, 2, "who looks again sees what is there now");
    buttons()[1].onclick();
    await settled();
    assert.deepEqual(joined.at(-1), ["b", {}]);
    browser.stop();
    page.key("visibilitychange", {});
    assert.equal(client.asked.length, 2);
});
