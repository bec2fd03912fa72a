/* outside.c - what comes from outside of the host: identities, reports, commands, metrics.
 * Requests, fetches and WebSockets are web.c's. */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth.h"
#include "console.h"
#include "http.h"
#include "loop.h"
#include "metrics.h"
#include "net.h"
#include "net_url.h"
#include "notices.h"
#include "pending.h"
#include "registry.h"
#include "store.h"

#define DEADLINE_MS 30000

/* ---- verdicts -------------------------------------------------------------------------------- */

struct verdict_wait {
    bool is_over;
    muster_self *plugin;
    const struct muster_auth *auth; /* null: it is a reporter */
    uint64_t ticket;
    struct auth_answer answer;
};

/* As the daemon does when nobody waits any more. */
static void tell_cancelled(const struct verdict_wait *wait) {
    if (!wait->auth || !wait->auth->cancel) return;
    plugin_enter(wait->plugin, "auth.cancel");
    wait->auth->cancel(wait->plugin->instance, (muster_auth_ticket_id){wait->ticket});
    plugin_leave();
}

static uint32_t verdicts_open;

static void on_verdict(void *user, muster_status status, const void *answer) {
    struct verdict_wait *wait = user;
    wait->is_over = true;
    wait->answer.verdict = MUSTER_VERDICT_INVALID;
    if (status) tell_cancelled(wait);
    if (status) return;
    if (wait->auth)
        wait->answer = *(const struct auth_answer *)answer;
    else
        wait->answer.verdict = *(const muster_verdict *)answer;
}

static bool verdict_is_over(void *user) {
    return ((const struct verdict_wait *)user)->is_over;
}

/* The verdict given at once, or what comes of the ticket. */
static muster_verdict await(struct testkit *kit, struct verdict_wait *wait,
                            muster_verdict verdict) {
    if (verdict != MUSTER_PENDING) {
        pending_close(wait->ticket);
        return verdict;
    }
    verdicts_open++;
    if (!testkit_wait(kit, verdict_is_over, wait, DEADLINE_MS)) {
        pending_close(wait->ticket);
        tell_cancelled(wait);
    }
    verdicts_open--;
    return wait->is_over ? wait->answer.verdict : MUSTER_PENDING;
}

muster_verdict testkit_authenticate(muster_self *plugin, const char *token,
                                    struct muster_identity *out) {
    KIT_NEED(plugin && token && out, MUSTER_VERDICT_INVALID);
    const struct muster_auth *auth = testkit_role(plugin, MUSTER_ROLE_AUTH);
    struct verdict_wait wait = {.plugin = plugin, .auth = auth};
    if (!auth || pending_open(plugin, "auth", DEADLINE_MS, on_verdict, &wait, &wait.ticket))
        return MUSTER_VERDICT_INVALID;
    *out = (struct muster_identity){.size = sizeof *out};
    const struct muster_auth_request request = {
        .size = sizeof request, .ticket = {wait.ticket}, .token = token, .address = "127.0.0.1"};
    plugin_enter(plugin, "auth.authenticate");
    muster_verdict verdict = auth->authenticate(plugin->instance, &request, out);
    plugin_leave();
    bool is_later = verdict == MUSTER_PENDING;
    verdict = await(kit_now, &wait, verdict);
    if (is_later && wait.is_over) *out = wait.answer.identity;
    return verdict;
}

muster_verdict testkit_deliver(muster_self *plugin, uint32_t kind, const char *json) {
    KIT_NEED(plugin && json, MUSTER_VERDICT_INVALID);
    const struct muster_reporter *reporter = testkit_role(plugin, MUSTER_ROLE_REPORTER);
    struct verdict_wait wait = {.plugin = plugin};
    if (!reporter || pending_open(plugin, "report", DEADLINE_MS, on_verdict, &wait, &wait.ticket))
        return MUSTER_VERDICT_INVALID;
    const struct muster_report report = {
        .size = sizeof report, .kind = kind, .ticket = {wait.ticket}, .json = {json, strlen(json)}};
    plugin_enter(plugin, "reporter.deliver");
    muster_verdict verdict = reporter->deliver(plugin->instance, &report);
    plugin_leave();
    return await(kit_now, &wait, verdict);
}

uint32_t testkit_tickets(struct testkit *kit) {
    KIT_NEED(kit, 0);
    return store_waiting() + kit_fetches() + verdicts_open;
}

/* ---- metrics, commands, notices -------------------------------------------------------------- */

struct sample {
    const char *name;
    double value;
};

static void on_metric(void *user, const struct muster_metric *metric) {
    struct sample *sample = user;
    if (strcmp(metric->name, sample->name) == 0) sample->value = metric->value;
}

double testkit_metric(struct testkit *kit, const char *name) {
    KIT_NEED(kit && name, NAN);
    struct sample sample = {name, NAN};
    kit_stand(kit);
    metrics_visit(on_metric, &sample);
    return sample.value;
}

static void on_command_answer(void *user, muster_status status, const char *answer) {
    struct testkit *kit = user;
    (void)status; /* the sentence says it */
    free(kit->command_answer);
    kit->command_answer = kit_copy(answer);
}

static bool has_command_answer(void *user) {
    return ((const struct testkit *)user)->command_answer != NULL;
}

const char *testkit_command(struct testkit *kit, const char *line) {
    KIT_NEED(kit && line, "");
    kit_stand(kit);
    free(kit->command_answer);
    kit->command_answer = NULL;
    console_run_whole("testkit", line, on_command_answer, kit);
    (void)testkit_wait(kit, has_command_answer, kit, KIT_WAIT_MS);
    return kit->command_answer ? kit->command_answer : "";
}

void testkit_notice(struct testkit *kit, const struct muster_notice *notice) {
    KIT_NEED_OR_NOTHING(kit && notice);
    kit_stand(kit);
    notices_emit(notice);
}
