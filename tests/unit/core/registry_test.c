/* Game modes on a base: what they take from it, their settings and defaults, what is refused, and
 * that matches of them are matches of the base's plugin.
 */
#include "abi.h"
#include "lobby.h"
#include "match_rig.h"
#include "plugin_internal.h"
#include "registry_internal.h"

static struct muster_self mods; /* a plugin without a mode role */

static const struct muster_rules no_rules = {.size = sizeof no_rules};
static const struct muster_role mods_roles[] = {{MUSTER_ROLE_RULES, 0, &no_rules}};

static int open_mods(void **state) {
    char error[256] = "";
    static const char common[] =
        "[{\"key\":\"commonLimit\",\"type\":\"int\",\"default\":5,\"min\":1,\"max\":9},"
        "{\"key\":\"commonWord\",\"type\":\"string\",\"default\":\"\",\"secret\":true}]";
    if (open_books(state) || fake_plugin(&mods, "mods", mods_roles, 1, NULL, NULL)) return -1;
    mods.order = mods.listed = 1;
    return registry_settings_add(&mods, common, error, sizeof error);
}

static int close_mods(void **state) {
    registry_remove(&mods);
    return close_books(state);
}

static struct muster_mode_info based(const char *game_mode, const char *base) {
    return (struct muster_mode_info){.size = sizeof(struct muster_mode_info),
                                     .game_mode = game_mode,
                                     .title = "Based",
                                     .base = base};
}

static char why[256];

static muster_status add(const struct muster_mode_info *info) {
    why[0] = '\0';
    return registry_mode_add(&mods, info, why, sizeof why);
}

/* A base with settings: killLimit 1 to 100, color. */
static const char *const maps[] = {"one", "two"};

static struct muster_mode_info base_info(const char *game_mode) {
    return (struct muster_mode_info){
        .size = sizeof(struct muster_mode_info),
        .players_max = 8,
        .game_mode = game_mode,
        .title = "Base",
        .settings_json = "[{\"key\":\"killLimit\",\"type\":\"int\",\"default\":50,\"min\":1,"
                         "\"max\":100},{\"key\":\"color\",\"type\":\"enum\",\"default\":\"red\","
                         "\"values\":[\"red\",\"blue\"]}]",
        .maps = maps,
        .map_count = 2,
        .tick_rate_hz = 30,
        .view_count = 3,
        .snapshot_max_bytes = 512,
    };
}

static void add_base(void) {
    const struct muster_mode_info info = base_info("base");
    assert_int_equal(registry_mode_add(&game.self, &info, why, sizeof why), MUSTER_OK);
}

/* ---- what a base fills in -------------------------------------------------------------------- */

static void what_is_left_out_is_the_bases(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "base");
    assert_int_equal(add(&info), MUSTER_OK);
    const struct mode_entry *koth = registry_mode("koth");
    assert_non_null(koth);
    assert_ptr_equal(koth->provider, registry_mode("base")->provider);
    assert_ptr_equal(registry_mode_owner(koth), &mods);
    assert_int_equal(koth->players_max, 8);
    assert_int_equal(koth->tick_rate_hz, 30);
    assert_int_equal(koth->view_count, 3);
    assert_int_equal(koth->snapshot_max_bytes, 512);
    assert_int_equal(koth->map_count, 2);
    assert_string_equal(koth->maps[1], "two");
    info = based("koth_small", "base");
    info.players_max = 2;
    info.tick_rate_hz = 10;
    info.maps = maps + 1;
    info.map_count = 1;
    assert_int_equal(add(&info), MUSTER_OK);
    koth = registry_mode("koth_small");
    assert_int_equal(koth->players_max, 2);
    assert_int_equal(koth->tick_rate_hz, 10);
    assert_int_equal(koth->map_count, 1);
    assert_string_equal(koth->maps[0], "two");
}

