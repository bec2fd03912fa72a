/**
 * How long a token of that life is kept before it is renewed: less, by chance, where several are
 * likely to do it at once; never less than a quarter of its life.
 *
 * @param {number} leftMs
 * @param {number} beforeMs renew so long before the end, at most half of what is left
 * @param {() => number} random
 */
export declare function renewalDelayMs(leftMs: number, beforeMs: number, random: () => number): number;
export declare class Renewal {
    #private;
    /** @param {import("./types.js").RenewalOptions} options */
    constructor(options: import("./types.js").RenewalOptions);
    /**
     * @param {import("./connection.js").Connection} connection
     * @param {import("./types.js").PlayerSession} session
     * @param {string} token of the session
     */
    start(connection: import("./connection.js").Connection, session: import("./types.js").PlayerSession, token: string): Promise<void>;
    stop(): void;
}
