/* attempts - one row for each way out. Arguments are such that a call which is let through does no
 * harm: descriptors and pointers are invalid, paths do not exist. */
#include "attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES 512
#define PAGE_BYTES 4096
#define SET_USER_ID_MODE 04700
#define NO_FILE ((intptr_t) "/nonexistent/file")

static char data_folder[PATH_BYTES];
static char share_folder[PATH_BYTES];
static char code_file[PATH_BYTES];
static char code_mapping[PATH_BYTES];

/* Where this code is mapped from, and where: /proc/self/maps is closed later. */
static void find_own_code(void) {
    char line[2 * PATH_BYTES];
    uintptr_t own = (uintptr_t)find_own_code;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps)) {
        uintptr_t start, end;
        int path_at = 0;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &start, &end, &path_at) <
            2)
            continue;
        if (own < start || own >= end || path_at == 0) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(code_file, sizeof code_file, "%s", line + path_at);
        snprintf(code_mapping, sizeof code_mapping, "/proc/self/map_files/%" PRIxPTR "-%" PRIxPTR,
                 start, end);
    }
    if (maps) fclose(maps);
}

void attempts_prepare(const char *data, const char *share) {
    snprintf(data_folder, sizeof data_folder, "%s", data);
    snprintf(share_folder, sizeof share_folder, "%s", share);
    find_own_code();
}

/* ---- attempts of more than one call ---------------------------------------------------------- */

