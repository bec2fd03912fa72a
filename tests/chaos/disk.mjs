// disk - a small file system in memory for the server's data, which can be filled up. Only root may mount.

import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { runFile } from "../kit/harness.mjs";

export class Disk {
    isFull = false;
    /** {fromMs, toMs}: it was full then. */
    times = [];
    #ballast;

    constructor(dir) {
        this.#ballast = path.join(dir, "ballast");
    }

    /** At the folder, until the life ends; null: it is not permitted. */
    static async open(life, dir, mib) {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        try {
            await runFile("mount", ["-t", "tmpfs", "-o", `size=${mib}m,mode=700`, "chaos", dir]);
        } catch {
            return null;
        }
        life.after(() => Disk.close(dir));
        return new Disk(dir);
    }

    /** What a run that broke off has left. */
    static async close(dir) {
        await runFile("umount", [dir]).catch(() => {});
    }

    /** No byte is free any more; isFull until somebody says that all is well again. */
    async fill() {
        this.isFull = true;
        this.times.push({ fromMs: performance.now(), toMs: Infinity });
        await runFile("dd", ["if=/dev/zero", `of=${this.#ballast}`, "bs=64k"]).catch(() => {});
    }

    async free() {
        await rm(this.#ballast);
    }

    isWell() {
        this.isFull = false;
        this.times.at(-1).toMs = performance.now();
    }

    /** Was it full between these? */
    wasFull(fromMs, toMs) {
        return this.times.some((time) => time.fromMs < toMs && fromMs < time.toMs);
    }
}
