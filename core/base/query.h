/* query - parameters of a request's query, decoded. Pure functions, any thread. Linked by the core
 * and by plugins with routes. */
#ifndef QUERY_H
#define QUERY_H

#include <stdbool.h>
#include <stdint.h>

/* Value of a parameter, decoded, into out. BROKEN: it is there but malformed, too long for out, or
 * given twice; whoever asked is to be told, since it is not as if it were absent. */
enum query { QUERY_ABSENT, QUERY_GIVEN, QUERY_BROKEN };
enum query query_find(const char *query, const char *name, char *out, uint32_t cap);
/* The first name in the query that `names` (ends with null) does not hold, cut to out, or false. */
bool query_unknown(const char *query, const char *const *names, char *out, uint32_t cap);

#endif
