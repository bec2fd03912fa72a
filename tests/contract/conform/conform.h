/* conform - one plugin that calls every host function wherever a plugin can stand, and writes down
 * what is answered: the same plugin in the daemon and in the testkit, so that the two can be
 * compared line by line (conform_check does).
 *
 * A line is "PLACE group.function case -> answer", and "!N" behind it for N faults that the host
 * counted. What may differ (ids, times, addresses, random bytes) is written as yes or no.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <muster/plugin.h>
#include <stdio.h>

#define NOTHING(type) ((type){0x7700000077u}) /* an id of nothing */
#define LONG_NAME "a_name_of_forty_eight_bytes_and_so_one_too_long_"
#define LONG_TEXT                                                                                  \
    LONG_NAME LONG_NAME LONG_NAME LONG_NAME /* 192 bytes: longer than any text of a command */

struct conform;

/* Who moves the world that the plugin stands in: the daemon's engine, or the testkit. */
struct conform_driver {
    void *user;
    void (*scene_begin)(void *user); /* two players in a lobby of mode conform whose match runs */
    void (*tick)(void *user);        /* one step of the match */
    void (*snapshot)(void *user);
    void (*turn)(void *user);       /* timers and posts that are due */
    void (*call)(void *user);       /* a client calls conform.call */
    void (*chat)(void *user);       /* a player says something: rules.chat, rules.allow */
    void (*input)(void *user);      /* Ann's, and a step */
    void (*save)(void *user);       /* the match is saved, and loaded */
    void (*queue)(void *user);      /* a third player waits, a seat becomes free, then no more */
    void (*message)(void *user);    /* Ann's, and a step */
    void (*disconnect)(void *user); /* Bob is */
    void (*scene_end)(void *user);  /* all of it is gone */
};

struct conform {
    muster_self *self;
    const struct muster_host *host;
    FILE *out;
    bool serving;       /* this run compares a server that serves, else a match that is played */
    bool storing;       /* or what a database is asked */
    const char *place;  /* where the calls are made now */
    const char *wanted; /* where they are to be made next, or null */
    const char *group;
    const char *function;
    bool on_thread;
    uint32_t thread_row;
    double faults;
    muster_lobby_id lobby;
    muster_match_id match;
    muster_player_id player;
    muster_rpc_call_id call;        /* an open call of a client, or 0 */
    muster_request_id request;      /* an open request, or 0 */
    muster_auth_ticket_id auth;     /* of somebody who signs in, or 0 */
    muster_report_ticket_id report; /* of a report that is delivered, or 0 */
    muster_db_ticket_id query;      /* that the plugin is asked as a database, or 0 */
    muster_kv_ticket_id kv;         /* or for a key, or 0 */
    muster_queue_ticket_id ticket;  /* of who waits for a match */
    char player_key[MUSTER_PLAYER_KEY_MAX];
    /* What the testkit's driver calls; the daemon's calls it by a command. */
    void (*play)(struct conform *c, const struct conform_driver *driver);
    void (*over)(
        void *user); /* the serving part is done with all that needs no end of the server */
    void *over_user;
};

/* One function of a group of host.h. */
struct conform_row {
    const char *function;
    size_t offset; /* in its group */
    void (*run)(struct conform *c);
};

struct conform_group {
    const char *name;
    const struct conform_row *rows;
    size_t count;
    bool serving_only; /* what a process that runs one command has not */
};

extern const struct conform_group conform_groups[];
extern const size_t conform_group_count;

#define ROW(group, name)                                                                           \
    { #name, offsetof(struct muster_host_##group, name), group##_##name }
/* A function of host.h without a row does not compile. */
#define ROWS_COMPLETE(group, rows)                                                                 \
    _Static_assert(sizeof(rows) / sizeof(rows)[0] ==                                               \
                       (sizeof(struct muster_host_##group) - 8) / sizeof(void *),                  \
                   "every function of host->" #group " has its row")
#define ROWS(group)                                                                                \
    { #group, group##_rows, sizeof group##_rows / sizeof group##_rows[0], false }
#define ROWS_SERVING(group)                                                                        \
    { #group, group##_rows, sizeof group##_rows / sizeof group##_rows[0], true }

extern const struct conform_row log_rows[3], config_rows[9], loop_rows[10], net_rows[5],
    http_rows[10], ws_rows[4], lobby_rows[33], match_rows[30], player_rows[7], db_rows[4],
    report_rows[2], watchdog_rows[1], metrics_rows[4], admin_rows[5], events_rows[1], rpc_rows[3],
    engine_rows[13], moderation_rows[5], interfaces_rows[3], data_rows[8], kv_rows[6], node_rows[3];

/* conform_roles.c */
extern const struct muster_victory conform_victory;
extern const struct muster_anticheat conform_anticheat;
extern const struct muster_reporter conform_reporter;
extern const struct muster_matchmaker conform_matchmaker;
extern const struct muster_database conform_database;
extern const struct muster_kv conform_kv;

/* Calls the rows, if this is the place that is wanted. */
void conform_at(struct conform *c, const char *place);
/* All rows, here and now. */
void conform_rows(struct conform *c, const char *place);

/* The answers, one line each. */
void conform_status(struct conform *c, const char *what, muster_status status);
void conform_number(struct conform *c, const char *what, double number);
void conform_text(struct conform *c, const char *what, const char *text);
/* A function without an answer: its faults. */
void conform_done(struct conform *c, const char *what);

#define STATUS(c, what, call) conform_status((c), (what), (call))
#define NUMBER(c, what, call) conform_number((c), (what), (double)(call))
#define TEXT(c, what, call) conform_text((c), (what), (call))
#define DONE(c, what, call) ((void)(call), conform_done((c), (what)))

/* conform_play.c: every place of a match, each in a scene of its own. */
void conform_play(struct conform *c, const struct conform_driver *driver);
/* The command of the daemon, which drives by the engine. */
void conform_command(void *user, const char *arguments, struct muster_writer *answer);

#endif
