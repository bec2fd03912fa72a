// soak - does a server keep what it has no more use for? (./dev soak)
//
//     node tests/chaos/soak.mjs [--minutes 10] [--lobbies 16] [--seed N]
//
// Real clients come, play short matches, chat, lose their connections, come back, leave and meet in new
// lobbies, and strangers look in, on a server with sanitizers, all the time alike: so its memory and its
// descriptors in the last quarter must be what they were in the one before. 1 when they have grown, or
// when the sanitizers have something to say at the end.

import assert from "node:assert/strict";
import { readFile, readdir, rm, mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import WebSocket from "ws";
import { AuthClient, MusterClient, MusterError } from "../../sdk/js/index.js";
import { ROOT } from "../kit/documents.mjs";
import { startServer } from "../kit/harness.mjs";
import { happen, makeSchedule } from "./faults.mjs";
import { Party } from "./party.mjs";
import { Random } from "./random.mjs";
import { configOf } from "./run.mjs";
import { pause } from "./signal.mjs";

const DIR = path.join(ROOT, "build/soak");
const LOOK_MS = 1000;
const SAY_EVERY = 60; // looks
const VISITORS = 4;
const VISITS_EACH = 20;
/** By so much figures may differ: what is on its way is not the same at each look. The database's cache
 * and what is remembered of tokens fill up first. */
const RSS_SLACK = 0.02;
const FILES_SLACK = 8;
/** Freed memory is kept by the sanitizer, to catch who uses it; without a bound that is all there is. */
const SANITIZER = ["quarantine_size_mb=8", "allocator_release_to_os_interval_ms=1000"];

const { values } = parseArgs({
    options: {
        minutes: { type: "string", default: "10" },
        lobbies: { type: "string", default: "16" },
        seed: { type: "string", default: String(Date.now() % 1e6) },
    },
});

const say = (line) => process.stderr.write(`soak: ${line}\n`);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function lookAt(pid) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return {
        rssMib: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) / 1024,
        files: (await readdir(`/proc/${pid}/fd`)).length,
    };
}

/** Looks at the lobbies, watches one, says something and goes, again and again, now and then as somebody new. */
class Visitor {
    #server;
    #random;
    #auth = null;
    #visits = 0;

    constructor(server, random) {
        this.#server = server;
        this.#random = random;
    }

