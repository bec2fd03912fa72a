/* whole - see whole.h. */
#include "whole.h"
#include "hooked.h"
#include "named.h"
#include "report.h"
#include "state.h"
#include "timers.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#define OF_VOTE UINT32_MAX

/* A function is no bytes: what is kept is which timer of the start it was, or the function's name,
 * or where it is written. A vote that is under way is kept as a timer that is due: it ends with the
 * process, and its on_end is called without a winner. */
struct kept_timer {
    uint32_t id;
    uint32_t nth;   /* of those of the start; 0: begun later; or OF_VOTE */
    uint32_t place; /* where its function is written */
    uint32_t every_ms;
    uint32_t left_ms;
    char name[NAMED_BYTES]; /* of one that was begun later; "": it has none */
};

struct kept_timers {
    struct script *script;
    uint32_t last; /* id */
    uint32_t count;
    bool is_taken[SCRIPT_TIMERS_MAX];
    bool is_vote_lost;
    struct kept_timer all[SCRIPT_TIMERS_MAX];
};

/* FNV-1a of its file and line. */
static uint32_t place_of(lua_State *L, const struct timer *timer) {
    uint32_t hash = 0x811c9dc5u;
    lua_Debug at;
    lua_rawgeti(L, LUA_REGISTRYINDEX, timer->function);
    lua_getinfo(L, ">S", &at);
    for (const char *c = at.source; *c; c++) hash = (hash ^ (unsigned char)*c) * 0x01000193u;
    return (hash ^ (uint32_t)at.linedefined) * 0x01000193u;
}

/* ---- save ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b) {
    const struct kept_timer *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void keep(lua_State *L, const struct script *script, const struct timer *timer,
                 struct kept_timer *out) {
    uint64_t now_ms = realm_now_ms(script->realm);
    uint64_t left_ms = timer->due_ms > now_ms ? timer->due_ms - now_ms : 0;
    *out = (struct kept_timer){.id = timer->id,
                               .nth = timer->nth,
                               .place = place_of(L, timer),
                               .every_ms = timer->every_ms,
                               .left_ms = (uint32_t)left_ms};
    if (!timer->nth && !named_find(L, script, timer->function, out->name)) out->name[0] = '\0';
}

static void keep_vote(lua_State *L, const struct script *script, struct kept_timer *out) {
    *out = (struct kept_timer){.id = script->timer_last + 1, .nth = OF_VOTE, .left_ms = 1};
    if (!named_find(L, script, script->vote_end, out->name)) out->name[0] = '\0';
}

/* In one order, whatever places they had: the bytes are hashed. */
static uint32_t collect(lua_State *L, const struct script *script, struct kept_timer *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; script->timer_count && i < script->timer_room; i++)
        if (script->timers[i].id) keep(L, script, &script->timers[i], &out[count++]);
    qsort(out, count, sizeof *out, compare);
    if (script->vote_end != LUA_NOREF && count < SCRIPT_TIMERS_MAX)
        keep_vote(L, script, &out[count++]);
    return count;
}

struct save {
    const struct script *script;
    struct muster_writer out;
};

static int save_called(lua_State *L) {
    static struct kept_timer kept[SCRIPT_TIMERS_MAX];
    struct save *save = lua_touserdata(L, 1);
    luaL_checkstack(L, 2, NULL);
    uint32_t count = collect(L, save->script, kept);
    bool has_vote = count && kept[count - 1].nth == OF_VOTE;
    muster_put_u32(&save->out, save->script->timer_last + has_vote);
    muster_put_u16(&save->out, count);
    for (uint32_t i = 0; i < count; i++) {
        muster_put_u32(&save->out, kept[i].id);
        muster_put_u32(&save->out, kept[i].nth);
        muster_put_u32(&save->out, kept[i].place);
        muster_put_u32(&save->out, kept[i].every_ms);
        muster_put_u32(&save->out, kept[i].left_ms);
        muster_put_str(&save->out, kept[i].name);
    }
    hooked_save(L, save->script, &save->out);
    return 0;
}

uint32_t whole_save(struct script *script, void *out, uint32_t cap) {
    struct save save = {script, muster_writer_make(out, cap)};
    if (!script_peek(script, save_called, &save) || save.out.overflow) return 0;
    uint32_t len = script_save(script, (uint8_t *)out + save.out.len, cap - save.out.len);
    return len ? save.out.len + len : 0;
}

/* ---- load ------------------------------------------------------------------------------------ */

static bool read_timers(struct muster_reader *in, struct kept_timers *kept) {
    kept->last = muster_get_u32(in);
    kept->count = muster_get_u16(in);
    if (kept->count > SCRIPT_TIMERS_MAX) return false;
    for (uint32_t i = 0; i < kept->count; i++) {
        kept->all[i].id = muster_get_u32(in);
        kept->all[i].nth = muster_get_u32(in);
        kept->all[i].place = muster_get_u32(in);
        kept->all[i].every_ms = muster_get_u32(in);
        kept->all[i].left_ms = muster_get_u32(in);
        muster_get_str(in, kept->all[i].name, sizeof kept->all[i].name);
        if (!kept->all[i].id || kept->all[i].id > kept->last) return false;
        if (i && kept->all[i - 1].id >= kept->all[i].id) return false;
    }
    return !in->overflow;
}

