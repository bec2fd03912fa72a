// Searches and seats, to the turn of the event loop: which one counts, and what is kept of a lobby.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FAST, LOBBY, MATCH, MemorySocket, connect, make, outcome, turn } from "../../kit/memory_socket.mjs";

beforeEach(() => (MemorySocket.all = []));

// ---- searches

const found = (ticketId) => ({ ticketId, lobby: LOBBY, seatTicket: `seat of ${ticketId}`, url: "" });

async function searching(t, options = {}) {
    const { client, socket } = await connect(t, options);
    let serial = 0;
    socket.answers["match.find"] = () => ({ ticketId: `t${++serial}` });
    socket.answers["lobby.enter"] = ({ seatTicket }) =>
        ({ lobby: LOBBY, seat: 0, members: [], match: null, joinCode: seatTicket });
    const calls = (method) => socket.calls.filter((call) => call.method === method);
    return { client, socket, calls };
}

test("a search takes the seat that was found for it, and no other", async (t) => {
    const { client, socket, calls } = await searching(t);
    const search = client.findMatch({ gameMode: "arena" });
    await turn();
    socket.notify("match.found", found("t0"));
    await turn();
    assert.equal(calls("lobby.enter").length, 0);
    socket.notify("match.found", found("t1"));
    assert.equal((await search).joinCode, "seat of t1");
});

test("a search ends with a connection that is given up", async (t) => {
    const { client, socket, calls } = await searching(t, { reconnect: false });
    const search = outcome(client.findMatch({ gameMode: "arena" }));
    await turn();
    socket.end(1006);
    assert.equal(await search, "connection_lost");
    assert.equal(calls("match.cancel").length, 0);
});

test("a search goes on with a connection that comes back", async (t) => {
    const { client, socket } = await searching(t, { reconnect: true, backoff: FAST });
    const search = client.findMatch({ gameMode: "arena" });
    await turn();
    socket.end(1006);
    while (MemorySocket.all.at(-1) === socket) await turn();
    const back = MemorySocket.all.at(-1);
    Object.assign(back.answers, socket.answers);
    const asked = new Promise((resolve) => {
        back.onCall = (method) => method === "match.find" && resolve();
    });
    back.open();
    await asked;
    await turn();
    back.notify("match.found", found("t2"));
    assert.equal((await search).joinCode, "seat of t2");
});

test("another search ends the one before, and keeps its own", async (t) => {
    const { client, socket, calls } = await searching(t);
    const first = outcome(client.findMatch({ gameMode: "arena" }));
    await turn();
    const second = client.findMatch({ gameMode: "arena" });
    assert.equal(await first, "search_replaced");
    await turn();
    socket.notify("match.found", found("t2"));
    assert.equal((await second).joinCode, "seat of t2");
    assert.deepEqual([calls("lobby.enter").length, calls("match.cancel").length], [1, 0]);
});

test("a seat taken otherwise ends the search", async (t) => {
    const { client } = await searching(t);
    const search = outcome(client.findMatch({ gameMode: "arena" }));
    await turn();
    await client.enter({ seatTicket: "by hand" });
    assert.equal(await search, "search_replaced");
});

test("a search that is called off while the seat is taken gives the seat up", async (t) => {
    const { client, socket, calls } = await searching(t);
    const stop = new AbortController();
    const search = outcome(client.findMatch({ gameMode: "arena", signal: stop.signal }));
    await turn();
    socket.onCall = (method) => method === "lobby.enter" && stop.abort();
    socket.notify("match.found", found("t1"));
    assert.equal(await search, "AbortError");
    assert.equal(calls("lobby.leave").length, 1);
    assert.equal(client.entry, null);
});

test("leave() gives the seat up even where the way home is cut", async (t) => {
    const { client, socket } = await searching(t);
    const entering = client.enter({ seatTicket: "far", url: "ws://other" });
    await turn();
    const other = MemorySocket.all.at(-1);
    Object.assign(other.answers, socket.answers);
    other.open();
    await entering;
    const leaving = client.leave();
    await turn();
    await turn();
    MemorySocket.all.at(-1).end(1006); // home does not answer
    await leaving;
    assert.equal(client.entry, null);
    assert.equal(client.state, "online");
    await client.serverInfo();
});

// ---- what is kept of a lobby, and what is not

async function seated(t, options = {}) {
    const made = await connect(t, { reconnect: true, backoff: FAST, ...options });
    const entry = { lobby: LOBBY, seat: 0, team: "red", members: [], match: MATCH, resumeToken: "r" };
    made.socket.answers["lobby.enter"] = () => ({ ...entry });
    await made.client.enter({ seatTicket: "t" });
    return made;
}

