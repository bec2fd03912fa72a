// policy - when to come back after a connection has closed, and how long to wait.

import { MusterError } from "./errors.js";

const NO_RETRY = new Set([1000, 1002, 1003, 1007, 1009, 4003, 4004, 4007]);
const LATER_MS = new Map([[1001, 3000], [4005, 10000], [4008, 10000]]);
const NEEDS_TOKEN = new Set([4002]);
const UPGRADED = 4101;
const RESUME_AFTER_MAX_MS = 10000;
/** Of a step that is asked again: a wait longer than that is the caller's to choose. */
const PATIENCE_MS = 3000;
const PATIENT_TRIES = 3;
const PATIENT_MORE_MS = 50;
/** Refusals for the moment. */
const LATER = new Set(["rate_limited", "server_busy"]);

/**
 * Of 4101: when the server, which is another one by then, expects the client back.
 *
 * @param {string} reason
 * @returns {number | null}
 */
function resumeAfterMs(reason) {
    try {
        const { resumeAfterMs: ms } = JSON.parse(reason);
        return ms >= 0 && ms <= RESUME_AFTER_MAX_MS ? ms : null;
    } catch {
        return null;
    }
}

/**
 * What a close code asks of a client (docs/protocol.md, section 8).
 *
 * @param {number} code
 * @param {string} [reason]
 * @returns {import("./types.js").ClosePolicy}
 */
export function closePolicy(code, reason = "") {
    return {
        retry: !NO_RETRY.has(code),
        delayMs: LATER_MS.get(code) ?? 0,
        exactMs: code === UPGRADED ? resumeAfterMs(reason) : null,
        renewToken: NEEDS_TOKEN.has(code),
    };
}

/**
 * At first nearly at once, since a supervisor keeps those waiting who come while the server starts
 * again; then exponential, with half of it random, so that the players of a node that stays away do
 * not all ask at once.
 *
 * @param {number} attempt from 0
 * @param {import("./types.js").BackoffOptions} [options]
 * @param {() => number} [random]
 */
export function backoffMs(attempt, options = {}, random = Math.random) {
    const full = Math.min(options.maxMs ?? 10000, (options.baseMs ?? 250) * 2 ** attempt);
    return Math.round((attempt === 0 ? 0 : full / 2) + (full / 2) * random());
}

/**
 * The server's word, and not for the moment only.
 *
 * @param {unknown} error
 */
export function isRefusal(error) {
    return error instanceof MusterError && error.rpcCode !== 0 && !LATER.has(error.code);
}

/** @param {MusterError} error */
export function isRefusedToken(error) {
    return ["token_invalid", "ticket_invalid", "signed_out"].includes(error.code);
}

/** Banned, or not on the list of a closed server: coming back changes nothing.
 *  @param {MusterError} error */
export function isShutOut(error) {
    return error.code === "banned" || error.code === "forbidden";
}

/**
 * How long the server asks to wait before what it refused is asked again; 0: not for that reason.
 *
 * @param {unknown} error
 * @returns {number}
 */
export function retryAfterMs(error) {
    const isForNow = error instanceof MusterError && LATER.has(error.code);
    return isForNow && error.data.retryAfterMs > 0 ? error.data.retryAfterMs : 0;
}

/**
 * Asks again where the server takes it in a moment. What is refused so has not been done.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
export async function patiently(ask) {
    for (let tries = 0; ; tries++) {
        try {
            return await ask();
        } catch (error) {
            const waitMs = retryAfterMs(error);
            if (waitMs === 0 || waitMs > PATIENCE_MS || tries === PATIENT_TRIES) throw error;
            const moreMs = PATIENT_MORE_MS * 2 ** tries; // others may take what was free by then
            await new Promise((resolve) => setTimeout(resolve, waitMs + moreMs));
        }
    }
}

/** A pause that can be cut short. */
export class Pause {
    /** @type {(() => void) | null} */
    #wake = null;

    /**
     * @param {number} ms
     * @returns {Promise<void>}
     */
    wait(ms) {
        return new Promise((resolve) => {
            const timer = setTimeout(() => this.end(), ms);
            this.#wake = () => {
                clearTimeout(timer);
                this.#wake = null;
                resolve();
            };
        });
    }

    end() {
        this.#wake?.();
    }
}
