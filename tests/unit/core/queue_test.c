/* The queue: whom the matchmaker proposes is seated, whoever vanishes meanwhile, and over reloads.
 */
#include "books_rig.h"

#include "limit.h"

/* A matchmaker in the test: proposes what it is told to. */
struct fake_matchmaker {
    struct muster_self self;
    uint32_t enqueued, dequeued, ticks, backfills;
    muster_queue_ticket_id last;
    char region[MUSTER_NAME_MAX]; /* of the last */
    struct offer {
        struct muster_group group;
        muster_queue_ticket_id tickets[8];
        uint32_t teams[8];
        muster_status answer; /* to the proposal */
    } next[4];
    uint32_t next_count;
    struct {
        muster_queue_ticket_id ticket;
        muster_lobby_id lobby;
        bool is_cause;
    } refused[8];
    uint32_t refused_count;
    bool refuses;
};

static struct fake_matchmaker first, second;

static muster_status on_enqueue(void *instance, const struct muster_queue_ticket *ticket) {
    struct fake_matchmaker *m = instance;
    if (m->refuses) return MUSTER_FULL;
    m->enqueued++;
    m->last = ticket->ticket;
    assert_string_equal(ticket->game_mode, "fake");
    snprintf(m->region, sizeof m->region, "%s", ticket->region);
    return MUSTER_OK;
}

static void on_dequeue(void *instance, muster_queue_ticket_id ticket) {
    struct fake_matchmaker *m = instance;
    assert_true(ticket.value != 0);
    m->dequeued++;
}

static void on_tick(void *instance, uint64_t now_ms, muster_propose_fn propose, void *proposals) {
    struct fake_matchmaker *m = instance;
    assert_true(now_ms > 0);
    m->ticks++;
    for (uint32_t i = 0; i < m->next_count; i++)
        m->next[i].answer = propose(proposals, &m->next[i].group);
    m->next_count = 0;
}

static void on_backfill(void *instance, muster_lobby_id lobby) {
    struct fake_matchmaker *m = instance;
    assert_true(lobby.value != 0);
    m->backfills++;
}

static void on_refused(void *instance, const struct muster_group_refusal *refusal) {
    struct fake_matchmaker *m = instance;
    assert_true(m->refused_count < 8 && refusal->reason[0]);
    m->refused[m->refused_count].ticket = refusal->ticket;
    m->refused[m->refused_count].is_cause = refusal->is_cause;
    m->refused[m->refused_count++].lobby = refusal->lobby;
}

static const struct muster_matchmaker vtable = {.size = sizeof vtable,
                                                .enqueue = on_enqueue,
                                                .dequeue = on_dequeue,
                                                .tick = on_tick,
                                                .backfill = on_backfill,
                                                .refused = on_refused};
static const struct muster_role role[] = {{MUSTER_ROLE_MATCHMAKER, 0, &vtable}};

/* Rules that let in everybody but one. */
static struct {
    struct muster_self self;
    const char *key;
} refuser;

static muster_verdict on_allow(void *instance, void *state, const struct muster_action *action,
                               char *reason, uint32_t cap) {
    (void)instance;
    (void)state;
    const struct session *session = session_find(action->player);
    bool meant = session && refuser.key && strcmp(session->player_key, refuser.key) == 0;
    if (action->kind != MUSTER_ACTION_JOIN || !meant) return MUSTER_PASS;
    snprintf(reason, cap, "not you");
    return MUSTER_REJECT;
}

static const struct muster_rules rules = {.size = sizeof rules, .allow = on_allow};
static const struct muster_role rules_role[] = {{MUSTER_ROLE_RULES, 0, &rules}};

static int matchmaker_open(struct fake_matchmaker *m, const char *name, struct muster_self *older) {
    memset(m, 0, sizeof *m);
    return fake_plugin(&m->self, name, role, 1, NULL, older);
}

static int open_queue(void **state) {
    refuser.key = NULL;
    return rig_open(state) || matchmaker_open(&first, "match_first", NULL) ||
                   fake_plugin(&refuser.self, "refuser", rules_role, 1, NULL, NULL)
               ? -1
               : 0;
}

static int open_two_regions(void **state) {
    setenv("MUSTER_SERVER_REGIONS", "local,far", 1);
    int code = open_queue(state);
    unsetenv("MUSTER_SERVER_REGIONS");
    return code;
}

