// lobbies - the lobby browser: list, filters, join, watch, create, quick match.

import { buildSettings, readSettings } from "./settings_form.js";
import { byId, explain, guarded, make, toast } from "./ui.js";

const REFRESH_MS = 4000;
const LONG_SEARCH_S = 4;
const JOINABLE = new Set(["waiting", "starting", "active"]);

export class LobbyBrowser {
    #client;
    #modes = [];
    #timer;
    #cursor = null;
    #extra = []; // pages after the first

    constructor(client) {
        this.#client = client;
        byId("filters").onsubmit = (event) => event.preventDefault();
        byId("filters").onchange = () => this.refresh();
        byId("lobby-more").onclick = (event) => guarded(event.currentTarget, () => this.#more());
        byId("quick-match").onclick = () => this.quickMatch();
        this.#setUpCreate();
    }

    /** Show what the server offers and keep the list fresh until stop(). */
    start(info) {
        this.#modes = info.gameModes;
        const maps = [...new Set(info.gameModes.flatMap((mode) => mode.maps))];
        this.#fillSelect("gameMode", info.gameModes.map((m) => [m.name, m.title || m.name]));
        this.#fillSelect("mapName", maps.map((name) => [name, name]));
        this.#fillSelect("region", info.regions.map((name) => [name, name]));
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
        const mode = this.#filter().gameMode ?? this.#modes[0]?.name;
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
        const focused = list.contains(document.activeElement)
            ? document.activeElement.dataset.key : "";
        if (anew) list.replaceChildren(...rows);
        else list.append(...rows);
        if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
        byId("lobby-empty").hidden = list.childElementCount > 0;
        byId("lobby-more").hidden = !nextCursor;
    }

    #row(lobby) {
        const mode = this.#modes.find((m) => m.name === lobby.gameMode);
        const what = [lobby.settings.mapName, lobby.region].filter(Boolean).join(" · ");
        const name = make("div", {},
            make("b", {}, String(lobby.settings.lobbyName || mode?.title || lobby.gameMode)),
            make("small", {}, what));
        const full = lobby.currentPlayers >= lobby.maxPlayers;
        const join = make("button", { type: "button", disabled: full ||
            !JOINABLE.has(lobby.state) }, full ? "Full" : "Join");
        const watch = make("button", { type: "button", className: "quiet" }, "Watch");
        join.dataset.key = `join ${lobby.lobbyId}`;
        watch.dataset.key = `watch ${lobby.lobbyId}`;
        join.onclick = () => guarded(join, () => this.#join(lobby.lobbyId, {}));
        watch.onclick = () => guarded(watch, () => this.#join(lobby.lobbyId, { spectator: true }));
        return make("li", {}, name,
            make("span", { className: `state ${lobby.state}` }, lobby.state),
            make("span", { className: "seats" }, `${lobby.currentPlayers} / ${lobby.maxPlayers}`),
            make("div", { className: "row" }, watch, join));
    }

    /** Asks for the password of a lobby that has one. */
    async #join(lobbyId, options) {
        try {
            await this.#client.joinLobby(lobbyId, options);
        } catch (error) {
            if (error.data?.reason !== "password_needed") throw error;
            this.#askPassword((secret) => this.#client.joinLobby(lobbyId, { ...options, secret }));
        }
    }

    #askPassword(enter) {
        const dialog = byId("password-dialog");
        const form = byId("password-form");
        form.reset();
        byId("password-error").textContent = "";
        byId("password-cancel").onclick = () => dialog.close();
        form.onsubmit = (event) => {
            event.preventDefault();
            const secret = form.elements.namedItem("secret").value;
            guarded(event.submitter, async () => {
                await enter(secret);
                dialog.close();
            }, (error) => {
                byId("password-error").textContent = explain(error);
            });
        };
        dialog.showModal();
    }

    #setUpCreate() {
        const dialog = byId("create-dialog");
        const mode = byId("create-mode");
        const fields = byId("create-fields");
        const schema = () => this.#modes.find((m) => m.name === mode.value)?.settingsSchema ?? [];
        mode.onchange = () => buildSettings(fields, schema());
        byId("create-cancel").onclick = () => dialog.close();
        byId("create-open").onclick = () => {
            mode.replaceChildren(...this.#modes.map((m) =>
                make("option", { value: m.name }, m.title || m.name)));
            buildSettings(fields, schema());
            byId("create-error").textContent = "";
            dialog.showModal();
        };
        byId("create-form").onsubmit = (event) => {
            event.preventDefault();
            guarded(event.submitter, async () => {
                const settings = readSettings(fields, schema());
                await this.#client.createLobby({ gameMode: mode.value, settings });
                dialog.close();
            }, (error) => {
                byId("create-error").textContent = explain(error);
            });
        };
    }
}
