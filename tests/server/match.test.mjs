// Whole matches: players play to a victory, see one scoreboard, vote, play again; the database says
// the same as the wire.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, queryDatabase, startServer } from "../kit/harness.mjs";
import { gather, refused, sitDown } from "../kit/players.mjs";

/** Two players; the first blood decides. */
const DUEL = { killLimit: 1, botFill: 0, maxPlayers: 2, spawnProtectionMs: 0 };
/** Over after a second, without a fight: for what happens around a match. */
const BRIEF = { timeLimit: 1, botFill: 0, maxPlayers: 2 };
const PEACE = { settings: { fires: false } };

test("two players play to the kill limit; everybody sees the same result", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2);
    const lobbyId = await sitDown(team, DUEL);
    const [a, b] = await Promise.all(team.map((mate) => mate.end()));
    assert.deepEqual(a.results, b.results);
    const { results } = a;
    assert.equal(results.lobbyId, lobbyId);
    assert.equal(results.reason, "score_limit");
    assert.equal(results.playerStats.length, 2);
    const { red, blue } = results.finalScores;
    assert.equal(Math.max(red, blue), DUEL.killLimit);
    assert.equal(results.winningTeam, red > blue ? "red" : blue > red ? "blue" : "draw");
    const kills = results.playerStats.reduce((sum, row) => sum + row.kills, 0);
    const deaths = results.playerStats.reduce((sum, row) => sum + row.deaths, 0);
    assert.equal(kills, results.finalScores.red + results.finalScores.blue);
    assert.equal(kills, deaths);
    assert.equal(team[0].bot.kills.length, kills, "each kill was told as an event");
    assert.equal(team[1].bot.kills.length, kills);
    for (const mate of team) assert.deepEqual(mate.unexplained, []);

    const rows = await eventually("the row of the match", async () => {
        const found = await queryDatabase(
            server,
            `SELECT * FROM match_results WHERE match_id = '${results.matchId}'`,
        );
        return found.length && found;
    });
    assert.equal(rows[0].lobby_id, lobbyId);
    assert.equal(rows[0].winning_team, results.winningTeam);
    assert.equal(rows[0].red_score, results.finalScores.red);
    assert.equal(rows[0].blue_score, results.finalScores.blue);
    assert.equal(rows[0].duration, results.duration);
});

test("where there are no teams a player wins, and all have their places", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 3);
    await sitDown(team, { ...DUEL, maxPlayers: 3 }, "free_for_all");
    const { results } = await team[0].end();
    assert.equal(results.reason, "score_limit");
    assert.equal(results.winningTeam, "none");
    assert.deepEqual(results.finalScores, {});
    const best = results.playerStats.filter(({ kills }) => kills === DUEL.killLimit);
    const winner = best.length === 1 ? best[0].playerId : undefined; // two in one tick: a tie
    assert.equal(results.winner?.playerId, winner);
    assert.ok(results.playerStats.every(({ team: side }) => side === "none"));
    assert.deepEqual(results.placements.map(({ playerId }) => playerId).sort(),
        results.playerStats.map(({ playerId }) => playerId).sort());
    assert.ok(best.some(({ playerId }) => playerId === results.placements[0].playerId));
    for (const mate of team) assert.deepEqual(mate.unexplained, []);
    const [row] = await eventually("the row of the match", async () => {
        const found = await queryDatabase(
            server,
            `SELECT * FROM match_results WHERE match_id = '${results.matchId}'`,
        );
        return found.length && found;
    });
    const { winner: kept, placements, finalScores } = results;
    assert.deepEqual(JSON.parse(row.outcome), { winner: kept, placements, finalScores });
    const [told] = await eventually("the command knows it", async () => {
        const list = JSON.parse(await server.admin("results 1"));
        return list.length && list;
    });
    assert.deepEqual(told.placements, placements);
    assert.deepEqual(told.winner, kept);
});

