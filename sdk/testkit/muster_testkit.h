/* muster_testkit.h - the server in a test's process: tests a plugin, or a few, without a network.
 *
 * Real, the daemon's own code, whatever is called through muster/host.h: loading and its checks,
 * configuration and schemas, handles, timers, posts, work, descriptors, UDP and TCP, routes,
 * methods, metrics, commands, notices, sessions, lobbies, rules, votes, matches, recordings, and
 * the database that the test loads. Not real: time, which passes when the test says so; requests to
 * routes, which are handed in without a connection; what host->http->fetch and host->ws reach,
 * which are answers of the test; players, who have no connection, and whose seats a test may give
 * at once.
 *
 *     struct testkit *kit = testkit_create();
 *     muster_self *plugin = testkit_load(kit, "plugins/my_plugin.so");
 *     assert_true(testkit_config_set(plugin, "limit", "3"));
 *     assert_int_equal(testkit_start(plugin), MUSTER_OK);
 *     testkit_advance(kit, 1000);
 *     assert_int_equal(testkit_stop(plugin), 0);   // nothing left open
 *     testkit_destroy(kit);
 *
 * One process is one host: one kit is alive at a time. What the kit's functions return as pointers
 * stays the kit's: valid until the next call of the same function or testkit_destroy. The handle of
 * a plugin is its `self`. One thread drives a kit; the rules of host.h hold for what plugins call.
 * A misuse by the plugin is a fault: logged, counted by testkit_faults. A null that the test hands
 * in where none is allowed does nothing: the answer is that of a failure, stderr and testkit_error
 * say which function it was.
 *
 * The server is configured as without a file; limits that are there for strangers are out of the
 * way, and lobbies begin and end only by what the test does (playersMin 32, no hurry to close).
 * Variables of the environment that are set before the first plugin is loaded count as for the
 * daemon: MUSTER_LOBBY_PLAYERS_MIN=2.
 *
 * A shared library: a test links it (-lmuster_testkit) and needs nothing else of the server.
 */
#ifndef MUSTER_TESTKIT_H
#define MUSTER_TESTKIT_H

#include <muster/host.h>
#include <muster/plugin.h>
#include <muster/roles.h>
#include <muster/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct testkit;

/* ---- the kit -------------------------------------------------------------------------------- */

/* Never null: aborts when out of memory, as all of the kit does. */
struct testkit *testkit_create(void);
/* Stops and unloads what still runs, newest first, and frees everything. Takes null. */
void testkit_destroy(struct testkit *kit);
const struct muster_host *testkit_host(struct testkit *kit);
/* These before the first plugin is loaded. Default data directory: a fresh temporary one,
 * removed by destroy; share directory: the installed one. */
void testkit_data_dir_set(struct testkit *kit, const char *path);
void testkit_share_dir_set(struct testkit *kit, const char *path);
/* host->node->info says is_untrusted, from here on in this process. The kit is never locked. */
void testkit_untrusted_set(struct testkit *kit);
/* Whether host->node->info says is_watching. */
void testkit_watch_set(struct testkit *kit, bool watch);

/* ---- plugins -------------------------------------------------------------------------------- */

/* Load a shared object, or take a descriptor that is linked into the test. Null when it is refused;
 * testkit_error says why. One that is loaded again has "_2" behind its instance's name. */
muster_self *testkit_load(struct testkit *kit, const char *path);
muster_self *testkit_add(struct testkit *kit, const struct muster_plugin *descriptor);
/* Why the function that failed last did. */
const char *testkit_error(struct testkit *kit);
/* value is text: "5", "true", "a,b" for a list. In force at once, so set it before testkit_init, or
 * before testkit_reload: what the running generation reads after that is the new value, too. False:
 * unknown key or value out of range; testkit_error says which. */
