#include "net_head.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEADERS_MAX 100
#define METHOD_MAX 16
#define NAME_MAX_BYTES 40 /* of a parameter that is named */

struct head {
    struct net_head_fault *fault;
    bool http_1_1;
    uint32_t headers;
    uint32_t hosts;
    uint32_t lengths;
};

static bool bad(struct head *head, uint32_t status, const char *code, const char *detail) {
    *head->fault = (struct net_head_fault){.status = status, .code = code, .detail = detail};
    return false;
}

static bool malformed(struct head *head, const char *detail) {
    return bad(head, 400, "malformed_request", detail);
}

static bool is_token_char(char c) {
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t token_len(const char *at, size_t len) {
    size_t n = 0;
    while (n < len && is_token_char(at[n])) n++;
    return n;
}

/* ---- The request line ---- */

static bool is_known_method(const char *at, size_t len) {
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == len && memcmp(known[i], at, len) == 0) return true;
    return false;
}

/* broken: where the percent sign stands. In a query the parameter is named. */
static bool bad_percent(struct head *head, const char *at, size_t len, size_t broken) {
    static const char rule[] = "a percent sign is followed by no character's two digits";
    const char *query = memchr(at, '?', broken);
    (void)malformed(head, rule);
    if (!query) return false;
    size_t begin = broken, end;
    while (at[begin - 1] != '&' && at + begin - 1 > query) begin--;
    for (end = begin; end < len && (isalnum((unsigned char)at[end]) || at[end] == '_');) end++;
    if (end == begin || end - begin > NAME_MAX_BYTES) return false;
    snprintf(head->fault->text, sizeof head->fault->text, "%.*s: %s", (int)(end - begin),
             at + begin, rule);
    head->fault->detail = head->fault->text;
    return false;
}

/* Two digits that stand for none in a path: NUL, and the ends of a line, at which libwebsockets
 * would stop to read, so that a filter behind them was lost. */
static bool is_forbidden(const char *digits) {
    return digits[0] == '0' && strchr("0aAdD", digits[1]);
}

static bool check_target(struct head *head, const char *at, size_t len) {
    if (len == 0 || at[0] != '/') return malformed(head, "expected a path after the method");
    for (size_t i = 0; i < len; i++) {
        if (at[i] <= 0x20 || at[i] >= 0x7f || at[i] == '#')
            return malformed(head, "a character of the path is to be percent-encoded");
        if (at[i] != '%') continue;
        bool digits =
            i + 2 < len && isxdigit((unsigned char)at[i + 1]) && isxdigit((unsigned char)at[i + 2]);
        if (!digits || is_forbidden(at + i + 1)) return bad_percent(head, at, len, i);
    }
    return true;
}

static bool check_version(struct head *head, const char *at, size_t len) {
    bool named = len == 8 && memcmp(at, "HTTP/", 5) == 0 && isdigit((unsigned char)at[5]) &&
                 at[6] == '.' && isdigit((unsigned char)at[7]);
    if (!named) return malformed(head, "expected HTTP/1.1 at the end of the first line");
    if (at[5] != '1' || at[7] > '1')
        return bad(head, 505, "version_not_supported", "expected HTTP/1.1");
    head->http_1_1 = at[7] == '1';
    return true;
}

static bool check_first_line(struct head *head, const char *line, size_t len) {
    size_t method = token_len(line, len);
    if (method == 0 || method >= len || line[method] != ' ')
        return malformed(head, "expected a method at the start of the first line");
    if (!is_known_method(line, method))
        return bad(head, 501, "not_implemented", "this method is not known here");
    const char *target = line + method + 1;
    size_t rest = len - method - 1;
    const char *space = memchr(target, ' ', rest);
    if (!space) return malformed(head, "expected a path and HTTP/1.1 after the method");
    size_t target_len = (size_t)(space - target);
    return check_target(head, target, target_len) &&
           check_version(head, space + 1, rest - target_len - 1);
}

/* ---- Headers ---- */

static bool name_is(const char *line, size_t len, const char *name) {
    return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

static bool is_host(const char *at, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)at[i]) && !strchr("-._~:[]%", at[i])) return false;
    return len > 0;
}

static bool check_value(struct head *head, const char *at, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)at[i] < 0x20 && at[i] != '\t') || at[i] == 0x7f)
            return malformed(head, "a header holds a control character");
    return true;
}

static bool check_header(struct head *head, const char *line, size_t len) {
    size_t name = token_len(line, len);
    if (name == 0 || name >= len || line[name] != ':')
        return malformed(head, "expected a header as name: value");
    const char *value = line + name + 1;
    size_t value_len = len - name - 1;
    while (value_len > 0 && (*value == ' ' || *value == '\t')) value++, value_len--;
    while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
        value_len--;
    if (++head->headers > HEADERS_MAX)
        return bad(head, 431, "headers_too_long", "there are more than 100 headers");
    if (name_is(line, name, "content-length") && ++head->lengths > 1)
        return malformed(head, "there is more than one Content-Length");
    if (name_is(line, name, "host") && (++head->hosts > 1 || !is_host(value, value_len)))
        return malformed(head, "expected one Host header with a name");
    return check_value(head, value, value_len);
}

/* ---- All of it ---- */

/* Rubbish that never ends a line need not be waited for. */
static enum net_head check_unended(struct head *head, const char *data, size_t len, bool first) {
    size_t method = token_len(data, len < METHOD_MAX ? len : METHOD_MAX);
    bool begins = method < len ? method > 0 && data[method] == ' ' : method < METHOD_MAX;
    if (first && !begins) {
        malformed(head, "expected a method at the start of the first line");
        return NET_HEAD_BAD;
    }
    return NET_HEAD_MORE;
}

static bool check_line(struct head *head, const char *line, size_t len, bool first) {
    if (len == 0 || line[len - 1] != '\r') return malformed(head, "a line ends without a CR");
    if (memchr(line, '\r', len - 1)) return malformed(head, "a CR stands inside of a line");
    return first ? check_first_line(head, line, len - 1) : check_header(head, line, len - 1);
}

enum net_head net_head_check(const char *data, size_t len, size_t *head_len,
                             struct net_head_fault *fault) {
    struct head head = {.fault = fault};
    size_t seen = len < NET_HEAD_MAX ? len : NET_HEAD_MAX;
    size_t at = 0;
    for (bool first = true;; first = false) {
        const char *end = memchr(data + at, '\n', seen - at);
        if (!end && len >= NET_HEAD_MAX) {
            bad(&head, 431, "headers_too_long", "the head is longer than 8 KiB");
            return NET_HEAD_BAD;
        }
        if (!end) return check_unended(&head, data + at, seen - at, first);
        size_t line = (size_t)(end - data) - at;
        bool last = !first && line == 1 && data[at] == '\r';
        if (!last && !check_line(&head, data + at, line, first)) return NET_HEAD_BAD;
        at += line + 1;
        if (last) break;
    }
    if (head.http_1_1 && head.hosts == 0) {
        malformed(&head, "there is no Host header");
        return NET_HEAD_BAD;
    }
    *head_len = at;
    return NET_HEAD_GOOD;
}
