import { MusterError } from "./errors.js";
export declare class Reader {
    #private;
    /**
     * @param {Uint8Array} bytes
     * @param {string} what names the payload in errors
     */
    constructor(bytes: Uint8Array, what: string);
    /** @param {string} why */
    error(why: string): MusterError;
    get isAtEnd(): boolean;
    u8(): number;
    i8(): number;
    u16(): number;
    i16(): number;
    u32(): number;
    i32(): number;
    f32(): number;
    /**
     * Bits as muster/writer.h and a Writer in Lua put them, the lowest one first. Whole bytes after
     * them begin at the next byte.
     *
     * @param {number} width 0 to 32
     */
    bits(width: number): number;
    /**
     * The same, whose highest bit is the sign.
     *
     * @param {number} width 1 to 32
     */
    signedBits(width: number): number;
    /** Its length, then UTF-8. */
    text(): string;
}
