/* play - see play.h. */
#include "play.h"

#include <errno.h>
#include <string.h>

#define STILL_OPEN_US 1000000u /* shorter ones would have ended soon, and be too short here */

static uint32_t u32_at(const uint8_t *data) {
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
           (uint32_t)data[3] << 24;
}

static void note_interval(struct player *player, uint32_t tick, uint32_t len) {
    struct player_world *world = player->world;
    histogram_add(&world->intervals, world->now_us - player->last_snapshot_us);
    world->snapshots++;
    world->snapshot_bytes += len;
    world->gaps += tick != player->last_tick + 1;
}

static void note_gap(struct player *player, uint32_t tick) {
    uint64_t now_us = player->world->now_us;
    uint64_t gap_us = now_us - player->last_snapshot_us;
    uint64_t stood_us = now_us - player->newest_us;
    if (player->last_snapshot_us && gap_us > player->gap_us) player->gap_us = gap_us;
    player->last_tick = tick;
    player->last_snapshot_us = now_us;
    if (tick <= player->newest_tick) return;
    if (player->newest_us && stood_us > player->stood_us) player->stood_us = stood_us;
    player->newest_tick = tick;
    player->newest_us = now_us;
}

/* Of one that is no longer known, at least so long. */
static uint32_t waited_us(const struct player *player, uint32_t sequence) {
    uint32_t known = player->sequence - sequence < INPUTS_ON_WAY
                         ? sequence
                         : player->sequence - INPUTS_ON_WAY + 1;
    return (uint32_t)player->world->now_us - player->sent_us[known % INPUTS_ON_WAY];
}

/* Of each input, not of one at a time: in a second that the server stands still twenty wait. */
static void note_latencies(struct player *player, uint32_t ack) {
    struct player_world *world = player->world;
    while (player->answered < ack && player->answered < player->sequence) {
        uint32_t us = waited_us(player, ++player->answered);
        if (world->measuring) histogram_add(&world->latencies, us);
    }
}

void play_on_measured(struct player *player) {
    struct player_world *world = player->world;
    uint64_t gap_us = world->now_us - player->last_snapshot_us;
    if (!player->in_match || gap_us < STILL_OPEN_US) return;
    histogram_add(&world->intervals, gap_us);
    for (uint32_t i = player->answered + 1; i <= player->sequence; i++)
        histogram_add(&world->latencies, waited_us(player, i));
}

static void begin(struct player *player) {
    player->answered = player->sequence;
    player->due_us = player->world->now_us + (uint64_t)(player->number % 50) * 1000;
    player->in_match = true;
    player->world->arrived += !player->has_arrived;
    player->has_arrived = true;
}

void play_on_snapshot(struct player *player, const uint8_t *payload, uint32_t len) {
    if (len < 16) return;
    uint32_t tick = u32_at(payload + 4);
    if (player->world->measuring && player->in_match) note_interval(player, tick, len);
    if (player->in_match)
        note_latencies(player, u32_at(payload + 8));
    else
        begin(player);
    note_gap(player, tick);
}

static void put_u16(uint8_t *out, uint32_t value) {
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
}

/* Walks in changing directions, turns, and fires now and then. */
static void write_input(const struct player *player, uint8_t *input) {
    static const int8_t ways[8][2] = {{127, 0},  {90, 90},   {0, 127},  {-90, 90},
                                      {-127, 0}, {-90, -90}, {0, -127}, {90, -90}};
    uint32_t sequence = player->sequence;
    const int8_t *way = ways[(sequence / 13 + player->number) % 8];
    uint32_t fire = sequence / 40 % 3 == 0;
    input[0] = 1;
    input[1] = 0;
    put_u16(input + 2, sequence);
    put_u16(input + 4, sequence >> 16);
    put_u16(input + 6, fire);
    put_u16(input + 8, fire && sequence % 40 == 0);
    put_u16(input + 10, sequence * 331 + player->number * 8192);
    input[12] = (uint8_t)way[0];
    input[13] = (uint8_t)way[1];
}

void play_send_input(struct player *player) {
    struct player_world *world = player->world;
    uint8_t input[14], frame[FRAME_ROOM(sizeof input)];
    uint64_t missed = (world->now_us - player->due_us) / world->input_interval_us; /* no burst */
    player->due_us += (missed + 1) * world->input_interval_us; /* each in its own place still */
    player->sequence++;
    player->sent_us[player->sequence % INPUTS_ON_WAY] = (uint32_t)world->now_us;
    write_input(player, input);
    uint32_t len = frame_encode(frame, FRAME_BINARY, input, sizeof input);
    ssize_t sent = wire_send(&player->wire, frame, len);
    if (sent == (ssize_t)len)
        world->inputs += world->measuring;
    else if (sent < 0 && errno == EAGAIN)
        world->inputs_blocked++;
    else
        player_lose(player, 0, sent < 0 ? strerror(errno) : "an input was cut short");
}
