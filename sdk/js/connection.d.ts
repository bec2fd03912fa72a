export declare const SUBPROTOCOL = "muster.v1";
/** The close code of a connection that ended without one. */
export declare const CLOSE_ABNORMAL = 1006;
/** What a client tells a server whose frame it could not read. */
export declare const CLOSE_BAD_FRAME = 4007;
export declare class Connection {
    #private;
    url: string;
    /**
     * @param {string} url
     * @param {import("./types.js").ConnectionHandlers} handlers
     * @param {import("./types.js").ConnectionOptions} [options]
     */
    constructor(url: string, handlers: import("./types.js").ConnectionHandlers, options?: import("./types.js").ConnectionOptions);
    get isOpen(): boolean;
    /** @returns {Promise<void>} */
    open(): Promise<void>;
    /**
     * @param {string} method
     * @param {object} [params]
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<any>}
     */
    call(method: string, params?: object, options?: import("./types.js").CallOptions): Promise<any>;
    /**
     * @param {import("./types.js").RpcRequest[]} requests
     * @param {import("./types.js").CallOptions} [options]
     */
    batch(requests: import("./types.js").RpcRequest[], options?: import("./types.js").CallOptions): Promise<import("./types.js").RpcOutcome[]>;
    /**
     * @param {Uint8Array} bytes
     * @returns {boolean} false when the connection is not open
     */
    sendBinary(bytes: Uint8Array): boolean;
    /**
     * Close in order; onClose follows.
     *
     * @param {number} [code]
     * @param {string} [reason]
     */
    close(code?: number, reason?: string): void;
    /**
     * Give up at once, without waiting for an answer that a dead network would never bring.
     *
     * @param {number} code what onClose is told
     * @param {string} reason
     */
    abort(code: number, reason: string): void;
}
