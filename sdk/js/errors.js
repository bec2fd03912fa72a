// errors - the one error type of this package.

/** A refusal by the server or a failure to reach it. `code` is the word for programs. */
export class MusterError extends Error {
    /**
     * @param {string} code word for programs, e.g. "lobby_full", "connection_lost", "timeout"
     * @param {string} message sentence for people
     * @param {{status?: number, rpcCode?: number, closeCode?: number, data?: Record<string, any>}}
     *     [details]
     */
    constructor(code, message, details = {}) {
        super(message);
        this.name = "MusterError";
        /** @type {string} */
        this.code = code;
        /** HTTP status, 0 when not from REST. */
        this.status = details.status ?? 0;
        /** JSON-RPC error code, 0 when not from a call. */
        this.rpcCode = details.rpcCode ?? 0;
        /** WebSocket close code, 0 when the connection did not close. */
        this.closeCode = details.closeCode ?? 0;
        /** @type {Record<string, any>} */
        this.data = details.data ?? {};
    }
}
