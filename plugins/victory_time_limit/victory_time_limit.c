/* victory_time_limit - when timeLimit has passed, the team with more points wins; of equals nobody.
 * timeLimit 0 switches it off. */
#include <muster/plugin.h>

#include <stdlib.h>
#include <string.h>

struct instance {
    muster_self *self;
    const struct muster_host *host;
};

static const char settings[] =
    "[{\"key\":\"timeLimit\",\"type\":\"duration\",\"default\":600,\"min\":0,\"max\":7200,"
    "\"unit\":\"s\",\"label\":\"Time limit\",\"help\":\"Then the team with more points wins; 0: no "
    "limit.\",\"group\":\"Victory\",\"when\":\"always\"}]";

/* Per match: the limit; changed only in the match's step. */
struct limit {
    muster_match_id match;
    uint32_t elapsed_ms; /* 0: none */
};

static muster_status victory_create(void *instance, const struct muster_match_info *info,
                                    void **state) {
    struct instance *self = instance;
    struct limit *limit = calloc(1, sizeof(*limit));
    if (!limit) return MUSTER_NO_MEMORY;
    limit->match = info->match;
    int64_t limit_s = self->host->match->setting_integer(self->self, info->match, "timeLimit");
    limit->elapsed_ms = (uint32_t)(limit_s * 1000);
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
    if (strcmp(key, "timeLimit") != 0) return;
    int64_t limit_s = self->host->match->setting_integer(self->self, limit->match, key);
    limit->elapsed_ms = (uint32_t)(limit_s * 1000);
}

static muster_verdict victory_evaluate(void *instance, void *state,
                                       const struct muster_match_facts *facts,
                                       struct muster_victory_result *out) {
    const struct limit *limit = state;
    int32_t red = facts->team_score[MUSTER_TEAM_RED], blue = facts->team_score[MUSTER_TEAM_BLUE];
    (void)instance;
    if (!limit->elapsed_ms || facts->elapsed_ms < limit->elapsed_ms) return MUSTER_UNDECIDED;
    out->winning_team = red > blue   ? MUSTER_TEAM_RED
                        : blue > red ? MUSTER_TEAM_BLUE
                                     : MUSTER_TEAM_NONE;
    out->reason = MUSTER_END_TIME_LIMIT;
    return MUSTER_DECIDED;
}

static void victory_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance;
    muster_put_u32(out, ((struct limit *)state)->elapsed_ms);
}

static muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    ((struct limit *)state)->elapsed_ms = muster_get_u32(in);
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

MUSTER_PLUGIN(.name = "victory_time_limit", .version = "1.0.0",
              .description = "Victory: more points when the time is over.", .roles = roles,
              .role_count = 1, .init = plugin_init, .fini = free);
