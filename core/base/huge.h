/* huge - the heap in huge pages.
 *
 * With thousands of players each touch of a record finds neither it in the caches nor its page in
 * the processor's table of pages; and on a virtual machine that one is looked for in two tables at
 * once, which no prefetch hides. 2 MiB of heap are one entry instead of 512.
 */
#ifndef HUGE_H
#define HUGE_H

#include <stdbool.h>
#include <stddef.h>

struct huge_span {
    void *begin;
    size_t bytes; /* 0: nothing to do */
};

/* What the heap holds by now stays in small pages: an idle server grows by nothing. Loop thread. */
void huge_begin(void);
/* What the heap has grown by since, in whole huge pages; each is named once. Loop thread. */
struct huge_span huge_next(void);
/* Asks the kernel (6.1) to make huge pages of it. It copies, so this takes some ms: on any thread.
 * Where the kernel cannot it stays as it is. */
void huge_gather(struct huge_span span);

#endif
