// faults - what goes wrong in a run, how often, and when: a seed decides.

import { MusterError } from "../../sdk/js/index.js";
import { childrenOf } from "../kit/harness.mjs";
import { pause } from "./signal.mjs";

/** The running server, not its supervisor; during an upgrade one of both. False: there is none. */
async function signalServer({ server, disk }, random, signal) {
    const pids = await childrenOf(server.pid);
    if (pids.length === 0 || disk?.isFull) return false;
    const pid = random.pick(pids);
    try {
        return process.kill(pid, signal) && pid;
    } catch {
        return false;
    }
}

async function stall(run, random) {
    const pid = await signalServer(run, random, "SIGSTOP");
    if (!pid) return false;
    await pause(random.int(1000, 5000));
    try {
        return process.kill(pid, "SIGCONT");
    } catch {
        return true; // it was killed meanwhile
    }
}

/** A console command; false: nobody took it. */
const command = async ({ server, disk }, line) =>
    !disk?.isFull && server.admin(line).then(() => true, () => false);

/** One that must be refused; false: nobody was there to do so. */
async function refused({ server, shown }, trick, line) {
    const answer = await server.adminAnswer(line).catch(() => null);
    if (!answer) return false;
    shown.push({ trick, word: answer.body?.detail ?? "", isGood: answer.status >= 400 });
    return true;
}

/** What the server cannot write is not lost, but nobody says so of what is killed meanwhile. */
async function fill({ server, disk }, random) {
    if (!disk || disk.isFull || !(await isWell(server))) return false;
    await disk.fill();
    await pause(random.int(2000, 4000));
    await disk.free();
    while (!(await isWell(server))) await pause(AGAIN_MS);
    disk.isWell();
    return true;
}

/** Ready, and the disk is. */
const isWell = (server) => server.rest("GET", "/readyz").then(({ status }) => status === 200, () => false);

const settled = ({ parties }) => parties.flatMap(({ players }) => players).filter((player) => player.isSettled);

/** Does it to a player who sits; false: nobody does. */
async function toPlayer(run, random, what) {
    const players = settled(run);
    if (players.length === 0) return false;
    await what(random.pick(players));
    return true;
}

const AGAIN_MS = 200;

export const FAULTS = {
    kill: { perMinute: 10, run: async (run, random) => Boolean(await signalServer(run, random, "SIGKILL")) },
    stall: { perMinute: 3, run: stall },
    restart: { perMinute: 2, run: (run) => command(run, "restart now") },
    cut: { perMinute: 120, run: (run, random) => toPlayer(run, random, (player) => player.cut()) },
    replace: { perMinute: 60, run: (run, random) => toPlayer(run, random, (player) => player.replace()) },
    poison: { perMinute: 2, run: (run) => run.poison.strike(() => !run.disk?.isFull) },
    upgrade: { perMinute: 2, run: (run) => command(run, "upgrade") },
    badUpgrade: { perMinute: 2, run: (run) => refused(run, "bad upgrade", "upgrade /bin/false") },
    disk: { perMinute: 2, run: fill },
    theft: { perMinute: 120, run: (run, random) => run.thief.steal(random, random.pick(run.parties)) },
};

/** {atMs, name, random} in order: each fault as often as it is to come, once at least, at random
 * moments. */
export function makeSchedule(random, seconds, names) {
    const schedule = names.flatMap((name) => {
        const count = Math.max(1, Math.round((FAULTS[name].perMinute * seconds) / 60));
        return Array.from({ length: count }, () => ({ atMs: random.next() * seconds * 1000, name, random: random.fork() }));
    });
    return schedule.sort((a, b) => a.atMs - b.atMs);
}

/** What the server refuses did not happen; what that means is for the ledgers to say. */
async function tryOne(run, name, random) {
    try {
        return (await FAULTS[name].run(run, random)) !== false;
    } catch (error) {
        if (error instanceof MusterError) return false;
        throw error;
    }
}

/** Lets them happen, each at its time, whatever the one before is still about; {done, tried} by name,
 * when all the time is over. */
export async function happen(run, schedule, seconds) {
    const beganMs = performance.now();
    const counts = Object.fromEntries(schedule.map(({ name }) => [name, { done: 0, tried: 0 }]));
    const under = [];
    let wrong = null;
    for (const { atMs, name, random } of schedule) {
        await pause(Math.max(0, beganMs + atMs - performance.now()));
        if (wrong) throw wrong;
        run.note(name);
        counts[name].tried++;
        under.push(tryOne(run, name, random)
            .then((done) => done && counts[name].done++, (error) => (wrong ??= error)));
    }
    await Promise.all([...under, pause(Math.max(0, beganMs + seconds * 1000 - performance.now()))]);
    if (wrong) throw wrong;
    return counts;
}
