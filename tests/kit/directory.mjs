// directory - a directory of one's own, keys of it, and nodes that join it.

import { freePort, startServer } from "./harness.mjs";

export const DIRECTORY_PLUGINS = ["db_sqlite", "kv_memory", "moderation", "auth_local", "service_directory", "service_metrics"];

/** Quick: what takes seconds with people takes tenths of them here. */
const QUICK = { allowPrivate: true, beatMs: 100, suspectMs: 400, deadMs: 800, proofsPerMinute: 1000 };

export function startDirectory(t, { settings = {}, config = {}, ...options } = {}) {
    const directory = { service_directory: { ...QUICK, ...settings }, plugins: DIRECTORY_PLUGINS };
    return startServer(t, { config: { ...directory, ...config }, ...options });
}

/** A registration key, by the console. */
export async function addKey(directory, operator = "Ada") {
    const said = await directory.admin(`directory.key add ${operator}`);
    return { id: /^key (\w{12}) of/.exec(said)[1], key: /^mk_[\w-]{43}$/m.exec(said)[0] };
}

/** The three settings, and a port that is known before. */
export async function nodeConfig(directory, key, { port, config = {} } = {}) {
    port ??= await freePort();
    return {
        ...config,
        net: { port, publicUrl: `ws://127.0.0.1:${port}/ws`, ...config.net },
        service_registrar: { directoryUrl: directory.httpUrl, key, ...config.service_registrar },
        plugins: ["db_sqlite", "auth_local", "match_fill", "mode_arena", "service_registrar", "service_metrics"],
    };
}

export async function startNode(t, directory, key, options = {}) {
    return startServer(t, { ...options, config: await nodeConfig(directory, key, options) });
}

export const list = async (directory, query = "") => (await directory.rest("GET", `/v1/servers${query}`)).body.servers;
