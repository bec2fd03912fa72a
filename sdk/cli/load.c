/* load - looks whether the server is there and takes so many, lets the players of sdk/load play,
 * and prints what they saw.
 *
 * On this machine they come from addresses of their own in 127.0.0.0/8, eight each: a server's
 * limits for an address stay as they are shipped. IPv6 has one such address for all of them.
 */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "crowd.h"
#include "load_report.h"
#include "new.h"

#define PORT_DEFAULT 7350
#define PLAYERS_MAX 20000
#define RATE_DEFAULT 20
#define RATE_MAX 128
#define SECONDS_DEFAULT 10
#define SECONDS_MAX 600 /* an access token lasts 15 minutes, and is not renewed here */
#define DESCRIPTORS_BESIDE 16u
#define ANSWER_TIMEOUT_S 5
#define LOOPBACK_NET 127u
#define LOOPBACK_FIRST 0x010000u /* of its addresses: 127.1.0.0 */
#define LOOPBACK_COUNT 0xfe0000u
#define EXIT_SIGNALLED 128 /* and its number, as shells have it */

static const char usage[] =
    "--url http[s]://HOST[:PORT] --players N [--rate HZ] [--seconds S] [--mode NAME]\n"
    "             [--json] [--i-run-this-server]";

struct load {
    struct crowd crowd;
    struct load_report report;
    bool is_ours; /* --i-run-this-server */
    bool json;
    bool with_tls;
    char host[256]; /* without the brackets of an IPv6 address */
    uint16_t port;
};

static volatile sig_atomic_t signal_came;

static int complain(const char *what, const char *found) {
    fprintf(stderr, "muster: load: %s%s\n", what, found);
    return EXIT_USAGE;
}

/* ---- the server ------------------------------------------------------------------------------ */

static bool read_scheme(struct load *load, const char **url) {
    static const char *const schemes[] = {"http://", "ws://", "https://", "wss://"};
    for (uint32_t i = 0; i < 4; i++) {
        size_t len = strlen(schemes[i]);
        if (strncmp(*url, schemes[i], len) != 0) continue;
        load->with_tls = i >= 2;
        *url += len;
        return true;
    }
    return false;
}

/* HOST, an IPv4 address, or an IPv6 address in brackets. */
static bool read_host(struct load *load, const char **url) {
    int end = 0;
    bool found = sscanf(*url, "[%255[0-9A-Fa-f:.]]%n", load->host, &end) == 1 && end > 0;
    if (!found) found = sscanf(*url, "%255[A-Za-z0-9.-]%n", load->host, &end) == 1;
    *url += end;
    return found;
}

static bool read_port(struct load *load, const char **url) {
    unsigned port = PORT_DEFAULT;
    int end = 0;
    if (**url == ':' && (sscanf(*url, ":%5u%n", &port, &end) != 1 || port < 1 || port > 65535))
        return false;
    load->port = (uint16_t)port;
    *url += end;
    return true;
}

/* As a browser has it, or a program. */
static bool is_known_path(const char *path) {
    return !path[0] || strcmp(path, "/") == 0 || strcmp(path, "/ws") == 0;
}

static int read_url(struct load *load, const char *url) {
    const char *at = url;
    load->report.url = url;
    if (read_scheme(load, &at) && read_host(load, &at) && read_port(load, &at) && is_known_path(at))
        return 0;
    return complain("--url: expected http://HOST[:PORT] or https://HOST[:PORT], found ", url);
}

static bool is_loopback(const struct sockaddr_storage *to) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)to;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)to;
    if (to->ss_family == AF_INET) return ntohl(v4->sin_addr.s_addr) >> 24 == LOOPBACK_NET;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* IPv4 where there is both: a server listens there at least. */
