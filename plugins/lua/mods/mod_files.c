/* mod_files - the texts of a mod out of a folder that a stranger may have packed.
 *
 * Nothing but regular files is read: no link is followed below the folder, and nothing is opened
 * that could block or act (O_NONBLOCK, then fstat). Sizes are looked at before memory is spent.
 */
#include "mod_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LUA_NAME_BYTES_MAX = 48, OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK };

static const char locale_folder[] = "locale/";
static const char tests_folder[] = "tests";
static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

static bool ends_with(const char *name, const char *ending) {
    size_t len = strlen(name), end = strlen(ending);
    return len > end && strcasecmp(name + len - end, ending) == 0;
}

bool mod_path_is_locale(const char *path) {
    return strncmp(path, locale_folder, sizeof locale_folder - 1) == 0 && ends_with(path, ".json");
}

/* ---- sources */

static bool is_lua_name(const char *name) {
    size_t len = strspn(name, name_bytes);
    return len > 0 && len <= LUA_NAME_BYTES_MAX && strcmp(name + len, ".lua") == 0;
}

/* "a/b_c.lua"; folders are like files without their ending. */
static bool is_lua_path(const char *path) {
    size_t len;
    int depth = 1;
    for (; (len = strcspn(path, "/")) < strlen(path); path += len + 1, depth++)
        if (len == 0 || len > LUA_NAME_BYTES_MAX || strspn(path, name_bytes) != len) return false;
    return depth <= MOD_DEPTH_MAX && is_lua_name(path);
}

/* "locale/pt-br.json" */
static bool is_locale_path(const char *path) {
    const char *name = path + sizeof locale_folder - 1;
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len >= 2 && len <= 16 && *name != '-' && strcmp(name + len, ".json") == 0;
}

static muster_status check_path(const char *path, struct mod_error *error) {
    if (strlen(path) >= MOD_PATH_MAX)
        return mod_fail(error, MUSTER_LIMIT, path, 0, "its path is over %d bytes",
                        MOD_PATH_MAX - 1);
    if (strcmp(path, "mod.json") == 0 || strcmp(path, "settings.json") == 0) return MUSTER_OK;
    if (mod_path_is_locale(path) && !is_locale_path(path))
        return mod_fail(error, MUSTER_INVALID, path, 0,
                        "expected the name of a language in lower case, like en.json or "
                        "pt-br.json");
    if (mod_path_is_locale(path) || is_lua_path(path)) return MUSTER_OK;
    return mod_fail(error, MUSTER_INVALID, path, 0,
                    "expected a name of a-z, 0-9 and _ (at most %d) and .lua, in at most %d "
                    "folders",
                    LUA_NAME_BYTES_MAX, MOD_DEPTH_MAX);
}

/* The line of the first byte that is no text, or 0. */
static int bad_line(const char *text, size_t len) {
    int line = 1;
    if (mod_text_is_utf8(text, len)) return 0;
    for (const char *at = text, *end = text + len; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        if (!mod_text_is_utf8(at, (size_t)(next - at))) return line;
        at = next;
    }
    return line;
}

static muster_status check_text(const char *path, const char *text, size_t len,
                                struct mod_error *error) {
    if (len && *text == '\x1b')
        return mod_fail(error, MUSTER_INVALID, path, 0, "bytecode is not taken, only text");
    int line = bad_line(text, len);
    if (line)
        return mod_fail(error, MUSTER_INVALID, path, line, "expected UTF-8 without zero bytes");
    return MUSTER_OK;
}

static size_t bytes_max(const char *path) {
    return ends_with(path, ".json") ? MOD_JSON_BYTES_MAX : MOD_FILE_BYTES_MAX;
}

static muster_status check_room(const struct sources *sources, const char *path, size_t len,
                                struct mod_error *error) {
    uint32_t files = 0;
    for (uint32_t i = 0; i < sources->count; i++) files += ends_with(sources->list[i].path, ".lua");
    if (len > bytes_max(path))
        return mod_fail(error, MUSTER_LIMIT, path, 0, "%zu bytes, at most %zu are taken", len,
                        bytes_max(path));
    if (len > MOD_BYTES_MAX - sources->bytes)
        return mod_fail(error, MUSTER_LIMIT, path, 0, "all files together are over %d bytes",
                        MOD_BYTES_MAX);
    if (sources->count == MOD_SOURCES_MAX || (ends_with(path, ".lua") && files == MOD_FILES_MAX))
        return mod_fail(error, MUSTER_LIMIT, path, 0, "more than %d files", MOD_FILES_MAX);
    return MUSTER_OK;
}

/* text: in the sources' memory. */
static muster_status add_text(struct sources *sources, const char *path, const char *text,
                              size_t len, struct mod_error *error) {
    static const char mark[] = "\xef\xbb\xbf"; /* that some editors put first */
    if (len >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        len -= 3;
    }
    muster_status status = check_text(path, text, len, error);
    if (status) return status;
    char *kept = mod_memory_copy(&sources->memory, path, strlen(path));
    if (!kept) return MUSTER_NO_MEMORY;
    sources->list[sources->count++] = (struct mod_source){kept, text, len};
    sources->bytes += len;
    return MUSTER_OK;
}

