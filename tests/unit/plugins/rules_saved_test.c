/* What rules_private keeps of a lobby, saved and loaded into another state of it. */
#include "rules_rig.h"

static uint8_t saved[65536];

static uint32_t save(struct rig *rig) {
    struct muster_writer w = muster_writer_make(saved, sizeof saved);
    rig->rules->lobby_save(rig->instance, rig->state, &w);
    assert_false(w.overflow);
    return w.len;
}

/* Into a fresh one: *out, to be destroyed. */
static muster_status load(const struct rig *rig, const uint8_t *data, uint32_t len, void **out) {
    struct muster_reader r = muster_reader_make(data, len);
    assert_int_equal(rig->rules->create(rig->instance, rig->lobby, out), MUSTER_OK);
    muster_status status = rig->rules->lobby_load(rig->instance, *out, &r);
    return status || r.pos == r.len ? status : MUSTER_INVALID;
}

static void doors_are_the_same(void **state) {
    struct rig *rig = *state;
    void *fresh, *before = rig->state;
    change(rig, "password", "\"sesame\"");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{\"playerId\":\"guest\",\"expiresInS\":60}"),
               "", "");
    assert_rpc(call(rig, rig->host, "lobby.ban",
                    "{\"playerId\":\"third\",\"seconds\":90,\"reason\":\"no\"}"),
               "", "");
    testkit_advance(rig->kit, 30000);
    assert_int_equal(load(rig, saved, save(rig), &fresh), MUSTER_OK);
    rig->state = fresh;
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, "sesame"), "banned");
    testkit_advance(rig->kit, 30001); /* of 60, and of 90 */
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), "invitation_expired");
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, "sesame"), "banned");
    testkit_advance(rig->kit, 30000);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, "open"), "password_wrong");
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->third, "sesame"), MUSTER_ACCEPT);
    change(rig, "allowedPlayers", "[\"guest\"]");
    uint32_t len = save(rig);
    rig->state = before;
    rig->rules->destroy(rig->instance, fresh);
    assert_int_equal(load(rig, saved, len, &fresh), MUSTER_OK);
    rig->state = fresh;
    assert_int_equal(ask(rig, MUSTER_ACTION_JOIN, rig->guest, ""), MUSTER_ACCEPT);
    assert_refused(rig, ask(rig, MUSTER_ACTION_JOIN, rig->third, "sesame"), "not_invited");
    rig->state = before;
    rig->rules->destroy(rig->instance, fresh);
}

static void what_is_cut_or_changed_is_refused_or_harmless(void **state) {
    struct rig *rig = *state;
    void *fresh, *before = rig->state;
    change(rig, "password", "\"sesame\"");
    change(rig, "allowedPlayers", "[\"guest\"]");
    assert_rpc(call(rig, rig->host, "lobby.invite", "{}"), "", "");
    uint32_t len = save(rig);
    for (uint32_t cut = 0; cut < len; cut++) {
        uint8_t *copy = malloc(cut + 1); /* so that a sanitizer sees who reads past it */
        assert_non_null(copy);
        memcpy(copy, saved, cut);
        assert_int_equal(load(rig, copy, cut, &fresh), MUSTER_INVALID);
        rig->rules->destroy(rig->instance, fresh);
        free(copy);
    }
    for (uint32_t at = 0; at < len; at++) {
        saved[at] ^= 0xA5;
        if (load(rig, saved, len, &fresh) == MUSTER_OK) {
            rig->state = fresh;
            (void)ask(rig, MUSTER_ACTION_JOIN, rig->third, "i.AAAAAAAAAAAAAAAAAAAAAA");
            rig->state = before;
        }
        rig->rules->destroy(rig->instance, fresh);
        saved[at] ^= 0xA5;
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(doors_are_the_same),
        TEST(what_is_cut_or_changed_is_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
