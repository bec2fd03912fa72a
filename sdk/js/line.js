// line - notices soon that nothing is heard any more where something must come.
//
// Time is counted in steps of a timer, not read from a clock: a page that was frozen itself has
// not waited for anybody.

const STEP_MS = 250;
const SILENT_MS = 1000;
/** For slow modes. */
const TICKS_MISSED = 3;

/**
 * How long nothing may come while a match runs: there is a snapshot at every tick.
 *
 * @param {number} tickRate in Hz
 */
export function silenceMs(tickRate) {
    return Math.max(SILENT_MS, TICKS_MISSED * 1000 / tickRate);
}

export class LineWatch {
    /** @type {ReturnType<typeof setInterval> | undefined} */
    #timer;
    #limitMs = 0;
    #quietMs = 0;
    #isSilent = false;
    #onChange;

    /** @param {(silent: boolean) => void} onChange */
    constructor(onChange) {
        this.#onChange = onChange;
    }

    get isSilent() {
        return this.#isSilent;
    }

    /**
     * From now on something must be heard at least this often.
     *
     * @param {number} limitMs
     */
    expect(limitMs) {
        if (this.#limitMs === limitMs) return;
        this.stop();
        this.#limitMs = limitMs;
        this.#timer = setInterval(() => this.#step(), STEP_MS);
        // In Node a timer alone must not keep the process alive.
        const timer = /** @type {any} */ (this.#timer);
        if (typeof timer.unref === "function") timer.unref();
    }

    /** Something came. */
    heard() {
        this.#quietMs = 0;
        this.#set(false);
    }

    /** Nothing has to come. */
    stop() {
        clearInterval(this.#timer);
        this.#limitMs = 0;
        this.heard();
    }

    #step() {
        this.#quietMs += STEP_MS;
        if (this.#quietMs >= this.#limitMs) this.#set(true);
    }

    /** @param {boolean} silent */
    #set(silent) {
        if (this.#isSilent === silent) return;
        this.#isSilent = silent;
        this.#onChange(silent);
    }
}
