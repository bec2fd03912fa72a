/* timers - see timers.h. */
#include "timers.h"
#include "share.h"
#include "state.h"
#include "turns.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { TIMERS_FEW = 4 }; /* a power of 2, as SCRIPT_TIMERS_MAX is */

static void find_due(struct script *script) {
    script->timer_due_ms = UINT64_MAX;
    for (uint32_t i = 0; script->timer_count && i < script->timer_room; i++) {
        const struct timer *timer = &script->timers[i];
        if (timer->id && timer->due_ms < script->timer_due_ms) script->timer_due_ms = timer->due_ms;
    }
}

/* ---- the lobby realm's alarm ----------------------------------------------------------------- */

static void on_alarm(void *user) {
    struct realm *realm = user;
    realm->timer = (muster_timer_id){0};
    turns_wake(realm);
}

void timers_set_alarm(struct realm *realm) {
    const struct muster_host_loop *loop = realm_host(realm)->loop;
    if (realm->kind != REALM_LOBBY || realm->is_probe || realm->waits) return;
    uint64_t due_ms = turns_due_ms(realm), now_ms = realm_now_ms(realm);
    if (realm->timer.value && realm->timer_due_ms <= due_ms) return;
    if (realm->timer.value) (void)loop->timer_stop(realm_self(realm), realm->timer);
    realm->timer = (muster_timer_id){0};
    realm->timer_due_ms = due_ms;
    if (due_ms == UINT64_MAX) return;
    uint64_t delay_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    if (loop->timer_start(realm_self(realm), (uint32_t)delay_ms, 0, on_alarm, realm, &realm->timer))
        realm->timer = (muster_timer_id){0};
}

/* ---- adding, cancelling, running ------------------------------------------------------------- */

static bool make_room(struct script *script) {
    uint32_t room = script->timer_room ? script->timer_room * 2 : TIMERS_FEW;
    if (room > SCRIPT_TIMERS_MAX) return false;
    struct timer *grown = realloc(script->timers, room * sizeof *grown);
    if (!grown) return false;
    memset(grown + script->timer_room, 0, (room - script->timer_room) * sizeof *grown);
    script->timers = grown;
    script->timer_room = room;
    return true;
}

static struct timer *free_slot(struct script *script) {
    if (script->timer_count == script->timer_room && !make_room(script)) return NULL;
    struct timer *timer = script->timers;
    while (timer->id) timer++;
    return timer;
}

uint32_t script_timer_add(lua_State *L, double seconds, bool repeats) {
    struct script *script = script_of(L);
    struct timer *timer = free_slot(script);
    if (!timer) luaL_error(L, "too many timers: at most %d wait", SCRIPT_TIMERS_MAX);
    lua_pushvalue(L, 2);
    int function = luaL_ref(L, LUA_REGISTRYINDEX);
    uint64_t after_ms = (uint64_t)(seconds * 1000);
    if (after_ms == 0 && script->realm->kind == REALM_LOBBY) after_ms = 1; /* not in this turn */
    script->timer_last++;
    *timer = (struct timer){.id = script->timer_last,
                            .nth = script->is_loaded ? 0 : script->timer_last,
                            .function = function,
                            .due_ms = realm_now_ms(script->realm) + after_ms,
                            .every_ms = repeats ? (uint32_t)after_ms : 0};
    script->timer_count++;
    if (timer->due_ms < script->timer_due_ms) script->timer_due_ms = timer->due_ms;
    timers_set_alarm(script->realm);
    return timer->id;
}

struct timer *script_timer_take(lua_State *L, struct script *script) {
    struct timer *timer = free_slot(script);
    if (timer) {
        timer->function = luaL_ref(L, LUA_REGISTRYINDEX);
        script->timer_count++;
    } else {
        lua_pop(L, 1);
    }
    return timer;
}

void script_timer_drop(struct script *script, struct timer *timer) {
    if (script->sandbox) sandbox_release(script->sandbox, timer->function);
    *timer = (struct timer){0};
    script->timer_count--;
}

bool script_timer_cancel(struct script *script, uint32_t id) {
    for (uint32_t i = 0; id && i < script->timer_room; i++) {
        if (script->timers[i].id != id) continue;
        script_timer_drop(script, &script->timers[i]);
        find_due(script);
        return true;
    }
    return false;
}

void script_timers_loaded(struct script *script) {
    find_due(script);
    timers_set_alarm(script->realm);
}

/* The one that has been due longest; of equals the older one. */
static struct timer *next_due(struct script *script, uint64_t now_ms) {
    struct timer *best = NULL;
    for (uint32_t i = 0; script->timer_count && i < script->timer_room; i++) {
        struct timer *timer = &script->timers[i];
        if (!timer->id || timer->due_ms > now_ms) continue;
        if (!best || timer->due_ms < best->due_ms ||
            (timer->due_ms == best->due_ms && timer->id < best->id))
            best = timer;
    }
    return best;
}

/* A mode's timers get its state, as all that it is called by. */
static int push_state(lua_State *L, void *user) {
    return script_push_state(L, user);
}

/* Periods that were missed are left out, never made up for. */
static void set_next(struct timer *timer, uint64_t now_ms) {
    uint64_t missed = (now_ms - timer->due_ms) / timer->every_ms;
    timer->due_ms += (missed + 1) * timer->every_ms;
}

/* False: none up to the newest is due. */
static bool run_next(struct script *script, uint64_t now_ms, uint32_t newest) {
    struct timer *timer = script->sandbox ? next_due(script, now_ms) : NULL;
    if (!timer || timer->id > newest) return false;
    struct sandbox_call call = {.function = timer->function, .push = push_state, .arg = script};
    uint32_t id = timer->id;
    bool once = !timer->every_ms;
    if (!once) set_next(timer, now_ms);
    script_call(script, &call);
    if (script->sandbox && once) script_timer_cancel(script, id);
    return true;
}

void script_timer_next(struct script *script, uint64_t now_ms) {
    run_next(script, now_ms, script->timer_last);
    find_due(script);
}

/* One that is started meanwhile with no delay waits for the next tick. */
void script_timers_run(struct script *script, uint64_t now_ms) {
    struct instance *instance = script->realm->lobby->instance;
    if (!script->sandbox || script->timer_due_ms > now_ms) return;
    uint32_t newest = script->timer_last;
    uint64_t outer = share_event_begin(instance);
    while (run_next(script, now_ms, newest)) continue;
    share_event_end(instance, outer);
    find_due(script);
}
