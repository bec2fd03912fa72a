/* plugin_load - opens a private copy and decides by data alone whether it is a plugin we can talk
 * to.
 */
#include "plugin_load.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi.h"
#include "plugin_file.h"
#include "registry.h"

#define ROLES_MAX 16
#define DESCRIPTION_MAX 200
#define VERSION_MAX 31
#define ORDER_NAMES_MAX 500

static bool name_valid(const char *name) {
    size_t len = strnlen(name, MUSTER_NAME_MAX);
    if (len == 0 || len == MUSTER_NAME_MAX || name[0] < 'a' || name[0] > 'z') return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static muster_status elf_check(const char *path, char *error) {
    struct stat st;
    muster_status status = MUSTER_IO;
    uint8_t *data = MAP_FAILED;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) {
        status = plugin_elf_check(data, (size_t)st.st_size, error, PLUGIN_ERROR_MAX);
        munmap(data, (size_t)st.st_size);
    } else {
        snprintf(error, PLUGIN_ERROR_MAX, "its private copy cannot be read");
    }
    if (fd >= 0) close(fd);
    return status;
}

/* The four frozen fields, and that the symbol is as big as it says. */
static muster_status frozen_check(const struct muster_plugin *found, uint64_t symbol_bytes,
                                  char *error) {
    if (symbol_bytes < offsetof(struct muster_plugin, name) ||
        found->magic != MUSTER_PLUGIN_MAGIC) {
        snprintf(error, PLUGIN_ERROR_MAX, "its descriptor does not begin with the magic \"MSTR\"");
        return MUSTER_INVALID;
    }
    if (found->abi_major != MUSTER_ABI_MAJOR || found->abi_minor > MUSTER_ABI_MINOR) {
        snprintf(error, PLUGIN_ERROR_MAX,
                 "built for plugin ABI %u.%u, this host speaks %d.%d: rebuild it with the SDK of "
                 "this host",
                 found->abi_major, found->abi_minor, MUSTER_ABI_MAJOR, MUSTER_ABI_MINOR);
        return MUSTER_UNSUPPORTED;
    }
    const struct abi_struct *what = ABI_STRUCT(muster_plugin);
    if (!abi_size_known(what, found->size) || found->size > symbol_bytes) {
        snprintf(error, PLUGIN_ERROR_MAX,
                 "its descriptor says it has %u bytes, expected %u to %u and no more than the "
                 "symbol's %llu",
                 found->size, what->first_size, what->size, (unsigned long long)symbol_bytes);
        return MUSTER_INVALID;
    }
    if (found->flags & ~(uint32_t)MUSTER_PLUGIN_NEEDS_DATABASE) {
        snprintf(error, PLUGIN_ERROR_MAX, "its flags 0x%x are unknown to this host", found->flags);
        return MUSTER_UNSUPPORTED;
    }
    return MUSTER_OK;
}

static bool names_valid(const char *names) {
    if (!names) return true;
    size_t len = strnlen(names, ORDER_NAMES_MAX + 1);
    return len <= ORDER_NAMES_MAX && strspn(names, "abcdefghijklmnopqrstuvwxyz0123456789_ ") == len;
}

static muster_status fields_check(const struct muster_plugin *plugin, const char *name,
                                  char *error) {
    const char *fault = NULL;
    if (!plugin->name || strncmp(plugin->name, name, MUSTER_NAME_MAX) != 0) {
        snprintf(error, PLUGIN_ERROR_MAX, "its descriptor names it \"%.60s\", the file is %s.so",
                 plugin->name ? plugin->name : "", name);
        return MUSTER_INVALID;
    }
    if (!plugin->version || plugin->version[strspn(plugin->version, "0123456789")] != '.' ||
        strnlen(plugin->version, VERSION_MAX + 1) > VERSION_MAX)
        fault = "its version is not like 1.2.3";
    else if (!plugin->description || !plugin->description[0] ||
             strnlen(plugin->description, DESCRIPTION_MAX + 1) > DESCRIPTION_MAX)
        fault = "its description is missing or longer than 200 bytes";
    else if (!plugin->roles || plugin->role_count < 1 || plugin->role_count > ROLES_MAX)
        fault = "it provides no roles, or more than 16";
    else if (!names_valid(plugin->before) || !names_valid(plugin->after))
        fault = "its before and after are not names with spaces between, at most 500 bytes";
    if (!fault) return MUSTER_OK;
    snprintf(error, PLUGIN_ERROR_MAX, "%s", fault);
    return MUSTER_INVALID;
}

