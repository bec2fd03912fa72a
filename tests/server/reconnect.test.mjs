// Dropped connections: the seat is kept, tokens rotate, a lost answer locks nobody out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, startServer } from "../kit/harness.mjs";
import { connectPlayer, gather, guestToken, refused, sitDown } from "../kit/players.mjs";
import { RawSocket, cuttable } from "../kit/sockets.mjs";

const LONG = { killLimit: 50, botFill: 0, maxPlayers: 2 };

async function enterRaw(t, server, params = {}) {
    const token = await guestToken(server);
    const socket = await RawSocket.open(t, server);
    await socket.authenticate(token.accessToken);
    const made = await socket.call("lobby.create", {
        gameMode: "arena",
        settings: LONG,
        ...params,
    });
    const entry = (await socket.call("lobby.enter", { seatTicket: made.result.seatTicket })).result;
    return { token, socket, entry };
}

async function reopen(t, server, token) {
    const socket = await RawSocket.open(t, server);
    const { resumable } = await socket.authenticate(token.accessToken);
    return { socket, resumable };
}

test("sdk/js comes back to seat, team and score by itself", async (t) => {
    const server = await startServer(t, {});
    const wire = cuttable();
    const team = await gather(t, server, 2, { settings: { fires: true } });
    const [dropper] = await gather(t, server, 1, { options: { WebSocket: wire.Socket } });
    await sitDown([team[0], dropper], LONG);
    await eventually("a kill", () => team[0].bot?.kills.length > 0);
    const before = dropper.client.entry;
    const row = async () =>
        (await team[0].client.scoreboard()).rows.find(({ seat }) => seat === before.seat);
    const resumed = dropper.client.once("entered", { timeoutMs: 20000 });
    const dropped = team[0].client.once("lobby.members", { timeoutMs: 20000 });
    wire.cut();
    const member = (await dropped).members.find(({ seat }) => seat === before.seat);
    assert.equal(member.connected, false);
    const { entry, resumed: isResume } = await resumed;
    assert.ok(isResume);
    assert.equal(entry.seat, before.seat);
    assert.equal(entry.team, before.team);
    const board = await row();
    assert.equal(board.playerId, dropper.client.session.playerId);
    assert.ok(board.kills + board.deaths > 0, "the score was kept");
    const count = dropper.bot.snapshots;
    await eventually("snapshots go on", () => dropper.bot.snapshots > count + 5);
});

test("resume tokens rotate; the one before stays good until the new one is used", async (t) => {
    const server = await startServer(t, {});
    const { token, socket, entry } = await enterRaw(t, server);
    socket.ws.terminate();
    const second = await reopen(t, server, token);
    assert.equal(second.resumable.lobbyId, entry.lobby.lobbyId);
    const back = (await second.socket.call("lobby.resume", { resumeToken: entry.resumeToken }))
        .result;
    assert.equal(back.seat, entry.seat);
    assert.notEqual(back.resumeToken, entry.resumeToken);
    second.socket.ws.terminate();

    // The answer with the new token was lost: the old one still opens.
    const third = await reopen(t, server, token);
    const again = (await third.socket.call("lobby.resume", { resumeToken: entry.resumeToken }))
        .result;
    assert.equal(again.seat, entry.seat);
    third.socket.ws.terminate();

    // The newest is used: everything older is done for.
    const fourth = await reopen(t, server, token);
    const newest = (await fourth.socket.call("lobby.resume", { resumeToken: again.resumeToken }))
        .result;
    assert.equal(newest.seat, entry.seat);
    fourth.socket.ws.terminate();
    const fifth = await reopen(t, server, token);
    const { error } = await fifth.socket.call("lobby.resume", { resumeToken: entry.resumeToken });
    assert.equal(error.data.code, "resume_invalid");
});

test("signing in leads back to the seat at once, by the resume token that comes with it", async (t) => {
    const server = await startServer(t, {});
    const { token, socket, entry } = await enterRaw(t, server);
    const signIn = async (accessToken, resumeToken) => {
        const raw = await RawSocket.open(t, server);
        const { result } = await raw.call("session.authenticate", { token: accessToken, resumeToken });
        return { ws: raw.ws, ...result };
    };
    socket.ws.terminate();
    const back = await signIn(token.accessToken, entry.resumeToken);
    assert.equal(back.entry.seat, entry.seat);
    assert.notEqual(back.entry.resumeToken, entry.resumeToken);
    back.ws.terminate();
    const again = await signIn(token.accessToken, back.entry.resumeToken);
    assert.equal(again.entry.lobby.lobbyId, entry.lobby.lobbyId);
    again.ws.terminate();

    // One that leads nowhere is no reason not to sign in: used, or another player's.
    const used = await signIn(token.accessToken, entry.resumeToken);
    assert.deepEqual([used.entry, used.resumable.lobbyId], [null, entry.lobby.lobbyId]);
    const thief = await signIn((await guestToken(server)).accessToken, again.entry.resumeToken);
    assert.deepEqual([thief.entry, thief.resumable], [null, null]);
});

