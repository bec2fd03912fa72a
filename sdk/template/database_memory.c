/* database_memory - the shape of a database plugin, over a table that is gone with the process.
 *
 * It knows the statements "put $1 $2" and "get $1" and refuses all others, so plugins that keep
 * tables do not start on it.
 * What a driver of a real database has to keep is here: a request is done whole or not at all, its
 * answer never comes within the call, and answers come in the order of the questions.
 */
#include <muster/plugin.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX 64
enum { PUT, GET };

struct pair {
    struct pair *next;
    uint64_t key_len, value_len;
    char bytes[]; /* key, value */
};

struct request {
    struct request *next;
    muster_db_ticket_id ticket;
    uint32_t count;
    uint32_t verbs[STATEMENTS_MAX];
    struct pair *pairs[STATEMENTS_MAX];
};

struct memory {
    muster_self *self;
    const struct muster_host *host;
    struct pair *pairs;
    struct request *waiting;
};

static void request_free(struct request *request) {
    for (uint32_t i = 0; i < request->count; i++) free(request->pairs[i]);
    free(request);
}

/* All that may fail is done here, so that a request that was taken can be done whole. */
static muster_status statement_take(struct request *request, uint32_t flags,
                                    const struct muster_db_statement *statement) {
    const struct muster_db_value *params = statement->params;
    uint32_t verb = strcmp(statement->sql, "put $1 $2") == 0 ? PUT : GET;
    if (verb == GET && strcmp(statement->sql, "get $1") != 0) return MUSTER_UNSUPPORTED;
    if (verb == PUT && flags & MUSTER_DB_READ_ONLY) return MUSTER_DENIED;
    if (statement->changes && statement->changes != (verb == PUT)) return MUSTER_CONFLICT;
    if (statement->param_count != (verb == PUT ? 2u : 1u)) return MUSTER_INVALID;
    if (params[0].type != MUSTER_DB_TEXT || params[verb == PUT].type != MUSTER_DB_TEXT)
        return MUSTER_INVALID;
    uint64_t value_len = verb == PUT ? params[1].bytes.len : 0;
    struct pair *pair = malloc(sizeof *pair + params[0].bytes.len + value_len);
    if (!pair) return MUSTER_NO_MEMORY;
    *pair = (struct pair){.key_len = params[0].bytes.len, .value_len = value_len};
    memcpy(pair->bytes, params[0].bytes.data, pair->key_len);
    if (value_len) memcpy(pair->bytes + pair->key_len, params[1].bytes.data, value_len);
    request->verbs[request->count] = verb;
    request->pairs[request->count++] = pair;
    return MUSTER_OK;
}

/* Where the pair of this key is, or would be. */
static struct pair **find(struct memory *memory, const struct pair *key) {
    struct pair **at = &memory->pairs;
    while (*at &&
           ((*at)->key_len != key->key_len || memcmp((*at)->bytes, key->bytes, key->key_len) != 0))
        at = &(*at)->next;
    return at;
}

/* The oldest that waits, and its answer: the rows of its last statement. */
static void request_run(void *user) {
    static const char *const columns[] = {"value"};
    struct memory *memory = user;
    struct request *request = memory->waiting;
    struct pair **found = NULL;
    struct muster_db_value cell = {.type = MUSTER_DB_TEXT};
    struct muster_db_rows rows = {
        .size = sizeof rows, .column_count = 1, .columns = columns, .cells = &cell};
    if (!request) return;
    memory->waiting = request->next;
    for (uint32_t i = 0; i < request->count; i++) {
        found = find(memory, request->pairs[i]);
        if (request->verbs[i] == GET) continue;
        struct pair *old = *found;
        request->pairs[i]->next = old ? old->next : NULL;
        *found = request->pairs[i];
        request->pairs[i] = old;
    }
    if (found && *found && request->verbs[request->count - 1] == GET) {
        rows.row_count = 1;
        cell.bytes =
            (struct muster_bytes){(*found)->bytes + (*found)->key_len, (*found)->value_len};
    }
    memory->host->db->complete(memory->self, request->ticket, MUSTER_OK, &rows);
    request_free(request);
}

static muster_status memory_submit(void *instance, muster_db_ticket_id ticket,
                                   const struct muster_db_request *request) {
    struct memory *memory = instance;
    struct request **end = &memory->waiting;
    struct request *taken = calloc(1, sizeof *taken);
    if (!taken) return MUSTER_NO_MEMORY;
    taken->ticket = ticket;
    muster_status status = MUSTER_OK;
    for (uint32_t i = 0; status == MUSTER_OK && i < request->statement_count; i++)
        status = statement_take(taken, request->flags, &request->statements[i]);
    if (status == MUSTER_OK) status = memory->host->loop->post(memory->self, request_run, memory);
    while (*end) end = &(*end)->next;
    *end = status == MUSTER_OK ? taken : NULL;
    if (status != MUSTER_OK) request_free(taken);
    return status;
}

static muster_status memory_migrate(void *instance, muster_db_ticket_id ticket,
                                    const char *component, const char *const *steps,
                                    uint32_t step_count) {
    (void)instance, (void)ticket, (void)component, (void)steps, (void)step_count;
    return MUSTER_UNSUPPORTED; /* a driver runs the steps and answers as in submit */
}

static void memory_stop(void *instance) {
    struct memory *memory = instance;
    while (memory->waiting) request_run(memory);
}

static void memory_fini(void *instance) {
    struct memory *memory = instance;
    for (struct pair *pair; (pair = memory->pairs); free(pair)) memory->pairs = pair->next;
    free(memory);
}

static muster_status memory_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct memory *memory = calloc(1, sizeof *memory);
    if (!memory) return MUSTER_NO_MEMORY;
    *memory = (struct memory){.self = self, .host = host}, *instance = memory;
    return MUSTER_OK;
}

static const struct muster_database database = {
    .size = sizeof database, .submit = memory_submit, .migrate = memory_migrate};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_DATABASE, .vtable = &database}};

MUSTER_PLUGIN(.name = "database_memory", .version = "1.0.0",
              .description = "Texts by key, in memory.", .roles = roles, .role_count = 1,
              .init = memory_init, .stop = memory_stop, .fini = memory_fini);
