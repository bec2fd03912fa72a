// Lobbies from outside: a tournament's script makes them over REST and holds seats, players come with
// their tickets; whoever may not is refused, and nobody else is harmed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { moveMessage, moverOf, isAt, decodeState } from "../../plugins/service_web/assets/connect_four_state.js";
import { ADMIN_TOKEN, PLUGINS, eventually, startServer, suite, tempDir } from "../kit/harness.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";

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

/** Enters, and drops a piece into these columns in turn. */
async function play(client, { seatTicket }, columns) {
    const ended = client.once("match.ended", { timeoutMs: 60000 });
    let asked = "";
    client.on("snapshot", ({ payload, seat }) => {
        const state = decodeState(payload);
        const board = state?.boards.find((one) => isAt(one, seat));
        const turn = `${state?.round} ${board?.columns.length}`;
        if (!board || moverOf(board)?.seat !== seat || turn === asked) return;
        asked = turn;
        client.sendMessage(moveMessage(state.round, columns[board.columns.length]));
    });
    await client.enter({ seatTicket });
    return (await ended).results;
}

test("two expected players enter a private lobby with their tickets and play to the end", async (t) => {
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
    const columns = [0, 1, 0, 1, 0, 1, 0];
    const results = await Promise.all([
        play(ada.client, made.seats[0], columns), play(bob.client, made.seats[1], columns),
    ]);
    assert.deepEqual(results[0], results[1]);
    assert.deepEqual(results[0].placements.map(({ playerId }) => playerId).sort(), ["ada", "bob"]);
    await refused(ada.client.enter(ticket), "ticket_invalid"); // used
});

test("a lobby is made whole or not at all, and a refusal says why", async () => {
    const refusals = [
        [{}, /gameMode/],
        [connectFour({ gameMode: "nowhere" }), /nowhere/],
        [connectFour({ settings: { turnSeconds: "soon" } }), /turnSeconds/],
        [connectFour({ settings: [] }), /settings/],
        [connectFour({ region: "mars" }), /mars/],
        [connectFour({ more: 1 }), /more/],
        [connectFour({ seats: {} }), /seats/],
        [connectFour({ seats: [{ playerId: "ada" }, { playerId: "ada" }] }), /seats\[1\]: .*twice/],
        [connectFour({ seats: [{ playerId: "ada", team: "red" }] }), /seats\[0\]: team/],
        [connectFour({ seats: [{ playerId: 1 }] }), /seats\[0\]/],
        [connectFour({ seats: [{ playerId: "a\nb" }] }), /seats\[0\]: playerId/],
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
    }
    assert.equal((await server.rest("POST", LOBBIES, connectFour())).status, 404); // the public address
    await asked(204, "DELETE", `${LOBBIES}/${made.lobbyId}`);
});
