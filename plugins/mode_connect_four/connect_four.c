/* connect_four.c - the mode "connect_four": turns instead of inputs, players instead of teams.
 *
 * 2 to 8 players, each against each once, all boards of a round at the same time. A win is 2
 * points, a draw 1. Whoever is not on the move in time, or leaves, loses that board; who drops
 * keeps the seat while the clock runs. Who comes once it has begun watches.
 *
 * A client sends a message of two bytes, {round, column}: each player has one board a round. What
 * it sees, and the events, stand in docs/protocol.md, section 13. */
#include <muster/host.h>
#include <muster/json.h>
#include <muster/plugin.h>
#include <muster/roles.h>
#include <muster/writer.h>

#include <stdio.h>
#include <stdlib.h>

#define MODE_NAME "connect_four"
#define MAP_NAME "classic"
#define TICK_RATE_HZ 10
#define COLUMNS 7u
#define ROWS 6u
#define COLUMN_BITS (ROWS + 1) /* the top one stays empty, so that no line runs around an edge */
#define CELLS (COLUMNS * ROWS)
#define PLAYERS_MAX 8u
#define BOARDS_MAX (PLAYERS_MAX / 2)
#define PAUSE_MS 1000u /* after a round: its boards are looked at */
#define POINTS_WIN 2u
#define POINTS_DRAW 1u
#define SNAPSHOT_MAX_BYTES 256u
#define MOVE_BYTES 2u

enum { STAT_WINS = MUSTER_STAT_OWN, STAT_DRAWS };
enum { EVENT_MOVE = 1, EVENT_RESULT = 2 };
enum { RESULT_OPEN, RESULT_FIRST, RESULT_SECOND, RESULT_DRAW };
enum { BY_LINE = 1, BY_FULL_BOARD, BY_CLOCK, BY_LEAVING };

struct player {
    uint8_t seat;
    uint8_t points;
    uint8_t is_gone; /* the seat is somebody else's from now on, or nobody's */
};

struct board {
    uint8_t player[2]; /* places in four.players; the first one begins */
    uint8_t result;
    uint8_t move_count;
    uint8_t moves[CELLS];   /* columns */
    uint64_t discs[2];      /* made of the moves: bit column * COLUMN_BITS + row */
    uint32_t deadline_tick; /* whoever is on the move has lost then */
};

struct four {
    const struct instance *instance;
    muster_match_id match;
    uint32_t seats_max;
    uint32_t turn_ticks;
    uint32_t pause_ticks;
    uint8_t changed; /* in the newest tick: what a delta tells */
    /* What is saved: */
    uint8_t touched; /* since that tick */
    uint8_t is_over;
    uint8_t round; /* from 1; 0: two players are not here yet */
    uint8_t player_count;
    uint8_t board_count;
    uint32_t tick; /* the one that comes */
    uint32_t pause_end_tick;
    struct player players[PLAYERS_MAX];
    struct board boards[BOARDS_MAX]; /* of this round */
};

struct instance {
    muster_self *self;
    const struct muster_host *host;
};

/* ---- a board -------------------------------------------------------------------------------- */

static uint32_t side_to_move(const struct board *board) {
    return board->move_count & 1u;
}

static bool has_line(uint64_t discs) {
    static const uint32_t steps[] = {1, COLUMN_BITS, COLUMN_BITS - 1, COLUMN_BITS + 1};
    for (uint32_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t pairs = discs & (discs >> steps[i]);
        if (pairs & (pairs >> 2 * steps[i])) return true;
    }
    return false;
}

