// upgrade - a data directory of an earlier version is taken over; one of a newer version is refused.

import assert from "node:assert/strict";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ROOT, query, queryDatabase, runDaemon, runFile, startServer, tempDir } from "../kit/harness.mjs";

/** A data directory with a database as an earlier version has left it. */
async function earlier(t) {
    const dir = await tempDir(t);
    await mkdir(path.join(dir, "data"), { mode: 0o700 });
    const file = path.join(dir, "data/muster.db");
    await runFile("sqlite3", [file, `.read ${path.join(ROOT, "tests/release/upgrade.sql")}`]);
    return { dir, file };
}

test("a database of an earlier version is taken over, and copied before", async (t) => {
    const { dir, file } = await earlier(t);
    const config = { history: { resultDays: 0, lobbyDays: 0 } };
    const backups = async () =>
        (await readdir(path.dirname(file))).filter((name) => name.startsWith("muster.db.backup-"));
    const server = await startServer(t, { dir, config });
    const ada = { username: "ada0", password: "password of ada0" };
    assert.equal((await server.rest("POST", "/v1/auth/login", ada)).status, 200);
    const [result] = JSON.parse(await server.admin("results 1"));
    assert.equal(result.matchId, "b082254c-ba63-4fdc-bcf7-b63bcfbbadd2");
    assert.deepEqual(
        result.playerStats.map(({ displayName, kills }) => [displayName, kills]),
        [["Ada", 1], ["Bo", 0]],
    );
    const visits = await queryDatabase(server, "SELECT player_id FROM lobby_players");
    assert.equal(visits.length, 2, "who was in the lobby is still known");
    await server.stop();
    const [name, ...more] = await backups();
    assert.deepEqual(more, [], "one copy of all");
    const steps = "SELECT count(*) AS count FROM muster_migrations";
    assert.deepEqual(await query(path.join(path.dirname(file), name), steps), [{ count: 14 }]);
    const again = await startServer(t, { dir, config });
    await again.stop();
    assert.deepEqual(await backups(), [name], "nothing is copied when nothing is changed");
});

test("a step that hosts have run is never changed", async (t) => {
    const file = path.join(ROOT, "tests/release/migrations.golden");
    const server = await startServer(t);
    const steps = "SELECT component, step, hash FROM muster_migrations ORDER BY component, step";
    const made = (await queryDatabase(server, steps)).map((row) => `${row.component} ${row.step} ${row.hash}\n`).join("");
    if (process.env.UPDATE_GOLDEN) await writeFile(file, made); // appended steps alone
    assert.equal(made, await readFile(file, "utf8"));
});

test("a database that a newer version, or another one, has written is refused", async (t) => {
    const changes = [
        ["INSERT INTO muster_migrations VALUES('core', 999, 1, NULL)", /newer version/],
        ["UPDATE muster_migrations SET hash = 'x' WHERE step = 1", /step 1 is another/],
    ];
    for (const [sql, sentence] of changes) {
        const { dir, file } = await earlier(t);
        await (await startServer(t, { dir })).stop();
        await runFile("sqlite3", [file, sql]);
        const { code, stderr, stdout } = await runDaemon(["--data-dir", path.join(dir, "data"), "--port", "0"]);
        assert.equal(code, 70);
        assert.match(stdout + stderr, sentence);
    }
});
