// What an operator does about players: the command table with its answers on each way in,
// announcements, kicks; bans, mutes, warnings and the whitelist.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import {
    eventually, queryDatabase, runDaemon, runFile, startServer, suite, tempDir, testConfig,
} from "../kit/harness.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";

const server = await startServer(suite, {
    config: {
        net: { trustedProxies: ["127.0.0.1"] },
        auth_local: { adminUsers: ["boss"] },
        admin: { showAddresses: true },
    },
});

test("a command that does nothing says so in its status", async () => {
    for (const [command, status, code] of [
        ["kick", 400, "invalid_params"],
        ["kick nobody", 404, "not_found"],
        ["close nowhere", 404, "not_found"],
        ["terminateSession none", 404, "not_found"],
        ["createPlayerSession", 400, "invalid_params"],
        ["reload nothing", 404, "not_found"],
        ["log-level loud", 400, "invalid_params"],
        ["say", 400, "invalid_params"],
        [`ban 192.0.2.1 ${"x".repeat(160)}`, 400, "invalid_params"],
        [`mute 192.0.2.1 why // ${"x".repeat(256)}`, 400, "invalid_params"],
        ["nonsense", 404, "not_found"],
        ["results abc", 400, "invalid_params"],
        ["results 0", 400, "invalid_params"],
        ["admin-code nobody", 400, "invalid_params"],
        ["ban 203.0.113.0/33", 400, "invalid_params"],
        ["ban 0.0.0.0/0 1h all", 400, "invalid_params"],
        ["mute ::/0", 400, "invalid_params"],
        ["ban somebody 1y bye", 400, "invalid_params"],
        ["mute somebody 2h30m", 400, "invalid_params"],
        ["ban somebody 0s", 400, "invalid_params"],
        ["ban somebody 10", 400, "invalid_params"],
        ["whitelist add", 400, "invalid_params"],
        ["whitelist add not-yet-here", 404, "not_found"],
    ]) {
        const answer = await server.adminAnswer(command);
        assert.equal(answer.body.code, code, command);
        assertProblem(answer, status);
    }
    assert.equal((await server.adminAnswer("status")).status, 200);
});

test("players: who, what, where, from where", async (t) => {
    const { client, playerId } = await connectPlayer(t, server, { name: "Wanda W" });
    const { lobby } = await client.createLobby({ gameMode: "arena" });
    const line = (await server.admin("players")).split("\n").find((l) => l.startsWith(playerId));
    assert.equal(
        line.replace(/ \d+ ms$/, " 0 ms"),
        `${playerId} "Wanda W" guest local lobby ${lobby.lobbyId} address 127.0.0.1 0 ms`,
    );
});

test("addresses are hidden unless the operator wants them", async (t) => {
    const shy = await startServer(t, {});
    await connectPlayer(t, shy);
    const output = await shy.admin("players");
    assert.match(output, / address hidden /);
    assert.doesNotMatch(output, /127\.0\.0\.1/);
});

test("an announcement is heard by all, in a lobby or not, and is no chat", async (t) => {
    const inside = await connectPlayer(t, server);
    const outside = await connectPlayer(t, server);
    await inside.client.createLobby({ gameMode: "arena" });
    const heard = [inside, outside].map((p) => p.client.once("server.announcement", { timeoutMs: 20000 }));
    inside.client.on("lobby.chat", () => assert.fail("no chat"));
    await server.admin("say restart in\u202e 5 minutes");
    for (const { text, at } of await Promise.all(heard)) {
        assert.equal(text, "restart in 5 minutes");
        assert.ok(at > 1.7e12);
    }
});

test("a kick by name tells its reason, and frees the seat", async (t) => {
    const options = { reconnect: false };
    const { client } = await connectPlayer(t, server, { name: "Kick Me", options });
    const host = await connectPlayer(t, server);
    const { lobby } = await host.client.createLobby({ gameMode: "arena" });
    await client.joinLobby(lobby.lobbyId);
    const told = client.once("session.terminated", { timeoutMs: 20000 });
    const closed = client.once("closed", { timeoutMs: 20000 });
    assert.equal(await server.admin('kick "kick me" no\u001b[2J manners'), "kicked");
    assert.deepEqual(await told, { reason: "no[2J manners" });
    assert.equal((await closed).code, 4004);
    const now = await host.client.call("lobby.get", { lobbyId: lobby.lobbyId });
    assert.equal(now.currentPlayers, 1);
});

