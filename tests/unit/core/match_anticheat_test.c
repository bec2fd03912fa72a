/* An anticheat in its match: what it is told of, that it only watches, when it comes and goes. */
#include "match_rig.h"

/* ---- a plugin that watches ------------------------------------------------------------------- */

static struct {
    struct muster_self self;
    muster_status at_create;
    muster_match_id match;
    uint32_t states;
    uint32_t inputs;
    uint32_t input_seat;
    uint32_t input_tick;
    uint32_t joined;
    uint32_t left;
    uint32_t seat; /* of the newest who did */
    uint32_t facts;
    struct muster_fact fact; /* the newest; its texts are gone */
    char kind[32];
    muster_status meddled; /* what it got for changing the match */
    uint32_t saved_bytes;
    uint32_t suspects; /* what it saves, first */
    muster_status at_load;
} watcher;

static void meddle(void) {
    watcher.meddled =
        game_host()->stat_add(&watcher.self, watcher.match, 0, MUSTER_STAT_KILLS, 100);
}

static muster_status on_create(void *instance, const struct muster_match_info *info, void **state) {
    (void)instance;
    watcher.match = info->match;
    if (watcher.at_create) return watcher.at_create;
    watcher.states++;
    *state = &watcher;
    return MUSTER_OK;
}

static void on_destroy(void *instance, void *state) {
    uint32_t facts = watcher.facts;
    (void)instance;
    assert_ptr_equal(state, &watcher);
    if (watcher.states == 1) game_host()->fact(&watcher.self, watcher.match, 0, "late", 1);
    assert_int_equal(watcher.facts, facts); /* who goes is told nothing more */
    watcher.states--;
}

static void on_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                     const struct muster_input *input) {
    (void)instance;
    assert_ptr_equal(state, &watcher);
    if (input->repeated) return;
    watcher.inputs++;
    watcher.input_seat = seat;
    watcher.input_tick = tick;
    meddle();
}

static void on_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)instance;
    assert_ptr_equal(state, &watcher);
    bool joined = strcmp(fact->kind, MUSTER_FACT_JOINED) == 0;
    bool left = strcmp(fact->kind, MUSTER_FACT_LEFT) == 0;
    watcher.joined += joined;
    watcher.left += left;
    if (joined || left) {
        watcher.seat = fact->seat;
        return;
    }
    watcher.facts++;
    watcher.fact = *fact;
    snprintf(watcher.kind, sizeof watcher.kind, "%s", fact->kind);
    meddle();
}

static void on_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    assert_ptr_equal(state, &watcher);
    muster_put_u32(out, watcher.suspects);
    for (uint32_t i = 0; i < watcher.saved_bytes; i++) muster_put_u8(out, 0);
    meddle();
}

static muster_status on_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    assert_ptr_equal(state, &watcher);
    watcher.suspects = muster_get_u32(in);
    meddle();
    return watcher.at_load;
}

static const struct muster_anticheat anticheat = {.size = sizeof anticheat,
                                                  .create = on_create,
                                                  .destroy = on_destroy,
                                                  .input = on_input,
                                                  .fact = on_fact,
                                                  .save = on_save,
                                                  .load = on_load};
static const struct muster_role roles[] = {{MUSTER_ROLE_ANTICHEAT, 0, &anticheat}};

static int open_watched(void **state) {
    memset(&watcher, 0, sizeof watcher);
    return open_books(state) || fake_plugin(&watcher.self, "watcher", roles, 1, NULL, NULL) ? -1
                                                                                            : 0;
}

static int close_watched(void **state) {
    if (close_books(state)) return -1;
    registry_remove(&watcher.self);
    return watcher.states || watcher.self.pins ? -1 : 0;
}

/* ---- what it is told ------------------------------------------------------------------------- */

static void it_sees_inputs_and_changes_nothing(void **state) {
    (void)state;
    struct match *match = make_with_player();
    assert_int_equal(watcher.states, 1);
    assert_int_equal(watcher.self.pins, 1);
    step(match);
    push(match, 1, 1, 1);
    step(match);
    assert_int_equal(watcher.inputs, 1);
    assert_int_equal(watcher.input_seat, 0);
    assert_int_equal(watcher.input_tick, 1);
    assert_int_equal(watcher.meddled, MUSTER_STATE);
    assert_int_equal(match->seats[0].kills, 1); /* the mode's, for the button */
    match_destroy(match);
    assert_int_equal(watcher.self.pins, 0);
}

