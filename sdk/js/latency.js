// latency - measures the round trip of a connection, tells the server, and notices a dead network.

import { CLOSE_ABNORMAL } from "./connection.js";

const PING_TIMEOUT_MS = 10000;

export class LatencyMeter {
    /** @type {ReturnType<typeof setInterval> | undefined} */
    #timer;
    #intervalMs;
    #onMeasured;

    /**
     * @param {number} intervalMs 0 = never
     * @param {(rttMs: number) => void} onMeasured
     */
    constructor(intervalMs, onMeasured) {
        this.#intervalMs = intervalMs;
        this.#onMeasured = onMeasured;
    }

    /** @param {import("./connection.js").Connection} connection */
    start(connection) {
        this.stop();
        if (!this.#intervalMs) return;
        const measure = () => this.#measure(connection).catch((error) => {
            // No answer in time: the network is gone without a word. A refusal is an answer.
            if (error.code !== "timeout" || !connection.isOpen) return;
            connection.abort(CLOSE_ABNORMAL, "no answer to ping");
        });
        this.#timer = setInterval(measure, this.#intervalMs);
        measure();
    }

    stop() {
        clearInterval(this.#timer);
    }

    /** @param {import("./connection.js").Connection} connection */
    async #measure(connection) {
        const before = performance.now();
        const options = { timeoutMs: PING_TIMEOUT_MS };
        await connection.call("session.ping", { clientTime: Date.now() }, options);
        const rttMs = Math.min(10000, Math.round(performance.now() - before));
        this.#onMeasured(rttMs);
        await connection.call("session.latency", { rttMs }, options);
    }
}
