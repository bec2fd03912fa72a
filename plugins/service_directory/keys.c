/* keys - who may register servers: the operators' keys, and the command directory.key. A key is
 * shown once, when it is made; its digest is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "service_directory.h"

#define COMMAND "directory.key"
#define USAGE                                                                                      \
    "expected: " COMMAND " add OPERATOR, " COMMAND " list, " COMMAND " revoke ID or " COMMAND      \
    " trust ID 0-100"
#define TRUST_FIRST 50
#define TRUST_MAX 100

struct key *keys_find(const struct directory *directory, const uint8_t digest[DIGEST_BYTES]) {
    struct key *key = directory->keys;
    while (key && (key->revoked_ms || sodium_memcmp(key->digest, digest, DIGEST_BYTES) != 0))
        key = key->next;
    return key;
}

struct key *keys_find_id(const struct directory *directory, const char *id) {
    struct key *key = directory->keys;
    while (key && strcmp(key->id, id) != 0) key = key->next;
    return key;
}

struct key *keys_put(struct directory *directory, const char *id, const char *operator_name) {
    struct key *key = calloc(1, sizeof *key);
    if (!key) return NULL;
    snprintf(key->id, sizeof key->id, "%s", id);
    snprintf(key->operator_name, sizeof key->operator_name, "%s", operator_name);
    key->next = directory->keys;
    directory->keys = key;
    return key;
}

void keys_clear(struct directory *directory) {
    while (directory->keys) {
        struct key *next = directory->keys->next;
        free(directory->keys);
        directory->keys = next;
    }
}

/* ---- the command ----------------------------------------------------------------------------- */

/* A command that waits until it is on the disk. */
struct run {
    struct directory *directory;
    muster_command_call_id call;
    char text[WHY_MAX + DIRECTORY_TOKEN_MAX];
};

static void say(const struct directory *directory, muster_command_call_id call,
                muster_status status, const char *text) {
    (void)directory->host->admin->command_answer(directory->self, call, status, text);
}

static void stored(void *user, muster_status status) {
    struct run *run = user;
    say(run->directory, run->call, status,
        status ? "it could not be written to the database" : run->text);
    sodium_memzero(run->text, sizeof run->text);
    free(run);
}

static struct run *run_create(struct directory *directory, muster_command_call_id call) {
    struct run *run = calloc(1, sizeof *run);
    if (run)
        *run = (struct run){.directory = directory, .call = call};
    else
        say(directory, call, MUSTER_NO_MEMORY, "out of memory");
    return run;
}

static void add(struct directory *directory, const struct muster_command_call *call,
                const char *operator_name) {
    char name[TEXT_NAME_MAX], why[WHY_MAX], secret[DIRECTORY_TOKEN_MAX], id[KEY_ID_MAX];
    uint8_t bytes[(KEY_ID_MAX - 1) / 2];
    if (!text_name(operator_name, name, why, sizeof why)) {
        say(directory, call->id, MUSTER_INVALID, why);
        return;
    }
    struct run *run = run_create(directory, call->id);
    if (!run) return;
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(id, sizeof id, bytes, sizeof bytes);
    struct key *key = keys_put(directory, id, name);
    if (!key) {
        stored(run, MUSTER_NO_MEMORY);
        return;
    }
    secret_make("mk_", secret);
    secret_digest(secret, key->digest);
    key->trust = TRUST_FIRST;
    key->created_ms = directory->host->loop->unix_ms(directory->self);
    snprintf(run->text, sizeof run->text,
             "key %s of %s, shown this once (service_registrar.key):\n%s", id, name, secret);
    sodium_memzero(secret, sizeof secret);
    store_key(directory, key, stored, run);
}

static uint32_t count_servers(const struct directory *directory, const struct key *key) {
    uint32_t count = 0;
    for (const struct server *s = directory->servers; s; s = s->hh.next)
        count += s->key == key && s->token_expires_ms != 0;
    return count;
}

