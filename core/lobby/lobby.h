/* lobby - where players meet: members, states, seats, and the match they play. Loop
 * thread.
 *
 * waiting -> starting -> active -> ending -> (starting again | completed). Joining is always two
 * steps: reserve a seat (a one-use ticket bound to player and lobby), then enter with the ticket.
 * A dropped member keeps the seat for lobby.reconnectMs and comes back with a resume token, which
 * rotates: the one before stays good until the new one is first used.
 *
 * Each lobby has a clock of its own, which stands while the lobby is frozen: deadlines are times of
 * that clock, so that none has to be moved.
 *
 * Files: lobby.c the table and life, lobby_member.c seats and entries, lobby_match.c states and the
 * match, lobby_freeze.c when it stands, lobby_disturbed.c what the server spoils of it,
 * lobby_rules.c what rules allow, lobby_host.c what a host does, lobby_settings.c, lobby_vote.c,
 * lobby_state.c all of it as bytes, lobby_journal.c what of it outlives the process,
 * lobby_recipients.c to whom it sends, lobby_send.c snapshots, lobby_json.c what clients are told.
 */
#ifndef LOBBY_H
#define LOBBY_H

#include "checkpoint.h"
#include "failure.h"
#include "match.h"
#include "pacer.h"
#include "session.h"
#include "slots.h"

#define LOBBY_SPECTATORS_MAX 16

enum member_state { MEMBER_NONE, MEMBER_RESERVED, MEMBER_ENTERED };

#define LOBBY_CODE_SIZE 9 /* 40 random bits in Crockford's base 32, NUL */
enum lobby_vote_slot { VOTE_RESTART, VOTE_CALLED, VOTE_SLOTS };

/* What is said of a member, and what leads back to the place. */
struct member_texts {
    char ticket[TICKET_TEXT_SIZE];
    char resume[TICKET_TEXT_SIZE];
    char resume_before[TICKET_TEXT_SIZE]; /* "" once the newer was used */
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
};

/* Index below the lobby's people_max: the seat number; above: a spectator. */
struct member {
    enum member_state state;
    muster_player_id player;
    uint32_t team; /* wished, then the match's */
    bool team_set; /* by the host, a plugin or matchmaking: counts whatever the others wish */
    bool connected;
    bool ready;
    bool matched;          /* the seat was found by matchmaking */
    bool want_full;        /* next snapshot is to be a full one */
    bool want_results;     /* came while the scoreboard is shown: to be told match.ended */
    bool awaited;          /* was here when the lobby was saved; it waits for them */
    bool owed;             /* lost the connection by a fault of the server's: has left nothing */
    uint32_t untold_cause; /* MUSTER_DISTURBED_... of the last one of this match that was told while
                              the member was away; or 0 */
    uint32_t untold_ms;
    uint64_t event_cursor;      /* events sent so far */
    uint64_t lag_since_ms;      /* 0: reads in time */
    uint64_t deadline_ms;       /* reserved: ticket; dropped: seat is given up; the lobby's clock */
    uint64_t since_ms;          /* has been here; the loop's clock */
    struct member_texts *texts; /* of who is there; owned */
};

/* Who is sent what the lobby tells; lobby_recipients.c. */
struct recipient {
    struct client *client;
    uint32_t index; /* of the member */
};

/* Which signed tickets lead one player in; section 14 of docs/protocol.md. An issue is the number
 * of a ticket that this node has made, 0: of none. */
struct lobby_tickets {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    uint32_t newest;      /* issue of the last one that was made: the others are void */
    uint32_t shown;       /* ... of the one that was signed in with last */
    uint32_t used;        /* ... of the one that has led in last */
    int64_t shown_at_s;   /* when the one that was signed in with was made */
    int64_t used_at_s;    /* ... and the one that has led in; 0: none has */
    int64_t kept_until_s; /* Unix; all of them have expired by then */
};

/* A lobby's text in lists, and what it was made of. */
struct lobby_listed {
    char *text;
    uint32_t state;
    uint32_t players;
    uint32_t players_max;
    uint32_t settings_version;
    uint32_t registry_version;
    bool frozen;
};

/* A vote of the players: for another match (the lobby's own), or one that a plugin started. */
struct lobby_vote {
    uint32_t id; /* 0: none */
    uint32_t option_count;
    uint32_t needed; /* as it was wanted; lobby_vote.c: needed_now */
    uint64_t deadline_ms;
    uint8_t cast[MUSTER_PEOPLE_MAX]; /* option + 1; 0: not voted. Counts while who sits there is
                                           connected */
    uint32_t told_needed;            /* with the counts below: what members know */
    uint32_t told_counts[MUSTER_VOTE_OPTIONS_MAX];
    char excluded_key[MUSTER_PLAYER_KEY_MAX]; /* the player who may not vote, or "" */
    uint64_t registration; /* of the plugin's that called it; 0: the lobby's own */
    char key[MUSTER_NAME_MAX];
    char subject[MUSTER_PLAYER_KEY_MAX];
    char options[MUSTER_VOTE_OPTIONS_MAX][MUSTER_NAME_MAX];
};