static void a_base_that_goes_takes_its_modes_along(void **state) {
    (void)state;
    add_base();
    const struct muster_mode_info info = based("koth", "base");
    assert_int_equal(add(&info), MUSTER_OK);
    assert_int_equal(registry_mode_remove(&game.self, "base"), MUSTER_OK);
    assert_null(registry_mode("koth"));
    assert_null(registry_settings("koth"));
    for (const struct mode_entry *m = registry_mode_next(NULL); m; m = registry_mode_next(m))
        assert_string_not_equal(m->game_mode, "koth");
    assert_int_equal(add(&info), MUSTER_NOT_FOUND);
    add_base();
    assert_non_null(registry_mode("koth"));
    assert_int_equal(registry_mode("koth")->map_count, 2);
    assert_int_equal(registry_mode_remove(&mods, "koth"), MUSTER_OK);
    assert_null(registry_mode("koth"));
}

/* As in a plugin's init: nothing of it is in force yet. */
static void base_and_mode_may_come_together(void **state) {
    (void)state;
    static struct muster_self late;
    late = (struct muster_self){.generation = 1, .phase = PLUGIN_STARTED, .name = "late"};
    late.resources.next = late.resources.prev = &late.resources;
    late.plugin.roles = fake_roles;
    late.plugin.role_count = 1;
    assert_int_equal(registry_add(&late, why, sizeof why), MUSTER_OK);
    const struct muster_mode_info base = base_info("late_base");
    const struct muster_mode_info info = based("late_koth", "late_base");
    assert_int_equal(registry_mode_add(&late, &info, why, sizeof why), MUSTER_NOT_FOUND);
    assert_int_equal(registry_mode_add(&late, &base, why, sizeof why), MUSTER_OK);
    assert_int_equal(registry_mode_add(&late, &info, why, sizeof why), MUSTER_OK);
    const struct muster_mode_info other = based("koth", "late_base"); /* not its own, not there */
    assert_int_equal(add(&other), MUSTER_NOT_FOUND);
    assert_null(registry_mode("late_koth"));
    late.committed = true;
    registry_commit(&late, NULL);
    assert_int_equal(registry_mode("late_koth")->players_max, 8);
    registry_remove(&late);
    assert_null(registry_mode("late_koth"));
}

static void what_is_no_mode_is_refused(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "nothing");
    assert_int_equal(add(&info), MUSTER_NOT_FOUND);
    assert_string_equal(why, "mode koth: its base nothing is not declared");
    info = based("koth", "koth");
    assert_int_equal(add(&info), MUSTER_NOT_FOUND);
    info = based("koth", NULL);
    assert_int_equal(add(&info), MUSTER_INVALID);
    assert_string_equal(why, "mode koth: the plugin has no mode role");
    info = based("koth", "base");
    assert_int_equal(add(&info), MUSTER_OK);
    info = based("more", "koth");
    assert_int_equal(add(&info), MUSTER_INVALID);
    assert_string_equal(why, "mode more: its base koth has a base itself");
    info = based("koth", "base");
    assert_int_equal(add(&info), MUSTER_EXISTS);
    info = based("two words", "base");
    assert_int_equal(add(&info), MUSTER_INVALID);
    info = based("more", "base");
    info.maps = maps; /* and none of them */
    assert_int_equal(add(&info), MUSTER_INVALID);
    info.maps = NULL;
    info.view_count = MUSTER_VIEWS_MAX + 1;
    assert_int_equal(add(&info), MUSTER_INVALID);
    assert_string_equal(why, "mode more: view_count is not 1 to 129");
    info.view_count = MUSTER_VIEWS_MAX;
    assert_int_equal(add(&info), MUSTER_OK);
}

