/* wire - the bytes of one connection: TCP, or TLS on it. Blocks as its descriptor does.
 *
 * Nothing secret is sent to the server under load, and its certificate is not looked at.
 */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;
struct ssl_ctx_st;

struct wire {
    int fd; /* owned; -1: there is none */
    struct ssl_st *tls;
};

/* For all connections of a run. Null: no memory. */
struct ssl_ctx_st *wire_tls_create(void);
void wire_tls_destroy(struct ssl_ctx_st *tls);

/* Takes fd. tls null: plain. host: the name that is asked for. False: no memory, fd is closed. */
bool wire_open(struct wire *wire, int fd, struct ssl_ctx_st *tls, const char *host);
void wire_close(struct wire *wire);
/* Once it is connected: 1, bytes can go; 0, again when there is something to read; -1, errno. */
int wire_shake_hands(struct wire *wire);
/* As recv and send are: 0 at the end, -1 with EAGAIN when there is nothing, or no room. */
ssize_t wire_recv(struct wire *wire, void *out, uint32_t cap);
ssize_t wire_send(struct wire *wire, const void *data, uint32_t len);
/* Something has been read from the socket, so that nothing tells of it any more. */
bool wire_has_more(const struct wire *wire);

#endif
