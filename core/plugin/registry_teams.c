/* registry_teams - what a mode says of who plays against whom and how it is decided: teams,
 * statistics, victories. */
#include <stdio.h>
#include <string.h>

#include "registry_internal.h"

static const char none[] = "none";

const char *registry_team_name(const struct registry_teams *teams, uint32_t team) {
    return team >= 1 && team <= teams->count ? teams->team[team - 1].name : none;
}

bool registry_team_find(const struct registry_teams *teams, const char *name, uint32_t *team) {
    *team = MUSTER_TEAM_NONE;
    if (strcmp(name, none) == 0) return true;
    for (uint32_t i = 0; i < teams->count; i++)
        if (strcmp(teams->team[i].name, name) == 0) *team = i + 1;
    return *team != MUSTER_TEAM_NONE;
}

/* [a-z][a-z0-9_]* that fits. */
static bool word_take(char *out, size_t cap, const char *word) {
    size_t len = word ? strnlen(word, cap) : 0;
    if (len == 0 || len == cap || word[0] < 'a' || word[0] > 'z') return false;
    if (strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") != len) return false;
    memcpy(out, word, len + 1);
    return true;
}

static const char *teams_take(const struct muster_mode_info *info, struct registry_teams *out) {
    uint32_t unused;
    if (!info->teams) return info->team_count ? "team_count is not 0 and teams is null" : NULL;
    if (info->team_count < 1 || info->team_count > MUSTER_TEAMS_MAX)
        return "team_count is not 1 to 16";
    for (uint32_t i = 0; i < info->team_count; i++) {
        char name[MUSTER_TEAM_NAME_MAX];
        if (!word_take(name, sizeof name, info->teams[i].name) || strcmp(name, "draw") == 0)
            return "a team's name is no word of 1 to 23 of a-z, 0-9 and _, or \"draw\"";
        if (registry_team_find(out, name, &unused))
            return "a team's name is \"none\", or there twice";
        memcpy(out->team[i].name, name, sizeof name);
        out->team[i].players_max = info->teams[i].players_max;
        out->count++;
    }
    return NULL;
}

/* By every mode's, or by one of those that `out` has. */
static bool stat_is_taken(const struct mode_entry *out, const char *name) {
    static const char *const every[] = {"kills", "deaths", "assists", "score"};
    for (size_t i = 0; i < sizeof every / sizeof every[0]; i++)
        if (strcmp(every[i], name) == 0) return true;
    for (uint32_t i = 0; i < out->stat_count; i++)
        if (strcmp(out->stats[i], name) == 0) return true;
    return false;
}

static const char *stats_take(const struct muster_mode_info *info, struct mode_entry *out) {
    if (info->stat_count > MUSTER_STATS_OWN_MAX) return "stat_count is not 0 to 12";
    if (info->stat_count && !info->stats) return "stat_count is not 0 and stats is null";
    for (; out->stat_count < info->stat_count; out->stat_count++) {
        char *name = out->stats[out->stat_count];
        if (!word_take(name, sizeof out->stats[0], info->stats[out->stat_count]))
            return "a statistic's name is no word of 1 to 47 of a-z, 0-9 and _";
        if (stat_is_taken(out, name))
            return "a statistic is kills, deaths, assists or score, or there twice";
    }
    return NULL;
}

static const char *victories_take(const struct muster_mode_info *info, struct mode_entry *out) {
    if (info->victory_count > REGISTRY_VICTORIES_MAX) return "victory_count is not 0 to 8";
    if (info->victory_count && !info->victories)
        return "victory_count is not 0 and victories is null";
    out->victories_listed = info->victories != NULL;
    for (uint32_t i = 0; i < info->victory_count; i++)
        if (!word_take(out->victories[i], sizeof out->victories[i], info->victories[i]))
            return "a victory is no plugin's name";
    out->victory_count = info->victory_count;
    return NULL;
}

const char *registry_teams_take(const struct muster_mode_info *info, struct mode_entry *out) {
    const char *fault = teams_take(info, &out->teams);
    if (!fault) fault = stats_take(info, out);
    return fault ? fault : victories_take(info, out);
}

void registry_teams_fill(struct mode_entry *entry, const struct mode_entry *declared,
                         const struct mode_entry *base) {
    const struct mode_entry *of_victories = declared->victories_listed ? declared : base;
    const struct mode_entry *of_stats = declared->stat_count ? declared : base;
    entry->teams = declared->teams.count ? declared->teams : base->teams;
    entry->stat_count = of_stats->stat_count;
    memcpy(entry->stats, of_stats->stats, sizeof entry->stats);
    entry->victories_listed = of_victories->victories_listed;
    entry->victory_count = of_victories->victory_count;
    memcpy(entry->victories, of_victories->victories, sizeof entry->victories);
}

bool registry_mode_victory(const struct mode_entry *entry, const struct muster_self *self) {
    if (!entry->victories_listed) return true;
    for (uint32_t i = 0; i < entry->victory_count; i++)
        if (strcmp(entry->victories[i], self->instance_name) == 0) return true;
    return false;
}
