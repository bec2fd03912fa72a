/* service_engine - a plugin whose command `engine CASE` plays with host->engine and checks what
 * comes of it. Each failed check is a line of the answer; the last line is "ok" or "FAILED n". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connections.h"
#include "ended.h"
#include "play.h"
#include "reborn.h"

#define MANY 200

static json_t *short_match(void) {
    return json_pack("{s:i,s:i,s:s}", "botFill", 6, "killLimit", 3, "botSkill", "hard");
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void players(struct play *play) {
    const struct muster_host_engine *engine = play->engine;
    muster_player_id ann = play_player(play, "Ann"), bob = play_player(play, "Bob");
    struct muster_player_info info = {.size = sizeof info};
    CHECK(play, ann.value && bob.value && !MUSTER_ID_SAME(ann, bob));
    CHECK(play, play->host->player->get(play->self, ann, &info) == MUSTER_OK);
    CHECK(play, strcmp(info.display_name, "Ann") == 0 && info.connected);
    char key[sizeof info.player_key];
    memcpy(key, info.player_key, sizeof key);

    CHECK(play, engine->player_add(play->self, "", &ann) == MUSTER_INVALID);
    CHECK(play, engine->player_add(play->self, "\xff", &ann) == MUSTER_INVALID);
    engine->player_remove(play->self, ann);
    CHECK(play, play->host->player->get(play->self, ann, &info) == MUSTER_NOT_FOUND);
    engine->player_remove(play->self, ann); /* again: nothing */

    muster_player_id cleo = play_player(play, "Cleo"); /* the free key goes to the next one */
    CHECK(play, play->host->player->get(play->self, cleo, &info) == MUSTER_OK);
    CHECK(play, strcmp(info.player_key, key) == 0);
}

static void requests(struct play *play) {
    static char bytes[4096];
    struct muster_writer answer = muster_writer_make(bytes, sizeof bytes);
    muster_player_id ann = play_player(play, "Ann");
    CHECK(play, strcmp(play_refusal(play, ann, "no.method", NULL), "method_not_found") == 0);
    CHECK(play, strcmp(play_refusal(play, ann, "lobby.create", NULL), "invalid_params") == 0);
    CHECK(play, strcmp(play_refusal(play, ann, "session.find", NULL), "forbidden") == 0);
    CHECK(play,
          play->engine->request(play->self, ann, "session.get", "{", &answer) == MUSTER_INVALID);
    CHECK(play, play->engine->request(play->self, (muster_player_id){ann.value + 77}, "session.get",
                                      NULL, &answer) == MUSTER_NOT_FOUND);
    CHECK(play, answer.len == 0);
    struct muster_writer small = muster_writer_make(bytes, 8);
    CHECK(play,
          play->engine->request(play->self, ann, "session.get", NULL, &small) == MUSTER_LIMIT);

    for (int i = 0; i < 200; i++) /* a client would be asked to wait */
        json_decref(play_do(play, ann, "session.ping", NULL));
    play_lobby(play, ann, short_match());
    json_t *presets = play_do(play, ann, "lobby.presets", NULL); /* the database answers later */
    CHECK(play, json_is_array(json_object_get(presets, "presets")));
    json_decref(presets);
}

static void notifications(struct play *play) {
    muster_player_id ann = play_player(play, "Ann"), bob = play_player(play, "Bob");
    muster_lobby_id lobby = play_lobby(play, ann, short_match());
    play_join(play, bob, lobby);
    CHECK(play, play_hear(play, ann, "none.such") == NULL);
    json_decref(play_do(play, bob, "lobby.chat", json_pack("{s:s}", "text", "first")));
    json_decref(play_do(play, bob, "lobby.chat", json_pack("{s:s}", "text", "second")));
    json_t *one = play_hear(play, ann, "lobby.chat"), *two = play_hear(play, ann, "lobby.chat");
    CHECK(play, strcmp(json_string_value(json_object_get(one, "text")), "first") == 0);
    CHECK(play, strcmp(json_string_value(json_object_get(two, "text")), "second") == 0);
    json_decref(one);
    json_decref(two);

    for (int i = 0; i < 5000; i++) /* more than are kept: the oldest are gone */
        json_decref(play_do(play, bob, "lobby.chat", json_pack("{s:s}", "text", "again")));
    json_decref(play_do(play, bob, "lobby.chat", json_pack("{s:s}", "text", "last")));
    uint32_t heard = 0;
    bool last = false;
    for (json_t *line; (line = play_hear(play, ann, "lobby.chat")); heard++) {
        last = strcmp(json_string_value(json_object_get(line, "text")), "last") == 0;
        json_decref(line);
    }
    CHECK(play, heard > 4000 && heard <= 4096 && last);
}

