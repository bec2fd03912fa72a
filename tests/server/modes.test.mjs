// Modes in Lua that own everything, through the wire: what each client sees of them, what becomes
// of them when their script fails, is stopped or reloaded, and the same again from the recording.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { SyncState } from "../../sdk/js/index.js";
import { eventually } from "../kit/harness.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";
import { modLines, startModServer } from "../kit/mods.mjs";
import { playAgain } from "../kit/recording.mjs";

const MODE = { kind: "mode" };
const PRESS = 1;

/** A client that keeps what a mode tells it. */
class Player {
    sequence = 0;
    payloads = []; // {full, bytes}
    lines = [];
    errors = [];
    told = []; // data of each mod.message

    constructor(client) {
        this.client = client;
        client.on("match.started", (match) => this.begin(match));
        client.on("entered", ({ entry }) => entry.match && this.begin(entry.match));
        client.on("snapshot", (snapshot) => this.take(snapshot));
        client.on("lobby.chat", ({ text }) => this.lines.push(text));
        client.on("mod.error", (error) => this.errors.push(error));
        client.on("mod.message", ({ data }) => this.told.push(data));
        client.on("match.ended", (ended) => (this.ended = ended));
    }

    begin(match) {
        this.match = match;
        this.state = match.intro.sync ? new SyncState(match.intro.sync, match.seatsMax) : null;
    }

    take({ usable, full, payload }) {
        if (!usable || !this.match) return;
        this.payloads.push({ full, bytes: [...payload] });
        this.state?.apply(payload, full);
    }

    field(name) {
        return this.state?.fields.get(name);
    }

    row(seat) {
        return Object.fromEntries(this.state?.players.get(seat) ?? []);
    }

    press(pressed = PRESS) {
        const none = { held: 0, aim: 0, moveX: 0, moveY: 0 };
        this.client.sendInput({ ...none, sequence: ++this.sequence, pressed });
    }
}

async function connect(t, server, name) {
    return new Player((await connectPlayer(t, server, { name })).client);
}

/** A match of two, ann on red and bob on blue. */
async function play(t, server, gameMode, settings = {}) {
    const [ann, bob] = [await connect(t, server, "ann"), await connect(t, server, "bob")];
    const { lobby } = await ann.client.createLobby({ gameMode, settings });
    await ann.client.setTeam("red");
    await bob.client.joinLobby(lobby.lobbyId, { team: "blue" });
    await eventually("the match", () => ann.payloads.length > 0 && bob.payloads.length > 0);
    return { ann, bob, lobbyId: lobby.lobbyId };
}

test("tug of war, to its end", async (t) => {
    const server = await startModServer(t, {});
    const { ann, bob } = await play(t, server, "tug_of_war", { reach: 5 });
    assert.equal(ann.match.intro.title, "Tug of War");
    assert.match(ann.match.intro.help, /Press the button/);
    assert.equal(ann.match.intro.reach, 5);
    bob.press();
    await eventually("bob's pull", () => ann.field("rope") === 1);
    assert.deepEqual([ann.row(0), ann.row(1)], [{ pulls: 0 }, { pulls: 1 }]);
    assert.ok(ann.field("seconds_left") > 50);
    for (let n = 1; n <= 6; n++) {
        ann.press();
        await eventually(`pull ${n}`, () => bob.row(0).pulls === n || bob.ended);
    }
    await eventually("the end", () => bob.ended);
    const { winningTeam, reason, finalScores } = bob.ended.results;
    assert.deepEqual([winningTeam, reason, finalScores], ["red", "score_limit", { red: 6, blue: 1 }]);
    assert.deepEqual(ann.state, bob.state);
    assert.equal(ann.payloads.filter(({ full }) => full).length, 1, "one full one, then deltas");
    await playAgain(server);
});

