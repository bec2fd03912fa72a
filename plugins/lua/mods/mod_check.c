/* mod_check - what is wrong with a mod before anybody plays it.
 *
 * Each file is compiled in a scratch sandbox and never run; mod_code.c says what it uses. Errors
 * are only what is sure to fail; what may be meant otherwise is a warning.
 */
#include "internal.h"
#include "mod_code.h"
#include "mod_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 500, NAMES_MAX = 512, SCRATCH_BYTES = 64 << 20 };

struct check {
    const struct mod *mod;
    const struct mod_check_rules *rules;
    const struct mod_file *file; /* that is looked at */
    struct mod_finding findings[FINDINGS_MAX];
    uint32_t count;
    bool *settings_named;  /* by setting: its key stands in the code */
    bool *functions_named; /* by function of the rules: its name stands in the code */
    struct mod_memory *memory;
    bool is_full; /* no memory */
};

static void find(struct check *check, bool is_error, const char *file, int line, const char *format,
                 ...) MUSTER_PRINTF(5, 6);
static void find(struct check *check, bool is_error, const char *file, int line, const char *format,
                 ...) {
    char raw[512], text[512];
    va_list args;
    if (check->count == FINDINGS_MAX) return;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    errors_escape(raw, strlen(raw), text, sizeof text); /* names are the mod's */
    const char *kept = mod_memory_copy(&check->memory, text, strlen(text));
    check->is_full |= !kept;
    if (kept) check->findings[check->count++] = (struct mod_finding){is_error, line, file, kept};
}

/* "; did you mean \"storage\"?", or "" */
static const char *suggest(const char *word, const char *const *names, size_t count, char *out,
                           size_t size) {
    const char *near = mod_word_nearest(word, names, count);
    *out = '\0';
    if (near) snprintf(out, size, "; did you mean \"%s\"?", near);
    return out;
}

static bool is_of(const char *word, const char *const *names, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0) return true;
    return false;
}

/* ---- globals */

static void check_read(struct check *check, const struct code_use *use) {
    char hint[96];
    const struct mod_check_rules *rules = check->rules;
    if (is_of(use->root, rules->globals, rules->global_count)) return;
    find(check, true, check->file->path, use->line, "unknown global '%.64s'%s", use->root,
         suggest(use->root, rules->globals, rules->global_count, hint, sizeof hint));
}

static void check_write(struct check *check, const struct code_use *use) {
    const char *writable = check->rules->writable;
    bool is_rule = check->mod->kind == MOD_RULE;
    if (is_rule && writable && strcmp(use->root, writable) == 0) return;
    if (is_of(use->root, check->rules->globals, check->rules->global_count))
        find(check, true, check->file->path, use->line, "assigns to the global '%.64s' of the API",
             use->root);
    else
        find(check, true, check->file->path, use->line,
             "assigns to the undeclared global '%.64s' (did you forget 'local'?)", use->root);
}

/* ---- functions of the API */

/* Is it "root.field"? Without a root: ":field". */
static bool is_function(const char *name, const char *root, const char *field) {
    size_t len = root ? strlen(root) : 0;
    if (root && strncmp(name, root, len) != 0) return false;
    return name[len] == (root ? '.' : ':') && strcmp(name + len + 1, field) == 0;
}

static void check_permission(struct check *check, const struct mod_check_function *function,
                             int line, bool is_sure) {
    if ((check->mod->permissions & function->permission) == function->permission) return;
    find(check, is_sure, check->file->path, line,
         "%s%s needs the permission \"%s\", which mod.json does not ask for",
         is_sure ? "" : "a player's ", function->name + (*function->name == ':'),
         mod_permission_name(function->permission));
}

/* The names of the fields that the API's table has; 0: it is no table of the API. */
static size_t fields_of(const struct mod_check_rules *rules, const char *root, const char **names) {
    size_t count = 0, len = strlen(root);
    for (uint32_t i = 0; i < rules->function_count && count < NAMES_MAX; i++) {
        const char *name = rules->functions[i].name;
        if (strncmp(name, root, len) == 0 && name[len] == '.') names[count++] = name + len + 1;
    }
    return count;
}

static void check_setting(struct check *check, const struct code_use *use) {
    const char *names[MOD_SETTINGS_MAX];
    char hint[96];
    const struct mod *mod = check->mod;
    if (mod_setting(mod, use->field)) return;
    for (uint32_t i = 0; i < mod->setting_count; i++) names[i] = mod->settings[i].key;
    find(check, true, check->file->path, use->line, "settings.json has no '%.64s'%s", use->field,
         suggest(use->field, names, mod->setting_count, hint, sizeof hint));
}

