// Binary frames: bytes written down by hand from docs/protocol.md section 4.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import {
    INFLATED_MAX,
    decodeJsonFrame,
    decodeSnapshot,
    encodeInput,
    inflate,
    inflateFrame,
    isDeflated,
} from "../../../sdk/js/index.js";
import { loadReaders, readFrame } from "../../kit/frames.mjs";

const bytesOf = (hex) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (bytes) => Buffer.from(bytes).toString("hex");

test("an input is 14 bytes and 5 a sample, little-endian", () => {
    const input = { sequence: 0x01020304, held: 0x0003, pressed: 0x0002, aim: 0xbeef, moveX: 127,
        moveY: -127 };
    assert.equal(hexOf(encodeInput(input)), "01000403020103000200efbe7f81");
    const samples = [{ at: 128, pressed: 2, aim: 0x1234 }, { at: 255, pressed: 1, aim: 1 }];
    assert.equal(hexOf(encodeInput({ ...input, samples })),
        "01020403020103000200efbe7f81" + "8002003412" + "ff01000100");
});

test("an input reads as docs/frames.ksy describes it", async () => {
    await loadReaders();
    const samples = [{ at: 128, pressed: 2, aim: 0x1234 }, { at: 255, pressed: 1, aim: 1 }];
    const input = { sequence: 0x81020304, held: 0x8003, pressed: 0x0102, aim: 0xbeef, moveX: 127, moveY: -127 };
    const { body } = readFrame(encodeInput({ ...input, samples }));
    for (const [name, value] of Object.entries(input)) assert.equal(body[name], value, name);
    assert.deepEqual(body.samples.map(({ at, pressed, aim }) => ({ at, pressed, aim })), samples);
    assert.throws(() => readFrame(encodeInput({ ...input, moveX: -128 })), /min/i);
});

test("a fourth sample is not sent", () => {
    const samples = Array.from({ length: 4 }, () => ({ at: 0, pressed: 1, aim: 0 }));
    const bytes = encodeInput({ sequence: 1, held: 0, pressed: 0, aim: 0, moveX: 0, moveY: 0,
        samples });
    assert.equal(bytes[1], 3);
    assert.equal(bytes.length, 14 + 15);
});

const SNAPSHOT = bytesOf("81 01 05 00 0a000000 0b000000 8813 0300 aabbcc 02 0102 01 09");

test("a snapshot splits into header, payload and events", () => {
    const snapshot = decodeSnapshot(SNAPSHOT);
    assert.deepEqual(
        { ...snapshot, payload: hexOf(snapshot.payload), events: snapshot.events.map(hexOf) },
        { full: true, usable: true, seat: 5, tick: 10, ack: 11, tickUs: 50000, payload: "aabbcc",
            events: ["0102", "09"] });
});

test("malformed snapshots are refused", () => {
    const cut = (n) => () => decodeSnapshot(SNAPSHOT.subarray(0, n));
    assert.throws(cut(15), { code: "bad_frame" }, "header cut");
    assert.throws(cut(18), { code: "bad_frame" }, "payload cut");
    assert.throws(cut(21), { code: "bad_frame" }, "event cut");
    assert.throws(() => decodeSnapshot(bytesOf("82 00")), { code: "bad_frame" }, "other kind");
    decodeSnapshot(SNAPSHOT.subarray(0, 19)); // no events at all is fine
});

test("the deflated part of a snapshot begins at offset 16", async () => {
    const frame = Buffer.concat([SNAPSHOT.subarray(0, 16), deflateRawSync(SNAPSHOT.subarray(16))]);
    frame[1] |= 2;
    assert.ok(isDeflated(frame));
    const inflated = await inflateFrame(new Uint8Array(frame));
    assert.equal(hexOf(inflated), hexOf(SNAPSHOT));
});

test("deflated JSON comes back as text", async () => {
    const text = JSON.stringify({ jsonrpc: "2.0", method: "x", params: { ä: "ö".repeat(600) } });
    const frame = Buffer.concat([Buffer.from([0x82, 2]), deflateRawSync(text)]);
    assert.equal(decodeJsonFrame(await inflateFrame(new Uint8Array(frame))), text);
    assert.throws(() => decodeJsonFrame(bytesOf("82 00 ff fe")), TypeError, "bad UTF-8");
});

test("inflating stops at the cap", async () => {
    const fits = await inflate(deflateRawSync(Buffer.alloc(INFLATED_MAX)));
    assert.equal(fits.length, INFLATED_MAX);
    await assert.rejects(inflate(deflateRawSync(Buffer.alloc(INFLATED_MAX + 1))),
        { code: "bad_frame" });
    // A bomb: 64 MiB from 64 KiB.
    await assert.rejects(inflate(deflateRawSync(Buffer.alloc(64 << 20))), { code: "bad_frame" });
});

test("what is not deflate is refused", async () => {
    await assert.rejects(inflate(bytesOf("ffffffffffff")));
    await assert.rejects(inflateFrame(bytesOf("81 02 00")), { code: "bad_frame" });
});