test("a team takes as many as its mode says, from the host as well", async (t) => {
    const manifest = {
        ...MODE, peopleMax: 8, maxPlayers: 8, minPlayers: 2, victories: [], tickRate: 10,
        snapshotMaxBytes: 256, teams: ["north", { name: "east", maxPlayers: 2 }, "west"],
    };
    const files = { "init.lua": "return {init = function() return {} end}" };
    const server = await startModServer(t, { compass: { manifest, files } });
    const people = [];
    for (const name of ["ann", "bob", "cid", "dan"]) people.push(await connect(t, server, name));
    const [ann, bob, cid, dan] = people.map(({ client }) => client);
    const settings = { startWhen: "host", teamBalance: false };
    const { lobby } = await ann.createLobby({ gameMode: "compass", settings });
    for (const client of [bob, cid, dan]) await client.joinLobby(lobby.lobbyId);
    await ann.setTeam("east");
    const put = (who) => ann.call("lobby.setTeam", { team: "east", playerId: who.session.playerId });
    await put(bob);
    await bob.setTeam("east"); // again is legal
    const full = /the team east is full: 2 players/;
    assert.match((await refused(cid.setTeam("east"), "lobby_full")).message, full);
    assert.match((await refused(put(dan), "lobby_full")).message, full);
    await bob.setTeam("west");
    await put(dan);
    await ann.call("lobby.start");
    await eventually("the match", () => people.every(({ match }) => match));
    const { rows } = await ann.scoreboard();
    const inEast = rows.filter(({ team }) => team === "east").map(({ playerId }) => playerId);
    assert.deepEqual(inEast.sort(), [ann.session.playerId, dan.session.playerId].sort());
});

test("tic-tac-toe, turn by turn, to its end", async (t) => {
    const server = await startModServer(t, {});
    const [ann, bob] = [await connect(t, server, "ann"), await connect(t, server, "bob")];
    const settings = { rounds: 1, turnSeconds: 600 };
    const { lobby } = await ann.client.createLobby({ gameMode: "tic_tac_toe", settings });
    await bob.client.joinLobby(lobby.lobbyId);
    const board = ({ state }) => ["top", "middle", "bottom"].map((row) => state?.fields.get(row)).join("/");
    const put = (player, ...bytes) => player.client.sendMessage(Uint8Array.from(bytes));
    const moveTo = async (player, column, row, seen) => {
        await eventually("the turn", () => player.row(player.client.entry.seat).turn);
        put(player, column, row);
        await eventually(seen, () => board(ann) === seen && board(bob) === seen);
    };
    await eventually("the first round", () => ann.field("round") === 1 && bob.field("round") === 1);
    assert.deepEqual([ann.row(0).mark, ann.row(1).mark], ["x", "o"]);
    put(bob, 1, 1);
    await eventually("why not", () => bob.told.length === 1);
    assert.deepEqual(bob.told, [{ say: "It is not your turn." }]);
    for (const strange of [[0], [3, 0], [0, 255], [0, 0, 0]]) put(ann, ...strange);
    await moveTo(ann, 0, 0, "x../.../...");
    await eventually("the turn", () => bob.row(1).turn);
    put(bob, 0, 0);
    await eventually("why not", () => bob.told.length === 2);
    assert.deepEqual(bob.told[1], { say: "That field is taken." });
    await moveTo(bob, 0, 1, "x../o../...");
    await moveTo(ann, 1, 0, "xx./o../...");
    await moveTo(bob, 1, 1, "xx./oo./...");
    await moveTo(ann, 2, 0, "xxx/oo./...");
    await eventually("the end", () => ann.ended && bob.ended);
    assert.deepEqual(ann.told, [{ say: "ann wins the round" }]);
    const { winningTeam, winner, reason, placements, playerStats, finalScores } = bob.ended.results;
    assert.deepEqual([winningTeam, winner.displayName, reason, finalScores], ["none", "ann", "all_played", {}]);
    assert.deepEqual(placements.map(({ playerId, place }) => [playerId, place]),
        [[ann.client.session.playerId, 1], [bob.client.session.playerId, 2]]);
    assert.deepEqual(playerStats.map(({ displayName, score, stats }) => [displayName, score, stats]),
        [["ann", 2, { wins: 1, draws: 0 }], ["bob", 0, { wins: 0, draws: 0 }]]);
    await playAgain(server);
});

