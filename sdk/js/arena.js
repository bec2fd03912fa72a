// arena - the payload of mode_arena: decoding, and the movement formula for prediction.

import { Reader } from "./reader.js";

/** @typedef {import("./types.js").Avatar} Avatar */
/** @typedef {import("./types.js").Projectile} Projectile */
/** @typedef {import("./types.js").ArenaZone} ArenaZone */
/** @typedef {import("./types.js").ArenaItem} ArenaItem */

export const BUTTON_RIFLE = 1;
export const BUTTON_LAUNCHER = 2;
export const TEAMS = Object.freeze(["none", "red", "blue"]);
export const TILE_SHIFT = 8;

const FLAG_ALIVE = 1;
const FLAG_PROTECTED = 2;
const FLAG_BOT = 4;
const FLAG_CONNECTED = 8;
const GONE = 64;
const SEAT_NONE = 255;
const WEAPONS_ALL = 3;
const SPEED_INTRO = 255;

// How a delta tells a place: nothing, so many bits of what the step is other by, or all of it.
const DRIFT_BITS = [0, 4, 8];
const PLACE_WHOLE = 3;
const SPOT_BITS = 14;
const TURN_SMALL = 1;
const TURN_WHOLE = 2;
const TURN_BITS = 4;
const AIM_BITS = 8;

/** Walls by tile; outside the map is wall. */
export class ArenaMap {
    #walls;

    /** @param {{name: string, width: number, height: number, rows: string[]}} map */
    constructor({ name, width, height, rows }) {
        this.name = name;
        this.width = width;
        this.height = height;
        this.rows = rows;
        this.#walls = new Uint8Array(width * height);
        rows.forEach((row, y) => {
            for (let x = 0; x < width; x++) if (row[x] === "#") this.#walls[y * width + x] = 1;
        });
    }

    /**
     * @param {number} tileX
     * @param {number} tileY
     */
    isWall(tileX, tileY) {
        if (tileX < 0 || tileY < 0 || tileX >= this.width || tileY >= this.height) return true;
        return this.#walls[tileY * this.width + tileX] === 1;
    }

    /**
     * Does a square around a position touch a wall?
     *
     * @param {number} x
     * @param {number} y
     * @param {number} radius half of the side
     */
    touchesWall(x, y, radius) {
        const right = (x + radius) >> TILE_SHIFT;
        const bottom = (y + radius) >> TILE_SHIFT;
        for (let ty = (y - radius) >> TILE_SHIFT; ty <= bottom; ty++) {
            for (let tx = (x - radius) >> TILE_SHIFT; tx <= right; tx++) {
                if (this.isWall(tx, ty)) return true;
            }
        }
        return false;
    }
}

/** @param {number} value */
function isqrt(value) {
    return Math.floor(Math.sqrt(value));
}

/**
 * Division of integers as in C: cut towards zero, and no negative zero.
 *
 * @param {number} a
 * @param {number} b
 */
function divide(a, b) {
    return (a / b) | 0;
}

/**
 * The wish to move, clipped to length 127 and scaled to units per tick.
 *
 * @param {number} moveX -127 to 127
 * @param {number} moveY
 * @param {number} speed units per tick
 * @returns {{dx: number, dy: number}}
 */
export function moveStep(moveX, moveY, speed) {
    let x = moveX;
    let y = moveY;
    const squared = x * x + y * y;
    if (squared > 127 * 127) {
        const length = isqrt(squared);
        x = divide(x * 127, length);
        y = divide(y * 127, length);
    }
    return { dx: divide(x * speed, 127), dy: divide(y * speed, 127) };
}

/**
 * Flush against the border of the tile that the leading edge ran into.
 *
 * @param {number} position
 * @param {number} delta
 * @param {number} radius
 */
function flush(position, delta, radius) {
    if (delta > 0) return (((position + radius) >> TILE_SHIFT) << TILE_SHIFT) - radius - 1;
    return ((((position - radius) >> TILE_SHIFT) + 1) << TILE_SHIFT) + radius;
}

/**
 * Movement of one tick exactly as the server computes it, in integers.
 *
 * @param {ArenaMap} map
 * @param {{x: number, y: number}} from
 * @param {{moveX: number, moveY: number}} input
 * @param {{speed: number, playerRadius: number}} rules
 * @returns {{x: number, y: number}}
 */
export function moveAvatar(map, from, input, { speed, playerRadius }) {
    const { dx, dy } = moveStep(input.moveX, input.moveY, speed);
    let x = from.x + dx;
    if (dx !== 0 && map.touchesWall(x, from.y, playerRadius)) x = flush(x, dx, playerRadius);
    let y = from.y + dy;
    if (dy !== 0 && map.touchesWall(x, y, playerRadius)) y = flush(y, dy, playerRadius);
    return { x, y };
}

/**
 * @param {Avatar} avatar
 * @param {number} flags
 */
