#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

int32_t failure_set(struct failure *failure, int32_t code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(failure->message, sizeof failure->message, format, args);
    va_end(args);
    failure->code = code;
    return code;
}

int32_t failure_set_data(struct failure *failure, int32_t code, json_t *data, const char *format,
                         ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(failure->message, sizeof failure->message, format, args);
    va_end(args);
    failure->code = code;
    json_decref(failure->data);
    failure->data = data;
    return code;
}

json_t *failure_answer(struct failure *failure, json_t *id) {
    json_t *data = failure->data;
    failure->data = NULL;
    return rpc_failure(id, failure->code, failure->message, data);
}
