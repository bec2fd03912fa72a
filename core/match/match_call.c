/* What every file of a match stands on: calls into its parts, and its random numbers. */
#include "match_internal.h"
#include "watchdog.h"

void match_call_begin(struct match *match, const struct match_part *part, const char *call) {
    plugin_enter_part(part->provider->self, call);
    watchdog_call_of(match->lobby_key);
    match->stepping = true;
}

void match_steer_begin(struct match *match, const struct match_part *part, const char *call) {
    match_call_begin(match, part, call);
    match->steering = true;
}

void match_call_end(struct match *match) {
    match->stepping = match->steering = false;
    plugin_leave();
}

/* At every tick's end and before somebody goes: who is gone before the first tick has been there
 * all the same. */
void match_note_meeting(struct match *match) {
    uint32_t first = MUSTER_TEAM_NONE, seated = 0;
    for (uint32_t i = 0; i < match_seat_count(match) && !match->sides_met; i++) {
        const struct match_seat *s = &match->seats[i];
        if (!s->used) continue;
        bool other_team = first != MUSTER_TEAM_NONE && s->team != first;
        match->sides_met = match->teams.count ? s->team && other_team : ++seated > 1;
        if (first == MUSTER_TEAM_NONE) first = s->team;
    }
}

/* ---- random numbers: xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64 --------------- */

static uint64_t rotate_left(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}

void match_rng_seed(struct match *match) {
    uint64_t x = match->seed;
    for (int i = 0; i < 4; i++) {
        uint64_t z = x += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        match->rng[i] = z ^ z >> 31;
    }
}

static uint64_t rng_next(uint64_t s[4]) {
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t match_random(struct match *match, uint64_t bound) {
    if (bound == 0) return rng_next(match->rng);
    uint64_t unbiased_from = -bound % bound; /* rejects the short last run of values */
    for (;;) {
        uint64_t x = rng_next(match->rng);
        if (x >= unbiased_from) return x % bound;
    }
}
