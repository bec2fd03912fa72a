// auth - accounts over REST: sign in, keep the token fresh, sign out.

import { Emitter } from "./emitter.js";
import { MusterError } from "./errors.js";

/** @typedef {import("./types.js").AuthToken} AuthToken */

const STORAGE_KEY = "muster.auth";
const TIMER_MAX_MS = 2 ** 31 - 1;

/** @extends {Emitter<import("./types.js").AuthEvents>} */
export class AuthClient extends Emitter {
    /** @type {AuthToken | null} */
    #token = null;
    /** @type {Promise<AuthToken> | null} */
    #refreshing = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    #options;

    /** @param {import("./types.js").AuthOptions} [options] */
    constructor(options = {}) {
        super();
        this.#options = {
            ...options,
            baseUrl: options.baseUrl ?? "",
            storage: options.storage ?? null,
            renewBeforeS: options.renewBeforeS ?? 60,
        };
        this.#token = this.#load();
        this.#schedule();
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
     * @returns {Promise<AuthToken>}
     */
    login(username, password) {
        return this.#signIn("login", { username, password });
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
        this.#refreshing ??= this.#renew().finally(() => {
            this.#refreshing = null;
        });
        return this.#refreshing;
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
        const fresh = this.#token.expiresAt * 1000 - Date.now() > 10000;
        if (!renew && fresh) return this.#token.accessToken;
        return (await this.refresh()).accessToken;
    }

    /** Forget the token, and tell the server. The token is gone here even if that fails. */
    async logout() {
        const token = this.#token;
        this.#keep(null);
        if (token) await this.#post("logout", { refreshToken: token.refreshToken });
    }

    /** Stop renewing in the background; the token stays. */
    stop() {
        clearTimeout(this.#timer);
    }

    /**
     * @param {string} path
     * @param {object} body
     * @returns {Promise<AuthToken>}
     */
    async #signIn(path, body) {
        return this.#keep(asToken(await this.#post(path, body)));
    }

    /** @returns {Promise<AuthToken>} */
    async #renew() {
        // Another tab may have renewed; a refresh token used twice would end the whole family.
        const stored = this.#load();
        if (stored && this.#token && stored.expiresAt > this.#token.expiresAt) {
            return this.#keep(stored);
        }
        if (!this.#token) throw new MusterError("signed_out", "sign in first");
        try {
            const body = { refreshToken: this.#token.refreshToken };
            return this.#keep(asToken(await this.#post("refresh", body)));
        } catch (error) {
            const refused = error instanceof MusterError && [400, 401, 403].includes(error.status);
            if (refused) this.#keep(null);
            else this.#schedule(15000);
            throw error;
        }
    }

    /**
     * @param {string} path
     * @param {object} body
     * @returns {Promise<any>}
     */
    async #post(path, body) {
        const fetch = this.#options.fetch ?? globalThis.fetch;
        let response;
        try {
            response = await fetch(`${this.#options.baseUrl}/v1/auth/${path}`, {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify(body),
                redirect: "error",
            });
        } catch (error) {
            throw new MusterError("unreachable", "The server does not answer.", {
                data: { cause: String(error) },
            });
        }
        if (!response.ok) throw await errorFromProblem(response);
        return response.status === 204 ? null : response.json();
    }

    /**
     * @template {AuthToken | null} T
     * @param {T} token
     * @returns {T}
     */
    #keep(token) {
        this.#token = token;
        const storage = this.#options.storage;
        if (token) storage?.setItem(STORAGE_KEY, JSON.stringify(token));
        else storage?.removeItem(STORAGE_KEY);
        this.#schedule();
        this.emit("changed", { token });
        return token;
    }

    /** @returns {AuthToken | null} */
    #load() {
        const text = this.#options.storage?.getItem(STORAGE_KEY);
        if (!text) return null;
        try {
            return asToken(JSON.parse(text));
        } catch {
            return null;
        }
    }

    /** @param {number} [delayMs] */
    #schedule(delayMs) {
        clearTimeout(this.#timer);
        if (!this.#token) return;
        const due = (this.#token.expiresAt - this.#options.renewBeforeS) * 1000 - Date.now();
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
 * @param {any} value
 * @returns {AuthToken}
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

/**
 * @param {Response} response
 * @returns {Promise<MusterError>}
 */
async function errorFromProblem(response) {
    /** @type {any} */
    let problem = {};
    if ((response.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) {
        problem = await response.json().catch(() => ({}));
    }
    const text = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
    return new MusterError(problem.code ?? "http_error", text, {
        status: response.status,
        data: problem,
    });
}
