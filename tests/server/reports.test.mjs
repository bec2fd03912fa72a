// What servers report to the directory: results, who comes and goes, suspicions; each once, whatever
// happens on the way.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { REPORTING_PLUGINS, addKey, nodeConfig, startDirectory } from "../kit/directory.mjs";
import { atEnd, eventually, freePort, queryDatabase, runFile, startServer } from "../kit/harness.mjs";
import { lockDatabase } from "../kit/lock.mjs";
import { assertProblem } from "../kit/openapi.mjs";
import { connectPlayer, gather, sitDown } from "../kit/players.mjs";

const results = (directory) => queryDatabase(directory, "SELECT * FROM directory_results ORDER BY completed_at");
const visits = (directory) => queryDatabase(directory, "SELECT * FROM directory_activity");
const suspicions = (directory) => queryDatabase(directory, "SELECT * FROM directory_reports");
const outbox = (node) => queryDatabase(node, "SELECT * FROM reporter_central_outbox");

async function startReporter(t, directory, key, { dir, port, config = {} } = {}) {
    const whole = await nodeConfig(directory, key, { port, config: { plugins: REPORTING_PLUGINS, ...config } });
    return startServer(t, { dir, config: whole });
}

/** Two people in a match. */
async function beginMatch(t, node) {
    const team = await gather(t, node, 2, { settings: { fires: false } });
    const started = team.map(({ client }) => client.once("match.started"));
    await sitDown(team, { botFill: 0, maxPlayers: 2 });
    await Promise.all(started);
    return team;
}

/** One of them leaves, so the match ends, and then the other; the result that this one is told. */
async function endMatch([first, second]) {
    await first.client.leave();
    const { results: told } = await second.end();
    await second.client.leave();
    return told;
}

const playMatch = async (t, node) => endMatch(await beginMatch(t, node));

async function kill(server) {
    server.signal("SIGKILL");
    await server.ended();
}

/** The one result that the directory has in the end, and that nothing waits any more. */
async function assertOnce(directory, node, { matchId }) {
    await eventually("all is there", async () => (await visits(directory)).length >= 4 && (await results(directory)).length > 0);
    await eventually("all is answered for", async () => (await outbox(node)).length === 0);
    const rows = await results(directory);
    assert.deepEqual(rows.map((row) => row.match_id), [matchId]);
    const counts = await queryDatabase(directory, "SELECT type, count(*) n FROM directory_activity GROUP BY type ORDER BY type");
    assert.deepEqual(counts, [{ type: "join", n: 2 }, { type: "leave", n: 2 }]);
    return rows[0];
}

/** What passes on to a directory; while `cuts` is above 0 an answer about activity gets lost. */
class Cutting {
    cuts = 0;

    static async open(t, directory) {
        const cutting = new Cutting();
        const server = net.createServer((near) => cutting.#join(near, net.connect(directory.port, "127.0.0.1")));
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        cutting.httpUrl = `http://127.0.0.1:${server.address().port}`;
        atEnd(t, () => server.close());
        return cutting;
    }

    #join(near, far) {
        let isReport = false;
        const end = () => (near.destroy(), far.destroy());
        near.on("data", (data) => {
            isReport ||= data.includes("/activity HTTP");
            far.write(data);
        });
        far.on("data", (data) => {
            if (!isReport || this.cuts === 0) return near.write(data);
            this.cuts--;
            end();
        });
        for (const socket of [near, far]) socket.on("error", end).on("close", end);
    }
}

test("a result and who came and went are at the directory", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startReporter(t, directory, key);
    const told = await playMatch(t, node);
    const row = await assertOnce(directory, node, told);
    assert.equal(JSON.parse(row.result).reason, "forfeit");
    const players = await queryDatabase(directory, "SELECT is_claim FROM directory_result_players");
    assert.deepEqual(players, [{ is_claim: 1 }, { is_claim: 1 }], "the players have said nothing");
    assert.equal(await node.metric("muster_central_reports_lost_total"), 0);
});

test("answers that get lost count nothing twice", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const between = await Cutting.open(t, directory);
    const node = await startReporter(t, between, key);
    await node.waitForOutput(/"on the list of http/);
    between.cuts = 2;
    const told = await playMatch(t, node);
    await assertOnce(directory, node, told);
    assert.equal(between.cuts, 0);
});

