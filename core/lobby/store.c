#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "log.h"
#include "loop.h"
#include "outbox.h"
#include "pending.h"
#include "registry.h"
#include "store_rows.h"

#define QUERY_DEADLINE_MS 30000
#define BACKUP_DEADLINE_MS 3600000
#define PROBE_EVERY_MS 1000
#define PROBE_SILENT_MS 2000

/* ---- the database role ----------------------------------------------------------------------- */

struct query {
    struct resource resource; /* when a plugin asks */
    struct muster_self *asker;
    bool is_migration;
    muster_db_fn fn;
    void *user;
    muster_db_ticket_id ticket;
    bool *answered; /* while the database is being asked; or null */
    /* Answered inside a plugin's call: it waits for a turn of its own. */
    struct query *prev, *next;
    bool is_waiting;
    uint64_t turn; /* after which it is told */
    muster_status status;
    struct muster_db_rows *rows; /* owned; or null */
};

static struct query *told_later; /* in order */
static bool turn_posted;
static uint64_t turn;

static uint32_t waiting; /* queries that are not answered yet */

uint32_t store_waiting(void) {
    return waiting;
}

/* The start of the node waits for the tables that plugins have asked for. */
static struct {
    uint32_t migrating; /* not answered yet */
    muster_status status;
    bool is_over;
    void (*fn)(void *user, muster_status status); /* null: store_start was not called yet */
    void *user;
} start;

static void look_at_start(void) {
    if (!start.fn || start.migrating) return;
    void (*fn)(void *user, muster_status status) = start.fn;
    start.fn = NULL;
    start.is_over = true;
    if (!start.status) outbox_start();
    fn(start.user, start.status);
}

static void note_migrated(muster_status status) {
    if (status && !start.is_over) start.status = status;
    look_at_start();
}

static void free_query(struct query *query) {
    waiting--;
    start.migrating -= query->is_migration;
    free(query);
}

static void tell_asker(const struct query *query, muster_status status,
                       const struct muster_db_rows *rows) {
    if (query->asker) plugin_enter(query->asker, "db.answer");
    query->fn(query->user, status, rows);
    if (query->asker) plugin_leave();
}

/* It is over: the query is gone before its asker is told. */
static void end_query(struct query *query, muster_status status,
                      const struct muster_db_rows *rows) {
    struct query done = *query;
    if (done.answered) *done.answered = true;
    if (done.resource.is_cancelled) status = MUSTER_CLOSED;
    if (done.is_waiting) DL_DELETE(told_later, query);
    if (done.asker) resource_remove(&query->resource);
    free_query(query);
    if (done.fn) tell_asker(&done, status, status ? NULL : rows);
    if (done.is_migration) note_migrated(status);
    free(done.rows);
}

/* What is answered meanwhile waits for the next turn. */
static void tell_waiting(void) {
    uint64_t until = turn++;
    while (told_later && told_later->turn <= until)
        end_query(told_later, told_later->status, told_later->rows);
}

static void on_turn(void *user) {
    (void)user;
    turn_posted = false;
    tell_waiting();
}

/* False: there is no room for it to wait. */
static bool tell_later(struct query *query, muster_status status,
                       const struct muster_db_rows *rows) {
    if (!turn_posted) turn_posted = loop_post(on_turn, NULL) == MUSTER_OK;
    if (!turn_posted) return false;
    query->status = status;
    if (!status && rows && query->fn) {
        query->rows = store_rows_copy(rows);
        if (!query->rows) query->status = MUSTER_NO_MEMORY;
    }
    if (query->answered) *query->answered = true;
    query->answered = NULL;
    query->is_waiting = true;
    query->turn = turn;
    DL_APPEND(told_later, query);
    return true;
}

/* Mostly inside a call of the database's, in which its asker would ask it on; or inside the asker's
 * own. */
static void on_answer(void *user, muster_status status, const void *answer) {
    struct query *query = user;
    if (plugin_depth() > 0 && query->asker && tell_later(query, status, answer)) return;
    if (plugin_depth() == 0) tell_waiting();
    end_query(query, status, answer);
}

