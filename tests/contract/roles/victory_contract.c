/* The role victory: answers are verdicts, follow from what was shown, and can be saved. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_BYTES 4096
#define STEPS 4000

struct judge {
    const struct muster_victory *role;
    void *instance;
    void *state;
};

/* What facts point to. */
struct board {
    struct muster_match_facts facts;
    int32_t score[3];
    uint32_t seated[3], humans[3], alive[3];
};

static const struct testkit_match_options options = {
    .game_mode = "none", .map_name = "none", .seats_max = 8, .tick_rate_hz = 20, .seed = 1};

static struct judge judge_make(struct bench *bench, muster_match_id match) {
    struct judge judge = {bench->role, bench->instance, NULL};
    struct muster_match_info info = {.size = sizeof info,
                                     .seats_max = 8,
                                     .match = match,
                                     .lobby = {1},
                                     .game_mode = "none",
                                     .map_name = "none",
                                     .seed = 1,
                                     .tick_rate_hz = 20,
                                     .team_count = 2};
    if (judge.role->create)
        assert_int_equal(judge.role->create(judge.instance, &info, &judge.state), MUSTER_OK);
    return judge;
}

static void judge_end(struct judge *judge) {
    if (judge->role->destroy) judge->role->destroy(judge->instance, judge->state);
}

/* Facts as a match might have them: time goes on, scores grow, people come, die and go. */
static const struct muster_match_facts *facts_next(uint64_t *seed, struct board *board) {
    uint32_t team = 1 + draw(seed, 2), tick = board->facts.tick + 1;
    if (draw(seed, 10) == 0) board->score[team]++;
    if (tick < 10 || draw(seed, 40) == 0) {
        board->humans[team] = draw(seed, 5);
        board->seated[team] = board->humans[team] + draw(seed, 2);
    }
    board->alive[team] = draw(seed, board->seated[team] + 1);
    board->facts = (struct muster_match_facts){.size = sizeof board->facts,
                                               .tick = tick,
                                               .elapsed_ms = tick * 50,
                                               .seats_max = 8,
                                               .team_count = 2,
                                               .team_score = board->score,
                                               .team_seated = board->seated,
                                               .team_humans = board->humans,
                                               .team_alive = board->alive};
    return &board->facts;
}

static muster_verdict ask(const struct judge *judge, const struct muster_match_facts *facts,
                          struct muster_match_end *end) {
    *end = (struct muster_match_end){.size = sizeof *end};
    muster_verdict verdict = judge->role->evaluate(judge->instance, judge->state, facts, end);
    assert_true(verdict == MUSTER_UNDECIDED || verdict == MUSTER_DECIDED);
    if (verdict == MUSTER_UNDECIDED) return verdict;
    assert_true(end->winner_kind == MUSTER_WINNER_NOBODY
                    ? end->winner == 0
                    : end->winner_kind == MUSTER_WINNER_TEAM && end->winner >= 1 &&
                          end->winner <= 2);
    assert_true(end->reason && end->reason[0]);
    return verdict;
}

static uint32_t save(const struct judge *judge, uint8_t *out) {
    struct muster_writer w = muster_writer_make(out, SAVE_BYTES);
    if (judge->role->save) judge->role->save(judge->instance, judge->state, &w);
    assert_false(w.overflow);
    return w.len;
}

/* Two that are shown the same say the same; asking one more often than another is no difference. */
static void the_same_facts_have_the_same_answer(void **state) {
    struct bench *bench = *state;
    for (uint64_t match = 1; match <= 8; match++) {
        muster_match_id id = testkit_match_create(bench->kit, NULL, &options);
        struct judge a = judge_make(bench, id), b = judge_make(bench, id);
        struct board board = {0};
        struct muster_match_end of_a, of_b;
        uint64_t seed = match;
        for (int i = 0; i < STEPS; i++) {
            const struct muster_match_facts *facts = facts_next(&seed, &board);
            muster_verdict verdict = ask(&a, facts, &of_a);
            assert_int_equal(ask(&b, facts, &of_b), verdict);
            assert_memory_equal(&of_a, &of_b, sizeof of_a);
            if (verdict == MUSTER_DECIDED) break;
        }
        judge_end(&a);
        judge_end(&b);
        testkit_match_destroy(bench->kit, id);
    }
}

static void what_was_saved_goes_on_alike(void **state) {
    struct bench *bench = *state;
    static uint8_t before[SAVE_BYTES], after[SAVE_BYTES];
    muster_match_id id = testkit_match_create(bench->kit, NULL, &options);
    struct judge a = judge_make(bench, id);
    struct board board = {0};
    struct muster_match_end of_a, of_b;
    uint64_t seed = 77;
    for (int i = 0; i < 15; i++) {
        if (ask(&a, facts_next(&seed, &board), &of_a) == MUSTER_DECIDED) break;
    }
    struct judge b = judge_make(bench, id);
    uint32_t len = save(&a, before);
    assert_int_equal(save(&a, after), len); /* saving changes nothing */
    assert_memory_equal(before, after, len);
    if (b.role->load) {
        struct muster_reader in = muster_reader_make(before, len);
        assert_int_equal(b.role->load(b.instance, b.state, &in), MUSTER_OK);
        assert_int_equal(in.pos, len);
    }
    assert_int_equal(save(&b, after), len);
    assert_memory_equal(before, after, len);
    for (int i = 0; i < STEPS; i++) {
        const struct muster_match_facts *facts = facts_next(&seed, &board);
        muster_verdict verdict = ask(&a, facts, &of_a);
        assert_int_equal(ask(&b, facts, &of_b), verdict);
        assert_memory_equal(&of_a, &of_b, sizeof of_a);
        if (verdict == MUSTER_DECIDED) break;
    }
    judge_end(&a);
    judge_end(&b);
    testkit_match_destroy(bench->kit, id);
}

static void a_state_cut_short_is_not_taken(void **state) {
    struct bench *bench = *state;
    static uint8_t bytes[SAVE_BYTES];
    muster_match_id id = testkit_match_create(bench->kit, NULL, &options);
    struct judge whole = judge_make(bench, id);
    uint32_t len = save(&whole, bytes);
    for (uint32_t cut = 0; cut < len; cut++) {
        struct judge judge = judge_make(bench, id);
        struct muster_reader in = muster_reader_make(bytes, cut);
        assert_int_not_equal(judge.role->load(judge.instance, judge.state, &in), MUSTER_OK);
        judge_end(&judge);
    }
    judge_end(&whole);
    testkit_match_destroy(bench->kit, id);
}

static void destroying_nothing_is_nothing(void **state) {
    struct bench *bench = *state;
    const struct muster_victory *role = bench->role;
    if (role->destroy) role->destroy(bench->instance, NULL);
}

int main(void) {
    static const struct contract_test tests[] = {
        {"the same facts have the same answer", the_same_facts_have_the_same_answer},
        {"what was saved goes on alike", what_was_saved_goes_on_alike},
        {"a state cut short is not taken", a_state_cut_short_is_not_taken},
        {"destroying nothing is nothing", destroying_nothing_is_nothing},
    };
    return contract_run(MUSTER_ROLE_VICTORY, tests, sizeof tests / sizeof tests[0]);
}
