/* What plugins see through the host of players, lobbies and matches, and what they may do to them.
 */
#include "books_rig.h"
#include "ended.h"

#include "console.h"
#include "engine_internal.h"
#include "registry_internal.h"

static const struct muster_host *host;
static struct muster_self other; /* a plugin beside the mode's */

static int setup(void **state) {
    if (rig_open(state) || fake_plugin(&other, "other", fake_roles + 1, 1, NULL, NULL)) return -1;
    other.order = 1;
    host = host_table();
    return 0;
}

static int teardown(void **state) {
    int status = rig_close(state); /* matches ask all who are registered, to their end */
    registry_remove(&other);
    return status;
}

/* What was put off to the next turn. */
static void turn(void) {
    for (int i = 0; i < 3; i++) (void)loop_turn();
}

static struct session *watch(struct lobby *lobby, const char *player_key) {
    char ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    struct session *session = rig_sign_in(player_key, NULL);
    assert_int_equal(lobby_reserve(lobby, session, MUSTER_TEAM_NONE, true, "", ticket, &failure),
                     RPC_OK);
    assert_int_equal(rig_enter(session, ticket, NULL), RPC_OK);
    return session;
}

/* ---- players ---- */

static void a_player_is_shown_as_it_is(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL), *eve = watch(lobby, "eve");
    struct session *bea = rig_join(lobby, "bea", NULL), *out = rig_sign_in("out", NULL);
    struct muster_player_info info = {.size = sizeof info};
    bea->rtt_ms = 33;
    snprintf(bea->region, sizeof bea->region, "eu");
    snprintf(bea->permissions, sizeof bea->permissions, "moderator");
    rig_drop(rig_client(bea));
    assert_int_equal(host->player->get(&other, bea->id, &info), MUSTER_OK);
    assert_int_equal(info.player.value, bea->id.value);
    assert_int_equal(info.lobby.value, lobby->id.value);
    assert_int_equal(info.seat, 1);
    assert_int_equal(info.connected, 0);
    assert_int_equal(info.ping_ms, 33);
    assert_string_equal(info.player_key, "bea");
    assert_string_equal(info.display_name, "bea");
    assert_string_equal(info.region, "eu");
    assert_string_equal(info.permissions, "moderator");
    assert_int_equal(host->player->get(&other, eve->id, &info), MUSTER_OK);
    assert_int_equal(info.seat, MUSTER_SEAT_NONE);
    assert_int_equal(info.lobby.value, lobby->id.value);
    assert_int_equal(host->player->get(&other, out->id, &info), MUSTER_OK);
    assert_int_equal(info.lobby.value, 0);
    assert_int_equal(info.seat, MUSTER_SEAT_NONE);
    assert_int_equal(info.connected, 1);
    /* all of them, each once */
    muster_player_id id = {0};
    uint32_t count = 0;
    for (; host->player->next(&other, id, &info) == MUSTER_OK; id = info.player) count++;
    assert_int_equal(count, 4);
    assert_int_equal(host->player->find(&other, "ann", &id), MUSTER_OK);
    assert_int_equal(id.value, ann->id.value);
    assert_int_equal(host->player->find(&other, "nobody", &id), MUSTER_NOT_FOUND);
    assert_int_equal(host->player->get(&other, (muster_player_id){0}, &info), MUSTER_NOT_FOUND);
}

/* A size that no headers of this major have: nothing is written. */
static void a_struct_of_another_size_is_refused(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    uint8_t raw[sizeof(struct muster_player_info)], before[sizeof raw];
    const uint32_t sizes[] = {0, 4, 16, 100, sizeof raw + 8, UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t index = 0;
        memset(raw, 0xEE, sizeof raw);
        memcpy(raw, &sizes[i], sizeof sizes[i]);
        memcpy(before, raw, sizeof raw);
        uint64_t faults = other.fault_count;
        assert_int_equal(host->lobby->get(&other, lobby->id, (void *)raw), MUSTER_INVALID);
        assert_int_equal(host->player->get(&other, ann->id, (void *)raw), MUSTER_INVALID);
        assert_int_equal(host->lobby->member_next(&other, lobby->id, &index, (void *)raw),
                         MUSTER_INVALID);
        assert_memory_equal(raw, before, sizeof raw);
        assert_int_equal(other.fault_count, faults + 3);
    }
}

static void a_player_is_told_and_sent_away_alone(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    struct client *client = rig_client(ann), *beside = rig_client(bea);
    muster_player_id id = ann->id;
    assert_int_equal(host->player->notify(&other, id, "x.y", "{\"a\":1}"), MUSTER_OK);
    assert_true(rig_told(client, "\"x.y\""));
    assert_false(rig_told(beside, "x.y"));
    assert_int_equal(host->player->notify(&other, id, "x.y", "[1]"), MUSTER_INVALID);
    assert_int_equal(host->player->notify(&other, (muster_player_id){0}, "x.y", "{}"),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->player->kick(&other, id, "enough"), MUSTER_OK);
    assert_int_equal(session_count(), 2); /* not within the call */
    turn();
    assert_int_equal(session_count(), 1);
    assert_int_equal(rig.close_code[client->conn - 1], 4004);
    assert_int_equal(rig.close_code[beside->conn - 1], 0);
    assert_int_equal(host->player->kick(&other, id, NULL), MUSTER_NOT_FOUND);
}

