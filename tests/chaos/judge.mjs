// judge - was anything lost? By what the players were told, the results that were kept, and the recordings.

import assert from "node:assert/strict";
import os from "node:os";
import path from "node:path";
import { queryDatabase, runDaemon } from "../kit/harness.mjs";

const CHECKPOINT_TICKS = 41; // match.checkpointMs at 20 Hz

export class Verdicts {
    passed = 0;
    failures = []; // sentences
    /** By what was looked at: {passed, failed}. */
    kinds = {};

    say(kind, isGood, sentence) {
        const of = (this.kinds[kind] ??= { passed: 0, failed: 0 });
        of[isGood ? "passed" : "failed"]++;
        if (isGood) this.passed++;
        else this.failures.push(`${kind}: ${sentence}`);
    }
}

/* ---- one player's ledger ---- */

/** Back in the same seat, and in the same match in the same team. */
function isSame(before, now) {
    return before.lobbyId === now.lobbyId && before.seat === now.seat
        && (before.matchId === null || before.matchId !== now.matchId || before.team === now.team);
}

const show = (value) => JSON.stringify(value);

/** Every time the connection was lost, the player is back. */
function judgeReturns(verdicts, { name, ledger }) {
    let away = null;
    for (const entry of ledger.entries) {
        if (entry.what === "dropped") away ??= entry;
        if (entry.what === "left") {
            if (away && !entry.isAsked) verdicts.say("resumed", false, `${name} ${show(away)}, then ${show(entry)}`);
            away = null;
        }
        if (entry.what !== "entered" || !away) continue;
        verdicts.say("resumed", entry.resumed, `${name} ${show(away)}, then ${show(entry)}`);
        verdicts.say("seats", isSame(away, entry), `${name} ${show(away)}, then ${show(entry)}`);
        away = null;
    }
    if (away) verdicts.say("resumed", false, `${name} ${show(away)}, and never came back`);
}

function judgeStay(verdicts, { name, ledger }) {
    const wrong = ledger.entries.filter(({ what, isAsked }) =>
        what === "refused" || (["left", "closed"].includes(what) && !isAsked));
    verdicts.say("evictions", wrong.length === 0, `${name} ${show(wrong)}`);
}

/** An end is told once, and once more to whoever has come (back) since. */
function judgeTold(verdicts, { name, ledger }, told) {
    const matches = new Map(); // matchId -> {isAway, ends}
    let isHere = true;
    for (const [i, { what, matchId, results }] of ledger.entries.entries()) {
        if (what === "entered") isHere = true;
        if (what === "dropped" || what === "left") isHere = false;
        if (what === "started") matches.set(matchId, { from: i, ends: 0 });
        if (what !== "ended") continue;
        const match = matches.get(matchId) ?? { from: i, ends: 0 };
        const isAgain = ledger.entries.slice(match.from, i).some((entry) => entry.what === "entered");
        match.ends++;
        match.isDouble ||= match.ends > 1 && !isAgain;
        match.from = i;
        matches.set(matchId, match);
        told.add(matchId, results);
    }
    for (const [matchId, { ends, isDouble, from }] of matches) {
        const wasAway = ledger.entries.slice(from).some(({ what }) => what === "dropped");
        verdicts.say("told", !isDouble && (ends > 0 || wasAway), `${name} was told the end of ${matchId} ${ends} times`);
        if (ends === 0) told.add(matchId, null);
    }
    return isHere;
}

/** When somebody first and last heard of a match. */
function timesOf(players, matchId) {
    const times = players.flatMap(({ ledger }) => ledger.entries)
        .filter((entry) => entry.matchId === matchId).map(({ atMs }) => atMs);
    return [Math.min(...times), Math.max(...times)];
}

/** While it was played: then it may be without a log. */
const wasDiskFull = ({ players, disk }, matchId) => disk?.wasFull(...timesOf(players, matchId));

/** Without a log a match goes back to its last checkpoint. */
const isExcused = (run, { matchId, from, to }) =>
    from.tick - to.tick <= CHECKPOINT_TICKS && wasDiskFull(run, matchId);