struct clock {
    struct play *play;
    uint64_t at_ms[8];
    uint32_t count;
};

static void note_time(void *user) {
    struct clock *clock = user;
    if (clock->count < 8)
        clock->at_ms[clock->count++] = clock->play->host->loop->now_ms(clock->play->self);
}

struct job {
    bool ran;
    bool told;
};

static void work(void *user) {
    ((struct job *)user)->ran = true;
}

static void worked(void *user, muster_status status) {
    ((struct job *)user)->told = status == MUSTER_OK;
}

static void time_passes(struct play *play) {
    const struct muster_host_loop *loop = play->host->loop;
    struct clock clock = {.play = play};
    muster_timer_id once, every;
    uint64_t begin_ms = loop->now_ms(play->self);
    int64_t begin_unix_ms = loop->unix_ms(play->self);
    CHECK(play, loop->timer_start(play->self, 250, 0, note_time, &clock, &once) == MUSTER_OK);
    CHECK(play, loop->timer_start(play->self, 100, 100, note_time, &clock, &every) == MUSTER_OK);
    CHECK(play, loop->now_ms(play->self) == begin_ms);
    play_advance(play, 99);
    CHECK(play, clock.count == 0 && loop->now_ms(play->self) == begin_ms + 99);
    play_advance(play, 1);
    CHECK(play, clock.count == 1);
    play_advance(play, 200);
    CHECK(play, clock.count == 4 && loop->timer_stop(play->self, every) == MUSTER_OK);
    play_advance(play, 100000);
    static const uint64_t expected[] = {100, 200, 250, 300};
    for (uint32_t i = 0; i < 4; i++) CHECK(play, clock.at_ms[i] == begin_ms + expected[i]);
    CHECK(play, clock.count == 4 && loop->timer_stop(play->self, once) == MUSTER_NOT_FOUND);
    CHECK(play, loop->now_ms(play->self) == begin_ms + 100300);
    CHECK(play, loop->unix_ms(play->self) == begin_unix_ms + 100300);

    struct job job = {0}; /* it is over when the call returns */
    CHECK(play, loop->work(play->self, work, worked, &job, NULL) == MUSTER_OK);
    play_advance(play, 0);
    CHECK(play, job.ran && job.told);
}

/* Two people and bots, to the end. */
static void matches(struct play *play) {
    muster_player_id ann = play_player(play, "Ann"), bob = play_player(play, "Bob");
    muster_lobby_id lobby = play_lobby(play, ann, short_match());
    play_join(play, bob, lobby);
    CHECK(play, play_match(play, lobby).value == 0);
    json_decref(play_await(play, bob, "match.started", 2000));
    CHECK(play, play_match(play, lobby).value != 0);
    json_t *ended = play_await(play, ann, "match.ended", 600000);
    json_t *results = json_object_get(ended, "results");
    json_t *scores = json_object_get(results, "finalScores");
    const char *reason = json_string_value(json_object_get(results, "reason"));
    CHECK(play, reason && strcmp(reason, "score_limit") == 0);
    CHECK(play, json_integer_value(json_object_get(scores, "red")) >= 3 ||
                    json_integer_value(json_object_get(scores, "blue")) >= 3);
    CHECK(play, json_array_size(json_object_get(results, "playerStats")) == 6);
    json_decref(ended);
    json_decref(play_await(play, ann, "lobby.left", 5000)); /* nobody voted for another match */
    struct muster_lobby_info info = {.size = sizeof info};
    CHECK(play, play->host->lobby->get(play->self, lobby, &info) == MUSTER_NOT_FOUND);
}

/* Plays a match of one player and bots; the hash after some seconds, and at the end. */
static void hash_match(struct play *play, uint64_t seed, uint64_t *early, uint64_t *late) {
    muster_player_id ann = play_player(play, "Ann");
    CHECK(play, play->engine->seed(play->self, seed) == MUSTER_OK);
    muster_lobby_id lobby = play_lobby(play, ann, short_match());
    json_decref(play_await(play, ann, "match.started", 2000));
    play_advance(play, 5000);
    *early = play_hash(play, lobby);
    json_decref(play_await(play, ann, "match.ended", 600000));
    *late = play_hash(play, lobby);
    play->engine->player_remove(play->self, ann);
    play_advance(play, 60000);
}

