// Lobbies that stand for a while, and lobbies that go on in another process.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { decodeSnapshot } from "../../sdk/js/index.js";
import { ADMIN_TOKEN, LOCKED, PLUGINS, childOf, eventually, runFile, startServer } from "../kit/harness.mjs";
import { assertProblem } from "../kit/openapi.mjs";
import { MOD_PLUGINS, startModServer } from "../kit/mods.mjs";
import { connectPlayer, gather, guestToken, listen, refused, sitDown } from "../kit/players.mjs";
import { findRecording, playAgain, readHashes } from "../kit/recording.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const WAIT = { timeoutMs: 20000 };
const LONG = { killLimit: 50, botFill: 4 };
const HASH_TICKS = 100;

test("a frozen match stands, is shown so, and goes on at the next tick", async (t) => {
    const server = await startServer(t);
    const [a, b] = await gather(t, server, 2);
    const lobbyId = await sitDown([a, b], LONG);
    await a.client.once("snapshot", WAIT);
    const lines = [];
    a.client.on("line", (line) => lines.push(line));
    assert.match(await server.admin(`lobby freeze ${lobbyId}`), /frozen/);
    await eventually("the other player is told", () => b.client.entry.lobby.frozen);
    assert.match(await server.adminRefusal(`lobby freeze ${lobbyId}`), /already/);
    assert.match(await server.admin("lobbies"), / active frozen /);
    const { tick } = await a.client.scoreboard();
    const { client: late } = await connectPlayer(t, server);
    const error = await refused(late.joinLobby(lobbyId), "wrong_state");
    assert.equal(error.data.reason, "frozen");
    assert.equal((await server.rest("GET", `/v1/lobbies/${lobbyId}`)).body.frozen, true);
    assert.equal((await a.client.scoreboard()).tick, tick);
    const next = a.client.once("snapshot", WAIT);
    await server.admin(`lobby thaw ${lobbyId}`);
    const snapshot = await next;
    assert.deepEqual([snapshot.tick, snapshot.usable], [tick + 1, true]);
    assert.deepEqual(lines, [], "a match that stands is no silent server");
    assert.equal(a.client.entry.lobby.frozen, false);
    assert.match(await server.adminRefusal(`lobby thaw ${lobbyId}`), /not frozen/);
    assert.match(await server.adminRefusal("lobby freeze nothing"), /no such lobby/);
    await server.adminRefusal("lobby");
    await late.joinLobby(lobbyId);
    await playAgain(server);
});

/* ---- the server killed -------------------------------------------------------------------------- */

/** A signed-in bare WebSocket, which stays what it is when its server is killed. */
async function signIn(t, server, token) {
    const socket = await RawSocket.open(t, server);
    const { resumable } = await socket.authenticate(token.accessToken);
    return { socket, token, resumable };
}

const result = async (player, method, params) => {
    const answer = await player.socket.call(method, params);
    assert.ok(answer.result, `${method}: ${JSON.stringify(answer)}`);
    return answer.result;
};

/** Guests of which the first makes a lobby and the others join it. */
async function sit(t, server, count, params) {
    const players = [];
    for (let i = 0; i < count; i++) players.push(await signIn(t, server, await guestToken(server)));
    let reservation = await result(players[0], "lobby.create", params);
    const { lobbyId } = reservation.lobby;
    for (const player of players) {
        reservation ??= await result(player, "lobby.join", {
            lobbyId, secret: params.settings?.password,
        });
        player.entry = await result(player, "lobby.enter", { seatTicket: reservation.seatTicket });
        reservation = null;
    }
    return { lobbyId, players };
}

const untilTick = ({ socket }, tick) =>
    socket.wait((message) => Buffer.isBuffer(message) && decodeSnapshot(message).tick >= tick);

/** Its players come back, each with the token it has, and nobody with another's. */
async function comeBack(t, server, { lobbyId, players }) {
    const back = [];
    for (const { token, entry } of players) {
        const player = await signIn(t, server, token);
        assert.equal(player.resumable?.lobbyId, lobbyId);
        back.push({ ...player, before: entry });
    }
    for (const [i, player] of back.entries()) {
        const { resumeToken } = back[(i + 1) % back.length].before;
        if (back.length === 1) continue;
        const { error } = await player.socket.call("lobby.resume", { resumeToken });
        assert.equal(error.data.code, "resume_invalid");
    }
    for (const player of back) {
        const { resumeToken, seat, team } = player.before;
        player.entry = await result(player, "lobby.resume", { resumeToken });
        assert.equal(player.entry.seat, seat);
        if (player.before.match) assert.equal(player.entry.team, team);
    }
    return { lobbyId, players: back };
}

