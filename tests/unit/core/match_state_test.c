/* A match's state as bytes: saved, loaded into another match, refused when it is not whole. */
#include "kept.h"
#include "match_rig.h"

static muster_status rule_status;

static void rule_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    muster_put_u32(out, *(uint32_t *)state);
}

static muster_status rule_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    if (rule_status) return rule_status;
    *(uint32_t *)state = muster_get_u32(in);
    return MUSTER_OK;
}

static const struct muster_rules rules = {
    .size = sizeof rules, .save = rule_save, .load = rule_load};
static const struct muster_role rule_roles[] = {{MUSTER_ROLE_RULES, 0, &rules}};
static struct muster_self ruler;
static uint32_t rule_state;

static int open_ruler(void **state) {
    rule_status = MUSTER_OK;
    return open_books(state) || fake_plugin(&ruler, "ruler", rule_roles, 1, NULL, NULL) ? -1 : 0;
}

static int close_ruler(void **state) {
    registry_remove(&ruler);
    return close_books(state);
}

static struct match *make_ruled(void) {
    struct match_setup setup = setup_of(NULL);
    struct match_part part = {ruler.providers, &rule_state};
    struct match *match = NULL;
    setup.rules = &part;
    setup.rules_count = 1;
    assert_int_equal(match_create(&setup, &match), MUSTER_OK);
    return match;
}

static void keep(struct kept **list, const char *text) {
    assert_int_equal(kept_set(list, "ruler", (struct muster_bytes){text, strlen(text)}), MUSTER_OK);
}

static void assert_kept(const struct kept *list, const char *expected) {
    struct muster_bytes bytes = kept_get(list, "ruler");
    assert_int_equal(bytes.len, strlen(expected));
    assert_memory_equal(bytes.data, expected, bytes.len);
}

/* A match in which something has happened, and its state; the bytes are to be freed. */
static struct match *play(struct muster_bytes *saved) {
    uint32_t seat;
    rule_state = 77;
    struct match *match = make_ruled();
    join(match, 0, "ann");
    join(match, 1, "bea");
    join(match, 3, "cid");
    assert_int_equal(match_bot_add(match, "bot", MUSTER_TEAM_BLUE, &seat), MUSTER_OK);
    match->seats[1].kills = 4;
    keep(&match->kept_state, "four");
    keep(&match->kept, "beside it");
    match_leave(match, 1, MUSTER_LEAVE_DISTURBED);
    match_connection(match, 3, false);
    match_disturb(match, MUSTER_DISTURBED_CRASH, 700);
    push(match, 1, 1, 1);
    for (int i = 0; i < 30; i++) step(match);
    assert_int_equal(match_end_later(match, match_decide(MUSTER_TEAM_RED, MUSTER_END_FORFEIT)),
                     MUSTER_OK);
    struct muster_bytes state = match_save(match);
    void *copy = malloc(state.len);
    assert_non_null(copy);
    memcpy(copy, state.data, state.len);
    *saved = (struct muster_bytes){copy, state.len};
    return match;
}

static void a_loaded_match_is_the_saved_one(void **state) {
    (void)state;
    struct muster_bytes saved;
    struct match *match = play(&saved);
    uint64_t hash = match_hash(match);
    rule_state = 0;
    struct match *other = make_ruled();
    assert_true(match_hash(other) != hash);
    assert_int_equal(kept_set(&other->kept_state, "other", (struct muster_bytes){"begun", 5}),
                     MUSTER_OK); /* before it is loaded */
    assert_int_equal(match_load(other, saved), MUSTER_OK);
    assert_int_equal(rule_state, 77);
    assert_true(match_hash(other) == hash);
    assert_kept(other->kept_state, "four");
    assert_null(other->kept); /* is no part of it */
    keep(&other->kept, "not hashed");
    assert_true(match_hash(other) == hash);
    keep(&other->kept_state, "five");
    assert_true(match_hash(other) != hash);
    keep(&other->kept_state, "four");
    struct match_results *played = match_results(match), *loaded = match_results(other);
    assert_int_equal(played->row_count, loaded->row_count);
    assert_int_equal(loaded->rows[1].leave_reason, MUSTER_LEAVE_DISTURBED);
    assert_int_equal(loaded->disturbed[MUSTER_DISTURBED_CRASH - 1].ms, 700);
    assert_memory_equal(played, loaded,
                        sizeof *played + played->row_count * sizeof played->rows[0]);
    free(played);
    free(loaded);
    step(match);
    step(other);
    assert_true(match->ended && other->ended);
    assert_true(match_hash(other) == match_hash(match));
    match_destroy(other);
    match_destroy(match);
    free((void *)saved.data);
}

/* It is over with the next tick only, and may be saved before. */
static void a_match_that_a_seat_wins_is_taken_before_its_end(void **state) {
    (void)state;
    const struct match_decision won = {
        .winner_kind = MUSTER_WINNER_SEAT, .winner = 3, .reason = MUSTER_END_FORFEIT};
    struct match *match = make_ruled(), *next = NULL;
    join(match, 3, "cid");
    step(match);
    assert_int_equal(match_end_later(match, won), MUSTER_OK);
    assert_int_equal(match_reincarnate(match, &next), MUSTER_OK);
    step(next);
    assert_true(next->ended);
    assert_int_equal(next->decision.winner, 3);
    match_destroy(next);
}

