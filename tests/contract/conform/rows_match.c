/* rows_match - host->match. */
#include <string.h>

#include "conform.h"
#include "ended.h"

static char text_out[4000];

/* ---- modes ----------------------------------------------------------------------------------- */

static void mode_case(struct conform *c, const char *what, struct muster_mode_info info) {
    STATUS(c, what, c->host->match->mode_add(c->self, &info));
    if (info.game_mode) (void)c->host->match->mode_remove(c->self, "conform-extra");
}

static const char *const maps[] = {"first", "second"};
static const struct muster_mode_info mode = {.size = sizeof mode,
                                             .players_max = 8,
                                             .game_mode = "conform-extra",
                                             .title = "Extra",
                                             .maps = maps,
                                             .map_count = 2,
                                             .tick_rate_hz = 20,
                                             .view_count = 1,
                                             .snapshot_max_bytes = 1000};
#define MODE_CASE(c, what, ...)                                                                    \
    do {                                                                                           \
        struct muster_mode_info info = mode;                                                       \
        __VA_ARGS__;                                                                               \
        mode_case((c), (what), info);                                                              \
    } while (0)

static void match_mode_add(struct conform *c) {
    static const char *const odd[] = {"a map"};
    MODE_CASE(c, "good");
    MODE_CASE(c, "taken", info.game_mode = "conform");
    MODE_CASE(c, "odd name", info.game_mode = "con form");
    MODE_CASE(c, "long name", info.game_mode = LONG_NAME);
    MODE_CASE(c, "no title", info.title = NULL);
    MODE_CASE(c, "no maps", info.maps = NULL);
    MODE_CASE(c, "0 maps", info.map_count = 0);
    MODE_CASE(c, "odd map", info.maps = odd; info.map_count = 1);
    MODE_CASE(c, "1 player", info.players_max = 1);
    MODE_CASE(c, "33 players", info.players_max = 33);
    MODE_CASE(c, "0 ticks", info.tick_rate_hz = 0);
    MODE_CASE(c, "61 ticks", info.tick_rate_hz = 61);
    MODE_CASE(c, "0 views", info.view_count = 0);
    MODE_CASE(c, "18 views", info.view_count = 18);
    MODE_CASE(c, "63 bytes", info.snapshot_max_bytes = 63);
    MODE_CASE(c, "16385 bytes", info.snapshot_max_bytes = 16385);
    MODE_CASE(c, "settings no JSON", info.settings_json = "{");
    MODE_CASE(c, "settings no array", info.settings_json = "{}");
    MODE_CASE(c, "defaults no JSON", info.defaults_json = "{");
    MODE_CASE(c, "defaults no object", info.defaults_json = "[]");
    MODE_CASE(c, "defaults unknown", info.defaults_json = "{\"none\":1}");
    MODE_CASE(c, "base", info.base = "conform"; info.maps = NULL; info.map_count = 0);
    MODE_CASE(c, "base no mode", info.base = "nowhere");
    MODE_CASE(c, "short", info.size = 8);
    MODE_CASE(c, "newer", info.size = sizeof info + 64);
}

static void match_mode_remove(struct conform *c) {
    STATUS(c, "none", c->host->match->mode_remove(c->self, "nowhere"));
    STATUS(c, "nothing", c->host->match->mode_remove(c->self, NULL));
}

/* ---- settings -------------------------------------------------------------------------------- */

static void match_setting_integer(struct conform *c) {
    NUMBER(c, "good", c->host->match->setting_integer(c->self, c->match, "conformLimit"));
    NUMBER(c, "no key", c->host->match->setting_integer(c->self, c->match, "none"));
    NUMBER(c, "nobody's",
           c->host->match->setting_integer(c->self, NOTHING(muster_match_id), "conformLimit"));
}

static void match_setting_boolean(struct conform *c) {
    NUMBER(c, "good", c->host->match->setting_boolean(c->self, c->match, "conformOpen"));
    NUMBER(c, "no key", c->host->match->setting_boolean(c->self, c->match, "none"));
    NUMBER(c, "nobody's",
           c->host->match->setting_boolean(c->self, NOTHING(muster_match_id), "conformOpen"));
}

static void match_setting_string(struct conform *c) {
    TEXT(c, "good", c->host->match->setting_string(c->self, c->match, "conformWord"));
    TEXT(c, "no key", c->host->match->setting_string(c->self, c->match, "none"));
    TEXT(c, "nobody's",
         c->host->match->setting_string(c->self, NOTHING(muster_match_id), "conformWord"));
}

