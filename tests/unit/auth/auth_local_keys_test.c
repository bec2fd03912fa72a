/* auth_local: the auth role, signing keys, a full hash queue, and stopping with open requests. */
#include "accounts_fixture.h"
#include "header_of.h"
#include "json_text.h"

#include <dirent.h>
#include <dlfcn.h>
#include <sodium.h>
#include <sys/stat.h>

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

/* Each has one for tickets beside it. */
static size_t jwks_count(struct fixture *fixture) {
    struct testkit_response response =
        testkit_http(fixture->kit, "GET", "/.well-known/jwks.json", NULL);
    assert_int_equal(response.status, 200);
    assert_non_null(strstr(response.headers, "cache-control: public"));
    assert_null(strstr(response.body, "\"d\""));
    json_t *body = json_loads(response.body, 0, NULL);
    size_t count = json_array_size(json_object_get(body, "keys"));
    json_decref(body);
    assert_int_equal(count % 2, 0);
    return count / 2;
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
    /* two hours later no token and no ticket of the old key can be alive */
    testkit_advance(fixture->kit, 3600001);
    assert_int_equal(jwks_count(fixture), 2);
    testkit_advance(fixture->kit, 3600001);
    assert_int_equal(jwks_count(fixture), 1);
    assert_int_equal(count_key_files(dir, 0600), 1);
    /* and a month later the key has a successor by itself */
    set_clock(fixture, 30 * 86400 + 1);
    testkit_advance(fixture->kit, 3600001);
    assert_int_equal(jwks_count(fixture), 2);
}

/* A key's time runs from its successor on, not from when it was made. */
static void an_old_key_vouches_on(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id = {.size = sizeof id};
    set_clock(fixture, 20 * 86400);
    struct tokens before = post(fixture, "/v1/auth/guest", "");
    for (uint32_t keys = 2; keys < 4; keys++) {
        assert_non_null(strstr(testkit_command(fixture->kit, "auth-rotate"), "new signing key"));
        assert_int_equal(jwks_count(fixture), keys);
        assert_int_equal(testkit_authenticate(fixture->auth, before.access, &id), MUSTER_ACCEPT);
    }
    for (uint32_t hours = 0; hours < 2; hours++) testkit_advance(fixture->kit, 3600001);
    assert_int_equal(jwks_count(fixture), 1);
}

