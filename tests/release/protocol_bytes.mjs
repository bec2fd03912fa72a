// protocol_bytes - rows and lists of docs/protocol.md for what is not JSON, of docs/frames.ksy and docs/arena.ksy.

import { describe } from "../kit/frames.mjs";

const SIZES = { u1: 1, u2: 2, u4: 4, s1: 1, s2: 2 };
const typeName = (type) => (SIZES[type] ? `${type[0] === "u" ? "u" : "i"}${8 * SIZES[type]}` : type);

const hex = (value) => `0x${Number(value).toString(16).padStart(2, "0")}`;

/* ---- in a line ------------------------------------------------------------------------------- */

function fieldText({ id, type, doc, size, enum: words, "repeat-expr": times, repeat }, { enums }) {
    if (type?.["switch-on"]) return `${id} (of that ${type["switch-on"]})`;
    const count = size ?? times;
    const many = count !== undefined ? `[${count}]` : repeat ? "[]" : "";
    const notes = words ? Object.entries(enums[words]).map(([value, word]) => `${value} ${word}`).join(", ") : doc;
    const kind = size === undefined ? typeName(type) : "u8";
    return `${kind} ${id}${many}${notes ? ` (${notes})` : ""}`;
}

/** "u8 seat, u8 mask, [mask & 1: i8 dx, i8 dy]" */
function structText(description, { seq }) {
    const parts = [];
    let condition = null;
    for (const field of seq) {
        const text = fieldText(field, description);
        const isSame = field.if && field.if === condition;
        if (isSame) parts.push(`${parts.pop().slice(0, -1)}, ${text}]`);
        else parts.push(field.if ? `[${field.if.replace(/^\((.*)\) != 0$/, "$1")}: ${text}]` : text);
        condition = field.if;
    }
    return parts.join(", ");
}

/** One line for each type of a description. */
export function typeLists(name) {
    const description = describe(name);
    const lines = Object.entries(description.types).map(([type, struct]) =>
        `- **${type}** = \`${structText(description, struct)}\`${struct.doc ? `; ${struct.doc}` : ""}\n`);
    return lines.join("");
}

/* ---- in a table ------------------------------------------------------------------------------ */

const sizeOf = ({ seq }) => seq.reduce((sum, { type }) => sum + SIZES[type], 0);

/** [bytes or null, what stands in the column of types, text] */
function cellsOf(field, description) {
    const { id, type, doc, size, repeat, "size-eos": toEnd } = field;
    const text = [id, doc].filter(Boolean).join(": ");
    if (SIZES[type]) return [SIZES[type], typeName(type), text];
    if (toEnd) return [null, "to the end", text];
    if (size) return [null, String(size).split(".").at(-1), text];
    const struct = description.types[type];
    const each = structText(description, struct);
    return [null, repeat === "eos" ? "to the end" : `${sizeOf(struct)} each`, `${text}${doc ? "; each" : ": each"} ${each}`];
}

/** The fields of a frame, those of what is always the same struct in its place. */
function fieldsOf(description, { seq }) {
    return seq.filter((field) => field.id !== "deflated").flatMap((field) => {
        const isPart = field.if && description.types[field.type];
        return isPart ? fieldsOf(description, description.types[field.type]) : [field];
    });
}

/** Rows of a frame by its word: offset, type, field. */
export function frameTable(name) {
    const description = describe("frames");
    const [value] = Object.entries(description.enums.kind).find(([, { id }]) => id === name);
    const rows = [["0", "u8", hex(value)]];
    let offset = 1;
    let beyond = "";
    for (const field of fieldsOf(description, description.types[name])) {
        const [bytes, type, text] = cellsOf(field, description);
        rows.push([`${offset}${beyond}`, type, text]);
        if (bytes === null) beyond += ` + ${type}`;
        else offset += bytes;
    }
    return rows;
}
