// lobbies - the lobby browser: list, filters, join, watch, quick match.

import { mapOf } from "./catalog.js";
import { joinLobby } from "./join.js";
import { KeyedList, put } from "./keyed_list.js";
import { actionButton, byId, explain, guarded, make, toast } from "./ui.js";

const REFRESH_MS = 4000;
const LONG_SEARCH_S = 4;
const JOINABLE = new Set(["waiting", "starting", "active"]);

export class LobbyBrowser {
    #client;
    #catalog;
    #list;
    #timer;
    #pages = 1; // shown, and read anew each time
    #serial = 0; // of the latest question: older answers are dropped
    #isKnown = false; // the catalog is shown
    #hasFailed = false; // and that was told

    constructor(client, catalog) {
        this.#client = client;
        this.#catalog = catalog;
        this.#list = new KeyedList(byId("lobby-list"), ({ lobbyId }) => lobbyId,
            () => this.#row());
        client.on("state", ({ state }) => {
            if (state !== "online" || this.#timer === undefined) return;
            this.#isKnown = false; // it may be another server
            this.refresh();
        });
        document.addEventListener("visibilitychange", () => {
            if (this.#timer !== undefined && !document.hidden) this.refresh();
        });
        byId("filters").onsubmit = (event) => event.preventDefault();
        byId("filters").onchange = () => {
            this.#pages = 1;
            this.refresh();
        };
        byId("lobby-more").onclick = (event) => guarded(event.currentTarget, () => {
            this.#pages++;
            return this.refresh();
        });
        byId("quick-match").onclick = () => this.quickMatch();
    }

    /**
     * Show what the server offers and keep the list fresh until stop(). Needs no connection: as
     * soon as there is one again, the list lives.
     */
    start() {
        this.stop();
        this.#pages = 1;
        this.#isKnown = false;
        this.#timer = setInterval(() => {
            if (!document.hidden) this.refresh();
        }, REFRESH_MS);
        this.refresh();
    }

    stop() {
        clearInterval(this.#timer);
        this.#timer = undefined;
        this.#serial++;
    }

    async refresh() {
        const serial = ++this.#serial;
        try {
            if (!this.#isKnown) await this.#readCatalog();
            const { lobbies, nextCursor } = await this.#read();
            this.#hasFailed = false;
            if (serial === this.#serial) this.#show(lobbies, nextCursor);
        } catch (error) {
            if (error.code === "connection_lost" || this.#hasFailed) return;
            this.#hasFailed = true;
            toast(explain(error));
        }
    }

    async #readCatalog() {
        await this.#catalog.load();
        this.#isKnown = true;
        const { modes, regions } = this.#catalog;
        const maps = [...new Set(modes.flatMap((mode) => mode.maps))];
        this.#fillSelect("gameMode", modes.map(({ name }) => [name, this.#catalog.titleOf(name)]));
        this.#fillSelect("mapName", maps.map((name) => [name, name]));
        this.#fillSelect("region", regions.map((name) => [name, name]));
    }

    /** As many pages as are shown. */
    async #read() {
        const lobbies = [];
        let cursor = null;
        for (let page = 0; page < this.#pages && (page === 0 || cursor); page++) {
            const filter = { ...this.#filter(), ...(cursor ? { cursor } : {}) };
            const answer = await this.#client.listLobbies(filter);
            lobbies.push(...answer.lobbies);
            cursor = answer.nextCursor;
        }
        return { lobbies, nextCursor: cursor };
    }

    /** Search, with a dialog that can cancel; resolves when seated or cancelled. */
    async quickMatch() {
        const mode = this.#filter().gameMode ?? this.#catalog.modes[0]?.name;
        if (!mode) return toast("This server offers no game.");
        const { region, mapName } = this.#filter();
        const stop = new AbortController();
        const dialog = byId("search-dialog");
        const from = performance.now();
        let where = "";
        const showWait = () => {
            const seconds = Math.round((performance.now() - from) / 1000);
            const full = seconds < LONG_SEARCH_S ? ""
                : " No seat is free yet; you get the first that is.";
            put(byId("search-text"), `Looking${where}.${full}`); // read aloud when it changes
            byId("search-time").textContent = `${seconds} s`;
        };
        const timer = setInterval(showWait, 1000);
        const off = this.#client.on("match.searching", ({ regions }) => {
            where = ` in ${regions.join(", ")}`;
            showWait();
        });
        showWait();
        byId("search-cancel").onclick = () => stop.abort();
        dialog.oncancel = () => stop.abort();
        dialog.showModal();
        try {
            await this.#client.findMatch({ gameMode: mode, region, mapName, signal: stop.signal });
        } catch (error) {
            if (!stop.signal.aborted) toast(explain(error));
        } finally {
            off();
            clearInterval(timer);
            dialog.close();
        }
    }

    #filter() {
        const filter = {};
        for (const [key, value] of new FormData(byId("filters"))) if (value) filter[key] = value;
        if (filter.hasOpenSlots) filter.hasOpenSlots = true;
        return filter;
    }

    #fillSelect(name, options) {
        const select = byId("filters").elements.namedItem(name);
        const chosen = select.value;
        select.replaceChildren(make("option", { value: "" }, "any"),
            ...options.map(([value, text]) => make("option", { value }, text)));
        select.value = chosen;
    }

    #show(lobbies, nextCursor) {
        this.#list.show(lobbies);
        const { size } = this.#list;
        put(byId("lobby-count"), size === 1 ? "1 lobby" : `${size} lobbies`);
        byId("lobby-empty").hidden = size > 0;
        byId("lobby-more").hidden = !nextCursor;
    }

    #row() {
        let lobbyId = "";
        const title = make("b");
        const place = make("small");
        const state = make("span");
        const seats = make("span", { className: "seats" });
        const join = actionButton("Join", () => joinLobby(this.#client, lobbyId));
        const watch = actionButton("Watch",
            () => joinLobby(this.#client, lobbyId, { spectator: true }), { className: "quiet" });
        const update = (lobby) => {
            const full = lobby.currentPlayers >= lobby.maxPlayers;
            lobbyId = lobby.lobbyId;
            put(title, this.#catalog.titleOf(lobby.gameMode));
            const map = mapOf(this.#catalog.mode(lobby.gameMode), lobby.settings);
            put(place, [map, lobby.region].filter(Boolean).join(" · "));
            put(state, lobby.state);
            state.className = `state ${lobby.state}`;
            put(seats, `${lobby.currentPlayers} / ${lobby.maxPlayers}`);
            put(join, full ? "Full" : "Join");
            join.disabled = full || !JOINABLE.has(lobby.state);
        };
        return {
            element: make("li", {}, make("div", {}, title, place), state, seats,
                make("div", { className: "row" }, watch, join)),
            update,
        };
    }
}
