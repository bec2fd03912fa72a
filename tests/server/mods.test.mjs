// The tool for people who write mods: muster new, mods, and what it hands on to musterd --run.

import assert from "node:assert/strict";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ENGINE, ROOT, SANITIZED, muster, runDaemon, startServer, tempDir } from "../kit/harness.mjs";
import { writeFiles } from "../kit/mods.mjs";

const USAGE = 64;
const NOT_MADE = 73;

const FILES = ["init.lua", "locale/en.json", "mod.json", "settings.json"];

/** A directory with the two mods that `muster new` makes. */
async function newMods(t) {
    const cwd = await tempDir(t);
    for (const [kind, name] of [["mode", "my_hill"], ["rule", "strong_hits"]]) {
        const { code, stderr } = await muster(cwd, "new", kind, name);
        assert.equal(code, 0, stderr);
    }
    return cwd;
}

async function filesBelow(dir) {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((file) => path.relative(dir, path.join(file.parentPath ?? file.path, file.name))).sort();
}

test("muster new writes whole mods, with their names in place", async (t) => {
    const cwd = await newMods(t);
    const files = ["my_hill", "strong_hits"].flatMap((name) =>
        [...FILES, `tests/${name}_spec.lua`].map((file) => `${name}/${file}`),
    );
    assert.deepEqual(await filesBelow(path.join(cwd, "mods")), [".luarc.json", ...files].sort());
    for (const file of [".luarc.json", ...files]) {
        const text = await readFile(path.join(cwd, "mods", file), "utf8");
        assert.doesNotMatch(text, /@[A-Z]+@/, file);
        if (file.endsWith(".json")) JSON.parse(text);
    }
    const manifest = JSON.parse(await readFile(path.join(cwd, "mods/my_hill/mod.json"), "utf8"));
    assert.equal(manifest.id, "my_hill");
    assert.equal(manifest.name, "My hill");
    const spec = await readFile(path.join(cwd, "mods/strong_hits/tests/strong_hits_spec.lua"), "utf8");
    assert.match(spec, /strongHitsPercent/);
});

test("nothing is overwritten", async (t) => {
    const cwd = await newMods(t);
    await writeFile(path.join(cwd, "mods/.luarc.json"), "mine");
    const init = path.join(cwd, "mods/my_hill/init.lua");
    await writeFile(init, "mine");
    const again = await muster(cwd, "new", "rule", "my_hill");
    assert.equal(again.code, NOT_MADE);
    assert.match(again.stderr, /mods\/my_hill: it is there already/);
    assert.equal(await readFile(init, "utf8"), "mine");
    assert.equal((await muster(cwd, "new", "rule", "another")).code, 0);
    assert.equal(await readFile(path.join(cwd, "mods/.luarc.json"), "utf8"), "mine");
});

test("what cannot be made is refused with a sentence", async (t) => {
    const cwd = await tempDir(t);
    for (const args of [[], ["mode"], ["game", "x"], ["mode", "Big"], ["mode", "../x"], ["rule", "x".repeat(33)]]) {
        const { code, stderr } = await muster(cwd, "new", ...args);
        assert.equal(code, USAGE, args.join(" "));
        assert.match(stderr, /^muster: new: .+\nUsage: /);
    }
    await writeFile(path.join(cwd, "mods"), "a file");
    const { code, stderr } = await muster(cwd, "new", "mode", "x");
    assert.equal(code, NOT_MADE);
    assert.match(stderr, /mods/);
    assert.deepEqual(await filesBelow(cwd), ["mods"]);
    const longest = await muster(cwd, "new", "rule", "x".repeat(32), "--dir", "others");
    assert.equal(longest.code, 0, longest.stderr);
});

test("a server that is started there offers them", async (t) => {
    const cwd = await newMods(t);
    const { code, stdout, stderr } = await muster(cwd, "mods");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^my_hill 0\.1\.0\+[0-9a-f]{8}, mode on arena, chat/m);
    assert.match(stdout, /^strong_hits 0\.1\.0\+[0-9a-f]{8}, rule/m);
});

