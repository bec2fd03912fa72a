/* lobby_internal - shared by the lobby_*.c files alone. */
#ifndef LOBBY_INTERNAL_H
#define LOBBY_INTERNAL_H

#include "lobby.h"

/* lobby_table.c */
/* What is voted where nobody has voted yet: nothing. Never written. */
extern struct lobby_vote lobby_no_votes[VOTE_SLOTS];
extern struct lobby_hooks lobby_hooks;
/* turn: what is done in its turn with a lobby that was touched. */
muster_status lobby_table_init(uint32_t lobbies_max,
                               void (*turn)(struct lobby *lobby)) MUSTER_MUST_USE;
void lobby_table_deinit(void);
struct lobby *lobby_table_add(muster_lobby_id *out); /* null: no room */
void lobby_table_remove(struct lobby *lobby);
uint32_t lobby_table_size(void); /* lobbies at most */
/* Since when nobody plays here; again is legal. */
void lobby_note_players(struct lobby *lobby);
/* Something has changed that may start or end a match: looked at in the loop's next turn. */
void lobby_touch(struct lobby *lobby);
/* It is another one than was written last: written at the end of the loop's turn, if lobbies are
 * kept. What a step of its match changes is none of that. */
void lobby_changed(struct lobby *lobby);
/* One of those, which is none any more; or null. */
struct lobby *lobby_table_next_changed(void);
/* It cannot go on: closed by lobby.c alone, in its turn, so that whoever finds it out still holds a
 * lobby. What is wanted first counts; `reason` is a constant. */
void lobby_want_close(struct lobby *lobby, uint32_t leave, const char *reason);
struct session *lobby_member_session(const struct member *member);
/* The lobby's clock, which stands while it is frozen. */
uint64_t lobby_now_ms(const struct lobby *lobby);
/* Until a deadline of it, 0 when it has passed. */
uint64_t lobby_left_ms(const struct lobby *lobby, uint64_t deadline_ms);
/* The match's, which the mode decides; before it the wished one. */
uint32_t lobby_member_team(const struct lobby *lobby, uint32_t index);
uint32_t lobby_connected(const struct lobby *lobby);
/* The session's membership, or null. */
struct member *lobby_own_member(const struct session *session, struct lobby **out);
/* The session's entered membership, or null and failure. */
struct member *lobby_need_entered(struct session *session, struct lobby **lobby,
                                  struct failure *failure);

/* lobby_tell.c */
void lobby_state_set(struct lobby *lobby, uint32_t state);
void lobby_emit(const struct lobby *lobby, uint32_t kind, muster_player_id player, uint32_t seat,
                uint32_t value);
void lobby_tell_info(struct lobby *lobby);
/* Members have changed: told now, or with the next change, at most every MEMBERS_EVERY_MS. */
void lobby_broadcast_members(struct lobby *lobby);
/* What could not be told yet. */
void lobby_tell_members(struct lobby *lobby);

/* lobby_tickets.c */
/* This node has made one, whose place lobby_tickets_of has made; 0: none, and those of before are
 * void. */
void lobby_ticket_made(struct lobby *lobby, const char *player_key, uint32_t issue);
/* With the entry: the one that the player came by is used up, and all that were made before. */
void lobby_tickets_use(struct lobby *lobby, const struct session *session);
void lobby_tickets_save(const struct lobby *lobby, struct muster_writer *w);
void lobby_tickets_clear(struct lobby *lobby);

/* lobby_rules.c */
void lobby_rules_create(struct lobby *lobby);
void lobby_rules_destroy(struct lobby *lobby);
/* Allowed when all pass. */
int32_t lobby_allow(struct lobby *lobby, const struct muster_action *action,
                    struct failure *failure);
/* Allowed when one accepts. */
int32_t lobby_authorize(struct lobby *lobby, const struct muster_action *action,
                        struct failure *failure);
/* Asked of all providers before there is a lobby. */
int32_t lobby_allow_create(const struct muster_action *action, struct failure *failure);
void lobby_rules_changed(struct lobby *lobby, const struct muster_self *but, const char *key,
                         json_t *value);
void lobby_rules_notice(const struct muster_notice *notice);
/* False: a rule swallowed the line. */
bool lobby_rules_chat(struct lobby *lobby, const struct session *speaker, char *text, uint32_t cap);
/* What `session` asks, in its lobby; key and value "". */
struct muster_action lobby_action(const struct lobby *lobby, const struct session *session,
                                  uint32_t kind);

/* lobby_disturbed.c */
/* A fault of the server's that its match is played through, if it plays one. */
void lobby_disturb(struct lobby *lobby, uint32_t cause, uint64_t ms);
/* To who was away then, and is back. */
void lobby_disturbed_tell(struct lobby *lobby);
/* Unix ms: until when its match went on; now, or it has not gone on yet since it was loaded. */
int64_t lobby_stands_since(const struct lobby *lobby);
/* What has disturbed the match up to now is said in its log: it goes on, or is about to end. */
void lobby_disturbed_settle(struct lobby *lobby);
/* The same for one that was frozen, whose anticheats learn for how long. */
void lobby_disturbed_thaw(struct lobby *lobby, uint64_t frozen_ms);
/* Stalls and overload, of all lobbies: often enough to know who dropped by them. */
void lobby_disturbed_look(void);
/* Before a tick: only if there was a stall that nobody knows of, by which late inputs wait now. */
void lobby_disturbed_look_ahead(void);
/* Is somebody who drops now owed the seat? */
bool lobby_disturbed_now(const struct lobby *lobby);

/* lobby_saved_write.c */
/* lobby_save, also of one that closes. */
muster_status lobby_state_write(struct lobby *lobby, struct muster_writer *out,
                                char error[LOBBY_ERROR_MAX]) MUSTER_MUST_USE;

