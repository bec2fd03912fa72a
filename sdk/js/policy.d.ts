import { MusterError } from "./errors.js";
/**
 * What a close code asks of a client (docs/protocol.md, section 8).
 *
 * @param {number} code
 * @param {string} [reason]
 * @returns {import("./types.js").ClosePolicy}
 */
export declare function closePolicy(code: number, reason?: string): import("./types.js").ClosePolicy;
/**
 * At first nearly at once, since a supervisor keeps those waiting who come while the server starts
 * again; then exponential, with half of it random, so that the players of a node that stays away do
 * not all ask at once.
 *
 * @param {number} attempt from 0
 * @param {import("./types.js").BackoffOptions} [options]
 * @param {() => number} [random]
 */
export declare function backoffMs(attempt: number, options?: import("./types.js").BackoffOptions, random?: () => number): number;
/**
 * The server's word, and not for the moment only.
 *
 * @param {unknown} error
 */
export declare function isRefusal(error: unknown): boolean;
/** @param {MusterError} error */
export declare function isRefusedToken(error: MusterError): boolean;
/** Banned, or not on the list of a closed server: coming back changes nothing.
 *  @param {MusterError} error */
export declare function isShutOut(error: MusterError): boolean;
/**
 * How long the server asks to wait before what it refused is asked again; 0: not for that reason.
 *
 * @param {unknown} error
 * @returns {number}
 */
export declare function retryAfterMs(error: unknown): number;
/**
 * Asks again where the server takes it in a moment. What is refused so has not been done.
 *
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
export declare function patiently<T>(ask: () => Promise<T>): Promise<T>;
/** A pause that can be cut short. */
export declare class Pause {
    #private;
    /**
     * @param {number} ms
     * @returns {Promise<void>}
     */
    wait(ms: number): Promise<void>;
    end(): void;
}
