// Scripts of a lobby that take all the time they may: their timers are late, and nobody else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCKED, eventually } from "../kit/harness.mjs";
import { connectPlayer, listen } from "../kit/players.mjs";
import { startModServer } from "../kit/mods.mjs";

// Ten calls are asked for where there is time for one.
const HOG = `
local n = 0
for i = 1, 250 do timer.every(0.05, function() n = n + 1 for j = 1, 20000 do end end) end
command.register{name = "ran", fn = function() return "ran " .. n end}`;

async function openLobby(t, server, name, source) {
    const { client } = await connectPlayer(t, server, { name });
    await client.createLobby({ gameMode: "arena", settings: { isPrivate: true, startWhen: "host" } });
    await client.call("lobby.uploadRule", { name: "mine", source });
    return listen(client);
}

test("a rule whose timers want more than there is has late timers, and is not stopped for them", async (t) => {
    const server = await startModServer(t, {}, { config: { lobby: { playersMin: 1 } }, ...LOCKED });
    const hogs = [await openLobby(t, server, "Ada", HOG), await openLobby(t, server, "Bea", HOG)];
    const other = await openLobby(
        t,
        server,
        "Cem",
        `local n = 0 timer.every(0.05, function() n = n + 1 end)
         command.register{name = "ran", fn = function() return "ran " .. n end}`,
    );
    await eventually("late timers", async () => (await server.metric("muster_script_timers_late_total")) > 20);
    const before = await other.say("/ran");
    await eventually("the other's timer", async () => (await other.say("/ran")) !== before);
    for (const hog of hogs) {
        assert.match(await hog.say("/ran"), /^ran [1-9]/);
        assert.deepEqual(hog.errors, []);
    }
    assert.deepEqual(other.errors, []);
    await server.stop();
    assert.match(server.output, /timers of lobbies' scripts are late: .* mod upload_mine in lobby /);
});
