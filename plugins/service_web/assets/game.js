// game - one seat in one lobby: takes the snapshots in, predicts the own avatar, interpolates the
// others, sends one input a tick, and tells renderer and HUD what there is to show.

import { ArenaMap, ArenaWorld, MovePredictor, SEAT_NONE } from "../sdk/js/index.js";
import { lasting } from "./effects.js";
import { Input } from "./input.js";
import { objectivesText } from "./objectives.js";
import { Renderer } from "./render.js";

const INTERPOLATION_TICKS = 2; // others are shown this long ago: 100 ms at 20 Hz
const SAMPLES_KEPT = 16;
const SNAP_UNITS = 512; // a correction further than this is a jump, not an error
const SMOOTHING_MS = 90;
const CLOCK_SNAP_TICKS = 5;
const CATCH_UP_TICKS = 4;
const EARLIER_PART = 0.12; // of a tick: how much sooner inputs leave after one came too late
const DELAY_MAX_MS = 500; // of what others do; in a hidden tab the picture falls behind for good

export class Game {
    world = new ArenaWorld();
    map = null;
    rules = null; // the intro of the match
    seat;
    isActive = false; // inputs are taken
    effects = [];

    #client;
    #hud;
    #renderer;
    #input;
    #canvas;
    #members = []; // as told last: who is put out still sees the others
    #matchId = "";
    #ticksBefore = 0; // of the match, when it was entered
    #nominalMs = 50; // of a tick: a match's time is told by it
    #tickMs = 50; // as it is at the moment
    #sequence = 0;
    #ack = -1; // of the snapshot before
    #predictor = null;
    #previous = null; // own position one tick ago
    #offset = { x: 0, y: 0 }; // correction still to be shown
    #tickedAt = 0;
    #samples = new Map(); // seat -> [{tick, x, y, aim}]
    #renderTick = 0;
    #snapshotAt = 0;
    #frameAt = 0;
    #tickTimer;
    #nextTickAt = 0;
    #frame;
    #offs;

    constructor({ client, canvas, hud, launcherButton }) {
        this.#client = client;
        this.#hud = hud;
        this.#canvas = canvas;
        this.#input = new Input(canvas, launcherButton, this.#tickMs);
        this.#renderer = new Renderer(canvas);
        this.#offs = [
            client.on("snapshot", (snapshot) => this.#onSnapshot(snapshot)),
            client.on("lobby.members", ({ members }) => {
                this.#members = members;
            }),
            client.on("match.ended", () => {
                this.isActive = false;
            }),
        ];
        this.resume(client.entry);
        this.#frame = requestAnimationFrame((now) => this.#onFrame(now));
        this.#nextTickAt = performance.now();
        this.#tick();
        canvas.focus();
    }

