/* net_head_check: never past the end, never undecided about more, and good means a whole head. */
#include <string.h>

#include "fuzz.h"
#include "net_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct net_head_fault fault = {0};
    size_t head_len = 0;
    char *text = malloc(size + 1); /* so that a read past the end is seen */
    FUZZ_CHECK(text);
    if (size > 0) memcpy(text, data, size);
    enum net_head found = net_head_check(text, size, &head_len, &fault);
    if (found == NET_HEAD_GOOD) {
        FUZZ_CHECK(head_len <= size && head_len <= NET_HEAD_MAX && head_len >= 4);
        FUZZ_CHECK(memcmp(text + head_len - 4, "\r\n\r\n", 4) == 0);
        FUZZ_CHECK(memchr(text, '\0', head_len) == NULL);
    }
    if (found == NET_HEAD_BAD) FUZZ_CHECK(fault.status >= 400 && fault.code && fault.detail);
    if (found == NET_HEAD_MORE) FUZZ_CHECK(size < NET_HEAD_MAX);
    free(text);
    return 0;
}
