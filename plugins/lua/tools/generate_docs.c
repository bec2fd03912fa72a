/* generate_docs - docs/scripting.md: scripting_head.md, then a section for each table. */
#include "generate.h"
#include "manual.h"
#include "text.h"

#include <string.h>

static const char head[] =
#include "scripting_head.inc"
    ;

static bool is_class(const char *name) {
    return *name >= 'A' && *name <= 'Z';
}

/* ---- functions ------------------------------------------------------------------------------- */

static void put_realms(struct muster_writer *out, int realms) {
    if (realms == REALM_BOTH) text_put(out, ", both realms");
    if (realms == REALM_LOBBY) text_put(out, ", lobby realm");
    if (realms == REALM_MATCH) text_put(out, ", match realm");
}

/* table: "" for a global function. */
static void put_function(struct muster_writer *out, const char *table,
                         const struct api_function *function) {
    const char *dot = *table == '\0' ? "" : is_class(table) ? ":" : ".";
    text_put(out, "\n### %s%s%s\n\n`(%s)%s%s`", table, dot, function->name, function->params,
             function->returns[0] ? ": " : "", function->returns);
    put_realms(out, function->realms);
    if (function->permission)
        text_put(out, ", permission `%s`", mod_permission_name(function->permission));
    text_put(out, ". %s\n\n```lua\n%s\n```\n", function->text, function->example);
}

static void put_table(struct muster_writer *out, const struct api_table *table) {
    if (!table->functions->name) return;
    text_put(out, "\n## %s\n\n%s\n", table->name, table->text);
    for (const struct api_function *f = table->functions; f->name; f++)
        put_function(out, table->name, f);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* A handler that does nothing yet: what one writes first. */
static void put_handler(struct muster_writer *out, const struct event_info *event) {
    const char *params = event->signature + strlen("fun("), *comma = "";
    struct part part;
    text_put(out, "```lua\nhooks.on(\"%s\", \"mine\", function(", event->name);
    for (; text_part(&params, &part); comma = ", ")
        text_put(out, "%s%.*s", comma, part.name_len, part.name);
    text_put(out, ")\nend)\n```\n");
}

static void put_events(struct muster_writer *out) {
    text_put(out, "\n## Events\n\nWhat `hooks.on` can name. What a handler returns counts by the "
                  "kind of the event; \"Hooks\" above says how.\n");
    for (int i = 0; i < EVENT_COUNT; i++) {
        const struct event_info *event = &event_table[i];
        text_put(out, "\n### %s\n\n%s", event->name, event_kind_name(event->kind));
        put_realms(out, event->realms);
        text_put(out, ", `%s`. %s%s\n\n", event->signature, event->text,
                 event_is_gate((enum event)i) ? " A gate: denied when a handler fails." : "");
        put_handler(out, event);
    }
}

/* ---- globals and modes ----------------------------------------------------------------------- */

static void put_globals(struct muster_writer *out) {
    text_put(out, "\n## Globals\n\n| name | type | |\n| --- | --- | --- |\n");
    for (const struct manual_global *global = manual_globals; global->name; global++) {
        text_put(out, "| `%s` | `", global->name);
        for (const char *at = global->type; *at; at++)
            text_put(out, "%s%c", *at == '|' ? "\\" : "", *at);
        text_put(out, "` | %s |\n", global->text);
    }
}

static void put_callbacks(struct muster_writer *out) {
    text_put(out, "\n## Callbacks of a mode\n\nFields of the table that a mode's `init.lua` "
                  "returns. All may be left out.\n\n"
                  "| name | signature | with a base | |\n| --- | --- | --- | --- |\n");
    for (const struct manual_callback *c = manual_callbacks; c->name; c++)
        text_put(out, "| `%s` | `%s` | %s | %s |\n", c->name, c->signature,
                 c->with_base ? "yes" : "no", c->text);
    for (const struct manual_global *field = manual_fields; field->name; field++)
        text_put(out, "| `%s` | `%s` | no | %s |\n", field->name, field->type, field->text);
    text_put(out, "\nIn a mode with a base every event of the match realm may be a field, too: a "
                  "handler that gets the state before its arguments. `join` and `leave` stand for "
                  "`player_join` and `player_leave`.\n");
}

static void put_tests(struct muster_writer *out) {
    text_put(out, "\n## In tests\n\nWhat files below `tests/` have, beside the safe Lua library, "
                  "`print`, `require` (of the mod's own files) and `mod`. In the examples `w`, "
                  "`l`, `ann` and `bob` are a world, a lobby of mode arena whose match runs, and "
                  "its two players.\n");
    for (const struct api_function *f = manual_spec_functions; f->name; f++)
        put_function(out, "", f);
    for (const struct api_table *table = manual_spec_tables; table->name; table++)
        put_table(out, table);
}

void generate_docs(struct muster_writer *out) {
    muster_put_bytes(out, head, sizeof head - 1);
    put_globals(out);
    put_callbacks(out);
    put_events(out);
    for (const struct api_table *table = api_tables; table->name; table++) put_table(out, table);
    put_tests(out);
}
