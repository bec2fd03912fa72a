/* spec - runs the tests of a mod; see spec.h. */
#include "spec.h"
#include "catalog.h"
#include "realm_scripts.h"
#include "text.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MEMORY_BYTES = 64 << 20,
    FILE_COUNT_EVERY = 10000,
    SCRIPT_COUNT_EVERY = 1000, /* nothing interrupts a script from outside in a test */
    DETAILS_BYTES = 8192,
};
#define CALL_UNITS UINT64_C(200000000) /* about a second of one test's own code */

static const char spec_text[] =
#include "spec.inc"
    ;
static const char spec_chunk[] = "muster/spec.lua";

/* ---- what mods say --------------------------------------------------------------------------- */

static void put_line(struct spec *spec, const char *mod, const char *colon, const char *line) {
    spec->print_count++;
    if (spec->print_count < SPEC_PRINTS_MAX)
        text_put(spec->report.answer, "       %s%s%s\n", mod, colon, line);
    else if (spec->print_count == SPEC_PRINTS_MAX)
        text_put(spec->report.answer, "       ...\n");
}

static void on_print(void *user, const char *mod, const char *line) {
    put_line(user, mod, ": ", line);
}

static void on_fail(void *user, const char *mod, const char *text) {
    struct spec *spec = user;
    char line[SPEC_ERROR_BYTES];
    snprintf(line, sizeof line, "%s: %s", mod, text);
    for (uint32_t i = 0; i < spec->error_count; i++)
        if (strcmp(spec->errors[i], line) == 0) return; /* it is told once */
    if (spec->error_count < SPEC_ERRORS_MAX) strcpy(spec->errors[spec->error_count++], line);
}

/* ---- the sandbox of a file ------------------------------------------------------------------- */

static bool on_require(void *user, const char *name, const char **text, size_t *len,
                       const char **chunk) {
    const struct spec *spec = user;
    const struct mod_file *file = mod_file(spec->mod, name);
    for (uint32_t i = 0; !file && i < spec->specs->count; i++)
        if (strcmp(spec->specs->files[i].name, name) == 0) file = &spec->specs->files[i];
    if (!file) return false;
    *text = file->text;
    *len = file->len;
    *chunk = file->chunk;
    return true;
}

static void on_spec_print(void *user, const char *line) {
    put_line(user, "", "", line);
}

/* Fields of the table on top become globals. */
static void set_globals(lua_State *L) {
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -3);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

static int open_body(lua_State *L) {
    struct spec *spec = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    sandbox_load_chunk(L, spec_text, sizeof spec_text - 1, spec_chunk);
    spec_world_push(L, spec);
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "globals");
    set_globals(L);
    lua_pop(L, 1);
    lua_getfield(L, -1, "run");
    spec->run = luaL_ref(L, LUA_REGISTRYINDEX);
    sandbox_load_chunk(L, spec->file->text, spec->file->len, spec->file->chunk);
    lua_call(L, 0, 0);
    return 0;
}

static void close_file(struct spec *spec) {
    sandbox_destroy(spec->sandbox);
    spec->sandbox = NULL;
    while (spec->test_count > 0) free(spec->tests[--spec->test_count]);
}

/* Runs the file, which says what tests it has. */
static muster_status open_file(struct spec *spec) {
    const struct sandbox_limits limits = {.memory_bytes = MEMORY_BYTES,
                                          .call_units = CALL_UNITS,
                                          .second_cpu_us = UINT32_MAX,
                                          .count_every = FILE_COUNT_EVERY};
    const struct sandbox_host host = {.user = spec, .require = on_require, .print = on_spec_print};
    close_file(spec);
    muster_status status = sandbox_create(&limits, &host, 1, &spec->sandbox);
    return status ? status : sandbox_enter(spec->sandbox, open_body, spec);
}

/* ---- one test -------------------------------------------------------------------------------- */

/* A string that is cut at its size. */
struct details {
    char text[DETAILS_BYTES];
    size_t used;
};

static void add_line(struct details *details, const char *format, const char *line, int len) {
    size_t room = sizeof details->text - details->used;
    int more = snprintf(details->text + details->used, room, format, len, line);
    if (more > 0) details->used += (size_t)more < room ? (size_t)more : room - 1;
}

/* The frames of the test's own code. */
static void add_frames(struct details *details, const char *traceback) {
    while (*traceback) {
        size_t len = strcspn(traceback, "\n");
        if (strncmp(traceback, spec_chunk, sizeof spec_chunk - 1) != 0)
            add_line(details, "at %.*s\n", traceback, (int)len);
        traceback += len + (traceback[len] == '\n');
    }
}

static void report(struct spec *spec, const char *name, muster_status status, double seconds) {
    static struct details details;
    const struct sandbox_error *error =
        status && spec->sandbox ? sandbox_error(spec->sandbox) : NULL;
    struct spec_outcome outcome = {.file = (char *)(uintptr_t)spec->file->path,
                                   .name = (char *)(uintptr_t)name,
                                   .seconds = seconds};
    details.used = 0;
    details.text[0] = '\0';
    if (error) add_frames(&details, error->traceback);
    for (uint32_t i = 0; i < spec->error_count; i++)
        add_line(&details, "%.*s\n", spec->errors[i], SPEC_ERROR_BYTES);
    if (status)
        outcome.message = (char *)(uintptr_t)(error ? error->message : "out of memory");
    else if (spec->error_count > 0)
        outcome.message = "a mod raised an error that the test did not take with errors()";
    if (outcome.message) outcome.details = details.text;
    spec_report_add(&spec->report, &outcome);
}

