/* net: what of a request reaches the handler, which answers are let out and in which form, and the
 * edges of lengths; on real sockets. */
#include "net_rig.h"

#include <stdatomic.h>

#include "metrics.h"

static atomic_bool is_full; /* ws_open takes nobody */

static void *on_open(conn_id conn, const char *address) {
    static int user;
    (void)address;
    if (atomic_load(&is_full)) return NULL;
    net_keep(conn);
    return &user;
}

/* Of two ends the first counts, and nothing comes behind it. */
static void close_twice(conn_id conn) {
    static uint8_t snapshot[NET_HEADROOM + 10];
    net_close(conn, 4001, "first");
    net_close(conn, 4002, "second");
    net_send_text(conn, "late", 4);
    if (net_send_snapshot(conn, snapshot + NET_HEADROOM, 10) != NET_GONE) abort();
}

/* "reason N": closes with an x and N characters of three bytes. */
static bool on_text(conn_id conn, void *user, const char *data, uint32_t len) {
    char reason[512] = "x", line[32];
    (void)user;
    if (len == 5 && memcmp(data, "twice", 5) == 0) {
        close_twice(conn);
        return false;
    }
    if (len < 7 || memcmp(data, "reason ", 7) != 0) {
        net_send_text(conn, data, len);
        return true;
    }
    snprintf(line, sizeof line, "%.*s", (int)len, data);
    for (long i = strtol(line + 7, NULL, 10); i > 0; i--) strcat(reason, "\xe2\x82\xac");
    net_close(conn, 4001, reason);
    return false;
}

/* ---- answers that are tried ---- */

#define HEADER(name, value) ((const struct muster_http_header[]){{name, value}})
static const struct muster_http_header nine[9] = {
    {"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"},
    {"f", "1"}, {"g", "1"}, {"h", "1"}, {"i", "1"},
};
static const struct {
    uint32_t status;
    uint32_t header_count;
    const struct muster_http_header *headers;
    const char *content_type;
    bool good;
} cases[] = {
    {200, 0, NULL, "text/plain", true},
    {599, 0, NULL, "text/plain", true},
    {199, 0, NULL, "text/plain", false},
    {600, 0, NULL, "text/plain", false},
    {200, 8, nine, "text/plain", true},
    {200, 9, nine, "text/plain", false},
    {200, 1, HEADER("x-Name_09!", "a\tb \xc3\xa4"), NULL, true},
    {200, 1, HEADER("", "v"), NULL, false},
    {200, 1, HEADER("x y", "v"), NULL, false},
    {200, 1, HEADER("x:", "v"), NULL, false},
    {200, 1, HEADER("x", "a\nb"), NULL, false},
    {200, 1, HEADER("x", "a\x7f"), NULL, false},
    {200, 1, HEADER("x", "a\x1f"), NULL, false},
    {200, 1, HEADER("Content-Length", "7"), NULL, false},
    {200, 1, HEADER("CONNECTION", "close"), NULL, false},
    {200, 1, HEADER("Transfer-Encoding", "x"), NULL, false},
    {200, 0, NULL, "text/plain\r\nx: y", false},
};
#define CASES (sizeof cases / sizeof cases[0])

static void answer_case(muster_request_id id, size_t number) {
    const struct muster_http_response response = {.size = sizeof response,
                                                  .status = cases[number].status,
                                                  .content_type = cases[number].content_type,
                                                  .headers = cases[number].headers,
                                                  .header_count = cases[number].header_count,
                                                  .body = {"body", 4}};
    muster_status wanted = cases[number].good ? MUSTER_OK : MUSTER_INVALID;
    if (net_http_respond(id, &response) != wanted) abort();
    if (net_http_respond(id, &response) != MUSTER_NOT_FOUND) abort(); /* once */
}

/* Headers of the request that is asked about. Names in capitals are nobody's. */
static const char *header(muster_request_id id, const char *name) {
    const char *value = net_http_header(id, name);
    if (net_http_header(id, name) != value) abort(); /* kept */
    if (net_http_header(id, "X-Any-Name")[0] || net_http_header(id, "x-any-name:")[0]) abort();
    if (net_http_header(id, "")[0] || net_http_header(id, "get ")[0]) abort();
    return value;
}

