/* A rule that a lobby's host brings, whatever it says: it is refused, or plays a match, is stopped,
 * fails; and the match that is played again from what was noted comes to the same end. */
#include "fuzz.h"
#include "plugin_play.h"

enum { CALL_UNITS = 50000 };

static void check_replay(const struct tape *tape, const struct played *first) {
    static struct played second;
    struct rig *rig = rig_create(true, UINT64_MAX, NULL);
    play_again(rig, tape, first, &second);
    FUZZ_CHECK(play_is_same(first, &second));
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct played first;
    struct tape *tape = NULL;
    struct rig *rig = rig_create(false, CALL_UNITS, NULL);
    struct testkit_rpc rpc = rig_upload(rig, "brought", (const char *)data, size);
    if (rpc.answered && !rpc.code[0]) {
        play_live(rig, &first);
        tape = tape_create(rig);
    }
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
    if (tape) check_replay(tape, &first);
    tape_destroy(tape);
    return 0;
}
