// scripts - hostile scripts of a folder: what their headers say, how they are dressed as a rule, and
// what their end means.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { writeMod } from "../kit/mods.mjs";

/** Their own work is so large that a stop for time or memory is as good as an error. */
const LARGE = new Set([11, 15, 16, 17, 18, 21, 34, 35]);

// In front of the first line, so that lines keep their numbers; behind the last a command that calls
// attack(), in the realm of the match, where everything is bound to the real functions.
const BEFORE =
    "host = {player = function() return match.player(1) end, lobby = function() return lobby end, " +
    "drop = function(p) p:kick('dropped') end, store = function(k, v) return storage.set(k, v) end, " +
    "after = function(s, f) return timer.after(s, f) end} ";
const BEHIND = '\ncommand.register{name = "attack", fn = function() return attack() end}\n';

/** Instead of the command: the file itself. What got through is told by an error. */
const AT_ITS_END =
    "\nlocal answer = tostring(attack()) if answer:find('^ESCAPED') then error(answer, 0) end\n";

export const GLOBALS = ["attack", "host"];

export function dress(text) {
    return BEFORE + text + BEHIND;
}

export function dressAtLoad(text) {
    return BEFORE + text + AT_ITS_END;
}

export function modId({ name }) {
    return `attack_${name.replace(/[^a-z0-9]+/g, "_")}`.slice(0, 31);
}

/** All of them as mods of an operator, below the folder. */
export async function writeMods(folder, scripts) {
    const permissions = ["chat", "kick", "storage"];
    for (const script of scripts)
        await writeMod(folder, modId(script), { permissions }, { "init.lua": dress(script.text) });
}

/** A rule that does what rules do. */
export const HARMLESS = 'function attack() return "BLOCKED: nothing to see" end';

/** Asked next in another lobby of the same process: is anything poisoned? */
export const VICTIM = `
function attack()
  local ok = tostring(12) == "12" and ("%d"):format(3) == "3" and ("ab"):rep(2) == "abab"
    and table.concat({1, 2}, ",") == "1,2" and not pcall(error) and undefined == nil
    and math.floor(2.5) == 2 and string.upper("a") == "A"
  local n = 0
  for _, v in ipairs{5, 6} do n = n + v end
  return ok and n == 11 and "BLOCKED: the next rule is unharmed" or "ESCAPED: the next rule is poisoned"
end`;

function field(text, name) {
    return new RegExp(`^-- ${name}: (.*)$`, "m").exec(text)?.[1].trim() ?? "";
}

export async function readScripts(folder) {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".lua")).sort();
    return Promise.all(
        names.map(async (name) => {
            const text = await readFile(path.join(folder, name), "utf8");
            return {
                name: name.slice(0, -4),
                text,
                class: field(text, "class"),
                expect: field(text, "expect"),
                isLarge: LARGE.has(Number.parseInt(name, 10)),
            };
        }),
    );
}

/**
 * What became of one: {entered, refused, killed, error, answer}. After CHECK-TICK the verdict lies with
 * the ticks of others, which are watched after every attack.
 *
 * @returns {string} why that is a failure, or ""
 */
export function fault(script, end, way) {
    const { expect, isLarge } = script;
    const answer = end.answer ?? "";
    if (/ESCAPED/.test(end.refused ?? "")) return "escaped";
    if (end.refused && (way === "load" || /blocked|error|killed/.test(expect))) return "";
    if (!end.entered) return `never entered: ${end.refused ?? ""}`;
    if (answer.startsWith("ESCAPED")) return "escaped";
    if (answer.startsWith("SKIP")) return "nothing to attack";
    if (way === "load") return "";
    if (end.killed) return /killed/.test(expect) || isLarge ? "" : "killed";
    if (end.error) {
        const memory = isLarge && /not enough memory/.test(end.error);
        return /error|blocked/.test(expect) || memory ? "" : "raised an error";
    }
    if (/^(BLOCKED|CHECK-VICTIM|CHECK-TICK|COMPARE)/.test(answer)) return "";
    return /finishes/.test(expect) ? "" : "finished";
}

/** Its end in one word. */
export function verdict(end) {
    if (end.refused) return "refused";
    if (end.killed) return "killed";
    if (end.error) return "error";
    return /^(BLOCKED|ESCAPED|SKIP|CHECK-VICTIM|CHECK-TICK|COMPARE)/.exec(end.answer ?? "")?.[0].toLowerCase() ?? "finished";
}
