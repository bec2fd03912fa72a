// Scripts of a lobby that take all the time they may: their timers are late, and nobody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connectPlayer, eventually } from "../kit/harness.mjs";
import { startModServer } from "../kit/mods.mjs";

const NO_LEAK_CHECK = { ASAN_OPTIONS: [process.env.ASAN_OPTIONS, "detect_leaks=0"].filter(Boolean).join(":") };

// Ten calls are asked for where there is time for one.
const HOG = `
local n = 0
for i = 1, 250 do timer.every(0.05, function() n = n + 1 for j = 1, 20000 do end end) end
command.register{name = "ran", fn = function() return "ran " .. n end}`;

async function openLobby(t, server, name, source) {
    const { client } = await connectPlayer(t, server, { name });
    await client.createLobby({ gameMode: "arena", settings: { isPrivate: true, startWhen: "host" } });
    const lines = [];
    const errors = [];
    client.on("lobby.chat", ({ text }) => lines.push(text));
    client.on("mod.error", (error) => errors.push(error));
    await client.call("lobby.uploadRule", { name: "mine", source });
    return { client, lines, errors };
}

async function say(lobby, text) {
    const from = lobby.lines.length;
    await lobby.client.chat(text);
    await eventually("an answer", () => lobby.lines.length > from);
    return lobby.lines.at(-1);
}

async function lateTimers(server) {
    const { text } = await server.rest("GET", "/metrics", undefined, { admin: true });
    return Number(/^muster_script_timers_late_total (\d+)$/m.exec(text)[1]);
}

test("a rule whose timers want more than there is has late timers, and is not stopped for them", async (t) => {
    const server = await startModServer(t, {}, { config: { lobby: { playersMin: 1 } }, args: ["--untrusted"], env: NO_LEAK_CHECK });
    const hogs = [await openLobby(t, server, "Ada", HOG), await openLobby(t, server, "Bea", HOG)];
    const other = await openLobby(
        t,
        server,
        "Cem",
        `local n = 0 timer.every(0.05, function() n = n + 1 end)
         command.register{name = "ran", fn = function() return "ran " .. n end}`,
    );
    await eventually("late timers", async () => (await lateTimers(server)) > 20);
    const before = await say(other, "/ran");
    await eventually("the other's timer", async () => (await say(other, "/ran")) !== before);
    for (const hog of hogs) {
        assert.match(await say(hog, "/ran"), /^ran [1-9]/);
        assert.deepEqual(hog.errors, []);
    }
    assert.deepEqual(other.errors, []);
    await server.stop();
    assert.match(server.output, /timers of lobbies' scripts are late: .* mod upload_mine in lobby /);
});
