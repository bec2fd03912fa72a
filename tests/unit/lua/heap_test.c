/* The heap of a sandbox: what is counted is what is in use, whatever comes, grows and goes. */
#include "test.h"

#include "heap.h"

#include <lua.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS = 200, STEPS = 20000, LIMIT = 1 << 20 };

struct block {
    uint8_t *bytes;
    size_t size;
    uint8_t fill;
    int kind; /* LUA_T..., 0: a vector */
    uint64_t serial;
};

static uint64_t seed;

static uint32_t roll(uint32_t bound) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % bound;
}

static size_t some_size(void) {
    static const size_t edges[] = {
        1, 7, 8, 9, HEAP_SMALL_MAX - 1, HEAP_SMALL_MAX, HEAP_SMALL_MAX + 1, 16, 24, 5000};
    return roll(3) ? 1 + roll(2000) : edges[roll(sizeof(edges) / sizeof(edges[0]))];
}

static void check(const struct block *block) {
    for (size_t i = 0; i < block->size; i++) assert_int_equal(block->bytes[i], block->fill);
    assert_true((uintptr_t)block->bytes % 8 == 0);
    assert_true(heap_serial(block->bytes) == block->serial);
}

static void take(struct heap *heap, struct block *block, uint64_t *serial) {
    static const int kinds[] = {0,          LUA_TSTRING, LUA_TTABLE, LUA_TFUNCTION, LUA_TUSERDATA,
                                LUA_TTHREAD};
    *block = (struct block){.size = some_size(), .fill = (uint8_t)roll(256)};
    block->kind = kinds[roll(6)];
    block->bytes = heap_alloc(heap, NULL, (size_t)block->kind, block->size);
    assert_non_null(block->bytes);
    if (block->kind >= LUA_TTABLE) block->serial = ++*serial;
    memset(block->bytes, block->fill, block->size);
}

static void resize(struct heap *heap, struct block *block) {
    size_t size = some_size(), kept = size < block->size ? size : block->size;
    block->bytes = heap_alloc(heap, block->bytes, block->size, size);
    assert_non_null(block->bytes);
    for (size_t i = 0; i < kept; i++) assert_int_equal(block->bytes[i], block->fill);
    block->size = size;
    memset(block->bytes, block->fill, size);
}

static void release(struct heap *heap, struct block *block) {
    check(block);
    assert_null(heap_alloc(heap, block->bytes, block->size, 0));
    *block = (struct block){0};
}

static void check_sums(const struct heap *heap, const struct block *blocks) {
    size_t bytes = 0, count = 0, threads = 0;
    for (int i = 0; i < BLOCKS; i++) {
        bytes += blocks[i].size;
        count += blocks[i].bytes != NULL;
        threads += blocks[i].kind == LUA_TTHREAD;
    }
    assert_in_range(heap->used, bytes, bytes + count * 48);
    assert_true(heap->footprint >= heap->used && heap->peak >= heap->footprint);
    assert_int_equal(heap->threads, threads);
}

static void what_is_counted_is_in_use(void **state) {
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        static struct block blocks[BLOCKS];
        struct heap heap;
        uint64_t serial = 0;
        seed = 0x853c49e6748fea9b;
        heap_init(&heap, LIMIT, plain);
        for (int step = 0; step < STEPS; step++) {
            struct block *block = &blocks[roll(BLOCKS)];
            if (!block->bytes)
                take(&heap, block, &serial);
            else if (!block->kind && roll(2)) /* Lua resizes vectors alone */
                resize(&heap, block);
            else
                release(&heap, block);
            if (step % 100 == 0) check_sums(&heap, blocks);
        }
        for (int i = 0; i < BLOCKS; i++)
            if (blocks[i].bytes) release(&heap, &blocks[i]);
        assert_int_equal(heap.used, 0);
        assert_int_equal(heap.threads, 0);
        if (plain) assert_int_equal(heap.footprint, 0); /* nothing is kept for later */
        heap_deinit(&heap);
    }
}

static void freed_room_is_used_again(void **state) {
    struct heap heap;
    void *blocks[300];
    (void)state;
    heap_init(&heap, LIMIT, false);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 300; i++) blocks[i] = heap_alloc(&heap, NULL, 0, 40);
        for (int i = 0; i < 300; i++) heap_alloc(&heap, blocks[i], 40, 0);
    }
    assert_true(heap.peak < 3 * 8192);
    heap_deinit(&heap);
}

static void where_a_heap_is_full(void **state) {
    struct heap heap;
    (void)state;
    heap_init(&heap, LIMIT, true);
    assert_int_equal(heap.high, LIMIT - LIMIT / 8);
    void *block = heap_alloc(&heap, NULL, LUA_TSTRING, LIMIT / 2);
    size_t overhead = heap.used - LIMIT / 2;
    assert_false(heap_over(&heap));
    void *rest = heap_alloc(&heap, NULL, LUA_TSTRING, LIMIT / 2 - overhead * 2);
    assert_int_equal(heap.used, LIMIT);
    assert_false(heap_over(&heap)); /* full, and not over */
    void *more = heap_alloc(&heap, NULL, 0, 1);
    assert_true(heap_over(&heap));
    heap_alloc(&heap, more, 1, 0);
    assert_false(heap_over(&heap));
    heap_alloc(&heap, rest, LIMIT / 2 - overhead * 2, 0);
    heap_alloc(&heap, block, LIMIT / 2, 0);
    assert_int_equal(heap.used, 0);
    assert_int_equal(heap.peak, heap.used + LIMIT + overhead + 1);
    /* What could never fit is refused; vectors double, and end further out. */
    assert_null(heap_alloc(&heap, NULL, LUA_TSTRING, LIMIT + 1));
    assert_null(heap_alloc(&heap, NULL, LUA_TUSERDATA, LIMIT + 1));
    assert_null(heap_alloc(&heap, NULL, 0, LIMIT * 4 + 1));
    void *vector = heap_alloc(&heap, NULL, 0, LIMIT + 1);
    assert_non_null(vector);
    assert_null(heap_alloc(&heap, vector, LIMIT + 1, LIMIT * 4 + 1));
    heap_alloc(&heap, vector, LIMIT + 1, 0);
    assert_int_equal(heap.used, 0);
    heap_deinit(&heap);
}

/* What of a size is freed is kept for that size: it counts as well, up to half the limit more. */
static void what_is_kept_for_a_size_counts(void **state) {
    enum { SIZES = 2, COUNT = LIMIT * 4 / 5 / 64 };
    static const size_t sizes[SIZES] = {40, 48};
    static void *blocks[COUNT];
    struct heap heap;
    (void)state;
    heap_init(&heap, LIMIT, false);
    for (int n = 0; n < SIZES; n++) {
        for (int i = 0; i < COUNT; i++) blocks[i] = heap_alloc(&heap, NULL, 0, sizes[n]);
        assert_true(heap.used < LIMIT);
        if (heap_over(&heap)) fail_msg("size %d", (int)sizes[n]);
        for (int i = 0; i < COUNT; i++) heap_alloc(&heap, blocks[i], sizes[n], 0);
    }
    for (int i = 0; i < COUNT; i++) assert_non_null(heap_alloc(&heap, NULL, 0, 56));
    assert_true(heap.used < LIMIT && heap.footprint > LIMIT * 3 / 2);
    assert_true(heap_over(&heap));
    heap_deinit(&heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_counted_is_in_use),
        cmocka_unit_test(freed_room_is_used_again),
        cmocka_unit_test(where_a_heap_is_full),
        cmocka_unit_test(what_is_kept_for_a_size_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
