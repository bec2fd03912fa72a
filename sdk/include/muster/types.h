/* muster/types.h - the words both sides of the plugin ABI share: status codes, ids, limits, views.
 *
 * Everything here is plain C17 with fixed-width fields. Nothing in this file is ever renumbered,
 * retyped or moved; new entries are appended.
 */
#ifndef MUSTER_TYPES_H
#define MUSTER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ABI this header describes. A host loads a plugin with the same major and a minor that is not
 * newer than its own, so a plugin never has to ask whether a host function exists. */
#define MUSTER_ABI_MAJOR 2
#define MUSTER_ABI_MINOR 0

#define MUSTER_MUST_USE __attribute__((warn_unused_result))
#define MUSTER_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define MUSTER_EXPORT __attribute__((visibility("default")))

/* Status: what became of a call. 0 is success, negatives are errors, nothing is positive. */
#define MUSTER_STATUS_MAP(X)                                                                       \
    X(OK, 0, "ok")                                                                                 \
    X(INVALID, -1, "invalid argument")                                                             \
    X(NOT_FOUND, -2, "not found")                                                                  \
    X(EXISTS, -3, "already exists")                                                                \
    X(FULL, -4, "full")                                                                            \
    X(LIMIT, -5, "over a limit")                                                                   \
    X(STATE, -6, "not legal in this state")                                                        \
    X(DENIED, -7, "denied")                                                                        \
    X(TIMEOUT, -8, "timed out")                                                                    \
    X(CLOSED, -9, "closed")                                                                        \
    X(NO_MEMORY, -10, "out of memory")                                                             \
    X(IO, -11, "input/output error")                                                               \
    X(UNSUPPORTED, -12, "not supported")                                                           \
    X(THREAD, -13, "called from the wrong thread")                                                 \
    X(CONFLICT, -14, "conflict")                                                                   \
    X(UNAVAILABLE, -15, "unavailable")                                                             \
    X(INTERNAL, -16, "internal error")

#define MUSTER_STATUS_ENUM(name, code, text) MUSTER_##name = (code),
enum { MUSTER_STATUS_MAP(MUSTER_STATUS_ENUM) MUSTER_STATUS_END_ = 1 };
#undef MUSTER_STATUS_ENUM
typedef int32_t muster_status;

/* "not found"; of what is no status "unknown status". */
static inline const char *muster_status_text(muster_status status) {
    switch (status) {
#define MUSTER_STATUS_CASE(name, code, text)                                                       \
    case code: return text;
        MUSTER_STATUS_MAP(MUSTER_STATUS_CASE)
#undef MUSTER_STATUS_CASE
    default: return "unknown status";
    }
}

/* Verdict: what a decision came to. Not a status: zero is invalid, so a forgotten value fails
 * closed. Which of them a role may answer is written beside the role. */
enum {
    MUSTER_VERDICT_INVALID = 0,
    MUSTER_ACCEPT = 1,    /* yes (auth: identity filled; rules: allow) */
    MUSTER_REJECT = 2,    /* no, with a reason */
    MUSTER_PASS = 3,      /* not mine: ask the next provider */
    MUSTER_PENDING = 4,   /* later, by the request's ticket */
    MUSTER_UNDECIDED = 5, /* victory: the match goes on */
    MUSTER_DECIDED = 6,   /* victory: the result is filled */
};
typedef uint32_t muster_verdict;

/* Ids. Each is a type of its own, so that one cannot be taken for another; it is passed as the
 * number in it would be. value 0 is never a valid id: {0} is none, and `if (id.value)` asks whether
 * there is one. An id whose object is gone is answered MUSTER_NOT_FOUND, never mistaken for a newer
 * object: the upper bits carry a generation. Ids end with the process: never keep one in saved
 * state, a recording or a database. */
#define MUSTER_ID(name)                                                                            \
    typedef struct name {                                                                          \
        uint64_t value;                                                                            \
    } name
/* Do two ids of one type name the same object? Of two types it does not compile. */
#define MUSTER_ID_SAME(a, b) ((1 ? (a) : (b)).value == (b).value)

