/* schema - one description of keys for everything that is configured: core, plugins, lobby
 * settings.
 *
 * A schema is a JSON array; one entry per key:
 *   {"key":"killLimit","type":"int","default":50,"min":1,"max":1000,"unit":"kills",
 *    "label":"Kill limit","help":"...","group":"Victory","when":"setup","secret":false}
 * type: bool, int, number, string (max = bytes), enum ("values":["a","b"]), list (of strings, max =
 * items), duration (int in "unit": "ms" or "s"). default is required. when: "setup" (default) or
 * "always": may the key change while a match runs.
 * Loop thread, or before the threads start.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <jansson.h>
#include <muster/types.h>

enum schema_type {
    SCHEMA_BOOL = 1,
    SCHEMA_INT,
    SCHEMA_NUMBER,
    SCHEMA_STRING,
    SCHEMA_ENUM,
    SCHEMA_LIST,
    SCHEMA_DURATION,
};

struct schema_entry {
    const char *key; /* borrowed from json */
    enum schema_type type;
    double min; /* int, number, duration: value; string: bytes; list: items */
    double max;
    bool secret;
    bool always;      /* "when": "always" */
    json_t *fallback; /* default, borrowed from json */
    json_t *values;   /* enum, borrowed */
    json_t *json;     /* the entry, owned */
};

struct schema {
    struct schema_entry *entries;
    uint32_t count;
};

/* What is wrong, for people: "killLimit: expected int 1 to 1000, found \"many\"". */
struct schema_error {
    char key[96];
    char text[256];
};

muster_status schema_parse(const char *json_text, struct schema *out,
                           struct schema_error *error) MUSTER_MUST_USE;
void schema_deinit(struct schema *schema);
/* Appends copies of all entries of `from`; EXISTS (error names the key) changes nothing. */
muster_status schema_merge(struct schema *into, const struct schema *from,
                           struct schema_error *error) MUSTER_MUST_USE;
/* Another default for a key: NOT_FOUND, or INVALID as in schema_check_value. Schemas that were
 * merged from or into this one keep theirs. */
muster_status schema_default_set(struct schema *schema, const char *key, json_t *value,
                                 struct schema_error *error) MUSTER_MUST_USE;
/* The first key that both have, or null. */
const char *schema_shared_key(const struct schema *a, const struct schema *b);
const struct schema_entry *schema_find(const struct schema *schema, const char *key);
/* Fails with INVALID and says expected and found. A number given as a string ("27015") is taken
 * as a number when `lenient`. *out is a new reference to the value in its proper type. */
muster_status schema_check_value(const struct schema_entry *entry, json_t *value, bool lenient,
                                 json_t **out, struct schema_error *error) MUSTER_MUST_USE;
/* Check an object of values: unknown keys ("did you mean"), types, ranges. *out = new object with
 * every key of the schema, defaults filled in. values may be null. */
muster_status schema_check(const struct schema *schema, json_t *values, json_t **out,
                           struct schema_error *error) MUSTER_MUST_USE;
/* New reference: the array as given, for clients and docs. */
json_t *schema_to_json(const struct schema *schema);
/* The nearest of n names by edit distance (at most 3 off), or null. */
const char *schema_nearest(const char *name, const char *const *names, uint32_t n);

#endif
