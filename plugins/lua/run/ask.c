/* dispatch - asks the handlers of an event; see realm.h.
 *
 * A handler may hook and unhook while an event is under way: the round goes on over the handlers
 * that were there, and looks before each call whether it still is.
 */
#include "ask.h"
#include "players.h"
#include "returned.h"
#include "share.h"
#include "state.h"
#include "teams.h"
#include "value.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MAX = 5, ROUND_MAX = 128, TEXT_RESULT_MAX = 400 };

/* One call of one handler. */
struct ask {
    const struct handler *handler;
    enum event event;
    int (*push)(lua_State *L, void *ask); /* null: args */
    const struct arg *args;
    unsigned count;
    int results;
    void (*take)(lua_State *L, struct ask *ask); /* reads them, inside of the sandbox */
    void (*accept)(struct ask *ask);             /* the call has ended well: now they count */
    void *user;
    bool done;                   /* no more handlers are asked */
    char failed[MOD_ID_MAX + 1]; /* a gate: the mod whose handler failed, and which stays shut */
};

void ask_push_arg(struct script *script, lua_State *L, const struct arg *arg) {
    switch (arg->type) {
    case ARG_BOOL: lua_pushboolean(L, arg->boolean); return;
    case ARG_INT: lua_pushinteger(L, arg->integer); return;
    case ARG_NUMBER: lua_pushnumber(L, arg->number); return;
    case ARG_TEXT: lua_pushstring(L, arg->text); return;
    case ARG_BYTES: lua_pushlstring(L, arg->bytes.data, arg->bytes.len); return;
    case ARG_PLAYER: player_push(script, L, arg->player.value); return;
    case ARG_SEAT: player_push(script, L, arg->seat); return;
    case ARG_JSON: value_from_json(L, arg->text, strlen(arg->text)); return;
    default: lua_pushnil(L);
    }
}

static int push_args(lua_State *L, void *user) {
    const struct ask *ask = user;
    struct script *script = ask->handler->script;
    luaL_checkstack(L, ARGS_MAX + 4, NULL);
    if (ask->handler->is_mode) lua_rawgeti(L, LUA_REGISTRYINDEX, script->state);
    for (unsigned i = 0; i < ask->count; i++) ask_push_arg(script, L, &ask->args[i]);
    return (int)ask->count + ask->handler->is_mode;
}

static void take_results(lua_State *L, void *user) {
    struct ask *ask = user;
    if (ask->take) ask->take(L, ask);
}

/* What the handler answered, at index, is of no use: an error, told with the handler's place. */
static void refuse_answer(lua_State *L, const struct ask *ask, int index, const char *expected) {
    index = lua_absindex(L, index);
    lua_pushfstring(L, "the handler of '%s'", event_table[ask->event].name);
    lua_rawgeti(L, LUA_REGISTRYINDEX, ask->handler->function);
    returned_wrong(L, index, lua_tostring(L, -2), expected);
}

static void take_nothing(lua_State *L, struct ask *ask) {
    if (!lua_isnil(L, -1)) refuse_answer(L, ask, -1, "nothing, as nobody asks");
}

/* A script that is stopped at the very end of its call has answered nothing: a replay, which stops
 * it after its last effect, hears no answer either. */
static void call_handler(struct ask *ask) {
    struct sandbox_call call = {
        .function = ask->handler->function,
        .push = ask->push ? ask->push : push_args,
        .results = ask->results,
        .take = take_results,
        .arg = ask,
    };
    bool called = script_call(ask->handler->script, &call);
    if (called && ask->accept) ask->accept(ask);
    if (called || !event_is_gate(ask->event) || ask->handler->is_open) return;
    strcpy(ask->failed, ask->handler->script->mod->id);
    ask->done = true;
}

static bool is_there(const struct handlers *handlers, const struct handler *handler) {
    for (uint32_t i = 0; i < handlers->count; i++) {
        const struct handler *present = &handlers->items[i];
        if (present->script == handler->script && present->function == handler->function)
            return true;
    }
    return false;
}

static void go_round(const struct handlers *handlers, struct ask *ask, const char *bus_name) {
    struct handler round[ROUND_MAX];
    uint32_t count = handlers->count;
    if (count) memcpy(round, handlers->items, count * sizeof *round);
    for (uint32_t i = 0; i < count && !ask->done; i++) {
        if (bus_name && strcmp(round[i].id, bus_name) != 0) continue;
        if (i > 0 && !is_there(handlers, &round[i])) continue; /* who ran before took it out */
        ask->handler = &round[i];
        call_handler(ask);
    }
}

static void ask_all(struct realm *realm, enum event event, struct ask *ask) {
    const struct handlers *handlers = &realm->handlers[event];
    if (handlers->count == 0) return;
    uint64_t outer = share_event_begin(realm->lobby->instance);
    ask->event = event;
    go_round(handlers, ask, NULL);
    share_event_end(realm->lobby->instance, outer);
}

