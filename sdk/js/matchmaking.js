// matchmaking - the search for a match: ask, wait to be placed, take the seat.

import { MusterError } from "./errors.js";

/**
 * Ends when seated, refused, aborted by the signal, or when the connection drops.
 *
 * @param {import("./client.js").MusterClient} client
 * @param {import("./types.js").FindOptions} options
 * @returns {Promise<import("./types.js").Entry>}
 */
export async function findMatch(client, { signal, ...wanted }) {
    const stop = new AbortController();
    const found = client.once("match.found", { signal: stop.signal });
    found.catch(() => {}); // awaited below, but maybe only after it has failed
    const lost = client.on("state", () =>
        stop.abort(new MusterError("connection_lost", "the connection dropped")));
    const onAbort = () => stop.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
        signal?.throwIfAborted();
        await client.call("match.find", wanted);
        return await client.enter(await found);
    } catch (error) {
        stop.abort(error);
        if (signal?.aborted) await client.call("match.cancel").catch(() => {});
        throw error;
    } finally {
        lost();
        signal?.removeEventListener("abort", onAbort);
    }
}
