/* mod_set - the mods that a server offers: found in folders, without those whose needs are not met,
 * in the order of their needs.
 *
 * `reach` says of each two mods whether one needs the other, over others too. With it a cycle is a
 * mod that reaches itself, and an optional need that would close a cycle is seen before it counts.
 */
#include "mod_internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <muster/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REASON_BYTES_MAX = 320 };

struct entry {
    struct mod *mod; /* pinned */
    uint32_t depth;
    char reason[REASON_BYTES_MAX]; /* why it is left out, or "" */
};

struct mods {
    struct entry *entries; /* MODS_MAX + 1: mods_replace tries one more */
    uint32_t count;
    uint8_t (*reach)[MODS_MAX + 1];
};

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct entry *)a)->mod->id, ((const struct entry *)b)->mod->id);
}

static int by_depth(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    return by_id(a, b);
}

static struct entry *find(const struct mods *mods, const char *id) {
    for (uint32_t i = 0; i < mods->count; i++)
        if (strcmp(mods->entries[i].mod->id, id) == 0) return &mods->entries[i];
    return NULL;
}

static uint32_t place(const struct mods *mods, const struct entry *entry) {
    return (uint32_t)(entry - mods->entries);
}

static void leave_out(struct entry *entry, const char *format, ...) MUSTER_PRINTF(2, 3);
static void leave_out(struct entry *entry, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(entry->reason, sizeof entry->reason, format, args);
    va_end(args);
}

/* ---- who reaches whom */

static void add_edge(struct mods *mods, uint32_t from, uint32_t to) {
    if (mods->reach[from][to]) return;
    for (uint32_t i = 0; i < mods->count; i++) {
        if (i != from && !mods->reach[i][from]) continue;
        mods->reach[i][to] = 1;
        for (uint32_t j = 0; j < mods->count; j++) mods->reach[i][j] |= mods->reach[to][j];
    }
}

/* The one that meets the need, or null. */
static struct entry *meets(const struct mods *mods, const struct mod_need *need) {
    struct entry *other = find(mods, need->id);
    return other && mod_version_matches(other->mod->version, need->versions) ? other : NULL;
}

static void add_needs(struct mods *mods, struct entry *entry) {
    for (uint32_t i = 0; i < entry->mod->depend_count; i++) {
        const struct mod_need *need = &entry->mod->depends[i];
        struct entry *other = find(mods, need->id);
        if (!other)
            leave_out(entry, "needs %s, which is not there", need->text);
        else if (!mod_version_matches(other->mod->version, need->versions))
            leave_out(entry, "needs %s, which is there as %s", need->text, other->mod->version);
        else
            add_edge(mods, place(mods, entry), place(mods, other));
    }
}

static void add_wishes(struct mods *mods, struct entry *entry) {
    uint32_t from = place(mods, entry);
    for (uint32_t i = 0; i < entry->mod->optional_count; i++) {
        struct entry *other = meets(mods, &entry->mod->optional[i]);
        if (!other || other == entry || other->reason[0]) continue;
        uint32_t to = place(mods, other);
        if (!mods->reach[to][from]) add_edge(mods, from, to);
    }
}

/* ---- who is left out */

/* Writes "b -> c -> a" for the way from one to the other. */
static bool write_way(const struct mods *mods, uint32_t from, uint32_t to, uint8_t *seen, char *out,
                      size_t size) {
    const struct mod *mod = mods->entries[from].mod;
    for (uint32_t i = 0; i < mod->depend_count; i++) {
        struct entry *other = meets(mods, &mod->depends[i]);
        uint32_t next = other ? place(mods, other) : 0;
        if (!other || seen[next]) continue;
        int used = snprintf(out, size, " -> %s", other->mod->id);
        if (next == to || used >= (int)size) return true;
        seen[next] = 1;
        if (write_way(mods, next, to, seen, out + used, size - (size_t)used)) return true;
    }
    *out = '\0';
    return false;
}

static void leave_out_cycles(struct mods *mods) {
    for (uint32_t i = 0; i < mods->count; i++) {
        uint8_t seen[MODS_MAX + 1] = {0};
        char way[REASON_BYTES_MAX - MOD_ID_MAX - 16];
        if (!mods->reach[i][i] || mods->entries[i].reason[0]) continue;
        write_way(mods, i, i, seen, way, sizeof way);
        leave_out(&mods->entries[i], "needs itself: %s%s", mods->entries[i].mod->id, way);
    }
}

