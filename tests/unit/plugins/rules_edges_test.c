/* rules_private at its limits, and for whom a decision does not count: watchers, who has left, who
 * is not connected, the other lobby's or player's entry beside the one that is meant. */
#include "rules_rig.h"

static bool tells(struct testkit_rpc rpc, const char *text) {
    return strstr(rpc.text, text) != NULL;
}

static bool access_tells(struct rig *rig, const char *text) {
    return tells(call(rig, rig->host, "lobby.access", "{}"), text);
}

static void invite_token(struct rig *rig, muster_player_id by, const char *params, char token[64]) {
    struct testkit_rpc rpc = call(rig, by, "lobby.invite", params);
    assert_rpc(rpc, "", "");
    json_t *answer = json_loads(rpc.text, 0, NULL);
    snprintf(token, 64, "%s", json_string_value(json_object_get(answer, "invitation")));
    json_decref(answer);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void parameters_at_their_limits(void **state) {
    struct rig *rig = *state;
    static const struct {
        const char *method, *before, *after;
        uint32_t longest;
    } texts[] = {
        {"lobby.setPassword", "{\"password\":\"", "\"}", 64},
        {"lobby.ban", "{\"playerId\":\"", "\"}", MUSTER_PLAYER_KEY_MAX - 1},
        {"lobby.ban", "{\"playerId\":\"p\",\"reason\":\"", "\"}", 78},
    };
    static const struct {
        const char *method, *params, *code;
    } numbers[] = {
        {"lobby.ban", "{\"playerId\":\"p\",\"seconds\":31536000}", ""},
        {"lobby.ban", "{\"playerId\":\"p\",\"seconds\":31536001}", "invalid_params"},
        {"lobby.ban", "{\"playerId\":\"p\",\"seconds\":0}", "invalid_params"},
        {"lobby.ban", "{\"playerId\":\"\"}", "invalid_params"},
        {"lobby.invite", "{\"expiresInS\":86400}", ""},
        {"lobby.invite", "{\"expiresInS\":86401}", "invalid_params"},
        {"lobby.invite", "{\"expiresInS\":1}", ""},
        {"lobby.applyPreset", "{\"name\":\" \\n \"}", "invalid_params"},
        {"lobby.applyPreset", "{\"name\":5}", "invalid_params"},
    };
    char params[512], text[256];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (uint32_t more = 0; more < 2; more++) {
            memset(text, 'x', texts[i].longest + more);
            text[texts[i].longest + more] = '\0';
            snprintf(params, sizeof(params), "%s%s%s", texts[i].before, text, texts[i].after);
            assert_rpc(call(rig, rig->host, texts[i].method, params), more ? "invalid_params" : "",
                       "");
        }
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_rpc(call(rig, rig->host, numbers[i].method, numbers[i].params), numbers[i].code, "");
    assert_rpc(
        call(rig, rig->host, "lobby.ban", "{\"playerId\":\"guest\",\"reason\":\"two\\nlines\"}"),
        "", "");
    assert_false(access_tells(rig, "\\n"));
}

static void who_has_not_entered_asks_nothing(void **state) {
    struct rig *rig = *state;
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, has_entered, 0);
    assert_rpc(call(rig, rig->host, "lobby.access", "{}"), "wrong_state", "no_lobby");
}

/* ---- bans ------------------------------------------------------------------------------------ */

static void bans_by_the_millisecond(void **state) {
    struct rig *rig = *state;
    testkit_unix_set(rig->kit, 5000000);
    assert_rpc(call(rig, rig->host, "lobby.ban",
                    "{\"playerId\":\"guest\",\"reason\":\"a\",\"seconds\":30}"),
               "", "");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"third\"}"), "", "");
    assert_true(access_tells(rig, "\"until\":5030000"));
    assert_true(access_tells(rig, "\"until\":null"));
    testkit_advance(rig->kit, 29999);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "banned");
    assert_refused(rig, ask(rig, MUSTER_ACTION_SPECTATE, rig->guest, ""), "banned");
    assert_true(access_tells(rig, "\"guest\""));
    testkit_advance(rig->kit, 1);
    assert_false(access_tells(rig, "\"guest\""));
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
    assert_rpc(call(rig, rig->host, "lobby.unban", "{\"playerId\":\"guest\"}"), "not_found", "");
    testkit_advance(rig->kit, 40000000); /* the other one is for good */
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), "banned");
}

