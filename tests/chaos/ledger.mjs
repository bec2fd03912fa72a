// ledger - what one player was told, in order; all that the judge believes.
//
// Snapshots are too many to be kept: of each match the newest tick and its score are, and a line is
// written when a match stood, or when it went back.

const STOOD_MS = 400; // eight ticks: a snapshot came late, and not by the machine's mood

export class Ledger {
    /** {atMs, what, ...}: "entered", "started", "ended", "dropped", "gone" as it asked to, "left",
     * "closed", "refused", "stood", "wentBack". */
    entries = [];
    /** Tokens and tickets that led to a seat, the newest last. */
    resumeTokens = [];
    seatTickets = [];
    #ended = new Set();
    #left = new Set();
    #match = null; // {matchId, tick, score, scoreBefore, atMs}

    write(what, facts = {}) {
        this.entries.push({ atMs: Math.round(performance.now()), what, ...facts });
        if (what === "ended") this.#ended.add(facts.matchId);
        if (what === "gone") this.#left.add(facts.lobbyId);
    }

    hasEnded(matchId) {
        return this.#ended.has(matchId);
    }

    hasLeft(lobbyId) {
        return this.#left.has(lobbyId);
    }

    /** A usable snapshot; score: numbers that only grow in this match. */
    snapshot(matchId, tick, score) {
        const atMs = performance.now();
        const last = this.#match;
        if (last?.matchId === matchId) this.#compare(last, tick, score, atMs);
        const scoreBefore = last?.matchId === matchId && tick === last.tick + 1 ? last.score : score;
        this.#match = { matchId, tick, score, scoreBefore, atMs };
    }

    /** A tick that was told may be played once more, the last one; what was scored in it may be lost. */
    #compare(last, tick, score, atMs) {
        const { matchId } = last;
        const lostTicks = Math.max(0, last.tick - tick + 1);
        const least = lostTicks === 0 ? last.score : last.scoreBefore;
        if (lostTicks > 1 || score.some((points, i) => points < (least[i] ?? 0)))
            this.write("wentBack", {
                matchId, from: { tick: last.tick, score: last.score }, to: { tick, score },
            });
        const gapMs = Math.round(atMs - last.atMs);
        if (gapMs > STOOD_MS || lostTicks > 0) this.write("stood", { matchId, gapMs, lostTicks });
    }
}