static int close_queue(void **state) {
    queue_deinit();
    registry_remove(&first.self);
    if (second.self.providers) registry_remove(&second.self);
    int code = rig_close(state);
    registry_remove(&refuser.self);
    return code || refuser.self.pins || first.self.pins || second.self.pins ? -1 : 0;
}

static int32_t find(struct session *session) {
    char ticket[QUEUE_TICKET_TEXT];
    struct failure failure = {0};
    int32_t code = queue_find(session, "fake", "", "", ticket, &failure);
    json_decref(failure.data);
    return code;
}

/* Where who lives there, and wishes so, is searched for. */
static const char *region_of_search(const char *home, const char *wish) {
    char ticket[QUEUE_TICKET_TEXT];
    struct failure failure = {0};
    struct session *ann = rig_sign_in("ann", NULL);
    snprintf(ann->region, sizeof ann->region, "%s", home);
    first.region[0] = '\0';
    (void)queue_find(ann, "fake", wish, "", ticket, &failure);
    json_decref(failure.data);
    return first.region;
}

static struct offer *offer(struct fake_matchmaker *m, muster_lobby_id lobby) {
    struct offer *offer = &m->next[m->next_count++];
    offer->group = (struct muster_group){.size = sizeof offer->group,
                                         .tickets = offer->tickets,
                                         .teams = offer->teams,
                                         .lobby = lobby,
                                         .game_mode = "fake",
                                         .region = "local",
                                         .explanation = "it fits"};
    return offer;
}

static void put(struct offer *offer, muster_queue_ticket_id ticket, uint32_t team) {
    offer->teams[offer->group.ticket_count] = team;
    offer->tickets[offer->group.ticket_count++] = ticket;
}

/* The run that follows an enqueue or a backfill hint. */
static void run(struct fake_matchmaker *m) {
    uint32_t ticks = m->ticks;
    for (int i = 0; i < 100000 && m->ticks == ticks; i++) (void)loop_turn();
    assert_true(m->ticks > ticks);
}

static void who_is_proposed_gets_a_seat(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    assert_int_equal(find(ann), RPC_OK);
    struct offer *group = offer(&first, (muster_lobby_id){0});
    put(group, first.last, MUSTER_TEAM_BLUE);
    assert_int_equal(find(bea), RPC_OK);
    put(group, first.last, MUSTER_TEAM_NONE); /* the mode will choose */
    run(&first);
    assert_int_equal(rig.created, 1);
    assert_int_equal(first.dequeued, 2);
    assert_int_equal(queue_count(), 0);
    assert_int_equal(ann->queue_ticket.value, 0);
    assert_true(rig_told(rig_client(ann), "match.found"));
    assert_true(rig_told(rig_client(ann), "\"explanation\":\"it fits\""));
    assert_true(ann->lobby.value != 0 && MUSTER_ID_SAME(ann->lobby, bea->lobby));
    const struct lobby *lobby = lobby_find(ann->lobby);
    assert_int_equal(lobby->members[ann->member].team, MUSTER_TEAM_BLUE);
    assert_int_equal(lobby->members[bea->member].team, MUSTER_TEAM_NONE);
    assert_int_equal(find(ann), RPC_ALREADY_IN_LOBBY);
}

static void a_ticket_is_placed_once_and_a_stale_one_never(void **state) {
    (void)state;
    struct client *gone;
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(find(rig_sign_in("bea", &gone)), RPC_OK);
    muster_queue_ticket_id stale = first.last;
    rig_drop(gone);
    assert_int_equal(first.dequeued, 1);
    assert_int_equal(find(ann), RPC_OK);
    struct offer *group = offer(&first, (muster_lobby_id){0});
    put(group, stale, 0);
    put(group, first.last, 0);
    put(offer(&first, (muster_lobby_id){0}), (muster_queue_ticket_id){424242}, 0);
    put(offer(&first, (muster_lobby_id){0}), first.last, 0);
    put(offer(&first, (muster_lobby_id){0}), first.last, 0);
    run(&first);
    assert_int_equal(first.next[0].answer, MUSTER_NOT_FOUND);
    assert_int_equal(first.next[1].answer, MUSTER_NOT_FOUND);
    assert_int_equal(first.next[2].answer, MUSTER_OK);
    assert_int_equal(first.next[3].answer, MUSTER_OK); /* in the same tick: refused afterwards */
    assert_int_equal(first.dequeued, 2);
    assert_int_equal(lobby_count(), 1); /* the one for nobody was closed again */
    assert_int_equal(lobby_players(lobby_find(ann->lobby)), 1);
}

