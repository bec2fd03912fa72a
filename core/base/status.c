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

#define CASE_END(name, code, text)                                                                 \
    case MUSTER_END_##name: return text;

const char *end_reason_text(uint32_t reason) {
    switch (reason) {
        MUSTER_END_MAP(CASE_END)
    default: return "unknown";
    }
}

const char *team_text(uint32_t team) {
    switch (team) {
    case MUSTER_TEAM_RED: return "red";
    case MUSTER_TEAM_BLUE: return "blue";
    default: return "none";
    }
}

uint32_t team_parse(const char *text) {
    if (text && strcmp(text, "red") == 0) return MUSTER_TEAM_RED;
    if (text && strcmp(text, "blue") == 0) return MUSTER_TEAM_BLUE;
    return MUSTER_TEAM_NONE;
}
