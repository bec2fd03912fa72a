#include "upgrade.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "crash_page.h"
#include "crashes.h"
#include "lobby_journal.h"
#include "log.h"
#include "loop.h"
#include "memory.h"
#include "net.h"
#include "notices.h"
#include "outbox.h"
#include "paths.h"
#include "server.h"
#include "service.h"
#include "shutdown.h"
#include "store.h"
#include "untrusted.h"

#define QUIET_WAIT_MS 5000  /* until nothing is on its way to a file; matches go on meanwhile */
#define AGREE_WAIT_MS 3000  /* this server stands still */
#define END_WAIT_MS 2000    /* for the end of the other one, which the supervisor sees to */
#define STAND_WAIT_MS 60000 /* longer than the supervisor's patience */
#define CLIENTS_PER_MS 10   /* come over together */
#define CLOSE_UPGRADED 4101
#define LEAVE_NICE 19

/* A lobby that stands. */
struct stood {
    char key[TICKET_UUID_SIZE];
    uint32_t tick;
    uint64_t hash;
    bool is_restored;
};

static struct {
    int channel;      /* -1: there is no supervisor */
    pid_t supervisor; /* 0: there was none */
    bool is_beside;
    struct loop_poll *poll;
    bool is_asked;
    bool is_ready; /* the other one */
    upgrade_fn fn;
    void *user;
    struct stood *stood;
    uint32_t stood_count;
    uint64_t since_us;
} upgrade = {.channel = -1};

static const char gone[] = "the supervisor is gone";

void upgrade_init(void) {
    upgrade.channel = service_socket("upgrade");
    upgrade.is_beside = upgrade.channel >= 0;
    if (!upgrade.is_beside) upgrade.channel = service_socket("supervisor");
    if (upgrade.channel < 0) return;
    upgrade.supervisor = getppid();
    memory_want();
}

bool upgrade_is_orphan(void) {
    return upgrade.supervisor && getppid() != upgrade.supervisor;
}

/* ---- asked for ------------------------------------------------------------------------------- */

static void finish(const char *why) {
    if (!upgrade.is_asked) return;
    upgrade.is_asked = upgrade.is_ready = false;
    if (why) log_write_lines(MUSTER_LOG_WARN, "upgrade", "this server goes on: ", why);
    upgrade.fn(upgrade.user, why);
}

static void close_channel(void) {
    loop_poll_stop(upgrade.poll);
    upgrade.poll = NULL;
    if (upgrade.channel >= 0) close(upgrade.channel);
    upgrade.channel = -1;
}

static void on_message(void *user, uint32_t events, muster_status status) {
    struct channel_message message;
    (void)user;
    (void)events;
    if (!status) status = channel_receive(upgrade.channel, 0, &message);
    if (status == MUSTER_TIMEOUT || status == MUSTER_INVALID) return;
    if (status) {
        close_channel();
        finish(gone);
        shutdown_leave(gone);
    } else if (message.kind == CHANNEL_REFUSED) {
        finish(message.text);
    } else if (message.kind == CHANNEL_READY && upgrade.is_asked) {
        upgrade.is_ready = true;
        loop_stop();
    }
}

void upgrade_watch(void) {
    if (upgrade.channel < 0) return;
    (void)channel_say(upgrade.channel, CHANNEL_READY, "");
    if (crashes_last_is_settled()) (void)channel_say(upgrade.channel, CHANNEL_SETTLED, "");
    upgrade.poll = loop_poll_start(upgrade.channel, MUSTER_POLL_READ, on_message, NULL);
    if (!upgrade.poll) close_channel();
}

const char *upgrade_begin(const char *path, upgrade_fn fn, void *user) {
    if (upgrade.channel < 0)
        return "nobody is there to start another server beside this one: start musterd with "
               "--supervise; with the new program in its place, restart ends no match either";
    if (upgrade.is_asked) return "one is under way";
    if (lobby_draining()) return "the server drains";
    if (shutdown_restart_s()) return "a restart is set";
    if (strlen(path) >= CHANNEL_TEXT_MAX) return "the path is too long";
    if (channel_say(upgrade.channel, CHANNEL_UPGRADE, path)) return "the supervisor does not hear";
    upgrade.is_asked = true;
    upgrade.fn = fn;
    upgrade.user = user;
    return NULL;
}

void upgrade_deinit(void) {
    finish("the server stops");
    close_channel();
}

/* ---- standing still -------------------------------------------------------------------------- */

static bool is_quiet(void *user) {
    (void)user;
    return shutdown_begun() || (outbox_is_empty() && store_waiting() == 0 && loop_quiet());
}

/* What is not written yet is to be. */
static void tell_plugins(uint32_t value) {
    notices_emit(&(struct muster_notice){.size = sizeof(struct muster_notice),
                                         .kind = MUSTER_NOTICE_SERVER_RESTARTING,
                                         .seat = MUSTER_SEAT_NONE,
                                         .value = value});
}

