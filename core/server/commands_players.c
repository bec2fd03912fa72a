/* Commands about players and their sessions. */
#include <string.h>

#include "commands.h"
#include "config.h"
#include "lobby.h"
#include "status.h"

/* ---- who is meant ---------------------------------------------------------------------------- */

struct session *command_find_name(const char *name, uint32_t *count) {
    struct session *found = NULL;
    muster_player_id id = {0};
    for (struct session *session; (session = session_next(&id));) {
        if (strcasecmp(session->display_name, name) != 0) continue;
        found = session;
        ++*count;
    }
    return found;
}

bool command_find_here(struct run *run, const char *word, struct session **out) {
    uint32_t count = 0;
    *out = word[0] ? session_find_key(word) : NULL;
    if (!*out && word[0]) *out = command_find_name(word, &count);
    if (word[0] && count <= 1) return true;
    if (count > 1) /* the end of the run takes the word with it */
        command_fail(run, MUSTER_CONFLICT, "%u players are called \"%s\": expected a playerId",
                     count, word);
    else
        command_fail_usage(run);
    return false;
}

struct session *command_find_session(struct run *run, const char *word) {
    struct session *session;
    if (!command_find_here(run, word, &session)) return NULL;
    if (!session) command_fail(run, MUSTER_NOT_FOUND, "no such player");
    return session;
}

/* ---- the list -------------------------------------------------------------------------------- */

static const char *account_text(const struct session *session) {
    static const char *const words[] = {"player", "guest", "account"};
    return session->account < 3 ? words[session->account] : words[0];
}

void command_players(struct run *run) {
    bool shows = config_core->admin.show_addresses;
    muster_player_id id = {0};
    for (struct session *s; (s = session_next(&id));) {
        const struct lobby *lobby = lobby_find(s->lobby);
        command_say(run, "%s \"%s\" %s %s lobby %s address %s %u ms%s\n", s->player_key,
                    s->display_name, account_text(s), s->region, lobby ? lobby->key : "-",
                    !shows          ? "hidden"
                    : s->address[0] ? s->address
                                    : "-",
                    s->rtt_ms, s->client ? "" : " (dropped)");
    }
    command_say(run, "%u players", session_count());
    command_finish(run);
}

/* ---- sessions -------------------------------------------------------------------------------- */

void command_create_session(struct run *run) {
    struct session *session = NULL;
    const char *key = command_word(run);
    if (!key[0] || strlen(key) >= MUSTER_PLAYER_KEY_MAX) {
        command_fail_usage(run);
        return;
    }
    muster_status status = session_create(key, key, &session);
    if (status) {
        command_fail(run, status, "no session: %s", status_text(status));
        return;
    }
    command_say_json(run, lobby_session_json(session));
    command_finish(run);
}

void command_get_session(struct run *run) {
    const char *key = command_word(run);
    const struct session *session = session_find_key(key);
    if (!key[0]) {
        command_fail_usage(run);
        return;
    }
    command_say_json(run, session ? lobby_session_json(session) : json_object());
    command_finish(run);
}

void command_terminate_session(struct run *run) {
    const char *key = command_word(run);
    struct session *session = session_find_session_key(key);
    if (!key[0]) {
        command_fail_usage(run);
        return;
    }
    if (!session) {
        command_fail(run, MUSTER_NOT_FOUND, "no such session");
        return;
    }
    if (!command_fits(run, "reason", run->arguments, MUSTER_REASON_MAX)) return;
    session_terminate(session, run->arguments[0] ? run->arguments : "terminated by an admin",
                      MUSTER_LEAVE_KICK);
    command_say(run, "terminated");
    command_finish(run);
}

bool command_may_touch(struct run *run, const struct session *session) {
    if (run->is_admin || !session_may(session, "admin")) return true;
    command_fail(run, MUSTER_DENIED, "only an admin may do that to an admin");
    return false;
}

void command_kick(struct run *run) {
    struct session *session = command_find_session(run, command_word(run));
    if (!session || !command_may_touch(run, session)) return;
    if (!command_fits(run, "reason", run->arguments, MUSTER_REASON_MAX)) return;
    session_terminate(session, run->arguments[0] ? run->arguments : "kicked by an admin",
                      MUSTER_LEAVE_KICK);
    command_say(run, "kicked");
    command_finish(run);
}
