/* The console's commands about players: who may, who is meant, for how long, why. */
#include "books_rig.h"
#include "registration.h"

#include "commands.h"
#include "console.h"
#include "moderation.h"
#include "paths.h"
#include "pending.h"

#define UNIX_MS 1700000000000ll

static int64_t unix_ms;

int64_t __wrap_loop_unix_ms(void);
int64_t __wrap_loop_unix_ms(void) {
    return unix_ms;
}

static struct {
    uint32_t count;
    muster_status status;
    char text[70000];
} answer;

static void on_answer(void *user, muster_status status, const char *text) {
    (void)user;
    answer.count++;
    answer.status = status;
    snprintf(answer.text, sizeof answer.text, "%s", text);
}

static int open_console(void **state) {
    char error[PATHS_ERROR_MAX];
    unix_ms = UNIX_MS;
    console_init(commands_table);
    return rig_open(state) || paths_init(true, error) ? -1 : 0;
}

static int close_console(void **state) {
    registration_owner_gone(&game.self);
    moderation_deinit();
    int code = rig_close(state);
    party_deinit();
    paths_deinit();
    return code;
}

static muster_status run(const char *line) {
    uint32_t before = answer.count;
    console_run("op", line, on_answer, NULL);
    assert_int_equal(answer.count, before + 1);
    return answer.status;
}

static muster_status run_as(const struct session *session, const char *line) {
    uint32_t before = answer.count;
    console_run_as(session, line, on_answer, NULL);
    assert_int_equal(answer.count, before + 1);
    return answer.status;
}

static bool said(const char *text) {
    return strstr(answer.text, text) != NULL;
}

static struct session *player(const char *key, const char *name, const char *permissions) {
    struct session *session = rig_sign_in(key, NULL);
    snprintf(session->display_name, sizeof session->display_name, "%s", name);
    snprintf(session->permissions, sizeof session->permissions, "%s", permissions);
    return session;
}

static const struct sanction *only(enum sanction_kind kind) {
    uint32_t index = 0;
    const struct sanction *found = NULL;
    for (const struct sanction *s; (s = moderation_next(&index));)
        if (s->kind == kind) found = found ? NULL : s;
    return found;
}

/* ---- who may --------------------------------------------------------------------------------- */

static void each_command_has_its_permission(void **state) {
    (void)state;
    const struct session *nobody = player("nobody", "Nobody", "host nonadmin");
    const struct session *moderator = player("mod", "Mod", "moderator");
    const struct session *admin = player("adm", "Adm", "admin");
    assert_int_equal(run_as(nobody, "players"), MUSTER_DENIED);
    assert_int_equal(run_as(moderator, "players"), MUSTER_OK);
    assert_int_equal(run_as(admin, "players"), MUSTER_OK);
    assert_int_equal(run_as(moderator, "whitelist on"), MUSTER_DENIED);
    assert_null(only(SANCTION_CLOSED));
    assert_int_equal(run_as(moderator, "drain"), MUSTER_DENIED);
    assert_int_equal(run_as(admin, "whitelist on"), MUSTER_OK);
    assert_non_null(only(SANCTION_CLOSED));
    assert_string_equal(only(SANCTION_CLOSED)->actor, "adm");
    assert_int_equal(run_as(nobody, "nothing"), MUSTER_DENIED); /* is not told what there is */
    assert_int_equal(run("nothing"), MUSTER_NOT_FOUND);
}

static void a_moderator_does_nothing_to_an_admin(void **state) {
    static const char *const lines[] = {"kick adm", "ban adm", "mute Adm 1h", "warn adm why"};
    (void)state;
    const struct session *moderator = player("mod", "Mod", "moderator");
    struct session *admin = player("adm", "Adm", "host admin");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(run_as(moderator, lines[i]), MUSTER_DENIED);
        assert_non_null(session_find_key("adm"));
        uint32_t index = 0;
        assert_null(moderation_next(&index));
    }
    snprintf(admin->permissions, sizeof admin->permissions, "moderator");
    assert_int_equal(run_as(moderator, "kick adm"), MUSTER_OK);
    assert_null(session_find_key("adm"));
}

/* ---- who is meant ---------------------------------------------------------------------------- */

