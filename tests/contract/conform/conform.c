/* conform.c - the plugin: where it stands, and what a match of its mode is. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conform.h"

static const char *const maps[] = {"plain", "hills"};
static const char settings[] =
    "[{\"key\":\"conformLimit\",\"type\":\"int\",\"default\":3,\"min\":0,\"max\":99,"
    "\"help\":\"Limit.\"},"
    "{\"key\":\"conformOpen\",\"type\":\"bool\",\"default\":true,\"help\":\"Open.\"},"
    "{\"key\":\"conformWord\",\"type\":\"string\",\"default\":\"word\",\"min\":0,\"max\":20,"
    "\"when\":\"always\",\"help\":\"Word.\"}]";

/* ---- the mode -------------------------------------------------------------------------------- */

static muster_status mode_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    struct conform *c = instance;
    c->match = info->match;
    *state = c;
    conform_at(c, "mode.create");
    return MUSTER_OK;
}

static void mode_destroy(void *instance, void *state) {
    if (state) conform_at(instance, "mode.destroy");
    ((struct conform *)instance)->match = (muster_match_id){0};
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    (void)state;
    if (seat == 1) conform_at(instance, "mode.join");
    return MUSTER_OK;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)state, (void)seat, (void)reason;
    conform_at(instance, "mode.leave");
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)state;
    if (seat == 0 && !input->repeated) conform_at(instance, "mode.input");
}

static void mode_message(void *instance, void *state, uint32_t seat, const void *data,
                         uint32_t len) {
    (void)state, (void)seat, (void)data, (void)len;
    conform_at(instance, "mode.message");
}

static void mode_connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    (void)state, (void)seat, (void)connected;
    conform_at(instance, "mode.connection");
}

/* Asks the rules, so that they can be called from within. */
static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct conform *c = instance;
    const struct muster_param param = {
        .size = sizeof param, .other_seat = MUSTER_SEAT_NONE, .name = "damage"};
    const struct muster_fact fact = {.size = sizeof fact,
                                     .kind = "kill",
                                     .other_seat = MUSTER_SEAT_NONE,
                                     .third_seat = MUSTER_SEAT_NONE};
    (void)state, (void)tick;
    conform_at(c, "mode.tick");
    if (!c->wanted) return;
    (void)c->host->match->adjust(c->self, c->match, &param, 0);
    (void)c->host->match->tell(c->self, c->match, &fact);
    c->host->match->fact(c->self, c->match, 0, "conform", 1);
}

static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    (void)state, (void)view, (void)full;
    conform_at(instance, "mode.snapshot");
    muster_put_u8(out, 1);
}

static uint32_t mode_view(void *instance, void *state, uint32_t seat) {
    (void)state;
    if (seat == 0) conform_at(instance, "mode.view");
    return 0;
}

static muster_status mode_command(void *instance, void *state,
                                  const struct muster_command *command) {
    (void)state, (void)command;
    conform_at(instance, "mode.command");
    return MUSTER_OK;
}

static void mode_intro(void *instance, void *state, struct muster_writer *out) {
    (void)state;
    conform_at(instance, "mode.intro");
    muster_put_bytes(out, "{}", 2);
}

static void mode_save(void *instance, void *state, struct muster_writer *out) {
    (void)state;
    conform_at(instance, "mode.save");
    muster_put_u8(out, 1);
}

static muster_status mode_load(void *instance, void *state, struct muster_reader *in) {
    (void)state;
    conform_at(instance, "mode.load");
    return muster_get_u8(in) == 1 ? MUSTER_OK : MUSTER_INVALID;
}

static void mode_setting(void *instance, void *state, const char *key) {
    (void)state, (void)key;
    conform_at(instance, "mode.setting");
}

static void mode_replay(void *instance, void *state, uint32_t is_replay) {
    (void)state, (void)is_replay;
    conform_at(instance, "mode.replay");
}

