/* service_directory - what the files of the plugin share. Loop thread.
 *
 * What must outlive the process lies in the database: registration keys, and the servers with the
 * digests of their tokens. All of it is also in memory, which is what is asked; health, counts and
 * whether a server answers are in memory alone, since beats bring them again.
 */
#ifndef SERVICE_DIRECTORY_H
#define SERVICE_DIRECTORY_H

#include <jansson.h>
#include <muster/host.h>
#include <sodium.h>
#include <uthash.h>

#include "directory/directory.h"

#define DIGEST_BYTES crypto_hash_sha256_BYTES
#define KEY_ID_MAX 13
#define OPERATOR_MAX MUSTER_DISPLAY_MAX
#define CAUSE_MAX 400
#define WHY_MAX 240

/* So many a minute, all of them at once if they come so. */
struct bucket {
    double left;
    uint64_t at_ms; /* 0: never asked */
};

/* An operator's permission to register servers. */
struct key {
    struct key *next;
    char id[KEY_ID_MAX];
    char operator_name[OPERATOR_MAX];
    uint8_t digest[DIGEST_BYTES];
    int64_t created_ms; /* Unix */
    int64_t revoked_ms; /* Unix; 0: it is good */
    uint32_t trust;     /* 0 to 100: what the suspicions of its servers weigh */
    struct bucket proofs;
    uint32_t proofs_running;
    struct bucket registrations;
};

/* What a server has said last. Claims, all of it. */
struct beat {
    int64_t boot_id; /* 0: none since it was registered, or this process began */
    int64_t sequence;
    uint32_t health; /* DIRECTORY_HEALTHY ... */
    double metrics[DIRECTORY_METRICS];
    double tick_lateness_ms;
    uint32_t players;
    uint32_t players_max;
    uint32_t lobbies_max;
    uint32_t free_seats;
    json_t *lobbies; /* owned; null: none said */
};

enum standing {
    STANDING_SILENT,      /* known, and not heard of */
    STANDING_PROBING,     /* waits for its proof */
    STANDING_LISTED,      /* it answers where it says it does */
    STANDING_UNREACHABLE, /* it does not */
};

struct server {
    UT_hash_handle hh;      /* by id */
    UT_hash_handle by_link; /* while it has one */
    struct server *queue_prev, *queue_next;
    struct key *key;
    char id[DIRECTORY_ID_MAX];
    char address[DIRECTORY_ADDRESS_MAX];
    uint32_t port;
    bool tls;
    json_t *info; /* owned: DedicatedServerInfo and tags, checked */
    /* of info, for who looks at all servers */
    const char *name, *region, *version;
    const json_t *game_modes, *tags;
    uint8_t token_digest[DIGEST_BYTES];
    int64_t token_expires_ms;          /* Unix; 0: it has no token */
    uint8_t last_digest[DIGEST_BYTES]; /* of the token before */
    int64_t last_expires_ms;
    uint8_t proof_secret[DIRECTORY_SECRET_BYTES];
    int64_t first_seen_ms;
    int64_t proven_ms; /* Unix: this address was proven first; 0: never yet */
    /* from here on memory alone */
    enum standing standing;
    char cause[CAUSE_MAX]; /* why it is unreachable */
    struct beat beat;
    uint64_t beat_at_ms; /* of the last beat, or the registration */
    bool is_suspect;
    uint64_t suspect_at_ms;
    uint64_t retry_at_ms; /* it is proven again then */
    uint32_t retry_ms;
    uint32_t promised;                   /* players who were sent here since the last beat */
    uint64_t again_at_ms;                /* while it is listed: it is proven again then */
    uint32_t proofs_failed;              /* since one was good */
    uint64_t passed_until_ms;            /* nobody is sent here until then ... */
    uint32_t passed_ms;                  /* ... for so long; 0: it has held the last seat */
    char refused[MUSTER_PLAYER_KEY_MAX]; /* who has got none since; "": nobody */
    struct bucket proofs;
    uint32_t players; /* who are here by their own word as well; of one network 8 at most */
    uint32_t verified_players; /* of these, with an account of some age */
    struct bucket activity;
    uint32_t receipts; /* for activity that is being written */
    struct bucket reports;
    struct proof *proof; /* that runs; null: none */
    bool is_queued;      /* for one */
    muster_ws_id link;
};

/* The list as it is read. */
struct order {
    struct row *rows; /* list.c's */
    uint32_t count;
    uint32_t cap;
    uint64_t made_at_ms; /* 0: it has to be made */
};