test("they are played to the end by bots", async (t) => {
    const cwd = await newMods(t);
    const config = JSON.parse(await readFile(ENGINE, "utf8"));
    config.plugins.splice(config.plugins.indexOf("mode_arena") + 1, 0, "lua");
    await writeFile(path.join(cwd, "config.json"), JSON.stringify(config));
    const settings = JSON.stringify({ botFill: 6, pointsToWin: 3, rules: ["strong_hits"] });
    const { code, stdout, stderr } = await runDaemon(
        ["--config", "config.json", "--run", `engine-play my_hill ${settings}`],
        { cwd },
    );
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stderr, "");
    const results = JSON.parse(stdout);
    assert.equal(results.reason, "score_limit");
    assert.equal(results.finalScores[results.winningTeam], 3);
});

test("folders are handed on whole, wherever they lie", async (t) => {
    const cwd = await newMods(t);
    await rename(path.join(cwd, "mods"), path.join(cwd, 'my "mods" \\here'));
    const { code, stdout, stderr } = await muster(cwd, "check", 'my "mods" \\here/my_hill');
    assert.equal(code, 0, stdout + stderr);
    const missing = await muster(cwd, "check", "mods/my_hill");
    assert.equal(missing.code, USAGE);
    assert.match(missing.stderr, /no such folder: mods\/my_hill/);
    for (const args of [["check"], ["test", ".", "--junit"], ["check", ".", "--junit", "x"]]) {
        const refused = await muster(cwd, ...args);
        assert.equal(refused.code, USAGE, refused.stderr);
    }
});

// ---- muster test ------------------------------------------------------------------------------------

const RULE = {
    "mod.json": JSON.stringify({
        id: "probe", name: "Probe", version: "1.2.3", api: "1", kind: "rule", author: "muster", license: "MIT",
        description: "For tests.", permissions: ["chat", "storage"],
    }),
    "settings.json": JSON.stringify([{ key: "bonus", type: "int", default: 3, min: 0, max: 9, label: "Bonus" }]),
    "init.lua": `
hooks.on("damage", "bonus", function(amount) return amount + settings.bonus end)
hooks.on("kill", "count", function() storage.add("kills", 1) end)
hooks.on("zone_enter", "break", function() local t; t.x = 1 end)
hooks.on("zone_leave", "spin", function() while true do end end)
command.register{name = "kills", fn = function() return "kills " .. storage.get("kills", 0) end}
`,
};

/** Runs a spec of the rule `probe`, which may have other files, too. */
async function testProbe(t, spec, { files = {}, args = [] } = {}) {
    const cwd = await tempDir(t);
    await writeFiles(path.join(cwd, "probe"), { ...RULE, "tests/a_spec.lua": spec, ...files });
    const result = await muster(cwd, "test", "probe", ...args);
    return { ...result, cwd, last: result.stdout.trimEnd().split("\n").at(-1) };
}

const LOBBY = `
local w, l, ann, bob
before_each(function()
    w = test.world{}
    l = w:lobby{players = {"ann", "bob"}, start = true}
    ann, bob = table.unpack(l:players())
end)
`;

test("new mods pass their checks and tests", async (t) => {
    const cwd = await newMods(t);
    for (const mod of ["mods/my_hill", "mods/strong_hits"]) {
        const checked = await muster(cwd, "check", mod);
        assert.equal(checked.code, 0, checked.stdout);
        assert.equal(checked.stdout, "0 errors, 0 warnings\n");
        const tested = await muster(cwd, "test", mod);
        assert.equal(tested.code, 0, tested.stdout);
        assert.match(tested.stdout, /^[1-9]\d* passed, 0 failed\n$/m);
        assert.equal(tested.stderr, "");
    }
});

