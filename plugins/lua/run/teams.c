/* teams - see teams.h. */
#include "teams.h"

#include <string.h>

#include "mod.h"
#include "script.h"

static const char none[] = "none";

static bool owns_everything(const struct mod *mod) {
    return mod->kind == MOD_MODE && !mod->base;
}

/* What a trial's own mode declares, or the arena's, in which the others are tried. */
static const char *name_on_trial(const struct realm *realm, uint32_t team) {
    static const char *const usual[] = {none, "red", "blue"};
    const struct mod *mod = realm->scripts[0]->mod;
    if (owns_everything(mod))
        return team >= 1 && team <= mod->team_count ? mod->teams[team - 1].name : none;
    return usual[team < sizeof usual / sizeof *usual ? team : 0];
}

const char *teams_name(const struct realm *realm, uint32_t team) {
    const struct muster_host *host = realm_host(realm);
    if (realm->is_probe) return name_on_trial(realm, team);
    if (realm->kind == REALM_MATCH)
        return host->match->team_name(realm_self(realm), realm->match, team);
    return host->lobby->team_name(realm_self(realm), realm->lobby->id, team);
}

uint32_t teams_count(const struct realm *realm) {
    uint32_t count = 0;
    while (count < MUSTER_TEAMS_MAX && strcmp(teams_name(realm, count + 1), none) != 0) count++;
    return count;
}

bool teams_are_known(const struct realm *realm) {
    const struct mod *mod = realm->is_probe ? realm->scripts[0]->mod : NULL;
    return !mod || !mod->base || strcmp(mod->base, "arena") == 0;
}

bool teams_find(const struct realm *realm, const char *name, uint32_t *team) {
    uint32_t count = teams_count(realm);
    *team = MUSTER_TEAM_NONE;
    if (strcmp(name, none) == 0) return true;
    for (uint32_t i = 1; i <= count; i++)
        if (strcmp(teams_name(realm, i), name) == 0) *team = i;
    if (!teams_are_known(realm)) *team = 1;
    return *team != MUSTER_TEAM_NONE;
}
