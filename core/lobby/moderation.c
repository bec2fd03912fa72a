#include "moderation.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "disk.h"
#include "log.h"
#include "loop.h"
#include "moderation_internal.h"
#include "registry.h"

#define SWEEP_MS 1000

static struct {
    struct sanction *items;
    uint32_t count;
    uint32_t cap;
    int64_t next_end_ms; /* nothing ends before */
    struct loop_timer *sweep;
    bool is_unsaved; /* the file is behind */
    bool is_loaded;
} table;

/* ---- the table ------------------------------------------------------------------------------- */

static bool in_force(const struct sanction *sanction) {
    return sanction->until_ms == 0 || loop_unix_ms() < sanction->until_ms;
}

static bool grow(void) {
    if (table.count == SANCTIONS_MAX) return false;
    if (table.count < table.cap) return true;
    uint32_t cap = table.cap ? table.cap * 2 : 64;
    struct sanction *items = realloc(table.items, cap * sizeof table.items[0]);
    if (!items) return false;
    table.items = items;
    table.cap = cap;
    return true;
}

static void note_end(const struct sanction *sanction) {
    bool is_next = sanction->until_ms && sanction->until_ms < table.next_end_ms;
    if (is_next) table.next_end_ms = sanction->until_ms;
}

static struct sanction *append(const struct sanction *sanction) {
    if (!grow()) return NULL;
    note_end(sanction);
    table.items[table.count] = *sanction;
    return &table.items[table.count++];
}

static void remove_at(uint32_t index) {
    memmove(&table.items[index], &table.items[index + 1],
            (table.count - index - 1) * sizeof table.items[0]);
    table.count--;
}

const struct sanction *moderation_next(uint32_t *index) {
    while (*index < table.count) {
        const struct sanction *sanction = &table.items[(*index)++];
        if (in_force(sanction)) return sanction;
    }
    return NULL;
}

uint32_t moderation_count(enum sanction_kind kind, const char *player_key) {
    uint32_t index = 0, count = 0;
    for (const struct sanction *s; (s = moderation_next(&index));)
        count += s->kind == kind && strcmp(s->player_key, player_key) == 0;
    return count;
}

/* ---- whom it concerns ------------------------------------------------------------------------ */

/* player_key null: nobody knows yet who comes. */
static bool concerns(const struct sanction *sanction, const char *player_key, const char *address,
                     bool is_guest) {
    bool is_named =
        player_key && sanction->player_key[0] && strcmp(sanction->player_key, player_key) == 0;
    bool counts = sanction->address.bits && (!sanction->guests_only || is_guest);
    return is_named || (counts && address_in(address, &sanction->address));
}

static const struct sanction *find(enum sanction_kind kind, const char *player_key,
                                   const char *address, bool is_guest) {
    uint32_t index = 0;
    for (const struct sanction *s; (s = moderation_next(&index));)
        if (s->kind == kind && concerns(s, player_key, address, is_guest)) return s;
    return NULL;
}

static bool has(enum sanction_kind kind) {
    uint32_t index = 0;
    for (const struct sanction *s; (s = moderation_next(&index));)
        if (s->kind == kind) return true;
    return false;
}

static const struct sanction *find_for(enum sanction_kind kind, const struct session *session) {
    return find(kind, session->player_key, session->address,
                session->account == MUSTER_ACCOUNT_GUEST);
}

const struct sanction *moderation_door(const char *address, bool makes_account) {
    return find(SANCTION_BAN, NULL, address, makes_account);
}

/* What the player is told of it; what is left, too: their clock need not be this one. */
static json_t *facts_json(const struct sanction *sanction) {
    int64_t left_ms = sanction->until_ms - loop_unix_ms();
    if (!sanction->until_ms)
        return json_pack("{s:s,s:n,s:n}", "reason", sanction->reason, "until", "endsInMs");
    return json_pack("{s:s,s:I,s:I}", "reason", sanction->reason, "until",
                     (json_int_t)sanction->until_ms, "endsInMs",
                     (json_int_t)(left_ms > 0 ? left_ms : 0));
}

int32_t moderation_refuse(const struct sanction *ban, struct failure *failure) {
    char end[40];
    moderation_end_text(ban, end);
    return failure_set_data(failure, RPC_BANNED, facts_json(ban), "you are banned %s: %s", end,
                            ban->reason);
}

int32_t moderation_admit(const struct muster_identity *identity, const char *address,
                         struct failure *failure) {
    bool is_guest = identity->account == MUSTER_ACCOUNT_GUEST;
    const struct sanction *ban = find(SANCTION_BAN, identity->player_key, address, is_guest);
    if (ban) return moderation_refuse(ban, failure);
    bool is_free = muster_permitted(identity->permissions, "admin") ||
                   session_find_key(identity->player_key) || !has(SANCTION_CLOSED) ||
                   find(SANCTION_ALLOW, identity->player_key, address, is_guest);
    if (is_free) return RPC_OK;
    return failure_set_data(failure, RPC_FORBIDDEN, json_pack("{s:s}", "reason", "whitelist"),
                            "this server is open to those on its list alone");
}

