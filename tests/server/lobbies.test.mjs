// Lobbies: create, list, filter, join, leave, teams, spectators, chat, limits, matchmaking.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import { eventually, startServer, suite } from "../kit/harness.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";

const server = await startServer(suite);

const create = (client, settings = {}, extra = {}) =>
    client.createLobby({ gameMode: "arena", settings, ...extra });

test("a created lobby is listed, found and has exactly its fields", async (t) => {
    const { client } = await connectPlayer(t, server);
    const entry = await create(client, { killLimit: 7 });
    const { lobby } = entry;
    assert.equal(lobby.gameMode, "arena");
    assert.equal(lobby.settings.killLimit, 7);
    assert.equal(lobby.currentPlayers, 1);
    assert.equal(entry.seat, 0);
    assert.equal(entry.members.length, 1);
    assert.equal(entry.members[0].playerId, client.session.playerId);

    const listed = await client.listLobbies({ gameMode: "arena" });
    assert.ok(listed.lobbies.some(({ lobbyId }) => lobbyId === lobby.lobbyId));
    assert.equal((await client.getLobby(lobby.lobbyId)).lobbyId, lobby.lobbyId);
    const rest = await server.rest("GET", `/v1/lobbies/${lobby.lobbyId}`);
    assert.equal(rest.body.lobbyId, lobby.lobbyId);
    assert.equal((await client.call("session.get")).lobbyId, lobby.lobbyId);
});

test("the settings hold every key of the schema", async (t) => {
    const { client } = await connectPlayer(t, server);
    const info = await client.serverInfo();
    const mode = info.gameModes.find(({ name }) => name === "arena");
    const { lobby } = await create(client);
    assert.deepEqual(
        Object.keys(lobby.settings).sort(),
        mode.settingsSchema.map(({ key }) => key).sort(),
    );
    for (const { key } of mode.settingsSchema) assert.notEqual(lobby.settings[key], undefined, key);
});

test("the schema shows the operator's defaults, and they hold", async (t) => {
    const own = await startServer(t, { config: { lobby: { defaults: ["killLimit=7"] } } });
    const { client } = await connectPlayer(t, own);
    const { settingsSchema } = (await client.serverInfo()).gameModes[0];
    assert.equal(settingsSchema.find(({ key }) => key === "killLimit").default, 7);
    assert.equal((await create(client)).lobby.settings.killLimit, 7);
    await client.leave();
    assert.equal((await create(client, { killLimit: 50 })).lobby.settings.killLimit, 50);
});

test("settings that do not fit are refused and say why", async (t) => {
    const { client } = await connectPlayer(t, server);
    const wrong = [
        [{ killLimit: "many" }, /killLimit/],
        [{ killLimit: -1 }, /killLimit/],
        [{ killLimt: 5 }, /killLimit/],
        [{ mapName: "nowhere" }, /mapName/],
        [{ friendlyFire: "yes" }, /friendlyFire/],
    ];
    for (const [settings, says] of wrong) {
        const error = await refused(
            client.call("lobby.create", { gameMode: "arena", settings }),
            "invalid_params",
        );
        assert.match(error.message, says);
    }
    for (const params of [
        {},
        { gameMode: 5 },
        { gameMode: "arena", settings: [] },
        { gameMode: "arena", extra: 1, settings: 3 },
    ]) {
        await refused(client.call("lobby.create", params), "invalid_params");
    }
    await refused(client.call("lobby.create", { gameMode: "chess" }), "invalid_params");
});

test("lists are filtered and paged", async (t) => {
    const own = await startServer(t, {});
    const lobbies = [];
    for (let i = 0; i < 5; i++) {
        const { client } = await connectPlayer(t, own);
        lobbies.push((await create(client, {}, i === 4 ? { region: "local" } : {})).lobby.lobbyId);
    }
    const { client } = await connectPlayer(t, own);
    const seen = [];
    let cursor;
    do {
        const page = await client.listLobbies({ limit: 2, ...(cursor ? { cursor } : {}) });
        assert.ok(page.lobbies.length <= 2);
        seen.push(...page.lobbies.map(({ lobbyId }) => lobbyId));
        cursor = page.nextCursor;
    } while (cursor);
    assert.deepEqual(seen.sort(), lobbies.sort());
    assert.equal((await client.listLobbies({ gameMode: "none" })).lobbies.length, 0);
    assert.equal((await client.listLobbies({ region: "mars" })).lobbies.length, 0);
    assert.equal((await client.listLobbies({ hasOpenSlots: true })).lobbies.length, 5);
    const rest = await own.rest("GET", "/v1/lobbies?limit=3&gameMode=arena");
    assert.equal(rest.body.lobbies.length, 3);
    assert.ok(rest.body.nextCursor);
    assertProblem(await own.rest("GET", "/v1/lobbies?limit=many"), 400);
    assertProblem(await own.rest("GET", "/v1/lobbies/nowhere"), 404, "not_found");
    await refused(client.listLobbies({ limit: 1000 }), "invalid_params");
    await refused(client.listLobbies({ state: "sleeping" }), "invalid_params");
});

