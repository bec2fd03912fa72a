#include "pacer.h"

#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "net.h"

#define SLOT_US 1000u
#define SLOTS 2048u /* longest period: 2 s; longer ones go round again */
#define SLOTS_PER_RUN 10
#define LATE_STRETCH_US 25000u
#define LATE_SHRINK_US 12000u
#define LATE_OVERRUN_US 10000u
#define STRETCH_MAX 4.0
#define STRETCH_OVERLOAD 1.1
#define GROWTH_PER_S 0.5
#define SHRINK_PER_S 1.0
#define GOVERN_MAX_US 100000u /* longer between two runs is a stall, and not the load's */
#define OVERLOAD_US 500000u   /* so long above STRETCH_OVERLOAD, */
#define RELIEF_US 250000u     /* so long in time: that it is one does not come and go by waves */
#define RX_SHARE 1.5 /* after a run of t, receiving gets 1.5 t, if there is so much of it */

/* Times that are `due` and slots are the wheel's. It turns slower by the stretch, and all entries
 * with it, so that they keep their distance: were each to wait for longer by itself, they would
 * gather in few slots, and stay there. */
static struct {
    struct pacer_entry slots[SLOTS]; /* list heads */
    uint64_t next_slot;              /* absolute slot number that runs next */
    double wheel_us;                 /* its time, at wheel_at_us of the loop's */
    uint64_t wheel_at_us;
    uint64_t rx_until_us;
    uint64_t last_us;
    uint64_t governed_us;
    uint64_t late_us; /* the slots, at governed_us */
    bool has_skipped; /* since then */
    double stretch;
    uint64_t turning_us; /* for which is_overloaded has not been what the stretch says */
    bool is_overloaded;
    uint32_t armed_count;
    struct loop_timer *timer; /* null while the clock is virtual */
    bool paused;              /* the timer; no entry is armed */
    bool started;
    struct pacer_entry *running_next; /* next entry of the slot that is being run */
    bool running;
} pacer;

static void list_insert(struct pacer_entry *head, struct pacer_entry *entry) {
    entry->prev = head->prev;
    entry->next = head;
    head->prev->next = entry;
    head->prev = entry;
}

static void list_remove(struct pacer_entry *entry) {
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
}

static void arm(struct pacer_entry *entry) {
    uint64_t slot = entry->due_us / SLOT_US;
    if (slot < pacer.next_slot) slot = pacer.next_slot;
    list_insert(&pacer.slots[slot % SLOTS], entry);
    entry->armed = true;
    pacer.armed_count++;
}

static void disarm(struct pacer_entry *entry) {
    list_remove(entry);
    entry->armed = false;
    pacer.armed_count--;
}

static void on_timer(void *user) {
    (void)user;
    pacer.rx_until_us = 0;
    pacer_run();
}

static uint64_t wheel_us(uint64_t now_us) {
    return (uint64_t)(pacer.wheel_us + (double)(now_us - pacer.wheel_at_us) / pacer.stretch);
}

/* Nothing is late. */
static void set_wheel(void) {
    uint64_t now_us = loop_now_us();
    pacer.last_us = pacer.governed_us = pacer.wheel_at_us = now_us;
    pacer.wheel_us = (double)now_us;
    pacer.next_slot = now_us / SLOT_US;
    pacer.late_us = 0;
}

muster_status pacer_start(void) {
    for (uint32_t i = 0; i < SLOTS; i++)
        pacer.slots[i].next = pacer.slots[i].prev = &pacer.slots[i];
    pacer.stretch = 1.0;
    pacer.is_overloaded = false;
    pacer.armed_count = 0;
    set_wheel();
    if (!loop_clock_is_virtual()) pacer.timer = loop_timer_start(1, 1, on_timer, NULL);
    pacer.paused = false;
    pacer.started = pacer.timer || loop_clock_is_virtual();
    return pacer.started ? MUSTER_OK : MUSTER_NO_MEMORY;
}

