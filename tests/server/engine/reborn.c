#include "reborn.h"

#define STEP_MS 50
#define STEPS_MAX 800
#define STEPS_MIN 100 /* a game that is over before has shown nothing */
#define TURN_STEPS 8
#define REBORN_STEPS 7 /* no divisor of what modes count in */

#define BOTS "\"botFill\":6,\"killLimit\":0,\"timeLimit\":600"

static const struct {
    const char *mode;
    const char *settings;
} games[] = {
    {"arena", "{" BOTS "}"},
    {"arena", "{" BOTS ",\"rules\":[\"crown\",\"double_points\",\"even_bots\",\"first_blood\","
              "\"friendly_fire_escalation\",\"healing_zone\",\"no_respawn\",\"streaks\"]}"},
    {"arena", "{" BOTS ",\"rules\":[\"handicap\",\"low_gravity\",\"mercy_rule\",\"mirror_damage\","
              "\"random_loadout\",\"sudden_death\",\"supply_drop\",\"wave_respawn\"]}"},
    {"capture_the_flag", "{" BOTS "}"},
    {"connect_four", "{}"},
    {"gun_game", "{" BOTS "}"},
    {"infection", "{" BOTS "}"},
    {"king_of_the_hill", "{" BOTS ",\"hillPoints\":1000}"},
    {"tic_tac_toe", "{\"rounds\":9}"},
    {"tug_of_war", "{\"reach\":1000,\"bots\":true}"},
};

struct life {
    uint32_t steps;
    uint64_t hashes[STEPS_MAX];
};

static uint32_t random_next(uint32_t *random) {
    *random = *random * 1664525 + 1013904223;
    return *random >> 16;
}

/* What a person does, of which each mode takes what it knows. */
static void act(struct play *play, muster_player_id player, uint32_t step, uint32_t *random) {
    const struct muster_input input = {
        .sequence = step + 1,
        .held = (uint16_t)(random_next(random) & 7),
        .pressed = (uint16_t)(random_next(random) & 3),
        .aim = (uint16_t)random_next(random),
        .move_x = (int8_t)random_next(random),
        .move_y = (int8_t)random_next(random),
    };
    const uint8_t turn[2] = {random_next(random) % 3, random_next(random) % 7};
    (void)play->engine->input(play->self, player, &input);
    if (step % TURN_STEPS == 0) (void)play->engine->message(play->self, player, turn, sizeof turn);
}

static bool is_played(struct play *play, muster_lobby_id lobby) {
    struct muster_lobby_info info = {.size = sizeof info};
    return play->host->lobby->get(play->self, lobby, &info) == MUSTER_OK &&
           info.state == MUSTER_LOBBY_ACTIVE;
}

static void step_on(struct play *play, muster_lobby_id lobby, bool reborn, struct life *life) {
    life->hashes[life->steps] = play_hash(play, lobby);
    if (reborn && life->steps % REBORN_STEPS == 0)
        CHECK(play, play->engine->reincarnate(play->self, lobby) == MUSTER_OK);
    play_advance(play, STEP_MS);
    life->steps++;
}

static void live(struct play *play, size_t game, bool reborn, struct life *life) {
    uint32_t random = 1;
    CHECK(play, play->engine->seed(play->self, 11) == MUSTER_OK);
    muster_player_id ann = play_player(play, "Ann"), bob = play_player(play, "Bob");
    muster_lobby_id lobby =
        play_lobby_of(play, ann, games[game].mode, json_loads(games[game].settings, 0, NULL));
    play_join(play, bob, lobby);
    json_decref(play_await(play, ann, "match.started", 2000));
    life->steps = 0;
    while (life->steps < STEPS_MAX && is_played(play, lobby)) {
        act(play, ann, life->steps, &random);
        act(play, bob, life->steps, &random);
        step_on(play, lobby, reborn, life);
    }
    play->engine->player_remove(play->self, ann);
    play->engine->player_remove(play->self, bob);
    play_advance(play, 60000);
}

void reborn_all(struct play *play) {
    static struct life straight, reborn;
    for (size_t game = 0; game < sizeof games / sizeof *games; game++) {
        uint32_t step = 0;
        live(play, game, false, &straight);
        live(play, game, true, &reborn);
        play_check(play, straight.steps >= STEPS_MIN && straight.steps == reborn.steps,
                   "%s %s: %u steps, reborn %u", games[game].mode, games[game].settings,
                   straight.steps, reborn.steps);
        while (step < straight.steps && straight.hashes[step] == reborn.hashes[step]) step++;
        play_check(play, step == straight.steps, "%s %s: goes another way at step %u",
                   games[game].mode, games[game].settings, step);
    }
}
