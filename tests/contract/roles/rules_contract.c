/* The role rules: every question has a verdict and every refusal a reason, whatever is asked. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_BYTES (64u << 10)
#define KIND_UNKNOWN 999u

struct house {
    struct bench *bench;
    const struct muster_rules *role;
    muster_lobby_id lobby;
    muster_player_id players[3];
    void *state;
};

static struct house *house_make(void **state) {
    static struct house house;
    struct muster_lobby_info info = {
        .state = MUSTER_LOBBY_WAITING, .players_current = 2, .players_max = 8};
    house = (struct house){.bench = *state};
    house.role = house.bench->role;
    snprintf(info.region, sizeof info.region, "eu");
    house.lobby = testkit_lobby_add(house.bench->kit, info);
    for (int i = 0; i < 3; i++) {
        char key[16];
        snprintf(key, sizeof key, "player-%d", i);
        house.players[i] = testkit_player_add(house.bench->kit, key, key);
    }
    house.state = testkit_rules_state(house.bench->plugin, house.lobby);
    return &house;
}

static void ask(const struct house *house, const struct muster_action *action) {
    char reason[MUSTER_REASON_MAX + 1];
    memset(reason, 'x', sizeof reason);
    reason[0] = '\0';
    muster_verdict verdict =
        house->role->allow(house->bench->instance, house->state, action, reason, MUSTER_REASON_MAX);
    assert_true(verdict == MUSTER_ACCEPT || verdict == MUSTER_PASS || verdict == MUSTER_REJECT);
    assert_int_equal(reason[MUSTER_REASON_MAX], 'x'); /* nothing behind the end */
    if (verdict != MUSTER_REJECT) return;
    assert_non_null(memchr(reason, 0, MUSTER_REASON_MAX));
    assert_true(reason[0] != '\0');
    assert_non_null(memchr(action->refusal->word, 0, MUSTER_NAME_MAX));
}

/* Also of a kind that a later host will know. */
static void every_question_has_an_answer(void **state) {
    static const char *const keys[] = {"", "restart", "isPrivate", "hostId", "noSuchKey"};
    static const char *const values[] = {"", "true", "\"x\"", "{", "99999999999999999999"};
    struct house *house = house_make(state);
    uint64_t seed = 4;
    if (!house->role->allow) return;
    for (int i = 0; i < 3000; i++) {
        struct muster_refusal refusal = {.size = sizeof refusal};
        struct muster_action action = {
            .size = sizeof action,
            .kind = i % 50 ? 1 + draw(&seed, MUSTER_ACTION_VOTE_CALL) : KIND_UNKNOWN,
            .lobby = house->lobby,
            .player = draw(&seed, 4) ? house->players[draw(&seed, 3)] : (muster_player_id){0},
            .seat = draw(&seed, 3) ? draw(&seed, 8) : MUSTER_SEAT_NONE,
            .target_seat = draw(&seed, 3) ? draw(&seed, 8) : MUSTER_SEAT_NONE,
            .team = draw(&seed, 3),
            .game_mode = "arena",
            .key = keys[draw(&seed, 5)],
            .value = values[draw(&seed, 5)],
            .target = draw(&seed, 2) ? house->players[draw(&seed, 3)] : (muster_player_id){0},
            .refusal = &refusal,
        };
        ask(house, &action);
    }
}

/* Before there is a lobby the state is null. */
static void a_lobby_may_be_asked_for_before_it_is(void **state) {
    struct house *house = house_make(state);
    struct muster_refusal refusal = {.size = sizeof refusal};
    struct muster_action action = {.size = sizeof action,
                                   .kind = MUSTER_ACTION_LOBBY_CREATE,
                                   .player = house->players[0],
                                   .seat = MUSTER_SEAT_NONE,
                                   .target_seat = MUSTER_SEAT_NONE,
                                   .game_mode = "arena",
                                   .key = "",
                                   .value = "",
                                   .refusal = &refusal};
    void *kept = house->state;
    house->state = NULL;
    if (house->role->allow) ask(house, &action);
    house->state = kept;
}

static void chat_stays_text(void **state) {
    struct house *house = house_make(state);
    static const char *const lines[] = {"", "hello", "/help", "/kick nobody", "\xC3\xA9\xC3\xA9"};
    for (uint32_t i = 0; house->role->chat && i < sizeof lines / sizeof lines[0]; i++) {
        char text[64];
        memset(text, 'x', sizeof text);
        snprintf(text, 32, "%s", lines[i]);
        const struct muster_chat chat = {sizeof chat, 0, house->lobby, house->players[0]};
        muster_verdict verdict =
            house->role->chat(house->bench->instance, house->state, &chat, text, 32);
        assert_true(verdict == MUSTER_ACCEPT || verdict == MUSTER_PASS || verdict == MUSTER_REJECT);
        assert_non_null(memchr(text, 0, 32));
        assert_int_equal(text[32], 'x');
    }
}