    async visit() {
        if (this.#visits++ % VISITS_EACH === 0) await this.#enrol();
        const client = new MusterClient({ url: this.#server.wsUrl, WebSocket });
        try {
            await client.connect((renew) => this.#auth.accessToken(renew));
            await this.#look(client);
        } catch (error) {
            if (!(error instanceof MusterError)) throw error; // the lobby has ended, is full, or takes nobody
        } finally {
            client.close();
        }
    }

    async #enrol() {
        this.#auth?.stop();
        this.#auth = new AuthClient({ baseUrl: this.#server.httpUrl });
        await this.#auth.guest({ displayName: "Visitor" });
    }

    async #look(client) {
        const { lobbies } = await client.listLobbies();
        if (lobbies.length > 0) await client.joinLobby(this.#random.pick(lobbies).lobbyId, { spectator: true });
        await client.chat("What a match!");
        await pause(this.#random.int(100, 1000));
        if (this.#random.int(0, 1)) await client.leave();
    }

    end() {
        this.#auth.stop();
    }
}

/** As in chaos, but what is kept for a while is kept for less, so that there is soon as much as there will be. */
function soakConfig(lobbies) {
    const config = configOf(lobbies);
    config.server.maxPlayers += VISITORS * 50;
    config.lobby.reconnectMs = 5000;
    config.match.recordKeepMax = 20;
    config.plugins = config.plugins.filter((name) => name !== "crash");
    return config;
}

class Soak {
    looks = [];
    visits = 0;
    isOver = false;
    #random;

    constructor({ minutes, lobbies, seed }) {
        this.seconds = minutes * 60;
        this.lobbies = lobbies;
        this.#random = new Random(seed);
    }

    async play(life) {
        const options = [process.env.ASAN_OPTIONS, ...SANITIZER].filter(Boolean).join(":");
        this.server = await startServer(life, { config: soakConfig(this.lobbies), dir: DIR, env: { ASAN_OPTIONS: options } });
        this.parties = Array.from({ length: this.lobbies }, (_, i) => new Party(this.server, i, this.#random.fork()));
        this.players = this.parties.flatMap(({ players }) => players);
        for (const player of this.players) await player.signIn();
        say(`${this.players.length} players in ${this.lobbies} lobbies, and ${VISITORS} who look in`);
        const over = Promise.all(this.parties.map((party) => party.play()));
        const others = Promise.all([this.#visitors(), this.#keepLooking()]);
        await happen(this, makeSchedule(this.#random.fork(), this.seconds, ["cut", "replace"]), this.seconds);
        this.isOver = true;
        for (const party of this.parties) party.stop();
        await Promise.all([over, others]);
        for (const player of this.players) player.signOut();
        await this.server.stop();
    }

    note() {}

    #visitors() {
        const keepVisiting = async (visitor) => {
            for (; !this.isOver; this.visits++) await visitor.visit();
            visitor.end();
        };
        return Promise.all(Array.from({ length: VISITORS }, () => keepVisiting(new Visitor(this.server, this.#random.fork()))));
    }

    async #keepLooking() {
        while (!this.isOver) {
            await pause(LOOK_MS);
            const look = await lookAt(this.server.pid);
            if (this.looks.push(look) % SAY_EVERY === 0) say(`${look.rssMib.toFixed(1)} MiB, ${look.files} descriptors`);
        }
    }

    /** {rssMib, files} of a quarter, 0 to 3. */
    quarter(index) {
        const size = Math.floor(this.looks.length / 4);
        const looks = this.looks.slice(index * size, (index + 1) * size);
        return { rssMib: median(looks.map(({ rssMib }) => rssMib)), files: median(looks.map(({ files }) => files)) };
    }

    get matches() {
        return new Set(this.players.flatMap(({ ledger }) => ledger.entries)
            .flatMap(({ what, matchId }) => (what === "ended" ? [matchId] : []))).size;
    }

    /** One line. */
    get figures() {
        const told = (what) => this.players.flatMap(({ ledger }) => ledger.entries).filter((entry) => entry.what === what).length;
        const quarters = [0, 1, 2, 3].map((index) => this.quarter(index));
        return `${this.matches} matches, ${told("entered")} entries, ${told("dropped")} drops, ${this.visits} visits; `
            + `MiB by quarter ${quarters.map(({ rssMib }) => rssMib.toFixed(1)).join(", ")}; `
            + `descriptors ${quarters.map(({ files }) => files).join(", ")}`;
    }

    judge() {
        const [before, after] = [this.quarter(2), this.quarter(3)];
        assert.ok(this.matches > 0 && this.visits > 0, "nothing was played");
        assert.ok(after.rssMib <= before.rssMib * (1 + RSS_SLACK), `memory has grown: ${before.rssMib} to ${after.rssMib} MiB`);
        assert.ok(after.files <= before.files + FILES_SLACK, `descriptors: ${before.files} to ${after.files}`);
    }
}

const ends = [];
await rm(DIR, { recursive: true, force: true });
await mkdir(DIR, { recursive: true });
const soak = new Soak({ minutes: Number(values.minutes), lobbies: Number(values.lobbies), seed: Number(values.seed) });
let failed = 0;
try {
    await soak.play({ after: (fn) => ends.unshift(fn) });
    console.log(`soak: seed ${values.seed}: ${soak.figures}`);
    soak.judge();
} catch (error) {
    failed = 1;
    console.log(`soak: ${error.message}`);
}
for (const end of ends) await end().catch((error) => console.log(`soak: ${error.message}`));
console.log(failed ? "0 passed, 1 failed" : "1 passed, 0 failed");
process.exit(failed);
