// rule_scripts - rule scripts that the lobby's host brings along, on a server that takes them.

import { actionButton, byId, explain, guarded, make } from "./ui.js";
import { isInCharge } from "./who.js";

const SOURCE_BYTES_MAX = 64 * 1024;

function sizeFault(source) {
    const bytes = new TextEncoder().encode(source).length;
    return bytes > SOURCE_BYTES_MAX
        ? `The script has ${bytes} bytes; at most ${SOURCE_BYTES_MAX} are taken.` : "";
}

export class RuleScripts {
    #client;
    #catalog;
    #onChanged;
    #own = new Map(); // rule id -> name, of this lobby
    #lobbyId = "";

    /** onChanged(): the rules to choose from are others now. */
    constructor({ client, catalog, onChanged }) {
        this.#client = client;
        this.#catalog = catalog;
        this.#onChanged = onChanged;
        const form = byId("rule-form");
        byId("rule-open").onclick = () => {
            form.reset();
            byId("rule-error").textContent = "";
            byId("rule-dialog").showModal();
        };
        byId("rule-cancel").onclick = () => byId("rule-dialog").close();
        form.elements.namedItem("file").onchange = (event) => this.#read(event.target.files[0]);
        form.onsubmit = (event) => {
            event.preventDefault();
            guarded(event.submitter, () => this.#upload(form), (error) => this.#say(explain(error)));
        };
    }

    update() {
        const { lobbyId } = this.#client.entry.lobby;
        if (lobbyId !== this.#lobbyId) this.#own.clear();
        this.#lobbyId = lobbyId;
        byId("rule-scripts").hidden = !this.#catalog.hasUploads || !isInCharge(this.#client);
        byId("rule-list").replaceChildren(...[...this.#own].map(([id, name]) => this.#row(id, name)));
    }

    #say(text) {
        byId("rule-error").textContent = text;
    }

    async #read(file) {
        if (!file) return;
        const { name, source } = byId("rule-form").elements;
        const isHuge = file.size > SOURCE_BYTES_MAX;
        source.value = isHuge ? "" : await file.text();
        this.#say(isHuge ? `That file has ${file.size} bytes; at most ${SOURCE_BYTES_MAX} are taken.`
            : "");
        if (!name.value) name.value = file.name.replace(/\.lua$/, "");
    }

    async #upload(form) {
        const { name, source } = form.elements;
        const fault = sizeFault(source.value);
        this.#say(fault);
        if (fault) return;
        const rule = await this.#client.lobby.uploadRule(name.value.trim(), source.value);
        this.#own.set(rule.id, rule.name);
        byId("rule-dialog").close();
        await this.#reload();
    }

    #row(id, name) {
        return make("li", {}, make("span", { className: "grow" }, `Your rule: ${name}`),
            actionButton("Remove", async () => {
                await this.#client.lobby.removeRule(id);
                this.#own.delete(id);
                await this.#reload();
            }));
    }

    async #reload() {
        await this.#catalog.load();
        this.#onChanged();
    }
}