    destroy() {
        for (const off of this.#offs) off();
        clearTimeout(this.#tickTimer);
        cancelAnimationFrame(this.#frame);
        this.#input.destroy();
        this.#renderer.destroy();
        for (const name of Object.keys(this.#canvas.dataset)) delete this.#canvas.dataset[name];
    }

    get isSpectator() {
        return this.seat === SEAT_NONE;
    }

    /** Own avatar as predicted, null while dead or watching. */
    get own() {
        return this.#predictor?.position ?? null;
    }

    get input() {
        return this.#input;
    }

    get renderTick() {
        return this.#renderTick;
    }

    /** Milliseconds of match time, from the ticks. */
    get elapsedMs() {
        return Math.max(this.#ticksBefore, this.world.tick) * this.#nominalMs;
    }

    /**
     * The lobby after entering it, or coming back to it. In the same match the picture stays until
     * a full snapshot comes; when it is over, none does.
     */
    resume(entry) {
        this.seat = entry.seat;
        this.#members = entry.members;
        if (entry.match?.matchId === this.#matchId) this.#forgetInputs();
        else this.startMatch(entry.match);
        this.isActive = entry.lobby.state === "active";
    }

    /** The first match of the lobby, or the next. */
    startMatch(match) {
        this.#matchId = match.matchId;
        this.#ticksBefore = match.tick;
        this.rules = match.intro;
        this.map = new ArenaMap(match.intro.map);
        this.#nominalMs = this.#tickMs = 1000 / match.tickRate;
        this.world = new ArenaWorld();
        this.#samples.clear();
        this.#forgetInputs();
        this.effects = [];
        this.isActive = true;
        this.#renderer.setMap(this.map, this.rules);
        this.#hud.startMatch(match);
    }

    nameOf(seat) {
        const member = this.#members.find((m) => m.seat === seat);
        return member?.displayName ?? (seat === SEAT_NONE ? "the arena" : `Seat ${seat}`);
    }

    /** Where an avatar is to be drawn: {x, y, aim} or null. */
    viewOf(avatar) {
        if (avatar.seat === this.seat && this.own) return this.#ownView();
        return this.#interpolate(avatar);
    }

    #forgetInputs() {
        this.#predictor = new MovePredictor(this.map, this.rules);
        this.#previous = null;
    }

    // ---- from the server

    #onSnapshot(snapshot) {
        this.seat = snapshot.seat;
        const changes = this.world.apply(snapshot);
        this.#snapshotAt = performance.now();
        if (snapshot.tickUs > 0) this.#tickMs = snapshot.tickUs / 1000;
        if (snapshot.usable) {
            this.#remember(snapshot);
            this.#reconcile(snapshot.ack);
        }
        this.#show(snapshot.tick, changes);
        this.#hud.update(this);
        this.#canvas.dataset.objectives = objectivesText(this.world);
    }

    #remember({ tick, full }) {
        const gone = [...this.#samples.keys()].filter((seat) => !this.world.avatars.has(seat));
        for (const seat of gone) this.#samples.delete(seat);
        if (full) this.#samples.clear();
        for (const { seat, x, y, aim, alive } of this.world.avatars.values()) {
            const samples = this.#samples.get(seat) ?? [];
            samples.push({ tick, x, y, aim, alive });
            if (samples.length > SAMPLES_KEPT) samples.shift();
            this.#samples.set(seat, samples);
        }
    }

    #reconcile(ack) {
        // After a reload of the page the server still knows the sequence of before.
        if (ack > this.#sequence) this.#sequence = ack;
        if (!this.#predictor) return;
        this.#keepPace(ack);
        const avatar = this.world.avatars.get(this.seat);
        const wasAlive = this.own !== null;
        const moved = this.#predictor.reconcile(ack, avatar?.alive ? avatar : null);
        if (!this.own || !wasAlive) {
            this.#previous = this.own;
            this.#offset = { x: 0, y: 0 };
            return;
        }
        // The picture stays where it is and glides to the corrected place.
        this.#previous = { x: this.#previous.x + moved.x, y: this.#previous.y + moved.y };
        this.#offset = { x: this.#offset.x - moved.x, y: this.#offset.y - moved.y };
        if (Math.hypot(this.#offset.x, this.#offset.y) > SNAP_UNITS) this.#offset = { x: 0, y: 0 };
    }

    /**
     * A tick that found no input repeats the last one, which shows as a jerk. It means that inputs
     * arrive right at the edge of the server's tick: from now on they leave a little sooner.
     */
    #keepPace(ack) {
        const isLate = ack === this.#ack && this.#predictor.pendingCount > 0;
        this.#ack = ack;
        if (isLate) this.#nextTickAt -= EARLIER_PART * this.#tickMs;
    }

    #show(tick, { shots, bursts, events }) {
        const now = performance.now();
        // The others are shown a little in the past; so is what they do.
        const delay = Math.min(DELAY_MAX_MS,
            Math.max(0, (tick - this.#renderTick) * this.#tickMs));
        for (const shot of shots) {
            const isOwn = shot.seat === this.seat;
            this.effects.push({ type: "shot", ...shot, at: now + (isOwn ? 0 : delay), isOwn });
            if (isOwn) this.#hud.fired("rifle");
        }
        for (const burst of bursts) this.effects.push({ type: "burst", ...burst, at: now });
        for (const event of events) this.#onEvent(event, now);
        this.effects = lasting(this.effects, now);
    }

    #onEvent(event, now) {
        if (event.type === "kill") this.#onKill(event, now);
        if (event.type === "spawn") this.#samples.delete(event.seat);
        if (event.type !== "hit") return;
        if (event.attacker === this.seat) this.effects.push({ type: "mark", at: now });
        if (event.victim === this.seat) this.effects.push({ type: "pain", at: now });
        this.effects.push({ type: "damage", seat: event.victim, damage: event.damage, at: now });
    }

    #onKill(kill, now) {
        this.#hud.kill(kill, this);
        const victim = this.world.avatars.get(kill.victim);
        if (!victim) return;
        const { x, y, team } = victim;
        this.effects.push({ type: "death", x, y, team, at: now });
    }

    // ---- to the server

    /** Once a tick, on a schedule that does not drift. */
    #tick() {
        const now = performance.now();
        if (now - this.#nextTickAt > CATCH_UP_TICKS * this.#tickMs) this.#nextTickAt = now;
        this.#nextTickAt += this.#tickMs;
        this.#tickTimer = setTimeout(() => this.#tick(), Math.max(0, this.#nextTickAt - now));
        const taken = this.#input.take(now);
        if (this.#client.isSilent) return; // to walk on would be a dream
        if (!this.isActive || this.isSpectator || !this.#predictor) return;
        const input = { sequence: (this.#sequence + 1) >>> 0, ...taken };
        if (!this.#client.sendInput(input)) return;
        this.#sequence = input.sequence;
        if (taken.pressed & 2) this.#hud.fired("launcher");
        // Onwards from what is on the screen: ticks are not even, the picture shall be.
        this.#previous = this.own && this.#between(now);
        this.#tickedAt = now;
        this.#predictor.send(input);
    }

    // ---- to the screen

    /** On the way from one tick's position to the next. */
    #between(now) {
        const part = Math.min(1, (now - this.#tickedAt) / this.#tickMs);
        const { x, y } = this.#previous;
        return { x: x + (this.own.x - x) * part, y: y + (this.own.y - y) * part };
    }

    #ownView() {
        const { x, y } = this.#between(performance.now());
        return { x: x + this.#offset.x, y: y + this.#offset.y, aim: this.#input.aim / 256 };
    }

    #interpolate(avatar) {
        const samples = this.#samples.get(avatar.seat);
        if (!samples?.length) return avatar;
        let after = samples.findIndex(({ tick }) => tick >= this.#renderTick);
        if (after < 0) after = samples.length - 1;
        const b = samples[after];
        const a = samples[Math.max(0, after - 1)];
        const span = b.tick - a.tick;
        const isJump = Math.hypot(b.x - a.x, b.y - a.y) > SNAP_UNITS;
        if (span <= 0 || isJump) return b;
        const part = Math.min(1, Math.max(0, (this.#renderTick - a.tick) / span));
        const turn = ((b.aim - a.aim + 384) & 255) - 128; // the short way round
        return {
            x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part, aim: a.aim + turn * part,
        };
    }

    /** A clock that runs evenly and is drawn towards the newest tick less the delay. */
    #advanceClock(deltaMs, now) {
        if (this.world.tick < 0) return;
        const sinceMs = Math.min(now - this.#snapshotAt, this.#tickMs);
        const wanted = this.world.tick + sinceMs / this.#tickMs - INTERPOLATION_TICKS;
        const error = wanted - this.#renderTick;
        if (Math.abs(error) > CLOCK_SNAP_TICKS) this.#renderTick = wanted;
        else this.#renderTick += deltaMs / this.#tickMs + (error - deltaMs / this.#tickMs) * 0.08;
    }

    #onFrame(now) {
        this.#frame = requestAnimationFrame((next) => this.#onFrame(next));
        const deltaMs = Math.min(250, now - this.#frameAt);
        this.#frameAt = now;
        this.#advanceClock(deltaMs, performance.now());
        this.#input.turn(performance.now());
        const keep = Math.exp(-deltaMs / SMOOTHING_MS);
        this.#offset.x *= keep;
        this.#offset.y *= keep;
        this.#renderer.draw(this, performance.now());
        this.#hud.frame(this);
        this.#canvas.dataset.tick = String(this.world.tick);
    }
}
