// documents - where they lie, and their schemas as tests read them.

import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** A schema without room for members that it does not list: the server may get more of them one day, but not unsaid. */
export function closed(node) {
    if (Array.isArray(node)) return node.map(closed);
    if (node === null || typeof node !== "object") return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
    return copy.properties && node.type ? { additionalProperties: false, ...copy } : copy;
}
