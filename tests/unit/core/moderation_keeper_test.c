/* The keeper of sanctions: what it is told of each change, that what it puts comes back as it was,
 * and who it says has been here. The keeper is the test's. */
#include "books_rig.h"

#include "moderation.h"
#include "paths.h"
#include "registration.h"

#define WALL_MS 1700000000000ll
#define KEPT_MAX 8
#define TEXTS 7

int64_t __wrap_loop_unix_ms(void);
int64_t __wrap_loop_unix_ms(void) {
    return WALL_MS;
}

static struct {
    struct muster_self self;
    struct muster_sanction kept[KEPT_MAX];
    char texts[KEPT_MAX][TEXTS][256];
    uint32_t count;
    char ended[KEPT_MAX][64];
    uint32_t ended_count;
    muster_status status; /* of load and keep */
    bool is_silent;
    muster_load_ticket_id loads;
    muster_find_ticket_id finds;
    char word[64];
} keeper;

static const struct muster_host_moderation *host(void) {
    return host_table()->moderation;
}

static void on_load(void *user, muster_load_ticket_id ticket) {
    assert_ptr_equal(user, &keeper);
    keeper.loads = ticket;
    if (keeper.is_silent) return;
    for (uint32_t i = 0; i < keeper.count; i++)
        assert_int_equal(host()->put(&keeper.self, &keeper.kept[i]), MUSTER_OK);
    assert_int_equal(host()->loaded(&keeper.self, ticket, keeper.status), MUSTER_OK);
}

static void take(const struct muster_sanction *added) {
    struct muster_sanction *kept = &keeper.kept[keeper.count];
    *kept = *added;
    const char **texts[TEXTS] = {&kept->key,     &kept->player_key, &kept->player_name,
                                 &kept->address, &kept->reason,     &kept->note,
                                 &kept->actor};
    for (uint32_t i = 0; i < TEXTS; i++) {
        snprintf(keeper.texts[keeper.count][i], 256, "%s", *texts[i]);
        *texts[i] = keeper.texts[keeper.count][i];
    }
    keeper.count++;
}

static muster_status on_keep(void *user, const struct muster_sanction_change *change) {
    assert_ptr_equal(user, &keeper);
    for (uint32_t i = 0; i < change->ended_count; i++)
        snprintf(keeper.ended[keeper.ended_count++], 64, "%s", change->ended[i]);
    if (change->added) take(change->added);
    return keeper.status;
}

static void on_find(void *user, muster_find_ticket_id ticket, const char *word) {
    assert_ptr_equal(user, &keeper);
    keeper.finds = ticket;
    snprintf(keeper.word, sizeof keeper.word, "%s", word);
}

static uint32_t starts;
static muster_status started;

static void on_started(void *user, muster_status status) {
    (void)user;
    starts++;
    started = status;
}

static muster_status load(void) {
    uint32_t before = starts;
    moderation_deinit();
    moderation_start(on_started, NULL);
    assert_int_equal(starts, before + 1);
    return started;
}

static int open_books(void **state) {
    static const struct muster_keeper calls = {
        .size = sizeof calls, .load = on_load, .keep = on_keep, .find_player = on_find};
    char error[PATHS_ERROR_MAX];
    memset(&keeper, 0, sizeof keeper);
    if (rig_open(state) || paths_init(true, error)) return -1;
    if (fake_plugin(&keeper.self, "keeper", NULL, 0, NULL, NULL)) return -1;
    return host()->keeper_set(&keeper.self, &calls, &keeper);
}

static int close_books(void **state) {
    moderation_deinit();
    registration_owner_gone(&keeper.self);
    pending_close_owner(&keeper.self);
    registry_remove(&keeper.self);
    int code = rig_close(state);
    paths_deinit();
    return code || keeper.self.pins ? -1 : 0;
}

static const struct sanction *at(uint32_t wanted) {
    uint32_t index = 0;
    const struct sanction *sanction = moderation_next(&index);
    while (sanction && wanted--) sanction = moderation_next(&index);
    return sanction;
}

