/* abi - structs that cross from a plugin, which may have been built with the headers of an older
 * minor: its struct is shorter. One rule for all of them: the size that it gives lies between that
 * of the first release (abi_first.def) and this host's, and only so many bytes are touched. */
#ifndef ABI_H
#define ABI_H

#include "plugin.h"

struct abi_struct {
    const char *name;
    uint32_t first_size; /* in the first release of this major */
    uint32_t size;       /* here */
};

#define ABI_FIRST(type, last)                                                                      \
    ABI_FIRST_##type = offsetof(struct type, last) + sizeof(((struct type *)0)->last),
enum {
#include "abi_first.def"
};
#undef ABI_FIRST

#define ABI_TYPE(type)                                                                             \
    { "struct " #type, ABI_FIRST_##type, sizeof(struct type) }
#define ABI_STRUCT(type) (&(const struct abi_struct)ABI_TYPE(type))

/* Whether size is one that the struct had in some minor of this major, up to this host's. */
bool abi_size_known(const struct abi_struct *what, uint32_t size);
/* False, and a fault of self: null, or a size that is not known. */
bool abi_given(struct muster_self *self, const struct abi_struct *what, const void *given);
/* Copies what self has given; fields that its headers lack are 0. local->size is this host's then.
 * False: as abi_given, local is all 0. */
bool abi_copy_in(struct muster_self *self, const struct abi_struct *what, void *local,
                 const void *given);
/* Fills in what the caller's headers know of `full`. Only after abi_given. */
void abi_copy_out(void *out, const void *full);

/* The same with the types compared. */
#define ABI_COPY_IN(self, type, local, given)                                                      \
    abi_copy_in((self), ABI_STRUCT(type), (struct type *){local}, (const struct type *){given})
#define ABI_GIVEN(self, type, out) abi_given((self), ABI_STRUCT(type), (const struct type *){out})

#endif