static void match_setting_json(struct conform *c) {
    struct muster_writer w = muster_writer_make(text_out, sizeof text_out);
    struct muster_writer small = muster_writer_make(text_out, 2);
    STATUS(c, "good", c->host->match->setting_json(c->self, c->match, "conformWord", &w));
    STATUS(c, "small", c->host->match->setting_json(c->self, c->match, "conformWord", &small));
    STATUS(c, "no key", c->host->match->setting_json(c->self, c->match, "none", &w));
    STATUS(c, "nobody's",
           c->host->match->setting_json(c->self, NOTHING(muster_match_id), "conformWord", &w));
}

/* ---- scoreboard ------------------------------------------------------------------------------ */

static void match_seat_get(struct conform *c) {
    struct muster_seat_info info = {.size = sizeof info};
    STATUS(c, "good", c->host->match->seat_get(c->self, c->match, 0, &info));
    TEXT(c, "name", info.display_name);
    NUMBER(c, "team", info.team);
    NUMBER(c, "bot", info.is_bot);
    NUMBER(c, "connected", info.connected);
    STATUS(c, "empty seat", c->host->match->seat_get(c->self, c->match, 5, &info));
    STATUS(c, "seat 99", c->host->match->seat_get(c->self, c->match, 99, &info));
    STATUS(c, "nobody's", c->host->match->seat_get(c->self, NOTHING(muster_match_id), 0, &info));
    info.size = 0;
    STATUS(c, "short", c->host->match->seat_get(c->self, c->match, 0, &info));
}

static void match_team_set(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "good", match->team_set(c->self, c->match, 1, MUSTER_TEAM_BLUE));
    STATUS(c, "team 9", match->team_set(c->self, c->match, 0, 9));
    STATUS(c, "empty seat", match->team_set(c->self, c->match, 5, MUSTER_TEAM_RED));
    STATUS(c, "seat 99", match->team_set(c->self, c->match, 99, MUSTER_TEAM_RED));
    STATUS(c, "nobody's", match->team_set(c->self, NOTHING(muster_match_id), 0, MUSTER_TEAM_RED));
}

static void match_alive_set(struct conform *c) {
    STATUS(c, "good", c->host->match->alive_set(c->self, c->match, 0, 1));
    STATUS(c, "empty seat", c->host->match->alive_set(c->self, c->match, 5, 1));
    STATUS(c, "nobody's", c->host->match->alive_set(c->self, NOTHING(muster_match_id), 0, 1));
}

static void match_stat_add(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    struct muster_seat_info info = {.size = sizeof info};
    STATUS(c, "kills", match->stat_add(c->self, c->match, 0, MUSTER_STAT_KILLS, 1));
    STATUS(c, "deaths", match->stat_add(c->self, c->match, 0, MUSTER_STAT_DEATHS, 1));
    STATUS(c, "assists", match->stat_add(c->self, c->match, 0, MUSTER_STAT_ASSISTS, 1));
    STATUS(c, "score", match->stat_add(c->self, c->match, 0, MUSTER_STAT_SCORE, INT32_MAX));
    STATUS(c, "more", match->stat_add(c->self, c->match, 0, MUSTER_STAT_SCORE, INT32_MAX));
    STATUS(c, "stat 9", match->stat_add(c->self, c->match, 0, 9, 1));
    STATUS(c, "empty seat", match->stat_add(c->self, c->match, 5, MUSTER_STAT_KILLS, 1));
    STATUS(c, "nobody's",
           match->stat_add(c->self, NOTHING(muster_match_id), 0, MUSTER_STAT_KILLS, 1));
    (void)match->seat_get(c->self, c->match, 0, &info);
    NUMBER(c, "the score", info.score);
    NUMBER(c, "the kills", info.kills);
}

static void match_team_score_add(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "good", match->team_score_add(c->self, c->match, MUSTER_TEAM_RED, 3));
    STATUS(c, "no team", match->team_score_add(c->self, c->match, MUSTER_TEAM_NONE, 3));
    STATUS(c, "team 9", match->team_score_add(c->self, c->match, 9, 3));
    STATUS(c, "nobody's",
           match->team_score_add(c->self, NOTHING(muster_match_id), MUSTER_TEAM_RED, 3));
}

static void match_team_score(struct conform *c) {
    NUMBER(c, "good", c->host->match->team_score(c->self, c->match, MUSTER_TEAM_RED));
    NUMBER(c, "no team", c->host->match->team_score(c->self, c->match, MUSTER_TEAM_NONE));
    NUMBER(c, "team 9", c->host->match->team_score(c->self, c->match, 9));
    NUMBER(c, "nobody's",
           c->host->match->team_score(c->self, NOTHING(muster_match_id), MUSTER_TEAM_RED));
}

