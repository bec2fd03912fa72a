/* What those are shown who are in no lobby: which lobbies are listed, and with what. */
#include "books_rig.h"

#include "registry_internal.h"

static struct muster_self speedy;

static int open_list(void **state) {
    return rig_open(state) || fake_plugin(&speedy, "speedy", fake_roles + 1, 1, NULL, NULL) ? -1
                                                                                            : 0;
}

static int close_list(void **state) {
    int status = rig_close(state);
    registry_remove(&speedy);
    return status;
}

/* "KEY KEY ...>" and the cursor of what is listed; freed with the next one. */
static const char *listed(struct lobby_filter filter) {
    static char line[512];
    uint32_t len = 0;
    size_t i;
    json_t *lobby;
    if (!filter.game_mode) filter.game_mode = "";
    if (!filter.region) filter.region = "";
    if (!filter.state) filter.state = "";
    if (!filter.map_name) filter.map_name = "";
    if (!filter.limit) filter.limit = 10;
    char *text = lobby_list(&filter, &len);
    json_t *list = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    line[0] = '\0';
    json_array_foreach(json_object_get(list, "lobbies"), i, lobby) {
        const char *key = json_string_value(json_object_get(lobby, "lobbyId"));
        const struct lobby *found = lobby_find_key(key);
        assert_non_null(found);
        snprintf(line + strlen(line), sizeof line - strlen(line), "%u ",
                 (unsigned)(found->id.value & 0xFFFF));
    }
    const char *cursor = json_string_value(json_object_get(list, "nextCursor"));
    snprintf(line + strlen(line), sizeof line - strlen(line), "%s", cursor ? cursor : "end");
    json_decref(list);
    free(text);
    return line;
}

/* The only one that is listed, as it is shown; new reference. */
static json_t *shown(void) {
    const struct lobby_filter all = {
        .game_mode = "", .region = "", .state = "", .map_name = "", .limit = 10};
    uint32_t len = 0;
    char *text = lobby_list(&all, &len);
    json_t *list = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    json_t *lobbies = json_object_get(list, "lobbies");
    assert_int_equal(json_array_size(lobbies), 1);
    json_t *one = json_incref(json_array_get(lobbies, 0));
    json_decref(list);
    free(text);
    return one;
}

static json_int_t shown_number(const char *key) {
    json_t *one = shown();
    json_int_t number = json_integer_value(json_object_get(one, key));
    json_decref(one);
    return number;
}

/* -1: it is not shown. */
static json_int_t shown_setting(const char *key) {
    json_t *one = shown();
    json_t *value = json_object_get(json_object_get(one, "settings"), key);
    json_int_t number = value ? json_integer_value(value) : -1;
    json_decref(one);
    return number;
}

static void pages_follow_each_other(void **state) {
    (void)state;
    char page[64], expected[64];
    struct lobby *lobbies[3] = {rig_lobby(), rig_lobby(), rig_lobby()};
    lobbies[1]->is_private = true;
    unsigned first = lobbies[0]->id.value & 0xFFFF, last = lobbies[2]->id.value & 0xFFFF;
    snprintf(expected, sizeof expected, "%u %u end", first, last);
    assert_string_equal(listed((struct lobby_filter){0}), expected);
    snprintf(page, sizeof page, "%s", listed((struct lobby_filter){.limit = 1}));
    snprintf(expected, sizeof expected, "%u %llx", first, (unsigned long long)lobbies[0]->id.value);
    assert_string_equal(page, expected);
    snprintf(expected, sizeof expected, "%u %llx", last, (unsigned long long)lobbies[2]->id.value);
    assert_string_equal(listed((struct lobby_filter){.limit = 1, .after = lobbies[0]->id}),
                        expected);
    assert_string_equal(listed((struct lobby_filter){.limit = 1, .after = lobbies[2]->id}), "end");
}

static void a_filter_leaves_out_the_others(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    char one[64];
    snprintf(one, sizeof one, "%u end", (unsigned)(lobby->id.value & 0xFFFF));
    const struct lobby_filter fitting[] = {{.game_mode = "fake"},
                                           {.region = "local"},
                                           {.state = "waiting"},
                                           {.map_name = "field"},
                                           {.by_open_slots = true, .has_open_slots = true}};
    const struct lobby_filter others[] = {{.game_mode = "fak"},
                                          {.region = "loca"},
                                          {.state = "active"},
                                          {.map_name = "nowhere"},
                                          {.by_open_slots = true}};
    for (int i = 0; i < 5; i++) {
        assert_string_equal(listed(fitting[i]), one);
        assert_string_equal(listed(others[i]), "end");
    }
    lobby->players_max = 1;
    rig_join(lobby, "ann", NULL);
    assert_string_equal(listed(fitting[4]), "end"); /* full to the last seat */
    assert_string_equal(listed(others[4]), one);
}

