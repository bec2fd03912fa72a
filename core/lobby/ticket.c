#include "ticket.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void ticket_make(char kind, char out[TICKET_TEXT_SIZE]) {
    unsigned char secret[16];
    randombytes_buf(secret, sizeof secret);
    out[0] = kind;
    out[1] = '.';
    sodium_bin2base64(out + 2, TICKET_TEXT_SIZE - 2, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool ticket_equal(const char *held, const char *presented) {
    if (held[0] == '\0' || strlen(presented) != TICKET_TEXT_SIZE - 1) return false;
    return sodium_memcmp(held, presented, TICKET_TEXT_SIZE) == 0;
}

void ticket_uuid(char out[TICKET_UUID_SIZE]) {
    unsigned char b[16];
    randombytes_buf(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(out, TICKET_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

bool ticket_valid(char kind, const char *text) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strlen(text) == TICKET_TEXT_SIZE - 1 && text[0] == kind && text[1] == '.' &&
           strspn(text + 2, letters) == TICKET_TEXT_SIZE - 3;
}

bool ticket_uuid_valid(const char *text) {
    if (strlen(text) != TICKET_UUID_SIZE - 1) return false;
    for (size_t i = 0; i < TICKET_UUID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i])) return false;
    }
    return true;
}