static void a_lobby_that_filled_meanwhile_leaves_its_tickets(void **state) {
    (void)state;
    char name[8];
    struct lobby *lobby = rig_lobby();
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "p%d", i);
        rig_join(lobby, name, NULL);
    }
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(find(ann), RPC_OK);
    put(offer(&first, lobby->id), first.last, 0);
    put(offer(&first, (muster_lobby_id){999999}), first.last, 0);
    run(&first);
    assert_int_equal(queue_count(), 1);
    assert_int_equal(ann->lobby.value, 0);
    assert_int_equal(first.refused_count, 2); /* who proposed it is told */
    assert_int_equal(first.refused[0].ticket.value, first.last.value);
    assert_int_equal(first.refused[0].lobby.value, lobby->id.value);
    assert_int_equal(first.refused[1].lobby.value, 999999);
    lobby_leave(session_find_key("p2"), MUSTER_LEAVE_QUIT); /* a seat opens: the hint */
    assert_int_equal(first.backfills, 1);
    put(offer(&first, lobby->id), first.last, 0);
    run(&first);
    assert_int_equal(ann->lobby.value, lobby->id.value);
}

static void a_wrong_answer_places_nobody(void **state) {
    (void)state;
    assert_int_equal(find(rig_sign_in("ann", NULL)), RPC_OK);
    offer(&first, (muster_lobby_id){0}); /* of nobody */
    struct offer *twice = offer(&first, (muster_lobby_id){0}),
                 *no_team = offer(&first, (muster_lobby_id){0}),
                 *short_one = offer(&first, (muster_lobby_id){0});
    put(twice, first.last, 0);
    put(twice, first.last, 0);
    put(no_team, first.last, MUSTER_TEAMS_MAX + 1);
    put(short_one, first.last, 0);
    short_one->group.size = 4;
    uint64_t faults = first.self.fault_count;
    run(&first);
    for (uint32_t i = 0; i < 4; i++) assert_int_equal(first.next[i].answer, MUSTER_INVALID);
    assert_int_equal(first.self.fault_count, faults + 1);
    struct offer *huge = offer(&first, (muster_lobby_id){0}),
                 *broken = offer(&first, (muster_lobby_id){0}),
                 *map = offer(&first, (muster_lobby_id){0});
    put(huge, first.last, 0);
    huge->group.ticket_count = MUSTER_GROUP_MAX + 1;
    put(broken, first.last, 0);
    broken->group.settings_json = "{\"a\":";
    put(map, first.last, 0);
    map->group.map_name = "\xff";
    queue_backfill(rig_lobby());
    run(&first);
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(first.next[i].answer, MUSTER_INVALID);
    assert_int_equal(queue_count(), 1);
    assert_int_equal(session_find_key("ann")->lobby.value, 0);
}

/* Settings of a new lobby are its matchmaker's; what the mode does not know makes none. */
static void a_new_lobby_has_the_settings_that_were_proposed(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(find(ann), RPC_OK);
    struct offer *unknown = offer(&first, (muster_lobby_id){0}),
                 *wanted = offer(&first, (muster_lobby_id){0});
    put(unknown, first.last, 0);
    unknown->group.settings_json = "{\"gravity\":1}";
    put(wanted, first.last, 0);
    wanted->group.settings_json = "{\"maxPlayers\":2}";
    run(&first);
    assert_int_equal(first.refused_count, 1);
    assert_true(first.refused[0].is_cause);
    assert_int_equal(lobby_find(ann->lobby)->players_max, 2);
}

static void a_new_wish_replaces_the_one_before(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(find(ann), RPC_OK);
    assert_int_equal(find(ann), RPC_OK);
    assert_int_equal(first.enqueued, 2);
    assert_int_equal(first.dequeued, 1);
    assert_int_equal(queue_count(), 1);
    queue_cancel(ann);
    queue_cancel(ann);
    assert_int_equal(first.dequeued, 2);
}

static void a_wish_that_is_refused_leaves_the_one_before(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL);
    struct failure failure = {0};
    char ticket[QUEUE_TICKET_TEXT];
    first.refuses = true;
    assert_int_equal(find(ann), RPC_UNAVAILABLE);
    assert_int_equal(ann->queue_ticket.value, 0);
    assert_int_equal(queue_count(), 0);
    first.refuses = false;
    assert_int_equal(find(ann), RPC_OK);
    muster_queue_ticket_id held = ann->queue_ticket;
    first.refuses = true;
    assert_int_equal(find(ann), RPC_UNAVAILABLE);
    assert_int_equal(queue_find(ann, "chess", "", "", ticket, &failure), RPC_INVALID_PARAMS);
    assert_int_equal(queue_find(ann, "fake", "", "moon", ticket, &failure), RPC_INVALID_PARAMS);
    assert_int_equal(queue_find(ann, "fake", "moon", "", ticket, &failure), RPC_INVALID_PARAMS);
    assert_int_equal(ann->queue_ticket.value, held.value);
    assert_int_equal(queue_count(), 1);
    assert_int_equal(first.dequeued, 0);
    put(offer(&first, (muster_lobby_id){0}), first.last, 0);
    run(&first);
    assert_int_not_equal(ann->lobby.value, 0);
}

