// Lobbies from outside: a tournament's script makes them over REST and holds seats, players come with
// nothing but their tickets; whoever may not is refused, and nobody else is harmed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { moveMessage, moverOf, isAt, decodeState } from "../../plugins/service_web/assets/connect_four_state.js";
import { MusterClient } from "../../sdk/js/index.js";
import { ADMIN_TOKEN, PLUGINS, atEnd, eventually, startServer, suite, tempDir } from "../kit/harness.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";
import { cuttable } from "../kit/sockets.mjs";

const home = await tempDir(suite);
const server = await startServer(suite, {
    dir: home,
    config: {
        plugins: [...PLUGINS, "auth_jwt", "mode_connect_four", "rules_private", "service_lobbies"],
        auth_jwt: await otherIssuer(home),
        lobby: { countdownMs: 0 },
    },
});
const LOBBIES = "/v1/admin/lobbies";

const ask = (method, at, body, token = ADMIN_TOKEN) =>
    server.rest(method, at, body, { admin: true, headers: token ? { Authorization: `Bearer ${token}` } : {} });

/** The answer, which has this status; of a refusal its sentence. */
async function asked(status, ...request) {
    const answer = await ask(...request);
    assert.equal(answer.status, status, answer.text);
    if (status < 400) return answer.body;
    assert.ok(answer.body.detail.length > 5, answer.text);
    return `${answer.body.code}: ${answer.body.detail}`;
}

const connectFour = (more = {}) => ({
    gameMode: "connect_four", isPrivate: true, settings: { maxPlayers: 2, turnSeconds: 600 }, ...more,
});

/** Somebody of the other issuer, whom the site knows before they come. */
const player = (t, sub) => connectPlayer(t, server, { token: jwt({ sub, displayName: sub }) });

/** Somebody without an account. */
function nobody(t, options = {}) {
    const client = new MusterClient({
        url: server.wsUrl, WebSocket: CheckedWebSocket, backoff: { baseMs: 50, maxMs: 500 }, ...options,
    });
    atEnd(t, () => client.close());
    return client;
}

/** Takes a seat, and drops a piece into these columns in turn. */
async function play(client, sitDown, columns) {
    const ended = client.once("match.ended", { timeoutMs: 60000 });
    let asked = "";
    client.on("entered", () => (asked = "")); // a move may have been lost with the connection
    client.on("snapshot", ({ payload, seat }) => {
        const state = decodeState(payload);
        const board = state?.boards.find((one) => isAt(one, seat));
        const turn = `${state?.round} ${board?.columns.length}`;
        if (!board || moverOf(board)?.seat !== seat || turn === asked) return;
        asked = turn;
        client.sendMessage(moveMessage(state.round, columns[board.columns.length]));
    });
    await sitDown();
    return (await ended).results;
}

/** Moves of a game that the first player wins. */
const COLUMNS = [0, 1, 0, 1, 0, 1, 0];

test("two players with nothing but their tickets play to the end, and nobody plays for them", async (t) => {
    const seats = [{ playerId: "cup-1", displayName: "Ada L" }, { playerId: "cup-2" }];
    const made = await asked(201, "POST", LOBBIES, connectFour({ seats }));
    const [ada, bob] = made.seats.map(({ token }) => token);
    const wire = cuttable();
    const clients = [nobody(t, { WebSocket: wire.Socket }), nobody(t)];
    const entered = clients.map((client) => client.once("entered", { timeoutMs: 20000 }));
    const playing = [ada, bob].map((token, i) =>
        play(clients[i], () => clients[i].connectToSeat(token), COLUMNS));
    const [{ entry }] = await Promise.all(entered);
    assert.deepEqual([entry.lobby.lobbyId, entry.seat], [made.lobbyId, 0]);
    assert.equal(clients[0].session.playerId, "cup-1");
    assert.deepEqual(clients[0].session.permissions, []);
    assert.match(await server.admin("players"), /^cup-1 "Ada L" player /m); // no account
    for (const token of [ada, bob]) await refused(nobody(t).connectToSeat(token), "ticket_invalid"); // used
    const resumed = clients[0].once("entered", { timeoutMs: 20000 });
    wire.cut();
    assert.equal((await resumed).entry.seat, 0); // without the ticket
    const results = await Promise.all(playing);
    assert.deepEqual(results[0], results[1]);
    assert.deepEqual(results[0].placements.map(({ playerId }) => playerId).sort(), ["cup-1", "cup-2"]);
});

