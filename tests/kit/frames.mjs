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

const flagsOf = ({ alive, protected: shielded, bot, connected }) =>
    [alive, shielded, bot, connected].reduce((sum, bit, i) => sum | (bit << i), 0);

const signed = (value, bits) => (value >= 2 ** (bits - 1) ? value - 2 ** bits : value);

/** Where an avatar is after a change, how far it went, and where it looks. */
function movedBy(was, { nearX, nearY, farX, farY, x, y, turned, aim }) {
    const [dx, dy] = nearX === undefined ? [signed(farX ?? 0, 8), signed(farY ?? 0, 8)] : [signed(nearX, 4), signed(nearY, 4)];
    const step = x === undefined ? [was.stepX + dx, was.stepY + dy] : [0, 0];
    const place = x === undefined ? [was.x + step[0], was.y + step[1]] : [x, y];
    return [...place, ...step, aim ?? ((was.aim + signed(turned ?? 0, 4)) & 255)];
}

function checkChange(avatar, was, change) {
    if (change.isHere === false || !(was || change.isHere)) return assert.equal(avatar, undefined);
    const { team, flags, health } = change.isHere ? change : { ...was, flags: flagsOf(was) };
    assert.deepEqual([avatar.team, flagsOf(avatar), avatar.health], [team, flags, health]);
    assert.deepEqual([avatar.x, avatar.y, avatar.stepX, avatar.stepY, avatar.aim], movedBy(was, change));
}

function checkAvatar(world, read) {
    const avatar = world.avatars.get(read.seat);
    assertAgree(avatar, { ...plain(read), flags: undefined }, `avatar ${read.seat}`);
    assert.equal(flagsOf(avatar), read.flags);
}

function checkAvatars(world, before, { avatars, changes }) {
    for (const avatar of avatars ?? []) checkAvatar(world, avatar);
    if (avatars) return assert.equal(world.avatars.size, avatars.length);
    const seats = new Set([...before.keys(), ...changes.keys()]);
    for (const seat of seats) checkChange(world.avatars.get(seat), before.get(seat), changes[seat] ?? {});
}

/** Entries of a list that ends with one that is not there. */
const entriesOf = (list) => (list ?? []).filter(({ isThere }) => isThere).map((read) => {
    const { isThere, ...entry } = plain(read);
    return entry;
});

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
    checkAvatars(world, before, state);
    const added = entriesOf(state.added).map((read) => ({ ...read, vx: signed(read.vx, 8), vy: signed(read.vy, 8) }));
    for (const projectile of [...(state.projectiles ?? []), ...added])
        if (world.projectiles.has(projectile.id)) assertAgree(world.projectiles.get(projectile.id), projectile, "projectile");
    if (state.scores) assert.deepEqual(world.scores, plain(state.scores));
    if (state.objectives) checkObjectives(world, state.objectives);
    assert.deepEqual(changes.shots, entriesOf(state.shots));
    assert.deepEqual(changes.bursts, entriesOf(state.removed));
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