int32_t moderation_speak(const struct session *session, struct failure *failure) {
    const struct sanction *mute = find_for(SANCTION_MUTE, session);
    char end[40];
    if (!mute) return RPC_OK;
    moderation_end_text(mute, end);
    json_t *data = facts_json(mute);
    json_object_set_new(data, "message", json_string(mute->reason));
    json_object_set_new(data, "reason", json_string("muted"));
    return failure_set_data(failure, RPC_DENIED, data, "you are muted %s: %s", end, mute->reason);
}

json_t *moderation_mute_json(const struct session *session) {
    const struct sanction *mute = find_for(SANCTION_MUTE, session);
    return mute ? facts_json(mute) : json_null();
}

/* ---- telling --------------------------------------------------------------------------------- */

/* An admin who bans a range stays to see what came of it. */
static void close_banned(const struct sanction *ban) {
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));) {
        bool is_named = strcmp(session->player_key, ban->player_key) == 0;
        if (find_for(SANCTION_BAN, session) != ban) continue;
        if (is_named || !session_may(session, "admin")) session_ban(session, facts_json(ban));
    }
}

static void tell_muted(const struct sanction *mute) {
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));)
        if (find_for(SANCTION_MUTE, session) == mute)
            session_notify(session, "session.muted", facts_json(mute));
}

/* ended: out of the table. Where another mute goes on, that one is told. */
static void tell_unmuted(const struct sanction *ended) {
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));) {
        bool is_guest = session->account == MUSTER_ACCOUNT_GUEST;
        if (!concerns(ended, session->player_key, session->address, is_guest)) continue;
        const struct sanction *other = find_for(SANCTION_MUTE, session);
        session_notify(session, other ? "session.muted" : "session.unmuted",
                       facts_json(other ? other : ended));
    }
}

static void tell_warned(const struct sanction *sanction) {
    struct session *session = session_find_key(sanction->player_key);
    uint32_t count = moderation_count(SANCTION_WARN, sanction->player_key);
    if (session)
        session_notify(session, "session.warned",
                       json_pack("{s:s,s:i}", "reason", sanction->reason, "count", (int)count));
}

static void take_effect(const struct sanction *sanction) {
    switch (sanction->kind) {
    case SANCTION_BAN: close_banned(sanction); break;
    case SANCTION_MUTE: tell_muted(sanction); break;
    case SANCTION_WARN: tell_warned(sanction); break;
    default: break;
    }
}

/* ---- changes --------------------------------------------------------------------------------- */

static void end_at(uint32_t index) {
    struct sanction ended = table.items[index];
    remove_at(index);
    if (ended.kind == SANCTION_MUTE) tell_unmuted(&ended);
}

/* Those that have run out are of no use but in the database. */
void moderation_sweep(void *user) {
    (void)user;
    if (loop_unix_ms() < table.next_end_ms) return;
    table.next_end_ms = INT64_MAX;
    for (uint32_t i = table.count; i-- > 0;)
        if (in_force(&table.items[i]))
            note_end(&table.items[i]);
        else
            end_at(i);
}

static bool same_prefix(const struct address_prefix *a, const struct address_prefix *b) {
    return a->bits == b->bits && memcmp(a->bytes, b->bytes, ADDRESS_BYTES) == 0;
}

static bool is_same(const struct sanction *a, const struct sanction *b) {
    if (a->kind != b->kind || a->kind == SANCTION_WARN) return false;
    if (strcmp(a->player_key, b->player_key) != 0) return false;
    return a->player_key[0] || same_prefix(&a->address, &b->address);
}

static void remove_same(const struct sanction *sanction, struct changes *changes) {
    for (uint32_t i = table.count; i-- > 0;) {
        if (!is_same(&table.items[i], sanction) ||
            changes->ended_count == MUSTER_SANCTIONS_ENDED_MAX)
            continue;
        memcpy(changes->ended[changes->ended_count++], table.items[i].key, SANCTION_KEY_SIZE);
        remove_at(i);
    }
}

static muster_status save_file(void) {
    muster_status status = moderation_file_save();
    table.is_unsaved = status != MUSTER_OK;
    return status;
}

static muster_status keep(const struct changes *changes) {
    muster_status in_file = save_file();
    muster_status status = moderation_keeper_write(changes);
    return status == MUSTER_UNAVAILABLE ? in_file : status;
}

/* In place of one of that kind for the same. Null: there are too many. */
static const struct sanction *enforce(const struct sanction *sanction, struct changes *changes) {
    moderation_sweep(NULL);
    remove_same(sanction, changes);
    const struct sanction *added = append(sanction);
    if (!added) return NULL;
    log_fields(MUSTER_LOG_INFO, "moderation",
               &(struct log_fields){
                   .player = sanction->player_key, .event = "sanction_added", .kept = true},
               "%s %s by %s: %s", moderation_kind_text(sanction->kind), sanction->key,
               sanction->actor, sanction->reason);
    take_effect(added);
    return added;
}

