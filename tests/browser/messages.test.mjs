// What goes wrong is told, and leads somewhere: another window, a server that stops, dies or is
// full, a seat held on another device, names and passwords that are refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthClient, MusterClient } from "../../sdk/js/index.js";
import { startServer } from "../kit/harness.mjs";
import { CheckedWebSocket } from "../kit/openrpc.mjs";
import { connectPlayer } from "../kit/players.mjs";
import {
    PAGE_PLUGINS, bannerSays, configOf, inMatch, playAsGuest, setUp, toastSays, watchFaults,
} from "../kit/page.mjs";

const ACCOUNT = { username: "grace", password: "a long enough phrase" };

const screenShown = (page) => page.evaluate(() =>
    ["welcome", "lobbies", "game"].find((id) => !document.getElementById(id).hidden));

const seatOf = (page) => page.evaluate(() => window.muster.client.entry?.seat ?? null);

async function logIn(page, { username, password }) {
    await page.fill("#login-form [name=username]", username);
    await page.fill("#login-form [name=password]", password);
    await page.click("#login-form [type=submit]");
}

test("another window takes the seat along, and gives it back", async (t) => {
    const { page, context, server, wire, faults } = await setUp(t);
    await playAsGuest(page, "Ada");
    const seat = await seatOf(page);
    await page.evaluate(() => { // a window that is not looked at draws nothing
        window.requestAnimationFrame = () => 0;
    });
    const { client } = await connectPlayer(t, server, { name: "Bob" });
    const lobbyId = await page.evaluate(() => window.muster.client.entry.lobby.lobbyId);
    await client.joinLobby(lobbyId);
    await page.waitForFunction(
        () => window.muster.client.entry.members.some((m) => m.displayName === "Bob"),
        null, { polling: 50 });
    const other = await context.newPage();
    const otherFaults = watchFaults(other);
    await other.goto(wire.url);
    await inMatch(other);
    assert.equal(await seatOf(other), seat);
    await bannerSays(page, /another window/);
    const names = await page.evaluate(() => [...window.muster.world.avatars.keys()]
        .map((one) => window.muster.game.nameOf(one)));
    assert.deepEqual(names.filter((name) => /^Seat/.test(name)), [], "the others are still known");
    assert.ok(names.includes("Bob"), "who came unseen, too");

    await page.click("#banner-action");
    await bannerSays(other, /another window/);
    await page.waitForSelector("#banner", { state: "hidden" });
    await inMatch(page);
    assert.equal(await seatOf(page), seat);
    assert.deepEqual([...faults, ...otherFaults], []);
});

test("another tab signs out, or in as somebody else: this one is nobody, and says so", async (t) => {
    const { page, context, wire, faults } = await setUp(t);
    const other = await context.newPage();
    const otherFaults = watchFaults(other);
    await other.goto(wire.url);
    await playAsGuest(page, "Ada");
    await bannerSays(other, /signed in as Ada in another tab/);
    await other.fill("#play-form [name=displayName]", "Bob");
    await other.click("#browse");
    await bannerSays(page, /signed in as Bob in another tab/);
    assert.equal(await screenShown(page), "welcome");
    assert.deepEqual(await page.evaluate(() => {
        const { client, game } = window.muster;
        return [client.state, client.entry, game];
    }), ["closed", null, null]);
    await other.waitForSelector("#lobbies:not([hidden])");
    assert.equal(await other.textContent("#bar-player"), "Bob", "who signed in is left alone");
    assert.equal(await other.locator("#banner").isVisible(), false);

    await page.click("#banner-action");
    await page.waitForSelector("#lobbies:not([hidden])");
    assert.equal(await page.textContent("#bar-player"), "Bob");
    await bannerSays(other, /another window/);
    await page.click("#log-out");
    await bannerSays(other, /signed out in another tab/);
    assert.equal(await screenShown(other), "welcome");
    assert.equal(await page.locator("#banner").isVisible(), false);
    assert.deepEqual([...faults, ...otherFaults], []);
});

