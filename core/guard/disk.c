#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "paths.h"

#define TURN_MS 1000      /* between two looks while something is wrong */
#define TURNS_PER_LOOK 5u /* while all is well */
#define CALM_MS 3000      /* without a failure: longer than two checkpoints are apart */
#define PROBE_BYTES (256u << 10)

enum trouble { NONE, LOW, FULL, READ_ONLY, BROKEN };

static const char *const words[] = {
    [LOW] = "the disk is nearly full (server.diskMinFreeMib)",
    [FULL] = "the disk is full",
    [READ_ONLY] = "the disk is read-only",
    [BROKEN] = "the disk fails",
};

static struct {
    struct loop_timer *timer; /* null: nobody looks */
    enum trouble trouble;
    uint32_t told; /* a bit for each trouble of this time */
    uint64_t failed_ms;
    bool is_looking;
    uint32_t turns; /* since the last look */
    /* Any thread */
    atomic_bool is_started;
    atomic_bool is_refused; /* no room */
    atomic_int error;       /* told by disk_failed, not taken up yet; or 0 */
} disk;

/* What one look needs, and finds. */
struct look {
    uint64_t free_min_bytes;
    double free_bytes;
    enum trouble found;
    int error;
};

static struct look look; /* one at a time */

static enum trouble trouble_of(int error) {
    switch (error) {
    case 0: return NONE;
    case ENOSPC:
    case EDQUOT: return FULL;
    case EROFS: return READ_ONLY;
    default: return BROKEN;
    }
}

static bool is_disks(int error) {
    return error == ENOSPC || error == EDQUOT || error == EROFS || error == EIO;
}

/* ---- the state ------------------------------------------------------------------------------- */

static void tell(enum trouble trouble, int error) {
    const struct log_fields fields = {.event = "disk_trouble"};
    if (disk.told & 1u << trouble) return;
    disk.told |= 1u << trouble;
    log_fields(MUSTER_LOG_ERROR, "disk", &fields,
               "%s: %s%s%s: matches go on, new ones unrecorded; what must be written waits",
               paths_data(), words[trouble], error ? ": " : "", error ? strerror(error) : "");
}

static void end_trouble(void) {
    const struct log_fields fields = {.event = "disk_recovered"};
    if (disk.trouble)
        log_fields(MUSTER_LOG_INFO, "disk", &fields, "%s: the disk has room again, %.0f MiB",
                   paths_data(), metrics_values[METRIC_DISK_FREE] / (1 << 20));
    disk.trouble = NONE;
    disk.told = 0;
}

static void set(enum trouble trouble, int error) {
    if (trouble)
        tell(trouble, error);
    else
        end_trouble();
    disk.trouble = trouble;
    atomic_store(&disk.is_refused, trouble != NONE);
    metrics_set(METRIC_DISK_TROUBLE, trouble != NONE);
}

static void on_failed(void *user) {
    (void)user;
    int error = atomic_exchange(&disk.error, 0);
    if (!disk.timer || !error) return;
    disk.failed_ms = loop_now_ms();
    metrics_add(METRIC_DISK_FAILURES, 1);
    set(trouble_of(error), error);
}

/* ---- a look ---------------------------------------------------------------------------------- */

/* 0, or the errno with which a new file fails. */
static int probe(void) {
    char path[512];
    static const char text[] = "probe\n";
    snprintf(path, sizeof path, "%s/disk-probe", paths_data());
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    int error = unlink(path) ? errno : 0;
    if (!error && fallocate(fd, 0, 0, PROBE_BYTES) && errno != EOPNOTSUPP) error = errno;
    errno = ENOSPC; /* what a short write means */
    if (!error && write(fd, text, sizeof text) != sizeof text) error = errno;
    if (!error && fsync(fd)) error = errno;
    close(fd);
    return error;
}

static void look_work(void *user) {
    struct statvfs found = {0};
    (void)user;
    look.error = statvfs(paths_data(), &found) ? errno : 0;
    if (!look.error && found.f_flag & ST_RDONLY) look.error = EROFS;
    look.free_bytes = (double)found.f_bavail * (double)found.f_frsize;
    bool is_low = look.free_bytes < (double)look.free_min_bytes;
    if (!look.error) look.error = probe(); /* a quota, and ext4's remount-ro, show nowhere else */
    look.found = is_low && !look.error ? LOW : trouble_of(look.error);
}

/* What failed meanwhile, or shortly before, is not over because a look finds nothing. */
static void look_done(void *user, muster_status status) {
    (void)user;
    disk.is_looking = false;
    on_failed(NULL); /* its post may have found no place */
    if (status || !disk.timer) return;
    metrics_set(METRIC_DISK_FREE, look.free_bytes);
    if (look.found || loop_now_ms() - disk.failed_ms >= CALM_MS) set(look.found, look.error);
}

static void look_begin(void) {
    uint64_t min_bytes = (uint64_t)config_core->server.disk_min_free_mib << 20;
    if (disk.is_looking) return;
    disk.turns = 0;
    look = (struct look){.free_min_bytes = min_bytes};
    if (disk.trouble) look.free_min_bytes += min_bytes / 4; /* not to and fro at the edge */
    disk.is_looking =
        loop_work_start(look_work, look_done, NULL, &(struct loop_work *){NULL}) == MUSTER_OK;
}

static void on_turn(void *user) {
    (void)user;
    if (disk.trouble || ++disk.turns >= TURNS_PER_LOOK) look_begin();
}

/* ---- used by others -------------------------------------------------------------------------- */

bool disk_has_room(void) {
    return !atomic_load(&disk.is_refused);
}

bool disk_failed(int error) {
    int before = errno;
    if (!is_disks(error)) return false;
    if (atomic_load(&disk.is_started)) {
        atomic_store(&disk.is_refused, true);
        if (!atomic_exchange(&disk.error, error)) (void)loop_post(on_failed, NULL);
    }
    errno = before;
    return true;
}

void disk_look(void) {
    if (disk.timer) look_begin();
}

const char *disk_trouble(void) {
    return disk.trouble ? words[disk.trouble] : NULL;
}

muster_status disk_start(void) {
    disk.timer = loop_timer_start(TURN_MS, TURN_MS, on_turn, NULL);
    if (!disk.timer) return MUSTER_NO_MEMORY;
    atomic_store(&disk.is_started, true);
    look_begin();
    return MUSTER_OK;
}

void disk_stop(void) {
    atomic_store(&disk.is_started, false);
    loop_timer_stop(disk.timer);
    disk.timer = NULL;
}
