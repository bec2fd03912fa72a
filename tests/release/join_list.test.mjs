// The README's two minutes to the public list, and the example in Python that joins it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { addKey, list, startDirectory } from "../kit/directory.mjs";
import { MUSTERD, ROOT, atEnd, cleanEnvironment, eventually, freePort, tempDir } from "../kit/harness.mjs";

/** A program, what it says, and how to wait for it. */
function start(t, file, args, options) {
    const child = spawn(file, args, { stdio: "pipe", ...options });
    const program = { child, output: "" };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (program.output += chunk));
    program.says = (pattern) => eventually(`${pattern} of: ${program.output}`, () => pattern.exec(program.output));
    const closed = once(child, "close");
    atEnd(t, async () => {
        child.kill("SIGTERM");
        await closed;
    });
    return program;
}

test("the README's two minutes to the public list", async (t) => {
    const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
    const from = readme.indexOf("\n## Join the public list\n");
    const part = readme.slice(from, readme.indexOf("\n## ", from + 1));
    const shells = [...part.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, body]) => body);
    assert.equal(shells.length, 2);
    const [typed] = /^directory\.key add Ada$/m.exec(part);
    const [shownKey] = /^mk_[\w-]{43}$/m.exec(part);

    // In place of ./dev, which would build: what it runs. In place of the ports, free ones.
    const cwd = await tempDir(t);
    await symlink(path.join(ROOT, "configs"), path.join(cwd, "configs"));
    await writeFile(path.join(cwd, "dev"), `#!/bin/bash
shift
options=()
[[ " $* " == *" --config "* ]] || options+=(--config configs/standalone.json --data-dir data)
exec "$MUSTERD_OF_TEST" "\${options[@]}" "$@"
`, { mode: 0o755 });
    const ports = { 7360: await freePort(), 7350: await freePort() };
    const run = (shell, port) => start(t, "bash", ["-ec", shell.replace(/\b(7350|7360)\b/g, (one) => ports[one])], {
        cwd, env: cleanEnvironment({ MUSTERD_OF_TEST: MUSTERD, MUSTER_NET_PORT: String(port), MUSTER_NET_ADMIN_PORT: "0" }) });

    const directory = run(shells[0], ports[7360]);
    await directory.says(/Server is ready/);
    directory.child.stdin.write(`${typed}\n`);
    const [key] = await directory.says(/^mk_[\w-]{43}$/m);
    assert.ok(shells[1].includes(`=${shownKey}\n`));
    const server = run(shells[1].replace(shownKey, key), ports[7350]);
    const [, id] = await server.says(/on the list of http:\/\/127\.0\.0\.1:\d+ as ([0-9a-f-]{36})/);
    const answer = await fetch(`http://127.0.0.1:${ports[7360]}/v1/servers`);
    assert.deepEqual((await answer.json()).servers.map(({ serverId }) => serverId), [id]);
});

test("the example in Python joins the list", async (t) => {
    const file = path.join(ROOT, "sdk/examples/join_list.py");
    assert.ok((await readFile(file, "utf8")).trimEnd().split("\n").length <= 60);
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const port = await freePort();
    const example = start(t, "python3", [file, directory.httpUrl, key, "127.0.0.1", String(port)]);
    await example.says(/^listed/m);
    const [server] = await list(directory);
    assert.equal(server.port, port);
    assert.equal(server.serverName, "A server in Python");
});
