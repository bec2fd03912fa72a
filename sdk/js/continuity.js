// continuity - which snapshots can be used: a delta only on top of the tick right before it.

export class Continuity {
    /** Tick that a delta may follow, -1 when only a full snapshot helps. */
    #lastTick = -1;
    #asking = false;
    #resync;

    /** @param {() => Promise<void>} resync asks that the next snapshot be full */
    constructor(resync) {
        this.#resync = resync;
    }

    /** Another match, seat or connection: only a full snapshot helps. */
    reset() {
        this.#lastTick = -1;
    }

    /**
     * Sets `usable`.
     *
     * @param {import("./types.js").Snapshot} snapshot
     */
    judge(snapshot) {
        snapshot.usable = snapshot.full || (this.#lastTick >= 0 &&
            snapshot.tick === (this.#lastTick + 1) >>> 0);
        this.#lastTick = snapshot.usable ? snapshot.tick : -1;
        if (!snapshot.usable) this.#ask();
    }

    /** The server sends a full snapshot after a gap by itself; this is the net below it. */
    #ask() {
        if (this.#asking) return;
        this.#asking = true;
        this.#resync()
            .catch(() => {}) // no match any more, or the connection dropped: nothing to mend
            .finally(() => {
                this.#asking = false;
            });
    }
}
