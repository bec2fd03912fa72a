/* mod - pins, look-ups, and the words that manifests are made of. */
#include "mod.h"

#include "internal.h"
#include "mod_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory */

void *mod_memory_take(struct mod_memory **memory, size_t size) {
    struct mod_memory *block = calloc(1, sizeof *block + size);
    if (!block) return NULL;
    block->next = *memory;
    *memory = block;
    return block->bytes;
}

char *mod_memory_copy(struct mod_memory **memory, const char *text, size_t len) {
    char *copy = mod_memory_take(memory, len + 1);
    if (copy && len) memcpy(copy, text, len);
    return copy;
}

void mod_memory_free(struct mod_memory *memory) {
    while (memory) {
        struct mod_memory *next = memory->next;
        free(memory);
        memory = next;
    }
}

struct mod *mod_pin(struct mod *mod) {
    mod->pins++;
    return mod;
}

void mod_unpin(struct mod *mod) {
    if (mod && --mod->pins == 0) mod_memory_free(mod->memory); /* the mod lies in it, too */
}

/* ---- errors */

muster_status mod_fail(struct mod_error *error, muster_status status, const char *file, int line,
                       const char *format, ...) {
    char sentence[sizeof error->text];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    char raw[sizeof error->text];
    if (line)
        snprintf(raw, sizeof raw, "%s:%d: %.*s", file, line, 380 - (int)strlen(file), sentence);
    else
        snprintf(raw, sizeof raw, "%s%s%.*s", file, *file ? ": " : "", 380 - (int)strlen(file),
                 sentence);
    /* It quotes what a stranger wrote. */
    errors_escape(raw, strlen(raw), error->text, sizeof error->text);
    errors_escape(file, strlen(file), error->file, sizeof error->file);
    error->line = line;
    return status;
}

muster_status mod_settle(struct mod_error *error, muster_status status) {
    return status == MUSTER_NO_MEMORY ? mod_fail(error, status, "", 0, "out of memory") : status;
}

/* ---- permissions */

static const struct {
    const char *name;
    uint32_t bit;
} permissions[] = {
#define MOD_PERMISSION_ROW(name, bit, text) {text, bit},
    MOD_PERMISSION_MAP(MOD_PERMISSION_ROW)
#undef MOD_PERMISSION_ROW
};
enum { PERMISSION_COUNT = sizeof permissions / sizeof *permissions };

const char *mod_permission_name(uint32_t permission) {
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (permissions[i].bit == permission) return permissions[i].name;
    return "";
}

uint32_t mod_permission_find(const char *name) {
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (strcmp(permissions[i].name, name) == 0) return permissions[i].bit;
    return 0;
}

/* ---- look-ups */

const struct mod_file *mod_file(const struct mod *mod, const char *name) {
    for (uint32_t i = 0; i < mod->file_count; i++)
        if (strcmp(mod->files[i].name, name) == 0) return &mod->files[i];
    return NULL;
}

const struct mod_setting *mod_setting(const struct mod *mod, const char *key) {
    for (uint32_t i = 0; i < mod->setting_count; i++)
        if (strcmp(mod->settings[i].key, key) == 0) return &mod->settings[i];
    return NULL;
}

static const char *text_in(const struct mod *mod, const char *language, size_t len,
                           const char *key) {
    for (uint32_t i = 0; i < mod->locale_count; i++) {
        const struct mod_locale *locale = &mod->locales[i];
        if (strlen(locale->language) != len || strncasecmp(locale->language, language, len) != 0)
            continue;
        for (uint32_t j = 0; j < locale->text_count; j++)
            if (strcmp(locale->texts[j].key, key) == 0) return locale->texts[j].text;
    }
    return NULL;
}

const char *mod_text(const struct mod *mod, const char *language, const char *key) {
    const char *text = text_in(mod, language, strlen(language), key);
    if (!text) text = text_in(mod, language, strcspn(language, "-"), key);
    return text ? text : text_in(mod, "en", 2, key);
}

/* ---- words */

bool mod_word_is_id(const char *word, size_t max) {
    size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return len > 0 && len <= max && word[len] == '\0' && islower((unsigned char)word[0]);
}

bool mod_text_is_utf8(const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        size_t n = text[i] ? errors_utf8_length((const unsigned char *)text + i, len - i) : 0;
        if (n == 0) return false;
        i += n;
    }
    return true;
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

enum { NEAR_BYTES_MAX = 48 };

