/* service_rating - how well a player says it plays: rating.set {points}, kept with the player.
 * Offers muster.rating. */
#include <stdlib.h>

#include <muster/json.h>
#include <muster/plugin.h>

#define BEGINNER 1000

struct rating {
    muster_self *self;
    const struct muster_host *host;
};

static void on_set(void *user, const struct muster_rpc_call *call) {
    const struct rating *rating = user;
    struct muster_json params = muster_json_parse(call->params.data, call->params.len);
    int64_t said = BEGINNER;
    (void)muster_json_get_int(muster_json_find(params, "points"), &said);
    int32_t points = (int32_t)said;
    (void)rating->host->data->player_set(rating->self, call->player,
                                         (struct muster_bytes){&points, sizeof points});
    (void)rating->host->rpc->answer(rating->self, call->id, "{}");
}

static int32_t rating_of(void *instance, muster_player_id player, const char *game_mode) {
    const struct rating *rating = instance;
    struct muster_bytes kept = {NULL, 0};
    int32_t points = BEGINNER;
    (void)game_mode;
    muster_status status = rating->host->data->player_get(rating->self, player, &kept);
    if (status == MUSTER_OK && kept.len == sizeof points) memcpy(&points, kept.data, kept.len);
    return points;
}

static const struct muster_rating offered = {.size = sizeof offered, .rating = rating_of};

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    struct rating *rating = calloc(1, sizeof *rating);
    if (!rating) return MUSTER_NO_MEMORY;
    *rating = (struct rating){self, host};
    *instance = rating;
    const struct muster_interface interface = {.size = sizeof interface,
                                               .major = MUSTER_RATING_MAJOR,
                                               .name = MUSTER_RATING,
                                               .vtable = &offered,
                                               .instance = rating};
    muster_status status = host->rpc->method_add(self, "rating.set", on_set, rating);
    if (status == MUSTER_OK) status = host->interfaces->publish(self, &interface);
    if (status != MUSTER_OK) free(rating);
    return status;
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "service_rating", .version = "1.0.0", .description = "Ratings as said.",
              .roles = roles, .role_count = 1, .init = init, .fini = free);