/* What each tick and each input asks comes first. */
struct lobby {
    struct pacer_entry pace;
    struct match *match;          /* starting with active, to the end of ending */
    uint64_t frozen_since_ms;     /* the loop's clock; 0: it is not frozen */
    struct member *members;       /* of people_max seats, then LOBBY_SPECTATORS_MAX; owned */
    struct recipient *recipients; /* in the members' order and block */
    uint32_t recipient_count;
    uint32_t people_max; /* most that players_max can be: of its mode, when it was made */
    uint32_t tick_rate_hz;
    uint32_t close_leave; /* MUSTER_LEAVE_...: it is to be closed; 0: it is not */
    muster_lobby_id id;
    char key[TICKET_UUID_SIZE];
    bool changed;                  /* since it was written; changed_next */
    bool kept_at_tick;             /* what is written last and the log since are this lobby */
    struct checkpoint *checkpoint; /* null: it was never written */
    uint64_t checkpoint_due_ms;
    char region[MUSTER_NAME_MAX];
    char game_mode[MUSTER_NAME_MAX];
    int64_t epoch;         /* Unix ms at which its life began, which goes on when it is loaded */
    uint32_t state;        /* MUSTER_LOBBY_... */
    bool is_private;       /* the setting isPrivate */
    bool locked;           /* nobody comes in: the setting locked */
    bool begun_again;      /* what was loaded is its match's scoreboard alone: to be told */
    bool balanced;         /* the setting teamBalance */
    bool unmatched;        /* matchmaking puts nobody here: a plugin wants it so */
    bool awaits_host;      /* does not start by itself, and its host is not here */
    bool forced;           /* starting because somebody wanted it */
    muster_player_id host; /* 0: none; a player who is here */
    char host_key[MUSTER_PLAYER_KEY_MAX];
    char code[LOBBY_CODE_SIZE]; /* leads here; "": no code */
    struct lobby_vote *votes;   /* VOTE_SLOTS; lobby_no_votes before the first one, else owned */
    json_t *settings;           /* every key of the mode's schema that is not secret; shared.h */
    json_t *host_setting;       /* what hostId of these is */
    uint32_t settings_version;
    struct lobby_listed listed;
    uint32_t players_max;
    uint32_t players_min;
    struct registry_teams teams; /* of its mode */
    struct match_part rules[MATCH_RULES_MAX];
    uint32_t rules_count;
    struct match_results *results; /* of the match that ended, in ending */
    uint64_t recover_until_ms;  /* frozen: it goes on by then, or when all are back; 0: by thaw */
    uint64_t complete_since_ms; /* all are back whom it waits for; 0: not yet */
    uint64_t behind_ms;         /* its own clock is behind the loop's, which it follows */
    uint32_t loaded_by; /* MUSTER_DISTURBED_...: why its match stands since it was loaded; or 0 */
    int64_t began_unix_ms;        /* when that would have begun, had it never stood */
    uint64_t overloaded_since_ms; /* its match; the loop's clock; 0: it is not */
    uint64_t disturbed_until_ms;  /* who drops by then is owed the seat; its own clock */
    uint64_t deadline_ms;         /* starting: the match begins; ending: the scoreboard ends */
    uint64_t empty_since_ms;      /* no player is there, watchers or not; 0: one is */
    uint64_t members_told_ms;
    bool members_changed;       /* and not told yet */
    struct lobby *touched_next; /* among those that wait for their turn */
    bool touched;
    struct lobby *changed_next; /* among those that are to be written (lobby_journal) */
    bool is_unkept;             /* it could not be written, and that was said */
    bool is_left;               /* to the next process */
    const char *close_reason;   /* a constant */
    bool closing;
    struct kept *kept;             /* by plugins */
    struct lobby_tickets *tickets; /* of players who may come by one; owned */
    uint32_t tickets_count;
};

/* Callbacks to the layer above, so that lobby needs no look upwards. */
struct lobby_hooks {
    void (*match_ended)(struct lobby *lobby, const struct match_results *results);
    void (*seats_opened)(struct lobby *lobby);
};

