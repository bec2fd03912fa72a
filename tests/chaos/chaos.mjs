// chaos - is anything lost when everything goes wrong? (./dev chaos)
//
//     node tests/chaos/chaos.mjs [--seconds 60] [--seed N] [--lobbies 200] [--faults kill,cut] [--failed]
//
// Real clients play on a supervised server, which is killed, stopped, restarted, and whose connections
// are cut, at moments that a seed decides. What is judged: judge.mjs. The last line is the count; 1 on
// any loss, whose whole story then lies in build/chaos. --failed: the runs of seeds.mjs.

import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../kit/documents.mjs";
import { Disk } from "./disk.mjs";
import { FAULTS } from "./faults.mjs";
import { Run } from "./run.mjs";
import { FAILED } from "./seeds.mjs";

const SHOWN_MAX = 20;
const DIR = path.join(ROOT, "build/chaos");

const { values } = parseArgs({
    options: {
        seconds: { type: "string", default: "60" },
        seed: { type: "string", default: String(Date.now() % 1e6) },
        lobbies: { type: "string", default: "200" },
        faults: { type: "string", default: Object.keys(FAULTS).join(",") },
        failed: { type: "boolean", default: false },
    },
});

const say = (line) => process.stderr.write(`chaos: ${line}\n`);

async function play(options) {
    const ends = [];
    const life = { after: (fn) => ends.unshift(fn) };
    await Disk.close(path.join(DIR, "data"));
    await rm(DIR, { recursive: true, force: true });
    await mkdir(DIR, { recursive: true });
    const run = new Run({ ...options, life, dir: DIR, say });
    try {
        return await run.play();
    } finally {
        if (run.server) await run.write(DIR);
        if (run.verdicts) console.log(`chaos: seed ${options.seed}: ${run.figures}`);
        for (const end of ends) await end();
    }
}

const asked = {
    seconds: Number(values.seconds), seed: Number(values.seed), lobbies: Number(values.lobbies),
    faults: values.faults.split(","),
};
let passed = 0;
let failed = 0;
for (const options of values.failed ? FAILED : [asked]) {
    const verdicts = await play(options);
    for (const sentence of verdicts.failures.slice(0, SHOWN_MAX)) console.log(`lost: ${sentence}`);
    passed += verdicts.passed;
    failed += verdicts.failures.length;
}
if (failed > 0) say(`what everybody was told lies in ${path.relative(ROOT, DIR)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
