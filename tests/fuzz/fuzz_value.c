/* Values of a stranger, as copied bytes and as JSON: what is taken, comes back the same. */
#include <lauxlib.h>
#include <string.h>

#include "fuzz.h"
#include "sandbox.h"
#include "value.h"

enum { COPY_BYTES = 1 << 20 };

struct input {
    const uint8_t *data;
    size_t size;
    bool is_json;
};

static uint8_t once[COPY_BYTES], twice[COPY_BYTES];

static void check_same(lua_State *L, size_t (*write)(lua_State *, int, uint8_t *),
                       void (*read)(lua_State *, const uint8_t *, size_t)) {
    size_t once_len = write(L, -1, once);
    read(L, once, once_len);
    size_t twice_len = write(L, -1, twice);
    FUZZ_CHECK(once_len == twice_len && memcmp(once, twice, once_len) == 0);
    lua_pop(L, 1);
}

static size_t write_bytes(lua_State *L, int index, uint8_t *out) {
    return value_encode(L, index, out, COPY_BYTES);
}

static void read_bytes(lua_State *L, const uint8_t *bytes, size_t len) {
    value_decode(L, bytes, len);
}

static size_t write_json(lua_State *L, int index, uint8_t *out) {
    return value_to_json(L, index, (char *)out, COPY_BYTES);
}

static void read_json(lua_State *L, const uint8_t *text, size_t len) {
    value_from_json(L, (const char *)text, len);
}

static int copy(lua_State *L) {
    const struct input *input = lua_touserdata(L, 1);
    if (input->is_json)
        read_json(L, input->data, input->size);
    else
        read_bytes(L, input->data, input->size);
    FUZZ_CHECK(lua_gettop(L) == 2);
    check_same(L, write_bytes, read_bytes);
    check_same(L, write_json, read_json); /* raises for what JSON has not */
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct sandbox_limits limits = {.second_cpu_us = UINT32_MAX};
    struct sandbox *sandbox;
    FUZZ_CHECK(sandbox_create(&limits, NULL, 7, &sandbox) == MUSTER_OK);
    for (int is_json = 0; is_json < 2; is_json++) {
        struct input input = {.data = data, .size = size, .is_json = is_json};
        muster_status status = sandbox_enter(sandbox, copy, &input);
        FUZZ_CHECK(status == MUSTER_OK || *sandbox_error(sandbox)->message);
    }
    sandbox_destroy(sandbox);
    return 0;
}
