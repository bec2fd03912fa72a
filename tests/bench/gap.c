/* gap - muster_bench_gap: what players see of a server's end. N players in lobbies against a
 * supervised server; it is hurt; one line of figures when all play again.
 *
 *     muster_bench_gap --port 7350 --pid SUPERVISOR --players 2000 --fault kill
 *
 * --fault kill: SIGKILL to the server; stop: it stands still for a second (SIGSTOP); restart,
 * upgrade: written to its console, descriptor --console. Gap: of a player, the longest time between
 * two snapshots; stood: between two ticks of the match, as that player saw them.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"
#include "server.h"

#define WARM_UP_MS 6000 /* longer than a connection has to hold to count as good */
#define STOPPED_MS 1000
#define PATIENCE_US 60000000u
#define AFTERWARDS_MS 1000

struct gap {
    struct crowd crowd;
    const char *fault;
    uint16_t port;
    int console;
    int pid;      /* of the supervisor */
    double cpu_s; /* of the server, from its start until all play */
};

static int child_of(int pid) {
    char path[64];
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%d", &child) != 1) child = 0;
    if (file) fclose(file);
    return child;
}

static bool hurt(struct gap *gap) {
    char line[64];
    int server = child_of(gap->pid);
    if (!server) return false;
    if (strcmp(gap->fault, "kill") == 0) return kill(server, SIGKILL) == 0;
    if (strcmp(gap->fault, "stop") != 0) {
        int len = snprintf(line, sizeof line, "%s\n",
                           strcmp(gap->fault, "restart") == 0 ? "restart now" : gap->fault);
        return write(gap->console, line, (size_t)len) == len;
    }
    if (kill(server, SIGSTOP) != 0) return false;
    crowd_run(&gap->crowd, STOPPED_MS);
    return kill(server, SIGCONT) == 0;
}

/* Each has come back, where the connection ended, and has seen a tick since then that it had not
 * seen before. */
static bool all_play(const struct gap *gap, const uint32_t *ticks_before, uint64_t since_us) {
    for (uint32_t i = 0; i < gap->crowd.players_max; i++) {
        const struct player *player = &gap->crowd.players[i];
        if (player->phase == PLAYER_FAILED || player->refused) continue;
        if (!player->resumed && strcmp(gap->fault, "stop") != 0) return false;
        if (player->newest_tick < ticks_before[i] + 4 || player->newest_us < since_us) return false;
    }
    return true;
}

static bool wait_for_all(struct gap *gap, const uint32_t *ticks_before, uint64_t since_us) {
    while (!all_play(gap, ticks_before, since_us)) {
        crowd_turn(&gap->crowd);
        if (gap->crowd.world.now_us > since_us + PATIENCE_US) return false;
    }
    gap->cpu_s = server_facts_read(child_of(gap->pid), 0).cpu_s;
    crowd_run(&gap->crowd, AFTERWARDS_MS); /* who has lost the connection late is seen, too */
    return true;
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *name, uint64_t *times_us, uint32_t count) {
    qsort(times_us, count, sizeof *times_us, compare);
    printf("\"%sP50Ms\":%.0f,\"%sP99Ms\":%.0f,\"%sMaxMs\":%.0f,", name,
           (double)times_us[count / 2] / 1000, name, (double)times_us[count * 99 / 100] / 1000,
           name, (double)times_us[count - 1] / 1000);
}

static void print_figures(const struct gap *gap, uint64_t *times_us) {
    const struct player *players = gap->crowd.players;
    uint32_t count = gap->crowd.players_max, resumed = 0, refused = 0, failed = 0;
    for (uint32_t i = 0; i < count; i++) {
        resumed += players[i].resumed > 0;
        refused += players[i].refused > 0;
        failed += players[i].phase == PLAYER_FAILED;
    }
    printf("{\"fault\":\"%s\",\"players\":%u,", gap->fault, count);
    for (uint32_t i = 0; i < count; i++) times_us[i] = players[i].gap_us;
    print_times("gap", times_us, count);
    for (uint32_t i = 0; i < count; i++) times_us[i] = players[i].stood_us;
    print_times("stood", times_us, count);
    printf("\"resumed\":%u,\"seatsLost\":%u,\"failed\":%u,\"serverCpuMs\":%.0f}\n", resumed,
           refused, failed, gap->cpu_s * 1000);
}

static int measure(struct gap *gap) {
    struct crowd *crowd = &gap->crowd;
    uint32_t *ticks_before = calloc(crowd->players_max, sizeof *ticks_before);
    uint64_t *times_us = calloc(crowd->players_max, sizeof *times_us);
    bool ok = ticks_before && times_us && crowd_arrive(crowd);
    if (!ok) goto end;
    crowd_run(crowd, WARM_UP_MS);
    for (uint32_t i = 0; i < crowd->players_max; i++) {
        player_forget(&crowd->players[i]);
        ticks_before[i] = crowd->players[i].newest_tick;
    }
    uint64_t since_us = crowd_now_us();
    ok = hurt(gap) && wait_for_all(gap, ticks_before, since_us);
    print_figures(gap, times_us);
end:
    if (!ok || crowd->world.failure[0])
        fprintf(stderr, "muster_bench_gap: %s\n",
                crowd->world.failure[0] ? crowd->world.failure : "not all came back");
    free(ticks_before);
    free(times_us);
    return ok ? 0 : 1;
}

static bool parse_options(struct gap *gap, int argc, char **argv) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},    {"pid", required_argument, NULL, 'i'},
        {"players", required_argument, NULL, 'n'}, {"fault", required_argument, NULL, 'f'},
        {"console", required_argument, NULL, 'c'}, {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint32_t value = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        switch (option) {
        case 'p': gap->port = (uint16_t)value; break;
        case 'i': gap->pid = (int)value; break;
        case 'n': gap->crowd.players_max = value; break;
        case 'f': gap->fault = optarg; break;
        case 'c': gap->console = (int)value; break;
        default: return false;
        }
    }
    return gap->port && gap->pid && gap->crowd.players_max;
}

int main(int argc, char **argv) {
    static struct gap gap = {.fault = "kill", .console = -1};
    gap.crowd.world.stays = true;
    if (!parse_options(&gap, argc, argv)) {
        fprintf(stderr, "usage: muster_bench_gap --port PORT --pid PID --players N"
                        " [--fault kill|restart|upgrade|stop] [--console FD]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    gap.crowd.world.to = crowd_loopback(gap.port);
    if (!crowd_open(&gap.crowd)) {
        fprintf(stderr, "muster_bench_gap: %s\n", strerror(errno));
        return 1;
    }
    int code = measure(&gap);
    crowd_close(&gap.crowd);
    return code;
}
