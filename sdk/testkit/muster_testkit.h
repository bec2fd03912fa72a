/* muster_testkit.h - a host in memory: tests one plugin, or a few, without a server.
 *
 * Real, the daemon's own code: schemas, and the check of what is configured by them. The rest is
 * the kit's.
 *
 * The kit implements every group of muster/host.h with a virtual clock. A test loads a plugin, sets
 * its configuration, runs its lifecycle, lets time pass, and looks at what the plugin did:
 *
 *     struct testkit *kit = testkit_create();
 *     muster_self *plugin = testkit_load(kit, "plugins/my_plugin.so");
 *     assert_true(testkit_config_set(plugin, "limit", "3"));
 *     assert_int_equal(testkit_start(plugin), MUSTER_OK);
 *     testkit_advance(kit, 1000);
 *     assert_int_equal(testkit_stop(plugin), 0);   // nothing left open
 *     testkit_destroy(kit);
 *
 * What the kit's functions return as pointers stays the kit's: valid until the next call of the
 * same function or testkit_destroy. The handle of a plugin is its `self`. One thread drives a kit;
 * the rules of host.h hold for what plugins call. A misuse by the plugin is a fault: logged,
 * counted by testkit_faults.
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

struct testkit;

/* ---- the kit -------------------------------------------------------------------------------- */

/* Never null: aborts when out of memory, as all of the kit does. */
struct testkit *testkit_create(void);
/* Stops and unloads what still runs, newest first, and frees everything. Takes null. */
void testkit_destroy(struct testkit *kit);
const struct muster_host *testkit_host(struct testkit *kit);
/* Default data directory: a fresh temporary one, removed by destroy. Set before testkit_init. */
void testkit_data_dir_set(struct testkit *kit, const char *path);
void testkit_share_dir_set(struct testkit *kit, const char *path);
/* What host->config->untrusted answers; false at first. The kit itself is never locked. */
void testkit_untrusted_set(struct testkit *kit, bool untrusted);
/* What host->config->watch answers; false at first. */
void testkit_watch_set(struct testkit *kit, bool watch);

/* ---- plugins -------------------------------------------------------------------------------- */

/* Load a shared object, or take a descriptor that is linked into the test. Null when it is refused;
 * testkit_error says why. */
muster_self *testkit_load(struct testkit *kit, const char *path);
muster_self *testkit_add(struct testkit *kit, const struct muster_plugin *descriptor);
const char *testkit_error(struct testkit *kit);
/* Before testkit_init. value is text: "5", "true", "a,b" for a list. False: unknown key or value
 * out of range; testkit_error says which. */
bool testkit_config_set(muster_self *plugin, const char *key, const char *value);
/* init; start runs init first when it has not been run; stop runs drain and stop and returns how
 * many resources were left open (each is logged and closed); unload runs stop and fini. */
muster_status testkit_init(muster_self *plugin);
muster_status testkit_start(muster_self *plugin);
uint32_t testkit_stop(muster_self *plugin);
void testkit_unload(muster_self *plugin);
void *testkit_instance(muster_self *plugin);
/* The plugin's vtable of a role, grown to this header's size; null when it has none. */
const void *testkit_role(muster_self *plugin, uint32_t kind);

/* ---- logs and faults ------------------------------------------------------------------------ */

/* The newest line that contains the text, or null. MUSTER_TESTKIT_VERBOSE=1 prints all lines. */
const char *testkit_log_find(struct testkit *kit, const char *text);
void testkit_log_clear(struct testkit *kit);
uint32_t testkit_faults(struct testkit *kit);

/* ---- time ----------------------------------------------------------------------------------- */

/* Let virtual time pass: timers in order of time, posts, work and descriptors after each. */
void testkit_advance(struct testkit *kit, uint32_t ms);
/* Run what is due now. */
void testkit_pump(struct testkit *kit);
/* Follow real time until done(user), at most timeout_ms; for plugins with threads of their own.
 * False when the time ran out. done null: until nothing is due and no work runs. */
bool testkit_wait(struct testkit *kit, bool (*done)(void *user), void *user, uint32_t timeout_ms);
void testkit_unix_set(struct testkit *kit, int64_t unix_ms); /* the wall clock; goes on from here */
/* Work runs within testkit_pump, in order, unless threads are asked for. */
void testkit_threads(struct testkit *kit, bool on);
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

/* Call a route and wait for its answer. path may carry a query. */
struct testkit_response testkit_http(struct testkit *kit, const char *method, const char *path,
                                     const char *body);
/* With all header fields; id, size and null strings are filled in. */
struct testkit_response testkit_http_send(struct testkit *kit, struct muster_http_request request);
/* Answers for host->http->fetch, used up in order; without one a fetch ends UNAVAILABLE. */
void testkit_fetch_answer(struct testkit *kit, uint32_t http_status, const char *body);
/* "METHOD url\nbody" of the newest fetch, or "". */
const char *testkit_fetch_last(struct testkit *kit);

