/* settings.json from a stranger, of a rule and of a mode: what the plugin accepts is a list that
 * the host's own check of schemas can read, whatever that says of it, under keys that it allows. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "mod_internal.h"
#include "schema.h"

static muster_status build(const char *kind, const char *text, size_t len, struct mod **out,
                           struct mod_error *error) {
    char manifest[128];
    struct sources sources = {0};
    snprintf(manifest, sizeof manifest,
             "{\"id\":\"some_mod\",\"name\":\"n\",\"version\":\"1.0.0\",\"api\":\"1\","
             "\"kind\":\"%s\"}",
             kind);
    muster_status status = mod_sources_add(&sources, "mod.json", manifest, strlen(manifest), error);
    if (!status) status = mod_sources_add(&sources, "settings.json", text, len, error);
    if (!status) status = mod_sources_add(&sources, "init.lua", "return {}", 9, error);
    if (!status) status = mod_build(&sources, NULL, out, error);
    mod_memory_free(sources.memory);
    return status;
}

static void check_settings(const struct mod *mod) {
    struct schema schema;
    struct schema_error error;
    FUZZ_CHECK((mod->setting_count > 0) == (mod->settings_json != NULL));
    for (uint32_t i = 0; i < mod->setting_count; i++) {
        const struct mod_setting *setting = &mod->settings[i];
        FUZZ_CHECK(mod_json_key_is_camel(setting->key) &&
                   mod_json_key_is_camel(setting->lobby_key));
        FUZZ_CHECK(mod_setting(mod, setting->key) == setting);
        FUZZ_CHECK(setting->type && *setting->default_json);
    }
    if (!mod->settings_json || schema_parse(mod->settings_json, &schema, &error)) return;
    FUZZ_CHECK(schema.count == mod->setting_count);
    for (uint32_t i = 0; i < schema.count; i++)
        FUZZ_CHECK(schema_find(&schema, mod->settings[i].lobby_key));
    schema_deinit(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const kinds[] = {"rule", "mode"};
    struct mod *mod;
    struct mod_error error;
    for (int i = 0; i < 2; i++) {
        if (build(kinds[i], (const char *)data, size, &mod, &error) != MUSTER_OK) {
            FUZZ_CHECK(memchr(error.text, 0, sizeof error.text) && *error.text);
            continue;
        }
        check_settings(mod);
        mod_unpin(mod);
    }
    return 0;
}
