/* match_set - see match_set.h. */
#include "match_set.h"

#include <stdlib.h>
#include <string.h>

#define CAP_FIRST 1024u

/* The 64 bits of a random UUID's last two groups; its variant bits make them not 0. */
static uint64_t id_in(const char *text) {
    const char *key = strstr(text, "\"matchId\":\"");
    const char *uuid = key ? key + strlen("\"matchId\":\"") : "";
    if (strnlen(uuid, 36) < 36) return 0;
    return strtoull(uuid + 19, NULL, 16) << 48 | strtoull(uuid + 24, NULL, 16);
}

/* Where it stands or would. */
static uint64_t *place_of(uint64_t *ids, uint32_t cap, uint64_t id) {
    uint32_t at = (uint32_t)id & (cap - 1);
    while (ids[at] && ids[at] != id) at = (at + 1) & (cap - 1);
    return &ids[at];
}

static bool grow(struct match_set *set) {
    uint32_t cap = set->cap ? set->cap * 2 : CAP_FIRST;
    uint64_t *ids = calloc(cap, sizeof *ids);
    if (!ids) return false;
    for (uint32_t i = 0; i < set->cap; i++)
        if (set->ids[i]) *place_of(ids, cap, set->ids[i]) = set->ids[i];
    free(set->ids);
    set->ids = ids;
    set->cap = cap;
    return true;
}

void match_set_add(struct match_set *set, const char *text) {
    uint64_t id = id_in(text);
    if (!id || (set->count >= set->cap / 2 && !grow(set))) return;
    uint64_t *place = place_of(set->ids, set->cap, id);
    set->count += *place == 0;
    *place = id;
}

void match_set_free(struct match_set *set) {
    free(set->ids);
    *set = (struct match_set){0};
}
