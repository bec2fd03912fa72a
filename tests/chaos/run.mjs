// run - one run of chaos: a supervised server with the shipped plugins, lobbies full of players, faults by
// the schedule of a seed, then peace until the last match is over, and the judge.

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startServer } from "../kit/harness.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";
import { Disk } from "./disk.mjs";
import { FAULTS, happen, makeSchedule } from "./faults.mjs";
import { judge } from "./judge.mjs";
import { Party } from "./party.mjs";
import { Poison } from "./poison.mjs";
import { Random } from "./random.mjs";
import { Thief } from "./thief.mjs";

const SIGN_INS_AT_ONCE = 16;
/** Of the last matches, after the last fault: an upper bound, not a figure of the server. */
const PEACE_MS = 90000;
const DISK_MIB = 64;
const DISK_MIB_PER_LOBBY = 3;
const MANY = 100000; // all players come from one address

export const configOf = (lobbies) => ({
    server: { maxPlayers: lobbies * 5 + 10 },
    net: {
        connectionsPerAddressMax: 4096, acceptPerSecond: MANY, acceptBurst: MANY, strangerPerSecond: MANY,
        strangerBurst: MANY, requestsPerSecond: 1000, requestsBurst: 10000,
    },
    http: { authPerMinute: MANY, authBurst: MANY },
    lobby: {
        maxLobbies: lobbies * 3, countdownMs: 500, scoreboardMs: 2500, restartVotesMin: 1,
        createPerMinute: MANY, emptyCloseMs: 5000,
    },
    match: { recordKeepMax: MANY },
    rules_private: { playerTriesPerMinute: 1000, addressTriesPerMinute: MANY },
    plugins: [...MOD_PLUGINS, "crash"],
});

export class Run {
    verdicts = null;
    /** What was done, when. */
    faults = [];
    counts = {};
    /** Null: it is the machine's. */
    disk = null;
    /** {trick, word, isGood}: what should have been refused. */
    shown = [];
    #options;

    /** life: its after() is told what to do at the end; dir: where the server's files lie, or none. */
    constructor({ life, dir, seed, seconds, lobbies, faults = Object.keys(FAULTS), say = () => {} }) {
        this.#options = { life, dir, seed, seconds, lobbies, faults, say };
    }

    /** The judge's verdicts. */
    async play() {
        const { life, dir, seed, seconds, lobbies, faults, say } = this.#options;
        const random = new Random(seed);
        if (faults.includes("disk")) await this.#openDisk();
        this.server = await startServer(life, {
            config: configOf(lobbies), args: ["--supervise"], dir,
            // What the poison does is for the server's own handler of signals.
            env: { ASAN_OPTIONS: [process.env.ASAN_OPTIONS, "handle_segv=0"].filter(Boolean).join(":") },
        });
        this.parties = Array.from({ length: lobbies }, (_, i) => new Party(this.server, i, random.fork()));
        this.players = this.parties.flatMap(({ players }) => players);
        this.thief = new Thief(this.server, this.shown);
        this.poison = new Poison(this.server);
        await this.#signIn();
        say(`${this.players.length} players in ${lobbies} lobbies, ${seconds} s, seed ${seed}`);
        const over = Promise.all(this.parties.map((party) => party.play()));
        this.counts = await happen(this, makeSchedule(random.fork(), seconds, faults), seconds);
        say("no more faults: the last matches are played");
        await this.#end(over);
        say("the server has ended: its recordings are played again");
        this.verdicts = await judge(this);
        return this.verdicts;
    }

    async #openDisk() {
        const { life, dir, lobbies, say } = this.#options;
        this.disk = await Disk.open(life, path.join(dir, "data"), DISK_MIB + lobbies * DISK_MIB_PER_LOBBY);
        if (!this.disk) say("no disk is filled: only root may mount one");
    }

    async #signIn() {
        const waiting = [this.thief, this.poison, ...this.players];
        const lane = async () => {
            for (let next; (next = waiting.pop()); ) await next.signIn();
        };
        await Promise.all(Array.from({ length: SIGN_INS_AT_ONCE }, lane));
    }

    /** Who is not done by then is told of by its ledger: it never came back, or never heard of an end. */
    async #end(over) {
        for (const party of this.parties) party.stop();
        await Promise.race([over, sleep(PEACE_MS, null, { ref: false })]);
        for (const one of [this.thief, this.poison, ...this.players]) one.signOut();
        await this.server.stop();
    }

    note(name) {
        this.faults.push({ atMs: Math.round(performance.now()), name });
    }

    /** One line. */
    get figures() {
        const { kinds } = this.verdicts;
        const done = Object.entries(this.counts).map(([name, { done, tried }]) => `${name} ${done}/${tried}`).join(", ");
        const of = Object.entries(kinds).map(([kind, { passed, failed }]) => `${kind} ${passed}/${passed + failed}`);
        return `${done}; ${of.join(", ")}; ${this.#gaps}`;
    }

    get #gaps() {
        const stood = this.players.flatMap(({ ledger }) => ledger.entries.filter(({ what }) => what === "stood"));
        const gaps = stood.map(({ gapMs }) => gapMs).sort((a, b) => a - b);
        const lost = stood.filter(({ lostTicks }) => lostTicks > 0).length;
        const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))] ?? 0;
        return `stood p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; a tick came again ${lost} times`;
    }

    /** What everybody was told and what was done, to be read after a loss. */
    async write(dir) {
        const line = (of) => (entry) => JSON.stringify({ ...entry, of });
        const lines = [
            ...this.faults.map(line("faults")),
            ...this.players.flatMap(({ name, ledger }) => ledger.entries.map(line(name))),
        ];
        await writeFile(path.join(dir, "ledger.jsonl"), `${lines.join("\n")}\n`);
        await writeFile(path.join(dir, "server.log"), this.server.output);
    }
}
