// catalog - what the server offers: modes with their settings, maps, rules.

/** The map of a lobby; "" where its mode has no other. */
export function mapOf(mode, settings) {
    return mode?.maps?.length === 1 ? "" : settings.mapName ?? "";
}

export class Catalog {
    modes = [];
    regions = [];
    /** Rules that a lobby may choose; none on a server without scripts. */
    rules = [];
    /** A lobby's host may bring a rule script. */
    hasUploads = false;
    /** Those of the lobby at hand, as asked last. */
    uploaded = [];
    #client;
    #baseUrl;
    #reading = null; // what load() answers

    /** baseUrl: of the server's REST interface. */
    constructor(client, baseUrl) {
        this.#client = client;
        this.#baseUrl = baseUrl;
        client.on("state", ({ state }) => {
            if (state === "online") this.#reading = null; // it may be another server
        });
        client.on("entered", () => {
            this.#reading = null; // who comes back from a lobby reads anew
        });
    }

    /** Reads it once for a connection and after each lobby; answers what server.info tells. */
    load() {
        if (this.#reading) return this.#reading;
        const reading = this.#read();
        this.#reading = reading;
        reading.catch(() => {
            if (this.#reading === reading) this.#reading = null;
        });
        return reading;
    }

    async #read() {
        const [info] = await Promise.all([this.#info(), this.loadMods()]);
        this.modes = info.gameModes;
        this.regions = info.regions;
        return info;
    }

    /** It is long and seldom changes: the browser keeps it and asks whether it is still right. */
    async #info() {
        try {
            const response = await fetch(`${this.#baseUrl}/v1/info`, { cache: "no-cache" });
            if (response.ok) return await response.json();
        } catch {
            // Then over the connection, which is what counts.
        }
        return this.#client.serverInfo();
    }

    /** Asks for rules alone; a server without scripts has none. */
    async loadMods() {
        const mods = await this.#mods();
        this.rules = mods?.rules ?? [];
        this.hasUploads = mods?.uploads === true;
        this.uploaded = mods?.uploaded ?? [];
    }

    mode(name) {
        return this.modes.find((mode) => mode.name === name);
    }

    titleOf(name) {
        return this.mode(name)?.title || name;
    }

    schemaOf(name) {
        return this.mode(name)?.settingsSchema ?? [];
    }

    async #mods() {
        try {
            return await this.#client.mods();
        } catch (error) {
            if (error.code === "method_not_found") return null;
            throw error;
        }
    }
}
