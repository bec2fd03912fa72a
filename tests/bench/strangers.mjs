// strangers - what 64 sockets of one address can do to a player, within the limits.
//
//     node tests/bench/strangers.mjs           (./dev bench strangers)
//
// Two servers of its own. On the first, whose limits for strangers are lifted, each kind of request
// that needs no sign-in is measured by itself. On the second, with the limits as they are shipped, a
// player plays against bots while 64 sockets do what they can: without sign-in, then as guests. Ends
// with 1 when a limit is missed. Takes two minutes.

import { fork } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startServer } from "../kit/harness.mjs";
import { connectPlayer, guestToken } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";
import { quantile } from "./figures.mjs";

const SOCKETS = 64;
const PHASE_MS = 15000; // 300 intervals: fewer have no p99, only a worst
const REQUESTS = 2000;
const LIMITS = { cpuMs: 0.1, bytes: 4096, intervalP99Ms: 60 };

const ends = [];
const life = { after: (fn) => ends.unshift(fn) };
let missed = 0;

function say(name, facts, verdict = true) {
    if (!verdict) missed++;
    const text = Object.entries(facts).map(([key, value]) => `${key} ${value}`).join("  ");
    console.log(`${verdict ? "ok    " : "MISSED"} ${name.padEnd(30)} ${text}`);
}

/** Milliseconds that all threads of a process have run. */
function cpuMs(pid) {
    const tasks = readdirSync(`/proc/${pid}/task`);
    const ns = tasks.map((task) => {
        try {
            return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
        } catch {
            return 0; // it has just ended
        }
    });
    return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}

// ---- What one request costs ----

async function cost(server, name, run, { bytesCounted = true } = {}) {
    await run(200);
    const before = cpuMs(server.pid);
    const begin = performance.now();
    const bytes = await run(REQUESTS);
    const idle = ((performance.now() - begin) / 1000) * server.idleMsPerSecond;
    const each = (cpuMs(server.pid) - before - idle) / REQUESTS;
    const perRequest = Math.round(bytes / REQUESTS);
    const fits = each <= LIMITS.cpuMs && (!bytesCounted || perRequest <= LIMITS.bytes);
    say(name, { "cpu ms": each.toFixed(4), bytes: perRequest }, fits);
}

/** GETs over a few connections that stay open; the bytes of the bodies. */
function getter(server, path, headers = {}) {
    return async (count) => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
        let bytes = 0;
        const one = () =>
            new Promise((resolve, reject) => {
                const request = http.get(`${server.httpUrl}${path}`, { agent, headers }, (answer) => {
                    if (![200, 304].includes(answer.statusCode)) reject(new Error(`${path}: ${answer.statusCode}`));
                    answer.on("data", (chunk) => (bytes += chunk.length));
                    answer.on("end", resolve);
                });
                request.on("error", reject);
            });
        const lane = async () => {
            for (let i = 0; i < count / 4; i++) await one();
        };
        await Promise.all([lane(), lane(), lane(), lane()]);
        agent.destroy();
        return bytes;
    };
}

/** JSON-RPC calls without sign-in, `batch` in one message; the bytes of the answers. */
function caller(server, method, batch = 1) {
    return async (count) => {
        const socket = await RawSocket.open(null, server);
        let bytes = 0;
        const calls = Array.from({ length: batch }, (_, id) => ({ jsonrpc: "2.0", id, method }));
        const text = JSON.stringify(batch > 1 ? calls : calls[0]);
        for (let i = 0; i < count / batch; i++) {
            const answered = new Promise((resolve) => socket.ws.once("message", resolve));
            socket.ws.send(text);
            bytes += (await answered).length;
        }
        socket.ws.terminate();
        return bytes;
    };
}

async function fillLobbies(server, count) {
    const players = [];
    for (let i = 0; i < count; i++) {
        const { accessToken } = await guestToken(server, `Host ${i}`);
        const socket = await RawSocket.open(null, server);
        await socket.authenticate(accessToken);
        const { result } = await socket.call("lobby.create", { gameMode: "arena" });
        if (!result) throw new Error("no lobby");
        players.push(socket);
    }
    return players;
}

