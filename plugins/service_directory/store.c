/* store - what the directory keeps in the database: read once, at the start, and written with each
 * change. A row that cannot be written stays as it was: who asked is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

#define PAGE_ROWS 500
#define READ_AGAIN_MS 1000
#define TEXT_MAX 512 /* longer than any text but info */

/* Append only: a step that was released is never changed. Digests and secrets are hex digits. */
static const char *const steps[] = {
    "CREATE TABLE directory_keys (key_id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE,"
    " operator TEXT NOT NULL, created_at BIGINT NOT NULL, revoked_at BIGINT)",
    "CREATE TABLE directory_servers (server_id TEXT PRIMARY KEY, key_id TEXT NOT NULL"
    " REFERENCES directory_keys(key_id), address TEXT NOT NULL, port INTEGER NOT NULL,"
    " tls INTEGER NOT NULL, info TEXT NOT NULL, token_digest TEXT, token_expires_at BIGINT,"
    " proof_secret TEXT NOT NULL, first_seen_at BIGINT NOT NULL, proven_at BIGINT,"
    " UNIQUE (key_id, address, port))",
    "ALTER TABLE directory_keys ADD COLUMN trust INTEGER NOT NULL DEFAULT 50",
};

/* ---- writing --------------------------------------------------------------------------------- */

struct writing {
    void (*done)(void *user, muster_status status);
    void *user;
};

static void written(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct writing writing = *(struct writing *)user;
    (void)rows;
    free(user);
    if (writing.done) writing.done(writing.user, status);
}

static void write_rows(struct directory *directory, const struct muster_db_statement *statements,
                       uint32_t count, void (*done)(void *user, muster_status status), void *user) {
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = count,
                                              .statements = statements,
                                              .durable = MUSTER_DB_SYNCED,
                                              .database = directory->database};
    struct writing *writing = malloc(sizeof *writing);
    muster_status status = writing ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (writing) {
        *writing = (struct writing){done, user};
        status = directory->host->db->query(directory->self, &request, written, writing, NULL);
    }
    if (status == MUSTER_OK) return;
    free(writing);
    directory->host->log->write(directory->self, MUSTER_LOG_ERROR, "not written: %s",
                                muster_status_text(status));
    if (done) done(user, status);
}

static void write_row(struct directory *directory, const struct muster_db_statement *statement,
                      void (*done)(void *user, muster_status status), void *user) {
    write_rows(directory, statement, 1, done, user);
}

static struct muster_db_value integer_or_null(int64_t integer) {
    return integer ? muster_db_integer(integer) : (struct muster_db_value){.type = MUSTER_DB_NULL};
}

void store_key(struct directory *directory, const struct key *key,
               void (*done)(void *user, muster_status status), void *user) {
    char digest[DIRECTORY_HEX_MAX];
    sodium_bin2hex(digest, sizeof digest, key->digest, DIGEST_BYTES);
    const struct muster_db_value values[] = {muster_db_text(key->id),
                                             muster_db_text(digest),
                                             muster_db_text(key->operator_name),
                                             muster_db_integer(key->created_ms),
                                             integer_or_null(key->revoked_ms),
                                             muster_db_integer(key->trust)};
    const struct muster_db_statement statement = {
        "INSERT INTO directory_keys (key_id, digest, operator, created_at, revoked_at, trust)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (key_id) DO UPDATE SET revoked_at = $5, trust = $6",
        values, 6, 0};
    write_row(directory, &statement, done, user);
}

