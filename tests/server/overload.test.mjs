// More than the core can do: running matches go on at a reduced, announced rate, nobody new is taken,
// every input is read, and it is all over when the load has gone. And who stops reading costs the
// others nothing. Over TCP and over TLS.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCertificate } from "../kit/certificate.mjs";
import { ADMIN_TOKEN, PLUGINS, eventually, startServer, tempDir } from "../kit/harness.mjs";
import { connectPlayer, refused } from "../kit/players.mjs";
import { cuttable } from "../kit/sockets.mjs";

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // our own certificates

const HEAVY = { gameMode: "heavy", settings: { maxPlayers: 3 } };
const LOBBIES = 8;
const TICK_US = 50000;
const OVERLOADED = /overloaded: ticks come at longer intervals/;
const RELIEVED = /no longer overloaded/;

/** Somebody in a seat, who presses something with each snapshot and remembers what came. */
class Seat {
    snapshots = []; // {tick, tickUs, ack, full}
    pressed = 0;
    resumed = 0;

    constructor({ client }, socket) {
        this.client = client;
        this.socket = socket;
        client.on("entered", ({ resumed }) => (this.resumed += resumed));
        client.on("snapshot", ({ tick, tickUs, ack, full }) => {
            this.snapshots.push({ tick, tickUs, ack, full });
            client.sendInput({ sequence: ++this.pressed, held: 0, pressed: 0, aim: 0, moveX: 0, moveY: 0 });
        });
    }

    static async take(t, server, ask) {
        const socket = cuttable();
        const seat = new Seat(await connectPlayer(t, server, { options: { WebSocket: socket.Socket } }), socket);
        await ask(seat.client);
        await seat.ticks(1);
        return seat;
    }

    get last() {
        return this.snapshots.at(-1);
    }

    /** So many more have come. */
    ticks(count) {
        const from = this.snapshots.length;
        return eventually(`${count} ticks`, () => this.snapshots.length >= from + count);
    }
}

const opensHeavy = (client) => client.createLobby(HEAVY);

async function startHeavy(t, isSecure) {
    const tls = isSecure ? await makeCertificate(await tempDir(t), "overload") : {};
    return startServer(t, { config: { tls, lobby: { countdownMs: 100 }, plugins: [...PLUGINS, "mode_heavy", "service_lobbies"] } });
}

/** Ticks of all lobbies take so many times the core, however fast it is. */
const load = (server, cores) => server.admin(`heavy ${(cores * TICK_US) / LOBBIES} 1`);

async function assertShed(server, latecomer, lobbyId) {
    for (const [method, params] of [
        ["lobby.create", { gameMode: "heavy" }],
        ["lobby.join", { lobbyId }],
        ["match.find", { gameMode: "heavy" }],
    ]) {
        const error = await refused(latecomer.client.call(method, params), "server_busy");
        assert.equal(error.data.retryAfterMs, 2000, method);
    }
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const made = await server.rest("POST", "/v1/admin/lobbies", { gameMode: "heavy" }, { admin: true, headers });
    assert.deepEqual([made.status, made.body.code], [503, "unavailable"]); // and not full
    assert.match(await server.admin("status"), /^overloaded: nobody new gets a seat$/m);
    assert.equal(await server.metric("muster_overloaded"), 1);
    assert.ok((await server.metric("muster_joins_shed_total")) >= 3);
    const ready = await server.rest("GET", "/readyz?verbose", undefined, { admin: true });
    assert.equal(ready.status, 503);
    assert.match(ready.text, /^\[-\]load overloaded$/m);
}

/** All lobbies are slower, none more than another, and say so. */
async function assertSlowerEvenly(seats) {
    const before = seats.map(({ last }) => last.tick);
    const froms = seats.map(({ snapshots }) => snapshots.length);
    await seats[0].ticks(10);
    const counts = seats.map(({ last }, i) => last.tick - before[i]);
    assert.ok(Math.min(...counts) > Math.max(...counts) / 2, `${counts}`);
    for (const [i, { snapshots }] of seats.entries())
        for (const { tickUs } of snapshots.slice(froms[i])) assert.ok(tickUs > TICK_US, `${tickUs}`);
}