static void seeds(struct play *play) {
    uint64_t early[3], late[3];
    for (int i = 0; i < 3; i++) hash_match(play, i < 2 ? 7 : 8, &early[i], &late[i]);
    CHECK(play, early[0] == early[1] && late[0] == late[1]);
    CHECK(play, early[0] != late[0]);
    CHECK(play, early[0] != early[2] && late[0] != late[2]);
}

/* ---- play ------------------------------------------------------------------------------------ */

struct avatar {
    uint32_t x;
    uint32_t y;
    uint32_t ack;
};

/* docs/protocol.md sections 4 and 6: the first avatar of a full snapshot with this seat. */
static bool find_avatar(struct play *play, muster_player_id player, struct avatar *out) {
    uint8_t bytes[32768];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    if (!CHECK(play, play->engine->snapshot(play->self, player, &w) == MUSTER_OK)) return false;
    struct muster_reader r = muster_reader_make(bytes, w.len);
    if (!CHECK(play, muster_get_u8(&r) == 0x81 && (muster_get_u8(&r) & 3) == 1)) return false;
    uint32_t seat = muster_get_u8(&r);
    muster_get_bytes(&r, 5);
    out->ack = muster_get_u32(&r);
    muster_get_bytes(&r, 4);
    for (uint32_t count = muster_get_u8(&r); count > 0; count--) {
        bool mine = muster_get_u8(&r) == seat;
        muster_get_bytes(&r, 2);
        out->x = muster_get_u16(&r);
        out->y = muster_get_u16(&r);
        muster_get_bytes(&r, 2);
        if (mine) return CHECK(play, !r.overflow);
    }
    return CHECK(play, !"the avatar is in the snapshot");
}

static void inputs(struct play *play) {
    struct muster_input input = {.sequence = 1, .held = 0};
    muster_player_id ann = play_player(play, "Ann");
    CHECK(play, play->engine->input(play->self, ann, &input) == MUSTER_STATE);
    CHECK(play, play->engine->message(play->self, ann, "x", 1) == MUSTER_STATE);
    play_lobby(play, ann, json_pack("{s:i}", "botFill", 2));
    CHECK(play, play->engine->input(play->self, ann, &input) == MUSTER_STATE);
    json_decref(play_await(play, ann, "match.started", 2000));
    play_advance(play, 100);

    struct avatar before = {0}, after = {0};
    find_avatar(play, ann, &before);
    for (int way = 0; way < 4; way++) { /* at least one of them is free */
        input.move_x = (int8_t)(way == 0 ? 127 : way == 1 ? -127 : 0);
        input.move_y = (int8_t)(way == 2 ? 127 : way == 3 ? -127 : 0);
        for (int i = 0; i <= way; i++) {
            input.sequence++;
            CHECK(play, play->engine->input(play->self, ann, &input) == MUSTER_OK);
            play_advance(play, 50);
        }
    }
    play_advance(play, 50);
    find_avatar(play, ann, &after);
    CHECK(play, after.x != before.x || after.y != before.y);
    CHECK(play, after.ack == input.sequence);
    CHECK(play, play->engine->message(play->self, ann, "x", 1) == MUSTER_UNSUPPORTED);
    CHECK(play, play->engine->message(play->self, ann, "x", 0) == MUSTER_UNSUPPORTED);
    input.move_x = -128;
    CHECK(play, play->engine->input(play->self, ann, &input) == MUSTER_INVALID);
    CHECK(play, play->engine->input(play->self, (muster_player_id){ann.value + 77}, &input) ==
                    MUSTER_NOT_FOUND);
}

static uint32_t events_of(struct play *play, muster_player_id player) {
    uint8_t bytes[32768];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    uint32_t count = 0;
    CHECK(play, play->engine->snapshot(play->self, player, &w) == MUSTER_OK);
    struct muster_reader r = muster_reader_make(bytes, w.len);
    muster_get_bytes(&r, 14);
    muster_get_bytes(&r, muster_get_u16(&r));
    for (; r.pos < r.len; count++) muster_get_bytes(&r, muster_get_u8(&r));
    CHECK(play, !r.overflow);
    return count;
}

