/* rules_private in the testkit: every decision, with a clock that the test moves. */
#include "rules_rig.h"

/* ---- access ---------------------------------------------------------------------------------- */

static void password_opens(void **state) {
    struct rig *rig = *state;
    LOBBY_PUT(rig->kit, rig->lobby, is_private, 0);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
    change(rig, "password", "\"sesame\"");
    assert_true(testkit_lobby(rig->kit, rig->lobby)->is_unmatched);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "password_needed");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesam"), "password_wrong");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesame "), "password_wrong");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesame"), MUSTER_ACCEPT);
    testkit_advance(rig->kit, 20001); /* the fourth try */
    assert_int_equal(ask(rig, MUSTER_ACTION_SPECTATE, rig->guest, "sesame"), MUSTER_ACCEPT);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->host, ""), MUSTER_ACCEPT);
    change(rig, "password", "\"\"");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
    assert_false(testkit_lobby(rig->kit, rig->lobby)->is_unmatched);
    assert_null(testkit_log_find(rig->kit, "sesam"));
}

/* What one player used up is no other's. */
static void tries_of_a_player_are_limited(void **state) {
    struct rig *rig = *state;
    change(rig, "password", "\"sesame\"");
    for (int i = 0; i < 3; i++)
        assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, "x"), "password_wrong");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesame"), "too_many_tries");
    assert_in_range(rig->refusal.retry_after_ms, 19000, 20001);
    assert_refused(rig, ask(rig, MUSTER_ACTION_SPECTATE, rig->guest, "sesame"), "too_many_tries");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "password_needed");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->host, ""), MUSTER_ACCEPT);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, "sesame"), MUSTER_ACCEPT);
    testkit_advance(rig->kit, 19000);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesame"), "too_many_tries");
    testkit_advance(rig->kit, 1001);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesame"), MUSTER_ACCEPT);
    testkit_advance(rig->kit, 19000); /* a right one counts as well */
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, "sesame"), "too_many_tries");
}

/* What is left is told for those whose clock is wrong. */
static json_int_t left_of(struct rig *rig, const char *list, const char *key) {
    json_t *answer = json_loads(call(rig, rig->host, "lobby.access", "{}").text, 0, NULL);
    json_t *left = json_object_get(json_array_get(json_object_get(answer, list), 0), key);
    json_int_t ms = json_is_integer(left) ? json_integer_value(left) : -1;
    json_decref(answer);
    return ms;
}

static void invitations_expire(void **state) {
    struct rig *rig = *state;
    char token[64] = "";
    change(rig, "password", "\"sesame\"");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\",\"expiresInS\":60}"),
               "", "");
    assert_non_null(testkit_told_find(rig->kit, "lobby.invited"));
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    struct testkit_rpc open = call(rig, rig->host, "lobby.invite", "{\"expiresInS\":60}");
    json_t *answer = json_loads(open.text, 0, NULL);
    snprintf(token, sizeof(token), "%s", json_string_value(json_object_get(answer, "invitation")));
    json_decref(answer);
    assert_int_equal(strlen(token), 24);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, token), MUSTER_ACCEPT);
    assert_int_equal(left_of(rig, "invitations", "expiresInMs"), 60000);
    testkit_unix_set(rig->kit, 4000000000000); /* the wall clock jumps: nothing of it counts */
    testkit_advance(rig->kit, 20000);
    assert_int_equal(left_of(rig, "invitations", "expiresInMs"), 40000);
    testkit_advance(rig->kit, 40001);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "invitation_expired");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, token), "invitation_expired");
}

static void allow_list_and_bans(void **state) {
    struct rig *rig = *state;
    change(rig, "allowedPlayers", "[\"guest\"]");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), "not_invited");
    assert_rpc(call(rig, rig->host, "lobby.ban",
                    "{\"playerId\":\"guest\",\"reason\":\"rude\",\"seconds\":30}"),
               "", "");
    assert_int_equal(left_of(rig, "bans", "endsInMs"), 30000);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "banned");
    assert_non_null(strstr(rig->reason, "rude"));
    testkit_advance(rig->kit, 30001);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
}

