/* exposition - the Prometheus text format 0.0.4, written into one growing, bounded buffer.
 *
 * Knows no host: samples go in, text comes out. Used by service_metrics.c, tested alone.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <muster/host.h>

#define EXPOSITION_BYTES_MAX (1024u * 1024u)

struct exposition {
    char *text; /* owned; kept between two writings, so that a scrape seldom allocates */
    uint32_t len;
    uint32_t cap;
    muster_status status; /* OK, or what went wrong first: NO_MEMORY, LIMIT */
    char name[128];       /* of the metric written last: its HELP and TYPE stand once */
};

/* Back to empty; the buffer stays. */
void exposition_reset(struct exposition *out);
/* One sample; samples of one name must come one after another. */
void exposition_add(struct exposition *out, const struct muster_metric *metric);
void exposition_deinit(struct exposition *out);

#endif
