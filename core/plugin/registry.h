/* registry - role -> providers. Loop thread.
 *
 * A provider is one role of one plugin generation with its vtable copied into a zeroed local. The
 * table holds the newest generation; whoever keeps a provider for longer than a call pins its
 * plugin (registry_pin) and goes on with the generation it has.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "plugin.h"

struct provider {
    struct provider *next;    /* of the same role, in config order */
    struct provider *sibling; /* next role of the same generation */
    struct muster_self *self;
    void *instance; /* set when the generation is committed */
    uint32_t kind;
    union {
        struct muster_auth auth;
        struct muster_matchmaker matchmaker;
        struct muster_mode mode;
        struct muster_victory victory;
        struct muster_rules rules;
        struct muster_anticheat anticheat;
        struct muster_reporter reporter;
        struct muster_database database;
        struct muster_service service;
        struct muster_kv kv;
    };
};

/* Checks a role entry: known kind, vtable size sane, required functions there. `error` names what
 * is missing. */
muster_status registry_check(const struct muster_role *role, char *error,
                             uint32_t cap) MUSTER_MUST_USE;
/* Before init: takes copies of all vtables of a generation. Nobody is asked yet; modes and settings
 * it declares wait, too. EXISTS for a second provider of kv. */
muster_status registry_add(struct muster_self *self, char *error, uint32_t cap) MUSTER_MUST_USE;
/* Init (and at a reload start) succeeded: providers, modes and settings become the ones in force,
 * in config order; those of `older`, the generation before it or null, are taken out of the tables
 * and live on for whoever holds them. */
void registry_commit(struct muster_self *self, struct muster_self *older);
/* The plugins have another order: so have their roles. */
void registry_sort(void);
/* The generation is unloaded: takes out and frees all it has. */
void registry_remove(struct muster_self *self);

/* After the last plugin: core's own settings are gone, too. */
void registry_deinit(void);

struct provider *registry_first(uint32_t kind); /* then ->next */
/* Of this instance; null or "": the first. Null: there is none. */
struct provider *registry_named(uint32_t kind, const char *instance_name);

/* Another number whenever modes or settings have changed. */
uint32_t registry_version(void);

#define REGISTRY_VICTORIES_MAX 8 /* that decide one match */

/* The teams of a mode, copied. */
struct registry_teams {
    uint32_t count;
    struct {
        char name[MUSTER_TEAM_NAME_MAX];
        uint32_t players_max; /* 0: no bound */
    } team[MUSTER_TEAMS_MAX]; /* of team 1 first */
};
/* "none" for MUSTER_TEAM_NONE and for what is no team. */
const char *registry_team_name(const struct registry_teams *teams, uint32_t team);
/* False: no team of that name, which may be "none". */
bool registry_team_find(const struct registry_teams *teams, const char *name, uint32_t *team);

/* A game mode declared with host->match->mode_add, with what its base fills in. The entry stays
 * where it is when a reload brings its next generation, and is gone when a mode is removed: find it
 * again, do not keep it. */
struct mode_entry {
    struct mode_entry *next;
    char game_mode[MUSTER_NAME_MAX];
    char title[64];
    char (*maps)[MUSTER_NAME_MAX];
    uint32_t map_count;
    uint32_t players_max;
    uint32_t people_max;
    uint32_t players_min; /* 0: the node's */
    uint32_t tick_rate_hz;
    uint32_t view_count;
    uint32_t snapshot_max_bytes;
    struct registry_teams teams;
    uint32_t stat_count; /* its own */
    char stats[MUSTER_STATS_OWN_MAX][MUSTER_NAME_MAX];
    bool victories_listed; /* else all decide */
    uint32_t victory_count;
    char victories[REGISTRY_VICTORIES_MAX][MUSTER_NAME_MAX]; /* plugins, by instance */
    struct schema settings;                                  /* of the mode alone */
    struct provider *provider; /* newest generation, of the base where there is one */
};

/* A name that the instance's older generation holds is legal: the new entry replaces it at
 * registry_commit. */
muster_status registry_mode_add(struct muster_self *self, const struct muster_mode_info *info,
                                char *error, uint32_t cap) MUSTER_MUST_USE;
muster_status registry_mode_remove(struct muster_self *self, const char *game_mode);
struct mode_entry *registry_mode(const char *game_mode); /* may be null; so when its base is gone */
struct mode_entry *registry_mode_next(const struct mode_entry *previous);
/* Does this plugin decide matches of the mode? Asked of those with the role victory. */
bool registry_mode_victory(const struct mode_entry *entry, const struct muster_self *self);
/* Who declared it: with a base, not who plays it. */
struct muster_self *registry_mode_owner(const struct mode_entry *entry);
/* The mode that it is based on, or "". */
const char *registry_mode_base(const struct mode_entry *entry);

/* Lobby settings that belong to every mode (host->lobby->settings_add), merged in config order;
 * self null: core's own, which come first. */
muster_status registry_settings_add(struct muster_self *self, const char *schema_json, char *error,
                                    uint32_t cap) MUSTER_MUST_USE;
/* The mode's schema, its base's and all common ones as one, with the defaults of the mode; owned by
 * the registry, rebuilt when anything changed; null for an unknown mode. */
const struct schema *registry_settings(const char *game_mode);

#endif
