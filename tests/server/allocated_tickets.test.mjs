// What a node takes of those whom a directory sends: tickets of that directory, for a seat of this node, once.

import assert from "node:assert/strict";
import { createHmac, createPublicKey } from "node:crypto";
import { test } from "node:test";
import { MusterClient } from "../../sdk/js/index.js";
import { atEnd, eventually } from "../kit/harness.mjs";
import { addKey, startDirectory, startNode } from "../kit/directory.mjs";
import { StandInDirectory, ticketKey } from "../kit/directory_ends.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";
import { guestToken } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

/** A directory of the test's, and a node that is on its list. */
async function pair(t) {
    const directory = await StandInDirectory.start(t);
    const node = await startNode(t, directory, "mk_any");
    await node.waitForOutput(/"on the list of http/);
    return { directory, node };
}

function takeSeat(t, node, token) {
    const client = new MusterClient({ url: node.wsUrl, WebSocket: CheckedWebSocket, reconnect: false });
    atEnd(t, () => client.close());
    return client.connectToSeat(token).then(() => client);
}

/** Why the node lets nobody in with that. */
async function refusal(t, node, token) {
    const socket = await RawSocket.open(t, node);
    const { error } = await socket.call("session.authenticate", { token });
    return error ? `${error.data.code}: ${error.message}` : "let in";
}

test("a ticket leads in once, and for its player alone", async (t) => {
    const { directory, node } = await pair(t);
    const { claims } = await directory.reserve("ada");
    const ticket = directory.sign({ ...claims, displayName: "Ada", permissions: ["admin"], guest: true });
    const bob = await directory.reserve("bob");
    const socket = await RawSocket.open(t, node);
    await socket.authenticate(directory.sign(bob.claims));
    const answer = await socket.call("session.authenticate", { token: ticket });
    assert.equal(answer.error.data.code, "wrong_state", "on the connection of another");
    const ada = await takeSeat(t, node, ticket);
    const { playerId, displayName, permissions } = ada.session;
    assert.deepEqual([playerId, displayName, permissions], ["ada", "Ada", []], "no permission comes along");
    assert.match(await refusal(t, node, ticket), /used before/);
});

test("what is no ticket for a seat here lets nobody in", async (t) => {
    const { directory, node } = await pair(t);
    const { claims } = await directory.reserve("ada");
    const now = Math.floor(Date.now() / 1000);
    const [head, body, tail] = directory.sign(claims).split(".");
    const spki = createPublicKey({ key: directory.keys[0].jwk, format: "jwk" }).export({ format: "der", type: "spki" });
    const hs256 = `${Buffer.from('{"alg":"HS256","kid":"first"}').toString("base64url")}.${body}`;
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, "base64url")), sub: "eve" })).toString("base64url");
    const cases = {
        "expired": directory.sign({ ...claims, iat: now - 120, exp: now - 60 }),
        "too long a life": directory.sign({ ...claims, exp: now + 7200 }),
        "not yet": directory.sign({ ...claims, iat: now + 600, exp: now + 660 }),
        "another server's": directory.sign({ ...claims, aud: "7c9e6679-7425-40de-944b-e07fc1f90ae7" }),
        "an audience of the game": directory.sign({ ...claims, aud: "muster" }),
        "another issuer": directory.sign({ ...claims, iss: "muster" }),
        "an access token": directory.sign({ sub: "ada", displayName: "Ada" }),
        "an access token for the game": directory.sign({ sub: "ada", aud: "muster" }),
        "another epoch": directory.sign({ ...claims, epoch: claims.epoch + 1 }),
        "another lobby": directory.sign({ ...claims, lobby: "elsewhere" }),
        "another issue": directory.sign({ ...claims, issue: (claims.issue % 4e9) + 1 }),
        "another player's seat": directory.sign({ ...claims, sub: "eve" }),
        "a bot": directory.sign({ ...claims, sub: "bot:eve" }),
        "a key of one's own": directory.sign(claims, { key: ticketKey("first") }),
        "an unknown key": directory.sign(claims, { key: ticketKey("mine") }),
        "another payload": `${head}.${forged}.${tail}`,
        "no signature": `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`,
        "the public key as a secret": `${hs256}.${createHmac("sha256", spki).update(hs256).digest("base64url")}`,
    };
    for (const [name, token] of Object.entries(cases))
        assert.match(await refusal(t, node, token), /^(token|ticket)_invalid: /, name);
    await takeSeat(t, node, directory.sign(claims));
});

