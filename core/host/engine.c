#include "engine.h"

#include "engine_internal.h"
#include "host_internal.h"
#include "lobby.h"
#include "pacer.h"
#include "plugin.h"
#include "store.h"

static struct {
    bool is_offered;
    bool in_command;
    bool busy; /* inside one of the functions */
    uint32_t hidden;
} engine;

void engine_offer(void) {
    engine.is_offered = true;
}

void engine_begin(void) {
    engine.in_command = true;
}

void engine_end(void) {
    engine_player_remove_all();
    engine.in_command = false;
}

/* ---- the present moment ---------------------------------------------------------------------- */

static bool is_settled(void *user) {
    (void)user;
    return loop_quiet() && store_waiting() == 0;
}

muster_status engine_settle(void) {
    return loop_run_until(is_settled, NULL, ENGINE_WAIT_MS) ? MUSTER_OK : MUSTER_TIMEOUT;
}

/* ---- into a function and out of it ----------------------------------------------------------- */

static muster_status enter(muster_self *self, const char *function, bool arguments_good) {
    if (!host_on_loop(self, function)) return MUSTER_THREAD;
    if (!engine.is_offered) return MUSTER_UNSUPPORTED;
    if (!arguments_good) return MUSTER_INVALID;
    if (!engine.in_command || engine.busy || plugin_depth() != 1) {
        plugin_fault(self, "host->engine->%s was called outside of the command", function);
        return MUSTER_STATE;
    }
    engine.busy = true;
    engine.hidden = plugin_depth_hide();
    return MUSTER_OK;
}

static void leave(void) {
    plugin_depth_show(engine.hidden);
    engine.busy = false;
}

/* What was set going is done, too, when the function returns. */
static muster_status leave_settled(muster_status status) {
    muster_status settled = engine_settle();
    leave();
    return status ? status : settled;
}

#define ENTER(self, arguments_good)                                                                \
    do {                                                                                           \
        muster_status entered = enter(self, __func__, arguments_good);                             \
        if (entered) return entered;                                                               \
    } while (0)

/* ---- players --------------------------------------------------------------------------------- */

static muster_status player_add(muster_self *self, const char *display_name,
                                muster_player_id *out) {
    ENTER(self, display_name && out);
    return leave_settled(engine_player_add(display_name, out));
}

static void player_remove(muster_self *self, muster_player_id player) {
    if (enter(self, __func__, true)) return;
    (void)leave_settled(engine_player_remove(player)); /* NOT_FOUND: it is gone */
}

static muster_status connection_set(muster_self *self, muster_player_id player,
                                    uint32_t connected) {
    ENTER(self, true);
    return leave_settled(engine_player_connection_set(player, connected != 0));
}

static muster_status request(muster_self *self, muster_player_id player, const char *method,
                             const char *params_json, struct muster_writer *answer) {
    ENTER(self, method && answer);
    return leave_settled(engine_player_request(player, method, params_json, answer));
}

static muster_status notification(muster_self *self, muster_player_id player,
                                  struct muster_writer *out) {
    ENTER(self, out);
    muster_status status = engine_player_notification(player, out);
    leave();
    return status;
}

static muster_status input(muster_self *self, muster_player_id player,
                           const struct muster_input *given) {
    ENTER(self, given);
    muster_status status = engine_player_input(player, given);
    leave();
    return status;
}

static muster_status message(muster_self *self, muster_player_id player, const void *data,
                             uint32_t len) {
    ENTER(self, data);
    muster_status status = engine_player_message(player, data, len);
    leave();
    return status;
}

static muster_status snapshot(muster_self *self, muster_player_id player,
                              struct muster_writer *out) {
    ENTER(self, out);
    muster_status status = engine_player_snapshot(player, out);
    leave();
    return status;
}

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t next_due_ms(void) {
    uint64_t timer_ms = loop_clock_due_ms(), tick_ms = pacer_due_ms();
    return timer_ms < tick_ms ? timer_ms : tick_ms;
}

muster_status engine_pass(uint32_t ms) {
    uint64_t until_ms = loop_now_ms() + ms;
    muster_status status = engine_settle();
    for (uint64_t at_ms; !status && (at_ms = next_due_ms()) <= until_ms;) {
        loop_clock_advance(at_ms);
        pacer_run();
        status = engine_settle();
    }
    if (!status) loop_clock_advance(until_ms);
    return status;
}

static muster_status advance(muster_self *self, uint32_t ms) {
    ENTER(self, true);
    muster_status status = engine_pass(ms);
    leave();
    return status;
}

/* ---- matches --------------------------------------------------------------------------------- */

static muster_status seed(muster_self *self, uint64_t first) {
    ENTER(self, true);
    lobby_seed(first);
    leave();
    return MUSTER_OK;
}

/* STATE: it plays none. */
static muster_status find_match(muster_lobby_id id, struct match **out) {
    const struct lobby *lobby = lobby_find(id);
    if (!lobby) return MUSTER_NOT_FOUND;
    *out = lobby->match;
    return *out ? MUSTER_OK : MUSTER_STATE;
}

static muster_status hash(muster_self *self, muster_lobby_id lobby, uint64_t *out) {
    struct match *match;
    ENTER(self, out);
    muster_status status = find_match(lobby, &match);
    if (!status) *out = match_hash(match);
    leave();
    return status;
}

static muster_status find_running(muster_lobby_id id, struct match **out) {
    muster_status status = find_match(id, out);
    return !status && (*out)->ended ? MUSTER_STATE : status;
}

static muster_status steer(muster_self *self, muster_lobby_id id,
                           void (*fn)(void *user, muster_match_id match), void *user) {
    struct match *match;
    ENTER(self, fn);
    muster_status status = find_running(id, &match);
    if (!status) match_steer(match, self, fn, user);
    return leave_settled(status);
}

static muster_status reincarnate(muster_self *self, muster_lobby_id id) {
    struct match *match;
    ENTER(self, true);
    muster_status status = find_running(id, &match);
    if (!status) status = lobby_match_reincarnate(lobby_find(id));
    return leave_settled(status);
}

const struct muster_host_engine host_engine_group = {
    .size = sizeof host_engine_group,
    .player_add = player_add,
    .player_remove = player_remove,
    .request = request,
    .notification = notification,
    .input = input,
    .message = message,
    .snapshot = snapshot,
    .advance = advance,
    .seed = seed,
    .hash = hash,
    .steer = steer,
    .reincarnate = reincarnate,
    .connection_set = connection_set,
};
