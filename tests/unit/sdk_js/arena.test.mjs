// mode_arena: payloads written by hand from docs/protocol.md section 6, and movement against the
// vectors that the server's own tests use.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ArenaMap, ArenaWorld, decodeArenaEvent, moveAvatar, moveStep } from "../../../sdk/js/index.js";
import { Scene } from "../../kit/scene.mjs";

const VECTORS = new URL("../../data/arena_moves.json", import.meta.url);

const bytesOf = (hex) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

function snapshot(tick, hex, { full = false, usable = true, events = [] } = {}) {
    return { full, usable, seat: 0, tick, ack: 0, tickUs: 50000, payload: bytesOf(hex),
        events: events.map(bytesOf) };
}

/** [value, bits] of each field, the lowest bit first. */
function packed(...fields) {
    let bits = 0n;
    let at = 0n;
    for (const [value, width] of fields) {
        bits |= BigInt.asUintN(width, BigInt(value)) << at;
        at += BigInt(width);
    }
    const bytes = Number((at + 7n) / 8n);
    return Buffer.from(Array.from({ length: bytes }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n))).toString("hex");
}

// Pieces of a delta.
const SAME = [[0, 1]];
const GONE = [[1, 1], [0, 2], [0, 2], [1, 1], [0, 1]];
const change = (place, turn, ...rest) => [[1, 1], [place, 2], [turn, 2], [0, 1], ...rest];
const told = (place, turn, ...rest) => [[1, 1], [place, 2], [turn, 2], [1, 1], ...rest];
const NO_MORE = [0, 1];
const UNSCORED = [[0, 1], [0, 1]];

/** Nothing but changes, of the seats from 0 on. */
const delta = (...changes) =>
    packed([changes.length, 8], ...changes.flat(), NO_MORE, NO_MORE, NO_MORE, ...UNSCORED);

function worldAtOne() {
    const world = new ArenaWorld();
    // Two avatars, of which one goes by 5 and -5 a tick; one projectile, 3 : 4.
    world.apply(snapshot(1, "02  00 01 09 0001 0002 40 64 0500 fbff  03 02 07 ff00 0100 80 32 0000 0000" +
        "01  07 00 1000 2000 02 fe  0300 0400  00", { full: true }));
    return world;
}

/** Place, step and aim of a seat. */
function sight(world, seat) {
    const { x, y, stepX, stepY, aim } = world.avatars.get(seat);
    return [x, y, stepX, stepY, aim];
}

test("a full snapshot", () => {
    const world = worldAtOne();
    assert.equal(world.tick, 1);
    assert.deepEqual(world.avatars.get(0), { seat: 0, team: 1, alive: true, protected: false,
        bot: false, connected: true, x: 256, y: 512, stepX: 5, stepY: -5, aim: 64, health: 100,
        weapons: 3, level: 0, speed: null });
    assert.deepEqual(world.avatars.get(3), { seat: 3, team: 2, alive: true, protected: true,
        bot: true, connected: false, x: 255, y: 1, stepX: 0, stepY: 0, aim: 128, health: 50,
        weapons: 3, level: 0, speed: null });
    assert.deepEqual(world.projectiles.get(7), { id: 7, owner: 0, x: 16, y: 32, vx: 2, vy: -2 });
    assert.deepEqual(world.scores, { red: 3, blue: 4 });
});

