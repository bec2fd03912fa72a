// Connect Four played to the end by clients: turns are messages, the boards decide, and the result
// is kept as they were told it; the same match again from its recording.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeState, isAt, moveMessage, moverOf } from "../../plugins/service_web/assets/connect_four_state.js";
import { PLUGINS, eventually, startServer } from "../kit/harness.mjs";
import { connectPlayer, sitDown } from "../kit/players.mjs";
import { playAgain } from "../kit/recording.mjs";

const FIRST_WINS = [0, 1, 0, 1, 0, 1, 0];
const NOBODY_WINS = [..."662425102244532100465053454503166061113332"].map(Number);
const PLUGINS_FOUR = [...PLUGINS, "mode_connect_four", "rules_private"];

/** A client that plays its turns; script(board): the columns of a board, in turn. */
class Player {
    ended = null;
    refused = [];
    state = null;
    #client;
    #script;
    #asked = ""; // the turn that was taken last: a full snapshot may tell it once more

    constructor({ client, playerId }, script) {
        this.client = this.#client = client;
        this.playerId = playerId;
        this.#script = script;
        this.ended = client.once("match.ended", { timeoutMs: 60000 });
        client.on("match.messageRefused", (refusal) => this.refused.push(refusal));
        client.on("snapshot", (snapshot) => this.#onSnapshot(snapshot));
    }

    #onSnapshot({ payload, seat }) {
        this.state = decodeState(payload) ?? this.state;
        const board = this.state.boards.find((one) => isAt(one, seat));
        const turn = `${this.state.round} ${board?.columns.length}`;
        if (!board || moverOf(board)?.seat !== seat || turn === this.#asked) return;
        this.#asked = turn;
        this.#client.sendMessage(moveMessage(this.state.round, this.#script(board)[board.columns.length]));
    }
}

/** All of them at one table, the first of them its host; the results as each was told them. */
async function playToTheEnd(t, server, count, script) {
    const players = [];
    for (let i = 0; i < count; i++)
        players.push(new Player(await connectPlayer(t, server, { name: `Player ${i + 1}` }), script));
    await sitDown(players, { maxPlayers: count, turnSeconds: 600, startWhen: "host" }, "connect_four");
    await players[0].client.lobby.start();
    const told = await Promise.all(players.map(({ ended }) => ended));
    for (const { results } of told) assert.deepEqual(results, told[0].results);
    for (const { refused } of players) assert.deepEqual(refused, []);
    return { players, results: told[0].results };
}

async function impossible(server) {
    const { text } = await server.rest("GET", "/metrics", undefined, { admin: true });
    return Number(/^muster_inputs_impossible_total (\d+)$/m.exec(text)[1]);
}

const statsOf = ({ playerStats }) =>
    playerStats.map(({ score, stats }) => [score, stats.wins, stats.draws]).sort().reverse();

test("connect four: two, four and a full board; kept, and played again alike", async (t) => {
    const server = await startServer(t, { config: { plugins: PLUGINS_FOUR, lobby: { countdownMs: 0 } } });
    const [two, four, drawn] = await Promise.all([
        playToTheEnd(t, server, 2, () => FIRST_WINS),
        playToTheEnd(t, server, 4, () => FIRST_WINS),
        playToTheEnd(t, server, 2, () => NOBODY_WINS),
    ]);
    const [winner, loser] = two.players[0].state.boards[0].sides.map(({ seat }) => two.players[seat]);
    const placed = ({ playerId, client }, place) => ({ place, playerId, displayName: client.session.displayName });
    assert.deepEqual(two.results.placements, [placed(winner, 1), placed(loser, 2)]);
    const { place, ...whoWon } = placed(winner, 1);
    assert.deepEqual(two.results.winner, whoWon);
    assert.deepEqual(statsOf(two.results), [[2, 1, 0], [0, 0, 0]]);
    // Who begins wins: each begins one or two of three boards.
    assert.deepEqual(four.results.placements.map((one) => one.place), [1, 1, 3, 3]);
    assert.equal(four.results.winner, null);
    assert.deepEqual(statsOf(four.results), [[4, 2, 0], [4, 2, 0], [2, 1, 0], [2, 1, 0]]);
    assert.deepEqual(drawn.results.placements.map((one) => one.place), [1, 1]);
    assert.deepEqual(statsOf(drawn.results), [[1, 0, 1], [1, 0, 1]]);
    const all = [two, four, drawn].map(({ results }) => results);
    for (const { winningTeam, finalScores, reason } of all)
        assert.deepEqual([winningTeam, finalScores, reason], ["none", {}, "all_played"]);

    const stored = await eventually("all are stored", async () => {
        const list = JSON.parse(await server.admin("results"));
        return list.length === all.length && list;
    });
    for (const results of all) {
        const kept = stored.find(({ matchId }) => matchId === results.matchId);
        for (const member of ["winner", "placements", "playerStats", "reason", "winningTeam", "finalScores"])
            assert.deepEqual(kept[member], results[member], member);
    }
    assert.equal(await impossible(server), 0);
    const replays = await playAgain(server);
    assert.equal(replays.length, 3);
});

test("connect four: what is not possible does nothing, who does not play is told so, who leaves has lost", async (t) => {
    const server = await startServer(t, { config: { plugins: PLUGINS_FOUR, lobby: { countdownMs: 0 } } });
    const players = [];
    for (const name of ["Ada", "Bob"]) players.push(new Player(await connectPlayer(t, server, { name }), () => [9]));
    const [ada, bob] = players;
    const lobbyId = await sitDown(players, { maxPlayers: 2, turnSeconds: 600 }, "connect_four");
    const eve = new Player(await connectPlayer(t, server, { name: "Eve" }), () => []);
    await eve.client.joinLobby(lobbyId, { spectator: true });
    await eventually("both have begun", () => ada.state?.round === 1 && bob.state?.round === 1);
    const refused = eve.client.once("match.messageRefused");
    eve.client.sendMessage(moveMessage(1, 3));
    assert.deepEqual(await refused, { reason: "no_match" });
    await eventually("the move is counted", async () => (await impossible(server)) === 1);
    await bob.client.leave();
    const { results } = await ada.ended;
    assert.deepEqual([results.reason, results.winner.playerId], ["forfeit", ada.playerId]);
    assert.deepEqual(results.placements.map(({ playerId }) => playerId), [ada.playerId, bob.playerId]);
    assert.deepEqual(ada.state.boards[0].columns, []);
});
