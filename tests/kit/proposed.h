/* proposed.h - what a matchmaker proposes in one tick, for tests that call its tick themselves. */
#ifndef PROPOSED_H
#define PROPOSED_H

#include <muster/plugin.h>

#include <stdio.h>
#include <string.h>

#define PROPOSED_MAX 64

struct proposed_group {
    muster_lobby_id lobby;
    uint32_t ticket_count;
    muster_queue_ticket_id tickets[MUSTER_GROUP_MAX];
    uint32_t teams[MUSTER_GROUP_MAX];
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    char map_name[MUSTER_NAME_MAX];
    char explanation[MUSTER_REASON_MAX];
};

struct proposed {
    struct proposed_group groups[PROPOSED_MAX];
    uint32_t count;
    uint32_t cap; /* LIMIT is answered above */
};

/* A muster_propose_fn; proposals is a struct proposed. */
static inline muster_status proposed_take(void *proposals, const struct muster_group *group) {
    struct proposed *all = proposals;
    if (all->count == all->cap) return MUSTER_LIMIT;
    if (group->size != sizeof *group || group->ticket_count > MUSTER_GROUP_MAX)
        return MUSTER_INVALID;
    struct proposed_group *out = &all->groups[all->count++];
    memset(out, 0, sizeof *out);
    out->lobby = group->lobby;
    out->ticket_count = group->ticket_count;
    for (uint32_t i = 0; i < group->ticket_count; i++) {
        out->tickets[i] = group->tickets[i];
        out->teams[i] = group->teams ? group->teams[i] : MUSTER_TEAM_NONE;
    }
    snprintf(out->game_mode, sizeof out->game_mode, "%s", group->game_mode ? group->game_mode : "");
    snprintf(out->region, sizeof out->region, "%s", group->region ? group->region : "");
    snprintf(out->map_name, sizeof out->map_name, "%s", group->map_name ? group->map_name : "");
    snprintf(out->explanation, sizeof out->explanation, "%s",
             group->explanation ? group->explanation : "");
    return MUSTER_OK;
}

#endif