/* lobby_journal.c */
/* Now, not only at the turn's end. */
void lobby_journal_write(struct lobby *lobby);
/* Its match has made a step. */
void lobby_journal_step(const struct lobby *lobby);
/* It has come to its end: nothing of it is to go on. */
void lobby_journal_end(struct lobby *lobby);

/* lobby_freeze.c */
/* What lobby_advance does, for one that is frozen. */
void lobby_frozen_advance(struct lobby *lobby);

/* lobby_left.c */
/* What is told of a lost seat: {reason, message?}, new reference. reason: a constant. */
json_t *lobby_left_json(const char *reason, const char *told);
/* The member had a seat, and is not there to be told. */
void lobby_left_note(const struct member *member, const char *reason, const char *told);
/* The same for the token of that seat, as long as it is known; or null. */
json_t *lobby_left_find(const char *player_key, const char *resume_token);

/* lobby_host.c */
bool lobby_code_valid(const char *code);
/* May one of so many players have this team? `but`: a member who does not count, or UINT32_MAX. */
bool lobby_team_fits(const struct lobby *lobby, uint32_t team, uint32_t but, uint32_t players);
/* Into the match that is there, one of so many, with the wished team if it fits. */
muster_status lobby_seat_member(struct lobby *lobby, uint32_t index,
                                uint32_t players) MUSTER_MUST_USE;

/* lobby_settings.c */
/* *out: every key that is not secret; *secrets: those that are, as given. Both new references. */
int32_t lobby_settings_check(const struct lobby_wish *wish, json_t **out, json_t **secrets,
                             struct failure *failure);
/* As they were saved, if the mode's schema has them so; a new reference, or null. */
json_t *lobby_settings_load(const char *game_mode, json_t *saved, struct schema_error *error);
void lobby_settings_apply(struct lobby *lobby);
void lobby_settings_tell(struct lobby *lobby, json_t *given);

/* lobby_setting.c */
/* The first ones of the lobby; taken. */
void lobby_settings_take(struct lobby *lobby, json_t *settings);
/* value is taken; the one before lives until the loop's next turn. */
void lobby_setting_put(struct lobby *lobby, const char *key, json_t *value);

/* lobby_vote.c */
/* Nothing is voted in that slot any more. */
void lobby_vote_clear(struct lobby *lobby, enum lobby_vote_slot slot);
void lobby_vote_restart(struct lobby *lobby);
/* The same, as it was saved: id, needed and what was cast. */
void lobby_vote_load(struct lobby *lobby, const struct lobby_vote *saved);
/* Do as many as are needed want another match? */
bool lobby_vote_again(const struct lobby *lobby);
/* ... and all who are here have voted. */
bool lobby_vote_again_now(const struct lobby *lobby);
/* Whoever had the seat is gone. */
void lobby_vote_forget(struct lobby *lobby, uint32_t index);
/* The lobby ends: who has called a vote is told that it has no result. */
void lobby_votes_drop(struct lobby *lobby);
/* Tallies that changed, by votes or by who came and went, are told; what is decided ends. */
void lobby_vote_settle(struct lobby *lobby);
/* They are told once more: when they end is another time now. */
void lobby_votes_tell(struct lobby *lobby);
/* Of the votes that run, with the choice of that member; a new reference. */
json_t *lobby_votes_json(const struct lobby *lobby, uint32_t index);

/* lobby_member.c */
/* told: what is said to the member beside the reason's word, may be ""; null: nothing is. */
void lobby_member_remove(struct lobby *lobby, uint32_t index, uint32_t reason, const char *told);
/* Tickets and reconnect windows that have run out. */
void lobby_expire_members(struct lobby *lobby);

/* lobby_match.c */
/* Timers of the lobby: countdown, scoreboard, emptiness. Called by lobby.c, a few times a second
 * and in the turn of one that was touched. */
void lobby_advance(struct lobby *lobby);
/* Whether somebody who is matched into it would wait in vain. */
void lobby_note_host(struct lobby *lobby);
void lobby_begin_countdown(struct lobby *lobby, bool forced);
void lobby_match_stop(struct lobby *lobby);
/* Its match has ended: told to the books and its people; also when the process ended before that
 * was certain. */
void lobby_match_tell_end(struct lobby *lobby);
/* All who are in it take their seats in its new match. */
void lobby_match_seat(struct lobby *lobby);
/* Its ticks come from now on. */
void lobby_match_run(struct lobby *lobby);

/* lobby_recipients.c */
/* Of so many people, none of whom is there yet. False: out of memory. */
bool lobby_members_make(struct lobby *lobby, uint32_t people_max) MUSTER_MUST_USE;
void lobby_members_free(struct lobby *lobby);
/* Somebody came or went, or their connection; the match, or whether it runs: before anything is
 * sent to anybody, or pressed. The clients of before are still there. */
void lobby_recipients_renew(struct lobby *lobby);
/* Nobody is sent anything any more, and nothing that is pressed comes here. */
void lobby_recipients_forget(struct lobby *lobby);
/* A step will soon have something for them: what sending asks for is fetched from memory. */
void lobby_recipients_expect(const struct lobby *lobby);
/* That they are those whom one would find now is seen to at each tick of builds with sanitizers. */
#if defined(__SANITIZE_ADDRESS__)
#define LOBBY_RECIPIENTS_CHECKED
void lobby_recipients_check(const struct lobby *lobby);
#else
static inline void lobby_recipients_check(const struct lobby *lobby) {
    (void)lobby;
}
#endif

/* lobby_send.c */
void lobby_send_snapshots(struct lobby *lobby);
/* A full one, out of turn; a match is there. */
void lobby_send_full(struct lobby *lobby, uint32_t index);

#endif
