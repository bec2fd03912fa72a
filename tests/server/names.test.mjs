// Names and lines on each way in: the table of tests/data/texts.json, which the unit tests try, and
// who may be called what.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import { PLUGINS, ROOT, eventually, startServer, suite, tempDir } from "../kit/harness.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";

const table = JSON.parse(readFileSync(path.join(ROOT, "tests/data/texts.json"), "utf8"));
const tokenOf = (sub, displayName, permissions = []) => jwt({ sub, displayName, permissions });

const dir = await tempDir(suite);
const server = await startServer(suite, {
    dir,
    config: {
        plugins: [...PLUGINS, "auth_jwt", "rules_private"],
        auth_local: { adminUsers: ["boss"] },
        auth_jwt: await otherIssuer(dir, ["admin"]),
        lobby: { chatPerFiveSeconds: 1000, countdownMs: 60000 }, // nobody plays
        net: { requestsPerSecond: 1000, requestsBurst: 1000 },
    },
});

const guest = (displayName) => server.rest("POST", "/v1/auth/guest", { displayName });
let accounts = 0;
const register = (displayName, username = `somebody${++accounts}`) =>
    server.rest("POST", "/v1/auth/register", { username, password: "correct horse", displayName });

async function signIn(t, token) {
    const socket = await RawSocket.open(t, server);
    return (await socket.authenticate(token)).session.displayName;
}

/** Without what joins and colours emoji, no control, format or unassigned character is left. */
const isSound = (name) =>
    name !== "" && !/[\p{C}\u2800\u3164\uffa0\u034f]/u.test(name.replace(/\p{RGI_Emoji}/gv, "x"));

/** Players in one lobby, the first its host. */
async function together(t, names) {
    const players = [];
    for (const name of names) players.push(await connectPlayer(t, server, { name }));
    const [host, ...others] = players;
    const entry = await host.client.createLobby({ gameMode: "arena" });
    for (const player of others)
        player.entry = await player.client.joinLobby(entry.lobby.lobbyId);
    return players;
}

test("guests: the table's names are kept, the others refused with a sentence", async () => {
    for (const [what, given, kept] of table.names) {
        const answer = await guest(given);
        assert.equal(answer.status, 201, `${what}: ${answer.text}`);
        assert.equal(answer.body.displayName, kept, what);
    }
    for (const [what, given] of table.noNames) {
        const answer = await guest(given);
        assertProblem(answer, 400);
        assert.match(answer.body.detail, /^displayName: expected/, what);
    }
});

test("accounts: as for guests", async () => {
    for (const [, given, kept] of [table.names[1], table.names[4], table.names.at(-4)])
        assert.equal((await register(given)).body.displayName, kept);
    for (const [, given] of table.noNames.slice(20, 24)) assertProblem(await register(given), 400);
});

test("tokens of another issuer: mended, never refused for a name", async (t) => {
    for (const [what, given, kept] of table.names.filter((_, i) => i % 4 === 0))
        assert.equal(await signIn(t, tokenOf(`ok-${what}`.replaceAll(" ", "_"), given)), kept, what);
    for (const [what, given] of table.noNames.filter((_, i) => i % 3 === 0)) {
        const name = await signIn(t, tokenOf(`no-${what}`.replaceAll(/[^a-z]/g, "_"), given));
        assert.ok(isSound(name), `${what}: ${JSON.stringify(name)}`);
    }
    assert.equal(await signIn(t, tokenOf("x1", "Bob\u2800")), "Bob");
    assert.equal(await signIn(t, tokenOf("x2", "B\u001b[1mob\n")), "B[1mob");
    assert.equal(await signIn(t, tokenOf("x3", "\u20ac".repeat(40))), "\u20ac".repeat(21));
    assert.match(await signIn(t, tokenOf("x4", "\u3164")), /^Player-[0-9a-f]{8}$/);
});

