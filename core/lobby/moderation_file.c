/* moderation.json in the data directory: the sanctions in force, for people, and kept there when no
 * plugin keeps them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"
#include "moderation_internal.h"
#include "paths.h"

#define FILE_NAME "moderation.json"
#define PATH_BYTES 1200
#define SENTENCE_BYTES (PATH_BYTES + JSON_ERROR_TEXT_LENGTH + 64)
#define FILE_BYTES_MAX (64 << 20)

static bool read_kind(const char *word, enum sanction_kind *out) {
    for (int kind = 0; kind < SANCTION_KINDS; kind++) {
        if (strcmp(word, moderation_kind_text(kind)) != 0) continue;
        *out = (enum sanction_kind)kind;
        return true;
    }
    return false;
}

static json_t *to_json(const struct sanction *s) {
    char address[ADDRESS_PREFIX_TEXT_MAX] = "";
    if (s->address.bits) address_prefix_text(&s->address, address);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:s,s:I,s:I}", "id", s->key, "kind",
                     moderation_kind_text(s->kind), "playerId", s->player_key, "name", s->name,
                     "address", address, "guestsOnly", s->guests_only, "reason", s->reason, "note",
                     s->note, "by", s->actor, "createdAt", (json_int_t)s->created_ms, "expiresAt",
                     (json_int_t)s->until_ms);
}

static bool copy(const json_t *json, const char *key, char *out, size_t size) {
    const char *text = json_string_value(json_object_get(json, key));
    return text && (size_t)snprintf(out, size, "%s", text) < size;
}

static bool from_json(const json_t *json, struct sanction *out) {
    char kind[16], address[ADDRESS_PREFIX_TEXT_MAX];
    *out = (struct sanction){0};
    bool good = copy(json, "id", out->key, sizeof out->key) &&
                copy(json, "kind", kind, sizeof kind) && read_kind(kind, &out->kind) &&
                copy(json, "playerId", out->player_key, sizeof out->player_key) &&
                copy(json, "name", out->name, sizeof out->name) &&
                copy(json, "address", address, sizeof address) &&
                copy(json, "reason", out->reason, sizeof out->reason) &&
                copy(json, "note", out->note, sizeof out->note) &&
                copy(json, "by", out->actor, sizeof out->actor);
    if (!good || (address[0] && !address_prefix_read(address, &out->address))) return false;
    out->guests_only = json_is_true(json_object_get(json, "guestsOnly"));
    out->created_ms = json_integer_value(json_object_get(json, "createdAt"));
    out->until_ms = json_integer_value(json_object_get(json, "expiresAt"));
    return true;
}

static void file_path(char out[PATH_BYTES], const char *suffix) {
    snprintf(out, PATH_BYTES, "%s/%s%s", paths_data(), FILE_NAME, suffix);
}

/* In place of the old one at once, so that nobody meets half a file. */
static muster_status write_file(const char *text) {
    static bool is_failing; /* and known to be */
    char path[PATH_BYTES], fresh[PATH_BYTES];
    file_path(path, "");
    file_path(fresh, ".new");
    size_t len = strlen(text);
    errno = ENOSPC; /* what a short write means */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    good = good && rename(fresh, path) == 0;
    if (!good && !disk_failed(errno) && !is_failing)
        log_error("moderation", "%s was not written: %m", path);
    if (!good) unlink(fresh);
    is_failing = !good;
    return good ? MUSTER_OK : MUSTER_IO;
}

muster_status moderation_file_save(void) {
    json_t *list = json_array();
    uint32_t index = 0;
    for (const struct sanction *s; (s = moderation_next(&index));)
        json_array_append_new(list, to_json(s));
    json_t *root = json_pack("{s:o}", "sanctions", list);
    char *text = json_dumps(root, JSON_INDENT(2));
    muster_status status = text ? write_file(text) : MUSTER_NO_MEMORY;
    free(text);
    json_decref(root);
    return status;
}

/* Null: why is said, unless there is none. */
static json_t *read_json(const char *path, moderation_wrong_fn wrong) {
    char sentence[SENTENCE_BYTES];
    json_error_t error;
    struct stat st;
    json_t *root = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        snprintf(error.text, sizeof error.text, "%s", strerror(errno));
    else if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX)
        snprintf(error.text, sizeof error.text, "expected a file of at most %d bytes",
                 FILE_BYTES_MAX);
    else
        root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
    if (fd >= 0) close(fd);
    snprintf(sentence, sizeof sentence, "%s: %s", path, root ? "" : error.text);
    if (!root) wrong(sentence);
    return root;
}

/* A file that cannot be understood must not open the door to everybody. */
muster_status moderation_file_read(sanction_fn each, moderation_wrong_fn wrong) {
    char path[PATH_BYTES], sentence[SENTENCE_BYTES];
    file_path(path, "");
    if (access(path, F_OK) != 0 && errno == ENOENT) return MUSTER_OK;
    json_t *root = read_json(path, wrong);
    json_t *list = json_object_get(root, "sanctions"), *item;
    muster_status status = json_is_array(list) ? MUSTER_OK : MUSTER_INVALID;
    size_t i;
    snprintf(sentence, sizeof sentence, "%s: expected {\"sanctions\": [...]}", path);
    if (root && status) wrong(sentence);
    json_array_foreach(list, i, item) {
        struct sanction sanction;
        if (from_json(item, &sanction)) {
            each(&sanction);
            continue;
        }
        snprintf(sentence, sizeof sentence, "%s: sanctions[%zu]: a key is missing or wrong", path,
                 i);
        wrong(sentence);
        status = MUSTER_INVALID;
    }
    json_decref(root);
    return status;
}

static void leave_out(const struct sanction *sanction) {
    (void)sanction;
}

void moderation_look(moderation_wrong_fn wrong) {
    (void)!moderation_file_read(leave_out, wrong);
}
