#include "doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config.h"
#include "doctor_internal.h"
#include "paths.h"
#include "plugin.h"
#include "server.h"

#define PATH_BYTES 1024

enum kind { A_FILE, A_FOLDER, A_LEFTOVER };

/* What may lie there; anything else is not looked at. The first that fits counts. */
static const struct row {
    const char *folder; /* of fnmatch, as the next */
    const char *pattern;
    enum kind kind;
    void (*look)(const struct doctor_file *file); /* or null */
} rows[] = {
    {"", "node-id", A_FILE, doctor_node_id},
    {"", "lock", A_FILE, NULL},
    {"", "moderation.json", A_FILE, doctor_moderation},
    {"", "moderation.json.new", A_LEFTOVER, NULL},
    {"", "unwritten.jsonl", A_FILE, doctor_outbox},
    {"", "unwritten.*.jsonl", A_FILE, doctor_outbox},
    {"", "unwritten.live", A_FILE, doctor_checkpoint},
    {"", "unwritten.*.live", A_FILE, doctor_checkpoint},
    {"", "queue.live", A_FILE, doctor_checkpoint},
    {"", "orders.live", A_FILE, doctor_checkpoint},
    {"", "*.live.new", A_LEFTOVER, NULL},
    {"", "*.db", A_FILE, NULL}, /* what is in it: the plugin's check */
    {"", "*.db-wal", A_FILE, NULL},
    {"", "*.db-shm", A_FILE, NULL},
    {"", "*.db.backup-*.part", A_LEFTOVER, NULL},
    {"", "*.db.backup-*", A_FILE, NULL},
    {"", "backups", A_FOLDER, NULL},
    {"", "crash.page", A_FILE, NULL},
    {"", "disk-probe", A_LEFTOVER, NULL},
    {"", "crashes", A_FOLDER, NULL},
    {"", "evidence", A_FOLDER, NULL},
    {"", "keys", A_FOLDER, NULL},
    {"", "live", A_FOLDER, NULL},
    {"", "lobbies", A_FOLDER, NULL},
    {"", "mods", A_FOLDER, NULL},
    {"", "records", A_FOLDER, NULL},
    {"", "run", A_FOLDER, NULL},
    {"backups", "*.part", A_LEFTOVER, NULL},
    {"backups", "*", A_FILE, NULL},
    {"crashes", "*", A_FOLDER, doctor_crash},
    {"crashes/*", "*", A_FILE, NULL},
    {"evidence", "*.mrec", A_FILE, doctor_recording},
    {"keys", "*.pem", A_FILE, NULL}, /* as for databases */
    {"keys", "*.pem.new", A_LEFTOVER, NULL},
    {"live", "*.new", A_LEFTOVER, NULL},
    {"live", "*", A_FILE, doctor_live},
    {"lobbies", "*", A_FILE, doctor_lobby},
    {"mods", "*.json", A_FILE, NULL},
    {"mods", "*.??????", A_LEFTOVER, NULL},
    {"records", "*.mrec", A_FILE, doctor_recording},
    {"records", "*.mrec.checkpoint", A_LEFTOVER, NULL}, /* of earlier versions */
};

/* ---- what lies there ------------------------------------------------------------------------- */

static void check_mode(const char *name, const char *path, const struct stat *st) {
    unsigned expected = S_ISDIR(st->st_mode) ? 0700 : 0600, found = st->st_mode & 07777;
    if (found == expected) return;
    if (!doctor_report.mends)
        doctor_mendable(name, "expected mode %04o, found %04o (--mend sets it)", expected, found);
    else if (chmod(path, expected))
        doctor_wrong(name, "expected mode %04o, found %04o: %m", expected, found);
    else
        doctor_mended(name, "mode %04o is %04o now", found, expected);
}

static bool is_sound(const char *name, const struct row *row, const struct stat *st) {
    bool is_folder = row->kind == A_FOLDER;
    if (is_folder ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode))
        doctor_wrong(name, "expected a %s, found something else, which is not followed",
                     is_folder ? "folder" : "file");
    else if (st->st_uid != geteuid())
        doctor_wrong(name, "expected to belong to user %u, found %u", geteuid(), st->st_uid);
    else
        return true;
    return false;
}

