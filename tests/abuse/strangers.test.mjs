// What strangers, and guests who come again and again, may do: limits that nobody renews.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { assertProblem } from "../kit/openapi.mjs";
import { MUSTERD, atEnd, cleanEnvironment, runFile, startServer, tempDir } from "../kit/harness.mjs";
import { guestToken, rawPlayer } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const word = (answer) => answer.error?.data?.code;

/** Calls until the server says rate_limited; how many were not. */
async function granted(socket, method, params, between = async () => {}) {
    for (let count = 0; count < 50; count++) {
        const answer = await socket.call(method, params);
        if (word(answer) === "rate_limited") {
            assert.ok(answer.error.data.retryAfterMs > 0);
            return count;
        }
        await between();
    }
    return assert.fail(`${method} has no limit`);
}

test("limits outlive connections, sessions and guests", async (t) => {
    const server = await startServer(t, {
        config: {
            net: { requestsPerSecond: 1, requestsBurst: 12 },
            lobby: { codeTriesPerMinute: 3, createPerMinute: 2, findPerMinute: 2 },
        },
    });
    const { socket: first } = await rawPlayer(t, server);
    assert.equal(await granted(first, "lobby.joinByCode", { code: "AAAA-AAAA" }), 3);
    const { socket: second } = await rawPlayer(t, server);
    assert.equal(await granted(second, "lobby.joinByCode", { code: "AAAA-AAAA" }), 0);
    const creates = await granted(second, "lobby.create", { gameMode: "arena" }, () =>
        second.call("lobby.leave"),
    );
    assert.equal(creates, 2);
    const { socket: third } = await rawPlayer(t, server);
    assert.equal(await granted(third, "lobby.create", { gameMode: "arena" }), 0);

    const { socket: busy, token } = await rawPlayer(t, server);
    assert.equal(await granted(busy, "match.find", { gameMode: "arena" }), 2);
    await granted(busy, "session.get", {});
    busy.ws.terminate();
    const again = await RawSocket.open(t, server);
    await again.authenticate(token.accessToken);
    assert.ok((await granted(again, "session.get", {})) <= 2, "the bucket is as it was left");
});

test("strangers of one address share one bucket, and admins have none", async (t) => {
    const server = await startServer(t, {
        config: { net: { strangerPerSecond: 1, strangerBurst: 12 } },
    });
    const socket = await RawSocket.open(t, server);
    const calls = await granted(socket, "session.ping", {});
    assert.ok(calls >= 2 && calls <= 12, `${calls}`);
    const refused = await server.rest("GET", "/livez");
    assertProblem(refused, 429, "rate_limited");
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    assert.equal(refused.headers.get("connection"), "close");
    for (let i = 0; i < 20; i++)
        assert.equal((await server.rest("GET", "/livez", undefined, { admin: true })).status, 200);
});

test("a stranger who goes on although refused is closed with 4005", async (t) => {
    const server = await startServer(t, {
        config: { net: { strangerPerSecond: 1, strangerBurst: 1 } },
    });
    const socket = await RawSocket.open(t, server);
    for (let i = 0; i < 30; i++) socket.send({ jsonrpc: "2.0", id: i, method: "session.ping" });
    assert.equal((await socket.closed).code, 4005);
});

test("a player who goes on although refused is closed, also when coming again", async (t) => {
    const server = await startServer(t, {
        config: { net: { requestsPerSecond: 1, requestsBurst: 1, messagesPerSecond: 1, messagesBurst: 100 } },
    });
    const token = await guestToken(server);
    for (let connections = 0; connections < 2; connections++) {
        const socket = await RawSocket.open(t, server);
        await socket.authenticate(token.accessToken);
        for (let i = 0; i < 30; i++)
            socket.send({ jsonrpc: "2.0", id: 100 + i, method: "session.get" });
        assert.equal((await socket.closed).code, 4005);
    }
});

test("pages of other origins neither sign in nor play; same ones and listed ones do", async (t) => {
    const listed = "https://play.example.org";
    const server = await startServer(t, { config: { net: { allowedOrigins: [listed] } } });
    const guest = (headers, body = {}) =>
        server.rest("POST", "/v1/auth/guest", body, { headers });
    const own = server.httpUrl;
    assert.equal((await guest({ Origin: own })).status, 201);
    const answer = await guest({ Origin: listed });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("access-control-allow-origin"), listed);
    const preflight = await server.rest("OPTIONS", "/v1/auth/guest", undefined, {
        headers: { Origin: listed, "Access-Control-Request-Method": "POST" },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), listed);
    assert.equal(preflight.headers.get("access-control-allow-methods"), "POST");
    assert.equal(preflight.headers.get("access-control-allow-credentials"), null);
    assert.match(preflight.headers.get("access-control-allow-headers"), /content-type/);
    assert.match(preflight.headers.get("vary"), /origin/);
    const foreign = await server.rest("GET", "/v1/info", undefined, { headers: { Origin: "http://evil.example" } });
    assert.equal(foreign.headers.get("access-control-allow-origin"), null);
    const admin = await server.rest("GET", "/livez", undefined, { admin: true, headers: { Origin: listed } });
    assert.equal(admin.status, 200);
    assert.equal(admin.headers.get("access-control-allow-origin"), null);
    assertProblem(await guest({ Origin: "http://evil.example" }), 403, "origin_refused");
    assertProblem(await guest({ Origin: "null" }), 403, "origin_refused");
    assertProblem(await guest({ "Content-Type": "text/plain" }), 415, "type_not_supported");
    const form = "application/x-www-form-urlencoded";
    assertProblem(await guest({ "Content-Type": form }, "{}"), 415, "type_not_supported");
    const json = "application/json; charset=utf-8";
    assert.equal((await guest({ "Content-Type": json })).status, 201);

    const open = (origin) => RawSocket.open(t, server, origin ? { origin } : {});
    for (const origin of [undefined, own, listed]) assert.ok(await open(origin));
    await assert.rejects(open("http://evil.example"), /403/);
});

