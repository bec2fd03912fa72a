/* proof - does a server answer where it says it does? The directory connects to it, says a nonce,
 * and wants the HMAC of it that only who registered the server can know. At most 20 at once, 4
 * of one key; who was never found anywhere pays from the allowance of its key, so that nobody has
 * the directory knock at strangers' doors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "service_directory.h"

#define RUNNING_MAX 20
#define RUNNING_OF_KEY_MAX 4
#define TIMEOUT_MS 3000
#define ANSWER_BYTES_MAX 1024
#define URL_MAX (DIRECTORY_ADDRESS_MAX + 32)

struct proof {
    struct directory *directory;
    struct server *server; /* null: it has its verdict, or is gone */
    struct key *key;
    muster_ws_id ws;
    muster_timer_id timer;
    bool is_open;
    char nonce[DIRECTORY_HEX_MAX];
};

/* The verdict; cause: null for a good one. */
static void settle(struct proof *proof, const char *cause) {
    struct directory *directory = proof->directory;
    struct server *server = proof->server;
    if (!server) return;
    proof->server = NULL;
    server->proof = NULL;
    (void)directory->host->loop->timer_stop(directory->self, proof->timer);
    (void)directory->host->ws->close(directory->self, proof->ws, 1000);
    liveness_proven(directory, server, cause);
}

/* ---- the connection -------------------------------------------------------------------------- */

static void on_open(void *user) {
    struct proof *proof = user;
    const struct directory *directory = proof->directory;
    char text[DIRECTORY_HEX_MAX + 16];
    int len = snprintf(text, sizeof text, "{\"nonce\":\"%s\"}", proof->nonce);
    proof->is_open = true;
    (void)directory->host->ws->send(directory->self, proof->ws, 0,
                                    (struct muster_bytes){text, (uint64_t)len});
}

static bool is_right(const struct proof *proof, struct muster_bytes data) {
    const struct server *server = proof->server;
    char wanted[DIRECTORY_HEX_MAX];
    json_t *said = json_loadb(data.data, data.len, JSON_REJECT_DUPLICATES, NULL);
    const char *text = json_string_value(json_object_get(said, "proof"));
    directory_proof(server->proof_secret, proof->nonce, server->id, server->address, server->port,
                    wanted);
    bool is_same = text && strlen(text) == sizeof wanted - 1 &&
                   sodium_memcmp(text, wanted, sizeof wanted - 1) == 0;
    json_decref(said);
    return is_same;
}

static void on_message(void *user, uint32_t binary, struct muster_bytes data) {
    struct proof *proof = user;
    (void)binary;
    if (proof->server)
        settle(proof, is_right(proof, data) ? NULL : "somebody answers there, but not this server");
}

static const char *cause_of(const struct proof *proof, muster_status status) {
    switch (status) {
    case MUSTER_DENIED: return "it is no address of the public internet";
    case MUSTER_LIMIT: return "the answer is too long";
    case MUSTER_TIMEOUT: return "nobody answers there in time";
    default:
        return proof->is_open ? "the connection was closed without an answer"
                              : "no connection, or no server that answers at " DIRECTORY_PROOF_PATH;
    }
}

static void on_close(void *user, muster_status status, uint32_t code) {
    struct proof *proof = user;
    struct directory *directory = proof->directory;
    (void)code;
    settle(proof, cause_of(proof, status));
    directory->proofs_running--;
    proof->key->proofs_running--;
    free(proof);
    proof_pump(directory);
}

static void on_late(void *user) {
    struct proof *proof = user;
    settle(proof, "nobody answers there within 3 s");
}

static muster_status connect_to(struct proof *proof) {
    struct directory *directory = proof->directory;
    const struct server *server = proof->server;
    bool is_v6 = strchr(server->address, ':') != NULL;
    char url[URL_MAX];
    snprintf(url, sizeof url, "%s://%s%s%s:%u" DIRECTORY_PROOF_PATH, server->tls ? "wss" : "ws",
             is_v6 ? "[" : "", server->address, is_v6 ? "]" : "", server->port);
    const struct muster_ws_client client = {
        .size = sizeof client,
        .url = url,
        .subprotocol = DIRECTORY_SUBPROTOCOL,
        .open = on_open,
        .message = on_message,
        .close = on_close,
        .flags = directory->settings.allow_private ? 0 : MUSTER_WS_PUBLIC,
        .message_max_bytes = ANSWER_BYTES_MAX};
    return directory->host->ws->open(directory->self, &client, proof, &proof->ws);
}

/* OK; or it is tried again (STATE: the network is not up, LIMIT, NO_MEMORY); others: it never will
 * be. */
static muster_status begin(struct directory *directory, struct server *server) {
    uint8_t nonce[32];
    struct proof *proof = calloc(1, sizeof *proof);
    if (!proof) return MUSTER_NO_MEMORY;
    proof->directory = directory;
    proof->server = server;
    proof->key = server->key;
    randombytes_buf(nonce, sizeof nonce);
    sodium_bin2hex(proof->nonce, sizeof proof->nonce, nonce, sizeof nonce);
    muster_status status = directory->host->loop->timer_start(directory->self, TIMEOUT_MS, 0,
                                                              on_late, proof, &proof->timer);
    if (!status) {
        status = connect_to(proof);
        if (status) (void)directory->host->loop->timer_stop(directory->self, proof->timer);
    }
    if (status) {
        free(proof);
        return status;
    }
    directory->proofs_running++;
    proof->key->proofs_running++;
    server->proof = proof;
    return MUSTER_OK;
}

/* ---- the queue ------------------------------------------------------------------------------- */

static bool may_begin(struct directory *directory, struct server *server, uint64_t now_ms) {
    struct bucket *payer = server->proven_ms ? &server->proofs : &server->key->proofs;
    return bucket_take(payer, directory->settings.proofs_per_minute, now_ms);
}

static void dequeue(struct directory *directory, struct server *server) {
    DL_DELETE2(directory->queue, server, queue_prev, queue_next);
    server->is_queued = false;
}

void proof_pump(struct directory *directory) {
    uint64_t now_ms = directory->host->loop->now_ms(directory->self);
    struct server *server, *next;
    DL_FOREACH_SAFE2(directory->queue, server, next, queue_next) {
        if (directory->proofs_running >= RUNNING_MAX) return;
        if (server->key->proofs_running >= RUNNING_OF_KEY_MAX) continue;
        if (!may_begin(directory, server, now_ms)) continue;
        muster_status status = begin(directory, server);
        bool is_later =
            status == MUSTER_STATE || status == MUSTER_LIMIT || status == MUSTER_NO_MEMORY;
        if (is_later) return;
        dequeue(directory, server);
        if (status) liveness_proven(directory, server, "it cannot be connected to");
    }
}

void proof_want(struct directory *directory, struct server *server) {
    if (server->proof || server->is_queued) return;
    DL_APPEND2(directory->queue, server, queue_prev, queue_next);
    server->is_queued = true;
    proof_pump(directory);
}

void proof_drop(struct directory *directory, struct server *server) {
    struct proof *proof = server->proof;
    if (server->is_queued) dequeue(directory, server);
    if (!proof) return;
    proof->server = NULL;
    server->proof = NULL;
    (void)directory->host->loop->timer_stop(directory->self, proof->timer);
    (void)directory->host->ws->close(directory->self, proof->ws, 1000);
}
