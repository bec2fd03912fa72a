/* muster/interfaces.h - interfaces that plugins of any author may publish and that shipped plugins
 * ask for (host->interfaces). Each function takes the published instance first, is called on the
 * loop thread and returns at once. All of them are set.
 */
#ifndef MUSTER_INTERFACES_H
#define MUSTER_INTERFACES_H

#include "roles.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who wants to play with whom. Asked by match_fill: those of one party come into one lobby. */
#define MUSTER_PARTY "muster.party"
#define MUSTER_PARTY_MAJOR 1
struct muster_party {
    uint32_t size;
    uint32_t reserved;
    /* The party that a player is in: a number that all of its members have and nobody else; 0:
     * none. member_count: of those who shall be waited for until they search as well, this one
     * included; not written when there is none. */
    uint64_t (*party)(void *instance, muster_player_id player, uint32_t *member_count);
};

/* How well somebody plays. Asked by match_fill: those whose ratings are near to each other come
 * into one lobby. */
#define MUSTER_RATING "muster.rating"
#define MUSTER_RATING_MAJOR 1
struct muster_rating {
    uint32_t size;
    uint32_t reserved;
    /* In points of whatever scale; of who has none yet, that of a beginner. */
    int32_t (*rating)(void *instance, muster_player_id player, const char *game_mode);
};

/* Tickets for seats. Offered by auth_local, asked by service_lobbies. */
#define MUSTER_SEAT_TICKETS "muster.seat_tickets"
#define MUSTER_SEAT_TICKETS_MAJOR 1
struct muster_seat_tickets {
    uint32_t size;
    uint32_t reserved;
    /* A text that this player signs in with at this node, once, within life_s (1 to 3600), and has
     * a seat of the lobby by it. A secret: never log it. *ticket_issue: its number; it leads in
     * once the seat is reserved with that (muster_seat_wish.ticket_issue), until it is with
     * another. display_name may be ""; team: MUSTER_TEAM_NONE is the mode's choice. NOT_FOUND: no
     * such lobby. INVALID: no player_key, name, team or time that is one. LIMIT: out is too small;
     * 2048 bytes are enough. */
    muster_status (*mint)(void *instance, muster_lobby_id lobby, const char *player_key,
                          const char *display_name, uint32_t team, uint32_t life_s,
                          uint32_t *ticket_issue, char *out, uint32_t cap);
};

/* A ticket for a seat on another node. Texts are borrowed. */
struct muster_away_ticket {
    uint32_t size;
    uint32_t ticket_issue;    /* with which that node holds the seat; not 0 */
    const char *audience;     /* that node, as it calls itself when it verifies */
    const char *player_key;   /* of the identity that was verified */
    const char *display_name; /* likewise */
    const char *lobby_key;
    int64_t lobby_epoch; /* muster_lobby_info.epoch there */
    uint32_t life_s;     /* 1 to 3600 */
    uint32_t is_guest;
};

/* Who players are, for a service that sends them to other nodes. Offered by auth_local, asked by
 * service_directory. */
#define MUSTER_IDENTITIES "muster.identities"
#define MUSTER_IDENTITIES_MAJOR 1
struct muster_identities {
    uint32_t size;
    uint32_t reserved;
    /* Who signs the tickets: their claim iss. Lives as long as the instance. */
    const char *(*issuer)(void *instance);
    /* Whose access token it is; a ticket is none. DENIED: nobody's, or not any more, and
     * out->reason says why; UNAVAILABLE: not now. */
    muster_status (*verify)(void *instance, const char *token, struct muster_identity *out);
    /* What the player signs in with at that node, and nowhere else, once: verified with the keys
     * that are published here. A secret: never log it. INVALID: it is not as said above. LIMIT: out
     * is too small; 2048 bytes are enough. */
    muster_status (*mint)(void *instance, const struct muster_away_ticket *ticket, char *out,
                          uint32_t cap);
};

#ifdef __cplusplus
}
#endif
#endif
