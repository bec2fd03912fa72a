/* pending - the table of open tickets and the one timer at the nearest deadline. */
#include "pending.h"

#include <string.h>

#include "log.h"
#include "loop.h"
#include "slots.h"

#define TICKETS_MAX 65536
/* Deadlines that are near to each other share one look through the table. */
#define DEADLINE_STEP_MS 10

struct ticket {
    struct muster_self *asked; /* null: core itself */
    const char *kind;
    pending_fn fn; /* null: cancelled, waits for its completion in vain */
    void *user;
    uint64_t deadline_ms;
};

static struct slots tickets;
static struct loop_timer *timer;
static uint64_t timer_at_ms;

static void on_deadline(void *user);

muster_status pending_init(void) {
    timer = NULL;
    return slots_init(&tickets, TICKETS_MAX, sizeof(struct ticket));
}

void pending_deinit(void) {
    loop_timer_stop(timer);
    timer = NULL;
    slots_deinit(&tickets);
    memset(&tickets, 0, sizeof tickets);
}

static muster_status timer_arm(uint64_t deadline_ms) {
    uint64_t now_ms = loop_now_ms();
    uint64_t delay_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    if (delay_ms < DEADLINE_STEP_MS) delay_ms = DEADLINE_STEP_MS;
    if (timer && timer_at_ms <= now_ms + delay_ms) return MUSTER_OK;
    struct loop_timer *sooner = loop_timer_start((uint32_t)delay_ms, 0, on_deadline, NULL);
    if (!sooner) return MUSTER_NO_MEMORY;
    loop_timer_stop(timer);
    timer = sooner;
    timer_at_ms = now_ms + delay_ms;
    return MUSTER_OK;
}

/* Takes the ticket away and tells the asker, unless it has cancelled. */
static void finish(uint64_t id, muster_status status, const void *answer) {
    struct ticket ticket = *(struct ticket *)slots_find(&tickets, id);
    slots_remove(&tickets, id);
    if (ticket.fn) ticket.fn(ticket.user, status, answer);
    if (ticket.asked) plugin_unpin(ticket.asked);
}

static void on_deadline(void *user) {
    (void)user;
    timer = NULL;
    uint64_t now_ms = loop_now_ms();
    uint64_t nearest_ms = UINT64_MAX;
    uint64_t id = 0;
    for (struct ticket *t; (t = slots_next(&tickets, &id));) {
        if (t->deadline_ms > now_ms) {
            if (t->deadline_ms < nearest_ms) nearest_ms = t->deadline_ms;
            continue;
        }
        if (t->fn && t->asked)
            log_warn("pending", "%s: no answer in time to a request (%s)", t->asked->instance_name,
                     t->kind);
        finish(id, MUSTER_TIMEOUT, NULL);
    }
    if (nearest_ms != UINT64_MAX && timer_arm(nearest_ms) != MUSTER_OK)
        log_error("pending", "out of memory: deadlines wait for the next request");
}

muster_status pending_open(struct muster_self *asked, const char *kind, uint32_t deadline_ms,
                           pending_fn fn, void *user, uint64_t *out) {
    uint64_t at_ms = loop_now_ms() + deadline_ms;
    if (timer_arm(at_ms) != MUSTER_OK) return MUSTER_NO_MEMORY;
    struct ticket *ticket = slots_add(&tickets, out);
    if (!ticket) return MUSTER_FULL;
    *ticket = (struct ticket){asked, kind, fn, user, at_ms};
    if (asked) plugin_pin(asked);
    return MUSTER_OK;
}

muster_status pending_complete(struct muster_self *by, const char *kind, uint64_t id,
                               muster_status status, const void *answer) {
    const struct ticket *ticket = slots_find(&tickets, id);
    if (!ticket) {
        plugin_fault(by, "completed a ticket (%s) that is not open: late, twice or never given",
                     kind);
        return MUSTER_NOT_FOUND;
    }
    if (ticket->asked != by) {
        plugin_fault(by, "completed a ticket (%s) that belongs to %s", ticket->kind,
                     ticket->asked ? ticket->asked->instance_name : "the host");
        return MUSTER_DENIED;
    }
    if (strcmp(ticket->kind, kind) != 0) {
        plugin_fault(by, "completed a ticket (%s) as one of %s", ticket->kind, kind);
        return MUSTER_INVALID;
    }
    finish(id, status, answer);
    return MUSTER_OK;
}

void *pending_user(uint64_t id, pending_fn fn) {
    const struct ticket *ticket = slots_find(&tickets, id);
    return ticket && ticket->fn == fn ? ticket->user : NULL;
}

void pending_cancel(uint64_t id) {
    struct ticket *ticket = slots_find(&tickets, id);
    if (ticket) ticket->fn = NULL;
}

void pending_close(uint64_t id) {
    struct ticket *ticket = slots_find(&tickets, id);
    if (!ticket) return;
    ticket->fn = NULL;
    finish(id, MUSTER_CLOSED, NULL);
}

void pending_close_owner(struct muster_self *self) {
    uint64_t id = 0;
    for (struct ticket *t; (t = slots_next(&tickets, &id));)
        if (t->asked == self) finish(id, MUSTER_CLOSED, NULL);
}