/* The database does it all the same. A table that nobody wants any more is not waited for. */
static void close_query(struct resource *resource) {
    struct query *query = (struct query *)resource;
    if (query->is_waiting) {
        end_query(query, query->status, query->rows);
        return;
    }
    start.migrating -= query->is_migration;
    query->is_migration = false;
    pending_cancel(query->ticket.value);
    end_query(query, MUSTER_CLOSED, NULL);
    look_at_start();
}

static const struct resource_kind query_kind = {"query", close_query, true};

static muster_status open_query(struct muster_self *asker, struct provider *db,
                                uint32_t deadline_ms, muster_db_fn fn, void *user,
                                struct query **out) {
    struct query *query = calloc(1, sizeof *query);
    if (!query) return MUSTER_NO_MEMORY;
    query->asker = asker;
    query->fn = fn;
    query->user = user;
    muster_status status =
        pending_open(db->self, "db", deadline_ms, on_answer, query, &query->ticket.value);
    if (status) {
        free(query);
        return status;
    }
    if (asker) resource_add(asker, &query->resource, &query_kind);
    waiting++;
    *out = query;
    return MUSTER_OK;
}

/* answered: in the call, so that the query is gone; a refusal on top of that is worth nothing. */
static muster_status finish_query(struct query *query, bool answered, muster_status status,
                                  muster_db_ticket_id ticket, muster_query_id *out) {
    if (answered) status = MUSTER_OK;
    if (!answered) query->answered = NULL;
    if (status) {
        pending_close(ticket.value);
        if (query->asker) resource_remove(&query->resource);
        free_query(query);
    } else if (out) {
        out->value = ticket.value;
    }
    return status;
}

/* One question to the role. */
struct question {
    const char *database;
    const char *call; /* for the watchdog */
    muster_status (*ask)(const struct provider *db, muster_db_ticket_id ticket, const void *what);
    const void *what;
    uint32_t deadline_ms;
    bool is_migration;
};

/* A name comes from a configuration: whoever wrote it is told. */
static struct provider *find_database(const struct muster_self *asker, const char *name) {
    struct provider *db = registry_named(MUSTER_ROLE_DATABASE, name);
    if (!db && name && name[0])
        log_error("store",
                  "%s asks for the database \"%.64s\", but no database plugin of the list has this "
                  "instance name (PLUGIN:%.64s)",
                  asker ? asker->instance_name : "the node", name, name);
    return db;
}

static muster_status ask_database(struct muster_self *asker, const struct question *question,
                                  muster_db_fn fn, void *user, muster_query_id *out) {
    struct provider *db = find_database(asker, question->database);
    if (!db) return MUSTER_UNAVAILABLE;
    struct query *query;
    muster_status status = open_query(asker, db, question->deadline_ms, fn, user, &query);
    if (status) return status;
    query->is_migration = question->is_migration;
    start.migrating += question->is_migration;
    bool answered = false; /* it may come, and free the query, in the call */
    query->answered = &answered;
    muster_db_ticket_id ticket = query->ticket;
    plugin_enter_part(db->self, question->call); /* a database may ask itself */
    status = question->ask(db, ticket, question->what);
    plugin_leave();
    return finish_query(query, answered, status, ticket, out);
}

static muster_status ask_submit(const struct provider *db, muster_db_ticket_id ticket,
                                const void *what) {
    return db->database.submit(db->instance, ticket, what);
}

muster_status store_submit(struct muster_self *asker, const struct muster_db_request *request,
                           muster_db_fn fn, void *user, muster_query_id *out) {
    const struct question question = {.database = request->database,
                                      .call = "database.submit",
                                      .ask = ask_submit,
                                      .what = request,
                                      .deadline_ms = QUERY_DEADLINE_MS};
    if (!registry_first(MUSTER_ROLE_DATABASE)) return MUSTER_UNAVAILABLE;
    if (request->statement_count == 0 || request->statement_count > 64) return MUSTER_INVALID;
    return ask_database(asker, &question, fn, user, out);
}

muster_status store_cancel(const struct muster_self *asker, muster_query_id id) {
    struct query *query = pending_user(id.value, on_answer);
    if (!query) DL_SEARCH_SCALAR(told_later, query, ticket.value, id.value);
    if (!query || query->asker != asker || query->resource.is_cancelled) return MUSTER_NOT_FOUND;
    muster_status status = resource_cancel(&query->resource);
    if (!status) pending_cancel(query->ticket.value);
    return status;
}