static int push_index(lua_State *L, void *user) {
    lua_pushinteger(L, *(const uint32_t *)user + INT64_C(1));
    return 1;
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void run_test(struct spec *spec, uint32_t index) {
    struct sandbox_call call = {.function = spec->run, .push = push_index, .arg = &index};
    double began_s = now_s();
    spec->error_count = spec->print_count = 0;
    muster_status status = sandbox_call(spec->sandbox, &call);
    for (struct lobby *lobby = spec->instance->lobbies; lobby; lobby = lobby->next) {
        realm_check_states(&lobby->match);
        realm_check_states(&lobby->lobby);
    }
    report(spec, spec->tests[index], status, now_s() - began_s);
    spec_world_clear(spec);
    if (status == MUSTER_LIMIT && open_file(spec)) report(spec, "again", MUSTER_INVALID, 0);
}

/* ---- a file, all of them --------------------------------------------------------------------- */

static bool is_spec(const struct mod_file *file) {
    static const char suffix[] = "_spec.lua";
    size_t len = strlen(file->path), suffix_len = sizeof suffix - 1;
    return len > suffix_len && strcmp(file->path + len - suffix_len, suffix) == 0;
}

static void run_file(struct spec *spec) {
    spec->error_count = 0;
    if (open_file(spec)) report(spec, "the file itself", MUSTER_INVALID, 0);
    for (uint32_t i = 0; i < spec->test_count; i++)
        if (strstr(spec->tests[i], spec->filter)) run_test(spec, i);
    close_file(spec);
}

/* Scripts are bounded by counts alone: the same in every run. */
static void run_all(struct spec *spec) {
    struct instance *instance = spec->instance;
    struct sandbox_limits limits = instance->limits;
    instance->limits.count_every = SCRIPT_COUNT_EVERY;
    instance->limits.second_cpu_us = UINT32_MAX;
    for (uint32_t i = 0; i < spec->specs->count; i++) {
        spec->file = &spec->specs->files[i];
        if (is_spec(spec->file)) run_file(spec);
    }
    spec_world_clear(spec);
    instance->limits = limits;
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool read_option(struct spec *spec, const char *word, const char **rest) {
    if (strcmp(word, "--junit") == 0) return text_word(rest, spec->junit, sizeof spec->junit);
    if (strcmp(word, "--filter") == 0) return text_word(rest, spec->filter, sizeof spec->filter);
    char *dir = *word && *word != '-' && !spec->dir[0] ? realpath(word, NULL) : NULL;
    bool fits = dir && strlen(dir) < sizeof spec->dir;
    if (fits) strcpy(spec->dir, dir);
    free(dir);
    return fits;
}

static bool read_arguments(struct spec *spec, const char *arguments) {
    char word[SPEC_PATH_MAX];
    while (text_word(&arguments, word, sizeof word)) {
        if (read_option(spec, word, &arguments)) continue;
        text_put(spec->report.answer, "%s: no such folder or option\n", word);
        return false;
    }
    return spec->dir[0] && !arguments[strspn(arguments, " \t")];
}

/* The mod as the folder has it, and its tests. */
static bool load(struct spec *spec, struct mod_specs *specs) {
    struct instance *instance = spec->instance;
    struct mod_error wrong = {.text = ""};
    char error[400] = "";
    struct mod *mod;
    if (mod_read(spec->dir, &mod, &wrong) || mod_specs_read(spec->dir, specs, &wrong)) {
        text_put(spec->report.answer, "%s\n", wrong.text);
        return false;
    }
    spec->specs = specs;
    spec->tester.mod = mod->id;
    bool loaded = catalog_load(instance, spec->dir, error, sizeof error) == MUSTER_OK;
    if (!loaded) text_put(spec->report.answer, "%s\n", error);
    if (loaded) spec->mod = mod_pin(mods_find(instance->mods, mod->id));
    mod_unpin(mod);
    if (loaded) spec->tester.mod = spec->mod->id;
    return loaded;
}

static void test(struct spec *spec, const char *arguments) {
    struct instance *instance = spec->instance;
    struct mod_specs specs = {.count = 0};
    instance->tester = &spec->tester;
    if (!read_arguments(spec, arguments)) {
        text_put(spec->report.answer, "FAILED: expected mods test DIR [--junit FILE] "
                                      "[--filter TEXT]\n");
    } else if (!load(spec, &specs)) {
        text_put(spec->report.answer, "FAILED: the mod does not load\n");
    } else {
        run_all(spec);
        spec_report_end(&spec->report, spec->mod, spec->junit);
    }
    instance->tester = NULL;
    mod_specs_deinit(&specs);
    mod_unpin(spec->mod);
    spec_report_deinit(&spec->report);
}

void spec_test(struct instance *instance, const char *arguments, struct muster_writer *answer) {
    struct spec *spec = calloc(1, sizeof *spec);
    if (!spec) {
        text_put(answer, "FAILED: out of memory\n");
    } else if (instance->host->engine->seed(instance->self, 1)) {
        text_put(answer, "FAILED: mods are tested by \"muster test\", not by a server\n");
    } else {
        spec->instance = instance;
        spec->report.answer = answer;
        spec->tester = (struct tester){.print = on_print,
                                       .fail = on_fail,
                                       .space = spec_world_space,
                                       .user = spec,
                                       .mod = "",
                                       .seed = 1};
        test(spec, arguments);
    }
    free(spec);
}