const CARDS = `
    local mode = {}
    mode.sync = {
        {name = "round", type = "u8"},
        {name = "plan", type = "string", per = "player", visible = "team"},
        {name = "card", type = "u8", per = "player", visible = "owner"},
    }
    function mode.init() return {round = 0} end
    function mode.join(state, player)
        if player:name() == "eve" then return "eve plays no cards" end
        sync.set("plan", "of " .. player:name(), player)
        sync.set("card", 10 + player:seat(), player)
    end
    function mode.leave(state, player, reason) sync.set("round", 100) end
    function mode.connection(state, player, connected)
        sync.set("plan", connected and "back" or "away", player)
    end
    function mode.input(state, player, held, pressed, aim, move_x, move_y)
        if pressed == 0 then return end
        state.round = state.round + 1
        sync.set("round", state.round)
        sync.set("card", sync.get("card", player) + 10, player)
    end
    return mode`;

test("each sees what is theirs, and who comes and goes", async (t) => {
    const cards = { manifest: MODE, files: { "init.lua": CARDS } };
    const server = await startModServer(t, { cards });
    const { ann, bob, lobbyId } = await play(t, server, "cards");
    const cid = await connect(t, server, "cid");
    const watcher = await connect(t, server, "watcher");
    const eve = await connect(t, server, "eve");
    await cid.client.joinLobby(lobbyId, { team: "red" });
    await watcher.client.joinLobby(lobbyId, { spectator: true });
    await assert.rejects(eve.client.joinLobby(lobbyId), { code: "denied" });
    await eventually("all of them", () => cid.state?.players.size === 3 && watcher.state?.players.size === 3);
    await eventually("cid, in a delta", () => ann.row(2).plan === "of cid");
    assert.deepEqual(ann.row(0), { plan: "of ann", card: 10 });
    assert.deepEqual([ann.row(1), ann.row(2)], [{}, { plan: "of cid" }]);
    assert.deepEqual([bob.row(0), bob.row(1), bob.row(2)], [{}, { plan: "of bob", card: 11 }, {}]);
    assert.deepEqual([cid.row(0), cid.row(2)], [{ plan: "of ann" }, { plan: "of cid", card: 12 }]);
    for (const seat of [0, 1, 2]) assert.deepEqual(watcher.row(seat), {});
    bob.press();
    await eventually("the round", () => watcher.field("round") === 1 && bob.row(1).card === 21);
    assert.deepEqual(ann.row(1), {});
    const whole = structuredClone(bob.state.players);
    const { length } = bob.payloads;
    await bob.client.resync();
    await eventually("a full one", () => bob.payloads.slice(length).some(({ full }) => full));
    assert.deepEqual(bob.state.players, whole);
    ann.client.close(); // her seat is kept for her
    await eventually("ann's connection", () => cid.row(0).plan === "away");
    await cid.client.leave();
    await eventually("cid has left", () => bob.state.players.size === 2 && bob.field("round") === 100);
    await playAgain(server);
});

const PACKED = `
    local mode = {private = true}
    local cells = 3
    function mode.init() return {board = {0, 0, 0}, changed = {}} end
    function mode.input(state, player, held, pressed)
        if pressed == 0 or pressed > cells then return end
        state.board[pressed] = state.board[pressed] + 1
        state.changed[#state.changed + 1] = pressed
    end
    function mode.tick(state) state.told, state.changed = state.changed, {} end
    function mode.snapshot(state, out, full, viewer)
        out:u8(viewer and viewer:seat() or 99)
        if full then
            for i = 1, cells do out:u16(state.board[i]) end
            out:u32(0x01020304)
            out:i8(-2)
            out:i32(-3)
            out:bytes("end")
            return
        end
        for _, i in ipairs(state.told) do
            out:bits(1, 1)
            out:bits(i, 2)
            out:i16(-state.board[i])
        end
    end
    function mode.intro(state) return {cells = cells, title = "Cells"} end
    return mode`;

