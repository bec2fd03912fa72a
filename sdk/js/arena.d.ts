export type Avatar = import("./types.js").Avatar;
export type Projectile = import("./types.js").Projectile;
export type ArenaZone = import("./types.js").ArenaZone;
export type ArenaItem = import("./types.js").ArenaItem;
/** @typedef {import("./types.js").Avatar} Avatar */
/** @typedef {import("./types.js").Projectile} Projectile */
/** @typedef {import("./types.js").ArenaZone} ArenaZone */
/** @typedef {import("./types.js").ArenaItem} ArenaItem */
export declare const BUTTON_RIFLE = 1;
export declare const BUTTON_LAUNCHER = 2;
export declare const TEAMS: readonly string[];
export declare const TILE_SHIFT = 8;
/** Walls by tile; outside the map is wall. */
export declare class ArenaMap {
    #private;
    name: string;
    width: number;
    height: number;
    rows: string[];
    /** @param {{name: string, width: number, height: number, rows: string[]}} map */
    constructor({ name, width, height, rows }: {
        name: string;
        width: number;
        height: number;
        rows: string[];
    });
    /**
     * @param {number} tileX
     * @param {number} tileY
     */
    isWall(tileX: number, tileY: number): boolean;
    /**
     * Does a square around a position touch a wall?
     *
     * @param {number} x
     * @param {number} y
     * @param {number} radius half of the side
     */
    touchesWall(x: number, y: number, radius: number): boolean;
}
/**
 * The wish to move, clipped to length 127 and scaled to units per tick.
 *
 * @param {number} moveX -127 to 127
 * @param {number} moveY
 * @param {number} speed units per tick
 * @returns {{dx: number, dy: number}}
 */
export declare function moveStep(moveX: number, moveY: number, speed: number): {
    dx: number;
    dy: number;
};
/**
 * Movement of one tick exactly as the server computes it, in integers.
 *
 * @param {ArenaMap} map
 * @param {{x: number, y: number}} from
 * @param {{moveX: number, moveY: number}} input
 * @param {{speed: number, playerRadius: number}} rules
 * @returns {{x: number, y: number}}
 */
export declare function moveAvatar(map: ArenaMap, from: {
    x: number;
    y: number;
}, input: {
    moveX: number;
    moveY: number;
}, { speed, playerRadius }: {
    speed: number;
    playerRadius: number;
}): {
    x: number;
    y: number;
};
/**
 * @param {Uint8Array} bytes
 * @returns {import("./types.js").ArenaEvent | null} null for an event of a later version
 */
export declare function decodeArenaEvent(bytes: Uint8Array): import("./types.js").ArenaEvent | null;
/** The state of the arena as the snapshots tell it. */
export declare class ArenaWorld {
    #private;
    tick: number;
    /** @type {Map<number, Avatar>} by seat */
    avatars: Map<number, Avatar>;
    /** @type {Map<number, Projectile>} by id */
    projectiles: Map<number, Projectile>;
    /** @type {Map<number, ArenaZone>} by id: places that rules care about */
    zones: Map<number, ArenaZone>;
    /** @type {Map<number, ArenaItem>} by id: things to be carried */
    items: Map<number, ArenaItem>;
    scores: {
        red: number;
        blue: number;
    };
    /**
     * Take in a snapshot. One that is not usable changes nothing, but its events count.
     *
     * @param {import("./types.js").Snapshot} snapshot
     * @returns {import("./types.js").ArenaChanges}
     */
    apply(snapshot: import("./types.js").Snapshot): import("./types.js").ArenaChanges;
}
