// What nodes know of each other by the role kv: sanctions, log-ins of one name, tokens that sign in
// once. service_fleet stands for the other nodes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../kit/openapi.mjs";
import { PLUGINS, eventually, queryDatabase, startServer, tempDir } from "../kit/harness.mjs";
import { jwt, otherIssuer } from "../kit/issuer.mjs";
import { connectPlayer } from "../kit/players.mjs";

const FLEET = ["kv_memory", ...PLUGINS, "service_fleet"];

const said = (server, change) =>
    server.admin(`fleet-say ${JSON.stringify(change?.ended ? { node: "other", ...change } : change)}`);

const sanction = (key, playerKey, more = {}) => ({
    key, kind: "ban", guestsOnly: false, createdMs: Date.now(), expiresMs: 0, playerKey, playerName: "Bad",
    address: "", reason: "said elsewhere", note: "", actor: "boss", ...more,
});

test("a sanction that another node says is in force at once, and kept; so is its end", async (t) => {
    const server = await startServer(t, { config: { plugins: FLEET } });
    const bad = await connectPlayer(t, server, { name: "Bad" });
    const closed = bad.client.once("closed", { timeoutMs: 20000 });
    await said(server, { ended: [], added: sanction("0123456789ab", bad.playerId) });
    assert.equal((await closed).code, 4004);
    assert.match(await server.admin("bans"), /0123456789ab.*said elsewhere/);
    const row = async () => (await queryDatabase(
        server, "SELECT actor, ended_at FROM sanctions WHERE sanction_id = '0123456789ab'"))[0];
    await eventually("it is kept", async () => (await row())?.actor === "boss");
    await server.stop();
    const next = await startServer(t, { config: { plugins: FLEET }, dir: server.dir });
    assert.match(await next.admin("bans"), /said elsewhere/);
    await said(next, { ended: ["0123456789ab"], added: null });
    await eventually("it has ended", async () => (await next.admin("bans")) === "0 bans");
    await eventually("for good", async () => (await row()).ended_at > 0);
});

test("what is said here is told to the others; nonsense of theirs does nothing", async (t) => {
    const server = await startServer(t, { config: { plugins: FLEET } });
    const heard = async () => JSON.parse((await server.admin("fleet-heard")) || "{}");
    await server.admin("ban 192.0.2.0/24 1h spam // see 17");
    const { node, added, ended } = await eventually("it is told", async () => {
        const change = await heard();
        return change.added && change;
    });
    const { address, reason, note, kind, key, expiresMs, createdMs } = added;
    assert.deepEqual({ address, reason, note, kind, ended },
        { address: "192.0.2.0/24", reason: "spam", note: "see 17", kind: "ban", ended: [] });
    assert.equal(expiresMs - createdMs, 3600000);
    await said(server, { node, ended: [key], added: null });
    const good = sanction("abcdefabcdef", "", { address: "198.51.100.1" });
    for (const change of [
        "no JSON", 7, {}, { node: 1, ended: [key], added: null }, { ended: 3, added: null }, { ended: ["x"], added: null }, { ended: [key, 1], added: null },
        { ended: [key], added: { ...good, kind: "nothing" } }, { ended: [key], added: { ...good, key: "../../etc" } },
        { ended: [key], added: { ...good, address: "nowhere" } }, { ended: [key], added: { ...good, actor: null } },
        { ended: new Array(33).fill(key), added: null }, { ended: [key], added: { ...good, reason: "r".repeat(512) } },
    ])
        await said(server, change);
    await said(server, { ended: [], added: good });
    await eventually("what is good is taken", async () => /198\.51\.100\.1/.test(await server.admin("bans")));
    assert.match(await server.admin("bans"), new RegExp(`${key}[^]*\n2 bans$`), "nor does what it hears of itself");
    await server.admin(`unban ${key}`);
    assert.deepEqual(await eventually("its end is told", async () => {
        const change = await heard();
        return change.added === null && change.ended.includes(key) && change;
    }), { node, ended: [key], added: null });
});

/** Log-ins are counted by the hour of the clock, which is not to end meanwhile. */
async function sameHour() {
    const leftMs = 3600000 - (Date.now() % 3600000);
    if (leftMs < 15000) await sleep(leftMs);
}

test("log-ins of one name are counted, whoever tries", async (t) => {
    const config = { plugins: FLEET, auth_local: { loginTriesPerHour: 3 } };
    const server = await startServer(t, { config });
    const ask = (route, username, password) =>
        server.rest("POST", `/v1/auth/${route}`, { username, password });
    await sameHour();
    for (const name of ["ann", "bob"])
        assert.equal((await ask("register", name, "correct horse")).status, 201);
    for (let i = 0; i < 2; i++) assertProblem(await ask("login", "ann", "wrong horse"), 401, "credentials_invalid");
    assert.equal((await ask("login", "ANN", "correct horse")).status, 200, "the third");
    assertProblem(await ask("login", "ann", "wrong horse"), 401, "credentials_invalid");
    const refused = await ask("login", "Ann", "correct horse");
    assertProblem(refused, 429, "rate_limited");
    const waitS = Number(refused.headers.get("retry-after"));
    assert.ok(waitS > 0 && waitS <= 3600, `${waitS}`);
    assert.equal(refused.body.retryAfterMs, waitS * 1000);
    assert.equal((await ask("login", "bob", "correct horse")).status, 200);
});

test("a token that signs in once", async (t) => {
    const dir = await tempDir(t);
    const auth_jwt = { ...(await otherIssuer(dir)), onceOnly: true };
    const plugins = ["kv_memory", "auth_jwt", "mode_arena"];
    const server = await startServer(t, { dir, config: { plugins, auth_jwt } });
    const token = jwt({ sub: "pia", jti: "1" });
    await connectPlayer(t, server, { token });
    await assert.rejects(connectPlayer(t, server, { token }), /token was used before/);
    await assert.rejects(
        connectPlayer(t, server, { token: jwt({ sub: "pia", jti: "1", region: "x" }) }), /token was used before/);
    await assert.rejects(connectPlayer(t, server, { token: jwt({ sub: "pia" }) }), /token has no id/);
    await connectPlayer(t, server, { token: jwt({ sub: "pia", jti: "2" }) });
});