void store_server(struct directory *directory, const struct server *server,
                  void (*done)(void *user, muster_status status), void *user) {
    char digest[DIRECTORY_HEX_MAX] = "", secret[DIRECTORY_HEX_MAX];
    char *info = json_dumps(server->info, JSON_COMPACT);
    if (!info) {
        if (done) done(user, MUSTER_NO_MEMORY);
        return;
    }
    if (server->token_expires_ms)
        sodium_bin2hex(digest, sizeof digest, server->token_digest, DIGEST_BYTES);
    sodium_bin2hex(secret, sizeof secret, server->proof_secret, DIRECTORY_SECRET_BYTES);
    const struct muster_db_value values[] = {muster_db_text(server->id),
                                             muster_db_text(server->key->id),
                                             muster_db_text(server->address),
                                             muster_db_integer(server->port),
                                             muster_db_integer(server->tls),
                                             muster_db_text(info),
                                             muster_db_text_or_null(digest),
                                             integer_or_null(server->token_expires_ms),
                                             muster_db_text(secret),
                                             muster_db_integer(server->first_seen_ms),
                                             integer_or_null(server->proven_ms)};
    const struct muster_db_statement statements[] = {
        /* One that was to be removed, and could not be then. */
        {"DELETE FROM directory_servers WHERE server_id <> $1 AND key_id = $2 AND address = $3"
         " AND port = $4",
         values, 4, 0},
        {"INSERT INTO directory_servers (server_id, key_id, address, port, tls, info, token_digest,"
         " token_expires_at, proof_secret, first_seen_at, proven_at)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
         " ON CONFLICT (server_id) DO UPDATE SET tls = $5, info = $6, token_digest = $7,"
         " token_expires_at = $8, proof_secret = $9, proven_at = $11",
         values, sizeof values / sizeof values[0], 0}};
    write_rows(directory, statements, 2, done, user);
    free(info);
    sodium_memzero(secret, sizeof secret);
}

void store_remove(struct directory *directory, const struct server *server) {
    const struct muster_db_value values[] = {muster_db_text(server->id)};
    const struct muster_db_statement statement = {
        "DELETE FROM directory_servers WHERE server_id = $1", values, 1, 0};
    write_row(directory, &statement, NULL, NULL);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const char *cell_text(const struct muster_db_value *cell, char *out, size_t cap) {
    size_t len = cell->type == MUSTER_DB_TEXT ? (size_t)cell->bytes.len : 0;
    if (len >= cap) len = cap - 1;
    if (len) memcpy(out, cell->bytes.data, len);
    out[len] = '\0';
    return out;
}

static int64_t cell_integer(const struct muster_db_value *cell) {
    return cell->type == MUSTER_DB_INT ? cell->integer : 0;
}

/* Bytes that are no digits leave out as it was: all 0. */
static void cell_hex(const struct muster_db_value *cell, uint8_t out[DIGEST_BYTES]) {
    char text[DIRECTORY_HEX_MAX];
    cell_text(cell, text, sizeof text);
    (void)sodium_hex2bin(out, DIGEST_BYTES, text, strlen(text), NULL, NULL, NULL);
}

static void fail(struct directory *directory, const char *what, muster_status status) {
    if (status != MUSTER_CLOSED)
        directory->host->log->write(directory->self, MUSTER_LOG_ERROR, "%s: %s", what,
                                    muster_status_text(status));
}

static void read_keys(struct directory *directory);
static void read_page(struct directory *directory);

static void read_on(void *user) {
    struct directory *directory = user;
    if (directory->reading.has_keys)
        read_page(directory);
    else
        read_keys(directory);
}

/* What could not be read is asked for again. */
static void read_later(struct directory *directory, const char *what, muster_status status) {
    fail(directory, what, status);
    if (status != MUSTER_CLOSED)
        (void)directory->host->loop->timer_start(directory->self, READ_AGAIN_MS, 0, read_on,
                                                 directory, &directory->reading.again);
}

static bool put_server(struct directory *directory, const struct muster_db_value *cells) {
    char text[TEXT_MAX];
    struct key *key = keys_find_id(directory, cell_text(&cells[1], text, sizeof text));
    json_t *info = cells[5].type == MUSTER_DB_TEXT
                       ? json_loadb(cells[5].bytes.data, cells[5].bytes.len, 0, NULL)
                       : NULL;
    struct server *server =
        key && json_is_object(info)
            ? servers_put(directory, key, cell_text(&cells[0], text, sizeof text))
            : NULL;
    if (!server) {
        json_decref(info);
        return false;
    }
    cell_text(&cells[2], server->address, sizeof server->address);
    server->port = (uint32_t)cell_integer(&cells[3]);
    server->tls = cell_integer(&cells[4]) != 0;
    servers_describe(server, info);
    cell_hex(&cells[6], server->token_digest);
    server->token_expires_ms = key->revoked_ms ? 0 : cell_integer(&cells[7]);
    cell_hex(&cells[8], server->proof_secret);
    server->first_seen_ms = cell_integer(&cells[9]);
    server->proven_ms = cell_integer(&cells[10]);
    return true;
}

static void on_servers(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct directory *directory = user;
    char *last = directory->reading.after;
    if (status != MUSTER_OK) {
        read_later(directory, "the servers were not read", status);
        return;
    }
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const struct muster_db_value *cells = &rows->cells[(size_t)i * rows->column_count];
        cell_text(&cells[0], last, sizeof directory->reading.after);
        if (!put_server(directory, cells))
            fail(directory, "a server's row was left out", MUSTER_INVALID);
    }
    if (rows->row_count == PAGE_ROWS)
        read_page(directory);
    else
        directory->is_ready = true;
}

