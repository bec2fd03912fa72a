// WebSocket frames as RFC 6455 has them, in the cases of the Autobahn test suite (their numbers stand
// in front), over TCP and over TLS. The server does not echo: a request is answered with its id,
// whatever that is, in a text or in a binary frame; and who is still connected gets an answer and a
// pong at the end.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BINARY, BareSocket, CLOSE, PING, PONG, TEXT, closeFrame, fragments, frame } from "../kit/bare_socket.mjs";
import { makeCertificate } from "../kit/certificate.mjs";
import { startServer, suite, tempDir } from "../kit/harness.mjs";

const MESSAGE_MAX = 65536;
const MANY = 100000;
const config = {
    net: {
        messageMaxBytes: MESSAGE_MAX,
        authTimeoutMs: 60000,
        handshakeTimeoutMs: 60000,
        messagesPerSecond: MANY,
        messagesBurst: MANY,
        requestsPerSecond: MANY,
        requestsBurst: MANY,
    },
};

/** A request that is answered with this id; size: of the whole text, in bytes. */
function ask(id, size = 0) {
    const text = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"session.ping","id":"'), Buffer.from(id), Buffer.from('"}')]);
    return Buffer.concat([text, Buffer.alloc(Math.max(0, size - text.length), " ")]);
}

/** The same for a binary frame. */
const askBinary = (id, size = 2) => Buffer.concat([Buffer.from([3, 0]), ask(id, size - 2)]);

const cut = (data, size) =>
    Array.from({ length: Math.ceil(data.length / size) }, (_, i) => data.subarray(i * size, (i + 1) * size));
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const text = (id, size) => frame(TEXT, ask(id, size));

/** What must come of frames: answers to these ids (null: to no JSON), pongs, and the end with a code;
 * close: null is none. how: chop: so many bytes at a time; byFrame; hangUp: then the client goes. */
const row = (name, frames, { answers = [], pongs = [], close = null, ...how } = {}) => ({ name, frames, answers, pongs, close, how });
const ANY = "any"; // or no close frame

const sizes = [125, 126, 127, 128, 65535, 65536];
const section1 = [
    row("1.1.1", [frame(TEXT)], { answers: [null] }),
    row("1.2.1", [frame(BINARY)], { close: 4007 }), // no frame of ours is empty
    ...sizes.map((size, i) => row(`1.1.${i + 2}`, [text("a", size)], { answers: ["a"] })),
    ...sizes.map((size, i) => row(`1.2.${i + 2}`, [frame(BINARY, askBinary("a", size))], { answers: ["a"] })),
    row("1.1.8", [text("a", 65536)], { answers: ["a"], chop: 997 }),
    row("1.2.8", [frame(BINARY, askBinary("a", 65536))], { answers: ["a"], chop: 997 }),
];

const long = "x".repeat(125);
const section2 = [
    row("2.1", [frame(PING)], { pongs: [""] }),
    row("2.2", [frame(PING, "Hello, world!")], { pongs: ["Hello, world!"] }),
    row("2.3", [frame(PING, Buffer.from([0, 255, 254, 253, 0]))], { pongs: [Buffer.from([0, 255, 254, 253, 0]).toString()] }),
    row("2.4", [frame(PING, long)], { pongs: [long] }),
    row("2.5", [frame(PING, `${long}x`)], { close: 1002 }),
    row("2.6", [frame(PING, long)], { pongs: [long], chop: 1 }),
    row("2.7", [frame(PONG)]),
    row("2.8", [frame(PONG, "unsolicited")]),
    row("2.9", [frame(PONG, "unsolicited"), frame(PING, "a")], { pongs: ["a"] }),
    row("2.10", times(10, (i) => frame(PING, `${i}`)), { pongs: times(10, String) }),
    row("2.11", times(10, (i) => frame(PING, `${i}`)), { pongs: times(10, String), chop: 1 }),
];