static void on_request(const struct net_http_request *request) {
    const struct muster_http_request *facts = &request->request;
    char text[1024];
    if (strncmp(facts->path, "/case/", 6) == 0) {
        answer_case(facts->id, strtoul(facts->path + 6, NULL, 10));
        return;
    }
    muster_request_id id = facts->id;
    int len =
        snprintf(text, sizeof text, "%s|%s|%s|%s|%s|%s|%s|%u|%d|%d", facts->method, facts->query,
                 header(id, "authorization"), header(id, "if-none-match"),
                 header(id, "content-type"), header(id, "x-any-name"), header(id, "user-agent"),
                 (unsigned)facts->body.len, request->admin, (int)request->origin);
    struct muster_http_response response = {.size = sizeof response,
                                            .status = 200,
                                            .content_type = "text/plain",
                                            .body = {text, (size_t)len}};
    if (facts->path[1] >= '1' && facts->path[1] <= '9')
        response.status = (uint32_t)strtoul(facts->path + 1, NULL, 10);
    if (net_http_respond(facts->id, &response) != MUSTER_OK) abort();
    if (net_http_header(id, "user-agent")[0]) abort(); /* answered */
}

static const struct net_handlers handlers = {
    .ws_open = on_open,
    .ws_text = on_text,
    .http_request = on_request,
};

static int setup(void **state) {
    (void)state;
    setenv("MUSTER_NET_ALLOWED_ORIGINS", "https://listed.example", 1);
    setenv("MUSTER_NET_HANDSHAKE_TIMEOUT_MS", "5000", 1);
    atomic_store(&is_full, false);
    return rig_start(&handlers);
}

static int teardown(void **state) {
    (void)state;
    unsetenv("MUSTER_NET_CONNECTIONS_MAX");
    return rig_stop();
}

/* ---- requests ---- */

static const char *facts_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "PUT /x?a=1 HTTP/1.1\r\nHost: a\r\nAuthorization: A\r\nIf-None-Match: B\r\n"
                  "Content-Type: C\r\nX-Any-Name: D  d\r\nx-any: F\r\nUser-Agent: E\r\n"
                  "Content-Length: 3\r\n\r\nxyz");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "PUT|a=1|A|B|C|D  d|E|3|0|0") == 0);
    wire_answer_free(&answer);
    static const char *const methods[] = {"PATCH", "DELETE", "OPTIONS"};
    for (int i = 0; i < 3; i++) {
        char request[128];
        snprintf(request, sizeof request, "%s /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                 methods[i]);
        wire_send(fd, request);
        EXPECT(wire_answer_read(fd, &answer, true) == 200);
        EXPECT(strncmp(answer.body, methods[i], strlen(methods[i])) == 0);
        wire_answer_free(&answer);
    }
    close(fd);
    fd = wire_connect_to(net_admin_port());
    wire_send(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(answer.body, "GET|||||||0|1|0") == 0);
    wire_answer_free(&answer);
    close(fd);
    return NULL;
}

static void facts_of_a_request(void **state) {
    (void)state;
    rig_run(facts_script);
}

