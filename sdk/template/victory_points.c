/* victory_points - a role with a setting: the first team with enough points wins.
 *
 * How many is the operator's default and each lobby's choice.
 */
#include <muster/json.h>
#include <muster/plugin.h>
#include <stdlib.h>

struct points {
    muster_self *self;
    const struct muster_host *host;
};

/* One match: the number is read once, since a lobby's settings are frozen while a match runs. */
struct points_match {
    int64_t limit;
};

static muster_status declare_setting(struct points *points) {
    char text[256];
    struct muster_writer out = muster_writer_make(text, sizeof text);
    struct muster_json_writer json = muster_json_writer_make(&out);
    muster_json_open_array(&json, NULL);
    muster_json_open_object(&json, NULL);
    muster_json_put_text(&json, "key", "victoryPoints");
    muster_json_put_text(&json, "type", "int");
    muster_json_put_int(&json, "default",
                        points->host->config->integer(points->self, "pointsDefault"));
    muster_json_put_int(&json, "min", 1);
    muster_json_put_int(&json, "max", 1000);
    muster_json_put_text(&json, "unit", "points");
    muster_json_put_text(&json, "label", "Points to win");
    muster_json_put_text(&json, "group", "Victory");
    muster_json_close(&json);
    muster_json_close(&json);
    return points->host->lobby->settings_add(points->self, muster_json_text(&json));
}

static muster_status points_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct points *points = calloc(1, sizeof *points);
    if (!points) return MUSTER_NO_MEMORY;
    points->self = self;
    points->host = host;
    muster_status status = declare_setting(points);
    if (status != MUSTER_OK) {
        free(points);
        return status;
    }
    *instance = points;
    return MUSTER_OK;
}

static void points_fini(void *instance) {
    free(instance);
}

static muster_status points_create(void *instance, const struct muster_match_info *info,
                                   void **state) {
    struct points *points = instance;
    struct points_match *match = calloc(1, sizeof *match);
    if (!match) return MUSTER_NO_MEMORY;
    match->limit = points->host->match->setting_integer(points->self, info->match, "victoryPoints");
    *state = match;
    return MUSTER_OK;
}

static void points_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_verdict points_evaluate(void *instance, void *state,
                                      const struct muster_match_facts *facts,
                                      struct muster_match_end *out) {
    (void)instance;
    const struct points_match *match = state;
    int32_t best = 0;
    uint32_t leader = MUSTER_TEAM_NONE; /* of equals nobody */
    for (uint32_t team = 1; team <= facts->team_count; team++) {
        int32_t score = facts->team_score[team];
        if (score >= best) leader = score > best ? team : MUSTER_TEAM_NONE;
        if (score > best) best = score;
    }
    if (best < match->limit) return MUSTER_UNDECIDED;
    out->reason = MUSTER_END_SCORE_LIMIT;
    out->winner_kind = leader ? MUSTER_WINNER_TEAM : MUSTER_WINNER_NOBODY;
    out->winner = leader;
    return MUSTER_DECIDED;
}

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_INT("pointsDefault", 10, 1, 1000, MUSTER_UNIT("points"),
                                MUSTER_LABEL("Points to win unless the lobby says otherwise")));

static const struct muster_victory victory = {
    .size = sizeof victory,
    .create = points_create,
    .destroy = points_destroy,
    .evaluate = points_evaluate,
};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_VICTORY, .vtable = &victory}};

MUSTER_PLUGIN(.name = "victory_points", .version = "1.0.0",
              .description = "The first team with enough points wins.", .roles = roles,
              .role_count = 1, .config_schema = config_schema, .init = points_init,
              .fini = points_fini);
