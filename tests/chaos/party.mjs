// party - two to four players who meet in a lobby, play a few short matches, and meet in the next.

import { Signal, pause } from "./signal.mjs";
import { Player } from "./player.mjs";

const RULES = ["first_blood", "streaks", "double_points", "mirror_damage", "healing_zone", "supply_drop",
    "wave_respawn", "handicap"];
const AGAIN_MS = 200;

/** What a lobby is made with: game mode, settings, and who says when it starts. */
const KINDS = [
    (random) => ({ gameMode: "arena", settings: arenaLength(random), starts: "enough" }),
    (random) => ({ gameMode: "king_of_the_hill", settings: arenaLength(random), starts: "ready" }),
    (random) => ({ gameMode: "tug_of_war", settings: { length: random.int(4, 10), reach: 1000 }, starts: "host" }),
    (random) => ({
        gameMode: random.pick(["arena", "king_of_the_hill"]),
        settings: {
            ...arenaLength(random), isPrivate: true, password: `open ${random.int(1, 9999)}`,
            rules: [...new Set([random.pick(RULES), random.pick(RULES)])],
        },
        starts: random.pick(["ready", "host"]),
    }),
];

const arenaLength = (random) => ({ killLimit: 0, timeLimit: random.int(4, 10), botFill: 0 });

export class Party {
    players;
    isStopping = false;
    /** Set while its lobby has a password. */
    password = null;
    lobbyId = null;
    #random;
    #kind;
    #signal = new Signal();
    #watcher = null;
    #ended = new Set(); // matches of this lobby
    #matchesMax = 0;
    #lastMatchId = null; // after that they go; "": at once

    constructor(server, index, random) {
        this.#random = random;
        this.#kind = KINDS[index % KINDS.length];
        const names = ["a", "b", "c", "d"].slice(0, random.int(2, 4));
        this.players = names.map((name) => new Player(server, `Party ${index}${name}`, this.#signal));
        if (names.length > 2 && random.int(0, 1)) this.#watcher = this.players.at(-1);
        for (const player of this.players) player.onEnded = (matchId) => this.#onEnded(player, matchId);
    }

    stop() {
        this.isStopping = true;
        this.#signal.changed();
    }

    /** Lobby after lobby, until it is stopped and has played the last match. */
    async play() {
        const isWhole = () => this.players.every((player) => player.client.state !== "closed");
        while (!this.isStopping && isWhole()) await this.#playLobby().catch((error) => this.#giveUp(error));
    }

    /** Something was refused that should not have been, or a player was shut out: the ledger has it. */
    async #giveUp(error) {
        if (error.code === undefined) throw error;
        this.#end("");
        await Promise.all(this.players.map((player) => player.leave()));
    }

    async #playLobby() {
        const { gameMode, settings, starts } = this.#kind(this.#random);
        this.#ended.clear();
        this.#matchesMax = this.#random.int(1, 3);
        this.#lastMatchId = null;
        const [host, ...others] = this.players;
        const params = { gameMode, settings: { ...settings, startWhen: starts } };
        const { lobby } = await host.sit((client) => client.call("lobby.create", params));
        this.lobbyId = lobby.lobbyId;
        this.password = settings.password ?? null;
        await Promise.all(others.map((player) => player.sit((client) => client.call("lobby.join", {
            lobbyId: this.lobbyId, spectator: player === this.#watcher,
            ...(this.password && { secret: this.password }),
        }))));
        await Promise.all([this.#keepStarting(starts), ...this.players.map((player) => this.#finish(player))]);
    }

    /** From now on nobody has to stay. */
    #end(matchId) {
        this.#lastMatchId ??= matchId;
        this.password = null;
        for (const player of this.players) player.isLeaving = true;
    }

    async #finish(player) {
        await this.#signal.until(() => player.isOut || this.#lastMatchId === ""
            || player.ledger.hasEnded(this.#lastMatchId));
        if (this.#lastMatchId === null) this.#end("");
        await player.leave();
    }

    /** Whoever has to say so says it whenever the lobby waits, also after a countdown that broke off. */
    async #keepStarting(starts) {
        const [host, ...others] = this.players;
        const members = starts === "host" ? [host] : [host, ...others].filter((player) => player !== this.#watcher);
        const isOver = () => this.#lastMatchId !== null;
        const isDone = (player) => isOver() || player.client.entry?.lobby.state !== "waiting";
        while (starts !== "enough") {
            await this.#signal.until(() => isOver() || !isDone(host));
            if (isOver()) return;
            await Promise.all(members.map((player) => player.insist(
                (client) => (starts === "host" ? client.lobby.start() : client.lobby.ready(true)),
                () => isDone(player))));
            await pause(AGAIN_MS);
        }
    }

    #onEnded(player, matchId) {
        this.#ended.add(matchId);
        if (this.isStopping || this.#ended.size >= this.#matchesMax) this.#end(matchId);
        if (this.#lastMatchId !== null || player === this.#watcher) return;
        player.client.voteRestart(true).catch(() => {}); // lost: it is told again after the return
    }
}
