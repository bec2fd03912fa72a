#include "plugin_play.h"

#include <stdlib.h>
#include <string.h>

enum { TICKS = 25, A_TURN_MS = 60 };

struct play {
    struct rig *rig;
    struct played *out;
    const struct tape *tape; /* of which a replay reads the notes; or null */
    const struct played *first;
    uint32_t read;
};

/* Something was done: a replay is told what was noted meanwhile. */
static void done(struct play *play) {
    struct played *out = play->out;
    const struct tape *tape = play->tape;
    if (out->step_count == PLAY_STEPS_MAX) abort();
    uint32_t step = out->step_count++;
    if (!tape) {
        (void)testkit_match_notes(play->rig->kit, play->rig->match, &out->ends[step]);
        return;
    }
    out->ends[step] = play->first->ends[step];
    for (; play->read < out->ends[step]; play->read++)
        if (!tape->notes[play->read].is_early) rig_take_one(play->rig, &tape->notes[play->read]);
}

static void answered(struct play *play, int64_t answer) {
    if (play->out->answer_count == PLAY_STEPS_MAX) abort();
    play->out->answers[play->out->answer_count++] = answer;
    done(play);
}

/* A replay knows from the start what was noted within steps. */
static void begin(struct play *play) {
    const struct tape *tape = play->tape;
    rig_begin(play->rig, "arena");
    for (uint32_t i = 0; tape && i < tape->note_count; i++)
        if (tape->notes[i].is_early) rig_take_one(play->rig, &tape->notes[i]);
    done(play);
}

/* What reaches the lobby's scripts reaches those of a replayed match by notes alone. */
static void say(struct play *play, const char *text) {
    if (!play->tape) {
        (void)rig_say(play->rig, 0, text);
        testkit_advance(play->rig->kit, A_TURN_MS);
    }
    done(play);
}

static void restart_set(struct play *play) {
    const struct muster_notice notice = {.size = sizeof notice,
                                         .kind = MUSTER_NOTICE_SERVER_RESTARTING,
                                         .seat = MUSTER_SEAT_NONE,
                                         .value = 60};
    if (!play->tape) testkit_notice(play->rig->kit, &notice);
    done(play);
}

static void tick(struct play *play) {
    testkit_match_tick(play->rig->kit, play->rig->match);
    done(play);
}

static void facts(struct play *play) {
    static const char *const kinds[] = {"spawn",  "zone_enter", "zone_leave",
                                        "pickup", "touch",      "drop"};
    for (uint32_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        rig_fact(play->rig, kinds[i], i % 2, MUSTER_SEAT_NONE, 1, "flag");
    rig_fact(play->rig, "kill", 1, 0, 0, "rifle");
    rig_fact(play->rig, MUSTER_FACT_DISTURBED, MUSTER_SEAT_NONE, MUSTER_SEAT_NONE, 400, "stall");
    done(play);
}

static void questions(struct play *play) {
    static const char *const names[] = {"damage", "speed", "respawn_ms", "score"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        answered(play, rig_adjust(play->rig, names[i], 1, 0, 40));
    answered(play, rig_victory(play->rig));
}

static void run(struct play *play) {
    struct testkit *kit = play->rig->kit;
    play->out->answer_count = play->out->step_count = 0;
    begin(play);
    for (uint32_t seat = 0; seat < 2; seat++) {
        testkit_match_join(kit, play->rig->match, seat, MUSTER_TEAM_RED + seat, "Somebody");
        done(play);
    }
    tick(play);
    facts(play);
    questions(play);
    say(play, "/go on");
    say(play, "hello");
    restart_set(play);
    for (int i = 0; i < TICKS; i++) tick(play);
    if (!play->tape) testkit_match_leave(kit, play->rig->match, 1, MUSTER_LEAVE_QUIT);
    done(play);
    questions(play);
    tick(play);
    play->out->len = rig_state(play->rig, play->out->state, sizeof play->out->state);
}

void play_live(struct rig *rig, struct played *out) {
    struct play play = {.rig = rig, .out = out};
    run(&play);
}

void play_again(struct rig *rig, const struct tape *tape, const struct played *first,
                struct played *out) {
    struct play play = {.rig = rig, .out = out, .tape = tape, .first = first};
    rig_know(rig, tape);
    run(&play);
}

bool play_is_same(const struct played *a, const struct played *b) {
    return a->answer_count == b->answer_count && a->len == b->len &&
           memcmp(a->answers, b->answers, a->answer_count * sizeof *a->answers) == 0 &&
           memcmp(a->state, b->state, a->len) == 0;
}
