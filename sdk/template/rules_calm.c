/* rules_calm - what is allowed, and with which numbers: words that the operator has listed are
 * starred out in the chat, spectators may be kept out of it, and matches may hit less hard.
 */
#include <ctype.h>
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 64

struct calm {
    muster_self *self;
    const struct muster_host *host;
    const char *words[WORDS_MAX]; /* starred out */
    uint32_t word_count;
};

/* Spectators of a lobby with rulesCalmSpectatorChat off do not talk into its game. */
static muster_verdict calm_allow(void *instance, void *state, const struct muster_action *action,
                                 char *reason, uint32_t cap) {
    const struct calm *calm = instance;
    (void)state;
    if (action->kind != MUSTER_ACTION_CHAT || action->seat != MUSTER_SEAT_NONE) return MUSTER_PASS;
    if (calm->host->lobby->setting_boolean(calm->self, action->lobby, "rulesCalmSpectatorChat"))
        return MUSTER_PASS;
    snprintf(reason, cap, "Spectators do not talk in this lobby.");
    snprintf(action->refusal->word, sizeof action->refusal->word, "spectator");
    return MUSTER_REJECT;
}

/* Part of the match step: it reads settings, which are frozen, and its arguments. */
static void calm_adjust(void *instance, void *state, muster_match_id match,
                        const struct muster_param *param, int64_t *value) {
    const struct calm *calm = instance;
    (void)state;
    if (strcmp(param->name, "damage") != 0) return;
    *value =
        *value * calm->host->match->setting_integer(calm->self, match, "rulesCalmDamage") / 100;
}

/* Stars over the word where it stands by itself, in ASCII letters of either case. */
static void star_out(char *text, const char *word) {
    size_t len = strlen(word);
    for (char *at = text; len && *at; at++) {
        bool begins = at == text || !isalnum((unsigned char)at[-1]);
        if (begins && strncasecmp(at, word, len) == 0 && !isalnum((unsigned char)at[len]))
            memset(at, '*', len);
    }
}

static muster_verdict calm_chat(void *instance, void *state, const struct muster_chat *chat,
                                char *text, uint32_t cap) {
    const struct calm *calm = instance;
    (void)state, (void)chat, (void)cap;
    for (uint32_t i = 0; i < calm->word_count; i++) star_out(text, calm->words[i]);
    return MUSTER_PASS;
}

static muster_status calm_init(muster_self *self, const struct muster_host *host, void **instance) {
    MUSTER_SCHEMA(settings,
                  MUSTER_SCHEMA_BOOL("rulesCalmSpectatorChat", true, MUSTER_ALWAYS,
                                     MUSTER_LABEL("Spectators may talk")),
                  MUSTER_SCHEMA_INT("rulesCalmDamage", 100, 0, 100, MUSTER_UNIT("%"),
                                    MUSTER_LABEL("Damage")));
    muster_status status = host->lobby->settings_add(self, settings);
    if (status != MUSTER_OK) return status;
    struct calm *calm = calloc(1, sizeof *calm);
    if (!calm) return MUSTER_NO_MEMORY;
    *calm = (struct calm){
        .self = self, .host = host, .word_count = host->config->list_count(self, "words")};
    for (uint32_t i = 0; i < calm->word_count; i++)
        calm->words[i] = host->config->list_item(self, "words", i);
    *instance = calm;
    return MUSTER_OK;
}

MUSTER_SCHEMA(config_schema, MUSTER_SCHEMA_LIST("words", MUSTER_NO_VALUES, WORDS_MAX,
                                                MUSTER_LABEL("Words starred out in chats")));
static const struct muster_rules rules = {
    .size = sizeof rules, .allow = calm_allow, .adjust = calm_adjust, .chat = calm_chat};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_RULES, .vtable = &rules}};

MUSTER_PLUGIN(.name = "rules_calm", .version = "1.0.0", .description = "Softer words and hits.",
              .roles = roles, .role_count = 1, .config_schema = config_schema, .init = calm_init,
              .fini = free);
