// settings_form - a form made from a settings schema (docs/protocol.md, settingsSchema), and the
// list that shows settings to those who may not change them.

import { put } from "./keyed_list.js";
import { RulesField } from "./rules_field.js";
import { Field, isSame, titleOf } from "./settings_field.js";
import { explain, make } from "./ui.js";

const BASICS = [
    "isPrivate", "password", "maxPlayers", "mapName", "killLimit", "timeLimit", "friendlyFire",
];
const RULES = "rules";
// They have places of their own: who hosts, and the lock's button.
const ELSEWHERE = ["hostId", "locked"];

const settingsOf = (rules) => rules.flatMap(({ settings }) => settings);

/** The schema as [title, entries], basics first and rules last, without the keys of omit. */
function grouped(schema, omit, hasRules) {
    const groups = new Map([["Basics", []]]);
    const left = new Set([...ELSEWHERE, ...omit]);
    const isWanted = ({ key, values }) => !left.has(key) && key !== RULES && values?.length !== 1;
    for (const entry of schema.filter(isWanted)) {
        const title = BASICS.includes(entry.key) ? "Basics" : entry.group ?? "More";
        groups.set(title, [...(groups.get(title) ?? []), entry]);
    }
    const rank = ({ key }) => BASICS.indexOf(key);
    groups.get("Basics").sort((a, b) => rank(a) - rank(b));
    if (hasRules) groups.set("Rules", schema.filter(({ key }) => key === RULES));
    return [...groups].filter(([, entries]) => entries.length > 0);
}

/** The first group is open; the others fold, and stay as a person left them. */
function foldable(title, body, opened, isFirst) {
    if (isFirst) return make("fieldset", {}, make("legend", {}, title), body);
    const group = make("details", { open: opened.has(title) }, make("summary", {}, title),
        make("fieldset", { ariaLabel: title }, body));
    group.ontoggle = () => {
        if (group.open) opened.add(title);
        else opened.delete(title);
    };
    return group;
}

export class SettingsForm {
    #container;
    #onChange;
    #fields = new Map(); // key -> Field
    #shown = new Map(); // key -> what the server has, or the default
    #opened = new Set();

    /** onChange(key, value): a person has changed it to something the browser finds well-formed. */
    constructor(container, onChange = () => {}) {
        this.#container = container;
        this.#onChange = onChange;
    }

    /** omit: keys that are left out; rules: those of mods.list, with their settings. */
    build(schema, { values = {}, omit = [], rules = [] } = {}) {
        this.#fields.clear();
        this.#shown.clear();
        const changed = (field) => this.#changed(field);
        const byKey = new Map(schema.map((entry) => [entry.key, entry]));
        const fieldOf = (key) => {
            if (byKey.has(key)) this.#fields.set(key, new Field(byKey.get(key), changed));
            return this.#fields.get(key);
        };
        const left = [...omit, ...settingsOf(rules)];
        const groups = grouped(schema, left, rules.length > 0).map(([title, entries], i) => {
            const fields = entries.map((entry) => (entry.key === RULES
                ? new RulesField(entry, rules, fieldOf, changed) : fieldOf(entry.key)));
            for (const field of fields) this.#fields.set(field.entry.key, field);
            const body = make("div", { className: "fields" }, ...fields.map((one) => one.element));
            return foldable(title, body, this.#opened, i === 0);
        });
        for (const [key, field] of this.#fields) this.#shown.set(key, field.entry.default);
        this.show(values);
        this.#container.replaceChildren(...groups);
    }

    /** Values that came from outside; what a person is typing elsewhere stays. */
    show(values) {
        for (const [key, field] of this.#fields) {
            const value = values[key];
            if (value === undefined || isSame(value, this.#shown.get(key))) continue;
            this.#shown.set(key, value);
            field.show(value);
            field.fault("");
        }
    }

    /** The values that differ from the schema's defaults. */
    readChanged() {
        const values = {};
        for (const [key, field] of this.#fields) {
            if (!isSame(field.value, field.entry.default)) values[key] = field.value;
        }
        return values;
    }

    /** Says what is wrong with a setting, "" for nothing; false when the form does not have it. */
    fault(key, text) {
        const field = this.#fields.get(key);
        if (!field) return false;
        field.fault(text);
        const group = field.element.closest("details");
        if (text && group) group.open = true;
        return true;
    }

    /**
     * A change was refused: what was chosen goes back to what counts; what was typed stays, with
     * its fault, to be mended.
     */
    undo(key) {
        const field = this.#fields.get(key);
        if (field && !field.isTyped) field.show(this.#shown.get(key));
    }

    clearFaults() {
        for (const field of this.#fields.values()) field.fault("");
    }

    /** isDisabled(entry) says which cannot be changed now. */
    disable(isDisabled) {
        for (const field of this.#fields.values()) field.disable(isDisabled(field.entry));
    }

    #changed(field) {
        field.fault(field.complaint);
        if (!field.complaint) this.#onChange(field.entry.key, field.value);
    }
}

/** What to tell about a refusal: {key, text}; key is "" where it is about no single setting. */
export function faultOf(error) {
    const [prefix, named] = /^settings\.(\w+): /.exec(error.message ?? "") ?? ["", ""];
    const text = explain({ code: error.code, message: error.message?.slice(prefix.length) });
    return { key: error.data?.setting ?? named, text };
}

function valueText(entry, value, rules) {
    if (entry.type === "bool") return value ? "on" : "off";
    if (entry.key === RULES) {
        return value.map((id) => rules.find((rule) => rule.id === id)?.name ?? id).join(", ");
    }
    return Array.isArray(value) ? value.join(", ") : String(value);
}

/** The same groups as text, without what a lobby does not show and what idle rules would take. */
export function listSettings(container, schema, values, rules) {
    const shown = schema.filter(({ key }) => values[key] !== undefined);
    const idle = rules.filter(({ id }) => !values[RULES]?.includes(id));
    const groups = grouped(shown, settingsOf(idle), rules.length > 0);
    const entries = groups.flatMap(([, all]) => all);
    const layout = JSON.stringify(entries.map((entry) => [entry.key, titleOf(entry)]));
    if (container.dataset.layout !== layout) layOut(container, groups);
    container.dataset.layout = layout;
    const cells = container.querySelectorAll("[data-setting]");
    entries.forEach((entry, i) =>
        put(cells[i], valueText(entry, values[entry.key], rules) || "none"));
}

/** New rows without values; the groups stay as a person left them. */
function layOut(container, groups) {
    const opened = new Set([...container.querySelectorAll("details[open] > summary")]
        .map((summary) => summary.textContent));
    container.replaceChildren(...groups.map(([title, entries], i) => {
        const rows = entries.flatMap((entry) => {
            const value = make("dd");
            value.dataset.setting = entry.key;
            return [make("dt", {}, titleOf(entry)), value];
        });
        return foldable(title, make("dl", {}, ...rows), opened, i === 0);
    }));
}
