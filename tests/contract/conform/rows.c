/* rows - the table of all functions, and how a call is written down. */
#include <string.h>

#include "conform.h"

_Static_assert((sizeof(struct muster_host) - 8) / sizeof(void *) == 22, "every group has its rows");

const struct conform_group conform_groups[] = {
    ROWS(log),        ROWS(config),         ROWS(loop),       ROWS(net),        ROWS_SERVING(http),
    ROWS_SERVING(ws), ROWS(lobby),          ROWS(match),      ROWS(player),     ROWS(db),
    ROWS(report),     ROWS(watchdog),       ROWS(metrics),    ROWS(admin),      ROWS(events),
    ROWS(rpc),        ROWS_SERVING(engine), ROWS(moderation), ROWS(interfaces), ROWS(data),
    ROWS(kv),         ROWS(node),
};
const size_t conform_group_count = sizeof conform_groups / sizeof conform_groups[0];

/* ---- one line -------------------------------------------------------------------------------- */

static const char *status_word(muster_status status) {
#define WORD(name, code, text)                                                                     \
    case code: return #name;
    switch (status) {
        MUSTER_STATUS_MAP(WORD)
    default: return "UNKNOWN";
    }
#undef WORD
}

static void take_faults(void *user, const struct muster_metric *metric) {
    if (strcmp(metric->name, "muster_plugin_faults_total") == 0) *(double *)user = metric->value;
}

/* How many since the last call. */
static unsigned faults_new(struct conform *c) {
    double now = 0;
    c->host->metrics->visit(c->self, take_faults, &now);
    unsigned more = (unsigned)(now - c->faults);
    c->faults = now;
    return more;
}

static void write_line(struct conform *c, const char *what, const char *answer) {
    fprintf(c->out, "%s %s.%s %s -> %s", c->place, c->group, c->function, what, answer);
    if (c->on_thread) {
        fprintf(c->out, "\n");
        return;
    }
    unsigned faults = faults_new(c);
    if (faults) fprintf(c->out, " !%u", faults);
    fprintf(c->out, "\n");
}

void conform_status(struct conform *c, const char *what, muster_status status) {
    write_line(c, what, status_word(status));
}

void conform_number(struct conform *c, const char *what, double number) {
    char text[64];
    snprintf(text, sizeof text, "%.17g", number);
    write_line(c, what, text);
}

void conform_text(struct conform *c, const char *what, const char *text) {
    char quoted[1024];
    snprintf(quoted, sizeof quoted, "\"%s\"", text ? text : "(null)");
    write_line(c, what, quoted);
}

void conform_done(struct conform *c, const char *what) {
    write_line(c, what, "done");
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* The lobby, and Ann. */
static void find_scene(struct conform *c) {
    struct muster_lobby_info lobby = {.size = sizeof lobby};
    struct muster_player_info player = {.size = sizeof player};
    muster_player_id at = {0};
    c->lobby = c->host->lobby->next(c->self, (muster_lobby_id){0}, &lobby)
                   ? NOTHING(muster_lobby_id)
                   : lobby.lobby;
    c->player = NOTHING(muster_player_id);
    for (; !c->host->player->next(c->self, at, &player); at = player.player) {
        if (strcmp(player.display_name, "Ann") != 0) continue;
        c->player = player.player;
        memcpy(c->player_key, player.player_key, sizeof c->player_key);
    }
    if (!c->match.value) c->match = NOTHING(muster_match_id);
    (void)faults_new(c);
}

void conform_rows(struct conform *c, const char *place) {
    c->place = place;
    find_scene(c);
    for (size_t g = 0; g < conform_group_count; g++) {
        const struct conform_group *group = &conform_groups[g];
        c->group = group->name;
        for (size_t i = 0; i < group->count && (c->serving || !group->serving_only); i++) {
            c->function = group->rows[i].function;
            group->rows[i].run(c);
        }
    }
}

void conform_at(struct conform *c, const char *place) {
    if (!c->wanted || strcmp(c->wanted, place) != 0) return;
    c->wanted = NULL;
    conform_rows(c, place);
}