const section3 = [
    row("3.1", [frame(TEXT, ask("a"), { reserved: 4 })], { close: 1002 }),
    row("3.2", [text("a"), frame(TEXT, ask("b"), { reserved: 2 }), frame(PING)], { answers: ["a"], close: 1002 }),
    row("3.3", [text("a"), frame(TEXT, ask("b"), { reserved: 3 }), frame(PING)], { answers: ["a"], close: 1002, byFrame: true }),
    row("3.4", [text("a"), frame(TEXT, ask("b"), { reserved: 4 }), frame(PING)], { answers: ["a"], close: 1002, chop: 1 }),
    row("3.5", [frame(BINARY, askBinary("a"), { reserved: 5 })], { close: 1002 }),
    row("3.6", [frame(PING, "a", { reserved: 6 })], { close: 1002 }),
    row("3.7", [frame(CLOSE, Buffer.from([3, 232]), { reserved: 7 })], { close: 1002 }),
];

const section4 = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
    row(`4 opcode ${opcode}`, [frame(opcode)], { close: 1002 }),
    row(`4 opcode ${opcode} behind a text`, [text("a"), frame(opcode, "payload"), frame(PING)], { answers: ["a"], close: 1002 }),
]);

const halves = [ask("a").subarray(0, 20), ask("a").subarray(20)];
const fifths = cut(ask("a"), 11);
const section5 = [
    row("5.1", fragments(PING, ["a", "b"]), { close: 1002 }),
    row("5.2", fragments(PONG, ["a", "b"]), { close: 1002 }),
    row("5.3", fragments(TEXT, halves), { answers: ["a"] }),
    row("5.4", fragments(TEXT, halves), { answers: ["a"], byFrame: true }),
    row("5.5", fragments(TEXT, halves), { answers: ["a"], chop: 1 }),
    row("5.6", fragments(TEXT, halves, [frame(PING, "p")]), { answers: ["a"], pongs: ["p"] }),
    row("5.7", fragments(TEXT, halves, [frame(PING, "p")]), { answers: ["a"], pongs: ["p"], byFrame: true }),
    row("5.8", fragments(TEXT, halves, [frame(PING, "p")]), { answers: ["a"], pongs: ["p"], chop: 1 }),
    row("5.9", [frame(0, ask("a")), text("b")], { close: 1002 }),
    row("5.10", [frame(0, ask("a")), text("b")], { close: 1002, byFrame: true }),
    row("5.11", [frame(0, ask("a")), text("b")], { close: 1002, chop: 1 }),
    row("5.12", [frame(0, ask("a"), { last: false }), text("b")], { close: 1002 }),
    row("5.13", [frame(0, ask("a"), { last: false }), text("b")], { close: 1002, byFrame: true }),
    row("5.14", [frame(0, ask("a"), { last: false }), text("b")], { close: 1002, chop: 1 }),
    row("5.15", [...fragments(TEXT, halves), frame(0, "c", { last: false }), text("b")], { answers: ["a"], close: 1002 }),
    row("5.16", [frame(0, "c", { last: false }), ...fragments(TEXT, halves)], { close: 1002 }),
    row("5.17", [frame(0, "c"), ...fragments(TEXT, halves)], { close: 1002 }),
    row("5.18", [frame(TEXT, halves[0], { last: false }), frame(TEXT, halves[1])], { close: 1002 }),
    row("5.18 binary", [frame(TEXT, halves[0], { last: false }), frame(BINARY, halves[1])], { close: 1002 }),
    row("5.19", fragments(TEXT, fifths, [frame(PING, "p")]), { answers: ["a"], pongs: times(fifths.length - 1, () => "p"), byFrame: true }),
    row("5.20", fragments(TEXT, fifths, [frame(PING, "p")]), { answers: ["a"], pongs: times(fifths.length - 1, () => "p"), chop: 1 }),
    row("5 binary", fragments(BINARY, cut(askBinary("a"), 7)), { answers: ["a"] }),
];