/* Of whoever is on the move. False: there is no such column, or it is full. */
static bool board_drop(struct board *board, uint32_t column) {
    if (column >= COLUMNS) return false;
    uint64_t taken = (board->discs[0] | board->discs[1]) >> column * COLUMN_BITS;
    uint32_t row = 0;
    while (taken >> row & 1) row++;
    if (row == ROWS) return false;
    board->discs[side_to_move(board)] |= (uint64_t)1 << (column * COLUMN_BITS + row);
    board->moves[board->move_count++] = (uint8_t)column;
    return true;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static const struct muster_host_match *host_of(const struct four *four) {
    return four->instance->host->match;
}

static uint32_t rounds_of(const struct four *four) {
    return four->player_count + (four->player_count & 1u) - 1u;
}

static bool round_is_open(const struct four *four) {
    for (uint32_t i = 0; i < four->board_count; i++)
        if (four->boards[i].result == RESULT_OPEN) return true;
    return false;
}

static void event_send(struct four *four, uint32_t kind, const struct board *board, uint32_t what,
                       uint32_t how) {
    const uint8_t bytes[] = {(uint8_t)kind, (uint8_t)(board - four->boards), (uint8_t)what,
                             (uint8_t)how};
    (void)host_of(four)->event(four->instance->self, four->match, bytes, sizeof(bytes));
}

static void score(struct four *four, struct player *player, uint32_t points, uint32_t stat) {
    const struct muster_host_match *match = host_of(four);
    muster_self *self = four->instance->self;
    if (player->is_gone) return;
    player->points = (uint8_t)(player->points + points);
    (void)match->stat_add(self, four->match, player->seat, MUSTER_STAT_SCORE, (int32_t)points);
    (void)match->stat_add(self, four->match, player->seat, stat, 1);
}

static void board_close(struct four *four, struct board *board, uint32_t result, uint32_t by) {
    board->result = (uint8_t)result;
    board->deadline_tick = 0;
    four->touched = 1;
    for (uint32_t side = 0; side < 2; side++) {
        struct player *player = &four->players[board->player[side]];
        if (result == RESULT_DRAW) score(four, player, POINTS_DRAW, STAT_DRAWS);
        if (result == RESULT_FIRST + side) score(four, player, POINTS_WIN, STAT_WINS);
    }
    event_send(four, EVENT_RESULT, board, result, by);
    if (!round_is_open(four)) four->pause_end_tick = four->tick + four->pause_ticks;
}

/* The other side than this one. */
static uint32_t won_against(uint32_t side) {
    return side == 0 ? RESULT_SECOND : RESULT_FIRST;
}

static void board_forfeit(struct four *four, struct board *board) {
    bool first_gone = four->players[board->player[0]].is_gone;
    bool second_gone = four->players[board->player[1]].is_gone;
    if (board->result != RESULT_OPEN || !(first_gone || second_gone)) return;
    uint32_t result = first_gone && second_gone ? RESULT_DRAW : won_against(second_gone);
    board_close(four, board, result, BY_LEAVING);
}

/* False: it is not the player's turn, or not possible. */
static bool board_move(struct four *four, struct board *board, uint32_t seat, uint32_t column) {
    uint32_t side = side_to_move(board);
    if (four->players[board->player[side]].seat != seat || !board_drop(board, column)) return false;
    event_send(four, EVENT_MOVE, board, side, column);
    four->touched = 1;
    board->deadline_tick = four->tick + four->turn_ticks;
    if (has_line(board->discs[side])) {
        board_close(four, board, RESULT_FIRST + side, BY_LINE);
    } else if (board->move_count == CELLS) {
        board_close(four, board, RESULT_DRAW, BY_FULL_BOARD);
    }
    return true;
}

static void board_add(struct four *four, uint32_t first, uint32_t second) {
    if (first >= four->player_count || second >= four->player_count) return; /* a round off */
    four->boards[four->board_count++] =
        (struct board){.player = {(uint8_t)first, (uint8_t)second},
                       .deadline_tick = four->tick + four->turn_ticks};
}

/* The circle: the last place stands still, the others move on by one a round, and who faces whom
 * plays. With an odd number nobody stands in the last place. */
static void round_begin(struct four *four) {
    uint32_t turning = rounds_of(four), turn = four->round++;
    four->board_count = 0;
    four->touched = 1;
    board_add(four, turn & 1 ? turn : turning, turn & 1 ? turning : turn);
    for (uint32_t i = 1; i <= turning / 2; i++)
        board_add(four, (turn + i) % turning, (turn + turning - i) % turning);
    for (uint32_t i = 0; i < four->board_count; i++) board_forfeit(four, &four->boards[i]);
}

/* Who begins against whom is drawn. */
static void match_begin(struct four *four) {
    for (uint32_t left = four->player_count; left > 1; left--) {
        uint64_t drawn = host_of(four)->random(four->instance->self, four->match, left);
        struct player player = four->players[drawn];
        four->players[drawn] = four->players[left - 1];
        four->players[left - 1] = player;
    }
    round_begin(four);
}

/* How many of those who are still here have so many points or more. */
static uint32_t here_with(const struct four *four, uint32_t points) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < four->player_count; i++)
        count += !four->players[i].is_gone && four->players[i].points >= points;
    return count;
}

