/* generate_lint - settings of luacheck and of lua-language-server. */
#include "generate.h"
#include "manual.h"
#include "names.h"
#include "text.h"

#include <string.h>

/* ---- luacheck -------------------------------------------------------------------------------- */

static void put_library(struct muster_writer *out) {
    static struct names names;
    names_library(&names);
    for (unsigned i = 0; i < names.count; i++) {
        const char *global = names.list[i].global;
        unsigned end = i + 1;
        while (end < names.count && strcmp(names.list[end].global, global) == 0) end++;
        if (end == i + 1) {
            text_put(out, "        \"%s\",\n", global);
            continue;
        }
        text_put(out, "        %s = {fields = {", global);
        for (unsigned field = ++i; field < end; field++)
            text_put(out, "%s\"%s\"", field == i ? "" : ", ", names.list[field].field);
        text_put(out, "}},\n");
        i = end - 1;
    }
}

static void put_table(struct muster_writer *out, const struct api_table *table) {
    if (*table->name >= 'A' && *table->name <= 'Z') return; /* a class is no global */
    text_put(out, "        %s = {fields = {", table->name);
    for (const struct api_function *f = table->functions; f->name; f++)
        text_put(out, "%s\"%s\"", f == table->functions ? "" : ", ", f->name);
    text_put(out, "}},\n");
}

static void put_globals(struct muster_writer *out) {
    for (const struct manual_global *global = manual_globals; global->name; global++) {
        if (strcmp(global->name, "state") == 0) continue;
        bool has_fields = global->type[0] == '{' || strncmp(global->type, "table", 5) == 0;
        text_put(out, has_fields ? "        %s = {other_fields = true},\n" : "        \"%s\",\n",
                 global->name);
    }
}

static void put_tests(struct muster_writer *out) {
    for (const struct api_function *f = manual_spec_functions; f->name; f++)
        text_put(out, "        \"%s\",\n", f->name);
    for (const struct api_table *table = manual_spec_tables; table->name; table++)
        put_table(out, table);
    text_put(out, "        mod = {other_fields = true},\n");
}

void generate_luacheck(struct muster_writer *out) {
    text_put(out,
             "-- luacheck --config muster.luacheckrc MOD: what mods may use. Made by \"mods api "
             "luacheck\"; do not\n-- edit.\n"
             "std = \"muster_library+muster\"\n"
             "max_line_length = 100\n"
             "unused_args = false -- a handler takes its arguments by place\n\n"
             "stds.muster_library = {\n    read_globals = {\n");
    put_library(out);
    text_put(out,
             "    },\n}\n\nstds.muster = {\n    globals = {\"state\"},\n    read_globals = {\n");
    put_globals(out);
    for (const struct api_table *table = api_tables; table->name; table++) put_table(out, table);
    text_put(out, "    },\n}\n\nstds.muster_spec = {\n    read_globals = {\n");
    put_tests(out);
    text_put(out,
             "    },\n}\n\nfiles[\"**/tests/*.lua\"] = {std = \"muster_library+muster_spec\"}\n");
}

/* ---- lua-language-server --------------------------------------------------------------------- */

/* A part of the standard library that states do not have. */
static bool lacks(const struct names *names, const char *global) {
    for (unsigned i = 0; i < names->count; i++)
        if (strcmp(names->list[i].global, global) == 0) return false;
    return true;
}

static void put_disabled(struct muster_writer *out) {
    static const char *const libraries[] = {"bit", "bit32", "debug", "ffi",
                                            "io",  "jit",   "os",    "package"};
    static struct names names;
    names_library(&names);
    const char *comma = "";
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        if (!lacks(&names, libraries[i])) continue;
        text_put(out, "%s\n        \"%s\": \"disable\"", comma, libraries[i]);
        comma = ",";
    }
}

void generate_luarc(struct muster_writer *out) {
    text_put(out, "{\n    \"runtime.version\": \"Lua 5.4\",\n    \"runtime.builtin\": {");
    put_disabled(out);
    text_put(out, "\n    },\n    \"workspace.library\": [\"sdk/lua\"],\n"
                  "    \"diagnostics.globals\": [\"state\"]\n}\n");
}