static void a_second_ban_replaces_the_first(void **state) {
    struct rig *rig = *state;
    const char *first = "{\"playerId\":\"guest\",\"reason\":\"rude\",\"seconds\":30}";
    assert_rpc(call(rig, rig->host, "lobby.ban", first), "", "");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"guest\"}"), "", "");
    testkit_advance(rig->kit, 30001);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "banned");
    assert_null(strstr(rig->reason, "rude"));
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_PASS);
    assert_rpc(call(rig, rig->host, "lobby.unban", "{\"playerId\":\"guest\"}"), "", "");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
}

static void a_ban_takes_the_invitation_back(void **state) {
    struct rig *rig = *state;
    change(rig, "password", "\"sesame\"");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\"}"), "", "");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"third\"}"), "", "");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"guest\"}"), "", "");
    assert_null(testkit_told_find(rig->kit, "banned")); /* is not here */
    assert_rpc(call(rig, rig->host, "lobby.unban", "{\"playerId\":\"guest\"}"), "", "");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "password_needed");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_ACCEPT);
}

static void who_is_banned_is_told_so(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"guest\",\"reason\":\"rude\"}"),
               "", "");
    assert_false(is_here(rig, rig->guest));
    assert_non_null(testkit_told_find(rig->kit, "rude"));
}

/* ---- invitations ----------------------------------------------------------------------------- */

static void invitations_by_the_millisecond(void **state) {
    struct rig *rig = *state;
    change(rig, "password", "\"sesame\"");
    testkit_unix_set(rig->kit, 5000000);
    struct testkit_rpc sent =
        call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\",\"expiresInS\":60}");
    assert_true(tells(sent, "\"expiresAt\":5060000"));
    assert_true(tells(sent, "\"notified\":true"));
    assert_true(tells(sent, "\"invitation\":null"));
    assert_non_null(testkit_told_find(rig->kit, "\"fromId\":\"host\",\"fromName\":\"Host\""));
    struct testkit_rpc open = call(rig, rig->host, "lobby.invite", "{}"); /* 600 s, as configured */
    assert_true(tells(open, "\"expiresAt\":5600000"));
    assert_true(tells(open, "\"notified\":false"));
    testkit_advance(rig->kit, 59999);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    assert_true(access_tells(rig, "\"playerId\":\"guest\""));
    testkit_advance(rig->kit, 1);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "invitation_expired");
    assert_false(access_tells(rig, "\"playerId\":\"guest\""));
    assert_true(access_tells(rig, "\"invitation\":\"i."));
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", "{\"playerId\":\"guest\"}"),
               "not_found", "");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\"}"), "", "");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
}

/* One is taken back, and those beside it stay. */
static void invitations_are_taken_back_one_by_one(void **state) {
    struct rig *rig = *state;
    char first[64], second[64], params[128];
    change(rig, "password", "\"sesame\"");
    invite_token(rig, rig->host, "{}", first);
    invite_token(rig, rig->host, "{}", second);
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\"}"), "", "");
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", "{}"), "not_found", "");
    snprintf(params, sizeof(params), "{\"invitation\":\"%s\"}", first);
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", params), "", "");
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", params), "not_found", "");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, first), "password_wrong");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, second), MUSTER_ACCEPT);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", "{\"playerId\":\"guest\"}"), "", "");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "password_needed");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, second), MUSTER_ACCEPT);
    second[23] = second[23] == 'A' ? 'B' : 'A'; /* the last letter counts as well */
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, second), "password_wrong");
}

static void one_player_has_one_invitation(void **state) {
    struct rig *rig = *state;
    for (int i = 0; i < 70; i++) {
        testkit_advance(rig->kit, 3001);
        assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\"}"), "", "");
    }
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", "{\"playerId\":\"guest\"}"), "", "");
    assert_rpc(call(rig, rig->host, "lobby.revokeInvitation", "{\"playerId\":\"guest\"}"),
               "not_found", "");
}