async function costs() {
    const many = 1000000;
    const server = await startServer(life, {
        config: {
            net: { strangerPerSecond: 100000, strangerBurst: many, messagesPerSecond: 100000, messagesBurst: 100000 },
            lobby: { maxLobbies: 100, seatTicketMs: 120000, createPerMinute: 100000 },
            plugins: [
                "db_sqlite", "history", "auth_local", "match_fill", "mode_arena", "lua", "victory_first_to_kills",
                "victory_time_limit", "victory_elimination", "victory_forfeit", "rules_private",
                "service_web", "service_metrics",
            ],
        },
    });
    const hosts = await fillLobbies(server, 60);
    const before = cpuMs(server.pid);
    await sleep(1000);
    server.idleMsPerSecond = cpuMs(server.pid) - before;
    const zipped = { "Accept-Encoding": "gzip" };
    const { headers } = await server.rest("GET", "/v1/info");
    await cost(server, "GET /v1/info, gzip", getter(server, "/v1/info", zipped));
    await cost(server, "GET /v1/info, 304", getter(server, "/v1/info", { "If-None-Match": headers.get("etag") }));
    await cost(server, "GET /v1/lobbies (60), gzip", getter(server, "/v1/lobbies", zipped));
    await cost(server, "GET /.well-known/jwks.json", getter(server, "/.well-known/jwks.json"));
    await cost(server, "GET /livez", getter(server, "/livez"));
    await cost(server, "GET /, gzip", getter(server, "/", zipped), { bytesCounted: false });
    await cost(server, "server.info", caller(server, "server.info"));
    await cost(server, "session.ping", caller(server, "session.ping"));
    await cost(server, "server.info, batches of 16", caller(server, "server.info", 16));
    for (const host of hosts) host.ws.terminate();
    await server.stop();
}

// ---- What a player notices ----

async function seat(server) {
    const { client, auth } = await connectPlayer(life, server, { name: "Victim" });
    await client.createLobby({
        gameMode: "arena",
        settings: { botFill: 8, killLimit: 0, timeLimit: 0 },
    });
    const intervals = [];
    let last = 0;
    client.on("snapshot", () => {
        const now = performance.now();
        if (last) intervals.push(now - last);
        last = now;
    });
    return { client, auth, intervals };
}

async function phase(server, victim, name, attack) {
    const child = attack && fork(fileURLToPath(import.meta.url), [attack, String(server.port)]);
    const done = child && new Promise((resolve) => child.once("message", resolve));
    await sleep(attack === "guests" ? 3000 : 500); // 64 have to sign in
    victim.intervals.length = 0;
    const before = { cpu: cpuMs(server.pid), skipped: await server.metric("muster_ticks_skipped_total") };
    await sleep(PHASE_MS);
    const { intervals } = victim;
    const facts = {
        p50: `${quantile(intervals, 0.5).toFixed(0)} ms`,
        p99: `${quantile(intervals, 0.99).toFixed(0)} ms`,
        "ticks skipped": (await server.metric("muster_ticks_skipped_total")) - before.skipped,
        "server cpu": `${((cpuMs(server.pid) - before.cpu) / PHASE_MS * 100).toFixed(1)} %`,
    };
    const fits = facts["ticks skipped"] === 0 && quantile(intervals, 0.99) <= LIMITS.intervalP99Ms;
    if (child) {
        child.send("stop");
        Object.assign(facts, await done);
    }
    say(name, facts, fits && victim.client.state === "online");
}

async function play() {
    const server = await startServer(life, {
        config: {
            // As shipped, but for the guests, who would need minutes to sign in.
            net: { connectionsPerAddressMax: 80, acceptPerSecond: 20, acceptBurst: 100, strangerPerSecond: 100, strangerBurst: 400 },
            http: { authPerMinute: 6000, authBurst: 200 },
            lobby: { countdownMs: 0, playersMin: 1, createPerMinute: 30, codeTriesPerMinute: 10, findPerMinute: 30 },
        },
    });
    const victim = await seat(server);
    while (victim.intervals.length < 20) await sleep(50);
    await phase(server, victim, "nobody else", null);
    await phase(server, victim, "64 sockets: HTTP", "http");
    await phase(server, victim, "64 sockets: WebSocket", "ws");
    await phase(server, victim, "64 guests", "guests");
    victim.client.close();
    victim.auth.stop();
    await server.stop();
}

