/* match_rig - one match of the fake game, made and moved by hand. */
#ifndef MATCH_RIG_H
#define MATCH_RIG_H

#include "fake_game.h"

static json_t *settings;

static inline int open_books(void **state) {
    (void)state;
    settings = json_pack("{s:i}", "maxPlayers", 4);
    return game_open(NULL) || match_table_init(4) ? -1 : 0;
}

static inline int close_books(void **state) {
    (void)state;
    bool all_gone = match_count() == 0;
    json_decref(settings);
    match_table_deinit();
    return game_close() || !all_gone ? -1 : 0;
}

static inline struct match_setup setup_of(struct record *record) {
    return (struct match_setup){
        .lobby = {7},
        .match_key = "m",
        .lobby_key = "l",
        .game_mode = "fake",
        .map_name = "field",
        .settings = settings,
        .seed = 42,
        .tick_rate_hz = 20,
        .seats_max = 4,
        .record = record,
    };
}

static inline struct match *make(struct record *record) {
    const struct match_setup setup = setup_of(record);
    struct match *match = NULL;
    assert_int_equal(match_create(&setup, &match), MUSTER_OK);
    return match;
}

static inline void join(struct match *match, uint32_t seat, const char *name) {
    assert_int_equal(match_join(match, seat, name, name, MUSTER_TEAM_NONE, true), MUSTER_OK);
}

static inline struct match *make_with_player(void) {
    struct match *match = make(NULL);
    join(match, 0, "ann");
    match_sent(match);
    return match;
}

static inline void step(struct match *match) {
    match_step(match);
    match_sent(match);
}

static inline void push(struct match *match, uint32_t sequence, uint16_t held, uint16_t pressed) {
    const struct muster_input input = {
        .sequence = sequence, .held = held, .pressed = pressed, .move_x = 100, .aim = 5};
    match_input_push(match, 0, &input);
}

static inline const struct muster_input *seen(uint32_t i) {
    assert_true(i < game.seen_count);
    return &game.seen[i].input;
}

#endif
