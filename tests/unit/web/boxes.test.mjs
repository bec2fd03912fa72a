// What the boxes around the arena show: chat, votes, scoreboard; each edge of time and number.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Chat } from "../../../plugins/service_web/assets/chat.js";
import { COLOURS, teamColours, teamsOf } from "../../../plugins/service_web/assets/teams.js";
import { Scoreboard } from "../../../plugins/service_web/assets/scoreboard.js";
import { Votes } from "../../../plugins/service_web/assets/votes.js";
import { TinyClient, TinyElement, openPage, settled } from "./tiny_page.mjs";

let page;
let client;

beforeEach(() => {
    page = openPage();
    client = new TinyClient();
    client.entry = { seat: 0, lobby: { gameMode: "arena" }, members: [{ playerId: "b", displayName: "Bob" }] };
    client.session = { playerId: "a" };
});
afterEach(() => page.close());

const catalog = { mode: () => ({ teams: ["red", "blue"] }) };
const lines = (id) => page.$(id).children.map((line) => line.textContent);

// ---- chat --------------------------------------------------------------------------------------

function openChat(chat) {
    client.said = [];
    client.chat = chat ?? (async (...of) => client.said.push(of));
    return new Chat(client, catalog, () => client.opened = (client.opened ?? 0) + 1);
}
const write = (text) => {
    page.$("chat-text").value = text;
    page.$("chat-form").onsubmit({ preventDefault() {} });
};

test("chat: who says what, to whom", () => {
    openChat();
    const say = (line) => client.tell("lobby.chat", { displayName: "Bob", text: "hi", channel: "all", ...line });
    say({ playerId: "b", team: "red" });
    say({ playerId: "b", team: "blue", channel: "team" });
    say({ playerId: "b", team: "none" });
    say({ playerId: "", team: "red" });
    client.tell("mod.error", { mod: "koth", message: "broken" });
    assert.deepEqual(lines("chat-log"), ["Bob: hi", "Bob (team): hi", "Bob: hi", "hi", "koth: broken"]);
    const names = page.$("chat-log").children.slice(0, 4).map(({ children }) => children[0].className);
    assert.deepEqual(names, ["red", "blue", "dim", "dim"], "the server has no team's colour");
    assert.equal(page.$("chat-log").children[4].className, "warning");
});

test("chat: fifty lines are kept, and each fades after its time", () => {
    const chat = openChat();
    for (let i = 1; i <= 51; i++) chat.warn(`line ${i}`);
    assert.equal(lines("chat-log").length, 50);
    assert.deepEqual([lines("chat-log")[0], lines("chat-log")[49]], ["line 2", "line 51"]);
    const isOld = () => page.$("chat-log").children[0].classList.contains("old");
    page.wait(11999);
    assert.equal(isOld(), false);
    page.wait(1);
    assert.equal(isOld(), true);
    chat.reset();
    assert.deepEqual(lines("chat-log"), []);
});

test("chat: a line is sent once, in the channel that was chosen, and the field is empty", async () => {
    const chat = openChat();
    chat.open("team");
    assert.equal(page.text("chat-channel"), "team");
    assert.deepEqual([page.$("chat-form").hidden, page.$("chat-open").hidden, client.opened], [false, true, 1]);
    write("  to us ");
    await settled();
    assert.deepEqual(client.said, [["to us", "team"]]);
    assert.equal(page.$("chat-text").value, "");
    assert.deepEqual([page.$("chat-form").hidden, page.$("chat-open").hidden], [true, false]);
    write("   ");
    await settled();
    assert.equal(client.said.length, 1, "nothing was written");
    write("x".repeat(300));
    await settled();
    assert.equal(client.said.length, 2);
    write("x".repeat(301));
    await settled();
    assert.equal(client.said.length, 2, "too long");
    assert.match(page.text("chat-said"), /301/);
    assert.equal(page.$("chat-text").value.length, 301, "it is kept");
    page.$("chat-text").oninput();
    assert.equal(page.text("chat-said"), "");
});

