// lobby_screen - the lobby at hand: who sits where, who is ready, what one may do. It is there by
// itself before a match, and on a button's press while one runs.

import { mapOf } from "./catalog.js";
import { joinLink } from "./join.js";
import { KeyedList, put } from "./keyed_list.js";
import { MemberDialog } from "./member_dialog.js";
import { teamColours, teamsOf } from "./teams.js";
import { actionButton, byId, copyButton, guarded, make, playArea, titleOf } from "./ui.js";
import { hostId, isBeforeMatch, isInCharge, isOwn, isPlayer } from "./who.js";

const COUNTDOWN_STEP_MS = 250;
const START_TEXTS = {
    ready: "The match starts when all are ready.",
    host: "The host starts the match.",
    enough: "The match starts when enough players are here.",
};

/** "ABCDEFGH" is read in two halves. */
function codeText(code) {
    return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code;
}

/** Bots have no playerId of their own until the results. */
function memberKey({ playerId, seat, isBot }) {
    return isBot ? `bot ${seat}` : playerId;
}

function badge(text, className) {
    return make("span", { className: `badge ${className}` }, text);
}

export class LobbyScreen {
    #client;
    #catalog;
    #chat;
    #members;
    #undecided;
    #spectators;
    #teams = new Map(); // team -> {list, join}
    #panels;
    #onShow;
    #isWanted = false; // opened by hand
    #countdownEnd = 0;
    #timer;

