#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double crowd_cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static bool fail(const struct crowd *crowd, const char *why) {
    fprintf(stderr, "muster_bench_lua: %s: %s\n", crowd->options.game_mode, why);
    return false;
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool make_settings(struct crowd *crowd) {
    const struct schema *schema = registry_settings(crowd->options.game_mode);
    const char *text = crowd->options.settings;
    struct schema_error error;
    json_t *given = text ? json_loads(text, 0, NULL) : NULL;
    bool good = schema_check(schema, given, &crowd->settings, &error) == MUSTER_OK;
    json_decref(given);
    return good || fail(crowd, error.text);
}

/* As a lobby of its own would have them. */
static bool make_rules(struct crowd *crowd, uint32_t index) {
    struct match_part *parts = crowd->rules[index];
    uint32_t count = 0;
    for (struct provider *p = registry_first(MUSTER_ROLE_RULES); p; p = p->next, count++) {
        parts[count] = (struct match_part){.provider = p};
        plugin_enter(p->self, "rules.create");
        muster_status status =
            p->rules.create(p->instance, (muster_lobby_id){index + 1}, &parts[count].state);
        plugin_leave();
        if (status) return fail(crowd, "rules were refused");
    }
    crowd->rules_count = count;
    return true;
}

static void end_rules(struct crowd *crowd, uint32_t index) {
    for (uint32_t i = 0; i < crowd->rules_count; i++) {
        struct provider *p = crowd->rules[index][i].provider;
        plugin_enter(p->self, "rules.destroy");
        p->rules.destroy(p->instance, crowd->rules[index][i].state);
        plugin_leave();
    }
}

static bool make_match(struct crowd *crowd, uint32_t index) {
    const struct mode_entry *mode = registry_mode(crowd->options.game_mode);
    const struct match_setup setup = {.lobby = {index + 1},
                                      .match_key = "bench",
                                      .lobby_key = "bench",
                                      .game_mode = crowd->options.game_mode,
                                      .map_name = mode->maps[0],
                                      .settings = crowd->settings,
                                      .seed = index + 1,
                                      .tick_rate_hz = mode->tick_rate_hz,
                                      .seats_max = mode->players_max,
                                      .rules = crowd->rules[index],
                                      .rules_count = crowd->rules_count};
    if (match_create(&setup, &crowd->matches[index])) return fail(crowd, "a match was refused");
    for (uint32_t seat = 0; seat < crowd->options.people; seat++) {
        uint32_t team = mode->teams.count ? 1 + seat % mode->teams.count : 0;
        if (match_join(crowd->matches[index], seat, "somebody", "Somebody", team, true))
            return fail(crowd, "a player was refused");
    }
    return true;
}

bool crowd_create(struct crowd *crowd, const struct crowd_options *options) {
    *crowd = (struct crowd){.options = *options};
    const struct mode_entry *mode = registry_mode(options->game_mode);
    if (!mode) return fail(crowd, "there is no such mode");
    if (crowd->options.people > mode->people_max) crowd->options.people = mode->people_max;
    crowd->matches = calloc(options->count, sizeof *crowd->matches);
    crowd->rules = calloc(options->count, sizeof *crowd->rules);
    if (!crowd->matches || !crowd->rules) return fail(crowd, "out of memory");
    if (!make_settings(crowd)) return false;
    double begin_us = crowd_cpu_us();
    for (uint32_t i = 0; i < options->count; i++)
        if (!make_rules(crowd, i) || !make_match(crowd, i)) return false;
    crowd->start_us = crowd_cpu_us() - begin_us;
    return true;
}

void crowd_destroy(struct crowd *crowd) {
    for (uint32_t i = 0; crowd->matches && i < crowd->options.count; i++) {
        match_destroy(crowd->matches[i]);
        if (crowd->rules[i][0].provider) end_rules(crowd, i);
    }
    free(crowd->matches);
    free(crowd->rules);
    json_decref(crowd->settings);
    *crowd = (struct crowd){.matches = NULL};
}

/* ---- play ------------------------------------------------------------------------------------ */

static void push_inputs(struct crowd *crowd, struct match *match) {
    for (uint32_t seat = 0; seat < crowd->options.people; seat++) {
        uint32_t noise = (crowd->tick / 8 + seat * 7 + (uint32_t)match->seed * 13) * 2654435761u;
        const struct muster_input input = {.sequence = crowd->tick + 1,
                                           .aim = (uint16_t)(noise >> 8),
                                           .move_x = (int8_t)(noise % 255 - 127),
                                           .move_y = (int8_t)((noise >> 16) % 255 - 127)};
        match_input_push(match, seat, &input);
    }
}

bool crowd_prepare(struct crowd *crowd) {
    crowd->tick++;
    for (uint32_t i = 0; i < crowd->options.count; i++) {
        if (crowd->matches[i]->ended) {
            match_destroy(crowd->matches[i]);
            crowd->matches[i] = NULL;
            if (!make_match(crowd, i)) return false;
        }
        push_inputs(crowd, crowd->matches[i]);
    }
    return true;
}

void crowd_tick(struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->options.count; i++) {
        struct match *match = crowd->matches[i];
        uint32_t len;
        match_step(match);
        (void)match_frame(match, 0, false, 50000, &len);
        match_sent(match);
    }
}
