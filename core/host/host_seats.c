/* host->lobby: lobbies that plugins make, save and load, and seats that they hold for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_internal.h"
#include "lobby.h"

#define HOLD_MS_MIN 1000
#define HOLD_MS_MAX 3600000

muster_status host_lobby_status(int32_t code) {
    switch (code) {
    case RPC_OK: return MUSTER_OK;
    case RPC_INVALID_PARAMS: return MUSTER_INVALID;
    case RPC_WRONG_STATE: return MUSTER_STATE;
    case RPC_LOBBY_FULL: return MUSTER_FULL;
    case RPC_SERVER_FULL: return MUSTER_LIMIT;
    case RPC_SERVER_BUSY: return MUSTER_UNAVAILABLE;
    case RPC_ALREADY_IN_LOBBY: return MUSTER_CONFLICT;
    case RPC_INTERNAL: return MUSTER_NO_MEMORY;
    default: return MUSTER_DENIED;
    }
}

muster_status host_lobby_find(muster_self *self, const char *lobby_key, muster_lobby_id *out) {
    HOST_CHECK_THREAD(self);
    if (!lobby_key || !out) return MUSTER_INVALID;
    const struct lobby *lobby = lobby_find_key(lobby_key);
    if (lobby) *out = lobby->id;
    return lobby ? MUSTER_OK : MUSTER_NOT_FOUND;
}

/* ---- create, load ---------------------------------------------------------------------------- */

/* A lobby that is made in the next turn, when no plugin is on the stack: the rules are asked, the
 * mode loads its match. */
struct making {
    struct handle handle;
    bool is_over; /* told; freed in its turn */
    muster_lobby_made_fn fn;
    void *user;
    json_t *settings;
    char game_mode[MUSTER_NAME_MAX];
    char region[MUSTER_NAME_MAX];
    uint8_t *state; /* to be loaded; null: a new one */
    uint32_t state_len;
};

static void tell_made(struct making *making, muster_status status, muster_lobby_id lobby,
                      const char *reason) {
    making->is_over = true;
    host_handle_close(&making->handle);
    plugin_enter(making->handle.resource.owner, "lobby.made");
    making->fn(making->user, status, lobby, reason);
    plugin_leave();
}

static void close_making(struct resource *resource) {
    tell_made((struct making *)resource, MUSTER_CLOSED, (muster_lobby_id){0}, "");
}

static const struct resource_kind making_kind = {"lobby to be made", close_making, true};

static void load(struct making *making) {
    struct lobby *lobby = NULL;
    char error[LOBBY_ERROR_MAX] = "";
    const struct muster_bytes state = {making->state, making->state_len};
    muster_status status = lobby_load(state, MUSTER_DISTURBED_RESTART, &lobby, error);
    tell_made(making, status, lobby ? lobby->id : (muster_lobby_id){0}, error);
}

static void make(struct making *making) {
    struct lobby *lobby = NULL;
    struct failure failure = {0};
    const struct lobby_wish wish = {
        .game_mode = making->game_mode, .region = making->region, .settings = making->settings};
    if (making->region[0] && !lobby_region_served(making->region))
        failure_set(&failure, RPC_INVALID_PARAMS, "region: \"%s\" is not served here",
                    making->region);
    else
        (void)lobby_create(&wish, &lobby, &failure);
    tell_made(making, host_lobby_status(failure.code), lobby ? lobby->id : (muster_lobby_id){0},
              failure.message);
    json_decref(failure.data);
}

static void free_making(struct making *making) {
    json_decref(making->settings);
    free(making->state);
    free(making);
}

static void do_make(void *user) {
    struct making *making = user;
    if (!making->is_over) (making->state ? load : make)(making);
    free_making(making);
}

/* Takes making. */
static muster_status make_later(muster_self *self, struct making *making) {
    muster_status status = host_handle_open(self, &making->handle, &making_kind);
    if (status == MUSTER_OK) {
        status = host_defer(do_make, making);
        if (status) host_handle_close(&making->handle);
    }
    if (status) free_making(making);
    return status;
}

static bool take_name(char out[MUSTER_NAME_MAX], const char *name) {
    return snprintf(out, MUSTER_NAME_MAX, "%s", name ? name : "") < MUSTER_NAME_MAX;
}

static bool take_plan(struct making *making, const struct muster_lobby_plan *plan) {
    const char *text = plan->settings_json ? plan->settings_json : "{}";
    making->settings = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (plan->is_private && json_is_object(making->settings))
        json_object_set_new(making->settings, "isPrivate", json_true());
    return json_is_object(making->settings) && plan->game_mode &&
           take_name(making->game_mode, plan->game_mode) && take_name(making->region, plan->region);
}

muster_status host_lobby_create(muster_self *self, const struct muster_lobby_plan *plan,
                                muster_lobby_made_fn fn, void *user) {
    HOST_CHECK_STARTED_OPEN(self);
    struct muster_lobby_plan full;
    if (!ABI_COPY_IN(self, muster_lobby_plan, &full, plan) || !fn) return MUSTER_INVALID;
    struct making *making = calloc(1, sizeof *making);
    if (!making) return MUSTER_NO_MEMORY;
    making->fn = fn;
    making->user = user;
    if (take_plan(making, &full)) return make_later(self, making);
    free_making(making);
    return MUSTER_INVALID;
}

