/* muster/roles.h - the ten roles: what the host asks of a plugin, one vtable per kind.
 *
 * Every vtable begins with its own size as the plugin was built. The host copies
 * min(size, sizeof) into a zeroed local and reads only the copy: a function that the plugin's
 * headers did not know reads as null. Functions marked [required] must be set.
 *
 * `instance` is what the plugin's init returned. `state` is what the role's own create returned; it
 * belongs to one match (or one lobby, for rules) and ends with destroy. All calls come on the loop
 * thread. Pointers in arguments are borrowed for the call, with all that they lead to.
 *
 * A host of a later minor may hand in a number of a list (a kind of action or notice, a reason, a
 * state) that these headers do not have: it is to be ignored, and a question of such a kind is
 * answered PASS.
 *
 * Nothing is called on a state while another call on it is on the stack, but match_note in one's
 * own call of host->match->note. A plugin is not called at all while a call of it has not returned,
 * but in a match step on its other states (its mode asks for a number that its own rules adjust),
 * as the database that itself asks, and by what it asks the engine. What would come then comes in
 * the loop's next turn, in the order in which it happened: notices (events, rules.notice), the
 * answer of a query or of a command that is given inside the call, matchmaker.backfill, and the
 * ends of what is cancelled (host.h, "Ends"). What cannot wait is refused: rules that wait for an
 * answer themselves are not asked by others, which counts as REJECT, and an interface is CONFLICT.
 *
 * Inside a match step (join, leave, input, command, tick, evaluate, adjust) a plugin must be
 * deterministic: the only sources are its arguments, its state and host->match. No wall time, no
 * own randomness, no I/O.
 */
#ifndef MUSTER_ROLES_H
#define MUSTER_ROLES_H

#include "types.h"
#include "writer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSTER_ROLE_MAP(X)                                                                         \
    X(AUTH, 1, auth)                                                                               \
    X(MATCHMAKER, 2, matchmaker)                                                                   \
    X(MODE, 3, mode)                                                                               \
    X(VICTORY, 4, victory)                                                                         \
    X(RULES, 5, rules)                                                                             \
    X(ANTICHEAT, 6, anticheat)                                                                     \
    X(REPORTER, 7, reporter)                                                                       \
    X(DATABASE, 8, database)                                                                       \
    X(SERVICE, 9, service)                                                                         \
    X(KV, 10, kv)
#define MUSTER_ROLE_ENUM(name, code, lower) MUSTER_ROLE_##name = (code),
enum { MUSTER_ROLE_MAP(MUSTER_ROLE_ENUM) MUSTER_ROLE_END = 11 };
#undef MUSTER_ROLE_ENUM

/* ---- auth: who is this? -------------------------------------------------------------------- */

struct muster_auth_request {
    uint32_t size;
    /* 1: this plugin has accepted this very token before, in the process whose lobbies this one
     * goes on with. All players come back at once then, so what costs most may be left out, as a
     * signature is; what may have changed meanwhile is to be looked at all the same: whether it has
     * expired, and whether its key is trusted still. */
    uint32_t known;
    muster_auth_ticket_id ticket; /* for PENDING; complete with host->player->auth_complete */
    const char *token;            /* what the client presented, at most 4096 bytes */
    const char *address;          /* client address as text, IPv4 or IPv6 */
};

enum {
    MUSTER_ACCOUNT_UNKNOWN = 0,
    MUSTER_ACCOUNT_GUEST = 1, /* made at the door, without a name or password to come back with */
    MUSTER_ACCOUNT_REGISTERED = 2,
};

struct muster_identity {
    uint32_t size; /* set by whoever allocated it; write no field past it */
    uint32_t reserved;
    char player_key[MUSTER_PLAYER_KEY_MAX]; /* claim sub: the playerId */
    char display_name[MUSTER_DISPLAY_MAX];
    char region[MUSTER_NAME_MAX];
    char permissions[256];          /* space-separated */
    int64_t expires_at_s;           /* Unix seconds; the session ends then unless renewed */
    char reason[MUSTER_REASON_MAX]; /* on REJECT: shown to the client */
    uint32_t account; /* MUSTER_ACCOUNT_...; a ban of a guest counts for the address, too */
    uint32_t reserved_2;
    /* A ticket: who signs in with it gets a seat in the lobby of that lobbyId, or is refused. That
     * it is for this node is the provider's to see to. "": it is none, and the rest means nothing.
     */
    char lobby_key[MUSTER_PLAYER_KEY_MAX];
    int64_t lobby_epoch;             /* muster_lobby_info.epoch, as the ticket has it */
    char team[MUSTER_TEAM_NAME_MAX]; /* "": the mode's choice */
    uint32_t ticket_issue;           /* muster_seat_wish.ticket_issue; 0: made elsewhere */
    uint32_t reserved_3;
    int64_t ticket_issued_at_s; /* Unix seconds. Who enters by it has used it up, and all before */
};

