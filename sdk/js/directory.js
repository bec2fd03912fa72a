// directory - a directory of servers: players sign in there, and it says where they play.

import { postJson } from "./http.js";

/** @typedef {import("./types.js").Allocation} Allocation */
/** @typedef {import("./types.js").AllocationOptions} AllocationOptions */

export class DirectoryClient {
    #auth;
    #options;

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
    async allocate(wanted) {
        const { baseUrl = this.#auth.baseUrl, ...options } = this.#options;
        const token = await this.#auth.accessToken();
        return postJson(`${baseUrl}/v1/allocations`, wanted, { ...options, token });
    }

    /**
     * Find a seat and take it. A client that plays elsewhere gives that up when a seat was found.
     *
     * @param {import("./client.js").MusterClient} client
     * @param {AllocationOptions} wanted
     * @returns {Promise<import("./types.js").Entry>}
     */
    async play(client, wanted) {
        const { token, url } = await this.allocate(wanted);
        if (client.state !== "idle") client.close();
        return client.connectToSeat(token, url);
    }
}
