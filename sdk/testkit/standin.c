/* standin.c - a plugin of the kit's own, loaded like any: a mode without play for matches that a
 * test makes without one, rules that ask the test, an observer that counts facts. */
#include "internal.h"

#include <stdlib.h>

struct fact_sum {
    muster_match_id match;
    int64_t sum;
    struct fact_sum *prev, *next;
    char kind[64];
};

static struct {
    muster_self *self;
    muster_verdict (*ask)(void *user, const struct muster_action *action, char *reason,
                          uint32_t cap);
    void *ask_user;
    int64_t (*adjust)(void *user, const struct muster_param *param, int64_t value);
    void *adjust_user;
    void (*tell)(void *user, const struct muster_fact *fact);
    void *tell_user;
    struct fact_sum *facts;
} standin;

/* ---- what a test wants of it ----------------------------------------------------------------- */

void testkit_ask_set(struct testkit *kit,
                     muster_verdict (*fn)(void *user, const struct muster_action *action,
                                          char *reason, uint32_t cap),
                     void *user) {
    KIT_NEED_OR_NOTHING(kit);
    standin.ask = fn;
    standin.ask_user = user;
}

void testkit_adjust_set(struct testkit *kit,
                        int64_t (*fn)(void *user, const struct muster_param *param, int64_t value),
                        void *user) {
    KIT_NEED_OR_NOTHING(kit);
    standin.adjust = fn;
    standin.adjust_user = user;
}

void testkit_tell_set(struct testkit *kit, void (*fn)(void *user, const struct muster_fact *fact),
                      void *user) {
    KIT_NEED_OR_NOTHING(kit);
    standin.tell = fn;
    standin.tell_user = user;
}

void kit_standin_forget(void) {
    struct fact_sum *sum, *next;
    DL_FOREACH_SAFE(standin.facts, sum, next) {
        DL_DELETE(standin.facts, sum);
        free(sum);
    }
    memset(&standin, 0, sizeof standin);
}

muster_self *kit_standin_self(void) {
    return standin.self;
}

/* ---- a mode ---------------------------------------------------------------------------------- */

static muster_status mode_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    (void)instance, (void)info;
    *state = NULL;
    return MUSTER_OK;
}

static void mode_destroy(void *instance, void *state) {
    (void)instance, (void)state;
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    (void)instance, (void)state, (void)seat;
    return MUSTER_OK;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    (void)instance, (void)state, (void)seat, (void)reason;
}

static void mode_input(void *instance, void *state, uint32_t seat,
                       const struct muster_input *input) {
    (void)instance, (void)state, (void)seat, (void)input;
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    (void)instance, (void)state, (void)tick;
}

static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    (void)instance, (void)state, (void)view, (void)full, (void)out;
}

static void mode_save(void *instance, void *state, struct muster_writer *out) {
    (void)instance, (void)state, (void)out;
}

static muster_status mode_load(void *instance, void *state, struct muster_reader *in) {
    (void)instance, (void)state, (void)in;
    return MUSTER_OK;
}

static muster_status mode_command(void *instance, void *state,
                                  const struct muster_command *command) {
    (void)instance, (void)state, (void)command;
    return MUSTER_OK;
}

static const struct muster_mode mode = {
    .size = sizeof mode,
    .create = mode_create,
    .destroy = mode_destroy,
    .join = mode_join,
    .leave = mode_leave,
    .input = mode_input,
    .tick = mode_tick,
    .snapshot = mode_snapshot,
    .save = mode_save,
    .load = mode_load,
    .command = mode_command,
};

/* ---- rules ----------------------------------------------------------------------------------- */

static muster_verdict rules_allow(void *instance, void *state, const struct muster_action *action,
                                  char *reason, uint32_t cap) {
    (void)instance, (void)state;
    return standin.ask ? standin.ask(standin.ask_user, action, reason, cap) : MUSTER_PASS;
}

static void rules_adjust(void *instance, void *state, muster_match_id match,
                         const struct muster_param *param, int64_t *value) {
    (void)instance, (void)state, (void)match;
    if (standin.adjust) *value = standin.adjust(standin.adjust_user, param, *value);
}

static void rules_fact(void *instance, void *state, const struct muster_fact *fact) {
    (void)instance, (void)state;
    if (standin.tell) standin.tell(standin.tell_user, fact);
}

static const struct muster_rules rules = {
    .size = sizeof rules,
    .allow = rules_allow,
    .adjust = rules_adjust,
    .match_fact = rules_fact,
};

/* ---- facts ----------------------------------------------------------------------------------- */

static muster_status anticheat_create(void *instance, const struct muster_match_info *info,
                                      void **state) {
    (void)instance;
    *state = (void *)(uintptr_t)info->match.value;
    return MUSTER_OK;
}

static void anticheat_destroy(void *instance, void *state) {
    (void)instance, (void)state;
}

static void anticheat_fact(void *instance, void *state, const struct muster_fact *fact) {
    struct fact_sum *sum;
    muster_match_id match = {(uintptr_t)state};
    (void)instance;
    DL_FOREACH(standin.facts, sum) {
        if (MUSTER_ID_SAME(sum->match, match) && strcmp(sum->kind, fact->kind) == 0) break;
    }
    if (!sum) {
        sum = kit_alloc(sizeof *sum);
        sum->match = match;
        strncpy(sum->kind, fact->kind, sizeof sum->kind - 1);
        DL_APPEND(standin.facts, sum);
    }
    sum->sum += fact->value;
}

int64_t kit_fact_sum(muster_match_id match, const char *kind) {
    struct fact_sum *sum;
    DL_FOREACH(standin.facts, sum) {
        if (MUSTER_ID_SAME(sum->match, match) && strcmp(sum->kind, kind) == 0) return sum->sum;
    }
    return 0;
}

static const struct muster_anticheat anticheat = {
    .size = sizeof anticheat,
    .create = anticheat_create,
    .destroy = anticheat_destroy,
    .fact = anticheat_fact,
};

/* ---- the plugin ------------------------------------------------------------------------------ */

static muster_status init(muster_self *self, const struct muster_host *host, void **out) {
    (void)host;
    standin.self = self;
    *out = NULL;
    return MUSTER_OK;
}

static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_MODE, .vtable = &mode},
    {.kind = MUSTER_ROLE_RULES, .vtable = &rules},
    {.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &anticheat},
};

const struct muster_plugin kit_standin = {
    .magic = MUSTER_PLUGIN_MAGIC,
    .abi_major = MUSTER_ABI_MAJOR,
    .abi_minor = MUSTER_ABI_MINOR,
    .size = sizeof kit_standin,
    .name = "testkit",
    .version = "1.0.0",
    .description = "What a test does not bring",
    .roles = roles,
    .role_count = 3,
    .init = init,
};
