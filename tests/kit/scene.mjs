// scene - an arena as a test sets it up, in the bytes that mode_arena sends: docs/protocol.md section 6, written
// apart from the decoder in sdk/js. tests/unit/sdk_js/scene.test.mjs holds it to those of a real match.

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

/** What the match says of itself at its begin. */
export const INTRO = Object.freeze({
    map: { name: "yard", width: ROWS[0].length, height: ROWS.length, rows: ROWS },
    tileUnits: 256, playerRadius: 96, speed: 255, rifle: { range: 3072, cooldownTicks: 5 },
    launcher: { speed: 120, cooldownTicks: 24, radius: 384 }, killLimit: 15, timeLimit: 300,
    freeForAll: false, friendlyFire: false, respawnTicks: 40,
});

export class Scene {
    tick = 0;
    avatars = new Map();
    projectiles = new Map();
    zones = new Map();
    items = new Map();
    scores = [0, 0, 0];
    shots = []; // of this tick, as the next two
    added = [];
    removed = [];
    #before = new Map();
    #zonesBefore = new Map();
    #itemsBefore = new Map();
    #scoresBefore = "";

    add(seat, team, bot, fields = {}) {
        this.avatars.set(seat, {
            seat, team, bot, connected: !bot, x: 0, y: 0, aim: 0, alive: true, health: 100, protectedTicks: 0,
            weapons: 3, level: 0, speed: 255, ...fields,
        });
    }

    /** A hill in the middle, and a flag at each base. */
    place() {
        this.zones.set(1, { team: 0, progress: 0, x: 4096, y: 2048, radius: 640, label: "Hill" });
        for (const [team, x] of [[1, 384], [2, 7552]]) {
            this.items.set(team, { kind: "flag", team, who: 1, homeX: x, homeY: 384, x, y: 384,
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
}