test("a mode that packs its own bytes", async (t) => {
    const cells = { manifest: { ...MODE, snapshotMaxBytes: 64 }, files: { "init.lua": PACKED } };
    const server = await startModServer(t, { cells });
    const { ann, bob, lobbyId } = await play(t, server, "cells");
    assert.deepEqual(ann.match.intro, { cells: 3, title: "Cells", help: "" });
    const END = [4, 3, 2, 1, 0xfe, 0xfd, 0xff, 0xff, 0xff, ...Buffer.from("end")];
    assert.deepEqual(ann.payloads[0], { full: true, bytes: [0, 0, 0, 0, 0, 0, 0, ...END] });
    bob.press(2);
    const told = ({ payloads }) => payloads.find(({ full, bytes }) => !full && bytes.length > 1);
    await eventually("both deltas", () => told(ann) && told(bob));
    assert.deepEqual(told(ann).bytes, [0, 5, 0xff, 0xff]);
    assert.deepEqual(told(bob).bytes, [1, 5, 0xff, 0xff]);
    const watcher = await connect(t, server, "watcher");
    await watcher.client.joinLobby(lobbyId, { spectator: true });
    await eventually("the spectator's", () => watcher.payloads.length > 3);
    assert.deepEqual(watcher.payloads[0], { full: true, bytes: [99, 0, 0, 1, 0, 0, 0, ...END] });
    assert.deepEqual(watcher.payloads[1], { full: false, bytes: [99] });
    await playAgain(server);
});

test("an input that fails keeps nobody else's from being taken", async (t) => {
    const picky = {
        manifest: MODE,
        files: {
            "init.lua": `
                local mode = {sync = {{name = "sum", type = "u16"}, {name = "ticks", type = "u32"}}}
                function mode.init() return {sum = 0, ticks = 0} end
                function mode.input(state, player, held, pressed)
                    if pressed == 8 then error("not this button") end
                    state.sum = state.sum + pressed
                    sync.set("sum", state.sum)
                end
                function mode.tick(state)
                    state.ticks = state.ticks + 1
                    sync.set("ticks", state.ticks)
                end
                return mode`,
        },
    };
    const server = await startModServer(t, { picky });
    const { ann, bob } = await play(t, server, "picky");
    ann.press(8);
    bob.press(2);
    await eventually("bob's", () => ann.field("sum") === 2);
    await eventually("the report", () => ann.errors.length === 1);
    assert.match(ann.errors[0].message, /picky\/init\.lua:5: not this button/);
    await eventually("its frames", () => /picky\/init\.lua:5: in \w+/.test(modLines(server).join("\n")));
    const ticks = ann.field("ticks");
    await eventually("the ticks go on", () => ann.field("ticks") > ticks + 5);
    await playAgain(server);
});

/** Counts presses of button 1; 2, 4 and 8 make it run on and on, each in a line of its own. */
const counter = (more = "", sync = "") => `
    local mode = {sync = {
        {name = "count", type = "u16"}, {name = "noise", type = "u16"},
        {name = "mine", type = "u8", per = "player"}, ${sync}
    }}
    function mode.init()
        sync.set("noise", 7)
        return {count = 0, joined = 0}
    end
    function mode.join(state) state.joined = state.joined + 1 end
    function mode.input(state, player, held, pressed)
        if pressed == 1 then
            state.count = state.count + 1
            sync.set("count", state.count)
            sync.set("mine", sync.get("mine", player) + 1, player)
        elseif pressed > 1 then
            sync.set("noise", 1000)
            while pressed == 2 do end
            while pressed == 4 do end
            while pressed == 8 do end
        end
    end
    function mode.tick(state) ${more} end
    command.register{name = "who", fn = function() return "%" end}
    return mode`;

test("stopped, the mode begins anew where it was; the third time the match ends", async (t) => {
    const count = { manifest: MODE, files: { "init.lua": counter() } };
    const server = await startModServer(t, { count });
    const { ann, bob } = await play(t, server, "count");
    const agree = () => assert.deepEqual(ann.state, bob.state);
    bob.press();
    await eventually("a press", () => ann.field("count") === 1);
    const kept = ann.payloads.length;
    await eventually("a second, in which it is kept", () => ann.payloads.length > kept + 30);
    for (let stops = 1; stops <= 2; stops++) {
        ann.press(2 ** stops);
        await eventually(`stop ${stops}`, () => ann.errors.length >= stops);
        bob.press();
        await eventually("a press afterwards", () => ann.field("count") === 1 + stops);
        assert.equal(ann.field("noise"), 7, "as it was when the state was kept");
        assert.equal(ann.row(1).mine, 1 + stops);
        agree();
        const ticks = ann.payloads.length;
        await eventually("it is kept again", () => ann.payloads.length > ticks + 30);
    }
    ann.press(8);
    await eventually("the end", () => bob.ended);
    assert.deepEqual([bob.ended.results.winningTeam, bob.ended.results.reason], ["draw", "aborted"]);
    agree();
    await playAgain(server);
});

