/* storage - the values in memory: sorted by key in each space, and counted against the limits. */
#include "storage_internal.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

static const char unavailable[] = "storage: what the database holds is not known yet";
static const char no_memory[] = "storage: out of memory";

static muster_status fail(muster_status status, const char *text, const char **error) {
    *error = text;
    return status;
}

/* ---- entries */

bool storage_key_is_good(const char *key, size_t len) {
    if (len == 0 || len > STORAGE_KEY_BYTES_MAX) return false;
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)key[i];
        size_t n = errors_utf8_length((const unsigned char *)key + i, len - i);
        if (n == 0 || c < ' ' || c == 0x7f) return false;
        i += n;
    }
    return true;
}

/* Where the key is, or would be. */
static uint32_t place_of(const struct storage_space *space, const char *key, bool *is_there) {
    uint32_t low = 0, high = space->count;
    *is_there = false;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(space->entries[middle]->key, key);
        *is_there |= order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct entry *find(const struct storage_space *space, const char *key) {
    bool is_there;
    uint32_t place = place_of(space, key, &is_there);
    return is_there ? space->entries[place] : NULL;
}

static struct entry *find_live(const struct storage_space *space, const char *key) {
    struct entry *entry = find(space, key);
    return entry && !entry->is_deleted ? entry : NULL;
}

static bool make_room(struct storage_space *space) {
    if (space->count < space->size) return true;
    uint32_t size = space->size ? space->size * 2 : 16;
    struct entry **entries = realloc(space->entries, size * sizeof(struct entry *));
    if (!entries) return false;
    space->entries = entries;
    space->size = size;
    return true;
}

/* As deleted. */
static struct entry *add(struct storage_space *space, const char *key) {
    bool is_there;
    uint32_t place = place_of(space, key, &is_there);
    if (is_there) return space->entries[place];
    size_t size = strlen(key) + 1;
    struct entry *entry = make_room(space) ? calloc(1, sizeof *entry + size) : NULL;
    if (!entry) return NULL;
    memcpy(entry->key, key, size);
    entry->space = space;
    entry->is_deleted = true;
    memmove(space->entries + place + 1, space->entries + place,
            (space->count - place) * sizeof(struct entry *));
    space->entries[place] = entry;
    space->count++;
    return entry;
}

static uint32_t bytes_of(const struct entry *entry) {
    return (uint32_t)strlen(entry->key) + entry->len;
}

/* Takes value. */
static void put(struct entry *entry, uint8_t *value, uint32_t len) {
    struct storage_space *space = entry->space;
    if (!entry->is_deleted) space->bytes -= bytes_of(entry);
    space->keys += entry->is_deleted;
    free(entry->value);
    entry->value = value;
    entry->len = len;
    entry->is_deleted = false;
    space->bytes += bytes_of(entry);
}

static void take_away(struct entry *entry) {
    entry->space->bytes -= bytes_of(entry);
    entry->space->keys--;
    free(entry->value);
    entry->value = NULL;
    entry->len = 0;
    entry->is_deleted = true;
}

void storage_forget(struct entry *entry) {
    struct storage_space *space = entry->space;
    bool is_there;
    if (!entry->is_deleted || entry->is_dirty || entry->writing) return;
    uint32_t place = place_of(space, entry->key, &is_there);
    space->count--;
    memmove(space->entries + place, space->entries + place + 1,
            (space->count - place) * sizeof(struct entry *));
    free(entry->value);
    free(entry);
}

/* Never null for no bytes: a null pointer would be written as NULL. */
static uint8_t *copy_value(struct muster_bytes value) {
    uint8_t *copy = malloc(value.len + 1);
    if (copy && value.len) memcpy(copy, value.data, value.len);
    return copy;
}

bool storage_put_loaded(struct storage_space *space, const char *key, struct muster_bytes value) {
    struct entry *entry = add(space, key);
    uint8_t *copy = entry ? copy_value(value) : NULL;
    if (copy) put(entry, copy, (uint32_t)value.len);
    if (entry && !copy) storage_forget(entry);
    return copy;
}

/* ---- what scripts do */

static muster_status check_ready(const struct storage_space *space, const char *key,
                                 const char **error) {
    if (!storage_key_is_good(key, strlen(key)))
        return fail(MUSTER_INVALID,
                    "storage: a key is 1 to 128 bytes of UTF-8 without control characters", error);
    if (space->storage && space->storage->state == STORAGE_LOADING)
        return fail(MUSTER_UNAVAILABLE, unavailable, error);
    return MUSTER_OK;
}

muster_status storage_get(const struct storage_space *space, const char *key,
                          struct muster_bytes *out, const char **error) {
    *out = (struct muster_bytes){0};
    muster_status status = check_ready(space, key, error);
    if (status) return status;
    const struct entry *entry = find_live(space, key);
    if (!entry) return fail(MUSTER_NOT_FOUND, "storage: there is no such key", error);
    *out = (struct muster_bytes){entry->value, entry->len};
    return MUSTER_OK;
}

static muster_status check_limits(const struct storage_space *space, const char *key,
                                  uint64_t value_len, const char **error) {
    const struct entry *entry = find_live(space, key);
    if (value_len > STORAGE_VALUE_BYTES_MAX)
        return fail(MUSTER_LIMIT, "storage: a value is at most 16 KiB", error);
    if (!entry && space->keys >= space->limits.keys_max)
        return fail(MUSTER_LIMIT, "storage: this mod has no more keys left", error);
    uint64_t bytes = space->bytes - (entry ? bytes_of(entry) : 0) + strlen(key) + value_len;
    if (bytes > space->limits.bytes_max && (!entry || value_len > entry->len))
        return fail(MUSTER_LIMIT, "storage: this mod has no more room left", error);
    return MUSTER_OK;
}

static bool is_same(const struct entry *entry, struct muster_bytes value) {
    return entry && entry->len == value.len && memcmp(entry->value, value.data, value.len) == 0;
}

muster_status storage_set(struct storage_space *space, const char *key, struct muster_bytes value,
                          const char **error) {
    muster_status status = check_ready(space, key, error);
    if (!status) status = check_limits(space, key, value.len, error);
    if (status) return status;
    if (value.len && is_same(find_live(space, key), value)) return MUSTER_OK;
    struct entry *entry = add(space, key);
    uint8_t *copy = entry ? copy_value(value) : NULL;
    if (!copy) {
        if (entry) storage_forget(entry);
        return fail(MUSTER_NO_MEMORY, no_memory, error);
    }
    put(entry, copy, (uint32_t)value.len);
    storage_touch(entry);
    return MUSTER_OK;
}

muster_status storage_delete(struct storage_space *space, const char *key, const char **error) {
    muster_status status = check_ready(space, key, error);
    if (status) return status;
    struct entry *entry = find_live(space, key);
    if (!entry) return fail(MUSTER_NOT_FOUND, "storage: there is no such key", error);
    take_away(entry);
    storage_touch(entry);
    storage_forget(entry);
    return MUSTER_OK;
}

muster_status storage_next(const struct storage_space *space, const char *prefix,
                           const char *previous, const char **out, const char **error) {
    bool is_there;
    size_t len = strlen(prefix);
    *out = NULL;
    if (space->storage && space->storage->state == STORAGE_LOADING)
        return fail(MUSTER_UNAVAILABLE, unavailable, error);
    uint32_t place = place_of(space, previous ? previous : prefix, &is_there);
    if (previous && is_there) place++;
    while (place < space->count && space->entries[place]->is_deleted) place++;
    if (place < space->count && strncmp(space->entries[place]->key, prefix, len) == 0)
        *out = space->entries[place]->key;
    return MUSTER_OK;
}

/* ---- spaces */

struct storage_space *storage_space_create(const struct storage_limits *limits) {
    struct storage_space *space = calloc(1, sizeof *space);
    if (space) space->limits = *limits;
    return space;
}

void storage_space_destroy(struct storage_space *space) {
    if (!space) return;
    for (uint32_t i = 0; i < space->count; i++) {
        free(space->entries[i]->value);
        free(space->entries[i]);
    }
    free(space->entries);
    free(space);
}

struct storage_space *storage_space(struct storage *storage, const char *mod) {
    size_t len = strlen(mod);
    for (struct storage_space *space = storage->spaces; space; space = space->next)
        if (strcmp(space->mod, mod) == 0) return space;
    if (len > MOD_ID_MAX || storage->space_count == STORAGE_SPACES_MAX) return NULL;
    struct storage_space *space = storage_space_create(&storage->limits);
    if (!space) return NULL;
    memcpy(space->mod, mod, len + 1);
    space->storage = storage;
    space->next = storage->spaces;
    storage->spaces = space;
    storage->space_count++;
    return space;
}

muster_status storage_create(const struct muster_host *host, muster_self *self,
                             const struct storage_limits *limits, struct storage **out) {
    struct storage *storage = calloc(1, sizeof *storage);
    *out = storage;
    if (!storage) return MUSTER_NO_MEMORY;
    storage->host = host;
    storage->self = self;
    storage->limits = *limits;
    storage->state = STORAGE_LOADING;
    return MUSTER_OK;
}

void storage_destroy(struct storage *storage) {
    if (!storage) return;
    storage_db_free(storage);
    while (storage->spaces) {
        struct storage_space *space = storage->spaces;
        storage->spaces = space->next;
        storage_space_destroy(space);
    }
    free(storage);
}
