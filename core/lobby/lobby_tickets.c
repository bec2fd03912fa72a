/* lobby_tickets - the signed tickets that somebody signed in with for a seat of a lobby. One that
 * has led in leads nowhere any more; until then it may be shown again, so that a lost answer locks
 * nobody out. */
#include <stdlib.h>
#include <string.h>

#include "lobby_internal.h"
#include "loop.h"

#define SHOWN_MAX 1024 /* at a time: far more than there are seats */
#define KEPT_S 600     /* behind its end: more than providers give for clocks that differ */

struct shown_ticket {
    uint8_t id[sizeof((struct muster_identity *)NULL)->ticket_id];
    bool used;
    int64_t expires_at_s;
    muster_player_id player;
};

static struct shown_ticket *find(const struct lobby *lobby, const uint8_t *id) {
    for (uint32_t i = 0; i < lobby->shown_count; i++)
        if (memcmp(lobby->shown[i].id, id, sizeof lobby->shown[i].id) == 0) return &lobby->shown[i];
    return NULL;
}

static void forget_expired(struct lobby *lobby) {
    int64_t oldest_s = loop_unix_ms() / 1000 - KEPT_S;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < lobby->shown_count; i++)
        if (lobby->shown[i].expires_at_s > oldest_s) lobby->shown[kept++] = lobby->shown[i];
    lobby->shown_count = kept;
}

static struct shown_ticket *add(struct lobby *lobby) {
    forget_expired(lobby);
    if (lobby->shown_count == SHOWN_MAX) return NULL;
    struct shown_ticket *more =
        realloc(lobby->shown, (lobby->shown_count + 1) * sizeof *lobby->shown);
    if (!more) return NULL;
    lobby->shown = more;
    return &more[lobby->shown_count++];
}

bool lobby_ticket_is_used(const struct lobby *lobby, const struct muster_identity *ticket) {
    const struct shown_ticket *shown = find(lobby, ticket->ticket_id);
    return shown && shown->used;
}

bool lobby_ticket_show(struct lobby *lobby, const struct muster_identity *ticket,
                       muster_player_id player) {
    struct shown_ticket *shown = find(lobby, ticket->ticket_id);
    if (!shown) shown = add(lobby);
    if (!shown) return false;
    *shown = (struct shown_ticket){.expires_at_s = ticket->expires_at_s, .player = player};
    memcpy(shown->id, ticket->ticket_id, sizeof shown->id);
    return true;
}

void lobby_tickets_use(struct lobby *lobby, muster_player_id player) {
    for (uint32_t i = 0; i < lobby->shown_count; i++)
        if (MUSTER_ID_SAME(lobby->shown[i].player, player)) lobby->shown[i].used = true;
}

void lobby_tickets_clear(struct lobby *lobby) {
    free(lobby->shown);
    lobby->shown = NULL;
    lobby->shown_count = 0;
}

struct session *lobby_find_resumable(const char *resume_token) {
    muster_player_id id = {0};
    struct lobby *lobby;
    for (struct session *session; (session = session_next(&id));) {
        if (!session_is_seated_by_ticket(session)) continue;
        const struct member *member = lobby_own_member(session, &lobby);
        if (member && member->state == MEMBER_ENTERED &&
            (ticket_equal(member->resume, resume_token) ||
             ticket_equal(member->resume_before, resume_token)))
            return session;
    }
    return NULL;
}