test("the entry is kept up to date, also the own team", async (t) => {
    const { client, socket } = await seated(t);
    const members = [{ playerId: "bob", team: "red" }, { playerId: "ada", team: "blue" }];
    socket.notify("lobby.members", { members });
    assert.deepEqual([client.entry.members, client.entry.team], [members, "blue"]);
    socket.notify("lobby.members", { members: members.slice(0, 1) });
    assert.equal(client.entry.team, "blue", "not told: as before");
    const lobby = { ...LOBBY, state: "ending" };
    socket.notify("lobby.updated", { lobby });
    const match = { ...MATCH, matchId: "m2" };
    socket.notify("match.started", match);
    assert.deepEqual([client.entry.lobby, client.entry.match], [lobby, match]);
    socket.notify("lobby.left", { reason: "kick" });
    socket.notify("lobby.members", { members });
    assert.equal(client.entry, null);
});

test("who leaves at home stays on the connection at hand", async (t) => {
    const { client, socket } = await seated(t);
    await client.leave();
    assert.deepEqual([MemorySocket.all.length, socket.wasClosed, client.entry, client.state], [1, false, null, "online"]);
});

test("votes that run are told to who comes in", async (t) => {
    const { client, socket } = await connect(t);
    const told = [];
    client.on("entered", () => told.push("entered"));
    client.on("lobby.vote", ({ voteId }) => told.push(voteId));
    socket.answers["lobby.enter"] = () => ({ lobby: LOBBY, seat: 0, members: [], match: null, votes: [{ voteId: 4 }, { voteId: 5 }] });
    await client.enter({ seatTicket: "t" });
    assert.deepEqual(told, ["entered", 4, 5]);
});

test("the entry's votes are those that run; one that ends while the player is away is told", async (t) => {
    const { client, socket } = await seated(t);
    const kick = { vote: "kick", voteId: 7, subject: "bob", options: ["yes", "no"], counts: [1, 0] };
    const again = { vote: "restart", voteId: 8, subject: "", options: ["yes", "no"], counts: [0, 0] };
    socket.notify("lobby.updated", { lobby: { ...LOBBY, state: "ending" } });
    for (const tally of [kick, again]) socket.notify("lobby.vote", tally);
    assert.deepEqual(client.entry.votes, [{ ...kick, choice: null }, { ...again, choice: null }]);
    socket.answers["lobby.castVote"] = socket.answers["lobby.vote"] = () => ({});
    await client.lobby.castVote(7, "no");
    await client.voteRestart(true);
    socket.notify("lobby.vote", { ...kick, counts: [1, 1] });
    assert.deepEqual(client.entry.votes.map(({ choice }) => choice), ["no", "yes"]);
    socket.notify("match.started", MATCH);
    socket.notify("lobby.updated", { lobby: { ...LOBBY, state: "active" } });
    assert.deepEqual(client.entry.votes, [{ ...kick, counts: [1, 1], choice: "no" }]);
    socket.notify("lobby.vote", { ...kick, voteId: 9 });
    socket.notify("lobby.voteEnded", { ...kick, winner: "yes" });
    assert.deepEqual(client.entry.votes.map(({ voteId }) => voteId), [9]);
    const ended = [];
    client.on("lobby.voteEnded", (result) => ended.push(result));
    socket.answers["lobby.enter"] = () => ({ lobby: LOBBY, seat: 0, members: [], match: null, votes: [] });
    await client.enter({ seatTicket: "t" });
    assert.deepEqual(ended, [{ ...kick, voteId: 9, winner: null }]);
});

test("a seat is asked for where it was as long as it may be there, then at home", async (t) => {
    for (const [passedMs, url] of [[60000, "ws://far"], [60001, "ws://memory"]]) {
        const { client, socket } = await connect(t, { reconnect: true, backoff: FAST });
        const entry = { lobby: LOBBY, seat: 0, members: [], match: null, resumeToken: "r" };
        const entering = client.enter({ seatTicket: "t", url: "ws://far" });
        await turn();
        const far = MemorySocket.all.at(-1);
        far.answers["lobby.enter"] = () => entry;
        far.open();
        await entering;
        assert.equal(client.url, "ws://far");
        let now = 1000;
        const clock = t.mock.method(performance, "now", () => now);
        const away = client.once("reconnecting");
        far.end(1006);
        await away;
        now += passedMs;
        const made = MemorySocket.all.length;
        while (MemorySocket.all.length === made) await new Promise((resolve) => setTimeout(resolve, 1));
        assert.equal(MemorySocket.all.at(-1).url, url);
        clock.mock.restore();
        client.close();
        assert.ok(socket.wasClosed);
    }
});