const places = ({ rows }) => rows.map(({ playerId, seat, team }) => [playerId, seat, team]);
const score = ({ rows }) => rows.reduce((sum, { kills, deaths }) => sum + kills + deaths, 0);

/** The next tick at which the state is hashed. */
const hashTick = ({ tick }) => (Math.floor(tick / HASH_TICKS) + 1) * HASH_TICKS;

test("matches go on after kill -9, to the same hashes, with everybody in their seats", async (t) => {
    const config = {
        plugins: MOD_PLUGINS,
        lobby: { countdownMs: 100, reconnectMs: 60000, recoverMs: 120000 },
    };
    const server = await startServer(t, { config });
    const settings = { botFill: 6, killLimit: 0, timeLimit: 0 };
    const plays = [
        await sit(t, server, 2, { gameMode: "arena", settings }),
        await sit(t, server, 2, { gameMode: "king_of_the_hill", settings }),
    ];
    const waits = await sit(t, server, 2, {
        gameMode: "arena",
        settings: {
            isPrivate: true, password: "open sesame", spectatorChat: false, startWhen: "host",
        },
    });
    const banned = await signIn(t, server, await guestToken(server));
    const bannedId = (await result(banned, "session.get")).playerId;
    await result(waits.players[0], "lobby.ban", { playerId: bannedId, reason: "no" });
    const alone = await sit(t, server, 1, { gameMode: "arena", settings: { startWhen: "host" } });
    for (const { players } of plays) await untilTick(players[0], 30);
    const lobbies = [...plays, waits, alone];
    const before = [];
    for (const { players } of plays) before.push(await result(players[0], "match.scoreboard"));
    server.signal("SIGKILL");
    assert.equal((await server.ended()).signal, "SIGKILL");

    const again = await startServer(t, { config, dir: server.dir });
    assert.match(again.output, /4 lobbies go on/);
    assert.doesNotMatch(again.output, /it goes on as it was saved last/);
    for (const [i, lobby] of lobbies.entries()) {
        const { players } = await comeBack(t, again, lobby);
        lobby.players = players;
        if (i >= plays.length) continue;
        const now = await result(players[0], "match.scoreboard");
        assert.equal(now.matchId, before[i].matchId);
        assert.ok(now.tick >= before[i].tick - 1, `${now.tick} after ${before[i].tick}`);
        assert.deepEqual(places(now), places(before[i]));
        assert.ok(score(now) >= score(before[i]), "no score went back");
    }
    for (const [i, { players }] of plays.entries()) {
        const tick = hashTick(before[i]);
        await untilTick(players[0], tick + 1);
        const hashes = await readHashes(await findRecording(again.dataDir, before[i].matchId));
        assert.ok(hashes.has(tick), `hash at ${tick}`); // compared when it is played again
    }

    // The private one keeps its door: password, ban, and who may talk.
    const { lobbyId, players } = waits;
    const reason = async (player, method, params) =>
        (await player.socket.call(method, params)).error?.data.reason;
    const stranger = await signIn(t, again, await guestToken(again));
    assert.equal(await reason(stranger, "lobby.join", { lobbyId, secret: "wrong" }), "password_wrong");
    const shut = await signIn(t, again, banned.token);
    const secret = "open sesame";
    assert.equal(await reason(shut, "lobby.join", { lobbyId, secret }), "banned");
    const watches = await result(stranger, "lobby.join", { lobbyId, secret, spectator: true });
    await result(stranger, "lobby.enter", { seatTicket: watches.seatTicket });
    assert.equal(await reason(stranger, "lobby.chat", { text: "hello" }), "spectators_silent");
    await result(players[0], "lobby.chat", { text: "hello" });
    await result(players[0], "lobby.start");
    const { seatTicket } = await result(shut, "lobby.join", { lobbyId: alone.lobbyId });
    await result(shut, "lobby.enter", { seatTicket });
    await result(alone.players[0], "lobby.start");

    // Who is away when the server stands still is told when back.
    const [here, away] = plays[0].players;
    const told = ({ socket }) => socket.wait(({ method }) => method === "match.disturbed");
    here.socket.messages.length = 0;
    away.socket.ws.terminate();
    await here.socket.wait(({ method, params }) =>
        method === "lobby.members" && params.members.some(({ connected }) => !connected));
    await again.stall(400);
    const { params: disturbed } = await told(here);
    const { players: [late] } = await comeBack(t, again, { lobbyId: plays[0].lobbyId, players: [away] });
    assert.deepEqual((await told(late)).params, disturbed);
    for (const { lobbyId: id } of plays) await again.admin(`close ${id} enough`);
    await playAgain(again);
});

