// Lobbies as each version has saved them (tests/data/saved/VERSION): every later one loads them and
// goes on. UPDATE_GOLDEN=1 makes those of this version anew, which is for who has changed the saved
// form on purpose before it was released; those of other versions stay as they are.

import assert from "node:assert/strict";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { decodeSnapshot, encodeInput, encodeMessage } from "../../sdk/js/index.js";
import { ADMIN_TOKEN, MUSTERD, ROOT, runFile, startServer, tempDir } from "../kit/harness.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const SAVED = path.join(ROOT, "tests/data/saved");
const VERSION = (await runFile(MUSTERD, ["--version"])).stdout.trim().split(" ").at(-1);
const BOTS = { botFill: 6, killLimit: 0, timeLimit: 0 };
const LATER_TICKS = 10;
const MINUTES = 60000;
const NODE = "saved"; // tickets are for one node
const PRESSED = { sequence: 1, held: 1, pressed: 1, aim: 20000, moveX: 127, moveY: 40 };

/** All that ships, at a place where its state is not the one it begins with. */
const PLAYED = {
    arena: { gameMode: "arena", settings: BOTS },
    arena_rules: {
        gameMode: "arena",
        settings: {
            ...BOTS,
            rules: [
                "crown", "double_points", "even_bots", "first_blood", "friendly_fire_escalation",
                "healing_zone", "no_respawn", "streaks",
            ],
        },
    },
    arena_more_rules: {
        gameMode: "arena",
        settings: {
            ...BOTS,
            rules: [
                "handicap", "low_gravity", "mercy_rule", "mirror_damage", "random_loadout",
                "sudden_death", "supply_drop", "wave_respawn",
            ],
        },
    },
    capture_the_flag: { gameMode: "capture_the_flag", settings: BOTS },
    connect_four: { gameMode: "connect_four", settings: {} },
    gun_game: { gameMode: "gun_game", settings: BOTS },
    infection: { gameMode: "infection", settings: BOTS },
    king_of_the_hill: { gameMode: "king_of_the_hill", settings: { ...BOTS, hillPoints: 1000 } },
    tic_tac_toe: { gameMode: "tic_tac_toe", settings: { rounds: 9 } },
    tug_of_war: { gameMode: "tug_of_war", settings: { reach: 1000 } },
};

/** A server with this data beside the key that players' tokens are signed with. */
async function start(t, from) {
    const dir = await tempDir(t);
    const auth_jwt = await otherIssuer(dir);
    if (from) {
        await cp(from, path.join(dir, "data/lobbies"), { recursive: true });
        await cp(path.join(from, "mods"), path.join(dir, "data/mods"), { recursive: true });
    }
    return startServer(t, {
        dir,
        config: {
            server: { nodeId: NODE },
            plugins: [...MOD_PLUGINS, "auth_jwt", "mode_connect_four", "service_lobbies"],
            auth_jwt,
            lobby: {
                countdownMs: 100, reconnectMs: 9 * MINUTES, recoverMs: 2 * MINUTES, scoreboardMs: 2 * MINUTES,
                seatTicketMs: 2 * MINUTES, emptyCloseMs: 5 * MINUTES,
            },
        },
    });
}

const ticketOf = (sub, { lobbyId, epoch }) =>
    jwt({ sub, displayName: sub, aud: NODE, lobby: lobbyId, epoch });

/** Somebody whom the key makes the same on every server; or who has this token. */
async function signIn(t, server, sub, token = jwt({ sub, displayName: sub })) {
    const socket = await RawSocket.open(t, server);
    const { reservation } = await socket.authenticate(token);
    const call = async (method, params) => {
        const answer = await socket.call(method, params);
        assert.ok(answer.result, `${sub}: ${method}: ${JSON.stringify(answer)}`);
        return answer.result;
    };
    const told = (method) => socket.wait((message) => message.method === method);
    const untilTick = (tick) =>
        socket.wait((message) => Buffer.isBuffer(message) && decodeSnapshot(message).tick >= tick);
    return { sub, socket, reservation, call, told, untilTick };
}

/* ---- made ------------------------------------------------------------------------------------ */