test("what a detector suspects is at the directory", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const config = { plugins: [...REPORTING_PLUGINS, "anticheat_presses"], anticheat_presses: { pressesMax: 1 } };
    const node = await startReporter(t, directory, key, { config });
    const team = [await connectPlayer(t, node, { name: "Ada" }), await connectPlayer(t, node, { name: "Bob" })];
    const [{ client, playerId: suspect }] = team;
    let sequence = 0;
    client.on("snapshot", () => client.sendInput({ sequence: ++sequence, held: 3, pressed: 3, aim: 0, moveX: 0, moveY: 0 }));
    const started = client.once("match.started");
    await sitDown(team, { botFill: 0, maxPlayers: 2 });
    const { matchId } = await started;
    await eventually("the suspicion is there", async () => (await suspicions(directory)).length > 0);
    const [row, ...others] = await suspicions(directory);
    assert.deepEqual(others, []);
    assert.deepEqual([row.match_id, row.detector, row.severity, row.weight], [matchId, "anticheat_presses", 3, 15]);
    const { playerId, tick } = JSON.parse(row.report);
    assert.equal(playerId, suspect);
    assert.ok(tick > 0);
    await eventually("it is answered for", async () => !(await outbox(node)).some(({ rank }) => rank === 1));
});

test("a directory that is killed loses nothing", async (t) => {
    const config = { net: { port: await freePort() } };
    const directory = await startDirectory(t, { config });
    const { key } = await addKey(directory);
    const node = await startReporter(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    await kill(directory);
    const told = await playMatch(t, node);
    await node.waitForOutput(/reports for the directory wait/);
    const again = await startDirectory(t, { config, dir: directory.dir });
    await assertOnce(again, node, told);
    await node.waitForOutput(/reports reach the directory again/);
});

test("nor does a node that is killed before it could tell", async (t) => {
    const config = { net: { port: await freePort() } };
    const directory = await startDirectory(t, { config });
    const { key } = await addKey(directory);
    const port = await freePort();
    const node = await startReporter(t, directory, key, { port });
    await node.waitForOutput(/"on the list of http/);
    await kill(directory);
    const told = await playMatch(t, node);
    await eventually("all of it is kept", async () => (await outbox(node)).length === 5);
    await kill(node);
    const again = await startDirectory(t, { config, dir: directory.dir });
    await assertOnce(again, await startReporter(t, again, key, { port, dir: node.dir }), told);
});

test("nor do databases that take nothing for a while", async (t) => {
    const config = { db_sqlite: { busyTimeoutMs: 20 } };
    const directory = await startDirectory(t, { config });
    const { key } = await addKey(directory);
    const node = await startReporter(t, directory, key, { config });
    await node.waitForOutput(/"on the list of http/);
    const team = await beginMatch(t, node);
    const unlockNode = await lockDatabase(t, node.databaseFile);
    const told = await endMatch(team);
    const unlock = await lockDatabase(t, directory.databaseFile);
    await unlockNode();
    await node.waitForOutput(/reports for the directory wait: the directory: it answers 503/);
    await unlock();
    await assertOnce(directory, node, told);
});

test("what waits is bounded, and results are given up last", async (t) => {
    const nowhere = { httpUrl: `http://127.0.0.1:${await freePort()}` };
    const node = await startReporter(t, nowhere, "mk_none", { config: { reporter_central: { rowsMax: 100 } } });
    const row = (key, rank, at) => `INSERT INTO reporter_central_outbox VALUES ('${key}', ${rank}, ${at}, 2, '{}');`;
    const rows = [row("result", 2, 1), row("suspicion", 1, 2)];
    for (let i = 0; i < 300; i++) rows.push(row(`visit-${i}`, 0, 3 + i));
    await runFile("sqlite3", [node.databaseFile, ".timeout 5000", rows.join("")]);
    await playMatch(t, node);
    await eventually("the rest is given up", async () => (await node.metric("muster_central_reports_lost_total")) === 207);
    const kept = await outbox(node);
    assert.deepEqual(kept.filter(({ rank }) => rank > 0).length, 3, "a suspicion and two results");
    assert.ok(!kept.some((one) => one.report_key === "visit-0"), "the oldest went first");
    assert.equal(kept.length, 100);
});

test("a node without a directory keeps nothing for it", async (t) => {
    const node = await startServer(t, { config: { plugins: REPORTING_PLUGINS } });
    await playMatch(t, node);
    assert.deepEqual(await outbox(node), []);
});

/* ---- whatever a server says ---- */

const NOW = Date.now();
const visit = (key, more = {}) => ({ key, type: "join", playerId: "p1", lobbyId: "l1", gameMode: "arena", at: NOW, ...more });
const match = (key, { stats = {}, ...more } = {}) => ({
    key,
    type: "result",
    result: { matchId: `match-${key}`, lobbyId: "l1", gameMode: "arena", completedAt: NOW, playerStats: [{ playerId: "p1", kills: 1, ...stats }], ...more },
});
const suspicion = (id, more = {}) => ({ id, playerId: "p1", matchId: "m1", detector: "aim", severity: 4, ...more });

/** A server that says what it likes. */
async function registered(directory, key, port) {
    const { body } = await directory.rest("POST", "/v1/servers", {
        serverName: "Mallory's", region: "local", maxLobbies: 1, supportedGameModes: ["arena"], version: "1", adminContact: "",
        address: "127.0.0.1", port,
    }, { headers: { Authorization: `Bearer ${key}` } });
    const ask = (what, id = body.serverId) => (json) =>
        directory.rest("POST", `/v1/servers/${id}/${what}`, json, { headers: { Authorization: `Bearer ${body.serverToken}` } });
    return {
        serverId: body.serverId,
        tell: (...activity) => ask("activity")({ activity }),
        post: ask("activity"),
        report: ask("reports"),
        postAs: (id) => ask("activity", id),
    };
}

async function twoServers(t) {
    const directory = await startDirectory(t);
    const { key, id } = await addKey(directory);
    return { directory, keyId: id, one: await registered(directory, key, 2001), other: await registered(directory, key, 2002) };
}

test("a key counts once for each server, and of a match the first result", async (t) => {
    const { directory, one, other } = await twoServers(t);
    assert.deepEqual((await one.tell(visit("a"), visit("a", { playerId: "p2" }), match("r"))).body, { accepted: 3, refused: [] });
    assert.equal((await one.tell(visit("a", { playerId: "p3" }), match("r", { stats: { kills: 99 } }))).body.accepted, 2);
    const twice = match("another key", {});
    assert.equal((await one.tell({ ...twice, result: { ...match("r").result, playerStats: [{ playerId: "p9" }, { playerId: "p8" }] } })).body.refused.length, 1, "a key has no blanks");
    assert.equal((await one.tell({ ...twice, key: "k2", result: { ...match("r").result, playerStats: [{ playerId: "p9" }, { playerId: "p8" }] } })).status, 200);
    assert.deepEqual((await visits(directory)).map((row) => row.player_id), ["p1"]);
    assert.deepEqual((await results(directory)).map((row) => JSON.parse(row.result).playerStats[0].kills), [1]);
    const players = () => queryDatabase(directory, "SELECT player_id, is_claim FROM directory_result_players");
    assert.deepEqual(await players(), [{ player_id: "p1", is_claim: 1 }]);
    assert.equal((await other.tell(visit("a"), match("r"))).body.accepted, 2);
    assert.equal((await visits(directory)).length, 2, "the same key of another server is another one");
});

test("nobody reports as another server, or without its token", async (t) => {
    const { directory, one, other } = await twoServers(t);
    assert.equal((await one.postAs(other.serverId)({ activity: [visit("a")] })).status, 401);
    for (const what of ["activity", "reports"])
        assert.equal((await directory.rest("POST", `/v1/servers/${one.serverId}/${what}`, { activity: [visit("a")] })).status, 401);
    assert.deepEqual(await visits(directory), []);
});

test("what is no report is named and keeps no other one back", async (t) => {
    const { directory, one } = await twoServers(t);
    const deep = (levels) => (levels ? [deep(levels - 1)] : 0);
    const bad = [
        visit("b", { at: -5 }), visit("b", { at: 1.5 }), visit("b", { playerId: "" }), visit("b", { playerId: "p".repeat(64) }),
        visit("b", { gameMode: "Arena!" }), visit("b", { type: "ban" }), visit("b", { lobbyId: 7 }), visit(""), visit("b".repeat(64)),
        "b", null, [], {},
        match("b", { stats: { kills: -1 } }), match("b", { duration: -1 }), match("b", { completedAt: -1 }),
        match("b", { matchId: "a b" }), match("b", { playerStats: {} }), match("b", { playerStats: [1] }),
        match("b", { deep: deep(20) }), match("b", { pad: "x".repeat(70000) }),
        match("b", { playerStats: Array.from({ length: 513 }, () => ({ playerId: "p" })) }),
    ];
    const { body } = await one.tell(visit("good"), ...bad, match("good2"));
    assert.equal(body.accepted, 2);
    assert.deepEqual(body.refused.map(({ index }) => index), bad.map((_, i) => i + 1));
    assert.deepEqual((await visits(directory)).map((row) => row.activity_key), ["good"]);
    assert.deepEqual((await results(directory)).map((row) => row.activity_key), ["good2"]);
});

test("bodies that are too long, too deep or none are refused", async (t) => {
    const { directory, one } = await twoServers(t);
    assert.equal((await one.tell(...Array.from({ length: 65 }, (_, i) => visit(`k${i}`)))).status, 400);
    assert.equal((await one.post({ activity: "all" })).status, 400);
    assert.equal((await one.post(`{"activity":${"[".repeat(100000)}`)).status, 400);
    assert.equal((await one.post({ activity: [visit("k", { pad: "x".repeat(300000) })] })).status, 413);
    assert.equal((await one.post("{")).status, 400);
    assert.deepEqual(await visits(directory), []);
});

test("results whose rows are too many together come one after another", async (t) => {
    const { directory, one } = await twoServers(t);
    const big = (key) => match(key, { playerStats: Array.from({ length: 300 }, (_, i) => ({ playerId: `p${i}` })) });
    assertProblem(await one.tell(big("a"), big("b")), 413, "body_too_long");
    assert.deepEqual(await results(directory), []);
    assert.equal((await one.tell(big("a"))).body.accepted, 1);
    assert.equal((await one.tell(big("b"), visit("v"))).body.accepted, 2);
});

test("a suspicion is kept for people to look at, with the weight of the server", async (t) => {
    const { directory, one, keyId } = await twoServers(t);
    const full = suspicion("s1", { window: { tickFrom: 5, tickTo: 9 }, samples: [{ tick: 5 }], replay: null, verdict: "guilty", reviewer: "me" });
    assert.equal((await one.report(full)).status, 201);
    assert.equal((await one.report({ ...full, severity: 9 })).status, 201);
    assert.match(await directory.admin(`directory.key trust ${keyId} 10`), /weighs 10 of 100/);
    assert.equal((await one.report(suspicion("s2", { severity: 10 }))).status, 201);
    for (const bad of [
        suspicion("b", { severity: 0 }), suspicion("b", { severity: 11 }), suspicion("b", { severity: -3 }), suspicion("b", { playerId: undefined }),
        suspicion("b", { window: { tickFrom: 9, tickTo: 5 } }), suspicion("b", { window: { tickFrom: -1, tickTo: 5 } }),
        suspicion("b", { samples: Array.from({ length: 21 }, () => 0) }), suspicion("b", { baseline: [] }), suspicion("b", { action: {} }), suspicion("b", { n: 1.5 }), suspicion("b", { exemptions: [1] }),
        suspicion("b", { pad: "x".repeat(40000) }), suspicion("b", { deep: [[[[[[[[[]]]]]]]]] }),
    ])
        assert.equal((await one.report(bad)).status, 400, JSON.stringify(bad).slice(0, 100));
    const rows = await queryDatabase(directory, "SELECT report_id, severity, weight, verdict, reviewer, report FROM directory_reports ORDER BY report_id");
    assert.deepEqual(rows.map(({ report, ...row }) => row), [
        { report_id: "s1", severity: 4, weight: 20, verdict: null, reviewer: null },
        { report_id: "s2", severity: 10, weight: 10, verdict: null, reviewer: null },
    ]);
    assert.equal(JSON.parse(rows[0].report).verdict, undefined);
    assert.equal(await directory.admin("bans"), "0 bans");
});

test("a server that reports too often waits, and the others do not", async (t) => {
    const { one, other } = await twoServers(t);
    let count = 0, last;
    while ((last = await one.report(suspicion(`s${count}`))).status === 201) count++;
    assert.ok(count >= 60, "so many at once");
    assert.equal(last.status, 429);
    assert.equal(last.headers.get("retry-after"), "1");
    assert.match(last.headers.get("ratelimit"), /r=0/);
    assert.equal((await other.report(suspicion("s"))).status, 201);
});

test("what was reported long ago is deleted", async (t) => {
    const { directory, one } = await twoServers(t);
    await one.tell(visit("old"), visit("new"), match("old"), match("new"));
    await one.report(suspicion("old"));
    await one.report(suspicion("new"));
    const age = (table, key, days) =>
        `UPDATE ${table} SET received_at = received_at - ${days * 86400000} WHERE ${key} = 'old';`;
    await runFile("sqlite3", [directory.databaseFile, ".timeout 5000",
        age("directory_activity", "activity_key", 31) + age("directory_results", "activity_key", 366) + age("directory_reports", "report_id", 181)]);
    await directory.admin("reload service_directory");
    await eventually("the old suspicion is gone", async () => (await suspicions(directory)).length === 1);
    assert.deepEqual((await visits(directory)).map((row) => row.activity_key), ["new"]);
    assert.deepEqual((await results(directory)).map((row) => row.activity_key), ["new"]);
    const players = await queryDatabase(directory, "SELECT match_id FROM directory_result_players");
    assert.deepEqual(players, [{ match_id: "match-new" }]);
});
