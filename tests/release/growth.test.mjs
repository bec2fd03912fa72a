// The rehearsal of the next minor: a daemon whose every struct has grown runs the plugins of today's
// headers (tests/contract/growth). What they do for players goes on as before.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import {
    BUILD,
    eventually,
    PLUGINS,
    queryDatabase,
    SANITIZED,
    startServer,
} from "../kit/harness.mjs";
import { connectPlayer, gather, listen, sitDown } from "../kit/players.mjs";

const GROWN = path.join(BUILD, "bin/musterd_grown");
const ALL = [...PLUGINS, "lua", "rules_private", "service_web"];
const DUEL = { killLimit: 1, botFill: 0, maxPlayers: 2, spawnProtectionMs: 0 };

const grown = (name, play) =>
    test(name, { skip: SANITIZED }, async (t) => {
        const server = await startServer(t, { binary: GROWN, config: { plugins: ALL } });
        await play(t, server);
        assert.equal(await server.metric("muster_plugin_faults_total"), 0);
    });

grown("guests play a match to its end, and its result is kept", async (t, server) => {
    const team = await gather(t, server, 2);
    await sitDown(team, DUEL);
    const { results } = await team[0].end();
    assert.equal(results.reason, "score_limit");
    assert.equal(results.playerStats.length, 2);
    const [row] = await eventually("the row of the match", async () => {
        const found = await queryDatabase(
            server,
            `SELECT * FROM match_results WHERE match_id = '${results.matchId}'`,
        );
        return found.length && found;
    });
    assert.equal(row.winning_team, results.winningTeam);
});

grown("a mode in Lua is played, with the host's rules", async (t, server) => {
    const team = await gather(t, server, 2);
    await sitDown(team, { botFill: 0, maxPlayers: 2, timeLimit: 1 }, "gun_game");
    const host = listen(team[0].client);
    assert.match(await host.say("hello"), /hello/);
    assert.equal((await team[0].end()).results.reason, "time_limit");
});

grown("who searches at once is placed at once, in groups of two wishes", async (t, server) => {
    const players = await Promise.all(
        [0, 1, 2, 3].map((i) => connectPlayer(t, server, { name: `Seeker ${i}` })),
    );
    const found = await Promise.all(
        players.map(async ({ client }, i) => {
            const told = client.once("match.found", { timeoutMs: 20000 });
            await client.call("match.find", { gameMode: i % 2 ? "arena" : "gun_game" });
            return await told;
        }),
    );
    const lobbies = found.map(({ lobby }) => lobby.lobbyId);
    assert.equal(new Set(lobbies).size, 2);
    assert.equal(lobbies[0], lobbies[2]);
    assert.equal(lobbies[1], lobbies[3]);
    assert.ok(found.every(({ explanation }) => /lobby/.test(explanation)));
});

grown("plugins answer over HTTP, on both addresses", async (_t, server) => {
    const page = await server.rest("GET", "/");
    assert.equal(page.status, 200);
    assert.match(page.text, /<html/);
    const metrics = await server.rest("GET", "/metrics", undefined, { admin: true });
    assert.equal(metrics.status, 200);
    const account = { username: "anna", password: "correct horse battery" };
    assert.equal((await server.rest("POST", "/v1/auth/register", account)).status, 201);
    assert.equal((await server.rest("POST", "/v1/auth/login", account)).status, 200);
});
