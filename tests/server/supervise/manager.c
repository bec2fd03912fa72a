/* manager ARGUMENT...: runs the program of $SERVICE with them, as systemd runs a service: with the
 * public socket, a watchdog, and a socket where it tells how it stands. Says who told what:
 * "manager: READY=1 from main". Hands SIGTERM on, and ends as the program does. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 20
#define WATCHDOG_USEC "1000000"

static pid_t main_pid;

static void hand_on(int number) {
    kill(main_pid, number);
}

static int listen_public(void) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (const struct sockaddr *)&to, sizeof to) || listen(fd, 128)) abort();
    return fd;
}

/* Its name, for NOTIFY_SOCKET, is abstract. */
static int open_notify(char name[64]) {
    const int on = 1;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int len = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "muster-manager-%d", (int)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)))
        abort();
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    snprintf(name, 64, "@%.60s", at.sun_path + 1);
    return fd;
}

static _Noreturn void become_service(char **argv, int public, const char *notify) {
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (public != 3 && (dup2(public, 3) != 3 || close(public))) abort();
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", "public", 1);
    setenv("NOTIFY_SOCKET", notify, 1);
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", WATCHDOG_USEC, 1);
    argv[0] = getenv("SERVICE");
    execv(argv[0], argv);
    abort();
}

static void hear(int notify) {
    char text[128], control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec into = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &into,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct ucred from = {0};
    ssize_t len = recvmsg(notify, &message, 0);
    if (len < 0) return;
    text[len] = '\0';
    const struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (part && part->cmsg_type == SCM_CREDENTIALS) memcpy(&from, CMSG_DATA(part), sizeof from);
    printf("manager: %s from %s\n", text, from.pid == main_pid ? "main" : "another process");
    fflush(stdout);
}

int main(int argc, char **argv) {
    char name[64];
    int notify = open_notify(name), public = listen_public(), status;
    if (argc < 1 || !getenv("SERVICE")) return 2;
    main_pid = fork();
    if (main_pid == 0) become_service(argv, public, name);
    close(public);
    signal(SIGTERM, hand_on);
    do {
        struct pollfd wanted = {.fd = notify, .events = POLLIN};
        if (poll(&wanted, 1, LOOK_MS) > 0) hear(notify);
    } while (waitpid(main_pid, &status, WNOHANG) != main_pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