static void ban_removes_who_is_here(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_rpc(call(rig, rig->guest, "lobby.ban", "{\"playerId\":\"host\"}"), "denied", "not_host");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"host\"}"), "invalid_params", "");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"guest\"}"), "", "");
    assert_false(is_here(rig, rig->guest));
    assert_rpc(call(rig, rig->host, "lobby.unban", "{\"playerId\":\"guest\"}"), "", "");
    assert_rpc(call(rig, rig->host, "lobby.unban", "{\"playerId\":\"guest\"}"), "not_found", "");
}

static void late_join_and_spectators(void **state) {
    struct rig *rig = *state;
    LOBBY_PUT(rig->kit, rig->lobby, state, MUSTER_LOBBY_ACTIVE);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
    assert_true(testkit_setting_set(rig->kit, "lateJoin", "false"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "no_late_join");
    assert_int_equal(ask(rig, MUSTER_ACTION_SPECTATE, rig->guest, ""), MUSTER_PASS);
    assert_true(testkit_setting_set(rig->kit, "allowSpectators", "false"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_SPECTATE, rig->guest, ""), "no_spectators");
}

/* ---- who decides ----------------------------------------------------------------------------- */

static void only_the_host_decides(void **state) {
    struct rig *rig = *state;
    static const uint32_t acts[] = {MUSTER_ACTION_SETTING, MUSTER_ACTION_KICK,
                                    MUSTER_ACTION_HOST_TRANSFER, MUSTER_ACTION_LOCK,
                                    MUSTER_ACTION_START};
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        assert_int_equal(ask(rig, acts[i], rig->host, "true"), MUSTER_ACCEPT);
        assert_refused(rig, ask(rig, acts[i], rig->guest, "true"), "not_host");
    }
    testkit_player_permit(rig->kit, rig->guest, "play admin");
    assert_int_equal(ask(rig, MUSTER_ACTION_KICK, rig->guest, ""), MUSTER_ACCEPT);
    testkit_player_permit(rig->kit, rig->guest, "notadmin admins");
    assert_refused(rig, ask(rig, MUSTER_ACTION_KICK, rig->guest, ""), "not_host");
    LOBBY_PUT(rig->kit, rig->lobby, host, NO_PLAYER);
    assert_refused(rig, ask(rig, MUSTER_ACTION_KICK, rig->host, ""), "no_host");
}

static void teams_and_chat(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_int_equal(ask(rig, MUSTER_ACTION_TEAM_CHANGE, rig->guest, ""), MUSTER_PASS);
    assert_true(testkit_setting_set(rig->kit, "teamLock", "true"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_TEAM_CHANGE, rig->guest, ""), "teams_locked");
    assert_int_equal(ask(rig, MUSTER_ACTION_TEAM_CHANGE, rig->host, ""), MUSTER_PASS);
    testkit_member_add(rig->kit, rig->lobby, rig->third, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    assert_int_equal(ask(rig, MUSTER_ACTION_CHAT, rig->third, "hi"), MUSTER_PASS);
    assert_true(testkit_setting_set(rig->kit, "spectatorChat", "false"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_CHAT, rig->third, "hi"), "spectators_silent");
    assert_int_equal(ask(rig, MUSTER_ACTION_CHAT, rig->guest, "hi"), MUSTER_PASS);
}

static void starts_when_it_shall(void **state) {
    struct rig *rig = *state;
    assert_refused(rig, ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), "not_ready");
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, is_ready, 1);
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS);
    testkit_member_add(rig->kit, rig->lobby, rig->third, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS); /* a watcher */
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_refused(rig, ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), "not_ready");
    MEMBER_PUT(rig->kit, rig->lobby, rig->guest, has_entered, 0); /* may never come */
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS);
    MEMBER_PUT(rig->kit, rig->lobby, rig->guest, has_entered, 1);
    LOBBY_PUT(rig->kit, rig->lobby, is_private, 0); /* auto: enough players will do */
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS);
    LOBBY_PUT(rig->kit, rig->lobby, is_private, 1);
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, is_ready, 0);
    testkit_member_remove(rig->kit, rig->lobby, rig->guest);
    testkit_member_remove(rig->kit, rig->lobby, rig->host);
    testkit_member_add(rig->kit, rig->lobby, rig->host, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    LOBBY_PUT(rig->kit, rig->lobby, host, rig->host);
    assert_refused(rig, ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""),
                   "not_ready"); /* watchers alone */
    assert_true(testkit_setting_set(rig->kit, "startWhen", "enough"));
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS);
    assert_true(testkit_setting_set(rig->kit, "startWhen", "host"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), "host_starts");
    LOBBY_PUT(rig->kit, rig->lobby, host, NO_PLAYER); /* a matched lobby is let alone */
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void tell(struct rig *rig, uint32_t kind, uint32_t value) {
    const struct muster_notice notice = {
        .size = sizeof(notice), .kind = kind, .lobby = rig->lobby, .value = value};
    rig->rules->notice(rig->instance, rig->state, &notice);
}