static bool same_letter(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters that are put in, left out, changed, or swapped with their neighbour; case is none. */
static unsigned distance(const char *a, const char *b) {
    unsigned rows[3][NEAR_BYTES_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t len = strlen(b);
    for (unsigned j = 0; j <= len; j++) last[j] = before[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= len; j++) {
            bool is_swap = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                           same_letter(a[i - 2], b[j - 1]);
            row[j] = least(last[j - 1] + !same_letter(a[i - 1], b[j - 1]),
                           least(last[j], row[j - 1]) + 1);
            if (is_swap) row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[len];
}

const char *mod_word_nearest(const char *word, const char *const *names, size_t n) {
    const char *nearest = NULL;
    size_t len = strnlen(word, NEAR_BYTES_MAX + 1);
    if (len > NEAR_BYTES_MAX) return NULL;
    /* More than a third of a name being wrong is another name. */
    unsigned limit = least(3, (unsigned)(len + 1) / 3);
    for (size_t i = 0; i < n; i++) {
        if (strnlen(names[i], NEAR_BYTES_MAX + 1) > NEAR_BYTES_MAX) continue;
        unsigned off = distance(word, names[i]);
        if (off > limit || (nearest && off == limit)) continue;
        nearest = names[i];
        limit = off;
    }
    return nearest;
}

/* ---- versions */

enum { VERSION_PARTS = 3, VERSION_DIGITS_MAX = 9, VERSION_BYTES_MAX = 32 };

struct version {
    uint32_t part[VERSION_PARTS];
    int parts;       /* that were written */
    const char *pre; /* behind '-', or "" */
    size_t pre_len;
};

static size_t version_read(const char *text, struct version *out) {
    const char *at = text;
    *out = (struct version){.pre = ""};
    while (out->parts < VERSION_PARTS) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > VERSION_DIGITS_MAX) return 0;
        out->part[out->parts++] = (uint32_t)strtoul(at, NULL, 10);
        at += digits;
        if (*at != '.') break;
        at++;
    }
    if (at[-1] == '.') return 0;
    if (*at == '-') {
        out->pre = at + 1;
        while (isalnum((unsigned char)*++at) || *at == '.' || *at == '-') continue;
        out->pre_len = (size_t)(at - out->pre);
        if (out->pre_len == 0) return 0;
    }
    return (size_t)(at - text);
}

bool mod_version_is_good(const char *text) {
    struct version version;
    size_t len = version_read(text, &version);
    return len > 0 && len <= VERSION_BYTES_MAX && text[len] == '\0' &&
           version.parts == VERSION_PARTS;
}

/* One identifier of a pre-release: numbers come before words. */
static int compare_identifier(const char *a, size_t a_len, const char *b, size_t b_len) {
    bool a_number = strspn(a, "0123456789") >= a_len, b_number = strspn(b, "0123456789") >= b_len;
    if (a_number != b_number) return a_number ? -1 : 1;
    if (a_number && a_len != b_len) return a_len < b_len ? -1 : 1;
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    if (order != 0 || a_len == b_len) return order;
    return a_len < b_len ? -1 : 1;
}

/* A version without a pre-release comes after those with one. */
static int compare_pre(const struct version *a, const struct version *b) {
    const char *x = a->pre, *y = b->pre;
    const char *x_end = x + a->pre_len, *y_end = y + b->pre_len;
    if (x == x_end || y == y_end) return (x == x_end) - (y == y_end);
    while (x < x_end && y < y_end) {
        const char *x_dot = memchr(x, '.', (size_t)(x_end - x));
        const char *y_dot = memchr(y, '.', (size_t)(y_end - y));
        if (!x_dot) x_dot = x_end;
        if (!y_dot) y_dot = y_end;
        int order = compare_identifier(x, (size_t)(x_dot - x), y, (size_t)(y_dot - y));
        if (order != 0) return order;
        x = x_dot + 1;
        y = y_dot + 1;
    }
    return (x < x_end) - (y < y_end);
}

static int compare(const struct version *a, const struct version *b) {
    for (int i = 0; i < VERSION_PARTS; i++)
        if (a->part[i] != b->part[i]) return a->part[i] < b->part[i] ? -1 : 1;
    return compare_pre(a, b);
}

/* One range at *at; false at the end or when it is none (then *at is not at a NUL). */
static bool range_read(const char **at, char *op, bool *or_equal, struct version *version) {
    const char *text = *at + strspn(*at, " ");
    *at = text;
    if (*text != '<' && *text != '>' && *text != '=') return false;
    *op = *text++;
    *or_equal = *op == '=' || *text == '=';
    if (*op != '=' && *text == '=') text++;
    text += strspn(text, " ");
    size_t len = version_read(text, version);
    if (len == 0 || (text[len] != '\0' && text[len] != ' ')) return false;
    *at = text + len;
    return true;
}

bool mod_ranges_are_good(const char *ranges) {
    struct version version;
    char op;
    bool or_equal;
    while (range_read(&ranges, &op, &or_equal, &version)) continue;
    return *ranges == '\0';
}

bool mod_version_matches(const char *version, const char *ranges) {
    struct version is, bound;
    char op;
    bool or_equal;
    if (!version_read(version, &is)) return false;
    while (range_read(&ranges, &op, &or_equal, &bound)) {
        int order = compare(&is, &bound);
        bool holds = order == 0 ? or_equal : (op == '<' && order < 0) || (op == '>' && order > 0);
        if (!holds) return false;
    }
    return *ranges == '\0';
}
