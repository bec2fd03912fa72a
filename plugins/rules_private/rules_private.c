/* rules_private - the policy of lobbies that have a host: who comes in, who decides what, what is
 * voted on, when a match starts, who follows a host that leaves.
 *
 * The host (core) keeps who the lobby's host is, the lock, ready flags, settings and votes; here is
 * decided who may change them. Lobbies without a host (made by matchmaking) are let alone.
 */
#include "private.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

MUSTER_SCHEMA(
    config_schema,
    MUSTER_SCHEMA_INT("playerTriesPerMinute", 5, 1, 1000, MUSTER_UNIT("tries/min"),
                      MUSTER_HELP("Tries of passwords of one player")),
    MUSTER_SCHEMA_INT("addressTriesPerMinute", 30, 1, 100000, MUSTER_UNIT("tries/min"),
                      MUSTER_HELP("Tries of passwords of all players of one address")),
    MUSTER_SCHEMA_INT("invitesPerMinute", 20, 1, 1000, MUSTER_UNIT("invitations/min"),
                      MUSTER_HELP("Invitations that one player may send")),
    MUSTER_SCHEMA_DURATION_S("inviteLifeS", 600, 1, 86400,
                             MUSTER_HELP("Life of an invitation that names none")),
    MUSTER_SCHEMA_DURATION_MS("voteMs", 20000, 1000, 300000, MUSTER_HELP("Time to vote")),
    MUSTER_SCHEMA_DURATION_MS("voteEveryMs", 10000, 0, 600000,
                              MUSTER_HELP("Time after a vote in which its caller calls no other")),
    MUSTER_SCHEMA_DURATION_S("voteBanS", 300, 0, 86400,
                             MUSTER_HELP("Time for which a player who was voted out stays out")),
    MUSTER_SCHEMA_INT("presetsPerPlayer", 20, 0, 200, MUSTER_UNIT("presets"),
                      MUSTER_HELP("Presets that one player may save")),
    MUSTER_SCHEMA_LIST("presets", MUSTER_NO_VALUES, COMMON_PRESETS_MAX,
                       MUSTER_HELP("Presets for everybody, as: NAME KEY=VALUE KEY=VALUE")));

