/* generate_stubs - type annotations in the form of LuaCATS, for editors. */
#include "generate.h"
#include "manual.h"
#include "text.h"

#include <string.h>

enum { COMMENT_COLUMNS = 96 };

static bool is_class(const char *name) {
    return *name >= 'A' && *name <= 'Z';
}

/* Folded at blanks. */
static void put_comment(struct muster_writer *out, const char *text) {
    while (*text) {
        size_t len = strlen(text), fold = len;
        if (len > COMMENT_COLUMNS)
            for (fold = COMMENT_COLUMNS; fold > 1 && text[fold] != ' ';) fold--;
        text_put(out, "---%.*s\n", (int)fold, text);
        text += fold;
        text += strspn(text, " ");
    }
}

/* ---- functions ------------------------------------------------------------------------------- */

static void put_params(struct muster_writer *out, const char *params) {
    struct part part;
    while (text_part(&params, &part))
        text_put(out, "---@param %.*s%s %.*s\n", part.name_len, part.name, part.optional ? "?" : "",
                 part.type_len, part.type);
}

static void put_names(struct muster_writer *out, const char *params) {
    struct part part;
    for (const char *comma = ""; text_part(&params, &part); comma = ", ")
        text_put(out, "%s%.*s", comma, part.name_len, part.name);
}

/* An overload for each event: which handler goes with which name. */
static void put_events(struct muster_writer *out) {
    for (int i = 0; i < EVENT_COUNT; i++)
        text_put(out,
                 "---@overload fun(event: \"%s\", id: string, handler: (%s), options?: "
                 "integer|HookOptions)\n",
                 event_table[i].name, event_table[i].signature);
}

static void put_realm(struct muster_writer *out, const struct api_function *function) {
    if (function->realms == REALM_LOBBY) text_put(out, "---Lobby realm only.\n");
    if (function->realms == REALM_MATCH) text_put(out, "---Match realm only.\n");
    if (function->permission)
        text_put(out, "---Permission: %s.\n", mod_permission_name(function->permission));
}

/* table: "" for a global function. */
static void put_function(struct muster_writer *out, const char *table,
                         const struct api_function *function) {
    const char *returns = function->returns;
    struct part part;
    put_comment(out, function->text);
    put_realm(out, function);
    put_params(out, function->params);
    while (text_type(&returns, &part)) text_put(out, "---@return %.*s\n", part.type_len, part.type);
    if (strcmp(table, "hooks") == 0 && strcmp(function->name, "on") == 0) put_events(out);
    const char *dot = *table == '\0' ? "" : is_class(table) ? ":" : ".";
    text_put(out, "function %s%s%s(", table, dot, function->name);
    put_names(out, function->params);
    text_put(out, ") end\n\n");
}

static void put_table(struct muster_writer *out, const struct api_table *table) {
    put_comment(out, table->text);
    text_put(out, "---@class %s%s\n%s%s = {}\n\n", table->name, is_class(table->name) ? "" : "lib",
             is_class(table->name) ? "local " : "", table->name);
    for (const struct api_function *f = table->functions; f->name; f++)
        put_function(out, table->name, f);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void put_aliases(struct muster_writer *out) {
    text_put(out, "---@alias HookOptions {priority?: integer, on_error?: \"deny\"|\"allow\"}\n");
    text_put(out, "---A team of the mode by its name, or none.\n"
                  "---@alias Team \"red\"|\"blue\"|\"none\"|string\n\n"
                  "---What hooks.on can name.\n---@alias Event\n");
    for (int i = 0; i < EVENT_COUNT; i++)
        text_put(out, "---| \"%s\" # %s: %s\n", event_table[i].name,
                 event_kind_name(event_table[i].kind), event_table[i].text);
    text_put(out, "\n");
}

static void put_globals(struct muster_writer *out) {
    for (const struct manual_global *global = manual_globals; global->name; global++) {
        put_comment(out, global->text);
        text_put(out, "---@type %s\n%s = nil\n\n", global->type, global->name);
    }
}

/* A field of a mode's table has the state before the arguments of its event. */
static void put_event_field(struct muster_writer *out, const struct event_info *event) {
    const char *arguments = event->signature + strlen("fun(");
    text_put(out, "---@field %s? fun(state: table%s%s # %s\n", event->name,
             *arguments == ')' ? "" : ", ", arguments, event->text);
}

static bool is_callback(const char *name) {
    const struct manual_callback *callback = manual_callbacks;
    while (callback->name && strcmp(callback->name, name) != 0) callback++;
    return callback->name != NULL;
}

static void put_mode(struct muster_writer *out) {
    text_put(out, "---What a mode's init.lua returns.\n---@class Mode\n");
    for (const struct manual_callback *callback = manual_callbacks; callback->name; callback++)
        text_put(out, "---@field %s? %s # %s%s\n", callback->name, callback->signature,
                 callback->with_base ? "" : "(no base) ", callback->text);
    for (int i = 0; i < EVENT_COUNT; i++)
        if ((event_table[i].realms & REALM_MATCH) && !is_callback(event_table[i].name))
            put_event_field(out, &event_table[i]);
    for (const struct manual_global *field = manual_fields; field->name; field++)
        text_put(out, "---@field %s? %s # (no base) %s\n", field->name, field->type, field->text);
    text_put(out, "\n");
}

void generate_stubs(struct muster_writer *out) {
    text_put(out, "---@meta muster\n"
                  "-- Types for editors (lua-language-server). Made by \"mods api stubs\" from the "
                  "tables that\n-- bind the functions; do not edit.\n\n");
    put_aliases(out);
    put_globals(out);
    put_mode(out);
    for (const struct api_table *table = api_tables; table->name; table++) put_table(out, table);
    text_put(out, "-- ---- tests/*_spec.lua ----\n\n");
    for (const struct api_function *f = manual_spec_functions; f->name; f++)
        put_function(out, "", f);
    for (const struct api_table *table = manual_spec_tables; table->name; table++)
        put_table(out, table);
    out->len--; /* one empty line too many */
}
