// auth - accounts over REST: sign in, keep the token fresh, sign out.

import { Emitter } from "./emitter.js";
import { MusterError } from "./errors.js";
import { postJson } from "./http.js";
import { backoffMs } from "./policy.js";
import { renewalDelayMs } from "./renewal.js";

/** @typedef {import("./types.js").AuthToken} AuthToken */

const STORAGE_KEY = "muster.auth";
const TIMER_MAX_MS = 2 ** 31 - 1;
const RETRY = { baseMs: 5000, maxMs: 60000 };
/** A tab that holds the lock longer than that has been frozen. */
const LOCK_MS = 10000;
/** A token is good while it lasts longer than that. */
const FRESH_MS = 10000;

/** @extends {Emitter<import("./types.js").AuthEvents>} */
export class AuthClient extends Emitter {
    /** @type {AuthToken | null} */
    #token = null;
    /** When it ends, by the clock here. */
    #endsAtMs = 0;
    /** The request on its way, and what it was made for.
     * @type {{token: AuthToken | null, answer: Promise<AuthToken>} | null} */
    #refreshing = null;
    /** Sign-ins and sign-outs asked for: the last one counts, whichever is answered last. */
    #asked = 0;
    #failures = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    /** @type {import("./types.js").TokenStorage | null} */
    #storage;
    #options;

    /** @param {import("./types.js").AuthOptions} [options] */
    constructor(options = {}) {
        super();
        this.#options = {
            ...options,
            baseUrl: options.baseUrl ?? "",
            renewBeforeS: options.renewBeforeS ?? 60,
            timeoutMs: options.timeoutMs ?? 10000,
            random: options.random ?? Math.random,
        };
        this.#storage = options.storage ?? null;
        this.#take(this.#load());
        if (this.#storage) globalThis.addEventListener?.("storage", this.#onStorage);
    }

    /** Of the server; "" is the page's own. */
    get baseUrl() {
        return this.#options.baseUrl;
    }

    /** The token at hand, null when signed out. It may have expired: see accessToken(). */
    get current() {
        return this.#token;
    }

    /**
     * @param {import("./types.js").RegisterDetails} details
     * @returns {Promise<AuthToken>}
     */
    register(details) {
        return this.#signIn("register", details);
    }

    /**
     * @param {string} username
     * @param {string} password
     * @param {string} [code] of the console's admin-code: makes the account an administrator
     * @returns {Promise<AuthToken>}
     */
    login(username, password, code) {
        return this.#signIn("login", { username, password, ...(code ? { code } : {}) });
    }

    /**
     * @param {{displayName?: string, region?: string}} [details]
     * @returns {Promise<AuthToken>}
     */
    guest(details = {}) {
        return this.#signIn("guest", details);
    }

    /**
     * A newer token for the refresh token at hand. Callers at the same time share one request.
     *
     * @returns {Promise<AuthToken>}
     */
    refresh() {
        const token = this.#token;
        if (this.#refreshing && this.#refreshing.token === token) return this.#refreshing.answer;
        const answer = this.#alone(() => this.#renew(token)).finally(() => {
            if (this.#refreshing?.answer === answer) this.#refreshing = null;
        });
        this.#refreshing = { token, answer };
        return answer;
    }

