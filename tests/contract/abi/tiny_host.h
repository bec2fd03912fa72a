/* tiny_host - the few host functions that the zoo calls, over the real core below host.c; and the
 * surroundings of a test: own folders, configuration, loop.
 */
#ifndef TINY_HOST_H
#define TINY_HOST_H

#include <stdint.h>

#include <muster/plugin.h>

struct tiny_host {
    char root[256];    /* temporary, 0700 */
    char plugins[300]; /* below it, for install_plugin */
};

/* Folders, configuration (sections: JSON members such as "\"pins\":{...}", or null), loop, tables.
 * Fails the process with a message when the surroundings cannot be made. */
void tiny_host_open(struct tiny_host *host, const char *sections);
void tiny_host_close(struct tiny_host *host);
/* Copies the built file `from`.so into the plugins folder as `as`.so. */
void tiny_host_install(const struct tiny_host *host, const char *from, const char *as,
                       uint32_t mode);
/* Turns of the loop, for what was posted. */
void tiny_host_turns(uint32_t count);

#endif
