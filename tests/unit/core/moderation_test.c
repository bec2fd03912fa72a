/* Sanctions: whom one concerns and whom not, until when, what takes the place of what, the file. */
#include "books_rig.h"

#include "failure.h"
#include "moderation.h"
#include "notices.h"
#include "paths.h"
#include "registration.h"

#define WALL_MS 1700000000000

static int64_t wall_ms;

int64_t __wrap_loop_unix_ms(void);

int64_t __wrap_loop_unix_ms(void) {
    return wall_ms;
}

static muster_status started;

static void on_started(void *user, muster_status status) {
    (void)user;
    started = status;
}

static void load(void) {
    started = MUSTER_INTERNAL;
    moderation_start(on_started, NULL);
}

static int open_books(void **state) {
    char error[PATHS_ERROR_MAX];
    wall_ms = WALL_MS;
    return rig_open(state) || paths_init(true, error) ? -1 : 0;
}

static int close_books(void **state) {
    moderation_deinit();
    paths_deinit();
    return rig_close(state);
}

/* ---- acts ---- */

static struct session *come(const char *player_key, const char *address, bool is_guest,
                            const char *permissions) {
    struct session *session = NULL;
    struct client *client = &rig.clients[rig.client_count++];
    struct muster_identity identity = {.size = sizeof identity, .expires_at_s = INT64_MAX};
    *client = (struct client){.conn = rig.client_count};
    snprintf(client->address, sizeof client->address, "%s", address);
    snprintf(identity.player_key, sizeof identity.player_key, "%s", player_key);
    snprintf(identity.permissions, sizeof identity.permissions, "%s", permissions);
    identity.account = is_guest ? MUSTER_ACCOUNT_GUEST : 0;
    assert_int_equal(session_attach(client, &identity, &session), MUSTER_OK);
    return session;
}

static struct sanction on_player(enum sanction_kind kind, const char *player_key) {
    struct sanction sanction = {.kind = kind, .reason = "why"};
    snprintf(sanction.player_key, sizeof sanction.player_key, "%s", player_key);
    return sanction;
}

static struct sanction on_address(enum sanction_kind kind, const char *address) {
    struct sanction sanction = {.kind = kind, .reason = "why"};
    assert_true(address_prefix_read(address, &sanction.address));
    return sanction;
}

static void add(struct sanction sanction) {
    assert_int_equal(moderation_add(&sanction), MUSTER_OK);
}

static uint32_t ended(enum sanction_kind kind, const char *who) {
    uint32_t count = 99;
    assert_int_equal(moderation_end(kind, who, &count), MUSTER_OK);
    return count;
}

static uint32_t in_force(void) {
    uint32_t index = 0, count = 0;
    while (moderation_next(&index)) count++;
    return count;
}

static int32_t admit(const char *player_key, const char *address, bool is_guest,
                     const char *permissions) {
    struct failure failure = {0};
    struct muster_identity identity = {.size = sizeof identity};
    snprintf(identity.player_key, sizeof identity.player_key, "%s", player_key);
    snprintf(identity.permissions, sizeof identity.permissions, "%s", permissions);
    identity.account = is_guest ? MUSTER_ACCOUNT_GUEST : 0;
    int32_t code = moderation_admit(&identity, address, &failure);
    json_decref(failure.data);
    return code;
}

static int32_t speak(const struct session *session) {
    struct failure failure = {0};
    int32_t code = moderation_speak(session, &failure);
    json_decref(failure.data);
    return code;
}

/* ---- whom it concerns ---- */

static void a_ban_of_guests_at_an_address_leaves_accounts_alone(void **state) {
    (void)state;
    struct sanction ban = on_address(SANCTION_BAN, "192.0.2.1");
    ban.guests_only = true;
    snprintf(ban.player_key, sizeof ban.player_key, "bad");
    add(ban);
    assert_int_equal(admit("new", "192.0.2.1", true, ""), RPC_BANNED);
    assert_int_equal(admit("new", "192.0.2.1", false, ""), RPC_OK);
    assert_int_equal(admit("new", "192.0.2.2", true, ""), RPC_OK);
    assert_int_equal(admit("bad", "192.0.2.2", false, ""), RPC_BANNED);
    assert_non_null(moderation_door("192.0.2.1", true));
    assert_null(moderation_door("192.0.2.1", false));
    assert_null(moderation_door("192.0.2.2", true));
}

