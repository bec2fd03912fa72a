// chat - lobby chat: Enter writes to all, T to the team, Escape goes back to the game. On the lobby
// screen it has a place of its own, and its line stays open.

import { byId, explain, make, playArea, toast } from "./ui.js";

const LINES_MAX = 50;
const FADE_MS = 12000;

export class Chat {
    #client;
    #channel = "all";
    #onOpen;
    #isDocked = false;

    /** onOpen: the game lets go of the keys. */
    constructor(client, onOpen) {
        this.#client = client;
        this.#onOpen = onOpen;
        client.on("lobby.chat", (line) => this.#show(line));
        client.on("mod.error", ({ mod, message }) => this.warn(`${mod}: ${message}`));
        byId("chat-open").onclick = () => this.open("all");
        byId("chat-form").onsubmit = (event) => {
            event.preventDefault();
            this.#send();
        };
        byId("chat-text").onkeydown = (event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            this.close();
        };
        byId("chat-text").onblur = () => {
            if (!byId("chat-text").value) this.#fold();
        };
        addEventListener("keydown", (event) => this.#onKey(event));
    }

    clear() {
        byId("chat-log").replaceChildren();
        this.close();
    }

    open(channel) {
        this.#choose(channel);
        this.#unfold();
        byId("chat-text").focus();
    }

    close() {
        byId("chat-text").value = "";
        this.#fold();
    }

    /** Into a place where its line stays open. */
    dock(place) {
        this.#isDocked = true;
        place.append(byId("chat"));
        this.#choose("all");
        this.#unfold();
        this.#scroll();
    }

    /** Back over the game. */
    undock() {
        this.#isDocked = false;
        byId("hud").append(byId("chat"));
        this.close();
    }

    /** A line that warns, from the page itself. */
    warn(text) {
        this.#append(make("li", { className: "warning" }, text));
    }

    #choose(channel) {
        this.#channel = channel;
        byId("chat-channel").textContent = channel;
    }

    #unfold() {
        this.#onOpen();
        byId("chat-form").hidden = false;
        byId("chat-open").hidden = true;
    }

    #fold() {
        if (this.#isDocked) return;
        byId("chat-form").hidden = true;
        byId("chat-open").hidden = false;
        if (!byId("game").hidden) playArea().focus();
    }

    #onKey(event) {
        const isFree = [document.body, playArea(), byId("lobby")].includes(event.target);
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
        this.#append(make("li", {}, make("b", { className }, name), text));
    }

    #append(line) {
        const log = byId("chat-log");
        log.append(line);
        while (log.childElementCount > LINES_MAX) log.firstElementChild.remove();
        this.#scroll();
        setTimeout(() => line.classList.add("old"), FADE_MS);
    }

    #scroll() {
        const log = byId("chat-log");
        log.scrollTop = log.scrollHeight;
    }
}
