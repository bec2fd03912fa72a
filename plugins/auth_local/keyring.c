/* keyring - key files and the set made of them. */
#include "keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_BYTES 640u

/* "1790000000-0123abcd.pem": when it was made, then chance; without the ending, the kid. */
static bool parse_name(const char *name, char *kid, int64_t *created_s) {
    char *end = NULL;
    size_t len = strlen(name);
    if (len < 5 || len - 4 >= TOKEN_KID_MAX || strcmp(name + len - 4, ".pem") != 0) return false;
    long long created = strtoll(name, &end, 10);
    if (created <= 0 || *end != '-' || strspn(end + 1, "0123456789abcdef") != 8) return false;
    if (end + 9 != name + len - 4) return false;
    memcpy(kid, name, len - 4);
    kid[len - 4] = '\0';
    *created_s = created;
    return true;
}

static void entry_wipe(struct keyring_entry *entry) {
    signer_destroy(entry->signer);
    sodium_memzero(entry, sizeof *entry);
}

/* Private means: ours, and closed to everybody else. */
static bool is_private(const struct stat *info, const char *path, char *why) {
    if (info->st_uid == geteuid() && (info->st_mode & 0077) == 0) return true;
    snprintf(why, KEYRING_WHY_MAX,
             "%.200s must belong to this account and have no access for "
             "others, found mode %03o",
             path, (unsigned)(info->st_mode & 0777));
    return false;
}

static muster_status read_pem(const char *path, char *pem, char *why) {
    struct stat info;
    muster_status status = MUSTER_IO;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        snprintf(why, KEYRING_WHY_MAX, "cannot read %.200s: %s", path, strerror(errno));
        goto done;
    }
    status = MUSTER_DENIED;
    if (!is_private(&info, path, why)) goto done;
    status = MUSTER_INVALID;
    ssize_t len = read(fd, pem, KEYRING_PEM_MAX - 1);
    if (len <= 0 || len == KEYRING_PEM_MAX - 1) {
        snprintf(why, KEYRING_WHY_MAX, "%.200s is not a P-256 key in PEM", path);
        goto done;
    }
    pem[len] = '\0';
    status = MUSTER_OK;
done:
    if (fd >= 0) close(fd);
    return status;
}

/* Takes the entry. Keeps the list ordered by age. */
static void insert(struct keyring *keyring, struct keyring_entry *entry) {
    uint32_t at = keyring->count;
    while (at > 0 && keyring->entries[at - 1].created_s > entry->created_s) {
        keyring->entries[at] = keyring->entries[at - 1];
        at--;
    }
    keyring->entries[at] = *entry;
    sodium_memzero(entry, sizeof *entry);
    keyring->count++;
}

static muster_status load_file(struct keyring *keyring, const char *name, char *why) {
    struct keyring_entry entry = {0};
    char path[PATH_MAX_BYTES];
    if (!parse_name(name, entry.kid, &entry.created_s)) return MUSTER_OK; /* not one of ours */
    snprintf(path, sizeof path, "%s/%s", keyring->dir, name);
    if (keyring->count >= KEYRING_MAX) {
        snprintf(why, KEYRING_WHY_MAX, "more than %u keys in %.200s", KEYRING_MAX, keyring->dir);
        return MUSTER_LIMIT;
    }
    muster_status status = read_pem(path, entry.pem, why);
    if (status == MUSTER_OK) entry.signer = signer_create(entry.pem);
    if (status == MUSTER_OK && !entry.signer) {
        snprintf(why, KEYRING_WHY_MAX, "%.200s is not a P-256 key in PEM", path);
        status = MUSTER_INVALID;
    }
    if (status == MUSTER_OK) insert(keyring, &entry);
    entry_wipe(&entry);
    return status;
}

static muster_status load_all(struct keyring *keyring, char *why) {
    muster_status status = MUSTER_OK;
    struct dirent *item;
    DIR *dir = opendir(keyring->dir);
    if (!dir) {
        snprintf(why, KEYRING_WHY_MAX, "cannot read %.200s: %s", keyring->dir, strerror(errno));
        return MUSTER_IO;
    }
    while (status == MUSTER_OK && (item = readdir(dir)) != NULL)
        status = load_file(keyring, item->d_name, why);
    closedir(dir);
    return status;
}

static muster_status make_dir(const char *dir, char *why) {
    struct stat info;
    if ((mkdir(dir, 0700) != 0 && errno != EEXIST) || lstat(dir, &info) != 0 ||
        !S_ISDIR(info.st_mode)) {
        snprintf(why, KEYRING_WHY_MAX, "cannot make the directory %.200s: %s", dir,
                 strerror(errno));
        return MUSTER_IO;
    }
    return is_private(&info, dir, why) ? MUSTER_OK : MUSTER_DENIED;
}

/* Whole or not at all: a half-written key must never be found at the next start. */
static bool write_file(const char *path, const char *text) {
    char temporary[PATH_MAX_BYTES + 8];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    size_t len = strlen(text);
    bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && rename(temporary, path) == 0;
    if (!ok) unlink(temporary);
    return ok;
}

_Static_assert(2 * KEYRING_MAX <= KEYS_COUNT_MAX, "each key has a ticket key");

static void ticket_kid(const struct keyring_entry *entry, char out[TOKEN_KID_MAX]) {
    snprintf(out, TOKEN_KID_MAX, "%.48s.seat", entry->kid);
}

/* Neither is told by the other one's public half. */
static void make_ticket_key(struct keyring_entry *entry, struct token_key *out) {
    static const uint8_t purpose[] = "muster seat tickets";
    uint8_t seed[crypto_sign_SEEDBYTES];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)entry->pem, strlen(entry->pem), purpose,
                       sizeof purpose - 1);
    *out = (struct token_key){.alg = TOKEN_EDDSA, .len = crypto_sign_PUBLICKEYBYTES};
    crypto_sign_seed_keypair(out->material, entry->ticket_secret, seed);
    ticket_kid(entry, out->kid);
    sodium_memzero(seed, sizeof seed);
}

