// demo_fleet - a directory and three servers of different hosts, as processes: 24 players log in at the
// directory, are placed by region and load, and play to the end, while the directory is killed and comes
// back. Beside them a server that claims a thousand players, and one behind a closed port.
//
// Prints what the directory's database holds in the end, beside what it has to hold; exit 0 only if both
// are the same. Run by `./dev demo fleet`; --short: the directory is away for 3 s in place of 20, and one
// match is played in place of two.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { AuthClient, DirectoryClient, MusterClient } from "../../sdk/js/index.js";
import { DIRECTORY_PLUGINS, REPORTING_PLUGINS, Stranger, addKey, list, nodeConfig } from "../kit/directory.mjs";
import { atEnd, eventually, freePort, queryDatabase, runFile, startServer } from "../kit/harness.mjs";
import { Teammate } from "../kit/players.mjs";

const IS_SHORT = process.argv.includes("--short");
const AWAY_MS = IS_SHORT ? 3000 : 20000;
const MATCHES = IS_SHORT ? 1 : 2;
const PATIENCE_MS = 240000;
const PLAYERS = 24;
const CLAIMED = 1000;
const HOUR_MS = 3600000;
const NODES = { Ada: "north", Bo: "north", Cleo: "south" };
const NODE_PLUGINS = [...REPORTING_PLUGINS, "victory_first_to_kills"];
const LOBBY = { playersMin: 6, countdownMs: 3000, scoreboardMs: 4000, defaults: ["killLimit=3", "botFill=0", "maxPlayers=12"] };

const say = (line) => process.stderr.write(`demo: ${line}\n`);

/* ---- who takes part -------------------------------------------------------------------------- */

/** With the times that a directory has by default: the private addresses alone are of this demo. */
function startDirectory(t, { port, dir }) {
    const config = { net: { port }, service_directory: { allowPrivate: true }, plugins: DIRECTORY_PLUGINS };
    return startServer(t, { dir, config });
}

/** A server of somebody who has got a key for it. */
async function startNode(t, directory, host, config) {
    const { key } = await addKey(directory, host);
    return startServer(t, { config: await nodeConfig(directory, key, { config: { ...config, plugins: NODE_PLUGINS } }) });
}

async function startListedNode(t, directory, [host, region]) {
    const server = { name: `${host}'s`, region, regions: [region], maxPlayers: 24 };
    const node = await startNode(t, directory, host, { server, lobby: LOBBY });
    await node.waitForOutput(/"on the list of http/);
    return Object.assign(node, { name: server.name, region });
}

/** A server whose port nobody reaches; it is told so. */
async function startClosedNode(t, directory) {
    const net = { publicUrl: `ws://127.0.0.1:${await freePort()}/ws` };
    const node = await startNode(t, directory, "Dan", { net, server: { name: "Dan's, closed" } });
    const [, why] = await node.waitForOutput(/"(not on the list of http[^"]*)"/);
    return Object.assign(node, { why });
}

class Liar extends Stranger {
    beatBody(changes) {
        return super.beatBody({ players: CLAIMED, playersMax: 2 * CLAIMED, freeSeats: CLAIMED, ...changes });
    }

    /** Names them, too. */
    async claim() {
        const activity = Array.from({ length: CLAIMED }, (_, i) =>
            ({ key: `join-${i}`, type: "join", playerId: `nobody-${i}`, lobbyId: "l", gameMode: "arena", at: Date.now() }));
        for (let i = 0; i < CLAIMED; i += 50) {
            const body = { activity: activity.slice(i, i + 50) };
            const { status } = await this.directory.rest("POST", `/v1/servers/${this.serverId}/activity`, body, this.headers(this.token));
            assert.equal(status, 200);
        }
    }
}

async function startLiar(t, directory) {
    const { key } = await addKey(directory, "Mallory");
    const liar = new Liar(directory, key, { name: "Mallory's", info: { region: "north", supportedGameModes: ["arena"] } });
    await liar.listen(t);
    await liar.register();
    await liar.live(1000);
    await liar.claim();
    return liar;
}