muster_status host_lobby_load(muster_self *self, struct muster_bytes state, muster_lobby_made_fn fn,
                              void *user) {
    HOST_CHECK_STARTED_OPEN(self);
    if (!fn || (!state.data && state.len)) return MUSTER_INVALID;
    if (state.len > LOBBY_STATE_BYTES_MAX) return MUSTER_LIMIT;
    struct making *making = calloc(1, sizeof *making);
    if (!making) return MUSTER_NO_MEMORY;
    making->fn = fn;
    making->user = user;
    making->state = malloc(state.len + 1);
    if (!making->state) {
        free(making);
        return MUSTER_NO_MEMORY;
    }
    if (state.len) memcpy(making->state, state.data, state.len);
    making->state_len = (uint32_t)state.len;
    return make_later(self, making);
}

/* ---- save ------------------------------------------------------------------------------------ */

/* A lobby that is saved in the next turn: the mode and the rules write what is theirs. */
struct saving {
    struct handle handle;
    bool is_over; /* told; freed in its turn */
    muster_lobby_saved_fn fn;
    void *user;
    muster_lobby_id lobby;
    uint8_t bytes[LOBBY_STATE_BYTES_MAX];
};

static void tell_saved(struct saving *saving, muster_status status, uint32_t len,
                       const char *reason) {
    const struct muster_bytes state = {status ? NULL : saving->bytes, len};
    saving->is_over = true;
    host_handle_close(&saving->handle);
    plugin_enter(saving->handle.resource.owner, "lobby.saved");
    saving->fn(saving->user, status, state, reason);
    plugin_leave();
}

static void close_saving(struct resource *resource) {
    tell_saved((struct saving *)resource, MUSTER_CLOSED, 0, "");
}

static const struct resource_kind saving_kind = {"lobby to be saved", close_saving, true};

static void save(struct saving *saving) {
    struct lobby *lobby = lobby_find(saving->lobby);
    char error[LOBBY_ERROR_MAX] = "it is gone";
    struct muster_writer w = muster_writer_make(saving->bytes, sizeof saving->bytes);
    muster_status status = lobby ? lobby_save(lobby, &w, error) : MUSTER_NOT_FOUND;
    tell_saved(saving, status, w.len, status ? error : "");
}

static void do_save(void *user) {
    struct saving *saving = user;
    if (!saving->is_over) save(saving);
    free(saving);
}

muster_status host_lobby_save(muster_self *self, muster_lobby_id id, muster_lobby_saved_fn fn,
                              void *user) {
    HOST_CHECK_STARTED_OPEN(self);
    if (!fn) return MUSTER_INVALID;
    if (!lobby_find(id)) return MUSTER_NOT_FOUND;
    struct saving *saving = calloc(1, sizeof *saving);
    if (!saving) return MUSTER_NO_MEMORY;
    saving->fn = fn;
    saving->user = user;
    saving->lobby = id;
    muster_status status = host_handle_open(self, &saving->handle, &saving_kind);
    if (status == MUSTER_OK) {
        status = host_defer(do_save, saving);
        if (status) host_handle_close(&saving->handle);
    }
    if (status) free(saving);
    return status;
}

/* ---- seats ----------------------------------------------------------------------------------- */

muster_status host_seat_reserve(muster_self *self, muster_lobby_id id,
                                const struct muster_seat_wish *wish, struct muster_seat_ticket *out,
                                char *reason, uint32_t cap) {
    HOST_CHECK_STARTED(self);
    struct muster_seat_wish full;
    struct failure failure = {0};
    struct session *session;
    struct muster_seat_ticket given = {0};
    _Static_assert(sizeof given.ticket >= TICKET_TEXT_SIZE, "a ticket has room");
    if (!ABI_COPY_IN(self, muster_seat_wish, &full, wish)) return MUSTER_INVALID;
    if (!ABI_GIVEN(self, muster_seat_ticket, out)) return MUSTER_INVALID;
    if (reason && cap) reason[0] = '\0';
    struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    if (!full.player_key || full.hold_ms < HOLD_MS_MIN || full.hold_ms > HOLD_MS_MAX)
        return MUSTER_INVALID;
    const struct lobby_expected who = {.player_key = full.player_key,
                                       .display_name = full.display_name ? full.display_name : "",
                                       .team = full.team,
                                       .hold_ms = full.hold_ms,
                                       .asker = self,
                                       .issue = full.ticket_issue};
    int32_t code = lobby_expect(lobby, &who, given.ticket, &session, &failure);
    json_decref(failure.data);
    if (code) {
        if (reason && cap) snprintf(reason, cap, "%s", failure.message);
        return host_lobby_status(code);
    }
    given.player = session->id;
    given.seat = session->member;
    abi_copy_out(out, &given);
    return MUSTER_OK;
}
