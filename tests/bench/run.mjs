// run - tests/bench/run for other benches: a server of its own under load, and what it tells.

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";

const runFile = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = path.resolve(ROOT, process.env.BUILD ?? "build/release");
const HEAP_OF_LUA = "plugins/lua/sandbox/heap.c";

/** The figures of muster_bench, and of the yardstick; options: {name: value} of tests/bench/run. */
export async function run(players, seconds, options = {}) {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    const { stdout } = await runFile("bash", [path.join(ROOT, "tests/bench/run"), players, seconds, ...args])
        .catch(({ stderr = "" }) => {
            throw new Error(/^(?:muster_)?bench: .*/m.exec(stderr)?.[0] ?? stderr.slice(-2000));
        });
    return Object.assign({}, ...stdout.trim().split("\n").map((line) => JSON.parse(line)));
}

/** Memory beyond the idle server's, for each lobby of eight with its connections. */
export function lobbyKb({ players, serverRssBytes, serverIdleRssBytes }) {
    return Math.round((serverRssBytes - serverIdleRssBytes) / (players / 8) / 1024);
}

/** Percent of the snapshots at `hz` that have come, and of the inputs that were sent. */
export const snapshotsHeld = (found, hz) => (100 * found.snapshotsPerSecond) / (found.players * hz);
export const inputsRead = (found) => (100 * found.messagesRead) / (found.inputsPerSecond * found.seconds);

/** FILE:LINE that an allocation was asked for from; where only a library is known, that. */
async function whereIs({ object, offset }) {
    const plugin = /^(\w+)\.\d+\.\d+\.so$/.exec(object)?.[1];
    if (!plugin && object !== "musterd") return object;
    const file = path.join(BUILD, plugin ? `plugins/${plugin}.so` : "bin/musterd");
    const address = `0x${(offset - 1).toString(16)}`; // in the call, not behind it
    const { stdout } = await runFile("addr2line", ["-e", file, address]);
    return path.relative(ROOT, stdout.split(" ")[0].trim());
}

/** {core, lua, places}: how often in a tick something is allocated; lua: by Lua for its own values. */
export async function allocationsPerTick({ allocations, ticks }) {
    const places = await Promise.all(
        allocations.map(async (place) => ({ where: await whereIs(place), perTick: place.count / ticks })));
    const isLua = ({ where }) => where.startsWith(HEAP_OF_LUA);
    const sum = (some) => some.reduce((total, { perTick }) => total + perTick, 0);
    return {
        core: sum(places.filter((place) => !isLua(place))),
        lua: sum(places.filter(isLua)),
        places: places.toSorted((a, b) => b.perTick - a.perTick),
    };
}
