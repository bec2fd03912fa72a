export declare class LatencyMeter {
    #private;
    /**
     * @param {number} intervalMs 0 = never
     * @param {(rttMs: number) => void} onMeasured
     */
    constructor(intervalMs: number, onMeasured: (rttMs: number) => void);
    /** @param {import("./connection.js").Connection} connection */
    start(connection: import("./connection.js").Connection): void;
    stop(): void;
}
