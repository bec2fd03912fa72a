/* match - one fixed-step match: seats, scoreboard, mode, victory, log. Loop thread.
 *
 * A match knows no connection and no clock: whatever steers it comes in through the functions
 * below, each of which is applied, and recorded with its tick. The same calls in the same order
 * (live, or by replay from the recording) lead to the same state and state hash. lobby owns its
 * matches; replay builds one alone.
 */
#ifndef MATCH_H
#define MATCH_H

#include <jansson.h>

#include "net.h"
#include "protocol.h"
#include "record.h"
#include "registry.h"
#include "slots.h"

#define MATCH_VICTORIES_MAX REGISTRY_VICTORIES_MAX
#define MATCH_RULES_MAX 16
#define MATCH_ANTICHEATS_MAX 8
#define MATCH_INPUTS_MAX 4
#define MATCH_COMMANDS_MAX 64
#define MATCH_MESSAGES_MAX 4096 /* bytes of a seat's messages that wait for one tick */
#define MATCH_EVENTS_PER_TICK 64
#define MATCH_EVENT_RING 8192
#define MATCH_STATE_BYTES_MAX (256u << 10)
#define MATCH_VERSIONS_MAX 32
#define MATCH_BEGIN_NOTES_MAX (256u << 10) /* bytes of all notes of all match_begin */
#define MATCH_CAUSES (MUSTER_DISTURBED_END - 1)

/* What waits for a seat between two ticks. */
struct input_ring {
    uint32_t head; /* 0 when nothing waits */
    uint32_t count;
    uint32_t newest; /* sequence of the newest accepted */
    uint32_t ack;    /* sequence of the last consumed */
    uint32_t repeated_ticks;
    bool any;    /* newest is valid */
    bool active; /* last is to be repeated */
    struct muster_input last;
    struct muster_input items[MATCH_INPUTS_MAX];
};

/* What each input and each tick asks comes first. */
struct match_seat {
    bool used;
    bool is_bot;
    bool connected;
    bool alive;
    uint32_t team;
    uint32_t messages_len;
    struct input_ring ring;
    uint8_t *messages; /* MATCH_MESSAGES_MAX, made when first needed: u16 length, bytes */
    int32_t kills;
    int32_t deaths;
    int32_t assists;
    int32_t score;
    int32_t own_stats[MUSTER_STATS_OWN_MAX];
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
};

/* One line of the results: a seat at the end, or somebody who left before. */
struct match_row {
    uint32_t seat;
    uint32_t team;
    bool is_bot;
    int32_t kills;
    int32_t deaths;
    int32_t assists;
    int32_t score;
    int32_t own_stats[MUSTER_STATS_OWN_MAX];
    uint32_t place;        /* 0: none */
    uint32_t leave_reason; /* MUSTER_LEAVE_...; 0: was there at the end */
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char display_name[MUSTER_DISPLAY_MAX];
};

/* What took part beside the plugins. */
struct match_version {
    char name[MUSTER_NAME_MAX];
    char version[64];
};

/* How it ended. */
struct match_decision {
    uint32_t winner_kind; /* MUSTER_WINNER_... */
    uint32_t winner;
    char reason[MUSTER_NAME_MAX];
    bool teams_placed; /* by who decided; else by score */
    bool seats_placed;
    uint8_t team_places[MUSTER_TEAMS_MAX];
    uint8_t seat_places[MUSTER_SEATS_MAX];
};

/* Faults of the server's of one cause. */
struct match_disturbed {
    uint32_t times; /* 0: there was none */
    uint32_t ms;    /* of all of them */
    uint32_t tick;  /* the first that came after the last one */
};

struct match_results {
    char match_key[40];
    char lobby_key[40];
    struct registry_teams teams;
    uint32_t winner_kind;
    uint32_t winner;
    char reason[MUSTER_NAME_MAX];
    int32_t team_score[MUSTER_TEAMS_MAX + 1];
    uint32_t team_places[MUSTER_TEAMS_MAX];
    uint32_t stat_count;
    char stat_names[MUSTER_STATS_OWN_MAX][MUSTER_NAME_MAX];
    uint32_t duration_s;
    struct match_disturbed disturbed[MATCH_CAUSES]; /* by cause - 1 */
    uint32_t version_count;
    struct match_version versions[MATCH_VERSIONS_MAX];
    uint32_t row_count;
    struct match_row rows[];
};

/* A lobby setting that changes while the match runs; waits for the next tick. */
#define MATCH_SETTINGS_MAX 32
#define MATCH_SETTING_TEXT 512
struct match_setting {
    char key[80];
    char value[MATCH_SETTING_TEXT]; /* JSON */
};

