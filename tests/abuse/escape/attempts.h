/* attempts - what code that broke out of a script would try. For service_escape. */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

struct attempt {
    const char *name;
    bool deadly;       /* must end the process on a locked node */
    long (*run)(void); /* 0, or an errno; null: the call below */
    long number;
    intptr_t arguments[6];
};

extern const struct attempt attempts[];
extern const uint32_t attempt_count;

/* Before the first attempt. */
void attempts_prepare(const char *data, const char *share);
/* 0, or the errno it failed with. Leaves nothing open. */
int attempt_run(const struct attempt *attempt);

#endif
