/* new - writes a mod or a plugin from the templates: replaces names in paths and texts, overwrites
 * nothing. */
#include "new.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 32
#define EDITOR_TEMPLATE "lua/luarc.json"
#define EDITOR_FILE ".luarc.json"
#define PROJECT_TEMPLATES "project/"
#define TEST_HEADER "need.h"

/* What stands in a template, and what is written there. */
struct word {
    char place[NAME_MAX_BYTES + 4];
    char value[PATH_MAX + 2];
};

#define WORDS_MAX 5

/* Templates of plugins are plugins that work, under names of their own. */
struct sample {
    const char *kind; /* of `muster new plugin` */
    const char *role; /* as plugins' names begin with */
    const char *word; /* with which the name ends */
};

static const struct sample samples[] = {
    {"auth", "auth", "sample"},
    {"matchmaker", "matchmaker", "groups"},
    {"mode", "mode", "race"},
    {"turns", "mode", "nim"},
    {"victory", "victory", "points"},
    {"rules", "rules", "calm"},
    {"anticheat", "anticheat", "presses"},
    {"reporter", "reporter", "lines"},
    {"database", "database", "memory"},
    {"kv", "kv", "table"},
    {"service", "service", "hello"},
};
#define SAMPLE_COUNT (sizeof samples / sizeof samples[0])

struct made {
    const char *kind;            /* "mode" or "rule", or one of samples */
    const struct sample *sample; /* of a plugin, else null */
    const char *dir;
    char name[2 * NAME_MAX_BYTES + 1]; /* of the folder */
    int word_count;
    struct word words[WORDS_MAX];
};