/* Is it one of the words of muster_identity.permissions, or of muster_player_info.permissions? The
 * one way to ask: host and plugins decide alike. Any thread. */
static inline bool muster_permitted(const char *permissions, const char *permission) {
    size_t len = strlen(permission);
    while (*permissions) {
        size_t word = strcspn(permissions, " ");
        if (word && word == len && memcmp(permissions, permission, len) == 0) return true;
        permissions += word + (permissions[word] == ' ');
    }
    return false;
}

/* Providers form a chain in config order; the first answer that is not PASS counts; all PASS is a
 * reject. */
struct muster_auth {
    uint32_t size;
    uint32_t reserved;
    /* [required] ACCEPT (out filled), REJECT (out->reason filled), PASS or PENDING. */
    muster_verdict (*authenticate)(void *instance, const struct muster_auth_request *request,
                                   struct muster_identity *out);
    /* Nobody waits any more for a ticket that was answered PENDING: the client has gone, 10 s are
     * over, or the plugin has stopped. Once for each such ticket, never after its completion; it is
     * closed, and to complete it now is a fault. Without this function a completion that comes when
     * the client has gone is answered OK, and changes nothing. */
    void (*cancel)(void *instance, muster_auth_ticket_id ticket);
};

/* ---- matchmaker: who plays with whom? ------------------------------------------------------ */

struct muster_queue_ticket {
    uint32_t size;
    uint32_t reserved;
    muster_queue_ticket_id ticket;
    muster_player_id player;
    const char *game_mode;
    const char *region;      /* preferred; never empty */
    const char *map_name;    /* wanted map, or "" */
    uint64_t enqueued_at_ms; /* host->loop->now_ms clock */
};

#define MUSTER_GROUP_MAX 128
/* Tickets that shall play in one lobby: all of them are placed, or none. */
struct muster_group {
    uint32_t size;
    uint32_t ticket_count;                 /* 1 to MUSTER_GROUP_MAX */
    const muster_queue_ticket_id *tickets; /* each once */
    const uint32_t *teams; /* of each ticket; MUSTER_TEAM_NONE, and null for all of them:
                            * the mode chooses */
    muster_lobby_id lobby; /* the lobby to join, or 0 = create one */
    /* Of a new lobby; null counts as "": */
    const char *game_mode;
    const char *region;
    const char *map_name;      /* "": the mode's default */
    const char *settings_json; /* one JSON object; "": none but the map */
    const char *explanation;   /* one line for the players, told with match.found; "": none */
};

/* What became of one ticket of a group that was not placed. The host's. */
struct muster_group_refusal {
    uint32_t size;
    uint32_t is_cause; /* 0: not because of this one, but of another one of the group */
    muster_queue_ticket_id ticket;
    muster_lobby_id lobby; /* as proposed; 0: a new one, which could not be made or not take them */
    const char *reason;    /* a sentence */
};

/* The host's, for one call of tick: `proposals` is handed back to it. What is proposed is done when
 * tick has returned, in order. OK: taken. INVALID: the group is not as described above. NOT_FOUND:
 * one of its tickets does not wait at this matchmaker. LIMIT: 1024 groups in one tick. */
typedef muster_status (*muster_propose_fn)(void *proposals, const struct muster_group *group);

struct muster_matchmaker {
    uint32_t size;
    uint32_t reserved;
    /* [required] A player begins to wait. The host answers the player; keep what tick needs. */
    muster_status (*enqueue)(void *instance, const struct muster_queue_ticket *ticket);
    /* [required] The ticket is gone (cancelled, player left, or placed). */
    void (*dequeue)(void *instance, muster_queue_ticket_id ticket);
    /* [required] Propose groups. Called after each enqueue and every 250 ms. A group that cannot be
     * placed (the lobby filled meanwhile) leaves its tickets queued. */
    void (*tick)(void *instance, uint64_t now_ms, muster_propose_fn propose, void *proposals);
    /* A running lobby has open seats again; a hint for the next tick. */
    void (*backfill)(void *instance, muster_lobby_id lobby);
    /* A group was not placed: called for each of its tickets, who wait on. The lobby is full or
     * locked by now, or a rule says no. After tick has returned; propose something else for a
     * while. */
    void (*refused)(void *instance, const struct muster_group_refusal *refusal);
};

/* ---- mode: what happens in the match? ------------------------------------------------------ */