test("a failure is told with its line, both values and an exit code", async (t) => {
    const { code, stdout, last } = await testProbe(
        t,
        `${LOBBY}
it("adds the bonus", function() assert.equals(13, l:damage(10, ann, bob)) end)
it("is wrong", function() assert.equals(14, l:damage(10, ann, bob), "sum") end)`,
    );
    assert.equal(code, 1);
    assert.match(stdout, /^ {4}ok tests\/a_spec\.lua: adds the bonus \(\d+ ms\)$/m);
    assert.match(stdout, /^FAILED tests\/a_spec\.lua: is wrong \(\d+ ms\)\n +probe\/tests\/a_spec\.lua:10: sum: expected 14, found 13\n/m);
    assert.equal(last, "FAILED: 1 passed, 1 failed");
});

test("what the mod raises fails the test that does not take it", async (t) => {
    const { code, stdout } = await testProbe(
        t,
        `${LOBBY}
it("forgets it", function() l:notify("zone_enter", ann, 1) end)
it("takes it", function()
    l:notify("zone_enter", ann, 1)
    local errors = w:errors()
    assert.equals(1, #errors)
    assert.matches("probe/init.lua:4: attempt to index a nil value", errors[1])
end)
it("is stopped, as in a lobby", function()
    l:notify("zone_leave", ann, 1)
    assert.matches("over its instructions limit", w:errors()[1])
    assert.equals(10, l:damage(10, ann, bob))
    l:advance(0.1)
    assert.equals(13, l:damage(10, ann, bob), "begins anew")
end)`,
    );
    assert.equal(code, 1);
    assert.match(stdout, /^FAILED .+: forgets it .+\n.+errors\(\)\n.+probe: error: probe\/init\.lua:4: .+\(match realm\)$/m);
    assert.match(stdout, /^ {4}ok .+: takes it/m);
    assert.match(stdout, /^ {4}ok .+: is stopped, as in a lobby/m);
});

test("a state that cannot be kept fails the test that has made it, however short", async (t) => {
    const { stdout, last } = await testProbe(
        t,
        `${LOBBY}
it("is odd in a match", function() ann:chat("/odd") end)
it("is odd in a lobby", function() ann:chat("/lobby_odd") end)
it("is large", function() ann:chat("/large") end)
it("is fine", function() end)`,
        {
            files: {
                "init.lua": `
command.register{name = realm == "match" and "odd" or "lobby_odd", fn = function() state.f = print end}
if realm == "match" then command.register{name = "large", fn = function() state.f = ("x"):rep(66000) end} end`,
            },
        },
    );
    assert.equal(last, "FAILED: 1 passed, 3 failed");
    assert.match(stdout, /state cannot be kept: value over 65536 bytes/);
    assert.match(stdout, /state\.f cannot be kept.*\(match realm\)/);
    assert.match(stdout, /state\.f cannot be kept.*\(lobby realm\)/);
});

test("a test that never ends is stopped, and the next one runs", async (t) => {
    const { code, stdout, last } = await testProbe(
        t,
        `it("spins", function() while true do end end)
it("is next", function() assert.is_true(true) end)`,
    );
    assert.equal(code, 1);
    assert.match(stdout, /^FAILED .+: spins .+\n +script stopped: over its instructions limit$/m);
    assert.equal(last, "FAILED: 1 passed, 1 failed");
});

test("what a test prints is told up to a limit, which each has to itself", async (t) => {
    const { stdout, code } = await testProbe(
        t,
        `for i = 1, 2 do
    it("prints " .. i, function() for n = 1, 600 do print("test", i, "line", n) end end)
end`,
    );
    assert.equal(code, 0);
    for (const i of [1, 2]) {
        const lines = stdout.split("\n").filter((line) => line.includes(`test\t${i}\tline`) || line.includes(`test ${i} line`));
        assert.equal(lines.length, 499);
    }
    assert.equal(stdout.match(/^ +\.\.\.$/gm).length, 2);
});

