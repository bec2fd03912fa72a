// A mode without an arena: its fields and those of each player as tables, its inputs.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { drawFrame, frameCount } from "./canvas.mjs";
import { TinyClient, openPage } from "./tiny_page.mjs";

const { Board } = await import("../../../plugins/service_web/assets/board.js");

const SYNC = [
    { name: "time_left", type: "f32" }, { name: "over", type: "bool" }, { name: "leader", type: "string" },
    { name: "taps", type: "u8", per: "player" }, { name: "secret", type: "u8", per: "player" },
];

let page;
let client;
let board;
let teams;
beforeEach(() => {
    page = openPage();
    client = new TinyClient();
    client.sent = [];
    client.messages = [];
    client.sendMessage = (message) => Boolean(client.messages.push([...message]));
    teams = ["red", "blue"];
    client.sendInput = (input) => !client.isGone && Boolean(client.sent.push(input));
    client.entry = entryOf();
    board = new Board({ client, catalog: { mode: () => ({ teams }) } });
});
afterEach(() => {
    board.destroy();
    page.close();
});

const person = (seat, displayName, fields = {}) => ({ seat, displayName, team: "red", spectator: false, ...fields });
const entryOf = (fields = {}) => ({
    seat: 0, team: "blue", lobby: { state: "active" },
    members: [person(0, "Ada", { team: "blue" }), person(1, "Bob"), person(255, "Eve", { spectator: true })],
    match: { matchId: "m", tickRate: 20, seatsMax: 16, gameMode: "taps", intro: { title: "Tap race!", help: "Tap.", sync: SYNC } }, ...fields,
});
/** All of the state: [time, over, leader], taps of each seat, secrets of those that are told. */
function payloadOf([time, over, leader], taps, secrets) {
    const float = [...new Uint8Array(new Float32Array([time]).buffer)];
    const mask = (of) => [Object.keys(of).reduce((sum, seat) => sum | (1 << seat), 0), 0, 0, 0];
    const name = [leader.length, ...Buffer.from(leader)];
    return Uint8Array.from([...mask(taps), ...float, over ? 1 : 0, ...name, ...mask(taps), ...Object.values(taps),
        ...mask(secrets), ...Object.values(secrets)]);
}
function tell(shared, taps, secrets, fields = {}) {
    client.tell("snapshot", { seat: 0, ack: 0, usable: true, full: true, payload: payloadOf(shared, taps, secrets), ...fields });
    drawFrame();
}
function pass(ticks) {
    for (let i = 0; i < ticks; i++) page.wait(50);
}
const shared = () => page.$("mode-fields").children.map(({ children: [name, value] }) => [name.textContent, value.textContent]);
const rows = () => page.$("mode-rows").children.map(({ children }) => children.map(({ textContent }) => textContent));
const press = (code) => page.key("keydown", { code }, page.$("mode-board"));

test("fields are shown by what they are, players by their rows", () => {
    assert.deepEqual([page.text("mode-title"), page.text("mode-help"), page.$("mode-board").hidden], ["Tap race!", "Tap.", false]);
    assert.equal(document.activeElement, page.$("mode-board"), "it has the keys");
    drawFrame();
    assert.deepEqual(shared(), [["Time left", "0"], ["Over", "no"], ["Leader", ""]]);
    assert.deepEqual(page.$("mode-columns").children.map(({ textContent }) => textContent), ["Player", "Taps", "Secret"]);
    tell([2.5, true, "Ada"], { 0: 3, 1: 4 }, { 0: 7 });
    assert.deepEqual(shared(), [["Time left", "2.50"], ["Over", "yes"], ["Leader", "Ada"]]);
    assert.deepEqual(rows(), [["Ada", "3", "7"], ["Bob", "4", ""]], "who watches has no row, what is another's no value");
    assert.deepEqual(page.$("mode-rows").children.map(({ className, children: [name] }) => [className, name.className]),
        [["own", "blue"], ["", "red"]]);
    assert.deepEqual([page.text("mode-team"), page.$("mode-team").className], ["You play for blue", "blue"]);
    for (let i = 0; i < 3; i++) client.tell("lobby.members", {});
    assert.equal(frameCount(), 1, "drawn once a frame");
    drawFrame();
    const [, bob] = page.$("mode-rows").children;
    client.entry.members = [person(1, "Bob"), person(2, "Joan")];
    client.tell("lobby.members", {});
    drawFrame();
    assert.deepEqual([rows(), page.$("mode-rows").children[0] === bob], [[["Bob", "4", ""], ["Joan", "", ""]], true]);
    tell([1, false, ""], { 1: 5 }, {}, { usable: false });
    assert.deepEqual(rows()[0], ["Bob", "4", ""], "of no use");
    tell([1, false, ""], { 1: 5 }, {}, { seat: 255 });
    assert.deepEqual([rows()[0], page.text("mode-team"), board.isSpectator], [["Bob", "5", ""], "", true]);
});