struct muster_match_info {
    uint32_t size;
    uint32_t seats_max; /* people sit in seats 0 to seats_max - 1, bots in the seats_max above */
    muster_match_id match;
    muster_lobby_id lobby;
    const char *game_mode;
    const char *map_name;
    uint64_t seed;
    uint32_t tick_rate_hz; /* 1 to MUSTER_TICK_RATE_MAX */
    uint32_t is_replay;    /* a recording is played again */
    uint32_t team_count;   /* 0: everybody plays for themselves */
    uint32_t reserved;
};

#define MUSTER_INPUT_SAMPLES_MAX 3
struct muster_input_sample {
    uint16_t pressed; /* button edges */
    uint16_t aim;
    uint8_t at; /* when within the tick, 1/256 tick */
    uint8_t reserved;
};

/* One consumed input, 32 bytes, frozen. Buttons mean what the mode says they mean. */
struct muster_input {
    uint32_t sequence; /* the client's counter; repeated inputs keep the last one */
    uint16_t held;     /* buttons down */
    uint16_t pressed;  /* buttons that went down since the last input */
    uint16_t aim;      /* angle, 65536 = a full turn, 0 = +x, growing towards +y */
    int8_t move_x;     /* -127 to 127 */
    int8_t move_y;
    uint8_t sample_count; /* 0 to MUSTER_INPUT_SAMPLES_MAX */
    uint8_t repeated;     /* 1: nothing new came, the host repeats the last (at most 250 ms) */
    struct muster_input_sample samples[MUSTER_INPUT_SAMPLES_MAX];
};

struct muster_tick {
    uint32_t size;
    uint32_t tick;       /* from 0 */
    uint32_t dt_us;      /* 1000000 / tick_rate_hz */
    uint32_t elapsed_ms; /* match time at the start of this tick */
};

/* A command for the mode: from rules, a script, an admin. Numbers, no JSON. Recorded. */
struct muster_command {
    uint32_t size;
    uint32_t seat; /* whom it concerns, or MUSTER_SEAT_NONE */
    const char *name;
    const char *text; /* or "" */
    const int64_t *args;
    uint32_t arg_count; /* at most 8 */
    uint32_t reserved;
};

/* One provider serves one match; it is chosen by game mode name. A provider declares its game
 * modes with host->match->mode_add during init (or later). */
struct muster_mode {
    uint32_t size;
    uint32_t reserved;
    /* [required] */
    muster_status (*create)(void *instance, const struct muster_match_info *info, void **state);
    /* [required] Takes null. */
    void (*destroy)(void *instance, void *state);
    /* [required] The seat is taken; host->match->seat_get tells name and team. The mode may change
     * the team with host->match->team_set. Another answer than OK: the player does not play, and is
     * told so with the status's words. Who was in the lobby when the match began is out of it, who
     * came later does not get in; neither leave nor the rules are told. */
    muster_status (*join)(void *instance, void *state, uint32_t seat);
    /* [required] reason: MUSTER_LEAVE_... */
    void (*leave)(void *instance, void *state, uint32_t seat, uint32_t reason);
    /* A connection dropped or came back; the seat stays taken meanwhile. */
    void (*connection)(void *instance, void *state, uint32_t seat, uint32_t connected);
    /* Once per consumed input, before tick, in seat order. Null: the mode takes none. */
    void (*input)(void *instance, void *state, uint32_t seat, const struct muster_input *input);
    /* [required] */
    void (*tick)(void *instance, void *state, const struct muster_tick *tick);
    /* [required] Write the state as it stands after tick for one view: full, or as a delta against
     * the state after the previous tick. Must not change the state. At most
     * mode_info.snapshot_max_bytes.
     *
     * What a delta may rely on. A step is, in this order: setting, command, message, input, tick.
     * Behind it comes snapshot, for each view that somebody sees, full or not, or not at all; then,
     * until the next step, join, leave and connection, and what rules do there. So a delta has to
     * say all that has changed since tick returned the last time, also by those; and since snapshot
     * may not change the state, and need not come, it is tick that forgets the delta before. The
     * simplest way: tick begins by keeping what it has sent (before = now), and ends by writing
     * down what there is to be sent (now = ...). Whoever was not sent a delta gets a full one. */
    void (*snapshot)(void *instance, void *state, uint32_t view, uint32_t full,
                     struct muster_writer *out);
    /* Which view a seat (or MUSTER_SEAT_NONE, a spectator) sees. Null: view 0. */
    uint32_t (*view)(void *instance, void *state, uint32_t seat);
    /* Static facts for a client that enters, as one JSON object (map rows, say). */
    void (*intro)(void *instance, void *state, struct muster_writer *out);
    /* Commands by name; MUSTER_NOT_FOUND for an unknown one. */
    muster_status (*command)(void *instance, void *state, const struct muster_command *command);
    /* All of the state, so that load on a fresh create gives the same match. The bytes are also
     * what the state hash is computed over. Both or neither: a match without them begins again
     * after a crash, with its scoreboard. load gets what any earlier version within the same major
     * version has saved; when it answers anything but OK the match begins again, too. */
    void (*save)(void *instance, void *state, struct muster_writer *out);
    muster_status (*load)(void *instance, void *state, struct muster_reader *in);
    /* A setting with "when": "always" was changed while the match runs: host->match->setting_...
     * has the new value from now on. Part of the step, before the tick's commands. */
    void (*setting)(void *instance, void *state, const char *key);
    /* A message of the player's client: 1 to MUSTER_MESSAGE_MAX bytes that mean what the mode says
     * they mean; they are a stranger's. Each comes once, in the order it was sent, before the
     * tick's inputs; recorded and replayed as they are. Null: the mode takes none. */
    void (*message)(void *instance, void *state, uint32_t seat, const void *data, uint32_t len);
    /* After load, of a match that goes on after a crash: until 0 comes, what is called has been
     * before. Nothing that reaches beyond the match is done again, as where
     * muster_match_info.is_replay is 1. */
    void (*replay)(void *instance, void *state, uint32_t is_replay);
};

