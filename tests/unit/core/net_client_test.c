/* net_client: fetch and WebSocket clients against our own server, plain and by TLS; the server's
 * certificates and their reload. */
#include "clock_ahead.h"
#include "net_rig.h"

#include <semaphore.h>

#include "net_url.h"

#define BODY_BYTES 100000

static char dir[TEMP_DIR_MAX];
static char *body;
static bool admit = true;

/* ---- The server ---- */

static bool on_admit(const char *address) {
    (void)address;
    return admit;
}

static void *on_open(conn_id conn, const char *address) {
    (void)conn;
    (void)address;
    return &admit;
}

static muster_request_id asked_late;

static void answer_late(void *user) {
    (void)user;
    rig_respond(asked_late, 200, "late", 4);
}

/* The answer takes longer than libwebsockets waits where nobody says how long. */
static void take_long(void *user) {
    (void)user;
    atomic_fetch_add(&clock_ahead_s, 15);
    loop_timer_start(100, 0, answer_late, NULL);
}

static void on_request(const struct net_http_request *request) {
    const struct muster_http_request *facts = &request->request;
    static const struct muster_http_header location = {"location", "/a"};
    struct muster_http_response response = {.size = sizeof response, .status = 200};
    char text[256];
    int len = snprintf(text, sizeof text, "%s|%s|%s|%.*s", facts->method, facts->query,
                       net_http_header(facts->id, "authorization"), (int)facts->body.len,
                       facts->body.data ? (const char *)facts->body.data : "");
    response.body = (struct muster_bytes){text, (uint64_t)len};
    if (strcmp(facts->path, "/never") == 0) return;
    if (strcmp(facts->path, "/late") == 0) {
        asked_late = facts->id;
        loop_timer_start(100, 0, take_long, NULL);
        return;
    }
    if (strcmp(facts->path, "/big") == 0) response.body = (struct muster_bytes){body, BODY_BYTES};
    if (strcmp(facts->path, "/missing") == 0) response.status = 404;
    if (strcmp(facts->path, "/moved") == 0) {
        response.status = 302;
        response.headers = &location;
        response.header_count = 1;
    }
    (void)net_http_respond(facts->id, &response);
}

static const struct net_handlers handlers = {
    .ws_admit = on_admit,
    .ws_open = on_open,
    .ws_text = rig_echo_text,
    .http_request = on_request,
};

static int setup(void **state) {
    (void)state;
    unsetenv("MUSTER_TLS_CERT");
    unsetenv("MUSTER_TLS_KEY");
    admit = true;
    return rig_start(&handlers);
}

/* A certificate for localhost, signed by itself, as PREFIX.crt and PREFIX.key. */
static int make_cert(const char *prefix) {
    char command[512];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj /CN=%s -addext subjectAltName=DNS:localhost "
             "-keyout %s/%s.key -out %s/%s.crt 2>/dev/null",
             prefix, dir, prefix, dir, prefix);
    return system(command);
}

static int copy_cert(const char *prefix) {
    char command[512];
    snprintf(command, sizeof command, "cd %s && cp %s.crt server.crt && cp %s.key server.key", dir,
             prefix, prefix);
    return system(command);
}

static void set_path(const char *variable, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    setenv(variable, path, 1);
}

/* What a fetch that is still open when the network ends is told: before its record's owner stops.
 */
static int left_open;
static int told_closed;

static int setup_tls(void **state) {
    (void)state;
    admit = true;
    if (copy_cert("one") != 0) return -1;
    set_path("MUSTER_TLS_CERT", "server.crt");
    set_path("MUSTER_TLS_KEY", "server.key");
    set_path("SSL_CERT_FILE", "one.crt"); /* whom the clients trust */
    return rig_start(&handlers);
}

static int setup_tls_hasty(void **state) {
    setenv("MUSTER_NET_HANDSHAKE_TIMEOUT_MS", "500", 1);
    return setup_tls(state);
}

static int teardown(void **state) {
    (void)state;
    unsetenv("SSL_CERT_FILE");
    unsetenv("MUSTER_NET_HANDSHAKE_TIMEOUT_MS");
    int failed = rig_stop();
    return failed || told_closed != left_open ? -1 : 0;
}

