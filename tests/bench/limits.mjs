// limits - what one node holds, and what it costs before anybody plays: value, target, met or missed.
//
//     node tests/bench/limits.mjs [--seconds 6] [--only NAME,...] [--json]       (./dev bench limits)
//
// Each row is measured on a server of its own: under load with the server on one core and the generator
// on another, by tests/bench/run, without load by what /proc and a client see. Everything is loaded that
// is loaded where nothing is configured; what needs no load but a host's own way to run it (made, idle)
// is supervised. NAME: players, connected, fast, lua, logins, lobbies, made, idle, start. "(void)": the
// generator was at its own limit. Ends with 1 when a target is missed. Takes four minutes. BUILD: the
// folder of the build.

import { readFileSync, readdirSync } from "node:fs";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ADMIN_TOKEN, childOf, startServer } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { GENERATOR_PERCENT_MAX, quantile } from "./figures.mjs";
import { inputsRead, lobbyKb, run, snapshotsHeld } from "./run.mjs";

const IDLE_MS = 10000;
const STARTS = 5;
const LOBBIES = 1000;
const PLAYABLE_TRIES = 20;
const LOGINS_HZ = 500;
const OPTIONS = {
    seconds: { type: "string", default: "6" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
};

const { values: options } = parseArgs({ options: OPTIONS });
const ends = [];
const life = { after: (fn) => ends.unshift(fn) };
const rows = [];

/** met: a row without a target is told, not judged. */
function say(name, value, unit, target, met) {
    const row = { name, value: Number(value.toFixed(value < 10 ? 2 : 0)), unit, target, met };
    rows.push(row);
    if (options.json) return;
    const verdict = met === undefined ? "      " : met ? "met   " : "MISSED";
    console.log(`${verdict} ${name.padEnd(52)} ${`${row.value}`.padStart(8)} ${unit.padEnd(6)} ${target}`);
}

/** What could not be measured is missed. */
function fail(name, { message }) {
    rows.push({ name, error: message, met: false });
    if (!options.json) console.log(`MISSED ${name}: ${message}`);
}

const atMost = (name, value, unit, max) => say(name, value, unit, `at most ${max}`, value <= max);
const atLeast = (name, value, unit, min) => say(name, value, unit, `at least ${min}`, value >= min);

// ---- Under load ----

async function load(players, options_) {
    const found = await run(players, options.seconds, { plugins: "rates", ...options_ });
    found.isVoid = found.generatorCpuPercent > GENERATOR_PERCENT_MAX;
    return found;
}

/** What has to hold of every crowd; the generator sends all its inputs or is void. */
function holds(name, found, hz) {
    const who = found.isVoid ? `${name} (void)` : name;
    atLeast(`${who}: snapshots held`, snapshotsHeld(found, hz), "%", 99);
    atLeast(`${who}: inputs read`, inputsRead(found), "%", 99);
    atMost(`${who}: ticks skipped`, found.ticksSkipped, "", 0);
    say(`${who}: server`, found.serverCpuPercent, "%", "of its core");
    say(`${who}: generator`, found.generatorCpuPercent, "%", "of its core");
}

async function players() {
    const found = await load(4000, {});
    const name = "4,000 players at 20 Hz";
    holds(name, found, 20);
    atMost(`${name}: interval p99`, found.intervalP99Ms, "ms", 75);
    atMost(`${name}: of the core`, found.serverCpuPercent, "%", 80);
    atMost("full lobby, arena", lobbyKb(found), "KB", 125);
}

async function connected() {
    holds("10,000 players at 5 Hz", await load(10000, { mode: "arena_5", rate: 5 }), 5);
}

async function fast() {
    const found = await load(300, { mode: "arena_128", rate: 128 });
    holds("30 matches of ten at 128 Hz", found, 128);
    atMost("30 matches of ten at 128 Hz: a tick p99", found.tickP99Us, "us", 400);
}

async function lua() {
    atMost("full lobby, Lua", lobbyKb(await load(1600, { mode: "king_of_the_hill" })), "KB", 170);
}

async function logins() {
    const alone = await load(1000, {});
    const beside = await load(1000, { logins: LOGINS_HZ });
    const more = beside.tickOverruns - alone.tickOverruns;
    atLeast("guest log-ins beside 1,000 players", beside.loginsPerSecond, "/s", LOGINS_HZ * 0.99);
    say("ticks 10 ms late without them", alone.tickOverruns, "", "");
    atMost("ticks 10 ms late because of them", Math.max(more, 0), "", 0);
}

// ---- Without ----

/** The memory that a process holds. */
const rssKb = (pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

/** Milliseconds that a thread has run. */
const threadMs = (pid, task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1e6;
/** The process's first is the loop's. */
const loopMs = (pid) => threadMs(pid, pid);
const cpuMs = (pid) =>
    readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + threadMs(pid, task), 0);

/** With what is loaded where nothing is configured; one player asks more than one does. */
const SHIPPED = {
    plugins: undefined,
    net: { requestsPerSecond: 1000, requestsBurst: 1000 },
    lobby: { countdownMs: 0, playersMin: 1, createPerMinute: 100000 },
};

/** As hosts run it; pid: of the server itself. */
async function startSupervised(config) {
    const server = await startServer(life, { config, args: ["--supervise"] });
    return { server, pid: await childOf(server.pid) };
}

async function idle() {
    const { server, pid } = await startSupervised(SHIPPED);
    await sleep(2000);
    const before = cpuMs(pid);
    await sleep(IDLE_MS);
    atMost("idle server", (100 * (cpuMs(pid) - before)) / IDLE_MS, "%", 0.5);
    atMost("idle server", rssKb(pid) / 1024, "MB", 16);
    say("its supervisor", rssKb(server.pid) / 1024, "MB", "");
    await server.stop();
}

async function start() {
    const times = [];
    for (let i = 0; i < STARTS; i++) {
        const begin = performance.now();
        const server = await startServer(life, { config: SHIPPED });
        times.push(performance.now() - begin);
        await server.stop();
    }
    atMost(`start to the ready line, median of ${STARTS}`, quantile(times, 0.5), "ms", 150);
}

/** One request over a connection that stays open; milliseconds to the answer. */
function makeLobby(server, agent) {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, "Content-Type": "application/json" };
    return new Promise((resolve, reject) => {
        const begin = performance.now();
        const request = http.request(`${server.adminUrl}/v1/admin/lobbies`, { method: "POST", agent, headers });
        request.on("error", reject);
        request.on("response", (answer) => {
            if (answer.statusCode !== 201) reject(new Error(`a lobby: HTTP ${answer.statusCode}`));
            answer.resume().on("end", () => resolve(performance.now() - begin));
        });
        request.end(JSON.stringify({ gameMode: "arena" }));
    });
}

/** From the request for a lobby to the first snapshot of its match. */
async function playable(client) {
    const begin = performance.now();
    const first = client.once("snapshot");
    await client.createLobby({ gameMode: "arena" });
    await first;
    const ms = performance.now() - begin;
    await client.leave();
    return ms;
}

const MANY = { ...SHIPPED, lobby: { ...SHIPPED.lobby, maxLobbies: LOBBIES + 100, emptyCloseMs: 600000 } };

/** So many one after the other: for each, until the answer and of the loop's time, in ms. */
async function makeLobbies(server, pid) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const [times, loops] = [[], []];
    for (let i = 0; i < LOBBIES; i++) {
        const before = loopMs(pid);
        times.push(await makeLobby(server, agent));
        loops.push(loopMs(pid) - before);
    }
    agent.destroy();
    return { times, loops };
}