bool testkit_config_set(muster_self *plugin, const char *key, const char *value);
/* init; start runs init first when it has not been run; stop runs drain, closes matches and lobbies
 * that the plugin takes part in, runs stop, and returns how many resources were left open (each is
 * logged and closed); unload runs stop and fini, after which the handle is dead. */
muster_status testkit_init(muster_self *plugin);
muster_status testkit_start(muster_self *plugin);
uint32_t testkit_stop(muster_self *plugin);
void testkit_unload(muster_self *plugin);
/* As the console's `reload`, of a plugin that is started: a new generation from the file beside the
 * old one, which goes when no lobby or match holds it. Use the handle that is returned; the old one
 * is dead. Null: refused, the old one goes on; testkit_error says why. */
muster_self *testkit_reload(struct testkit *kit, muster_self *plugin);
void *testkit_instance(muster_self *plugin);
/* The plugin's vtable of a role, grown to this header's size; null when it has none. */
const void *testkit_role(muster_self *plugin, uint32_t kind);

/* ---- logs and faults ------------------------------------------------------------------------ */

/* The newest line that contains the text, or null. TESTKIT_VERBOSE=1 prints all lines. */
const char *testkit_log_find(struct testkit *kit, const char *text);
void testkit_log_clear(struct testkit *kit);
uint32_t testkit_faults(struct testkit *kit);

/* ---- time ----------------------------------------------------------------------------------- */

/* Let virtual time pass: timers in order of time, and what they set going (posts, work, answers of
 * the database) after each. */
void testkit_advance(struct testkit *kit, uint32_t ms);
/* The same without waiting: jobs and the database go on meanwhile, and are late. */
void testkit_pass(struct testkit *kit, uint32_t ms);
/* As testkit_advance, for what is due now. */
void testkit_pump(struct testkit *kit);
/* Follow real time until done(user), at most timeout_ms; for plugins with threads of their own.
 * False when the time ran out. done null: as testkit_pump. */
bool testkit_wait(struct testkit *kit, bool (*done)(void *user), void *user, uint32_t timeout_ms);
void testkit_unix_set(struct testkit *kit, int64_t unix_ms); /* the wall clock; goes on from here */
uint32_t testkit_timers(struct testkit *kit);

/* ---- http ----------------------------------------------------------------------------------- */

struct testkit_response {
    uint32_t status; /* 0: no answer came within 30 s; 404: no such route */
    uint32_t body_len;
    const char *body; /* NUL-terminated */
    const char *content_type;
    const char *code;   /* of a problem: the word, else "" */
    char headers[1024]; /* "name: value\n" each */
};

/* Call a route and wait for its answer. path may carry a query; a body is JSON. admin: on the
 * admin address, by who has the admin token. */
struct testkit_response testkit_http(struct testkit *kit, const char *method, const char *path,
                                     const char *body);
struct testkit_response testkit_http_admin(struct testkit *kit, const char *method,
                                           const char *path, const char *body);
/* With these headers; id, size and null strings are filled in. A body is JSON unless the headers
 * say something else. */
struct testkit_response testkit_http_send(struct testkit *kit, struct muster_http_request request,
                                          const struct muster_http_header *headers,
                                          uint32_t header_count);
/* All that the newest stream (host->http->stream_begin) has sent, or "". What it began with is the
 * answer to its request. */
const char *testkit_stream(struct testkit *kit);
/* Its client goes away; false: there is none. */
bool testkit_stream_drop(struct testkit *kit);
/* Answers for host->http->fetch, used up in order; without one a fetch ends UNAVAILABLE. */
void testkit_fetch_answer(struct testkit *kit, uint32_t http_status, const char *body);
/* "METHOD url\nbody" of the newest fetch, or "". */
const char *testkit_fetch_last(struct testkit *kit);

/* ---- ws: the other side of host->ws -----------------------------------------------------------
 */

