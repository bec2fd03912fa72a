// node - a live node that was started with --untrusted, whose operator has the hostile scripts as
// mods, and others who play on it meanwhile. One that has died or hangs is replaced.

import { LOCKED, MUSTERD, SANITIZED, startServer } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";
import { GLOBALS } from "./scripts.mjs";

const TICK_HZ = 20;
const ANSWER_MS = 15000;

export const STRETCH_LIMIT_US = SANITIZED ? 25000 : 5000;
export const BUILD = MUSTERD.includes("/asan/") ? "asan" : "release";
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when the promise takes longer: a hang is a finding. */
export function inTime(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`hang: ${what}`)), ANSWER_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class Node {
    #modDir;
    #lobbies;
    #others = [];

    constructor(modDir, lobbies) {
        this.#modDir = modDir;
        this.#lobbies = lobbies;
    }

    async start() {
        const config = {
            plugins: MOD_PLUGINS,
            net: { requestsPerSecond: 10000, requestsBurst: 10000 }, // most players have one address
            lobby: { countdownMs: 100, playersMin: 1, maxLobbies: 400 },
            lua: {
                globals: GLOBALS,
                modDirs: [this.#modDir],
                permissions: ["chat", "kick", "storage"],
                uploadPermissions: ["chat", "kick", "storage"],
            },
            match: { recordEnabled: false },
        };
        this.server = await startServer(null, { config, ...LOCKED });
        for (let i = 0; i < this.#lobbies; i++) this.#others.push(await this.#other(i));
        await Promise.all(this.#others.map(({ client }) => client.entry.match ?? client.once("match.started")));
    }

    async #other(i) {
        const player = await connectPlayer(null, this.server, { name: `Other ${i}` });
        await player.client.createLobby({
            gameMode: "arena",
            settings: { botFill: 8, killLimit: 1000, timeLimit: 3600, maxPlayers: 8, startWhen: "enough" },
        });
        return player;
    }

    #leave() {
        for (const { client, auth } of this.#others) {
            client.close();
            auth.stop();
        }
        this.#others = [];
    }

    /** Orderly; a sanitizer's report is an error. */
    async stop() {
        this.#leave();
        await this.server.stop();
    }

    /** How it ended, when it has, or does not answer; there is another one then. Else "". */
    async replaceIfDead() {
        let why = "";
        if (this.server.running) {
            const asked = inTime(this.server.admin("mods stretch"), "the node");
            why = await asked.then(() => "", (error) => error.message);
            if (why) this.server.signal("SIGKILL");
        }
        if (this.server.running && !why) return "";
        this.#leave();
        const { code, signal } = await this.server.ended();
        await this.start();
        return why || `the node ended by ${signal ?? `exit code ${code}`}`;
    }

    /** The longest stretch in a script since the last time this was asked, in us. */
    async stretch() {
        return Number(/(\d+) us/.exec(await this.server.admin("mods stretch"))[1]);
    }

    async #counters() {
        return {
            late: await this.server.metric("muster_tick_overruns_total"),
            skipped: await this.server.metric("muster_ticks_skipped_total"),
            at: performance.now(),
        };
    }

    /** What happened to the others meanwhile, and for so long after. */
    async watch(afterMs, fn) {
        const before = await this.#counters();
        const result = await fn();
        await sleep(afterMs);
        const after = await this.#counters();
        const ticks = ((after.at - before.at) / 1000) * TICK_HZ * this.#lobbies;
        return { result, ticks, late: after.late - before.late, skipped: after.skipped - before.skipped };
    }
}
