/* crash - a plugin that dereferences null where its command says, run as
 * musterd --run "crash PLACE". Prints the key of its lobby first. Of a server, when a player of its
 * mode says so. */
#include <muster/plugin.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

static struct {
    struct play play;
    char place[16];
} crash;

struct match_of {
    muster_match_id id;
    bool dies_in_load;
    bool forgets; /* that it does, in load */
};

/* It shall fault, not be found out. */
__attribute__((no_sanitize("address", "undefined"), noreturn)) static void die(void) {
    volatile int *volatile nothing = NULL;
    *nothing = 1;
    abort();
}

static void die_at(const char *place) {
    if (strcmp(crash.place, place) == 0) die();
}

/* ---- the mode, of which nothing is needed but that it ticks ---- */

static muster_status create(void *instance, const struct muster_match_info *info, void **state) {
    struct match_of *match = calloc(1, sizeof *match);
    (void)instance;
    if (!match) return MUSTER_NO_MEMORY;
    match->id = info->match;
    *state = match;
    return MUSTER_OK;
}

static void destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static muster_status join(void *instance, void *state, uint32_t seat) {
    (void)instance, (void)state, (void)seat;
    return MUSTER_OK;
}

static void leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance, (void)state, (void)seat, (void)reason;
}

static void input(void *instance, void *state, uint32_t seat, const struct muster_input *given) {
    (void)instance, (void)state, (void)seat, (void)given;
}

/* Die, be killed, die in load, or load what was not saved; anything else is a point. */
static void message(void *instance, void *state, uint32_t seat, const void *data, uint32_t len) {
    struct match_of *match = state;
    (void)instance, (void)len;
    switch (*(const char *)data) {
    case 'd': die();
    case 'k': raise(SIGKILL); break;
    case 'l': match->dies_in_load = true; break;
    case 'f': match->forgets = true; break;
    }
    (void)crash.play.host->match->stat_add(crash.play.self, match->id, seat, MUSTER_STAT_SCORE, 1);
}

static void tick(void *instance, void *state, const struct muster_tick *now) {
    (void)instance, (void)state, (void)now;
    die_at("tick");
}

static void snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                     struct muster_writer *out) {
    (void)instance, (void)state, (void)view, (void)full;
    muster_put_u8(out, 0);
}

static void intro(void *instance, void *state, struct muster_writer *out) {
    (void)instance, (void)state;
    muster_put_bytes(out, "{}", 2);
}

static void save(void *instance, void *state, struct muster_writer *out) {
    const struct match_of *match = state;
    (void)instance;
    muster_put_u8(out, match->dies_in_load);
    muster_put_u8(out, match->forgets);
}

static muster_status load(void *instance, void *state, struct muster_reader *in) {
    (void)instance, (void)state;
    if (muster_get_u8(in)) die();
    (void)muster_get_u8(in);
    return MUSTER_OK;
}

/* ---- the rules ---- */

static muster_status lobby_begins(void *instance, muster_lobby_id lobby, void **state) {
    struct muster_lobby_info info = {.size = sizeof info};
    (void)instance;
    *state = &crash;
    (void)crash.play.host->lobby->get(crash.play.self, lobby, &info);
    fprintf(stderr, "the lobby is %s\n", info.lobby_key);
    return MUSTER_OK;
}

static void lobby_ends(void *instance, void *state) {
    (void)instance, (void)state;
}

static muster_verdict allow(void *instance, void *state, const struct muster_action *action,
                            char *reason, uint32_t cap) {
    (void)instance, (void)state, (void)reason, (void)cap;
    if (action->kind == MUSTER_ACTION_READY) die_at("allow");
    return MUSTER_PASS;
}

/* ---- the command ---- */

static void on_timer(void *user) {
    (void)user;
    die_at("timer");
}

static void *on_thread(void *user) {
    (void)user;
    die_at("thread");
    return NULL;
}

static void on_command(void *user, const char *arguments, struct muster_writer *answer) {
    (void)user;
    pthread_t thread;
    muster_timer_id timer;
    struct play *play = &crash.play;
    play->out = answer;
    snprintf(crash.place, sizeof crash.place, "%s", arguments);
    muster_player_id ann = play_player(play, "Ann");
    play_lobby_of(play, ann, "crash", json_object());
    if (strcmp(arguments, "abort") == 0) abort();
    (void)play->host->loop->timer_start(play->self, 1, 0, on_timer, NULL, &timer);
    if (pthread_create(&thread, NULL, on_thread, NULL) == 0) pthread_join(thread, NULL);
    json_decref(play_do(play, ann, "lobby.ready", json_pack("{s:b}", "ready", 1)));
    play_advance(play, 10000);
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    static const char *const maps[] = {"flat"};
    const struct muster_mode_info mode = {.size = sizeof mode,
                                          .players_max = 4,
                                          .game_mode = "crash",
                                          .title = "Crash",
                                          .maps = maps,
                                          .map_count = 1,
                                          .tick_rate_hz = 20,
                                          .view_count = 1,
                                          .snapshot_max_bytes = 64};
    crash.play = (struct play){.self = self, .host = host, .engine = host->engine};
    *instance = &crash;
    muster_status status = host->match->mode_add(self, &mode);
    return status ? status : host->admin->command_add(self, "crash", "PLACE", on_command, NULL);
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = create,
                                        .destroy = destroy,
                                        .join = join,
                                        .leave = leave,
                                        .input = input,
                                        .tick = tick,
                                        .snapshot = snapshot,
                                        .intro = intro,
                                        .save = save,
                                        .load = load,
                                        .message = message};
static const struct muster_rules rules = {
    .size = sizeof rules, .create = lobby_begins, .destroy = lobby_ends, .allow = allow};
static const struct muster_role roles[] = {{MUSTER_ROLE_MODE, 0, &mode},
                                           {MUSTER_ROLE_RULES, 0, &rules}};
MUSTER_PLUGIN(.name = "crash", .version = "1.0.0", .description = "Crashes where it is told to.",
              .roles = roles, .role_count = 2, .init = init);
