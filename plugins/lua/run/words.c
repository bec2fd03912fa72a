/* words - see words.h. */
#include "words.h"

#include <muster/plugin.h>
#include <string.h>

#define LOBBY_STATE_ROW(name, code, text) [code] = text,
static const char *const state_names[] = {MUSTER_LOBBY_STATE_MAP(LOBBY_STATE_ROW)};

const char *words_lobby_state(uint32_t state) {
    return state_names[state];
}

#define LEAVE_ROW(name, code, text) [code] = text,
static const char *const leave_names[] = {MUSTER_LEAVE_MAP(LEAVE_ROW)};

const char *words_leave(uint32_t reason) {
    return reason >= MUSTER_LEAVE_QUIT && reason <= MUSTER_LEAVE_SHUTDOWN ? leave_names[reason]
                                                                          : "";
}

static const char *const winner_names[] = {"draw", "red", "blue"};

const char *words_winner(uint32_t team) {
    return team < MUSTER_TEAM_COUNT ? winner_names[team] : "draw";
}

#define END_ROW(name, code, text) {text, code},
bool words_parse_result(const char *team, const char *reason, uint32_t *team_out,
                        uint32_t *reason_out) {
    static const struct {
        const char *text;
        uint32_t code;
    } reasons[] = {MUSTER_END_MAP(END_ROW)};
    uint32_t winner = 0;
    size_t i = 0;
    while (winner < MUSTER_TEAM_COUNT && strcmp(winner_names[winner], team) != 0) winner++;
    while (i < sizeof reasons / sizeof *reasons && strcmp(reasons[i].text, reason) != 0) i++;
    if (winner == MUSTER_TEAM_COUNT || i == sizeof reasons / sizeof *reasons) return false;
    *team_out = winner;
    *reason_out = reasons[i].code;
    return true;
}
