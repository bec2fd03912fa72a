// scripts - hostile scripts of a folder: what their headers say, how they are dressed as a rule, and
// what their end means.

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

/** Their own work is so large that a stop for time or memory is as good as an error. */
const LARGE = new Set([15, 16, 17, 18, 21, 34, 35]);

// In front of the first line, so that lines keep their numbers; behind the last a command that calls
// attack(), in the realm of the match, where everything is bound to the real functions.
const BEFORE =
    "host = {player = function() return match.player(1) end, lobby = function() return lobby end, " +
    "drop = function(p) p:kick('dropped') end, store = function(k, v) return storage.set(k, v) end, " +
    "after = function(s, f) return timer.after(s, f) end} ";
const BEHIND = '\ncommand.register{name = "attack", fn = function() return attack() end}\n';

export const GLOBALS = ["attack", "host"];

export function dress(text) {
    return BEFORE + text + BEHIND;
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
 * What became of one: {entered, refused, killed, error, answer}.
 *
 * @returns {string} why that is a failure, or ""
 */
export function fault(script, end) {
    const { expect, isLarge } = script;
    const answer = end.answer ?? "";
    if (end.refused && /blocked|error|killed/.test(expect)) return "";
    if (!end.entered) return `never entered: ${end.refused ?? ""}`;
    if (answer.startsWith("ESCAPED")) return "escaped";
    if (answer.startsWith("SKIP")) return "nothing to attack";
    if (end.killed) return /killed/.test(expect) || isLarge ? "" : "killed";
    if (end.error) {
        const memory = isLarge && /not enough memory/.test(end.error);
        return /error|blocked/.test(expect) || memory ? "" : "raised an error";
    }
    if (/^(BLOCKED|CHECK-VICTIM|COMPARE)/.test(answer)) return "";
    return /finishes/.test(expect) ? "" : "finished";
}

/** Its end in one word. */
export function verdict(end) {
    if (end.refused) return "refused";
    if (end.killed) return "killed";
    if (end.error) return "error";
    return /^(BLOCKED|ESCAPED|SKIP|CHECK-VICTIM|COMPARE)/.exec(end.answer ?? "")?.[0].toLowerCase() ?? "finished";
}