static void check_field(struct check *check, const struct code_use *use) {
    const char *names[NAMES_MAX];
    char hint[96];
    const struct mod_check_rules *rules = check->rules;
    if (strcmp(use->root, "settings") == 0) check_setting(check, use);
    size_t count = fields_of(rules, use->root, names);
    if (count == 0) return;
    for (uint32_t i = 0; i < rules->function_count; i++) {
        if (!is_function(rules->functions[i].name, use->root, use->field)) continue;
        check_permission(check, &rules->functions[i], use->line, true);
        return;
    }
    find(check, true, check->file->path, use->line, "%.64s has no '%.64s'%s", use->root, use->field,
         suggest(use->field, names, count, hint, sizeof hint));
}

static void check_set(struct check *check, const struct code_use *use) {
    const char *names[NAMES_MAX];
    if (strcmp(use->root, "settings") == 0)
        find(check, true, check->file->path, use->line,
             "assigns to settings.%.64s: settings cannot "
             "be written",
             use->field);
    else if (fields_of(check->rules, use->root, names))
        find(check, true, check->file->path, use->line, "assigns to %.64s.%.64s of the API",
             use->root, use->field);
}

static void check_method(struct check *check, const struct code_use *use) {
    for (uint32_t i = 0; i < check->rules->function_count; i++) {
        const struct mod_check_function *function = &check->rules->functions[i];
        if (is_function(function->name, NULL, use->field))
            check_permission(check, function, use->line, false);
    }
}

/* ---- calls with a literal */

static bool is_call(const struct code_use *use, const char *root, const char *field) {
    if (strcmp(use->root, root) != 0 || !use->field != !field) return false;
    return !field || strcmp(use->field, field) == 0;
}

static void check_event(struct check *check, const struct code_use *use) {
    char hint[96];
    const struct mod_check_rules *rules = check->rules;
    if (!rules->event_count || is_of(use->text, rules->events, rules->event_count)) return;
    find(check, true, check->file->path, use->line, "unknown event \"%.64s\"%s", use->text,
         suggest(use->text, rules->events, rules->event_count, hint, sizeof hint));
}

static void check_call(struct check *check, const struct code_use *use) {
    if (is_call(use, "hooks", "on")) check_event(check, use);
    if (is_call(use, "i18n", "t") && !mod_text(check->mod, "en", use->text))
        find(check, true, check->file->path, use->line, "locale/en.json has no \"%.64s\"",
             use->text);
    if (is_call(use, "require", NULL) && !mod_file(check->mod, use->text))
        find(check, true, check->file->path, use->line, "this mod has no module \"%.64s\"",
             use->text);
}

/* ---- texts: what may be used in a way that is not followed */

static void mark_text(struct check *check, const char *text) {
    const struct mod *mod = check->mod;
    for (uint32_t i = 0; i < mod->setting_count; i++)
        check->settings_named[i] |= strcmp(mod->settings[i].key, text) == 0;
    for (uint32_t i = 0; i < check->rules->function_count; i++) {
        const char *name = check->rules->functions[i].name;
        check->functions_named[i] |= strcmp(name + strcspn(name, ".:") + 1, text) == 0;
    }
}

static void check_settings_named(struct check *check) {
    for (uint32_t i = 0; i < check->mod->setting_count; i++)
        if (!check->settings_named[i])
            find(check, false, "settings.json", 0, "nothing reads the setting '%s'",
                 check->mod->settings[i].key);
}

static void check_permissions_used(struct check *check) {
    const struct mod_check_rules *rules = check->rules;
    for (uint32_t bit = 1; bit <= MOD_PERMISSIONS_ALL; bit <<= 1) {
        bool is_known = false, is_used = false;
        for (uint32_t i = 0; i < rules->function_count; i++) {
            if (!(rules->functions[i].permission & bit)) continue;
            is_known = true;
            is_used |= check->functions_named[i];
        }
        if ((check->mod->permissions & bit) && is_known && !is_used)
            find(check, false, "mod.json", 0, "nothing uses the permission \"%s\"",
                 mod_permission_name(bit));
    }
}

/* ---- files */

