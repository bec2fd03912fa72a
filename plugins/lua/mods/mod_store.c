/* mod_store - every version of a mod that took part in a match, by its hash, as one JSON file:
 *   {"id":"koth","version":"1.2.0","files":{"mod.json":"...","init.lua":"..."}}
 * What is read back passes the same checks as a folder, and must have the hash of its name.
 */
#include "mod_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    STORED_BYTES_MAX = MOD_BYTES_MAX * 6 + (1 << 20), /* JSON writes a control byte with six */
    LEFTOVER_S = 3600,
};

static const char ending[] = ".json";

static bool is_hash(const char *text) {
    return strlen(text) == MOD_HASH_MAX - 1 && strspn(text, "0123456789abcdef") == MOD_HASH_MAX - 1;
}

/* ---- files */

static muster_status read_all(int fd, size_t size, char **out) {
    char *text = malloc(size + 1);
    size_t len = 0;
    if (!text) return MUSTER_NO_MEMORY;
    while (len < size) {
        ssize_t got = read(fd, text + len, size - len);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        len += (size_t)got;
    }
    if (len == size) {
        text[len] = '\0';
        *out = text;
        return MUSTER_OK;
    }
    free(text);
    return MUSTER_IO;
}

static muster_status read_file(const char *path, char **text, struct mod_error *error) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return mod_fail(error, errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO, path, 0, "%s",
                        strerror(errno));
    muster_status status = MUSTER_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > STORED_BYTES_MAX)
        status = mod_fail(error, MUSTER_INVALID, path, 0, "is no stored mod");
    if (!status) status = read_all(fd, (size_t)st.st_size, text);
    close(fd);
    if (status == MUSTER_IO) mod_fail(error, status, path, 0, "cannot be read");
    return status;
}

/* ---- writing */

static json_t *to_json(const struct mod *mod) {
    json_t *files = json_object();
    for (uint32_t i = 0; i < mod->source_count; i++) {
        const struct mod_source *source = &mod->sources[i];
        json_object_set_new(files, source->path, json_stringn(source->text, source->len));
    }
    if (json_object_size(files) != mod->source_count) {
        json_decref(files);
        return NULL;
    }
    return json_pack("{s:s,s:s,s:o}", "id", mod->id, "version", mod->version, "files", files);
}

static bool write_all(int fd, const char *text, size_t len) {
    while (len > 0) {
        ssize_t done = write(fd, text, len);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        text += done;
        len -= (size_t)done;
    }
    return fsync(fd) == 0;
}

/* The newest are kept: mod_store_prune. */
static bool touch(const char *path) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool touched = fd >= 0 && futimens(fd, NULL) == 0;
    if (fd >= 0) close(fd);
    return touched;
}

/* As at every start but the first: then nothing has to reach the disk. */
static bool is_stored(const char *path, const char *text) {
    struct mod_error error;
    char *there = NULL;
    bool same = read_file(path, &there, &error) == MUSTER_OK && strcmp(there, text) == 0;
    free(there);
    return same && touch(path);
}

/* Two threads may write the same: each its own file, and the last name stays. */
static muster_status write_file(const char *dir, const char *hash, const char *text) {
    char path[PATH_MAX], temporary[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s%s", dir, hash, ending) >= (int)sizeof path ||
        snprintf(temporary, sizeof temporary, "%s/%s.XXXXXX", dir, hash) >= (int)sizeof temporary)
        return MUSTER_INVALID;
    if (is_stored(path, text)) return MUSTER_OK;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) return MUSTER_IO;
    bool written = write_all(fd, text, strlen(text));
    if (close(fd) == 0 && written && rename(temporary, path) == 0) return MUSTER_OK;
    unlink(temporary);
    return MUSTER_IO;
}

muster_status mod_store_put(const char *dir, const struct mod *mod) {
    json_t *json = to_json(mod);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    muster_status status = MUSTER_NO_MEMORY;
    json_decref(json);
    if (text && mkdir(dir, 0700) != 0 && errno != EEXIST)
        status = MUSTER_IO;
    else if (text)
        status = write_file(dir, mod->hash, text);
    free(text);
    return status;
}

/* ---- reading */

static muster_status add_files(struct sources *sources, json_t *files, struct mod_error *error) {
    const char *path;
    json_t *text;
    muster_status status = MUSTER_OK;
    json_object_foreach(files, path, text) {
        if (!status && !json_is_string(text))
            status = mod_fail(error, MUSTER_INVALID, path, 0, "is no text");
        if (!status)
            status = mod_sources_add(sources, path, json_string_value(text),
                                     json_string_length(text), error);
    }
    return status;
}

static muster_status from_json(const char *text, struct mod **out, struct mod_error *error) {
    struct sources sources = {0};
    json_error_t where;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (!json) return mod_fail(error, MUSTER_INVALID, "", where.line, "%s", where.text);
    muster_status status = add_files(&sources, json_object_get(json, "files"), error);
    if (!status) status = mod_build(&sources, NULL, out, error);
    json_decref(json);
    mod_memory_free(sources.memory);
    return status;
}