/* An open WebSocket by the text of its url; 0: none. */
uint64_t testkit_ws_find(struct testkit *kit, const char *url);
void testkit_ws_open(struct testkit *kit, uint64_t ws);
void testkit_ws_deliver(struct testkit *kit, uint64_t ws, const char *text);
/* The other side closes. */
void testkit_ws_drop(struct testkit *kit, uint64_t ws);
/* A client of a WebSocket that a plugin serves (host->ws->serve); 0: it is refused. It delivers,
 * drops and is sent to as the others here. */
uint64_t testkit_ws_visit(struct testkit *kit, const char *path,
                          const struct muster_http_header *headers, uint32_t header_count,
                          bool is_admin);
/* All bytes the plugin sent there so far, then forgotten. */
struct muster_bytes testkit_ws_sent(struct testkit *kit, uint64_t ws);

/* ---- lobbies and players --------------------------------------------------------------------- */

/* A lobby of the mode, or with game_mode "" of one without play, that no player made: it does not
 * begin by itself. As testkit_lobby_set, and players_current of its seats are taken. 0: refused as
 * the server would, or no such mode; testkit_error says why. */
muster_lobby_id testkit_lobby_add(struct testkit *kit, struct muster_lobby_info info);
/* As host->lobby->get; null: no such lobby. */
const struct muster_lobby_info *testkit_lobby(struct testkit *kit, muster_lobby_id id);
/* Puts state, players_max, is_private, is_locked, host, match, and of lobby_key, game_mode, region
 * and join_code what is not empty, in the place of what is there. Nobody is asked or told. */
void testkit_lobby_set(struct testkit *kit, muster_lobby_id id,
                       const struct muster_lobby_info *info);
/* Closes it. */
void testkit_lobby_remove(struct testkit *kit, muster_lobby_id id);
/* As host->engine->reincarnate: the match's state is saved, and loaded into one that is made anew.
 * NOT_FOUND; STATE: it plays none. */
muster_status testkit_lobby_reincarnate(struct testkit *kit, muster_lobby_id id);
/* A signed-in player without a connection. 0: the server is full. */
muster_player_id testkit_player_add(struct testkit *kit, const char *player_key,
                                    const char *display_name);
/* As host->player->get; null: no such player. */
const struct muster_player_info *testkit_player(struct testkit *kit, muster_player_id id);
/* The permissions of its token, "play admin". */
void testkit_player_permit(struct testkit *kit, muster_player_id id, const char *permissions);
/* It leaves its seat and the server. */
void testkit_player_remove(struct testkit *kit, muster_player_id id);
/* What players were told, one line each: "PLAYER_KEY METHOD PARAMS", such as
 * "ann lobby.chat {...}", or "PLAYER_KEY closed 4004 REASON"; the newest that contains the text, or
 * null. */
const char *testkit_told_find(struct testkit *kit, const char *text);
/* Ask the plugin's auth role; waits for a PENDING answer. */
muster_verdict testkit_authenticate(muster_self *plugin, const char *token,
                                    struct muster_identity *out);

/* Hand a report to the plugin's reporter role; waits for a PENDING answer. */
muster_verdict testkit_deliver(muster_self *plugin, uint32_t kind, const char *json);

/* ---- rules: members, votes, methods for clients ------------------------------------------------
 */

/* An entered, connected member, put there at once; seat MUSTER_SEAT_NONE: a spectator. Null: no
 * such lobby or player, or no such place is free. */
const struct muster_member_info *testkit_member_add(struct testkit *kit, muster_lobby_id lobby,
                                                    muster_player_id player, uint32_t seat,
                                                    uint32_t team);
/* As host->lobby->member_next; null: not a member. */
const struct muster_member_info *testkit_member(struct testkit *kit, muster_lobby_id lobby,
                                                muster_player_id player);
/* Puts has_entered, team, is_connected, is_ready and since_ms in the place of what is there. */
void testkit_member_set(struct testkit *kit, muster_lobby_id lobby, muster_player_id player,
                        const struct muster_member_info *info);
