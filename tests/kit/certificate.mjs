// certificate - a server's certificate of its own, signed by itself.

import path from "node:path";
import { runFile } from "./harness.mjs";

/** {key, cert}: files in dir, as the section tls of a configuration has them. */
export async function makeCertificate(dir, name) {
    const pair = { key: path.join(dir, `${name}.key`), cert: path.join(dir, `${name}.crt`) };
    await runFile("openssl", [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", pair.key, "-out", pair.cert,
    ]);
    return pair;
}
