/* keyurl - an issuer's keys at a URL, where it may exchange them at any time: asked for again and
 * again, judged on the pool by the rules of a key file, and handed to the plugin. Loop thread.
 */
#ifndef MUSTER_JWT_KEYURL_H
#define MUSTER_JWT_KEYURL_H

#include <muster/host.h>

#include "jwt/keys.h"

struct keyurl {
    /* Of the plugin, before keyurl_start. */
    muster_self *self;
    const struct muster_host *host;
    const char *url;     /* borrowed, as the next */
    const char *setting; /* that names it, for the log */
    uint32_t flags;      /* MUSTER_FETCH_... */
    uint32_t alg;        /* the only algorithm, or 0 */
    uint64_t refresh_ms;
    /* Each question ends with one call: keys, borrowed, or null when none came, or none of use. */
    void (*answered)(void *user, const struct token_keys *keys);
    void *user;

    muster_timer_id timer;
    uint64_t next_ms;   /* when it is asked again */
    uint64_t wanted_ms; /* from when on keyurl_want may ask */
    bool asking;
    bool failing; /* and that was told */
    bool stopped;
    muster_status judged; /* from here on the pool's while it judges */
    struct token_keys keys;
    char why[KEYS_WHY_MAX];
    size_t text_len;
    char text[KEYS_TEXT_BYTES_MAX];
};

/* https, or http to this machine: on any other way somebody could put keys of his own in. */
bool keyurl_is_sound(const char *url) MUSTER_MUST_USE;
/* Asks as soon as the network is up. In start. */
muster_status keyurl_start(struct keyurl *from) MUSTER_MUST_USE;
/* There is a token whose key is not known. True: an answer is on its way. Whatever tokens strangers
 * bring, the URL is asked at most once a minute for them. */
bool keyurl_want(struct keyurl *from);
/* No answer is told any more. */
void keyurl_stop(struct keyurl *from);

#endif
