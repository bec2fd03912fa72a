// What keys, mouse and thumbs become in one tick's input, on as much of a window as they touch.

import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { beforeEach, mock, test } from "node:test";

setMaxListeners(0); // of one signal that ends them all

const RIFLE = 1;
const LAUNCHER = 2;
const TICK_MS = 50;

let page; // what the window hears
let above = 0; // height of the notices above the canvas
class Element extends EventTarget {
    hidden = false;
    dataset = {};
    focus() {}
    getBoundingClientRect() {
        return { left: 0, top: above };
    }
    closest(selector) {
        return this.matches?.split(",").some((one) => selector.includes(one)) ? this : null;
    }
    contains(other) {
        return other === this;
    }
}
class HTMLButtonElement extends Element {}
const body = new Element();
Object.assign(globalThis, {
    Element, HTMLButtonElement, innerWidth: 800, document: { body },
    matchMedia: () => ({ matches: false }),
    addEventListener: (...of) => page.addEventListener(...of),
});
let now = 1000;
mock.method(performance, "now", () => now);
const { Input } = await import("../../../plugins/service_web/assets/input.js");
const { BoardInput } = await import("../../../plugins/service_web/assets/board_input.js");

function send(target, type, fields, from = body) {
    const event = new Event(type, { cancelable: true });
    for (const [name, value] of Object.entries({ target: from, ...fields })) {
        Object.defineProperty(event, name, { value });
    }
    target.dispatchEvent(event);
    return event.defaultPrevented;
}
const key = (code, isDown = true, fields = {}, from = body) =>
    send(page, isDown ? "keydown" : "keyup", { code, ...fields }, from);

let canvas, launcher, input;
beforeEach(() => {
    page = new EventTarget();
    above = 0;
    canvas = new Element();
    launcher = new Element();
    now = 1000;
    input = new Input(canvas, launcher, TICK_MS);
    input.centre = { x: 400, y: 300 };
    input.take(now);
});
const take = () => input.take(now);
const moves = () => {
    const { moveX, moveY } = take();
    return [moveX, moveY];
};

test("keys move, opposite ones cancel each other, letting go ends it", () => {
    assert.deepEqual(moves(), [0, 0]);
    for (const [code, move] of [["KeyW", [0, -127]], ["ArrowDown", [0, 127]], ["KeyA", [-127, 0]],
        ["ArrowRight", [127, 0]]]) {
        assert.ok(key(code), "the page does not scroll");
        assert.deepEqual(moves(), move, code);
        key(code, false);
        assert.deepEqual(moves(), [0, 0]);
    }
    key("KeyD");
    key("KeyS");
    assert.deepEqual(moves(), [127, 127]);
    key("KeyA");
    assert.deepEqual(moves(), [0, 127]);
    key("KeyA", false);
    key("ArrowRight");
    assert.deepEqual(moves(), [127, 127], "two keys of one way are one");
});

test("a click is told once, a held button as long as it is held", () => {
    key("Space");
    key("Space", true, { repeat: true });
    now += 20;
    const first = take();
    assert.deepEqual([first.held, first.pressed, first.samples.length], [RIFLE, RIFLE, 1]);
    const second = take();
    assert.deepEqual([second.held, second.pressed, second.samples.length], [RIFLE, 0, 0]);
    key("KeyE");
    key("KeyE", false);
    const third = take();
    assert.deepEqual([third.held, third.pressed], [RIFLE, LAUNCHER]);
    key("Space", false);
    assert.equal(take().held, 0);
});

test("at most three clicks between two ticks say when", () => {
    for (const ms of [0, 25, 49, 60]) {
        now = 1000 + ms;
        key("KeyE");
        key("KeyE", false);
    }
    const { samples, pressed } = take();
    assert.deepEqual(samples.map(({ at }) => at), [0, 128, 250]);
    assert.equal(pressed, LAUNCHER);
    now += 500; // long after the tick was due
    key("KeyE");
    assert.equal(take().samples[0].at, 255);
});

test("what is typed elsewhere, or meant for the browser, is no input", () => {
    const field = new Element();
    field.matches = "input";
    assert.equal(key("KeyW", true, {}, field), false);
    for (const held of ["ctrlKey", "metaKey", "altKey"]) key("KeyW", true, { [held]: true });
    assert.equal(key("Space", true, {}, new HTMLButtonElement()), false, "it presses that button");
    assert.equal(key("KeyX"), false);
    const { moveX, moveY, held, pressed } = take();
    assert.deepEqual([moveX, moveY, held, pressed], [0, 0, 0, 0]);
});

