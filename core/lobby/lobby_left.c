/* Who lost a seat while not there to hear of it hears it in answer to the resume token. */
#include <stdio.h>
#include <string.h>

#include "lobby_internal.h"

#define LEFT_MAX 1024 /* the newest */

struct left {
    char player_key[MUSTER_PLAYER_KEY_MAX];
    char resume[TICKET_TEXT_SIZE];
    char resume_before[TICKET_TEXT_SIZE];
    const char *reason;
    char told[MUSTER_REASON_MAX];
};

static struct {
    struct left ring[LEFT_MAX];
    uint32_t count; /* ever */
} lefts;

json_t *lobby_left_json(const char *reason, const char *told) {
    json_t *json = json_pack("{s:s}", "reason", reason);
    if (told[0]) json_object_set_new(json, "message", json_string(told));
    return json;
}

void lobby_left_note(const struct member *member, const char *reason, const char *told) {
    struct left *left = &lefts.ring[lefts.count++ % LEFT_MAX];
    *left = (struct left){.reason = reason};
    memcpy(left->player_key, member->texts->player_key, sizeof left->player_key);
    memcpy(left->resume, member->texts->resume, sizeof left->resume);
    memcpy(left->resume_before, member->texts->resume_before, sizeof left->resume_before);
    snprintf(left->told, sizeof left->told, "%s", told);
}

json_t *lobby_left_find(const char *player_key, const char *resume_token) {
    for (uint32_t i = 0; i < lefts.count && i < LEFT_MAX; i++) {
        const struct left *left = &lefts.ring[i];
        if (strcmp(left->player_key, player_key) == 0 &&
            (ticket_equal(left->resume, resume_token) ||
             ticket_equal(left->resume_before, resume_token)))
            return lobby_left_json(left->reason, left->told);
    }
    return NULL;
}
