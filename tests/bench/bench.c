/* bench - muster_bench: N players in lobbies against a running server, then one line of figures.
 *
 *     muster_bench --port 7350 --admin-port 7351 --pid PID --players 500 --seconds 10 --mode arena
 *
 * When all are seated and the warm-up is over, it measures.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"
#include "server.h"

struct bench {
    struct crowd crowd;
    uint32_t warmup_s;
    uint32_t seconds;
    uint16_t port;
    uint16_t admin_port;
    int pid;
    uint64_t idle_rss_bytes; /* before anybody came */
};

static void print_figures(const struct bench *bench, const struct server_facts *before,
                          const struct server_facts *after, double elapsed_s, double own_s) {
    const struct player_world *world = &bench->crowd.world;
    double snapshots = (double)world->snapshots;
    double cpu_s = after->cpu_s - before->cpu_s;
    printf("{\"players\":%u,\"seconds\":%.1f,\"cpuUsPerSnapshot\":%.2f,\"serverCpuPercent\":%.1f,",
           bench->crowd.players_max, elapsed_s, snapshots > 0 ? cpu_s * 1e6 / snapshots : 0,
           cpu_s * 100 / elapsed_s);
    printf("\"snapshotsPerSecond\":%.0f,\"inputsPerSecond\":%.0f,\"snapshotBytesMean\":%.1f,",
           snapshots / elapsed_s, (double)world->inputs / elapsed_s,
           snapshots > 0 ? (double)world->snapshot_bytes / snapshots : 0);
    printf("\"ticksSkipped\":%.0f,\"tickOverruns\":%.0f,\"snapshotsSkipped\":%.0f,",
           after->ticks_skipped - before->ticks_skipped,
           after->tick_overruns - before->tick_overruns,
           after->snapshots_skipped - before->snapshots_skipped);
    printf("\"snapshotGaps\":%llu,\"intervalP50Ms\":%llu,\"intervalP99Ms\":%llu,",
           (unsigned long long)world->gaps,
           (unsigned long long)histogram_at(&world->intervals, 0.5) / 1000,
           (unsigned long long)histogram_at(&world->intervals, 0.99) / 1000);
    printf("\"serverRssBytes\":%llu,\"serverIdleRssBytes\":%llu,\"generatorCpuPercent\":%.1f}\n",
           (unsigned long long)after->rss_bytes, (unsigned long long)bench->idle_rss_bytes,
           own_s * 100 / elapsed_s);
}

static int measure(struct bench *bench) {
    bench->idle_rss_bytes = server_facts_read(bench->pid, 0).rss_bytes;
    if (!crowd_arrive(&bench->crowd)) goto failed;
    crowd_run(&bench->crowd, bench->warmup_s * 1000);
    struct server_facts before = server_facts_read(bench->pid, bench->admin_port);
    uint64_t begin = crowd_now_us();
    double own_before_s = crowd_cpu_s();
    bench->crowd.world.measuring = true;
    crowd_run(&bench->crowd, bench->seconds * 1000);
    bench->crowd.world.measuring = false;
    double elapsed_s = (double)(crowd_now_us() - begin) / 1e6;
    struct server_facts after = server_facts_read(bench->pid, bench->admin_port);
    if (bench->crowd.world.failure[0]) goto failed;
    print_figures(bench, &before, &after, elapsed_s, crowd_cpu_s() - own_before_s);
    return 0;
failed:
    fprintf(stderr, "muster_bench: %s\n", bench->crowd.world.failure);
    return 1;
}

static bool parse_options(struct bench *bench, int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},    {"admin-port", required_argument, NULL, 'a'},
        {"pid", required_argument, NULL, 'i'},     {"players", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'}, {"warmup", required_argument, NULL, 'w'},
        {"mode", required_argument, NULL, 'm'},    {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'p': bench->port = (uint16_t)value; break;
        case 'a': bench->admin_port = (uint16_t)value; break;
        case 'i': bench->pid = (int)value; break;
        case 'n': bench->crowd.players_max = value; break;
        case 's': bench->seconds = value; break;
        case 'w': bench->warmup_s = value; break;
        case 'm': bench->crowd.world.game_mode = optarg; break;
        default: return false;
        }
    }
    return bench->port && bench->pid && bench->crowd.players_max && bench->seconds;
}

int main(int argc, char **argv) {
    static struct bench bench = {.crowd.players_max = 500, .seconds = 10, .warmup_s = 3};
    if (!parse_options(&bench, argc, argv)) {
        fprintf(stderr, "usage: muster_bench --port PORT --pid PID [--admin-port PORT]"
                        " [--players N] [--seconds S] [--warmup S] [--mode NAME]\n");
        return 2;
    }
    bench.crowd.world.to = crowd_loopback(bench.port);
    if (!crowd_open(&bench.crowd)) {
        fprintf(stderr, "muster_bench: %s\n", strerror(errno));
        return 1;
    }
    int code = measure(&bench);
    crowd_close(&bench.crowd);
    return code;
}
