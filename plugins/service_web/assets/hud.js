// hud - the numbers around the arena: score, clock, health, cool-downs, kill feed, connection.

import { BUTTON_LAUNCHER, BUTTON_RIFLE } from "../sdk/js/index.js";
import { KeyedList, put } from "./keyed_list.js";
import { killWords } from "./kill_words.js";
import { objectiveLines } from "./objectives.js";
import { byId, clockText, make, playArea } from "./ui.js";

const FEED_MAX = 5;
const FEED_MS = 6000;
const HEALTH_FULL = 100;
const TEAM_TEXT_MS = 2500;
const OUT_AFTER_MS = 1000; // beyond what the intro says
const HELP_MS = 12000; // of the first match; then a player has read it

function setMeter(id, part) {
    byId(id).style.transform = `scaleX(${Math.min(1, Math.max(0, part))})`;
}

/** Escape leads from the game to its buttons, and back: Tab is the score's while one plays. */
function setUpEscape() {
    addEventListener("keydown", (event) => {
        const isElsewhere = byId("game").hidden || !byId("lobby").hidden ||
            document.querySelector("dialog[open]") !== null;
        if (event.key !== "Escape" || event.defaultPrevented || isElsewhere) return;
        const isPlaying = [document.body, playArea()].includes(document.activeElement);
        if (isPlaying) byId("show-lobby").focus();
        else playArea().focus();
    });
}

export class Hud {
    constructor() {
        setUpEscape();
    }