static const char *lengths_script(void) {
    static char body[16385];
    struct wire_answer answer;
    int fd = wire_connect();
    memset(body, 'b', sizeof body);
    wire_send(fd, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 16384\r\n\r\n");
    wire_send_bytes(fd, body, 16384);
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strstr(answer.body, "|16384|") != NULL);
    wire_answer_free(&answer);
    wire_send(fd,
              "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 100); /* before the body */
    wire_send(fd, "x");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    wire_answer_free(&answer);
    close(fd);
    fd = wire_connect();
    EXPECT(wire_status(fd, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: "
                           "0000000000000000001\r\n\r\nx") == 400);
    close(fd);
    static const char *const with_body[] = {"POST", "PUT", "PATCH"};
    for (int i = 0; i < 3; i++) {
        char request[64];
        snprintf(request, sizeof request, "%s /x HTTP/1.1\r\nHost: a\r\n\r\n", with_body[i]);
        fd = wire_connect();
        EXPECT(wire_status(fd, request) == 411);
        close(fd);
    }
    fd = wire_connect();
    EXPECT(wire_status(fd, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1e1\r\n\r\nx") == 400);
    close(fd);
    return NULL;
}

static void lengths_of_bodies(void **state) {
    (void)state;
    rig_run(lengths_script);
}

static const char *http_1_0_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(wire_header(&answer, "connection"), "keep-alive") == 0);
    EXPECT(strcmp(wire_header(&answer, "keep-alive"), "timeout=5") == 0);
    wire_answer_free(&answer);
    wire_send(fd, "GET /x HTTP/1.0\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(wire_header(&answer, "connection"), "close") == 0);
    EXPECT(!*wire_header(&answer, "keep-alive"));
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd));
    close(fd);
    fd = wire_connect();
    wire_send(fd, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(wire_header(&answer, "keep-alive"), "timeout=5") == 0);
    EXPECT(strcmp(wire_header(&answer, "connection"), "") == 0);
    wire_answer_free(&answer);
    close(fd);
    return NULL;
}

static void how_long_a_connection_stays(void **state) {
    (void)state;
    rig_run(http_1_0_script);
}

/* ---- answers ---- */

static const char *answers_script(void) {
    static char request[64]; /* names the case that fails */
    for (size_t i = 0; i < CASES; i++) {
        struct wire_answer answer;
        int fd = wire_connect();
        snprintf(request, sizeof request, "GET /case/%zu HTTP/1.1\r\nHost: a\r\n\r\n", i);
        wire_send(fd, request);
        int status = wire_answer_read(fd, &answer, true);
        if ((uint32_t)status != (cases[i].good ? cases[i].status : 500)) return request;
        EXPECT(answer.body_len == (cases[i].good ? 4 : 0));
        if (cases[i].header_count == 1 && cases[i].good)
            EXPECT(strcmp(wire_header(&answer, "x-name_09!"), "a\tb \xc3\xa4") == 0);
        if (cases[i].header_count == 8) EXPECT(strcmp(wire_header(&answer, "h"), "1") == 0);
        wire_answer_free(&answer);
        close(fd);
    }
    return NULL;
}

static void answers_are_looked_at(void **state) {
    (void)state;
    rig_run(answers_script);
}