test("chat: what was refused comes back, unless another lobby or line is there", async () => {
    const refuse = () => async () => {
        throw new Error("too fast");
    };
    const chat = openChat(refuse());
    chat.open("team");
    write("first");
    await settled();
    assert.equal(page.$("chat-text").value, "first");
    assert.equal(page.text("chat-channel"), "team");
    assert.equal(page.text("chat-said"), "Not sent. Too fast.");
    assert.equal(page.$("chat-form").hidden, false);
    write("second");
    page.$("chat-text").value = "third";
    await settled();
    assert.equal(page.$("chat-text").value, "third", "what is being written stays");
    assert.deepEqual(lines("chat-log"), ["Not sent: second (Too fast.)"]);
    write("fourth");
    chat.reset();
    await settled();
    assert.equal(page.$("chat-text").value, "", "of the lobby before");
});

test("chat: keys open it over the game alone", () => {
    const chat = openChat();
    page.$("mode-board").hidden = true;
    const press = (fields, target) => page.key("keydown", fields, target);
    assert.equal(press({ code: "KeyT" }), true);
    assert.equal(page.text("chat-channel"), "team");
    chat.close();
    assert.equal(press({ code: "Enter" }), true);
    assert.equal(page.text("chat-channel"), "all");
    assert.equal(press({ code: "KeyA" }), false);
    for (const held of ["ctrlKey", "metaKey", "altKey"])
        assert.equal(press({ code: "KeyT", [held]: true }), false, held);
    assert.equal(press({ code: "KeyT" }, new TinyElement("input")), false, "another field is written in");
    assert.equal(press({ code: "Enter" }, page.$("canvas")), true);
    assert.equal(press({ code: "Enter" }, page.$("lobby")), true);
    chat.open("team");
    page.$("chat-text").value = "draft";
    press({ code: "Enter" });
    assert.equal(page.text("chat-channel"), "team", "a draft keeps its channel");
    page.$("game").hidden = true;
    assert.equal(press({ code: "KeyT" }), false);
});

test("chat: Escape leads back to the game, a look elsewhere keeps what is written", () => {
    const chat = openChat();
    page.$("mode-board").hidden = true;
    const isOpen = () => !page.$("chat-form").hidden;
    const press = (key) => {
        let isTaken = false;
        page.$("chat-text").onkeydown({ key, preventDefault: () => (isTaken = true) });
        return isTaken;
    };
    page.$("chat-open").onclick();
    assert.deepEqual([isOpen(), document.activeElement], [true, page.$("chat-text")]);
    page.$("chat-text").value = "draft";
    page.$("chat-text").onblur();
    assert.deepEqual([isOpen(), press("a"), page.$("chat-text").value], [true, false, "draft"]);
    assert.deepEqual([press("Escape"), isOpen(), page.$("chat-text").value, document.activeElement], [true, false, "", page.$("canvas")]);
    chat.open("all");
    page.$("chat-text").onblur();
    assert.equal(isOpen(), false);
});

test("chat: in its own place the line stays open", () => {
    const chat = openChat();
    chat.open("team");
    chat.dock(page.$("place"));
    assert.equal(page.$("chat").parent, page.$("place"));
    assert.equal(page.text("chat-channel"), "all");
    chat.close();
    assert.equal(page.$("chat-form").hidden, false);
    chat.undock();
    assert.equal(page.$("chat").parent, page.$("hud"));
    assert.equal(page.$("chat-form").hidden, true);
    chat.dock(page.$("place"));
    page.$("chat-text").value = "half written";
    chat.undock();
    assert.deepEqual([page.$("chat-form").hidden, page.$("chat-text").value], [false, "half written"], "a draft stays in sight");
    chat.mute("You are muted.");
    assert.equal(page.text("chat-muted"), "You are muted.");
    chat.mute("");
    assert.equal(page.text("chat-muted"), "");
});

