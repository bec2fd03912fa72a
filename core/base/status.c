/* status - words for the numbers of the SDK: statuses, roles, lobby states, reasons, teams.
 *
 * Owns nothing. Called by everything that logs, answers clients or writes metrics.
 */
#include "status.h"

#include <string.h>

const char *status_text(muster_status status) {
    return muster_status_text(status);
}

#define CASE_ROLE(name, code, lower)                                                               \
    case MUSTER_ROLE_##name: return #lower;

const char *role_text(uint32_t kind) {
    switch (kind) {
        MUSTER_ROLE_MAP(CASE_ROLE)
    default: return "unknown role";
    }
}

#define CASE_LOBBY(name, code, text)                                                               \
    case MUSTER_LOBBY_##name: return text;

const char *lobby_state_text(uint32_t state) {
    switch (state) {
        MUSTER_LOBBY_STATE_MAP(CASE_LOBBY)
    default: return "unknown";
    }
}

#define CASE_LEAVE(name, code, text)                                                               \
    case MUSTER_LEAVE_##name: return text;

const char *leave_reason_text(uint32_t reason) {
    switch (reason) {
        MUSTER_LEAVE_MAP(CASE_LEAVE)
    default: return "unknown";
    }
}

#define CASE_DISTURBED(name, code, text)                                                           \
    case MUSTER_DISTURBED_##name: return text;

const char *disturbed_text(uint32_t cause) {
    switch (cause) {
        MUSTER_DISTURBED_MAP(CASE_DISTURBED)
    default: return "unknown";
    }
}