/* When all places are taken, the host's takes that of the member's invitation that ends first. */
static void the_host_takes_the_place_that_ends_first(void **state) {
    struct rig *rig = *state;
    char late[64], soon[64], own[64];
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_true(testkit_setting_set(rig->kit, "membersInvite", "true"));
    change(rig, "password", "\"sesame\"");
    invite_token(rig, rig->host, "{\"expiresInS\":1000}", own);
    invite_token(rig, rig->guest, "{\"expiresInS\":5000}", late);
    invite_token(rig, rig->guest, "{\"expiresInS\":4000}", soon);
    for (int i = 3; i <= 64; i++) {
        testkit_advance(rig->kit, 3001);
        assert_rpc(call(rig, rig->host, "lobby.invite", "{\"expiresInS\":86400}"), "", "");
    }
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, soon), "password_wrong");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, late), MUSTER_ACCEPT);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, own), MUSTER_ACCEPT);
}

/* ---- who comes in ---------------------------------------------------------------------------- */

static void the_allow_list_as_it_is_now(void **state) {
    struct rig *rig = *state;
    LOBBY_PUT(rig->kit, rig->lobby, is_private, 0);
    change(rig, "allowedPlayers", "[\"guest\"]");
    assert_true(testkit_lobby(rig->kit, rig->lobby)->is_unmatched);
    change(rig, "password", "\"sesame\"");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, "sesame"), "not_invited");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"third\"}"), "", "");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_ACCEPT);
    change(rig, "allowedPlayers", "[\"somebody\"]");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "not_invited");
    change(rig, "allowedPlayers", "[]");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "password_needed");
    change(rig, "password", "\"\"");
    assert_false(testkit_lobby(rig->kit, rig->lobby)->is_unmatched);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
}

static void late_join_and_matching(void **state) {
    struct rig *rig = *state;
    LOBBY_PUT(rig->kit, rig->lobby, is_private, 0);
    assert_true(testkit_setting_set(rig->kit, "lateJoin", "false"));
    change(rig, "lateJoin", "false");
    assert_true(testkit_lobby(rig->kit, rig->lobby)->is_unmatched);
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS); /* it waits */
    assert_true(testkit_setting_set(rig->kit, "lateJoin", "true"));
    change(rig, "lateJoin", "true");
    assert_false(testkit_lobby(rig->kit, rig->lobby)->is_unmatched);
}

/* Who is in already gives no password again to watch. */
static void a_member_changes_the_place(void **state) {
    struct rig *rig = *state;
    change(rig, "password", "\"sesame\"");
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_int_equal(ask(rig, MUSTER_ACTION_SPECTATE, rig->guest, ""), MUSTER_PASS);
    muster_lobby_id other = testkit_lobby_add(rig->kit, (struct muster_lobby_info){0});
    testkit_member_add(rig->kit, other, rig->third, 0, MUSTER_TEAM_RED);
    assert_refused(rig, ask(rig, MUSTER_ACTION_SPECTATE, rig->third, ""), "password_needed");
}

/* Two lobbies of one password: what one keeps is nothing of the other's. */
static void lobbies_are_apart(void **state) {
    struct rig *rig = *state;
    struct muster_lobby_info info = {.state = MUSTER_LOBBY_WAITING, .host = rig->third};
    muster_lobby_id first = rig->lobby, second = testkit_lobby_add(rig->kit, info);
    void *first_state = rig->state, *second_state = testkit_rules_state(rig->plugin, second);
    change(rig, "password", "\"sesame\"");
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"guest\"}"), "", "");
    testkit_member_add(rig->kit, second, rig->third, 0, MUSTER_TEAM_RED);
    assert_true(tells(call(rig, rig->third, "lobby.access", "{}"), "\"hasPassword\":false"));
    rig->state = second_state;
    rig->lobby = second;
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
    rig->state = first_state;
    rig->lobby = first;
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "banned");
    assert_true(access_tells(rig, "\"hasPassword\":true"));
    testkit_lobby_remove(rig->kit, second);
    assert_rpc(call(rig, rig->third, "lobby.access", "{}"), "wrong_state", "no_lobby");
}

