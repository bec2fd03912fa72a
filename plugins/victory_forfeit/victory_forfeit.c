/* victory_forfeit - once both teams have had players, a team with nobody left in its seats (people
 * whose connection dropped still hold theirs) has given up. Both empty: nobody wins. */
#include <muster/plugin.h>

#include <stdlib.h>

/* Per match. */
struct presence {
    uint8_t begun; /* both teams have had players at the same time */
};

static muster_status victory_create(void *instance, const struct muster_match_info *info,
                                    void **state) {
    (void)instance;
    (void)info;
    *state = calloc(1, sizeof(struct presence));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void victory_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_victory_result *out) {
    struct presence *presence = state;
    bool red = facts->team_seated[MUSTER_TEAM_RED], blue = facts->team_seated[MUSTER_TEAM_BLUE];
    (void)instance;
    if (red && blue) presence->begun = 1;
    if (!presence->begun || (red && blue)) return MUSTER_UNDECIDED;
    out->winning_team = red ? MUSTER_TEAM_RED : blue ? MUSTER_TEAM_BLUE : MUSTER_TEAM_NONE;
    out->reason = MUSTER_END_FORFEIT;
    return MUSTER_DECIDED;
}

static void victory_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    muster_put_u8(out, ((struct presence *)state)->begun);
}

static muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    ((struct presence *)state)->begun = muster_get_u8(in);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static const struct muster_victory victory = {.size = sizeof(victory),
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = victory_evaluate,
                                              .save = victory_save,
                                              .load = victory_load};

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_forfeit", .version = "1.0.0",
              .description = "Victory: a team that everybody has left has lost.", .roles = roles,
              .role_count = 1);
