// `upgrade`: another server takes the place of the one that runs, and no match ends by it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import {
    BUILD, LOCKED, MUSTERD, childrenOf, eventually, pluginsDir, queryDatabase, startServer,
} from "../kit/harness.mjs";
import { connectPlayer, gather, sitDown } from "../kit/players.mjs";
import { DIE_IN_LOAD, FORGET, POISON, sitInPoison } from "../kit/poison.mjs";
import { playAgain } from "../kit/recording.mjs";

const READY = /Server is ready: listening on \S+:(\d+)/;
const WAIT = { timeoutMs: 20000 };
const LONG = { killLimit: 0, timeLimit: 0, botFill: 4 };

const supervise = (t, options = {}) =>
    startServer(t, { ...options, args: ["--supervise", ...(options.args ?? [])] });

/** Ticks as a client has got them, its pause included. */
function watch(client) {
    const ticks = [];
    const closes = [];
    client.on("snapshot", ({ tick }) => ticks.push(tick));
    client.on("reconnecting", ({ delayMs }) => closes.push(delayMs));
    return { ticks, closes };
}

const places = ({ rows }) => rows.map(({ playerId, seat, team }) => [playerId, seat, team]);

/** Two players in each of two matches. */
async function play(t, server) {
    const team = await gather(t, server, 4);
    const clients = team.map(({ client }) => client);
    await sitDown(team.slice(0, 2), LONG);
    await sitDown(team.slice(2), LONG);
    await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
    for (const client of [clients[0], clients[2]])
        await eventually("it is well on its way", async () => (await client.scoreboard()).tick > 40);
    return clients;
}

/** A file that can be executed. */
async function program(server, name, text, mode = 0o755) {
    const file = path.join(server.dir, name);
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
}

/** Changes the configuration's file: it counts for the server that starts next. */
async function configure(server, change) {
    const config = JSON.parse(await readFile(server.configFile, "utf8"));
    change(config);
    await writeFile(server.configFile, JSON.stringify(config));
}

/** Each tick came, once, and no connection was lost. */
function assertUnbroken({ ticks, closes }) {
    const missed = ticks.slice(1).filter((tick, i) => tick !== ticks[i] + 1);
    assert.deepEqual([missed, closes], [[], []]);
}

/** The match went on from the tick that the client saw last, after one pause. */
function assertGoneOn({ ticks, closes }) {
    const missed = ticks.slice(1).filter((tick, i) => tick - ticks[i] > 1);
    assert.deepEqual([missed, closes.length], [[], 1]);
}

test("an upgrade ends no match: the same seats and scores, and on with the next tick", async (t) => {
    const server = await supervise(t);
    const clients = await play(t, server);
    const waiting = await connectPlayer(t, server);
    const idle = await connectPlayer(t, server);
    const other = await waiting.client.createLobby({ gameMode: "arena", settings: { botFill: 0 } });
    const before = await Promise.all(clients.map((client) => client.scoreboard()));
    const watched = clients.map(watch);
    const from = server.output.length;
    const [first] = await childrenOf(server.pid);
    const back = [...clients, waiting.client].map((client) => client.once("entered", WAIT));
    assert.match(await server.admin("upgrade"), /upgraded/);
    for (const { resumed } of await Promise.all(back)) assert.ok(resumed);
    await eventually("who sits nowhere is back, too", () => idle.client.state === "online");
    assert.equal(waiting.client.entry.lobby.lobbyId, other.lobby.lobbyId);
    await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
    const now = await Promise.all(clients.map((client) => client.scoreboard()));
    assert.deepEqual(now.map(({ matchId }) => matchId), before.map(({ matchId }) => matchId));
    assert.deepEqual(now.map(places), before.map(places));
    watched.forEach(assertGoneOn);
    await server.waitForOutput(READY, from);
    await eventually("the first has ended", async () =>
        !(await childrenOf(server.pid)).includes(first));
    assert.doesNotMatch(server.output, /crash \d|the server before ended/);
    assert.equal((await server.rest("GET", "/readyz")).status, 200);
    await server.command("lobbies", /3 lobbies/); // the console reaches the new one
    for (const line of (await server.admin("lobbies")).split("\n").slice(0, 3))
        await server.admin(`close ${line.split(" ")[0]}`);
    await eventually("results are kept, once", async () =>
        (await queryDatabase(server, "SELECT match_id FROM match_results")).length === 2);
    await playAgain(server);
});