test("join, see each other, leave", async (t) => {
    const { client: host } = await connectPlayer(t, server);
    const { lobby } = await create(host);
    const { client: guest } = await connectPlayer(t, server);
    const told = host.once("lobby.members", { timeoutMs: 10000 });
    const entry = await guest.joinLobby(lobby.lobbyId);
    assert.equal(entry.members.length, 2);
    assert.equal((await told).members.length, 2);
    assert.notEqual(entry.seat, host.entry.seat);
    const left = host.once("lobby.members", { timeoutMs: 10000 });
    await guest.leave();
    assert.equal((await left).members.length, 1);
    assert.equal((await host.getLobby(lobby.lobbyId)).currentPlayers, 1);
    assert.equal((await guest.call("session.get")).lobbyId, null);
    await guest.leave(); // again: nothing to do
});

test("one lobby at a time", async (t) => {
    const { client: a } = await connectPlayer(t, server);
    const { client: b } = await connectPlayer(t, server);
    await create(a);
    const other = await create(b);
    const error = await refused(
        a.call("lobby.join", { lobbyId: other.lobby.lobbyId }),
        "already_in_lobby",
    );
    assert.equal(error.data.lobbyId, a.entry.lobby.lobbyId);
    await refused(a.call("lobby.create", { gameMode: "arena" }), "already_in_lobby");
    await refused(a.call("match.find", { gameMode: "arena" }), "already_in_lobby");
});

test("a full lobby takes nobody, an unknown one nobody either", async (t) => {
    const { client: host } = await connectPlayer(t, server);
    const { lobby } = await create(host, { maxPlayers: 2 });
    assert.equal(lobby.maxPlayers, 2);
    const { client: second } = await connectPlayer(t, server);
    await second.joinLobby(lobby.lobbyId);
    const { client: third } = await connectPlayer(t, server);
    await refused(third.call("lobby.join", { lobbyId: lobby.lobbyId }), "lobby_full");
    await refused(third.call("lobby.join", { lobbyId: "no-such-lobby" }), "not_found");
    await refused(third.call("lobby.join", {}), "invalid_params");
    const watching = await third.joinLobby(lobby.lobbyId, { spectator: true });
    assert.equal(watching.seat, 255);
});

test("a reserved seat counts, and its ticket is good once and for one player", async (t) => {
    const { client: host } = await connectPlayer(t, server);
    const { lobby } = await create(host, { maxPlayers: 2 });
    const { client: a } = await connectPlayer(t, server);
    const { client: b } = await connectPlayer(t, server);
    const seat = await a.call("lobby.join", { lobbyId: lobby.lobbyId });
    await refused(b.call("lobby.join", { lobbyId: lobby.lobbyId }), "lobby_full");
    await refused(b.call("lobby.enter", { seatTicket: seat.seatTicket }), "ticket_invalid");
    await refused(b.call("lobby.enter", { seatTicket: "made up" }), "ticket_invalid");
    await a.enter(seat);
    await a.leave();
    await refused(a.call("lobby.enter", { seatTicket: seat.seatTicket }), "ticket_invalid");
});

test("a ticket not presented in time frees the seat", async (t) => {
    const own = await startServer(t, { config: { lobby: { seatTicketMs: 3000 } } }); // the host has to enter in time, too
    const { client: host } = await connectPlayer(t, own);
    const { lobby } = await create(host, { maxPlayers: 2 });
    const { client: a } = await connectPlayer(t, own);
    const { client: b } = await connectPlayer(t, own);
    const seat = await a.call("lobby.join", { lobbyId: lobby.lobbyId });
    await eventually("the seat is free again", () => b.joinLobby(lobby.lobbyId).catch(() => null));
    await refused(a.call("lobby.enter", { seatTicket: seat.seatTicket }), "ticket_invalid");
});

test("a full server says so", async (t) => {
    const own = await startServer(t, { config: { lobby: { maxLobbies: 2 } } });
    const players = await Promise.all([1, 2, 3].map(() => connectPlayer(t, own)));
    await create(players[0].client);
    await create(players[1].client);
    await refused(players[2].client.call("lobby.create", { gameMode: "arena" }), "server_full");
    await players[0].client.leave();
    assert.ok(await own.rest("GET", "/livez").then(({ status }) => status === 200));
});

test("teams can be chosen and changed while waiting", async (t) => {
    const { client: host } = await connectPlayer(t, server);
    const { lobby } = await create(host, { botFill: 0 });
    for (const team of ["red", "blue"]) {
        await host.setTeam(team);
        await eventually("the change is told", () => host.entry.team === team);
    }
    const { client: guest } = await connectPlayer(t, server);
    const entry = await guest.joinLobby(lobby.lobbyId, { team: "red" });
    assert.equal(entry.team, "red");
    await refused(guest.call("lobby.setTeam", { team: "green" }), "invalid_params");
    await guest.once("match.started", { timeoutMs: 20000 });
    assert.deepEqual([host.entry.team, guest.entry.team], ["blue", "red"]);
    await refused(guest.call("lobby.setTeam", { team: "blue" }), "wrong_state");
});