/* The kept one that this one is, or the count: of the start, or of a function that the start gives
 * to a timer, too. */
static uint32_t find(const struct kept_timers *kept, const struct timer *timer, uint32_t nth,
                     uint32_t place) {
    uint32_t i = 0;
    for (; i < kept->count; i++) {
        const struct kept_timer *one = &kept->all[i];
        if (kept->is_taken[i] || one->nth != nth || !one->every_ms != !timer->every_ms) continue;
        if (nth || one->place == place) break;
    }
    return i;
}

static void go_on(struct kept_timers *kept, struct timer *timer, uint32_t i) {
    const struct kept_timer *one = &kept->all[i];
    kept->is_taken[i] = true;
    timer->id = one->id;
    timer->nth = one->nth;
    timer->every_ms = one->every_ms;
    timer->due_ms = realm_now_ms(kept->script->realm) + one->left_ms;
}

/* Those of the start that wait still, and those of it in whose place a handler has begun another.
 * The rest had run, or had been taken back. */
static void take_started(lua_State *L, struct kept_timers *kept) {
    struct script *script = kept->script;
    bool is_back[SCRIPT_TIMERS_MAX] = {false};
    for (uint32_t i = 0; script->timer_count && i < script->timer_room; i++) {
        struct timer *timer = &script->timers[i];
        uint32_t at = timer->nth ? find(kept, timer, timer->nth, 0) : kept->count;
        if (at == kept->count) continue;
        go_on(kept, timer, at);
        is_back[i] = true;
    }
    for (uint32_t i = 0; script->timer_count && i < script->timer_room; i++) {
        struct timer *timer = &script->timers[i];
        if (!timer->nth || is_back[i]) continue;
        uint32_t at = find(kept, timer, 0, place_of(L, timer));
        if (at < kept->count)
            go_on(kept, timer, at);
        else
            script_timer_drop(script, timer);
    }
}

/* Those that a handler had begun, with a function that has a name. */
static void take_named(lua_State *L, struct kept_timers *kept) {
    for (uint32_t i = 0; i < kept->count; i++) {
        struct kept_timer *one = &kept->all[i];
        bool is_vote = one->nth == OF_VOTE;
        if (is_vote) one->nth = 0;
        if (kept->is_taken[i] || one->nth) continue;
        struct timer *timer = NULL;
        if (named_push(L, kept->script, one->name)) timer = script_timer_take(L, kept->script);
        if (timer) go_on(kept, timer, i);
        kept->is_vote_lost |= is_vote && !timer;
    }
}

static int load_timers(lua_State *L) {
    struct kept_timers *kept = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    take_named(L, kept);
    take_started(L, kept);
    kept->script->timer_last = kept->last;
    return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

struct load {
    struct script *script;
    struct kept_timers timers;
    struct hooked hooked;
    const struct hooked_one *lost;
};

static int load_hooked(lua_State *L) {
    struct load *load = lua_touserdata(L, 1);
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    load->lost = hooked_load(L, load->script, &load->hooked);
    return 0;
}

/* Timers first: their functions are found from the handlers of the start. */
static muster_status load_called(struct load *load) {
    muster_status status = script_serve(load->script, load_timers, &load->timers);
    return status ? status : script_serve(load->script, load_hooked, load);
}

static void tell_lost(const struct load *load) {
    char text[160];
    if (load->timers.is_vote_lost)
        report_refusal(load->script, "", 0,
                       "the vote has ended with the server, and its on_end is gone: it has no name "
                       "by which it would be found again");
    if (!load->lost) return;
    snprintf(text, sizeof text,
             "what was hooked as \"%s\" is gone with the server: its function has no name by which "
             "it would be found again",
             load->lost->handler.id);
    report_refusal(load->script, "", 0, text);
}

muster_status whole_load(struct script *script, const void *saved, uint32_t len, bool same_code) {
    static struct load load;
    struct muster_reader in = muster_reader_make(saved, len);
    struct kept_timers *timers = &load.timers;
    load = (struct load){.script = script, .timers.script = script};
    if (!read_timers(&in, timers) || !hooked_read(script, &in, &load.hooked)) return MUSTER_INVALID;
    muster_status status = script_load(script, in.data + in.pos, in.len - in.pos);
    timers->is_vote_lost =
        !same_code && timers->count && timers->all[timers->count - 1].nth == OF_VOTE;
    if (!status && same_code && script->sandbox) status = load_called(&load);
    if (status) return status;
    script_timers_loaded(script);
    tell_lost(&load);
    return MUSTER_OK;
}
