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

static uint32_t begin_note(struct rig *live, uint8_t out[MUSTER_NOTE_MAX]) {
    uint32_t count;
    const struct testkit_note *notes = testkit_match_notes(live->kit, live->match, &count);
    FUZZ_CHECK(count >= 1);
    memcpy(out, notes[0].data, notes[0].len);
    return notes[0].len;
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
    static uint8_t begin[MUSTER_NOTE_MAX];
    struct rig *live = rig_create(false, CALL_UNITS, NULL);
    struct rig *rig = rig_create(true, CALL_UNITS, NULL);
    FUZZ_CHECK(!rig_upload(live, "noted", script, sizeof script - 1).code[0]);
    rig_begin(live, "arena");
    rig_know(rig, live);
    rig_begin(rig, "arena");
    take(rig, begin, begin_note(live, begin));
    FUZZ_CHECK(rig->lobby->match.script_count == 1);
    take_all(rig, data, size);
    for (int i = 0; i < 3; i++) testkit_match_tick(rig->kit, rig->match);
    FUZZ_CHECK(testkit_faults(rig->kit) == 0);
    rig_destroy(rig);
    rig_destroy(live);
    return 0;
}
