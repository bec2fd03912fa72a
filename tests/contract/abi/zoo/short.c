/* zoo_short - a descriptor that says it is whole, but whose symbol ends after the name. */
#include <muster/plugin.h>

struct head {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t size, flags;
    const char *name;
};

extern MUSTER_EXPORT const struct head muster_plugin_descriptor;
const struct head muster_plugin_descriptor = {MUSTER_PLUGIN_MAGIC,
                                              MUSTER_ABI_MAJOR,
                                              MUSTER_ABI_MINOR,
                                              sizeof(struct muster_plugin),
                                              0,
                                              ZOO_NAME};
