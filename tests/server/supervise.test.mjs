// musterd --supervise: a server that ends by mistake is started again, on the same sockets.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { atEnd, eventually, startServer } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";

const READY = /Server is ready: listening on \S+:(\d+)/;

/** The server that the supervisor runs. */
async function childOf(pid) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return Number(children.trim().split(" ")[0]);
}

const supervise = (t, options) => startServer(t, { ...options, args: ["--supervise"] });

/** Ends the running server by a signal and waits for the next one; its port. */
async function killed(server, signal = "SIGKILL") {
    const from = server.output.length;
    process.kill(await childOf(server.pid), signal);
    return (await server.waitForOutput(READY, from))[1];
}

test("a killed server is back on its port, and its clients with it", async (t) => {
    const server = await supervise(t);
    const { client } = await connectPlayer(t, server);
    const first = await childOf(server.pid);
    const back = client.once("reconnecting", { timeoutMs: 20000 });
    const port = await killed(server);
    assert.equal(port, String(server.port));
    await back;
    await eventually("the client is back", () => client.state === "online");
    assert.notEqual(await childOf(server.pid), first);
    assert.match(server.output, /ended by signal 9 \(KILL\), crash 1 of 5 within a minute/);
    assert.equal((await server.rest("GET", "/readyz")).status, 200); // the admin address, too
});

test("restart starts it again, and that is no crash", async (t) => {
    const server = await supervise(t);
    const from = server.output.length;
    await server.admin("restart now");
    await server.waitForOutput(READY, from);
    assert.doesNotMatch(server.output, /crash \d/);
    await server.command("stop"); // the console reaches the new one
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("signals are handed on: SIGHUP reloads, SIGTERM ends", async (t) => {
    const server = await supervise(t);
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.waitForOutput(/configuration reloaded/, from);
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended(), { code: 0, signal: null });
});

test("five crashes in a minute, and it gives up", async (t) => {
    const server = await supervise(t);
    for (let i = 0; i < 4; i++) await killed(server, "SIGSEGV");
    process.kill(await childOf(server.pid), "SIGKILL");
    assert.deepEqual(await server.ended(), { code: 70, signal: null });
    assert.match(server.output, /crash 5 of 5 within a minute[^]*given up/);
});

test("the server does not outlive its supervisor", async (t) => {
    const server = await supervise(t);
    const child = await childOf(server.pid);
    const isThere = () => {
        try {
            return process.kill(child, 0);
        } catch {
            return false;
        }
    };
    atEnd(t, () => isThere() && process.kill(child, "SIGKILL"));
    server.signal("SIGKILL");
    await server.ended();
    await eventually("the server has gone", () => !isThere());
});