static int group_setup(void **state) {
    (void)state;
    body = malloc(BODY_BYTES);
    if (!body || !temp_dir_make(dir)) return -1;
    memset(body, 'b', BODY_BYTES);
    return make_cert("one") == 0 && make_cert("two") == 0 ? 0 : -1;
}

static int group_teardown(void **state) {
    (void)state;
    free(body);
    return temp_dir_remove(dir) ? 0 : -1;
}

/* ---- Fetching ---- */

static struct {
    int count;
    muster_status status;
    uint32_t http_status;
    uint64_t body_len;
    char body[256];
} fetched;

static void on_fetched(void *user, const struct muster_http_result *result) {
    (void)user;
    fetched.count++;
    fetched.status = result->status;
    fetched.http_status = result->http_status;
    fetched.body_len = result->body.len;
    snprintf(fetched.body, sizeof fetched.body, "%.*s", (int)result->body.len,
             result->body.data ? (const char *)result->body.data : "");
    loop_stop();
}

static void run_loop(void) {
    struct loop_timer *late = loop_timer_start(rig_wait_ms, 0, rig_on_late, NULL);
    loop_run();
    loop_timer_stop(late);
}

static const char *url_of(const char *scheme, const char *host, const char *path) {
    static char url[256];
    snprintf(url, sizeof url, "%s://%s:%u%s", scheme, host, net_port(), path);
    return url;
}

static muster_status fetch_url(const char *method, const char *url, const char *text,
                               uint32_t timeout_ms) {
    static const struct muster_http_header header = {"authorization", "Bearer t"};
    const struct muster_http_fetch request = {
        .size = sizeof request,
        .timeout_ms = timeout_ms,
        .method = method,
        .url = url,
        .headers = &header,
        .header_count = 1,
        .response_max_bytes = BODY_BYTES,
        .body = {text, strlen(text)},
    };
    struct net_client *client = NULL;
    memset(&fetched, 0, sizeof fetched);
    muster_status status = net_fetch(&request, on_fetched, NULL, &client);
    if (status != MUSTER_OK) return status;
    assert_non_null(client);
    run_loop();
    assert_int_equal(fetched.count, 1);
    return fetched.status;
}

static void fetch(void **state) {
    (void)state;
    assert_int_equal(fetch_url("GET", url_of("http", "127.0.0.1", "/a?b=c"), "", 5000), MUSTER_OK);
    assert_int_equal(fetched.http_status, 200);
    assert_string_equal(fetched.body, "GET|b=c|Bearer t|");
    assert_int_equal(fetch_url("POST", url_of("http", "localhost", "/a"), "text", 5000), MUSTER_OK);
    assert_string_equal(fetched.body, "POST||Bearer t|text");
    assert_int_equal(fetch_url("POST", url_of("http", "localhost", "/a"), "", 5000), MUSTER_OK);
    assert_string_equal(fetched.body, "POST||Bearer t|");
    assert_int_equal(fetch_url("GET", url_of("http", "localhost", "/big"), "", 5000), MUSTER_OK);
    assert_int_equal(fetched.body_len, BODY_BYTES);
    assert_int_equal(fetch_url("GET", url_of("http", "localhost", "/missing"), "", 5000),
                     MUSTER_OK);
    assert_int_equal(fetched.http_status, 404);
    assert_int_equal(fetch_url("GET", url_of("http", "localhost", "/moved"), "", 5000), MUSTER_OK);
    assert_int_equal(fetched.http_status, 302);
}

