// bare_socket - a WebSocket client of bytes: it sends whatever a test likes, broken or not, over TCP or
// TLS, and reads what comes as a strict client must.

import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { Watched, atEnd } from "./harness.mjs";

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** The bytes of a client's frame. lenBytes: of the length behind the second byte, 0, 2 or 8. */
export function frame(opcode, payload = "", { last = true, reserved = 0, masked = true, length, lenBytes } = {}) {
    const data = Buffer.from(payload);
    const len = length ?? data.length;
    const extra = lenBytes ?? (len < 126 ? 0 : len < 65536 ? 2 : 8);
    const head = Buffer.alloc(2 + extra);
    head[0] = (last ? 0x80 : 0) | (reserved << 4) | opcode;
    head[1] = (masked ? 0x80 : 0) | (extra === 0 ? Number(len) : extra === 2 ? 126 : 127);
    if (extra === 2) head.writeUInt16BE(Number(len), 2);
    if (extra === 8) head.writeBigUInt64BE(BigInt(len), 2);
    return Buffer.concat([head, masked ? MASK : "", data.map((byte, i) => (masked ? byte ^ MASK[i % 4] : byte))].map(Buffer.from));
}

/** The frames of a message in these pieces; between: what comes between two of them. */
export const fragments = (opcode, pieces, between = []) =>
    pieces.flatMap((piece, i) => [
        frame(i === 0 ? opcode : 0, piece, { last: i === pieces.length - 1 }),
        ...(i < pieces.length - 1 ? between : []),
    ]);

export const closeFrame = (code, reason = "") =>
    frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));

const HANDSHAKE =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
    "Sec-WebSocket-Protocol: muster.v1\r\n\r\n";
const ACCEPT = /^sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/im;

export class BareSocket {
    frames = []; // all that came, {opcode, payload}
    messages = []; // the texts of them, parsed
    pongs = [];
    closeCodes = []; // of the server's close frames; 1005: it has none
    closes = false; // the test has sent a close frame, or will
    reset = false; // the connection was, while one of both still sent
    fault = null; // why what came is no frame of a server
    #watched = new Watched();
    #kept = Buffer.alloc(0);
    #upgraded = false;

    constructor(t, server, secure) {
        const address = { port: server.port, host: "127.0.0.1" };
        this.wire = secure ? tls.connect({ ...address, rejectUnauthorized: false }) : net.connect(address);
        this.wire.setNoDelay(true);
        this.wire.on("error", () => (this.reset = true)); // what the server said last may be lost
        this.ended = new Promise((resolve) => this.wire.once("close", resolve));
        this.wire.on("data", (bytes) => this.#take(bytes));
        atEnd(t, () => this.wire.destroy());
    }

    /** behind: bytes that leave together with the handshake. */
    static async open(t, server, secure, behind = "") {
        const socket = new BareSocket(t, server, secure);
        socket.wire.write(Buffer.concat([Buffer.from(HANDSHAKE), Buffer.from(behind)]));
        await socket.until(() => socket.#upgraded || undefined);
        return socket;
    }

    until(find) {
        const heard = () => JSON.stringify({ messages: this.messages, pongs: this.pongs, closeCodes: this.closeCodes });
        return this.#watched.until(find, this.ended.then(() => "the server ended it"), (why) => new Error(`${why}; heard ${heard()}`));
    }

    #take(bytes) {
        this.#kept = Buffer.concat([this.#kept, bytes]);
        try {
            if (!this.#upgraded) this.#readHead();
            while (this.#upgraded && this.#readFrame());
        } catch (error) {
            this.wire.destroy();
            this.fault = error.message;
        }
        this.#watched.changed();
    }

    #readHead() {
        const end = this.#kept.indexOf("\r\n\r\n");
        if (end < 0) return;
        const head = this.#kept.subarray(0, end + 2).toString();
        assert.match(head, /^HTTP\/1\.1 101 /);
        assert.match(head, ACCEPT);
        this.#kept = this.#kept.subarray(end + 4);
        this.#upgraded = true;
    }

    #readFrame() {
        const [first, second] = this.#kept;
        if (this.#kept.length < 2) return false;
        const extra = second === 126 ? 2 : second === 127 ? 8 : 0;
        if (this.#kept.length < 2 + extra) return false;
        const len = extra === 0 ? second : Number(`0x${this.#kept.subarray(2, 2 + extra).toString("hex")}`);
        const size = 2 + extra + len;
        if (this.#kept.length < size) return false;
        assert.ok(first & 0x80 && !(first & 0x70) && !(second & 0x80), "whole, plain, not masked");
        assert.ok(extra === 0 || len > (extra === 2 ? 125 : 65535), "no longer head than need be");
        assert.equal(this.closeCodes.length, 0, "something comes behind a close frame");
        this.#takeFrame(first & 0x0f, this.#kept.subarray(2 + extra, size));
        this.#kept = this.#kept.subarray(size);
        return true;
    }

    #takeFrame(opcode, payload) {
        this.frames.push({ opcode, payload });
        if (opcode === BINARY) return;
        if (opcode === TEXT) return this.messages.push(JSON.parse(payload));
        if (opcode === PONG) return this.pongs.push(payload.toString());
        assert.ok(!this.wire.writableEnded || opcode === CLOSE, "the server goes on behind our end");
        if (opcode === PING) return this.wire.write(frame(PONG, payload));
        assert.equal(opcode, CLOSE, "a known opcode");
        assert.notEqual(payload.length, 1, "half a close code");
        this.closeCodes.push(payload.length === 0 ? 1005 : payload.readUInt16BE(0));
        if (!this.closes) this.wire.end(closeFrame(1000));
    }
}