test("over HTTP a match is frozen, fetched, brought back and thawed, and damaged bytes leave nothing", async (t) => {
    const server = await startServer(t, {
        config: {
            plugins: [...PLUGINS, "service_lobbies"],
            lobby: { countdownMs: 100, recoverMs: 120000 },
            match: { recordEnabled: false }, // else its recording says that it has ended here
        },
    });
    const asked = async (status, method, at, body) => {
        const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/octet-stream" };
        const answer = await server.rest(method, `/v1/admin/lobbies/${at}`, body, { admin: true, headers });
        assert.equal(answer.status, status, answer.text);
        return answer;
    };
    const { lobbyId, players } = await sit(t, server, 2, { gameMode: "arena", settings: LONG });
    await untilTick(players[0], 10);
    for (let again = 0; again < 2; again++) await asked(204, "POST", `${lobbyId}/freeze`);
    const before = await result(players[0], "match.scoreboard");
    const { bytes } = await asked(200, "GET", `${lobbyId}/state`);
    assert.equal((await asked(409, "POST", "state", bytes)).body.code, "lobby_exists");
    await asked(204, "DELETE", lobbyId);
    for (const { socket } of players) await socket.wait(({ method }) => method === "lobby.left");
    await asked(404, "GET", `${lobbyId}/state`);

    const changed = Buffer.from(bytes);
    changed[changed.length >> 1] ^= 1;
    for (const [wrong, why] of [[bytes.subarray(0, -1), /damaged/], [changed, /damaged/],
        [Buffer.from("MSTRREC1 and more of it"), /no saved lobby/], [Buffer.alloc(0), /no saved lobby/]])
        assert.match((await asked(400, "POST", "state", wrong)).body.detail, why);
    await asked(413, "POST", "state", Buffer.alloc(1048577));
    assert.match(await server.admin("lobbies"), /0 lobbies/);

    const made = (await asked(201, "POST", "state", bytes)).body;
    assert.deepEqual([made.lobbyId, made.gameMode, made.seats], [lobbyId, "arena", []]);
    const resume = async (player) => {
        const { resumeToken, seat } = player.entry;
        assert.equal((await result(player, "lobby.resume", { resumeToken })).seat, seat);
    };
    await resume(players[0]);
    const now = await result(players[0], "match.scoreboard");
    assert.deepEqual([now.matchId, now.tick], [before.matchId, before.tick]);
    assert.deepEqual(places(now), places(before));
    for (let again = 0; again < 2; again++) await asked(204, "POST", `${lobbyId}/thaw`);
    await untilTick(players[0], before.tick + 1);
    await resume(players[1]);
    await untilTick(players[1], before.tick + 1);
    const { matchId } = await result(players[1], "match.scoreboard");
    assert.equal(matchId, before.matchId);
});

test("a file that is not whole, or not there, loads nothing and says why", async (t) => {
    const server = await startServer(t);
    assert.match(await server.adminRefusal("lobby load nothing"), /No such file/);
    assert.ok(!existsSync(path.join(server.dataDir, "lobbies")), "who only looks makes no folder");
    const { lobbyId } = await sit(t, server, 1, { gameMode: "arena" });
    const text = await server.admin(`lobby save ${lobbyId} whole`);
    const file = path.join(server.dataDir, "lobbies", "whole");
    assert.ok(text.startsWith(file), text);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(await server.adminRefusal(`lobby save ${lobbyId} whole`), /exists/);
    for (const name of ["../muster.db", "/etc/passwd", ".hidden", ""]) {
        await server.adminRefusal(`lobby load ${name}`);
        await server.adminRefusal(`lobby save ${lobbyId} ${name}`);
    }
    const inFolder = (name) => path.join(server.dataDir, "lobbies", name);
    await mkdir(inFolder("folder"));
    await symlink(file, inFolder("link"));
    await runFile("mkfifo", [inFolder("pipe")]);
    await writeFile(inFolder("big"), "");
    await truncate(inFolder("big"), 40 << 20);
    const long = "n".repeat(300);
    for (const [line, said] of [
        ["load folder", /no regular file/], ["load link", /no regular file/], ["load pipe", /no regular file/],
        ["load big", /too large/], [`load ${long}`, /a name of at most 255 bytes, found 300/],
        [`save ${lobbyId} ${long}`, /a name of at most 255 bytes/], ["save", /expected: lobby /], ["load", /expected: lobby /],
    ]) {
        const answer = await server.adminAnswer(`lobby ${line}`);
        assert.match(answer.body.detail, said);
        assertProblem(answer, 400, "invalid_params");
    }
    for (const line of ["close", `backup ${long}`, "terminateSession", "getActiveSession"])
        assert.match(await server.adminRefusal(line), /^expected: /);
    const bytes = await readFile(file);
    await writeFile(path.join(server.dataDir, "lobbies", "cut"), bytes.subarray(0, -1));
    await writeFile(path.join(server.dataDir, "lobbies", "other"), "MSTRREC1 and more of it");
    await server.admin(`close ${lobbyId}`);
    assert.match(await server.adminRefusal("lobby load cut"), /it is damaged/);
    assert.match(await server.adminRefusal("lobby load other"), /no saved lobby/);
    assert.match(await server.admin("lobbies"), /0 lobbies/);
    assert.match(await server.admin("lobby load whole"), /1 players/);
    await server.stop();
    const bare = await startServer(t, {
        config: { plugins: PLUGINS.filter((name) => name !== "mode_arena") }, dir: server.dir,
    });
    assert.match(await bare.adminRefusal("lobby load whole"), /game mode arena is not loaded/);
});

