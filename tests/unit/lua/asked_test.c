/* What handlers are asked and what counts of their answers: edges of numbers and texts, who is
 * asked when handlers come and go meanwhile, the moment, the word of a refusal. */
#include "test.h"

#include "ask.h"
#include "plugin_play.h"

#include <stdio.h>
#include <string.h>

enum { CALL_UNITS = 300000 };

static struct rig *rig;

static int teardown(void **state) {
    (void)state;
    return rig_close(&rig) ? -1 : 0;
}

static void bring(const char *text) {
    rig = rig_create(false, CALL_UNITS, NULL);
    struct testkit_rpc rpc = rig_upload(rig, "brought", text, strlen(text));
    if (rpc.code[0]) fail_msg("refused: %s", rpc.text);
}

static void play(void) {
    rig_begin(rig, "arena");
    for (uint32_t seat = 0; seat < 2; seat++)
        assert_int_equal(
            testkit_match_join(rig->kit, rig->match, seat, MUSTER_TEAM_RED + seat, "Somebody"),
            MUSTER_OK);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* What is no such number leaves the value as it was, and is an error. */
static void a_number_is_taken_to_its_edges(void **state) {
    static const struct {
        const char *answer;
        int64_t value;
        bool fails;
    } answers[] = {
        {"2147483647", INT32_MAX, false},
        {"2147483648", 40, true},
        {"2147483647.9", INT32_MAX, false},
        {"-2147483648", INT32_MIN, false},
        {"-2147483649", 40, true},
        {"-2147483648.1", 40, true},
        {"0", 0, false},
        {"-0.5", -1, false},
        {"0.99", 0, false},
        {"nil", 40, false},
        {"0/0", 40, true},
        {"1/0", 40, true},
        {"'7'", 40, true},
        {"true", 40, true},
        {"{}", 40, true},
    };
    char text[128];
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        snprintf(text, sizeof text, "hooks.on('damage', 'd', function() return %s end)",
                 answers[i].answer);
        bring(text);
        play();
        int64_t value = rig_adjust(rig, "damage", 0, 1, 40);
        if (value != answers[i].value) fail_msg("%s: %lld", answers[i].answer, (long long)value);
        assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), answers[i].fails);
        assert_int_equal(teardown(NULL), 0);
    }
}

/* Who it is about, then who did it. */
static void a_question_names_its_players_in_order(void **state) {
    static const char *const names[] = {"damage", "speed", "respawn_ms", "score"};
    (void)state;
    bring("for _, event in ipairs{'damage', 'speed', 'respawn', 'score'} do\n"
          "    hooks.on(event, 'x', function(value, one, other)\n"
          "        return one:seat() * 10 + (other and other:seat() or 9) end) end");
    play();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(rig_adjust(rig, names[i], 0, 1, 40), 1);
        assert_int_equal(rig_adjust(rig, names[i], 1, 0, 40), 10);
        assert_int_equal(rig_adjust(rig, names[i], 1, MUSTER_SEAT_NONE, 40), 19);
    }
    assert_int_equal(rig_adjust(rig, "jump", 0, 1, 40), 40);
}

/* ---- who is asked ---------------------------------------------------------------------------- */

/* The line that all handlers of the chat made of "hello" or another word. */
static void assert_said(const char *word, const char *expected) {
    char line[301], reason[MUSTER_REASON_MAX] = "";
    struct muster_refusal refusal = {.size = sizeof refusal};
    const struct muster_action action = {.size = sizeof action,
                                         .kind = MUSTER_ACTION_CHAT,
                                         .lobby = rig->id,
                                         .game_mode = "arena",
                                         .player = rig->players[0],
                                         .key = "",
                                         .value = word,
                                         .refusal = &refusal};
    snprintf(line, sizeof line, "%s", word);
    (void)rig->rules->allow(rig->instance, rig->lobby, &action, reason, sizeof reason);
    assert_int_equal(rig_chat(rig, 0, line, sizeof line), MUSTER_PASS);
    assert_string_equal(line, expected);
}

