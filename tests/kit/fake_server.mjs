// A small server that speaks docs/protocol.md with one lobby and a toy arena: what the client is
// developed and unit-tested against. The end-to-end tests use the real one.
//
//   node tests/kit/fake_server.mjs [port]   serves the browser client as well

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { WebSocketServer } from "ws";
import { FakeArena, TICK_MS } from "./fake_arena.mjs";

const ASSETS = fileURLToPath(new URL("../../plugins/service_web/assets/", import.meta.url));
const SDK = fileURLToPath(new URL("../../sdk/js/", import.meta.url));
const TYPES = { html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
const PLAYER_SEAT = 0;
const SEATS = 8;

const SCHEMA = [
    { key: "killLimit", type: "int", default: 50, min: 1, max: 1000, unit: "kills",
        label: "Kill limit", group: "Victory" },
    { key: "timeLimit", type: "duration", default: 600, min: 60, max: 3600, unit: "s",
        label: "Time limit", group: "Victory" },
    { key: "mapName", type: "enum", default: "yard", values: ["yard"], label: "Map", group: "Match" },
    { key: "friendlyFire", type: "bool", default: false, label: "Friendly fire", group: "Match",
        help: "Shots hurt the own team." },
];

export class Refusal extends Error {
    constructor(code, word, message, data = {}) {
        super(message);
        this.wire = { code, message, data: { code: word, ...data } };
    }
}

export class FakeServer {
    requests = []; // {method, params} as they came
    restRequests = [];
    infoRequests = 0; // GET /v1/info
    tokenLifeS = 3600;
    killLimit = 50;
    scoreboardMs = 15000;
    compress = true;
    answers = new Map(); // method -> function(params) that answers it, or throws a refusal
    schema = SCHEMA;
    settings = {}; // of the lobby, besides those of SCHEMA
    #http;
    #wss;
    #conn = null;
    #accounts = new Map(); // access token -> player
    #refresh = new Map();
    #serial = 0;
    #seated = false;
    #spectating = false;
    #resumeToken = "";
    #matchId = "";
    #arena = null;
    #state = "waiting";
    #timers = new Set();
    #mustFull = true;
    #votes = { yes: 0, no: 0 };

    async start(port = 0) {
        this.#http = createServer((request, response) => this.#onHttp(request, response));
        this.#wss = new WebSocketServer({
            server: this.#http, path: "/ws", perMessageDeflate: false,
            handleProtocols: (offered) => (offered.has("muster.v1") ? "muster.v1" : false),
        });
        this.#wss.on("connection", (socket) => this.#onSocket(socket));
        await new Promise((resolve) => this.#http.listen(port, "127.0.0.1", resolve));
        this.port = this.#http.address().port;
        this.url = `ws://127.0.0.1:${this.port}/ws`;
        this.baseUrl = `http://127.0.0.1:${this.port}`;
        return this;
    }

    async stop() {
        for (const timer of this.#timers) clearInterval(timer);
        for (const socket of this.#wss.clients) socket.terminate();
        this.#http.closeAllConnections();
        await new Promise((resolve) => this.#http.close(resolve));
    }

    get connections() {
        return this.#wss.clients.size;
    }

    get arena() {
        return this.#arena;
    }

    /** The network cable is pulled. */
    drop() {
        for (const socket of this.#wss.clients) socket.terminate();
    }

    closeAll(code, reason = "") {
        for (const socket of this.#wss.clients) socket.close(code, reason);
    }

    /** Take the tokens that another server has minted. */
    trust(other) {
        this.#accounts = other.#accounts;
    }

    sendRaw(data) {
        this.#conn.send(data);
    }

    /** The lobby's settings change, and all are told. */
    change(settings) {
        Object.assign(this.settings, settings);
        this.notify("lobby.updated", { lobby: this.#lobby() });
        return { lobby: this.#lobby() };
    }

    notify(method, params) {
        if (this.#conn) this.#sendJson({ jsonrpc: "2.0", method, params });
    }

    // ---- REST and files

    async #onHttp(request, response) {
        const path = request.url.replace(/^\/v-fake/, "");
        if (request.method === "POST") return this.#onRest(request, response, path);
        if (path === "/v1/info" && !this.hidesInfo) {
            this.infoRequests++;
            return response.writeHead(200, { "Content-Type": "application/json" })
                .end(JSON.stringify(this.#info()));
        }
        const found = path === "/" ? [ASSETS, "index.html"]
            : path === "/favicon.svg" ? [ASSETS, "favicon.svg"]
                : path.startsWith("/assets/") ? [ASSETS, path.slice(8)]
                    : path.startsWith("/sdk/js/") ? [SDK, path.slice(8)] : null;
        if (!found || !/^[\w.]+$/.test(found[1])) return response.writeHead(404).end();
        const text = readFileSync(found[0] + found[1], "utf8").replaceAll("{{ASSETS}}", "/v-fake");
        response.writeHead(200, {
            "Content-Type": TYPES[found[1].split(".").pop()],
            "Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:",
        }).end(text);
    }

    async #onRest(request, response, path) {
        let text = "";
        for await (const chunk of request) text += chunk;
        const body = JSON.parse(text);
        this.restRequests.push({ path, body });
        const answer = (status, value, type = "application/json") =>
            response.writeHead(status, { "Content-Type": type })
                .end(value ? JSON.stringify(value) : "");
        const refuse = (status, code, detail) =>
            answer(status, { type: "about:blank", title: code, status, detail, code },
                "application/problem+json");
        if (this.restLimitedS) {
            response.setHeader("Retry-After", this.restLimitedS);
            return refuse(429, "rate_limited", "Too many requests of this address.");
        }
        if (path === "/v1/auth/logout") return answer(204, null);
        if (path === "/v1/auth/login" && body.password === "wrong") {
            return refuse(401, "credentials_invalid", "User name or password is wrong.");
        }
        if (path === "/v1/auth/refresh") {
            const player = this.#refresh.get(body.refreshToken);
            this.#refresh.delete(body.refreshToken);
            if (!player) return refuse(401, "refresh_invalid", "Sign in again.");
            return answer(200, this.#mint(player));
        }
        const displayName = body.displayName ?? body.username ?? "Guest";
        return answer(path === "/v1/auth/register" ? 201 : 200,
            this.#mint({ playerId: `p${++this.#serial}`, displayName }));
    }

    #mint({ playerId, displayName }) {
        const accessToken = `access${++this.#serial}`;
        const refreshToken = `refresh${this.#serial}`;
        this.#accounts.set(accessToken, { playerId, displayName });
        this.#refresh.set(refreshToken, { playerId, displayName });
        return {
            playerId, displayName, region: "local", permissions: ["play"],
            expiresAt: Math.floor(Date.now() / 1000) + this.tokenLifeS, refreshToken, accessToken,
            tokenType: "Bearer",
        };
    }

    // ---- WebSocket

    #onSocket(socket) {
        socket.on("message", (data, isBinary) => {
            if (isBinary) this.#onBinary(data);
            else this.#onText(socket, data.toString());
        });
        socket.on("close", () => {
            if (this.#conn === socket) this.#conn = null;
        });
        socket.on("error", () => {});
    }

    #onBinary(bytes) {
        const avatar = this.#arena?.avatars.get(PLAYER_SEAT);
        if (!avatar || bytes[0] !== 1) return;
        avatar.ack = bytes.readUInt32LE(2);
        avatar.input = {
            held: bytes.readUInt16LE(6), pressed: bytes.readUInt16LE(8),
            aim: bytes.readUInt16LE(10), moveX: bytes.readInt8(12), moveY: bytes.readInt8(13),
        };
    }

    #onText(socket, text) {
        if (this.isSilent) return;
        const message = JSON.parse(text);
        if (!Array.isArray(message)) return this.#reply(socket, this.#answer(socket, message));
        this.#reply(socket, message.map((member) => this.#answer(socket, member)));
    }

    #reply(socket, value) {
        if (value) socket.send(JSON.stringify(value));
        this.after?.();
        this.after = null;
    }

    #answer(socket, { id, method, params }) {
        this.requests.push({ method, params });
        try {
            const result = this.#call(socket, method, params);
            return id === undefined ? null : { jsonrpc: "2.0", id, result };
        } catch (error) {
            if (!error.wire) throw error;
            return { jsonrpc: "2.0", id, error: error.wire };
        }
    }

    #sendJson(value) {
        const text = JSON.stringify(value);
        if (!this.compress || !this.#conn.wantsDeflate || text.length < 512) {
            return this.#conn.send(text);
        }
        this.#conn.send(Buffer.concat([Buffer.from([0x82, 2]), deflateRawSync(text)]));
    }

    #call(socket, method, params) {
        if (method === this.refusedMethod) throw new Refusal(-32003, "rate_limited", "Slow down.");
        if (method === this.limited?.method && this.limited.times-- > 0) {
            const { retryAfterMs } = this.limited;
            throw new Refusal(-32003, "rate_limited", "Slow down.", { retryAfterMs });
        }
        switch (method) {
            case "session.ping":
                return { serverTimeMs: Date.now(), clientTime: params.clientTime };
            case "session.authenticate":
                return this.#authenticate(socket, params);
            case "server.info":
                return this.#info();
        }
        if (socket !== this.#conn) {
            throw new Refusal(-32001, "unauthenticated", "Authenticate first.");
        }
        return this.#callSigned(method, params);
    }

    #callSigned(method, params) {
        const answer = this.answers.get(method);
        if (answer) return answer(params);
        switch (method) {
            case "session.latency":
            case "match.cancel":
            case "lobby.setTeam":
                return {};
            case "lobby.list":
                return { lobbies: [this.#lobby()], nextCursor: null };
            case "lobby.get":
                return this.#lobby();
            case "lobby.create":
            case "lobby.join":
                if (params.lobbyId === "none") throw new Refusal(-32004, "not_found", "No lobby.");
                this.#spectating = params.spectator === true;
                return { lobby: this.#lobby(), seatTicket: "seat1", url: this.entryUrl ?? "" };
            case "match.find":
                if (this.withholdMatch) return { ticketId: "t1" };
                this.after = () => this.notify("match.found",
                    { ticketId: "t1", lobby: this.#lobby(), seatTicket: "seat1", url: "" });
                return { ticketId: "t1" };
            case "lobby.enter":
                return this.#enter();
            case "lobby.resume":
                if (params.resumeToken !== this.#resumeToken) {
                    throw new Refusal(-32009, "resume_invalid", "That seat is gone.");
                }
                return this.#enter();
            case "lobby.leave":
                this.#seated = false;
                return {};
            case "lobby.chat":
                this.after = () => this.notify("lobby.chat", {
                    playerId: this.#conn.player.playerId,
                    displayName: this.#conn.player.displayName, seat: 0, team: "red",
                    text: params.text, channel: params.channel ?? "all", at: Date.now(),
                });
                return {};
            case "lobby.vote":
                return this.#vote(params.choice);
            case "match.resync":
                this.#mustFull = true;
                return {};
            case "match.scoreboard":
                return this.#scoreboard();
            default:
                throw new Refusal(-32601, "method_not_found", `No method ${method}.`);
        }
    }

    #authenticate(socket, { token, compress }) {
        const player = this.#accounts.get(token);
        if (this.shutOut) throw new Refusal(-32014, this.shutOut, "You are out.");
        if (!player) throw new Refusal(-32011, "token_invalid", "The token is not good.");
        socket.player = player;
        socket.wantsDeflate = compress === true;
        this.#conn = socket;
        return {
            session: {
                sessionId: "s1", ...player, region: "local", permissions: [],
                createdAt: 1, expiresAt: 2, lobbyId: this.#seated ? "lobby1" : null,
            },
            resumable: this.#seated ? { lobbyId: "lobby1" } : null,
            muted: this.muted ?? null,
        };
    }

    #info() {
        return {
            name: "Fake", version: "0.1.0", nodeId: "n1", region: "local", regions: ["local"],
            gameModes: [{
                name: "arena", title: "Arena 4v4", maps: ["yard"], maxPlayers: SEATS, tickRate: 20,
                settingsSchema: this.schema,
            }],
            protocol: "muster.v1",
        };
    }

    #lobby() {
        return {
            lobbyId: "lobby1", serverNodeId: "n1", gameMode: "arena",
            currentPlayers: this.#seated ? 1 : 0, maxPlayers: SEATS,
            settings: { killLimit: this.killLimit, timeLimit: 600, mapName: "yard",
                friendlyFire: false, ...this.settings },
            state: this.#state, region: "local",
        };
    }

    #enter() {
        this.#seated = true;
        if (!this.#arena) this.#startMatch();
        this.#resumeToken = `resume${++this.#serial}`;
        this.#mustFull = true;
        return {
            lobby: this.#lobby(), seat: this.#spectating ? 255 : PLAYER_SEAT, team: "red",
            resumeToken: this.#resumeToken, members: this.#members(), match: this.#match(),
        };
    }

    #members() {
        return Array.from({ length: SEATS }, (_, seat) => ({
            playerId: seat === PLAYER_SEAT ? this.#conn.player.playerId : `bot:${seat}`,
            displayName: seat === PLAYER_SEAT ? this.#conn.player.displayName : `Bot ${seat}`,
            seat, team: seat % 2 ? "blue" : "red", connected: true, isBot: seat !== PLAYER_SEAT,
            spectator: false,
        }));
    }

    #match() {
        return {
            matchId: this.#matchId, gameMode: "arena", mapName: "yard", tickRate: 20, seatsMax: SEATS,
            tick: this.#arena.tick, intro: this.#arena.intro,
        };
    }

    #every(ms, fn) {
        const timer = setInterval(fn, ms);
        this.#timers.add(timer);
        return timer;
    }

    #startMatch() {
        this.#matchId = `m${++this.#serial}`;
        this.#arena = new FakeArena(this.killLimit);
        this.#state = "active";
        this.#mustFull = true;
        for (let seat = 0; seat < SEATS; seat++) {
            this.#arena.add(seat, 1 + (seat % 2), seat !== PLAYER_SEAT);
        }
        const timer = this.#every(TICK_MS, () => {
            if (this.paused) return;
            this.#arena.step();
            this.#sendSnapshot();
            if (this.#arena.winner()) {
                clearInterval(timer);
                this.#endMatch();
            }
        });
    }

    #sendSnapshot() {
        if (!this.#conn || !this.#seated) return;
        const payload = this.#mustFull ? this.#arena.full() : this.#arena.delta();
        this.#arena.told();
        const head = Buffer.alloc(16);
        head[0] = 0x81;
        head[1] = this.#mustFull ? 1 : 0;
        head[2] = this.#spectating ? 255 : PLAYER_SEAT;
        head.writeUInt32LE(this.#arena.tick, 4);
        head.writeUInt32LE(this.#arena.avatars.get(PLAYER_SEAT).ack, 8);
        head.writeUInt16LE(TICK_MS * 100, 12);
        head.writeUInt16LE(payload.length, 14);
        const events = this.#arena.events.flatMap((event) => [event.length, ...event]);
        let rest = Buffer.from([...payload, ...events]);
        if (this.#mustFull && this.compress && this.#conn.wantsDeflate) {
            head[1] |= 2;
            rest = deflateRawSync(rest);
        }
        this.#mustFull = false;
        this.#conn.send(Buffer.concat([head, rest]));
    }

    #rows() {
        return this.#members().map((m) => {
            const a = this.#arena.avatars.get(m.seat);
            return {
                playerId: m.playerId, displayName: m.displayName, team: m.team, kills: a.kills,
                deaths: a.deaths, assists: a.assists, score: a.kills * 100, isBot: m.isBot,
            };
        });
    }

    #scoreboard() {
        const [, red, blue] = this.#arena.scores;
        return {
            matchId: this.#matchId, tick: this.#arena.tick, elapsedMs: this.#arena.tick * TICK_MS,
            teamScores: { red, blue },
            rows: this.#rows().map((row, seat) => ({
                ...row, seat, alive: true, connected: true, pingMs: row.isBot ? 0 : 12,
            })),
        };
    }

    #endMatch() {
        const [, red, blue] = this.#arena.scores;
        this.#state = "ending";
        this.#votes = { yes: 0, no: 0 };
        this.notify("lobby.updated", { lobby: this.#lobby() });
        this.notify("match.ended", {
            matchId: this.#matchId, scoreboardMs: this.scoreboardMs,
            results: {
                matchId: this.#matchId, lobbyId: "lobby1", winningTeam: this.#arena.winner(),
                finalScores: { red, blue }, playerStats: this.#rows(),
                duration: (this.#arena.tick * TICK_MS) / 1000, reason: "score_limit", versions: [],
            },
        });
    }

    #vote(choice) {
        if (this.#state !== "ending") {
            throw new Refusal(-32007, "wrong_state", "No vote now.", { state: this.#state });
        }
        this.#votes[choice ? "yes" : "no"]++;
        this.after = () => {
            this.notify("lobby.vote",
                { vote: "restart", ...this.#votes, needed: 1, endsInMs: this.scoreboardMs });
            if (!choice) return;
            this.#startMatch();
            this.notify("lobby.updated", { lobby: this.#lobby() });
            this.notify("match.started", this.#match());
        };
        return {};
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const server = await new FakeServer().start(Number(process.argv[2] ?? 0));
    console.log(`fake server on ${server.baseUrl}`);
}