/* ---- net and ws: sockets in memory ----------------------------------------------------------- */

/* Find an open UDP socket or TCP listener by port, or a WebSocket by the text of its url. 0: none.
 */
muster_socket_id testkit_socket_find(struct testkit *kit, uint32_t port);
muster_socket_id testkit_ws_find(struct testkit *kit, const char *url);
void testkit_udp_deliver(struct testkit *kit, muster_socket_id id, const void *data, uint32_t len);
muster_socket_id testkit_tcp_connect(struct testkit *kit, muster_socket_id listener);
void testkit_tcp_deliver(struct testkit *kit, muster_socket_id conn, const void *data,
                         uint32_t len);
void testkit_ws_open(struct testkit *kit, muster_socket_id id);
void testkit_ws_deliver(struct testkit *kit, muster_socket_id id, const char *text);
/* The other side closes. */
void testkit_socket_drop(struct testkit *kit, muster_socket_id id);
/* All bytes the plugin sent there so far, then forgotten. */
struct muster_bytes testkit_socket_sent(struct testkit *kit, muster_socket_id id);

/* ---- lobbies and players --------------------------------------------------------------------- */

/* size, lobby and an empty lobby_key are filled in. */
muster_lobby_id testkit_lobby_add(struct testkit *kit, struct muster_lobby_info info);
struct muster_lobby_info *testkit_lobby(struct testkit *kit, muster_lobby_id id);
void testkit_lobby_remove(struct testkit *kit, muster_lobby_id id);
muster_player_id testkit_player_add(struct testkit *kit, const char *player_key,
                                    const char *display_name);
struct muster_player_info *testkit_player(struct testkit *kit, muster_player_id id);
/* The session is over; a member is removed before. */
void testkit_player_remove(struct testkit *kit, muster_player_id id);
/* Queued acts of plugins (kick, close, chat, notify, end, suspicion, auth), one line each, such as
 * "lobby.chat 4 hello"; newest that contains the text, or null. */
const char *testkit_act_find(struct testkit *kit, const char *text);
/* Ask the plugin's auth role; waits for a PENDING answer. */
muster_verdict testkit_authenticate(muster_self *plugin, const char *token,
                                    struct muster_identity *out);

/* Hand a report to the plugin's reporter role; waits for a PENDING answer. */
muster_verdict testkit_deliver(muster_self *plugin, uint32_t kind, const char *json);

/* ---- rules: members, votes, methods for clients ------------------------------------------------
 */

/* An entered, connected member; seat MUSTER_SEAT_NONE: a spectator. Null: no such lobby or player.
 */
struct muster_member_info *testkit_member_add(struct testkit *kit, muster_lobby_id lobby,
                                              muster_player_id player, uint32_t seat,
                                              uint32_t team);
struct muster_member_info *testkit_member(struct testkit *kit, muster_lobby_id lobby,
                                          muster_player_id player);
void testkit_member_remove(struct testkit *kit, muster_lobby_id lobby, muster_player_id player);
/* Stands for the lobby's other rules; null: they allow all. */
void testkit_ask_set(struct testkit *kit,
                     muster_verdict (*fn)(void *user, const struct muster_action *action,
                                          char *reason, uint32_t cap),
                     void *user);
/* Maps of every lobby's mode; kept by the caller. */
void testkit_maps_set(struct testkit *kit, const char *const *names, uint32_t count);
/* Ends the vote that runs; false: none does. winner: an option, or MUSTER_VOTE_NONE. */
bool testkit_vote_end(struct testkit *kit, muster_lobby_id lobby, uint32_t winner);

struct testkit_rpc {
    bool answered;
    char code[MUSTER_NAME_MAX];   /* "": granted */
    char reason[MUSTER_NAME_MAX]; /* data.reason of a refusal */
    char text[4096];              /* the result, or the refusal's sentence */
};

/* A client calls a method that a plugin added, in its lobby; waits for the answer. */
struct testkit_rpc testkit_rpc(struct testkit *kit, muster_player_id player, const char *method,
                               const char *params_json);

/* ---- matches --------------------------------------------------------------------------------- */

/* Lobby settings, for all lobbies and matches of the kit; the key must be declared by a mode_add or
 * settings_add schema. False: unknown or out of range. The other defaults of a mode are checked,
 * not set: the kit has one table for all modes. */
bool testkit_setting_set(struct testkit *kit, const char *key, const char *value);

struct testkit_match_options {
    const char *game_mode;
    const char *map_name;
    uint32_t seats_max;
    uint32_t tick_rate_hz;
    uint64_t seed;
    muster_lobby_id lobby; /* 0: an id of its own */
    bool is_replay;        /* notes are ignored: testkit_match_note brings them */
};

