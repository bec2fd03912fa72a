/* words - see words.h. */
#include "words.h"

#include <muster/plugin.h>

#define LOBBY_STATE_ROW(name, code, text) [code] = text,
static const char *const state_names[] = {MUSTER_LOBBY_STATE_MAP(LOBBY_STATE_ROW)};

const char *words_lobby_state(uint32_t state) {
    return state_names[state];
}

#define LEAVE_ROW(name, code, text) [code] = text,
static const char *const leave_names[] = {MUSTER_LEAVE_MAP(LEAVE_ROW)};

const char *words_leave(uint32_t reason) {
    return reason >= MUSTER_LEAVE_QUIT && reason <= MUSTER_LEAVE_DISTURBED ? leave_names[reason]
                                                                           : "";
}
