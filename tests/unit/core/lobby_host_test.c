/* What a host does: who may, on whom, at the edges of what is allowed, and what is told. */
#include "crowd_rig.h"

static json_t *setting(const char *key, json_t *value) {
    return json_pack("{s:o}", key, value);
}

/* As lobby.updateSettings; value is taken. */
static int32_t change(const char *player_key, const char *key, json_t *value) {
    struct failure failure = {0};
    json_t *wanted = setting(key, value);
    int32_t code = lobby_update_settings(named(player_key), wanted, &failure);
    json_decref(wanted);
    json_decref(failure.data);
    return code;
}

#define ASK(call)                                                                                  \
    ({                                                                                             \
        struct failure failure = {0};                                                              \
        int32_t code = call;                                                                       \
        json_decref(failure.data);                                                                 \
        code;                                                                                      \
    })

/* ann is the host, bea and cid are here. */
static struct lobby *with_host(void) {
    char ticket[TICKET_TEXT_SIZE];
    struct session *ann = rig_sign_in("ann", NULL);
    struct lobby *lobby = hosted(ann);
    warden.holds_start = warden.accepts = true;
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
    rig_join(lobby, "bea", NULL);
    rig_join(lobby, "cid", NULL);
    return lobby;
}

static void nobody_acts_on_others_unless_a_rule_accepts(void **state) {
    (void)state;
    struct lobby *lobby = with_host();
    struct session *ann = named("ann");
    warden.accepts = false;
    assert_int_equal(ASK(lobby_transfer_host(ann, "bea", &failure)), RPC_DENIED);
    assert_int_equal(ASK(lobby_lock(ann, true, &failure)), RPC_DENIED);
    assert_int_equal(ASK(lobby_kick_player(ann, "bea", "", &failure)), RPC_DENIED);
    assert_int_equal(ASK(lobby_start(ann, &failure)), RPC_DENIED);
    assert_int_equal(ASK(lobby_set_team(ann, "bea", MUSTER_TEAM_RED, &failure)), RPC_DENIED);
    assert_int_equal(change("ann", "locked", json_true()), RPC_DENIED);
    assert_int_equal(lobby->host.value, ann->id.value);
    assert_false(lobby->locked);
    assert_int_equal(lobby_players(lobby), 3);
    assert_int_equal(lobby->state, MUSTER_LOBBY_WAITING);
    assert_int_equal(lobby->members[1].team, MUSTER_TEAM_NONE);
}

static void a_host_is_a_member_who_is_here(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = with_host();
    struct session *ann = named("ann"), *dan = rig_sign_in("dan", NULL);
    struct client *cid = rig_client(named("cid"));
    assert_int_equal(ASK(lobby_transfer_host(ann, "nobody", &failure)), RPC_NOT_FOUND);
    assert_int_equal(reserve(lobby, dan, false, ticket), RPC_OK);
    assert_int_equal(ASK(lobby_transfer_host(ann, "dan", &failure)), RPC_WRONG_STATE);
    assert_int_equal(change("ann", "hostId", json_string("dan")), RPC_INVALID_PARAMS);
    assert_int_equal(change("ann", "hostId", json_string("nobody")), RPC_INVALID_PARAMS);
    rig_drop(rig_client(named("bea")));
    assert_int_equal(ASK(lobby_transfer_host(ann, "bea", &failure)), RPC_WRONG_STATE);
    assert_int_equal(lobby->host.value, ann->id.value);
    rig_forget(cid);
    assert_int_equal(ASK(lobby_transfer_host(ann, "cid", &failure)), RPC_OK);
    assert_int_equal(lobby->host.value, named("cid")->id.value);
    assert_true(rig_told(cid, "\"hostId\":\"cid\""));
    lobby_leave(named("cid"), MUSTER_LEAVE_QUIT);
    assert_int_equal(lobby->host.value, 0); /* a place for the rules to decide */
    assert_string_equal(lobby->host_key, "");
}

static void a_lock_keeps_all_out_but_the_host(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = with_host();
    struct session *ann = named("ann");
    assert_int_equal(ASK(lobby_lock(ann, true, &failure)), RPC_OK);
    assert_false(lobby_open(lobby));
    assert_int_equal(reserve(lobby, rig_sign_in("dan", NULL), false, ticket), RPC_DENIED);
    assert_int_equal(reserve(lobby, rig_sign_in("eve", NULL), true, ticket), RPC_DENIED);
    uint32_t opened = rig.seats_opened;
    assert_int_equal(ASK(lobby_lock(ann, false, &failure)), RPC_OK);
    assert_int_equal(rig.seats_opened, opened + 1); /* who searches may come in */
    assert_int_equal(ASK(lobby_lock(ann, false, &failure)), RPC_OK);
    assert_int_equal(rig.seats_opened, opened + 1);
    assert_true(lobby_open(lobby));
    assert_int_equal(reserve(lobby, session_find_key("dan"), false, ticket), RPC_OK);
    assert_false(lobby_open(lobby)); /* full */
}

