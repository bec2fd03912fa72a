/* events - what scripts can hook: one list, from which the dispatcher, the documentation, the type
 * stubs and the checks of `mods check` are made.
 *
 * X(NAME, name, kind, realms, signature, text). Kinds: what the results of the handlers mean.
 *   notify   nothing; one that fails does not stop the others
 *   veto     the first string refuses, and is the reason
 *   filter   the first argument is a value; what is not nil takes its place, for the next one, too
 *   collect  every string is kept
 */
#ifndef LUA_EVENTS_H
#define LUA_EVENTS_H

#include <stdbool.h>

enum event_kind { EVENT_NOTIFY = 1, EVENT_VETO, EVENT_FILTER, EVENT_COLLECT };
enum { REALM_LOBBY = 1, REALM_MATCH = 2, REALM_BOTH = 3 };

#define EVENT_MAP(X)                                                                               \
    X(JOIN_ATTEMPT, "join_attempt", VETO, LOBBY,                                                   \
      "fun(player: Player, spectator: boolean): string?", "Somebody wants to come in.")            \
    X(TEAM_ATTEMPT, "team_attempt", VETO, LOBBY, "fun(player: Player, team: Team): string?",       \
      "Somebody wants to change the team, or is to be moved to another.")                          \
    X(START_ATTEMPT, "start_attempt", VETO, LOBBY, "fun(player?: Player): string?",                \
      "The match is about to start: because a player wants it, or (nil) by itself.")               \
    X(SETTING_ATTEMPT, "setting_attempt", VETO, LOBBY,                                             \
      "fun(key: string, value: any, player?: Player): string?", "A lobby setting is to change.")   \
    X(ACTION_ATTEMPT, "action_attempt", VETO, LOBBY,                                               \
      "fun(kind: string, player?: Player, target?: Player, value: string): string?",               \
      "Anything else that rules decide: kick, ban, lock, ready, vote, vote_call, host_transfer, "  \
      "invite, teams.")                                                                            \
    X(CHAT, "chat", FILTER, LOBBY, "fun(text: string, player: Player): string|false|nil",          \
      "A line of chat. Return another text, or false to swallow it.")                              \
    X(DESCRIBE, "describe", COLLECT, LOBBY, "fun(): string?",                                      \
      "One line about the rule, for players who type /rules.")                                     \
    X(LOBBY_STATE, "lobby_state", NOTIFY, LOBBY, "fun(state: string)",                             \
      "waiting, starting, active, ending or completed.")                                           \
    X(HOST_CHANGED, "host_changed", NOTIFY, LOBBY, "fun(player?: Player)",                         \
      "The lobby has another host, or none.")                                                      \
    X(PLAYER_JOIN, "player_join", NOTIFY, BOTH, "fun(player: Player)",                             \
      "Somebody came: into the lobby, or into the match.")                                         \
    X(PLAYER_LEAVE, "player_leave", NOTIFY, BOTH, "fun(player: Player, reason: string)",           \
      "quit, timeout, kick, ban, shutdown or disturbed. The player can still be asked for name "   \
      "and team.")                                                                                 \
    X(SETTING_CHANGED, "setting_changed", NOTIFY, BOTH, "fun(key: string, value: any)",            \
      "A lobby setting has changed: in a match one with \"when\": \"always\". One's own are in "   \
      "settings already.")                                                                         \
    X(SERVER_RESTARTING, "server_restarting", NOTIFY, BOTH, "fun(seconds?: integer)",              \
      "A restart of the server is set, or has come nearer: in so many seconds; nil: it is called " \
      "off. Time to store what is to be kept; the lobby and its match go on after it.")            \
    X(DISTURBED, "disturbed", NOTIFY, MATCH, "fun(cause: string, ms: integer)",                    \
      "A fault of the server's: stall, overload, restart, crash or shutdown, of so many ms. It "   \
      "stands in the results, and the match is to be counted against nobody.")                     \
    X(TICK, "tick", NOTIFY, MATCH, "fun(dt: number)",                                              \
      "Once a tick, after the base has moved. dt: seconds.")                                       \
    X(SPAWN, "spawn", NOTIFY, MATCH, "fun(player: Player)", "A player is alive (again).")          \
    X(KILL, "kill", NOTIFY, MATCH,                                                                 \
      "fun(victim: Player, killer?: Player, weapon: string, assist?: Player)",                     \
      "A player died; killer is nil for an accident. weapon: rifle, launcher or an empty string.") \
    X(ZONE_ENTER, "zone_enter", NOTIFY, MATCH, "fun(player: Player, zone: integer)",               \
      "A living player came into a zone.")                                                         \
    X(ZONE_LEAVE, "zone_leave", NOTIFY, MATCH, "fun(player: Player, zone: integer)",               \
      "A player left a zone, also by dying, or when it is taken away.")                            \
    X(PICKUP, "pickup", NOTIFY, MATCH, "fun(player: Player, item: integer)",                       \
      "A player carries an item from now on.")                                                     \
    X(DROP, "drop", NOTIFY, MATCH, "fun(player: Player, item: integer)",                           \
      "The carrier lost an item, where it lies now.")                                              \
    X(TOUCH, "touch", NOTIFY, MATCH, "fun(player: Player, item: integer)",                         \
      "A player stands on an item of the own team that is away from home.")                        \
    X(DAMAGE, "damage", FILTER, MATCH,                                                             \
      "fun(amount: integer, victim: Player, attacker?: Player): integer?",                         \
      "Somebody is hit. The arena takes 0 to 1000.")                                               \
    X(SPEED, "speed", FILTER, MATCH, "fun(units: integer, player: Player): integer?",              \
      "How far a player moves in a tick, 256 units being a tile. The arena takes 0 to 120.")       \
    X(RESPAWN, "respawn", FILTER, MATCH,                                                           \
      "fun(ms: integer, victim: Player, killer?: Player): integer?",                               \
      "Time from death to the next life in ms, up to 60000; negative: never.")                     \
    X(SCORE, "score", FILTER, MATCH,                                                               \
      "fun(points: integer, killer: Player, victim: Player): integer?",                            \
      "Points that a kill gives the killer's team. The arena takes -100 to 100.")                  \
    X(VICTORY, "victory", FILTER, MATCH,                                                           \
      "fun(winner?: Team|Player|\"draw\"): Team|Player|\"draw\"|nil, string?, table?",             \
      "Asked after every tick: a team, a player or \"draw\" ends the match. A second result says " \
      "why: a word, score_limit (default), time_limit, elimination, forfeit or one of your own; "  \
      "a "                                                                                         \
      "third one who came in which place, as in match.finish. winner is what a script that was "   \
      "asked before has decided, or nil; the server's own limits are asked apart.")

#define EVENT_ENUM(NAME, name, kind, realms, signature, text) EVENT_##NAME,
enum event { EVENT_MAP(EVENT_ENUM) EVENT_COUNT };
#undef EVENT_ENUM

struct event_info {
    const char *name;
    enum event_kind kind;
    int realms;
    const char *signature;
    const char *text;
};
extern const struct event_info event_table[EVENT_COUNT];
/* EVENT_COUNT: no such event. */
enum event event_find(const char *name);
const char *event_kind_name(enum event_kind kind);
/* Does it decide whether something may happen? Then a handler that fails denies it. */
bool event_is_gate(enum event event);

#endif