test("chat reaches the lobby and is limited", async (t) => {
    const { client: host } = await connectPlayer(t, server, { name: "Hosting" });
    const { lobby } = await create(host);
    const { client: guest } = await connectPlayer(t, server, { name: "Visiting" });
    await guest.joinLobby(lobby.lobbyId);
    const heard = host.once("lobby.chat", { timeoutMs: 10000 });
    await guest.chat("hello \u{1F600} <b>");
    const line = await heard;
    assert.equal(line.text, "hello \u{1F600} <b>");
    assert.equal(line.displayName, "Visiting");
    assert.equal(line.channel, "all");
    await refused(guest.call("lobby.chat", { text: "" }), "invalid_params");
    await refused(guest.call("lobby.chat", { text: "x".repeat(301) }), "invalid_params");
    await refused(guest.call("lobby.chat", { text: 5 }), "invalid_params");
    const answers = await Promise.allSettled(
        Array.from({ length: 8 }, (_, i) => guest.chat(`line ${i}`)),
    );
    const limited = answers.filter(({ reason }) => reason?.code === "rate_limited");
    assert.ok(limited.length >= 3, "5 lines in 5 s");
    assert.ok(limited[0].reason.data.retryAfterMs > 0);
});

test("team chat stays in the team", async (t) => {
    const { client: red } = await connectPlayer(t, server);
    const { lobby } = await create(red, { botFill: 0 });
    const { client: blue } = await connectPlayer(t, server);
    await red.setTeam("red");
    await blue.joinLobby(lobby.lobbyId, { team: "blue" });
    const lines = [];
    blue.on("lobby.chat", (line) => lines.push(line.text));
    await red.chat("for us", "team");
    await red.chat("for all");
    await eventually("the public line", () => lines.includes("for all"));
    assert.deepEqual(lines, ["for all"]);
});

test("match.find fills one lobby, then creates the next", async (t) => {
    const own = await startServer(t, {});
    const lobbies = new Map();
    for (let i = 0; i < 9; i++) {
        const { client } = await connectPlayer(t, own);
        const { lobby } = await client.findMatch({ gameMode: "arena" });
        lobbies.set(lobby.lobbyId, (lobbies.get(lobby.lobbyId) ?? 0) + 1);
    }
    assert.deepEqual([...lobbies.values()].sort(), [1, 8]);
});

test("a search can be cancelled", async (t) => {
    const { client } = await connectPlayer(t, server);
    await refused(client.call("match.find", { gameMode: "chess" }), "invalid_params");
    await refused(client.call("match.find", {}), "invalid_params");
    const stop = new AbortController();
    const search = client.findMatch({ gameMode: "arena", signal: stop.signal });
    stop.abort(new Error("changed my mind"));
    await assert.rejects(search);
});

test("who searches for long is told so, until a seat is free", async (t) => {
    const own = await startServer(t, { config: { lobby: { maxLobbies: 1 } } });
    const [host, guest, searcher] = await Promise.all([1, 2, 3].map(() => connectPlayer(t, own)));
    const { lobby } = await create(host.client, { maxPlayers: 2 });
    await guest.client.joinLobby(lobby.lobbyId);
    const told = searcher.client.once("match.searching", { timeoutMs: 30000 });
    const search = searcher.client.findMatch({ gameMode: "arena" });
    const { regions, waitedMs, reason } = await told;
    assert.deepEqual([regions, waitedMs >= 5000, reason], [["local"], true, undefined]);
    await guest.client.leave();
    assert.equal((await search).lobby.lobbyId, lobby.lobbyId);
});

test("matchmaking falls back to another region after a wait", async (t) => {
    const own = await startServer(t, {
        config: { server: { regions: ["local", "far"] }, match_fill: { searchFallbackMs: 300 } },
    });
    const { client: host } = await connectPlayer(t, own);
    const { lobby } = await create(host, {}, { region: "local" });
    const { client: traveller } = await connectPlayer(t, own);
    const entry = await traveller.findMatch({ gameMode: "arena", region: "far" });
    assert.ok(entry.lobby.region === "far" || entry.lobby.lobbyId === lobby.lobbyId);
    await refused(host.call("match.find", { gameMode: "arena" }), "already_in_lobby");
    await traveller.leave();
    const unknown = traveller.call("match.find", { gameMode: "arena", region: "atlantis" });
    assert.match((await refused(unknown, "invalid_params")).message, /atlantis/);
});

test("an empty lobby is closed", async (t) => {
    const own = await startServer(t, { config: { lobby: { emptyCloseMs: 100 } } });
    const { client } = await connectPlayer(t, own);
    const { lobby } = await create(client);
    await client.leave();
    await eventually("it is gone", () =>
        client.getLobby(lobby.lobbyId).then(
            ({ state }) => state === "completed",
            (error) => error.code === "not_found",
        ),
    );
});
