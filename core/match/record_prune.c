/* Recordings that are removed: the oldest. */
#include "record.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"

static bool is_pruning; /* one at a time: a disk that stands still holds one thread of the pool */

struct prune_job {
    char directory[512];
    uint32_t keep_max;
};

struct aged_file {
    time_t modified_s;
    char name[256];
};

static int newer_first(const void *a, const void *b) {
    const struct aged_file *x = a, *y = b;
    return (x->modified_s < y->modified_s) - (x->modified_s > y->modified_s);
}

static bool is_recording(const char *name) {
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".mrec") == 0;
}

static uint32_t list_recordings(int directory_fd, DIR *directory, struct aged_file **files) {
    uint32_t count = 0, cap = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        struct stat st;
        if (!is_recording(entry->d_name) || fstatat(directory_fd, entry->d_name, &st, 0)) continue;
        if (count == cap) {
            cap = cap ? cap * 2 : 64;
            struct aged_file *grown = realloc(*files, cap * sizeof *grown);
            if (!grown) break;
            *files = grown;
        }
        (*files)[count].modified_s = st.st_mtime;
        snprintf((*files)[count++].name, sizeof(*files)->name, "%s", entry->d_name);
    }
    return count;
}

/* Not one that is still written, by this or another process. */
static void prune_one(int directory_fd, const char *name) {
    int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) unlinkat(directory_fd, name, 0);
    close(fd);
}

static void prune_work(void *user) {
    struct prune_job *job = user;
    DIR *directory = opendir(job->directory);
    if (!directory) return;
    struct aged_file *files = NULL;
    uint32_t count = list_recordings(dirfd(directory), directory, &files);
    if (count) qsort(files, count, sizeof *files, newer_first);
    for (uint32_t i = job->keep_max; i < count; i++) prune_one(dirfd(directory), files[i].name);
    free(files);
    closedir(directory);
}

static void prune_done(void *user, muster_status status) {
    (void)status;
    is_pruning = false;
    free(user);
}

void record_prune(const char *directory, uint32_t keep_max) {
    struct prune_job *job = is_pruning ? NULL : calloc(1, sizeof *job);
    if (!job) return;
    snprintf(job->directory, sizeof job->directory, "%s", directory);
    job->keep_max = keep_max;
    is_pruning = true;
    if (loop_work_start(prune_work, prune_done, job, &(struct loop_work *){NULL}))
        prune_done(job, MUSTER_CLOSED);
}
