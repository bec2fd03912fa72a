/* A lobby as bytes: what is loaded is what was saved, or nothing. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "books_rig.h"
#include "kept.h"

#define HEAD_BYTES 20 /* before what is summed */

static struct {
    uint8_t *data;
    uint32_t len;
} saved;

static char error[LOBBY_ERROR_MAX];

static int close_all(void **state) {
    free(saved.data);
    saved.data = NULL;
    return rig_close(state);
}

static void save(struct lobby *lobby) {
    static uint8_t bytes[LOBBY_STATE_BYTES_MAX];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    assert_int_equal(lobby_save(lobby, &w, error), MUSTER_OK);
    free(saved.data);
    saved.data = malloc(w.len);
    assert_non_null(saved.data);
    memcpy(saved.data, bytes, w.len);
    saved.len = w.len;
}

static muster_status load_bytes(const uint8_t *data, uint32_t len, struct lobby **out) {
    error[0] = '\0';
    *out = NULL;
    return lobby_load((struct muster_bytes){data, len}, MUSTER_DISTURBED_CRASH, out, error);
}

static struct lobby *load(void) {
    struct lobby *lobby;
    assert_int_equal(load_bytes(saved.data, saved.len, &lobby), MUSTER_OK);
    return lobby;
}

/* As another process finds it: nobody is here. */
static void forget_all(struct lobby *lobby) {
    muster_player_id id = {0};
    lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "");
    for (struct session *session; (session = session_next(&id));) rig_drop(rig_client(session));
    assert_int_equal(session_count() + lobby_count() + match_count(), 0);
    rig.match_ended = rig.created = 0;
}

static void assert_nothing_left(void) {
    assert_int_equal(session_count() + lobby_count() + match_count() + game.states, 0);
    assert_int_equal(game.self.pins, 0);
}

static void input(struct session *session, uint32_t sequence) {
    const struct muster_input pressed = {.sequence = sequence, .pressed = 1, .held = 4};
    lobby_input(rig_client(session), &pressed);
}

/* Two players and a match in which something has happened. */
static struct lobby *play(char of_ann[TICKET_TEXT_SIZE], char of_bea[TICKET_TEXT_SIZE]) {
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", of_ann);
    rig_join(lobby, "bea", of_bea);
    rig_play(lobby);
    for (uint32_t i = 1; i < 8; i++) {
        input(ann, i);
        rig_tick(lobby);
    }
    return lobby;
}

static uint64_t hash_after(struct lobby *lobby, int ticks) {
    for (int i = 0; i < ticks; i++) rig_tick(lobby);
    return match_hash(lobby->match);
}

static void a_match_goes_on_as_it_would_have(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE], of_bea[TICKET_TEXT_SIZE], key[TICKET_UUID_SIZE];
    uint32_t seat;
    struct lobby *lobby = play(of_ann, of_bea);
    memcpy(key, lobby->key, sizeof key);
    const struct match_command command = {.name = "stir", .arg_count = 1, .args = {5}};
    assert_int_equal(match_bot_add(lobby->match, "bot", MUSTER_TEAM_BLUE, &seat), MUSTER_OK);
    assert_int_equal(match_command_push(lobby->match, &command), MUSTER_OK);
    save(lobby);
    uint64_t hash = match_hash(lobby->match), later = hash_after(lobby, 100);
    int32_t kills = lobby->match->seats[0].kills;
    forget_all(lobby);

    lobby = load();
    assert_string_equal(lobby->key, key);
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
    assert_int_equal(rig.created, 1);
    assert_true(match_hash(lobby->match) == hash);
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    struct session *thief = rig_sign_in("thief", NULL);
    assert_int_equal(rig_resume(thief, of_ann, NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig_resume(bea, of_ann, NULL), RPC_RESUME_INVALID);
    assert_int_equal(rig_resume(ann, of_ann, of_ann), RPC_OK);
    rig_settle(100);
    assert_false(lobby->pace.armed); /* one is missing */
    assert_int_equal(rig_resume(bea, of_bea, NULL), RPC_OK);
    rig_settle(100);
    assert_true(lobby->pace.armed);
    assert_int_equal(ann->member, 0);
    assert_int_equal(bea->member, 1);
    assert_true(match_hash(lobby->match) == hash);
    assert_true(hash_after(lobby, 100) == later);
    assert_int_equal(lobby->match->seats[0].kills, kills);
    rig_drop(rig_client(ann)); /* and it is a lobby like any other */
    assert_int_equal(rig_resume(rig_sign_in("ann", NULL), of_ann, NULL), RPC_OK);
}