/* A limit of a plugin's own: by player, and nobody else's of the same name. */
static void tries_are_counted_by_plugin_and_player(void **state) {
    (void)state;
    char name[160];
    uint32_t wait_ms = 0;
    muster_player_id ann = rig_sign_in("ann", NULL)->id, bea = rig_sign_in("bea", NULL)->id;
    const struct muster_host_player *player = host->player;
    for (int i = 0; i < 2; i++)
        assert_int_equal(player->try_take(&other, ann, "x", 2, 9, &wait_ms), MUSTER_OK);
    assert_int_equal(wait_ms, 0);
    assert_int_equal(player->try_take(&other, ann, "x", 2, 9, &wait_ms), MUSTER_LIMIT);
    assert_in_range(wait_ms, 29000, 30001); /* two a minute */
    assert_int_equal(player->try_take(&other, ann, "y", 2, 9, &wait_ms), MUSTER_OK);
    assert_int_equal(player->try_take(&other, bea, "x", 2, 9, &wait_ms), MUSTER_OK);
    assert_int_equal(player->try_take(&game.self, ann, "x", 2, 9, &wait_ms), MUSTER_OK);
    assert_int_equal(player->try_take(&other, ann, "x", 2, 9, NULL), MUSTER_LIMIT);
    rig_now_ms += 30001;
    assert_int_equal(player->try_take(&other, ann, "x", 2, 9, &wait_ms), MUSTER_OK);
    assert_int_equal(player->try_take(&other, (muster_player_id){0}, "x", 2, 9, &wait_ms),
                     MUSTER_NOT_FOUND);
    assert_int_equal(player->try_take(&other, ann, NULL, 2, 9, &wait_ms), MUSTER_INVALID);
    assert_int_equal(player->try_take(&other, ann, "x", 0, 9, &wait_ms), MUSTER_INVALID);
    assert_int_equal(player->try_take(&other, ann, "x", 2, 0, &wait_ms), MUSTER_INVALID);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0'; /* "other/" stands before it */
    assert_int_equal(player->try_take(&other, ann, name, 2, 9, &wait_ms), MUSTER_INVALID);
    name[sizeof name - 1 - strlen("other/")] = '\0';
    assert_int_equal(player->try_take(&other, ann, name, 2, 9, &wait_ms), MUSTER_OK);
}

/* ---- players of the engine ---- */

static void an_engines_input_is_as_a_clients(void **state) {
    (void)state;
    muster_player_id ann = {0}, eve = {0};
    struct muster_input input = {.sequence = 1, .held = 1, .repeated = 1};
    char ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    struct lobby *lobby = rig_lobby();
    assert_int_equal(engine_player_add("Ann", &ann), MUSTER_OK);
    assert_int_equal(engine_player_add("Eve", &eve), MUSTER_OK);
    assert_int_equal(engine_player_input(ann, &input), MUSTER_STATE);
    assert_int_equal(engine_player_input((muster_player_id){ann.value + 77}, &input),
                     MUSTER_NOT_FOUND);
    assert_int_equal(rig_reserve(lobby, session_find(ann), ticket), RPC_OK);
    assert_int_equal(rig_enter(session_find(ann), ticket, NULL), RPC_OK);
    assert_int_equal(
        lobby_reserve(lobby, session_find(eve), MUSTER_TEAM_NONE, true, "", ticket, &failure),
        RPC_OK);
    assert_int_equal(rig_enter(session_find(eve), ticket, NULL), RPC_OK);
    rig_play(lobby);
    assert_int_equal(engine_player_input(eve, &input), MUSTER_STATE); /* who watches */
    assert_int_equal(engine_player_input(ann, &input), MUSTER_OK);
    rig_tick(lobby);
    assert_int_equal(game.seen_count, 1);
    assert_int_equal(game.seen[0].input.held, 1);
    assert_int_equal(game.seen[0].input.repeated, 0); /* that is the host's to say */
    input.move_x = -128;
    assert_int_equal(engine_player_input(ann, &input), MUSTER_INVALID);
    input.move_x = -127;
    input.sample_count = MUSTER_INPUT_SAMPLES_MAX + 1;
    assert_int_equal(engine_player_input(ann, &input), MUSTER_INVALID);
    engine_player_remove_all();
    assert_int_equal(session_count(), 0);
}

/* ---- lobbies ---- */

