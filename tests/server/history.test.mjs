// What plugin history keeps: results, whenever their match ends, and read back; who was here, by
// whatever issuer; and what a node without it does.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import {
    eventually, query, queryDatabase, runDaemon, runFile, startServer, tempDir, testConfig,
} from "../kit/harness.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";
import { lockDatabase } from "../kit/lock.mjs";
import { connectPlayer, gather, sitDown } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const DAY_MS = 86400000;
const unwrittenOf = (server) => path.join(server.dataDir, "unwritten.jsonl");
const sqlite = (server, sql) => runFile("sqlite3", [server.databaseFile, `PRAGMA foreign_keys=ON; ${sql}`]);

/** Two people in a match that goes on; its lobby. */
async function playOn(t, server) {
    const team = await gather(t, server, 2, { settings: { fires: false } });
    const started = team.map(({ client }) => client.once("match.started"));
    const lobbyId = await sitDown(team, { botFill: 0, maxPlayers: 2 });
    await Promise.all(started);
    return lobbyId;
}

/** All that the database says of the one match. */
async function kept(server, lobbyId) {
    const one = async (sql) => (await queryDatabase(server, sql))[0];
    const lobby = await one(`SELECT state, player_count FROM lobbies WHERE lobby_id = '${lobbyId}'`);
    const results = await queryDatabase(
        server,
        `SELECT match_id, reason, winning_team, game_mode, map_name, disturbed FROM match_results WHERE lobby_id = '${lobbyId}'`,
    );
    const stats = await queryDatabase(server, "SELECT row, display_name FROM player_match_stats ORDER BY row");
    return { lobby, results, stats };
}

function assertAborted({ lobby, results, stats }) {
    assert.deepEqual(lobby, { state: "completed", player_count: 2 });
    assert.equal(results.length, 1);
    const { match_id: matchId, disturbed, ...rest } = results[0];
    assert.ok(matchId);
    assert.ok(JSON.parse(disturbed).some(({ cause }) => cause === "shutdown"), "nobody is rated by it");
    assert.deepEqual(rest, { reason: "aborted", winning_team: "draw", game_mode: "arena", map_name: "canyon" });
    assert.deepEqual(stats.map(({ row }) => row), [0, 1]);
    assert.deepEqual(stats.map((row) => row.display_name).sort(), ["Player 1", "Player 2"]);
}

test("the result of a match that ends with the node is in the database", async (t) => {
    const server = await startServer(t, {});
    const lobbyId = await playOn(t, server);
    await server.stop();
    assert.ok(!existsSync(unwrittenOf(server)));
    assertAborted(await kept(server, lobbyId));
});

test("and when the database is locked meanwhile, it is there after the next start, once", async (t) => {
    const config = { db_sqlite: { busyTimeoutMs: 20 } };
    const server = await startServer(t, { config });
    const lobbyId = await playOn(t, server);
    const unlock = await lockDatabase(t, server.databaseFile);
    await server.admin("ban 192.0.2.0/24 1h late");
    await server.stop();
    const lines = (await readFile(unwrittenOf(server), "utf8")).trimEnd().split("\n").map(JSON.parse);
    const results = lines.filter(({ statements }) => statements[0].sql.includes("INTO match_results"));
    assert.equal(results.length, 1);
    assert.equal(results[0].durable, true, "a result is worth a sync");
    assert.equal(results[0].statements.length, 3);
    assert.ok(lines.some(({ durable }) => !durable), "the state of a lobby is not");
    await unlock();
    const next = await startServer(t, { config, dir: server.dir });
    assert.match(await next.admin("bans"), /: late\n1 bans$/, "what was banned meanwhile is in force");
    await eventually("all is written", () => !existsSync(unwrittenOf(next)));
    assertAborted(await kept(next, lobbyId));
});

