/* fleet - sanctions of all nodes that share the role kv: each tells the others what was said at it,
 * and what they tell is in force here at once, and kept. A message is one change:
 *     {"node": ..., "ended": ["0123456789ab"], "added": {"key": ..., "kind": "ban", ...}}
 * with the names and values of struct muster_sanction. What comes is a stranger's as far as its
 * form goes. A node hears itself, too, and leaves that out. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "moderation.h"

#define CHANNEL "moderation/sanctions"
#define TEXT_MAX 512 /* longer than any text of a sanction */

/* ---- telling --------------------------------------------------------------------------------- */

static json_t *write_sanction(const struct muster_sanction *s) {
    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "key", s->key,
                     "kind", moderation_kind_text(s->kind), "guestsOnly", (int)s->guests_only,
                     "createdMs", (json_int_t)s->created_ms, "expiresMs", (json_int_t)s->expires_ms,
                     "playerKey", s->player_key, "playerName", s->player_name, "address",
                     s->address, "reason", s->reason, "note", s->note, "actor", s->actor);
}

static char *write_change(const struct moderation *moderation,
                          const struct muster_sanction_change *change) {
    json_t *ended = json_array();
    json_t *added = change->added ? write_sanction(change->added) : json_null();
    for (uint32_t i = 0; i < change->ended_count; i++)
        json_array_append_new(ended, json_string(change->ended[i]));
    json_t *root =
        json_pack("{s:s, s:o, s:o}", "node", moderation->node_id, "ended", ended, "added", added);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

static void on_told(void *user, muster_status status, const struct muster_kv_answer *answer) {
    const struct moderation *moderation = user;
    (void)answer;
    if (status != MUSTER_OK && status != MUSTER_CLOSED)
        moderation->host->log->write(moderation->self, MUSTER_LOG_WARN,
                                     "other nodes were not told of a sanction: %s",
                                     muster_status_text(status));
}

void fleet_tell(const struct moderation *moderation, const struct muster_sanction_change *change) {
    if (!moderation->news.value) return;
    char *text = write_change(moderation, change);
    const struct muster_kv_request request = {.size = sizeof request,
                                              .kind = MUSTER_KV_PUBLISH,
                                              .key = CHANNEL,
                                              .value = {text, text ? strlen(text) : 0}};
    muster_status status = text ? moderation->host->kv->request(moderation->self, &request, on_told,
                                                                (void *)moderation, NULL)
                                : MUSTER_NO_MEMORY;
    free(text);
    if (status != MUSTER_OK) on_told((void *)moderation, status, NULL);
}

/* ---- hearing --------------------------------------------------------------------------------- */

/* Null: there is none, or it is too long for one. */
static const char *text_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) && json_string_length(value) < TEXT_MAX ? json_string_value(value)
                                                                         : NULL;
}

static bool is_key(const char *text) {
    return text && strlen(text) == 12 && strspn(text, "0123456789abcdef") == 12;
}

static int64_t integer_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static bool read_sanction(const json_t *object, struct muster_sanction *out) {
    const char *kind = text_of(object, "kind");
    *out = (struct muster_sanction){
        .size = sizeof *out,
        .kind = kind ? moderation_kind_of(kind) : MUSTER_SANCTION_END,
        .guests_only = json_is_true(json_object_get(object, "guestsOnly")),
        .created_ms = integer_of(object, "createdMs"),
        .expires_ms = integer_of(object, "expiresMs"),
        .key = text_of(object, "key"),
        .player_key = text_of(object, "playerKey"),
        .player_name = text_of(object, "playerName"),
        .address = text_of(object, "address"),
        .reason = text_of(object, "reason"),
        .note = text_of(object, "note"),
        .actor = text_of(object, "actor"),
    };
    return is_key(out->key) && out->kind < MUSTER_SANCTION_END && out->player_key &&
           out->player_name && out->address && out->reason && out->note && out->actor;
}

static bool read_ended(const json_t *list, const char *ended[MUSTER_SANCTIONS_ENDED_MAX],
                       uint32_t *count) {
    size_t i;
    const json_t *key;
    if (!json_is_array(list) || json_array_size(list) > MUSTER_SANCTIONS_ENDED_MAX) return false;
    json_array_foreach(list, i, key) {
        ended[i] = json_string_value(key);
        if (!is_key(ended[i])) return false;
    }
    *count = (uint32_t)json_array_size(list);
    return true;
}

/* All of it, or nothing. */
static bool take(const struct moderation *moderation, const json_t *root) {
    const struct muster_host_moderation *host = moderation->host->moderation;
    const json_t *object = json_object_get(root, "added");
    const char *node = text_of(root, "node");
    const char *ended[MUSTER_SANCTIONS_ENDED_MAX];
    struct muster_sanction added;
    struct muster_sanction_change change = {.size = sizeof change, .ended = ended};
    if (!node) return false;
    if (strcmp(node, moderation->node_id) == 0) return true;
    if (!read_ended(json_object_get(root, "ended"), ended, &change.ended_count)) return false;
    if (object && !json_is_null(object)) {
        if (!read_sanction(object, &added)) return false;
        if (host->put(moderation->self, &added) == MUSTER_INVALID) return false;
        change.added = &added;
    }
    for (uint32_t i = 0; i < change.ended_count; i++) (void)host->end(moderation->self, ended[i]);
    if (change.added || change.ended_count) (void)moderation_write(moderation, &change);
    return true;
}

static void on_message(void *user, const char *channel, struct muster_bytes message) {
    const struct moderation *moderation = user;
    json_t *root = json_loadb(message.data, message.len, JSON_REJECT_DUPLICATES, NULL);
    if (!take(moderation, root))
        moderation->host->log->write(moderation->self, MUSTER_LOG_WARN,
                                     "a message in %s is no change of a sanction", channel);
    json_decref(root);
}

void fleet_listen(struct moderation *moderation) {
    struct muster_node_info node = {.size = sizeof node};
    (void)moderation->host->node->info(moderation->self, &node);
    moderation->node_id = node.node_id;
    muster_status status = moderation->host->kv->subscribe(moderation->self, CHANNEL, on_message,
                                                           moderation, &moderation->news);
    if (status != MUSTER_OK && status != MUSTER_UNAVAILABLE)
        moderation->host->log->write(moderation->self, MUSTER_LOG_WARN,
                                     "what other nodes say is not heard: %s",
                                     muster_status_text(status));
}
