#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "loop.h"
#include "match.h"
#include "metrics.h"
#include "pending.h"
#include "record.h"
#include "response.h"
#include "session.h"
#include "ticket.h"

#define RETRY_TICK_MS 250
#define DELIVER_DEADLINE_MS 30000
#define REPORT_BYTES_MAX (256u << 10)

/* One report on its way to one reporter. */
struct delivery {
    struct delivery *next;
    struct provider *reporter; /* pinned */
    uint32_t kind;
    uint32_t attempts;
    uint64_t due_ms;
    muster_report_ticket_id ticket; /* asked, not answered yet */
    uint32_t json_len;
    char json[];
};

static struct {
    struct delivery *first;
    uint32_t count;
    struct loop_timer *timer;
    struct delivery *asked; /* its reporter is being asked; null once it was answered or is gone */
} reports;

static void remove_delivery(struct delivery *delivery) {
    struct delivery **at = &reports.first;
    while (*at != delivery) at = &(*at)->next;
    *at = delivery->next;
    reports.count--;
    if (reports.asked == delivery) reports.asked = NULL;
    plugin_unpin(delivery->reporter->self);
    free(delivery);
}

static void give_up(struct delivery *delivery, const char *why) {
    metrics_add(METRIC_REPORTS_DROPPED, 1);
    log_warn("report", "reporter %s: a report was given up: %s",
             delivery->reporter->self->instance_name, why);
    remove_delivery(delivery);
}

static void conclude(struct delivery *delivery, muster_verdict verdict) {
    delivery->ticket = (muster_report_ticket_id){0};
    if (reports.asked == delivery) reports.asked = NULL;
    if (verdict == MUSTER_ACCEPT) {
        remove_delivery(delivery);
        return;
    }
    if (++delivery->attempts >= config_core->report.attempts_max) {
        give_up(delivery, "tried too often");
        return;
    }
    uint32_t doublings = delivery->attempts < 10 ? delivery->attempts - 1 : 9;
    uint64_t pause_ms = (uint64_t)config_core->report.backoff_ms << doublings;
    delivery->due_ms = loop_now_ms() + pause_ms;
}

static void on_answer(void *user, muster_status status, const void *answer) {
    conclude(user, status ? MUSTER_REJECT : *(const muster_verdict *)answer);
}

static void deliver(struct delivery *delivery) {
    struct provider *p = delivery->reporter;
    struct muster_report report = {.size = sizeof report,
                                   .kind = delivery->kind,
                                   .json = {delivery->json, delivery->json_len}};
    delivery->due_ms = loop_now_ms() + RETRY_TICK_MS;
    if (pending_open(p->self, "report", DELIVER_DEADLINE_MS, on_answer, delivery,
                     &report.ticket.value))
        return;
    delivery->ticket = report.ticket;
    reports.asked = delivery;
    plugin_enter(p->self, "reporter.deliver");
    muster_verdict verdict = p->reporter.deliver(p->instance, &report);
    plugin_leave();
    if (verdict == MUSTER_PENDING || reports.asked != delivery) return;
    if (verdict != MUSTER_ACCEPT && verdict != MUSTER_REJECT)
        plugin_fault(p->self, "reporter.deliver answered %u", verdict);
    pending_close(report.ticket.value);
    conclude(delivery, verdict);
}

static struct delivery *find_due(uint64_t now_ms) {
    struct delivery *d = reports.first;
    while (d && (d->ticket.value || d->due_ms > now_ms)) d = d->next;
    return d;
}

static void on_timer(void *user) {
    (void)user;
    uint64_t now_ms = loop_now_ms();
    /* From the start each time: a reporter that is asked may end other deliveries. */
    for (struct delivery *d; (d = find_due(now_ms));) deliver(d);
}

static void add(struct provider *reporter, uint32_t kind, const char *json, uint32_t len) {
    if (reports.count >= config_core->report.queue_max) {
        struct delivery *oldest = reports.first;
        if (oldest->ticket.value) pending_cancel(oldest->ticket.value);
        give_up(oldest, "the queue is full");
    }
    struct delivery *delivery = calloc(1, sizeof *delivery + len + 1);
    if (!delivery) return;
    delivery->reporter = reporter;
    delivery->kind = kind;
    delivery->json_len = len;
    memcpy(delivery->json, json, len);
    plugin_pin(reporter->self);
    struct delivery **at = &reports.first;
    while (*at) at = &(*at)->next;
    *at = delivery;
    reports.count++;
}