/* Of somebody who has gone meanwhile nothing is known, and the rest is as it was. */
static void who_has_gone_is_nobody(void **state) {
    struct arg args[] = {{ARG_PLAYER, {.player = {12345}}}, A_TEXT("quit")};
    (void)state;
    bring("local heard = 'nothing'\n"
          "hooks.on('player_leave', 'l', function(player, reason, more)\n"
          "    heard = tostring(player) .. ' ' .. reason .. ' ' .. tostring(more) end)\n"
          "hooks.on('chat', 'c', function() return heard end)");
    realm_notify(&rig->lobby->lobby, EVENT_PLAYER_LEAVE, args, 2);
    assert_said("x", "nil quit nil");
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 0);
}

/* One that is taken out is not asked any more, one that comes waits for the next time, also in
 * place of another. */
static void handlers_come_and_go_while_they_are_asked(void **state) {
    (void)state;
    bring("local function add(word) return function(text) return text .. word end end\n"
          "hooks.on('chat', 'a', function(text)\n"
          "    if text == 'off' then hooks.off('chat', 'b') end\n"
          "    if text == 'new' then hooks.on('chat', 'b', add('B')) end\n"
          "    if text == 'self' then hooks.off('chat', 'a') end\n"
          "    if text == 'last' then hooks.on('chat', 'd', add('d'), -50) end\n"
          "    return text .. 'a'\n"
          "end, 50)\n"
          "hooks.on('chat', 'b', add('b'))\n"
          "hooks.on('chat', 'c', add('c'), -10)\n");
    assert_said("x", "xabc");
    assert_said("off", "offac");
    assert_said("x", "xac");
    assert_said("new", "newac");
    assert_said("x", "xaBc");
    assert_said("new", "newac"); /* the old one is gone, the new one has come too late */
    assert_said("last", "lastaBc");
    assert_said("x", "xaBcd");
    assert_said("self", "selfaBcd");
    assert_said("x", "xBcd");
}

/* Names that begin alike are others. */
static void a_message_is_heard_by_its_name(void **state) {
    (void)state;
    bring("for _, name in ipairs{'go', 'goal', 'goals'} do\n"
          "    bus.on(name, 'x', function() lobby.chat('heard ' .. name .. '!') end) end\n"
          "hooks.on('chat', 'c', function(text) bus.emit(text, 1) end)");
    assert_said("goal", "goal");
    testkit_pump(rig->kit);
    assert_non_null(testkit_told_find(rig->kit, "heard goal!"));
    assert_null(testkit_told_find(rig->kit, "heard go!"));
    assert_null(testkit_told_find(rig->kit, "heard goals!"));
}

/* What is said while messages are delivered is heard with the next tick. */
static void a_message_that_comes_meanwhile_waits(void **state) {
    (void)state;
    bring("hooks.on('tick', 't', function() if match.tick() == 1 then bus.emit('x', 3) end end)\n"
          "bus.on('x', 'x', function(more)\n"
          "    match.add_score('red', 1)\n"
          "    if more > 0 then bus.emit('x', more - 1) end end)");
    play();
    for (int tick = 0; tick < 8; tick++) {
        static const int32_t heard[] = {0, 0, 1, 2, 3, 4, 4, 4};
        struct muster_match_facts facts;
        testkit_match_tick(rig->kit, rig->match);
        testkit_match_facts(rig->kit, rig->match, &facts);
        assert_int_equal(facts.team_score[MUSTER_TEAM_RED], heard[tick]);
    }
}

/* Of the same priority by when they were hooked; higher ones first. */
static void handlers_are_asked_in_order(void **state) {
    (void)state;
    bring("for i, priority in ipairs{0, 100, -100, 0, 5, -5, 0, 5} do\n"
          "    hooks.on('chat', 'h' .. i, function(text) return text .. i end, priority) end");
    assert_said("", "25814763");
}