test("a delta: who is there, shots, projectiles, scores, events", () => {
    const world = worldAtOne();
    const changes = world.apply(snapshot(2, packed(
        [9, 8],
        ...told(1, 0, [2, 4], [-3, 4], [1, 1], [1, 2], [9, 4], [90, 7]), // moved and hurt
        ...SAME, ...SAME, ...GONE, ...SAME, ...SAME, ...SAME, ...SAME,
        ...told(3, 2, [16, 14], [32, 14], [0x20, 8], [1, 1], [2, 2], [1, 4], [100, 7]), // new
        [1, 1], [0, 5], [0x1234, 14], [0x3678, 14], [3, 8], NO_MORE, // a shot
        [1, 1], [9, 8], [8, 8], [10, 14], [11, 14], [127, 8], [-127, 8], NO_MORE, // a projectile
        [1, 1], [7, 8], [24, 14], [24, 14], NO_MORE, // burst
        [1, 1], [0, 1]) + "0400 0500",
    { events: ["01 00 03 02 ff", "02 08", "03 00 03 19", "63 00"] }));
    assert.equal(world.tick, 2);
    assert.deepEqual(sight(world, 0), [263, 504, 7, -8, 64]);
    assert.equal(world.avatars.get(0).health, 90);
    assert.equal(world.avatars.has(3), false);
    assert.deepEqual(sight(world, 8), [16, 32, 0, 0, 32]);
    const { health, alive, bot, team } = world.avatars.get(8);
    assert.deepEqual([health, alive, bot, team], [100, true, false, 2]);
    assert.deepEqual(changes.shots, [{ seat: 0, endX: 0x1234, endY: 0x3678, hit: 3 }]);
    assert.deepEqual([...world.projectiles.values()],
        [{ id: 9, owner: 8, x: 10, y: 11, vx: 127, vy: -127 }]);
    assert.deepEqual(changes.bursts, [{ id: 7, x: 24, y: 24 }]);
    assert.deepEqual(world.scores, { red: 4, blue: 5 });
    assert.deepEqual(changes.events, [
        { type: "kill", killer: 0, victim: 3, weapon: 2, assist: 255 },
        { type: "spawn", seat: 8 },
        { type: "hit", attacker: 0, victim: 3, damage: 25 },
    ]);
});

test("who is not told of goes on as before", () => {
    const world = worldAtOne();
    world.apply(snapshot(2, delta()));
    assert.deepEqual(sight(world, 0), [261, 507, 5, -5, 64]);
    assert.deepEqual(sight(world, 3), [255, 1, 0, 0, 128]);
    world.apply(snapshot(3, delta(SAME, SAME, SAME, change(2, 0, [100, 8], [4, 8]))));
    assert.deepEqual(sight(world, 0), [266, 502, 5, -5, 64]);
    assert.deepEqual(sight(world, 3), [355, 5, 100, 4, 128]);
    world.apply(snapshot(4, delta(change(0, 1, [-3, 4]))));
    assert.deepEqual(sight(world, 0), [271, 497, 5, -5, 61]);
    assert.deepEqual(sight(world, 3), [455, 9, 100, 4, 128]);
});

test("who leaps stands still behind it, and aims go round", () => {
    const world = worldAtOne();
    world.apply(snapshot(2, delta(change(3, 2, [9000, 14], [16383, 14], [253, 8]))));
    assert.deepEqual(sight(world, 0), [9000, 16383, 0, 0, 253]);
    world.apply(snapshot(3, delta(change(0, 1, [7, 4]))));
    assert.deepEqual(sight(world, 0), [9000, 16383, 0, 0, 4]);
    world.apply(snapshot(4, delta(change(2, 1, [-128, 8], [-1, 8], [-8, 4]))));
    assert.deepEqual(sight(world, 0), [8872, 16382, -128, -1, 252]);
});

test("projectiles known fly on, those added do not yet", () => {
    const world = worldAtOne();
    world.apply(snapshot(2, packed([0, 8], NO_MORE,
        [1, 1], [9, 8], [8, 8], [10, 14], [11, 14], [127, 8], [-127, 8], NO_MORE, NO_MORE, ...UNSCORED)));
    assert.deepEqual([world.projectiles.get(7).x, world.projectiles.get(7).y], [24, 24]);
    assert.equal(world.projectiles.get(9).x, 10);
    world.apply(snapshot(3, delta()));
    assert.equal(world.projectiles.get(9).x, 10 + 4 * 127);
});

test("a delta after a gap changes nothing, its events count", () => {
    const world = worldAtOne();
    const changes = world.apply(snapshot(5, delta(GONE), { usable: false, events: ["02 00"] }));
    assert.equal(world.tick, 1);
    assert.equal(world.avatars.has(0), true);
    assert.deepEqual(changes.events, [{ type: "spawn", seat: 0 }]);
});

const OBJECTIVES = packed([0, 8], NO_MORE, NO_MORE, NO_MORE, [0, 1], [1, 1]); // nothing else
const HILL = "01 0f 02 1e 0010 0008 0004 04 48696c6c"; // zone 1, blue, 30 %, "Hill"
const FLAG = "02 07 ff 01 0001 0002 01 01 0001 0002 04 666c6167"; // item 2, red, at home, "flag"