function judgeScores(verdicts, { name, ledger }, run) {
    const back = ledger.entries.filter((entry) => entry.what === "wentBack" && !isExcused(run, entry));
    const count = ledger.entries.filter(({ what }) => what === "started").length;
    for (let i = back.length; i < count; i++) verdicts.say("scores", true);
    for (const entry of back) verdicts.say("scores", false, `${name} ${show(entry)}`);
}

/* ---- matches ---- */

/** matchId -> the results that were told; all who were told one were told the same. */
class Told {
    results = new Map();
    different = [];

    add(matchId, results) {
        const before = this.results.get(matchId) ?? null;
        if (before && results && show(before) !== show(results)) this.different.push([matchId, before, results]);
        this.results.set(matchId, results ?? before);
    }
}

const essence = ({ winningTeam, finalScores, reason, playerStats }) => ({
    winningTeam, reason, red: finalScores.red, blue: finalScores.blue,
    players: playerStats.map(({ playerId, kills, deaths, score }) => [playerId, kills, deaths, score]),
});

/** The results that are kept, by match. */
async function readHistory(server) {
    const kept = new Map();
    for (const row of await queryDatabase(server, "SELECT * FROM match_results"))
        kept.set(row.match_id, {
            winningTeam: row.winning_team, reason: row.reason, red: row.red_score, blue: row.blue_score, players: [],
        });
    for (const row of await queryDatabase(server, "SELECT * FROM player_match_stats ORDER BY match_id, row"))
        kept.get(row.match_id)?.players.push([row.player_id, row.kills, row.deaths, row.score]);
    return kept;
}

const isEqual = (a, b) => {
    try {
        assert.deepEqual(a, b);
        return true;
    } catch {
        return false;
    }
};

async function judgeMatches(verdicts, { server, poison }, told) {
    const kept = await readHistory(server);
    for (const matchId of poison.matchIds) kept.delete(matchId); // what is left of them is another test's matter
    for (const [matchId, results] of told.results) {
        const row = kept.get(matchId);
        const isGood = row && (!results || isEqual(row, essence(results)));
        verdicts.say("finished once", isGood,
            `${matchId} ${row ? `is kept as ${show(row)}, told as ${show(results && essence(results))}` : "has no result"}`);
    }
    for (const matchId of kept.keys())
        if (!told.results.has(matchId)) verdicts.say("finished once", false, `${matchId} is kept, and nobody saw it`);
    for (const [matchId, ...both] of told.different)
        verdicts.say("finished once", false, `${matchId} was told in two ways: ${show(both)}`);
}

/* ---- recordings ---- */

async function replay(server, matchId) {
    const { code, stdout, stderr } = await runDaemon([
        "--replay", path.join(server.dataDir, "records", `${matchId}.mrec`), "--json",
        "--config", server.configFile, "--data-dir", server.dataDir,
    ]);
    return { code, stderr, ...JSON.parse(stdout || "{}") };
}

async function judgeRecording(verdicts, run, matchId, results) {
    const again = await replay(run.server, matchId);
    if (!again.recordedHash && wasDiskFull(run, matchId)) return; // played, and not recorded
    const isGood = again.code === 0 && again.same && again.recordedHash
        && (!results || isEqual(essence(again.results), essence(results)));
    verdicts.say("recordings", isGood, `${matchId} ${show(again)}`);
}

async function judgeRecordings(verdicts, run, told) {
    const matches = [...told.results];
    const lane = async () => {
        for (let next; (next = matches.pop()); ) await judgeRecording(verdicts, run, ...next);
    };
    await Promise.all(os.cpus().map(lane));
}

/** All of it; the server has ended. */
export async function judge(run) {
    const verdicts = new Verdicts();
    const told = new Told();
    for (const player of run.players) {
        judgeReturns(verdicts, player);
        judgeStay(verdicts, player);
        judgeTold(verdicts, player, told);
        judgeScores(verdicts, player, run);
    }
    for (const { trick, word, isGood } of run.shown)
        verdicts.say("refusals", isGood, `${trick}: ${word || "was taken"}`);
    await judgeMatches(verdicts, run, told);
    await judgeRecordings(verdicts, run, told);
    return verdicts;
}
