/* untrusted_files - the files that a locked node may still open, by Landlock, and the capabilities
 * that would open others.
 *
 * Both belong to a thread and those it makes later, not to its process: a thread that was left out
 * would be the way back. So each thread restricts itself in the handler of UNTRUSTED_SIGNAL, until
 * none is left. Called by untrusted.
 */
#include "untrusted_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "memory.h"
#include "paths.h"

#define THREADS_MAX 1024
#define WAIT_SLICE_MS 20
#define WAIT_MS 3000

/* Newer than the headers this is built with. */
#define ACCESS_TRUNCATE (1ull << 14)
#define ACCESS_IOCTL_DEV (1ull << 15)
#define ACCESS_NET_BIND_TCP (1ull << 0)
#define ACCESS_NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0)

#define ABI_REFER 2
#define ABI_TRUNCATE 3
#define ABI_NET 4
#define ABI_IOCTL_DEV 5
#define ABI_SCOPE 6

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_TREE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_TREE                                                                                 \
    (READ_TREE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                  \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |   \
     LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE)
#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

static struct {
    int fd; /* -1: no Landlock */
    atomic_bool restricting;
    uint64_t handled_fs;
    _Atomic int threads[THREADS_MAX]; /* ids of those that are restricted */
    atomic_uint thread_count;
    atomic_int failure; /* errno of one that could not */
    sem_t answered;
} rules = {.fd = -1};

/* ---- each thread ----------------------------------------------------------------------------- */

static bool is_restricted(int thread) {
    uint32_t n = atomic_load(&rules.thread_count);
    for (uint32_t i = 0; i < n && i < THREADS_MAX; i++)
        if (atomic_load(&rules.threads[i]) == thread) return true;
    return false;
}

/* glibc has no function for it. */
static bool drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0;
}

/* Async-signal-safe: nothing but system calls and atomics. */
static void restrict_this_thread(void) {
    int thread = (int)syscall(SYS_gettid);
    if (is_restricted(thread)) return;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !drop_capabilities() ||
        (rules.fd >= 0 && syscall(SYS_landlock_restrict_self, rules.fd, 0) != 0)) {
        atomic_store(&rules.failure, errno);
        return;
    }
    uint32_t i = atomic_fetch_add(&rules.thread_count, 1);
    if (i < THREADS_MAX)
        atomic_store(&rules.threads[i], thread);
    else
        atomic_store(&rules.failure, E2BIG);
}

void untrusted_files_on_signal(void) {
    int errno_kept = errno;
    if (atomic_load(&rules.restricting)) {
        restrict_this_thread();
        sem_post(&rules.answered);
    }
    errno = errno_kept;
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void wait_for_answer(void) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_SLICE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    while (sem_clockwait(&rules.answered, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) continue;
}

/* Signals every other thread that is not restricted yet; how many those are. */
static uint32_t signal_others(DIR *tasks, int *one) {
    uint32_t missing = 0;
    int self = (int)syscall(SYS_gettid);
    rewinddir(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks));) {
        int thread = atoi(entry->d_name); /* "." and "..": 0 */
        if (thread <= 0 || thread == self || is_restricted(thread)) continue;
        if (syscall(SYS_tgkill, getpid(), thread, UNTRUSTED_SIGNAL) != 0) continue; /* it ended */
        *one = thread;
        missing++;
    }
    return missing;
}

static void thread_name(int thread, char *out, size_t cap) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", thread);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(out, (int)cap, file)) snprintf(out, cap, "%d", thread);
    if (file) fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