static void match_finish(struct four *four) {
    uint32_t places[MUSTER_SEATS_MAX], here = here_with(four, 0), leaders = 0;
    struct muster_match_end end = {.size = sizeof(end), .seat_places = places};
    for (uint32_t i = 0; i < MUSTER_SEATS_MAX; i++) places[i] = here + 1; /* who came later */
    for (uint32_t i = 0; i < four->player_count; i++) {
        const struct player *player = &four->players[i];
        if (player->is_gone) continue;
        places[player->seat] = here_with(four, player->points + 1u) + 1;
        if (places[player->seat] > 1) continue;
        leaders++;
        end.winner = player->seat;
    }
    end.winner_kind = leaders == 1 ? MUSTER_WINNER_SEAT : MUSTER_WINNER_NOBODY;
    if (leaders != 1) end.winner = 0;
    end.reason = here < 2 ? MUSTER_END_FORFEIT : "all_played";
    four->is_over = 1;
    (void)host_of(four)->end(four->instance->self, four->match, &end);
}

static void clocks_check(struct four *four) {
    for (uint32_t i = 0; i < four->board_count; i++) {
        struct board *board = &four->boards[i];
        if (board->result == RESULT_OPEN && four->tick >= board->deadline_tick)
            board_close(four, board, won_against(side_to_move(board)), BY_CLOCK);
    }
}

static void rules_step(struct four *four) {
    if (four->is_over) return;
    if (four->round == 0) {
        if (four->player_count >= 2) match_begin(four);
        return;
    }
    clocks_check(four);
    if (here_with(four, 0) < 2) {
        match_finish(four);
    } else if (!round_is_open(four) && four->tick >= four->pause_end_tick) {
        (four->round < rounds_of(four) ? round_begin : match_finish)(four);
    }
}

/* ---- the role ------------------------------------------------------------------------------- */

static muster_status mode_create(void *instance, const struct muster_match_info *info,
                                 void **state) {
    const struct instance *self = instance;
    if (strcmp(info->map_name, MAP_NAME) != 0) return MUSTER_NOT_FOUND;
    struct four *four = calloc(1, sizeof(*four));
    if (!four) return MUSTER_NO_MEMORY;
    four->instance = instance;
    four->match = info->match;
    four->seats_max = info->seats_max;
    int64_t turn_seconds =
        self->host->match->setting_integer(self->self, info->match, "turnSeconds");
    four->turn_ticks = (uint32_t)turn_seconds * info->tick_rate_hz;
    four->pause_ticks = PAUSE_MS * info->tick_rate_hz / 1000;
    *state = four;
    return MUSTER_OK;
}

static void mode_destroy(void *instance, void *state) {
    (void)instance;
    free(state);
}

/* Null: whoever sits there watches. */
static struct player *player_at(struct four *four, uint32_t seat) {
    for (uint32_t i = 0; i < four->player_count; i++) {
        struct player *player = &four->players[i];
        if (player->seat == seat && !player->is_gone) return player;
    }
    return NULL;
}

/* Of this round; null in a round off. */
static struct board *board_of(struct four *four, const struct player *player) {
    for (uint32_t i = 0; i < four->board_count; i++) {
        struct board *board = &four->boards[i];
        if (&four->players[board->player[0]] == player) return board;
        if (&four->players[board->player[1]] == player) return board;
    }
    return NULL;
}