muster_status store_keep(const struct muster_self *asker, const struct muster_db_request *request) {
    const struct provider *db = find_database(asker, request->database);
    if (!db) return MUSTER_UNAVAILABLE;
    return outbox_add(asker->instance_name, db->self->instance_name, request);
}

struct migration {
    const char *component;
    const char *const *steps;
    uint32_t step_count;
};

static muster_status ask_migrate(const struct provider *db, muster_db_ticket_id ticket,
                                 const void *what) {
    const struct migration *migration = what;
    return db->database.migrate(db->instance, ticket, migration->component, migration->steps,
                                migration->step_count);
}

muster_status store_migrate(struct muster_self *asker, const char *database, const char *component,
                            const char *const *steps, uint32_t step_count, muster_db_fn fn,
                            void *user, muster_query_id *out) {
    const struct migration migration = {component, steps, step_count};
    const struct question question = {.database = database,
                                      .call = "database.migrate",
                                      .ask = ask_migrate,
                                      .what = &migration,
                                      .deadline_ms = QUERY_DEADLINE_MS,
                                      .is_migration = true};
    return ask_database(asker, &question, fn, user, out);
}

static muster_status ask_backup(const struct provider *db, muster_db_ticket_id ticket,
                                const void *what) {
    return db->database.backup ? db->database.backup(db->instance, ticket, what)
                               : MUSTER_UNSUPPORTED;
}

muster_status store_backup(const char *database, const char *path, muster_db_fn fn, void *user) {
    const struct question question = {.database = database,
                                      .call = "database.backup",
                                      .ask = ask_backup,
                                      .what = path,
                                      .deadline_ms = BACKUP_DEADLINE_MS};
    return ask_database(NULL, &question, fn, user, NULL);
}

/* ---- is it there ----------------------------------------------------------------------------- */

struct probe {
    struct probe *next;
    char database[MUSTER_NAME_MAX];
    bool asked;
    bool failed;
    uint64_t asked_ms;
};
static struct probe *probes;

static void on_probe(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct probe *probe = user;
    (void)rows;
    probe->asked = false;
    probe->failed = status != MUSTER_OK;
}

static void probe_begin(struct probe *probe) {
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {.size = sizeof request,
                                              .statement_count = 1,
                                              .statements = &statement,
                                              .database = probe->database};
    probe->asked = true;
    probe->asked_ms = loop_now_ms();
    muster_status status = store_submit(NULL, &request, on_probe, probe, NULL);
    if (status) on_probe(probe, status, NULL);
}

static struct probe *probe_of(const char *database) {
    struct probe *probe;
    LL_FOREACH(probes, probe)
    if (strcmp(probe->database, database) == 0) return probe;
    probe = calloc(1, sizeof *probe);
    if (!probe) return NULL;
    snprintf(probe->database, sizeof probe->database, "%s", database);
    LL_APPEND(probes, probe);
    return probe;
}

static bool is_there(const char *database) {
    struct probe *probe = probe_of(database);
    if (!probe) return false;
    if (!probe->asked && loop_now_ms() - probe->asked_ms >= PROBE_EVERY_MS) probe_begin(probe);
    return !probe->failed && !(probe->asked && loop_now_ms() - probe->asked_ms >= PROBE_SILENT_MS);
}

const char *store_trouble(void) {
    bool all_are_there = true;
    for (const struct provider *db = registry_first(MUSTER_ROLE_DATABASE); db; db = db->next)
        all_are_there = is_there(db->self->instance_name) && all_are_there;
    if (outbox_trouble()) return outbox_trouble();
    return all_are_there ? NULL : "the database does not answer";
}

/* ---- start and end --------------------------------------------------------------------------- */

void store_start(void (*fn)(void *user, muster_status status), void *user) {
    if (!registry_first(MUSTER_ROLE_DATABASE))
        log_warn("store", "no database plugin is configured: nothing is kept");
    else if (!registry_first(MUSTER_ROLE_REPORTER))
        log_warn("store", "no reporter plugin is configured: results of matches are not kept");
    start.fn = fn;
    start.user = user;
    look_at_start();
}

void store_deinit(void) {
    start.fn = NULL;
    start.status = MUSTER_OK;
    start.is_over = false;
    turn_posted = false;
    for (struct probe *probe; (probe = probes); free(probe)) probes = probe->next;
}