static void tell(struct fake_state *state) {
    const struct muster_fact fact = {.size = sizeof fact,
                                     .seat = 0,
                                     .kind = "hit",
                                     .value = 7,
                                     .other_seat = 1,
                                     .third_seat = MUSTER_SEAT_NONE,
                                     .text = ""};
    if (state->ticks == 1)
        game_host()->fact(&game.self, state->match, 2, "impossible_input", 3);
    else
        assert_int_equal(game_host()->tell(&game.self, state->match, &fact), MUSTER_OK);
    /* The mode's call goes on as it was. */
    assert_int_equal(game_host()->stat_add(&game.self, state->match, 0, MUSTER_STAT_SCORE, 1),
                     MUSTER_OK);
}

static void it_hears_facts_of_both_kinds_and_changes_nothing(void **state) {
    (void)state;
    struct match *match = make_with_player();
    game.in_tick = tell;
    step(match);
    assert_string_equal(watcher.kind, "impossible_input");
    assert_int_equal(watcher.fact.seat, 2);
    assert_int_equal(watcher.fact.value, 3);
    assert_int_equal(watcher.fact.tick, 0);
    assert_int_equal(watcher.fact.other_seat, MUSTER_SEAT_NONE);
    assert_int_equal(watcher.meddled, MUSTER_STATE);
    watcher.meddled = MUSTER_OK;
    step(match);
    assert_int_equal(watcher.facts, 2);
    assert_string_equal(watcher.kind, "hit");
    assert_int_equal(watcher.fact.other_seat, 1);
    assert_int_equal(watcher.fact.tick, 1);
    assert_int_equal(watcher.meddled, MUSTER_STATE);
    assert_int_equal(match->seats[0].kills, 0);
    assert_int_equal(match->seats[0].score, 2);
    match_destroy(match);
}

static void it_hears_who_sits_down_and_who_goes(void **state) {
    (void)state;
    struct match *match = make_with_player();
    assert_int_equal(watcher.joined, 1);
    assert_int_equal(watcher.seat, 0);
    assert_int_equal(match_join(match, 2, "bob", "Bob", MUSTER_TEAM_NONE, true), MUSTER_OK);
    assert_int_equal(watcher.joined, 2);
    assert_int_equal(watcher.seat, 2);
    match_leave(match, 0, MUSTER_LEAVE_QUIT);
    assert_int_equal(watcher.left, 1);
    assert_int_equal(watcher.seat, 0);
    match_leave(match, 0, MUSTER_LEAVE_QUIT); /* nobody sits there */
    assert_int_equal(watcher.left, 1);
    match_destroy(match);
}

static void observe(struct fake_state *state) {
    const struct muster_fact fact = {.size = sizeof fact,
                                     .seat = 0,
                                     .kind = MUSTER_FACT_SHOT,
                                     .value = -7,
                                     .other_seat = 1,
                                     .third_seat = 3};
    assert_true(game_host()->is_observed(&game.self, state->match));
    assert_int_equal(game_host()->observe(&game.self, state->match, &fact), MUSTER_OK);
}

static void it_alone_hears_what_is_observed(void **state) {
    (void)state;
    struct match *match = make_with_player();
    game.in_tick = observe;
    step(match);
    assert_string_equal(watcher.kind, MUSTER_FACT_SHOT);
    assert_int_equal(watcher.fact.value, -7);
    assert_int_equal(watcher.fact.third_seat, 3);
    assert_int_equal(watcher.fact.tick, 0);
    match_destroy(match);
}

static void nothing_is_observed_without_one(void **state) {
    (void)state;
    watcher.at_create = MUSTER_IO;
    struct match *match = make_with_player();
    assert_false(game_host()->is_observed(&game.self, match->id));
    match_destroy(match);
    assert_false(game_host()->is_observed(&game.self, (muster_match_id){1}));
}

/* It decides nothing, so that a match needs none. */
static void one_that_cannot_start_is_left_out(void **state) {
    (void)state;
    watcher.at_create = MUSTER_IO;
    struct match *match = make_with_player();
    assert_int_equal(watcher.self.pins, 0);
    push(match, 1, 1, 1);
    step(match);
    assert_int_equal(watcher.inputs, 0);
    assert_int_equal(match->seats[0].kills, 1);
    match_destroy(match);
}

/* ---- what it keeps --------------------------------------------------------------------------- */

static void what_it_knows_is_saved_and_not_hashed(void **state) {
    (void)state;
    struct match *match = make_with_player(), *next = NULL;
    watcher.suspects = 3;
    uint64_t hash = match_hash(match);
    watcher.suspects = 5;
    assert_int_equal(match_hash(match), hash);
    struct muster_bytes saved = match_save(match);
    assert_true(saved.len > 0);
    assert_int_equal(watcher.meddled, MUSTER_STATE);
    assert_int_equal(match_reincarnate(match, &next), MUSTER_OK);
    assert_int_equal(watcher.suspects, 5);
    assert_int_equal(watcher.states, 1);
    assert_int_equal(match_hash(next), hash);
    assert_int_equal(watcher.self.fault_count, 3); /* it meddled, each time it was asked */
    match_destroy(next);
}