test("a stolen or made-up resume token opens nothing and evicts nobody", async (t) => {
    const server = await startServer(t, {});
    const { socket, entry } = await enterRaw(t, server);
    const { client: thief } = await connectPlayer(t, server);
    await refused(thief.call("lobby.resume", { resumeToken: entry.resumeToken }), "resume_invalid");
    for (const resumeToken of ["", "x", "A".repeat(43), "A".repeat(3000)]) {
        const error = await thief.call("lobby.resume", { resumeToken }).catch((reason) => reason);
        assert.ok(["resume_invalid", "invalid_params"].includes(error.code), error.message);
    }
    await refused(thief.call("lobby.resume", { resumeToken: 5 }), "invalid_params");
    const own = (await socket.call("session.get")).result;
    assert.equal(own.lobbyId, entry.lobby.lobbyId, "the owner still sits");
    assert.equal((await thief.getLobby(entry.lobby.lobbyId)).currentPlayers, 1);
});

test("a second connection of the player takes the seat over by its token", async (t) => {
    const server = await startServer(t, {});
    const { token, socket, entry } = await enterRaw(t, server);
    const newer = await reopen(t, server, token);
    assert.equal((await socket.closed).code, 4003);
    assert.equal(newer.resumable.lobbyId, entry.lobby.lobbyId);
    const back = (await newer.socket.call("lobby.resume", { resumeToken: entry.resumeToken }))
        .result;
    assert.equal(back.seat, entry.seat);
});

test("a seat is given up when its player stays away", async (t) => {
    const server = await startServer(t, { config: { lobby: { reconnectMs: 300 } } });
    const { token, socket, entry } = await enterRaw(t, server);
    const { client: other } = await connectPlayer(t, server);
    await other.joinLobby(entry.lobby.lobbyId);
    socket.ws.terminate();
    await eventually(
        "the seat is free",
        async () => (await other.getLobby(entry.lobby.lobbyId)).currentPlayers === 1,
    );
    const late = await reopen(t, server, token);
    assert.equal(late.resumable, null);
    const { error } = await late.socket.call("lobby.resume", { resumeToken: entry.resumeToken });
    assert.equal(error.data.code, "resume_invalid");
});

test("a stall of the server takes nobody's seat, and its ticks are not caught up", async (t) => {
    const server = await startServer(t, { config: { lobby: { reconnectMs: 4000 } } });
    const { client: other } = await connectPlayer(t, server);
    const { token, socket, entry } = await enterRaw(t, server);
    await other.joinLobby(entry.lobby.lobbyId);
    await other.once("snapshot", { timeoutMs: 20000 });
    socket.ws.terminate();
    await eventually("its connection is lost", async () =>
        (await other.scoreboard()).rows.some(({ connected }) => !connected));
    const { tick } = await other.scoreboard();
    await server.stall(4500);
    const ticks = (await other.scoreboard()).tick - tick;
    assert.ok(ticks < 4.5 * 60, `${ticks} ticks`);
    const { socket: back, resumable } = await reopen(t, server, token);
    assert.equal(resumable.lobbyId, entry.lobby.lobbyId);
    const { result } = await back.call("lobby.resume", { resumeToken: entry.resumeToken });
    assert.equal(result.seat, entry.seat);
});

test("who leaves cannot resume", async (t) => {
    const server = await startServer(t, {});
    const { socket, entry } = await enterRaw(t, server);
    await socket.call("lobby.leave", {});
    const { error } = await socket.call("lobby.resume", { resumeToken: entry.resumeToken });
    assert.equal(error.data.code, "resume_invalid");
});

test("a server that falls silent in a match is told before the connection is given up", async (t) => {
    const server = await startServer(t, {});
    const [a, b] = await gather(t, server, 2);
    await sitDown([a, b], LONG);
    await a.client.once("snapshot", { timeoutMs: 20000 });
    const silent = a.client.once("line", { timeoutMs: 20000 });
    server.signal("SIGSTOP");
    assert.deepEqual(await silent, { silent: true });
    assert.equal(a.client.state, "online");
    const back = a.client.once("line", { timeoutMs: 20000 });
    server.signal("SIGCONT");
    assert.deepEqual(await back, { silent: false });
});

test("a session that ends is closed with 4002; sdk/js renews it, before or after", async (t) => {
    const server = await startServer(t, { config: { auth_local: { accessTtlS: 5 } } });
    const [kept] = await gather(t, server, 1);
    const [late] = await gather(t, server, 1, { options: { renewBeforeS: 0 } });
    await sitDown([kept, late], LONG);
    const { seat } = late.client.entry;
    const states = [];
    kept.client.on("state", ({ state }) => states.push(state));
    const began = kept.client.session.expiresAt;
    const lost = late.client.once("state", { timeoutMs: 20000 });
    const entered = late.client.once("entered", { timeoutMs: 20000 });
    const raw = await RawSocket.open(t, server);
    await raw.authenticate((await guestToken(server)).accessToken);
    assert.equal((await raw.closed).code, 4002);
    assert.deepEqual(await lost, { state: "reconnecting" });
    const { entry, resumed } = await entered;
    assert.deepEqual([resumed, entry.seat], [true, seat]);
    assert.deepEqual(states, [], "renewed in time, it is not cut off");
    assert.ok(kept.client.session.expiresAt > began);
    assert.equal(late.client.session.playerId, late.player.playerId);
});