function setFlags(avatar, flags) {
    avatar.alive = (flags & FLAG_ALIVE) !== 0;
    avatar.protected = (flags & FLAG_PROTECTED) !== 0;
    avatar.bot = (flags & FLAG_BOT) !== 0;
    avatar.connected = (flags & FLAG_CONNECTED) !== 0;
}

/**
 * @param {number} seat
 * @returns {Avatar}
 */
function newAvatar(seat) {
    return {
        seat, team: 0, alive: false, protected: false, bot: false, connected: false,
        x: 0, y: 0, stepX: 0, stepY: 0, aim: 0, health: 0, weapons: WEAPONS_ALL, level: 0,
        speed: null,
    };
}

/**
 * One step on: the last one and what it is other by, or to a place that no step led to.
 *
 * @param {Avatar} avatar
 * @param {Reader} reader
 * @param {number} place
 */
function readPlace(avatar, reader, place) {
    if (place === PLACE_WHOLE) {
        const spot = { x: reader.bits(SPOT_BITS), y: reader.bits(SPOT_BITS) };
        Object.assign(avatar, spot, { stepX: 0, stepY: 0 });
        return;
    }
    if (place > 0) {
        avatar.stepX += reader.signedBits(DRIFT_BITS[place]);
        avatar.stepY += reader.signedBits(DRIFT_BITS[place]);
    }
    avatar.x += avatar.stepX;
    avatar.y += avatar.stepY;
}

/**
 * @param {Avatar} avatar
 * @param {Reader} reader
 * @param {number} turn
 */
function readTurn(avatar, reader, turn) {
    if (turn === TURN_SMALL) avatar.aim = (avatar.aim + reader.signedBits(TURN_BITS)) & 255;
    if (turn === TURN_WHOLE) avatar.aim = reader.bits(AIM_BITS);
}

/**
 * @param {number} id
 * @returns {ArenaZone}
 */
function newZone(id) {
    return { id, team: 0, progress: 0, x: 0, y: 0, radius: 0, label: "" };
}

/**
 * @param {number} id
 * @returns {ArenaItem}
 */
function newItem(id) {
    return {
        id, kind: "", team: 0, who: 0, homeX: 0, homeY: 0, x: 0, y: 0, carrier: SEAT_NONE,
        atHome: false,
    };
}

/**
 * @param {Uint8Array} bytes
 * @returns {import("./types.js").ArenaEvent | null} null for an event of a later version
 */
export function decodeArenaEvent(bytes) {
    const reader = new Reader(bytes, "arena payload");
    switch (reader.u8()) {
        case 1:
            return {
                type: "kill", killer: reader.u8(), victim: reader.u8(), weapon: reader.u8(),
                assist: reader.u8(),
            };
        case 2:
            return { type: "spawn", seat: reader.u8() };
        case 3:
            return { type: "hit", attacker: reader.u8(), victim: reader.u8(), damage: reader.u8() };
        default:
            return null;
    }
}

/** The state of the arena as the snapshots tell it. */
export class ArenaWorld {
    tick = -1;
    /** @type {Map<number, Avatar>} by seat */
    avatars = new Map();
    /** @type {Map<number, Projectile>} by id */
    projectiles = new Map();
    /** @type {Map<number, ArenaZone>} by id: places that rules care about */
    zones = new Map();
    /** @type {Map<number, ArenaItem>} by id: things to be carried */
    items = new Map();
    scores = { red: 0, blue: 0 };

    /**
     * Take in a snapshot. One that is not usable changes nothing, but its events count.
     *
     * @param {import("./types.js").Snapshot} snapshot
     * @returns {import("./types.js").ArenaChanges}
     */
    apply(snapshot) {
        /** @type {import("./types.js").ArenaChanges} */
        const changes = { shots: [], bursts: [], events: [] };
        if (snapshot.usable) {
            const reader = new Reader(snapshot.payload, "arena payload");
            if (snapshot.full) this.#readFull(reader);
            else this.#readDelta(reader, changes);
            this.tick = snapshot.tick;
        }
        for (const bytes of snapshot.events) {
            const event = decodeArenaEvent(bytes);
            if (event) changes.events.push(event);
        }
        return changes;
    }

