/* victory_first_to_kills - the first team with killLimit points wins; both at once, the higher one,
 * and of equals nobody. killLimit 0 switches it off. */
#include <muster/plugin.h>

#include <stdlib.h>
#include <string.h>

struct instance {
    muster_self *self;
    const struct muster_host *host;
};

static const char settings[] =
    "[{\"key\":\"killLimit\",\"type\":\"int\",\"default\":50,\"min\":0,\"max\":1000,"
    "\"unit\":\"kills\",\"label\":\"Kill limit\",\"help\":\"The first team with so many points "
    "wins; 0: no limit.\",\"group\":\"Victory\",\"when\":\"always\"}]";

/* Per match: the limit; changed only in the match's step. */
struct limit {
    muster_match_id match;
    int32_t score;
};

static muster_status victory_create(void *instance, const struct muster_match_info *info,
                                    void **state) {
    struct instance *self = instance;
    struct limit *limit = calloc(1, sizeof(*limit));
    if (!limit) return MUSTER_NO_MEMORY;
    limit->match = info->match;
    limit->score =
        (int32_t)self->host->match->setting_integer(self->self, info->match, "killLimit");
    *state = limit;
    return MUSTER_OK;
}

static void victory_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static void victory_setting(void *instance, void *state, const char *key) {
    struct instance *self = instance;
    struct limit *limit = state;
    if (strcmp(key, "killLimit") == 0)
        limit->score = (int32_t)self->host->match->setting_integer(self->self, limit->match, key);
}

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_victory_result *out) {
    const struct limit *limit = state;
    int32_t red = facts->team_score[MUSTER_TEAM_RED], blue = facts->team_score[MUSTER_TEAM_BLUE];
    (void)instance;
    if (limit->score <= 0 || (red < limit->score && blue < limit->score)) return MUSTER_UNDECIDED;
    out->winning_team = red > blue   ? MUSTER_TEAM_RED
                        : blue > red ? MUSTER_TEAM_BLUE
                                     : MUSTER_TEAM_NONE;
    out->reason = MUSTER_END_SCORE_LIMIT;
    return MUSTER_DECIDED;
}

static void victory_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    muster_put_i32(out, ((struct limit *)state)->score);
}

static muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    ((struct limit *)state)->score = muster_get_i32(in);
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static const struct muster_victory victory = {.size = sizeof(victory),
                                              .create = victory_create,
                                              .destroy = victory_destroy,
                                              .evaluate = victory_evaluate,
                                              .save = victory_save,
                                              .load = victory_load,
                                              .setting = victory_setting};

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance) return MUSTER_NO_MEMORY;
    *instance = (struct instance){self, host};
    muster_status status = host->lobby->settings_add(self, settings);
    if (status != MUSTER_OK) {
        free(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_first_to_kills", .version = "1.0.0",
              .description = "Victory: the first team with a number of points wins.",
              .roles = roles, .role_count = 1, .init = plugin_init, .fini = free);
