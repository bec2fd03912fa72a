/* suspicions - a reporter of the test's, and what it was told of whom. */
#ifndef SUSPICIONS_H
#define SUSPICIONS_H

#include "test.h"

#include <jansson.h>
#include <muster_testkit.h>

#define SUSPICIONS_MAX 64

static json_t *suspicions[SUSPICIONS_MAX];
static uint32_t suspicion_count;

static muster_verdict suspicion_deliver(void *instance, const struct muster_report *report) {
    (void)instance;
    if (report->kind != MUSTER_REPORT_SUSPICION) return MUSTER_ACCEPT;
    assert_true(suspicion_count < SUSPICIONS_MAX);
    suspicions[suspicion_count] = json_loadb(report->json.data, report->json.len, 0, NULL);
    assert_non_null(suspicions[suspicion_count++]);
    return MUSTER_ACCEPT;
}

static const struct muster_reporter suspicion_reporter = {.size = sizeof suspicion_reporter,
                                                          .deliver = suspicion_deliver};
static const struct muster_role suspicion_roles[] = {
    {.kind = MUSTER_ROLE_REPORTER, .vtable = &suspicion_reporter}};
MUSTER_PLUGIN(.name = "reporter_of_the_test", .version = "1.0.0", .description = "Keeps them.",
              .roles = suspicion_roles, .role_count = 1);

static void suspicions_forget(void) {
    while (suspicion_count) json_decref(suspicions[--suspicion_count]);
}

/* What is reported by now. */
static uint32_t suspicions_heard(struct testkit *kit) {
    testkit_advance(kit, 250);
    return suspicion_count;
}

static const char *suspicion_text(uint32_t index, const char *key) {
    assert_true(index < suspicion_count);
    const char *text = json_string_value(json_object_get(suspicions[index], key));
    return text ? text : "";
}

#endif
