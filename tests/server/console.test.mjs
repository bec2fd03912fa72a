// The node from afar: what happens as a stream of events, commands over a WebSocket. Both on the admin
// address, both for who has the admin token.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import WebSocket from "ws";
import { ADMIN_TOKEN, PLUGINS, Watched, atEnd, startServer } from "../kit/harness.mjs";
import { assertProblem } from "../kit/openapi.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const SUBPROTOCOL = "muster.console.v1";
const BEARER = { Authorization: `Bearer ${ADMIN_TOKEN}` };

const start = (t, config = {}) =>
    startServer(t, { config: { plugins: [...PLUGINS, "service_console"], ...config } });

/** curl -N on the events: what it has heard so far, and its end. */
function listen(t, server, { headers = BEARER, options = [] } = {}) {
    const url = `${server.adminUrl}/v1/admin/events`;
    const curl = spawn("curl", ["-sSN", "-i", "-H", `Authorization: ${headers.Authorization}`, ...options, url]);
    const watched = new Watched();
    const heard = { text: "", ended: once(curl, "close").then(([code]) => code) };
    curl.stdout.on("data", (chunk) => {
        heard.text += chunk;
        watched.changed();
    });
    heard.until = (find) =>
        watched.until(find, heard.ended, (why) => new Error(`${why}; heard ${heard.text}`));
    /** {id, event, data} of the events of a kind. */
    heard.events = (kind) =>
        [...heard.text.matchAll(/^id: (\d+)\r?\nevent: (\w+)\r?\ndata: (.*)$/gm)]
            .map(([, id, event, data]) => ({ id: Number(id), event, data: JSON.parse(data) }))
            .filter(({ event }) => event === kind);
    heard.event = (kind, fits = () => true) =>
        heard.until(() => heard.events(kind).find(({ data }) => fits(data)));
    atEnd(t, () => curl.kill("SIGKILL"));
    return heard;
}

class Console {
    answers = [];
    #watched = new Watched();

    constructor(t, server, { protocols = [SUBPROTOCOL], headers = BEARER, path = "/v1/admin/console", ...options } = {}) {
        this.ws = new WebSocket(server.adminUrl.replace("http", "ws") + path, protocols, { headers, ...options });
        this.ws.on("message", (data, binary) => {
            assert.equal(binary, false);
            this.answers.push(JSON.parse(data));
            this.#watched.changed();
        });
        this.closed = new Promise((resolve) => this.ws.on("close", (code) => resolve(code)));
        this.refused = new Promise((resolve) => {
            this.ws.on("unexpected-response", (_, response) => resolve(response.statusCode));
        });
        this.problem = new Promise((resolve) => {
            this.ws.on("unexpected-response", (_, response) => resolve(text(response).then(JSON.parse)));
        });
        this.ws.on("error", () => {});
        atEnd(t, () => this.ws.terminate());
    }

    async run(line, id) {
        this.ws.send(line);
        return this.answer(id);
    }

    answer(id) {
        return this.#watched.until(
            () => this.answers.find((answer) => answer.id === id),
            this.closed.then((code) => `closed with ${code}`),
            (why) => new Error(`${why} before answer ${id}`),
        );
    }
}

async function open(t, server, options) {
    const line = new Console(t, server, options);
    await once(line.ws, "open");
    return line;
}

