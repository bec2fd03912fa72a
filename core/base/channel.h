/* channel - what a supervisor and its servers tell each other: while one server takes the place of
 * another, and how it stands. A pair of sockets that keep messages apart; both ends may be of
 * different versions.
 *
 * A message, little-endian: u8 version, u8 kind, u32 count, u32 tick, u64 hash, text to its end.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdint.h>

#include <muster/types.h>

#define CHANNEL_VERSION 1
#define CHANNEL_TEXT_MAX 1024

/* Append only: the supervisor outlives versions of the server. */
enum channel_kind {
    CHANNEL_UPGRADE = 1,  /* server: start another one beside me. text: its program, "": mine */
    CHANNEL_READY = 2,    /* the other one: I would start. server: I serve */
    CHANNEL_STOOD = 3,    /* server: my lobbies stand and are saved. count: of them */
    CHANNEL_LOBBY = 4,    /* the other one: one that I have. text: its key; tick, hash */
    CHANNEL_RESTORED = 5, /* the other one: those were all, and I could serve. count: of them */
    CHANNEL_AGREED = 6,   /* server: it is yours */
    CHANNEL_REFUSED = 7,  /* anybody: it comes to nothing. text: why */
    CHANNEL_STATE = 8,    /* server: how it stands, as service_notify has it. text */
    CHANNEL_SETTLED = 9,  /* server: the crash before was a lobby's, which has paid for it */
};

struct channel_message {
    uint32_t kind;
    uint32_t count;
    uint32_t tick;
    uint64_t hash;
    char text[CHANNEL_TEXT_MAX];
};

/* Two ends, closed when another program is executed. IO. */
muster_status channel_open(int ends[2]) MUSTER_MUST_USE;
/* Whole or not at all; waits a second at most for who does not read. CLOSED, TIMEOUT, IO. */
muster_status channel_send(int fd, const struct channel_message *message);
/* The same for one that is a sentence or has nothing but its kind. */
muster_status channel_say(int fd, uint32_t kind, const char *text);
/* Waits for the next one. TIMEOUT; CLOSED: the other end is gone; INVALID: it is no message, or of
 * another version. */
muster_status channel_receive(int fd, uint32_t limit_ms, struct channel_message *out);

#endif
