import { LobbyControl } from "./lobby.js";
import { Requests } from "./requests.js";
export type Entry = import("./types.js").Entry;
export type Reservation = import("./types.js").Reservation;
export declare class MusterClient extends Requests {
    #private;
    /** @param {import("./types.js").ClientOptions} options */
    constructor(options: import("./types.js").ClientOptions);
    get state(): import("./types.js").ConnectionState;
    /** The session, null before connect(). */
    get session(): import("./types.js").PlayerSession | null;
    /** Where the player sits, null outside of a lobby. Kept up to date. */
    get entry(): import("./types.js").Entry | null;
    /** What members and the host do in the lobby at hand. */
    get lobby(): LobbyControl;
    /** URL of the node at hand. */
    get url(): string;
    /** Round trip measured last, 0 before the first. */
    get rttMs(): number;
    /** A match runs, and nothing has been heard for a second: see the event "line". */
    get isSilent(): boolean;
    /**
     * Open the connection and authenticate. Rejects when that fails; later drops are mended.
     *
     * @param {import("./types.js").TokenSource} token
     * @returns {Promise<{lobbyId: string} | null>} a lobby that resume() may lead back to
     */
    connect(token: import("./types.js").TokenSource): Promise<{
        lobbyId: string;
    } | null>;
    /**
     * Sign in with a ticket for a seat, which is good once, and take the seat: what a player needs
     * who was given nothing else. Drops are mended by the seat, until it is lost.
     *
     * @param {string} ticket
     * @param {string} [url] of the node that takes it, when it is another than the client's
     * @returns {Promise<Entry>}
     */
    connectToSeat(ticket: string, url?: string): Promise<Entry>;
    /**
     * A newer token of the same player, on the connection at hand. Needed where the client cannot
     * renew by itself: connect() was given a text, or `renewBeforeS` is 0.
     *
     * @param {string} token
     */
    authenticate(token: string): Promise<void>;
    /** Close for good. The seat is kept for the resume window; leave() first to give it up. */
    close(): void;
    /** Do not wait out the back-off: the network is back. */
    retryNow(): void;
    /**
     * Any method of the wire.
     *
     * @param {string} method
     * @param {object} [params]
     * @param {import("./types.js").CallOptions} [options]
     * @returns {Promise<any>}
     */
    call(method: string, params?: object, options?: import("./types.js").CallOptions): Promise<any>;
    /**
     * @param {import("./types.js").RpcRequest[]} requests 1 to 16
     * @returns {Promise<import("./types.js").RpcOutcome[]>}
     */
    batch(requests: import("./types.js").RpcRequest[]): Promise<import("./types.js").RpcOutcome[]>;
    /**
     * Create a lobby and take the seat in it.
     *
     * @param {import("./types.js").CreateOptions} options
     * @returns {Promise<Entry>}
     */
    createLobby(options: import("./types.js").CreateOptions): Promise<Entry>;
    /**
     * Reserve a seat and take it, on whichever node owns the lobby.
     *
     * @param {string} lobbyId
     * @param {import("./types.js").JoinOptions} [options]
     * @returns {Promise<Entry>}
     */
    joinLobby(lobbyId: string, options?: import("./types.js").JoinOptions): Promise<Entry>;
    /**
     * Like joinLobby, by the code that a member of the lobby passed on.
     *
     * @param {string} code
     * @param {import("./types.js").JoinOptions} [options]
     * @returns {Promise<Entry>}
     */
    joinByCode(code: string, options?: import("./types.js").JoinOptions): Promise<Entry>;
    /**
     * Take a reserved seat, following its url to another node when it names one.
     *
     * @param {Reservation} reservation
     * @returns {Promise<Entry>}
     */
    enter(reservation: Reservation): Promise<Entry>;
    /**
     * Back to a seat, e.g. after a reload of the page.
     *
     * @param {string} resumeToken
     * @param {string} [url] the node of that seat
     * @returns {Promise<Entry>}
     */
    resume(resumeToken: string, url?: string): Promise<Entry>;
    /**
     * Let the server place the player: search, then take the seat that was found.
     *
     * @param {import("./types.js").FindOptions} options
     * @returns {Promise<Entry>}
     */
    findMatch(options: import("./types.js").FindOptions): Promise<Entry>;
    /**
     * Give up the seat; back to the first node when another owned the lobby. Where that cannot be
     * reached, the connection stays with the other.
     */
    leave(): Promise<void>;
    /**
     * Send one input; once a tick.
     *
     * @param {import("./types.js").Input} input
     * @returns {boolean} false while there is no connection
     */
    sendInput(input: import("./types.js").Input): boolean;
    /**
     * Send bytes that mean what the mode says they mean: a turn of a board game. Each comes once, in
     * order; one that is not taken comes back as "match.messageRefused".
     *
     * @param {Uint8Array} message 1 to 1024 bytes
     * @returns {boolean} false while there is no connection
     */
    sendMessage(message: Uint8Array): boolean;
}
