// link - the one connection that counts: made, authenticated, put in the place of the one before.
//
// What is under way when something newer begins, or when all is given up, comes to nothing.

import { Connection } from "./connection.js";
import { MusterError } from "./errors.js";
import { patiently } from "./policy.js";

export class Link {
    /** Grows whenever what is under way must come to nothing. */
    #attempt = 0;
    /** @type {Connection | null} */
    #current = null;
    /** The connection that is being made.
     * @type {Connection | null} */
    #pending = null;
    #handlers;
    #options;

    /**
     * @param {import("./types.js").LinkHandlers} handlers
     * @param {import("./types.js").ConnectionOptions & {compress: boolean}} options
     */
    constructor(handlers, options) {
        this.#handlers = handlers;
        this.#options = options;
    }

    /** The connection that counts, null when there is none. */
    get current() {
        return this.#current;
    }

    /** @returns {Connection} the one that counts */
    need() {
        if (this.#current?.isOpen) return this.#current;
        throw new MusterError("connection_lost", "not connected");
    }

    /** Another one is on its way: who makes it sees to what comes next. */
    get isMaking() {
        return this.#pending !== null;
    }

    /**
     * Open a connection and authenticate. The one at hand stays until that has worked.
     *
     * @param {string} url
     * @param {() => Promise<string>} getToken
     * @param {string} [resumeToken] of a seat to come back to
     * @returns {Promise<import("./types.js").SignIn>}
     */
    async make(url, getToken, resumeToken) {
        const attempt = this.#supersede();
        const connection = (this.#pending = this.#newConnection(url));
        try {
            const token = await getToken();
            if (attempt === this.#attempt) await connection.open();
            if (attempt === this.#attempt) return await this.authenticate(token, connection, resumeToken);
        } catch (error) {
            connection.abort(1000, "");
            if (attempt === this.#attempt) throw error;
        } finally {
            if (this.#pending === connection) this.#pending = null;
        }
        throw new MusterError("closed", "given up while connecting", { closeCode: 1000 });
    }

    /**
     * The session of the connection; it takes the place of the one at hand.
     *
     * @param {string} token
     * @param {Connection} connection
     * @param {string} [resumeToken]
     * @returns {Promise<import("./types.js").SignIn>}
     */
    async authenticate(token, connection, resumeToken) {
        const accept = (/** @type {any} */ { session, muted, entry }) => {
            // Only now do the messages of the new connection count.
            const old = this.#current;
            this.#current = connection;
            if (this.#pending === connection) this.#pending = null;
            if (old !== connection) old?.abort(1000, "");
            this.#handlers.onSession(connection, session, token);
            if (muted && old !== connection) this.#handlers.onNotification("session.muted", muted);
            if (entry) this.#handlers.onBack(entry);
        };
        const params = {
            token, compress: this.#options.compress, ...(resumeToken && { resumeToken }),
        };
        return patiently(() => connection.call("session.authenticate", params, { accept }));
    }

    /** Give up the connection at hand and the one that is being made. */
    drop() {
        this.#supersede();
        const connection = this.#current;
        this.#current = null;
        connection?.abort(1000, "");
    }

    #supersede() {
        this.#pending?.abort(1000, "");
        this.#pending = null;
        return ++this.#attempt;
    }

    /**
     * @param {string} url
     * @returns {Connection}
     */
    #newConnection(url) {
        const counts = () => connection === this.#current;
        /** @type {Connection} */
        const connection = new Connection(url, {
            onHeard: () => counts() && this.#handlers.onHeard(),
            onNotification: (method, params) =>
                counts() && this.#handlers.onNotification(method, params),
            onSnapshot: (snapshot) => counts() && this.#handlers.onSnapshot(snapshot),
            onClose: (code, reason) => {
                if (!counts()) return;
                this.#current = null;
                this.#handlers.onLost(code, reason);
            },
        }, this.#options);
        return connection;
    }
}