/* Its text is kept, but never longer than it is true. */
static void what_is_listed_is_what_is(void **state) {
    (void)state;
    char why[256];
    assert_int_equal(registry_settings_add(&speedy,
                                           "[{\"key\":\"speed\",\"type\":\"int\",\"default\":3,"
                                           "\"when\":\"always\"}]",
                                           why, sizeof why),
                     MUSTER_OK);
    struct lobby *lobby = rig_lobby();
    assert_int_equal(shown_number("currentPlayers"), 0);
    assert_int_equal(shown_number("maxPlayers"), 4);
    assert_int_equal(shown_setting("maxPlayers"), 4); /* whatever its value is */
    assert_int_equal(shown_setting("speed"), -1);     /* as everywhere */
    struct session *ann = rig_join(lobby, "ann", NULL);
    assert_int_equal(shown_number("currentPlayers"), 1);
    struct failure failure = {0};
    json_t *wanted = json_pack("{s:i}", "speed", 5);
    assert_int_equal(lobby_settings_change(lobby, (muster_player_id){0}, &speedy, wanted, &failure),
                     RPC_OK);
    json_decref(wanted);
    assert_int_equal(shown_setting("speed"), 5);
    registry_settings_forget(&speedy); /* its plugin is gone, and comes back with another default */
    assert_int_equal(shown_setting("speed"), -1);
    assert_int_equal(registry_settings_add(&speedy,
                                           "[{\"key\":\"speed\",\"type\":\"int\",\"default\":5,"
                                           "\"when\":\"always\"}]",
                                           why, sizeof why),
                     MUSTER_OK);
    assert_int_equal(shown_setting("speed"), -1);
    registry_settings_forget(&speedy);
    rig_join(lobby, "bea", NULL);
    json_t *one = shown();
    assert_string_equal(json_string_value(json_object_get(one, "state")), "waiting");
    json_decref(one);
    rig_play(lobby);
    one = shown();
    assert_string_equal(json_string_value(json_object_get(one, "state")), "active");
    json_decref(one);
    lobby_leave(ann, MUSTER_LEAVE_QUIT);
    assert_int_equal(shown_number("currentPlayers"), 1);
}

/* Of what is no number, its text. */
static const char *shown_text(const char *key) {
    static char text[96];
    json_t *one = shown();
    char *found = json_dumps(json_object_get(json_object_get(one, "settings"), key),
                             JSON_COMPACT | JSON_ENCODE_ANY);
    snprintf(text, sizeof text, "%s", found ? found : "none");
    free(found);
    json_decref(one);
    return text;
}

/* What its host does without asking for a setting. */
static void the_listed_host_and_lock_are_those_of_now(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    rig_join(lobby, "bea", NULL);
    assert_string_equal(shown_text("hostId"), "\"\"");
    lobby_host_set(lobby, 1);
    assert_string_equal(shown_text("hostId"), "\"bea\"");
    lobby_host_set(lobby, ann->member);
    assert_string_equal(shown_text("hostId"), "\"ann\"");
    assert_string_equal(shown_text("locked"), "false");
    lobby_lock_set(lobby, true);
    assert_string_equal(shown_text("locked"), "true");
    lobby_lock_set(lobby, false);
    assert_string_equal(shown_text("locked"), "false");
}

/* Also who has not entered yet has a name. */
static void a_name_stands_once_in_a_lobby(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *players[3];
    for (int i = 0; i < 3; i++) {
        char key[8];
        snprintf(key, sizeof key, "p%d", i);
        players[i] = rig_sign_in(key, NULL);
        snprintf(players[i]->display_name, sizeof players[i]->display_name, "Ann");
        assert_int_equal(rig_reserve(lobby, players[i], ticket), RPC_OK);
        if (i == 1) assert_int_equal(rig_enter(players[i], ticket, NULL), RPC_OK);
    }
    assert_string_equal(lobby->members[0].texts->display_name, "Ann");
    assert_string_not_equal(lobby->members[1].texts->display_name, "Ann");
    assert_string_not_equal(lobby->members[2].texts->display_name, "Ann");
    assert_string_not_equal(lobby->members[1].texts->display_name,
                            lobby->members[2].texts->display_name);
}

static void a_watcher_has_no_seat(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    struct session *eve = rig_sign_in("eve", NULL);
    assert_int_equal(lobby_reserve(lobby, eve, MUSTER_TEAM_NONE, true, "", ticket, &failure),
                     RPC_OK);
    json_t *members = lobby_members_json(lobby);
    assert_int_equal(json_array_size(members), 1); /* who has entered */
    json_decref(members);
    assert_int_equal(rig_enter(eve, ticket, NULL), RPC_OK);
    members = lobby_members_json(lobby);
    json_t *ann = json_array_get(members, 0), *watcher = json_array_get(members, 1);
    assert_int_equal(json_array_size(members), 2);
    assert_int_equal(json_integer_value(json_object_get(ann, "seat")), 0);
    assert_true(json_is_false(json_object_get(ann, "spectator")));
    assert_string_equal(json_string_value(json_object_get(watcher, "playerId")), "eve");
    assert_int_equal(json_integer_value(json_object_get(watcher, "seat")), MUSTER_SEAT_NONE);
    assert_true(json_is_true(json_object_get(watcher, "spectator")));
    json_decref(members);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_list, close_list)
    const struct CMUnitTest tests[] = {
        TEST(pages_follow_each_other),       TEST(a_filter_leaves_out_the_others),
        TEST(what_is_listed_is_what_is),     TEST(the_listed_host_and_lock_are_those_of_now),
        TEST(a_name_stands_once_in_a_lobby), TEST(a_watcher_has_no_seat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
