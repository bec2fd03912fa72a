/* What of a session is kept with the seat that it has, as bytes: for a lobby that goes on elsewhere
 * (lobby_state.c), where the player signs in again and finds the seat.
 */
#include <string.h>

#include "base/text.h"
#include "kept.h"
#include "session.h"

void session_save(const struct session *session, struct muster_writer *w) {
    muster_put_str(w, session->player_key);
    muster_put_str(w, session->session_key);
    muster_put_str(w, session->display_name);
    muster_put_str(w, session->region);
    muster_put_str(w, session->permissions);
    muster_put_u32(w, session->account);
    muster_put_u32(w, session_is_seated_by_ticket(session));
    muster_put_i64(w, session->created_at_ms);
    muster_put_i64(w, session->expires_at_s);
    muster_put_bytes(w, session->token, sizeof session->token);
    struct muster_writer length = *w;
    muster_put_u32(w, 0);
    uint32_t begin = w->len;
    kept_save(session->kept, w);
    if (!w->overflow) muster_put_u32(&length, w->len - begin);
}

/* A line that a person may be shown, as it is. */
static bool is_line(const char *text, bool may_be_empty) {
    char line[sizeof((struct session_saved *)0)->permissions];
    memcpy(line, text, strlen(text) + 1);
    return text[0] ? text_line_mend(line) && strcmp(line, text) == 0 : may_be_empty;
}

bool session_load(struct muster_reader *r, struct session_saved *out) {
    *out = (struct session_saved){.kept = NULL};
    muster_get_str(r, out->player_key, sizeof out->player_key);
    muster_get_str(r, out->session_key, sizeof out->session_key);
    muster_get_str(r, out->display_name, sizeof out->display_name);
    muster_get_str(r, out->region, sizeof out->region);
    muster_get_str(r, out->permissions, sizeof out->permissions);
    out->account = muster_get_u32(r);
    out->by_ticket = muster_get_u32(r);
    out->created_at_ms = muster_get_i64(r);
    out->expires_at_s = muster_get_i64(r);
    const void *token = muster_get_bytes(r, sizeof out->token);
    if (token) memcpy(out->token, token, sizeof out->token);
    uint32_t len = muster_get_u32(r);
    struct muster_reader kept = muster_reader_make(muster_get_bytes(r, len), len);
    return !r->overflow && ticket_uuid_valid(out->session_key) && is_line(out->player_key, false) &&
           is_line(out->display_name, false) && is_line(out->region, true) &&
           is_line(out->permissions, true) && out->by_ticket <= 1 && out->created_at_ms >= 0 &&
           out->expires_at_s >= 0 && kept_load(&out->kept, &kept);
}