static void the_host_of_a_locked_lobby_comes_in(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct session *ann = rig_sign_in("ann", NULL);
    struct lobby *lobby = hosted(ann);
    lobby_lock_set(lobby, true);
    assert_int_equal(reserve(lobby, ann, false, ticket), RPC_OK);
}

static void a_start_needs_enough_players_and_no_more(void **state) {
    (void)state;
    struct lobby *lobby = with_host();
    lobby->players_min = 3;
    rig_drop(rig_client(named("bea")));
    assert_int_equal(ASK(lobby_start(named("ann"), &failure)), RPC_WRONG_STATE);
    lobby->players_min = 2;
    assert_int_equal(ASK(lobby_start(named("ann"), &failure)), RPC_OK);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING);
    assert_int_equal(ASK(lobby_start(named("ann"), &failure)), RPC_WRONG_STATE);
    rig_settle(3000); /* although the rules would not start by themselves */
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
}

static void kicks_meet_who_is_meant(void **state) {
    (void)state;
    struct lobby *lobby = with_host();
    struct session *ann = named("ann"), *bea = named("bea");
    assert_int_equal(ASK(lobby_kick_player(ann, "ann", "", &failure)), RPC_INVALID_PARAMS);
    assert_int_equal(ASK(lobby_kick_player(ann, "nobody", "", &failure)), RPC_NOT_FOUND);
    assert_int_equal(ASK(lobby_kick_player(ann, "bea", "too loud", &failure)), RPC_OK);
    assert_int_equal(bea->lobby.value, 0);
    assert_true(rig_told(rig_client(bea), "\"reason\":\"kick\""));
    assert_true(rig_told(rig_client(bea), "too loud"));
    assert_false(rig_told(rig_client(named("cid")), "lobby.left"));
    assert_int_equal(lobby_players(lobby), 2);
    assert_true(session_find_key("bea") == bea); /* signed in as before */
    assert_true(rig_told(rig_client(named("cid")), "bea was kicked: too loud"));
    lobby_remove(lobby, named("cid")->id, MUSTER_LEAVE_BAN, "");
    assert_true(rig_told(rig_client(ann), "\"cid was banned\""));
    assert_true(rig_told(rig_client(named("cid")), "\"reason\":\"ban\""));
}

/* A mode may have put them into other teams since they sat down. */
static void team_chat_follows_the_match(void **state) {
    (void)state;
    struct failure failure = {0};
    struct lobby *lobby = with_host();
    warden.holds_start = false;
    rig_play(lobby);
    struct match_seat *seats = lobby->match->seats;
    uint32_t red = seats[0].team,
             blue = red == MUSTER_TEAM_RED ? MUSTER_TEAM_BLUE : MUSTER_TEAM_RED;
    assert_int_equal(lobby->members[1].team, blue);
    assert_int_equal(lobby->members[2].team, red);
    seats[1].team = red;
    seats[2].team = blue;
    assert_int_equal(lobby_chat(named("ann"), "psst", true, &failure), RPC_OK);
    assert_true(rig_told(rig_client(named("ann")), "psst"));
    assert_true(rig_told(rig_client(named("bea")), "psst"));
    assert_false(rig_told(rig_client(named("cid")), "psst"));
}

static void a_host_sets_the_team_of_others_whatever_the_balance(void **state) {
    (void)state;
    struct lobby *lobby = with_host();
    struct session *ann = named("ann");
    static const char *const names[] = {"bea", "cid"};
    assert_int_equal(ASK(lobby_set_team(ann, "", MUSTER_TEAM_BLUE, &failure)), RPC_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ASK(lobby_set_team(ann, names[i], MUSTER_TEAM_BLUE, &failure)), RPC_OK);
    assert_int_equal(ASK(lobby_set_team(ann, "nobody", MUSTER_TEAM_BLUE, &failure)), RPC_NOT_FOUND);
    warden.holds_start = false;
    rig_play(lobby);
    assert_int_equal(lobby->match->seats[1].team, MUSTER_TEAM_BLUE);
    assert_int_equal(lobby->match->seats[2].team, MUSTER_TEAM_BLUE);
    assert_int_equal(lobby->match->seats[0].team, MUSTER_TEAM_RED); /* a wish gives way */
    assert_int_equal(ASK(lobby_set_team(ann, "", MUSTER_TEAM_BLUE, &failure)), RPC_WRONG_STATE);
    struct session *watcher = watch(lobby, "fay");
    assert_int_equal(ASK(lobby_set_team(watcher, "", MUSTER_TEAM_RED, &failure)), RPC_WRONG_STATE);
}