// ---- votes -------------------------------------------------------------------------------------

const vote = (fields = {}) => client.tell("lobby.vote", {
    voteId: 1, vote: "map", subject: "", options: ["yes", "no"], counts: [1, 2], needed: 3, endsInMs: 10000, ...fields,
});
const cards = () => page.$("votes").children;
const card = (at = 0) => {
    const [title, row, text] = cards()[at].children;
    return { title: title.textContent, options: row.children.map((one) => one.textContent), text: text.textContent, buttons: row.children };
};

test("votes: one card each, by what is asked", () => {
    new Votes(client);
    vote();
    vote({ voteId: 2, vote: "kick", subject: "b" });
    vote({ voteId: 3, vote: "kick", subject: "gone" });
    vote({ voteId: 4, vote: "mod", subject: "Another round?" });
    vote({ voteId: 5, vote: "pause" });
    vote({ voteId: 6, vote: "restart" });
    vote({ voteId: 7, vote: "map", subject: "hall" });
    assert.equal(card(5).title, "hall");
    assert.deepEqual([0, 1, 2, 3, 4].map((at) => card(at).title),
        ["Which map is next?", "Throw Bob out?", "gone", "Another round?", "pause"]);
    assert.equal(cards().length, 6, "restart has its place on the scoreboard");
    vote({ counts: [4, 2] });
    assert.equal(cards().length, 6);
    assert.deepEqual(card().options, ["yes4", "no2"]);
});

test("votes: time and number that is needed, to the end and its grace", () => {
    new Votes(client);
    vote();
    assert.equal(card().text, "10 s left, 3 needed");
    page.wait(1000);
    assert.equal(card().text, "9 s left, 3 needed");
    vote({ needed: 0, endsInMs: 1500 });
    assert.equal(card().text, "2 s left");
    page.wait(1500);
    assert.equal(card().text, "0 s left");
    page.wait(3000);
    assert.equal(cards().length, 1, "an end that is late is waited for");
    page.wait(250);
    assert.equal(cards().length, 0);
    assert.equal(page.isQuiet(), true);
});

test("votes: the end is told for a while, the other vote goes on", () => {
    const votes = new Votes(client);
    vote();
    vote({ voteId: 2, endsInMs: 60000 });
    client.tell("lobby.voteEnded", { voteId: 1, winner: "yes" });
    client.tell("lobby.voteEnded", { voteId: 9, winner: "yes" });
    assert.equal(card().text, "Decided: yes.");
    assert.deepEqual(card().buttons.map(({ disabled }) => disabled), [true, true]);
    assert.deepEqual(card(1).buttons.map(({ disabled }) => disabled), [undefined, undefined]);
    page.wait(4999);
    assert.equal(card().text, "Decided: yes.", "time does not write over it");
    page.wait(1);
    assert.equal(cards().length, 1);
    client.tell("lobby.voteEnded", { voteId: 2, winner: null });
    assert.equal(card().text, "No decision.");
    votes.reset();
    vote({ voteId: 2, endsInMs: 60000 }); // of another lobby
    page.wait(5000);
    assert.equal(cards().length, 1, "the end was another vote's");
});

test("votes: the own choice is marked when it has been taken", async () => {
    const cast = [];
    client.lobby = { castVote: async (...of) => cast.push(of) };
    const votes = new Votes(client);
    vote();
    const pressed = () => card().buttons.map(({ attributes }) => attributes["aria-pressed"]);
    assert.deepEqual(pressed(), ["false", "false"]);
    await card().buttons[1].onclick();
    assert.deepEqual(cast, [[1, "no"]]);
    assert.deepEqual(pressed(), ["false", "true"]);
    await card().buttons[0].onclick();
    assert.deepEqual(pressed(), ["true", "false"]);
    client.lobby.castVote = async () => {
        throw new Error("no");
    };
    await card().buttons[1].onclick();
    assert.deepEqual(pressed(), ["true", "false"], "refused");
    votes.reset();
    assert.equal(cards().length, 0);
});

