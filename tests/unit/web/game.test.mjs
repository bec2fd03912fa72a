// One seat in a match: what is made of the snapshots, where others and the own avatar are seen, what
// is sent, what is drawn.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { INTRO, Scene } from "../../kit/scene.mjs";
import { drawFrame, frameCount, observerCount, resized } from "./canvas.mjs";
import { TinyClient, openPage } from "./tiny_page.mjs";

const { Game } = await import("../../../plugins/service_web/assets/game.js");
const { Hud } = await import("../../../plugins/service_web/assets/hud.js");
const { HudBoxes } = await import("../../../plugins/service_web/assets/hud_boxes.js");
const { drawCarried, drawItems, drawZones } = await import("../../../plugins/service_web/assets/objectives.js");

const TICK_MS = 50;
const SCALE = 1200 / (24 * 256); // pixels a unit
const PLACES = [[4096, 2048], [4200, 2048], [4296, 2048]];

let page;
let client;
let arena;
let canvas;
beforeEach(() => {
    page = openPage();
    canvas = page.$("canvas");
    Object.assign(canvas, { clientWidth: 1200, clientHeight: 800, getBoundingClientRect: () => ({ left: 0, top: 0 }) });
    client = new TinyClient();
    client.sent = [];
    client.sendInput = (input) => !client.isSilentLine && Boolean(client.sent.push(input));
    arena = new Scene();
    PLACES.forEach(([x, y], seat) => {
        arena.add(seat, 1 + (seat % 2), seat > 0, { x, y });
    });
});
afterEach(() => {
    for (const game of games.splice(0)) game.destroy();
    page.close();
});

const games = [];
const entryOf = (fields = {}) => ({
    seat: 0, lobby: { state: "active" }, members: [{ seat: 0, displayName: "Ada" }, { seat: 1, displayName: "Bob" }],
    match: { matchId: "m", tick: 0, tickRate: 20, intro: INTRO }, ...fields,
});
function open(entry = entryOf()) {
    client.entry = entry;
    games.push(new Game({ client, canvas, hud: new Hud(), launcherButton: page.$("touch-launcher") }));
    return games.at(-1);
}
/** The server's tick: the first snapshot is full, the others tell what has changed. */
function tell(fields = {}) {
    const full = fields.full ?? arena.tick === 0;
    const payload = Uint8Array.from(full ? arena.full() : arena.delta());
    arena.told();
    client.tell("snapshot", {
        seat: client.entry.seat, tick: arena.tick++, ack: 0, tickUs: TICK_MS * 1000, usable: true, events: [], payload, ...fields, full,
    });
}
const move = (seat, fields) => Object.assign(arena.avatars.get(seat), fields);
const event = (...bytes) => Uint8Array.from(bytes);
/** So many ticks pass, each with a snapshot and a frame. */
function run(ticks) {
    for (let i = 0; i < ticks; i++) {
        page.wait(TICK_MS);
        tell();
        drawFrame();
    }
}
const drawn = (name) => canvas.context.calls.filter((call) => call.name === name);
function drawAnew() {
    canvas.context.calls.length = 0;
    drawFrame();
}

// ---- where things are seen ---------------------------------------------------------------------

test("others are seen two ticks ago, on their way, turned the short way round", () => {
    const game = open();
    const bob = () => {
        const { x, y, aim } = game.viewOf(game.world.avatars.get(1));
        return [Math.round(x), Math.round(y), Math.round(aim)];
    };
    tell();
    run(60);
    const lag = arena.tick - 1 - game.renderTick;
    assert.ok(lag > 1 && lag < 3, `${lag} ticks behind`);
    const x = 4200;
    move(1, { x: x + 100, aim: 250 << 8 }); // from 0, by 6 back
    tell();
    assert.deepEqual(bob(), [x, 2048, 0], "not yet");
    page.wait(TICK_MS * 2);
    drawFrame();
    const [nowX, , aim] = bob();
    const part = (nowX - x) / 100;
    assert.ok(part > 0 && part < 1, `at ${nowX}`);
    assert.equal(aim, Math.round(-6 * part));
    run(8);
    assert.deepEqual(bob(), [x + 100, 2048, 250]);
});

