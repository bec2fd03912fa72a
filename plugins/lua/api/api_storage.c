/* api_storage - storage.*: what a mod keeps.
 *
 * A match does not own what is kept, others write to it as well. So in the match realm each answer,
 * refusals included, is written into the log, and a replay takes it from there.
 */
#include "api.h"
#include "args.h"
#include "note.h"
#include "note_take.h"
#include "value.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum {
    STORAGE_UNITS = 300,
    REPLY_BYTES_MAX = STORAGE_VALUE_BYTES_MAX + 1,
    ANSWER_BYTES_BURST = 65536, /* in a match, where answers are recorded */
    ANSWER_BYTES_PER_TICK = 1024,
    ANSWER_HEAD_BYTES = 48,
    NUMBER_BYTES = 9,    /* of an encoded one */
    KEY_HEAD_BYTES = 14, /* of an encoded list, beside each key's own bytes */
};
enum reply_kind { REPLY_NOTHING, REPLY_VALUE, REPLY_ERROR };

/* A byte that says what it is, then the encoded value or the error's text. */
struct reply {
    uint8_t bytes[REPLY_BYTES_MAX];
    uint32_t len;
};

static void set_reply(struct reply *reply, enum reply_kind kind, const void *data, size_t len) {
    if (len > REPLY_BYTES_MAX - 1) len = REPLY_BYTES_MAX - 1;
    reply->bytes[0] = (uint8_t)kind;
    if (len) memcpy(reply->bytes + 1, data, len);
    reply->len = (uint32_t)len + 1;
}

static void set_error(struct reply *reply, const char *error) {
    set_reply(reply, REPLY_ERROR, error, strlen(error));
}

static struct storage_space *space_of(lua_State *L) {
    struct script *script = script_of(L);
    if (!script->space) script->space = lobby_space(script->realm->lobby, script->mod);
    return script->space;
}

/* What was answered when the match was played; nothing, when the log ends. */
static void take_recorded(const struct script *script, struct reply *reply) {
    struct answer *answer = note_answer_take(script->realm, script->host_calls);
    set_reply(reply, REPLY_NOTHING, NULL, 0);
    if (answer && answer->len > 0 && answer->len <= sizeof reply->bytes) {
        memcpy(reply->bytes, answer->bytes, answer->len);
        reply->len = answer->len;
    }
    free(answer);
}

/* Pushes the value, or nil; raises the error. */
static int push_reply(lua_State *L, const struct reply *reply) {
    switch (reply->bytes[0]) {
    case REPLY_VALUE: value_decode(L, reply->bytes + 1, reply->len - 1); return 1;
    case REPLY_ERROR:
        lua_pushlstring(L, (const char *)reply->bytes + 1, reply->len - 1);
        return luaL_error(L, "%s", lua_tostring(L, -1));
    default: lua_pushnil(L); return 1;
    }
}

/* Raises nothing but a kill: a refusal is a reply, and noted like one. */
typedef void (*storage_op)(lua_State *L, struct storage_space *space, const char *key,
                           struct reply *reply);

/* Does it now, or takes what the log says; the answer is on the stack then. */
static int perform(lua_State *L, const char *key, storage_op op) {
    struct script *script = script_of(L);
    struct realm *realm = script->realm;
    struct reply reply;
    sandbox_charge(L, STORAGE_UNITS);
    if (realm->kind == REALM_MATCH &&
        !realm_quota(realm, &realm->answers_quota, ANSWER_BYTES_PER_TICK, ANSWER_BYTES_BURST))
        return luaL_error(L, "storage: too much at once: %d KiB, then %d bytes a tick",
                          ANSWER_BYTES_BURST / 1024, ANSWER_BYTES_PER_TICK);
    set_reply(&reply, REPLY_NOTHING, NULL, 0);
    bool acts = script_act(L);
    (void)acts; /* reading and writing again does no harm */
    if (realm->is_replay) {
        take_recorded(script, &reply);
    } else if (!realm->is_probe) {
        struct storage_space *space = space_of(L);
        if (space)
            op(L, space, key, &reply);
        else
            set_error(&reply, "storage: out of memory");
        if (realm->kind == REALM_MATCH)
            note_answer(realm, script->host_calls, reply.bytes, reply.len);
    }
    realm->answers_quota.left -= reply.len + ANSWER_HEAD_BYTES;
    return push_reply(L, &reply);
}

static const char *check_key(lua_State *L) {
    const char *key = args_text(L, 1, STORAGE_KEY_BYTES_MAX);
    luaL_argcheck(L, *key, 1, "expected 1 to 128 bytes");
    return key;
}

/* ---- the operations; the stack holds the caller's arguments ---------------------------------- */

static void op_get(lua_State *L, struct storage_space *space, const char *key,
                   struct reply *reply) {
    struct muster_bytes value;
    const char *error;
    (void)L;
    muster_status status = storage_get(space, key, &value, &error);
    if (status == MUSTER_OK)
        set_reply(reply, REPLY_VALUE, value.data, value.len);
    else if (status != MUSTER_NOT_FOUND)
        set_error(reply, error);
}

static int storage_get_fn(lua_State *L) {
    const char *key = check_key(L);
    lua_settop(L, 2);
    perform(L, key, op_get);
    if (lua_isnil(L, -1)) lua_pushvalue(L, 2);
    return 1;
}

/* The value was encoded before, above the arguments, as a string. */
static void op_set(lua_State *L, struct storage_space *space, const char *key,
                   struct reply *reply) {
    size_t len;
    const char *error, *bytes = lua_tolstring(L, 3, &len);
    if (storage_set(space, key, (struct muster_bytes){bytes, len}, &error)) set_error(reply, error);
}

