// team - several bots that play matches together through sdk/js.

import { BUTTON_RIFLE } from "../../sdk/js/index.js";
import { Bot } from "./bot.mjs";
import { MATCH_MS, connectPlayer } from "./harness.mjs";

const RIFLE = 1;

/** A player with a bot that takes up each match of its lobby. */
export class Teammate {
    bots = []; // one per match, in order
    ended = []; // match.ended of each
    /** Kills of which this player is the killer, without an input of its that fired. */
    unexplained = [];
    #client;
    #settings;

    constructor(player, settings = {}) {
        this.player = player;
        this.#client = player.client;
        this.#settings = settings;
        this.#client.on("entered", ({ entry }) => entry.match && this.#begin(entry.match));
        this.#client.on("match.started", (match) => this.#begin(match));
        this.#client.on("match.ended", (ended) => {
            this.bot?.stop();
            this.ended.push(ended);
        });
        this.#client.on("snapshot", ({ seat }) => this.#explain(seat));
    }

    get client() {
        return this.#client;
    }
    get bot() {
        return this.bots.at(-1);
    }

    #begin(match) {
        this.bot?.stop();
        this.bots.push(
            Object.assign(new Bot(this.#client, match, this.#settings), {
                matchId: match.matchId,
                explained: 0,
            }),
        );
    }

    #explain(seat) {
        const { bot } = this;
        if (!bot) return;
        for (; bot.explained < bot.kills.length; bot.explained++) {
            const kill = bot.kills[bot.explained];
            const good = kill.weapon !== RIFLE || bot.fired(BUTTON_RIFLE, kill.ack);
            if (kill.killer === seat && !good) this.unexplained.push(kill);
        }
    }

    /** The nth match.ended, from 0. */
    async end(n = 0) {
        while (this.ended.length <= n)
            await this.#client.once("match.ended", { timeoutMs: MATCH_MS });
        return this.ended[n];
    }
}

/** Guests who sign in at once, each with a bot. */
export async function gather(t, server, count, { settings, options } = {}) {
    const players = await Promise.all(
        Array.from({ length: count }, (_, i) =>
            connectPlayer(t, server, { name: `Player ${i + 1}`, options }),
        ),
    );
    return players.map((player) => new Teammate(player, settings));
}

/** The first creates a lobby with these settings, the others join. */
export async function sitDown(team, settings, gameMode = "arena") {
    const entry = await team[0].client.createLobby({ gameMode, settings });
    for (const { client } of team.slice(1)) await client.joinLobby(entry.lobby.lobbyId);
    return entry.lobby.lobbyId;
}
