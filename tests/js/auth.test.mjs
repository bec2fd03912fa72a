// AuthClient: sign-in, typed problems, storage, renewal in time.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { AuthClient, MusterError } from "../../sdk/js/index.js";
import { FakeServer } from "./fake_server.mjs";

class MemoryStorage {
    #items = new Map();
    getItem(key) {
        return this.#items.get(key) ?? null;
    }
    setItem(key, value) {
        this.#items.set(key, value);
    }
    removeItem(key) {
        this.#items.delete(key);
    }
}

async function setUp(t) {
    const server = await new FakeServer().start();
    const storage = new MemoryStorage();
    const auth = new AuthClient({ baseUrl: server.baseUrl, storage });
    t.after(async () => {
        auth.stop();
        await server.stop();
    });
    return { server, storage, auth };
}

test("register, log in, guest, log out", async (t) => {
    const { server, storage, auth } = await setUp(t);
    const seen = [];
    auth.on("changed", ({ token }) => seen.push(token?.displayName ?? null));
    await auth.register({ username: "ada", password: "correct horse", displayName: "Ada" });
    await auth.login("bob", "correct horse");
    await auth.guest();
    assert.ok(storage.getItem("muster.auth"));
    await auth.logout();
    assert.equal(auth.current, null);
    assert.equal(storage.getItem("muster.auth"), null);
    assert.deepEqual(seen, ["Ada", "bob", "Guest", null]);
    assert.deepEqual(server.restRequests.map(({ path }) => path),
        ["register", "login", "guest", "logout"].map((word) => `/v1/auth/${word}`));
    await assert.rejects(auth.accessToken(), { code: "signed_out" });
});

test("problem+json becomes a MusterError", async (t) => {
    const { auth } = await setUp(t);
    await assert.rejects(auth.login("ada", "wrong"), (error) => {
        assert.ok(error instanceof MusterError);
        assert.equal(error.code, "credentials_invalid");
        assert.equal(error.status, 401);
        assert.match(error.message, /wrong/);
        return true;
    });
    assert.equal(auth.current, null);
});

test("a server that does not answer", async () => {
    const auth = new AuthClient({ baseUrl: "http://127.0.0.1:9" });
    await assert.rejects(auth.guest(), { code: "unreachable" });
});

test("the token outlives the page", async (t) => {
    const { server, storage, auth } = await setUp(t);
    const { accessToken } = await auth.guest();
    const again = new AuthClient({ baseUrl: server.baseUrl, storage });
    t.after(() => again.stop());
    assert.equal(await again.accessToken(), accessToken);
    storage.setItem("muster.auth", "{broken");
    assert.equal(new AuthClient({ baseUrl: server.baseUrl, storage }).current, null);
});

test("a token about to end is renewed when asked for, once for all who ask", async (t) => {
    const { server, auth } = await setUp(t);
    server.tokenLifeS = 5;
    const { accessToken } = await auth.guest();
    server.tokenLifeS = 3600;
    const [a, b] = await Promise.all([auth.accessToken(), auth.accessToken()]);
    assert.equal(a, b);
    assert.notEqual(a, accessToken);
    assert.equal(server.restRequests.filter(({ path }) => path.endsWith("refresh")).length, 1);
});

test("a refused refresh token signs out", async (t) => {
    const { auth, storage } = await setUp(t);
    const token = await auth.guest();
    storage.setItem("muster.auth", JSON.stringify({ ...token, refreshToken: "stolen" }));
    const thief = new AuthClient({ storage, fetch: async () =>
        new Response(JSON.stringify({ code: "refresh_invalid", detail: "Sign in again." }),
            { status: 401, headers: { "Content-Type": "application/problem+json" } }) });
    await assert.rejects(thief.refresh(), { code: "refresh_invalid" });
    assert.equal(thief.current, null);
    assert.equal(storage.getItem("muster.auth"), null);
});

test("what another tab renewed is taken over, not renewed again", async (t) => {
    const { server, auth, storage } = await setUp(t);
    const token = await auth.guest();
    const newer = { ...token, accessToken: "newer", expiresAt: token.expiresAt + 60 };
    storage.setItem("muster.auth", JSON.stringify(newer));
    assert.equal((await auth.refresh()).accessToken, "newer");
    assert.equal(server.restRequests.length, 1);
});

test("renewal happens by itself a minute before the end, and is tried again", async () => {
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000_000 });
    const asked = [];
    let isUp = true;
    const fetch = async (url, { body }) => {
        asked.push([url, JSON.parse(body).refreshToken ?? ""]);
        if (!isUp) throw new TypeError("network is down");
        const serial = asked.length;
        return new Response(JSON.stringify({
            playerId: "p", displayName: "A", accessToken: `a${serial}`, refreshToken: `r${serial}`,
            expiresAt: Date.now() / 1000 + 900,
        }));
    };
    const turn = () => new Promise(setImmediate);
    try {
        const auth = new AuthClient({ fetch });
        await auth.guest();
        mock.timers.tick(839_000);
        assert.equal(asked.length, 1);
        isUp = false;
        mock.timers.tick(1_000);
        await turn();
        assert.deepEqual(asked[1], ["/v1/auth/refresh", "r1"]);
        assert.equal(auth.current.accessToken, "a1");
        isUp = true;
        mock.timers.tick(15_000);
        await turn();
        assert.equal(auth.current.accessToken, "a3");
        auth.stop();
    } finally {
        mock.timers.reset();
    }
});
