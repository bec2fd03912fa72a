/* auth_local on db_sqlite through the testkit: every route with good and hostile input, refresh
 * tokens, keys, and the auth role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <jansson.h>
#include <muster_testkit.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS 1800000000000
#define WAIT_MS 20000u
#define ADA "{\"username\":\"Ada\",\"password\":\"correct horse\"}"

struct fixture {
    struct testkit *kit;
    muster_self *db;
    muster_self *auth;
    char dir[64];
};

/* The fields of an AuthToken that tests look at. */
struct tokens {
    uint32_t status;
    char code[64];
    char player[64];
    char name[64];
    char refresh[64];
    char access[4200];
    char permissions[128];
};

/* ---- fixture --------------------------------------------------------------------------------- */

static void add_plugins(struct fixture *fixture) {
    fixture->kit = testkit_create();
    testkit_data_dir_set(fixture->kit, fixture->dir);
    testkit_unix_set(fixture->kit, START_MS);
    fixture->db = testkit_load(fixture->kit, TEST_PLUGIN_DIR "/db_sqlite.so");
    fixture->auth = testkit_load(fixture->kit, TEST_PLUGIN_DIR "/auth_local.so");
    if (!fixture->db || !fixture->auth) fail_msg("%s", testkit_error(fixture->kit));
    assert_true(testkit_config_set(fixture->auth, "hashMemoryKib", "8"));
    assert_true(testkit_config_set(fixture->auth, "hashOperations", "1"));
    assert_true(testkit_config_set(fixture->auth, "adminUsers", "Root"));
    testkit_db_use(fixture->kit, fixture->db);
}

static bool nothing_open(void *user) {
    return testkit_tickets(user) == 0;
}

static void start_plugins(struct fixture *fixture) {
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_int_equal(testkit_start(fixture->auth), MUSTER_OK);
    assert_true(testkit_wait(fixture->kit, nothing_open, fixture->kit, WAIT_MS));
}

static void stop_plugins(struct fixture *fixture) {
    assert_int_equal(testkit_stop(fixture->auth), 0);
    assert_int_equal(testkit_stop(fixture->db), 0);
    assert_int_equal(testkit_faults(fixture->kit), 0);
    testkit_destroy(fixture->kit);
}

static int make(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_not_equal(sodium_init(), -1);
    strcpy(fixture->dir, "/tmp/muster-auth-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    add_plugins(fixture);
    *state = fixture;
    return 0;
}

static int start(void **state) {
    make(state);
    start_plugins(*state);
    return 0;
}

static void remove_all(const char *dir) {
    struct dirent *item;
    DIR *handle = opendir(dir);
    while (handle && (item = readdir(handle)) != NULL) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", dir, item->d_name);
        if (item->d_name[0] == '.') continue;
        if (item->d_type == DT_DIR)
            remove_all(path);
        else
            unlink(path);
    }
    if (handle) closedir(handle);
    rmdir(dir);
}

static int remove_dir(void **state) {
    struct fixture *fixture = *state;
    remove_all(fixture->dir);
    free(fixture);
    return 0;
}

static int stop(void **state) {
    stop_plugins(*state);
    return remove_dir(state);
}

static void set_clock(struct fixture *fixture, int64_t after_s) {
    testkit_unix_set(fixture->kit, START_MS + after_s * 1000);
}

static void copy_text(const json_t *body, const char *key, char *out, size_t cap) {
    const char *text = json_string_value(json_object_get(body, key));
    snprintf(out, cap, "%s", text ? text : "");
}

static struct tokens read_tokens(const struct testkit_response *response) {
    struct tokens tokens = {.status = response->status};
    size_t i;
    json_t *item;
    json_t *body = json_loads(response->body_len ? response->body : "{}", 0, NULL);
    assert_non_null(body);
    copy_text(body, "code", tokens.code, sizeof tokens.code);
    copy_text(body, "playerId", tokens.player, sizeof tokens.player);
    copy_text(body, "displayName", tokens.name, sizeof tokens.name);
    copy_text(body, "refreshToken", tokens.refresh, sizeof tokens.refresh);
    copy_text(body, "accessToken", tokens.access, sizeof tokens.access);
    json_array_foreach(json_object_get(body, "permissions"), i, item) {
        strcat(tokens.permissions, json_string_value(item));
        strcat(tokens.permissions, ";");
    }
    json_decref(body);
    return tokens;
}