static muster_status mode_join(void *instance, void *state, uint32_t seat) {
    struct four *four = state;
    (void)instance;
    if (four->round > 0 || four->player_count == PLAYERS_MAX) return MUSTER_OK;
    four->players[four->player_count++] = (struct player){.seat = (uint8_t)seat};
    four->touched = 1;
    return MUSTER_OK;
}

static void mode_leave(void *instance, void *state, uint32_t seat, uint32_t reason) {
    struct four *four = state;
    struct player *player = player_at(four, seat);
    (void)instance;
    (void)reason;
    if (!player) return;
    four->touched = 1;
    if (four->round == 0) {
        *player = four->players[--four->player_count];
        return;
    }
    player->is_gone = 1;
    struct board *board = board_of(four, player);
    if (board) board_forfeit(four, board);
}

/* What crossed the end of a board on its way is late; the rest no client sends that plays fair. */
static void mode_message(void *instance, void *state, uint32_t seat, const void *data,
                         uint32_t len) {
    const struct instance *self = instance;
    struct four *four = state;
    const uint8_t *bytes = data;
    const struct player *player = player_at(four, seat);
    struct board *board = player ? board_of(four, player) : NULL;
    bool is_move = board && len == MOVE_BYTES && bytes[0] >= 1 && bytes[0] <= four->round;
    bool is_late = is_move && (bytes[0] < four->round || board->result != RESULT_OPEN);
    if (is_late || (is_move && board_move(four, board, seat, bytes[1]))) return;
    self->host->match->fact(self->self, four->match, seat, "impossible_input", 1);
}

static void mode_tick(void *instance, void *state, const struct muster_tick *tick) {
    struct four *four = state;
    (void)instance;
    four->tick = tick->tick;
    rules_step(four);
    four->tick = tick->tick + 1;
    four->changed = four->touched;
    four->touched = 0;
}

/* A game of turns is small: what has changed is told as a whole. */
static void mode_snapshot(void *instance, void *state, uint32_t view, uint32_t full,
                          struct muster_writer *out) {
    const struct four *four = state;
    (void)instance;
    (void)view;
    if (!full && !four->changed) return;
    muster_put_u8(out, four->round);
    muster_put_u8(out, four->round ? rounds_of(four) : 0);
    muster_put_u8(out, four->player_count);
    for (uint32_t i = 0; i < four->player_count; i++) {
        muster_put_u8(out, four->players[i].seat);
        muster_put_u8(out, four->players[i].points);
        muster_put_u8(out, four->players[i].is_gone);
    }
    muster_put_u8(out, four->board_count);
    for (uint32_t i = 0; i < four->board_count; i++) {
        const struct board *board = &four->boards[i];
        muster_put_bytes(out, board->player, sizeof(board->player));
        muster_put_u8(out, board->result);
        muster_put_u32(out, board->deadline_tick);
        muster_put_u8(out, board->move_count);
        muster_put_bytes(out, board->moves, board->move_count);
    }
}

static void mode_intro(void *instance, void *state, struct muster_writer *out) {
    const struct four *four = state;
    struct muster_json_writer json = muster_json_writer_make(out);
    (void)instance;
    muster_json_open_object(&json, NULL);
    muster_json_open_object(&json, "board");
    muster_json_put_int(&json, "columns", COLUMNS);
    muster_json_put_int(&json, "rows", ROWS);
    muster_json_close(&json);
    muster_json_put_int(&json, "turnTicks", four->turn_ticks);
    muster_json_close(&json);
}

static void mode_save(void *instance, void *state, struct muster_writer *out) {
    const struct four *four = state;
    muster_put_u8(out, four->touched);
    muster_put_u8(out, four->is_over);
    muster_put_u32(out, four->tick);
    muster_put_u32(out, four->pause_end_tick);
    mode_snapshot(instance, state, 0, 1, out);
}

static bool player_load(struct four *four, struct player *player, struct muster_reader *in) {
    player->seat = muster_get_u8(in);
    player->points = muster_get_u8(in);
    player->is_gone = muster_get_u8(in);
    return player->seat < four->seats_max && player->is_gone <= 1;
}

