/* arena_fixture.h - a match of mode_arena in the testkit, for the arena tests. The tests look into
 * the match's state (state.h) to place avatars where a case needs them. */
#ifndef ARENA_FIXTURE_H
#define ARENA_FIXTURE_H

#include "test.h"

#include "state.h"
#include <muster_testkit.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    struct testkit *kit;
    muster_self *plugin;
    muster_match_id match;
    struct arena *arena;
};

/* What victory_elimination adds on a server. */
static const char fixture_common[] =
    "[{\"key\":\"elimination\",\"type\":\"bool\",\"default\":false}]";

static muster_status fixture_rules_init(muster_self *self, const struct muster_host *host,
                                        void **out) {
    *out = NULL;
    return host->lobby->settings_add(self, fixture_common);
}

static inline void fixture_open(struct fixture *f, const char *share_dir) {
    static const struct muster_service service = {.size = sizeof(service)};
    static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};
    static const struct muster_plugin rules = {.magic = MUSTER_PLUGIN_MAGIC,
                                               .abi_major = MUSTER_ABI_MAJOR,
                                               .size = sizeof(rules),
                                               .name = "rules",
                                               .version = "1.0.0",
                                               .description = "settings",
                                               .roles = roles,
                                               .role_count = 1,
                                               .init = fixture_rules_init};
    *f = (struct fixture){.kit = testkit_create()};
    testkit_share_dir_set(f->kit, share_dir);
    assert_int_equal(testkit_init(testkit_add(f->kit, &rules)), MUSTER_OK);
    f->plugin = testkit_load(f->kit, PLUGIN_DIR "/mode_arena.so");
    if (!f->plugin) fail_msg("%s", testkit_error(f->kit));
    assert_int_equal(testkit_start(f->plugin), MUSTER_OK);
}

static inline void fixture_match(struct fixture *f, const char *map, uint64_t seed) {
    struct testkit_match_options options = {
        .game_mode = "arena", .map_name = map, .seats_max = 8, .tick_rate_hz = 20, .seed = seed};
    f->match = testkit_match_create(f->kit, f->plugin, &options);
    assert_true(f->match.value != 0);
    f->arena = testkit_match_state(f->kit, f->match);
}

static inline void fixture_close(struct fixture *f) {
    assert_int_equal(testkit_faults(f->kit), 0);
    assert_int_equal(testkit_stop(f->plugin), 0);
    testkit_destroy(f->kit);
}

static inline void fixture_join(struct fixture *f, uint32_t seat, uint32_t team) {
    assert_int_equal(testkit_match_join(f->kit, f->match, seat, team, "player"), MUSTER_OK);
}

static inline void fixture_ticks(struct fixture *f, uint32_t count) {
    while (count--) testkit_match_tick(f->kit, f->match);
}

static inline void fixture_place(struct fixture *f, uint32_t seat, int32_t x, int32_t y) {
    f->arena->avatars[seat].x = x;
    f->arena->avatars[seat].y = y;
    f->arena->avatars[seat].protected_until = 0;
}

/* One input, without a tick. */
static inline void fixture_input(struct fixture *f, uint32_t seat, int move_x, int move_y,
                                 uint16_t held, uint16_t aim) {
    struct muster_input input = {
        .held = held, .aim = aim, .move_x = (int8_t)move_x, .move_y = (int8_t)move_y};
    testkit_match_input(f->kit, f->match, seat, &input);
}

static inline const struct muster_seat_info *fixture_row(struct fixture *f, uint32_t seat) {
    return testkit_match_seat(f->kit, f->match, seat);
}

/* A fresh directory with maps/arena below it; the text of one map goes into it. */
static inline void fixture_map_dir(char dir[TEMP_DIR_MAX], const char *file, const char *text) {
    char path[512];
    assert_true(temp_dir_make(dir));
    snprintf(path, sizeof(path), "mkdir -p %s/maps/arena", dir);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof(path), "%s/maps/arena/%s", dir, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

#endif