static void on_use(void *user, const struct code_use *use) {
    struct check *check = user;
    switch (use->kind) {
    case CODE_READ: check_read(check, use); break;
    case CODE_WRITE: check_write(check, use); break;
    case CODE_FIELD: check_field(check, use); break;
    case CODE_SET: check_set(check, use); break;
    case CODE_CALL: check_call(check, use); break;
    case CODE_METHOD: check_method(check, use); break;
    case CODE_TEXT: mark_text(check, use->text); break;
    }
}

struct dump_request {
    int function;
    struct dump dump;
    bool is_done;
};

static int dump_body(lua_State *L) {
    struct dump_request *request = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, request->function);
    request->is_done = dump_write(L, &request->dump, true);
    return 0;
}

/* "koth/init.lua:3: unexpected symbol": the place is told apart. */
static const char *without_place(const char *message, const char *chunk) {
    size_t len = strlen(chunk);
    if (strncmp(message, chunk, len) != 0 || message[len] != ':') return message;
    message += len + 1;
    size_t digits = strspn(message, "0123456789");
    if (digits && message[digits] == ':') message += digits + 1;
    return message + strspn(message, " ");
}

static void compile_failed(struct check *check, const struct sandbox *sandbox) {
    const struct sandbox_error *error = sandbox_error(sandbox);
    const char *message = error ? error->message : "does not compile";
    find(check, true, check->file->path, error ? error->line : 0, "%.400s",
         without_place(message, check->file->chunk));
}

static muster_status check_file(struct check *check, struct sandbox *sandbox) {
    struct dump_request request = {0};
    const struct mod_file *file = check->file;
    if (sandbox_load(sandbox, file->text, file->len, file->chunk, &request.function)) {
        compile_failed(check, sandbox);
        return MUSTER_OK;
    }
    muster_status status = sandbox_enter(sandbox, dump_body, &request);
    if (!status && !request.is_done) status = MUSTER_NO_MEMORY;
    if (!status) status = mod_code_walk(&request.dump, on_use, check);
    free(request.dump.bytes);
    sandbox_release(sandbox, request.function);
    return status;
}

/* A state for each, so that one which needs too much spoils no other. */
static muster_status check_files(struct check *check) {
    const struct sandbox_limits limits = {
        .memory_bytes = SCRATCH_BYTES, .call_units = UINT32_MAX, .second_cpu_us = UINT32_MAX};
    muster_status status = MUSTER_OK;
    for (uint32_t i = 0; !status && i < check->mod->file_count; i++) {
        struct sandbox *sandbox;
        check->file = &check->mod->files[i];
        status = sandbox_create(&limits, NULL, 1, &sandbox);
        if (status) return status;
        status = check_file(check, sandbox);
        sandbox_destroy(sandbox);
    }
    return status;
}

/* ---- the whole */

static int by_place(const void *a, const void *b) {
    const struct mod_finding *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    if (order == 0) order = (x->line > y->line) - (x->line < y->line);
    return order ? order : strcmp(x->text, y->text);
}

static void tell(struct check *check, mod_finding_fn fn, void *user) {
    qsort(check->findings, check->count, sizeof *check->findings, by_place);
    for (uint32_t i = 0; i < check->count; i++)
        if (i == 0 || by_place(&check->findings[i - 1], &check->findings[i]) != 0)
            fn(user, &check->findings[i]);
}

muster_status mod_check(const struct mod *mod, const struct mod_check_rules *rules,
                        mod_finding_fn fn, void *user) {
    struct check *check = calloc(1, sizeof *check);
    if (!check) return MUSTER_NO_MEMORY;
    check->mod = mod;
    check->rules = rules;
    check->settings_named = mod_memory_take(&check->memory, mod->setting_count);
    check->functions_named = mod_memory_take(&check->memory, rules->function_count);
    muster_status status = MUSTER_NO_MEMORY;
    if (check->settings_named && check->functions_named) status = check_files(check);
    if (!status) {
        check_settings_named(check);
        check_permissions_used(check);
    }
    if (!status && check->is_full) status = MUSTER_NO_MEMORY;
    if (!status) tell(check, fn, user);
    mod_memory_free(check->memory);
    free(check);
    return status;
}

void mod_finding_print(const struct mod_finding *finding, char *out, size_t size) {
    const char *level = finding->is_error ? "error" : "warning";
    if (finding->line)
        snprintf(out, size, "%s:%d: %s: %s", finding->file, finding->line, level, finding->text);
    else
        snprintf(out, size, "%s: %s: %s", finding->file, level, finding->text);
}
