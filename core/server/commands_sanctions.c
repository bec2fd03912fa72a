/* Commands about sanctions: ban, mute, warn, whitelist. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands.h"
#include "config.h"
#include "loop.h"
#include "moderation.h"
#include "status.h"

#define FOR_EVER "perm"
#define NOTE_MARK "// "
#define ID_MARK "id:"
#define PERIOD_DIGITS_MAX 6

/* ---- who ------------------------------------------------------------------------------------- */

typedef void (*with_player_fn)(struct run *run, struct sanction *sanction);

/* Who is meant, while the keeper is asked for those who are not here. */
struct wish {
    struct run *run;
    with_player_fn then;
    with_player_fn unknown;
    struct sanction sanction;
};

static void name_session(struct sanction *sanction, const struct session *session) {
    memcpy(sanction->player_key, session->player_key, sizeof sanction->player_key);
    memcpy(sanction->name, session->display_name, sizeof sanction->name);
    bool is_guest = session->account == MUSTER_ACCOUNT_GUEST;
    bool has_address = is_guest && address_prefix_read(session->address, &sanction->address);
    if (!has_address) sanction->address.bits = 0;
    if (!has_address) return;
    /* A guest is a new one the next minute; who has one IPv6 address has its /64. */
    sanction->guests_only = true;
    if (!address_is_mapped(sanction->address.bytes)) address_prefix_cut(&sanction->address, 64);
}

static void on_player(void *user, muster_status status, const void *answer) {
    const struct moderation_player *player = answer;
    struct wish wish = *(struct wish *)user;
    free(user);
    if (status == MUSTER_NOT_FOUND) {
        wish.unknown(wish.run, &wish.sanction);
    } else if (status) {
        command_fail(wish.run, status, "the database did not answer: %s", status_text(status));
    } else {
        snprintf(wish.sanction.player_key, sizeof wish.sanction.player_key, "%s",
                 player->player_key);
        snprintf(wish.sanction.name, sizeof wish.sanction.name, "%s", player->display_name);
        wish.then(wish.run, &wish.sanction);
    }
}

static void fail_unknown(struct run *run, struct sanction *sanction) {
    (void)sanction;
    command_fail(run, MUSTER_NOT_FOUND, "no such player");
}

/* By playerId or user name, of those who have been here: `then` has player and name filled in,
 * `unknown` the sanction as it was given. */
static void ask_keeper(struct run *run, const char *word, struct sanction *sanction,
                       with_player_fn then, with_player_fn unknown) {
    struct wish *wish = malloc(sizeof *wish);
    muster_status status = wish ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (wish) *wish = (struct wish){run, then, unknown, *sanction};
    if (!status) status = moderation_find_player(word, on_player, wish);
    if (!status) return;
    free(wish);
    if (status == MUSTER_UNAVAILABLE)
        unknown(run, sanction);
    else
        command_fail(run, status, "the database was not asked: %s", status_text(status));
}

static void with_player(struct run *run, const char *word, struct sanction *sanction,
                        with_player_fn then, with_player_fn unknown) {
    struct session *session;
    if (!command_find_here(run, word, &session)) return;
    if (!session) {
        ask_keeper(run, word, sanction, then, unknown);
    } else if (command_may_touch(run, session)) {
        name_session(sanction, session);
        then(run, sanction);
    }
}

/* ---- how long, why --------------------------------------------------------------------------- */

static int64_t unit_ms(char unit) {
    switch (unit) {
    case 's': return 1000;
    case 'm': return 60 * 1000;
    case 'h': return 3600 * 1000;
    case 'd': return 86400 * 1000;
    case 'w': return 7 * 86400 * (int64_t)1000;
    default: return 0;
    }
}

bool command_period(const char *word, int64_t *out_ms) {
    size_t digits = strspn(word, "0123456789");
    if (digits < 1 || digits > PERIOD_DIGITS_MAX || strlen(word) != digits + 1) return false;
    *out_ms = strtoll(word, NULL, 10) * unit_ms(word[digits]);
    return *out_ms > 0;
}