test("a server that stops is awaited; one that dies, too", async (t) => {
    const { page, server, wire, faults } = await setUp(t);
    await playAsGuest(page, "Ada");
    const told = toastSays(page, "The server is stopping"); // it fades: watched from before the stop
    await server.stop();
    await told;
    await bannerSays(page, /server has stopped/);
    assert.equal(await screenShown(page), "lobbies");

    const second = await startServer(t, { config: configOf(), dir: server.dir });
    wire.far = second.port;
    await page.waitForSelector("#banner", { state: "hidden" });
    assert.equal(await page.locator("#toasts >> text=The server is stopping").count(), 0);
    const { client } = await connectPlayer(t, second, { name: "Host" });
    await client.createLobby({ gameMode: "arena" });
    await page.waitForSelector("#lobby-list li"); // the list lives, and nobody has pressed anything
    await client.leave();
    await page.click("#quick-match");
    await inMatch(page);

    second.signal("SIGKILL");
    await second.ended();
    await bannerSays(page, /Connection lost/);
    assert.equal(await screenShown(page), "game");
    const third = await startServer(t, { config: configOf(), dir: server.dir });
    wire.far = third.port;
    await page.waitForFunction(() => window.muster.client.state === "online");
    assert.equal(await page.locator("#banner").isVisible(), false);
    assert.deepEqual(faults, []);
});

test("on a full server a player waits for a seat and gets the first that is free", async (t) => {
    const config = configOf({ lobby: { maxLobbies: 1, defaults: ["maxPlayers=2"] } });
    const { page, server, faults } = await setUp(t, { config });
    const players = [];
    for (const name of ["One", "Two"]) players.push(await connectPlayer(t, server, { name }));
    for (const { client } of players) await client.findMatch({ gameMode: "arena" });

    await page.click("#browse");
    await page.waitForSelector("#lobby-empty");
    await page.uncheck("#filters [name=hasOpenSlots]");
    await page.waitForSelector("#lobby-list button:disabled >> text=Full");
    await page.click("#create-open");
    await page.click("#create-form [type=submit]");
    await page.waitForFunction(() => document.getElementById("create-error").textContent !== "");
    await page.click("#create-cancel");

    await page.click("#quick-match");
    await page.waitForFunction(() =>
        /No seat is free/.test(document.getElementById("search-text").textContent));
    await players[0].client.leave();
    await page.waitForSelector("#game");
    assert.deepEqual(faults, []);
});

test("a seat held on another device can be given up", async (t) => {
    const { page, server, faults } = await setUp(t);
    const auth = new AuthClient({ baseUrl: server.httpUrl });
    await auth.register(ACCOUNT);
    const device = new MusterClient({ url: server.wsUrl, WebSocket: CheckedWebSocket });
    t.after(() => {
        device.close();
        auth.stop();
    });
    await device.connect((renew) => auth.accessToken(renew));
    await device.findMatch({ gameMode: "arena" });

    await logIn(page, ACCOUNT);
    await bannerSays(page, /another device/);
    assert.equal(await screenShown(page), "lobbies");
    await page.click("#banner-action");
    await page.waitForSelector("#banner", { state: "hidden" });
    await page.click("#quick-match");
    await inMatch(page);
    assert.deepEqual(faults, []);
});

test("a lobby with a password asks for it", async (t) => {
    const config = configOf({ plugins: ["rules_private", ...PAGE_PLUGINS] });
    const { page, server, faults } = await setUp(t, { config });
    const { client } = await connectPlayer(t, server, { name: "Host" });
    const { joinCode } = await client.createLobby({
        gameMode: "arena", settings: { password: "open sesame" },
    });
    await page.click("#browse");
    await page.fill("#code-form [name=code]", "WRONGONE");
    await page.click("#code-watch");
    await toastSays(page, "No lobby has this code");
    await page.fill("#code-form [name=code]", joinCode);
    await page.click("#code-join");
    await page.fill("#password-form [name=secret]", "open barley");
    await page.click("#password-form [type=submit]");
    await page.waitForFunction(() =>
        /password is wrong/.test(document.getElementById("password-error").textContent));
    await page.fill("#password-form [name=secret]", "open sesame");
    await page.click("#password-form [type=submit]");
    await page.waitForSelector("#game");
    assert.equal(await page.locator("#password-dialog").isVisible(), false);
    assert.deepEqual(await page.locator("#toasts p").allTextContents(), []);
    assert.deepEqual(faults, []);
});

const says = (page, id, pattern) => page.waitForFunction(
    ([at, source]) => new RegExp(source).test(document.getElementById(at).textContent),
    [id, pattern.source]);