test("reload: clients read on, and other fields wait for the next match", async (t) => {
    const count = { manifest: MODE, files: { "init.lua": counter() } };
    const server = await startModServer(t, { count });
    const { ann, bob } = await play(t, server, "count");
    const reload = async (text) => {
        await writeFile(path.join(server.modDir, "count/init.lua"), text);
        return server.admin("mods reload count");
    };
    bob.press();
    await eventually("a press", () => ann.field("count") === 1);
    assert.match(await reload(counter("sync.set('noise', state.count + 40)")), /^count reloaded/);
    await eventually("the new code", () => ann.field("noise") === 41);
    assert.deepEqual([ann.field("count"), ann.row(1).mine], [1, 1]);
    assert.match(await reload(counter("", `{name = "more", type = "u8"}`)), /^count reloaded/);
    await eventually("the report", () => ann.errors.some(({ message }) => /cannot change/.test(message)));
    bob.press();
    await eventually("the code before", () => ann.field("noise") === 42 && bob.field("noise") === 42);
    assert.deepEqual(ann.state, bob.state);
    assert.equal(ann.payloads.filter(({ full }) => full).length, 1);
    await playAgain(server);
});

test("a mode that does not start ends its match at once", async (t) => {
    const moody = {
        manifest: MODE,
        files: {
            "init.lua": `
                local mode = {}
                function mode.init() if match.setting("killLimit") == 7 then error("not today") end end
                return mode`,
        },
    };
    const server = await startModServer(t, { moody });
    const ann = await connect(t, server, "ann");
    const bob = await connect(t, server, "bob");
    const { lobby } = await ann.client.createLobby({ gameMode: "moody", settings: { killLimit: 7 } });
    await bob.client.joinLobby(lobby.lobbyId);
    await eventually("the end", () => bob.ended);
    assert.equal(bob.ended.results.reason, "aborted");
    await playAgain(server);
});

test("what a mode declares wrongly is told, and the mode is not there", async (t) => {
    const wrong = (text) => ({ manifest: MODE, files: { "init.lua": text } });
    const server = await startModServer(t, {
        typed: wrong("return {sync = {{name = 'a', type = 'u64'}}}"),
        both: wrong("return {sync = {{name = 'a', type = 'u8'}}, snapshot = function() end}"),
        alone: wrong("return {private = true}"),
        large: {
            manifest: { ...MODE, snapshotMaxBytes: 64 },
            files: { "init.lua": "return {sync = {{name = 'a', type = 'string', per = 'player'}}}" },
        },
        none: wrong("local mode = {}"),
    });
    const output = modLines(server).join("\n");
    assert.match(output, /typed.*mode\.sync\[1\]\.type: expected bool, u8, .*found .?"u64/);
    assert.match(output, /both.*mode\.sync or .*mode\.snapshot, not both/);
    assert.match(output, /alone.*mode\.private goes with mode\.snapshot/);
    assert.match(output, /large.*may need \d+ bytes, snapshotMaxBytes of mod\.json allows 64/);
    assert.match(output, /none.*must return the mode's table/);
    const { client } = await connectPlayer(t, server, { name: "ann" });
    const { gameModes } = await client.call("server.info");
    assert.deepEqual(gameModes.filter(({ name }) => /typed|both|alone|large|none/.test(name)), []);
});

test("a mode says to whom it refuses a seat why", async (t) => {
    const door = {
        manifest: MODE,
        files: {
            "init.lua": `
                local mode = {}
                function mode.init() return {} end
                function mode.join(_, player)
                    if player:name() == "cy" then return "only ann and bob play here" end
                end
                function mode.tick() end
                return mode`,
        },
    };
    const server = await startModServer(t, { door });
    const { lobbyId, ann } = await play(t, server, "door");
    const cy = await connect(t, server, "cy");
    const error = await refused(cy.client.joinLobby(lobbyId), "denied");
    assert.match(error.message, /the game mode refused/);
    await eventually("the reason", () => cy.lines.includes("only ann and bob play here"));
    assert.ok(!ann.lines.length);
    await playAgain(server);
});
