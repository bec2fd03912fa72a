/* claims - a verified token's claims into an identity. Verified is not the same as harmless: what
 * other parts print or compare is checked here. */
#include <stdio.h>
#include <string.h>

#include "jwt/gate.h"

bool gate_player_key_is_sound(const char *key) {
    if (strncmp(key, "bot:", 4) == 0) return false;
    for (const char *c = key; *c; c++)
        if (*c <= ' ' || *c > '~') return false;
    return true;
}

static bool has_control(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7F || (*c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)) return true;
    return false;
}

/* Optional text: what does not fit is left out, never cut in the middle of a character. */
static void copy_text(const json_t *claims, const char *name, char *out, size_t cap) {
    const json_t *value = json_object_get(claims, name);
    size_t len = json_string_length(value);
    out[0] = '\0';
    if (!json_is_string(value) || len >= cap || has_control(json_string_value(value))) return;
    memcpy(out, json_string_value(value), len + 1);
}

/* A name is cut at the end of a character; what is wrong in it the server mends. */
static void copy_name(const json_t *claims, const char *name, char *out, size_t cap) {
    const char *text = json_string_value(json_object_get(claims, name));
    size_t len = text ? strlen(text) : 0;
    if (len >= cap) len = cap - 1;
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80) len--;
    snprintf(out, cap, "%.*s", (int)len, text ? text : "");
}

static bool is_allowed(const struct gate_config *config, const char *word, size_t len) {
    if (config->permissions_all) return true;
    for (uint32_t i = 0; i < config->permission_count; i++)
        if (strlen(config->permissions[i]) == len && memcmp(config->permissions[i], word, len) == 0)
            return true;
    return false;
}

/* Appends one permission; one that does not fit whole is left out. */
static void add_permission(const struct gate_config *config, const char *word, size_t len,
                           struct muster_identity *out) {
    size_t used = strlen(out->permissions);
    if (len == 0 || !is_allowed(config, word, len)) return;
    if (used + 1 + len >= sizeof out->permissions) return;
    if (used) out->permissions[used++] = ' ';
    memcpy(out->permissions + used, word, len);
    out->permissions[used + len] = '\0';
}

/* Words of one text, so that a permission can never hide a space and with it a second one. */
static void add_permissions(const struct gate_config *config, const char *text,
                            struct muster_identity *out) {
    while (text && *text) {
        text += strspn(text, " ");
        size_t len = strcspn(text, " ");
        add_permission(config, text, len, out);
        text += len;
    }
}

static void read_permissions(const struct gate_config *config, const json_t *claims,
                             struct muster_identity *out) {
    const json_t *value = json_object_get(claims, config->permissions_claim);
    size_t i;
    json_t *item;
    add_permissions(config, json_string_value(value), out);
    json_array_foreach(value, i, item) add_permissions(config, json_string_value(item), out);
    if (has_control(out->permissions)) out->permissions[0] = '\0';
}

/* A text that fits whole; false when it is missing or of another type, too. */
static bool take_text(const json_t *claims, const char *name, char *out, size_t cap) {
    const json_t *value = json_object_get(claims, name);
    size_t len = json_string_length(value);
    if (!json_is_string(value) || len == 0 || len >= cap) return false;
    memcpy(out, json_string_value(value), len + 1);
    return true;
}

/* What this node makes has a number, what others make has none. */
static bool read_issue(const json_t *claims, struct muster_identity *out) {
    const json_t *issue = json_object_get(claims, "issue");
    json_int_t number = json_integer_value(issue);
    if (!issue) return true;
    out->ticket_issue = (uint32_t)number;
    return json_is_integer(issue) && number > 0 && number <= UINT32_MAX;
}

static bool read_ticket(const json_t *claims, struct muster_identity *out) {
    const json_t *epoch = json_object_get(claims, "epoch");
    if (!take_text(claims, "lobby", out->lobby_key, sizeof out->lobby_key) ||
        !json_is_integer(epoch) || !read_issue(claims, out))
        return false;
    if (json_object_get(claims, "team") && !take_text(claims, "team", out->team, sizeof out->team))
        return false;
    out->lobby_epoch = json_integer_value(epoch);
    out->ticket_issued_at_s = json_integer_value(json_object_get(claims, "iat"));
    return true;
}

bool gate_read_claims(const struct gate_config *config, const json_t *claims,
                      struct muster_identity *out, const char **why) {
    const char *sub = json_string_value(json_object_get(claims, "sub"));
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    int n = snprintf(out->player_key, sizeof out->player_key, "%s%s", config->player_prefix, sub);
    if (n <= 0 || (size_t)n >= sizeof out->player_key ||
        !gate_player_key_is_sound(out->player_key)) {
        *why = "sub cannot be a player id: expected 1 to 63 printable ASCII characters";
        return false;
    }
    copy_name(claims, config->display_name_claim, out->display_name, sizeof out->display_name);
    if (!out->display_name[0])
        snprintf(out->display_name, sizeof out->display_name, "player-%.8s", sub);
    copy_text(claims, config->region_claim, out->region, sizeof out->region);
    read_permissions(config, claims, out);
    bool is_guest = json_is_true(json_object_get(claims, "guest"));
    bool is_ticket = json_object_get(claims, "lobby") != NULL; /* says nothing of an account */
    out->account = is_guest    ? MUSTER_ACCOUNT_GUEST
                   : is_ticket ? MUSTER_ACCOUNT_UNKNOWN
                               : MUSTER_ACCOUNT_REGISTERED;
    out->expires_at_s = json_integer_value(json_object_get(claims, "exp"));
    if (!is_ticket || read_ticket(claims, out)) return true;
    *why = "a claim of the ticket is missing or wrong: lobby, epoch, issue or team";
    return false;
}