/* ---- victory: is it decided? --------------------------------------------------------------- */

struct muster_match_facts {
    uint32_t size;
    uint32_t tick;
    uint32_t elapsed_ms;
    uint32_t seats_max;
    uint32_t team_count;
    /* Each of team_count + 1, by team; the first is of those without one: in a match without teams,
     * of all. */
    const int32_t *team_score;
    const uint32_t *team_seated; /* players and bots in the match */
    const uint32_t *team_humans; /* seats held by people, dropped ones included */
    const uint32_t *team_alive;
    /* 1 once two teams, or without teams two seats, have had somebody at the same time, be it
     * before the first tick. */
    uint32_t sides_met;
    uint32_t reserved;
    /* By team: people whom a fault of the server's has cost the seat, and who are not back. They
     * have given nothing up. */
    const uint32_t *team_owed;
};

/* How a match ends. Filled by whoever decides; what the pointers lead to is read before the
 * function that was given it returns, or after the one that filled it has. */
struct muster_match_end {
    uint32_t size;
    uint32_t winner_kind; /* MUSTER_WINNER_... */
    uint32_t winner;      /* a team or a seat */
    uint32_t reserved;
    const char *reason; /* MUSTER_END_..., or a word of one's own */
    /* Places, 1 is the best, equal ones are ties. Null: by score, those of the winner first.
     * team_places: team_count of them, of team 1 first. seat_places: seats_max * 2, of seat 0
     * first; only seats that are taken count. */
    const uint32_t *team_places;
    const uint32_t *seat_places;
};

/* Several per match, asked in config order after every tick; the first DECIDED counts. Only those
 * that the mode lists in mode_info.victories. */
struct muster_victory {
    uint32_t size;
    uint32_t reserved;
    /* Optional per-match state; null pair: state is null. */
    muster_status (*create)(void *instance, const struct muster_match_info *info, void **state);
    void (*destroy)(void *instance, void *state);
    /* [required] UNDECIDED, or DECIDED with *out filled. */
    muster_verdict (*evaluate)(void *instance, void *state, const struct muster_match_facts *facts,
                               struct muster_match_end *out);
    void (*save)(void *instance, void *state, struct muster_writer *out);
    muster_status (*load)(void *instance, void *state, struct muster_reader *in);
    /* As in mode. */
    void (*setting)(void *instance, void *state, const char *key);
};

/* ---- rules: is it allowed, and with which value? ------------------------------------------- */

#define MUSTER_ACTION_MAP(X)                                                                       \
    X(LOBBY_CREATE, 1, "lobby_create")                                                             \
    X(JOIN, 2, "join")                                                                             \
    X(SPECTATE, 3, "spectate")                                                                     \
    X(TEAM_CHANGE, 4, "team_change")                                                               \
    X(START, 5, "start")                                                                           \
    X(SETTING, 6, "setting")                                                                       \
    X(KICK, 7, "kick")                                                                             \
    X(VOTE, 8, "vote")                                                                             \
    X(HOST_TRANSFER, 9, "host_transfer")                                                           \
    X(LOCK, 10, "lock")                                                                            \
    X(READY, 11, "ready")                                                                          \
    X(CHAT, 12, "chat")                                                                            \
    X(INVITE, 13, "invite")                                                                        \
    X(BAN, 14, "ban")                                                                              \
    X(TEAMS, 15, "teams")                                                                          \
    X(VOTE_CALL, 16, "vote_call")
#define MUSTER_ACTION_ENUM(name, code, text) MUSTER_ACTION_##name = (code),
enum { MUSTER_ACTION_MAP(MUSTER_ACTION_ENUM) };
#undef MUSTER_ACTION_ENUM