MUSTER_SCHEMA(
    settings,
    MUSTER_SCHEMA_STRING("password", "", PASSWORD_BYTES_MAX, MUSTER_SECRET, MUSTER_ALWAYS,
                         MUSTER_LABEL("Password"),
                         MUSTER_HELP("Asked of who is not invited; empty: none."),
                         MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_LIST("allowedPlayers", MUSTER_NO_VALUES, ALLOWED_MAX, MUSTER_SECRET,
                       MUSTER_ALWAYS, MUSTER_LABEL("Allowed players"),
                       MUSTER_HELP("playerIds who come in without a password; with a list, nobody "
                                   "else does without an invitation."),
                       MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_BOOL("lateJoin", true, MUSTER_ALWAYS, MUSTER_LABEL("Late join"),
                       MUSTER_HELP("Players may join while a match runs."), MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_BOOL("lockAtStart", false, MUSTER_ALWAYS, MUSTER_LABEL("Lock at start"),
                       MUSTER_HELP("The lobby is locked when a match starts."),
                       MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_BOOL("allowSpectators", true, MUSTER_ALWAYS, MUSTER_LABEL("Spectators"),
                       MUSTER_HELP("Others may watch."), MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_BOOL("spectatorChat", true, MUSTER_ALWAYS, MUSTER_LABEL("Spectators chat"),
                       MUSTER_HELP("Spectators may chat."), MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_BOOL("membersInvite", false, MUSTER_ALWAYS, MUSTER_LABEL("Members invite"),
                       MUSTER_HELP("Every player may invite others."), MUSTER_GROUP("Access")),
    MUSTER_SCHEMA_ENUM("startWhen", "auto", MUSTER_VALUES("auto", "enough", "ready", "host"),
                       MUSTER_ALWAYS, MUSTER_LABEL("Start"),
                       MUSTER_HELP("When a match starts by itself: with enough players, when all "
                                   "are ready, or never (the host starts it). auto: ready in a "
                                   "private lobby, else enough."),
                       MUSTER_GROUP("Host")),
    MUSTER_SCHEMA_BOOL("teamLock", false, MUSTER_ALWAYS, MUSTER_LABEL("Teams locked"),
                       MUSTER_HELP("Only the host changes teams."), MUSTER_GROUP("Host")),
    MUSTER_SCHEMA_BOOL("allowMapVoting", true, MUSTER_ALWAYS, MUSTER_LABEL("Map votes"),
                       MUSTER_HELP("Players may vote for the next map."), MUSTER_GROUP("Host")),
    MUSTER_SCHEMA_BOOL("allowVoteKick", true, MUSTER_ALWAYS, MUSTER_LABEL("Kick votes"),
                       MUSTER_HELP("Players may vote somebody out."), MUSTER_GROUP("Host")),
    MUSTER_SCHEMA_BOOL("allowHostMigration", true, MUSTER_ALWAYS, MUSTER_LABEL("Host migration"),
                       MUSTER_HELP("When the host leaves, who has been here longest is host; else "
                                   "the lobby is closed."),
                       MUSTER_GROUP("Host")));

/* ---- a lobby's rules ------------------------------------------------------------------------- */

static muster_status rules_create(void *user, muster_lobby_id id, void **state) {
    struct instance *instance = user;
    struct lobby *lobby = calloc(1, sizeof *lobby);
    if (!lobby) return MUSTER_NO_MEMORY;
    lobby->instance = instance;
    lobby->id = id;
    instance->host->loop->random(instance->self, lobby->hash_key, sizeof lobby->hash_key);
    lobby->next = instance->lobbies;
    instance->lobbies = lobby;
    access_tell_matching(lobby);
    *state = lobby;
    return MUSTER_OK;
}

static void rules_destroy(void *user, void *state) {
    struct instance *instance = user;
    struct lobby **at = &instance->lobbies;
    while (*at && *at != state) at = &(*at)->next;
    if (*at) *at = (*at)->next;
    if (state) access_free(state);
}

static void rules_changed(void *user, void *state, const char *key, const char *value) {
    (void)user;
    struct lobby *lobby = state;
    struct muster_json json = muster_json_parse(value, strlen(value));
    char password[PASSWORD_BYTES_MAX + 1];
    if (!lobby) return;
    if (strcmp(key, "password") == 0 && muster_json_get_text(json, password, sizeof password))
        access_password_set(lobby, password);
    else if (strcmp(key, "allowedPlayers") == 0)
        access_allowed_set(lobby, json);
    else if (strcmp(key, "lateJoin") == 0)
        access_tell_matching(lobby);
}

/* Who has been here longest; people who are connected before those who are not. */
static muster_player_id successor(const struct lobby *lobby) {
    const struct instance *instance = lobby->instance;
    struct muster_member_info member = {.size = sizeof member};
    struct muster_member_info best = {.size = sizeof best};
    uint32_t index = 0;
    while (instance->host->lobby->member_next(instance->self, lobby->id, &index, &member) ==
           MUSTER_OK) {
        if (!member.has_entered || member.is_spectator) continue;
        bool better = !best.player.value || member.is_connected > best.is_connected ||
                      (member.is_connected == best.is_connected && member.since_ms < best.since_ms);
        if (better) best = member;
    }
    return best.player;
}

static void replace_host(const struct lobby *lobby) {
    const struct instance *instance = lobby->instance;
    const struct muster_host_lobby *host = instance->host->lobby;
    muster_player_id next =
        lobby_bool(lobby, "allowHostMigration") ? successor(lobby) : (muster_player_id){0};
    if (next.value)
        (void)host->host_set(instance->self, lobby->id, next);
    else
        (void)host->close(instance->self, lobby->id, "the host has left");
}

static void rules_notice(void *user, void *state, const struct muster_notice *notice) {
    (void)user;
    struct lobby *lobby = state;
    if (!lobby) return;
    const struct instance *instance = lobby->instance;
    if (notice->kind == MUSTER_NOTICE_LOBBY_HOST && !notice->player.value) {
        struct muster_lobby_info info = {.size = sizeof info};
        muster_status status = instance->host->lobby->get(instance->self, lobby->id, &info);
        if (status == MUSTER_OK && !info.host.value) replace_host(lobby);
    }
    bool started =
        notice->kind == MUSTER_NOTICE_LOBBY_STATE && notice->value == MUSTER_LOBBY_ACTIVE;
    if (started && lobby_bool(lobby, "lockAtStart"))
        (void)instance->host->lobby->lock_set(instance->self, lobby->id, 1);
}

static void rules_lobby_save(void *user, void *state, struct muster_writer *out) {
    (void)user;
    if (state) saved_write(state, out);
}

static muster_status rules_lobby_load(void *user, void *state, struct muster_reader *in) {
    (void)user;
    return state ? saved_read(state, in) : MUSTER_NO_MEMORY;
}

static const struct muster_rules rules = {.size = sizeof rules,
                                          .create = rules_create,
                                          .destroy = rules_destroy,
                                          .allow = decide,
                                          .changed = rules_changed,
                                          .notice = rules_notice,
                                          .lobby_save = rules_lobby_save,
                                          .lobby_load = rules_lobby_load};

/* ---- life ------------------------------------------------------------------------------------ */

static void read_config(struct instance *instance) {
    const struct muster_host_config *config = instance->host->config;
    muster_self *self = instance->self;
    instance->limits = (struct limits){
        .player_tries_per_minute = (uint32_t)config->integer(self, "playerTriesPerMinute"),
        .address_tries_per_minute = (uint32_t)config->integer(self, "addressTriesPerMinute"),
        .invites_per_minute = (uint32_t)config->integer(self, "invitesPerMinute"),
        .invite_life_s = (uint32_t)config->integer(self, "inviteLifeS"),
        .vote_ms = (uint32_t)config->integer(self, "voteMs"),
        .vote_every_ms = (uint32_t)config->integer(self, "voteEveryMs"),
        .vote_ban_s = (uint32_t)config->integer(self, "voteBanS"),
        .presets_per_player = (uint32_t)config->integer(self, "presetsPerPlayer"),
    };
    instance->common_preset_count = config->list_count(self, "presets");
    for (uint32_t i = 0; i < instance->common_preset_count; i++)
        instance->common_presets[i] = config->list_item(self, "presets", i);
}

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    if (sodium_init() < 0) return MUSTER_INTERNAL;
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance) return MUSTER_NO_MEMORY;
    instance->self = self;
    instance->host = host;
    read_config(instance);
    muster_status status = host->lobby->settings_add(self, settings);
    if (!status) status = methods_add(instance);
    if (status) {
        free(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static muster_status plugin_start(void *instance) {
    return presets_start(instance);
}

static void plugin_fini(void *instance) {
    sodium_memzero(instance, sizeof(struct instance));
    free(instance);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_RULES, .vtable = &rules}};

MUSTER_PLUGIN(.name = "rules_private", .version = "1.0.0",
              .description = "Rules: hosts of lobbies, private lobbies, votes, presets.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = plugin_init,
              .start = plugin_start, .fini = plugin_fini);