static const struct muster_mode mode = {.size = sizeof mode,
                                        .create = mode_create,
                                        .destroy = mode_destroy,
                                        .join = mode_join,
                                        .leave = mode_leave,
                                        .input = mode_input,
                                        .message = mode_message,
                                        .connection = mode_connection,
                                        .tick = mode_tick,
                                        .snapshot = mode_snapshot,
                                        .view = mode_view,
                                        .intro = mode_intro,
                                        .command = mode_command,
                                        .save = mode_save,
                                        .load = mode_load,
                                        .setting = mode_setting,
                                        .replay = mode_replay};

/* ---- the rules ------------------------------------------------------------------------------- */

static muster_verdict rules_allow(void *instance, void *state, const struct muster_action *action,
                                  char *reason, uint32_t cap) {
    (void)state, (void)reason, (void)cap;
    if (action->kind == MUSTER_ACTION_CHAT) conform_at(instance, "rules.allow");
    return MUSTER_PASS;
}

static void rules_adjust(void *instance, void *state, muster_match_id match,
                         const struct muster_param *param, int64_t *value) {
    (void)state, (void)match, (void)param;
    ++*value;
    conform_at(instance, "rules.adjust");
}

static muster_verdict rules_chat(void *instance, void *state, const struct muster_chat *chat,
                                 char *text, uint32_t cap) {
    (void)state, (void)chat, (void)text, (void)cap;
    conform_at(instance, "rules.chat");
    return MUSTER_PASS;
}

static muster_status rules_match_begin(void *instance, void *state,
                                       const struct muster_match_info *info) {
    (void)state, (void)info;
    conform_at(instance, "rules.match_begin");
    return MUSTER_OK;
}

static void rules_match_end(void *instance, void *state) {
    (void)state;
    conform_at(instance, "rules.match_end");
}

static void rules_match_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)state, (void)tick;
    conform_at(instance, "rules.match_tick");
}

static void rules_match_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)state;
    if (strcmp(fact->kind, MUSTER_FACT_DISTURBED) != 0) /* which a busy machine brings */
        conform_at(instance, "rules.match_fact");
}

static void rules_match_note(void *instance, void *state, const void *data, uint32_t len) {
    (void)state, (void)data, (void)len;
    conform_at(instance, "rules.match_note");
}

static muster_status rules_create(void *instance, muster_lobby_id lobby, void **state) {
    (void)lobby;
    conform_at(instance, "rules.create");
    *state = instance;
    return MUSTER_OK;
}

static void rules_destroy(void *instance, void *state) {
    (void)state;
    conform_at(instance, "rules.destroy");
}

static void rules_save(void *instance, void *state, struct muster_writer *out) {
    (void)state, (void)out;
    conform_at(instance, "rules.save");
}

static muster_status rules_load(void *instance, void *state, struct muster_reader *in) {
    (void)state, (void)in;
    conform_at(instance, "rules.load");
    return MUSTER_OK;
}

static void rules_changed(void *instance, void *state, const char *key, const char *value) {
    (void)state, (void)key, (void)value;
    conform_at(instance, "rules.changed");
}

static void rules_notice(void *instance, void *state, const struct muster_notice *notice) {
    (void)state, (void)notice;
    conform_at(instance, "rules.notice");
}

static void rules_match_join(void *instance, void *state, uint32_t seat) {
    (void)state;
    if (seat == 1) conform_at(instance, "rules.match_join");
}

static void rules_match_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)state, (void)seat, (void)reason;
    conform_at(instance, "rules.match_leave");
}

static void rules_match_connection(void *instance, void *state, uint32_t seat, uint32_t connected) {
    (void)state, (void)seat, (void)connected;
    conform_at(instance, "rules.match_connection");
}

static void rules_match_setting(void *instance, void *state, const char *key) {
    (void)state, (void)key;
    conform_at(instance, "rules.match_setting");
}

static void rules_match_replay(void *instance, void *state, uint32_t is_replay) {
    (void)state, (void)is_replay;
    conform_at(instance, "rules.match_replay");
}