/* From now, or "perm". */
static bool read_period(const char *word, struct sanction *sanction) {
    int64_t ms;
    bool is_period = command_period(word, &ms);
    sanction->created_ms = loop_unix_ms();
    sanction->until_ms = is_period ? sanction->created_ms + ms : 0;
    return is_period || strcmp(word, FOR_EVER) == 0;
}

/* False: the run has ended. A mistyped time must not become a reason, and the ban one for good. */
static bool take_period(struct run *run, struct sanction *sanction) {
    char word[PERIOD_DIGITS_MAX + 2];
    size_t len = strcspn(run->arguments, " \t");
    snprintf(word, sizeof word, "%.*s", (int)len, run->arguments);
    if (len < sizeof word && read_period(word, sanction)) {
        (void)command_word(run);
        return true;
    }
    if (!isdigit((unsigned char)word[0])) return true;
    command_fail(
        run, MUSTER_INVALID,
        "expected a time like 30s, 15m, 12h, 7d, 4w or perm, found \"%.*s\"; a reason that "
        "begins with a digit needs one before it",
        (int)(len < 32 ? len : 32), run->arguments);
    return false;
}

/* REASON, then "// NOTE". False: one of them is too long, the run has failed. */
static bool take_reason(struct run *run, struct sanction *sanction, const char *otherwise) {
    char *text = run->arguments;
    bool only_note = strncmp(text, NOTE_MARK, strlen(NOTE_MARK)) == 0;
    char *note = only_note ? text : strstr(text, " " NOTE_MARK);
    if (note) {
        const char *from = note + strlen(NOTE_MARK) + !only_note;
        if (!command_fits(run, "note", from, sizeof sanction->note)) return false;
        snprintf(sanction->note, sizeof sanction->note, "%s", from);
        *note = '\0';
    }
    if (!command_fits(run, "reason", text, sizeof sanction->reason)) return false;
    snprintf(sanction->reason, sizeof sanction->reason, "%s", text);
    size_t len = strlen(sanction->reason);
    while (len > 0 && sanction->reason[len - 1] == ' ') sanction->reason[--len] = '\0';
    if (!text_line_mend(sanction->reason))
        snprintf(sanction->reason, sizeof sanction->reason, "%s", otherwise);
    (void)text_line_mend(sanction->note);
    return true;
}

/* ---- doing it -------------------------------------------------------------------------------- */

static void answer_kept(struct run *run, muster_status status) {
    if (status == MUSTER_LIMIT)
        command_fail(run, status, "there are %u sanctions already", SANCTIONS_MAX);
    else if (status)
        command_fail(run, status, "done until the next start, since it could not be kept: %s",
                     status_text(status));
    else
        command_finish(run);
}

static void describe(struct run *run, const struct sanction *sanction) {
    char end[40], address[ADDRESS_PREFIX_TEXT_MAX] = "";
    bool shows = !sanction->guests_only || config_core->admin.show_addresses;
    moderation_end_text(sanction, end);
    bool has_end = sanction->kind == SANCTION_BAN || sanction->kind == SANCTION_MUTE;
    if (sanction->address.bits) address_prefix_text(&sanction->address, address);
    if (sanction->player_key[0]) command_say(run, " %s", sanction->player_key);
    if (sanction->name[0]) command_say(run, " \"%s\"", sanction->name);
    if (address[0]) command_say(run, " address %s", shows ? address : "hidden");
    if (sanction->guests_only) command_say(run, " (guests)");
    if (has_end) command_say(run, " %s", end);
    command_say(run, " by %s", sanction->actor);
    if (sanction->reason[0]) command_say(run, ": %s", sanction->reason);
    if (sanction->note[0]) command_say(run, " // %s", sanction->note);
}

static void add(struct run *run, struct sanction *sanction) {
    static const char *const words[SANCTION_KINDS] = {"banned", "muted", "warned", "on the list",
                                                      "closed"};
    snprintf(sanction->actor, sizeof sanction->actor, "%s", run->actor);
    command_say(run, "%s", words[sanction->kind]);
    describe(run, sanction);
    answer_kept(run, moderation_add(sanction));
}