static void take_back(void) {
    muster_lobby_id id = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id));) {
        if (lobby->match) record_lend(lobby->match->record, false);
        lobby_journal_take_back(lobby);
    }
}

/* Null: all are saved, and other processes may go on with them. */
static const char *stand(void) {
    muster_lobby_id id = {0};
    upgrade.since_us = loop_now_us();
    upgrade.stood_count = 0;
    upgrade.stood = calloc(lobby_count() + 1, sizeof *upgrade.stood);
    if (!upgrade.stood) return "out of memory";
    for (struct lobby *lobby; (lobby = lobby_next(&id));) {
        struct stood *stood = &upgrade.stood[upgrade.stood_count++];
        memcpy(stood->key, lobby->key, sizeof stood->key);
        stood->tick = lobby->match ? lobby->match->tick : 0;
        stood->hash = lobby_hash(lobby);
        if (!lobby_journal_leave(lobby)) {
            take_back();
            return "a lobby cannot be saved: see the log";
        }
        if (lobby->match) record_lend(lobby->match->record, true);
    }
    checkpoint_lend(true);
    crash_page_lend();
    paths_lend();
    return NULL;
}

/* The other one is gone. */
static void go_on(const char *why) {
    char error[PATHS_ERROR_MAX] = "";
    if (paths_take_back(error)) {
        log_error("upgrade", "%s", error);
        shutdown_now("the data directory is another's");
    }
    crash_page_take_back();
    checkpoint_lend(false);
    take_back();
    log_info("upgrade", "%u lobbies stood for %llu ms", upgrade.stood_count,
             (unsigned long long)(loop_now_us() - upgrade.since_us) / 1000);
    finish(why);
}

static bool note_restored(const struct channel_message *message, char *why) {
    for (uint32_t i = 0; i < upgrade.stood_count; i++) {
        struct stood *stood = &upgrade.stood[i];
        if (strcmp(stood->key, message->text) != 0 || stood->is_restored) continue;
        stood->is_restored = true;
        if (stood->tick == message->tick && stood->hash == message->hash) return true;
        snprintf(why, CHANNEL_TEXT_MAX,
                 "lobby %s is another one there, at tick %u: %016llx, not %016llx", stood->key,
                 message->tick, (unsigned long long)message->hash, (unsigned long long)stood->hash);
        return false;
    }
    snprintf(why, CHANNEL_TEXT_MAX, "it has a lobby that is not here");
    return false;
}

static bool all_are_restored(char *why) {
    for (uint32_t i = 0; i < upgrade.stood_count; i++) {
        if (upgrade.stood[i].is_restored) continue;
        snprintf(why, CHANNEL_TEXT_MAX, "it has no lobby %s", upgrade.stood[i].key);
        return false;
    }
    return true;
}

/* Nothing else is done meanwhile. False: *is_gone: the other one has ended. */
static bool wait_for_restored(char *why, bool *is_gone) {
    uint64_t until_us = upgrade.since_us + AGREE_WAIT_MS * 1000;
    for (struct channel_message message = {0};;) {
        uint64_t at_us = loop_now_us();
        uint32_t left_ms = at_us < until_us ? (uint32_t)((until_us - at_us) / 1000) : 0;
        muster_status status = channel_receive(upgrade.channel, left_ms, &message);
        *is_gone = status == MUSTER_CLOSED || (!status && message.kind == CHANNEL_REFUSED);
        if (status)
            snprintf(why, CHANNEL_TEXT_MAX, "it has not restored all within %d ms", AGREE_WAIT_MS);
        else if (message.kind == CHANNEL_REFUSED)
            snprintf(why, CHANNEL_TEXT_MAX, "%s", message.text);
        else if (message.kind == CHANNEL_RESTORED)
            return all_are_restored(why);
        else if (message.kind != CHANNEL_LOBBY || note_restored(&message, why))
            continue;
        return false;
    }
}

static void wait_for_its_end(const char *why) {
    struct channel_message message = {0};
    (void)channel_say(upgrade.channel, CHANNEL_REFUSED, why);
    while (message.kind != CHANNEL_REFUSED)
        if (channel_receive(upgrade.channel, END_WAIT_MS, &message)) return;
}

/* ---- sending clients over -------------------------------------------------------------------- */

static void send_over(const struct session *session, uint32_t after_ms) {
    char reason[64];
    if (!session->client || session->client->closing) return;
    snprintf(reason, sizeof reason, "{\"resumeAfterMs\":%u}", after_ms);
    client_close(session->client, CLOSE_UPGRADED, reason);
}

