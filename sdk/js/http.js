// http - requests over REST whose refusals are MusterErrors.

import { MusterError } from "./errors.js";

/**
 * @param {string} url
 * @param {object} body
 * @param {{fetch?: typeof globalThis.fetch, timeoutMs: number, token?: string}} options
 * @returns {Promise<any>} null where the answer has no body
 */
export async function postJson(url, body, { fetch = globalThis.fetch, timeoutMs, token }) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeoutMs);
    let response;
    try {
        response = await fetch(url, {
            method: "POST",
            headers: {
                "Content-Type": "application/json",
                ...(token ? { Authorization: `Bearer ${token}` } : {}),
            },
            body: JSON.stringify(body),
            redirect: "error",
            signal: stop.signal,
        });
    } catch (error) {
        throw new MusterError("unreachable", "The server does not answer.", {
            data: { cause: String(error) },
        });
    } finally {
        clearTimeout(timer);
    }
    if (!response.ok) throw await errorFromProblem(response);
    return response.status === 204 ? null : response.json();
}

/**
 * @param {Response} response
 * @returns {Promise<MusterError>}
 */
async function errorFromProblem(response) {
    /** @type {any} */
    let problem = {};
    if ((response.headers.get("Content-Type") ?? "").startsWith("application/problem+json")) {
        problem = await response.json().catch(() => ({}));
    }
    const text = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
    const afterS = Number(response.headers.get("Retry-After"));
    return new MusterError(problem.code ?? "http_error", text, {
        status: response.status,
        data: afterS > 0 ? { retryAfterMs: afterS * 1000, ...problem } : problem,
    });
}
