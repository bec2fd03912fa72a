// A toy arena for the fake server: enough of mode_arena to see and test a client by. Its encoder
// is written from docs/protocol.md section 6, apart from the decoder in sdk/js.

import { ArenaMap, moveAvatar } from "../../sdk/js/arena.js";

const ROWS = [
    "################################",
    "#rr..........................bb#",
    "#rr....##............##......bb#",
    "#......##............##........#",
    "#..............##..............#",
    "#....###.......##.......###....#",
    "#..............................#",
    "#.........##........##.........#",
    "#.........##........##.........#",
    "#..............................#",
    "#....###.......##.......###....#",
    "#..............##..............#",
    "#......##............##........#",
    "#rr....##............##......bb#",
    "#rr..........................bb#",
    "################################",
];

export const TICK_MS = 50;
const RIFLE_COOLDOWN = 5;
const LAUNCHER_COOLDOWN = 24;
const RESPAWN_TICKS = 40;
const DAMAGE = 25;

class Bytes {
    data = [];
    u8(v) {
        this.data.push(v & 255);
        return this;
    }
    u16(v) {
        return this.u8(v).u8(v >> 8);
    }
    u32(v) {
        return this.u16(v & 0xffff).u16(v >>> 16);
    }
    word(text) {
        this.u8(text.length);
        for (const c of text) this.u8(c.charCodeAt(0));
        return this;
    }
    append(bytes) {
        this.data.push(...bytes);
        return this;
    }
}

/** What an entry of the objectives tells by mask: [bit, bytes] of each part. */
const ZONE_PARTS = [
    [1, (z) => new Bytes().u8(z.team)],
    [2, (z) => new Bytes().u8(z.progress)],
    [4, (z) => new Bytes().u16(z.x).u16(z.y).u16(z.radius)],
    [8, (z) => new Bytes().word(z.label)],
];
const ITEM_PARTS = [
    [1, (i) => new Bytes().u8(i.carrier).u8(i.atHome ? 1 : 0)],
    [2, (i) => new Bytes().u16(i.x).u16(i.y)],
    [4, (i) => new Bytes().u8(i.team).u8(i.who).u16(i.homeX).u16(i.homeY).word(i.kind)],
];

/** [count, changes] from one list to the next. */
function changesOf(before, now, parts) {
    const out = [];
    for (const id of new Set([...before.keys(), ...now.keys()])) {
        if (!now.has(id)) out.push([id, 64]);
        if (!now.has(id)) continue;
        const told = parts.filter(([, bytes]) => !before.has(id) ||
            String(bytes(before.get(id)).data) !== String(bytes(now.get(id)).data));
        const mask = told.reduce((sum, [bit]) => sum | bit, 0);
        if (mask) out.push([id, mask, ...told.flatMap(([, bytes]) => bytes(now.get(id)).data)]);
    }
    return [out.length, ...out.flat()];
}

const copyOf = (map) => new Map([...map].map(([id, value]) => [id, { ...value }]));

function flagsOf(a) {
    return (a.alive ? 1 : 0) | (a.protectedTicks > 0 ? 2 : 0) | (a.bot ? 4 : 0) |
        (a.connected ? 8 : 0);
}

export function introOf(killLimit) {
    return {
        map: { name: "yard", width: ROWS[0].length, height: ROWS.length, rows: ROWS },
        tileUnits: 256, playerRadius: 96, speed: 255,
        rifle: { range: 3072, cooldownTicks: RIFLE_COOLDOWN },
        launcher: { speed: 120, cooldownTicks: LAUNCHER_COOLDOWN, radius: 384 },
        killLimit, timeLimit: 300, friendlyFire: false, respawnTicks: RESPAWN_TICKS,
    };
}

export class FakeArena {
    tick = 0;
    avatars = new Map();
    projectiles = new Map();
    zones = new Map();
    items = new Map();
    scores = [0, 0, 0];
    shots = [];
    added = [];
    removed = [];
    events = [];
    #before = new Map();
    #zonesBefore = new Map();
    #itemsBefore = new Map();
    #scoresBefore = "";
    #nextId = 1;

    constructor(killLimit) {
        this.intro = introOf(killLimit);
        this.map = new ArenaMap(this.intro.map);
        this.killLimit = killLimit;
    }

    add(seat, team, bot) {
        const avatar = {
            seat, team, bot, connected: !bot, input: null, ack: 0, coolRifle: 0, coolLauncher: 0,
            kills: 0, deaths: 0, assists: 0, weapons: 3, level: 0, speed: 64,
            turn: Math.random() * 6.28,
        };
        this.avatars.set(seat, avatar);
        this.#spawn(avatar);
    }

    winner() {
        if (this.scores[1] >= this.killLimit) return "red";
        return this.scores[2] >= this.killLimit ? "blue" : null;
    }

