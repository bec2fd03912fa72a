/* mapped - files that are written or read through memory.
 *
 * A page that the disk cannot give (it became read-only, a copying file system is full, it cannot
 * be read, somebody cut the file) raises SIGBUS where it is touched. Of what is watched here it
 * becomes plain memory: the writer goes on, learns of it from is_lost, and should write there no
 * more. Any other SIGBUS is whose it was before. Any thread.
 */
#ifndef MAPPED_H
#define MAPPED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct mapped {
    struct mapped *prev, *next;
    unsigned char *base;
    size_t len;
    atomic_bool is_lost; /* a page at least is not the file's any more */
};

/* The map is the caller's, and stays where it is until it is ignored again. */
void mapped_watch(struct mapped *map, void *base, size_t len);
/* Before it is unmapped. Takes one that was never watched. */
void mapped_ignore(struct mapped *map);

#endif