/* A full table of searches has room for a new wish of who is in it. */
/* One's own comes from one's account: it need not be one of this server's. */
static void a_search_is_in_a_region_of_this_server(void **state) {
    (void)state;
    assert_string_equal(region_of_search("far", ""), "far");
    assert_string_equal(region_of_search("far", "local"), "local");
    assert_string_equal(region_of_search("local", "far"), "far");
    assert_string_equal(region_of_search("nowhere", ""), "local");
    assert_string_equal(region_of_search("", ""), "local");
    assert_string_equal(region_of_search("far", "nowhere"), ""); /* refused */
}

static void everybody_may_search_and_search_again(void **state) {
    (void)state;
    char name[8];
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(find(rig_sign_in(name, NULL)), RPC_OK);
    }
    assert_int_equal(find(session_find_key("p31")), RPC_OK);
    assert_int_equal(queue_count(), 32);
}

/* Proposed lobbies that take nobody, or one of two. */
static void a_lobby_for_nobody_is_closed_and_told(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    assert_int_equal(find(ann), RPC_OK);
    muster_queue_ticket_id of_ann = first.last;
    assert_int_equal(find(bea), RPC_OK);
    refuser.key = "ann";
    muster_queue_ticket_id of_bea = first.last;
    put(offer(&first, (muster_lobby_id){0}), of_ann, 0);
    struct offer *group = offer(&first, (muster_lobby_id){0});
    put(group, of_bea, 0);
    put(group, of_ann, 0);
    struct offer *chess = offer(&first, (muster_lobby_id){0});
    chess->group.game_mode = "chess";
    put(chess, of_ann, 0);
    run(&first);
    assert_int_equal(rig.created, 2);
    assert_int_equal(lobby_count(), 0);
    assert_int_equal(ann->lobby.value, 0);
    assert_int_equal(bea->lobby.value, 0); /* all or none: bea was seated and is not any more */
    assert_int_equal(queue_count(), 2);
    static const bool causes[] = {true, false, true, true};
    assert_int_equal(first.refused_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(first.refused[i].ticket.value, i == 1 ? of_bea.value : of_ann.value);
        assert_int_equal(first.refused[i].is_cause, causes[i]);
        assert_int_equal(first.refused[i].lobby.value, 0);
    }
    put(offer(&first, (muster_lobby_id){0}), of_bea, 0);
    queue_backfill(rig_lobby());
    run(&first);
    assert_int_not_equal(bea->lobby.value, 0);
}

/* A plugin has changed the lobby: the matchmaker, which may be the same, is not called inside. */
static void a_hint_from_inside_a_call_comes_after_it(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    assert_int_equal(find(rig_sign_in("ann", NULL)), RPC_OK);
    const uint32_t before = first.backfills;
    plugin_enter(&first.self, "test");
    queue_backfill(lobby);
    assert_int_equal(first.backfills, before);
    plugin_leave();
    (void)loop_turn();
    assert_int_equal(first.backfills, before + 1);
    assert_int_equal(first.self.fault_count, 0);
}

static void who_waits_goes_on_waiting_after_a_reload(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(find(ann), RPC_OK);
    assert_int_equal(matchmaker_open(&second, "match_second", &first.self), 0);
    first.self.superseded = true;
    struct lobby *lobby = rig_lobby();
    queue_backfill(lobby);
    run(&second);
    assert_int_equal(first.dequeued, 1);
    assert_int_equal(first.self.pins, 0);
    assert_int_equal(second.enqueued, 1);
    put(offer(&second, (muster_lobby_id){0}), second.last, 0);
    queue_backfill(lobby);
    run(&second);
    assert_int_not_equal(ann->lobby.value, 0);
}

