/* rules_rig.h - rules_private in the testkit, with one lobby, its host and two others; for its
 * tests. */
#ifndef RULES_RIG_H
#define RULES_RIG_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "testkit_put.h"
#include <jansson.h>

#define NO_PLAYER ((muster_player_id){0})

struct rig {
    struct testkit *kit;
    muster_self *plugin;
    const struct muster_rules *rules;
    void *instance;
    void *state;
    muster_lobby_id lobby;
    muster_player_id host, guest, third;
    char reason[MUSTER_REASON_MAX];
    struct muster_refusal refusal;
};

static inline void rig_people(struct rig *rig) {
    static const struct crew_name names[] = {
        {"host", "Host"}, {"guest", "Guest"}, {"third", "Third"}};
    muster_player_id players[3];
    crew_add(rig->kit, names, 3, players);
    rig->host = players[0];
    rig->guest = players[1];
    rig->third = players[2];
}

static inline int setup_with_ban(void **state, const char *vote_ban_s) {
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->kit = testkit_create();
    rig->plugin = testkit_load(rig->kit, PLUGIN_DIR "/rules_private.so");
    assert_non_null(rig->plugin);
    assert_true(testkit_config_set(rig->plugin, "playerTriesPerMinute", "3"));
    assert_true(testkit_config_set(rig->plugin, "addressTriesPerMinute", "5"));
    assert_true(testkit_config_set(rig->plugin, "voteBanS", vote_ban_s));
    assert_true(testkit_config_set(rig->plugin, "presets", "duel lateJoin=false startWhen=host"));
    assert_int_equal(testkit_start(rig->plugin), MUSTER_OK);
    rig->rules = testkit_role(rig->plugin, MUSTER_ROLE_RULES);
    rig->instance = testkit_instance(rig->plugin);
    rig_people(rig);
    rig->lobby = crew_lobby(rig->kit, (struct muster_lobby_info){.is_private = 1}, rig->host);
    rig->state = testkit_rules_state(rig->plugin, rig->lobby);
    assert_non_null(rig->state);
    assert_true(crew_sit(rig->kit, rig->lobby, rig->host, 0));
    testkit_advance(rig->kit, 1000);
    *state = rig;
    return 0;
}

static inline int setup(void **state) {
    return setup_with_ban(state, "300");
}

static inline int teardown(void **state) {
    struct rig *rig = *state;
    assert_int_equal(testkit_stop(rig->plugin), 0);
    assert_int_equal(testkit_faults(rig->kit), 0);
    testkit_destroy(rig->kit);
    free(rig);
    return 0;
}

static inline muster_verdict ask(struct rig *rig, uint32_t kind, muster_player_id player,
                                 const char *value) {
    rig->refusal = (struct muster_refusal){.size = sizeof(rig->refusal)};
    rig->reason[0] = '\0';
    const struct muster_player_info *info = testkit_player(rig->kit, player);
    const struct muster_action action = {
        .size = sizeof(action),
        .kind = kind,
        .lobby = rig->lobby,
        .player = player,
        .seat = info && info->lobby.value ? info->seat : MUSTER_SEAT_NONE,
        .target_seat = MUSTER_SEAT_NONE,
        .key = "",
        .value = value,
        .target = kind == MUSTER_ACTION_TEAM_CHANGE ? player : NO_PLAYER,
        .refusal = &rig->refusal,
    };
    return rig->rules->allow(rig->instance, rig->state, &action, rig->reason, sizeof(rig->reason));
}

static inline void assert_refused(struct rig *rig, muster_verdict verdict, const char *word) {
    assert_int_equal(verdict, MUSTER_REJECT);
    assert_string_equal(rig->refusal.word, word);
    assert_true(strlen(rig->reason) > 5);
}

static inline void change(struct rig *rig, const char *key, const char *value) {
    rig->rules->changed(rig->instance, rig->state, key, value);
}

/* After all that was wanted is done. */
static inline bool is_here(struct rig *rig, muster_player_id player) {
    testkit_pump(rig->kit);
    return testkit_member(rig->kit, rig->lobby, player) != NULL;
}

static inline bool is_open(struct rig *rig) {
    testkit_pump(rig->kit);
    return testkit_lobby(rig->kit, rig->lobby) != NULL;
}

static inline struct testkit_rpc call(struct rig *rig, muster_player_id player, const char *method,
                                      const char *params) {
    return testkit_rpc(rig->kit, player, method, params);
}

static inline void assert_rpc(struct testkit_rpc rpc, const char *code, const char *reason) {
    assert_true(rpc.answered);
    assert_string_equal(rpc.code, code);
    assert_string_equal(rpc.reason, reason);
}

#endif
