// host_panel - the lobby's settings: a form that takes effect at once for who is in charge, a list
// for the others; presets; rule scripts of one's own.

import { RuleScripts } from "./rule_scripts.js";
import { SettingsForm, faultOf, listSettings } from "./settings_form.js";
import { byId, explain, guarded, make } from "./ui.js";
import { isInCharge } from "./who.js";

const UNDO_MS = 600; // so that a person sees what goes back

export class HostPanel {
    #client;
    #catalog;
    #scripts;
    #form;
    #built = ""; // the lobby, mode and person that the form was made for
    #listed = "";

    constructor(client, catalog) {
        this.#client = client;
        this.#catalog = catalog;
        this.#form = new SettingsForm(byId("settings-fields"),
            (key, value) => this.#change(key, value));
        this.#scripts = new RuleScripts(client, catalog);
        this.#setUpPresets();
    }

    update() {
        const { lobby } = this.#client.entry;
        const inCharge = isInCharge(this.#client);
        byId("settings-host").hidden = !inCharge;
        byId("settings-list").hidden = inCharge;
        if (inCharge) this.#showForm(lobby);
        else this.#showList(lobby);
        this.#scripts.update();
    }

    #showForm({ lobbyId, gameMode, settings, state }) {
        const schema = this.#catalog.schemaOf(gameMode);
        const wanted = `${lobbyId} ${gameMode} ${this.#client.session.playerId}`;
        if (this.#built !== wanted) {
            this.#built = wanted;
            const secrets = schema.filter(({ secret }) => secret).map(({ key }) => key);
            this.#form.build(schema,
                { values: settings, omit: secrets, rules: this.#catalog.rules });
            byId("settings-error").textContent = "";
            this.#loadPresets();
        }
        this.#form.show(settings);
        this.#form.disable(({ key, when }) =>
            (state === "active" && when !== "always") ||
            (state === "ending" && key === "maxPlayers"));
    }

    #showList({ gameMode, settings }) {
        this.#built = "";
        const wanted = `${gameMode} ${JSON.stringify(settings)}`;
        if (this.#listed === wanted) return;
        this.#listed = wanted;
        listSettings(byId("settings-list"), this.#catalog.schemaOf(gameMode), settings,
            this.#catalog.rules);
    }

    async #change(key, value) {
        byId("settings-error").textContent = "";
        try {
            await this.#client.lobby.updateSettings({ [key]: value });
            this.#form.fault(key, "");
        } catch (error) {
            const fault = faultOf(error);
            setTimeout(() => this.#form.undo(key), UNDO_MS);
            if (!this.#form.fault(fault.key || key, fault.text)) this.#showError(error);
        }
    }

    #showError(error) {
        byId("settings-error").textContent = explain(error);
    }

    // ---- presets

    #setUpPresets() {
        const { lobby } = this.#client;
        const onError = (error) => this.#showError(error);
        const chosen = () => byId("preset-list").value;
        byId("preset-apply").onclick = (event) => guarded(event.currentTarget, async () => {
            byId("settings-error").textContent = "";
            await lobby.applyPreset(chosen());
        }, onError);
        byId("preset-delete").onclick = (event) => guarded(event.currentTarget, async () => {
            await lobby.deletePreset(chosen());
            await this.#loadPresets();
        }, onError);
        byId("preset-list").onchange = () => this.#showPresetButtons();
        byId("preset-form").onsubmit = (event) => {
            event.preventDefault();
            const name = event.target.elements.namedItem("name");
            guarded(event.submitter, async () => {
                await lobby.savePreset(name.value.trim());
                await this.#loadPresets(name.value.trim());
                name.value = "";
            }, onError);
        };
    }

    async #loadPresets(chosen = byId("preset-list").value) {
        try {
            const presets = await this.#client.lobby.presets();
            byId("preset-list").replaceChildren(...presets.map(({ name, own }) => {
                const option = make("option", { value: name }, own ? name : `${name} (server)`);
                option.dataset.own = String(own);
                return option;
            }));
            byId("preset-list").value = chosen;
            if (byId("preset-list").selectedIndex < 0) byId("preset-list").selectedIndex = 0;
            byId("preset-form").hidden = false;
            this.#showPresetButtons();
        } catch (error) {
            byId("preset-form").hidden = error.code === "method_not_found";
            if (error.code !== "method_not_found") this.#showError(error);
        }
    }

    #showPresetButtons() {
        const [option] = byId("preset-list").selectedOptions;
        byId("preset-list").parentElement.hidden = !option;
        byId("preset-apply").hidden = !option;
        byId("preset-delete").hidden = option?.dataset.own !== "true";
    }
}
