#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define SOCKETS_MAX 8

static struct {
    int sockets[SOCKETS_MAX]; /* -1: taken */
    char names[SOCKETS_MAX][64];
    int count;
    int notify_fd;
    int supervisor_fd; /* notified in the place of a service manager */
    uint32_t watchdog_ms;
} service = {.notify_fd = -1, .supervisor_fd = -1};

/* 0: not set, no number, or too large. */
static uint64_t number_of(const char *name, uint64_t max) {
    const char *text = getenv(name);
    char *end;
    errno = 0;
    uint64_t value = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    return value && !*end && !errno && value <= max ? value : 0;
}

static bool is_listening(int fd) {
    int on = 0;
    socklen_t len = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

/* A supervisor's: channel.h. */
static bool is_channel(int fd) {
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static void take_socket(int fd, const char *name, size_t len) {
    if (!is_listening(fd) && !is_channel(fd)) return;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (is_listening(fd))
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    else
        service.supervisor_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    snprintf(service.names[service.count], sizeof service.names[0], "%.*s", (int)len, name);
    service.sockets[service.count++] = fd;
}

static void take_sockets(void) {
    const char *name = getenv("LISTEN_FDNAMES");
    uint64_t count = number_of("LISTEN_FDS", SOCKETS_MAX);
    if (number_of("LISTEN_PID", INT32_MAX) != (uint64_t)getpid()) return;
    for (uint64_t i = 0; name && i < count; i++) {
        size_t len = strcspn(name, ":");
        take_socket(FIRST_FD + (int)i, name, len);
        name = name[len] ? name + len + 1 : NULL;
    }
}

static void open_notify(void) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@')) return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') to.sun_path[0] = '\0'; /* an abstract name */
    service.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (service.notify_fd < 0 || connect(service.notify_fd, (struct sockaddr *)&to, size) == 0)
        return;
    close(service.notify_fd);
    service.notify_fd = -1;
}

void service_init(void) {
    static const char *const names[] = {"LISTEN_PID",    "LISTEN_FDS",    "LISTEN_FDNAMES",
                                        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    take_sockets();
    open_notify();
    if (!getenv("WATCHDOG_PID") || number_of("WATCHDOG_PID", INT32_MAX) == (uint64_t)getpid())
        service.watchdog_ms = (uint32_t)(number_of("WATCHDOG_USEC", UINT32_MAX) / 1000);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
}

int service_socket(const char *name) {
    for (int i = 0; i < service.count; i++) {
        int fd = service.sockets[i];
        if (fd < 0 || strcmp(service.names[i], name) != 0) continue;
        service.sockets[i] = -1;
        return fd;
    }
    return -1;
}

/* A write, which the lock of untrusted allows. */
void service_notify(const char *state) {
    if (service.supervisor_fd >= 0) (void)channel_say(service.supervisor_fd, CHANNEL_STATE, state);
    if (service.notify_fd >= 0 && write(service.notify_fd, state, strlen(state)) < 0 &&
        errno == ECONNREFUSED)
        service.notify_fd = -1; /* nobody is there any more */
}

uint32_t service_watchdog_ms(void) {
    bool is_heard = service.notify_fd >= 0 || service.supervisor_fd >= 0;
    return is_heard ? service.watchdog_ms : 0;
}

void service_pass(const int *fds, int count, const char *names) {
    char text[24];
    int moved[SOCKETS_MAX];
    for (int i = 0; i < count; i++) moved[i] = fcntl(fds[i], F_DUPFD, FIRST_FD + count);
    for (int i = 0; i < count; i++) dup2(moved[i], FIRST_FD + i);
    for (int i = 0; i < count; i++) close(moved[i]);
    snprintf(text, sizeof text, "%d", (int)getpid());
    setenv("LISTEN_PID", text, 1);
    snprintf(text, sizeof text, "%d", count);
    setenv("LISTEN_FDS", text, 1);
    setenv("LISTEN_FDNAMES", names, 1);
    snprintf(text, sizeof text, "%llu", service_watchdog_ms() * 1000ull);
    setenv("WATCHDOG_USEC", text, 1);
}
