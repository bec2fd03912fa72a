// scoreboard - the table while Tab is held, and the result at the end with the vote.

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
    ["Player", (row) => row.displayName],
    ["K", (row) => row.kills],
    ["D", (row) => row.deaths],
    ["A", (row) => row.assists],
    ["Score", (row) => row.score],
];
const PING_COLUMN = ["Ping", (row) => (row.isBot ? "bot" : row.pingMs)];

function table(team, score, rows, columns, isOwn) {
    const head = make("tr", {}, ...columns.map(([name]) => make("th", { scope: "col" }, name)));
    const body = [...rows].sort((a, b) => b.score - a.score || b.kills - a.kills).map((row) => {
        const classes = [isOwn(row) ? "own" : "", row.connected === false ? "out" : ""];
        return make("tr", { className: classes.join(" ").trim() },
            ...columns.map(([, value]) => make("td", {}, String(value(row)))));
    });
    const title = team === "red" ? "Red" : "Blue";
    return make("table", {},
        make("caption", { className: team }, `${title}  ${score}`),
        make("thead", {}, head), make("tbody", {}, ...body));
}

export class Scoreboard {
    #client;
    #timer;
    #voteTimer;
    #voteEnd = 0;
    #isFinal = false;

    constructor(client) {
        this.#client = client;
        addEventListener("keydown", (event) => this.#onTab(event, true));
        addEventListener("keyup", (event) => this.#onTab(event, false));
        addEventListener("blur", () => this.#hold(false));
        byId("show-score").onclick = () => this.#hold(byId("scoreboard").hidden);
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
        client.on("match.started", () => this.hide());
    }

    hide() {
        this.#isFinal = false;
        clearInterval(this.#timer);
        clearInterval(this.#voteTimer);
        byId("scoreboard").hidden = true;
    }

    #onTab(event, isDown) {
        if (event.code !== "Tab" || byId("game").hidden || event.repeat) return;
        const isFree = event.target === document.body || event.target === byId("canvas");
        if (!isFree) return;
        event.preventDefault();
        this.#hold(isDown);
    }

    #hold(isDown) {
        if (this.#isFinal) return;
        clearInterval(this.#timer);
        byId("scoreboard").hidden = !isDown || !byId("lobby").hidden;
        if (byId("scoreboard").hidden) return;
        byId("vote").hidden = true;
        this.#timer = setInterval(() => this.#refresh(), REFRESH_MS);
        this.#refresh();
    }

    async #refresh() {
        try {
            const board = await this.#client.scoreboard();
            if (this.#isFinal) return;
            byId("board-title").className = "";
            byId("board-title").textContent = "Scoreboard";
            byId("board-text").textContent = clockText(board.elapsedMs / 1000);
            this.#fill(board.rows, board.teamScores, [...COLUMNS, PING_COLUMN]);
        } catch (error) {
            clearInterval(this.#timer);
            if (error.code !== "connection_lost") toast(explain(error));
        }
    }

    #fill(rows, scores, columns) {
        const own = this.#client.session?.playerId;
        byId("board-tables").replaceChildren(...["red", "blue"].map((team) =>
            table(team, scores[team], rows.filter((row) => row.team === team), columns,
                (row) => row.playerId === own)));
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
        this.#fill(results.playerStats, results.finalScores, COLUMNS);
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
