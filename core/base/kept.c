#include "kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muster/host.h>

struct kept {
    struct kept *next;
    char instance_name[MUSTER_NAME_MAX];
    uint32_t len;
    uint32_t cap;
    uint8_t data[];
};

/* Where it is, or would be. */
static struct kept **place_of(struct kept **list, const char *instance_name) {
    while (*list && strcmp((*list)->instance_name, instance_name) < 0) list = &(*list)->next;
    return list;
}

static bool is_of(const struct kept *kept, const char *instance_name) {
    return kept && strcmp(kept->instance_name, instance_name) == 0;
}

static void take_out(struct kept **at) {
    struct kept *kept = *at;
    *at = kept->next;
    free(kept);
}

/* The bytes may be those that it takes the place of. */
static muster_status put(struct kept **at, const char *instance_name, struct muster_bytes bytes) {
    struct kept *kept = malloc(sizeof *kept + bytes.len);
    if (!kept) return MUSTER_NO_MEMORY;
    *kept = (struct kept){.len = (uint32_t)bytes.len, .cap = (uint32_t)bytes.len};
    snprintf(kept->instance_name, sizeof kept->instance_name, "%s", instance_name);
    memcpy(kept->data, bytes.data, bytes.len);
    if (is_of(*at, instance_name)) take_out(at);
    kept->next = *at;
    *at = kept;
    return MUSTER_OK;
}

muster_status kept_set(struct kept **list, const char *instance_name, struct muster_bytes bytes) {
    struct kept **at = place_of(list, instance_name);
    bool is_there = is_of(*at, instance_name);
    if (bytes.len > MUSTER_DATA_BYTES_MAX || (bytes.len && !bytes.data)) return MUSTER_INVALID;
    if (bytes.len == 0) {
        if (is_there) take_out(at);
        return MUSTER_OK;
    }
    if (!is_there || (*at)->cap < bytes.len) return put(at, instance_name, bytes);
    memmove((*at)->data, bytes.data, bytes.len);
    (*at)->len = (uint32_t)bytes.len;
    return MUSTER_OK;
}

struct muster_bytes kept_get(const struct kept *list, const char *instance_name) {
    for (; list; list = list->next)
        if (is_of(list, instance_name)) return (struct muster_bytes){list->data, list->len};
    return (struct muster_bytes){NULL, 0};
}

void kept_clear(struct kept **list) {
    while (*list) take_out(list);
}

void kept_take_over(struct kept **list, struct kept **from) {
    while (*from) {
        struct kept *kept = *from;
        struct kept **at = place_of(list, kept->instance_name);
        *from = kept->next;
        if (is_of(*at, kept->instance_name)) {
            free(kept);
            continue;
        }
        kept->next = *at;
        *at = kept;
    }
}

void kept_save(const struct kept *list, struct muster_writer *out) {
    for (; list; list = list->next) {
        muster_put_str(out, list->instance_name);
        muster_put_u32(out, list->len);
        muster_put_bytes(out, list->data, list->len);
    }
}

bool kept_load(struct kept **list, struct muster_reader *in) {
    char before[MUSTER_NAME_MAX] = "";
    while (!in->overflow && in->pos < in->len) {
        char name[MUSTER_NAME_MAX];
        muster_get_str(in, name, sizeof name);
        uint32_t len = muster_get_u32(in);
        const struct muster_bytes bytes = {muster_get_bytes(in, len), len};
        if (in->overflow || len == 0 || strcmp(before, name) >= 0 || kept_set(list, name, bytes))
            return false;
        memcpy(before, name, sizeof before);
    }
    return !in->overflow;
}
