#include "names.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config.h"

/* ---- names of admins ------------------------------------------------------------------------- */

/* A plugin with accounts lists those of admins under this key. */
#define ADMINS_KEY "adminUsers"

static bool is_listed(const struct text_guises *guises) {
    const char *name, *instance;
    for (uint32_t i = 0; i < config_plugin_count(); i++) {
        config_plugin(i, &name, &instance);
        const struct schema_entry *entry = config_entry(instance, ADMINS_KEY);
        if (!entry || entry->type != SCHEMA_LIST) continue;
        for (uint32_t j = 0; j < config_list_count(instance, ADMINS_KEY); j++)
            if (text_passes_for(guises, config_list_item(instance, ADMINS_KEY, j))) return true;
    }
    return false;
}

static bool is_present(const struct text_guises *guises) {
    for (const struct session *admin = session_first_admin(); admin; admin = admin->next_admin)
        if (text_passes_for(guises, admin->display_name)) return true;
    return false;
}

static bool is_kept(const struct muster_identity *identity) {
    struct text_guises guises = text_guises(identity->display_name);
    enum text_reserved reserved = text_reserved(&guises);
    if (reserved == TEXT_SERVER) return true;
    if (muster_permitted(identity->permissions, "admin")) return false;
    return reserved == TEXT_STAFF || is_listed(&guises) || is_present(&guises);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void make_name(const char *player_key, char out[MUSTER_DISPLAY_MAX]) {
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)player_key, strlen(player_key),
                       NULL, 0);
    snprintf(out, MUSTER_DISPLAY_MAX, "Player-%02x%02x%02x%02x", hash[0], hash[1], hash[2],
             hash[3]);
}

void names_settle(struct muster_identity *identity) {
    char name[MUSTER_DISPLAY_MAX];
    if (!text_name_mend(identity->display_name, name)) name[0] = '\0';
    memcpy(identity->display_name, name, sizeof name);
    if (!name[0] || is_kept(identity)) make_name(identity->player_key, identity->display_name);
}

static bool is_taken(const struct lobby *lobby, const struct session *session,
                     struct text_look look) {
    for (uint32_t i = 0; i < lobby_members_end(lobby); i++) {
        const struct member *member = &lobby->members[i];
        if (member->state == MEMBER_NONE || MUSTER_ID_SAME(member->player, session->id)) continue;
        if (text_alike(look, text_look(member->texts->display_name))) return true;
    }
    for (uint32_t i = 0; lobby->match && i < match_seat_count(lobby->match); i++) {
        const struct match_seat *seat = &lobby->match->seats[i];
        if (seat->used && seat->is_bot && text_alike(look, text_look(seat->display_name)))
            return true;
    }
    return false;
}

void names_in_lobby(const struct lobby *lobby, const struct session *session,
                    char out[MUSTER_DISPLAY_MAX]) {
    char name[MUSTER_DISPLAY_MAX];
    snprintf(name, sizeof name, "%s", session->display_name);
    for (uint32_t number = 2; is_taken(lobby, session, text_look(name)); number++)
        text_name_number(session->display_name, number, name);
    memcpy(out, name, sizeof name);
}