struct directory {
    muster_self *self;
    const struct muster_host *host;
    const char *database;
    bool is_ready; /* what the database has is in memory */
    struct {
        muster_timer_id again;
        bool has_keys;
        char after[DIRECTORY_ID_MAX]; /* the server that was read last */
    } reading;
    struct key *keys;
    struct server *servers;
    struct server *linked;
    struct server *queue; /* for proofs, the first is next */
    uint32_t proofs_running;
    uint32_t proofs_failed; /* of servers on the list, one after another */
    bool is_mass_loss;
    uint64_t mass_loss_at_ms;
    struct order order;
    muster_timer_id sweep;
    struct {
        muster_timer_id round;
        size_t kind; /* of rows that is looked at */
    } purge;
    muster_interface_id identities;
    struct allocation *allocations; /* that are under way */
    struct player *players;
    struct presence *presences;
    struct crowd *crowds;
    struct link_order *orders; /* that are not answered yet */
    int64_t last_order;
    struct {
        uint32_t listed;
        uint32_t suspect;
        uint32_t beats;
    } metrics;
    struct {
        uint32_t beat_ms;
        uint32_t suspect_ms;
        uint32_t dead_ms;
        int64_t token_ms;
        uint32_t registrations_per_minute;
        uint32_t servers_per_key;
        uint32_t proofs_per_minute;
        bool allow_private;
    } settings;
};

/* ---- answers.c: why is a sentence ---- */

void refuse(const struct directory *directory, muster_request_id request, uint32_t http,
            const char *code, const char *why);
void refuse_method(const struct directory *directory, muster_request_id request,
                   const char *allowed);
/* 429, with when to come back. */
void refuse_limit(const struct directory *directory, muster_request_id request,
                  const struct bucket *bucket, uint32_t per_minute);
/* json: taken. */
void answer(const struct directory *directory, muster_request_id request, uint32_t http,
            json_t *json);
void answer_empty(const struct directory *directory, muster_request_id request);
/* False: it comes too often, and was told so. */
bool answer_within(const struct directory *directory, muster_request_id request,
                   struct bucket *bucket, uint32_t per_minute);
/* The object that is the request's body, to be released. Null: it was refused. */
json_t *answer_body(const struct directory *directory, const struct muster_http_request *request);

/* ---- secrets.c ---- */

/* prefix and 32 random bytes as base64url. */
void secret_make(const char *prefix, char out[DIRECTORY_TOKEN_MAX]);
void secret_digest(const char *secret, uint8_t out[DIGEST_BYTES]);
/* The digest of what stands behind "Bearer " in the request's authorization. False: nothing. */
bool secret_presented(const struct directory *directory, muster_request_id request,
                      uint8_t out[DIGEST_BYTES]);
bool bucket_take(struct bucket *bucket, uint32_t per_minute, uint64_t now_ms);
/* Seconds until there is one again. */
uint32_t bucket_wait_s(const struct bucket *bucket, uint32_t per_minute);

/* ---- keys.c ---- */

muster_status keys_add_command(struct directory *directory);
/* The good key of that digest. Null: there is none. */
struct key *keys_find(const struct directory *directory, const uint8_t digest[DIGEST_BYTES]);
struct key *keys_find_id(const struct directory *directory, const char *id);
/* A new one in memory alone. Null: out of memory. */
struct key *keys_put(struct directory *directory, const char *id, const char *operator_name);
void keys_clear(struct directory *directory);

/* ---- servers.c: the table in memory ---- */

struct server *servers_find(const struct directory *directory, const char *id);
struct server *servers_find_address(const struct directory *directory, const struct key *key,
                                    const char *address, uint32_t port);
/* The server of that token now, if id is null or its own. Null: none. */
struct server *servers_find_token(const struct directory *directory, const char *id,
                                  const uint8_t digest[DIGEST_BYTES]);
/* Null: out of memory. */
struct server *servers_put(struct directory *directory, struct key *key, const char *id);
/* info: taken. */
void servers_describe(struct server *server, json_t *info);
/* Nothing of what it said counts any more, until it is heard of again. */
void servers_silence(struct directory *directory, struct server *server);
/* Also its token ends, and its link. */
void servers_retire(struct directory *directory, struct server *server);
/* As if it had never been. */
void servers_remove(struct directory *directory, struct server *server);
/* What a server is told about itself: status, address, port, reason. A new reference. */
json_t *servers_standing(const struct directory *directory, const struct server *server);
void servers_clear(struct directory *directory);

/* ---- store.c: the database ---- */

muster_status store_open(struct directory *directory);
/* done, which may be null, is told whether it is on the disk. */
void store_key(struct directory *directory, const struct key *key,
               void (*done)(void *user, muster_status status), void *user);
void store_server(struct directory *directory, const struct server *server,
                  void (*done)(void *user, muster_status status), void *user);
void store_remove(struct directory *directory, const struct server *server);

/* ---- register.c ---- */

void register_post(void *user, const struct muster_http_request *request);
void register_refresh(struct directory *directory, struct server *server,
                      const struct muster_http_request *request);
void register_delete(struct directory *directory, struct server *server,
                     const struct muster_http_request *request);

/* ---- proof.c ---- */

/* Ask the server to prove that it answers at its address; in turn, and not too often. */
void proof_want(struct directory *directory, struct server *server);
/* Those that wait, as far as there is room. */
void proof_pump(struct directory *directory);
/* It needs none any more. */
void proof_drop(struct directory *directory, struct server *server);

/* ---- beats.c ---- */