static muster_status roles_check(const struct muster_plugin *plugin, char *error) {
    for (uint32_t i = 0; i < plugin->role_count; i++) {
        muster_status status = registry_check(&plugin->roles[i], error, PLUGIN_ERROR_MAX);
        if (status != MUSTER_OK) return status;
    }
    return MUSTER_OK;
}

static muster_status schema_read(struct muster_self *self, char *error) {
    struct schema_error wrong = {0};
    const char *text = self->plugin.config_schema ? self->plugin.config_schema : "[]";
    muster_status status = schema_parse(text, &self->config_schema, &wrong);
    if (status != MUSTER_OK) snprintf(error, PLUGIN_ERROR_MAX, "its config_schema, %s", wrong.text);
    return status;
}

/* dlerror without the long path of the copy. */
static void dl_cause(const struct muster_self *self, char *error) {
    const char *text = dlerror();
    if (!text) text = "unknown cause";
    const char *after = strstr(text, self->copy_path);
    if (after) after += strlen(self->copy_path);
    snprintf(error, PLUGIN_ERROR_MAX, "cannot be opened%s%s", after ? "" : ": ",
             after ? after : text);
}

static muster_status take(struct muster_self *self, const struct muster_plugin *found,
                          uint64_t symbol_bytes, const char *name, char *error) {
    muster_status status = frozen_check(found, symbol_bytes, error);
    if (status != MUSTER_OK) return status;
    memcpy(&self->plugin, found, found->size);
    status = fields_check(&self->plugin, name, error);
    if (status == MUSTER_OK) status = roles_check(&self->plugin, error);
    if (status == MUSTER_OK) status = schema_read(self, error);
    if (status != MUSTER_OK) return status;
    snprintf(self->name, sizeof self->name, "%s", name);
    snprintf(self->version, sizeof self->version, "%s", self->plugin.version);
    return MUSTER_OK;
}

static muster_status probe(struct muster_self *self, const char *name, char *error) {
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    const struct muster_plugin *found = dlsym(self->library, MUSTER_PLUGIN_SYMBOL);
    if (!found || !dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol) {
        snprintf(error, PLUGIN_ERROR_MAX, "it exports no %s", MUSTER_PLUGIN_SYMBOL);
        return MUSTER_NOT_FOUND;
    }
    return take(self, found, symbol->st_size, name, error);
}

static muster_status name_check(const char *name, char *error) {
    if (name_valid(name)) return MUSTER_OK;
    snprintf(error, PLUGIN_ERROR_MAX, "its name is not like role_name ([a-z][a-z0-9_]*)");
    return MUSTER_INVALID;
}

muster_status plugin_image_take(struct muster_self *self, const struct muster_plugin *linked,
                                char *error) {
    muster_status status = name_check(linked->name ? linked->name : "", error);
    if (status == MUSTER_OK) status = take(self, linked, linked->size, linked->name, error);
    if (status != MUSTER_OK) plugin_image_close(self);
    return status;
}

muster_status plugin_image_open(struct muster_self *self, const char *name, char *error) {
    muster_status status = name_check(name, error);
    if (status != MUSTER_OK) return status;
    status =
        plugin_file_copy(name, self->copy_path, sizeof self->copy_path, error, PLUGIN_ERROR_MAX);
    if (status != MUSTER_OK) {
        self->copy_path[0] = '\0';
        return status;
    }
    status = elf_check(self->copy_path, error);
    if (status != MUSTER_OK) goto failed;
    self->library = dlopen(self->copy_path, RTLD_NOW | RTLD_LOCAL);
    if (!self->library) {
        dl_cause(self, error);
        status = MUSTER_IO;
        goto failed;
    }
    status = probe(self, name, error);
    if (status == MUSTER_OK) return MUSTER_OK;
failed:
    plugin_image_close(self);
    return status;
}

void plugin_image_unlink(struct muster_self *self) {
    if (self->copy_path[0]) plugin_file_remove(self->copy_path);
    self->copy_path[0] = '\0';
}

void plugin_image_close(struct muster_self *self) {
    schema_deinit(&self->config_schema);
    memset(&self->config_schema, 0, sizeof self->config_schema);
    memset(&self->plugin, 0, sizeof self->plugin);
#if !defined(__SANITIZE_ADDRESS__) /* the leak report needs the code that allocated */
    if (self->library) dlclose(self->library);
#endif
    self->library = NULL;
    plugin_image_unlink(self);
}