test("F5 again and again is let in each time, and asks for little", async (t) => {
    const config = configOf({ net: { requestsPerSecond: 8, requestsBurst: 8 } });
    const { page, faults } = await setUp(t, { config });
    const sent = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(payload)));
    await page.click("#browse");
    for (let i = 0; i < 5; i++) {
        await page.waitForSelector("#lobbies");
        await page.waitForSelector("#lobby-empty");
        assert.deepEqual(await page.locator("#toasts p").allTextContents(), []);
        await page.reload();
    }
    await page.waitForSelector("#lobby-empty");
    assert.equal(sent.filter((text) => /server\.info/.test(text)).length, 0);
    await page.click("#quick-match");
    await inMatch(page);
    const seat = await seatOf(page);
    for (let i = 0; i < 3; i++) {
        await page.reload();
        await inMatch(page);
        assert.equal(await seatOf(page), seat);
    }
    assert.deepEqual(faults, []);
});

test("who is turned away is told why by the form, and may come as somebody else", async (t) => {
    const { page, server, faults } = await setUp(t);
    const auth = new AuthClient({ baseUrl: server.httpUrl });
    t.after(() => auth.stop());
    await auth.register(ACCOUNT);
    await playAsGuest(page, "Ada");
    const playerId = await page.evaluate(() => window.muster.client.session.playerId);
    await server.admin(`kick ${playerId} mind your words`);
    await says(page, "login-error", /^The server has ended your session: mind your words\.$/);
    assert.equal(await screenShown(page), "welcome");
    await page.click("#connect-again");
    await page.waitForSelector("#lobbies");

    await server.admin(`ban ${playerId} 1h cheating`);
    const banned = /^You are banned until (?!.*UTC).*: cheating\.$/;
    await says(page, "login-error", banned);
    await page.reload();
    await says(page, "login-error", banned);
    assert.equal(await screenShown(page), "welcome");
    await page.click("#play-now"); // as a new guest
    await says(page, "login-error", banned);
    await logIn(page, ACCOUNT);
    await page.waitForSelector("#lobbies");

    await server.admin("whitelist on");
    await page.reload();
    await says(page, "login-error", /list/);
    await server.admin("whitelist off");
    await page.click("#connect-again");
    await page.waitForSelector("#lobbies");
    assert.equal(await page.locator("#banner").isVisible(), false);
    assert.deepEqual(faults, []);
});

test("a mute is said by the chat as long as it lasts, a warning until it is read", async (t) => {
    const { page, server, faults } = await setUp(t);
    await playAsGuest(page, "Ada");
    const playerId = await page.evaluate(() => window.muster.client.session.playerId);
    await server.admin(`mute ${playerId} 1h spam`);
    const muted = /^You are muted until (?!.*UTC).*: spam\.$/;
    await says(page, "chat-muted", muted);
    await page.reload();
    await inMatch(page);
    await says(page, "chat-muted", muted);
    await page.keyboard.press("Enter");
    await page.fill("#chat-text", "hello");
    await page.press("#chat-text", "Enter");
    await says(page, "chat-said", /^Not sent\. You are muted until (?!.*UTC).*: spam\.$/);
    await server.admin(`unmute ${playerId}`);
    await says(page, "chat-muted", /^$/);
    await toastSays(page, "You may chat again.");
    await server.admin(`warn ${playerId} play fair`);
    await page.waitForSelector("#warning >> text=A moderator warns you: play fair.");
    await page.click("#warning-close");
    await page.waitForSelector("#warning", { state: "hidden" });
    assert.deepEqual(faults, []);
});

test("names and passwords that are refused", async (t) => {
    const { page, server, wire, faults } = await setUp(t);
    const said = (pattern) => page.waitForFunction(
        (source) => new RegExp(source).test(document.getElementById("login-error").textContent),
        pattern.source);
    const auth = new AuthClient({ baseUrl: server.httpUrl });
    t.after(() => auth.stop());
    await auth.register(ACCOUNT);
    await logIn(page, { ...ACCOUNT, password: "another phrase" });
    await said(/password is wrong/);
    await page.click("#tab-register");
    await page.fill("#register-form [name=username]", ACCOUNT.username);
    await page.fill("#register-form [name=password]", "yet another phrase");
    await page.click("#register-form [type=submit]");
    await said(/taken/);
    assert.equal(await screenShown(page), "welcome");
    wire.far = 1; // nobody listens there
    wire.cut();
    await page.click("#play-now");
    await said(/does not answer/);
    assert.deepEqual(faults, []);
});
