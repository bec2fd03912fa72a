/* Notes of a recording from anywhere, in a match that is played again: each is two bytes of length
 * and its bytes; an odd length of 65535 stands for a tick. The script reads what it can of them. */
#include <string.h>

#include "fuzz.h"
#include "plugin_rig.h"

enum { CALL_UNITS = 50000, TICK_MARK = 0xffff };

static const char script[] =
    "state.seen = 0\n"
    "command.register{name = 'go', fn = function(player, text)\n"
    "    state.seen = state.seen + 1 return player and player:name() or text end}\n"
    "bus.on('note', 'x', function(value) state.last = value end)\n"
    "hooks.on('tick', 'x', function()\n"
    "    state.kept = storage.get('kept') storage.set('kept', match.tick())\n"
    "    match.add_score('red', 1) end)\n";

/* Of a match whose host has brought the script. */
static struct tape *begin_tape(void) {
    struct rig *live = rig_create(false, CALL_UNITS, NULL);
    FUZZ_CHECK(!rig_upload(live, "noted", script, sizeof script - 1).code[0]);
    rig_begin(live, "arena");
    struct tape *tape = tape_create(live);
    FUZZ_CHECK(tape->note_count >= 1);
    FUZZ_CHECK(testkit_faults(live->kit) == 0);
    rig_destroy(live);
    return tape;
}

static void take(struct rig *rig, const void *data, uint32_t len) {
    (void)testkit_match_note(rig->kit, rig->match, rig->plugin, data, len);
}

static void take_all(struct rig *rig, const uint8_t *data, size_t size) {
    while (size >= 2) {
        uint32_t len = (uint32_t)data[0] | (uint32_t)data[1] << 8;
        data += 2;
        size -= 2;
        if (len == TICK_MARK) {
            testkit_match_tick(rig->kit, rig->match);
            continue;
        }
        if (len > size) len = (uint32_t)size;
        if (len > 0 && len <= MUSTER_NOTE_MAX) take(rig, data, len);
        data += len;
        size -= len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct tape *tape; /* the same each time */
    if (!tape) tape = begin_tape();
    struct rig *rig = rig_create(true, CALL_UNITS, NULL);
    rig_know(rig, tape);
    rig_begin(rig, "arena");
    take(rig, tape->notes[0].data, tape->notes[0].len);
    FUZZ_CHECK(rig->lobby->match.script_count == 1);
    take_all(rig, data, size);
    for (int i = 0; i < 3; i++) testkit_match_tick(rig->kit, rig->match);
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
    return 0;
}