test("results are read back newest first, whatever the rows hold", async (t) => {
    const server = await startServer(t, {});
    const crashed = [{ cause: "crash", times: 1, ms: 700, tick: 9 }];
    const result = (id, at, team, versions, outcome = "{}", disturbed = "[]") =>
        `INSERT INTO match_results VALUES ('${id}', NULL, '${team}', 60, 1, 2, ${at}, 'score_limit', 'arena', 'canyon', '${versions}', '${outcome}', '${disturbed}');`;
    const stats = (id, row, name, isBot) =>
        `INSERT INTO player_match_stats VALUES ('${id}', ${row}, 'p${row}', '${name}', 'red', 3, 4, 5, 10, ${isBot}, '{"moves":7}', ${isBot ? "NULL" : "'timeout'"});`;
    const now = Date.now();
    await sqlite(server, [
        result("m", now, "red", "[]"),
        stats("m", 0, "C", 0),
        result("m1", now + 1, "none", "no JSON", '{"winner":{"playerId":"p9"},"finalScores":{}}'),
        result("m2", now + 2, "red", '[{"name":"mod:koth","version":"1.2.0"}]', "{}", JSON.stringify(crashed)),
        stats("m2", 1, "O''B", 1), // rows come in their order, not in that of the inserts
        stats("m2", 0, "A", 0),
    ].join(""));
    const row = (playerId, displayName, isBot) =>
        ({
            playerId, displayName, team: "red", kills: 3, deaths: 4, assists: 5, score: 10, isBot,
            leaveReason: isBot ? null : "timeout", stats: { moves: 7 },
        });
    const common = { lobbyId: null, finalScores: { red: 1, blue: 2 }, duration: 60, reason: "score_limit", disturbed: [] };
    const wanted = [
        {
            ...common, matchId: "m2", winningTeam: "red",
            playerStats: [row("p0", "A", false), row("p1", "O'B", true)],
            disturbed: crashed, versions: [{ name: "mod:koth", version: "1.2.0" }],
        },
        {
            ...common, matchId: "m1", winningTeam: "none", winner: { playerId: "p9" }, finalScores: {},
            playerStats: [], versions: [],
        },
        { ...common, matchId: "m", winningTeam: "red", playerStats: [row("p0", "C", false)], versions: [] },
    ];
    assert.deepEqual(JSON.parse(await server.admin("results")), wanted);
    assert.deepEqual(JSON.parse(await server.admin("results 2")), wanted.slice(0, 2));
    for (const bad of ["results 0", "results x", "results -1", "results 1x", "results 1000"])
        assert.equal(await server.adminRefusal(bad), "expected: results [N]", bad);
    assert.match(await server.admin("help"), /^results +\[N\] the newest match results/m);
    await server.admin("reload history");
    assert.deepEqual(JSON.parse(await server.admin("results")), wanted, "by the new generation");
});

test("a reload loses no row: the lobby is there before, the visit comes after", async (t) => {
    const server = await startServer(t, {});
    const { client } = await connectPlayer(t, server);
    const { lobby } = await client.createLobby({ gameMode: "arena" });
    await server.admin("reload history");
    const other = await connectPlayer(t, server);
    await other.client.joinLobby(lobby.lobbyId);
    const visits = `SELECT player_id FROM lobby_players WHERE lobby_id = '${lobby.lobbyId}'`;
    await eventually("both", async () => (await queryDatabase(server, visits)).length === 2);
    const [row] = await queryDatabase(server, `SELECT player_count FROM lobbies WHERE lobby_id = '${lobby.lobbyId}'`);
    assert.equal(row.player_count, 2);
});

// ---- who was here ------------------------------------------------------------------------------------

/** A node whose players another issuer signs in. */
async function foreign(t, plugins, home) {
    const dir = home ?? (await tempDir(t));
    const auth_jwt = await otherIssuer(dir);
    return startServer(t, { dir, config: { plugins: [...plugins, "auth_jwt", "mode_arena"], auth_jwt } });
}

async function sitAlone(socket) {
    const lobby = await socket.call("lobby.create", { gameMode: "arena", settings: {} });
    await socket.call("lobby.enter", { seatTicket: lobby.result.seatTicket });
}

test("players of another issuer have a row, which follows their token", async (t) => {
    const server = await foreign(t, ["db_sqlite", "history"]);
    const socket = await RawSocket.open(t, server);
    const row = async () => (await queryDatabase(server, "SELECT * FROM players WHERE player_id = 'pia'"))[0];
    await socket.authenticate(jwt({ sub: "pia", displayName: "Pia" }));
    const { created_at: since } = await eventually("a row", row);
    await socket.authenticate(jwt({ sub: "pia", displayName: "Pia the Second" }));
    await eventually("the name is the newer", async () => (await row()).display_name === "Pia the Second");
    const { created_at: still, last_login: last, username } = await row();
    assert.equal(still, since);
    assert.ok(last >= since);
    assert.equal(username, null);
    await sitAlone(socket);
    await eventually("the visit", async () =>
        (await queryDatabase(server, "SELECT * FROM lobby_players WHERE player_id = 'pia'")).length === 1);
});

test("who has not been here for long is forgotten, but not who has an account", async (t) => {
    const server = await startServer(t, { config: { history: { playerDays: 30 } } });
    const { playerId } = await connectPlayer(t, server);
    const player = (id, username, days) =>
        `INSERT INTO players VALUES ('${id}', ${username}, NULL, '', '', 0, ${days ? Date.now() - days * DAY_MS : "NULL"});`;
    const config = { history: { playerDays: 30 } };
    await server.stop();
    await sqlite(server, [
        player("away", "NULL", 31), player("never", "NULL"), player("young", "NULL", 29),
        player("account", "'anna'", 300),
        "INSERT INTO lobbies VALUES ('l', 'n', 'arena', 'completed', 0, 1);",
        "INSERT INTO match_results (match_id, lobby_id, completed_at) VALUES ('m', 'l', 1e15);",
        "INSERT INTO lobby_players VALUES ('l', 'away', 'red', 0), ('l', 'young', 'red', 0);",
    ].join(""));
    const next = await startServer(t, { config, dir: server.dir });
    const ids = async (table) =>
        (await queryDatabase(next, `SELECT player_id AS id FROM ${table} ORDER BY 1`)).map(({ id }) => id);
    await eventually("they are gone", async () => !(await ids("players")).includes("never"));
    assert.deepEqual(await ids("players"), [playerId, "account", "young"].sort());
    assert.deepEqual(await ids("lobby_players"), ["young"]);
});

