// The database fails while the node runs: what matters is kept until it is written, and told.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import {
    ROOT, eventually, query, queryDatabase, runDaemon, runFile, startServer, tempDir,
} from "../kit/harness.mjs";
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

/** A data directory with a database as an earlier version has left it. */
async function earlier(t) {
    const dir = await tempDir(t);
    await mkdir(path.join(dir, "data"), { mode: 0o700 });
    const file = path.join(dir, "data/muster.db");
    await runFile("sqlite3", [file, `.read ${path.join(ROOT, "tests/release/upgrade.sql")}`]);
    return { dir, file };
}

test("a database of an earlier version is taken over, and copied before", async (t) => {
    const { dir, file } = await earlier(t);
    const config = { history: { resultDays: 0, lobbyDays: 0 } };
    const backups = async () =>
        (await readdir(path.dirname(file))).filter((name) => name.startsWith("muster.db.backup-"));
    const server = await startServer(t, { dir, config });
    const ada = { username: "ada0", password: "password of ada0" };
    assert.equal((await server.rest("POST", "/v1/auth/login", ada)).status, 200);
    const [result] = JSON.parse(await server.admin("results 1"));
    assert.equal(result.matchId, "b082254c-ba63-4fdc-bcf7-b63bcfbbadd2");
    assert.deepEqual(
        result.playerStats.map(({ displayName, kills }) => [displayName, kills]),
        [["Ada", 1], ["Bo", 0]],
    );
    const visits = await queryDatabase(server, "SELECT player_id FROM lobby_players");
    assert.equal(visits.length, 2, "who was in the lobby is still known");
    await server.stop();
    const [name, ...more] = await backups();
    assert.deepEqual(more, [], "one copy of all");
    const steps = "SELECT count(*) AS count FROM muster_migrations";
    assert.deepEqual(await query(path.join(path.dirname(file), name), steps), [{ count: 14 }]);
    const again = await startServer(t, { dir, config });
    await again.stop();
    assert.deepEqual(await backups(), [name], "nothing is copied when nothing is changed");
});

test("a step that hosts have run is never changed", async (t) => {
    const file = path.join(ROOT, "tests/release/migrations.golden");
    const server = await startServer(t);
    const steps = "SELECT component, step, hash FROM muster_migrations ORDER BY component, step";
    const made = (await queryDatabase(server, steps)).map((row) => `${row.component} ${row.step} ${row.hash}\n`).join("");
    if (process.env.UPDATE_GOLDEN) await writeFile(file, made); // appended steps alone
    assert.equal(made, await readFile(file, "utf8"));
});

test("a database that a newer version, or another one, has written is refused", async (t) => {
    const changes = [
        ["INSERT INTO muster_migrations VALUES('core', 999, 1, NULL)", /newer version/],
        ["UPDATE muster_migrations SET hash = 'x' WHERE step = 1", /step 1 is another/],
    ];
    for (const [sql, sentence] of changes) {
        const { dir, file } = await earlier(t);
        await (await startServer(t, { dir })).stop();
        await runFile("sqlite3", [file, sql]);
        const { code, stderr, stdout } = await runDaemon(["--data-dir", path.join(dir, "data"), "--port", "0"]);
        assert.equal(code, 70);
        assert.match(stdout + stderr, sentence);
    }
});