static void a_ban_of_an_address_shuts_everybody_out(void **state) {
    (void)state;
    add(on_address(SANCTION_MUTE, "192.0.2.9"));
    add(on_address(SANCTION_BAN, "192.0.2.0/29"));
    assert_int_equal(admit("ann", "192.0.2.7", false, "admin"), RPC_BANNED);
    assert_non_null(moderation_door("192.0.2.7", false));
    assert_null(moderation_door("192.0.2.8", false));
    assert_null(moderation_door("192.0.2.9", true)); /* a mute is no ban */
    assert_int_equal(admit("ann", "192.0.2.9", true, ""), RPC_OK);
}

static void a_ban_closes_whom_it_concerns_alone(void **state) {
    (void)state;
    struct client *bad = come("bad", "192.0.2.1", false, "admin")->client;
    struct client *beside = come("beside", "192.0.2.2", false, "")->client;
    struct client *admin = come("boss", "192.0.2.2", false, "admin")->client;
    struct client *other = come("other", "192.0.2.3", false, "")->client;
    add(on_player(SANCTION_BAN, "bad")); /* also an admin, when named */
    assert_int_equal(rig.close_code[bad->conn - 1], 4004);
    assert_true(rig_told(bad, "\"banned\":true"));
    assert_int_equal(rig.close_code[beside->conn - 1], 0);
    add(on_address(SANCTION_BAN, "192.0.2.2"));
    assert_int_equal(rig.close_code[beside->conn - 1], 4004);
    assert_int_equal(rig.close_code[admin->conn - 1], 0);
    assert_int_equal(rig.close_code[other->conn - 1], 0);
    assert_int_equal(session_count(), 2);
}

static uint32_t left_for; /* why the newest seat was left */

static void on_left(void *user, const struct muster_notice *notice) {
    (void)user;
    left_for = notice->value;
}

static void who_is_banned_leaves_for_that(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    rig_join(lobby, "ann", NULL);
    struct session *bea = rig_join(lobby, "bea", NULL);
    assert_int_equal(notices_subscribe(NULL, 1ull << MUSTER_NOTICE_SEAT_LEFT, on_left, NULL),
                     MUSTER_OK);
    add(on_player(SANCTION_BAN, "ann"));
    assert_int_equal(left_for, MUSTER_LEAVE_BAN);
    session_terminate(bea, "enough", MUSTER_LEAVE_KICK);
    assert_int_equal(left_for, MUSTER_LEAVE_KICK);
    assert_int_equal(lobby_players(lobby), 0);
    registration_owner_gone(NULL);
}

static void a_mute_is_for_whom_it_concerns_alone(void **state) {
    (void)state;
    struct session *loud = come("loud", "192.0.2.1", true, "");
    struct session *guest = come("guest", "192.0.2.1", true, "");
    struct session *account = come("account", "192.0.2.1", false, "");
    struct sanction mute = on_address(SANCTION_MUTE, "192.0.2.1");
    mute.guests_only = true;
    snprintf(mute.player_key, sizeof mute.player_key, "loud");
    add(mute);
    assert_true(rig_told(loud->client, "session.muted"));
    assert_true(rig_told(guest->client, "session.muted"));
    assert_false(rig_told(account->client, "session.muted"));
    assert_int_equal(speak(loud), RPC_DENIED);
    assert_int_equal(speak(guest), RPC_DENIED);
    assert_int_equal(speak(account), RPC_OK);
    assert_int_equal(ended(SANCTION_BAN, "loud"), 0);
    assert_int_equal(speak(loud), RPC_DENIED);
    assert_int_equal(ended(SANCTION_MUTE, "loud"), 1);
    assert_true(rig_told(loud->client, "session.unmuted"));
    assert_true(rig_told(guest->client, "session.unmuted"));
    assert_false(rig_told(account->client, "session.unmuted"));
    assert_int_equal(speak(guest), RPC_OK);
    add(on_player(SANCTION_BAN, "nobody"));
    assert_int_equal(ended(SANCTION_BAN, "nobody"), 1);
    assert_false(rig_told(account->client, "unmuted"));
}