/* What a client is told beside the reason of a refusal. May stay as it is. */
struct muster_refusal {
    uint32_t size;
    uint32_t retry_after_ms;    /* not 0: the wire's "rate_limited" with this wait */
    char word[MUSTER_NAME_MAX]; /* data.reason: one snake_case word for programs */
};

struct muster_action {
    uint32_t size;
    uint32_t kind;           /* MUSTER_ACTION_... */
    muster_lobby_id lobby;   /* 0: one that is to be created (LOBBY_CREATE, then SETTING) */
    muster_player_id player; /* who asks; 0: nobody does, the lobby would by itself (START) */
    uint32_t seat;           /* the asker's seat, or MUSTER_SEAT_NONE */
    uint32_t target_seat;    /* KICK, TEAM_CHANGE */
    uint32_t team;           /* JOIN, TEAM_CHANGE */
    uint32_t reserved;
    const char *game_mode; /* of the lobby, also of one that is to be created; the host's */
    const char *key;       /* SETTING, VOTE, VOTE_CALL: which; TEAMS: "shuffle" or "swap" */
    const char *value; /* SETTING, VOTE, LOCK, READY: new value as JSON text; JOIN, SPECTATE: the
                          join secret or ""; KICK, BAN: the reason; CHAT: the line */
    muster_player_id target; /* KICK, BAN, INVITE, HOST_TRANSFER, TEAM_CHANGE; 0: no one player */
    struct muster_refusal *refusal; /* to be filled on REJECT; never null */
};

/* Who says a line in which lobby. The host's. */
struct muster_chat {
    uint32_t size;
    uint32_t seat; /* MUSTER_SEAT_NONE: a spectator */
    muster_lobby_id lobby;
    muster_player_id player;
};

struct muster_notice; /* host.h, "events" */
struct muster_fact;   /* below, "anticheat" */

struct muster_param {
    uint32_t size;
    uint32_t seat;       /* whom it concerns */
    uint32_t other_seat; /* the other party, or MUSTER_SEAT_NONE */
    uint32_t reserved;
    const char *name; /* "damage", "respawn_ms", ... as the mode documents */
};

/* fact->kind: a command that was queued with host->match->command is not done. text: the command's
 * name; value: its first argument, or 0; seat: its seat. */
#define MUSTER_FACT_REFUSED "command_refused"
/* fact->kind: a fault of the server's, between two ticks. text: "stall" and so on
 * (MUSTER_DISTURBED_MAP), or "" to anticheats alone: late ticks, a freeze; value: ms, or 0. */
#define MUSTER_FACT_DISTURBED "disturbed"

/* Chain in config order. Allowed only if none rejects; values pass from one to the next.
 *
 * JOIN, SPECTATE, CHAT, READY, VOTE, LOBBY_CREATE, a player's own TEAM_CHANGE, START by itself and
 * SETTING of a lobby to be created are allowed when all pass. What one player does to others (any
 * other action) needs an ACCEPT as well: a server without rules has no lobby hosts. */
struct muster_rules {
    uint32_t size;
    uint32_t reserved;
    /* Optional per-lobby state; null pair: state is null. */
    muster_status (*create)(void *instance, muster_lobby_id lobby, void **state);
    void (*destroy)(void *instance, void *state);
    /* ACCEPT, PASS, or REJECT with reason (cap bytes, NUL-terminated) filled. Null: PASS. Another
     * verdict rejects and is a fault. */
    muster_verdict (*allow)(void *instance, void *state, const struct muster_action *action,
                            char *reason, uint32_t cap);
    /* Change a number the mode asks about; part of the match step. Null: unchanged. */
    void (*adjust)(void *instance, void *state, muster_match_id match,
                   const struct muster_param *param, int64_t *value);
    /* After allow has let MUSTER_ACTION_CHAT pass: REJECT swallows the line, and who said it is
     * told nothing (to refuse it with a reason, do so in allow); ACCEPT or PASS lets it go;
     * another verdict swallows it and is a fault. text may be rewritten in place; what is empty
     * then is swallowed, too, as is what is no UTF-8, which is a fault. */
    muster_verdict (*chat)(void *instance, void *state, const struct muster_chat *chat, char *text,
                           uint32_t cap);
    void (*save)(void *instance, void *state, struct muster_writer *out);
    muster_status (*load)(void *instance, void *state, struct muster_reader *in);
    /* A lobby setting has a new value (JSON text). Also at creation, for each key that was given.
     * The only way a "secret" setting is told: the host does not keep it. */
    void (*changed)(void *instance, void *state, const char *key, const char *value);
    /* What happened in the lobby: LOBBY_STATE, LOBBY_HOST, LOBBY_FROZEN, LOBBY_THAWED, SEAT_TAKEN,
     * SEAT_LEFT, MATCH_STARTED, MATCH_ENDED; and SERVER_RESTARTING, to each lobby. Never inside
     * another call of a plugin, as events->subscribe. Unlike events, an older generation is told of
     * the lobbies that keep it. */
    void (*notice)(void *instance, void *state, const struct muster_notice *notice);