static bool leave_out_one(struct mods *mods, struct entry *entry) {
    for (uint32_t i = 0; !entry->reason[0] && i < entry->mod->depend_count; i++) {
        const struct entry *other = meets(mods, &entry->mod->depends[i]);
        if (!other || !other->reason[0]) continue;
        leave_out(entry, "needs %s, which %.240s", other->mod->id, other->reason);
        return true;
    }
    return false;
}

static void leave_out_dependents(struct mods *mods) {
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < mods->count; i++) more |= leave_out_one(mods, &mods->entries[i]);
    }
}

/* ---- the order */

/* 1 more than the deepest that it reaches: the number of mods on the longest way. */
static void set_depths(struct mods *mods) {
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < mods->count; i++)
            for (uint32_t j = 0; j < mods->count; j++) {
                struct entry *entry = &mods->entries[i];
                uint32_t depth = mods->entries[j].depth + 1;
                if (entry->reason[0] || !mods->reach[i][j] || entry->depth >= depth) continue;
                entry->depth = depth;
                more = true;
            }
    }
}

/* Afterwards every entry has its depth, or the reason why it is left out. */
static void resolve(struct mods *mods) {
    memset(mods->reach, 0, (MODS_MAX + 1) * sizeof *mods->reach);
    qsort(mods->entries, mods->count, sizeof *mods->entries, by_id);
    for (uint32_t i = 0; i < mods->count; i++) {
        mods->entries[i].depth = 0;
        mods->entries[i].reason[0] = '\0';
    }
    for (uint32_t i = 0; i < mods->count; i++) add_needs(mods, &mods->entries[i]);
    leave_out_cycles(mods);
    leave_out_dependents(mods);
    for (uint32_t i = 0; i < mods->count; i++)
        if (!mods->entries[i].reason[0]) add_wishes(mods, &mods->entries[i]);
    set_depths(mods);
    qsort(mods->entries, mods->count, sizeof *mods->entries, by_depth);
}

/* ---- loading */

struct loading {
    struct mods *mods;
    const char *store; /* or null */
    mods_log_fn log;
    void *user;
};

static void tell(const struct loading *loading, uint32_t level, const char *format, ...)
    MUSTER_PRINTF(3, 4);
static void tell(const struct loading *loading, uint32_t level, const char *format, ...) {
    va_list args;
    if (!loading->log) return;
    va_start(args, format);
    loading->log(loading->user, level, format, args);
    va_end(args);
}

/* Takes the pin. */
static void take(const struct loading *loading, struct mod *mod) {
    struct mods *mods = loading->mods;
    struct entry *other = find(mods, mod->id);
    if (other) {
        tell(loading, MUSTER_LOG_INFO, "%s: %s of %s is taken instead of %s of %s", mod->id,
             mod->version, mod->dir, other->mod->version, other->mod->dir);
        mod_unpin(other->mod);
        other->mod = mod;
    } else if (mods->count == MODS_MAX) {
        tell(loading, MUSTER_LOG_ERROR, "%s is left out: more than %d mods", mod->dir, MODS_MAX);
        mod_unpin(mod);
    } else {
        mods->entries[mods->count++] = (struct entry){.mod = mod};
    }
}

/* False: none was kept. */
static bool take_kept(const struct loading *loading, const char *id, const char *why) {
    struct mod *mod;
    struct mod_error error;
    if (!loading->store || mod_store_newest(loading->store, id, &mod, &error)) return false;
    tell(loading, MUSTER_LOG_ERROR, "%s, so mod %s stays as it was kept last, version %s (%.8s)",
         why, id, mod->version, mod->hash);
    take(loading, mod);
    return true;
}

static void on_broken(const struct loading *loading, const char *path, const char *name,
                      const struct mod_error *error) {
    char why[PATH_MAX + sizeof error->text + 32];
    snprintf(why, sizeof why, "%s does not load: %s", path, error->text);
    if (!take_kept(loading, name, why))
        tell(loading, MUSTER_LOG_ERROR, "%s is left out: %s", path, error->text);
}

