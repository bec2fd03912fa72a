export declare class Presence {
    #private;
    /** @param {(serverId: string) => Promise<{againMs?: number}>} say */
    constructor(say: (serverId: string) => Promise<{
        againMs?: number;
    }>);
    /**
     * From now on, until the client has left its lobby, or begins elsewhere. A word that gets lost
     * is said again: what nobody says any more is forgotten at the directory by itself.
     *
     * @param {import("./client.js").MusterClient} client
     * @param {string} serverId
     */
    begin(client: import("./client.js").MusterClient, serverId: string): void;
}
