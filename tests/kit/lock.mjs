// A database that another process holds.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { atEnd } from "./harness.mjs";

/** Another process holds the write lock of the file until it is let go. */
export async function lockDatabase(t, file) {
    const holder = spawn("sqlite3", [file], { stdio: ["pipe", "pipe", "inherit"] });
    atEnd(t, () => holder.kill("SIGKILL"));
    holder.stdin.write(".timeout 10000\nBEGIN IMMEDIATE;\nSELECT 'held';\n");
    await once(holder.stdout, "data");
    return async () => {
        holder.stdin.end("ROLLBACK;\n");
        await once(holder, "close");
    };
}