static void load_mod(const struct loading *loading, const char *dir, const char *name) {
    char path[PATH_MAX];
    struct stat st;
    struct mod *mod;
    struct mod_error error;
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) return;
    if (lstat(path, &st) != 0 || S_ISREG(st.st_mode)) return;
    if (!S_ISDIR(st.st_mode))
        tell(loading, MUSTER_LOG_ERROR, "%s is left out: expected a folder, found %s", path,
             S_ISLNK(st.st_mode) ? "a link, which is not followed" : "something else");
    else if (mod_read(path, &mod, &error) != MUSTER_OK)
        on_broken(loading, path, name, &error);
    else
        take(loading, mod);
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Names in order: what is logged does not depend on the file system. */
static muster_status load_dir(const struct loading *loading, const char *dir) {
    enum { LOOKED_AT_MAX = 4096 };
    struct dirent **names;
    int count = scandir(dir, &names, is_shown, alphasort);
    if (count < 0 && errno == ENOMEM) return MUSTER_NO_MEMORY;
    if (count < 0 && errno != ENOENT)
        tell(loading, MUSTER_LOG_ERROR, "%s: cannot be read: %s", dir, strerror(errno));
    if (count > LOOKED_AT_MAX)
        tell(loading, MUSTER_LOG_ERROR, "%s: holds %d files and folders, %d are looked at", dir,
             count, LOOKED_AT_MAX);
    for (int i = 0; i < count; i++) {
        if (i < LOOKED_AT_MAX) load_mod(loading, dir, names[i]->d_name);
        free(names[i]);
    }
    if (count >= 0) free(names);
    return MUSTER_OK;
}

static void take_needed_by(const struct loading *loading, const struct mod *mod) {
    for (uint32_t i = 0; i < mod->depend_count; i++) {
        char why[2 * MOD_ID_MAX + 48];
        const char *id = mod->depends[i].id;
        if (find(loading->mods, id)) continue;
        snprintf(why, sizeof why, "mod %s needs %s, whose folder is gone", mod->id, id);
        (void)take_kept(loading, id, why);
    }
}

/* Those that come may need others in turn. */
static void take_needed(const struct loading *loading) {
    for (uint32_t i = 0; i < loading->mods->count; i++)
        take_needed_by(loading, loading->mods->entries[i].mod);
}

static struct mods *create(void) {
    struct mods *mods = calloc(1, sizeof *mods);
    if (!mods) return NULL;
    mods->entries = calloc(MODS_MAX + 1, sizeof *mods->entries);
    mods->reach = calloc(MODS_MAX + 1, sizeof *mods->reach);
    if (mods->entries && mods->reach) return mods;
    mods_destroy(mods);
    return NULL;
}

static void drop_left_out(const struct loading *loading) {
    struct mods *mods = loading->mods;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < mods->count; i++) {
        struct entry *entry = &mods->entries[i];
        if (!entry->reason[0]) {
            mods->entries[kept++] = *entry;
            continue;
        }
        tell(loading, MUSTER_LOG_ERROR, "%s is left out: it %s", entry->mod->id, entry->reason);
        mod_unpin(entry->mod);
    }
    mods->count = kept;
}

muster_status mods_load(const char *const *dirs, uint32_t dir_count, const char *store,
                        mods_log_fn log, void *user, struct mods **out) {
    struct loading loading = {create(), store, log, user};
    muster_status status = loading.mods ? MUSTER_OK : MUSTER_NO_MEMORY;
    *out = NULL;
    for (uint32_t i = 0; !status && i < dir_count; i++) status = load_dir(&loading, dirs[i]);
    if (status) {
        mods_destroy(loading.mods);
        return status;
    }
    take_needed(&loading);
    resolve(loading.mods);
    drop_left_out(&loading);
    *out = loading.mods;
    return MUSTER_OK;
}

void mods_destroy(struct mods *mods) {
    if (!mods) return;
    for (uint32_t i = 0; i < mods->count; i++) mod_unpin(mods->entries[i].mod);
    free(mods->entries);
    free(mods->reach);
    free(mods);
}

/* ---- the set */

uint32_t mods_count(const struct mods *mods) {
    return mods->count;
}

struct mod *mods_at(const struct mods *mods, uint32_t index) {
    return index < mods->count ? mods->entries[index].mod : NULL;
}

struct mod *mods_find(const struct mods *mods, const char *id) {
    const struct entry *entry = find(mods, id);
    return entry ? entry->mod : NULL;
}

static const struct entry *first_left_out(const struct mods *mods) {
    for (uint32_t i = 0; i < mods->count; i++)
        if (mods->entries[i].reason[0]) return &mods->entries[i];
    return NULL;
}

/* Puts mod in the place of the one with its id, or, without mod, takes that one away. */
static struct mod *swap(struct mods *mods, const char *id, struct mod *mod) {
    struct entry *entry = find(mods, id);
    struct mod *old = entry ? entry->mod : NULL;
    if (!entry) entry = &mods->entries[mods->count++];
    if (mod)
        *entry = (struct entry){.mod = mod};
    else
        *entry = mods->entries[--mods->count];
    return old;
}