async function logIn(t, directory, i) {
    const auth = new AuthClient({ baseUrl: directory.httpUrl });
    const [username, password] = [`player${i}`, `password of player${i}`];
    await auth.register({ username, password, region: i % 3 === 2 ? "south" : "north" });
    await auth.login(username, password);
    const client = new MusterClient({ WebSocket });
    atEnd(t, () => {
        client.close();
        auth.stop();
    });
    const player = { client, auth, playerId: auth.current.playerId, region: i % 3 === 2 ? "south" : "north" };
    client.on("reconnecting", () => (player.wasCut ||= client.entry !== null));
    return new Teammate(player);
}

/* ---- what happens ---------------------------------------------------------------------------- */

/** One after the other, so that each finds the load that those before have made. */
async function place(team, directory, nodes) {
    for (const { client, player } of team) {
        await new DirectoryClient(player.auth).play(client, { gameMode: "arena" });
        player.node = nodes.find(({ wsUrl }) => wsUrl === client.url);
        assert.ok(player.node, `sent to ${client.url}`);
    }
    for (const node of nodes)
        say(`${node.name} (${node.region}): ${team.filter(({ player }) => player.node === node).length} players`);
}

/** Each who has an account of some age counts, once both have said where they are. */
const confirmed = (directory) =>
    eventually("the players count", async () => {
        const servers = await list(directory);
        return servers.filter(({ verifiedPlayers }) => verifiedPlayers >= 6).length === 3 && servers;
    });

/** All matches of one node, and then everybody leaves; the results as the players were told. */
async function playOut(team) {
    const told = [];
    for (let n = 0; n < MATCHES; n++) {
        const ends = await Promise.all(team.map((mate) => mate.end(n)));
        for (const { results } of ends) assert.deepEqual(results, ends[0].results, "players saw different results");
        told.push(ends[0].results);
        if (n + 1 < MATCHES) await Promise.all(team.map(({ client }) => client.voteRestart(true)));
    }
    await Promise.all(team.map(({ client }) => client.leave()));
    return told;
}

const waiting = async (nodes) => {
    const rows = await Promise.all(nodes.map((node) => queryDatabase(node, "SELECT report_key FROM reporter_central_outbox")));
    return rows.flat().length;
};

/** Killed, and after a while started with what it has written. */
async function killForAWhile(t, directory, nodes) {
    directory.signal("SIGKILL");
    await directory.ended();
    say(`the directory is killed, for ${AWAY_MS / 1000} s`);
    await sleep(AWAY_MS);
    say(`${await waiting(nodes)} reports wait at the servers; the directory starts again`);
    return startDirectory(t, directory);
}

/** Servers come back by themselves, at longer and longer intervals. */
async function backToNormal(directory, nodes) {
    const settled = async () => (await list(directory))?.length === 4 && (await waiting(nodes)) === 0;
    await eventually("all is reported", settled).catch(() => eventually("all is reported", settled));
    say("all servers are on the list again, and no report waits");
}

/* ---- what must hold -------------------------------------------------------------------------- */

let isWell = true;

function check(what, found, wanted = true) {
    const isSame = JSON.stringify(found) === JSON.stringify(wanted);
    isWell &&= isSame;
    console.log(`${isSame ? "ok    " : "WRONG "} ${what}${wanted === true ? "" : `: ${found}`}${isSame ? "" : `, expected ${wanted}`}`);
}

function checkList(servers, liar, closed) {
    const lied = servers.find(({ serverId }) => serverId === liar.serverId);
    check("players that the fake server claims", lied.claimedPlayers, CLAIMED);
    check("players of the fake server that are shown, and verified", [lied.players, lied.verifiedPlayers], [0, 0]);
    check("the closed server is not on the list", !servers.some(({ serverName }) => serverName.startsWith("Dan")));
    check(`it is told: ${closed.why}`, /127\.0\.0\.1.*\d+/.test(closed.why));
}

function checkPlaces(team, nodes) {
    const strays = team.filter(({ player }) => player.node.region !== player.region);
    check("players outside of their region", strays.length, 0);
    const [ada, bo] = nodes.map((node) => team.filter(({ player }) => player.node === node).length);
    check(`the north has shared its players, ${ada} and ${bo}`, Math.abs(ada - bo) <= 4);
    check("players whose connection was lost while they played", team.filter(({ player }) => player.wasCut).length, 0);
}