muster_status mod_store_get(const char *dir, const char *hash, struct mod **out,
                            struct mod_error *error) {
    char path[PATH_MAX];
    char *text = NULL;
    *out = NULL;
    *error = (struct mod_error){0};
    if (!is_hash(hash) ||
        snprintf(path, sizeof path, "%s/%s%s", dir, hash, ending) >= (int)sizeof path)
        return mod_fail(error, MUSTER_NOT_FOUND, "", 0, "\"%.64s\" is no hash of a mod", hash);
    muster_status status = read_file(path, &text, error);
    if (!status) status = from_json(text, out, error);
    free(text);
    if (!status && strcmp((*out)->hash, hash) != 0) {
        status = mod_fail(error, MUSTER_INVALID, path, 0, "is damaged: its texts have the hash %s",
                          (*out)->hash);
        mod_unpin(*out);
        *out = NULL;
    }
    return mod_settle(error, status);
}

/* ---- the newest of one id */

/* As to_json begins. */
static bool is_of(int folder, const char *name, const char *id) {
    char expected[MOD_ID_MAX + 16], found[sizeof expected] = "";
    size_t len = (size_t)snprintf(expected, sizeof expected, "{\"id\":\"%.*s\",", MOD_ID_MAX, id);
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool same =
        fd >= 0 && read(fd, found, len) == (ssize_t)len && memcmp(found, expected, len) == 0;
    if (fd >= 0) close(fd);
    return same;
}

static bool is_newer(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static void find_newest(DIR *names, const char *id, char hash[MOD_HASH_MAX]) {
    struct timespec newest = {0};
    const struct dirent *entry;
    int folder = dirfd(names);
    while ((entry = readdir(names)) != NULL) {
        char name[MOD_HASH_MAX] = "";
        struct stat st;
        memcpy(name, entry->d_name, strnlen(entry->d_name, sizeof name - 1));
        if (!is_hash(name) || strcmp(entry->d_name + sizeof name - 1, ending) != 0 ||
            fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            (hash[0] && !is_newer(&st.st_mtim, &newest)) || !is_of(folder, entry->d_name, id))
            continue;
        newest = st.st_mtim;
        memcpy(hash, name, sizeof name);
    }
}

/* Never an upload: that is one lobby's. */
muster_status mod_store_newest(const char *dir, const char *id, struct mod **out,
                               struct mod_error *error) {
    char hash[MOD_HASH_MAX] = "";
    DIR *names = opendir(dir);
    *out = NULL;
    if (names) {
        find_newest(names, id, hash);
        closedir(names);
    }
    if (!hash[0] || strncmp(id, MOD_UPLOAD_PREFIX, strlen(MOD_UPLOAD_PREFIX)) == 0)
        return mod_fail(error, MUSTER_NOT_FOUND, "", 0, "no version of it was kept");
    muster_status status = mod_store_get(dir, hash, out, error);
    if (status || strcmp((*out)->id, id) == 0) return status;
    mod_unpin(*out);
    *out = NULL;
    return mod_fail(error, MUSTER_INVALID, "", 0, "%s is of another mod", hash);
}

/* ---- pruning */

struct stored {
    char hash[MOD_HASH_MAX];
    struct timespec written;
};

struct stored_list {
    struct stored *items;
    size_t count, size;
};

static bool append(struct stored_list *list, const char *name, const struct stat *st) {
    if (list->count == list->size) {
        size_t size = list->size ? list->size * 2 : 64;
        struct stored *items = realloc(list->items, size * sizeof *items);
        if (!items) return false;
        list->items = items;
        list->size = size;
    }
    struct stored *item = &list->items[list->count++];
    *item = (struct stored){.written = st->st_mtim};
    memcpy(item->hash, name, MOD_HASH_MAX - 1);
    return true;
}

/* What write_file leaves behind when the machine stops in between. */
static bool is_leftover(const char *name, const struct stat *st) {
    return strlen(name) == MOD_HASH_MAX - 1 + strlen(".XXXXXX") && name[MOD_HASH_MAX - 1] == '.' &&
           st->st_mtim.tv_sec + LEFTOVER_S < time(NULL);
}

static void look_at(int folder, const char *name, struct stored_list *list) {
    char hash[MOD_HASH_MAX] = "";
    struct stat st;
    memcpy(hash, name, strnlen(name, sizeof hash - 1));
    if (!is_hash(hash) || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (strcmp(name + sizeof hash - 1, ending) == 0)
        append(list, name, &st); /* what finds no memory now is found next time */
    else if (is_leftover(name, &st))
        unlinkat(folder, name, 0);
}

static int newest_first(const void *a, const void *b) {
    const struct timespec *x = &((const struct stored *)a)->written;
    const struct timespec *y = &((const struct stored *)b)->written;
    return is_newer(y, x) - is_newer(x, y);
}

static bool is_kept(const char *hash, const char *const *keep, uint32_t keep_count) {
    for (uint32_t i = 0; i < keep_count; i++)
        if (strcmp(hash, keep[i]) == 0) return true;
    return false;
}

void mod_store_prune(const char *dir, uint32_t newest, const char *const *keep,
                     uint32_t keep_count) {
    struct stored_list list = {0};
    const struct dirent *entry;
    DIR *folder = opendir(dir);
    if (!folder) return;
    while ((entry = readdir(folder)) != NULL) look_at(dirfd(folder), entry->d_name, &list);
    if (list.count) qsort(list.items, list.count, sizeof *list.items, newest_first);
    for (size_t i = newest; i < list.count; i++) {
        char name[MOD_HASH_MAX + sizeof ending];
        snprintf(name, sizeof name, "%s%s", list.items[i].hash, ending);
        if (!is_kept(list.items[i].hash, keep, keep_count)) unlinkat(dirfd(folder), name, 0);
    }
    free(list.items);
    closedir(folder);
}
