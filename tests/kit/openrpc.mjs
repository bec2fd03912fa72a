// openrpc - what a server says over the WebSocket, held against docs/openrpc.json as it is heard.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { inflateRawSync } from "node:zlib";
import Ajv from "ajv";
import WebSocket from "ws";
import { ROOT, closed } from "./documents.mjs";

export const document = JSON.parse(readFileSync(path.join(ROOT, "docs/openrpc.json"), "utf8"));
/** What may come in answer to any text, whatever it asks for. */
const ANYWHERE = ["parse_error", "invalid_request", "method_not_found"];
const JSON_FRAMES = [0x03, 0x82];

/** The last word of a $ref. */
export const nameOf = ({ $ref }) => $ref.split("/").at(-1);

/** One schema for what is given by name, as the server reads it. */
const schemaOf = (params) => ({
    type: "object",
    additionalProperties: false,
    required: params.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(params.map(({ name, schema }) => [name, schema])),
});

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
ajv.addVocabulary(["components"]);
ajv.addSchema({ $id: "openrpc", components: closed({ schemas: document.components.schemas }) });

/** Validators by name, made when they are first needed. */
class Validators {
    #made = new Map();
    #schemas;

    constructor(list, schemaIn) {
        this.#schemas = new Map(list.map((entry) => [entry.name, () => schemaIn(entry)]));
    }

    has(name) {
        return this.#schemas.has(name);
    }

    /** Throws when the value does not fit. */
    check(name, value) {
        let validate = this.#made.get(name);
        if (!validate) {
            const text = JSON.stringify(closed(this.#schemas.get(name)()));
            validate = ajv.compile(JSON.parse(text.replaceAll('"#/components/', '"openrpc#/components/')));
            this.#made.set(name, validate);
        }
        assert.ok(validate(value), ajv.errorsText(validate.errors, { dataVar: name }));
    }
}

const methods = new Map(document.methods.map((method) => [method.name, method]));
const params = new Validators(document.methods, (method) => schemaOf(method.params));
const results = new Validators(document.methods, (method) => method.result.schema);
const notifications = new Validators(document["x-notifications"], (entry) => schemaOf(entry.params));
const errorData = new Validators([{ name: "data" }], () => ({ $ref: "#/components/schemas/ErrorData" }));
/** What only the server tells; plugins tell under other words. */
const OWN = new Set(document["x-notifications"].map(({ name }) => name.split(".")[0]));

function checkError(error, asked) {
    const { code, message, data, ...more } = error;
    assert.deepEqual(more, {});
    assert.ok(typeof message === "string" && message, "an error says nothing");
    errorData.check("data", data);
    assert.equal(document.components.errors[data.code]?.code, code, data.code);
    const method = methods.get(asked?.method);
    if (!method || ANYWHERE.includes(data.code)) return;
    assert.ok(method.errors.map(nameOf).includes(data.code), `${method.name} may not be refused with ${data.code}`);
}

function checkAnswer(message, asked) {
    const { jsonrpc, id, ...rest } = message;
    assert.equal(jsonrpc, "2.0");
    assert.deepEqual(Object.keys(rest), ["error" in rest ? "error" : "result"]);
    if (rest.error) return checkError(rest.error, asked);
    assert.ok(asked, `nobody asked with the id ${JSON.stringify(id)}`);
    if (!results.has(asked.method)) return; // of a plugin that only the test has
    params.check(asked.method, asked.params ?? {});
    results.check(asked.method, rest.result);
}

function checkNotification({ jsonrpc, method, params: told, ...more }) {
    assert.equal(jsonrpc, "2.0");
    assert.deepEqual(more, {});
    if (notifications.has(method)) notifications.check(method, told);
    else assert.ok(!OWN.has(method.split(".")[0]), "this notification is not in docs/openrpc.json");
}

/** The JSON-RPC of a frame; undefined when it carries none, or none that can be read. */
function readFrame(data) {
    try {
        if (typeof data === "string") return JSON.parse(data);
        const bytes = data instanceof ArrayBuffer ? Buffer.from(data) : data;
        if (!JSON_FRAMES.includes(bytes[0])) return undefined;
        const rest = bytes.subarray(2);
        return JSON.parse(bytes[1] ? inflateRawSync(rest) : rest);
    } catch {
        return undefined; // clients of tests say many things
    }
}

/** What goes to and fro on one connection. */
export class Conversation {
    #asked = new Map();

    said(data) {
        for (const message of [readFrame(data)].flat())
            if (message && message.id !== undefined) this.#asked.set(JSON.stringify(message.id), message);
    }

    /** Throws when a message of the server is not what the document says. */
    heard(data) {
        for (const message of [readFrame(data) ?? []].flat()) {
            try {
                if (message.method) checkNotification(message);
                else checkAnswer(message, this.#asked.get(JSON.stringify(message.id)));
            } catch (error) {
                error.message += `\ndocs/openrpc.json does not allow ${JSON.stringify(message).slice(0, 2000)}`;
                const asked = this.#asked.get(JSON.stringify(message.id));
                if (asked) error.message += `\nin answer to ${JSON.stringify(asked).slice(0, 1000)}`;
                throw error;
            }
        }
    }
}

/** Where nobody could catch it: the test that is running fails. */
export function failLater(check) {
    try {
        check();
    } catch (error) {
        setImmediate(() => {
            throw error;
        });
    }
}

/** A WebSocket of `ws` whose server is held to the document. */
export class CheckedWebSocket extends WebSocket {
    #conversation = new Conversation();

    constructor(...args) {
        super(...args);
        this.on("message", (data, isBinary) =>
            failLater(() => this.#conversation.heard(isBinary ? data : data.toString())));
    }

    send(data, ...more) {
        const isText = typeof data === "string" || more[0]?.binary === false;
        this.#conversation.said(isText ? data.toString() : data);
        super.send(data, ...more);
    }
}