test("two of one name: the command asks for the id", async (t) => {
    await connectPlayer(t, server, { name: "Twin" });
    await connectPlayer(t, server, { name: "twin" });
    assertProblem(await server.adminAnswer("kick Twin"), 409);
});

/** A guest's or account's token, made from an address; and a connection from there. */
const from = (address) => ({ headers: { "X-Forwarded-For": address } });
const guestAt = (address, displayName) =>
    server.rest("POST", "/v1/auth/guest", { displayName }, from(address));
const registerAt = (address, username) =>
    server.rest("POST", "/v1/auth/register", { username, password: "correct horse" }, from(address));

async function connectAt(t, address, { accessToken }) {
    const socket = await RawSocket.open(t, server, from(address));
    const answer = await socket.call("session.authenticate", { token: accessToken });
    return { socket, answer };
}

/** Signed in from there: {socket, playerId, token}. */
async function playerAt(t, address, made) {
    const { body: token } = made ?? (await guestAt(address));
    const { socket, answer } = await connectAt(t, address, token);
    assert.ok(answer.result, JSON.stringify(answer));
    return { socket, token, playerId: token.playerId };
}

const idOf = (output) => /^([0-9a-f]{12}) /m.exec(output)[1];

test("a banned guest is closed with the reason, and is no new guest either", async (t) => {
    const bad = await playerAt(t, "192.0.2.1");
    const beside = await playerAt(t, "192.0.2.1");
    const account = await playerAt(t, "192.0.2.1", await registerAt("192.0.2.1", "neighbour"));
    const elsewhere = await playerAt(t, "192.0.2.2");
    const until = Date.now() + 3600e3;
    await server.admin(`ban ${bad.playerId} 1h aim\u001bbot // replay 17`);
    const told = await bad.socket.wait((m) => m.method === "session.terminated");
    assert.equal(told.params.reason, "aimbot");
    assert.equal(told.params.banned, true);
    assert.ok(Math.abs(told.params.until - until) < 60e3);
    assert.deepEqual(await bad.socket.closed, { code: 4004, reason: "aimbot" });
    await beside.socket.closed;
    assert.ok((await account.socket.call("session.get")).result, "who has an account stays");
    assert.ok((await elsewhere.socket.call("session.get")).result);

    const { socket, answer } = await connectAt(t, "192.0.2.9", bad.token);
    assert.equal(answer.error.data.code, "banned");
    assert.equal(answer.error.data.reason, "aimbot");
    assert.equal(answer.error.data.until, told.params.until);
    assert.ok(answer.error.data.endsInMs <= told.params.endsInMs);
    assert.match(answer.error.message, /^you are banned until \d{4}-.* UTC: aimbot$/);
    assert.equal((await socket.closed).code, 4004);

    for (const refusal of [await guestAt("192.0.2.1"), await registerAt("192.0.2.1", "newcomer")]) {
        assertProblem(refusal, 403);
        assert.equal(refusal.body.code, "banned");
        assert.equal(refusal.body.reason, "aimbot");
        assert.equal(refusal.body.until, told.params.until);
    }
    const again = (await guestAt("192.0.2.3")).body; // made elsewhere, used here
    assert.equal((await connectAt(t, "192.0.2.1", again)).answer.error.data.code, "banned");
    const login = { username: "neighbour", password: "correct horse" };
    assert.equal((await server.rest("POST", "/v1/auth/login", login, from("192.0.2.1"))).status, 200);

    const list = await server.admin("bans");
    assert.match(list, new RegExp(`${bad.playerId} ".*" address 192\\.0\\.2\\.1 \\(guests\\) until .* UTC by \\S+: aimbot // replay 17`));
    assert.match(await server.admin(`unban ${bad.playerId}`), /^ended/);
    assert.equal((await guestAt("192.0.2.1")).status, 201);
    assert.ok((await connectAt(t, "192.0.2.1", bad.token)).answer.result);
    assertProblem(await server.adminAnswer(`unban ${bad.playerId}`), 404);
});

