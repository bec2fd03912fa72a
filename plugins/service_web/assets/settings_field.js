// settings_field - one setting of a form: its control, what it holds, and where its fault is said.

import { make } from "./ui.js";

const NUMERIC = new Set(["int", "number", "duration"]);

let serial = 0;

/** What people read: the label, with the unit where the label does not say it. */
export function titleOf(entry) {
    const title = entry.label ?? entry.key;
    const isSaid = !entry.unit || title.toLowerCase().includes(entry.unit.toLowerCase());
    return isSaid ? title : `${title} (${entry.unit})`;
}

export function isSame(a, b) {
    return JSON.stringify(a) === JSON.stringify(b);
}

function numberInput(entry, common) {
    const input = make("input", { ...common, type: "number", required: true });
    if (entry.min !== undefined) input.min = String(entry.min);
    if (entry.max !== undefined) input.max = String(entry.max);
    input.step = entry.type === "number" ? "any" : "1";
    return input;
}

function textInput(entry, common) {
    const isHidden = entry.secret && entry.type === "string";
    const input = make("input", { ...common, type: isHidden ? "password" : "text" });
    input.autocomplete = isHidden ? "new-password" : "off";
    if (entry.type === "string" && entry.max) input.maxLength = entry.max;
    if (entry.type === "list") input.placeholder = "none; separated by commas";
    return input;
}

function control(entry) {
    const common = { name: entry.key };
    if (entry.type === "bool") return make("input", { ...common, type: "checkbox" });
    if (entry.type === "enum") {
        return make("select", common,
            ...(entry.values ?? []).map((value) => make("option", { value }, value)));
    }
    return NUMERIC.has(entry.type) ? numberInput(entry, common) : textInput(entry, common);
}

export class Field {
    element;
    entry;
    #input;
    #fault;

    /** onChange(field): a person has changed it. */
    constructor(entry, onChange) {
        this.entry = entry;
        this.#input = control(entry);
        this.#input.onchange = () => onChange(this);
        this.#fault = make("small", { className: "fault", id: `fault-${++serial}` });
        this.#fault.setAttribute("role", "alert");
        this.element = this.#label();
        this.show(entry.default);
    }

    get value() {
        const { type } = this.entry;
        if (type === "bool") return this.#input.checked;
        if (NUMERIC.has(type)) return Number(this.#input.value);
        if (type !== "list") return this.#input.value;
        return this.#input.value.split(",").map((item) => item.trim()).filter(Boolean);
    }

    /** Letter by letter, not chosen. */
    get isTyped() {
        return !["bool", "enum"].includes(this.entry.type);
    }

    /** The browser's complaint about what was typed, "" for none. */
    get complaint() {
        return this.#input.validationMessage;
    }

    show(value) {
        if (this.entry.type === "bool") this.#input.checked = value === true;
        else this.#input.value = Array.isArray(value) ? value.join(", ") : String(value);
    }

    /** Says what is wrong with it; "": nothing. */
    fault(text) {
        this.#fault.textContent = text;
        if (text) {
            this.#input.setAttribute("aria-invalid", "true");
            this.#input.setAttribute("aria-describedby", this.#fault.id);
        } else {
            this.#input.removeAttribute("aria-invalid");
            this.#input.removeAttribute("aria-describedby");
        }
    }

    disable(isDisabled) {
        this.#input.disabled = isDisabled;
    }

    #label() {
        const { entry } = this;
        const title = titleOf(entry);
        const label = entry.type === "bool"
            ? make("label", { className: "check" }, this.#input, title)
            : make("label", {}, title, this.#input);
        if (entry.help) label.append(make("small", { className: "help" }, entry.help));
        label.append(this.#fault);
        return label;
    }
}
