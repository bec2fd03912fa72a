/* mod - mods on disk: reading, checking, ordering and keeping them.
 *
 * A struct mod is one version of one mod: immutable, counted by pins, named by the hash of all its
 * texts. It may be read from any thread while pinned; pins are counted on the loop thread. A set
 * (struct mods) holds those that a server offers, in their order. Everything that comes from a
 * folder, an upload or the store is hostile until it has become a struct mod.
 */
#ifndef LUA_MOD_H
#define LUA_MOD_H

#include <muster/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MOD_ID_MAX = 32,    /* bytes of an id: [a-z][a-z0-9_]* */
    MOD_FILES_MAX = 64, /* *.lua, tests aside */
    MOD_FILE_BYTES_MAX = 1 << 20,
    MOD_BYTES_MAX = 4 << 20, /* of all files together */
    MOD_UPLOAD_BYTES_MAX = 1 << 16,
    MOD_UPLOAD_NAME_MAX = 24, /* bytes of the name of an uploaded rule */
    MOD_DEPTH_MAX = 4,        /* folders in folders, the mod's own being the first */
    MOD_ENTRIES_MAX = 1024,   /* looked at below one mod */
    MODS_MAX = 256,           /* of a set */
    MOD_SETTINGS_MAX = 64,
    MOD_LOCALES_MAX = 32,
    MOD_HASH_MAX = 33, /* 32 hex digits and NUL */
    MOD_STORE_FILES_MAX = 500,
};

enum mod_kind { MOD_MODE = 1, MOD_RULE = 2 };

/* What a mod may ask for and the operator grants. Bits of a mask. */
#define MOD_PERMISSION_MAP(X)                                                                      \
    X(CHAT, 1u, "chat")                                                                            \
    X(KICK, 2u, "kick")                                                                            \
    X(STORAGE, 4u, "storage")                                                                      \
    X(TEAMS, 8u, "teams")                                                                          \
    X(VOTE, 16u, "vote")
#define MOD_PERMISSION_ENUM(name, bit, text) MOD_##name = (bit),
enum mod_permission { MOD_PERMISSION_MAP(MOD_PERMISSION_ENUM) MOD_PERMISSIONS_ALL = 31 };
#undef MOD_PERMISSION_ENUM
/* "chat"; "" for what is no single permission. */
const char *mod_permission_name(uint32_t permission);
/* 0 for a word that is none. */
uint32_t mod_permission_find(const char *name);

struct mod_file {
    const char *name;  /* as require takes it: "init", "a.b" */
    const char *path;  /* within the mod: "a/b.lua" */
    const char *chunk; /* as errors call it: "koth/a/b.lua" */
    const char *text;  /* valid UTF-8, NUL behind len */
    size_t len;
};

enum mod_setting_type {
    MOD_SETTING_BOOL = 1,
    MOD_SETTING_INT,
    MOD_SETTING_NUMBER,
    MOD_SETTING_STRING,
    MOD_SETTING_ENUM,
    MOD_SETTING_LIST,
    MOD_SETTING_DURATION, /* an integer in its unit */
};

struct mod_setting {
    const char *key;       /* in settings.json and in the script */
    const char *lobby_key; /* of the lobby: the same for a mode, mirrorDamagePercent for a rule */
    enum mod_setting_type type;
    const char *default_json;
};

struct mod_text {
    const char *key;
    const char *text;
};

struct mod_locale {
    const char *language;         /* "en", "pt-br" */
    const struct mod_text *texts; /* by key */
    uint32_t text_count;
};

/* A whole id of another mod and what its version must be. */
struct mod_need {
    const char *id;
    const char *text;     /* as written: "votes >= 1.2" */
    const char *versions; /* ">= 1.2", or "" for any: for mod_version_matches */
};