test("a leap, a new life and a whole picture are not glided to", () => {
    const game = open();
    const bob = () => game.viewOf(game.world.avatars.get(1)).x;
    tell();
    run(10);
    move(1, { x: 6000 });
    run(1);
    const seen = new Set();
    for (let i = 0; i < 12; i++) {
        page.wait(TICK_MS / 4);
        drawFrame();
        seen.add(bob());
    }
    assert.deepEqual([...seen].filter((x) => x !== 4200 && x !== 6000), [], "nowhere in between");
    run(10);
    move(1, { x: 6100 });
    tell({ events: [event(2, 1)] }); // spawns
    assert.equal(bob(), 6100, "at once");
    move(1, { x: 6200 });
    arena.tick++; // a tick was lost
    tell({ full: true });
    assert.equal(bob(), 6200);
    arena.avatars.delete(1);
    tell();
    assert.equal(game.world.avatars.has(1), false);
    arena.add(1, 2, true, { x: 5000, y: 2048 });
    tell();
    assert.equal(bob(), 5000, "who takes the seat is another");
});

test("the own avatar is where it is predicted; a correction is glided to, a leap is not", () => {
    const game = open();
    const own = () => Math.round(game.viewOf(game.world.avatars.get(0)).x);
    tell();
    run(2);
    assert.equal(own(), 4096);
    page.key("keydown", { code: "KeyD" });
    page.wait(TICK_MS);
    assert.equal(game.own.x, 4096 + 255, "one move ahead of the server");
    page.wait(TICK_MS / 2);
    assert.ok(own() > 4096 && own() < 4096 + 255, "on the way there");
    page.key("keyup", { code: "KeyD" });
    const before = own();
    move(0, { x: 4000 });
    tell({ ack: client.sent.at(-1).sequence });
    assert.equal(game.own.x, 4000);
    assert.ok(Math.abs(own() - before) < 100, "the picture stays");
    for (let i = 0; i < 40; i++) {
        page.wait(20);
        drawFrame();
    }
    assert.equal(own(), 4000);
    move(0, { x: 4600 });
    tell({ ack: client.sent.at(-1).sequence });
    assert.equal(own(), 4600);
    move(0, { alive: false });
    tell({ ack: client.sent.at(-1).sequence });
    assert.equal(game.own, null);
});

// ---- what is sent ------------------------------------------------------------------------------

test("one input a tick, numbered, as long as one plays", () => {
    const game = open();
    assert.equal(document.activeElement, canvas, "it has the keys");
    const count = () => client.sent.length;
    tell();
    run(4);
    const before = count();
    run(10);
    assert.ok(Math.abs(count() - before - 10) <= 1, `${count() - before} in ten ticks`);
    assert.deepEqual(client.sent.map(({ sequence }) => sequence), client.sent.map((_, i) => i + 1));
    const still = (why) => {
        const sent = count();
        run(4);
        assert.equal(count(), sent, why);
    };
    client.isSilent = true;
    still("a line that is silent");
    client.isSilent = false;
    tell({ seat: 255 });
    client.entry.seat = 255;
    assert.equal(game.isSpectator, true);
    still("who watches");
    client.entry.seat = 0;
    client.tell("match.ended", {});
    still("the match is over");
    game.resume(entryOf({ lobby: { state: "ending" } }));
    still("back while the result is shown");
    game.startMatch({ ...entryOf().match, matchId: "m2" });
    run(1);
    assert.ok(count() > before + 10, "the next match");
    tell({ ack: 5000 });
    run(2);
    assert.ok(client.sent.at(-1).sequence > 5000, "the server knows the sequence of before a reload");
});

