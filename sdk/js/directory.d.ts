export type Allocation = import("./types.js").Allocation;
export type AllocationOptions = import("./types.js").AllocationOptions;
/** @typedef {import("./types.js").Allocation} Allocation */
/** @typedef {import("./types.js").AllocationOptions} AllocationOptions */
export declare class DirectoryClient {
    #private;
    /**
     * @param {import("./auth.js").AuthClient} auth signed in at the directory
     * @param {import("./types.js").DirectoryOptions} [options]
     */
    constructor(auth: import("./auth.js").AuthClient, options?: import("./types.js").DirectoryOptions);
    /**
     * A seat on one of the servers, held for a minute. The token opens it, once, and nothing else.
     *
     * @param {AllocationOptions} wanted
     * @returns {Promise<Allocation>}
     */
    allocate(wanted: AllocationOptions): Promise<Allocation>;
    /**
     * Find a seat and take it. A client that plays elsewhere gives that up when a seat was found.
     * While it plays, the directory is told so each minute: that is what makes the player count.
     *
     * @param {import("./client.js").MusterClient} client
     * @param {AllocationOptions} wanted
     * @returns {Promise<import("./types.js").Entry>}
     */
    play(client: import("./client.js").MusterClient, wanted: AllocationOptions): Promise<import("./types.js").Entry>;
}
