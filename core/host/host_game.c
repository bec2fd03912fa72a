/* host->player and host->db. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "host_internal.h"
#include "lobby.h"
#include "pending.h"
#include "store.h"

/* ---- player ---------------------------------------------------------------------------------- */

static muster_status player_get_fn(muster_self *self, muster_player_id id,
                                   struct muster_player_info *out) {
    HOST_CHECK_THREAD(self);
    if (!ABI_GIVEN(self, muster_player_info, out)) return MUSTER_INVALID;
    const struct session *session = session_find(id);
    if (!session) return MUSTER_NOT_FOUND;
    const struct lobby *lobby = lobby_find(session->lobby);
    bool seated = lobby && !lobby_member_is_spectator(lobby, session->member);
    struct muster_player_info info = {
        .connected = session->client != NULL,
        .player = session->id,
        .lobby = session->lobby,
        .seat = seated ? session->member : MUSTER_SEAT_NONE,
        .ping_ms = session->rtt_ms,
    };
    memcpy(info.player_key, session->player_key, sizeof info.player_key);
    memcpy(info.display_name, session->display_name, sizeof info.display_name);
    memcpy(info.region, session->region, sizeof info.region);
    memcpy(info.permissions, session->permissions, sizeof info.permissions);
    abi_copy_out(out, &info);
    return MUSTER_OK;
}

static muster_status player_find_fn(muster_self *self, const char *player_key,
                                    muster_player_id *out) {
    HOST_CHECK_THREAD(self);
    if (!player_key || !out) return MUSTER_INVALID;
    const struct session *session = session_find_key(player_key);
    if (!session) return MUSTER_NOT_FOUND;
    *out = session->id;
    return MUSTER_OK;
}

static muster_status player_next_fn(muster_self *self, muster_player_id previous,
                                    struct muster_player_info *out) {
    HOST_CHECK_THREAD(self);
    muster_player_id id = previous;
    return session_next(&id) ? player_get_fn(self, id, out) : MUSTER_NOT_FOUND;
}

static muster_status player_notify_fn(muster_self *self, muster_player_id id, const char *method,
                                      const char *params_json) {
    HOST_CHECK_THREAD(self);
    struct session *session = session_find(id);
    if (!session) return MUSTER_NOT_FOUND;
    json_t *params = host_params(self, method, params_json);
    if (!params) return MUSTER_INVALID;
    session_notify(session, method, params);
    return MUSTER_OK;
}

struct termination {
    muster_player_id player;
    char reason[MUSTER_REASON_MAX * 2];
};

static void do_terminate(void *user) {
    struct termination *wanted = user;
    struct session *session = session_find(wanted->player);
    if (session) session_terminate(session, wanted->reason, MUSTER_LEAVE_KICK);
    free(wanted);
}

static muster_status player_kick_fn(muster_self *self, muster_player_id id, const char *reason) {
    HOST_CHECK_THREAD(self);
    if (!session_find(id)) return MUSTER_NOT_FOUND;
    struct termination *wanted = calloc(1, sizeof *wanted);
    if (!wanted) return MUSTER_NO_MEMORY;
    wanted->player = id;
    snprintf(wanted->reason, sizeof wanted->reason, "%s", reason ? reason : "");
    muster_status status = host_defer(do_terminate, wanted);
    if (status) free(wanted);
    return status;
}

static muster_status auth_complete_fn(muster_self *self, muster_auth_ticket_id ticket,
                                      muster_verdict verdict,
                                      const struct muster_identity *identity) {
    HOST_CHECK_THREAD(self);
    struct auth_answer answer = {.verdict = verdict};
    if (!auth_is_verdict(verdict))
        plugin_fault(self, "player->auth_complete: %u is no verdict of an auth", verdict);
    if (identity && !ABI_COPY_IN(self, muster_identity, &answer.identity, identity))
        return MUSTER_INVALID;
    return pending_complete(self, "auth", ticket.value, MUSTER_OK, &answer);
}

