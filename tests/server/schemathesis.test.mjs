// Requests that schemathesis makes of docs/openapi.yaml, good and bad: the server answers as the document says.
// tests/schemathesis.toml says how many; they are the same each time.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ADMIN_TOKEN, PLUGINS, ROOT, runFile, startServer, tempDir } from "../kit/harness.mjs";

const ST = path.join(ROOT, "build/tools/schemathesis/bin/st");

/** Operations of one address. */
async function run(t, url, ...options) {
    const args = ["--config-file", path.join(ROOT, "tests/schemathesis.toml"), "run",
        path.join(ROOT, "docs/openapi.yaml"), "--url", url, "--checks", "all", "--no-color", ...options];
    const cwd = await tempDir(t); // it keeps what failed
    const { stdout } = await runFile(ST, args, { cwd }).catch((error) => ({ stdout: error.stdout || error.message }));
    assert.match(stdout, /^ +(\d+) generated, \1 passed$/m, stdout);
}

const skip = !existsSync(ST) && "schemathesis is not installed";

test("every operation answers as it is described", { skip }, async (t) => {
    const many = { authPerMinute: 100000, authBurst: 100000 };
    const server = await startServer(t, { config: { http: many, plugins: [...PLUGINS, "service_lobbies"] } });
    await Promise.all([
        run(t, server.httpUrl, "--exclude-tag", "admin"),
        run(t, server.adminUrl, "--include-tag", "admin", "--exclude-operation-id", "adminEvents", // has no end
            "--header", `Authorization: Bearer ${ADMIN_TOKEN}`),
    ]);
});