static void the_code_is_told_and_renewed(void **state) {
    struct rig *rig = *state;
    LOBBY_PUT_TEXT(rig->kit, rig->lobby, join_code, "OLD");
    assert_true(access_tells(rig, "\"joinCode\":\"OLD\""));
    struct testkit_rpc renewed = call(rig, rig->host, "lobby.renewCode", "{}");
    assert_true(tells(renewed, testkit_lobby(rig->kit, rig->lobby)->join_code));
    assert_false(access_tells(rig, "OLD"));
    assert_true(access_tells(rig, testkit_lobby(rig->kit, rig->lobby)->join_code));
}

/* ---- who decides ----------------------------------------------------------------------------- */

static muster_verdict move_other(struct rig *rig, muster_player_id by, muster_player_id target) {
    rig->refusal = (struct muster_refusal){.size = sizeof(rig->refusal)};
    const struct muster_action action = {.size = sizeof(action),
                                         .kind = MUSTER_ACTION_TEAM_CHANGE,
                                         .lobby = rig->lobby,
                                         .player = by,
                                         .key = "",
                                         .value = "",
                                         .target = target,
                                         .refusal = &rig->refusal};
    return rig->rules->allow(rig->instance, rig->state, &action, rig->reason, sizeof(rig->reason));
}

static void others_are_moved_by_the_host(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    assert_int_equal(move_other(rig, rig->host, rig->guest), MUSTER_ACCEPT);
    assert_refused(rig, move_other(rig, rig->guest, rig->host), "not_host");
    assert_int_equal(ask(rig, MUSTER_ACTION_SETTING, NO_PLAYER, "5"),
                     MUSTER_PASS); /* a plugin's wish */
}

static void public_lobbies_wait_for_the_ready_when_told_to(void **state) {
    struct rig *rig = *state;
    LOBBY_PUT(rig->kit, rig->lobby, is_private, 0);
    assert_true(testkit_setting_set(rig->kit, "startWhen", "ready"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), "not_ready");
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, is_ready, 1);
    assert_int_equal(ask(rig, MUSTER_ACTION_START, NO_PLAYER, ""), MUSTER_PASS);
}

static void host_lost(struct rig *rig) {
    const struct muster_notice notice = {
        .size = sizeof(notice), .kind = MUSTER_NOTICE_LOBBY_HOST, .lobby = rig->lobby};
    testkit_member_remove(rig->kit, rig->lobby, rig->host);
    LOBBY_PUT(rig->kit, rig->lobby, host, NO_PLAYER);
    rig->rules->notice(rig->instance, rig->state, &notice);
}

/* Watchers and who has not come yet are passed; of two, who has been here longer. */
static void the_eldest_is_the_next_host(void **state) {
    struct rig *rig = *state;
    muster_player_id watcher = testkit_player_add(rig->kit, "watcher", "Watcher");
    muster_player_id comes = testkit_player_add(rig->kit, "comes", "Comes");
    testkit_member_add(rig->kit, rig->lobby, watcher, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    testkit_member_add(rig->kit, rig->lobby, comes, 3, MUSTER_TEAM_RED);
    MEMBER_PUT(rig->kit, rig->lobby, comes, has_entered, 0);
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    MEMBER_PUT(rig->kit, rig->lobby, rig->guest, since_ms, 900);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    MEMBER_PUT(rig->kit, rig->lobby, rig->third, since_ms, 800);
    muster_player_id last = testkit_player_add(rig->kit, "last", "Last");
    testkit_member_add(rig->kit, rig->lobby, last, 4, MUSTER_TEAM_RED);
    MEMBER_PUT(rig->kit, rig->lobby, last, since_ms, 850);
    host_lost(rig);
    assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, rig->third.value);
    assert_true(is_open(rig));
}