    /**
     * panels: what else lies on the screen and has an update(); leave(): gives up the seat;
     * onShow(): the screen has come up.
     */
    constructor({ client, catalog, chat, panels, leave, onShow }) {
        this.#client = client;
        this.#catalog = catalog;
        this.#chat = chat;
        this.#panels = panels;
        this.#onShow = onShow;
        this.#members = new MemberDialog(client, catalog);
        this.#undecided = this.#list(byId("team-none"));
        this.#spectators = this.#list(byId("spectators"));
        this.#setUpButtons(leave);
        client.on("lobby.members", () => this.update());
        client.on("lobby.updated", () => this.update());
        client.on("lobby.countdown", ({ startsInMs }) => this.#countDown(startsInMs));
        client.on("match.started", () => {
            this.#isWanted = false;
            this.update();
        });
    }

    /** Another lobby, or none. */
    enter() {
        this.#isWanted = false;
        this.#countdownEnd = 0;
        this.update();
    }

    update() {
        const { entry } = this.#client;
        const isShown = entry !== null && (this.#isWanted || isBeforeMatch(this.#client));
        this.#place(isShown);
        if (!isShown) return;
        this.#layOutTeams(teamsOf(this.#catalog.mode(entry.lobby.gameMode)));
        this.#showHead(entry);
        this.#showMembers(entry);
        this.#showActions(entry);
        for (const panel of this.#panels) panel.update();
    }

    /** Takes the chat along; the keyboard goes where the eye is. */
    #place(isShown) {
        const screen = byId("lobby");
        if (screen.hidden === !isShown) return;
        const hadFocus = screen.contains(document.activeElement);
        screen.hidden = !isShown;
        if (isShown) {
            this.#onShow();
            this.#chat.dock(byId("lobby-chat"));
            screen.focus();
        } else {
            this.#chat.undock();
            clearInterval(this.#timer);
            if (hadFocus) playArea().focus();
        }
    }

    #toggle() {
        this.#isWanted = byId("lobby").hidden;
        this.update();
    }

    // ---- what there is to press

    #setUpButtons(leave) {
        const { lobby } = this.#client;
        const press = (id, action) => {
            byId(id).onclick = (event) => guarded(event.currentTarget, action);
        };
        const isPressed = (id) => byId(id).getAttribute("aria-pressed") === "true";
        byId("show-lobby").onclick = () => this.#toggle();
        byId("lobby-close").onclick = () => this.#toggle();
        addEventListener("keydown", (event) => {
            const isTaken = event.defaultPrevented || document.querySelector("dialog[open]");
            if (event.key !== "Escape" || !this.#isWanted || isTaken) return;
            event.preventDefault();
            this.#toggle();
        });
        press("lobby-leave", leave);
        press("lobby-ready", () => lobby.ready(!isPressed("lobby-ready")));
        press("lobby-start", () => lobby.start());
        press("lobby-lock", () => lobby.lock(!isPressed("lobby-lock")));
        press("lobby-shuffle", () => lobby.shuffleTeams());
        press("lobby-swap", () => lobby.swapTeams());
        press("lobby-map-vote", () => lobby.voteMap());
        this.#setUpCode();
    }

    #setUpCode() {
        const code = () => this.#client.entry.joinCode;
        const renew = actionButton("New code", async () => {
            this.#client.entry.joinCode = await this.#client.lobby.renewCode();
            this.update();
        }, { id: "code-renew", title: "The old code leads nowhere then" });
        byId("lobby-code-buttons").append(
            copyButton("Copy", () => codeText(code()), { id: "code-copy" }),
            copyButton("Copy link", () => joinLink(code()), { id: "code-link" }), renew);
    }

    #showActions(entry) {
        const { settings, state } = entry.lobby;
        const inCharge = isInCharge(this.#client);
        const plays = isPlayer(this.#client);
        const before = isBeforeMatch(this.#client);
        const mine = entry.members.find((member) => isOwn(this.#client, member));
        const mode = this.#catalog.mode(entry.lobby.gameMode);
        const maps = mode?.maps.length ?? 0;
        const hasTeams = this.#teams.size > 0;
        const show = (id, isOffered) => {
            byId(id).hidden = !isOffered;
        };
        show("lobby-close", !before);
        show("lobby-ready", plays && before && hostId(this.#client) !== "");
        show("lobby-start", inCharge && state === "waiting");
        show("lobby-lock", inCharge);
        show("lobby-shuffle", inCharge && before && hasTeams);
        show("lobby-swap", inCharge && before && hasTeams);
        show("lobby-map-vote", plays && settings.allowMapVoting && maps > 1 && state !== "active");
        show("code-renew", inCharge);
        for (const [team, { join }] of this.#teams) {
            join.hidden = !plays || !before || entry.team === team;
        }
        byId("lobby-ready").setAttribute("aria-pressed", String(mine?.ready === true));
        byId("lobby-lock").setAttribute("aria-pressed", String(settings.locked === true));
        byId("lobby-lock").textContent = settings.locked ? "Locked" : "Lock";
    }

    // ---- what there is to see

    #showHead(entry) {
        const { lobby, joinCode } = entry;
        byId("lobby-title").textContent =
            [this.#catalog.titleOf(lobby.gameMode), mapOf(this.#catalog.mode(lobby.gameMode), lobby.settings)]
                .filter(Boolean).join(" · ");
        byId("lobby-code-line").hidden = !joinCode;
        byId("lobby-code").textContent = codeText(joinCode ?? "");
        this.#showStatus();
    }

    #showStatus() {
        const { lobby, members } = this.#client.entry;
        // Not currentPlayers: of those who come and go only the members are told.
        const taken = members.filter(({ isBot, spectator }) => !isBot && !spectator).length;
        const seats = `${taken} of ${lobby.maxPlayers} seats taken`;
        const left = Math.max(0, Math.ceil((this.#countdownEnd - performance.now()) / 1000));
        const text = {
            waiting: `${seats}. ${this.#startText(lobby.settings)}`,
            starting: `The match starts in ${left}.`,
            active: `A match is running. ${seats}.`,
            ending: `The match is over. ${seats}.`,
        }[lobby.state] ?? seats;
        put(byId("lobby-status"), text);
    }

    #startText({ startWhen, isPrivate, hostId: host }) {
        if (!host || !startWhen) return START_TEXTS.enough;
        const isAuto = startWhen === "auto";
        return START_TEXTS[isAuto ? (isPrivate ? "ready" : "enough") : startWhen] ?? "";
    }

    #countDown(startsInMs) {
        this.#countdownEnd = performance.now() + startsInMs;
        clearInterval(this.#timer);
        this.#timer = setInterval(() => {
            if (this.#client.entry?.lobby.state === "starting") this.#showStatus();
            else clearInterval(this.#timer);
        }, COUNTDOWN_STEP_MS);
        this.update();
    }

    #showMembers({ members }) {
        const players = members.filter((member) => !member.spectator);
        put(byId("undecided-title"), this.#teams.size > 0 ? "No team yet" : "Players");
        for (const [team, { list }] of this.#teams) {
            list.show(players.filter((member) => member.team === team));
        }
        this.#undecided.show(players.filter(({ team }) => !this.#teams.has(team)));
        this.#spectators.show(members.filter((member) => member.spectator));
        byId("undecided").hidden = this.#undecided.size === 0;
        byId("watching").hidden = this.#spectators.size === 0;
    }

    /** A column for each team of the lobby's mode; they stay while the teams do. */
    #layOutTeams(teams) {
        const colours = teamColours(teams);
        byId("lobby-teams").hidden = teams.length === 0;
        if (teams.join() === [...this.#teams.keys()].join()) return;
        byId("lobby-teams").classList.toggle("many", teams.length > 2);
        byId("lobby-teams").replaceChildren();
        this.#teams = new Map(teams.map((team) => [team, this.#team(team, colours.get(team))]));
    }

    #team(team, colour) {
        const place = make("ul", { id: `team-${team}` });
        const name = team.replaceAll("_", " ");
        const join = make("button", { type: "button", id: `join-${team}` }, `Join ${name}`);
        join.onclick = () => guarded(join, () => this.#client.lobby.setTeam(team));
        byId("lobby-teams").append(
            make("div", {}, make("h3", { className: colour }, titleOf(team)), place, join));
        return { list: this.#list(place), join };
    }

    #list(place) {
        return new KeyedList(place, memberKey, () => this.#row());
    }

    #row() {
        let known = null;
        const name = make("span", { className: "name" });
        const badges = make("span", { className: "badges" });
        const more = make("button", { type: "button", className: "quiet more" }, "…");
        more.onclick = () => this.#members.open(known);
        const element = make("li", { className: "member" }, name, badges, more);
        const update = (member) => {
            known = member;
            element.dataset.player = member.playerId;
            put(name, member.displayName);
            name.classList.toggle("own", isOwn(this.#client, member));
            this.#showBadges(badges, member);
            more.ariaLabel = `Actions for ${member.displayName}`;
            more.hidden = !this.#members.hasActions(member);
        };
        return { element, update };
    }

    #showBadges(place, member) {
        const badges = [
            member.playerId === hostId(this.#client) && badge("Host", "crown"),
            member.ready && badge("Ready", "ready"),
            !member.connected && badge("Away", "away"),
            member.isBot && badge("Bot", ""),
        ].filter(Boolean);
        const text = badges.map(({ textContent }) => textContent).join("");
        if (place.textContent !== text) place.replaceChildren(...badges);
    }
}