struct testkit_event {
    uint32_t tick;
    uint32_t len;
    uint8_t data[MUSTER_EVENT_MAX];
};

/* A match on the plugin's mode role (with a base: on the base's plugin); plugin null: a scoreboard
 * without a mode. 0 when the mode or the rules refused. */
muster_match_id testkit_match_create(struct testkit *kit, muster_self *plugin,
                                     const struct testkit_match_options *options);
void testkit_match_destroy(struct testkit *kit, muster_match_id id);
void *testkit_match_state(struct testkit *kit, muster_match_id id);
/* Seat a person and tell the mode; a bot on that seat is replaced. */
muster_status testkit_match_join(struct testkit *kit, muster_match_id id, uint32_t seat,
                                 uint32_t team, const char *display_name);
void testkit_match_leave(struct testkit *kit, muster_match_id id, uint32_t seat, uint32_t reason);
void testkit_match_connection(struct testkit *kit, muster_match_id id, uint32_t seat,
                              bool connected);
void testkit_match_input(struct testkit *kit, muster_match_id id, uint32_t seat,
                         const struct muster_input *input);
/* From on to off, what the test does itself (with host->match, or by calling the mode) is done as
 * by the mode within its step. */
void testkit_match_steer(struct testkit *kit, muster_match_id id, bool on);
/* Commands that wait, then one tick of mode and rules. */
void testkit_match_tick(struct testkit *kit, muster_match_id id);
uint32_t testkit_match_tick_count(struct testkit *kit, muster_match_id id);
/* Length written. */
uint32_t testkit_match_snapshot(struct testkit *kit, muster_match_id id, uint32_t view, bool full,
                                void *out, uint32_t cap);
/* Scoreboard, generator and mode in one; returns the length, 0 when cap is too small. */
uint32_t testkit_match_save(struct testkit *kit, muster_match_id id, void *out, uint32_t cap);
muster_status testkit_match_load(struct testkit *kit, muster_match_id id, const void *data,
                                 uint32_t len);
/* The row as it stands, to read and to set; team MUSTER_TEAM_NONE and seat NONE: empty. */
struct muster_seat_info *testkit_match_seat(struct testkit *kit, muster_match_id id, uint32_t seat);
void testkit_match_facts(struct testkit *kit, muster_match_id id, struct muster_match_facts *out);
const struct testkit_event *testkit_match_events(struct testkit *kit, muster_match_id id,
                                                 uint32_t *count);
void testkit_match_events_clear(struct testkit *kit, muster_match_id id);
/* Sum of the values of all facts of a kind, told to rules or to anticheat alone. */
int64_t testkit_match_fact_sum(struct testkit *kit, muster_match_id id, const char *kind);
/* Stands for further rules, after the attached ones; null: values unchanged. */
void testkit_adjust_set(struct testkit *kit,
                        int64_t (*fn)(void *user, const struct muster_param *param, int64_t value),
                        void *user);

/* Stands for the rules that a mode tells what happened; null: nobody listens. */
void testkit_tell_set(struct testkit *kit, void (*fn)(void *user, const struct muster_fact *fact),
                      void *user);

/* The plugin's rules take part in the matches that are created from now on, after those attached
 * before; out: their state, which rules.create makes for the lobby (0: as for a replay) and which
 * ends when the plugin stops. NOT_FOUND: it has none; else what create answers. */
muster_status testkit_rules_attach(struct testkit *kit, muster_self *plugin, muster_lobby_id lobby,
                                   void **state);

struct testkit_note {
    muster_self *plugin;
    bool is_early; /* written inside a step */
    uint32_t len;
    uint8_t data[MUSTER_NOTE_MAX];
};

/* What was noted in the match, in order; versions are acts: "match.version 4 mod:koth 1.0.0". */
const struct testkit_note *testkit_match_notes(struct testkit *kit, muster_match_id id,
                                               uint32_t *count);
/* To the plugin's rules, as a replay brings it. */
muster_status testkit_match_note(struct testkit *kit, muster_match_id id, muster_self *plugin,
                                 const void *data, uint32_t len);

/* ---- db, metrics, admin, events ---------------------------------------------------------------
 */

/* host->db goes to this plugin's database role; null: UNAVAILABLE. */
void testkit_db_use(struct testkit *kit, muster_self *database);
/* Open tickets (queries, fetches, auths without an answer yet). */
uint32_t testkit_tickets(struct testkit *kit);
/* Value of a counter or gauge, NaN when there is none. */
double testkit_metric(struct testkit *kit, const char *name);
/* Run a plugin's console command; "" when unknown. */
const char *testkit_command(struct testkit *kit, const char *line);
void testkit_notice(struct testkit *kit, const struct muster_notice *notice);
/* What the plugin registered with host->watchdog->overrun: calls it once; false when none. */
bool testkit_overrun(muster_self *plugin);

#ifdef __cplusplus
}
#endif
#endif
