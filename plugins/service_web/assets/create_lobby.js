// create_lobby - the dialog that creates a lobby: its form is made from the mode's settings schema,
// filled from a preset or from what was chosen last.

import { SettingsForm, faultOf } from "./settings_form.js";
import { byId, explain, guarded, make } from "./ui.js";

const LAST_KEY = "muster.create";

export class CreateLobby {
    #client;
    #catalog;
    #storage;
    #form = new SettingsForm(byId("create-fields"));
    #presets = [];

    /** storage: keeps the last choice; null where the browser denies it. */
    constructor({ client, catalog, storage }) {
        this.#client = client;
        this.#catalog = catalog;
        this.#storage = storage;
        byId("create-open").onclick = (event) =>
            guarded(event.currentTarget, () => this.open());
        byId("create-cancel").onclick = () => byId("create-dialog").close();
        byId("create-mode").onchange = () => this.#build(this.#lastOf(byId("create-mode").value));
        byId("create-preset").onchange = () => this.#usePreset();
        byId("create-form").onsubmit = (event) => {
            event.preventDefault();
            this.#say("");
            this.#form.clearFaults();
            guarded(event.submitter, () => this.#create(), (error) => this.#showError(error));
        };
    }

    async open() {
        const mode = byId("create-mode");
        mode.replaceChildren(...this.#catalog.modes.map(({ name }) =>
            make("option", { value: name }, this.#catalog.titleOf(name))));
        const last = this.#last();
        if (this.#catalog.mode(last.gameMode)) mode.value = last.gameMode;
        this.#build(this.#lastOf(mode.value));
        this.#say("");
        await this.#loadPresets();
        byId("create-dialog").showModal();
    }

    #build(values) {
        const schema = this.#catalog.schemaOf(byId("create-mode").value);
        byId("create-preset").value = "";
        this.#form.build(schema, { values, rules: this.#catalog.rules });
    }

    async #loadPresets() {
        try {
            this.#presets = await this.#client.lobby.presets();
        } catch (error) {
            if (error.code !== "method_not_found") this.#say(explain(error));
            this.#presets = [];
        }
        byId("create-presets").hidden = this.#presets.length === 0;
        byId("create-preset").replaceChildren(make("option", { value: "" }, "none"),
            ...this.#presets.map(({ name }, i) => make("option", { value: String(i) }, name)));
    }

    #usePreset() {
        const chosen = byId("create-preset").value;
        this.#build(this.#presets[chosen]?.settings ?? {});
        byId("create-preset").value = chosen;
    }

    async #create() {
        const gameMode = byId("create-mode").value;
        const settings = this.#form.readChanged();
        await this.#client.createLobby({ gameMode, settings });
        this.#remember(gameMode, settings);
        byId("create-dialog").close();
    }

    #showError(error) {
        const { key, text } = faultOf(error);
        this.#say(this.#form.fault(key, text) ? "" : explain(error));
    }

    #say(text) {
        byId("create-error").textContent = text;
    }

    // ---- what was chosen last

    #last() {
        try {
            return JSON.parse(this.#storage?.getItem(LAST_KEY) ?? "{}") ?? {};
        } catch {
            return {}; // not written by this version
        }
    }

    #lastOf(gameMode) {
        const last = this.#last();
        return last.gameMode === gameMode ? last.settings : {};
    }

    /** Without secrets: they would lie there for whoever uses this browser. */
    #remember(gameMode, settings) {
        const secrets = this.#catalog.schemaOf(gameMode).filter((entry) => entry.secret);
        const kept = { ...settings };
        for (const { key } of secrets) delete kept[key];
        this.#storage?.setItem(LAST_KEY, JSON.stringify({ gameMode, settings: kept }));
    }
}