test("a filter that cannot be read is refused by name, not left out", async (t) => {
    const server = await startServer(t, {});
    const list = (query) => server.rest("GET", `/v1/lobbies?${query}`);
    const long = "x".repeat(300);
    const wrong = {
        region: [`region=${long}`, `region=${"x".repeat(48)}`, "region=a&region=b"],
        gameMode: [`gameMode=${long}`],
        mapName: [`mapName=${long}`],
        state: ["state=sleeping", `state=${long}`],
        limit: ["limit=0", "limit=101", "limit=many", "limit=", `limit=${"1".repeat(30)}`],
        hasOpenSlots: ["hasOpenSlots=maybe", "hasOpenSlots="],
        cursor: ["cursor=nonsense", "cursor=", "cursor=-1", "cursor=0", `cursor=${"f".repeat(20)}`],
        regoin: ["regoin=eu"],
    };
    for (const [name, queries] of Object.entries(wrong)) {
        for (const query of queries) {
            const answer = await list(query);
            assertProblem(answer, 400, "invalid_params");
            assert.ok(answer.body.detail.startsWith(`${name}: `), answer.body.detail);
        }
    }
    assert.equal((await list("region=local&limit=5&hasOpenSlots=true")).status, 200);
    const { socket } = await rawPlayer(t, server);
    for (const cursor of ["nonsense", "", "0", "0x1"])
        assert.equal(word(await socket.call("lobby.list", { cursor })), "invalid_params");
    assert.ok((await socket.call("lobby.list", null)).result, "null is as if left out");
});

test("what must stand alone is refused in a batch, the rest of it is answered", async (t) => {
    const server = await startServer(t, {});
    const token = await guestToken(server);
    const socket = await RawSocket.open(t, server);
    const call = (id, method, params) => ({ jsonrpc: "2.0", id, method, params });
    socket.send([
        call(1, "session.authenticate", { token: token.accessToken }),
        call(2, "session.ping", {}),
    ]);
    const answers = await socket.wait((message) => Array.isArray(message));
    assert.equal(word(answers[0]), "invalid_request");
    assert.ok(answers[1].result);
    assert.equal(word(await socket.call("session.get")), "unauthenticated");
    await socket.authenticate(token.accessToken);
    socket.send([call(3, "admin.run", { command: "status" })]);
    const [refused] = await socket.wait((message) => Array.isArray(message) && message[0].id === 3);
    assert.ok(["invalid_request", "forbidden"].includes(word(refused)));
});

/** The bytes of a body as they came over the wire, and the head. */
function wire(server, path, headers = {}) {
    return new Promise((resolve, reject) => {
        const request = http.get(`${server.httpUrl}${path}`, { headers, agent: false }, (answer) => {
            const chunks = [];
            answer.on("data", (chunk) => chunks.push(chunk));
            answer.on("end", () =>
                resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
            );
        });
        request.on("error", reject);
    });
}

test("what strangers ask is small: compressed, tagged, without what is long", async (t) => {
    const server = await startServer(t, { config: { server: { name: "First" } } });
    const plain = await wire(server, "/v1/info");
    const small = await wire(server, "/v1/info", { "Accept-Encoding": "gzip" });
    assert.equal(small.headers["content-encoding"], "gzip");
    assert.ok(small.body.length < 4096, `${small.body.length} bytes`);
    assert.deepEqual(gunzipSync(small.body), plain.body);
    assert.equal((await wire(server, "/v1/info", { "Accept-Encoding": "gzip;q=0" })).headers["content-encoding"], undefined);
    const tag = small.headers.etag;
    const same = await wire(server, "/v1/info", { "If-None-Match": tag });
    assert.equal(same.status, 304);
    assert.equal(same.body.length, 0);

    const stranger = await RawSocket.open(t, server);
    const brief = (await stranger.call("server.info")).result;
    assert.ok(JSON.stringify(brief).length < 4096);
    assert.equal(brief.gameModes[0].settingsSchema, undefined);
    const token = await guestToken(server);
    await stranger.authenticate(token.accessToken);
    const full = (await stranger.call("server.info")).result;
    assert.deepEqual(full, JSON.parse(plain.body));

    const config = JSON.parse(await readFile(server.configFile, "utf8"));
    await writeFile(server.configFile, JSON.stringify({ ...config, server: { name: "Second" } }));
    server.signal("SIGHUP");
    await server.waitForOutput(/configuration reloaded/);
    const changed = await wire(server, "/v1/info", { "If-None-Match": tag });
    assert.equal(changed.status, 200);
    assert.equal(JSON.parse(changed.body).name, "Second");
});