muster_status mod_sources_add(struct sources *sources, const char *path, const char *text,
                              size_t len, struct mod_error *error) {
    muster_status status = check_path(path, error);
    if (!status) status = check_room(sources, path, len, error);
    if (status) return status;
    char *copy = mod_memory_copy(&sources->memory, text, len);
    return copy ? add_text(sources, path, copy, len, error) : MUSTER_NO_MEMORY;
}

/* ---- a folder */

struct walk {
    struct sources *sources;
    struct mod_error *error;
    uint32_t entries;
    bool is_specs;
};

static muster_status fail_io(struct walk *walk, const char *path) {
    return mod_fail(walk->error, MUSTER_IO, path, 0, "cannot be read: %s", strerror(errno));
}

static muster_status read_text(struct walk *walk, int fd, const char *path, size_t size) {
    char *text = mod_memory_take(&walk->sources->memory, size + 1);
    size_t len = 0;
    if (!text) return MUSTER_NO_MEMORY;
    while (len < size) {
        ssize_t got = read(fd, text + len, size - len);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_io(walk, path);
        if (got == 0) break;
        len += (size_t)got;
    }
    return add_text(walk->sources, path, text, len, walk->error);
}

static muster_status read_file(struct walk *walk, int folder, const char *name, const char *path) {
    struct stat st;
    muster_status status = check_path(path, walk->error);
    if (status) return status;
    int fd = openat(folder, name, OPEN_FLAGS | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0)
        status = fail_io(walk, path);
    else if (!S_ISREG(st.st_mode)) /* it was one when we looked */
        status = mod_fail(walk->error, MUSTER_INVALID, path, 0, "is no regular file");
    if (!status) status = check_room(walk->sources, path, (size_t)st.st_size, walk->error);
    if (!status) status = read_text(walk, fd, path, (size_t)st.st_size);
    if (fd >= 0) close(fd);
    return status;
}

/* One that cannot be taken is told and left out. */
static muster_status read_locale(struct walk *walk, int folder, const char *name,
                                 const char *path) {
    muster_status status = read_file(walk, folder, name, path);
    if (status != MUSTER_INVALID && status != MUSTER_LIMIT) return status;
    if (!walk->sources->complaint[0])
        memcpy(walk->sources->complaint, walk->error->text, sizeof walk->sources->complaint);
    *walk->error = (struct mod_error){.line = 0};
    return MUSTER_OK;
}

/* Files of other kinds (README.md, an editor's copies) may lie there. */
static bool is_wanted(const struct walk *walk, const char *path) {
    if (ends_with(path, ".lua")) return true;
    if (walk->is_specs) return false;
    return mod_path_is_locale(path) || strcmp(path, "mod.json") == 0 ||
           strcmp(path, "settings.json") == 0;
}

static muster_status walk_folder(struct walk *walk, int fd, const char *path, int depth);

static muster_status enter_folder(struct walk *walk, int folder, const char *name, const char *path,
                                  int depth) {
    if (depth > MOD_DEPTH_MAX)
        return mod_fail(walk->error, MUSTER_LIMIT, path, 0, "more than %d folders in folders",
                        MOD_DEPTH_MAX);
    int fd = openat(folder, name, OPEN_FLAGS | O_DIRECTORY);
    return fd < 0 ? fail_io(walk, path) : walk_folder(walk, fd, path, depth);
}

static muster_status look_at(struct walk *walk, int folder, const char *name, const char *path,
                             int depth) {
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return fail_io(walk, path);
    if (S_ISREG(st.st_mode) && mod_path_is_locale(path) && !walk->is_specs)
        return read_locale(walk, folder, name, path);
    if (S_ISREG(st.st_mode))
        return is_wanted(walk, path) ? read_file(walk, folder, name, path) : MUSTER_OK;
    if (S_ISDIR(st.st_mode)) {
        bool skipped = !walk->is_specs && strcmp(path, tests_folder) == 0;
        return skipped ? MUSTER_OK : enter_folder(walk, folder, name, path, depth + 1);
    }
    return mod_fail(walk->error, MUSTER_INVALID, path, 0, "expected a file or a folder, found %s",
                    S_ISLNK(st.st_mode) ? "a link, which is not followed" : "something else");
}

static muster_status walk_entry(struct walk *walk, int folder, const char *name, const char *parent,
                                int depth) {
    char path[MOD_PATH_MAX + NAME_MAX + 2];
    if (++walk->entries > MOD_ENTRIES_MAX)
        return mod_fail(walk->error, MUSTER_LIMIT, parent, 0, "more than %d files and folders",
                        MOD_ENTRIES_MAX);
    if (*name == '.') return MUSTER_OK; /* hidden, "." and ".." */
    snprintf(path, sizeof path, "%s%s%s", parent, *parent ? "/" : "", name);
    if (strlen(path) >= MOD_PATH_MAX)
        return mod_fail(walk->error, MUSTER_LIMIT, parent, 0, "holds a path over %d bytes",
                        MOD_PATH_MAX - 1);
    return look_at(walk, folder, name, path, depth);
}