static void it_waits_for_a_while_and_seats_are_kept(void **state) {
    (void)state;
    struct lobby *lobby = play(NULL, NULL);
    save(lobby);
    forget_all(lobby);
    lobby = load();
    rig_settle(9900);
    assert_true(lobby->frozen_since_ms && lobby->match->seats[0].connected);
    rig_settle(200);
    assert_true(lobby->pace.armed && !lobby->match->seats[0].connected);
    rig_settle(59800);
    assert_int_equal(lobby_players(lobby), 2);
    rig_settle(300);
    assert_int_equal(lobby_players(lobby), 0);
    assert_int_equal(session_count(), 0);
}

static void tickets_host_code_and_what_plugins_keep_are_the_same(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE], token[TICKET_TEXT_SIZE], code[LOBBY_CODE_SIZE];
    struct failure failure = {0};
    struct lobby *lobby = NULL;
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    const struct lobby_wish wish = {.game_mode = "fake", .region = "", .creator = ann->id};
    assert_int_equal(lobby_create(&wish, &lobby, &failure), RPC_OK);
    assert_int_equal(rig_reserve(lobby, ann, ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, ticket, token), RPC_OK);
    assert_int_equal(rig_reserve(lobby, bea, ticket), RPC_OK);
    memcpy(code, lobby->code, sizeof code);
    const struct muster_bytes kept = {"of the lobby", 12};
    assert_int_equal(kept_set(&lobby->kept, "fake", kept), MUSTER_OK);
    assert_int_equal(kept_set(&ann->kept, "fake", (struct muster_bytes){"hers", 4}), MUSTER_OK);
    lobby_lock_set(lobby, true);
    ann->ticket_lobby = lobby->id; /* she has nothing else to sign in with */
    struct lobby_tickets *tickets = lobby_tickets_of(lobby, "bea");
    tickets->newest = 7;
    tickets->used_at_s = 5;
    struct lobby_tickets signed_tickets = *tickets;
    int64_t epoch = lobby->epoch -= 1000; /* another one than it would have now */
    save(lobby);
    char session_key[TICKET_UUID_SIZE];
    memcpy(session_key, ann->session_key, sizeof session_key);
    forget_all(lobby);

    lobby = load();
    assert_string_equal(lobby->code, code);
    assert_true(lobby->locked);
    assert_int_equal(lobby->epoch, epoch);
    assert_int_equal(lobby->tickets_count, 1);
    assert_memory_equal(lobby->tickets, &signed_tickets, sizeof signed_tickets);
    assert_int_equal(kept_get(lobby->kept, "fake").len, 12);
    assert_string_equal(lobby_find_resumable(token)->player_key, "ann");
    ann = rig_sign_in("ann", NULL);
    bea = rig_sign_in("bea", NULL);
    assert_true(MUSTER_ID_SAME(lobby->host, ann->id));
    assert_string_equal(ann->session_key, session_key);
    assert_int_equal(kept_get(ann->kept, "fake").len, 4);
    assert_int_equal(rig_resume(ann, token, NULL), RPC_OK);
    rig_settle(100);
    assert_int_equal(rig_enter(bea, ticket, NULL), RPC_OK);
    assert_int_equal(lobby_connected(lobby), 2);
}

static void who_sits_elsewhere_has_left(void **state) {
    (void)state;
    char token[TICKET_TEXT_SIZE];
    struct lobby *lobby = play(token, NULL);
    save(lobby);
    forget_all(lobby);
    struct lobby *other = rig_lobby();
    struct session *bea = rig_join(other, "bea", NULL);
    lobby = load();
    assert_true(MUSTER_ID_SAME(bea->lobby, other->id));
    assert_int_equal(lobby_players(lobby), 1);
    assert_int_equal(rig_resume(rig_sign_in("ann", NULL), token, NULL), RPC_OK);
    rig_settle(100);
    assert_true(lobby->pace.armed && !lobby->match->seats[1].used);
}

