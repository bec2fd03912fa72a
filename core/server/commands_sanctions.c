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
#include "store.h"

#define FOR_EVER "perm"
#define NOTE_MARK "// "
#define PERIOD_DIGITS_MAX 6

/* ---- who ------------------------------------------------------------------------------------- */

/* Who is meant, while the database is asked for those who are not here. */
struct wish {
    struct run *run;
    void (*then)(struct run *run, struct sanction *sanction);
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

static void copy_cell(const struct muster_db_value *value, char *out, size_t size) {
    size_t len = value->type == MUSTER_DB_TEXT ? value->bytes.len : 0;
    if (len >= size) len = size - 1;
    if (len) memcpy(out, value->bytes.data, len);
    out[len] = '\0';
}

static void on_player(void *user, muster_status status, const struct muster_db_rows *rows) {
    struct wish wish = *(struct wish *)user;
    free(user);
    if (status || rows->row_count == 0) {
        if (!status && wish.sanction.player_key[0])
            wish.then(wish.run, &wish.sanction);
        else if (!status)
            run_fail(wish.run, MUSTER_NOT_FOUND, "no such player");
        else
            run_fail(wish.run, status, "the database did not answer: %s", status_text(status));
        return;
    }
    copy_cell(&rows->cells[0], wish.sanction.player_key, sizeof wish.sanction.player_key);
    copy_cell(&rows->cells[1], wish.sanction.name, sizeof wish.sanction.name);
    wish.then(wish.run, &wish.sanction);
}

/* By playerId or user name, of those who have been here; where the sanction has a player already,
 * it may be somebody who has not. */
static void ask_database(struct run *run, const char *word, struct sanction *sanction,
                         void (*then)(struct run *run, struct sanction *sanction)) {
    char username[MUSTER_PLAYER_KEY_MAX];
    size_t len = 0;
    for (; word[len] && len + 1 < sizeof username; len++)
        username[len] = (char)tolower((unsigned char)word[len]);
    username[len] = '\0';
    const struct muster_db_value values[] = {
        {.type = MUSTER_DB_TEXT, .bytes = {word, strlen(word)}},
        {.type = MUSTER_DB_TEXT, .bytes = {username, len}}};
    const struct muster_db_statement statement = {
        "SELECT player_id, display_name FROM players WHERE player_id = $1 OR username = $2"
        " ORDER BY player_id = $1 DESC LIMIT 1",
        values, 2, 0};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &statement};
    struct wish *wish = malloc(sizeof *wish);
    muster_status status = wish ? MUSTER_OK : MUSTER_NO_MEMORY;
    if (wish) *wish = (struct wish){run, then, *sanction};
    if (!status) status = store_submit(NULL, &request, on_player, wish, NULL);
    if (!status) return;
    free(wish);
    if (status == MUSTER_UNAVAILABLE && sanction->player_key[0])
        then(run, sanction);
    else
        run_fail(run, status == MUSTER_UNAVAILABLE ? MUSTER_NOT_FOUND : status, "no such player");
}