test("keys change, and stay while the directory is away", async (t) => {
    const { directory, node } = await pair(t);
    const old = directory.keys[0];
    const seat = async (playerId, key) => directory.sign((await directory.reserve(playerId)).claims, { key });
    await takeSeat(t, node, await seat("ada", old));
    directory.keys = [ticketKey("second"), old];
    await takeSeat(t, node, await seat("bob", directory.keys[0]));
    const asked = directory.asked;
    for (const kid of ["third", "fourth"]) assert.match(await refusal(t, node, await seat("eve", ticketKey(kid))), /unknown key/);
    assert.equal(directory.asked, asked, "not for every stranger");
    directory.keys = null;
    await takeSeat(t, node, await seat("cid", old));
});

test("orders of all sorts", async (t) => {
    const { directory, node } = await pair(t);
    const reserve = { kind: "reserve", playerId: "ada", displayName: "Ada", gameMode: "arena", issue: 1, holdMs: 60000 };
    for (const order of [
        { kind: "reserve" }, { ...reserve, playerId: 7 }, { ...reserve, playerId: "x".repeat(64) }, { ...reserve, playerId: "" },
        { ...reserve, displayName: "x".repeat(200) }, { ...reserve, issue: 0 }, { ...reserve, issue: 2 ** 32 }, { ...reserve, holdMs: -1 },
        { ...reserve, holdMs: 2 ** 40 }, { ...reserve, holdMs: 1 }, { ...reserve, gameMode: "chess" }, { ...reserve, lobbyId: "nowhere" }, { ...reserve, lobbyId: [] },
    ])
        assert.equal((await directory.order(order)).status, "refused", JSON.stringify(order));
    await eventually("no lobby stands empty for it", async () => (await node.rest("GET", "/v1/lobbies")).body.lobbies.length === 0);
    assert.equal((await directory.order({ kind: "dance" })).status, "unsupported");
    assert.equal((await directory.order({ kind: "end", playerId: "nobody" })).status, "ok");
    assert.equal((await directory.order({ kind: "end" })).status, "ok");
    // Who come at once meet in one lobby; who comes again for the same mode has the same seat.
    const seats = await Promise.all(["a", "b", "c", "d"].map((playerId) => directory.reserve(playerId, { gameMode: "free_for_all" })));
    assert.equal(new Set(seats.map(({ lobbyId }) => lobbyId)).size, 1);
    const again = await directory.reserve("b", { gameMode: "free_for_all" });
    assert.deepEqual([again.lobbyId, again.seat], [seats[1].lobbyId, seats[1].seat]);
    assert.match(await refusal(t, node, directory.sign(seats[1].claims)), /another ticket was made after this one/);
    // For another mode the seat before is given up.
    const other = await directory.reserve("b");
    assert.notEqual(other.lobbyId, seats[0].lobbyId);
    await takeSeat(t, node, directory.sign(other.claims));
    await directory.order({ kind: "end", playerId: "b", issue: other.claims.issue });
    await eventually("b is gone", async () => !/\bb\b/.test(await node.admin("players")));
    assert.match(await refusal(t, node, directory.sign(other.claims)), /sent to another server/);
});

test("a directory's own access token, and one of a node's own players", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    const { accessToken } = await guestToken(directory);
    const socket = await RawSocket.open(t, node);
    const { error } = await socket.call("session.authenticate", { token: accessToken });
    assert.equal(error.data.code, "token_invalid");
    const own = await guestToken(node);
    const answer = await directory.rest("POST", "/v1/allocations", { gameMode: "arena" }, { headers: { Authorization: `Bearer ${own.accessToken}` } });
    assert.equal(answer.status, 401);
});