test("a ticket that is not for this seat leads nowhere, and takes nothing from anybody", async (t) => {
    const { body: info } = await server.rest("GET", "/v1/info");
    const made = await asked(201, "POST", LOBBIES, { gameMode: "arena", settings: { maxPlayers: 2, botFill: 0 } });
    const held = await asked(201, "POST", `${LOBBIES}/${made.lobbyId}/seats`, { playerId: "gil", team: "red" });
    const now = Math.floor(Date.now() / 1000);
    const ticket = (claims) => jwt({
        sub: "gil", aud: info.nodeId, lobby: made.lobbyId, epoch: made.epoch, ...claims,
    });
    const part = held.token.split(".");
    const claims = JSON.parse(Buffer.from(part[1], "base64url"));
    assert.deepEqual([claims.sub, claims.lobby, claims.aud], ["gil", made.lobbyId, info.nodeId]);
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: "eve" })).toString("base64url");
    for (const token of [
        [part[0], forged, part[2]].join("."),
        ticket({ aud: "node-2" }),
        ticket({ aud: "muster" }), // as other tokens of that issuer
        ticket({ iat: now - 900, exp: now - 600 }),
        ticket({ exp: now + 7200 }),
        ticket({ issue: "first" }),
    ]) await refused(nobody(t).connectToSeat(token), "token_invalid");
    for (const token of [
        ticket({ epoch: made.epoch - 1 }), ticket({ lobby: "elsewhere" }), ticket({ team: "green" }),
    ]) await refused(nobody(t).connectToSeat(token), "ticket_invalid");
    const open = await nobody(t).connectToSeat(ticket({ sub: "hal" })); // nobody promised a seat: a free one
    assert.notEqual(open.seat, held.seat);
    await refused(nobody(t).connectToSeat(ticket({ sub: "ivy" })), "lobby_full");
    await refused(nobody(t).connectToSeat(jwt({ sub: "kim" })), "ticket_invalid"); // no ticket at all
    const entry = await nobody(t).connectToSeat(held.token);
    assert.deepEqual([entry.seat, entry.team], [held.seat, "red"]);
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});

test("a ticket is void once another is made for the seat, whoever has it", async (t) => {
    const made = await asked(201, "POST", LOBBIES, connectFour({ seats: [{ playerId: "cup-3" }] }));
    const hold = (body = {}) => asked(201, "POST", `${LOBBIES}/${made.lobbyId}/seats`, { playerId: "cup-3", ...body });
    const leaked = made.seats[0].token;
    const { token } = await hold();
    await refused(nobody(t).connectToSeat(leaked), "ticket_invalid");
    const client = nobody(t);
    const entry = await client.connectToSeat(token);
    for (const void_ of [leaked, token]) await refused(nobody(t).connectToSeat(void_), "ticket_invalid");
    assert.equal((await client.call("session.get")).playerId, "cup-3"); // still there
    const replaced = client.once("session.replaced");
    assert.equal((await nobody(t).connectToSeat((await hold()).token)).seat, entry.seat); // a newer one
    await replaced;
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});

test("a lobby that is loaded lets in who was expected, and no ticket of before", async (t) => {
    const made = await asked(201, "POST", LOBBIES, connectFour({
        settings: { startWhen: "host" }, seats: [{ playerId: "cup-4" }, { playerId: "cup-5" }],
    }));
    const at = `${LOBBIES}/${made.lobbyId}`;
    const [used, leaked] = made.seats.map(({ token }) => token);
    const { token } = await asked(201, "POST", `${at}/seats`, { playerId: "cup-5" });
    const client = nobody(t);
    await client.connectToSeat(used);
    await server.admin(`lobby save ${made.lobbyId} expected`);
    const closed = client.once("closed");
    await asked(204, "DELETE", at);
    assert.equal((await closed).code, 4002);
    await eventually("it is gone", async () => (await ask("GET", `${at}/state`)).status === 404);
    await server.admin("lobby load expected");
    await asked(204, "POST", `${at}/thaw`);
    for (const void_ of [used, leaked]) await refused(nobody(t).connectToSeat(void_), "ticket_invalid");
    assert.equal((await nobody(t).connectToSeat(token)).seat, 1);
    await asked(204, "DELETE", at);
});

