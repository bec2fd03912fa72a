/* storage_db - the database behind the values: read at the start, written behind.
 *
 * What is to be written waits in one list. Every write_ms at most a cycle begins: it writes what
 * waits then, one request after another. What fails goes back to the front, and the next cycle
 * waits longer; in memory everything is as scripts left it.
 */
#include "storage_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    BATCH_MAX = 64, /* statements of one request */
    PAGE_ROWS = 64,
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 30000,
};

static const char *const steps[] = {
    "CREATE TABLE lua_storage(mod TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY(mod, key))"};
static const char select_sql[] =
    "SELECT mod, key, value FROM lua_storage WHERE (mod, key) > ($1, $2)"
    " ORDER BY mod, key LIMIT $3";
static const char upsert_sql[] = "INSERT INTO lua_storage(mod, key, value) VALUES($1, $2, $3)"
                                 " ON CONFLICT(mod, key) DO UPDATE SET value = excluded.value";
static const char delete_sql[] = "DELETE FROM lua_storage WHERE mod = $1 AND key = $2";

struct batch {
    struct storage *storage;
    struct batch *next;
    uint32_t count;
    struct entry *entries[BATCH_MAX];
};

/* ---- what waits */

static void list_remove(struct storage *storage, struct entry *entry) {
    *(entry->previous ? &entry->previous->next : &storage->first) = entry->next;
    *(entry->next ? &entry->next->previous : &storage->last) = entry->previous;
    entry->previous = entry->next = NULL;
    entry->is_dirty = false;
    storage->dirty--;
}

static void list_add(struct storage *storage, struct entry *entry, bool at_front) {
    if (entry->is_dirty) return;
    entry->previous = at_front ? NULL : storage->last;
    entry->next = at_front ? storage->first : NULL;
    *(entry->previous ? &entry->previous->next : &storage->first) = entry;
    *(entry->next ? &entry->next->previous : &storage->last) = entry;
    entry->is_dirty = true;
    storage->dirty++;
}

/* ---- when it is written */

static void on_cycle(void *user);

static void schedule(struct storage *storage) {
    const struct muster_host_loop *loop = storage->host->loop;
    uint32_t delay_ms = storage->retry_ms ? storage->retry_ms : storage->limits.write_ms;
    if (storage->timer.value || storage->is_stopped) return;
    if (storage->state == STORAGE_WRITING && (storage->batches || !storage->dirty)) return;
    if (loop->timer_start(storage->self, delay_ms, 0, on_cycle, storage, &storage->timer))
        storage->timer = (muster_timer_id){0}; /* the next that is set tries again */
}

static void request_failed(struct storage *storage, const char *what, muster_status status) {
    if (storage->retry_ms == 0)
        storage->host->log->write(storage->self, MUSTER_LOG_WARN,
                                  "storage: the database cannot be %s (status %d); it is tried "
                                  "again until it can",
                                  what, status);
    uint32_t retry_ms = storage->retry_ms ? storage->retry_ms * 2 : RETRY_FIRST_MS;
    storage->retry_ms = retry_ms < RETRY_MAX_MS ? retry_ms : RETRY_MAX_MS;
    storage->cycle_left = 0;
}

static void request_went_well(struct storage *storage) {
    if (storage->retry_ms)
        storage->host->log->write(storage->self, MUSTER_LOG_INFO,
                                  "storage: the database answers again");
    storage->retry_ms = 0;
}

/* ---- writing */

static struct muster_db_statement statement_of(const struct entry *entry,
                                               struct muster_db_value *params) {
    params[0] = muster_db_text(entry->space->mod);
    params[1] = muster_db_text(entry->key);
    params[2] =
        (struct muster_db_value){.type = MUSTER_DB_BLOB, .bytes = {entry->value, entry->len}};
    if (entry->is_deleted)
        return (struct muster_db_statement){.sql = delete_sql, .params = params, .param_count = 2};
    return (struct muster_db_statement){.sql = upsert_sql, .params = params, .param_count = 3};
}

static void batch_unlink(struct batch *batch) {
    struct batch **at = &batch->storage->batches;
    while (*at != batch) at = &(*at)->next;
    *at = batch->next;
}