function worldWithObjectives() {
    const world = worldAtOne();
    world.apply(snapshot(2, `${OBJECTIVES}  01 ${HILL}  01 ${FLAG}  01 00 01 07 60`));
    return world;
}

test("objectives come with a delta", () => {
    const world = worldWithObjectives();
    assert.deepEqual([...world.zones.values()],
        [{ id: 1, team: 2, progress: 30, x: 4096, y: 2048, radius: 1024, label: "Hill" }]);
    assert.deepEqual([...world.items.values()], [{ id: 2, kind: "flag", team: 1, who: 1, homeX: 256,
        homeY: 512, x: 256, y: 512, carrier: 255, atHome: true }]);
    const { weapons, level, speed } = world.avatars.get(0);
    assert.deepEqual([weapons, level, speed], [1, 7, 96]);
    assert.deepEqual([world.avatars.get(3).weapons, world.avatars.get(3).level], [3, 0]);
});

test("objectives change by mask, go, and are gone with a full snapshot", () => {
    const world = worldWithObjectives();
    world.apply(snapshot(3, `${OBJECTIVES}  01 01 03 01 64  01 02 01 03 00  00`));
    assert.deepEqual([world.zones.get(1).team, world.zones.get(1).progress], [1, 100]);
    assert.deepEqual([world.zones.get(1).x, world.zones.get(1).label], [4096, "Hill"]);
    assert.deepEqual([world.items.get(2).carrier, world.items.get(2).atHome], [3, false]);
    assert.equal(world.items.get(2).kind, "flag");
    world.apply(snapshot(4,
        `${OBJECTIVES}  01 01 0c 0500 0600 0700 00  01 02 02 0900 0a00  00`));
    assert.deepEqual(world.zones.get(1),
        { id: 1, team: 1, progress: 100, x: 5, y: 6, radius: 7, label: "" });
    assert.deepEqual([world.items.get(2).x, world.items.get(2).y, world.items.get(2).homeX],
        [9, 10, 256]);
    world.apply(snapshot(5, `${OBJECTIVES}  01 01 40  01 02 40  00`));
    assert.deepEqual([world.zones.size, world.items.size], [0, 0]);
    const other = worldWithObjectives();
    other.apply(snapshot(6, "00 00 0300 0400 00", { full: true }));
    assert.deepEqual([other.zones.size, other.items.size], [0, 0]);
});

test("a grenade outlives its owner, as nobody's", () => {
    const world = worldAtOne();
    world.apply(snapshot(2, delta(GONE)));
    assert.equal(world.projectiles.get(7).owner, 255);
});
test("a payload that is too short is refused", () => {
    const world = new ArenaWorld();
    assert.throws(() => world.apply(snapshot(1, "02 00 01", { full: true })),
        { code: "bad_frame" });
    assert.throws(() => worldAtOne().apply(snapshot(2, "01")), { code: "bad_frame" });
    assert.throws(() => decodeArenaEvent(bytesOf("01 00")), { code: "bad_frame" });
});

/** Something of every kind happens, in turn. */
function stir(arena, turn) {
    arena.tick++;
    for (const a of arena.avatars.values()) {
        a.x = 300 + ((a.x + 31 * a.seat + turn) % 7000);
        a.aim = (a.aim + 300 * a.seat) & 0xffff;
        if (turn % (7 + a.seat) === 0) Object.assign(a, { alive: !a.alive, health: turn % 101 });
    }
    for (const p of arena.projectiles.values()) Object.assign(p, { x: p.x + 4 * p.vx, y: p.y + 4 * p.vy });
    arena.removed = turn % 9 === 8 ? [...arena.projectiles.values()].slice(0, 1) : [];
    for (const { id } of arena.removed) arena.projectiles.delete(id);
    arena.added = turn % 9 === 0 ? [{ id: turn & 255, owner: turn % 8, x: 4000, y: 2000, vx: 3, vy: -4 }] : [];
    for (const p of arena.added) arena.projectiles.set(p.id, p);
    if (turn % 50 === 0) arena.scores[1 + (turn % 2)]++;
    const hill = arena.zones.get(1);
    if (hill && turn % 3 === 0) Object.assign(hill, { progress: turn % 101, team: turn % 2 });
    if (turn % 40 === 5) arena.carry(1, turn % 8);
    if (turn % 40 === 25) arena.drop(1);
    if (turn % 70 === 0) arena.avatars.get(turn % 8).level++;
    if (turn % 90 === 0) arena.avatars.get(2).weapons ^= 2;
    if (turn % 110 === 0) arena.avatars.get(3).speed = turn % 4 ? 30 : 255;
    if (turn === 300) arena.zones.delete(1);
    if (turn === 301) arena.items.delete(2);
    if (turn === 400) arena.place();
}

