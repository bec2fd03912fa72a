/* api_lobby - the lobby as scripts see it, and votes. */
#include "api.h"
#include "args.h"
#include "report.h"
#include "words.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { LOBBY_UNITS = 100, TALK_UNITS = 500, LINE_BYTES_MAX = 300 };

static void get_info(lua_State *L, struct muster_lobby_info *info) {
    const struct realm *realm = realm_of(L);
    *info = (struct muster_lobby_info){.size = sizeof *info};
    (void)realm_host(realm)->lobby->get(realm_self(realm), realm->lobby->id, info);
}

static int lobby_state(lua_State *L) {
    struct muster_lobby_info info;
    get_info(L, &info);
    lua_pushstring(L, info.state ? words_lobby_state(info.state) : "waiting");
    return 1;
}

static int lobby_players(lua_State *L) {
    const struct realm *realm = realm_of(L);
    struct muster_member_info member = {.size = sizeof member};
    uint32_t index = 0;
    lua_Integer count = 0;
    sandbox_charge(L, LOBBY_UNITS * 4);
    lua_newtable(L);
    while (realm_host(realm)->lobby->member_next(realm_self(realm), realm->lobby->id, &index,
                                                 &member) == MUSTER_OK) {
        if (!member.has_entered) continue;
        player_push(script_of(L), L, member.player.value);
        if (lua_isnil(L, -1))
            lua_pop(L, 1);
        else
            lua_rawseti(L, -2, ++count);
    }
    return 1;
}

static int lobby_host(lua_State *L) {
    struct muster_lobby_info info;
    get_info(L, &info);
    player_push(script_of(L), L, info.host.value);
    return 1;
}

static int lobby_chat(lua_State *L) {
    const struct realm *realm = realm_of(L);
    const char *text = args_text(L, 1, LINE_BYTES_MAX);
    sandbox_charge(L, TALK_UNITS);
    if (script_act(L) && api_may_talk(L))
        (void)realm_host(realm)->lobby->chat(realm_self(realm), realm->lobby->id, text);
    return 0;
}

/* Changes of the lobby wait for the end of the question that is asked just now: no rules are
 * entered twice. Of many changes of one thing in a turn the last one counts, so that a script
 * cannot keep the loop busy with them. */
static void make_changes(struct lobby *lobby) {
    const struct muster_host_lobby *host = lobby->instance->host->lobby;
    muster_self *self = lobby->instance->self;
    struct lobby_changes changes = lobby->changes;
    lobby->changes = (struct lobby_changes){.is_posted = false};
    if (changes.lock) (void)host->lock_set(self, lobby->id, changes.lock - 1u);
    for (uint32_t seat = 0; seat < MUSTER_SEATS_MAX; seat++)
        if (changes.teams[seat])
            (void)host->team_set(self, lobby->id, seat, changes.teams[seat] - 1u);
}

/* Of one of the lobbies that wait, each of which has posted. */
static void on_turn_end(void *user) {
    const struct instance *instance = user;
    struct lobby *lobby = instance->lobbies;
    while (lobby && !lobby->changes.is_posted) lobby = lobby->next;
    if (lobby) make_changes(lobby);
}

static struct lobby_changes *changes_of(lua_State *L) {
    struct lobby *lobby = realm_of(L)->lobby;
    struct instance *instance = lobby->instance;
    if (!lobby->changes.is_posted)
        lobby->changes.is_posted =
            instance->host->loop->post(instance->self, on_turn_end, instance) == MUSTER_OK;
    return &lobby->changes;
}

static int lobby_lock(lua_State *L) {
    luaL_checktype(L, 1, LUA_TBOOLEAN);
    sandbox_charge(L, LOBBY_UNITS);
    if (script_act(L)) changes_of(L)->lock = (uint8_t)(1 + lua_toboolean(L, 1));
    return 0;
}

static int lobby_set_team(lua_State *L) {
    struct player *player = player_check(L, 1);
    uint32_t team = args_team(L, 2, NULL), index = 0;
    const struct realm *realm = realm_of(L);
    struct muster_member_info member = {.size = sizeof member};
    struct muster_lobby_info info;
    sandbox_charge(L, LOBBY_UNITS);
    uint32_t seat = MUSTER_SEAT_NONE;
    while (realm_host(realm)->lobby->member_next(realm_self(realm), realm->lobby->id, &index,
                                                 &member) == MUSTER_OK)
        if (member.player.value == player->who) seat = member.seat;
    get_info(L, &info);
    luaL_argcheck(L, seat < MUSTER_SEATS_MAX, 1, "a spectator has no team");
    if (info.match.value) return luaL_error(L, "teams do not change while a match runs");
    if (script_act(L)) changes_of(L)->teams[seat] = (uint8_t)(1 + team);
    return 0;
}

