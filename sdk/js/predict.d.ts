export type Point = {
    x: number;
    y: number;
};
/** @typedef {{x: number, y: number}} Point */
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
     * @param {Point | null} at where it sees the avatar; null when dead
     * @returns {Point} how far the position has moved against what was predicted
     */
    reconcile(ack: number, at: Point | null): Point;
}
