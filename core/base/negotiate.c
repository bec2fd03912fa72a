#include "negotiate.h"

#include <string.h>
#include <strings.h>

bool negotiate_gzip(const char *accept_encoding) {
    for (const char *at = accept_encoding; *at;) {
        at += strspn(at, ", \t");
        size_t name_len = strcspn(at, ",; \t");
        size_t item_len = strcspn(at, ",");
        const char *quality = memmem(at, item_len, "q=0", 3);
        if (!quality) quality = memmem(at, item_len, "Q=0", 3);
        bool refused = quality && strspn(quality + 2, "0.") == strcspn(quality + 2, ",; \t");
        if (name_len == 4 && strncasecmp(at, "gzip", 4) == 0) return !refused;
        at += item_len;
    }
    return false;
}

bool negotiate_unchanged(const char *if_none_match, const char *etag) {
    size_t len = strlen(etag);
    for (const char *at = if_none_match; *at;) {
        at += strspn(at, ", \t");
        if (*at == '*') return true;
        if (strncmp(at, "W/", 2) == 0) at += 2;
        size_t item_len = strcspn(at, ", \t");
        if (item_len == len && strncmp(at, etag, len) == 0) return true;
        at += item_len;
    }
    return false;
}