test("no test finds what another one has left", async (t) => {
    const spec = `${LOBBY}
for i = 1, 3 do
    it("counts from nothing " .. i, function()
        l:notify("kill", ann, bob, "rifle")
        ann:chat("/kills")
        l:advance(0.1)
        assert.truthy(ann:heard("^kills 1$"))
        assert.equals("engine:1", ann:id())
    end)
end`;
    const { code, stdout } = await testProbe(t, spec);
    assert.equal(code, 0, stdout);
});

test("code that a test brings in is out again for the next one", async (t) => {
    const doubled = RULE["init.lua"].replace("amount + settings.bonus", "amount * 2");
    const { code, stdout } = await testProbe(
        t,
        `${LOBBY}
it("takes other code", function()
    assert.is_true(l:reload("tests/next/probe"))
    l:advance(0.1)
    assert.equals(20, l:damage(10, ann, bob))
end)
it("begins with the folder's", function() assert.equals(13, l:damage(10, ann, bob)) end)
it("refuses what does not start", function()
    local taken, why = l:reload("tests/broken/probe")
    assert.is_false(taken)
    assert.matches("init.lua:1", why)
    assert.equals(13, l:damage(10, ann, bob))
end)`,
        {
            files: {
                "tests/next/probe/mod.json": RULE["mod.json"],
                "tests/next/probe/settings.json": RULE["settings.json"],
                "tests/next/probe/init.lua": doubled,
                "tests/broken/probe/mod.json": RULE["mod.json"],
                "tests/broken/probe/settings.json": RULE["settings.json"],
                "tests/broken/probe/init.lua": "local t; t.x = 1",
            },
        },
    );
    assert.equal(code, 0, stdout);
});

test("an id of 32 letters is as good as another, and a folder may have any name", async (t) => {
    const cwd = await tempDir(t);
    const id = "a".repeat(32);
    const folder = path.join('odd "na\\me"', id);
    await writeFiles(path.join(cwd, folder), {
        "mod.json": RULE["mod.json"].replace('"probe"', `"${id}"`),
        "init.lua": `hooks.on("kill", "count", function() state.kills = (state.kills or 0) + 1 end)
hooks.on("damage", "count", function(amount) return amount + (state.kills or 0) end)`,
        "tests/a_spec.lua": `${LOBBY}
it("is restored", function()
    l:notify("kill", ann, bob, "rifle")
    l:restore()
    assert.equals(11, l:damage(10, ann, bob))
end)`,
    });
    const { code, stdout, stderr } = await muster(cwd, "test", folder);
    assert.equal(code, 0, stdout + stderr);
});

test("--filter chooses tests, and choosing none is a failure", async (t) => {
    const spec = `describe("group", function()
    it("one", function() end)
    it("two words", function() end)
end)`;
    assert.equal((await testProbe(t, spec, { args: ["--filter", "two words"] })).last, "1 passed, 0 failed");
    const none = await testProbe(t, spec, { args: ["--filter", "three"] });
    assert.equal(none.code, 1);
    assert.match(none.stdout, /^no test was found in .+\/probe\/tests$/m);
});

test("--junit writes what machines read", async (t) => {
    const { code, cwd } = await testProbe(
        t,
        `it("good", function() end)
it('has <odd> & "signs"', function() assert.equals("<a>", "&") end)`,
        { args: ["--junit", "out.xml"] },
    );
    assert.equal(code, 1);
    const xml = await readFile(path.join(cwd, "out.xml"), "utf8");
    assert.match(
        xml,
        /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites>\n {2}<testsuite name="probe" tests="2" failures="1" errors="0" skipped="0" time="\d+\.\d+">/,
    );
    assert.match(xml, /<testcase classname="probe\.tests\/a_spec\.lua" name="good" time="[\d.]+"\/>/);
    assert.match(xml, /name="has &lt;odd&gt; &amp; &quot;signs&quot;"/);
    assert.match(xml, /<failure message="[^"<>]+expected &quot;&lt;a&gt;&quot;, found &quot;&amp;&quot;">/);
    const open = [];
    for (const [, closes, name, empty] of xml.matchAll(/<(\/?)(\w+)(?:"[^"]*"|[^">])*?(\/?)>/g))
        if (closes) assert.equal(open.pop(), name);
        else if (!empty) open.push(name);
    assert.deepEqual(open, []);
    const unwritable = await testProbe(t, `it("good", function() end)`, { args: ["--junit", "/nowhere/x.xml"] });
    assert.equal(unwritable.code, 1);
    assert.match(unwritable.stdout, /\/nowhere\/x\.xml could not be written/);
});

