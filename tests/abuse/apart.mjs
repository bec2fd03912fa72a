// apart - hostile scripts in processes of their own, by the test runner for mods: twice, to compare
// what they say, or under valgrind.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { MUSTERD, cleanEnvironment } from "../kit/harness.mjs";
import { GLOBALS, dress } from "./scripts.mjs";
import { writeMod } from "../kit/mods.mjs";

const RUNS = 10;
const BUDGET_MS = 5000; // of one call: so much that limits of memory are met first
const TIMEOUT_MS = 120000; // of one process
const VALGRIND_TIMEOUT_MS = 900000; // some thirty times as slow
const MEMORY_ERROR = 99;

/** A lobby of two and bots; the first one types the command that calls attack(). */
const spec = (runs) => `
describe("attack", function()
    for run = 1, ${runs} do
        it("run " .. run, function()
            local world = test.world{seed = 7}
            local lobby = world:lobby{
                players = {"ann", "bob"}, start = true,
                settings = {botFill = 4, killLimit = 1000, maxPlayers = 2},
            }
            local ann = lobby:players()[1]
            ann:chat("/attack")
            lobby:advance(0.2)
            print("ANSWER " .. (ann:heard("") or ""))
            world:errors()
        end)
    end
end)`;

async function writeAttack(folder, { text }, runs, budgetMs) {
    const permissions = ["chat", "kick", "storage"];
    const config = {
        plugins: ["db_sqlite", "mode_arena", "lua", "victory_first_to_kills", "rules_private"],
        lua: { globals: GLOBALS, callMs: budgetMs, modDirs: [] },
        lobby: { playersMin: 1 },
    };
    await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
    return writeMod(folder, "attack", { permissions }, { "init.lua": dress(text), "tests/attack_spec.lua": spec(runs) });
}

/** {code, signal, output, timedOut} of one process that runs the script so many times. */
async function run(script, runs, { wrapper = [], env = {}, budgetMs = BUDGET_MS, timeoutMs = TIMEOUT_MS } = {}) {
    const folder = await mkdtemp(path.join(os.tmpdir(), "muster-attack-"));
    try {
        const dir = await writeAttack(folder, script, runs, budgetMs);
        const [program, ...args] = [
            ...wrapper, MUSTERD, "--run", `mods test ${dir}`,
            "--config", path.join(folder, "config.json"), "--data-dir", path.join(folder, "data"),
        ];
        const child = spawn(program, args, { cwd: folder, env: cleanEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
        let output = "";
        child.stdout.on("data", (chunk) => (output += chunk));
        child.stderr.on("data", (chunk) => (output += chunk));
        let timedOut = false;
        const timer = setTimeout(() => {
            timedOut = true;
            child.kill("SIGKILL");
        }, timeoutMs);
        const [code, signal] = await once(child, "close");
        clearTimeout(timer);
        return { code, signal, output, timedOut };
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

function answers(output) {
    return [...output.matchAll(/ANSWER (.*)$/gm)].map(([, text]) => text);
}

/** Why such an end is a failure, or "". */
function fault({ code, signal, output, timedOut }) {
    if (timedOut) return "hang";
    if (signal) return `ended by ${signal}`;
    if (code === MEMORY_ERROR) return `memory error: ${/==\d+== (Invalid|Conditional|Use of)[^\n]*/.exec(output)?.[0] ?? ""}`;
    if (code !== 0 && code !== 1) return `exit code ${code}: ${output.slice(-300)}`;
    if (answers(output).some((text) => text.includes("ESCAPED"))) return "escaped";
    return "";
}

/** As a modder tests it, with a server's budget. */
export async function testRuns(scripts) {
    const faults = [];
    for (const script of scripts) {
        const began = performance.now();
        const why = fault(await run(script, 1, { budgetMs: 2 }));
        const ms = Math.round(performance.now() - began);
        console.log(`${script.name.padEnd(30)} in muster test, ${ms} ms: ${why || "contained"}`);
        if (why) faults.push(`${script.name} in muster test: ${why}`);
    }
    return faults;
}

/** Two processes, one seed: both must say the same. */
export async function compareRuns(scripts) {
    const faults = [];
    for (const script of scripts) {
        const [first, second] = [await run(script, 1), await run(script, 1)];
        const texts = [first, second].map(({ output }) => answers(output)[0]);
        let why = fault(first) || fault(second);
        if (!why && !texts[0]?.startsWith("COMPARE: ")) why = `nothing to compare: ${first.output.slice(-300)}`;
        if (!why && texts[0] !== texts[1]) why = "two processes differ";
        console.log(`${script.name.padEnd(30)} in two processes: ${why || "the same"}`);
        if (why) faults.push(`${script.name} in two processes: ${why}`);
    }
    return faults;
}

/** Each RUNS times under valgrind, with so much time that limits of memory are met first. */
export async function valgrindRuns(scripts) {
    const wrapper = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=no", "--max-stackframe=4000000"];
    const faults = [];
    for (const script of scripts) {
        const began = performance.now();
        const env = { LUA_PLAIN_HEAP: "1" };
        const end = await run(script, RUNS, { wrapper, env, timeoutMs: VALGRIND_TIMEOUT_MS });
        let why = fault(end);
        const entered = answers(end.output).length;
        const refused = /FAILED/.test(end.output) && entered === 0;
        if (!why && entered !== RUNS && !refused) why = `entered ${entered} times`;
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        console.log(`${script.name.padEnd(30)} ${RUNS} times under valgrind, ${seconds} s: ${why || "clean"}`);
        if (why) faults.push(`${script.name} under valgrind: ${why}`);
    }
    return faults;
}
