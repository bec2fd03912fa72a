// The README's five minutes: a mode of one's own, from nothing to a change in a running match.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ROOT, eventually, muster, startServer } from "../kit/harness.mjs";
import { connectPlayer } from "../kit/players.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";

/** A line that the README shows, of the file it speaks of. */
async function shownInReadme(pattern) {
    const readme = await readFile(path.join(ROOT, "README.md"), "utf8");
    const found = pattern.exec(readme);
    assert.ok(found, `${pattern} is not in the README`);
    return found[1] ?? found[0];
}

test("the five minutes of the README", async (t) => {
    const net = { requestsPerSecond: 1000, requestsBurst: 1000 };
    const config = { plugins: MOD_PLUGINS, lobby: { playersMin: 1 }, net };
    const server = await startServer(t, { config, args: ["--watch"] });
    await shownInReadme(/muster new mode my_hill/);
    assert.equal((await muster(server.dir, "new", "mode", "my_hill")).code, 0);
    await server.waitForOutput(/mod my_hill reloaded/);
    assert.match((await muster(server.dir, "test", "mods/my_hill")).stdout, /^\d+ passed, 0 failed$/m);
    assert.match((await muster(server.dir, "check", "mods/my_hill")).stdout, /^0 errors, 0 warnings$/m);

    const { client } = await connectPlayer(t, server, { name: "Ada" });
    const errors = [];
    client.on("mod.error", ({ message }) => errors.push(message));
    const { gameModes } = await client.call("server.info");
    assert.ok(gameModes.some(({ name, title }) => name === "my_hill" && title === "My hill"));
    await client.createLobby({ gameMode: "my_hill", settings: { botFill: 6, pointsToWin: 500, timeLimit: 600 } });
    await client.once("match.started");
    const score = async () => {
        const { teamScores } = await client.call("match.scoreboard");
        return teamScores.red + teamScores.blue;
    };
    await eventually("a point of the bots", async () => (await score()) > 0);

    const file = path.join(server.dir, "mods/my_hill/init.lua");
    const before = await readFile(file, "utf8");
    const line = /^ *state\.next_point = state\.next_point \+ 1$/m;
    assert.match(before, line);
    const save = async (text, from = server.output.length) => {
        await writeFile(file, text);
        await server.waitForOutput(/mod my_hill reloaded/, from);
    };
    const points = await score();
    await save(before.replace(line, await shownInReadme(/^ *state\.next_point = state\.next_point \+ 0\.5$/m)));
    assert.ok((await score()) >= points, "the score is kept");
    await save(before.replace(line, `    ${await shownInReadme(/`(state\.next_point = nil \+ 1)`/)}`));
    await eventually("the code before", () => errors.some((message) => /the old one is back/.test(message)));
    assert.match(errors.join("\n"), /my_hill\/init\.lua:\d+: attempt to perform arithmetic on a nil value/);
    const settled = await score();
    await eventually("more points", async () => (await score()) > settled);

    const settingsFile = path.join(server.dir, "mods/my_hill/settings.json");
    const settings = JSON.parse(await readFile(settingsFile, "utf8"));
    settings.push(JSON.parse(await shownInReadme(/^ *\{"key": "hillRadius"[^]*?\}$/m)));
    await writeFile(settingsFile, JSON.stringify(settings));
    assert.equal(before.split("radius = 2.5").length, 3, "in both places");
    await writeFile(file, before.replaceAll("radius = 2.5", await shownInReadme(/`(radius = settings\.hillRadius)`/)));
    for (const verb of ["check", "test"]) {
        const { code, stdout } = await muster(server.dir, verb, "mods/my_hill");
        assert.equal(code, 0, stdout);
    }
});
