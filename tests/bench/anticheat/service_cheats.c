/* service_cheats - a plugin whose command `cheats CHEAT SEED MATCHES SECONDS` plays that many
 * matches of eight with host->engine, one of them the cheat ("honest": none), and says in JSON what
 * the anticheats reported of whom. It is a reporter, to hear that, and an anticheat, to see what
 * the mode refused. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"
#include "sim.h"

#include <math.h>

#define LOBBIES 32     /* at once */
#define REST_MS 700000 /* longer than anticheat.windowS: who comes next is somebody else */
#define KINDS_MAX 16
#define CHEAT_SEAT 0

struct table {
    muster_lobby_id lobby;
    struct person persons[SIM_SEATS];
    muster_player_id players[SIM_SEATS];
    char keys[SIM_SEATS][MUSTER_PLAYER_KEY_MAX];
    uint32_t families[SIM_SEATS]; /* a bit each, of those below */
    bool kicked[SIM_SEATS];       /* would have been */
    struct sim_snapshot history[SIM_HISTORY];
    uint32_t newest;
    double newest_ms;
};

struct kind {
    char name[64]; /* FAMILY.MEASURE */
    uint32_t honest;
    uint32_t cheats;
};

static struct {
    muster_self *self;
    const struct muster_host *host;
    struct sim_map map;
    struct table tables[LOBBIES];
    uint32_t table_count;
    struct kind kinds[KINDS_MAX];
    uint32_t kind_count;
    /* what came of it */
    enum cheat cheat;
    uint32_t honest, honest_reported, honest_acts;
    uint32_t cheats, cheats_reported, cheats_named, cheats_acts;
    uint64_t player_ticks;
    uint32_t shots_max; /* of a cheat, in a second */
    double way_max;     /* units of a cheat, in a second */
} cheats;

static const char *const families[] = {"movement", "timing", "aim"};
enum { FAMILIES = 3 };

/* ---- reports --------------------------------------------------------------------------------- */

static struct kind *kind_of(const char *family, const char *measure) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", family, measure);
    for (uint32_t i = 0; i < cheats.kind_count; i++)
        if (strcmp(cheats.kinds[i].name, name) == 0) return &cheats.kinds[i];
    if (cheats.kind_count == KINDS_MAX) return &cheats.kinds[0];
    struct kind *kind = &cheats.kinds[cheats.kind_count++];
    snprintf(kind->name, sizeof kind->name, "%s", name);
    return kind;
}

static bool is_cheat(uint32_t seat) {
    return cheats.cheat != CHEAT_NONE && seat == CHEAT_SEAT;
}

static void take_report(struct table *table, uint32_t seat, const json_t *report) {
    const char *family = json_string_value(json_object_get(report, "family"));
    const char *measure = json_string_value(json_object_get(report, "measure"));
    const char *earned = json_string_value(json_object_get(report, "earned"));
    struct kind *kind = kind_of(family, measure);
    kind->honest += !is_cheat(seat);
    kind->cheats += is_cheat(seat);
    for (uint32_t i = 0; i < FAMILIES; i++)
        if (strcmp(families[i], family) == 0) table->families[seat] |= 1u << i;
    table->kicked[seat] |= strcmp(earned, "kick") == 0;
}

static muster_verdict deliver(void *instance, const struct muster_report *report) {
    (void)instance;
    if (report->kind != MUSTER_REPORT_SUSPICION) return MUSTER_ACCEPT;
    json_t *json = json_loadb(report->json.data, report->json.len, 0, NULL);
    const char *key = json_string_value(json_object_get(json, "playerId"));
    for (uint32_t t = 0; key && t < cheats.table_count; t++)
        for (uint32_t seat = 0; seat < SIM_SEATS; seat++)
            if (strcmp(cheats.tables[t].keys[seat], key) == 0)
                take_report(&cheats.tables[t], seat, json);
    json_decref(json);
    return MUSTER_ACCEPT;
}

/* ---- what the mode let through --------------------------------------------------------------- */

struct seen {
    uint32_t second;
    uint32_t shots;
};

static muster_status watch_create(void *instance, const struct muster_match_info *info,
                                  void **state) {
    (void)instance;
    (void)info;
    *state = calloc(1, sizeof(struct seen));
    return *state ? MUSTER_OK : MUSTER_NO_MEMORY;
}

static void watch_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static void watch_fact(void *instance, void *state, const struct muster_fact *fact) {
    struct seen *seen = state;
    (void)instance;
    if (!is_cheat(fact->seat) || strcmp(fact->kind, MUSTER_FACT_SHOT) != 0) return;
    if (seen->second != fact->tick / 20) *seen = (struct seen){.second = fact->tick / 20};
    if (++seen->shots > cheats.shots_max) cheats.shots_max = seen->shots;
}

