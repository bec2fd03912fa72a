/* status - names of status codes and roles, from the SDK's X-macro lists. */
#ifndef STATUS_H
#define STATUS_H

#include <muster/roles.h>
#include <muster/types.h>

/* "not found" for MUSTER_NOT_FOUND; "unknown status" for what the list does not hold. */
const char *status_text(muster_status status);
/* "mode" for MUSTER_ROLE_MODE; "unknown role". */
const char *role_text(uint32_t kind);
/* "waiting" for MUSTER_LOBBY_WAITING, and so on. */
const char *lobby_state_text(uint32_t state);
const char *leave_reason_text(uint32_t reason);
const char *disturbed_text(uint32_t cause);

#endif
