/** @template {object} Events */
export declare class Emitter<Events extends object> {
    #private;
    /**
     * @template {keyof Events} K
     * @param {K & import("./types.js").EventName<Events, K>} name
     * @param {(detail: Events[K]) => void} fn
     * @returns {() => void} takes the listener off again
     */
    on<K extends keyof Events>(name: K & import("./types.js").EventName<Events, K>, fn: (detail: Events[K]) => void): () => void;
    /**
     * @template {keyof Events} K
     * @param {K & import("./types.js").EventName<Events, K>} name
     * @param {(detail: Events[K]) => void} fn
     */
    off<K extends keyof Events>(name: K & import("./types.js").EventName<Events, K>, fn: (detail: Events[K]) => void): void;
    /**
     * @template {keyof Events} K
     * @param {K & import("./types.js").EventName<Events, K>} name
     * @param {{signal?: AbortSignal, timeoutMs?: number}} [options]
     * @returns {Promise<Events[K]>} the next event of that name
     */
    once<K extends keyof Events>(name: K & import("./types.js").EventName<Events, K>, { signal, timeoutMs }?: {
        signal?: AbortSignal;
        timeoutMs?: number;
    }): Promise<Events[K]>;
    /**
     * A listener that throws harms no other: its error is reported as uncaught.
     *
     * @template {keyof Events} K
     * @param {K} name
     * @param {Events[K]} detail
     */
    emit<K extends keyof Events>(name: K, detail: Events[K]): void;
}
