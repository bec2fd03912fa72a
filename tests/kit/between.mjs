// between - stands between a client and a real musterd. All is passed on, as it is, and kept for looking at;
// a test adds what a server never does, or not when one wants it: lost connections and messages, late or
// refused answers, bytes of an attacker. So what a client hears otherwise is what the server says today.

import { once } from "node:events";
import http from "node:http";
import { text } from "node:stream/consumers";
import { inflateRawSync } from "node:zlib";
import { WebSocketServer } from "ws";
import { CheckedWebSocket, document } from "./openrpc.mjs";

const PROTOCOL = "muster.v1";
const NO_CODES = [1005, 1006]; // of a connection that ended without one
/** Thrown by an answer: a refusal as docs/protocol.md section 7 has it. */
export class Refusal extends Error {
    constructor(word, message = word, data = {}) {
        super(message);
        this.wire = { code: document.components.errors[word].code, message, data: { code: word, ...data } };
    }
}

/** A JSON-RPC text that came as a frame, plain or deflated; null for other frames. */
function textOf(data, isBinary) {
    if (!isBinary) return data.toString();
    return data[0] === 0x82 ? inflateRawSync(data.subarray(2)).toString() : null;
}

export class Between {
    calls = []; // {method, params} as they came
    posts = []; // {path, body}
    gets = []; // paths
    answers = new Map(); // method -> function(params) that answers: a result, a Refusal thrown; undefined: the server does
    edits = new Map(); // method -> function(result) that changes the server's
    restAnswers = new Map(); // path -> function() giving {status, headers, body}; undefined: the server does
    restEdits = new Map(); // path -> function(body) that changes the server's
    isSilent = false; // what clients say is lost
    /** What becomes of a frame of the server's; null: it is lost. */
    toClient = (data) => data;
    #server;
    #http = http.createServer((request, response) => this.#onHttp(request, response));
    #wss = new WebSocketServer({ server: this.#http, path: "/ws", perMessageDeflate: false });

    constructor(server) {
        this.#server = server;
        this.#wss.on("connection", (near) => this.#onSocket(near));
    }

    /** Ended with the test. */
    static async open(t, server) {
        const between = new Between(server);
        between.#http.listen(0, "127.0.0.1");
        await once(between.#http, "listening");
        const { port } = between.#http.address();
        between.baseUrl = `http://127.0.0.1:${port}`;
        between.url = `ws://127.0.0.1:${port}/ws`;
        t.after(() => {
            between.drop();
            between.#http.closeAllConnections();
            between.#http.close();
        });
        return between;
    }

    get connections() {
        return this.#wss.clients.size;
    }

    /** The cable is pulled. */
    drop() {
        for (const near of this.#wss.clients) near.terminate();
    }

    closeAll(code, reason = "") {
        for (const near of this.#wss.clients) near.close(code, reason);
    }

    sendRaw(data) {
        for (const near of this.#wss.clients) near.send(data);
    }

    notify(method, params) {
        this.sendRaw(JSON.stringify({ jsonrpc: "2.0", method, params }));
    }

    /** The next calls of a method are refused, as many as are said. */
    refuse(method, times, ...refusal) {
        this.answers.set(method, () => {
            if (times-- > 0) throw new Refusal(...refusal);
        });
    }

    /** How often a method was called. */
    count(wanted) {
        return this.calls.filter(({ method }) => method === wanted).length;
    }

    async #onHttp(request, response) {
        const { method, url, headers } = request;
        const sent = await text(request);
        if (method === "POST") this.posts.push({ path: url, body: JSON.parse(sent || "null") });
        else this.gets.push(url);
        const own = this.restAnswers.get(url)?.();
        if (own) return response.writeHead(own.status, own.headers).end(JSON.stringify(own.body));
        const far = http.request(this.#server.httpUrl + url, { method, headers });
        far.on("error", () => response.destroy());
        far.on("response", (answer) => this.#onAnswer(url, answer, response));
        far.end(sent);
    }

    async #onAnswer(url, answer, response) {
        const edit = this.restEdits.get(url);
        if (!edit) return answer.pipe(response.writeHead(answer.statusCode, answer.headers));
        const body = JSON.parse(await text(answer));
        edit(body);
        const { "content-length": _, ...headers } = answer.headers;
        response.writeHead(answer.statusCode, headers).end(JSON.stringify(body));
    }

    #onSocket(near) {
        const far = new CheckedWebSocket(this.#server.wsUrl, PROTOCOL, { perMessageDeflate: false });
        const isOpen = once(far, "open");
        const asked = new Map(); // id -> method
        isOpen.catch(() => near.terminate());
        for (const socket of [near, far]) socket.on("error", () => {});
        near.on("message", (data, binary) => isOpen.then(() => this.#onCall(near, far, asked, data, binary), () => {}));
        far.on("message", (data, binary) => this.#onFrame(near, asked, data, binary));
        near.on("close", () => far.terminate());
        far.on("close", (code, reason) =>
            (NO_CODES.includes(code) ? near.terminate() : near.close(code, reason)));
    }

    #onCall(near, far, asked, data, isBinary) {
        if (this.isSilent) return;
        const message = isBinary ? null : JSON.parse(data);
        for (const { method, params } of message ? [message].flat() : []) this.calls.push({ method, params });
        const answer = message && this.#answer(message);
        if (answer) return near.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer }));
        if (message?.id !== undefined) asked.set(message.id, message.method);
        far.send(data, { binary: isBinary });
    }

    #answer({ method, params }) {
        try {
            const result = this.answers.get(method)?.(params);
            return result && { result };
        } catch (error) {
            if (!error.wire) throw error;
            return { error: error.wire };
        }
    }

    #onFrame(near, asked, data, isBinary) {
        const edited = this.edits.size > 0 ? this.#edited(asked, textOf(data, isBinary)) : null;
        if (edited) return near.send(edited);
        const passed = this.toClient(data, isBinary);
        if (passed) near.send(passed, { binary: isBinary });
    }

    #edited(asked, frame) {
        const message = JSON.parse(frame);
        const edit = this.edits.get(asked.get(message?.id));
        if (!edit || !message.result) return null;
        edit(message.result);
        return JSON.stringify(message);
    }
}