    /* ---- The lobby's match. All of it is part of the match step, so everything that
     * host->match changes may be changed here; a replay calls the same in the same order, on a
     * state that was created for lobby 0. ---- */

    /* A match is there, nobody has joined. A status but OK aborts it. */
    muster_status (*match_begin)(void *instance, void *state, const struct muster_match_info *info);
    /* It is destroyed. Called once for each match_begin that succeeded; not part of the step. */
    void (*match_end)(void *instance, void *state);
    /* After the mode's own: what the mode tells of who leaves (a flag that drops) comes before the
     * leave, and until that returns the seat can be asked. Bots come and go here, too. */
    void (*match_join)(void *instance, void *state, uint32_t seat);
    void (*match_leave)(void *instance, void *state, uint32_t seat, uint32_t reason);
    void (*match_connection)(void *instance, void *state, uint32_t seat, uint32_t connected);
    /* After the mode's tick, before victory is asked. */
    void (*match_tick)(void *instance, void *state, const struct muster_tick *tick);
    /* What happened in the match, as the mode tells it with host->match->tell; or, from the host,
     * that it has refused a command (MUSTER_FACT_REFUSED), and what disturbed it
     * (MUSTER_FACT_DISTURBED). */
    void (*match_fact)(void *instance, void *state, const struct muster_fact *fact);
    /* As in mode. */
    void (*match_setting)(void *instance, void *state, const char *key);
    /* What this provider wrote with host->match->note: its own words come back. */
    void (*match_note)(void *instance, void *state, const void *data, uint32_t len);
    /* As in mode. */
    void (*match_replay)(void *instance, void *state, uint32_t is_replay);

    /* What is kept of the lobby beside its match, for one that is saved and goes on elsewhere:
     * times as time left, players by their key, no ids. Load: on a fresh create, whose settings and
     * members are there, before anything else is told of the lobby; a status but OK, and the lobby
     * is not loaded. Both or neither: then it begins anew. Not part of a step. */
    void (*lobby_save)(void *instance, void *state, struct muster_writer *out);
    muster_status (*lobby_load)(void *instance, void *state, struct muster_reader *in);
};

/* ---- anticheat: what looks wrong? ---------------------------------------------------------- */

struct muster_fact {
    uint32_t size;
    uint32_t seat; /* whom it concerns, or MUSTER_SEAT_NONE */
    uint32_t tick;
    uint32_t reserved;
    const char *kind; /* MUSTER_FACT_..., "kill", ... as the mode reports it */
    int64_t value;
    uint32_t other_seat; /* the other party, or MUSTER_SEAT_NONE */
    uint32_t third_seat; /* who helped, or MUSTER_SEAT_NONE */
    const char *text;    /* a word that goes with it ("rifle"), or "" */
};

/* fact->kind, of the host, to the anticheats alone: a person sits in the seat from now on, or does
 * no more; between two ticks. What is known of a seat is then known of somebody else. */
#define MUSTER_FACT_JOINED "joined"
#define MUSTER_FACT_LEFT "left"

/* What modes tell of a person (host->match->observe), so that one anticheat watches many games. A
 * mode tells what it has; angles are given as a part of the target, 1000 from its middle to its
 * edge, and are less than 0 to the left. */
/* From now on it could hit other_seat. text: "spawn" when one of the two has just come to life. */
#define MUSTER_FACT_VISIBLE "visible"
/* value: how far its aim is off other_seat, the nearest that it could hit (MUSTER_SEAT_NONE: there
 * was none); third_seat: who was hit, or MUSTER_SEAT_NONE; text: "near" where the target is so
 * large that everybody hits it. */
#define MUSTER_FACT_SHOT "shot"
/* value: so many presses came before the weapon was ready. */
#define MUSTER_FACT_REFUSED_FIRE "refused_fire"
/* value 1: an input that no client of the game sends, or more of them than time has passed. */
#define MUSTER_FACT_IMPOSSIBLE "impossible_input"
/* value: how far it went in this tick, 1000: as far as its speed allows. Of modes whose clients say
 * where they are. */
#define MUSTER_FACT_DISPLACEMENT "displacement"

