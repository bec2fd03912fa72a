/* mod_build - sources to a mod: its files by name, the texts of locale/, the hash; and uploads. */
#include "mod_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HASH_BYTES = 16, /* two uploads with one hash would take 2^64 tries */
    LOCALE_KEYS_MAX = 1000,
    LOCALE_TEXT_BYTES_MAX = 1024,
    LOCALE_KEY_BYTES_MAX = 64,
};

static const char manifest_file[] = "mod.json";

/* ---- files */

/* "a/b.lua" to "a.b" */
static const char *module_name(struct mod_memory **memory, const char *path) {
    char *name = mod_memory_copy(memory, path, strlen(path) - strlen(".lua"));
    for (char *at = name; at && *at; at++)
        if (*at == '/') *at = '.';
    return name;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct mod_file *)a)->name, ((const struct mod_file *)b)->name);
}

static bool is_lua(const char *path) {
    size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, ".lua") == 0;
}

struct mod_file *mod_files_of(struct sources *sources, const char *id, uint32_t *count) {
    struct mod_file *files = mod_memory_take(&sources->memory, sources->count * sizeof *files);
    *count = 0;
    for (uint32_t i = 0; files && i < sources->count; i++) {
        const struct mod_source *source = &sources->list[i];
        size_t size = strlen(id) + strlen(source->path) + 2;
        if (!is_lua(source->path)) continue;
        const char *name = module_name(&sources->memory, source->path);
        char *chunk = mod_memory_take(&sources->memory, size);
        if (!name || !chunk) return NULL;
        snprintf(chunk, size, "%s/%s", id, source->path);
        files[(*count)++] = (struct mod_file){name, source->path, chunk, source->text, source->len};
    }
    if (files) qsort(files, *count, sizeof *files, by_name);
    return files;
}

/* ---- locale */

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct mod_text *)a)->key, ((const struct mod_text *)b)->key);
}

static bool is_locale_key(const char *key) {
    size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return len > 0 && len <= LOCALE_KEY_BYTES_MAX && key[len] == '\0';
}

static muster_status read_texts(const struct json_place *place, json_t *json,
                                struct mod_locale *locale) {
    struct mod_text *texts = mod_memory_take(place->memory, json_object_size(json) * sizeof *texts);
    const char *key;
    json_t *value;
    if (!texts) return MUSTER_NO_MEMORY;
    json_object_foreach(json, key, value) {
        struct json_place field = mod_json_field(place, key);
        size_t len = json_string_length(value);
        if (!is_locale_key(key) || !json_is_string(value) || len > LOCALE_TEXT_BYTES_MAX)
            return mod_json_fail(&field, value,
                                 "a key of letters, digits, _ . - and a text of at most "
                                 "1024 bytes");
        struct mod_text *text = &texts[locale->text_count++];
        text->key = mod_memory_copy(place->memory, key, strlen(key));
        text->text = mod_memory_copy(place->memory, json_string_value(value), len);
        if (!text->key || !text->text) return MUSTER_NO_MEMORY;
    }
    qsort(texts, locale->text_count, sizeof *texts, by_key);
    locale->texts = texts;
    return MUSTER_OK;
}

static muster_status read_locale(struct mod *mod, const struct mod_source *source,
                                 struct mod_locale *locale, struct mod_error *error) {
    struct json_place place = {source->path, "", &mod->memory, error};
    const char *name = strchr(source->path, '/') + 1;
    json_t *json = mod_json_read(source, error);
    if (!json) return MUSTER_INVALID;
    muster_status status = MUSTER_OK;
    locale->language = mod_memory_copy(&mod->memory, name, strlen(name) - strlen(".json"));
    if (!locale->language)
        status = MUSTER_NO_MEMORY;
    else if (!json_is_object(json) || json_object_size(json) > LOCALE_KEYS_MAX)
        status = mod_fail(error, MUSTER_INVALID, source->path, 0,
                          "expected an object of at most %d texts", LOCALE_KEYS_MAX);
    else
        status = read_texts(&place, json, locale);
    json_decref(json);
    return status;
}

/* One that cannot be read is told and left out: a translator's slip keeps nobody from playing. */
static muster_status add_locale(struct mod *mod, const struct mod_source *source,
                                struct mod_locale *locales) {
    struct mod_error wrong = {.text = ""};
    struct mod_locale locale = {.text_count = 0};
    muster_status status = read_locale(mod, source, &locale, &wrong);
    if (status == MUSTER_NO_MEMORY) return status;
    if (status && !mod->complaint) /* the first one tells */
        mod->complaint = mod_memory_copy(&mod->memory, wrong.text, strlen(wrong.text));
    if (status) return mod->complaint ? MUSTER_OK : MUSTER_NO_MEMORY;
    locales[mod->locale_count++] = locale;
    return MUSTER_OK;
}

static muster_status read_locales(struct mod *mod, struct mod_error *error) {
    struct mod_locale *locales = mod_memory_take(&mod->memory, MOD_LOCALES_MAX * sizeof *locales);
    muster_status status = locales ? MUSTER_OK : MUSTER_NO_MEMORY;
    mod->locales = locales;
    for (uint32_t i = 0; !status && i < mod->source_count; i++) {
        const struct mod_source *source = &mod->sources[i];
        if (!mod_path_is_locale(source->path)) continue;
        if (mod->locale_count == MOD_LOCALES_MAX)
            status = mod_fail(error, MUSTER_LIMIT, source->path, 0, "more than %d languages",
                              MOD_LOCALES_MAX);
        else
            status = add_locale(mod, source, locales);
    }
    return status;
}