static struct tokens post_from(struct fixture *fixture, const char *path, const char *body,
                               const char *address, const char *agent) {
    struct muster_http_request request = {.method = "POST",
                                          .path = path,
                                          .address = address,
                                          .user_agent = agent,
                                          .body = {body, strlen(body)}};
    struct testkit_response response = testkit_http_send(fixture->kit, request);
    if (response.status < 300) assert_non_null(strstr(response.headers, "cache-control: no-store"));
    return read_tokens(&response);
}

static struct tokens post(struct fixture *fixture, const char *path, const char *body) {
    return post_from(fixture, path, body, "203.0.113.5", "client/1");
}

static struct tokens refresh_as(struct fixture *fixture, const char *path, const char *token,
                                const char *agent) {
    char body[128];
    snprintf(body, sizeof body, "{\"refreshToken\":\"%s\"}", token);
    return post_from(fixture, path, body, "203.0.113.5", agent);
}

static struct tokens refresh(struct fixture *fixture, const char *token) {
    return refresh_as(fixture, "/v1/auth/refresh", token, "client/1");
}

static void assert_problem(const struct tokens *tokens, uint32_t status, const char *code) {
    if (tokens->status != status || strcmp(tokens->code, code) != 0)
        fail_msg("expected %u %s, found %u %s", status, code, tokens->status, tokens->code);
    assert_string_equal(tokens->access, "");
}

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

static void admins_are_named_and_local(void **state) {
    struct fixture *fixture = *state;
    static const char body[] = "{\"username\":\"ROOT\",\"password\":\"correct horse\"}";
    struct tokens stranger = post(fixture, "/v1/auth/register", body);
    assert_problem(&stranger, 409, "username_taken");
    struct tokens root = post_from(fixture, "/v1/auth/register", body, "127.0.0.1", "x");
    assert_int_equal(root.status, 201);
    assert_string_equal(root.permissions, "admin;");
    assert_string_equal(post(fixture, "/v1/auth/login", body).permissions, "admin;");
    assert_string_equal(refresh_as(fixture, "/v1/auth/refresh", root.refresh, "x").permissions,
                        "admin;");
    /* the bearer of the name only, not of a display name */
    struct tokens guest = post(fixture, "/v1/auth/guest", "{\"displayName\":\"Root\"}");
    assert_string_equal(guest.permissions, "");
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
    set_clock(fixture, 29);
    struct tokens again = refresh(fixture, first.refresh);
    assert_int_equal(again.status, 200);
    assert_string_not_equal(again.refresh, lost.refresh);
    assert_int_equal(refresh(fixture, again.refresh).status, 200);
}

static void late_reuse_ends_the_family(void **state) {
    struct fixture *fixture = *state;
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    struct tokens other = post(fixture, "/v1/auth/guest", "");
    struct tokens second = refresh(fixture, first.refresh);
    assert_int_equal(second.status, 200);
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
    set_clock(fixture, 30 * 86400 + 60);
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
}

/* ---- the role -------------------------------------------------------------------------------- */

static void tokens_are_remembered_and_expire(void **state) {
    struct fixture *fixture = *state;
    struct tokens guest = post(fixture, "/v1/auth/guest", "");
    struct muster_identity id = {.size = sizeof id};
    const struct muster_auth *role = testkit_role(fixture->auth, MUSTER_ROLE_AUTH);
    assert_int_equal(testkit_authenticate(fixture->auth, guest.access, &id), MUSTER_ACCEPT);
    /* now at once: no ticket is needed */
    struct muster_auth_request request = {
        .size = sizeof request, .token = guest.access, .address = "::1"};
    struct muster_identity again = {.size = sizeof again};
    assert_int_equal(role->authenticate(testkit_instance(fixture->auth), &request, &again),
                     MUSTER_ACCEPT);
    assert_string_equal(again.player_key, guest.player);
    /* a smaller struct of an older host is filled no further than its size */
    struct muster_identity small;
    memset(&small, 0x5A, sizeof small);
    small.size = offsetof(struct muster_identity, region);
    assert_int_equal(role->authenticate(testkit_instance(fixture->auth), &request, &small),
                     MUSTER_ACCEPT);
    assert_int_equal((uint8_t)small.region[0], 0x5A);
    set_clock(fixture, 931);
    assert_int_equal(testkit_authenticate(fixture->auth, guest.access, &id), MUSTER_REJECT);
    assert_string_equal(id.reason, "token has expired");
}

