/* check - what a configuration asks for and does not get, beyond the form of its values.
 *
 * The same for --check-config and for the start: a configuration is "ok" only when it starts.
 * Called by server when all plugins are loaded.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

#include <muster/types.h>

/* has_plugins: all were loaded; else what depends on them is left out. INVALID: `error`
 * (CONFIG_ERROR_MAX bytes) has a sentence for each mistake, one a line. */
muster_status check_all(bool has_plugins, char *error) MUSTER_MUST_USE;
/* What a running server can look at before it takes another configuration. `error` is added to. */
muster_status check_again(char *error) MUSTER_MUST_USE;
/* Whether a server that starts now would take its configuration, as far as this one can tell, which
 * stays as it is: of a plugin that is not loaded, that there is a file. `error` (CONFIG_ERROR_MAX
 * bytes): a sentence for each mistake. */
muster_status check_restart(char *error) MUSTER_MUST_USE;
/* lobby.defaults are settings of modes. Modes are known when the plugins have started. `error` is
 * added to. */
muster_status check_defaults(char *error) MUSTER_MUST_USE;
/* Addresses, origins, URLs and times of the section net. `error` is added to. */
muster_status check_net(char *error) MUSTER_MUST_USE;

#endif