/* All providers see everything; none answers. They report through host->report->suspicion. */
struct muster_anticheat {
    uint32_t size;
    uint32_t reserved;
    muster_status (*create)(void *instance, const struct muster_match_info *info, void **state);
    void (*destroy)(void *instance, void *state);
    void (*input)(void *instance, void *state, uint32_t seat, uint32_t tick,
                  const struct muster_input *input);
    void (*fact)(void *instance, void *state, const struct muster_fact *fact);
    /* As in mode, for a match that goes on after a crash; not part of the state hash. What the
     * match has no room for is not saved; who does not take a state watches the match no further.
     * Both are faults. */
    void (*save)(void *instance, void *state, struct muster_writer *out);
    muster_status (*load)(void *instance, void *state, struct muster_reader *in);
};

/* ---- reporter: where do finished reports go? ----------------------------------------------- */

#define MUSTER_REPORT_MAP(X)                                                                       \
    X(MATCH_RESULT, 1, "match_result")                                                             \
    X(ACTIVITY, 2, "activity")                                                                     \
    X(SUSPICION, 3, "suspicion")
#define MUSTER_REPORT_ENUM(name, code, text) MUSTER_REPORT_##name = (code),
enum { MUSTER_REPORT_MAP(MUSTER_REPORT_ENUM) };
#undef MUSTER_REPORT_ENUM

struct muster_report {
    uint32_t size;
    uint32_t kind;                  /* MUSTER_REPORT_... */
    muster_report_ticket_id ticket; /* complete with host->report->complete */
    struct muster_bytes json;       /* one JSON object */
};

/* MATCH_RESULT: MatchResults of docs/protocol.md with "gameMode", "mapName" and "completedAt" (Unix
 * ms); told at the end of the match, before the lobby goes on. */
struct muster_reporter {
    uint32_t size;
    uint32_t reserved;
    /* [required] ACCEPT: delivered; REJECT: try again later (the host backs off and repeats, up to
     * report.attemptsMax); PENDING: by ticket. */
    muster_verdict (*deliver)(void *instance, const struct muster_report *report);
};

/* ---- database: rows, asynchronously -------------------------------------------------------- */

enum {
    MUSTER_DB_NULL = 0,
    MUSTER_DB_INT = 1,
    MUSTER_DB_REAL = 2,
    MUSTER_DB_TEXT = 3,
    MUSTER_DB_BLOB = 4,
};

struct muster_db_value {
    uint32_t type; /* MUSTER_DB_... */
    uint32_t reserved;
    union {
        int64_t integer;
        double real;
        struct muster_bytes bytes; /* TEXT (UTF-8) and BLOB */
    };
};

/* Values of statements. A text is borrowed, as long as the statement is. */
static inline struct muster_db_value muster_db_text(const char *text) {
    struct muster_db_value value = {MUSTER_DB_TEXT, 0, {0}};
    value.bytes.data = text;
    value.bytes.len = strlen(text);
    return value;
}

/* "" is NULL. */
static inline struct muster_db_value muster_db_text_or_null(const char *text) {
    struct muster_db_value null = {MUSTER_DB_NULL, 0, {0}};
    return text[0] ? muster_db_text(text) : null;
}

static inline struct muster_db_value muster_db_integer(int64_t integer) {
    struct muster_db_value value = {MUSTER_DB_INT, 0, {integer}};
    return value;
}

struct muster_db_statement {
    const char *sql; /* one statement; placeholders $1, $2, ... */
    const struct muster_db_value *params;
    uint32_t param_count;
    /* 0: it may change any number of rows. Else so many, or none of the request is done: CONFLICT.
     */
    uint32_t changes;
};

/* How sure a write must be: both are bits. */
enum {
    MUSTER_DB_SYNCED = 1, /* on the disk before it counts as written (accounts, results) */
    /* Taken over by the host, which tries until it is written, also after a restart: for what must
     * not be lost and that nobody waits for (host->db->query only; fn null, no ticket). In order
     * with all else that is kept. It may run twice and must come to the same then, so no statement
     * demands changes; text must be UTF-8, all of it at most 2 MiB. */
    MUSTER_DB_KEPT = 2,
};

/* What a request lets the database do: both are bits. Neither goes with `durable`. */
enum {
    MUSTER_DB_READ_ONLY = 1, /* it changes nothing: a statement that would is DENIED */
    /* It runs beside others, and its answer may come before theirs. With READ_ONLY another
     * connection may answer, or a copy that is a little behind: what was asked before it need not
     * be seen. Without it a request sees all that was asked before. */
    MUSTER_DB_UNORDERED = 2,
};

/* Statements of one request run in one transaction: all or none. */
struct muster_db_request {
    uint32_t size;
    uint32_t statement_count; /* 1 to 64 */
    const struct muster_db_statement *statements;
    uint32_t durable; /* 0, or MUSTER_DB_SYNCED | MUSTER_DB_KEPT; a database sees 0 or 1 */
    uint32_t flags;   /* 0, or MUSTER_DB_READ_ONLY | MUSTER_DB_UNORDERED */
    /* Which: the instance of a database plugin. Null or "": the first of the node. */
    const char *database;
};

