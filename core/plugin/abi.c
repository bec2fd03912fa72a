#include "abi.h"

#include <string.h>

/* Without padding at the end, or a field that is appended later could lie in what an older plugin
 * did not set. While this is the first minor, first and present are one. */
#define ABI_FIRST(type, last)                                                                      \
    _Static_assert(MUSTER_ABI_MINOR > 0 || ABI_FIRST_##type == sizeof(struct type),                \
                   "struct " #type ": abi_first.def does not name its last field, or it has "      \
                   "padding behind it");
#include "abi_first.def"
#undef ABI_FIRST

static uint32_t size_of(const void *sized) {
    uint32_t size;
    memcpy(&size, sized, sizeof size);
    return size;
}

bool abi_size_known(const struct abi_struct *what, uint32_t size) {
    return size >= what->first_size && size <= what->size;
}

bool abi_given(struct muster_self *self, const struct abi_struct *what, const void *given) {
    if (!given) {
        plugin_fault(self, "%s: expected one, found null", what->name);
        return false;
    }
    if (abi_size_known(what, size_of(given))) return true;
    plugin_fault(self, "%s: its size is %u, expected %u to %u: set it to sizeof", what->name,
                 size_of(given), what->first_size, what->size);
    return false;
}

bool abi_copy_in(struct muster_self *self, const struct abi_struct *what, void *local,
                 const void *given) {
    memset(local, 0, what->size);
    if (!abi_given(self, what, given)) return false;
    memcpy(local, given, size_of(given));
    memcpy(local, &what->size, sizeof what->size);
    return true;
}

void abi_copy_out(void *out, const void *full) {
    uint32_t size = size_of(out);
    memcpy((uint8_t *)out + sizeof size, (const uint8_t *)full + sizeof size, size - sizeof size);
}
