/* rows_lobby - lobby and player. */
#include <string.h>

#include "conform.h"

static char text_out[4000];

static struct muster_writer writer(uint32_t cap) {
    return muster_writer_make(text_out, cap);
}

/* ---- what is seen ---------------------------------------------------------------------------- */

static void lobby_next(struct conform *c) {
    struct muster_lobby_info info = {.size = sizeof info};
    STATUS(c, "first", c->host->lobby->next(c->self, (muster_lobby_id){0}, &info));
    TEXT(c, "its mode", info.game_mode);
    NUMBER(c, "its state", info.state);
    NUMBER(c, "its players", info.players_current);
    NUMBER(c, "teams", info.team_count);
    STATUS(c, "past", c->host->lobby->next(c->self, c->lobby, &info));
    info.size = 4;
    STATUS(c, "short", c->host->lobby->next(c->self, (muster_lobby_id){0}, &info));
}

static void lobby_get(struct conform *c) {
    struct muster_lobby_info info = {.size = sizeof info};
    STATUS(c, "good", c->host->lobby->get(c->self, c->lobby, &info));
    NUMBER(c, "is it", MUSTER_ID_SAME(info.lobby, c->lobby));
    NUMBER(c, "its match", MUSTER_ID_SAME(info.match, c->match));
    NUMBER(c, "private", info.is_private);
    STATUS(c, "none", c->host->lobby->get(c->self, (muster_lobby_id){0}, &info));
    STATUS(c, "nobody's", c->host->lobby->get(c->self, NOTHING(muster_lobby_id), &info));
    info.size = 4;
    STATUS(c, "short", c->host->lobby->get(c->self, c->lobby, &info));
}

static void lobby_settings_add(struct conform *c) {
    static const char more[] = "[{\"key\":\"conformMore\",\"type\":\"int\",\"default\":1,"
                               "\"min\":0,\"max\":9,\"help\":\"More.\"}]";
    static const char taken[] = "[{\"key\":\"conformLimit\",\"type\":\"int\",\"default\":1,"
                                "\"min\":0,\"max\":9,\"help\":\"Limit.\"}]";
    STATUS(c, "good", c->host->lobby->settings_add(c->self, more));
    STATUS(c, "again", c->host->lobby->settings_add(c->self, more));
    STATUS(c, "the mode's", c->host->lobby->settings_add(c->self, taken));
    STATUS(c, "no JSON", c->host->lobby->settings_add(c->self, "{"));
    STATUS(c, "no array", c->host->lobby->settings_add(c->self, "{}"));
    STATUS(c, "nothing", c->host->lobby->settings_add(c->self, NULL));
    STATUS(c, "no type", c->host->lobby->settings_add(c->self, "[{\"key\":\"conformNone\"}]"));
}

static void lobby_setting_integer(struct conform *c) {
    NUMBER(c, "good", c->host->lobby->setting_integer(c->self, c->lobby, "conformLimit"));
    NUMBER(c, "no key", c->host->lobby->setting_integer(c->self, c->lobby, "none"));
    NUMBER(c, "nobody's",
           c->host->lobby->setting_integer(c->self, NOTHING(muster_lobby_id), "conformLimit"));
}

static void lobby_setting_boolean(struct conform *c) {
    NUMBER(c, "good", c->host->lobby->setting_boolean(c->self, c->lobby, "conformOpen"));
    NUMBER(c, "no key", c->host->lobby->setting_boolean(c->self, c->lobby, "none"));
    NUMBER(c, "nobody's",
           c->host->lobby->setting_boolean(c->self, NOTHING(muster_lobby_id), "conformOpen"));
}

static void lobby_setting_string(struct conform *c) {
    TEXT(c, "good", c->host->lobby->setting_string(c->self, c->lobby, "conformWord"));
    TEXT(c, "no key", c->host->lobby->setting_string(c->self, c->lobby, "none"));
    TEXT(c, "other type", c->host->lobby->setting_string(c->self, c->lobby, "conformLimit"));
    TEXT(c, "nobody's",
         c->host->lobby->setting_string(c->self, NOTHING(muster_lobby_id), "conformWord"));
}