static void settings_at_their_edges(void **state) {
    (void)state;
    struct lobby *lobby = with_host();
    lobby_leave(named("bea"), MUSTER_LEAVE_QUIT); /* seat 2 is the highest that is taken */
    assert_int_equal(change("ann", "maxPlayers", json_integer(2)), RPC_INVALID_PARAMS);
    assert_int_equal(lobby->players_max, 4);
    assert_int_equal(change("ann", "maxPlayers", json_integer(3)), RPC_OK);
    assert_int_equal(lobby->players_max, 3);
    assert_int_equal(change("ann", "noSuchKey", json_integer(3)), RPC_INVALID_PARAMS);
    warden.holds_start = false;
    rig_play(lobby);
    assert_int_equal(change("ann", "maxPlayers", json_integer(4)), RPC_WRONG_STATE);
    assert_int_equal(change("ann", "isPrivate", json_true()), RPC_OK);
    assert_true(lobby->is_private);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_NONE, MUSTER_END_TIME_LIMIT));
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING); /* the match still has its seats */
    assert_int_equal(change("ann", "maxPlayers", json_integer(4)), RPC_WRONG_STATE);
    assert_int_equal(lobby->players_max, 3);
}

/* lobby.playersMin is 3: a lobby for two would wait for ever. */
static void a_small_lobby_starts_when_it_is_full(void **state) {
    (void)state;
    struct lobby *lobby = with_host();
    assert_int_equal(lobby->players_min, 3);
    lobby_leave(named("cid"), MUSTER_LEAVE_QUIT);
    assert_int_equal(change("ann", "maxPlayers", json_integer(2)), RPC_OK);
    assert_int_equal(lobby->players_min, 2);
    warden.holds_start = false;
    rig_play(lobby);
}

static void a_code_is_read_as_people_type_it(void **state) {
    (void)state;
    struct lobby *lobby = with_host(), *other = rig_lobby();
    assert_string_equal(other->code, ""); /* nobody's: no code leads to it */
    assert_int_equal(strlen(lobby->code), 8);
    assert_int_equal(strspn(lobby->code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 8);
    memcpy(lobby->code, "0A1B0Z19", 9);
    static const char *const good[] = {"0A1B0Z19", "oaibozl9", "OALB-OZI9", " 0a 1b-0z 19 "};
    static const char *const bad[] = {"", "0A1B0Z1", "0A1B0Z199", "0A1B0Z18", "--------"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_ptr_equal(lobby_find_code(good[i]), lobby);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_null(lobby_find_code(bad[i]));
    lobby_code_renew(lobby);
    assert_null(lobby_find_code("0A1B0Z19"));
    assert_ptr_equal(lobby_find_code(lobby->code), lobby);
}

/* One that nobody made gets its code with its first host, and keeps it. */
static void a_lobby_with_a_host_has_a_code(void **state) {
    (void)state;
    char code[LOBBY_CODE_SIZE];
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    rig_join(lobby, "bea", NULL);
    lobby_host_set(lobby, 0);
    assert_int_equal(strlen(lobby->code), 8);
    assert_ptr_equal(lobby_find_code(lobby->code), lobby);
    memcpy(code, lobby->code, sizeof code);
    lobby_host_set(lobby, 1);
    assert_string_equal(lobby->code, code);
}

/* What an operator set stands in the list of settings, and in each lobby that says nothing. */
static void the_operators_defaults_are_shown_and_taken(void **state) {
    (void)state;
    json_t *list = lobby_settings_schema("fake"), *entry;
    size_t i;
    uint32_t found = 0;
    json_array_foreach(list, i, entry) {
        const char *key = json_string_value(json_object_get(entry, "key"));
        json_t *value = json_object_get(entry, "default");
        if (strcmp(key, "maxPlayers") == 0) found += json_integer_value(value) == 3;
        if (strcmp(key, "locked") == 0) found += json_is_true(value);
        if (strcmp(key, "isPrivate") == 0) found += json_is_false(value);
    }
    assert_int_equal(found, 3);
    json_decref(list);
    const struct lobby *lobby = rig_lobby();
    assert_int_equal(lobby->players_max, 3);
    assert_true(lobby->locked);
    list = lobby_settings_schema("nothing");
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_crowd, close_crowd)
    const struct CMUnitTest tests[] = {
        TEST(nobody_acts_on_others_unless_a_rule_accepts),
        TEST(a_host_is_a_member_who_is_here),
        TEST(a_lock_keeps_all_out_but_the_host),
        TEST(the_host_of_a_locked_lobby_comes_in),
        TEST(a_start_needs_enough_players_and_no_more),
        TEST(kicks_meet_who_is_meant),
        TEST(team_chat_follows_the_match),
        TEST(a_host_sets_the_team_of_others_whatever_the_balance),
        TEST(settings_at_their_edges),
        cmocka_unit_test_prestate_setup_teardown(
            a_small_lobby_starts_when_it_is_full, open_crowd, close_crowd,
            "\"match\":{\"recordEnabled\":false},\"lobby\":{\"playersMin\":3}"),
        cmocka_unit_test_prestate_setup_teardown(the_operators_defaults_are_shown_and_taken,
                                                 open_crowd, close_crowd,
                                                 "\"lobby\":{\"defaults\":[\"word\",\"nothing=1\","
                                                 "\"maxPlayers=99\",\"maxPlayers=3\",\"locked="
                                                 "true\"]}"),
        TEST(a_code_is_read_as_people_type_it),
        TEST(a_lobby_with_a_host_has_a_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