static bool find_address(struct load *load) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", load->port);
    int error = getaddrinfo(load->host, port, &hints, &found);
    if (error) {
        fprintf(stderr, "muster: load: %s has no address: %s\n", load->host, gai_strerror(error));
        return false;
    }
    const struct addrinfo *taken = found;
    while (taken->ai_family != AF_INET && taken->ai_next) taken = taken->ai_next;
    if (taken->ai_family != AF_INET) taken = found;
    memcpy(&load->crowd.world.to, taken->ai_addr, taken->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

/* Where the server is, and whether it may be put under load. */
static int find_server(struct load *load) {
    struct player_world *world = &load->crowd.world;
    if (!find_address(load)) return EXIT_UNAVAILABLE;
    load->report.is_local = is_loopback(&world->to);
    if (!load->report.is_local && !load->is_ours)
        return complain(load->host, ": load on a server of somebody else's is an attack; on your "
                                    "own machine over there, add --i-run-this-server");
    world->host = load->host;
    if (load->with_tls && !(world->tls = wire_tls_create()))
        return complain("no memory for TLS", "");
    /* Not those of the run before, of which the server still knows. */
    srandom((unsigned)(time(NULL) ^ getpid()));
    if (load->report.is_local && world->to.ss_family == AF_INET)
        world->from = (LOOPBACK_NET << 24) + LOOPBACK_FIRST + (uint32_t)random() % LOOPBACK_COUNT;
    return 0;
}

/* One request with an answer. False: errno says why; 0 when it is not HTTP, or too long. */
static bool exchange(const struct load *load, struct wire *wire, const char *path,
                     struct frame_buffer *in, int *status, const char **body, uint32_t *body_len) {
    const struct sockaddr *to = (const struct sockaddr *)&load->crowd.world.to;
    char request[512];
    ssize_t n = 1;
    int len =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, load->host);
    if (connect(wire->fd, to, sizeof load->crowd.world.to) != 0 || wire_shake_hands(wire) != 1 ||
        wire_send(wire, request, (uint32_t)len) != len)
        return false;
    errno = 0;
    while (n > 0 && frame_buffer_grow(in)) {
        n = wire_recv(wire, in->data + in->len, in->cap - in->len);
        in->len += n > 0 ? (uint32_t)n : 0;
        if (frame_http_answer(in, status, body, body_len) > 0) return true;
    }
    return false;
}

static bool get(const struct load *load, const char *path, struct frame_buffer *in, int *status,
                const char **body, uint32_t *body_len) {
    const struct timeval patience = {.tv_sec = ANSWER_TIMEOUT_S};
    const struct player_world *world = &load->crowd.world;
    struct wire wire;
    int fd = socket(world->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !wire_open(&wire, fd, world->tls, load->host)) return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    bool answered = exchange(load, &wire, path, in, status, body, body_len);
    int error = errno;
    wire_close(&wire);
    errno = error == EAGAIN || error == EINPROGRESS ? ETIMEDOUT : error;
    return answered;
}

/* The names of all modes, or null when the wanted one is among them. */
static char *other_modes(const json_t *info, const char *wanted) {
    const json_t *mode;
    size_t i;
    char *names = strdup("");
    json_array_foreach(json_object_get(info, "gameModes"), i, mode) {
        const char *name = json_string_value(json_object_get(mode, "name"));
        char *more = NULL;
        bool is_wanted = name && strcmp(name, wanted) == 0;
        if (name && !is_wanted && asprintf(&more, "%s %s", names, name) < 0) more = NULL;
        if (is_wanted || more) free(names);
        if (is_wanted) return NULL;
        if (more) names = more;
    }
    return names;
}

static int check_info(const struct load *load, int status, const char *body, uint32_t len) {
    const char *mode = load->crowd.world.game_mode;
    json_t *info = status == 200 ? json_loadb(body, len, 0, NULL) : NULL;
    const char *protocol = json_string_value(json_object_get(info, "protocol"));
    char *others = info ? other_modes(info, mode) : NULL;
    int code = EXIT_UNAVAILABLE;
    if (!protocol || strcmp(protocol, "muster.v1") != 0)
        fprintf(stderr,
                "muster: load: %s is no muster server: GET /v1/info was answered with HTTP %d\n",
                load->report.url, status);
    else if (others)
        fprintf(stderr, "muster: load: the server has no mode %s; it has:%s\n", mode, others);
    else
        code = 0;
    free(others);
    json_decref(info);
    return code;
}

static const char *why_no_answer(const struct load *load, int error) {
    if (load->with_tls && error == EPROTO)
        return "what comes from there is not TLS: is it http://?";
    if (!load->with_tls && error == ECONNRESET) return "it hangs up: is it https://?";
    return error ? strerror(error) : "what comes from there is not HTTP";
}

static int ask_server(const struct load *load) {
    struct frame_buffer in = {0};
    const char *body;
    uint32_t len;
    int status, code = EXIT_UNAVAILABLE;
    if (get(load, "/v1/info", &in, &status, &body, &len))
        code = check_info(load, status, body, len);
    else
        fprintf(stderr, "muster: load: %s does not answer: %s\n", load->report.url,
                why_no_answer(load, errno));
    frame_buffer_free(&in);
    return code;
}

/* ---- the run --------------------------------------------------------------------------------- */

static int open_crowd(struct load *load) {
    struct rlimit files;
    if (!crowd_open(&load->crowd)) {
        fprintf(stderr, "muster: load: %s\n", strerror(errno));
        return EXIT_UNAVAILABLE;
    }
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= load->crowd.players_max + DESCRIPTORS_BESIDE) return 0;
    fprintf(stderr,
            "muster: load: %u players need %u file descriptors, and this process may have %llu: "
            "raise it with ulimit -Hn, or LimitNOFILE=\n",
            load->crowd.players_max, load->crowd.players_max + DESCRIPTORS_BESIDE,
            (unsigned long long)files.rlim_cur);
    return EXIT_UNAVAILABLE;
}