muster_status moderation_add(const struct sanction *wanted) {
    struct changes changes = {0};
    struct sanction sanction = *wanted;
    unsigned char random[(SANCTION_KEY_SIZE - 1) / 2];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(sanction.key, sizeof sanction.key, random, sizeof random);
    if (!sanction.created_ms) sanction.created_ms = loop_unix_ms();
    changes.added = enforce(&sanction, &changes);
    if (!changes.added) return MUSTER_LIMIT;
    return keep(&changes);
}

static bool is_meant(const struct sanction *sanction, const char *who,
                     const struct address_prefix *prefix) {
    return strcmp(sanction->key, who) == 0 ||
           (sanction->player_key[0] && strcmp(sanction->player_key, who) == 0) ||
           (prefix->bits && same_prefix(&sanction->address, prefix));
}

muster_status moderation_end(enum sanction_kind kind, const char *who, uint32_t *count) {
    struct changes changes = {0};
    struct address_prefix prefix;
    if (!address_prefix_read(who, &prefix)) prefix.bits = 0;
    moderation_sweep(NULL);
    for (uint32_t i = table.count; i-- > 0;) {
        const struct sanction *sanction = &table.items[i];
        if (sanction->kind != kind || !is_meant(sanction, who, &prefix)) continue;
        if (changes.ended_count == MUSTER_SANCTIONS_ENDED_MAX) continue;
        memcpy(changes.ended[changes.ended_count++], sanction->key, SANCTION_KEY_SIZE);
        end_at(i);
    }
    *count = changes.ended_count;
    return *count ? keep(&changes) : MUSTER_OK;
}

/* ---- what another node has said -------------------------------------------------------------- */

bool moderation_is_loaded(void) {
    return table.is_loaded;
}

/* table.count: there is none. */
static uint32_t index_of(const char *key) {
    uint32_t i = 0;
    while (i < table.count && strcmp(table.items[i].key, key) != 0) i++;
    return i;
}

void moderation_take(const struct sanction *sanction) {
    struct changes changes = {0};
    if (!in_force(sanction) || index_of(sanction->key) < table.count) return;
    if (!enforce(sanction, &changes))
        log_error("moderation", "over %u sanctions: %s is left out", SANCTIONS_MAX, sanction->key);
    (void)save_file();
}

void moderation_take_end(const char *key) {
    uint32_t index = index_of(key);
    if (index == table.count) return;
    end_at(index);
    (void)save_file();
}

/* ---- start, words ---------------------------------------------------------------------------- */

static void take_loaded(const struct sanction *sanction) {
    if (in_force(sanction) && !append(sanction))
        log_error("moderation", "over %u sanctions: %s is left out", SANCTIONS_MAX, sanction->key);
}

static struct {
    void (*fn)(void *user, muster_status status);
    void *user;
} start;

static void on_loaded(muster_status status) {
    table.is_loaded = status == MUSTER_OK;
    if (!status) (void)save_file();
    start.fn(start.user, status);
}

static void log_wrong(const char *sentence) {
    log_error("moderation", "%s", sentence);
}

static muster_status load_file(void) {
    if (registry_first(MUSTER_ROLE_DATABASE))
        log_warn("moderation", "no plugin that keeps sanctions in the database is configured: they "
                               "are in moderation.json alone");
    return moderation_file_read(take_loaded, log_wrong);
}

static void on_sweep(void *user) {
    moderation_sweep(user);
    if (table.is_unsaved && disk_has_room()) (void)save_file();
}

void moderation_start(void (*fn)(void *user, muster_status status), void *user) {
    table.sweep = loop_timer_start(SWEEP_MS, SWEEP_MS, on_sweep, NULL);
    start.fn = fn;
    start.user = user;
    muster_status status = moderation_keeper_load(take_loaded, on_loaded);
    if (status == MUSTER_OK) return;
    fn(user, status == MUSTER_UNAVAILABLE ? load_file() : status);
}

void moderation_deinit(void) {
    moderation_keeper_forget();
    loop_timer_stop(table.sweep);
    free(table.items);
    memset(&table, 0, sizeof table);
}

void moderation_end_text(const struct sanction *sanction, char out[40]) {
    time_t seconds = (time_t)(sanction->until_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    if (sanction->until_ms)
        strftime(out, 40, "until %Y-%m-%d %H:%M:%S UTC", &utc);
    else
        snprintf(out, 40, "for good");
}

const char *moderation_kind_text(enum sanction_kind kind) {
#define KIND_TEXT(name, code, text) [code] = (text),
    static const char *const words[SANCTION_KINDS] = {MUSTER_SANCTION_MAP(KIND_TEXT)};
#undef KIND_TEXT
    return words[kind];
}