/* What counts is where the player is now, and what account it has now. */
static void who_comes_back_is_looked_at_anew(void **state) {
    (void)state;
    struct sanction mute = on_address(SANCTION_MUTE, "192.0.2.9");
    add(mute);
    struct session *ann = come("ann", "192.0.2.1", true, "");
    assert_int_equal(speak(ann), RPC_OK);
    assert_ptr_equal(come("ann", "192.0.2.9", true, ""), ann);
    assert_int_equal(speak(ann), RPC_DENIED);
    assert_ptr_equal(come("ann", "192.0.2.1", true, ""), ann);
    assert_int_equal(speak(ann), RPC_OK);
    mute = on_address(SANCTION_MUTE, "192.0.2.1");
    mute.guests_only = true;
    add(mute);
    assert_int_equal(speak(ann), RPC_DENIED);
    come("ann", "192.0.2.1", false, ""); /* has an account by now */
    assert_int_equal(speak(ann), RPC_OK);
}

static void warnings_add_up_for_their_player(void **state) {
    (void)state;
    struct session *ann = come("ann", "192.0.2.1", false, "");
    struct session *bea = come("bea", "192.0.2.1", false, "");
    add(on_player(SANCTION_WARN, "bea"));
    add(on_player(SANCTION_WARN, "ann"));
    add(on_player(SANCTION_WARN, "ann"));
    assert_true(rig_told(ann->client, "\"count\":2"));
    assert_true(rig_told(bea->client, "\"count\":1"));
    assert_false(rig_told(bea->client, "\"count\":2"));
    assert_int_equal(moderation_count(SANCTION_WARN, "ann"), 2);
    assert_int_equal(moderation_count(SANCTION_MUTE, "ann"), 0);
    assert_int_equal(speak(ann), RPC_OK);
}

static void the_list_counts_while_the_server_is_closed(void **state) {
    (void)state;
    add(on_player(SANCTION_ALLOW, "listed"));
    add(on_address(SANCTION_ALLOW, "192.0.2.0/24"));
    assert_int_equal(admit("ann", "203.0.113.1", false, ""), RPC_OK);
    add((struct sanction){.kind = SANCTION_CLOSED});
    assert_int_equal(admit("ann", "203.0.113.1", false, ""), RPC_FORBIDDEN);
    assert_int_equal(admit("listed", "203.0.113.1", false, ""), RPC_OK);
    assert_int_equal(admit("ann", "192.0.2.255", false, ""), RPC_OK);
    assert_int_equal(admit("ann", "203.0.113.1", false, "x admin"), RPC_OK);
    assert_int_equal(admit("ann", "203.0.113.1", false, "nonadmin"), RPC_FORBIDDEN);
    come("here", "203.0.113.1", false, "");
    assert_int_equal(admit("here", "203.0.113.1", false, ""), RPC_OK); /* comes back */
    add(on_player(SANCTION_BAN, "listed")); /* a ban goes before the list */
    assert_int_equal(admit("listed", "203.0.113.1", false, ""), RPC_BANNED);
}

/* ---- until when ---- */

static void a_sanction_ends_at_its_time(void **state) {
    (void)state;
    struct session *ann = come("ann", "", false, "");
    struct sanction mute = on_player(SANCTION_MUTE, "ann");
    mute.until_ms = wall_ms + 1000;
    add(mute);
    wall_ms += 999;
    assert_int_equal(speak(ann), RPC_DENIED);
    wall_ms += 1;
    assert_int_equal(speak(ann), RPC_OK);
    assert_int_equal(in_force(), 0);
    assert_int_equal(ended(SANCTION_MUTE, "ann"), 0);
    add(on_player(SANCTION_MUTE, "ann"));
    wall_ms += 1000ll * 3600 * 24 * 3650;
    assert_int_equal(speak(ann), RPC_DENIED);
}