static void host_migrates(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    MEMBER_PUT(rig->kit, rig->lobby, rig->guest, is_connected, 0);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_BLUE);
    testkit_member_remove(rig->kit, rig->lobby, rig->host);
    LOBBY_PUT(rig->kit, rig->lobby, host, NO_PLAYER);
    tell(rig, MUSTER_NOTICE_LOBBY_HOST, 0);
    assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, rig->third.value);
    testkit_member_remove(rig->kit, rig->lobby, rig->third);
    LOBBY_PUT(rig->kit, rig->lobby, host, NO_PLAYER);
    assert_true(testkit_setting_set(rig->kit, "allowHostMigration", "false"));
    tell(rig, MUSTER_NOTICE_LOBBY_HOST, 0);
    assert_false(is_open(rig));
}

static void locks_at_start(void **state) {
    struct rig *rig = *state;
    tell(rig, MUSTER_NOTICE_LOBBY_STATE, MUSTER_LOBBY_ACTIVE);
    assert_false(testkit_lobby(rig->kit, rig->lobby)->is_locked);
    assert_true(testkit_setting_set(rig->kit, "lockAtStart", "true"));
    tell(rig, MUSTER_NOTICE_LOBBY_STATE, MUSTER_LOBBY_STARTING);
    assert_false(testkit_lobby(rig->kit, rig->lobby)->is_locked);
    tell(rig, MUSTER_NOTICE_LOBBY_STATE, MUSTER_LOBBY_ACTIVE);
    assert_true(testkit_lobby(rig->kit, rig->lobby)->is_locked);
}

/* ---- votes, teams, presets ------------------------------------------------------------------- */

static void a_kick_vote(void **state) {
    struct rig *rig = *state;
    const char *params = "{\"vote\":\"kick\",\"playerId\":\"third\"}";
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_rpc(call(rig, rig->guest, "lobby.callVote", params), "not_found", "");
    assert_rpc(call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"host\"}"),
               "denied", "not_this_one");
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    assert_rpc(call(rig, rig->guest, "lobby.callVote", params), "", "");
    assert_non_null(testkit_told_find(rig->kit, "\"subject\":\"third\""));
    assert_rpc(call(rig, rig->guest, "lobby.callVote", params), "wrong_state", "vote_running");
    testkit_advance(rig->kit, 15000);
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 1));
    assert_true(is_here(rig, rig->third));
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_PASS);
    testkit_advance(rig->kit, 9999);
    struct testkit_rpc again = call(rig, rig->guest, "lobby.callVote", params);
    assert_rpc(again, "rate_limited", "");
    testkit_advance(rig->kit, 1);
    assert_rpc(call(rig, rig->guest, "lobby.callVote", params), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 0));
    assert_false(is_here(rig, rig->third));
    assert_non_null(testkit_told_find(rig->kit, "voted out"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), "banned");
    testkit_advance(rig->kit, 299999);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), "banned");
    testkit_advance(rig->kit, 1);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_PASS);
}

/* Whoever calls one vote after the other does not keep the others from calling theirs. */
static void each_gets_a_turn_to_call_a_vote(void **state) {
    struct rig *rig = *state;
    static const char *const maps[] = {"canyon", "arena"};
    testkit_mode_set(rig->kit, "testkit", maps, 2);
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    assert_rpc(call(rig, rig->third, "lobby.callVote", "{\"vote\":\"map\"}"), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, MUSTER_VOTE_NONE));
    assert_rpc(call(rig, rig->third, "lobby.callVote", "{\"vote\":\"map\"}"), "rate_limited", "");
    assert_rpc(
        call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"third\"}"), "",
        "");
}

