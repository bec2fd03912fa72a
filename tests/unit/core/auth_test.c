/* The chain of auth plugins: who is asked, whose word counts, what a refusal does to whom. */
#include "books_rig.h"

#include "auth.h"
#include "moderation.h"
#include "paths.h"

/* Two plugins that answer as they are told. */
static struct issuer {
    struct muster_self self; /* and the instance, as fake_plugin has it */
    muster_verdict says;
    bool completes; /* its ticket, in the call */
    uint32_t known; /* the newest token */
    uint32_t asked;
    uint32_t cancelled; /* tickets of its, the newest at that */
    muster_auth_ticket_id ticket;
    char token[64];
    char address[64];
    struct muster_identity identity;
} first, second;

static uint32_t connected_count, renewed_count;
static conn_id kept; /* whose place nobody may take any more */

void __wrap_net_keep(conn_id conn);
void __wrap_net_keep(conn_id conn) {
    kept = conn;
}

static muster_verdict on_authenticate(void *instance, const struct muster_auth_request *request,
                                      struct muster_identity *out) {
    struct issuer *issuer = instance;
    issuer->asked++;
    issuer->ticket = request->ticket;
    issuer->known = request->known;
    snprintf(issuer->token, sizeof issuer->token, "%s", request->token);
    snprintf(issuer->address, sizeof issuer->address, "%s", request->address);
    if (issuer->completes)
        (void)host_table()->player->auth_complete(&issuer->self, request->ticket, issuer->says,
                                                  &issuer->identity);
    if (issuer->says != MUSTER_PASS) *out = issuer->identity;
    return issuer->says;
}

static void on_cancel(void *instance, muster_auth_ticket_id ticket) {
    struct issuer *issuer = instance;
    assert_int_equal(plugin_depth(), 1);
    issuer->cancelled += MUSTER_ID_SAME(ticket, issuer->ticket);
}

static const struct muster_auth vtable = {
    .size = sizeof vtable, .authenticate = on_authenticate, .cancel = on_cancel};
static const struct muster_auth simple = {.size = sizeof simple, .authenticate = on_authenticate};
static const struct muster_role roles[] = {{MUSTER_ROLE_AUTH, 0, &vtable}};
static const struct muster_role simple_roles[] = {{MUSTER_ROLE_AUTH, 0, &simple}};

static void on_signed_in(void *user, const struct muster_notice *notice) {
    (void)user;
    assert_non_null(session_find(notice->player)->client);
    connected_count += notice->kind == MUSTER_NOTICE_PLAYER_CONNECTED;
    renewed_count += notice->kind == MUSTER_NOTICE_PLAYER_RENEWED;
}

static int add_issuer(struct issuer *issuer, const struct muster_role *role, const char *name,
                      const char *player_key) {
    memset(issuer, 0, sizeof *issuer);
    issuer->identity = (struct muster_identity){.size = sizeof issuer->identity,
                                                .display_name = "Ann",
                                                .region = "eu",
                                                .permissions = "host",
                                                .expires_at_s = INT64_MAX};
    snprintf(issuer->identity.player_key, sizeof issuer->identity.player_key, "%s", player_key);
    return fake_plugin(&issuer->self, name, role, 1, NULL, NULL);
}

static int open_chain(void **state) {
    char error[PATHS_ERROR_MAX];
    static bool listens; /* for the life of the process */
    uint64_t heard = 1u << MUSTER_NOTICE_PLAYER_CONNECTED | 1u << MUSTER_NOTICE_PLAYER_RENEWED;
    connected_count = renewed_count = 0;
    kept = 0;
    if (!listens && notices_subscribe(NULL, heard, on_signed_in, NULL)) return -1;
    listens = true;
    if (rig_open(state) || paths_init(true, error)) return -1;
    return add_issuer(&first, roles, "first", "ann") ||
                   add_issuer(&second, simple_roles, "second", "bea")
               ? -1
               : 0;
}

