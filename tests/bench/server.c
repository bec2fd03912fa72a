/* server - see server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define METRICS_MAX (512u * 1024u)

static uint32_t read_file(const char *path, char *out, uint32_t cap) {
    FILE *file = fopen(path, "r");
    out[0] = '\0';
    if (!file) return 0;
    size_t len = fread(out, 1, cap - 1, file);
    out[len] = '\0';
    fclose(file);
    return (uint32_t)len;
}

static void read_cpu(int pid, struct server_facts *out) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    read_file(path, text, sizeof text);
    const char *after_name = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (after_name)
        sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system);
    out->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void read_memory(int pid, struct server_facts *out) {
    char path[64], text[256];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    read_file(path, text, sizeof text);
    sscanf(text, "%*u %lu", &pages);
    out->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double metric(const char *text, const char *name) {
    size_t len = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ' ') return strtod(line + len, NULL);
    }
    return -1;
}

static void scrape(uint16_t port, char *out) {
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    uint32_t len = 0;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        write(fd, request, sizeof request - 1) == (ssize_t)sizeof request - 1) {
        ssize_t n;
        while (len < METRICS_MAX - 1 && (n = read(fd, out + len, METRICS_MAX - 1 - len)) > 0)
            len += (uint32_t)n;
    }
    out[len] = '\0';
    if (fd >= 0) close(fd);
}

struct server_facts server_facts_read(int pid, uint16_t admin_port) {
    static char text[METRICS_MAX];
    struct server_facts facts = {.ticks_skipped = -1, .tick_overruns = -1, .snapshots_skipped = -1};
    read_cpu(pid, &facts);
    read_memory(pid, &facts);
    if (!admin_port) return facts;
    scrape(admin_port, text);
    facts.ticks_skipped = metric(text, "muster_ticks_skipped_total");
    facts.tick_overruns = metric(text, "muster_tick_overruns_total");
    facts.snapshots_skipped = metric(text, "muster_snapshots_skipped_total");
    return facts;
}
