/* ensure - what must hold whoever calls: threads, owners, states.
 *
 * Unlike assert it stays in every build: going on with a broken owner or on a wrong thread costs
 * more than the end of the process, which a supervisor starts again.
 */
#ifndef ENSURE_H
#define ENSURE_H

#include <stdio.h>
#include <stdlib.h>

/* Names place and condition on stderr and aborts. */
#define ENSURE(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            fprintf(stderr, "musterd: %s:%d: does not hold: %s\n", __FILE__, __LINE__,             \
                    #condition);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
