// continuity - which snapshots can be used: a delta only on top of the tick right before it.

/** After a refusal: asking at every snapshot would only fill the server's bucket. */
const REFUSED_PAUSE_MS = 1000;

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
        const done = () => {
            this.#asking = false;
        };
        // Refused: no match any more, the connection dropped, or too much was asked.
        this.#resync().then(done, () => setTimeout(done, REFUSED_PAUSE_MS));
    }
}