static long close_or_errno(int fd) {
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

/* A file without a name: gone when it is closed. */
static long temporary_file(const char *folder, mode_t mode) {
    return close_or_errno(open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
}

static long write_data(void) {
    return temporary_file(data_folder, 0600);
}

static long write_set_user_id(void) {
    return temporary_file(data_folder, SET_USER_ID_MODE);
}

static long chmod_set_user_id(void) {
    int fd = open(data_folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    long result = fchmod(fd, SET_USER_ID_MODE) == 0 ? 0 : errno;
    close(fd);
    return result;
}

static long write_share(void) {
    return temporary_file(share_folder, 0600);
}

static long read_share(void) {
    return close_or_errno(open(share_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static long write_tmp(void) {
    return temporary_file("/tmp", 0600);
}

static long open_code_file(void) {
    return close_or_errno(open(code_file, O_RDONLY | O_CLOEXEC));
}

static long open_code_mapping(void) {
    return close_or_errno(open(code_mapping, O_RDONLY | O_CLOEXEC));
}

static long map_executable(void) {
    void *at = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return errno;
    munmap(at, PAGE_BYTES);
    return 0;
}

static long make_executable(void) {
    void *at = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return errno;
    long result = mprotect(at, PAGE_BYTES, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
    munmap(at, PAGE_BYTES);
    return result;
}

static long make_process(void) {
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    return 0;
}

static void *do_nothing(void *user) {
    return user;
}

static long make_thread(void) {
    pthread_t thread;
    int code = pthread_create(&thread, NULL, do_nothing, NULL);
    if (code == 0) pthread_join(thread, NULL);
    return code;
}

static long signal_parent(void) {
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

static long raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return errno;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
}

static long read_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define RUN(name, fn)                                                                              \
    {                                                                                              \
        name, false, fn, 0, {                                                                      \
            0                                                                                      \
        }                                                                                          \
    }
#define CALL(name, ...)                                                                            \
    {                                                                                              \
#name, false, NULL, SYS_##name, {                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define NAMED_CALL(text, name, ...)                                                                \
    {                                                                                              \
        text, false, NULL, SYS_##name, {                                                           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define DEADLY(name, ...)                                                                          \
    {                                                                                              \
#name, true, NULL, SYS_##name, {                                                           \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define OPEN(text, path, flags)                                                                    \
    {                                                                                              \
        text, false, NULL, SYS_openat, {                                                           \
            AT_FDCWD, (intptr_t)(path), (flags) | O_CLOEXEC, 0                                     \
        }                                                                                          \
    }

const struct attempt attempts[] = {
    /* what must go on */
    RUN("write_data", write_data),
    RUN("read_share", read_share),
    RUN("read_limit", read_limit),
    OPEN("read_proc_stat", "/proc/self/stat", O_RDONLY),
    NAMED_CALL("send", sendto, -1, 0, 0, 0, 0, 0),
    /* files */
    OPEN("read_etc", "/etc/passwd", O_RDONLY),
    OPEN("read_program", "/proc/self/exe", O_RDONLY),
    OPEN("read_environment", "/proc/self/environ", O_RDONLY),
    OPEN("write_memory", "/proc/self/mem", O_RDWR),
    OPEN("list_root", "/", O_RDONLY | O_DIRECTORY),
    RUN("write_tmp", write_tmp),
    RUN("write_share", write_share),
    RUN("write_set_user_id", write_set_user_id),
    RUN("chmod_set_user_id", chmod_set_user_id),
    CALL(fchmodat, AT_FDCWD, NO_FILE, 0700),
    CALL(symlinkat, NO_FILE, AT_FDCWD, NO_FILE),
    CALL(linkat, AT_FDCWD, NO_FILE, AT_FDCWD, NO_FILE, 0),
    CALL(mknodat, AT_FDCWD, NO_FILE, S_IFIFO | 0600, 0),
    CALL(truncate, NO_FILE, 0),
    CALL(openat2, AT_FDCWD, NO_FILE, 0, 0),
    CALL(open_by_handle_at, -1, 0, 0),
    CALL(name_to_handle_at, -1, 0, 0, 0, 0),
    CALL(memfd_create, (intptr_t) "escape", MFD_CLOEXEC),
    CALL(inotify_init1, O_CLOEXEC),
    CALL(fanotify_init, -1, 0),
    /* code */
    RUN("find_own_code", open_code_file),
    RUN("open_own_code", open_code_mapping),
    RUN("map_executable", map_executable),
    RUN("make_executable", make_executable),
    CALL(pkey_mprotect, 0, 0, PROT_READ, -1),
    CALL(remap_file_pages, 0, 0, 0, 0, 0),
    CALL(userfaultfd, -1),
    CALL(personality, 0xFFFFFFFF),
    CALL(memfd_secret, 0x1000),
    /* processes */
    RUN("fork", make_process),
    RUN("thread", make_thread),
    NAMED_CALL("clone3", clone3, 0, 0),
    RUN("signal_parent", signal_parent),
    NAMED_CALL("signal_init", tgkill, 1, 1, 0),
    CALL(pidfd_open, 1, 0),
    CALL(pidfd_send_signal, -1, 0, 0, 0),
    CALL(kcmp, 1, 1, 0, 0, 0),
    NAMED_CALL("own_descriptor", fcntl, 0, F_SETOWN, 1),
    /* network */
    NAMED_CALL("socket_inet", socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
    NAMED_CALL("socket_inet6", socket, AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0),
    NAMED_CALL("socket_unix", socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
    NAMED_CALL("socket_netlink", socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0),
    CALL(socketpair, -1, 0, 0, 0),
    CALL(bind, -1, 0, 0),
    CALL(listen, -1, 0),
    CALL(connect, -1, 0, 0),
    NAMED_CALL("fast_open", sendto, -1, 0, 0, MSG_FASTOPEN, 0, 0),
    /* rights and limits */
    RUN("raise_limit", raise_limit),
    CALL(setuid, -1),
    CALL(setgid, -1),
    CALL(setgroups, -1, 0),
    CALL(capset, 0, 0),
    NAMED_CALL("prctl", prctl, PR_GET_DUMPABLE, 0, 0, 0, 0),
    CALL(seccomp, -1, 0, 0),
    CALL(setpriority, -1, 0, 0),
    CALL(sched_setscheduler, -1, 0, 0),
    /* the system */
    CALL(mount, 0, NO_FILE, 0, 0, 0),
    CALL(umount2, NO_FILE, 0),
    CALL(fsopen, 0, -1),
    CALL(chroot, NO_FILE),
    CALL(pivot_root, NO_FILE, NO_FILE),
    CALL(unshare, -1),
    CALL(setns, -1, 0),
    CALL(keyctl, -1, 0, 0, 0, 0),
    CALL(add_key, 0, 0, 0, 0, 0),
    CALL(request_key, 0, 0, 0, 0),
    CALL(bpf, -1, 0, 0),
    CALL(perf_event_open, 0, 0, 0, 0, 0),
    CALL(io_uring_setup, 0, 0),
    CALL(io_uring_enter, -1, 0, 0, 0, 0, 0),
    CALL(io_uring_register, -1, 0, 0, 0),
    CALL(shmget, 0, 0, 0),
    CALL(syslog, -1, 0, 0),
    CALL(sethostname, 0, -1),
    CALL(clock_settime, -1, 0),
    CALL(swapon, NO_FILE, 0),
    CALL(acct, NO_FILE),
    CALL(quotactl, -1, 0, 0, 0),
    NAMED_CALL("type_into_terminal", ioctl, 0, TIOCSTI, 0),
    /* the end of the process */
    DEADLY(execve, NO_FILE, 0, 0),
    DEADLY(execveat, -1, NO_FILE, 0, 0, 0),
    DEADLY(ptrace, -1, 0, 0, 0),
    DEADLY(process_vm_readv, 1, 0, 0, 0, 0, 0),
    DEADLY(process_vm_writev, 1, 0, 0, 0, 0, 0),
    DEADLY(pidfd_getfd, -1, 0, 0),
    DEADLY(init_module, 0, 0, 0),
    DEADLY(finit_module, -1, 0, 0),
    DEADLY(kexec_load, 0, 0, 0, -1),
};
const uint32_t attempt_count = sizeof attempts / sizeof attempts[0];

int attempt_run(const struct attempt *attempt) {
    const intptr_t *a = attempt->arguments;
    if (attempt->run) return (int)attempt->run();
    long result = syscall(attempt->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result < 0) return errno;
    bool opened = attempt->number == SYS_openat || attempt->number == SYS_socket ||
                  attempt->number == SYS_memfd_create || attempt->number == SYS_inotify_init1 ||
                  attempt->number == SYS_pidfd_open;
    if (opened) close((int)result);
    return 0;
}