static void a_mute_that_runs_out_is_told_once(void **state) {
    (void)state;
    struct session *ann = come("ann", "", false, "");
    struct session *bea = come("bea", "", false, "");
    add(on_player(SANCTION_MUTE, "bea"));
    struct sanction mute = on_player(SANCTION_MUTE, "ann");
    mute.until_ms = wall_ms + 5000;
    add(mute);
    assert_true(rig_told(ann->client, "\"endsInMs\":5000"));
    assert_true(rig_told(bea->client, "\"endsInMs\":null"));
    json_t *told = moderation_mute_json(ann);
    assert_int_equal(json_integer_value(json_object_get(told, "until")), mute.until_ms);
    json_decref(told);
    wall_ms += 4999;
    moderation_sweep(NULL);
    assert_false(rig_told(ann->client, "session.unmuted"));
    wall_ms += 1;
    moderation_sweep(NULL);
    assert_true(rig_told(ann->client, "session.unmuted"));
    assert_true(json_is_null(moderation_mute_json(ann)));
    rig.told[ann->client->conn - 1][0] = '\0';
    moderation_sweep(NULL);
    assert_false(rig_told(ann->client, "session"));
    assert_false(rig_told(bea->client, "session.unmuted"));
    assert_int_equal(in_force(), 1);
}

static void each_ends_at_its_own_time(void **state) {
    (void)state;
    struct session *all[3];
    for (int i = 0; i < 3; i++) {
        char key[8];
        snprintf(key, sizeof key, "p%d", i);
        all[i] = come(key, "", false, "");
        struct sanction mute = on_player(SANCTION_MUTE, key);
        mute.until_ms = wall_ms + 1000 * (3 - i); /* who was muted last is free first */
        add(mute);
    }
    for (int free = 1; free <= 3; free++) {
        wall_ms += 1000;
        moderation_sweep(NULL);
        for (int i = 0; i < 3; i++)
            assert_int_equal(rig_told(all[i]->client, "session.unmuted"), i >= 3 - free);
    }
}

static void of_two_mutes_the_other_goes_on(void **state) {
    (void)state;
    struct session *ann = come("ann", "192.0.2.1", true, "");
    struct session *bea = come("bea", "192.0.2.1", true, "");
    add(on_player(SANCTION_MUTE, "ann"));
    add(on_address(SANCTION_MUTE, "192.0.2.1"));
    rig.told[ann->client->conn - 1][0] = '\0';
    assert_int_equal(ended(SANCTION_MUTE, "ann"), 1);
    assert_true(rig_told(ann->client, "session.muted"));
    assert_false(rig_told(ann->client, "session.unmuted"));
    assert_false(rig_told(bea->client, "session.unmuted"));
    assert_int_equal(ended(SANCTION_MUTE, "192.0.2.1"), 1);
    assert_true(rig_told(ann->client, "session.unmuted"));
    assert_true(rig_told(bea->client, "session.unmuted"));
}

static void the_refusal_says_why_and_until_when(void **state) {
    (void)state;
    struct failure failure = {0};
    struct muster_identity identity = {.size = sizeof identity, .player_key = "ann"};
    struct sanction ban = on_player(SANCTION_BAN, "ann");
    ban.until_ms = wall_ms + 5000;
    add(ban);
    assert_int_equal(moderation_admit(&identity, "", &failure), RPC_BANNED);
    assert_string_equal(failure.message, "you are banned until 2023-11-14 22:13:25 UTC: why");
    assert_string_equal(json_string_value(json_object_get(failure.data, "reason")), "why");
    assert_int_equal(json_integer_value(json_object_get(failure.data, "until")), ban.until_ms);
    json_decref(failure.data);
    ban.until_ms = 0;
    add(ban);
    failure = (struct failure){0};
    assert_int_equal(moderation_admit(&identity, "", &failure), RPC_BANNED);
    assert_string_equal(failure.message, "you are banned for good: why");
    assert_true(json_is_null(json_object_get(failure.data, "until")));
    json_decref(failure.data);
}

