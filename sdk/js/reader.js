// reader - little-endian reading of a payload, which throws past the end.

import { MusterError } from "./errors.js";

export class Reader {
    #view;
    #what;
    #at = 0;
    #bitsLeft = 0; // of the byte before

    /**
     * @param {Uint8Array} bytes
     * @param {string} what names the payload in errors
     */
    constructor(bytes, what) {
        this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#what = what;
    }

    /** @param {string} why */
    error(why) {
        return new MusterError("bad_frame", `${this.#what} ${why}`);
    }

    /** @param {number} bytes */
    #take(bytes) {
        const at = this.#at;
        if (at + bytes > this.#view.byteLength) throw this.error("too short");
        this.#at += bytes;
        this.#bitsLeft = 0;
        return at;
    }

    get isAtEnd() {
        return this.#at === this.#view.byteLength;
    }

    u8() {
        return this.#view.getUint8(this.#take(1));
    }

    i8() {
        return this.#view.getInt8(this.#take(1));
    }

    u16() {
        return this.#view.getUint16(this.#take(2), true);
    }

    i16() {
        return this.#view.getInt16(this.#take(2), true);
    }

    u32() {
        return this.#view.getUint32(this.#take(4), true);
    }

    i32() {
        return this.#view.getInt32(this.#take(4), true);
    }

    f32() {
        return this.#view.getFloat32(this.#take(4), true);
    }

    /**
     * Bits as muster/writer.h and a Writer in Lua put them, the lowest one first. Whole bytes after
     * them begin at the next byte.
     *
     * @param {number} width 0 to 32
     */
    bits(width) {
        let value = 0;
        for (let have = 0; have < width; ) {
            if (this.#bitsLeft === 0) {
                this.#take(1);
                this.#bitsLeft = 8;
            }
            const rest = this.#view.getUint8(this.#at - 1) >> (8 - this.#bitsLeft);
            const taken = Math.min(this.#bitsLeft, width - have);
            value += (rest & ((1 << taken) - 1)) * 2 ** have;
            this.#bitsLeft -= taken;
            have += taken;
        }
        return value;
    }

    /**
     * The same, whose highest bit is the sign.
     *
     * @param {number} width 1 to 32
     */
    signedBits(width) {
        const value = this.bits(width);
        return value >= 2 ** (width - 1) ? value - 2 ** width : value;
    }

    /** Its length, then UTF-8. */
    text() {
        const length = this.u8();
        const at = this.#view.byteOffset + this.#take(length);
        try {
            const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
            return decoder.decode(new Uint8Array(this.#view.buffer, at, length));
        } catch {
            throw this.error("with a text that is not UTF-8");
        }
    }
}