    #rules = null;
    #tickMs = 50;
    #firedAt = { rifle: -1e9, launcher: -1e9 };
    #diedAt = null;
    #countdownEnd = 0;
    #startedAt = 0;
    #helpEnd = Infinity;
    #objectives = new KeyedList(byId("objectives"), ({ key }) => key, () => {
        const element = make("li");
        return {
            element,
            update({ text, team }) {
                put(element, text);
                element.className = team;
            },
        };
    });

    startMatch(match) {
        this.reset();
        this.#rules = match.intro;
        this.#tickMs = 1000 / match.tickRate;
        this.#startedAt = performance.now();
        if (this.#helpEnd === Infinity) this.#helpEnd = this.#startedAt + HELP_MS;
        byId("goal").textContent = match.intro.killLimit ? `first to ${match.intro.killLimit}` : "";
    }

    /** Nothing of a match, a lobby or a mode is left for the next. */
    reset() {
        this.#rules = null;
        this.#firedAt = { rifle: -1e9, launcher: -1e9 };
        this.#diedAt = null;
        this.#countdownEnd = 0;
        this.#startedAt = -1e9;
        this.#objectives.show([]);
        byId("objectives").hidden = true;
        byId("vitals").hidden = true;
        byId("controls").hidden = true;
        byId("feed").replaceChildren();
        for (const id of ["clock", "goal", "centre"]) byId(id).textContent = "";
        for (const team of ["red", "blue"]) {
            byId(`score-${team}`).textContent = "0";
            byId(`score-${team}`).classList.remove("own");
        }
    }

    startCountdown(startsInMs) {
        this.#countdownEnd = performance.now() + startsInMs;
    }

    fired(weapon) {
        const coolMs = (this.#rules?.[weapon].cooldownTicks ?? 0) * this.#tickMs;
        const now = performance.now();
        if (now - this.#firedAt[weapon] >= coolMs * 0.9) this.#firedAt[weapon] = now;
    }

    /** After each snapshot. */
    update(game) {
        const alone = this.#rules?.freeForAll ?? false; // then the first number is the best one's
        byId("score-blue").hidden = alone;
        byId("score-red").classList.toggle("red", !alone);
        byId("score-red").textContent = String(game.world.scores.red);
        byId("score-blue").textContent = String(game.world.scores.blue);
        this.#showObjectives(game);
        const own = game.world.avatars.get(game.seat);
        byId("vitals").hidden = !own;
        byId("score-red").classList.toggle("own", own?.team === 1);
        byId("score-blue").classList.toggle("own", own?.team === 2);
        if (!own) return;
        const health = own.alive ? own.health : 0;
        setMeter("health-fill", health / HEALTH_FULL);
        byId("health-fill").classList.toggle("low", health <= 35);
        byId("health-text").textContent = own.alive ? String(health) : "down";
        byId("weapon-rifle").hidden = !(own.weapons & BUTTON_RIFLE);
        byId("weapon-launcher").hidden = !(own.weapons & BUTTON_LAUNCHER);
        if (own.alive) this.#diedAt = null;
        else this.#diedAt ??= performance.now();
    }

    #showObjectives(game) {
        const lines = objectiveLines(game);
        byId("objectives").hidden = lines.length === 0;
        this.#objectives.show(lines.map((line, key) => ({ key, ...line })));
    }

    /** Each frame: what moves with time. */
    frame(game) {
        if (game.input.sticks.move && this.#rules) this.#helpEnd = 0; // the thumbs have found out
        byId("controls").hidden = game.isSpectator || performance.now() > this.#helpEnd;
        if (!this.#rules) return this.#showCentre(game);
        const limit = this.#rules.timeLimit;
        const elapsed = game.elapsedMs / 1000;
        put(byId("clock"), clockText(limit ? limit - elapsed : elapsed));
        for (const weapon of ["rifle", "launcher"]) {
            const coolMs = Math.max(1, this.#rules[weapon].cooldownTicks * this.#tickMs);
            setMeter(`cool-${weapon}`, (performance.now() - this.#firedAt[weapon]) / coolMs);
        }
        this.#showCentre(game);
    }

    #showCentre(game) {
        let text = "";
        let className = "centre-text";
        const startsInMs = this.#countdownEnd - performance.now();
        if (startsInMs > 0) {
            text = `Starts in ${Math.ceil(startsInMs / 1000)}`;
        } else if (this.#diedAt !== null && game?.isActive) {
            const waitMs = this.#rules.respawnTicks * this.#tickMs;
            const leftMs = waitMs - (performance.now() - this.#diedAt);
            if (waitMs === 0) text = "Out until the next match";
            else if (leftMs > 0) text = `Back in ${Math.ceil(leftMs / 1000)}`;
            else if (leftMs < -OUT_AFTER_MS) text = "Out for now"; // rules have a say in it
        } else if (performance.now() - this.#startedAt < TEAM_TEXT_MS) {
            const team = ["", "red", "blue"][game.world.avatars.get(game.seat)?.team ?? 0];
            if (team) text = `You play for ${team}`;
            className = `centre-text ${team}`;
        }
        byId("centre").className = className;
        put(byId("centre"), text);
    }

    kill(kill, game) {
        const teamClass = (seat) =>
            ["", "red", "blue"][game.world.avatars.get(seat)?.team ?? 0] ?? "";
        const isOwn = [kill.killer, kill.victim, kill.assist].includes(game.seat);
        const line = make("li", { className: isOwn ? "own" : "" },
            ...killWords(kill).map(({ seat, text }) => (text === undefined
                ? make("span", { className: teamClass(seat) }, game.nameOf(seat))
                : make("span", { className: "with" }, text))));
        const feed = byId("feed");
        feed.append(line);
        while (feed.childElementCount > FEED_MAX) feed.firstElementChild.remove();
        setTimeout(() => line.remove(), FEED_MS);
    }

    setLatency(rttMs) {
        byId("net-ping").textContent = `${rttMs} ms`;
        byId("bar-ping").textContent = `${rttMs} ms`;
    }

    /** The ping measured last says nothing of a line that is silent. */
    setSilent(isSilent) {
        byId("net-state").textContent = isSilent ? "no signal" : "";
        if (isSilent) byId("net-ping").textContent = byId("bar-ping").textContent = "";
    }

    setConnection(state) {
        byId("net-state").textContent = state === "online" ? "" : state;
        if (state !== "online") byId("net-ping").textContent = byId("bar-ping").textContent = "";
    }
}