test("a mod or a spec that does not load says why", async (t) => {
    const broken = await testProbe(t, "it('runs', function() end)", { files: { "init.lua": "local t; t.x = 1" } });
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /probe\/init\.lua:1: attempt to index a nil value/);
    assert.equal(broken.last, "FAILED: the mod does not load");
    const spec = await testProbe(t, "it('runs' function() end)");
    assert.equal(spec.code, 1);
    assert.match(spec.stdout, /a_spec\.lua:1: '\)' expected near 'function'/);
    const bare = await testProbe(t, 'it("a")');
    assert.match(bare.stdout, /probe\/tests\/a_spec\.lua:1: it "a": expected a function, found nil/);
    assert.equal((await muster(spec.cwd, "test", "/")).code, 1);
});

test("a server that serves runs no tests, and says when a command did nothing", async (t) => {
    const server = await startServer(t, {
        config: { plugins: ["db_sqlite", "auth_local", "mode_arena", "lua"] },
    });
    const answer = await server.adminRefusal(`mods test ${ROOT}/scripts/rules/mirror_damage`);
    assert.match(answer, /^FAILED: mods are tested by "muster test"/);
    assert.match(await server.adminRefusal("mods nothing"), /^expected: mods list/);
    assert.match(await server.adminRefusal("mods reload nothing"), /^nothing was not reloaded: there is no mod "nothing"$/);
    assert.match(await server.adminRefusal("mods run nowhere hello"), /^there is no lobby "nowhere" with scripts$/);
    assert.equal((await server.adminAnswer("mods reload nothing")).status, 404);
    assert.equal((await server.adminAnswer("mods run nowhere hello")).status, 404);
    assert.equal((await server.adminAnswer("hooks list nowhere")).status, 404);
    assert.equal((await server.adminAnswer("mods nothing")).status, 400);
    assert.match(await server.adminRefusal("hooks list nowhere"), /^there is no lobby "nowhere" with scripts$/);
});

// ---- muster check -----------------------------------------------------------------------------------

test("check finds what is wrong, each with its place", async (t) => {
    const cwd = await tempDir(t);
    await writeFiles(path.join(cwd, "probe"), {
        ...RULE,
        "init.lua": `hooks.on("demage", "x", function() end)
total = 1
print(setings)
print(settings.bonos)
match.anounce("x")
hooks.on("player_join", "k", function(player) player:kick("no") end)
print(i18n.t("nothing"))
require("other")
settings.bonus = 3
function match.announce() end
`,
        "broken.lua": "local x = = 1",
    });
    const { code, stdout } = await muster(cwd, "check", "probe");
    assert.equal(code, 1);
    for (const finding of [
        /^broken\.lua:1: error: .+$/m,
        /^init\.lua:1: error: unknown event "demage"; did you mean "damage"\?$/m,
        /^init\.lua:2: error: .+'total'.+$/m,
        /^init\.lua:3: error: unknown global 'setings'; did you mean "settings"\?$/m,
        /^init\.lua:4: error: settings\.json has no 'bonos'; did you mean "bonus"\?$/m,
        /^init\.lua:5: error: match has no 'anounce'; did you mean "announce"\?$/m,
        /^init\.lua:6: (error|warning): .*kick.* needs the permission "kick".+$/m,
        /^init\.lua:7: (error|warning): locale\/en\.json has no "nothing"$/m,
        /^init\.lua:8: error: this mod has no module "other"$/m,
        /^init\.lua:9: error: .*settings\.bonus.*cannot be written$/m,
        /^init\.lua:10: error: assigns to match\.announce of the API$/m,
        /^mod\.json: warning: nothing uses the permission "storage"$/m,
        /^FAILED: \d+ errors?, \d+ warnings?\n$/m,
    ])
        assert.match(stdout, finding);
});