static int close_chain(void **state) {
    pending_close_owner(&first.self);
    pending_close_owner(&second.self);
    registry_remove(&first.self);
    registry_remove(&second.self);
    moderation_deinit();
    paths_deinit();
    return rig_close(state) || first.self.pins || second.self.pins ? -1 : 0;
}

/* ---- acts ---- */

static struct client *connect_client(const char *address) {
    struct client *client = &rig.clients[rig.client_count++];
    *client = (struct client){.conn = rig.client_count};
    snprintf(client->address, sizeof client->address, "%s", address);
    return client;
}

static int32_t authenticate(struct client *client, const char *token) {
    struct call call = {.client = client, .session = client->session};
    call.params = json_pack("{s:s,s:b}", "token", token, "compress", client->conn == 2);
    call.id = json_integer(7);
    rig_forget(client);
    int32_t code = auth_method(&call);
    json_decref(call.params);
    json_decref(call.id);
    json_decref(call.failure.data);
    return code;
}

static void complete(struct issuer *issuer, muster_verdict verdict, muster_status status) {
    assert_int_equal(host_table()->player->auth_complete(&issuer->self, issuer->ticket, verdict,
                                                         &issuer->identity),
                     status);
}

static uint16_t close_code(const struct client *client) {
    return rig.close_code[client->conn - 1];
}

#define REFUSED(client, code, word)                                                                \
    do {                                                                                           \
        assert_true(rig_told(client, word));                                                       \
        assert_int_equal(close_code(client), code);                                                \
        assert_null(client->session);                                                              \
        assert_null(client->auth);                                                                 \
        assert_true(kept != client->conn);                                                         \
    } while (0)

/* ---- the chain ---- */

static void the_first_that_knows_the_token_counts(void **state) {
    (void)state;
    struct client *client = connect_client("192.0.2.1");
    first.says = MUSTER_ACCEPT;
    assert_int_equal(authenticate(client, "token"), METHOD_LATER);
    assert_string_equal(first.token, "token");
    assert_string_equal(first.address, "192.0.2.1");
    assert_int_equal(second.asked, 0);
    assert_string_equal(client->session->player_key, "ann");
    assert_true(rig_told(client, "\"id\":7"));
    assert_true(rig_told(client, "\"playerId\":\"ann\""));
    assert_true(rig_told(client, "\"resumable\":null"));
    assert_int_equal(connected_count, 1);
    assert_int_equal(close_code(client), 0);
    assert_int_equal(kept, client->conn);
    assert_false(client->compress);
    struct client *compressed = connect_client("192.0.2.1"); /* the second: asks for it */
    authenticate(compressed, "token");
    assert_true(compressed->compress);
    assert_int_equal(kept, compressed->conn);
    assert_int_equal(close_code(client), 4003);
    rig_drop(compressed);
}

static void who_passes_hands_it_on(void **state) {
    (void)state;
    struct client *client = connect_client(""), *stranger = connect_client("");
    first.says = MUSTER_PASS;
    second.says = MUSTER_ACCEPT;
    authenticate(client, "t");
    assert_int_equal(first.asked + second.asked, 2);
    assert_string_equal(client->session->player_key, "bea");
    second.says = MUSTER_PASS;
    authenticate(stranger, "t");
    REFUSED(stranger, 4002, "token_invalid");
    assert_int_equal(connected_count, 1);
    rig_drop(client);
}

/* What is kept with the seat says which token, and who accepted it. */
static void who_is_awaited_is_known_by_the_token_until_back(void **state) {
    (void)state;
    struct client *client = connect_client(""), *stranger = connect_client("");
    uint8_t bytes[1024];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    struct session_saved saved;
    struct session *session;
    first.says = MUSTER_ACCEPT;
    authenticate(client, "token");
    assert_int_equal(first.known, 0);
    session_save(client->session, &w);
    rig_drop(client);
    struct muster_reader r = muster_reader_make(bytes, w.len);
    assert_true(session_load(&r, &saved));
    assert_int_equal(session_restore(&saved, &session), MUSTER_OK);

    first.says = second.says = MUSTER_PASS;
    authenticate(stranger, "token");
    assert_int_equal(first.known, 1);
    assert_int_equal(second.known, 0); /* it was another's word */
    first.says = MUSTER_REJECT;
    authenticate(stranger, "token2");
    assert_int_equal(first.known, 0);
    first.says = MUSTER_ACCEPT;
    for (uint32_t known = 1; known <= 1; known--) {
        authenticate(client, "token");
        assert_int_equal(first.known, known);
        assert_ptr_equal(client->session, session);
    }
    rig_drop(client);
}