static void foreign_and_forged_tokens(void **state) {
    struct fixture *fixture = *state;
    struct tokens guest = post(fixture, "/v1/auth/guest", "");
    struct muster_identity id = {.size = sizeof id};
    size_t len = strlen(guest.access);
    guest.access[len - 5] = guest.access[len - 5] == 'A' ? 'B' : 'A';
    assert_int_equal(testkit_authenticate(fixture->auth, guest.access, &id), MUSTER_REJECT);
    assert_int_equal(testkit_authenticate(fixture->auth, "", &id), MUSTER_PASS);
    assert_int_equal(testkit_authenticate(fixture->auth, "opaque", &id), MUSTER_PASS);
    /* {"alg":"none"} {"iss":"muster","sub":"x"}: ours by name, by no key of ours */
    assert_int_equal(
        testkit_authenticate(fixture->auth,
                             "eyJhbGciOiJub25lIn0.eyJpc3MiOiJtdXN0ZXIiLCJzdWIiOiJ4In0.AAAA", &id),
        MUSTER_REJECT);
    /* {"iss":"other"} belongs to another plugin */
    assert_int_equal(
        testkit_authenticate(fixture->auth, "eyJhbGciOiJub25lIn0.eyJpc3MiOiJvdGhlciJ9.AAAA", &id),
        MUSTER_PASS);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static size_t jwks_count(struct fixture *fixture) {
    struct testkit_response response =
        testkit_http(fixture->kit, "GET", "/.well-known/jwks.json", NULL);
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.headers, "cache-control: public"));
    assert_null(strstr(response.body, "\"d\""));
    json_t *body = json_loads(response.body, 0, NULL);
    size_t count = json_array_size(json_object_get(body, "keys"));
    json_decref(body);
    return count;
}

