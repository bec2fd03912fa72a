// client - a player's whole way: connect, authenticate, lobbies, seats, matches, reconnect.

import { CLOSE_ABNORMAL, Connection } from "./connection.js";
import { Continuity } from "./continuity.js";
import { Emitter } from "./emitter.js";
import { MusterError } from "./errors.js";
import { LatencyMeter } from "./latency.js";
import { LineWatch } from "./line.js";
import { LobbyControl } from "./lobby.js";
import { findMatch } from "./matchmaking.js";
import { Pause, backoffMs, closePolicy } from "./policy.js";
import { encodeInput } from "./snapshot.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Reservation} Reservation */

/** Snapshots come up to 60 times a second: so long without any message is no line. */
const SILENT_MS = 1000;
/** For slow modes. */
const TICKS_MISSED = 3;

/** @extends {Emitter<import("./types.js").ClientEvents>} */
export class MusterClient extends Emitter {
    /** @type {Connection | null} */
    #connection = null;
    /** @type {import("./types.js").TokenSource} */
    #tokenSource = "";
    /** @type {import("./types.js").ConnectionState} */
    #state = "idle";
    /** @type {Entry | null} */
    #entry = null;
    /** @type {import("./types.js").PlayerSession | null} */
    #session = null;
    #continuity = new Continuity(() => this.resync());
    #line = new LineWatch((silent) => this.#onSilence(silent));
    #lobby = new LobbyControl(this);
    #rttMs = 0;
    #pause = new Pause();
    #meter;
    #url;
    #options;

