/* auth_local: accounts and refresh tokens, with good and hostile input. */
#include <stdlib.h>

#include "accounts_fixture.h"

/* ---- accounts -------------------------------------------------------------------------------- */

static void register_and_login(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id = {.size = sizeof id};
    struct tokens made =
        post(fixture, "/v1/auth/register",
             "{\"username\":\"Ada\",\"password\":\"correct horse\",\"displayName\":"
             "\"Ada \u2605\",\"email\":\"ada@example.org\",\"region\":\"eu\"}");
    assert_int_equal(made.status, 201);
    assert_int_equal(strlen(made.player), 36);
    assert_int_equal(made.player[14], '4');
    assert_int_equal(testkit_authenticate(fixture->auth, made.access, &id), MUSTER_ACCEPT);
    assert_string_equal(id.player_key, made.player);
    assert_string_equal(id.display_name, "Ada \u2605");
    assert_string_equal(id.region, "eu");
    assert_string_equal(id.permissions, "");
    assert_int_equal(id.expires_at_s, START_MS / 1000 + 900);
    /* the same account, whatever the case of the name */
    struct tokens back =
        post(fixture, "/v1/auth/login", "{\"username\":\"aDA\",\"password\":\"correct horse\"}");
    assert_int_equal(back.status, 200);
    assert_string_equal(back.player, made.player);
    assert_string_not_equal(back.refresh, made.refresh);
    struct tokens taken =
        post(fixture, "/v1/auth/register", "{\"username\":\"ADA\",\"password\":\"another one\"}");
    assert_problem(&taken, 409, "username_taken");
}

static void wrong_credentials_look_alike(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture, "/v1/auth/register", ADA).status, 201);
    struct tokens wrong =
        post(fixture, "/v1/auth/login", "{\"username\":\"ada\",\"password\":\"wrong horse\"}");
    assert_problem(&wrong, 401, "credentials_invalid");
    struct tokens unknown =
        post(fixture, "/v1/auth/login",
             "{\"username\":\"nobody\",\"password\":\"no password is this one\"}");
    assert_problem(&unknown, 401, "credentials_invalid");
}

static void guests_need_nothing(void **state) {
    struct fixture *fixture = *state;
    struct tokens one = post(fixture, "/v1/auth/guest", "");
    struct tokens two = post(fixture, "/v1/auth/guest", "{\"displayName\":\"Bo\"}");
    assert_int_equal(one.status, 201);
    assert_memory_equal(one.name, "Guest-", 6);
    assert_string_equal(two.name, "Bo");
    assert_string_not_equal(one.player, two.player);
    struct tokens again = refresh(fixture, one.refresh);
    assert_int_equal(again.status, 200);
    assert_string_equal(again.player, one.player);
    assert_string_equal(again.name, one.name);
}

#define ADMIN_CODES 8 /* at a time */

/* The code that the console's command prints. */
static const char *make_code(struct fixture *fixture, const char *name) {
    static char code[64];
    char command[64];
    snprintf(command, sizeof command, "admin-code %s", name);
    snprintf(code, sizeof code, "%s", testkit_command(fixture->kit, command));
    code[strcspn(code, "\n")] = '\0';
    assert_int_equal(strlen(code), 23);
    return code;
}

static struct tokens sign_in(struct fixture *fixture, const char *path, const char *name,
                             const char *code, const char *address) {
    char body[192];
    snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"correct horse\"%s%s%s}", name,
             code ? ",\"code\":\"" : "", code ? code : "", code ? "\"" : "");
    return post_from(fixture, path, body, address, "client/1");
}

static struct tokens register_as(struct fixture *fixture, const char *name, const char *code) {
    return sign_in(fixture, "/v1/auth/register", name, code, "203.0.113.5");
}

static struct tokens login_as(struct fixture *fixture, const char *name, const char *code) {
    return sign_in(fixture, "/v1/auth/login", name, code, "203.0.113.5");
}