    /**
     * An access token that is still good, renewed when it is about to end. Fits as the token
     * source of MusterClient.connect.
     *
     * @param {boolean} [renew] ask for a newer one in any case
     * @returns {Promise<string>}
     */
    async accessToken(renew = false) {
        if (!this.#token) throw new MusterError("signed_out", "sign in first");
        if (!renew && this.#leftMs() > FRESH_MS) return this.#token.accessToken;
        return (await this.refresh()).accessToken;
    }

    /** Forget the token, and tell the server. The token is gone here even if that fails. */
    async logout() {
        const token = this.#token;
        this.#asked++;
        this.#keep(null);
        if (token) await this.#post("logout", { refreshToken: token.refreshToken });
    }

    /** Stop renewing in the background; the token stays. */
    stop() {
        clearTimeout(this.#timer);
        if (this.#storage) globalThis.removeEventListener?.("storage", this.#onStorage);
    }

    /**
     * @param {string} path
     * @param {object} body
     * @returns {Promise<AuthToken>}
     */
    async #signIn(path, body) {
        const asked = ++this.#asked;
        const token = asToken(await this.#post(path, body));
        if (asked === this.#asked) return this.#keep(token);
        throw new MusterError("superseded", "Another sign-in or a sign-out came later.");
    }

    /**
     * One tab at a time: the next one finds what the first has stored.
     *
     * @param {() => Promise<AuthToken>} renew
     * @returns {Promise<AuthToken>}
     */
    async #alone(renew) {
        const locks = this.#storage && globalThis.navigator?.locks;
        if (!locks) return renew();
        const wait = new AbortController();
        const timer = setTimeout(() => wait.abort(), LOCK_MS);
        try {
            return await locks.request(STORAGE_KEY, { signal: wait.signal }, () => {
                clearTimeout(timer);
                return renew();
            });
        } catch (error) {
            if (!wait.signal.aborted) throw error;
            return renew();
        }
    }

    /**
     * @param {AuthToken | null} before what the caller has seen
     * @returns {Promise<AuthToken>}
     */
    async #renew(before) {
        this.#adopt();
        const token = this.#token;
        if (!token || token !== before) return this.#instead(before);
        try {
            const answer = asToken(await this.#post("refresh", { refreshToken: token.refreshToken }));
            this.#adopt();
            return this.#token === token ? this.#keep(answer) : this.#instead(token);
        } catch (error) {
            this.#adopt();
            if (this.#token !== token) return this.#instead(token);
            const refused = error instanceof MusterError && [400, 401, 403].includes(error.status);
            if (refused) this.#keep(null);
            else this.#schedule(backoffMs(++this.#failures, RETRY, this.#options.random));
            throw error;
        }
    }

    /**
     * The token that has taken the place of another meanwhile, if it is the same player's.
     *
     * @param {AuthToken | null} before
     * @returns {AuthToken}
     */
    #instead(before) {
        if (this.#token && this.#token.playerId === before?.playerId) return this.#token;
        throw new MusterError("signed_out", "sign in first");
    }

    /**
     * @param {string} path
     * @param {object} body
     * @returns {Promise<any>}
     */
    #post(path, body) {
        return postJson(`${this.baseUrl}/v1/auth/${path}`, body, this.#options);
    }

    /**
     * @template {AuthToken | null} T
     * @param {T} token
     * @returns {T}
     */
    #keep(token) {
        this.#take(token && { token, endsAtMs: endOf(token) });
        this.#save();
        this.emit("changed", { token, elsewhere: false });
        return token;
    }

    /** @param {{token: AuthToken, endsAtMs: number} | null} held */
    #take(held) {
        this.#token = held?.token ?? null;
        this.#endsAtMs = held?.endsAtMs ?? 0;
        this.#failures = 0;
        this.#schedule();
    }

    /** What another tab has stored counts here, too. */
    #adopt() {
        if (!this.#storage) return;
        const held = this.#load();
        if (held?.token.accessToken === this.#token?.accessToken) return;
        this.#take(held);
        this.emit("changed", { token: this.#token, elsewhere: true });
    }

    /** Of whatever key: the storage given may be one behind another, with names of its own. */
    #onStorage = () => this.#adopt();

    #save() {
        const held = { ...this.#token, endsAtMs: this.#endsAtMs };
        try {
            if (this.#token) this.#storage?.setItem(STORAGE_KEY, JSON.stringify(held));
            else this.#storage?.removeItem(STORAGE_KEY);
        } catch {
            this.#storage = null; // full or forbidden: the token lasts as long as the page
        }
    }

    /** @returns {{token: AuthToken, endsAtMs: number} | null} */
    #load() {
        try {
            const text = this.#storage?.getItem(STORAGE_KEY);
            if (!text) return null;
            const { endsAtMs, ...token } = asToken(JSON.parse(text));
            return { token, endsAtMs: endsAtMs ?? token.expiresAt * 1000 };
        } catch {
            return null;
        }
    }

    /** 0, too, where the clock has been set back: more than the whole life cannot be left. */
    #leftMs() {
        const leftMs = this.#endsAtMs - Date.now();
        return leftMs > (this.#token?.expiresIn ?? Infinity) * 1000 ? 0 : leftMs;
    }

    /** @param {number} [delayMs] */
    #schedule(delayMs) {
        clearTimeout(this.#timer);
        if (!this.#token) return;
        const { renewBeforeS, random } = this.#options;
        // Tabs share the storage: they do not renew at the same moment.
        const due = renewalDelayMs(this.#leftMs(), renewBeforeS * 1000, this.#storage ? random : () => 0);
        const wait = Math.min(Math.max(delayMs ?? due, 1000), TIMER_MAX_MS);
        this.#timer = setTimeout(() => {
            // Who needs the token hears of the failure from accessToken(); here it is tried again.
            this.refresh().catch(() => {});
        }, wait);
        // In Node a timer alone must not keep the process alive.
        const timer = /** @type {any} */ (this.#timer);
        if (typeof timer.unref === "function") timer.unref();
    }
}

/**
 * When it ends by the clock here, which need not be the server's.
 *
 * @param {AuthToken} token just received
 */
function endOf({ expiresIn, expiresAt }) {
    return expiresIn === undefined ? expiresAt * 1000 : Date.now() + expiresIn * 1000;
}

/**
 * @param {any} value
 * @returns {AuthToken & {endsAtMs?: number}}
 */
function asToken(value) {
    const good =
        value &&
        typeof value.accessToken === "string" &&
        typeof value.refreshToken === "string" &&
        typeof value.expiresAt === "number";
    if (!good) throw new MusterError("bad_answer", "The server's answer is no AuthToken.");
    return value;
}
