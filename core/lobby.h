/* lobby - where players meet: members, states, seats, and the match they play. Layer 3. Loop
 * thread.
 *
 * waiting -> starting -> active -> ending -> (starting again | completed). Joining is always two
 * steps: reserve a seat (a one-use ticket bound to player and lobby), then enter with the ticket.
 * A dropped member keeps the seat for lobby.reconnectMs and comes back with a resume token, which
 * rotates: the one before stays good until the new one is first used.
 *
 * Files: lobby.c the table and life, lobby_member.c seats and entries, lobby_match.c states and the
 * match, lobby_send.c snapshots, lobby_json.c what clients are told.
 */
#ifndef LOBBY_H
#define LOBBY_H

#include "failure.h"
#include "match.h"
#include "pacer.h"
#include "session.h"
#include "slots.h"

#define LOBBY_SPECTATORS_MAX 16
#define LOBBY_MEMBERS_MAX (MUSTER_SEATS_MAX / 2 + LOBBY_SPECTATORS_MAX)
#define LOBBY_SPECTATOR_FIRST (MUSTER_SEATS_MAX / 2) /* member index of the first spectator */

enum member_state { MEMBER_NONE, MEMBER_RESERVED, MEMBER_ENTERED };
enum member_vote { VOTE_NONE, VOTE_YES, VOTE_NO };

/* Index below LOBBY_SPECTATOR_FIRST: the seat number; above: a spectator. */
struct member {
    enum member_state state;
    enum member_vote vote;
    muster_player_id player;
    uint32_t team; /* wished, then the match's */
    bool connected;
    bool want_full;        /* next snapshot is to be a full one */
    bool want_results;     /* came while the scoreboard is shown: to be told match.ended */
    uint64_t event_cursor; /* events sent so far */
    uint64_t lag_since_ms; /* 0: reads in time */
    uint64_t deadline_ms;  /* reserved: ticket; dropped: seat is given up */
    char ticket[TICKET_TEXT_SIZE];
    char resume[TICKET_TEXT_SIZE];
    char resume_before[TICKET_TEXT_SIZE]; /* "" once the newer was used */
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
};

struct lobby {
    muster_lobby_id id;
    char key[TICKET_UUID_SIZE];
    char region[MUSTER_NAME_MAX];
    char game_mode[MUSTER_NAME_MAX];
    uint32_t state; /* MUSTER_LOBBY_... */
    bool is_private;
    json_t *settings; /* every key of the mode's schema, owned */
    uint32_t players_max;
    uint32_t players_min;
    uint32_t tick_rate_hz;
    struct member members[LOBBY_MEMBERS_MAX];
    struct match *match; /* starting with active, to the end of ending */
    struct match_part rules[MATCH_RULES_MAX];
    uint32_t rules_count;
    struct match_results *results; /* of the match that ended, in ending */
    struct pacer_entry pace;
    uint64_t deadline_ms;    /* starting: the match begins; ending: the scoreboard ends */
    uint64_t empty_since_ms; /* 0: somebody is there */
    uint64_t checkpoint_due_ms;
    uint64_t members_told_ms;
    bool members_changed; /* and not told yet */
    bool closing;
};

/* Callbacks to the layer above, so that lobby needs no look upwards. */
struct lobby_hooks {
    void (*created)(struct lobby *lobby);
    void (*state_changed)(struct lobby *lobby);
    void (*seat_taken)(struct lobby *lobby, uint32_t member);
    void (*match_ended)(struct lobby *lobby, const struct match_results *results);
    void (*seats_opened)(struct lobby *lobby);
};

muster_status lobby_init(uint32_t lobbies_max, const struct lobby_hooks *hooks) MUSTER_MUST_USE;
/* Closes all; the loop may still turn for recordings. */
void lobby_deinit(void);
struct lobby *lobby_find(muster_lobby_id id);
struct lobby *lobby_find_key(const char *lobby_key);
struct lobby *lobby_next(muster_lobby_id *id); /* slots_next order */
uint32_t lobby_count(void);
uint32_t lobby_count_state(uint32_t state);
/* Draining: refuse new lobbies and joins. */
void lobby_drain(void);
bool lobby_draining(void);

/* ---- asked by clients (through methods) and matchmaking; RPC_OK or failure's code ---- */
struct lobby_wish {
    const char *game_mode;
    const char *region;       /* "" = the node's */
    json_t *settings;         /* borrowed, may be null */
    muster_player_id creator; /* 0: matchmaking */
};
int32_t lobby_create(const struct lobby_wish *wish, struct lobby **out, struct failure *failure);
/* Reserves a seat (or a spectator's place) and copies the ticket. A player who already holds a
 * seat here gets a ticket for that seat. */
int32_t lobby_reserve(struct lobby *lobby, struct session *session, uint32_t team, bool spectator,
                      const char *secret, char ticket[TICKET_TEXT_SIZE], struct failure *failure);
/* *entry: Entry of docs/protocol.md, new reference. */
int32_t lobby_enter(struct session *session, const char *ticket, json_t **entry,
                    struct failure *failure);
int32_t lobby_resume(struct session *session, const char *token, json_t **entry,
                     struct failure *failure);
int32_t lobby_set_team(struct session *session, uint32_t team, struct failure *failure);
int32_t lobby_vote(struct session *session, const char *vote, bool choice, struct failure *failure);
int32_t lobby_chat(struct session *session, const char *text, bool team_only,
                   struct failure *failure);
/* The session leaves its lobby, if any; it is told with lobby.left unless it asked itself. */
void lobby_leave(struct session *session, uint32_t reason);
/* The session's connection is gone; the seat stays for the reconnect window. */
void lobby_member_dropped(struct session *session);
void lobby_input(struct session *session, const struct muster_input *input);
void lobby_resync(struct session *session);

/* ---- asked by the host table and admins; not inside a match step ---- */
void lobby_close(struct lobby *lobby, uint32_t leave_reason, const char *reason);
void lobby_kick(struct lobby *lobby, uint32_t seat, const char *reason);
/* A line from the server. */
void lobby_announce(struct lobby *lobby, const char *text);
/* End a running match from outside a step. */
void lobby_match_end(struct lobby *lobby, uint32_t winning_team, uint32_t reason);

uint32_t lobby_players(const struct lobby *lobby); /* people with a seat or a reservation */
uint32_t lobby_spectators(const struct lobby *lobby);
const char *lobby_map(const struct lobby *lobby);
bool lobby_open(const struct lobby *lobby); /* can a player be seated now? */
bool member_is_spectator(uint32_t index);

/* ---- JSON of docs/protocol.md section 5; new references ---- */
json_t *lobby_info_json(const struct lobby *lobby);
json_t *lobby_members_json(const struct lobby *lobby);
json_t *lobby_match_json(struct lobby *lobby);             /* MatchInfo or null */
json_t *lobby_session_json(const struct session *session); /* PlayerSession */
json_t *lobby_scoreboard_json(const struct lobby *lobby);
json_t *match_results_json(const struct match_results *results);

#endif