/* In whatever order they are listed. */
static void who_is_here_comes_before_the_eldest(void **state) {
    struct rig *rig = *state;
    for (int round = 0; round < 2; round++) {
        testkit_member_remove(rig->kit, rig->lobby, rig->guest);
        testkit_member_remove(rig->kit, rig->lobby, rig->third);
        muster_player_id first = round ? rig->guest : rig->third;
        testkit_member_add(rig->kit, rig->lobby, first, 1, MUSTER_TEAM_BLUE);
        testkit_member_add(rig->kit, rig->lobby, round ? rig->third : rig->guest, 2,
                           MUSTER_TEAM_RED);
        MEMBER_PUT(rig->kit, rig->lobby, rig->guest, since_ms, 100);
        MEMBER_PUT(rig->kit, rig->lobby, rig->guest, is_connected, 0);
        host_lost(rig);
        assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, rig->third.value);
    }
}

/* Of two who came at once the first that is listed, also when the other follows. */
static void of_equals_the_first_is_host(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    MEMBER_PUT(rig->kit, rig->lobby, rig->guest, since_ms, 800);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
    MEMBER_PUT(rig->kit, rig->lobby, rig->third, since_ms, 800);
    host_lost(rig);
    assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, rig->guest.value);
}

static void watchers_alone_have_no_host(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    host_lost(rig);
    assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, 0);
    assert_false(is_open(rig));
}

static void a_host_that_is_there_stays(void **state) {
    struct rig *rig = *state;
    struct muster_notice notice = {.size = sizeof(notice), .kind = MUSTER_NOTICE_LOBBY_HOST};
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    MEMBER_PUT(rig->kit, rig->lobby, rig->guest, since_ms, 0);
    rig->rules->notice(rig->instance, rig->state, &notice);
    assert_int_equal(testkit_lobby(rig->kit, rig->lobby)->host.value, rig->host.value);
}

/* ---- votes ----------------------------------------------------------------------------------- */

#define KICK_THIRD "{\"vote\":\"kick\",\"playerId\":\"third\"}"

static void three(struct rig *rig) {
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_BLUE);
    testkit_member_add(rig->kit, rig->lobby, rig->third, 2, MUSTER_TEAM_RED);
}

static struct testkit_rpc kick_third(struct rig *rig) {
    return call(rig, rig->guest, "lobby.callVote", KICK_THIRD);
}

/* Only who is here to vote makes up the three. */
static void who_counts_for_a_kick_vote(void **state) {
    struct rig *rig = *state;
    three(rig);
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, is_connected, 0);
    assert_rpc(kick_third(rig), "denied", "too_few");
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, is_connected, 1);
    MEMBER_PUT(rig->kit, rig->lobby, rig->host, has_entered, 0);
    assert_rpc(kick_third(rig), "denied", "too_few");
    testkit_member_remove(rig->kit, rig->lobby, rig->host);
    testkit_member_add(rig->kit, rig->lobby, rig->host, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    assert_rpc(kick_third(rig), "denied", "too_few");
    testkit_member_remove(rig->kit, rig->lobby, rig->host);
    testkit_member_add(rig->kit, rig->lobby, rig->host, 0, MUSTER_TEAM_RED);
    assert_rpc(
        call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"guest\"}"),
        "denied", "not_this_one");
    assert_rpc(kick_third(rig), "", "");
}

static void watchers_neither_call_nor_suffer_votes(void **state) {
    struct rig *rig = *state;
    muster_player_id fourth = testkit_player_add(rig->kit, "fourth", "Fourth");
    three(rig);
    testkit_member_add(rig->kit, rig->lobby, fourth, 3, MUSTER_TEAM_BLUE);
    testkit_member_remove(rig->kit, rig->lobby, rig->third);
    testkit_member_add(rig->kit, rig->lobby, rig->third, MUSTER_SEAT_NONE, MUSTER_TEAM_NONE);
    assert_rpc(kick_third(rig), "not_found", "");
    assert_rpc(
        call(rig, rig->third, "lobby.callVote", "{\"vote\":\"kick\",\"playerId\":\"guest\"}"),
        "denied", "spectator");
}

