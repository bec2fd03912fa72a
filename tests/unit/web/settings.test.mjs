// Settings: fields, rules and forms that are made from a schema, and the list for who may not change
// them.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { RulesField } from "../../../plugins/service_web/assets/rules_field.js";
import { Field } from "../../../plugins/service_web/assets/settings_field.js";
import { SettingsForm, listSettings } from "../../../plugins/service_web/assets/settings_form.js";
import { RULES, SCHEMA, change, controlOf, entry, faultsIn, namesIn } from "./schema.mjs";
import { openPage } from "./tiny_page.mjs";

let page;
beforeEach(() => {
    page = openPage();
});
afterEach(() => page.close());

// ---- one setting -------------------------------------------------------------------------------

test("a field: each type has its control, and its value comes back as it went in", () => {
    const changed = [];
    const make = (type, fallback, fields) => new Field(entry("k", type, fallback, fields), (one) => changed.push(one.value));
    const cases = [
        [make("bool", true), true, false], [make("int", 5), 5, 7], [make("number", 0.5), 0.5, 1.25],
        [make("duration", 60), 60, 0], [make("string", "a"), "a", "b"], [make("enum", "x", { values: ["x", "y"] }), "x", "y"],
        [make("list", ["a"]), ["a"], ["b", "c"]],
    ];
    for (const [field, before, after] of cases) {
        assert.deepEqual(field.value, before);
        field.show(after);
        assert.deepEqual(field.value, after, field.entry.type);
        controlOf(field.element, "k").onchange();
    }
    assert.deepEqual(changed, cases.map(([, , after]) => after));
    assert.deepEqual(cases.filter(([field]) => !field.isTyped).map(([field]) => field.entry.type), ["bool", "enum"]);
    const list = make("list", []);
    controlOf(list.element, "k").value = " a , b,,c ,";
    assert.deepEqual(list.value, ["a", "b", "c"]);
    assert.deepEqual(controlOf(make("enum", "x", { values: ["x", "y"] }).element, "k").children.map(({ value }) => value), ["x", "y"]);
});

test("a field: what may be typed is known to the browser", () => {
    const inputOf = (type, fallback, fields) => controlOf(new Field(entry("k", type, fallback, fields), () => {}).element, "k");
    const int = inputOf("int", 0, { min: 0, max: 9 });
    assert.deepEqual([int.type, int.min, int.max, int.step, int.required], ["number", "0", "9", "1", true]);
    const number = inputOf("number", 0, {});
    assert.deepEqual([number.min, number.max, number.step], [undefined, undefined, "any"]);
    const text = inputOf("string", "", { max: 63 });
    assert.deepEqual([text.type, text.maxLength, text.autocomplete], ["text", 63, "off"]);
    const secret = inputOf("string", "", { secret: true });
    assert.deepEqual([secret.type, secret.autocomplete], ["password", "new-password"]);
});

test("a field: a fault is said at it and for who does not see it, until it is mended", () => {
    const field = new Field(entry("k", "int", 0, { help: "How many." }), () => {});
    const input = controlOf(field.element, "k");
    field.fault("Too much.");
    assert.deepEqual(faultsIn(field.element), ["Too much."]);
    const fault = field.element.querySelector("small.fault");
    assert.deepEqual([fault.getAttribute("role"), input.getAttribute("aria-invalid"), input.getAttribute("aria-describedby")],
        ["alert", "true", fault.id]);
    field.fault("");
    assert.deepEqual([faultsIn(field.element), input.getAttribute("aria-invalid"), input.getAttribute("aria-describedby")], [[], null, null]);
    assert.equal(field.element.querySelector("small.help").textContent, "How many.");
    field.disable(true);
    assert.equal(input.disabled, true);
    field.disable(false);
    assert.equal(input.disabled, false);
    input.validationMessage = "Fill it in.";
    assert.equal(field.complaint, "Fill it in.");
});

// ---- rules -------------------------------------------------------------------------------------

