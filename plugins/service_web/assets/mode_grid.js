// mode_grid - the board of a game of turns in Lua: rows of cells, each a button. The mode's intro names
// in `grid` the fields of mode.sync that are its rows, a character for each cell; a cell that is
// pressed goes to the mode as a message of two bytes, column and row.

import { KeyedList, put } from "./keyed_list.js";
import { make } from "./ui.js";

const FREE = new Set([".", " "]);

export class ModeGrid {
    #rows;

    /** place: an element; onPress(column, row) */
    constructor(place, onPress) {
        this.#rows = new KeyedList(place, ({ row }) => String(row), () => {
            const element = make("div", { className: "grid-row" });
            const cells = new KeyedList(element, ({ column }) => String(column),
                () => this.#cell(onPress));
            return {
                element,
                update: ({ row, text }) => cells.show([...text].map((mark, column) => ({ row, column, mark }))),
            };
        });
    }

    /** texts: of the rows, from the top. */
    show(texts) {
        this.#rows.show(texts.map((text, row) => ({ row, text })));
    }

    #cell(onPress) {
        let at = null;
        const element = make("button", { type: "button", className: "grid-cell" });
        element.onclick = () => onPress(at.column, at.row);
        const update = (cell) => {
            at = cell;
            const mark = FREE.has(cell.mark) ? "" : cell.mark;
            put(element, mark);
            element.ariaLabel = `Row ${cell.row + 1}, column ${cell.column + 1}: ${mark || "free"}`;
        };
        return { element, update };
    }
}