test("an input that came too late makes the next ones leave sooner", () => {
    open();
    tell();
    run(3);
    const twoInputs = () => {
        const before = client.sent.length;
        let ms = 0;
        for (; client.sent.length < before + 2; ms++) page.wait(1);
        return ms;
    };
    twoInputs(); // on the beat
    const ack = client.sent.at(-1).sequence - 1;
    tell({ ack });
    assert.equal(twoInputs(), 2 * TICK_MS);
    tell({ ack }); // the server has found none for this tick
    assert.equal(twoInputs(), 2 * TICK_MS - 6);
    tell({ ack: client.sent.at(-1).sequence });
    tell({ ack: client.sent.at(-1).sequence });
    assert.equal(twoInputs(), 2 * TICK_MS, "none waits");
});

test("an input that is not sent has no number, and after a long pause none is made up for", () => {
    open();
    tell();
    run(2);
    const last = client.sent.at(-1).sequence;
    client.isSilentLine = true;
    run(3);
    client.isSilentLine = false;
    run(1);
    assert.equal(client.sent.at(-1).sequence, last + 1);
    const before = client.sent.length;
    page.freeze(60000);
    assert.ok(client.sent.length - before <= 6, `${client.sent.length - before} at once`);
});

test("keys and buttons come through, and the HUD shows what was fired", () => {
    open();
    tell();
    run(1);
    page.wait(2000);
    page.key("keydown", { code: "KeyE" });
    page.wait(TICK_MS);
    const taken = client.sent.find(({ pressed }) => pressed);
    assert.deepEqual([taken.pressed, taken.held], [2, 2]);
    drawFrame();
    assert.ok(Number(/scaleX\((.*)\)/.exec(page.$("cool-launcher").style.transform)[1]) < 0.2);
    assert.equal(page.$("cool-rifle").style.transform, "scaleX(1)");
});

// ---- matches -----------------------------------------------------------------------------------

test("the same match goes on after a drop, another one begins anew", () => {
    const game = open(entryOf({ match: { ...entryOf().match, tick: 100 } }));
    assert.equal(game.elapsedMs, 5000, "entered late");
    arena.tick = 0;
    tell({ full: true, tick: 120 });
    assert.equal(game.elapsedMs, 6000);
    tell({ full: true, tick: 122, tickUs: 2 * TICK_MS * 1000 });
    assert.equal(game.elapsedMs, 6100, "a tick that took long is a tick");
    game.effects = [{ type: "death", at: performance.now() }];
    game.resume(entryOf({ members: [{ seat: 1, displayName: "Mary" }] }));
    assert.deepEqual([game.world.avatars.size, game.effects.length, game.nameOf(1)], [3, 1, "Mary"]);
    game.resume(entryOf({ match: { ...entryOf().match, matchId: "m2" } }));
    assert.deepEqual([game.world.avatars.size, game.world.tick, game.effects.length, game.elapsedMs], [0, -1, 0, 0]);
    assert.deepEqual([game.nameOf(0), game.nameOf(7), game.nameOf(255)], ["Ada", "Seat 7", "the arena"]);
    client.tell("lobby.members", { members: [{ seat: 7, displayName: "Joan" }] });
    assert.equal(game.nameOf(7), "Joan");
});

test("the end of a game leaves nothing that runs", () => {
    const game = open();
    tell();
    run(2);
    assert.equal(canvas.dataset.tick, String(game.world.tick));
    game.destroy();
    const sent = client.sent.length;
    page.key("keydown", { code: "KeyD" });
    page.wait(1000);
    tell();
    assert.deepEqual([client.sent.length, frameCount(), Object.keys(canvas.dataset), observerCount()], [sent, 0, [], 0]);
    assert.equal(game.world.tick, arena.tick - 2, "nothing is heard");
});

// ---- what flashes up ---------------------------------------------------------------------------

