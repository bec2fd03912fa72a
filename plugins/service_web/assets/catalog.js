// catalog - what the server offers: modes with their settings, maps, rules.

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

    constructor(client) {
        this.#client = client;
    }

    /** Asks anew; answers what server.info told. */
    async load() {
        const [info] = await Promise.all([this.#client.serverInfo(), this.loadMods()]);
        this.modes = info.gameModes;
        this.regions = info.regions;
        return info;
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
