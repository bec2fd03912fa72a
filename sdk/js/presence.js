// presence - tells the directory where a client plays, again and again while it does.

const AGAIN_MS = 60000;

export class Presence {
    #say;
    #turn = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;

    /** @param {(serverId: string) => Promise<{againMs?: number}>} say */
    constructor(say) {
        this.#say = say;
    }

    /**
     * From now on, until the client has left its lobby, or begins elsewhere. A word that gets lost
     * is said again: what nobody says any more is forgotten at the directory by itself.
     *
     * @param {import("./client.js").MusterClient} client
     * @param {string} serverId
     */
    begin(client, serverId) {
        const turn = ++this.#turn;
        clearTimeout(this.#timer);
        const tell = async () => {
            if (client.entry === null || client.state === "closed") return;
            const { againMs = AGAIN_MS } = await this.#say(serverId).catch(() => ({ againMs: AGAIN_MS }));
            if (turn !== this.#turn) return;
            this.#timer = setTimeout(tell, againMs);
            // In Node a timer alone must not keep the process alive.
            const timer = /** @type {any} */ (this.#timer);
            if (typeof timer.unref === "function") timer.unref();
        };
        tell();
    }
}