MUSTER_ID(muster_lobby_id);
MUSTER_ID(muster_match_id);
MUSTER_ID(muster_player_id); /* a signed-in player's session on this node */
MUSTER_ID(muster_timer_id);
MUSTER_ID(muster_work_id);
MUSTER_ID(muster_poll_id);
MUSTER_ID(muster_socket_id); /* host->net: a UDP socket, a listener or a connection */
MUSTER_ID(muster_ws_id);     /* host->ws: a connection to another server, or of a client */
MUSTER_ID(muster_route_id);
MUSTER_ID(muster_request_id);
MUSTER_ID(muster_stream_id);    /* host->http: an answer that is written piece by piece */
MUSTER_ID(muster_interface_id); /* host->interfaces: what a plugin asked for */
/* Of questions that are answered later, each by its own function. */
MUSTER_ID(muster_auth_ticket_id);   /* host->player->auth_complete */
MUSTER_ID(muster_db_ticket_id);     /* host->db->complete */
MUSTER_ID(muster_kv_ticket_id);     /* host->kv->complete */
MUSTER_ID(muster_report_ticket_id); /* host->report->complete */
MUSTER_ID(muster_load_ticket_id);   /* host->moderation->loaded */
MUSTER_ID(muster_find_ticket_id);   /* host->moderation->player_found */
MUSTER_ID(muster_command_call_id);  /* host->admin->command_answer */
MUSTER_ID(muster_rpc_call_id);      /* host->rpc->answer, refuse */
MUSTER_ID(muster_queue_ticket_id);  /* a player who waits for a match */
MUSTER_ID(muster_query_id);         /* what the plugin asked of the database */
MUSTER_ID(muster_kv_request_id);    /* what it asked of the keys */
MUSTER_ID(muster_kv_subscription_id);
MUSTER_ID(muster_fetch_id);     /* what it asked of another server */
MUSTER_ID(muster_execution_id); /* a command that it runs */

/* The plugin instance as the host knows it: first argument of every host function, owner of every
 * resource that the function creates. Opaque. */
typedef struct muster_self muster_self;

/* A borrowed run of bytes: valid during the call it is passed to, copy to keep. */
struct muster_bytes {
    const void *data;
    uint64_t len;
};

/* Limits that are part of the ABI (array sizes that both sides must agree on). */
#define MUSTER_NAME_MAX 48       /* bytes of a plugin, mode, map, region name, NUL included */
#define MUSTER_PLAYER_KEY_MAX 64 /* bytes of a playerId (UUID or external sub), NUL included */
#define MUSTER_DISPLAY_MAX 64    /* bytes of a display name (UTF-8), NUL included */
#define MUSTER_REASON_MAX 160    /* bytes of a reason shown to a person, NUL included */
#define MUSTER_PEOPLE_MAX 128    /* players of one lobby */
#define MUSTER_TICK_RATE_MAX 128 /* ticks a second of a match */
#define MUSTER_SEATS_MAX 255     /* seats of one match: people from 0 on, bots above them */
#define MUSTER_SEAT_NONE 0xFFu
#define MUSTER_EVENT_MAX 255    /* bytes of one match event */
#define MUSTER_VIEWS_MAX 129    /* views of a mode: one a person and one for spectators */
#define MUSTER_NOTE_MAX 4096    /* bytes of one note in a match's log */
#define MUSTER_MESSAGE_MAX 1024 /* bytes of one message from a player to the mode */

/* Teams: 0 is none, 1 to team_count those that the mode declares, in its order. */
#define MUSTER_TEAMS_MAX 16
#define MUSTER_TEAM_NAME_MAX 24 /* bytes, NUL included */
#define MUSTER_TEAM_NONE 0u

/* One team of a mode. Frozen. */
struct muster_team {
    const char *name; /* [a-z][a-z0-9_]*, below MUSTER_TEAM_NAME_MAX bytes, not "none", "draw" */
    uint32_t players_max; /* 0: as many as come */
    uint32_t reserved;    /* 0 */
};

/* The pair that most games with two sides have:
 *     static const struct muster_team teams[] = {MUSTER_TEAMS_RED_BLUE}; */
