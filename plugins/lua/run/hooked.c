/* hooked - see hooked.h. */
#include "hooked.h"

#include <lauxlib.h>
#include <string.h>

enum hooked_flag { FLAG_MODE = 1, FLAG_OPEN = 2, FLAG_LATER = 4 };

static const char bus[] = "/bus", command[] = "/command"; /* no event is called that */

/* ---- save ------------------------------------------------------------------------------------ */

static void save_name(lua_State *L, const struct script *script, int function,
                      struct muster_writer *out) {
    char name[NAMED_BYTES];
    if (!named_find(L, script, function, name)) name[0] = '\0';
    muster_put_str(out, name);
}

static void save_handler(lua_State *L, const struct handler *handler, const char *where,
                         struct muster_writer *out) {
    uint32_t flags = (handler->is_mode ? FLAG_MODE : 0) | (handler->is_open ? FLAG_OPEN : 0) |
                     (handler->is_later ? FLAG_LATER : 0);
    muster_put_str(out, where);
    muster_put_bytes(out, handler->id, sizeof handler->id);
    muster_put_u16(out, (uint16_t)handler->priority);
    muster_put_u8(out, flags);
    if (handler->is_later) save_name(L, handler->script, handler->function, out);
}

static uint32_t save_handlers(lua_State *L, const struct script *script, const char *where,
                              const struct handlers *handlers, struct muster_writer *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < handlers->count; i++) {
        if (handlers->items[i].script != script) continue;
        save_handler(L, &handlers->items[i], where, out);
        count++;
    }
    return count;
}

static uint32_t save_commands(lua_State *L, const struct script *script,
                              struct muster_writer *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < script->command_count; i++) {
        const struct command *one = &script->commands[i];
        if (!one->is_later) continue;
        muster_put_str(out, command);
        muster_put_str(out, one->name);
        muster_put_str(out, one->help);
        save_name(L, script, one->function, out);
        count++;
    }
    return count;
}

void hooked_save(lua_State *L, const struct script *script, struct muster_writer *out) {
    const struct realm *realm = script->realm;
    uint32_t count = 0;
    muster_put_u8(out, script->hooks_changed);
    if (!script->hooks_changed) return;
    struct muster_writer head = *out;
    muster_put_u16(out, 0); /* the count, when it is known */
    for (int event = 0; event < EVENT_COUNT; event++)
        count += save_handlers(L, script, event_table[event].name, &realm->handlers[event], out);
    count += save_handlers(L, script, bus, &realm->bus, out);
    count += save_commands(L, script, out);
    muster_put_u16(&head, count);
    if (count > HOOKED_MAX) out->overflow = 1;
}

/* ---- load ------------------------------------------------------------------------------------ */

static void read_command(struct muster_reader *in, struct hooked_one *out) {
    muster_get_str(in, out->handler.id, sizeof out->handler.id);
    muster_get_str(in, out->help, sizeof out->help);
    muster_get_str(in, out->name, sizeof out->name);
}

static void read_handler(struct script *script, struct muster_reader *in, struct hooked_one *out) {
    const uint8_t *id = muster_get_bytes(in, sizeof out->handler.id);
    int16_t priority = (int16_t)muster_get_u16(in);
    uint32_t flags = muster_get_u8(in);
    out->handler = (struct handler){.script = script,
                                    .priority = priority,
                                    .is_mode = flags & FLAG_MODE,
                                    .is_open = flags & FLAG_OPEN,
                                    .is_later = flags & FLAG_LATER};
    if (id) memcpy(out->handler.id, id, sizeof out->handler.id);
    out->handler.id[sizeof out->handler.id - 1] = '\0';
    if (flags & FLAG_LATER) muster_get_str(in, out->name, sizeof out->name);
}

static bool read_one(struct script *script, struct muster_reader *in, struct hooked_one *out) {
    char where[SCRIPT_ID_MAX];
    *out = (struct hooked_one){.handlers = NULL};
    muster_get_str(in, where, sizeof where);
    enum event event = event_find(where);
    if (strcmp(where, command) == 0) {
        read_command(in, out);
        return true;
    }
    if (event == EVENT_COUNT && strcmp(where, bus) != 0) return false;
    out->handlers = event == EVENT_COUNT ? &script->realm->bus : &script->realm->handlers[event];
    read_handler(script, in, out);
    return true;
}

bool hooked_read(struct script *script, struct muster_reader *in, struct hooked *out) {
    out->is_changed = muster_get_u8(in) & 1;
    out->count = out->is_changed ? muster_get_u16(in) : 0;
    if (out->count > HOOKED_MAX) return false;
    for (uint32_t i = 0; i < out->count; i++)
        if (!read_one(script, in, &out->all[i])) return false;
    return !in->overflow;
}

static int reference_of(lua_State *L, const struct hooked_one *one) {
    const struct handlers *handlers = one->handlers;
    if (!one->handler.is_later && handlers) {
        uint32_t i = realm_hook_index(handlers, &one->handler);
        if (i == handlers->count) return LUA_NOREF;
        lua_rawgeti(L, LUA_REGISTRYINDEX, handlers->items[i].function);
        return luaL_ref(L, LUA_REGISTRYINDEX);
    }
    return named_push(L, one->handler.script, one->name) ? luaL_ref(L, LUA_REGISTRYINDEX)
                                                         : LUA_NOREF;
}

/* Functions are looked for while the handlers of the start are there, from which they are found. */
const struct hooked_one *hooked_load(lua_State *L, struct script *script, struct hooked *kept) {
    const struct hooked_one *lost = NULL;
    if (!kept->is_changed) return NULL;
    for (uint32_t i = 0; i < kept->count; i++) {
        kept->all[i].handler.script = script;
        kept->all[i].handler.function = reference_of(L, &kept->all[i]);
    }
    realm_unhook_all(script);
    for (uint32_t i = 0; i < kept->count; i++) {
        const struct hooked_one *one = &kept->all[i];
        const struct handler *handler = &one->handler;
        bool is_back = handler->function != LUA_NOREF;
        if (is_back && one->handlers)
            is_back = realm_hook_as(script, one->handlers, handler);
        else if (is_back)
            is_back = script_command_add(script, handler->id, one->help, handler->function);
        if (!is_back) lost = one;
    }
    script->hooks_changed = true;
    return lost;
}