static void results_are_told_once_and_votes_count_on(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE], of_bea[TICKET_TEXT_SIZE];
    struct client *client;
    struct failure failure = {0};
    struct lobby *lobby = play(of_ann, of_bea);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_RED, MUSTER_END_FORFEIT));
    assert_int_equal(lobby_cast_restart(session_find_key("ann"), true, &failure), RPC_OK);
    rig_settle(5000);
    uint32_t id = lobby->votes[VOTE_RESTART].id;
    save(lobby);
    forget_all(lobby);

    lobby = load();
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    struct session *ann = rig_sign_in("ann", &client), *bea = rig_sign_in("bea", NULL);
    assert_int_equal(rig_resume(ann, of_ann, NULL), RPC_OK);
    assert_int_equal(rig_resume(bea, of_bea, NULL), RPC_OK);
    rig_settle(200);
    assert_true(rig_told(client, "match.ended"));
    assert_int_equal(rig.match_ended, 0);
    assert_int_equal(lobby->votes[VOTE_RESTART].id, id);
    assert_int_equal(lobby->results->winner, MUSTER_TEAM_RED);
    rig_settle(9000); /* of 15 s five had passed */
    assert_int_equal(lobby->state, MUSTER_LOBBY_ENDING);
    assert_int_equal(lobby_cast_restart(bea, true, &failure), RPC_OK);
    rig_settle(200);
    assert_int_equal(lobby->state, MUSTER_LOBBY_STARTING); /* hers counted still */
}

/* ---- what is not taken ----------------------------------------------------------------------- */

static void a_file_that_is_cut_or_changed_leaves_nothing(void **state) {
    (void)state;
    struct lobby *lobby = play(NULL, NULL), *out;
    save(lobby);
    forget_all(lobby);
    for (uint32_t len = 0; len < saved.len; len += 7) {
        uint8_t *cut = malloc(len + 1); /* so that a sanitizer sees who reads past it */
        assert_non_null(cut);
        memcpy(cut, saved.data, len);
        assert_int_equal(load_bytes(cut, len, &out), MUSTER_INVALID);
        assert_true(error[0] && !out);
        free(cut);
    }
    for (uint32_t at = 0; at < saved.len; at += 3) {
        saved.data[at] ^= 1u << at % 8;
        assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_INVALID);
        saved.data[at] ^= 1u << at % 8;
    }
    assert_nothing_left();
}

static void sum(uint8_t *data, uint32_t len) {
    struct muster_writer w = muster_writer_make(data + HEAD_BYTES - 8, 8);
    muster_put_u64(&w, XXH3_64bits(data + HEAD_BYTES, len - HEAD_BYTES));
}

/* Whatever one byte is, the lobby that comes of it is a possible one, or none. */
static void no_byte_makes_a_lobby_that_cannot_be(void **state) {
    (void)state;
    struct lobby *lobby = play(NULL, NULL), *out;
    save(lobby);
    forget_all(lobby);
    uint32_t refused = 0, loaded = 0;
    uint8_t *bytes = malloc(saved.len);
    assert_non_null(bytes);
    for (uint32_t at = HEAD_BYTES; at < saved.len; at++) {
        memcpy(bytes, saved.data, saved.len);
        bytes[at] ^= 0xA5;
        sum(bytes, saved.len);
        if (load_bytes(bytes, saved.len, &out) == MUSTER_OK) {
            loaded++;
            (void)lobby_thaw(out);
            if (out->pace.armed) rig_tick(out);
            lobby_close(out, MUSTER_LEAVE_SHUTDOWN, "");
        } else {
            refused++;
            assert_true(error[0]);
        }
        assert_int_equal(session_count() + lobby_count() + match_count() + game.states, 0);
    }
    assert_true(refused > saved.len / 3 && loaded > 0);
    free(bytes);
}

/* ---- other versions -------------------------------------------------------------------------- */

static void set_version(const char *version) {
    snprintf(game.self.version, sizeof game.self.version, "%s", version);
}

