/* The gate: whom it remembers, and what it forgets while the pool still verifies. The host is this
 * file: what is given to the pool runs when the test says so. */
#include "test.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "jwt/gate.h"

#define NOW_S 1800000000
#define ISSUER "https://central.example"

struct job {
    muster_work_fn work;
    void (*done)(void *user, muster_status status);
    void *user;
};

struct fixture {
    struct gate *gate;
    struct token_keys keys;
    char pem[512];
    struct signer *signer;
    struct job job;  /* the one on the pool */
    int64_t later_s; /* since NOW_S */
    bool is_cancelled;
    bool keys_come; /* what the gate is told when it wants some */
    uint32_t wanted;
    uint32_t answers;
    muster_verdict verdict;
    struct muster_identity identity;
};

static struct fixture *current;

static int64_t unix_ms(muster_self *self) {
    (void)self;
    return (NOW_S + current->later_s) * 1000;
}

static muster_status work(muster_self *self, muster_work_fn fn,
                          void (*done)(void *user, muster_status status), void *user,
                          muster_work_id *out) {
    (void)self;
    if (current->job.work) return MUSTER_LIMIT;
    current->job = (struct job){fn, done, user};
    *out = (muster_work_id){1};
    return MUSTER_OK;
}

static muster_status work_cancel(muster_self *self, muster_work_id id) {
    (void)self;
    assert_int_equal(id.value, 1);
    assert_non_null(current->job.work);
    current->is_cancelled = true;
    return MUSTER_OK;
}

static muster_status auth_complete(muster_self *self, muster_auth_ticket_id ticket,
                                   muster_verdict verdict, const struct muster_identity *identity) {
    (void)self;
    (void)ticket;
    current->answers++;
    current->verdict = verdict;
    current->identity = *identity;
    return MUSTER_OK;
}

static const struct muster_host_loop loop = {
    .unix_ms = unix_ms, .work = work, .work_cancel = work_cancel};
static const struct muster_host_player player = {.auth_complete = auth_complete};
static const struct muster_host host = {.loop = &loop, .player = &player};

static bool keys_wanted(void *user) {
    (void)user;
    current->wanted++;
    return current->keys_come;
}

static void use_keys(struct fixture *fixture, const char *pem, const char *kid) {
    json_t *jwk = NULL;
    fixture->keys = (struct token_keys){.count = 1};
    assert_int_equal(keys_public_of(pem, kid, &fixture->keys.items[0], &jwk), MUSTER_OK);
    json_decref(jwk);
}

static int make(void **state) {
    static const struct gate_config config = {
        .policy = {.issuer = ISSUER, .audience = "game", .skew_s = 30},
        .node_id = "node-1",
        .remember_max = 16,
        .player_prefix = "",
        .display_name_claim = "name",
        .region_claim = "region",
        .permissions_claim = "permissions",
        .keys_wanted = keys_wanted,
    };
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_not_equal(sodium_init(), -1);
    assert_int_equal(keys_make_p256(fixture->pem, sizeof fixture->pem), MUSTER_OK);
    fixture->signer = signer_create(fixture->pem);
    assert_non_null(fixture->signer);
    use_keys(fixture, fixture->pem, "k1");
    fixture->gate = gate_create(NULL, &host, &config);
    assert_non_null(fixture->gate);
    *state = current = fixture;
    return 0;
}

static int destroy(void **state) {
    struct fixture *fixture = *state;
    gate_destroy(fixture->gate);
    signer_destroy(fixture->signer);
    free(fixture);
    return 0;
}

static void sign(struct fixture *fixture, const char *who, char *out) {
    json_t *claims = json_pack("{s:s,s:s,s:s,s:I,s:I}", "iss", ISSUER, "aud", "game", "sub", who,
                               "iat", (json_int_t)NOW_S, "exp", (json_int_t)(NOW_S + 600));
    assert_int_equal(token_sign(fixture->signer, "k1", claims, out, TOKEN_BYTES_MAX + 1),
                     MUSTER_OK);
    json_decref(claims);
}

static muster_verdict ask_by(struct fixture *fixture, uint64_t ticket, const char *token,
                             struct muster_identity *out) {
    struct muster_auth_request request = {
        .size = sizeof request, .ticket = {ticket}, .token = token};
    *out = (struct muster_identity){.size = sizeof *out};
    return gate_authenticate(fixture->gate, &fixture->keys, &request, out);
}

static muster_verdict ask(struct fixture *fixture, const char *token, struct muster_identity *out) {
    return ask_by(fixture, 1, token, out);
}

static void run_pool(struct fixture *fixture) {
    struct job job = fixture->job;
    fixture->job = (struct job){0};
    job.work(job.user);
    job.done(job.user, MUSTER_OK);
}