/* Takes fd. */
static muster_status walk_folder(struct walk *walk, int fd, const char *path, int depth) {
    muster_status status = MUSTER_OK;
    const struct dirent *entry;
    DIR *folder = fdopendir(fd);
    if (!folder) {
        status = fail_io(walk, path);
        close(fd);
        return status;
    }
    for (errno = 0; !status && (entry = readdir(folder)) != NULL; errno = 0)
        status = walk_entry(walk, fd, entry->d_name, path, depth);
    if (!status && errno) status = fail_io(walk, path);
    closedir(folder);
    return status;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct mod_source *)a)->path, ((const struct mod_source *)b)->path);
}

void mod_sources_sort(struct sources *sources) {
    qsort(sources->list, sources->count, sizeof *sources->list, by_path);
}

static muster_status open_folder(const char *dir, int *fd, struct mod_error *error) {
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    if (*fd >= 0) return MUSTER_OK;
    bool missing = errno == ENOENT || errno == ENOTDIR;
    return mod_fail(error, missing ? MUSTER_NOT_FOUND : MUSTER_IO, "", 0,
                    "expected the folder of a mod, found %s: %s", dir, strerror(errno));
}

static muster_status sources_read(struct sources *sources, const char *dir,
                                  struct mod_error *error) {
    struct walk walk = {.sources = sources, .error = error};
    int fd;
    muster_status status = open_folder(dir, &fd, error);
    return status ? status : walk_folder(&walk, fd, "", 1);
}

/* ---- one mod */

/* The name of the folder that dir leads to. */
static muster_status folder_name(const char *dir, char *name, size_t size,
                                 struct mod_error *error) {
    char *real = realpath(dir, NULL);
    if (!real)
        return mod_fail(error, errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO, "", 0,
                        "expected the folder of a mod, found %s: %s", dir, strerror(errno));
    snprintf(name, size, "%s", strrchr(real, '/') + 1);
    free(real);
    return MUSTER_OK;
}

static muster_status read_sources(struct sources *sources, const char *dir, const char *name,
                                  struct mod_error *error) {
    if (strncmp(name, MOD_UPLOAD_PREFIX, strlen(MOD_UPLOAD_PREFIX)) == 0)
        return mod_fail(error, MUSTER_INVALID, "mod.json", 0,
                        "id: names that begin with \"%s\" are those of players' rules",
                        MOD_UPLOAD_PREFIX);
    return sources_read(sources, dir, error);
}

muster_status mod_read(const char *dir, struct mod **out, struct mod_error *error) {
    char name[NAME_MAX + 1];
    struct sources sources = {0};
    *out = NULL;
    *error = (struct mod_error){0};
    muster_status status = folder_name(dir, name, sizeof name, error);
    if (!status) status = read_sources(&sources, dir, name, error);
    const char *kept = status ? NULL : mod_memory_copy(&sources.memory, dir, strlen(dir));
    if (!status && !kept) status = MUSTER_NO_MEMORY;
    if (!status) status = mod_build(&sources, name, out, error);
    if (!status) (*out)->dir = kept;
    mod_memory_free(sources.memory);
    return mod_settle(error, status);
}

/* ---- its tests */

static muster_status read_specs(struct sources *sources, const char *dir, struct mod_error *error) {
    struct walk walk = {.sources = sources, .error = error, .is_specs = true};
    int root;
    muster_status status = open_folder(dir, &root, error);
    if (status) return status;
    int fd = openat(root, tests_folder, OPEN_FLAGS | O_DIRECTORY);
    if (fd >= 0)
        status = walk_folder(&walk, fd, tests_folder, 2);
    else if (errno != ENOENT)
        status = fail_io(&walk, tests_folder);
    close(root);
    return status;
}

muster_status mod_specs_read(const char *dir, struct mod_specs *out, struct mod_error *error) {
    char name[NAME_MAX + 1];
    struct sources sources = {0};
    *out = (struct mod_specs){0};
    *error = (struct mod_error){0};
    muster_status status = folder_name(dir, name, sizeof name, error);
    if (!status) status = read_specs(&sources, dir, error);
    if (!status) {
        mod_sources_sort(&sources);
        out->files = mod_files_of(&sources, name, &out->count);
        if (!out->files) status = MUSTER_NO_MEMORY;
    }
    out->memory = sources.memory;
    if (status) mod_specs_deinit(out);
    return mod_settle(error, status);
}

void mod_specs_deinit(struct mod_specs *specs) {
    mod_memory_free(specs->memory);
    *specs = (struct mod_specs){0};
}
