// renewal - gives the session at hand a newer token before it ends, so that nobody is cut off.

import { MusterError } from "./errors.js";

const RETRY_MS = 5000;
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * How long a token of that life is kept before it is renewed: less, by chance, where several are
 * likely to do it at once; never less than a quarter of its life.
 *
 * @param {number} leftMs
 * @param {number} beforeMs renew so long before the end, at most half of what is left
 * @param {() => number} random
 */
export function renewalDelayMs(leftMs, beforeMs, random) {
    return Math.max(0, leftMs - Math.min(beforeMs, leftMs / 2) * (1 + random() / 2));
}

export class Renewal {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    /** Grows with each session, so that what began for one before comes to nothing. */
    #round = 0;
    #options;

    /** @param {import("./types.js").RenewalOptions} options */
    constructor(options) {
        this.#options = options;
    }

    /**
     * @param {import("./connection.js").Connection} connection
     * @param {import("./types.js").PlayerSession} session
     * @param {string} token of the session
     */
    async start(connection, session, token) {
        this.stop();
        const round = this.#round;
        if (!this.#options.beforeMs) return;
        try {
            // When it ends is said by the server's clock, which need not be ours.
            const { serverTimeMs } = await connection.call("session.ping", { clientTime: 0 });
            const leftMs = session.expiresAt * 1000 - serverTimeMs;
            if (round !== this.#round || !(leftMs > 0)) return;
            const delayMs = renewalDelayMs(leftMs, this.#options.beforeMs, this.#options.random);
            const next = delayMs > TIMER_MAX_MS
                ? () => this.start(connection, session, token)
                : () => this.#renew(connection, token, round);
            this.#wait(Math.min(delayMs, TIMER_MAX_MS), next);
        } catch {
            if (round === this.#round && connection.isOpen) {
                this.#wait(RETRY_MS, () => this.start(connection, session, token));
            }
        }
    }

    stop() {
        clearTimeout(this.#timer);
        this.#round++;
    }

    /**
     * @param {import("./connection.js").Connection} connection
     * @param {string} token
     * @param {number} round
     */
    async #renew(connection, token, round) {
        const { getToken, authenticate } = this.#options;
        try {
            // Whoever keeps the token may have a newer one by now.
            let next = await getToken(false);
            if (round === this.#round && next === token) next = await getToken(true);
            if (round !== this.#round) return;
            if (next === token) return; // no other is to be had: the server will say when it ends
            await authenticate(next, connection); // begins the next round
        } catch (error) {
            const isOver = error instanceof MusterError && error.code === "signed_out";
            if (round !== this.#round || isOver || !connection.isOpen) return;
            this.#wait(RETRY_MS, () => this.#renew(connection, token, round));
        }
    }

    /**
     * @param {number} ms
     * @param {() => void} next
     */
    #wait(ms, next) {
        this.#timer = setTimeout(next, ms);
        // In Node a timer alone must not keep the process alive.
        const timer = /** @type {any} */ (this.#timer);
        if (typeof timer.unref === "function") timer.unref();
    }
}
