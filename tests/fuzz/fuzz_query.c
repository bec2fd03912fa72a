/* query_find, query_unknown and net_url_parse: the first byte is the room, a name ends at the first
 * line break, the rest is the query and the URL. */
#include <string.h>

#include "fuzz.h"
#include "net_url.h"
#include "query.h"

static char *text_of(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    FUZZ_CHECK(text);
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

static void check_query(const char *query, const char *name, uint32_t cap) {
    char *out = malloc(cap + 1u);
    FUZZ_CHECK(out);
    if (query_find(query, name, out, cap) == QUERY_GIVEN) {
        FUZZ_CHECK(strlen(out) < cap);
        FUZZ_CHECK(strlen(out) <= strlen(query));
    }
    if (cap > 0 && query_unknown(query, (const char *const[]){name, NULL}, out, cap))
        FUZZ_CHECK(strlen(out) < cap);
    free(out);
}

static void check_url(const char *text) {
    struct net_url url;
    if (net_url_parse(text, "http", &url) != MUSTER_OK) return;
    FUZZ_CHECK(url.host[0] != '\0' && url.port != 0);
    FUZZ_CHECK(url.path[0] == '/' && strpbrk(url.path, "\r\n ") == NULL);
    FUZZ_CHECK(strpbrk(url.authority, "/@\r\n ") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    char *name = text_of(data + 1, size - 1);
    char *line_break = strchr(name, '\n');
    if (line_break) *line_break = '\0';
    const char *rest = line_break ? line_break + 1 : "";
    check_query(rest, name, data[0]);
    check_url(rest);
    free(name);
    return 0;
}