static void a_text_is_taken_to_its_edge(void **state) {
    static char word[301], expected[301];
    (void)state;
    bring("hooks.on('chat', 'a', function(text)\n"
          "    if text == 'much' then return ('x'):rep(300) end\n"
          "    if text == 'more' then return ('x'):rep(301) end\n"
          "    if text == 'none' then return '' end end)");
    memset(expected, 'x', 300);
    assert_said("much", expected);
    assert_said("none", "");
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 0);
    snprintf(word, sizeof word, "more");
    assert_false(rig_say(rig, 0, word)); /* a gate that fails */
    assert_int_equal(testkit_metric(rig->kit, "muster_script_errors_total"), 1);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* One without a word is one, too. */
static void a_refusal_has_its_reason(void **state) {
    static const struct {
        const char *answer, *reason;
        muster_verdict verdict;
    } answers[] = {
        {"nil", "", MUSTER_PASS},
        {"'not now'", "not now", MUSTER_REJECT},
        {"''", "a rule refused", MUSTER_REJECT},
        {"true", "the rule upload_brought has failed, and lets nobody pass", MUSTER_REJECT},
        {"false", "the rule upload_brought has failed, and lets nobody pass", MUSTER_REJECT},
    };
    char text[160];
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char reason[MUSTER_REASON_MAX] = "";
        snprintf(text, sizeof text, "hooks.on('start_attempt', 'a', function() return %s end)",
                 answers[i].answer);
        bring(text);
        struct muster_refusal refusal = {.size = sizeof refusal};
        const struct muster_action action = {.size = sizeof action,
                                             .kind = MUSTER_ACTION_START,
                                             .lobby = rig->id,
                                             .game_mode = "arena",
                                             .player = rig->players[0],
                                             .key = "",
                                             .value = "",
                                             .refusal = &refusal};
        assert_int_equal(
            rig->rules->allow(rig->instance, rig->lobby, &action, reason, sizeof reason),
            answers[i].verdict);
        assert_string_equal(reason, answers[i].reason);
        assert_string_equal(refusal.word, answers[i].verdict == MUSTER_REJECT ? "rule" : "");
        assert_int_equal(teardown(NULL), 0);
    }
}

/* ---- commands -------------------------------------------------------------------------------- */

static void type(muster_player_id player, uint32_t seat, const char *text) {
    char line[301], reason[MUSTER_REASON_MAX] = "";
    struct muster_refusal refusal = {.size = sizeof refusal};
    const struct muster_action action = {.size = sizeof action,
                                         .kind = MUSTER_ACTION_CHAT,
                                         .lobby = rig->id,
                                         .game_mode = "arena",
                                         .player = player,
                                         .key = "",
                                         .value = text,
                                         .refusal = &refusal};
    const struct muster_chat chat = {sizeof chat, seat, rig->id, player};
    snprintf(line, sizeof line, "%s", text);
    (void)rig->rules->allow(rig->instance, rig->lobby, &action, reason, sizeof reason);
    assert_int_equal(rig->rules->chat(rig->instance, rig->lobby, &chat, line, sizeof line),
                     MUSTER_REJECT);
}