static void with_player(struct run *run, const char *word, struct sanction *sanction,
                        void (*then)(struct run *run, struct sanction *sanction)) {
    uint32_t count = 0;
    struct session *session = session_find_key(word);
    if (!session) session = run_find_name(word, &count);
    if (!word[0]) {
        run_fail_usage(run);
    } else if (count > 1) {
        run_fail(run, MUSTER_CONFLICT, "%u players are called \"%s\": expected a playerId", count,
                 word);
    } else if (!session) {
        ask_database(run, word, sanction, then);
    } else if (run_may_touch(run, session)) {
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

/* "30m", "12h", "7d" from now, or "perm". False: the word is something else. */
static bool read_period(const char *word, int64_t *until_ms) {
    size_t digits = strspn(word, "0123456789");
    *until_ms = 0;
    if (strcmp(word, FOR_EVER) == 0) return true;
    if (digits < 1 || digits > PERIOD_DIGITS_MAX || strlen(word) != digits + 1) return false;
    int64_t unit = unit_ms(word[digits]), count = strtoll(word, NULL, 10);
    if (!unit || !count) return false;
    *until_ms = loop_unix_ms() + count * unit;
    return true;
}

static void take_period(struct run *run, struct sanction *sanction) {
    char word[PERIOD_DIGITS_MAX + 2];
    size_t len = strcspn(run->arguments, " \t");
    if (len >= sizeof word) return;
    memcpy(word, run->arguments, len);
    word[len] = '\0';
    if (read_period(word, &sanction->until_ms)) (void)run_word(run);
}

/* REASON, then "// NOTE". */
static void take_reason(struct run *run, struct sanction *sanction, const char *otherwise) {
    char *text = run->arguments;
    bool only_note = strncmp(text, NOTE_MARK, strlen(NOTE_MARK)) == 0;
    char *note = only_note ? text : strstr(text, " " NOTE_MARK);
    if (note) {
        const char *from = note + strlen(NOTE_MARK) + !only_note;
        snprintf(sanction->note, sizeof sanction->note, "%s", from);
        *note = '\0';
    }
    snprintf(sanction->reason, sizeof sanction->reason, "%s", text);
    size_t len = strlen(sanction->reason);
    while (len > 0 && sanction->reason[len - 1] == ' ') sanction->reason[--len] = '\0';
    if (!text_line_mend(sanction->reason))
        snprintf(sanction->reason, sizeof sanction->reason, "%s", otherwise);
    (void)text_line_mend(sanction->note);
}

/* ---- doing it -------------------------------------------------------------------------------- */

static void answer_kept(struct run *run, muster_status status) {
    if (status == MUSTER_LIMIT)
        run_fail(run, status, "there are %u sanctions already", SANCTIONS_MAX);
    else if (status)
        run_fail(run, status, "done until the next start, since it could not be kept: %s",
                 status_text(status));
    else
        run_answer(run);
}

static void describe(struct run *run, const struct sanction *sanction) {
    char end[40], address[ADDRESS_PREFIX_TEXT_MAX] = "";
    bool shows = !sanction->guests_only || config_bool("admin", "showAddresses");
    sanction_end_text(sanction, end);
    if (sanction->address.bits) address_prefix_text(&sanction->address, address);
    if (sanction->player_key[0]) run_say(run, " %s \"%s\"", sanction->player_key, sanction->name);
    if (address[0]) run_say(run, " address %s", shows ? address : "hidden");
    if (sanction->guests_only) run_say(run, " (guests)");
    run_say(run, " %s by %s: %s", end, sanction->actor, sanction->reason);
    if (sanction->note[0]) run_say(run, " // %s", sanction->note);
}

static void add(struct run *run, struct sanction *sanction) {
    static const char *const words[SANCTION_KINDS] = {"banned", "muted", "warned", "on the list",
                                                      "closed"};
    snprintf(sanction->actor, sizeof sanction->actor, "%s", run->actor);
    run_say(run, "%s", words[sanction->kind]);
    describe(run, sanction);
    answer_kept(run, moderation_add(sanction));
}

static void run_against(struct run *run, enum sanction_kind kind) {
    struct sanction sanction = {.kind = kind};
    char *who = run_word(run);
    take_period(run, &sanction);
    take_reason(run, &sanction, "no reason was given");
    if (address_prefix_read(who, &sanction.address)) {
        add(run, &sanction);
        return;
    }
    sanction.address.bits = 0;
    with_player(run, who, &sanction, add);
}

void run_ban(struct run *run) {
    run_against(run, SANCTION_BAN);
}

void run_mute(struct run *run) {
    run_against(run, SANCTION_MUTE);
}

/* Somebody who is here: a warning that nobody hears is none. */
void run_warn(struct run *run) {
    struct sanction sanction = {.kind = SANCTION_WARN};
    const struct session *session = run_find_session(run, run_word(run));
    if (!session || !run_may_touch(run, session)) return;
    take_reason(run, &sanction, "");
    if (!sanction.reason[0]) {
        run_fail_usage(run);
        return;
    }
    name_session(&sanction, session);
    sanction.address.bits = 0;
    sanction.guests_only = false;
    add(run, &sanction);
}

/* ---- undoing it ------------------------------------------------------------------------------ */

static void end(struct run *run, enum sanction_kind kind, const char *who) {
    uint32_t named = 0, count = 0;
    const struct session *session = run_find_name(who, &named);
    if (!who[0]) {
        run_fail_usage(run);
        return;
    }
    muster_status status = moderation_end(kind, who, &count);
    if (!count && named == 1) status = moderation_end(kind, session->player_key, &count);
    if (!count) {
        run_fail(run, MUSTER_NOT_FOUND, "no %s has this id, player or address",
                 sanction_kind_text(kind));
        return;
    }
    run_say(run, "ended: %s %s", sanction_kind_text(kind), who);
    answer_kept(run, status);
}

void run_unban(struct run *run) {
    end(run, SANCTION_BAN, run_word(run));
}

void run_unmute(struct run *run) {
    end(run, SANCTION_MUTE, run_word(run));
}

/* ---- lists ----------------------------------------------------------------------------------- */

static uint32_t list(struct run *run, enum sanction_kind kind) {
    uint32_t index = 0, count = 0;
    for (const struct sanction *s; (s = moderation_next(&index));) {
        if (s->kind != kind) continue;
        run_say(run, "%s", s->key);
        describe(run, s);
        run_say(run, "\n");
        count++;
    }
    return count;
}

void run_bans(struct run *run) {
    run_say(run, "%u bans", list(run, SANCTION_BAN));
    run_answer(run);
}

void run_mutes(struct run *run) {
    run_say(run, "%u mutes", list(run, SANCTION_MUTE));
    run_answer(run);
}

void run_warnings(struct run *run) {
    run_say(run, "%u warnings", list(run, SANCTION_WARN));
    run_answer(run);
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
    run_say(run, "whitelist on");
    answer_kept(run, moderation_add(&closed));
}

static void open_to_all(struct run *run) {
    const struct sanction *closed = closed_by();
    char key[SANCTION_KEY_SIZE] = "";
    uint32_t count;
    if (closed) memcpy(key, closed->key, sizeof key);
    run_say(run, "whitelist off");
    answer_kept(run, moderation_end(SANCTION_CLOSED, key, &count));
}

static void allow(struct run *run) {
    struct sanction sanction = {.kind = SANCTION_ALLOW};
    char *who = run_word(run);
    take_reason(run, &sanction, "");
    bool is_address = address_prefix_read(who, &sanction.address);
    if (!is_address) sanction.address.bits = 0;
    if (!is_address) snprintf(sanction.player_key, sizeof sanction.player_key, "%s", who);
    if (is_address)
        add(run, &sanction);
    else
        with_player(run, who, &sanction, add);
}

void run_whitelist(struct run *run) {
    const char *word = run_word(run);
    if (strcmp(word, "on") == 0) {
        close_to_others(run);
    } else if (strcmp(word, "off") == 0) {
        open_to_all(run);
    } else if (strcmp(word, "add") == 0) {
        allow(run);
    } else if (strcmp(word, "remove") == 0) {
        end(run, SANCTION_ALLOW, run_word(run));
    } else if (word[0] == '\0') {
        uint32_t count = list(run, SANCTION_ALLOW);
        run_say(run, "whitelist %s, %u entries", closed_by() ? "on" : "off", count);
        run_answer(run);
    } else {
        run_fail_usage(run);
    }
}