/* Each switch is for its own vote. */
static void votes_are_switched_off_one_by_one(void **state) {
    struct rig *rig = *state;
    static const char *const maps[] = {"canyon", "arena"};
    three(rig);
    testkit_mode_set(rig->kit, "testkit", maps, 2);
    assert_true(testkit_setting_set(rig->kit, "allowVoteKick", "false"));
    assert_rpc(kick_third(rig), "denied", "vote_off");
    assert_rpc(call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"map\"}"), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, MUSTER_VOTE_NONE));
    assert_null(testkit_told_find(rig->kit, "lobby.settings"));
    testkit_advance(rig->kit, 10000);
    assert_true(testkit_setting_set(rig->kit, "allowVoteKick", "true"));
    assert_true(testkit_setting_set(rig->kit, "allowMapVoting", "false"));
    assert_rpc(kick_third(rig), "", "");
}

static void a_map_vote_needs_a_lobby_without_a_match(void **state) {
    struct rig *rig = *state;
    static const char *const maps[] = {"canyon", "arena"};
    testkit_mode_set(rig->kit, "testkit", maps, 2);
    LOBBY_PUT(rig->kit, rig->lobby, state, MUSTER_LOBBY_ACTIVE);
    assert_rpc(call(rig, rig->host, "lobby.callVote", "{\"vote\":\"map\"}"), "wrong_state", "");
    LOBBY_PUT(rig->kit, rig->lobby, state, MUSTER_LOBBY_ENDING);
    assert_rpc(call(rig, rig->host, "lobby.callVote", "{\"vote\":\"map\"}"), "", "");
}

/* Leaving before the end of the vote saves nobody from its ban, and removes nobody else. */
static void who_left_is_voted_out_all_the_same(void **state) {
    struct rig *rig = *state;
    three(rig);
    assert_rpc(kick_third(rig), "", "");
    testkit_member_remove(rig->kit, rig->lobby, rig->third);
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 0));
    assert_null(testkit_told_find(rig->kit, "voted out"));
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), "banned");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_PASS);
}

static void an_undecided_vote_does_nothing(void **state) {
    struct rig *rig = *state;
    three(rig);
    assert_rpc(kick_third(rig), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, MUSTER_VOTE_NONE));
    assert_true(is_here(rig, rig->third));
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_PASS);
}

static void a_full_list_of_bans_is_told(void **state) {
    struct rig *rig = *state;
    char params[64];
    three(rig);
    for (int i = 0; i < 64; i++) {
        snprintf(params, sizeof(params), "{\"playerId\":\"p%d\",\"seconds\":60}", i);
        assert_rpc(call(rig, rig->host, "lobby.ban", params), "", "");
    }
    assert_rpc(kick_third(rig), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 0));
    assert_false(is_here(rig, rig->third));
    assert_non_null(testkit_told_find(rig->kit, "list of bans is full"));
    testkit_advance(rig->kit, 60000); /* those that have ended make room */
    assert_rpc(call(rig, rig->host, "lobby.ban", "{\"playerId\":\"more\"}"), "", "");
}

static muster_verdict note_action(void *user, const struct muster_action *action, char *reason,
                                  uint32_t cap) {
    char *text = user;
    snprintf(text, 128, "%u %s %s %u", action->kind, action->key, action->value,
             action->target_seat);
    snprintf(reason, cap, "another rule says no");
    return MUSTER_REJECT;
}

static void other_rules_may_refuse_votes(void **state) {
    struct rig *rig = *state;
    static const char *const maps[] = {"canyon", "arena"};
    char asked[128] = "", expected[128];
    three(rig);
    testkit_mode_set(rig->kit, "testkit", maps, 2);
    testkit_ask_set(rig->kit, note_action, asked);
    assert_rpc(kick_third(rig), "denied", "");
    snprintf(expected, sizeof(expected), "%u kick third 2", MUSTER_ACTION_VOTE_CALL);
    assert_string_equal(asked, expected);
    assert_rpc(call(rig, rig->guest, "lobby.callVote", "{\"vote\":\"map\"}"), "denied", "");
    assert_memory_equal(strchr(asked, ' '), " map ", 5);
    assert_false(testkit_vote_end(rig->kit, rig->lobby, 0)); /* neither has begun */
}

/* ---- teams ----------------------------------------------------------------------------------- */

static uint32_t team_of(struct rig *rig, muster_player_id player) {
    return testkit_member(rig->kit, rig->lobby, player)->team;
}

