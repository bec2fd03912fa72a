// hotpath - what a snapshot costs, held against a server that only receives and sends.
//
//     node tests/bench/hotpath.mjs [--players 2000] [--seconds 10] [--rounds 2] [--json]
//
// In turns, on the same cores with the same generator: musterd with mode_arena and everything that is
// loaded where nothing is configured, the yardstick (raw.c) with snapshots of the same size, musterd
// with a mode in Lua. Prints the medians and the two ratios. "void": the yardstick or the generator was
// at its limit, so that the ratios say nothing. Then both modes once more, shortly, with what they
// allocate counted. BUILD: the folder of the build.

import { parseArgs } from "node:util";
import { GENERATOR_PERCENT_MAX, medians } from "./figures.mjs";
import { allocationsPerTick, inputsRead, lobbyKb, run, snapshotsHeld } from "./run.mjs";

const LUA_MODE = "king_of_the_hill";
const SNAPSHOT_HZ = 20;
const RAW_SYSCALLS_MAX = 2.4; // for a snapshot and an input
const RAW_USER_US_MAX = 0.7;
const COUNTED_PLAYERS = 400; // whose allocations are counted: it takes no more
const COUNTED_SECONDS = 6;
const SERVERS = ["arena", "raw", "lua"];
const OPTIONS = {
    players: { type: "string", default: "2000" },
    seconds: { type: "string", default: "10" },
    rounds: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
};

const { values: options } = parseArgs({ options: OPTIONS });

const MUSTERD = {
    arena: { plugins: "default" },
    lua: { plugins: "default", mode: LUA_MODE },
};

function whyVoid({ arena, raw, lua }) {
    const syscalls = raw.syscalls / raw.snapshots;
    const userUs = raw.userUs / raw.snapshots;
    const generator = Math.max(...[arena, raw, lua].map((server) => server.generatorCpuPercent));
    const reasons = [];
    if (syscalls > RAW_SYSCALLS_MAX) reasons.push(`the yardstick makes ${syscalls.toFixed(2)} syscalls`);
    if (userUs > RAW_USER_US_MAX) reasons.push(`the yardstick needs ${userUs.toFixed(2)} us of its own`);
    if (generator > GENERATOR_PERCENT_MAX) reasons.push(`the generator needs ${generator} % of its core`);
    return reasons.join(", ") || null;
}

function row(name, server) {
    const isMusterd = name in MUSTERD;
    return [
        name, server.cpuUsPerSnapshot.toFixed(2), `${snapshotsHeld(server, SNAPSHOT_HZ).toFixed(1)} %`,
        isMusterd ? `${inputsRead(server).toFixed(1)} %` : "", isMusterd ? server.ticksSkipped : "",
        `${server.intervalP50Ms} / ${server.intervalP99Ms}`, server.snapshotBytesMean.toFixed(1),
        isMusterd ? lobbyKb(server) : "", isMusterd ? server.allocationsPerTick.core.toFixed(3) : "",
        server.serverCpuPercent.toFixed(0), server.generatorCpuPercent.toFixed(0),
    ];
}

function print(found) {
    const head = [
        "server", "CPU us/snapshot", "held", "inputs read", "ticks skipped", "interval p50/p99 ms", "bytes",
        "KB/lobby", "allocations/tick", "server %", "generator %",
    ];
    console.log(`| ${head.join(" | ")} |\n|${" --- |".repeat(head.length)}`);
    for (const name of SERVERS) console.log(`| ${row(name, found[name]).join(" | ")} |`);
    const { raw, lua } = found;
    console.log(`ratioArena ${found.ratioArena}  ratioLua ${found.ratioLua}`);
    console.log(`yardstick: ${(raw.syscalls / raw.snapshots).toFixed(2)} syscalls, ` +
        `${(raw.userUs / raw.snapshots).toFixed(2)} us of its own`);
    console.log(`Lua's own allocations: ${lua.allocationsPerTick.lua.toFixed(3)} a tick`);
    for (const name of Object.keys(MUSTERD))
        for (const { where, perTick } of found[name].allocationsPerTick.places)
            if (perTick >= 0.0005) console.log(`${name} allocates ${perTick.toFixed(3)} a tick at ${where}`);
    if (found.void) console.log(`void: ${found.void}`);
}

const rounds = { arena: [], raw: [], lua: [] };
for (let i = 0; i < Number(options.rounds); i++) {
    for (const name of SERVERS) {
        const server = MUSTERD[name] ?? { raw: Math.round(rounds.arena[0].snapshotBytesMean) };
        rounds[name].push(await run(options.players, options.seconds, server));
        if (!options.json) console.log(`${name} ${rounds[name].at(-1).cpuUsPerSnapshot} us`);
    }
}
const found = Object.fromEntries(SERVERS.map((name) => [name, medians(rounds[name])]));
for (const name of Object.keys(MUSTERD)) {
    const counted = await run(COUNTED_PLAYERS, COUNTED_SECONDS, { ...MUSTERD[name], allocations: "yes" });
    found[name].allocationsPerTick = await allocationsPerTick(counted);
}
const ratio = (name) => Number((found[name].cpuUsPerSnapshot / found.raw.cpuUsPerSnapshot).toFixed(2));
Object.assign(found, { ratioArena: ratio("arena"), ratioLua: ratio("lua"), void: whyVoid(found) });
if (options.json) console.log(JSON.stringify(found));
else print(found);
process.exitCode = found.void ? 1 : 0;
