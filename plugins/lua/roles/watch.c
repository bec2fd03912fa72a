/* watch - inotify on the folders of mods; see watch.h. Editors write a file in several steps: a mod
 * is read when its files have been quiet for a moment. */
#include "watch.h"
#include "catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WATCHES_MAX = 512, QUIET_MS = 150, CHANGED_MAX = 32, PATH_BYTES_MAX = 1024 };

struct watched {
    int descriptor;
    char mod[MOD_ID_MAX + 1]; /* "": the folder of mods itself */
    char path[PATH_BYTES_MAX];
};

struct watch {
    struct instance *instance;
    int fd;
    muster_poll_id poll;
    muster_timer_id timer;
    struct watched *watched; /* WATCHES_MAX */
    uint32_t count;
    char changed[CHANGED_MAX][MOD_ID_MAX + 1];
    uint32_t changed_count;
};

static void watch_dir(struct watch *watch, const char *path, const char *mod) {
    const uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE;
    if (watch->count == WATCHES_MAX) return;
    int descriptor = inotify_add_watch(watch->fd, path, mask | IN_ONLYDIR);
    if (descriptor < 0) return;
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->watched[i].descriptor == descriptor) return;
    struct watched *watched = &watch->watched[watch->count++];
    watched->descriptor = descriptor;
    snprintf(watched->mod, sizeof watched->mod, "%s", mod);
    snprintf(watched->path, sizeof watched->path, "%s", path);
}

/* The folder and those below it, as deep as a mod may be. */
static void watch_tree(struct watch *watch, const char *path, const char *mod, int depth) {
    DIR *folder = depth <= MOD_DEPTH_MAX ? opendir(path) : NULL;
    if (!folder) return;
    watch_dir(watch, path, mod);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char below[PATH_BYTES_MAX];
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
        if (snprintf(below, sizeof below, "%s/%s", path, entry->d_name) >= (int)sizeof below)
            continue;
        char id[MOD_ID_MAX + 1];
        snprintf(id, sizeof id, "%.32s", depth == 0 ? entry->d_name : mod);
        watch_tree(watch, below, id, depth + 1);
    }
    closedir(folder);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void on_quiet(void *user) {
    struct watch *watch = user;
    const struct muster_host *host = watch->instance->host;
    char error[512];
    watch->timer = (muster_timer_id){0};
    for (uint32_t i = 0; i < watch->changed_count; i++) {
        const char *id = watch->changed[i];
        if (catalog_reload(watch->instance, id, error, sizeof error))
            host->log->write(watch->instance->self, MUSTER_LOG_WARN,
                             "mod %s was not reloaded: %.400s", id, error);
        else
            host->log->write(watch->instance->self, MUSTER_LOG_INFO, "mod %s reloaded", id);
    }
    watch->changed_count = 0;
}

static void note_change(struct watch *watch, const char *mod) {
    const struct muster_host_loop *loop = watch->instance->host->loop;
    uint32_t at = 0;
    while (at < watch->changed_count && strcmp(watch->changed[at], mod) != 0) at++;
    if (at == CHANGED_MAX) return;
    if (at == watch->changed_count) strcpy(watch->changed[watch->changed_count++], mod);
    if (watch->timer.value) (void)loop->timer_stop(watch->instance->self, watch->timer);
    watch->timer = (muster_timer_id){0};
    (void)loop->timer_start(watch->instance->self, QUIET_MS, 0, on_quiet, watch, &watch->timer);
}

static void take_event(struct watch *watch, const struct inotify_event *event) {
    const struct watched *watched = watch->watched;
    while (watched < watch->watched + watch->count && watched->descriptor != event->wd) watched++;
    if (watched == watch->watched + watch->count || !event->len) return;
    char below[PATH_BYTES_MAX], id[MOD_ID_MAX + 1];
    bool is_top = watched->mod[0] == '\0';
    snprintf(id, sizeof id, "%.32s", is_top ? event->name : watched->mod);
    if (event->mask & IN_ISDIR && event->mask & (IN_CREATE | IN_MOVED_TO) &&
        snprintf(below, sizeof below, "%s/%s", watched->path, event->name) < (int)sizeof below)
        watch_tree(watch, below, id, 1);
    if (!is_top || event->mask & IN_ISDIR) note_change(watch, id);
}

static void on_events(void *user, uint32_t events, muster_status status) {
    struct watch *watch = user;
    _Alignas(struct inotify_event) char bytes[8192];
    (void)events;
    (void)status;
    for (;;) {
        ssize_t len = read(watch->fd, bytes, sizeof bytes);
        if (len <= 0) return;
        for (char *at = bytes; at < bytes + len;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;
            take_event(watch, event);
            at += sizeof *event + event->len;
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

void watch_start(struct instance *instance, const char *const *dirs, uint32_t count) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch) watch->watched = calloc(WATCHES_MAX, sizeof *watch->watched);
    if (!watch || !watch->watched) {
        free(watch);
        return;
    }
    watch->instance = instance;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        instance->host->log->write(instance->self, MUSTER_LOG_WARN, "mods are not watched: %s",
                                   strerror(errno));
        free(watch->watched);
        free(watch);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (mkdir(dirs[i], 0755) == 0) /* where the first mod will be written */
            instance->host->log->write(instance->self, MUSTER_LOG_INFO, "made %s", dirs[i]);
        watch_tree(watch, dirs[i], "", 0);
    }
    (void)instance->host->loop->poll_start(instance->self, watch->fd, MUSTER_POLL_READ, on_events,
                                           watch, &watch->poll);
    instance->watch = watch;
}

void watch_stop(struct instance *instance) {
    struct watch *watch = instance->watch;
    if (!watch) return;
    const struct muster_host_loop *loop = instance->host->loop;
    if (watch->timer.value) (void)loop->timer_stop(instance->self, watch->timer);
    if (watch->poll.value) (void)loop->poll_stop(instance->self, watch->poll);
    close(watch->fd);
    free(watch->watched);
    free(watch);
    instance->watch = NULL;
}
