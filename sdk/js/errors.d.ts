/** A refusal by the server or a failure to reach it. `code` is the word for programs. */
export declare class MusterError extends Error {
    /** @type {string} */
    code: string;
    /** HTTP status, 0 when not from REST. */
    status: number;
    /** JSON-RPC error code, 0 when not from a call. */
    rpcCode: number;
    /** WebSocket close code, 0 when the connection did not close. */
    closeCode: number;
    /** @type {Record<string, any>} */
    data: Record<string, any>;
    /**
     * @param {string} code word for programs, e.g. "lobby_full", "connection_lost", "timeout"
     * @param {string} message sentence for people
     * @param {{status?: number, rpcCode?: number, closeCode?: number, data?: Record<string, any>}}
     *     [details]
     */
    constructor(code: string, message: string, details?: {
        status?: number;
        rpcCode?: number;
        closeCode?: number;
        data?: Record<string, any>;
    });
}