test("who came by a ticket is nobody any more when the seat is given up", async (t) => {
    const made = await asked(201, "POST", LOBBIES, connectFour({ seats: [{ playerId: "cup-6" }, { playerId: "cup-7" }] }));
    const [sits, stands] = [1, 2].map(() => nobody(t, { reconnect: false }));
    const closed = [sits, stands].map((client) => client.once("closed"));
    await sits.connectToSeat(made.seats[0].token);
    await stands.connect(made.seats[1].token); // and never enters
    for (const client of [sits, stands]) {
        await client.call("lobby.leave");
        await refused(client.call("lobby.create", { gameMode: "arena" }), "unauthenticated");
    }
    for (const { code } of await Promise.all(closed)) assert.equal(code, 4002);
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});

test("a team that a player cannot have any more is refused", async (t) => {
    const made = await asked(201, "POST", LOBBIES, {
        gameMode: "arena", settings: { botFill: 0 }, seats: [{ playerId: "cup-8", team: "red" }],
    });
    const seats = `${LOBBIES}/${made.lobbyId}/seats`;
    assert.equal((await nobody(t).connectToSeat(made.seats[0].token)).team, "red");
    assert.match(await asked(409, "POST", seats, { playerId: "cup-8", team: "blue" }), /wrong_state: .*red/);
    for (const team of ["red", ""]) await asked(201, "POST", seats, { playerId: "cup-8", team });
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});

test("expected players who sign in as always enter a private lobby with their seat tickets", async (t) => {
    const seats = [{ playerId: "ada", displayName: "Ada L" }, { playerId: "bob" }];
    const made = await asked(201, "POST", LOBBIES, connectFour({ seats }));
    assert.deepEqual(made.seats.map(({ playerId, seat }) => [playerId, seat]), [["ada", 0], ["bob", 1]]);
    const listed = await server.rest("GET", "/v1/lobbies");
    assert.ok(!listed.text.includes(made.lobbyId));
    const [ada, bob, eve] = await Promise.all(["ada", "bob", "eve"].map((sub) => player(t, sub)));
    const [ticket] = made.seats;
    await refused(eve.client.enter(ticket), "ticket_invalid");
    await refused(bob.client.enter(ticket), "ticket_invalid");
    await refused(eve.client.joinLobby(made.lobbyId), "lobby_full");
    await ada.client.enter(ticket);
    await bob.client.enter(made.seats[1]);
    await refused(ada.client.enter(ticket), "ticket_invalid"); // used
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});

test("a lobby is made whole or not at all, and a refusal says why", async () => {
    const refusals = [
        [{}, /gameMode/],
        [connectFour({ gameMode: "nowhere" }), /nowhere/],
        [connectFour({ settings: { turnSeconds: "soon" } }), /turnSeconds/],
        [connectFour({ settings: [] }), /settings/],
        [connectFour({ region: "mars" }), /mars/],
        [connectFour({ more: 1 }), /more/],
        [connectFour({ reference: "r".repeat(64) }), /reference/],
        [connectFour({ seats: {} }), /seats/],
        [connectFour({ seats: [{ playerId: "ada" }, { playerId: "ada" }] }), /seats\[1\]: .*twice/],
        [connectFour({ seats: [{ playerId: "ada", team: "red" }] }), /seats\[0\]: team/],
        [connectFour({ seats: [{ playerId: "ada", displayName: "Server" }] }), /seats\[0\]: displayName: .*kept/],
        [connectFour({ seats: [{ playerId: "ada", displayName: "a\u0007" }] }), /seats\[0\]: displayName: .*U\+0007/],
        [connectFour({ seats: [{ playerId: "ada", displayName: "  " }] }), /seats\[0\]: displayName: .*seen/],
        [connectFour({ seats: [{ playerId: 1 }] }), /seats\[0\]/],
        [connectFour({ seats: [{ playerId: "a\nb" }] }), /seats\[0\]: playerId/],
        [connectFour({ seats: [{ playerId: "bot:1" }] }), /seats\[0\]: playerId/], // no token says so
    ];
    for (const [body, why] of refusals) assert.match(await asked(400, "POST", LOBBIES, body), why);
    const three = ["x", "y", "z"].map((playerId) => ({ playerId }));
    const open = connectFour({ isPrivate: false, seats: three });
    assert.match(await asked(409, "POST", LOBBIES, open), /lobby_full: seats\[2\]/);
    await eventually("it is gone", async () => {
        const { body } = await server.rest("GET", "/v1/lobbies?gameMode=connect_four");
        return body.lobbies.length === 0;
    });
    const made = await asked(201, "POST", LOBBIES, connectFour({ seats: three.slice(0, 2) }));
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});

