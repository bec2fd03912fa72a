// wire - docs/openrpc.json, docs/frames.ksy and docs/protocol.md say what the sources say, in the form that
// their readers expect.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openrpcDocument } from "@open-rpc/meta-schema";
import Ajv from "ajv";
import { parse } from "yaml";
import { describe } from "../kit/frames.mjs";
import { ROOT } from "../kit/harness.mjs";
import { protocol } from "./protocol.mjs";
import { frameTable } from "./protocol_bytes.mjs";

const read = (name) => readFile(path.join(ROOT, name), "utf8");
const document = JSON.parse(await read("docs/openrpc.json"));
const notifications = document["x-notifications"];

const sorted = (names) => [...new Set(names)].sort();

/** All of C below these folders. */
async function sources(...folders) {
    const texts = [];
    for (const folder of folders) {
        const names = await readdir(path.join(ROOT, folder), { recursive: true });
        for (const name of names.filter((one) => one.endsWith(".c") || one.endsWith("_internal.h")))
            texts.push(await read(path.join(folder, name)));
    }
    return texts.join("\n");
}

/** Every $ref below a node. */
function* refs(node) {
    if (node === null || typeof node !== "object") return;
    if (typeof node.$ref === "string") yield node.$ref;
    for (const value of Object.values(node)) yield* refs(value);
}

test("it is an OpenRPC document", () => {
    const ajv = new Ajv({ strict: false });
    const jsonSchema = {
        allOf: [{ $ref: "http://json-schema.org/draft-07/schema#" }],
        definitions: { JSONSchemaObject: { properties: { $ref: { type: "string", format: "uri-reference" } } } },
    };
    for (const name of ["https://meta.json-schema.tools", "https://meta.json-schema.tools/"])
        ajv.addSchema(jsonSchema, name);
    ajv.addFormat("uri", true);
    ajv.addFormat("uri-reference", true);
    const { $schema: _, ...meta } = openrpcDocument;
    const validate = ajv.compile(meta);
    assert.ok(validate(document), ajv.errorsText(validate.errors));
    for (const entry of notifications)
        assert.ok(validate({ ...document, methods: [entry] }), `${entry.name}: ${ajv.errorsText(validate.errors)}`);
    for (const ref of refs(document)) {
        const place = ref.slice(2).split("/").reduce((node, key) => node?.[key], document);
        assert.ok(ref.startsWith("#/") && place, ref);
    }
});

test("every name is used once, and every part of it", () => {
    for (const list of [document.methods, notifications]) {
        const names = list.map(({ name }) => name);
        assert.equal(new Set(names).size, names.length);
    }
    const used = new Set(refs({ ...document }));
    const anywhere = ["parse_error", "method_not_found"]; // of no method in particular
    for (const kind of ["schemas", "errors", "tags"])
        for (const name of Object.keys(document.components[kind]))
            assert.ok(used.has(`#/components/${kind}/${name}`) || anywhere.includes(name) || name === "ErrorData", name);
});

test("it has the methods and notifications of the sources, and no others", async () => {
    const text = await sources("core", "plugins");
    const rows = /\{"([a-z]+\.\w+)",\s*(?:0|METHOD_\w+|ASKER_\w+)\b/g;
    const added = /method_add\([^;"]*"([a-z]+\.\w+)"/g;
    const found = [...text.matchAll(rows), ...text.matchAll(added)].map(([, name]) => name);
    assert.deepEqual(sorted(found), sorted(document.methods.map(({ name }) => name)));
    const told = /\b\w*(?:notify|notify_all|broadcast)\([^;"]*(?:"([a-z]+\.\w+)" : )?"([a-z]+\.\w+)"/g;
    const names = [...text.matchAll(told)].flatMap(([, one, other]) => [one, other]).filter(Boolean);
    assert.deepEqual(sorted(names), sorted(notifications.map(({ name }) => name)));
});

test("its errors are those of the server", async () => {
    const rows = [...(await read("core/net/protocol.h")).matchAll(/X\(\w+, (-\d+), "(\w+)"\)/g)];
    const listed = Object.entries(document.components.errors).map(([word, { code, data }]) => {
        assert.deepEqual(data, { code: word });
        return [word, code];
    });
    assert.deepEqual(listed, rows.map(([, code, word]) => [word, Number(code)]));
});

test("what REST tells, too, is the same there", async () => {
    const { schemas } = parse(await read("docs/openapi.yaml")).components;
    const own = document.components.schemas;
    const shared = Object.keys(schemas).filter((name) => own[name]);
    assert.ok(shared.length > 5, shared.join());
    const shape = (node) => JSON.parse(JSON.stringify(node, (key, value) => {
        if (key === "description") return undefined;
        return Array.isArray(value) && key === "required" ? value.toSorted() : value;
    }));
    for (const name of shared) assert.deepEqual(shape(schemas[name]), shape(own[name]), name);
});

test("docs/protocol.md has its tables", async () => {
    const { page, made } = await protocol();
    assert.equal(page, made, "./dev docs writes the tables anew");
});

test("frames begin as the server has it", async () => {
    const header = await read("core/net/protocol.h");
    const kinds = Object.entries(describe("frames").enums.kind).map(([value, { id }]) => [id.toUpperCase(), Number(value)]);
    const defined = [...header.matchAll(/#define FRAME_(\w+) (0x\w\w)\b/g)].map(([, word, value]) => [word, Number(value)]);
    assert.deepEqual(kinds, defined);
    const [, bytes] = /#define FRAME_SNAPSHOT_HEADER (\d+)/.exec(header);
    assert.equal(frameTable("snapshot").find(([, , text]) => text.startsWith("payload:"))[0], bytes);
});
