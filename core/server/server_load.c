/* server_load - from a configuration to loaded plugins, and back; whether they would start. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "commands.h"
#include "config.h"
#include "console.h"
#include "crash_page.h"
#include "crashes.h"
#include "host.h"
#include "interface.h"
#include "kv.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "notices.h"
#include "paths.h"
#include "pending.h"
#include "registration.h"
#include "registry.h"
#include "server.h"
#include "upgrade.h"

_Static_assert(PLUGIN_ERROR_MAX == CONFIG_ERROR_MAX, "one buffer holds what either says");

#define COMMAND_START_MS 3600000 /* the virtual clock's first moment: not 0, which means never */

static struct {
    bool for_command; /* one console command, then the end */
    bool has_plugins; /* all that are configured */
} load;

int server_exit_code(muster_status status) {
    bool in_config = status == MUSTER_INVALID || status == MUSTER_NOT_FOUND ||
                     status == MUSTER_EXISTS || status == MUSTER_DENIED;
    return in_config ? SERVER_EXIT_CONFIG : SERVER_EXIT_INTERNAL;
}

void server_complain(const char *error) {
    upgrade_complain(error);
    for (const char *at = error; *at; at += strcspn(at, "\n"), at += *at == '\n')
        fprintf(stderr, "musterd: %.*s\n", (int)strcspn(at, "\n"), at);
}

static int load_error(muster_status status, const char *error) {
    server_complain(error);
    return server_exit_code(status);
}

static int load_plugins(void) {
    if (lobby_settings_declare()) return SERVER_EXIT_INTERNAL;
    char error[CONFIG_ERROR_MAX] = "";
    int code = SERVER_EXIT_OK;
    for (uint32_t i = 0; i < config_plugin_count(); i++) {
        const char *name, *instance;
        config_plugin(i, &name, &instance);
        muster_status status = plugin_load(name, instance, error);
        if (status) code = load_error(status, error); /* the others may be wrong, too */
    }
    if (code != SERVER_EXIT_OK) return code;
    load.has_plugins = true;
    muster_status status = config_check_environment(error);
    return status ? load_error(MUSTER_INVALID, error) : SERVER_EXIT_OK;
}

int server_prepare(bool keeps_data) {
    char error[PATHS_ERROR_MAX] = "";
    json_object_seed(0);
    if (sodium_init() < 0) return load_error(MUSTER_INTERNAL, "libsodium did not start");
    if (text_init()) return load_error(MUSTER_INTERNAL, "ICU has no data");
    /* One thread ends its jobs in the order in which they came. */
    int64_t threads = load.for_command ? 1 : config_core->server.work_threads;
    muster_status status = loop_init((uint32_t)threads);
    if (status) return load_error(MUSTER_INTERNAL, "the event loop did not start");
    if (load.for_command) loop_clock_virtual(COMMAND_START_MS, loop_unix_ms());
    status = paths_init(keeps_data, error);
    if (status) {
        (void)load_error(MUSTER_INVALID, error);
        return status == MUSTER_EXISTS ? SERVER_EXIT_IN_USE : SERVER_EXIT_CONFIG;
    }
    if (keeps_data && !load.for_command) crashes_open();
    status = host_init();
    if (!status) status = pending_init();
    if (status) return load_error(MUSTER_INTERNAL, "out of memory");
    console_init(commands_table);
    plugin_set_host(host_table());
    registration_set_owners(&plugin_owners);
    return SERVER_EXIT_OK;
}

int server_load(bool keeps_data) {
    int code = server_prepare(keeps_data);
    return code == SERVER_EXIT_OK ? load_plugins() : code;
}

int server_load_for_command(void) {
    char error[CONFIG_ERROR_MAX] = "";
    load.for_command = true;
    int code = server_load(true);
    muster_status status = code == SERVER_EXIT_OK ? plugin_check_all(error) : MUSTER_OK;
    return status ? load_error(status, error) : code;
}

int server_load_checked(bool keeps_data) {
    char error[CONFIG_ERROR_MAX];
    int code = server_load(keeps_data);
    if (code == SERVER_EXIT_IN_USE) return code;
    muster_status status = check_all(load.has_plugins, error);
    return status ? load_error(status, error) : code;
}

/* Modes and their settings are declared when their plugins start; what these keep is thrown away.
 */
static int check_started(const char *dir) {
    char error[CONFIG_ERROR_MAX] = "";
    paths_move_data(dir);
    log_level_set(MUSTER_LOG_ERROR);
    muster_status status = plugin_start_role(MUSTER_ROLE_MODE, error);
    if (!status) status = check_defaults(error);
    plugin_stop_all();
    return status ? load_error(status, error) : SERVER_EXIT_OK;
}

int server_check(const char *dir) {
    int code = server_load_checked(false);
    int started = dir && load.has_plugins ? check_started(dir) : SERVER_EXIT_OK;
    return code != SERVER_EXIT_OK ? code : started;
}

void server_unload(void) {
    plugin_unload_all();
    registry_deinit();
    interface_deinit();
    kv_channel_deinit();
    kv_deinit();
    notices_deinit();
    pending_deinit();
    text_deinit();
    host_deinit();
    loop_deinit();
    crash_page_close();
    paths_deinit();
}