static void a_lobby_is_shown_as_it_is(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby(), *second = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL);
    rig_join(lobby, "bea", NULL);
    rig_join(lobby, "cid", NULL);
    watch(lobby, "eve");
    assert_int_equal(host->lobby->team_set(&other, lobby->id, 0, MUSTER_TEAM_RED), MUSTER_OK);
    assert_int_equal(host->lobby->team_set(&other, lobby->id, 1, MUSTER_TEAM_BLUE), MUSTER_OK);
    assert_int_equal(host->lobby->team_set(&other, lobby->id, 2, MUSTER_TEAM_BLUE), MUSTER_OK);
    struct muster_lobby_info info = {.size = sizeof info};
    assert_int_equal(host->lobby->get(&other, lobby->id, &info), MUSTER_OK);
    assert_int_equal(info.state, lobby->state);
    assert_int_equal(info.match.value, 0);
    assert_int_equal(info.players_current, 3);
    assert_int_equal(info.players_max, lobby->players_max);
    assert_int_equal(info.spectators, 1);
    assert_int_equal(info.team_count, 2);
    assert_string_equal(host->lobby->team_name(&other, info.lobby, MUSTER_TEAM_RED), "red");
    assert_string_equal(host->lobby->team_name(&other, info.lobby, MUSTER_TEAM_BLUE), "blue");
    assert_string_equal(host->lobby->team_name(&other, info.lobby, MUSTER_TEAM_NONE), "none");
    assert_string_equal(host->lobby->team_name(&other, info.lobby, 3), "none");
    assert_int_equal(info.is_unmatched, 0);
    assert_int_equal(info.is_locked, 0);
    assert_string_equal(info.lobby_key, lobby->key);
    assert_string_equal(info.game_mode, "fake");
    assert_string_equal(info.region, "local");
    assert_string_equal(info.map_name, "field");
    assert_int_equal(host->lobby->matched_set(&other, lobby->id, 0), MUSTER_OK);
    assert_int_equal(host->lobby->get(&other, lobby->id, &info), MUSTER_OK);
    assert_int_equal(info.is_unmatched, 1);
    assert_int_equal(host->lobby->matched_set(&other, lobby->id, 1), MUSTER_OK);
    assert_int_equal(host->lobby->lock_set(&other, lobby->id, 2), MUSTER_OK);
    assert_int_equal(host->lobby->get(&other, lobby->id, &info), MUSTER_OK);
    assert_int_equal(info.is_locked, 1);
    assert_int_equal(info.is_unmatched, 1);
    assert_int_equal(host->lobby->get(&other, second->id, &info), MUSTER_OK);
    assert_int_equal(info.is_locked, 0);
    assert_int_equal(host->lobby->lock_set(&other, lobby->id, 0), MUSTER_OK);
    rig_play(lobby);
    assert_int_equal(host->lobby->get(&other, lobby->id, &info), MUSTER_OK);
    assert_int_equal(info.match.value, lobby->match->id.value);
    /* both, each once */
    muster_lobby_id id = {0};
    uint32_t count = 0;
    for (; host->lobby->next(&other, id, &info) == MUSTER_OK; id = info.lobby) count++;
    assert_int_equal(count, 2);
    assert_int_equal(host->lobby->host_set(&other, lobby->id, ann->id), MUSTER_OK);
    assert_int_equal(lobby->host.value, ann->id.value);
    assert_int_equal(host->lobby->host_set(&other, second->id, ann->id), MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->host_set(&other, lobby->id, (muster_player_id){0}), MUSTER_OK);
    assert_int_equal(lobby->host.value, 0);
}

static void members_are_walked_watchers_too(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL), *eve = watch(lobby, "eve");
    struct session *held = rig_sign_in("held", NULL);
    assert_int_equal(rig_reserve(lobby, held, ticket), RPC_OK);
    lobby->members[ann->member].ready = true;
    const struct {
        muster_player_id player;
        uint32_t seat, spectator, entered, connected, ready;
    } wanted[] = {{ann->id, 0, 0, 1, 1, 1},
                  {held->id, 1, 0, 0, 0, 0},
                  {eve->id, MUSTER_SEAT_NONE, 1, 1, 1, 0}};
    struct muster_member_info info = {.size = sizeof info};
    uint32_t index = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(host->lobby->member_next(&other, lobby->id, &index, &info), MUSTER_OK);
        assert_int_equal(info.player.value, wanted[i].player.value);
        assert_int_equal(info.seat, wanted[i].seat);
        assert_int_equal(info.is_spectator, wanted[i].spectator);
        assert_int_equal(info.has_entered, wanted[i].entered);
        if (info.has_entered) assert_int_equal(info.is_connected, wanted[i].connected);
        assert_int_equal(info.is_ready, wanted[i].ready);
    }
    assert_string_equal(info.player_key, "eve");
    assert_int_equal(host->lobby->member_next(&other, lobby->id, &index, &info), MUSTER_NOT_FOUND);
    index = UINT32_MAX;
    assert_int_equal(host->lobby->member_next(&other, lobby->id, &index, &info), MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->host_set(&other, lobby->id, held->id), MUSTER_NOT_FOUND);
}

