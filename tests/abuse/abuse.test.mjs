// Bad input: each kind gets its documented answer, is counted, and harms nobody else.
// A bystander plays a match on the same server all the while.

import assert from "node:assert/strict";
import { createHmac, createPublicKey, sign as sign256 } from "node:crypto";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { assertProblem } from "../kit/openapi.mjs";
import { PATIENCE_MS, eventually, startServer, suite } from "../kit/harness.mjs";
import { gather, guestToken, rawPlayer, sitDown } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

const server = await startServer(suite, {
    config: {
        net: { authTimeoutMs: 1500, handshakeTimeoutMs: 1500, lagCloseMs: 500, sendQueueMaxBytes: 16384 },
    },
});
const bystanders = await gather(suite, server, 2, { settings: { fires: false } });
await sitDown(bystanders, { botFill: 0, maxPlayers: 2, killLimit: 50 });
await eventually("the match runs", () => bystanders[0].bot?.snapshots > 5);

/** Runs the abuse; then the bystanders' match must go on, on the same connection. */
async function harmless(abuse) {
    const { bot, client } = bystanders[0];
    await abuse();
    const count = bot.snapshots;
    await eventually("the bystander's snapshots go on", () => bot.snapshots > count + 3);
    assert.equal(client.state, "online");
}

/** Asserts that the metric grows during the abuse. */
async function counted(metric, abuse) {
    const earlier = await server.metric(metric);
    await abuse();
    await eventually(`${metric} grows`, async () => (await server.metric(metric)) > earlier);
}

/** Bytes over a bare TCP connection; resolves with what came until the server closed it. */
function rawHttp(text, { port = server.port, keepOpen = false } = {}) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, "127.0.0.1");
        let answer = "";
        const timer = setTimeout(() => {
            socket.destroy();
            reject(new Error(`no end; got ${JSON.stringify(answer)}`));
        }, PATIENCE_MS);
        socket.on("connect", () => socket.write(text));
        socket.on("data", (chunk) => {
            answer += chunk;
            if (!keepOpen && answer.includes("\r\n\r\n")) socket.end();
        });
        socket.on("error", () => {});
        socket.on("close", () => {
            clearTimeout(timer);
            resolve(answer);
        });
    });
}

const rpcError = (message) => message.error?.data?.code;

test("texts that are not JSON-RPC get the error of the specification", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        const cases = [
            ["{", "parse_error"],
            ["nonsense", "parse_error"],
            ["", "parse_error"],
            ['{"jsonrpc":"2.0","id":1,"id":2,"method":"session.get"}', "parse_error"],
            [`${"[".repeat(200)}${"]".repeat(200)}`, "parse_error"],
            [
                `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`,
                "parse_error",
            ],
            ["[]", "invalid_request"],
            ["5", "invalid_request"],
            ["null", "invalid_request"],
            ['{"id":7}', "invalid_request"],
            ['{"jsonrpc":"1.0","id":7,"method":"x"}', "invalid_request"],
            ['{"jsonrpc":"2.0","id":7,"method":5}', "invalid_request"],
            ['{"jsonrpc":"2.0","id":{},"method":"session.get"}', "invalid_request"],
            [
                JSON.stringify(
                    Array.from({ length: 17 }, (_, i) => ({
                        jsonrpc: "2.0",
                        id: i,
                        method: "session.ping",
                    })),
                ),
                "invalid_request",
            ],
            ['{"jsonrpc":"2.0","id":7,"method":"no.such"}', "method_not_found"],
            ['{"jsonrpc":"2.0","id":7,"method":"session.get","params":[1]}', "invalid_params"],
            [
                '{"jsonrpc":"2.0","id":7,"method":"session.get","params":"x"}',
                ["invalid_request", "invalid_params"],
            ],
            [
                '{"jsonrpc":"2.0","id":7,"method":"session.latency","params":{"rttMs":"fast"}}',
                "invalid_params",
            ],
            [
                '{"jsonrpc":"2.0","id":7,"method":"session.latency","params":{"rttMs":1e400}}',
                "parse_error",
            ],
            [
                '{"jsonrpc":"2.0","id":7,"method":"lobby.get","params":{"lobbyId":"a\\u0000b"}}',
                ["parse_error", "not_found", "invalid_params"],
            ],
        ];
        for (const [text, wanted] of cases) {
            const { socket: stranger } = await rawPlayer(undefined, server);
            stranger.messages.length = 0;
            stranger.send(text);
            const answer = await stranger.wait((message) => message.error ?? message[0]?.error);
            const code = rpcError(answer) ?? rpcError(answer[0]);
            assert.ok([wanted].flat().includes(code), `${text.slice(0, 60)}: ${code}`);
            stranger.ws.terminate();
        }
        assert.ok((await socket.call("session.get")).result, "others are not concerned");
        socket.ws.terminate();
    }));

