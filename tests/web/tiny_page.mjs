// tiny_page - as much of a page as small parts of it touch: elements by id that are there when they
// are asked for, and a clock that stands still. No layout, no selectors but a class.

import { mock } from "node:test";

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

export class TinyElement extends EventTarget {
    parent = null;
    nodes = [];
    hidden = false;
    value = "";
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
    querySelector(selector) {
        const all = this.children.flatMap((child) => [child, child.querySelector(selector)]);
        return all.find((one) => one && `.${one.className}` === selector) ?? null;
    }
    setAttribute(name, value) {
        this.attributes[name] = value;
    }
    focus() {
        this.isFocused = true;
    }
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
    mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
    mock.method(performance, "now", () => now);
    Object.assign(globalThis, {
        document: {
            body: new TinyElement("body"),
            getElementById: $,
            createElement: (tag) => new TinyElement(tag),
            querySelector: () => null,
        },
        addEventListener: (...of) => window.addEventListener(...of),
    });
    return {
        $,
        text: (id) => $(id).textContent,
        wait(ms) {
            now += ms;
            mock.timers.tick(ms);
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
    }
    tell(type, message) {
        for (const listener of this.#listeners.get(type) ?? []) listener(message);
    }
}
