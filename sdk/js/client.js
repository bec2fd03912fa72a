// client - a player's whole way: connect, authenticate, lobbies, seats, matches, reconnect.

import { CLOSE_ABNORMAL } from "./connection.js";
import { Continuity } from "./continuity.js";
import { endedMeanwhile, followEntry, noteChoice } from "./entry.js";
import { MusterError } from "./errors.js";
import { LatencyMeter } from "./latency.js";
import { LineWatch, silenceMs } from "./line.js";
import { Link } from "./link.js";
import { LobbyControl } from "./lobby.js";
import { findMatch } from "./matchmaking.js";
import {
    Pause, backoffMs, closePolicy, isRefusal, isRefusedToken, isShutOut, patiently,
} from "./policy.js";
import { Renewal } from "./renewal.js";
import { Requests } from "./requests.js";
import { canInflate, encodeInput, encodeMessage } from "./snapshot.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Reservation} Reservation */

/**
 * @param {unknown} error the refusal of a resume token
 * @returns {{reason: import("./types.js").LeftReason, message?: string}}
 */
function howLeft(error) {
    const isKnown = error instanceof MusterError && error.code === "resume_invalid" && error.data.reason;
    if (!isKnown) return { reason: "timeout" };
    const { reason, message } = error.data;
    return message ? { reason, message } : { reason };
}

export class MusterClient extends Requests {
    /** Grows with connect() and at the end of that: what is under way for one before is dropped. */
    #life = 0;
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
    /** Of coming back, since a connection last held. */
    #tries = 0;
    #onlineAt = 0;
    /** How the connection at hand ended while another was being made.
     * @type {{code: number, reason: string} | null} */
    #lostMeanwhile = null;
    #link;
    #meter;
    #renewal;
    #url;
    /** Where it comes back to without a seat. */
    #home;
    #options;