static void assert_signs_in(struct fixture *fixture, const char *token, const char *who) {
    struct muster_identity id;
    uint32_t before = fixture->answers;
    muster_verdict verdict = ask(fixture, token, &id);
    if (verdict == MUSTER_PENDING) {
        run_pool(fixture);
        assert_int_equal(fixture->answers, before + 1);
        verdict = fixture->verdict;
        id = fixture->identity;
    }
    assert_int_equal(verdict, MUSTER_ACCEPT);
    assert_string_equal(id.player_key, who);
}

/* Right after each other, new and remembered. */
static void two_tokens_are_two_players(void **state) {
    struct fixture *fixture = *state;
    char ada[TOKEN_BYTES_MAX + 1], bob[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", ada);
    sign(fixture, "bob", bob);
    for (uint32_t round = 0; round < 3; round++) {
        assert_signs_in(fixture, ada, "ada");
        assert_signs_in(fixture, bob, "bob");
    }
    assert_int_equal(ask(fixture, ada, &id), MUSTER_ACCEPT); /* remembered */
    gate_forget(fixture->gate);
    assert_int_equal(ask(fixture, ada, &id), MUSTER_PENDING);
    run_pool(fixture);
}

static void a_key_withdrawn_meanwhile_vouches_for_nobody(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    use_keys(fixture, fixture->pem, "k2");
    gate_forget(fixture->gate);
    run_pool(fixture);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
    assert_string_equal(fixture->identity.reason, "token is signed with an unknown key");
    assert_string_equal(fixture->identity.player_key, "");
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
}

/* The name of the key stayed, the key did not. */
static void a_key_replaced_meanwhile_is_looked_at_again(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1], other[512];
    struct muster_identity id;
    sign(fixture, "ada", token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    assert_int_equal(keys_make_p256(other, sizeof other), MUSTER_OK);
    use_keys(fixture, other, "k1");
    gate_forget(fixture->gate);
    run_pool(fixture);
    assert_int_equal(fixture->answers, 0);
    run_pool(fixture);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING); /* not remembered */
    run_pool(fixture);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
}

static muster_verdict ask_known(struct fixture *fixture, const char *token,
                                struct muster_identity *out) {
    struct muster_auth_request request = {
        .size = sizeof request, .known = 1, .ticket = {1}, .token = token};
    *out = (struct muster_identity){.size = sizeof *out};
    return gate_authenticate(fixture->gate, &fixture->keys, &request, out);
}

/* No signature is looked at; all else is, and what has changed is verified like any other. */
/* What it would say when it was asked to verify it. */
static void a_token_signed_here_needs_no_check(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    json_t *claims = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "iss", ISSUER, "aud", "game", "sub",
                               "ada", "name", "Ada", "region", "eu", "iat", (json_int_t)NOW_S,
                               "exp", (json_int_t)(NOW_S + 600));
    assert_int_equal(token_sign(fixture->signer, "k1", claims, token, sizeof token), MUSTER_OK);
    gate_remember(fixture->gate, token, claims);
    json_decref(claims);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT);
    assert_string_equal(id.player_key, "ada");
    assert_string_equal(id.display_name, "Ada");
    assert_string_equal(id.region, "eu");
    assert_int_equal(id.expires_at_s, NOW_S + 600);
    char *of_signature = strrchr(token, '.') + 5, before = *of_signature;
    *of_signature = before == 'A' ? 'B' : 'A';
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    run_pool(fixture);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
    *of_signature = before;
    fixture->later_s = 700; /* it has ended */
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    run_pool(fixture);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
}

static void a_known_token_is_read_at_once(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1], other[512];
    struct muster_identity id;
    sign(fixture, "ada", token);
    assert_int_equal(ask_known(fixture, token, &id), MUSTER_ACCEPT);
    assert_string_equal(id.player_key, "ada");
    assert_int_equal(id.expires_at_s, NOW_S + 600);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT); /* remembered */
    gate_forget(fixture->gate);
    use_keys(fixture, fixture->pem, ""); /* whether it is the same one nobody can tell */
    assert_int_equal(ask_known(fixture, token, &id), MUSTER_PENDING);
    run_pool(fixture);
    gate_forget(fixture->gate);
    assert_int_equal(keys_make_p256(other, sizeof other), MUSTER_OK);
    use_keys(fixture, other, "k2");
    assert_int_equal(ask_known(fixture, token, &id), MUSTER_REJECT);
    use_keys(fixture, fixture->pem, "k1");
    fixture->later_s = 631;
    assert_int_equal(ask_known(fixture, token, &id), MUSTER_PENDING);
    run_pool(fixture);
    assert_string_equal(fixture->identity.reason, "token has expired");
}