static muster_status ask(struct directory *directory, const struct muster_db_statement *statement,
                         muster_db_fn fn) {
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = 1,
                                              .statements = statement,
                                              .flags = MUSTER_DB_READ_ONLY,
                                              .database = directory->database};
    return directory->host->db->query(directory->self, &request, fn, directory, NULL);
}

static void read_page(struct directory *directory) {
    const struct muster_db_value values[] = {muster_db_text(directory->reading.after),
                                             muster_db_integer(PAGE_ROWS)};
    const struct muster_db_statement statement = {
        "SELECT server_id, key_id, address, port, tls, info, token_digest, token_expires_at,"
        " proof_secret, first_seen_at, proven_at FROM directory_servers WHERE server_id > $1"
        " ORDER BY server_id LIMIT $2",
        values, 2, 0};
    muster_status status = ask(directory, &statement, on_servers);
    if (status != MUSTER_OK) read_later(directory, "the servers were not read", status);
}

static void on_keys(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct directory *directory = user;
    char id[TEXT_MAX], name[TEXT_MAX];
    if (status != MUSTER_OK) {
        read_later(directory, "the keys were not read", status);
        return;
    }
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const struct muster_db_value *cells = &rows->cells[(size_t)i * rows->column_count];
        struct key *key = keys_put(directory, cell_text(&cells[0], id, sizeof id),
                                   cell_text(&cells[2], name, sizeof name));
        if (!key) continue;
        cell_hex(&cells[1], key->digest);
        key->created_ms = cell_integer(&cells[3]);
        key->revoked_ms = cell_integer(&cells[4]);
        key->trust = (uint32_t)cell_integer(&cells[5]);
    }
    directory->reading.has_keys = true;
    read_page(directory);
}

static void read_keys(struct directory *directory) {
    static const struct muster_db_statement statement = {
        "SELECT key_id, digest, operator, created_at, revoked_at, trust FROM directory_keys"
        " ORDER BY created_at",
        NULL, 0, 0};
    muster_status status = ask(directory, &statement, on_keys);
    if (status != MUSTER_OK) read_later(directory, "the keys were not read", status);
}

static void migrated(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct directory *directory = user;
    (void)rows;
    if (status == MUSTER_OK)
        read_keys(directory);
    else
        fail(directory, "the directory's tables could not be made", status);
}

muster_status store_open(struct directory *directory) {
    return directory->host->db->migrate(directory->self, directory->database, "service_directory",
                                        steps, sizeof steps / sizeof steps[0], migrated, directory,
                                        NULL);
}