muster_status lobby_init(uint32_t lobbies_max, const struct lobby_hooks *hooks) MUSTER_MUST_USE;
/* Closes all; the loop may still turn for recordings. */
void lobby_deinit(void);
struct lobby *lobby_find(muster_lobby_id id);
struct lobby *lobby_find_key(const char *lobby_key);
/* As a person may have typed it: any case, with blanks and dashes. */
struct lobby *lobby_find_code(const char *code);
struct lobby *lobby_next(muster_lobby_id *id); /* slots_next order */
uint32_t lobby_count(void);
uint32_t lobby_count_state(uint32_t state);
/* Is it one of the node's? */
bool lobby_region_served(const char *region);
/* Draining: refuse new lobbies and joins. */
void lobby_drain(bool on);
bool lobby_draining(void);
/* While the node is overloaded: for whoever asks for a seat that they have not got yet. */
int32_t lobby_check_load(struct failure *failure);

/* ---- asked by clients (through methods) and matchmaking; RPC_OK or failure's code ---- */
struct lobby_wish {
    const char *game_mode;
    const char *region;       /* "" = the node's */
    json_t *settings;         /* borrowed, may be null */
    muster_player_id creator; /* 0: matchmaking */
};
int32_t lobby_create(const struct lobby_wish *wish, struct lobby **out, struct failure *failure);
/* Reserves a seat (or a spectator's place) and copies the ticket. A player who already holds a
 * seat here gets a ticket for that seat; one who watches and wants to play, or plays and wants to
 * watch, gives up the place it has for the other one. */
int32_t lobby_reserve(struct lobby *lobby, struct session *session, uint32_t team, bool spectator,
                      const char *secret, char ticket[TICKET_TEXT_SIZE], struct failure *failure);
/* The same for a player whom matchmaking places. */
int32_t lobby_place(struct lobby *lobby, struct session *session, uint32_t team,
                    char ticket[TICKET_TEXT_SIZE], struct failure *failure);
/* Somebody whom a plugin, or the ticket they sign in with, gives a seat. */
struct lobby_expected {
    const char *player_key;
    const char *display_name;        /* until they have signed in; "": the key */
    uint32_t team;                   /* MUSTER_TEAM_NONE: theirs or the mode's choice */
    uint64_t hold_ms;                /* at least lobby.seatTicketMs */
    const struct muster_self *asker; /* whose rules are not asked; null: the player's own ticket */
    uint32_t issue; /* asker's: of the ticket that was made for it, the only one from now on */
};
/* Reserves the seat, also for who has not signed in; one who has a seat there gets a ticket for it.
 * *out: their session. On failure nothing has changed. */
int32_t lobby_expect(struct lobby *lobby, const struct lobby_expected *who,
                     char ticket[TICKET_TEXT_SIZE], struct session **out, struct failure *failure);
/* Those of this player, made if need be; until the rules are asked or others are made. Null: there
 * are too many. */
struct lobby_tickets *lobby_tickets_of(struct lobby *lobby, const char *player_key);
/* Why this one of the player leads in no more, or null. */
const char *lobby_ticket_refusal(const struct lobby_tickets *tickets,
                                 const struct muster_identity *ticket);
/* The player has signed in with it, and will have used it with the entry. */
void lobby_ticket_show(struct lobby *lobby, const struct muster_identity *ticket);
/* Whose seat, taken by a ticket, this token leads back to; or null. */
struct session *lobby_find_resumable(const char *resume_token);
/* *entry: Entry of docs/protocol.md, new reference. */
int32_t lobby_enter(struct session *session, const char *ticket, json_t **entry,
                    struct failure *failure);
int32_t lobby_resume(struct session *session, const char *token, json_t **entry,
                     struct failure *failure);
/* player_key "": one's own team. */
int32_t lobby_set_team(struct session *session, const char *player_key, uint32_t team,
                       struct failure *failure);
int32_t lobby_chat(struct session *session, const char *text, bool team_only,
                   struct failure *failure);
int32_t lobby_ready(struct session *session, bool ready, struct failure *failure);
int32_t lobby_cast(struct session *session, uint32_t vote_id, const char *option,
                   struct failure *failure);
int32_t lobby_cast_restart(struct session *session, bool choice, struct failure *failure);

/* ---- asked by the one who may, if the rules say so ---- */
int32_t lobby_kick_player(struct session *session, const char *player_key, const char *reason,
                          struct failure *failure);
int32_t lobby_transfer_host(struct session *session, const char *player_key,
                            struct failure *failure);
int32_t lobby_update_settings(struct session *session, json_t *settings, struct failure *failure);
int32_t lobby_lock(struct session *session, bool locked, struct failure *failure);
/* Does not wait for what the rules otherwise wait for. */
int32_t lobby_start(struct session *session, struct failure *failure);

