// lobby - what members and the host do in a lobby: docs/protocol.md, "Private lobbies".

const PART_BYTES_MAX = 12 * 1024; // a message has at most 16 KiB

/**
 * The text cut so that each part fits a message.
 *
 * @param {string} text
 * @returns {string[]}
 */
function partsOf(text) {
    if (new TextEncoder().encode(JSON.stringify(text)).length <= PART_BYTES_MAX) return [text];
    let half = text.length >> 1;
    if (/[\uDC00-\uDFFF]/.test(text[half])) half++; // a pair of surrogates is one character
    return [...partsOf(text.slice(0, half)), ...partsOf(text.slice(half))];
}

/** Methods of the lobby at hand; `client.lobby`. Refusals reject with a MusterError that says why. */
export class LobbyControl {
    #client;

    /** @param {{call(method: string, params?: object): Promise<any>}} client */
    constructor(client) {
        this.#client = client;
    }

    /** @param {boolean} ready */
    async ready(ready) {
        await this.#client.call("lobby.ready", { ready });
    }

    /** Start the match now; the host. */
    async start() {
        await this.#client.call("lobby.start");
    }

    /** @param {boolean} locked nobody else comes in; the host */
    async lock(locked) {
        await this.#client.call("lobby.lock", { locked });
    }

    /**
     * All or none; the host.
     *
     * @param {Record<string, import("./types.js").SettingValue>} settings
     * @returns {Promise<import("./types.js").LobbyInfo>}
     */
    async updateSettings(settings) {
        return (await this.#client.call("lobby.updateSettings", { settings })).lobby;
    }

    /** @param {string} playerId the host from now on */
    async transferHost(playerId) {
        await this.#client.call("lobby.transferHost", { playerId });
    }

    /**
     * @param {string} playerId
     * @param {string} [reason]
     */
    async kick(playerId, reason = "") {
        await this.#client.call("lobby.kick", { playerId, reason });
    }

    /**
     * @param {string} playerId
     * @param {{reason?: string, seconds?: number}} [options] without seconds: as long as the lobby
     */
    async ban(playerId, options = {}) {
        await this.#client.call("lobby.ban", { playerId, ...options });
    }

    /** @param {string} playerId */
    async unban(playerId) {
        await this.#client.call("lobby.unban", { playerId });
    }

    /** @param {string} password "" for none */
    async setPassword(password) {
        await this.#client.call("lobby.setPassword", { password });
    }

    /**
     * With a playerId: that player needs nothing else. Without: a text for whoever has it, to be
     * given as `secret` when joining.
     *
     * @param {{playerId?: string, expiresInS?: number}} [options]
     * @returns {Promise<import("./types.js").Invitation & {notified: boolean}>}
     */
    invite(options = {}) {
        return this.#client.call("lobby.invite", options);
    }

    /** @param {{playerId?: string, invitation?: string}} which */
    async revokeInvitation(which) {
        await this.#client.call("lobby.revokeInvitation", which);
    }

    /** Who may come in; the host. @returns {Promise<import("./types.js").LobbyAccess>} */
    access() {
        return this.#client.call("lobby.access");
    }

    /** @returns {Promise<string>} a new join code; the old one leads nowhere */
    async renewCode() {
        return (await this.#client.call("lobby.renewCode")).joinCode;
    }

    /**
     * @param {import("./types.js").Team} team
     * @param {string} [playerId] somebody else's; the host
     */
    async setTeam(team, playerId) {
        await this.#client.call("lobby.setTeam", { team, ...(playerId ? { playerId } : {}) });
    }

    async shuffleTeams() {
        await this.#client.call("lobby.shuffleTeams");
    }

    async swapTeams() {
        await this.#client.call("lobby.swapTeams");
    }

    /** The tally comes as "lobby.vote", the end as "lobby.voteEnded". */
    async voteMap() {
        await this.#client.call("lobby.callVote", { vote: "map" });
    }

    /** @param {string} playerId */
    async voteKick(playerId) {
        await this.#client.call("lobby.callVote", { vote: "kick", playerId });
    }

    /**
     * @param {number} voteId of the tally
     * @param {string} option one of its options
     */
    async castVote(voteId, option) {
        await this.#client.call("lobby.castVote", { voteId, option });
    }

    /** @returns {Promise<import("./types.js").Preset[]>} */
    async presets() {
        return (await this.#client.call("lobby.presets")).presets;
    }

    /** @param {string} name */
    async applyPreset(name) {
        await this.#client.call("lobby.applyPreset", { name });
    }

    /** @param {string} name keeps the lobby's settings for this player, without secrets */
    async savePreset(name) {
        await this.#client.call("lobby.savePreset", { name });
    }

    /** @param {string} name */
    async deletePreset(name) {
        await this.#client.call("lobby.deletePreset", { name });
    }

    /**
     * A rule script of one's own, for this lobby alone; the host, on a server that takes uploads.
     * The same name again takes the place of the one before.
     *
     * @param {string} name at most 23 bytes
     * @param {string} source Lua, at most 64 KiB
     * @returns {Promise<import("./types.js").UploadedRule>}
     */
    async uploadRule(name, source) {
        const parts = partsOf(source);
        const last = parts.length - 1;
        for (let part = 0; part < last; part++) {
            await this.#client.call("lobby.uploadRule", {
                name, source: parts[part], part, more: true,
            });
        }
        return this.#client.call("lobby.uploadRule", { name, source: parts[last], part: last });
    }

    /** @param {string} id of an uploaded rule */
    async removeRule(id) {
        await this.#client.call("lobby.removeRule", { id });
    }
}
