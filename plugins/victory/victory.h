/* victory - what the victory rules here have in common: a lobby setting whose value is kept for
 * each match, the sides of the match, and who leads. Linked into each; no
 * plugin.
 */
#ifndef VICTORY_H
#define VICTORY_H

#include <muster/plugin.h>

/* Of a plugin; its instance has it. */
struct victory_rule {
    const char *key;      /* of its setting; null: it has none */
    bool is_switch;       /* the setting is a bool, else a whole number */
    const char *settings; /* as host->lobby->settings_add takes them, with a key */
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

/* Who plays against whom: the teams, or in a match without teams the seats that are taken. */
struct victory_side {
    uint32_t id;    /* a team or a seat */
    int64_t points; /* of the team; of a seat the statistic asked for */
    bool seated;    /* somebody is in the team; of a seat always */
    bool alive;
};
struct victory_sides {
    uint32_t winner_kind; /* of one of them */
    uint32_t count;
    struct victory_side side[MUSTER_SEATS_MAX];
};
/* stat: MUSTER_STAT_... */
void victory_sides(void *instance, const struct victory_match *match,
                   const struct muster_match_facts *facts, uint32_t stat,
                   struct victory_sides *out);
/* Is a side missing that has given nothing up: the server's fault has cost it the seats? */
bool victory_is_owed(const struct muster_match_facts *facts);
/* Won by who has most points; of equals nobody. */
void victory_decide(const struct victory_sides *sides, const char *reason,
                    struct muster_match_end *out);

#endif
