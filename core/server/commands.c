#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config.h"
#include "console.h"
#include "interface.h"
#include "lobby.h"
#include "log.h"
#include "loop.h"
#include "pacer.h"
#include "paths.h"
#include "plugin.h"
#include "queue.h"
#include "server.h"
#include "shutdown.h"
#include "status.h"

/* ---- server ---------------------------------------------------------------------------------- */

static void command_status(struct run *run) {
    command_say(run, "%s, node %s, version %s\n", config_core->server.name, paths_node_id(),
                MUSTER_VERSION);
    command_say(run, "players %u connected, %u sessions, %u searching\n", session_connected_count(),
                session_count(), queue_count());
    command_say(run, "lobbies %u of %u, matches %u, ticks stretched to %.0f %%\n", lobby_count(),
                config_core->lobby.max_lobbies, match_count(), pacer_stretch() * 100);
    if (pacer_overloaded()) command_say(run, "overloaded: nobody new gets a seat\n");
    if (lobby_draining()) command_say(run, "draining\n");
    if (shutdown_restart_s()) command_say(run, "restarts in %u s\n", shutdown_restart_s());
    command_finish(run);
}

/* In the order in which they are asked. */
static void command_plugins(struct run *run) {
    for (const struct muster_self *p = plugin_next(NULL); p; p = plugin_next(p)) {
        char offers[256];
        interface_list(p, offers, sizeof offers);
        command_say(run, "%s %s, generation %u, %u pins", p->instance_name, p->version,
                    p->generation, p->pins);
        if (p->plugin.before) command_say(run, ", before %s", p->plugin.before);
        if (p->plugin.after) command_say(run, ", after %s", p->plugin.after);
        if (offers[0]) command_say(run, ", offers %s", offers);
        command_say(run, "%s\n", p->phase == PLUGIN_STARTED ? "" : " (ending)");
    }
    command_finish(run);
}

static void command_reload(struct run *run) {
    char error[PLUGIN_ERROR_MAX] = "";
    bool all = run->arguments[0] == '\0';
    muster_status status = all ? server_reload(error) : plugin_reload(run->arguments, error);
    const char *what = all ? "configuration" : run->arguments;
    if (status) {
        command_fail(run, status, "%s was not reloaded: %s", what, error);
        return;
    }
    command_say(run, "%s reloaded%s%s", what, error[0] ? "\n" : "", error);
    command_finish(run);
}

static void command_log_level(struct run *run) {
    uint32_t level = log_level_parse(run->arguments);
    if (level == UINT32_MAX) {
        command_fail_usage(run);
        return;
    }
    log_level_set(level);
    command_say(run, "log level %s", run->arguments);
    command_finish(run);
}

/* ---- lobbies --------------------------------------------------------------------------------- */

static void command_lobbies(struct run *run) {
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));)
        command_say(run, "%s %s %s %s%s %u/%u players, %u spectators\n", lobby->key,
                    lobby->game_mode, lobby_map(lobby), lobby_state_text(lobby->state),
                    lobby->frozen_since_ms ? " frozen" : "", lobby_players(lobby),
                    lobby->players_max, lobby_spectators(lobby));
    command_say(run, "%u lobbies", lobby_count());
    command_finish(run);
}

static void command_close(struct run *run) {
    struct lobby *lobby = command_find_lobby(run);
    if (!lobby) return;
    if (!command_fits(run, "reason", run->arguments, MUSTER_REASON_MAX)) return;
    lobby_close(lobby, MUSTER_LEAVE_KICK,
                run->arguments[0] ? run->arguments : "closed by an admin");
    command_say(run, "closed");
    command_finish(run);
}

static void command_announce(struct run *run) {
    char line[1024];
    if (!command_fits(run, "text", run->arguments, sizeof line)) return;
    snprintf(line, sizeof line, "%s", run->arguments);
    if (!text_line_mend(line)) {
        command_fail_usage(run);
        return;
    }
    command_say(run, "said to %u players", session_announce(line));
    command_finish(run);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define ADMIN "admin"
#define MODERATOR "moderator" /* admins may do it as well */

const struct command commands_table[] = {
    {"help", "", "this list", MODERATOR, console_help},
    {"status", "", "players, lobbies, load", MODERATOR, command_status},
    {"stop", "", "orderly stop (also: exit, quit)", ADMIN, command_stop},
    {"exit", "", NULL, ADMIN, command_stop},
    {"quit", "", NULL, ADMIN, command_stop},
    {"drain", "[exit|off]",
     "begin nothing new, end what runs; exit: stop when empty; off: as before", ADMIN,
     command_drain},
    {"restart", "in TIME [TEXT]|now [TEXT]|cancel",
     "stop so that the server is started again; all are warned", ADMIN, command_restart},
    {"upgrade", "[PATH]",
     "let another server take this one's place, and matches go on: the program as it is now, or "
     "PATH",
     ADMIN, command_upgrade},
    {"plugins", "", "loaded plugins and generations", ADMIN, command_plugins},
    {"reload", "[PLUGIN]", "replace one plugin; without a name read the configuration again", ADMIN,
     command_reload},
    {"log-level", "debug|info|warn|error", "least level that is logged", ADMIN, command_log_level},
    {"lobbies", "", "all lobbies", MODERATOR, command_lobbies},
    {"close", "LOBBYID [REASON]", "close a lobby", ADMIN, command_close},
    {"lobby", "freeze|thaw LOBBYID, save LOBBYID NAME, load NAME",
     "let a lobby stand with its match, and go on; keep it in a file, to go on elsewhere", ADMIN,
     command_lobby},
    {"say", "TEXT", "an announcement to all players", MODERATOR, command_announce},
    {"backup", "NAME|/PATH [DATABASE]",
     "copy a database (the first) to a new file: NAME in the folder backups of the data directory",
     ADMIN, command_backup},
    {"crashes", "", "how the server crashed, and what was kept of it", ADMIN, command_crashes},
    {"players", "", "all players", MODERATOR, command_players},
    {"kick", "PLAYER [REASON]", "end a player's session", MODERATOR, command_kick},
    {"warn", "PLAYER REASON [// NOTE]", "tell somebody off; counted", MODERATOR, command_warn},
    {"warnings", "", "all warnings", MODERATOR, command_warnings},
    {"mute", "WHO [TIME] [REASON] [// NOTE]", "no chat; WHO and TIME as for ban", MODERATOR,
     command_mute},
    {"unmute", "WHO|ID", "end a mute", MODERATOR, command_unmute},
    {"mutes", "", "all mutes in force", MODERATOR, command_mutes},
    {"ban", "WHO [TIME] [REASON] [// NOTE]",
     "a player or ADDRESS[/BITS], for 30s, 15m, 12h, 7d, 4w or (perm) for good", MODERATOR,
     command_ban},
    {"unban", "WHO|ID", "end a ban", MODERATOR, command_unban},
    {"bans", "", "all bans in force", MODERATOR, command_bans},
    {"whitelist", "[on|off|add WHO|remove WHO]", "let in those on the list alone", ADMIN,
     command_whitelist},
    {"createPlayerSession", "PLAYERID", "make a session, or show the active one", ADMIN,
     command_create_session},
    {"getActiveSession", "PLAYERID", "show the active session, {} if none", ADMIN,
     command_get_session},
    {"terminateSession", "SESSIONID [REASON]", "end a session", ADMIN, command_terminate_session},
    {0},
};