test("what one did flashes up at once, what others did when they are seen to", () => {
    const game = open();
    tell();
    run(20);
    const now = performance.now();
    arena.shots = [{ seat: 0, x: 5000, y: 2048, hit: 255 }, { seat: 1, x: 3000, y: 2048, hit: 0 }];
    tell({ events: [event(3, 0, 1, 25), event(3, 1, 0, 30), event(1, 0, 1, 1, 255), event(1, 1, 99, 1, 255)] });
    const shots = game.effects.filter(({ type }) => type === "shot").map(({ at, isOwn }) => [isOwn, at - now]);
    assert.deepEqual(shots[0], [true, 0]);
    assert.deepEqual([shots[1][0], shots[1][1] > 50 && shots[1][1] <= 500], [false, true]);
    drawAnew();
    assert.equal(drawn("stroke").filter(({ strokeStyle }) => strokeStyle === "#fff3d6").length, 1, "the own tracer");
    assert.deepEqual(drawn("lineTo").filter(({ of: [x] }) => x === 3000), [], "the other's is yet to come");
    while (performance.now() < shots[1][1] + now) page.wait(10);
    drawAnew();
    assert.equal(drawn("lineTo").filter(({ of: [x] }) => x === 3000).length, 1);
    const kinds = game.effects.filter(({ type }) => type !== "shot").map(({ type, seat, damage }) => [type, seat, damage]);
    assert.deepEqual(kinds, [["mark", undefined, undefined], ["damage", 1, 25], ["pain", undefined, undefined],
        ["damage", 0, 30], ["death", undefined, undefined]]);
    assert.equal(page.text("feed"), "AdarifleBobBobrifleSeat 99", "who has gone has no place to fall");
    arena.shots = [];
    page.wait(1500);
    tell();
    assert.deepEqual(game.effects, [], "also when nothing is drawn");
    for (let i = 0; i < 40; i++) {
        page.wait(TICK_MS);
        tell();
    }
    arena.shots = [{ seat: 1, x: 3000, y: 2048, hit: 0 }];
    tell();
    assert.equal(game.effects[0].at - performance.now(), 500, "a hidden tab does not fall behind for good");
});

// ---- what is drawn -----------------------------------------------------------------------------

const textsDrawn = () => drawn("fillText").map(({ of: [text] }) => text);

test("the own avatar stands in the middle, and the pointer aims from there", () => {
    const game = open();
    tell();
    run(2);
    const { x, y } = game.input.centre;
    assert.deepEqual([Math.round(x), Math.round(y)], [600, 400]);
    drawAnew();
    assert.deepEqual(textsDrawn(), ["Bob", "Seat 2"], "the own name is not needed");
    const [, bob] = drawn("fillText").map(({ of: [, at] }) => at);
    assert.ok(Math.abs(bob - (600 + 200 * SCALE)) < 2, `${bob}`);
    Object.assign(canvas, { clientWidth: 600, clientHeight: 400 });
    globalThis.devicePixelRatio = 3;
    resized();
    assert.deepEqual([canvas.width, canvas.height], [1200, 800], "at most two pixels each way");
    page.wait(3000); // it glides
    drawFrame();
    assert.deepEqual([Math.round(game.input.centre.x), Math.round(game.input.centre.y)], [300, 200], "in CSS pixels");
    globalThis.devicePixelRatio = 1;
    resized();
    drawAnew();
    const camera = drawn("setTransform")[1].of;
    move(0, { alive: false, x: 1000, y: 1000 });
    tell();
    page.wait(TICK_MS);
    drawAnew();
    assert.deepEqual(drawn("setTransform")[1].of, camera, "who has fallen looks on at the place");
    tell({ seat: 255 });
    client.entry.seat = 255;
    drawAnew();
    const [scale] = drawn("setTransform")[1].of;
    assert.ok(Math.abs(scale - 600 / (32 * 256)) < 1e-6, "who watches sees all of the map");
});

