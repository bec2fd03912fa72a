// Rules that the host of a lobby brings: taken on a node started with --untrusted, by the host, for
// that lobby alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCKED, eventually } from "../kit/harness.mjs";
import { connectPlayer, listen, refused } from "../kit/players.mjs";
import { modLines, startModServer } from "../kit/mods.mjs";
import { playAgain } from "../kit/recording.mjs";

function startNode(t, options = {}) {
    const config = { lobby: { playersMin: 1 } };
    return startModServer(t, {}, { config, ...LOCKED, ...options });
}

async function openLobby(t, server, settings = {}) {
    const host = await connectPlayer(t, server, { name: "Ada" });
    const entry = await host.client.createLobby({
        gameMode: "arena",
        settings: { isPrivate: true, startWhen: "host", killLimit: 1000, maxPlayers: 4, ...settings },
    });
    return { ...listen(host.client), lobbyId: entry.lobby.lobbyId };
}

const upload = (client, source, name = "mine") => client.call("lobby.uploadRule", { name, source });

test("an uploaded rule counts in its lobby, before and during the match, and nowhere else", async (t) => {
    const server = await startNode(t);
    const lobby = await openLobby(t, server);
    const other = await openLobby(t, server);
    const answer = await upload(
        lobby.client,
        `hooks.on("chat", "loud", function(text) return text:upper() end)
         hooks.on("spawn", "count", function() state.spawns = (state.spawns or 0) + 1 end)
         command.register{name = "spawns", help = "how many", fn = function(player)
             return (player and player:name() or "console") .. ": " .. (state.spawns or 0) .. " in the " .. realm
         end}`,
    );
    assert.deepEqual(answer, {
        rule: { id: "upload_mine", name: "mine", description: "", version: "0.0.0", settings: [] },
        active: "now",
    });
    assert.equal(await lobby.say("hello"), "HELLO");
    assert.equal(await other.say("hello"), "hello");
    assert.equal(await lobby.say("/spawns"), "Ada: 0 in the lobby");
    const list = await lobby.client.call("mods.list");
    assert.equal(list.uploads, true);
    assert.deepEqual(list.uploaded.map(({ id }) => id), ["upload_mine"]);
    assert.deepEqual((await other.client.call("mods.list")).uploaded, []);
    await lobby.client.call("lobby.start");
    await lobby.client.once("match.started");
    await eventually("the spawn", async () => /: [1-9]\d* in the match/.test(await lobby.say("/spawns")));
    assert.match(await server.adminRefusal(`mods run ${other.lobbyId} spawns`), /no mod there has that command/);
    assert.match(await server.admin(`mods run ${lobby.lobbyId} spawns`), /^console: [1-9]\d* in the match/);
    await lobby.client.call("lobby.removeRule", { id: "upload_mine" });
    await lobby.client.leave();
    await other.client.leave();
    await eventually("the lobbies are gone", async () => !/arena/.test(await server.admin("hooks list")));
    await playAgain(server);
});

test("who may upload, and what is refused, with a reason", async (t) => {
    const server = await startNode(t);
    const lobby = await openLobby(t, server);
    const guest = await connectPlayer(t, server, { name: "Bo" });
    const stranger = await connectPlayer(t, server, { name: "Cy" });
    await guest.client.joinLobby(lobby.lobbyId);
    const reason = async (promise, code, word) => {
        const error = await refused(promise, code);
        assert.equal(error.data.reason, word, error.message);
        return error.message;
    };
    await reason(upload(guest.client, "return"), "denied", "not_host");
    await reason(upload(stranger.client, "return"), "wrong_state", "no_lobby");
    const bad = (source) => reason(upload(lobby.client, source), "invalid_params", "bad_script");
    assert.match(await bad("\nlocal x = ="), /^upload_mine\/init\.lua:2: unexpected symbol near '='/);
    assert.match(await bad("error('at load')"), /^upload_mine\/init\.lua:1: at load/);
    assert.match(await bad("while true do end"), /over its cpu limit/);
    await upload(lobby.client, "return");
    const error = await refused(upload(lobby.client, "return"), "rate_limited");
    assert.equal(error.data.reason, "too_many", "four at once, then one in five seconds");
    assert.equal(error.data.retryAfterMs, 5000);
    await reason(lobby.client.call("lobby.uploadRule", { name: "mine" }), "invalid_params", "bad_params");
    await reason(lobby.client.call("lobby.removeRule", { id: "upload_other" }), "not_found", "no_rule");
});

test("a name that is none is refused", async (t) => {
    const server = await startNode(t);
    const lobby = await openLobby(t, server);
    const error = await refused(upload(lobby.client, "return", "Bad Name"), "invalid_params");
    assert.match(error.message, /name/);
});

test("64 KB in parts are taken, more is not", async (t) => {
    const server = await startNode(t);
    const lobby = await openLobby(t, server);
    const part = (source, number, more) =>
        lobby.client.call("lobby.uploadRule", { name: "long", source, part: number, more });
    const filler = "-".repeat(12000);
    await part("this one breaks off", 0, true);
    for (let i = 0; i < 5; i++) assert.deepEqual(await part(`--${filler}\n`, i, true), {});
    const skipped = await refused(part("return", 7, false), "invalid_params");
    assert.equal(skipped.data.reason, "bad_part");
    for (let i = 0; i < 5; i++) await part(`--${filler}\n`, i, true);
    const { rule } = await part('hooks.on("chat", "x", function() return "from the last part" end)', 5, false);
    assert.equal(rule.id, "upload_long");
    assert.equal(await lobby.say("anything"), "from the last part");
    for (let i = 0; i < 5; i++) await part(filler, i, true);
    const error = await refused(part(filler, 5, true), "invalid_params");
    assert.equal(error.data.reason, "too_long");
});

test("a node without --untrusted takes no scripts of players", async (t) => {
    const server = await startModServer(t, {});
    const lobby = await openLobby(t, server);
    const error = await refused(upload(lobby.client, "return"), "denied");
    assert.equal(error.data.reason, "no_uploads");
    assert.equal((await lobby.client.call("mods.list")).uploads, false);
});

test("an uploaded rule that is stopped is off at once; the lobby and its match go on", async (t) => {
    const server = await startNode(t);
    const lobby = await openLobby(t, server, { botFill: 4 });
    await upload(lobby.client, 'command.register{name = "spin", fn = function() while true do end end}');
    await lobby.client.call("lobby.start");
    await lobby.client.once("match.started");
    await lobby.client.chat("/spin");
    await eventually("the end of the rule", () => lobby.errors.some(({ message }) => /is off/.test(message)));
    assert.ok(lobby.errors.every(({ mod }) => mod === "upload_mine"));
    const { tick } = await lobby.client.call("match.scoreboard");
    await eventually("more ticks", async () => (await lobby.client.call("match.scoreboard")).tick > tick + 5);
    assert.equal(await lobby.say("still here"), "still here");
    assert.match(modLines(server).join("\n"), /upload_mine\/init\.lua:1/);
});
