#include "lobby.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "crash_page.h"
#include "lobby_internal.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "shared.h"
#include "status.h"

#define SETTLE_EVERY_MS 100

_Static_assert(sizeof((struct lobby *)0)->key == CRASH_KEY_SIZE, "the crash page has room for it");

static struct loop_timer *settle_timer;

/* ---- the table ------------------------------------------------------------------------------- */

/* The only place where a lobby ends by itself. */
static void settle(struct lobby *lobby) {
    crash_page_enter("lobby.settle");
    crash_page_call_of(lobby->key);
    lobby_disturbed_tell(lobby);
    if (!lobby->close_leave && lobby->frozen_since_ms)
        lobby_frozen_advance(lobby);
    else if (!lobby->close_leave)
        lobby_advance(lobby);
    if (lobby->close_leave) lobby_close(lobby, lobby->close_leave, lobby->close_reason);
    crash_page_leave();
}

static void on_timer(void *user) {
    (void)user;
    muster_lobby_id id = {0};
    lobby_disturbed_look();
    for (struct lobby *lobby; (lobby = lobby_next(&id));) settle(lobby);
}

muster_status lobby_init(uint32_t lobbies_max, const struct lobby_hooks *hooks) {
    lobby_hooks = *hooks;
    notices_set_rules(lobby_rules_notice);
    settle_timer = loop_timer_start(SETTLE_EVERY_MS, SETTLE_EVERY_MS, on_timer, NULL);
    if (!settle_timer) return MUSTER_NO_MEMORY;
    muster_status status = match_table_init(lobbies_max);
    return status ? status : lobby_table_init(lobbies_max, settle);
}

void lobby_deinit(void) {
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        lobby_close(lobby, MUSTER_LEAVE_SHUTDOWN, "the server stops");
    loop_timer_stop(settle_timer);
    lobby_table_deinit();
    match_table_deinit();
    shared_forget();
}

/* ---- create, close --------------------------------------------------------------------------- */

static int32_t allow_create(const struct lobby_wish *wish, struct failure *failure) {
    struct muster_action action = {.size = sizeof action,
                                   .kind = MUSTER_ACTION_LOBBY_CREATE,
                                   .player = wish->creator,
                                   .seat = MUSTER_SEAT_NONE,
                                   .target_seat = MUSTER_SEAT_NONE,
                                   .game_mode = wish->game_mode,
                                   .key = "",
                                   .value = ""};
    return lobby_allow_create(&action, failure);
}

/* What the creator sets is asked as if it were changed. */
static int32_t allow_settings(const struct lobby_wish *wish, struct failure *failure) {
    const char *key;
    json_t *value;
    int32_t code = RPC_OK;
    json_object_foreach(wish->settings, key, value) {
        char *text = code ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text) continue;
        struct muster_action action = {.size = sizeof action,
                                       .kind = MUSTER_ACTION_SETTING,
                                       .player = wish->creator,
                                       .seat = MUSTER_SEAT_NONE,
                                       .target_seat = MUSTER_SEAT_NONE,
                                       .game_mode = wish->game_mode,
                                       .key = key,
                                       .value = text};
        code = lobby_allow_create(&action, failure);
        free(text);
    }
    return code;
}

static void fill(struct lobby *lobby, const struct lobby_wish *wish) {
    const struct mode_entry *mode = registry_mode(wish->game_mode);
    lobby->tick_rate_hz = mode->tick_rate_hz;
    lobby->teams = mode->teams;
    lobby->state = MUSTER_LOBBY_WAITING;
    lobby->empty_since_ms = lobby_now_ms(lobby);
    ticket_uuid(lobby->key);
    snprintf(lobby->game_mode, sizeof lobby->game_mode, "%s", wish->game_mode);
    lobby_settings_apply(lobby); /* asks the mode what its settings do not say */
    const char *region =
        lobby_region_served(wish->region) ? wish->region : config_core->server.region;
    snprintf(lobby->region, sizeof lobby->region, "%s", region);
    const struct session *creator = session_find(wish->creator);
    if (!creator) return;
    lobby->host = creator->id;
    memcpy(lobby->host_key, creator->player_key, sizeof lobby->host_key);
    lobby_code_renew(lobby);
}

static bool is_spare(const struct lobby *lobby) {
    return lobby->empty_since_ms && !lobby->closing && !lobby->frozen_since_ms;
}

static uint64_t empty_ms(const struct lobby *lobby) {
    return lobby_now_ms(lobby) - lobby->empty_since_ms;
}