test("rules: a box each; a chosen one shows its settings", () => {
    const own = new Field(SCHEMA[0], () => {});
    const told = [];
    const field = new RulesField(entry("rules", "list", ["mirror"]), RULES, (key) => (key === "mirrorPart" ? own : undefined),
        (one) => told.push(one.value));
    const box = (id) => controlOf(field.element, `rules.${id}`);
    const ownShown = () => field.element.querySelectorAll("div.own").map(({ hidden }) => !hidden);
    assert.deepEqual([field.value, ownShown()], [["mirror"], [true, false]], "the default is chosen");
    assert.deepEqual(field.element.querySelectorAll("label").map(({ textContent }) => textContent.replace("mirrorPart", "")),
        ["MirrorIt comes back.", "", "plain"]);
    field.show([]);
    assert.deepEqual([field.value, ownShown()], [[], [false, false]]);
    change(field.element, "rules.plain", true);
    assert.deepEqual([told, ownShown()], [[["plain"]], [false, false]], "a rule without settings has no place for them");
    change(field.element, "rules.mirror", true);
    assert.deepEqual([told[1], ownShown()], [["mirror", "plain"], [true, false]]);
    change(field.element, "rules.mirror", false);
    assert.deepEqual([told[2], ownShown()], [["plain"], [false, false]]);
    field.disable(true);
    field.show(["mirror", "uploaded"]);
    assert.deepEqual([field.value, ownShown()], [["mirror", "uploaded"], [true, false, false]], "one that is not on the list");
    assert.deepEqual([box("mirror").disabled, box("uploaded").disabled], [true, true], "it, too, cannot be changed now");
    field.disable(false);
    assert.deepEqual([box("mirror").disabled, box("uploaded").disabled], [false, false]);
    field.show(["plain"]);
    assert.deepEqual(field.value, ["plain"]);
    field.fault("They conflict.");
    assert.deepEqual(faultsIn(field.element), ["They conflict."]);
    field.fault("");
    assert.deepEqual([faultsIn(field.element), field.complaint, field.isTyped], [[], "", false]);
});

// ---- the form ----------------------------------------------------------------------------------

function buildForm(options = {}) {
    const told = [];
    const root = page.$("form");
    const form = new SettingsForm(root, (...of) => told.push(of));
    form.build(SCHEMA, { rules: RULES, ...options });
    return { form, root, told };
}
const groupsIn = (root) => root.children.map((group) => group.querySelector(group.tag === "details" ? "summary" : "legend").textContent);

test("a settings form: basics first and in their order, rules last; hidden keys are left out", () => {
    const { root, form } = buildForm({ omit: ["password"] });
    assert.deepEqual(groupsIn(root), ["Basics", "Bots", "More", "Rules"]);
    assert.deepEqual(namesIn(root), ["isPrivate", "maxPlayers", "mapName", "killLimit", "botFill", "odd",
        "rules.mirror", "mirrorPart", "rules.plain"]);
    form.build(SCHEMA.filter(({ key }) => key !== "botFill"));
    assert.deepEqual(groupsIn(root), ["Basics", "Mirror", "More"], "without scripts there are no rules");
});

test("a settings form: what a person opened stays open", () => {
    const { root, form } = buildForm();
    assert.deepEqual(root.children.map(({ tag, open }) => [tag, open]),
        [["fieldset", undefined], ["details", false], ["details", false], ["details", false]]);
    const bots = root.children[1];
    bots.open = true;
    bots.ontoggle();
    form.build(SCHEMA, { rules: RULES });
    assert.deepEqual(root.children.map(({ open }) => open), [undefined, true, false, false]);
    root.children[1].open = false;
    root.children[1].ontoggle();
    form.build(SCHEMA, { rules: RULES });
    assert.equal(root.children[1].open, false);
});

test("a settings form: what was changed is read, and no more", () => {
    const { root, form } = buildForm({ values: { killLimit: 20, rules: ["plain"] } });
    assert.equal(controlOf(root, "killLimit").value, "20");
    const changed = (values) => {
        form.build(SCHEMA, { rules: RULES, values });
        change(root, "maxPlayers", "4");
        change(root, "killLimit", "50");
        return form.readChanged();
    };
    assert.deepEqual(changed({}), { maxPlayers: 4 }, "50 is the default");
    assert.deepEqual(changed({ rules: ["mirror"] }), { maxPlayers: 4, rules: ["mirror"] });
});

