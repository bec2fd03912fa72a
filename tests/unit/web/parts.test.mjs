// Small parts of the page that need no page: who may what, what is told, what the server offers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Catalog } from "../../../plugins/service_web/assets/catalog.js";
import { LIFE_MS, lasting } from "../../../plugins/service_web/assets/effects.js";
import { objectiveLines, objectivesText } from "../../../plugins/service_web/assets/objectives.js";
import { isSame, titleOf } from "../../../plugins/service_web/assets/settings_field.js";
import { faultOf } from "../../../plugins/service_web/assets/settings_form.js";
import { bodyPath, signPath } from "../../../plugins/service_web/assets/team_shape.js";
import { clockText, explain, guarded } from "../../../plugins/service_web/assets/ui.js";
import { hostId, isBeforeMatch, isInCharge, isOwn, isPlayer } from "../../../plugins/service_web/assets/who.js";

test("who is in charge, plays, and is oneself", () => {
    const client = (playerId, settings, { seat = 0, state = "waiting", permissions } = {}) => ({
        session: { playerId, permissions },
        entry: { seat, lobby: { settings, state } },
    });
    assert.equal(isInCharge(client("a", { hostId: "a" })), true);
    assert.equal(isInCharge(client("b", { hostId: "a" })), false);
    assert.equal(isInCharge(client("b", { hostId: "a" }, { permissions: ["play", "admin"] })), true);
    assert.equal(isInCharge(client("b", { hostId: "a" }, { permissions: ["notadmin"] })), false);
    assert.equal(isInCharge(client("", {})), false, "a lobby without a host, a page without a session");
    assert.equal(isInCharge({ session: { playerId: "a", permissions: ["admin"] }, entry: null }), false);
    assert.equal(isInCharge({ session: null, entry: null }), false);
    assert.equal(hostId({ entry: null }), "");
    assert.equal(isPlayer(client("a", {})), true);
    assert.equal(isPlayer(client("a", {}, { seat: 255 })), false);
    assert.equal(isPlayer({ entry: null }), false);
    const before = ["waiting", "starting", "active", "ending", "completed"]
        .filter((state) => isBeforeMatch(client("a", {}, { state })));
    assert.deepEqual(before, ["waiting", "starting"]);
    assert.equal(isOwn(client("a", {}), { playerId: "a" }), true);
    assert.equal(isOwn(client("a", {}), { playerId: "b" }), false);
});

test("what the server offers, with scripts and without", async () => {
    const modes = [{ name: "arena", title: "Arena", settingsSchema: [{ key: "k" }] }, { name: "duel" }];
    const info = { gameModes: modes, regions: ["eu"] };
    const mods = { rules: [{ id: "r" }], uploads: true, uploaded: [{ id: "u" }] };
    let answer = () => mods;
    const catalog = new Catalog({
        on() {}, serverInfo: async () => info, mods: async () => answer(),
    }, "");
    assert.deepEqual([catalog.modes, catalog.rules, catalog.hasUploads], [[], [], false], "before");
    assert.equal(await catalog.load(), info);
    assert.deepEqual([catalog.titleOf("arena"), catalog.titleOf("duel"), catalog.titleOf("other")],
        ["Arena", "duel", "other"]);
    assert.deepEqual(catalog.schemaOf("arena"), [{ key: "k" }]);
    assert.deepEqual(catalog.schemaOf("duel"), []);
    assert.deepEqual([catalog.rules, catalog.hasUploads, catalog.uploaded, catalog.regions],
        [mods.rules, true, mods.uploaded, ["eu"]]);
    answer = () => {
        throw Object.assign(new Error("no"), { code: "method_not_found" });
    };
    await catalog.loadMods();
    assert.deepEqual([catalog.rules, catalog.hasUploads, catalog.uploaded], [[], false, []]);
    answer = () => {
        throw Object.assign(new Error("no"), { code: "unavailable" });
    };
    await assert.rejects(catalog.loadMods(), { code: "unavailable" });
});

test("each effect lasts as long as it is meant to", () => {
    for (const [type, ms] of Object.entries(LIFE_MS)) {
        const effect = { type, at: 1000 };
        assert.deepEqual(lasting([effect], 1000 + ms - 1), [effect], type);
        assert.deepEqual(lasting([effect], 1000 + ms), [], type);
    }
});

test("teams have shapes: red is round with a triangle, blue square", () => {
    const drawn = (draw, team) => {
        const calls = [];
        const context = Object.fromEntries(["beginPath", "rect", "arc", "lineTo", "closePath"]
            .map((name) => [name, (...of) => calls.push([name, ...of])]));
        draw(context, team, 100, 200, 10);
        return calls.slice(1);
    };
    assert.deepEqual(drawn(bodyPath, 2), [["rect", 91, 191, 18, 18]]);
    assert.deepEqual(drawn(bodyPath, 1), [["arc", 100, 200, 10, 0, Math.PI * 2]]);
    assert.deepEqual(drawn(signPath, 1), [["lineTo", 100, 190], ["lineTo", 109, 206.5],
        ["lineTo", 91, 206.5], ["closePath"]]);
    assert.deepEqual(drawn(signPath, 2), [["rect", 93, 193, 14, 14]]);
    assert.deepEqual(drawn(signPath, 0), []);
});

