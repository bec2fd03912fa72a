/* rows_base - log, config, loop and what else needs no lobby. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "conform.h"

#define HOUR_MS 3600000u

static void nothing(void *user) {
    (void)user;
}

static void nothing_done(void *user, muster_status status) {
    (void)user, (void)status;
}

static void nothing_polled(void *user, uint32_t events, muster_status status) {
    (void)user, (void)events, (void)status;
}

static bool is_path(const char *text) {
    return text && text[0] == '/' && text[strlen(text) - 1] != '/';
}

/* ---- log ------------------------------------------------------------------------------------- */

static void log_write(struct conform *c) {
    char line[3000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    DONE(c, "good", c->host->log->write(c->self, MUSTER_LOG_DEBUG, "a line of %s", c->place));
    DONE(c, "long", c->host->log->write(c->self, MUSTER_LOG_DEBUG, "%s", line));
}

MUSTER_PRINTF(2, 3) static void write_va(struct conform *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    c->host->log->write_va(c->self, MUSTER_LOG_DEBUG, format, args);
    va_end(args);
}

static void log_write_va(struct conform *c) {
    DONE(c, "good", write_va(c, "a line of %s", c->place));
    DONE(c, "nothing", write_va(c, NULL));
}

static void log_write_fields(struct conform *c) {
    const struct muster_host_log *log = c->host->log;
    const struct muster_log_field good[] = {
        muster_log_text("player", "p\n\"1\""), muster_log_integer("match", -1),
        muster_log_number("load", 1.5), muster_log_boolean("isNew", true)};
    const struct muster_log_field wrong[] = {muster_log_text("plugin", "another"),
                                             muster_log_text("two words", ""),
                                             muster_log_text(NULL, "")};
    DONE(c, "good", log->write_fields(c->self, MUSTER_LOG_DEBUG, "a line", good, 4));
    DONE(c, "none", log->write_fields(c->self, MUSTER_LOG_DEBUG, "a line", NULL, 0));
    DONE(c, "no message", log->write_fields(c->self, MUSTER_LOG_DEBUG, NULL, good, 4));
    DONE(c, "nothing", log->write_fields(c->self, MUSTER_LOG_DEBUG, "a line", NULL, 4));
    DONE(c, "wrong", log->write_fields(c->self, MUSTER_LOG_DEBUG, "a line", wrong, 3));
}

const struct conform_row log_rows[] = {ROW(log, write), ROW(log, write_va), ROW(log, write_fields)};
ROWS_COMPLETE(log, log_rows);

/* ---- config ---------------------------------------------------------------------------------- */

static void config_integer(struct conform *c) {
    NUMBER(c, "good", c->host->config->integer(c->self, "limit"));
    NUMBER(c, "undeclared", c->host->config->integer(c->self, "none"));
    NUMBER(c, "other type", c->host->config->integer(c->self, "title"));
    NUMBER(c, "nothing", c->host->config->integer(c->self, NULL));
}

static void config_number(struct conform *c) {
    NUMBER(c, "good", c->host->config->number(c->self, "share"));
    NUMBER(c, "undeclared", c->host->config->number(c->self, "none"));
    NUMBER(c, "other type", c->host->config->number(c->self, "title"));
}

static void config_boolean(struct conform *c) {
    NUMBER(c, "good", c->host->config->boolean(c->self, "open"));
    NUMBER(c, "undeclared", c->host->config->boolean(c->self, "none"));
    NUMBER(c, "other type", c->host->config->boolean(c->self, "limit"));
}

static void config_string(struct conform *c) {
    TEXT(c, "good", c->host->config->string(c->self, "title"));
    TEXT(c, "undeclared", c->host->config->string(c->self, "none"));
    TEXT(c, "other type", c->host->config->string(c->self, "limit"));
}

static void config_list_count(struct conform *c) {
    NUMBER(c, "good", c->host->config->list_count(c->self, "names"));
    NUMBER(c, "undeclared", c->host->config->list_count(c->self, "none"));
    NUMBER(c, "other type", c->host->config->list_count(c->self, "title"));
}

static void config_list_item(struct conform *c) {
    TEXT(c, "good", c->host->config->list_item(c->self, "names", 1));
    TEXT(c, "past", c->host->config->list_item(c->self, "names", 2));
    TEXT(c, "undeclared", c->host->config->list_item(c->self, "none", 0));
    TEXT(c, "other type", c->host->config->list_item(c->self, "title", 0));
}

static void config_instance_name(struct conform *c) {
    TEXT(c, "good", c->host->config->instance_name(c->self));
}

static void config_data_dir(struct conform *c) {
    const char *dir = c->host->config->data_dir(c->self);
    NUMBER(c, "is a path", is_path(dir));
}

static void config_share_dir(struct conform *c) {
    NUMBER(c, "is a path", is_path(c->host->config->share_dir(c->self)));
}

const struct conform_row config_rows[] = {
    ROW(config, integer),       ROW(config, number),     ROW(config, boolean),
    ROW(config, string),        ROW(config, list_count), ROW(config, list_item),
    ROW(config, instance_name), ROW(config, data_dir),   ROW(config, share_dir),
};
ROWS_COMPLETE(config, config_rows);

/* ---- node ------------------------------------------------------------------------------------ */

static void node_info(struct conform *c) {
    struct muster_node_info info = {.size = sizeof info};
    STATUS(c, "good", c->host->node->info(c->self, &info));
    NUMBER(c, "has an id", info.node_id && info.node_id[0]);
    NUMBER(c, "has a region", info.region && info.region[0]);
    NUMBER(c, "players max", info.players_max > 0);
    NUMBER(c, "started", info.started_unix_ms > 0);
    NUMBER(c, "untrusted", info.is_untrusted);
    STATUS(c, "nothing", c->host->node->info(c->self, NULL));
    info.size = 0;
    STATUS(c, "no size", c->host->node->info(c->self, &info));
}

static void node_mode_next(struct conform *c) {
    struct muster_node_mode mode = {.size = sizeof mode};
    uint32_t index = 0, past = 1000;
    STATUS(c, "good", c->host->node->mode_next(c->self, &index, &mode));
    TEXT(c, "mode", mode.game_mode);
    NUMBER(c, "index", index);
    STATUS(c, "past", c->host->node->mode_next(c->self, &past, &mode));
    STATUS(c, "no index", c->host->node->mode_next(c->self, NULL, &mode));
    STATUS(c, "nothing", c->host->node->mode_next(c->self, &index, NULL));
    mode.size = 0;
    STATUS(c, "no size", c->host->node->mode_next(c->self, &index, &mode));
}

static void node_team_name(struct conform *c) {
    TEXT(c, "good", c->host->node->team_name(c->self, "conform", MUSTER_TEAM_RED));
    TEXT(c, "no team", c->host->node->team_name(c->self, "conform", 77));
    TEXT(c, "no mode", c->host->node->team_name(c->self, "none", MUSTER_TEAM_RED));
    TEXT(c, "nothing", c->host->node->team_name(c->self, NULL, MUSTER_TEAM_RED));
}

const struct conform_row node_rows[] = {ROW(node, info), ROW(node, mode_next),
                                        ROW(node, team_name)};
ROWS_COMPLETE(node, node_rows);

/* ---- loop ------------------------------------------------------------------------------------ */

static void loop_now_ms(struct conform *c) {
    NUMBER(c, "is there", c->host->loop->now_ms(c->self) > 0);
}

static void loop_unix_ms(struct conform *c) {
    NUMBER(c, "is there", c->host->loop->unix_ms(c->self) > 0);
}

static void loop_timer_start(struct conform *c) {
    const struct muster_host_loop *loop = c->host->loop;
    muster_timer_id id = {0};
    STATUS(c, "good", loop->timer_start(c->self, HOUR_MS, 0, nothing, c, &id));
    STATUS(c, "its stop", loop->timer_stop(c->self, id));
    STATUS(c, "repeated", loop->timer_start(c->self, HOUR_MS, HOUR_MS, nothing, c, &id));
    STATUS(c, "its stop", loop->timer_stop(c->self, id));
    STATUS(c, "no function", loop->timer_start(c->self, HOUR_MS, 0, NULL, c, &id));
    STATUS(c, "no place", loop->timer_start(c->self, HOUR_MS, 0, nothing, c, NULL));
}

static void loop_timer_stop(struct conform *c) {
    muster_timer_id id = {0};
    (void)c->host->loop->timer_start(c->self, HOUR_MS, 0, nothing, c, &id);
    STATUS(c, "good", c->host->loop->timer_stop(c->self, id));
    STATUS(c, "again", c->host->loop->timer_stop(c->self, id));
    STATUS(c, "none", c->host->loop->timer_stop(c->self, (muster_timer_id){0}));
    STATUS(c, "nobody's", c->host->loop->timer_stop(c->self, NOTHING(muster_timer_id)));
}

static void loop_post(struct conform *c) {
    STATUS(c, "good", c->host->loop->post(c->self, nothing, c));
    STATUS(c, "no function", c->host->loop->post(c->self, NULL, c));
}

static void loop_work(struct conform *c) {
    muster_work_id id = {0};
    STATUS(c, "good", c->host->loop->work(c->self, nothing, nothing_done, c, &id));
    STATUS(c, "no end", c->host->loop->work(c->self, nothing, NULL, c, &id));
    STATUS(c, "no place", c->host->loop->work(c->self, nothing, nothing_done, c, NULL));
    STATUS(c, "no function", c->host->loop->work(c->self, NULL, nothing_done, c, &id));
}

static void loop_poll_start(struct conform *c) {
    const struct muster_host_loop *loop = c->host->loop;
    muster_poll_id id = {0}, other = {0};
    int fd = eventfd(0, EFD_CLOEXEC);
    STATUS(c, "good", loop->poll_start(c->self, fd, MUSTER_POLL_READ, nothing_polled, c, &id));
    STATUS(c, "twice", loop->poll_start(c->self, fd, MUSTER_POLL_READ, nothing_polled, c, &other));
    STATUS(c, "its stop", loop->poll_stop(c->self, id));
    STATUS(c, "no descriptor",
           loop->poll_start(c->self, -1, MUSTER_POLL_READ, nothing_polled, c, &id));
    STATUS(c, "no events", loop->poll_start(c->self, fd, 0, nothing_polled, c, &id));
    STATUS(c, "no function", loop->poll_start(c->self, fd, MUSTER_POLL_READ, NULL, c, &id));
    STATUS(c, "no place", loop->poll_start(c->self, fd, MUSTER_POLL_READ, nothing_polled, c, NULL));
    close(fd);
}

static void loop_poll_stop(struct conform *c) {
    STATUS(c, "none", c->host->loop->poll_stop(c->self, (muster_poll_id){0}));
    STATUS(c, "nobody's", c->host->loop->poll_stop(c->self, NOTHING(muster_poll_id)));
}

static void loop_work_cancel(struct conform *c) {
    muster_work_id id = {0};
    STATUS(c, "work", c->host->loop->work(c->self, nothing, nothing_done, c, &id));
    STATUS(c, "good", c->host->loop->work_cancel(c->self, id));
    STATUS(c, "again", c->host->loop->work_cancel(c->self, id));
    STATUS(c, "none", c->host->loop->work_cancel(c->self, (muster_work_id){0}));
    STATUS(c, "nobody's", c->host->loop->work_cancel(c->self, NOTHING(muster_work_id)));
}

static void loop_random(struct conform *c) {
    uint8_t bytes[32] = {0};
    uint32_t sum = 0;
    c->host->loop->random(c->self, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) sum += bytes[i];
    NUMBER(c, "is there", sum > 0);
}

const struct conform_row loop_rows[] = {
    ROW(loop, now_ms), ROW(loop, unix_ms),     ROW(loop, timer_start), ROW(loop, timer_stop),
    ROW(loop, post),   ROW(loop, work),        ROW(loop, poll_start),  ROW(loop, poll_stop),
    ROW(loop, random), ROW(loop, work_cancel),
};
ROWS_COMPLETE(loop, loop_rows);