/* A thread made by one that is not restricted yet is found by the next look. */
static muster_status restrict_others(char *error) {
    DIR *tasks = opendir("/proc/self/task");
    int one = 0;
    uint64_t until_ms = now_ms() + WAIT_MS;
    muster_status status = MUSTER_OK;
    if (!tasks) {
        snprintf(error, UNTRUSTED_ERROR_MAX, "/proc/self/task: %s", strerror(errno));
        return MUSTER_IO;
    }
    while (signal_others(tasks, &one) > 0 && atomic_load(&rules.failure) == 0) {
        wait_for_answer();
        if (now_ms() < until_ms) continue;
        char name[32];
        thread_name(one, name, sizeof name);
        snprintf(error, UNTRUSTED_ERROR_MAX,
                 "thread %s does not restrict itself: a plugin's threads must not block SIGSYS",
                 name);
        status = MUSTER_TIMEOUT;
        break;
    }
    closedir(tasks);
    return status;
}

/* The calling thread last: it has to look into /proc for the others. */
static muster_status restrict_all(char *error) {
    muster_status status = restrict_others(error);
    if (status) return status;
    restrict_this_thread();
    int failure = atomic_load(&rules.failure);
    if (failure == 0) return MUSTER_OK;
    snprintf(error, UNTRUSTED_ERROR_MAX, "a thread was not restricted: %s", strerror(failure));
    return MUSTER_INTERNAL;
}

/* ---- the rules ------------------------------------------------------------------------------- */

/* On failure errno is set. The descriptor keeps the rule's file: those of /proc are otherwise made
 * anew. keep: leave it open for that. */
static bool rule_add(const char *path, uint64_t access, bool keep) {
    struct stat st;
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return false;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) access &= FILE_RIGHTS;
    struct landlock_path_beneath_attr rule = {.allowed_access = access & rules.handled_fs,
                                              .parent_fd = fd};
    bool added =
        syscall(SYS_landlock_add_rule, rules.fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    int errno_kept = errno;
    if (!keep || !added) close(fd);
    errno = errno_kept;
    return added;
}

static muster_status rule_failed(const char *path, char *error) {
    snprintf(error, UNTRUSTED_ERROR_MAX, "cannot allow %.300s: %s", path, strerror(errno));
    return MUSTER_INVALID;
}

/* The folder too, since certificates are renewed by new files or links. */
static bool allow_folder_of(const char *path) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == folder) slash++;
    if (slash)
        *slash = '\0';
    else
        snprintf(folder, sizeof folder, ".");
    return rule_add(folder, READ_FILES, false);
}

static muster_status allow_certificate(const char *path, char *error) {
    char target[PATH_MAX];
    if (!path[0]) return MUSTER_OK;
    if (allow_folder_of(path) && realpath(path, target) && allow_folder_of(target))
        return MUSTER_OK;
    return rule_failed(path, error);
}

/* What lies in share_dir may be links into a source tree. */
static muster_status allow_share(const char *path, char *error) {
    char *const roots[] = {(char *)path, NULL};
    muster_status status = MUSTER_OK;
    if (!rule_add(path, READ_TREE, false))
        return errno == ENOENT ? MUSTER_OK : rule_failed(path, error);
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (!walk) return rule_failed(path, error);
    for (const FTSENT *entry; !status && (entry = fts_read(walk));)
        if (entry->fts_info == FTS_SL && !rule_add(entry->fts_path, READ_TREE, false) &&
            errno != ENOENT)
            status = rule_failed(entry->fts_path, error);
    fts_close(walk);
    return status;
}

static muster_status allow_configured(char *error) {
    for (uint32_t i = 0; i < config_core->untrusted.read_paths.count; i++) {
        const char *path = config_core->untrusted.read_paths.items[i];
        if (rule_add(path, READ_TREE, false)) continue;
        rule_failed(path, error);
        size_t len = strlen(error);
        snprintf(error + len, UNTRUSTED_ERROR_MAX - len, " (untrusted.readPaths)");
        return MUSTER_INVALID;
    }
    return MUSTER_OK;
}

struct folders {
    muster_status status;
    char *error;
};

/* One that is not there is no mistake: plugins say what they miss. */
static void allow_folder(void *user, const char *path) {
    struct folders *folders = user;
    if (folders->status || !path[0] || rule_add(path, READ_TREE, false) || errno == ENOENT) return;
    folders->status = rule_failed(path, folders->error);
}

