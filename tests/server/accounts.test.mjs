// Accounts over REST: register, login, guest, refresh with rotation and reuse detection, logout,
// keys; every answer is held against docs/openapi.yaml.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import { AuthClient } from "../../sdk/js/index.js";
import { queryDatabase, startServer, suite } from "../kit/harness.mjs";
import { connectPlayer, refused, registerAdmin } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const server = await startServer(suite);

let names = 0;
const account = () => ({ username: `player${++names}`, password: "correct horse battery" });

const ask = (what, body, options) => server.rest("POST", `/v1/auth/${what}`, body, options);

function claims(token) {
    return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

test("register signs in and the account can log in", async () => {
    const who = { ...account(), displayName: "Ada", email: "ada@example.org", region: "local" };
    const made = await ask("register", who);
    assert.equal(made.status, 201);
    assert.equal(made.body.displayName, "Ada");
    const again = await ask("login", { username: who.username, password: who.password });
    assert.equal(again.status, 200);
    assert.equal(again.body.playerId, made.body.playerId);
    assert.notEqual(again.body.accessToken, made.body.accessToken);
});

test("a name is taken once, in whatever case", async () => {
    const who = account();
    await ask("register", who);
    assertProblem(await ask("register", who), 409);
    assertProblem(await ask("register", { ...who, username: who.username.toUpperCase() }), 409);
});

test("a wrong password and an unknown name get the same answer", async () => {
    const who = account();
    await ask("register", who);
    const wrong = await ask("login", { ...who, password: "incorrect horse" });
    const unknown = await ask("login", { username: "nobody-here", password: "incorrect horse" });
    assertProblem(wrong, 401);
    assert.deepEqual(wrong.body, unknown.body);
});

test("what cannot be an account is refused with a reason", async () => {
    const bad = [
        {},
        [],
        "text",
        { username: "x" },
        { username: 7, password: "long enough" },
        { username: "", password: "long enough" },
        { username: "short-pw", password: "1" },
        { username: "a".repeat(300), password: "long enough" },
        { username: "sp ace\u0007", password: "long enough" },
        { username: "fine", password: "x".repeat(3000) },
    ];
    for (const body of bad) assertProblem(await ask("register", body), 400);
    assertProblem(await ask("register", { username: "fine", password: "x".repeat(9000) }), 413);
    assertProblem(await ask("register", "{not json"), 400);
});

test("a guest needs no name", async () => {
    const first = await ask("guest", {});
    const second = await ask("guest", { displayName: "Zed" });
    assert.notEqual(first.body.playerId, second.body.playerId);
    assert.equal(second.body.displayName, "Zed");
});

test("the access token is ES256 by a key of the JWKS, with the claims", async () => {
    const { body: token } = await ask("guest", { displayName: "Kay" });
    const keys = await server.rest("GET", "/.well-known/jwks.json");
    const [head, payload, signature] = token.accessToken.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url"));
    assert.equal(header.alg, "ES256");
    const jwk = keys.body.keys.find((key) => key.kid === header.kid);
    assert.ok(jwk, "its kid is in the set");
    const good = verify(
        "sha256",
        Buffer.from(`${head}.${payload}`),
        { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
        Buffer.from(signature, "base64url"),
    );
    assert.ok(good, "signature");
    const said = claims(token.accessToken);
    assert.equal(said.sub, token.playerId);
    assert.equal(said.displayName, "Kay");
    assert.equal(said.exp, token.expiresAt);
    assert.ok(said.exp > Date.now() / 1000);
    for (const name of ["iss", "aud", "region", "permissions"]) assert.ok(name in said, name);
});

test("a refresh token is rotated; the old one has the same answer for a while", async () => {
    const { body: first } = await ask("guest", {});
    const second = await ask("refresh", { refreshToken: first.refreshToken });
    assert.equal(second.status, 200);
    assert.notEqual(second.body.refreshToken, first.refreshToken);
    assert.equal(second.body.playerId, first.playerId);
    const graced = await ask("refresh", { refreshToken: first.refreshToken });
    assert.equal(graced.status, 200, "an answer that was lost can be had again");
    assert.equal(graced.body.refreshToken, second.body.refreshToken, "the same successor");
    assert.equal((await ask("refresh", { refreshToken: graced.body.refreshToken })).status, 200);
});

test("two tabs that renew at the same moment stay one family, and both signed in", async (t) => {
    const kept = new Map();
    const storage = {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => kept.set(key, value),
        removeItem: (key) => kept.delete(key),
    };
    const tab = () => new AuthClient({ baseUrl: server.httpUrl, storage });
    const first = tab();
    t.after(() => first.stop());
    await first.guest();
    const tabs = [first, ...Array.from({ length: 3 }, tab)];
    for (const one of tabs.slice(1)) t.after(() => one.stop());
    const tokens = await Promise.all(tabs.map((one) => one.refresh()));
    assert.equal(new Set(tokens.map(({ refreshToken }) => refreshToken)).size, 1);
    for (const one of tabs.reverse()) await one.refresh();
    assert.ok(tabs.every((one) => one.current));
});

test("a replayed refresh token ends the whole family", async () => {
    const { body: first } = await ask("guest", {});
    const { body: second } = await ask("refresh", { refreshToken: first.refreshToken });
    const thief = { headers: { "User-Agent": "somebody else" } };
    assertProblem(await ask("refresh", { refreshToken: first.refreshToken }, thief), 401);
    assertProblem(await ask("refresh", { refreshToken: second.refreshToken }), 401);
});

test("logout ends the family and may be repeated", async () => {
    const { body: token } = await ask("guest", {});
    assert.equal((await ask("logout", { refreshToken: token.refreshToken })).status, 204);
    assert.equal((await ask("logout", { refreshToken: token.refreshToken })).status, 204);
    assertProblem(await ask("refresh", { refreshToken: token.refreshToken }), 401);
});

test("made-up refresh tokens are refused", async () => {
    for (const refreshToken of ["", "x", "a".repeat(4000)]) {
        const answer = await ask("refresh", { refreshToken });
        assert.ok([400, 401].includes(answer.status), answer.text);
    }
    assertProblem(await ask("refresh", { refreshToken: 5 }), 400);
});

test("an access token opens a session; forged ones do not", async (t) => {
    const { body: token } = await ask("guest", {});
    const [head, payload, signature] = token.accessToken.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    const other = Buffer.from(
        JSON.stringify({ ...claims(token.accessToken), sub: "admin" }),
    ).toString("base64url");
    const flipped = (signature[0] === "A" ? "B" : "A") + signature.slice(1);
    const forged = [
        "",
        "x",
        "a.b.c",
        `${head}.${payload}.`,
        `${none}.${payload}.`,
        `${head}.${other}.${signature}`,
        `${head}.${payload}.${flipped}`,
        `${head}.${payload}.${signature}=`,
        "x".repeat(5000),
    ];
    const socket = await RawSocket.open(t, server);
    const answer = await socket.authenticate(token.accessToken);
    assert.equal(answer.session.playerId, token.playerId);
    for (const bad of forged) {
        const stranger = await RawSocket.open(t, server);
        const { error } = await stranger.call("session.authenticate", { token: bad });
        assert.ok(
            ["token_invalid", "invalid_params"].includes(error?.data?.code),
            `${bad.slice(0, 40)}: ${JSON.stringify(error)}`,
        );
        stranger.ws.terminate();
    }
});

test("a player has one session: the newer wins, the older is told", async (t) => {
    const { body: token } = await ask("guest", {});
    const older = await RawSocket.open(t, server);
    await older.authenticate(token.accessToken);
    const newer = await RawSocket.open(t, server);
    await newer.authenticate(token.accessToken);
    await older.wait((message) => message.method === "session.replaced");
    assert.equal((await older.closed).code, 4003);
    assert.equal((await newer.call("session.get")).result.playerId, token.playerId);
});

test("the session can be renewed on its connection, by the same player only", async (t) => {
    const { client, auth } = await connectPlayer(t, server);
    const before = client.session.expiresAt;
    await client.authenticate((await auth.refresh()).accessToken);
    assert.ok(client.session.expiresAt >= before);
    const { body: stranger } = await ask("guest", {});
    const error = await client.authenticate(stranger.accessToken).catch((reason) => reason);
    assert.ok(error?.code, "another player's token is refused here");
});

test("nothing without a session", async (t) => {
    const socket = await RawSocket.open(t, server);
    for (const method of ["session.get", "lobby.list", "lobby.create", "match.find", "admin.run"]) {
        const { error } = await socket.call(method, {});
        assert.equal(error?.data?.code, "unauthenticated", method);
    }
    assert.ok((await socket.call("server.info")).result.gameModes.length > 0);
    assert.ok((await socket.call("session.ping", { clientTime: 5 })).result.clientTime === 5);
});

test("a guest is no administrator", async (t) => {
    const { client } = await connectPlayer(t, server);
    await refused(client.call("admin.run", { command: "status" }), "forbidden");
});

test("an administrator is whom the console has given a code", async (t) => {
    const own = await startServer(t, { config: { auth_local: { adminUsers: ["boss", "chief"] } } });
    const boss = { username: "boss", password: "correct horse battery" };
    // What a page in the operator's browser, or anybody on this machine, can send.
    assertProblem(await own.rest("POST", "/v1/auth/register", boss), 409, "username_taken");
    const guess = { ...boss, code: "00000-00000-00000-00000" };
    assertProblem(await own.rest("POST", "/v1/auth/register", guess), 403, "code_invalid");
    const token = await registerAdmin(own, "boss");
    assert.deepEqual(token.permissions, ["admin"]);
    const { client } = await connectPlayer(t, own, { token: token.accessToken });
    assert.match((await client.call("admin.run", { command: "help" })).output, /admin-code/);
    const from = own.output.length;
    const shown = await own.command("admin-code chief", /within 15 minutes/);
    assert.match(shown, /^([0-9A-Z]{5}-){3}[0-9A-Z]{5}$/m);
    await own.command("admin-code nobody", /expected a user name of auth_local.adminUsers/);
    assert.ok(!own.output.slice(0, from).includes("within 15 minutes"), "the log has no codes");
});

test("keys and data are private, passwords are not kept", async () => {
    const who = { username: "secretive", password: "do not write this down" };
    await ask("register", who);
    for (const name of await readdir(server.dataDir, { recursive: true })) {
        const facts = await stat(path.join(server.dataDir, name));
        if (facts.isFile()) assert.equal(facts.mode & 0o077, 0, `${name} is open to others`);
    }
    assert.ok(!server.output.includes(who.password), "not in the log");
    const tables = await queryDatabase(
        server,
        "SELECT name FROM sqlite_master WHERE type = 'table'",
    );
    for (const { name } of tables) {
        const rows = JSON.stringify(await queryDatabase(server, `SELECT * FROM "${name}"`));
        assert.ok(!rows.includes(who.password), `table ${name}`);
    }
    const [player] = await queryDatabase(
        server,
        "SELECT * FROM players WHERE username = 'secretive'",
    );
    assert.ok(player.player_id && player.created_at);
});

test("accounts outlive the process; so do tokens", async (t) => {
    const first = await startServer(t, {});
    const who = { username: "lasting", password: "correct horse battery" };
    const made = await first.rest("POST", "/v1/auth/register", who);
    await first.stop();
    const second = await startServer(t, { dir: first.dir });
    const again = await second.rest("POST", "/v1/auth/login", who);
    assert.equal(again.body.playerId, made.body.playerId);
    const socket = await RawSocket.open(t, second);
    await socket.authenticate(made.body.accessToken);
    const renewed = await second.rest("POST", "/v1/auth/refresh", {
        refreshToken: made.body.refreshToken,
    });
    assert.equal(renewed.status, 200, renewed.text);
});

test("sign-ins of one address are limited", async (t) => {
    const strict = await startServer(t, { config: { http: { authPerMinute: 10, authBurst: 5 } } });
    const answers = [];
    for (let i = 0; i < 8; i++)
        answers.push(
            await strict.rest("POST", "/v1/auth/login", { username: "x", password: "yyyyyyyy" }),
        );
    const limited = answers.filter((answer) => answer.status === 429);
    assert.ok(limited.length >= 2, answers.map((answer) => answer.status).join(" "));
    assertProblem(limited[0], 429, "rate_limited");
    assert.match(limited[0].headers.get("retry-after") ?? "", /^\d+$/);
    assert.equal((await strict.rest("GET", "/livez")).status, 200, "the rest goes on");
});
