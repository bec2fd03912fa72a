// chat - lobby chat: Enter writes to all, T to the team, Escape goes back to the game. On the lobby
// screen it has a place of its own, and its line stays open.

import { put } from "./keyed_list.js";
import { lengthFault } from "./text_limit.js";
import { colourOf } from "./teams.js";
import { byId, explain, make, playArea, toast } from "./ui.js";

const LINES_MAX = 50;
const TEXT_BYTES_MAX = 300; // docs/protocol.md, lobby.chat
const FADE_MS = 12000;

export class Chat {
    #client;
    #catalog;
    #channel = "all";
    #onOpen;
    #isDocked = false;
    #lobby = 0; // counts them: what is refused in one is not given back in the next

    /** onOpen: the game lets go of the keys. */
    constructor(client, catalog, onOpen) {
        this.#client = client;
        this.#catalog = catalog;
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
        byId("chat-text").oninput = () => this.#say("");
        byId("chat-text").onblur = () => {
            if (!byId("chat-text").value) this.#fold();
        };
        addEventListener("keydown", (event) => this.#onKey(event));
    }

    /** Another lobby, or none. */
    reset() {
        this.#lobby++;
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
        this.#say("");
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

    /** Back over the game; what was half written stays. */
    undock() {
        this.#isDocked = false;
        byId("hud").append(byId("chat"));
        if (byId("chat-text").value) this.#scroll();
        else this.#fold();
    }

    /** Why nothing that is written is heard; "" when it is. */
    mute(why) {
        put(byId("chat-muted"), why);
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
        const isTeam = event.code === "KeyT";
        const isDraft = byId("chat-text").value !== "";
        this.open(isTeam ? "team" : isDraft ? this.#channel : "all");
    }

    /** The line is kept until the server has taken it. */
    async #send() {
        const text = byId("chat-text").value.trim();
        const fault = lengthFault(text, TEXT_BYTES_MAX);
        if (fault) return this.#say(fault);
        const line = { text, channel: this.#channel, lobby: this.#lobby };
        this.close();
        if (!text) return;
        try {
            await this.#client.chat(text, line.channel);
        } catch (error) {
            if (line.lobby === this.#lobby) this.#giveBack(line, explain(error));
        }
    }

    /** Into the field, where a person finds it with Enter; the game keeps the keys. */
    #giveBack({ text, channel }, why) {
        const field = byId("chat-text");
        toast(why);
        if (field.value) return this.warn(`Not sent: ${text} (${why})`);
        field.value = text;
        this.#choose(channel);
        byId("chat-form").hidden = false;
        byId("chat-open").hidden = true;
        this.#say(`Not sent. ${why}`);
    }

    #say(text) {
        put(byId("chat-said"), text);
    }

    #show({ playerId, displayName, team, text, channel }) {
        const name = playerId ? `${displayName}${channel === "team" ? " (team)" : ""}: ` : "";
        const mode = this.#catalog.mode(this.#client.entry?.lobby.gameMode);
        const className = (playerId && colourOf(mode, team)) || "dim";
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
