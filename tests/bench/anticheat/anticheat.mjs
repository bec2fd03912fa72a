// anticheat - what the anticheats make of people and of cheats (./dev bench anticheat): matches of eight by
// the real server without clients (service_cheats), many times faster than they are played.
//
//     node tests/bench/anticheat/anticheat.mjs [--matches N] [--learn N] [--cheats N] [--seconds S] [--json]
//
// Baselines are learned from the honest of one half of the seeds; all figures are of the other half.

import { execFile } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const MUSTERD = process.env.MUSTERD ?? path.join(HERE, "../../../build/release/bin/musterd");
const CONFIG = path.join(HERE, "config.json");
const CHUNK = 128; // matches of one process
const FIRST_SEED = 1;
const OTHER_SEED = 1000000;
const NAMED_TARGET = 0.9;
const CHEATS = ["speed_1.1", "teleport", "fire_rate", "aim_0", "aim_50", "aim_100", "aim_200", "trigger", "macro"];
/** What the mode allows at most: units and shots in a second (docs/protocol.md section 6). */
const UNITS_MAX = (20 + 4) * 48;
const SHOTS_MAX = 5;

const { values: options } = parseArgs({
    options: {
        matches: { type: "string", default: "5000" },
        learn: { type: "string" },
        cheats: { type: "string", default: "128" },
        seconds: { type: "string", default: "600" },
        json: { type: "boolean", default: false },
    },
});
const matches = Number(options.matches);
const learn = Number(options.learn ?? Math.ceil(matches / 4));
const cheats = Number(options.cheats);
const seconds = Number(options.seconds);

const run = promisify(execFile);

/** One process: so many matches with a cheat each ("honest": none), from that seed on. */
async function play(cheat, seed, count, env = {}) {
    const { stdout } = await run(MUSTERD, ["--config", CONFIG, "--run", `cheats ${cheat} ${seed} ${count} ${seconds}`], {
        env: { ...process.env, ...env },
        maxBuffer: 1 << 24,
    });
    return JSON.parse(stdout);
}

/** The tasks, as many at a time as there are cores. */
async function inParallel(tasks) {
    const results = [];
    const workers = Array.from({ length: os.cpus().length }, async () => {
        for (let task; (task = tasks.shift()); ) results.push(await task());
    });
    await Promise.all(workers);
    return results;
}

/** Sums of all numbers of answers, and the most of what is called so. */
function sum(answers) {
    const total = {};
    for (const answer of answers) {
        for (const [key, value] of Object.entries(answer)) {
            if (typeof value === "number")
                total[key] = key.endsWith("Max") ? Math.max(total[key] ?? 0, value) : (total[key] ?? 0) + value;
            else if (key === "reports")
                for (const [kind, { honest, cheats }] of Object.entries(value)) {
                    const of = ((total.reports ??= {})[kind] ??= { honest: 0, cheats: 0 });
                    of.honest += honest;
                    of.cheats += cheats;
                }
        }
    }
    return total;
}

function chunks(cheat, seed, count, env) {
    const tasks = [];
    for (let done = 0; done < count; done += CHUNK)
        tasks.push(() => play(cheat, seed + done, Math.min(CHUNK, count - done), env));
    return tasks;
}

/** With 95 % certainty there are no more than so many of n, where k were seen (Poisson). */
function upperBound(k, n) {
    let low = k;
    let high = k + 10 + 4 * Math.sqrt(k + 1);
    const atMost = (mean) => {
        let term = Math.exp(-mean);
        let total = term;
        for (let i = 1; i <= k; i++) total += term *= mean / i;
        return total;
    };
    for (let i = 0; i < 60; i++) {
        const middle = (low + high) / 2;
        if (atMost(middle) > 0.05) low = middle;
        else high = middle;
    }
    return high / n;
}

/** The lists of baselines for both plugins, the 99.9th percentiles of what was seen. */
function baselinesOf(known) {
    const list = (plugin) =>
        Object.entries(known[plugin].arena)
            .filter(([, { p999 }]) => p999 > 0)
            .map(([measure, { p999 }]) => `arena.${measure}=${Math.min(950, Math.round(p999 * 1000))}`)
            .join(",");
    return {
        MUSTER_ANTICHEAT_AIM_BASELINES: list("anticheat_aim"),
        MUSTER_ANTICHEAT_TIMING_BASELINES: list("anticheat_timing"),
    };
}

function cheatRow(cheat, total) {
    const named = total.cheatsNamed / total.cheats;
    const refused = total.unitsPerSecondMax <= UNITS_MAX + 1 && total.shotsPerSecondMax <= SHOTS_MAX;
    return { cheat, matches: total.cheats, refused, named, met: refused && named >= NAMED_TARGET, reports: total.reports ?? {}, acts: total.cheatsActs };
}

const percent = (share) => `${(share * 100).toFixed(1)} %`;

function print({ learned, honest, rows }) {
    console.log(`baselines, learned from ${learned.players} players: ${Object.values(learned.baselines).join(",")}`);
    console.log("\n| cheat | matches | beyond the rules | named with its family | reports | two families |");
    console.log("| --- | --- | --- | --- | --- | --- |");
    for (const { cheat, matches, refused, named, met, reports, acts } of rows) {
        const kinds = Object.entries(reports).filter(([, of]) => of.cheats > 0);
        const text = kinds.map(([kind, of]) => `${kind} ${of.cheats}`).join(", ");
        console.log(`| ${cheat} | ${matches} | ${refused ? "refused" : "**got through**"} | ${percent(named)}${met ? "" : " **missed**"} | ${text} | ${acts} |`);
    }
    const { players, acts, reported, bound, reports } = honest;
    console.log(`\nhonest player-matches ${players}: acts ${acts}, reported ${reported}: ${((1000 * reported) / players).toFixed(3)} in 1,000, with 95 % certainty at most ${(1000 * bound).toFixed(3)}`);
    for (const [kind, of] of Object.entries(reports)) if (of.honest) console.log(`    ${kind}: ${of.honest}`);
}

const known = await play("honest", FIRST_SEED, learn);
const env = baselinesOf(known.known);
const rows = [];
for (const cheat of cheats ? CHEATS : []) rows.push(cheatRow(cheat, sum(await inParallel(chunks(cheat, OTHER_SEED, cheats, env)))));
const total = sum(await inParallel(chunks("honest", OTHER_SEED + 500000, matches, env)));
const result = {
    learned: { players: known.honest, baselines: env },
    rows,
    honest: {
        players: total.honest,
        acts: total.honestActs,
        reported: total.honestReported,
        bound: upperBound(total.honestReported, total.honest),
        reports: total.reports ?? {},
        playerTicks: total.playerTicks,
    },
    seconds,
};
if (options.json) console.log(JSON.stringify(result));
else print(result);
process.exitCode = result.honest.acts === 0 && rows.every(({ met }) => met) ? 0 : 1;
