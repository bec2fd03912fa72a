// harness - a musterd of one's own per test: free ports, temporary data, captured log, clean end.
//
// Environment: MUSTERD and MUSTER name the binaries (default: those of build/release).

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "./documents.mjs";
import { assertAnswer } from "./openapi.mjs";

export { ROOT };
export const MUSTERD = process.env.MUSTERD ?? path.join(ROOT, "build/release/bin/musterd");
export const MUSTER = process.env.MUSTER ?? path.join(ROOT, "build/release/bin/muster");
/** The configuration of a server with the plugin that tests the engine. */
export const ENGINE = path.join(ROOT, "tests/server/engine/config.json");
/** Where they were built. */
export const BUILD = path.resolve(path.dirname(MUSTERD), "..");
export const SANITIZED = MUSTERD.includes("/asan/");

/** Patience for anything that must happen: an upper bound of the suite, not a figure of the server. */
export const PATIENCE_MS = 30000;

const READY = /^Server is ready: listening on \S+:(\d+)$/m;
const ADMIN_ADDRESS = /admin address 127\.0\.0\.1:(\d+)/;
const SANITIZER = /(AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|runtime error:)/;
export const PLUGINS = [
    "db_sqlite",
    "history",
    "moderation",
    "auth_local",
    "match_fill",
    "mode_arena",
    "victory_first_to_kills",
    "victory_time_limit",
    "victory_elimination",
    "victory_forfeit",
    "service_metrics",
];

/** A program to its end: {stdout, stderr}; rejects when it fails. */
export const runFile = promisify(execFile);

/** Stands for the t of a test where something serves all tests of a file. */
export const suite = { after };

/** Options of a server that is locked. Looking for leaks at its end needs ptrace and a process, which
 * it has given up. */
export const LOCKED = {
    args: ["--untrusted"],
    env: { ASAN_OPTIONS: [process.env.ASAN_OPTIONS, "detect_leaks=0"].filter(Boolean).join(":") },
};

const cleanups = new WeakMap();

/** Something to be done when the test ends: last added, first done, and all of it even if one fails. */
export function atEnd(t, fn) {
    if (!t) return;
    if (!cleanups.has(t)) {
        const list = [];
        cleanups.set(t, list);
        t.after(async () => {
            const errors = [];
            for (const cleanup of list.reverse()) {
                try {
                    await cleanup();
                } catch (error) {
                    errors.push(error);
                }
            }
            if (errors.length > 0) throw errors[0];
        });
    }
    cleanups.get(t).push(fn);
}

/** The servers that a supervisor runs: one, two while one takes the other's place, none just now. */
export async function childrenOf(pid) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
    return children.trim().split(" ").filter(Boolean).map(Number);
}

export const childOf = async (pid) => (await childrenOf(pid))[0];

export async function freePort() {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    server.close();
    await once(server, "close");
    return port;
}

export async function tempDir(t) {
    const dir = await mkdtemp(path.join(os.tmpdir(), "muster-test-"));
    atEnd(t, () => rm(dir, { recursive: true, force: true }));
    return dir;
}

/** A folder for server.pluginsDirs, with copies of these files. */
export async function pluginsDir(t, ...files) {
    const dir = path.join(await tempDir(t), "plugins");
    await mkdir(dir, { mode: 0o700 });
    for (const file of files) {
        const copy = path.join(dir, path.basename(file));
        await copyFile(file, copy);
        await chmod(copy, 0o755);
    }
    return dir;
}

/** Two levels deep: a section given replaces single keys of the default's. */
function mergeConfig(base, extra) {
    const merged = { ...base };
    for (const [section, value] of Object.entries(extra)) {
        const plain = value !== null && typeof value === "object" && !Array.isArray(value);
        merged[section] = plain ? { ...base[section], ...value } : value;
    }
    return merged;
}

/** The environment without what would configure a server. */
export function cleanEnvironment(extra = {}) {
    const kept = Object.entries(process.env).filter(([name]) => !/^MUSTER_/.test(name));
    return { ...Object.fromEntries(kept), ...extra };
}

