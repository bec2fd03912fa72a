/* ticket - opaque secrets and ids that the node hands out. Loop thread.
 *
 * Seat tickets and resume tokens are 128 random bits as base64url text; they mean nothing to
 * anybody but the seat that holds them, so there is nothing to forge. Compared in constant time.
 */
#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>

#define TICKET_TEXT_SIZE 25 /* kind letter, dot, 22 characters, NUL */
#define TICKET_UUID_SIZE 37

/* kind: 's' a seat ticket, 'r' a resume token. */
void ticket_make(char kind, char out[TICKET_TEXT_SIZE]);
/* False also for an empty `held`: an unused ticket matches nothing. */
bool ticket_equal(const char *held, const char *presented);
/* Random UUID, version 4 (RFC 9562). */
void ticket_uuid(char out[TICKET_UUID_SIZE]);

/* Could they have been made by the two above? */
bool ticket_valid(char kind, const char *text);
bool ticket_uuid_valid(const char *text);

#endif
