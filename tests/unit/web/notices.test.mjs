// What comes from outside while one does something else: announcements, invitations, a password that
// is asked for.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setUpAnnouncements } from "../../../plugins/service_web/assets/announcements.js";
import {
    Invitations, joinByCode, joinLink, joinLobby, setUpCodeForm, takeJoinLink,
} from "../../../plugins/service_web/assets/join.js";
import { actionButton, banner, copyButton, showScreen, toast } from "../../../plugins/service_web/assets/ui.js";
import { TinyClient, openPage, settled } from "./tiny_page.mjs";

let page;
let client;
beforeEach(() => {
    page = openPage();
    client = new TinyClient();
});
afterEach(() => page.close());

test("what is told stays until it is read; a mute as long as it lasts", () => {
    const muted = [];
    setUpAnnouncements(client, { mute: (why) => muted.push(why) });
    for (const id of ["announcement", "warning"]) page.$(id).hidden = true;
    client.tell("server.announcement", { text: "restart at nine" });
    assert.deepEqual([page.$("announcement").hidden, page.text("announcement-text"), page.$("warning").hidden],
        [false, "restart at nine", true]);
    client.tell("server.stopping", { inMs: 900000, reason: "new maps" });
    assert.equal(page.text("announcement-text"), "The server restarts in 15 minutes: new maps.");
    client.tell("server.stopping", { inMs: 29800, reason: "" });
    assert.equal(page.text("announcement-text"), "The server restarts in 30 seconds.");
    client.tell("server.stopping", { inMs: 0, reason: "" }); // the page tells it in its own way
    assert.equal(page.text("announcement-text"), "The server restarts in 30 seconds.");
    client.tell("session.warned", { reason: "play fair", count: 1 });
    assert.equal(page.text("warning-text"), "A moderator warns you: play fair.");
    page.$("announcement-close").onclick();
    assert.deepEqual([page.$("announcement").hidden, page.$("warning").hidden], [true, false]);
    client.tell("session.muted", { reason: "spam", endsInMs: null });
    assert.deepEqual(muted, ["You are muted for good: spam."]);
    client.tell("state", { state: "online" });
    assert.equal(muted.length, 1);
    client.tell("session.unmuted", {});
    client.tell("state", { state: "connecting" });
    assert.deepEqual(muted.slice(1), ["", ""]);
    client.tell("match.disturbed", { matchId: "m", cause: "crash", ms: 700 });
    assert.equal(page.$("toasts").children.at(-1).textContent, "The server crashed: this match counts against nobody.");
    assert.deepEqual(page.$("toasts").children.map(({ className }) => className), ["long", "", ""]);
});

test("an invitation is one card, until it is answered or over", async () => {
    const calls = [];
    client.entry = null;
    client.joinLobby = async (...of) => calls.push(["join", ...of]);
    const invitations = new Invitations({
        client, catalog: { titleOf: () => "Arena" }, leave: async () => calls.push(["leave"]),
    });
    const invite = (lobbyId, expiresInMs = 60000) =>
        client.tell("lobby.invited", { lobbyId, gameMode: "arena", fromName: "Bob", expiresInMs });
    const cards = () => page.$("invitations").children.map(({ children }) => children);
    invite("a", 1000);
    invite("a", 5000); // again: the newer one counts
    invite("b");
    assert.deepEqual(cards().map(([text]) => text.textContent),
        ["Bob invites you to play Arena.", "Bob invites you to play Arena."]);
    page.wait(4999);
    assert.equal(cards().length, 2);
    page.wait(1);
    assert.equal(cards().length, 1);
    cards()[0][1].onclick(); // declined
    assert.deepEqual([cards().length, calls], [0, []]);
    client.entry = { lobby: { lobbyId: "c" } };
    invite("a");
    assert.match(cards()[0][0].textContent, /Joining gives up the seat you have\.$/);
    await cards()[0][2].onclick();
    assert.deepEqual(calls, [["leave"], ["join", "a", {}]]);
    assert.equal(cards().length, 0);
    invite("c"); // where one is already
    await cards()[0][2].onclick();
    assert.equal(calls.length, 2);
    invite("a");
    invite("b");
    client.tell("closed", {});
    assert.equal(cards().length, 0);
    invitations.clear();
});

test("a password is asked for when one is needed, and for nothing else", async () => {
    const tried = [];
    const refuse = (reason) => {
        client.joinLobby = async (lobbyId, options) => {
            tried.push(options);
            if (options.secret !== "right") throw Object.assign(new Error("no"), { data: { reason } });
        };
    };
    let opened = 0;
    Object.assign(page.$("password-dialog"), { showModal: () => opened++, close: () => opened-- });
    refuse("full");
    await assert.rejects(joinLobby(client, "a", { spectator: true }), /no/);
    assert.equal(opened, 0);
    refuse("password_needed");
    await joinLobby(client, "a", { spectator: true });
    assert.equal(opened, 1);
    const submit = async (secret) => {
        page.$("password-form").elements.secret.value = secret;
        page.$("password-form").onsubmit({ preventDefault() {}, submitter: page.$("password-ok") });
        await settled();
    };
    await submit("wrong");
    assert.deepEqual([opened, page.text("password-error")], [1, "No."]);
    await submit("right");
    assert.equal(opened, 0);
    const asked = tried.length;
    await joinLobby(client, "a");
    assert.deepEqual([opened, page.$("password-form").elements.secret.value, page.text("password-error")], [1, "", ""], "asked anew");
    page.$("password-cancel").onclick();
    assert.equal(opened, 0);
    tried.length = asked;
    assert.deepEqual(tried.slice(-2), [{ spectator: true, secret: "wrong" }, { spectator: true, secret: "right" }]);
});

