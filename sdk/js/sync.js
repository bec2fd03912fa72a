// sync - the payload of modes in Lua that declare mode.sync: docs/protocol.md section 12.

import { MusterError } from "./errors.js";
import { Reader } from "./reader.js";

/** @typedef {import("./types.js").SyncField} SyncField */
/** @typedef {import("./types.js").SyncValue} SyncValue */

/** @type {Map<string, {zero: SyncValue, read: (reader: Reader) => SyncValue}>} by type */
const TYPES = new Map([
    ["bool", { zero: false, read: (reader) => reader.u8() !== 0 }],
    ["u8", { zero: 0, read: (reader) => reader.u8() }],
    ["i16", { zero: 0, read: (reader) => reader.i16() }],
    ["u16", { zero: 0, read: (reader) => reader.u16() }],
    ["i32", { zero: 0, read: (reader) => reader.i32() }],
    ["u32", { zero: 0, read: (reader) => reader.u32() }],
    ["f32", { zero: 0, read: (reader) => reader.f32() }],
    ["string", { zero: "", read: (reader) => reader.text() }],
]);

/**
 * @param {SyncField} field
 * @returns {{name: string, perPlayer: boolean, zero: SyncValue,
 *     read: (reader: Reader) => SyncValue}}
 */
function checkField({ name, type, per }) {
    const known = TYPES.get(type);
    if (!known) throw new MusterError("bad_frame", `sync field ${name} of unknown type ${type}`);
    return { name: String(name), perPlayer: per === "player", ...known };
}

const WORD_SEATS = 32;

/**
 * The seats whose bits are set, from the lowest.
 *
 * @param {Reader} reader
 * @param {number} words of 32 bits
 */
function readSet(reader, words) {
    /** @type {number[]} */
    const seats = [];
    for (let word = 0; word < words; word++) {
        const mask = reader.u32();
        for (let i = 0; i < WORD_SEATS; i++) if ((mask >>> i) & 1) seats.push(word * WORD_SEATS + i);
    }
    return seats;
}

/**
 * Who is there now, by seat. Rows of seats that are fresh begin empty.
 *
 * @param {Reader} reader
 * @param {number} words
 * @param {Map<number, Map<string, SyncValue>>} before
 * @param {boolean} full
 */
function readSeats(reader, words, before, full) {
    const seats = readSet(reader, words);
    const fresh = new Set(full ? seats : readSet(reader, words));
    /** @type {Map<number, Map<string, SyncValue>>} */
    const players = new Map();
    for (const seat of seats) players.set(seat, new Map(fresh.has(seat) ? undefined : before.get(seat)));
    return players;
}

/**
 * A field's value of some seats.
 *
 * @param {Reader} reader
 * @param {number} words
 * @param {Map<number, Map<string, SyncValue>>} players
 * @param {{name: string, read: (reader: Reader) => SyncValue}} field
 */
function readRows(reader, words, players, { name, read }) {
    for (const seat of readSet(reader, words)) {
        const row = players.get(seat);
        if (!row) throw reader.error(`tells of seat ${seat}, where nobody sits`);
        row.set(name, read(reader));
    }
}

/** The state of a mode as its snapshots tell it. */
export class SyncState {
    /** @type {Map<string, SyncValue>} shared fields, by name */
    fields = new Map();
    /** @type {Map<number, Map<string, SyncValue>>} by seat: those fields that one may see */
    players = new Map();
    #schema;
    #hasPlayers;
    #words;

    /**
     * @param {SyncField[]} schema `sync` of the match's intro
     * @param {number} seatsMax of the MatchInfo
     */
    constructor(schema, seatsMax) {
        this.#words = Math.ceil(seatsMax / WORD_SEATS);
        this.#schema = schema.map(checkField);
        this.#hasPlayers = this.#schema.some(({ perPlayer }) => perPlayer);
        for (const { name, perPlayer, zero } of this.#schema) {
            if (!perPlayer) this.fields.set(name, zero);
        }
    }

    /**
     * Take in a payload. One that is malformed changes nothing.
     *
     * @param {Uint8Array} payload
     * @param {boolean} full `full` of the snapshot
     */
    apply(payload, full) {
        const reader = new Reader(payload, "sync payload");
        const fields = new Map(this.fields);
        let players = new Map([...this.players].map(([seat, row]) => [seat, new Map(row)]));
        const isTold = full ? () => true : this.#readBits(reader);
        if (this.#hasPlayers && isTold(this.#schema.length)) {
            players = readSeats(reader, this.#words, players, full);
        }
        this.#schema.forEach((field, i) => {
            if (!isTold(i)) return;
            if (field.perPlayer) readRows(reader, this.#words, players, field);
            else fields.set(field.name, field.read(reader));
        });
        if (!reader.isAtEnd) throw reader.error("too long");
        this.fields = fields;
        this.players = players;
    }

    /**
     * The bits at the front of a delta: which fields it tells of, and whether of seats.
     *
     * @param {Reader} reader
     * @returns {(i: number) => boolean}
     */
    #readBits(reader) {
        const count = this.#schema.length + (this.#hasPlayers ? 1 : 0);
        /** @type {number[]} */
        const bytes = [];
        while (bytes.length * 8 < count) bytes.push(reader.u8());
        return (i) => ((bytes[i >> 3] >> (i & 7)) & 1) === 1;
    }
}
