// predict - the own avatar of mode_arena where the server will see it: its word, and on top of it
// the inputs that it has not taken yet.

import { moveAvatar } from "./arena.js";

const PENDING_MAX = 64;

/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point & {speed?: number | null}} Sighting an avatar, say; without speed: the intro's */

export class MovePredictor {
    /** @type {import("./types.js").Input[]} */
    #pending = [];
    #map;
    #intro;
    #rules;
    /** After every input sent; null while dead or watching.
     * @type {Point | null} */
    position = null;

    /**
     * @param {import("./arena.js").ArenaMap} map
     * @param {{speed: number, playerRadius: number}} rules the intro of the match
     */
    constructor(map, rules) {
        this.#map = map;
        this.#intro = this.#rules = rules;
    }

    /** Inputs that the server has not taken yet. */
    get pendingCount() {
        return this.#pending.length;
    }

    /**
     * An input was sent.
     *
     * @param {import("./types.js").Input} input
     */
    send(input) {
        this.#pending.push(input);
        if (this.#pending.length > PENDING_MAX) this.#pending.shift();
        if (this.position) this.position = moveAvatar(this.#map, this.position, input, this.#rules);
    }

    /**
     * The server has spoken.
     *
     * @param {number} ack sequence of the last input it took
     * @param {Sighting | null} at where it sees the avatar; null when dead
     * @returns {Point} how far the position has moved against what was predicted
     */
    reconcile(ack, at) {
        if (at) this.#rules = { ...this.#intro, speed: at.speed ?? this.#intro.speed };
        this.#pending = this.#pending.filter(({ sequence }) => ((sequence - ack) | 0) > 0);
        const before = this.position;
        this.position = at && this.#pending.reduce(
            (from, input) => moveAvatar(this.#map, from, input, this.#rules), { x: at.x, y: at.y });
        if (!before || !this.position) return { x: 0, y: 0 };
        return { x: this.position.x - before.x, y: this.position.y - before.y };
    }
}
