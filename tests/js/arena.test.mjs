// mode_arena: payloads written by hand from docs/protocol.md section 6, and movement against the
// vectors that the server's own tests use.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { ArenaMap, ArenaWorld, decodeArenaEvent, moveAvatar, moveStep } from "../../sdk/js/index.js";
import { FakeArena } from "./fake_arena.mjs";

const VECTORS = new URL("../plugins/arena_moves.json", import.meta.url);

const bytesOf = (hex) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));

function snapshot(tick, hex, { full = false, usable = true, events = [] } = {}) {
    return { full, usable, seat: 0, tick, ack: 0, tickUs: 50000, payload: bytesOf(hex),
        events: events.map(bytesOf) };
}

function worldAtOne() {
    const world = new ArenaWorld();
    // Two avatars, one projectile, 3 : 4.
    world.apply(snapshot(1, "02  00 01 09 0001 0002 40 64  03 02 07 ff00 0100 80 32" +
        "01  07 00 1000 2000 02 fe  0300 0400", { full: true }));
    return world;
}

test("a full snapshot", () => {
    const world = worldAtOne();
    assert.equal(world.tick, 1);
    assert.deepEqual(world.avatars.get(0), { seat: 0, team: 1, alive: true, protected: false,
        bot: false, connected: true, x: 256, y: 512, aim: 64, health: 100 });
    assert.deepEqual(world.avatars.get(3), { seat: 3, team: 2, alive: true, protected: true,
        bot: true, connected: false, x: 255, y: 1, aim: 128, health: 50 });
    assert.deepEqual(world.projectiles.get(7), { id: 7, owner: 0, x: 16, y: 32, vx: 2, vy: -2 });
    assert.deepEqual(world.scores, { red: 3, blue: 4 });
});

test("a delta: every mask, shots, projectiles, scores, events", () => {
    const world = worldAtOne();
    const changes = world.apply(snapshot(2,
        "03  00 09 05fb 5a  03 40  08 3e 1000 2000 20 64 01 02" + // moved and hurt; gone; new
        "01  00 3412 7856 03" + // a shot
        "01  09 08 0a00 0b00 7f 81" + // a new projectile
        "01  07 1800 1800" + // burst
        "01 0400 0500", { events: ["01 00 03 02 ff", "02 08", "03 00 03 19", "63 00"] }));
    assert.equal(world.tick, 2);
    const first = world.avatars.get(0);
    assert.deepEqual([first.x, first.y, first.health, first.aim], [261, 507, 90, 64]);
    assert.equal(world.avatars.has(3), false);
    const added = world.avatars.get(8);
    assert.deepEqual([added.x, added.y, added.aim, added.health, added.alive, added.team],
        [16, 32, 32, 100, true, 2]);
    assert.deepEqual(changes.shots, [{ seat: 0, endX: 0x1234, endY: 0x5678, hit: 3 }]);
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

test("projectiles known fly on, those added do not yet", () => {
    const world = worldAtOne();
    world.apply(snapshot(2, "00 00 01 09 08 0a00 0b00 7f 81 00 00"));
    assert.deepEqual([world.projectiles.get(7).x, world.projectiles.get(7).y], [24, 24]);
    assert.equal(world.projectiles.get(9).x, 10);
    world.apply(snapshot(3, "00 00 00 00 00"));
    assert.equal(world.projectiles.get(9).x, 10 + 4 * 127);
});

test("a delta after a gap changes nothing, its events count", () => {
    const world = worldAtOne();
    const changes = world.apply(snapshot(5, "01 00 40 00 00 00 00",
        { usable: false, events: ["02 00"] }));
    assert.equal(world.tick, 1);
    assert.equal(world.avatars.has(0), true);
    assert.deepEqual(changes.events, [{ type: "spawn", seat: 0 }]);
});

test("a payload that is too short is refused", () => {
    const world = new ArenaWorld();
    assert.throws(() => world.apply(snapshot(1, "02 00 01", { full: true })),
        { code: "bad_frame" });
    assert.throws(() => decodeArenaEvent(bytesOf("01 00")), { code: "bad_frame" });
});

test("full and deltas lead to the same world", () => {
    const arena = new FakeArena(1000);
    for (let seat = 0; seat < 8; seat++) arena.add(seat, 1 + (seat % 2), true);
    const world = new ArenaWorld();
    const take = (full) => ({ full, usable: true, seat: 0, tick: arena.tick, ack: 0, tickUs: 50000,
        payload: Uint8Array.from(full ? arena.full() : arena.delta()), events: [] });
    world.apply(take(true));
    for (let i = 0; i < 600; i++) {
        arena.step();
        world.apply(take(false));
        const fresh = new ArenaWorld();
        fresh.apply(take(true));
        assert.deepEqual([...world.avatars.values()], [...fresh.avatars.values()]);
        assert.deepEqual(world.projectiles, fresh.projectiles);
        assert.deepEqual(world.scores, fresh.scores);
    }
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
    "tests/plugins/arena_moves.json is missing" }, () => {
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
