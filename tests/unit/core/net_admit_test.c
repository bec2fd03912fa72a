/* net: what a new admin token ends, and what it leaves, on real sockets. */
#include "net_rig.h"

#include <stdatomic.h>

static atomic_int ended; /* streams and requests whose handler was told */
static atomic_int gone;  /* WebSockets */
static atomic_int waiting;

static bool begins(const char *with, const char *path) {
    return strncmp(path, with, strlen(with)) == 0;
}

static void on_request(const struct net_http_request *request) {
    const char *path = request->request.path;
    muster_request_id id = request->request.id;
    const struct muster_http_response head = {
        .size = sizeof head, .status = 200, .content_type = "text/plain", .body = {"one", 3}};
    if (!begins("/strange", path)) net_admit(id);
    if (strstr(path, "wait")) atomic_fetch_add(&waiting, 1);
    if (strstr(path, "stream") && net_stream_begin(id, &head)) abort();
    if (strcmp(path, "/expel") == 0) net_expel();
    if (strcmp(path, "/expel") == 0 || strcmp(path, "/ask") == 0) rig_respond(id, 200, "yes", 3);
}

static void on_closed(muster_request_id id) {
    rig_respond(id, 200, "late", 4); /* goes nowhere */
    atomic_fetch_add(&ended, 1);
}

static const char *on_route_find(const char *path, bool admin) {
    (void)path, (void)admin;
    return "";
}

static uint32_t on_route_open(const struct net_http_request *request, conn_id conn, void **user) {
    (void)conn, (void)user;
    if (!begins("/strange", request->request.path)) net_admit(request->request.id);
    return 0;
}

static void on_route_message(void *user, bool binary, struct muster_bytes data) {
    (void)user, (void)binary, (void)data;
}

static void on_route_closed(void *user, uint16_t code) {
    (void)user, (void)code;
    atomic_fetch_add(&gone, 1);
}

static const struct net_handlers handlers = {
    .ws_text = rig_echo_text,
    .http_request = on_request,
    .http_closed = on_closed,
    .route_find = on_route_find,
    .route_open = on_route_open,
    .route_message = on_route_message,
    .route_closed = on_route_closed,
};

static int setup(void **state) {
    (void)state;
    return rig_start(&handlers);
}

static int teardown(void **state) {
    (void)state;
    return rig_stop();
}

static bool comes_to(atomic_int *count, int wanted) {
    for (int i = 0; i < 8000 && atomic_load(count) != wanted; i++) usleep(1000);
    return atomic_load(count) == wanted;
}

/* Asks, and reads the answer's first bytes, unless there are none to come. */
static int asks(const char *path, size_t bytes) {
    char text[256];
    int fd = wire_connect();
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    wire_send(fd, text);
    return bytes == 0 || wire_read(fd, text, bytes) ? fd : -1;
}

static bool is_cut(int fd) {
    static char all[4096];
    size_t len = 0;
    ssize_t got = 0;
    while (len < sizeof all - 1 && (got = recv(fd, all + len, sizeof all - 1 - len, 0)) > 0)
        len += (size_t)got;
    all[len] = '\0';
    close(fd);
    return len < sizeof all - 1 && !strstr(all, "late") && !strstr(all, "0\r\n\r\n");
}

static bool is_open(int fd) {
    char byte;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0) continue;
    return errno == EAGAIN && close(fd) == 0;
}

static const char *expel_script(void) {
    static const char expel[] = "GET /expel HTTP/1.1\r\nHost: a\r\n\r\n";
    static const char ask[] = "GET /ask HTTP/1.1\r\nHost: a\r\n\r\n";
    int socket = wire_connect(), strange_socket = wire_connect(), asked = wire_connect();
    EXPECT(wire_upgrade(socket, "/socket", "") == 101);
    EXPECT(wire_upgrade(strange_socket, "/strange-socket", "") == 101);
    EXPECT(wire_status(asked, ask) == 200);
    int stream = asks("/stream", 20), strange_stream = asks("/strange-stream", 20);
    int wait = asks("/wait", 0), strange_wait = asks("/strange-wait", 0);
    EXPECT(stream >= 0 && strange_stream >= 0);
    int fd = wire_connect();
    EXPECT(comes_to(&waiting, 2));
    EXPECT(wire_status(fd, expel) == 200); /* who asks for it is answered */
    EXPECT(is_cut(stream) && is_cut(wait) && comes_to(&ended, 2));
    EXPECT(wire_close_code(socket) == 1008);
    close(socket);
    EXPECT(comes_to(&gone, 1));
    EXPECT(wire_status(fd, expel) == 200); /* whole answers are over, their connections may stay */
    EXPECT(wire_status(asked, ask) == 200);
    EXPECT(is_open(strange_stream) && is_open(strange_wait) && is_open(strange_socket));
    close(asked);
    close(fd);
    return NULL;
}

static void a_new_token_ends_what_came_with_the_old(void **state) {
    (void)state;
    rig_run(expel_script);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_token_ends_what_came_with_the_old, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
