// connect_four - the boards of mode_connect_four: one's own first, a button for each column, the
// clock of whoever is on the move, and the points of all.

import { SEAT_NONE } from "../sdk/js/index.js";
import { DRAW, decodeState, isAt, moveMessage, moverOf, stacksOf } from "./connect_four_state.js";
import { KeyedList, put } from "./keyed_list.js";
import { byId, make } from "./ui.js";

const SIDES = ["first", "second"];

/** One board: who plays, how it stands, the discs. */
class BoardView {
    element;
    #names = SIDES.map((side) => make("span", { className: `four-name ${side}` }));
    #standing = make("p", { className: "four-standing" });
    #columns;

    /** onColumn(column): it was pressed. */
    constructor({ columns, rows }, onColumn) {
        this.#columns = Array.from({ length: columns }, (_, column) => {
            const cells = Array.from({ length: rows }, () => make("span", { className: "cell" }));
            const button = make("button", { type: "button", className: "four-column" }, ...cells);
            button.onclick = () => onColumn(column);
            return { button, cells: cells.reverse() }; // from below
        });
        this.element = make("section", { className: "four-board" },
            make("h3", {}, this.#names[0], " – ", this.#names[1]), this.#standing,
            make("div", { className: "four-grid" }, ...this.#columns.map(({ button }) => button)));
    }

    /** canMove: it is the viewer's turn. */
    show({ board, names, standing, canMove }) {
        this.#names.forEach((name, side) => put(name, names[side]));
        put(this.#standing, standing);
        const stacks = stacksOf(board, this.#columns.length);
        const last = board.columns.at(-1);
        this.#columns.forEach(({ button, cells }, column) => {
            const stack = stacks[column];
            button.disabled = !canMove || stack.length === cells.length;
            button.ariaLabel = `Column ${column + 1}, ${stack.length} of ${cells.length} discs`;
            cells.forEach((cell, row) => {
                const isLast = column === last && row === stack.length - 1;
                const name = ["cell", SIDES[stack[row]], isLast && "last"].filter(Boolean).join(" ");
                if (cell.className !== name) cell.className = name;
            });
        });
    }
}

export class ConnectFour {
    state = { round: 0, roundCount: 0, players: [], boards: [] };
    seat;
    isActive = false; // moves are taken
    input = { release() {} }; // nothing is held down
    #client;
    #matchId = "";
    #shape;
    #tickMs = 100;
    #tick = 0;
    #asked = ""; // the turn that was taken last: a second press is not the next
    #names = new Map(); // seat -> name, of who has left, too
    #boards;
    #rows;
    #offs;
    #abort = new AbortController();

    constructor({ client }) {
        this.#client = client;
        byId("mode-board").hidden = false;
        byId("mode-pad").hidden = true;
        byId("game").classList.add("has-board");
        this.#rows = new KeyedList(byId("mode-rows"), ({ key }) => key, () => this.#row());
        this.#offs = [
            client.on("snapshot", (snapshot) => this.#onSnapshot(snapshot)),
            client.on("match.messageRefused", () => {
                this.#asked = "";
            }),
            client.on("match.ended", () => {
                this.isActive = false;
                this.#draw();
            }),
            client.on("lobby.members", () => this.#draw()),
        ];
        addEventListener("keydown", (event) => this.#onKey(event), { signal: this.#abort.signal });
        this.resume(client.entry);
        byId("mode-board").focus();
    }

    destroy() {
        for (const off of this.#offs) off();
        this.#abort.abort();
        byId("four-boards").replaceChildren();
        byId("mode-rows").replaceChildren();
        byId("mode-board").hidden = true;
        byId("mode-pad").hidden = false;
        byId("game").classList.remove("has-board");
    }

    get isSpectator() {
        return this.seat === SEAT_NONE;
    }

    /** The lobby after entering it, or coming back to it. */
    resume(entry) {
        this.seat = entry.seat;
        this.#asked = "";
        if (entry.match.matchId !== this.#matchId) this.startMatch(entry.match);
        this.isActive = entry.lobby.state === "active";
    }

    /** The first match of the lobby, or the next. */
    startMatch({ matchId, intro, tickRate }) {
        this.#matchId = matchId;
        this.#shape = intro.board;
        this.#tickMs = 1000 / tickRate;
        this.#asked = "";
        this.#names.clear();
        this.isActive = true;
        this.state = { round: 0, roundCount: 0, players: [], boards: [] };
        byId("four-boards").replaceChildren();
        this.#boards = new KeyedList(byId("four-boards"), ({ key }) => key,
            () => this.#boardRow());
        byId("mode-title").textContent = "Connect Four";
        byId("mode-fields").replaceChildren();
        byId("mode-columns").replaceChildren(...["Player", "Points"].map((name) =>
            make("th", { scope: "col" }, name)));
        this.#draw();
    }

    // ---- from and to the server

    #onSnapshot({ seat, tick, usable, payload }) {
        this.seat = seat;
        this.#tick = tick;
        if (usable) this.state = decodeState(payload) ?? this.state;
        this.#draw();
    }

    #own() {
        return this.state.boards.find((board) => isAt(board, this.seat));
    }

    #canMove(board) {
        return this.isActive && board && board === this.#own() && moverOf(board)?.seat === this.seat;
    }

    #move(column) {
        const board = this.#own();
        const turn = `${this.state.round} ${board?.columns.length}`;
        if (!this.#canMove(board) || turn === this.#asked) return;
        if (this.#client.sendMessage(moveMessage(this.state.round, column))) this.#asked = turn;
    }

    #onKey(event) {
        const board = byId("mode-board");
        const isOurs = event.target === document.body || board.contains(event.target);
        const column = Number(event.key) - 1;
        if (!isOurs || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
        if (column >= 0 && column < this.#shape.columns) this.#move(column);
    }

    // ---- to the screen

    #nameOf(player) {
        const { members } = this.#client.entry ?? { members: [] };
        const member = members.find(({ seat }) => seat === player.seat);
        if (member && !player.isGone) this.#names.set(player.seat, member.displayName);
        return this.#names.get(player.seat) ?? "?";
    }

    #standingOf(board) {
        const mover = moverOf(board);
        if (board.result === DRAW) return "Draw";
        if (!mover) return `${this.#nameOf(board.sides[board.result - 1])} wins`;
        const leftMs = Math.max(0, board.deadlineTick - this.#tick) * this.#tickMs;
        const who = this.#canMove(board) ? "Your turn" : `${this.#nameOf(mover)} is on the move`;
        return `${who}: ${Math.ceil(leftMs / 1000)} s`;
    }

    #draw() {
        const { round, roundCount, players, boards } = this.state;
        const own = this.#own();
        put(byId("mode-help"), round === 0 ? "Waiting for players"
            : `Round ${round} of ${roundCount}. Choose a column, or press 1 to ${this.#shape.columns}.`);
        const isOff = round > 0 && !own && !this.isSpectator && this.isActive;
        put(byId("mode-team"), isOff ? "You have no board in this round" : "");
        const items = boards.map((board, i) => ({
            key: `${round} ${i}`, board, names: board.sides.map((player) => this.#nameOf(player)),
            standing: this.#standingOf(board), canMove: this.#canMove(board),
        }));
        this.#boards.show(items.sort((a, b) => (b.board === own) - (a.board === own)));
        this.#rows.show(players.map((player, i) => ({ key: `${i}`, ...player, name: this.#nameOf(player) }))
            .sort((a, b) => b.points - a.points));
    }

    #boardRow() {
        const view = new BoardView(this.#shape, (column) => this.#move(column));
        return { element: view.element, update: (item) => view.show(item) };
    }

    #row() {
        const cells = [make("td"), make("td")];
        const element = make("tr", {}, ...cells);
        const update = ({ name, points, seat, isGone }) => {
            element.className = isGone ? "out" : seat === this.seat ? "own" : "";
            put(cells[0], name);
            put(cells[1], String(points));
        };
        return { element, update };
    }
}