static void snapshots(struct play *play) {
    uint8_t bytes[32768];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_player_id ann = play_player(play, "Ann");
    CHECK(play, play->engine->snapshot(play->self, ann, &w) == MUSTER_STATE);
    play_lobby(play, ann, short_match());
    json_decref(play_await(play, ann, "match.started", 2000));
    play_advance(play, 2000);
    CHECK(play, events_of(play, ann) >= 6); /* each has spawned */
    CHECK(play, events_of(play, ann) == 0); /* events come once */
    struct muster_writer small = muster_writer_make(bytes, 8);
    CHECK(play, play->engine->snapshot(play->self, ann, &small) == MUSTER_LIMIT);
    json_decref(play_await(play, ann, "match.ended", 600000));
    json_decref(
        play_do(play, ann, "lobby.vote", json_pack("{s:s,s:b}", "vote", "restart", "choice", 1)));
    json_decref(play_await(play, ann, "match.started", 20000));
    play_advance(play, 2000);
    CHECK(play, events_of(play, ann) >= 6); /* of the new match, from its beginning */
}

struct steered {
    struct play *play;
    muster_match_id match;
    muster_status nested;
};

static void add_points(void *user, muster_match_id match) {
    struct steered *steered = user;
    struct play *play = steered->play;
    steered->match = match;
    steered->nested = play->engine->advance(play->self, 1);
    CHECK(play,
          play->host->match->team_score_add(play->self, match, MUSTER_TEAM_RED, 2) == MUSTER_OK);
}

static void end_it(void *user, muster_match_id match) {
    struct play *play = user;
    CHECK(play, play->host->match->end(play->self, match,
                                       ENDED(MUSTER_TEAM_BLUE, MUSTER_END_FORFEIT)) == MUSTER_OK);
}

static void steer(struct play *play) {
    struct steered steered = {.play = play};
    muster_player_id ann = play_player(play, "Ann");
    muster_lobby_id lobby = play_lobby(play, ann, short_match());
    CHECK(play, play->engine->steer(play->self, lobby, add_points, &steered) == MUSTER_STATE);
    json_decref(play_await(play, ann, "match.started", 2000));
    play_advance(play, 100);
    uint64_t before = play_hash(play, lobby);
    CHECK(play, play->engine->steer(play->self, lobby, add_points, &steered) == MUSTER_OK);
    CHECK(play, steered.match.value && MUSTER_ID_SAME(steered.match, play_match(play, lobby)));
    CHECK(play, steered.nested == MUSTER_STATE);
    CHECK(play, play->host->match->team_score(play->self, steered.match, MUSTER_TEAM_RED) == 2);
    CHECK(play, play_hash(play, lobby) != before);
    CHECK(play, play->engine->steer(play->self, lobby, end_it, play) == MUSTER_OK);
    json_decref(play_await(play, ann, "match.ended", 100));
    CHECK(play, play->engine->steer(play->self, lobby, end_it, play) == MUSTER_STATE);
    CHECK(play, play->engine->steer(play->self, (muster_lobby_id){lobby.value + 77}, end_it,
                                    play) == MUSTER_NOT_FOUND);
}

/* A match with inputs from 1 s on; in the other life it is saved and loaded in its middle. */
static uint64_t play_life(struct play *play, bool reborn) {
    struct muster_input input = {.sequence = 1, .held = 1, .move_x = 100};
    muster_player_id ann = play_player(play, "Ann");
    CHECK(play, play->engine->seed(play->self, 11) == MUSTER_OK);
    muster_lobby_id lobby = play_lobby(play, ann, short_match());
    CHECK(play, play->engine->reincarnate(play->self, lobby) == MUSTER_STATE);
    json_decref(play_await(play, ann, "match.started", 2000));
    play_advance(play, 1000);
    CHECK(play, play->engine->input(play->self, ann, &input) == MUSTER_OK);
    uint64_t before = play_hash(play, lobby);
    muster_match_id match = play_match(play, lobby);
    if (reborn) CHECK(play, play->engine->reincarnate(play->self, lobby) == MUSTER_OK);
    CHECK(play, (!MUSTER_ID_SAME(play_match(play, lobby), match)) == reborn);
    CHECK(play, play_hash(play, lobby) == before);
    CHECK(play, events_of(play, ann) >= 1);
    json_decref(play_await(play, ann, "match.ended", 600000));
    uint64_t end = play_hash(play, lobby);
    CHECK(play, play->engine->reincarnate(play->self, lobby) == MUSTER_STATE);
    play->engine->player_remove(play->self, ann);
    play_advance(play, 60000);
    return end;
}

static void reincarnate(struct play *play) {
    uint64_t straight = play_life(play, false);
    CHECK(play, play_life(play, true) == straight);
    CHECK(play, play->engine->reincarnate(play->self, (muster_lobby_id){77}) == MUSTER_NOT_FOUND);
}

