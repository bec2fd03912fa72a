/* client - one WebSocket connection as the books see it. Layer 3. Loop thread.
 *
 * Owned by dispatch, which creates it in ws_open and frees it in ws_closed; a session that is
 * attached to it points at it meanwhile.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>

#include "limit.h"
#include "net.h"

struct client {
    conn_id conn;
    char address[64];
    muster_player_id player; /* 0 until authenticated */
    struct auth_job *auth;   /* an authentication under way, or null */
    struct loop_timer *auth_timer;
    struct limit_bucket messages;
    struct limit_bucket requests; /* before authentication; then the session's counts */
    uint32_t malformed_count;
    bool compress;
    bool closing;
};

/* JSON text to the client, deflated when it asked for that and the text is long enough. */
void client_send_text(struct client *client, const char *text, uint32_t len);
/* value is taken. */
void client_send(struct client *client, json_t *value);
/* A notification; params is taken. */
void client_notify(struct client *client, const char *method, json_t *params);
void client_close(struct client *client, uint16_t code, const char *reason);

#endif