const bearer = (token) => `bearer.${Buffer.from(token).toString("base64url")}`;
const isHeard = (heard) => heard.until(() => /: the node's notices/.test(heard.text) || undefined);

async function setToken(server, token) {
    const config = JSON.parse(await readFile(server.configFile, "utf8"));
    config.admin = { ...config.admin, token };
    await writeFile(server.configFile, JSON.stringify(config));
}

test("events tell what happens on the node", async (t) => {
    const server = await start(t);
    const heard = listen(t, server);
    await heard.until(() => /: the node's notices/.test(heard.text) || undefined);
    assert.match(heard.text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(heard.text, /content-type: text\/event-stream\r\n/);
    const { client, playerId } = await connectPlayer(t, server, { name: "Ann \"the\" first" });
    const connected = await heard.event("player_connected");
    assert.equal(connected.data.playerId, playerId);
    assert.equal(connected.data.displayName, "Ann \"the\" first");
    assert.ok(Math.abs(connected.data.at - Date.now()) < 3600e3);
    const { lobby } = await client.createLobby({ gameMode: "arena" });
    const created = await heard.event("lobby_created");
    assert.equal(created.data.lobbyId, lobby.lobbyId);
    assert.equal(created.data.gameMode, "arena");
    const taken = await heard.event("seat_taken");
    assert.deepEqual([taken.data.lobby, taken.data.player], [created.data.lobby, connected.data.player]);
    assert.equal(taken.data.seat, 0);
    assert.ok(created.id > connected.id && taken.id > created.id);
    await server.admin(`close ${lobby.lobbyId}`);
    const closed = await heard.event("lobby_closed");
    assert.equal(closed.data.lobby, created.data.lobby);
    await server.stop();
    assert.notEqual(await heard.ended, 0, "curl is told that the stream is cut short");
    await heard.event("server_stopping");
});

test("listeners come and go, and each hears what comes then", async (t) => {
    const server = await start(t);
    const leaver = listen(t, server);
    await leaver.until(() => /notices/.test(leaver.text) || undefined);
    const stays = listen(t, server, { options: ["--http1.0"] });
    await stays.until(() => /notices/.test(stays.text) || undefined);
    assert.doesNotMatch(stays.text, /transfer-encoding/i);
    const { client } = await connectPlayer(t, server);
    await leaver.event("player_connected");
    await stays.event("player_connected");
    client.close();
    await stays.event("player_disconnected");
    assert.equal((await server.rest("GET", "/livez")).status, 200);
});

test("events and console are for who has the token, on the admin address alone", async (t) => {
    const server = await start(t);
    const events = "/v1/admin/events";
    assertProblem(await server.rest("GET", events, undefined, { admin: true }), 401, "unauthenticated");
    const wrong = { admin: true, headers: { Authorization: "Bearer wrong" } };
    assertProblem(await server.rest("GET", events, undefined, wrong), 401, "unauthenticated");
    assertProblem(await server.rest("GET", events, undefined, { headers: BEARER }), 404, "not_found");
    const other = "https://page.example";
    const cases = [
        [{ headers: {} }, 401],
        [{ headers: { Authorization: "Bearer wrong" } }, 401],
        [{ headers: {}, protocols: [SUBPROTOCOL, bearer("wrong")] }, 401],
        [{ headers: {}, protocols: [SUBPROTOCOL, `bearer.${ADMIN_TOKEN}`] }, 401],
        [{ protocols: [] }, 400],
        [{ protocols: ["muster.v1"] }, 400],
        [{ protocols: ["muster.v1", SUBPROTOCOL] }, 400],
        [{ path: "/v1/admin/consoles" }, 404],
        [{ path: "/ws", protocols: ["muster.v1"] }, 404],
        [{ origin: other }, 403],
    ];
    for (const [options, status] of cases)
        assert.equal(await new Console(t, server, options).refused, status, JSON.stringify(options));
    const near = { adminUrl: server.httpUrl };
    assert.equal(await new Console(t, near).refused, 404);
    const byName = await open(t, server, { headers: {}, protocols: [SUBPROTOCOL, bearer(ADMIN_TOKEN)] });
    assert.equal(byName.ws.protocol, SUBPROTOCOL);
    assert.ok((await byName.run("help", 1)).done);
    assert.doesNotMatch(server.output, new RegExp(`${ADMIN_TOKEN}|${bearer(ADMIN_TOKEN)}`));
});

test("each line is a command, and has its answer", async (t) => {
    const server = await start(t);
    const line = await open(t, server);
    const help = await line.run("help", 1);
    assert.deepEqual([help.id, help.done], [1, true]);
    assert.match(help.answer, /^help /m);
    const unknown = await line.run("nonsense", 2);
    assert.deepEqual([unknown.done, /unknown command/.test(unknown.answer)], [false, true]);
    for (const [i, bad] of ["", "x".repeat(1001), "a\nb", Buffer.from("help")].entries()) {
        const answer = await line.run(bad, 3 + i);
        assert.deepEqual([answer.done, /1 to 1000 bytes/.test(answer.answer)], [false, true]);
    }
    assert.equal((await line.run(`say ${"x".repeat(996)}`, 7)).id, 7);
    for (let i = 8; i < 28; i++) line.ws.send("results");
    for (let i = 8; i < 28; i++) assert.equal((await line.answer(i)).id, i); // in any order
    const other = await open(t, server);
    assert.equal((await other.run("help", 1)).id, 1);
    other.ws.close(1000);
    await other.closed;
    assert.ok((await line.run("help", 28)).done);
    await server.stop();
    assert.equal(await line.closed, 1001);
});

test("who sends too much is closed, who plays is not in the way", async (t) => {
    const server = await start(t);
    const line = await open(t, server);
    line.ws.send("x".repeat(100000));
    assert.equal(await line.closed, 1009);
    await RawSocket.open(t, server);
});

test("a new token ends what was opened with the one before", async (t) => {
    const server = await start(t);
    const { client } = await connectPlayer(t, server);
    const begin = async (token) => {
        const headers = { Authorization: `Bearer ${token}` };
        const heard = listen(t, server, { headers });
        const asks = await open(t, server, { headers });
        const other = await open(t, server, { headers: {}, protocols: [SUBPROTOCOL, bearer(token)] });
        await isHeard(heard);
        return { heard, asks, other };
    };
    const areClosed = async ({ heard, asks, other }, token) => {
        assert.deepEqual(await Promise.all([asks.closed, other.closed]), [1008, 1008]);
        assert.notEqual(await heard.ended, 0, "curl is told that the stream is cut short");
        assert.equal(await new Console(t, server, { headers: { Authorization: `Bearer ${token}` } }).refused, 401);
    };
    const first = await begin(ADMIN_TOKEN);
    assert.ok((await first.asks.run("reload", 1)).done);
    assert.ok((await first.asks.run("help", 2)).done, "nothing has changed");
    await setToken(server, "the-second-token");
    const { answer, done } = await first.asks.run("reload", 3);
    assert.ok(done && /^admin\.token changed: in force$/m.test(answer), answer);
    await areClosed(first, ADMIN_TOKEN);
    const second = await begin("the-second-token");
    await setToken(server, "");
    server.signal("SIGHUP");
    await areClosed(second, "the-second-token");
    await setToken(server, ADMIN_TOKEN);
    await server.command("reload", /admin\.token changed: in force/);
    const third = await begin(ADMIN_TOKEN);
    await setToken(server, "the-third-token");
    assert.match(await server.admin("reload"), /^admin\.token changed: in force$/m);
    await areClosed(third, ADMIN_TOKEN);
    assert.ok(await client.call("session.get"), "players are not concerned");
});

test("a console that is being closed is none of a plugin's that has gone", async (t) => {
    const server = await start(t);
    const socket = net.connect(server.adminPort, "127.0.0.1");
    const watched = new Watched();
    let heard = Buffer.alloc(0);
    socket.on("data", (chunk) => {
        heard = Buffer.concat([heard, chunk]);
        watched.changed();
    });
    socket.on("error", () => {});
    const ended = new Promise((resolve) => socket.on("close", () => resolve("closed")));
    const until = (found) => watched.until(() => found() || undefined, ended, (why) => new Error(why));
    atEnd(t, () => socket.destroy());
    const head = [
        "GET /v1/admin/console HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, `Authorization: Bearer ${ADMIN_TOKEN}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    await until(() => /^HTTP\/1\.1 101 /.test(heard) && heard.includes("\r\n\r\n"));
    const size = 100000; // too long: closed, and this client does not answer that yet
    const frame = Buffer.alloc(14);
    frame.set([0x81, 0xff]);
    frame.writeUInt32BE(size, 6);
    socket.write(Buffer.concat([frame, Buffer.alloc(size, "x")]));
    await until(() => heard.includes(Buffer.from([0x03, 0xf1]))); // 1009
    assert.match(await server.admin("reload service_console"), /service_console reloaded/);
    socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf1]));
    await ended;
    assert.ok((await (await open(t, server)).run("help", 1)).done);
});

test("people without the token push out nobody who has shown it", async (t) => {
    const server = await start(t);
    const heard = listen(t, server);
    await isHeard(heard);
    const line = await open(t, server);
    const strangers = Array.from({ length: 40 }, () => net.connect(server.adminPort, "127.0.0.1"));
    for (const stranger of strangers) stranger.on("error", () => {});
    atEnd(t, () => strangers.forEach((stranger) => stranger.destroy()));
    await Promise.any(strangers.map((stranger) => once(stranger, "close")));
    assert.ok((await line.run("help", 1)).done);
    const { playerId } = await connectPlayer(t, server);
    await heard.event("player_connected", (data) => data.playerId === playerId);
});

test("a page of another origin is told why it is refused", async (t) => {
    const origin = "https://page.example";
    const server = await start(t, { net: { allowedOrigins: [origin] } });
    const why = "pages of other origins never reach the admin address, whatever net.allowedOrigins says";
    const headers = { ...BEARER, Origin: origin };
    const asked = await server.rest("POST", "/v1/admin/command", { command: "help" }, { admin: true, headers });
    assertProblem(asked, 403, "origin_refused");
    assert.equal(asked.body.detail, why);
    assert.equal((await new Console(t, server, { origin }).problem).detail, why);
    const stranger = await server.rest("POST", "/v1/auth/guest", {}, { headers: { Origin: "https://other.example" } });
    assert.equal(stranger.body.detail, "pages of this origin are not on the list net.allowedOrigins");
});
