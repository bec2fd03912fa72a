/* zoo - a plugin that is wrong in one way: each ZOO_... definition on the command line breaks one
 * thing, see tests/contract/abi/CMakeLists.txt. What each is refused with stands in zoo_test.c.
 */
#include <muster/plugin.h>
#include <stdlib.h>

#ifndef ZOO_MAGIC
#define ZOO_MAGIC MUSTER_PLUGIN_MAGIC
#endif
#ifndef ZOO_MAJOR
#define ZOO_MAJOR MUSTER_ABI_MAJOR
#endif
#ifndef ZOO_MINOR
#define ZOO_MINOR MUSTER_ABI_MINOR
#endif
#ifndef ZOO_SIZE
#define ZOO_SIZE sizeof(struct muster_plugin)
#endif
#ifndef ZOO_FLAGS
#define ZOO_FLAGS 0
#endif
#ifndef ZOO_VERSION
#define ZOO_VERSION "1.0.0"
#endif
#ifndef ZOO_SCHEMA
#define ZOO_SCHEMA NULL
#endif
#ifndef ZOO_KIND
#define ZOO_KIND MUSTER_ROLE_AUTH
#endif
#ifndef ZOO_VTABLE
#define ZOO_VTABLE &auth
#endif
#ifndef ZOO_VTABLE_SIZE
#define ZOO_VTABLE_SIZE sizeof auth
#endif
#ifndef ZOO_FUNCTION
#define ZOO_FUNCTION zoo_authenticate
#endif
#ifndef ZOO_ROLE_COUNT
#define ZOO_ROLE_COUNT 1
#endif
#ifndef ZOO_INIT
#define ZOO_INIT MUSTER_OK
#endif
#ifndef ZOO_START
#define ZOO_START MUSTER_OK
#endif
#ifndef ZOO_CHECK
#define ZOO_CHECK ""
#endif

static muster_status zoo_init(muster_self *self, const struct muster_host *host, void **instance) {
    (void)self;
    (void)host;
    *instance = NULL;
    return ZOO_INIT;
}

static muster_status zoo_start(void *instance) {
    (void)instance;
    return ZOO_START;
}

static muster_status zoo_check(void *instance, struct muster_writer *mistakes) {
    (void)instance;
    muster_put_bytes(mistakes, ZOO_CHECK, sizeof ZOO_CHECK - 1);
    return sizeof ZOO_CHECK > 1 ? MUSTER_INVALID : MUSTER_OK;
}

__attribute__((unused)) static muster_verdict
zoo_authenticate(void *instance, const struct muster_auth_request *request,
                 struct muster_identity *out) {
    (void)instance;
    (void)request;
    (void)out;
    return MUSTER_PASS;
}

__attribute__((unused)) static void zoo_save(void *instance, void *state,
                                             struct muster_writer *out) {
    (void)instance;
    (void)state;
    (void)out;
}

__attribute__((unused)) static const struct muster_auth auth = {.size = ZOO_VTABLE_SIZE,
                                                                .authenticate = ZOO_FUNCTION};
__attribute__((unused)) static const struct muster_rules half_rules = {.size = sizeof half_rules,
                                                                       .save = zoo_save};

static const struct muster_role roles[] = {
    {.kind = ZOO_KIND, .vtable = ZOO_VTABLE},
    {.kind = ZOO_KIND, .vtable = ZOO_VTABLE},
};

#ifdef ZOO_CONSTRUCTOR
/* Ends the process: the test would see it if the host let it run. */
__attribute__((constructor)) static void zoo_constructor(void) {
    abort();
}
#endif

#ifdef ZOO_INIT_FUNCTION
void zoo_early(void); /* the linker is told to make it DT_INIT */
void zoo_early(void) {
    abort();
}
#endif

#ifdef ZOO_INIT_SECTION
void _init(void); /* DT_INIT by its name, where crti.o brings none */
__attribute__((section(".init"))) void _init(void) {
    abort();
}
#endif

#ifdef ZOO_IFUNC
/* The loader calls the resolver to know which function it is. */
__attribute__((used)) static void (*zoo_resolve(void))(void) {
    abort();
}
ZOO_IFUNC void zoo_chosen(void) __attribute__((ifunc("zoo_resolve")));
__attribute__((used)) static void (*const zoo_uses_it)(void) = zoo_chosen;
#endif

#ifdef ZOO_UNDEFINED
extern int zoo_function_that_nobody_has(void);
__attribute__((used)) static int zoo_call(void) {
    return zoo_function_that_nobody_has();
}
#endif

#ifndef ZOO_NO_DESCRIPTOR
extern MUSTER_EXPORT const struct muster_plugin muster_plugin_descriptor;
const struct muster_plugin muster_plugin_descriptor = {
    .magic = ZOO_MAGIC,
    .abi_major = ZOO_MAJOR,
    .abi_minor = ZOO_MINOR,
    .size = ZOO_SIZE,
    .flags = ZOO_FLAGS,
    .name = ZOO_NAME,
    .version = ZOO_VERSION,
    .description = "Wrong in one way.",
    .roles = roles,
    .role_count = ZOO_ROLE_COUNT,
    .config_schema = ZOO_SCHEMA,
    .init = zoo_init,
    .start = zoo_start,
    .check = zoo_check,
};
#else
__attribute__((used)) static const void *const kept[] = {roles, zoo_init, zoo_start, zoo_check,
                                                         ZOO_NAME};
#endif