#define MUSTER_TEAM_RED 1u
#define MUSTER_TEAM_BLUE 2u
#define MUSTER_TEAMS_RED_BLUE                                                                      \
    {"red", 0, 0}, {                                                                               \
        "blue", 0, 0                                                                               \
    }

/* The mission's lobby states, in order of life. */
#define MUSTER_LOBBY_STATE_MAP(X)                                                                  \
    X(WAITING, 1, "waiting")                                                                       \
    X(STARTING, 2, "starting")                                                                     \
    X(ACTIVE, 3, "active")                                                                         \
    X(ENDING, 4, "ending")                                                                         \
    X(COMPLETED, 5, "completed")
#define MUSTER_LOBBY_STATE_ENUM(name, code, text) MUSTER_LOBBY_##name = (code),
enum { MUSTER_LOBBY_STATE_MAP(MUSTER_LOBBY_STATE_ENUM) };
#undef MUSTER_LOBBY_STATE_ENUM

/* Why a seat was left. */
#define MUSTER_LEAVE_MAP(X)                                                                        \
    X(QUIT, 1, "quit")                                                                             \
    X(TIMEOUT, 2, "timeout")                                                                       \
    X(KICK, 3, "kick")                                                                             \
    X(BAN, 4, "ban")                                                                               \
    X(SHUTDOWN, 5, "shutdown")                                                                     \
    X(DISTURBED, 6, "disturbed")
#define MUSTER_LEAVE_ENUM(name, code, text) MUSTER_LEAVE_##name = (code),
enum { MUSTER_LEAVE_MAP(MUSTER_LEAVE_ENUM) };
#undef MUSTER_LEAVE_ENUM

/* A fault of the server's that a match is played through: it is in the log and in the results, and
 * such a match is to be counted against nobody. Who loses the connection by it, and is not back in
 * time, has left by MUSTER_LEAVE_DISTURBED.
 * STALL: the process stood still for over 250 ms. OVERLOAD: ticks came late. RESTART: it went on in
 * another process, as was planned. CRASH: the same, and nobody had planned it. SHUTDOWN: it was
 * ended with the server. */
#define MUSTER_DISTURBED_MAP(X)                                                                    \
    X(STALL, 1, "stall")                                                                           \
    X(OVERLOAD, 2, "overload")                                                                     \
    X(RESTART, 3, "restart")                                                                       \
    X(CRASH, 4, "crash")                                                                           \
    X(SHUTDOWN, 5, "shutdown")
#define MUSTER_DISTURBED_ENUM(name, code, text) MUSTER_DISTURBED_##name = (code),
enum { MUSTER_DISTURBED_MAP(MUSTER_DISTURBED_ENUM) MUSTER_DISTURBED_END = 6 };
#undef MUSTER_DISTURBED_ENUM

/* Why a match ended (MatchResults.reason): a word, [a-z][a-z0-9_]* below MUSTER_NAME_MAX bytes.
 * These are known everywhere, a mode or victory may have its own. */
#define MUSTER_END_SCORE_LIMIT "score_limit"
#define MUSTER_END_TIME_LIMIT "time_limit"
#define MUSTER_END_ELIMINATION "elimination"
#define MUSTER_END_FORFEIT "forfeit"
#define MUSTER_END_ABORTED "aborted"

/* Who has won a match. */
enum {
    MUSTER_WINNER_NOBODY = 0, /* a draw, or a match that knows no winner */
    MUSTER_WINNER_TEAM = 1,
    MUSTER_WINNER_SEAT = 2,
};

/* What is counted for each seat: the four of every mode, then those it declares. */
enum {
    MUSTER_STAT_KILLS = 1,
    MUSTER_STAT_DEATHS = 2,
    MUSTER_STAT_ASSISTS = 3,
    MUSTER_STAT_SCORE = 4,
    MUSTER_STAT_OWN = 5, /* the first of mode_info.stats, and so on */
};
#define MUSTER_STATS_OWN_MAX 12

/* Log levels. */
enum {
    MUSTER_LOG_DEBUG = 0,
    MUSTER_LOG_INFO = 1,
    MUSTER_LOG_WARN = 2,
    MUSTER_LOG_ERROR = 3,
};

#ifdef __cplusplus
}
#endif
#endif