/* One value of a good description at a time, at its edges. */
static void every_bound_is_held(void **state) {
    (void)state;
    static const char *const many[65] = {"a"};
    static const char *const bad_map[] = {"one", "no map"};
    static const char long_name[] = "n23456789012345678901234567890123456789012345678";
    const struct muster_mode_info good = base_info("edge");
#define EDGES(field, low, high)                                                                    \
    { offsetof(struct muster_mode_info, field), low, high, #field }
    static const struct {
        size_t at;
        uint32_t low, high;
        const char *field;
    } edges[] = {EDGES(players_max, 1, 16), EDGES(tick_rate_hz, 1, 128), EDGES(view_count, 1, 129),
                 EDGES(snapshot_max_bytes, 64, 16384)};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        const uint32_t values[] = {edges[i].low - 1, edges[i].low, edges[i].high,
                                   edges[i].high + 1};
        for (int v = 0; v < 4; v++) {
            struct muster_mode_info info = good;
            memcpy((uint8_t *)&info + edges[i].at, &values[v], sizeof values[v]);
            bool fits = v == 1 || v == 2;
            muster_status status = registry_mode_add(&game.self, &info, why, sizeof why);
            if (status != (fits ? MUSTER_OK : MUSTER_INVALID))
                fail_msg("%s %u: status %d", edges[i].field, values[v], (int)status);
            if (fits) assert_int_equal(registry_mode_remove(&game.self, "edge"), MUSTER_OK);
            if (!fits) assert_non_null(strstr(why, edges[i].field));
        }
    }
    static const struct {
        const char *game_mode, *title;
        const char *const *maps;
        uint32_t map_count;
        bool fits;
    } others[] = {
        {long_name + 1, "x", maps, 2, true}, {long_name, "x", maps, 2, false},
        {"a_-.Z9", "x", maps, 2, true},      {"_a", "x", maps, 2, false},
        {"", "x", maps, 2, false},           {"a/b", "x", maps, 2, false},
        {"m", "", maps, 2, false},           {"m", NULL, maps, 2, false},
        {"m", "x", NULL, 1, false},          {"m", "x", maps, 0, false},
        {"m", "x", many, 65, false},         {"m", "x", bad_map, 2, false},
        {"m", "x", bad_map, 1, true},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct muster_mode_info info = good;
        info.game_mode = others[i].game_mode;
        info.title = others[i].title;
        info.maps = others[i].maps;
        info.map_count = others[i].map_count;
        muster_status status = registry_mode_add(&game.self, &info, why, sizeof why);
        if ((status == MUSTER_OK) != others[i].fits) fail_msg("case %zu: %d", i, (int)status);
        if (others[i].fits) (void)registry_mode_remove(&game.self, info.game_mode);
    }
}

/* ---- who comes first ------------------------------------------------------------------------- */

static void providers_stand_in_the_order_of_the_config(void **state) {
    (void)state;
    static struct muster_self plugins[3];
    static const uint32_t orders[] = {7, 3, 5};
    static const struct muster_service service = {.size = sizeof service};
    static const struct muster_role role = {MUSTER_ROLE_SERVICE, 0, &service};
    for (int i = 0; i < 3; i++) {
        plugins[i] = (struct muster_self){.order = orders[i], .committed = true};
        plugins[i].resources.next = plugins[i].resources.prev = &plugins[i].resources;
        plugins[i].plugin.roles = &role;
        plugins[i].plugin.role_count = 1;
        assert_int_equal(registry_add(&plugins[i], why, sizeof why), MUSTER_OK);
        for (const struct provider *p = registry_first(MUSTER_ROLE_SERVICE); p; p = p->next)
            assert_ptr_not_equal(p->self, &plugins[i]); /* not in force yet */
        registry_commit(&plugins[i], NULL);
    }
    const struct provider *at = registry_first(MUSTER_ROLE_SERVICE);
    assert_ptr_equal(at->self, &plugins[1]);
    assert_ptr_equal(at->next->self, &plugins[2]);
    assert_ptr_equal(at->next->next->self, &plugins[0]);
    assert_null(at->next->next->next);
    registry_remove(&plugins[2]);
    assert_ptr_equal(registry_first(MUSTER_ROLE_SERVICE)->next->self, &plugins[0]);
    assert_null(registry_first(MUSTER_ROLE_SERVICE)->next->next);
    registry_remove(&plugins[1]);
    assert_ptr_equal(registry_first(MUSTER_ROLE_SERVICE)->self, &plugins[0]);
    registry_remove(&plugins[0]);
    assert_null(registry_first(MUSTER_ROLE_SERVICE));
    assert_null(registry_first(MUSTER_ROLE_END));
}

static muster_status never_submit(void *instance, muster_db_ticket_id ticket,
                                  const struct muster_db_request *request) {
    (void)instance, (void)ticket, (void)request;
    return MUSTER_IO;
}

static muster_status never_migrate(void *instance, muster_db_ticket_id ticket,
                                   const char *component, const char *const *steps,
                                   uint32_t step_count) {
    (void)instance, (void)ticket, (void)component, (void)steps, (void)step_count;
    return MUSTER_IO;
}

