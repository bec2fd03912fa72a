/* client - one WebSocket connection as the books see it. Loop thread.
 *
 * Owned by dispatch, which creates it in ws_open and frees it in ws_closed; a session that is
 * attached to it points at it meanwhile. One without a connection is the engine's.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>

#include "net.h"
#include "party.h"

struct client;
struct match;
struct session;

/* Where it goes what is sent to a client without a connection. */
struct client_sink {
    void (*text)(struct client *client, const char *text, uint32_t len);
    void (*closed)(struct client *client, uint16_t code, const char *reason);
};

/* What each message and each snapshot asks comes first. */
struct client {
    conn_id conn;                   /* 0: none, but a sink */
    const struct client_sink *sink; /* snapshots are taken and forgotten there */
    struct session *session;        /* whose client is this one; null: signed in as nobody */
    struct party *payer; /* whom its messages are counted for: the player, before that the address;
                            null: nobody */
    struct match *match; /* where its inputs go, or null; lobby_recipients.c */
    uint32_t seat;       /* there */
    bool compress;
    bool closing;
    struct party *party;   /* of the address; null: it has none */
    struct auth_job *auth; /* an authentication under way, or null */
    struct loop_timer *auth_timer;
    uint32_t malformed_count;
    uint32_t refused_count; /* requests of a stranger over the limit */
    char address[64];
};

/* One JSON text for many: deflated at most once. */
struct client_text {
    const char *text;
    uint32_t len;
    uint8_t *frame; /* owned; null: it was not wanted yet, or gets no smaller */
    uint32_t frame_len;
    bool was_deflated; /* it was tried, or shall not be */
};

/* fn hears whom text is sent to, before it leaves. */
void client_set_told(void (*fn)(const struct session *session));
/* JSON text to the client, deflated when it asked for that and the text is long enough. */
void client_send_text(struct client *client, const char *text, uint32_t len);
/* The same text to another client; after the last one, client_text_free. */
void client_send_shared(struct client *client, struct client_text *text);
void client_text_free(struct client_text *text);
/* As net_send_snapshot. */
enum net_sent client_send_snapshot(struct client *client, uint8_t *data, uint32_t len);
/* value is taken. */
void client_send(struct client *client, json_t *value);
/* The same, and never deflated. */
void client_send_plain(struct client *client, json_t *value);
/* A notification; params is taken. */
void client_notify(struct client *client, const char *method, json_t *params);
void client_close(struct client *client, uint16_t code, const char *reason);

#endif
