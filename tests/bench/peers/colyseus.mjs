// colyseus - a server on Colyseus for ./dev bench peers: the game of mode_peers.c in rooms of eight.
//
//     node colyseus.mjs [CERTIFICATE KEY]          with both: TLS
//
// The state of a room is one buffer of its own, written anew and sent to all as bytes, 160 with its
// head of two; the newest input that was taken stands in it for each player.

import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { Room, Server } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";

const PLAYERS = 8;
const TICK_RATE_HZ = 20;
const SIZE = 1 << 20;
const HEAD_BYTES = 6; // of the state: tick, and what fills it up to 158 bytes
const BODY_BYTES = 19; // x, y, acknowledged: u32; vx, vy, aim: u16; moved: u8
const MESSAGE = 0; // a number is one byte, where a name would be more

const clamp = (value) => Math.min(SIZE, Math.max(-SIZE, value));

class Field extends Room {
    maxClients = PLAYERS;
    bytes = new Uint8Array(HEAD_BYTES + PLAYERS * BODY_BYTES);

    onCreate() {
        this.out = new DataView(this.bytes.buffer);
        this.bodies = Array.from({ length: PLAYERS }, () => ({ x: 0, y: 0, vx: 0, vy: 0, aim: 0, ack: 0 }));
        this.onMessageBytes(MESSAGE, (client, bytes) => this.takeInput(client.userData, bytes));
        this.setFixedTimestep((step) => this.tick(step.tick), TICK_RATE_HZ);
        this.patchRate = null; // no state of the framework's; here, since as a field it sets a timer
    }

    /** The benchmark fills one room after another, and says which of its players this is. */
    onJoin(client, { seat }) {
        client.userData = this.bodies[seat];
    }

    takeInput(body, bytes) {
        const sequence = bytes.readUInt32LE(2);
        if (bytes.length !== 14 || sequence <= body.ack) return;
        body.ack = sequence;
        body.aim = bytes.readUInt16LE(10);
        body.vx = bytes.readInt8(12);
        body.vy = bytes.readInt8(13);
    }

    tick(tick) {
        this.out.setUint32(0, tick, true);
        for (let i = 0, at = HEAD_BYTES; i < PLAYERS; i++, at += BODY_BYTES) {
            const body = this.bodies[i];
            body.x = clamp(body.x + body.vx);
            body.y = clamp(body.y + body.vy);
            this.write(at, body);
        }
        this.broadcastBytes(MESSAGE, this.bytes);
    }

    write(at, body) {
        this.out.setInt32(at, body.x, true);
        this.out.setInt32(at + 4, body.y, true);
        this.out.setUint32(at + 8, body.ack, true);
        this.out.setInt16(at + 12, body.vx, true);
        this.out.setInt16(at + 14, body.vy, true);
        this.out.setUint16(at + 16, body.aim, true);
        this.out.setUint8(at + 18, body.vx || body.vy ? 1 : 0);
    }
}

const [cert, key] = process.argv.slice(2);
const server = cert
    ? https.createServer({ cert: readFileSync(cert), key: readFileSync(key) })
    : http.createServer();
const transport = new WebSocketTransport({ server, perMessageDeflate: false });
const colyseus = new Server({ transport, greet: false });
colyseus.define("field", Field);
await colyseus.listen(0, "127.0.0.1", 4096);
console.log(`Server is ready: listening on 127.0.0.1:${server.address().port}`);
