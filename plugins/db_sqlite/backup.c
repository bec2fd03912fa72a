/* backup - see backup.h. */
#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4200u
#define BUSY_MS 10000
#define TRIES_MAX 10 /* of names: one start follows upon the other within a second */

static muster_status fail(char *why, const char *to, const char *what) {
    snprintf(why, BACKUP_WHY_MAX, "cannot write %.300s: %.150s", to, what);
    return MUSTER_IO;
}

/* The copy is one transaction that reads: whoever writes meanwhile does not wait. */
static int copy_all(const char *file, const char *to, char *what, size_t cap) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(db, BUSY_MS);
    if (code == SQLITE_OK) code = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, to, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code != SQLITE_DONE) snprintf(what, cap, "%s", db ? sqlite3_errmsg(db) : "out of memory");
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return code == SQLITE_DONE ? 0 : -1;
}

/* A new, empty file of this account alone, which VACUUM INTO takes. */
static int make_empty(const char *path) {
    (void)unlink(path); /* of an attempt that was cut off */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int sync_file(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int code = fsync(fd);
    close(fd);
    return code;
}

/* Never over a file that has come meanwhile, where the file system can do that. */
static int put_in_place(const char *part, const char *to) {
    int code = renameat2(AT_FDCWD, part, AT_FDCWD, to, RENAME_NOREPLACE);
    return code != 0 && errno == EINVAL ? rename(part, to) : code;
}

muster_status backup_make(const char *file, const char *to, char *why) {
    char part[PATH_BYTES_MAX], what[200] = "";
    if ((size_t)snprintf(part, sizeof part, "%s.part", to) >= sizeof part)
        return fail(why, to, "the path is too long");
    if (access(to, F_OK) == 0) {
        snprintf(why, BACKUP_WHY_MAX, "%.300s is there already: choose another name", to);
        return MUSTER_EXISTS;
    }
    if (make_empty(part) != 0) return fail(why, part, strerror(errno));
    int code = copy_all(file, part, what, sizeof what);
    if (code == 0 && (sync_file(part) != 0 || put_in_place(part, to) != 0)) {
        snprintf(what, sizeof what, "%s", strerror(errno));
        code = -1;
    }
    if (code != 0) (void)unlink(part);
    return code == 0 ? MUSTER_OK : fail(why, to, what);
}

/* For glob, with what glob has a meaning for as it is. */
static void write_pattern(const char *file, char *out, size_t cap) {
    size_t len = 0;
    for (; *file && len + 16 < cap; file++) {
        if (strchr("*?[\\", *file)) out[len++] = '\\';
        out[len++] = *file;
    }
    snprintf(out + len, cap - len, ".backup-*Z");
}

/* Names with a time sort by it. */
static void remove_oldest(const char *file, uint32_t kept) {
    char pattern[2 * PATH_BYTES_MAX];
    glob_t found;
    write_pattern(file, pattern, sizeof pattern);
    if (glob(pattern, 0, NULL, &found) != 0) return;
    for (size_t i = 0; i + kept < found.gl_pathc; i++) (void)unlink(found.gl_pathv[i]);
    globfree(&found);
}

muster_status backup_before_migration(const char *file, uint32_t kept, char *why) {
    char to[PATH_BYTES_MAX], when[32];
    struct tm utc;
    time_t at = time(NULL);
    muster_status status = kept ? MUSTER_EXISTS : MUSTER_OK;
    for (int tries = 0; status == MUSTER_EXISTS && tries < TRIES_MAX; tries++, at++) {
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&at, &utc));
        snprintf(to, sizeof to, "%s.backup-%s", file, when);
        status = backup_make(file, to, why);
    }
    if (status == MUSTER_OK && kept) remove_oldest(file, kept);
    return status;
}
