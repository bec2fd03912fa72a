// What the page keeps: lists that are patched, texts counted in bytes, effects that end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lasting } from "../../../plugins/service_web/assets/effects.js";
import { KeyedList, put } from "../../../plugins/service_web/assets/keyed_list.js";
import { lengthFault, watchLimits } from "../../../plugins/service_web/assets/text_limit.js";

/** As much of a DOM as a list touches; it notes what is moved. */
class Place {
    children = [];
    moved = [];

    get firstElementChild() {
        return this.children[0] ?? null;
    }

    element(name) {
        const place = this;
        return {
            name,
            get nextElementSibling() {
                return place.children[place.children.indexOf(this) + 1] ?? null;
            },
            remove() {
                place.children = place.children.filter((other) => other !== this);
            },
        };
    }

    insertBefore(element, before) {
        this.moved.push(element.name);
        element.remove();
        const at = before ? this.children.indexOf(before) : this.children.length;
        this.children.splice(at, 0, element);
    }
}

function listOf() {
    const place = new Place();
    const updates = [];
    const list = new KeyedList(place, ({ key }) => key, () => {
        const element = place.element("");
        return {
            element,
            update(item) {
                element.name = item.key;
                updates.push(item.key);
            },
        };
    });
    const show = (keys) => {
        const before = new Set(place.children);
        place.moved = [];
        list.show([...keys].map((key) => ({ key })));
        return {
            order: place.children.map(({ name }) => name).join(""),
            moved: place.moved.join(""),
            kept: place.children.filter((one) => before.has(one)).map(({ name }) => name).join(""),
        };
    };
    return { list, show, updates };
}

test("a row stays the same element as long as its key is there", () => {
    const { list, show, updates } = listOf();
    assert.deepEqual(show("abc"), { order: "abc", moved: "abc", kept: "" });
    assert.deepEqual(show("abc"), { order: "abc", moved: "", kept: "abc" });
    assert.deepEqual(show("bc"), { order: "bc", moved: "", kept: "bc" }, "the first has gone");
    assert.deepEqual(show("bxc"), { order: "bxc", moved: "x", kept: "bc" }, "one in between");
    assert.deepEqual(show("bxcyz"), { order: "bxcyz", moved: "yz", kept: "bxc" }, "more behind");
    assert.deepEqual(show("byz"), { order: "byz", moved: "", kept: "byz" });
    assert.deepEqual(show("zby"), { order: "zby", moved: "z", kept: "zby" }, "another order");
    assert.deepEqual(show("zzb"), { order: "zb", moved: "", kept: "zb" }, "one key, one row");
    assert.equal(list.size, 2);
    assert.deepEqual(show(""), { order: "", moved: "", kept: "" });
    assert.deepEqual(show("a"), { order: "a", moved: "a", kept: "" }, "a row anew");
    assert.equal(updates.filter((key) => key === "b").length, 8, "told at each show");
});

test("of two with one key the first counts", () => {
    const { list } = listOf();
    const told = [];
    const place = new Place();
    const twice = new KeyedList(place, ({ key }) => key, () => ({
        element: place.element(""), update: ({ value }) => told.push(value),
    }));
    twice.show([{ key: "a", value: 1 }, { key: "a", value: 2 }, { key: "b", value: 3 }]);
    assert.deepEqual([told, place.children.length, twice.size, list.size], [[1, 3], 2, 2, 0]);
});

test("a text that is the same is not set again", () => {
    let sets = 0;
    const element = {
        get textContent() {
            return "same";
        },
        set textContent(text) {
            sets++;
        },
    };
    put(element, "same");
    assert.equal(sets, 0);
    put(element, "other");
    assert.equal(sets, 1);
});

test("a length is told in bytes, as the server counts", () => {
    assert.equal(lengthFault("a".repeat(300), 300), "");
    assert.match(lengthFault("a".repeat(301), 300), /301 bytes .* 300/);
    assert.equal(lengthFault("ä".repeat(150), 300), "");
    assert.match(lengthFault("ä".repeat(151), 300), /302 bytes/);
    assert.equal(lengthFault("😀".repeat(75), 300), "");
    assert.match(lengthFault("😀".repeat(76), 300), /304 bytes/);
});

test("a field complains by itself, of what would be sent", () => {
    const root = new EventTarget();
    watchLimits(root);
    const typed = (value, dataset = { bytesMax: "4" }) => {
        const said = [];
        const event = new Event("input");
        Object.defineProperty(event, "target", { value: { value, dataset, setCustomValidity: (text) => said.push(text) } });
        root.dispatchEvent(event);
        return said;
    };
    assert.deepEqual([typed("  abcd  "), typed("a b c"), typed("abcdef", {})].map((said) => said.map(Boolean)),
        [[false], [true], []]);
    assert.match(typed("äää")[0], /6 bytes/);
});

test("effects end by the clock and are bounded", () => {
    const shot = { type: "shot", at: 1000 };
    const later = { type: "shot", at: 1400 };
    assert.deepEqual(lasting([shot], 1149), [shot]);
    assert.deepEqual(lasting([shot, later], 1150), [later], "one that is yet to come stays");
    const many = Array.from({ length: 1000 }, (_, i) => ({ type: "death", at: 1000 + i / 10 }));
    assert.deepEqual(lasting(many, 1100), many.slice(-256), "the newest stay");
});
