// lobbies - the lobby browser: list, filters, join, watch, quick match.

import { joinLobby } from "./join.js";
import { byId, explain, guarded, make, replaceKeepingFocus, toast } from "./ui.js";

const REFRESH_MS = 4000;
const LONG_SEARCH_S = 4;
const JOINABLE = new Set(["waiting", "starting", "active"]);

export class LobbyBrowser {
    #client;
    #catalog;
    #timer;
    #cursor = null;
    #extra = []; // pages after the first

    constructor(client, catalog) {
        this.#client = client;
        this.#catalog = catalog;
        byId("filters").onsubmit = (event) => event.preventDefault();
        byId("filters").onchange = () => this.refresh();
        byId("lobby-more").onclick = (event) => guarded(event.currentTarget, () => this.#more());
        byId("quick-match").onclick = () => this.quickMatch();
    }

    /** Show what the server offers and keep the list fresh until stop(). */
    start() {
        const { modes, regions } = this.#catalog;
        const maps = [...new Set(modes.flatMap((mode) => mode.maps))];
        this.#fillSelect("gameMode", modes.map(({ name }) => [name, this.#catalog.titleOf(name)]));
        this.#fillSelect("mapName", maps.map((name) => [name, name]));
        this.#fillSelect("region", regions.map((name) => [name, name]));
        this.stop();
        this.#timer = setInterval(() => {
            if (!document.hidden) this.refresh();
        }, REFRESH_MS);
        this.refresh();
    }

    stop() {
        clearInterval(this.#timer);
    }

    async refresh() {
        try {
            const page = await this.#client.listLobbies(this.#filter());
            this.#extra = [];
            this.#show(page);
        } catch (error) {
            if (error.code !== "connection_lost") toast(explain(error));
        }
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
            byId("search-text").textContent = `Looking${where} for ${seconds} s.${full}`;
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

    async #more() {
        const page = await this.#client.listLobbies({ ...this.#filter(), cursor: this.#cursor });
        this.#extra.push(...page.lobbies);
        this.#show(page, false);
    }

    #show({ lobbies, nextCursor }, anew = true) {
        this.#cursor = nextCursor;
        const rows = lobbies.map((lobby) => this.#row(lobby));
        const list = byId("lobby-list");
        if (anew) replaceKeepingFocus(list, rows);
        else list.append(...rows);
        byId("lobby-empty").hidden = list.childElementCount > 0;
        byId("lobby-more").hidden = !nextCursor;
    }

    #row(lobby) {
        const what = [lobby.settings.mapName, lobby.region].filter(Boolean).join(" · ");
        const name = make("div", {},
            make("b", {}, this.#catalog.titleOf(lobby.gameMode)),
            make("small", {}, what));
        const full = lobby.currentPlayers >= lobby.maxPlayers;
        const join = make("button", { type: "button", disabled: full ||
            !JOINABLE.has(lobby.state) }, full ? "Full" : "Join");
        const watch = make("button", { type: "button", className: "quiet" }, "Watch");
        join.dataset.key = `join ${lobby.lobbyId}`;
        watch.dataset.key = `watch ${lobby.lobbyId}`;
        join.onclick = () => guarded(join, () => joinLobby(this.#client, lobby.lobbyId));
        watch.onclick = () => guarded(watch, () =>
            joinLobby(this.#client, lobby.lobbyId, { spectator: true }));
        return make("li", {}, name,
            make("span", { className: `state ${lobby.state}` }, lobby.state),
            make("span", { className: "seats" }, `${lobby.currentPlayers} / ${lobby.maxPlayers}`),
            make("div", { className: "row" }, watch, join));
    }
}