static void lobby_setting_json(struct conform *c) {
    struct muster_writer w = writer(100), small = writer(2);
    STATUS(c, "good", c->host->lobby->setting_json(c->self, c->lobby, "conformWord", &w));
    STATUS(c, "small", c->host->lobby->setting_json(c->self, c->lobby, "conformWord", &small));
    STATUS(c, "nothing", c->host->lobby->setting_json(c->self, c->lobby, NULL, &w));
    STATUS(c, "no key", c->host->lobby->setting_json(c->self, c->lobby, "none", &w));
    STATUS(c, "nobody's",
           c->host->lobby->setting_json(c->self, NOTHING(muster_lobby_id), "conformWord", &w));
}

static void lobby_member_next(struct conform *c) {
    struct muster_member_info info = {.size = sizeof info};
    uint32_t index = 0;
    STATUS(c, "first", c->host->lobby->member_next(c->self, c->lobby, &index, &info));
    TEXT(c, "name", info.display_name);
    NUMBER(c, "seat", info.seat);
    NUMBER(c, "team", info.team);
    NUMBER(c, "entered", info.has_entered);
    NUMBER(c, "connected", info.is_connected);
    STATUS(c, "second", c->host->lobby->member_next(c->self, c->lobby, &index, &info));
    STATUS(c, "past", c->host->lobby->member_next(c->self, c->lobby, &index, &info));
    index = 0;
    STATUS(c, "nobody's",
           c->host->lobby->member_next(c->self, NOTHING(muster_lobby_id), &index, &info));
    info.size = 4;
    STATUS(c, "short", c->host->lobby->member_next(c->self, c->lobby, &index, &info));
}

static void lobby_ask(struct conform *c) {
    char reason[MUSTER_REASON_MAX] = "";
    struct muster_action action = {.size = sizeof action,
                                   .kind = MUSTER_ACTION_CHAT,
                                   .lobby = c->lobby,
                                   .player = c->player,
                                   .key = "",
                                   .value = "hello"};
    NUMBER(c, "good", c->host->lobby->ask(c->self, &action, reason, sizeof reason));
    action.lobby = NOTHING(muster_lobby_id);
    NUMBER(c, "nobody's", c->host->lobby->ask(c->self, &action, reason, sizeof reason));
    action.size = 4;
    NUMBER(c, "short", c->host->lobby->ask(c->self, &action, reason, sizeof reason));
}

static void lobby_settings_get(struct conform *c) {
    struct muster_writer w = writer(sizeof text_out), small = writer(2);
    STATUS(c, "good", c->host->lobby->settings_get(c->self, c->lobby, &w));
    STATUS(c, "small", c->host->lobby->settings_get(c->self, c->lobby, &small));
    STATUS(c, "nothing", c->host->lobby->settings_get(c->self, c->lobby, NULL));
    STATUS(c, "nobody's", c->host->lobby->settings_get(c->self, NOTHING(muster_lobby_id), &w));
}

static void lobby_settings_set(struct conform *c) {
    static const char *const cases[][2] = {
        {"no change", "{}"},
        {"while it runs", "{\"conformLimit\":5}"},
        {"always", "{\"conformWord\":\"other\"}"},
        {"unknown", "{\"none\":5}"},
        {"other type", "{\"conformWord\":5}"},
        {"out of range", "{\"conformLimit\":500}"},
        {"no JSON", "{"},
        {"no object", "[]"},
    };
    char reason[MUSTER_REASON_MAX] = "";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        STATUS(c, cases[i][0],
               c->host->lobby->settings_set(c->self, c->lobby, (muster_player_id){0}, cases[i][1],
                                            reason, sizeof reason));
    STATUS(c, "nobody's",
           c->host->lobby->settings_set(c->self, NOTHING(muster_lobby_id), (muster_player_id){0},
                                        "{}", reason, sizeof reason));
}

