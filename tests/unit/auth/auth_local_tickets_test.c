/* auth_local: signed tickets for seats, as another plugin asks for them (muster.seat_tickets). */
#include <muster/interfaces.h>
#include <muster/plugin.h>
#include <stdlib.h>

#include "accounts_fixture.h"

/* ---- who asks -------------------------------------------------------------------------------- */

static struct asker {
    muster_self *self;
    const struct muster_host *host;
    muster_interface_id tickets;
} asker;

static muster_status asker_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    const struct muster_interface_wish wish = {.size = sizeof wish,
                                               .major = MUSTER_SEAT_TICKETS_MAJOR,
                                               .name = MUSTER_SEAT_TICKETS,
                                               .vtable_size = sizeof(struct muster_seat_tickets)};
    (void)instance;
    asker = (struct asker){.self = self, .host = host};
    return host->interfaces->subscribe(self, &wish, NULL, &asker.tickets);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};
static const struct muster_plugin plugin = {.magic = MUSTER_PLUGIN_MAGIC,
                                            .abi_major = MUSTER_ABI_MAJOR,
                                            .abi_minor = MUSTER_ABI_MINOR,
                                            .size = sizeof plugin,
                                            .name = "service_asker",
                                            .version = "1.0.0",
                                            .description = "Asks for tickets.",
                                            .roles = roles,
                                            .role_count = 1,
                                            .init = asker_init};

struct wish {
    muster_lobby_id lobby;
    const char *key, *name;
    uint32_t team, life_s, cap, issue;
    muster_status status;
    char ticket[2048];
};

static void mint(void *user, const void *vtable, void *instance) {
    const struct muster_seat_tickets *tickets = vtable;
    struct wish *wish = user;
    wish->status =
        tickets->mint(instance, wish->lobby, wish->key, wish->name, wish->team, wish->life_s,
                      &wish->issue, wish->cap ? wish->ticket : NULL, wish->cap);
}

static muster_status ask(struct wish *wish) {
    assert_int_equal(asker.host->interfaces->call(asker.self, asker.tickets, mint, wish),
                     MUSTER_OK);
    return wish->status;
}

static struct wish good_wish(struct fixture *fixture) {
    muster_self *self = testkit_add(fixture->kit, &plugin);
    if (!self || testkit_start(self)) fail_msg("%s", testkit_error(fixture->kit));
    return (struct wish){
        .lobby = testkit_lobby_add(fixture->kit, (struct muster_lobby_info){.players_max = 8}),
        .key = "cup-1",
        .name = "Ada",
        .team = MUSTER_TEAM_RED,
        .life_s = 600,
        .cap = 2048};
}

static muster_verdict presents(struct fixture *fixture, const char *ticket,
                               struct muster_identity *out) {
    *out = (struct muster_identity){.size = sizeof *out};
    return testkit_authenticate(fixture->auth, ticket, out);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void a_ticket_says_who_and_where(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    struct wish wish = good_wish(fixture);
    const struct muster_lobby_info *lobby = testkit_lobby(fixture->kit, wish.lobby);
    assert_int_equal(ask(&wish), MUSTER_OK);
    assert_int_equal(presents(fixture, wish.ticket, &id), MUSTER_ACCEPT);
    assert_string_equal(id.player_key, "cup-1");
    assert_int_equal(id.account, MUSTER_ACCOUNT_UNKNOWN); /* cup-1 need not have one */
    assert_string_equal(id.display_name, "Ada");
    assert_string_equal(id.permissions, "");
    assert_string_equal(id.lobby_key, lobby->lobby_key);
    assert_int_equal(id.lobby_epoch, lobby->epoch);
    assert_string_equal(id.team, "red");
    assert_int_equal(id.expires_at_s, START_MS / 1000 + 600);
    assert_int_equal(id.ticket_issued_at_s, START_MS / 1000);
    uint32_t first = wish.issue;
    assert_int_not_equal(first, 0);
    assert_int_equal(id.ticket_issue, first);
    wish.team = MUSTER_TEAM_NONE;
    wish.name = "";
    assert_int_equal(ask(&wish), MUSTER_OK);
    assert_int_equal(presents(fixture, wish.ticket, &id), MUSTER_ACCEPT);
    assert_string_equal(id.display_name, "cup-1");
    assert_string_equal(id.team, "");
    assert_int_not_equal(wish.issue, first);
    assert_int_equal(id.ticket_issue, wish.issue);
}

/* As long as it lives, and no longer. */
static void a_new_key_leaves_the_tickets_of_the_old_one(void **state) {
    struct fixture *fixture = *state;
    struct muster_identity id;
    struct wish wish = good_wish(fixture);
    wish.life_s = 3600;
    assert_int_equal(ask(&wish), MUSTER_OK);
    testkit_command(fixture->kit, "auth-rotate");
    set_clock(fixture, 3500 - 3600);
    testkit_advance(fixture->kit, 3600001); /* through its hourly round */
    assert_int_equal(presents(fixture, wish.ticket, &id), MUSTER_ACCEPT);
    set_clock(fixture, 3700);
    assert_int_equal(presents(fixture, wish.ticket, &id), MUSTER_REJECT);
    assert_string_equal(id.reason, "token has expired");
}

static void what_is_no_ticket_is_not_made(void **state) {
    struct fixture *fixture = *state;
    static const char long_name[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    const struct wish good = good_wish(fixture);
    struct wish cases[11];
    for (size_t i = 0; i < 11; i++) cases[i] = good;
    cases[0].key = NULL;
    cases[1].key = "";
    cases[2].key = "a b";
    cases[3].key = "bot:1";
    cases[4].key = long_name;
    cases[5].name = NULL;
    cases[6].name = long_name;
    cases[7].team = 3;
    cases[8].life_s = 0;
    cases[9].life_s = 3601;
    cases[10].cap = 0; /* and no place for it */
    for (size_t i = 0; i < 11; i++) assert_int_equal(ask(&cases[i]), MUSTER_INVALID);
    struct wish wish = good;
    for (wish.cap = 1; wish.cap < 300; wish.cap += 97) {
        assert_int_equal(ask(&wish), MUSTER_LIMIT);
        assert_string_equal(wish.ticket, "");
    }
    wish = good;
    testkit_lobby_remove(fixture->kit, wish.lobby);
    assert_int_equal(ask(&wish), MUSTER_NOT_FOUND);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(a_ticket_says_who_and_where),
        CASE(a_new_key_leaves_the_tickets_of_the_old_one),
        CASE(what_is_no_ticket_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
