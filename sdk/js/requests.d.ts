import { Emitter } from "./emitter.js";
/** @extends {Emitter<import("./types.js").ClientEvents>} */
export declare class Requests extends Emitter<import("./types.js").ClientEvents> {
    /**
     * Any method of the wire.
     *
     * @param {string} _method
     * @param {object} [_params]
     * @param {import("./types.js").CallOptions} [_options]
     * @returns {Promise<any>}
     */
    call(_method: string, _params?: object, _options?: import("./types.js").CallOptions): Promise<any>;
    /** @returns {Promise<import("./types.js").ServerInfo>} */
    serverInfo(): Promise<import("./types.js").ServerInfo>;
    /**
     * Modes and rules from scripts; `method_not_found` where a server has none.
     *
     * @returns {Promise<import("./types.js").ModList>}
     */
    mods(): Promise<import("./types.js").ModList>;
    /**
     * @param {import("./types.js").LobbyFilter} [filter]
     * @returns {Promise<import("./types.js").LobbyPage>}
     */
    listLobbies(filter?: import("./types.js").LobbyFilter): Promise<import("./types.js").LobbyPage>;
    /**
     * @param {string} lobbyId
     * @returns {Promise<import("./types.js").LobbyInfo>}
     */
    getLobby(lobbyId: string): Promise<import("./types.js").LobbyInfo>;
    /**
     * @param {string} text at most 300 bytes
     * @param {"all" | "team"} [channel]
     */
    chat(text: string, channel?: "all" | "team"): Promise<void>;
    /** @param {import("./types.js").Team} team */
    setTeam(team: import("./types.js").Team): Promise<void>;
    /** @param {boolean} choice */
    voteRestart(choice: boolean): Promise<void>;
    /** @returns {Promise<import("./types.js").Scoreboard>} */
    scoreboard(): Promise<import("./types.js").Scoreboard>;
    /** Ask that the next snapshot be full. */
    resync(): Promise<void>;
}