struct mod {
    const char *id;
    const char *name;
    const char *version;
    const char *author; /* "" when not given, as below */
    const char *license;
    const char *description;
    char hash[MOD_HASH_MAX]; /* of all texts: the same hash, the same mod */
    enum mod_kind kind;
    bool is_upload;        /* id "upload_NAME": a rule that a player gave to one lobby */
    const char *base;      /* modes: the mode that steps it, or null: it owns everything */
    uint32_t permissions;  /* asked for */
    uint32_t memory_bytes; /* asked for; 1 MiB when it asks for none */
    const char *dir;       /* where it was read from, or "" */

    const struct mod_need *depends;
    const struct mod_need *optional;
    const char *const *conflicts;
    uint32_t depend_count;
    uint32_t optional_count;
    uint32_t conflict_count;

    const struct mod_file *files; /* by name */
    uint32_t file_count;
    uint32_t locale_count;
    const struct mod_locale *locales; /* by language */
    const char *complaint;            /* why a file of locale/ was left out, or null */

    const char *settings_json; /* schema of lobby settings under their lobby keys, or null */
    const struct mod_setting *settings;
    uint32_t setting_count;

    /* Modes. 0 and null are the base's; without a base they are filled. */
    uint32_t players_max;
    uint32_t people_max;
    uint32_t players_min;
    uint32_t tick_rate_hz;
    uint32_t snapshot_max_bytes;
    uint32_t map_count;
    const char *const *maps;
    const char *defaults_json;       /* lobby setting: value, or null */
    const struct muster_team *teams; /* of a mode without a base */
    uint32_t team_count;             /* 0 there: everybody plays for themselves */
    const char *const *stats;        /* counted beside the four */
    uint32_t stat_count;
    const char *const *victories; /* null: the base's, or all that there are */
    uint32_t victory_count;

    /* The files' own: */
    const struct mod_source *sources; /* all texts as they were read */
    uint32_t source_count;
    uint32_t pins;
    struct mod_memory *memory;
};

/* What a person must mend. */
struct mod_error {
    char file[160]; /* within the mod: "mod.json", or "" */
    int line;       /* 0: unknown */
    char text[400]; /* whole: "mod.json: permissions[1]: expected chat, ..., found \"fly\"" */
};

/* ---- one mod. Results have one pin, the caller's. ---- */

/* Reads a folder, whose own name must be the id. Links below it are refused, and so is whatever is
 * no regular file or folder, without opening it. INVALID, LIMIT, NOT_FOUND (no such folder), IO,
 * NO_MEMORY; error says why. */
muster_status mod_read(const char *dir, struct mod **out, struct mod_error *error) MUSTER_MUST_USE;
/* A rule of one file. name: [a-z][a-z0-9_]{0,23}; permissions: those that it is given. */
muster_status mod_upload(const char *name, const char *text, size_t len, uint32_t permissions,
                         struct mod **out, struct mod_error *error) MUSTER_MUST_USE;
struct mod *mod_pin(struct mod *mod);
/* Frees it at zero. Takes null. */
void mod_unpin(struct mod *mod);

/* Null if there is none. */
const struct mod_file *mod_file(const struct mod *mod, const char *name);
const struct mod_setting *mod_setting(const struct mod *mod, const char *key);
/* The text in a language ("pt-br"), else in its first part ("pt"), else in English, or null. */
const char *mod_text(const struct mod *mod, const char *language, const char *key);

/* The nearest of n names, or null: for "did you mean". */
const char *mod_word_nearest(const char *word, const char *const *names, size_t n);

/* ranges: any number of "OP VERSION" with OP of >= <= > < =, all of which must hold, by the
 * precedence of semantic versioning; missing parts are 0. */
bool mod_version_matches(const char *version, const char *ranges);

/* The tests of a mod: every *.lua below tests/, with names like "tests.score_spec". They are no
 * part of a version. The folder is looked at as by mod_read. No tests: count is 0. */
struct mod_specs {
    struct mod_file *files;
    uint32_t count;
    struct mod_memory *memory;
};
muster_status mod_specs_read(const char *dir, struct mod_specs *out,
                             struct mod_error *error) MUSTER_MUST_USE;
void mod_specs_deinit(struct mod_specs *specs);

/* ---- a set. Loop thread. ---- */

