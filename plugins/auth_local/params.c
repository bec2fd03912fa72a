/* params - bodies of the routes: one table of keys per route, checked whole before anything else
 * happens. Values never appear in an answer: they may be passwords. */
#include <stdio.h>
#include <string.h>

#include "auth_local.h"
#include "base/text.h"

#define BODY_BYTES_MAX 4096u

struct param {
    const char *key;
    bool required;
    size_t offset; /* of a char array in struct request */
    size_t cap;
    bool (*check)(const char *text); /* null: a name */
    const char *expected;
};

static bool check_username(const char *text) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t len = strlen(text);
    return len >= 3 && len < USERNAME_MAX && strspn(text, letters) == len;
}

static bool check_code(const char *text) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789- ";
    return text[0] && strspn(text, letters) == strlen(text);
}

static bool check_password(const char *text) {
    return strlen(text) >= 8;
}

static bool check_email(const char *text) {
    const char *at = strchr(text, '@');
    if (!at || at == text || !at[1] || strchr(at + 1, '@')) return false;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c <= ' ' || *c == 0x7F) return false;
    return true;
}

static bool check_region(const char *text) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return text[0] && strspn(text, letters) == strlen(text);
}

/* 43 characters are 32 bytes; the last one carries four bits only. */
static bool check_token(const char *text) {
    uint8_t bytes[32];
    size_t len = 0;
    return sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           len == sizeof bytes;
}

#define FIELD(name) offsetof(struct request, name), sizeof(((struct request *)0)->name)
#define USERNAME                                                                                   \
    { "username", true, FIELD(username), check_username, "3 to 32 of A-Z a-z 0-9 _ . -" }
#define PASSWORD                                                                                   \
    { "password", true, FIELD(password), check_password, "8 to 128 bytes of text" }
#define DISPLAY_NAME                                                                               \
    { "displayName", false, FIELD(display_name), NULL, "a name" }
#define EMAIL                                                                                      \
    { "email", false, FIELD(email), check_email, "an address of at most 254 bytes" }
#define REGION                                                                                     \
    { "region", false, FIELD(region), check_region, "1 to 47 of A-Z a-z 0-9 _ -" }
#define CODE                                                                                       \
    { "code", false, FIELD(code), check_code, "a code of at most 32 letters, digits and dashes" }
#define REFRESH_TOKEN                                                                              \
    { "refreshToken", true, FIELD(presented_token), check_token, "a refresh token" }

static const struct param register_params[] = {USERNAME, PASSWORD, DISPLAY_NAME, EMAIL,
                                               REGION,   CODE,     {0}};
static const struct param login_params[] = {USERNAME, PASSWORD, CODE, {0}};
static const struct param guest_params[] = {DISPLAY_NAME, REGION, {0}};
static const struct param refresh_params[] = {REFRESH_TOKEN, {0}};

static const struct param *const tables[] = {
    [PARAMS_REGISTER] = register_params,
    [PARAMS_LOGIN] = login_params,
    [PARAMS_GUEST] = guest_params,
    [PARAMS_REFRESH] = refresh_params,
};

static const char *type_text(const json_t *value) {
    static const char *const names[] = {"an object", "an array", "a string", "a number",
                                        "a number",  "true",     "false",    "null"};
    return names[json_typeof(value)];
}

static const struct param *find_param(const struct param *table, const char *key) {
    for (; table->key; table++)
        if (strcmp(table->key, key) == 0) return table;
    return NULL;
}

static void name_unknown(const struct param *table, char *why, size_t cap) {
    int used = snprintf(why, cap, "A key in the body is unknown: expected");
    for (; table->key && used > 0 && (size_t)used < cap; table++)
        used +=
            snprintf(why + used, cap - (size_t)used, " %s%s", table->key, table[1].key ? "," : "");
}

/* As it is kept: normalised, blanks trimmed. */
static bool read_name(const struct param *param, const char *text, struct request *request,
                      char *why, size_t cap) {
    char unfit[128];
    if (text_name(text, (char *)request + param->offset, unfit, sizeof unfit)) return true;
    snprintf(why, cap, "%s: %s", param->key, unfit);
    return false;
}

static bool read_value(const struct param *param, const json_t *value, struct request *request,
                       char *why, size_t cap) {
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (!text) {
        snprintf(why, cap, "%s: expected %s, found %s", param->key, param->expected,
                 type_text(value));
        return false;
    }
    if (!param->check) return read_name(param, text, request, why, cap);
    if (len >= param->cap || !param->check(text)) {
        snprintf(why, cap, "%s: expected %s, found a text of %zu bytes that is not", param->key,
                 param->expected, len);
        return false;
    }
    memcpy((char *)request + param->offset, text, len + 1);
    return true;
}

static bool read_object(const struct param *table, json_t *body, struct request *request, char *why,
                        size_t cap) {
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value) {
        const struct param *param = find_param(table, key);
        if (!param) {
            name_unknown(table, why, cap);
            return false;
        }
        if (!read_value(param, value, request, why, cap)) return false;
    }
    for (; table->key; table++) {
        if (!table->required || json_object_get(body, table->key)) continue;
        snprintf(why, cap, "%s: expected %s, found nothing", table->key, table->expected);
        return false;
    }
    return true;
}

static json_t *parse(struct muster_bytes body, bool may_be_empty) {
    if (body.len == 0 && may_be_empty) return json_object();
    return json_loadb(body.data, (size_t)body.len, JSON_REJECT_DUPLICATES, NULL);
}

bool params_read(struct request *request, enum params_kind kind, struct muster_bytes body) {
    char why[256] = "The body must be a JSON object.";
    if (body.len > BODY_BYTES_MAX) {
        request_problem(request, 413, "invalid_params", "The body is over 4096 bytes.");
        return false;
    }
    json_t *root = parse(body, kind == PARAMS_GUEST);
    if (!root) {
        request_problem(request, 400, "parse_error", "The body is not JSON, or has a key twice.");
        return false;
    }
    bool ok = json_is_object(root) && read_object(tables[kind], root, request, why, sizeof why);
    json_decref(root);
    if (!ok) request_problem(request, 400, "invalid_params", why);
    return ok;
}