/* The kid in a token's header. */
static void read_kid(const char *token, char *out, size_t cap) {
    char header[256] = "";
    size_t len = 0;
    assert_int_equal(sodium_base642bin((uint8_t *)header, sizeof header - 1, token,
                                       strcspn(token, "."), NULL, &len, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    json_t *root = json_loads(header, 0, NULL);
    snprintf(out, cap, "%s", json_text(root, "kid"));
    json_decref(root);
}

/* The newest key signs, in whatever second it was made, and wherever the clock was set. */
static void the_newest_key_signs(void **state) {
    struct fixture *fixture = *state;
    char kid[64], before[64] = "";
    static const int64_t clocks[] = {0, 0, -5000, -5000, 10};
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        set_clock(fixture, clocks[i]);
        const char *answer = testkit_command(fixture->kit, "auth-rotate");
        read_kid(post(fixture, "/v1/auth/guest", "").access, kid, sizeof kid);
        assert_string_not_equal(kid, before);
        if (!strstr(answer, kid)) fail_msg("%s signs, \"%s\" was made", kid, answer);
        memcpy(before, kid, sizeof before);
    }
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
    assert_int_equal(testkit_start(fixture->auth), MUSTER_UNAVAILABLE);
    assert_non_null(testkit_log_find(fixture->kit, "need a database"));
    testkit_destroy(fixture->kit);
}

/* ---- load and stop --------------------------------------------------------------------------- */

/* The routes as the plugin declared them: the plugin is loaded through a copy of its
 * descriptor, whose init looks over the plugin's shoulder. */
static struct {
    muster_status (*init)(muster_self *self, const struct muster_host *host, void **instance);
    struct muster_host host;
    struct muster_host_http http;
    muster_status (*route_add)(muster_self *self, const struct muster_route *route,
                               muster_http_fn fn, void *user, muster_route_id *out);
    const char *(*header)(muster_self *self, muster_request_id id, const char *name);
    muster_status (*problem)(muster_self *self, muster_request_id id, uint32_t status,
                             const char *code, const char *detail);
    muster_http_fn register_fn;
    muster_http_fn refresh_fn;
    void *route_user;
    const char *agent;    /* the client that goes away */
    uint32_t unavailable; /* requests answered 503 */
} spy;

static muster_status spy_problem(muster_self *self, muster_request_id id, uint32_t status,
                                 const char *code, const char *detail) {
    if (status == 503) spy.unavailable++;
    return spy.problem(self, id, status, code, detail);
}

static muster_status spy_route_add(muster_self *self, const struct muster_route *route,
                                   muster_http_fn fn, void *user, muster_route_id *out) {
    spy.route_user = user;
    if (strcmp(route->path, "/v1/auth/register") == 0) spy.register_fn = fn;
    if (strcmp(route->path, "/v1/auth/refresh") == 0) spy.refresh_fn = fn;
    return spy.route_add(self, route, fn, user, out);
}

#define NOBODYS_REQUEST 999999u

static const char *spy_header(muster_self *self, muster_request_id id, const char *name) {
    return id.value == NOBODYS_REQUEST ? spy.agent : spy.header(self, id, name);
}

static muster_status spy_init(muster_self *self, const struct muster_host *host, void **instance) {
    spy.host = *host;
    spy.http = *host->http;
    spy.route_add = host->http->route_add;
    spy.http.route_add = spy_route_add;
    spy.header = host->http->header;
    spy.http.header = spy_header;
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
    void *library = dlopen(PLUGIN_DIR "/auth_local.so", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    descriptor = *(const struct muster_plugin *)dlsym(library, MUSTER_PLUGIN_SYMBOL);
    spy.init = descriptor.init;
    descriptor.init = spy_init;
    testkit_unload(fixture->auth);
    fixture->auth = testkit_add(fixture->kit, &descriptor);
    assert_non_null(fixture->auth);
    configure(fixture->auth);
    assert_true(testkit_config_set(fixture->auth, "hashRunningMax", "1"));
    assert_true(testkit_config_set(fixture->auth, "hashQueueMax", "2"));
    assert_true(testkit_config_set(fixture->auth, "hashPerAddressMax", "2"));
    start_plugins(fixture);
    return 0;
}

/* A client that goes away before it is answered. */
static void call_and_leave(muster_http_fn fn, const char *body, const char *address,
                           const char *agent) {
    struct muster_http_request request = {.size = sizeof request,
                                          .id = {NOBODYS_REQUEST},
                                          .method = "POST",
                                          .path = "",
                                          .query = "",
                                          .address = address,
                                          .body = {body, strlen(body)}};
    spy.agent = agent;
    fn(spy.route_user, &request);
}

static void register_and_leave(const char *username, const char *address) {
    char body[128];
    snprintf(body, sizeof body, "{\"username\":\"%s\",\"password\":\"correct horse\"}", username);
    call_and_leave(spy.register_fn, body, address, "client/1");
}

/* Three at the same moment all see an unused token; one wins, the others are its lost answers. */
static void racing_refreshes_lock_nobody_out(void **state) {
    struct fixture *fixture = *state;
    char body[128];
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    snprintf(body, sizeof body, "{\"refreshToken\":\"%s\"}", first.refresh);
    call_and_leave(spy.refresh_fn, body, "203.0.113.5", "client/1");
    call_and_leave(spy.refresh_fn, body, "198.51.100.9", "client/1");
    struct tokens second = refresh(fixture, first.refresh);
    assert_int_equal(second.status, 200);
    assert_int_equal(refresh(fixture, second.refresh).status, 200);
}

/* The same race of two clients is a theft: whoever comes second ends it for both. */
static void a_racing_thief_ends_the_family(void **state) {
    struct fixture *fixture = *state;
    char body[128];
    struct tokens first = post(fixture, "/v1/auth/guest", "");
    snprintf(body, sizeof body, "{\"refreshToken\":\"%s\"}", first.refresh);
    call_and_leave(spy.refresh_fn, body, "203.0.113.5", "thief/1");
    struct tokens second = refresh(fixture, first.refresh);
    assert_problem(&second, 401, "token_reused");
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
    assert_string_not_equal(header_of(response.headers, "retry-after"), "");
    testkit_pump(fixture->kit);
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
        cmocka_unit_test_setup_teardown(tokens_are_remembered_and_expire, start, stop),
        cmocka_unit_test_setup_teardown(foreign_and_forged_tokens, start, stop),
        cmocka_unit_test_setup_teardown(keys_are_private_and_kept, start, stop),
        cmocka_unit_test_setup_teardown(rotation_overlaps, start, stop),
        cmocka_unit_test_setup_teardown(an_old_key_vouches_on, start, stop),
        cmocka_unit_test_setup_teardown(the_newest_key_signs, start, stop),
        cmocka_unit_test_setup_teardown(rotation_is_bounded, start, stop),
        cmocka_unit_test_setup_teardown(open_key_files_are_refused, make, remove_dir),
        cmocka_unit_test_setup_teardown(a_database_is_needed, make, remove_dir),
        cmocka_unit_test_setup_teardown(racing_refreshes_lock_nobody_out, start_spied, stop),
        cmocka_unit_test_setup_teardown(a_racing_thief_ends_the_family, start_spied, stop),
        cmocka_unit_test_setup_teardown(a_full_hash_queue_says_so, start_spied, stop),
        cmocka_unit_test_setup_teardown(stop_ends_what_is_open, start_spied, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
