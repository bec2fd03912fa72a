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

const struct conform_row log_rows[] = {ROW(log, write)};
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

static void config_node_id(struct conform *c) {
    NUMBER(c, "is there", c->host->config->node_id(c->self)[0] != '\0');
}

static void config_region(struct conform *c) {
    NUMBER(c, "is there", c->host->config->region(c->self)[0] != '\0');
}

static void config_version(struct conform *c) {
    NUMBER(c, "is there", c->host->config->version(c->self)[0] != '\0');
}

static void config_untrusted(struct conform *c) {
    NUMBER(c, "good", c->host->config->untrusted(c->self));
}

static void config_watch(struct conform *c) {
    NUMBER(c, "good", c->host->config->watch(c->self));
}

const struct conform_row config_rows[] = {
    ROW(config, integer),       ROW(config, number),     ROW(config, boolean),
    ROW(config, string),        ROW(config, list_count), ROW(config, list_item),
    ROW(config, instance_name), ROW(config, data_dir),   ROW(config, share_dir),
    ROW(config, node_id),       ROW(config, region),     ROW(config, version),
    ROW(config, untrusted),     ROW(config, watch),
};
ROWS_COMPLETE(config, config_rows);

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