static void a_refusal_is_the_last_word(void **state) {
    (void)state;
    struct client *client = connect_client(""), *other = connect_client("");
    first.says = MUSTER_REJECT;
    second.says = MUSTER_ACCEPT;
    snprintf(first.identity.reason, sizeof first.identity.reason, "out of date");
    authenticate(client, "t");
    assert_int_equal(second.asked, 0);
    REFUSED(client, 4002, "out of date");
    first.identity.reason[0] = '\0';
    authenticate(other, "t");
    REFUSED(other, 4002, "token refused");
    assert_int_equal(session_count(), 0);
}

static void a_verdict_that_is_none_lets_nobody_in(void **state) {
    (void)state;
    struct client *client = connect_client("");
    first.says = 9;
    authenticate(client, "t");
    REFUSED(client, 4002, "internal");
    assert_int_equal(second.asked, 0);
}

/* ---- answers that come later ---- */

static void an_answer_may_come_later(void **state) {
    (void)state;
    struct client *client = connect_client("");
    first.says = MUSTER_PENDING;
    assert_int_equal(authenticate(client, "t"), METHOD_LATER);
    assert_non_null(client->auth);
    assert_string_equal(rig.told[client->conn - 1], "");
    assert_int_equal(authenticate(client, "again"), RPC_WRONG_STATE); /* one at a time */
    assert_int_equal(first.asked, 1);
    second.says = MUSTER_ACCEPT;
    complete(&first, MUSTER_PASS, MUSTER_OK);
    assert_string_equal(client->session->player_key, "bea");
    assert_null(client->auth);
    complete(&first, MUSTER_ACCEPT, MUSTER_NOT_FOUND);
    assert_string_equal(client->session->player_key, "bea");
    rig_drop(client);
}

static void an_answer_that_stays_out_is_a_refusal(void **state) {
    (void)state;
    struct client *client = connect_client("");
    first.says = MUSTER_PENDING;
    authenticate(client, "t");
    pending_close_owner(&first.self);
    REFUSED(client, 4002, "unavailable");
    assert_int_equal(second.asked, 0);
    assert_int_equal(first.cancelled, 1);
    auth_cancel(client);
    assert_int_equal(first.cancelled, 1);
}

/* Who does not want to hear of it may answer all the same. */
static void who_has_gone_is_not_let_in(void **state) {
    (void)state;
    struct client *client = connect_client("");
    first.says = MUSTER_PASS;
    second.says = MUSTER_PENDING;
    authenticate(client, "t");
    auth_cancel(client);
    assert_null(client->auth);
    auth_cancel(client); /* again: nothing */
    complete(&second, MUSTER_ACCEPT, MUSTER_OK);
    assert_int_equal(session_count(), 0);
    assert_int_equal(connected_count, 0);
    assert_int_equal(second.self.fault_count, 0);
}

static void that_nobody_waits_is_told_once(void **state) {
    (void)state;
    struct client *gone = connect_client(""), *served = connect_client("");
    first.says = MUSTER_PENDING;
    authenticate(gone, "t");
    auth_cancel(gone);
    assert_int_equal(first.cancelled, 1);
    assert_int_equal(first.self.pins, 0);
    complete(&first, MUSTER_ACCEPT, MUSTER_NOT_FOUND); /* its fault */
    assert_int_equal(first.self.fault_count, 1);
    auth_cancel(gone);
    authenticate(served, "t");
    complete(&first, MUSTER_REJECT, MUSTER_OK);
    auth_cancel(served);
    (void)loop_turn();
    assert_int_equal(first.cancelled, 1);
    assert_int_equal(session_count(), 0);
}