static void same(const struct sanction *a, const struct sanction *b) {
    assert_non_null(a);
    assert_int_equal(a->kind, b->kind);
    assert_string_equal(a->player_key, b->player_key);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->note, b->note);
    assert_string_equal(a->actor, b->actor);
    assert_int_equal(a->guests_only, b->guests_only);
    assert_int_equal(a->address.bits, b->address.bits);
    assert_memory_equal(a->address.bytes, b->address.bytes, ADDRESS_BYTES);
    assert_int_equal(a->until_ms, b->until_ms);
    assert_int_equal(a->created_ms, WALL_MS);
    assert_int_equal(strlen(a->key), SANCTION_KEY_SIZE - 1);
}

static void what_is_kept_comes_back(void **state) {
    struct sanction all[] = {{.kind = SANCTION_BAN,
                              .player_key = "bad",
                              .name = "Bad B",
                              .reason = "why",
                              .note = "replay 17",
                              .actor = "boss",
                              .guests_only = true,
                              .until_ms = WALL_MS + 5000},
                             {.kind = SANCTION_MUTE, .player_key = "loud", .reason = "r"},
                             {.kind = SANCTION_BAN, .reason = "range", .actor = "op"},
                             {.kind = SANCTION_CLOSED, .actor = "op"}};
    (void)state;
    assert_true(address_prefix_read("2001:db8:1::/48", &all[0].address));
    assert_true(address_prefix_read("192.0.2.0/24", &all[2].address));
    assert_int_equal(load(), MUSTER_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(moderation_add(&all[i]), MUSTER_OK);
        assert_int_equal(keeper.count, i + 1);
    }
    assert_int_equal(load(), MUSTER_OK);
    for (uint32_t i = 0; i < 4; i++) same(at(i), &all[i]);
    assert_null(at(4));
    assert_int_equal(keeper.ended_count, 0);
}

static void what_ends_is_told(void **state) {
    const struct sanction mute = {.kind = SANCTION_MUTE, .player_key = "loud", .reason = "r"};
    uint32_t count = 0;
    (void)state;
    assert_int_equal(load(), MUSTER_OK);
    assert_int_equal(moderation_add(&mute), MUSTER_OK);
    char first[64], second[64];
    snprintf(first, sizeof first, "%s", at(0)->key);
    assert_int_equal(moderation_add(&mute), MUSTER_OK); /* takes its place */
    assert_int_equal(keeper.ended_count, 1);
    assert_string_equal(keeper.ended[0], first);
    snprintf(second, sizeof second, "%s", at(0)->key);
    assert_int_equal(moderation_end(SANCTION_MUTE, "loud", &count), MUSTER_OK);
    assert_int_equal(count, 1);
    assert_int_equal(keeper.ended_count, 2);
    assert_string_equal(keeper.ended[1], second);
    assert_null(at(0));
}

static void what_is_not_kept_is_said_and_in_force(void **state) {
    const struct sanction ban = {.kind = SANCTION_BAN, .player_key = "bad", .reason = "r"};
    (void)state;
    assert_int_equal(load(), MUSTER_OK);
    keeper.status = MUSTER_LIMIT;
    assert_int_equal(moderation_add(&ban), MUSTER_LIMIT);
    assert_non_null(at(0));
}

/* Nobody comes in before it is known who may not. */
static void what_cannot_be_loaded_stops_the_start(void **state) {
    (void)state;
    keeper.status = MUSTER_IO;
    assert_int_equal(load(), MUSTER_IO);
    keeper.is_silent = true;
    uint32_t before = starts;
    moderation_deinit();
    moderation_start(on_started, NULL);
    assert_int_equal(starts, before);
    pending_close_owner(&keeper.self); /* it stops */
    assert_int_equal(starts, before + 1);
    assert_int_equal(started, MUSTER_CLOSED);
}

static void only_the_keeper_puts_and_only_then(void **state) {
    struct muster_sanction ban = {.size = sizeof ban,
                                  .key = "0123456789ab",
                                  .player_key = "bad",
                                  .player_name = "",
                                  .address = "",
                                  .reason = "",
                                  .note = "",
                                  .actor = ""};
    (void)state;
    keeper.is_silent = true;
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_STATE);
    moderation_start(on_started, NULL);
    assert_int_equal(host()->put(&game.self, &ban), MUSTER_STATE);
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_OK);
    ban.address = "no address";
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_INVALID);
    ban.address = "";
    ban.kind = MUSTER_SANCTION_END;
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_INVALID);
    ban.kind = MUSTER_SANCTION_BAN;
    ban.note = NULL;
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_INVALID);
    ban.note = "";
    assert_int_equal(host()->loaded(&keeper.self, keeper.loads, MUSTER_OK), MUSTER_OK);
    assert_int_equal(started, MUSTER_OK);
    assert_int_equal(host()->put(&game.self, &ban), MUSTER_STATE);
    assert_int_equal(host()->end(&game.self, ban.key), MUSTER_STATE);
    assert_string_equal(at(0)->player_key, "bad");
    assert_null(at(1));
}

