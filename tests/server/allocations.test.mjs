// A place to play: players sign in at the directory, and play on the servers of its list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthClient, DirectoryClient, MusterClient } from "../../sdk/js/index.js";
import { atEnd, eventually } from "../kit/harness.mjs";
import { addKey, list, startDirectory, startNode } from "../kit/directory.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";

/** A directory with servers that are on its list, by their names: {name: {region, ...server}}. */
async function startFleet(t, nodes, options = {}) {
    const directory = await startDirectory(t, options);
    const { key } = await addKey(directory);
    const started = await Promise.all(Object.entries(nodes).map(async ([name, { region, ...config }]) => {
        const server = { name, region, regions: [region], ...config.server };
        const node = await startNode(t, directory, key, { config: { ...config, server } });
        await node.waitForOutput(/"on the list of http/);
        return [name, node];
    }));
    return { directory, key, ...Object.fromEntries(started) };
}

/** Somebody who has signed in at the directory, and nowhere else. */
async function newcomer(t, directory, { displayName = "Ada", region = "north" } = {}) {
    const auth = new AuthClient({ baseUrl: directory.httpUrl });
    await auth.guest({ displayName, region });
    const client = new MusterClient({ WebSocket: CheckedWebSocket, backoff: { baseMs: 50, maxMs: 500 } });
    atEnd(t, () => {
        client.close();
        auth.stop();
    });
    return { auth, client, directory: new DirectoryClient(auth), playerId: auth.current.playerId };
}

test("a player of the directory plays on a server of the region", async (t) => {
    const { directory, near } = await startFleet(t, { near: { region: "north" }, far: { region: "south" } });
    const ada = await newcomer(t, directory, { displayName: "Ada" });
    const bob = await newcomer(t, directory, { displayName: "Bob" });
    const entry = await ada.directory.play(ada.client, { gameMode: "arena" });
    assert.equal(ada.client.url, near.wsUrl);
    assert.equal(ada.client.session.playerId, ada.playerId);
    assert.equal(ada.client.session.displayName, "Ada");
    const same = await bob.directory.play(bob.client, { gameMode: "arena" });
    assert.equal(same.lobby.lobbyId, entry.lobby.lobbyId, "they meet");
    await Promise.all([ada, bob].map(({ client }) => client.once("snapshot", { timeoutMs: 30000 })));
});

test("where nobody has room in the region, another one does", async (t) => {
    const { directory, far } = await startFleet(t, { near: { region: "north", server: { maxPlayers: 1 } }, far: { region: "south" } });
    const first = await newcomer(t, directory);
    await first.directory.play(first.client, { gameMode: "arena" });
    const second = await newcomer(t, directory);
    await second.directory.play(second.client, { gameMode: "arena" });
    assert.equal(second.client.url, far.wsUrl);
    const error = await second.directory.allocate({ gameMode: "chess" }).catch((why) => why);
    assert.deepEqual([error.code, error.status], ["no_server", 503]);
});