enum meant { MEANT_PLAYER, MEANT_ADDRESS, MEANT_NOTHING };

/* Is an address or range meant, which is then in the sanction? NOTHING: the run has ended. */
static enum meant read_address(struct run *run, const char *who, struct sanction *sanction) {
    char address[ADDRESS_TEXT_MAX];
    uint8_t bytes[ADDRESS_BYTES];
    uint32_t count = 0;
    snprintf(address, sizeof address, "%.*s", (int)strcspn(who, "/"), who);
    bool is_range = address_prefix_read(who, &sanction->address);
    bool is_named = command_find_name(who, &count) != NULL;
    if (!is_range) sanction->address.bits = 0;
    if (is_range && is_named) {
        command_fail(run, MUSTER_CONFLICT,
                     "a player is called \"%s\": expected a playerId, or the range in other words",
                     who);
        return MEANT_NOTHING;
    }
    if (is_range) return MEANT_ADDRESS;
    if (!strchr(who, '/') || !address_bytes(address, bytes) || is_named) return MEANT_PLAYER;
    command_fail(run, MUSTER_INVALID, "expected ADDRESS/BITS, 1 to %u bits, found \"%s\"",
                 strchr(address, ':') ? 128 : 32, who);
    return MEANT_NOTHING;
}

static void run_against(struct run *run, enum sanction_kind kind) {
    struct sanction sanction = {.kind = kind};
    char *who = command_word(run);
    if (!take_period(run, &sanction)) return;
    if (!take_reason(run, &sanction, "no reason was given")) return;
    enum meant meant = read_address(run, who, &sanction);
    if (meant == MEANT_ADDRESS) add(run, &sanction);
    if (meant == MEANT_PLAYER) with_player(run, who, &sanction, add, fail_unknown);
}

void command_ban(struct run *run) {
    run_against(run, SANCTION_BAN);
}

void command_mute(struct run *run) {
    run_against(run, SANCTION_MUTE);
}

/* Somebody who is here: a warning that nobody hears is none. */
void command_warn(struct run *run) {
    struct sanction sanction = {.kind = SANCTION_WARN};
    const struct session *session = command_find_session(run, command_word(run));
    if (!session || !command_may_touch(run, session)) return;
    if (!take_reason(run, &sanction, "")) return;
    if (!sanction.reason[0]) {
        command_fail_usage(run);
        return;
    }
    name_session(&sanction, session);
    sanction.address.bits = 0;
    sanction.guests_only = false;
    add(run, &sanction);
}

/* ---- undoing it ------------------------------------------------------------------------------ */

static const char *const sanction_names[SANCTION_KINDS] = {"ban", "mute", "warning",
                                                           "entry of the whitelist", "closing"};

/* Ends those of the player whom the sanction names. */
static void end_player(struct run *run, struct sanction *sanction) {
    uint32_t count = 0;
    muster_status status = moderation_end(sanction->kind, sanction->player_key, &count);
    if (!count) {
        command_fail(run, MUSTER_NOT_FOUND, "no %s of this id, player or address",
                     sanction_names[sanction->kind]);
        return;
    }
    command_say(run, "ended: %s of %s", sanction_names[sanction->kind], sanction->player_key);
    answer_kept(run, status);
}

/* WHO or the id of a sanction. A player need not be here any more, nor have ever been. */
static void end(struct run *run, enum sanction_kind kind, const char *who) {
    uint32_t count = 0;
    struct sanction sanction = {.kind = kind};
    if (!who[0]) {
        command_fail_usage(run);
        return;
    }
    muster_status status = moderation_end(kind, who, &count);
    if (count) {
        command_say(run, "ended: %s of %s", sanction_names[kind], who);
        answer_kept(run, status);
        return;
    }
    struct session *session;
    if (!command_find_here(run, who, &session)) return;
    snprintf(sanction.player_key, sizeof sanction.player_key, "%s",
             session ? session->player_key : who);
    if (session)
        end_player(run, &sanction);
    else
        ask_keeper(run, who, &sanction, end_player, end_player);
}

