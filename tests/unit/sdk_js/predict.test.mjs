// The move predictor against a server as docs/protocol.md describes it: one move an input, one
// credit a tick, the last input repeated when none came, late ones swallowed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArenaMap, MovePredictor, moveAvatar } from "../../../sdk/js/index.js";

const ROWS = ["########", "#......#", "#..#...#", "#......#", "########"];
const MAP = new ArenaMap({ name: "box", width: 8, height: 5, rows: ROWS });
const RULES = { speed: 48, playerRadius: 80 };
const START = { x: 384, y: 384 };

const inputAt = (sequence) => ({
    sequence, held: 0, pressed: 0, aim: 0, samples: [],
    moveX: [127, 127, 90, 0, -127][(sequence >> 3) % 5], moveY: [0, 127, 90, 127, -60][(sequence >> 3) % 5],
});

function predictorAt(start) {
    const predictor = new MovePredictor(MAP, RULES);
    predictor.reconcile(0, start);
    return predictor;
}

test("with every input taken once, nothing is ever corrected", () => {
    const predictor = predictorAt(START);
    const onTheWay = [];
    let server = START;
    for (let sequence = 1; sequence <= 200; sequence++) {
        const input = inputAt(sequence);
        predictor.send(input);
        onTheWay.push(input);
        if (onTheWay.length < 4) continue;
        const taken = onTheWay.shift();
        server = moveAvatar(MAP, server, taken, RULES);
        assert.deepEqual(predictor.reconcile(taken.sequence, server), { x: 0, y: 0 });
        assert.equal(predictor.pendingCount, 3);
    }
    assert.notDeepEqual(server, START);
});

test("a repeated input is a correction by one move, the late one takes it back", () => {
    const predictor = predictorAt(START);
    const right = { ...inputAt(1), moveX: 127, moveY: 0 };
    for (const sequence of [1, 2, 3]) predictor.send({ ...right, sequence });
    assert.equal(predictor.position.x, START.x + 3 * 48);
    assert.deepEqual(predictor.reconcile(1, { x: START.x + 48, y: START.y }), { x: 0, y: 0 });
    assert.deepEqual(predictor.reconcile(1, { x: START.x + 96, y: START.y }), { x: 48, y: 0 });
    assert.deepEqual(predictor.reconcile(2, { x: START.x + 96, y: START.y }), { x: -48, y: 0 });
});

test("an avatar that rules made slow or fast is predicted so", () => {
    const predictor = predictorAt(START);
    const right = { ...inputAt(1), moveX: 127, moveY: 0 };
    predictor.reconcile(0, { ...START, speed: 20 });
    predictor.send(right);
    assert.equal(predictor.position.x, START.x + 20);
    assert.deepEqual(predictor.reconcile(1, { x: START.x + 20, y: START.y, speed: 20 }),
        { x: 0, y: 0 });
    predictor.reconcile(1, { ...START, speed: null });
    predictor.send({ ...right, sequence: 2 });
    assert.equal(predictor.position.x, START.x + 48);
});

test("death and a new life are no corrections", () => {
    const predictor = predictorAt(START);
    predictor.send(inputAt(1));
    assert.deepEqual(predictor.reconcile(0, null), { x: 0, y: 0 });
    assert.equal(predictor.position, null);
    predictor.send(inputAt(2));
    assert.equal(predictor.position, null);
    assert.deepEqual(predictor.reconcile(2, { x: 1000, y: 600 }), { x: 0, y: 0 });
    assert.deepEqual(predictor.position, { x: 1000, y: 600 });
});

test("sequences pass the end of 32 bits", () => {
    const predictor = predictorAt(START);
    predictor.reconcile(0xfffffffe, START);
    for (const sequence of [0xffffffff, 0, 1]) predictor.send({ ...inputAt(1), sequence });
    predictor.reconcile(0xffffffff, START);
    assert.equal(predictor.pendingCount, 2);
    predictor.reconcile(1, START);
    assert.equal(predictor.pendingCount, 0);
});

test("without answers it remembers no more than it needs", () => {
    const predictor = predictorAt(START);
    for (let sequence = 1; sequence <= 1000; sequence++) predictor.send(inputAt(sequence));
    assert.equal(predictor.pendingCount, 64);
});