/* ---- what takes the place of what ---- */

static void the_same_again_takes_its_place(void **state) {
    (void)state;
    add(on_player(SANCTION_BAN, "ann"));
    add(on_player(SANCTION_BAN, "bea"));
    add(on_player(SANCTION_MUTE, "ann"));
    add(on_address(SANCTION_BAN, "192.0.2.0/24"));
    add(on_address(SANCTION_BAN, "192.0.2.0/25"));
    assert_int_equal(in_force(), 5);
    struct sanction longer = on_address(SANCTION_BAN, "192.0.2.7/24");
    snprintf(longer.reason, sizeof longer.reason, "longer");
    add(longer);
    assert_int_equal(in_force(), 5);
    assert_string_equal(moderation_door("192.0.2.200", false)->reason, "longer");
    assert_string_equal(moderation_door("192.0.2.1", false)->reason, "why");
    add(on_player(SANCTION_BAN, "ann"));
    assert_int_equal(in_force(), 5);
    assert_int_equal(moderation_count(SANCTION_BAN, "ann"), 1);
    assert_int_equal(moderation_count(SANCTION_BAN, "bea"), 1);
    assert_int_equal(moderation_count(SANCTION_MUTE, "ann"), 1);
    add(on_player(SANCTION_MUTE, "ann"));
    assert_int_equal(moderation_count(SANCTION_MUTE, "ann"), 1); /* whatever it is */
    add(on_player(SANCTION_ALLOW, "ann"));
    add(on_player(SANCTION_ALLOW, "ann"));
    assert_int_equal(moderation_count(SANCTION_ALLOW, "ann"), 1);
    assert_int_equal(ended(SANCTION_ALLOW, "ann"), 1);
    assert_int_equal(in_force(), 5);
    /* by address, exactly; by key */
    assert_int_equal(ended(SANCTION_BAN, "192.0.2.0/26"), 0);
    assert_int_equal(ended(SANCTION_BAN, "192.0.2.0/25"), 1);
    assert_int_equal(in_force(), 4);
    uint32_t index = 0;
    const struct sanction *first = moderation_next(&index);
    char key[SANCTION_KEY_SIZE];
    memcpy(key, first->key, sizeof key);
    assert_int_equal(ended(first->kind, key), 1);
    assert_int_equal(in_force(), 3);
    assert_int_equal(ended(SANCTION_BAN, ""), 0); /* who has no name is not meant */
}

/* ---- the file ---- */

static void write_file(const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/moderation.json", paths_data());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void what_is_kept_comes_back_as_it_was(void **state) {
    (void)state;
    struct sanction kept = on_address(SANCTION_BAN, "2001:db8::/48");
    struct sanction soon = on_player(SANCTION_MUTE, "ann");
    snprintf(kept.player_key, sizeof kept.player_key, "bad");
    snprintf(kept.name, sizeof kept.name, "Bad B");
    snprintf(kept.note, sizeof kept.note, "replay 17");
    snprintf(kept.actor, sizeof kept.actor, "boss");
    kept.guests_only = true;
    kept.until_ms = wall_ms + 5000;
    soon.until_ms = wall_ms + 4000;
    add(kept);
    add(soon);
    wall_ms += 4000;
    moderation_deinit();
    assert_int_equal(in_force(), 0);
    load();
    assert_int_equal(started, MUSTER_OK);
    uint32_t index = 0;
    const struct sanction *back = moderation_next(&index);
    assert_non_null(back);
    assert_null(moderation_next(&index)); /* the mute has run out meanwhile */
    assert_int_equal(back->kind, SANCTION_BAN);
    assert_true(back->guests_only);
    assert_int_equal(back->address.bits, 48);
    assert_memory_equal(back->address.bytes, kept.address.bytes, ADDRESS_BYTES);
    assert_string_equal(back->player_key, "bad");
    assert_string_equal(back->name, "Bad B");
    assert_string_equal(back->reason, "why");
    assert_string_equal(back->note, "replay 17");
    assert_string_equal(back->actor, "boss");
    assert_int_equal(back->created_ms, WALL_MS);
    assert_int_equal(back->until_ms, WALL_MS + 5000);
    assert_int_equal(strlen(back->key), SANCTION_KEY_SIZE - 1);
}

