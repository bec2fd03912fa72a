/* What the rules of a lobby say: states of the providers, and the questions put to them. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lobby_internal.h"
#include "loop.h"
#include "status.h"
#include "watchdog.h"

/* ---- life ------------------------------------------------------------------------------------ */

void lobby_rules_create(struct lobby *lobby) {
    struct provider *p = registry_first(MUSTER_ROLE_RULES);
    for (; p && lobby->rules_count < MATCH_RULES_MAX; p = p->next) {
        struct match_part *part = &lobby->rules[lobby->rules_count++];
        part->provider = p;
        plugin_pin(p->self);
        if (!p->rules.create) continue;
        plugin_enter(p->self, "rules.create");
        watchdog_call_of(lobby->key);
        muster_status status = p->rules.create(p->instance, lobby->id, &part->state);
        plugin_leave();
        if (status) plugin_fault(p->self, "rules.create: %s", status_text(status));
    }
}

void lobby_rules_destroy(struct lobby *lobby) {
    for (uint32_t i = 0; i < lobby->rules_count; i++) {
        struct match_part *part = &lobby->rules[i];
        plugin_enter(part->provider->self, "rules.destroy");
        watchdog_call_of(lobby->key);
        if (part->provider->rules.destroy)
            part->provider->rules.destroy(part->provider->instance, part->state);
        plugin_leave();
        plugin_unpin(part->provider->self);
    }
    lobby->rules_count = 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

static void refuse(struct failure *failure, const char *reason,
                   const struct muster_refusal *refusal) {
    json_t *data = json_object();
    if (refusal->word[0]) json_object_set_new(data, "reason", json_string(refusal->word));
    if (refusal->retry_after_ms)
        json_object_set_new(data, "retryAfterMs", json_integer(refusal->retry_after_ms));
    failure_set_data(failure, refusal->retry_after_ms ? RPC_RATE_LIMITED : RPC_DENIED, data, "%s",
                     reason[0] ? reason : "a rule refused");
}

/* What a plugin has filled in is a text; else it is cut, and its fault. */
static void end_text(const struct provider *p, char *text, uint32_t cap, const char *what) {
    if (memchr(text, '\0', cap)) return;
    text[cap - 1] = '\0';
    plugin_fault(p->self, "%s is not NUL-terminated within %u bytes", what, cap);
}

/* REJECT is one, too; what is none counts as one. */
static bool rejects(const struct provider *p, muster_verdict verdict, const char *call) {
    if (verdict == MUSTER_ACCEPT || verdict == MUSTER_PASS) return false;
    if (verdict != MUSTER_REJECT) plugin_fault(p->self, "%s answered %u", call, verdict);
    return true;
}

/* lobby: null before there is one. */
static muster_verdict ask(const struct lobby *lobby, const struct match_part *part,
                          const struct muster_action *action, struct failure *failure) {
    const struct provider *p = part->provider;
    char reason[MUSTER_REASON_MAX] = "";
    struct muster_refusal refusal = {.size = sizeof refusal};
    struct muster_action asked = *action;
    asked.refusal = &refusal;
    if (plugin_is_called(p->self)) {
        failure_set_data(failure, RPC_DENIED, json_pack("{s:s}", "reason", "busy"),
                         "%s waits for an answer itself", p->self->instance_name);
        return MUSTER_REJECT;
    }
    if (!p->rules.allow) return MUSTER_PASS;
    plugin_enter(p->self, "rules.allow");
    watchdog_call_of(lobby ? lobby->key : NULL);
    muster_verdict verdict =
        p->rules.allow(p->instance, part->state, &asked, reason, sizeof reason);
    plugin_leave();
    if (!rejects(p, verdict, "rules.allow")) return verdict;
    end_text(p, reason, sizeof reason, "rules.allow: reason");
    end_text(p, refusal.word, sizeof refusal.word, "rules.allow: refusal->word");
    refuse(failure, reason, &refusal);
    return MUSTER_REJECT;
}

int32_t lobby_ask(const struct lobby *lobby, const struct muster_action *action,
                  const struct muster_self *asker, bool needs_accept, struct failure *failure) {
    bool accepted = false;
    for (uint32_t i = 0; i < lobby->rules_count; i++) {
        const struct match_part *part = &lobby->rules[i];
        if (part->provider->self == asker) continue;
        muster_verdict verdict = ask(lobby, part, action, failure);
        if (verdict == MUSTER_REJECT) return failure->code;
        accepted = accepted || verdict == MUSTER_ACCEPT;
    }
    if (accepted || !needs_accept) return RPC_OK;
    return failure_set_data(failure, RPC_DENIED, json_pack("{s:s}", "reason", "no_rules"),
                            "no rule of this server allows that");
}

int32_t lobby_allow(struct lobby *lobby, const struct muster_action *action,
                    struct failure *failure) {
    return lobby_ask(lobby, action, NULL, false, failure);
}

int32_t lobby_authorize(struct lobby *lobby, const struct muster_action *action,
                        struct failure *failure) {
    return lobby_ask(lobby, action, NULL, true, failure);
}

int32_t lobby_allow_create(const struct muster_action *action, struct failure *failure) {
    for (struct provider *p = registry_first(MUSTER_ROLE_RULES); p; p = p->next)
        if (ask(NULL, &(struct match_part){.provider = p}, action, failure) == MUSTER_REJECT)
            return failure->code;
    return RPC_OK;
}

struct muster_action lobby_action(const struct lobby *lobby, const struct session *session,
                                  uint32_t kind) {
    return (struct muster_action){
        .size = sizeof(struct muster_action),
        .kind = kind,
        .lobby = lobby->id,
        .game_mode = lobby->game_mode,
        .player = session ? session->id : (muster_player_id){0},
        .seat = session && MUSTER_ID_SAME(session->lobby, lobby->id)
                    ? lobby_seat(lobby, session->member)
                    : MUSTER_SEAT_NONE,
        .target_seat = MUSTER_SEAT_NONE,
        .key = "",
        .value = "",
    };
}

/* ---- news and values ------------------------------------------------------------------------- */

void lobby_rules_changed(struct lobby *lobby, const struct muster_self *but, const char *key,
                         json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    for (uint32_t i = 0; text && i < lobby->rules_count; i++) {
        const struct match_part *part = &lobby->rules[i];
        const struct provider *p = part->provider;
        if (!p->rules.changed || p->self == but) continue;
        plugin_enter(p->self, "rules.changed");
        watchdog_call_of(lobby->key);
        p->rules.changed(p->instance, part->state, key, text);
        plugin_leave();
    }
    free(text);
}

/* What rules hear of; the rest is the business of host->events. */
static const uint64_t rules_kinds =
    1u << MUSTER_NOTICE_LOBBY_CREATED | 1u << MUSTER_NOTICE_LOBBY_STATE |
    1u << MUSTER_NOTICE_LOBBY_HOST | 1u << MUSTER_NOTICE_SEAT_TAKEN |
    1u << MUSTER_NOTICE_SEAT_LEFT | 1u << MUSTER_NOTICE_MATCH_STARTED |
    1u << MUSTER_NOTICE_MATCH_ENDED | 1u << MUSTER_NOTICE_LOBBY_FROZEN |
    1u << MUSTER_NOTICE_LOBBY_THAWED;

static void tell_rules(const struct lobby *lobby, const struct muster_notice *notice) {
    for (uint32_t i = 0; i < lobby->rules_count; i++) {
        const struct match_part *part = &lobby->rules[i];
        if (!part->provider->rules.notice) continue;
        plugin_enter(part->provider->self, "rules.notice");
        watchdog_call_of(lobby->key);
        part->provider->rules.notice(part->provider->instance, part->state, notice);
        plugin_leave();
    }
}

static void tell_all_rules(struct muster_notice notice) {
    for (struct lobby *lobby; (lobby = lobby_next(&notice.lobby));)
        if (!lobby->closing) tell_rules(lobby, &notice);
}

void lobby_rules_notice(const struct muster_notice *notice) {
    const struct lobby *lobby = lobby_find(notice->lobby);
    if (notice->kind == MUSTER_NOTICE_SERVER_RESTARTING)
        tell_all_rules(*notice);
    else if (lobby && !lobby->closing && rules_kinds >> notice->kind & 1)
        tell_rules(lobby, notice);
}

bool lobby_rules_chat(struct lobby *lobby, const struct session *speaker, char *text,
                      uint32_t cap) {
    const struct muster_chat chat = {.size = sizeof chat,
                                     .seat = lobby_seat(lobby, speaker->member),
                                     .lobby = lobby->id,
                                     .player = speaker->id};
    for (uint32_t i = 0; i < lobby->rules_count; i++) {
        const struct match_part *part = &lobby->rules[i];
        if (!part->provider->rules.chat) continue;
        plugin_enter(part->provider->self, "rules.chat");
        watchdog_call_of(lobby->key);
        muster_verdict verdict =
            part->provider->rules.chat(part->provider->instance, part->state, &chat, text, cap);
        plugin_leave();
        end_text(part->provider, text, cap, "rules.chat: text");
        if (rejects(part->provider, verdict, "rules.chat")) return false;
        if (text_end_mend(text)) continue;
        plugin_fault(part->provider->self, "rules.chat: the text is no UTF-8");
        return false;
    }
    return true;
}