/* A script that was stopped cannot be asked any more: what it decided is denied. */
static const struct script *find_shut(const struct realm *realm, enum event event) {
    for (uint32_t i = 0; i < realm->script_count; i++)
        if (!realm->scripts[i]->sandbox && (realm->scripts[i]->shut >> event & 1))
            return realm->scripts[i];
    return NULL;
}

static void ask_gate(struct realm *realm, enum event event, struct ask *ask) {
    ask_all(realm, event, ask);
    const struct script *shut = ask->done ? NULL : find_shut(realm, event);
    if (shut) strcpy(ask->failed, shut->mod->id);
}

/* ---- the kinds ------------------------------------------------------------------------------- */

void realm_notify(struct realm *realm, enum event event, const struct arg *args, unsigned count) {
    struct ask ask = {.args = args, .count = count, .results = 1, .take = take_nothing};
    ask_all(realm, event, &ask);
}

/* What a handler answered, cleaned: shown to people. */
struct text {
    char *out;
    uint32_t cap;
    const char *expected;
    bool may_swallow; /* false is an answer, and a longer text than cap is none */
    bool given;       /* out is the answer */
    bool swallowed;
    enum { TEXT_NONE, TEXT_GIVEN, TEXT_SWALLOWED } taken;
    char answer[TEXT_RESULT_MAX];
};

static void take_text(lua_State *L, struct ask *ask) {
    struct text *text = ask->user;
    int type = lua_type(L, -1);
    size_t len;
    text->taken = TEXT_NONE;
    if (type == LUA_TBOOLEAN && text->may_swallow && !lua_toboolean(L, -1)) {
        text->taken = TEXT_SWALLOWED;
    } else if (type == LUA_TSTRING) {
        const char *from = lua_tolstring(L, -1, &len);
        if (text->may_swallow && len >= text->cap) refuse_answer(L, ask, -1, text->expected);
        sandbox_clean(from, len, text->answer, sizeof text->answer);
        text->taken = TEXT_GIVEN;
    } else if (type != LUA_TNIL) {
        refuse_answer(L, ask, -1, text->expected);
    }
}

static void give_text(struct text *text) {
    snprintf(text->out, text->cap, "%s", text->answer);
    text->given = true;
}

static void accept_veto(struct ask *ask) {
    struct text *text = ask->user;
    if (text->taken != TEXT_GIVEN) return;
    give_text(text);
    ask->done = true;
}

enum ruling realm_veto(struct realm *realm, enum event event, const struct arg *args,
                       unsigned count, char *reason, uint32_t cap) {
    struct text text = {.out = reason, .cap = cap, .expected = "a string that refuses, or nil"};
    struct ask ask = {.args = args,
                      .count = count,
                      .results = 1,
                      .take = take_text,
                      .accept = accept_veto,
                      .user = &text};
    ask_gate(realm, event, &ask);
    if (ask.failed[0]) {
        snprintf(reason, cap, "the rule %s has failed, and lets nobody pass", ask.failed);
        return RULING_FAILED;
    }
    if (text.given && !reason[0]) snprintf(reason, cap, "a rule refused");
    return text.given ? RULING_NO : RULING_YES;
}

struct number {
    struct arg args[ARGS_MAX]; /* the value first */
    int64_t answer;
    bool taken;
};

static void take_number(lua_State *L, struct ask *ask) {
    struct number *number = ask->user;
    number->taken = lua_type(L, -1) == LUA_TNUMBER;
    double value = number->taken ? floor(lua_tonumber(L, -1)) : 0;
    bool is_good = lua_isnil(L, -1) || number->taken;
    if (!is_good || !(value >= INT32_MIN && value <= INT32_MAX))
        refuse_answer(L, ask, -1, "a number from -2147483648 to 2147483647, or nil");
    number->answer = (int64_t)value;
}

static void accept_number(struct ask *ask) {
    struct number *number = ask->user;
    if (number->taken) number->args[0].integer = number->answer;
}

int64_t realm_filter(struct realm *realm, enum event event, int64_t value, const struct arg *args,
                     unsigned count) {
    struct number number = {{A_INT(value)}};
    memcpy(number.args + 1, args, count * sizeof *args);
    struct ask ask = {.args = number.args,
                      .count = count + 1,
                      .results = 1,
                      .take = take_number,
                      .accept = accept_number,
                      .user = &number};
    ask_all(realm, event, &ask);
    return number.args[0].integer;
}

static void accept_text(struct ask *ask) {
    struct text *text = ask->user;
    if (text->taken == TEXT_GIVEN) give_text(text);
    text->swallowed = ask->done = text->taken == TEXT_SWALLOWED;
}

