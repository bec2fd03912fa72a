/* auth_jwt through the testkit: the vectors end to end, claims, key files and their replacement,
 * and when a URL is asked for keys. */
#include "json_text.h"
#include "test.h"
#include <fcntl.h>
#include <jansson.h>
#include <muster_testkit.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jwt/keys.h"

#define NOW_S 1800000000
#define ISSUER "https://central.example"
#define SECRET "0123456789abcdef0123456789abcdef"

struct fixture {
    struct testkit *kit;
    muster_self *auth;
    json_t *vectors;
    char dir[TEMP_DIR_MAX];
    char file[128];
    char pem[512]; /* a pair of our own, kid "k2" */
    struct signer *signer;
};

static struct {
    const char *path; /* whose opening is held back, or null */
    atomic_uint count;
    sem_t begun, go_on;
} held;

/* The plugin's calls go by the dynamic symbol table, where the executable comes first. */
__attribute__((visibility("default"))) int open(const char *path, int flags, ...) {
    if (held.path && strcmp(path, held.path) == 0) {
        atomic_fetch_add(&held.count, 1);
        sem_post(&held.begun);
        sem_wait(&held.go_on);
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

static void write_keys(struct fixture *fixture, const char *text, mode_t mode) {
    char temporary[160];
    snprintf(temporary, sizeof temporary, "%s.new", fixture->file);
    FILE *file = fopen(temporary, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(temporary, mode), 0);
    assert_int_equal(rename(temporary, fixture->file), 0);
}

static void load(struct fixture *fixture) {
    fixture->kit = testkit_create();
    testkit_unix_set(fixture->kit, NOW_S * 1000LL);
    fixture->auth = testkit_load(fixture->kit, PLUGIN_DIR "/auth_jwt.so");
    if (!fixture->auth) fail_msg("%s", testkit_error(fixture->kit));
    assert_true(testkit_config_set(fixture->auth, "issuer", ISSUER));
    assert_true(testkit_config_set(fixture->auth, "audience", "game"));
    assert_true(testkit_config_set(fixture->auth, "keysFile", fixture->file));
    assert_true(testkit_config_set(fixture->auth, "maxAgeS", "0"));
}

static int make(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_not_equal(sodium_init(), -1);
    assert_true(temp_dir_make(fixture->dir));
    snprintf(fixture->file, sizeof fixture->file, "%s/keys", fixture->dir);
    fixture->vectors = json_load_file(DATA_DIR "/jwt.json", 0, NULL);
    assert_non_null(fixture->vectors);
    assert_int_equal(keys_make_p256(fixture->pem, sizeof fixture->pem), MUSTER_OK);
    fixture->signer = signer_create(fixture->pem);
    assert_non_null(fixture->signer);
    load(fixture);
    *state = fixture;
    return 0;
}

static int destroy(void **state) {
    struct fixture *fixture = *state;
    if (fixture->kit) {
        assert_int_equal(testkit_stop(fixture->auth), 0);
        assert_int_equal(testkit_faults(fixture->kit), 0);
    }
    testkit_destroy(fixture->kit);
    assert_true(temp_dir_remove(fixture->dir));
    json_decref(fixture->vectors);
    signer_destroy(fixture->signer);
    free(fixture);
    return 0;
}

static void reload_plugin(struct fixture *fixture) {
    testkit_destroy(fixture->kit);
    load(fixture);
}

/* A JWKS with our own key; to be freed. */
static char *own_jwks(const struct fixture *fixture, const char *kid) {
    struct token_key key;
    json_t *jwk = NULL;
    assert_int_equal(keys_public_of(fixture->pem, kid, &key, &jwk), MUSTER_OK);
    json_t *set = json_pack("{s:[o]}", "keys", jwk);
    char *text = json_dumps(set, 0);
    json_decref(set);
    return text;
}

static void write_own_jwks(struct fixture *fixture, const char *kid) {
    char *text = own_jwks(fixture, kid);
    write_keys(fixture, text, 0644);
    free(text);
}

/* What the URL answers next: answers are used up in order, without one it is down. */
static void answer_own_jwks(struct fixture *fixture, const char *kid) {
    char *text = own_jwks(fixture, kid);
    testkit_fetch_answer(fixture->kit, 200, text);
    free(text);
}

/* Signs our standard claims with `extra` over them. */
static void sign(struct fixture *fixture, const char *kid, json_t *extra, char *out) {
    json_t *claims = json_pack("{s:s,s:s,s:s,s:I,s:I}", "iss", ISSUER, "aud", "game", "sub", "p1",
                               "iat", (json_int_t)NOW_S, "exp", (json_int_t)(NOW_S + 600));
    if (extra) json_object_update_new(claims, extra);
    assert_int_equal(token_sign(fixture->signer, kid, claims, out, TOKEN_BYTES_MAX + 1), MUSTER_OK);
    json_decref(claims);
}

static muster_verdict ask(struct fixture *fixture, const char *token, struct muster_identity *out) {
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    return testkit_authenticate(fixture->auth, token, out);
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static void run_vectors_of(struct fixture *fixture, const char *key_name, const char *algorithm,
                           const char *text, uint32_t *checked) {
    size_t i;
    json_t *item;
    write_keys(fixture, text, 0600);
    reload_plugin(fixture);
    assert_true(testkit_config_set(fixture->auth, "algorithm", algorithm));
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    json_array_foreach(json_object_get(fixture->vectors, "cases"), i, item) {
        struct muster_identity id;
        const char *expect = json_text(item, "expect");
        if (strcmp(json_text(item, "key"), key_name) != 0) continue;
        muster_verdict verdict = ask(fixture, json_text(item, "token"), &id);
        bool accepted = verdict == MUSTER_ACCEPT;
        if (strcmp(expect, "either") != 0 && accepted != (strcmp(expect, "accept") == 0))
            fail_msg("case \"%s\": expected %s", json_text(item, "name"), expect);
        if (accepted) assert_string_equal(id.player_key, "p1");
        (*checked)++;
    }
}

static void the_vectors_hold_end_to_end(void **state) {
    struct fixture *fixture = *state;
    uint32_t checked = 0;
    const json_t *keys = json_object_get(fixture->vectors, "keys");
    run_vectors_of(fixture, "ec", "auto", json_text(json_object_get(keys, "ec"), "pub"), &checked);
    run_vectors_of(fixture, "rsa", "RS256", json_text(json_object_get(keys, "rsa"), "pub"),
                   &checked);
    run_vectors_of(fixture, "ed", "EdDSA", json_text(json_object_get(keys, "ed"), "pub"), &checked);
    run_vectors_of(fixture, "hmac", "HS256", SECRET "\n", &checked);
    assert_int_equal(checked, 32);
}

static void claims_become_an_identity(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    char token[TOKEN_BYTES_MAX + 1];
    write_own_jwks(fixture, "k2");
    assert_true(testkit_config_set(fixture->auth, "displayNameClaim", "name"));
    assert_true(testkit_config_set(fixture->auth, "regionClaim", "loc"));
    assert_true(testkit_config_set(fixture->auth, "allowedPermissions", "moderator"));
    assert_true(testkit_config_set(fixture->auth, "playerPrefix", "ext:"));
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    sign(fixture, "k2",
         json_pack("{s:s,s:s,s:[s,s]}", "name", "Ada", "loc", "eu", "permissions", "admin",
                   "moderator"),
         token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT);
    assert_string_equal(id.player_key, "ext:p1");
    assert_string_equal(id.display_name, "Ada");
    assert_string_equal(id.region, "eu");
    assert_string_equal(id.permissions, "moderator");
    assert_int_equal(id.expires_at_s, NOW_S + 600);
    sign(fixture, "k2", json_pack("{s:s}", "sub", "a b"), token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
}

static void no_permission_is_taken_over_by_default(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    char token[TOKEN_BYTES_MAX + 1];
    write_own_jwks(fixture, "k2");
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    sign(fixture, "k2", json_pack("{s:[s]}", "permissions", "admin"), token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT);
    assert_string_equal(id.permissions, "");
}

static void other_issuers_are_passed_on(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    char token[TOKEN_BYTES_MAX + 1];
    write_own_jwks(fixture, "k2");
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    sign(fixture, "k2", json_pack("{s:s}", "iss", "https://other.example"), token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PASS);
    assert_int_equal(ask(fixture, "opaque", &id), MUSTER_PASS);
    sign(fixture, "k3", NULL, token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
    sign(fixture, "k2", NULL, token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT);
}

static void long_lives_are_refused(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    char token[TOKEN_BYTES_MAX + 1];
    write_own_jwks(fixture, "k2");
    assert_true(testkit_config_set(fixture->auth, "maxAgeS", "599"));
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    sign(fixture, "k2", NULL, token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
    assert_string_equal(id.reason, "token lives too long");
    assert_int_equal(testkit_stop(fixture->auth), 0);
    reload_plugin(fixture);
    assert_true(testkit_config_set(fixture->auth, "maxAgeS", "600"));
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT);
}

static void a_replaced_file_is_taken_over(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    char old_token[TOKEN_BYTES_MAX + 1], new_token[TOKEN_BYTES_MAX + 1];
    write_own_jwks(fixture, "k2");
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    sign(fixture, "k2", NULL, old_token);
    sign(fixture, "k3", NULL, new_token);
    assert_int_equal(ask(fixture, old_token, &id), MUSTER_ACCEPT);
    /* broken: the last good set stays, and the log says why */
    write_keys(fixture, "{\"keys\": 5}", 0644);
    testkit_advance(fixture->kit, 10001);
    assert_non_null(testkit_log_find(fixture->kit, "expected an object with an array"));
    assert_int_equal(ask(fixture, old_token, &id), MUSTER_ACCEPT);
    assert_int_equal(ask(fixture, new_token, &id), MUSTER_REJECT);
    /* gone: the same */
    assert_int_equal(unlink(fixture->file), 0);
    testkit_advance(fixture->kit, 10001);
    assert_int_equal(ask(fixture, old_token, &id), MUSTER_ACCEPT);
    /* another key: the old one no longer vouches, not even for what was remembered */
    write_own_jwks(fixture, "k3");
    testkit_advance(fixture->kit, 10001);
    assert_int_equal(ask(fixture, new_token, &id), MUSTER_ACCEPT);
    assert_int_equal(ask(fixture, old_token, &id), MUSTER_REJECT);
}

/* An unchanged file makes nobody prove again who he is. */
static void an_unchanged_file_is_not_applied(void **state) {
    struct fixture *fixture = *state;
    write_own_jwks(fixture, "k2");
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    assert_non_null(testkit_log_find(fixture->kit, "1 keys of issuer " ISSUER));
    testkit_log_clear(fixture->kit);
    testkit_advance(fixture->kit, 30001);
    assert_null(testkit_log_find(fixture->kit, "keys"));
    write_own_jwks(fixture, "k2"); /* another file, though it holds the same */
    testkit_advance(fixture->kit, 10000);
    assert_non_null(testkit_log_find(fixture->kit, "1 keys of issuer"));
    testkit_log_clear(fixture->kit);
    assert_int_equal(unlink(fixture->file), 0); /* told once */
    testkit_advance(fixture->kit, 10000);
    assert_non_null(testkit_log_find(fixture->kit, "No such file"));
    testkit_log_clear(fixture->kit);
    testkit_advance(fixture->kit, 10000);
    assert_null(testkit_log_find(fixture->kit, "No such file"));
    write_own_jwks(fixture, "k2");
    testkit_advance(fixture->kit, 10000);
    assert_non_null(testkit_log_find(fixture->kit, "1 keys of issuer"));
}

static void the_file_is_read_once_at_a_time(void **state) {
    struct fixture *fixture = *state;
    write_own_jwks(fixture, "k2");
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    sem_init(&held.begun, 0, 0);
    sem_init(&held.go_on, 0, 0);
    held.path = fixture->file;
    testkit_pass(fixture->kit, 10000);
    sem_wait(&held.begun);
    testkit_pass(fixture->kit, 30000); /* a slow disk */
    for (int i = 0; i < 4; i++) sem_post(&held.go_on);
    assert_int_equal(testkit_stop(fixture->auth), 0);
    assert_int_equal(atomic_load(&held.count), 1);
    held.path = NULL;
}

static muster_verdict ask_by(struct fixture *fixture, const char *kid) {
    struct muster_identity id;
    char token[TOKEN_BYTES_MAX + 1];
    sign(fixture, kid, NULL, token);
    return ask(fixture, token, &id);
}

static void start_with_url(struct fixture *fixture) {
    assert_true(testkit_config_set(fixture->auth, "keysFile", ""));
    assert_true(testkit_config_set(fixture->auth, "jwksUrl", "https://central.example/keys"));
    assert_true(testkit_config_set(fixture->auth, "jwksRefreshS", "3600"));
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
}

static void a_url_is_asked_for_an_unknown_key_once_a_minute(void **state) {
    struct fixture *fixture = *state;
    answer_own_jwks(fixture, "k2");
    start_with_url(fixture);
    assert_int_equal(ask_by(fixture, "k2"), MUSTER_ACCEPT); /* it has waited */
    assert_string_equal(testkit_fetch_last(fixture->kit), "GET https://central.example/keys\n");
    testkit_log_clear(fixture->kit);
    answer_own_jwks(fixture, "k3");
    assert_int_equal(ask_by(fixture, "k3"), MUSTER_ACCEPT);
    assert_int_equal(ask_by(fixture, "k2"), MUSTER_REJECT);
    answer_own_jwks(fixture, "k4");
    assert_int_equal(ask_by(fixture, "k4"), MUSTER_REJECT);
    testkit_advance(fixture->kit, 59000);
    assert_int_equal(ask_by(fixture, "k4"), MUSTER_REJECT);
    testkit_advance(fixture->kit, 1000);
    assert_int_equal(ask_by(fixture, "k4"), MUSTER_ACCEPT);
}

static void a_url_is_asked_again_in_its_turn(void **state) {
    struct fixture *fixture = *state;
    start_with_url(fixture);
    testkit_advance(fixture->kit, 1000); /* it is down */
    assert_non_null(testkit_log_find(fixture->kit, "no new keys: unavailable"));
    testkit_log_clear(fixture->kit);
    testkit_advance(fixture->kit, 10000); /* soon, and told once */
    assert_null(testkit_log_find(fixture->kit, "no new keys"));
    answer_own_jwks(fixture, "k2");
    testkit_advance(fixture->kit, 10000);
    assert_non_null(testkit_log_find(fixture->kit, "it answers again"));
    assert_non_null(testkit_log_find(fixture->kit, "1 keys of issuer " ISSUER));
    testkit_log_clear(fixture->kit);
    answer_own_jwks(fixture, "k2"); /* the same makes nobody prove again who he is */
    testkit_advance(fixture->kit, 3600000);
    assert_null(testkit_log_find(fixture->kit, "keys of issuer"));
    answer_own_jwks(fixture, "k3");
    testkit_advance(fixture->kit, 3600000);
    assert_non_null(testkit_log_find(fixture->kit, "1 keys of issuer"));
    testkit_fetch_answer(fixture->kit, 200, "{\"keys\": []}");
    testkit_advance(fixture->kit, 3600000);
    assert_non_null(testkit_log_find(fixture->kit, "no key for verifying signatures"));
    testkit_unix_set(fixture->kit, NOW_S * 1000LL);
    assert_int_equal(ask_by(fixture, "k3"), MUSTER_ACCEPT); /* the last good set */
}

static void assert_refused(struct fixture *fixture, const char *log) {
    assert_int_not_equal(testkit_start(fixture->auth), MUSTER_OK);
    if (!testkit_log_find(fixture->kit, log)) fail_msg("no line says \"%s\"", log);
}

static void bad_configurations_are_named(void **state) {
    struct fixture *fixture = *state;
    const json_t *ec = json_object_get(json_object_get(fixture->vectors, "keys"), "ec");
    assert_refused(fixture, "No such file");
    reload_plugin(fixture);
    assert_true(testkit_config_set(fixture->auth, "issuer", ""));
    assert_refused(fixture, "issuer: expected");
    reload_plugin(fixture);
    assert_true(testkit_config_set(fixture->auth, "keysFile", ""));
    assert_refused(fixture, "keysFile: expected");
    reload_plugin(fixture);
    write_own_jwks(fixture, "k2");
    assert_int_equal(chmod(fixture->file, 0666), 0);
    assert_refused(fixture, "other accounts have access");
    /* the public key as an HMAC secret: the confusion attack as a configuration */
    reload_plugin(fixture);
    write_keys(fixture, json_text(ec, "pub"), 0600);
    assert_true(testkit_config_set(fixture->auth, "algorithm", "HS256"));
    assert_refused(fixture, "algorithm HS256 needs another kind of key");
    reload_plugin(fixture);
    write_keys(fixture, SECRET, 0644);
    assert_true(testkit_config_set(fixture->auth, "algorithm", "HS256"));
    assert_refused(fixture, "other accounts have access");
    reload_plugin(fixture);
    write_keys(fixture, "short", 0600);
    assert_true(testkit_config_set(fixture->auth, "algorithm", "HS256"));
    assert_refused(fixture, "32 to");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_vectors_hold_end_to_end, make, destroy),
        cmocka_unit_test_setup_teardown(claims_become_an_identity, make, destroy),
        cmocka_unit_test_setup_teardown(no_permission_is_taken_over_by_default, make, destroy),
        cmocka_unit_test_setup_teardown(other_issuers_are_passed_on, make, destroy),
        cmocka_unit_test_setup_teardown(long_lives_are_refused, make, destroy),
        cmocka_unit_test_setup_teardown(a_replaced_file_is_taken_over, make, destroy),
        cmocka_unit_test_setup_teardown(an_unchanged_file_is_not_applied, make, destroy),
        cmocka_unit_test_setup_teardown(the_file_is_read_once_at_a_time, make, destroy),
        cmocka_unit_test_setup_teardown(a_url_is_asked_for_an_unknown_key_once_a_minute, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(a_url_is_asked_again_in_its_turn, make, destroy),
        cmocka_unit_test_setup_teardown(bad_configurations_are_named, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
