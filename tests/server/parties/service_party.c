/* service_party - players who name the same word are a party: party.join {word, members}. What each
 * has named is kept with the player, so that a reload knows it. Offers muster.party. */
#include <stdlib.h>

#include <muster/json.h>
#include <muster/plugin.h>

struct party {
    muster_self *self;
    const struct muster_host *host;
};

/* With a player. */
struct membership {
    uint64_t party;
    uint32_t member_count;
    uint32_t layout; /* 1 */
};

static uint64_t hash(const char *word) {
    uint64_t hash = 5381;
    while (*word) hash = hash * 33 + (uint8_t)*word++;
    return hash;
}

static void on_join(void *user, const struct muster_rpc_call *call) {
    const struct party *party = user;
    struct muster_json params = muster_json_parse(call->params.data, call->params.len);
    char word[64];
    int64_t members = 0;
    if (!muster_json_get_text(muster_json_find(params, "word"), word, sizeof word) ||
        !muster_json_get_int(muster_json_find(params, "members"), &members)) {
        (void)party->host->rpc->refuse(party->self, call->id, "invalid_params",
                                       "expected word and members", NULL);
        return;
    }
    const struct membership membership = {hash(word), (uint32_t)members, 1};
    (void)party->host->data->player_set(party->self, call->player,
                                        (struct muster_bytes){&membership, sizeof membership});
    (void)party->host->rpc->answer(party->self, call->id, "{}");
}

static uint64_t party_of(void *instance, muster_player_id player, uint32_t *member_count) {
    const struct party *party = instance;
    struct muster_bytes kept = {NULL, 0};
    struct membership membership;
    muster_status status = party->host->data->player_get(party->self, player, &kept);
    if (status != MUSTER_OK || kept.len != sizeof membership) return 0;
    memcpy(&membership, kept.data, sizeof membership);
    *member_count = membership.member_count;
    return membership.party;
}

static const struct muster_party offered = {.size = sizeof offered, .party = party_of};

static muster_status publish(struct party *party) {
    const struct muster_interface interface = {.size = sizeof interface,
                                               .major = MUSTER_PARTY_MAJOR,
                                               .name = MUSTER_PARTY,
                                               .vtable = &offered,
                                               .instance = party};
#ifdef MUTE
    (void)interface;
    return MUSTER_OK;
#else
    return party->host->interfaces->publish(party->self, &interface);
#endif
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    struct party *party = calloc(1, sizeof *party);
    if (!party) return MUSTER_NO_MEMORY;
    *party = (struct party){self, host};
    *instance = party;
    muster_status status = host->rpc->method_add(self, "party.join", on_join, party);
    if (status == MUSTER_OK) status = publish(party);
    if (status != MUSTER_OK) free(party);
    return status;
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "service_party", .version = "1.0.0", .description = "Parties by a word.",
              .roles = roles, .role_count = 1, .init = init, .fini = free);