test("what would not start is refused with its reason, and no tick is missed", async (t) => {
    const server = await supervise(t);
    const clients = await play(t, server);
    const watched = clients.map(watch);
    const refusals = [
        ["upgrade musterd", /expected an absolute path/],
        ["upgrade /nowhere/musterd", /No such file/],
        ["upgrade /etc/passwd", /it is no program/],
        [`upgrade ${await program(server, "open", "", 0o757)}`, /others may write to it/],
        ["upgrade /bin/false", /\/bin\/false ended with exit code 1 before it served/],
        [`upgrade ${await program(server, "odd", "no magic")}`, /odd: Exec format error/],
        [`upgrade ${await program(server, "babbles", "#!/bin/sh\necho babble >&5\nexec sleep 60\n")}`,
            /another version/],
    ];
    for (const [command, reason] of refusals)
        assert.match(await server.adminRefusal(command), reason, command);
    const good = await readFile(server.configFile, "utf8");
    await configure(server, (config) => (config.server = { maxPlayers: "many" }));
    assert.match(await server.adminRefusal("upgrade"), /server\.maxPlayers: expected int 1 to 20000, found "many"/);
    await configure(server, (config) => {
        config.server = {};
        config.plugins.push("mode_nothing");
    });
    assert.match(await server.adminRefusal("upgrade"), /mode_nothing/);
    await writeFile(server.configFile, good);
    await server.command("upgrade /bin/false", /no upgrade: .*exit code 1/);
    await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
    watched.forEach(assertUnbroken);
    assert.equal((await childrenOf(server.pid)).length, 1);
});

test("whoever of the two is killed while one starts and the other stands, the other goes on", async (t) => {
    const dir = await pluginsDir(t, path.join(BUILD, "plugins/service_wait.so"));
    const server = await supervise(t, { config: { server: { pluginsDirs: [dir] } } });
    const file = (name) => path.join(server.dataDir, name);
    const clients = await play(t, server);
    const watched = clients.map(watch);
    const [first] = await childrenOf(server.pid);
    await configure(server, (config) => config.plugins.push("service_wait"));

    /** The id of the next server, which has the data directory and starts. */
    const waiting = async () => {
        const found = await eventually("it starts", () =>
            readFile(file("waiting"), "utf8").catch(() => ""));
        await rm(file("waiting"));
        return Number(found);
    };
    let refusal = server.adminRefusal("upgrade");
    process.kill(await waiting(), "SIGKILL");
    assert.match(await refusal, /ended by signal 9 \(KILL\) before it served/);
    await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
    refusal = server.adminRefusal("upgrade");
    await waiting();
    assert.match(await refusal, /it has not restored all within 3000 ms/);
    await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
    watched.forEach(assertUnbroken);
    assert.deepEqual(await childrenOf(server.pid), [first]);

    const before = await clients[0].scoreboard();
    const from = server.output.length;
    const back = clients.map((client) => client.once("entered", WAIT));
    await server.command("upgrade"); // whose answer is lost with the one who was asked
    const second = await waiting();
    process.kill(first, "SIGKILL");
    await writeFile(file("go"), "");
    await server.waitForOutput(READY, from);
    for (const { resumed } of await Promise.all(back)) assert.ok(resumed);
    await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
    watched.forEach(assertGoneOn);
    assert.deepEqual(places(await clients[0].scoreboard()), places(before));
    assert.deepEqual(await childrenOf(server.pid), [second]);
    assert.doesNotMatch(server.output, /crash \d|the server before ended/);
});

