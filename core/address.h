/* address - texts of IP addresses as bytes, and who counts as one party. Layer 0. */
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

#endif