static void who_searches_is_told_so_every_five_seconds(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(find(ann), RPC_OK);
    struct lobby *lobby = rig_lobby();
    static const struct {
        uint32_t ms;
        bool told;
    } steps[] = {{4999, false}, {1, true}, {4999, false}, {1, true}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        rig_forget(rig_client(ann));
        rig_now_ms += steps[i].ms;
        queue_backfill(lobby);
        run(&first);
        assert_int_equal(rig_told(rig_client(ann), "match.searching"), steps[i].told);
    }
    assert_true(rig_told(rig_client(ann), "\"waitedMs\":10000"));
    assert_false(rig_told(rig_client(ann), "\"reason\""));
    rig_now_ms += 5000;
    queue_backfill(lobby); /* a run is due */
    lobby_drain(true);
    run(&first);
    assert_true(rig_told(rig_client(ann),
                         "\"reason\":\"the server is draining: it takes no new matches\""));
    assert_int_equal(ann->lobby.value, 0);
    rig_forget(rig_client(ann));
    lobby_drain(false);
    rig_now_ms += 5000;
    queue_backfill(lobby);
    run(&first);
    assert_true(rig_told(rig_client(ann), "match.searching"));
    assert_false(rig_told(rig_client(ann), "\"reason\""));
}

/* The old generation is kept as long as somebody waits at it, and no longer. */
static void an_old_matchmaker_goes_with_its_last_ticket(void **state) {
    (void)state;
    struct session *ann = rig_sign_in("ann", NULL), *bea = rig_sign_in("bea", NULL);
    assert_int_equal(find(ann), RPC_OK);
    assert_int_equal(find(bea), RPC_OK);
    assert_int_equal(first.self.pins, 2);
    assert_int_equal(matchmaker_open(&second, "match_second", &first.self), 0);
    first.self.superseded = true;
    queue_cancel(ann);
    assert_int_equal(first.self.pins, 1);
    second.refuses = true; /* and the new one does not take who waits */
    queue_backfill(rig_lobby());
    run(&second);
    assert_int_equal(first.self.pins, 0);
    assert_int_equal(first.dequeued, 2);
    assert_int_equal(second.self.pins, 0);
    assert_int_equal(queue_count(), 1); /* tried again */
    second.refuses = false;
    queue_backfill(rig_lobby());
    run(&second);
    assert_int_equal(second.enqueued, 1);
    assert_int_equal(second.self.pins, 1);
    queue_cancel(bea);
    assert_int_equal(second.self.pins, 0);
    assert_int_equal(second.dequeued, 1);
}

static void who_is_given_a_seat_searches_no_more(void **state) {
    (void)state;
    char ticket[TICKET_TEXT_SIZE];
    struct session *ann = rig_sign_in("ann", NULL), *out = NULL;
    struct failure failure = {0};
    const struct lobby_expected who = {
        .player_key = "ann", .display_name = "", .hold_ms = 1000, .asker = &first.self};
    assert_int_equal(find(ann), RPC_OK);
    struct offer *group = offer(&first, (muster_lobby_id){0});
    put(group, first.last, MUSTER_TEAM_NONE);
    assert_int_equal(lobby_expect(rig_lobby(), &who, ticket, &out, &failure), RPC_OK);
    assert_ptr_equal(out, ann);
    assert_int_equal(find(rig_sign_in("bea", NULL)), RPC_OK);
    run(&first);
    assert_int_equal(group->answer, MUSTER_NOT_FOUND);
    assert_int_equal(queue_count(), 1);
    assert_int_equal(rig_enter(ann, ticket, NULL), RPC_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_queue, close_queue)
    const struct CMUnitTest tests[] = {
        TEST(who_is_proposed_gets_a_seat),
        TEST(a_ticket_is_placed_once_and_a_stale_one_never),
        TEST(a_lobby_that_filled_meanwhile_leaves_its_tickets),
        TEST(a_wrong_answer_places_nobody),
        TEST(a_new_lobby_has_the_settings_that_were_proposed),
        TEST(a_new_wish_replaces_the_one_before),
        TEST(a_wish_that_is_refused_leaves_the_one_before),
        cmocka_unit_test_setup_teardown(a_search_is_in_a_region_of_this_server, open_two_regions,
                                        close_queue),
        TEST(everybody_may_search_and_search_again),
        TEST(a_lobby_for_nobody_is_closed_and_told),
        TEST(who_waits_goes_on_waiting_after_a_reload),
        TEST(a_hint_from_inside_a_call_comes_after_it),
        TEST(who_searches_is_told_so_every_five_seconds),
        TEST(an_old_matchmaker_goes_with_its_last_ticket),
        TEST(who_is_given_a_seat_searches_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
