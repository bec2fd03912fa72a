/* victory - what the victory rules here have in common: a lobby setting whose value is kept for
 * each match, and a winner of two teams. Linked into each; no plugin.
 */
#ifndef VICTORY_H
#define VICTORY_H

#include <muster/plugin.h>

/* Of a plugin; its instance has it. */
struct victory_rule {
    const char *key;      /* of its setting */
    bool is_switch;       /* the setting is a bool, else a whole number */
    const char *settings; /* as host->lobby->settings_add takes them */
};

/* Of a match: the state of the role, changed only in the match's step. */
struct victory_match {
    muster_match_id match;
    int64_t setting; /* its value; of a bool 1 or 0 */
    bool is_begun;   /* for rules that do not count from the first tick */
};

/* What a plugin's init does; rule is borrowed for good. The instance is freed by free. */
muster_status victory_init(muster_self *self, const struct muster_host *host,
                           const struct victory_rule *rule, void **instance) MUSTER_MUST_USE;

/* For struct muster_victory; evaluate is each rule's own. */
muster_status victory_create(void *instance, const struct muster_match_info *info, void **state);
void victory_destroy(void *instance, void *state);
void victory_save(void *instance, void *state, struct muster_writer *out);
muster_status victory_load(void *instance, void *state, struct muster_reader *in);
void victory_setting(void *instance, void *state, const char *key);

/* The team that has more; of equals nobody. */
static inline uint32_t victory_leader(int64_t red, int64_t blue) {
    if (red == blue) return MUSTER_TEAM_NONE;
    return red > blue ? MUSTER_TEAM_RED : MUSTER_TEAM_BLUE;
}

#endif