static muster_status try_take_fn(muster_self *self, muster_player_id id, const char *name,
                                 uint32_t player_per_minute, uint32_t address_per_minute,
                                 uint32_t *wait_ms) {
    HOST_CHECK_THREAD(self);
    char full[160];
    uint32_t wait = 0;
    const struct session *session = session_find(id);
    if (!session) return MUSTER_NOT_FOUND;
    if (!name || !player_per_minute || !address_per_minute) return MUSTER_INVALID;
    int len = snprintf(full, sizeof full, "%s/%s", self->name, name);
    if (len < 0 || (size_t)len >= sizeof full) return MUSTER_INVALID;
    struct party *address = session->client ? session->client->party : NULL;
    bool taken = party_take_named(session->party, address, full, player_per_minute,
                                  address_per_minute, &wait);
    if (wait_ms) *wait_ms = wait;
    return taken ? MUSTER_OK : MUSTER_LIMIT;
}

const struct muster_host_player host_player_group = {
    .size = sizeof host_player_group,
    .get = player_get_fn,
    .find = player_find_fn,
    .next = player_next_fn,
    .notify = player_notify_fn,
    .kick = player_kick_fn,
    .auth_complete = auth_complete_fn,
    .try_take = try_take_fn,
};

/* ---- db -------------------------------------------------------------------------------------- */

#define DB_STATEMENTS_MAX 64

static bool statements_given(const struct muster_db_request *request) {
    if (!request->statements || request->statement_count > DB_STATEMENTS_MAX) return false;
    for (uint32_t i = 0; i < request->statement_count; i++) {
        const struct muster_db_statement *statement = &request->statements[i];
        if (!statement->sql || (statement->param_count && !statement->params)) return false;
    }
    return true;
}

/* Nothing has to be synced of what changes nothing; and what runs twice would not find the same
 * number of rows again. */
static bool flags_fit(const struct muster_db_request *request) {
    const uint32_t known = MUSTER_DB_READ_ONLY | MUSTER_DB_UNORDERED;
    bool is_kept = request->durable & MUSTER_DB_KEPT;
    if (request->flags & ~known) return false;
    if (request->durable & ~(uint32_t)(MUSTER_DB_SYNCED | MUSTER_DB_KEPT)) return false;
    if (request->flags && request->durable) return false;
    for (uint32_t i = 0; is_kept && i < request->statement_count; i++)
        if (request->statements[i].changes) return false;
    return true;
}

static muster_status db_query_fn(muster_self *self, const struct muster_db_request *request,
                                 muster_db_fn fn, void *user, muster_query_id *out) {
    HOST_CHECK_STARTED(self);
    struct muster_db_request full;
    if (!ABI_COPY_IN(self, muster_db_request, &full, request)) return MUSTER_INVALID;
    if (!statements_given(&full) || !flags_fit(&full)) return MUSTER_INVALID;
    if (full.durable & MUSTER_DB_KEPT) return fn ? MUSTER_INVALID : store_keep(self, &full);
    return store_submit(self, &full, fn, user, out);
}

static muster_status db_migrate_fn(muster_self *self, const char *database, const char *component,
                                   const char *const *steps, uint32_t step_count, muster_db_fn fn,
                                   void *user, muster_query_id *out) {
    HOST_CHECK_STARTED(self);
    bool is_given = component && (steps || !step_count);
    for (uint32_t i = 0; is_given && i < step_count; i++) is_given = steps[i] != NULL;
    if (!is_given) return MUSTER_INVALID;
    return store_migrate(self, database, component, steps, step_count, fn, user, out);
}

static muster_status db_query_cancel_fn(muster_self *self, muster_query_id id) {
    HOST_CHECK_THREAD(self);
    return store_cancel(self, id);
}

static muster_status db_complete_fn(muster_self *self, muster_db_ticket_id ticket,
                                    muster_status status, const struct muster_db_rows *rows) {
    HOST_CHECK_THREAD(self);
    struct muster_db_rows full;
    if (!rows) return pending_complete(self, "db", ticket.value, status, NULL);
    if (!ABI_COPY_IN(self, muster_db_rows, &full, rows)) return MUSTER_INVALID;
    return pending_complete(self, "db", ticket.value, status, &full);
}

const struct muster_host_db host_db_group = {
    .size = sizeof host_db_group,
    .query = db_query_fn,
    .migrate = db_migrate_fn,
    .complete = db_complete_fn,
    .query_cancel = db_query_cancel_fn,
};