static void settings_are_read_by_their_type(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    char text[64], why[64] = "", large[512];
    struct muster_writer writer = muster_writer_make((uint8_t *)text, sizeof text);
    struct muster_writer small = muster_writer_make((uint8_t *)text, 1);
    struct muster_writer all = muster_writer_make((uint8_t *)large, sizeof large);
    assert_int_equal(host->lobby->setting_integer(&other, lobby->id, "maxPlayers"), 4);
    assert_int_equal(host->lobby->setting_integer(&other, lobby->id, "nothing"), 0);
    assert_int_equal(host->lobby->setting_integer(&other, (muster_lobby_id){0}, "maxPlayers"), 0);
    assert_string_equal(host->lobby->setting_string(&other, lobby->id, "maxPlayers"), "");
    assert_false(host->lobby->setting_boolean(&other, lobby->id, "maxPlayers"));
    assert_int_equal(host->lobby->settings_set(&other, lobby->id, (muster_player_id){0},
                                               "{\"maxPlayers\":12}", why, sizeof why),
                     MUSTER_OK);
    assert_int_equal(host->lobby->setting_json(&other, lobby->id, "maxPlayers", &writer),
                     MUSTER_OK);
    assert_int_equal(writer.len, 2);
    assert_memory_equal(text, "12", 2);
    assert_int_equal(host->lobby->setting_json(&other, lobby->id, "maxPlayers", &small),
                     MUSTER_LIMIT);
    assert_int_equal(host->lobby->setting_json(&other, lobby->id, "nothing", &writer),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->settings_get(&other, lobby->id, &all), MUSTER_OK);
    assert_int_equal(host->lobby->settings_get(&other, (muster_lobby_id){0}, &all),
                     MUSTER_NOT_FOUND);
    static const char *const wrong[] = {"{\"maxPlayers\":17}", "{\"maxPlayer\":2}", "[]", "", NULL};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(host->lobby->settings_set(&other, lobby->id, (muster_player_id){0},
                                                   wrong[i], why, sizeof why),
                         MUSTER_INVALID);
    assert_int_equal(host->lobby->settings_set(&other, (muster_lobby_id){0}, (muster_player_id){0},
                                               "{}", why, sizeof why),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->setting_integer(&other, lobby->id, "maxPlayers"), 12);
    assert_string_equal(host->lobby->map_name(&other, lobby->id, 1), "nowhere");
    assert_null(host->lobby->map_name(&other, lobby->id, 2));
    assert_null(host->lobby->map_name(&other, (muster_lobby_id){0}, 0));
    rig_join(lobby, "ann", NULL);
    rig_join(lobby, "bea", NULL);
    rig_play(lobby);
    assert_int_equal(host->lobby->settings_set(&other, lobby->id, (muster_player_id){0},
                                               "{\"maxPlayers\":3}", why, sizeof why),
                     MUSTER_STATE);
    assert_non_null(strstr(why, "while a match runs"));
}

static void settings_of_a_lobby_that_is_not_made_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *mode, *given;
        muster_status status;
        const char *reason;
    } rows[] = {
        {"fake", NULL, MUSTER_OK, ""},
        {"fake", "{\"maxPlayers\":12}", MUSTER_OK, ""},
        {"fake", "{\"maxPlayers\":17}", MUSTER_INVALID, "maxPlayers: expected int"},
        {"fake", "{\"maxPlayer\":2}", MUSTER_NOT_FOUND, "maxPlayer: unknown key"},
        {"fake", "[]", MUSTER_INVALID, "expected an object"},
        {"fake", "", MUSTER_INVALID, "expected a JSON object"},
        {"none", "{}", MUSTER_NOT_FOUND, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char all[2048], why[128] = "before";
        struct muster_writer out = muster_writer_make((uint8_t *)all, sizeof all - 1);
        assert_int_equal(
            host->lobby->settings_check(&other, rows[i].mode, rows[i].given, &out, why, sizeof why),
            rows[i].status);
        assert_int_equal(strncmp(why, rows[i].reason, strlen(rows[i].reason)), 0);
        assert_int_equal(!why[0], !rows[i].reason[0]);
        all[out.len] = '\0';
        assert_int_equal(out.len > 0, rows[i].status == MUSTER_OK);
        if (rows[i].given && !rows[i].status) assert_non_null(strstr(all, "\"maxPlayers\":12"));
    }
}

/* A secret may be given, and is never given back. */
static void a_secret_of_a_lobby_that_is_not_made_stays_one(void **state) {
    (void)state;
    char all[2048], why[128] = "";
    struct muster_writer out = muster_writer_make((uint8_t *)all, sizeof all - 1);
    assert_int_equal(registry_settings_add(&other,
                                           "[{\"key\":\"word\",\"type\":\"string\",\"default\":"
                                           "\"\",\"secret\":true}]",
                                           why, sizeof why),
                     MUSTER_OK);
    assert_int_equal(
        host->lobby->settings_check(&other, "fake", "{\"word\":\"sesame\"}", &out, why, sizeof why),
        MUSTER_OK);
    all[out.len] = '\0';
    assert_non_null(strstr(all, "\"maxPlayers\""));
    assert_null(strstr(all, "word"));
    registry_settings_forget(&other);
}