test("a settings form: what comes from outside leaves alone what is being typed", () => {
    const { root, form, told } = buildForm({ values: { killLimit: 20 } });
    const field = controlOf(root, "killLimit");
    field.value = "3"; // of 30, say
    form.show({ killLimit: 20, maxPlayers: 6, gone: 1 });
    assert.deepEqual([field.value, controlOf(root, "maxPlayers").value], ["3", "6"]);
    form.show({ killLimit: 25 });
    assert.equal(field.value, "25", "a newer value counts");
    field.value = "7";
    form.show({ killLimit: 20 });
    assert.equal(field.value, "20", "the one of before, too");
    change(root, "maxPlayers", "9");
    assert.deepEqual(told, [["maxPlayers", 9]]);
    field.validationMessage = "At least 1.";
    change(root, "killLimit", "0");
    assert.equal(told.length, 1, "the browser complains");
    assert.deepEqual(faultsIn(root), ["At least 1."]);
    field.validationMessage = "";
    change(root, "killLimit", "1");
    assert.deepEqual([told[1], faultsIn(root)], [["killLimit", 1], []]);
});

test("a settings form: a refused choice goes back, typed text stays with its fault", () => {
    const { root, form } = buildForm({ values: { killLimit: 20, mapName: "hall", rules: ["mirror"] } });
    change(root, "killLimit", "2000");
    change(root, "mapName", "field");
    change(root, "rules.plain", true);
    change(root, "isPrivate", true);
    for (const key of ["killLimit", "mapName", "rules", "isPrivate", "unknown"]) form.undo(key);
    assert.deepEqual(["killLimit", "mapName"].map((key) => controlOf(root, key).value), ["2000", "hall"]);
    assert.deepEqual(["isPrivate", "rules.mirror", "rules.plain"].map((key) => controlOf(root, key).checked), [false, true, false]);
    assert.equal(form.fault("botFill", "Too many."), true);
    assert.deepEqual([faultsIn(root), root.children.map(({ open }) => open)],
        [["Too many."], [undefined, true, false, false]], "the group is opened where it is said");
    assert.equal(form.fault("unknown", "x"), false);
    form.fault("rules", "They conflict.");
    form.clearFaults();
    assert.deepEqual(faultsIn(root), []);
    form.disable(({ key }) => key === "killLimit" || key === "rules");
    assert.deepEqual(["killLimit", "mapName", "rules.mirror", "mirrorPart"].map((key) => controlOf(root, key).disabled),
        [true, false, true, false]);
});

test("the list of settings: in the same groups, without what idle rules would take", () => {
    const root = page.$("list");
    const values = Object.fromEntries(SCHEMA.map(({ key, default: value }) => [key, value]));
    delete values.password; // a lobby does not show it
    const show = (fields) => {
        listSettings(root, SCHEMA, { ...values, ...fields }, RULES);
        return Object.fromEntries(root.querySelectorAll("[data-setting]").map(({ dataset, textContent }) => [dataset.setting, textContent]));
    };
    const shown = { isPrivate: "off", maxPlayers: "8", mapName: "field", killLimit: "50", botFill: "0", odd: "1", rules: "none" };
    assert.deepEqual(show({}), shown);
    assert.deepEqual(Object.keys(show({})), Object.keys(shown), "in that order");
    root.querySelectorAll("details")[0].open = true;
    const row = root.querySelector("dd");
    assert.deepEqual(show({ isPrivate: true, killLimit: 0 }), { ...shown, isPrivate: "on", killLimit: "0" });
    assert.equal(root.querySelector("dd"), row, "the rows are patched");
    assert.deepEqual(show({ rules: ["mirror", "gone"] }), { ...shown, mirrorPart: "50", rules: "Mirror, gone" });
    assert.deepEqual(root.querySelectorAll("details").map(({ open }) => open), [false, true, false, false], "as a person left them");
    const { rules: _, ...without } = shown;
    assert.deepEqual(show({ rules: undefined }), without, "a lobby that tells of none has none");
});
