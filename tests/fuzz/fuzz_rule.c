/* A rule that a lobby's host brings, whatever it says: it is refused, or plays a match, is stopped,
 * fails; and the match that is played again from what was noted comes to the same end. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "plugin_rig.h"

enum { CALL_UNITS = 50000, STATE_BYTES_MAX = 1 << 18, OPS_MAX = 64, TICKS = 25 };

/* What comes of a match. */
struct outcome {
    int64_t answers[OPS_MAX];
    uint32_t count;
    uint32_t len;
    uint8_t state[STATE_BYTES_MAX];
};

/* Notes that were written up to each thing that was done. */
struct marks {
    uint32_t ends[OPS_MAX];
    uint32_t count;
};

struct play {
    struct rig *rig;
    struct outcome *out;
    struct marks *marks;
    struct rig *live; /* of which a replay reads the notes; or null */
    uint32_t read;
};

static const struct testkit_note *notes_of(struct rig *rig, uint32_t *count) {
    return testkit_match_notes(rig->kit, rig->match, count);
}

/* Something was done: a replay is told what was noted meanwhile. */
static void done(struct play *play) {
    uint32_t count;
    const struct testkit_note *notes = notes_of(play->live ? play->live : play->rig, &count);
    if (!play->live) {
        FUZZ_CHECK(play->marks->count < OPS_MAX);
        play->marks->ends[play->marks->count++] = count;
        return;
    }
    uint32_t end = play->marks->ends[play->marks->count++];
    for (; play->read < end; play->read++)
        if (!notes[play->read].is_early)
            (void)testkit_match_note(play->rig->kit, play->rig->match, play->rig->plugin,
                                     notes[play->read].data, notes[play->read].len);
}

static void answered(struct play *play, int64_t answer) {
    FUZZ_CHECK(play->out->count < OPS_MAX);
    play->out->answers[play->out->count++] = answer;
    done(play);
}

/* A replay knows from the start what was noted within steps. */
static void begin(struct play *play) {
    uint32_t count = 0;
    const struct testkit_note *notes = play->live ? notes_of(play->live, &count) : NULL;
    rig_begin(play->rig, "arena");
    for (uint32_t i = 0; i < count; i++)
        if (notes[i].is_early)
            (void)testkit_match_note(play->rig->kit, play->rig->match, play->rig->plugin,
                                     notes[i].data, notes[i].len);
    done(play);
}

/* What reaches the lobby's scripts reaches those of a replayed match by notes alone. */
static void say(struct play *play, const char *text) {
    if (!play->live) {
        (void)rig_say(play->rig, 0, text);
        testkit_advance(play->rig->kit, 60);
    }
    done(play);
}

static void tick(struct play *play) {
    testkit_match_tick(play->rig->kit, play->rig->match);
    done(play);
}

static void facts(struct play *play) {
    static const char *const kinds[] = {"spawn",  "zone_enter", "zone_leave",
                                        "pickup", "touch",      "drop"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        rig_fact(play->rig, kinds[i], i % 2, MUSTER_SEAT_NONE, 1, "flag");
    rig_fact(play->rig, "kill", 1, 0, 0, "rifle");
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
    for (int i = 0; i < TICKS; i++) tick(play);
    testkit_match_leave(kit, play->rig->match, 1, MUSTER_LEAVE_QUIT);
    questions(play);
    tick(play);
    play->out->len = rig_state(play->rig, play->out->state, sizeof play->out->state);
}

static void play_again(struct rig *live, struct outcome *first, struct marks *marks) {
    static struct outcome second;
    struct rig *rig = rig_create(true, UINT64_MAX, NULL);
    struct play play = {.rig = rig, .out = &second, .marks = marks, .live = live};
    second.count = second.len = 0;
    marks->count = 0;
    rig_know(rig, live);
    run(&play);
    FUZZ_CHECK(second.count == first->count);
    FUZZ_CHECK(memcmp(second.answers, first->answers, first->count * sizeof *first->answers) == 0);
    FUZZ_CHECK(second.len == first->len && memcmp(second.state, first->state, first->len) == 0);
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct outcome first;
    struct marks marks = {.count = 0};
    struct rig *rig = rig_create(false, CALL_UNITS, NULL);
    struct testkit_rpc rpc = rig_upload(rig, "brought", (const char *)data, size);
    if (rpc.answered && !rpc.code[0]) {
        struct play play = {.rig = rig, .out = &first, .marks = &marks};
        first.count = first.len = 0;
        run(&play);
        play_again(rig, &first, &marks);
    }
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
    return 0;
}
