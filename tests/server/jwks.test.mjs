// auth_jwt with its keys at a URL: who signs in, when the URL is asked, and what is taken from it.

import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { test } from "node:test";
import { PLUGINS, Watched, atEnd, runDaemon, startServer, tempDir, testConfig } from "../kit/harness.mjs";
import { RawSocket } from "../kit/sockets.mjs";

/** A pair of keys: `jwk` is its public half in a set, `secret` the private one. */
function makeKey(kid) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
    return { kid, jwk, privateKey, secret: { ...privateKey.export({ format: "jwk" }), kid } };
}

const setOf = (...keys) => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });

let tokens = 0;

/** A token that nobody has seen before. */
function tokenBy(key, { kid = key.kid, iss = "idp" } = {}) {
    const iat = Math.floor(Date.now() / 1000);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss, aud: "muster", sub: `player-${++tokens}`, iat, exp: iat + 600 };
    const body = `${part({ alg: "ES256", typ: "JWT", kid })}.${part(claims)}`;
    const how = { key: key.privateKey, dsaEncoding: "ieee-p1363" };
    return `${body}.${sign("sha256", Buffer.from(body), how).toString("base64url")}`;
}

/** An identity provider's server. `answers`: by path, what is answered, given how often it was asked. */
class Provider {
    answers = {};
    asked = {}; // by path
    #watched = new Watched();
    #http = http.createServer((request, response) => {
        const at = request.url;
        this.asked[at] = (this.asked[at] ?? 0) + 1;
        this.#watched.changed();
        const { status = 200, headers = {}, body } = this.answers[at]?.(this.asked[at]) ?? {};
        if (body === undefined) request.socket.destroy();
        else response.writeHead(status, headers).end(body);
    });

    static async open(t) {
        const provider = new Provider();
        provider.#http.listen(0, "127.0.0.1");
        await once(provider.#http, "listening");
        atEnd(t, () => provider.#http.closeAllConnections());
        atEnd(t, () => provider.#http.close());
        return provider;
    }

    url(at) {
        return `http://127.0.0.1:${this.#http.address().port}${at}`;
    }

    askedFor(at, times) {
        const never = new Promise(() => {});
        const enough = () => this.asked[at] >= times || undefined;
        return this.#watched.until(enough, never, (why) => new Error(`${why}: ${at} was asked ${this.asked[at]} times`));
    }
}

const configOf = (sections) => ({
    plugins: [...PLUGINS, ...Object.keys(sections).map((name) => `auth_jwt:${name}`)],
    ...sections,
});

/** The answer to a token: the playerId, or why not. */
async function signIn(t, server, token) {
    const socket = await RawSocket.open(t, server);
    const { result, error } = await socket.call("session.authenticate", { token });
    socket.ws.terminate();
    if (result) return result.session.playerId;
    assert.equal(error.message && error.data?.code, "token_invalid", JSON.stringify(error));
    return error.message;
}

/** Why an instance has no new keys, as its log says. */
const saidBy = async (server, name) =>
    (await server.waitForOutput(new RegExp(`no new keys: (.*)"component":"${name}"`)))[1];

const many = (count, make) => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

test("keys are exchanged, and whatever comes, the URL is asked once", async (t) => {
    const provider = await Provider.open(t);
    const [old, next] = [makeKey("old"), makeKey("next")];
    provider.answers["/keys"] = () => ({ body: setOf(old) });
    const server = await startServer(t, { config: configOf({ idp: { issuer: "idp", jwksUrl: provider.url("/keys") } }) });
    await server.waitForOutput(/1 keys of issuer idp/);
    assert.match(await signIn(t, server, tokenBy(old)), /^player-/);
    assert.equal(provider.asked["/keys"], 1);

    await server.admin("reload idp");
    const waits = await many(4, () => signIn(t, server, tokenBy(old))); // though its keys are on their way
    for (const who of waits) assert.match(who, /^player-/);
    assert.equal(provider.asked["/keys"], 2);

    provider.answers["/keys"] = () => ({ body: setOf(next) });
    const players = await many(20, () => signIn(t, server, tokenBy(next)));
    for (const who of players) assert.match(who, /^player-/);
    assert.equal(provider.asked["/keys"], 3);
    assert.match(await signIn(t, server, tokenBy(old)), /unknown key/);
    assert.match(await signIn(t, server, tokenBy(old, { kid: "next" })), /signature/);

    const before = provider.asked["/keys"];
    for (let round = 0; round < 10; round++) { // one after the other, or all would wait for one answer
        const strangers = await many(10, (i) => signIn(t, server, tokenBy(old, { kid: `${round}-${i}` })));
        for (const why of strangers) assert.match(why, /unknown key/);
    }
    assert.ok(provider.asked["/keys"] <= before + 1, `${provider.asked["/keys"] - before} times`);
});

test("the provider is down at the start, and comes back", async (t) => {
    const provider = await Provider.open(t);
    const key = makeKey("k");
    const server = await startServer(t, {
        config: configOf({ idp: { issuer: "idp", jwksUrl: provider.url("/keys"), jwksRefreshS: 1 } }),
    });
    assert.match(await signIn(t, server, tokenBy(key)), /keys of the issuer are not here yet/);
    await provider.askedFor("/keys", 2);
    provider.answers["/keys"] = () => ({ body: setOf(key) });
    await server.waitForOutput(/it answers again/);
    assert.match(await signIn(t, server, tokenBy(key)), /^player-/);
    assert.equal(server.output.match(/no new keys/g).length, 1); // told once
});

test("what is no set of public keys is refused, and the last good one stays", async (t) => {
    const provider = await Provider.open(t);
    const key = makeKey("k");
    const symmetric = { kty: "oct", kid: "k", alg: "HS256", k: Buffer.alloc(32, 7).toString("base64url") };
    const hostile = {
        huge: [{ body: " ".repeat(70000) + setOf(key) }, /over 64 KiB/],
        page: [{ body: "<html>Sign in</html>" }, /line 1/],
        nothing: [{ body: "" }, /line 1/],
        number: [{ body: '{"keys": 5}' }, /expected an object with an array/],
        broken: [{ body: setOf({ jwk: { ...key.jwk, x: 7 } }) }, /key is broken/],
        secret: [{ body: setOf({ jwk: key.secret }) }, /is a private key/],
        symmetric: [{ body: setOf({ jwk: symmetric }) }, /no key for verifying signatures/],
        redirect: [{ status: 302, headers: { Location: "/elsewhere" }, body: "" }, /status is not 200/],
        failing: [{ status: 500, body: setOf(makeKey("k")) }, /status is not 200/],
    };
    const sections = { indoors: { issuer: "indoors", jwksUrl: provider.url("/indoors"), jwksPublicOnly: true } };
    for (const [name, [answer]] of Object.entries(hostile)) {
        sections[name] = { issuer: name, jwksUrl: provider.url(`/${name}`), jwksRefreshS: 1 };
        provider.answers[`/${name}`] = (times) => (times === 1 ? { body: setOf(key) } : answer);
    }
    const server = await startServer(t, { config: configOf(sections) });
    for (const [name, [, why]] of Object.entries(hostile)) {
        assert.match(await saidBy(server, name), why);
        assert.match(await signIn(t, server, tokenBy(key, { iss: name })), /^player-/, name);
    }
    assert.match(await saidBy(server, "indoors"), /jwksPublicOnly/);
    assert.match(await signIn(t, server, tokenBy(key, { iss: "indoors" })), /not here yet/);
    assert.deepEqual([provider.asked["/indoors"], provider.asked["/elsewhere"]], [undefined, undefined]);
});

test("a check of the configuration asks nobody", async (t) => {
    const provider = await Provider.open(t);
    const dir = await tempDir(t);
    const file = path.join(dir, "config.json");
    const checked = async (section) => {
        await writeFile(file, JSON.stringify(testConfig(configOf({ idp: { issuer: "idp", ...section } }))));
        return runDaemon(["--config", file, "--data-dir", path.join(dir, "data"), "--check-config"], { cwd: dir });
    };
    const jwksUrl = provider.url("/keys");
    const good = await checked({ jwksUrl });
    assert.equal(good.code, 0, good.stderr);
    for (const [section, why] of [
        [{}, /keysFile: expected the path of a key file, found nothing, nor a jwksUrl/],
        [{ jwksUrl, keysFile: "keys" }, /jwksUrl: expected nothing beside keysFile/],
        [{ jwksUrl, algorithm: "HS256" }, /algorithm: HS256 needs a secret/],
        [{ jwksUrl, jwksRefreshS: 0 }, /jwksRefreshS: expected/],
        [{ jwksUrl: "http://idp.example/keys" }, /jwksUrl: expected https/],
        [{ jwksUrl: "http://127.0.0.1.example/keys" }, /jwksUrl: expected https/],
        [{ jwksUrl: "ftp://idp.example/keys" }, /jwksUrl: expected https/],
        [{ jwksUrl: "https://" }, /jwksUrl: expected https/],
    ]) {
        const bad = await checked(section);
        assert.equal(bad.code, 78, bad.stdout + bad.stderr);
        assert.match(bad.stderr, why);
    }
    assert.deepEqual(provider.asked, {});
});
