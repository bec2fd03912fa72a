// attacks DIR - every script of a folder against a live node with other lobbies playing: as an uploaded
// rule, by command and while it is loaded, as a mod of the operator, by a player's command and by the
// console's; then in muster test; and what aims at memory or the process again under valgrind.
//
// Prints a line per script and way, runs a harmless rule the same way as control, and sums up. Exits
// with 1 when a script hung, crashed or got out, ended otherwise than its header says, or held the loop
// too long. A node that dies counts as that script's failure, and the next one goes on.

import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { SANITIZED } from "../kit/harness.mjs";
import { compareRuns, testRuns, valgrindRuns } from "./apart.mjs";
import { BUILD, Node, STRETCH_LIMIT_US } from "./node.mjs";
import { HARMLESS, VICTIM, fault, readScripts, verdict, writeMods } from "./scripts.mjs";
import { WAYS } from "./ways.mjs";

const WATCH_MS = 700; // others are watched for so long after an attack
const LATE_LIMIT = 0.001;
const TRIES = 3; // a busy machine skips ticks, too, but not each time

const { values, positionals } = parseArgs({
    options: {
        lobbies: { type: "string", default: "50" },
        only: { type: "string", default: "" },
        ways: { type: "string", default: "upload,load,mod,console,test" },
        "no-valgrind": { type: "boolean", default: false },
        control: { type: "string", default: "12" },
    },
    allowPositionals: true,
});
const [folder] = positionals;
const ways = values.ways.split(",");
if (!folder || !ways.every((way) => way === "test" || WAYS[way])) {
    console.error(
        "usage: ./dev attacks [--asan] [--lobbies N] [--only TEXT] [--ways upload,load,mod,console,test] " +
            "[--no-valgrind] DIR",
    );
    process.exit(64);
}

/** Asked next in another lobby of the same process. */
async function askVictim(node, end) {
    if (end.answer !== "CHECK-VICTIM") return "";
    const { answer } = await WAYS.upload(node, { text: VICTIM });
    return answer?.startsWith("BLOCKED") ? "" : `the next rule: ${answer}`;
}

async function attack(node, script, way) {
    await node.stretch();
    const { result: end, ...others } = await node.watch(WATCH_MS, () => WAYS[way](node, script));
    const victim = await askVictim(node, end);
    const stretchUs = await node.stretch();
    let why = fault(script, end, way) || victim;
    if (!why && stretchUs > STRETCH_LIMIT_US) why = `held the loop for ${stretchUs} us`;
    const skips = !why && !SANITIZED && others.skipped > 0;
    if (skips) why = `${others.skipped} ticks skipped`;
    return { end, ...others, stretchUs, skips, why };
}

async function attackUntilQuiet(node, script, way) {
    let row;
    for (let i = 0; i < TRIES && (!row || row.skips); i++) row = await attack(node, script, way);
    return row;
}

async function attackAndJudge(node, script, way) {
    const nothing = { end: {}, ticks: 0, late: 0, skipped: 0, stretchUs: 0 };
    const row = await attackUntilQuiet(node, script, way).catch((error) => ({ ...nothing, why: error.message }));
    const death = await node.replaceIfDead();
    return { script, way, ...row, why: death || row.why };
}

function print({ script, way, end, stretchUs, late, skipped, why }) {
    const text = end.refused ?? end.killed ?? end.error ?? end.answer ?? "";
    console.log(
        `${script.name.padEnd(30)} ${way.padEnd(8)} ${script.class.padEnd(12)} ${verdict(end).padEnd(12)} ` +
            `${String(stretchUs).padStart(6)} us  ${skipped} skipped  ${late} late  ` +
            text.replaceAll("\n", " ").slice(0, 60) +
            (why ? `  <-- ${why}` : ""),
    );
}

const scripts = (await readScripts(folder)).filter(({ name }) => name.includes(values.only));
const modDir = await mkdtemp(path.join(os.tmpdir(), "muster-attacks-"));
await writeMods(modDir, scripts);
const node = new Node(modDir, Number(values.lobbies));
const harmless = { name: "(control)", class: "", expect: "finishes", text: HARMLESS };
const rows = [];
const control = [];
await node.start();
for (let i = 0; i < Number(values.control); i++) control.push(await attackAndJudge(node, harmless, "upload"));
print({ ...control.at(-1), late: control.reduce((n, row) => n + row.late, 0) });
for (const way of ways.filter((name) => WAYS[name])) {
    for (const script of scripts) {
        rows.push(await attackAndJudge(node, script, way));
        print(rows.at(-1));
    }
}
const faults = rows.filter(({ why }) => why).map(({ script, way, why }) => `${script.name} (${way}): ${why}`);
await node.stop().catch((error) => faults.push(error.message));
await rm(modDir, { recursive: true, force: true });

const share = (list) => list.reduce((n, row) => n + row.late, 0) / list.reduce((n, row) => n + row.ticks, 1);
const [late, lateControl] = [share(rows), share(control)];
if (!SANITIZED && late > lateControl + LATE_LIMIT) faults.push(`others late ${(late * 100).toFixed(3)} %`);
const compared = rows.filter(({ way, end }) => way === "upload" && end.answer?.startsWith("COMPARE"));
faults.push(...(await compareRuns(compared.map(({ script }) => script))));
if (ways.includes("test")) faults.push(...(await testRuns(scripts)));
if (!values["no-valgrind"]) {
    const chosen = scripts.filter((script) => /^(mem|crash)$/.test(script.class));
    faults.push(...(await valgrindRuns(chosen)));
}

const failed = new Set(faults.map((text) => text.split(/[ :]/)[0])).size;
const worst = Math.max(0, ...rows.map(({ stretchUs }) => stretchUs));
const skipped = rows.reduce((n, row) => n + row.skipped, 0);
for (const text of faults) console.log(`FAILED ${text}`);
console.log(
    `attacks: ${scripts.length} scripts, ${failed} failed; longest stretch ${worst} us (limit ${STRETCH_LIMIT_US}), ` +
        `${skipped} ticks of others skipped, ${(late * 100).toFixed(3)} % late (control ${(lateControl * 100).toFixed(3)} %), ` +
        `${BUILD} build, ways: ${ways.join(" ")}`,
);
process.exit(faults.length || scripts.length === 0 ? 1 : 0);
