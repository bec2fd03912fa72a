/* moderation - shared by the files of this plugin. Loop thread. */
#ifndef MODERATION_PLUGIN_H
#define MODERATION_PLUGIN_H

#include <muster/plugin.h>

struct moderation {
    muster_self *self;
    const struct muster_host *host;
    const char *node_id;
    int64_t ended_days; /* after which what is over goes; 0: never */
    muster_timer_id purge;
    muster_kv_subscription_id news; /* 0: nobody provides kv */
};

/* The words of kinds; MUSTER_SANCTION_END: it is none. */
const char *moderation_kind_text(uint32_t kind);
uint32_t moderation_kind_of(const char *word);
/* Into the table. Twice is as good as once. */
muster_status moderation_write(const struct moderation *moderation,
                               const struct muster_sanction_change *change);

/* ---- fleet.c ---- */

/* From now on what other nodes say is in force here, too. */
void fleet_listen(struct moderation *moderation);
/* Tells them what was said here. */
void fleet_tell(const struct moderation *moderation, const struct muster_sanction_change *change);

#endif