static void acts_on_a_lobby_come_in_the_next_turn(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby(), *second = rig_lobby();
    muster_lobby_id id = lobby->id;
    struct client *ann = rig_client(rig_join(lobby, "ann", NULL));
    struct session *bea_session = rig_join(lobby, "bea", NULL);
    struct client *bea = rig_client(bea_session), *eve = rig_client(watch(lobby, "eve"));
    struct client *far = rig_client(rig_join(second, "far", NULL));
    rig_forget(ann);
    assert_int_equal(host->lobby->chat(&other, id, "hello"), MUSTER_OK);
    assert_false(rig_told(ann, "hello"));
    turn();
    assert_true(rig_told(ann, "hello") && rig_told(eve, "hello"));
    assert_false(rig_told(far, "hello"));
    assert_int_equal(host->lobby->notify(&other, id, "x.y", "{}"), MUSTER_OK);
    assert_true(rig_told(bea, "x.y") && rig_told(eve, "x.y"));
    assert_false(rig_told(far, "x.y"));
    assert_int_equal(host->lobby->notify(&other, id, "x.y", "7"), MUSTER_INVALID);
    assert_int_equal(host->lobby->kick(&other, id, 1, "out"), MUSTER_OK);
    assert_int_equal(host->lobby->kick(&other, id, 77, "nobody"), MUSTER_OK);
    assert_int_equal(lobby_players(lobby), 2);
    turn();
    assert_int_equal(lobby_players(lobby), 1);
    assert_true(rig_told(bea, "out") && !rig_told(ann, "\"out\""));
    assert_int_equal(bea_session->lobby.value, 0);
    assert_int_equal(host->lobby->remove(&other, id, bea_session->id, MUSTER_LEAVE_KICK, ""),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->remove(&other, id, eve->session->id, MUSTER_LEAVE_QUIT - 1, ""),
                     MUSTER_INVALID);
    assert_int_equal(
        host->lobby->remove(&other, id, eve->session->id, MUSTER_LEAVE_SHUTDOWN + 1, ""),
        MUSTER_INVALID);
    assert_int_equal(host->lobby->remove(&other, id, eve->session->id, MUSTER_LEAVE_KICK, "shh"),
                     MUSTER_OK);
    turn();
    assert_int_equal(lobby_spectators(lobby), 0);
    assert_int_equal(lobby_players(lobby), 1);
    assert_int_equal(host->lobby->close(&other, id, "over"), MUSTER_OK);
    assert_non_null(lobby_find(id));
    turn();
    assert_null(lobby_find(id));
    assert_non_null(lobby_find(second->id));
    assert_int_equal(host->lobby->close(&other, id, ""), MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->chat(&other, id, ""), MUSTER_NOT_FOUND);
    assert_int_equal(host->lobby->kick(&other, id, 0, ""), MUSTER_NOT_FOUND);
}

/* ---- matches ---- */

static struct lobby *playing(void) {
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    rig_join(lobby, "bea", NULL);
    rig_play(lobby);
    return lobby;
}

static void a_match_is_steered_in_its_step_alone(void **state) {
    (void)state;
    struct lobby *lobby = playing();
    muster_match_id id = lobby->match->id;
    const struct muster_fact fact = {.size = sizeof fact, .kind = "x"};
    uint32_t seat = 0;
    uint64_t faults = other.fault_count;
    assert_int_equal(host->match->team_set(&other, id, 0, MUSTER_TEAM_RED), MUSTER_STATE);
    assert_int_equal(host->match->alive_set(&other, id, 0, 1), MUSTER_STATE);
    assert_int_equal(host->match->stat_add(&other, id, 0, MUSTER_STAT_KILLS, 1), MUSTER_STATE);
    assert_int_equal(host->match->team_score_add(&other, id, 1, 1), MUSTER_STATE);
    assert_int_equal(host->match->bot_add(&other, id, "Bot", 1, &seat), MUSTER_STATE);
    assert_int_equal(host->match->bot_remove(&other, id, 1), MUSTER_STATE);
    assert_int_equal(host->match->event(&other, id, "x", 1), MUSTER_STATE);
    assert_int_equal(host->match->tell(&other, id, &fact), MUSTER_STATE);
    assert_int_equal(host->match->random(&other, id, 10), 0);
    assert_int_equal(other.fault_count, faults + 9);
    assert_int_equal(host->match->team_set(&other, (muster_match_id){0}, 0, 1), MUSTER_NOT_FOUND);
    assert_int_equal(other.fault_count, faults + 9);
    assert_int_equal(lobby->match->seats[0].kills, 0);
    assert_int_equal(host->match->team_score(&other, id, 1), 0);
}

