// The checked-in .d.ts files are what tsc makes of the JSDoc in sdk/js.
//
//   node tests/unit/sdk_js/types.mjs          check: strict types hold, and the files are up to date
//   node tests/unit/sdk_js/types.mjs --write  make the files anew
//
// tsc would read index.d.ts instead of index.js beside it, so the modules are copied to where
// none lies.

import { spawnSync } from "node:child_process";
import {
    copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SDK = fileURLToPath(new URL("../../../sdk/js/", import.meta.url));
const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const HAND_WRITTEN = "types.d.ts";
/** What no JavaScript can say: the package offers its types by name. */
const ALL_TYPES = '\nexport type * from "./types.js";\n';

const COMPILER_OPTIONS = {
    strict: true,
    noUncheckedSideEffectImports: true,
    noImplicitReturns: false,
    noUnusedLocals: true,
    noUnusedParameters: true,
    allowJs: true,
    checkJs: true,
    target: "es2023",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    types: [],
    skipLibCheck: false,
};

/** Runs tsc on a folder; answers what it complains of, "" when nothing. */
function compile(folder, include, options) {
    const config = { compilerOptions: { ...COMPILER_OPTIONS, ...options }, include };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const run = spawnSync(process.execPath, [TSC, "-p", folder], { encoding: "utf8" });
    return run.status === 0 ? "" : `${run.stdout}${run.stderr}` || `tsc: exit ${run.status}`;
}

/** Makes the declarations in a folder of its own; answers {complaints, files: Map(name, text)}. */
export function makeDeclarations() {
    const folder = mkdtempSync(join(tmpdir(), "muster-types-"));
    try {
        for (const name of readdirSync(SDK)) {
            if (name.endsWith(".js") || name === HAND_WRITTEN) {
                copyFileSync(join(SDK, name), join(folder, name));
            }
        }
        const complaints = compile(folder, ["*.js", HAND_WRITTEN], {
            declaration: true,
            emitDeclarationOnly: true,
            outDir: join(folder, "out"),
        });
        const files = new Map();
        if (complaints) return { complaints, files };
        for (const name of readdirSync(join(folder, "out"))) {
            files.set(name, readFileSync(join(folder, "out", name), "utf8"));
        }
        files.set("index.d.ts", files.get("index.d.ts").trimEnd() + ALL_TYPES);
        return { complaints, files };
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** Checks a program that uses the package as npm would install it, by its declarations alone. */
export function checkUse(source, options = {}) {
    const folder = mkdtempSync(join(tmpdir(), "muster-types-"));
    const installed = join(folder, "node_modules/muster-client");
    try {
        mkdirSync(installed, { recursive: true });
        for (const name of readdirSync(SDK).filter((n) => /\.d\.ts$|^package\.json$/.test(n))) {
            copyFileSync(join(SDK, name), join(installed, name));
        }
        writeFileSync(join(folder, "use.ts"), source);
        writeFileSync(join(folder, "package.json"), '{"type": "module"}');
        return compile(folder, ["use.ts"], { noEmit: true, ...options });
    } finally {
        rmSync(folder, { recursive: true });
    }
}

/** Names of declaration files that differ from what the modules say. */
export function staleDeclarations(files) {
    const present = readdirSync(SDK).filter((n) => n.endsWith(".d.ts") && n !== HAND_WRITTEN);
    const names = new Set([...files.keys(), ...present]);
    return [...names].filter((name) => {
        if (!files.has(name) || !present.includes(name)) return true;
        return files.get(name) !== readFileSync(join(SDK, name), "utf8");
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const { complaints, files } = makeDeclarations();
    if (complaints) {
        console.error(complaints);
        process.exit(1);
    }
    const stale = staleDeclarations(files);
    if (process.argv.includes("--write")) {
        for (const [name, text] of files) writeFileSync(join(SDK, name), text);
        console.log(`${stale.length} declaration files written`);
    } else if (stale.length) {
        console.error(`out of date (node tests/unit/sdk_js/types.mjs --write): ${stale.join(" ")}`);
        process.exit(1);
    }
}