/* ---- bots ------------------------------------------------------------------------------------ */

static void match_bot_add(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    muster_status status = MUSTER_OK;
    uint32_t seat = 0, count = 0;
    STATUS(c, "good", match->bot_add(c->self, c->match, "Bot", MUSTER_TEAM_RED, &seat));
    NUMBER(c, "its seat", seat);
    STATUS(c, "team 9", match->bot_add(c->self, c->match, "Bot", 9, &seat));
    STATUS(c, "no name", match->bot_add(c->self, c->match, "", MUSTER_TEAM_RED, &seat));
    STATUS(c, "long name", match->bot_add(c->self, c->match, LONG_TEXT, MUSTER_TEAM_RED, &seat));
    STATUS(c, "nobody's",
           match->bot_add(c->self, NOTHING(muster_match_id), "Bot", MUSTER_TEAM_RED, &seat));
    for (; !status && count < MUSTER_SEATS_MAX; count++)
        status = match->bot_add(c->self, c->match, "Bot", MUSTER_TEAM_BLUE, &seat);
    STATUS(c, "many", status);
    NUMBER(c, "how many", count);
}

static void match_bot_remove(struct conform *c) {
    STATUS(c, "a person's seat", c->host->match->bot_remove(c->self, c->match, 0));
    STATUS(c, "good", c->host->match->bot_remove(c->self, c->match, 8));
    STATUS(c, "again", c->host->match->bot_remove(c->self, c->match, 8));
    STATUS(c, "seat 99", c->host->match->bot_remove(c->self, c->match, 99));
    STATUS(c, "nobody's", c->host->match->bot_remove(c->self, NOTHING(muster_match_id), 8));
}

/* ---- random, events, rules ------------------------------------------------------------------- */

static void match_random(struct conform *c) {
    NUMBER(c, "any", c->host->match->random(c->self, c->match, 0) != 0);
    NUMBER(c, "below 1", c->host->match->random(c->self, c->match, 1));
    NUMBER(c, "nobody's", c->host->match->random(c->self, NOTHING(muster_match_id), 0));
}

static void match_event(struct conform *c) {
    static const uint8_t bytes[256] = {1};
    const struct muster_host_match *match = c->host->match;
    muster_status status = MUSTER_OK;
    uint32_t count = 0;
    STATUS(c, "good", match->event(c->self, c->match, bytes, 1));
    STATUS(c, "longest", match->event(c->self, c->match, bytes, MUSTER_EVENT_MAX));
    STATUS(c, "too long", match->event(c->self, c->match, bytes, MUSTER_EVENT_MAX + 1));
    STATUS(c, "empty", match->event(c->self, c->match, bytes, 0));
    STATUS(c, "nobody's", match->event(c->self, NOTHING(muster_match_id), bytes, 1));
    for (; !status && count < 100; count++) status = match->event(c->self, c->match, bytes, 1);
    STATUS(c, "many", status);
    NUMBER(c, "how many", count);
}

static void match_adjust(struct conform *c) {
    const struct muster_param param = {
        .size = sizeof param, .other_seat = MUSTER_SEAT_NONE, .name = "damage"};
    NUMBER(c, "good", c->host->match->adjust(c->self, c->match, &param, 10));
    NUMBER(c, "nobody's", c->host->match->adjust(c->self, NOTHING(muster_match_id), &param, 10));
}

static void match_fact(struct conform *c) {
    DONE(c, "good", c->host->match->fact(c->self, c->match, 0, "kill", 1));
    DONE(c, "nobody's", c->host->match->fact(c->self, NOTHING(muster_match_id), 0, "kill", 1));
}

static void match_command(struct conform *c) {
    const int64_t args[9] = {1};
    const struct muster_command good = {
        .size = sizeof good, .seat = 0, .name = "go", .text = "", .args = args, .arg_count = 8};
    struct muster_command command = good;
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "good", match->command(c->self, c->match, &command));
    STATUS(c, "nobody's", match->command(c->self, NOTHING(muster_match_id), &command));
    command.arg_count = 9;
    STATUS(c, "9 args", match->command(c->self, c->match, &command));
    command = good;
    command.args = NULL;
    STATUS(c, "no args", match->command(c->self, c->match, &command));
    command = good;
    command.name = NULL;
    STATUS(c, "no name", match->command(c->self, c->match, &command));
    command.name = LONG_NAME;
    STATUS(c, "long name", match->command(c->self, c->match, &command));
    command = good;
    command.text = LONG_TEXT;
    STATUS(c, "long text", match->command(c->self, c->match, &command));
    command.text = NULL;
    STATUS(c, "no text", match->command(c->self, c->match, &command));
    command = good;
    command.size = 4;
    STATUS(c, "short", match->command(c->self, c->match, &command));
    STATUS(c, "nothing", match->command(c->self, c->match, NULL));
    muster_status status = MUSTER_OK;
    for (int i = 0; i < 100 && !status; i++) status = match->command(c->self, c->match, &good);
    STATUS(c, "many", status);
}

