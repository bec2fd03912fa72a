// AuthClient: sign-in, typed problems, storage, renewal in time.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { AuthClient, MusterError } from "../../../sdk/js/index.js";
import { Between } from "../../kit/between.mjs";
import { startServer, suite } from "../../kit/harness.mjs";

const musterd = await startServer(suite);

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
    const server = await Between.open(t, musterd);
    const storage = new MemoryStorage();
    const auth = new AuthClient({ baseUrl: server.baseUrl, storage });
    t.after(() => auth.stop());
    return { server, storage, auth };
}

test("register, log in, guest, log out", async (t) => {
    const { server, storage, auth } = await setUp(t);
    const seen = [];
    auth.on("changed", ({ token }) => seen.push(token?.displayName ?? null));
    await auth.register({ username: "ada", password: "correct horse", displayName: "Ada" });
    await auth.login("ada", "correct horse");
    await auth.guest({ displayName: "Bob" });
    assert.ok(storage.getItem("muster.auth"));
    await auth.logout();
    assert.equal(auth.current, null);
    assert.equal(storage.getItem("muster.auth"), null);
    assert.deepEqual(seen, ["Ada", "Ada", "Bob", null]);
    assert.deepEqual(server.posts.map(({ path }) => path),
        ["register", "login", "guest", "logout"].map((word) => `/v1/auth/${word}`));
    await assert.rejects(auth.accessToken(), { code: "signed_out" });
});

test("problem+json becomes a MusterError", async (t) => {
    const { auth } = await setUp(t);
    await assert.rejects(auth.login("ada", "wrong horse"), (error) => {
        assert.ok(error instanceof MusterError);
        assert.equal(error.code, "credentials_invalid");
        assert.equal(error.status, 401);
        assert.match(error.message, /wrong/);
        return true;
    });
    assert.equal(auth.current, null);
});

test("a 429 says how long to wait", async (t) => {
    const { server, auth } = await setUp(t);
    server.restAnswers.set("/v1/auth/guest", () => ({
        status: 429, headers: { "Content-Type": "application/problem+json", "Retry-After": "6" },
        body: { code: "rate_limited", detail: "Too many requests of this address." },
    }));
    await assert.rejects(auth.guest(), (error) =>
        error.code === "rate_limited" && error.data.retryAfterMs === 6000);
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
    server.restEdits.set("/v1/auth/guest", (token) => {
        token.expiresAt += 5 - token.expiresIn;
        token.expiresIn = 5;
    });
    const { accessToken } = await auth.guest();
    const [a, b] = await Promise.all([auth.accessToken(), auth.accessToken()]);
    assert.equal(a, b);
    assert.notEqual(a, accessToken);
    assert.equal(server.posts.filter(({ path }) => path.endsWith("refresh")).length, 1);
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
    assert.equal(server.posts.length, 1);
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
        mock.timers.tick(2_000_000);
        assert.equal(asked.length, 3, "stopped");
    } finally {
        mock.timers.reset();
    }
});

// ---- what is answered late, and other tabs

const tokenOf = (playerId, serial, more = {}) => ({
    playerId, displayName: playerId, accessToken: `access-${playerId}-${serial}`,
    refreshToken: `refresh-${playerId}-${serial}`, expiresAt: Date.now() / 1000 + 900, ...more,
});

/** A server whose answers to refresh wait until they are released. */
function heldServer() {
    const server = { asked: [], releases: [], refused: false };
    server.fetch = async (url, { body }) => {
        const what = url.split("/").at(-1);
        const { username, refreshToken } = JSON.parse(body);
        server.asked.push(what);
        if (what === "logout") return new Response(null, { status: 204 });
        if (what === "login") return Response.json(tokenOf(username, 1));
        await new Promise((resolve) => server.releases.push(resolve));
        if (server.refused) {
            return new Response('{"code": "token_invalid"}',
                { status: 401, headers: { "Content-Type": "application/problem+json" } });
        }
        const [, who, serial] = refreshToken.split("-");
        return Response.json(tokenOf(who, Number(serial) + 1));
    };
    server.release = () => server.releases.splice(0).forEach((release) => release());
    return server;
}

const codeOf = (promise) => promise.then(() => "done", (error) => error.code);
const turns = async () => {
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
};

for (const refused of [false, true]) {
    test(`a renewal ${refused ? "refused" : "answered"} too late changes nothing`, async (t) => {
        const server = heldServer();
        server.refused = refused;
        const storage = new MemoryStorage();
        const auth = new AuthClient({ fetch: server.fetch, storage });
        t.after(() => auth.stop());
        await auth.login("ada", "p");
        const first = codeOf(auth.refresh());
        await turns();
        await auth.logout();
        server.release();
        assert.equal(await first, "signed_out");
        assert.equal(auth.current, null);
        assert.equal(storage.getItem("muster.auth"), null);

        await auth.login("ada", "p");
        const second = codeOf(auth.refresh());
        await turns();
        await auth.login("bob", "p");
        server.release();
        assert.equal(await second, "signed_out");
        assert.equal(auth.current.accessToken, "access-bob-1");
        assert.equal(JSON.parse(storage.getItem("muster.auth")).playerId, "bob");
    });
}