static void list(struct directory *directory, const struct muster_command_call *call) {
    size_t size = 1, len = 0;
    for (const struct key *key = directory->keys; key; key = key->next) size += 160;
    char *text = calloc(1, size);
    if (!text) {
        say(directory, call->id, MUSTER_NO_MEMORY, "out of memory");
        return;
    }
    for (const struct key *key = directory->keys; key; key = key->next) {
        char day[16];
        time_t made = (time_t)(key->created_ms / 1000);
        struct tm tm;
        strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&made, &tm));
        len += (size_t)snprintf(text + len, size - len, "%s  %s  %s, %u servers%s, trust %u\n",
                                key->id, day, key->operator_name, count_servers(directory, key),
                                key->revoked_ms ? ", revoked" : "", key->trust);
    }
    say(directory, call->id, MUSTER_OK, len ? text : "no keys yet");
    free(text);
}

static void revoke(struct directory *directory, const struct muster_command_call *call,
                   const char *id) {
    struct server *next;
    uint32_t count = 0;
    struct key *key = keys_find_id(directory, id);
    if (!key) {
        say(directory, call->id, MUSTER_NOT_FOUND, "there is no such key");
        return;
    }
    struct run *run = run_create(directory, call->id);
    if (!run) return;
    /* Again: it may not have come to the disk before. */
    if (!key->revoked_ms) key->revoked_ms = directory->host->loop->unix_ms(directory->self);
    for (struct server *server = directory->servers; server; server = next) {
        next = server->hh.next;
        if (server->key != key || !server->token_expires_ms) continue;
        servers_retire(directory, server);
        store_server(directory, server, NULL, NULL);
        count++;
    }
    snprintf(run->text, sizeof run->text, "key %s of %s is revoked, and %u servers with it",
             key->id, key->operator_name, count);
    store_key(directory, key, stored, run);
}

/* arguments: ID and how much. */
static void trust(struct directory *directory, const struct muster_command_call *call,
                  const char *arguments) {
    char id[KEY_ID_MAX];
    unsigned percent;
    int end = 0;
    bool is_sound = sscanf(arguments, "%12[0-9a-f] %3u%n", id, &percent, &end) == 2 &&
                    arguments[end] == '\0' && percent <= TRUST_MAX;
    struct key *key = is_sound ? keys_find_id(directory, id) : NULL;
    if (!key) {
        say(directory, call->id, is_sound ? MUSTER_NOT_FOUND : MUSTER_INVALID,
            is_sound ? "there is no such key" : USAGE);
        return;
    }
    struct run *run = run_create(directory, call->id);
    if (!run) return;
    key->trust = percent;
    snprintf(run->text, sizeof run->text, "what servers of %s suspect weighs %u of %d",
             key->operator_name, key->trust, TRUST_MAX);
    store_key(directory, key, stored, run);
}

/* What stands behind the word; null: it begins with another one. */
static const char *behind(const char *line, const char *word) {
    size_t len = strlen(word);
    if (strncmp(line, word, len) != 0 || (line[len] && line[len] != ' ')) return NULL;
    return line + len + strspn(line + len, " ");
}

static void on_command(void *user, const struct muster_command_call *call) {
    struct directory *directory = user;
    const char *rest;
    if (!directory->is_ready)
        say(directory, call->id, MUSTER_UNAVAILABLE, "the directory is not ready yet");
    else if ((rest = behind(call->arguments, "add")) && rest[0])
        add(directory, call, rest);
    else if ((rest = behind(call->arguments, "revoke")) && rest[0])
        revoke(directory, call, rest);
    else if ((rest = behind(call->arguments, "trust")) && rest[0])
        trust(directory, call, rest);
    else if ((rest = behind(call->arguments, "list")) && !rest[0])
        list(directory, call);
    else
        say(directory, call->id, MUSTER_INVALID, USAGE);
}

muster_status keys_add_command(struct directory *directory) {
    return directory->host->admin->command_add_late(
        directory->self, COMMAND,
        "add OPERATOR | list | revoke ID | trust ID 0-100: keys to register servers with",
        on_command, directory);
}