static void an_admin_has_shown_a_code(void **state) {
    struct fixture *fixture = *state;
    /* not the name, not the address, not a code that is made up */
    static const char *const addresses[] = {"203.0.113.5", "127.0.0.1", "::1"};
    for (size_t i = 0; i < 3; i++) {
        struct tokens stranger = sign_in(fixture, "/v1/auth/register", "ROOT", NULL, addresses[i]);
        assert_problem(&stranger, 409, "username_taken");
        struct tokens guess =
            sign_in(fixture, "/v1/auth/register", "ROOT", "00000-00000-00000-00000", addresses[i]);
        assert_problem(&guess, 403, "code_invalid");
    }
    const char *code = make_code(fixture, "root");
    struct tokens other = register_as(fixture, "Other", code);
    assert_problem(&other, 403, "code_invalid");
    struct tokens root = register_as(fixture, "ROOT", code);
    assert_int_equal(root.status, 201);
    assert_string_equal(root.permissions, "admin;");
    assert_string_equal(login_as(fixture, "root", NULL).permissions, "admin;");
    assert_string_equal(refresh(fixture, root.refresh).permissions, "admin;");
    /* once */
    struct tokens again = login_as(fixture, "root", code);
    assert_problem(&again, 403, "code_invalid");
    assert_null(testkit_log_find(fixture->kit, code));
}

static void a_code_ends(void **state) {
    struct fixture *fixture = *state;
    char first[64];
    snprintf(first, sizeof first, "%s", make_code(fixture, "Root"));
    const char *code = make_code(fixture, "Root"); /* takes the place of the one before */
    struct tokens replaced = register_as(fixture, "root", first);
    assert_problem(&replaced, 403, "code_invalid");
    set_clock(fixture, 901);
    struct tokens late = register_as(fixture, "root", code);
    assert_problem(&late, 403, "code_invalid");
    code = make_code(fixture, "Root");
    set_clock(fixture, 1800);
    assert_int_equal(register_as(fixture, "root", code).status, 201);
    const char *answer = testkit_command(fixture->kit, "admin-code Ada");
    assert_non_null(strstr(answer, "expected a user name of auth_local.adminUsers"));
    assert_non_null(strstr(testkit_command(fixture->kit, "admin-code"), "expected"));
}

/* Several may have one at a time; when there are too many the one that ends first makes room. */
static void the_oldest_code_makes_room(void **state) {
    struct fixture *fixture = *state;
    char names[512] = "", codes[ADMIN_CODES + 1][64], name[16];
    for (int i = 0; i <= ADMIN_CODES; i++) {
        snprintf(name, sizeof name, "%sboss%d", i ? "," : "", i);
        strcat(names, name);
    }
    assert_true(testkit_config_set(fixture->auth, "adminUsers", names));
    for (int i = 0; i <= ADMIN_CODES; i++) {
        set_clock(fixture, 10 * i);
        snprintf(name, sizeof name, "boss%d", i);
        snprintf(codes[i], sizeof codes[i], "%s", make_code(fixture, name));
    }
    for (int i = 0; i <= ADMIN_CODES; i++) {
        snprintf(name, sizeof name, "boss%d", i);
        uint32_t status = register_as(fixture, name, codes[i]).status;
        if (status != (i == 0 ? 403 : 201)) fail_msg("%s: %u", name, status);
    }
}

/* Who had the name before it was put on the list is nobody, until they are given a code. */
static void a_listed_name_is_no_permission(void **state) {
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->auth, "adminUsers", ""));
    assert_int_equal(register_as(fixture, "Early", NULL).status, 201);
    assert_true(testkit_config_set(fixture->auth, "adminUsers", "Early"));
    assert_string_equal(login_as(fixture, "early", NULL).permissions, "");
    const char *code = make_code(fixture, "early");
    struct tokens thief =
        post(fixture, "/v1/auth/login", "{\"username\":\"early\",\"password\":\"wrong horse\"}");
    assert_problem(&thief, 401, "credentials_invalid");
    assert_string_equal(login_as(fixture, "early", code).permissions, "admin;");
    struct tokens later = login_as(fixture, "early", NULL);
    assert_string_equal(later.permissions, "admin;");
    /* off the list: off the permission, at the next token */
    assert_true(testkit_config_set(fixture->auth, "adminUsers", "Somebody"));
    assert_string_equal(refresh(fixture, later.refresh).permissions, "");
    assert_string_equal(login_as(fixture, "early", NULL).permissions, "");
}

static void names_of_admins_are_kept(void **state) {
    struct fixture *fixture = *state;
    /* the bearer of the name only, not of a display name */
    static const char *const names[] = {"Root", "R00T", "R\u043eot", "Server", "Adm\u0456n"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char guest_body[64];
        snprintf(guest_body, sizeof guest_body, "{\"displayName\":\"%s\"}", names[i]);
        struct tokens guest = post(fixture, "/v1/auth/guest", guest_body);
        assert_problem(&guest, 409, "name_reserved");
    }
}

