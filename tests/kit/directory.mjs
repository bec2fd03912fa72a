// directory - a directory of one's own, keys of it, and nodes that join it.

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { atEnd, eventually, freePort, startServer } from "./harness.mjs";

export const DIRECTORY_PLUGINS = ["db_sqlite", "kv_memory", "moderation", "auth_local", "service_directory", "service_metrics"];
const NODE_PLUGINS = ["db_sqlite", "auth_local", "match_fill", "mode_arena", "service_registrar", "service_metrics"];

/** A node that plays matches which end when somebody leaves, and reports them. */
export const REPORTING_PLUGINS = [...NODE_PLUGINS, "victory_forfeit", "reporter_central"];

/** Quick: what takes seconds with people takes tenths of them here. */
const QUICK = { allowPrivate: true, beatMs: 100, suspectMs: 400, deadMs: 800, proofsPerMinute: 1000, registrationsPerMinute: 1000 };

export function startDirectory(t, { settings = {}, config = {}, ...options } = {}) {
    const directory = { service_directory: { ...QUICK, ...settings }, plugins: DIRECTORY_PLUGINS };
    return startServer(t, { config: { ...directory, ...config }, ...options });
}

/** A registration key, by the console. */
export async function addKey(directory, operator = "Ada") {
    const said = await directory.admin(`directory.key add ${operator}`);
    return { id: /^key (\w{12}) of/.exec(said)[1], key: /^mk_[\w-]{43}$/m.exec(said)[0] };
}

/** The three settings, and a port that is known before. */
export async function nodeConfig(directory, key, { port, config = {} } = {}) {
    port ??= await freePort();
    return {
        ...config,
        net: { port, publicUrl: `ws://127.0.0.1:${port}/ws`, ...config.net },
        service_registrar: { directoryUrl: directory.httpUrl, key, ...config.service_registrar },
        plugins: config.plugins ?? NODE_PLUGINS,
    };
}

export async function startNode(t, directory, key, options = {}) {
    return startServer(t, { ...options, config: await nodeConfig(directory, key, options) });
}

export const list = async (directory, query = "") => (await directory.rest("GET", `/v1/servers${query}`)).body.servers;

/** A server of the list that is no muster: REST, and the proof by hand. */
export class Stranger {
    #sequence = 0;
    #http;
    #beats;
    /** Proofs that were asked for, how many at most at the same time, and how they are answered. */
    asked = 0;
    running = 0;
    runningMax = 0;
    bootId = Date.now();

    constructor(directory, key, { port = 0, address = "127.0.0.1", name = "A stranger", info = {} } = {}) {
        Object.assign(this, { directory, key, port, address });
        this.info = {
            serverName: name, region: "local", maxLobbies: 10, supportedGameModes: ["chess"],
            version: "1.0", adminContact: "", ...info,
        };
    }

    /** What is answered to a nonce; may be another one in a test. */
    answer(nonce) {
        const hmac = createHmac("sha256", Buffer.from(this.proofSecret, "hex"));
        return JSON.stringify({ proof: hmac.update(`${nonce}|${this.serverId}|${this.address}:${this.port}`).digest("hex") });
    }

    async listen(t) {
        this.#http = createServer();
        const sockets = new WebSocketServer({ server: this.#http, path: "/directory", handleProtocols: () => "muster.directory.v1" });
        sockets.on("connection", (socket) => {
            this.asked++;
            this.runningMax = Math.max(this.runningMax, ++this.running);
            socket.on("message", async (data) => {
                const answer = await this.answer(JSON.parse(data).nonce);
                if (answer !== undefined) socket.send(answer);
            });
            socket.on("close", () => this.running--);
            socket.on("error", () => {});
        });
        this.#http.listen(this.port, "127.0.0.1");
        await once(this.#http, "listening");
        this.port = this.#http.address().port;
        atEnd(t, () => this.leave());
        return this;
    }

    /** Gone from the net, and silent. */
    leave() {
        clearInterval(this.#beats);
        this.#http?.closeAllConnections();
        this.#http?.close();
    }

    silence() {
        clearInterval(this.#beats);
    }

    headers = (secret) => ({ headers: { Authorization: `Bearer ${secret}` } });

    async register({ key = this.key, ...changes } = {}) {
        const body = { ...this.info, address: this.address, port: this.port, tls: false, ...changes };
        const answer = await this.directory.rest("POST", "/v1/servers", body, this.headers(key));
        if (answer.status === 201) {
            this.serverId = answer.body.serverId;
            this.token = answer.body.serverToken;
            this.proofSecret = answer.body.proofSecret;
        }
        return answer;
    }

    beatBody(changes = {}) {
        return {
            bootId: this.bootId, sequence: ++this.#sequence, status: "healthy", tickLatenessMs: 0,
            health: { cpuUsage: 0.1, memoryUsage: 0.5, diskUsage: 0.5, networkLatency: 1, activeConnections: 3, errorRate: 0 },
            players: 3, playersMax: 100, lobbiesMax: 10, freeSeats: 97,
            lobbies: [{ gameMode: "chess", state: "active", count: 1 }], ...changes,
        };
    }

    beat(changes, token = this.token) {
        return this.directory.rest("PUT", `/v1/servers/${this.serverId}/status`, this.beatBody(changes), this.headers(token));
    }

    /** Beats by itself from now on. */
    async live(everyMs = 100) {
        const first = await this.beat();
        this.#beats = setInterval(() => this.beat().catch(() => {}), everyMs);
        return first;
    }

    /** Registered, proven and listed. */
    async join(t) {
        await this.listen(t);
        await this.register();
        await this.live();
        return this;
    }
}

/** Until it is told that it stands so. */
export const standing = (stranger, status) =>
    eventually(`${status}`, async () => {
        const { body } = await stranger.beat();
        return body.status === status && body;
    });