static int complain(const char *path, const char *why) {
    fprintf(stderr, "muster: %s: %s\n", path, why);
    return EXIT_NOT_MADE;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* As ids of mods are. */
static bool name_is_good(const char *name) {
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[len] == '\0' && len <= NAME_MAX_BYTES && islower((unsigned char)name[0]);
}

/* my_mod: "My mod", or as the beginning of a setting's key "myMod". */
static void set_title(const char *name, char *title) {
    for (*title++ = (char)toupper((unsigned char)*name++); *name; name++)
        *title++ = *name == '_' ? ' ' : *name;
    *title = '\0';
}

static void set_key(const char *name, char *key) {
    for (bool is_upper = false; *name; name++) {
        if (*name != '_') *key++ = is_upper ? (char)toupper((unsigned char)*name) : *name;
        is_upper = *name == '_';
    }
    *key = '\0';
}

/* Plain letters: it stands in JSON. */
static void set_author(char *author) {
    const char *user = getenv("USER");
    size_t len = user ? strspn(user, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789._-")
                      : 0;
    bool is_plain = len > 0 && len <= NAME_MAX_BYTES && user[len] == '\0';
    strcpy(author, is_plain ? user : "somebody");
}

/* Where an editor finds the types of the API, as JSON: installed, or in the tree that this was
 * built in; or nothing. */
static void set_stubs(char *stubs) {
    static const char *const places[] = {"../share/muster/lua", "../../../sdk/lua"};
    char path[PATH_MAX + 32], found[PATH_MAX];
    stubs[0] = '\0';
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    for (int i = 0; slash && i < 2; i++) {
        strcpy(slash + 1, places[i]);
        if (realpath(path, found) && !strpbrk(found, "\"\\")) {
            sprintf(stubs, "\"%s\"", found);
            return;
        }
    }
}

static char *word_add(struct made *made, const char *place) {
    struct word *word = &made->words[made->word_count++];
    snprintf(word->place, sizeof word->place, "%s", place);
    return word->value;
}

static void set_mod_words(struct made *mod) {
    strcpy(word_add(mod, "@NAME@"), mod->name);
    set_title(mod->name, word_add(mod, "@TITLE@"));
    set_key(mod->name, word_add(mod, "@KEY@"));
    set_author(word_add(mod, "@AUTHOR@"));
    set_stubs(word_add(mod, "@STUBS@"));
}

/* mode_race: its file and descriptor "mode_race", its settings "modeRace...", its game "race" with
 * the title "Race". */
static void set_plugin_words(struct made *plugin, const char *own_name) {
    const struct sample *sample = plugin->sample;
    char from[NAME_MAX_BYTES], place[NAME_MAX_BYTES + 4], title[NAME_MAX_BYTES + 1];
    snprintf(from, sizeof from, "%s_%s", sample->role, sample->word);
    strcpy(word_add(plugin, from), plugin->name);
    set_key(from, place);
    set_key(plugin->name, word_add(plugin, place));
    snprintf(place, sizeof place, "\"%s\"", sample->word);
    sprintf(word_add(plugin, place), "\"%s\"", own_name);
    set_title(sample->word, title);
    snprintf(place, sizeof place, "\"%s\"", title);
    set_title(own_name, title);
    sprintf(word_add(plugin, place), "\"%s\"", title);
    strcpy(word_add(plugin, "@NAME@"), plugin->name);
}

/* The word whose place is at `at`, or null. */
static const struct word *word_at(const struct made *made, const char *at) {
    for (int i = 0; i < made->word_count; i++)
        if (strncmp(at, made->words[i].place, strlen(made->words[i].place)) == 0)
            return &made->words[i];
    return NULL;
}

static void put_text(const struct made *made, const char *text, FILE *out) {
    while (*text) {
        const struct word *word = word_at(made, text);
        if (word) {
            fputs(word->value, out);
            text += strlen(word->place);
        } else {
            putc(*text++, out);
        }
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The directories of `path` up to its last slash. */
static int make_dirs(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        if (mkdir(path, 0777) && errno != EEXIST) return complain(path, strerror(errno));
    }
    return 0;
}

/* Of `template`, which goes to DIR/relative. is_shared: it may be there already. */
static int write_file(const struct made *made, const char *relative,
                      const struct template *template, bool is_shared) {
    char *path = NULL;
    size_t size = 0;
    FILE *name = open_memstream(&path, &size);
    if (!name) return complain(relative, strerror(errno));
    fprintf(name, "%s/", made->dir);
    put_text(made, relative, name);
    if (fclose(name)) return complain(relative, strerror(errno));
    int code = make_dirs(path);
    int fd = code ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out) {
        put_text(made, template->text, out);
        if (fclose(out)) code = complain(path, strerror(errno));
    } else if (!code && !(is_shared && errno == EEXIST)) {
        code = complain(path, strerror(errno));
    }
    free(path);
    return code;
}

/* Of the mod or plugin a template is a part of: its path within the folder, or null. */
static const char *part_of(const struct made *made, const char *path) {
    char begin[2 * NAME_MAX_BYTES];
    const struct sample *sample = made->sample;
    int len = sample ? snprintf(begin, sizeof begin, "%s_%s", sample->role, sample->word)
                     : snprintf(begin, sizeof begin, "lua/%s/", made->kind);
    if (strncmp(path, begin, (size_t)len) == 0) return sample ? path : path + len;
    if (!sample) return NULL;
    size_t project = strlen(PROJECT_TEMPLATES);
    if (strncmp(path, PROJECT_TEMPLATES, project) == 0) return path + project;
    return strcmp(path, TEST_HEADER) == 0 ? path : NULL;
}

static int write_template(const struct made *made, const struct template *template) {
    char relative[PATH_MAX];
    if (!made->sample && strcmp(template->path, EDITOR_TEMPLATE) == 0)
        return write_file(made, EDITOR_FILE, template, true);
    const char *part = part_of(made, template->path);
    if (!part) return 0;
    snprintf(relative, sizeof relative, "@NAME@/%s", part);
    return write_file(made, relative, template, false);
}

static int refuse_present(const struct made *made) {
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", made->dir, made->name);
    if (lstat(path, &st) == 0) return complain(path, "it is there already");
    return errno == ENOENT ? 0 : complain(path, strerror(errno));
}

static int write_all(const struct made *made) {
    int code = refuse_present(made);
    for (const struct template *t = templates; !code && t->path; t++)
        code = write_template(made, t);
    return code;
}

static int write_mod(const struct made *mod) {
    int code = write_all(mod);
    if (code) return code;
    printf("%s/%s is a %s that works. To go on from there:\n"
           "  muster test %s/%s    run its tests\n"
           "  muster check %s/%s   look for mistakes\n"
           "  musterd --watch      play it: what you save is taken into running matches\n",
           mod->dir, mod->name, mod->kind, mod->dir, mod->name, mod->dir, mod->name);
    return 0;
}

static int write_plugin(const struct made *plugin) {
    int code = write_all(plugin);
    if (code) return code;
    printf("%s/%s is a plugin that works. Its README.md says how to build, test and load it:\n"
           "  cmake -S %s/%s -B build && cmake --build build && ctest --test-dir build\n",
           plugin->dir, plugin->name, plugin->dir, plugin->name);
    return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int usage(const char *what) {
    fprintf(stderr,
            "muster: new: %s\nUsage: muster new mode|rule NAME [--dir DIR]\n"
            "       muster new plugin ROLE NAME [--dir DIR]\nROLE:  ",
            what);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) fprintf(stderr, " %s", samples[i].kind);
    fprintf(stderr, "\n");
    return EXIT_USAGE;
}

static int new_mod(struct made *mod, const char *name) {
    if (strcmp(mod->kind, "mode") != 0 && strcmp(mod->kind, "rule") != 0)
        return usage("expected \"mode\", \"rule\" or \"plugin\"");
    strcpy(mod->name, name);
    set_mod_words(mod);
    return write_mod(mod);
}

static int new_plugin(struct made *plugin, const char *name) {
    for (size_t i = 0; i < SAMPLE_COUNT; i++)
        if (strcmp(samples[i].kind, plugin->kind) == 0) plugin->sample = &samples[i];
    if (!plugin->sample) return usage("expected a role that is one of those below");
    snprintf(plugin->name, sizeof plugin->name, "%s_%s", plugin->sample->role, name);
    set_plugin_words(plugin, name);
    return write_plugin(plugin);
}

int new_command(int argc, char **argv) {
    static struct made made;
    bool is_plugin = argc > 0 && strcmp(argv[0], "plugin") == 0;
    made.dir = is_plugin ? "plugins" : "mods";
    if (is_plugin) argc--, argv++;
    if (argc == 4 && strcmp(argv[2], "--dir") == 0 && argv[3][0])
        made.dir = argv[3];
    else if (argc != 2)
        return usage("expected what to make and its name");
    made.kind = argv[0];
    if (!name_is_good(argv[1]))
        return usage("a name is lower case letters, digits and _, begins with a letter and has at "
                     "most 32 of them");
    if (strlen(made.dir) > PATH_MAX / 2) return usage("the directory's name is too long");
    return is_plugin ? new_plugin(&made, argv[1]) : new_mod(&made, argv[1]);
}
