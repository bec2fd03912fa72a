/* http_shared - answers that are the same for many: their tag and their compressed form are made
 * once and kept. Part of http. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "http.h"
#include "negotiate.h"

#define GZIP_MIN_BYTES 512
#define GZIP_WINDOW_BITS (15 + 16) /* with gzip's frame */
#define GZIP_MEMORY_LEVEL 8
#define ETAG_HASH_BYTES 16

void http_shared_deinit(struct http_shared *shared) {
    free(shared->text);
    free(shared->gzip);
    *shared = (struct http_shared){0};
}

static bool compress_text(struct http_shared *shared) {
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS,
                     GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    uLong room = deflateBound(&stream, shared->len);
    shared->gzip = malloc(room);
    stream.next_in = (Bytef *)shared->text;
    stream.avail_in = shared->len;
    stream.next_out = shared->gzip;
    stream.avail_out = (uInt)room;
    bool whole = shared->gzip && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    shared->gzip_len = (uint32_t)stream.total_out;
    deflateEnd(&stream);
    if (whole) return true;
    free(shared->gzip);
    shared->gzip = NULL;
    return false;
}

/* False: out of memory. */
static bool keep(struct http_shared *shared, const char *text, uint32_t len) {
    uint8_t hash[ETAG_HASH_BYTES];
    if (shared->text && shared->len == len && memcmp(shared->text, text, len) == 0) return true;
    http_shared_deinit(shared);
    shared->text = malloc(len);
    if (!shared->text) return false;
    memcpy(shared->text, text, len);
    shared->len = len;
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, len, NULL, 0);
    sodium_bin2hex(shared->etag + 1, sizeof shared->etag - 2, hash, sizeof hash);
    shared->etag[0] = '"';
    strcat(shared->etag, "\"");
    return true;
}

muster_status http_respond_shared(const struct muster_http_request *request,
                                  struct http_shared *shared, const char *text, uint32_t len) {
    if (!text || !keep(shared, text, len))
        return http_problem(request->id, 500, "internal_error", "out of memory");
    bool zipped = len >= GZIP_MIN_BYTES &&
                  negotiate_gzip(net_http_header(request->id, "accept-encoding")) &&
                  (shared->gzip || compress_text(shared));
    char etag[sizeof shared->etag + 2];
    snprintf(etag, sizeof etag, "W/%s", shared->etag);
    const struct muster_http_header headers[] = {{"etag", etag},
                                                 {"cache-control", "no-cache"},
                                                 {"vary", "accept-encoding"},
                                                 {"content-encoding", "gzip"}};
    struct muster_http_response response = {
        .size = sizeof response, .status = 304, .headers = headers, .header_count = 3};
    if (!negotiate_unchanged(net_http_header(request->id, "if-none-match"), shared->etag)) {
        response.status = 200;
        response.content_type = "application/json";
        response.body = (struct muster_bytes){zipped ? (const void *)shared->gzip : shared->text,
                                              zipped ? shared->gzip_len : shared->len};
        response.header_count = zipped ? 4 : 3;
    }
    return http_respond(request->id, &response);
}