test("an account is banned wherever it comes from, its address is not", async (t) => {
    const bad = await playerAt(t, "198.51.100.1", await registerAt("198.51.100.1", "Cheater"));
    const beside = await playerAt(t, "198.51.100.1");
    await server.admin("ban cheater perm");
    assert.deepEqual(await bad.socket.closed, { code: 4004, reason: "no reason was given" });
    assert.ok((await beside.socket.call("session.get")).result);
    const { answer } = await connectAt(t, "198.51.100.2", bad.token);
    assert.equal(answer.error.data.until, null);
    assert.match(answer.error.message, /for good/);
    await server.admin(`unban ${idOf(await server.admin("bans"))}`);
    assert.ok((await connectAt(t, "198.51.100.2", bad.token)).answer.result);
});

test("who is not here is banned by user name or id; who never was is unknown", async (t) => {
    const { body } = await registerAt("198.51.100.5", "absent");
    await server.admin("ban Absent 1d gone");
    assert.equal((await connectAt(t, "198.51.100.5", body)).answer.error.data.code, "banned");
    await server.admin(`unban ${body.playerId}`);
    assertProblem(await server.adminAnswer("ban nobody-at-all"), 404);
    assertProblem(await server.adminAnswer("ban"), 400);
});

test("a range of addresses: IPv4, IPv6, mapped; and nobody beside it", async (t) => {
    const inside = await playerAt(t, "203.0.113.7");
    const six = await playerAt(t, "2001:db8:1::5");
    const beside = await playerAt(t, "203.0.114.7");
    await server.admin("ban 203.0.113.9/24 1h noise");
    await server.admin("ban 2001:db8:1::/48 noise");
    assert.equal((await inside.socket.closed).code, 4004);
    assert.equal((await six.socket.closed).code, 4004);
    assert.ok((await beside.socket.call("session.get")).result);
    for (const address of ["203.0.113.0", "203.0.113.255", "::ffff:203.0.113.1", "2001:db8:1:ff::1"]) {
        assertProblem(await guestAt(address), 403);
        const { answer } = await connectAt(t, address, beside.token);
        assert.equal(answer.error.data.code, "banned", address);
    }
    for (const address of ["203.0.112.255", "203.0.114.0", "2001:db8:2::1"])
        assert.equal((await guestAt(address)).status, 201, address);
    assert.match(await server.admin("bans"), /address 203\.0\.113\.0\/24 until/);
    await server.admin("unban 203.0.113.0/24");
    await server.admin("unban 2001:db8:1::/48");
    assert.equal((await guestAt("203.0.113.0")).status, 201);
    for (const wrong of ["1.2.3", "203.0.113", "2001:db8"])
        assertProblem(await server.adminAnswer(`ban ${wrong} 1h x`), 404);
});

test("a ban ends by itself, and frees the seat at once", async (t) => {
    const host = await playerAt(t, "192.0.2.20");
    const { lobby } = (await host.socket.call("lobby.create", { gameMode: "arena" })).result;
    const bad = await playerAt(t, "192.0.2.21", await registerAt("192.0.2.21", "shortly"));
    const { seatTicket } = (await bad.socket.call("lobby.join", { lobbyId: lobby.lobbyId })).result;
    await bad.socket.call("lobby.enter", { seatTicket });
    await server.admin("ban shortly 2s calm down");
    await bad.socket.closed;
    const now = (await host.socket.call("lobby.get", { lobbyId: lobby.lobbyId })).result;
    assert.equal(now.currentPlayers, 1);
    await eventually("the ban has ended", async () =>
        Boolean((await connectAt(t, "192.0.2.21", bad.token)).answer.result));
    assert.doesNotMatch(await server.admin("bans"), /shortly/);
});

test("a ban given anew takes the place of the first", async () => {
    await server.admin("ban 192.0.2.77 1h one");
    await server.admin("ban 192.0.2.77 perm two");
    assert.match(await server.admin("bans"), /address 192\.0\.2\.77 for good by \S+: two\n1 bans$/);
    assert.equal((await guestAt("192.0.2.77")).body.reason, "two");
    await server.admin("unban 192.0.2.77");
});

