// The declarations: strict, up to date with the modules, and right for who uses them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkUse, makeDeclarations, staleDeclarations } from "./types.mjs";

test("sdk/js is strictly typed and its declarations are up to date", () => {
    const { complaints, files } = makeDeclarations();
    assert.equal(complaints, "");
    assert.deepEqual(staleDeclarations(files), [], "run: node tests/js/types.mjs --write");
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

test("wrong use is found", () => {
    const use = (line) => `import { MusterClient } from "muster-client";
        const client = new MusterClient({ url: "" });
        ${line}`;
    assert.match(checkUse(use('client.on("no.such", () => {});')), /TS2345/);
    assert.match(checkUse(use('client.setTeam("green");')), /TS2345/);
    assert.match(checkUse(use("client.entry.seat;")), /TS2531|TS18047/);
    assert.match(checkUse('import { MusterClient } from "muster-client"; new MusterClient({});'),
        /TS2741/);
});
