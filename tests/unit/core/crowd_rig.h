/* crowd_rig - a lobby with rules that hold its start back or keep somebody out, and its people. */
#ifndef CROWD_RIG_H
#define CROWD_RIG_H

#include "books_rig.h"

/* Rules that hold the start back, and a name that they keep out. */
static struct {
    struct muster_self self;
    bool holds_start;
    bool accepts; /* whatever anybody wants */
    const char *keeps_out;
} warden;

static inline muster_verdict on_allow(void *instance, void *state,
                                      const struct muster_action *action, char *reason,
                                      uint32_t cap) {
    (void)instance;
    (void)state;
    const struct session *session = session_find(action->player);
    bool start = action->kind == MUSTER_ACTION_START && !action->player.value && warden.holds_start;
    bool join = action->kind == MUSTER_ACTION_JOIN && warden.keeps_out && session &&
                strcmp(session->player_key, warden.keeps_out) == 0;
    if (!start && !join) return warden.accepts ? MUSTER_ACCEPT : MUSTER_PASS;
    snprintf(reason, cap, "not now");
    return MUSTER_REJECT;
}

static const struct muster_rules rules = {.size = sizeof rules, .allow = on_allow};
static const struct muster_role roles[] = {{MUSTER_ROLE_RULES, 0, &rules}};

static inline int open_crowd(void **state) {
    warden.holds_start = warden.accepts = false;
    warden.keeps_out = NULL;
    return rig_open(state) || fake_plugin(&warden.self, "warden", roles, 1, NULL, NULL) ? -1 : 0;
}

static inline int close_crowd(void **state) {
    if (rig_close(state)) return -1;
    registry_remove(&warden.self);
    return warden.self.pins ? -1 : 0;
}

static inline struct lobby *hosted(struct session *host) {
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    const struct lobby_wish wish = {.game_mode = "fake", .region = "", .creator = host->id};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_OK);
    return lobby;
}

static inline bool is_matched(const struct lobby *lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    assert_int_equal(host_table()->lobby->get(&game.self, lobby->id, &info), MUSTER_OK);
    return !info.is_unmatched;
}

static inline int32_t reserve(struct lobby *lobby, struct session *session, bool spectator,
                              char ticket[TICKET_TEXT_SIZE]) {
    struct failure failure = {0};
    int32_t code = lobby_reserve(lobby, session, MUSTER_TEAM_NONE, spectator, "", ticket, &failure);
    json_decref(failure.data);
    return code;
}

static inline struct session *watch(struct lobby *lobby, const char *player_key) {
    char ticket[TICKET_TEXT_SIZE];
    struct session *session = rig_sign_in(player_key, NULL);
    assert_int_equal(reserve(lobby, session, true, ticket), RPC_OK);
    assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
    return session;
}

static inline struct session *named(const char *player_key) {
    struct session *session = session_find_key(player_key);
    assert_non_null(session);
    return session;
}

/* Four players: ann, bea, cid, dan, on seats 0 to 3. */
static inline struct lobby *four(void) {
    static const char *const names[] = {"ann", "bea", "cid", "dan"};
    struct lobby *lobby = rig_lobby();
    warden.holds_start = true;
    for (int i = 0; i < 4; i++) assert_int_equal(rig_join(lobby, names[i], NULL)->member, i);
    return lobby;
}

static inline void play_to_the_end(struct lobby *lobby) {
    warden.holds_start = false;
    rig_play(lobby);
    game.limit = 0;
    rig_tick(lobby);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    game.limit = 1000;
}

#endif