struct match_command {
    uint32_t seat;
    uint32_t arg_count;
    int64_t args[8];
    char name[MUSTER_NAME_MAX];
    char text[128];
};

/* A provider's state within this match; pinned. */
struct match_part {
    struct provider *provider;
    void *state;
    bool is_idle; /* its plugin has said so: match_idle_set */
};

/* The tick's message for one view, encoded at most once per tick and kind. */
struct match_frame {
    uint8_t *bytes; /* NET_HEADROOM, header, payload, events */
    uint32_t room;  /* without headroom */
    uint32_t len;   /* the same; 0: not encoded in this tick */
};

/* What each input and each tick asks comes first. */
struct match {
    muster_match_id id;
    struct match_seat *seats; /* seats_max of people, so many of bots */
    uint32_t seats_max;       /* people; bots take seats above */
    uint32_t tick;            /* the next to run */
    bool stepping;            /* inside a plugin call of this match */
    bool steering;            /* ... of a part of the step: it may change the match */
    bool in_rules;            /* ... of the match's rules, on whatever else is on the stack */
    bool beginning;           /* ... of match_begin */
    bool replaying;           /* the log brings what plugins ask for */
    bool ending;              /* a part of the step wants the end: it comes with the tick's */
    bool ended;
    bool finished;  /* the recording has its end */
    bool sides_met; /* two teams, or players without one, have been here at the same time */
    uint32_t tick_rate_hz;
    uint32_t repeat_ticks_max;
    uint32_t command_count;
    uint32_t settings_waiting_count;
    uint32_t view_count;
    uint32_t snapshot_max_bytes;
    struct match_frame *delta; /* of each view */
    struct match_frame *full;
    uint64_t event_end;        /* absolute */
    uint64_t event_tick_begin; /* what was sent last ends here */
    uint8_t *events;           /* MATCH_EVENT_RING, made with the first: u8 length, bytes; a ring */
    uint32_t event_tick_count;
    uint32_t victory_count;
    uint32_t rules_count;
    uint32_t anticheat_count;
    struct record *record;
    struct match_part mode;
    struct match_part victories[MATCH_VICTORIES_MAX];
    struct match_part rules[MATCH_RULES_MAX]; /* borrowed from the lobby, not pinned twice */
    struct match_part anticheats[MATCH_ANTICHEATS_MAX];
    char lobby_key[40];
    uint32_t rules_begun; /* the first of them know of the match */
    muster_lobby_id lobby;
    char key[40];
    char game_mode[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
    json_t *settings; /* as they were at the start, and what was changed since; shared.h */
    uint64_t seed;
    uint64_t rng[4];
    struct registry_teams teams;
    uint32_t stat_count; /* its own */
    char stat_names[MUSTER_STATS_OWN_MAX][MUSTER_NAME_MAX];
    int32_t team_score[MUSTER_TEAMS_MAX + 1];
    struct match_row *departed; /* match_departed_max, made with the first */
    uint32_t departed_count;
    struct match_disturbed disturbed[MATCH_CAUSES]; /* by cause - 1 */
    struct match_command *commands;                 /* wait for the next tick; match_commands_fit */
    uint32_t command_room;
    struct match_setting *settings_waiting; /* MATCH_SETTINGS_MAX, made when first needed */
    uint8_t *begin_notes;                   /* of match_begin: u8 part, u16 length, bytes */
    uint32_t begin_notes_len;
    struct match_version *versions; /* owned */
    uint32_t version_count;
    struct kept *kept;       /* by plugins; no part of the state */
    struct kept *kept_state; /* which is */
    struct match_decision decision;
};

struct match_setup {
    muster_lobby_id lobby;
    const char *match_key;
    const char *lobby_key;
    const char *game_mode;
    const char *map_name;
    json_t *settings; /* nobody changes it */
    uint64_t seed;
    uint32_t tick_rate_hz;
    uint32_t seats_max;
    const struct match_part *rules; /* the lobby's, or null */
    uint32_t rules_count;
    bool is_replay;        /* commands, settings and notes come from the log */
    struct record *record; /* taken, also on failure; null: not recorded */
};

muster_status match_table_init(uint32_t matches_max) MUSTER_MUST_USE;
void match_table_deinit(void);
struct match *match_find(muster_match_id id);
uint32_t match_count(void);

/* Creates the mode's and the victories' states from the newest generations, and pins these; then
 * the rules begin. */
muster_status match_create(const struct match_setup *setup, struct match **out) MUSTER_MUST_USE;
/* Takes null. Closes the recording. */
void match_destroy(struct match *match);
/* Header of the recording for a match about to be created; a new JSON text to be freed, or null. */
char *match_record_header(const struct match_setup *setup);

/* ---- what steers it ---- */
muster_status match_join(struct match *match, uint32_t seat, const char *player_key,
                         const char *display_name, uint32_t team, bool connected) MUSTER_MUST_USE;
void match_leave(struct match *match, uint32_t seat, uint32_t reason);
void match_connection(struct match *match, uint32_t seat, bool connected);
/* A fault of the server's, MUSTER_DISTURBED_..., of so many ms: the rules are told of it, and the
 * results have it. */
void match_disturb(struct match *match, uint32_t cause, uint32_t ms);
/* A client that comes back counts its inputs from anew; what it held runs out by itself. */
void match_inputs_restart(struct match *match, uint32_t seat);
/* LIMIT: more than there is room for until the next tick. UNSUPPORTED: the mode takes none. */
muster_status match_message_push(struct match *match, uint32_t seat, const void *data,
                                 uint32_t len);
/* Straight to the mode; match_step calls it, and replay. */
void match_message_apply(struct match *match, uint32_t seat, const void *data, uint32_t len);
/* Soon one of the seat will come, or be taken: where it lies is fetched from memory. */
static inline void match_expect_input(const struct match *match, uint32_t seat) {
    const struct match_seat *s = &match->seats[seat];
    __builtin_prefetch(s, 1);
    __builtin_prefetch(&s->ring.items[0], 1);
    __builtin_prefetch(&s->ring.items[1], 1); /* where the first one ends */
}
/* Into the seat's ring; not newer ones are ignored. */
void match_input_push(struct match *match, uint32_t seat, const struct muster_input *input);
/* Consumed input, straight to mode and anticheats; match_step calls it, and replay. */
void match_input_apply(struct match *match, uint32_t seat, const struct muster_input *input);
muster_status match_command_push(struct match *match, const struct match_command *command);
/* LIMIT: more than there is room for until the next tick, or too long a value. */
muster_status match_settings_fit(const struct match *match, const json_t *values);
/* LIMIT: as above; the match goes on with the old one. */
muster_status match_setting_push(struct match *match, const char *key, const json_t *value);
/* INVALID: value is no JSON. */
muster_status match_setting_apply(struct match *match, const struct match_setting *setting);
void match_command_apply(struct match *match, const struct match_command *command);
/* Tells the rules that the mode has refused it. */
void match_command_refused(struct match *match, const struct match_command *command);
/* A step may come soon: what it asks for first is fetched from memory. */
static inline void match_expect_step(const struct match *match) {
    for (size_t at = 0; at < offsetof(struct match, rules); at += CACHE_LINE_BYTES)
        __builtin_prefetch((const char *)match + at);
}
/* One tick: commands, inputs, mode, victories. Sets `ended`. */
void match_step(struct match *match);
/* The part of match_step after commands and inputs; for replay. */
void match_advance(struct match *match);
/* This tick's messages are out: later events belong to the next. After every step. */
void match_sent(struct match *match);
/* Decide from outside of the step: it is over. */
void match_end(struct match *match, struct match_decision decision);
/* Decide from within: it is over after the tick that runs, or the next. STATE: decided already. */
muster_status match_end_later(struct match *match, struct match_decision decision);
/* Won by a team, or with MUSTER_TEAM_NONE by nobody; places by score. */
struct match_decision match_decide(uint32_t team, const char *reason);
/* What a plugin decided. False: no team or seat of the match, no word as its reason, or a place
 * that is 0 or more than there are. */
bool match_decision_take(const struct match *match, const struct muster_match_end *end,
                         struct match_decision *out);
/* The same with what a file says. */
bool match_decision_valid(const struct match *match, const struct match_decision *decision);
/* A note of the log goes to the part it was written for. INVALID: there is no such part, or it is
 * no note. */
muster_status match_note_apply(struct match *match, const struct record_entry *entry);
/* Run fn as a call of `by`'s part of the match, one of the rules, else of the mode's: it may change
 * the match as in a step. Not recorded. */
void match_steer(struct match *match, const struct muster_self *by,
                 void (*fn)(void *user, muster_match_id match), void *user);
/* Write the END entry and close the recording; once, after `ended`. */
void match_finish(struct match *match);

/* ---- what comes out ---- */
/* Seats of people and of bots; MUSTER_SEAT_NONE is none. */
static inline uint32_t match_seat_count(const struct match *match) {
    uint32_t count = match->seats_max * 2;
    return count < MUSTER_SEATS_MAX ? count : MUSTER_SEATS_MAX;
}
static inline uint32_t match_departed_max(const struct match *match) {
    return match->seats_max * 2;
}
/* What victories are asked with; lives until it is asked for again. */
const struct muster_match_facts *match_facts(struct match *match);
/* Match time at the start of the next tick. */
static inline uint32_t match_elapsed_ms(const struct match *match) {
    return (uint32_t)((uint64_t)match->tick * 1000 / match->tick_rate_hz);
}
uint64_t match_hash(struct match *match);
/* Core's, mode's, victories', rules' and anticheats' state; empty when it is too large. Bytes live
 * until the next call, of match_hash, too. */
struct muster_bytes match_save(struct match *match);
/* Into a match that was just created with the same setup (its settings: those of now) and rules.
 * INVALID, or what a part answered: the match is good for match_destroy only. */
muster_status match_load(struct match *match, struct muster_bytes state) MUSTER_MUST_USE;
/* Has its mode a state that can be saved and loaded? */
bool match_is_kept(const struct match *match);
/* The scoreboard of a saved state alone, into a match that was just created with the same setup:
 * who joins it goes on with the scores of before. INVALID: as match_load. */
muster_status match_load_scores(struct match *match, struct muster_bytes state) MUSTER_MUST_USE;
/* What no state holds: inputs, messages, commands and settings that wait for the next step, events
 * that were not sent, and whether it has ended. Load: after match_load; false: these bytes were not
 * written by save, and the match is good for match_destroy only. */
void match_waiting_save(const struct match *match, struct muster_writer *w);
bool match_waiting_load(struct match *match, struct muster_reader *r) MUSTER_MUST_USE;
/* What was loaded has come further by the log since: what waited then is in there. */
void match_waiting_forget(struct match *match);
/* What is called until `false` has been before: the log has what plugins ask for, and they are told
 * so. */
void match_replay(struct match *match, bool is_replay);
/* Saves it and goes on with one made anew, the old one being destroyed. On failure the old one can
 * only be ended. */
muster_status match_reincarnate(struct match *match, struct match **out) MUSTER_MUST_USE;
/* To be freed; null: out of memory. */
struct match_results *match_results(const struct match *match);
/* Those of a match that nobody can go on with, by what was saved of it: as it stood, without a
 * winner where nothing was decided. No plugin is called. setup: as it was created with; its record
 * gets its end. Null also: these bytes are no such match's. */
struct match_results *match_saved_results(const struct match_setup *setup,
                                          struct muster_bytes state, struct muster_bytes waiting);
uint32_t match_view(struct match *match, uint32_t seat);
/* This tick's message for a view, with the events of this tick: bytes behind NET_HEADROOM bytes of
 * headroom. Valid until the next step. */
uint8_t *match_frame(struct match *match, uint32_t view, bool full, uint32_t tick_length_us,
                     uint32_t *len);
/* A full message with all events after `cursor`, into a shared buffer; null when the ring no longer
 * holds them. */
uint8_t *match_frame_since(struct match *match, uint32_t view, uint64_t cursor,
                           uint32_t tick_length_us, uint32_t *len);
/* The mode's intro as JSON, or JSON null. New reference. */
json_t *match_intro(struct match *match);

/* ---- for host->match ---- */
muster_status match_bot_add(struct match *match, const char *display_name, uint32_t team,
                            uint32_t *seat);
muster_status match_bot_remove(struct match *match, uint32_t seat);
uint64_t match_random(struct match *match, uint64_t bound);
muster_status match_event(struct match *match, const void *data, uint32_t len);
int64_t match_adjust(struct match *match, const struct muster_param *param, int64_t value);
/* To rules and anticheats. */
void match_tell(struct match *match, const struct muster_fact *fact);
/* To anticheats alone. */
void match_fact(struct match *match, uint32_t seat, const char *kind, int64_t value);
void match_observe(struct match *match, const struct muster_fact *fact);
/* Does one of them hear facts? */
bool match_is_observed(const struct match *match);
json_t *match_setting(struct match *match, const char *key); /* borrowed, may be null */
muster_status match_note(struct match *match, const struct muster_self *self, const void *data,
                         uint32_t len);
muster_status match_version_set(struct match *match, const char *name, const char *version);
muster_status match_idle_set(struct match *match, const struct muster_self *self, bool is_idle);

/* Wire bytes of a consumed input, as RECORD_INPUT holds them. */
#define MATCH_INPUT_BYTES 32
uint32_t match_input_encode(const struct muster_input *input, uint8_t out[MATCH_INPUT_BYTES]);
muster_status match_input_decode(const uint8_t *data, uint32_t len,
                                 struct muster_input *out) MUSTER_MUST_USE;

#endif