static void doors_can_be_closed(void **state) {
    struct fixture *fixture = *state;
    assert_true(testkit_config_set(fixture->auth, "guestEnabled", "false"));
    assert_true(testkit_config_set(fixture->auth, "registerEnabled", "false"));
    start_plugins(fixture);
    struct tokens guest = post(fixture, "/v1/auth/guest", "");
    assert_problem(&guest, 403, "forbidden");
    struct tokens account = post(fixture, "/v1/auth/register", ADA);
    assert_problem(&account, 403, "forbidden");
}

static void hostile_bodies_are_refused(void **state) {
    struct fixture *fixture = *state;
    static const char *const paths[] = {"/v1/auth/register", "/v1/auth/login", "/v1/auth/refresh",
                                        "/v1/auth/logout", "/v1/auth/guest"};
    static const struct {
        const char *body;
        const char *code;
    } bodies[] = {
        {"{", "parse_error"},
        {"[]", "invalid_params"},
        {"null", "parse_error"},
        {"\"x\"", "parse_error"},
        {"{} {}", "parse_error"},
        {"{\"displayName\":\"a\",\"displayName\":\"b\"}", "parse_error"},
        {"{\"displayName\":\"\\u0000\"}", "parse_error"},
        {"{\"displayName\":\"\xff\xfe\"}", "parse_error"},
        {"{\"isAdmin\":true}", "invalid_params"},
        {"{\"username\":5,\"password\":5,\"refreshToken\":5,\"displayName\":5}", "invalid_params"},
    };
    for (size_t p = 0; p < 5; p++) {
        for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++) {
            struct tokens answer = post(fixture, paths[p], bodies[b].body);
            assert_problem(&answer, 400, bodies[b].code);
        }
        static char deep[4097], huge[5000];
        memset(deep, '[', sizeof deep - 1);
        struct tokens nested = post(fixture, paths[p], deep);
        assert_problem(&nested, 400, "parse_error");
        memset(huge, ' ', sizeof huge - 1);
        struct tokens large = post(fixture, paths[p], huge);
        assert_problem(&large, 413, "invalid_params");
    }
}

static void hostile_values_are_refused(void **state) {
    struct fixture *fixture = *state;
    static const char *const bodies[] = {
        "{}",
        "{\"username\":\"ab\",\"password\":\"correct horse\"}",
        "{\"username\":\"a b c\",\"password\":\"correct horse\"}",
        "{\"username\":\"a'; --\",\"password\":\"correct horse\"}",
        "{\"username\":\"abcdefghijklmnopqrstuvwxyzabcdefg\",\"password\":\"correct horse\"}",
        "{\"username\":\"abc\",\"password\":\"short\"}",
        "{\"username\":\"abc\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"email\":\"nothing\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"email\":\"a@b@c\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"region\":\"e u\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"displayName\":\"\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"displayName\":\"a\\nb\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"displayName\":\"a\\u0085b\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"displayName\":\"a\\u202eb\"}",
        "{\"username\":\"abc\",\"password\":\"correct horse\",\"displayName\":"
        "\"012345678901234567890123456789012\"}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct tokens answer = post(fixture, "/v1/auth/register", bodies[i]);
        assert_problem(&answer, 400, "invalid_params");
    }
    /* a password of 129 bytes is too long, one of 128 is not, and neither is ever echoed */
    char body[256], password[130];
    memset(password, 'p', sizeof password - 1);
    password[129] = '\0';
    snprintf(body, sizeof body, "{\"username\":\"abc\",\"password\":\"%s\"}", password);
    struct testkit_response response =
        testkit_http(fixture->kit, "POST", "/v1/auth/register", body);
    assert_int_equal(response.status, 400);
    assert_null(strstr(response.body, "ppp"));
    password[128] = '\0';
    snprintf(body, sizeof body, "{\"username\":\"abc\",\"password\":\"%s\"}", password);
    assert_int_equal(post(fixture, "/v1/auth/register", body).status, 201);
}