/* The published document and the set that tokens are verified with. */
static muster_status publish(struct keyring *keyring) {
    json_t *keys = json_array();
    memset(&keyring->keys, 0, sizeof keyring->keys);
    for (uint32_t i = 0; i < keyring->count; i++) {
        struct keyring_entry *entry = &keyring->entries[i];
        json_t *jwk = NULL;
        struct token_key *next = &keyring->keys.items[keyring->keys.count];
        if (keys_public_of(entry->pem, entry->kid, next, &jwk) != MUSTER_OK) continue;
        json_array_append_new(keys, jwk);
        make_ticket_key(entry, next + 1);
        json_array_append_new(keys, keys_jwk_of_eddsa(next + 1));
        keyring->keys.count += 2;
    }
    json_t *root = json_pack("{s:o}", "keys", keys);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text) return MUSTER_NO_MEMORY;
    free(keyring->jwks);
    keyring->jwks = text;
    return MUSTER_OK;
}

static muster_status add_key(struct keyring *keyring, int64_t now_s, char *why) {
    struct keyring_entry entry = {0};
    char path[PATH_MAX_BYTES];
    /* Strictly younger than the last, whatever the clock did. */
    int64_t last_s = keyring->count ? keyring->entries[keyring->count - 1].created_s : 0;
    entry.created_s = now_s > last_s ? now_s : last_s + 1;
    snprintf(entry.kid, sizeof entry.kid, "%lld-%08x", (long long)entry.created_s,
             randombytes_random());
    snprintf(path, sizeof path, "%s/%s.pem", keyring->dir, entry.kid);
    muster_status status = keys_make_p256(entry.pem, sizeof entry.pem);
    if (status == MUSTER_OK) entry.signer = signer_create(entry.pem);
    if (status == MUSTER_OK && !entry.signer) status = MUSTER_NO_MEMORY;
    if (status == MUSTER_OK && !write_file(path, entry.pem)) status = MUSTER_IO;
    if (status == MUSTER_OK)
        insert(keyring, &entry);
    else
        snprintf(why, KEYRING_WHY_MAX, "cannot make the key %.200s", path);
    entry_wipe(&entry);
    return status;
}

static void drop_oldest(struct keyring *keyring) {
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s.pem", keyring->dir, keyring->entries[0].kid);
    unlink(path);
    entry_wipe(&keyring->entries[0]);
    keyring->count--;
    memmove(&keyring->entries[0], &keyring->entries[1],
            keyring->count * sizeof keyring->entries[0]);
    sodium_memzero(&keyring->entries[keyring->count], sizeof keyring->entries[0]);
}

/* A key was replaced when its successor was made. */
static bool drop_outlived(struct keyring *keyring, int64_t now_s) {
    uint32_t before = keyring->count;
    while (keyring->count > 1 && keyring->entries[1].created_s + keyring->keep_s < now_s)
        drop_oldest(keyring);
    return keyring->count != before;
}

muster_status keyring_rotate(struct keyring *keyring, int64_t now_s, char *why) {
    (void)drop_outlived(keyring, now_s);
    if (keyring->count >= KEYRING_MAX) {
        snprintf(why, KEYRING_WHY_MAX, "%u keys still have living tokens, try again later",
                 keyring->count);
        return MUSTER_FULL;
    }
    muster_status status = add_key(keyring, now_s, why);
    return status == MUSTER_OK ? publish(keyring) : status;
}

muster_status keyring_tend(struct keyring *keyring, int64_t now_s, char *why) {
    const struct keyring_entry *active = keyring_active(keyring);
    if (!active || now_s - active->created_s >= keyring->rotate_s)
        return keyring_rotate(keyring, now_s, why);
    return drop_outlived(keyring, now_s) ? publish(keyring) : MUSTER_OK;
}

muster_status keyring_look(struct keyring *keyring, char *why) {
    struct stat info;
    if (lstat(keyring->dir, &info) != 0 && errno == ENOENT) return MUSTER_OK; /* start makes it */
    if (!is_private(&info, keyring->dir, why)) return MUSTER_DENIED;
    muster_status status = load_all(keyring, why);
    keyring_close(keyring);
    return status;
}

muster_status keyring_open(struct keyring *keyring, int64_t now_s, char *why) {
    muster_status status = make_dir(keyring->dir, why);
    if (status == MUSTER_OK) status = load_all(keyring, why);
    if (status == MUSTER_OK) status = keyring_tend(keyring, now_s, why);
    if (status == MUSTER_IO && keyring_active(keyring))
        status = MUSTER_OK; /* a new one could not be written: it is tended again */
    return status == MUSTER_OK ? publish(keyring) : status;
}

void keyring_close(struct keyring *keyring) {
    while (keyring->count) entry_wipe(&keyring->entries[--keyring->count]);
    free(keyring->jwks);
    keyring->jwks = NULL;
}

muster_status keyring_sign_ticket(const struct keyring *keyring, const json_t *claims, char *out,
                                  uint32_t cap) {
    char kid[TOKEN_KID_MAX];
    const struct keyring_entry *active = keyring_active(keyring);
    if (!active) return MUSTER_STATE;
    ticket_kid(active, kid);
    return token_sign_eddsa(active->ticket_secret, kid, claims, out, cap);
}

const struct keyring_entry *keyring_active(const struct keyring *keyring) {
    return keyring->count ? &keyring->entries[keyring->count - 1] : NULL;
}
