// muster doctor: what is wrong with a data directory that a server has made.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import {
    chmod, chown, cp, mkdir, open, readFile, readdir, rm, stat, symlink, truncate, writeFile,
} from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { muster, runFile, startServer } from "../kit/harness.mjs";
import { gather, sitDown } from "../kit/players.mjs";

const IN_USE = 69;
const LARGE_BYTES = 2 ** 31;

/** Exit code and output, which no sanitizer and no signal has ended. */
async function doctor(dir, ...options) {
    const { code, stdout, stderr } = await muster(path.dirname(dir), "doctor", dir, ...options);
    assert.ok(typeof code === "number" && !/Sanitizer|runtime error/.test(stderr), stderr);
    return { code, stderr, lines: stdout.trimEnd().split("\n") };
}

/** Name, mode and bytes (of one that is too large, its size) of all that lies there. */
async function contents(dir) {
    const found = {};
    for (const name of (await readdir(dir, { recursive: true })).sort()) {
        const file = path.join(dir, name);
        const info = await stat(file);
        const isSmall = info.isFile() && info.size < LARGE_BYTES;
        found[name] = [info.mode, isSmall ? await readFile(file, "base64") : info.size];
    }
    return found;
}

const overwrite = async (file, at, bytes) => {
    const handle = await open(file, "r+");
    await handle.write(bytes, 0, bytes.length, at);
    await handle.close();
};

/** The data directory of a server in which a match was played and saved; asked beside it as well. */
async function played(t) {
    const server = await startServer(t, {});
    const data = server.dataDir;
    const team = await gather(t, server, 2);
    const lobbyId = await sitDown(team, { killLimit: 50, botFill: 4 });
    await team[0].client.once("snapshot", { timeoutMs: 20000 });
    await server.admin(`lobby freeze ${lobbyId}`);
    await server.admin(`lobby save ${lobbyId} whole`);
    const live = path.join(server.dir, "live"); // nothing of it is written while the lobby stands
    await cp(path.join(data, "live", lobbyId), live);
    await server.admin(`lobby thaw ${lobbyId}`);
    await server.admin("backup copy.db");
    const { code, lines, stderr } = await doctor(data, "--config", server.configFile);
    assert.equal(code, 0, lines.join("\n") + stderr);
    assert.equal(lines[0], `note: in use by process ${server.pid}`);
    assert.match(lines.at(-1), /: all is well; recordings 1, without an end 1, saved lobbies 1, live 1, crashes 0, free \d+ MiB$/);
    const refused = await doctor(data, "--mend");
    assert.equal(refused.code, IN_USE);
    assert.match(refused.stderr, /is in use by process \d+/);
    await server.stop();
    return { data, live };
}

