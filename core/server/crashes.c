#include "crashes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "crash_page.h"
#include "lobby_file.h"
#include "lobby_journal.h"
#include "log.h"
#include "memory.h"
#include "metrics.h"
#include "paths.h"

#define FOLDER "crashes"
#define WITHIN_MS 60000
#define FAULTS_MAX                                                                                 \
    2 /* within a minute: the lobby closes; with one more it could not even do that */
#define KILLS_MAX 3
#define PLUGIN_FAULTS_MAX 4 /* within a minute: its lobbies close at the first fault */
#define NAME_BYTES 32       /* "2026-11-29T17:14:04.123Z" */
#define TEXT_BYTES_MAX 32768

/* What is kept of the newest end; "": nothing. */
static char kept[NAME_BYTES];

/* ---- verdicts -------------------------------------------------------------------------------- */

struct tally {
    uint32_t faults;
    uint32_t kills; /* in a row */
    bool is_open;
    bool is_fault;          /* among the open ones */
    uint32_t plugin_faults; /* of the plugin that its newest end was in, in whatever lobby */
};

static bool is_of(const struct crash_end *end, const char *lobby_key) {
    return strcmp(end->lobby_key, lobby_key) == 0;
}

static struct tally count(const char *lobby_key) {
    const struct crash_end *newest = NULL;
    struct tally tally = {.kills = 0};
    bool is_row = true;
    for (uint32_t i = 0; crash_page_end(i); i++) {
        const struct crash_end *end = crash_page_end(i);
        bool counts = is_of(end, lobby_key);
        if (counts && !newest) newest = end;
        if (!newest || newest->at_unix_ms - end->at_unix_ms >= WITHIN_MS) continue;
        tally.plugin_faults += end->kind == CRASH_FAULT && strcmp(end->plugin, newest->plugin) == 0;
        is_row = is_row && counts && end->kind == CRASH_KILLED;
        tally.kills += is_row;
        tally.faults += counts && end->kind == CRASH_FAULT;
        tally.is_open = tally.is_open || (counts && end->is_open);
        tally.is_fault = tally.is_fault || (counts && end->is_open && end->kind == CRASH_FAULT);
    }
    return tally;
}

enum crashes_verdict crashes_verdict(const char *lobby_key) {
    struct tally tally = count(lobby_key);
    if (!lobby_key[0] || !tally.is_open) return CRASHES_RESTORE;
    if (tally.faults > FAULTS_MAX || tally.kills > KILLS_MAX) return CRASHES_LEAVE;
    if (tally.faults == FAULTS_MAX || tally.kills == KILLS_MAX) return CRASHES_CLOSE;
    if (tally.is_fault && tally.plugin_faults >= PLUGIN_FAULTS_MAX) return CRASHES_CLOSE;
    return tally.is_fault ? CRASHES_WITHOUT_LOG : CRASHES_LAST;
}

void crashes_settle(const char *lobby_key) {
    for (uint32_t i = 0; crash_page_end(i); i++)
        if (is_of(crash_page_end(i), lobby_key)) crash_page_end(i)->is_open = 0;
}

