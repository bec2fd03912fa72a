/* crew.h - a lobby of the testkit and the people for it, and waiting for what they asked. */
#ifndef CREW_H
#define CREW_H

#include <muster_testkit.h>

#define CREW_SEATS 8
#define CREW_WAIT_MS 30000 /* real time */

struct crew_name {
    const char *player_key, *display_name;
};

static inline void crew_add(struct testkit *kit, const struct crew_name *names, uint32_t count,
                            muster_player_id *players) {
    for (uint32_t i = 0; i < count; i++)
        players[i] = testkit_player_add(kit, names[i].player_key, names[i].display_name);
}

/* One that waits; of `info` what is not said here. */
static inline muster_lobby_id crew_lobby(struct testkit *kit, struct muster_lobby_info info,
                                         muster_player_id host) {
    info.state = MUSTER_LOBBY_WAITING;
    info.players_max = CREW_SEATS;
    info.host = host;
    return testkit_lobby_add(kit, info);
}

/* Red and blue in turn. */
static inline bool crew_sit(struct testkit *kit, muster_lobby_id lobby, muster_player_id player,
                            uint32_t seat) {
    return testkit_member_add(kit, lobby, player, seat, MUSTER_TEAM_RED + seat % 2) != NULL;
}

static inline bool crew_is_answered(void *kit) {
    return testkit_tickets(kit) == 0;
}

/* Until nothing is under way; false when it does not end. */
static inline bool crew_wait(struct testkit *kit) {
    return testkit_wait(kit, crew_is_answered, kit, CREW_WAIT_MS);
}

#endif