test("full and deltas lead to the same world", () => {
    const arena = new Scene();
    for (let seat = 0; seat < 8; seat++) arena.add(seat, 1 + (seat % 2), true);
    arena.place();
    const world = new ArenaWorld();
    const take = (full) => ({ full, usable: true, seat: 0, tick: arena.tick, ack: 0, tickUs: 50000,
        payload: Uint8Array.from(full ? arena.full() : arena.delta()), events: [] });
    world.apply(take(true));
    for (let i = 0; i < 600; i++) {
        arena.told();
        stir(arena, i);
        world.apply(take(false));
        const fresh = new ArenaWorld();
        fresh.apply(take(true));
        assert.deepEqual([...world.avatars.values()], [...fresh.avatars.values()]);
        assert.deepEqual(world.projectiles, fresh.projectiles);
        assert.deepEqual(world.zones, fresh.zones);
        assert.deepEqual(world.items, fresh.items);
        assert.deepEqual(world.scores, fresh.scores);
    }
    assert.equal(world.zones.size, 1);
    assert.equal(world.items.size, 2);
    assert.ok([...world.avatars.values()].some(({ level }) => level > 0));
});

test("a wish to move is clipped as in C", () => {
    assert.deepEqual(moveStep(127, 0, 64), { dx: 64, dy: 0 });
    assert.deepEqual(moveStep(-127, 0, 64), { dx: -64, dy: 0 });
    // l2 = 32258, l = 179, 127 * 127 / 179 = 90, 90 * 64 / 127 = 45
    assert.deepEqual(moveStep(127, 127, 64), { dx: 45, dy: 45 });
    assert.deepEqual(moveStep(-127, 127, 64), { dx: -45, dy: 45 });
    assert.deepEqual(moveStep(1, -1, 64), { dx: 0, dy: 0 }); // truncates towards zero
    assert.deepEqual(moveStep(-3, 0, 64), { dx: -1, dy: 0 });
});

test("walls stop flush, and a diagonal slides along", () => {
    const rows = ["####", "#..#", "#..#", "####"];
    const map = new ArenaMap({ name: "box", width: 4, height: 4, rows });
    const rules = { speed: 64, playerRadius: 96 };
    const run = (input) => {
        let at = { x: 512, y: 512 };
        for (let i = 0; i < 20; i++) at = moveAvatar(map, at, input, rules);
        return at;
    };
    assert.deepEqual(run({ moveX: 127, moveY: 0 }), { x: 768 - 96 - 1, y: 512 });
    assert.deepEqual(run({ moveX: -127, moveY: 0 }), { x: 256 + 96, y: 512 });
    assert.deepEqual(run({ moveX: 127, moveY: -127 }), { x: 671, y: 352 });
});

test("movement is what the server computes", { skip: !existsSync(VECTORS) &&
    "tests/data/arena_moves.json is missing" }, () => {
    const vectors = JSON.parse(readFileSync(VECTORS, "utf8"));
    assert.ok(vectors.cases.length > 0);
    for (const { name, rows, start, moves, positions } of vectors.cases) {
        const map = new ArenaMap({ name, width: rows[0].length, height: rows.length, rows });
        let at = { x: start[0], y: start[1] };
        for (const [i, [moveX, moveY]] of moves.entries()) {
            at = moveAvatar(map, at, { moveX, moveY }, vectors);
            assert.deepEqual([at.x, at.y], positions[i], `${name}, move ${i}`);
        }
    }
});