    /** @param {import("./types.js").ClientOptions} options */
    constructor(options) {
        super();
        this.#options = {
            ...options,
            compress: (options.compress ?? true) && canInflate(),
            reconnect: options.reconnect ?? true,
            pingIntervalMs: options.pingIntervalMs ?? 5000,
            resumeWindowMs: options.resumeWindowMs ?? 60000,
            random: options.random ?? Math.random,
            renewBeforeS: options.renewBeforeS ?? 90,
        };
        this.#url = this.#home = options.url ?? "";
        this.#link = new Link({
            onHeard: () => this.#line.heard(),
            onNotification: (method, params) => this.#onNotification(method, params),
            onSnapshot: (snapshot) => this.#onSnapshot(snapshot),
            onSession: (...of) => this.#onSession(...of),
            onBack: (entry) => this.#onEntered(entry, true),
            onLost: (code, reason) => this.#onLost(code, reason),
        }, this.#options);
        this.#renewal = new Renewal({
            beforeMs: this.#options.renewBeforeS * 1000,
            random: this.#options.random,
            getToken: (renew) => this.#token(renew),
            authenticate: (token, connection) => this.#link.authenticate(token, connection),
        });
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
        return (await this.#signIn(token)).resumable;
    }

    /**
     * Sign in with a ticket for a seat, which is good once, and take the seat: what a player needs
     * who was given nothing else. Drops are mended by the seat, until it is lost.
     *
     * @param {string} ticket
     * @param {string} [url] of the node that takes it, when it is another than the client's
     * @returns {Promise<Entry>}
     */
    async connectToSeat(ticket, url) {
        let isUsed = false;
        const { reservation } = await this.#signIn(() => {
            if (this.#entry || !isUsed) return this.#entry?.resumeToken ?? ticket;
            throw new MusterError("signed_out", "the seat of the ticket is given up");
        }, url);
        if (!reservation) throw new MusterError("ticket_invalid", "this is no ticket for a seat");
        // A ticket is for the node that takes it.
        const entry = await this.enter({ ...reservation, url: "" });
        isUsed = true;
        return entry;
    }

    /**
     * @param {import("./types.js").TokenSource} token
     * @param {string} [url]
     */
    async #signIn(token, url = this.#options.url ?? "") {
        if (this.#state !== "idle" && this.#state !== "closed") {
            throw new MusterError("wrong_state", "connect: already connected");
        }
        const life = ++this.#life;
        this.#tokenSource = token;
        this.#url = this.#home = url;
        this.#session = null;
        this.#tries = 0;
        try {
            this.#setState("connecting");
            this.#check(life);
            const answer = await this.#establish(this.#url, false);
            this.#check(life);
            this.#setOnline();
            return answer;
        } catch (error) {
            if (life === this.#life) this.#setState("idle");
            throw error;
        }
    }

    /**
     * A newer token of the same player, on the connection at hand. Needed where the client cannot
     * renew by itself: connect() was given a text, or `renewBeforeS` is 0.
     *
     * @param {string} token
     */
    async authenticate(token) {
        await this.#link.authenticate(token, this.#link.need());
    }

    /** Close for good. The seat is kept for the resume window; leave() first to give it up. */
    close() {
        this.#entry = null;
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
        const result = await this.#link.need().call(method, params, options);
        if (this.#entry) noteChoice(this.#entry, method, params);
        return result;
    }

    /**
     * @param {import("./types.js").RpcRequest[]} requests 1 to 16
     * @returns {Promise<import("./types.js").RpcOutcome[]>}
     */
    async batch(requests) {
        return this.#link.need().batch(requests);
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

    /**
     * Give up the seat; back to the first node when another owned the lobby. Where that cannot be
     * reached, the connection stays with the other.
     */
    async leave() {
        await this.call("lobby.leave", {}, { accept: () => this.#forgetSeat() });
        if (this.#url === this.#home) return;
        await this.#moveTo(this.#home).catch(() => {}); // the seat is given up all the same
    }

    /**
     * Send one input; once a tick.
     *
     * @param {import("./types.js").Input} input
     * @returns {boolean} false while there is no connection
     */
    sendInput(input) {
        return this.#link.current?.sendBinary(encodeInput(input)) ?? false;
    }

    /**
     * Send bytes that mean what the mode says they mean: a turn of a board game. Each comes once, in
     * order; one that is not taken comes back as "match.messageRefused".
     *
     * @param {Uint8Array} message 1 to 1024 bytes
     * @returns {boolean} false while there is no connection
     */
    sendMessage(message) {
        return this.#link.current?.sendBinary(encodeMessage(message)) ?? false;
    }

    /** @param {import("./types.js").ConnectionState} state */
    #setState(state) {
        if (this.#state === state) return;
        this.#state = state;
        this.emit("state", { state });
    }

    #setOnline() {
        this.#link.need(); // it may have dropped at once
        this.#onlineAt = performance.now();
        this.#setState("online");
    }

    /**
     * Has close() been called since?
     *
     * @param {number} life
     */
    #check(life) {
        if (life === this.#life) return;
        throw new MusterError("closed", "closed while connecting", { closeCode: 1000 });
    }

    /**
     * @param {string} url
     * @param {boolean} renewToken
     * @param {string} [resumeToken]
     */
    async #establish(url, renewToken, resumeToken) {
        const before = this.#session?.playerId;
        const answer = await this.#link.make(url, () => this.#token(renewToken), resumeToken);
        if (!before || before === this.#session?.playerId) return answer;
        // The seat and all that is known belong to the one before.
        const error = new MusterError("signed_out", "Somebody else has signed in.");
        this.#finish(1000, error.message, error);
        throw error;
    }

    /** @param {boolean} renew */
    async #token(renew) {
        if (typeof this.#tokenSource === "function") return this.#tokenSource(renew);
        if (renew) throw new MusterError("token_invalid", "the token was refused");
        return this.#tokenSource;
    }

    /**
     * @param {import("./connection.js").Connection} connection
     * @param {import("./types.js").PlayerSession} session
     * @param {string} token
     */
    #onSession(connection, session, token) {
        this.#session = session;
        this.#url = connection.url;
        this.#meter.start(connection);
        if (typeof this.#tokenSource === "function") this.#renewal.start(connection, session, token);
    }

    /** @param {string} url */
    async #moveTo(url) {
        const life = this.#life;
        if (this.#state !== "online") throw new MusterError("connection_lost", "not connected");
        this.#lostMeanwhile = null;
        try {
            await this.#establish(url, false);
        } catch (error) {
            const { code, reason } = this.#lostMeanwhile ?? { code: 0, reason: "" };
            if (code && life === this.#life) this.#onLost(code, reason);
            throw error;
        }
    }

    /**
     * @param {string} method
     * @param {object} params
     * @param {boolean} resumed
     * @returns {Promise<Entry>}
     */
    #enterBy(method, params, resumed) {
        const accept = (/** @type {Entry} */ entry) => this.#onEntered(entry, resumed);
        return patiently(() => this.call(method, params, { accept }));
    }

    /**
     * @param {Entry} entry
     * @param {boolean} resumed
     */
    #onEntered(entry, resumed) {
        const ended = endedMeanwhile(this.#entry, entry);
        this.#entry = entry;
        this.#continuity.reset();
        this.#expectSnapshots();
        this.emit("entered", { entry, resumed });
        for (const result of ended) this.emit("lobby.voteEnded", result);
        for (const tally of entry.votes ?? []) this.emit("lobby.vote", tally);
    }

    #forgetSeat() {
        this.#entry = null;
        this.#continuity.reset();
        this.#line.stop();
    }

    /** While a match runs, and is not frozen, a snapshot comes at every tick. */
    #expectSnapshots() {
        const { match, lobby } = this.#entry ?? {};
        if (!match || lobby?.state !== "active" || lobby.frozen) return this.#line.stop();
        this.#line.expect(silenceMs(match.tickRate));
    }

    /** @param {boolean} silent */
    #onSilence(silent) {
        this.emit("line", { silent });
        // Ask at once: a network that is gone is then known to be before the next ping is due.
        if (silent && this.#link.current) this.#meter.start(this.#link.current);
    }

    /**
     * @param {string} method
     * @param {any} params
     */
    #onNotification(method, params) {
        if (method === "lobby.left") this.#forgetSeat();
        if (method === "match.started") this.#continuity.reset();
        const entry = this.#entry;
        if (entry) followEntry(entry, method, params, this.#session?.playerId);
        if (method === "lobby.updated" || method === "match.started") this.#expectSnapshots();
        this.emit(/** @type {keyof import("./types.js").ClientEvents} */ (method), params);
    }

    /** @param {import("./types.js").Snapshot} snapshot */
    #onSnapshot(snapshot) {
        this.#continuity.judge(snapshot);
        this.emit("snapshot", snapshot);
    }

    /**
     * @param {number} code
     * @param {string} reason
     */
    #onLost(code, reason) {
        this.#rest();
        if (this.#state !== "online") return;
        this.#lostMeanwhile = this.#link.isMaking ? { code, reason } : null;
        if (this.#lostMeanwhile) return;
        const minUptimeMs = this.#options.backoff?.minUptimeMs ?? 5000;
        if (performance.now() - this.#onlineAt >= minUptimeMs) this.#tries = 0;
        const policy = closePolicy(code, reason);
        if (!this.#options.reconnect || !policy.retry) return this.#finish(code, reason, null);
        this.#comeBack(policy);
    }

    /** What goes on along with a connection. */
    #rest() {
        this.#meter.stop();
        this.#renewal.stop();
        this.#line.stop();
        this.#continuity.reset();
    }

    /** @param {import("./types.js").ClosePolicy} policy */
    async #comeBack(policy) {
        const life = this.#life;
        const lostAt = performance.now();
        this.#setState("reconnecting");
        while (life === this.#life) {
            const attempt = this.#tries++;
            const delayMs = policy.exactMs ?? Math.max(policy.delayMs,
                backoffMs(attempt, this.#options.backoff, this.#options.random));
            this.emit("reconnecting", { attempt, delayMs });
            if (life === this.#life) await this.#pause.wait(delayMs);
            if (life !== this.#life) return;
            const expired = performance.now() - lostAt > this.#options.resumeWindowMs;
            const error = await this.#tryOnce(life, policy.renewToken, expired);
            if (!error || life !== this.#life) return;
            const code = isRefusedToken(error) ? 4002
                : isShutOut(error) ? 4004
                    : error.closeCode || CLOSE_ABNORMAL;
            const next = closePolicy(code);
            const isFinal = !next.retry || error.code === "signed_out"
                || (isRefusedToken(error) && policy.renewToken);
            if (isFinal) return this.#finish(code, error.message, error);
            policy = next;
        }
    }

    /**
     * @param {number} life
     * @param {boolean} renewToken
     * @param {boolean} expired the seat cannot be ours any more
     * @returns {Promise<MusterError | null>}
     */
    async #tryOnce(life, renewToken, expired) {
        try {
            const seat = expired ? null : this.#entry;
            const { entry } = await this.#establish(seat ? this.#url : this.#home,
                renewToken, seat?.resumeToken);
            this.#check(life);
            if (!entry) await this.#resumeSeat();
            this.#check(life);
            this.#setOnline();
            return null;
        } catch (error) {
            return error instanceof MusterError
                ? error : new MusterError("connect_failed", String(error));
        }
    }

    async #resumeSeat() {
        const entry = this.#entry;
        if (!entry) return;
        try {
            await this.#enterBy("lobby.resume", { resumeToken: entry.resumeToken }, true);
        } catch (error) {
            if (!isRefusal(error)) throw error;
            if (this.#entry !== entry) return;
            this.#forgetSeat();
            this.emit("lobby.left", howLeft(error));
        }
    }

    /**
     * @param {number} code
     * @param {string} reason
     * @param {Error | null} error
     */
    #finish(code, reason, error) {
        this.#life++;
        this.#rest();
        this.#link.drop();
        if (this.#state === "closed") return;
        this.#setState("closed");
        this.#forgetSeat();
        this.#pause.end();
        this.emit("closed", { code, reason, error });
    }
}