static void databases_are_found_by_their_names(void **state) {
    (void)state;
    static struct muster_self first, second;
    static const struct muster_database database = {
        .size = sizeof database, .submit = never_submit, .migrate = never_migrate};
    static const struct muster_role role[] = {{MUSTER_ROLE_DATABASE, 0, &database}};
    assert_int_equal(registry_check(&role[0], why, sizeof why), MUSTER_OK);
    assert_int_equal(fake_plugin(&first, "first", role, 1, NULL, NULL), 0);
    assert_int_equal(fake_plugin(&second, "second", role, 1, NULL, NULL), 0);
    assert_ptr_equal(registry_first(MUSTER_ROLE_DATABASE)->self, &first);
    assert_ptr_equal(registry_named(MUSTER_ROLE_DATABASE, NULL)->self, &first);
    assert_ptr_equal(registry_named(MUSTER_ROLE_DATABASE, "")->self, &first);
    assert_ptr_equal(registry_named(MUSTER_ROLE_DATABASE, "second")->self, &second);
    assert_null(registry_named(MUSTER_ROLE_DATABASE, "third"));
    registry_remove(&first);
    assert_ptr_equal(registry_named(MUSTER_ROLE_DATABASE, NULL)->self, &second);
    registry_remove(&second);
    assert_null(registry_named(MUSTER_ROLE_DATABASE, NULL));
}

static void there_is_one_that_keeps_keys(void **state) {
    (void)state;
    static struct muster_self first, second;
    static struct muster_kv kv = {.size = sizeof kv};
    static const struct muster_role role[] = {{MUSTER_ROLE_KV, 0, &kv}};
    assert_int_equal(fake_plugin(&first, "first", role, 1, NULL, NULL), 0);
    assert_int_equal(fake_plugin(&second, "second", role, 1, NULL, NULL), -1);
    registry_remove(&second);
    assert_ptr_equal(registry_first(MUSTER_ROLE_KV)->self, &first);
    registry_remove(&first);
    assert_int_equal(fake_plugin(&second, "second", role, 1, NULL, NULL), 0);
    registry_remove(&second);
}

/* ---- settings and defaults ------------------------------------------------------------------- */

static json_t *default_of(const char *game_mode, const char *key) {
    const struct schema_entry *entry = schema_find(registry_settings(game_mode), key);
    assert_non_null(entry);
    return entry->fallback;
}

/* Keys after the two of every mode. */
static const char *shown(const char *game_mode) {
    static char keys[256];
    const struct schema *schema = registry_settings(game_mode);
    assert_string_equal(schema->entries[0].key, "mapName");
    assert_string_equal(schema->entries[1].key, "maxPlayers");
    keys[0] = '\0';
    for (uint32_t i = 2; i < schema->count; i++)
        sprintf(strchr(keys, 0), "%s ", schema->entries[i].key);
    return keys;
}

#define SETTING(key) "[{\"key\":\"" key "\",\"type\":\"bool\",\"default\":true}]"
#define SPEED "[{\"key\":\"speed\",\"type\":\"int\",\"default\":3,\"min\":1,\"max\":9}]"

static void settings_are_the_bases_and_its_own(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "base");
    info.settings_json = SPEED;
    assert_int_equal(add(&info), MUSTER_OK);
    assert_string_equal(shown("koth"), "killLimit color speed commonLimit commonWord ");
    assert_null(schema_find(registry_settings("base"), "speed"));
}

static void add_settings(struct muster_self *self, const char *schema) {
    if (registry_settings_add(self, schema, why, sizeof why)) fail_msg("%s", why);
}

static void assert_seats(const char *game_mode, int fallback, int least, int most) {
    const struct schema_entry *seats = schema_find(registry_settings(game_mode), "maxPlayers");
    assert_int_equal(json_integer_value(seats->fallback), fallback);
    assert_int_equal(seats->min, least);
    assert_int_equal(seats->max, most);
}

static muster_status wish_of(const char *game_mode, const char *key, const char *value) {
    struct schema_error error;
    json_t *wish = json_pack("{s:s}", key, value), *out = NULL;
    muster_status status = schema_check(registry_settings(game_mode), wish, &out, &error);
    json_decref(out);
    json_decref(wish);
    return status;
}

