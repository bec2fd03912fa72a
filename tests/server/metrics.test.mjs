// /metrics, /livez, /readyz: what monitors ask.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { startServer } from "../kit/harness.mjs";
import { connectPlayer, gather, sitDown } from "../kit/players.mjs";

async function promtool(text) {
    const child = spawn("promtool", ["check", "metrics"], { stdio: "pipe" });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.stdin.end(text);
    const [code] = await once(child, "close");
    return { code, output };
}

/** {name{labels}: value} */
function samples(text) {
    const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
    return Object.fromEntries(
        lines.map((line) => {
            const at = line.lastIndexOf(" ");
            return [line.slice(0, at), Number(line.slice(at + 1))];
        }),
    );
}

const scrape = (server) => server.rest("GET", "/metrics", undefined, { admin: true });

test("the metrics pass promtool and say what happened", async (t) => {
    const server = await startServer(t, {});
    const before = samples((await scrape(server)).text);
    const team = await gather(t, server, 2, { settings: { fires: false } });
    await sitDown(team, { botFill: 0, maxPlayers: 2, timeLimit: 1 });
    await team[0].end();
    const { text, headers } = await scrape(server);
    assert.match(headers.get("content-type"), /^text\/plain; version=0\.0\.4; charset=utf-8$/);
    const checked = await promtool(text);
    assert.equal(checked.code, 0, checked.output);
    assert.equal(checked.output.trim(), "");

    const after = samples(text);
    assert.equal(after.muster_players_connected, 2);
    assert.equal(after.muster_addresses_connected, 1);
    assert.ok(after.muster_parties >= 3); // two players, their address
    const infos = Object.keys(after).filter((key) => /^muster_(node|mode)_info/.test(key));
    const [node] = infos.filter((key) => key.includes("_node_"));
    assert.match(node, /\{node_id="[^"]+",name="A muster server",region="local",public_url=""\}$/);
    assert.ok(
        infos.some((key) =>
            /mode="arena",.*,base="",teams="red,blue",people_max="16",.*tick_rate_hz="\d+"/.test(key),
        ),
        infos.join("\n"),
    );
    assert.equal(after.muster_matches_started_total - before.muster_matches_started_total, 1);
    assert.equal(after.muster_player_joins_total - before.muster_player_joins_total, 2);
    assert.ok(after.muster_snapshots_sent_total > before.muster_snapshots_sent_total + 20);
    assert.ok(after["muster_tick_duration_seconds_count"] > 10);
    assert.equal(
        after["muster_tick_duration_seconds_count"],
        after['muster_tick_duration_seconds_bucket{le="+Inf"}'],
    );
    assert.equal(after.muster_metrics_scrapes_total, before.muster_metrics_scrapes_total + 1);
    for (const name of [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
    ])
        assert.ok(after[name] > 0, name);
    const kinds = text
        .split("\n")
        .filter((line) => line.startsWith("# TYPE "))
        .map((line) => line.split(" ")[2]);
    assert.equal(new Set(kinds).size, kinds.length, "TYPE stands once for each name");
});

test("refusals are counted", async (t) => {
    const server = await startServer(t, {});
    const { client } = await connectPlayer(t, server);
    const before = samples((await scrape(server)).text);
    await client.call("no.such.method").catch(() => {});
    await server.rest("POST", "/v1/auth/login", { username: "nobody", password: "nothing at all" });
    const after = samples((await scrape(server)).text);
    assert.equal(after.muster_rpc_errors_total - before.muster_rpc_errors_total, 1);
    assert.ok(after.muster_http_requests_total > before.muster_http_requests_total);
});

test("the admin address keeps to itself", async (t) => {
    const server = await startServer(t, {});
    assert.equal((await server.rest("GET", "/metrics")).status, 404);
    assert.equal(
        (await server.rest("POST", "/v1/admin/command", { command: "status" })).status,
        404,
    );
    assert.equal((await server.rest("GET", "/v1/lobbies", undefined, { admin: true })).status, 404);
});

test("health: live and ready, in words when asked", async (t) => {
    const server = await startServer(t, {});
    for (const admin of [false, true]) {
        for (const name of ["/livez", "/readyz", "/healthz"]) {
            if (admin && name === "/healthz") continue;
            const plain = await server.rest("GET", name, undefined, { admin });
            assert.equal(plain.status, 200, name);
            const verbose = await server.rest("GET", `${name}?verbose`, undefined, { admin });
            assert.match(verbose.text, /^\[\+\]\w+/m);
        }
    }
});

test("a full node is live but not ready", async (t) => {
    const server = await startServer(t, { config: { lobby: { maxLobbies: 1 } } });
    const { client } = await connectPlayer(t, server);
    await client.createLobby({ gameMode: "arena" });
    const ready = await server.rest("GET", "/readyz?verbose");
    assert.equal(ready.status, 503);
    assert.match(ready.text, /^\[-\]/m);
    assert.equal((await server.rest("GET", "/livez")).status, 200);
});
