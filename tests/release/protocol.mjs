// protocol - the tables of docs/protocol.md, made of docs/openrpc.json, docs/frames.ksy and docs/arena.ksy.
//
//     node tests/release/protocol.mjs        writes them (./dev docs)
//
// Each stands below a line <!-- KIND NAME -->.

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../kit/harness.mjs";
import { document, nameOf } from "../kit/openrpc.mjs";
import { frameTable, typeLists } from "./protocol_bytes.mjs";

export const PROTOCOL = path.join(ROOT, "docs/protocol.md");

const { schemas, errors } = document.components;
/** Refusals of nearly all methods, told once above the table. */
const USUAL = ["invalid_request", "invalid_params", "internal_error", "rate_limited", "unauthenticated"];
const U32_MAX = 0xffffffff;
const ACCESS = { anyone: " (no auth)", player: "", host: " (H)", admin: " (permission `admin`)" };

/* ---- shapes of JSON in one line -------------------------------------------------------------- */

const isNull = ({ type }) => type === "null";

/** A value that stands alone: in a list, as a whole result. */
function shapeOf(schema) {
    if (schema.$ref) return nameOf(schema);
    if (schema.anyOf) return schema.anyOf.map((one) => (isNull(one) ? "null" : shapeOf(one))).join(" or ");
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join("/");
    const [type, ...more] = [schema.type].flat();
    const shape = type === "array" ? `[${shapeOf(schema.items)}]` : schema.properties ? membersOf(schema) : type;
    return [shape, ...more].join(" or ");
}

function rangeOf({ minimum, maximum, default: preset }) {
    const range = (maximum ?? U32_MAX) === U32_MAX ? [] : [`${minimum} to ${maximum}`];
    const usual = preset === undefined ? [] : [`default ${preset}`];
    return [...range, ...usual].join(", ");
}

/** What follows the name of a member; "" where the name says it all. */
function noteOf(schema) {
    if (schema.enum) return ` (${shapeOf(schema)})`;
    const [type, ...more] = [schema.type].flat();
    const isPlain = ["string", "integer", "number", "boolean", undefined].includes(type);
    if (schema.$ref || schema.anyOf || schema.const !== undefined || !isPlain) return `: ${shapeOf(schema)}`;
    const range = rangeOf(schema);
    return `${range && ` (${range})`}${more.map((one) => ` or ${one}`).join("")}`;
}

const membersOf = ({ properties, required = [] }) =>
    `{${Object.entries(properties)
        .map(([name, schema]) => `${name}${required.includes(name) ? "" : "?"}${noteOf(schema)}`)
        .join(", ")}}`;

function paramsOf({ params, "x-object": object }) {
    if (object) return `\`${nameOf(object)}\``;
    if (params.length === 0) return "–";
    const properties = Object.fromEntries(params.map(({ name, schema }) => [name, schema]));
    const required = params.filter((one) => one.required).map(({ name }) => name);
    return `\`${membersOf({ properties, required })}\``;
}

/* ---- tables ---------------------------------------------------------------------------------- */

const table = (head, rows) =>
    [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");

const isOf = (tag) => ({ tags }) => tags.map(nameOf).includes(tag);

function methodRow(method) {
    const { name, description, result, "x-access": access, errors: refusals } = method;
    const own = refusals.map(nameOf).filter((word) => !USUAL.includes(word));
    return [
        `\`${name}\`${ACCESS[access]}`,
        paramsOf(method),
        [`\`${shapeOf(result.schema)}\``, description].filter(Boolean).join(". "),
        own.map((word) => `\`${word}\``).join(", "),
    ];
}

const KINDS = {
    frame: (name) => table(["offset", "type", "field"], frameTable(name)),
    types: (name) => typeLists(name),
    methods: (tag) => table(["method", "params", "result", "refused with"], document.methods.filter(isOf(tag)).map(methodRow)),
    notifications: (tag) => table(
        ["notification", "params", "when"],
        document["x-notifications"].filter(isOf(tag)).map((one) => [`\`${one.name}\``, paramsOf(one), one.description])),
    objects: () => Object.entries(schemas).map(([name, schema]) => {
        const shape = schema.properties || schema.enum || schema.anyOf ? `\`${shapeOf(schema)}\`` : "";
        return `- **${name}**: ${[shape, schema.description].filter(Boolean).join(". ")}\n`;
    }).join(""),
    errors: () => table(
        ["code", "data.code", "meaning"],
        Object.entries(errors).map(([word, { code, message }]) => [code, `\`${word}\``, message])),
};

/** The page as it is, and as it should be. */
export async function protocol() {
    const page = await readFile(PROTOCOL, "utf8");
    const made = page.replace(/^(<!-- (\w+)(?: (\w+))? -->\n\n)(?:[|-] ?.*\n)*/gm, (all, line, kind, name) => {
        if (!KINDS[kind]) throw new Error(`docs/protocol.md: ${line.trim()}`);
        return line + KINDS[kind](name);
    });
    return { page, made };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(PROTOCOL, (await protocol()).made);