muster_status beats_serve(struct directory *directory);
void beats_put(struct directory *directory, struct server *server,
               const struct muster_http_request *request);
/* Tell over the link how it stands. */
void beats_tell(struct directory *directory, struct server *server);
void beats_close(struct directory *directory, struct server *server);
/* json: taken; over the link, if there is one. */
void beats_send(struct directory *directory, const struct server *server, json_t *json);
void beats_clear(struct beat *beat);

/* ---- orders.c ---- */

/* answer: borrowed; null: there is none, and will be none. */
typedef void (*order_fn)(void *user, const json_t *answer);

/* json: the order with its kind; taken. done, which may be null, is called once, later.
 * UNAVAILABLE: the server has no link, or there is no memory. */
muster_status orders_send(struct directory *directory, struct server *server, json_t *json,
                          uint32_t wait_ms, order_fn done, void *user) MUSTER_MUST_USE;
/* The same, whatever comes of it. */
void orders_tell(struct directory *directory, struct server *server, json_t *json);
void orders_answered(struct directory *directory, const struct server *server,
                     const json_t *answer);
/* The server's link has ended. */
void orders_drop(struct directory *directory, const struct server *server);

/* ---- players.c ---- */

/* May the player ask for a seat? False: it is refused. */
bool players_may_ask(struct directory *directory, const char *id, muster_request_id request);
/* The player plays there from now on, by the ticket of that issue, and nowhere else. */
void players_sent(struct directory *directory, const char *id, struct server *server,
                  uint32_t issue);
/* The server is about to be no more. */
void players_forget(struct directory *directory, const struct server *server);
void players_clear(struct directory *directory);

/* ---- allocations.c ---- */

muster_status allocations_open(struct directory *directory);
void allocations_post(void *user, const struct muster_http_request *request);
/* Whose access token it came with. False: it was refused. */
bool allocations_know_player(struct directory *directory, const struct muster_http_request *request,
                             struct muster_identity *out);
/* Who signs the players' tickets, for a server that is to verify them. */
void allocations_tell_issuer(const struct directory *directory, json_t *grant);

/* ---- liveness.c ---- */

muster_status liveness_add_metrics(struct directory *directory);
muster_status liveness_start(struct directory *directory);
void liveness_beaten(struct directory *directory, struct server *server);
/* cause: null when the server has proven its address. */
void liveness_proven(struct directory *directory, struct server *server, const char *cause);

/* ---- activity.c ---- */

/* What a server says of a player or a match. Texts are borrowed. */
struct activity {
    const char *key;  /* counted once for each server */
    const char *type; /* "join", "leave", "result" */
    const char *player;
    const char *lobby;
    const char *game_mode;
    const char *match;
    int64_t at_ms;        /* Unix, by the server's clock */
    const json_t *result; /* null: it is none */
};

void activity_post(struct directory *directory, struct server *server,
                   const struct muster_http_request *request);
/* Can it be an id, of whomever it is? */
bool activity_id_is_sound(const char *text);
/* Has it at most so many arrays and objects within each other? */
bool activity_is_flat(const json_t *json, uint32_t depth_max);

/* ---- reports.c ---- */

/* A suspicion. Texts are borrowed. */
struct cheat_report {
    const char *id;
    const char *player;
    const char *match;
    const char *detector;
    int64_t severity; /* 1 to 10 */
    int64_t weight;   /* 0 to 100 */
    const char *text; /* all of it, as JSON */
};

void reports_post(struct directory *directory, struct server *server,
                  const struct muster_http_request *request);

/* ---- presence.c ---- */

void presence_post(void *user, const struct muster_http_request *request);
void presence_delete(void *user, const struct muster_http_request *request);
/* The server says that the player has come or left. */
void presence_heard(struct directory *directory, const struct server *server, const char *player,
                    bool is_there);
/* Those whose last word was long ago are nowhere. */
void presence_sweep(struct directory *directory);
/* The server is about to be no more. */
void presence_forget(struct directory *directory, const struct server *server);
void presence_clear(struct directory *directory);

/* ---- purge.c ---- */

muster_status purge_start(struct directory *directory);
void purge_stop(struct directory *directory);

/* ---- activity_store.c ---- */

muster_status activity_store_open(struct directory *directory);
/* Rows that one server has sent together. Null: out of memory. */
struct activity_batch *activity_store_begin(struct directory *directory,
                                            const struct server *server);
/* False: it is too long, or out of memory. */
bool activity_store_add(struct activity_batch *batch, const struct activity *activity);
bool activity_store_add_report(struct activity_batch *batch, const struct cheat_report *report);
/* done, which may be null, is told whether all of them are on the disk. batch, which may be null,
 * is gone. */
void activity_store_end(struct activity_batch *batch,
                        void (*done)(void *user, muster_status status), void *user);

/* ---- list.c ---- */

void list_get(void *user, const struct muster_http_request *request);
void list_get_one(struct directory *directory, struct server *server,
                  const struct muster_http_request *request);
/* A server has come or gone. */
void list_changed(struct directory *directory);
void list_clear(struct directory *directory);

#endif
