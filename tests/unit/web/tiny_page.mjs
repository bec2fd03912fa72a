// tiny_page - as much of a page as small parts of it touch: elements by id that are there when they
// are asked for, and a clock that stands still. No layout; of selectors "tag.class[attribute=value]"
// and " > " between two.

import { register } from "node:module";
import { mock } from "node:test";

// Beside the page lies the SDK, as it is served: for modules that are imported after this one.
const sdk = new URL("../../../sdk/js/", import.meta.url);
register(`data:text/javascript,export const resolve = (name, context, next) =>
    next(name.replace("../sdk/js/", "${sdk}"), context)`);

class ClassList {
    #names = new Set();
    add(name) {
        this.#names.add(name);
    }
    remove(name) {
        this.#names.delete(name);
    }
    toggle(name, on) {
        if (on) this.add(name);
        else this.remove(name);
    }
    contains(name) {
        return this.#names.has(name);
    }
}

/** The fields of a form by name: there when they are asked for. */
function fieldsOf() {
    const fields = new Map();
    const namedItem = (name) => {
        if (!fields.has(name)) fields.set(name, new TinyElement("input"));
        return fields.get(name);
    };
    const own = { namedItem, [Symbol.iterator]: () => fields[Symbol.iterator]() };
    return new Proxy(own, { get: (_, name) => own[name] ?? namedItem(name) });
}

export class TinyElement extends EventTarget {
    parent = null;
    nodes = [];
    hidden = false;
    value = "";
    validationMessage = "";
    elements = fieldsOf();
    className = "";
    classList = new ClassList();
    dataset = {};
    style = {};
    attributes = {};
    isFocused = false;

    constructor(tag) {
        super();
        this.tag = tag;
    }

