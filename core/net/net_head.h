/* net_head - the head of an HTTP/1 request, looked at before libwebsockets sees it: that takes much
 * which is none, and answers some of it with pages of its own. No state. */
#ifndef NET_HEAD_H
#define NET_HEAD_H

#include <stddef.h>
#include <stdint.h>

#define NET_HEAD_MAX 8191 /* bytes, with the empty line */

enum net_head { NET_HEAD_MORE, NET_HEAD_GOOD, NET_HEAD_BAD };
struct net_head_fault {
    uint32_t status;
    const char *code;
    const char *detail; /* of characters that JSON takes as they are; may lie in text */
    char text[112];
};

/* data: what has come so far. MORE: it may become a head. GOOD: *head_len bytes are one. BAD: never
 * one that is taken, and *fault says what to answer. */
enum net_head net_head_check(const char *data, size_t len, size_t *head_len,
                             struct net_head_fault *fault);

#endif
