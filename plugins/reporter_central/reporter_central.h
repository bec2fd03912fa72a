/* reporter_central - what the files of the plugin share. Loop thread.
 *
 * What the directory shall hear lies in a table first, each under a key, and leaves it when the
 * directory has answered for that key. The directory takes a key once, so what is sent twice counts
 * once.
 */
#ifndef REPORTER_CENTRAL_H
#define REPORTER_CENTRAL_H

#include <muster/host.h>

#define KEY_MAX 64    /* bytes, NUL included */
#define BATCH_ROWS 24 /* what is read at once */

/* In the order in which they are given up. */
enum { RANK_ACTIVITY, RANK_SUSPICION, RANK_RESULT };

/* What is on its way to the directory. */
struct batch {
    bool is_suspicion; /* one alone */
    uint32_t count;
    char keys[BATCH_ROWS][KEY_MAX];
};

struct reporter {
    muster_self *self;
    const struct muster_host *host;
    const char *database;
    int64_t rows_max;
    int64_t bytes_max;
    muster_interface_id registration;
    bool has_directory;  /* since it was offered first */
    uint64_t key_prefix; /* of this process's keys */
    uint32_t key_count;
    uint32_t waiting_metric;
    uint32_t lost_metric;
    /* sending */
    muster_timer_id step;
    bool is_busy;      /* a step is under way */
    bool has_news;     /* something was put since the table was read */
    bool is_single;    /* a batch was refused whole: one at a time, until one is taken */
    bool is_failing;   /* and the log says so */
    uint32_t failures; /* in a row */
    struct batch batch;
};

/* ---- write.c: reports as the directory wants them ---- */

/* key: KEY_MAX bytes. A new text, or null: out of memory, or no report that is known. */
char *write_result(const struct muster_report *report, char *key);
char *write_suspicion(const struct muster_report *report, char *key);
/* What a SEAT_TAKEN or SEAT_LEFT says. Null as well: nobody knows the player any more. */
char *write_activity(struct reporter *reporter, const struct muster_notice *notice, char *key);

/* ---- outbox.c: the table ---- */

muster_status outbox_open(struct reporter *reporter);
/* The host has it when this is OK, and it is in the table before anything that is asked later. */
muster_status outbox_put(struct reporter *reporter, uint32_t rank, const char *key,
                         const char *body);
/* The next ones for one request, suspicions after all else: key and body. */
muster_status outbox_read(struct reporter *reporter, bool suspicions, uint32_t count,
                          muster_db_fn fn);
/* The batch was answered for. */
muster_status outbox_remove(struct reporter *reporter, muster_db_fn fn);
/* How many there are, and how many bytes. */
muster_status outbox_count(struct reporter *reporter, muster_db_fn fn);
/* The least of the oldest. changes says how many. */
muster_status outbox_give_up(struct reporter *reporter, int64_t rows, muster_db_fn fn);

/* ---- send.c ---- */

/* Something was put. */
void send_soon(struct reporter *reporter);
void send_start(struct reporter *reporter);
void send_stop(struct reporter *reporter);

#endif
