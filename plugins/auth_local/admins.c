/* admins - who is an administrator: an account whose name is on the operator's list, and that has
 * shown a code which the operator got from the console. A name or an address proves nothing. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth_local.h"

#define CODE_LIFE_MS 900000 /* 15 minutes, as the command says */
#define CODE_CHARACTERS 20u /* of 5 bits each */
#define CODE_GROUP 5u
#define PERMISSION "admin"

bool admins_listed(const struct auth_local *auth, const char *username) {
    const struct muster_host_config *config = auth->host->config;
    uint32_t count = username[0] ? config->list_count(auth->self, "adminUsers") : 0;
    for (uint32_t i = 0; i < count; i++)
        if (strcasecmp(config->list_item(auth->self, "adminUsers", i), username) == 0) return true;
    return false;
}

static void drop_permission(struct request *request) {
    char kept[sizeof request->permissions] = "";
    size_t used = 0;
    const char *at = request->permissions;
    for (size_t len; *(at += strspn(at, " ")); at += len) {
        len = strcspn(at, " ");
        if (len == strlen(PERMISSION) && memcmp(at, PERMISSION, len) == 0) continue;
        if (used) kept[used++] = ' ';
        memcpy(kept + used, at, len);
        used += len;
    }
    memcpy(request->permissions, kept, sizeof kept);
}

static void add_permission(struct request *request) {
    size_t used = strlen(request->permissions);
    size_t room = sizeof request->permissions - used;
    int n = snprintf(request->permissions + used, room, "%s%s", used ? " " : "", PERMISSION);
    if (n < 0 || (size_t)n >= room) request->permissions[used] = '\0';
}

void admins_limit(struct request *request) {
    if (!admins_listed(request->auth, request->username)) drop_permission(request);
}

/* ---- codes ----------------------------------------------------------------------------------- */

/* What is compared: case, dashes and blanks do not count. */
static void digest_code(const char *code, uint8_t out[ADMIN_CODE_BYTES]) {
    char plain[ADMIN_CODE_MAX] = "";
    size_t len = 0;
    for (; *code && len + 1 < sizeof plain; code++)
        if (isalnum((unsigned char)*code)) plain[len++] = (char)toupper((unsigned char)*code);
    crypto_generichash(out, ADMIN_CODE_BYTES, (const uint8_t *)plain, len, NULL, 0);
    sodium_memzero(plain, sizeof plain);
}

static struct admin_code *find_code(struct auth_local *auth, const char *username) {
    for (uint32_t i = 0; i < ADMIN_CODES_MAX; i++)
        if (strcasecmp(auth->codes[i].username, username) == 0) return &auth->codes[i];
    return NULL;
}

/* Of this name, else the one that ends first: one that is free ended long ago. */
static struct admin_code *place_for(struct auth_local *auth, const char *username) {
    struct admin_code *place = find_code(auth, username);
    if (place) return place;
    place = &auth->codes[0];
    for (uint32_t i = 1; i < ADMIN_CODES_MAX; i++)
        if (auth->codes[i].expires_at_ms < place->expires_at_ms) place = &auth->codes[i];
    return place;
}

static void make_code(struct auth_local *auth, const char *username, char out[ADMIN_CODE_MAX]) {
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* none looks like another */
    uint8_t bytes[CODE_CHARACTERS];
    randombytes_buf(bytes, sizeof bytes);
    size_t len = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i > 0 && i % CODE_GROUP == 0) out[len++] = '-';
        out[len++] = letters[bytes[i] % 32];
    }
    out[len] = '\0';
    sodium_memzero(bytes, sizeof bytes);
    struct admin_code *place = place_for(auth, username);
    snprintf(place->username, sizeof place->username, "%s", username);
    place->expires_at_ms = auth->host->loop->unix_ms(auth->self) + CODE_LIFE_MS;
    digest_code(out, place->digest);
}

void admins_check_code(struct request *request) {
    uint8_t digest[ADMIN_CODE_BYTES];
    if (!request->code[0]) return;
    const struct admin_code *code = find_code(request->auth, request->username);
    digest_code(request->code, digest);
    request->promoted = admins_listed(request->auth, request->username) && code &&
                        code->expires_at_ms > request->now_ms &&
                        sodium_memcmp(digest, code->digest, sizeof digest) == 0;
    if (!request->promoted) return;
    drop_permission(request);
    add_permission(request);
}

void admins_spend_code(struct request *request) {
    struct admin_code *code =
        request->promoted ? find_code(request->auth, request->username) : NULL;
    if (!code) return;
    sodium_memzero(code, sizeof *code);
    const struct muster_log_field fields[] = {muster_log_text("player", request->player_id),
                                              muster_log_text("userName", request->username),
                                              muster_log_text("event", "admin_made")};
    request->auth->host->log->write_fields(request->auth->self, MUSTER_LOG_WARN,
                                           "there is one more administrator", fields, 3);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void put_text(struct muster_writer *answer, const char *text) {
    muster_put_bytes(answer, text, (uint32_t)strlen(text));
}

void admins_command(void *user, const char *arguments, struct muster_writer *answer) {
    struct auth_local *auth = user;
    char code[ADMIN_CODE_MAX];
    if (!admins_listed(auth, arguments)) {
        put_text(answer, "admin-code: expected a user name of auth_local.adminUsers, found \"");
        put_text(answer, arguments);
        put_text(answer, "\"\nFAILED");
        return;
    }
    make_code(auth, arguments, code);
    put_text(answer, code);
    put_text(answer, "\nWho registers or logs in as ");
    put_text(answer, arguments);
    put_text(answer, " with this code within 15 minutes is an administrator from then on.");
    sodium_memzero(code, sizeof code);
}
