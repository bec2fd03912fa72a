/* keyed_hash - hashes of what outsiders choose (addresses, names) under a key of this process, so
 * that nobody can make a table slow. Loop thread.
 *
 * Who includes it has uthash with this function; HASH_ADD leaves hh.tbl null when out of memory,
 * unless uthash was included before.
 */
#ifndef KEYED_HASH_H
#define KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

#ifndef HASH_NONFATAL_OOM
#define HASH_NONFATAL_OOM 1
#endif
#include <uthash.h>

uint64_t keyed_hash(const void *data, size_t len);

#undef HASH_FUNCTION
#define HASH_FUNCTION(key, len, value) ((value) = (unsigned)keyed_hash(key, len))

#endif
