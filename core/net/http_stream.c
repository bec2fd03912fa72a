/* http_stream - answers that are written piece by piece: whoever writes one is told when its client
 * has gone, and the client's address pays for what it gets. Part of http. */
#include <stdlib.h>
#include <utlist.h>

#include "http.h"
#include "party.h"

struct stream {
    muster_request_id id;
    struct party *party; /* null: nobody pays */
    void (*closed)(void *user);
    void *user;
    struct stream *prev, *next;
};

static struct stream *streams;

static struct stream *find(muster_request_id id) {
    struct stream *stream;
    DL_FOREACH(streams, stream) {
        if (MUSTER_ID_SAME(stream->id, id)) break;
    }
    return stream;
}

static void forget(struct stream *stream) {
    DL_DELETE(streams, stream);
    party_release(stream->party);
    free(stream);
}

muster_status http_stream_begin(muster_request_id id, const struct muster_http_response *response,
                                void (*closed)(void *user), void *user) {
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream) return MUSTER_NO_MEMORY;
    muster_status status = net_stream_begin(id, response);
    if (status) {
        free(stream);
        return status;
    }
    stream->id = id;
    stream->party = http_hand_over(id);
    stream->closed = closed;
    stream->user = user;
    DL_APPEND(streams, stream);
    party_charge(stream->party, PARTY_STRANGER, party_price(response->body.len, 0));
    return MUSTER_OK;
}

muster_status http_stream_send(muster_request_id id, struct muster_bytes piece) {
    const struct stream *stream = find(id);
    muster_status status = stream ? net_stream_send(id, piece) : MUSTER_NOT_FOUND;
    if (!status) party_charge(stream->party, PARTY_STRANGER, party_price(piece.len, 0));
    return status;
}

void http_stream_end(muster_request_id id, bool whole) {
    struct stream *stream = find(id);
    if (!stream) return;
    net_stream_end(id, whole);
    forget(stream);
}

void http_stream_closed(muster_request_id id) {
    struct stream *stream = find(id);
    if (!stream) return;
    void (*closed)(void *user) = stream->closed;
    void *user = stream->user;
    forget(stream);
    closed(user);
}

void http_stream_deinit(void) {
    while (streams) forget(streams);
}
