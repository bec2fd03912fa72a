/* mod_internal - what the files behind mod.h share; nobody else includes it.
 *
 * A mod is made in two steps: mod_files.c, mod_store.c or mod_upload gather its texts (sources),
 * and mod_build makes the mod of them. So a folder, the store and an upload pass the same checks.
 */
#ifndef LUA_MOD_INTERNAL_H
#define LUA_MOD_INTERNAL_H

#include "mod.h"

#include <jansson.h>

#define MOD_UPLOAD_PREFIX "upload_"

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
void *mod_memory_take(struct mod_memory **memory, size_t size);
char *mod_memory_copy(struct mod_memory **memory, const char *text, size_t len);
void mod_memory_free(struct mod_memory *memory);

/* ---- mod.c: words */

/* [a-z][a-z0-9_]*, at most max bytes. */
bool mod_word_is_id(const char *word, size_t max);
/* "1.2.3" or "1.2.3-rc.1". */
bool mod_version_is_good(const char *version);
/* OP VERSION ..., where a version may have fewer parts. */
bool mod_ranges_are_good(const char *ranges);
/* Valid UTF-8 without NUL. */
bool mod_text_is_utf8(const char *text, size_t len);

/* Fills error: text is "FILE: " or "FILE:LINE: " and the sentence. Returns status. */
muster_status mod_fail(struct mod_error *error, muster_status status, const char *file, int line,
                       const char *format, ...) MUSTER_PRINTF(5, 6);

/* Returns status, and says so when memory is out. */
muster_status mod_settle(struct mod_error *error, muster_status status);

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
    char complaint[sizeof((struct mod_error){.line = 0}.text)]; /* of a text that was left out */
    struct mod_memory *memory;                                  /* of paths and texts */
};

/* Copies. Checks the path, the size, the number and that the text is one. */
muster_status mod_sources_add(struct sources *sources, const char *path, const char *text,
                              size_t len, struct mod_error *error) MUSTER_MUST_USE;

/* By path: the order of the hash. */
void mod_sources_sort(struct sources *sources);
bool mod_path_is_locale(const char *path);

/* mod_build.c: takes the sources' memory, also when it fails. id: what mod.json must say, or
 * null. */
muster_status mod_build(struct sources *sources, const char *id, struct mod **out,
                        struct mod_error *error) MUSTER_MUST_USE;
/* Those of the sources that are Lua, in their memory. */
struct mod_file *mod_files_of(struct sources *sources, const char *id, uint32_t *count);
/* mod_manifest.c: mod.json into an empty mod; id as above. */
muster_status mod_manifest_read(struct mod *mod, const struct mod_source *source, const char *id,
                                struct mod_error *error) MUSTER_MUST_USE;
/* mod_settings.c: settings.json into a mod whose id and kind are there. */
muster_status mod_settings_read(struct mod *mod, const struct mod_source *source,
                                struct mod_error *error) MUSTER_MUST_USE;

/* ---- mod_json.c */

/* A place in a file, for sentences like "mod.json: permissions[1]: expected ...". */
struct json_place {
    const char *file;
    char path[128];
    struct mod_memory **memory; /* of what is read */
    struct mod_error *error;
};
struct json_place mod_json_item(const struct json_place *place, size_t index);
struct json_place mod_json_field(const struct json_place *place, const char *key);

/* The text as an object or array; null after filling error. */
json_t *mod_json_read(const struct mod_source *source, struct mod_error *error);
/* found may be null: nothing. INVALID. */
muster_status mod_json_fail(const struct json_place *place, const json_t *found,
                            const char *expected);
muster_status mod_json_unknown(const struct json_place *place, const char *key,
                               const char *const *known, size_t count);
/* A string without control characters, 1 to max bytes. */
muster_status mod_json_line(const struct json_place *place, const json_t *value, size_t max,
                            const char **out);
muster_status mod_json_id(const struct json_place *place, const json_t *value, size_t max,
                          const char **out);
muster_status mod_json_number(const struct json_place *place, const json_t *value, uint32_t min,
                              uint32_t max, uint32_t *out);
/* Is it a list of at most max? items: address of a pointer, set to room for that many. */
muster_status mod_json_list(const struct json_place *place, const json_t *value, size_t max,
                            size_t item_bytes, void *items, uint32_t *count);
/* A copy of the value's text, or null. */
const char *mod_json_text(const struct json_place *place, const json_t *value);
/* As the host wants keys of settings. */
bool mod_json_key_is_camel(const char *key);

#endif
