// reader - little-endian reading of a payload, which throws past the end.

import { MusterError } from "./errors.js";

export class Reader {
    #view;
    #what;
    #at = 0;

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