static void lobby_settings_check(struct conform *c) {
    static const char *const cases[][3] = {
        {"good", "conform", "{\"conformLimit\":5}"},
        {"none", "conform", NULL},
        {"no mode", "nowhere", "{}"},
        {"unknown", "conform", "{\"none\":5}"},
        {"other type", "conform", "{\"conformWord\":5}"},
        {"out of range", "conform", "{\"conformLimit\":500}"},
        {"no JSON", "conform", "{"},
        {"no object", "conform", "[]"},
    };
    char reason[MUSTER_REASON_MAX] = "";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct muster_writer w = writer(sizeof text_out);
        STATUS(c, cases[i][0],
               c->host->lobby->settings_check(c->self, cases[i][1], cases[i][2], &w, reason,
                                              sizeof reason));
        NUMBER(c, "has a reason", reason[0] != '\0');
    }
}

static void lobby_map_name(struct conform *c) {
    TEXT(c, "first", c->host->lobby->map_name(c->self, c->lobby, 0));
    TEXT(c, "past", c->host->lobby->map_name(c->self, c->lobby, 99));
    TEXT(c, "nobody's", c->host->lobby->map_name(c->self, NOTHING(muster_lobby_id), 0));
}

static void lobby_team_name(struct conform *c) {
    const struct muster_host_lobby *lobby = c->host->lobby;
    TEXT(c, "none", lobby->team_name(c->self, c->lobby, MUSTER_TEAM_NONE));
    TEXT(c, "first", lobby->team_name(c->self, c->lobby, 1));
    TEXT(c, "99", lobby->team_name(c->self, c->lobby, 99));
    TEXT(c, "nobody's", lobby->team_name(c->self, NOTHING(muster_lobby_id), 1));
}

/* ---- what is done ---------------------------------------------------------------------------- */

static void lobby_kick(struct conform *c) {
    STATUS(c, "good", c->host->lobby->kick(c->self, c->lobby, 1, "enough"));
    STATUS(c, "seat 99", c->host->lobby->kick(c->self, c->lobby, 99, "enough"));
    STATUS(c, "no reason", c->host->lobby->kick(c->self, c->lobby, 1, NULL));
    STATUS(c, "nobody's", c->host->lobby->kick(c->self, NOTHING(muster_lobby_id), 1, "enough"));
}

static void lobby_close(struct conform *c) {
    STATUS(c, "nobody's", c->host->lobby->close(c->self, NOTHING(muster_lobby_id), "enough"));
    STATUS(c, "none", c->host->lobby->close(c->self, (muster_lobby_id){0}, "enough"));
    STATUS(c, "good", c->host->lobby->close(c->self, c->lobby, "enough"));
}

static void lobby_chat(struct conform *c) {
    STATUS(c, "good", c->host->lobby->chat(c->self, c->lobby, "hello"));
    STATUS(c, "nobody's", c->host->lobby->chat(c->self, NOTHING(muster_lobby_id), "hello"));
}

static void lobby_team_set(struct conform *c) {
    STATUS(c, "good", c->host->lobby->team_set(c->self, c->lobby, 0, MUSTER_TEAM_BLUE));
    STATUS(c, "team 9", c->host->lobby->team_set(c->self, c->lobby, 0, 9));
    STATUS(c, "empty seat", c->host->lobby->team_set(c->self, c->lobby, 5, MUSTER_TEAM_RED));
    STATUS(c, "seat 99", c->host->lobby->team_set(c->self, c->lobby, 99, MUSTER_TEAM_RED));
    STATUS(c, "nobody's",
           c->host->lobby->team_set(c->self, NOTHING(muster_lobby_id), 0, MUSTER_TEAM_RED));
    STATUS(c, "nobody's team 9", c->host->lobby->team_set(c->self, NOTHING(muster_lobby_id), 0, 9));
}

static void lobby_host_set(struct conform *c) {
    STATUS(c, "good", c->host->lobby->host_set(c->self, c->lobby, c->player));
    STATUS(c, "a stranger", c->host->lobby->host_set(c->self, c->lobby, NOTHING(muster_player_id)));
    STATUS(c, "nobody's", c->host->lobby->host_set(c->self, NOTHING(muster_lobby_id), c->player));
    STATUS(c, "nobody", c->host->lobby->host_set(c->self, c->lobby, (muster_player_id){0}));
}

