// openapi - what a server answers over HTTP, held against docs/openapi.yaml and docs/openapi-directory.yaml:
// harness.mjs does it with each answer.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { ROOT, closed } from "./documents.mjs";

const documents = ["openapi", "openapi-directory"].map((name) => ({
    name,
    ...parse(readFileSync(path.join(ROOT, `docs/${name}.yaml`), "utf8")),
}));
const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false }); // the part openapi does
addFormats(ajv);
for (const document of documents) ajv.addSchema(closed(document), document.name);

/** Follows one $ref inside its document. */
function resolve(document, node) {
    if (!node?.$ref) return node;
    return node.$ref
        .slice(2)
        .split("/")
        .reduce((at, key) => at[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}

/** The template of a path, and the document that has it. */
function placeOf(pathname) {
    const plain = pathname.split("?")[0];
    for (const document of documents) {
        if (document.paths[plain]) return { document, template: plain };
        const template = Object.keys(document.paths).find((one) =>
            new RegExp(`^${one.replace(/\{\w+\}/g, "[^/]+")}$`).test(plain),
        );
        if (template) return { document, template };
    }
    return {};
}

/** The body fits the schema of that name in the components of a document. */
function assertSchema(name, value, document = "openapi") {
    const validate = ajv.getSchema(`${document}#/components/schemas/${name}`);
    assert.ok(validate, `no schema ${name}`);
    assert.ok(
        validate(value),
        `${name}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`,
    );
}

/** An answer fits what a document says about that operation and status, where it has it at that address. */
export function assertAnswer(method, pathname, isAdmin, answer) {
    const { document, template } = placeOf(pathname);
    const place = document?.paths[template];
    const operation = place?.[method.toLowerCase()];
    if (!operation || Boolean(place.servers) !== isAdmin) return;
    const response = resolve(document, operation.responses[answer.status]);
    assert.ok(
        response,
        `${method} ${template}: ${answer.status} is not documented: ${answer.text}`,
    );
    if (!response.content) {
        assert.equal(answer.text, "");
        return;
    }
    const type = answer.headers.get("content-type") ?? "";
    const media = Object.keys(response.content).find((name) => type.startsWith(name));
    assert.ok(media, `${method} ${template}: content type ${type}`);
    if (!answer.body) return;
    const { schema } = response.content[media];
    if (schema.$ref) assertSchema(schema.$ref.split("/").at(-1), answer.body, document.name);
}

/** The answer is a problem of that status and word. */
export function assertProblem(answer, status, code) {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assertSchema("Problem", answer.body);
    assert.equal(answer.body.status, status);
    if (code) assert.equal(answer.body.code, code);
}
