// scoreboard - the table while Tab is held, and the result at the end with the vote.

import { KeyedList, put } from "./keyed_list.js";
import { disturbedText } from "./reasons.js";
import { teamColours, teamsOf } from "./teams.js";
import { byId, clockText, explain, guarded, make, titleOf, toast } from "./ui.js";

const REFRESH_MS = 1000;
const REASONS = {
    score_limit: "score limit reached",
    time_limit: "time is up",
    elimination: "the other team is out",
    forfeit: "the other team has left",
    aborted: "the match was stopped",
    all_played: "all have played",
};
const REASONS_ALONE = { elimination: "the others are out", forfeit: "the others have left" };
const PLAYER = ["Player", (row) => row.displayName + (row.connected === false ? " (away)" : "")];
const KILLS = [
    ["K", (row) => row.kills],
    ["D", (row) => row.deaths],
    ["A", (row) => row.assists],
];
const PLACE = ["Place", (row) => row.place];
const SCORE = ["Score", (row) => row.score];
const PING = ["Ping", (row) => (row.isBot ? "bot" : row.pingMs ?? "")];

/** A mode with statistics of its own is told by these, and by kills where there are any. */
function columnsOf(rows, hasTeams) {
    const own = [...new Set(rows.flatMap(({ stats }) => Object.keys(stats ?? {})))];
    const hasKills = own.length === 0 ||
        rows.some(({ kills, deaths, assists }) => kills || deaths || assists);
    return [
        PLAYER, ...(hasTeams ? [] : [PLACE]), ...(hasKills ? KILLS : []),
        ...own.map((name) => [titleOf(name), (row) => row.stats?.[name] ?? ""]), SCORE, PING,
    ];
}

/** The players of one team, the best first; of a match without teams all, by place. */
class Table {
    element;
    #columns;
    #place = make("span");
    #score = make("span");
    #rows;

    /** team: "" for none; isOwn(row) */
    constructor(team, colour, columns, isOwn) {
        this.#columns = columns;
        const head = make("tr", {},
            ...columns.map(([name]) => make("th", { scope: "col" }, name)));
        const body = make("tbody");
        this.#rows = new KeyedList(body, ({ playerId, displayName }) => `${playerId} ${displayName}`,
            () => this.#row(isOwn));
        const caption = team && make("caption", { className: colour }, this.#place, `${titleOf(team)}  `, this.#score);
        this.element = make("table", {}, ...(team ? [caption] : []), make("thead", {}, head), body);
    }

    /** hasPing: of a match that runs; nobody tells it of one that is over. place: of the team, if told. */
    show(score, rows, hasPing, place) {
        put(this.#score, String(score));
        put(this.#place, place ? `${place}. ` : "");
        this.element.classList.toggle("no-ping", !hasPing);
        this.#rows.show([...rows].sort((a, b) =>
            (a.place ?? 0) - (b.place ?? 0) || b.score - a.score || b.kills - a.kills));
    }

    #row(isOwn) {
        const cells = this.#columns.map(() => make("td"));
        const element = make("tr", {}, ...cells);
        const update = (row) => {
            element.classList.toggle("own", isOwn(row));
            element.classList.toggle("out", row.connected === false);
            this.#columns.forEach(([, value], i) => put(cells[i], String(value(row))));
        };
        return { element, update };
    }
}

export class Scoreboard {
    #client;
    #catalog;
    #tables = new Map(); // team, "" for none -> Table
    #shape = ""; // for which teams and columns these are
    #timer;
    #voteTimer;
    #voteEnd = 0;
    #isFinal = false;

    constructor(client, catalog) {
        this.#client = client;
        this.#catalog = catalog;
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
        const teams = teamsOf(this.#catalog.mode(this.#client.entry?.lobby.gameMode));
        this.#fill([], Object.fromEntries(teams.map((team) => [team, 0])), false);
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

    /**
     * scores: of each team; places: of teams, where they have some. Rows of a match without teams get
     * the place that they have by score.
     */
    #fill(rows, scores, hasPing, places = new Map()) {
        const colours = teamColours(Object.keys(scores));
        const teams = Object.keys(scores).sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
        this.#layOut(teams, colours, columnsOf(rows, teams.length > 0));
        for (const team of teams) {
            const own = rows.filter((row) => row.team === team);
            this.#tables.get(team).show(scores[team], own, hasPing, places.get(team));
        }
        if (teams.length > 0) return;
        const placeOf = ({ score }) => rows.filter((other) => other.score > score).length + 1;
        this.#tables.get("").show("", rows.map((row) => ({ place: placeOf(row), ...row })), hasPing);
    }

    #layOut(teams, colours, columns) {
        const shape = JSON.stringify([teams, columns.map(([name]) => name)]);
        if (shape === this.#shape) return;
        this.#shape = shape;
        const isOwn = ({ playerId }) => playerId === this.#client.session?.playerId;
        this.#tables = new Map((teams.length > 0 ? teams : [""]).map((team) =>
            [team, new Table(team, colours.get(team), columns, isOwn)]));
        byId("board-tables").classList.toggle("single", teams.length === 0);
        byId("board-tables").classList.toggle("many", teams.length > 2);
        byId("board-tables").replaceChildren(...[...this.#tables.values()].map(({ element }) => element));
    }

    #showEnd({ results, scoreboardMs }) {
        this.#isFinal = true;
        clearInterval(this.#timer);
        const { winner, reason, placements, finalScores } = results;
        const teamCount = Object.keys(finalScores).length;
        const hasTeams = teamCount > 0;
        const title = byId("board-title");
        const colour = teamColours(Object.keys(finalScores)).get(winner?.team);
        title.className = colour ? `title-${colour}` : "";
        title.textContent = winner ? `${winner.displayName ?? titleOf(winner.team)} wins` : "Draw";
        const why = (hasTeams ? null : REASONS_ALONE[reason]) ?? REASONS[reason] ?? reason.replaceAll("_", " ");
        const played = `${why}, ${clockText(results.duration)} played`;
        const disturbed = disturbedText(results.disturbed);
        byId("board-text").textContent = disturbed ? `${played}. ${disturbed}` : played;
        const places = new Map(placements.map(({ playerId, place }) => [playerId, place]));
        const placed = (row) => (hasTeams ? row : { ...row, place: places.get(row.playerId) });
        // Of two, the title says it.
        const ofTeams = new Map(teamCount > 2 ? placements.map(({ team, place }) => [team, place]) : []);
        this.#fill(results.playerStats.map(placed), finalScores, false, ofTeams);
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