    /** A hill in the middle, and a flag at each base. */
    place() {
        const base = (team) => this.#spots(team)[0];
        this.zones.set(1, { team: 0, progress: 0, x: 4096, y: 2048, radius: 640, label: "Hill" });
        for (const team of [1, 2]) {
            const { x, y } = base(team);
            this.items.set(team, { kind: "flag", team, who: 1, homeX: x, homeY: y, x, y,
                carrier: 255, atHome: true });
        }
    }

    carry(id, seat) {
        Object.assign(this.items.get(id), { carrier: seat, atHome: false });
    }

    /** Let an item fall where its carrier is. */
    drop(id) {
        const { x, y } = this.avatars.get(this.items.get(id).carrier);
        Object.assign(this.items.get(id), { carrier: 255, x, y });
    }

    step() {
        this.tick++;
        this.shots = [];
        this.added = [];
        this.removed = [];
        this.events = [];
        for (const a of this.avatars.values()) if (a.bot) this.#think(a);
        for (const a of this.avatars.values()) this.#act(a);
        for (const p of [...this.projectiles.values()]) this.#fly(p);
    }

    /** The client has the state as it is: the next delta begins here. */
    told() {
        this.#before = new Map([...this.avatars].map(([seat, a]) => [seat, this.#picture(a)]));
        this.#zonesBefore = copyOf(this.zones);
        this.#itemsBefore = copyOf(this.items);
        this.#scoresBefore = String(this.scores);
    }

    full() {
        const out = new Bytes().u8(this.avatars.size);
        for (const a of this.avatars.values()) {
            out.u8(a.seat).u8(a.team).u8(flagsOf(a)).u16(a.x).u16(a.y).u8(a.aim >> 8).u8(a.health);
        }
        out.u8(this.projectiles.size);
        for (const p of this.projectiles.values()) this.#putProjectile(out, p);
        out.u16(this.scores[1]).u16(this.scores[2]);
        return out.append(this.#objectives(new Map(), new Map(), new Map())).data;
    }

    delta() {
        const out = new Bytes();
        const changes = [...this.avatars.values()].map((a) => this.#change(a)).filter(Boolean);
        out.u8(changes.length);
        for (const change of changes) out.data.push(...change);
        out.u8(this.shots.length);
        for (const s of this.shots) out.u8(s.seat).u16(s.x).u16(s.y).u8(s.hit);
        out.u8(this.added.length);
        for (const p of this.added) this.#putProjectile(out, p);
        out.u8(this.removed.length);
        for (const p of this.removed) out.u8(p.id).u16(p.x).u16(p.y);
        if (String(this.scores) === this.#scoresBefore) out.u8(0);
        else out.u8(1).u16(this.scores[1]).u16(this.scores[2]);
        const objectives = this.#objectives(this.#zonesBefore, this.#itemsBefore, this.#before);
        return out.append(objectives).data;
    }

    #objectives(zones, items, avatars) {
        const loadouts = [...this.avatars.values()].filter((a) => {
            const was = avatars.get(a.seat) ?? { weapons: 3, level: 0, speed: 255 };
            return ["weapons", "level", "speed"].some((key) => was[key] !== a[key]);
        });
        const lists = [...changesOf(zones, this.zones, ZONE_PARTS),
            ...changesOf(items, this.items, ITEM_PARTS), loadouts.length,
            ...loadouts.flatMap((a) => [a.seat, a.weapons, a.level, a.speed])];
        return lists.some((byte) => byte) ? [1, ...lists] : [0];
    }

    #putProjectile(out, p) {
        out.u8(p.id).u8(p.owner).u16(p.x).u16(p.y).u8(p.vx).u8(p.vy);
    }

    #picture(a) {
        return { x: a.x, y: a.y, aim: a.aim >> 8, health: a.health, flags: flagsOf(a), team: a.team,
            weapons: a.weapons, level: a.level, speed: a.speed };
    }

