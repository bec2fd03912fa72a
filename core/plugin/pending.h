/* pending - tickets of answers that come later (PENDING). Loop thread.
 *
 * A ticket is made before the question is asked, belongs to the plugin that is asked (and pins it),
 * and has a deadline. Completing takes it away; late, double and foreign completions find nothing,
 * are logged as faults and change nothing.
 */
#ifndef PENDING_H
#define PENDING_H

#include "plugin.h"

/* answer: what the completer hands over (its type is the kind's business), null with status
 * TIMEOUT or CLOSED when the deadline passed or the plugin was stopped. */
typedef void (*pending_fn)(void *user, muster_status status, const void *answer);

muster_status pending_init(void) MUSTER_MUST_USE;
void pending_deinit(void);
/* kind: a literal: "auth", "db". *out: the number of an id of that kind. */
muster_status pending_open(struct muster_self *asked, const char *kind, uint32_t deadline_ms,
                           pending_fn fn, void *user, uint64_t *out) MUSTER_MUST_USE;
/* From the plugin: checks owner and kind. NOT_FOUND (and a fault) for a stale ticket, DENIED for a
 * foreign one. */
muster_status pending_complete(struct muster_self *by, const char *kind, uint64_t ticket,
                               muster_status status, const void *answer);
/* What pending_open was given as `user`, while fn waits for the answer; else null. */
void *pending_user(uint64_t ticket, pending_fn fn);
/* The asker no longer wants the answer: fn is not called. A completion that still comes is no
 * fault. */
void pending_cancel(uint64_t ticket);
/* The question was answered at once after all: forget the ticket. */
void pending_close(uint64_t ticket);
/* All tickets of a plugin that stops: fn with CLOSED. */
void pending_close_owner(struct muster_self *self);

#endif
