// The types of sdk/js are those of docs/openrpc.json, member for member.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compile } from "json-schema-to-typescript";
import { checkUse } from "./types.mjs";

const ROOT = new URL("../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const document = JSON.parse(read("docs/openrpc.json"));
const { schemas } = document.components;
const declared = read("sdk/js/types.d.ts");

/** Where the package has another name for an object, or names it through another. */
const NAMES = {
    GameMode: "GameModeInfo",
    SettingEntry: "SettingsSchemaEntry",
    Mod: "ModInfo",
    RuleMod: "RuleInfo",
    LobbyBan: 'LobbyAccess["bans"][number]',
    NamedVersion: 'MatchResults["versions"][number]',
    RunningVote: 'Entry["votes"][number]',
    VoteResult: 'ClientEvents["lobby.voteEnded"]',
    Sanction: 'ClientEvents["session.muted"]',
    Seat: 'Member["seat"]',
};
/** Members of MusterError; the others are seen where they are used. */
const NO_TYPE = ["ErrorData", "Intro", "OwnStats", "Settings", "TeamScores"];
/** What calls take and give: types of the package by method. */
const PARAMS = {
    "lobby.list": "LobbyFilter",
    "lobby.create": "CreateOptions",
    "lobby.join": "JoinOptions & { lobbyId: string }",
    "lobby.joinByCode": "JoinOptions & { code: string }",
    "match.find": 'Omit<FindOptions, "signal">',
};
const RESULTS = {
    "lobby.access": "LobbyAccess",
    "lobby.invite": "Invitation & { notified: boolean }",
    "mods.list": "ModList",
    "lobby.presets": "{ presets: Preset[] }",
};

const schemaOf = (params) => ({
    type: "object",
    required: params.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(params.map(({ name, schema }) => [name, schema])),
});
const objectOf = (properties) => ({ type: "object", required: Object.keys(properties), properties });
const mapValues = (list, of) => objectOf(Object.fromEntries(list.map((entry) => [entry.name, of(entry)])));

/** The document in TypeScript: Wire["objects"]["LobbyInfo"], Wire["told"]["lobby.chat"] and so on. */
function wireTypes() {
    const wire = objectOf({
        objects: mapValues(Object.keys(schemas).map((name) => ({ name })),
            ({ name }) => ({ $ref: `#/components/schemas/${name}` })),
        told: mapValues(document["x-notifications"], ({ params, "x-object": object }) => object ?? schemaOf(params)),
        params: mapValues(document.methods, ({ params }) => schemaOf(params)),
        results: mapValues(document.methods, ({ result }) => result.schema),
    });
    const own = structuredClone(schemas);
    own.Intro = { tsType: "unknown" }; // a program says itself which mode's it is
    own.GameMode.required.push("settingsSchema"); // who asks by a MusterClient has signed in
    const text = JSON.stringify({ ...wire, components: { schemas: own } });
    return compile(JSON.parse(text), "Wire", { additionalProperties: false, format: false, ignoreMinAndMaxItems: true });
}

/** [what it is about, type of the package, type of the wire] */
function pairs() {
    const list = [];
    for (const name of Object.keys(schemas).filter((one) => !NO_TYPE.includes(one)))
        list.push([name, NAMES[name] ?? name, `Wire["objects"]["${name}"]`]);
    for (const { name } of document["x-notifications"])
        list.push([`told ${name}`, `ClientEvents["${name}"]`, `Wire["told"]["${name}"]`]);
    for (const [name, type] of Object.entries(PARAMS)) list.push([`params of ${name}`, type, `Wire["params"]["${name}"]`]);
    for (const [name, type] of Object.entries(RESULTS)) list.push([`result of ${name}`, type, `Wire["results"]["${name}"]`]);
    return list;
}

/** Names of the package that a list of types uses. */
const namesIn = (types) => {
    const known = new Set([...declared.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name));
    return [...new Set(types.join(" ").match(/\b[A-Z]\w+/g))].filter((name) => known.has(name));
};

async function program() {
    const all = pairs();
    const alias = all.map(([, type], i) => `type Sdk${i} = ${type};`).join("\n");
    const wire = (await wireTypes()).replace(/^export /gm, "");
    // The names of both are the same: those of the wire stand in a namespace.
    return `
        import type { ${namesIn(all.map(([, type]) => type)).join(", ")} } from "muster-client";
        ${alias}
        namespace OfWire { ${wire.replace("interface Wire ", "export interface Wire ")} }
        type Wire = OfWire.Wire;
        type Same<What, A, B> = [A, B, keyof A, keyof B] extends [B, A, keyof B, keyof A] ? true : What;
        ${all.map(([what, , ofWire], i) => `export const same${i}: Same<"${what}", Sdk${i}, ${ofWire}> = true;`).join("\n")}`;
}

test("types of sdk/js are those of docs/openrpc.json", async () => {
    assert.equal(checkUse(await program(), { noUnusedLocals: false }), "");
});

test("every notification that it types is one of the server's", () => {
    const events = /export interface ClientEvents \{([^]*?)^\}/m.exec(declared)[1];
    const typed = [...events.matchAll(/^ {2}"(\w+\.\w+)":/gm)].map(([, name]) => name);
    assert.deepEqual(typed.toSorted(), document["x-notifications"].map(({ name }) => name).toSorted());
});