/* In a turn of its own, once, and without asking the keeper, who knows it. */
static void what_another_node_says_is_in_force(void **state) {
    struct muster_sanction ban = {.size = sizeof ban,
                                  .key = "0123456789ab",
                                  .player_key = "bad",
                                  .player_name = "",
                                  .address = "",
                                  .reason = "why",
                                  .note = "",
                                  .actor = "other node"};
    (void)state;
    assert_int_equal(load(), MUSTER_OK);
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_OK);
    assert_null(at(0));
    (void)loop_turn();
    assert_string_equal(at(0)->key, ban.key);
    assert_string_equal(at(0)->reason, "why");
    ban.reason = "another";
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_OK);
    (void)loop_turn();
    assert_string_equal(at(0)->reason, "why");
    ban.key = "0123456789ac"; /* of the same player */
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_OK);
    assert_int_equal(host()->end(&keeper.self, "0123456789ab"), MUSTER_OK);
    (void)loop_turn();
    assert_string_equal(at(0)->key, ban.key);
    assert_null(at(1));
    assert_int_equal(keeper.count + keeper.ended_count, 0);
    assert_int_equal(host()->end(&keeper.self, ban.key), MUSTER_OK);
    (void)loop_turn();
    assert_null(at(0));
    ban.expires_ms = WALL_MS; /* over by now */
    assert_int_equal(host()->put(&keeper.self, &ban), MUSTER_OK);
    (void)loop_turn();
    assert_null(at(0));
}

static void there_is_one_keeper(void **state) {
    static const struct muster_keeper calls = {
        .size = sizeof calls, .load = on_load, .keep = on_keep, .find_player = on_find};
    (void)state;
    assert_int_equal(host()->keeper_set(&game.self, &calls, NULL), MUSTER_EXISTS);
}

static struct {
    uint32_t count;
    muster_status status;
    char player_key[64], display_name[64];
} found;

static void on_found(void *user, muster_status status, const void *answer) {
    const struct moderation_player *player = answer;
    (void)user;
    found.count++;
    found.status = status;
    if (status) return;
    snprintf(found.player_key, sizeof found.player_key, "%s", player->player_key);
    snprintf(found.display_name, sizeof found.display_name, "%s", player->display_name);
}

static void who_has_been_here_is_asked_of_it(void **state) {
    (void)state;
    memset(&found, 0, sizeof found);
    assert_int_equal(moderation_find_player("Ann", on_found, NULL), MUSTER_OK);
    assert_string_equal(keeper.word, "Ann");
    assert_int_equal(host()->player_found(&keeper.self, keeper.finds, MUSTER_OK, NULL, "Ann A"),
                     MUSTER_INVALID);
    assert_int_equal(found.count, 0);
    assert_int_equal(host()->player_found(&keeper.self, keeper.finds, MUSTER_OK, "p-1", "Ann A"),
                     MUSTER_OK);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.player_key, "p-1");
    assert_string_equal(found.display_name, "Ann A");
    assert_int_equal(moderation_find_player("Bob", on_found, NULL), MUSTER_OK);
    assert_int_equal(host()->player_found(&keeper.self, keeper.finds, MUSTER_NOT_FOUND, NULL, NULL),
                     MUSTER_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.status, MUSTER_NOT_FOUND);
    registration_owner_gone(&keeper.self);
    assert_int_equal(moderation_find_player("Bob", on_found, NULL), MUSTER_UNAVAILABLE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_books, close_books)
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept_comes_back),
        TEST(what_ends_is_told),
        TEST(what_is_not_kept_is_said_and_in_force),
        TEST(what_cannot_be_loaded_stops_the_start),
        TEST(only_the_keeper_puts_and_only_then),
        TEST(what_another_node_says_is_in_force),
        TEST(there_is_one_keeper),
        TEST(who_has_been_here_is_asked_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