static const struct muster_rules rules = {.size = sizeof rules,
                                          .create = rules_create,
                                          .destroy = rules_destroy,
                                          .save = rules_save,
                                          .load = rules_load,
                                          .changed = rules_changed,
                                          .notice = rules_notice,
                                          .match_join = rules_match_join,
                                          .match_leave = rules_match_leave,
                                          .match_connection = rules_match_connection,
                                          .match_setting = rules_match_setting,
                                          .allow = rules_allow,
                                          .adjust = rules_adjust,
                                          .chat = rules_chat,
                                          .match_begin = rules_match_begin,
                                          .match_end = rules_match_end,
                                          .match_tick = rules_match_tick,
                                          .match_fact = rules_match_fact,
                                          .match_note = rules_match_note,
                                          .match_replay = rules_match_replay};

/* ---- a thread that is not the loop's ----------------------------------------------------------
 */

/* The n-th function of all. False: there are no more. */
static bool find_row(struct conform *c, uint32_t n, const struct conform_row **out) {
    for (size_t g = 0; g < conform_group_count; g++) {
        c->group = conform_groups[g].name;
        if (n < conform_groups[g].count) {
            *out = &conform_groups[g].rows[n];
            return true;
        }
        n -= (uint32_t)conform_groups[g].count;
    }
    return false;
}

static void on_thread(void *user) {
    struct conform *c = user;
    const struct conform_row *row;
    c->on_thread = find_row(c, c->thread_row, &row);
    if (!c->on_thread) return;
    c->function = row->function;
    row->run(c);
}

static void after_thread(void *user, muster_status status);

/* One function after the other, so that its faults can be told from those of the next. */
static void thread_next(void *user) {
    struct conform *c = user;
    muster_work_id id;
    if (c->on_thread) {
        c->on_thread = false;
        conform_done(c, "all of these");
        c->thread_row++;
        if (c->host->loop->work(c->self, on_thread, after_thread, c, &id) == MUSTER_OK) return;
    }
    fprintf(stderr, "conform waits for GET /conform\n");
    if (c->over) c->over(c->over_user);
}

/* The thread's faults are counted by posts: this one comes behind them. */
static void after_thread(void *user, muster_status status) {
    struct conform *c = user;
    (void)status;
    (void)c->host->loop->post(c->self, thread_next, c);
}

static void thread_begin(struct conform *c) {
    muster_work_id id;
    c->place = "thread";
    (void)c->host->loop->work(c->self, on_thread, after_thread, c, &id);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void on_timer(void *user) {
    struct conform *c = user;
    conform_rows(c, "timer");
    thread_begin(c);
}

static void on_ready(void *user, const struct muster_notice *notice) {
    struct conform *c = user;
    muster_timer_id id;
    (void)notice;
    conform_rows(c, "notice");
    (void)c->host->loop->timer_start(c->self, 1, 0, on_timer, c, &id);
}

/* The last place before the server is asked to stop. */
static void on_request(void *user, const struct muster_http_request *request) {
    struct conform *c = user;
    c->request = request->id;
    conform_rows(c, "http.handler");
    c->request = (muster_request_id){0};
    if (!c->over) kill(getpid(), SIGTERM);
}

static void on_call(void *user, const struct muster_rpc_call *call) {
    struct conform *c = user;
    c->call = call->id;
    conform_at(c, "rpc.method");
    (void)c->host->rpc->answer(c->self, call->id, "{}");
    c->call = (muster_rpc_call_id){0};
}

static muster_status declare(struct conform *c) {
    const struct muster_mode_info info = {.size = sizeof info,
                                          .players_max = 8,
                                          .game_mode = "conform",
                                          .title = "Conform",
                                          .settings_json = settings,
                                          .maps = maps,
                                          .map_count = 2,
                                          .tick_rate_hz = 20,
                                          .view_count = 2,
                                          .snapshot_max_bytes = 1000};
    muster_status status = c->host->match->mode_add(c->self, &info);
    const struct muster_route route = {.size = sizeof route, .method = "GET", .path = "/conform"};
    if (!status) status = c->host->http->route_add(c->self, &route, on_request, c, NULL);
    if (!status) status = c->host->rpc->method_add(c->self, "conform.call", on_call, c);
    if (!status)
        status = c->host->admin->command_add(c->self, "conform", "Play it.", conform_command, c);
    return status;
}

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    struct conform *c = calloc(1, sizeof *c);
    const char *path = getenv("CONFORM_OUT");
    const char *part = getenv("CONFORM_PART");
    if (!c || !path || !part) {
        free(c);
        return MUSTER_UNAVAILABLE;
    }
    *c = (struct conform){.self = self, .host = host, .play = conform_play};
    c->serving = strcmp(part, "serve") == 0;
    c->storing = strcmp(part, "store") == 0;
    c->out = fopen(path, "we");
    muster_status status = c->out ? declare(c) : MUSTER_IO;
    if (!status && c->serving)
        status = host->events->subscribe(self, 1u << MUSTER_NOTICE_SERVER_READY, on_ready, c);
    if (!status && c->serving) conform_rows(c, "init");
    if (status) free(c);
    *instance = c;
    return status;
}

