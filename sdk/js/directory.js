// directory - a directory of servers: players sign in there, and it says where they play.

import { postJson } from "./http.js";
import { Presence } from "./presence.js";

/** @typedef {import("./types.js").Allocation} Allocation */
/** @typedef {import("./types.js").AllocationOptions} AllocationOptions */

export class DirectoryClient {
    #auth;
    #options;
    #presence = new Presence((serverId) => this.#post("/v1/presence", { serverId }));

    /**
     * @param {import("./auth.js").AuthClient} auth signed in at the directory
     * @param {import("./types.js").DirectoryOptions} [options]
     */
    constructor(auth, options = {}) {
        this.#auth = auth;
        this.#options = { ...options, timeoutMs: options.timeoutMs ?? 15000 };
    }

    /**
     * A seat on one of the servers, held for a minute. The token opens it, once, and nothing else.
     *
     * @param {AllocationOptions} wanted
     * @returns {Promise<Allocation>}
     */
    allocate(wanted) {
        return this.#post("/v1/allocations", wanted);
    }

    /**
     * Find a seat and take it. A client that plays elsewhere gives that up when a seat was found.
     * While it plays, the directory is told so each minute: that is what makes the player count.
     *
     * @param {import("./client.js").MusterClient} client
     * @param {AllocationOptions} wanted
     * @returns {Promise<import("./types.js").Entry>}
     */
    async play(client, wanted) {
        const { serverId, token, url } = await this.allocate(wanted);
        if (client.state !== "idle") client.close();
        const entry = await client.connectToSeat(token, url);
        this.#presence.begin(client, serverId);
        return entry;
    }

    /**
     * @param {string} path
     * @param {object} body
     */
    async #post(path, body) {
        const { baseUrl = this.#auth.baseUrl, ...options } = this.#options;
        const token = await this.#auth.accessToken();
        return postJson(baseUrl + path, body, { ...options, token });
    }
}
