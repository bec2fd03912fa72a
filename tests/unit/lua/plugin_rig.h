/* plugin_rig - plugin lua as a whole, linked in, on the testkit: a lobby of two, whose host brings
 * a rule, and its match, played live or again from what was noted. A process has one host: the live
 * one goes before the replay comes, which knows of it by a tape.
 *
 * Scripts are bounded by counts, as in the tests of mods, so that nothing depends on the machine.
 */
#ifndef PLUGIN_RIG_H
#define PLUGIN_RIG_H

#include "lobby.h"
#include "probe.h"
#include "script.h"

#include "testkit_put.h"

struct rig {
    struct testkit *kit;
    muster_self *plugin;
    struct instance *instance;
    const struct muster_rules *rules;
    const struct muster_victory *victory;
    struct lobby *lobby;         /* the state of the lobby, or of the replay */
    muster_lobby_id id;          /* 0: of a replay */
    muster_player_id players[2]; /* the first is the host */
    muster_match_id match;
};

/* What a replay has of a match that was live. */
struct tape {
    struct mod *uploads[LOBBY_UPLOADS_MAX]; /* pinned */
    uint32_t upload_count;
    struct testkit_note *notes;
    uint32_t note_count;
};

/* Units of work for one call; mods: a folder of mods, or null. Never fails: aborts. */
struct rig *rig_create(bool is_replay, uint64_t call_units, const char *mods);
void rig_destroy(struct rig *rig); /* takes null */
/* The same for a variable, which is null then; how many faults there were. */
uint32_t rig_close(struct rig **rig);
/* As the host's client does. */
struct testkit_rpc rig_upload(struct rig *rig, const char *name, const char *text, size_t len);
/* What was uploaded, and what was noted in the match, and who left it. */
struct tape *tape_create(struct rig *rig);
void tape_destroy(struct tape *tape); /* takes null */
/* A replay finds what was uploaded. */
void rig_know(struct rig *rig, const struct tape *tape);
/* Its match is told what was noted, what is early first; who left leaves. */
void rig_take_one(struct rig *rig, const struct testkit_note *note);
void rig_take(struct rig *rig, const struct tape *tape);
/* A match on no mode, with two who have sat down. */
void rig_begin(struct rig *rig, const char *game_mode);
void rig_end(struct rig *rig);
/* What rules make of a line that a player may say. */
muster_verdict rig_chat(struct rig *rig, uint32_t player, char *line, uint32_t cap);
/* A player says something; true: it is said to all. */
bool rig_say(struct rig *rig, uint32_t player, const char *text);
void rig_fact(struct rig *rig, const char *kind, uint32_t seat, uint32_t other, int64_t value,
              const char *text);
int64_t rig_adjust(struct rig *rig, const char *name, uint32_t seat, uint32_t other, int64_t value);
/* Is it decided? The team, or UINT32_MAX. */
uint32_t rig_victory(struct rig *rig);
/* All that scripts have saved, and the scoreboard. */
uint32_t rig_state(struct rig *rig, void *out, uint32_t cap);
struct script *rig_script(struct rig *rig, int realm, const char *id);

#endif
