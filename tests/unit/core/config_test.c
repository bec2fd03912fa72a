/* config: origins and their order, sentences for every mistake, reload, printing. */
#include "test.h"

#include "config.h"
#include "config_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static char error[CONFIG_ERROR_MAX];

static void write_text(const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
    (void)state;
    strcpy(path, "/tmp/muster-config-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    config_unload();
    unlink(path);
    return clearenv();
}

static muster_status load(const char *text) {
    struct config_options options = {.file = text ? path : NULL, .port = -1};
    if (text) write_text(text);
    return config_load(&options, error);
}

static void assert_loads(const char *text) {
    if (load(text) != MUSTER_OK) fail_msg("%s", error);
}

/* The sentence without the temporary path. */
static void assert_fails(const char *text, const char *sentence) {
    assert_int_equal(load(text), MUSTER_INVALID);
    size_t len = strlen(path);
    assert_memory_equal(error, path, len);
    assert_string_equal(error + len, sentence);
}

static struct schema plugin_schema(void) {
    struct schema schema;
    struct schema_error wrong;
    const char *text =
        "[{\"key\":\"tokenTtlS\",\"type\":\"duration\",\"unit\":\"s\",\"default\":900},"
        "{\"key\":\"name\",\"type\":\"string\",\"default\":\"x\"},"
        "{\"key\":\"password\",\"type\":\"string\",\"default\":\"\",\"secret\":true}]";
    assert_int_equal(schema_parse(text, &schema, &wrong), MUSTER_OK);
    return schema;
}

static void declare(const char *section) {
    struct schema schema = plugin_schema();
    muster_status status = config_declare(section, &schema, error);
    schema_deinit(&schema);
    if (status != MUSTER_OK) fail_msg("%s", error);
}

static void assert_declare_fails(const char *section, const char *sentence) {
    struct schema schema = plugin_schema();
    assert_int_equal(config_declare(section, &schema, error), MUSTER_INVALID);
    schema_deinit(&schema);
    size_t skip_len = strncmp(error, path, strlen(path)) == 0 ? strlen(path) : 0;
    assert_string_equal(error + skip_len, sentence);
}

/* ---- origins ---- */

static muster_status accept(char *wrong) {
    (void)wrong;
    return MUSTER_OK;
}

static void test_defaults(void **state) {
    (void)state;
    assert_loads(NULL);
    assert_int_equal(config_core->net.port, 7350);
    assert_string_equal(config_core->net.admin_address, "127.0.0.1");
    assert_true(config_core->match.record_enabled);
    assert_int_equal(config_core->server.regions.count, 1);
    assert_string_equal(config_core->server.regions.items[0], "local");
    assert_true(config_list_has(&config_core->server.regions, "local"));
    assert_false(config_list_has(&config_core->server.regions, "loc"));
    assert_int_equal(config_core->lobby.reconnect_ms, 60000);
    assert_true(config_plugin_count() > 0);
    assert_null(config_plugin_pin("db_sqlite"));
    assert_non_null(config_entry("net", "port"));
    assert_null(config_entry("net", "nothing"));
    assert_null(config_entry("nothing", "port"));
}

static void test_origins_in_order(void **state) {
    (void)state;
    const char *text = "{\"net\":{\"port\":1,\"adminPort\":1,\"idlePingS\":7}}";
    setenv("MUSTER_NET_PORT", "2", 1);
    setenv("MUSTER_NET_ADMIN_PORT", "2", 1);
    write_text(text);
    struct config_options options = {
        .file = path, .port = 3, .data_dir = "/var/x", .log_format = "json"};
    assert_int_equal(config_load(&options, error), MUSTER_OK);
    assert_int_equal(config_core->net.port, 3);
    assert_int_equal(config_core->net.admin_port, 2);
    assert_int_equal(config_core->net.idle_ping_s, 7);
    assert_string_equal(config_core->server.data_dir, "/var/x");
    assert_string_equal(config_core->server.log_format, "json");
}

/* --watch is no key: a reload keeps it. */
static void test_watch(void **state) {
    (void)state;
    assert_loads("{}");
    assert_false(config_watch());
    const struct config_options options = {.file = path, .port = -1, .watch = true};
    assert_int_equal(config_load(&options, error), MUSTER_OK);
    assert_true(config_watch());
    assert_int_equal(config_reload(accept, error), MUSTER_OK);
    assert_true(config_watch());
    assert_true(config_core->match.record_enabled);
    config_unload();
    assert_false(config_watch());
}

/* --run keeps no recordings, whatever the file says; also after a reload. */
static void test_unrecorded(void **state) {
    (void)state;
    write_text("{\"match\":{\"recordEnabled\":true}}");
    const struct config_options options = {.file = path, .port = -1, .unrecorded = true};
    assert_int_equal(config_load(&options, error), MUSTER_OK);
    assert_false(config_core->match.record_enabled);
    assert_false(config_watch());
    assert_int_equal(config_reload(accept, error), MUSTER_OK);
    assert_false(config_core->match.record_enabled);
}

static void test_numbers_as_strings(void **state) {
    (void)state;
    assert_loads("{\"net\":{\"port\":\"27015\"},\"match\":{\"recordEnabled\":\"false\"}}");
    assert_int_equal(config_core->net.port, 27015);
    assert_false(config_core->match.record_enabled);
}

/* ---- mistakes ---- */

static void test_sentences(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *sentence;
    } rows[] = {
        {"{\"net\":{\"prot\":1}}", ": net.prot: unknown key; did you mean \"port\"?"},
        {"{\"net\":{\"port\":\"abc\"}}", ": net.port: expected int 0 to 65535, found \"abc\""},
        {"{\"net\":{\"port\":65536}}", ": net.port: expected int 0 to 65535, found 65536"},
        {"{\"net\":{\"port\":{\"a\":1}}}", ": net.port: expected int 0 to 65535, found {\"a\":1}"},
        {"{\"net\":5}", ": net: expected an object"},
        {"{\"nett\":{}}", ": nett: unknown section; did you mean \"net\"?"},
        {"{\"frobnicate\":{}}", ": frobnicate: unknown section; it is none of the core's, and no "
                                "such plugin stands in \"plugins\""},
        {"[]", ": expected an object of sections"},
        {"{\"net\":{\"port\":1,\"port\":2}}", ":1:23: duplicate object key near '\"port\"'"},
        {"{\n  \"net\": {\n    \"port\": 1,,\n  }\n}", ":3:15: string or '}' expected near ','"},
        {"{} x", ":1:4: end of file expected near 'x'"},
        {"{\"plugins\":\"a\"}", ": plugins: expected a list of names"},
        {"{\"plugins\":[1]}", ": plugins: expected a list of names"},
        {"{\"plugins\":[\"../evil\"]}",
         ": plugins: expected NAME or NAME:INSTANCE in lower case, found \"../evil\""},
        {"{\"plugins\":[\"a:\"]}",
         ": plugins: expected NAME or NAME:INSTANCE in lower case, found \"a:\""},
        {"{\"plugins\":[\"a\",\"a\"]}",
         ": plugins: \"a\" stands twice; name the second \"a:OTHER\""},
        {"{\"plugins\":[\"net\"]}",
         ": plugins: \"net\" is the name of a core section; use \"net:OTHER\""},
        {"{\"plugins\":[\"a\"],\"a\":1}", ": a: expected an object"},
        {"{\"pins\":{\"a\":\"12\"}}", ": pins.a: expected a sha256 of 64 hex digits"},
        {"{\"pins\":{\"a\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0\"}}",
         ": pins.a: expected a sha256 of 64 hex digits"},
        {"{\"pins\":{\"a\":\"g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}}",
         ": pins.a: expected a sha256 of 64 hex digits"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_fails(rows[i].text, rows[i].sentence);
}

static void test_hostile_files(void **state) {
    (void)state;
    struct config_options options = {.file = "/nonexistent/x.json", .port = -1};
    assert_int_equal(config_load(&options, error), MUSTER_INVALID);
    assert_string_equal(error, "/nonexistent/x.json: No such file or directory");
    options.file = "/tmp";
    assert_int_equal(config_load(&options, error), MUSTER_INVALID);

    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1048577; i++) fputc(' ', file);
    fclose(file);
    options.file = path;
    assert_int_equal(config_load(&options, error), MUSTER_INVALID);
    assert_string_equal(error + strlen(path), ": over 1048576 bytes");

    file = fopen(path, "w");
    for (int i = 0; i < 500000; i++) fputc('[', file);
    fclose(file);
    assert_int_equal(config_load(&options, error), MUSTER_INVALID);
}

static void test_bad_options_and_environment(void **state) {
    (void)state;
    struct config_options options = {.port = 70000};
    assert_int_equal(config_load(&options, error), MUSTER_INVALID);
    assert_string_equal(error, "--port: expected int 0 to 65535, found 70000");
    options = (struct config_options){.port = -1, .log_format = "xml"};
    assert_int_equal(config_load(&options, error), MUSTER_INVALID);
    assert_string_equal(
        error, "--log-format: expected one of \"auto\", \"human\", \"json\", found \"xml\"");
    setenv("MUSTER_NET_PORT", "abc", 1);
    assert_int_equal(load(NULL), MUSTER_INVALID);
    assert_string_equal(error, "MUSTER_NET_PORT: expected int 0 to 65535, found \"abc\"");
}

static void test_stray_environment(void **state) {
    (void)state;
    setenv("MUSTER_LOBBY_MAX_LOBBIES", "7", 1);
    setenv("OTHER_THING", "1", 1);
    assert_loads("{\"plugins\":[\"auth_local\"]}");
    declare("auth_local");
    assert_int_equal(config_core->lobby.max_lobbies, 7);
    setenv("MUSTER_AUTH_LOCAL_PASSWORD_FILE", "/dev/null", 1);
    assert_int_equal(config_check_environment(error), MUSTER_OK);
    setenv("MUSTER_NET_PORT_FILE", "/dev/null", 1); /* no secret: it is looked for nowhere */
    assert_int_equal(config_check_environment(error), MUSTER_INVALID);
    assert_string_equal(error, "MUSTER_NET_PORT_FILE: unknown environment variable");
    unsetenv("MUSTER_NET_PORT_FILE");
    setenv("MUSTER_NET_PROT", "1", 1);
    assert_int_equal(config_check_environment(error), MUSTER_INVALID);
    assert_string_equal(error, "MUSTER_NET_PROT: unknown environment variable; did you mean "
                               "\"MUSTER_NET_PORT\"?");
    unsetenv("MUSTER_NET_PROT");
    setenv("MUSTER_FROBNICATION", "1", 1);
    assert_int_equal(config_check_environment(error), MUSTER_INVALID);
    assert_string_equal(error, "MUSTER_FROBNICATION: unknown environment variable");
}

/* ---- plugins ---- */

static void test_plugin_list(void **state) {
    (void)state;
    char text[256];
    const char *pin = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";
    snprintf(text, sizeof(text),
             "{\"$schema\":\"x\",\"plugins\":[\"lua\",\"lua:second\"],\"pins\":{\"lua\":\"%s\"},"
             "\"second\":{}}",
             pin);
    assert_loads(text);
    const char *name;
    const char *instance;
    assert_int_equal(config_plugin_count(), 2);
    config_plugin(1, &name, &instance);
    assert_string_equal(name, "lua");
    assert_string_equal(instance, "second");
    assert_string_equal(config_plugin_pin("lua"), pin);

    setenv("MUSTER_PLUGINS", "db_sqlite, lua:third", 1);
    assert_loads(text); /* "second" stands in the file's list: its section is no mistake */
    assert_int_equal(config_plugin_count(), 2);
    config_plugin(1, &name, &instance);
    assert_string_equal(instance, "third");
    setenv("MUSTER_PLUGINS", "", 1);
    assert_loads(text);
    assert_int_equal(config_plugin_count(), 0);
}

static void test_declared_section(void **state) {
    (void)state;
    setenv("MUSTER_AUTH_LOCAL_NAME", "env", 1);
    assert_loads("{\"plugins\":[\"auth_local\"],\"auth_local\":{\"tokenTtlS\":60}}");
    declare("auth_local");
    assert_int_equal(config_int("auth_local", "tokenTtlS"), 60);
    assert_string_equal(config_string("auth_local", "name"), "env");
    assert_non_null(config_entry("auth_local", "password"));
    declare("auth_local"); /* again, as a plugin reload does */
    assert_int_equal(config_int("auth_local", "tokenTtlS"), 60);
    assert_declare_fails("net", "\"net\" cannot name a plugin's section");

    assert_loads("{\"plugins\":[\"auth_local\"],\"auth_local\":{\"tokenTtl\":60}}");
    assert_declare_fails("auth_local",
                         ": auth_local.tokenTtl: unknown key; did you mean \"tokenTtlS\"?");
    assert_null(config_entry("auth_local", "name"));
}

static void test_secret_files(void **state) {
    (void)state;
    write_text("hunter2\n");
    setenv("MUSTER_A_PASSWORD_FILE", path, 1);
    assert_loads(NULL);
    declare("a");
    assert_string_equal(config_string("a", "password"), "hunter2");
    setenv("MUSTER_A_PASSWORD", "x", 1);
    assert_declare_fails("a", "MUSTER_A_PASSWORD and MUSTER_A_PASSWORD_FILE are both set; one is "
                              "enough");
    unsetenv("MUSTER_A_PASSWORD");
    setenv("MUSTER_A_PASSWORD_FILE", "/nonexistent", 1);
    assert_declare_fails("a", "/nonexistent: No such file or directory");
    assert_string_equal(config_string("a", "password"), "hunter2"); /* the old one stays */
    write_text("hunter3\r\n");
    setenv("MUSTER_A_PASSWORD_FILE", path, 1);
    declare("a");
    assert_string_equal(config_string("a", "password"), "hunter3");
    write_text("8000\n");
    unsetenv("MUSTER_A_PASSWORD_FILE");
    setenv("MUSTER_NET_PORT_FILE", path, 1); /* no secret, so no file */
    assert_loads(NULL);
    assert_int_equal(config_core->net.port, 7350);
}

/* "aaa...": a word of so many letters; before it what comes first. */
static char *word(char *out, const char *first, size_t len) {
    strcpy(out, first);
    memset(out + strlen(first), 'a', len);
    out[strlen(first) + len] = '\0';
    return out;
}

/* What is listed may be as long, and as much, as there is room for, and no more. */
static void test_bounds(void **state) {
    (void)state;
    static char text[2048], name[MUSTER_NAME_MAX + 2];
    for (size_t len = MUSTER_NAME_MAX - 1; len <= MUSTER_NAME_MAX; len++) {
        struct schema schema = plugin_schema();
        bool fits = len < MUSTER_NAME_MAX;
        snprintf(text, sizeof text, "{\"plugins\":[\"%s\"]}", word(name, "", len));
        assert_int_equal(load(text), fits ? MUSTER_OK : MUSTER_INVALID);
        assert_loads("{\"plugins\":[]}");
        assert_int_equal(config_declare(name, &schema, error), fits ? MUSTER_OK : MUSTER_INVALID);
        schema_deinit(&schema);
    }
    for (int count = CONFIG_PLUGINS_MAX; count <= CONFIG_PLUGINS_MAX + 1; count++) {
        strcpy(text, "{\"plugins\":[\"a\"");
        for (int i = 1; i < count; i++) sprintf(text + strlen(text), ",\"a:b%d\"", i);
        strcat(text, "]}");
        assert_int_equal(load(text), count == CONFIG_PLUGINS_MAX ? MUSTER_OK : MUSTER_INVALID);
    }
    assert_loads(NULL);
    struct schema schema = plugin_schema();
    uint32_t count = config_now->section_count;
    for (; count <= CONFIG_SECTIONS_MAX; count++) {
        snprintf(name, sizeof name, "s%u", count);
        assert_int_equal(config_declare(name, &schema, error),
                         count < CONFIG_SECTIONS_MAX ? MUSTER_OK : MUSTER_INVALID);
    }
    assert_int_equal(config_declare("s40", &schema, error), MUSTER_OK); /* again is no more */
    schema_deinit(&schema);
    for (size_t len = 1024; len <= 1025; len++) {
        word(text, "{\"server\":{\"regions\":[\"", len);
        strcat(text, "\"]}}");
        assert_int_equal(load(text), len == 1024 ? MUSTER_OK : MUSTER_INVALID);
    }
}

static void test_places(void **state) {
    (void)state;
    char wanted[128];
    setenv("MUSTER_NET_ADMIN_PORT", "5", 1);
    write_text("{\"plugins\":[\"a\"],\"net\":{\"idlePingS\":9}}");
    const struct config_options options = {.file = path, .port = 3};
    assert_int_equal(config_load(&options, error), MUSTER_OK);
    snprintf(wanted, sizeof wanted, "%s: net.idlePingS", path);
    assert_string_equal(config_place("net", "idlePingS"), wanted);
    assert_string_equal(config_place("net", "adminPort"), "MUSTER_NET_ADMIN_PORT");
    assert_string_equal(config_place("net", "port"), "net.port");
    snprintf(wanted, sizeof wanted, "%s: plugins", path);
    assert_string_equal(config_plugins_place(), wanted);
    setenv("MUSTER_PLUGINS", "b", 1);
    assert_int_equal(config_load(&options, error), MUSTER_OK);
    assert_string_equal(config_plugins_place(), "MUSTER_PLUGINS");
    unsetenv("MUSTER_PLUGINS");
    assert_loads("{}");
    assert_string_equal(config_plugins_place(), "plugins");
}

/* ---- reload ---- */

/* More than the text has room for: what is left out is said to be. */
static void test_mistakes_without_end(void **state) {
    (void)state;
    char config[8192] = "{\"net\":{";
    for (int i = 0; i < 200; i++)
        sprintf(config + strlen(config), "%s\"wrong%d\":1", i ? "," : "", i);
    strcat(config, "}}");
    write_text(config);
    assert_int_equal(config_load(&(struct config_options){.file = path, .port = -1}, error),
                     MUSTER_INVALID);
    assert_true(strlen(error) < CONFIG_ERROR_MAX);
    const char *last = strrchr(error, '\n');
    assert_string_equal(last + 1, "there are more mistakes than fit here");
    config_unload();
}

static muster_status refuse_nine(char *wrong) {
    assert_string_equal(wrong, "");
    return config_core->lobby.countdown_ms == 9 ? config_fail(wrong, "nine is too many")
                                                : MUSTER_OK;
}

static void test_reload_refused(void **state) {
    (void)state;
    assert_loads("{\"lobby\":{\"countdownMs\":7,\"maxLobbies\":5},\"server\":{\"name\":\"N\"}}");
    const char *kept = config_core->server.name;
    write_text("{\"lobby\":{\"countdownMs\":9,\"maxLobbies\":5},\"server\":{\"name\":\"M\"}}");
    assert_int_equal(config_reload(refuse_nine, error), MUSTER_INVALID);
    assert_string_equal(error, "nine is too many");
    assert_int_equal(config_core->lobby.countdown_ms, 7);
    assert_ptr_equal(config_core->server.name, kept);
    write_text("{\"lobby\":{\"countdownMs\":8},\"server\":{\"name\":\"M\"}}");
    assert_int_equal(config_reload(refuse_nine, error), MUSTER_OK);
    assert_int_equal(config_core->lobby.countdown_ms, 8);
    assert_string_equal(config_core->server.name, "M");
    assert_string_equal(kept, "N");
}

static void test_reload(void **state) {
    (void)state;
    assert_loads("{\"plugins\":[\"a\",\"b\"],\"a\":{\"name\":\"one\"},"
                 "\"server\":{\"name\":\"N\"}}");
    declare("a");
    declare("b");
    const char *kept = config_core->server.name;
    const char *replaced = config_string("a", "name");
    write_text("{\"plugins\":[\"a\"],\"a\":{\"name\":\"two\"},\"server\":{\"name\":\"N\"},"
               "\"net\":{\"port\":9},\"lobby\":{\"countdownMs\":9}}");
    assert_int_equal(config_reload(accept, error), MUSTER_OK);
    assert_string_equal(error, "plugins changed: needs a restart\n"
                               "net.port changed: needs a restart\n"
                               "lobby.countdownMs changed: in force\n"
                               "a.name changed: reload the plugin, or restart");
    assert_int_equal(config_core->net.port, 7350); /* still in force */
    assert_int_equal(config_core->lobby.countdown_ms, 9);
    assert_string_equal(config_string("a", "name"), "two");
    assert_string_equal(replaced, "one"); /* strings that were handed out stay */
    assert_ptr_equal(config_core->server.name, kept);
    assert_null(config_entry("b", "name"));

    write_text("{\"net\":{\"port\":-1}}");
    assert_int_equal(config_reload(accept, error), MUSTER_INVALID);
    assert_int_equal(config_core->lobby.countdown_ms, 9);
    assert_string_equal(config_string("a", "name"), "two");
}

/* ---- printing ---- */

static char *printed(void) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    config_print(out);
    fclose(out);
    return text;
}

