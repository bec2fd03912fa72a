/* accounts_fixture - see the header. */
#include "accounts_fixture.h"
#include "crew.h"
#include "header_of.h"
#include "json_text.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/text.h"

/* Hashing as cheap as it gets. */
void configure(muster_self *auth) {
    assert_true(testkit_config_set(auth, "hashMemoryKib", "8"));
    assert_true(testkit_config_set(auth, "hashOperations", "1"));
    assert_true(testkit_config_set(auth, "adminUsers", "Root"));
}

void add_plugins(struct fixture *fixture) {
    fixture->kit = testkit_create();
    testkit_data_dir_set(fixture->kit, fixture->dir);
    testkit_unix_set(fixture->kit, START_MS);
    fixture->db = testkit_load(fixture->kit, PLUGIN_DIR "/db_sqlite.so");
    fixture->auth = testkit_load(fixture->kit, PLUGIN_DIR "/auth_local.so");
    if (!fixture->db || !fixture->auth) fail_msg("%s", testkit_error(fixture->kit));
    configure(fixture->auth);
}

void start_plugins(struct fixture *fixture) {
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    assert_true(crew_wait(fixture->kit));
}

void stop_plugins(struct fixture *fixture) {
    assert_int_equal(testkit_stop(fixture->auth), 0);
    assert_int_equal(testkit_stop(fixture->db), 0);
    assert_int_equal(testkit_faults(fixture->kit), 0);
    testkit_destroy(fixture->kit);
}

int make(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_not_equal(sodium_init(), -1);
    assert_int_equal(text_init(), MUSTER_OK); /* ICU stays when the plugin goes, as in the daemon */
    text_deinit();
    assert_true(temp_dir_make(fixture->dir));
    add_plugins(fixture);
    *state = fixture;
    return 0;
}

int start(void **state) {
    make(state);
    start_plugins(*state);
    return 0;
}

int remove_dir(void **state) {
    struct fixture *fixture = *state;
    assert_true(temp_dir_remove(fixture->dir));
    free(fixture);
    return 0;
}

int stop(void **state) {
    stop_plugins(*state);
    return remove_dir(state);
}

void set_clock(struct fixture *fixture, int64_t after_s) {
    testkit_unix_set(fixture->kit, START_MS + after_s * 1000);
}

static struct tokens read_tokens(const struct testkit_response *response) {
    struct tokens tokens = {.status = response->status};
    size_t i;
    json_t *item;
    json_t *body = json_loads(response->body_len ? response->body : "{}", 0, NULL);
    assert_non_null(body);
    snprintf(tokens.code, sizeof tokens.code, "%s", json_text(body, "code"));
    snprintf(tokens.player, sizeof tokens.player, "%s", json_text(body, "playerId"));
    snprintf(tokens.name, sizeof tokens.name, "%s", json_text(body, "displayName"));
    snprintf(tokens.refresh, sizeof tokens.refresh, "%s", json_text(body, "refreshToken"));
    snprintf(tokens.access, sizeof tokens.access, "%s", json_text(body, "accessToken"));
    json_array_foreach(json_object_get(body, "permissions"), i, item) {
        strcat(tokens.permissions, json_string_value(item));
        strcat(tokens.permissions, ";");
    }
    json_decref(body);
    return tokens;
}

struct tokens post_from(struct fixture *fixture, const char *path, const char *body,
                        const char *address, const char *agent) {
    struct muster_http_request request = {
        .method = "POST", .path = path, .address = address, .body = {body, strlen(body)}};
    const struct muster_http_header from = {"user-agent", agent};
    struct testkit_response response = testkit_http_send(fixture->kit, request, &from, 1);
    if (response.status < 300)
        assert_string_equal(header_of(response.headers, "cache-control"), "no-store");
    return read_tokens(&response);
}

struct tokens post(struct fixture *fixture, const char *path, const char *body) {
    return post_from(fixture, path, body, "203.0.113.5", "client/1");
}

struct tokens refresh_as(struct fixture *fixture, const char *path, const char *token,
                         const char *agent) {
    char body[128];
    snprintf(body, sizeof body, "{\"refreshToken\":\"%s\"}", token);
    return post_from(fixture, path, body, "203.0.113.5", agent);
}

struct tokens refresh(struct fixture *fixture, const char *token) {
    return refresh_as(fixture, "/v1/auth/refresh", token, "client/1");
}

void assert_problem(const struct tokens *tokens, uint32_t status, const char *code) {
    if (tokens->status != status || strcmp(tokens->code, code) != 0)
        fail_msg("expected %u %s, found %u %s", status, code, tokens->status, tokens->code);
    assert_string_equal(tokens->access, "");
}