/* Made of what the mode declares; so nobody else may declare them. */
static void every_mode_has_a_map_and_seats(void **state) {
    (void)state;
    static const char *const only[] = {"attic"};
    add_base();
    struct muster_mode_info info = based("crowd", "base");
    info.players_max = 40;
    info.people_max = 128;
    info.players_min = 5;
    info.maps = only;
    info.map_count = 1;
    assert_int_equal(add(&info), MUSTER_OK);
    assert_seats("base", 8, 2, 16);
    assert_seats("crowd", 40, 5, 128);
    assert_string_equal(json_string_value(default_of("base", "mapName")), "one");
    assert_int_equal(wish_of("base", "mapName", "two"), MUSTER_OK);
    assert_int_equal(wish_of("base", "mapName", "attic"), MUSTER_INVALID);
    assert_int_equal(wish_of("crowd", "mapName", "attic"), MUSTER_OK);
    info = based("alone", "base");
    info.players_max = info.people_max = 1;
    assert_int_equal(add(&info), MUSTER_OK);
    assert_seats("alone", 1, 1, 1);
    info = based("own", "base");
    info.settings_json = SETTING("maxPlayers");
    assert_int_equal(add(&info), MUSTER_EXISTS);
    assert_non_null(strstr(why, "lobby setting maxPlayers is every mode's already"));
    assert_int_equal(registry_settings_add(&mods, SETTING("mapName"), why, sizeof why),
                     MUSTER_EXISTS);
}

/* What a mode's settings came to is looked at anew when its base has changed. */
static void settings_follow_the_base(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "base"), other = base_info("base");
    assert_int_equal(add(&info), MUSTER_OK);
    assert_string_equal(shown("koth"), "killLimit color commonLimit commonWord ");
    uint32_t version = registry_version();
    other.settings_json = SETTING("other");
    assert_int_equal(registry_mode_remove(&game.self, "base"), MUSTER_OK);
    assert_int_equal(registry_mode_add(&game.self, &other, why, sizeof why), MUSTER_OK);
    assert_string_equal(shown("koth"), "other commonLimit commonWord ");
    assert_true(registry_version() > version);
}

/* Core's come first, also before those of the first plugin of the list. */
static void cores_settings_come_first(void **state) {
    (void)state;
    add_base();
    assert_int_equal(game.self.order, 0);
    add_settings(&game.self, SETTING("ofGame"));
    add_settings(NULL, SETTING("ofCore"));
    assert_string_equal(shown("base"), "ofCore killLimit color ofGame commonLimit commonWord ");
    registry_settings_forget(NULL);
    assert_string_equal(shown("base"), "killLimit color ofGame commonLimit commonWord ");
}

/* What a generation declares in its init is in force when it is, and takes its own older one's
 * place, nobody else's. */
static void settings_wait_for_their_generation(void **state) {
    (void)state;
    static struct muster_self older, newer;
    add_base();
    assert_int_equal(fake_plugin(&older, "aged", mods_roles, 1, NULL, NULL), 0);
    older.order = newer.order = older.listed = newer.listed = 2;
    add_settings(&older, SETTING("aged"));
    struct muster_mode_info gone = based("gone", "base"), stays = based("stays", "base");
    assert_int_equal(registry_mode_add(&older, &gone, why, sizeof why), MUSTER_OK);
    assert_int_equal(registry_mode_add(&older, &stays, why, sizeof why), MUSTER_OK);
    newer =
        (struct muster_self){.generation = 2, .phase = PLUGIN_INITIALIZED, .listed = 2, .order = 2};
    strcpy(newer.instance_name, "aged");
    newer.resources.next = newer.resources.prev = &newer.resources;
    plugin_list_add(&older);
    plugin_list_add(&newer);
    add_settings(&newer, SETTING("aged"));
    add_settings(&newer, SETTING("fresh"));
    assert_int_equal(registry_mode_add(&newer, &stays, why, sizeof why), MUSTER_OK);
    assert_int_equal(registry_mode_add(&newer, &stays, why, sizeof why), MUSTER_EXISTS);
    assert_ptr_equal(registry_mode_owner(registry_mode("stays")), &older);
    assert_int_equal(registry_settings_add(&newer, SETTING("fresh"), why, sizeof why),
                     MUSTER_EXISTS); /* its own, twice */
    assert_int_equal(registry_settings_add(&newer, SETTING("commonLimit"), why, sizeof why),
                     MUSTER_EXISTS);
    assert_string_equal(shown("base"), "killLimit color commonLimit commonWord aged ");
    registry_commit(&newer, &older);
    assert_null(registry_mode("gone")); /* it is not declared any more */
    assert_ptr_equal(registry_mode_owner(registry_mode("stays")), &newer);
    assert_string_equal(shown("base"), "killLimit color commonLimit commonWord aged fresh ");
    registry_remove(&older);
    registry_remove(&newer);
    plugin_list_remove(&older);
    plugin_list_remove(&newer);
    assert_string_equal(shown("base"), "killLimit color commonLimit commonWord ");
}

