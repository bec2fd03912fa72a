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
    return team < WORDS_TEAMS_END ? winner_names[team] : "draw";
}

bool words_parse_winner(const char *word, uint32_t *team) {
    *team = 0;
    while (*team < WORDS_TEAMS_END && strcmp(winner_names[*team], word) != 0) ++*team;
    return *team < WORDS_TEAMS_END;
}

uint32_t words_winner_kind(uint32_t team) {
    return team == MUSTER_TEAM_NONE ? MUSTER_WINNER_NOBODY : MUSTER_WINNER_TEAM;
}

const char *words_reason(const char *word) {
    static const char *const reasons[] = {MUSTER_END_SCORE_LIMIT, MUSTER_END_TIME_LIMIT,
                                          MUSTER_END_ELIMINATION, MUSTER_END_FORFEIT,
                                          MUSTER_END_ABORTED};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i], word) == 0) return reasons[i];
    return NULL;
}