static muster_status check(void *instance, struct muster_writer *mistakes) {
    struct conform *c = instance;
    (void)mistakes;
    if (c->serving) conform_rows(c, "check");
    return MUSTER_OK;
}

static muster_status start(void *instance) {
    struct conform *c = instance;
    if (c->serving) conform_rows(c, "start");
    return MUSTER_OK;
}

static void drain(void *instance) {
    struct conform *c = instance;
    if (c->serving) conform_rows(c, "drain");
}

static void stop(void *instance) {
    struct conform *c = instance;
    if (c->serving) conform_rows(c, "stop");
}

static void fini(void *instance) {
    struct conform *c = instance;
    if (c->serving) conform_rows(c, "fini");
    fclose(c->out);
    free(c);
}

/* One comes, and is not let in. */
static muster_verdict authenticate(void *instance, const struct muster_auth_request *request,
                                   struct muster_identity *out) {
    struct conform *c = instance;
    (void)out;
    c->auth = request->ticket;
    conform_rows(c, "auth.authenticate"); /* its row of player.auth_complete answers */
    c->auth = (muster_auth_ticket_id){0};
    return MUSTER_PENDING;
}

static const struct muster_auth auth = {.size = sizeof auth, .authenticate = authenticate};
static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service},
                                           {MUSTER_ROLE_AUTH, 0, &auth},
                                           {MUSTER_ROLE_MODE, 0, &mode},
                                           {MUSTER_ROLE_RULES, 0, &rules},
                                           {MUSTER_ROLE_VICTORY, 0, &conform_victory},
                                           {MUSTER_ROLE_ANTICHEAT, 0, &conform_anticheat},
                                           {MUSTER_ROLE_REPORTER, 0, &conform_reporter},
                                           {MUSTER_ROLE_MATCHMAKER, 0, &conform_matchmaker},
#ifdef CONFORM_DATABASE
                                           {MUSTER_ROLE_DATABASE, 0, &conform_database},
                                           {MUSTER_ROLE_KV, 0, &conform_kv}
#endif
};
static const char config_schema[] =
    "[{\"key\":\"limit\",\"type\":\"int\",\"default\":3,\"min\":0,\"max\":9,\"help\":\"Limit.\"},"
    "{\"key\":\"share\",\"type\":\"number\",\"default\":0.5,\"min\":0,\"max\":1,"
    "\"help\":\"Share.\"},"
    "{\"key\":\"open\",\"type\":\"bool\",\"default\":true,\"help\":\"Open.\"},"
    "{\"key\":\"title\",\"type\":\"string\",\"default\":\"a title\",\"help\":\"Title.\"},"
    "{\"key\":\"names\",\"type\":\"list\",\"default\":[\"a\",\"b\"],\"help\":\"Names.\"}]";

#ifdef CONFORM_DATABASE
#define NAME "database_conform"
#else
#define NAME "service_conform"
#endif
MUSTER_PLUGIN(.name = NAME, .version = "1.0.0",
              .description = "Calls every host function everywhere.", .roles = roles,
              .role_count = sizeof roles / sizeof roles[0], .config_schema = config_schema,
              .init = init, .check = check, .start = start, .drain = drain, .stop = stop,
              .fini = fini);