    #change(a) {
        const was = this.#before.get(a.seat);
        const now = this.#picture(a);
        const out = new Bytes();
        let mask = 0;
        const dx = now.x - (was?.x ?? 0);
        const dy = now.y - (was?.y ?? 0);
        const isNear = was && Math.abs(dx) < 128 && Math.abs(dy) < 128;
        if (isNear && (dx || dy)) {
            mask |= 1;
            out.u8(dx).u8(dy);
        } else if (!isNear) {
            mask |= 2;
            out.u16(now.x).u16(now.y);
        }
        for (const [bit, key] of [[4, "aim"], [8, "health"], [16, "flags"], [32, "team"]]) {
            if (was?.[key] === now[key]) continue;
            mask |= bit;
            out.u8(now[key]);
        }
        return mask ? [a.seat, mask, ...out.data] : null;
    }

    #spots(team) {
        const mark = team === 1 ? "r" : "b";
        return ROWS.flatMap((row, y) => [...row].flatMap((c, x) =>
            (c === mark ? [{ x: x * 256 + 128, y: y * 256 + 128 }] : [])));
    }

    #spawn(a) {
        const spots = this.#spots(a.team);
        Object.assign(a, {
            ...spots[(a.seat * 5 + this.tick) % spots.length], alive: true, health: 100,
            protectedTicks: 20, wait: 0, aim: a.aim ?? 0,
        });
        this.events.push([2, a.seat]);
    }

    #nearest(a) {
        let best = null;
        for (const b of this.avatars.values()) {
            if (b.team === a.team || !b.alive) continue;
            const far = Math.hypot(b.x - a.x, b.y - a.y);
            if (!best || far < best.far) best = { b, far };
        }
        return best;
    }

    #think(a) {
        const best = this.#nearest(a);
        a.turn += (Math.random() - 0.5) * 0.6;
        if (best && best.far > 1500) {
            const way = Math.atan2(best.b.y - a.y, best.b.x - a.x);
            a.turn += Math.sin(way - a.turn) * 0.15;
        }
        const input = {
            moveX: Math.round(Math.cos(a.turn) * 110), moveY: Math.round(Math.sin(a.turn) * 110),
            held: 0, pressed: 0, aim: a.aim,
        };
        if (best) {
            const way = Math.atan2(best.b.y - a.y, best.b.x - a.x) + (Math.random() - 0.5) * 0.25;
            input.aim = Math.round((way / (2 * Math.PI)) * 65536) & 0xffff;
            if (best.far < 2600) input.held = Math.random() < 0.1 ? 3 : 1;
        }
        a.input = input;
    }

    #act(a) {
        if (!a.alive) {
            if (--a.wait <= 0) this.#spawn(a);
            return;
        }
        a.protectedTicks--;
        a.coolRifle--;
        a.coolLauncher--;
        const { input } = a;
        if (!input) return;
        const to = moveAvatar(this.map, a, input, this.intro);
        Object.assign(a, { x: to.x, y: to.y, aim: input.aim });
        const buttons = input.held | input.pressed;
        input.pressed = 0;
        if (buttons & 1 && a.coolRifle <= 0) this.#fireRifle(a);
        if (buttons & 2 && a.coolLauncher <= 0) this.#fireLauncher(a);
    }

    #fireRifle(a) {
        a.coolRifle = RIFLE_COOLDOWN;
        const angle = (a.aim / 65536) * 2 * Math.PI;
        for (let far = 100; far <= this.intro.rifle.range; far += 16) {
            const x = Math.round(a.x + Math.cos(angle) * far);
            const y = Math.round(a.y + Math.sin(angle) * far);
            const hit = [...this.avatars.values()].find((b) =>
                b.alive && b.team !== a.team && Math.hypot(b.x - x, b.y - y) < 96);
            const isEnd = far + 16 > this.intro.rifle.range;
            if (!hit && !isEnd && !this.map.isWall(x >> 8, y >> 8)) continue;
            this.shots.push({ seat: a.seat, x, y, hit: hit?.seat ?? 255 });
            if (hit) this.#hurt(a, hit, DAMAGE, 1);
            return;
        }
    }

    #fireLauncher(a) {
        a.coolLauncher = LAUNCHER_COOLDOWN;
        const angle = (a.aim / 65536) * 2 * Math.PI;
        const p = {
            id: this.#nextId++ & 255, owner: a.seat, x: a.x, y: a.y,
            vx: Math.round(Math.cos(angle) * 30), vy: Math.round(Math.sin(angle) * 30), age: 0,
        };
        this.projectiles.set(p.id, p);
        this.added.push(p);
    }

    #fly(p) {
        if (this.added.includes(p)) return;
        const x = p.x + p.vx * 4;
        const y = p.y + p.vy * 4;
        const owner = this.avatars.get(p.owner);
        const near = [...this.avatars.values()].filter((b) =>
            b.alive && b.team !== owner.team && Math.hypot(b.x - x, b.y - y) < 200);
        const isWall = this.map.isWall(x >> 8, y >> 8);
        if (isWall || near.length || ++p.age > 40) {
            this.projectiles.delete(p.id);
            this.removed.push(isWall ? p : { id: p.id, x, y });
            for (const b of near) this.#hurt(owner, b, 2 * DAMAGE, 2);
        } else {
            Object.assign(p, { x, y });
        }
    }

    #hurt(a, b, damage, weapon) {
        if (!b.alive || b.protectedTicks > 0) return;
        this.events.push([3, a.seat, b.seat, damage]);
        b.health = Math.max(0, b.health - damage);
        if (b.health > 0) return;
        Object.assign(b, { alive: false, wait: RESPAWN_TICKS });
        b.deaths++;
        a.kills++;
        this.scores[a.team]++;
        this.events.push([1, a.seat, b.seat, weapon, 255]);
    }
}