static void shuffled_teams_are_even(void **state) {
    struct rig *rig = *state;
    bool moved = false;
    three(rig);
    for (int i = 0; i < 40; i++) {
        uint32_t before = team_of(rig, rig->host);
        assert_rpc(call(rig, rig->host, "lobby.shuffleTeams", "{}"), "", "");
        uint32_t reds = 0;
        reds += team_of(rig, rig->host) == MUSTER_TEAM_RED;
        reds += team_of(rig, rig->guest) == MUSTER_TEAM_RED;
        reds += team_of(rig, rig->third) == MUSTER_TEAM_RED;
        assert_in_range(reds, 1, 2);
        moved = moved || team_of(rig, rig->host) != before;
    }
    assert_true(moved);
}

static void watchers_keep_out_of_teams(void **state) {
    struct rig *rig = *state;
    testkit_member_add(rig->kit, rig->lobby, rig->guest, 1, MUSTER_TEAM_NONE);
    testkit_member_add(rig->kit, rig->lobby, rig->third, MUSTER_SEAT_NONE, MUSTER_TEAM_RED);
    LOBBY_PUT(rig->kit, rig->lobby, state, MUSTER_LOBBY_STARTING);
    assert_rpc(call(rig, rig->host, "lobby.swapTeams", "{}"), "", "");
    assert_int_equal(team_of(rig, rig->host), MUSTER_TEAM_BLUE);
    assert_int_equal(team_of(rig, rig->guest), MUSTER_TEAM_NONE); /* of neither */
    assert_int_equal(team_of(rig, rig->third), MUSTER_TEAM_RED);
    assert_rpc(call(rig, rig->host, "lobby.shuffleTeams", "{}"), "", "");
    assert_int_equal(team_of(rig, rig->third), MUSTER_TEAM_RED);
    LOBBY_PUT(rig->kit, rig->lobby, state, MUSTER_LOBBY_ENDING);
    assert_rpc(call(rig, rig->host, "lobby.shuffleTeams", "{}"), "wrong_state", "");
}

static int setup_without_ban(void **state) {
    return setup_with_ban(state, "0");
}

static void no_ban_where_the_operator_wants_none(void **state) {
    struct rig *rig = *state;
    three(rig);
    assert_rpc(kick_third(rig), "", "");
    assert_true(testkit_vote_end(rig->kit, rig->lobby, 0));
    assert_false(is_here(rig, rig->third));
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, ""), MUSTER_PASS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(parameters_at_their_limits),
        CASE(who_has_not_entered_asks_nothing),
        CASE(bans_by_the_millisecond),
        CASE(a_second_ban_replaces_the_first),
        CASE(who_is_banned_is_told_so),
        CASE(a_ban_takes_the_invitation_back),
        CASE(invitations_by_the_millisecond),
        CASE(invitations_are_taken_back_one_by_one),
        CASE(one_player_has_one_invitation),
        CASE(the_host_takes_the_place_that_ends_first),
        CASE(the_allow_list_as_it_is_now),
        CASE(late_join_and_matching),
        CASE(a_member_changes_the_place),
        CASE(lobbies_are_apart),
        CASE(the_code_is_told_and_renewed),
        CASE(others_are_moved_by_the_host),
        CASE(public_lobbies_wait_for_the_ready_when_told_to),
        CASE(the_eldest_is_the_next_host),
        CASE(who_is_here_comes_before_the_eldest),
        CASE(of_equals_the_first_is_host),
        CASE(watchers_alone_have_no_host),
        CASE(a_host_that_is_there_stays),
        CASE(who_counts_for_a_kick_vote),
        CASE(watchers_neither_call_nor_suffer_votes),
        CASE(votes_are_switched_off_one_by_one),
        CASE(a_map_vote_needs_a_lobby_without_a_match),
        CASE(who_left_is_voted_out_all_the_same),
        CASE(an_undecided_vote_does_nothing),
        CASE(a_full_list_of_bans_is_told),
        CASE(other_rules_may_refuse_votes),
        CASE(shuffled_teams_are_even),
        CASE(watchers_keep_out_of_teams),
        cmocka_unit_test_setup_teardown(no_ban_where_the_operator_wants_none, setup_without_ban,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