/* A plugin is not called inside its own call: it hears of it in the next turn, or when it stops,
 * or not at all when it has answered before. */
static void who_is_called_hears_of_it_later(void **state) {
    (void)state;
    enum { TURN, STOP, ANSWERED, TIMED_OUT, WAYS };
    first.says = MUSTER_PENDING;
    for (int way = TURN; way < WAYS; way++) {
        struct client *client = connect_client("");
        authenticate(client, "t");
        first.cancelled = 0;
        plugin_enter(&first.self, "test");
        auth_cancel(client);
        assert_null(client->auth);
        assert_int_equal(first.cancelled, 0);
        if (way == ANSWERED) complete(&first, MUSTER_ACCEPT, MUSTER_OK);
        if (way == TIMED_OUT) pending_close_owner(&first.self);
        plugin_leave();
        if (way == STOP) resource_close_cancelled(&first.self);
        if (way == STOP) assert_int_equal(first.cancelled, 1);
        (void)loop_turn();
        assert_int_equal(first.cancelled, way != ANSWERED);
        assert_int_equal(first.self.pins, 0);
    }
    assert_int_equal(session_count(), 0);
    assert_int_equal(first.self.fault_count, 0);
}

static void a_plugin_that_answers_twice_is_at_fault(void **state) {
    (void)state;
    struct client *client = connect_client("");
    first.completes = true;
    first.says = MUSTER_ACCEPT;
    authenticate(client, "t");
    assert_int_equal(first.self.fault_count, 1);
    (void)loop_turn(); /* who hears of it is not called inside the call */
    assert_int_equal(connected_count, 1);
    assert_string_equal(client->session->player_key, "ann");
    rig_drop(client);
}

/* ---- renewal ---- */

static void who_is_in_stays_in_when_a_renewal_fails(void **state) {
    (void)state;
    struct client *client = connect_client("");
    first.says = MUSTER_ACCEPT;
    authenticate(client, "t");
    struct session *session = client->session;
    first.says = MUSTER_REJECT;
    authenticate(client, "bad");
    assert_true(rig_told(client, "token_invalid"));
    snprintf(first.identity.player_key, sizeof first.identity.player_key, "cid");
    first.says = MUSTER_ACCEPT;
    authenticate(client, "of somebody else");
    assert_true(rig_told(client, "wrong_state"));
    assert_int_equal(close_code(client), 0);
    assert_ptr_equal(session->client, client);
    assert_null(session_find_key("cid"));
    snprintf(first.identity.player_key, sizeof first.identity.player_key, "ann");
    snprintf(first.identity.permissions, sizeof first.identity.permissions, "admin");
    assert_int_equal(renewed_count, 0);
    authenticate(client, "good");
    assert_int_equal(renewed_count, 1);
    assert_int_equal(connected_count, 1);
    assert_ptr_equal(client->session, session);
    assert_true(session_may(session, "admin"));
    assert_false(session_may(session, "host"));
    rig_drop(client);
}

/* ---- what a plugin says of a player ---- */

static void an_identity_is_completed_or_refused(void **state) {
    (void)state;
    struct client *client = connect_client(""), *other = connect_client("");
    first.says = MUSTER_ACCEPT;
    first.identity.display_name[0] = first.identity.region[0] = '\0';
    authenticate(client, "t");
    const struct session *session = client->session;
    assert_string_equal(session->display_name, "ann");
    assert_string_equal(session->region, "local");
    static const char *const keys[] = {"", "a\nb", "a\xFFq"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        other->closing = false;
        snprintf(first.identity.player_key, sizeof first.identity.player_key, "%s", keys[i]);
        authenticate(other, "t");
        REFUSED(other, 4002, "internal");
    }
    memset(first.identity.player_key, 'k', sizeof first.identity.player_key); /* no end */
    other->closing = false;
    authenticate(other, "t");
    assert_int_equal(strlen(other->session->player_key), MUSTER_PLAYER_KEY_MAX - 1);
    rig_drop(client);
    rig_drop(other);
}

