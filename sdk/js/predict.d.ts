export type Point = {
    x: number;
    y: number;
};
export type Sighting = Point & {
    speed?: number | null;
};
/** @typedef {{x: number, y: number}} Point */
/** @typedef {Point & {speed?: number | null}} Sighting an avatar, say; without speed: the intro's */
export declare class MovePredictor {
    #private;
    /** After every input sent; null while dead or watching.
     * @type {Point | null} */
    position: Point | null;
    /**
     * @param {import("./arena.js").ArenaMap} map
     * @param {{speed: number, playerRadius: number}} rules the intro of the match
     */
    constructor(map: import("./arena.js").ArenaMap, rules: {
        speed: number;
        playerRadius: number;
    });
    /** Inputs that the server has not taken yet. */
    get pendingCount(): number;
    /**
     * An input was sent.
     *
     * @param {import("./types.js").Input} input
     */
    send(input: import("./types.js").Input): void;
    /**
     * The server has spoken.
     *
     * @param {number} ack sequence of the last input it took
     * @param {Sighting | null} at where it sees the avatar; null when dead
     * @returns {Point} how far the position has moved against what was predicted
     */
    reconcile(ack: number, at: Sighting | null): Point;
}
