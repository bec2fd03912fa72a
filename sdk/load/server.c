/* server - see server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
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

/* As /proc/net/tcp and tcp6 write it: words of the address as they lie in memory, and the port. */
static void write_end(const struct sockaddr_storage *end, bool mapped, char out[48]) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)end;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)end;
    uint32_t words[4] = {0, 0, htonl(0xffff), v4->sin_addr.s_addr};
    if (end->ss_family == AF_INET6) memcpy(words, &v6->sin6_addr, sizeof words);
    if (end->ss_family == AF_INET6 || mapped)
        snprintf(out, 48, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3],
                 ntohs(v4->sin_port)); /* where the port lies in both */
    else
        snprintf(out, 48, "%08X:%04X", words[3], ntohs(v4->sin_port));
}

static unsigned long inode_in(const char *table, const char *own, const char *other) {
    FILE *file = fopen(table, "r");
    char line[512], from[48], to[48];
    unsigned long inode, found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        int read =
            sscanf(line, "%*d: %47s %47s %*x %*x:%*x %*x:%*x %*x %*u %*u %lu", from, to, &inode);
        if (read == 3 && strcmp(from, own) == 0 && strcmp(to, other) == 0) found = inode;
    }
    if (file) fclose(file);
    return found;
}

/* Of the socket whose own end is `own` and whose other end is `other`; 0: not on this machine. A
 * server that listens for both has IPv4 among its IPv6. */
static unsigned long inode_of(const struct sockaddr_storage *own,
                              const struct sockaddr_storage *other) {
    char from[48], to[48];
    unsigned long inode = 0;
    write_end(own, false, from);
    write_end(other, false, to);
    if (own->ss_family == AF_INET) inode = inode_in("/proc/net/tcp", from, to);
    if (inode) return inode;
    write_end(own, true, from);
    write_end(other, true, to);
    return inode_in("/proc/net/tcp6", from, to);
}

static bool has_open(const char *pid, const char *what) {
    char path[NAME_MAX + 32], link[64];
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool found = false;
    while (dir && !found && (entry = readdir(dir))) {
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);
        link[len > 0 ? len : 0] = '\0';
        found = strcmp(link, what) == 0;
    }
    if (dir) closedir(dir);
    return found;
}

int server_pid_find(int fd) {
    struct sockaddr_storage here, there;
    socklen_t here_len = sizeof here, there_len = sizeof there;
    char socket[32];
    int pid = 0;
    if (getsockname(fd, (struct sockaddr *)&here, &here_len) != 0 ||
        getpeername(fd, (struct sockaddr *)&there, &there_len) != 0)
        return 0;
    unsigned long inode = inode_of(&there, &here);
    DIR *dir = inode ? opendir("/proc") : NULL;
    struct dirent *entry;
    snprintf(socket, sizeof socket, "socket:[%lu]", inode);
    while (dir && !pid && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && has_open(entry->d_name, socket))
            pid = atoi(entry->d_name);
    if (dir) closedir(dir);
    return pid;
}

static double metric(const char *text, const char *name) {
    size_t len = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ' ') return strtod(line + len, NULL);
    }
    return -1;
}

static void read_ticks(const char *text, struct server_facts *out) {
    static const char name[] = "muster_tick_duration_seconds_bucket{le=\"";
    const char *line = text;
    while (out->tick_bound_count < SERVER_TICK_BOUNDS_MAX && (line = strstr(line, name))) {
        uint32_t i = out->tick_bound_count++;
        line += sizeof name - 1;
        sscanf(line, "%lf\"} %lf", &out->tick_bounds_s[i], &out->ticks_within[i]);
    }
}

double server_tick_us(const struct server_facts *before, const struct server_facts *after,
                      double share) {
    double wanted = share * (after->ticks - before->ticks), below = 0, from_s = 0;
    for (uint32_t i = 0; i < after->tick_bound_count; i++) {
        double within = after->ticks_within[i] - before->ticks_within[i];
        double width_s = isinf(after->tick_bounds_s[i]) ? 0 : after->tick_bounds_s[i] - from_s;
        if (within > below && within >= wanted)
            return 1e6 * (from_s + width_s * (wanted - below) / (within - below));
        below = within;
        from_s = after->tick_bounds_s[i];
    }
    return 0;
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
    facts.messages_read = metric(text, "muster_network_receive_packets_total");
    facts.ticks = metric(text, "muster_tick_duration_seconds_count");
    read_ticks(text, &facts);
    return facts;
}
