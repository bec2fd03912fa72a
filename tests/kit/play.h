/* play - what the cases of service_engine share: checks, requests, a lobby with a match in it. */
#ifndef PLAY_H
#define PLAY_H

#include <jansson.h>
#include <muster/plugin.h>
#include <muster/writer.h>

struct play {
    muster_self *self;
    const struct muster_host *host;
    const struct muster_host_engine *engine;
    struct muster_writer *out; /* the command's answer */
    uint32_t failed;
};

/* Notes a failed check, with the sentence; returns ok. */
bool play_check(struct play *play, bool ok, const char *format, ...) MUSTER_PRINTF(3, 4);
#define CHECK(play, condition)                                                                     \
    play_check((play), (condition), "%s:%d: %s", __FILE_NAME__, __LINE__, #condition)

muster_player_id play_player(struct play *play, const char *name);
/* The whole answer, a new reference; params are taken, may be null. */
json_t *play_ask(struct play *play, muster_player_id player, const char *method, json_t *params);
/* The result, a new reference; a refusal is a failed check and gives null. */
json_t *play_do(struct play *play, muster_player_id player, const char *method, json_t *params);
/* data.code of the refusal, or "" when it was granted; until the next call. */
const char *play_refusal(struct play *play, muster_player_id player, const char *method,
                         json_t *params);
/* A lobby of this mode with these settings (taken), and the player in it. */
muster_lobby_id play_lobby_of(struct play *play, muster_player_id player, const char *game_mode,
                              json_t *settings);
/* The same of mode arena. */
muster_lobby_id play_lobby(struct play *play, muster_player_id player, json_t *settings);
void play_join(struct play *play, muster_player_id player, muster_lobby_id lobby);
void play_advance(struct play *play, uint32_t ms);
/* Takes notifications until one has this method; its params, a new reference, or null. */
json_t *play_hear(struct play *play, muster_player_id player, const char *method);
/* Lets time pass until `method` is heard, at most limit_ms. */
json_t *play_await(struct play *play, muster_player_id player, const char *method,
                   uint32_t limit_ms);
/* 0 when none runs. */
muster_match_id play_match(struct play *play, muster_lobby_id lobby);
uint64_t play_hash(struct play *play, muster_lobby_id lobby);

#endif
