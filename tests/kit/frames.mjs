// frames - binary frames read by docs/frames.ksy and docs/arena.ksy, and by sdk/js: both must see the same.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import KaitaiStream from "kaitai-struct/KaitaiStream.js";
import compiler from "kaitai-struct-compiler";
import { parse } from "yaml";
import { ArenaWorld, decodeSnapshot, inflateFrame } from "../../sdk/js/index.js";
import { ROOT } from "./harness.mjs";
import { CheckedWebSocket } from "./openrpc.mjs";

const SPEED_INTRO = 255;

export const describe = (name) => parse(readFileSync(path.join(ROOT, `docs/${name}.ksy`), "utf8"));

/** The class that reads what a description describes. */
async function load(name) {
    const files = await compiler.compile("javascript", describe(name), { importYaml: () => null }, false);
    const [[file, text]] = Object.entries(files);
    const module = { exports: {} };
    const require = createRequire(import.meta.url);
    vm.compileFunction(text, ["exports", "require", "module"])(module.exports, require, module);
    return module.exports[file.replace(".js", "")];
}

let MusterFrame;
let ArenaPayload;

/** Makes the readers, which takes a second. */
export async function loadReaders() {
    MusterFrame ??= await load("frames");
    ArenaPayload ??= await load("arena");
}

/** Reads all of the bytes; throws where some are left. */
function readAll(bytes, make) {
    const stream = new KaitaiStream(bytes.slice().buffer);
    const read = make(stream);
    assert.ok(stream.isEof(), "bytes are left");
    return read;
}

/** After loadReaders(). */
export const readFrame = (bytes) => readAll(bytes, (stream) => new MusterFrame(stream));
const readArena = (bytes, isFull) => readAll(bytes, (stream) => new ArenaPayload(stream, null, null, isFull));
const readArenaEvent = (bytes) => readAll(bytes, (stream) => new ArenaPayload.Event(stream));

/** Members of what was read, without the reader's own and those that are not there. */
const plain = (read) => Object.fromEntries(Object.entries(read).filter(([key, value]) => !key.startsWith("_") && value !== undefined));

/** The members that both have are the same. */
function assertAgree(ours, theirs, what) {
    for (const [key, value] of Object.entries(plain(theirs)))
        if (key in ours) assert.deepEqual(ours[key], value?.text ?? value, `${what}: ${key}`);
}

function checkAvatar(world, before, read) {
    if (read.mask & 64) return assert.ok(!world.avatars.has(read.seat));
    const avatar = world.avatars.get(read.seat);
    assertAgree(avatar, { ...plain(read), flags: undefined }, `avatar ${read.seat}`);
    if (read.flags !== undefined) {
        const bits = [avatar.alive, avatar.protected, avatar.bot, avatar.connected];
        assert.equal(bits.reduce((sum, bit, i) => sum | (bit << i), 0), read.flags);
    }
    if (read.mask & 1 && !(read.mask & 2)) {
        const { x, y } = before.get(read.seat);
        assert.deepEqual([avatar.x, avatar.y], [x + read.dx, y + read.dy]);
    }
}

function checkEntries(known, entries, what) {
    for (const read of entries ?? []) {
        if (read.mask & 64) assert.ok(!known.has(read.id));
        else assertAgree(known.get(read.id), read, `${what} ${read.id}`);
    }
}

function checkObjectives(world, { zones, items, loadouts }) {
    checkEntries(world.zones, zones, "zone");
    checkEntries(world.items, items, "item");
    for (const item of items ?? []) {
        const { atHome, homeX, homeY } = world.items.get(item.id) ?? {};
        if (item.mask & 1) assert.equal(atHome, item.flags === 1);
        if (item.mask & 4) assert.deepEqual([homeX, homeY], [item.homeX, item.homeY]);
    }
    for (const { seat, weapons, level, speed } of loadouts ?? []) {
        const avatar = world.avatars.get(seat);
        const seen = avatar && [avatar.weapons, avatar.level, avatar.speed ?? SPEED_INTRO];
        if (seen) assert.deepEqual(seen, [weapons, level, speed]);
    }
}

/** The world has taken the snapshot in; before: where its avatars were. */
function checkArena(world, before, snapshot, changes) {
    const { state } = readArena(snapshot.payload, snapshot.full);
    for (const avatar of state.avatars ?? state.changes) checkAvatar(world, before, avatar);
    for (const projectile of state.projectiles ?? state.added)
        if (world.projectiles.has(projectile.id)) assertAgree(world.projectiles.get(projectile.id), projectile, "projectile");
    if (state.scores) assert.deepEqual(world.scores, plain(state.scores));
    checkObjectives(world, state.objectives);
    assert.deepEqual(changes.shots, (state.shots ?? []).map(plain));
    assert.deepEqual(changes.bursts, (state.removed ?? []).map(plain));
    const events = snapshot.events.map(readArenaEvent).map(({ kind, body }) => ({
        type: ArenaPayload.EventKind[kind].toLowerCase(), ...plain(body),
    }));
    assert.deepEqual(changes.events, events);
}

function checkSnapshot(frame, snapshot) {
    const { body } = readFrame(frame);
    assert.deepEqual(
        [snapshot.full, snapshot.seat, snapshot.tick, snapshot.ack, snapshot.tickUs],
        [body.isFull, body.seat, body.tick, body.ack, body.tick10us * 10]);
    assert.deepEqual(snapshot.payload, body.rest.payload);
    assert.deepEqual(snapshot.events, body.rest.events.map(({ bytes }) => bytes));
}

/** Keeps what one player of the arena hears: the first that uses its Socket. */
export class ArenaFrames {
    #frames = null;

    Socket = ((keeper) => class extends CheckedWebSocket {
        constructor(...args) {
            super(...args);
            keeper.#keep(this);
        }
    })(this);

    #keep(socket) {
        if (this.#frames) return;
        this.#frames = [];
        socket.on("message", (data, isBinary) => isBinary && this.#frames.push(new Uint8Array(data)));
    }

    /** Answers how many snapshots were read in both ways. */
    async check() {
        await loadReaders();
        const world = new ArenaWorld();
        let count = 0;
        for (const frame of this.#frames) {
            const isSnapshot = readFrame(frame).kind === MusterFrame.Kind.SNAPSHOT;
            if (!isSnapshot) continue;
            const whole = readFrame(frame).body.isDeflated ? await inflateFrame(frame) : frame;
            const snapshot = decodeSnapshot(whole);
            checkSnapshot(whole, snapshot);
            snapshot.usable = snapshot.full || snapshot.tick === world.tick + 1;
            const before = structuredClone(world.avatars);
            const changes = world.apply(snapshot);
            if (snapshot.usable) checkArena(world, before, snapshot, changes);
            count += snapshot.usable;
        }
        return count;
    }
}
