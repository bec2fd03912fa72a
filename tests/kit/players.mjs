// players - who plays on a server: guests and accounts through sdk/js, alone or as a team with bots.

import assert from "node:assert/strict";
import { AuthClient, BUTTON_RIFLE, MusterClient } from "../../sdk/js/index.js";
import { Bot } from "./bot.mjs";
import { atEnd, eventually } from "./harness.mjs";
import { CheckedWebSocket } from "./openrpc.mjs";
import { RawSocket } from "./sockets.mjs";

/** Time that a whole match by the JS players may take. */
export const MATCH_MS = 120000;
const RIFLE = 1;

let guests = 0;

/** A machine that is busy with other work makes a node late, which then takes nobody new for a while. */
const whenRested = (ask) =>
    eventually("the server takes it", () =>
        ask().catch((error) => {
            if (error.code !== "server_busy") throw error;
        }),
    );

/** A signed-in sdk/js client. */
export async function connectPlayer(t, server, { name, token, options = {} } = {}) {
    const auth = new AuthClient({ baseUrl: server.httpUrl });
    if (!token) await auth.guest({ displayName: name ?? `Guest ${++guests}` });
    const client = new MusterClient({
        url: server.wsUrl,
        WebSocket: CheckedWebSocket,
        backoff: { baseMs: 50, maxMs: 500 },
        ...options,
    });
    atEnd(t, () => {
        client.close();
        auth.stop();
    });
    for (const name of ["createLobby", "joinLobby", "joinByCode"]) {
        const ask = client[name].bind(client);
        client[name] = (...args) => whenRested(() => ask(...args));
    }
    const resumable = await client.connect(token ?? ((renew) => auth.accessToken(renew)));
    return { client, auth, resumable, playerId: client.session.playerId };
}

/** What a client is told in its lobby: lines of chat and errors of mods. say(text): the line after it. */
export function listen(client) {
    const lines = [];
    const errors = [];
    client.on("lobby.chat", ({ text }) => lines.push(text));
    client.on("mod.error", (error) => errors.push(error));
    const say = async (text) => {
        const from = lines.length;
        await client.chat(text);
        await eventually("an answer", () => lines.length > from);
        return lines.at(-1);
    };
    return { client, lines, errors, say };
}

/** A guest's AuthToken. */
export async function guestToken(server, displayName = `Guest ${++guests}`) {
    const answer = await server.rest("POST", "/v1/auth/guest", { displayName });
    assert.ok(answer.status === 200 || answer.status === 201, answer.text);
    return answer.body;
}

/** The AuthToken of an administrator whose name is in auth_local.adminUsers. */
export async function registerAdmin(server, username, password = "correct horse battery") {
    const [code] = (await server.admin(`admin-code ${username}`)).split("\n");
    const answer = await server.rest("POST", "/v1/auth/register", { username, password, code });
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
}

/** A signed-in bare WebSocket. */
export async function rawPlayer(t, server) {
    const token = await guestToken(server);
    const socket = await RawSocket.open(t, server);
    await socket.authenticate(token.accessToken);
    return { socket, token };
}

/** The refusal of a call: asserts its word and returns the error. */
export async function refused(promise, code) {
    try {
        await promise;
    } catch (error) {
        assert.equal(error.code, code, `${error.code}: ${error.message}`);
        return error;
    }
    assert.fail(`expected ${code}, but it was granted`);
}

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