void pacer_stop(void) {
    loop_timer_stop(pacer.timer);
    pacer.timer = NULL;
    pacer.started = false;
}

static void set_overloaded(bool is_overloaded) {
    pacer.is_overloaded = is_overloaded;
    pacer.turning_us = 0;
    if (is_overloaded)
        log_fields(MUSTER_LOG_WARN, "pacer", &(struct log_fields){.event = "overload_began"},
                   "overloaded: ticks come at longer intervals, and nobody new gets a seat");
    else
        log_fields(MUSTER_LOG_INFO, "pacer", &(struct log_fields){.event = "overload_ended"},
                   "no longer overloaded");
}

/* Without entries nothing calls: the next one finds the wheel at the present moment. */
static void wake(void) {
    if (pacer.armed_count > 0 || pacer.running) return;
    set_wheel();
    if (pacer.paused) loop_timer_resume(pacer.timer);
    pacer.paused = false;
}

static void rest(void) {
    if (pacer.armed_count > 0) return;
    pacer.stretch = 1.0; /* no run is left to bring it down */
    if (pacer.is_overloaded) set_overloaded(false);
    if (pacer.timer && !pacer.paused) loop_timer_pause(pacer.timer);
    pacer.paused = pacer.timer != NULL;
}

void pacer_add(struct pacer_entry *entry, uint32_t period_us, uint32_t phase,
               void (*fn)(void *user), void *user) {
    wake();
    uint64_t now_us = wheel_us(loop_now_us());
    uint64_t phase_us = (uint64_t)phase * SLOT_US % period_us;
    entry->period_us = period_us;
    entry->fn = fn;
    entry->user = user;
    entry->due_us = (now_us / period_us + 1) * period_us + phase_us;
    if (entry->due_us > now_us + period_us) entry->due_us -= period_us;
    arm(entry);
}

void pacer_remove(struct pacer_entry *entry) {
    if (!entry->armed) return;
    if (pacer.running_next == entry) pacer.running_next = entry->next;
    disarm(entry);
}

static void judge(uint64_t passed_us) {
    bool turns = pacer.is_overloaded ? pacer.stretch <= 1.0 : pacer.stretch > STRETCH_OVERLOAD;
    pacer.turning_us = turns ? pacer.turning_us + passed_us : 0;
    if (pacer.turning_us > (pacer.is_overloaded ? RELIEF_US : OVERLOAD_US))
        set_overloaded(!pacer.is_overloaded);
}

/* How long ago it was due. */
static uint64_t late_us(uint64_t due_us, uint64_t now_us) {
    uint64_t now = wheel_us(now_us);
    return now > due_us ? (uint64_t)((double)(now - due_us) * pacer.stretch) : 0;
}

/* The governor: while ticks come late all periods grow, by a twentieth in 100 ms, and shrink again
 * while they come in time, by a tenth; by the time that passes, however many entries there are. How
 * late the slots were is known from the beginning of that time: one long run in it is no overload.
 */
static void govern(uint64_t now_us) {
    uint64_t passed_us = now_us - pacer.governed_us;
    if (passed_us > GOVERN_MAX_US) passed_us = GOVERN_MAX_US;
    double change = pacer.stretch * (double)passed_us / 1000000;
    pacer.wheel_us = (double)wheel_us(now_us);
    pacer.wheel_at_us = now_us;
    if (pacer.late_us > LATE_STRETCH_US || pacer.has_skipped)
        pacer.stretch += change * GROWTH_PER_S;
    else if (pacer.late_us < LATE_SHRINK_US)
        pacer.stretch -= change * SHRINK_PER_S;
    if (pacer.stretch > STRETCH_MAX) pacer.stretch = STRETCH_MAX;
    if (pacer.stretch < 1.0) pacer.stretch = 1.0;
    judge(passed_us);
    pacer.has_skipped = false;
    pacer.governed_us = now_us;
    pacer.late_us = late_us(pacer.next_slot * SLOT_US, now_us);
}

