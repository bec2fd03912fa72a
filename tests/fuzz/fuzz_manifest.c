/* mod.json from a stranger: what is accepted has all that a mod must have, and comes back from its
 * own texts as the same mod. The part behind a NUL is locale/en.json. */
#include <string.h>

#include "fuzz.h"
#include "mod_internal.h"

static muster_status build(const char *manifest, size_t manifest_len, const char *locale,
                           size_t locale_len, struct mod **out, struct mod_error *error) {
    struct sources sources = {0};
    muster_status status = mod_sources_add(&sources, "mod.json", manifest, manifest_len, error);
    if (!status && locale_len)
        status = mod_sources_add(&sources, "locale/en.json", locale, locale_len, error);
    if (!status) status = mod_sources_add(&sources, "init.lua", "return {}", 9, error);
    if (!status) status = mod_build(&sources, NULL, out, error);
    mod_memory_free(sources.memory);
    return status;
}

static void check_needs(const struct mod_need *needs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        FUZZ_CHECK(mod_word_is_id(needs[i].id, MOD_ID_MAX));
        FUZZ_CHECK(mod_ranges_are_good(needs[i].versions));
        (void)mod_version_matches("1.2.3-a.1", needs[i].versions);
    }
}

static void check_mod(const struct mod *mod) {
    FUZZ_CHECK(mod_word_is_id(mod->id, MOD_ID_MAX));
    FUZZ_CHECK(*mod->name && mod->author && mod->license && mod->description);
    FUZZ_CHECK(mod_version_is_good(mod->version));
    FUZZ_CHECK(mod_version_matches(mod->version, ""));
    FUZZ_CHECK(mod->kind == MOD_MODE || mod->kind == MOD_RULE);
    FUZZ_CHECK((mod->permissions & ~(uint32_t)MOD_PERMISSIONS_ALL) == 0);
    FUZZ_CHECK(mod->memory_bytes >= 64 * 1024);
    FUZZ_CHECK(mod->kind == MOD_RULE || mod->base || (mod->players_max && mod->map_count));
    FUZZ_CHECK(strlen(mod->hash) == MOD_HASH_MAX - 1);
    check_needs(mod->depends, mod->depend_count);
    check_needs(mod->optional, mod->optional_count);
    (void)mod_text(mod, "en", "a");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct mod *mod, *again;
    struct mod_error error;
    const char *text = (const char *)data;
    size_t len = size ? strnlen(text, size) : 0;
    const char *locale = len < size ? text + len + 1 : "";
    size_t locale_len = len < size ? size - len - 1 : 0;
    if (build(text, len, locale, locale_len, &mod, &error) != MUSTER_OK) {
        FUZZ_CHECK(memchr(error.text, 0, sizeof error.text) && *error.text);
        return 0;
    }
    check_mod(mod);
    FUZZ_CHECK(build(text, len, locale, locale_len, &again, &error) == MUSTER_OK);
    FUZZ_CHECK(strcmp(mod->hash, again->hash) == 0);
    mod_unpin(mod);
    mod_unpin(again);
    return 0;
}