// ---- several databases -------------------------------------------------------------------------------

const RESULTS_APART = {
    plugins: ["db_sqlite", "db_sqlite:results", ...testConfig().plugins.filter((name) => name !== "db_sqlite")],
    history: { database: "results" },
    results: { busyTimeoutMs: 20 },
};

test("results may lie in another database than accounts, which has its own writes and copies", async (t) => {
    const server = await startServer(t, { config: RESULTS_APART });
    const file = path.join(server.dataDir, "results.db");
    const count = async (of, table) => (await query(of, `SELECT COUNT(*) AS n FROM ${table}`))[0].n;
    const unlock = await lockDatabase(t, file);
    const lobbyId = await playOn(t, server); // accounts are made, and their database takes them
    assert.equal(await count(server.databaseFile, "auth_guests"), 2);
    await server.stop();
    assert.ok(existsSync(path.join(server.dataDir, "unwritten.results.jsonl")));
    assert.ok(!existsSync(unwrittenOf(server)));
    await unlock();

    const next = await startServer(t, { config: RESULTS_APART, dir: server.dir });
    await eventually("it is written", () => !existsSync(path.join(next.dataDir, "unwritten.results.jsonl")));
    const [result] = JSON.parse(await next.admin("results"));
    assert.equal(result.lobbyId, lobbyId);
    assert.equal(await count(file, "match_results"), 1);
    const tables = async (of) => (await query(of, "SELECT name FROM sqlite_master")).map(({ name }) => name);
    assert.ok(!(await tables(next.databaseFile)).includes("match_results"));
    assert.ok(!(await tables(file)).includes("auth_credentials"));
    await next.admin("backup accounts.db");
    await next.admin("backup results.db results");
    assert.ok((await tables(path.join(next.dataDir, "backups/accounts.db"))).includes("auth_credentials"));
    assert.equal(await count(path.join(next.dataDir, "backups/results.db"), "match_results"), 1);
});

// ---- without it --------------------------------------------------------------------------------------

test("without it a node plays, says what it does not keep, and knows nobody of before", async (t) => {
    const accounts = await startServer(t, {
        config: { plugins: testConfig().plugins.filter((name) => name !== "history") },
    });
    assert.match(accounts.output, /no reporter plugin is configured: results of matches are not kept/);
    await connectPlayer(t, accounts);
    assert.equal((await queryDatabase(accounts, "SELECT * FROM players")).length, 1, "auth_local's own");
    assert.equal((await accounts.adminAnswer("results")).status, 404);
    assert.equal((await accounts.adminAnswer("ban nobody-here 1h x")).status, 404);
    const nothing = await foreign(t, ["db_sqlite", "moderation"]);
    assert.equal((await nothing.adminAnswer("ban nobody-here 1h x")).status, 404);
});

test("presets of players whom nobody else keeps outlive the next start", async (t) => {
    const plugins = ["db_sqlite", "rules_private"];
    const server = await foreign(t, plugins);
    const socket = await RawSocket.open(t, server);
    await socket.authenticate(jwt({ sub: "pia" }));
    await sitAlone(socket);
    assert.ok((await socket.call("lobby.savePreset", { name: "mine" })).result);
    await server.stop();
    const next = await foreign(t, plugins, server.dir);
    const again = await RawSocket.open(t, next);
    await again.authenticate(jwt({ sub: "pia" }));
    const { presets } = (await again.call("lobby.presets", {})).result;
    assert.deepEqual(presets.map(({ name }) => name), ["mine"]);
});

test("keys that were the core's are refused with the name they have now", async (t) => {
    const dir = await tempDir(t);
    const file = path.join(dir, "config.json");
    await writeFile(file, JSON.stringify(testConfig({ store: { lobbyDays: 3 } })));
    const check = async (env) => {
        const { code, stderr } = await runDaemon(["--config", file, "--check-config"], { cwd: dir, env });
        assert.equal(code, 78);
        return stderr;
    };
    assert.match(await check(), /store: unknown section; its keys are those of the plugin "history" now/);
    await writeFile(file, JSON.stringify(testConfig()));
    const said = await check({ MUSTER_STORE_LOBBY_DAYS: "3" });
    assert.match(said, /MUSTER_STORE_LOBBY_DAYS: .*keys are those of the plugin "history" now/);
});
