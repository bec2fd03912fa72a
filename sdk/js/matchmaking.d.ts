/**
 * Ends when seated, refused, aborted by the signal, replaced by another search or seat, or when the
 * connection is given up. One that drops and comes back goes on with the search.
 *
 * @param {import("./client.js").MusterClient} client
 * @param {import("./types.js").FindOptions} options
 * @returns {Promise<import("./types.js").Entry>}
 */
export declare function findMatch(client: import("./client.js").MusterClient, { signal, ...wanted }: import("./types.js").FindOptions): Promise<import("./types.js").Entry>;
