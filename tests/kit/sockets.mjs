// sockets - what speaks to a server without sdk/js: bare WebSockets and bare TCP.

import assert from "node:assert/strict";
import { once } from "node:events";
import { Watched, atEnd } from "./harness.mjs";
import { CheckedWebSocket } from "./openrpc.mjs";

/** A WebSocket class for sdk/js whose instances are kept, so that a test can cut the last one, or stop
 * reading from it. */
export function cuttable() {
    const made = [];
    const Socket = class extends CheckedWebSocket {
        constructor(...args) {
            super(...args);
            made.push(this);
        }
    };
    return {
        Socket,
        cut: () => made.at(-1).terminate(),
        pause: () => made.at(-1)._socket.pause(),
        resume: () => made.at(-1)._socket.resume(),
    };
}

/** A bare WebSocket that speaks JSON-RPC and keeps all it hears. */
export class RawSocket {
    messages = [];
    #watched = new Watched();
    #nextId = 1;

    constructor(t, url, { protocol = "muster.v1", ...options } = {}) {
        this.ws = new CheckedWebSocket(url, protocol, { perMessageDeflate: false, ...options });
        this.ws.on("message", (data, binary) => {
            this.messages.push(binary ? data : JSON.parse(data.toString()));
            this.#watched.changed();
        });
        this.closed = new Promise((resolve) =>
            this.ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
        );
        this.failed = new Promise((resolve) => this.ws.on("error", resolve));
        atEnd(t, () => this.ws.terminate());
    }

    static async open(t, server, options) {
        const socket = new RawSocket(t, server.wsUrl, options);
        await Promise.race([
            once(socket.ws, "open"),
            socket.failed.then((error) => Promise.reject(error)),
        ]);
        return socket;
    }

    send(value) {
        const raw = typeof value === "string" || Buffer.isBuffer(value);
        this.ws.send(raw ? value : JSON.stringify(value));
    }

    /** The first message that fits, also of those heard before. */
    wait(fits) {
        return this.#watched.until(
            () => this.messages.find(fits),
            this.closed.then(({ code, reason }) => `closed with ${code} ${reason}`),
            (why) => new Error(`${why}; heard ${JSON.stringify(this.messages.slice(-5))}`),
        );
    }

    /** The whole answer to a request, error or result. */
    async call(method, params) {
        const id = this.#nextId++;
        this.send({ jsonrpc: "2.0", id, method, params });
        return this.wait((message) => message.id === id);
    }

    async authenticate(token) {
        const answer = await this.call("session.authenticate", { token });
        assert.ok(answer.result, JSON.stringify(answer));
        return answer.result;
    }
}