/* Matchmaking put the session here, and it has not entered yet: it does not want to. */
void lobby_give_back(struct session *session);
/* The session leaves its lobby, if any; it is told with lobby.left unless it asked itself. */
void lobby_leave(struct session *session, uint32_t reason);
/* The session's connection is gone; the seat stays for the reconnect window. */
void lobby_member_dropped(struct session *session);
/* To the mode with the next tick. STATE: the session plays no match; others: match_message_push. */
muster_status lobby_message(struct session *session, const void *data,
                            uint32_t len) MUSTER_MUST_USE;
/* Soon one will come: where it goes is fetched from memory. */
void lobby_expect_input(const struct client *client);
/* To the match that the client plays in, if there is one that takes it. */
void lobby_input(const struct client *client, const struct muster_input *input);
void lobby_resync(struct session *session);
/* Null: it has no such setting. Borrowed: good until the loop's next turn. */
json_t *lobby_setting(const struct lobby *lobby, const char *key);
/* All of them; a new reference, of what nobody changes. */
json_t *lobby_settings_json(const struct lobby *lobby);

/* ---- asked by the host table and admins; not inside a match step ---- */
void lobby_close(struct lobby *lobby, uint32_t leave_reason, const char *reason);
void lobby_kick(struct lobby *lobby, uint32_t seat, const char *reason);
/* leave: MUSTER_LEAVE_...; all are told the reason. */
void lobby_remove(struct lobby *lobby, muster_player_id player, uint32_t leave, const char *reason);
/* host: an entered member's index, or UINT32_MAX for nobody. */
void lobby_host_set(struct lobby *lobby, uint32_t index);
void lobby_lock_set(struct lobby *lobby, bool locked);
void lobby_code_renew(struct lobby *lobby);
/* STATE while a match runs. */
muster_status lobby_team_set(struct lobby *lobby, uint32_t seat, uint32_t team);
/* Core's own lobby settings; before plugins are loaded. */
muster_status lobby_settings_declare(void) MUSTER_MUST_USE;
/* Checks and changes all or none. by: 0 for nobody; asker: the plugin that wants it (not asked
 * itself), or null: somebody does. */
int32_t lobby_settings_change(struct lobby *lobby, muster_player_id by, struct muster_self *asker,
                              json_t *wanted, struct failure *failure);
/* The rules but those of `asker`; `needs_accept`: allowed only if one accepts. */
int32_t lobby_ask(const struct lobby *lobby, const struct muster_action *action,
                  const struct muster_self *asker, bool needs_accept, struct failure *failure);
muster_status lobby_vote_start(struct lobby *lobby, struct muster_self *owner,
                               const struct muster_vote *vote, muster_vote_fn fn, void *user);
muster_status lobby_vote_cancel(struct lobby *lobby, const struct muster_self *owner);
/* To every entered, connected member; params is taken; null (text that is no UTF-8): nothing. */
void lobby_broadcast(struct lobby *lobby, const char *method, json_t *params);
/* A line from the server. */
void lobby_announce(struct lobby *lobby, const char *text);
/* Its clock stands from now on, and its match between two ticks: no deadline runs, inputs are not
 * taken, nobody gets a seat; who drops may come back. STATE: it is frozen already, or closes. After
 * lobby.frozenMaxMs it is closed. */
muster_status lobby_freeze(struct lobby *lobby);
/* It goes on where it stood. STATE: it is not frozen. */
muster_status lobby_thaw(struct lobby *lobby);
/* Frozen, since another process has left it, and its people come back: many at once. */
bool lobby_is_recovering(const struct lobby *lobby);
#define LOBBY_STATE_BYTES_MAX MUSTER_LOBBY_STATE_MAX
#define LOBBY_ERROR_MAX 256
/* All of it, appended to out: what lobby_load makes the same lobby of, in another process. It goes
 * on here. Else error is a sentence: STATE: it closes, or its match is in a step. LIMIT: out is too
 * small. NOT_FOUND: its game mode is gone. A vote that a plugin has called is not in it: for who
 * goes on elsewhere it has ended without a result. */
