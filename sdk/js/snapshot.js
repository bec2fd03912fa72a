// snapshot - the binary frames of docs/protocol.md section 4: snapshots, inputs, deflated JSON.

import { MusterError } from "./errors.js";

export const FRAME_INPUT = 0x01;
export const FRAME_MESSAGE = 0x02;
export const FRAME_SNAPSHOT = 0x81;
export const FRAME_JSON = 0x82;
/** Deflated parts inflate to at most this many bytes. */
export const INFLATED_MAX = 65536;
export const SEAT_NONE = 255;

const HEADER_BYTES = 16;
const FLAG_FULL = 1;
const FLAG_DEFLATED = 2;
const INPUT_BYTES = 14;
const MESSAGE_BYTES_MAX = 1024;
const SAMPLE_BYTES = 5;
const SAMPLES_MAX = 3;

/** @param {string} what */
function badFrame(what) {
    return new MusterError("bad_frame", `malformed frame: ${what}`);
}

/** @param {Uint8Array} bytes */
function viewOf(bytes) {
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Can this browser inflate what a server deflates? Some have the class but not the format. */
export function canInflate() {
    try {
        return Boolean(new DecompressionStream("deflate-raw"));
    } catch {
        return false;
    }
}

/**
 * Raw deflate, refusing to grow past max bytes.
 *
 * @param {Uint8Array} bytes
 * @param {number} [max]
 * @returns {Promise<Uint8Array>}
 */
export async function inflate(bytes, max = INFLATED_MAX) {
    const stream = new Blob([/** @type {any} */ (bytes)])
        .stream()
        .pipeThrough(new DecompressionStream("deflate-raw"));
    const reader = stream.getReader();
    /** @type {Uint8Array[]} */
    const chunks = [];
    let length = 0;
    for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        length += value.length;
        if (length > max) {
            await reader.cancel();
            throw badFrame(`inflates to more than ${max} bytes`);
        }
        chunks.push(value);
    }
    const out = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
        out.set(chunk, at);
        at += chunk.length;
    }
    return out;
}

/**
 * Does the frame carry a deflated part?
 *
 * @param {Uint8Array} frame
 */
export function isDeflated(frame) {
    return frame.length > 1 && (frame[1] & FLAG_DEFLATED) !== 0;
}

/**
 * Inflate the deflated part of a snapshot or JSON frame.
 *
 * @param {Uint8Array} frame
 * @returns {Promise<Uint8Array>} the same frame, not deflated
 */
export async function inflateFrame(frame) {
    const head = frame[0] === FRAME_SNAPSHOT ? HEADER_BYTES : 2;
    if (frame.length < head) throw badFrame("too short");
    const rest = await inflate(frame.subarray(head));
    const out = new Uint8Array(head + rest.length);
    out.set(frame.subarray(0, head));
    out.set(rest, head);
    out[1] &= ~FLAG_DEFLATED;
    return out;
}

/**
 * The text of a 0x82 frame that is not deflated.
 *
 * @param {Uint8Array} frame
 */
export function decodeJsonFrame(frame) {
    if (frame.length < 2 || frame[0] !== FRAME_JSON) throw badFrame("not a JSON frame");
    return new TextDecoder("utf-8", { fatal: true }).decode(frame.subarray(2));
}

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array[]}
 */
function splitEvents(bytes) {
    const events = [];
    for (let at = 0; at < bytes.length; ) {
        const length = bytes[at];
        if (at + 1 + length > bytes.length) throw badFrame("event past the end");
        events.push(bytes.subarray(at + 1, at + 1 + length));
        at += 1 + length;
    }
    return events;
}

/**
 * Decode a snapshot frame that is not deflated. `usable` is set by who knows the tick before.
 *
 * @param {Uint8Array} frame
 * @returns {import("./types.js").Snapshot}
 */
export function decodeSnapshot(frame) {
    if (frame.length < HEADER_BYTES || frame[0] !== FRAME_SNAPSHOT) throw badFrame("no snapshot");
    const view = viewOf(frame);
    const end = HEADER_BYTES + view.getUint16(14, true);
    if (end > frame.length) throw badFrame("payload past the end");
    return {
        full: (frame[1] & FLAG_FULL) !== 0,
        usable: (frame[1] & FLAG_FULL) !== 0,
        seat: frame[2],
        tick: view.getUint32(4, true),
        ack: view.getUint32(8, true),
        tickUs: view.getUint16(12, true) * 10,
        payload: frame.subarray(HEADER_BYTES, end),
        events: splitEvents(frame.subarray(end)),
    };
}

/**
 * Frame of a message to the mode.
 *
 * @param {Uint8Array} message 1 to 1024 bytes
 * @returns {Uint8Array}
 */
export function encodeMessage(message) {
    if (message.length < 1 || message.length > MESSAGE_BYTES_MAX)
        throw new RangeError(`a message has 1 to ${MESSAGE_BYTES_MAX} bytes, found ${message.length}`);
    const bytes = new Uint8Array(1 + message.length);
    bytes[0] = FRAME_MESSAGE;
    bytes.set(message, 1);
    return bytes;
}

/**
 * @param {import("./types.js").Input} input
 * @returns {Uint8Array}
 */
export function encodeInput(input) {
    const samples = (input.samples ?? []).slice(0, SAMPLES_MAX);
    const bytes = new Uint8Array(INPUT_BYTES + SAMPLE_BYTES * samples.length);
    const view = viewOf(bytes);
    bytes[0] = FRAME_INPUT;
    bytes[1] = samples.length;
    view.setUint32(2, input.sequence, true);
    view.setUint16(6, input.held, true);
    view.setUint16(8, input.pressed, true);
    view.setUint16(10, input.aim, true);
    view.setInt8(12, input.moveX);
    view.setInt8(13, input.moveY);
    samples.forEach((sample, i) => {
        const at = INPUT_BYTES + SAMPLE_BYTES * i;
        view.setUint8(at, sample.at);
        view.setUint16(at + 1, sample.pressed, true);
        view.setUint16(at + 3, sample.aim, true);
    });
    return bytes;
}