static void a_file_that_is_none_stops_the_start(void **state) {
    (void)state;
#define ENTRY(kind, address)                                                                       \
    "{\"id\":\"0123456789ab\",\"kind\":\"" kind                                                    \
    "\",\"playerId\":\"\",\"name\":\"\",\"address\":\"" address                                    \
    "\",\"reason\":\"\",\"note\":\"\",\"by\":\"\"}"
    static const struct {
        const char *text;
        muster_status status;
        uint32_t count;
    } cases[] = {
        {"{\"sanctions\":[]}", MUSTER_OK, 0},
        {"{\"sanctions\":[" ENTRY("ban", "192.0.2.1") "]}", MUSTER_OK, 1},
        {"{\"sanctions\":[" ENTRY("exile", "192.0.2.1") "," ENTRY("ban", "") "]}", MUSTER_INVALID,
         1},
        {"{\"sanctions\":[" ENTRY("ban", "192.0.2") "]}", MUSTER_INVALID, 0},
        {"{\"sanctions\":[{\"id\":\"0123456789abc\"}]}", MUSTER_INVALID, 0},
        {"{\"sanctions\":{}}", MUSTER_INVALID, 0},
        {"[]", MUSTER_INVALID, 0},
        {"", MUSTER_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        moderation_deinit();
        write_file(cases[i].text);
        load();
        if (started != cases[i].status || in_force() != cases[i].count) fail_msg("case %zu", i);
    }
}

/* As many as may be, written as the file has them; and one more. */
static void there_are_only_so_many(void **state) {
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/moderation.json", paths_data());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("{\"sanctions\":[", file);
    for (uint32_t i = 0; i <= SANCTIONS_MAX; i++)
        fprintf(file,
                "%s{\"id\":\"%012x\",\"kind\":\"ban\",\"playerId\":\"p%u\",\"name\":\"\","
                "\"address\":\"\",\"reason\":\"\",\"note\":\"\",\"by\":\"\"}",
                i ? "," : "", i, i);
    fputs("]}", file);
    fclose(file);
    load();
    assert_int_equal(started, MUSTER_OK);
    assert_int_equal(in_force(), SANCTIONS_MAX);
    const struct sanction more = on_player(SANCTION_BAN, "more");
    struct client *client = come("more", "", false, "")->client;
    assert_int_equal(moderation_add(&more), MUSTER_LIMIT);
    assert_int_equal(in_force(), SANCTIONS_MAX);
    assert_int_equal(rig.close_code[client->conn - 1], 0);
    assert_int_equal(ended(SANCTION_BAN, "p0"), 1);
    add(more);
    assert_int_equal(rig.close_code[client->conn - 1], 4004);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(a_ban_of_guests_at_an_address_leaves_accounts_alone),
        TEST(a_ban_of_an_address_shuts_everybody_out),
        TEST(a_ban_closes_whom_it_concerns_alone),
        TEST(who_is_banned_leaves_for_that),
        TEST(a_mute_is_for_whom_it_concerns_alone),
        TEST(who_comes_back_is_looked_at_anew),
        TEST(warnings_add_up_for_their_player),
        TEST(the_list_counts_while_the_server_is_closed),
        TEST(a_sanction_ends_at_its_time),
        TEST(a_mute_that_runs_out_is_told_once),
        TEST(each_ends_at_its_own_time),
        TEST(of_two_mutes_the_other_goes_on),
        TEST(the_refusal_says_why_and_until_when),
        TEST(the_same_again_takes_its_place),
        TEST(what_is_kept_comes_back_as_it_was),
        TEST(a_file_that_is_none_stops_the_start),
        TEST(there_are_only_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