/* Without a body: 204, 304, HEAD; and a refusal ends the connection. */
static const char *bodies_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    for (int i = 0; i < 2; i++) {
        wire_send(fd, i ? "GET /304 HTTP/1.1\r\nHost: a\r\n\r\n"
                        : "GET /204 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT(wire_answer_read(fd, &answer, true) == (i ? 304 : 204));
        EXPECT(strcmp(wire_header(&answer, "content-length"), "") == 0);
    }
    wire_send(fd, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, false) == 200);
    EXPECT(answer.body_len == strlen("HEAD|||||||0|0|0"));
    wire_send(fd, "GET /404 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 404);
    EXPECT(strstr(answer.head, "404 Not Found\r\n") != NULL);
    wire_answer_free(&answer);
    wire_send(fd, "GET /429 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 429);
    EXPECT(strcmp(wire_header(&answer, "connection"), "close") == 0);
    wire_answer_free(&answer);
    EXPECT(wire_ended(fd));
    close(fd);
    return NULL;
}

static void answers_without_a_body(void **state) {
    (void)state;
    rig_run(bodies_script);
}

static const char *origins_script(void) {
    static const struct {
        const char *origin, *allowed;
    } origins[] = {{"https://listed.example", "https://listed.example"},
                   {"https://foreign.example", ""},
                   {"http://a", ""}};
    int fd = wire_connect();
    for (int i = 0; i < 3; i++) {
        struct wire_answer answer;
        char request[160], judged[4];
        snprintf(request, sizeof request, "GET /x HTTP/1.1\r\nHost: a\r\nOrigin: %s\r\n\r\n",
                 origins[i].origin);
        wire_send(fd, request);
        EXPECT(wire_answer_read(fd, &answer, true) == 200);
        EXPECT(strcmp(wire_header(&answer, "access-control-allow-origin"), origins[i].allowed) ==
               0);
        EXPECT(strcmp(wire_header(&answer, "vary"), "origin") == 0);
        snprintf(judged, sizeof judged, "|%d",
                 (int)(i == 0   ? NET_ORIGIN_LISTED
                       : i == 1 ? NET_ORIGIN_FOREIGN
                                : NET_ORIGIN_SAME));
        EXPECT(strstr(answer.body, judged) != NULL);
        wire_answer_free(&answer);
    }
    close(fd);
    return NULL;
}

/* Also what is refused before anybody could answer; and nothing on the admin address. */
static const char *refused_pages_script(void) {
    struct wire_answer answer;
    int fd = wire_connect();
    wire_send(fd, "POST /x HTTP/1.1\r\nHost: a\r\nOrigin: https://listed.example\r\n"
                  "Content-Length: 16385\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 413);
    EXPECT(strcmp(wire_header(&answer, "access-control-allow-origin"), "https://listed.example") ==
           0);
    wire_answer_free(&answer);
    close(fd);
    fd = wire_connect_to(net_admin_port());
    wire_send(fd, "GET /x HTTP/1.1\r\nHost: a\r\nOrigin: https://listed.example\r\n\r\n");
    EXPECT(wire_answer_read(fd, &answer, true) == 200);
    EXPECT(strcmp(wire_header(&answer, "access-control-allow-origin"), "") == 0);
    EXPECT(strcmp(wire_header(&answer, "vary"), "") == 0);
    EXPECT(strstr(answer.body, "|1|3") != NULL); /* a foreign one */
    wire_answer_free(&answer);
    close(fd);
    return NULL;
}

static void a_listed_page_may_read(void **state) {
    (void)state;
    rig_run(origins_script);
    rig_run(refused_pages_script);
}

/* ---- WebSocket: edges ---- */

static const char *edges_script(void) {
    static char data[16500];
    int opcode = 0;
    int fd = wire_ws();
    memset(data, 'x', sizeof data);
    for (int i = 0; i < 4; i++)
        wire_frame(fd,
                   i == 0  ? WIRE_TEXT
                   : i < 3 ? WIRE_CONTINUE
                           : WIRE_FIN | WIRE_CONTINUE,
                   data, 4096);
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 16384 && opcode == WIRE_TEXT);
    wire_frame(fd, WIRE_BINARY, "ab", 2); /* and what it kept has gone */
    wire_frame(fd, WIRE_CONTINUE, "", 0);
    wire_frame(fd, WIRE_FIN | WIRE_CONTINUE, "c", 1);
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 3 && opcode == WIRE_BINARY);
    EXPECT(memcmp(data, "abc", 3) == 0);
    close(fd);
    fd = wire_ws();
    for (int i = 0; i < 4; i++) wire_frame(fd, i == 0 ? WIRE_TEXT : WIRE_CONTINUE, data, 4096);
    wire_frame(fd, WIRE_FIN | WIRE_CONTINUE, "y", 1);
    EXPECT(wire_close_code(fd) == 1009);
    close(fd);
    return NULL;
}

static void edges_of_messages(void **state) {
    (void)state;
    rig_run(edges_script);
}

/* 123 bytes fit into a close frame; what is longer is cut between characters. */
static const char *reasons_script(void) {
    static const struct {
        const char *text;
        ssize_t len;
    } reasons[] = {{"reason 0", 1}, {"reason 40", 121}, {"reason 41", 121}, {"reason 100", 121}};
    for (int i = 0; i < 4; i++) {
        char data[256];
        int opcode = 0;
        int fd = wire_ws();
        wire_text(fd, reasons[i].text);
        EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 2 + reasons[i].len);
        EXPECT(opcode == WIRE_CLOSE && data[2] == 'x');
        close(fd);
    }
    return NULL;
}

static void reasons_are_cut(void **state) {
    (void)state;
    rig_run(reasons_script);
}

