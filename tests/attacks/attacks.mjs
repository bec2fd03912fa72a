// attacks DIR - uploads every script of a folder as a rule to a live node that was started with
// --untrusted, with other lobbies playing, and calls its attack().
//
// Prints a line per script, runs a harmless rule the same way as control, runs what aims at memory
// or the process again under valgrind, and sums up. Exits with 1 when a script hung, crashed or got
// out, ended otherwise than its header says, or held the loop too long.

import { parseArgs } from "node:util";
import { MUSTERD, SANITIZED, connectPlayer, startServer } from "../e2e/harness.mjs";
import { MOD_PLUGINS } from "../e2e/mods.mjs";
import { compareRuns, valgrindRuns } from "./apart.mjs";
import { GLOBALS, HARMLESS, VICTIM, dress, fault, readScripts, verdict } from "./scripts.mjs";

const TICK_HZ = 20;
const ANSWER_MS = 15000;
const WATCH_MS = 700; // others are watched for so long after an attack
const STRETCH_LIMIT_US = SANITIZED ? 25000 : 5000;
const LATE_LIMIT = 0.001;
const PART_BYTES = 12000; // a message has at most 16 KiB

const { values, positionals } = parseArgs({
    options: {
        lobbies: { type: "string", default: "50" },
        only: { type: "string", default: "" },
        "no-valgrind": { type: "boolean", default: false },
        control: { type: "string", default: "12" },
    },
    allowPositionals: true,
});
const [folder] = positionals;
if (!folder) {
    console.error("usage: ./dev attacks [--lobbies N] [--only TEXT] [--no-valgrind] DIR");
    process.exit(64);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Rejects when the promise takes longer: a hang is a finding. */
function inTime(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`hang: ${what}`)), ANSWER_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// ---- the node and the others

async function startNode() {
    const config = {
        plugins: MOD_PLUGINS,
        lobby: { countdownMs: 100, playersMin: 1, maxLobbies: 400 },
        lua: { globals: GLOBALS, uploadPermissions: ["chat", "kick", "storage"] },
        match: { recordEnabled: false },
    };
    const env = { ASAN_OPTIONS: "detect_leaks=0:abort_on_error=0:exitcode=99" };
    return startServer(null, { config, args: ["--untrusted"], env });
}

async function fillLobbies(server, count) {
    const players = [];
    for (let i = 0; i < count; i++) {
        const player = await connectPlayer(null, server, { name: `Other ${i}` });
        await player.client.createLobby({
            gameMode: "arena",
            settings: { botFill: 8, killLimit: 1000, timeLimit: 3600, maxPlayers: 8, startWhen: "enough" },
        });
        players.push(player);
    }
    await Promise.all(players.map(({ client }) => client.entry.match ?? client.once("match.started")));
    return players;
}

