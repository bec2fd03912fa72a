/* service_registrar - what the files of the plugin share. Loop thread.
 *
 * One step follows another, each with its own end: register, keep the link, and when that is lost
 * ask whether the token is still good before the link is made again. Between steps a timer waits,
 * longer each time that one fails.
 */
#ifndef SERVICE_REGISTRAR_H
#define SERVICE_REGISTRAR_H

#include <jansson.h>
#include <muster/host.h>
#include <sodium.h>

#include "directory/directory.h"
#include "jwt/gate.h"
#include "jwt/keyurl.h"

#define URL_MAX 512
#define STANDING_MAX 32
#define REASON_MAX 400
#define WHY_MAX 240
#define VOID_TICKETS_MAX 1024 /* remembered: more than end within the life of one */

/* Where players reach this node. */
struct place {
    char address[DIRECTORY_ADDRESS_MAX];
    uint32_t port;
    bool tls;
};

/* How the node is. */
struct health {
    double metrics[DIRECTORY_METRICS];
    /* from one look to the next */
    int meminfo_fd; /* -1: there is none */
    double disk_bytes;
    double cpu_s;
    double errors;
    uint64_t looked_ms; /* 0: never yet */
};

struct registrar {
    muster_self *self;
    const struct muster_host *host;
    const char *url; /* of the directory, without a slash at its end; "": the node is on no list */
    const char *key;
    struct place place;
    /* as the directory knows it; "": it is not registered */
    char server_id[DIRECTORY_ID_MAX];
    char token[DIRECTORY_TOKEN_MAX];
    int64_t renew_at_ms; /* Unix: a new token is asked for then */
    uint8_t secret[DIRECTORY_SECRET_BYTES];
    char standing[STANDING_MAX]; /* last told; "": nothing yet */
    char reason[REASON_MAX];     /* why it is not listed, or what goes wrong; "": nothing */
    bool is_unsure;              /* the link is lost: is the token still good? */
    bool is_asking;              /* a request is on its way */
    bool is_stopping;
    bool comes_back;   /* it is to restart, and stays on the list meanwhile */
    uint32_t failures; /* in a row */
    muster_timer_id step;
    muster_fetch_id fetch;
    muster_ws_id link;
    bool is_linked;
    muster_timer_id beats;
    uint32_t beat_ms;
    int64_t boot_id;
    int64_t sequence;
    uint64_t beat_sent_ms; /* of the beat that is not answered yet; 0: none */
    double latency_ms;
    struct health health;
    uint32_t listed_metric;
    /* who comes from there */
    char issuer[TOKEN_ISSUER_MAX]; /* of their tickets; "": none is signed there */
    struct gate *gate;
    struct token_keys keys; /* the last good set */
    struct keyurl keys_url;
    char keys_text[URL_MAX + 32];
    struct reservation *reservations;        /* that wait for a lobby */
    uint32_t void_tickets[VOID_TICKETS_MAX]; /* by their issue; 0: none */
    uint32_t void_next;                      /* the oldest: it goes first */
};

/* ---- place.c ---- */

/* False: `why` says what is expected. */
bool place_parse(const char *public_url, struct place *out, char why[WHY_MAX]);
/* May a key be sent there? Only where nobody on the way can read it. */
bool place_is_safe(const char *directory_url);

/* ---- register.c ---- */

void register_start(struct registrar *registrar);
/* The next step, in about so long. */
void register_later(struct registrar *registrar, uint32_t delay_ms);
/* The same, later each time. */
void register_again(struct registrar *registrar);
/* Off the list, at an orderly end: no further step. */
void register_leave(struct registrar *registrar);
/* The token is worth nothing any more. */
void register_forget(struct registrar *registrar);

/* ---- link.c ---- */

muster_status link_open(struct registrar *registrar);
void link_close(struct registrar *registrar);

/* ---- orders.c ---- */

void orders_take(struct registrar *registrar, const json_t *said);
/* more: what the answer has beside; taken, or null. */
void orders_done(struct registrar *registrar, json_int_t order, json_t *more);
void orders_refuse(struct registrar *registrar, json_int_t order, const char *why);

/* ---- seats.c ---- */

void seats_reserve(struct registrar *registrar, json_int_t order, const json_t *said);
void seats_stop(struct registrar *registrar);

/* ---- sign_in.c ---- */

muster_status sign_in_create(struct registrar *registrar);
/* The directory has said who signs the tickets. */
void sign_in_told(struct registrar *registrar, const char *issuer);
/* The ticket of that issue leads in no more, if it has not yet. */
void sign_in_void(struct registrar *registrar, uint32_t ticket_issue);
void sign_in_stop(struct registrar *registrar);
/* What the auth role answers. instance: the registrar. */
muster_verdict sign_in_authenticate(void *instance, const struct muster_auth_request *request,
                                    struct muster_identity *out);
void sign_in_cancel(void *instance, muster_auth_ticket_id ticket);

/* ---- beat.c ---- */

/* A new one, or null: out of memory. */
json_t *beat_make(struct registrar *registrar);

/* ---- health.c ---- */

void health_open(struct registrar *registrar);
void health_look(struct registrar *registrar);
void health_close(struct registrar *registrar);

/* ---- proof.c ---- */

muster_status proof_serve(struct registrar *registrar);

/* ---- standing.c ---- */

muster_status standing_add_command(struct registrar *registrar);
/* What the directory says of this node: status, reason. */
void standing_told(struct registrar *registrar, const json_t *told);
/* What goes wrong; logged when it is something new. */
void standing_trouble(struct registrar *registrar, const char *format, ...) MUSTER_PRINTF(2, 3);

#endif
