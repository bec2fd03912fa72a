#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <muster/writer.h>

#define HEAD_BYTES 18
#define SEND_WAIT_S 1

muster_status channel_open(int ends[2]) {
    const struct timeval patience = {.tv_sec = SEND_WAIT_S};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) return MUSTER_IO;
    for (int i = 0; i < 2; i++)
        (void)setsockopt(ends[i], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return MUSTER_OK;
}

muster_status channel_send(int fd, const struct channel_message *message) {
    uint8_t bytes[HEAD_BYTES + CHANNEL_TEXT_MAX];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    muster_put_u8(&w, CHANNEL_VERSION);
    muster_put_u8(&w, message->kind);
    muster_put_u32(&w, message->count);
    muster_put_u32(&w, message->tick);
    muster_put_u64(&w, message->hash);
    muster_put_bytes(&w, message->text, (uint32_t)strnlen(message->text, CHANNEL_TEXT_MAX - 1));
    ssize_t sent;
    do sent = send(fd, bytes, w.len, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) return MUSTER_OK;
    if (errno == EAGAIN) return MUSTER_TIMEOUT;
    return errno == EPIPE || errno == ECONNRESET ? MUSTER_CLOSED : MUSTER_IO;
}

muster_status channel_say(int fd, uint32_t kind, const char *text) {
    struct channel_message message = {.kind = kind};
    snprintf(message.text, sizeof message.text, "%s", text);
    return channel_send(fd, &message);
}

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static muster_status wait_for_message(int fd, uint32_t limit_ms) {
    uint64_t until_ms = now_ms() + limit_ms;
    for (;;) {
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        uint64_t at_ms = now_ms();
        int ready = poll(&wanted, 1, at_ms < until_ms ? (int)(until_ms - at_ms) : 0);
        if (ready > 0) return MUSTER_OK;
        if (ready == 0) return MUSTER_TIMEOUT;
        if (errno != EINTR) return MUSTER_IO;
    }
}

/* A text with a NUL in it ends there. */
static muster_status read_message(const uint8_t *bytes, uint32_t len, struct channel_message *out) {
    struct muster_reader r = muster_reader_make(bytes, len);
    uint32_t version = muster_get_u8(&r);
    *out = (struct channel_message){.kind = muster_get_u8(&r)};
    out->count = muster_get_u32(&r);
    out->tick = muster_get_u32(&r);
    out->hash = muster_get_u64(&r);
    if (r.overflow || version != CHANNEL_VERSION || len - r.pos >= CHANNEL_TEXT_MAX)
        return MUSTER_INVALID;
    memcpy(out->text, bytes + r.pos, len - r.pos);
    return MUSTER_OK;
}

muster_status channel_receive(int fd, uint32_t limit_ms, struct channel_message *out) {
    uint8_t bytes[HEAD_BYTES + CHANNEL_TEXT_MAX]; /* of a longer one the rest is lost */
    muster_status status = wait_for_message(fd, limit_ms);
    if (status) return status;
    ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (len == 0 || (len < 0 && errno == ECONNRESET)) return MUSTER_CLOSED;
    return len < 0 ? MUSTER_IO : read_message(bytes, (uint32_t)len, out);
}
