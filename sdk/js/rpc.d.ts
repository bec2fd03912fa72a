/** Members of one batch. */
export declare const BATCH_MAX = 16;
export type Waiting = {
    resolve: (result: any) => void;
    reject: (error: Error) => void;
    accept: ((result: any) => void) | undefined;
    timer: ReturnType<typeof setTimeout>;
};
/**
 * @typedef {object} Waiting
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {((result: any) => void) | undefined} accept
 * @property {ReturnType<typeof setTimeout>} timer
 */
export declare class RpcClient {
    #private;
    /** @param {import("./types.js").RpcOptions} options */
    constructor(options: import("./types.js").RpcOptions);
    /** Calls that wait for an answer. */
    get pending(): number;
    /**
     * @param {string} method
     * @param {object} [params]
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<any>}
     */
    call(method: string, params?: object, options?: import("./types.js").CallOptions): Promise<any>;
    /**
     * One message, one outcome each, in the order asked. Never rejects for a refused member.
     *
     * @param {import("./types.js").RpcRequest[]} requests 1 to 16
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<import("./types.js").RpcOutcome[]>}
     */
    batch(requests: import("./types.js").RpcRequest[], options?: import("./types.js").CallOptions): Promise<import("./types.js").RpcOutcome[]>;
    /**
     * A request without an answer.
     *
     * @param {string} method
     * @param {object} [params]
     */
    notify(method: string, params?: object): void;
    /**
     * A text message from the server.
     *
     * @param {string} text
     */
    receive(text: string): void;
    /**
     * Reject all calls that wait; the channel is gone.
     *
     * @param {Error} error
     */
    fail(error: Error): void;
}