    get textContent() {
        return this.nodes.map((node) => (typeof node === "string" ? node : node.textContent)).join("");
    }
    set textContent(text) {
        this.replaceChildren(text);
    }
    get parentElement() {
        return this.parent;
    }
    get children() {
        return this.nodes.filter((node) => typeof node !== "string");
    }
    get firstElementChild() {
        return this.children[0] ?? null;
    }
    get childElementCount() {
        return this.children.length;
    }
    get nextElementSibling() {
        const all = this.parent?.children ?? [];
        return all[all.indexOf(this) + 1] ?? null;
    }
    append(...nodes) {
        for (const node of nodes) this.insertBefore(node, null);
    }
    insertBefore(node, before) {
        if (typeof node !== "string") {
            node.remove();
            node.parent = this;
        }
        this.nodes.splice(before ? this.nodes.indexOf(before) : this.nodes.length, 0, node);
    }
    replaceChildren(...nodes) {
        for (const child of this.children) child.remove();
        this.nodes = [];
        this.append(...nodes);
    }
    remove() {
        if (this.parent) this.parent.nodes = this.parent.nodes.filter((node) => node !== this);
        this.parent = null;
    }
    /** @param {string} selector of this element alone */
    #is(selector) {
        const [, tag, name, key, value] =
            /^(\w+)?(?:\.([\w-]+))?(?:\[([\w-]+)(?:=([\w-]+))?\])?$/.exec(selector);
        const [, data] = /^data-(\w+)$/.exec(key ?? "") ?? [];
        const held = key && (data ? this.dataset[data] : this[key]);
        return (!tag || tag === this.tag) && (!name || this.className.split(" ").includes(name)) &&
            (!key || (value ? held === value : Boolean(held)));
    }
    querySelectorAll(selector) {
        const [parent, own] = selector.includes(" > ") ? selector.split(" > ") : ["", selector];
        const all = (of) => of.children.flatMap((child) => [child, ...all(child)]);
        return all(this).filter((one) => one.#is(own) && (!parent || one.parent.#is(parent)));
    }
    querySelector(selector) {
        return this.querySelectorAll(selector)[0] ?? null;
    }
    closest(selectors) {
        const isOne = selectors.split(", ").some((selector) => this.#is(selector));
        return isOne ? this : this.parent?.closest(selectors) ?? null;
    }
    contains(other) {
        return other === this || this.children.some((child) => child.contains(other));
    }
    setAttribute(name, value) {
        this.attributes[name] = value;
    }
    getAttribute(name) {
        return this.attributes[name] ?? null;
    }
    removeAttribute(name) {
        delete this.attributes[name];
    }
    focus() {
        this.isFocused = true;
        document.activeElement = this;
    }
    select() {}

    // ---- a form, a select, a dialog

    reset() {
        for (const [, field] of this.elements) Object.assign(field, { value: "", checked: false });
    }
    get selectedOptions() {
        return this.children.filter(({ value }) => value === this.value).slice(0, 1);
    }
    get selectedIndex() {
        return this.children.indexOf(this.selectedOptions[0]);
    }
    set selectedIndex(at) {
        this.value = this.children[at]?.value ?? "";
    }
    showModal() {
        this.open = true;
    }
    close() {
        this.open = false;
    }
}

/** What was promised at once is done. */
export const settled = () => new Promise((done) => setImmediate(done));

const STEP_MS = 10;

/** The mock of Node 20 goes on with an interval that its own callback clears. */
function repeat(run, ms) {
    const interval = {};
    const next = () => {
        interval.timer = setTimeout(next, ms);
        run();
    };
    interval.timer = setTimeout(next, ms);
    return interval;
}

/** A page; $(id): its element; wait(ms): time passes, timers run. */
export function openPage() {
    const elements = new Map();
    const window = new EventTarget();
    let now = 1e6;
    const $ = (id) => {
        if (!elements.has(id)) elements.set(id, new TinyElement("div"));
        return elements.get(id);
    };
    /** One with an id is found by it from then on. */
    const create = (tag) => {
        let id = "";
        return Object.defineProperty(new TinyElement(tag), "id", {
            get: () => id,
            set(value) {
                id = value;
                elements.set(id, this);
            },
        });
    };
    mock.timers.enable({ apis: ["setTimeout"] });
    mock.method(globalThis, "setInterval", repeat);
    mock.method(globalThis, "clearInterval", (interval) => clearTimeout(interval?.timer));
    mock.method(performance, "now", () => now);
    Object.assign(globalThis, {
        document: {
            body: new TinyElement("body"),
            getElementById: $,
            createElement: create,
            querySelector: (selector) => document.querySelectorAll(selector)[0] ?? null,
            querySelectorAll: (selector) => (selector === "dialog[open]"
                ? [...elements.values()].filter(({ open }) => open) : []),
            addEventListener: (...of) => window.addEventListener(...of),
            activeElement: null,
            hidden: false,
        },
        FormData: class {
            constructor({ elements: fields }) {
                this[Symbol.iterator] = function* () {
                    for (const [name, { value }] of fields) yield [name, value];
                };
            }
        },
        addEventListener: (...of) => window.addEventListener(...of),
    });
    return {
        $,
        text: (id) => $(id).textContent,
        wait(ms) {
            for (let left = ms; left > 0; left -= STEP_MS) this.freeze(Math.min(left, STEP_MS));
        },
        /** So much time in one step. */
        freeze(ms) {
            now += ms;
            mock.timers.tick(ms);
        },
        /** A click on it; resolves when that has come to its end. */
        async press(id) {
            const button = $(id);
            await button.onclick({ currentTarget: button });
            await settled();
        },
        async submit(id, submitter = new TinyElement("button")) {
            $(id).onsubmit({ preventDefault() {}, submitter, target: $(id) });
            await settled();
        },
        /** A key, pressed over the element; true: the page has taken it. */
        key(type, fields, target = document.body) {
            const event = new Event(type, { cancelable: true });
            for (const [name, value] of Object.entries({ target, ...fields })) {
                Object.defineProperty(event, name, { value });
            }
            window.dispatchEvent(event);
            return event.defaultPrevented;
        },
        /** Does no timer run any more that asks for the time? */
        isQuiet() {
            const before = performance.now.mock.callCount();
            mock.timers.tick(1000);
            return performance.now.mock.callCount() === before;
        },
        close() {
            mock.timers.reset();
            mock.restoreAll();
        },
    };
}

/** What the page hears of the server. */
export class TinyClient {
    #listeners = new Map();
    on(type, listener) {
        this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
        return () => {
            this.#listeners.set(type, this.#listeners.get(type).filter((other) => other !== listener));
        };
    }
    tell(type, message) {
        for (const listener of this.#listeners.get(type) ?? []) listener(message);
    }
}
