/* server - what can be learned of the server under load from outside: /proc and /metrics. */
#ifndef LOAD_SERVER_H
#define LOAD_SERVER_H

#include <stdint.h>

struct server_facts {
    double cpu_s; /* user and system, all threads */
    uint64_t rss_bytes;
    double ticks_skipped; /* counters of /metrics; -1 when there is no admin port */
    double tick_overruns;
    double snapshots_skipped;
};

/* The process on this machine that has the other end of the connection; 0: none that can be seen.
 */
int server_pid_find(int fd);
/* admin_port 0: without the counters. */
struct server_facts server_facts_read(int pid, uint16_t admin_port);

#endif