test("what waits behind a deflated frame is bounded", async (t) => {
    for (const [behind, state] of [[1023, "online"], [1024, "closed"]]) {
        const { client, socket } = await connect(t);
        socket.notifyDeflated("lobby.chat", { text: "x".repeat(900) });
        for (let i = 0; i < behind; i++) socket.notify("lobby.chat", { text: "y" });
        assert.equal(client.state, state);
        client.close();
    }
});

test("a connection that does not open in time is given up; a batch has 1 to 16", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const client = make(t, { timeoutMs: 500 });
    const first = client.connect("ada").catch((error) => [error.code, error.closeCode]);
    await turn();
    t.mock.timers.tick(499);
    assert.equal(client.state, "connecting");
    t.mock.timers.tick(1);
    assert.deepEqual([await first, client.state], [["connect_failed", 1006], "idle"]);
    const second = client.connect("ada");
    await turn();
    MemorySocket.all.at(-1).open();
    await second;
    t.mock.timers.tick(5000);
    assert.equal(client.state, "online", "it has opened");
    for (const count of [0, 17]) await assert.rejects(client.batch(Array(count).fill({ method: "x" })), RangeError);
    const batch = client.batch(Array(16).fill({ method: "x" })).catch(() => "sent");
    client.close();
    assert.equal((await batch).length, 16);
});

test("a search that was replaced leaves the next one to be replaced, too", async (t) => {
    const { client, socket, calls } = await searching(t);
    const first = outcome(client.findMatch({ gameMode: "arena" }));
    await turn();
    const second = outcome(client.findMatch({ gameMode: "arena" }));
    assert.equal(await first, "search_replaced");
    await turn();
    const third = client.findMatch({ gameMode: "arena" });
    assert.equal(await second, "search_replaced");
    await turn();
    socket.notify("match.found", found("t3"));
    assert.equal((await third).joinCode, "seat of t3");
    assert.equal(calls("match.cancel").length, 0);
    const signal = AbortSignal.abort(new Error("called off"));
    await assert.rejects(client.findMatch({ gameMode: "arena", signal }), /called off/);
    assert.equal(calls("match.find").length, 3, "nothing is asked for");
});

// ---- coming back

/** The next connection is made, opened, and answers so. */
async function nextOpened(answers) {
    const made = MemorySocket.all.length;
    while (MemorySocket.all.length === made) await new Promise((resolve) => setTimeout(resolve, 1));
    const socket = MemorySocket.all.at(-1);
    Object.assign(socket.answers, answers);
    socket.open();
    await turn();
    return socket;
}
const refusal = (code, word) => ({ error: { code, message: word, data: { code: word } } });

test("a token that was renewed and is refused ends it; one that was not is renewed once", async (t) => {
    const renewals = [];
    const { client, socket } = await connect(t, { reconnect: true, backoff: FAST }, async (renew) => {
        renewals.push(renew);
        return "ada";
    });
    const closed = client.once("closed");
    socket.end(1006);
    const refused = { "session.authenticate": () => refusal(-32011, "token_invalid") };
    await nextOpened(refused);
    await nextOpened(refused);
    const { code, error } = await closed;
    assert.deepEqual([code, error.code, renewals, client.state], [4002, "token_invalid", [false, false, true], "closed"]);
});

test("a token that was given as a text cannot be renewed: its end is told", async (t) => {
    const { client, socket } = await connect(t, { reconnect: true, backoff: FAST });
    const closed = client.once("closed");
    socket.end(4002, "token expired");
    const { code, error } = await closed;
    assert.deepEqual([code, error.code, MemorySocket.all.some(({ calls }) => calls.length > 1)], [4002, "token_invalid", false]);
});

test("a seat that is taken away while one comes back is told once", async (t) => {
    const { client, socket } = await seated(t);
    const left = [];
    client.on("lobby.left", ({ reason }) => left.push(reason));
    socket.end(1006);
    await nextOpened({ "lobby.resume": () => {
        MemorySocket.all.at(-1).notify("lobby.left", { reason: "kick" });
        return refusal(-32004, "not_found");
    } });
    while (client.state !== "online") await turn();
    assert.deepEqual([left, client.entry], [["kick"], null]);
});

