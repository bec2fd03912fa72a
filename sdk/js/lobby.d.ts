/** Methods of the lobby at hand; `client.lobby`. Refusals reject with a MusterError that says why. */
export declare class LobbyControl {
    #private;
    /** @param {{call(method: string, params?: object): Promise<any>}} client */
    constructor(client: {
        call(method: string, params?: object): Promise<any>;
    });
    /** @param {boolean} ready */
    ready(ready: boolean): Promise<void>;
    /** Start the match now; the host. */
    start(): Promise<void>;
    /** @param {boolean} locked nobody else comes in; the host */
    lock(locked: boolean): Promise<void>;
    /**
     * All or none; the host.
     *
     * @param {Record<string, import("./types.js").SettingValue>} settings
     * @returns {Promise<import("./types.js").LobbyInfo>}
     */
    updateSettings(settings: Record<string, import("./types.js").SettingValue>): Promise<import("./types.js").LobbyInfo>;
    /** @param {string} playerId the host from now on */
    transferHost(playerId: string): Promise<void>;
    /**
     * @param {string} playerId
     * @param {string} [reason]
     */
    kick(playerId: string, reason?: string): Promise<void>;
    /**
     * @param {string} playerId
     * @param {{reason?: string, seconds?: number}} [options] without seconds: as long as the lobby
     */
    ban(playerId: string, options?: {
        reason?: string;
        seconds?: number;
    }): Promise<void>;
    /** @param {string} playerId */
    unban(playerId: string): Promise<void>;
    /** @param {string} password "" for none */
    setPassword(password: string): Promise<void>;
    /**
     * With a playerId: that player needs nothing else. Without: a text for whoever has it, to be
     * given as `secret` when joining.
     *
     * @param {{playerId?: string, expiresInS?: number}} [options]
     * @returns {Promise<import("./types.js").Invitation & {notified: boolean}>}
     */
    invite(options?: {
        playerId?: string;
        expiresInS?: number;
    }): Promise<import("./types.js").Invitation & {
        notified: boolean;
    }>;
    /** @param {{playerId?: string, invitation?: string}} which */
    revokeInvitation(which: {
        playerId?: string;
        invitation?: string;
    }): Promise<void>;
    /** Who may come in; the host. @returns {Promise<import("./types.js").LobbyAccess>} */
    access(): Promise<import("./types.js").LobbyAccess>;
    /** @returns {Promise<string>} a new join code; the old one leads nowhere */
    renewCode(): Promise<string>;
    /**
     * @param {import("./types.js").Team} team
     * @param {string} [playerId] somebody else's; the host
     */
    setTeam(team: import("./types.js").Team, playerId?: string): Promise<void>;
    shuffleTeams(): Promise<void>;
    swapTeams(): Promise<void>;
    /** The tally comes as "lobby.vote", the end as "lobby.voteEnded". */
    voteMap(): Promise<void>;
    /** @param {string} playerId */
    voteKick(playerId: string): Promise<void>;
    /**
     * @param {number} voteId of the tally
     * @param {string} option one of its options
     */
    castVote(voteId: number, option: string): Promise<void>;
    /** @returns {Promise<import("./types.js").Preset[]>} */
    presets(): Promise<import("./types.js").Preset[]>;
    /** @param {string} name */
    applyPreset(name: string): Promise<void>;
    /** @param {string} name keeps the lobby's settings for this player, without secrets */
    savePreset(name: string): Promise<void>;
    /** @param {string} name */
    deletePreset(name: string): Promise<void>;
    /**
     * A rule script of one's own, for this lobby alone; the host, on a server that takes uploads.
     * The same name again takes the place of the one before.
     *
     * @param {string} name at most 23 bytes
     * @param {string} source Lua, at most 64 KiB
     * @returns {Promise<import("./types.js").UploadedRule>}
     */
    uploadRule(name: string, source: string): Promise<import("./types.js").UploadedRule>;
    /** @param {string} id of an uploaded rule */
    removeRule(id: string): Promise<void>;
}