async function enter(player, reservation) {
    const { resumeToken, seat } = await player.call("lobby.enter", {
        seatTicket: reservation.seatTicket,
    });
    player.entry = { sub: player.sub, resumeToken, seat };
}

async function sitDown(t, server, name, params) {
    const players = [];
    for (const who of ["ann", "bea"]) players.push(await signIn(t, server, `${name}-${who}`));
    const made = await players[0].call("lobby.create", params);
    const { lobbyId } = made.lobby;
    await enter(players[0], made);
    const secret = params.settings.password;
    await enter(players[1], await players[1].call("lobby.join", { lobbyId, secret }));
    return { lobbyId, players };
}

async function save(server, name, { lobbyId, players }, more = {}) {
    await server.admin(`lobby save ${lobbyId} ${name}`);
    return { name, lobbyId, players: players.map(({ entry }) => entry), ...more };
}

async function playAndSave(t, server, name, params) {
    const lobby = await sitDown(t, server, name, params);
    for (const player of lobby.players) {
        await player.told("match.started");
        player.socket.send(Buffer.from(encodeInput(PRESSED)));
        for (const turn of [[0, 0], [1, 3], [2, 2]]) player.socket.send(Buffer.from(encodeMessage(Uint8Array.from(turn))));
    }
    await lobby.players[0].untilTick(60);
    await server.admin(`lobby freeze ${lobby.lobbyId}`);
    const { tick, matchId } = await lobby.players[0].call("match.scoreboard");
    return save(server, name, lobby, { state: "active", tick, matchId });
}

/** Private, with a ban, settings, a host who is waited for, and a ticket that waits, too. */
async function waitAndSave(t, server) {
    const name = "waiting";
    const lobby = await sitDown(t, server, name, {
        gameMode: "arena",
        settings: {
            ...BOTS, isPrivate: true, password: "open sesame", spectatorChat: false,
            startWhen: "host", rules: ["crown", "welcome_message"],
        },
    });
    const banned = await signIn(t, server, "waiting-bob");
    const { playerId } = await banned.call("session.get");
    await lobby.players[0].call("lobby.ban", { playerId, reason: "no" });
    const cid = await signIn(t, server, "waiting-cid");
    const { seatTicket } = await cid.call("lobby.join", {
        lobbyId: lobby.lobbyId, secret: "open sesame",
    });
    return save(server, name, lobby, {
        state: "waiting", banned: banned.sub, reserved: { sub: cid.sub, seatTicket },
    });
}

/** It begins in a moment. */
async function countAndSave(t, server) {
    const lobby = await sitDown(t, server, "starting", { gameMode: "arena", settings: BOTS });
    await lobby.players[0].told("lobby.countdown");
    await server.admin(`lobby freeze ${lobby.lobbyId}`);
    return save(server, "starting", lobby, { state: "starting" });
}