test("notifications are not answered, even wrong ones", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        socket.messages.length = 0;
        socket.send({ jsonrpc: "2.0", method: "no.such" });
        socket.send([{ jsonrpc: "2.0", method: "no.such" }]);
        await socket.call("session.ping", {});
        assert.equal(socket.messages.length, 1);
        socket.ws.terminate();
    }));

test("a batch of 16 is answered in one message", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        socket.send(
            Array.from({ length: 16 }, (_, i) => ({
                jsonrpc: "2.0",
                id: i + 100,
                method: "session.ping",
            })),
        );
        const answers = await socket.wait(Array.isArray);
        assert.equal(answers.length, 16);
        socket.ws.terminate();
    }));

test("a message over 16 KiB closes with 1009", () =>
    harmless(() =>
        counted('muster_packets_dropped_total{reason="oversize"}', async () => {
            const { socket } = await rawPlayer(undefined, server);
            socket.send("x".repeat(17000));
            assert.equal((await socket.closed).code, 1009);
        }),
    ));

test("a long message in many fragments closes with 1009, too", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        for (let i = 0; i < 40; i++) socket.ws.send("x".repeat(1000), { fin: false });
        assert.equal((await socket.closed).code, 1009);
    }));

test("text that is not UTF-8 closes with 1007", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        socket.ws.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
        assert.equal((await socket.closed).code, 1007);
    }));

test("binary frames that are no inputs close with 4007", () =>
    harmless(() =>
        counted('muster_packets_dropped_total{reason="malformed"}', async () => {
            const input = Buffer.alloc(14);
            input[0] = 1;
            const bad = [
                Buffer.alloc(0),
                Buffer.from([1]),
                Buffer.from([99, 0, 0]),
                Buffer.alloc(13, 1),
                Buffer.concat([input, Buffer.alloc(1)]),
                Buffer.from([...input].with?.(1, 4) ?? [1, 4, ...input.subarray(2)]),
                Buffer.from([0x81, ...Buffer.alloc(20)]),
                Buffer.from([3, 1, 0xff, 0xff, 0xff]),
            ];
            for (const frame of bad) {
                const { socket } = await rawPlayer(undefined, server);
                socket.send(frame);
                assert.equal((await socket.closed).code, 4007, frame.toString("hex"));
            }
        }),
    ));

test("a deflate bomb is refused", () =>
    harmless(async () => {
        const { deflateRawSync } = await import("node:zlib");
        const { socket } = await rawPlayer(undefined, server);
        socket.send(
            Buffer.concat([Buffer.from([3, 1]), deflateRawSync(Buffer.alloc(4 << 20, 0x20))]),
        );
        assert.ok([4007, 1009].includes((await socket.closed).code));
    }));

test("a deflated request is taken", async (t) => {
    const { deflateRawSync } = await import("node:zlib");
    const { socket } = await rawPlayer(t, server);
    const text = JSON.stringify({
        jsonrpc: "2.0",
        id: 77,
        method: "session.ping",
        params: { clientTime: 1 },
    });
    socket.send(Buffer.concat([Buffer.from([3, 1]), deflateRawSync(Buffer.from(text))]));
    assert.equal((await socket.wait((message) => message.id === 77)).result.clientTime, 1);
});

test("inputs before a match, from the past and from the future harm nothing", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        const input = Buffer.alloc(14);
        input[0] = 1;
        for (const sequence of [0, 1, 1, 0xffffffff, 5]) {
            input.writeUInt32LE(sequence, 2);
            socket.send(Buffer.from(input));
        }
        assert.ok((await socket.call("session.get")).result);
        socket.ws.terminate();
    }));