void command_unban(struct run *run) {
    end(run, SANCTION_BAN, command_word(run));
}

void command_unmute(struct run *run) {
    end(run, SANCTION_MUTE, command_word(run));
}

/* ---- lists ----------------------------------------------------------------------------------- */

static uint32_t list(struct run *run, enum sanction_kind kind) {
    uint32_t index = 0, count = 0;
    for (const struct sanction *s; (s = moderation_next(&index));) {
        if (s->kind != kind) continue;
        command_say(run, "%s", s->key);
        describe(run, s);
        command_say(run, "\n");
        count++;
    }
    return count;
}

void command_bans(struct run *run) {
    command_say(run, "%u bans", list(run, SANCTION_BAN));
    command_finish(run);
}

void command_mutes(struct run *run) {
    command_say(run, "%u mutes", list(run, SANCTION_MUTE));
    command_finish(run);
}

void command_warnings(struct run *run) {
    command_say(run, "%u warnings", list(run, SANCTION_WARN));
    command_finish(run);
}

/* ---- whitelist ------------------------------------------------------------------------------- */

/* What closes the server for others, or null. */
static const struct sanction *closed_by(void) {
    uint32_t index = 0;
    for (const struct sanction *s; (s = moderation_next(&index));)
        if (s->kind == SANCTION_CLOSED) return s;
    return NULL;
}

static void close_to_others(struct run *run) {
    struct sanction closed = {.kind = SANCTION_CLOSED};
    snprintf(closed.actor, sizeof closed.actor, "%s", run->actor);
    command_say(run, "whitelist on");
    answer_kept(run, moderation_add(&closed));
}

static void open_to_all(struct run *run) {
    const struct sanction *closed = closed_by();
    char key[SANCTION_KEY_SIZE] = "";
    uint32_t count;
    if (closed) memcpy(key, closed->key, sizeof key);
    command_say(run, "whitelist off");
    answer_kept(run, moderation_end(SANCTION_CLOSED, key, &count));
}

/* With a database nobody is on the list by a name that it does not know: an id is told from a name
 * that somebody might choose by its mark. */
static void refuse_name(struct run *run, struct sanction *sanction) {
    (void)sanction;
    command_fail(
        run, MUSTER_NOT_FOUND,
        "nobody of this id or user name has been here: let them register first, or give the "
        "playerId that they will come with as " ID_MARK "PLAYERID");
}

static void allow(struct run *run) {
    struct sanction sanction = {.kind = SANCTION_ALLOW};
    char *who = command_word(run);
    if (!take_reason(run, &sanction, "")) return;
    bool is_id = strncmp(who, ID_MARK, strlen(ID_MARK)) == 0;
    if (is_id) who += strlen(ID_MARK);
    enum meant meant = is_id ? MEANT_PLAYER : read_address(run, who, &sanction);
    if (meant == MEANT_ADDRESS) add(run, &sanction);
    if (meant != MEANT_PLAYER) return;
    snprintf(sanction.player_key, sizeof sanction.player_key, "%s", is_id ? who : "");
    if (sanction.player_key[0])
        add(run, &sanction);
    else
        with_player(run, who, &sanction, add, refuse_name);
}

void command_whitelist(struct run *run) {
    const char *word = command_word(run);
    if (strcmp(word, "on") == 0) {
        close_to_others(run);
    } else if (strcmp(word, "off") == 0) {
        open_to_all(run);
    } else if (strcmp(word, "add") == 0) {
        allow(run);
    } else if (strcmp(word, "remove") == 0) {
        end(run, SANCTION_ALLOW, command_word(run));
    } else if (word[0] == '\0') {
        uint32_t count = list(run, SANCTION_ALLOW);
        command_say(run, "whitelist %s, %u entries", closed_by() ? "on" : "off", count);
        command_finish(run);
    } else {
        command_fail_usage(run);
    }
}
