// The declarations: strict, up to date with the modules, and right for who uses them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkUse, makeDeclarations, staleDeclarations } from "./types.mjs";

const SDK_TYPES = fileURLToPath(new URL("../../../sdk/js/types.d.ts", import.meta.url));

test("sdk/js is strictly typed and its declarations are up to date", () => {
    const { complaints, files } = makeDeclarations();
    assert.equal(complaints, "");
    assert.deepEqual(staleDeclarations(files), [], "run: node tests/unit/sdk_js/types.mjs --write");
});

test("a program is typed by the declarations alone", () => {
    const good = `
        import { AuthClient, MusterClient, MusterError, ArenaWorld } from "muster-client";
        const auth = new AuthClient({ baseUrl: "https://example.org" });
        const client = new MusterClient({ url: "wss://example.org/ws" });
        const world = new ArenaWorld();
        client.on("snapshot", (s) => { for (const shot of world.apply(s).shots) shot.endX.toFixed(); });
        client.on("match.ended", ({ results }) => results.finalScores.red.toFixed());
        export async function play(): Promise<number> {
            await client.connect((renew) => auth.accessToken(renew));
            try {
                return (await client.findMatch({ gameMode: "arena" })).seat;
            } catch (error) {
                if (error instanceof MusterError && error.code === "server_full") return -1;
                throw error;
            }
        }`;
    assert.equal(checkUse(good), "");
});

test("every type can be imported by name, from the package and its parts", () => {
    const names = [...readFileSync(SDK_TYPES, "utf8").matchAll(/^export (?:type|interface) (\w+)/gm)]
        .map(([, name]) => name);
    assert.ok(names.includes("Snapshot") && names.length > 50);
    const use = `
        import type { ${names.join(", ")} } from "muster-client";
        import { type Avatar as A, ArenaWorld } from "muster-client/arena";
        export function show(s: Snapshot, l: LobbyInfo, e: Entry): [number, string, number] {
            return [s.tick, l.lobbyId, e.seat];
        }
        export const first = (world: ArenaWorld): A | undefined => world.avatars.get(0);`;
    const unused = { noUnusedLocals: false };
    assert.equal(checkUse(use, unused), "");
    assert.equal(checkUse(use, { ...unused, module: "nodenext", moduleResolution: "nodenext" }), "");
});

test("what plugins send may be listened for, slips of the pen may not", () => {
    const complaints = checkUse(`import type { MusterClient } from "muster-client";
        export function go(client: MusterClient): void {
            client.on("party.invited", (told: { from: string }) => told.from.length);
            client.once("party.left").then((told) => told.any);
            client.on("lobby.udpated", () => {});
            client.on("lobby.updated", (told: { from: string }) => told.from);
        }`);
    const found = [...complaints.matchAll(/use\.ts\((\d+),\d+\): error (TS\d+)/g)];
    assert.deepEqual(found.map(([, line, code]) => [line, code]), [["5", "TS2345"], ["6", "TS2345"]]);
});
