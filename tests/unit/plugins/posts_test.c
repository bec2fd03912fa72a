/* Posts of a thread that goes on through the stop of its plugin: each that was taken is run, before
 * fini, and each that comes after is refused, so that what goes with it is freed once. */
#include "counted.h"
#include "test.h"

#include <muster_testkit.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct poster {
    muster_self *self;
    const struct muster_host *host;
    pthread_t thread;
    atomic_bool is_over;
    struct counted taken, refused;
    uint32_t ran;
} poster;

static void on_post(void *user) {
    assert_ptr_equal(*(struct poster **)user, &poster);
    free(user);
    poster.ran++;
}

static void *post_on_and_on(void *unused) {
    while (!atomic_load(&poster.is_over)) {
        struct poster **user = malloc(sizeof *user);
        *user = &poster;
        muster_status status = poster.host->loop->post(poster.self, on_post, user);
        if (status == MUSTER_OK) {
            counted_add(&poster.taken);
            continue;
        }
        free(user);
        if (status == MUSTER_CLOSED) counted_add(&poster.refused);
    }
    return unused;
}

static muster_status on_init(muster_self *self, const struct muster_host *host, void **instance) {
    poster.self = self;
    poster.host = host;
    *instance = &poster;
    return MUSTER_OK;
}

/* The loop does not turn meanwhile: these wait when it returns, and others come. */
static void on_stop(void *instance) {
    (void)instance;
    assert_int_equal(pthread_create(&poster.thread, NULL, post_on_and_on, NULL), 0);
    assert_true(counted_wait(&poster.taken, 100));
}

static void on_fini(void *instance) {
    (void)instance;
    assert_true(counted_wait(&poster.refused, 1));
    atomic_store(&poster.is_over, true);
    pthread_join(poster.thread, NULL);
    assert_int_equal(poster.ran, counted_get(&poster.taken));
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};
static const struct muster_plugin descriptor = {.magic = MUSTER_PLUGIN_MAGIC,
                                                .abi_major = MUSTER_ABI_MAJOR,
                                                .abi_minor = MUSTER_ABI_MINOR,
                                                .size = sizeof descriptor,
                                                .name = "poster",
                                                .version = "1.0.0",
                                                .description = "posts",
                                                .roles = roles,
                                                .role_count = 1,
                                                .init = on_init,
                                                .stop = on_stop,
                                                .fini = on_fini};

static void what_was_taken_runs_before_fini(void **state) {
    (void)state;
    poster = (struct poster){.taken = COUNTED, .refused = COUNTED};
    struct testkit *kit = testkit_create();
    muster_self *plugin = testkit_add(kit, &descriptor);
    assert_non_null(plugin);
    assert_int_equal(testkit_start(plugin), MUSTER_OK);
    assert_int_equal(poster.ran, 0);
    testkit_unload(plugin);
    assert_int_equal(testkit_faults(kit), 0);
    testkit_destroy(kit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_runs_before_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
