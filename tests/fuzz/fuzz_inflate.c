/* protocol_inflate: never more than the room given; what deflates inflates to the same. */
#include <string.h>

#include "fuzz.h"
#include "protocol.h"

static uint8_t inflated[PROTOCOL_INFLATE_MAX];
static uint8_t deflated[PROTOCOL_INFLATE_MAX];

static void round_trip(const uint8_t *data, uint32_t size) {
    uint32_t len = sizeof deflated, back = sizeof inflated;
    if (size > PROTOCOL_INFLATE_MAX || protocol_deflate(data, size, deflated, &len) != MUSTER_OK)
        return;
    FUZZ_CHECK(len < size);
    FUZZ_CHECK(protocol_inflate(deflated, len, inflated, &back) == MUSTER_OK);
    FUZZ_CHECK(back == size && memcmp(inflated, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t room = size && data[0] & 1 ? 256 : sizeof inflated;
    uint32_t len = room;
    if (protocol_inflate(data, (uint32_t)size, inflated, &len) == MUSTER_OK)
        FUZZ_CHECK(len <= room);
    round_trip(data, (uint32_t)size);
    return 0;
}