muster_status report_init(void) {
    reports.timer = loop_timer_start(RETRY_TICK_MS, RETRY_TICK_MS, on_timer, NULL);
    return reports.timer ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void report_hurry(void) {
    for (struct delivery *d = reports.first; d; d = d->next) d->due_ms = 0;
    on_timer(NULL);
}

void report_deinit(void) {
    response_deinit();
    loop_timer_stop(reports.timer);
    while (reports.first) {
        if (reports.first->ticket.value) pending_cancel(reports.first->ticket.value);
        remove_delivery(reports.first);
    }
}

void report_submit(uint32_t kind, json_t *json) {
    struct provider *p = registry_first(MUSTER_ROLE_REPORTER);
    char *text = p && json ? json_dumps(json, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;
    for (; len && len <= REPORT_BYTES_MAX && p; p = p->next) add(p, kind, text, (uint32_t)len);
    free(text);
    json_decref(json);
    if (plugin_depth() == 0) on_timer(NULL);
}

/* ---- suspicions ------------------------------------------------------------------------------ */

static bool is_suspicion(const json_t *report) {
    const json_t *severity = json_object_get(report, "severity");
    const json_t *family = json_object_get(report, "family");
    return json_is_string(json_object_get(report, "detector")) && json_is_integer(severity) &&
           json_integer_value(severity) >= 1 && json_integer_value(severity) <= 10 &&
           (!family || json_is_string(family));
}

/* Where it can be seen again: all of it is in the file by the end of the match. */
static json_t *replay_json(const struct match *match) {
    uint32_t used = match->record ? record_used(match->record) : 0;
    if (!used) return json_null();
    return json_pack("{s:o,s:i,s:n}", "file", json_sprintf("records/%s.mrec", match->key), "offset",
                     (int)used, "hash");
}

static void complete(json_t *report, const struct match *match, uint32_t seat,
                     struct response response) {
    const char *player_key = match->seats[seat].player_key;
    const struct session *session = session_find_key(player_key);
    char id[TICKET_UUID_SIZE];
    ticket_uuid(id);
    json_object_set_new(report, "id", json_string(id));
    json_object_set_new(report, "matchId", json_string(match->key));
    json_object_set_new(report, "lobbyId", json_string(match->lobby_key));
    json_object_set_new(report, "playerId", json_string(player_key));
    json_object_set_new(report, "tick", json_integer(match->tick));
    json_object_set_new(report, "rttMs", json_integer(session ? session->rtt_ms : 0));
    json_object_set_new(report, "replay", replay_json(match));
    json_object_set_new(report, "action", json_string(response_word(response.taken)));
    json_object_set_new(report, "earned", json_string(response_word(response.earned)));
}

static void log_suspicion(const struct match *match, uint32_t seat, const char *detector,
                          struct response response) {
    log_fields(MUSTER_LOG_INFO, "anticheat",
               &(struct log_fields){.lobby = match->lobby_key,
                                    .player = match->seats[seat].player_key,
                                    .event = "suspicion",
                                    .kind = "suspicion"},
               "%s suspects %s in match %s at tick %u: %s", detector,
               match->seats[seat].display_name, match->key, match->tick,
               response_word(response.taken));
}

muster_status report_suspicion(muster_match_id match_id, uint32_t seat, const char *json) {
    const struct match *match = match_find(match_id);
    if (!match || seat >= match_seat_count(match) || !match->seats[seat].used)
        return MUSTER_NOT_FOUND;
    if (match->replaying) return MUSTER_OK; /* it was told when it happened */
    json_t *report = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    if (!is_suspicion(report)) {
        json_decref(report);
        return MUSTER_INVALID;
    }
    const char *family = json_string_value(json_object_get(report, "family"));
    const char *detector = json_string_value(json_object_get(report, "detector"));
    struct response response =
        response_take(match->seats[seat].player_key, detector, family ? family : "", match->key,
                      match->record != NULL);
    if (response.taken == RESPONSE_IGNORE) {
        json_decref(report);
        return MUSTER_OK;
    }
    log_suspicion(match, seat, detector, response);
    complete(report, match, seat, response);
    report_submit(MUSTER_REPORT_SUSPICION, report);
    return MUSTER_OK;
}