/* A function table says its size: no less than the first release had, no more than is known. */
static void a_function_table_has_a_size(void **state) {
    (void)state;
    struct muster_rules rules = {0};
    const struct muster_role role = {MUSTER_ROLE_RULES, 0, &rules};
    const uint32_t least = ABI_FIRST_muster_rules, most = sizeof rules;
    const struct {
        uint32_t size;
        bool fits;
    } cases[] = {{0, false},   {least - 4, false}, {least, true},
                 {most, true}, {most + 8, false},  {UINT32_MAX, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rules.size = cases[i].size;
        muster_status status = registry_check(&role, why, sizeof why);
        if (status != (cases[i].fits ? MUSTER_OK : MUSTER_INVALID)) fail_msg("size %u", rules.size);
    }
    const struct muster_role none = {MUSTER_ROLE_RULES, 0, NULL},
                             unknown = {MUSTER_ROLE_END, 0, &rules};
    assert_int_equal(registry_check(&none, why, sizeof why), MUSTER_INVALID);
    assert_int_equal(registry_check(&unknown, why, sizeof why), MUSTER_UNSUPPORTED);
}

/* Without each one of these, or with one of a pair, a provider is of no use. */
static void functions_are_there_that_are_needed(void **state) {
    (void)state;
#define NEEDED(KIND, type, function)                                                               \
    {                                                                                              \
        MUSTER_ROLE_##KIND, sizeof(struct muster_##type),                                          \
            offsetof(struct muster_##type, function), 0,                                           \
            "required function " #function " is missing"                                           \
    }
#define PAIR(KIND, type, a, b)                                                                     \
    {                                                                                              \
        MUSTER_ROLE_##KIND, sizeof(struct muster_##type), offsetof(struct muster_##type, a),       \
            offsetof(struct muster_##type, b), #a " and " #b " come both or neither"               \
    }
    static const struct {
        uint32_t kind, size;
        size_t first, second; /* second 0: the first is needed */
        const char *why;
    } cases[] = {
        NEEDED(AUTH, auth, authenticate),
        NEEDED(MATCHMAKER, matchmaker, enqueue),
        NEEDED(MATCHMAKER, matchmaker, dequeue),
        NEEDED(MATCHMAKER, matchmaker, tick),
        NEEDED(MODE, mode, create),
        NEEDED(MODE, mode, destroy),
        NEEDED(MODE, mode, join),
        NEEDED(MODE, mode, leave),
        NEEDED(MODE, mode, tick),
        NEEDED(MODE, mode, snapshot),
        NEEDED(VICTORY, victory, evaluate),
        NEEDED(REPORTER, reporter, deliver),
        NEEDED(DATABASE, database, submit),
        NEEDED(DATABASE, database, migrate),
        NEEDED(KV, kv, submit),
        NEEDED(KV, kv, subscribe),
        NEEDED(KV, kv, unsubscribe),
        PAIR(MODE, mode, save, load),
        PAIR(VICTORY, victory, create, destroy),
        PAIR(VICTORY, victory, save, load),
        PAIR(RULES, rules, create, destroy),
        PAIR(RULES, rules, save, load),
        PAIR(ANTICHEAT, anticheat, create, destroy),
        PAIR(ANTICHEAT, anticheat, save, load),
    };
    static _Alignas(8) uint8_t vtable[512];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct muster_role role = {cases[i].kind, 0, vtable};
        assert_true(cases[i].size <= sizeof vtable);
        memset(vtable, 1, sizeof vtable); /* something stands in each place */
        memcpy(vtable, &cases[i].size, sizeof cases[i].size);
        assert_int_equal(registry_check(&role, why, sizeof why), MUSTER_OK);
        memset(vtable + cases[i].first, 0, sizeof(void *));
        assert_int_equal(registry_check(&role, why, sizeof why), MUSTER_INVALID);
        assert_non_null(strstr(why, cases[i].why));
        if (!cases[i].second) continue;
        memset(vtable + cases[i].second, 0, sizeof(void *));
        assert_int_equal(registry_check(&role, why, sizeof why), MUSTER_OK);
        memset(vtable + cases[i].first, 1, sizeof(void *));
        assert_int_equal(registry_check(&role, why, sizeof why), MUSTER_INVALID);
    }
}

static void base_and_mode_share_no_setting(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "base");
    info.settings_json = "[{\"key\":\"killLimit\",\"type\":\"bool\",\"default\":true}]";
    assert_int_equal(add(&info), MUSTER_EXISTS);
    assert_string_equal(why, "mode koth: its setting killLimit is its base's");
    info.settings_json = "[{\"key\":\"commonLimit\",\"type\":\"bool\",\"default\":true}]";
    assert_int_equal(add(&info), MUSTER_EXISTS);
    info.settings_json = SPEED;
    assert_int_equal(add(&info), MUSTER_OK);
    /* The base comes again, with a setting that is taken. */
    assert_int_equal(registry_mode_remove(&game.self, "base"), MUSTER_OK);
    struct muster_mode_info again = base_info("base");
    again.settings_json = SPEED;
    assert_int_equal(registry_mode_add(&game.self, &again, why, sizeof why), MUSTER_EXISTS);
    assert_string_equal(why,
                        "mode base: its setting speed is taken by mode koth, which is based on it");
}

static void defaults_are_other_than_the_schemas(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "base");
    info.settings_json = SPEED;
    info.defaults_json = "{\"killLimit\":7,\"color\":\"blue\",\"speed\":9,\"commonLimit\":2,"
                         "\"commonWord\":\"told to all\",\"nobodys\":[1]}";
    assert_int_equal(add(&info), MUSTER_OK);
    assert_int_equal(json_integer_value(default_of("koth", "killLimit")), 7);
    assert_string_equal(json_string_value(default_of("koth", "color")), "blue");
    assert_int_equal(json_integer_value(default_of("koth", "speed")), 9);
    assert_int_equal(json_integer_value(default_of("koth", "commonLimit")), 2);
    assert_string_equal(json_string_value(default_of("koth", "commonWord")), "");
    assert_int_equal(json_integer_value(default_of("base", "killLimit")), 50);
    assert_int_equal(json_integer_value(default_of("fake", "commonLimit")), 5);
}