/* Gone, as if it had never been there; nobody is told. */
void testkit_member_remove(struct testkit *kit, muster_lobby_id lobby, muster_player_id player);
/* The state that the plugin's rules made for the lobby; null: none. */
void *testkit_rules_state(muster_self *plugin, muster_lobby_id lobby);
/* Stands for other rules: what their allow answers; null: PASS. */
void testkit_ask_set(struct testkit *kit,
                     muster_verdict (*fn)(void *user, const struct muster_action *action,
                                          char *reason, uint32_t cap),
                     void *user);
/* A mode without play by that name, or other maps for it; before its lobbies are made. "testkit" is
 * the one of lobbies and matches of none. */
void testkit_mode_set(struct testkit *kit, const char *game_mode, const char *const *maps,
                      uint32_t map_count);
/* All who may vote for it, or for nothing (MUSTER_VOTE_NONE), and the time is over; false: no vote
 * of a plugin runs. */
bool testkit_vote_end(struct testkit *kit, muster_lobby_id lobby, uint32_t winner);

struct testkit_rpc {
    bool answered;
    char code[MUSTER_NAME_MAX];   /* "": granted */
    char reason[MUSTER_NAME_MAX]; /* data.reason of a refusal */
    char text[4096];              /* the result, or the refusal's sentence */
};

/* A player calls a method, of a plugin or the server's own; waits for the answer. params_json: null
 * or
 * "" for none; what is no JSON is not sent, and text says so. */
struct testkit_rpc testkit_rpc(struct testkit *kit, muster_player_id player, const char *method,
                               const char *params_json);
/* What a player plays in the match of its lobby, as from the wire: the next step takes it up. */
void testkit_player_input(struct testkit *kit, muster_player_id player,
                          const struct muster_input *input);

/* ---- matches --------------------------------------------------------------------------------- */

/* A setting in all lobbies and matches that are and will be; nobody is asked or told. The key must
 * be declared by a mode_add or settings_add schema. False: unknown or out of range. */
bool testkit_setting_set(struct testkit *kit, const char *key, const char *value);

struct testkit_match_options {
    const char *game_mode;
    const char *map_name;
    uint32_t seats_max;
    uint32_t tick_rate_hz;
    uint64_t seed;
    muster_lobby_id lobby; /* its rules and settings; 0: none */
    bool is_replay;        /* notes are ignored: testkit_match_note brings them */
};

struct testkit_event {
    uint32_t tick;
    uint32_t len;
    uint8_t data[MUSTER_EVENT_MAX];
};

/* A match of the mode: of the one that is declared by that name, or, where none is, on the plugin's
 * mode role; plugin null: one without play. 0 when the mode or the rules refused. The victory
 * conditions of all plugins that are started take part; when they decide, the test still goes on.
 */
muster_match_id testkit_match_create(struct testkit *kit, muster_self *plugin,
                                     const struct testkit_match_options *options);
void testkit_match_destroy(struct testkit *kit, muster_match_id id);
void *testkit_match_state(struct testkit *kit, muster_match_id id);
/* Seat a person and tell the mode. EXISTS: the seat is taken. INVALID: the mode has no such team.
 */
muster_status testkit_match_join(struct testkit *kit, muster_match_id id, uint32_t seat,
                                 uint32_t team, const char *display_name);
void testkit_match_leave(struct testkit *kit, muster_match_id id, uint32_t seat, uint32_t reason);
void testkit_match_connection(struct testkit *kit, muster_match_id id, uint32_t seat,
                              bool connected);
/* To the mode at once; of an empty seat, or with more samples than a frame holds: to nobody. */
void testkit_match_input(struct testkit *kit, muster_match_id id, uint32_t seat,
                         const struct muster_input *input);
/* A message of the player's client, to the mode at once; of an empty seat, of no bytes or too many:
 * to nobody. */
void testkit_match_message(struct testkit *kit, muster_match_id id, uint32_t seat, const void *data,
                           uint32_t len);
