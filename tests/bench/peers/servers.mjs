// servers - how each server of ./dev bench peers is started, and how its players get their seats:
// what muster_bench_sockets is to say for them. All seats are held before anybody connects.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { makeCertificate } from "../../kit/certificate.mjs";
import { ADMIN_TOKEN, BUILD, MUSTERD, ROOT, Server, cleanEnvironment } from "../../kit/harness.mjs";

const HERE = path.join(ROOT, "tests/bench/peers");
const PLAYERS_PER_ROOM = 8;
const SNAPSHOT_BYTES = 160;

/** A command on one core, where there are two. */
const pinned = (core, ...command) => (os.availableParallelism() > 1 ? ["taskset", "-c", core, ...command] : command);

/** A process that says when it listens, as all of them do. */
async function start({ dir, env = {} }, ...command) {
    const [program, ...args] = pinned("0", ...command);
    const child = spawn(program, args, { env: cleanEnvironment(env), stdio: "pipe" });
    const server = new Server(child, dir);
    const [, port] = await server.waitForOutput(/^Server is ready: listening on \S+:(\d+)$/m);
    server.port = Number(port);
    return server;
}

const agents = {
    http: new http.Agent({ keepAlive: true }),
    https: new https.Agent({ keepAlive: true, rejectUnauthorized: false }),
};

/** POST of JSON to this machine; the answer. */
async function post(scheme, port, pathname, body, headers = {}) {
    const text = JSON.stringify(body);
    const request = { http, https }[scheme].request({
        port, path: pathname, method: "POST", agent: agents[scheme],
        headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text), ...headers },
    });
    request.end(text);
    const [answer] = await once(request, "response");
    const whole = Buffer.concat(await answer.toArray()).toString();
    if (answer.statusCode >= 300) throw new Error(`${pathname}: ${answer.statusCode} ${whole}`);
    return JSON.parse(whole);
}

// ---- raw: only receives and sends (raw.c) ----

const startRaw = (run) => start(run, `${BUILD}/bin/muster_bench_raw`, "--snapshot-bytes", `${SNAPSHOT_BYTES}`);

const seatRaw = () => Array(PLAYERS_PER_ROOM).fill({ path: "/ws", texts: ["a sign-in", "a search", "an entry"] });

// ---- muster: all that is loaded by default, and mode_peers.c ----

/** tests/bench/config.json for so many. */
function configure({ players, tls }) {
    const numbers = { '"@connections"': players + 64, '"@lobbies"': players / 4 + 8 };
    const text = readFileSync(path.join(HERE, "../config.json"), "utf8");
    const config = JSON.parse(text.replace(/"@\w+"/g, (name) => numbers[name]));
    const { plugins } = JSON.parse(readFileSync(path.join(ROOT, "configs/standalone.json"), "utf8"));
    return { ...config, tls: tls ?? {}, plugins: [...plugins, "mode_peers"], admin: { token: ADMIN_TOKEN } };
}

async function startMuster(run) {
    const file = path.join(run.dir, "config.json");
    await writeFile(file, JSON.stringify(configure(run)));
    const server = await start(run, MUSTERD, "--config", file, "--data-dir", path.join(run.dir, "data"));
    server.adminPort = Number(/admin address \S+?:(\d+)/.exec(server.output)[1]);
    return server;
}

const call = (id, method, params) => JSON.stringify({ jsonrpc: "2.0", id, method, params });

/** Guests, and a lobby with their seats. */
async function seatMuster(server, scheme) {
    const guests = [];
    for (let i = 0; i < PLAYERS_PER_ROOM; i++)
        guests.push(await post(scheme, server.port, "/v1/auth/guest", { displayName: `Peer ${i}` }));
    const plan = { gameMode: "peers", seats: guests.map(({ playerId }) => ({ playerId })) };
    const admin = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const { seats } = await post("http", server.adminPort, "/v1/admin/lobbies", plan, admin);
    return seats.map(({ seatTicket }, i) => ({
        path: "/ws",
        texts: [
            call(1, "session.authenticate", { token: guests[i].accessToken, compress: false }),
            call(2, "lobby.enter", { seatTicket }),
        ],
        ackAt: 8,
    }));
}

// ---- Colyseus: the same game in colyseus.mjs ----

function startColyseus(run) {
    const env = { NODE_ENV: "production", COLYSEUS_SEAT_RESERVATION_TIME: "120" };
    const files = run.tls ? [run.tls.cert, run.tls.key] : [];
    return start({ ...run, env }, `${HERE}/node_modules/.bin/node`, `${HERE}/colyseus.mjs`, ...files);
}

async function seatColyseus(server, scheme) {
    const seats = [];
    for (let seat = 0; seat < PLAYERS_PER_ROOM; seat++)
        seats.push(await post(scheme, server.port, "/matchmake/joinOrCreate/field", { seat }));
    return seats.map(({ processId, roomId, sessionId }, seat) => ({
        path: `/${processId}/${roomId}?sessionId=${sessionId}`,
        ackAt: 2 + 6 + 19 * seat + 8,
    }));
}

/** What the wire of each has of its own. Of Colyseus: JOIN_ROOM (10) is answered with the same, and an
 * input is ROOM_DATA_BYTES (17) of the message 0. */
const SERVERS = {
    raw: { start: startRaw, seat: seatRaw, wire: { protocol: "muster.v1" } },
    muster: { start: startMuster, seat: seatMuster, wire: { protocol: "muster.v1" } },
    colyseus: { start: startColyseus, seat: seatColyseus, wire: { input: "1100", welcome: "0a" } },
};

// ---- a run ----

const residentKb = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

/** How long a process that could run has waited for its core: others were there. */
const waitedMs = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;

async function generate(server, plan, { seconds, warmup }) {
    const [program, ...args] = pinned("1", `${BUILD}/bin/muster_bench_sockets`,
        "--port", server.port, "--pid", server.pid, "--seconds", seconds, "--warmup", warmup);
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.end(JSON.stringify(plan));
    const [text, [code]] = await Promise.all([child.stdout.toArray(), once(child, "exit")]);
    if (code !== 0) throw new Error(`the generator failed: ${server.output.slice(-2000)}`);
    return JSON.parse(Buffer.concat(text).toString());
}

async function measure(server, made, run) {
    const idleKb = residentKb(server.pid);
    const seats = [];
    while (seats.length < run.players) seats.push(...(await made.seat(server, run.tls ? "https" : "http")));
    const plan = { ...made.wire, tls: Boolean(run.tls), players: seats };
    const [beganMs, waitedBeforeMs] = [performance.now(), waitedMs(server.pid)];
    const found = await generate(server, plan, run);
    const waitedPercent = (100 * (waitedMs(server.pid) - waitedBeforeMs)) / (performance.now() - beganMs);
    const roomKb = (found.serverRssBytes / 1024 - idleKb) / (run.players / PLAYERS_PER_ROOM);
    return { ...found, roomKb, idleMb: idleKb / 1024, waitedPercent };
}

/** One run of the server of that name. players: full rooms; tls: whether. */
export async function play(name, { players, tls = false, seconds, warmup }) {
    const dir = await mkdtemp(path.join(os.tmpdir(), "muster-peers-"));
    const run = { players, seconds, warmup, dir, tls: tls ? await makeCertificate(dir, "server") : null };
    const server = await SERVERS[name].start(run);
    try {
        return await measure(server, SERVERS[name], run);
    } finally {
        server.signal("SIGTERM");
        await server.ended();
        await rm(dir, { recursive: true });
    }
}