static void a_full_node_says_so(void **state) {
    (void)state;
    char name[8];
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "p%d", i);
        rig_sign_in(name, NULL);
    }
    struct client *client = connect_client("");
    first.says = MUSTER_ACCEPT;
    authenticate(client, "t");
    REFUSED(client, 4002, "server_full");
    assert_int_equal(connected_count, 32);
}

/* ---- bans ---- */

static void who_is_banned_costs_no_token(void **state) {
    (void)state;
    struct sanction ban = {.kind = SANCTION_BAN, .reason = "noise"};
    struct client *client = connect_client("192.0.2.1"), *beside = connect_client("192.0.2.2");
    assert_true(address_prefix_read("192.0.2.1", &ban.address));
    assert_int_equal(moderation_add(&ban), MUSTER_OK);
    first.says = MUSTER_ACCEPT;
    authenticate(client, "t");
    REFUSED(client, 4004, "banned");
    assert_int_equal(first.asked, 0);
    authenticate(beside, "t");
    assert_int_equal(close_code(beside), 0);
    assert_int_equal(connected_count, 1);
    rig_drop(beside);
    ban = (struct sanction){.kind = SANCTION_BAN, .player_key = "ann", .reason = "noise"};
    assert_int_equal(moderation_add(&ban), MUSTER_OK);
    client = connect_client("192.0.2.2");
    authenticate(client, "t");
    REFUSED(client, 4004, "banned");
    assert_int_equal(first.asked, 2);
    assert_int_equal(session_count(), 0);
}

/* ---- tickets ---- */

/* What the first plugin accepts now is a ticket for ann's seat, made elsewhere in that second. */
static void accept_ticket(const struct lobby *lobby, int64_t issued_at_s) {
    struct muster_identity *identity = &first.identity;
    first.says = MUSTER_ACCEPT;
    snprintf(identity->lobby_key, sizeof identity->lobby_key, "%s", lobby->key);
    identity->lobby_epoch = lobby->epoch;
    identity->ticket_issue = 0;
    identity->ticket_issued_at_s = issued_at_s;
}

/* A seat is held for ann, and the ticket of that number is made here for it. */
static void hold(struct lobby *lobby, uint32_t issue) {
    char seat_ticket[TICKET_TEXT_SIZE];
    struct failure failure = {0};
    struct session *session;
    const struct lobby_expected who = {.player_key = "ann",
                                       .display_name = "",
                                       .hold_ms = 60000,
                                       .asker = &first.self,
                                       .issue = issue};
    assert_int_equal(lobby_expect(lobby, &who, seat_ticket, &session, &failure), RPC_OK);
}

static void accept_ours(const struct lobby *lobby, uint32_t issue) {
    accept_ticket(lobby, 1000);
    first.identity.ticket_issue = issue;
}

/* Signs in; the seat ticket of the answer. */
static void present(struct client *client, char seat_ticket[TICKET_TEXT_SIZE]) {
    static const char key[] = "\"seatTicket\":\"";
    authenticate(client, "ticket");
    const char *at = strstr(rig.told[client->conn - 1], key);
    assert_non_null(at);
    snprintf(seat_ticket, TICKET_TEXT_SIZE, "%s", at + sizeof key - 1);
}