/* From on to off, what the test does itself (with host->match, or by calling the mode) is done as
 * by the mode within its step. */
void testkit_match_steer(struct testkit *kit, muster_match_id id, bool on);
/* Commands that wait, then one tick of mode and rules. */
void testkit_match_tick(struct testkit *kit, muster_match_id id);
uint32_t testkit_match_tick_count(struct testkit *kit, muster_match_id id);
/* The newest tick decided it. */
bool testkit_match_ended(struct testkit *kit, muster_match_id id);
/* Length written. */
uint32_t testkit_match_snapshot(struct testkit *kit, muster_match_id id, uint32_t view, bool full,
                                void *out, uint32_t cap);
/* Scoreboard, generator, mode, victories, rules and anticheats in one; returns the length, 0 when
 * cap is too small. */
uint32_t testkit_match_save(struct testkit *kit, muster_match_id id, void *out, uint32_t cap);
muster_status testkit_match_load(struct testkit *kit, muster_match_id id, const void *data,
                                 uint32_t len);
/* The row as it stands; seat MUSTER_SEAT_NONE: empty. */
const struct muster_seat_info *testkit_match_seat(struct testkit *kit, muster_match_id id,
                                                  uint32_t seat);
void testkit_match_facts(struct testkit *kit, muster_match_id id, struct muster_match_facts *out);
const struct testkit_event *testkit_match_events(struct testkit *kit, muster_match_id id,
                                                 uint32_t *count);
void testkit_match_events_clear(struct testkit *kit, muster_match_id id);
/* Sum of the values of all facts of a kind, told to rules or to anticheat alone. */
int64_t testkit_match_fact_sum(struct testkit *kit, muster_match_id id, const char *kind);
/* Stands for further rules; null: values unchanged. */
void testkit_adjust_set(struct testkit *kit,
                        int64_t (*fn)(void *user, const struct muster_param *param, int64_t value),
                        void *user);

/* Stands for the rules that a mode tells what happened; null: nobody listens. */
void testkit_tell_set(struct testkit *kit, void (*fn)(void *user, const struct muster_fact *fact),
                      void *user);

/* The plugin's rules take part in the matches without a lobby that are created from now on, on a
 * state for lobby 0, as in a replay; it ends when the plugin stops. NOT_FOUND: it has none; else
 * what create answers. */
muster_status testkit_rules_attach(struct testkit *kit, muster_self *plugin, void **state);

struct testkit_note {
    muster_self *plugin; /* null: no note, somebody left */
    bool is_early;       /* a replay tells it before all else */
    uint32_t seat;       /* of who left, for the reason data[0] */
    uint32_t len;
    uint8_t data[MUSTER_NOTE_MAX];
};

/* What took part beside the plugins (host->match->version_set); null: no such name. */
const char *testkit_match_version(struct testkit *kit, muster_match_id id, const char *name);
/* What was noted in the match, and who left, in order, as its recording has it. */
const struct testkit_note *testkit_match_notes(struct testkit *kit, muster_match_id id,
                                               uint32_t *count);
/* To the plugin's rules, as a replay brings it. */
muster_status testkit_match_note(struct testkit *kit, muster_match_id id, muster_self *plugin,
                                 const void *data, uint32_t len);

/* ---- db, metrics, admin, events ---------------------------------------------------------------
 */

/* Open tickets (queries, fetches, auths without an answer yet). */
uint32_t testkit_tickets(struct testkit *kit);
/* Value of a counter or gauge, NaN when there is none. */
double testkit_metric(struct testkit *kit, const char *name);
/* Run a console command, of a plugin or the server's own; its answer. */
const char *testkit_command(struct testkit *kit, const char *line);
void testkit_notice(struct testkit *kit, const struct muster_notice *notice);
/* What the plugin registered with host->watchdog->overrun: calls it once; false when none. */
bool testkit_overrun(muster_self *plugin);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