/* ---- the whole */

static void hash_number(crypto_generichash_state *state, size_t number) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)number >> 8 * i);
    crypto_generichash_update(state, bytes, sizeof bytes);
}

/* The lengths keep apart what two mods could otherwise cut differently. */
static void set_hash(struct mod *mod) {
    unsigned char hash[HASH_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (uint32_t i = 0; i < mod->source_count; i++) {
        const struct mod_source *source = &mod->sources[i];
        hash_number(&state, strlen(source->path));
        crypto_generichash_update(&state, (const unsigned char *)source->path,
                                  strlen(source->path));
        hash_number(&state, source->len);
        crypto_generichash_update(&state, (const unsigned char *)source->text, source->len);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(mod->hash, sizeof mod->hash, hash, sizeof hash);
}

static const struct mod_source *source_of(const struct mod *mod, const char *path) {
    for (uint32_t i = 0; i < mod->source_count; i++)
        if (strcmp(mod->sources[i].path, path) == 0) return &mod->sources[i];
    return NULL;
}

static muster_status set_files(struct mod *mod, struct sources *sources, struct mod_error *error) {
    sources->memory = mod->memory;
    mod->files = mod_files_of(sources, mod->id, &mod->file_count);
    mod->memory = sources->memory;
    if (!mod->files) return MUSTER_NO_MEMORY;
    if (!mod_file(mod, "init")) return mod_fail(error, MUSTER_INVALID, "init.lua", 0, "is missing");
    return MUSTER_OK;
}

static muster_status fill(struct mod *mod, struct sources *sources, const char *id,
                          struct mod_error *error) {
    const struct mod_source *manifest = source_of(mod, manifest_file);
    if (!manifest) return mod_fail(error, MUSTER_INVALID, manifest_file, 0, "is missing");
    muster_status status = mod_manifest_read(mod, manifest, id, error);
    if (!status) status = set_files(mod, sources, error);
    const struct mod_source *settings = source_of(mod, "settings.json");
    if (!status && settings) status = mod_settings_read(mod, settings, error);
    if (!status && sources->complaint[0])
        mod->complaint =
            mod_memory_copy(&mod->memory, sources->complaint, strlen(sources->complaint));
    if (!status) status = read_locales(mod, error);
    if (status) return status;
    mod->is_upload = strncmp(mod->id, MOD_UPLOAD_PREFIX, strlen(MOD_UPLOAD_PREFIX)) == 0;
    set_hash(mod);
    return MUSTER_OK;
}

muster_status mod_build(struct sources *sources, const char *id, struct mod **out,
                        struct mod_error *error) {
    struct mod_memory *memory = sources->memory;
    struct mod *mod = mod_memory_take(&memory, sizeof *mod);
    struct mod_source *list = mod_memory_take(&memory, sources->count * sizeof *list);
    muster_status status = MUSTER_NO_MEMORY;
    *out = NULL;
    if (mod && list) {
        mod_sources_sort(sources);
        memcpy(list, sources->list, sources->count * sizeof *list);
        *mod = (struct mod){.dir = "",
                            .sources = list,
                            .source_count = sources->count,
                            .pins = 1,
                            .memory = memory};
        status = fill(mod, sources, id, error);
        memory = mod->memory;
    }
    sources->memory = NULL;
    if (!status)
        *out = mod;
    else
        mod_memory_free(memory);
    return status;
}

/* ---- uploads */

static json_t *upload_manifest(const char *id, const char *name, uint32_t permissions) {
    json_t *list = json_array();
    for (uint32_t bit = 1; bit <= MOD_PERMISSIONS_ALL; bit <<= 1)
        if (permissions & bit) json_array_append_new(list, json_string(mod_permission_name(bit)));
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "id", id, "kind", "rule", "api", "1", "name",
                     name, "version", "0.0.0", "permissions", list);
}

static muster_status add_manifest(struct sources *sources, const char *id, const char *name,
                                  uint32_t permissions, struct mod_error *error) {
    json_t *json = upload_manifest(id, name, permissions);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    muster_status status = MUSTER_NO_MEMORY;
    if (text) status = mod_sources_add(sources, manifest_file, text, strlen(text), error);
    free(text);
    json_decref(json);
    return status;
}

muster_status mod_upload(const char *name, const char *text, size_t len, uint32_t permissions,
                         struct mod **out, struct mod_error *error) {
    char id[MOD_ID_MAX + 1];
    struct sources sources = {0};
    *out = NULL;
    *error = (struct mod_error){0};
    if (!mod_word_is_id(name, MOD_UPLOAD_NAME_MAX))
        return mod_fail(error, MUSTER_INVALID, "", 0,
                        "expected a name of a-z, 0-9 and _ (at most %d, a letter first)",
                        MOD_UPLOAD_NAME_MAX);
    if (len == 0 || len > MOD_UPLOAD_BYTES_MAX)
        return mod_fail(error, MUSTER_LIMIT, "init.lua", 0, "expected 1 to %d bytes, found %zu",
                        MOD_UPLOAD_BYTES_MAX, len);
    snprintf(id, sizeof id, MOD_UPLOAD_PREFIX "%s", name);
    muster_status status = add_manifest(&sources, id, name, permissions, error);
    if (!status) status = mod_sources_add(&sources, "init.lua", text, len, error);
    if (!status) status = mod_build(&sources, id, out, error);
    mod_memory_free(sources.memory);
    return mod_settle(error, status);
}