/* A call that is refused changes nothing of the vote that runs. */
static void a_refused_call_changes_no_vote(void **state) {
    struct rig *rig = *state;
    static const char *const maps[] = {"canyon", "arena"};
    testkit_mode_set(rig->kit, "testkit", maps, 2);
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    assert_rpc(
        call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"third\"}"), "",
        "");
    assert_rpc(
        call(rig, rig->third, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"guest\"}"),
        "wrong_state", "vote_running");
    assert_rpc(call(rig, rig->third, "lobby.callVote", "{\"vote\":\"map\"}"), "wrong_state",
               "vote_running");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 0));
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), "banned");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
    /* A refused call does not make the next one wait either. */
    assert_rpc(call(rig, rig->third, "lobby.callVote", "{\"vote\":\"map\"}"), "", "");
}

static void who_became_host_is_not_voted_out(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    assert_rpc(
        call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"third\"}"), "",
        "");
    LOBBY_PUT(rig->kit, rig->lobby, host, rig->third);
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 0));
    assert_true(is_here(rig, rig->third));
    LOBBY_PUT(rig->kit, rig->lobby, host, rig->host);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_PASS);
}

static void a_map_vote(void **state) {
    struct rig *rig = *state;
    static const char *const maps[] = {"canyon", "arena"};
    assert_rpc(call(rig, rig->host, "lobby.callVote", "{\"vote\":\"map\"}"), "denied", "one_map");
    testkit_mode_set(rig->kit, "testkit", maps, 2);
    assert_rpc(call(rig, rig->host, "lobby.callVote", "{\"vote\":\"map\"}"), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 1));
    assert_non_null(testkit_told_find(rig->kit, "\"mapName\":\"arena\""));
    testkit_advance(rig->kit, 10000);
    assert_true(testkit_setting_set(rig->kit, "allowMapVoting", "false"));
    assert_rpc(call(rig, rig->host, "lobby.callVote", "{\"vote\":\"map\"}"), "denied", "vote_off");
}

static void shuffled_and_swapped(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_NONE);
    assert_rpc(call(rig, rig->guest, "lobby.shuffleTeams", "{}"), "denied", "not_host");
    assert_rpc(call(rig, rig->host, "lobby.shuffleTeams", "{}"), "", "");
    uint32_t first = testkit_member(rig->kit, rig->lobby, rig->host)->team;
    uint32_t second = testkit_member(rig->kit, rig->lobby, rig->guest)->team;
    assert_int_equal(first + second, MUSTER_TEAM_RED + MUSTER_TEAM_BLUE);
    assert_rpc(call(rig, rig->host, "lobby.swapTeams", "{}"), "", "");
    assert_int_equal(testkit_member(rig->kit, rig->lobby, rig->host)->team, second);
    LOBBY_PUT(rig->kit, rig->lobby, state, MUSTER_LOBBY_ACTIVE);
    assert_rpc(call(rig, rig->host, "lobby.swapTeams", "{}"), "wrong_state", "");
}

static void presets_of_the_operator(void **state) {
    struct rig *rig = *state;
    struct testkit_rpc list = call(rig, rig->host, "lobby.presets", "{}");
    assert_non_null(strstr(list.text, "\"name\":\"duel\""));
    assert_rpc(call(rig, rig->host, "lobby.applyPreset", "{\"name\":\"duel\"}"), "", "");
    assert_non_null(testkit_told_find(rig->kit, "\"startWhen\":\"host\""));
    assert_rpc(call(rig, rig->host, "lobby.applyPreset", "{\"name\":\"none\"}"), "not_found", "");
    assert_rpc(call(rig, rig->host, "lobby.savePreset", "{\"name\":\"mine\"}"), "unavailable", "");
}

/* ---- the chain, hostile calls ---------------------------------------------------------------- */

static muster_verdict refuse_all(void *user, const struct muster_action *action, char *reason,
                                 uint32_t cap) {
    *(uint32_t *)user = action->kind;
    snprintf(reason, cap, "another rule says no");
    snprintf(action->refusal->word, MUSTER_NAME_MAX, "because");
    return MUSTER_REJECT;
}

