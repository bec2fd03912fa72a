/* kv_memory - role kv in the memory of this node: what other plugins keep by key for a while, and
 * what they tell each other. Gone with the process, and with a reload. A fleet takes another
 * provider; who uses the role does not notice. Answers within the call. */
#include <errno.h>
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

#define SWEEP_MS 1000
#define SWEEP_KEYS 10000 /* looked at each time */
#define NUMBER_BYTES 24

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_INT("memoryMaxMib", 32, 1, 65536, MUSTER_UNIT("MiB"),
                                MUSTER_LABEL("Memory for values"),
                                MUSTER_HELP("Further ones are refused until some have ended.")));

struct memory {
    muster_self *self;
    const struct muster_host *host;
    struct keys *keys;
    muster_timer_id sweep;
    uint32_t metric_refused;
    bool has_told; /* that it is full */
};

static uint64_t now_ms(const struct memory *memory) {
    return memory->host->loop->now_ms(memory->self);
}

static uint64_t end_of(const struct memory *memory, const struct muster_kv_request *request) {
    return request->expires_ms ? now_ms(memory) + request->expires_ms : 0;
}

/* ---- what requests do ------------------------------------------------------------------------ */

static muster_status get(struct memory *memory, const struct muster_kv_request *request,
                         struct muster_kv_answer *answer) {
    bool is_there = keys_get(memory->keys, request->key, now_ms(memory), &answer->value);
    return is_there ? MUSTER_OK : MUSTER_NOT_FOUND;
}

static bool condition_holds(const struct muster_kv_request *request, bool is_there,
                            struct muster_bytes value) {
    if (request->condition == MUSTER_KV_ALWAYS) return true;
    if (request->condition == MUSTER_KV_IF_ABSENT) return !is_there;
    return is_there && value.len == request->expected.len &&
           (value.len == 0 || memcmp(value.data, request->expected.data, value.len) == 0);
}

static muster_status set(struct memory *memory, const struct muster_kv_request *request,
                         struct muster_kv_answer *answer) {
    struct muster_bytes value = {NULL, 0};
    bool is_there = keys_get(memory->keys, request->key, now_ms(memory), &value);
    (void)answer;
    if (!condition_holds(request, is_there, value)) return MUSTER_CONFLICT;
    return keys_set(memory->keys, request->key, request->value, end_of(memory, request),
                    now_ms(memory));
}

static muster_status take_away(struct memory *memory, const struct muster_kv_request *request,
                               struct muster_kv_answer *answer) {
    struct muster_bytes value;
    (void)answer;
    if (!keys_get(memory->keys, request->key, now_ms(memory), &value)) return MUSTER_NOT_FOUND;
    if (!condition_holds(request, true, value)) return MUSTER_CONFLICT;
    keys_remove(memory->keys, request->key);
    return MUSTER_OK;
}

static bool read_number(struct muster_bytes value, int64_t *out) {
    char text[NUMBER_BYTES], *end;
    if (value.len == 0 || value.len >= sizeof text) return false;
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    if (text[strspn(text, "-0123456789")]) return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static muster_status increase(struct memory *memory, const struct muster_kv_request *request,
                              struct muster_kv_answer *answer) {
    struct muster_bytes value;
    char text[NUMBER_BYTES];
    int64_t number = 0;
    bool is_there = keys_get(memory->keys, request->key, now_ms(memory), &value);
    if (is_there && !read_number(value, &number)) return MUSTER_INVALID;
    if (__builtin_add_overflow(number, request->by, &number)) return MUSTER_INVALID;
    answer->number = number;
    value.data = text;
    value.len = (uint64_t)snprintf(text, sizeof text, "%lld", (long long)number);
    if (is_there) return keys_replace(memory->keys, request->key, value, now_ms(memory));
    return keys_set(memory->keys, request->key, value, end_of(memory, request), now_ms(memory));
}

static muster_status publish(struct memory *memory, const struct muster_kv_request *request,
                             struct muster_kv_answer *answer) {
    (void)answer;
    return memory->host->kv->deliver(memory->self, request->key, request->value);
}

/* ---- the role -------------------------------------------------------------------------------- */

static void tell_refused(struct memory *memory) {
    memory->host->metrics->increase(memory->self, memory->metric_refused, 1);
    if (memory->has_told) return;
    memory->has_told = true;
    memory->host->log->write(memory->self, MUSTER_LOG_WARN,
                             "memoryMaxMib is used up: further values are refused");
}

static muster_status submit(void *instance, muster_kv_ticket_id ticket,
                            const struct muster_kv_request *request) {
    static muster_status (*const verbs[])(struct memory * memory,
                                          const struct muster_kv_request *request,
                                          struct muster_kv_answer *answer) = {
        [MUSTER_KV_GET] = get,          [MUSTER_KV_SET] = set,
        [MUSTER_KV_REMOVE] = take_away, [MUSTER_KV_INCREASE] = increase,
        [MUSTER_KV_PUBLISH] = publish,
    };
    struct memory *memory = instance;
    struct muster_kv_answer answer = {.size = sizeof answer};
    if (request->kind >= sizeof verbs / sizeof verbs[0] || !verbs[request->kind])
        return MUSTER_UNSUPPORTED;
    muster_status status = verbs[request->kind](memory, request, &answer);
    if (status == MUSTER_LIMIT) tell_refused(memory);
    return memory->host->kv->complete(memory->self, ticket, status,
                                      status == MUSTER_OK ? &answer : NULL);
}

/* The host knows who listens, and hears of every message. */
static muster_status subscribe(void *instance, const char *channel) {
    (void)instance, (void)channel;
    return MUSTER_OK;
}

static void unsubscribe(void *instance, const char *channel) {
    (void)instance, (void)channel;
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

static void sweep(void *user) {
    struct memory *memory = user;
    keys_sweep(memory->keys, SWEEP_KEYS, now_ms(memory));
}

static void plugin_fini(void *instance) {
    struct memory *memory = instance;
    keys_destroy(memory->keys);
    free(memory);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct memory *memory = calloc(1, sizeof *memory);
    if (!memory) return MUSTER_NO_MEMORY;
    memory->self = self;
    memory->host = host;
    memory->keys = keys_create((uint64_t)host->config->integer(self, "memoryMaxMib") << 20);
    *instance = memory;
    if (memory->keys) return MUSTER_OK;
    plugin_fini(memory);
    return MUSTER_NO_MEMORY;
}

static muster_status plugin_start(void *instance) {
    struct memory *memory = instance;
    (void)memory->host->metrics->add(memory->self, MUSTER_METRIC_COUNTER, "muster_kv_refused_total",
                                     "Values that found no room in kv_memory.",
                                     &memory->metric_refused);
    return memory->host->loop->timer_start(memory->self, SWEEP_MS, SWEEP_MS, sweep, memory,
                                           &memory->sweep);
}

static void plugin_stop(void *instance) {
    struct memory *memory = instance;
    (void)memory->host->loop->timer_stop(memory->self, memory->sweep);
}

static const struct muster_kv kv = {
    .size = sizeof kv, .submit = submit, .subscribe = subscribe, .unsubscribe = unsubscribe};
static const struct muster_role roles[] = {{MUSTER_ROLE_KV, 0, &kv}};

MUSTER_PLUGIN(.name = "kv_memory", .version = "1.0.0",
              .description = "Values by key and messages, in the memory of this node.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .start = plugin_start, .stop = plugin_stop, .fini = plugin_fini);
