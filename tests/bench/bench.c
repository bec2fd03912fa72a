/* bench - muster_bench: N players in lobbies against a running server, then one line of figures.
 *
 *     muster_bench --port 7350 --admin-port 7351 --pid PID --players 500 --seconds 10 --mode arena
 *         [--rate HZ] [--logins HZ] [--allocations FILE]
 *
 * When all are seated and the warm-up is over, it measures. --logins: so many guests a second sign
 * in beside them and go. --allocations: what muster_bench_allocations.so counts in the server.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocations.h"
#include "crowd.h"
#include "server.h"

struct bench {
    struct crowd crowd;
    struct crowd guests;                   /* who only log in; turned by the crowd */
    const struct allocations *allocations; /* as they are counted; null: they are not */
    struct allocations allocations_before;
    struct allocations allocations_after;
    uint32_t logins_hz;
    uint32_t warmup_s;
    uint32_t seconds;
    uint16_t port;
    uint16_t admin_port;
    int pid;
    struct server_facts idle; /* before anybody came */
};

/* ---- figures --------------------------------------------------------------------------------- */

static void print_snapshots(const struct bench *bench, double cpu_s, double elapsed_s) {
    const struct player_world *world = &bench->crowd.world;
    double snapshots = (double)world->snapshots;
    printf("{\"players\":%u,\"seconds\":%.1f,\"cpuUsPerSnapshot\":%.2f,\"serverCpuPercent\":%.1f,",
           bench->crowd.players_max, elapsed_s, snapshots > 0 ? cpu_s * 1e6 / snapshots : 0,
           cpu_s * 100 / elapsed_s);
    printf("\"snapshotsPerSecond\":%.0f,\"inputsPerSecond\":%.0f,\"snapshotBytesMean\":%.1f,",
           snapshots / elapsed_s, (double)world->inputs / elapsed_s,
           snapshots > 0 ? (double)world->snapshot_bytes / snapshots : 0);
    printf("\"snapshotGaps\":%llu,\"intervalP50Ms\":%llu,\"intervalP99Ms\":%llu,",
           (unsigned long long)world->gaps,
           (unsigned long long)histogram_at(&world->intervals, 0.5) / 1000,
           (unsigned long long)histogram_at(&world->intervals, 0.99) / 1000);
}

static void print_server(const struct bench *bench, const struct server_facts *before,
                         const struct server_facts *after) {
    printf("\"ticks\":%.0f,\"tickP99Us\":%.0f,\"ticksSkipped\":%.0f,\"tickOverruns\":%.0f,",
           after->ticks - before->ticks, server_tick_us(before, after, 0.99),
           after->ticks_skipped - before->ticks_skipped,
           after->tick_overruns - before->tick_overruns);
    printf("\"snapshotsSkipped\":%.0f,\"messagesRead\":%.0f,",
           after->snapshots_skipped - before->snapshots_skipped,
           after->messages_read - before->messages_read);
    printf("\"serverRssBytes\":%llu,\"serverIdleRssBytes\":%llu,",
           (unsigned long long)after->rss_bytes, (unsigned long long)bench->idle.rss_bytes);
}

static void print_allocations(const struct bench *bench) {
    const char *separator = "";
    printf("\"allocations\":[");
    for (uint32_t i = 0; i < ALLOCATION_PLACES_MAX; i++) {
        const struct allocation_place *place = &bench->allocations_after.places[i];
        uint64_t count = place->count - bench->allocations_before.places[i].count;
        if (!count) continue;
        printf("%s{\"object\":\"%s\",\"offset\":%llu,\"count\":%llu}", separator, place->object,
               (unsigned long long)place->offset, (unsigned long long)count);
        separator = ",";
    }
    printf("],");
}

static void print_figures(const struct bench *bench, const struct server_facts *before,
                          const struct server_facts *after, double elapsed_s, double own_s) {
    print_snapshots(bench, after->cpu_s - before->cpu_s, elapsed_s);
    print_server(bench, before, after);
    if (bench->allocations) print_allocations(bench);
    printf("\"loginsPerSecond\":%.0f,\"generatorCpuPercent\":%.1f}\n",
           bench->guests.world.connections_made / elapsed_s, own_s * 100 / elapsed_s);
}

/* ---- the run --------------------------------------------------------------------------------- */

