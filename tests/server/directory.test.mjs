// The list of servers: who is on it, who is not and is told why.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../kit/harness.mjs";
import { addKey, list, startDirectory, startNode } from "../kit/directory.mjs";

test("a node with three settings is on the list", async (t) => {
    const directory = await startDirectory(t);
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key, { config: { server: { name: "Ada's server", region: "local" } } });
    await node.waitForOutput(/"on the list of http/);
    const [server, ...others] = await list(directory);
    assert.deepEqual(others, []);
    assert.equal(server.serverName, "Ada's server");
    assert.equal(server.region, "local");
    assert.equal(server.address, "127.0.0.1");
    assert.equal(server.port, node.port);
    assert.deepEqual(server.supportedGameModes, ["arena", "free_for_all"]);
    assert.equal(server.status, "healthy");
    const one = (await directory.rest("GET", `/v1/servers/${server.serverId}`)).body;
    assert.deepEqual(Object.keys(one.health.metrics).sort(), [
        "activeConnections", "cpuUsage", "diskUsage", "errorRate", "memoryUsage", "networkLatency"]);
    assert.ok(one.health.metrics.memoryUsage > 0 && one.health.metrics.memoryUsage < 1);
    assert.match(await node.admin("directory"), new RegExp(`listed, server ${server.serverId}$`));
    assert.equal(await node.metric("muster_directory_listed"), 1);
    await eventually("another beat", async () => {
        const { health } = (await directory.rest("GET", `/v1/servers/${server.serverId}`)).body;
        return health.lastHeartbeat > one.health.lastHeartbeat && health.metrics.cpuUsage > 0;
    });
});

test("a node that stops in order is off the list at once", async (t) => {
    const directory = await startDirectory(t, { settings: { deadMs: 600000 } });
    const { key } = await addKey(directory);
    const node = await startNode(t, directory, key);
    await node.waitForOutput(/"on the list of http/);
    await node.stop();
    assert.deepEqual(await list(directory), []);
});