test("reserved names are for nobody else", async (t) => {
    const reserved = ["Server", "server", "S\u0435rver", "[Server]", "Admin", "\u0410dmin", "ADMlN"];
    for (const name of [...reserved, "boss", "B\u043ess", "B0SS", "Moderator", "System"]) {
        for (const answer of [await guest(name), await register(name)]) {
            assertProblem(answer, 409);
            assert.equal(answer.body.code, "name_reserved");
        }
        assert.match(await signIn(t, tokenOf("mallory", name)), /^Player-[0-9a-f]{8}$/, name);
    }
    assertProblem(await register(undefined, "system"), 409);
    assert.equal(await signIn(t, tokenOf("ann", "Admin", ["admin"])), "Admin");
    assert.equal(await signIn(t, tokenOf("ann", "Ann of Staff", ["admin"])), "Ann of Staff");
    const ann = await RawSocket.open(t, server);
    await ann.authenticate(tokenOf("ann", "Ann of Staff", ["admin"]));
    assert.match(await signIn(t, tokenOf("eve", "Ann 0f Staff")), /^Player-/);
    assert.match(await signIn(t, tokenOf("ann2", "Server", ["admin"])), /^Player-/);
    assert.equal((await guest("Serverin")).status, 201);
    assert.equal((await guest("Bossanova")).status, 201);
});

test("in a lobby a name is borne once", async (t) => {
    const players = await together(t, ["Bob", "B\u043eb", "BOB", "Rob"]);
    const { lobby, members } = players[3].entry;
    assert.deepEqual(members.map((m) => m.displayName), ["Bob", "B\u043eb (2)", "BOB (3)", "Rob"]);
    const line = players[0].client.once("lobby.chat", { timeoutMs: 20000 });
    await players[1].client.chat("hi");
    assert.equal((await line).displayName, "B\u043eb (2)");
    await players[1].client.leave();
    await players[2].client.leave();
    const again = await players[1].client.joinLobby(lobby.lobbyId);
    assert.equal(again.members.find((m) => m.seat === again.seat).displayName, "B\u043eb (2)");
    assert.equal(players[1].client.session.displayName, "B\u043eb", "the account's is as it was");
});

test("chat, settings and presets: lines as the table says", async (t) => {
    const [host, other] = await together(t, ["Host", "Other"]);
    const heard = [];
    other.client.on("lobby.chat", ({ text }) => heard.push(text));
    for (const [given, kept] of table.lines) {
        if (given === "") continue;
        if (kept === null) await refused(host.client.chat(given), "invalid_params");
        else await host.client.chat(given);
    }
    await host.client.chat("end");
    await eventually("the last line", () => heard.includes("end"));
    const kept = table.lines.filter(([given, line]) => given && line).map(([, line]) => line);
    assert.deepEqual(heard, [...kept, "end"]);
    await host.client.call("lobby.savePreset", { name: "a\u202eb\nc" });
    const { presets } = await host.client.call("lobby.presets");
    assert.deepEqual(presets.filter((p) => p.own).map((p) => p.name), ["ab c"]);
    await refused(host.client.call("lobby.savePreset", { name: "\u200b" }), "invalid_params");
});

test("reasons reach the kicked, as one line", async (t) => {
    const [host, kicked, third] = await together(t, ["Host", "Kicked", "Third"]);
    const left = kicked.client.once("lobby.left", { timeoutMs: 20000 });
    const heard = third.client.once("lobby.chat", { timeoutMs: 20000 });
    const reason = "go\u001b[2J\naway\u202e!";
    await host.client.call("lobby.kick", { playerId: kicked.playerId, reason });
    assert.deepEqual(await left, { reason: "kick", message: "go[2J away!" });
    assert.equal((await heard).text, "Kicked was kicked: go[2J away!");
    const told = third.client.once("lobby.left", { timeoutMs: 20000 });
    await host.client.call("lobby.ban", { playerId: third.playerId, reason: "a\nb" });
    assert.deepEqual(await told, { reason: "ban", message: "a b" });
    const { bans } = await host.client.call("lobby.access");
    assert.deepEqual(bans.map((ban) => ban.reason), ["a b"]);
});