    /** @param {Reader} reader */
    #readFull(reader) {
        this.avatars.clear();
        this.projectiles.clear();
        this.zones.clear();
        this.items.clear();
        for (let n = reader.u8(); n > 0; n--) {
            const avatar = newAvatar(reader.u8());
            avatar.team = reader.u8();
            setFlags(avatar, reader.u8());
            avatar.x = reader.u16();
            avatar.y = reader.u16();
            avatar.aim = reader.u8();
            avatar.health = reader.u8();
            avatar.stepX = reader.i16();
            avatar.stepY = reader.i16();
            this.avatars.set(avatar.seat, avatar);
        }
        for (let n = reader.u8(); n > 0; n--) this.#readProjectile(reader);
        this.scores = { red: reader.u16(), blue: reader.u16() };
        if (reader.u8()) this.#readObjectives(reader);
    }

    /**
     * @param {Reader} reader
     * @param {import("./types.js").ArenaChanges} changes
     */
    #readDelta(reader, changes) {
        for (const projectile of this.projectiles.values()) {
            projectile.x += projectile.vx * 4;
            projectile.y += projectile.vy * 4;
        }
        this.#readChanges(reader);
        while (reader.bits(1)) {
            const seat = reader.bits(5);
            const [endX, endY] = [reader.bits(SPOT_BITS), reader.bits(SPOT_BITS)];
            changes.shots.push({ seat, endX, endY, hit: reader.bits(8) });
        }
        while (reader.bits(1)) this.#readAdded(reader);
        while (reader.bits(1)) {
            const burst = { id: reader.bits(8), x: reader.bits(SPOT_BITS), y: reader.bits(SPOT_BITS) };
            this.projectiles.delete(burst.id);
            changes.bursts.push(burst);
        }
        const isScored = reader.bits(1);
        const hasObjectives = reader.bits(1);
        if (isScored) this.scores = { red: reader.u16(), blue: reader.u16() };
        if (hasObjectives) this.#readObjectives(reader);
    }

    /** @param {Reader} reader */
    #readChanges(reader) {
        const still = new Set(this.avatars.values());
        const count = reader.u8();
        for (let seat = 0; seat < count; seat++) {
            if (!reader.bits(1)) continue;
            const avatar = this.avatars.get(seat) ?? newAvatar(seat);
            this.avatars.set(seat, avatar);
            still.delete(avatar);
            this.#readChange(reader, avatar);
        }
        for (const avatar of still) readPlace(avatar, reader, 0);
    }

    /**
     * @param {Reader} reader
     * @param {Avatar} avatar
     */
    #readChange(reader, avatar) {
        const [place, turn, hasState] = [reader.bits(2), reader.bits(2), reader.bits(1)];
        readPlace(avatar, reader, place);
        readTurn(avatar, reader, turn);
        if (!hasState) return;
        if (!reader.bits(1)) return this.#remove(avatar.seat);
        avatar.team = reader.bits(2);
        setFlags(avatar, reader.bits(4));
        avatar.health = reader.bits(7);
    }

    /** @param {number} seat */
    #remove(seat) {
        this.avatars.delete(seat);
        for (const projectile of this.projectiles.values()) {
            if (projectile.owner === seat) projectile.owner = SEAT_NONE;
        }
    }

    /** @param {Reader} reader */
    #readProjectile(reader) {
        const id = reader.u8();
        this.projectiles.set(id, {
            id, owner: reader.u8(), x: reader.u16(), y: reader.u16(), vx: reader.i8(),
            vy: reader.i8(),
        });
    }

    /** @param {Reader} reader */
    #readAdded(reader) {
        const id = reader.bits(8);
        this.projectiles.set(id, {
            id, owner: reader.bits(8), x: reader.bits(SPOT_BITS), y: reader.bits(SPOT_BITS),
            vx: reader.signedBits(8), vy: reader.signedBits(8),
        });
    }

    /** @param {Reader} reader */
    #readObjectives(reader) {
        for (let n = reader.u8(); n > 0; n--) this.#readZone(reader);
        for (let n = reader.u8(); n > 0; n--) this.#readItem(reader);
        for (let n = reader.u8(); n > 0; n--) {
            const loadout = { seat: reader.u8(), weapons: reader.u8(), level: reader.u8() };
            const speed = reader.u8();
            const avatar = this.avatars.get(loadout.seat);
            if (!avatar) continue;
            Object.assign(avatar, loadout, { speed: speed === SPEED_INTRO ? null : speed });
        }
    }

    /** @param {Reader} reader */
    #readZone(reader) {
        const id = reader.u8();
        const mask = reader.u8();
        const zone = this.zones.get(id) ?? newZone(id);
        this.zones.set(id, zone);
        if (mask & 1) zone.team = reader.u8();
        if (mask & 2) zone.progress = reader.u8();
        if (mask & 4) {
            zone.x = reader.u16();
            zone.y = reader.u16();
            zone.radius = reader.u16();
        }
        if (mask & 8) zone.label = reader.text();
        if (mask & GONE) this.zones.delete(id);
    }

    /** @param {Reader} reader */
    #readItem(reader) {
        const id = reader.u8();
        const mask = reader.u8();
        const item = this.items.get(id) ?? newItem(id);
        this.items.set(id, item);
        if (mask & 1) {
            item.carrier = reader.u8();
            item.atHome = (reader.u8() & 1) !== 0;
        }
        if (mask & 2) {
            item.x = reader.u16();
            item.y = reader.u16();
        }
        if (mask & 4) {
            item.team = reader.u8();
            item.who = reader.u8();
            item.homeX = reader.u16();
            item.homeY = reader.u16();
            item.kind = reader.text();
        }
        if (mask & GONE) this.items.delete(id);
    }
}
