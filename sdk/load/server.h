/* server - what can be learned of the server under load from outside: /proc and /metrics. */
#ifndef LOAD_SERVER_H
#define LOAD_SERVER_H

#include <stdint.h>

#define SERVER_TICK_BOUNDS_MAX 32

struct server_facts {
    double cpu_s; /* user and system, all threads */
    uint64_t rss_bytes;
    double ticks_skipped; /* counters of /metrics; -1 when there is no admin port */
    double tick_overruns;
    double snapshots_skipped;
    double messages_read;
    double ticks;
    double tick_bounds_s[SERVER_TICK_BOUNDS_MAX]; /* of the histogram of what a tick takes */
    double ticks_within[SERVER_TICK_BOUNDS_MAX];  /* each bound; up to the last tick_bound_count */
    uint32_t tick_bound_count;
};

/* The process on this machine that has the other end of the connection; 0: none that can be seen.
 */
int server_pid_find(int fd);
/* admin_port 0: without the counters. */
struct server_facts server_facts_read(int pid, uint16_t admin_port);
/* So long that share of the ticks between the two took less: as a histogram has it, between two of
 * its bounds in proportion. 0: no ticks. */
double server_tick_us(const struct server_facts *before, const struct server_facts *after,
                      double share);

#endif