test("above each avatar: health, what it carries, its level; who is away is dimmed", () => {
    open();
    move(1, { health: 30, level: 4, connected: true, bot: false });
    move(2, { connected: false, bot: false });
    tell();
    run(2);
    drawAnew();
    const bars = drawn("fillRect").filter(({ of }) => of[3] === 4).map(({ of, fillStyle }) => [Math.round(of[2]), fillStyle]);
    const width = Math.max(34, 96 * SCALE * 2.2);
    assert.deepEqual(bars, [[Math.round(width), "#57c47a"], [Math.round(width * 0.3), "#ff6b5e"], [Math.round(width), "#57c47a"]]);
    assert.deepEqual(drawn("fillText").map(({ of: [text], fillStyle }) => [text, fillStyle]),
        [["Bob", "#e8edf4"], ["4", "#ffc857"], ["Seat 2", "#98a6b9"]]);
    move(1, { health: 36 });
    tell();
    drawAnew();
    assert.equal(drawn("fillRect").filter(({ of }) => of[3] === 4)[1].fillStyle, "#57c47a");
});

test("a ring for who is protected, a line for who aims by keys, nothing for the dead", () => {
    open();
    tell();
    run(2);
    const rings = () => {
        drawAnew();
        return drawn("stroke").filter(({ strokeStyle }) => strokeStyle === "#ffc857").length;
    };
    assert.equal(rings(), 0);
    move(1, { protectedTicks: 5 });
    tell();
    assert.equal(rings(), 1);
    const lines = () => drawn("setLineDash").length / 2;
    assert.equal(lines(), 0);
    page.key("keydown", { code: "KeyL" });
    page.key("keyup", { code: "KeyL" });
    drawAnew();
    assert.equal(lines(), 1);
    move(0, { alive: false });
    tell();
    drawAnew();
    assert.equal(lines(), 0);
    assert.equal(drawn("fillText").length, 2);
    move(1, { alive: false });
    tell();
    drawAnew();
    assert.deepEqual(textsDrawn(), ["Seat 2"]);
});

test("hits are told by number and cross, pain by the rim, thumbs by where they may go", () => {
    const game = open();
    tell();
    run(2);
    tell({ events: [event(3, 0, 1, 25), event(3, 1, 0, 30)] });
    drawAnew();
    assert.deepEqual(textsDrawn().filter((text) => /^-/.test(text)), ["-25", "-30"]);
    assert.equal(drawn("stroke").filter(({ strokeStyle }) => strokeStyle === "#ffffff").length, 2, "the own ring and the cross");
    assert.equal(drawn("createRadialGradient").length, 1);
    game.input.isTouch = true;
    drawAnew();
    assert.deepEqual(textsDrawn().filter((text) => /Move|Aim/.test(text)), ["Move", "Aim, fire"]);
    const [left, right] = drawn("fillText").filter(({ of: [text] }) => /Move|Aim/.test(text)).map(({ of: [, x] }) => x);
    assert.deepEqual([left, right], [84, 1200 - 84]);
    game.input.sticks.move = { left: 100, top: 700, x: 1, y: 0 };
    drawAnew();
    assert.deepEqual(textsDrawn().filter((text) => /Move|Aim/.test(text)), ["Aim, fire"]);
    assert.deepEqual(drawn("arc").at(-2).of.slice(0, 3), [156, 700, 24]);
    page.wait(800);
    game.isActive = false;
    drawAnew();
    assert.deepEqual(textsDrawn().filter((text) => /^-|Aim/.test(text)), [], "all of it passes");
});

// ---- objectives --------------------------------------------------------------------------------