test("a window that loses the focus lets everything go", () => {
    key("KeyW");
    key("Space");
    take();
    send(page, "blur", {});
    const { moveY, held } = take();
    assert.deepEqual([moveY, held], [0, 0]);
});

test("the aim turns by keys: a tap a little, held faster and faster, about at once", () => {
    key("KeyL");
    key("KeyL", false);
    assert.equal(take().aim, 364);
    key("KeyJ");
    key("KeyJ", false);
    assert.equal(take().aim, 0);
    key("KeyJ");
    key("KeyJ", false);
    assert.equal(take().aim, 65536 - 364);
    key("KeyK");
    key("KeyK", false);
    assert.equal(take().aim, 32768 - 364);
    const before = input.aim;
    key("KeyL");
    const tapped = input.aim;
    assert.equal(tapped, before + 364);
    now += 200;
    const slow = (take().aim - tapped) & 65535;
    now += 400;
    take();
    const from = input.aim;
    now += 200;
    const fast = (take().aim - from) & 65535;
    assert.deepEqual([slow, fast], [200 * 33, 200 * 55], "units a millisecond");
    key("KeyJ");
    const still = input.aim;
    now += 200;
    assert.equal(take().aim, still, "both ways at once");
});

test("the mouse aims from the avatar, its buttons fire", () => {
    const at = (clientX, clientY, type = "pointermove", target = page, button = -1) =>
        send(target, type, { clientX, clientY, pointerType: "mouse", button });
    at(500, 300);
    assert.equal(take().aim, 0);
    at(400, 400);
    assert.equal(take().aim, 16384);
    at(300, 300);
    assert.equal(take().aim, 32768);
    at(400, 300);
    assert.equal(take().aim, 32768, "on the avatar: as before");
    at(400, 200, "pointerdown", canvas, 2);
    const { aim, held, samples } = take();
    assert.deepEqual([aim, held, samples[0].aim], [49152, LAUNCHER, 49152]);
    at(400, 200, "pointerdown", canvas, 0);
    at(400, 200, "pointerup", page, 2);
    assert.equal(take().held, RIFLE, "the other stays down");
    at(400, 200, "pointerdown", canvas, 1);
    at(400, 200, "pointerup", page, 0);
    assert.equal(take().held, 0);
    key("KeyL");
    key("KeyL", false);
    const turned = input.aim;
    at(400, 200);
    assert.equal(take().aim, turned, "a mouse that does not move leaves the aim to the keys");
    at(500, 300);
    assert.equal(take().aim, 0);
    above = 100;
    at(400, 500);
    assert.equal(take().aim, 16384, "straight down, from where the avatar is shown now");
});

test("the left thumb moves, the right one aims and fires when pushed far", () => {
    const touch = (type, pointerId, clientX, clientY) => send(type === "pointerdown" ? canvas : page,
        type, { pointerType: "touch", pointerId, clientX, clientY });
    touch("pointerdown", 1, 100, 400);
    assert.equal(input.aimBy, "thumb");
    touch("pointermove", 1, 128, 400); // half of the radius
    assert.deepEqual(moves(), [64, 0]);
    touch("pointermove", 1, 100, 900);
    assert.deepEqual(moves(), [0, 127], "no more than all the way");
    touch("pointerdown", 2, 399, 10); // a second finger on the same half
    touch("pointermove", 2, 10, 10);
    assert.deepEqual(moves(), [0, 127]);
    touch("pointerdown", 3, 400, 400);
    touch("pointermove", 3, 400, 430); // 30 of 56: not far enough
    let taken = take();
    assert.deepEqual([taken.aim, taken.held, taken.pressed, taken.moveY], [16384, 0, 0, 127]);
    touch("pointermove", 3, 400, 431);
    taken = take();
    assert.deepEqual([taken.held, taken.pressed], [RIFLE, RIFLE]);
    touch("pointermove", 3, 370, 400);
    assert.equal(take().held, 0);
    touch("pointermove", 3, 300, 400);
    touch("pointerup", 1, 0, 0);
    taken = take();
    assert.deepEqual([taken.moveX, taken.moveY, taken.held], [0, 0, RIFLE]);
    touch("pointercancel", 3, 0, 0);
    assert.equal(take().held, 0);
    assert.equal(launcher.hidden, false);
});