muster_status lobby_save(struct lobby *lobby, struct muster_writer *out,
                         char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;
/* A lobby of the same id, frozen. Its members have dropped, and resume with the tokens they have;
 * it goes on when all who were there are back, or after lobby.recoverMs, and its match is disturbed
 * then by `cause` (MUSTER_DISTURBED_RESTART or CRASH) for as long as it has stood. Else nothing is
 * left behind, and error is a sentence: INVALID, LIMIT (these bytes are no lobby), NOT_FOUND (its
 * mode is not loaded), CONFLICT (a plugin is another one here, or the match has ended since),
 * EXISTS, FULL, UNAVAILABLE (draining). */
muster_status lobby_load(struct muster_bytes state, uint32_t cause, struct lobby **out,
                         char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;
/* The same of a lobby that a process has left without a word: its match is brought to the mark by
 * the log since; by {0} it goes on from the state, and the log behind is forgotten, as is what
 * waited for the next step. INVALID also when the log leads elsewhere than it did. */
muster_status lobby_recover(struct muster_bytes state, struct checkpoint_mark mark,
                            struct lobby **out, char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;
/* Nobody can play on in what was saved: it ends here at once, as by lobby_close, its match with the
 * results as they stood. No plugin that has a part in it is called. Errors as lobby_load's. */
muster_status lobby_conclude(struct muster_bytes state, const char *reason,
                             char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;
/* It does not go on here: its people hear why when they come back, as of a seat that was lost by a
 * fault of the server's. */
void lobby_abandon(struct muster_bytes state, const char *why);
/* Whose match is in what was saved. False: none. */
bool lobby_state_match(struct muster_bytes state, char match_key[TICKET_UUID_SIZE]);
/* Of its members, and of the match: as before for what was loaded from what was saved now. */
uint64_t lobby_hash(struct lobby *lobby);
/* Are these bytes a lobby that lobby_save has written? Nothing is made of them; else as lobby_load.
 */
muster_status lobby_look(struct muster_bytes state, char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;
/* It is gone here, without an end and without a word: it goes on from what was saved. */
void lobby_let_go(struct lobby *lobby);
/* End a running match from outside a step. */
void lobby_match_end(struct lobby *lobby, struct match_decision decision);

/* ---- asked by the engine ---- */
/* Matches from now on have this seed, the one after it, ... instead of random ones. */
void lobby_seed(uint64_t seed);
/* match_reincarnate, of a match that runs; on failure the lobby is closed. */
muster_status lobby_match_reincarnate(struct lobby *lobby) MUSTER_MUST_USE;
/* A full frame as a member would be sent now, with the events after *event_cursor, which is moved
 * on, as far as they are kept. A match is there. As match_frame_since's. */
uint8_t *lobby_frame(struct lobby *lobby, uint32_t index, uint64_t *event_cursor, uint32_t *len);

/* Is it shown to this player (null: to anybody)? A private lobby only to who is in it. */
bool lobby_visible(const struct lobby *lobby, const struct session *session);
uint32_t lobby_players(const struct lobby *lobby); /* people with a seat or a reservation */
uint32_t lobby_spectators(const struct lobby *lobby);
const char *lobby_map(const struct lobby *lobby);
bool lobby_open(const struct lobby *lobby); /* can a player be seated now? */
uint32_t lobby_find_member(const struct lobby *lobby, muster_player_id player); /* or UINT32_MAX */
uint32_t lobby_find_member_key(const struct lobby *lobby, const char *player_key);
/* MUSTER_SEAT_NONE for a spectator. */
uint32_t lobby_seat(const struct lobby *lobby, uint32_t index);
bool lobby_member_is_spectator(const struct lobby *lobby, uint32_t index);
static inline uint32_t lobby_members_end(const struct lobby *lobby) {
    return lobby->people_max + LOBBY_SPECTATORS_MAX;
}

/* ---- JSON of docs/protocol.md section 5; new references ---- */
json_t *lobby_info_json(const struct lobby *lobby);
/* Public lobbies; "" does not restrict. */
struct lobby_filter {
    const char *game_mode;
    const char *region;
    const char *state;
    const char *map_name;
    bool by_open_slots;
    bool has_open_slots;
    uint32_t limit;
    muster_lobby_id after; /* 0: from the start */
};
/* {lobbies: [LobbyInfo], nextCursor} as text, to be freed; the settings of each are cut to those
 * that differ from the mode's and a few that always count. Null: out of memory. */
char *lobby_list(const struct lobby_filter *filter, uint32_t *len);
json_t *lobby_reservation_json(const struct lobby *lobby, const char *ticket);
json_t *lobby_members_json(const struct lobby *lobby);
json_t *lobby_match_json(struct lobby *lobby); /* MatchInfo or null */
/* Schema of a mode's settings with the operator's lobby.defaults as its defaults. */
json_t *lobby_settings_schema(const char *game_mode);
json_t *lobby_session_json(const struct session *session); /* PlayerSession */
json_t *lobby_scoreboard_json(const struct lobby *lobby);
json_t *lobby_results_json(const struct match_results *results);

#endif
