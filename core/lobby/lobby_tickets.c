/* lobby_tickets - which signed tickets still lead into a lobby, by player. One that has led in
 * leads nowhere any more, nor does one that was made before; until then it may be shown again, so
 * that a lost answer locks nobody out. */
#include <stdlib.h>
#include <string.h>

#include "lobby_internal.h"
#include "lobby_saved.h"
#include "loop.h"

#define PLAYERS_MAX 1024 /* at a time: far more than there are seats */
#define KEPT_S 4200      /* a ticket lives for an hour; providers give minutes for clocks */

static struct lobby_tickets *find(const struct lobby *lobby, const char *player_key) {
    for (uint32_t i = 0; i < lobby->tickets_count; i++)
        if (strcmp(lobby->tickets[i].player_key, player_key) == 0) return &lobby->tickets[i];
    return NULL;
}

static void forget_expired(struct lobby *lobby) {
    int64_t now_s = loop_unix_ms() / 1000;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < lobby->tickets_count; i++)
        if (lobby->tickets[i].kept_until_s > now_s) lobby->tickets[kept++] = lobby->tickets[i];
    lobby->tickets_count = kept;
}

static struct lobby_tickets *add(struct lobby *lobby) {
    forget_expired(lobby);
    if (lobby->tickets_count == PLAYERS_MAX) return NULL;
    struct lobby_tickets *more =
        realloc(lobby->tickets, (lobby->tickets_count + 1) * sizeof *lobby->tickets);
    if (!more) return NULL;
    lobby->tickets = more;
    return &more[lobby->tickets_count++];
}

struct lobby_tickets *lobby_tickets_of(struct lobby *lobby, const char *player_key) {
    struct lobby_tickets *tickets = find(lobby, player_key);
    if (!tickets) {
        tickets = add(lobby);
        if (!tickets) return NULL;
        *tickets = (struct lobby_tickets){.newest = 0};
        memcpy(tickets->player_key, player_key, strlen(player_key) + 1);
    }
    tickets->kept_until_s = loop_unix_ms() / 1000 + KEPT_S;
    return tickets;
}

const char *lobby_ticket_refusal(const struct lobby_tickets *tickets,
                                 const struct muster_identity *ticket) {
    uint32_t issue = ticket->ticket_issue;
    if (issue && issue != tickets->newest) return "another ticket was made after this one";
    bool is_used =
        issue ? issue == tickets->used : ticket->ticket_issued_at_s <= tickets->used_at_s;
    return is_used ? "the ticket was used before, or a later one was" : NULL;
}

void lobby_ticket_made(struct lobby *lobby, const char *player_key, uint32_t issue) {
    struct lobby_tickets *tickets = find(lobby, player_key);
    if (tickets) tickets->newest = issue;
}

void lobby_ticket_show(struct lobby *lobby, const struct muster_identity *ticket) {
    struct lobby_tickets *tickets = find(lobby, ticket->player_key);
    if (!tickets) return;
    tickets->shown = ticket->ticket_issue;
    tickets->shown_at_s = ticket->ticket_issued_at_s;
}

void lobby_tickets_use(struct lobby *lobby, const struct session *session) {
    struct lobby_tickets *tickets = find(lobby, session->player_key);
    if (!tickets) return;
    bool by_ticket = session_is_seated_by_ticket(session);
    tickets->used = by_ticket && tickets->shown ? tickets->shown : tickets->newest;
    if (by_ticket && tickets->shown_at_s > tickets->used_at_s)
        tickets->used_at_s = tickets->shown_at_s;
}

void lobby_tickets_clear(struct lobby *lobby) {
    free(lobby->tickets);
    lobby->tickets = NULL;
    lobby->tickets_count = 0;
}

struct session *lobby_find_resumable(const char *resume_token) {
    muster_player_id id = {0};
    struct lobby *lobby;
    if (!ticket_valid('r', resume_token)) return NULL; /* most tokens are signed ones */
    for (struct session *session; (session = session_next(&id));) {
        if (!session_is_seated_by_ticket(session)) continue;
        const struct member *member = lobby_own_member(session, &lobby);
        if (member && member->state == MEMBER_ENTERED &&
            (ticket_equal(member->texts->resume, resume_token) ||
             ticket_equal(member->texts->resume_before, resume_token)))
            return session;
    }
    return NULL;
}

/* ---- as bytes -------------------------------------------------------------------------------- */

void lobby_tickets_save(const struct lobby *lobby, struct muster_writer *w) {
    muster_put_u16(w, lobby->tickets_count);
    for (uint32_t i = 0; i < lobby->tickets_count; i++) {
        const struct lobby_tickets *tickets = &lobby->tickets[i];
        muster_put_str(w, tickets->player_key);
        muster_put_u32(w, tickets->newest);
        muster_put_u32(w, tickets->shown);
        muster_put_u32(w, tickets->used);
        muster_put_i64(w, tickets->shown_at_s);
        muster_put_i64(w, tickets->used_at_s);
        muster_put_i64(w, tickets->kept_until_s);
    }
}

static bool read_one(struct muster_reader *r, struct lobby_tickets *out) {
    muster_get_str(r, out->player_key, sizeof out->player_key);
    out->newest = muster_get_u32(r);
    out->shown = muster_get_u32(r);
    out->used = muster_get_u32(r);
    out->shown_at_s = muster_get_i64(r);
    out->used_at_s = muster_get_i64(r);
    out->kept_until_s = muster_get_i64(r);
    return !r->overflow && out->player_key[0];
}

bool lobby_tickets_read(struct muster_reader *r, struct lobby_saved *out) {
    uint32_t count = muster_get_u16(r);
    if (count > PLAYERS_MAX) return false;
    out->tickets = calloc(count ? count : 1, sizeof *out->tickets);
    for (; out->tickets && out->tickets_count < count; out->tickets_count++)
        if (!read_one(r, &out->tickets[out->tickets_count])) return false;
    return out->tickets && !r->overflow;
}
