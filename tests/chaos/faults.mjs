// faults - what goes wrong in a run, how often, and when: a seed decides.

import { MusterError } from "../../sdk/js/index.js";
import { childOf } from "../kit/harness.mjs";
import { pause } from "./signal.mjs";

/** The running server, not its supervisor. False: there is none just now. */
async function signalServer({ server }, signal) {
    const pid = await childOf(server.pid);
    if (!pid) return false;
    try {
        return process.kill(pid, signal) && pid;
    } catch {
        return false;
    }
}

async function stall(run, random) {
    const pid = await signalServer(run, "SIGSTOP");
    if (!pid) return false;
    await pause(random.int(1000, 5000));
    try {
        return process.kill(pid, "SIGCONT");
    } catch {
        return true; // it was killed meanwhile
    }
}

/** A console command; false: nobody took it. */
const command = (run, line) => run.server.admin(line).then(() => true, () => false);

const settled = ({ parties }) => parties.flatMap(({ players }) => players).filter((player) => player.isSettled);

/** Does it to a player who sits; false: nobody does. */
async function toPlayer(run, random, what) {
    const players = settled(run);
    if (players.length === 0) return false;
    await what(random.pick(players));
    return true;
}

export const FAULTS = {
    kill: { perMinute: 10, run: async (run) => Boolean(await signalServer(run, "SIGKILL")) },
    stall: { perMinute: 3, run: stall },
    restart: { perMinute: 2, run: (run) => command(run, "restart now") },
    cut: { perMinute: 120, run: (run, random) => toPlayer(run, random, (player) => player.cut()) },
    replace: { perMinute: 60, run: (run, random) => toPlayer(run, random, (player) => player.replace()) },
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
    for (const { atMs, name, random } of schedule) {
        await pause(Math.max(0, beganMs + atMs - performance.now()));
        run.note(name);
        counts[name].tried++;
        under.push(tryOne(run, name, random).then((done) => done && counts[name].done++));
    }
    await Promise.all([...under, pause(Math.max(0, beganMs + seconds * 1000 - performance.now()))]);
    return counts;
}