static void a_plugin_reads_what_its_earlier_versions_have_saved(void **state) {
    (void)state;
    static const char *const taken[] = {"1.2.3", "1.2.4", "1.10.0", "1.3.0-rc.1"};
    static const char *const refused[] = {"1.2.2", "1.1.9", "0.9.0", "2.0.0", "1.2"};
    set_version("1.2.3");
    struct lobby *lobby = play(NULL, NULL), *out;
    uint64_t hash = match_hash(lobby->match);
    save(lobby);
    forget_all(lobby);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        set_version(refused[i]);
        assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_CONFLICT);
        assert_nothing_left();
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        set_version(taken[i]);
        out = load();
        assert_true(match_hash(out->match) == hash && !out->begun_again);
        forget_all(out);
    }
}

static muster_status takes_nothing(void *instance, void *state, struct muster_reader *in) {
    (void)instance;
    (void)state;
    (void)in;
    return MUSTER_UNSUPPORTED;
}

/* Of ann, who scored, and bea; a bot, who will be gone; and cid, who has left with a score. */
static struct lobby *play_and_score(char of_ann[TICKET_TEXT_SIZE], char of_bea[TICKET_TEXT_SIZE]) {
    struct lobby *lobby = rig_lobby();
    struct session *ann = rig_join(lobby, "ann", of_ann);
    uint32_t seat;
    rig_join(lobby, "bea", of_bea);
    struct session *cid = rig_join(lobby, "cid", NULL);
    rig_play(lobby);
    assert_int_equal(match_bot_add(lobby->match, "bot", MUSTER_TEAM_BLUE, &seat), MUSTER_OK);
    for (uint32_t i = 1; i < 8; i++) {
        input(ann, i);
        input(cid, i);
        rig_tick(lobby);
    }
    lobby_leave(cid, MUSTER_LEAVE_QUIT);
    rig_tick(lobby);
    return lobby;
}

static void assert_begins_again(const char *of_ann, const char *of_bea) {
    struct client *client;
    struct lobby *lobby = load();
    assert_int_equal(lobby->state, MUSTER_LOBBY_ACTIVE);
    assert_true(lobby->begun_again && !lobby->match->record);
    assert_int_equal(lobby->match->tick, 0);
    assert_int_equal(((struct fake_state *)lobby->match->mode.state)->ticks, 0);
    struct session *ann = rig_sign_in("ann", &client), *bea = rig_sign_in("bea", NULL);
    assert_int_equal(rig_resume(ann, of_ann, NULL), RPC_OK);
    assert_false(rig_told(client, "begins again"));
    assert_int_equal(rig_resume(bea, of_bea, NULL), RPC_OK);
    rig_settle(100);
    assert_true(rig_told(client, "The match begins again"));
    assert_true(lobby->pace.armed && !lobby->begun_again);
    const struct match *match = lobby->match;
    assert_true(match->seats[0].used && match->seats[0].connected);
    assert_int_equal(match->seats[0].kills, 7);
    assert_int_equal(match->seats[0].team, MUSTER_TEAM_RED);
    assert_int_equal(match->seats[1].team, MUSTER_TEAM_BLUE);
    assert_int_equal(match->team_score[MUSTER_TEAM_RED], 14);
    assert_false(match->seats[2].used || match->seats[match->seats_max].used);
    input(ann, 1);
    rig_tick(lobby);
    assert_int_equal(match->seats[0].kills, 8);
    assert_int_equal(match->tick, 1);
    lobby_match_end(lobby, match_decide(MUSTER_TEAM_RED, MUSTER_END_FORFEIT));
    assert_int_equal(rig.match_ended, 1);
    assert_int_equal(lobby->results->row_count, 3);
    assert_string_equal(lobby->results->rows[2].player_key, "cid");
    assert_int_equal(lobby->results->rows[2].kills, 7);
    forget_all(lobby);
}

static void a_match_whose_mode_keeps_no_state_begins_again(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE], of_bea[TICKET_TEXT_SIZE];
    struct muster_mode *mode = &registry_mode("fake")->provider->mode;
    struct lobby *lobby = play_and_score(of_ann, of_bea);
    save(lobby);
    forget_all(lobby);
    mode->load = takes_nothing;
    assert_begins_again(of_ann, of_bea);
    mode->load = NULL;
    mode->save = NULL;
    lobby = play_and_score(of_ann, of_bea);
    save(lobby);
    forget_all(lobby);
    assert_begins_again(of_ann, of_bea);
    assert_nothing_left();
}

