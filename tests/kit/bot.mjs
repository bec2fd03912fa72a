// bot - a player's head for mode_arena: sees only what the snapshots say, answers with inputs.
//
// One input per snapshot. It walks towards its goal or the nearest enemy (breadth-first over the
// map's tiles), and when the line to one is free, it aims and fires, with no goal stepping sideways.
// Its sent inputs are kept, so that a kill can be led back to the input that fired.

import { ArenaMap, ArenaWorld, BUTTON_LAUNCHER, BUTTON_RIFLE } from "../../sdk/js/index.js";

const TURN = 65536;
const SLOW_SNAPSHOTS = 6;
const NEIGHBOURS = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
];

export function aimAt(from, to) {
    const angle = Math.atan2(to.y - from.y, to.x - from.x) / (2 * Math.PI);
    return Math.round(angle * TURN + TURN) % TURN;
}

/** Is the straight line free of walls, sampled each eighth of a tile? */
export function lineIsFree(map, from, to, tileUnits) {
    const distance = Math.hypot(to.x - from.x, to.y - from.y);
    const steps = Math.ceil((distance * 8) / tileUnits);
    for (let i = 1; i < steps; i++) {
        const x = from.x + ((to.x - from.x) * i) / steps;
        const y = from.y + ((to.y - from.y) * i) / steps;
        if (map.isWall(Math.floor(x / tileUnits), Math.floor(y / tileUnits))) return false;
    }
    return true;
}

/** The next tile on a shortest way from one tile to another, or null. Tiles are {x, y}. */
export function nextTile(map, from, to) {
    const key = (x, y) => y * map.width + x;
    const towards = new Map([[key(to.x, to.y), null]]);
    const queue = [to];
    for (let head = 0; head < queue.length; head++) {
        const tile = queue[head];
        if (tile.x === from.x && tile.y === from.y) return towards.get(key(tile.x, tile.y));
        for (const [dx, dy] of NEIGHBOURS) {
            const next = { x: tile.x + dx, y: tile.y + dy };
            if (map.isWall(next.x, next.y) || towards.has(key(next.x, next.y))) continue;
            towards.set(key(next.x, next.y), tile);
            queue.push(next);
        }
    }
    return null;
}

const isEnemy = (other, own) => other !== own && (other.team !== own.team || own.team === 0);

export class Bot {
    world = new ArenaWorld();
    kills = []; // {tick, killer, victim, weapon, ack} as seen here; ack: our last input taken
    inputs = new Map(); // sequence -> input, the last 64
    snapshots = 0;
    #client;
    #map;
    #intro;
    #sequence = 0;
    #aimedFor = 0; // snapshots with a target in sight
    #held = 0;
    #before = new Map(); // seat -> position one snapshot ago
    #off;

    /** @param match the MatchInfo of Entry.match or match.started */
    /** slowTeam: this team looks twice before it fires, so that both seldom win in the same tick. */
    /** goal(world, own): where it has to go, {x, y}, or null: wherever an enemy is. */
    /** hunts(other, own): is that one an enemy? */
    constructor(client, match, { fires = true, slowTeam = 2, goal = () => null, hunts = isEnemy } = {}) {
        this.#client = client;
        this.#intro = match.intro;
        this.#map = new ArenaMap(match.intro.map);
        this.fires = fires;
        this.slowTeam = slowTeam;
        this.goal = goal;
        this.hunts = hunts;
        this.#off = client.on("snapshot", (snapshot) => this.#onSnapshot(snapshot));
    }

    stop() {
        this.#off();
    }

    get map() {
        return this.#map;
    }

    #onSnapshot(snapshot) {
        this.snapshots++;
        const { events } = this.world.apply(snapshot);
        for (const event of events) {
            if (event.type === "kill")
                this.kills.push({ ...event, tick: snapshot.tick, ack: snapshot.ack });
        }
        const own = this.world.avatars.get(snapshot.seat);
        const input = own?.alive ? this.#decide(own) : { held: 0, aim: 0, moveX: 0, moveY: 0 };
        this.#send(input);
        this.#before = new Map([...this.world.avatars].map(([seat, { x, y }]) => [seat, { x, y }]));
    }

    #send({ held, aim, moveX, moveY }) {
        const input = {
            sequence: ++this.#sequence,
            held,
            pressed: held & ~this.#held,
            aim,
            moveX,
            moveY,
        };
        this.#held = held;
        this.inputs.set(input.sequence, input);
        this.inputs.delete(input.sequence - 64);
        this.#client.sendInput(input);
    }

    /** Did an input up to `ack`, at most `back` older, hold the button? */
    fired(button, ack, back = 8) {
        for (let sequence = ack; sequence > ack - back; sequence--) {
            const input = this.inputs.get(sequence);
            if (input && (input.held | input.pressed) & button) return true;
        }
        return false;
    }

    #decide(own) {
        const enemies = [...this.world.avatars.values()]
            .filter((other) => other.alive && this.hunts(other, own))
            .map((other) => ({ other, distance: Math.hypot(other.x - own.x, other.y - own.y) }))
            .sort((a, b) => a.distance - b.distance);
        const range = this.#intro.rifle.range;
        const target = enemies.find(
            ({ other, distance }) =>
                distance < range &&
                !other.protected &&
                lineIsFree(this.#map, own, other, this.#intro.tileUnits),
        );
        this.#aimedFor = target ? this.#aimedFor + 1 : 0;
        const goal = this.goal(this.world, own);
        const walk = goal ? this.#walk(own, goal) : null;
        if (target && this.fires) {
            const fight = this.#fight(own, target.other);
            const waits = own.team === this.slowTeam && this.#aimedFor <= SLOW_SNAPSHOTS;
            return { ...fight, ...(walk && { moveX: walk.moveX, moveY: walk.moveY }), ...(waits && { held: 0 }) };
        }
        if (walk) return walk;
        if (enemies.length === 0) return { held: 0, aim: 0, moveX: 0, moveY: 0 };
        return this.#walk(own, enemies[0].other);
    }

    /** Aims at where the target will be when the input is taken. */
    #fight(own, target) {
        const before = this.#before.get(target.seat) ?? target;
        const ahead = { x: 2 * target.x - before.x, y: 2 * target.y - before.y };
        const jumped = Math.hypot(target.x - before.x, target.y - before.y) > this.#intro.tileUnits;
        const aim = aimAt(own, jumped ? target : ahead);
        const side = (this.world.tick >> 4) & 1 ? 1 : -1;
        const angle = (aim / TURN) * 2 * Math.PI + (side * Math.PI) / 2;
        return {
            held: own.weapons & BUTTON_RIFLE ? BUTTON_RIFLE : BUTTON_LAUNCHER, // the same bits
            aim,
            moveX: Math.round(80 * Math.cos(angle)),
            moveY: Math.round(80 * Math.sin(angle)),
        };
    }

    #walk(own, goal) {
        const units = this.#intro.tileUnits;
        const tile = ({ x, y }) => ({ x: Math.floor(x / units), y: Math.floor(y / units) });
        const next = nextTile(this.#map, tile(own), tile(goal)) ?? tile(goal);
        const dx = next.x * units + units / 2 - own.x;
        const dy = next.y * units + units / 2 - own.y;
        const length = Math.max(Math.hypot(dx, dy), 1);
        const aim = aimAt(own, goal);
        return {
            held: 0,
            aim,
            moveX: Math.round((127 * dx) / length),
            moveY: Math.round((127 * dy) / length),
        };
    }
}
