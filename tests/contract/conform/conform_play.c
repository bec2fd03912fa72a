/* conform_play - the places of a match, one scene each, and the daemon's driver of them. */
#include "conform.h"
#include "play.h"

enum way {
    BY_SCENE, /* its begin */
    BY_TICK,
    BY_SNAPSHOT,
    BY_TURN,
    BY_COMMAND,
    BY_SETTING,
    BY_REPORT,
    BY_CALL,
    BY_CHAT,
    BY_INPUT,
    BY_SAVE,
    BY_QUEUE,
    BY_MESSAGE,
    BY_DISCONNECT,
    BY_NOTE,
    BY_QUERY,
    BY_MIGRATION,
    BY_BACKUP,
    BY_KEY,
    BY_LISTEN,
    BY_END
};

struct place {
    const char *name;
    enum way way;
};

static const struct place store_places[] = {
    {"database.submit", BY_QUERY},  {"database.migrate", BY_MIGRATION},
    {"database.backup", BY_BACKUP}, {"kv.submit", BY_KEY},
    {"kv.subscribe", BY_LISTEN},    {"kv.unsubscribe", BY_LISTEN}};

static const struct place play_places[] = {
    {"mode.create", BY_SCENE},
    {"mode.join", BY_SCENE},
    {"mode.intro", BY_SCENE},
    {"rules.create", BY_SCENE},
    {"rules.match_begin", BY_SCENE},
    {"rules.match_join", BY_SCENE},
    {"victory.create", BY_SCENE},
    {"anticheat.create", BY_SCENE},
    {"mode.tick", BY_TICK},
    {"rules.match_tick", BY_TICK},
    {"rules.match_fact", BY_TICK},
    {"rules.adjust", BY_TICK},
    {"victory.evaluate", BY_TICK},
    {"anticheat.fact", BY_TICK},
    {"mode.view", BY_TICK},
    {"mode.snapshot", BY_SNAPSHOT},
    {"turn", BY_TURN},
    {"mode.command", BY_COMMAND},
    {"mode.setting", BY_SETTING},
    {"rules.changed", BY_SCENE},
    {"rules.notice", BY_SCENE},
    {"rules.match_setting", BY_SETTING},
    {"victory.setting", BY_SETTING},
    {"reporter.deliver", BY_REPORT},
    {"rpc.method", BY_CALL},
    {"rules.chat", BY_CHAT},
    {"rules.allow", BY_CHAT},
    {"mode.input", BY_INPUT},
    {"mode.message", BY_MESSAGE},
    {"mode.connection", BY_DISCONNECT},
    {"rules.match_connection", BY_DISCONNECT},
    {"rules.match_note", BY_NOTE},
    {"anticheat.input", BY_INPUT},
    {"mode.save", BY_SAVE},
    {"victory.save", BY_SAVE},
    {"rules.save", BY_SAVE},
    {"anticheat.save", BY_SAVE},
    {"rules.load", BY_SAVE},
    {"mode.load", BY_SAVE},
    {"victory.load", BY_SAVE},
    {"anticheat.load", BY_SAVE},
    {"mode.replay", BY_SAVE},
    {"rules.match_replay", BY_SAVE},
    {"matchmaker.enqueue", BY_QUEUE},
    {"matchmaker.tick", BY_QUEUE},
    {"matchmaker.refused", BY_QUEUE},
    {"matchmaker.backfill", BY_QUEUE},
    {"matchmaker.dequeue", BY_QUEUE},
    {"mode.leave", BY_END},
    {"rules.match_leave", BY_END},
    {"rules.match_end", BY_END},
    {"mode.destroy", BY_END},
    {"victory.destroy", BY_END},
    {"anticheat.destroy", BY_END},
    {"rules.destroy", BY_END},
};

static void on_turn(void *user) {
    conform_at(user, "turn");
}

/* What the plugin itself does, between two ticks, so that it is called. */
static void on_command(void *user) {
    struct conform *c = user;
    const struct muster_command command = {
        .size = sizeof command, .seat = 0, .name = "go", .text = ""};
    (void)c->host->match->command(c->self, c->match, &command);
}

