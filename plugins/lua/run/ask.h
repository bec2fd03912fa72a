/* ask - puts an event to the scripts that hook it. */
#ifndef LUA_ASK_H
#define LUA_ASK_H

#include "outcome.h"
#include "script.h"

/* An argument of a handler. */
enum arg_type {
    ARG_NIL,
    ARG_BOOL,
    ARG_INT,
    ARG_NUMBER,
    ARG_TEXT,
    ARG_BYTES,
    ARG_PLAYER,
    ARG_SEAT,
    ARG_JSON
};
struct arg {
    enum arg_type type;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text; /* ARG_TEXT, ARG_JSON */
        struct muster_bytes bytes;
        muster_player_id player; /* lobby realm; 0: nil */
        uint32_t seat;           /* match realm; NONE: nil */
    };
};
#define A_BOOL(x) ((struct arg){ARG_BOOL, {.boolean = (x)}})
#define A_INT(x) ((struct arg){ARG_INT, {.integer = (x)}})
#define A_NUMBER(x) ((struct arg){ARG_NUMBER, {.number = (x)}})
#define A_TEXT(x) ((struct arg){ARG_TEXT, {.text = (x)}})
#define A_BYTES(x) ((struct arg){ARG_BYTES, {.bytes = (x)}})
#define A_PLAYER(x) ((struct arg){ARG_PLAYER, {.player = (x)}})
#define A_SEAT(x) ((struct arg){ARG_SEAT, {.seat = (x)}})
#define A_JSON(x) ((struct arg){ARG_JSON, {.text = (x)}})
#define A_NIL ((struct arg){ARG_NIL, {0}})
void ask_push_arg(struct script *script, lua_State *L, const struct arg *arg);

/* args: without the value of a filter. */
void realm_notify(struct realm *realm, enum event event, const struct arg *args, unsigned count);
/* FAILED: a handler failed, or the script that would be asked is stopped. A gate is shut then. */
enum ruling { RULING_YES, RULING_NO, RULING_FAILED };
/* Where it is not YES, reason says why. */
enum ruling realm_veto(struct realm *realm, enum event event, const struct arg *args,
                       unsigned count, char *reason, uint32_t cap);
int64_t realm_filter(struct realm *realm, enum event event, int64_t value, const struct arg *args,
                     unsigned count);
/* text is changed in place; NO: swallowed. */
enum ruling realm_filter_text(struct realm *realm, enum event event, char *text, uint32_t cap,
                              const struct arg *args, unsigned count);
void realm_collect(struct realm *realm, enum event event,
                   void (*fn)(void *user, const char *mod, const char *text), void *user);
/* False: undecided. */
bool realm_victory(struct realm *realm, struct outcome *out);
/* Messages of bus.emit, those that were there at the start. */
void realm_deliver(struct realm *realm);
/* The oldest of them. */
void realm_deliver_next(struct realm *realm);

#endif