/* Inputs, commands and settings that wait are no state: they go over by themselves. */
static void a_match_made_anew_goes_on(void **state) {
    (void)state;
    struct muster_bytes saved;
    struct match *match = play(&saved);
    const struct match_command command = {.name = "stir", .arg_count = 1, .args = {5}};
    json_t *nine = json_integer(9);
    free((void *)saved.data);
    push(match, 2, 1, 1);
    assert_int_equal(match_command_push(match, &command), MUSTER_OK);
    assert_int_equal(match_setting_push(match, "maxPlayers", nine), MUSTER_OK);
    json_decref(nine);
    uint64_t hash = match_hash(match), event_end = match->event_end;
    int32_t kills = match->seats[0].kills;
    muster_match_id id = match->id;
    assert_int_equal(match_reincarnate(match, &match), MUSTER_OK);
    assert_int_equal(match_count(), 1);
    assert_true(!MUSTER_ID_SAME(match->id, id) && !match_find(id));
    assert_true(match_hash(match) == hash && match->event_end == event_end);
    assert_kept(match->kept_state, "four");
    assert_kept(match->kept, "beside it");
    game.commands = 0;
    step(match);
    assert_int_equal(match->seats[0].kills, kills + 1);
    assert_int_equal(game.commands, 1);
    assert_int_equal(json_integer_value(match_setting(match, "maxPlayers")), 9);
    match_destroy(match);
}

static void a_match_that_cannot_be_made_anew_can_only_end(void **state) {
    (void)state;
    struct muster_bytes saved;
    struct match *match = play(&saved), *out = NULL;
    free((void *)saved.data);
    rule_status = MUSTER_UNSUPPORTED;
    assert_int_equal(match_reincarnate(match, &out), MUSTER_UNSUPPORTED);
    assert_null(out);
    assert_int_equal(match_count(), 1);
    match_end(match, match_decide(MUSTER_TEAM_NONE, MUSTER_END_ABORTED));
    match_finish(match);
    match_destroy(match);
}

static muster_status load(const void *data, uint64_t len) {
    struct match *match = make_ruled();
    muster_status status = match_load(match, (struct muster_bytes){data, len});
    match_destroy(match);
    return status;
}

/* In a block of its own size, so that a sanitizer sees who reads past it. */
static void a_state_that_is_cut_or_has_more_is_refused(void **state) {
    (void)state;
    struct muster_bytes saved;
    match_destroy(play(&saved));
    for (uint64_t len = 0; len < saved.len; len++) {
        void *cut = malloc(len + 1);
        assert_non_null(cut);
        memcpy(cut, saved.data, len);
        assert_int_equal(load(cut, len), MUSTER_INVALID);
        free(cut);
    }
    uint8_t *more = calloc(1, saved.len + 1);
    assert_non_null(more);
    memcpy(more, saved.data, saved.len);
    assert_int_equal(load(more, saved.len + 1), MUSTER_INVALID);
    free(more);
    free((void *)saved.data);
}

/* Whatever one byte is, the match that comes of it is a possible one, or none. */
static void no_byte_makes_a_match_that_cannot_be(void **state) {
    (void)state;
    struct muster_bytes saved;
    match_destroy(play(&saved));
    uint8_t *bytes = malloc(saved.len);
    assert_non_null(bytes);
    uint32_t refused = 0;
    for (uint64_t at = 0; at < saved.len; at++) {
        memcpy(bytes, saved.data, saved.len);
        bytes[at] ^= 0xA5;
        struct match *match = make_ruled();
        if (match_load(match, (struct muster_bytes){bytes, saved.len}) == MUSTER_OK)
            step(match);
        else
            refused++;
        match_destroy(match);
    }
    assert_true(refused > 40); /* lengths, flags, teams, counts, texts */
    const uint32_t seat = 4 + 4 + 1 + 2 + (2 + 7) + 1 + 4 * 8 + 3 * 4; /* flags of the first */
    for (int bit = 4; bit < 8; bit++) {                                /* that nobody knows */
        memcpy(bytes, saved.data, saved.len);
        assert_int_equal(bytes[seat] & 0xF1, 1);
        bytes[seat] |= (uint8_t)(1 << bit);
        struct match *match = make_ruled();
        assert_int_equal(match_load(match, (struct muster_bytes){bytes, saved.len}),
                         MUSTER_INVALID);
        match_destroy(match);
    }
    free(bytes);
    free((void *)saved.data);
}

static void a_part_may_refuse_its_bytes(void **state) {
    (void)state;
    struct muster_bytes saved;
    match_destroy(play(&saved));
    uint64_t faults = ruler.fault_count;
    rule_status = MUSTER_UNSUPPORTED;
    assert_int_equal(load(saved.data, saved.len), MUSTER_UNSUPPORTED);
    assert_int_equal(ruler.fault_count, faults + 1);
    free((void *)saved.data);
}

static void a_state_of_other_rules_is_refused(void **state) {
    (void)state;
    struct muster_bytes saved;
    match_destroy(play(&saved));
    struct match *match = make(NULL);
    assert_int_equal(match_load(match, saved), MUSTER_INVALID);
    match_destroy(match);
    free((void *)saved.data);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ruler, close_ruler)
    const struct CMUnitTest tests[] = {
        TEST(a_loaded_match_is_the_saved_one),
        TEST(a_match_that_a_seat_wins_is_taken_before_its_end),
        TEST(a_match_made_anew_goes_on),
        TEST(a_match_that_cannot_be_made_anew_can_only_end),
        TEST(a_state_that_is_cut_or_has_more_is_refused),
        TEST(no_byte_makes_a_match_that_cannot_be),
        TEST(a_part_may_refuse_its_bytes),
        TEST(a_state_of_other_rules_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
