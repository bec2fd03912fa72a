/* How a match ended: what was decided, who came in which place, and the rows of all who played. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match_internal.h"

/* ---- the decision ---------------------------------------------------------------------------- */

struct match_decision match_decide(uint32_t team, const char *reason) {
    struct match_decision decision = {.winner = team};
    decision.winner_kind = team == MUSTER_TEAM_NONE ? MUSTER_WINNER_NOBODY : MUSTER_WINNER_TEAM;
    snprintf(decision.reason, sizeof decision.reason, "%s", reason);
    return decision;
}

/* [a-z][a-z0-9_]* that fits. */
static bool is_word(const char *text) {
    size_t len = strnlen(text, MUSTER_NAME_MAX);
    return len > 0 && len < MUSTER_NAME_MAX && text[0] >= 'a' && text[0] <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool winner_valid(const struct match *match, uint32_t kind, uint32_t winner) {
    switch (kind) {
    case MUSTER_WINNER_NOBODY: return winner == 0;
    case MUSTER_WINNER_TEAM: return winner >= 1 && winner <= match->teams.count;
    case MUSTER_WINNER_SEAT: return winner < match_seat_count(match) && match->seats[winner].used;
    default: return false;
    }
}

/* Seats that nobody has need none. */
static bool places_valid(const struct match *match, const struct match_decision *decision) {
    for (uint32_t i = 0; decision->teams_placed && i < match->teams.count; i++)
        if (decision->team_places[i] < 1 || decision->team_places[i] > match->teams.count)
            return false;
    for (uint32_t i = 0; decision->seats_placed && i < match_seat_count(match); i++) {
        uint32_t place = match->seats[i].used ? decision->seat_places[i] : 1;
        if (place < 1 || place > match_seat_count(match)) return false;
    }
    return true;
}

bool match_decision_valid(const struct match *match, const struct match_decision *decision) {
    return winner_valid(match, decision->winner_kind, decision->winner) &&
           is_word(decision->reason) && places_valid(match, decision);
}

static void take_places(const uint32_t *places, uint32_t count, uint8_t *out) {
    for (uint32_t i = 0; i < count; i++) out[i] = places[i] > UINT8_MAX ? 0 : (uint8_t)places[i];
}

bool match_decision_take(const struct match *match, const struct muster_match_end *end,
                         struct match_decision *out) {
    *out = (struct match_decision){
        .winner_kind = end->winner_kind,
        .winner = end->winner,
        .teams_placed = end->team_places != NULL,
        .seats_placed = end->seat_places != NULL,
    };
    if (!end->reason || !is_word(end->reason)) return false;
    snprintf(out->reason, sizeof out->reason, "%s", end->reason);
    if (end->team_places) take_places(end->team_places, match->teams.count, out->team_places);
    if (end->seat_places) take_places(end->seat_places, match_seat_count(match), out->seat_places);
    return match_decision_valid(match, out);
}

void match_end(struct match *match, struct match_decision decision) {
    if (match->ended) return;
    match->ended = true;
    match->decision = decision;
}

muster_status match_end_later(struct match *match, struct match_decision decision) {
    if (match->ended || match->ending) return MUSTER_STATE;
    match->ending = true;
    match->decision = decision;
    return MUSTER_OK;
}

/* ---- places ---------------------------------------------------------------------------------- */

static bool team_ahead(const struct match *match, uint32_t a, uint32_t b) {
    const struct match_decision *d = &match->decision;
    uint32_t winner = d->winner_kind == MUSTER_WINNER_TEAM ? d->winner : MUSTER_TEAM_NONE;
    if (a == winner || b == winner) return a == winner && b != winner;
    return match->team_score[a] > match->team_score[b];
}

static uint32_t team_place(const struct match *match, uint32_t team) {
    if (match->decision.teams_placed) return match->decision.team_places[team - 1];
    uint32_t place = 1;
    for (uint32_t other = 1; other <= match->teams.count; other++)
        place += team_ahead(match, other, team);
    return place;
}

static bool row_ahead(const struct match *match, const struct match_row *a,
                      const struct match_row *b, bool a_here, bool b_here) {
    const struct match_decision *d = &match->decision;
    bool by_seat = d->winner_kind == MUSTER_WINNER_SEAT;
    bool a_won = by_seat && a_here && a->seat == d->winner;
    bool b_won = by_seat && b_here && b->seat == d->winner;
    if (a_won || b_won) return a_won && !b_won;
    return a->score > b->score;
}

/* Without teams everybody has a place; with them only where the mode gives one. Who has left is
 * behind those who stayed where the mode decides, else among them by score. */
static void place_rows(const struct match *match, struct match_results *results) {
    const struct match_decision *d = &match->decision;
    if (match->teams.count && !d->seats_placed) return;
    uint32_t last = 0;
    for (uint32_t i = 0; i < results->row_count; i++) {
        struct match_row *row = &results->rows[i];
        bool here = match_row_here(match, row);
        row->place = d->seats_placed && here ? d->seat_places[row->seat] : d->seats_placed ? 0 : 1;
        if (row->place > last) last = row->place;
        for (uint32_t j = 0; !d->seats_placed && j < results->row_count; j++)
            row->place += row_ahead(match, &results->rows[j], row,
                                    match_row_here(match, &results->rows[j]), here);
    }
    for (uint32_t i = 0; i < results->row_count; i++)
        if (results->rows[i].place == 0) results->rows[i].place = last + 1;
}

/* ---- results --------------------------------------------------------------------------------- */

struct match_row match_row_of(const struct match *match, uint32_t seat) {
    const struct match_seat *s = &match->seats[seat];
    struct match_row row = {.seat = seat,
                            .team = s->team,
                            .is_bot = s->is_bot,
                            .kills = s->kills,
                            .deaths = s->deaths,
                            .assists = s->assists,
                            .score = s->score};
    memcpy(row.own_stats, s->own_stats, sizeof row.own_stats);
    memcpy(row.player_key, s->player_key, sizeof row.player_key);
    memcpy(row.display_name, s->display_name, sizeof row.display_name);
    return row;
}

bool match_row_here(const struct match *match, const struct match_row *row) {
    const struct match_seat *s = &match->seats[row->seat];
    return s->used && strcmp(s->player_key, row->player_key) == 0;
}

/* A seat as it stands, then those who had it before. */
static void add_seat(const struct match *match, uint32_t seat, struct match_results *out) {
    if (match->seats[seat].used) out->rows[out->row_count++] = match_row_of(match, seat);
    for (uint32_t i = 0; i < match->departed_count; i++)
        if (match->departed[i].seat == seat) out->rows[out->row_count++] = match->departed[i];
}

static void fill_head(const struct match *match, struct match_results *out) {
    memcpy(out->match_key, match->key, sizeof out->match_key);
    memcpy(out->lobby_key, match->lobby_key, sizeof out->lobby_key);
    memcpy(out->team_score, match->team_score, sizeof out->team_score);
    memcpy(out->reason, match->decision.reason, sizeof out->reason);
    memcpy(out->stat_names, match->stat_names, sizeof out->stat_names);
    out->teams = match->teams;
    out->winner_kind = match->decision.winner_kind;
    out->winner = match->decision.winner;
    out->stat_count = match->stat_count;
    out->duration_s = match->tick / match->tick_rate_hz;
    memcpy(out->disturbed, match->disturbed, sizeof out->disturbed);
    out->version_count = match->version_count;
    for (uint32_t i = 0; i < match->version_count; i++) out->versions[i] = match->versions[i];
    for (uint32_t team = 1; team <= match->teams.count; team++)
        out->team_places[team - 1] = team_place(match, team);
}

struct match_results *match_results(const struct match *match) {
    uint32_t rows_max = match_seat_count(match) + match->departed_count;
    struct match_results *out = calloc(1, sizeof *out + rows_max * sizeof out->rows[0]);
    if (!out) return NULL;
    fill_head(match, out);
    for (uint32_t seat = 0; seat < match_seat_count(match); seat++) add_seat(match, seat, out);
    place_rows(match, out);
    return out;
}