/** The rows of a result's players, whoever tells of them. */
const scores = ({ playerStats }) => playerStats.map(({ playerId, kills, deaths }) => `${playerId} ${kills}:${deaths}`).sort().join();

async function checkDatabase(directory, nodes, told, liar) {
    const ask = (sql) => queryDatabase(directory, sql);
    const count = async (sql) => (await ask(`SELECT count(*) AS n FROM ${sql}`))[0].n;
    const honest = `server_id <> '${liar.serverId}'`;
    check("accounts", await count("players"), PLAYERS);
    check("servers", await count("directory_servers"), 5);
    check("servers that have proven their address", await count("directory_servers WHERE proven_at IS NOT NULL"), 4);
    check("visits by the players' word", await count("(SELECT DISTINCT player_id, server_id FROM directory_visits)"), PLAYERS);
    for (const type of ["join", "leave"]) {
        const visits = `directory_activity WHERE type = '${type}' AND ${honest}`;
        check(`visits by the servers' word, ${type}`, await count(visits), PLAYERS);
        check(`players of these who have said the same, ${type}`, await count(`(SELECT DISTINCT player_id FROM ${visits} AND is_claim = 0)`), PLAYERS);
    }
    check("visits that only the fake server knows of", await count(`directory_activity WHERE NOT ${honest} AND is_claim = 1`), CLAIMED);
    const results = await ask("SELECT match_id, result FROM directory_results ORDER BY match_id");
    const wanted = told.toSorted((a, b) => (a.matchId < b.matchId ? -1 : 1));
    check("results", results.length, nodes.length * MATCHES);
    check("they are those that the players were told", results.map(({ match_id }) => match_id).join() === wanted.map(({ matchId }) => matchId).join());
    check("and say the same of each player", results.map(({ result }) => scores(JSON.parse(result))).join(";") === wanted.map(scores).join(";"));
    check("result players", await count("directory_result_players"), wanted.flatMap(({ playerStats }) => playerStats).length);
    check("result players who have said that they were there", await count("directory_result_players WHERE is_claim = 0"), PLAYERS * MATCHES);
    for (const node of nodes) check(`reports that ${node.name} has lost`, await node.metric("muster_central_reports_lost_total"), 0);
}

async function main(t) {
    const first = await startDirectory(t, { port: await freePort() });
    const nodes = await Promise.all(Object.entries(NODES).map((node) => startListedNode(t, first, node)));
    const [liar, closed] = await Promise.all([startLiar(t, first), startClosedNode(t, first)]);
    say(`a directory on port ${first.port} with ${nodes.length} servers, a fake one and a closed one`);

    const team = [];
    for (let i = 0; i < PLAYERS; i++) team.push(await logIn(t, first, i));
    await runFile("sqlite3", [first.databaseFile, ".timeout 5000", `UPDATE players SET created_at = created_at - ${25 * HOUR_MS}`]);
    say(`${PLAYERS} players are logged in; their accounts are made a day older, so that they count`);
    await place(team, first, nodes);
    const servers = await confirmed(first);

    const played = Promise.all(nodes.map((node) => playOut(team.filter(({ player }) => player.node === node))));
    await Promise.all(team.map((mate) => eventually("a match", () => mate.bot)));
    say("all of them play");
    const again = await killForAWhile(t, first, nodes);
    const told = (await played).flat();
    for (const { matchId, finalScores, duration } of told) say(`match ${matchId}: ${finalScores.red}:${finalScores.blue} after ${duration} s`);
    await backToNormal(again, nodes);

    checkList(servers, liar, closed);
    checkPlaces(team, nodes);
    await checkDatabase(again, nodes, told, liar);
}

const cleanups = [];
const deadline = setTimeout(() => {
    say("gave up");
    process.exit(1);
}, PATIENCE_MS);
try {
    await main({ after: (fn) => cleanups.push(fn) });
} catch (error) {
    say(error.stack ?? String(error));
    isWell = false;
}
for (const cleanUp of cleanups) await cleanUp().catch((error) => (say(error.message), (isWell = false)));
clearTimeout(deadline);
process.exitCode = isWell ? 0 : 1;
