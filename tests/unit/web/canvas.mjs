// canvas - as much of a screen as drawing touches: a canvas that notes what is drawn, frames when a
// test says so. Imported before any module that draws.

import { setMaxListeners } from "node:events";
import { TinyElement } from "./tiny_page.mjs";

setMaxListeners(0); // of one signal that ends them all

/** A 2D context whose calls are kept as {name, of, and the colours, alpha and font of that moment}. */
function contextOf() {
    const state = { fillStyle: "", strokeStyle: "", globalAlpha: 1, font: "", calls: [] };
    return new Proxy(state, {
        get(_, name) {
            if (name in state) return state[name];
            return (...of) => {
                const { fillStyle, strokeStyle, globalAlpha, font } = state;
                state.calls.push({ name, of, fillStyle, strokeStyle, globalAlpha, font });
                return { width: 40, addColorStop() {} }; // a text's measure, a gradient
            };
        },
    });
}

TinyElement.prototype.getContext = function () {
    this.context ??= contextOf();
    return this.context;
};

const observers = new Set();
const frames = new Map();
let serial = 0;

class ResizeObserver {
    constructor(onChange) {
        this.onChange = onChange;
        observers.add(this);
    }
    observe() {}
    disconnect() {
        observers.delete(this);
    }
}

Object.assign(globalThis, {
    ResizeObserver, Element: TinyElement, HTMLButtonElement: class extends TinyElement {},
    devicePixelRatio: 1, innerWidth: 1200, matchMedia: () => ({ matches: false }),
    requestAnimationFrame(onFrame) {
        frames.set(++serial, onFrame);
        return serial;
    },
    cancelAnimationFrame: (id) => frames.delete(id),
});

/** The screen is drawn anew: what waits for a frame runs. */
export function drawFrame() {
    const waiting = [...frames];
    frames.clear();
    for (const [, onFrame] of waiting) onFrame(performance.now());
}

/** What lies on the screen has another size or place. */
export function resized() {
    for (const { onChange } of observers) onChange();
}

export const observerCount = () => observers.size;
export const frameCount = () => frames.size;
