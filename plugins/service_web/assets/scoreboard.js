// scoreboard - the table while Tab is held, and the result at the end with the vote.

import { KeyedList, put } from "./keyed_list.js";
import { byId, clockText, explain, guarded, make, toast } from "./ui.js";

const REFRESH_MS = 1000;
const REASONS = {
    score_limit: "score limit reached",
    time_limit: "time is up",
    elimination: "the other team is out",
    forfeit: "the other team has left",
    aborted: "the match was stopped",
};
const COLUMNS = [
    ["Player", (row) => row.displayName + (row.connected === false ? " (away)" : "")],
    ["K", (row) => row.kills],
    ["D", (row) => row.deaths],
    ["A", (row) => row.assists],
    ["Score", (row) => row.score],
    ["Ping", (row) => (row.isBot ? "bot" : row.pingMs ?? "")],
];

/** One team's players, the best first. */
class TeamTable {
    element;
    #score = make("span");
    #rows;

    /** isOwn(row) */
    constructor(team, isOwn) {
        const title = team === "red" ? "Red" : "Blue";
        const head = make("tr", {},
            ...COLUMNS.map(([name]) => make("th", { scope: "col" }, name)));
        const body = make("tbody");
        this.#rows = new KeyedList(body, ({ playerId, displayName }) => `${playerId} ${displayName}`,
            () => this.#row(isOwn));
        this.element = make("table", {},
            make("caption", { className: team }, `${title}  `, this.#score),
            make("thead", {}, head), body);
    }

    /** hasPing: of a match that runs; nobody tells it of one that is over. */
    show(score, rows, hasPing) {
        put(this.#score, String(score));
        this.element.classList.toggle("no-ping", !hasPing);
        this.#rows.show([...rows].sort((a, b) => b.score - a.score || b.kills - a.kills));
    }

    #row(isOwn) {
        const cells = COLUMNS.map(() => make("td"));
        const element = make("tr", {}, ...cells);
        const update = (row) => {
            element.classList.toggle("own", isOwn(row));
            element.classList.toggle("out", row.connected === false);
            COLUMNS.forEach(([, value], i) => put(cells[i], String(value(row))));
        };
        return { element, update };
    }
}

export class Scoreboard {
    #client;
    #tables;
    #timer;
    #voteTimer;
    #voteEnd = 0;
    #isFinal = false;

    constructor(client) {
        this.#client = client;
        this.#tables = ["red", "blue"].map((team) =>
            new TeamTable(team, ({ playerId }) => playerId === client.session?.playerId));
        byId("board-tables").replaceChildren(...this.#tables.map(({ element }) => element));
        addEventListener("keydown", (event) => this.#onTab(event, true));
        addEventListener("keyup", (event) => this.#onTab(event, false));
        addEventListener("blur", () => this.#hold(false));
        byId("show-score").onclick = () => this.#hold(byId("scoreboard").hidden);
        byId("scoreboard").onclick = () => this.#hold(false); // on a phone it may lie over the button
        for (const [id, choice] of [["vote-yes", true], ["vote-no", false]]) {
            byId(id).onclick = (event) => guarded(event.currentTarget, async () => {
                await client.voteRestart(choice);
                byId("vote-yes").setAttribute("aria-pressed", String(choice));
                byId("vote-no").setAttribute("aria-pressed", String(!choice));
            });
        }
        client.on("match.ended", (ended) => this.#showEnd(ended));
        client.on("lobby.vote", (tally) => {
            if (tally.vote === "restart") this.#showTally(tally);
        });
        client.on("match.started", () => this.reset());
    }

    hide() {
        clearInterval(this.#timer);
        byId("scoreboard").hidden = true;
    }

    /** Another match, another lobby, or none. */
    reset() {
        this.#isFinal = false;
        clearInterval(this.#voteTimer);
        this.hide();
        byId("board-title").textContent = "Scoreboard";
        byId("board-title").className = "";
        byId("board-text").textContent = "";
        this.#fill([], { red: 0, blue: 0 }, false);
    }

    #onTab(event, isDown) {
        const isTab = event.code === "Tab" && !event.shiftKey; // with it, the focus moves
        if (!isTab || byId("game").hidden || event.repeat) return;
        const isFree = event.target === document.body || event.target === byId("canvas");
        if (!isFree || this.#isFinal) return; // at the end there are buttons to reach
        event.preventDefault();
        this.#hold(isDown);
    }

    #hold(isDown) {
        clearInterval(this.#timer);
        byId("scoreboard").hidden = !(isDown || this.#isFinal) || !byId("lobby").hidden;
        if (byId("scoreboard").hidden || this.#isFinal) return;
        byId("vote").hidden = true;
        this.#timer = setInterval(() => this.#refresh(), REFRESH_MS);
        this.#refresh();
    }

    async #refresh() {
        try {
            const board = await this.#client.scoreboard();
            if (this.#isFinal || byId("scoreboard").hidden) return;
            put(byId("board-text"), clockText(board.elapsedMs / 1000));
            this.#fill(board.rows, board.teamScores, true);
        } catch (error) {
            clearInterval(this.#timer);
            if (error.code !== "connection_lost") toast(explain(error));
        }
    }

    #fill(rows, scores, hasPing) {
        ["red", "blue"].forEach((team, i) =>
            this.#tables[i].show(scores[team], rows.filter((row) => row.team === team), hasPing));
    }

    #showEnd({ results, scoreboardMs }) {
        this.#isFinal = true;
        clearInterval(this.#timer);
        const { winningTeam } = results;
        const title = byId("board-title");
        title.className = winningTeam === "draw" ? "" : `title-${winningTeam}`;
        title.textContent = winningTeam === "draw" ? "Draw"
            : `${winningTeam === "red" ? "Red" : "Blue"} wins`;
        byId("board-text").textContent =
            `${REASONS[results.reason] ?? results.reason}, ${clockText(results.duration)} played`;
        this.#fill(results.playerStats, results.finalScores, false);
        byId("scoreboard").hidden = false;
        for (const id of ["vote-yes", "vote-no"]) byId(id).setAttribute("aria-pressed", "false");
        byId("vote").hidden = this.#client.entry?.seat === 255;
        byId("vote-tally").textContent = "";
        this.#voteEnd = performance.now() + scoreboardMs;
        clearInterval(this.#voteTimer);
        this.#voteTimer = setInterval(() => this.#showLeft(), 250);
        this.#showLeft();
    }

    #showTally({ yes, no, needed, endsInMs }) {
        byId("vote-tally").textContent = `${yes} yes, ${no} no (${needed} needed)`;
        this.#voteEnd = performance.now() + endsInMs;
        this.#showLeft();
    }

    #showLeft() {
        const left = Math.max(0, Math.ceil((this.#voteEnd - performance.now()) / 1000));
        byId("vote-left").textContent = `${left} s left`;
        if (left === 0) clearInterval(this.#voteTimer);
    }
}