enum ruling realm_filter_text(struct realm *realm, enum event event, char *out, uint32_t cap,
                              const struct arg *args, unsigned count) {
    char expected[64];
    struct text text = {.out = out, .cap = cap, .expected = expected, .may_swallow = true};
    struct arg all[ARGS_MAX] = {A_TEXT(out)};
    memcpy(all + 1, args, count * sizeof *args);
    snprintf(expected, sizeof expected, "a string of at most %u bytes, false or nil", cap - 1);
    struct ask ask = {.args = all,
                      .count = count + 1,
                      .results = 1,
                      .take = take_text,
                      .accept = accept_text,
                      .user = &text};
    ask_gate(realm, event, &ask);
    if (ask.failed[0]) return RULING_FAILED;
    return text.swallowed ? RULING_NO : RULING_YES;
}

struct collection {
    struct text text; /* first: what take_text fills */
    void (*fn)(void *user, const char *mod, const char *text);
    void *user;
};

static void accept_line(struct ask *ask) {
    const struct collection *collection = ask->user;
    if (collection->text.taken != TEXT_GIVEN) return;
    collection->fn(collection->user, ask->handler->script->mod->id, collection->text.answer);
}

void realm_collect(struct realm *realm, enum event event,
                   void (*fn)(void *user, const char *mod, const char *text), void *user) {
    struct collection collection = {
        .text = {.expected = "a string, or nil"}, .fn = fn, .user = user};
    struct ask ask = {.results = 1, .take = take_text, .accept = accept_line, .user = &collection};
    ask_all(realm, event, &ask);
}

/* ---- victory: a filter of three values ------------------------------------------------------- */

struct verdict {
    struct arg winner; /* as the next handler hears of it; nil: undecided */
    struct outcome *outcome, answer;
    bool taken;
};

static void take_verdict(lua_State *L, struct ask *ask) {
    struct verdict *verdict = ask->user;
    int winner = lua_gettop(L) - 2;
    verdict->taken = !lua_isnil(L, winner);
    if (!verdict->taken) return;
    const char *expected = outcome_take_winner(L, winner, &verdict->answer);
    if (expected) refuse_answer(L, ask, winner, expected);
    expected = outcome_take_reason(L, winner + 1, &verdict->answer);
    if (expected) refuse_answer(L, ask, winner + 1, expected);
    expected = outcome_take_places(L, winner + 2, &verdict->answer);
    if (expected) refuse_answer(L, ask, winner + 2, expected);
}

static struct arg winner_arg(const struct realm *realm, const struct outcome *outcome) {
    switch (outcome->winner_kind) {
    case MUSTER_WINNER_SEAT: return A_SEAT(outcome->winner);
    case MUSTER_WINNER_TEAM: return A_TEXT(teams_name(realm, outcome->winner));
    default: return A_TEXT("draw");
    }
}

static void accept_verdict(struct ask *ask) {
    struct verdict *verdict = ask->user;
    if (!verdict->taken) return;
    *verdict->outcome = verdict->answer;
    verdict->winner = winner_arg(ask->handler->script->realm, verdict->outcome);
}

bool realm_victory(struct realm *realm, struct outcome *out) {
    struct verdict verdict = {.winner = A_NIL, .outcome = out};
    struct ask ask = {.args = &verdict.winner,
                      .count = 1,
                      .results = 3,
                      .take = take_verdict,
                      .accept = accept_verdict,
                      .user = &verdict};
    ask_all(realm, EVENT_VICTORY, &ask);
    return verdict.winner.type != ARG_NIL;
}

/* ---- bus ------------------------------------------------------------------------------------- */

static int push_message(lua_State *L, void *user) {
    const struct ask *ask = user;
    const struct message *message = ask->user;
    luaL_checkstack(L, 8, NULL);
    value_decode(L, message->bytes, message->len);
    return 1 + script_push_state(L, ask->handler->script);
}

static void deliver(struct realm *realm, struct message message) {
    struct ask ask = {.push = push_message, .user = &message};
    go_round(&realm->bus, &ask, message.name);
    free(message.bytes);
}

static void drop_first(struct realm *realm, uint32_t count) {
    realm->message_count -= count;
    memmove(realm->messages, realm->messages + count,
            realm->message_count * sizeof *realm->messages);
}

/* Together they are one event. */
void realm_deliver(struct realm *realm) {
    uint32_t count = realm->message_count; /* one that comes meanwhile waits */
    uint64_t outer = share_event_begin(realm->lobby->instance);
    for (uint32_t i = 0; i < count; i++) deliver(realm, realm->messages[i]);
    share_event_end(realm->lobby->instance, outer);
    drop_first(realm, count);
}

void realm_deliver_next(struct realm *realm) {
    struct message message = realm->messages[0];
    uint64_t outer = share_event_begin(realm->lobby->instance);
    drop_first(realm, 1);
    deliver(realm, message);
    share_event_end(realm->lobby->instance, outer);
}
