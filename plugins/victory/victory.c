/* victory - see victory.h. */
#include "victory/victory.h"

#include <stdlib.h>
#include <string.h>

struct instance {
    muster_self *self;
    const struct muster_host *host;
    const struct victory_rule *rule;
};

muster_status victory_init(muster_self *self, const struct muster_host *host,
                           const struct victory_rule *rule, void **out) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (!instance) return MUSTER_NO_MEMORY;
    *instance = (struct instance){self, host, rule};
    muster_status status = host->lobby->settings_add(self, rule->settings);
    if (status != MUSTER_OK) {
        free(instance);
        return status;
    }
    *out = instance;
    return MUSTER_OK;
}

static int64_t read_setting(const struct instance *instance, muster_match_id match) {
    const struct muster_host_match *host = instance->host->match;
    const char *key = instance->rule->key;
    if (instance->rule->is_switch) return host->setting_boolean(instance->self, match, key);
    return host->setting_integer(instance->self, match, key);
}

muster_status victory_create(void *instance, const struct muster_match_info *info, void **state) {
    struct victory_match *match = calloc(1, sizeof *match);
    if (!match) return MUSTER_NO_MEMORY;
    match->match = info->match;
    match->setting = read_setting(instance, info->match);
    *state = match;
    return MUSTER_OK;
}

void victory_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

void victory_setting(void *instance, void *state, const char *key) {
    const struct instance *self = instance;
    struct victory_match *match = state;
    if (strcmp(key, self->rule->key) == 0) match->setting = read_setting(self, match->match);
}

void victory_save(void *instance, void *state, struct muster_writer *out) {
    const struct victory_match *match = state;
    (void)instance;
    muster_put_i64(out, match->setting);
    muster_put_u8(out, match->is_begun);
}

muster_status victory_load(void *instance, void *state, struct muster_reader *in) {
    struct victory_match *match = state;
    (void)instance;
    match->setting = muster_get_i64(in);
    match->is_begun = muster_get_u8(in) != 0;
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}