static void fetch_refusals(void **state) {
    (void)state;
    struct net_client *client = NULL;
    struct muster_http_fetch request = {.size = sizeof request,
                                        .timeout_ms = 1000,
                                        .method = "GET",
                                        .url = "ftp://localhost/",
                                        .response_max_bytes = 100};
    assert_int_equal(net_fetch(&request, on_fetched, NULL, &client), MUSTER_INVALID);
    request.url = url_of("http", "localhost", "/big");
    request.timeout_ms = 0;
    assert_int_equal(net_fetch(&request, on_fetched, NULL, &client), MUSTER_INVALID);
    const struct muster_http_header broken = {"x", "a\r\nb: c"};
    request.timeout_ms = 5000;
    request.headers = &broken;
    request.header_count = 1;
    assert_int_equal(net_fetch(&request, on_fetched, NULL, &client), MUSTER_INVALID);
    request.header_count = 0;
    for (int i = 0; i < 2; i++) {
        request.response_max_bytes = i == 0 ? 100 : BODY_BYTES - 1; /* of several reads */
        memset(&fetched, 0, sizeof fetched);
        assert_int_equal(net_fetch(&request, on_fetched, NULL, &client), MUSTER_OK);
        run_loop();
        assert_int_equal(fetched.status, MUSTER_LIMIT);
        assert_int_equal(fetched.body_len, 0); /* half of an answer is none */
    }
    assert_int_equal(fetch_url("GET", url_of("http", "localhost", "/never"), "", 200),
                     MUSTER_TIMEOUT);
    assert_int_equal(fetch_url("GET", "http://name.invalid/", "", 5000), MUSTER_IO);
    assert_int_equal(fetch_url("GET", "http://127.0.0.1:1/", "", 5000), MUSTER_IO);
}

static void on_unwanted(void *user, const struct muster_http_result *result) {
    (void)user;
    (void)result;
    fail_msg("a closed client was called");
}

static void on_network_gone(void *user, const struct muster_http_result *result) {
    (void)user;
    told_closed += result->status == MUSTER_CLOSED || result->status == MUSTER_IO;
}

static void a_fetch_has_its_bounds(void **state) {
    (void)state;
    static char value[8200], large[1048577];
    static struct muster_http_header headers[17];
    for (int i = 0; i < 17; i++) headers[i] = (struct muster_http_header){"x", "y"};
    memset(value, 'v', sizeof value - 1);
    const struct muster_http_header long_one = {"x", value};
    const struct muster_http_header names[] = {{"", "v"},     {NULL, "v"},
                                               {"x", NULL},   {"x y", "v"},
                                               {"x:", "v"},   {"Content-Length", "1"},
                                               {"Host", "h"}, {"sec-websocket-key", "k"}};
    struct muster_http_fetch good = {.size = sizeof good,
                                     .timeout_ms = 60000,
                                     .method = "GET",
                                     .url = url_of("http", "localhost", "/never"),
                                     .headers = headers,
                                     .header_count = 16,
                                     .response_max_bytes = 100};
    struct muster_http_fetch late = good, many = good, heavy = good, full = good, fits = good;
    late.timeout_ms = 60001;
    many.header_count = 17;
    heavy.headers = fits.headers = &long_one;
    heavy.header_count = fits.header_count = 1;
    full.body = (struct muster_bytes){large, sizeof large};
    struct net_client *client = NULL;
    assert_int_equal(net_fetch(&good, on_unwanted, NULL, &client), MUSTER_OK);
    net_client_close(client);
    assert_int_equal(net_fetch(&late, on_unwanted, NULL, &client), MUSTER_INVALID);
    assert_int_equal(net_fetch(&many, on_unwanted, NULL, &client), MUSTER_LIMIT);
    assert_int_equal(net_fetch(&full, on_unwanted, NULL, &client), MUSTER_LIMIT);
    value[8187] = '\0'; /* name, colon, value and two ends: 8192 */
    assert_int_equal(net_fetch(&fits, on_unwanted, NULL, &client), MUSTER_OK);
    net_client_close(client);
    value[8187] = 'v';
    value[8188] = '\0';
    assert_int_equal(net_fetch(&heavy, on_unwanted, NULL, &client), MUSTER_LIMIT);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        heavy.headers = &names[i];
        assert_int_equal(net_fetch(&heavy, on_unwanted, NULL, &client), MUSTER_INVALID);
    }
}

static void stop_soon(void *user) {
    (void)user;
    loop_stop();
}

