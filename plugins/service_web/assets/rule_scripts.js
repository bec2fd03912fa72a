// rule_scripts - rule scripts that the lobby's host brings along, on a server that takes them.

import { actionButton, byId, explain, guarded, make, toast } from "./ui.js";
import { isInCharge } from "./who.js";

const SOURCE_BYTES_MAX = 64 * 1024;
const NAME_BYTES_MAX = 23;
const ACTIVE_TEXTS = {
    now: "The rule counts from now on.",
    next_match: "The rule counts from the next match on.",
};

function sizeFault(bytes) {
    return bytes > SOURCE_BYTES_MAX
        ? `That script has ${bytes} bytes; at most ${SOURCE_BYTES_MAX} are taken.` : "";
}

/** What the server found in a script begins with its file and line: not a sentence to be mended. */
function faultText(error) {
    return error.data?.reason === "bad_script" ? error.message : explain(error);
}

/** "My rule.lua" -> "my_rule" */
function nameOf(file) {
    const words = file.name.replace(/\.lua$/i, "").toLowerCase().replace(/[^a-z0-9]+/g, "_");
    return words.replace(/^[^a-z]+/, "").slice(0, NAME_BYTES_MAX);
}

export class RuleScripts {
    #client;
    #catalog;
    #asked = ""; // the lobby that the list was asked for

    constructor(client, catalog) {
        this.#client = client;
        this.#catalog = catalog;
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
            guarded(event.submitter, () => this.#upload(form), (error) =>
                this.#say(faultText(error)));
        };
    }

    update() {
        const { lobbyId } = this.#client.entry.lobby;
        const isOffered = this.#catalog.hasUploads && isInCharge(this.#client);
        byId("rule-scripts").hidden = !isOffered;
        if (!isOffered || this.#asked === lobbyId) return;
        this.#asked = lobbyId;
        byId("rule-said").textContent = "";
        byId("rule-list").replaceChildren();
        this.#load().catch((error) => toast(explain(error)));
    }

    #say(text) {
        byId("rule-error").textContent = text;
    }

    async #load() {
        await this.#catalog.loadMods();
        byId("rule-list").replaceChildren(...this.#catalog.uploaded.map((rule) => this.#row(rule)));
    }

    async #read(file) {
        if (!file) return;
        const { name, source } = byId("rule-form").elements;
        const fault = sizeFault(file.size);
        source.value = fault ? "" : await file.text();
        this.#say(fault);
        if (!name.value) name.value = nameOf(file);
    }

    async #upload(form) {
        const { name, source } = form.elements;
        const fault = sizeFault(new TextEncoder().encode(source.value).length);
        this.#say(fault);
        if (fault) return;
        const { active } = await this.#client.lobby.uploadRule(name.value.trim(), source.value);
        byId("rule-dialog").close();
        byId("rule-said").textContent = ACTIVE_TEXTS[active] ?? "";
        await this.#load();
    }

    #row({ id, name }) {
        return make("li", {}, make("span", { className: "grow" }, `Your rule: ${name || id}`),
            actionButton("Remove", async () => {
                await this.#client.lobby.removeRule(id);
                byId("rule-said").textContent = "";
                await this.#load();
            }));
    }
}