/* Its people are asked like any others. */
static void who_is_refused_as_it_begins_again_has_left(void **state) {
    (void)state;
    char of_ann[TICKET_TEXT_SIZE];
    struct lobby *lobby = play(of_ann, NULL);
    memcpy(lobby->members[1].texts->display_name, "refused", sizeof "refused");
    save(lobby);
    forget_all(lobby);
    registry_mode("fake")->provider->mode.load = takes_nothing;
    lobby = load();
    assert_int_equal(lobby_players(lobby), 1);
    assert_int_equal(rig_resume(rig_sign_in("ann", NULL), of_ann, NULL), RPC_OK);
    rig_settle(100);
    assert_true(lobby->pace.armed && !lobby->match->seats[1].used);
}

static void another_mode_plugin_or_form_is_refused(void **state) {
    (void)state;
    struct lobby *lobby = play(NULL, NULL), *out;
    save(lobby);
    assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_EXISTS);
    assert_string_equal(error, "a lobby of that id is here already");
    forget_all(lobby);
    set_version("2.0.0");
    assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_CONFLICT);
    assert_string_equal(error, "plugin fake was version 1.0.0, and is 2.0.0 here");
    set_version("1.0.0");
    lobby_drain(true);
    assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_UNAVAILABLE);
    lobby_drain(false);
    saved.data[8]++;
    assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_INVALID);
    assert_string_equal(error, "it was saved in form 3, and this server reads form 2");
    saved.data[8]--;
    for (int i = 0; i < 4; i++)
        rig_join(rig_lobby(), (const char *[]){"a", "b", "c", "d"}[i], NULL);
    assert_int_equal(load_bytes(saved.data, saved.len, &out), MUSTER_FULL);
    assert_int_equal(match_count(), 0);
    assert_null(session_find_key("ann"));
}

/* What the fuzz target begins with has the form of today: only its game mode is missing here. */
static void seeds_of_the_fuzz_target_can_be_read(void **state) {
    static const char *const names[] = {"active", "empty",    "ending",
                                        "plain",  "starting", "waiting"};
    struct lobby *lobby = play(NULL, NULL), *out;
    uint8_t bytes[4096];
    (void)state;
    save(lobby);
    memcpy(bytes, saved.data, HEAD_BYTES);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/../fuzz/corpus/lobby/%s", DATA_DIR, names[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t len = fread(bytes + HEAD_BYTES, 1, sizeof bytes - HEAD_BYTES, file);
        fclose(file);
        sum(bytes, HEAD_BYTES + (uint32_t)len);
        assert_int_equal(load_bytes(bytes, HEAD_BYTES + (uint32_t)len, &out), MUSTER_NOT_FOUND);
        assert_string_equal(error, "its game mode fuzz is not loaded");
    }
}

static void a_lobby_that_closes_is_not_saved_nor_into_too_little(void **state) {
    (void)state;
    uint8_t little[500];
    struct muster_writer w = muster_writer_make(little, sizeof little);
    struct lobby *lobby = play(NULL, NULL);
    assert_int_equal(lobby_save(lobby, &w, error), MUSTER_LIMIT);
    assert_string_equal(error, "it is too large");
    assert_int_equal(w.len, 0);
    lobby_want_close(lobby, MUSTER_LEAVE_QUIT, "test");
    assert_int_equal(lobby_save(lobby, &w, error), MUSTER_STATE);
    assert_string_equal(error, "it closes");
    rig_turn();
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, close_all)
    const struct CMUnitTest tests[] = {
        TEST(a_match_goes_on_as_it_would_have),
        TEST(it_waits_for_a_while_and_seats_are_kept),
        TEST(tickets_host_code_and_what_plugins_keep_are_the_same),
        TEST(who_sits_elsewhere_has_left),
        TEST(results_are_told_once_and_votes_count_on),
        TEST(a_file_that_is_cut_or_changed_leaves_nothing),
        TEST(no_byte_makes_a_lobby_that_cannot_be),
        TEST(a_plugin_reads_what_its_earlier_versions_have_saved),
        TEST(a_match_whose_mode_keeps_no_state_begins_again),
        TEST(who_is_refused_as_it_begins_again_has_left),
        TEST(another_mode_plugin_or_form_is_refused),
        TEST(seeds_of_the_fuzz_target_can_be_read),
        TEST(a_lobby_that_closes_is_not_saved_nor_into_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
