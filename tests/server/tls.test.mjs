// TLS in the daemon: https and wss, ALPN, a certificate replaced while it runs.

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { once } from "node:events";
import { makeCertificate } from "../kit/certificate.mjs";
import { eventually, startServer, tempDir } from "../kit/harness.mjs";
import { RawSocket } from "../kit/sockets.mjs";

/** Subject and ALPN of a fresh connection. */
async function handshake(server, ALPNProtocols = ["h2", "http/1.1"]) {
    const socket = tls.connect({
        port: server.port,
        host: "127.0.0.1",
        rejectUnauthorized: false,
        ALPNProtocols,
    });
    await once(socket, "secureConnect");
    const facts = { subject: socket.getPeerCertificate().subject.CN, alpn: socket.alpnProtocol };
    socket.destroy();
    return facts;
}

test("wss works, HTTP/2 is not offered, SIGHUP takes a new certificate", async (t) => {
    const dir = await tempDir(t);
    const first = await makeCertificate(dir, "first");
    const second = await makeCertificate(dir, "second");
    const server = await startServer(t, { config: { tls: { cert: first.cert, key: first.key } } });
    assert.deepEqual(await handshake(server), { subject: "first", alpn: "http/1.1" });

    const url = `wss://127.0.0.1:${server.port}/ws`;
    const socket = new RawSocket(t, url, { rejectUnauthorized: false });
    await once(socket.ws, "open");
    assert.equal((await socket.call("server.info")).result.protocol, "muster.v1");

    await copyFile(second.cert, first.cert);
    await copyFile(second.key, first.key);
    server.signal("SIGHUP");
    await eventually(
        "the new certificate",
        async () => (await handshake(server)).subject === "second",
    );
    assert.ok((await socket.call("server.info")).result, "the old connection lives on");

    await copyFile(path.join(dir, "first.key"), path.join(dir, "keep.key"));
    await (await import("node:fs/promises")).writeFile(first.cert, "not a certificate");
    const from = server.output.length;
    server.signal("SIGHUP");
    await server.waitForOutput(/cert/i, from);
    assert.equal((await handshake(server)).subject, "second", "a bad one changes nothing");
});

test("plain HTTP on a TLS port gets no answer in clear", async (t) => {
    const dir = await tempDir(t);
    const pair = await makeCertificate(dir, "only");
    const server = await startServer(t, { config: { tls: pair } });
    await assert.rejects(fetch(`http://127.0.0.1:${server.port}/livez`));
    assert.equal((await handshake(server)).subject, "only");
});