/* The match's commands are for those who take part in it: whoever watches is told of none. */
static void who_watches_steers_no_match(void **state) {
    struct muster_match_facts facts;
    (void)state;
    bring("if realm == 'match' then command.register{name = 'score', help = 'a point',\n"
          "    fn = function() match.add_score('red', 1) end} end");
    muster_player_id eve = testkit_player_add(rig->kit, "eve", "Eve");
    assert_non_null(testkit_member_add(rig->kit, rig->id, eve, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE));
    play();
    testkit_match_tick(rig->kit, rig->match);
    type(eve, MUSTER_SEAT_NONE, "/score");
    type(eve, MUSTER_SEAT_NONE, "/help");
    testkit_match_tick(rig->kit, rig->match);
    testkit_match_facts(rig->kit, rig->match, &facts);
    assert_int_equal(facts.team_score[MUSTER_TEAM_RED], 0);
    assert_non_null(testkit_told_find(rig->kit, "there is no command /score now"));
    assert_null(testkit_told_find(rig->kit, "/score: a point"));
    type(rig->players[0], 0, "/score");
    type(rig->players[0], 0, "/help");
    testkit_match_tick(rig->kit, rig->match);
    testkit_match_facts(rig->kit, rig->match, &facts);
    assert_int_equal(facts.team_score[MUSTER_TEAM_RED], 1);
    assert_non_null(testkit_told_find(rig->kit, "/score: a point"));
}

/* One that a mod has in both realms is the match's for who takes part, and told once. */
static void a_command_of_both_realms_is_told_once(void **state) {
    (void)state;
    bring("command.register{name = 'both', help = 'in the ' .. realm, fn = function() end}");
    muster_player_id eve = testkit_player_add(rig->kit, "eve", "Eve");
    assert_non_null(testkit_member_add(rig->kit, rig->id, eve, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE));
    play();
    type(rig->players[0], 0, "/help");
    assert_non_null(testkit_told_find(rig->kit, "/both: in the match"));
    assert_null(testkit_told_find(rig->kit, "/both: in the lobby"));
    type(eve, MUSTER_SEAT_NONE, "/help");
    assert_non_null(testkit_told_find(rig->kit, "/both: in the lobby"));
}

/* ---- victory --------------------------------------------------------------------------------- */

/* All who decide see the moment that is decided on. */
static void victory_is_decided_on_one_moment(void **state) {
    struct muster_match_facts facts;
    (void)state;
    bring("hooks.on('victory', 'v', function() state.seen = match.time() end)");
    play();
    for (int i = 0; i < 3; i++) testkit_match_tick(rig->kit, rig->match);
    testkit_match_facts(rig->kit, rig->match, &facts);
    assert_true(facts.elapsed_ms > 0);
    rig->lobby->match.now_ms = 1;
    assert_int_equal(rig_victory(rig), UINT32_MAX);
    assert_int_equal(rig->lobby->match.now_ms, facts.elapsed_ms);
}

/* What one has decided is what the next one is asked about. */
static void each_victory_hears_of_the_one_before(void **state) {
    static const struct {
        const char *first;
        uint32_t team; /* of who comes last */
    } words[] = {
        {"'red'", MUSTER_TEAM_BLUE},
        {"'blue'", MUSTER_TEAM_RED},
        {"'draw'", MUSTER_TEAM_NONE},
        {"nil", UINT32_MAX},
    };
    char text[320];
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        snprintf(text, sizeof text,
                 "hooks.on('victory', 'a', function() return %s end, 10)\n"
                 "hooks.on('victory', 'b', function(winner)\n"
                 "    return ({red = 'blue', blue = 'red'})[winner or 1] end)",
                 words[i].first);
        bring(text);
        play();
        assert_int_equal(rig_victory(rig), words[i].team);
        assert_int_equal(teardown(NULL), 0);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_number_is_taken_to_its_edges),
        TEST(a_question_names_its_players_in_order),
        TEST(handlers_come_and_go_while_they_are_asked),
        TEST(handlers_are_asked_in_order),
        TEST(a_message_that_comes_meanwhile_waits),
        TEST(who_watches_steers_no_match),
        TEST(a_command_of_both_realms_is_told_once),
        TEST(a_message_is_heard_by_its_name),
        TEST(a_text_is_taken_to_its_edge),
        TEST(a_refusal_has_its_reason),
        TEST(victory_is_decided_on_one_moment),
        TEST(each_victory_hears_of_the_one_before),
        cmocka_unit_test_teardown(who_has_gone_is_nobody, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
