/* load_report - see load_report.h. */
#include "load_report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define OWN_CPU_MAX_PERCENT 90.0 /* used, or waited for: above it the generator measures itself */
#define ASKED_MAX 5u

/* ---- taken ----------------------------------------------------------------------------------- */

/* By the connection of one who plays. The kernel's list leaves some out now and then, while others
 * come and go: so more than one is asked. */
static int find_server(const struct load_report *report) {
    const struct crowd *crowd = report->crowd;
    uint32_t asked = 0;
    int pid = 0;
    for (uint32_t i = 0; report->is_local && i < crowd->started && asked < ASKED_MAX && !pid; i++) {
        if (crowd->players[i].phase != PLAYER_SEATED) continue;
        pid = server_pid_find(crowd->players[i].wire.fd);
        asked++;
    }
    return pid;
}

void load_report_arrived(struct load_report *report) {
    report->server_pid = find_server(report);
    if (report->server_pid) report->server = server_facts_read(report->server_pid, 0);
    report->own_cpu_s = crowd_cpu_s();
    report->own_waited_s = crowd_waited_s();
    report->started = report->crowd->world.started.count;
    report->completed = report->crowd->world.ended.count;
    report->arrived_us = crowd_now_us();
}

/* Another process may be the server by now: of its CPU time nothing can be said. */
void load_report_end(struct load_report *report) {
    double before_s = report->server.cpu_s;
    int pid = report->server_pid;
    report->ended_us = crowd_now_us();
    report->started = report->crowd->world.started.count - report->started;
    report->completed = report->crowd->world.ended.count - report->completed;
    report->online = crowd_online(report->crowd);
    report->own_cpu_s = crowd_cpu_s() - report->own_cpu_s;
    report->own_waited_s = crowd_waited_s() - report->own_waited_s;
    report->server_pid = find_server(report);
    if (report->server_pid) report->server = server_facts_read(report->server_pid, 0);
    report->server_cpu_s = pid && report->server_pid == pid ? report->server.cpu_s - before_s : -1;
}

/* ---- told ------------------------------------------------------------------------------------ */

static double measured_s(const struct load_report *report) {
    return (double)(report->ended_us - report->arrived_us) / 1e6;
}

/* What begins when all have come does not come again until it has ended: a run in which nothing
 * ends is too short to say how much there is in an hour. */
static bool has_rate(const struct load_report *report) {
    return report->completed > 0;
}

static double per_hour(const struct load_report *report, uint32_t count) {
    return count * 3600 / measured_s(report);
}

static double percent_of_core(const struct load_report *report, double cpu_s) {
    return cpu_s * 100 / measured_s(report);
}

static bool is_void(const struct load_report *report) {
    double own_s = report->own_cpu_s + report->own_waited_s;
    return percent_of_core(report, own_s) > OWN_CPU_MAX_PERCENT;
}

static double ms_at(const struct histogram *histogram, double share) {
    return (double)histogram_at(histogram, share) / 1000;
}

static double connection_success(const struct player_world *world) {
    return (double)world->connections_made / (double)world->connections_tried;
}

/* To a tenth: more is noise. */
static void set(json_t *out, const char *key, double value) {
    char text[32];
    snprintf(text, sizeof text, "%.1f", value);
    json_object_set_new(out, key, json_real(strtod(text, NULL)));
}

static void set_count(json_t *out, const char *key, uint32_t count) {
    json_object_set_new(out, key, json_integer(count));
}

static void set_players(json_t *out, const struct load_report *report) {
    const struct player_world *world = &report->crowd->world;
    json_object_set_new(out, "url", json_string(report->url));
    json_object_set_new(out, "gameMode", json_string(world->game_mode));
    set_count(out, "players", report->crowd->players_max);
    set_count(out, "playersArrived", world->arrived);
    set_count(out, "rateHz", report->rate_hz);
    set(out, "seconds", measured_s(report));
    json_object_set_new(out, "void", json_boolean(is_void(report)));
    json_object_set_new(out, "connectionSuccess", json_real(connection_success(world)));
    set_count(out, "connectionsTried", world->connections_tried);
    set_count(out, "connectionsLost", world->connections_lost);
    set_count(out, "playersAtEnd", report->online);
    set_count(out, "returned", world->returned);
    set_count(out, "seatsLost", world->seats_lost);
}