static uint32_t save(const struct house *house, void *lobby_state, uint8_t *out) {
    struct muster_writer w = muster_writer_make(out, SAVE_BYTES);
    house->role->save(house->bench->instance, lobby_state, &w);
    assert_false(w.overflow);
    return w.len;
}

static void what_was_saved_is_the_same_again(void **state) {
    static uint8_t before[SAVE_BYTES], after[SAVE_BYTES];
    struct house *house = house_make(state);
    void *copy = NULL;
    if (house->role->save) {
        uint32_t len = save(house, house->state, before);
        if (house->role->create)
            assert_int_equal(house->role->create(house->bench->instance, house->lobby, &copy),
                             MUSTER_OK);
        struct muster_reader in = muster_reader_make(before, len);
        assert_int_equal(house->role->load(house->bench->instance, copy, &in), MUSTER_OK);
        assert_int_equal(save(house, copy, after), len);
        assert_memory_equal(before, after, len);
        if (house->role->destroy) house->role->destroy(house->bench->instance, copy);
    }
    if (house->role->destroy) house->role->destroy(house->bench->instance, NULL);
}

static void what_it_is_told_need_not_make_sense(void **state) {
    struct house *house = house_make(state);
    static const char *const values[] = {"", "null", "{\"a\":1}", "\"\"", "true", "-1", "["};
    for (uint32_t i = 0; house->role->changed && i < sizeof values / sizeof values[0]; i++) {
        house->role->changed(house->bench->instance, house->state, "noSuchKey", values[i]);
        house->role->changed(house->bench->instance, house->state, "isPrivate", values[i]);
    }
    for (uint32_t kind = 0; house->role->notice && kind < 40; kind++) {
        const struct muster_notice notice = {.size = sizeof notice,
                                             .kind = kind,
                                             .lobby = house->lobby,
                                             .player = {424242},
                                             .seat = MUSTER_SEAT_NONE};
        house->role->notice(house->bench->instance, house->state, &notice);
    }
}

static void tell(const struct house *house, muster_match_id match, const char *kind) {
    const struct muster_fact fact = {.size = sizeof fact,
                                     .seat = 1,
                                     .kind = kind,
                                     .value = -1,
                                     .other_seat = MUSTER_SEAT_NONE,
                                     .third_seat = 7,
                                     .text = ""};
    const struct muster_host_match *host = testkit_host(house->bench->kit)->match;
    testkit_match_steer(house->bench->kit, match, true);
    assert_int_equal(host->tell(house->bench->plugin, match, &fact), MUSTER_OK);
    testkit_match_steer(house->bench->kit, match, false);
}

static void play(const struct house *house, bool is_replay) {
    struct testkit *kit = house->bench->kit;
    const struct testkit_match_options options = {
        .map_name = "crossfire", .lobby = house->lobby, .is_replay = is_replay};
    muster_match_id match = testkit_match_create(kit, NULL, &options);
    assert_true(match.value != 0);
    assert_int_equal(testkit_match_join(kit, match, 0, 1, "ann"), MUSTER_OK);
    assert_int_equal(testkit_match_join(kit, match, 1, 2, "bea"), MUSTER_OK);
    for (uint32_t i = 0; i < 50; i++) {
        testkit_match_tick(kit, match);
        if (i % 7 == 3) testkit_match_connection(kit, match, 1, i % 2);
        tell(house, match, i % 2 ? "kill" : "never_heard_of");
        if (i == 40) testkit_match_leave(kit, match, 1, MUSTER_LEAVE_TIMEOUT);
    }
    testkit_match_destroy(kit, match);
}

/* One after the other, with one state, whatever is told. */
static void matches_go_from_begin_to_end(void **state) {
    struct house *house = house_make(state);
    play(house, false);
    play(house, false);
    play(house, true);
}

int main(void) {
    static const struct contract_test tests[] = {
        {"every question has an answer", every_question_has_an_answer},
        {"a lobby may be asked for before it is", a_lobby_may_be_asked_for_before_it_is},
        {"chat stays text", chat_stays_text},
        {"what was saved is the same again", what_was_saved_is_the_same_again},
        {"what it is told need not make sense", what_it_is_told_need_not_make_sense},
        {"matches go from begin to end", matches_go_from_begin_to_end},
    };
    return contract_run(MUSTER_ROLE_RULES, tests, sizeof tests / sizeof tests[0]);
}