bool crashes_last_is_settled(void) {
    const struct crash_end *end = crash_page_end(0);
    return end && end->kind == CRASH_FAULT && end->lobby_key[0] && !end->is_open;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* "SIGSEGV". */
static void cause_text(const struct crash_end *end, char out[NAME_BYTES]) {
    const char *name = end->signal ? sigabbrev_np(end->signal) : NULL;
    if (end->kind == CRASH_KILLED)
        snprintf(out, NAME_BYTES, "kill");
    else if (!end->signal)
        snprintf(out, NAME_BYTES, "watchdog");
    else
        snprintf(out, NAME_BYTES, "SIG%s", name ? name : "?");
}

static void time_text(int64_t at_unix_ms, char out[NAME_BYTES]) {
    time_t seconds = (time_t)(at_unix_ms / 1000);
    struct tm utc;
    char text[24] = "";
    if (gmtime_r(&seconds, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, NAME_BYTES, "%s.%03dZ", text, (int)(at_unix_ms % 1000));
}

static json_t *text_or_null(const char *text) {
    return text[0] ? json_string(text) : json_null();
}

static json_t *stack_json(void) {
    json_t *lines = json_array();
    char text[CRASH_STACK_MAX];
    snprintf(text, sizeof text, "%s", crash_page_stack());
    text_bytes_mend(text);
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
        if (line[0]) json_array_append_new(lines, json_string(line));
    return lines;
}

static json_t *end_json(const struct crash_end *end) {
    static const char *const then[] = {
        [CRASHES_RESTORE] = NULL,
        [CRASHES_LAST] = "restored",
        [CRASHES_WITHOUT_LOG] = "checkpoint",
        [CRASHES_CLOSE] = "closed",
        [CRASHES_LEAVE] = "left",
    };
    char cause[NAME_BYTES];
    cause_text(end, cause);
    return json_pack("{s:I,s:s,s:s,s:o,s:o,s:o,s:s?,s:o}", "crashedAt", (json_int_t)end->at_unix_ms,
                     "version", MUSTER_VERSION, "cause", cause, "plugin", text_or_null(end->plugin),
                     "call", text_or_null(end->call), "lobbyId", text_or_null(end->lobby_key),
                     "lobbyThen", then[crashes_verdict(end->lobby_key)], "stack", stack_json());
}

static bool folder_of(const char *name, char out[LOBBY_FILE_PATH_BYTES]) {
    return lobby_file_path(FOLDER, name, out);
}

static bool file_of(const char *name, const char *file, char out[LOBBY_FILE_PATH_BYTES]) {
    if (!folder_of(name, out)) return false;
    size_t len = strlen(out);
    return snprintf(out + len, LOBBY_FILE_PATH_BYTES - len, "/%s", file) <
           LOBBY_FILE_PATH_BYTES - (int)len;
}

static int write_json(const char *path, json_t *json) {
    char *text = json_dumps(json, JSON_INDENT(2));
    int error = text ? lobby_file_write(path, text, (uint32_t)strlen(text)) : ENOMEM;
    free(text);
    return error;
}

static void remove_folder(const char *name) {
    char path[LOBBY_FILE_PATH_BYTES];
    if (!folder_of(name, path)) return;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder) closedir(folder);
    (void)rmdir(path);
}

static int is_name(const struct dirent *entry) {
    return entry->d_name[0] != '.' && strlen(entry->d_name) < NAME_BYTES;
}

/* Oldest first; to be freed, each of them, too. -1: there is no such folder. */
static int list_names(struct dirent ***out) {
    char path[LOBBY_FILE_PATH_BYTES];
    snprintf(path, sizeof path, "%s/" FOLDER, paths_data());
    return scandir(path, out, is_name, alphasort);
}

static void free_names(struct dirent **names, int name_count) {
    for (int i = 0; i < name_count; i++) free(names[i]);
    free(names);
}

static void prune(void) {
    struct dirent **names = NULL;
    int name_count = list_names(&names);
    for (int i = 0; i < name_count - CRASHES_KEPT_MAX; i++) remove_folder(names[i]->d_name);
    free_names(names, name_count);
}

static int copy_bytes(int from, int to) {
    struct stat st;
    if (fstat(from, &st)) return errno;
    if (!S_ISREG(st.st_mode)) return EINVAL;
    for (off_t at = 0; at < st.st_size;) {
        ssize_t sent = sendfile(to, from, &at, (size_t)(st.st_size - at));
        if (sent <= 0) return sent < 0 ? errno : 0;
    }
    return 0;
}

static int copy_file(const char *from_path, const char *to_path) {
    int from = open(from_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from < 0) return errno;
    int to = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int error = to < 0 ? errno : copy_bytes(from, to);
    if (to >= 0) close(to);
    close(from);
    if (error && to >= 0) unlink(to_path);
    return error;
}

void crashes_keep_file(const char *lobby_key, const char *path, const char *name) {
    char to[LOBBY_FILE_PATH_BYTES];
    if (!kept[0] || !is_of(crash_page_end(0), lobby_key) || !file_of(kept, name, to)) return;
    int error = copy_file(path, to);
    if (error && error != ENOENT)
        log_warn("crash", "%s was not copied to %s: %s", path, to, strerror(error));
}

static void keep_lobby(const struct crash_end *end) {
    char path[LOBBY_FILE_PATH_BYTES], place[MEMORY_PATH_BYTES];
    if (end->lobby_key[0] && lobby_file_path(LOBBY_JOURNAL_FOLDER, end->lobby_key, path))
        crashes_keep_file(end->lobby_key, memory_place(path, place), "lobby");
}

/* Named after the time of the end; of two in one millisecond the later one has the next. */
static int make_folder(int64_t at_unix_ms, char path[LOBBY_FILE_PATH_BYTES]) {
    int error = EEXIST;
    for (int i = 0; error == EEXIST && i <= CRASHES_KEPT_MAX; i++) {
        time_text(at_unix_ms + i, kept);
        if (!folder_of(kept, path)) return ENAMETOOLONG;
        lobby_file_folder(path);
        error = mkdir(path, 0700) ? errno : 0;
    }
    return error;
}

static void keep(const struct crash_end *end) {
    char path[LOBBY_FILE_PATH_BYTES];
    json_t *json = end_json(end);
    int error = make_folder(end->at_unix_ms, path);
    if (!error && file_of(kept, "crash.json", path)) error = write_json(path, json);
    json_decref(json);
    if (error) {
        log_warn("crash", "nothing is kept of the crash: %s: %s", path, strerror(error));
        kept[0] = '\0';
        return;
    }
    keep_lobby(end);
    prune();
}

/* ---- at the start ---------------------------------------------------------------------------- */

static const char *or_none(const char *text) {
    return text[0] ? text : "none";
}

static void tell(const struct crash_end *end) {
    char cause[NAME_BYTES];
    uint32_t level = end->kind == CRASH_FAULT ? MUSTER_LOG_ERROR : MUSTER_LOG_WARN;
    const struct log_fields fields = {
        .lobby = end->lobby_key, .plugin = end->plugin, .event = "server_crashed"};
    cause_text(end, cause);
    log_fields(level, "crash", &fields,
               "the server before ended by %s, in plugin %s, call %s, lobby %s%s%s", cause,
               or_none(end->plugin), or_none(end->call), or_none(end->lobby_key),
               kept[0] ? "; kept in " FOLDER "/" : "", kept);
}

void crashes_open(void) {
    char path[LOBBY_FILE_PATH_BYTES], place[MEMORY_PATH_BYTES];
    snprintf(path, sizeof path, "%s/crash.page", paths_data());
    if (crash_page_open(memory_place(path, place))) {
        log_warn("crash", "%s: %s; what a crash was at will not be known", path, strerror(errno));
        return;
    }
    metrics_set(METRIC_CRASHES, crash_page_faults());
    const struct crash_end *end = crash_page_end(0);
    if (!end || end->kind == CRASH_ORDERLY) return;
    if (end->kind == CRASH_FAULT || crashes_verdict(end->lobby_key) >= CRASHES_CLOSE) keep(end);
    tell(end);
}

/* ---- for people ------------------------------------------------------------------------------ */

/* Null: it cannot be read. */
static json_t *read_json(const char *name) {
    char path[LOBBY_FILE_PATH_BYTES], text[TEXT_BYTES_MAX];
    uint32_t len = 0;
    if (!file_of(name, "crash.json", path) || lobby_file_read(path, text, sizeof text, &len))
        return NULL;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json) && !json_object_set_new(json, "name", json_string(name))) return json;
    json_decref(json);
    return NULL;
}

json_t *crashes_list(void) {
    struct dirent **names = NULL;
    int name_count = list_names(&names);
    json_t *list = json_array();
    for (int i = 0; i < name_count; i++) {
        json_t *json = read_json(names[i]->d_name);
        if (json) json_array_append_new(list, json);
    }
    if (name_count > 0) free_names(names, name_count);
    return list;
}
