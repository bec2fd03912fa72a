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

/** First column of the tables of notifications in docs/protocol.md. */
function documented() {
    const names = [];
    let isTable = false;
    for (const line of read("docs/protocol.md").split("\n")) {
        const [, cell] = /^\| ([^|]+) \|/.exec(line) ?? [];
        if (cell === "method" || cell === "notification") {
            isTable = cell === "notification" || / when \|$/.test(line);
        } else if (cell && isTable) {
            names.push(...[...cell.matchAll(/`([\w.]+)`/g)].map(([, name]) => name));
        } else {
            isTable &&= /^\| ?-/.test(line);
        }
    }
    return names;
}

test("every notification of docs/protocol.md is heard, or named as not needed", () => {
    const names = documented();
    for (const name of ["session.muted", "session.unmuted", "lobby.left", "mod.error"]) {
        assert.ok(names.includes(name), `${name} is found in the document`);
    }
    const sources = [...sourcesOf("plugins/service_web/assets/"), ...sourcesOf("sdk/js/")].join("\n");
    const isHeard = (name) => new RegExp(`\\.on\\(\\s*"${name.replace(".", "\\.")}"`).test(sources);
    assert.deepEqual(names.filter((name) => !isHeard(name) && !NOT_NEEDED.has(name)), []);
    assert.deepEqual([...NOT_NEEDED.keys()].filter(isHeard), [], "needed after all");
});