/* The next due time lies on the entry's own schedule; a tick that is a whole period late is
 * skipped, never run twice in a row. */
static void schedule_next(struct pacer_entry *entry, uint64_t now_us) {
    uint64_t wheel_now_us = wheel_us(now_us);
    entry->due_us += entry->period_us;
    if (entry->due_us + entry->period_us <= wheel_now_us) {
        uint64_t missed = (wheel_now_us - entry->due_us) / entry->period_us;
        entry->due_us += missed * entry->period_us;
        metrics_add(METRIC_TICKS_SKIPPED, (double)missed);
        pacer.has_skipped = true;
    }
    arm(entry);
}

static void run_entry(struct pacer_entry *entry) {
    uint64_t begin_us = loop_now_us();
    if (late_us(entry->due_us, begin_us) > LATE_OVERRUN_US) metrics_add(METRIC_TICK_OVERRUNS, 1);
    disarm(entry);
    schedule_next(entry, begin_us); /* before fn, which may remove the entry */
    entry->fn(entry->user);
    metrics_observe_tick(loop_now_us() - begin_us);
}

/* Of the entry after the one that runs now; that after it is fetched itself. */
static void look_ahead(const struct pacer_entry *head, const struct pacer_entry *entry) {
    if (entry == head) return;
    __builtin_prefetch(entry->next);
    if (entry->expect) entry->expect(entry->user);
}

/* False: nothing was in it. */
static bool run_slot(uint64_t slot) {
    struct pacer_entry *head = &pacer.slots[slot % SLOTS];
    uint64_t slot_end_us = (slot + 1) * SLOT_US;
    if (head->next == head) return false;
    for (struct pacer_entry *entry = head->next; entry != head; entry = pacer.running_next) {
        pacer.running_next = entry->next;
        look_ahead(head, entry->next);
        if (entry->due_us < slot_end_us) run_entry(entry);
    }
    pacer.running_next = NULL;
    return true;
}

void pacer_run(void) {
    uint64_t begin_us = loop_now_us();
    if (pacer.running || !pacer.started || begin_us < pacer.rx_until_us) return;
    pacer.running = true;
    if (!loop_clock_is_virtual()) govern(begin_us);
    uint64_t now_slot = wheel_us(begin_us) / SLOT_US;
    if (now_slot > pacer.next_slot + SLOTS) pacer.next_slot = now_slot - SLOTS;
    uint32_t slots_max = loop_clock_is_virtual() ? SLOTS : SLOTS_PER_RUN;
    while (slots_max > 0 && pacer.next_slot <= now_slot) {
        uint64_t slot = pacer.next_slot++; /* first: what is re-armed now lands later */
        slots_max -= run_slot(slot);
    }
    net_flush_snapshots();
    pacer.last_us = loop_now_us();
    pacer.rx_until_us = pacer.last_us + (uint64_t)((double)(pacer.last_us - begin_us) * RX_SHARE);
    pacer.running = false;
    rest();
}

static bool slot_is_due(uint64_t slot) {
    const struct pacer_entry *head = &pacer.slots[slot % SLOTS];
    for (const struct pacer_entry *entry = head->next; entry != head; entry = entry->next)
        if (entry->due_us < (slot + 1) * SLOT_US) return true;
    return false;
}

uint64_t pacer_due_ms(void) {
    uint64_t slot = wheel_us(loop_now_us()) / SLOT_US; /* virtual time is never stretched */
    if (pacer.armed_count == 0) return UINT64_MAX;
    if (slot < pacer.next_slot) slot = pacer.next_slot;
    for (uint32_t i = 0; i < SLOTS && !slot_is_due(slot); i++) slot++;
    return slot * SLOT_US / 1000u;
}

double pacer_stretch(void) {
    return pacer.stretch;
}

bool pacer_overloaded(void) {
    return pacer.is_overloaded;
}

uint64_t pacer_silent_us(void) {
    return pacer.armed_count > 0 ? loop_now_us() - pacer.last_us : 0;
}