static void on_setting(void *user) {
    struct conform *c = user;
    struct muster_player_info ann = {.size = sizeof ann};
    char reason[MUSTER_REASON_MAX] = "";
    (void)c->host->player->next(c->self, (muster_player_id){0}, &ann);
    (void)c->host->lobby->settings_set(c->self, ann.lobby, (muster_player_id){0},
                                       "{\"conformWord\":\"new\"}", reason, sizeof reason);
}

static void on_note(void *user) {
    struct conform *c = user;
    (void)c->host->match->note(c->self, c->match, "x", 1);
}

static void on_rows(void *user, muster_status status, const struct muster_db_rows *rows) {
    (void)user, (void)status, (void)rows;
}

static void on_report(void *user) {
    struct conform *c = user;
    (void)c->host->report->suspicion(c->self, c->match, 0, "{\"detector\":\"aim\",\"severity\":3}");
}

/* What a database is asked for, and a store of keys. */
static void on_query(void *user) {
    struct conform *c = user;
    const struct muster_db_statement statement = {.sql = "SELECT 1"};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    (void)c->host->db->query(c->self, &request, on_rows, c, NULL);
}

static void on_migration(void *user) {
    struct conform *c = user;
    static const char *const steps[] = {"CREATE TABLE conform (a BIGINT)"};
    (void)c->host->db->migrate(c->self, NULL, "conform", steps, 1, NULL, c, NULL);
}

static void on_backup(void *user) {
    struct conform *c = user;
    (void)c->host->admin->execute(c->self, "conform", "backup conform.db", NULL, c, NULL);
}

static void on_key(void *user) {
    struct conform *c = user;
    const struct muster_kv_request request = {
        .size = sizeof request, .kind = MUSTER_KV_GET, .key = "conform"};
    (void)c->host->kv->request(c->self, &request, NULL, NULL, NULL);
}

static void on_message(void *user, const char *channel, struct muster_bytes message) {
    (void)user, (void)channel, (void)message;
}

static void on_listen(void *user) {
    struct conform *c = user;
    muster_kv_subscription_id id = {0};
    (void)c->host->kv->subscribe(c->self, "conform place", on_message, c, &id);
    (void)c->host->kv->unsubscribe(c->self, id);
}

static void post(struct conform *c, const struct conform_driver *driver, void (*fn)(void *user)) {
    (void)c->host->loop->post(c->self, fn, c);
    driver->turn(driver->user);
}

static void go(struct conform *c, const struct conform_driver *driver, enum way way) {
    switch (way) {
    case BY_TICK: driver->tick(driver->user); break;
    case BY_SNAPSHOT: driver->snapshot(driver->user); break;
    case BY_CALL: driver->call(driver->user); break;
    case BY_CHAT: driver->chat(driver->user); break;
    case BY_INPUT: driver->input(driver->user); break;
    case BY_SAVE: driver->save(driver->user); break;
    case BY_QUEUE: driver->queue(driver->user); break;
    case BY_MESSAGE: driver->message(driver->user); break;
    case BY_DISCONNECT: driver->disconnect(driver->user); break;
    case BY_TURN: post(c, driver, on_turn); break;
    case BY_COMMAND: post(c, driver, on_command); break;
    case BY_SETTING: post(c, driver, on_setting); break;
    case BY_NOTE: post(c, driver, on_note); break;
    case BY_REPORT: post(c, driver, on_report); break;
    case BY_QUERY: post(c, driver, on_query); break;
    case BY_MIGRATION: post(c, driver, on_migration); break;
    case BY_BACKUP: post(c, driver, on_backup); break;
    case BY_KEY: post(c, driver, on_key); break;
    case BY_LISTEN: post(c, driver, on_listen); break;
    default: break; /* the scene's begin or end does it */
    }
}

static void play_place(struct conform *c, const struct conform_driver *driver,
                       const struct place *place) {
    if (place->way == BY_SCENE) c->wanted = place->name;
    driver->scene_begin(driver->user);
    c->wanted = place->way == BY_SCENE ? c->wanted : place->name;
    go(c, driver, place->way);
    driver->scene_end(driver->user);
    if (c->wanted) fprintf(c->out, "%s was not reached\n", c->wanted);
    c->wanted = NULL;
}