static bool board_load(struct four *four, struct board *board, struct muster_reader *in) {
    *board = (struct board){.move_count = 0};
    board->player[0] = muster_get_u8(in);
    board->player[1] = muster_get_u8(in);
    board->result = muster_get_u8(in);
    board->deadline_tick = muster_get_u32(in);
    for (uint32_t left = muster_get_u8(in); left > 0; left--)
        if (!board_drop(board, muster_get_u8(in))) return false;
    return board->player[0] < four->player_count && board->player[1] < four->player_count &&
           board->result <= RESULT_DRAW;
}

static muster_status mode_load(void *instance, void *state, struct muster_reader *in) {
    struct four *four = state;
    (void)instance;
    four->touched = muster_get_u8(in);
    four->is_over = muster_get_u8(in);
    four->tick = muster_get_u32(in);
    four->pause_end_tick = muster_get_u32(in);
    four->round = muster_get_u8(in);
    (void)muster_get_u8(in); /* how many there are follows from the players */
    four->player_count = muster_get_u8(in);
    bool is_valid = four->player_count <= PLAYERS_MAX;
    for (uint32_t i = 0; is_valid && i < four->player_count; i++)
        is_valid = player_load(four, &four->players[i], in);
    four->board_count = is_valid ? muster_get_u8(in) : 0;
    is_valid = is_valid && four->board_count <= BOARDS_MAX &&
               (four->round == 0 || (four->player_count >= 2 && four->round <= rounds_of(four)));
    for (uint32_t i = 0; is_valid && i < four->board_count; i++)
        is_valid = board_load(four, &four->boards[i], in);
    four->changed = 0;
    return is_valid && !in->overflow ? MUSTER_OK : MUSTER_INVALID;
}

static const struct muster_mode mode = {
    .size = sizeof(mode),
    .create = mode_create,
    .destroy = mode_destroy,
    .join = mode_join,
    .leave = mode_leave,
    .tick = mode_tick,
    .snapshot = mode_snapshot,
    .intro = mode_intro,
    .save = mode_save,
    .load = mode_load,
    .message = mode_message,
};

/* ---- lifecycle ------------------------------------------------------------------------------ */

MUSTER_SCHEMA(settings,
              MUSTER_SCHEMA_DURATION_S("turnSeconds", 30, 5, 600, MUSTER_LABEL("Time for a turn"),
                                       MUSTER_HELP("Who takes longer loses the board."),
                                       MUSTER_GROUP("Match")));

static muster_status four_init(muster_self *self, const struct muster_host *host, void **out) {
    static const char *const maps[] = {MAP_NAME};
    static const char *const stats[] = {"wins", "draws"};
    static const char *const no_victories[] = {NULL}; /* the boards decide */
    const struct muster_mode_info info = {.size = sizeof(info),
                                          .players_max = 2,
                                          .people_max = PLAYERS_MAX,
                                          .players_min = 2,
                                          .game_mode = MODE_NAME,
                                          .title = "Connect Four",
                                          .settings_json = settings,
                                          .maps = maps,
                                          .map_count = 1,
                                          .tick_rate_hz = TICK_RATE_HZ,
                                          .view_count = 1,
                                          .snapshot_max_bytes = SNAPSHOT_MAX_BYTES,
                                          .victories = no_victories,
                                          .stats = stats,
                                          .stat_count = 2};
    struct instance *instance = calloc(1, sizeof(*instance));
    if (!instance) return MUSTER_NO_MEMORY;
    *instance = (struct instance){.self = self, .host = host};
    *out = instance;
    muster_status status = host->match->mode_add(self, &info);
    if (status != MUSTER_OK) free(instance);
    return status;
}

static void four_fini(void *instance) {
    free(instance);
}

static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_MODE, .vtable = &mode}};

MUSTER_PLUGIN(.name = "mode_connect_four", .version = "1.0.0",
              .description = "Game mode connect_four: a round robin of boards, turn by turn.",
              .roles = roles, .role_count = 1, .init = four_init, .fini = four_fini);