/* A set that only grew: nobody is turned away. */
static void a_key_that_stayed_still_vouches(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    gate_forget(fixture->gate);
    run_pool(fixture);
    run_pool(fixture);
    assert_int_equal(fixture->verdict, MUSTER_ACCEPT);
    assert_int_equal(ask(fixture, token, &id), MUSTER_ACCEPT);
}

static void what_is_open_at_the_end_is_rejected_once(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    gate_stop(fixture->gate);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
    run_pool(fixture);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
}

/* ---- keys that are on their way ---- */

static void a_token_waits_for_its_key(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    fixture->keys.count = 0;
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT); /* none come */
    assert_string_equal(id.reason,
                        "the keys of the issuer are not here yet, try again in a moment");
    fixture->keys_come = true;
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    assert_int_equal(fixture->wanted, 2);
    use_keys(fixture, fixture->pem, "k1");
    gate_retry(fixture->gate);
    run_pool(fixture);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->verdict, MUSTER_ACCEPT);
    gate_retry(fixture->gate); /* nobody waits */
    assert_int_equal(fixture->answers, 1);
}

static void a_key_that_does_not_come_is_waited_for_once(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    use_keys(fixture, fixture->pem, "k2");
    fixture->keys_come = true;
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    gate_retry(fixture->gate);
    assert_int_equal(fixture->wanted, 1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
    assert_string_equal(fixture->identity.reason, "token is signed with an unknown key");
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    gate_stop(fixture->gate); /* and at the end */
    assert_int_equal(fixture->answers, 2);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
}

static void few_tokens_wait_and_who_goes_makes_room(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    fixture->keys.count = 0;
    fixture->keys_come = true;
    for (uint32_t i = 0; i < GATE_WAITING_MAX; i++)
        assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
    gate_cancel(fixture->gate, (muster_auth_ticket_id){1});
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
    gate_retry(fixture->gate);
    assert_int_equal(fixture->answers, GATE_WAITING_MAX);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
}

/* ---- a pool that is full ---- */

/* As after a crash, when all come at once: each is answered, in order. */
static void who_comes_while_the_pool_is_full_waits(void **state) {
    struct fixture *fixture = *state;
    static const char *const names[] = {"ada", "bob", "cyd", "dan"};
    char tokens[4][TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    for (uint32_t i = 0; i < 4; i++) {
        sign(fixture, names[i], tokens[i]);
        assert_int_equal(ask_by(fixture, i + 1, tokens[i], &id), MUSTER_PENDING);
    }
    gate_cancel(fixture->gate, (muster_auth_ticket_id){3}); /* gone while it waited */
    static const char *const answered[] = {"ada", "bob", "dan"};
    for (uint32_t i = 0; i < 3; i++) {
        run_pool(fixture);
        assert_int_equal(fixture->answers, i + 1);
        assert_int_equal(fixture->verdict, MUSTER_ACCEPT);
        assert_string_equal(fixture->identity.player_key, answered[i]);
    }
    assert_null(fixture->job.work);
    assert_int_equal(ask(fixture, tokens[2], &id), MUSTER_PENDING); /* and was not remembered */
    run_pool(fixture);
}

static void a_pool_full_of_other_work_is_not_waited_for(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    fixture->job.work = (muster_work_fn)abort; /* nobody would tell when it is done */
    assert_int_equal(ask(fixture, token, &id), MUSTER_REJECT);
    assert_string_equal(id.reason, "too many sign-ins at once, try again in a moment");
}

static void what_waits_for_the_pool_hears_of_withdrawn_keys_and_of_the_end(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    for (uint32_t i = 1; i <= 2; i++)
        assert_int_equal(ask_by(fixture, i, token, &id), MUSTER_PENDING);
    use_keys(fixture, fixture->pem, "k2");
    gate_forget(fixture->gate);
    run_pool(fixture); /* of both the key is gone */
    assert_int_equal(fixture->answers, 2);
    assert_int_equal(fixture->verdict, MUSTER_REJECT);
    assert_string_equal(fixture->identity.reason, "token is signed with an unknown key");
    use_keys(fixture, fixture->pem, "k1");
    for (uint32_t i = 1; i <= 2; i++)
        assert_int_equal(ask_by(fixture, i, token, &id), MUSTER_PENDING);
    gate_stop(fixture->gate);
    assert_int_equal(fixture->answers, 4);
    run_pool(fixture);
    assert_null(fixture->job.work);
}

/* ---- tickets ---- */

static json_t *ticket_claims(void) {
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:I,s:I,s:s}", "iss", ISSUER, "aud", "node-1", "sub",
                     "ada", "iat", (json_int_t)NOW_S, "exp", (json_int_t)(NOW_S + 3600), "lobby",
                     "l1", "epoch", (json_int_t)77, "issue", (json_int_t)4000000000, "team", "red");
}