static uint32_t count_key_files(const char *dir, uint32_t mode) {
    uint32_t count = 0;
    struct dirent *item;
    DIR *handle = opendir(dir);
    assert_non_null(handle);
    while ((item = readdir(handle)) != NULL) {
        char path[512];
        struct stat info;
        if (item->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", dir, item->d_name);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, mode);
        count++;
    }
    closedir(handle);
    return count;
}

static void keys_are_private_and_kept(void **state) {
    struct fixture *fixture = *state;
    struct stat info;
    char dir[128];
    snprintf(dir, sizeof dir, "%s/keys", fixture->dir);
    assert_int_equal(stat(dir, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(count_key_files(dir, 0600), 1);
    struct tokens guest = post(fixture, "/v1/auth/guest", "");
    stop_plugins(fixture);
    add_plugins(fixture);
    start_plugins(fixture);
    assert_int_equal(count_key_files(dir, 0600), 1);
    struct muster_identity id = {.size = sizeof id};
    assert_int_equal(testkit_authenticate(fixture->auth, guest.access, &id), MUSTER_ACCEPT);
    assert_int_equal(refresh(fixture, guest.refresh).status, 200);
}

static void rotation_overlaps(void **state) {
    struct fixture *fixture = *state;
    char dir[128];
    struct muster_identity id = {.size = sizeof id};
    snprintf(dir, sizeof dir, "%s/keys", fixture->dir);
    struct tokens before = post(fixture, "/v1/auth/guest", "");
    assert_int_equal(jwks_count(fixture), 1);
    assert_non_null(strstr(testkit_command(fixture->kit, "auth-rotate"), "new signing key"));
    assert_int_equal(jwks_count(fixture), 2);
    struct tokens after = post(fixture, "/v1/auth/guest", "");
    assert_int_equal(testkit_authenticate(fixture->auth, before.access, &id), MUSTER_ACCEPT);
    assert_int_equal(testkit_authenticate(fixture->auth, after.access, &id), MUSTER_ACCEPT);
    /* an hour later no token of the old key can be alive */
    testkit_advance(fixture->kit, 3600001);
    assert_int_equal(jwks_count(fixture), 1);
    assert_int_equal(count_key_files(dir, 0600), 1);
    /* and a month later the key has a successor by itself */
    set_clock(fixture, 30 * 86400 + 1);
    testkit_advance(fixture->kit, 3600001);
    assert_int_equal(jwks_count(fixture), 2);
}

static void rotation_is_bounded(void **state) {
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < 15; i++) testkit_command(fixture->kit, "auth-rotate");
    assert_int_equal(jwks_count(fixture), 16);
    assert_non_null(strstr(testkit_command(fixture->kit, "auth-rotate"), "try again later"));
    assert_int_equal(jwks_count(fixture), 16);
}

static void open_key_files_are_refused(void **state) {
    struct fixture *fixture = *state;
    char dir[128];
    start_plugins(fixture);
    stop_plugins(fixture);
    snprintf(dir, sizeof dir, "%s/keys", fixture->dir);
    assert_int_equal(chmod(dir, 0755), 0);
    add_plugins(fixture);
    assert_int_equal(testkit_start(fixture->db), MUSTER_OK);
    assert_int_equal(testkit_start(fixture->auth), MUSTER_DENIED);
    assert_non_null(testkit_log_find(fixture->kit, "no access for others"));
    testkit_destroy(fixture->kit);
}

static void a_database_is_needed(void **state) {
    struct fixture *fixture = *state;
    testkit_db_use(fixture->kit, NULL);
    assert_int_equal(testkit_start(fixture->auth), MUSTER_UNAVAILABLE);
    assert_non_null(testkit_log_find(fixture->kit, "need a database"));
    testkit_destroy(fixture->kit);
}

/* ---- load and stop --------------------------------------------------------------------------- */

/* The register route as the plugin declared it: the plugin is loaded through a copy of its
 * descriptor, whose init looks over the plugin's shoulder. */
static struct {
    muster_status (*init)(muster_self *self, const struct muster_host *host, void **instance);
    struct muster_host host;
    struct muster_host_http http;
    muster_status (*route_add)(muster_self *self, const char *method, const char *path,
                               uint32_t flags, muster_http_fn fn, void *user, muster_route_id *out);
    muster_status (*problem)(muster_self *self, muster_request_id id, uint32_t status,
                             const char *code, const char *detail);
    muster_http_fn register_fn;
    void *register_user;
    uint32_t unavailable; /* requests answered 503 */
} spy;

static muster_status spy_problem(muster_self *self, muster_request_id id, uint32_t status,
                                 const char *code, const char *detail) {
    if (status == 503) spy.unavailable++;
    return spy.problem(self, id, status, code, detail);
}

static muster_status spy_route_add(muster_self *self, const char *method, const char *path,
                                   uint32_t flags, muster_http_fn fn, void *user,
                                   muster_route_id *out) {
    if (strcmp(path, "/v1/auth/register") == 0) {
        spy.register_fn = fn;
        spy.register_user = user;
    }
    return spy.route_add(self, method, path, flags, fn, user, out);
}

static muster_status spy_init(muster_self *self, const struct muster_host *host, void **instance) {
    spy.host = *host;
    spy.http = *host->http;
    spy.route_add = host->http->route_add;
    spy.http.route_add = spy_route_add;
    spy.problem = host->http->problem;
    spy.http.problem = spy_problem;
    spy.unavailable = 0;
    spy.host.http = &spy.http;
    return spy.init(self, &spy.host, instance);
}

static int start_spied(void **state) {
    static struct muster_plugin descriptor;
    make(state);
    struct fixture *fixture = *state;
    void *library = dlopen(TEST_PLUGIN_DIR "/auth_local.so", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    descriptor = *(const struct muster_plugin *)dlsym(library, MUSTER_PLUGIN_SYMBOL);
    spy.init = descriptor.init;
    descriptor.init = spy_init;
    testkit_unload(fixture->auth);
    fixture->auth = testkit_add(fixture->kit, &descriptor);
    assert_non_null(fixture->auth);
    assert_true(testkit_config_set(fixture->auth, "hashMemoryKib", "8"));
    assert_true(testkit_config_set(fixture->auth, "hashOperations", "1"));
    assert_true(testkit_config_set(fixture->auth, "hashRunningMax", "1"));
    assert_true(testkit_config_set(fixture->auth, "hashQueueMax", "2"));
    assert_true(testkit_config_set(fixture->auth, "hashPerAddressMax", "2"));
    start_plugins(fixture);
    return 0;
}

/* A client that goes away before it is answered. */
static void register_and_leave(const char *username, const char *address) {
    char body[128];
    snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"correct horse\"}", username);
    struct muster_http_request request = {.size = sizeof request,
                                          .id = 999999,
                                          .method = "POST",
                                          .path = "/v1/auth/register",
                                          .query = "",
                                          .address = address,
                                          .authorization = "",
                                          .if_none_match = "",
                                          .content_type = "",
                                          .accept_encoding = "",
                                          .user_agent = "",
                                          .body = {body, strlen(body)}};
    spy.register_fn(spy.register_user, &request);
}

static void a_full_hash_queue_says_so(void **state) {
    struct fixture *fixture = *state;
    register_and_leave("one", "192.0.2.1");
    register_and_leave("two", "192.0.2.1");
    struct tokens same =
        post_from(fixture, "/v1/auth/register",
                  "{\"username\":\"abc\",\"password\":\"correct horse\"}", "192.0.2.1", "x");
    assert_problem(&same, 429, "rate_limited");
    register_and_leave("one", "192.0.2.1");
    register_and_leave("two", "192.0.2.1");
    register_and_leave("three", "192.0.2.2");
    struct testkit_response response = testkit_http(fixture->kit, "POST", "/v1/auth/register", ADA);
    assert_int_equal(response.status, 503);
    assert_non_null(strstr(response.body, "\"code\":\"busy\""));
    assert_non_null(strstr(response.headers, "retry-after: "));
    /* those that left were carried out all the same, and the place is free again */
    assert_int_equal(post(fixture, "/v1/auth/register", ADA).status, 201);
    struct tokens there =
        post(fixture, "/v1/auth/login", "{\"username\":\"three\",\"password\":\"correct horse\"}");
    assert_int_equal(there.status, 200);
}

/* Each open request is answered once at stop, none runs on, nothing leaks (the sanitizer build). */
static void stop_ends_what_is_open(void **state) {
    struct fixture *fixture = *state;
    register_and_leave("one", "192.0.2.1");
    register_and_leave("two", "192.0.2.2");
    register_and_leave("three", "192.0.2.3");
    assert_int_equal(testkit_stop(fixture->auth), 0);
    assert_int_equal(spy.unavailable, 3);
    stop_plugins(fixture);
    add_plugins(fixture);
    start_plugins(fixture);
    assert_int_equal(
        post(fixture, "/v1/auth/register", "{\"username\":\"one\",\"password\":\"correct horse\"}")
            .status,
        201);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(register_and_login, start, stop),
        cmocka_unit_test_setup_teardown(wrong_credentials_look_alike, start, stop),
        cmocka_unit_test_setup_teardown(guests_need_nothing, start, stop),
        cmocka_unit_test_setup_teardown(admins_are_named_and_local, start, stop),
        cmocka_unit_test_setup_teardown(doors_can_be_closed, make, stop),
        cmocka_unit_test_setup_teardown(hostile_bodies_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(hostile_values_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(refresh_rotates, start, stop),
        cmocka_unit_test_setup_teardown(a_lost_answer_locks_nobody_out, start, stop),
        cmocka_unit_test_setup_teardown(late_reuse_ends_the_family, start, stop),
        cmocka_unit_test_setup_teardown(reuse_by_another_client_ends_the_family, start, stop),
        cmocka_unit_test_setup_teardown(unknown_and_old_refresh_tokens_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(logout_ends_the_family, start, stop),
        cmocka_unit_test_setup_teardown(tokens_are_remembered_and_expire, start, stop),
        cmocka_unit_test_setup_teardown(foreign_and_forged_tokens, start, stop),
        cmocka_unit_test_setup_teardown(keys_are_private_and_kept, start, stop),
        cmocka_unit_test_setup_teardown(rotation_overlaps, start, stop),
        cmocka_unit_test_setup_teardown(rotation_is_bounded, start, stop),
        cmocka_unit_test_setup_teardown(open_key_files_are_refused, make, remove_dir),
        cmocka_unit_test_setup_teardown(a_database_is_needed, make, remove_dir),
        cmocka_unit_test_setup_teardown(a_full_hash_queue_says_so, start_spied, stop),
        cmocka_unit_test_setup_teardown(stop_ends_what_is_open, start_spied, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
