// settings_form - a form made from a settings schema (docs/protocol.md, settingsSchema).

import { make } from "./ui.js";

const NUMERIC = new Set(["int", "number", "duration"]);

function control(entry) {
    const common = { name: entry.key };
    if (entry.type === "bool") {
        return make("input", { ...common, type: "checkbox", checked: entry.default === true });
    }
    if (entry.type === "enum") {
        const options = (entry.values ?? []).map((value) =>
            make("option", { value, selected: value === entry.default }, value));
        return make("select", common, ...options);
    }
    if (NUMERIC.has(entry.type)) {
        const input = make("input", { ...common, type: "number", required: true });
        if (entry.min !== undefined) input.min = String(entry.min);
        if (entry.max !== undefined) input.max = String(entry.max);
        input.step = entry.type === "number" ? "any" : "1";
        input.value = String(entry.default);
        return input;
    }
    const value = Array.isArray(entry.default) ? entry.default.join(", ") : String(entry.default);
    const input = make("input", { ...common, type: "text", value });
    if (entry.type === "string" && entry.max) input.maxLength = entry.max;
    return input;
}

function field(entry) {
    const title = entry.label ?? entry.key;
    const isSaid = !entry.unit || title.toLowerCase().includes(entry.unit.toLowerCase());
    const text = isSaid ? title : `${title} (${entry.unit})`;
    const input = control(entry);
    const label = entry.type === "bool"
        ? make("label", { className: "check" }, input, text)
        : make("label", {}, text, input);
    if (entry.help) label.append(make("small", { className: "help" }, entry.help));
    return label;
}

/** Fill a container with the fields of a schema, in groups. */
export function buildSettings(container, schema) {
    const groups = new Map();
    for (const entry of schema) {
        const group = entry.group ?? "Settings";
        groups.set(group, [...(groups.get(group) ?? []), entry]);
    }
    container.replaceChildren(...[...groups].map(([group, entries]) =>
        make("fieldset", {}, make("legend", {}, group),
            make("div", { className: "fields" }, ...entries.map(field)))));
}

function read(entry, input) {
    if (entry.type === "bool") return input.checked;
    if (NUMERIC.has(entry.type)) return Number(input.value);
    if (entry.type !== "list") return input.value;
    return input.value.split(",").map((item) => item.trim()).filter(Boolean);
}

/** The values that differ from the defaults. */
export function readSettings(container, schema) {
    const settings = {};
    for (const entry of schema) {
        const value = read(entry, container.querySelector(`[name="${CSS.escape(entry.key)}"]`));
        if (JSON.stringify(value) !== JSON.stringify(entry.default)) settings[entry.key] = value;
    }
    return settings;
}