test("a window that loses the focus has no thumbs on it", () => {
    const touch = (type, pointerId, clientX, clientY) => send(type === "pointerdown" ? canvas : page,
        type, { pointerType: "touch", pointerId, clientX, clientY });
    for (const [id, x] of [[1, 100], [2, 700]]) {
        touch("pointerdown", id, x, 400);
        touch("pointermove", id, x, 500);
    }
    assert.deepEqual(moves(), [0, 127]);
    send(page, "blur", {});
    const { held, moveY } = take();
    assert.deepEqual([held, moveY], [0, 0]);
    touch("pointermove", 1, 100, 300);
    assert.deepEqual(moves(), [0, 0], "that thumb has to come anew");
});

test("the launcher's button fires while a thumb is on it", () => {
    assert.equal(launcher.hidden, true, "no thumbs have been seen");
    assert.ok(send(launcher, "pointerdown", { pointerType: "touch" }));
    const { held, pressed } = take();
    assert.deepEqual([held, pressed], [LAUNCHER, LAUNCHER]);
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
        send(launcher, "pointerdown", { pointerType: "touch" });
        send(launcher, end, {});
        assert.equal(take().held, 0, end);
    }
});

test("after the end of a game nothing is heard any more", () => {
    input.destroy();
    key("KeyW");
    send(launcher, "pointerdown", { pointerType: "mouse" });
    const { moveY, held } = take();
    assert.deepEqual([moveY, held], [0, 0]);
});

// ---- a mode without an arena -----------------------------------------------------------------

function boardOf() {
    const surface = new Element();
    const pad = new Element();
    return { surface, pad, board: new BoardInput(surface, pad) };
}
const taken = (board) => {
    const { held, pressed, moveX, moveY } = board.take();
    return [held, pressed, moveX, moveY];
};

test("a board's keys: even a short push is seen once", () => {
    const { board, surface } = boardOf();
    key("ArrowUp");
    key("ArrowUp", false);
    assert.deepEqual(taken(board), [0, 0, 0, -127]);
    assert.deepEqual(taken(board), [0, 0, 0, 0]);
    key("KeyQ");
    key("KeyE", true, {}, surface);
    key("KeyQ", true, { repeat: true });
    assert.deepEqual(taken(board), [6, 6, 0, 0]);
    key("KeyQ", true, { repeat: true });
    assert.deepEqual(taken(board), [6, 0, 0, 0], "a key that is held is pressed once");
    key("KeyQ", false);
    assert.deepEqual(taken(board), [2, 0, 0, 0]);
    send(page, "blur", {});
    assert.deepEqual(taken(board), [0, 0, 0, 0]);
    for (const held of ["ctrlKey", "metaKey", "altKey"]) {
        assert.equal(key("KeyQ", true, { [held]: true }), false, held);
        assert.equal(key("ArrowUp", true, { [held]: true }), false, held);
    }
    key("KeyQ", true, {}, new Element());
    assert.deepEqual(taken(board), [0, 0, 0, 0], "it was for something else");
    board.destroy();
    key("KeyQ");
    assert.deepEqual(taken(board), [0, 0, 0, 0]);
});

test("a board's clicks and its pad: each finger holds its own", () => {
    const { board, surface, pad } = boardOf();
    const buttonOf = (dataset) => Object.assign(new HTMLButtonElement(), { dataset, matches: "button" });
    send(surface, "pointerdown", { pointerType: "mouse", button: 0, pointerId: 1 }, surface);
    assert.deepEqual(taken(board), [1, 1, 0, 0]);
    send(page, "pointerup", { pointerId: 2 });
    assert.deepEqual(taken(board), [1, 0, 0, 0]);
    send(page, "pointerup", { pointerId: 1 });
    assert.deepEqual(taken(board), [0, 0, 0, 0]);
    send(surface, "pointerdown", { pointerType: "mouse", button: 2, pointerId: 1 }, surface);
    send(surface, "pointerdown", { pointerType: "touch", button: 0, pointerId: 1 }, surface);
    send(surface, "pointerdown", { pointerType: "mouse", button: 0, pointerId: 1 }, buttonOf({}));
    assert.deepEqual(taken(board), [0, 0, 0, 0]);
    send(pad, "pointerdown", { pointerId: 3 }, buttonOf({ move: "-1,0" }));
    send(pad, "pointerdown", { pointerId: 4 }, buttonOf({ button: "2" }));
    send(pad, "pointerdown", { pointerId: 5 }, buttonOf({}));
    assert.deepEqual(taken(board), [2, 2, -127, 0]);
    send(page, "pointercancel", { pointerId: 3 });
    assert.deepEqual(taken(board), [2, 0, 0, 0]);
});
