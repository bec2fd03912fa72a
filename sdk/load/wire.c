/* wire - see wire.h. */
#include "wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* A record that did not fit into the socket is gone on with by the next one: inputs are all of one
 * size, and it does not matter which of them it was. */
SSL_CTX *wire_tls_create(void) {
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls) return NULL;
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    return tls;
}

void wire_tls_destroy(SSL_CTX *tls) {
    SSL_CTX_free(tls);
}

bool wire_open(struct wire *wire, int fd, SSL_CTX *tls, const char *host) {
    *wire = (struct wire){.fd = fd, .tls = tls ? SSL_new(tls) : NULL};
    if (!tls) return true;
    if (wire->tls && SSL_set_fd(wire->tls, fd) && SSL_set_tlsext_host_name(wire->tls, host)) {
        SSL_set_connect_state(wire->tls);
        return true;
    }
    wire_close(wire);
    return false;
}

void wire_close(struct wire *wire) {
    SSL_free(wire->tls);
    wire->tls = NULL;
    if (wire->fd >= 0) close(wire->fd);
    wire->fd = -1;
}

/* What a call of OpenSSL that did not work means to who calls recv and send. */
static ssize_t refused(const struct wire *wire, int result) {
    int error = SSL_get_error(wire->tls, result);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        errno = EAGAIN;
    else if (error != SSL_ERROR_SYSCALL || !errno)
        errno = EPROTO;
    return -1;
}

int wire_shake_hands(struct wire *wire) {
    int result = wire->tls ? SSL_do_handshake(wire->tls) : 1;
    if (result == 1) return 1;
    if (refused(wire, result) == 0) errno = EPROTO;
    return errno == EAGAIN ? 0 : -1;
}

ssize_t wire_recv(struct wire *wire, void *out, uint32_t cap) {
    if (!wire->tls) return recv(wire->fd, out, cap, 0);
    int n = SSL_read(wire->tls, out, (int)cap);
    return n > 0 ? n : refused(wire, n);
}

ssize_t wire_send(struct wire *wire, const void *data, uint32_t len) {
    if (!wire->tls) return send(wire->fd, data, len, MSG_NOSIGNAL);
    int n = SSL_write(wire->tls, data, (int)len);
    return n > 0 ? n : refused(wire, n);
}

bool wire_has_more(const struct wire *wire) {
    return wire->tls && SSL_pending(wire->tls) > 0;
}
