// The server takes the parameters that docs/openrpc.json lists, and says so in the same figures.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../kit/harness.mjs";
import { MOD_PLUGINS } from "../kit/mods.mjs";
import { document, nameOf } from "../kit/openrpc.mjs";
import { registerAdmin } from "../kit/players.mjs";
import { RawSocket } from "../kit/sockets.mjs";

/** A connection that may ask for everything, as often as it likes. */
async function openEverything(t) {
    const many = 100000;
    const server = await startServer(t, {
        config: {
            net: { messagesPerSecond: many, messagesBurst: many, requestsPerSecond: many, requestsBurst: many },
            auth_local: { adminUsers: ["root"] },
            plugins: MOD_PLUGINS,
        },
    });
    const { accessToken } = await registerAdmin(server, "root");
    const socket = await RawSocket.open(t, server);
    await socket.authenticate(accessToken);
    return socket;
}

/** What the server says when something else comes. */
function expectation({ type, $ref, minLength = 0, maxLength, minimum, maximum }) {
    if (type === "integer") return `expected an integer of ${minimum} to ${maximum}`;
    if (type === "boolean") return "expected true or false";
    if ($ref?.endsWith("/Settings")) return "expected an object";
    return maxLength === undefined ? "expected a string" : `expected a string of ${minLength} to ${maxLength} bytes`;
}

/** Something that fits, so that the next parameter is looked at. */
function fitting({ type, $ref, minimum, const: only, enum: words }) {
    if (only ?? words) return only ?? words[0];
    if (type === "integer") return minimum;
    if (type === "boolean") return true;
    return $ref?.endsWith("/Settings") ? {} : "red";
}

/** What does not: another type, and a text one byte too long. */
const misfits = ({ type, maxLength }) =>
    (type === "string" && maxLength ? [null, "x".repeat(maxLength + 1)] : [null]);

/** Refusals that must come of one method: [params, how the sentence begins]. */
function refusalsOf({ params }) {
    const good = Object.fromEntries(params.map(({ name, schema }) => [name, fitting(schema)]));
    const refusals = [[{ unheardOf: 1 }, "unheardOf: unknown parameter"]];
    for (const { name, schema, required } of params) {
        if (Object.keys(schema).length === 0) continue; // anything fits
        const { [name]: _, ...without } = good;
        for (const value of misfits(schema)) refusals.push([{ ...without, [name]: value }, `${name}: ${expectation(schema)}`]);
        if (required) refusals.push([without, `${name}: ${expectation(schema)}`]);
    }
    return refusals;
}

test("each method takes the parameters that are written of it", async (t) => {
    const socket = await openEverything(t);
    for (const method of document.methods) {
        const isScript = method.tags.map(nameOf).includes("mods"); // of all parameters one sentence
        if (method.name === "session.authenticate" || isScript) continue;
        for (const [params, beginning] of refusalsOf(method)) {
            const { error } = await socket.call(method.name, params);
            assert.equal(error?.data.code, "invalid_params", `${method.name} ${JSON.stringify(params)}`);
            assert.ok(error.message.startsWith(beginning), `${method.name}: ${error.message}\n${beginning}`);
        }
    }
});

test("an administrator's methods for sessions", async (t) => {
    const socket = await openEverything(t);
    const { error } = await socket.call("session.create", { playerId: "two\nlines" });
    assert.equal(error.data.code, "invalid_params");
    const { result: session } = await socket.call("session.create", { playerId: "expected" });
    assert.equal(session.displayName, "expected");
    const found = await socket.call("session.find", { playerId: "expected" });
    assert.equal(found.result.session.sessionId, session.sessionId);
    assert.deepEqual((await socket.call("session.terminate", { sessionId: session.sessionId })).result, {});
    assert.equal((await socket.call("session.find", { playerId: "expected" })).result.session, null);
});
