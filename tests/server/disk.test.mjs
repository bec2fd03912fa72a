// The data directory's disk is full, or cannot be written any more: that is told once, games go on, and
// all is well when there is room again. On real disks, which root alone can mount.

import assert from "node:assert/strict";
import { mkdir, open, readFile, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { PLUGINS, atEnd, childOf, eventually, runDaemon, runFile, startServer, tempDir } from "../kit/harness.mjs";
import { assertProblem } from "../kit/openapi.mjs";
import { connectPlayer, gather, guestToken, sitDown } from "../kit/players.mjs";
import { findRecording, playAgain } from "../kit/recording.mjs";

const ENDLESS = { killLimit: 0, timeLimit: 0, botFill: 4 };
const CONFIG = {
    server: { diskMinFreeMib: 1 }, lobby: { playersMin: 1 }, plugins: [...PLUGINS, "rules_private"],
};

/** A folder with a data directory that is a disk of its own; null, and the test is skipped: none can be. */
async function mounted(t, ...args) {
    const home = await tempDir(t);
    const data = path.join(home, "data");
    await mkdir(data);
    try {
        await runFile("mount", [...args, data]);
    } catch (error) {
        t.skip(`no disk can be mounted here: ${error.stderr || error.message}`);
        return null;
    }
    atEnd(t, () => runFile("umount", [data]));
    return home;
}

/** A file with an ext4 in it. */
async function ext4Image(t) {
    const image = path.join(await tempDir(t), "image");
    await writeFile(image, "");
    await runFile("truncate", ["-s", "32M", image]);
    await runFile("mkfs.ext4", ["-q", image]);
    return image;
}

/** Not a byte is left. */
async function fill(server) {
    const file = await open(path.join(server.dataDir, "filler"), "w");
    for (const size of [1 << 20, 4096]) {
        const block = Buffer.alloc(size);
        const write = () => file.write(block).then(({ bytesWritten }) => bytesWritten === size, () => false);
        while (await write()) continue;
    }
    await file.close();
}

const empty = (server) => rm(path.join(server.dataDir, "filler"));

const told = (server, event) => server.output.split(`"event":"${event}"`).length - 1;

const ready = async (server) => (await server.rest("GET", "/readyz?verbose")).text;

const recordings = async (server) => (await readdir(path.join(server.dataDir, "records"))).length;

/** It goes on: two snapshots from now on, the second later than the first. */
async function goesOn(client) {
    const first = await client.once("snapshot", { timeoutMs: 20000 });
    const second = await client.once("snapshot", { timeoutMs: 20000 });
    assert.ok(second.tick > first.tick);
}

/** A lobby of its own, whose match runs. */
async function play(client) {
    const started = client.once("match.started", { timeoutMs: 20000 });
    const { lobby } = await client.createLobby({ gameMode: "arena", settings: ENDLESS });
    const { matchId } = await started;
    await goesOn(client);
    return { matchId, lobbyId: lobby.lobbyId };
}

test("a full disk: games go on, one alert, and room again", async (t) => {
    const home = await mounted(t, "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs");
    if (!home) return;
    const server = await startServer(t, { dir: home, config: CONFIG, args: ["--supervise"] });
    const { accessToken } = await guestToken(server);
    const team = await gather(t, server, 2);
    await sitDown(team, ENDLESS);
    await goesOn(team[0].client);
    assert.match(await ready(server), /^\[\+\]disk ok$/m);
    assert.ok((await server.metric("muster_disk_free_bytes")) > 1 << 20);
    await eventually("its recording is there", async () => (await recordings(server)) === 1);

    await fill(server);
    await server.admin(`mute ${team[1].player.playerId} 1h spam`);
    await server.waitForOutput(/: the disk is full: [^"]*"/);
    assert.match(await ready(server), /^\[-\]disk the disk is full$/m);
    assert.equal((await server.rest("GET", "/livez")).status, 200);
    assert.equal(await server.metric("muster_disk_trouble"), 1);
    await goesOn(team[0].client);
    const { client } = await connectPlayer(t, server, { token: accessToken });
    await play(client);
    assert.equal(await recordings(server), 1);
    assertProblem(await server.rest("POST", "/v1/auth/guest", {}), 503, "storage_failed");
    assert.match(await server.adminRefusal("backup full"), /no backup was made/);
    await client.leave();
    const waits = await client.createLobby({ gameMode: "arena", settings: { startWhen: "host" } });

    await empty(server);
    await server.waitForOutput(/"event":"disk_recovered"/);
    await eventually("it is ready", async () => (await server.rest("GET", "/readyz")).status === 200);
    assert.equal(await server.metric("muster_disk_trouble"), 0);
    assert.equal(await server.metric("muster_store_writes_lost_total"), 0);
    const late = await connectPlayer(t, server);
    const { matchId } = await play(late.client);
    await findRecording(server.dataDir, matchId);
    await goesOn(team[0].client);
    await eventually("the mute is in the file", async () =>
        (await readFile(path.join(server.dataDir, "moderation.json"), "utf8")).includes("spam"));
    assert.deepEqual([told(server, "disk_trouble"), told(server, "disk_recovered")], [1, 1]);
    const back = client.once("entered", { timeoutMs: 20000 });
    process.kill(await childOf(server.pid), "SIGKILL");
    const { entry, resumed } = await back; // kept since there was room, though nothing has changed in it
    assert.deepEqual([entry.lobby.lobbyId, resumed], [waits.lobby.lobbyId, true]);
    await playAgain(server);
});

test("a disk that becomes read-only: the match goes on, the stop is orderly", async (t) => {
    const home = await mounted(t, "-o", "loop,errors=remount-ro", await ext4Image(t));
    if (!home) return;
    const server = await startServer(t, { dir: home, config: CONFIG });
    const { client } = await connectPlayer(t, server);
    const { matchId, lobbyId } = await play(client);
    const device = (await runFile("findmnt", ["-no", "SOURCE", server.dataDir])).stdout.trim();
    await writeFile(`/sys/fs/ext4/${path.basename(device)}/trigger_fs_error`, "1"); // as a bad sector does
    assert.match(await server.adminRefusal(`lobby save ${lobbyId} kept`), /was not written/);
    await server.waitForOutput(/: the disk is read-only: [^"]*"/);
    assert.match(await ready(server), /^\[-\]disk the disk is read-only$/m);
    await goesOn(client);
    await client.leave();
    assert.notEqual((await play(client)).matchId, matchId);
    assert.equal(await recordings(server), 1);
    assert.equal(told(server, "disk_trouble"), 1);
    await server.stop();
});

/** What a server says that does not start on this data. */
async function refusal(server, code) {
    const { stderr, ...ended } = await runDaemon(
        ["--config", server.configFile, "--data-dir", server.dataDir], { cwd: server.dir });
    assert.equal(ended.code, code, stderr);
    return stderr + ended.stdout;
}

test("a start on a disk that takes nothing says so, and what was kept goes on later", async (t) => {
    const home = await mounted(t, "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs");
    if (!home) return;
    const config = { ...CONFIG, lobby: { ...CONFIG.lobby, recoverMs: 60000 } };
    const server = await startServer(t, { dir: home, config });
    const { client } = await connectPlayer(t, server);
    await play(client);
    server.signal("SIGKILL");
    await server.ended();

    await runFile("mount", ["-o", "remount,ro", server.dataDir]);
    assert.match(await refusal(server, 78), /cannot lock .*: Read-only file system/);
    await runFile("mount", ["-o", "remount,rw", server.dataDir]);
    await rm(`${server.databaseFile}-shm`);
    await fill(server);
    assert.match(await refusal(server, 78),
        /muster\.db cannot be opened: No space left on device\. Its log needs a few hundred KiB/);
    await empty(server);
    const again = await startServer(t, { dir: home, config });
    assert.match(again.output, /1 lobbies go on/);
});

/** From now on it takes nothing and keeps what it has: ext4's ioctl to try a power failure. */
const cutPower = (dir) =>
    runFile("perl", ["-e", "$f = pack('L', 2); open(D, '<', $ARGV[0]) && ioctl(D, 0x8004587d, $f) || die $!", dir]);

/** A second of a match, and more. */
async function playOn(client) {
    const { tick } = await client.once("snapshot", { timeoutMs: 20000 });
    while ((await client.once("snapshot", { timeoutMs: 20000 })).tick < tick + 30) continue;
}

/** The tick of a match that the disk has got: of three rounds the first may have begun before, and the
 * third does not begin before the second is there. */
async function keptTick({ client }, server, lobbyId) {
    const { tick } = await client.once("snapshot", { timeoutMs: 20000 });
    const written = async () => (await stat(path.join(server.dataDir, "live", lobbyId))).mtimeMs;
    for (let round = 0; round < 3; round++) {
        const before = await written();
        await eventually("a round", async () => (await written()) !== before);
    }
    return tick;
}

/** Whether a process that was killed has closed all it had: its first thread is a zombie, or gone, and
 * none of the others, one of which may be in a call to the disk, is left. */
async function isOver(pid) {
    const state = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State:\tX");
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    return /^State:\s[ZX]/m.test(state) && threads.length <= 1;
}

/** Supervisor and server, as when the machine goes: neither sees the other's end. */
async function endBoth(server) {
    const child = await childOf(server.pid);
    server.signal("SIGSTOP");
    process.kill(child, "SIGKILL");
    server.signal("SIGKILL");
    await server.ended();
    await eventually("the server has ended", () => isOver(child));
}

test("a disk that stands still stops no match, and a power failure sets it back a little", async (t) => {
    const image = await ext4Image(t);
    const home = await mounted(t, "-o", "loop", image);
    if (!home) return;
    const server = await startServer(t, { dir: home, config: CONFIG, args: ["--supervise"] });
    const [first, second] = [await connectPlayer(t, server), await connectPlayer(t, server)];
    const { matchId, lobbyId } = await play(first.client);
    await eventually("its recording is there", async () => (await recordings(server)) === 1);

    const thaw = () => runFile("fsfreeze", ["-u", server.dataDir]);
    atEnd(t, () => thaw().catch(() => {}));
    await runFile("fsfreeze", ["-f", server.dataDir]);
    await playOn(first.client);
    await play(second.client); // a match that begins meanwhile
    await thaw();
    const back = first.client.once("entered", { timeoutMs: 20000 });
    process.kill(await childOf(server.pid), "SIGKILL");
    assert.ok((await back).resumed);
    await goesOn(first.client);
    assert.equal((await first.client.scoreboard()).matchId, matchId);

    const memory = await readlink(path.join(server.dataDir, "memory"));
    const tick = await keptTick(first, server, lobbyId);
    await cutPower(server.dataDir);
    await endBoth(server);
    await rm(memory, { recursive: true });
    await runFile("umount", [server.dataDir]);
    await runFile("mount", ["-o", "loop", image, server.dataDir]);
    const again = await startServer(t, { dir: home, config: CONFIG, args: ["--supervise"] });
    assert.match(again.output, /2 lobbies go on/);
    const replays = await playAgain(again);
    assert.ok(Math.max(...replays.map(({ ticks }) => ticks)) >= tick);
});
