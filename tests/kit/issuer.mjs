// issuer - somebody else who signs tokens for the server: a key that auth_jwt is given, and JWTs by it.

import { createHmac } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

const SECRET = "a secret of the other issuer, long enough for HS256";

/** Writes the key below a home for startServer; the section auth_jwt of its configuration. */
export async function otherIssuer(home, allowedPermissions) {
    await mkdir(path.join(home, "data"), { mode: 0o700, recursive: true });
    await writeFile(path.join(home, "data/other.key"), SECRET, { mode: 0o600 });
    return { issuer: "other", keysFile: "other.key", algorithm: "HS256", allowedPermissions };
}

/** A token of it for ten minutes. */
export function jwt(claims) {
    const iat = Math.floor(Date.now() / 1000);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const whole = { iss: "other", aud: "muster", iat, exp: iat + 600, ...claims };
    const body = `${part({ alg: "HS256", typ: "JWT" })}.${part(whole)}`;
    return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}