static void defaults_that_cannot_be_are_refused_or_left_out(void **state) {
    (void)state;
    static const char *const refused[] = {
        "7",
        "{",
        "{\"killLimit\":1,\"killLimit\":2}",
        "{\"killLimit\":101}",
        "{\"killLimit\":\"7\"}",
        "{\"color\":\"green\"}",
        "{\"maxPlayers\":17}",
        "{\"mapName\":\"three\"}",
        "{\"speed\":true}",
    };
    add_base();
    struct muster_mode_info info = based("koth", "base");
    info.settings_json = SPEED;
    for (uint32_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        info.defaults_json = refused[i];
        assert_int_equal(add(&info), MUSTER_INVALID);
        assert_non_null(strstr(why, "mode koth: "));
    }
    assert_string_equal(why, "mode koth: defaults, speed: expected int 1 to 9, found true");
    info.defaults_json = "{\"commonLimit\":10}"; /* another plugin's, which may come later */
    assert_int_equal(add(&info), MUSTER_OK);
    assert_int_equal(json_integer_value(default_of("koth", "commonLimit")), 5);
}

static void the_operators_defaults_win(void **state) {
    (void)state;
    const char section[] = "\"lobby\":{\"defaults\":[\"killLimit=33\"]}";
    registry_remove(&mods);
    assert_int_equal(close_books(state), 0);
    assert_int_equal(game_open(section) || match_table_init(4), 0);
    settings = json_pack("{s:i}", "maxPlayers", 4);
    assert_int_equal(fake_plugin(&mods, "mods", mods_roles, 1, NULL, NULL), 0);
    add_base();
    struct muster_mode_info info = based("koth", "base");
    info.defaults_json = "{\"killLimit\":7,\"color\":\"blue\"}";
    assert_int_equal(add(&info), MUSTER_OK);
    json_t *schema = lobby_settings_schema("koth");
    json_t *kill_limit = json_array_get(schema, 2), *color = json_array_get(schema, 3);
    assert_int_equal(json_integer_value(json_object_get(kill_limit, "default")), 33);
    assert_string_equal(json_string_value(json_object_get(color, "default")), "blue");
    json_decref(schema);
}

