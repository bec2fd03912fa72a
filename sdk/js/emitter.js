// emitter - a small typed event emitter.

/** @template {object} Events */
export class Emitter {
    /** @type {Map<keyof Events, Set<(detail: any) => void>>} */
    #listeners = new Map();

    /**
     * @template {keyof Events} K
     * @param {K & import("./types.js").EventName<Events, K>} name
     * @param {(detail: Events[K]) => void} fn
     * @returns {() => void} takes the listener off again
     */
    on(name, fn) {
        return this.#add(name, fn);
    }

    /**
     * @template {keyof Events} K
     * @param {K & import("./types.js").EventName<Events, K>} name
     * @param {(detail: Events[K]) => void} fn
     */
    off(name, fn) {
        this.#listeners.get(name)?.delete(fn);
    }

    /**
     * @template {keyof Events} K
     * @param {K & import("./types.js").EventName<Events, K>} name
     * @param {{signal?: AbortSignal, timeoutMs?: number}} [options]
     * @returns {Promise<Events[K]>} the next event of that name
     */
    once(name, { signal, timeoutMs } = {}) {
        return new Promise((resolve, reject) => {
            /** @type {ReturnType<typeof setTimeout> | undefined} */
            let timer;
            const done = () => {
                clearTimeout(timer);
                off();
                signal?.removeEventListener("abort", fail);
            };
            const fail = () => {
                done();
                reject(signal?.aborted ? signal.reason : new Error(`no ${String(name)} came`));
            };
            const off = this.#add(name, (detail) => {
                done();
                resolve(detail);
            });
            if (signal?.aborted) return fail();
            signal?.addEventListener("abort", fail);
            if (timeoutMs !== undefined) timer = setTimeout(fail, timeoutMs);
        });
    }

    /**
     * A listener that throws harms no other: its error is reported as uncaught.
     *
     * @template {keyof Events} K
     * @param {K} name
     * @param {Events[K]} detail
     */
    emit(name, detail) {
        for (const fn of [...(this.#listeners.get(name) ?? [])]) {
            try {
                fn(detail);
            } catch (error) {
                queueMicrotask(() => {
                    throw error;
                });
            }
        }
    }

    /**
     * @param {keyof Events} name
     * @param {(detail: any) => void} fn
     */
    #add(name, fn) {
        const set = this.#listeners.get(name) ?? new Set();
        this.#listeners.set(name, set.add(fn));
        return () => {
            set.delete(fn);
        };
    }
}
