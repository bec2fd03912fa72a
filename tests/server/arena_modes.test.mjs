// The modes in Lua on the arena, each played to its end on a real server by people (JS bots that see
// snapshots only) and the server's bots; what is told of zones, items and levels on the way, read by
// docs/frames.ksy and docs/arena.ksy, too; the result, and the same match again from its recording.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArenaFrames } from "../kit/frames.mjs";
import { eventually, startServer } from "../kit/harness.mjs";
import { gather, sitDown } from "../kit/players.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";
import { replay } from "../kit/recording.mjs";

const BOTS = { botFill: 8, maxPlayers: 8, botSkill: "easy", respawnMs: 1000, spawnProtectionMs: 500 };
const RED = 1;
const BLUE = 2;
const NOBODY = 255;

const modes = {
    king_of_the_hill: {
        settings: { hillPoints: 12 },
        goal: (world) => world.zones.get(1),
        watch: (world, seen) => {
            const hill = world.zones.get(1);
            if (!hill) return;
            seen.add(hill.label);
            if (hill.team === RED || hill.team === BLUE) seen.add("held");
            if (hill.progress > 0) seen.add("filling");
        },
        sees: ["Hill", "held", "filling"],
        hears: /^(Red|Blue) holds the hill$/,
        check: ({ reason, winningTeam, finalScores }) => {
            assert.equal(reason, "score_limit");
            assert.equal(finalScores[winningTeam], 12);
        },
    },
    gun_game: {
        settings: {},
        watch: (world, seen) => {
            for (const { level, weapons } of world.avatars.values()) seen.add(`${level}: ${weapons}`);
        },
        sees: ["1: 3", "3: 3", "5: 1", "8: 2"],
        hears: /^.+ has the last weapon$/,
        check: ({ reason, winningTeam, finalScores }) => {
            assert.equal(reason, "score_limit");
            assert.equal(finalScores[winningTeam], 8);
        },
    },
    infection: {
        settings: { outbreakSeconds: 2, timeLimit: 20 },
        watch: (world, seen) => {
            for (const { label } of world.zones.values()) seen.add(label);
            const teams = [...world.avatars.values()].map(({ team }) => team);
            if (teams.length === 8 && teams.filter((team) => team === RED).length === 6) seen.add("outbreak");
            for (const { speed } of world.avatars.values()) if (speed > 60) seen.add("fast");
        },
        sees: ["Shelter", "outbreak", "fast"],
        hears: /^The infection breaks out: 2 infected$/,
        check: ({ reason, winningTeam, playerStats }) => {
            assert.equal(reason, winningTeam === "blue" ? "elimination" : "time_limit");
            assert.notEqual(winningTeam, "draw");
            const survivors = playerStats.filter(({ team }) => team === "red").length;
            assert.equal(survivors === 0, winningTeam === "blue");
        },
    },
    capture_the_flag: {
        // Of eight, somebody may fall on every way home, which the largest base makes short.
        settings: { captures: 1, botFill: 3, baseRadius: 8 },
        // The own base with a flag, else the enemies' flag wherever it is. Only one side runs: with both
        // flags away nobody can capture.
        goal: (world, own) => {
            const flag = world.items.get(3 - own.team);
            if (!flag || own.team !== RED) return null;
            if (flag.carrier === own.seat) return world.zones.get(own.team);
            return flag.carrier === NOBODY ? flag : null;
        },
        watch: (world, seen) => {
            for (const { label } of world.zones.values()) seen.add(label);
            for (const { kind, carrier, atHome } of world.items.values()) {
                seen.add(atHome ? `${kind} at home` : carrier === NOBODY ? "it lies" : "carried");
            }
        },
        sees: ["Base", "flag at home", "carried"],
        hears: /^.+ has captured the (red|blue) flag$/,
        check: ({ reason, winningTeam, finalScores }) => {
            assert.equal(reason, "score_limit");
            assert.equal(finalScores[winningTeam], 1);
        },
    },
};

/** A match of two people and the server's bots; its results. */
async function play(t, server, gameMode, { settings, goal, watch, sees, hears, check }) {
    const frames = new ArenaFrames();
    const team = await gather(t, server, 2, { settings: { goal }, options: { WebSocket: frames.Socket } });
    const seen = new Set();
    const lines = [];
    const errors = [];
    team[0].client.on("lobby.chat", ({ text }) => lines.push(text));
    team[0].client.on("mod.error", (error) => errors.push(error));
    team[0].client.on("snapshot", () => team[0].bot && watch(team[0].bot.world, seen));
    await sitDown(team, { ...BOTS, ...settings }, gameMode);
    const [{ results }, other] = await Promise.all(team.map((mate) => mate.end()));
    assert.deepEqual(other.results, results);
    check(results);
    for (const what of sees) assert.ok(seen.has(what), `nobody saw "${what}": ${[...seen]}`);
    await eventually(`${hears}`, () => lines.some((line) => hears.test(line)));
    assert.deepEqual(errors, []);
    assert.equal(results.versions.length, 1);
    assert.equal(results.versions[0].name, `mod:${gameMode}`);
    assert.match(results.versions[0].version, /^1\.0\.0\+[0-9a-f]{8}$/);
    for (const mate of team) assert.deepEqual(mate.unexplained, []);
    assert.ok((await frames.check()) > 10);
    return results;
}

test("each to its end, and again", { concurrency: true }, async (t) => {
    const server = await startServer(t, { config: { plugins: MOD_PLUGINS } });
    const played = new Map();
    const games = Object.entries(modes).map(([name, mode]) =>
        t.test(name, async (t) => played.set(name, await play(t, server, name, mode))),
    );
    await Promise.all(games);
    await server.stop();
    for (const [name, results] of played) {
        await t.test(`${name}, replayed`, async () => {
            const again = await replay(server.dataDir, results.matchId);
            assert.equal(again.hash, again.recordedHash);
            assert.deepEqual(again.results, results);
        });
    }
    assert.equal(played.size, 4);
});