static void match_tell(struct conform *c) {
    const struct muster_fact good = {.size = sizeof good,
                                     .seat = 0,
                                     .kind = "kill",
                                     .value = 1,
                                     .other_seat = MUSTER_SEAT_NONE,
                                     .third_seat = MUSTER_SEAT_NONE};
    struct muster_fact fact = good;
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "good", match->tell(c->self, c->match, &fact));
    STATUS(c, "nobody's", match->tell(c->self, NOTHING(muster_match_id), &fact));
    fact.kind = NULL;
    STATUS(c, "no kind", match->tell(c->self, c->match, &fact));
    fact.kind = "";
    STATUS(c, "empty kind", match->tell(c->self, c->match, &fact));
    fact = good;
    fact.seat = 99;
    STATUS(c, "seat 99", match->tell(c->self, c->match, &fact));
    fact = good;
    fact.other_seat = 99;
    STATUS(c, "other seat 99", match->tell(c->self, c->match, &fact));
    fact = good;
    fact.size = 8;
    STATUS(c, "short", match->tell(c->self, c->match, &fact));
    STATUS(c, "nothing", match->tell(c->self, c->match, NULL));
}

static void match_observe(struct conform *c) {
    const struct muster_fact good = {.size = sizeof good,
                                     .seat = 0,
                                     .kind = MUSTER_FACT_SHOT,
                                     .other_seat = MUSTER_SEAT_NONE,
                                     .third_seat = MUSTER_SEAT_NONE};
    struct muster_fact fact = good;
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "good", match->observe(c->self, c->match, &fact));
    STATUS(c, "nobody's", match->observe(c->self, NOTHING(muster_match_id), &fact));
    fact.kind = "";
    STATUS(c, "empty kind", match->observe(c->self, c->match, &fact));
    fact = good;
    fact.third_seat = 99;
    STATUS(c, "third seat 99", match->observe(c->self, c->match, &fact));
    STATUS(c, "nothing", match->observe(c->self, c->match, NULL));
}

static void match_is_observed(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    DONE(c, "good", match->is_observed(c->self, c->match)); /* by others that the kit has */
    NUMBER(c, "nobody's", match->is_observed(c->self, NOTHING(muster_match_id)));
}

static void match_note(struct conform *c) {
    static const uint8_t bytes[MUSTER_NOTE_MAX + 1] = {1};
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "good", match->note(c->self, c->match, bytes, 3));
    STATUS(c, "longest", match->note(c->self, c->match, bytes, MUSTER_NOTE_MAX));
    STATUS(c, "too long", match->note(c->self, c->match, bytes, sizeof bytes));
    STATUS(c, "empty", match->note(c->self, c->match, bytes, 0));
    STATUS(c, "nothing", match->note(c->self, c->match, NULL, 3));
    STATUS(c, "nobody's", match->note(c->self, NOTHING(muster_match_id), bytes, 3));
}

static void match_version_set(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    char name[16], version[101];
    memset(version, '1', 100);
    version[100] = '\0';
    STATUS(c, "good", match->version_set(c->self, c->match, "mod:koth", "1.2.0+3f2a91c0"));
    STATUS(c, "no name", match->version_set(c->self, c->match, "", "1"));
    STATUS(c, "no version", match->version_set(c->self, c->match, "mod:koth", ""));
    STATUS(c, "a space", match->version_set(c->self, c->match, "mod koth", "1"));
    STATUS(c, "no ASCII", match->version_set(c->self, c->match, "mod:k\xc3\xb6th", "1"));
    STATUS(c, "48 bytes", match->version_set(c->self, c->match, LONG_NAME, "1"));
    STATUS(c, "100 bytes", match->version_set(c->self, c->match, "mod:koth", version));
    STATUS(c, "64 bytes", match->version_set(c->self, c->match, "mod:koth", version + 36));
    STATUS(c, "63 bytes", match->version_set(c->self, c->match, "mod:koth", version + 37));
    STATUS(c, "nobody's", match->version_set(c->self, NOTHING(muster_match_id), "mod:koth", "1"));
    muster_status status = MUSTER_OK;
    for (int i = 0; i < 100 && !status; i++) {
        snprintf(name, sizeof name, "mod:%d", i);
        status = match->version_set(c->self, c->match, name, "1");
    }
    STATUS(c, "many", status);
}