static void a_ticket_leads_in_once(void **state) {
    (void)state;
    char lost[TICKET_TEXT_SIZE], seat_ticket[TICKET_TEXT_SIZE], resume[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *client = connect_client(""), *thief = connect_client("");
    struct client *again = connect_client(""), *back = connect_client("");
    accept_ticket(lobby, 1);
    present(client, lost);
    present(again, seat_ticket); /* the answer before was lost */
    assert_int_equal(lobby_players(lobby), 1);
    struct session *ann = session_find_key("ann");
    assert_int_equal(rig_enter(ann, lost, NULL), RPC_TICKET_INVALID);
    assert_int_equal(rig_enter(ann, seat_ticket, resume), RPC_OK);
    authenticate(thief, "ticket");
    REFUSED(thief, 4002, "used before");
    assert_ptr_equal(ann->client, again);
    /* It does not lead back either: what the seat has given does. */
    uint32_t asked = first.asked;
    authenticate(back, resume);
    assert_int_equal(first.asked, asked);
    assert_ptr_equal(ann->client, back);
    assert_true(rig_told(back, "\"reservation\":null"));
    assert_true(session_may(ann, "host"));
    assert_int_equal(rig_resume(ann, resume, NULL), RPC_OK);
    rig_drop(back);
}

static void another_ticket_leads_to_the_same_seat(void **state) {
    (void)state;
    char seat_ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *client = connect_client("");
    for (int64_t at_s = 1; at_s <= 2; at_s++) {
        accept_ticket(lobby, at_s);
        present(client, seat_ticket); /* the other one on the same connection */
        assert_int_equal(rig_enter(session_find_key("ann"), seat_ticket, NULL), RPC_OK);
    }
    assert_int_equal(lobby_players(lobby), 1);
    rig_drop(client);
}

/* The other one is not new, or is; on a connection of its own. */
static void who_has_come_by_a_ticket_is_replaced_by_a_later_one_alone(void **state) {
    (void)state;
    char seat_ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *client = connect_client("");
    (void)connect_client(""); /* whose answers would be deflated */
    struct client *other = connect_client("");
    accept_ticket(lobby, 5);
    present(client, seat_ticket);
    struct session *ann = session_find_key("ann");
    assert_int_equal(rig_enter(ann, seat_ticket, NULL), RPC_OK);
    for (int64_t at_s = 4; at_s <= 5; at_s++) {
        accept_ticket(lobby, at_s);
        other->closing = false;
        authenticate(other, "made before");
        REFUSED(other, 4002, "ticket_invalid");
    }
    assert_ptr_equal(ann->client, client);
    accept_ticket(lobby, 6);
    other->closing = false;
    present(other, seat_ticket);
    assert_ptr_equal(ann->client, other);
    rig_drop(other);
}

static void a_new_ticket_makes_those_before_void(void **state) {
    (void)state;
    char seat_ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *client = connect_client(""), *thief = connect_client("");
    struct client *later = connect_client("");
    hold(lobby, 7);
    hold(lobby, 3);
    accept_ours(lobby, 7);
    authenticate(thief, "the first");
    REFUSED(thief, 4002, "another ticket was made");
    accept_ours(lobby, 3);
    present(client, seat_ticket);
    struct session *ann = session_find_key("ann");
    assert_int_equal(rig_enter(ann, seat_ticket, NULL), RPC_OK);
    for (uint32_t issue = 3; issue <= 7; issue += 4) { /* used, and void */
        accept_ours(lobby, issue);
        thief->closing = false;
        authenticate(thief, "while she sits");
        REFUSED(thief, 4002, "ticket_invalid");
    }
    assert_ptr_equal(ann->client, client);
    hold(lobby, 5);
    accept_ours(lobby, 3);
    thief->closing = false;
    authenticate(thief, "void");
    REFUSED(thief, 4002, "another ticket was made");
    accept_ours(lobby, 5);
    present(later, seat_ticket);
    assert_ptr_equal(ann->client, later);
    rig_drop(later);
}

/* Whoever has signed in with a ticket that is void by now leaves the new one good. */
static void the_entry_uses_up_what_it_came_by(void **state) {
    (void)state;
    char seat_ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *thief = connect_client("");
    (void)connect_client(""); /* whose answers would be deflated */
    struct client *client = connect_client("");
    hold(lobby, 1);
    accept_ours(lobby, 1);
    present(thief, seat_ticket);
    hold(lobby, 2);
    struct session *ann = session_find_key("ann");
    assert_int_equal(rig_enter(ann, seat_ticket, NULL), RPC_TICKET_INVALID);
    assert_int_equal(rig_reserve(lobby, ann, seat_ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, seat_ticket, NULL), RPC_OK);
    accept_ours(lobby, 2);
    present(client, seat_ticket);
    assert_ptr_equal(ann->client, client);
    rig_drop(client);
}

static void who_enters_without_the_ticket_uses_it_up(void **state) {
    (void)state;
    char seat_ticket[TICKET_TEXT_SIZE];
    struct lobby *lobby = rig_lobby();
    struct client *thief = connect_client("");
    hold(lobby, 1);
    struct session *ann = rig_sign_in("ann", NULL);
    assert_int_equal(rig_reserve(lobby, ann, seat_ticket), RPC_OK);
    assert_int_equal(rig_enter(ann, seat_ticket, NULL), RPC_OK);
    accept_ours(lobby, 1);
    authenticate(thief, "ticket");
    REFUSED(thief, 4002, "used before");
}

static void a_ticket_that_leads_nowhere_changes_nothing(void **state) {
    (void)state;
    struct lobby *lobby = rig_lobby();
    struct client *client = connect_client("");
    accept_ticket(lobby, 1);
    first.identity.lobby_epoch++;
    authenticate(client, "of another life");
    REFUSED(client, 4002, "ticket_invalid");
    accept_ticket(lobby, 1);
    first.identity.lobby_key[0] = 'x';
    client->closing = false;
    authenticate(client, "of another lobby");
    REFUSED(client, 4002, "ticket_invalid");
    accept_ticket(lobby, 1);
    snprintf(first.identity.team, sizeof first.identity.team, "nobody's");
    client->closing = false;
    authenticate(client, "of another mode");
    REFUSED(client, 4002, "ticket_invalid");
    first.identity.team[0] = '\0';
    lobby_lock_set(lobby, true);
    client->closing = false;
    authenticate(client, "too late");
    REFUSED(client, 4002, "denied");
    assert_int_equal(lobby_players(lobby) + session_count(), 0);
    lobby_lock_set(lobby, false); /* and it is not used up */
    client->closing = false;
    authenticate(client, "at last");
    assert_true(rig_told(client, "seatTicket"));
    rig_drop(client);
}

static void without_a_ticket_the_seat_signs_nobody_in(void **state) {
    (void)state;
    char resume[TICKET_TEXT_SIZE];
    struct client *client = connect_client("");
    rig_join(rig_lobby(), "dan", resume);
    first.says = second.says = MUSTER_PASS;
    authenticate(client, resume);
    REFUSED(client, 4002, "token_invalid");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_chain, close_chain)
    const struct CMUnitTest tests[] = {
        TEST(the_first_that_knows_the_token_counts),
        TEST(who_passes_hands_it_on),
        TEST(who_is_awaited_is_known_by_the_token_until_back),
        TEST(a_refusal_is_the_last_word),
        TEST(a_verdict_that_is_none_lets_nobody_in),
        TEST(an_answer_may_come_later),
        TEST(an_answer_that_stays_out_is_a_refusal),
        TEST(who_has_gone_is_not_let_in),
        TEST(that_nobody_waits_is_told_once),
        TEST(who_is_called_hears_of_it_later),
        TEST(a_plugin_that_answers_twice_is_at_fault),
        TEST(who_is_in_stays_in_when_a_renewal_fails),
        TEST(an_identity_is_completed_or_refused),
        TEST(a_full_node_says_so),
        TEST(who_is_banned_costs_no_token),
        TEST(a_ticket_leads_in_once),
        TEST(another_ticket_leads_to_the_same_seat),
        TEST(who_has_come_by_a_ticket_is_replaced_by_a_later_one_alone),
        TEST(a_new_ticket_makes_those_before_void),
        TEST(the_entry_uses_up_what_it_came_by),
        TEST(who_enters_without_the_ticket_uses_it_up),
        TEST(a_ticket_that_leads_nowhere_changes_nothing),
        TEST(without_a_ticket_the_seat_signs_nobody_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
