import { MusterError } from "./errors.js";
/**
 * What a close code asks of a client (docs/protocol.md, section 8).
 *
 * @param {number} code
 * @returns {import("./types.js").ClosePolicy}
 */
export declare function closePolicy(code: number): import("./types.js").ClosePolicy;
/**
 * Exponential, with half of it random, so that the players of a node that died do not all come
 * back at once.
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