test("who has signed in anew gets a renewal of their own", async (t) => {
    const server = heldServer();
    const auth = new AuthClient({ fetch: server.fetch });
    t.after(() => auth.stop());
    await auth.login("ada", "p");
    const first = codeOf(auth.refresh());
    await auth.login("bob", "p");
    const second = auth.refresh();
    await turns();
    server.release();
    assert.equal(await first, "signed_out");
    assert.equal((await second).accessToken, "access-bob-2");
});

test("of two sign-ins the one asked for last counts, and a sign-out counts, too", async (t) => {
    const waiting = [];
    const auth = new AuthClient({ fetch: (url, { body }) => new Promise((resolve) =>
        waiting.push(() => resolve(Response.json(tokenOf(JSON.parse(body).username, 1))))) });
    t.after(() => auth.stop());
    const logins = ["ada", "bob"].map((name) => codeOf(auth.login(name, "p")));
    await turns();
    for (const answer of waiting.splice(0).reverse()) answer();
    assert.deepEqual(await Promise.all(logins), ["superseded", "done"]);
    assert.equal(auth.current.playerId, "bob");
    const late = codeOf(auth.login("ada", "p"));
    await turns();
    const out = auth.logout();
    await turns();
    for (const answer of waiting.splice(0)) answer();
    await out;
    assert.equal(await late, "superseded");
    assert.equal(auth.current, null);
});

test("another tab's renewal, sign-in and sign-out count when an answer comes", async (t) => {
    const server = heldServer();
    const storage = new MemoryStorage();
    const put = (token) => storage.setItem("muster.auth", JSON.stringify(token));
    const auth = new AuthClient({ fetch: server.fetch, storage });
    t.after(() => auth.stop());
    const renewal = async (other) => {
        await auth.login("ada", "p");
        const renewing = codeOf(auth.refresh());
        await turns();
        other();
        server.release();
        const how = await renewing;
        return [how, auth.current?.accessToken ?? null];
    };
    assert.deepEqual(await renewal(() => {}), ["done", "access-ada-2"]);
    assert.deepEqual(await renewal(() => put(tokenOf("ada", 7))), ["done", "access-ada-7"]);
    assert.deepEqual(await renewal(() => put(tokenOf("bob", 1))), ["signed_out", "access-bob-1"]);
    assert.deepEqual(await renewal(() => storage.removeItem("muster.auth")), ["signed_out", null]);
});

test("tabs take over what one of them stores, and do not renew at the same moment", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000_000 });
    const listeners = new Set();
    globalThis.addEventListener = (_, fn) => listeners.add(fn);
    globalThis.removeEventListener = (_, fn) => listeners.delete(fn);
    t.after(() => {
        delete globalThis.addEventListener;
        delete globalThis.removeEventListener;
    });
    const server = heldServer();
    const storage = new MemoryStorage();
    storage.setItem("muster.auth", JSON.stringify(tokenOf("ada", 1)));
    const options = { fetch: server.fetch, storage };
    const tabs = [0, 0.5].map((chance) => new AuthClient({ ...options, random: () => chance }));
    t.mock.timers.tick(825_000); // the second begins 15 s earlier, by its chance
    await turns();
    server.release();
    await turns();
    for (const fn of listeners) fn({ storageArea: storage, key: "muster.auth" });
    for (const tab of tabs) assert.equal(tab.current.accessToken, "access-ada-2");
    const told = [];
    tabs.forEach((tab, i) => tab.on("changed", ({ token, elsewhere }) =>
        told.push([i, token?.playerId ?? null, elsewhere])));
    t.mock.timers.tick(100_000);
    await turns();
    assert.deepEqual(server.asked, ["refresh"]);
    await tabs[0].logout();
    for (const fn of listeners) fn({ storageArea: storage, key: "muster.auth" });
    assert.equal(tabs[1].current, null);
    await tabs[0].login("bob", "p");
    for (const fn of listeners) fn({ storageArea: {}, key: "/game/ muster.auth" });
    assert.equal(tabs[1].current.playerId, "bob");
    assert.deepEqual(told,
        [[0, null, false], [1, null, true], [0, "bob", false], [1, "bob", true]]);
    for (const tab of tabs) tab.stop();
    assert.equal(listeners.size, 0);
});

