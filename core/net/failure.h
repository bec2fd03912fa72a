/* failure - why a client's request was refused: JSON-RPC code, sentence, data. */
#ifndef FAILURE_H
#define FAILURE_H

#include <jansson.h>

#include "protocol.h"

struct failure {
    int32_t code; /* enum rpc_error; 0: no failure */
    char message[192];
    json_t *data; /* further members of error.data, owned, may be null */
};

/* Fills it and returns the code, so that a handler can `return failure_set(...)`. */
int32_t failure_set(struct failure *failure, int32_t code, const char *format, ...)
    MUSTER_PRINTF(3, 4);
/* data is taken. */
int32_t failure_set_data(struct failure *failure, int32_t code, json_t *data, const char *format,
                         ...) MUSTER_PRINTF(4, 5);
/* The answer to a request; takes failure's data. */
json_t *failure_answer(struct failure *failure, json_t *id);

#endif
