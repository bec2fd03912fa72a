export declare class Continuity {
    #private;
    /** @param {() => Promise<void>} resync asks that the next snapshot be full */
    constructor(resync: () => Promise<void>);
    /** Another match, seat or connection: only a full snapshot helps. */
    reset(): void;
    /**
     * Sets `usable`.
     *
     * @param {import("./types.js").Snapshot} snapshot
     */
    judge(snapshot: import("./types.js").Snapshot): void;
}