test("muted: in every lobby, after coming back, until the end", async (t) => {
    const { client, auth, playerId } = await connectPlayer(t, server);
    const other = await connectPlayer(t, server);
    const { lobby } = await other.client.createLobby({ gameMode: "arena" });
    await client.joinLobby(lobby.lobbyId);
    const told = client.once("session.muted", { timeoutMs: 20000 });
    await server.admin(`mute ${playerId} 1h language`);
    assert.equal((await told).reason, "language");
    const refusal = await client.chat("hello").catch((error) => error);
    assert.equal(refusal.code, "denied");
    assert.equal(refusal.data.reason, "muted");
    assert.equal(refusal.data.message, "language");
    client.close();
    const back = await connectPlayer(t, server, { token: await auth.accessToken() });
    if (!back.client.lobby?.lobbyId) await back.client.leave();
    await other.client.leave();
    const next = await other.client.createLobby({ gameMode: "arena" }); // the one before may be ending
    await back.client.joinLobby(next.lobby.lobbyId);
    await refused(back.client.chat("hello", "team"), "denied");
    await other.client.leave();
    assert.match(await server.admin("mutes"), /language\n1 mutes$/);
    const free = back.client.once("session.unmuted", { timeoutMs: 20000 });
    await server.admin(`unmute ${playerId}`);
    await free;
    await back.client.chat("hello");
    assertProblem(await server.adminAnswer(`unmute ${playerId}`), 404);
    const over = back.client.once("session.unmuted", { timeoutMs: 20000 });
    await server.admin(`mute ${playerId} 1s short`); // and nobody ends it
    assert.equal((await over).reason, "short");
    await back.client.chat("hello");
});

test("a muted guest who comes as a new one is muted; an account beside is not", async (t) => {
    const bad = await playerAt(t, "192.0.2.40");
    await server.admin(`mute ${bad.playerId} 1h spam`);
    const say = async (player) => {
        const made = (await player.socket.call("lobby.create", { gameMode: "arena" })).result;
        await player.socket.call("lobby.enter", { seatTicket: made.seatTicket });
        return player.socket.call("lobby.chat", { text: "hi" });
    };
    const again = (await guestAt("192.0.2.40")).body;
    const { socket, answer } = await connectAt(t, "192.0.2.40", again);
    const { reason, endsInMs } = answer.result.muted;
    assert.equal(reason, "spam");
    assert.ok(endsInMs > 3500e3 && endsInMs <= 3600e3, String(endsInMs));
    assert.equal((await say({ socket })).error.data.reason, "muted");
    const account = await playerAt(t, "192.0.2.40", await registerAt("192.0.2.40", "quiet"));
    assert.ok((await say(account)).result);
    await server.admin(`unmute ${bad.playerId}`);
});

test("warnings are told and counted", async (t) => {
    const { client, playerId } = await connectPlayer(t, server);
    for (const count of [1, 2]) {
        const told = client.once("session.warned", { timeoutMs: 20000 });
        await server.admin(`warn ${playerId} play fair // seen by ann`);
        assert.deepEqual(await told, { reason: "play fair", count });
    }
    assert.match(await server.admin("warnings"), /: play fair \/\/ seen by ann\n2 warnings$/);
    assertProblem(await server.adminAnswer(`warn ${playerId}`), 400);
    assertProblem(await server.adminAnswer("warn nobody x"), 404);
});

test("a sanction ends by the user name of somebody who is not here", async () => {
    const { body } = await registerAt("192.0.2.70", "Vanished");
    assert.ok(body.playerId, JSON.stringify(body));
    for (const [begin, end, list] of [
        ["ban vanished 1h x", "unban VANISHED", "bans"],
        ["mute vanished 1h x", "unmute vanished", "mutes"],
        ["whitelist add vanished a friend", "whitelist remove Vanished", "whitelist"],
    ]) {
        assert.match(await server.admin(begin), new RegExp(body.playerId));
        assert.match(await server.admin(end), new RegExp(`^ended: .* of ${body.playerId}$`));
        assert.doesNotMatch(await server.admin(list), new RegExp(body.playerId));
        assertProblem(await server.adminAnswer(end), 404);
    }
});

