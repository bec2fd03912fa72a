// What a connection tells, to the turn of the event loop: the end of one, silence.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MusterClient } from "../../sdk/js/index.js";
import { MemorySocket } from "./memory_socket.mjs";

beforeEach(() => (MemorySocket.all = []));

async function connect(t, options = {}) {
    const client = new MusterClient({
        url: "ws://memory", WebSocket: MemorySocket, pingIntervalMs: 0, reconnect: false, ...options,
    });
    const connecting = client.connect("ada");
    await new Promise(setImmediate);
    const socket = MemorySocket.all.at(-1);
    socket.open();
    await connecting;
    t.after(() => client.close());
    return { client, socket };
}

const LOBBY = { lobbyId: "l1", state: "active", pad: "x".repeat(900) };
const MATCH = { matchId: "m1", tickRate: 20 };

test("all that came before the close is heard, in order, and then the close", async (t) => {
    const { client, socket } = await connect(t);
    const heard = [];
    for (const name of ["lobby.updated", "server.stopping", "lobby.left"]) {
        client.on(name, () => heard.push(name));
    }
    const closed = client.once("closed");
    socket.notifyDeflated("lobby.updated", { lobby: LOBBY });
    socket.notify("server.stopping", { inMs: 0, reason: "SIGTERM" });
    socket.notify("lobby.left", { reason: "closed" });
    socket.end(1001, "the server stops");
    assert.deepEqual(heard, [], "the first of them is being inflated");
    await assert.rejects(client.call("lobby.list"), { code: "connection_lost" });
    assert.equal((await closed).code, 1001);
    assert.deepEqual(heard, ["lobby.updated", "server.stopping", "lobby.left"]);
});

test("an answer that came before the close is an answer", async (t) => {
    const { client, socket } = await connect(t);
    const closed = client.once("closed");
    socket.notifyDeflated("lobby.updated", { lobby: LOBBY });
    const answered = client.call("lobby.leave");
    await Promise.resolve(); // the answer is there, behind the frame
    socket.end(1006);
    await answered;
    await closed;
});

test("close() does not wait for what is being inflated", async (t) => {
    const { client, socket } = await connect(t);
    const heard = [];
    client.on("lobby.chat", () => heard.push("chat"));
    client.on("closed", () => heard.push("closed"));
    socket.notifyDeflated("lobby.chat", { text: "x".repeat(900) });
    client.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(heard, ["closed"]);
});

async function inMatch(t, match = MATCH) {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { client, socket } = await connect(t);
    const entry = { lobby: { ...LOBBY }, seat: 0, members: [], match };
    socket.answers["lobby.enter"] = () => entry;
    await client.enter({ seatTicket: "t" });
    const told = [];
    client.on("line", ({ silent }) => told.push(silent));
    return { client, socket, told, tick: (ms) => t.mock.timers.tick(ms) };
}

test("a line that is silent in a match is told within 1.5 s, and when it speaks again", async (t) => {
    const { client, socket, told, tick } = await inMatch(t);
    tick(750);
    assert.deepEqual(told, []);
    tick(500);
    assert.deepEqual(told, [true]);
    assert.equal(client.isSilent, true);
    assert.equal(client.state, "online");
    tick(5000);
    socket.notify("lobby.chat", { text: "hi" });
    assert.deepEqual(told, [true, false]);
    for (let i = 0; i < 20; i++) {
        tick(250);
        socket.notify("lobby.chat", { text: "hi" });
    }
    assert.deepEqual(told, [true, false]);
    tick(1500);
    assert.deepEqual(told, [true, false, true]);
    socket.end(1006);
    assert.deepEqual(told, [true, false, true, false], "a line that is gone is not silent");
});

test("where no snapshot is due silence means nothing", async (t) => {
    const { client, socket, told, tick } = await inMatch(t);
    socket.notify("lobby.updated", { lobby: { ...LOBBY, state: "ending" } });
    tick(5000);
    assert.deepEqual(told, [], "the scoreboard is shown");
    socket.notify("lobby.updated", { lobby: LOBBY });
    socket.notify("match.started", MATCH);
    tick(1500);
    assert.deepEqual(told, [true], "another match");
    socket.notify("lobby.left", { reason: "kick" });
    tick(5000);
    assert.deepEqual(told, [true, false]);
    assert.equal(client.isSilent, false);
});

test("a mode of one tick a second is silent after three", async (t) => {
    const { told, tick } = await inMatch(t, { matchId: "m1", tickRate: 1 });
    tick(2750);
    assert.deepEqual(told, []);
    tick(250);
    assert.deepEqual(told, [true]);
});