static void the_shortest_and_the_longest_are_taken(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *key;
        size_t len;
        bool fits;
    } cases[] = {
        {"username", 2, false},  {"username", 3, true},    {"username", 32, true},
        {"username", 33, false}, {"password", 7, false},   {"password", 8, true},
        {"password", 128, true}, {"password", 129, false}, {"region", 0, false},
        {"region", 1, true},     {"region", 47, true},     {"region", 48, false},
        {"email", 254, true},    {"email", 255, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char value[300], name[16];
        memset(value, 'a' + (int)i, sizeof value);
        value[cases[i].len] = '\0';
        if (strcmp(cases[i].key, "email") == 0) value[5] = '@';
        snprintf(name, sizeof name, "user-%zu", i);
        json_t *root = json_pack("{s:s,s:s}", "username", name, "password", "correct horse");
        json_object_set_new(root, cases[i].key, json_string(value));
        char *body = json_dumps(root, 0);
        json_decref(root);
        struct tokens made = post(fixture, "/v1/auth/register", body);
        free(body);
        if (made.status != (cases[i].fits ? 201 : 400))
            fail_msg("%s of %zu: %u", cases[i].key, cases[i].len, made.status);
    }
}

static void a_guest_is_one_and_an_account_is_not(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id = {.size = sizeof id};
    struct tokens guest = post(fixture, "/v1/auth/guest", "");
    struct tokens ada = post(fixture, "/v1/auth/register", ADA);
    for (int round = 0; round < 2; round++) { /* also after a renewal */
        assert_int_equal(testkit_authenticate(fixture->auth, guest.access, &id), MUSTER_ACCEPT);
        assert_int_equal(id.account, MUSTER_ACCOUNT_GUEST);
        assert_int_equal(testkit_authenticate(fixture->auth, ada.access, &id), MUSTER_ACCEPT);
        assert_int_equal(id.account, MUSTER_ACCOUNT_REGISTERED);
        guest = refresh(fixture, guest.refresh);
        ada = refresh(fixture, ada.refresh);
    }
}

/* ---- refresh --------------------------------------------------------------------------------- */

static void refresh_rotates(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/register", ADA);
    struct tokens second = refresh(fixture, first.refresh);
    assert_int_equal(second.status, 200);
    assert_string_not_equal(second.refresh, first.refresh);
    assert_string_not_equal(second.access, first.access);
    assert_string_equal(second.player, first.player);
    assert_int_equal(refresh(fixture, second.refresh).status, 200);
}

static void a_lost_answer_locks_nobody_out(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens lost = refresh(fixture, first.refresh);
    assert_int_equal(lost.status, 200);
    for (int64_t at = 0; at <= 30; at += 10) {
        set_clock(fixture, at);
        struct tokens again = refresh(fixture, first.refresh);
        assert_int_equal(again.status, 200);
        assert_string_equal(again.refresh, lost.refresh);
        assert_string_equal(again.player, first.player);
    }
    struct tokens third = refresh(fixture, lost.refresh);
    assert_int_equal(third.status, 200);
    /* the successor was used: whoever still has the one before is somebody else */
    struct tokens late = refresh(fixture, first.refresh);
    assert_problem(&late, 401, "token_reused");
    struct tokens ended = refresh(fixture, third.refresh);
    assert_problem(&ended, 401, "token_invalid");
}

/* Each token has a successor of its own, which nobody can guess from the next or the one before. */
static void a_chain_of_tokens_is_unlike(void **state) {
    struct fixture *fixture = *state;
    struct tokens made[4] = {post(fixture, "/v1/auth/guest", "")};
    for (size_t i = 1; i < 4; i++) {
        made[i] = refresh(fixture, made[i - 1].refresh);
        assert_int_equal(made[i].status, 200);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(made[i].refresh, made[k].refresh);
    }
}

/* The answer was lost with the network: the next try comes from another address. */
static void a_phone_may_change_its_network(void **state) {
    struct fixture *fixture = *state;
    char body[128];
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens lost = refresh(fixture, first.refresh);
    snprintf(body, sizeof body, "{\"refreshToken\":\"%s\"}", first.refresh);
    struct tokens again = post_from(fixture, "/v1/auth/refresh", body, "2001:db8::7", "client/1");
    assert_int_equal(again.status, 200);
    assert_string_equal(again.refresh, lost.refresh);
    assert_int_equal(refresh(fixture, again.refresh).status, 200);
}