test("a flood of messages is closed with 4005", () =>
    harmless(() =>
        counted('muster_packets_dropped_total{reason="ratelimit"}', async () => {
            const { socket } = await rawPlayer(undefined, server);
            const input = Buffer.alloc(14);
            input[0] = 1;
            const flood = setInterval(() => {
                for (let i = 0; i < 500 && socket.ws.readyState === 1; i++)
                    socket.send(Buffer.from(input));
            }, 10);
            const { code } = await socket.closed;
            clearInterval(flood);
            assert.equal(code, 4005);
        }),
    ));

test("too many requests of a player get rate_limited", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        for (let i = 0; i < 80; i++)
            socket.send({ jsonrpc: "2.0", id: 1000 + i, method: "session.get" });
        const limited = await socket.wait((message) => rpcError(message) === "rate_limited");
        assert.equal(limited.error.code, -32003);
        assert.ok(limited.error.data.retryAfterMs > 0);
        socket.ws.terminate();
    }));

test("connections of one address are limited", async (t) => {
    const strict = await startServer(t, { config: { net: { connectionsPerAddressMax: 4 } } });
    const first = await Promise.all([1, 2, 3].map(() => RawSocket.open(t, strict)));
    const more = [1, 2, 3, 4].map(() => new RawSocket(t, strict.wsUrl));
    const ends = await Promise.race([
        ...more.map((socket) => socket.failed),
        ...more.map((socket) => socket.closed),
    ]);
    assert.ok(ends, "refused or closed");
    assert.ok((await first[0].call("server.info")).result, "those within the limit stay");
});

test("who never authenticates is closed with 4001", () =>
    harmless(async () => {
        const silent = await RawSocket.open(undefined, server);
        assert.equal((await silent.closed).code, 4001);
    }));

test("a slow handshake is cut off", () =>
    harmless(async () => {
        const socket = net.connect(server.port, "127.0.0.1");
        await once(socket, "connect");
        socket.on("error", () => {});
        socket.write("GET /ws HTTP/1.1\r\nHost: x\r\n");
        const drip = setInterval(() => socket.write("X-Slow: 1\r\n"), 100);
        const [answer] = await once(socket, "data");
        clearInterval(drip);
        assert.match(answer.toString(), /^HTTP\/1.1 408 /);
        await new Promise((resolve) => socket.once("close", resolve).resume());
    }));

test("a connection that says nothing is cut off", () =>
    harmless(async () => {
        assert.equal(await rawHttp("", { keepOpen: true }), "");
    }));

test("what no handler sees is answered as all else is", () =>
    harmless(async () => {
        const host = "Host: x\r\n";
        const cases = [
            ["TRACE / HTTP/1.1\r\n", 501],
            ["CONNECT x:80 HTTP/1.1\r\n", 501],
            ["PRI * HTTP/2.0\r\n", 501],
            ["GET http://x/livez HTTP/1.1\r\n", 400],
            ["GET livez HTTP/1.1\r\n", 400],
            ["GET /livez HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: gopher\r\n", 400],
            ["GET /livez?verbose=%00 HTTP/1.1\r\n", 400],
            ["GET /livez%00 HTTP/1.1\r\n", 400],
            ["GET /livez?verbose=%0d&a=1 HTTP/1.1\r\n", 400],
            ["GET /livez HTTP/1.1\r\nHost: y\r\n", 400],
            ["GET /livez HTTP/1.1\r\nContent-Length: -1\r\n", 400],
            ["POST /v1/auth/guest HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n", 400],
        ];
        for (const [head, status] of cases) {
            for (const port of [server.port, server.adminPort]) {
                const answer = await rawHttp(`${head}${host}\r\n`, { port });
                assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), head);
                assert.match(answer, /\r\ncontent-type: application\/problem\+json\r\n/, head);
            }
        }
        assert.match(await rawHttp("GET /livez HTTP/1.1\r\n\r\n"), /^HTTP\/1.1 400 /, "no Host");
        assert.match(await rawHttp("GET /livez HTTP/1.0\r\n\r\n"), /^HTTP\/1.1 (200|404) /);
        const half = await rawHttp("GET /livez HTTP/1.1\r\nHost", { keepOpen: true });
        assert.match(half, /^HTTP\/1.1 408 /);
    }));