/* A lobby that nobody is in makes room for one that somebody wants. */
static struct lobby *add_lobby(muster_lobby_id *out) {
    struct lobby *lobby = lobby_table_add(out);
    struct lobby *longest = NULL;
    muster_lobby_id id = {0};
    if (lobby) return lobby;
    for (struct lobby *other; (other = lobby_next(&id));)
        if (is_spare(other) && (!longest || empty_ms(other) > empty_ms(longest))) longest = other;
    if (!longest) return NULL;
    lobby_close(longest, MUSTER_LEAVE_TIMEOUT, "empty, and its place is needed");
    return lobby_table_add(out);
}

int32_t lobby_create(const struct lobby_wish *wish, struct lobby **out, struct failure *failure) {
    json_t *settings = NULL, *secrets = NULL;
    if (wish->creator.value && wish->region[0] && !lobby_region_served(wish->region))
        return failure_set(failure, RPC_INVALID_PARAMS, "region: \"%s\" is not served here",
                           wish->region);
    if (lobby_settings_check(wish, &settings, &secrets, failure)) return failure->code;
    if (allow_create(wish, failure) || allow_settings(wish, failure)) goto fail;
    if (lobby_draining()) {
        failure_set(failure, RPC_SERVER_FULL, "the server is draining: it takes no new lobbies");
        goto fail;
    }
    if (lobby_check_load(failure)) goto fail;
    muster_lobby_id id;
    struct lobby *lobby = add_lobby(&id);
    if (!lobby) {
        failure_set(failure, RPC_SERVER_FULL, "the server is full: %u of %u lobbies", lobby_count(),
                    lobby_table_size());
        goto fail;
    }
    lobby->id = id;
    if (!lobby_members_make(lobby, registry_mode(wish->game_mode)->people_max)) {
        lobby_table_remove(lobby);
        failure_set(failure, RPC_INTERNAL, "out of memory");
        goto fail;
    }
    lobby_settings_take(lobby, settings);
    fill(lobby, wish);
    lobby_rules_create(lobby);
    json_object_update_missing(secrets, wish->settings);
    lobby_settings_tell(lobby, secrets);
    json_decref(secrets);
    lobby_note_host(lobby);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_CREATED, wish->creator, MUSTER_SEAT_NONE, 0);
    lobby_changed(lobby);
    *out = lobby;
    return RPC_OK;
fail:
    json_decref(secrets);
    json_decref(settings);
    return failure->code;
}

/* Nobody sits in it any more. */
static void release(struct lobby *lobby) {
    lobby_recipients_forget(lobby);
    lobby_votes_drop(lobby);
    lobby_rules_destroy(lobby);
    json_decref(lobby->settings);
    json_decref(lobby->host_setting);
    lobby_members_free(lobby);
    if (lobby->votes != lobby_no_votes) free(lobby->votes);
    free(lobby->listed.text);
    free(lobby->results);
    checkpoint_close(lobby->checkpoint);
    lobby_table_remove(lobby);
}

void lobby_close(struct lobby *lobby, uint32_t leave_reason, const char *reason) {
    char said[MUSTER_REASON_MAX];
    snprintf(said, sizeof said, "%s", reason);
    if (lobby->closing) return;
    if (!text_line_mend(said)) said[0] = '\0';
    lobby->closing = true;
    log_fields(MUSTER_LOG_INFO, "lobby",
               &(struct log_fields){.lobby = lobby->key, .event = "lobby_closed"}, "%s closed: %s",
               lobby->game_mode, said);
    if (leave_reason == MUSTER_LEAVE_SHUTDOWN) lobby_disturb(lobby, MUSTER_DISTURBED_SHUTDOWN, 0);
    lobby_match_stop(lobby);
    lobby_state_set(lobby, MUSTER_LOBBY_COMPLETED);
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++)
        if (lobby->members[i].state != MEMBER_NONE)
            lobby_member_remove(lobby, i, leave_reason, said);
    lobby_emit(lobby, MUSTER_NOTICE_LOBBY_CLOSED, (muster_player_id){0}, MUSTER_SEAT_NONE, 0);
    lobby_journal_end(lobby);
    release(lobby);
}

void lobby_let_go(struct lobby *lobby) {
    muster_player_id id = {0};
    lobby->closing = true;
    pacer_remove(&lobby->pace);
    lobby_recipients_forget(lobby);
    match_destroy(lobby->match);
    lobby->match = NULL;
    for (struct session *session; (session = session_next(&id));) {
        if (!MUSTER_ID_SAME(session->lobby, lobby->id)) continue;
        session->lobby = (muster_lobby_id){0};
        session_settle(session);
    }
    release(lobby);
}