static void test_print(void **state) {
    (void)state;
    setenv("MUSTER_A_PASSWORD", "hunter2", 1);
    setenv("MUSTER_NET_ADMIN_PORT", "5", 1);
    assert_loads("{\"plugins\":[\"a\",\"a:b\"],\"lobby\":{\"maxLobbies\":3}}");
    declare("a");
    declare("b");
    char *text = printed();
    assert_non_null(strstr(text, "plugins = [\"a\",\"a:b\"]  # file"));
    assert_non_null(strstr(text, "\nnet.port = 7350  # default; port; "));
    assert_non_null(strstr(text, "\nnet.adminPort = 5  # env MUSTER_NET_ADMIN_PORT; "));
    assert_non_null(strstr(text, "\nlobby.maxLobbies = 3  # file; "));
    assert_non_null(strstr(text, "\nserver.regions = [\"local\"]  # default; "));
    assert_non_null(strstr(text, "\na.password = ***  # env MUSTER_A_PASSWORD"));
    assert_non_null(strstr(text, "\nb.password = \"\"  # default"));
    assert_null(strstr(text, "hunter2"));
    free(text);
    write_text("{\"plugins\":[\"a\",\"a:b\"],\"net\":{\"port\":9}}");
    assert_int_equal(config_reload(accept, error), MUSTER_OK);
    text = printed();
    assert_non_null(strstr(text, "\nnet.port = 7350  # default; ")); /* until a restart */
    assert_non_null(strstr(text, "\nlobby.maxLobbies = 3  # file; "));
    free(text);
}

