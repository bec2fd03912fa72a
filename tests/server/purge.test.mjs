// Rows that have had their time go, and no others: lobbies, who was in them, results, sanctions.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { eventually, queryDatabase, runFile, startServer, testConfig } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";

const DAY_MS = 86400000;

/** Rows of an old server, as the tables keep them. */
function history(nodeId, playerId) {
    const ago = (days) => Date.now() - days * DAY_MS;
    const lobby = (id, days, state, node = nodeId) =>
        `INSERT INTO lobbies VALUES ('${id}', '${node}', 'arena', '${state}', ${ago(days)}, 0);` +
        `INSERT INTO lobby_players VALUES ('${id}', '${playerId}', 'red', ${ago(days)});`;
    const result = (id, lobbyId, days) =>
        `INSERT INTO match_results (match_id, lobby_id, completed_at)` +
        ` VALUES ('${id}', '${lobbyId}', ${ago(days)});` +
        `INSERT INTO player_match_stats (match_id, row) VALUES ('${id}', 0), ('${id}', 1);`;
    return [
        ...[playerId, "a guest of before"].map(
            (id) => `INSERT INTO lobby_presets VALUES ('${id}', 'mine', '{}', 0);`,
        ),
        lobby("over", 8, "completed"),
        lobby("crashed", 8, "active"),
        lobby("elsewhere", 8, "active", "another-node"),
        lobby("young", 6, "completed"),
        lobby("played", 30, "completed"),
        result("kept", "played", 30),
        lobby("ancient", 400, "completed"),
        result("old", "ancient", 366),
        ...Array.from({ length: 600 }, (_, i) => lobby(`many${i}`, 9, "completed")),
    ].join("");
}

/** A server on such a history, once its purge has left so many lobbies. */
async function purged(t, config, left) {
    const plugins = [...testConfig().plugins, "rules_private"];
    const first = await startServer(t, { config: { plugins } });
    const { client, playerId } = await connectPlayer(t, first);
    await client.createLobby({ gameMode: "arena" });
    const [{ server_node_id: nodeId }] = await eventually("a lobby", async () => {
        const rows = await queryDatabase(first, "SELECT server_node_id FROM lobbies");
        return rows.length && rows;
    });
    await first.stop();
    const file = path.join(first.dataDir, "muster.db");
    const sql = `PRAGMA foreign_keys=ON; BEGIN; ${history(nodeId, playerId)} COMMIT;`;
    await runFile("sqlite3", [file, sql]);

    const server = await startServer(t, { config: { ...config, plugins }, dir: first.dir });
    const ids = async (column, table) => {
        const sqlText = `SELECT DISTINCT ${column} AS id FROM ${table} ORDER BY 1`;
        return (await queryDatabase(server, sqlText)).map(({ id }) => id);
    };
    await eventually("purge", async () => (await ids("lobby_id", "lobbies")).length === left);
    return ids;
}

const named = (ids) => ids.filter((id) => /^[a-z]+$/.test(id));

test("old lobbies and results are deleted, those that count are kept", async (t) => {
    const ids = await purged(t, {}, 4); // with the one that was made by hand
    const lobbies = await ids("lobby_id", "lobbies");
    assert.deepEqual(named(lobbies), ["elsewhere", "played", "young"]);
    const visits = await ids("lobby_id", "lobby_players");
    assert.deepEqual(visits.filter((id) => !lobbies.includes(id)), []);
    assert.ok(visits.includes("young"));
    assert.deepEqual(await ids("match_id", "match_results"), ["kept"]);
    assert.deepEqual(await ids("match_id", "player_match_stats"), ["kept"]);
    assert.equal((await ids("player_id", "lobby_presets")).length, 1, "of who is still there");
});

test("results that are kept for ever keep their lobby", async (t) => {
    const ids = await purged(t, { history: { resultDays: 0 } }, 5);
    assert.deepEqual(named(await ids("lobby_id", "lobbies")),
        ["ancient", "elsewhere", "played", "young"]);
    assert.deepEqual(await ids("match_id", "match_results"), ["kept", "old"]);
});

test("sanctions that are over go after their time, those in force stay", async (t) => {
    const config = { moderation: { endedDays: 30 } };
    const first = await startServer(t, { config });
    await first.stop();
    const ago = (days) => (days ? Date.now() - days * DAY_MS : "NULL");
    const sanction = (id, { expired, ended }) =>
        `INSERT INTO sanctions VALUES ('${id}', 'ban', '${id}', '', NULL, 0, '', '', 'x', 1,` +
        ` ${ago(expired)}, ${ago(ended)});`;
    await runFile("sqlite3", [path.join(first.dataDir, "muster.db"), [
        sanction("lifted", { ended: 31 }), sanction("ranOut", { expired: 31 }),
        sanction("liftedLately", { ended: 29 }), sanction("ranOutLately", { expired: 29 }),
        sanction("inForce", {}), sanction("liftedBeforeItsEnd", { expired: -30, ended: 31 }),
    ].join("")]);
    const server = await startServer(t, { config, dir: first.dir });
    const ids = async () =>
        (await queryDatabase(server, "SELECT sanction_id AS id FROM sanctions ORDER BY 1")).map(({ id }) => id);
    await eventually("purge", async () => !(await ids()).includes("lifted"));
    assert.deepEqual(await ids(), ["inForce", "liftedLately", "ranOutLately"]);
});
