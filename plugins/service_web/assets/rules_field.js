// rules_field - the setting `rules`: a checkbox for each rule script, and below a chosen one the
// settings that are its own.

import { make } from "./ui.js";

export class RulesField {
    element = make("div", { className: "rules" });
    entry;
    #onChange;
    #list = make("div", { className: "rules" });
    #fault = make("small", { className: "fault" });
    #boxes = new Map(); // rule id -> checkbox
    #isDisabled = false;

    /** rules: as mods.list tells them; fieldOf(key): a rule's setting, or undefined. */
    constructor(entry, rules, fieldOf, onChange) {
        this.entry = entry;
        this.#onChange = onChange;
        this.#fault.setAttribute("role", "alert");
        this.element.append(this.#list, this.#fault);
        for (const rule of rules) this.#add(rule, rule.settings.map(fieldOf).filter(Boolean));
        this.show(entry.default);
    }

    get value() {
        return [...this.#boxes].filter(([, box]) => box.checked).map(([id]) => id);
    }

    get complaint() {
        return "";
    }

    get isTyped() {
        return false;
    }

    show(ids) {
        for (const id of ids) if (!this.#boxes.has(id)) this.#add({ id, name: id }, []);
        for (const [id, box] of this.#boxes) {
            box.checked = ids.includes(id);
            box.showOwn();
        }
    }

    fault(text) {
        this.#fault.textContent = text;
    }

    disable(isDisabled) {
        this.#isDisabled = isDisabled;
        for (const box of this.#boxes.values()) box.disabled = isDisabled;
    }

    #add(rule, fields) {
        const box = make("input", { type: "checkbox", name: `rules.${rule.id}` });
        const own = make("div", { className: "fields own" }, ...fields.map((one) => one.element));
        box.disabled = this.#isDisabled;
        box.showOwn = () => {
            own.hidden = !box.checked || fields.length === 0;
        };
        box.onchange = () => {
            box.showOwn();
            this.#onChange(this);
        };
        box.showOwn();
        const label = make("label", { className: "check" }, box, rule.name || rule.id);
        if (rule.description) label.append(make("small", { className: "help" }, rule.description));
        this.#boxes.set(rule.id, box);
        this.#list.append(make("div", {}, label, own));
    }
}