static void match_stat(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    NUMBER(c, "score", match->stat(c->self, c->match, 0, MUSTER_STAT_SCORE));
    NUMBER(c, "own", match->stat(c->self, c->match, 0, MUSTER_STAT_OWN));
    NUMBER(c, "0", match->stat(c->self, c->match, 0, 0));
    NUMBER(c, "seat 99", match->stat(c->self, c->match, 99, MUSTER_STAT_SCORE));
    NUMBER(c, "nobody's", match->stat(c->self, NOTHING(muster_match_id), 0, MUSTER_STAT_SCORE));
}

static void match_team_name(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    TEXT(c, "none", match->team_name(c->self, c->match, MUSTER_TEAM_NONE));
    TEXT(c, "first", match->team_name(c->self, c->match, 1));
    TEXT(c, "99", match->team_name(c->self, c->match, 99));
    TEXT(c, "nobody's", match->team_name(c->self, NOTHING(muster_match_id), 1));
}

static void match_stat_name(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    TEXT(c, "score", match->stat_name(c->self, c->match, MUSTER_STAT_SCORE));
    TEXT(c, "own", match->stat_name(c->self, c->match, MUSTER_STAT_OWN));
    TEXT(c, "0", match->stat_name(c->self, c->match, 0));
    TEXT(c, "99", match->stat_name(c->self, c->match, 99));
    TEXT(c, "nobody's", match->stat_name(c->self, NOTHING(muster_match_id), MUSTER_STAT_SCORE));
}

static void match_end(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    struct muster_match_end end = *ENDED(MUSTER_TEAM_RED, MUSTER_END_FORFEIT);
    STATUS(c, "null", match->end(c->self, c->match, NULL));
    end.size = 0;
    STATUS(c, "size 0", match->end(c->self, c->match, &end));
    end = *ENDED(MUSTER_TEAM_RED, MUSTER_END_FORFEIT);
    end.winner_kind = 9;
    STATUS(c, "kind 9", match->end(c->self, c->match, &end));
    STATUS(c, "team 9", match->end(c->self, c->match, ENDED(9, MUSTER_END_SCORE_LIMIT)));
    STATUS(c, "no reason", match->end(c->self, c->match, ENDED(MUSTER_TEAM_RED, NULL)));
    STATUS(c, "no word", match->end(c->self, c->match, ENDED(MUSTER_TEAM_RED, "No Word")));
    STATUS(c, "nobody's",
           match->end(c->self, NOTHING(muster_match_id),
                      ENDED(MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT)));
    STATUS(c, "good",
           match->end(c->self, c->match, ENDED(MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT)));
    STATUS(c, "again",
           match->end(c->self, c->match, ENDED(MUSTER_TEAM_RED, MUSTER_END_SCORE_LIMIT)));
}

static void match_victory_name(struct conform *c) {
    TEXT(c, "first", c->host->match->victory_name(c->self, 0));
    TEXT(c, "past", c->host->match->victory_name(c->self, UINT32_MAX));
}

static void match_idle_set(struct conform *c) {
    const struct muster_host_match *match = c->host->match;
    STATUS(c, "idle", match->idle_set(c->self, c->match, 1));
    STATUS(c, "no longer", match->idle_set(c->self, c->match, 0));
    STATUS(c, "nobody's", match->idle_set(c->self, NOTHING(muster_match_id), 1));
}

const struct conform_row match_rows[] = {
    ROW(match, mode_add),
    ROW(match, mode_remove),
    ROW(match, setting_integer),
    ROW(match, setting_boolean),
    ROW(match, setting_string),
    ROW(match, seat_get),
    ROW(match, team_set),
    ROW(match, alive_set),
    ROW(match, stat_add),
    ROW(match, team_score_add),
    ROW(match, team_score),
    ROW(match, bot_add),
    ROW(match, bot_remove),
    ROW(match, random),
    ROW(match, event),
    ROW(match, adjust),
    ROW(match, fact),
    ROW(match, command),
    ROW(match, stat),
    ROW(match, team_name),
    ROW(match, stat_name),
    ROW(match, end),
    ROW(match, tell),
    ROW(match, note),
    ROW(match, version_set),
    ROW(match, setting_json),
    ROW(match, victory_name),
    ROW(match, idle_set),
    ROW(match, observe),
    ROW(match, is_observed),
};
ROWS_COMPLETE(match, match_rows);
