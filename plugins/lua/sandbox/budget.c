/* budget - what a script may spend: work in C (units), CPU time, memory; and the kill.
 *
 * In normal running there is no hook, as a hook costs 20 to 60 % of speed. The kill sets a flag
 * that is never cleared, and a count hook on the running thread; library functions look at the
 * flag, and whatever switches threads tells budget_switch.
 */
#include "internal.h"

#include <stdlib.h>
#include <time.h>

enum { COLLECT_UNITS = 20000, COLLECT_STEP_KB = 128, UNIT_NS = 2 };
#define COLD_NS INT64_C(5000000)     /* after so long others have had the caches */
#define EXACT_NS INT64_C(5000000000) /* how long a suspicion lasts at least */

struct sandbox *sandbox_of(lua_State *L) {
    return *(struct sandbox **)lua_getextraspace(L);
}

static void hook(lua_State *L, lua_Debug *ar);

/* Written by a signal handler on the same thread as well: only stores, and in this order. */
static void arm(lua_State *L) {
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

void budget_arm_count(struct sandbox *sb, lua_State *L) {
    int every = (int)sb->limits.count_every;
    lua_sethook(L, every ? hook : NULL, every ? LUA_MASKCOUNT : 0, every);
}

void budget_kill(struct sandbox *sb, enum sandbox_kill reason) {
    int alive = SANDBOX_ALIVE;
    atomic_compare_exchange_strong(&sb->killed, &alive, (int)reason);
    atomic_signal_fence(memory_order_seq_cst);
    lua_State *L = atomic_load_explicit(&sb->running, memory_order_relaxed);
    if (L) arm(L);
}

enum sandbox_kill sandbox_killed(const struct sandbox *sb) {
    return (enum sandbox_kill)atomic_load(&sb->killed);
}

const char *sandbox_kill_name(enum sandbox_kill reason) {
    static const char *const names[] = {"",     "cpu",  "memory", "instructions",
                                        "host", "tick", "share"};
    return (size_t)reason < sizeof names / sizeof *names ? names[reason] : "";
}

void sandbox_interrupt(struct sandbox *sb) {
    if (sb && atomic_load_explicit(&sb->running, memory_order_relaxed))
        budget_kill(sb, SANDBOX_KILL_CPU);
}

/* A signal between the two looks finds the new thread; one before them is seen by the second. */
void budget_switch(struct sandbox *sb, lua_State *L) {
    atomic_store_explicit(&sb->running, L, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (L && (is_killed(sb) || sb->collect)) arm(L);
}

/* Ends the script from inside: only sandbox_enter stops this error. */
static void raise_kill(lua_State *L, struct sandbox *sb) {
    lua_checkstack(L, LUA_MINSTACK);
    if (!sb->kill_told) errors_record_kill(sb, L, ERRORS_AT_REST);
    arm(L);
    lua_pushliteral(L, "script stopped");
    lua_error(L);
}

void sandbox_check(lua_State *L) {
    struct sandbox *sb = sandbox_of(L);
    if (is_killed(sb)) raise_kill(L, sb);
}

static _Thread_local struct sandbox *entered;

struct sandbox *budget_enter(struct sandbox *sb) {
    struct sandbox *outer = entered;
    entered = sb;
    return outer;
}

void budget_look(void) {
    if (entered && is_killed(entered)) sandbox_check(atomic_load(&entered->running));
}

void sandbox_charge(lua_State *L, uint64_t units) {
    struct sandbox *sb = sandbox_of(L);
    if (__builtin_add_overflow(sb->units, units, &sb->units)) sb->units = UINT64_MAX;
    if (sb->units > sb->limits.call_units) budget_kill(sb, SANDBOX_KILL_INSTRUCTIONS);
    if (is_killed(sb)) raise_kill(L, sb);
}

void sandbox_charge_items(lua_State *L, uint64_t count, uint32_t units_each) {
    uint64_t units;
    sandbox_charge(L, __builtin_mul_overflow(count, units_each, &units) ? UINT64_MAX : units);
}

void sandbox_kill_next(lua_State *L) {
    sandbox_of(L)->kill_next = true;
    arm(L);
}

/* ---- memory */

void budget_refused(struct sandbox *sb) {
    lua_State *L = atomic_load_explicit(&sb->running, memory_order_relaxed);
    if (is_killed(sb)) return;
    budget_kill(sb, SANDBOX_KILL_MEMORY);
    if (L) errors_record_kill(sb, L, ERRORS_BUSY); /* the frames are gone when it has been raised */
}

void budget_grew(struct sandbox *sb) {
    if (is_killed(sb)) return;
    if (heap_over(&sb->heap)) {
        budget_kill(sb, SANDBOX_KILL_MEMORY);
    } else if (sb->heap.used > sb->heap.high && !sb->collect) {
        lua_State *L = atomic_load_explicit(&sb->running, memory_order_relaxed);
        sb->collect = L != NULL;
        if (L) arm(L);
    }
}

/* The next collection is due half way between what is left and the limit. */
static void collected(struct sandbox *sb) {
    struct heap *heap = &sb->heap;
    size_t low = heap->limit - heap->limit / 8;
    size_t half = heap->used + (heap->limit - heap->used) / 2;
    heap->high = heap->used >= heap->limit ? heap->limit : half > low ? half : low;
    sb->collect = false;
}

/* Garbage counts against the limit, so it is collected before the limit is reached. In steps, so
 * that a large state is not stopped for long. True when a cycle is done. */
static bool collect_step(lua_State *L, struct sandbox *sb) {
    sb->units += COLLECT_UNITS;
    if (!lua_gc(L, LUA_GCSTEP, COLLECT_STEP_KB)) return false;
    collected(sb);
    return true;
}

void sandbox_reserve(lua_State *L, size_t bytes) {
    struct sandbox *sb = sandbox_of(L);
    struct heap *heap = &sb->heap;
    if (bytes > heap->limit) luaL_error(L, "not enough memory for %I bytes", (lua_Integer)bytes);
    if (heap->used + bytes <= heap->high) return;
    for (int cycle = 0; cycle < 2 && heap->used + bytes > heap->high; cycle++) {
        while (!collect_step(L, sb)) sandbox_check(L);
    }
    if (heap->used + bytes > heap->limit)
        luaL_error(L, "not enough memory for %I bytes", (lua_Integer)bytes);
}

char *budget_scratch(lua_State *L, size_t size) {
    struct sandbox *sb = sandbox_of(L);
    struct scratch *scratch = &sb->scratch;
    size_t needed = scratch->used + size;
    if (needed > sb->limits.memory_bytes * 2) luaL_error(L, "not enough memory");
    if (needed > scratch->size || !scratch->bytes) {
        char *bytes = realloc(scratch->bytes, needed * 2 + 512);
        if (!bytes) luaL_error(L, "not enough memory");
        scratch->bytes = bytes;
        scratch->size = needed * 2 + 512;
    }
    return scratch->bytes + scratch->used;
}

/* ---- the hook: armed by a kill, by a nearly full heap, or permanently */

static void hook(lua_State *L, lua_Debug *ar) {
    struct sandbox *sb = sandbox_of(L);
    (void)ar;
    if (sb->kill_next) budget_kill(sb, SANDBOX_KILL_HOST);
    if (is_killed(sb)) raise_kill(L, sb);
    if (sb->limits.count_every) sandbox_charge(L, sb->limits.count_every);
    if (sb->collect && !collect_step(L, sb)) return;
    budget_arm_count(sb, L);
    atomic_signal_fence(memory_order_seq_cst);
    if (is_killed(sb)) raise_kill(L, sb); /* a signal came in between, and its hook was lost */
}

/* ---- CPU time per second: a bucket that fills at rate_ns a second. The monotonic clock costs a
 * twentieth of the thread's own, but also counts the time that other processes took. So, unless the
 * limits ask for the exact one, it only raises a suspicion: then the bucket starts anew by the
 * thread's clock, whose word counts. An entry pays for itself, not for those inside of it. */

static _Thread_local int64_t inner_ns; /* taken by entries within the present one */

static int64_t clock_ns(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* By the thread's clock from the next entry on, with a full bucket: the other clock has said
 * nothing that could be held against the script. */
static void be_exact(struct bucket *bucket) {
    bucket->exact = true;
    bucket->exact_until_ns = bucket->last_ns + EXACT_NS;
    bucket->tokens_ns = bucket->capacity_ns;
}

void sandbox_suspect(struct sandbox *sb) {
    if (!sb->bucket.exact) be_exact(&sb->bucket);
}

struct sandbox_time sandbox_time(const struct sandbox *sb) {
    return sb->bucket.took;
}

void sandbox_refill(struct sandbox *sb) {
    sb->bucket.tokens_ns = sb->bucket.capacity_ns;
}

static void fill(struct sandbox *sb) {
    struct bucket *bucket = &sb->bucket;
    int64_t now = clock_ns(CLOCK_MONOTONIC), away = now - bucket->last_ns;
    bucket->last_ns = now;
    if (away > COLD_NS) heap_fetch(&sb->heap);
    if (away > 1000000000) away = 1000000000;
    bucket->tokens_ns += (int64_t)((double)away * 1e-9 * (double)bucket->rate_ns);
    if (bucket->tokens_ns < bucket->capacity_ns) return;
    bucket->tokens_ns = bucket->capacity_ns;
    if (now >= bucket->exact_until_ns) bucket->exact = sb->limits.is_exact;
}

uint32_t sandbox_rest_ms(struct sandbox *sb, int64_t ns) {
    struct bucket *bucket = &sb->bucket;
    if (!bucket->capacity_ns) return 0;
    fill(sb);
    int64_t missing = (ns < bucket->capacity_ns ? ns : bucket->capacity_ns) - bucket->tokens_ns;
    return missing > 0 ? (uint32_t)(missing * 1000 / bucket->rate_ns) + 1 : 0;
}

void budget_begin(struct sandbox *sb) {
    struct bucket *bucket = &sb->bucket;
    bucket->outer_inner_ns = inner_ns;
    inner_ns = 0;
    if (!bucket->capacity_ns) return;
    fill(sb);
    bucket->took.is_exact = bucket->exact; /* which may change within the entry */
    bucket->start_ns = bucket->exact ? clock_ns(CLOCK_THREAD_CPUTIME_ID) : bucket->last_ns;
}

/* Where nothing but counts bounds a script they tell its time, too: the same in every run. */
static int64_t whole_ns(struct sandbox *sb) {
    struct bucket *bucket = &sb->bucket;
    if (!bucket->capacity_ns) {
        bucket->took.is_exact = true;
        return sb->limits.count_every ? (int64_t)sb->units * UNIT_NS + inner_ns : inner_ns;
    }
    clockid_t clock = bucket->took.is_exact ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    return clock_ns(clock) - bucket->start_ns;
}

void budget_end(struct sandbox *sb) {
    struct bucket *bucket = &sb->bucket;
    int64_t whole = whole_ns(sb);
    bucket->took.ns = whole > inner_ns ? whole - inner_ns : 0;
    inner_ns = bucket->outer_inner_ns + whole;
    if (!bucket->capacity_ns) return;
    bucket->tokens_ns -= bucket->took.ns;
    if (bucket->tokens_ns >= 0) return;
    if (bucket->took.is_exact)
        budget_kill(sb, SANDBOX_KILL_CPU);
    else
        be_exact(bucket);
}