static void late_reuse_ends_the_family(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens other = post(fixture, "/v1/auth/guest", "");
    struct tokens second = refresh(fixture, first.refresh);
    assert_int_equal(second.status, 200);
    set_clock(fixture, 29);
    assert_string_equal(refresh(fixture, first.refresh).refresh, second.refresh);
    set_clock(fixture, 31);
    struct tokens reused = refresh(fixture, first.refresh);
    assert_problem(&reused, 401, "token_reused");
    struct tokens successor = refresh(fixture, second.refresh);
    assert_problem(&successor, 401, "token_invalid");
    assert_int_equal(refresh(fixture, other.refresh).status, 200);
    assert_non_null(testkit_log_find(fixture->kit, "used twice"));
    assert_null(testkit_log_find(fixture->kit, first.refresh));
}

static void reuse_by_another_client_ends_the_family(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens second = refresh(fixture, first.refresh);
    struct tokens thief = refresh_as(fixture, "/v1/auth/refresh", first.refresh, "thief/1");
    assert_problem(&thief, 401, "token_reused");
    struct tokens successor = refresh(fixture, second.refresh);
    assert_problem(&successor, 401, "token_invalid");
}

static void unknown_and_old_refresh_tokens_are_refused(void **state) {
    struct fixture *fixture = *state;
    struct tokens unknown = refresh(fixture, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_problem(&unknown, 401, "token_invalid");
    struct tokens broken = refresh(fixture, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB");
    assert_problem(&broken, 400, "invalid_params");
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens last = post(fixture, "/v1/auth/guest", "");
    set_clock(fixture, 604799);
    assert_int_equal(refresh(fixture, last.refresh).status, 200);
    set_clock(fixture, 604801);
    struct tokens old = refresh(fixture, first.refresh);
    assert_problem(&old, 401, "token_invalid");
}

static void logout_ends_the_family(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens second = refresh(fixture, first.refresh);
    struct tokens out = refresh_as(fixture, "/v1/auth/logout", second.refresh, "client/1");
    assert_int_equal(out.status, 204);
    struct tokens after = refresh(fixture, second.refresh);
    assert_problem(&after, 401, "token_invalid");
    assert_int_equal(refresh_as(fixture, "/v1/auth/logout", second.refresh, "client/1").status,
                     204);
    /* with any of the family, also one that was used; others stay signed in */
    first = post(fixture, "/v1/auth/guest", "");
    second = refresh(fixture, first.refresh);
    struct tokens other = post(fixture, "/v1/auth/guest", "");
    assert_int_equal(refresh_as(fixture, "/v1/auth/logout", first.refresh, "client/1").status, 204);
    after = refresh(fixture, second.refresh);
    assert_problem(&after, 401, "token_invalid");
    assert_int_equal(refresh(fixture, other.refresh).status, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(register_and_login, start, stop),
        cmocka_unit_test_setup_teardown(wrong_credentials_look_alike, start, stop),
        cmocka_unit_test_setup_teardown(guests_need_nothing, start, stop),
        cmocka_unit_test_setup_teardown(an_admin_has_shown_a_code, start, stop),
        cmocka_unit_test_setup_teardown(a_code_ends, start, stop),
        cmocka_unit_test_setup_teardown(the_oldest_code_makes_room, start, stop),
        cmocka_unit_test_setup_teardown(a_listed_name_is_no_permission, start, stop),
        cmocka_unit_test_setup_teardown(names_of_admins_are_kept, start, stop),
        cmocka_unit_test_setup_teardown(doors_can_be_closed, make, stop),
        cmocka_unit_test_setup_teardown(hostile_bodies_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(hostile_values_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(the_shortest_and_the_longest_are_taken, start, stop),
        cmocka_unit_test_setup_teardown(a_guest_is_one_and_an_account_is_not, start, stop),
        cmocka_unit_test_setup_teardown(refresh_rotates, start, stop),
        cmocka_unit_test_setup_teardown(a_lost_answer_locks_nobody_out, start, stop),
        cmocka_unit_test_setup_teardown(a_chain_of_tokens_is_unlike, start, stop),
        cmocka_unit_test_setup_teardown(a_phone_may_change_its_network, start, stop),
        cmocka_unit_test_setup_teardown(late_reuse_ends_the_family, start, stop),
        cmocka_unit_test_setup_teardown(reuse_by_another_client_ends_the_family, start, stop),
        cmocka_unit_test_setup_teardown(unknown_and_old_refresh_tokens_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(logout_ends_the_family, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
