/* protocol_input_decode: what is accepted is within its ranges, and only exact lengths are. */
#include "fuzz.h"
#include "protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct muster_input input;
    if (protocol_input_decode(data, (uint32_t)size, &input) != MUSTER_OK) return 0;
    FUZZ_CHECK(input.sample_count <= MUSTER_INPUT_SAMPLES_MAX);
    FUZZ_CHECK(size == 14u + 5u * input.sample_count);
    FUZZ_CHECK(data[0] == FRAME_INPUT);
    FUZZ_CHECK(input.move_x >= -127 && input.move_y >= -127);
    return 0;
}