test("a server that restores another state, or dies of one, is refused, and no tick is missed", async (t) => {
    const server = await startServer(t, POISON);
    const clients = await play(t, server);
    const { client, lobbyId } = await sitInPoison(t, server);
    const watched = [...clients, client].map(watch);
    const [first] = await childrenOf(server.pid);

    /** As the mode is told to; the refusal. */
    const upgradeAfter = async (message) => {
        const before = (await client.scoreboard()).rows[0].score;
        client.sendMessage(message);
        await eventually("it was told", async () => (await client.scoreboard()).rows[0].score > before);
        const refusal = await server.adminRefusal("upgrade");
        await Promise.all([...clients, client].map((player) => player.once("snapshot", WAIT)));
        return refusal;
    };
    assert.match(await upgradeAfter(FORGET), new RegExp(
        `lobby ${lobbyId} is another one there, at tick \\d+: [0-9a-f]{16}, not [0-9a-f]{16}`));
    assert.match(await upgradeAfter(DIE_IN_LOAD), /ended by signal 11 \(SEGV\) before it served/);
    watched.forEach(assertUnbroken);
    assert.deepEqual(await childrenOf(server.pid), [first]);
    assert.equal(await server.metric("muster_crashes_total"), 0, "it is nobody's crash but its own");
    assert.match(await server.admin("crashes"), /^0 crashes/);
});

test("beside each other", { concurrency: true }, async (t) => {
    await Promise.all([
        t.test("a server that says nothing is not waited for for ever", async (t) => {
            const server = await supervise(t);
            const child = path.join(server.dir, "child");
            const mute = await program(server, "mute", `#!/bin/sh\nsleep 600 & echo $! >${child}\nwait\n`);
            const refusal = server.adminRefusal(`upgrade ${mute}`);
            await eventually("it runs", () => existsSync(child)); // the next request is the second one
            assert.match(await server.adminRefusal("upgrade"), /one is under way/);
            assert.match(await refusal, /mute took too long/);
            assert.equal((await childrenOf(server.pid)).length, 1);
            const pid = (await readFile(child, "utf8")).trim();
            await eventually("nothing is left of it, which would hold the port", async () =>
                (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) === "");
        }),

        t.test("a locked server is upgraded to the program it was started from, and to no other", async (t) => {
            const server = await supervise(t, LOCKED);
            const clients = await play(t, server);
            const watched = clients.map(watch);
            assert.match(await server.adminRefusal(`upgrade ${MUSTERD}`), /with --untrusted the program is/);
            await configure(server, (config) => (config.server = { name: "another name" }));
            const from = server.output.length;
            const back = clients.map((client) => client.once("entered", WAIT));
            assert.match(await server.admin("upgrade"), /upgraded/);
            for (const { resumed } of await Promise.all(back)) assert.ok(resumed);
            await Promise.all(clients.map((client) => client.once("snapshot", WAIT)));
            watched.forEach(assertGoneOn);
            assert.match(server.output.slice(from), /locked/);
            assert.match(await server.admin("status"), /^another name,/);
        }),

        t.test("the next server after an upgrade is of the same program; without a supervisor there is none", async (t) => {
            const server = await supervise(t);
            const wrapper = await program(server, "wrapper",
                `#!/bin/sh\necho wrapped\nexec '${MUSTERD}' "$@"\n`);
            let from = server.output.length;
            assert.match(await server.admin(`upgrade ${wrapper}`), /upgraded/);
            await server.waitForOutput(READY, from);
            from = server.output.length;
            await server.admin("restart now");
            await server.waitForOutput(READY, from);
            assert.match(server.output.slice(from), /wrapped/);
            await server.admin("drain");
            assert.match(await server.adminRefusal("upgrade"), /the server drains/);
            const alone = await startServer(t);
            assert.match(await alone.adminRefusal("upgrade"), /start musterd with --supervise/);
        }),
    ]);
});