/* OK: mod is in, unpinned, and *old out. Else the set is as before. */
static muster_status put_in(struct mods *mods, struct mod *mod, struct mod **old,
                            struct mod_error *error) {
    *error = (struct mod_error){0};
    if (mods->count == MODS_MAX && !find(mods, mod->id))
        return mod_fail(error, MUSTER_LIMIT, "", 0, "more than %d mods", MODS_MAX);
    *old = swap(mods, mod->id, mod);
    resolve(mods);
    const struct entry *bad = first_left_out(mods);
    if (!bad) return MUSTER_OK;
    mod_fail(error, MUSTER_INVALID, "", 0, "%s %s", bad->mod->id, bad->reason);
    (void)swap(mods, mod->id, *old);
    resolve(mods);
    return MUSTER_INVALID;
}

muster_status mods_replace(struct mods *mods, struct mod *mod, struct mod_error *error) {
    struct mod *old;
    muster_status status = put_in(mods, mod, &old, error);
    if (status) return status;
    mod_pin(mod);
    mod_unpin(old);
    return MUSTER_OK;
}

muster_status mods_check(struct mods *mods, struct mod *mod, struct mod_error *error) {
    struct mod *old;
    muster_status status = put_in(mods, mod, &old, error);
    if (status) return status;
    (void)swap(mods, mod->id, old);
    resolve(mods);
    return MUSTER_OK;
}

/* ---- what runs in one lobby */

struct choice {
    const struct mods *mods;
    uint8_t named[MODS_MAX + 1];
    uint8_t chosen[MODS_MAX + 1];
    struct mod_error *error;
};

static muster_status fail_unknown(const struct choice *choice, const char *id) {
    const char *names[MODS_MAX];
    for (uint32_t i = 0; i < choice->mods->count; i++) names[i] = choice->mods->entries[i].mod->id;
    const char *near = mod_word_nearest(id, names, choice->mods->count);
    if (near)
        return mod_fail(choice->error, MUSTER_NOT_FOUND, "", 0,
                        "there is no mod \"%.64s\"; did you mean \"%s\"?", id, near);
    return mod_fail(choice->error, MUSTER_NOT_FOUND, "", 0, "there is no mod \"%.64s\"", id);
}

static muster_status choose(struct choice *choice, uint32_t index) {
    const struct mods *mods = choice->mods;
    const struct mod *mod = mods->entries[index].mod;
    muster_status status = MUSTER_OK;
    if (choice->chosen[index]) return MUSTER_OK;
    choice->chosen[index] = 1;
    for (uint32_t i = 0; !status && i < mod->depend_count; i++) {
        const struct entry *other = meets(mods, &mod->depends[i]);
        if (other->mod->kind == MOD_MODE && !choice->named[place(mods, other)])
            return mod_fail(choice->error, MUSTER_CONFLICT, "", 0, "%s is for the mode %s only",
                            mod->id, other->mod->id);
        status = choose(choice, place(mods, other));
    }
    return status;
}

static muster_status check_conflicts(const struct choice *choice, uint32_t index) {
    const struct mods *mods = choice->mods;
    const struct mod *mod = mods->entries[index].mod;
    for (uint32_t i = 0; i < mod->conflict_count; i++) {
        const struct entry *other = find(mods, mod->conflicts[i]);
        if (!other || !choice->chosen[place(mods, other)]) continue;
        return mod_fail(choice->error, MUSTER_CONFLICT, "", 0, "%s and %s do not go together",
                        mod->id, other->mod->id);
    }
    return MUSTER_OK;
}

static muster_status collect(const struct choice *choice, struct mod **out, uint32_t cap,
                             uint32_t *count) {
    muster_status status = MUSTER_OK;
    *count = 0;
    for (uint32_t i = 0; !status && i < choice->mods->count; i++) {
        if (!choice->chosen[i]) continue;
        status = check_conflicts(choice, i);
        if (!status && *count == cap)
            status = mod_fail(choice->error, MUSTER_LIMIT, "", 0,
                              "more than %u mods, with those that they need", cap);
        if (!status) out[(*count)++] = choice->mods->entries[i].mod;
    }
    return status;
}

muster_status mods_choose(const struct mods *mods, const char *const *ids, uint32_t id_count,
                          struct mod **out, uint32_t cap, uint32_t *count,
                          struct mod_error *error) {
    struct choice choice = {.mods = mods, .error = error};
    muster_status status = MUSTER_OK;
    *error = (struct mod_error){0};
    *count = 0;
    for (uint32_t i = 0; i < id_count; i++) {
        const struct entry *entry = find(mods, ids[i]);
        if (!entry) return fail_unknown(&choice, ids[i]);
        choice.named[place(mods, entry)] = 1;
    }
    for (uint32_t i = 0; !status && i < mods->count; i++)
        if (choice.named[i]) status = choose(&choice, i);
    return status ? status : collect(&choice, out, cap, count);
}
