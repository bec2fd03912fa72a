/* kv_table - the shape of a key-value plugin, over a short list that is gone with the process.
 *
 * What a driver of a real store has to keep is here: each request is one step, what has ended is
 * not there, the room is bounded, and messages are handed over in the order of their publishing.
 */
#include <errno.h>
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 256

struct entry {
    char key[MUSTER_KV_KEY_MAX];
    uint64_t ends_ms; /* 0: never */
    uint64_t len;
    char *value; /* owned; null: the place is free */
};

struct table {
    muster_self *self;
    const struct muster_host *host;
    struct entry entries[ENTRIES_MAX];
};

static void entry_free(struct entry *entry) {
    free(entry->value);
    *entry = (struct entry){.value = NULL};
}

/* Null: there is none. *place: where one could be; null: no room. What has ended goes. */
static struct entry *find(struct table *table, const char *key, struct entry **place) {
    uint64_t now_ms = table->host->loop->now_ms(table->self);
    struct entry *found = NULL;
    *place = NULL;
    for (uint32_t i = 0; i < ENTRIES_MAX; i++) {
        struct entry *entry = &table->entries[i];
        if (entry->ends_ms && entry->ends_ms <= now_ms) entry_free(entry);
        if (!entry->value && !*place) *place = entry;
        if (entry->value && strcmp(entry->key, key) == 0) found = entry;
    }
    return found;
}

static bool condition_holds(const struct muster_kv_request *request, const struct entry *entry) {
    if (request->condition == MUSTER_KV_IF_ABSENT) return !entry;
    if (request->condition != MUSTER_KV_IF_SAME) return true;
    return entry && entry->len == request->expected.len &&
           (!entry->len || memcmp(entry->value, request->expected.data, entry->len) == 0);
}

/* entry: the one that is there, or null. It keeps its end unless it is to have another. */
static muster_status put(struct table *table, const struct muster_kv_request *request,
                         struct muster_bytes value, struct entry *entry, struct entry *place) {
    bool is_new = !entry || request->kind == MUSTER_KV_SET;
    struct entry *to = entry ? entry : place;
    char *copy = to ? malloc(value.len + 1) : NULL; /* never null for what is there */
    if (!copy) return to ? MUSTER_NO_MEMORY : MUSTER_LIMIT;
    if (value.len) memcpy(copy, value.data, value.len);
    uint64_t now_ms = table->host->loop->now_ms(table->self);
    if (is_new) to->ends_ms = request->expires_ms ? now_ms + request->expires_ms : 0;
    free(to->value);
    to->value = copy;
    to->len = value.len;
    snprintf(to->key, sizeof to->key, "%s", request->key);
    return MUSTER_OK;
}

static muster_status increase(struct table *table, const struct muster_kv_request *request,
                              struct entry *entry, struct entry *place, int64_t *number) {
    char text[24] = "0", *end;
    if (entry && entry->len >= sizeof text) return MUSTER_INVALID;
    if (entry) snprintf(text, sizeof text, "%.*s", (int)entry->len, entry->value);
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (errno || end == text || *end) return MUSTER_INVALID;
    if (__builtin_add_overflow(*number, request->by, number)) return MUSTER_INVALID;
    int len = snprintf(text, sizeof text, "%lld", (long long)*number);
    return put(table, request, (struct muster_bytes){text, (uint64_t)len}, entry, place);
}

static muster_status run(struct table *table, const struct muster_kv_request *request,
                         struct muster_kv_answer *answer) {
    struct entry *place, *entry = find(table, request->key, &place);
    switch (request->kind) {
    case MUSTER_KV_GET:
        if (entry) answer->value = (struct muster_bytes){entry->value, entry->len};
        return entry ? MUSTER_OK : MUSTER_NOT_FOUND;
    case MUSTER_KV_SET:
        if (!condition_holds(request, entry)) return MUSTER_CONFLICT;
        return put(table, request, request->value, entry, place);
    case MUSTER_KV_REMOVE:
        if (!entry) return MUSTER_NOT_FOUND;
        if (!condition_holds(request, entry)) return MUSTER_CONFLICT;
        entry_free(entry);
        return MUSTER_OK;
    case MUSTER_KV_INCREASE: return increase(table, request, entry, place, &answer->number);
    case MUSTER_KV_PUBLISH:
        return table->host->kv->deliver(table->self, request->key, request->value);
    default: return MUSTER_UNSUPPORTED;
    }
}

/* Answered in the call; whoever asked is told in a later turn. A driver answers when its store
 * has. */
static muster_status table_submit(void *instance, muster_kv_ticket_id ticket,
                                  const struct muster_kv_request *request) {
    struct table *table = instance;
    struct muster_kv_answer answer = {.size = sizeof answer};
    muster_status status = run(table, request, &answer);
    return table->host->kv->complete(table->self, ticket, status, &answer);
}

/* A driver tells its store to send the channel. */
static muster_status table_subscribe(void *instance, const char *channel) {
    (void)instance, (void)channel;
    return MUSTER_OK;
}

static void table_unsubscribe(void *instance, const char *channel) {
    (void)instance, (void)channel;
}

static void table_fini(void *instance) {
    struct table *table = instance;
    for (uint32_t i = 0; i < ENTRIES_MAX; i++) free(table->entries[i].value);
    free(table);
}

static muster_status table_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    struct table *table = calloc(1, sizeof *table);
    if (!table) return MUSTER_NO_MEMORY;
    table->self = self, table->host = host, *instance = table;
    return MUSTER_OK;
}

static const struct muster_kv kv = {.size = sizeof kv,
                                    .submit = table_submit,
                                    .subscribe = table_subscribe,
                                    .unsubscribe = table_unsubscribe};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_KV, .vtable = &kv}};

MUSTER_PLUGIN(.name = "kv_table", .version = "1.0.0", .description = "256 values, in memory.",
              .roles = roles, .role_count = 1, .init = table_init, .fini = table_fini);