static void a_name_means_one_player(void **state) {
    (void)state;
    player("p1", "Ann", "");
    player("p2", "ann", "");
    player("p3", "Bob the Great", "");
    player("Ann", "Carl", "");
    assert_int_equal(run("kick Ann"), MUSTER_OK); /* a playerId comes before names */
    assert_null(session_find_key("Ann"));
    assert_int_equal(run("kick Ann"), MUSTER_CONFLICT);
    assert_true(said("2 players are called \"Ann\""));
    assert_int_equal(run("kick"), MUSTER_INVALID);
    assert_int_equal(run("kick nobody"), MUSTER_NOT_FOUND);
    assert_int_equal(run("kick \"bob the great\" you know why"), MUSTER_OK);
    assert_null(session_find_key("p3"));
    assert_true(rig_told(&rig.clients[2], "you know why"));
    assert_int_equal(session_count(), 2);
}

/* ---- how long, why --------------------------------------------------------------------------- */

static void a_ban_has_its_time_and_its_words(void **state) {
    static const struct {
        const char *words;
        int64_t ms; /* -1: refused; 0: for good */
        const char *reason, *note;
    } cases[] = {{"", 0, "no reason was given", ""},
                 {"perm", 0, "no reason was given", ""},
                 {"30s", 30000, "no reason was given", ""},
                 {"15m why", 900000, "why", ""},
                 {"12h why // note", 43200000, "why", "note"},
                 {"12h  why so   // note", 43200000, "why so", "note"},
                 {"7d // note", 604800000, "no reason was given", "note"},
                 {"4w a // b // c", 2419200000, "a", "b // c"},
                 {"999999w x", 604799395200000, "x", ""},
                 {"why not", 0, "why not", ""},
                 {"perm 3 times", 0, "3 times", ""},
                 {"http://a b", 0, "http://a b", ""},
                 {"0d", -1, NULL, NULL},
                 {"1000000s", -1, NULL, NULL},
                 {"5x", -1, NULL, NULL},
                 {"5", -1, NULL, NULL},
                 {"5dd", -1, NULL, NULL},
                 {"3 times", -1, NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "ban 192.0.2.1 %s", cases[i].words);
        muster_status status = run(line);
        const struct sanction *ban = only(SANCTION_BAN);
        if (cases[i].ms < 0) {
            assert_int_equal(status, MUSTER_INVALID);
            assert_null(ban);
            continue;
        }
        assert_int_equal(status, MUSTER_OK);
        assert_non_null(ban);
        assert_int_equal(ban->until_ms, cases[i].ms ? UNIX_MS + cases[i].ms : 0);
        assert_string_equal(ban->reason, cases[i].reason);
        assert_string_equal(ban->note, cases[i].note);
        assert_string_equal(ban->actor, "op");
        assert_int_equal(run("unban 192.0.2.1"), MUSTER_OK);
    }
    assert_int_equal(run("unban 192.0.2.1"), MUSTER_NOT_FOUND);
}

