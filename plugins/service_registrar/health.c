/* health - NodeHealth of this node, measured: NodeHealth.metrics. Files are opened at the start: a
 * node that is locked opens none. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "service_registrar.h"

enum { CPU, MEMORY, DISK, LATENCY, CONNECTIONS, ERRORS };

void health_open(struct registrar *registrar) {
    struct statvfs disk;
    registrar->health.meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    if (statvfs(registrar->host->config->data_dir(registrar->self), &disk) == 0)
        registrar->health.disk_bytes = (double)disk.f_blocks * (double)disk.f_frsize;
}

void health_close(struct registrar *registrar) {
    if (registrar->health.meminfo_fd >= 0) close(registrar->health.meminfo_fd);
    registrar->health.meminfo_fd = -1;
}

static double kib_of(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? strtod(at + strlen(name), NULL) : 0;
}

/* The machine's: what is not to be had any more. */
static double memory_usage(const struct health *health) {
    char text[2048];
    ssize_t len = health->meminfo_fd < 0 ? 0 : pread(health->meminfo_fd, text, sizeof text - 1, 0);
    if (len <= 0) return 0;
    text[len] = '\0';
    double total = kib_of(text, "MemTotal:"), free_kib = kib_of(text, "MemAvailable:");
    return total > 0 && free_kib <= total ? 1 - free_kib / total : 0;
}

/* What the node counts of itself. */
struct counts {
    double cpu_s;
    double errors;
    double connections;
    double disk_free_bytes;
};

static void count(void *user, const struct muster_metric *metric) {
    static const char *const errors[] = {
        "muster_plugin_faults_total", "muster_disk_failures_total", "muster_reports_dropped_total",
        "muster_store_writes_lost_total", "muster_record_failures_total"};
    struct counts *counts = user;
    if (strcmp(metric->name, "process_cpu_seconds_total") == 0)
        counts->cpu_s = metric->value;
    else if (strcmp(metric->name, "muster_players_connected") == 0)
        counts->connections = metric->value;
    else if (strcmp(metric->name, "muster_disk_free_bytes") == 0)
        counts->disk_free_bytes = metric->value;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (strcmp(metric->name, errors[i]) == 0) counts->errors += metric->value;
}

void health_look(struct registrar *registrar) {
    struct health *health = &registrar->health;
    struct counts counts = {0};
    uint64_t now_ms = registrar->host->loop->now_ms(registrar->self);
    double passed_s = health->looked_ms ? (double)(now_ms - health->looked_ms) / 1000 : 0;
    registrar->host->metrics->visit(registrar->self, count, &counts);
    if (passed_s > 0) {
        health->metrics[CPU] = (counts.cpu_s - health->cpu_s) / passed_s;
        /* What a plugin counted goes with it. */
        double errors = counts.errors - health->errors;
        health->metrics[ERRORS] = errors > 0 ? errors / passed_s : 0;
    }
    health->metrics[MEMORY] = memory_usage(health);
    health->metrics[DISK] = health->disk_bytes > counts.disk_free_bytes
                                ? 1 - counts.disk_free_bytes / health->disk_bytes
                                : 0;
    health->metrics[LATENCY] = registrar->latency_ms;
    health->metrics[CONNECTIONS] = counts.connections;
    health->cpu_s = counts.cpu_s;
    health->errors = counts.errors;
    health->looked_ms = now_ms;
}