static void one_that_does_not_take_its_state_watches_no_further(void **state) {
    (void)state;
    struct match *match = make_with_player(), *next = NULL;
    watcher.at_load = MUSTER_UNSUPPORTED;
    assert_int_equal(match_reincarnate(match, &next), MUSTER_OK);
    assert_int_equal(watcher.states, 0);
    assert_int_equal(watcher.self.pins, 0);
    push(next, 1, 1, 1);
    step(next);
    assert_int_equal(watcher.inputs, 0);
    assert_int_equal(next->seats[0].kills, 1);
    match_destroy(next);
}

static void a_state_goes_on_without_who_had_no_room_or_is_gone(void **state) {
    (void)state;
    struct match *match = make_with_player();
    struct muster_bytes saved = match_save(match);
    uint8_t *copy = test_malloc(saved.len);
    memcpy(copy, saved.data, saved.len);
    watcher.saved_bytes = MATCH_STATE_BYTES_MAX;
    struct muster_bytes without = match_save(match);
    assert_true(without.len > 0 && without.len < saved.len);
    match_destroy(match);
    watcher.at_create = MUSTER_IO;
    match = make(NULL);
    assert_int_equal(match->anticheat_count, 0);
    assert_int_equal(match_load(match, (struct muster_bytes){copy, saved.len}), MUSTER_OK);
    match_destroy(match);
    match = make(NULL);
    assert_int_equal(match_load(match, (struct muster_bytes){copy, saved.len - 1}), MUSTER_INVALID);
    match_destroy(match);
    test_free(copy);
}

/* ---- how many -------------------------------------------------------------------------------- */

static void open_more(struct muster_self *more, uint32_t kind, const void *vtable,
                      struct muster_role *role) {
    *role = (struct muster_role){.kind = kind, .vtable = vtable};
    assert_int_equal(fake_plugin(more, "more", role, 1, NULL, NULL), 0);
}

/* Without a condition of victory a match would not be the one that was wanted. */
static void a_match_with_too_many_victories_does_not_begin(void **state) {
    (void)state;
    static struct muster_self more[MATCH_VICTORIES_MAX];
    static struct muster_role role[MATCH_VICTORIES_MAX];
    const struct match_setup setup = setup_of(NULL);
    for (uint32_t i = 0; i < MATCH_VICTORIES_MAX; i++) { /* the game's own and i more */
        match_destroy(make(NULL));
        open_more(&more[i], MUSTER_ROLE_VICTORY, &fake_victory, &role[i]);
    }
    struct match *match = NULL;
    assert_int_equal(match_create(&setup, &match), MUSTER_LIMIT);
    assert_int_equal(match_count(), 0);
    for (uint32_t i = 0; i < MATCH_VICTORIES_MAX; i++) {
        assert_int_equal(more[i].pins, 0);
        registry_remove(&more[i]);
    }
}

static void of_too_many_anticheats_the_first_watch(void **state) {
    (void)state;
    static struct muster_self more[MATCH_ANTICHEATS_MAX];
    static struct muster_role role[MATCH_ANTICHEATS_MAX];
    for (uint32_t i = 0; i < MATCH_ANTICHEATS_MAX; i++)
        open_more(&more[i], MUSTER_ROLE_ANTICHEAT, &anticheat, &role[i]);
    struct match *match = make(NULL);
    assert_int_equal(watcher.states, MATCH_ANTICHEATS_MAX);
    assert_int_equal(more[MATCH_ANTICHEATS_MAX - 2].pins, 1);
    assert_int_equal(more[MATCH_ANTICHEATS_MAX - 1].pins, 0);
    match_destroy(match);
    for (uint32_t i = 0; i < MATCH_ANTICHEATS_MAX; i++) registry_remove(&more[i]);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_watched, close_watched)
    const struct CMUnitTest tests[] = {
        TEST(it_sees_inputs_and_changes_nothing),
        TEST(it_hears_facts_of_both_kinds_and_changes_nothing),
        TEST(it_hears_who_sits_down_and_who_goes),
        TEST(it_alone_hears_what_is_observed),
        TEST(nothing_is_observed_without_one),
        TEST(one_that_cannot_start_is_left_out),
        TEST(what_it_knows_is_saved_and_not_hashed),
        TEST(one_that_does_not_take_its_state_watches_no_further),
        TEST(a_state_goes_on_without_who_had_no_room_or_is_gone),
        TEST(a_match_with_too_many_victories_does_not_begin),
        TEST(of_too_many_anticheats_the_first_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
