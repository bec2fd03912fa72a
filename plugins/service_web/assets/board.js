// board - the view of a mode that owns everything: what it says of itself, its grid of cells, the
// fields that it shares and those of each player as tables. It sends one input a tick, as an arena
// does, and a message for a cell that is pressed.

import { SEAT_NONE, SyncState } from "../sdk/js/index.js";
import { BoardInput } from "./board_input.js";
import { put } from "./keyed_list.js";
import { ModeGrid } from "./mode_grid.js";
import { colourOf } from "./teams.js";
import { byId, make, titleOf } from "./ui.js";

const CATCH_UP_TICKS = 4;

function textOf(value) {
    if (value === undefined) return ""; // not for our eyes
    if (typeof value === "boolean") return value ? "yes" : "no";
    return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : String(value);
}

export class Board {
    state = new SyncState([], 0);
    seat;
    isActive = false; // inputs are taken
    #client;
    #catalog;
    #matchId = "";
    #input;
    #grid;
    #gridRows = []; // fields that are rows of the grid
    #tickMs = 50;
    #sequence = 0;
    #tickTimer;
    #nextTickAt = 0;
    #frame = 0;
    #cells = new Map(); // shared field -> its dd
    #rows = new Map(); // seat -> {row, name, cells: Map(field -> td)}
    #columns = []; // fields per player
    #offs;

    constructor({ client, catalog }) {
        this.#client = client;
        this.#catalog = catalog;
        byId("mode-board").hidden = false;
        byId("game").classList.add("has-board");
        this.#input = new BoardInput(byId("mode-board"), byId("mode-pad"));
        this.#grid = new ModeGrid(byId("mode-grid"), (column, row) => {
            if (this.isActive) client.sendMessage(Uint8Array.of(column, row));
        });
        this.#offs = [
            client.on("snapshot", (snapshot) => this.#onSnapshot(snapshot)),
            client.on("match.ended", () => {
                this.isActive = false;
            }),
            client.on("lobby.members", () => this.#draw()),
            client.on("mod.message", ({ data }) => {
                if (typeof data?.say === "string") put(byId("mode-said"), data.say);
            }),
        ];
        this.resume(client.entry);
        this.#nextTickAt = performance.now();
        this.#tick();
        byId("mode-board").focus();
    }

    destroy() {
        for (const off of this.#offs) off();
        clearTimeout(this.#tickTimer);
        cancelAnimationFrame(this.#frame);
        this.#input.destroy();
        this.#grid.show([]);
        byId("mode-board").hidden = true;
        byId("mode-pad").hidden = false;
        byId("game").classList.remove("has-board");
    }

    get input() {
        return this.#input;
    }

    get isSpectator() {
        return this.seat === SEAT_NONE;
    }

    /**
     * The lobby after entering it, or coming back to it. In the same match the fields stay until a
     * full snapshot comes; when it is over, none does.
     */
    resume(entry) {
        this.seat = entry.seat;
        if (entry.match.matchId !== this.#matchId) this.startMatch(entry.match);
        this.isActive = entry.lobby.state === "active";
    }

    /** The first match of the lobby, or the next. */
    startMatch({ matchId, intro, tickRate, gameMode, seatsMax }) {
        this.#matchId = matchId;
        const schema = intro?.sync ?? [];
        this.#tickMs = 1000 / tickRate;
        this.isActive = true;
        this.state = new SyncState(schema, seatsMax);
        this.#columns = schema.filter(({ per }) => per === "player").map(({ name }) => name);
        byId("mode-title").textContent = String(intro?.title || gameMode);
        byId("mode-help").textContent = String(intro?.help ?? "");
        put(byId("mode-said"), "");
        this.#gridRows = Array.isArray(intro?.grid) ? intro.grid : [];
        byId("mode-pad").hidden = this.#gridRows.length > 0; // there are cells to press
        this.#layOut(schema);
        this.#draw();
    }

    // ---- to the screen

    #layOut(schema) {
        const shared = schema.filter(({ name, per }) => per !== "player" && !this.#gridRows.includes(name));
        this.#cells = new Map(shared.map(({ name }) => [name, make("dd", {})]));
        this.#rows.clear();
        byId("mode-fields").replaceChildren(...[...this.#cells].map(([name, cell]) =>
            make("div", {}, make("dt", {}, titleOf(name)), cell)));
        byId("mode-columns").replaceChildren(...["player", ...this.#columns].map((name) =>
            make("th", { scope: "col" }, titleOf(name))));
        byId("mode-rows").replaceChildren();
    }

    /** Once a frame at most: snapshots come in bursts. */
    #draw() {
        if (this.#frame) return;
        this.#frame = requestAnimationFrame(() => {
            this.#frame = 0;
            for (const [name, cell] of this.#cells) put(cell, textOf(this.state.fields.get(name)));
            this.#grid.show(this.#gridRows.map((name) => String(this.state.fields.get(name) ?? "")));
            this.#drawTeam();
            this.#drawPlayers();
        });
    }

    #drawTeam() {
        const team = this.isSpectator ? "none" : this.#client.entry?.team;
        const colour = this.#colourOf(team);
        byId("mode-team").className = colour;
        put(byId("mode-team"), colour && `You play for ${team.replaceAll("_", " ")}`);
    }

    #colourOf(team) {
        return colourOf(this.#catalog.mode(this.#client.entry?.lobby.gameMode), team);
    }

    #drawPlayers() {
        const members = this.#client.entry?.members ?? [];
        const players = members.filter(({ spectator }) => !spectator);
        const seats = new Set(players.map(({ seat }) => seat));
        for (const [seat, { row }] of this.#rows) {
            if (seats.has(seat)) continue;
            row.remove();
            this.#rows.delete(seat);
        }
        for (const { seat, displayName, team } of players) {
            const { row, name, cells } = this.#rows.get(seat) ?? this.#addRow(seat);
            const values = this.state.players.get(seat);
            row.className = seat === this.seat ? "own" : "";
            name.className = this.#colourOf(team);
            put(name, displayName);
            for (const [field, cell] of cells) put(cell, textOf(values?.get(field)));
        }
    }

    #addRow(seat) {
        const name = make("td", {});
        const cells = new Map(this.#columns.map((field) => [field, make("td", {})]));
        const row = make("tr", {}, name, ...cells.values());
        byId("mode-rows").append(row);
        this.#rows.set(seat, { row, name, cells });
        return this.#rows.get(seat);
    }

    // ---- from and to the server

    #onSnapshot({ seat, ack, usable, payload, full }) {
        this.seat = seat;
        // After a reload of the page the server still knows the sequence of before.
        if (ack > this.#sequence) this.#sequence = ack;
        if (!usable) return;
        this.state.apply(payload, full);
        this.#draw();
    }

    /** Once a tick, on a schedule that does not drift. */
    #tick() {
        const now = performance.now();
        if (now - this.#nextTickAt > CATCH_UP_TICKS * this.#tickMs) this.#nextTickAt = now;
        this.#nextTickAt += this.#tickMs;
        this.#tickTimer = setTimeout(() => this.#tick(), Math.max(0, this.#nextTickAt - now));
        const taken = this.#input.take();
        if (!this.isActive || this.isSpectator) return;
        const input = { sequence: (this.#sequence + 1) >>> 0, ...taken };
        if (this.#client.sendInput(input)) this.#sequence = input.sequence;
    }
}