/* What a mod's tests do: many short matches, one after another. */
static void many(struct play *play) {
    muster_player_id ann = play_player(play, "Ann");
    CHECK(play, play->engine->seed(play->self, 1) == MUSTER_OK); /* no match that bots draw out */
    for (int i = 0; i < MANY && !play->failed; i++) {
        json_t *settings = short_match();
        json_object_set_new(settings, "timeLimit", json_integer(60));
        play_lobby(play, ann, settings);
        json_decref(play_await(play, ann, "match.ended", 600000));
        json_decref(play_await(play, ann, "lobby.left", 5000));
    }
}

static const struct {
    const char *name;
    void (*fn)(struct play *play);
} cases[] = {
    {"players", players},
    {"requests", requests},
    {"notifications", notifications},
    {"time", time_passes},
    {"matches", matches},
    {"seeds", seeds},
    {"inputs", inputs},
    {"snapshots", snapshots},
    {"steer", steer},
    {"reincarnate", reincarnate},
    {"reborn", reborn_all},
    {"connections", connections},
    {"many", many},
};

/* ---- the command ----------------------------------------------------------------------------- */

static void say(struct muster_writer *out, const char *text) {
    muster_put_bytes(out, text, (uint32_t)strlen(text));
}

static void on_engine(void *user, const char *arguments, struct muster_writer *answer) {
    const struct play *plugin = user;
    struct play play = *plugin;
    char last[32];
    play.out = answer;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(cases[i].name, arguments) != 0) continue;
        (void)play.engine->seed(play.self, 1); /* each run is as the one before */
        cases[i].fn(&play);
        snprintf(last, sizeof last, "FAILED %u", play.failed);
        say(answer, play.failed ? last : "ok");
        return;
    }
    say(answer, "FAILED: no such case");
}

/* A match of bots in any mode; its results as JSON. */
static void on_play(void *user, const char *arguments, struct muster_writer *answer) {
    struct play play = *(const struct play *)user;
    char mode[MUSTER_NAME_MAX], settings[1024] = "{}";
    play.out = answer;
    sscanf(arguments, "%47s %1023[^\n]", mode, settings);
    (void)play.engine->seed(play.self, 1);
    muster_player_id ann = play_player(&play, "Ann");
    play_lobby_of(&play, ann, mode, json_loads(settings, 0, NULL));
    json_t *ended = play_await(&play, ann, "match.ended", 600000);
    char *text = json_dumps(json_object_get(ended, "results"), JSON_COMPACT);
    say(answer, text ? text : "FAILED");
    free(text);
    json_decref(ended);
}

/* Only `--run` has an engine: elsewhere the command says what it is told. */
static void on_elsewhere(void *user, const char *arguments, struct muster_writer *answer) {
    const struct play *play = user;
    (void)arguments;
    muster_status status = play->engine->advance(play->self, 1);
    say(answer, status == MUSTER_UNSUPPORTED ? "unsupported" : "FAILED");
}

/* An answer of so many bytes: more than a console shows. */
static void on_long(void *user, const char *arguments, struct muster_writer *answer) {
    (void)user;
    for (long left = strtol(arguments, NULL, 10); left > 0; left--) muster_put_u8(answer, 'x');
}

static const struct {
    const char *name;
    const char *help;
    void (*fn)(void *user, const char *arguments, struct muster_writer *answer);
} commands[] = {
    {"engine", "CASE check host->engine", on_engine},
    {"engine-play", "MODE [SETTINGS] a match of bots", on_play},
    {"engine-elsewhere", "what it says without --run", on_elsewhere},
    {"engine-long", "BYTES answer so much", on_long},
};

static muster_status plugin_init(muster_self *self, const struct muster_host *host,
                                 void **instance) {
    struct play *play = calloc(1, sizeof *play);
    if (!play) return MUSTER_NO_MEMORY;
    play->self = self;
    play->host = host;
    play->engine = host->engine;
    *instance = play;
    muster_status status = MUSTER_OK;
    for (size_t i = 0; !status && i < sizeof commands / sizeof commands[0]; i++)
        status = host->admin->command_add(self, commands[i].name, commands[i].help, commands[i].fn,
                                          play);
    if (status) free(play);
    return status;
}

static void plugin_fini(void *instance) {
    free(instance);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "service_engine", .version = "1.0.0",
              .description = "Plays with the engine for its tests.", .roles = roles,
              .role_count = 1, .init = plugin_init, .fini = plugin_fini);