static void closed_fetch_is_silent(void **state) {
    (void)state;
    const struct muster_http_fetch request = {.size = sizeof request,
                                              .timeout_ms = 5000,
                                              .method = "GET",
                                              .url = url_of("http", "localhost", "/never"),
                                              .response_max_bytes = 100};
    struct net_client *at_once = NULL;
    struct net_client *later = NULL;
    assert_int_equal(net_fetch(&request, on_unwanted, NULL, &at_once), MUSTER_OK);
    assert_int_equal(net_fetch(&request, on_unwanted, NULL, &later), MUSTER_OK);
    net_client_close(at_once);
    loop_timer_start(100, 0, stop_soon, NULL);
    run_loop();
    net_client_close(later);
    net_client_close(NULL);
    assert_int_equal(net_fetch(&request, on_network_gone, NULL, &later), MUSTER_OK);
    left_open++; /* net_stop ends it, by the server's end or by the client's */
}

/* ---- Servers that answer what no client expects: faults mended in libwebsockets after 4.1.6 ----
 */

static struct {
    const char *answer;
    sem_t *stays_until; /* or null: the answer ends with the connection */
    int listener;
    uint16_t port;
} hostile;

static void *answer_once(void *user) {
    char request[4096];
    (void)user;
    int fd = accept(hostile.listener, NULL, NULL);
    if (fd < 0) return NULL;
    (void)!read(fd, request, sizeof request);
    (void)!write(fd, hostile.answer, strlen(hostile.answer));
    if (hostile.stays_until) sem_wait(hostile.stays_until);
    close(fd);
    return NULL;
}

static void hostile_listen(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    hostile.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(hostile.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(hostile.listener, 1), 0);
    assert_int_equal(getsockname(hostile.listener, (struct sockaddr *)&address, &len), 0);
    hostile.port = ntohs(address.sin_port);
}

static muster_status fetch_hostile_for(const char *answer, uint32_t timeout_ms) {
    char url[64];
    pthread_t thread;
    hostile.answer = answer;
    hostile_listen();
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", hostile.port);
    assert_int_equal(pthread_create(&thread, NULL, answer_once, NULL), 0);
    muster_status status = fetch_url("GET", url, "", timeout_ms);
    if (hostile.stays_until) sem_post(hostile.stays_until);
    shutdown(hostile.listener, SHUT_RDWR); /* it may not have come so far */
    pthread_join(thread, NULL);
    close(hostile.listener);
    return status;
}

static muster_status fetch_hostile(const char *answer) {
    return fetch_hostile_for(answer, 5000);
}

static void hostile_servers(void **state) {
    (void)state;
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert_int_equal(fetch_hostile(CHUNKED "2\r\nok\r\n0\r\n\r\n"), MUSTER_OK);
    assert_string_equal(fetched.body, "ok");
    static const char *const refused[] = {
        CHUNKED "ffffffff\r\nwhat follows",
        CHUNKED "80000000\r\nwhat follows",
        CHUNKED "1fffffff2\r\nwhat follows",
        CHUNKED "-2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nwhat follows",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nwhat follows",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwha",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nwhat follows",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nwhat follows",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nwhat follows",
        "HTTP/1.1 2\r\n\r\n",
        "\x16\x03\x01 no HTTP at all",
        "",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (fetch_hostile(refused[i]) == MUSTER_OK) fail_msg("taken: %s", refused[i]);
    }
}

/* A length that nobody could take is no length, however much of it comes. */
static void a_length_has_its_digits(void **state) {
    static const struct {
        const char *digits;
        muster_status status;
    } cases[] = {{"000000000000002", MUSTER_OK},
                 {"999999999999999", MUSTER_TIMEOUT}, /* more is waited for */
                 {"0000000000000002", MUSTER_IO},
                 {"9999999999999999", MUSTER_IO},
                 {"00000000000000002", MUSTER_IO},
                 {"999999999999999999", MUSTER_IO},
                 {"9223372036854775807", MUSTER_IO},
                 {"00000000000000000000000002", MUSTER_IO}};
    sem_t end;
    (void)state;
    sem_init(&end, 0, 0);
    hostile.stays_until = &end;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char answer[128];
        snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nok",
                 cases[i].digits);
        uint32_t timeout_ms = cases[i].status == MUSTER_TIMEOUT ? 100 : 10000;
        assert_int_equal(fetch_hostile_for(answer, timeout_ms), cases[i].status);
    }
    hostile.stays_until = NULL;
}

