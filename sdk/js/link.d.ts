import { Connection } from "./connection.js";
export declare class Link {
    #private;
    /**
     * @param {import("./types.js").LinkHandlers} handlers
     * @param {import("./types.js").ConnectionOptions & {compress: boolean}} options
     */
    constructor(handlers: import("./types.js").LinkHandlers, options: import("./types.js").ConnectionOptions & {
        compress: boolean;
    });
    /** The connection that counts, null when there is none. */
    get current(): Connection | null;
    /** @returns {Connection} the one that counts */
    need(): Connection;
    /** Another one is on its way: who makes it sees to what comes next. */
    get isMaking(): boolean;
    /**
     * Open a connection and authenticate. The one at hand stays until that has worked.
     *
     * @param {string} url
     * @param {() => Promise<string>} getToken
     * @param {string} [resumeToken] of a seat to come back to
     * @returns {Promise<import("./types.js").SignIn>}
     */
    make(url: string, getToken: () => Promise<string>, resumeToken?: string): Promise<import("./types.js").SignIn>;
    /**
     * The session of the connection; it takes the place of the one at hand.
     *
     * @param {string} token
     * @param {Connection} connection
     * @param {string} [resumeToken]
     * @returns {Promise<import("./types.js").SignIn>}
     */
    authenticate(token: string, connection: Connection, resumeToken?: string): Promise<import("./types.js").SignIn>;
    /** Give up the connection at hand and the one that is being made. */
    drop(): void;
}