/* Newest second of the cheat's way; a jump is a new life. */
static void measure_way(const struct table *table) {
    double way = 0;
    for (uint32_t i = 0; i < 20 && i < table->newest; i++) {
        const struct sim_avatar *to =
            &table->history[(table->newest - i) % SIM_HISTORY].avatars[CHEAT_SEAT];
        const struct sim_avatar *from =
            &table->history[(table->newest - i - 1) % SIM_HISTORY].avatars[CHEAT_SEAT];
        if (!to->alive || !from->alive) return;
        way += hypot(to->x - from->x, to->y - from->y);
        if (fabs(to->x - from->x) + fabs(to->y - from->y) > 3 * SIM_TILE) return;
    }
    if (way > cheats.way_max) cheats.way_max = way;
}

/* ---- a table --------------------------------------------------------------------------------- */

static void read_map(const json_t *started) {
    const json_t *map = json_object_get(json_object_get(started, "intro"), "map");
    const json_t *row;
    size_t i;
    cheats.map = (struct sim_map){0};
    json_array_foreach(json_object_get(map, "rows"), i, row)
        sim_map_row(&cheats.map, json_string_value(row));
    sim_map_done(&cheats.map);
}

static void sit_down(struct play *play, struct table *table, const char *map) {
    *table = (struct table){0};
    for (uint32_t seat = 0; seat < SIM_SEATS; seat++) {
        char name[32];
        snprintf(name, sizeof name, "P%u", seat);
        struct muster_player_info info = {.size = sizeof info};
        table->players[seat] = play_player(play, name);
        if (play->host->player->get(play->self, table->players[seat], &info) == MUSTER_OK)
            snprintf(table->keys[seat], sizeof table->keys[seat], "%s", info.player_key);
        if (seat)
            play_join(play, table->players[seat], table->lobby);
        else
            table->lobby =
                play_lobby(play, table->players[0],
                           json_pack("{s:i,s:i,s:i,s:i,s:s}", "botFill", 0, "timeLimit", 3600,
                                     "maxPlayers", SIM_SEATS, "respawnMs", 1500, "mapName", map));
    }
}

/* docs/protocol.md sections 4 and 6. */
static bool look(struct play *play, struct table *table, double now_ms) {
    uint8_t bytes[8192];
    struct muster_writer w = muster_writer_make(bytes, sizeof bytes);
    if (play->engine->snapshot(play->self, table->players[0], &w) != MUSTER_OK) return false;
    struct muster_reader r = muster_reader_make(bytes, w.len);
    struct sim_snapshot *now = &table->history[++table->newest % SIM_HISTORY];
    *now = (struct sim_snapshot){0};
    muster_get_bytes(&r, 16);
    for (uint32_t count = muster_get_u8(&r); count > 0; count--) {
        uint32_t seat = muster_get_u8(&r) % SIM_SEATS;
        struct sim_avatar *a = &now->avatars[seat];
        a->present = true;
        a->team = muster_get_u8(&r);
        a->alive = muster_get_u8(&r) & 1;
        a->x = muster_get_u16(&r);
        a->y = muster_get_u16(&r);
        muster_get_bytes(&r, 2);
        a->step_x = (int16_t)muster_get_u16(&r);
        a->step_y = (int16_t)muster_get_u16(&r);
    }
    table->newest_ms = now_ms;
    return !r.overflow;
}

static void play_tick(struct play *play, struct table *table, double now_ms) {
    const struct sim_view view = {&cheats.map, table->history, table->newest, table->newest_ms};
    struct muster_input input;
    for (uint32_t seat = 0; seat < SIM_SEATS; seat++) {
        person_play(&table->persons[seat], &view, now_ms);
        while (person_arrived(&table->persons[seat], now_ms, &input))
            (void)play->engine->input(play->self, table->players[seat], &input);
    }
}

static void stand_up(struct play *play, struct table *table) {
    for (uint32_t seat = 0; seat < SIM_SEATS; seat++) {
        bool reported = table->families[seat] != 0, cheat = is_cheat(seat);
        cheats.honest += !cheat;
        cheats.honest_reported += !cheat && reported;
        cheats.honest_acts += !cheat && table->kicked[seat];
        cheats.cheats += cheat;
        cheats.cheats_reported += cheat && reported;
        cheats.cheats_acts += cheat && table->kicked[seat];
        for (uint32_t i = 0; cheat && i < FAMILIES; i++)
            if (strcmp(families[i], cheat_families[cheats.cheat]) == 0)
                cheats.cheats_named += table->families[seat] >> i & 1;
        play->engine->player_remove(play->self, table->players[seat]);
    }
}

/* ---- many ------------------------------------------------------------------------------------ */