/** Made from outside: who sits there has come by a ticket. */
async function promiseAndSave(t, server) {
    const { status, text, body } = await server.rest(
        "POST", "/v1/admin/lobbies", { gameMode: "arena", settings: BOTS },
        { admin: true, headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
    assert.equal(status, 201, text);
    const sub = "promised-dan";
    const dan = await signIn(t, server, sub, ticketOf(sub, body));
    await enter(dan, dan.reservation);
    dan.entry.isByTicket = true;
    const lobby = { lobbyId: body.lobbyId, players: [dan] };
    return save(server, "promised", lobby, { state: "promised", epoch: body.epoch });
}

/** One of the two wants another match. */
async function endAndSave(t, server) {
    const lobby = await sitDown(t, server, "ending", {
        gameMode: "arena", settings: { ...BOTS, timeLimit: 1 },
    });
    const { params } = await lobby.players[0].told("match.ended");
    await lobby.players[0].call("lobby.vote", { vote: "restart", choice: true });
    return save(server, "ending", lobby, { state: "ending", results: params.results });
}

/** Of the mods those that took part: a later server has them in its data, and other ones offered. */
async function keepMods(server, to) {
    const names = await readdir(path.join(server.dataDir, "mods"));
    const files = await readdir(path.join(server.dataDir, "lobbies"));
    const lobbies = await Promise.all(files.map((name) => readFile(path.join(server.dataDir, "lobbies", name))));
    for (const name of names) {
        const hash = name.split(".")[0];
        if (lobbies.some((bytes) => bytes.includes(hash)))
            await cp(path.join(server.dataDir, "mods", name), path.join(to, "mods", name));
    }
}

async function makeAnew(t) {
    const to = path.join(SAVED, VERSION);
    const server = await start(t);
    const all = await Promise.all(
        Object.entries(PLAYED).map(([name, params]) => playAndSave(t, server, name, params)),
    );
    for (const make of [waitAndSave, endAndSave, countAndSave, promiseAndSave])
        all.push(await make(t, server));
    await rm(to, { recursive: true, force: true });
    await cp(path.join(server.dataDir, "lobbies"), to, { recursive: true });
    await mkdir(path.join(to, "mods"), { recursive: true });
    await keepMods(server, to);
    await writeFile(path.join(to, "saved.json"), `${JSON.stringify(all, null, 4)}\n`);
}

/* ---- gone on with ---------------------------------------------------------------------------- */

async function comeBack(t, server, { lobbyId, players }) {
    const back = [];
    for (const { sub, resumeToken, seat, isByTicket } of players) {
        const player = await signIn(t, server, sub, isByTicket ? resumeToken : undefined);
        const entry = await player.call("lobby.resume", { resumeToken });
        assert.equal(entry.seat, seat);
        assert.equal(entry.lobby.lobbyId, lobbyId);
        player.entry = entry;
        back.push(player);
    }
    return back;
}

const went = {
    async active(t, server, lobby, [ann]) {
        await ann.untilTick(lobby.tick + LATER_TICKS);
        const { matchId, tick } = await ann.call("match.scoreboard");
        assert.equal(matchId, lobby.matchId);
        assert.ok(tick >= lobby.tick + LATER_TICKS);
    },

    async waiting(t, server, lobby, [ann]) {
        await ann.socket.wait(
            ({ method, params }) => method === "lobby.updated" && params.lobby?.frozen === false,
        );
        const cid = await signIn(t, server, lobby.reserved.sub);
        await cid.call("lobby.enter", { seatTicket: lobby.reserved.seatTicket });
        const banned = await signIn(t, server, lobby.banned);
        const refused = await banned.socket.call("lobby.join", {
            lobbyId: lobby.lobbyId, secret: "open sesame",
        });
        assert.ok(refused.error, JSON.stringify(refused));
        await ann.call("lobby.start", {});
        await cid.told("match.started");
        await cid.untilTick(LATER_TICKS);
    },

    async starting(t, server, lobby, [ann]) {
        assert.equal(ann.entry.lobby.state, "starting");
        await ann.told("match.started");
        await ann.untilTick(LATER_TICKS);
    },

    /** It is the same life of the lobby, into which tickets lead. */
    async promised(t, server, lobby, [dan]) {
        const sub = "promised-eve";
        const eve = await signIn(t, server, sub, ticketOf(sub, lobby));
        await eve.call("lobby.enter", { seatTicket: eve.reservation.seatTicket });
        await dan.told("match.started");
        await eve.untilTick(LATER_TICKS);
    },

    async ending(t, server, lobby, [ann, bea]) {
        const { params } = await ann.told("match.ended");
        assert.deepEqual(params.results, lobby.results);
        await bea.call("lobby.vote", { vote: "restart", choice: true }); // ann's counts still
        await ann.told("match.started");
    },
};

if (process.env.UPDATE_GOLDEN) test("they are made anew", makeAnew);

for (const version of (await readdir(SAVED)).sort())
    test(`what ${version} has saved goes on`, async (t) => {
        const from = path.join(SAVED, version);
        const lobbies = JSON.parse(await readFile(path.join(from, "saved.json"), "utf8"));
        const server = await start(t, from);
        for (const { name } of lobbies) await server.admin(`lobby load ${name}`);
        for (const lobby of lobbies) {
            await t.test(lobby.name, async (t) => {
                const players = await comeBack(t, server, lobby);
                await went[lobby.state](t, server, lobby, players);
                assert.ok(!players.some(({ socket }) => socket.messages.some(({ params }) => /begins again/.test(params?.text))));
            });
        }
    });