static const struct row *row_of(const char *folder, const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fnmatch(rows[i].folder, folder, FNM_PATHNAME) == 0 &&
            fnmatch(rows[i].pattern, name, FNM_PERIOD) == 0)
            return &rows[i];
    return NULL;
}

static void walk(const char *folder);

static void look_at(const char *folder, const char *entry) {
    char name[PATH_BYTES / 2], path[PATH_BYTES];
    const struct row *row = row_of(folder, entry);
    struct stat st;
    if (!row) return;
    snprintf(name, sizeof name, "%s%s%s", folder, folder[0] ? "/" : "", entry);
    snprintf(path, sizeof path, "%s/%s", paths_data(), name);
    if (lstat(path, &st)) return; /* gone meanwhile */
    if (!is_sound(name, row, &st)) return;
    const struct doctor_file file = {name, path, st.st_size};
    if (row->kind == A_LEFTOVER) {
        doctor_leftover(&file);
        return;
    }
    check_mode(name, path, &st);
    if (row->kind == A_FOLDER) walk(name);
    if (row->look) row->look(&file);
}

static void walk(const char *folder) {
    char path[PATH_BYTES];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "%s/%s", paths_data(), folder);
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) doctor_wrong(folder, "cannot be read: %m");
    for (int i = 0; i < count; i++) {
        look_at(folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void check_plugins(void) {
    char error[PLUGIN_ERROR_MAX] = "";
    if (!plugin_check_all(error)) return;
    for (char *line = error, *rest; (line = strtok_r(line, "\n", &rest)); line = NULL)
        doctor_wrong("", "%s", line);
}

static uint64_t check_room(void) {
    struct statvfs room;
    if (statvfs(paths_data(), &room)) return 0;
    uint64_t free_mib = (uint64_t)room.f_bavail * room.f_frsize >> 20;
    if (free_mib < config_core->server.disk_min_free_mib)
        doctor_wrong("", "free space: expected %u MiB (server.diskMinFreeMib), found %llu",
                     config_core->server.disk_min_free_mib, (unsigned long long)free_mib);
    return free_mib;
}

static void print_summary(uint64_t free_mib) {
    char counts[200], found[100] = "all is well", fixed[40] = "";
    doctor_counts(counts, sizeof counts);
    if (doctor_report.mended) snprintf(fixed, sizeof fixed, "%u mended, ", doctor_report.mended);
    if (doctor_report.wrong)
        snprintf(found, sizeof found, "%u wrong, of which --mend mends %u", doctor_report.wrong,
                 doctor_report.mendable);
    printf("%s: %s%s; %s, free %llu MiB\n", paths_data(), fixed, found, counts,
           (unsigned long long)free_mib);
}

static int refuse(const char *what) {
    fprintf(stderr, "musterd: %s: %s\n", paths_data(), what);
    return SERVER_EXIT_CONFIG;
}

static int examine(const struct stat *st) {
    char pid[PATHS_PID_MAX];
    doctor_report.is_beside = !doctor_report.mends && paths_in_use(pid);
    if (doctor_report.is_beside) doctor_note("", "in use by process %s", pid);
    check_mode("", paths_data(), st);
    walk("");
    check_plugins();
    print_summary(check_room());
    return doctor_report.wrong ? SERVER_EXIT_FAILED : SERVER_EXIT_OK;
}

/* What is mended is nobody else's, and no server begins to write there meanwhile. */
static int look(void) {
    char error[PATHS_ERROR_MAX] = "";
    struct stat st;
    if (stat(paths_data(), &st) || !S_ISDIR(st.st_mode))
        return refuse("expected a data directory, found none");
    if (st.st_uid != geteuid())
        return refuse("belongs to another user: run it as the one that runs the server");
    muster_status status = doctor_report.mends ? paths_lock(error) : MUSTER_OK;
    if (!status) return examine(&st);
    server_complain(error);
    return status == MUSTER_EXISTS ? SERVER_EXIT_IN_USE : SERVER_EXIT_CONFIG;
}

int doctor_run(bool mends) {
    doctor_report.mends = mends;
    int code = server_load(false);
    if (code == SERVER_EXIT_OK) code = look();
    server_unload();
    return code;
}