const struct api_function api_lobby[] = {
    {"state", lobby_state, REALM_LOBBY, 0, "", "string",
     "waiting, starting, active, ending or completed.", "print(lobby.state())"},
    {"setting", api_setting, REALM_LOBBY, 0, "key: string", "any",
     "A setting of the lobby; nil for one that is not there, or is secret.",
     "print(lobby.setting(\"maxPlayers\"))"},
    {"players", lobby_players, REALM_LOBBY, 0, "", "Player[]",
     "Everybody who is in, spectators included.", "print(#lobby.players())"},
    {"teams", api_teams, REALM_LOBBY, 0, "", "Team[]",
     "The teams of the lobby's mode; none where everybody plays for themselves.",
     "for _, team in ipairs(lobby.teams()) do print(team) end"},
    {"host", lobby_host, REALM_LOBBY, 0, "", "Player?", "Who decides here; nil: nobody.",
     "local host = lobby.host()"},
    {"chat", lobby_chat, REALM_LOBBY, MOD_CHAT, "text: string", "",
     "A line of chat from the server to everybody.", "lobby.chat(\"Welcome\")"},
    {"lock", lobby_lock, REALM_LOBBY, MOD_TEAMS, "locked: boolean", "",
     "Nobody else comes in, or anybody may again.", "lobby.lock(true)"},
    {"set_team", lobby_set_team, REALM_LOBBY, MOD_TEAMS, "player: Player, team: Team", "",
     "Moves a player to a team; not while a match runs.", "lobby.set_team(player, \"red\")"},
    {NULL}};

/* ---- vote ------------------------------------------------------------------------------------ */

static int push_winner(lua_State *L, void *user) {
    const char *option = user;
    if (*option)
        lua_pushstring(L, option);
    else
        lua_pushnil(L);
    return 1;
}

/* The script may be another by now, or gone: it is found by lobby and mod. */
static void on_vote(void *user, const struct muster_vote_result *result) {
    struct lobby *lobby = result->status ? NULL : lobby_find(user, result->lobby);
    struct script *script = lobby ? realm_find(&lobby->lobby, lobby->vote_mod) : NULL;
    if (!script) return;
    if (script->vote_end == LUA_NOREF) {
        report_refusal(script, "", 0,
                       "the vote has ended, and its on_end is gone: the code was loaded "
                       "anew meanwhile");
        return;
    }
    struct sandbox_call call = {.function = script->vote_end,
                                .push = push_winner,
                                .arg = (void *)(uintptr_t)result->option};
    script->vote_end = LUA_NOREF;
    script_call(script, &call);
    if (script->sandbox) sandbox_release(script->sandbox, call.function);
}

static uint32_t read_options(lua_State *L, const char *names[MUSTER_VOTE_OPTIONS_MAX]) {
    if (args_field(L, 1, "options") != LUA_TTABLE) luaL_error(L, "options: expected a list");
    int list = lua_gettop(L);
    size_t count = lua_rawlen(L, list);
    if (count < 1 || count > MUSTER_VOTE_OPTIONS_MAX)
        luaL_error(L, "options: expected 1 to %d", MUSTER_VOTE_OPTIONS_MAX);
    luaL_checkstack(L, (int)count + 4, NULL);
    for (size_t i = 0; i < count; i++) { /* kept on the stack, as they are borrowed */
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        names[i] = args_text(L, -1, MUSTER_NAME_MAX - 1);
    }
    return (uint32_t)count;
}

static int vote_start(lua_State *L) {
    static const char *const known[] = {"question", "options", "seconds", "on_end", NULL};
    const char *names[MUSTER_VOTE_OPTIONS_MAX];
    struct script *script = script_of(L);
    struct realm *realm = script->realm;
    lua_settop(L, 1);
    args_options(L, 1, known);
    args_field(L, 1, "question");
    const char *question = args_text(L, -1, MUSTER_PLAYER_KEY_MAX - 1);
    args_field(L, 1, "seconds");
    int64_t seconds = lua_isnil(L, -1) ? 20 : args_named_integer(L, -1, "seconds", 1, 300);
    if (args_field(L, 1, "on_end") != LUA_TFUNCTION) luaL_error(L, "on_end: expected a function");
    int on_end = lua_gettop(L);
    struct muster_vote vote = {.size = sizeof vote,
                               .key = script->mod->id,
                               .subject = question,
                               .options = names,
                               .duration_ms = (uint32_t)seconds * 1000,
                               .caller_seat = MUSTER_SEAT_NONE,
                               .excluded_seat = MUSTER_SEAT_NONE};
    vote.option_count = read_options(L, names);
    sandbox_charge(L, LOBBY_UNITS * 5);
    muster_status status = MUSTER_EXISTS;
    if (script_act(L))
        status = realm_host(realm)->lobby->vote_start(realm_self(realm), realm->lobby->id, &vote,
                                                      on_vote, realm->lobby->instance);
    if (status && status != MUSTER_EXISTS)
        return luaL_error(L,
                          "the lobby refuses the vote: expected a question and options of 1 to "
                          "%d bytes",
                          MUSTER_NAME_MAX - 1);
    if (!status) {
        lua_pushvalue(L, on_end);
        luaL_unref(L, LUA_REGISTRYINDEX, script->vote_end);
        script->vote_end = luaL_ref(L, LUA_REGISTRYINDEX);
        strcpy(realm->lobby->vote_mod, script->mod->id);
    }
    lua_pushboolean(L, status == MUSTER_OK);
    return 1;
}

const struct api_function api_vote[] = {
    {"start", vote_start, REALM_LOBBY, MOD_VOTE,
     "vote: {question: string, options: string[], seconds?: integer, on_end: fun(winner?: string)}",
     "boolean",
     "Asks the players; on_end gets the option with the most votes, or nil. false: another vote is "
     "under way. on_end does not outlive a reload: that is told then, and nobody is called. When "
     "the server ends, the vote has ended, too: in the next one on_end gets nil, where it is a "
     "function with a name, as a timer's; where not, that is told.",
     "vote.start{question = \"Another round?\", options = {\"yes\", \"no\"}, on_end = "
     "function(winner)\n    print(winner)\nend}"},
    {NULL}};