void conform_play(struct conform *c, const struct conform_driver *driver) {
    const struct place *places = c->storing ? store_places : play_places;
    size_t count = c->storing ? sizeof store_places / sizeof store_places[0]
                              : sizeof play_places / sizeof play_places[0];
    for (size_t i = 0; i < count; i++) play_place(c, driver, &places[i]);
}

/* ---- the daemon's driver ----------------------------------------------------------------------
 */

struct engine_driver {
    struct play play;
    struct conform *c;
    muster_player_id ann, bob;
    muster_lobby_id lobby;
};

static void scene_begin(void *user) {
    struct engine_driver *d = user;
    uint32_t failed = d->play.failed;
    d->ann = play_player(&d->play, "Ann");
    d->bob = play_player(&d->play, "Bob");
    d->lobby = play_lobby_of(&d->play, d->ann, "conform", json_pack("{s:b}", "conformOpen", 1));
    play_join(&d->play, d->bob, d->lobby);
    for (int i = 0; i < 100 && !play_match(&d->play, d->lobby).value; i++)
        play_advance(&d->play, 50);
    play_advance(&d->play, 50);
    if (!d->c->wanted) d->play.failed = failed; /* the place was there: what it did may forbid */
}

static void tick(void *user) {
    struct engine_driver *d = user;
    play_advance(&d->play, 50);
}

static void snapshot(void *user) {
    static uint8_t bytes[4000];
    struct engine_driver *d = user;
    struct muster_writer out = muster_writer_make(bytes, sizeof bytes);
    (void)d->play.engine->snapshot(d->play.self, d->ann, &out);
}

static void call(void *user) {
    struct engine_driver *d = user;
    json_decref(play_do(&d->play, d->ann, "conform.call", NULL));
}

static void chat(void *user) {
    struct engine_driver *d = user;
    json_decref(play_do(&d->play, d->ann, "lobby.chat", json_pack("{s:s}", "text", "hello")));
}

static void input(void *user) {
    struct engine_driver *d = user;
    const struct muster_input forward = {.sequence = 1, .move_y = 127};
    (void)d->play.engine->input(d->play.self, d->ann, &forward);
    tick(d);
}

static void message(void *user) {
    struct engine_driver *d = user;
    (void)d->play.engine->message(d->play.self, d->ann, "x", 1);
    tick(d);
}

static void disconnect(void *user) {
    struct engine_driver *d = user;
    (void)d->play.engine->connection_set(d->play.self, d->bob, 0);
}

static void save(void *user) {
    struct engine_driver *d = user;
    (void)d->play.engine->reincarnate(d->play.self, d->lobby);
}

static void queue(void *user) {
    struct engine_driver *d = user;
    muster_player_id cid = play_player(&d->play, "Cid");
    json_decref(play_do(&d->play, cid, "match.find", json_pack("{s:s}", "gameMode", "conform")));
    play_advance(&d->play, 500);
    json_decref(play_do(&d->play, d->bob, "lobby.leave", NULL));
    play_advance(&d->play, 500);
    d->play.engine->player_remove(d->play.self, cid);
}

static void scene_end(void *user) {
    struct engine_driver *d = user;
    d->play.engine->player_remove(d->play.self, d->ann);
    d->play.engine->player_remove(d->play.self, d->bob);
    (void)d->c->host->lobby->close(d->c->self, d->lobby, "the scene is over");
    play_advance(&d->play, 5000);
}

void conform_command(void *user, const char *arguments, struct muster_writer *answer) {
    struct conform *c = user;
    struct engine_driver d = {.c = c};
    (void)arguments;
    d.play =
        (struct play){.self = c->self, .host = c->host, .engine = c->host->engine, .out = answer};
    const struct conform_driver driver = {.user = &d,
                                          .scene_begin = scene_begin,
                                          .tick = tick,
                                          .snapshot = snapshot,
                                          .turn = tick,
                                          .call = call,
                                          .chat = chat,
                                          .input = input,
                                          .save = save,
                                          .queue = queue,
                                          .message = message,
                                          .disconnect = disconnect,
                                          .scene_end = scene_end};
    conform_play(c, &driver);
    if (d.play.failed) muster_put_bytes(answer, "FAILED", 6);
}