    /** @param {import("./types.js").ClientOptions} options */
    constructor(options) {
        super();
        this.#options = {
            ...options,
            compress: options.compress ?? true,
            reconnect: options.reconnect ?? true,
            pingIntervalMs: options.pingIntervalMs ?? 5000,
            resumeWindowMs: options.resumeWindowMs ?? 60000,
            random: options.random ?? Math.random,
        };
        this.#url = options.url;
        this.#meter = new LatencyMeter(this.#options.pingIntervalMs, (rttMs) => {
            this.#rttMs = rttMs;
            this.emit("latency", { rttMs });
        });
    }

    get state() {
        return this.#state;
    }

    /** The session, null before connect(). */
    get session() {
        return this.#session;
    }

    /** Where the player sits, null outside of a lobby. Kept up to date. */
    get entry() {
        return this.#entry;
    }

    /** What members and the host do in the lobby at hand. */
    get lobby() {
        return this.#lobby;
    }

    /** URL of the node at hand. */
    get url() {
        return this.#url;
    }

    /** Round trip measured last, 0 before the first. */
    get rttMs() {
        return this.#rttMs;
    }

    /** A match runs, and nothing has been heard for a second: see the event "line". */
    get isSilent() {
        return this.#line.isSilent;
    }

    /**
     * Open the connection and authenticate. Rejects when that fails; later drops are mended.
     *
     * @param {import("./types.js").TokenSource} token
     * @returns {Promise<{lobbyId: string} | null>} a lobby that resume() may lead back to
     */
    async connect(token) {
        if (this.#state !== "idle" && this.#state !== "closed") {
            throw new MusterError("wrong_state", "connect: already connected");
        }
        this.#tokenSource = token;
        this.#url = this.#options.url;
        this.#setState("connecting");
        try {
            const resumable = await this.#establish(this.#url, false);
            this.#dropIfClosed("connecting");
            this.#setState("online");
            return resumable;
        } catch (error) {
            if (this.state === "connecting") this.#setState("idle");
            throw error;
        }
    }

    /**
     * A newer token of the same player, on the connection at hand.
     *
     * @param {string} token
     */
    async authenticate(token) {
        await this.#authenticate(this.#need(), token);
    }

    /** Close for good. The seat is kept for the resume window; leave() first to give it up. */
    close() {
        this.#meter.stop();
        const connection = this.#connection;
        this.#connection = null;
        this.#entry = null;
        connection?.abort(1000, "");
        this.#finish(1000, "", null);
    }

    /** Do not wait out the back-off: the network is back. */
    retryNow() {
        this.#pause.end();
    }

    /**
     * Any method of the wire.
     *
     * @param {string} method
     * @param {object} [params]
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<any>}
     */
    async call(method, params, options) {
        return this.#need().call(method, params, options);
    }

    /**
     * @param {import("./types.js").RpcRequest[]} requests 1 to 16
     * @returns {Promise<import("./types.js").RpcOutcome[]>}
     */
    async batch(requests) {
        return this.#need().batch(requests);
    }

    /** @returns {Promise<import("./types.js").ServerInfo>} */
    serverInfo() {
        return this.call("server.info");
    }

    /**
     * Modes and rules from scripts; `method_not_found` where a server has none.
     *
     * @returns {Promise<import("./types.js").ModList>}
     */
    mods() {
        return this.call("mods.list");
    }

    /**
     * @param {import("./types.js").LobbyFilter} [filter]
     * @returns {Promise<import("./types.js").LobbyPage>}
     */
    listLobbies(filter = {}) {
        return this.call("lobby.list", filter);
    }

    /**
     * @param {string} lobbyId
     * @returns {Promise<import("./types.js").LobbyInfo>}
     */
    getLobby(lobbyId) {
        return this.call("lobby.get", { lobbyId });
    }

    /**
     * Create a lobby and take the seat in it.
     *
     * @param {import("./types.js").CreateOptions} options
     * @returns {Promise<Entry>}
     */
    async createLobby(options) {
        return this.enter(await this.call("lobby.create", options));
    }

    /**
     * Reserve a seat and take it, on whichever node owns the lobby.
     *
     * @param {string} lobbyId
     * @param {import("./types.js").JoinOptions} [options]
     * @returns {Promise<Entry>}
     */
    async joinLobby(lobbyId, options = {}) {
        return this.enter(await this.call("lobby.join", { lobbyId, ...options }));
    }

    /**
     * Like joinLobby, by the code that a member of the lobby passed on.
     *
     * @param {string} code
     * @param {import("./types.js").JoinOptions} [options]
     * @returns {Promise<Entry>}
     */
    async joinByCode(code, options = {}) {
        return this.enter(await this.call("lobby.joinByCode", { code, ...options }));
    }

    /**
     * Take a reserved seat, following its url to another node when it names one.
     *
     * @param {Reservation} reservation
     * @returns {Promise<Entry>}
     */
    async enter(reservation) {
        if (reservation.url && reservation.url !== this.#url) await this.#moveTo(reservation.url);
        return this.#enterBy("lobby.enter", { seatTicket: reservation.seatTicket }, false);
    }

    /**
     * Back to a seat, e.g. after a reload of the page.
     *
     * @param {string} resumeToken
     * @param {string} [url] the node of that seat
     * @returns {Promise<Entry>}
     */
    async resume(resumeToken, url = "") {
        if (url && url !== this.#url) await this.#moveTo(url);
        return this.#enterBy("lobby.resume", { resumeToken }, true);
    }

    /**
     * Let the server place the player: search, then take the seat that was found.
     *
     * @param {import("./types.js").FindOptions} options
     * @returns {Promise<Entry>}
     */
    findMatch(options) {
        return findMatch(this, options);
    }

    /** Give up the seat; back to the first node when another owned the lobby. */
    async leave() {
        await this.call("lobby.leave");
        this.#forgetSeat();
        if (this.#url !== this.#options.url) await this.#moveTo(this.#options.url);
    }

    /**
     * @param {string} text at most 300 bytes
     * @param {"all" | "team"} [channel]
     */
    async chat(text, channel = "all") {
        await this.call("lobby.chat", { text, channel });
    }

    /** @param {import("./types.js").Team} team */
    async setTeam(team) {
        await this.call("lobby.setTeam", { team });
    }

    /** @param {boolean} choice */
    async voteRestart(choice) {
        await this.call("lobby.vote", { vote: "restart", choice });
    }

    /** @returns {Promise<import("./types.js").Scoreboard>} */
    scoreboard() {
        return this.call("match.scoreboard");
    }

    /** Ask that the next snapshot be full. */
    async resync() {
        await this.call("match.resync");
    }

    /**
     * Send one input; once a tick.
     *
     * @param {import("./types.js").Input} input
     * @returns {boolean} false while there is no connection
     */
    sendInput(input) {
        return this.#connection?.sendBinary(encodeInput(input)) ?? false;
    }

    /** @returns {Connection} */
    #need() {
        if (this.#connection?.isOpen) return this.#connection;
        throw new MusterError("connection_lost", "not connected");
    }

    /** @param {import("./types.js").ConnectionState} state */
    #setState(state) {
        if (this.#state === state) return;
        this.#state = state;
        this.emit("state", { state });
    }

    /**
     * @param {string} url
     * @param {boolean} renewToken
     * @returns {Promise<{lobbyId: string} | null>}
     */
    async #establish(url, renewToken) {
        const token = await this.#token(renewToken);
        /** @type {Connection} */
        const connection = new Connection(
            url,
            {
                onHeard: () => {
                    if (connection === this.#connection) this.#line.heard();
                },
                onNotification: (method, params) => {
                    if (connection === this.#connection) this.#onNotification(method, params);
                },
                onSnapshot: (snapshot) => {
                    if (connection === this.#connection) this.#onSnapshot(snapshot);
                },
                onClose: (code, reason) => this.#onClose(connection, code, reason),
            },
            { WebSocket: this.#options.WebSocket, timeoutMs: this.#options.timeoutMs },
        );
        try {
            await connection.open();
            const resumable = await this.#authenticate(connection, token);
            this.#meter.start(connection);
            return resumable;
        } catch (error) {
            if (this.#connection === connection) this.#connection = null;
            connection.abort(1000, "");
            throw error;
        }
    }

    /** @param {boolean} renew */
    async #token(renew) {
        if (typeof this.#tokenSource === "function") return this.#tokenSource(renew);
        if (renew) throw new MusterError("token_invalid", "the token was refused");
        return this.#tokenSource;
    }

    /**
     * @param {Connection} connection
     * @param {string} token
     * @returns {Promise<{lobbyId: string} | null>}
     */
    async #authenticate(connection, token) {
        const accept = (/** @type {any} */ { session }) => {
            // Only now do the messages of the new connection count.
            const old = this.#connection;
            this.#connection = connection;
            this.#session = session;
            this.#url = connection.url;
            if (old && old !== connection) old.abort(1000, "");
        };
        const params = { token, compress: this.#options.compress };
        const answer = await connection.call("session.authenticate", params, { accept });
        return answer.resumable;
    }

    /** @param {string} url */
    async #moveTo(url) {
        const before = this.#connection;
        try {
            await this.#establish(url, false);
        } catch (error) {
            if (before?.isOpen) this.#meter.start(before);
            throw error;
        }
    }

    /**
     * close() may have been called while the connection was being made.
     *
     * @param {import("./types.js").ConnectionState} expected
     */
    #dropIfClosed(expected) {
        if (this.#state === expected) return;
        const connection = this.#connection;
        this.#connection = null;
        this.#meter.stop();
        connection?.abort(1000, "");
        throw new MusterError("closed", "closed while connecting", { closeCode: 1000 });
    }

    /**
     * @param {string} method
     * @param {object} params
     * @param {boolean} resumed
     * @returns {Promise<Entry>}
     */
    #enterBy(method, params, resumed) {
        const accept = (/** @type {Entry} */ entry) => {
            this.#entry = entry;
            this.#continuity.reset();
            this.#expectSnapshots();
            this.emit("entered", { entry, resumed });
        };
        return this.call(method, params, { accept });
    }

    #forgetSeat() {
        this.#entry = null;
        this.#continuity.reset();
        this.#line.stop();
    }

    /** While a match runs a snapshot comes at every tick. */
    #expectSnapshots() {
        const { match, lobby } = this.#entry ?? {};
        if (!match || lobby?.state !== "active") return this.#line.stop();
        this.#line.expect(Math.max(SILENT_MS, TICKS_MISSED * 1000 / match.tickRate));
    }

    /** @param {boolean} silent */
    #onSilence(silent) {
        this.emit("line", { silent });
        // Ask at once: a network that is gone is then known to be before the next ping is due.
        if (silent && this.#connection) this.#meter.start(this.#connection);
    }

    /**
     * @param {string} method
     * @param {any} params
     */
    #onNotification(method, params) {
        if (method === "lobby.left") this.#forgetSeat();
        if (method === "match.started") this.#continuity.reset();
        const entry = this.#entry;
        if (entry && method === "lobby.updated") entry.lobby = params.lobby;
        if (entry && method === "lobby.members") {
            entry.members = params.members;
            const own = entry.members.find((m) => m.playerId === this.#session?.playerId);
            if (own) entry.team = own.team;
        }
        if (entry && method === "match.started") entry.match = params;
        if (method === "lobby.updated" || method === "match.started") this.#expectSnapshots();
        this.emit(/** @type {keyof import("./types.js").ClientEvents} */ (method), params);
    }

    /** @param {import("./types.js").Snapshot} snapshot */
    #onSnapshot(snapshot) {
        this.#continuity.judge(snapshot);
        this.emit("snapshot", snapshot);
    }

    /**
     * @param {Connection} connection
     * @param {number} code
     * @param {string} reason
     */
    #onClose(connection, code, reason) {
        if (connection !== this.#connection) return;
        this.#connection = null;
        this.#meter.stop();
        this.#continuity.reset();
        this.#line.stop();
        if (this.#state === "reconnecting" || this.#state === "connecting") return;
        const policy = closePolicy(code);
        if (!this.#options.reconnect || !policy.retry) return this.#finish(code, reason, null);
        this.#setState("reconnecting");
        this.#comeBack(policy);
    }

    /** @param {import("./types.js").ClosePolicy} policy */
    async #comeBack(policy) {
        const lostAt = Date.now();
        for (let attempt = 0; this.#state === "reconnecting"; attempt++) {
            const delayMs = Math.max(policy.delayMs,
                backoffMs(attempt, this.#options.backoff, this.#options.random));
            this.emit("reconnecting", { attempt, delayMs });
            await this.#pause.wait(delayMs);
            if (this.#state !== "reconnecting") return;
            const expired = Date.now() - lostAt > this.#options.resumeWindowMs;
            const error = await this.#tryOnce(policy.renewToken, expired);
            if (!error) return;
            const code = error.closeCode || CLOSE_ABNORMAL;
            policy = closePolicy(code);
            if (error.code === "token_invalid" || error.code === "signed_out") {
                const again = !policy.renewToken && typeof this.#tokenSource === "function";
                if (!again || error.code === "signed_out" || attempt > 3) {
                    return this.#finish(4002, error.message, error);
                }
                policy = { retry: true, delayMs: 0, renewToken: true };
            }
            if (!policy.retry) return this.#finish(code, error.message, error);
        }
    }

    /**
     * @param {boolean} renewToken
     * @param {boolean} expired the seat cannot be ours any more
     * @returns {Promise<MusterError | null>}
     */
    async #tryOnce(renewToken, expired) {
        try {
            const url = expired ? this.#options.url : this.#url;
            await this.#establish(url, renewToken);
            this.#dropIfClosed("reconnecting");
            await this.#resumeSeat();
            this.#dropIfClosed("reconnecting");
            this.#setState("online");
            return null;
        } catch (error) {
            return error instanceof MusterError
                ? error : new MusterError("connect_failed", String(error));
        }
    }

    async #resumeSeat() {
        const resumeToken = this.#entry?.resumeToken;
        if (!resumeToken) return;
        try {
            await this.#enterBy("lobby.resume", { resumeToken }, true);
        } catch (error) {
            if (!(error instanceof MusterError) || error.rpcCode === 0) throw error;
            this.#forgetSeat();
            this.emit("lobby.left", { reason: "timeout" });
        }
    }

    /**
     * @param {number} code
     * @param {string} reason
     * @param {Error | null} error
     */
    #finish(code, reason, error) {
        if (this.#state === "closed") return;
        this.#setState("closed");
        this.#forgetSeat();
        this.#pause.end();
        this.emit("closed", { code, reason, error });
    }
}