test("a text that cannot be read is an error of check", async (t) => {
    const cwd = await tempDir(t);
    await writeFiles(path.join(cwd, "probe"), {
        "mod.json": RULE["mod.json"].replace(',"permissions":["chat","storage"]', ""),
        "init.lua": 'hooks.on("describe", "d", function() return "does nothing" end)',
        "locale/de.json": "{",
    });
    const { code, stdout } = await muster(cwd, "check", "probe");
    assert.equal(code, 1);
    assert.match(stdout, /^error: locale\/de\.json:1: .+\nFAILED: 1 error, 0 warnings\n$/);
});

test("a rule that hooks nothing is told, once", async (t) => {
    const cwd = await tempDir(t);
    await writeFiles(path.join(cwd, "probe"), {
        "mod.json": RULE["mod.json"].replace(',"permissions":["chat","storage"]', ""),
        "init.lua": "local nothing = 1",
    });
    const { code, stdout } = await muster(cwd, "check", "probe");
    assert.equal(code, 0);
    assert.match(stdout, /^init\.lua: warning: nothing is hooked, .+\n0 errors, 1 warning\n$/);
    await writeFiles(path.join(cwd, "probe"), { "init.lua": "local t; t.x = nowhere" });
    const wrong = await muster(cwd, "check", "probe");
    assert.match(wrong.stdout, /^init\.lua:1: error: .+\nFAILED: 1 error, 0 warnings\n$/);
});

test("check of a folder that is no mod says what is missing", async (t) => {
    const cwd = await tempDir(t);
    await mkdir(path.join(cwd, "empty"));
    const { code, stdout } = await muster(cwd, "check", "empty");
    assert.equal(code, 1);
    assert.match(stdout, /^error: .*mod\.json/m);
    await writeFiles(path.join(cwd, "probe"), { ...RULE, "mod.json": RULE["mod.json"].replace('"rule"', '"game"') });
    assert.match((await muster(cwd, "check", "probe")).stdout, /^error: mod\.json: kind: expected .+ found "game"$/m);
});

test("a server that serves warns of a victory that it does not have", async (t) => {
    const cwd = await tempDir(t);
    await writeFiles(path.join(cwd, "probe"), {
        "mod.json": RULE["mod.json"].replace('"rule"', '"mode","victories":["victory_nope"]')
            .replace(',"permissions":["chat","storage"]', ""),
        "init.lua": "return {}",
    });
    const server = await startServer(t, {
        config: { plugins: ["db_sqlite", "auth_local", "mode_arena", "victory_time_limit", "lua"] },
    });
    assert.equal(await server.admin(`mods check ${path.join(cwd, "probe")}`),
        'mod.json: warning: victories[0]: expected a victory plugin (victory_time_limit, lua), found "victory_nope"\n' +
        "0 errors, 1 warning\n");
});

test("what comes along has no findings", { skip: SANITIZED && "the same scripts" }, async (t) => {
    const cwd = await tempDir(t);
    for (const kind of ["modes", "rules"])
        for (const id of await readdir(path.join(ROOT, "scripts", kind))) {
            const { code, stdout } = await muster(cwd, "check", path.join(ROOT, "scripts", kind, id));
            assert.equal(code, 0, `${id}: ${stdout}`);
            assert.equal(stdout, "0 errors, 0 warnings\n", id);
        }
});

// ---- mods api ---------------------------------------------------------------------------------------

test("an unknown format is refused with those that there are", async (t) => {
    const { code, stdout } = await runDaemon(["--run", "mods api xml"], { cwd: await tempDir(t) });
    assert.equal(code, 1);
    assert.match(stdout, /stubs\|luacheck\|luarc\|docs/);
});