static void a_ban_of_a_guest_is_one_of_the_address(void **state) {
    static const struct {
        const char *address, *banned;
    } cases[] = {{"192.0.2.1", "192.0.2.1"},
                 {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                 {"::ffff:192.0.2.1", "192.0.2.1"}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[ADDRESS_PREFIX_TEXT_MAX];
        struct session *guest = player("g", "Guest", "");
        guest->account = MUSTER_ACCOUNT_GUEST;
        snprintf(guest->address, sizeof guest->address, "%s", cases[i].address);
        assert_int_equal(run("ban g 1h"), MUSTER_OK);
        const struct sanction *ban = only(SANCTION_BAN);
        address_prefix_text(&ban->address, text);
        assert_string_equal(text, cases[i].banned);
        assert_true(ban->guests_only);
        assert_string_equal(ban->player_key, "g");
        assert_null(session_find_key("g"));
        assert_int_equal(run("unban g"), MUSTER_OK);
    }
    struct session *account = player("a", "Account", "");
    account->account = MUSTER_ACCOUNT_REGISTERED;
    snprintf(account->address, sizeof account->address, "192.0.2.1");
    assert_int_equal(run("mute a 1h"), MUSTER_OK);
    assert_int_equal(only(SANCTION_MUTE)->address.bits, 0);
    assert_false(only(SANCTION_MUTE)->guests_only);
    account->account = MUSTER_ACCOUNT_GUEST;
    assert_int_equal(run("warn a behave"), MUSTER_OK); /* is the player's alone */
    assert_int_equal(only(SANCTION_WARN)->address.bits, 0);
    assert_int_equal(run("warn a"), MUSTER_INVALID);
    assert_int_equal(moderation_count(SANCTION_WARN, "a"), 1);
}

static void a_range_is_no_name(void **state) {
    (void)state;
    assert_int_equal(run("ban 192.0.2.0/24"), MUSTER_OK);
    assert_int_equal(only(SANCTION_BAN)->address.bits, 120);
    assert_int_equal(run("unban 192.0.2.0/24"), MUSTER_OK);
    assert_int_equal(run("ban 192.0.2.0/33"), MUSTER_INVALID);
    assert_true(said("1 to 32 bits"));
    assert_int_equal(run("ban 2001:db8::/129"), MUSTER_INVALID);
    assert_true(said("1 to 128 bits"));
    assert_int_equal(run("ban 192.0.2.0/0"), MUSTER_INVALID);
    player("p", "192.0.2.7", "");
    assert_int_equal(run("ban 192.0.2.7"), MUSTER_CONFLICT);
    assert_null(only(SANCTION_BAN));
}

/* ---- commands of plugins --------------------------------------------------------------------- */

/* Its arguments, each on a line of its own. */
static void on_plugin(void *user, const char *arguments, struct muster_writer *out) {
    (void)user;
    for (; *arguments; arguments++) muster_put_bytes(out, *arguments == ',' ? "\n" : arguments, 1);
}

static void nothing(void *user, const char *arguments, struct muster_writer *out) {
    (void)user, (void)arguments, (void)out;
}

static void on_much(void *user, const char *arguments, struct muster_writer *out) {
    (void)user;
    for (int i = 0; i < atoi(arguments); i++) muster_put_bytes(out, "x", 1);
}

/* 64 KiB, and a word when that was not all. */
static void a_long_answer_says_what_is_missing(void **state) {
    static const char missing[] = "\n(parts of the answer are missing: it is too long)";
    (void)state;
    assert_int_equal(console_add(&game.self, "much", "", on_much, NULL), MUSTER_OK);
    assert_int_equal(run("much 65536"), MUSTER_OK);
    assert_int_equal(strlen(answer.text), 65536);
    assert_int_equal(run("much 65537"), MUSTER_OK);
    assert_int_equal(strlen(answer.text), 65536 + strlen(missing));
    assert_true(said(missing));
}

static void the_last_line_says_whether_it_failed(void **state) {
    (void)state;
    assert_int_equal(console_add(&game.self, "lines", "", on_plugin, NULL), MUSTER_OK);
    assert_int_equal(run("lines fine,ok"), MUSTER_OK);
    assert_string_equal(answer.text, "fine\nok");
    assert_int_equal(run("lines fine,FAILED to end"), MUSTER_INVALID);
    assert_string_equal(answer.text, "fine\nFAILED to end");
    assert_int_equal(run("lines FAILED,"), MUSTER_INVALID);
    assert_string_equal(answer.text, "FAILED\n"); /* it has said no more */
    assert_int_equal(run("lines no,such,FAILED not_found,"), MUSTER_NOT_FOUND);
    assert_string_equal(answer.text, "no\nsuch");
    assert_int_equal(run("lines two,FAILED conflict"), MUSTER_CONFLICT);
    assert_string_equal(answer.text, "two");
    assert_int_equal(run("lines late,FAILED wrong_state"), MUSTER_STATE);
    assert_int_equal(run("lines fine,FAILED"), MUSTER_INVALID);
    assert_string_equal(answer.text, "fine");
    assert_int_equal(run("lines fine,FAILED not_founder"), MUSTER_INVALID);
    assert_string_equal(answer.text, "fine\nFAILED not_founder");
    assert_int_equal(run("lines FAILED,fine"), MUSTER_OK);
    assert_int_equal(run("lines fine,it FAILED"), MUSTER_OK);
    assert_int_equal(console_add(&game.self, "silent", "", nothing, NULL), MUSTER_OK);
    assert_int_equal(run("silent FAILED"), MUSTER_OK);
    const struct session *moderator = player("mod", "Mod", "moderator");
    assert_int_equal(run_as(moderator, "silent"), MUSTER_DENIED); /* a plugin's are for admins */
    registration_owner_gone(&game.self);
    assert_int_equal(run("lines ok"), MUSTER_NOT_FOUND);
    assert_false(console_knows("lines"));
    assert_true(console_knows("  ban somebody"));
}

static void commands_of_plugins_are_bounded(void **state) {
    char name[80];
    uint32_t added = 0;
    muster_status status = MUSTER_OK;
    (void)state;
    assert_int_equal(console_add(&game.self, "ban", "", nothing, NULL), MUSTER_EXISTS);
    assert_int_equal(console_add(&game.self, "", "", nothing, NULL), MUSTER_INVALID);
    assert_int_equal(console_add(&game.self, "a b", "", nothing, NULL), MUSTER_INVALID);
    assert_int_equal(console_add(&game.self, "a", "", NULL, NULL), MUSTER_INVALID);
    memset(name, 'n', sizeof name);
    name[MUSTER_NAME_MAX] = '\0';
    assert_int_equal(console_add(&game.self, name, "", nothing, NULL), MUSTER_INVALID);
    for (; status == MUSTER_OK && added < 100; added += status == MUSTER_OK) {
        snprintf(name, sizeof name, "c%u", added);
        status = console_add(&game.self, name, NULL, nothing, NULL);
    }
    assert_int_equal(status, MUSTER_LIMIT);
    assert_int_equal(added, 64);
    assert_int_equal(console_add(&game.self, "c1", "", nothing, NULL), MUSTER_EXISTS);
}

static struct muster_command_call late;
static char late_arguments[64];
static bool answers_in_call;

static void on_late(void *user, const struct muster_command_call *call) {
    assert_ptr_equal(user, &late);
    late = *call;
    snprintf(late_arguments, sizeof late_arguments, "%s", call->arguments);
    if (answers_in_call)
        assert_int_equal(console_answer(&game.self, call->id, MUSTER_OK, "at once"), MUSTER_OK);
}

/* A line whose answer does not come in the call. */
static void ask(const char *line) {
    uint32_t before = answer.count;
    console_run("op", line, on_answer, NULL);
    assert_int_equal(answer.count, before);
}

static void a_plugins_answer_may_come_later(void **state) {
    (void)state;
    answers_in_call = false;
    assert_int_equal(console_add_late(&game.self, "ask", "", on_late, &late), MUSTER_OK);
    assert_int_equal(console_add_late(&game.self, "other", "", NULL, NULL), MUSTER_INVALID);
    assert_int_equal(console_add_late(&game.self, "ban", "", on_late, NULL), MUSTER_EXISTS);
    ask("ask  a b");
    assert_string_equal(late_arguments, "a b");
    assert_int_equal(console_answer(&game.self, late.id, MUSTER_OK, NULL), MUSTER_INVALID);
    assert_int_equal(console_answer(&game.self, late.id, MUSTER_OK, "FAILED is a word"), MUSTER_OK);
    assert_int_equal(answer.status, MUSTER_OK);
    assert_string_equal(answer.text, "FAILED is a word");
    assert_int_equal(console_answer(&game.self, late.id, MUSTER_OK, "again"), MUSTER_NOT_FOUND);
    ask("ask");
    assert_int_equal(console_answer(&game.self, late.id, MUSTER_CONFLICT, "100 % no"), MUSTER_OK);
    assert_int_equal(answer.status, MUSTER_CONFLICT);
    assert_string_equal(answer.text, "100 % no");
    answers_in_call = true;
    assert_int_equal(run("ask"), MUSTER_OK);
    assert_string_equal(answer.text, "at once");
    answers_in_call = false;
    ask("ask");
    pending_close_owner(&game.self);
    assert_int_equal(answer.status, MUSTER_UNAVAILABLE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_console, close_console)
    const struct CMUnitTest tests[] = {
        TEST(each_command_has_its_permission),
        TEST(a_moderator_does_nothing_to_an_admin),
        TEST(a_name_means_one_player),
        TEST(a_ban_has_its_time_and_its_words),
        TEST(a_ban_of_a_guest_is_one_of_the_address),
        TEST(a_range_is_no_name),
        TEST(a_long_answer_says_what_is_missing),
        TEST(the_last_line_says_whether_it_failed),
        TEST(commands_of_plugins_are_bounded),
        TEST(a_plugins_answer_may_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
