/* load_report - the figures of a run: as a table for people, or as a line of JSON. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "crowd.h"
#include "server.h"

struct load_report {
    const char *url;
    uint32_t rate_hz;
    uint32_t seconds;
    bool is_local;
    const struct crowd *crowd;
    /* Set by the functions below. */
    uint64_t arrived_us;
    uint64_t ended_us;
    double own_cpu_s;    /* while measuring, as the server's */
    double own_waited_s; /* for a core that others had */
    int server_pid;      /* 0: on another machine, or another user's */
    struct server_facts server;
    double server_cpu_s; /* -1: unknown */
    uint32_t started;    /* matches, while measuring */
    uint32_t completed;
    uint32_t online; /* players, at the end */
};

/* When all are there, when it has been measured. */
void load_report_arrived(struct load_report *report);
void load_report_end(struct load_report *report);

void load_report_json(const struct load_report *report);
void load_report_text(const struct load_report *report);

#endif
