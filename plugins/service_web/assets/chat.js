// chat - lobby chat: Enter writes to all, T to the team, Escape goes back to the game.

import { byId, explain, make, toast } from "./ui.js";

const LINES_MAX = 8;
const FADE_MS = 12000;

export class Chat {
    #client;
    #channel = "all";
    #onOpen;

    /** onOpen: the game lets go of the keys. */
    constructor(client, onOpen) {
        this.#client = client;
        this.#onOpen = onOpen;
        client.on("lobby.chat", (line) => this.#show(line));
        byId("chat-open").onclick = () => this.open("all");
        byId("chat-form").onsubmit = (event) => {
            event.preventDefault();
            this.#send();
        };
        byId("chat-text").onkeydown = (event) => {
            if (event.key === "Escape") this.close();
        };
        byId("chat-text").onblur = () => {
            if (!byId("chat-text").value) this.close();
        };
        addEventListener("keydown", (event) => this.#onKey(event));
    }

    clear() {
        byId("chat-log").replaceChildren();
        this.close();
    }

    open(channel) {
        this.#channel = channel;
        this.#onOpen();
        byId("chat-channel").textContent = channel;
        byId("chat-form").hidden = false;
        byId("chat-open").hidden = true;
        byId("chat-text").focus();
    }

    close() {
        byId("chat-text").value = "";
        byId("chat-form").hidden = true;
        byId("chat-open").hidden = false;
        if (!byId("game").hidden) byId("canvas").focus();
    }

    #onKey(event) {
        const isFree = event.target === document.body || event.target === byId("canvas");
        if (byId("game").hidden || !isFree || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        if (event.code !== "Enter" && event.code !== "KeyT") return;
        event.preventDefault();
        this.open(event.code === "KeyT" ? "team" : "all");
    }

    async #send() {
        const text = byId("chat-text").value.trim();
        this.close();
        if (!text) return;
        try {
            await this.#client.chat(text, this.#channel);
        } catch (error) {
            toast(explain(error));
        }
    }

    #show({ playerId, displayName, team, text, channel }) {
        const name = playerId ? `${displayName}${channel === "team" ? " (team)" : ""}: ` : "";
        const className = playerId && (team === "red" || team === "blue") ? team : "dim";
        const line = make("li", {}, make("b", { className }, name), text);
        const log = byId("chat-log");
        log.append(line);
        while (log.childElementCount > LINES_MAX) log.firstElementChild.remove();
        setTimeout(() => line.classList.add("old"), FADE_MS);
    }
}