static void test_core_keys_are_explained(void **state) {
    (void)state;
    assert_loads("{\"plugins\":[]}");
    char *text = printed();
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (!strchr(strstr(line, "  # "), ';')) fail_msg("%s: no help", line);
    free(text);
}

static void test_json_schema(void **state) {
    (void)state;
    char *text = NULL;
    size_t len = 0;
    assert_loads(NULL);
    declare("a");
    FILE *out = open_memstream(&text, &len);
    assert_int_equal(config_print_schema(out), MUSTER_OK);
    fclose(out);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    json_t *properties = json_object_get(root, "properties");
    json_t *net = json_object_get(properties, "net");
    json_t *port = json_object_get(json_object_get(net, "properties"), "port");
    assert_true(json_is_false(json_object_get(net, "additionalProperties")));
    assert_string_equal(json_string_value(json_object_get(port, "type")), "integer");
    assert_int_equal(json_integer_value(json_object_get(port, "maximum")), 65535);
    assert_int_equal(json_integer_value(json_object_get(port, "default")), 7350);
    assert_non_null(json_object_get(properties, "a"));
    assert_non_null(json_object_get(properties, "plugins"));
    assert_non_null(json_object_get(properties, "pins"));
    assert_non_null(json_object_get(properties, "$schema"));
    static const char *const types[][3] = {
        {"match", "recordEnabled", "boolean"}, {"server", "regions", "array"},
        {"server", "logLevel", "string"},      {"lobby", "reconnectMs", "integer"},
        {"server", "name", "string"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        json_t *section = json_object_get(properties, types[i][0]);
        json_t *key = json_object_get(json_object_get(section, "properties"), types[i][1]);
        assert_string_equal(json_string_value(json_object_get(key, "type")), types[i][2]);
    }
    json_decref(root);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_origins_in_order),
        TEST(test_watch),
        TEST(test_unrecorded),
        TEST(test_numbers_as_strings),
        TEST(test_sentences),
        TEST(test_hostile_files),
        TEST(test_bad_options_and_environment),
        TEST(test_stray_environment),
        TEST(test_plugin_list),
        TEST(test_declared_section),
        TEST(test_secret_files),
        TEST(test_bounds),
        TEST(test_places),
        TEST(test_reload),
        TEST(test_reload_refused),
        TEST(test_mistakes_without_end),
        TEST(test_print),
        TEST(test_core_keys_are_explained),
        TEST(test_json_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
