// matchmaking - the search for a match: ask, wait to be placed, take the seat.

import { MusterError } from "./errors.js";
import { patiently } from "./policy.js";

/** The search of each client: a player has one, the next replaces it.
 * @type {WeakMap<import("./client.js").MusterClient, AbortController>} */
const searches = new WeakMap();

/**
 * Ends when seated, refused, aborted by the signal, replaced by another search or seat, or when the
 * connection is given up. One that drops and comes back goes on with the search.
 *
 * @param {import("./client.js").MusterClient} client
 * @param {import("./types.js").FindOptions} options
 * @returns {Promise<import("./types.js").Entry>}
 */
export async function findMatch(client, { signal, ...wanted }) {
    signal?.throwIfAborted();
    const stop = new AbortController();
    searches.get(client)?.abort(new MusterError("search_replaced", "another search has begun"));
    searches.set(client, stop);
    const onAbort = () => stop.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
        const reservation = await search(client, wanted, stop);
        const entry = await client.enter(reservation);
        if (!signal?.aborted) return entry;
        await client.leave().catch(() => {}); // too late for the search, not for the seat
        throw signal.reason;
    } catch (error) {
        const isOurs = searches.get(client) === stop;
        if (signal?.aborted && isOurs) await client.call("match.cancel").catch(() => {});
        throw error;
    } finally {
        signal?.removeEventListener("abort", onAbort);
        if (searches.get(client) === stop) searches.delete(client);
    }
}

/**
 * @param {import("./client.js").MusterClient} client
 * @param {object} wanted
 * @param {AbortController} stop
 * @returns {Promise<import("./types.js").Reservation>} of this search, not of one before
 */
async function search(client, wanted, stop) {
    const off = client.on("entered", () =>
        stop.abort(new MusterError("search_replaced", "a seat was taken otherwise")));
    try {
        for (;;) {
            const found = await searchOnce(client, wanted, stop.signal).catch((error) => {
                if (stop.signal.aborted || error.code !== "connection_lost") throw error;
            });
            if (found) return found;
            await backOnline(client, stop.signal);
        }
    } finally {
        off();
    }
}

/**
 * As long as the connection lasts.
 *
 * @param {import("./client.js").MusterClient} client
 * @param {object} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<import("./types.js").Reservation>}
 */
async function searchOnce(client, wanted, signal) {
    /** @type {import("./types.js").ClientEvents["match.found"][]} */
    const founds = [];
    const lost = new AbortController();
    const offs = [
        client.on("match.found", (found) => founds.push(found)),
        client.on("state", () =>
            lost.abort(new MusterError("connection_lost", "the connection dropped"))),
    ];
    const onAbort = () => lost.abort(signal.reason);
    signal.addEventListener("abort", onAbort);
    try {
        const { ticketId } = await patiently(() => client.call("match.find", wanted));
        for (;;) {
            signal.throwIfAborted();
            lost.signal.throwIfAborted();
            const found = founds.find((one) => one.ticketId === ticketId);
            if (found) return found;
            await client.once("match.found", { signal: lost.signal });
        }
    } finally {
        signal.removeEventListener("abort", onAbort);
        for (const off of offs) off();
    }
}

/**
 * @param {import("./client.js").MusterClient} client
 * @param {AbortSignal} signal
 */
async function backOnline(client, signal) {
    while (client.state !== "online") {
        if (client.state === "closed")
            throw new MusterError("connection_lost", "the connection dropped");
        await client.once("state", { signal });
    }
}