static void on_signal(int number) {
    signal_came = number;
}

/* The first one ends the run, the next one the process. One that is ignored, as where a shell has
 * put this behind, stays so. */
static void catch_signals(void) {
    const struct sigaction stop = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction before;
    for (uint32_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &stop, NULL);
}

/* False: some are not there. */
static bool arrive(struct load *load) {
    struct crowd *crowd = &load->crowd;
    const struct player_world *world = &crowd->world;
    if (!load->json) fprintf(stderr, "muster: load: %u players arrive\n", crowd->players_max);
    bool all = crowd_arrive(crowd);
    if (world->failed)
        fprintf(stderr, "muster: load: %u of %u players failed; %s\n", world->failed,
                crowd->players_max, world->failure);
    else if (world->failure[0])
        fprintf(stderr, "muster: load: %s\n", world->failure);
    return all;
}

static void measure(struct load *load) {
    struct crowd *crowd = &load->crowd;
    load_report_arrived(&load->report);
    crowd_measure(crowd, load->report.seconds * 1000);
    load_report_end(&load->report);
    crowd_leave(crowd);
    if (load->json)
        load_report_json(&load->report);
    else
        load_report_text(&load->report);
}

/* Who came and is no longer there. False: some are not. */
static bool check_end(const struct load *load) {
    const struct player_world *world = &load->crowd.world;
    uint32_t online = load->report.online;
    if (online >= world->arrived) return true;
    fprintf(stderr, "muster: load: %u of %u players had no connection at the end: %s\n",
            world->arrived - online, world->arrived, world->loss[0] ? world->loss : world->failure);
    return false;
}

static int play(struct load *load) {
    struct crowd *crowd = &load->crowd;
    catch_signals();
    crowd->stop = &signal_came;
    load->report.crowd = crowd;
    bool all = arrive(load);
    if (crowd->world.arrived && !signal_came) {
        measure(load);
        all = check_end(load) && all;
    } else {
        crowd_leave(crowd);
    }
    if (signal_came) {
        fprintf(stderr, "muster: load: ended by signal %d\n", (int)signal_came);
        return EXIT_SIGNALLED + signal_came;
    }
    if (!crowd->world.arrived) return EXIT_UNAVAILABLE;
    return all ? 0 : EXIT_FAILURE;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static int read_number(const char *name, const char *text, uint32_t max, uint32_t *out) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && value >= 1 && value <= max) {
        *out = (uint32_t)value;
        return 0;
    }
    fprintf(stderr, "muster: load: --%s: expected 1 to %u, found %s\n", name, max, text);
    return EXIT_USAGE;
}

static int read_option(struct load *load, int option) {
    struct player_world *world = &load->crowd.world;
    switch (option) {
    case 'u': return read_url(load, optarg);
    case 'p': return read_number("players", optarg, PLAYERS_MAX, &load->crowd.players_max);
    case 'r': return read_number("rate", optarg, RATE_MAX, &load->report.rate_hz);
    case 's': return read_number("seconds", optarg, SECONDS_MAX, &load->report.seconds);
    case 'm': world->game_mode = optarg; return 0;
    case 'j': load->json = true; return 0;
    case 'i': load->is_ours = true; return 0;
    default: return complain("expected ", usage);
    }
}

static int read_arguments(struct load *load, int argc, char **argv) {
    static const struct option options[] = {
        {"url", required_argument, NULL, 'u'},         {"players", required_argument, NULL, 'p'},
        {"rate", required_argument, NULL, 'r'},        {"seconds", required_argument, NULL, 's'},
        {"mode", required_argument, NULL, 'm'},        {"json", no_argument, NULL, 'j'},
        {"i-run-this-server", no_argument, NULL, 'i'}, {NULL, 0, NULL, 0},
    };
    int option, code;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if ((code = read_option(load, option)) != 0) return code;
    if (optind < argc || !load->report.url || !load->crowd.players_max)
        return complain("expected ", usage);
    load->crowd.world.input_interval_us = 1000000 / load->report.rate_hz;
    return 0;
}

int load_command(int argc, char **argv) {
    static struct load load = {.crowd.world = {.game_mode = "arena", .stays = true},
                               .report = {.rate_hz = RATE_DEFAULT, .seconds = SECONDS_DEFAULT}};
    int code = read_arguments(&load, argc, argv);
    if (code == 0) code = find_server(&load);
    if (code == 0) code = ask_server(&load);
    if (code != 0) return code;
    code = open_crowd(&load);
    if (code == 0) code = play(&load);
    crowd_close(&load.crowd);
    wire_tls_destroy(load.crowd.world.tls);
    return code;
}
