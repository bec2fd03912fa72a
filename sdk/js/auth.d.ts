import { Emitter } from "./emitter.js";
export type AuthToken = import("./types.js").AuthToken;
/** @extends {Emitter<import("./types.js").AuthEvents>} */
export declare class AuthClient extends Emitter<import("./types.js").AuthEvents> {
    #private;
    /** @param {import("./types.js").AuthOptions} [options] */
    constructor(options?: import("./types.js").AuthOptions);
    /** Of the server; "" is the page's own. */
    get baseUrl(): string;
    /** The token at hand, null when signed out. It may have expired: see accessToken(). */
    get current(): import("./types.js").AuthToken | null;
    /**
     * @param {import("./types.js").RegisterDetails} details
     * @returns {Promise<AuthToken>}
     */
    register(details: import("./types.js").RegisterDetails): Promise<AuthToken>;
    /**
     * @param {string} username
     * @param {string} password
     * @param {string} [code] of the console's admin-code: makes the account an administrator
     * @returns {Promise<AuthToken>}
     */
    login(username: string, password: string, code?: string): Promise<AuthToken>;
    /**
     * @param {{displayName?: string, region?: string}} [details]
     * @returns {Promise<AuthToken>}
     */
    guest(details?: {
        displayName?: string;
        region?: string;
    }): Promise<AuthToken>;
    /**
     * A newer token for the refresh token at hand. Callers at the same time share one request.
     *
     * @returns {Promise<AuthToken>}
     */
    refresh(): Promise<AuthToken>;
    /**
     * An access token that is still good, renewed when it is about to end. Fits as the token
     * source of MusterClient.connect.
     *
     * @param {boolean} [renew] ask for a newer one in any case
     * @returns {Promise<string>}
     */
    accessToken(renew?: boolean): Promise<string>;
    /** Forget the token, and tell the server. The token is gone here even if that fails. */
    logout(): Promise<void>;
    /** Stop renewing in the background; the token stays. */
    stop(): void;
}
