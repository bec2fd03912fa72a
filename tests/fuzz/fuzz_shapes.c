/* Tables of every shape, and every function there is with extreme arguments: in a sandbox alone,
 * and as a rule in a match. The machine that reads the bytes is written in Lua: shapes.lua. */
#include "fuzz.h"
#include "plugin_play.h"

#include <stdio.h>
#include <string.h>

enum { CALL_UNITS = 2000000, PLAY_UNITS = 500000, INPUT_MAX = 4000, TEXT_MAX = 64 << 10 };

static const char machine[] =
#include "shapes.inc"
    ;

/* A line that gives the machine its bytes, and the machine. */
static size_t write_text(char *text, const uint8_t *data, size_t size) {
    size_t used = (size_t)snprintf(text, TEXT_MAX, "local INPUT = \"");
    for (size_t i = 0; i < size; i++)
        used += (size_t)snprintf(text + used, TEXT_MAX - used, "\\%03u", data[i]);
    used += (size_t)snprintf(text + used, TEXT_MAX - used, "\" %s", machine);
    FUZZ_CHECK(used < TEXT_MAX);
    return used;
}

static muster_status run_alone(struct sandbox *sandbox, const char *text, size_t len) {
    struct sandbox_call call = {.results = 0};
    muster_status status = sandbox_load(sandbox, text, len, "shapes.lua", &call.function);
    FUZZ_CHECK(status == MUSTER_OK);
    return sandbox_call(sandbox, &call);
}

static void check_alone(const char *text, size_t len) {
    const struct sandbox_limits limits = {
        .call_units = CALL_UNITS, .second_cpu_us = UINT32_MAX, .count_every = 1000};
    struct sandbox *sandbox;
    FUZZ_CHECK(sandbox_create(&limits, NULL, 7, &sandbox) == MUSTER_OK);
    muster_status status = run_alone(sandbox, text, len);
    FUZZ_CHECK((status == MUSTER_LIMIT) == (sandbox_killed(sandbox) != SANDBOX_ALIVE));
    FUZZ_CHECK(sandbox_memory_peak(sandbox) <= 4u << 20);
    sandbox_destroy(sandbox);
}

static void check_in_a_match(const char *text, size_t len) {
    static struct played outcome;
    struct rig *rig = rig_create(false, PLAY_UNITS, NULL);
    struct testkit_rpc rpc = rig_upload(rig, "brought", text, len);
    if (rpc.answered && !rpc.code[0]) play_live(rig, &outcome);
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[TEXT_MAX];
    if (size < 1 || size > INPUT_MAX) return 0;
    if (data[0] % 4)
        check_alone(text, write_text(text, data + 1, size - 1));
    else
        check_in_a_match(text, write_text(text, data + 1, size - 1));
    return 0;
}
