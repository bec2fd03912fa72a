/* address - texts of IP addresses as bytes, and who counts as one party. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_BYTES 16
#define ADDRESS_TEXT_MAX 48 /* NUL included */

/* The IPv6 form, an IPv4 address mapped into it. False: no address, and out is zeroed. */
bool address_bytes(const char *text, uint8_t out[ADDRESS_BYTES]);
/* What is counted as one party: an IPv4 address, or an IPv6 /64, since whoever has one address
 * there has all of them. False: no address. */
bool address_party(const char *text, uint8_t out[ADDRESS_BYTES]);
bool address_is_mapped(const uint8_t bytes[ADDRESS_BYTES]);
/* The usual form of an address: IPv4 with dots, also where it came mapped. */
void address_text(const uint8_t bytes[ADDRESS_BYTES], char out[ADDRESS_TEXT_MAX]);

/* Of the internet: not this machine, a private network, a link, a group, or a range that is set
 * aside (RFC 6890). False also for text that is no address. */
bool address_is_public(const char *text);

/* A range of addresses, in the IPv6 form. */
struct address_prefix {
    uint8_t bytes[ADDRESS_BYTES]; /* zero behind the prefix */
    uint32_t bits;                /* 1 to 128; 0: no range at all */
};
#define ADDRESS_PREFIX_TEXT_MAX (ADDRESS_TEXT_MAX + 4)

/* "192.0.2.7", "192.0.2.0/24", "2001:db8::/32"; an address alone is a range of one. False: it is
 * none of these. */
bool address_prefix_read(const char *text, struct address_prefix *out);
/* Widens it to so many bits. */
void address_prefix_cut(struct address_prefix *prefix, uint32_t bits);
/* False also for text that is no address. IPv4 lies in no IPv6 range. */
bool address_in(const char *text, const struct address_prefix *prefix);
void address_prefix_text(const struct address_prefix *prefix, char out[ADDRESS_PREFIX_TEXT_MAX]);

#endif
