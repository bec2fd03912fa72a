// random - numbers that a seed decides, so that a run asks for the same things in the same order again.

export class Random {
    #state;

    constructor(seed) {
        this.#state = seed >>> 0;
    }

    /** 0 to below 1: the upper bits of a linear congruence, which are the good ones. */
    next() {
        this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
        return (this.#state >>> 8) / 2 ** 24;
    }

    /** A whole number, both ends included. */
    int(min, max) {
        return min + Math.floor(this.next() * (max - min + 1));
    }

    pick(list) {
        return list[this.int(0, list.length - 1)];
    }

    /** One of its own for a part, whose draws change nothing here. */
    fork() {
        return new Random(this.int(0, 2 ** 24) * 257);
    }
}