static muster_status allow_folders(char *error) {
    struct folders folders = {MUSTER_OK, error};
    config_each_folder(allow_folder, &folders);
    return folders.status;
}

static muster_status rules_add(const char *config_file, char *error) {
    static const char *const own[] = {"/proc/self/stat", "/proc/self/statm", "/proc/self/fd"};
    if (!rule_add(paths_data(), WRITE_TREE, false)) return rule_failed(paths_data(), error);
    if (memory_folder() && !rule_add(memory_folder(), WRITE_TREE, false))
        return rule_failed(memory_folder(), error);
    muster_status status = allow_share(paths_share(), error);
    if (!status) status = allow_certificate(config_core->tls.cert, error);
    if (!status) status = allow_certificate(config_core->tls.key, error);
    if (!status) status = allow_configured(error);
    if (!status) status = allow_folders(error);
    if (status) return status;
    if (config_file && !rule_add(config_file, READ_FILES, false))
        return rule_failed(config_file, error);
    /* What the metrics read, and net's descriptor in reserve. A system without them loses little.
     */
    for (uint32_t i = 0; i < sizeof own / sizeof own[0]; i++)
        (void)rule_add(own[i], READ_TREE, true);
    (void)rule_add("/dev/null", READ_FILES, false);
    return MUSTER_OK;
}

static struct ruleset_attr attributes(uint32_t abi) {
    struct ruleset_attr attr = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    if (abi >= ABI_REFER) attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= ABI_TRUNCATE) attr.handled_access_fs |= ACCESS_TRUNCATE;
    if (abi >= ABI_IOCTL_DEV) attr.handled_access_fs |= ACCESS_IOCTL_DEV;
    attr.handled_access_net = ACCESS_NET_BIND_TCP;
    if (!config_core->untrusted.connect) attr.handled_access_net |= ACCESS_NET_CONNECT_TCP;
    /* Not signals: before an erratum's fix that would cut off the threads from each other. */
    attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET;
    return attr;
}

static size_t attributes_size(uint32_t abi) {
    if (abi >= ABI_SCOPE) return sizeof(struct ruleset_attr);
    return abi >= ABI_NET ? offsetof(struct ruleset_attr, scoped)
                          : offsetof(struct ruleset_attr, handled_access_net);
}

static muster_status rules_open(uint32_t abi, char *error) {
    struct ruleset_attr attr = attributes(abi);
    rules.handled_fs = attr.handled_access_fs;
    rules.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, attributes_size(abi), 0);
    if (rules.fd >= 0) return MUSTER_OK;
    snprintf(error, UNTRUSTED_ERROR_MAX, "Landlock makes no rules: %s", strerror(errno));
    return MUSTER_INTERNAL;
}

/* Without its capabilities, root is as little to other users' files as anybody. */
static muster_status owner_check(char *error) {
    struct stat st;
    if (stat(paths_data(), &st) == 0 && st.st_uid == geteuid()) return MUSTER_OK;
    snprintf(error, UNTRUSTED_ERROR_MAX,
             "server.dataDir: %.300s must belong to the user that runs the node (--untrusted)",
             paths_data());
    return MUSTER_INVALID;
}

muster_status untrusted_files_restrict(const char *config_file, uint32_t *abi, uint32_t *threads,
                                       char *error) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *abi = version > 0 ? (uint32_t)version : 0;
    muster_status status = owner_check(error);
    if (!status && *abi > 0) status = rules_open(*abi, error);
    if (!status && *abi > 0) status = rules_add(config_file, error);
    if (!status) {
        sem_init(&rules.answered, 0, 0);
        atomic_store(&rules.restricting, true);
        status = restrict_all(error);
        atomic_store(&rules.restricting, false);
    }
    *threads = atomic_load(&rules.thread_count);
    if (rules.fd >= 0) close(rules.fd);
    rules.fd = -1;
    return status;
}