async function lobbies() {
    const server = await startServer(life, { config: MANY });
    const { client, auth } = await connectPlayer(life, server, { name: "First" });
    const times = [];
    for (let i = 0; i < PLAYABLE_TRIES; i++) times.push(await playable(client));
    atMost("from the request to playable, p90", quantile(times, 0.9), "ms", 100);
    client.close();
    auth.stop();
    const before = rssKb(server.pid);
    await makeLobbies(server, server.pid);
    await sleep(1000);
    atMost("idle waiting lobby", (rssKb(server.pid) - before) / LOBBIES, "KB", 8);
    await server.stop();
}

async function made() {
    const { server, pid } = await startSupervised(MANY);
    const { times, loops } = await makeLobbies(server, pid);
    atMost("a lobby made, p99 with the request for it", quantile(times, 0.99), "ms", 1);
    say("a lobby made, p50 with the request for it", quantile(times, 0.5), "ms", "");
    say("a lobby made, p99 of the loop's CPU time", quantile(loops, 0.99), "ms", "");
    await server.stop();
}

// ---- All of them ----

const CHECKS = { players, connected, fast, lua, logins, lobbies, made, idle, start };
const wanted = options.only?.split(",") ?? Object.keys(CHECKS);
const unknown = wanted.filter((name) => !(name in CHECKS));
if (unknown.length) {
    console.error(`limits: --only: expected some of ${Object.keys(CHECKS)}, found ${unknown}`);
    process.exit(2);
}
try {
    for (const name of wanted) await CHECKS[name]().catch((error) => fail(name, error));
} finally {
    for (const end of ends) await end();
}
const missed = rows.filter(({ met }) => met === false).length;
if (options.json) console.log(JSON.stringify({ missed, rows }));
else console.log(missed ? `${missed} targets missed` : "all targets met");
process.exit(missed ? 1 : 0);
