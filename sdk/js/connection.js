// connection - one WebSocket to one node: JSON-RPC texts and binary frames, in order.
//
// Used by MusterClient, which replaces it when it drops or when another node owns the lobby.

import { MusterError } from "./errors.js";
import { RpcClient } from "./rpc.js";
import {
    FRAME_JSON,
    FRAME_SNAPSHOT,
    decodeJsonFrame,
    decodeSnapshot,
    inflateFrame,
    isDeflated,
} from "./snapshot.js";

export const SUBPROTOCOL = "muster.v1";
/** The close code of a connection that ended without one. */
export const CLOSE_ABNORMAL = 1006;
/** What a client tells a server whose frame it could not read. */
export const CLOSE_BAD_FRAME = 4007;

const OPEN = 1;
const BACKLOG_MAX = 1024;

export class Connection {
    /** @type {import("./types.js").SocketLike | null} */
    #socket = null;
    /** Frames behind one that is still being inflated.
     * @type {(string | Uint8Array | Promise<Uint8Array | Error>)[]} */
    #backlog = [];
    #draining = false;
    #opened = false;
    #closed = false;
    /** How the other side has closed, while what came before that is still being read.
     * @type {{code: number, reason: string} | null} */
    #closing = null;
    #handlers;
    #options;
    #rpc;

    /**
     * @param {string} url
     * @param {import("./types.js").ConnectionHandlers} handlers
     * @param {import("./types.js").ConnectionOptions} [options]
     */
    constructor(url, handlers, options = {}) {
        this.url = url;
        this.#handlers = handlers;
        this.#options = { ...options, timeoutMs: options.timeoutMs ?? 10000 };
        this.#rpc = new RpcClient({
            send: (text) => this.#sendText(text),
            onNotification: handlers.onNotification,
            timeoutMs: this.#options.timeoutMs,
        });
    }

    get isOpen() {
        return this.#opened && !this.#closed && !this.#closing;
    }

    /** @returns {Promise<void>} */
    open() {
        const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
        if (!Socket) throw new TypeError("no WebSocket here: give the option WebSocket");
        return new Promise((resolve, reject) => {
            const socket = /** @type {import("./types.js").SocketLike} */ (
                new Socket(this.url, SUBPROTOCOL)
            );
            this.#socket = socket;
            const timer = setTimeout(() => this.abort(CLOSE_ABNORMAL, "connect timed out"),
                this.#options.timeoutMs);
            socket.binaryType = "arraybuffer";
            socket.onopen = () => {
                clearTimeout(timer);
                this.#opened = true;
                resolve();
            };
            socket.onmessage = (event) => this.#receive(event.data);
            socket.onerror = () => {}; // a close always follows
            this.#onEnd = (code, reason) => {
                clearTimeout(timer);
                reject(new MusterError("connect_failed", reason || `cannot reach ${this.url}`,
                    { closeCode: code }));
            };
            socket.onclose = (event) =>
                this.#onSocketClose(event.code || CLOSE_ABNORMAL, event.reason);
        });
    }

    /**
     * @param {string} method
     * @param {object} [params]
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<any>}
     */
    call(method, params, options) {
        return this.#rpc.call(method, params, options);
    }

    /**
     * @param {import("./types.js").RpcRequest[]} requests
     * @param {import("./types.js").CallOptions} [options]
     */
    batch(requests, options) {
        return this.#rpc.batch(requests, options);
    }

    /**
     * @param {Uint8Array} bytes
     * @returns {boolean} false when the connection is not open
     */
    sendBinary(bytes) {
        if (!this.#socket || this.#socket.readyState !== OPEN) return false;
        this.#socket.send(bytes);
        return true;
    }

    /**
     * Close in order; onClose follows.
     *
     * @param {number} [code]
     * @param {string} [reason]
     */
    close(code = 1000, reason = "") {
        this.#socket?.close(code, reason);
    }

    /**
     * Give up at once, without waiting for an answer that a dead network would never bring.
     *
     * @param {number} code what onClose is told
     * @param {string} reason
     */
    abort(code, reason) {
        const socket = this.#socket;
        if (socket) {
            socket.onopen = socket.onmessage = socket.onclose = null;
            socket.close(code >= 3000 ? code : 1000, reason);
        }
        this.#end(code, reason);
    }

    /** @type {(code: number, reason: string) => void} */
    #onEnd = () => {};

    /**
     * What came before the close is heard before it.
     *
     * @param {number} code
     * @param {string} reason
     */
    #onSocketClose(code, reason) {
        if (this.#draining) this.#closing = { code, reason };
        else this.#end(code, reason);
    }

    /**
     * @param {number} code
     * @param {string} reason
     */
    #end(code, reason) {
        if (this.#closed) return;
        this.#closed = true;
        this.#backlog = [];
        this.#rpc.fail(new MusterError("connection_lost", reason || "the connection dropped",
            { closeCode: code }));
        if (this.#opened) this.#handlers.onClose(code, reason);
        else this.#onEnd(code, reason);
    }

    /** @param {string} text */
    #sendText(text) {
        if (!this.#socket || this.#socket.readyState !== OPEN) {
            throw new MusterError("connection_lost", "not connected");
        }
        this.#socket.send(text);
    }

    /** @param {string | ArrayBuffer} data */
    #receive(data) {
        if (this.#closed) return;
        this.#handlers.onHeard?.();
        const frame = typeof data === "string" ? data : new Uint8Array(data);
        const deflated = typeof frame !== "string" && isDeflated(frame);
        if (!deflated && !this.#draining) return this.#dispatch(frame);
        if (this.#backlog.length >= BACKLOG_MAX) {
            return this.abort(CLOSE_BAD_FRAME, "too many deflated frames");
        }
        this.#backlog.push(deflated ? inflateFrame(frame).catch(asError) : frame);
        if (!this.#draining) this.#drain();
    }

    /** What came behind a deflated frame waits for it: the channel stays ordered. */
    async #drain() {
        this.#draining = true;
        while (this.#backlog.length > 0) {
            const frame = await this.#backlog[0];
            this.#backlog.shift();
            if (this.#closed) break;
            if (frame instanceof Error) this.#refuse(frame);
            else this.#dispatch(frame);
        }
        this.#draining = false;
        if (this.#closing) this.#end(this.#closing.code, this.#closing.reason);
    }

    /** @param {string | Uint8Array} frame */
    #dispatch(frame) {
        try {
            if (typeof frame === "string") this.#rpc.receive(frame);
            else if (frame[0] === FRAME_SNAPSHOT) this.#handlers.onSnapshot(decodeSnapshot(frame));
            else if (frame[0] === FRAME_JSON) this.#rpc.receive(decodeJsonFrame(frame));
        } catch (error) {
            this.#refuse(asError(error));
        }
    }

    /** @param {Error} error */
    #refuse(error) {
        this.abort(CLOSE_BAD_FRAME, error.message.slice(0, 100));
    }
}

/**
 * @param {unknown} error
 * @returns {Error}
 */
function asError(error) {
    return error instanceof Error ? error : new Error(String(error));
}
