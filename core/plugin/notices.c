/* notices - the list of subscribers, and what waits to be told. Owned here; plugins come through
 * host->events. */
#include "notices.h"

#include <stdlib.h>

#include "log.h"
#include "loop.h"
#include "registration.h"

#define WAITING_MAX 65536

struct subscriber {
    struct registration head;
    uint64_t mask;
    notices_fn fn;
    void *user;
    uint64_t since; /* hears what is told after so many */
};

static struct registrations subscribers = {
    .cap = 256, .entry_size = sizeof(struct subscriber), .when_full = MUSTER_FULL};
static uint64_t told;
static void (*rules)(const struct muster_notice *notice);

/* What happened inside a plugin's call. */
static struct {
    struct muster_notice *rows;
    uint32_t count;
    uint32_t cap;
} waiting;

void notices_set_rules(void (*fn)(const struct muster_notice *notice)) {
    rules = fn;
}

muster_status notices_subscribe(struct muster_self *owner, uint64_t mask, notices_fn fn,
                                void *user) {
    if (!fn || !mask) return MUSTER_INVALID;
    void *entry;
    muster_status status = registration_add(&subscribers, owner, NULL, &entry);
    if (status) return status;
    struct subscriber *subscriber = entry;
    subscriber->mask = mask;
    subscriber->fn = fn;
    subscriber->user = user;
    subscriber->since = told;
    return MUSTER_OK;
}

static void tell(const struct subscriber *to, const struct muster_notice *notice) {
    struct muster_self *owner = (struct muster_self *)to->head.owner;
    if (owner) plugin_enter(owner, "events.notice");
    to->fn(to->user, notice);
    if (owner) plugin_leave();
}

/* Who subscribes meanwhile hears the next one. */
static void tell_all(const struct muster_notice *notice) {
    uint64_t id = 0, number = ++told;
    for (const struct subscriber *to; (to = registration_next(&subscribers, &id));)
        if (to->since < number && (to->mask >> notice->kind & 1)) tell(to, notice);
    if (rules) rules(notice);
}

/* What happens meanwhile waits for the next turn: who answers each notice with another one does not
 * hold the loop. */
static void tell_waiting(void) {
    struct muster_notice *rows = waiting.rows;
    uint32_t count = waiting.count;
    waiting.rows = NULL;
    waiting.count = waiting.cap = 0;
    for (uint32_t i = 0; i < count; i++) tell_all(&rows[i]);
    free(rows);
}

static void on_turn(void *user) {
    (void)user;
    tell_waiting();
}

static bool make_room(void) {
    if (waiting.count < waiting.cap) return true;
    uint32_t cap = waiting.cap ? waiting.cap * 2 : 16;
    struct muster_notice *rows =
        cap <= WAITING_MAX ? realloc(waiting.rows, cap * sizeof *rows) : NULL;
    if (!rows) return false;
    waiting.rows = rows;
    waiting.cap = cap;
    return true;
}

static void wait_for_turn(const struct muster_notice *notice) {
    if (!make_room() || (waiting.count == 0 && loop_post(on_turn, NULL))) {
        log_warn("plugin", "too much happens in one call of a plugin: a notice is lost");
        return;
    }
    waiting.rows[waiting.count++] = *notice;
}

void notices_emit(const struct muster_notice *notice) {
    if (plugin_depth() > 0) {
        wait_for_turn(notice);
        return;
    }
    tell_waiting();
    tell_all(notice);
}

void notices_deinit(void) {
    free(waiting.rows);
    waiting.rows = NULL;
    waiting.count = waiting.cap = 0;
}