/* The rows of the request's last statement. cells: row_count * column_count, row by row. */
struct muster_db_rows {
    uint32_t size;
    uint32_t column_count;
    uint32_t row_count;
    uint32_t reserved;
    const char *const *columns;
    const struct muster_db_value *cells;
    int64_t changes; /* rows changed by the last statement */
};

struct muster_database {
    uint32_t size;
    uint32_t reserved;
    /* [required] Copy what is needed and return; answer exactly once with host->db->complete, on
     * the loop thread, in the order submitted but for what is UNORDERED, which may also be treated
     * as the others are. LIMIT when the queue is full. */
    muster_status (*submit)(void *instance, muster_db_ticket_id ticket,
                            const struct muster_db_request *request);
    /* [required] Bring the component's schema to step_count: steps[i] is run once, in order, each
     * in a transaction, and remembered under the component's name. Answered like submit. */
    muster_status (*migrate)(void *instance, muster_db_ticket_id ticket, const char *component,
                             const char *const *steps, uint32_t step_count);
    /* Copy what is committed to a new file at path, whole or not at all, while requests go on; a
     * file that is there stays as it is (EXISTS). Answered like submit, in any order; why it failed
     * is logged. Without it the operator is told to use the database's own tools. */
    muster_status (*backup)(void *instance, muster_db_ticket_id ticket, const char *path);
};

/* ---- kv: values by key, for a while, and messages ------------------------------------------- */

#define MUSTER_KV_KEY_MAX 256     /* bytes of a key or a channel, NUL included */
#define MUSTER_KV_VALUE_MAX 65536 /* bytes of a value or a message */

/* What a request does with its key, and what it ends with beside OK. */
enum {
    MUSTER_KV_GET = 1, /* NOT_FOUND: there is none */
    MUSTER_KV_SET = 2, /* CONFLICT: its condition does not hold */
    /* Only with MUSTER_KV_ALWAYS or IF_SAME. NOT_FOUND: there is none; CONFLICT: as SET. */
    MUSTER_KV_REMOVE = 3,
    /* The value is a number in decimal digits; where there is none it begins at 0 and ends after
     * expires_ms, later ones do not change that. INVALID: it is no number, or would be too big. */
    MUSTER_KV_INCREASE = 4,
    MUSTER_KV_PUBLISH = 5, /* key: the channel; value: the message */
};

enum {
    MUSTER_KV_ALWAYS = 0,
    MUSTER_KV_IF_ABSENT = 1,
    MUSTER_KV_IF_SAME = 2, /* the value that is there is `expected` */
};

/* One step: nothing else happens to the key meanwhile. */
struct muster_kv_request {
    uint32_t size;
    uint32_t kind;   /* MUSTER_KV_GET ... */
    const char *key; /* not empty; begin it with the plugin's name and '/': all share them */
    struct muster_bytes value;
    struct muster_bytes expected; /* of IF_SAME */
    uint32_t condition;           /* MUSTER_KV_ALWAYS ...: of SET and REMOVE */
    uint32_t expires_ms;          /* of SET and INCREASE; 0: never */
    int64_t by;                   /* of INCREASE; may be negative */
};

struct muster_kv_answer {
    uint32_t size;
    uint32_t reserved;
    struct muster_bytes value; /* of GET */
    int64_t number;            /* of INCREASE: what it is now */
};

/* A plugin's, of this node alone or of many: what is not seen by the others is none of the role's.
 * Values may be lost, with the process or the store: what must not be is the database's. */
struct muster_kv {
    uint32_t size;
    uint32_t reserved;
    /* [required] Copy what is needed and return; answer exactly once with host->kv->complete, on
     * the loop thread. What concerns one key or channel is done in the order submitted. LIMIT: no
     * room for more. */
    muster_status (*submit)(void *instance, muster_kv_ticket_id ticket,
                            const struct muster_kv_request *request);
    /* [required] From now on hand over each message of the channel with host->kv->deliver, in the
     * order in which they were published, until unsubscribe. The host asks once for a channel,
     * however many plugins listen, and the next generation again. In these two the provider
     * changes nothing of what it listens to itself (STATE). */
    muster_status (*subscribe)(void *instance, const char *channel);
    /* [required] */
    void (*unsubscribe)(void *instance, const char *channel);
};

/* ---- service: anything beside the match ---------------------------------------------------- */

/* Routes, timers, sockets; works through the lifecycle and the host alone. */
struct muster_service {
    uint32_t size;
    uint32_t reserved;
};

#ifdef __cplusplus
}
#endif
#endif
