/* muster/writer.h, bits: where each lies in the bytes, the widths at the edge, and what is past the
 * end. */
#include "test.h"

#include <string.h>

#include <muster/writer.h>

enum { VALUES = 200 };

static uint8_t bytes[1024];

static struct muster_writer begin(uint32_t cap) {
    memset(bytes, 0xAA, sizeof bytes);
    return muster_writer_make(bytes, cap);
}

static void bits_lie_from_the_lowest_on(void **state) {
    (void)state;
    struct muster_writer out = begin(16);
    muster_put_u8(&out, 0xEE);
    struct muster_bit_writer bits = muster_bit_writer_make(&out);
    muster_put_bits(&bits, 1, 1);
    muster_put_bits(&bits, 5, 3);     /* 101 */
    muster_put_bits(&bits, 0x3FF, 7); /* of which seven are put, over two bytes */
    muster_put_bits(&bits, 0, 4);
    muster_put_bits(&bits, 1, 1);
    muster_put_bits(&bits, 0x89ABCDEFu, 32);
    muster_bit_writer_end(&bits);
    muster_put_u16(&out, 0x1234);
    static const uint8_t expected[] = {0xEE, 0xFB, 0x87, 0xEF, 0xCD, 0xAB, 0x89, 0x34, 0x12};
    assert_int_equal(out.overflow, 0);
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void the_last_byte_is_filled_with_zeros_once(void **state) {
    (void)state;
    struct muster_writer out = begin(16);
    struct muster_bit_writer bits = muster_bit_writer_make(&out);
    muster_bit_writer_end(&bits); /* none was put */
    assert_int_equal(out.len, 0);
    muster_put_bits(&bits, 0x3, 2);
    muster_bit_writer_end(&bits);
    muster_bit_writer_end(&bits);
    muster_put_bits(&bits, 0xFF, 8); /* full by itself */
    muster_bit_writer_end(&bits);
    muster_put_bits(&bits, 0, 0);
    muster_bit_writer_end(&bits);
    static const uint8_t expected[] = {0x03, 0xFF};
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void a_width_over_32_is_refused(void **state) {
    (void)state;
    struct muster_writer out = begin(16);
    struct muster_bit_writer put = muster_bit_writer_make(&out);
    muster_put_bits(&put, 7, 33);
    assert_int_equal(out.overflow, 1);
    muster_bit_writer_end(&put);
    assert_int_equal(out.len, 0);
    struct muster_reader in = muster_reader_make(bytes, 16);
    struct muster_bit_reader get = muster_bit_reader_make(&in);
    assert_int_equal(muster_get_bits(&get, UINT32_MAX), 0);
    assert_int_equal(muster_get_bits_signed(&get, 33), 0);
    assert_int_equal(in.overflow, 1);
    assert_int_equal(in.pos, 0);
}

static void nothing_is_put_past_the_capacity(void **state) {
    (void)state;
    struct muster_writer out = begin(2);
    struct muster_bit_writer bits = muster_bit_writer_make(&out);
    muster_put_bits(&bits, 0x7FFF, 15);
    muster_put_bits(&bits, 1, 1); /* the last that there is room for */
    assert_int_equal(out.overflow, 0);
    muster_put_bits(&bits, 0, 1);
    assert_int_equal(out.overflow, 0); /* held, in no byte yet */
    muster_bit_writer_end(&bits);
    assert_int_equal(out.overflow, 1);
    muster_put_bits(&bits, 0xFFFFFFFFu, 32);
    static const uint8_t expected[] = {0xFF, 0xFF, 0xAA, 0xAA, 0xAA, 0xAA};
    assert_int_equal(out.len, 2);
    assert_memory_equal(bytes, expected, sizeof expected);
}

static void a_reader_takes_only_the_bytes_it_needs(void **state) {
    (void)state;
    static const uint8_t data[] = {0xFB, 0x87, 0x34, 0x12, 0x80};
    struct muster_reader in = muster_reader_make(data, sizeof data);
    struct muster_bit_reader bits = muster_bit_reader_make(&in);
    assert_int_equal(muster_get_bits(&bits, 0), 0);
    assert_int_equal(in.pos, 0);
    assert_int_equal(muster_get_bits(&bits, 1), 1);
    assert_int_equal(muster_get_bits(&bits, 3), 5);
    assert_int_equal(muster_get_bits(&bits, 4), 15);
    assert_int_equal(in.pos, 1);
    assert_int_equal(muster_get_bits(&bits, 7), 7);
    assert_int_equal(muster_get_u16(&in), 0x1234); /* the bit that was left is passed over */
    bits = muster_bit_reader_make(&in);
    assert_int_equal(muster_get_bits_signed(&bits, 8), -128);
    assert_int_equal(in.overflow, 0);
    assert_int_equal(muster_get_bits(&bits, 1), 0);
    assert_int_equal(in.overflow, 1);
    assert_int_equal(in.pos, sizeof data);
}

static void a_value_cut_by_the_end_is_read_with_zeros(void **state) {
    (void)state;
    struct muster_reader in = muster_reader_make("\xFF\xFF", 2);
    struct muster_bit_reader bits = muster_bit_reader_make(&in);
    assert_int_equal(muster_get_bits(&bits, 9), 0x1FF);
    assert_int_equal(muster_get_bits(&bits, 32), 0x7F);
    assert_int_equal(in.overflow, 1);
    assert_int_equal(muster_get_bits(&bits, 32), 0);
    assert_int_equal(muster_get_bits_signed(&bits, 32), 0);
}

/* Each width, the ends of its range among the values. */
static void what_is_put_is_read(void **state) {
    (void)state;
    struct muster_writer out = begin(sizeof bytes);
    struct muster_bit_writer put = muster_bit_writer_make(&out);
    struct muster_reader in = muster_reader_make(bytes, sizeof bytes);
    struct muster_bit_reader get = muster_bit_reader_make(&in);
    for (uint32_t i = 0; i < VALUES; i++) muster_put_bits(&put, i * 2654435761u, i % 33);
    muster_bit_writer_end(&put);
    assert_int_equal(out.overflow, 0);
    for (uint32_t i = 0; i < VALUES; i++)
        assert_int_equal(muster_get_bits(&get, i % 33),
                         i * 2654435761u & ((UINT64_C(1) << i % 33) - 1));
    assert_int_equal(in.pos, out.len);
    for (uint32_t n = 1; n <= 32; n++) {
        int32_t min = (int32_t) - (INT64_C(1) << (n - 1)),
                max = (int32_t)((INT64_C(1) << (n - 1)) - 1);
        const int32_t values[] = {min, max, 0, n > 1 ? -1 : min};
        out = begin(sizeof bytes);
        in = muster_reader_make(bytes, sizeof bytes);
        put = muster_bit_writer_make(&out);
        get = muster_bit_reader_make(&in);
        for (int i = 0; i < 4; i++) muster_put_bits(&put, (uint32_t)values[i], n);
        muster_bit_writer_end(&put);
        assert_int_equal(out.len, (4 * n + 7) / 8);
        for (int i = 0; i < 4; i++) assert_int_equal(muster_get_bits_signed(&get, n), values[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_lie_from_the_lowest_on),
        cmocka_unit_test(the_last_byte_is_filled_with_zeros_once),
        cmocka_unit_test(a_width_over_32_is_refused),
        cmocka_unit_test(nothing_is_put_past_the_capacity),
        cmocka_unit_test(a_reader_takes_only_the_bytes_it_needs),
        cmocka_unit_test(a_value_cut_by_the_end_is_read_with_zeros),
        cmocka_unit_test(what_is_put_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
