/* mod_internal - what the files behind mod.h share; nobody else includes it.
 *
 * A mod is made in two steps: mod_files.c, mod_store.c or mod_upload gather its texts (sources),
 * and mod_build makes the mod of them. So a folder, the store and an upload pass the same checks.
 */
#ifndef LUA_MOD_INTERNAL_H
#define LUA_MOD_INTERNAL_H

#include "mod.h"

#include <jansson.h>

enum {
    MOD_JSON_BYTES_MAX = 1 << 16, /* mod.json, settings.json, a file of locale/ */
    MOD_SOURCES_MAX = MOD_FILES_MAX + MOD_LOCALES_MAX + 2,
    MOD_PATH_MAX = 160,
};

/* ---- mod.c: memory that is freed as a whole */

struct mod_memory {
    struct mod_memory *next;
    max_align_t bytes[];
};
/* Zeroed; null when there is none. */
void *memory_take(struct mod_memory **memory, size_t size);
char *memory_copy(struct mod_memory **memory, const char *text, size_t len);
void memory_free(struct mod_memory *memory);

/* ---- mod.c: words */

/* [a-z][a-z0-9_]*, at most max bytes. */
bool word_is_id(const char *word, size_t max);
/* "1.2.3" or "1.2.3-rc.1". */
bool version_is_good(const char *version);
/* OP VERSION ..., where a version may have fewer parts. */
bool ranges_are_good(const char *ranges);
/* Valid UTF-8 without NUL. */
bool text_is_utf8(const char *text, size_t len);
/* The nearest of n names by edit distance, or null: for "did you mean". */
const char *word_nearest(const char *word, const char *const *names, size_t n);

/* Fills error: text is "FILE: " or "FILE:LINE: " and the sentence. Returns status. */
muster_status mod_fail(struct mod_error *error, muster_status status, const char *file, int line,
                       const char *format, ...) MUSTER_PRINTF(5, 6);

/* ---- sources */

/* One text of a mod by its path within: "mod.json", "settings.json", "locale/en.json", "a/b.lua".
 */
struct mod_source {
    const char *path;
    const char *text; /* NUL behind len */
    size_t len;
};

struct sources {
    struct mod_source list[MOD_SOURCES_MAX];
    uint32_t count;
    size_t bytes;
    struct mod_memory *memory; /* of paths and texts */
};

/* Copies. Checks the path, the size, the number and that the text is one. */
muster_status sources_add(struct sources *sources, const char *path, const char *text, size_t len,
                          struct mod_error *error) MUSTER_MUST_USE;

/* mod_files.c: reads a folder. */
muster_status sources_read(struct sources *sources, const char *dir,
                           struct mod_error *error) MUSTER_MUST_USE;
/* mod_manifest.c: takes the sources' memory, also when it fails. id: what mod.json must say, or
 * null. */
muster_status mod_build(struct sources *sources, const char *id, struct mod **out,
                        struct mod_error *error) MUSTER_MUST_USE;
/* mod_settings.c: settings.json into a mod whose id and kind are there. */
muster_status mod_settings_read(struct mod *mod, const struct mod_source *source,
                                struct mod_error *error) MUSTER_MUST_USE;

/* JSON of an object or array; null after filling error. */
json_t *json_read(const struct mod_source *source, struct mod_error *error);

#endif