static void in_step(struct fake_state *state) {
    muster_match_id id = state->match;
    struct muster_fact fact = {.size = sizeof fact, .kind = "x", .seat = 0};
    struct muster_seat_info info = {.size = sizeof info};
    const struct muster_host_match *match = host->match;
    if (state->ticks > 1) return;
    static const uint32_t none[] = {2, MUSTER_SEATS_MAX, MUSTER_SEAT_NONE};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(match->stat_add(&other, id, none[i], MUSTER_STAT_KILLS, 1),
                         MUSTER_NOT_FOUND);
        assert_int_equal(match->seat_get(&other, id, none[i], &info), MUSTER_NOT_FOUND);
    }
    for (uint32_t i = 0; i < 4; i++) {
        static const uint32_t stats[] = {MUSTER_STAT_KILLS, MUSTER_STAT_DEATHS, MUSTER_STAT_ASSISTS,
                                         MUSTER_STAT_SCORE};
        assert_int_equal(match->stat_add(&other, id, 1, stats[i], (int32_t)i + 5), MUSTER_OK);
    }
    assert_int_equal(match->stat_add(&other, id, 1, 99, 1), MUSTER_INVALID);
    assert_int_equal(match->stat_add(&other, id, 0, MUSTER_STAT_SCORE, INT32_MIN), MUSTER_OK);
    assert_int_equal(match->stat_add(&other, id, 0, MUSTER_STAT_SCORE, -1), MUSTER_OK);
    assert_int_equal(match->alive_set(&other, id, 1, 7), MUSTER_OK);
    assert_int_equal(match->alive_set(&other, id, 0, 0), MUSTER_OK);
    assert_int_equal(match->team_set(&other, id, 1, 3), MUSTER_INVALID);
    assert_int_equal(match->team_set(&other, id, 1, 3 - 1), MUSTER_OK);
    assert_int_equal(match->team_score_add(&other, id, 3, 1), MUSTER_INVALID);
    assert_int_equal(match->team_score_add(&other, id, MUSTER_TEAM_BLUE, INT32_MAX), MUSTER_OK);
    assert_int_equal(match->team_score_add(&other, id, MUSTER_TEAM_BLUE, 1), MUSTER_OK);
    assert_int_equal(match->team_score(&other, id, MUSTER_TEAM_BLUE), INT32_MAX);
    assert_int_equal(match->team_score(&other, id, MUSTER_TEAM_RED), 0);
    assert_int_equal(match->team_score(&other, id, 3), 0);
    assert_int_equal(match->seat_get(&other, id, 1, &info), MUSTER_OK);
    assert_int_equal(info.ping_ms, 0); /* a replay knows of no ping */
    assert_int_equal(match->tell(&other, id, &fact), MUSTER_OK);
    static const uint32_t bad[] = {8, MUSTER_SEAT_NONE - 1};
    for (int i = 0; i < 2; i++) {
        fact.seat = bad[i];
        assert_int_equal(match->tell(&other, id, &fact), MUSTER_INVALID);
        fact.seat = MUSTER_SEAT_NONE;
        fact.other_seat = bad[i];
        assert_int_equal(match->tell(&other, id, &fact), MUSTER_INVALID);
        fact.other_seat = 7;
        fact.third_seat = bad[i];
        assert_int_equal(match->tell(&other, id, &fact), MUSTER_INVALID);
        fact.third_seat = MUSTER_SEAT_NONE;
    }
    fact.kind = "";
    assert_int_equal(match->tell(&other, id, &fact), MUSTER_INVALID);
    assert_int_equal(match->end(&other, id, ENDED(3, MUSTER_END_FORFEIT)), MUSTER_INVALID);
}

static void a_step_changes_what_it_says(void **state) {
    (void)state;
    struct lobby *lobby = playing();
    muster_match_id id = lobby->match->id;
    struct muster_seat_info info = {.size = sizeof info};
    game.in_tick = in_step;
    session_find(lobby->members[1].player)->rtt_ms = 44;
    while (lobby->match->tick == 0) rig_tick(lobby);
    assert_int_equal(host->match->seat_get(&other, id, 1, &info), MUSTER_OK);
    assert_int_equal(info.seat, 1);
    assert_int_equal(info.team, 3 - 1);
    assert_int_equal(info.is_bot, 0);
    assert_int_equal(info.connected, 1);
    assert_int_equal(info.alive, 1);
    assert_int_equal(info.kills, 5);
    assert_int_equal(info.deaths, 6);
    assert_int_equal(info.assists, 7);
    assert_int_equal(info.score, 8);
    assert_int_equal(info.ping_ms, 44);
    assert_string_equal(info.display_name, "bea");
    assert_int_equal(host->match->seat_get(&other, id, 0, &info), MUSTER_OK);
    assert_int_equal(info.alive, 0);
    assert_int_equal(info.score, INT32_MIN);
    assert_int_equal(info.kills, 0);
    assert_int_equal(info.ping_ms, 0);
    info.size = 12;
    assert_int_equal(host->match->seat_get(&other, id, 1, &info), MUSTER_INVALID);
}

