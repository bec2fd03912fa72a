// What comes from outside while one does something else: announcements, invitations, a password that
// is asked for.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { setUpAnnouncements } from "../../plugins/service_web/assets/announcements.js";
import { Invitations, joinLobby } from "../../plugins/service_web/assets/join.js";
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
    assert.deepEqual(page.$("toasts").children.map(({ className }) => className), ["long", ""]);
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
    Object.assign(page.$("password-form"), { reset() {}, elements: { namedItem: page.$ } });
    refuse("full");
    await assert.rejects(joinLobby(client, "a", { spectator: true }), /no/);
    assert.equal(opened, 0);
    refuse("password_needed");
    await joinLobby(client, "a", { spectator: true });
    assert.equal(opened, 1);
    const submit = async (secret) => {
        page.$("secret").value = secret;
        page.$("password-form").onsubmit({ preventDefault() {}, submitter: page.$("password-ok") });
        await settled();
    };
    await submit("wrong");
    assert.deepEqual([opened, page.text("password-error")], [1, "No."]);
    await submit("right");
    assert.equal(opened, 0);
    assert.deepEqual(tried.slice(-2), [{ spectator: true, secret: "wrong" }, { spectator: true, secret: "right" }]);
});
