/* server - composition root: start in order, reverse stop. Loop thread. */
#ifndef SERVER_H
#define SERVER_H

#include <muster/types.h>

#include "plugin.h"

/* Exit codes of sysexits.h, as hosts expect them; SHUTDOWN_EXIT_RESTART is one more. */
#define SERVER_EXIT_OK 0
#define SERVER_EXIT_FAILED 1   /* what the command looked at is not as it should be */
#define SERVER_EXIT_UNKNOWN 64 /* no such command */
#define SERVER_EXIT_IN_USE 69  /* a port, or the data directory */
#define SERVER_EXIT_INTERNAL 70
#define SERVER_EXIT_CONFIG 78

/* Loop, paths and host table. keeps_data: the data directory is made and used. Returns an exit
 * code, as server_load does. */
int server_prepare(bool keeps_data);
/* server_prepare, then loads the configured plugins; their configuration is checked. Returns an
 * exit code; what is wrong has been said on stderr. */
int server_load(bool keeps_data);
/* The same with data, on a virtual clock and a pool of one thread: for server_command. */
int server_load_for_command(void);
/* server_load, and whether all of it would start (check.h). */
int server_load_checked(bool keeps_data);
/* server_load without data, and whether it would start (check.h). Returns an exit code. dir: what
 * plugins write meanwhile may lie there; null: none of them is started, and less is found. */
int server_check(const char *dir);
/* CONFIG for what a person must mend in the configuration, not a supervisor by trying again. */
int server_exit_code(muster_status status);
/* On stderr, each line for itself, and to whoever asked for an upgrade. */
void server_complain(const char *error);
/* server_load, start everything, run until shutdown_now, stop everything. The configuration is
 * loaded. Returns the exit code. */
int server_run(void);
/* Like server_run, but for one console command: no listener, no console, a virtual clock. Its
 * answer goes to stdout. */
int server_command(const char *line);
/* Undo server_prepare or server_load without a run (--check-config). */
void server_unload(void);
const char *server_version(void);
/* Read the configuration again. `report` (CONFIG_ERROR_MAX bytes): why it was not taken, or, when
 * OK, a line for each key that changed, whether it is in force or needs a restart. TLS files are
 * loaded again. */
muster_status server_reload(char *report) MUSTER_MUST_USE;

#endif