/* Those of a lobby come together, since they wait for each other; one lobby after the other. */
static void send_all_over(void) {
    uint32_t count = lobby_count(), window_ms = session_connected_count() / CLIENTS_PER_MS, i = 0;
    muster_lobby_id id = {0};
    muster_player_id player = {0};
    for (struct lobby *lobby; (lobby = lobby_next(&id)); i++) {
        for (uint32_t at = 0; at < lobby_members_end(lobby); at++) {
            const struct session *session = session_find(lobby->members[at].player);
            uint32_t begin_ms = (uint32_t)((uint64_t)window_ms * i / count);
            if (session) send_over(session, begin_ms + randombytes_uniform(window_ms / count + 1));
        }
    }
    for (const struct session *session; (session = session_next(&player));)
        send_over(session, window_ms + randombytes_uniform(window_ms + 1));
}

/* Nobody waits for the end of this process; for the other one all of the clients do. */
static void give_way(void) {
    if (!untrusted_locked()) (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LEAVE_NICE);
}

static void leave(void) {
    muster_lobby_id id = {0};
    crash_page_close();
    log_info("upgrade", "%u lobbies go on in another process after %llu ms", upgrade.stood_count,
             (unsigned long long)(loop_now_us() - upgrade.since_us) / 1000);
    net_stop_listening();
    loop_stdin_stop();
    finish(NULL);
    send_all_over();
    give_way();
    for (struct lobby *lobby; (lobby = lobby_next(&id));) lobby_let_go(lobby);
    shutdown_now("another server has taken its place");
}

/* ---- handing over ---------------------------------------------------------------------------- */

/* Not begun: it comes back from the supervisor. */
static void refuse(const char *why) {
    if (channel_say(upgrade.channel, CHANNEL_REFUSED, why)) finish(why);
}

static void stand_and_agree(void) {
    char why[CHANNEL_TEXT_MAX] = "";
    bool is_gone = false;
    const struct channel_message message = {.kind = CHANNEL_STOOD, .count = lobby_count()};
    bool agreed = !channel_send(upgrade.channel, &message) && wait_for_restored(why, &is_gone) &&
                  !channel_say(upgrade.channel, CHANNEL_AGREED, "");
    if (agreed) {
        leave();
        return;
    }
    if (!is_gone) wait_for_its_end(why);
    go_on(why);
}

bool upgrade_hand_over(void) {
    if (!upgrade.is_ready || shutdown_begun()) return false;
    upgrade.is_ready = false;
    log_info("upgrade", "the other server is ready");
    tell_plugins(0);
    bool quiet = loop_run_until(is_quiet, NULL, QUIET_WAIT_MS);
    if (shutdown_begun()) return false;
    const char *fault = quiet ? stand() : "what is to be written is not written yet";
    if (fault)
        refuse(fault);
    else
        stand_and_agree();
    free(upgrade.stood);
    upgrade.stood = NULL;
    if (!shutdown_begun()) tell_plugins(MUSTER_RESTART_CANCELLED);
    return !shutdown_begun();
}

/* ---- the one that takes its place ------------------------------------------------------------ */

bool upgrade_is_beside(void) {
    return upgrade.is_beside;
}

void upgrade_complain(const char *text) {
    if (upgrade.is_beside) (void)channel_say(upgrade.channel, CHANNEL_REFUSED, text);
}

void upgrade_give_up(int exit_code, const char *why) {
    upgrade_complain(why);
    log_error("upgrade", "%s", why);
    log_stop();
    _exit(exit_code);
}

static void wait_for(uint32_t kind) {
    struct channel_message message = {0};
    while (message.kind != kind)
        if (channel_receive(upgrade.channel, STAND_WAIT_MS, &message))
            upgrade_give_up(SERVER_EXIT_INTERNAL, gone);
}

/* Its process group: a terminal lets no other one read the console. */
static void join_supervisor(void) {
    struct ucred supervisor;
    socklen_t size = sizeof supervisor;
    if (getsockopt(upgrade.channel, SOL_SOCKET, SO_PEERCRED, &supervisor, &size) == 0)
        (void)setpgid(0, getpgid(supervisor.pid));
}

void upgrade_take_over(void) {
    char error[PATHS_ERROR_MAX] = "";
    (void)channel_say(upgrade.channel, CHANNEL_READY, "");
    wait_for(CHANNEL_STOOD);
    if (paths_take(error)) upgrade_give_up(SERVER_EXIT_IN_USE, error);
    join_supervisor();
    crashes_open();
}

void upgrade_agree(void) {
    struct channel_message message = {.kind = CHANNEL_RESTORED, .count = lobby_count()};
    muster_lobby_id id = {0};
    if (!upgrade.is_beside) return;
    for (struct lobby *lobby; (lobby = lobby_next(&id));) {
        struct channel_message one = {.kind = CHANNEL_LOBBY, .hash = lobby_hash(lobby)};
        one.tick = lobby->match ? lobby->match->tick : 0;
        snprintf(one.text, sizeof one.text, "%s", lobby->key);
        (void)channel_send(upgrade.channel, &one);
    }
    (void)channel_send(upgrade.channel, &message);
    wait_for(CHANNEL_AGREED);
    upgrade.is_beside = false;
}
