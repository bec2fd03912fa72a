// directory_ends - the two ends of a link, spoken by hand: a server of the list, and a directory, which say
// what a test wants.

import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import WebSocket, { WebSocketServer } from "ws";
import { atEnd, eventually } from "./harness.mjs";

const SUBPROTOCOL = "muster.directory.v1";
const seconds = () => Math.floor(Date.now() / 1000);

async function listen(t, http) {
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    atEnd(t, () => {
        http.closeAllConnections();
        http.close();
    });
    return http.address().port;
}

/** A server of the list that holds what seats it is told to, with a link. */
export class LinkedServer {
    #sequence = 0;
    #bootId = Date.now();
    #link;
    orders = [];
    answer = ({ playerId }) => ({ status: "ok", lobbyId: `lobby of ${playerId}`, epoch: 1 });

    /** status: members of its beats. */
    static async join(t, directory, key, { info = {}, status = {} } = {}) {
        const self = new LinkedServer();
        self.said = status;
        const http = createServer();
        const proofs = new WebSocketServer({ server: http, path: "/directory", handleProtocols: () => SUBPROTOCOL });
        const port = await listen(t, http);
        const answer = await directory.rest("POST", "/v1/servers", {
            serverName: "By hand", region: "north", maxLobbies: 10, supportedGameModes: ["chess"], version: "1.0",
            adminContact: "", address: "127.0.0.1", port, ...info,
        }, { headers: { Authorization: `Bearer ${key}` } });
        Object.assign(self, answer.body);
        proofs.on("connection", (socket) => socket.on("message", (data) => {
            const text = `${JSON.parse(data).nonce}|${self.serverId}|127.0.0.1:${port}`;
            socket.send(JSON.stringify({ proof: createHmac("sha256", Buffer.from(self.proofSecret, "hex")).update(text).digest("hex") }));
        }));
        await self.#connect(t, directory);
        return self;
    }

    async #connect(t, directory) {
        this.#link = new WebSocket(`${directory.httpUrl.replace("http", "ws")}/v1/link`, [SUBPROTOCOL],
            { headers: { Authorization: `Bearer ${this.serverToken}` } });
        this.#link.on("message", (data) => {
            const said = JSON.parse(data);
            if (said.type === "answer") this.standing = said.status;
            if (said.type === "order") this.#onOrder(said);
        });
        await once(this.#link, "open");
        const beats = setInterval(() => this.beat(), 100);
        atEnd(t, () => {
            clearInterval(beats);
            this.#link.close();
        });
        this.beat();
        await eventually("it is listed", () => this.standing === "listed");
    }

    #onOrder(order) {
        this.orders.push(order);
        const answer = this.answer(order);
        if (answer) this.say({ type: "done", order: order.order, ...answer });
    }

    leave() {
        this.#link.terminate();
    }

    say(message) {
        this.#link.send(JSON.stringify(message));
    }

    beat() {
        if (this.#link.readyState !== WebSocket.OPEN) return;
        this.say({
            type: "beat", bootId: this.#bootId, sequence: ++this.#sequence, status: "healthy", tickLatenessMs: 0,
            health: { cpuUsage: 0.1, memoryUsage: 0.5, diskUsage: 0.5, networkLatency: 1, activeConnections: 0, errorRate: 0 },
            players: 0, playersMax: 100, lobbiesMax: 10, freeSeats: 100, lobbies: [], ...this.said,
        });
    }
}

/** A key that tickets are signed with. */
export function ticketKey(kid) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg: "EdDSA", use: "sig" } };
}

/** A directory that lists whoever comes, and sends players there. */
export class StandInDirectory {
    #links = new Set();
    #done = new Map();
    #order = 0;
    keys = [ticketKey("first")];
    issuer = "stand-in";
    asked = 0; /* for the keys */

    static async start(t) {
        const self = new StandInDirectory();
        const http = createServer((request, response) => self.#serve(request, response));
        const links = new WebSocketServer({ server: http, path: "/v1/link", handleProtocols: () => SUBPROTOCOL });
        links.on("connection", (socket) => self.#onLink(socket));
        self.httpUrl = `http://127.0.0.1:${await listen(t, http)}`;
        return self;
    }

    #serve(request, response) {
        const say = (status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(body && JSON.stringify(body));
        const standing = { status: "listed", address: "127.0.0.1", port: 1, beatMs: 100 };
        if (request.url === "/.well-known/jwks.json") {
            this.asked++;
            return say(this.keys ? 200 : 503, { keys: (this.keys ?? []).map(({ jwk }) => jwk) });
        }
        if (request.method === "DELETE") return say(204);
        if (request.method !== "POST") return say(200, standing);
        this.serverId ??= randomUUID();
        const grant = { serverToken: `st_${randomBytes(32).toString("base64url")}`, proofSecret: "0".repeat(64) };
        return say(201, { ...standing, ...grant, serverId: this.serverId, issuer: this.issuer, expiresAt: Date.now() + 3600000 });
    }

    #onLink(socket) {
        this.#links.add(socket);
        socket.on("close", () => this.#links.delete(socket));
        socket.on("message", (data) => {
            const said = JSON.parse(data);
            if (said.type === "done") this.#done.get(said.order)?.(said);
            else socket.send(JSON.stringify({ type: "answer", sequence: said.sequence, status: "listed", beatMs: 100 }));
        });
    }

    /** The answer of the node to an order. What is ordered in one turn comes there at once. */
    async order(order) {
        const number = ++this.#order;
        if (!this.#links.size) await eventually("a link", () => this.#links.size > 0);
        const done = new Promise((resolve) => this.#done.set(number, resolve));
        for (const link of this.#links) {
            link._socket.cork();
            link.send(JSON.stringify({ type: "order", order: number, ...order }));
            process.nextTick(() => link._socket.uncork());
        }
        return done;
    }

    /** A seat for somebody; what the ticket for it has to claim. */
    async reserve(playerId, more = {}) {
        const issue = 1 + Math.floor(Math.random() * 4e9);
        const order = { kind: "reserve", playerId, displayName: playerId, gameMode: "arena", issue, holdMs: 60000, ...more };
        const done = await this.order(order);
        return { ...done, claims: { sub: playerId, lobby: done.lobbyId, epoch: done.epoch, issue } };
    }

    /** A ticket, in order but for the changes. */
    sign(claims, { key = this.keys[0], header = {} } = {}) {
        const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
        const whole = { iss: this.issuer, aud: this.serverId, iat: seconds(), exp: seconds() + 60, ...claims };
        const body = `${part({ alg: "EdDSA", typ: "JWT", kid: key.kid, ...header })}.${part(whole)}`;
        return `${body}.${sign(null, Buffer.from(body), key.privateKey).toString("base64url")}`;
    }
}
