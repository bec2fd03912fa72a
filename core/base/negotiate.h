/* negotiate - what a request's head says about the form of the answer (RFC 9110, 12.5.3
 * and 13.1.2). Pure functions, any thread. Linked by the core and by service_web. */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include <stdbool.h>

/* Does Accept-Encoding name gzip, and not with a quality of zero? */
bool negotiate_gzip(const char *accept_encoding);
/* Does If-None-Match name that tag, or any? Weak comparison; etag comes with its quotes. */
bool negotiate_unchanged(const char *if_none_match, const char *etag);

#endif
