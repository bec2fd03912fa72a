/* bench - muster_bench: N players in lobbies against a running server, then one line of figures.
 *
 *     muster_bench --port 7350 --admin-port 7351 --pid PID --players 500 --seconds 10
 *
 * One thread, epoll. Players come in one after another, at most 32 at a time on their way; when all
 * are seated and the warm-up is over, it measures.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "player.h"
#include "server.h"

#define ON_THE_WAY_MAX 32u
#define INPUT_INTERVAL_US 50000u
#define ARRIVAL_PATIENCE_US 120000000u

struct bench {
    struct player_world world;
    struct player *players;
    uint32_t players_max;
    uint32_t started;
    uint32_t first_on_the_way;
    uint32_t warmup_s;
    uint32_t seconds;
    uint16_t port;
    uint16_t admin_port;
    int pid;
};

static uint64_t now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static void send_inputs(struct bench *bench) {
    for (uint32_t i = 0; i < bench->started; i++) {
        struct player *player = &bench->players[i];
        if (!player->in_match || player->next_input_us > bench->world.now_us) continue;
        player_input(player);
        player->next_input_us += INPUT_INTERVAL_US;
        if (player->next_input_us < bench->world.now_us) /* late: no burst afterwards */
            player->next_input_us = bench->world.now_us + INPUT_INTERVAL_US;
    }
}

static void turn(struct bench *bench) {
    struct epoll_event events[256];
    int n = epoll_wait(bench->world.epoll_fd, events, 256, 1);
    bench->world.now_us = now_us();
    for (int i = 0; i < n; i++) player_on_readable(events[i].data.ptr);
    send_inputs(bench);
}

static bool all_in_match(const struct bench *bench) {
    for (uint32_t i = 0; i < bench->players_max; i++)
        if (!bench->players[i].in_match) return false;
    return true;
}

static void start_next(struct bench *bench) {
    struct player *players = bench->players;
    while (bench->first_on_the_way < bench->started &&
           players[bench->first_on_the_way].phase >= PLAYER_SEATED)
        bench->first_on_the_way++;
    if (bench->started < bench->players_max &&
        bench->started - bench->first_on_the_way < ON_THE_WAY_MAX)
        player_start(&players[bench->started++]);
}

static bool arrive(struct bench *bench) {
    uint64_t deadline = now_us() + ARRIVAL_PATIENCE_US;
    while (!all_in_match(bench)) {
        start_next(bench);
        turn(bench);
        if (bench->world.failure[0]) return false;
        if (bench->world.now_us > deadline) {
            snprintf(bench->world.failure, sizeof bench->world.failure,
                     "not all players came into a match");
            return false;
        }
    }
    return true;
}

static void run_for(struct bench *bench, uint32_t seconds) {
    uint64_t end = now_us() + (uint64_t)seconds * 1000000u;
    do turn(bench);
    while (bench->world.now_us < end);
}

static uint32_t interval_at(const struct player_world *world, double share) {
    uint64_t seen = 0;
    for (uint32_t ms = 0; ms < 1000; ms++) {
        seen += world->interval_histogram[ms];
        if ((double)seen >= share * (double)world->snapshots) return ms;
    }
    return 999;
}

static void print_figures(const struct bench *bench, const struct server_facts *before,
                          const struct server_facts *after, double elapsed_s) {
    const struct player_world *world = &bench->world;
    double snapshots = (double)world->snapshots;
    double cpu_s = after->cpu_s - before->cpu_s;
    printf("{\"players\":%u,\"seconds\":%.1f,\"cpuUsPerSnapshot\":%.2f,\"serverCpuPercent\":%.1f,",
           bench->players_max, elapsed_s, snapshots > 0 ? cpu_s * 1e6 / snapshots : 0,
           cpu_s * 100 / elapsed_s);
    printf("\"snapshotsPerSecond\":%.0f,\"inputsPerSecond\":%.0f,\"snapshotBytesMean\":%.1f,",
           snapshots / elapsed_s, (double)world->inputs / elapsed_s,
           snapshots > 0 ? (double)world->snapshot_bytes / snapshots : 0);
    printf("\"ticksSkipped\":%.0f,\"tickOverruns\":%.0f,\"snapshotsSkipped\":%.0f,",
           after->ticks_skipped - before->ticks_skipped,
           after->tick_overruns - before->tick_overruns,
           after->snapshots_skipped - before->snapshots_skipped);
    printf("\"snapshotGaps\":%llu,\"intervalP50Ms\":%u,\"intervalP99Ms\":%u,\"serverRssBytes\":%"
           "llu}\n",
           (unsigned long long)world->gaps, interval_at(world, 0.5), interval_at(world, 0.99),
           (unsigned long long)after->rss_bytes);
}

static int measure(struct bench *bench) {
    if (!arrive(bench)) goto failed;
    run_for(bench, bench->warmup_s);
    struct server_facts before = server_facts_read(bench->pid, bench->admin_port);
    uint64_t begin = now_us();
    bench->world.measuring = true;
    run_for(bench, bench->seconds);
    bench->world.measuring = false;
    double elapsed_s = (double)(now_us() - begin) / 1e6;
    struct server_facts after = server_facts_read(bench->pid, bench->admin_port);
    if (bench->world.failure[0]) goto failed;
    print_figures(bench, &before, &after, elapsed_s);
    return 0;
failed:
    fprintf(stderr, "muster_bench: %s\n", bench->world.failure);
    return 1;
}

static bool parse_options(struct bench *bench, int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"admin-port", required_argument, NULL, 'a'},
        {"pid", required_argument, NULL, 'i'},
        {"players", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'p': bench->port = (uint16_t)value; break;
        case 'a': bench->admin_port = (uint16_t)value; break;
        case 'i': bench->pid = (int)value; break;
        case 'n': bench->players_max = value; break;
        case 's': bench->seconds = value; break;
        case 'w': bench->warmup_s = value; break;
        default: return false;
        }
    }
    return bench->port && bench->pid && bench->players_max && bench->seconds;
}

static bool prepare(struct bench *bench) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bench->world.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(bench->port)};
    bench->world.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench->world.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bench->players = calloc(bench->players_max, sizeof *bench->players);
    if (bench->world.epoll_fd < 0 || !bench->players) return false;
    for (uint32_t i = 0; i < bench->players_max; i++) {
        bench->players[i].world = &bench->world;
        bench->players[i].number = i;
        bench->players[i].fd = -1;
    }
    return true;
}

int main(int argc, char **argv) {
    static struct bench bench = {.players_max = 500, .seconds = 10, .warmup_s = 3};
    if (!parse_options(&bench, argc, argv)) {
        fprintf(stderr, "usage: muster_bench --port PORT --pid PID [--admin-port PORT]"
                        " [--players N] [--seconds S] [--warmup S]\n");
        return 2;
    }
    if (!prepare(&bench)) {
        fprintf(stderr, "muster_bench: %s\n", strerror(errno));
        return 1;
    }
    int code = measure(&bench);
    for (uint32_t i = 0; i < bench.players_max; i++) player_end(&bench.players[i]);
    free(bench.players);
    close(bench.world.epoll_fd);
    return code;
}
