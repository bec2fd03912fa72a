// memory_socket - a WebSocket whose other end is the test: what comes when, to the turn of the
// event loop, which no network shows.

import { deflateRawSync } from "node:zlib";
import { MusterClient } from "../../sdk/js/index.js";

export class MemorySocket {
    static all = [];
    readyState = 0;
    wasClosed = false;
    closeCode = 0; // as the client gave it
    calls = [];
    onopen = null;
    onmessage = null;
    onclose = null;
    /** Told of each call, before it is answered. */
    onCall = null;
    /** Answers of the server, by method: a result, or {error}. */
    answers = {
        "session.authenticate": ({ token }) => ({ session: { playerId: token }, resumable: null }),
    };

    constructor(url) {
        this.url = url;
        MemorySocket.all.push(this);
    }

    open() {
        this.readyState = 1;
        this.onopen?.({});
    }

    send(text) {
        if (typeof text !== "string") return; // an input: nothing is answered
        const { id, method, params } = JSON.parse(text);
        this.calls.push({ method, params });
        const answer = this.answers[method]?.(params) ?? {};
        const body = answer.error ? answer : { result: answer };
        queueMicrotask(() => this.text({ jsonrpc: "2.0", id, ...body }));
        this.onCall?.(method);
    }

    text(value) {
        this.onmessage?.({ data: JSON.stringify(value) });
    }

    notify(method, params) {
        this.text({ jsonrpc: "2.0", method, params });
    }

    /** The same as a deflated frame. */
    notifyDeflated(method, params) {
        const json = JSON.stringify({ jsonrpc: "2.0", method, params });
        const frame = Buffer.concat([Buffer.from([0x82, 2]), deflateRawSync(json)]);
        this.onmessage?.({ data: new Uint8Array(frame).buffer });
    }

    close(code) {
        this.readyState = 3;
        this.closeCode = code;
        this.wasClosed = true;
    }

    /** The server closes, or the network does. */
    end(code, reason = "") {
        this.readyState = 3;
        this.onclose?.({ code, reason });
    }
}

export const turn = () => new Promise(setImmediate);

export function make(t, options = {}) {
    const client = new MusterClient({
        url: "ws://memory", WebSocket: MemorySocket, pingIntervalMs: 0, reconnect: false, ...options,
    });
    t.after(() => client.close());
    return client;
}

export async function connect(t, options = {}, token = "ada") {
    const client = make(t, options);
    const connecting = client.connect(token);
    await turn();
    const socket = MemorySocket.all.at(-1);
    socket.open();
    await connecting;
    return { client, socket };
}

/** How a promise ends, in a word. */
export const outcome = (promise) => promise.then(() => "done",
    (error) => (error.name === "MusterError" ? error.code : error.name));

export const LOBBY = { lobbyId: "l1", state: "active", pad: "x".repeat(900) };
export const MATCH = { matchId: "m1", tickRate: 20 };
export const FAST = { baseMs: 1, maxMs: 2 };