static void commands_are_bounded(void **state) {
    (void)state;
    static char name[MUSTER_NAME_MAX + 1], text[sizeof((struct match_command *)0)->text + 1];
    struct lobby *lobby = playing();
    muster_match_id id = lobby->match->id;
    struct muster_command command = {.size = sizeof command, .name = "stir"};
    uint32_t before = lobby->match->command_count;
    memset(name, 'n', MUSTER_NAME_MAX);
    memset(text, 't', sizeof text - 1);
    command.arg_count = 1; /* and none of them */
    assert_int_equal(host->match->command(&other, id, &command), MUSTER_INVALID);
    command.args = (const int64_t[9]){0};
    const struct {
        const char *name, *text;
        uint32_t args;
        muster_status status;
    } cases[] = {
        {"stir", NULL, 8, MUSTER_OK},      {"stir", NULL, 9, MUSTER_INVALID},
        {name + 1, NULL, 0, MUSTER_OK},    {name, NULL, 0, MUSTER_INVALID},
        {NULL, NULL, 0, MUSTER_INVALID},   {"stir", text + 1, 0, MUSTER_OK},
        {"stir", text, 0, MUSTER_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        command.name = cases[i].name;
        command.text = cases[i].text;
        command.arg_count = cases[i].args;
        if (host->match->command(&other, id, &command) != cases[i].status) fail_msg("case %zu", i);
    }
    assert_int_equal(lobby->match->command_count, before + 3);
    command = (struct muster_command){.size = sizeof command, .name = "stir"};
    while (lobby->match->command_count < MATCH_COMMANDS_MAX)
        assert_int_equal(host->match->command(&other, id, &command), MUSTER_OK);
    assert_int_equal(host->match->command(&other, id, &command), MUSTER_LIMIT);
    assert_int_equal(host->match->command(&other, (muster_match_id){0}, &command),
                     MUSTER_NOT_FOUND);
    rig_tick(lobby);
    assert_int_equal(host->match->command(&other, id, &command),
                     MUSTER_OK); /* there is room again */
}

static void a_match_is_ended_from_outside(void **state) {
    (void)state;
    struct lobby *lobby = playing();
    muster_match_id id = lobby->match->id;
    assert_int_equal(
        host->match->end(&other, (muster_match_id){0}, ENDED(MUSTER_TEAM_RED, MUSTER_END_FORFEIT)),
        MUSTER_NOT_FOUND);
    assert_int_equal(host->match->end(&other, id, ENDED(MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT)),
                     MUSTER_OK);
    assert_int_equal(rig.match_ended, 0);
    turn();
    assert_int_equal(rig.match_ended, 1);
    assert_int_equal(rig.results.winner, MUSTER_TEAM_BLUE);
    assert_string_equal(rig.results.reason, MUSTER_END_FORFEIT);
    assert_int_equal(host->match->end(&other, id, ENDED(MUSTER_TEAM_RED, MUSTER_END_FORFEIT)),
                     MUSTER_STATE);
}

static void a_bot_has_nobodys_ping(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", NULL), *eve = watch(lobby, "eve");
    struct muster_seat_info info = {.size = sizeof info};
    const uint32_t seat = 4;
    ann->rtt_ms = 33;
    eve->rtt_ms = 44;
    rig_play(lobby);
    lobby->match->seats[seat].used = lobby->match->seats[seat].is_bot = true;
    assert_int_equal(host->match->seat_get(&other, lobby->match->id, 0, &info), MUSTER_OK);
    assert_int_equal(info.ping_ms, 33);
    assert_int_equal(host->match->seat_get(&other, lobby->match->id, seat, &info), MUSTER_OK);
    assert_int_equal(info.ping_ms, 0);
    json_t *board = lobby_scoreboard_json(lobby), *rows = json_object_get(board, "rows");
    assert_int_equal(json_array_size(rows), 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, i), "pingMs")),
                         i ? 0 : 33);
    json_decref(board);
}

static muster_status executed; /* of the last one */

static void on_executed(void *user, muster_status status, const char *answer) {
    assert_non_null(answer);
    executed = status;
    ++*(uint32_t *)user;
}

/* A line for the console comes in the next turn; who stops before is told at once, and once. */
static void lines_are_bounded_and_answered_later(void **state) {
    (void)state;
    static char line[1002];
    uint32_t answers = 0;
    const struct muster_host_admin *admin = host->admin;
    memset(line, 'x', 1001);
    assert_int_equal(admin->execute(&other, "test", line, on_executed, &answers, NULL),
                     MUSTER_INVALID);
    assert_int_equal(admin->execute(&other, "test", line + 1, on_executed, &answers, NULL),
                     MUSTER_OK);
    assert_int_equal(answers, 0);
    turn();
    assert_int_equal(answers, 1);
    assert_int_equal(executed, MUSTER_NOT_FOUND);
    assert_int_equal(admin->execute(&other, "test", "xx", on_executed, &answers, NULL), MUSTER_OK);
    other.resources.next->kind->close(other.resources.next);
    assert_ptr_equal(other.resources.next, &other.resources);
    assert_int_equal(answers, 2);
    assert_int_equal(executed, MUSTER_CLOSED);
    turn();
    assert_int_equal(answers, 2);
    assert_int_equal(admin->execute(&other, NULL, "xx", on_executed, &answers, NULL),
                     MUSTER_INVALID);
    assert_int_equal(admin->execute(&other, "test", NULL, on_executed, &answers, NULL),
                     MUSTER_INVALID);
}

static struct run *late_run;

static void command_late(struct run *run) {
    late_run = run;
}

