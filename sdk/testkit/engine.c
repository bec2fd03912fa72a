/* engine.c - host->engine: the kit is no server, so all of it is unsupported, as on a node that
 * serves. */
#include "internal.h"

static muster_status engine_player_add(muster_self *self, const char *display_name,
                                       muster_player_id *out) {
    KIT_ON_LOOP(self);
    (void)display_name, (void)out;
    return MUSTER_UNSUPPORTED;
}

static void engine_player_remove(muster_self *self, muster_player_id player) {
    (void)kit_wrong_thread(self, __func__), (void)player;
}

static muster_status engine_request(muster_self *self, muster_player_id player, const char *method,
                                    const char *params_json, struct muster_writer *answer) {
    KIT_ON_LOOP(self);
    (void)player, (void)method, (void)params_json, (void)answer;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_read(muster_self *self, muster_player_id player,
                                 struct muster_writer *out) {
    KIT_ON_LOOP(self);
    (void)player, (void)out;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_input(muster_self *self, muster_player_id player,
                                  const struct muster_input *input) {
    KIT_ON_LOOP(self);
    (void)player, (void)input;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_advance(muster_self *self, uint32_t ms) {
    KIT_ON_LOOP(self);
    (void)ms;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_seed(muster_self *self, uint64_t seed) {
    KIT_ON_LOOP(self);
    (void)seed;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_hash(muster_self *self, muster_lobby_id lobby, uint64_t *out) {
    KIT_ON_LOOP(self);
    (void)lobby, (void)out;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_steer(muster_self *self, muster_lobby_id lobby,
                                  void (*fn)(void *user, muster_match_id match), void *user) {
    KIT_ON_LOOP(self);
    (void)lobby, (void)fn, (void)user;
    return MUSTER_UNSUPPORTED;
}

static muster_status engine_reincarnate(muster_self *self, muster_lobby_id lobby) {
    KIT_ON_LOOP(self);
    (void)lobby;
    return MUSTER_UNSUPPORTED;
}

const struct muster_host_engine kit_engine = {
    .size = sizeof(kit_engine),
    .player_add = engine_player_add,
    .player_remove = engine_player_remove,
    .request = engine_request,
    .notification = engine_read,
    .input = engine_input,
    .snapshot = engine_read,
    .advance = engine_advance,
    .seed = engine_seed,
    .hash = engine_hash,
    .steer = engine_steer,
    .reincarnate = engine_reincarnate,
};
