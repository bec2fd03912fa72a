/* new - `muster new`: the folder of a mod or plugin that works, with a test, to be changed from
 * there. */
#ifndef NEW_H
#define NEW_H

/* Exit codes, as in sysexits.h. */
#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69
#define EXIT_NO_DAEMON 70
#define EXIT_NOT_MADE 73

/* A file of sdk/template: "lua/mode/init.lua", with places for @NAME@ and the like in both. */
struct template {
    const char *path;
    const char *text;
};
extern const struct template templates[]; /* ends with a null path */

/* Arguments of the command: mode|rule NAME [--dir DIR], or plugin ROLE NAME [--dir DIR]. Returns an
 * exit code; what is wrong has been said. */
int new_command(int argc, char **argv);

#endif