const bytes = (hex) => Buffer.from(hex.replaceAll(" ", ""), "hex");
/** Code points that stand at the edges of what is allowed, and texts from the suite. */
const valid = [
    "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", // 6.2
    "\u03ba\u1f79\u03c3\u03bc\u03b5", // 6.5
    ..."\u0080\u07ff\u0800\uffff\ud7ff\ue000\ufffd\ufffe\u007f".split(""), // 6.7 to 6.9, 6.11
    ..."\u{10000}\u{10ffff}\u{1fffe}\u{2ffff}\u{10fffe}\ufdd0\ufeff", // 6.9, 6.11, 6.22
    "\ud83d\ude00".repeat(8),
];
const invalid = [
    "ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64", // 6.3, 6.4
    ...["f8 88 80 80 80", "fc 84 80 80 80 80", "f7 bf bf bf", "fb bf bf bf bf", "fd bf bf bf bf bf"], // 6.8, 6.10
    ...["f4 90 80 80"], // 6.11.5
    ...["80", "bf", "80 bf", "80 bf 80 bf 80 bf 80"], // 6.12
    ...["c0 20 c1 20 df 20", "e0 20 ef 20", "f0 20 f7 20", "f8 20 fb 20", "fc 20 fd 20"], // 6.13
    ...["c0", "e0 80", "f0 80 80", "df", "ef bf", "f7 bf bf", "fd bf bf bf bf"], // 6.14, 6.15
    ...["fe", "ff", "fe fe ff ff"], // 6.16
    ...["c0 af", "e0 80 af", "f0 80 80 af", "f8 80 80 80 af"], // 6.17
    ...["c1 bf", "e0 9f bf", "f0 8f bf bf", "f8 87 bf bf bf"], // 6.18
    ...["c0 80", "e0 80 80", "f0 80 80 80"], // 6.19
    ...["ed a0 80", "ed ad bf", "ed ae 80", "ed af bf", "ed b0 80", "ed be 80", "ed bf bf"], // 6.20
    ...["ed a0 80 ed b0 80", "ed af bf ed bf bf"], // 6.21
].map(bytes);

const inText = (data) => [ask("").subarray(0, -2), data, Buffer.from('"}')];
const byteByByte = (data) => cut(Buffer.concat(inText(data)), 1);
const section6 = [
    row("6.1.2", fragments(TEXT, ["", "", ""]), { answers: [null] }),
    row("6.1.3", fragments(TEXT, ["", ask("a"), ""]), { answers: ["a"] }),
    row("6 valid", valid.map((id) => text(id)), { answers: valid }),
    row("6 valid, in fragments of a byte", valid.flatMap((id) => fragments(TEXT, byteByByte(Buffer.from(id)))), { answers: valid }),
    row("6 valid, byte by byte", valid.slice(0, 3).map((id) => text(id)), { answers: valid.slice(0, 3), chop: 1 }),
    row("6.7.1", [frame(TEXT, "\0")], { answers: [null] }),
    ...invalid.flatMap((data) => [
        row(`6 ${data.toString("hex")}`, [frame(TEXT, Buffer.concat(inText(data)))], { close: 1007 }),
        row(`6 ${data.toString("hex")}, in fragments of a byte`, fragments(TEXT, byteByByte(data)), { close: 1007 }),
        row(`6 ${data.toString("hex")}, at once`, [frame(TEXT, Buffer.concat([...inText(data).slice(0, 2), Buffer.from(" ")]), { last: false })], { close: 1007 }),
    ]),
];

const closing = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const impossible = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];
const section7 = [
    row("7.1.1", [text("a"), closeFrame(1000)], { answers: ["a"], close: 1000 }),
    row("7.1.2", [closeFrame(1000), closeFrame(1000)], { close: 1000 }),
    row("7.1.3", [closeFrame(1000), frame(PING, "p")], { close: 1000 }),
    row("7.1.4", [closeFrame(1000), text("a")], { close: 1000 }),
    row("7.1.5", [frame(TEXT, halves[0], { last: false }), closeFrame(1000), frame(0, halves[1])], { close: 1000 }),
    row("7.1.6", [text("a", MESSAGE_MAX), closeFrame(1000), frame(PING)], { answers: ["a"], close: 1000 }),
    row("7.3.1", [frame(CLOSE)], { close: [1000, 1005] }),
    row("7.3.2", [frame(CLOSE, "a")], { close: 1002 }),
    row("7.3.4", [closeFrame(1000, "Hello World!")], { close: 1000 }),
    row("7.3.5", [closeFrame(1000, "x".repeat(123))], { close: 1000 }),
    row("7.3.6", [closeFrame(1000, "x".repeat(124))], { close: 1002 }),
    row("7.5.1", [closeFrame(1000, invalid[0])], { close: 1007 }),
    ...closing.map((code) => row(`7.7 ${code}`, [closeFrame(code)], { close: code })),
    ...impossible.map((code) => row(`7.9 ${code}`, [closeFrame(code)], { close: 1002 })),
];

