/* references - what the site calls its lobbies: kept with each, so that a reload of the plugin
 * loses none and the end of a lobby takes its own. */
#include "references.h"

#include <string.h>

#define REFERENCE_VERSION 1

struct reference {
    uint32_t version;
    char text[REFERENCE_BYTES];
};

static bool is_called(muster_self *self, const struct muster_host *host, muster_lobby_id lobby,
                      const char *text) {
    struct muster_bytes bytes = {0};
    struct reference kept;
    if (host->data->lobby_get(self, lobby, &bytes) != MUSTER_OK) return false;
    if (bytes.len != sizeof kept) return false;
    memcpy(&kept, bytes.data, sizeof kept);
    return kept.version == REFERENCE_VERSION && strcmp(kept.text, text) == 0;
}

bool references_find(muster_self *self, const struct muster_host *host, const char *text,
                     muster_lobby_id *out) {
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    while (text[0] && host->lobby->next(self, lobby.lobby, &lobby) == MUSTER_OK) {
        *out = lobby.lobby;
        if (is_called(self, host, lobby.lobby, text)) return true;
    }
    return false;
}

muster_status references_keep(muster_self *self, const struct muster_host *host,
                              muster_lobby_id lobby, const char *text) {
    struct reference kept = {.version = REFERENCE_VERSION};
    const struct muster_bytes bytes = {&kept, sizeof kept};
    if (!text[0]) return MUSTER_OK;
    memcpy(kept.text, text, strlen(text) + 1);
    return host->data->lobby_set(self, lobby, bytes);
}