test("whoever is called like an address is not banned by it, nor instead of it", async (t) => {
    const player = await playerAt(t, "192.0.2.71", await guestAt("192.0.2.71", "10.1.1.1/16"));
    assertProblem(await server.adminAnswer("ban 10.1.1.1/16 1m"), 409);
    assert.match(await server.admin("ban 10.1.0.0/16 1m"), /^banned address 10\.1\.0\.0\/16 until/);
    assert.ok((await player.socket.call("session.get")).result);
    await server.admin("unban 10.1.0.0/16");
});

test("the whitelist lets in those on it, by account and address", async (t) => {
    const here = await playerAt(t, "192.0.2.60");
    const listed = (await registerAt("192.0.2.61", "listed")).body;
    await server.admin("whitelist on");
    assert.ok((await here.socket.call("session.get")).result, "who is in stays in");
    const { socket, answer } = await connectAt(t, "192.0.2.61", listed);
    assert.equal(answer.error.data.code, "forbidden");
    assert.equal(answer.error.data.reason, "whitelist");
    assert.equal((await socket.closed).code, 4004);
    await server.admin("whitelist add listed");
    await server.admin("whitelist add 192.0.2.64/26");
    assert.ok((await connectAt(t, "192.0.2.1", listed)).answer.result);
    assert.ok((await connectAt(t, "192.0.2.65", (await guestAt("192.0.2.65")).body)).answer.result);
    assert.match(await server.admin("whitelist"), /whitelist on, 2 entries$/);
    await server.admin(`whitelist remove ${listed.playerId}`);
    await server.admin("whitelist off");
    assert.match(await server.admin("whitelist"), /whitelist off, 1 entries$/);
    assertProblem(await server.adminAnswer("whitelist remove listed"), 404);
    assertProblem(await server.adminAnswer("whitelist perhaps"), 400);
});

for (const [kept, plugins] of [
    ["database", undefined],
    ["file", ["auth_jwt", "mode_arena"]],
    ["file beside a database", ["db_sqlite", "auth_jwt", "mode_arena"]],
])
    test(`a restart keeps them: ${kept}`, async (t) => {
        const dir = await tempDir(t);
        const config = plugins ? { plugins, auth_jwt: await otherIssuer(dir, ["*"]) } : {};
        const first = await startServer(t, { dir, config });
        await first.admin("ban 192.0.2.0/24 perm for ever // why");
        await first.admin("ban 198.51.100.1 1h an hour");
        await first.admin("mute 192.0.2.9 2w quiet");
        await first.admin("ban 192.0.2.250 1s soon over");
        await first.admin("ban 203.0.113.1 1h forgiven");
        await first.admin("unban 203.0.113.1");
        const before = [await first.admin("bans"), await first.admin("mutes")];
        const file = JSON.parse(await readFile(path.join(first.dataDir, "moderation.json"), "utf8"));
        assert.deepEqual(
            file.sanctions.slice(0, 3).map((s) => [s.kind, s.address, s.reason, s.note]),
            [["ban", "192.0.2.0/24", "for ever", "why"], ["ban", "198.51.100.1", "an hour", ""], ["mute", "192.0.2.9", "quiet", ""]],
        );
        await first.stop();
        const second = await startServer(t, { dir, config });
        const lines = (text) => text.split("\n").filter((line) => !/soon over| bans$/.test(line));
        assert.deepEqual(lines(await second.admin("bans")), lines(before[0]));
        assert.equal(await second.admin("mutes"), before[1]);
        assert.equal(/no plugin that keeps sanctions in the database is configured/.test(second.output), Boolean(plugins?.includes("db_sqlite")));
        if (plugins) return;
        const rows = await queryDatabase(
            second,
            "SELECT kind, address, reason, note, expires_at IS NULL AS ever, ended_at IS NULL AS open FROM sanctions ORDER BY created_at",
        );
        assert.deepEqual(rows.find((row) => row.reason === "forgiven").open, 0);
        assert.deepEqual(rows[0], { kind: "ban", address: "192.0.2.0/24", reason: "for ever", note: "why", ever: 1, open: 1 });
    });