test("states follow each other in order", async (t) => {
    const server = await startServer(t, { config: { lobby: { scoreboardMs: 300 } } });
    const team = await gather(t, server, 2, PEACE);
    const states = [];
    team[0].client.on("entered", ({ entry }) => states.push(entry.lobby.state));
    team[0].client.on("lobby.updated", ({ lobby }) => states.push(lobby.state));
    await sitDown(team, BRIEF);
    await team[0].end();
    await team[0].client.once("lobby.left", { timeoutMs: 20000 });
    const order = states.filter((state, i) => state !== states[i - 1]);
    assert.deepEqual(
        order.filter((state) => state !== "completed"),
        ["waiting", "starting", "active", "ending"],
    );
});

test("the scoreboard stays, votes restart the match, the next one counts anew", async (t) => {
    const server = await startServer(t, { config: { lobby: { scoreboardMs: 3000 } } });
    const team = await gather(t, server, 2, PEACE);
    const lobbyId = await sitDown(team, BRIEF);
    const first = await team[0].end(0);
    await team[1].end(0);
    assert.ok(first.scoreboardMs > 0 && first.scoreboardMs <= 3000);
    const { client } = team[0];
    const tally = client.once("lobby.vote", { timeoutMs: 10000 });
    await client.voteRestart(true);
    assert.equal((await tally).yes, 1);
    await refused(
        client.call("lobby.vote", { vote: "kick everybody", choice: true }),
        "invalid_params",
    );
    await team[1].client.voteRestart(true);
    const second = await team[0].end(1);
    assert.equal((await team[1].end(1)).matchId, second.matchId);
    assert.notEqual(second.matchId, first.matchId);
    assert.equal(second.results.lobbyId, lobbyId);
    const rows = await eventually("both results", async () => {
        const found = await queryDatabase(
            server,
            "SELECT match_id FROM match_results ORDER BY completed_at",
        );
        return found.length === 2 && found;
    });
    assert.deepEqual(
        rows.map((row) => row.match_id),
        [first.matchId, second.matchId],
    );
});

test("without votes the lobby closes and the players go", async (t) => {
    const server = await startServer(t, { config: { lobby: { scoreboardMs: 300 } } });
    const team = await gather(t, server, 2, PEACE);
    const lobbyId = await sitDown(team, BRIEF);
    const lefts = team.map((mate) => mate.client.once("lobby.left", { timeoutMs: 100000 }));
    for (const left of await Promise.all(lefts)) assert.equal(left.reason, "closed");
    const { client } = team[0];
    const gone = await client.getLobby(lobbyId).then(
        ({ state }) => state,
        (error) => error.code,
    );
    assert.ok(["completed", "not_found"].includes(gone));
    await client.createLobby({ gameMode: "arena" });
});

test("no vote outside of the scoreboard, no input counts after the end", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2, PEACE);
    await sitDown(team, BRIEF);
    await refused(
        team[0].client.call("lobby.vote", { vote: "restart", choice: true }),
        "wrong_state",
    );
    const { results } = await team[0].end();
    team[0].client.sendInput({ sequence: 1e6, held: 1, pressed: 1, aim: 0, moveX: 127, moveY: 0 });
    const board = await team[0].client.scoreboard();
    assert.deepEqual(board.teamScores, results.finalScores);
});

test("the time limit ends a match; equal scores are a draw", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2, PEACE);
    await sitDown(team, BRIEF);
    const { results } = await team[0].end();
    assert.equal(results.reason, "time_limit");
    assert.equal(results.winningTeam, "draw");
    assert.ok(results.duration >= 1 && results.duration <= 2, `${results.duration} s`);
});

test("a team that has left forfeits", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2, PEACE);
    await sitDown(team, DUEL);
    await eventually("the match runs", () => team[1].bot?.snapshots > 5);
    const stays = team[0].client.entry.team;
    await team[1].client.leave();
    const { results } = await team[0].end();
    assert.equal(results.reason, "forfeit");
    assert.equal(results.winningTeam, stays);
    assert.equal(results.playerStats.length, 2, "who left is listed");
});