/* All tables of one batch play on the same map, of the batch's seed. */
static void play_batch(struct play *play, uint64_t seed, uint32_t count, uint32_t seconds) {
    static const char *const maps[] = {"canyon", "crossfire", "foundry"};
    cheats.table_count = count;
    for (uint32_t t = 0; t < count; t++) sit_down(play, &cheats.tables[t], maps[seed % 3]);
    for (uint32_t t = 0; t < count; t++)
        for (uint32_t seat = 0; seat < SIM_SEATS; seat++)
            person_make(&cheats.tables[t].persons[seat], is_cheat(seat) ? cheats.cheat : CHEAT_NONE,
                        seat, (seed * LOBBIES + t) * SIM_SEATS + seat, 0);
    json_t *started = play_await(play, cheats.tables[0].players[0], "match.started", 10000);
    read_map(started);
    json_decref(started);
    play_advance(play, 1000);
    for (uint32_t tick = 0; tick < seconds * 20; tick++) {
        double now_ms = tick * SIM_TICK_MS;
        for (uint32_t t = 0; t < count; t++) {
            if (!play_check(play, look(play, &cheats.tables[t], now_ms), "no snapshot")) return;
            if (cheats.cheat != CHEAT_NONE) measure_way(&cheats.tables[t]);
            play_tick(play, &cheats.tables[t], now_ms);
        }
        play_advance(play, (uint32_t)SIM_TICK_MS);
        cheats.player_ticks += (uint64_t)count * SIM_SEATS;
    }
    play_advance(play, 1000);
    for (uint32_t t = 0; t < count; t++) stand_up(play, &cheats.tables[t]);
    play_advance(play, REST_MS);
}

static json_t *known;

static void on_known(void *user, muster_status status, const char *answer) {
    if (status == MUSTER_OK) json_object_set_new(known, user, json_loads(answer, 0, NULL));
}

static json_t *kinds_json(void) {
    json_t *kinds = json_object();
    for (uint32_t i = 0; i < cheats.kind_count; i++)
        json_object_set_new(kinds, cheats.kinds[i].name,
                            json_pack("{s:i,s:i}", "honest", (int)cheats.kinds[i].honest, "cheats",
                                      (int)cheats.kinds[i].cheats));
    return kinds;
}

static void answer_json(struct play *play) {
    static char aim[] = "anticheat_aim", timing[] = "anticheat_timing";
    known = json_object();
    (void)play->host->admin->execute(play->self, "bench", aim, on_known, aim, NULL);
    (void)play->host->admin->execute(play->self, "bench", timing, on_known, timing, NULL);
    play_advance(play, 100);
    json_t *answer =
        json_pack("{s:s,s:s,s:I,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:f,s:o,s:o}", "cheat",
                  cheat_names[cheats.cheat], "family", cheat_families[cheats.cheat], "playerTicks",
                  (json_int_t)cheats.player_ticks, "honest", (int)cheats.honest, "honestReported",
                  (int)cheats.honest_reported, "honestActs", (int)cheats.honest_acts, "cheats",
                  (int)cheats.cheats, "cheatsReported", (int)cheats.cheats_reported, "cheatsNamed",
                  (int)cheats.cheats_named, "cheatsActs", (int)cheats.cheats_acts,
                  "shotsPerSecondMax", (int)cheats.shots_max, "unitsPerSecondMax", cheats.way_max,
                  "reports", kinds_json(), "known", known);
    char *text = json_dumps(answer, JSON_COMPACT);
    muster_put_bytes(play->out, text, (uint32_t)strlen(text));
    free(text);
    json_decref(answer);
}

static void on_command(void *user, const char *arguments, struct muster_writer *answer) {
    struct play play = {cheats.self, cheats.host, cheats.host->engine, answer, 0};
    char name[32];
    unsigned long long seed;
    unsigned matches, seconds;
    (void)user;
    if (sscanf(arguments, "%31s %llu %u %u", name, &seed, &matches, &seconds) != 4) {
        muster_put_bytes(answer, "FAILED", 6);
        return;
    }
    while (cheats.cheat < CHEAT_END && strcmp(cheat_names[cheats.cheat], name) != 0) cheats.cheat++;
    CHECK(&play, cheats.cheat < CHEAT_END);
    CHECK(&play, play.engine->seed(play.self, seed) == MUSTER_OK);
    for (uint32_t done = 0; done < matches && !play.failed; done += LOBBIES, seed++)
        play_batch(&play, seed, matches - done < LOBBIES ? matches - done : LOBBIES, seconds);
    if (!play.failed) answer_json(&play);
    if (play.failed) muster_put_bytes(answer, "FAILED", 6);
}

/* ---- the plugin ------------------------------------------------------------------------------ */

static muster_status plugin_init(muster_self *self, const struct muster_host *host, void **out) {
    cheats.self = self;
    cheats.host = host;
    *out = &cheats;
    return host->admin->command_add(self, "cheats", "CHEAT SEED MATCHES SECONDS", on_command, NULL);
}

static const struct muster_reporter reporter = {.size = sizeof reporter, .deliver = deliver};
static const struct muster_anticheat watcher = {
    .size = sizeof watcher, .create = watch_create, .destroy = watch_destroy, .fact = watch_fact};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_REPORTER, .vtable = &reporter},
                                           {.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &watcher}};

MUSTER_PLUGIN(.name = "service_cheats", .version = "1.0.0",
              .description = "People and cheats at an arena.", .roles = roles, .role_count = 2,
              .init = plugin_init);
