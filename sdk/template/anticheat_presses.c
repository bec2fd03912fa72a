/* anticheat_presses - reports who presses buttons more often in a second than fingers can.
 *
 * It sees the inputs of every match, of whatever mode, and changes nothing: what a reporter or a
 * moderator makes of a suspicion is theirs to say. A player is named once in a match.
 */
#include <muster/json.h>
#include <muster/plugin.h>
#include <stdlib.h>

struct presses {
    muster_self *self;
    const struct muster_host *host;
    uint32_t presses_max;
};

struct presses_seat {
    uint32_t second; /* of the match, the one that is counted */
    uint32_t presses;
    uint32_t is_reported;
};

struct presses_match {
    muster_match_id id;
    uint32_t tick_rate_hz;
    uint32_t seats_max;
    struct presses_seat seats[MUSTER_SEATS_MAX];
};

static muster_status presses_create(void *instance, const struct muster_match_info *info,
                                    void **state) {
    struct presses_match *match = calloc(1, sizeof *match);
    (void)instance;
    if (!match) return MUSTER_NO_MEMORY;
    match->id = info->match;
    match->tick_rate_hz = info->tick_rate_hz;
    match->seats_max = info->seats_max;
    *state = match;
    return MUSTER_OK;
}

static void presses_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

static void report(struct presses *presses, const struct presses_match *match, uint32_t seat) {
    char text[128];
    struct muster_writer out = muster_writer_make(text, sizeof text);
    struct muster_json_writer json = muster_json_writer_make(&out);
    muster_json_open_object(&json, NULL);
    muster_json_put_text(&json, "detector", "anticheat_presses");
    muster_json_put_int(&json, "severity", 3);
    muster_json_put_int(&json, "presses", match->seats[seat].presses);
    muster_json_close(&json);
    presses->host->report->suspicion(presses->self, match->id, seat, muster_json_text(&json));
}

static void presses_input(void *instance, void *state, uint32_t seat, uint32_t tick,
                          const struct muster_input *input) {
    struct presses *presses = instance;
    struct presses_match *match = state;
    struct presses_seat *counted = &match->seats[seat];
    if (input->repeated) return; /* the host's own: nothing came */
    if (counted->second != tick / match->tick_rate_hz) {
        counted->second = tick / match->tick_rate_hz;
        counted->presses = 0;
    }
    counted->presses += (uint32_t)__builtin_popcount(input->pressed);
    if (counted->presses <= presses->presses_max || counted->is_reported) return;
    counted->is_reported = 1;
    report(presses, match, seat);
}

/* For a match that goes on after a crash: nobody is named twice. */
static void presses_save(void *instance, void *state, struct muster_writer *out) {
    const struct presses_match *match = state;
    (void)instance;
    for (uint32_t seat = 0; seat < match->seats_max; seat++) {
        muster_put_u32(out, match->seats[seat].second);
        muster_put_u32(out, match->seats[seat].presses);
        muster_put_u32(out, match->seats[seat].is_reported);
    }
}

static muster_status presses_load(void *instance, void *state, struct muster_reader *in) {
    struct presses_match *match = state;
    (void)instance;
    for (uint32_t seat = 0; seat < match->seats_max; seat++) {
        match->seats[seat].second = muster_get_u32(in);
        match->seats[seat].presses = muster_get_u32(in);
        match->seats[seat].is_reported = muster_get_u32(in);
    }
    return in->overflow ? MUSTER_INVALID : MUSTER_OK;
}

static muster_status presses_init(muster_self *self, const struct muster_host *host,
                                  void **instance) {
    struct presses *presses = calloc(1, sizeof *presses);
    if (!presses) return MUSTER_NO_MEMORY;
    *presses = (struct presses){.self = self, .host = host};
    presses->presses_max = (uint32_t)host->config->integer(self, "pressesMax");
    *instance = presses;
    return MUSTER_OK;
}

MUSTER_SCHEMA(config_schema,
              MUSTER_SCHEMA_INT("pressesMax", 25, 1, 1000, MUSTER_UNIT("presses/s"),
                                MUSTER_LABEL("Presses in a second that are still human")));
static const struct muster_anticheat anticheat = {.size = sizeof anticheat,
                                                  .create = presses_create,
                                                  .destroy = presses_destroy,
                                                  .input = presses_input,
                                                  .save = presses_save,
                                                  .load = presses_load};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_ANTICHEAT, .vtable = &anticheat}};

MUSTER_PLUGIN(.name = "anticheat_presses", .version = "1.0.0",
              .description = "Reports presses that are too fast.", .roles = roles, .role_count = 1,
              .config_schema = config_schema, .init = presses_init, .fini = free);
