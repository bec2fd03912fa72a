/* note_take - see note_take.h. */
#include "note_take.h"
#include "note.h"
#include "probe.h"
#include "speech.h"

#include <stdlib.h>
#include <string.h>

enum { STOPS_MAX = 4096 };

static void complain(const struct lobby *lobby, const char *what) {
    const struct instance *instance = lobby->instance;
    instance->host->log->write(instance->self, MUSTER_LOG_ERROR, "a match's log: %s", what);
}

/* With what it was granted by who played the match. */
static struct mod *get_mod(struct lobby *lobby, struct muster_reader *r, uint32_t *granted) {
    const struct instance *instance = lobby->instance;
    char id[MOD_ID_MAX + 1], hash[MOD_HASH_MAX];
    muster_get_str(r, id, sizeof id);
    muster_get_str(r, hash, sizeof hash);
    *granted = muster_get_u32(r);
    struct mod *mod = r->overflow ? NULL : probe_find_version(lobby, id, hash);
    if (!mod && !r->overflow)
        instance->host->log->write(instance->self, MUSTER_LOG_ERROR,
                                   "mod %s %s, which played, is not in %s: without it the match "
                                   "cannot be played again",
                                   id, hash, instance->store_dir);
    return mod;
}

static void take_begin(struct lobby *lobby, struct muster_reader *r) {
    uint32_t count = muster_get_u8(r);
    for (uint32_t i = 0; i < count && !r->overflow; i++) {
        uint32_t granted;
        struct mod *mod = get_mod(lobby, r, &granted);
        if (mod) lobby_match_add(lobby, mod, granted);
        mod_unpin(mod);
    }
}

static struct script *get_script(const struct lobby *lobby, struct muster_reader *r) {
    uint32_t index = muster_get_u32(r);
    return index < lobby->match.script_count ? lobby->match.scripts[index] : NULL;
}

static void take_reload(struct lobby *lobby, struct muster_reader *r) {
    uint32_t granted, granted_before = 0;
    struct mod *mod = get_mod(lobby, r, &granted);
    struct mod *before = muster_get_u8(r) ? get_mod(lobby, r, &granted_before) : NULL;
    if (mod && !r->overflow) lobby_match_reload(lobby, mod, granted, before, granted_before);
    mod_unpin(before);
    mod_unpin(mod);
}

static void take_command(struct lobby *lobby, struct muster_reader *r) {
    char name[SCRIPT_ID_MAX], arguments[NOTE_ARGUMENTS_BYTES];
    struct script *script = get_script(lobby, r);
    muster_get_str(r, name, sizeof name);
    uint32_t seat = muster_get_u32(r);
    muster_get_str(r, arguments, sizeof arguments);
    if (script && !r->overflow) speech_run(script, name, seat, arguments);
}

static void take_message(struct lobby *lobby, struct muster_reader *r) {
    char name[SCRIPT_ID_MAX];
    muster_get_str(r, name, sizeof name);
    uint32_t len = muster_get_u32(r);
    const uint8_t *bytes = muster_get_bytes(r, len);
    if (bytes && !r->overflow) realm_emit(&lobby->match, name, bytes, len);
}

static void take_restart(struct lobby *lobby, struct muster_reader *r) {
    uint32_t seconds = muster_get_u32(r);
    if (!r->overflow) lobby_restarting(&lobby->match, seconds);
}

static void take_stop(struct realm *realm, struct muster_reader *r) {
    struct stop stop = {.script = muster_get_u32(r)};
    stop.call = muster_get_u64(r);
    stop.host_calls = muster_get_u32(r);
    if (r->overflow || realm->stop_count == STOPS_MAX) return;
    struct stop *stops = realloc(realm->stops, (realm->stop_count + 1) * sizeof *stops);
    if (!stops) return;
    realm->stops = stops;
    realm->stops[realm->stop_count++] = stop;
}

/* The next one, or more of the last. */
static void take_answer(struct realm *realm, struct muster_reader *r) {
    struct answer head = {.next = NULL}, **last = realm->answer_open;
    bool more = muster_get_u8(r);
    if (last) {
        head = **last;
    } else {
        head.call = muster_get_u64(r);
        head.host_calls = muster_get_u32(r);
    }
    if (r->overflow) return;
    uint32_t part = r->len - r->pos;
    if (!last) last = realm->answers_end;
    struct answer *answer =
        realloc(realm->answer_open ? *last : NULL, sizeof *answer + head.len + part);
    if (!answer) return;
    memcpy(answer->bytes + head.len, r->data + r->pos, part);
    head.len += part;
    *answer = head;
    *last = answer;
    realm->answers_end = &answer->next;
    realm->answer_open = more ? last : NULL;
}

void note_take(struct lobby *lobby, const void *data, uint32_t len) {
    struct muster_reader r = muster_reader_make(data, len);
    struct realm *realm = &lobby->match;
    switch (muster_get_u8(&r)) {
    case NOTE_BEGIN: take_begin(lobby, &r); break;
    case NOTE_RELOAD: take_reload(lobby, &r); break;
    case NOTE_COMMAND: take_command(lobby, &r); break;
    case NOTE_MESSAGE: take_message(lobby, &r); break;
    case NOTE_RESTART: take_restart(lobby, &r); break;
    case NOTE_STOP: take_stop(realm, &r); break;
    case NOTE_ANSWER: take_answer(realm, &r); break;
    default: complain(lobby, "a note of a later version"); return;
    }
    if (r.overflow) complain(lobby, "a note is damaged");
}

/* ---- answers, as they are asked for ---------------------------------------------------------- */

static void drop_first(struct realm *realm) {
    struct answer *answer = realm->answers;
    if (realm->answer_open && *realm->answer_open == answer)
        realm->answer_open = NULL;
    else if (realm->answer_open == &answer->next)
        realm->answer_open = &realm->answers;
    realm->answers = answer->next;
    if (!realm->answers) realm->answers_end = &realm->answers;
}

/* One that was asked for and not noted, as the script was stopped meanwhile, is not there; one that
 * was noted and is not asked for is passed over. */
struct answer *note_answer_take(struct realm *realm, uint32_t host_calls) {
    struct answer *answer;
    while ((answer = realm->answers) && answer->call <= realm->calls) {
        bool is_asked = answer->call == realm->calls && answer->host_calls == host_calls;
        if (answer->call == realm->calls && answer->host_calls > host_calls) return NULL;
        drop_first(realm);
        if (is_asked) return answer;
        free(answer);
    }
    return NULL;
}