/* Many small records of TLS would count as a flood. */
const section9 = [
    ...[64, 256, 1024, 4096, 16384].flatMap((size) => [
        row(`9.3 ${size}`, fragments(TEXT, cut(ask("a", MESSAGE_MAX), size)), { answers: ["a"] }),
        row(`9.4 ${size}`, fragments(BINARY, cut(askBinary("a", MESSAGE_MAX), size)), { answers: ["a"] }),
    ]),
    ...[512, 1024, 2048].map((size) => row(`9.5 ${size}`, [text("a", MESSAGE_MAX)], { answers: ["a"], chop: size })),
    row("9.7", times(500, (i) => text(`${i}`, 16 + i)), { answers: times(500, String) }),
];

const announced = (length) => frame(BINARY, "", { lenBytes: 8, length });
const half = text("a", 200);
const hostile = [
    row("no mask", [frame(TEXT, ask("a"), { masked: false })], { close: 1002 }),
    row("no mask behind a text", [text("a"), frame(TEXT, ask("b"), { masked: false })], { answers: ["a"], close: 1002 }),
    row("a ping without a mask", [frame(PING, "", { masked: false })], { close: 1002 }),
    row("125 bytes with a length of two", [frame(TEXT, ask("a", 125), { lenBytes: 2 })], { close: 1002 }),
    row("125 bytes with a length of eight", [frame(TEXT, ask("a", 125), { lenBytes: 8 })], { close: 1002 }),
    row("65535 bytes with a length of eight", [frame(TEXT, ask("a", 65535), { lenBytes: 8 })], { close: 1002 }),
    row("one byte too many is announced", [announced(MESSAGE_MAX + 1)], { close: 1009 }),
    row("2^62 bytes are announced", [announced(2n ** 62n)], { close: 1009 }),
    row("2^64 - 1 bytes are announced", [announced(2n ** 64n - 1n)], { close: 1002 }),
    row("one byte too many in two fragments", fragments(TEXT, [ask("a", MESSAGE_MAX), " "]), { close: 1009 }),
    row("too long in 300 fragments", fragments(TEXT, times(300, () => " ".repeat(250))), { close: 1009 }),
    row("1000 empty fragments", fragments(TEXT, [ask("a"), ...times(1000, () => "")]), { answers: ["a"] }),
    ...[1, 2, 3, 4, 7, 8, 100].map((size) => row(`${size} bytes of a frame`, [half.subarray(0, size)], { close: ANY, hangUp: true })),
    row("half a message", [frame(TEXT, halves[0], { last: false })], { close: ANY, hangUp: true }),
];

/** What libwebsockets, which reads TLS, does instead, and that is not demanded of it; null: it goes on waiting. */
const habits = {
    ...Object.fromEntries(["2.5", "7.3.2", "7.3.6", "7.5.1", "7.7 1012", "7.7 1013", "7.7 1014", "7.9 5000", "7.9 65535",
        "2^64 - 1 bytes are announced"].map((name) => [name, { close: ANY }])),
    ...Object.fromEntries(["no mask", "125 bytes with a length of two", "125 bytes with a length of eight",
        "65535 bytes with a length of eight"].map((name) => [name, { close: null, answers: ["a"] }])),
    "no mask behind a text": { close: null, answers: ["a", "b"] },
    "a ping without a mask": { close: null, pongs: [""] },
    "one byte too many is announced": null,
    "2^62 bytes are announced": null,
};

/** Sends a row's frames as it wants them. */
async function send(socket, { frames, how }) {
    const pieces = how.byFrame ? frames : how.chop ? cut(Buffer.concat(frames), how.chop) : [Buffer.concat(frames)];
    for (const piece of pieces) {
        socket.wire.write(piece);
        await new Promise(setImmediate); // as packets of their own
    }
    if (how.hangUp) socket.wire.end();
}

/** The last thing that is asked, so that everything before it was read. */
async function probe(socket) {
    socket.wire.write(text("the end"));
    await socket.until(() => socket.messages.find(({ id }) => id === "the end"));
    socket.messages.pop();
    socket.wire.write(frame(PING, "the end"));
    await socket.until(() => socket.pongs.at(-1) === "the end" || undefined);
    socket.pongs.pop();
}