/** Run musterd to its end: {code, signal, stdout, stderr}. */
export async function runDaemon(args, { env = {}, cwd, binary = MUSTERD, input = "" } = {}) {
    const child = spawn(binary, args, { env: cleanEnvironment(env), cwd, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.stdin.on("error", () => {}); // it may have ended before it read
    child.stdin.end(input);
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const [code, signal] = await once(child, "close");
    clearTimeout(timer);
    return { code, signal, stdout, stderr };
}

/** Run muster to its end, in a directory. */
export const muster = (cwd, ...args) => runDaemon(args, { binary: MUSTER, cwd });

/** A connection kept from an earlier request may be closed just when it is used again: then once
 * more, on a new one, as browsers do. */
async function fetchAnew(url, options) {
    try {
        return await fetch(url, options);
    } catch (error) {
        if (!["UND_ERR_SOCKET", "ECONNRESET"].includes(error.cause?.code)) throw error;
        return await fetch(url, options);
    }
}

/** Something that changes from outside, and who waits for it. */
export class Watched {
    #looks = new Set();

    changed() {
        for (const look of [...this.#looks]) look();
    }

    /** Resolves with what find() finds; rejects with error(why) when time is up, or `ended` comes first. */
    until(find, ended, error) {
        return new Promise((resolve, reject) => {
            const finish = (settle, value) => {
                clearTimeout(timer);
                this.#looks.delete(look);
                settle(value);
            };
            const look = () => {
                const found = find() ?? undefined;
                if (found !== undefined) finish(resolve, found);
            };
            const fail = (why) => finish(reject, error(why));
            const timer = setTimeout(() => fail("timed out"), PATIENCE_MS);
            this.#looks.add(look);
            ended.then((why) => (look(), fail(why)));
            look();
        });
    }
}

export class Server {
    output = "";
    stdout = "";
    port = 0;
    adminPort = 0;
    isSecure = false;
    #child;
    #closed;
    #watched = new Watched();

    constructor(child, dir) {
        this.#child = child;
        this.dir = dir;
        this.#closed = once(child, "close").then(([code, signal]) => ({ code, signal }));
        child.stdout.on("data", (chunk) => this.#take(chunk, true));
        child.stderr.on("data", (chunk) => this.#take(chunk, false));
        child.stdin?.on("error", () => {});
    }

    get pid() {
        return this.#child.pid;
    }
    get running() {
        return this.#child.exitCode === null && this.#child.signalCode === null;
    }
    get dataDir() {
        return path.join(this.dir, "data");
    }
    get databaseFile() {
        return path.join(this.dataDir, "muster.db");
    }
    get httpUrl() {
        return `${this.isSecure ? "https" : "http"}://127.0.0.1:${this.port}`;
    }
    get adminUrl() {
        return `http://127.0.0.1:${this.adminPort}`;
    }
    get wsUrl() {
        return `${this.httpUrl.replace("http", "ws")}/ws`;
    }

    #take(chunk, isStdout) {
        this.output += chunk;
        if (isStdout) this.stdout += chunk;
        this.#watched.changed();
    }

    /** Resolves with the match once the output (from `from` on) holds the pattern. */
    waitForOutput(pattern, from = 0) {
        return this.#watched.until(
            () => pattern.exec(this.output.slice(from)),
            this.#closed.then(() => "the server ended"),
            (why) => new Error(`${why} before ${pattern}:\n${this.output.slice(-4000)}`),
        );
    }

    signal(name) {
        this.#child.kill(name);
    }

    /** The process stands still for so long, as when a laptop sleeps. */
    async stall(ms) {
        const from = this.output.length;
        this.signal("SIGSTOP");
        await new Promise((resolve) => setTimeout(resolve, ms));
        this.signal("SIGCONT");
        await this.waitForOutput(/stood still for \d+ ms/, from);
    }

    /** Type a line into the console; resolves with the output that follows, up to the pattern. */
    async command(line, pattern) {
        const from = this.output.length;
        this.#child.stdin.write(`${line}\n`);
        if (!pattern) return "";
        await this.waitForOutput(pattern, from);
        return this.output.slice(from);
    }

    closeStdin() {
        this.#child.stdin.end();
    }

    /** Waits for the end and returns {code, signal}. */
    async ended() {
        const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
        const result = await this.#closed;
        clearTimeout(timer);
        return result;
    }

    /** Orderly stop; a code other than 0 or a sanitizer's report fails the test. */
    async stop(wanted = 0) {
        if (this.running) this.#child.kill("SIGTERM");
        const { code, signal } = await this.ended();
        const report = SANITIZER.exec(this.output);
        assert.ok(
            !report,
            `sanitizer report:\n${this.output.slice(report?.index, 6000 + report?.index)}`,
        );
        assert.equal(signal, null, `ended by ${signal}:\n${this.output.slice(-4000)}`);
        assert.equal(code, wanted, `exit code ${code}:\n${this.output.slice(-4000)}`);
    }

    /** The answer, which docs/openapi.yaml allows. */
    async rest(method, pathname, body, { admin = false, headers = {} } = {}) {
        const response = await fetchAnew((admin ? this.adminUrl : this.httpUrl) + pathname, {
            method,
            headers: {
                ...(body === undefined ? {} : { "Content-Type": "application/json" }),
                ...headers,
            },
            body:
                body === undefined
                    ? undefined
                    : typeof body === "string" || Buffer.isBuffer(body)
                      ? body
                      : JSON.stringify(body),
        });
        const bytes = Buffer.from(await response.arrayBuffer());
        const text = bytes.toString();
        const isJson = (response.headers.get("content-type") ?? "").includes("json");
        const answer = {
            status: response.status,
            headers: response.headers,
            bytes,
            text,
            body: isJson ? JSON.parse(text) : null,
        };
        assertAnswer(method, pathname, admin, answer);
        return answer;
    }

    /** The value of a metric without labels, which there must be. */
    async metric(name) {
        const { text } = await this.rest("GET", "/metrics", undefined, { admin: true });
        const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text);
        assert.ok(found, `no metric ${name}`);
        return Number(found[1]);
    }

    /** A console command over the admin address: the whole answer. */
    adminAnswer(command) {
        return this.rest(
            "POST",
            "/v1/admin/command",
            { command },
            {
                admin: true,
                headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
            },
        );
    }

    /** Why a console command did nothing. */
    async adminRefusal(command) {
        const answer = await this.adminAnswer(command);
        assert.ok(answer.status >= 400, answer.text);
        return answer.body.detail;
    }

    /** The output of a console command that succeeds. */
    async admin(command) {
        const answer = await this.adminAnswer(command);
        assert.equal(answer.status, 200, answer.text);
        return answer.body.output;
    }
}

export const ADMIN_TOKEN = "the-admin-token-of-40-characters-length0";

/** Defaults of the tests: quick ends, no bots, generous limits for one shared address. */
export function testConfig(extra = {}) {
    return mergeConfig(
        {
            net: {
                address: "127.0.0.1",
                port: 0,
                adminPort: 0,
                connectionsPerAddressMax: 512,
                acceptPerSecond: 1000,
                acceptBurst: 1000,
                strangerPerSecond: 10000,
                strangerBurst: 10000,
            },
            http: { authPerMinute: 6000, authBurst: 1000 },
            admin: { token: ADMIN_TOKEN },
            lobby: {
                countdownMs: 500,
                scoreboardMs: 1500,
                playersMin: 2,
                createPerMinute: 1000,
                codeTriesPerMinute: 1000,
                findPerMinute: 1000,
            },
            plugins: PLUGINS,
        },
        extra,
    );
}

/**
 * Start a musterd and wait until it is ready. It is stopped (and must stop in order) when the test
 * ends, unless the test has stopped it itself.
 */
export async function startServer(
    t,
    { config = {}, args = [], env = {}, binary = MUSTERD, dir } = {},
) {
    assert.ok(existsSync(binary), `no ${binary}: build first`);
    const home = dir ?? (await tempDir(t));
    const file = path.join(home, "config.json");
    await writeFile(file, JSON.stringify(testConfig(config), null, 4));
    const child = spawn(
        binary,
        ["--config", file, "--data-dir", path.join(home, "data"), ...args],
        {
            env: cleanEnvironment(env),
            cwd: home,
            stdio: "pipe",
        },
    );
    const server = new Server(child, home);
    server.configFile = file;
    server.isSecure = Boolean(config.tls?.cert);
    atEnd(t, async () => {
        if (server.running) await server.stop();
    });
    const [, port] = await server.waitForOutput(READY);
    server.port = Number(port);
    server.adminPort = Number(ADMIN_ADDRESS.exec(server.output)[1]);
    return server;
}

/** Rows of a database, read while its server runs. */
export async function query(file, sql) {
    const { stdout } = await runFile("sqlite3", [
        "-readonly",
        "-json",
        "-cmd",
        ".timeout 5000",
        file,
        sql,
    ]);
    return stdout.trim() ? JSON.parse(stdout) : [];
}

export const queryDatabase = (server, sql) => query(server.databaseFile, sql);

/** Asks again and again until the answer is truthy. For facts that nothing announces. */
export async function eventually(what, ask) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        const answer = await ask();
        if (answer) return answer;
        if (Date.now() > deadline) throw new Error(`never came: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
}
