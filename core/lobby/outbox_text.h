/* outbox_text - a request to the database as a line of JSON and back. Used by outbox alone.
 *
 * {"what": "player", "durable": true, "statements": [{"sql": "...", "params": [...]}]}; a parameter
 * is null, a number, a text, or {"blob": hex}.
 */
#ifndef OUTBOX_TEXT_H
#define OUTBOX_TEXT_H

#include <muster/roles.h>

#define OUTBOX_WHAT_MAX 64

/* *out: malloc'ed, one line. INVALID, LIMIT as outbox_add. */
muster_status outbox_text_write(const char *what, const struct muster_db_request *request,
                                char **out) MUSTER_MUST_USE;
/* What `request` points into, for outbox_text_free; null: no such line. */
void *outbox_text_parse(const char *text, size_t len, struct muster_db_request *request);
void outbox_text_free(void *parsed);
/* "" when it says none. */
void outbox_text_what(const char *text, char out[OUTBOX_WHAT_MAX]);

#endif
