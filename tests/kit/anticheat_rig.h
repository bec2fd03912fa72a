/* anticheat_rig - a match without play, an anticheat that watches it, and facts that are made up.
 */
#ifndef ANTICHEAT_RIG_H
#define ANTICHEAT_RIG_H

#include "suspicions.h"

#define RATE 20

struct rig {
    struct testkit *kit;
    muster_self *plugin;
    muster_match_id match;
    uint32_t sequence;
};

static inline muster_match_id rig_match(struct testkit *kit) {
    const struct testkit_match_options options = {
        .game_mode = "any", .seats_max = 2, .tick_rate_hz = RATE};
    return testkit_match_create(kit, NULL, &options);
}

/* baselines: of the mode "any", or null. */
static inline struct rig *rig_open(const char *name, const char *baselines) {
    static struct rig rig;
    char path[512];
    rig = (struct rig){.kit = testkit_create()};
    suspicions_forget();
    muster_self *reporter = testkit_add(rig.kit, &muster_plugin_descriptor);
    snprintf(path, sizeof path, "%s/%s.so", PLUGIN_DIR, name);
    rig.plugin = testkit_load(rig.kit, path);
    assert_non_null(rig.plugin);
    if (baselines) assert_true(testkit_config_set(rig.plugin, "baselines", baselines));
    assert_int_equal(testkit_start(reporter), MUSTER_OK);
    assert_int_equal(testkit_start(rig.plugin), MUSTER_OK);
    rig.match = rig_match(rig.kit);
    for (uint32_t seat = 0; seat < 2; seat++)
        assert_int_equal(testkit_match_join(rig.kit, rig.match, seat, MUSTER_TEAM_NONE, "Somebody"),
                         MUSTER_OK);
    return &rig;
}

static inline int rig_close(void **state) {
    struct rig *rig = *state;
    bool good = testkit_faults(rig->kit) == 0 && testkit_stop(rig->plugin) == 0;
    testkit_destroy(rig->kit);
    return good ? 0 : -1;
}

/* Of seat 1, in the tick that comes. */
static inline void rig_tell(struct rig *rig, struct muster_fact fact) {
    fact.size = sizeof fact;
    fact.seat = 1;
    testkit_match_steer(rig->kit, rig->match, true);
    assert_int_equal(testkit_host(rig->kit)->match->observe(rig->plugin, rig->match, &fact),
                     MUSTER_OK);
    testkit_match_steer(rig->kit, rig->match, false);
}

static inline void rig_shot(struct rig *rig, int64_t off, bool hit) {
    rig_tell(rig, (struct muster_fact){.kind = MUSTER_FACT_SHOT,
                                       .value = off,
                                       .other_seat = 0,
                                       .third_seat = hit ? 0 : MUSTER_SEAT_NONE});
}

static inline void rig_visible(struct rig *rig, const char *text) {
    rig_tell(rig, (struct muster_fact){.kind = MUSTER_FACT_VISIBLE,
                                       .value = 1,
                                       .other_seat = 0,
                                       .third_seat = MUSTER_SEAT_NONE,
                                       .text = text});
}

static inline void rig_input(struct rig *rig, struct muster_input input) {
    input.sequence = ++rig->sequence;
    testkit_match_input(rig->kit, rig->match, 1, &input);
}

static inline void rig_ticks(struct rig *rig, uint32_t count) {
    while (count--) {
        rig_input(rig, (struct muster_input){0});
        testkit_match_tick(rig->kit, rig->match);
    }
}

/* The match goes on as after a crash. */
static inline void rig_reincarnate(struct rig *rig) {
    static uint8_t bytes[1 << 16];
    uint32_t len = testkit_match_save(rig->kit, rig->match, bytes, sizeof bytes);
    assert_true(len > 0);
    testkit_match_destroy(rig->kit, rig->match);
    rig->match = rig_match(rig->kit);
    assert_int_equal(testkit_match_load(rig->kit, rig->match, bytes, len), MUSTER_OK);
}

#endif