// ---- The attackers, in a process of their own ----

const counts = {};
const count = (what) => (counts[what] = (counts[what] ?? 0) + 1);
let stopping = false;

async function attackHttp(server) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: SOCKETS });
    const paths = ["/v1/info", "/v1/lobbies", "/livez", "/v1/lobbies?limit=100", "/nowhere"];
    const one = (path) =>
        new Promise((resolve) => {
            const request = http.get(`${server.httpUrl}${path}`, { agent }, (answer) => {
                count(answer.statusCode);
                answer.resume();
                answer.on("end", resolve);
                answer.on("error", resolve);
            });
            request.on("error", () => {
                count("closed");
                setTimeout(resolve, 5);
            });
        });
    const lane = async (number) => {
        for (let i = number; !stopping; i++) await one(paths[i % paths.length]);
    };
    await Promise.all(Array.from({ length: SOCKETS }, (_, i) => lane(i)));
}

async function flood(server, number, messages, token) {
    while (!stopping) {
        try {
            const socket = await RawSocket.open(null, server);
            if (token) await socket.authenticate(token);
            socket.ws.removeAllListeners("message");
            count("opened");
            while (!stopping && socket.ws.readyState === 1) {
                for (let i = 0; i < 20; i++) socket.ws.send(messages[(number + i) % messages.length]);
                socket.ws.ping();
                await new Promise((resolve) => setTimeout(resolve, 10));
            }
            socket.ws.terminate();
        } catch {
            count("refused");
            await sleep(5);
        }
    }
}

const request = (method, params) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });

function attackWs(server) {
    const batch = JSON.stringify(
        Array.from({ length: 16 }, (_, id) => ({ jsonrpc: "2.0", id, method: "server.info" })),
    );
    const messages = [request("server.info"), batch, request("session.ping"), "{", request("lobby.list", {}), "x".repeat(16000)];
    return Promise.all(Array.from({ length: SOCKETS }, (_, i) => flood(server, i, messages)));
}

async function attackGuests(server) {
    const messages = [
        request("lobby.list", { limit: 100 }), request("server.info"), request("session.get"),
        request("match.find", { gameMode: "arena" }), request("lobby.joinByCode", { code: "AAAAAAAA" }),
        request("lobby.create", { gameMode: "arena" }), request("lobby.leave"), request("lobby.chat", { text: "hello" }),
    ];
    const token = async (i) => {
        while (!stopping) {
            try {
                return (await guestToken(server, `Guest ${i}`)).accessToken;
            } catch {
                count("no token");
                await sleep(500);
            }
        }
    };
    const guest = async (i) => flood(server, i, messages, await token(i));
    await Promise.all(Array.from({ length: SOCKETS }, (_, i) => guest(i)));
}

async function attack(kind, port) {
    const attacks = { http: attackHttp, ws: attackWs, guests: attackGuests };
    const server = {
        httpUrl: `http://127.0.0.1:${port}`,
        wsUrl: `ws://127.0.0.1:${port}/ws`,
        rest: async (method, path, body) => {
            const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
                method,
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify(body),
            });
            return { status: answer.status, body: await answer.json(), text: "" };
        },
    };
    os.setPriority(10); // it is the server that is measured
    process.on("message", () => {
        stopping = true;
        process.send(counts, () => process.exit(0));
    });
    await attacks[kind](server);
}

if (process.argv.length > 2) {
    await attack(process.argv[2], Number(process.argv[3]));
} else {
    try {
        await costs();
        await play();
    } finally {
        for (const end of ends) await end();
    }
    console.log(missed ? `${missed} limits missed` : "all within the limits");
    process.exit(missed ? 1 : 0);
}
