// `./dev demo fleet`, in its short form.

import { test } from "node:test";
import path from "node:path";
import { ROOT, SANITIZED, runFile } from "../kit/harness.mjs";

test("players of a directory play on, are placed and counted while it is killed", { skip: SANITIZED && "seconds become minutes" }, async () => {
    await runFile(process.execPath, [path.join(ROOT, "tests/server/demo_fleet.mjs"), "--short"]);
});
