// hud_boxes - where things lie over the arena: all elements with data-box that are to be seen, and
// what is clear between them. Measured when one of them changes, not each frame.

import { clearArea } from "./camera.js";

const STEP_MS = 120; // the clear part glides to its new place

export class HudBoxes {
    #canvas;
    #elements = [...document.querySelectorAll("[data-box]")];
    #observer;
    #isStale = true;
    #otherCount = 0;
    #wanted = null;
    #shown = null;

    constructor(canvas) {
        this.#canvas = canvas;
        this.#observer = new ResizeObserver(() => {
            this.#isStale = true;
        });
        for (const element of [canvas, ...this.#elements]) this.#observer.observe(element);
    }

    destroy() {
        this.#observer.disconnect();
    }

    /** In CSS pixels of the canvas; others: boxes that are no elements; enough: see clearArea. */
    clear(others, enough, deltaMs) {
        if (this.#isStale || others.length !== this.#otherCount) {
            this.#isStale = false;
            this.#otherCount = others.length;
            const size = { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
            this.#wanted = clearArea(size, [...others, ...this.#measure()], enough);
        }
        const part = this.#shown ? 1 - Math.exp(-deltaMs / STEP_MS) : 1;
        this.#shown ??= { ...this.#wanted };
        for (const [side, at] of Object.entries(this.#wanted)) {
            this.#shown[side] += (at - this.#shown[side]) * part;
        }
        return this.#shown;
    }

    #measure() {
        const { left: x, top: y } = this.#canvas.getBoundingClientRect();
        return this.#elements.map((element) => element.getBoundingClientRect())
            .filter(({ width, height }) => width > 0 && height > 0)
            .map(({ left, right, top, bottom }) =>
                ({ left: left - x, right: right - x, top: top - y, bottom: bottom - y }));
    }
}
