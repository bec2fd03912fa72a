/**
 * @param {string} url
 * @param {object} body
 * @param {{fetch?: typeof globalThis.fetch, timeoutMs: number, token?: string}} options
 * @returns {Promise<any>} null where the answer has no body
 */
export declare function postJson(url: string, body: object, { fetch, timeoutMs, token }: {
    fetch?: typeof globalThis.fetch;
    timeoutMs: number;
    token?: string;
}): Promise<any>;
