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

/** Bits, the lowest one of a value first. */
class Bits {
    #bits = [];
    put(value, width) {
        for (let i = 0; i < width; i++) this.#bits.push((value >> i) & 1);
        return this;
    }
    get data() {
        const out = [];
        this.#bits.forEach((bit, i) => (out[i >> 3] = (out[i >> 3] ?? 0) | (bit << (i & 7))));
        return out;
    }
}

const fits = (values, width) => values.every((v) => v >= -(2 ** (width - 1)) && v < 2 ** (width - 1));

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
        this.#before = new Map([...this.avatars].map(([seat, a]) => [seat, this.#told(a)]));
        this.#zonesBefore = copyOf(this.zones);
        this.#itemsBefore = copyOf(this.items);
        this.#scoresBefore = String(this.scores);
    }

    full() {
        const out = new Bytes().u8(this.avatars.size);
        for (const a of this.avatars.values()) {
            out.u8(a.seat).u8(a.team).u8(flagsOf(a)).u16(a.x).u16(a.y).u8(a.aim >> 8).u8(a.health);
            const [stepX, stepY] = this.#told(a).step;
            out.u16(stepX).u16(stepY);
        }
        out.u8(this.projectiles.size);
        for (const p of this.projectiles.values()) this.#putProjectile(out, p);
        out.u16(this.scores[1]).u16(this.scores[2]);
        const objectives = this.#objectives(new Map(), new Map(), new Map());
        return out.u8(objectives.length > 0).append(objectives).data;
    }

    delta() {
        const bits = new Bits();
        const changes = [];
        for (const seat of new Set([...this.#before.keys(), ...this.avatars.keys()])) {
            const change = this.#change(seat);
            if (change) changes[seat] = change;
        }
        bits.put(changes.length, 8);
        for (const change of changes) for (const field of change ?? [[0, 1]]) bits.put(...field);
        for (const s of this.shots) bits.put(1, 1).put(s.seat, 5).put(s.x, 14).put(s.y, 14).put(s.hit, 8);
        bits.put(0, 1);
        for (const p of this.added) {
            bits.put(1, 1).put(p.id, 8).put(p.owner, 8).put(p.x, 14).put(p.y, 14).put(p.vx, 8).put(p.vy, 8);
        }
        bits.put(0, 1);
        for (const p of this.removed) bits.put(1, 1).put(p.id, 8).put(p.x, 14).put(p.y, 14);
        bits.put(0, 1);
        const isScored = String(this.scores) !== this.#scoresBefore;
        const objectives = this.#objectives(this.#zonesBefore, this.#itemsBefore, this.#before);
        bits.put(isScored, 1).put(objectives.length > 0, 1);
        const out = new Bytes().append(bits.data);
        if (isScored) out.u16(this.scores[1]).u16(this.scores[2]);
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
        return lists.some((byte) => byte) ? lists : [];
    }

    #putProjectile(out, p) {
        out.u8(p.id).u8(p.owner).u16(p.x).u16(p.y).u8(p.vx).u8(p.vy);
    }

    #picture(a) {
        const was = this.#before.get(a.seat);
        const step = was ? [a.x - was.x, a.y - was.y] : [0, 0];
        const isFollowed = was && fits(step.map((d, i) => d - was.step[i]), 8);
        return { x: a.x, y: a.y, aim: a.aim >> 8, health: a.health, flags: flagsOf(a), team: a.team,
            weapons: a.weapons, level: a.level, speed: a.speed, isFollowed, step: isFollowed ? step : [0, 0] };
    }

    /** Its picture as a client has it: of a copy, whose ticks the scene may not all have seen, with its own step. */
    #told(a) {
        const picture = this.#picture(a);
        return a.stepX === undefined ? picture : { ...picture, step: [a.stepX, a.stepY] };
    }

    /** [value, bits] of each field; null: one step on, and else the same. */
    #change(seat) {
        const was = this.#before.get(seat);
        if (!this.avatars.has(seat)) return [[1, 1], [0, 2], [0, 2], [1, 1], [0, 1]];
        const now = this.#picture(this.avatars.get(seat));
        const drift = now.step.map((d, i) => d - (was?.step[i] ?? 0));
        const turned = was ? ((now.aim - was.aim + 128) & 255) - 128 : 128;
        const isOther = !was || ["team", "flags", "health"].some((key) => was[key] !== now[key]);
        const place = !now.isFollowed ? 3 : !fits(drift, 4) ? 2 : drift.some((d) => d) ? 1 : 0;
        const turn = !fits([turned], 4) ? 2 : turned ? 1 : 0;
        if (!place && !turn && !isOther) return null;
        const places = [[], drift.map((d) => [d, 4]), drift.map((d) => [d, 8]), [[now.x, 14], [now.y, 14]]];
        const turns = [[], [[turned, 4]], [[now.aim, 8]]];
        const state = isOther ? [[1, 1], [now.team, 2], [now.flags, 4], [now.health, 7]] : [];
        return [[1, 1], [place, 2], [turn, 2], [isOther, 1], ...places[place], ...turns[turn], ...state];
    }
}