/* ---- matches --------------------------------------------------------------------------------- */

static void a_match_is_the_base_plugins(void **state) {
    (void)state;
    add_base();
    struct muster_mode_info info = based("koth", "base");
    info.view_count = MUSTER_VIEWS_MAX;
    assert_int_equal(add(&info), MUSTER_OK);
    struct match_setup setup = setup_of(NULL);
    struct match *match = NULL;
    setup.game_mode = "koth";
    assert_int_equal(match_create(&setup, &match), MUSTER_OK);
    assert_ptr_equal(match->mode.provider->self, &game.self);
    assert_int_equal(match->view_count, MUSTER_VIEWS_MAX);
    uint32_t len = 0;
    match_step(match);
    const uint8_t *frame = match_frame(match, MUSTER_VIEWS_MAX - 1, true, 50000, &len);
    assert_int_equal(frame[FRAME_SNAPSHOT_HEADER], MUSTER_VIEWS_MAX - 1);
    match_destroy(match);
    assert_int_equal(registry_mode_remove(&game.self, "base"), MUSTER_OK);
    assert_int_equal(match_create(&setup, &match), MUSTER_NOT_FOUND);
}

/* Base before the mode's plugin, in config order; each once. */
static void the_recording_names_who_declared_it(void **state) {
    (void)state;
    add_base();
    const struct muster_mode_info info = based("koth", "base");
    assert_int_equal(add(&info), MUSTER_OK);
    struct match_setup setup = setup_of(NULL);
    struct match_part part = {mods.providers, NULL};
    setup.game_mode = "koth";
    for (uint32_t with_rules = 0; with_rules < 2; with_rules++) {
        setup.rules = &part;
        setup.rules_count = with_rules;
        char *text = match_record_header(&setup);
        json_t *header = json_loads(text, 0, NULL);
        json_t *plugins = json_object_get(header, "plugins");
        assert_int_equal(json_array_size(plugins), 2);
        const char *first, *second, *mode;
        assert_int_equal(
            json_unpack(plugins, "[{s:s},{s:s}]", "instance", &first, "instance", &second), 0);
        assert_int_equal(json_unpack(header, "{s:{s:s}}", "mode", "instance", &mode), 0);
        assert_string_equal(first, "fake");
        assert_string_equal(second, "mods");
        assert_string_equal(mode, "fake");
        assert_int_equal(json_array_size(json_object_get(header, "rules")), with_rules);
        json_decref(header);
        free(text);
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_mods, close_mods)
    const struct CMUnitTest tests[] = {
        TEST(what_is_left_out_is_the_bases),
        TEST(a_base_that_goes_takes_its_modes_along),
        TEST(base_and_mode_may_come_together),
        TEST(what_is_no_mode_is_refused),
        TEST(every_bound_is_held),
        TEST(providers_stand_in_the_order_of_the_config),
        TEST(databases_are_found_by_their_names),
        TEST(there_is_one_that_keeps_keys),
        TEST(settings_are_the_bases_and_its_own),
        TEST(every_mode_has_a_map_and_seats),
        TEST(settings_follow_the_base),
        TEST(cores_settings_come_first),
        TEST(settings_wait_for_their_generation),
        TEST(a_function_table_has_a_size),
        TEST(functions_are_there_that_are_needed),
        TEST(base_and_mode_share_no_setting),
        TEST(defaults_are_other_than_the_schemas),
        TEST(defaults_that_cannot_be_are_refused_or_left_out),
        TEST(the_operators_defaults_win),
        TEST(a_match_is_the_base_plugins),
        TEST(the_recording_names_who_declared_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