async function counters(server) {
    const { text } = await server.rest("GET", "/metrics", undefined, { admin: true });
    const read = (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
    return {
        late: read("muster_tick_overruns_total"),
        skipped: read("muster_ticks_skipped_total"),
        at: performance.now(),
    };
}

/** What happened to the others meanwhile. */
async function watch(server, lobbies, fn) {
    const before = await counters(server);
    const result = await fn();
    await sleep(WATCH_MS);
    const after = await counters(server);
    const ticks = ((after.at - before.at) / 1000) * TICK_HZ * lobbies;
    return { result, ticks, late: after.late - before.late, skipped: after.skipped - before.skipped };
}

/** The longest stretch in an upload since the last time this was asked, in us. */
async function stretch(server) {
    return Number(/(\d+) us/.exec(await server.admin("mods stretch"))[1]);
}

// ---- one script

async function upload(client, text) {
    const count = Math.ceil(text.length / PART_BYTES);
    for (let part = 0; part < count; part++) {
        const source = text.slice(part * PART_BYTES, (part + 1) * PART_BYTES);
        const params = { name: "attack", source, part, more: part + 1 < count };
        await inTime(client.call("lobby.uploadRule", params), "the upload");
    }
}

function listen(client, end) {
    client.on("lobby.chat", ({ playerId, text }) => {
        if (playerId === "" && end.asked && end.answer === undefined) end.answer = text;
    });
    client.on("mod.error", ({ message }) => {
        if (/^stopped: /.test(message)) end.killed = message;
        else if (/^error: /.test(message)) end.error = message;
    });
}

/** A node that is late takes no new lobbies until it has caught up. */
async function openLobby(client, settings) {
    for (;;) {
        try {
            return await client.createLobby({ gameMode: "arena", settings });
        } catch (error) {
            if (error.code !== "server_full") throw error;
            await sleep(WATCH_MS);
        }
    }
}

async function attack(server, text) {
    const end = {};
    const host = await connectPlayer(null, server, { name: "Attacker" });
    const mate = await connectPlayer(null, server, { name: "Mate" });
    try {
        const { client } = host;
        const settings = { isPrivate: true, botFill: 4, maxPlayers: 2, killLimit: 1000, startWhen: "host" };
        const entry = await inTime(openLobby(client, settings), "a lobby");
        await mate.client.joinLobby(entry.lobby.lobbyId);
        listen(client, end);
        await upload(client, dress(text));
        await client.call("lobby.start", {});
        await inTime(client.once("match.started"), "the match");
        end.entered = true;
        end.asked = true;
        await inTime(client.call("lobby.chat", { text: "/attack" }), "the attack");
        await inTime(client.call("session.ping", {}), "the node"); // answered after what the attack says
    } catch (error) {
        if (error.data?.reason !== "bad_script") throw error;
        end.refused = error.message;
    } finally {
        host.client.close();
        host.auth.stop();
        mate.client.close();
        mate.auth.stop();
    }
    return end;
}

async function attackAndJudge(server, script, lobbies) {
    await stretch(server);
    const { result: end, ticks, late, skipped } = await watch(server, lobbies, () => attack(server, script.text));
    if (end.answer === "CHECK-VICTIM") end.victim = (await attack(server, VICTIM)).answer;
    const stretchUs = await stretch(server);
    let why = fault(script, end);
    if (!why && end.victim && !end.victim.startsWith("BLOCKED")) why = end.victim;
    if (!why && stretchUs > STRETCH_LIMIT_US) why = `held the loop for ${stretchUs} us`;
    if (!why && !SANITIZED && skipped > 0) why = `${skipped} ticks skipped`;
    return { script, end, ticks, late, skipped, stretchUs, why };
}

function print({ script, end, stretchUs, late, skipped, why }) {
    const text = end.refused ?? end.killed ?? end.error ?? end.answer ?? "";
    console.log(
        `${script.name.padEnd(30)} ${script.class.padEnd(12)} ${verdict(end).padEnd(12)} ` +
            `${String(stretchUs).padStart(6)} us  ${skipped} skipped  ${late} late  ${text.slice(0, 60)}` +
            (why ? `  <-- ${why}` : ""),
    );
}

// ---- all

const server = await startNode();
const scripts = (await readScripts(folder)).filter(({ name }) => name.includes(values.only));
const lobbies = Number(values.lobbies);
const others = await fillLobbies(server, lobbies);
const harmless = { name: "(control)", class: "", expect: "finishes", text: HARMLESS };
const rows = [];
const control = [];
try {
    for (let i = 0; i < Number(values.control); i++) control.push(await attackAndJudge(server, harmless, lobbies));
    print({ ...control.at(-1), late: control.reduce((n, row) => n + row.late, 0) });
    for (const script of scripts) {
        rows.push(await attackAndJudge(server, script, lobbies));
        print(rows.at(-1));
    }
} finally {
    for (const { client, auth } of others) {
        client.close();
        auth.stop();
    }
}
await server.stop();

const share = (list) => list.reduce((n, row) => n + row.late, 0) / list.reduce((n, row) => n + row.ticks, 1);
const faults = rows.filter(({ why }) => why).map(({ script, why }) => `${script.name}: ${why}`);
const [late, lateControl] = [share(rows), share(control)];
if (!SANITIZED && late > lateControl + LATE_LIMIT) faults.push(`others late ${(late * 100).toFixed(3)} %`);
faults.push(...(await compareRuns(rows.filter(({ end }) => end.answer?.startsWith("COMPARE")).map(({ script }) => script))));
if (!values["no-valgrind"]) {
    const chosen = scripts.filter((script) => /^(mem|crash)$/.test(script.class));
    faults.push(...(await valgrindRuns(chosen)));
}

const worst = Math.max(0, ...rows.map(({ stretchUs }) => stretchUs));
const skipped = rows.reduce((n, row) => n + row.skipped, 0);
for (const text of faults) console.log(`FAILED ${text}`);
console.log(
    `attacks: ${rows.length} scripts, ${faults.length} failed; longest stretch ${worst} us (limit ${STRETCH_LIMIT_US}), ` +
        `${skipped} ticks of others skipped, ${(late * 100).toFixed(3)} % late (control ${(lateControl * 100).toFixed(3)} %), ` +
        `${MUSTERD.includes("/asan/") ? "asan" : "release"} build`,
);
process.exit(faults.length || rows.length === 0 ? 1 : 0);