/* As long as it asked for, and no longer. */
static void a_fetch_has_its_time(void **state) {
    (void)state;
    assert_int_equal(fetch_url("GET", url_of("http", "127.0.0.1", "/late"), "", 60000), MUSTER_OK);
    assert_string_equal(fetched.body, "late");
    assert_int_equal(fetch_url("GET", url_of("http", "127.0.0.1", "/late"), "", 12000),
                     MUSTER_TIMEOUT);
}

/* ---- WebSocket client ---- */

static struct {
    struct net_client *client;
    int opened;
    int closed;
    muster_status close_status;
    char text[64];
    uint64_t binary_len;
} ws;

static void on_ws_open(void *user) {
    static char large[20000];
    (void)user;
    ws.opened++;
    memset(large, 7, sizeof large);
    assert_int_equal(net_ws_send(ws.client, false, (struct muster_bytes){"hello", 5}), MUSTER_OK);
    assert_int_equal(net_ws_send(ws.client, true, (struct muster_bytes){large, 16000}), MUSTER_OK);
}

static void on_ws_message(void *user, uint32_t binary, struct muster_bytes data) {
    (void)user;
    if (binary) {
        ws.binary_len = data.len;
        assert_int_equal(((const uint8_t *)data.data)[15999], 7);
        assert_int_equal(net_ws_send(ws.client, false, (struct muster_bytes){"bye", 3}), MUSTER_OK);
    } else {
        snprintf(ws.text, sizeof ws.text, "%.*s", (int)data.len, (const char *)data.data);
    }
}

static void on_ws_close(void *user, muster_status status, uint32_t code) {
    (void)user, (void)code;
    ws.closed++;
    ws.close_status = status;
    loop_stop();
}

static muster_status ws_begin_bounded(const char *url, const char *subprotocol,
                                      void (*open)(void *user), uint32_t message_max_bytes) {
    const struct muster_ws_client wanted = {.size = sizeof wanted,
                                            .url = url,
                                            .subprotocol = subprotocol,
                                            .open = open,
                                            .message = on_ws_message,
                                            .close = on_ws_close,
                                            .message_max_bytes = message_max_bytes};
    memset(&ws, 0, sizeof ws);
    return net_ws_connect(&wanted, NULL, &ws.client);
}

static muster_status ws_begin(const char *url, const char *subprotocol, void (*open)(void *user)) {
    return ws_begin_bounded(url, subprotocol, open, 0);
}

static void ws_talk(const char *url, const char *subprotocol) {
    assert_int_equal(ws_begin(url, subprotocol, on_ws_open), MUSTER_OK);
    run_loop();
    assert_int_equal(ws.closed, 1);
}

static void ws_client(void **state) {
    (void)state;
    ws_talk(url_of("ws", "localhost", "/ws"), "muster.v1");
    assert_int_equal(ws.opened, 1);
    assert_string_equal(ws.text, "hello");
    assert_int_equal(ws.binary_len, 16000);
    assert_int_equal(ws.close_status, MUSTER_CLOSED);
}

/* The server says 5 bytes, then 16000. */
static void ws_client_bounded(void **state) {
    (void)state;
    const char *url = url_of("ws", "localhost", "/ws");
    assert_int_equal(ws_begin_bounded(url, "muster.v1", on_ws_open, 15999), MUSTER_OK);
    run_loop();
    assert_int_equal(ws.opened, 1);
    assert_int_equal(ws.binary_len, 0);
    assert_int_equal(ws.close_status, MUSTER_LIMIT);
    assert_int_equal(ws_begin_bounded(url, "muster.v1", on_ws_open, 1048577), MUSTER_INVALID);
}

static void ws_client_refused(void **state) {
    (void)state;
    ws_talk(url_of("ws", "localhost", "/ws"), "other.v1");
    assert_int_equal(ws.opened, 0);
    assert_int_equal(ws.close_status, MUSTER_IO);
    ws_talk("ws://name.invalid/ws", "muster.v1");
    assert_int_equal(ws.close_status, MUSTER_IO);
    assert_int_equal(ws_begin("http://localhost/", "", on_ws_open), MUSTER_INVALID);
}

