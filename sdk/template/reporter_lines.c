/* reporter_lines - appends each report to reporter_lines.jsonl in the data directory, one JSON
 * object a line, and says that it is delivered when it is on the disk.
 *
 * A report whose answer was lost (a crash, a full disk behind half a line) comes again: readers go
 * by the matchId and pass over lines that are not whole.
 */
#include <fcntl.h>
#define _POSIX_C_SOURCE 200809L
#include <muster/json.h>
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lines {
    muster_self *self;
    const struct muster_host *host;
    char path[1024];
};

struct delivery {
    struct lines *lines;
    muster_report_ticket_id ticket;
    bool is_written;
    char match[64]; /* matchId */
    size_t len;
    char line[];
};

/* On a pool thread. One write to the end of the file: two of them do not mix. */
static void delivery_run(void *user) {
    struct delivery *delivery = user;
    int fd = open(delivery->lines->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    ssize_t written = write(fd, delivery->line, delivery->len);
    delivery->is_written = written == (ssize_t)delivery->len && fdatasync(fd) == 0;
    close(fd);
}

/* REJECT: the host comes again later. */
static void delivery_done(void *user, muster_status status) {
    struct delivery *delivery = user;
    struct lines *lines = delivery->lines;
    bool is_good = status == MUSTER_OK && delivery->is_written;
    if (status == MUSTER_OK && !is_good)
        lines->host->log->write(lines->self, MUSTER_LOG_ERROR, "match %s: cannot write %s",
                                delivery->match, lines->path);
    lines->host->report->complete(lines->self, delivery->ticket,
                                  is_good ? MUSTER_ACCEPT : MUSTER_REJECT);
    free(delivery);
}

static muster_verdict lines_deliver(void *instance, const struct muster_report *report) {
    struct lines *lines = instance;
    muster_work_id work;
    struct delivery *delivery = malloc(sizeof *delivery + report->json.len + 1);
    if (!delivery) return MUSTER_REJECT;
    *delivery = (struct delivery){.lines = lines, .ticket = report->ticket};
    struct muster_json json = muster_json_parse(report->json.data, report->json.len);
    muster_json_get_text(muster_json_find(json, "matchId"), delivery->match,
                         sizeof delivery->match);
    memcpy(delivery->line, report->json.data, report->json.len);
    delivery->line[report->json.len] = '\n';
    delivery->len = report->json.len + 1;
    /* Between the values of JSON a blank is as good as a line's end; in a string there is none. */
    for (size_t i = 0; i + 1 < delivery->len; i++)
        if (delivery->line[i] == '\n') delivery->line[i] = ' ';
    if (lines->host->loop->work(lines->self, delivery_run, delivery_done, delivery, &work) ==
        MUSTER_OK)
        return MUSTER_PENDING;
    free(delivery);
    return MUSTER_REJECT;
}

static muster_status lines_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    struct lines *lines = calloc(1, sizeof *lines);
    if (!lines) return MUSTER_NO_MEMORY;
    *lines = (struct lines){.self = self, .host = host};
    *instance = lines;
    return MUSTER_OK;
}

/* The directory is made when it is first asked for, which is not for init. */
static muster_status lines_start(void *instance) {
    struct lines *lines = instance;
    snprintf(lines->path, sizeof lines->path, "%s/reporter_lines.jsonl",
             lines->host->config->data_dir(lines->self));
    return MUSTER_OK;
}

static const struct muster_reporter reporter = {.size = sizeof reporter, .deliver = lines_deliver};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_REPORTER, .vtable = &reporter}};

MUSTER_PLUGIN(.name = "reporter_lines", .version = "1.0.0",
              .description = "Reports as lines of a file.", .roles = roles, .role_count = 1,
              .init = lines_init, .start = lines_start, .fini = free);