test("floods of frames that are no messages are closed with 4005", () =>
    harmless(async () => {
        const frames = {
            ping: [0x89, 0x80, 0, 0, 0, 0],
            pong: [0x8a, 0x80, 0, 0, 0, 0],
            "empty fragment": [0x00, 0x80, 0, 0, 0, 0],
            "fragment of a byte": [0x00, 0x81, 0, 0, 0, 0, 0x20],
        };
        for (const [name, frame] of Object.entries(frames)) {
            const socket = await RawSocket.open(undefined, server);
            const wire = socket.ws._socket;
            if (frame[0] === 0) wire.write(Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x20])); // begins
            const flood = Buffer.concat(Array(1000).fill(Buffer.from(frame)));
            const drip = setInterval(() => wire.write(flood), 100);
            const { code } = await socket.closed;
            clearInterval(drip);
            assert.equal(code, 4005, name);
        }
    }));

test("upgrades that are none of ours are refused", () =>
    harmless(async () => {
        const head = (extra) => `GET /ws HTTP/1.1\r\nHost: x\r\n${extra}\r\n\r\n`;
        const h2c = await rawHttp(
            head(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            ),
        );
        assert.doesNotMatch(h2c, /^HTTP\/1\.1 101/);
        const ws =
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        assert.doesNotMatch(await rawHttp(head(ws)), /^HTTP\/1\.1 101/, "no subprotocol");
        assert.doesNotMatch(
            await rawHttp(head(`${ws}\r\nSec-WebSocket-Protocol: chat`)),
            /^HTTP\/1\.1 101/,
        );
        const elsewhere = head(`${ws}\r\nSec-WebSocket-Protocol: muster.v1`).replace(
            "/ws",
            "/v1/lobbies",
        );
        assert.doesNotMatch(await rawHttp(elsewhere), /^HTTP\/1\.1 101/);
        assert.doesNotMatch(
            await rawHttp("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            /^HTTP\/1\.1 (101|200)/,
        );
    }));

test("chunked bodies get 411, long ones 413", () =>
    harmless(async () => {
        const chunked = await rawHttp(
            "POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        );
        assert.match(chunked, /^HTTP\/1\.1 411 /);
        assert.match(chunked, /application\/problem\+json/i);
        const both = await rawHttp(
            "POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        );
        assert.match(both, /^HTTP\/1\.1 4\d\d /);
        const long = await rawHttp(
            "POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        );
        assert.match(long, /^HTTP\/1\.1 413 /);
        const none = await rawHttp("POST /v1/auth/guest HTTP/1.1\r\nHost: x\r\n\r\n");
        assert.match(none, /^HTTP\/1\.1 (411|400|20[01]) /);
    }));

test("HTTP that is broken or asks for what is not there", () =>
    harmless(async () => {
        assertProblem(await server.rest("GET", "/nowhere"), 404, "not_found");
        assertProblem(await server.rest("DELETE", "/v1/lobbies"), 405);
        assertProblem(await server.rest("POST", "/v1/auth/guest", "[".repeat(3000)), 400);
        const traversal = await rawHttp(
            "GET /..%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        );
        assert.doesNotMatch(traversal, /root:/);
        assert.doesNotMatch(
            await rawHttp(`GET /${"a".repeat(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
            /^HTTP\/1\.1 200/,
        );
        assert.doesNotMatch(await rawHttp("\x00\x01\x02\r\n\r\n"), /^HTTP\/1\.1 200/);
        const many = Array.from({ length: 2000 }, (_, i) => `X-${i}: y`).join("\r\n");
        await rawHttp(`GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${many}\r\n\r\n`);
        assert.equal((await server.rest("GET", "/livez")).status, 200);
    }));

test("tokens: expired, of another algorithm, or MACed with the public key", () =>
    harmless(() =>
        counted("muster_auth_failures_total", async () => {
            const { accessToken } = await guestToken(server);
            const [head, payload] = accessToken.split(".");
            const header = JSON.parse(Buffer.from(head, "base64url"));
            const { body } = await server.rest("GET", "/.well-known/jwks.json");
            const pem = createPublicKey({ key: body.keys[0], format: "jwk" }).export({
                type: "spki",
                format: "pem",
            });
            const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
            const confused = `${encode({ ...header, alg: "HS256" })}.${payload}`;
            const mac = createHmac("sha256", pem).update(confused).digest("base64url");
            const tokens = [
                `${confused}.${mac}`,
                `${encode({ ...header, alg: "none" })}.${payload}.`,
                `${encode({ ...header, kid: "../../etc/passwd" })}.${accessToken.split(".").slice(1).join(".")}`,
                `${encode({ ...header, jwk: body.keys[0] })}.${accessToken.split(".").slice(1).join(".")}`,
            ];
            for (const token of tokens) {
                const socket = await RawSocket.open(undefined, server);
                assert.equal(
                    rpcError(await socket.call("session.authenticate", { token })),
                    "token_invalid",
                );
                socket.ws.terminate();
            }
        }),
    ));

test("tokens that the server's own key has signed, but with wrong claims", () =>
    harmless(async () => {
        const files = await readdir(server.dataDir, { recursive: true });
        const key = await readFile(
            path.join(
                server.dataDir,
                files.find((name) => name.endsWith(".pem")),
            ),
            "utf8",
        );
        const { accessToken, playerId } = await guestToken(server);
        const [head, payload] = accessToken.split(".");
        const claims = JSON.parse(Buffer.from(payload, "base64url"));
        const sign = (changes) => {
            const body = Buffer.from(JSON.stringify({ ...claims, ...changes })).toString(
                "base64url",
            );
            const mark = sign256("sha256", Buffer.from(`${head}.${body}`), {
                key,
                dsaEncoding: "ieee-p1363",
            });
            return `${head}.${body}.${mark.toString("base64url")}`;
        };
        const ask = async (token) => {
            const socket = await RawSocket.open(undefined, server);
            const answer = await socket.call("session.authenticate", { token });
            socket.ws.terminate();
            return answer;
        };
        const now = Math.floor(Date.now() / 1000);
        assert.equal(
            (await ask(sign({}))).result?.session.playerId,
            playerId,
            "the forger's tools work",
        );
        const wrong = [
            { exp: now - 3600, iat: now - 7200 },
            { exp: undefined },
            { exp: "soon" },
            { nbf: now + 3600 },
            { aud: "another" },
            { aud: undefined },
            { iss: "another" },
            { iss: undefined },
            { sub: undefined },
            { sub: "" },
        ];
        for (const changes of wrong) {
            assert.equal(
                rpcError(await ask(sign(changes))),
                "token_invalid",
                JSON.stringify(changes),
            );
        }
    }));

test("a client that stops reading is closed, the others see every tick", () =>
    harmless(async () => {
        const { socket } = await rawPlayer(undefined, server);
        const lobbyId = bystanders[0].client.entry.lobby.lobbyId;
        const seat = (await socket.call("lobby.join", { lobbyId, spectator: true })).result;
        await socket.call("lobby.enter", { seatTicket: seat.seatTicket });
        socket.ws._socket.pause();
        // Snapshots alone would take minutes to fill the kernel's buffers: ask for long answers.
        const ask = JSON.stringify(
            Array.from({ length: 16 }, (_, i) => ({
                jsonrpc: "2.0",
                id: 5000 + i,
                method: "server.info",
            })),
        );
        const flood = setInterval(() => socket.ws.readyState === 1 && socket.ws.send(ask), 100);
        const members = () =>
            bystanders[0].client.entry.members.filter(({ connected }) => connected).length;
        try {
            await eventually("the server gives it up", async () =>
                (await server.metric("muster_players_connected")) <= 2);
        } finally {
            clearInterval(flood);
            socket.ws.terminate();
        }
        assert.ok(members() >= 2);
    }));

test("joins of a lobby that has ended are refused", async (t) => {
    const own = await startServer(t, { config: { lobby: { scoreboardMs: 200 } } });
    const team = await gather(t, own, 2, { settings: { fires: false } });
    const lobbyId = await sitDown(team, { botFill: 0, maxPlayers: 2, timeLimit: 1 });
    await Promise.all(team.map(({ client }) => client.once("lobby.left", { timeoutMs: 60000 })));
    const { socket } = await rawPlayer(t, own);
    const code = rpcError(await socket.call("lobby.join", { lobbyId }));
    assert.ok(["not_found", "wrong_state"].includes(code), code);
});
