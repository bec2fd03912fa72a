/* conform_play - the places of a match, one scene each, and the daemon's driver of them. */
#include "conform.h"
#include "play.h"

enum way { BY_SCENE, BY_TICK, BY_SNAPSHOT, BY_TURN, BY_CALL, BY_CHAT, BY_END };

static const struct {
    const char *place;
    enum way way;
} places[] = {
    {"mode.create", BY_SCENE}, {"mode.join", BY_SCENE},        {"rules.match_begin", BY_SCENE},
    {"mode.tick", BY_TICK},    {"rules.match_tick", BY_TICK},  {"rules.match_fact", BY_TICK},
    {"rules.adjust", BY_TICK}, {"mode.snapshot", BY_SNAPSHOT}, {"turn", BY_TURN},
    {"rpc.method", BY_CALL},   {"rules.chat", BY_CHAT},        {"rules.allow", BY_CHAT},
    {"mode.leave", BY_END},    {"rules.match_end", BY_END},    {"mode.destroy", BY_END},
};

static void on_turn(void *user) {
    conform_at(user, "turn");
}

static void go(struct conform *c, const struct conform_driver *driver, enum way way) {
    switch (way) {
    case BY_TICK: driver->tick(driver->user); break;
    case BY_SNAPSHOT: driver->snapshot(driver->user); break;
    case BY_CALL: driver->call(driver->user); break;
    case BY_CHAT: driver->chat(driver->user); break;
    case BY_TURN:
        (void)c->host->loop->post(c->self, on_turn, c);
        driver->turn(driver->user);
        break;
    default: break; /* the scene's begin or end does it */
    }
}

void conform_play(struct conform *c, const struct conform_driver *driver) {
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].way == BY_SCENE) c->wanted = places[i].place;
        driver->scene_begin(driver->user);
        c->wanted = places[i].way == BY_SCENE ? c->wanted : places[i].place;
        go(c, driver, places[i].way);
        driver->scene_end(driver->user);
        if (c->wanted) fprintf(c->out, "%s was not reached\n", c->wanted);
        c->wanted = NULL;
    }
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
    d->ann = play_player(&d->play, "Ann");
    d->bob = play_player(&d->play, "Bob");
    d->lobby = play_lobby_of(&d->play, d->ann, "conform", json_object());
    play_join(&d->play, d->bob, d->lobby);
    for (int i = 0; i < 100 && !play_match(&d->play, d->lobby); i++) play_advance(&d->play, 50);
    play_advance(&d->play, 50);
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
                                          .scene_end = scene_end};
    conform_play(c, &driver);
    if (d.play.failed) muster_put_bytes(answer, "FAILED", 6);
}
