/* service: what a service manager passes, and what it is told. */
#include "test.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service.h"

static int listening(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static unsigned port_of(int fd) {
    struct sockaddr_in at = {0};
    socklen_t len = sizeof at;
    return getsockname(fd, (struct sockaddr *)&at, &len) == 0 ? ntohs(at.sin_port) : 0;
}

/* In a process of its own, whose descriptors from 3 on are free to be taken; its exit code. */
static int in_child(void (*fn)(void)) {
    pid_t child = fork();
    int status = -1;
    if (child == 0) {
        fn();
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define NEED(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static void take_both(void) {
    const int fds[] = {listening(), listening()};
    unsigned ports[] = {port_of(fds[0]), port_of(fds[1])};
    service_pass(fds, 2, "public:admin");
    service_init();
    int admin = service_socket("admin"), public = service_socket("public");
    NEED(port_of(public) == ports[0] && port_of(admin) == ports[1]);
    NEED(service_socket("public") == -1); /* the caller's, once */
    NEED(service_socket("other") == -1);
    NEED(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID") && !getenv("LISTEN_FDNAMES"));
    NEED(!service_watchdog_ms());
    service_notify("READY=1"); /* nobody asked */
}

static void passed_sockets_are_found_by_name(void **state) {
    (void)state;
    assert_int_equal(in_child(take_both), 0);
}

static void leave_foreign(void) {
    const int fd = listening();
    service_pass(&fd, 1, "public");
    setenv("LISTEN_PID", "1", 1); /* another process was meant */
    service_init();
    NEED(service_socket("public") == -1);
}

static void leave_what_does_not_listen(void) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    service_pass(&fd, 1, "public");
    service_init();
    NEED(service_socket("public") == -1);
}

static void leave_nonsense(void) {
    static const char *const counts[] = {"", "0", "-1", "9", "99999999999999999999", "1x"};
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", counts[i], 1);
        setenv("LISTEN_FDNAMES", "public", 1);
        setenv("NOTIFY_SOCKET", i % 2 ? "relative" : "/nowhere/at/all", 1);
        setenv("WATCHDOG_USEC", counts[i], 1);
        service_init();
        NEED(service_socket("public") == -1 && !service_watchdog_ms());
        service_notify("READY=1");
    }
}

static void what_is_not_ours_is_left(void **state) {
    (void)state;
    assert_int_equal(in_child(leave_foreign), 0);
    assert_int_equal(in_child(leave_what_does_not_listen), 0);
    assert_int_equal(in_child(leave_nonsense), 0);
}

static void tell(void) {
    char text[32] = "";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "muster-service-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(at.sun_path + 1));
    NEED(bind(fd, (struct sockaddr *)&at, len) == 0);
    at.sun_path[0] = '@';
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    service_init();
    NEED(service_watchdog_ms() == 30000 && !getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_USEC"));
    service_notify("READY=1");
    NEED(recv(fd, text, sizeof text - 1, 0) == 7 && strcmp(text, "READY=1") == 0);
    close(fd);
    service_notify("STOPPING=1"); /* nobody is there any more */
    service_notify("STOPPING=1");
}

static void the_manager_is_told(void **state) {
    (void)state;
    assert_int_equal(in_child(tell), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passed_sockets_are_found_by_name),
        cmocka_unit_test(what_is_not_ours_is_left),
        cmocka_unit_test(the_manager_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