test("a link into a lobby is taken out of the address, which stays the page's", () => {
    const seen = [];
    Object.assign(globalThis, { history: { replaceState: (...of) => seen.push(of.at(-1)) } });
    const take = (hash) => {
        Object.assign(globalThis, { location: { origin: "https://host", pathname: "/game/", search: "?x=1", hash } });
        return takeJoinLink();
    };
    assert.deepEqual(take("#join=ABCD-EFGH"), { code: "ABCD-EFGH", secret: undefined });
    assert.deepEqual(take("#join=ABCD&key=t.o~k_e-n"), { code: "ABCD", secret: "t.o~k_e-n" });
    assert.deepEqual(seen, ["/game/?x=1", "/game/?x=1"]);
    for (const other of ["", "#join=", "#join=A B", "#other", "#join=A&key=", `#join=${"A".repeat(33)}`, `#join=A&key=${"k".repeat(129)}`])
        assert.equal(take(other), null, other);
    assert.equal(seen.length, 2, "other addresses stay");
    assert.deepEqual([joinLink("ABCD"), joinLink("ABCD", "k")], ["https://host/game/#join=ABCD", "https://host/game/#join=ABCD&key=k"]);
    for (const [code, key] of [["A".repeat(32), "k".repeat(128)], ["ABCD", ""]])
        assert.deepEqual(take(new URL(joinLink(code, key)).hash), { code, secret: key || undefined });
});

test("a code is followed as a player or to watch", async () => {
    const calls = [];
    client.joinByCode = async (...of) => calls.push(of);
    setUpCodeForm(client);
    page.$("code-form").elements.code.value = "abcd";
    await page.submit("code-form", page.$("code-join"));
    await page.submit("code-form", page.$("code-watch"));
    await joinByCode(client, "EFGH", { secret: "s" });
    assert.deepEqual(calls, [["abcd", {}], ["abcd", { spectator: true }], ["EFGH", { secret: "s" }]]);
});

test("toasts fade, the long ones later; a banner is there until it is taken away", async () => {
    const toasts = () => page.$("toasts").children.map(({ textContent }) => textContent);
    toast("short");
    toast("long", true);
    const drop = toast("dropped", true);
    drop();
    page.wait(5999);
    assert.deepEqual(toasts(), ["short", "long"]);
    page.wait(1);
    assert.deepEqual(toasts(), ["long"]);
    page.wait(13999);
    assert.deepEqual(toasts(), ["long"]);
    page.wait(1);
    assert.deepEqual(toasts(), []);
    const shown = () => [page.$("banner").hidden, page.text("banner-text"), page.$("banner-action").hidden, page.text("banner-action")];
    const acted = [];
    banner("Lost.", "Try now", () => acted.push(1));
    assert.deepEqual(shown(), [false, "Lost.", false, "Try now"]);
    page.$("banner-action").onclick();
    assert.deepEqual(acted, [1]);
    banner("Gone.");
    assert.deepEqual([shown(), page.$("banner-action").onclick], [[false, "Gone.", true, ""], null]);
    banner(null);
    assert.equal(page.$("banner").hidden, true);
    for (const [name, bar] of [["lobbies", false], ["game", true], ["welcome", true]]) {
        showScreen(name);
        assert.deepEqual(["welcome", "lobbies", "game"].filter((id) => !page.$(id).hidden), [name]);
        assert.equal(page.$("bar").hidden, bar, name);
    }
});

test("a failure is shown until the next try", async () => {
    let error = new Error("too fast");
    const button = actionButton("Do", async () => {
        if (error) throw error;
    });
    const press = async () => {
        button.onclick();
        await settled();
        return page.$("toasts").children.map(({ textContent }) => textContent);
    };
    assert.deepEqual(await press(), ["Too fast."]);
    error = new Error("still too fast");
    assert.deepEqual(await press(), ["Still too fast."]);
    error = null;
    assert.deepEqual(await press(), []);
});

test("a copy says so for a moment, by whichever way the page has", async () => {
    const copied = [];
    const use = (value) => Object.defineProperty(globalThis, "navigator", { value, configurable: true });
    const button = copyButton("Copy", () => "ABCD");
    const press = async () => {
        button.onclick();
        await settled();
        return button.textContent;
    };
    use({ clipboard: { writeText: async (text) => copied.push(text) } });
    assert.equal(await press(), "Copied");
    page.wait(1499);
    assert.equal(button.textContent, "Copied");
    page.wait(1);
    assert.equal(button.textContent, "Copy");
    use({});
    const copyFrom = (place) => {
        document.execCommand = () => Boolean(copied.push(place.children[0].value));
    };
    copyFrom(document.body);
    assert.equal(await press(), "Copied");
    page.wait(1500);
    page.$("member-dialog").open = true;
    copyFrom(page.$("member-dialog")); // what lies beside it cannot be selected
    assert.equal(await press(), "Copied");
    page.wait(1500);
    document.execCommand = () => false;
    assert.equal(await press(), "Copy");
    assert.deepEqual([copied, document.body.children.length], [["ABCD", "ABCD", "ABCD"], 0]);
    assert.match(page.$("toasts").textContent, /may not copy/);
    delete globalThis.navigator;
});