test("who leaves before the first tick has lost: by forfeit, and where one life counts", async (t) => {
    const server = await startServer(t, {});
    for (const elimination of [false, true]) {
        const team = await gather(t, server, 2, PEACE);
        const leaves = team[1].client.once("match.started", { timeoutMs: 20000 });
        await sitDown(team, { ...DUEL, elimination });
        await leaves;
        await team[1].client.leave();
        const { results } = await team[0].end();
        assert.equal(results.winningTeam, team[0].client.entry.team);
        assert.ok(["forfeit", "elimination"].includes(results.reason), results.reason);
    }
});

test("with one life each the last one alive wins, by elimination", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2);
    await sitDown(team, { ...DUEL, killLimit: 50, elimination: true });
    const { results } = await team[0].end();
    assert.equal(results.reason, "elimination");
    const [alive] = results.playerStats.filter(({ deaths }) => deaths === 0);
    assert.equal(results.winningTeam, alive?.team ?? "draw", "both may fall in one tick");
});

test("while the scoreboard is shown one may come to watch, not to play", async (t) => {
    const server = await startServer(t, { config: { lobby: { scoreboardMs: 60000 } } });
    const team = await gather(t, server, 2, PEACE);
    const lobbyId = await sitDown(team, { ...BRIEF, maxPlayers: 4 });
    const { matchId } = await team[0].end();
    const [late, watcher] = await gather(t, server, 2);
    const error = await refused(late.client.joinLobby(lobbyId), "wrong_state");
    assert.equal(error.data.state, "ending");
    const [told, seen] = ["match.ended", "snapshot"].map((event) => watcher.client.once(event));
    const entry = await watcher.client.joinLobby(lobbyId, { spectator: true });
    assert.equal((await told).matchId, matchId);
    assert.ok((await seen).tick > 0, "how it stood");
    assert.equal(entry.votes[0].vote, "restart");
    await refused(watcher.client.call("lobby.vote", { vote: "restart", choice: true }), "wrong_state");
});

test("bots make a match for one newcomer", async (t) => {
    const server = await startServer(t, { config: { lobby: { playersMin: 1 } } });
    const team = await gather(t, server, 1, PEACE);
    await team[0].client.createLobby({
        gameMode: "arena",
        settings: { botFill: 8, killLimit: 1, maxPlayers: 8 },
    });
    const { results } = await team[0].end();
    assert.equal(results.playerStats.length, 8);
    assert.equal(results.playerStats.filter(({ isBot }) => isBot).length, 7);
    assert.ok(
        results.playerStats
            .filter(({ isBot }) => isBot)
            .every(({ playerId }) => /^bot:\d+$/.test(playerId)),
    );
});

test("a spectator sees the match and has no hand in it", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 2, PEACE);
    const lobbyId = await sitDown(team, DUEL);
    const [watcher] = await gather(t, server, 1);
    const entry = await watcher.client.joinLobby(lobbyId, { spectator: true });
    assert.equal(entry.seat, 255);
    await eventually(
        "snapshots",
        () => watcher.bot?.snapshots > 10 && watcher.bot.world.avatars.size === 2,
    );
    const board = await watcher.client.scoreboard();
    assert.equal(board.rows.length, 2);
    assert.equal((await watcher.client.getLobby(lobbyId)).currentPlayers, 2);
});

test("snapshots of a full match are small, deltas follow one another", async (t) => {
    const server = await startServer(t, {});
    const team = await gather(t, server, 8);
    const sizes = [];
    let gaps = 0;
    team[0].client.on("snapshot", (snapshot) => {
        sizes.push(16 + snapshot.payload.length);
        if (!snapshot.usable) gaps++;
    });
    await sitDown(team, { killLimit: 3, botFill: 0, maxPlayers: 8 });
    await team[0].end();
    sizes.sort((a, b) => a - b);
    assert.ok(sizes.length > 40, `${sizes.length} snapshots`);
    assert.ok(sizes[sizes.length >> 1] < 200, `median ${sizes[sizes.length >> 1]} bytes`);
    assert.equal(gaps, 0);
});
