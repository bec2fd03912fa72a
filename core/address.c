#include "address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_is_mapped(const uint8_t bytes[ADDRESS_BYTES]) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, prefix, sizeof prefix) == 0;
}

bool address_bytes(const char *text, uint8_t out[ADDRESS_BYTES]) {
    memset(out, 0, ADDRESS_BYTES);
    if (inet_pton(AF_INET, text, out + 12) == 1) {
        out[10] = out[11] = 0xff;
        return true;
    }
    return inet_pton(AF_INET6, text, out) == 1;
}

bool address_party(const char *text, uint8_t out[ADDRESS_BYTES]) {
    if (!address_bytes(text, out)) return false;
    if (!address_is_mapped(out)) memset(out + 8, 0, 8);
    return true;
}

void address_text(const uint8_t bytes[ADDRESS_BYTES], char out[ADDRESS_TEXT_MAX]) {
    if (address_is_mapped(bytes))
        inet_ntop(AF_INET, bytes + 12, out, ADDRESS_TEXT_MAX);
    else
        inet_ntop(AF_INET6, bytes, out, ADDRESS_TEXT_MAX);
}