static void lobby_lock_set(struct conform *c) {
    STATUS(c, "good", c->host->lobby->lock_set(c->self, c->lobby, 1));
    STATUS(c, "nobody's", c->host->lobby->lock_set(c->self, NOTHING(muster_lobby_id), 1));
    STATUS(c, "open", c->host->lobby->lock_set(c->self, c->lobby, 0));
}

static void lobby_matched_set(struct conform *c) {
    STATUS(c, "good", c->host->lobby->matched_set(c->self, c->lobby, 0));
    STATUS(c, "nobody's", c->host->lobby->matched_set(c->self, NOTHING(muster_lobby_id), 0));
}

static void lobby_code_renew(struct conform *c) {
    struct muster_lobby_info info = {.size = sizeof info};
    STATUS(c, "good", c->host->lobby->code_renew(c->self, c->lobby));
    (void)c->host->lobby->get(c->self, c->lobby, &info);
    NUMBER(c, "has a code", info.join_code[0] != '\0');
    STATUS(c, "nobody's", c->host->lobby->code_renew(c->self, NOTHING(muster_lobby_id)));
}

static void lobby_remove(struct conform *c) {
    const struct muster_host_lobby *lobby = c->host->lobby;
    STATUS(c, "reason 99", lobby->remove(c->self, c->lobby, c->player, 99, "enough"));
    STATUS(c, "reason 0", lobby->remove(c->self, c->lobby, c->player, 0, "enough"));
    STATUS(c, "a stranger",
           lobby->remove(c->self, c->lobby, NOTHING(muster_player_id), MUSTER_LEAVE_KICK, ""));
    STATUS(c, "nobody's",
           lobby->remove(c->self, NOTHING(muster_lobby_id), c->player, MUSTER_LEAVE_KICK, ""));
    STATUS(c, "good", lobby->remove(c->self, c->lobby, c->player, MUSTER_LEAVE_KICK, "enough"));
}

static void lobby_notify(struct conform *c) {
    STATUS(c, "good", c->host->lobby->notify(c->self, c->lobby, "conform.note", "{\"a\":1}"));
    STATUS(c, "no JSON", c->host->lobby->notify(c->self, c->lobby, "conform.note", "{"));
    STATUS(c, "no object", c->host->lobby->notify(c->self, c->lobby, "conform.note", "[]"));
    STATUS(c, "nothing", c->host->lobby->notify(c->self, c->lobby, NULL, NULL));
    STATUS(c, "nobody's",
           c->host->lobby->notify(c->self, NOTHING(muster_lobby_id), "conform.note", "{}"));
}

static void on_vote(void *user, const struct muster_vote_result *result) {
    (void)user, (void)result;
}