/* They have no clock, and the descriptor of the crowd's epoll. */
static bool open_guests(struct bench *bench) {
    struct crowd *guests = &bench->guests;
    guests->players_max = bench->logins_hz * (bench->seconds + 1);
    guests->world.to = bench->crowd.world.to;
    guests->world.only_logs_in = true;
    if (!crowd_open(guests)) return false;
    close(guests->world.epoll_fd);
    guests->world.epoll_fd = bench->crowd.world.epoll_fd;
    return true;
}

static void start_guests(struct bench *bench, uint64_t since_us) {
    struct crowd *guests = &bench->guests;
    guests->world.now_us = bench->crowd.world.now_us;
    uint64_t due = (guests->world.now_us - since_us) * bench->logins_hz / 1000000;
    while (guests->started < due && guests->started < guests->players_max)
        player_start(&guests->players[guests->started++]);
}

static void run(struct bench *bench) {
    uint64_t begin_us = crowd_now_us(), end_us = begin_us + bench->seconds * UINT64_C(1000000);
    bench->crowd.world.measuring = true;
    do {
        crowd_turn(&bench->crowd);
        start_guests(bench, begin_us);
    } while (bench->crowd.world.now_us < end_us);
    bench->crowd.world.measuring = false;
}

static int measure(struct bench *bench) {
    bench->idle = server_facts_read(bench->pid, 0);
    if (!crowd_arrive(&bench->crowd)) goto failed;
    crowd_run(&bench->crowd, bench->warmup_s * 1000);
    struct server_facts before = server_facts_read(bench->pid, bench->admin_port);
    uint64_t begin_us = crowd_now_us();
    double own_before_s = crowd_cpu_s();
    if (bench->allocations) bench->allocations_before = *bench->allocations;
    run(bench);
    double elapsed_s = (double)(crowd_now_us() - begin_us) / 1e6;
    double own_s = crowd_cpu_s() - own_before_s;
    if (bench->allocations) bench->allocations_after = *bench->allocations;
    struct server_facts after = server_facts_read(bench->pid, bench->admin_port);
    if (bench->crowd.world.failure[0]) goto failed;
    if (bench->guests.world.failure[0])
        fprintf(stderr, "muster_bench: of the guests %s\n", bench->guests.world.failure);
    print_figures(bench, &before, &after, elapsed_s, own_s);
    return 0;
failed:
    fprintf(stderr, "muster_bench: %s\n", bench->crowd.world.failure);
    return 1;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static const struct allocations *map_allocations(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *table = mmap(NULL, sizeof(struct allocations), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    return table == MAP_FAILED ? NULL : table;
}

static bool take_option(struct bench *bench, int option) {
    uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
    switch (option) {
    case 'p': bench->port = (uint16_t)value; return value > 0;
    case 'a': bench->admin_port = (uint16_t)value; return true;
    case 'i': bench->pid = (int)value; return value > 0;
    case 'n': bench->crowd.players_max = value; return value > 0;
    case 's': bench->seconds = value; return value > 0;
    case 'w': bench->warmup_s = value; return true;
    case 'm': bench->crowd.world.game_mode = optarg; return true;
    case 'r': bench->crowd.world.input_interval_us = value ? 1000000 / value : 0; return value > 0;
    case 'l': bench->logins_hz = value; return true;
    case 'c': return (bench->allocations = map_allocations(optarg)) != NULL;
    default: return false;
    }
}

static bool parse_options(struct bench *bench, int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"admin-port", required_argument, NULL, 'a'},
        {"pid", required_argument, NULL, 'i'},
        {"players", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},
        {"mode", required_argument, NULL, 'm'},
        {"rate", required_argument, NULL, 'r'},
        {"logins", required_argument, NULL, 'l'},
        {"allocations", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take_option(bench, option)) return false;
    return bench->port && bench->pid;
}

int main(int argc, char **argv) {
    static struct bench bench = {.crowd.players_max = 500, .seconds = 10, .warmup_s = 3};
    if (!parse_options(&bench, argc, argv)) {
        fprintf(stderr, "usage: muster_bench --port PORT --pid PID [--admin-port PORT]"
                        " [--players N] [--seconds S] [--warmup S] [--mode NAME] [--rate HZ]"
                        " [--logins HZ] [--allocations FILE]\n");
        return 2;
    }
    bench.crowd.world.to = crowd_loopback(bench.port);
    if (!crowd_open(&bench.crowd) || !open_guests(&bench)) {
        fprintf(stderr, "muster_bench: %s\n", strerror(errno));
        return 1;
    }
    int code = measure(&bench);
    bench.guests.world.epoll_fd = -1;
    crowd_close(&bench.guests);
    crowd_close(&bench.crowd);
    return code;
}
