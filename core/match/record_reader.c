/* Recordings that are read. */
#include "record_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <muster/writer.h>

struct record_reader {
    uint8_t *data;
    struct muster_reader in;
    uint32_t entries_at; /* offset of the first */
    char *header;
};

muster_status record_read_whole(const char *path, uint8_t **data, uint32_t *len) {
    FILE *file = fopen(path, "rbe");
    if (!file) return errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    struct stat st;
    muster_status status = MUSTER_IO;
    if (fstat(fileno(file), &st) || !S_ISREG(st.st_mode)) goto out;
    status = MUSTER_LIMIT;
    if (st.st_size > RECORD_BYTES_MAX) goto out;
    status = MUSTER_NO_MEMORY;
    *data = malloc((size_t)st.st_size + 1);
    if (!*data) goto out;
    *len = (uint32_t)fread(*data, 1, (size_t)st.st_size, file);
    status = MUSTER_OK;
out:
    fclose(file);
    return status;
}

static muster_status read_header(struct record_reader *reader) {
    const uint8_t *magic = muster_get_bytes(&reader->in, RECORD_MAGIC_BYTES);
    if (!magic || memcmp(magic, RECORD_MAGIC, RECORD_MAGIC_BYTES) != 0) return MUSTER_INVALID;
    uint32_t header_len = muster_get_u32(&reader->in);
    if (reader->in.overflow || header_len > RECORD_HEADER_BYTES_MAX) return MUSTER_INVALID;
    const uint8_t *header = muster_get_bytes(&reader->in, header_len);
    if (!header) return MUSTER_INVALID;
    reader->entries_at = reader->in.pos;
    reader->header = strndup((const char *)header, header_len);
    return reader->header ? MUSTER_OK : MUSTER_NO_MEMORY;
}

muster_status record_read(const char *path, struct record_reader **out, const char **header_json) {
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return MUSTER_NO_MEMORY;
    uint32_t len = 0;
    muster_status status = record_read_whole(path, &reader->data, &len);
    if (!status) {
        reader->in = muster_reader_make(reader->data, len);
        status = read_header(reader);
    }
    if (status) {
        record_reader_close(reader);
        return status;
    }
    *out = reader;
    *header_json = reader->header;
    return MUSTER_OK;
}

/* All of the bytes, or none. */
static muster_status read_part(const char *path, uint32_t from, uint32_t len, uint8_t *data) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? MUSTER_NOT_FOUND : MUSTER_IO;
    ssize_t got = pread(fd, data, len, from);
    close(fd);
    return got == (ssize_t)len ? MUSTER_OK : MUSTER_INVALID;
}

muster_status record_read_part(const char *path, uint32_t from, uint32_t to,
                               struct record_reader **out) {
    if (from > to || to > RECORD_BYTES_MAX) return MUSTER_INVALID;
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return MUSTER_NO_MEMORY;
    muster_status status = MUSTER_NO_MEMORY;
    reader->data = malloc(to - from + 1);
    if (reader->data) status = read_part(path, from, to - from, reader->data);
    reader->in = muster_reader_make(reader->data, to - from);
    if (status)
        record_reader_close(reader);
    else
        *out = reader;
    return status;
}

muster_status record_next(struct record_reader *reader, struct record_entry *out) {
    if (reader->in.pos == reader->in.len) return MUSTER_NOT_FOUND;
    out->kind = muster_get_u8(&reader->in);
    if (out->kind == 0) return MUSTER_NOT_FOUND;
    out->seat = muster_get_u8(&reader->in);
    out->len = muster_get_u16(&reader->in);
    out->tick = muster_get_u32(&reader->in);
    out->data = muster_get_bytes(&reader->in, out->len);
    return reader->in.overflow ? MUSTER_INVALID : MUSTER_OK;
}

void record_rewind(struct record_reader *reader) {
    reader->in.pos = reader->entries_at;
    reader->in.overflow = 0;
}

void record_reader_close(struct record_reader *reader) {
    if (!reader) return;
    free(reader->data);
    free(reader->header);
    free(reader);
}

muster_status record_check(const uint8_t *data, uint32_t len, uint32_t used) {
    struct record_reader reader = {.in = muster_reader_make(data, len)};
    struct record_entry entry;
    muster_status status = read_header(&reader);
    bool met = false, ended = false;
    while (!status) {
        met = met || reader.in.pos == used;
        status = record_next(&reader, &entry);
        ended = ended || (!status && entry.kind == RECORD_END);
    }
    free(reader.header);
    if (!met || status != MUSTER_NOT_FOUND) return MUSTER_INVALID;
    return ended ? MUSTER_EXISTS : MUSTER_OK;
}