test("the list of lobbies is short, and never old", async (t) => {
    const server = await startServer(t, { config: { lobby: { playersMin: 4 } } });
    const { socket: host } = await rawPlayer(t, server);
    const created = (await host.call("lobby.create", { gameMode: "arena", settings: { killLimit: 9 } })).result;
    await host.call("lobby.enter", { seatTicket: created.seatTicket });
    const { socket: other } = await rawPlayer(t, server);
    const listed = async () => {
        const rest = (await server.rest("GET", "/v1/lobbies")).body.lobbies;
        const { lobbies } = (await other.call("lobby.list", {})).result;
        assert.deepEqual(rest, lobbies);
        return lobbies.find(({ lobbyId }) => lobbyId === created.lobby.lobbyId);
    };
    const first = await listed();
    assert.equal(first.currentPlayers, 1);
    assert.equal(first.settings.killLimit, 9);
    assert.equal(first.settings.respawnMs, undefined, "as the mode has it");
    assert.ok(JSON.stringify(first).length < 600, JSON.stringify(first));
    assert.equal((await other.call("lobby.get", { lobbyId: first.lobbyId })).result.settings.respawnMs, 3000);
    const seat = (await other.call("lobby.join", { lobbyId: first.lobbyId })).result;
    assert.equal((await listed()).currentPlayers, 2);
    await other.call("lobby.enter", { seatTicket: seat.seatTicket });
    await other.call("lobby.leave", {});
    assert.equal((await listed()).currentPlayers, 1);
    await host.call("lobby.leave", {});
    assert.equal((await listed())?.currentPlayers ?? 0, 0);
});

test("the answer to a batch is bounded", async (t) => {
    const server = await startServer(t, {
        config: { net: { requestsPerSecond: 1000, requestsBurst: 1000 } },
    });
    const { socket } = await rawPlayer(t, server);
    const size = JSON.stringify((await socket.call("server.info")).result).length;
    socket.send(
        Array.from({ length: 16 }, (_, i) => ({ jsonrpc: "2.0", id: 100 + i, method: "server.info" })),
    );
    const answers = await socket.wait((message) => Array.isArray(message));
    assert.equal(answers.length, 16);
    assert.ok(JSON.stringify(answers).length < 65536 + size + 16 * 200);
    assert.ok(answers[0].result);
    assert.equal(word(answers[15]) ?? "answered", size > 4096 ? "rate_limited" : "answered");
});

const silent = async (t, port) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    atEnd(t, () => socket.destroy());
    await once(socket, "connect");
    return socket;
};

test("silent sockets take neither the admin's places nor a newcomer's", async (t) => {
    const server = await startServer(t, { config: { net: { connectionsMax: 8 } } });
    const { socket: player } = await rawPlayer(t, server);
    const first = await silent(t, server.port);
    const gone = once(first, "close");
    const rest = [];
    for (let i = 0; i < 20; i++) rest.push(await silent(t, server.port));
    await gone;
    const probe = await server.rest("GET", "/livez", undefined, { admin: true });
    assert.equal(probe.status, 200);
    assert.equal(probe.text, "ok\n");
    assert.equal(await server.metric("muster_players_connected"), 1);
    const { socket: newcomer } = await rawPlayer(t, server);
    assert.ok((await newcomer.call("session.get")).result);
    assert.ok((await player.call("session.get")).result, "who has signed in stays");
});

test("a node full of players takes no newcomer, and its admin still gets in", async (t) => {
    const server = await startServer(t, { config: { net: { connectionsMax: 3 } } });
    const players = [];
    for (let i = 0; i < 3; i++) {
        const token = await guestToken(server);
        const socket = await RawSocket.open(t, server);
        await socket.authenticate(token.accessToken);
        players.push(socket);
    }
    await assert.rejects(RawSocket.open(t, server));
    assert.equal((await server.rest("GET", "/readyz", undefined, { admin: true })).status, 200);
    for (let i = 0; i < 40; i++) await silent(t, server.adminPort);
    assert.equal((await server.rest("GET", "/livez", undefined, { admin: true })).status, 200);
    for (const socket of players) assert.ok((await socket.call("session.get")).result);
});

test("too few open files are a sentence at the start, fewer than wanted a warning", async (t) => {
    const home = await tempDir(t);
    const limited = (limit, command) =>
        runFile("bash", ["-c", `ulimit -n ${limit}; exec "$0" "$@"`, MUSTERD, ...command], {
            env: cleanEnvironment(),
            timeout: 20000,
        }).catch((error) => error);
    const args = ["--port", "0", "--data-dir", `${home}/data`];
    const failed = await limited(300, args);
    assert.equal(failed.code, 78, failed.stderr);
    assert.match(failed.stderr + failed.stdout, /limit of open files \(ulimit -Hn\) is 300, expected/);
});