/** Of pings that come together the last may stand for all; libwebsockets answers the first. */
function answersPings(pongs, pings, secure) {
    let at = -1;
    const inOrder = pongs.every((pong) => (at = pings.indexOf(pong, at + 1)) >= 0);
    return inOrder && (secure ? pongs.length > 0 || pings.length === 0 : pongs.at(-1) === pings.at(-1));
}

async function run(t, server, secure, wanted) {
    const { answers, pongs, close } = wanted;
    const socket = await BareSocket.open(t, server, secure);
    const refused = [1002, 1007].includes(close);
    socket.closes = !refused && wanted.frames.some(([first]) => (first & 0x0f) === CLOSE);
    await send(socket, wanted);
    await (close === null ? probe(socket) : socket.ended);
    const ids = socket.messages.map(({ id }) => id);
    const code = socket.closeCodes[0] ?? null;
    const lost = secure && socket.reset && code === null; // what it said last
    assert.deepEqual(ids, lost ? answers.slice(0, ids.length) : answers);
    assert.ok(answersPings(socket.pongs, pongs, secure), `pongs: ${socket.pongs}`);
    if (wanted.how.hangUp) assert.equal(socket.fault, null);
    if (close === ANY) return;
    if (!lost) assert.ok([close].flat().includes(code), `closed with ${code}, not ${close}`);
    assert.equal(socket.fault, null);
}

async function runAll(t, server, secure, rows) {
    const results = await Promise.allSettled(rows.map((wanted) => run(t, server, secure, wanted)));
    const failures = results.flatMap(({ reason }, i) => (reason ? [`${rows[i].name}: ${reason.message}`] : []));
    assert.ok(failures.length === 0, failures.join("\n"));
}

const sections = { section1, section2, section3, section4, section5, section6, section7, section9, hostile };
const plain = await startServer(suite, { config });
const secured = await startServer(suite, { config: { ...config, tls: await makeCertificate(await tempDir(suite), "frames") } });

/** What leaves with the handshake, before its answer, which a client may not: it is answered, or that
 * is the end, but it is never misread. */
async function behindHandshake(t, server, secure, size) {
    const bytes = Buffer.concat([text("a", 300), text("b")]);
    const socket = await BareSocket.open(t, server, secure, bytes.subarray(0, size));
    socket.wire.write(bytes.subarray(size));
    const ended = await Promise.race([probe(socket), socket.ended.then(() => true)]).catch(() => true);
    const ids = socket.messages.map(({ id }) => id);
    assert.deepEqual(ids, ended ? [] : ["a", "b"], `${size} bytes`);
}

/** More than is allowed, for as long as the server takes it. */
async function flood(t, server, secure, reads) {
    const socket = await BareSocket.open(t, server, secure);
    if (!reads) socket.wire.pause();
    const pings = Buffer.concat(times(1000, () => frame(PING, long)));
    const drip = setInterval(() => socket.wire.write(pings), 100);
    await (reads ? socket.until(() => socket.closeCodes[0]) : socket.ended);
    clearInterval(drip);
    if (reads) assert.equal(socket.closeCodes[0], 4005);
}

for (const [name, rows] of Object.entries(sections)) {
    const overTls = rows.filter((wanted) => habits[wanted.name] !== null);
    test(`${name}, over TCP`, (t) => runAll(t, plain, false, rows));
    test(`${name}, over TLS`, (t) =>
        runAll(t, secured, true, overTls.map((wanted) => ({ ...wanted, ...habits[wanted.name] }))));
}

describe("what takes a while", { concurrency: true }, () => {
    for (const [way, server, secure] of [["TCP", plain, false], ["TLS", secured, true]])
        test(`what comes with the handshake, over ${way}`, (t) =>
            Promise.all([0, 1, 5, 100, 308, 400].map((size) => behindHandshake(t, server, secure, size))));
    for (const [way, server, secure, reads] of [["TLS", secured, true, true], ["TLS", secured, true, false], ["TCP", plain, false, false]])
        test(`a flood of pings over ${way}, whose pongs are ${reads ? "" : "not "}read, is ended`, (t) =>
            flood(t, server, secure, reads));
});