test("one input a tick, numbered, as long as one plays", () => {
    const count = () => client.sent.length;
    pass(10);
    assert.deepEqual([count() - 1, client.sent.map(({ sequence }) => sequence)], [10, client.sent.map((_, i) => i + 1)]);
    press("Space");
    pass(1);
    assert.deepEqual([client.sent.at(-1).pressed, client.sent.at(-1).held], [1, 1]);
    client.isGone = true;
    pass(2);
    client.isGone = false;
    const { sequence } = client.sent.at(-1);
    pass(1);
    assert.equal(client.sent.at(-1).sequence, sequence + 1);
    tell([0, false, ""], {}, {}, { ack: 900 });
    pass(1);
    assert.equal(client.sent.at(-1).sequence, 901, "of before a reload");
    const made = count();
    page.freeze(60000);
    assert.ok(count() - made <= 6, `${count() - made} at once`);
    const still = (why) => {
        const before = count();
        pass(4);
        assert.equal(count(), before, why);
    };
    client.tell("match.ended", {});
    still("the match is over");
    board.resume(entryOf({ lobby: { state: "ending" } }));
    still("back while the result is shown");
    board.resume(entryOf({ seat: 255 }));
    still("who watches");
    board.resume(entryOf({ match: { ...entryOf().match, tickRate: 5 } }));
    pass(10);
    board.startMatch({ ...entryOf().match, matchId: "slow", tickRate: 5 });
    const before = count();
    pass(20);
    assert.ok(Math.abs(count() - before - 5) <= 1, "the tick is the match's");
});

test("the same match goes on after a drop, the next begins empty", () => {
    tell([2, true, "Ada"], { 0: 3, 1: 4 }, {});
    board.resume(entryOf());
    drawFrame();
    assert.deepEqual(rows(), [["Ada", "3", ""], ["Bob", "4", ""]]);
    client.entry = entryOf({ match: { matchId: "n", tickRate: 20, gameMode: "other", intro: { sync: [{ name: "laps", type: "u8" }] } } });
    board.resume(client.entry);
    drawFrame();
    assert.deepEqual([page.text("mode-title"), page.text("mode-help"), shared(), rows()], ["other", "", [["Laps", "0"]], [["Ada"], ["Bob"]]]);
    assert.deepEqual(page.$("mode-columns").children.map(({ textContent }) => textContent), ["Player"]);
    board.startMatch({ matchId: "o", tickRate: 20, gameMode: "bare", intro: null });
    drawFrame();
    assert.deepEqual([page.text("mode-title"), shared()], ["bare", []]);
    board.destroy();
    assert.deepEqual([page.$("mode-board").hidden, page.$("game").classList.contains("has-board"), frameCount()], [true, false, 0]);
    const before = client.sent.length;
    pass(10);
    client.tell("lobby.members", {});
    assert.deepEqual([client.sent.length, frameCount()], [before, 0], "nothing runs any more");
});

test("a grid is cells to press, and what the mode says is shown", () => {
    const rows = ["top", "bottom"].map((name) => ({ name, type: "string" }));
    const match = { matchId: "g", tickRate: 10, seatsMax: 2, gameMode: "grid", intro: { sync: [...rows, SYNC[1]], grid: ["top", "bottom"] } };
    board.startMatch(match);
    const text = (row) => [row.length, ...Buffer.from(row)];
    client.tell("snapshot", { seat: 0, ack: 0, usable: true, full: true, payload: Uint8Array.from([...text("x."), ...text("o "), 0]) });
    drawFrame();
    const cells = () => page.$("mode-grid").children.map(({ children }) => children);
    assert.deepEqual(cells().map((row) => row.map(({ textContent, ariaLabel }) => [textContent, ariaLabel])), [
        [["x", "Row 1, column 1: x"], ["", "Row 1, column 2: free"]], [["o", "Row 2, column 1: o"], ["", "Row 2, column 2: free"]],
    ]);
    assert.deepEqual(shared(), [["Over", "no"]], "its rows are no fields");
    assert.equal(page.$("mode-pad").hidden, true);
    cells()[1][1].onclick();
    assert.deepEqual(client.messages, [[1, 1]]);
    client.tell("match.ended", {});
    cells()[0][0].onclick();
    assert.equal(client.messages.length, 1, "it is over");
    client.tell("mod.message", { mod: "grid", data: { say: "Your turn" } });
    assert.equal(page.text("mode-said"), "Your turn");
    for (const data of [null, 1, {}, { say: 2 }]) client.tell("mod.message", { mod: "grid", data });
    assert.equal(page.text("mode-said"), "Your turn", "not for us");
    board.startMatch({ ...match, matchId: "h", intro: { sync: SYNC } });
    drawFrame();
    assert.deepEqual([cells(), page.$("mode-pad").hidden, page.text("mode-said")], [[], false, ""]);
});

test("a team of any name has a colour", () => {
    teams = ["wolves", "red", "night_watch"];
    client.entry = entryOf({ team: "night_watch", members: [person(0, "Ada", { team: "night_watch" }), person(1, "Bob", { team: "wolves" }),
        person(2, "Cid"), person(3, "Dan", { team: "none" })] });
    client.tell("lobby.members", {});
    drawFrame();
    const colours = page.$("mode-rows").children.map(({ children: [name] }) => name.className);
    assert.deepEqual(colours, ["green", "blue", "red", ""]);
    assert.deepEqual([page.text("mode-team"), page.$("mode-team").className], ["You play for night watch", "green"]);
});
