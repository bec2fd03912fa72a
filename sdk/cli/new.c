/* new - writes a mod from the templates: replaces names in paths and texts, overwrites nothing. */
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
#define EDITOR_TEMPLATE "luarc.json"
#define EDITOR_FILE ".luarc.json"

struct word {
    const char *name; /* between two @ */
    char value[PATH_MAX + 2];
};

enum { WORD_NAME, WORD_TITLE, WORD_KEY, WORD_AUTHOR, WORD_STUBS, WORD_COUNT };

struct mod {
    const char *kind; /* "mode" or "rule" */
    const char *name;
    const char *dir;
    struct word words[WORD_COUNT];
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

static void set_words(struct mod *mod) {
    struct word *words = mod->words;
    words[WORD_NAME].name = "NAME";
    words[WORD_TITLE].name = "TITLE";
    words[WORD_KEY].name = "KEY";
    words[WORD_AUTHOR].name = "AUTHOR";
    words[WORD_STUBS].name = "STUBS";
    strcpy(words[WORD_NAME].value, mod->name);
    set_title(mod->name, words[WORD_TITLE].value);
    set_key(mod->name, words[WORD_KEY].value);
    set_author(words[WORD_AUTHOR].value);
    set_stubs(words[WORD_STUBS].value);
}

/* The word that stands at `at`, "@NAME@...", or null. */
static const struct word *word_at(const struct mod *mod, const char *at) {
    for (int i = 0; *at == '@' && i < WORD_COUNT; i++) {
        size_t len = strlen(mod->words[i].name);
        if (strncmp(at + 1, mod->words[i].name, len) == 0 && at[1 + len] == '@')
            return &mod->words[i];
    }
    return NULL;
}

static void put_text(const struct mod *mod, const char *text, FILE *out) {
    while (*text) {
        const struct word *word = word_at(mod, text);
        if (word) {
            fputs(word->value, out);
            text += strlen(word->name) + 2;
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
static int write_file(const struct mod *mod, const char *relative, const struct template *template,
                      bool is_shared) {
    char *path = NULL;
    size_t size = 0;
    FILE *name = open_memstream(&path, &size);
    if (!name) return complain(relative, strerror(errno));
    fprintf(name, "%s/", mod->dir);
    put_text(mod, relative, name);
    if (fclose(name)) return complain(relative, strerror(errno));
    int code = make_dirs(path);
    int fd = code ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out) {
        put_text(mod, template->text, out);
        if (fclose(out)) code = complain(path, strerror(errno));
    } else if (!code && !(is_shared && errno == EEXIST)) {
        code = complain(path, strerror(errno));
    }
    free(path);
    return code;
}

static int write_template(const struct mod *mod, const struct template *template) {
    char relative[PATH_MAX];
    size_t kind = strlen(mod->kind);
    if (strcmp(template->path, EDITOR_TEMPLATE) == 0)
        return write_file(mod, EDITOR_FILE, template, true);
    if (strncmp(template->path, mod->kind, kind) != 0 || template->path[kind] != '/') return 0;
    snprintf(relative, sizeof relative, "@NAME@%s", template->path + kind);
    return write_file(mod, relative, template, false);
}

static int refuse_present(const struct mod *mod) {
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", mod->dir, mod->name);
    if (lstat(path, &st) == 0) return complain(path, "it is there already");
    return errno == ENOENT ? 0 : complain(path, strerror(errno));
}

static int write_mod(const struct mod *mod) {
    int code = refuse_present(mod);
    for (const struct template *t = templates; !code && t->path; t++) code = write_template(mod, t);
    if (code) return code;
    printf("%s/%s is a %s that works. To go on from there:\n"
           "  muster test %s/%s    run its tests\n"
           "  muster check %s/%s   look for mistakes\n"
           "  musterd --watch      play it: what you save is taken into running matches\n",
           mod->dir, mod->name, mod->kind, mod->dir, mod->name, mod->dir, mod->name);
    return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int usage(const char *what) {
    fprintf(stderr, "muster: new: %s\nUsage: muster new mode|rule NAME [--dir DIR]\n", what);
    return EXIT_USAGE;
}

int new_mod(int argc, char **argv) {
    static struct mod mod = {.dir = "mods"};
    if (argc == 4 && strcmp(argv[2], "--dir") == 0 && argv[3][0])
        mod.dir = argv[3];
    else if (argc != 2)
        return usage("expected what to make and its name");
    mod.kind = argv[0];
    mod.name = argv[1];
    if (strcmp(mod.kind, "mode") != 0 && strcmp(mod.kind, "rule") != 0)
        return usage("expected \"mode\" or \"rule\"");
    if (!name_is_good(mod.name))
        return usage("a name is lower case letters, digits and _, begins with a letter and has at "
                     "most 32 of them");
    if (strlen(mod.dir) > PATH_MAX / 2) return usage("the directory's name is too long");
    set_words(&mod);
    return write_mod(&mod);
}
