/* Where sanctions are kept: the table sanctions, and moderation.json in the data directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "log.h"
#include "loop.h"
#include "moderation_internal.h"
#include "paths.h"
#include "status.h"
#include "store.h"

#define FILE_NAME "moderation.json"
#define PATH_BYTES 1200

static const char *const steps[] = {
    "CREATE TABLE sanctions (sanction_id TEXT PRIMARY KEY, kind TEXT NOT NULL, player_id TEXT,"
    " name TEXT NOT NULL, address TEXT, guests_only INTEGER NOT NULL, reason TEXT NOT NULL,"
    " note TEXT NOT NULL, actor TEXT NOT NULL, created_at BIGINT NOT NULL,"
    " expires_at BIGINT, ended_at BIGINT)",
    "CREATE INDEX sanctions_player ON sanctions (player_id)",
    "CREATE INDEX sanctions_ended ON sanctions (ended_at, expires_at)",
};

struct job {
    void (*fn)(void *user, muster_status status);
    void *user;
    void (*each)(const struct sanction *sanction);
};

static void finish(struct job *job, muster_status status) {
    struct job done = *job;
    free(job);
    done.fn(done.user, status);
}

static bool read_kind(const char *word, enum sanction_kind *out) {
    for (int kind = 0; kind < SANCTION_KINDS; kind++) {
        if (strcmp(word, sanction_kind_text(kind)) != 0) continue;
        *out = (enum sanction_kind)kind;
        return true;
    }
    return false;
}

/* ---- the file -------------------------------------------------------------------------------- */

static json_t *to_json(const struct sanction *s) {
    char address[ADDRESS_PREFIX_TEXT_MAX] = "";
    if (s->address.bits) address_prefix_text(&s->address, address);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:I,s:I}", "id", s->key, "kind",
                     sanction_kind_text(s->kind), "playerId", s->player_key, "name", s->name,
                     "address", address, "guestsOnly", s->guests_only, "reason", s->reason, "note",
                     s->note, "by", s->actor, "createdAt", (json_int_t)s->created_ms, "expiresAt",
                     (json_int_t)s->until_ms);
}

static bool copy(const json_t *json, const char *key, char *out, size_t size) {
    const char *text = json_string_value(json_object_get(json, key));
    return text && (size_t)snprintf(out, size, "%s", text) < size;
}

static bool from_json(const json_t *json, struct sanction *out) {
    char kind[16], address[ADDRESS_PREFIX_TEXT_MAX];
    *out = (struct sanction){0};
    bool good = copy(json, "id", out->key, sizeof out->key) &&
                copy(json, "kind", kind, sizeof kind) && read_kind(kind, &out->kind) &&
                copy(json, "playerId", out->player_key, sizeof out->player_key) &&
                copy(json, "name", out->name, sizeof out->name) &&
                copy(json, "address", address, sizeof address) &&
                copy(json, "reason", out->reason, sizeof out->reason) &&
                copy(json, "note", out->note, sizeof out->note) &&
                copy(json, "by", out->actor, sizeof out->actor);
    if (!good || (address[0] && !address_prefix_read(address, &out->address))) return false;
    out->guests_only = json_is_true(json_object_get(json, "guestsOnly"));
    out->created_ms = json_integer_value(json_object_get(json, "createdAt"));
    out->until_ms = json_integer_value(json_object_get(json, "expiresAt"));
    return true;
}

static void file_path(char out[PATH_BYTES], const char *suffix) {
    snprintf(out, PATH_BYTES, "%s/%s%s", paths_data(), FILE_NAME, suffix);
}

/* In place of the old one at once, so that nobody meets half a file. */
static muster_status write_file(const char *text) {
    char path[PATH_BYTES], fresh[PATH_BYTES];
    file_path(path, "");
    file_path(fresh, ".new");
    size_t len = strlen(text);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    good = good && rename(fresh, path) == 0;
    if (!good) log_error("moderation", "%s was not written: %s", path, strerror(errno));
    return good ? MUSTER_OK : MUSTER_IO;
}

static muster_status save_file(void) {
    json_t *list = json_array();
    uint32_t index = 0;
    for (const struct sanction *s; (s = moderation_next(&index));)
        json_array_append_new(list, to_json(s));
    json_t *root = json_pack("{s:o}", "sanctions", list);
    char *text = json_dumps(root, JSON_INDENT(2));
    muster_status status = text ? write_file(text) : MUSTER_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}