static void lobby_vote_start(struct conform *c) {
    static const char *const options[] = {"yes", "no"};
    const struct muster_host_lobby *lobby = c->host->lobby;
    const struct muster_vote good = {.size = sizeof good,
                                     .option_count = 2,
                                     .key = "kick",
                                     .subject = "",
                                     .options = options,
                                     .duration_ms = 300000,
                                     .needed = 2,
                                     .caller_seat = MUSTER_SEAT_NONE,
                                     .excluded_seat = MUSTER_SEAT_NONE};
    struct muster_vote vote = good;
    STATUS(c, "nobody's", lobby->vote_start(c->self, NOTHING(muster_lobby_id), &vote, on_vote, c));
    STATUS(c, "no function", lobby->vote_start(c->self, c->lobby, &vote, NULL, c));
    vote.option_count = 0;
    STATUS(c, "no options", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote.option_count = MUSTER_VOTE_OPTIONS_MAX + 1;
    STATUS(c, "many options", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote = good;
    vote.duration_ms = 999;
    STATUS(c, "short", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote.duration_ms = 300001;
    STATUS(c, "long", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote = good;
    vote.key = LONG_NAME;
    STATUS(c, "long key", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote.key = "";
    STATUS(c, "no key", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote = good;
    vote.subject = LONG_TEXT;
    STATUS(c, "long subject", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    vote = good;
    vote.size = 8;
    STATUS(c, "short struct", lobby->vote_start(c->self, c->lobby, &vote, on_vote, c));
    STATUS(c, "good", lobby->vote_start(c->self, c->lobby, &good, on_vote, c));
    STATUS(c, "another", lobby->vote_start(c->self, c->lobby, &good, on_vote, c));
}

static void lobby_vote_cancel(struct conform *c) {
    STATUS(c, "nobody's", c->host->lobby->vote_cancel(c->self, NOTHING(muster_lobby_id)));
    STATUS(c, "good", c->host->lobby->vote_cancel(c->self, c->lobby));
    STATUS(c, "again", c->host->lobby->vote_cancel(c->self, c->lobby));
}

/* ---- from outside ---------------------------------------------------------------------------- */

static void lobby_find(struct conform *c) {
    struct muster_lobby_info info = {.size = sizeof info};
    muster_lobby_id id = {0};
    (void)c->host->lobby->get(c->self, c->lobby, &info);
    STATUS(c, "good", c->host->lobby->find(c->self, info.lobby_key, &id));
    NUMBER(c, "is it", MUSTER_ID_SAME(id, c->lobby));
    STATUS(c, "no lobby's", c->host->lobby->find(c->self, "nowhere", &id));
    STATUS(c, "nothing", c->host->lobby->find(c->self, NULL, &id));
}

static void on_made(void *user, muster_status status, muster_lobby_id lobby, const char *reason) {
    (void)user, (void)status, (void)lobby, (void)reason;
}

static void lobby_create(struct conform *c) {
    static const char *const cases[][3] = {
        {"no such mode", "nowhere", "{}"}, /* told to the function */
        {"no settings", "nowhere", NULL},  {"long mode", LONG_NAME, "{}"}, {"no mode", NULL, "{}"},
        {"no JSON", "nowhere", "{"},       {"no object", "nowhere", "[]"},
    };
    struct muster_lobby_plan plan = {.size = sizeof plan, .game_mode = "nowhere"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plan.game_mode = cases[i][1];
        plan.settings_json = cases[i][2];
        STATUS(c, cases[i][0], c->host->lobby->create(c->self, &plan, on_made, c));
    }
    plan.region = LONG_NAME;
    STATUS(c, "long region", c->host->lobby->create(c->self, &plan, on_made, c));
    plan = (struct muster_lobby_plan){.size = sizeof plan, .game_mode = "nowhere"};
    STATUS(c, "no function", c->host->lobby->create(c->self, &plan, NULL, c));
    plan.size = 4;
    STATUS(c, "short", c->host->lobby->create(c->self, &plan, on_made, c));
}

static void lobby_seat_reserve(struct conform *c) {
    const struct muster_host_lobby *lobby = c->host->lobby;
    const struct muster_seat_wish good = {
        .size = sizeof good, .player_key = "expected", .display_name = "Eve", .hold_ms = 1000};
    struct muster_seat_ticket ticket = {.size = sizeof ticket};
    struct muster_seat_wish wish = good;
    char why[MUSTER_REASON_MAX] = "";
    STATUS(c, "nobody's",
           lobby->seat_reserve(c->self, NOTHING(muster_lobby_id), &wish, &ticket, why, sizeof why));
    wish.player_key = LONG_TEXT;
    STATUS(c, "long key", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, why, sizeof why));
    NUMBER(c, "has a reason", why[0] != '\0');
    wish.player_key = NULL;
    STATUS(c, "no key", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, why, sizeof why));
    wish = good;
    wish.team = 99;
    STATUS(c, "team 99", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, why, sizeof why));
    wish = good;
    wish.hold_ms = 999;
    STATUS(c, "short time", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, why, 0));
    wish.hold_ms = 3600001;
    STATUS(c, "long time", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, NULL, 9));
    wish = good;
    wish.size = 4;
    STATUS(c, "short", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, why, sizeof why));
    ticket.size = 4;
    STATUS(c, "short answer",
           lobby->seat_reserve(c->self, c->lobby, &good, &ticket, why, sizeof why));
    ticket.size = sizeof ticket;
    wish = good;
    wish.player_key = c->player_key;
    STATUS(c, "whose it is", lobby->seat_reserve(c->self, c->lobby, &wish, &ticket, why, 9));
    NUMBER(c, "a ticket", ticket.ticket[0] != '\0');
}

/* ---- standing, and as bytes ------------------------------------------------------------------ */

static void lobby_freeze(struct conform *c) {
    STATUS(c, "nobody's", c->host->lobby->freeze(c->self, NOTHING(muster_lobby_id)));
    STATUS(c, "none", c->host->lobby->freeze(c->self, (muster_lobby_id){0}));
    STATUS(c, "good", c->host->lobby->freeze(c->self, c->lobby));
    STATUS(c, "again", c->host->lobby->freeze(c->self, c->lobby));
}

/* Queued behind the freezing: the scene goes on. */
static void lobby_thaw(struct conform *c) {
    STATUS(c, "nobody's", c->host->lobby->thaw(c->self, NOTHING(muster_lobby_id)));
    STATUS(c, "none", c->host->lobby->thaw(c->self, (muster_lobby_id){0}));
    STATUS(c, "good", c->host->lobby->thaw(c->self, c->lobby));
    STATUS(c, "again", c->host->lobby->thaw(c->self, c->lobby));
}

static void on_saved(void *user, muster_status status, struct muster_bytes state,
                     const char *reason) {
    (void)user, (void)status, (void)state, (void)reason;
}

static void lobby_save(struct conform *c) {
    STATUS(c, "nobody's", c->host->lobby->save(c->self, NOTHING(muster_lobby_id), on_saved, c));
    STATUS(c, "no function", c->host->lobby->save(c->self, c->lobby, NULL, c));
    STATUS(c, "good", c->host->lobby->save(c->self, c->lobby, on_saved, c));
}

static void lobby_load(struct conform *c) {
    const struct muster_bytes word = {"MSTRLOB1", 8};
    const struct muster_bytes most = {text_out, (size_t)MUSTER_LOBBY_STATE_MAX + 1};
    STATUS(c, "no bytes", c->host->lobby->load(c->self, (struct muster_bytes){0}, on_made, c));
    STATUS(c, "nowhere", c->host->lobby->load(c->self, (struct muster_bytes){NULL, 9}, on_made, c));
    STATUS(c, "too many", c->host->lobby->load(c->self, most, on_made, c));
    STATUS(c, "no function", c->host->lobby->load(c->self, word, NULL, c));
    STATUS(c, "good", c->host->lobby->load(c->self, word, on_made, c)); /* told to the function */
}

const struct conform_row lobby_rows[] = {
    ROW(lobby, next),
    ROW(lobby, get),
    ROW(lobby, settings_add),
    ROW(lobby, setting_integer),
    ROW(lobby, setting_boolean),
    ROW(lobby, setting_string),
    ROW(lobby, kick),
    ROW(lobby, close),
    ROW(lobby, chat),
    ROW(lobby, member_next),
    ROW(lobby, ask),
    ROW(lobby, settings_get),
    ROW(lobby, settings_set),
    ROW(lobby, map_name),
    ROW(lobby, team_name),
    ROW(lobby, team_set),
    ROW(lobby, host_set),
    ROW(lobby, lock_set),
    ROW(lobby, matched_set),
    ROW(lobby, code_renew),
    ROW(lobby, remove),
    ROW(lobby, notify),
    ROW(lobby, vote_start),
    ROW(lobby, vote_cancel),
    ROW(lobby, setting_json),
    ROW(lobby, settings_check),
    ROW(lobby, find),
    ROW(lobby, create),
    ROW(lobby, seat_reserve),
    ROW(lobby, freeze),
    ROW(lobby, thaw),
    ROW(lobby, save),
    ROW(lobby, load),
};
ROWS_COMPLETE(lobby, lobby_rows);