const DAMAGES = {
    async "node-id"(file) {
        await writeFile(file, "two\nlines\n");
        return /^wrong: node-id: expected one line of 1 to 63 visible characters$/;
    },
    async "moderation.json"(file) {
        await writeFile(file, '{"sanctions": [{"id": "x"}]}', { mode: 0o600 });
        return /^wrong: \S+moderation\.json: sanctions\[0\]: a key is missing or wrong; nobody comes in/;
    },
    async "unwritten.jsonl"(file) {
        const statement = { sql: "SELECT 1", params: [] };
        const line = JSON.stringify({ what: "x", durable: true, statements: [statement] });
        await writeFile(file, `${line}\n${line}\nhalf a li`, { mode: 0o600 });
        return [
            /^wrong: unwritten\.jsonl: lines that are no writes, which the next start leaves out: 1$/,
            /^note: unwritten\.jsonl: writes that wait for their database: 2$/,
        ];
    },
    async "queue.live"(file) {
        await writeFile(file, Buffer.alloc(8192), { mode: 0o600 });
        return /^wrong: queue\.live: it is no checkpoint$/;
    },
    async "muster.db"(file) {
        const { size } = await stat(file);
        for (let at = 4096; at < size; at += 8192) await overwrite(file, at, Buffer.alloc(4096, 0x5a));
        return /^wrong: plugin db_sqlite: file: \S+muster\.db is damaged: .*; restore it from a backup$/;
    },
    async "keys/1790000000-0123abcd.pem"(file) {
        await writeFile(file, "rubbish", { mode: 0o600 });
        return /^wrong: plugin auth_local: \S+0123abcd\.pem is not a P-256 key in PEM$/;
    },
    async "live/cut"(file) {
        await truncate(file, (await stat(file)).size - 1);
        return /^wrong: live\/cut: cannot go on: it is no checkpoint$/;
    },
    async "live/other"(file) {
        const slotBytes = (await readFile(file)).readUInt32LE(8);
        for (const slot of [64, 64 + slotBytes]) await overwrite(file, slot + 64 + 200, Buffer.alloc(8, 0x5a));
        return /^wrong: live\/other: cannot go on: it is no checkpoint$/; // no slot has its hash
    },
    async "lobbies/cut"(file) {
        await truncate(file, (await stat(file)).size - 1);
        return /^wrong: lobbies\/cut: cannot be loaded: it is damaged$/;
    },
    async "lobbies/later"(file) {
        await overwrite(file, 8, Buffer.from([99, 0, 0, 0]));
        return /^wrong: lobbies\/later: cannot be loaded: it was saved in form 99, /;
    },
    async "lobbies/link"(file) {
        await rm(file);
        await symlink("whole", file);
        return /^wrong: lobbies\/link: expected a file, found something else, which is not followed$/;
    },
    async "lobbies/pipe"(file) {
        await rm(file);
        await runFile("mkfifo", [file]);
        return /^wrong: lobbies\/pipe: expected a file, /;
    },
    async "lobbies/\u001b[31mred\nwrong: x"(file) {
        await writeFile(file, "x", { mode: 0o600 });
        return /^wrong: lobbies\/\\x1B\[31mred wrong: x: cannot be loaded: it is no saved lobby$/i;
    },
    async "records/cut.mrec"(file) {
        await truncate(file, (await stat(file)).size - 1);
        return /^wrong: records\/cut\.mrec: damaged behind tick \d+, entry \d+$/;
    },
    async "records/later.mrec"(file) {
        const text = await readFile(file, "latin1");
        await writeFile(file, text.replace(/("version":\s*)\d/, "$19"), "latin1");
        return /^wrong: records\/later\.mrec: cannot be played again: .*another version of muster$/;
    },
    async "records/other.mrec"(file) {
        await writeFile(file, "MSTRLOB1 and more of it", { mode: 0o600 });
        return /^wrong: records\/other\.mrec: no recording$/;
    },
    async "records/large.mrec"(file) {
        await truncate(file, LARGE_BYTES);
        return /^wrong: records\/large\.mrec: larger than a recording can be$/;
    },
};

const MENDABLE = {
    async "backups"(file) {
        await chmod(file, 0o755);
        return /: backups: (expected mode 0700, found 0755 \(--mend sets it\)|mode 0755 is 0700 now)$/;
    },
    async "crashes/today"(file) {
        await mkdir(file, { recursive: true, mode: 0o700 });
        await writeFile(path.join(file, "crash.json"), "{}", { mode: 0o640 });
        return /: crashes\/today\/crash\.json: (expected mode 0600, found 0640 |mode 0640 is 0600 now)/;
    },
    async "records/open.mrec"(file) {
        await chmod(file, 0o644);
        return /: records\/open\.mrec: (expected mode 0600, found 0644 \(--mend sets it\)|mode 0644 is 0600 now)$/;
    },
    async "records/gone.mrec.checkpoint"(file) {
        await writeFile(file, "x", { mode: 0o600 });
        return /: records\/gone\.mrec\.checkpoint: left over/;
    },
    async "moderation.json.new"(file) {
        await writeFile(file, "x");
        return /: moderation\.json\.new: left over/;
    },
};

/** Each damage on its own copy of a whole file; what must be said. */
async function damage(data, whole, damages) {
    const said = [];
    for (const [name, make] of Object.entries(damages)) {
        const file = path.join(data, name);
        if (!existsSync(file) && /^(lobbies|live|records)\/[a-z.]+$/.test(name) && !/checkpoint/.test(name))
            await cp(whole[path.dirname(name)], file);
        said.push(await make(file));
    }
    return said.flat();
}

const holds = (lines, pattern) =>
    assert.ok(lines.some((line) => pattern.test(line)), `${pattern}:\n${lines.join("\n")}`);

test("a data directory: whole beside its server and after it, then damaged in each way", async (t) => {
    const { data, live } = await played(t);
    const before = await contents(data);
    const well = await doctor(data);
    assert.equal(well.code, 0, well.lines.join("\n"));
    assert.equal(well.lines.length, 1);
    assert.match(well.lines[0], /: all is well; recordings 1, without an end 0, saved lobbies 1, live 0, crashes 0, /);
    assert.deepEqual(await contents(data), before);

    const [recording] = (await readdir(path.join(data, "records"))).filter((name) => name.endsWith(".mrec"));
    const whole = { live, lobbies: path.join(data, "lobbies/whole"), records: path.join(data, "records", recording) };
    await cp(live, path.join(data, "live/whole"));
    const wrong = await damage(data, whole, DAMAGES);
    const mendable = await damage(data, whole, MENDABLE);
    if (process.getuid() === 0) {
        await cp(whole.lobbies, path.join(data, "lobbies/theirs"));
        await chown(path.join(data, "lobbies/theirs"), 12345, 12345);
        wrong.push(/^wrong: lobbies\/theirs: expected to belong to user 0, found 12345$/);
    }
    const damaged = await contents(data);
    const found = await doctor(data);
    assert.equal(found.code, 1);
    for (const pattern of [...wrong, ...mendable]) holds(found.lines, pattern);
    assert.match(found.lines.at(-1), new RegExp(`: \\d+ wrong, of which --mend mends ${mendable.length}; .*, live 1, crashes 1, `));
    assert.deepEqual(await contents(data), damaged);

    const mended = await doctor(data, "--mend");
    assert.equal(mended.code, 1);
    for (const pattern of [...wrong, ...mendable]) holds(mended.lines, pattern);
    assert.equal(mended.lines.filter((line) => line.startsWith("mended: ")).length, mendable.length);
    const after = await doctor(data);
    for (const pattern of wrong) holds(after.lines, pattern);
    for (const pattern of mendable) assert.ok(!after.lines.some((line) => pattern.test(line)), `${pattern}`);
});