/* The command is under way when its asker stops. */
static void an_answer_to_who_has_stopped_is_nobodys(void **state) {
    (void)state;
    static const struct command none = {0},
                                table[] = {{.name = "late", .arguments = "", .fn = command_late},
                                           {0}};
    uint32_t answers = 0, calls;
    console_init(table);
    assert_int_equal(host->admin->execute(&other, "test", "late", on_executed, &answers, NULL),
                     MUSTER_OK);
    turn();
    assert_int_equal(answers, 0);
    command_finish(late_run);
    assert_int_equal(answers, 1);
    assert_ptr_equal(other.resources.next, &other.resources);
    assert_int_equal(host->admin->execute(&other, "test", "late", on_executed, &answers, NULL),
                     MUSTER_OK);
    turn();
    other.resources.next->kind->close(other.resources.next);
    assert_ptr_equal(other.resources.next, &other.resources);
    assert_int_equal(answers, 2);
    assert_int_equal(executed, MUSTER_CLOSED);
    calls = (uint32_t)other.call_count;
    command_finish(late_run);
    assert_int_equal(answers, 2);
    assert_int_equal(other.call_count, calls);
    console_init(&none);
}

/* Before it has begun, while it runs, and in the turn in which it is done anyway. */
static void a_command_that_is_cancelled_is_closed_once(void **state) {
    (void)state;
    static const struct command none = {0},
                                table[] = {{.name = "late", .arguments = "", .fn = command_late},
                                           {0}};
    const struct muster_host_admin *admin = host->admin;
    muster_execution_id id;
    uint32_t answers = 0;
    console_init(table);
    for (int moment = 0; moment < 3; moment++) {
        late_run = NULL;
        assert_int_equal(admin->execute(&other, "test", "late", on_executed, &answers, &id),
                         MUSTER_OK);
        if (moment > 0) turn();
        assert_int_equal(late_run != NULL, moment > 0);
        assert_int_equal(admin->execute_cancel(&game.self, id), MUSTER_NOT_FOUND);
        assert_int_equal(admin->execute_cancel(&other, id), MUSTER_OK);
        assert_int_equal(admin->execute_cancel(&other, id), MUSTER_NOT_FOUND);
        assert_int_equal(answers, moment);
        if (moment == 2) command_finish(late_run);
        turn();
        assert_int_equal(answers, moment + 1);
        assert_int_equal(executed, MUSTER_CLOSED);
        if (moment == 1) command_finish(late_run);
        assert_int_equal(answers, moment + 1);
    }
    console_init(&none);
}

static void on_overrun(void *user) {
    (void)user;
}

static void a_limit_of_time_is_one(void **state) {
    (void)state;
    const struct muster_host_watchdog *watchdog = host->watchdog;
    assert_int_equal(watchdog->overrun(&other, 0, on_overrun, NULL), MUSTER_INVALID);
    assert_int_equal(watchdog->overrun(&other, 1, on_overrun, NULL), MUSTER_OK);
    assert_int_equal(other.overrun_limit_us, 1);
    assert_int_equal(watchdog->overrun(&other, 7, NULL, NULL), MUSTER_OK); /* none */
    assert_int_equal(other.overrun_limit_us, 0);
}

static void the_highest_tick_rate_is_the_operators(void **state) {
    (void)state;
    const char *const maps[] = {"one"};
    struct muster_mode_info info = {.size = sizeof info,
                                    .players_max = 4,
                                    .game_mode = "fast",
                                    .title = "Fast",
                                    .maps = maps,
                                    .map_count = 1,
                                    .tick_rate_hz = 31,
                                    .view_count = 1,
                                    .snapshot_max_bytes = 64};
    assert_int_equal(host->match->mode_add(&game.self, &info), MUSTER_INVALID);
    info.tick_rate_hz = 30;
    assert_int_equal(host->match->mode_add(&game.self, &info), MUSTER_OK);
    assert_int_equal(host->match->mode_remove(&other, "fast"), MUSTER_DENIED);
    assert_int_equal(host->match->mode_remove(&game.self, "fast"), MUSTER_OK);
}

int main(void) {
    static char slow[] = "\"match\":{\"recordEnabled\":false,\"tickRateMax\":30}";
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_player_is_shown_as_it_is),
        TEST(a_struct_of_another_size_is_refused),
        TEST(a_player_is_told_and_sent_away_alone),
        TEST(tries_are_counted_by_plugin_and_player),
        TEST(an_engines_input_is_as_a_clients),
        TEST(a_lobby_is_shown_as_it_is),
        TEST(members_are_walked_watchers_too),
        TEST(settings_are_read_by_their_type),
        TEST(settings_of_a_lobby_that_is_not_made_are_checked),
        TEST(a_secret_of_a_lobby_that_is_not_made_stays_one),
        TEST(acts_on_a_lobby_come_in_the_next_turn),
        TEST(a_match_is_steered_in_its_step_alone),
        TEST(a_step_changes_what_it_says),
        TEST(commands_are_bounded),
        TEST(a_match_is_ended_from_outside),
        TEST(a_bot_has_nobodys_ping),
        TEST(lines_are_bounded_and_answered_later),
        TEST(an_answer_to_who_has_stopped_is_nobodys),
        TEST(a_command_that_is_cancelled_is_closed_once),
        TEST(a_limit_of_time_is_one),
        cmocka_unit_test_prestate_setup_teardown(the_highest_tick_rate_is_the_operators, setup,
                                                 teardown, slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
