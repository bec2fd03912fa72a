/* A rule that a player uploaded: it ends within its budget, twice in the same way, whatever it
 * does; and the next sandbox knows nothing of it. */
#include <string.h>

#include "fuzz.h"
#include "mod.h"
#include "sandbox.h"
#include "value.h"

enum { CALL_UNITS = 300000, RESULT_BYTES = 4096 };

struct outcome {
    muster_status status;
    enum sandbox_kill kill;
    int64_t counted_ns; /* of work */
    size_t result_len;
    uint8_t result[RESULT_BYTES];
};

static int copy_result(lua_State *L) {
    struct outcome *outcome = lua_touserdata(L, 2);
    outcome->result_len = value_encode(L, 1, outcome->result, RESULT_BYTES);
    return 0;
}

/* What is no plain value is not copied: that raises, and counts as no result. */
static void take_result(lua_State *L, void *arg) {
    lua_pushcfunction(L, copy_result);
    lua_pushvalue(L, -2);
    lua_pushlightuserdata(L, arg);
    lua_call(L, 2, 0);
}

static muster_status run(struct sandbox *sandbox, int function, struct outcome *outcome) {
    struct sandbox_call call = {
        .function = function, .results = 1, .take = take_result, .arg = outcome};
    muster_status status = sandbox_call(sandbox, &call);
    outcome->counted_ns += sandbox_time(sandbox).ns;
    sandbox_release(sandbox, function);
    return status;
}

static muster_status attack(struct sandbox *sandbox, const struct mod_file *file,
                            struct outcome *outcome) {
    static const char call_it[] = "return attack()";
    int function;
    muster_status status = sandbox_allow_global(sandbox, "attack");
    if (!status) status = sandbox_load(sandbox, file->text, file->len, file->chunk, &function);
    if (!status) status = run(sandbox, function, outcome);
    if (!status) status = sandbox_load(sandbox, call_it, strlen(call_it), "call", &function);
    if (!status) status = run(sandbox, function, outcome);
    return status;
}

static struct outcome play(const struct mod_file *file) {
    /* As a replay bounds a call: by counting, so that it ends the same in every run. */
    const struct sandbox_limits limits = {.memory_bytes = 256 * 1024,
                                          .call_units = CALL_UNITS,
                                          .second_cpu_us = UINT32_MAX,
                                          .count_every = 1000,
                                          .source_bytes_max = 1 << 16};
    struct outcome outcome = {0};
    struct sandbox *sandbox;
    FUZZ_CHECK(sandbox_create(&limits, NULL, 7, &sandbox) == MUSTER_OK);
    outcome.status = attack(sandbox, file, &outcome);
    outcome.kill = sandbox_killed(sandbox);
    FUZZ_CHECK((outcome.kill != SANDBOX_ALIVE) == (outcome.status == MUSTER_LIMIT));
    if (outcome.status == MUSTER_INVALID) {
        const struct sandbox_error *error = sandbox_error(sandbox);
        FUZZ_CHECK(error && memchr(error->message, 0, sizeof error->message));
    }
    sandbox_destroy(sandbox);
    return outcome;
}

static void check_untouched(void) {
    static const char text[] = "assert(attack == nil and ('a'):upper() == 'A' and #_G == 0)\n"
                               "function attack() end";
    const struct mod_file file = {
        .name = "next.lua", .chunk = "next.lua", .text = text, .len = sizeof text - 1};
    FUZZ_CHECK(play(&file).status == MUSTER_OK);
}

static void ignore(void *user, const struct mod_finding *finding) {
    (void)user;
    FUZZ_CHECK(finding->text && finding->line >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct mod_check_rules rules = {0};
    struct mod *mod;
    struct mod_error error;
    if (mod_upload("some", (const char *)data, size, 0, &mod, &error) != MUSTER_OK) {
        FUZZ_CHECK(memchr(error.text, 0, sizeof error.text) && *error.text);
        return 0;
    }
    FUZZ_CHECK(mod_check(mod, &rules, ignore, NULL) == MUSTER_OK);
    const struct mod_file *file = mod_file(mod, "init");
    const struct outcome first = play(file), second = play(file);
    FUZZ_CHECK(first.status == second.status && first.kill == second.kill);
    FUZZ_CHECK(first.counted_ns == second.counted_ns);
    FUZZ_CHECK(first.result_len == second.result_len &&
               memcmp(first.result, second.result, first.result_len) == 0);
    check_untouched();
    mod_unpin(mod);
    return 0;
}
