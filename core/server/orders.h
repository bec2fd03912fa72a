/* orders - DATA/orders.live: what an operator has ordered of the server and is not done yet, for
 * the process after one that dies. Loop thread. Used by shutdown alone.
 */
#ifndef ORDERS_H
#define ORDERS_H

#include <muster/types.h>

struct orders {
    bool drains;
    bool leaves;             /* with the last lobby */
    int64_t drain_unix_ms;   /* since when */
    int64_t restart_unix_ms; /* 0: none is set */
    char restart_text[MUSTER_REASON_MAX];
};

/* What the process before had to do. False: nothing. */
bool orders_read(struct orders *out);
void orders_write(const struct orders *orders);
/* Nothing is left to the next process. */
void orders_forget(void);
/* All is left to it as it was written. */
void orders_leave(void);

#endif