test("votes: who watches sees how it stands, and has no buttons", () => {
    client.entry.seat = 255;
    new Votes(client);
    vote();
    assert.deepEqual(card().buttons.map(({ hidden }) => hidden), [true, true]);
    assert.equal(card().text, "yes 1, no 2. 10 s left, 3 needed");
});

// ---- scoreboard --------------------------------------------------------------------------------

const row = (playerId, team, score, more = {}) => ({
    playerId, displayName: playerId.toUpperCase(), team, score, kills: 0, deaths: 0, assists: 0, pingMs: 5, ...more,
});
const table = (at) => {
    const [caption, , body] = page.$("board-tables").children[at].children;
    return { caption: caption.textContent, rows: body.children };
};
const cellsOf = (line) => line.children.map(({ textContent }) => textContent);
const ended = (results = {}) => client.tell("match.ended", {
    scoreboardMs: 10000,
    results: {
        winner: { team: "red" }, placements: [], reason: "score_limit", duration: 61, playerStats: [],
        finalScores: { red: 3, blue: 1 }, ...results,
    },
});

test("scoreboard: teams apart, the best first, each column its own", () => {
    new Scoreboard(client, catalog);
    ended({ playerStats: [
        row("a", "red", 1, { kills: 1 }), row("b", "blue", 9, { isBot: true }),
        row("c", "red", 1, { kills: 2, deaths: 3, assists: 4, connected: false, pingMs: null }), row("d", "red", 5),
    ] });
    assert.deepEqual([table(0).caption, table(1).caption], ["Red  3", "Blue  1"]);
    assert.deepEqual(table(0).rows.map(cellsOf), [
        ["D", "0", "0", "0", "5", "5"], ["C (away)", "2", "3", "4", "1", ""], ["A", "1", "0", "0", "1", "5"],
    ]);
    assert.deepEqual(table(1).rows.map(cellsOf), [["B", "0", "0", "0", "9", "bot"]]);
    assert.deepEqual(table(0).rows.map(({ classList }) => classList.contains("own")), [false, false, true]);
    assert.deepEqual(table(0).rows.map(({ classList }) => classList.contains("out")), [false, true, false]);
    assert.equal(page.$("board-tables").children[0].classList.contains("no-ping"), true);
});

test("scoreboard: who has won, and why", () => {
    new Scoreboard(client, catalog);
    const told = (results) => {
        ended(results);
        return [page.text("board-title"), page.$("board-title").className, page.text("board-text")];
    };
    assert.deepEqual(told({}), ["Red wins", "title-red", "score limit reached, 1:01 played"]);
    assert.deepEqual(told({ winner: { team: "blue" }, reason: "forfeit" }), ["Blue wins", "title-blue", "the other team has left, 1:01 played"]);
    assert.deepEqual(told({ winner: null, reason: "time_limit" }), ["Draw", "", "time is up, 1:01 played"]);
    assert.match(told({ reason: "elimination" })[2], /^the other team is out,/);
    assert.match(told({ reason: "aborted" })[2], /^the match was stopped,/);
    assert.match(told({ reason: "of_a_mod" })[2], /^of a mod,/);
    assert.equal(told({ disturbed: [{ cause: "stall", times: 2, ms: 900, tick: 7 }, { cause: "crash", times: 1, ms: 700, tick: 9 }] })[2],
        "score limit reached, 1:01 played. The server stood still and crashed: this match counts against nobody.");
    assert.match(told({ disturbed: [{ cause: "flood" }] })[2], /The server had a fault \(flood\): /);
    client.tell("match.started", {});
    page.$("vote-left").textContent = "of the next";
    page.wait(1000);
    assert.equal(page.text("vote-left"), "of the next", "nobody counts on");
    assert.deepEqual([page.text("board-title"), page.$("board-title").className, page.text("board-text")], ["Scoreboard", "", ""]);
    assert.equal(page.$("scoreboard").hidden, true);
    assert.equal(table(0).caption, "Red  0");
});

