/* What plugins open through the host: timers, posts, work, descriptors, sockets. Who may use what,
 * and that it ends with its plugin. */
#include "counted.h"
#include "ended.h"
#include "fake_game.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "host_internal.h"
#include "posts.h"

#define START_MS 1000000

static const struct muster_host *host;
static struct muster_self other;

static int setup(void **state) {
    (void)state;
    setenv("MUSTER_SERVER_WORK_QUEUE_MAX", "2", 1);
    if (game_open(NULL)) return -1;
    host = host_table();
    return fake_plugin(&other, "other", fake_roles + 1, 1, NULL, NULL);
}

static int setup_virtual(void **state) {
    if (setup(state)) return -1;
    loop_clock_virtual(START_MS, 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    registry_remove(&other);
    return game_close() || other.pins ? -1 : 0;
}

/* What stop does with what is left. */
static uint32_t close_all(struct muster_self *self) {
    uint32_t count = 0;
    struct resource *head = &self->resources;
    for (; head->next != head && count < 100; count++) head->next->kind->close(head->next);
    return count;
}

static void count(void *user) {
    assert_int_equal(plugin_depth(), 1);
    ++*(uint32_t *)user;
}

/* ---- timers ---- */

static void timers_go_off_in_time(void **state) {
    (void)state;
    uint32_t once = 0, often = 0;
    muster_timer_id once_id, often_id;
    uint64_t calls = other.call_count;
    const struct muster_host_loop *loop = host->loop;
    assert_int_equal(loop->timer_start(&other, 100, 0, count, &once, &once_id), MUSTER_OK);
    assert_int_equal(loop->timer_start(&other, 50, 200, count, &often, &often_id), MUSTER_OK);
    loop_clock_advance(START_MS + 99);
    assert_int_equal(once, 0);
    assert_int_equal(often, 1);
    loop_clock_advance(START_MS + 100);
    assert_int_equal(once, 1);
    loop_clock_advance(START_MS + 450);
    assert_int_equal(often, 3);
    assert_int_equal(once, 1);
    assert_int_equal(loop->timer_stop(&other, once_id), MUSTER_NOT_FOUND);
    assert_int_equal(loop->timer_stop(&game.self, often_id), MUSTER_NOT_FOUND); /* not its own */
    assert_int_equal(loop->timer_stop(&other, often_id), MUSTER_OK);
    assert_int_equal(loop->timer_stop(&other, often_id), MUSTER_NOT_FOUND);
    loop_clock_advance(START_MS + 5000);
    assert_int_equal(often, 3);
    assert_int_equal(other.call_count, calls + 4);
    assert_int_equal(loop->timer_start(&other, 1, 0, NULL, NULL, &once_id), MUSTER_INVALID);
    assert_int_equal(loop->timer_start(&other, 1, 0, count, &once, NULL), MUSTER_INVALID);
    assert_int_equal(close_all(&other), 0);
}

static muster_timer_id own_id;

static void stop_self(void *user) {
    ++*(uint32_t *)user;
    assert_int_equal(host->loop->timer_stop(&other, own_id), MUSTER_OK);
}

static void a_timer_may_stop_itself_and_ends_with_its_plugin(void **state) {
    (void)state;
    uint32_t stopped = 0, left = 0, beside = 0;
    muster_timer_id id;
    assert_int_equal(host->loop->timer_start(&other, 10, 10, stop_self, &stopped, &own_id),
                     MUSTER_OK);
    loop_clock_advance(START_MS + 100);
    assert_int_equal(stopped, 1);
    assert_int_equal(host->loop->timer_start(&other, 10, 0, count, &left, &id), MUSTER_OK);
    assert_int_equal(host->loop->timer_start(&game.self, 10, 0, count, &beside, &id), MUSTER_OK);
    assert_int_equal(close_all(&other), 1);
    loop_clock_advance(START_MS + 200);
    assert_int_equal(left, 0);
    assert_int_equal(beside, 1);
}

/* ---- posts ---- */

static void a_post_comes_in_the_next_turn(void **state) {
    (void)state;
    uint32_t first = 0, late = 0;
    assert_int_equal(host->loop->post(&other, NULL, NULL), MUSTER_INVALID);
    assert_int_equal(host->loop->post(&other, count, &first), MUSTER_OK);
    assert_int_equal(first, 0);
    while (first == 0) (void)loop_turn();
    assert_int_equal(host->loop->post(&other, count, &late), MUSTER_OK);
    posts_close(&other, true);
    assert_int_equal(late, 1);
    assert_int_equal(host->loop->post(&other, count, &late), MUSTER_CLOSED);
    assert_int_equal(host->loop->post(&game.self, count, &first), MUSTER_OK);
    while (first == 1) (void)loop_turn();
    assert_int_equal(late, 1); /* its turn is over */
    other.posts = (struct post_list){0};
}

static void posts_of_a_plugin_without_an_instance_are_dropped(void **state) {
    (void)state;
    uint32_t ran = 0, turned = 0;
    assert_int_equal(host->loop->post(&other, count, &ran), MUSTER_OK);
    posts_close(&other, false);
    assert_int_equal(host->loop->post(&game.self, count, &turned), MUSTER_OK);
    while (turned == 0) (void)loop_turn();
    assert_int_equal(ran, 0);
    other.posts = (struct post_list){0};
}

/* ---- work ---- */

static struct counted begun = COUNTED, may_end = COUNTED;
static struct done {
    uint32_t count;
    muster_status status;
} done[3];

static void work(void *user) {
    (void)user;
    counted_add(&begun);
    (void)counted_wait(&may_end, 1);
}

static void on_done(void *user, muster_status status) {
    struct done *of = user;
    of->count++;
    of->status = status;
}

static void work_is_bounded_and_pins_its_plugin(void **state) {
    (void)state;
    muster_work_id id;
    uint64_t faults = other.fault_count;
    memset(done, 0, sizeof done);
    counted_set(&may_end, 0);
    counted_set(&begun, 0);
    assert_int_equal(host->loop->work(&other, NULL, on_done, done, &id), MUSTER_INVALID);
    other.phase = PLUGIN_PROBED;
    assert_int_equal(host->loop->work(&other, work, on_done, done, &id), MUSTER_STATE);
    other.phase = PLUGIN_STOPPED;
    assert_int_equal(host->loop->work(&other, work, on_done, done, &id), MUSTER_STATE);
    assert_int_equal(other.fault_count, faults + 2);
    other.phase = PLUGIN_STARTED;
    assert_int_equal(host->loop->work(&other, work, on_done, &done[0], &id), MUSTER_OK);
    assert_int_equal(host->loop->work(&other, work, on_done, &done[1], NULL), MUSTER_OK);
    assert_int_equal(host->loop->work(&other, work, on_done, &done[2], &id), MUSTER_LIMIT);
    assert_int_equal(host->loop->work(&game.self, work, on_done, &done[2], &id), MUSTER_OK);
    assert_int_equal(other.pins, 2);
    assert_true(counted_wait(&begun, 2));
    struct resource *last = other.resources.prev;
    last->kind->close(last); /* what stop does: it runs on, and is told so */
    last->kind->close(last);
    counted_add(&may_end);
    while (!done[0].count || !done[1].count || !done[2].count) (void)loop_turn();
    assert_int_equal(done[0].status, MUSTER_OK);
    assert_int_equal(done[1].status, MUSTER_CLOSED);
    assert_int_equal(done[2].status, MUSTER_OK);
    assert_int_equal(other.pins, 0);
    assert_int_equal(other.work_running, 0);
    assert_int_equal(host->loop->work(&other, work, on_done, &done[0], &id), MUSTER_OK);
    assert_int_equal(host->loop->work_cancel(&game.self, id), MUSTER_NOT_FOUND);
    assert_int_equal(host->loop->work_cancel(&other, id), MUSTER_OK);
    assert_int_equal(host->loop->work_cancel(&other, id), MUSTER_NOT_FOUND);
    assert_int_equal(done[0].count, 1);
    while (done[0].count == 1) (void)loop_turn();
    assert_int_equal(done[0].status, MUSTER_CLOSED);
    assert_int_equal(close_all(&other), 0);
}

/* ---- descriptors ---- */

static void on_poll(void *user, uint32_t events, muster_status status) {
    char byte;
    int *pipe_fd = user;
    assert_int_equal(events, MUSTER_POLL_READ);
    assert_int_equal(status, MUSTER_OK);
    if (read(pipe_fd[0], &byte, 1) == 1) pipe_fd[2]++;
}

static void a_descriptor_is_looked_at_until_it_is_let_go(void **state) {
    (void)state;
    int fds[3] = {0};
    uint32_t turned = 0;
    muster_poll_id id;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(host->loop->poll_start(&other, -1, MUSTER_POLL_READ, on_poll, fds, &id),
                     MUSTER_INVALID);
    assert_int_equal(host->loop->poll_start(&other, fds[0], MUSTER_POLL_READ, on_poll, fds, &id),
                     MUSTER_OK);
    assert_int_equal(write(fds[1], "ab", 2), 2);
    while (fds[2] < 2) (void)loop_turn();
    assert_int_equal(host->loop->poll_stop(&game.self, id), MUSTER_NOT_FOUND);
    assert_int_equal(host->loop->timer_stop(&other, (muster_timer_id){id.value}), MUSTER_NOT_FOUND);
    assert_int_equal(host->loop->poll_stop(&other, id), MUSTER_OK);
    assert_int_equal(host->loop->poll_stop(&other, id), MUSTER_NOT_FOUND);
    assert_int_equal(write(fds[1], "c", 1), 1);
    assert_int_equal(host->loop->post(&other, count, &turned), MUSTER_OK);
    while (!turned) (void)loop_turn();
    assert_int_equal(fds[2], 2);
    close(fds[0]);
    close(fds[1]);
}

/* ---- sockets ---- */

static struct {
    uint32_t opened, closed, packets;
    char data[64];
    muster_socket_id conn;
} seen;

static void on_packet(void *user, const struct muster_udp_packet *packet) {
    (void)user;
    seen.packets++;
    snprintf(seen.data, sizeof seen.data, "%.*s", (int)packet->data.len,
             (const char *)packet->data.data);
}

/* A port that the kernel chose, with a socket at it, or free again when out is null. */
static uint32_t bind_any(int type, int *out) {
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, type, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    if (out) *out = fd;
    if (!out) close(fd);
    return ntohs(at.sin_port);
}

/* Others may be quicker to take a port that was free. */
static uint32_t open_udp(muster_socket_id *id) {
    for (;;) {
        uint32_t port = bind_any(SOCK_DGRAM, NULL);
        if (host->net->udp_open(&other, "127.0.0.1", port, on_packet, NULL, id) == MUSTER_OK)
            return port;
    }
}

static struct sockaddr_in local(uint32_t port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static void packets_go_both_ways(void **state) {
    (void)state;
    int peer;
    muster_socket_id id;
    struct sockaddr_in to = local(open_udp(&id)), peer_at = local(bind_any(SOCK_DGRAM, &peer));
    static char large[65508];
    char text[8] = "";
    memset(&seen, 0, sizeof seen);
    assert_int_equal(sendto(peer, "hello", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    while (!seen.packets) (void)loop_turn();
    assert_string_equal(seen.data, "hello");
    const struct muster_bytes answer = {"there", 5}, long_one = {large, sizeof large};
    assert_int_equal(host->net->udp_send(&game.self, id, &peer_at, sizeof peer_at, answer),
                     MUSTER_NOT_FOUND);
    assert_int_equal(host->net->udp_send(&other, id, &peer_at, sizeof peer_at, long_one),
                     MUSTER_INVALID);
    const struct muster_bytes longest = {large, sizeof large - 1};
    assert_int_equal(host->net->udp_send(&other, id, &peer_at, sizeof peer_at, longest), MUSTER_OK);
    assert_int_equal(recv(peer, large, sizeof large, 0), sizeof large - 1);
    assert_int_equal(host->net->udp_send(&other, id, &peer_at, sizeof peer_at, answer), MUSTER_OK);
    assert_int_equal(recv(peer, text, sizeof text, 0), 5);
    assert_memory_equal(text, "there", 5);
    assert_int_equal(host->net->close(&game.self, id), MUSTER_NOT_FOUND);
    assert_int_equal(host->net->close(&other, id), MUSTER_OK);
    assert_int_equal(host->net->close(&other, id), MUSTER_NOT_FOUND);
    (void)open_udp(&id);
    assert_int_equal(close_all(&other), 1);
    close(peer);
}

static void on_open(void *user, muster_socket_id conn, const char *address) {
    (void)user;
    assert_string_equal(address, "127.0.0.1");
    seen.opened++;
    seen.conn = conn;
}

static void on_data(void *user, muster_socket_id conn, struct muster_bytes data) {
    (void)user;
    assert_int_equal(conn.value, seen.conn.value);
    snprintf(seen.data, sizeof seen.data, "%.*s", (int)data.len, (const char *)data.data);
}

static void on_close(void *user, muster_socket_id conn) {
    (void)user;
    (void)conn;
    seen.closed++;
}

static int come(uint32_t port) {
    struct sockaddr_in to = local(port);
    uint32_t before = seen.opened;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    while (seen.opened == before) (void)loop_turn();
    return fd;
}

static void connections_are_the_listeners(void **state) {
    (void)state;
    const struct muster_tcp_handler handler = {
        .size = sizeof handler, .open = on_open, .data = on_data, .close = on_close};
    struct muster_tcp_handler half = handler;
    uint32_t port;
    static char large[(256u << 10) + 1];
    muster_socket_id id;
    char text[8] = "";
    memset(&seen, 0, sizeof seen);
    half.close = NULL;
    assert_int_equal(host->net->tcp_listen(&other, "127.0.0.1", 0, &half, NULL, &id),
                     MUSTER_INVALID);
    half = handler;
    half.size = 8;
    assert_int_equal(host->net->tcp_listen(&other, "127.0.0.1", 0, &half, NULL, &id),
                     MUSTER_INVALID);
    do {
        port = bind_any(SOCK_STREAM, NULL);
    } while (host->net->tcp_listen(&other, "127.0.0.1", port, &handler, NULL, &id) != MUSTER_OK);
    int fd = come(port);
    assert_int_equal(other.pins, 1);
    assert_int_equal(send(fd, "ask", 3, 0), 3);
    while (!seen.data[0]) (void)loop_turn();
    assert_string_equal(seen.data, "ask");
    const struct muster_bytes answer = {"yes", 3}, too_much = {large, sizeof large};
    assert_int_equal(host->net->tcp_send(&game.self, seen.conn, answer), MUSTER_NOT_FOUND);
    assert_int_equal(host->net->tcp_send(&other, id, answer), MUSTER_NOT_FOUND); /* the listener */
    assert_int_equal(host->net->tcp_send(&other, seen.conn, too_much), MUSTER_FULL);
    const struct muster_bytes as_much = {large, sizeof large - 1};
    assert_int_equal(host->net->tcp_send(&other, seen.conn, as_much), MUSTER_OK);
    for (size_t got = 0; got < sizeof large - 1; (void)loop_turn()) {
        ssize_t n = recv(fd, large, sizeof large - 1 - got, MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(host->net->tcp_send(&other, seen.conn, answer), MUSTER_OK);
    for (int i = 0; i < 3; i++) (void)loop_turn();
    assert_int_equal(recv(fd, text, sizeof text, 0), 3);
    close(fd);
    while (!seen.closed) (void)loop_turn();
    assert_int_equal(other.pins, 0);
    assert_int_equal(host->net->tcp_send(&other, seen.conn, answer), MUSTER_NOT_FOUND);
    /* closed by the plugin: told once */
    fd = come(port);
    int second = come(port);
    assert_int_equal(host->net->close(&other, seen.conn), MUSTER_OK);
    while (seen.closed < 2) (void)loop_turn();
    assert_int_equal(recv(second, text, sizeof text, 0), 0);
    assert_int_equal(other.pins, 1);
    /* with the listener's plugin all of it ends, and it is told at once */
    other.phase = PLUGIN_STOPPED;
    struct resource *head = &other.resources, *at = head->next;
    while (at != head) {
        struct resource *next = at->next;
        at->kind->close(at);
        at = next;
    }
    assert_int_equal(seen.closed, 3);
    while (other.pins) (void)loop_turn();
    assert_int_equal(seen.closed, 3);
    struct sockaddr_in to = local(port);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_not_equal(connect(late, (struct sockaddr *)&to, sizeof to), 0);
    close(late);
    close(second);
    close(fd);
}

/* ---- the loop's thread ---- */

static void *call_from_elsewhere(void *user) {
    muster_timer_id id;
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    struct muster_player_info player = {.size = sizeof player};
    (void)user;
    assert_int_equal(host->loop->timer_start(&other, 1, 0, count, NULL, &id), MUSTER_THREAD);
    assert_int_equal(host->lobby->get(&other, (muster_lobby_id){1}, &lobby), MUSTER_THREAD);
    assert_int_equal(host->player->get(&other, (muster_player_id){1}, &player), MUSTER_THREAD);
    assert_int_equal(host->match->end(&other, (muster_match_id){1}, NULL), MUSTER_THREAD);
    assert_int_equal(host->match->stat_add(&other, (muster_match_id){1}, 0, 0, 0), MUSTER_THREAD);
    assert_int_equal(host->match->team_score(&other, (muster_match_id){1}, 0), 0);
    assert_int_equal(host->net->close(&other, (muster_socket_id){1}), MUSTER_THREAD);
    return NULL;
}

static void another_thread_gets_nothing(void **state) {
    (void)state;
    pthread_t thread;
    uint64_t faults = other.fault_count;
    assert_int_equal(pthread_create(&thread, NULL, call_from_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    assert_int_equal(other.fault_count, faults + 7);
    assert_int_equal(close_all(&other), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_go_off_in_time, setup_virtual, teardown),
        cmocka_unit_test_setup_teardown(a_timer_may_stop_itself_and_ends_with_its_plugin,
                                        setup_virtual, teardown),
        TEST(a_post_comes_in_the_next_turn),
        TEST(posts_of_a_plugin_without_an_instance_are_dropped),
        TEST(work_is_bounded_and_pins_its_plugin),
        TEST(a_descriptor_is_looked_at_until_it_is_let_go),
        TEST(packets_go_both_ways),
        TEST(connections_are_the_listeners),
        TEST(another_thread_gets_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
