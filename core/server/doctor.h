/* doctor - what is wrong with a data directory: `muster doctor`.
 *
 * Reads only, also beside a server that uses it; what it finds is read by who would use it (plugins
 * by their check, lobbies, recordings, sanctions, kept writes), and each byte is somebody's: files
 * are bounded, links not followed. Prints a line for each finding and one for all of it.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>

/* mends: sets modes and removes what writes have left that were cut off; the directory must be
 * nobody else's. Returns the exit code: 0 when nothing is wrong (any more), FAILED, or that of a
 * configuration or directory that could not be looked at. */
int doctor_run(bool mends);

#endif
