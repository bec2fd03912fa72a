export declare const FRAME_INPUT = 1;
export declare const FRAME_MESSAGE = 2;
export declare const FRAME_SNAPSHOT = 129;
export declare const FRAME_JSON = 130;
/** Deflated parts inflate to at most this many bytes. */
export declare const INFLATED_MAX = 65536;
export declare const SEAT_NONE = 255;
/** Can this browser inflate what a server deflates? Some have the class but not the format. */
export declare function canInflate(): boolean;
/**
 * Raw deflate, refusing to grow past max bytes.
 *
 * @param {Uint8Array} bytes
 * @param {number} [max]
 * @returns {Promise<Uint8Array>}
 */
export declare function inflate(bytes: Uint8Array, max?: number): Promise<Uint8Array>;
/**
 * Does the frame carry a deflated part?
 *
 * @param {Uint8Array} frame
 */
export declare function isDeflated(frame: Uint8Array): boolean;
/**
 * Inflate the deflated part of a snapshot or JSON frame.
 *
 * @param {Uint8Array} frame
 * @returns {Promise<Uint8Array>} the same frame, not deflated
 */
export declare function inflateFrame(frame: Uint8Array): Promise<Uint8Array>;
/**
 * The text of a 0x82 frame that is not deflated.
 *
 * @param {Uint8Array} frame
 */
export declare function decodeJsonFrame(frame: Uint8Array): string;
/**
 * Decode a snapshot frame that is not deflated. `usable` is set by who knows the tick before.
 *
 * @param {Uint8Array} frame
 * @returns {import("./types.js").Snapshot}
 */
export declare function decodeSnapshot(frame: Uint8Array): import("./types.js").Snapshot;
/**
 * Frame of a message to the mode.
 *
 * @param {Uint8Array} message 1 to 1024 bytes
 * @returns {Uint8Array}
 */
export declare function encodeMessage(message: Uint8Array): Uint8Array;
/**
 * @param {import("./types.js").Input} input
 * @returns {Uint8Array}
 */
export declare function encodeInput(input: import("./types.js").Input): Uint8Array;