test("a clock that is wrong ends no token: its life counts", async (t) => {
    const fetch = async () => Response.json(tokenOf("ada", 1, { expiresAt: 900, expiresIn: 900 }));
    const storage = new MemoryStorage();
    const auth = new AuthClient({ fetch, storage });
    t.after(() => auth.stop());
    await auth.guest();
    assert.equal(await auth.accessToken(), "access-ada-1");
    const again = new AuthClient({ storage, fetch: () => assert.fail("renewed") });
    t.after(() => again.stop());
    assert.equal(await again.accessToken(), "access-ada-1");
});

test("a clock that is set back keeps no token for longer than its life", async (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 1_000_000_000_000 });
    let made = 0;
    const fetch = async () => Response.json(tokenOf("ada", ++made, { expiresIn: 900 }));
    const storage = new MemoryStorage();
    const auth = new AuthClient({ fetch, storage });
    await auth.guest();
    t.mock.timers.setTime(1_000_000_000_000 - 86_400_000);
    assert.equal(await auth.accessToken(), "access-ada-2");
    const again = new AuthClient({ storage, fetch: () => assert.fail("renewed") });
    t.after(() => [auth, again].forEach((one) => one.stop()));
    assert.equal(await again.accessToken(), "access-ada-2");
});

test("a server that takes the request and never answers is unreachable", async () => {
    const fetch = (_, { signal }) => new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)));
    const auth = new AuthClient({ fetch, timeoutMs: 5 });
    await assert.rejects(auth.guest(), { code: "unreachable" });
});

test("a storage that is full or forbidden is done without", async (t) => {
    const storage = { getItem: () => null, removeItem: () => {}, setItem: () => {
        throw new Error("QuotaExceededError");
    } };
    const auth = new AuthClient({ fetch: async () => Response.json(tokenOf("ada", 1)), storage });
    t.after(() => auth.stop());
    await auth.guest();
    assert.equal((await auth.refresh()).accessToken, "access-ada-1");
});

test("which answers to a renewal end the sign-in, and which are tried again", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    for (const [status, ends] of [[400, true], [401, true], [403, true], [404, false], [429, false], [500, false]]) {
        let asked = 0;
        const auth = new AuthClient({ random: () => 1, fetch: async (url) => {
            if (!url.endsWith("refresh")) return Response.json(tokenOf("ada", 1));
            asked++;
            return Response.json({ code: "no" }, { status, headers: { "Content-Type": "application/problem+json" } });
        } });
        await auth.guest();
        await assert.rejects(auth.refresh(), { code: "no", status });
        assert.equal(auth.current === null, ends, String(status));
        t.mock.timers.tick(9_999);
        assert.equal(asked, 1);
        t.mock.timers.tick(1);
        assert.equal(asked, ends ? 1 : 2);
        await turns();
        t.mock.timers.tick(20_000);
        assert.equal(asked, ends ? 1 : 3, "twice as late the next time");
        await turns();
        auth.stop();
    }
});

test("one tab at a time renews; one that is frozen is not waited for", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asked = [];
    const isFrozen = { now: false };
    const locks = { request: (name, { signal }, run) => {
        asked.push(name);
        if (!isFrozen.now) return run();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    } };
    const whole = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
    t.after(() => (whole ? Object.defineProperty(globalThis, "navigator", whole) : delete globalThis.navigator));
    let serial = 0;
    let isUp = true;
    const fetch = async () => {
        if (!isUp) throw new Error("network");
        return Response.json(tokenOf("ada", ++serial));
    };
    const alone = new AuthClient({ fetch });
    await alone.guest();
    await alone.refresh();
    assert.deepEqual(asked, [], "without a storage there are no others");
    const auth = new AuthClient({ fetch, storage: new MemoryStorage() });
    await auth.guest();
    assert.equal((await auth.refresh()).accessToken, `access-ada-${serial}`);
    assert.deepEqual(asked, ["muster.auth"]);
    isUp = false;
    await assert.rejects(auth.refresh(), { code: "unreachable" });
    isUp = true;
    isFrozen.now = true;
    const before = serial;
    const renewing = auth.refresh();
    await turns();
    t.mock.timers.tick(9_999);
    await turns();
    assert.equal(serial, before);
    t.mock.timers.tick(1);
    assert.equal((await renewing).accessToken, `access-ada-${before + 1}`);
    for (const one of [alone, auth]) one.stop();
});

test("a server whose tokens last no time is asked once a second, no more", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let asked = 0;
    const auth = new AuthClient({ fetch: async () => Response.json(tokenOf("ada", ++asked, { expiresIn: 0 })) });
    t.after(() => auth.stop());
    await auth.guest();
    for (let second = 1; second < 4; second++) {
        t.mock.timers.tick(999);
        await turns();
        assert.equal(asked, second);
        t.mock.timers.tick(1);
        await turns();
        assert.equal(asked, second + 1);
    }
});