static void push_encoded(lua_State *L, int index) {
    char bytes[STORAGE_VALUE_BYTES_MAX];
    size_t len = value_encode(L, index, bytes, sizeof bytes);
    lua_pushlstring(L, bytes, len);
}

static int storage_set_fn(lua_State *L) {
    const char *key = check_key(L);
    lua_settop(L, 2);
    luaL_argcheck(L, !lua_isnil(L, 2), 2, "expected a value; storage.delete takes one away");
    push_encoded(L, 2);
    perform(L, key, op_set);
    return 0;
}

static void op_delete(lua_State *L, struct storage_space *space, const char *key,
                      struct reply *reply) {
    const char *error;
    (void)L;
    muster_status status = storage_delete(space, key, &error);
    if (status && status != MUSTER_NOT_FOUND) set_error(reply, error);
}

static int storage_delete_fn(lua_State *L) {
    perform(L, check_key(L), op_delete);
    return 0;
}

/* The sum on the stack becomes the value, and the reply. */
static void put_sum(lua_State *L, struct storage_space *space, const char *key,
                    struct reply *reply) {
    char bytes[NUMBER_BYTES];
    const char *error;
    size_t len = value_encode(L, -1, bytes, sizeof bytes);
    if (storage_set(space, key, (struct muster_bytes){bytes, len}, &error))
        set_error(reply, error);
    else
        set_reply(reply, REPLY_VALUE, bytes, len);
}

/* Pushes what is kept as a number, or nothing. */
static bool push_number(lua_State *L, muster_status status, const struct muster_bytes *value) {
    if (status) {
        lua_pushinteger(L, 0);
        return true;
    }
    if (value->len > NUMBER_BYTES) return false;
    value_decode(L, value->data, value->len);
    return lua_type(L, -1) == LUA_TNUMBER;
}

static void op_add(lua_State *L, struct storage_space *space, const char *key,
                   struct reply *reply) {
    struct muster_bytes value;
    const char *error;
    muster_status status = storage_get(space, key, &value, &error);
    if (status && status != MUSTER_NOT_FOUND) {
        set_error(reply, error);
        return;
    }
    if (!push_number(L, status, &value)) {
        set_error(reply, "storage: the value is no number");
        return;
    }
    lua_pushvalue(L, 2);
    lua_arith(L, LUA_OPADD);
    put_sum(L, space, key, reply);
}

static int storage_add_fn(lua_State *L) {
    const char *key = check_key(L);
    luaL_checktype(L, 2, LUA_TNUMBER);
    lua_settop(L, 2);
    luaL_argcheck(L, lua_tonumber(L, 2) >= -1e15 && lua_tonumber(L, 2) <= 1e15, 2,
                  "expected -1e15 to 1e15");
    perform(L, key, op_add);
    if (lua_isnil(L, -1) && realm_of(L)->is_probe) lua_pushvalue(L, 2); /* nothing is kept there */
    return 1;
}

static void op_keys(lua_State *L, struct storage_space *space, const char *prefix,
                    struct reply *reply) {
    const char *key = NULL, *error = "";
    lua_Integer count = 0;
    size_t bytes = KEY_HEAD_BYTES;
    lua_newtable(L);
    while (storage_next(space, prefix, key, &key, &error) == MUSTER_OK && key) {
        bytes += strlen(key) + KEY_HEAD_BYTES;
        if (bytes > sizeof reply->bytes) {
            set_error(reply, "storage: too many keys for one answer: ask with a longer prefix");
            return;
        }
        lua_pushstring(L, key);
        lua_rawseti(L, -2, ++count);
    }
    size_t len = value_encode(L, -1, reply->bytes + 1, sizeof reply->bytes - 1);
    reply->bytes[0] = REPLY_VALUE;
    reply->len = (uint32_t)len + 1;
}

static int storage_keys_fn(lua_State *L) {
    const char *prefix = lua_isnoneornil(L, 1) ? "" : args_text(L, 1, STORAGE_KEY_BYTES_MAX);
    perform(L, prefix, op_keys);
    if (lua_isnil(L, -1)) lua_newtable(L);
    return 1;
}

const struct api_function api_storage[] = {
    {"get", storage_get_fn, REALM_BOTH, MOD_STORAGE, "key: string, default?: any", "any",
     "What is kept under the key (1 to 128 bytes), else default.",
     "print(storage.get(\"record\", 0))"},
    {"set", storage_set_fn, REALM_BOTH, MOD_STORAGE, "key: string, value: any", "",
     "Keeps a plain value of at most 16 KiB. A mod has 1,000 keys and 256 KiB on a node; more "
     "raises "
     "an error. What an uploaded rule keeps ends with its lobby.",
     "storage.set(\"record\", 12)"},
    {"delete", storage_delete_fn, REALM_BOTH, MOD_STORAGE, "key: string", "",
     "Forgets what is kept under the key.", "storage.delete(\"record\")"},
    {"add", storage_add_fn, REALM_BOTH, MOD_STORAGE, "key: string, amount: number", "number",
     "Adds to a kept number (0 when there is none), and returns the sum.",
     "print(storage.add(\"visits\", 1))"},
    {"keys", storage_keys_fn, REALM_BOTH, MOD_STORAGE, "prefix?: string", "string[]",
     "The keys that begin with prefix, in order.",
     "for _, key in ipairs(storage.keys(\"best.\")) do print(key) end"},
    {NULL}};
