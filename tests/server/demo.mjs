// demo - the main job without a screen: eight players log in, find a match, play it to victory, vote,
// play a second one. Prints both MatchResults as they stand in the database.
//
// Exit 0 only if both equal what all eight clients saw and what `muster replay` computes, and every
// kill came from an input of its client. Run by `./dev demo`.

import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import WebSocket from "ws";
import { AuthClient, MusterClient } from "../../sdk/js/index.js";
import { eventually, queryDatabase, startServer, tempDir } from "../kit/harness.mjs";
import { MATCH_MS, Teammate } from "../kit/players.mjs";
import { replay } from "../kit/recording.mjs";

const PLAYERS = 8;
const MATCHES = 2;
const KILL_LIMIT = 10;
const NAMES = ["Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana"];
const CONFIG = {
    server: { name: "muster demo" },
    lobby: {
        playersMin: PLAYERS,
        countdownMs: 500,
        scoreboardMs: 4000,
        defaults: [`killLimit=${KILL_LIMIT}`, "botFill=0"],
    },
};

const say = (line) => process.stderr.write(`demo: ${line}\n`);

async function logIn(server, i) {
    const auth = new AuthClient({ baseUrl: server.httpUrl });
    const username = `${NAMES[i].toLowerCase()}${i}`;
    await auth.register({ username, password: `password of ${username}`, displayName: NAMES[i] });
    await auth.login(username, `password of ${username}`);
    const client = new MusterClient({ url: server.wsUrl, WebSocket });
    await client.connect((renew) => auth.accessToken(renew));
    return new Teammate({ client, auth, playerId: client.session.playerId });
}

function goHome(team) {
    for (const { client, player } of team) {
        client.close();
        player.auth.stop();
    }
}

/** A MatchResults out of the tables. */
async function storedResults(server, matchId) {
    const [row] = await queryDatabase(
        server,
        `SELECT * FROM match_results WHERE match_id = '${matchId}'`,
    );
    if (!row) return null;
    const stats = await queryDatabase(
        server,
        `SELECT * FROM player_match_stats WHERE match_id = '${matchId}' ORDER BY row`,
    );
    return {
        matchId: row.match_id,
        lobbyId: row.lobby_id,
        winningTeam: row.winning_team,
        ...JSON.parse(row.outcome), // winner, placements, finalScores
        playerStats: stats.map((stat) => ({
            playerId: stat.player_id,
            displayName: stat.display_name,
            team: stat.team,
            kills: stat.kills,
            deaths: stat.deaths,
            assists: stat.assists,
            score: stat.score,
            isBot: stat.is_bot !== 0,
            leaveReason: stat.leave_reason,
        })),
        duration: row.duration,
        reason: row.reason,
        disturbed: JSON.parse(row.disturbed),
        versions: JSON.parse(row.versions),
    };
}

async function playMatch(team, n) {
    const ends = await Promise.all(team.map((mate) => mate.end(n)));
    const { results } = ends[0];
    say(
        `match ${n + 1}: ${results.winningTeam}, ${results.finalScores.red}:${results.finalScores.blue} ` +
            `after ${results.duration} s (${results.reason})`,
    );
    if (n + 1 < MATCHES) await Promise.all(team.map(({ client }) => client.voteRestart(true)));
    return ends;
}

/** What must hold for one match, beside the replay. */
function checkMatch(team, ends, n, stored) {
    for (const end of ends) assert.deepEqual(end.results, stored, "a client saw another result");
    const { red, blue } = stored.finalScores;
    assert.equal(stored.reason, "score_limit");
    assert.equal(Math.max(red, blue), KILL_LIMIT);
    assert.equal(stored.winningTeam, red > blue ? "red" : blue > red ? "blue" : "draw");
    assert.equal(stored.playerStats.length, PLAYERS);
    assert.ok(
        stored.playerStats.every(({ isBot }) => !isBot),
        "a bot took part",
    );
    const seats = team.map(({ client }) => client.entry.seat);
    assert.equal(new Set(seats).size, PLAYERS);
    for (const mate of team) {
        const { playerId } = mate.player;
        const own = stored.playerStats.find((row) => row.playerId === playerId);
        const seen = mate.bots[n].kills.filter(({ killer }) => killer === mate.client.entry.seat);
        assert.equal(seen.length, own.kills, `${own.displayName}: kills seen and kills counted`);
        assert.deepEqual(
            mate.unexplained,
            [],
            `${own.displayName}: a kill without an input that fired`,
        );
    }
}

async function main() {
    const dir = await tempDir();
    let server = null;
    const team = [];
    try {
        server = await startServer(null, { dir, config: CONFIG });
        say(`server on port ${server.port}, data in ${dir}`);
        for (let i = 0; i < PLAYERS; i++) team.push(await logIn(server, i));
        say(`${PLAYERS} players are logged in and look for a match`);
        const entries = await Promise.all(
            team.map(({ client }) => client.findMatch({ gameMode: "arena" })),
        );
        assert.equal(
            new Set(entries.map(({ lobby }) => lobby.lobbyId)).size,
            1,
            "they met in one lobby",
        );

        const matches = [];
        for (let n = 0; n < MATCHES; n++) matches.push(await playMatch(team, n));
        const stored = [];
        for (const ends of matches) {
            const { matchId } = ends[0].results;
            stored.push(
                await eventually(`results of ${matchId}`, () => storedResults(server, matchId)),
            );
        }
        matches.forEach((ends, n) => checkMatch(team, ends, n, stored[n]));
        const kills = stored
            .flatMap(({ playerStats }) => playerStats)
            .reduce((sum, row) => sum + row.kills, 0);
        say(
            `all ${PLAYERS} clients saw these results; each of ${kills} kills came from its client's input`,
        );

        goHome(team);
        await server.stop();
        for (const results of stored) {
            const again = await replay(server.dataDir, results.matchId);
            assert.deepEqual(again.results, results, "the replay's result");
            assert.equal(again.hash, again.recordedHash, "the replay's state hash");
            say(`replay of ${results.matchId}: same result, state hash ${again.hash}`);
        }
        console.log(JSON.stringify(stored, null, 2));
    } finally {
        goHome(team);
        if (server?.running) await server.stop();
        await rm(dir, { recursive: true, force: true });
    }
}

const deadline = setTimeout(
    () => {
        say("gave up");
        process.exit(1);
    },
    (MATCHES + 1) * MATCH_MS,
);
try {
    await main();
} catch (error) {
    say(error.stack ?? String(error));
    process.exitCode = 1;
}
clearTimeout(deadline);
