/* match_internal - shared by the match*.c files alone. */
#ifndef MATCH_INTERNAL_H
#define MATCH_INTERNAL_H

#include "match.h"

/* Around each call into a part of the match: names it for the watchdog, and marks the match as
 * stepping, so that host functions that would re-enter it are queued. */
void match_call_begin(struct match *match, const struct match_part *part, const char *call);
/* The same for a call that is repeated by a replay: only in such a call does the scoreboard, the
 * generator or an event change, or nothing could be replayed. */
void match_steer_begin(struct match *match, const struct match_part *part, const char *call);
void match_call_end(struct match *match);

/* A match without its parts, of which no plugin is called. On failure *out is good for
 * match_destroy only, or null. */
muster_status match_make(const struct match_setup *setup, struct match **out) MUSTER_MUST_USE;

/* Room for so many, MATCH_COMMANDS_MAX at most. False: out of memory. */
bool match_commands_fit(struct match *match, uint32_t count);

muster_status match_frames_create(struct match *match) MUSTER_MUST_USE;
void match_frames_destroy(struct match *match);
void match_intro_forget(void);
/* Forget what was encoded in the tick before. */
void match_frames_clear(struct match *match);

/* It watches no further. */
void match_anticheat_drop(struct match *match, uint32_t index);
/* The seat's line of the results as it stands. */
struct match_row match_row_of(const struct match *match, uint32_t seat);
/* Is it of who sits there now? */
bool match_row_here(const struct match *match, const struct match_row *row);

/* match_state.c: seats and scores alone, of what match_save has written. False: it has not. */
bool match_load_score(struct match *match, struct muster_bytes state);
/* How it has ended, or will. False: it cannot be. */
void match_decision_save(const struct match *match, struct muster_writer *w);
bool match_decision_load(struct match *match, struct muster_reader *r);

/* The bytes that are hashed; they live as match_save's. */
struct muster_bytes match_save_hashed(struct match *match);
/* match_hash of the match of which match_save has written this. */
uint64_t match_saved_hash(struct muster_bytes state);
/* The last entry of its recording, with how it was decided; then that is closed. */
void match_record_end(struct match *match, uint64_t hash);

/* To be filled in; null: there is no room. */
struct match_row *match_departed_add(struct match *match);

void match_rng_seed(struct match *match);
void match_note_meeting(struct match *match);

/* match_rules.c: what the lobby's rules are told of their match. */
/* Each is told that the match is there, then what they noted meanwhile. Not OK: one refused. */
muster_status match_rules_begin(struct match *match,
                                const struct muster_match_info *info) MUSTER_MUST_USE;
void match_rules_end(struct match *match);
void match_rules_join(struct match *match, uint32_t seat);
void match_rules_leave(struct match *match, uint32_t seat, uint32_t reason);
void match_rules_connection(struct match *match, uint32_t seat, bool connected);
/* What the host itself tells the anticheats of a person's seat: MUSTER_FACT_JOINED, _LEFT. */
void match_observe_seat(struct match *match, uint32_t seat, const char *kind);
void match_rules_tick(struct match *match, const struct muster_tick *tick);
void match_rules_setting(struct match *match, const char *key);
/* Notes, each u8 part, u16 length, bytes. */
void match_notes_tell(struct match *match, const uint8_t *notes, uint32_t len);

#endif
