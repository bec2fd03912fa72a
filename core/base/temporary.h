/* temporary - a directory that is gone when the process is, whatever ends it. */
#ifndef TEMPORARY_H
#define TEMPORARY_H

/* Makes a directory (0700) below $TMPDIR or /tmp and goes on in a child process, which gets its
 * path; null, and errno says why: it could not. The process that called waits, removes the
 * directory and ends as the child did. Before any thread, and once. */
const char *temporary_dir(void);

#endif
