/* load - `muster load`: players by the thousand against a running server, and what they saw. */
#ifndef LOAD_H
#define LOAD_H

/* --url URL --players N [--rate HZ] [--seconds S] [--mode NAME] [--json] [--i-run-this-server].
 * argv[0] is the command. Returns an exit code; what is wrong has been said. */
int load_command(int argc, char **argv);

#endif