static void set_match_figures(json_t *out, const struct load_report *report) {
    const struct player_world *world = &report->crowd->world;
    set(out, "snapshotsPerSecond", (double)world->snapshots / measured_s(report));
    set(out, "inputsPerSecond", (double)world->inputs / measured_s(report));
    set(out, "intervalP50Ms", ms_at(&world->intervals, 0.5));
    set(out, "intervalP99Ms", ms_at(&world->intervals, 0.99));
    set(out, "intervalP999Ms", ms_at(&world->intervals, 0.999));
    set(out, "inputLatencyP50Ms", ms_at(&world->latencies, 0.5));
    set(out, "inputLatencyP99Ms", ms_at(&world->latencies, 0.99));
    set(out, "inputLatencyP999Ms", ms_at(&world->latencies, 0.999));
    set(out, "matchmakingWaitP50Ms", ms_at(&world->waits, 0.5));
    set(out, "matchmakingWaitP95Ms", ms_at(&world->waits, 0.95));
    set(out, "matchmakingWaitP99Ms", ms_at(&world->waits, 0.99));
    set_count(out, "matchesStarted", world->started.count);
    set_count(out, "matchesCompleted", world->ended.count);
    json_object_set_new(out, "matchesStartedPerHour", json_null());
    json_object_set_new(out, "matchesCompletedPerHour", json_null());
    if (!has_rate(report)) return;
    set(out, "matchesStartedPerHour", per_hour(report, report->started));
    set(out, "matchesCompletedPerHour", per_hour(report, report->completed));
}

static void set_machine(json_t *out, const struct load_report *report) {
    set(out, "generatorCpuPercent", percent_of_core(report, report->own_cpu_s));
    set(out, "generatorWaitedPercent", percent_of_core(report, report->own_waited_s));
    json_object_set_new(out, "serverCpuPercent", json_null());
    json_object_set_new(out, "serverRssBytes", json_null());
    if (report->server_cpu_s >= 0)
        set(out, "serverCpuPercent", percent_of_core(report, report->server_cpu_s));
    if (report->server_pid)
        json_object_set_new(out, "serverRssBytes",
                            json_integer((json_int_t)report->server.rss_bytes));
}

void load_report_json(const struct load_report *report) {
    json_t *out = json_object();
    set_players(out, report);
    set_match_figures(out, report);
    set_machine(out, report);
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(out);
}

static void print_machine(const struct load_report *report) {
    printf("server        ");
    if (report->server_cpu_s >= 0)
        printf("%8.1f %% of a core, ", percent_of_core(report, report->server_cpu_s));
    if (report->server_pid)
        printf("%.1f MiB\n", (double)report->server.rss_bytes / 1048576);
    else
        printf("not to be seen from here\n");
    printf("muster load   %8.1f %% of a core, waited for one %.1f %% of the time\n",
           percent_of_core(report, report->own_cpu_s),
           percent_of_core(report, report->own_waited_s));
    if (is_void(report))
        printf("void: muster load was at its own limit, so this says nothing about the server\n");
}

void load_report_text(const struct load_report *report) {
    const struct player_world *world = &report->crowd->world;
    printf("%u of %u players in %s at %s, %.1f s\n\n", world->arrived, report->crowd->players_max,
           world->game_mode, report->url, measured_s(report));
    printf("snapshots     %8.0f /s   interval p50 %.1f, p99 %.1f, p99.9 %.1f ms\n",
           (double)world->snapshots / measured_s(report), ms_at(&world->intervals, 0.5),
           ms_at(&world->intervals, 0.99), ms_at(&world->intervals, 0.999));
    printf("inputs        %8.0f /s   until a snapshot has them p50 %.1f, p99 %.1f, p99.9 %.1f ms\n",
           (double)world->inputs / measured_s(report), ms_at(&world->latencies, 0.5),
           ms_at(&world->latencies, 0.99), ms_at(&world->latencies, 0.999));
    printf("connections   %8.1f %%    %u tried; %u lost, %u came back, %u seats lost\n",
           connection_success(world) * 100, world->connections_tried, world->connections_lost,
           world->returned, world->seats_lost);
    printf("matchmaking   %8llu      wait p50 %.0f, p95 %.0f, p99 %.0f ms\n",
           (unsigned long long)world->waits.count, ms_at(&world->waits, 0.5),
           ms_at(&world->waits, 0.95), ms_at(&world->waits, 0.99));
    printf("matches       %8u started, %u completed; ", world->started.count, world->ended.count);
    if (has_rate(report))
        printf("%.0f and %.0f an hour\n", per_hour(report, report->started),
               per_hour(report, report->completed));
    else
        printf("too short a run to say how many an hour\n");
    print_machine(report);
}
