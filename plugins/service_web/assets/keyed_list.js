// keyed_list - a list that is patched, never replaced: a row is made once for its key and told what
// has changed. So a click that began on it ends on it, the focus stays, and what reads the page
// aloud hears the change alone.

/** @typedef {{element: Element, update(item: any): void}} Row */

/** Sets the text where it differs. */
export function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

export class KeyedList {
    #parent;
    #keyOf;
    #create;
    /** @type {Map<string, Row>} */
    #rows = new Map();

    /** create(): a new Row; update() is called right after it, and for each later show(). */
    constructor(parent, keyOf, create) {
        this.#parent = parent;
        this.#keyOf = keyOf;
        this.#create = create;
    }

    get size() {
        return this.#rows.size;
    }

    /** These items, in that order; of two with one key the first counts. */
    show(items) {
        const next = new Map();
        for (const item of items) {
            const key = this.#keyOf(item);
            if (next.has(key)) continue;
            const row = this.#rows.get(key) ?? this.#create();
            row.update(item);
            next.set(key, row);
        }
        for (const [key, { element }] of this.#rows) if (!next.has(key)) element.remove();
        this.#rows = next;
        this.#order();
    }

    /** Touches only what stands in the wrong place. */
    #order() {
        let at = this.#parent.firstElementChild;
        for (const { element } of this.#rows.values()) {
            if (element === at) at = at.nextElementSibling;
            else this.#parent.insertBefore(element, at);
        }
    }
}