/* claims: taken. */
static muster_verdict ask_with(struct fixture *fixture, json_t *claims) {
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    assert_int_equal(token_sign(fixture->signer, "k1", claims, token, sizeof token), MUSTER_OK);
    json_decref(claims);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    run_pool(fixture);
    return fixture->verdict;
}

static void a_ticket_says_which_seat(void **state) {
    struct fixture *fixture = *state;
    const struct muster_identity *id = &fixture->identity;
    assert_int_equal(ask_with(fixture, ticket_claims()), MUSTER_ACCEPT);
    assert_string_equal(id->player_key, "ada");
    assert_string_equal(id->lobby_key, "l1");
    assert_string_equal(id->team, "red");
    assert_int_equal(id->lobby_epoch, 77);
    assert_int_equal(id->ticket_issue, 4000000000);
    assert_int_equal(id->ticket_issued_at_s, NOW_S);
    json_t *claims = ticket_claims();
    json_object_del(claims, "team");
    json_object_del(claims, "issue");
    assert_int_equal(ask_with(fixture, claims), MUSTER_ACCEPT);
    assert_string_equal(id->team, "");
    assert_int_equal(id->ticket_issue, 0);
}

static void what_is_no_ticket_of_this_node_is_refused(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        const char *claim, *json, *why;
    } cases[] = {
        {"aud", "\"node-2\"", "token is for another audience"},
        {"aud", "\"game\"", "token is for another audience"}, /* as all other tokens */
        {"exp", "1800003601", "token lives too long"},
        {"lobby", "1", "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"lobby", "\"\"", "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"epoch", "\"77\"",
         "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"issue", "null", "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"issue", "0", "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"issue", "4294967296",
         "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"issue", "-1", "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
        {"team", "\"far too long to be the name of a team\"",
         "a claim of the ticket is missing or wrong: lobby, epoch, issue or team"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *claims = ticket_claims();
        json_object_set_new(claims, cases[i].claim,
                            json_loads(cases[i].json, JSON_DECODE_ANY, NULL));
        assert_int_equal(ask_with(fixture, claims), MUSTER_REJECT);
        assert_string_equal(fixture->identity.reason, cases[i].why);
        assert_string_equal(fixture->identity.lobby_key, "");
    }
}

/* Its work is dropped, be it waiting or running, and nobody is answered. */
static void a_ticket_that_nobody_waits_for_costs_no_more(void **state) {
    struct fixture *fixture = *state;
    char token[TOKEN_BYTES_MAX + 1];
    struct muster_identity id;
    sign(fixture, "ada", token);
    assert_int_equal(ask(fixture, token, &id), MUSTER_PENDING);
    gate_cancel(fixture->gate, (muster_auth_ticket_id){2}); /* another one */
    assert_false(fixture->is_cancelled);
    gate_cancel(fixture->gate, (muster_auth_ticket_id){1});
    assert_true(fixture->is_cancelled);
    struct job job = fixture->job;
    fixture->job = (struct job){0};
    job.done(job.user, MUSTER_CLOSED);
    gate_stop(fixture->gate);
    assert_int_equal(fixture->answers, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_tokens_are_two_players, make, destroy),
        cmocka_unit_test_setup_teardown(a_key_withdrawn_meanwhile_vouches_for_nobody, make,
                                        destroy),
        cmocka_unit_test_setup_teardown(a_key_replaced_meanwhile_is_looked_at_again, make, destroy),
        cmocka_unit_test_setup_teardown(a_key_that_stayed_still_vouches, make, destroy),
        cmocka_unit_test_setup_teardown(a_token_signed_here_needs_no_check, make, destroy),
        cmocka_unit_test_setup_teardown(a_known_token_is_read_at_once, make, destroy),
        cmocka_unit_test_setup_teardown(what_is_open_at_the_end_is_rejected_once, make, destroy),
        cmocka_unit_test_setup_teardown(a_token_waits_for_its_key, make, destroy),
        cmocka_unit_test_setup_teardown(a_key_that_does_not_come_is_waited_for_once, make, destroy),
        cmocka_unit_test_setup_teardown(few_tokens_wait_and_who_goes_makes_room, make, destroy),
        cmocka_unit_test_setup_teardown(who_comes_while_the_pool_is_full_waits, make, destroy),
        cmocka_unit_test_setup_teardown(a_pool_full_of_other_work_is_not_waited_for, make, destroy),
        cmocka_unit_test_setup_teardown(
            what_waits_for_the_pool_hears_of_withdrawn_keys_and_of_the_end, make, destroy),
        cmocka_unit_test_setup_teardown(a_ticket_says_which_seat, make, destroy),
        cmocka_unit_test_setup_teardown(what_is_no_ticket_of_this_node_is_refused, make, destroy),
        cmocka_unit_test_setup_teardown(a_ticket_that_nobody_waits_for_costs_no_more, make,
                                        destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