/* In reverse, so that what goes back to the front keeps its order. */
static void batch_end(struct batch *batch, muster_status status) {
    struct storage *storage = batch->storage;
    batch_unlink(batch);
    for (uint32_t i = batch->count; i-- > 0;) {
        struct entry *entry = batch->entries[i];
        entry->writing--;
        if (status) list_add(storage, entry, true);
        storage_forget(entry);
    }
    free(batch);
}

static void batch_settle(struct batch *batch, muster_status status) {
    struct storage *storage = batch->storage;
    batch_end(batch, status);
    if (status)
        request_failed(storage, "written", status);
    else
        request_went_well(storage);
}

static void write_cycle(struct storage *storage);

static void on_written(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct batch *batch = user;
    struct storage *storage = batch->storage;
    (void)rows;
    if (status == MUSTER_CLOSED) { /* stopped: what was not written is taken back */
        batch_end(batch, MUSTER_OK);
        return;
    }
    batch_settle(batch, status);
    if (!status && storage->cycle_left && !storage->batches) write_cycle(storage);
    schedule(storage);
}

static muster_status submit(struct batch *batch) {
    struct muster_db_statement statements[BATCH_MAX];
    struct muster_db_value params[BATCH_MAX][3];
    const struct storage *storage = batch->storage;
    for (uint32_t i = 0; i < batch->count; i++)
        statements[i] = statement_of(batch->entries[i], params[i]);
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = batch->count, .statements = statements};
    if (!storage->is_stopped)
        return storage->host->db->query(storage->self, &request, on_written, batch, NULL);
    request.durable = MUSTER_DB_KEPT | MUSTER_DB_SYNCED; /* nobody is left to try again */
    muster_status status = storage->host->db->query(storage->self, &request, NULL, NULL, NULL);
    if (!status) batch_settle(batch, MUSTER_OK);
    return status;
}

/* Of the oldest that wait, at most max. */
static muster_status send_batch(struct storage *storage, uint32_t max) {
    struct batch *batch = calloc(1, sizeof *batch);
    if (!batch) {
        request_failed(storage, "written", MUSTER_NO_MEMORY);
        return MUSTER_NO_MEMORY;
    }
    batch->storage = storage;
    batch->next = storage->batches;
    storage->batches = batch;
    while (storage->first && batch->count < BATCH_MAX && batch->count < max) {
        struct entry *entry = storage->first;
        list_remove(storage, entry);
        entry->writing++;
        batch->entries[batch->count++] = entry;
    }
    muster_status status = submit(batch);
    if (status) batch_settle(batch, status);
    return status;
}

/* The next request of the cycle. */
static void write_cycle(struct storage *storage) {
    uint32_t count = storage->cycle_left < BATCH_MAX ? storage->cycle_left : BATCH_MAX;
    storage->cycle_left -= count;
    if (count) (void)send_batch(storage, count); /* a failure is told and scheduled */
}

void storage_touch(struct entry *entry) {
    struct storage *storage = entry->space->storage;
    if (!storage || storage->state != STORAGE_WRITING) return;
    list_add(storage, entry, false);
    schedule(storage);
}

/* All at once, several requests under way together: the database keeps their order. */
void storage_flush(struct storage *storage) {
    storage->cycle_left = 0;
    if (storage->state != STORAGE_WRITING) return;
    while (storage->dirty && send_batch(storage, BATCH_MAX) == MUSTER_OK) continue;
    schedule(storage);
}

/* Their answers come too late to be heard: once more, with the rest. */
static void take_back(struct storage *storage) {
    for (struct batch *batch = storage->batches; batch; batch = batch->next)
        for (uint32_t i = batch->count; i-- > 0;) list_add(storage, batch->entries[i], true);
}

void storage_stop(struct storage *storage) {
    if (storage->timer.value) storage->host->loop->timer_stop(storage->self, storage->timer);
    storage->timer = (muster_timer_id){0};
    storage->is_stopped = true;
    take_back(storage);
    storage_flush(storage);
    if (storage->dirty)
        storage->host->log->write(storage->self, MUSTER_LOG_ERROR,
                                  "storage: values are lost, as the database takes none: %u",
                                  storage->dirty);
}

/* ---- reading */

static void load_failed(struct storage *storage, muster_status status) {
    if (status == MUSTER_CLOSED) return; /* stopped */
    request_failed(storage, "read", status);
    schedule(storage);
}