test("a match that begins needs a whole picture first", async (t) => {
    const { client, socket } = await seated(t);
    const usable = [];
    client.on("snapshot", (snapshot) => usable.push(snapshot.usable));
    const snapshot = (tick, isFull) => {
        const bytes = Buffer.alloc(16);
        bytes.writeUInt8(0x81, 0);
        bytes.writeUInt8(isFull ? 1 : 0, 1);
        bytes.writeUInt32LE(tick, 4);
        socket.onmessage({ data: new Uint8Array(bytes).buffer });
    };
    snapshot(1, true);
    snapshot(2, false);
    socket.notify("match.started", { ...MATCH, matchId: "m2" });
    snapshot(3, false);
    snapshot(1, true);
    assert.deepEqual(usable, [true, true, false, true]);
});

test("who connects anew begins at home; without a connection nobody goes to another node", async (t) => {
    const { client, socket } = await connect(t);
    assert.equal(socket.binaryType, "arraybuffer");
    const entering = client.enter({ seatTicket: "t", url: "ws://far" });
    await turn();
    const far = MemorySocket.all.at(-1);
    far.answers["lobby.enter"] = () => ({ lobby: LOBBY, seat: 0, members: [], match: null });
    far.open();
    await entering;
    client.close();
    const connecting = client.connect("ada");
    await turn();
    assert.equal(MemorySocket.all.at(-1).url, "ws://memory");
    MemorySocket.all.at(-1).open();
    await connecting;
    client.close();
    const made = MemorySocket.all.length;
    for (const go of [() => client.enter({ seatTicket: "t", url: "ws://far" }), () => client.resume("r", "ws://far")]) {
        assert.equal(await outcome(go()), "connection_lost");
    }
    assert.equal(MemorySocket.all.length, made);
});

// ---- tickets

/** A node that takes a ticket once, and the resume token of its seat. */
function takesTickets(socket) {
    socket.answers["session.authenticate"] = ({ token }) => ({
        session: { playerId: "ada" }, resumable: null, muted: null,
        reservation: token === "ticket" ? { lobby: LOBBY, seatTicket: "s1", url: "ws://public" } : null,
    });
    const entry = (resumeToken) => ({ lobby: LOBBY, seat: 0, members: [], match: null, joinCode: "", resumeToken });
    socket.answers["lobby.enter"] = () => entry("r1");
    socket.answers["lobby.resume"] = () => entry("r2");
    socket.open();
}

const presented = (socket) => socket.calls.filter(({ method }) => method !== "session.ping")
    .map(({ method, params: { token, seatTicket, resumeToken } }) => [method, token ?? seatTicket ?? resumeToken]);

test("a ticket leads to its seat in one call, and the seat leads back", async (t) => {
    const client = make(t, { reconnect: true, backoff: FAST });
    const seated = client.connectToSeat("ticket");
    await turn();
    const [first] = MemorySocket.all;
    takesTickets(first);
    assert.equal((await seated).resumeToken, "r1");
    assert.equal(MemorySocket.all.length, 1); // on the node that took the ticket, whatever it is called
    assert.deepEqual(presented(first), [["session.authenticate", "ticket"], ["lobby.enter", "s1"]]);
    const resumed = client.once("entered");
    const trying = client.once("reconnecting");
    first.end(1006);
    await trying;
    while (MemorySocket.all.length < 2) await turn();
    takesTickets(MemorySocket.all[1]);
    assert.equal((await resumed).entry.resumeToken, "r2");
    assert.deepEqual(presented(MemorySocket.all[1]), [["session.authenticate", "r1"], ["lobby.resume", "r1"]]);
});

test("a ticket whose seat was given up is not tried again", async (t) => {
    const client = make(t, { reconnect: true, backoff: FAST });
    const seated = client.connectToSeat("ticket");
    await turn();
    const [socket] = MemorySocket.all;
    takesTickets(socket);
    await seated;
    await client.leave();
    const closed = client.once("closed", { timeoutMs: 5000 });
    socket.end(4002);
    const { code, error } = await closed;
    assert.deepEqual([code, error.code, MemorySocket.all.length], [4002, "signed_out", 1]);
});

test("a token without a seat is no ticket", async (t) => {
    const client = make(t);
    const seated = outcome(client.connectToSeat("other"));
    await turn();
    takesTickets(MemorySocket.all[0]);
    assert.equal(await seated, "ticket_invalid");
});