struct mods;
/* level: MUSTER_LOG_...; one sentence about a mod that was left out or replaced. */
typedef void (*mods_log_fn)(void *user, uint32_t level, const char *format, va_list args);

/* Reads every mod that lies in one of the folders; of two with one id that of the later folder is
 * taken. A folder that is not there is skipped. In the place of one that cannot be read, or that
 * another needs and is not there, comes its newest version of store (null: there is none). What
 * cannot be read even so, or needs what is not there, is logged with the chain of needs, and left
 * out; the others load. log may be null. */
muster_status mods_load(const char *const *dirs, uint32_t dir_count, const char *store,
                        mods_log_fn log, void *user, struct mods **out) MUSTER_MUST_USE;
void mods_destroy(struct mods *mods);
uint32_t mods_count(const struct mods *mods);
/* In order: by depth of dependency (optional ones that are there count), then by id. Borrowed. */
struct mod *mods_at(const struct mods *mods, uint32_t index);
struct mod *mods_find(const struct mods *mods, const char *id);
/* Takes a new version in, or a new mod, and pins it. INVALID when a need is not met, of this mod or
 * for another of the set: then the set is as before. */
muster_status mods_replace(struct mods *mods, struct mod *mod,
                           struct mod_error *error) MUSTER_MUST_USE;
/* What mods_replace would answer; the set stays as it is. */
muster_status mods_check(struct mods *mods, struct mod *mod,
                         struct mod_error *error) MUSTER_MUST_USE;
/* What runs in one lobby: those of ids and all that they need, in order, at most cap of them.
 * Borrowed. NOT_FOUND: no such mod; CONFLICT: two do not go together, or a rule needs a mode that
 * is not among ids; LIMIT: more than cap. */
muster_status mods_choose(const struct mods *mods, const char *const *ids, uint32_t id_count,
                          struct mod **out, uint32_t cap, uint32_t *count,
                          struct mod_error *error) MUSTER_MUST_USE;

/* ---- the store: every version that took part in a match, so that a replay finds it. These block:
 * not in a tick; any thread. dir is made when it is missing. ---- */

/* Writes dir/HASH.json, by renaming, with mode 0600. */
muster_status mod_store_put(const char *dir, const struct mod *mod) MUSTER_MUST_USE;
/* NOT_FOUND; INVALID when what is there is not what the hash names. */
muster_status mod_store_get(const char *dir, const char *hash, struct mod **out,
                            struct mod_error *error) MUSTER_MUST_USE;
/* The one of this id that was offered last. NOT_FOUND: none was kept. */
muster_status mod_store_newest(const char *dir, const char *id, struct mod **out,
                               struct mod_error *error) MUSTER_MUST_USE;
/* Removes all but the newest files, and never one of keep. */
void mod_store_prune(const char *dir, uint32_t newest, const char *const *keep,
                     uint32_t keep_count);

/* ---- static checks, for people who write mods ---- */

struct mod_check_function {
    const char *name;    /* "storage.get"; a method of a handle: ":kick" */
    uint32_t permission; /* that it needs */
};

/* What the API has. All borrowed. */
struct mod_check_rules {
    const char *const *globals; /* that a script may read */
    uint32_t global_count;
    const struct mod_check_function *functions;
    uint32_t function_count;
    const char *const *events; /* of hooks.on */
    uint32_t event_count;
    const char *writable; /* the global that a rule may assign to, or null */
};

struct mod_finding {
    bool is_error; /* else a warning */
    int line;      /* 0: the whole file */
    const char *file;
    const char *text;
};
typedef void (*mod_finding_fn)(void *user, const struct mod_finding *finding);

/* Compiles every file without running it and looks at what it uses. In order of file and line.
 * NO_MEMORY, or OK, however much was found. */
muster_status mod_check(const struct mod *mod, const struct mod_check_rules *rules,
                        mod_finding_fn fn, void *user) MUSTER_MUST_USE;
/* "init.lua:3: error: text" */
void mod_finding_print(const struct mod_finding *finding, char *out, size_t size);

#endif