/** What had been pressed by now is read, while new inputs come. */
async function assertRead(seat) {
    const { pressed } = seat;
    await eventually("the inputs are read", () => seat.last.ack >= pressed);
}

async function overload(t, isSecure, cores) {
    const server = await startHeavy(t, isSecure);
    const latecomer = await connectPlayer(t, server);
    const seats = await Promise.all(Array.from({ length: LOBBIES }, () => Seat.take(t, server, opensHeavy)));
    const { lobbyId } = seats[0].client.entry.lobby;

    await load(server, cores);
    await server.waitForOutput(OVERLOADED);
    await eventually("the rate that fits", () => seats[0].last.tickUs >= cores * TICK_US); // till then ticks are skipped
    await assertSlowerEvenly(seats);
    await assertShed(server, latecomer, lobbyId);
    for (const seat of seats) await assertRead(seat);
    seats[1].socket.cut();
    await eventually("the seat is there for who comes back", () => seats[1].resumed === 1);
    await seats[1].ticks(1);

    const goneMs = performance.now();
    await load(server, 0);
    await server.waitForOutput(RELIEVED);
    t.diagnostic(`back after ${Math.round(performance.now() - goneMs)} ms`);
    await eventually("the rate is back", () => seats.every(({ last }) => last.tickUs === TICK_US));
    await latecomer.client.joinLobby(lobbyId);
    for (const [i, { client, resumed }] of seats.entries())
        assert.deepEqual([client.state, client.entry.lobby.state, resumed], ["online", "active", Number(i === 1)]);
    await eventually("a match has been disturbed", () => /disturbed: overload, \d+ ms/.test(server.output));
}

test("1.5 times what the core can do, over TCP", (t) => overload(t, false, 1.5));
test("twice what the core can do, over TLS", (t) => overload(t, true, 2));

async function stopsReading(t, isSecure) {
    const server = await startHeavy(t, isSecure);
    await server.admin("heavy 0 12000");
    const mate = await Seat.take(t, server, opensHeavy);
    const { lobbyId } = mate.client.entry.lobby;
    const reader = await Seat.take(t, server, (client) => client.joinLobby(lobbyId));
    const lines = [];
    reader.client.on("lobby.chat", ({ text }) => lines.push(text));

    reader.socket.pause();
    const from = mate.snapshots.length;
    await eventually("snapshots are left out", async () => (await server.metric("muster_snapshots_skipped_total")) >= 20);
    await mate.client.chat("still there?");
    const newest = mate.last.tick;
    const before = reader.snapshots.length;
    reader.socket.resume();
    await eventually("the newest state", () => reader.last.tick >= newest);
    await eventually("what was said", () => lines.includes("still there?"));

    const heard = reader.snapshots.slice(before - 1);
    const next = heard.findLastIndex(({ tick }, i) => i > 0 && tick > heard[i - 1].tick + 1);
    assert.ok(next > 0, "some were left out");
    assert.ok(heard[next].full && heard[next].tick >= newest, "behind what had left comes the newest");
    const ticks = mate.snapshots.slice(from).map(({ tick }) => tick);
    assert.deepEqual(ticks, ticks.map((_, i) => ticks[0] + i), "the others have missed nothing");
    assert.deepEqual([reader.client.state, reader.resumed], ["online", 0]);
    t.diagnostic(`${next - 1} snapshots had left, the last one ${heard[next].tick - heard[next - 1].tick} ticks before`);
}

test("who stops reading costs the others nothing, over TCP", (t) => stopsReading(t, false));
test("who stops reading costs the others nothing, over TLS", (t) => stopsReading(t, true));
