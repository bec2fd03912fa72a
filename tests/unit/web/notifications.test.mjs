// Whatever the server tells by itself comes to something on the page.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const sourcesOf = (folder) => readdirSync(new URL(folder, ROOT))
    .filter((name) => name.endsWith(".js")).map((name) => read(folder + name));

/** Nothing to be done for these: why. */
const NOT_NEEDED = new Map([
    ["session.replaced", "close 4003 follows, and is told"],
]);

test("every notification of docs/openrpc.json is heard, or named as not needed", () => {
    const names = JSON.parse(read("docs/openrpc.json"))["x-notifications"].map(({ name }) => name);
    const sources = [...sourcesOf("plugins/service_web/assets/"), ...sourcesOf("sdk/js/")].join("\n");
    const isHeard = (name) => new RegExp(`\\.on\\(\\s*"${name.replace(".", "\\.")}"`).test(sources);
    assert.deepEqual(names.filter((name) => !isHeard(name) && !NOT_NEEDED.has(name)), []);
    assert.deepEqual([...NOT_NEEDED.keys()].filter(isHeard), [], "needed after all");
});