test("rows that cannot be read open the door to nobody, one that is odd is left out", async (t) => {
    const first = await startServer(t, {});
    await first.admin("ban 192.0.2.1 1h one");
    await first.admin("ban 192.0.2.2 1h two");
    await first.stop();
    await runFile("sqlite3", [first.databaseFile, "UPDATE sanctions SET kind = 'odd' WHERE reason = 'one'"]);
    const second = await startServer(t, { dir: first.dir });
    assert.match(await second.admin("bans"), /^\S+ address .*: two\n1 bans$/);
    assert.match(
        second.output,
        /"msg":"a sanction is left out: .*"sanction":"[0-9a-f]{12}","kind":"odd","player":"","address":"192\.0\.2\.1","guestsOnly":(true|false)\}/,
    );
    await second.stop();
    await runFile("sqlite3", [first.databaseFile, "ALTER TABLE sanctions RENAME COLUMN note TO remark"]);
    const { code, stdout, stderr } = await runDaemon([
        "--config", path.join(first.dir, "config.json"), "--data-dir", first.dataDir, "--port", "0",
    ], { env: { MUSTER_NET_ADMIN_PORT: "0" } });
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /the database could not be prepared/);
});

test("reloaded, the plugin keeps what comes next", async (t) => {
    const first = await startServer(t, {});
    await first.admin("ban 192.0.2.1 1h before");
    await first.admin("reload moderation");
    await first.admin("ban 192.0.2.2 1h after");
    assert.match(await first.admin("bans"), /2 bans$/);
    await first.stop();
    const rows = await queryDatabase(first, "SELECT reason FROM sanctions ORDER BY created_at");
    assert.deepEqual(rows.map(({ reason }) => reason), ["before", "after"]);
});

test("a file that cannot be read opens the door to nobody", async (t) => {
    const dir = await tempDir(t);
    const config = testConfig({ plugins: ["auth_jwt", "mode_arena"], auth_jwt: await otherIssuer(dir, ["*"]) });
    await writeFile(path.join(dir, "data/moderation.json"), '{"sanctions": [{}]}');
    await writeFile(path.join(dir, "config.json"), JSON.stringify(config));
    const { code, stdout, stderr } = await runDaemon(
        ["--config", path.join(dir, "config.json"), "--data-dir", path.join(dir, "data")]);
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /moderation\.json: sanctions\[0\]/);
});

test("players with the permission: moderators act, but not upon admins", async (t) => {
    const dir = await tempDir(t);
    const own = await startServer(t, {
        dir,
        config: {
            plugins: ["db_sqlite", "auth_jwt", "mode_arena"],
            auth_jwt: await otherIssuer(dir, ["*"]),
        },
    });
    const join = async (name, permissions) => {
        const socket = await RawSocket.open(t, own);
        await socket.authenticate(jwt({ sub: name, permissions }));
        return { run: (command) => socket.call("admin.run", { command }), socket };
    };
    const [admin, moderator, player] = [
        await join("anna", ["admin"]), await join("mona", ["moderator"]), await join("pete", []),
    ];
    assert.equal((await player.run("players")).error.data.code, "forbidden");
    assert.equal((await moderator.run("stop")).error.data.code, "forbidden");
    assert.equal((await moderator.run("no-such")).error.data.code, "forbidden");
    for (const command of ["kick anna", "ban anna 1h x", "mute anna", "warn anna x"])
        assert.equal((await moderator.run(command)).error.data.code, "forbidden", command);
    assert.equal((await moderator.run("kick nobody")).error.data.code, "not_found");
    assert.match((await moderator.run("ban pete 1h x")).result.output, /^banned pete/);
    assert.equal((await player.socket.closed).code, 4004);
    assert.match((await admin.run("unban pete")).result.output, /^ended/);
    assert.equal((await admin.run("unban pete")).error.data.code, "not_found");
    assert.match(await own.admin("bans"), /^0 bans$/);
});