/** A rule whose /ask calls a vote, with this as its on_end. */
const asking = (onEnd) => ({
    manifest: { permissions: ["vote"] },
    files: {
        "init.lua": `
local ends = 0
local function ended(winner)
    if winner == nil then ends = ends + 1 end
end
command.register{name = "ends", help = "how many ended", fn = function() return tostring(ends) end}
command.register{name = "ask", help = "asks", fn = function()
    return tostring(vote.start{question = "Well?", options = {"yes", "no"}, seconds = 300, on_end = ${onEnd}})
end}
`,
    },
});

test("a vote that a script has called ends with the server, and the script is told", async (t) => {
    const server = await startModServer(t,
        { asks: asking("ended"), mumbles: asking("function(winner) ended(winner) end") },
        { args: ["--supervise"] });
    const people = [];
    for (const rule of ["asks", "mumbles"]) {
        const { client } = await connectPlayer(t, server);
        await client.createLobby({ gameMode: "arena", settings: { rules: [rule], startWhen: "host" } });
        people.push(listen(client));
    }
    for (const { say } of people) assert.equal(await say("/ask"), "true");
    assert.equal(await people[0].say("/ask"), "false"); // one at a time
    const back = people.map(({ client }) => client.once("entered", { timeoutMs: 20000 }));
    process.kill(await childOf(server.pid), "SIGKILL");
    for (const { entry } of await Promise.all(back)) assert.deepEqual(entry.votes, []);
    await eventually("it is told", async () => (await people[0].say("/ends")) === "1");
    await server.waitForOutput(/mumbles[^\n]*its on_end is gone: it has no name/);
    for (const { say } of people) assert.equal(await say("/ask"), "true");
    for (const [i, { say }] of people.entries()) assert.equal(await say("/ends"), ["1", "0"][i]);
});

const GREETS = `
bus.on("hello", "count", function(value, state) state.heard = state.heard + value end)
command.register{name = "heard", fn = function(player, text, state) return "heard " .. state.heard end}
return {init = function()
    bus.emit("hello", 1)
    return {heard = 0}
end}
`;

test("a rule that a player has brought goes on, and a match with the code that it began with", async (t) => {
    const mods = { greets: { manifest: { kind: "mode", base: "arena" }, files: { "init.lua": GREETS } } };
    const { args = [], ...locked } = LOCKED;
    const server = await startModServer(t, mods,
        { config: { lobby: { playersMin: 1 } }, ...locked, args: [...args, "--supervise"] });
    const { client: host } = await connectPlayer(t, server);
    const { lobby } = await host.createLobby({ gameMode: "arena", settings: { startWhen: "host" } });
    await host.call("lobby.uploadRule",
        { name: "shut", source: 'hooks.on("join_attempt", "shut", function() return "shut" end)' });
    const { client: player } = await connectPlayer(t, server);
    const { say } = listen(player);
    await player.createLobby({ gameMode: "greets" });
    await player.once("snapshot", WAIT);
    assert.equal(await say("/heard"), "heard 1");
    await writeFile(path.join(server.modDir, "greets/init.lua"), `${GREETS}-- newer\n`);
    for (let kills = 0; kills < 2; kills++) {
        const back = [host, player].map((client) => client.once("entered", WAIT));
        process.kill(await childOf(server.pid), "SIGKILL");
        await Promise.all(back);
        await player.once("snapshot", WAIT);
        assert.equal(await say("/heard"), "heard 1");
    }
    const { client: late } = await connectPlayer(t, server);
    assert.equal((await refused(late.joinLobby(lobby.lobbyId), "denied")).message, "shut");
});
