/* The bits of muster/writer.h: the first half of the input says how wide each value is that is read
 * from the second. Nothing is read past the end, and what was read is put again as the same bytes.
 */
#include <muster/writer.h>
#include <string.h>

#include "fuzz.h"

enum { BYTES_MAX = 4096, WIDTH_MAX = 32 };

/* Width n of the first half; some are over what there is. */
static uint32_t width_at(const uint8_t *widths, size_t i) {
    return widths[i] % (WIDTH_MAX + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t again[BYTES_MAX];
    size_t count = size / 2;
    if (count > BYTES_MAX) return 0;
    struct muster_reader in = muster_reader_make(data + count, (uint32_t)(size - count));
    struct muster_bit_reader get = muster_bit_reader_make(&in);
    struct muster_writer out = muster_writer_make(again, sizeof again);
    struct muster_bit_writer put = muster_bit_writer_make(&out);
    uint64_t total = 0;
    for (size_t i = 0; i < count && !in.overflow; i++) {
        uint32_t width = width_at(data, i), value = muster_get_bits(&get, width);
        FUZZ_CHECK(width <= WIDTH_MAX || (in.overflow && value == 0));
        FUZZ_CHECK(width >= 32 || value >> width == 0);
        FUZZ_CHECK(in.pos <= in.len && (in.overflow || in.pos == (total + width + 7) / 8));
        if (in.overflow) break;
        muster_put_bits(&put, value, width);
        total += width;
    }
    muster_bit_writer_end(&put);
    FUZZ_CHECK(!out.overflow && out.len == (total + 7) / 8);
    if (!total) return 0;
    FUZZ_CHECK(memcmp(again, in.data, total / 8) == 0);
    FUZZ_CHECK(total % 8 == 0 ||
               again[total / 8] == (in.data[total / 8] & ((1u << total % 8) - 1)));
    return 0;
}