static void say_bye(void *user) {
    (void)user;
    assert_int_equal(net_ws_send(ws.client, false, (struct muster_bytes){"bye", 3}), MUSTER_OK);
}

static void on_late_open(void *user) {
    (void)user;
    ws.opened++;
    atomic_fetch_add(&clock_ahead_s, 12);
    loop_timer_start(100, 0, say_bye, NULL);
}

/* To open it has ten seconds; once it is open, all the time it wants. */
static void ws_client_has_time(void **state) {
    (void)state;
    assert_int_equal(ws_begin(url_of("ws", "localhost", "/ws"), "muster.v1", on_late_open),
                     MUSTER_OK);
    run_loop();
    assert_int_equal(ws.opened, 1);
    assert_int_equal(ws.close_status, MUSTER_CLOSED);
}

static int jumps;

static void jump(void *user) {
    (void)user;
    assert_int_equal(ws.closed, 0);
    assert_int_equal(net_ws_send(ws.client, false, (struct muster_bytes){"soon", 4}), MUSTER_STATE);
    atomic_fetch_add(&clock_ahead_s, 6);
    if (++jumps < 2) loop_timer_start(100, 0, jump, NULL);
}

/* Nobody answers there. */
static void ws_client_opens_in_time(void **state) {
    char url[64];
    (void)state;
    hostile_listen();
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/", hostile.port);
    assert_int_equal(ws_begin(url, "muster.v1", on_ws_open), MUSTER_OK);
    loop_timer_start(100, 0, jump, NULL);
    run_loop();
    assert_int_equal(ws.close_status, MUSTER_TIMEOUT);
    close(hostile.listener);
}

/* ---- TLS ---- */

static void tls(void **state) {
    (void)state;
    assert_int_equal(fetch_url("GET", url_of("https", "localhost", "/a"), "", 5000), MUSTER_OK);
    assert_string_equal(fetched.body, "GET||Bearer t|");
    assert_int_equal(fetch_url("GET", url_of("https", "localhost", "/big"), "", 5000), MUSTER_OK);
    assert_int_equal(fetched.body_len, BODY_BYTES);
    ws_talk(url_of("wss", "localhost", "/ws"), "muster.v1");
    assert_string_equal(ws.text, "hello");
    assert_int_equal(ws.binary_len, 16000);
    /* The certificate is for localhost, not for the address. */
    assert_int_equal(fetch_url("GET", url_of("https", "127.0.0.1", "/a"), "", 5000), MUSTER_IO);
    assert_int_equal(fetch_url("GET", url_of("http", "localhost", "/a"), "", 5000), MUSTER_IO);
}

static void tls_untrusted(void **state) {
    (void)state;
    set_path("SSL_CERT_FILE", "two.crt");
    rig_net_stop();
    char error[256] = "";
    const struct net_handlers whole = rig_handlers(&handlers);
    assert_int_equal(net_start(&whole, error), MUSTER_OK);
    assert_int_equal(fetch_url("GET", url_of("https", "localhost", "/a"), "", 5000), MUSTER_IO);
}

static int s_client(const char *more) {
    char command[512];
    snprintf(command, sizeof command,
             "echo | timeout 8 openssl s_client -connect localhost:%u -CAfile %s/server.crt "
             "-verify_return_error %s >%s/out 2>&1",
             net_port(), dir, more, dir);
    return system(command);
}

static bool out_holds(const char *text) {
    char command[256];
    snprintf(command, sizeof command, "grep -q '%s' %s/out", text, dir);
    return system(command) == 0;
}

/* One never begins its handshake, one speaks no TLS. */
static const char *no_handshake_script(void) {
    int silent = wire_connect();
    int plain = wire_connect();
    wire_send(plain, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_ended(silent));
    while (!wire_ended(plain)) {
    } /* after an alert, perhaps */
    close(silent);
    close(plain);
    return NULL;
}

static void tls_without_handshake(void **state) {
    (void)state;
    rig_run(no_handshake_script);
}

static const char *versions_script(void) {
    EXPECT(s_client("-alpn h2,http/1.1") == 0);
    EXPECT(out_holds("ALPN protocol: http/1.1"));
    EXPECT(s_client("-tls1_2") == 0);
    EXPECT(s_client("-tls1_1 -cipher DEFAULT@SECLEVEL=0") != 0);
    return NULL;
}

