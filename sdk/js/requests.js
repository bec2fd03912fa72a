// requests - what a client asks of a server without keeping anything of it. Reads that come too fast
// are asked again when the server takes them.

import { Emitter } from "./emitter.js";
import { patiently } from "./policy.js";

/** @extends {Emitter<import("./types.js").ClientEvents>} */
export class Requests extends Emitter {
    /**
     * Any method of the wire.
     *
     * @param {string} _method
     * @param {object} [_params]
     * @param {import("./types.js").CallOptions} [_options]
     * @returns {Promise<any>}
     */
    call(_method, _params, _options) {
        throw new TypeError("call() is what a subclass brings");
    }

    /** @returns {Promise<import("./types.js").ServerInfo>} */
    serverInfo() {
        return patiently(() => this.call("server.info"));
    }

    /**
     * Modes and rules from scripts; `method_not_found` where a server has none.
     *
     * @returns {Promise<import("./types.js").ModList>}
     */
    mods() {
        return patiently(() => this.call("mods.list"));
    }

    /**
     * @param {import("./types.js").LobbyFilter} [filter]
     * @returns {Promise<import("./types.js").LobbyPage>}
     */
    listLobbies(filter = {}) {
        return patiently(() => this.call("lobby.list", filter));
    }

    /**
     * @param {string} lobbyId
     * @returns {Promise<import("./types.js").LobbyInfo>}
     */
    getLobby(lobbyId) {
        return patiently(() => this.call("lobby.get", { lobbyId }));
    }

    /**
     * @param {string} text at most 300 bytes
     * @param {"all" | "team"} [channel]
     */
    async chat(text, channel = "all") {
        await this.call("lobby.chat", { text, channel });
    }

    /** @param {import("./types.js").Team} team */
    async setTeam(team) {
        await this.call("lobby.setTeam", { team });
    }

    /** @param {boolean} choice */
    async voteRestart(choice) {
        await this.call("lobby.vote", { vote: "restart", choice });
    }

    /** @returns {Promise<import("./types.js").Scoreboard>} */
    scoreboard() {
        return patiently(() => this.call("match.scoreboard"));
    }

    /** Ask that the next snapshot be full. */
    async resync() {
        await this.call("match.resync");
    }
}