static const char *ends_script(void) {
    char data[64];
    int opcode = 0;
    int fd = wire_ws();
    wire_text(fd, "twice");
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 7 && opcode == WIRE_CLOSE);
    EXPECT((uint8_t)data[0] == 0x0f && (uint8_t)data[1] == 0xa1); /* 4001 */
    EXPECT(memcmp(data + 2, "first", 5) == 0);
    close(fd);
    atomic_store(&is_full, true);
    fd = wire_connect();
    EXPECT(wire_upgrade(fd, "/ws", "Sec-WebSocket-Protocol: muster.v1\r\n") == 101);
    EXPECT(wire_close_code(fd) == 1013);
    close(fd);
    return NULL;
}

static void ends_of_connections(void **state) {
    (void)state;
    rig_run(ends_script);
}

static const char *counted_script(void) {
    char data[64];
    int opcode = 0;
    int fd = wire_ws();
    wire_text(fd, "12345");
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 5);
    wire_frame(fd, WIRE_FIN | WIRE_BINARY, "1234567", 7);
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 7);
    close(fd);
    return NULL;
}

static void traffic_is_counted(void **state) {
    (void)state;
    static const enum metric counters[] = {METRIC_RX_BYTES, METRIC_RX_PACKETS, METRIC_TX_BYTES,
                                           METRIC_TX_PACKETS};
    static const double wanted[] = {12, 2, 12, 2};
    double before[4];
    for (int i = 0; i < 4; i++) before[i] = metrics_values[counters[i]];
    rig_run(counted_script);
    for (int i = 0; i < 4; i++) assert_true(metrics_values[counters[i]] == before[i] + wanted[i]);
}

/* ---- places ---- */

static int setup_few(void **state) {
    setenv("MUSTER_NET_CONNECTIONS_MAX", "3", 1);
    return setup(state);
}

static const char *places_script(void) {
    int one = wire_ws();
    int silent = wire_connect();
    int later = wire_connect();
    int two = wire_ws(); /* takes the place of the one that was silent for longest */
    EXPECT(one >= 0 && two >= 0);
    EXPECT(wire_ended(silent));
    int three = wire_ws();
    EXPECT(three >= 0);
    EXPECT(wire_ended(later));
    EXPECT(wire_ws() < 0); /* all of them play */
    int admin = wire_connect_to(net_admin_port());
    EXPECT(wire_status(admin, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    close(admin);
    close(silent);
    close(later);
    close(one);
    close(two);
    close(three);
    return NULL;
}

static void who_plays_keeps_the_place(void **state) {
    (void)state;
    rig_run(places_script);
}

/* ---- no more of them ---- */

static const char *stop_listening_script(void) {
    struct wire_answer answer;
    char data[64];
    int opcode = 0;
    int fd = wire_ws();
    int http = wire_connect();
    EXPECT(wire_status(http, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    uint32_t port = net_port();
    loop_post((loop_fn)(void (*)(void))net_stop_listening, NULL);
    int late = 0;
    for (int i = 0; i < 2000 && late >= 0; i++) { /* until it has happened */
        late = wire_connect_to(port);
        if (late >= 0) close(late);
    }
    EXPECT(late < 0);
    wire_text(fd, "still");
    EXPECT(wire_frame_read(fd, &opcode, data, sizeof data) == 5);
    wire_send(http, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_answer_read(http, &answer, true) == 200);
    wire_answer_free(&answer);
    close(fd);
    close(http);
    return NULL;
}

static void who_is_there_stays_when_nobody_more_is_taken(void **state) {
    (void)state;
    rig_run(stop_listening_script);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(facts_of_a_request),
        TEST(lengths_of_bodies),
        TEST(how_long_a_connection_stays),
        TEST(answers_are_looked_at),
        TEST(answers_without_a_body),
        TEST(a_listed_page_may_read),
        TEST(edges_of_messages),
        TEST(reasons_are_cut),
        TEST(ends_of_connections),
        TEST(traffic_is_counted),
        cmocka_unit_test_setup_teardown(who_plays_keeps_the_place, setup_few, teardown),
        TEST(who_is_there_stays_when_nobody_more_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
