// Requests that schemathesis makes of docs/openapi.yaml and docs/openapi-directory.yaml, good and bad: the server answers
// as the documents say.
// tests/schemathesis.toml says how many; they are the same each time.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Stranger, addKey, startDirectory } from "../kit/directory.mjs";
import { ADMIN_TOKEN, PLUGINS, ROOT, runFile, startServer, tempDir } from "../kit/harness.mjs";

const ST = path.join(ROOT, "build/tools/schemathesis/bin/st");

/** Operations of one address. */
const run = (t, url, ...options) => runDocument(t, "openapi", url, ...options);

async function runDocument(t, name, url, ...options) {
    const args = ["--config-file", path.join(ROOT, "tests/schemathesis.toml"), "run",
        path.join(ROOT, `docs/${name}.yaml`), "--url", url, "--checks", "all", "--no-color", ...options];
    const cwd = await tempDir(t); // it keeps what failed
    const { stdout } = await runFile(ST, args, { cwd }).catch((error) => ({ stdout: error.stdout || error.message }));
    assert.match(stdout, /^ +(\d+) generated, \1 passed(, \d+ skipped)?$/m, stdout);
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

test("every operation of a directory answers as it is described", { skip }, async (t) => {
    const directory = await startDirectory(t, { settings: { registrationsPerMinute: 1000000, serversPerKey: 100000 } });
    const { key } = await addKey(directory);
    const runAs = (secret, ...options) =>
        runDocument(t, "openapi-directory", directory.httpUrl, "--header", `Authorization: Bearer ${secret}`, ...options);
    const stranger = await new Stranger(directory, key).join(t);
    await runAs(key, "--include-operation-id", "registerDedicatedServer");
    await runAs(stranger.token, "--exclude-operation-id", "registerDedicatedServer");
});