test("scoreboard: without teams one table by place, with what the mode counts", () => {
    new Scoreboard(client, catalog);
    const heads = () => cellsOf(page.$("board-tables").children[0].children[0].children[0]);
    const lines = () => page.$("board-tables").children[0].children[1].children.map(cellsOf);
    const alone = { finalScores: {}, reason: "forfeit", winner: { playerId: "b", displayName: "B" } };
    ended({
        ...alone, placements: [["b", 1], ["a", 2], ["c", 2]].map(([playerId, place]) => ({ playerId, place })),
        playerStats: [["a", 2], ["b", 2], ["c", 1]].map(([id, wins]) => row(id, "none", 4, { stats: { wins, own_goals: 1 } })),
    });
    assert.deepEqual([page.text("board-title"), page.$("board-title").className, page.text("board-text")],
        ["B wins", "", "the others have left, 1:01 played"]);
    assert.deepEqual(heads(), ["Player", "Place", "Wins", "Own goals", "Score", "Ping"]);
    assert.deepEqual(lines(), [["B", "1", "2", "1", "4", "5"], ["A", "2", "2", "1", "4", "5"], ["C", "2", "1", "1", "4", "5"]]);
    ended({ ...alone, winner: null, playerStats: [row("a", "none", 1, { kills: 1, stats: { wins: 0 } })] });
    assert.equal(page.text("board-title"), "Draw");
    assert.deepEqual(heads(), ["Player", "Place", "K", "D", "A", "Wins", "Score", "Ping"]);
    ended();
    assert.equal(page.$("board-tables").children.length, 2, "teams again");
});

test("scoreboard: a table for each team of the mode, in its colour", () => {
    new Scoreboard(client, catalog);
    ended({
        winner: { team: "night_watch" }, finalScores: { green: 1, wolves: 2, night_watch: 3 },
        playerStats: [row("a", "wolves", 1), row("b", "none", 2)],
    });
    assert.deepEqual([page.text("board-title"), page.$("board-title").className], ["Night watch wins", "title-blue"]);
    const captions = page.$("board-tables").children.map(({ children: [caption, , body] }) =>
        [caption.textContent, caption.className, body.childElementCount]);
    assert.deepEqual(captions, [["Green  1", "green", 0], ["Wolves  2", "red", 1], ["Night watch  3", "blue", 0]]);
    assert.equal(page.$("board-tables").classList.contains("many"), true);
});

test("teams: each has a colour of its own, by its name where that is one", () => {
    const names = Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? COLOURS[15 - i] : `team_${i}`));
    const colours = teamColours(names);
    assert.equal(new Set(colours.values()).size, 16);
    assert.deepEqual(names.filter((name) => COLOURS.includes(name)).map((name) => colours.get(name)),
        names.filter((name) => COLOURS.includes(name)));
    assert.deepEqual([[...teamColours([])], teamsOf({ teams: [] }), teamsOf(undefined)], [[], [], ["red", "blue"]]);
});

