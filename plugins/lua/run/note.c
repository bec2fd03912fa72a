/* note - writing what a match's log holds of scripts; see note.h. */
#include "note.h"
#include "permissions.h"
#include "speech.h"

#include <string.h>

enum { ANSWER_PART_BYTES = MUSTER_NOTE_MAX - 16 };

struct note {
    uint8_t bytes[MUSTER_NOTE_MAX];
    struct muster_writer w;
};

static void begin(struct note *note, enum note_kind kind) {
    note->w = muster_writer_make(note->bytes, sizeof note->bytes);
    muster_put_u8(&note->w, kind);
}

static muster_status write_note(struct realm *realm, const struct note *note) {
    if (note->w.overflow) return MUSTER_LIMIT;
    return realm_host(realm)->match->note(realm_self(realm), realm->match, note->bytes,
                                          note->w.len);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_mod(struct note *note, const struct realm *realm, const struct mod *mod) {
    muster_put_str(&note->w, mod->id);
    muster_put_str(&note->w, mod->hash);
    muster_put_u32(&note->w, permissions_granted(realm->lobby->instance, mod));
}

muster_status note_begin(struct realm *realm, struct mod *const *mods, uint32_t count) {
    struct note note;
    begin(&note, NOTE_BEGIN);
    muster_put_u8(&note.w, count);
    for (uint32_t i = 0; i < count; i++) put_mod(&note, realm, mods[i]);
    return write_note(realm, &note);
}

muster_status note_reload(struct realm *realm, const struct mod *mod, const struct mod *before) {
    struct note note;
    begin(&note, NOTE_RELOAD);
    put_mod(&note, realm, mod);
    muster_put_u8(&note.w, before != NULL);
    if (before) put_mod(&note, realm, before);
    return write_note(realm, &note);
}

muster_status note_command(struct realm *realm, uint32_t script, const char *name, uint32_t seat,
                           const char *arguments) {
    struct note note;
    if (strlen(arguments) >= NOTE_ARGUMENTS_BYTES) return MUSTER_LIMIT;
    begin(&note, NOTE_COMMAND);
    muster_put_u32(&note.w, script);
    muster_put_str(&note.w, name);
    muster_put_u32(&note.w, seat);
    muster_put_str(&note.w, arguments);
    return write_note(realm, &note);
}

muster_status note_message(struct realm *realm, const char *name, const void *bytes, uint32_t len) {
    struct note note;
    begin(&note, NOTE_MESSAGE);
    muster_put_str(&note.w, name);
    muster_put_u32(&note.w, len);
    muster_put_bytes(&note.w, bytes, len);
    return write_note(realm, &note);
}

muster_status note_restart(struct realm *realm, uint32_t seconds) {
    struct note note;
    begin(&note, NOTE_RESTART);
    muster_put_u32(&note.w, seconds);
    return write_note(realm, &note);
}

void note_stop(struct realm *realm, uint32_t script, uint64_t call, uint32_t host_calls) {
    struct note note;
    begin(&note, NOTE_STOP);
    muster_put_u32(&note.w, script);
    muster_put_u64(&note.w, call);
    muster_put_u32(&note.w, host_calls);
    (void)write_note(realm, &note); /* without a recording there is nothing to be repeated */
}

void note_answer(struct realm *realm, uint32_t host_calls, const void *bytes, uint32_t len) {
    uint32_t at = 0;
    do {
        struct note note;
        uint32_t part = len - at < ANSWER_PART_BYTES ? len - at : ANSWER_PART_BYTES;
        begin(&note, NOTE_ANSWER);
        muster_put_u8(&note.w, at + part < len); /* more follows */
        if (at == 0) {
            muster_put_u64(&note.w, realm->calls);
            muster_put_u32(&note.w, host_calls);
        }
        muster_put_bytes(&note.w, (const uint8_t *)bytes + at, part);
        (void)write_note(realm, &note);
        at += part;
    } while (at < len);
}
