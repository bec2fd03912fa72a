// handbook - the tables of keys in docs/operations.md, made of what the server prints of its schema.
//
//     node tests/release/handbook.mjs        writes them (./dev docs)

import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT, runDaemon } from "../kit/harness.mjs";

export const HANDBOOK = path.join(ROOT, "docs/operations.md");

/** Plugins with a table, beside those that a server has by itself. */
const NOT_BY_DEFAULT =
    "auth_jwt,service_directory,anticheat_aim,anticheat_movement,anticheat_timing";

const HEAD = ["| key | default | range | unit | meaning | a change needs |", "| --- | --- | --- | --- | --- | --- |"];

function rangeText(key) {
    const least = key.minItems ?? key.minLength ?? key.minimum;
    const most = key.maxItems ?? key.maxLength ?? key.maximum;
    if (key.enum) return key.enum.join(", ");
    if (key.type === "boolean") return "true, false";
    if (key.type === "integer" || key.type === "number") return `${least} to ${most}`;
    const what = key.type === "array" ? "items" : "bytes";
    const range = least > 0 ? `${least} to ${most} ${what}` : `up to ${most} ${what}`;
    return key.writeOnly ? `${range}, secret` : range;
}

function defaultText(key) {
    if (typeof key.default === "boolean" || typeof key.default === "number") return String(key.default);
    if (key.default === "") return "empty";
    const text = Array.isArray(key.default) ? JSON.stringify(key.default).replaceAll(",", ", ") : key.default;
    return `\`${text}\``;
}

function meaningText({ title, description = "", unit }) {
    const help = unit ? description.replace(` (${unit})`, "") : description;
    return [title, help].filter(Boolean).join(". ").replace(/\.$/, "").replaceAll("|", "\\|");
}

function row(section, name, key, isPlugin) {
    const needs = isPlugin ? `reload ${section}` : key.$comment ? "restart" : "";
    const cells = [`\`${section}.${name}\``, defaultText(key), rangeText(key), key.unit ?? "", meaningText(key), needs];
    return `| ${cells.join(" | ")} |`;
}

/** The page with a table after each line that begins with `**SECTION**`. */
function withTables(page, sections, plugins) {
    return page.replace(/^(\*\*(\w+)\*\*.*\n\n)\| key \|.*\n(?:\|.*\n)+/gm, (table, title, section) => {
        const keys = sections[section]?.properties;
        if (!keys) throw new Error(`docs/operations.md: no section ${section}`);
        const rows = Object.entries(keys).map(([name, key]) => row(section, name, key, plugins.has(section)));
        return title + [...HEAD, ...rows, ""].join("\n");
    });
}

/** The handbook as it is, and as it should be. Sections of the core that it lacks are told. */
export async function handbook(cwd) {
    const sectionsOf = async (plugins) => {
        const env = plugins ? { MUSTER_PLUGINS: plugins } : {};
        return JSON.parse((await runDaemon(["--print-schema"], { cwd, env })).stdout).properties;
    };
    const core = await sectionsOf(" ");
    const all = { ...(await sectionsOf(NOT_BY_DEFAULT)), ...(await sectionsOf()) };
    const isOfCore = (name) => core[name]?.properties;
    const page = await readFile(HANDBOOK, "utf8");
    const plugins = new Set(Object.keys(all).filter((name) => !isOfCore(name)));
    const missing = Object.keys(core).filter((name) => isOfCore(name) && !page.includes(`\n**${name}**`));
    return { page, made: withTables(page, all, plugins), missing };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(HANDBOOK, (await handbook(ROOT)).made);