test("scoreboard: the vote for another match, and how long it lasts", async () => {
    const said = [];
    client.voteRestart = async (choice) => said.push(choice);
    new Scoreboard(client, catalog);
    ended();
    assert.deepEqual([page.$("vote").hidden, page.text("vote-left"), page.text("vote-tally")], [false, "10 s left", ""]);
    client.tell("lobby.vote", { vote: "map", yes: 9, no: 9, needed: 9, endsInMs: 1 });
    assert.equal(page.text("vote-tally"), "", "another vote");
    client.tell("lobby.vote", { vote: "restart", yes: 1, no: 2, needed: 3, endsInMs: 7500 });
    assert.deepEqual([page.text("vote-tally"), page.text("vote-left")], ["1 yes, 2 no (3 needed)", "8 s left"]);
    page.wait(7500);
    assert.equal(page.text("vote-left"), "0 s left");
    assert.equal(page.isQuiet(), true);
    await page.$("vote-no").onclick({ currentTarget: page.$("vote-no") });
    assert.deepEqual(said, [false]);
    const pressed = () => ["vote-yes", "vote-no"].map((id) => page.$(id).attributes["aria-pressed"]);
    assert.deepEqual(pressed(), ["false", "true"]);
    await page.$("vote-yes").onclick({ currentTarget: page.$("vote-yes") });
    assert.deepEqual(pressed(), ["true", "false"]);
    ended();
    assert.deepEqual(pressed(), ["false", "false"], "asked anew");
    client.entry.seat = 255;
    ended();
    assert.equal(page.$("vote").hidden, true, "who watches has no say");
});

test("scoreboard: shown while Tab is held, and kept fresh", async () => {
    let asked = 0;
    client.scoreboard = async () => {
        asked++;
        return { elapsedMs: 65000, rows: [row("a", "red", asked)], teamScores: { red: 2, blue: 0 } };
    };
    const board = new Scoreboard(client, catalog);
    board.reset();
    page.$("lobby").hidden = true;
    const tab = (type, fields = {}, target) => page.key(type, { code: "Tab", ...fields }, target);
    assert.equal(tab("keydown", { shiftKey: true }), false);
    assert.equal(tab("keydown", { repeat: true }), false);
    assert.equal(tab("keydown", {}, new TinyElement("button")), false);
    assert.equal(page.$("scoreboard").hidden, true);
    assert.equal(tab("keydown"), true);
    await settled();
    assert.deepEqual([page.$("scoreboard").hidden, page.$("vote").hidden, asked], [false, true, 1]);
    assert.equal(page.text("board-text"), "1:05");
    assert.equal(page.$("board-tables").children[0].classList.contains("no-ping"), false);
    page.wait(1000);
    await settled();
    assert.equal(asked, 2);
    assert.equal(cellsOf(table(0).rows[0])[4], "2");
    assert.equal(tab("keyup"), true);
    assert.equal(page.$("scoreboard").hidden, true);
    page.wait(5000);
    assert.equal(asked, 2, "nobody looks");
    tab("keydown");
    await settled();
    assert.equal(asked, 3);
    ended();
    assert.equal(tab("keydown"), false, "at the end there are buttons to reach");
    assert.equal(page.$("scoreboard").hidden, false);
    page.wait(2000);
    assert.equal(asked, 3);
});

test("scoreboard: an answer that comes too late is not shown; a failure is told once", async () => {
    let answer;
    client.scoreboard = () => new Promise((...ways) => {
        answer = ways;
    });
    const board = new Scoreboard(client, catalog);
    page.$("lobby").hidden = true;
    const look = (type) => page.key(type, { code: "Tab" });
    const late = { elapsedMs: 65000, rows: [row("z", "red", 1)], teamScores: { red: 9, blue: 9 } };
    board.reset();
    look("keydown");
    ended();
    answer[0](late);
    await settled();
    assert.deepEqual([table(0).caption, page.text("board-text")], ["Red  3", "score limit reached, 1:01 played"]);
    board.reset();
    look("keydown");
    look("keyup");
    answer[0](late);
    await settled();
    assert.equal(table(0).caption, "Red  0", "nobody looks");
    const fail = async (code) => {
        look("keydown");
        answer[1](Object.assign(new Error("no"), { code }));
        await settled();
        page.wait(3000);
        return page.text("toasts");
    };
    assert.deepEqual([await fail("connection_lost"), await fail("denied")], ["", "No."]);
    page.$("scoreboard").hidden = false;
    page.key("blur", {});
    assert.equal(page.$("scoreboard").hidden, true, "the key is let go elsewhere");
});
