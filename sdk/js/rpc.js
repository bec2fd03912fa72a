// rpc - JSON-RPC 2.0 over any text channel: ids, timeouts, batches, typed errors.

import { MusterError } from "./errors.js";

/** Members of one batch. */
export const BATCH_MAX = 16;

const WORDS = new Map([
    [-32700, "parse_error"],
    [-32600, "invalid_request"],
    [-32601, "method_not_found"],
    [-32602, "invalid_params"],
    [-32603, "internal_error"],
]);

/**
 * @param {{code?: unknown, message?: unknown, data?: any}} error
 * @returns {MusterError}
 */
function errorFromWire(error) {
    const rpcCode = typeof error.code === "number" ? error.code : 0;
    const data = error.data && typeof error.data === "object" ? error.data : {};
    const word = typeof data.code === "string" ? data.code : (WORDS.get(rpcCode) ?? "error");
    return new MusterError(word, String(error.message ?? "refused"), { rpcCode, data });
}

/**
 * @typedef {object} Waiting
 * @property {(result: any) => void} resolve
 * @property {(error: Error) => void} reject
 * @property {((result: any) => void) | undefined} accept
 * @property {ReturnType<typeof setTimeout>} timer
 */

export class RpcClient {
    /** @type {Map<number, Waiting>} */
    #waiting = new Map();
    #nextId = 1;
    #options;

    /** @param {import("./types.js").RpcOptions} options */
    constructor(options) {
        this.#options = { ...options, timeoutMs: options.timeoutMs ?? 10000 };
    }

    /** Calls that wait for an answer. */
    get pending() {
        return this.#waiting.size;
    }

    /**
     * @param {string} method
     * @param {object} [params]
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<any>}
     */
    call(method, params = {}, options = {}) {
        const { request, answer } = this.#prepare({ method, params }, options);
        this.#send([request], JSON.stringify(request));
        return answer;
    }

    /**
     * One message, one outcome each, in the order asked. Never rejects for a refused member.
     *
     * @param {import("./types.js").RpcRequest[]} requests 1 to 16
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<import("./types.js").RpcOutcome[]>}
     */
    async batch(requests, options = {}) {
        if (requests.length < 1 || requests.length > BATCH_MAX) {
            throw new RangeError(`a batch has 1 to ${BATCH_MAX} members, not ${requests.length}`);
        }
        const prepared = requests.map((request) => this.#prepare(request, options));
        const outcomes = prepared.map(({ answer }) =>
            answer.then(
                (result) => ({ result, error: null }),
                (error) => ({ result: null, error }),
            ),
        );
        const messages = prepared.map(({ request }) => request);
        this.#send(messages, JSON.stringify(messages));
        return Promise.all(outcomes);
    }

    /**
     * A request without an answer.
     *
     * @param {string} method
     * @param {object} [params]
     */
    notify(method, params = {}) {
        this.#options.send(JSON.stringify({ jsonrpc: "2.0", method, params }));
    }

    /**
     * A text message from the server.
     *
     * @param {string} text
     */
    receive(text) {
        let message;
        try {
            message = JSON.parse(text);
        } catch {
            return this.#protocolError("not JSON");
        }
        if (!Array.isArray(message)) return this.#take(message);
        for (const member of message) this.#take(member);
    }

    /**
     * Reject all calls that wait; the channel is gone.
     *
     * @param {Error} error
     */
    fail(error) {
        for (const [id, waiting] of [...this.#waiting]) {
            this.#finish(id);
            waiting.reject(error);
        }
    }

    /**
     * @param {import("./types.js").RpcRequest} request
     * @param {import("./types.js").CallOptions} options
     */
    #prepare({ method, params = {} }, options) {
        const id = this.#nextId++;
        const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
        /** @type {Promise<any>} */
        const answer = new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#finish(id);
                reject(new MusterError("timeout", `${method}: no answer in ${timeoutMs} ms`));
            }, timeoutMs);
            this.#waiting.set(id, { resolve, reject, accept: options.accept, timer });
        });
        return { request: { jsonrpc: "2.0", id, method, params }, answer };
    }

    /**
     * @param {{id: number}[]} requests
     * @param {string} text
     */
    #send(requests, text) {
        try {
            this.#options.send(text);
        } catch (error) {
            for (const { id } of requests) this.#finish(id)?.reject(asError(error));
        }
    }

    /** @param {any} message */
    #take(message) {
        if (!message || typeof message !== "object" || message.jsonrpc !== "2.0") {
            return this.#protocolError("not JSON-RPC 2.0");
        }
        if (typeof message.method === "string") {
            return this.#options.onNotification(message.method, message.params ?? {});
        }
        const waiting = this.#finish(message.id);
        if (!waiting) {
            // A refusal of something that could not be read has id null; an answer after its
            // timeout has an id that nobody waits for any more.
            if (message.id === null && message.error) {
                this.#options.onProtocolError?.(errorFromWire(message.error));
            }
            return;
        }
        if (message.error) return waiting.reject(errorFromWire(message.error));
        waiting.accept?.(message.result);
        waiting.resolve(message.result);
    }

    /** @param {number} id */
    #finish(id) {
        const waiting = this.#waiting.get(id);
        if (waiting) clearTimeout(waiting.timer);
        this.#waiting.delete(id);
        return waiting;
    }

    /** @param {string} what */
    #protocolError(what) {
        this.#options.onProtocolError?.(new MusterError("parse_error", `server message: ${what}`));
    }
}

/** @param {unknown} error */
function asError(error) {
    return error instanceof Error ? error : new Error(String(error));
}
