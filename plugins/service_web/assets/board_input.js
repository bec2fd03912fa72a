// board_input - keyboard, mouse and the buttons on the screen, turned into what one tick of input
// holds, for modes without an arena: arrows move, space or a click on the board is button 1.

import { MOVES } from "./input.js";

const KEY_BUTTONS = new Map([["Space", 1], ["KeyE", 2], ["KeyQ", 4]]);
const FULL_PUSH = 127;

export class BoardInput {
    #moves = new Map(); // what is held -> [dx, dy]
    #buttons = new Map(); // what is held -> button
    #pressed = 0;
    #pushed = []; // moves that began since the last tick: even a short one shall be seen
    #abort = new AbortController();

    /** surface: a click on it is button 1; pad: its buttons have data-move or data-button. */
    constructor(surface, pad) {
        const options = { signal: this.#abort.signal };
        addEventListener("keydown", (event) => this.#onKey(event, surface), options);
        addEventListener("keyup", (event) => this.#letGo(event.code), options);
        addEventListener("blur", () => this.release(), options);
        for (const end of ["pointerup", "pointercancel"]) {
            addEventListener(end, (event) => this.#letGo(event.pointerId), options);
        }
        surface.addEventListener("pointerdown", (event) => {
            const isClick = event.pointerType !== "touch" && event.button === 0;
            if (isClick && !event.target.closest("button")) this.#press(event.pointerId, 1);
        }, options);
        pad.addEventListener("pointerdown", (event) => this.#onPad(event), options);
    }

    destroy() {
        this.#abort.abort();
    }

    /** Everything up: the window lost the focus, or something else took the keyboard. */
    release() {
        this.#moves.clear();
        this.#buttons.clear();
    }

    /** What one tick sends; what was pressed since the last is gone then. */
    take() {
        const moves = new Set([...this.#moves.values(), ...this.#pushed]);
        const sum = (axis) =>
            Math.sign([...moves].reduce((total, move) => total + move[axis], 0)) * FULL_PUSH;
        const taken = {
            held: [...this.#buttons.values()].reduce((mask, button) => mask | button, 0),
            pressed: this.#pressed, aim: 0, moveX: sum(0), moveY: sum(1), samples: [],
        };
        this.#pressed = 0;
        this.#pushed = [];
        return taken;
    }

    #press(what, button) {
        this.#buttons.set(what, button);
        this.#pressed |= button;
    }

    #push(what, move) {
        this.#moves.set(what, move);
        this.#pushed.push(move);
    }

    #letGo(what) {
        this.#buttons.delete(what);
        this.#moves.delete(what);
    }

    #onKey(event, surface) {
        const isOurs = event.target === document.body || surface.contains(event.target);
        const button = KEY_BUTTONS.get(event.code);
        const move = MOVES.get(event.code);
        if (!isOurs || event.ctrlKey || event.metaKey || event.altKey || (!button && !move)) return;
        if (button && event.target instanceof HTMLButtonElement) return;
        event.preventDefault();
        if (event.repeat) return;
        if (button) this.#press(event.code, button);
        else this.#push(event.code, move);
    }

    #onPad(event) {
        const { move, button } = event.target.closest("button")?.dataset ?? {};
        if (!move && !button) return;
        event.preventDefault(); // the keyboard stays where it is
        if (button) this.#press(event.pointerId, Number(button));
        else this.#push(event.pointerId, move.split(",").map(Number));
    }
}
