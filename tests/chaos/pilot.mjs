// pilot - hands for a player: inputs that cost next to nothing, so that hundreds fit into one process,
// and the score as the snapshots tell it.
//
// In the arena all go to the middle by one map of ways and shoot at who is nearest; in a mode without a
// base they press the first button.

import { ArenaMap, ArenaWorld, BUTTON_RIFLE, SyncState } from "../../sdk/js/index.js";
import { aimAt } from "../kit/bot.mjs";

const SNAPSHOTS_PER_INPUT = 3;
const TILE = 256;
const STEPS = [[1, 0], [-1, 0], [0, 1], [0, -1]];
const ways = new Map(); // by map: for each tile the next one on the way to the middle

const keyOf = (map, { x, y }) => y * map.width + x;

/** The floor that is nearest to the middle. */
function middleOf(map) {
    const far = ({ x, y }) => Math.hypot(x - map.width / 2, y - map.height / 2);
    let best = { x: 1, y: 1 };
    for (let y = 0; y < map.height; y++) {
        for (let x = 0; x < map.width; x++) {
            if (!map.isWall(x, y) && far({ x, y }) < far(best)) best = { x, y };
        }
    }
    return best;
}

function waysOf(intro) {
    if (ways.has(intro.map.name)) return ways.get(intro.map.name);
    const map = new ArenaMap(intro.map);
    const middle = middleOf(map);
    const next = new Map([[keyOf(map, middle), middle]]);
    spread(map, middle, next);
    ways.set(intro.map.name, { map, next });
    return ways.get(intro.map.name);
}

function spread(map, from, next) {
    const queue = [from];
    for (let head = 0; head < queue.length; head++) {
        const tile = queue[head];
        for (const [dx, dy] of STEPS) {
            const beside = { x: tile.x + dx, y: tile.y + dy };
            if (map.isWall(beside.x, beside.y) || next.has(keyOf(map, beside))) continue;
            next.set(keyOf(map, beside), tile);
            queue.push(beside);
        }
    }
}

class ArenaView {
    #world = new ArenaWorld();
    #ways;

    constructor({ intro }) {
        this.#ways = waysOf(intro);
    }

    apply(snapshot) {
        this.#world.apply(snapshot);
    }

    get score() {
        return [this.#world.scores.red, this.#world.scores.blue];
    }

    decide(seat) {
        const own = this.#world.avatars.get(seat);
        if (!own?.alive) return { held: 0, aim: 0, moveX: 0, moveY: 0 };
        const target = this.#nearest(own);
        const { moveX, moveY } = this.#walk(own);
        return { held: target ? BUTTON_RIFLE : 0, aim: target ? aimAt(own, target) : 0, moveX, moveY };
    }

    #nearest(own) {
        let best = null;
        for (const other of this.#world.avatars.values()) {
            if (!other.alive || other.team === own.team) continue;
            const distance = Math.hypot(other.x - own.x, other.y - own.y);
            if (!best || distance < best.distance) best = { x: other.x, y: other.y, distance };
        }
        return best;
    }

    #walk(own) {
        const { map, next } = this.#ways;
        const to = next.get(keyOf(map, { x: Math.floor(own.x / TILE), y: Math.floor(own.y / TILE) }));
        if (!to) return { moveX: 0, moveY: 0 };
        const dx = to.x * TILE + TILE / 2 - own.x;
        const dy = to.y * TILE + TILE / 2 - own.y;
        const length = Math.max(Math.hypot(dx, dy), 1);
        return { moveX: Math.round((127 * dx) / length), moveY: Math.round((127 * dy) / length) };
    }
}

class SyncView {
    #state;
    #seatsMax;

    constructor({ intro, seatsMax }) {
        this.#state = new SyncState(intro.sync, seatsMax);
        this.#seatsMax = seatsMax;
    }

    apply(snapshot) {
        if (snapshot.usable) this.#state.apply(snapshot.payload, snapshot.full);
    }

    /** What each seat has pulled. */
    get score() {
        return Array.from({ length: this.#seatsMax }, (_, seat) => this.#state.players.get(seat)?.get("pulls") ?? 0);
    }

    decide() {
        return { held: 1, aim: 0, moveX: 0, moveY: 0 };
    }
}

/** Null for a mode of which nothing is known. */
function viewOf(match) {
    if (match.intro?.map) return new ArenaView(match);
    return match.intro?.sync ? new SyncView(match) : null;
}

export class Pilot {
    #view;
    #client;
    #ledger;
    #sequence = 0;
    #snapshots = 0;

    /** match: the MatchInfo. */
    constructor(match, ledger) {
        this.matchId = match.matchId;
        this.#ledger = ledger;
        this.#view = viewOf(match);
    }

    take(client, snapshot) {
        if (!this.#view) return;
        this.#client = client;
        this.#view.apply(snapshot);
        if (snapshot.usable) this.#ledger.snapshot(this.matchId, snapshot.tick, this.#view.score);
        if (snapshot.seat !== 255 && ++this.#snapshots % SNAPSHOTS_PER_INPUT === 0) this.#play(snapshot.seat);
    }

    #play(seat) {
        const input = this.#view.decide(seat);
        this.#client.sendInput({ sequence: ++this.#sequence, pressed: input.held, ...input });
    }
}