test("who has lost the answer asks once more, and gets the same lobby", async () => {
    const plan = connectFour({ reference: "cup/final", seats: [{ playerId: "pat" }, { playerId: "quy" }] });
    const [one, other] = await Promise.all([ask("POST", LOBBIES, plan), ask("POST", LOBBIES, plan)]);
    assert.deepEqual([one.status, other.status].sort(), [200, 201], other.text);
    await server.admin("reload service_lobbies");
    const made = await asked(200, "POST", LOBBIES, plan);
    assert.deepEqual([one.body.lobbyId, other.body.lobbyId], [made.lobbyId, made.lobbyId]);
    assert.deepEqual(made.seats.map(({ seat }) => seat), one.body.seats.map(({ seat }) => seat));
    assert.match(await asked(409, "POST", LOBBIES, { ...plan, seats: [{ playerId: "rob" }] }), /lobby_full/);
    await asked(200, "POST", LOBBIES, { ...plan, seats: [] }); // still there
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
    const next = await asked(201, "POST", LOBBIES, plan);
    await asked(204, "DELETE", `${LOBBIES}/${next.lobbyId}`);
});

test("whoever may not come gets no seat", async (t) => {
    const made = await asked(201, "POST", LOBBIES, { gameMode: "arena", settings: { botFill: 0 } });
    const seats = `${LOBBIES}/${made.lobbyId}/seats`;
    const other = await asked(201, "POST", LOBBIES, connectFour({ seats: [{ playerId: "cid" }] }));
    assert.match(await asked(409, "POST", seats, { playerId: "cid" }), /already_in_lobby/);
    await player(t, "dan");
    await server.admin("ban dan 1h enough");
    assert.match(await asked(403, "POST", seats, { playerId: "dan" }), /denied: you are banned/);
    const red = await asked(201, "POST", seats, { playerId: "eli", team: "red" });
    const again = await asked(201, "POST", seats, { playerId: "eli" });
    assert.equal(again.seat, red.seat);
    const { client } = await player(t, "eli");
    await refused(client.enter(red), "ticket_invalid");
    const entry = await client.enter(again);
    assert.equal(entry.team, "red");
    await asked(404, "POST", `${LOBBIES}/nowhere/seats`, { playerId: "fay" });
    await asked(404, "POST", `${seats}/more`, { playerId: "fay" });
    await asked(404, "DELETE", `${LOBBIES}/nowhere`);
    const left = client.once("lobby.left");
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
    assert.equal((await left).reason, "closed");
    await asked(204, "DELETE", `${LOBBIES}/${other.lobbyId}`);
    await asked(404, "POST", seats, { playerId: "fay" });
});

test("without the admin token nothing is done", async () => {
    const made = await asked(201, "POST", LOBBIES, connectFour());
    for (const token of [null, "another"]) {
        await asked(401, "POST", LOBBIES, connectFour(), token);
        await asked(401, "POST", `${LOBBIES}/${made.lobbyId}/seats`, { playerId: "eve" }, token);
        await asked(401, "DELETE", `${LOBBIES}/${made.lobbyId}`, undefined, token);
        await asked(401, "GET", `${LOBBIES}/${made.lobbyId}/state`, undefined, token);
        await asked(401, "POST", `${LOBBIES}/state`, undefined, token);
    }
    assert.equal((await server.rest("POST", LOBBIES, connectFour())).status, 404); // the public address
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});