/* A file that cannot be understood must not open the door to everybody. */
static muster_status read_file(void (*each)(const struct sanction *sanction)) {
    char path[PATH_BYTES];
    json_error_t error;
    file_path(path, "");
    if (access(path, F_OK) != 0 && errno == ENOENT) return MUSTER_OK;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    json_t *list = json_object_get(root, "sanctions"), *item;
    muster_status status = json_is_array(list) ? MUSTER_OK : MUSTER_INVALID;
    size_t i;
    if (status)
        log_error("moderation", "%s: %s", path,
                  root ? "expected {\"sanctions\": [...]}" : error.text);
    json_array_foreach(list, i, item) {
        struct sanction sanction;
        if (from_json(item, &sanction)) {
            each(&sanction);
            continue;
        }
        log_error("moderation", "%s: sanctions[%zu]: a key is missing or wrong", path, i);
        status = MUSTER_INVALID;
    }
    json_decref(root);
    return status;
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct muster_db_value text(const char *s) {
    return (struct muster_db_value){.type = MUSTER_DB_TEXT, .bytes = {s, strlen(s)}};
}

static struct muster_db_value text_or_null(const char *s) {
    return s[0] ? text(s) : (struct muster_db_value){.type = MUSTER_DB_NULL};
}

static struct muster_db_value integer(int64_t i) {
    return (struct muster_db_value){.type = MUSTER_DB_INT, .integer = i};
}

enum {
    AT_ID,
    AT_KIND,
    AT_PLAYER,
    AT_NAME,
    AT_ADDRESS,
    AT_GUESTS,
    AT_REASON,
    AT_NOTE,
    AT_ACTOR,
    AT_CREATED,
    AT_EXPIRES,
    COLUMNS
};

static void cell(const struct muster_db_value *cells, int at, char *out, size_t size) {
    const struct muster_db_value *value = &cells[at];
    size_t len = value->type == MUSTER_DB_TEXT ? value->bytes.len : 0;
    if (len >= size) len = size - 1;
    if (len) memcpy(out, value->bytes.data, len);
    out[len] = '\0';
}

static int64_t number(const struct muster_db_value *cells, int at) {
    return cells[at].type == MUSTER_DB_INT ? cells[at].integer : 0;
}

static bool from_row(const struct muster_db_value *cells, struct sanction *out) {
    char kind[16], address[ADDRESS_PREFIX_TEXT_MAX];
    *out = (struct sanction){0};
    cell(cells, AT_ID, out->key, sizeof out->key);
    cell(cells, AT_KIND, kind, sizeof kind);
    cell(cells, AT_PLAYER, out->player_key, sizeof out->player_key);
    cell(cells, AT_NAME, out->name, sizeof out->name);
    cell(cells, AT_ADDRESS, address, sizeof address);
    cell(cells, AT_REASON, out->reason, sizeof out->reason);
    cell(cells, AT_NOTE, out->note, sizeof out->note);
    cell(cells, AT_ACTOR, out->actor, sizeof out->actor);
    out->guests_only = number(cells, AT_GUESTS) != 0;
    out->created_ms = number(cells, AT_CREATED);
    out->until_ms = number(cells, AT_EXPIRES);
    return read_kind(kind, &out->kind) &&
           (!address[0] || address_prefix_read(address, &out->address));
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct job *job = user;
    if (!status && rows->row_count && rows->column_count != COLUMNS) status = MUSTER_INTERNAL;
    for (uint32_t i = 0; !status && i < rows->row_count; i++) {
        struct sanction sanction;
        if (from_row(&rows->cells[(size_t)i * COLUMNS], &sanction)) job->each(&sanction);
    }
    if (!status) (void)save_file();
    finish(job, status);
}

static void on_migrated(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)rows;
    struct job *job = user;
    struct muster_db_value now[] = {integer(loop_unix_ms())};
    const struct muster_db_statement statement = {
        "SELECT sanction_id, kind, player_id, name, address, guests_only, reason, note, actor,"
        " created_at, expires_at FROM sanctions WHERE ended_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > $1) ORDER BY created_at, sanction_id",
        now, 1, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    if (!status) status = store_submit(NULL, &request, on_rows, job, NULL);
    if (status) finish(job, status);
}

void sanctions_load(void (*each)(const struct sanction *sanction),
                    void (*fn)(void *user, muster_status status), void *user) {
    struct job *job = malloc(sizeof *job);
    if (!job) {
        fn(user, MUSTER_NO_MEMORY);
        return;
    }
    *job = (struct job){fn, user, each};
    muster_status status = store_migrate(NULL, "moderation", steps, sizeof steps / sizeof steps[0],
                                         on_migrated, job, NULL);
    if (!status) return;
    if (status == MUSTER_UNAVAILABLE) status = read_file(each);
    finish(job, status);
}

/* ---- changes --------------------------------------------------------------------------------- */

#define ADD_VALUES 11

static uint32_t add_statements(const struct changes *changes, const char *address,
                               struct muster_db_statement *out, struct muster_db_value *added,
                               struct muster_db_value (*ended)[2]) {
    const struct sanction *s = changes->added;
    uint32_t count = 0;
    for (uint32_t i = 0; i < changes->ended_count; i++) {
        ended[i][0] = text(changes->ended[i]);
        ended[i][1] = integer(loop_unix_ms());
        out[count++] = (struct muster_db_statement){
            "UPDATE sanctions SET ended_at = $2 WHERE sanction_id = $1 AND ended_at IS NULL",
            ended[i], 2, 0};
    }
    if (!s) return count;
    const struct muster_db_value values[ADD_VALUES] = {
        text(s->key),
        text(sanction_kind_text(s->kind)),
        text_or_null(s->player_key),
        text(s->name),
        text_or_null(address),
        integer(s->guests_only),
        text(s->reason),
        text(s->note),
        text(s->actor),
        integer(s->created_ms),
        s->until_ms ? integer(s->until_ms) : (struct muster_db_value){.type = MUSTER_DB_NULL}};
    memcpy(added, values, sizeof values);
    out[count++] = (struct muster_db_statement){
        "INSERT INTO sanctions (sanction_id, kind, player_id, name, address, guests_only, reason,"
        " note, actor, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (sanction_id) DO NOTHING",
        added, ADD_VALUES, 0};
    return count;
}

muster_status sanctions_write(const struct changes *changes) {
    struct muster_db_value added[ADD_VALUES], ended[CHANGES_MAX][2];
    struct muster_db_statement statements[CHANGES_MAX + 1];
    char address[ADDRESS_PREFIX_TEXT_MAX] = "";
    if (changes->added && changes->added->address.bits)
        address_prefix_text(&changes->added->address, address);
    const struct muster_db_request request = {
        .size = sizeof request,
        .statement_count = add_statements(changes, address, statements, added, ended),
        .statements = statements,
        .durable = MUSTER_DB_SYNCED};
    muster_status in_file = save_file();
    muster_status status = store_keep("sanction", &request);
    return status == MUSTER_UNAVAILABLE ? in_file : status;
}