test("walls stand on a zone", () => {
    open();
    tell();
    run(1);
    const images = (zone) => {
        arena.zones.set(1, { team: 0, progress: 0, radius: 100, label: "", ...zone });
        tell();
        drawAnew();
        return drawn("drawImage").length - 1;
    };
    assert.deepEqual([images({ x: 4096, y: 2048 }), images({ x: 384, y: 384 }), images({ x: 256 + 50, y: 384 })], [0, 0, 1]);
    assert.equal(images({ x: 0, y: 384 }), 1, "nothing is beyond the map");
});

test("zones and items: progress, names, what is carried", () => {
    const { context } = { context: page.$("other").getContext() };
    const named = (name) => context.calls.filter((call) => call.name === name);
    const zone = { x: 100, y: 200, radius: 640, team: 2, progress: 25, label: "Hill" };
    drawZones(context, { zones: new Map([[1, zone]]) });
    const [, rim, part] = named("arc").map(({ of }) => of);
    assert.deepEqual([rim[2], rim[4]], [640, Math.PI * 1.5]);
    assert.deepEqual([part[2], part[4]], [618, 0], "a quarter, from the top");
    context.calls.length = 0;
    drawZones(context, { zones: new Map([[1, { ...zone, progress: 0 }]]) });
    assert.equal(named("arc").length, 2);
    context.calls.length = 0;
    const flag = { kind: "flag", team: 1, carrier: 255, atHome: true, homeX: 10, homeY: 20, x: 50, y: 60 };
    const items = new Map([[1, flag], [2, { ...flag, atHome: false }], [3, { ...flag, carrier: 4, atHome: false }]]);
    drawItems(context, { zones: new Map([[1, zone]]), items });
    assert.deepEqual(named("fillText").map(({ of: [text], fillStyle }) => [text, fillStyle]), [["■ Hill", "#4da3ff"]]);
    assert.deepEqual(named("translate").map(({ of }) => of), [[50, 90], [50, 90]], "the carried one is drawn with its carrier");
    const stands = named("arc").map(({ of }) => of.slice(0, 2));
    assert.deepEqual(stands, [[10, 20], [10, 20], [50, 60], [10, 20]], "where each stands, and where one lies");
    context.calls.length = 0;
    items.set(5, { ...flag, carrier: 4 });
    drawCarried(context, { items }, 4, 100, 50, 26);
    assert.deepEqual(named("translate").map(({ of: [x, y] }) => [Math.round(x * 10) / 10, y]), [[84.4, 50], [115.6, 50]], "side by side");
});

// ---- what covers the arena ---------------------------------------------------------------------

test("boxes: what is seen covers, what is hidden does not; thumbs count when they come", () => {
    let boxes = [{ width: 0, height: 0, left: 0, right: 1200, top: 0, bottom: 390 }];
    const elements = boxes.map((_, i) => ({ getBoundingClientRect: () => boxes[i] }));
    document.querySelectorAll = () => elements;
    canvas.getBoundingClientRect = () => ({ left: 0, top: 50 });
    const seen = new HudBoxes(canvas);
    const whole = { left: 0, top: 0, right: 1200, bottom: 800 };
    assert.deepEqual({ ...seen.clear([], 90, 16) }, whole);
    boxes = [{ width: 1200, height: 100, left: 0, right: 1200, top: 50, bottom: 150 }];
    assert.deepEqual({ ...seen.clear([], 90, 1e6) }, whole, "measured when something changes");
    resized();
    assert.deepEqual({ ...seen.clear([], 90, 1e6) }, { ...whole, top: 100 }, "from the canvas's own edge");
    const thumb = { left: 0, right: 1200, top: 700, bottom: 800 };
    const gliding = seen.clear([thumb], 90, 60).bottom;
    assert.ok(gliding > 700 && gliding < 800, `${gliding}`);
    assert.deepEqual({ ...seen.clear([thumb], 90, 1e6) }, { ...whole, top: 100, bottom: 700 });
    assert.deepEqual({ ...seen.clear([], 90, 1e6) }, { ...whole, top: 100 });
    seen.destroy();
});