test("what the HUD says of zones, items and the own level", () => {
    const avatars = new Map([[0, { level: 0 }], [1, { level: 3 }]]);
    const zone = { id: 4, label: "", team: 0, progress: 0 };
    const item = { id: 1, kind: "flag", team: 2, carrier: 255, atHome: true };
    const lines = (seat, zones, items) => objectiveLines({
        seat, nameOf: (at) => `Seat ${at}`,
        world: { avatars, zones: new Map(zones.map((one) => [one.id, one])), items: new Map(items.map((one) => [one.id, one])) },
    });
    assert.deepEqual(lines(0, [], []), []);
    assert.deepEqual(lines(1, [], []), [{ text: "Level 3", team: "" }]);
    avatars.get(1).level = 1;
    assert.deepEqual(lines(1, [], []), [{ text: "Level 1", team: "" }]);
    assert.deepEqual(lines(0, [zone, { ...zone, id: 5, label: "Hill", team: 1, progress: 70 }], []), [
        { text: "Zone 4: nobody's, 0 %", team: "" }, { text: "Hill: red, 70 %", team: "red" }]);
    assert.deepEqual(lines(0, [], [item]), [], "at home");
    const away = { ...item, atHome: false };
    assert.deepEqual(lines(0, [], [away]), [{ text: "The blue flag lies about", team: "blue" }]);
    assert.deepEqual(lines(0, [], [{ ...away, carrier: 0 }]), [{ text: "You have the blue flag", team: "blue" }]);
    assert.deepEqual(lines(0, [], [{ ...away, carrier: 1 }]), [{ text: "Seat 1 has the blue flag", team: "blue" }]);
    assert.deepEqual(lines(0, [], [{ ...away, kind: "blue_box" }])[0].text, "The blue box lies about");
    assert.deepEqual(lines(0, [], [{ ...away, kind: "_crown_", team: 0 }])[0].text, "The crown lies about");
    assert.equal(objectivesText({ zones: new Map(), items: new Map() }), "");
    assert.deepEqual(JSON.parse(objectivesText({ zones: new Map(), items: new Map([[1, item]]) })),
        { zones: [], items: [item] });
});

test("texts: clocks, errors, settings", () => {
    assert.deepEqual([83, 60, 59.1, 0.4, 0, -5, 3600].map(clockText),
        ["1:23", "1:00", "1:00", "0:01", "0:00", "0:00", "60:00"]);
    assert.equal(explain({ code: "connect_failed", closeCode: 1006, message: "x" }), "The server does not answer.");
    assert.equal(explain({ code: "connect_failed", closeCode: 4004, message: "banned" }), "Banned.");
    assert.equal(explain({ message: "is it so?" }), "Is it so?");
    assert.equal(explain({ code: "rate_limited", message: "too many" }), "Too many. Try again in a moment.");
    assert.equal(explain(undefined), "Something went wrong.");
    assert.equal(explain({ code: "denied", message: "x", data: { reason: "muted", message: "spam", endsInMs: null } }),
        "You are muted for good: spam.");
    assert.equal(explain({ code: "banned", message: "x", data: { reason: "spam", endsInMs: null } }), "You are banned for good: spam.");
    assert.equal(titleOf({ key: "k" }), "k");
    assert.equal(titleOf({ key: "k", label: "Respawn", unit: "ms" }), "Respawn (ms)");
    assert.equal(titleOf({ key: "k", label: "Players", unit: "players" }), "Players");
    assert.deepEqual([isSame([1, 2], [1, 2]), isSame([1, 2], [2, 1]), isSame("1", 1)], [true, false, false]);
    assert.deepEqual(faultOf({ message: "settings.killLimit: expected 0 to 1000" }),
        { key: "killLimit", text: "Expected 0 to 1000." });
    assert.deepEqual(faultOf({ message: "settings.a: no", data: { setting: "b" } }), { key: "b", text: "No." });
    assert.deepEqual(faultOf({ message: "only the host may do that" }), { key: "", text: "Only the host may do that." });
});

test("a button's action runs once at a time, and again after a failure", async () => {
    const button = { ariaBusy: null };
    const told = [];
    let runs = 0, end;
    const action = () => {
        runs++;
        return new Promise((resolve, reject) => {
            end = { resolve, reject };
        });
    };
    const first = guarded(button, action, (error) => told.push(error.message));
    await guarded(button, action, () => told.push("second"));
    assert.equal(runs, 1);
    end.reject(new Error("refused"));
    await first;
    assert.deepEqual(told, ["refused"]);
    const again = guarded(button, action, () => told.push("third"));
    end.resolve();
    await again;
    assert.deepEqual([runs, told.length, button.ariaBusy], [2, 1, null]);
});
