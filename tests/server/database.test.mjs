// The database fails while the node runs: what matters is kept until it is written, and told.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, rename } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import { eventually, queryDatabase, startServer } from "../kit/harness.mjs";
import { lockDatabase } from "../kit/lock.mjs";
import { connectPlayer, guestToken } from "../kit/players.mjs";

const QUICK = { db_sqlite: { busyTimeoutMs: 20 } };

const unwrittenOf = (server) => path.join(server.dataDir, "unwritten.jsonl");

const lock = (t, server) => lockDatabase(t, server.databaseFile);

const ready = async (server) => (await server.rest("GET", "/readyz?verbose")).text;

/** A player whose lobby the database hears of. */
async function openLobby(t, server, player) {
    const { client } = player ?? (await connectPlayer(t, server));
    const { lobby } = await client.createLobby({ gameMode: "arena" });
    return lobby.lobbyId;
}

const lobbies = async (server) =>
    (await queryDatabase(server, "SELECT lobby_id FROM lobbies ORDER BY created_at")).map((row) => row.lobby_id);

test("a kill while the database is locked: what waits is written after the next start", async (t) => {
    const server = await startServer(t, { config: QUICK });
    const player = await connectPlayer(t, server);
    const unlock = await lock(t, server);
    const lobby = await openLobby(t, server, player);
    server.signal("SIGKILL");
    await server.ended();
    await unlock();
    assert.ok(!(await lobbies(server)).includes(lobby));
    const next = await startServer(t, { config: QUICK, dir: server.dir });
    assert.match(next.output, /[1-9]\d* writes of before are taken up/);
    await eventually("it is written", async () => (await lobbies(next)).includes(lobby));
});

test("a database that is locked: writes wait, the node says so, nothing is lost", async (t) => {
    const server = await startServer(t, { config: QUICK });
    const player = await connectPlayer(t, server);
    assert.match(await ready(server), /^\[\+\]database ok$/m);
    const unlock = await lock(t, server);
    const lobby = await openLobby(t, server, player);
    await eventually("it is told", async () =>
        /^\[-\]database writes wait for the database$/m.test(await ready(server)),
    );
    assert.equal((await server.rest("GET", "/readyz")).status, 503);
    assert.equal((await server.rest("GET", "/livez")).status, 200);
    assert.ok((await server.metric("muster_store_writes_pending")) > 0);
    await unlock();
    await eventually("it is written", async () => (await lobbies(server)).includes(lobby));
    await eventually("it is told", async () => (await server.rest("GET", "/readyz")).status === 200);
    assert.equal(await server.metric("muster_store_writes_lost_total"), 0);
    await eventually("none waits", async () => (await server.metric("muster_store_writes_pending")) === 0);
});

test("a stop while the database is locked: what waits is written after the next start", async (t) => {
    const server = await startServer(t, { config: QUICK });
    const player = await connectPlayer(t, server);
    const unlock = await lock(t, server);
    const lobby = await openLobby(t, server, player);
    await server.stop();
    assert.match(server.output, /writes are kept in \S+unwritten\.jsonl/);
    assert.ok(existsSync(unwrittenOf(server)));
    await unlock();
    assert.ok(!(await lobbies(server)).includes(lobby));
    const next = await startServer(t, { config: QUICK, dir: server.dir });
    await eventually("it is written", async () => (await lobbies(next)).includes(lobby));
    await eventually("who sat in it, too", async () => {
        const sql = `SELECT * FROM lobby_players WHERE lobby_id = '${lobby}'`;
        return (await queryDatabase(next, sql)).length === 1;
    });
    await eventually("the file is gone", () => !existsSync(unwrittenOf(next)));
});

test("a database file that is moved away is noticed, and may be put back", async (t) => {
    const server = await startServer(t, { config: QUICK });
    const player = await connectPlayer(t, server);
    const away = `${server.databaseFile}.away`;
    await rename(server.databaseFile, away);
    await eventually("it is told", async () => /^\[-\]database /m.test(await ready(server)));
    await server.waitForOutput(/database file was moved, removed or replaced/);
    const refused = await server.rest("POST", "/v1/auth/guest", { displayName: "Ann" });
    assertProblem(refused, 503, "storage_failed");
    const lobby = await openLobby(t, server, player);

    await copyFile(away, server.databaseFile); // another file of that name is not the one
    assert.notEqual((await server.rest("POST", "/v1/auth/guest", { displayName: "Ann" })).status, 200);
    await rename(away, server.databaseFile);
    await eventually("it is written", async () => (await lobbies(server)).includes(lobby));
    await eventually("it is told", async () => (await server.rest("GET", "/readyz")).status === 200);
    await guestToken(server);
});

test("who signed in stands in players, and the state of each lobby in lobbies", async (t) => {
    const server = await startServer(t, {});
    const { client, playerId } = await connectPlayer(t, server, { name: "Ann" });
    await eventually("the player", async () => {
        const [row] = await queryDatabase(
            server,
            `SELECT display_name, region, last_login FROM players WHERE player_id = '${playerId}'`,
        );
        return row?.last_login && row.display_name === "Ann" && row.region === client.session.region;
    });
    const { lobby } = await client.createLobby({ gameMode: "arena" });
    const stored = async () =>
        (await queryDatabase(server, `SELECT * FROM lobbies WHERE lobby_id = '${lobby.lobbyId}'`))[0];
    await eventually("one player", async () => (await stored())?.player_count === 1);
    assert.equal((await stored()).state, "waiting");
    assert.equal((await stored()).game_mode, "arena");
    const other = await connectPlayer(t, server);
    await other.client.joinLobby(lobby.lobbyId);
    await eventually("two players", async () => (await stored()).player_count === 2);
    await other.client.leave();
    await eventually("one again", async () => (await stored()).player_count === 1);
    await client.leave();
    await eventually("none", async () => (await stored()).player_count === 0);
});
