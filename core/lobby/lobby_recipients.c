/* To whom a lobby sends, and where what they press goes: found when somebody comes or goes, so that
 * no tick and no input has to look for it. */
#include <stdlib.h>

#include "ensure.h"
#include "lobby_internal.h"

bool lobby_members_make(struct lobby *lobby, uint32_t people_max) {
    lobby->people_max = people_max;
    uint32_t end = lobby_members_end(lobby);
    lobby->members = calloc(end, sizeof *lobby->members + sizeof *lobby->recipients);
    if (lobby->members) lobby->recipients = (struct recipient *)(lobby->members + end);
    return lobby->members != NULL;
}

void lobby_members_free(struct lobby *lobby) {
    for (uint32_t i = 0; lobby->members && i < lobby_members_end(lobby); i++)
        free(lobby->members[i].texts);
    free(lobby->members);
}

/* Who is sent what this member is to see; null: nobody. */
static struct client *client_of(const struct member *member) {
    if (member->state != MEMBER_ENTERED || !member->connected) return NULL;
    const struct session *session = lobby_member_session(member);
    return session ? session->client : NULL;
}

/* Where goes what this member presses; null: nowhere. */
static struct match *match_of(const struct lobby *lobby, uint32_t index) {
    bool plays = !lobby_member_is_spectator(lobby, index) && !lobby->frozen_since_ms;
    return plays ? lobby->match : NULL;
}

void lobby_recipients_forget(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby->recipient_count; i++) lobby->recipients[i].client->match = NULL;
    lobby->recipient_count = 0;
}

void lobby_recipients_renew(struct lobby *lobby) {
    lobby_recipients_forget(lobby);
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        struct client *client = client_of(&lobby->members[i]);
        if (!client) continue;
        lobby->recipients[lobby->recipient_count++] = (struct recipient){client, i};
        client->match = match_of(lobby, i);
        client->seat = lobby_seat(lobby, i);
    }
}

void lobby_recipients_expect(const struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby->recipient_count; i++) {
        const struct recipient *to = &lobby->recipients[i];
        __builtin_prefetch(to->client);
        __builtin_prefetch(&lobby->members[to->index]);
        __builtin_prefetch(&lobby->members[to->index].lag_since_ms);
        if (!lobby_member_is_spectator(lobby, to->index))
            match_expect_input(lobby->match, to->index);
    }
}

#ifdef LOBBY_RECIPIENTS_CHECKED
void lobby_recipients_check(const struct lobby *lobby) {
    const struct recipient *next = lobby->recipients;
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        const struct client *client = client_of(&lobby->members[i]);
        if (!client) continue;
        ENSURE(next < lobby->recipients + lobby->recipient_count);
        ENSURE(next->client == client && next->index == i);
        ENSURE(client->match == match_of(lobby, i));
        ENSURE(client->seat == lobby_seat(lobby, i));
        next++;
    }
    ENSURE(next == lobby->recipients + lobby->recipient_count);
}
#endif
