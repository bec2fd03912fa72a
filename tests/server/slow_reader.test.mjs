// Who stops reading, looked at frame by frame: nothing is torn, what was said meanwhile comes whole and
// in order, the newest state comes on return, and nobody else misses anything. On each way on which
// snapshots leave: together, by io_uring, and one by one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeSnapshot } from "../../sdk/js/index.js";
import { BINARY, BareSocket, PING, PONG, TEXT, frame } from "../kit/bare_socket.mjs";
import { LOCKED, PLUGINS, eventually, startServer } from "../kit/harness.mjs";
import { guestToken } from "../kit/players.mjs";

const SNAPSHOT_BYTES = 12000; // so that sockets are soon full
const TOGETHER = /snapshots are sent together, by io_uring/;
const ONE_BY_ONE = /snapshots are sent one by one/;
const config = {
    net: { lagCloseMs: 60000 },
    lobby: { countdownMs: 100 },
    plugins: [...PLUGINS, "mode_heavy"],
};

/** Somebody in a seat, on a socket that keeps each frame. */
class Seat {
    #nextId = 1;

    constructor(socket) {
        this.socket = socket;
    }

    static async take(t, server, method, params) {
        const seat = new Seat(await BareSocket.open(t, server, false));
        const { session } = await seat.call("session.authenticate", { token: (await guestToken(server)).accessToken });
        const { lobby, seatTicket } = await seat.call(method, params);
        await seat.call("lobby.enter", { seatTicket });
        Object.assign(seat, { playerId: session.playerId, lobbyId: lobby.lobbyId });
        await seat.plays(1);
        return seat;
    }

    say(text) {
        const id = `call ${this.#nextId++}`;
        this.socket.wire.write(frame(TEXT, JSON.stringify({ jsonrpc: "2.0", id, ...text })));
        return id;
    }

    async call(method, params) {
        const id = this.say({ method, params });
        const { result, error } = await this.socket.until(() => this.socket.messages.find((message) => message.id === id));
        assert.ok(result, JSON.stringify(error));
        return result;
    }

    get snapshots() {
        return this.socket.frames.filter(({ opcode }) => opcode === BINARY).map(({ payload }) => decodeSnapshot(payload));
    }

    get last() {
        return this.snapshots.at(-1);
    }

    /** So many more ticks. */
    plays(count) {
        const from = this.snapshots.length;
        return this.socket.until(() => this.snapshots.length >= from + count || undefined);
    }
}

const skipped = (server) => server.metric("muster_snapshots_skipped_total");

/** The seat reads nothing, and the server has noticed. */
async function stopReading(server, seat) {
    const before = await skipped(server);
    seat.socket.wire.pause();
    await eventually("snapshots are left out", async () => (await skipped(server)) >= before + 3);
}

/** Every tick, one after the other. */
function assertMissedNothing({ snapshots }) {
    const ticks = snapshots.map(({ tick }) => tick);
    assert.deepEqual(ticks, ticks.map((_, i) => ticks[0] + i));
}

/** Whatever is left out, what comes behind it is full, and at last the newest; all is as it was sent. */
function assertNewestWins({ snapshots }, newest) {
    const behindGaps = snapshots.filter(({ tick }, i) => i > 0 && tick !== snapshots[i - 1].tick + 1);
    assert.ok(behindGaps.every(({ full }) => full));
    assert.ok(behindGaps.at(-1)?.tick >= newest, `${behindGaps.map(({ tick }) => tick)}, not ${newest}`);
    assert.ok(snapshots.every(({ tick }, i) => i === 0 || tick > snapshots[i - 1].tick));
    for (const { payload } of snapshots.filter(({ payload }) => payload.length > 1))
        assert.ok(payload.length === SNAPSHOT_BYTES && payload.every((byte, i) => byte === ((i * 167) & 255)));
}

/** Between the ticks that are left out: a ping, a line of chat, a question. */
async function talk(reader, mate, count) {
    for (let i = 0; i < count; i++) {
        reader.socket.wire.write(frame(PING, `ping ${i}`));
        await mate.call("lobby.chat", { text: `line ${i}` });
        reader.say({ method: "session.ping", params: {} });
        await mate.plays(1);
    }
}

/** What the reader was told since: pongs, chat, answers, each in its order. */
function heard({ socket }, from) {
    const texts = socket.frames.slice(from).filter(({ opcode }) => opcode === TEXT).map(({ payload }) => JSON.parse(payload));
    return {
        pongs: socket.frames.slice(from).filter(({ opcode }) => opcode === PONG).map(({ payload }) => payload.toString()),
        lines: texts.filter(({ method }) => method === "lobby.chat").map(({ params }) => params.text),
        answers: texts.filter(({ id }) => id).length,
    };
}

const TALKS = 4; // with the goodbye as many lines as one may say
const names = (what) => Array.from({ length: TALKS }, (_, i) => `${what} ${i}`);

async function comesBack(server, reader, mate) {
    await stopReading(server, reader);
    const from = reader.socket.frames.length;
    await talk(reader, mate, TALKS);
    const newest = mate.last.tick;
    reader.socket.wire.resume();
    await reader.socket.until(() => (reader.last.tick >= newest && heard(reader, from).answers === TALKS) || undefined);
    await reader.plays(3);
    assert.deepEqual(heard(reader, from), { pongs: names("ping"), lines: names("line"), answers: TALKS });
    assertNewestWins(reader, newest);
}

/** Who is sent away while something waits is told so behind it. */
async function isSentAway(server, reader, mate) {
    await stopReading(server, reader);
    const from = reader.socket.frames.length;
    await mate.call("lobby.chat", { text: "goodbye" });
    await mate.plays(1);
    await server.admin(`kick ${reader.playerId}`);
    reader.socket.wire.resume();
    await reader.socket.ended;
    assert.deepEqual(heard(reader, from).lines, ["goodbye"]);
    assert.deepEqual(reader.socket.closeCodes, [4004]);
}

async function slowReader(t, way, options) {
    const server = await startServer(t, { config, ...options });
    if (!way.test(server.output)) return t.skip("this machine has no io_uring for us");
    await server.admin(`heavy 0 ${SNAPSHOT_BYTES}`);
    const opens = { gameMode: "heavy", settings: { maxPlayers: 3 } };
    const mate = await Seat.take(t, server, "lobby.create", opens);
    const reader = await Seat.take(t, server, "lobby.join", { lobbyId: mate.lobbyId });
    const others = await Promise.all([1, 2, 3].map(() => Seat.take(t, server, "lobby.create", opens)));

    await comesBack(server, reader, mate);
    await isSentAway(server, reader, mate);
    for (const seat of [mate, ...others]) assertMissedNothing(seat);
    for (const { socket } of [reader, mate, ...others]) assert.equal(socket.fault, null);
}

test("who stops reading, where snapshots leave together", (t) => slowReader(t, TOGETHER, {}));
test("who stops reading, where they leave one by one", (t) => slowReader(t, ONE_BY_ONE, LOCKED));