static bool is_text(const struct muster_db_value *value, size_t max, char *out) {
    if (value->type != MUSTER_DB_TEXT || value->bytes.len == 0 || value->bytes.len > max)
        return false;
    memcpy(out, value->bytes.data, value->bytes.len);
    out[value->bytes.len] = '\0';
    return strlen(out) == value->bytes.len;
}

/* False: no memory. What a mod cannot have written is not taken. */
static bool take_row(struct storage *storage, const struct muster_db_value *cells) {
    char mod[MOD_ID_MAX + 1], key[STORAGE_KEY_BYTES_MAX + 1];
    if (!is_text(&cells[0], sizeof mod - 1, mod) || !is_text(&cells[1], sizeof key - 1, key) ||
        cells[2].type != MUSTER_DB_BLOB || cells[2].bytes.len > STORAGE_VALUE_BYTES_MAX ||
        !storage_key_is_good(key, strlen(key)))
        return true;
    struct storage_space *space = storage_space(storage, mod);
    if (!space) return storage->space_count == STORAGE_SPACES_MAX;
    return storage_put_loaded(space, key, cells[2].bytes);
}

/* The last row's mod and key, as they stand in the table. */
static bool set_cursor(struct storage *storage, const struct muster_db_value *cells) {
    for (int i = 0; i < 2; i++) {
        struct muster_bytes bytes = cells[i].bytes;
        bool is_text = cells[i].type == MUSTER_DB_TEXT;
        char *copy = is_text ? malloc(bytes.len + 1) : NULL;
        if (!copy) return false;
        memcpy(copy, bytes.data, bytes.len);
        free((void *)storage->cursor[i].data);
        storage->cursor[i] = (struct muster_bytes){copy, bytes.len};
    }
    return true;
}

static void forget_cursor(struct storage *storage) {
    for (int i = 0; i < 2; i++) {
        free((void *)storage->cursor[i].data);
        storage->cursor[i] = (struct muster_bytes){0};
    }
}

static void load_page(struct storage *storage);

static void on_page(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct storage *storage = user;
    bool is_kept = true;
    for (uint32_t i = 0; !status && i < rows->row_count; i++)
        is_kept &= take_row(storage, rows->cells + (size_t)i * rows->column_count);
    bool is_last = !status && rows->row_count < PAGE_ROWS;
    if (!status && !is_last)
        is_kept &= set_cursor(storage, rows->cells + (size_t)(rows->row_count - 1) * 3);
    if (!status && !is_kept) status = MUSTER_NO_MEMORY;
    if (status) {
        load_failed(storage, status);
        return;
    }
    request_went_well(storage);
    if (is_last) {
        forget_cursor(storage);
        storage->state = STORAGE_WRITING;
    } else {
        load_page(storage);
    }
}

static void load_page(struct storage *storage) {
    struct muster_db_value params[3] = {muster_db_text(""), muster_db_text(""),
                                        muster_db_integer(PAGE_ROWS)};
    for (int i = 0; i < 2; i++)
        if (storage->cursor[i].data) params[i].bytes = storage->cursor[i];
    struct muster_db_statement statement = {.sql = select_sql, .params = params, .param_count = 3};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    muster_status status =
        storage->host->db->query(storage->self, &request, on_page, storage, NULL);
    if (status) load_failed(storage, status);
}

static void on_migrated(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct storage *storage = user;
    (void)rows;
    forget_cursor(storage);
    if (status)
        load_failed(storage, status);
    else
        load_page(storage);
}

void storage_start(struct storage *storage) {
    muster_status status =
        storage->host->db->migrate(storage->self, NULL, "lua_storage", steps,
                                   sizeof steps / sizeof *steps, on_migrated, storage, NULL);
    if (status == MUSTER_UNAVAILABLE && storage->retry_ms == 0) {
        storage->state = STORAGE_MEMORY;
        storage->host->log->write(storage->self, MUSTER_LOG_WARN,
                                  "storage: without a database plugin, what mods keep is lost at "
                                  "the stop");
    } else if (status) {
        load_failed(storage, status);
    }
}

static void on_cycle(void *user) {
    struct storage *storage = user;
    storage->timer = (muster_timer_id){0};
    if (storage->state == STORAGE_LOADING) {
        storage_start(storage);
        return;
    }
    storage->cycle_left = storage->dirty;
    write_cycle(storage);
    schedule(storage);
}

void storage_db_free(struct storage *storage) {
    forget_cursor(storage);
}