static void other_rules_may_refuse(void **state) {
    struct rig *rig = *state;
    uint32_t asked = 0;
    static const struct {
        const char *method;
        const char *params;
        uint32_t kind;
    } calls[] = {
        {"lobby.invite", "{}", MUSTER_ACTION_INVITE},
        {"lobby.ban", "{\"playerId\":\"guest\"}", MUSTER_ACTION_BAN},
        {"lobby.setPassword", "{\"password\":\"x\"}", MUSTER_ACTION_SETTING},
        {"lobby.shuffleTeams", "{}", MUSTER_ACTION_TEAMS},
    };
    testkit_ask_set(rig->kit, refuse_all, &asked);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        assert_rpc(call(rig, rig->host, calls[i].method, calls[i].params), "denied", "because");
        assert_int_equal(asked, calls[i].kind);
    }
    testkit_ask_set(rig->kit, NULL, NULL);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
}

static void malformed_calls(void **state) {
    struct rig *rig = *state;
    assert_rpc(call(rig, rig->guest, "lobby.access", "{}"), "wrong_state", "no_lobby");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"expiresInS\":0}"), "invalid_params", "");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"expiresInS\":\"1\"}"), "invalid_params",
               "");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"x\":1}"), "invalid_params", "");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{}"), "invalid_params", "");
    assert_rpc(call(rig, rig->host, "lobby.callVote", "{\"vote\":\"sky\"}"), "invalid_params", "");
    change(rig, "password", "{broken");
    change(rig, "password", "5");
    change(rig, "allowedPlayers", "[1,null,\"\"]");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
}

static void limits_of_the_lists(void **state) {
    struct rig *rig = *state;
    char params[80];
    for (int i = 0; i < 64; i++) {
        snprintf(params, sizeof(params), "{\"playerId\":\"p%d\"}", i);
        assert_rpc(call(rig, rig->host, "lobby.ban", params), "", "");
    }
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"more\"}"), "denied", "too_many");
    for (int i = 0; i < 20; i++) assert_rpc(call(rig, rig->host, "lobby.invite", "{}"), "", "");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{}"), "rate_limited", "");
    for (int i = 20; i < 64; i++) {
        testkit_advance(rig->kit, 3001);
        assert_rpc(call(rig, rig->host, "lobby.invite", "{}"), "", "");
    }
    testkit_advance(rig->kit, 3001);
    assert_rpc(call(rig, rig->host, "lobby.invite", "{}"), "denied", "too_many");
}

/* A member who invites whomever there is leaves room for the others, and the host always has it. */
static void members_share_the_invitations(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    assert_rpc(call(rig, rig->guest, "lobby.invite", "{}"), "denied", "not_host");
    assert_true(testkit_setting_set(rig->kit, "membersInvite", "true"));
    for (int i = 0; i < 8; i++) assert_rpc(call(rig, rig->guest, "lobby.invite", "{}"), "", "");
    assert_rpc(call(rig, rig->guest, "lobby.invite", "{}"), "denied", "too_many");
    assert_rpc(call(rig, rig->third, "lobby.invite", "{}"), "", "");
    for (int i = 0; i < 64; i++) {
        testkit_advance(rig->kit, 3001);
        assert_rpc(call(rig, rig->host, "lobby.invite", "{\"expiresInS\":86400}"), "", "");
    }
    assert_rpc(call(rig, rig->third, "lobby.invite", "{}"), "denied", "too_many");
    testkit_advance(rig->kit, 3001);
    assert_rpc(call(rig, rig->host, "lobby.invite", "{}"), "denied", "too_many");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(password_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(tries_of_a_player_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(invitations_expire, setup, teardown),
        cmocka_unit_test_setup_teardown(allow_list_and_bans, setup, teardown),
        cmocka_unit_test_setup_teardown(ban_removes_who_is_here, setup, teardown),
        cmocka_unit_test_setup_teardown(late_join_and_spectators, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_host_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(teams_and_chat, setup, teardown),
        cmocka_unit_test_setup_teardown(starts_when_it_shall, setup, teardown),
        cmocka_unit_test_setup_teardown(host_migrates, setup, teardown),
        cmocka_unit_test_setup_teardown(locks_at_start, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kick_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(each_gets_a_turn_to_call_a_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_call_changes_no_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(who_became_host_is_not_voted_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_map_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(shuffled_and_swapped, setup, teardown),
        cmocka_unit_test_setup_teardown(presets_of_the_operator, setup, teardown),
        cmocka_unit_test_setup_teardown(other_rules_may_refuse, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(members_share_the_invitations, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_of_the_lists, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