static void tls_versions(void **state) {
    (void)state;
    rig_run(versions_script);
}

static const char *reload_script(void) {
    EXPECT(s_client("") == 0);
    EXPECT(out_holds("CN = two"));
    return NULL;
}

static void tls_reload(void **state) {
    (void)state;
    char error[256] = "";
    char command[256];
    assert_int_equal(copy_cert("two"), 0);
    assert_int_equal(net_tls_reload(error), MUSTER_OK);
    rig_run(reload_script);
    /* A key that does not fit, then rubbish: the pair before stays. */
    snprintf(command, sizeof command, "cp %s/one.key %s/server.key", dir, dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(net_tls_reload(error), MUSTER_INVALID);
    assert_non_null(strstr(error, "tls.cert"));
    rig_run(reload_script);
    snprintf(command, sizeof command, "echo x > %s/server.key", dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(net_tls_reload(error), MUSTER_INVALID);
    rig_run(reload_script);
}

static void tls_bad_files(void **state) {
    (void)state;
    char error[256] = "";
    rig_net_stop();
    set_path("MUSTER_TLS_KEY", "missing.key");
    config_unload();
    assert_int_equal(rig_config(), 0);
    const struct net_handlers whole = rig_handlers(&handlers);
    assert_int_equal(net_start(&whole, error), MUSTER_INVALID);
    assert_non_null(strstr(error, "tls.cert, tls.key"));
}

/* ---- URLs ---- */

static void urls(void **state) {
    (void)state;
    struct net_url url;
    assert_int_equal(net_url_parse("http://a.b", "http", &url), MUSTER_OK);
    assert_string_equal(url.host, "a.b");
    assert_string_equal(url.path, "/");
    assert_int_equal(url.port, 80);
    assert_int_equal(net_url_parse("HTTPS://a.b:444/c?d#e", "http", &url), MUSTER_OK);
    assert_true(url.tls);
    assert_string_equal(url.authority, "a.b:444");
    assert_string_equal(url.path, "/c?d");
    assert_int_equal(net_url_parse("wss://[::1]?x", "ws", &url), MUSTER_OK);
    assert_string_equal(url.host, "::1");
    assert_string_equal(url.authority, "[::1]");
    assert_string_equal(url.path, "/?x");
    assert_int_equal(url.port, 443);
    static const char *const bad[] = {
        "",           "a",           "http:/a",         "http://",     "http://:80/",
        "ftp://a",    "http://a b/", "http://u@a/",     "http://a:0/", "http://a:65536/",
        "http://a:x", "http://[::1", "http://a/\r\nb:", "http://a:",   "http://a:8 ",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(net_url_parse(bad[i], "http", &url), MUSTER_INVALID);
    }
    char longest[4096] = "http://";
    memset(longest + 7, 'a', 300);
    assert_int_equal(net_url_parse(longest, "http", &url), MUSTER_LIMIT);
    snprintf(longest, sizeof longest, "http://a/%03000d", 1);
    assert_int_equal(net_url_parse(longest, "http", &url), MUSTER_LIMIT);
}

int main(void) {
#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, setup_tls, teardown)
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(fetch),
        CLIENT_TEST(fetch_refusals),
        CLIENT_TEST(a_fetch_has_its_bounds),
        CLIENT_TEST(closed_fetch_is_silent),
        CLIENT_TEST(hostile_servers),
        CLIENT_TEST(a_length_has_its_digits),
        CLIENT_TEST(a_fetch_has_its_time),
        CLIENT_TEST(ws_client),
        CLIENT_TEST(ws_client_bounded),
        CLIENT_TEST(ws_client_refused),
        CLIENT_TEST(ws_client_has_time),
        CLIENT_TEST(ws_client_opens_in_time),
        TLS_TEST(tls),
        TLS_TEST(tls_untrusted),
        cmocka_unit_test_setup_teardown(tls_without_handshake, setup_tls_hasty, teardown),
        TLS_TEST(tls_versions),
        TLS_TEST(tls_reload),
        TLS_TEST(tls_bad_files),
        cmocka_unit_test(urls),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
