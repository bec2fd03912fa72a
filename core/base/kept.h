/* kept - bytes that plugins keep with a player, a lobby or a match: one run for each plugin, by the
 * name of its instance, so that all its generations have the same.
 *
 * A list belongs to the object that it hangs on, which clears it at its end; null is an empty one.
 * It is in the order of the names. Loop thread.
 */
#ifndef KEPT_H
#define KEPT_H

#include <muster/types.h>
#include <muster/writer.h>

struct kept;

/* Copied, also from what is kept there; without bytes none are kept any more. INVALID: too many. */
muster_status kept_set(struct kept **list, const char *instance_name,
                       struct muster_bytes bytes) MUSTER_MUST_USE;
/* Borrowed until the next set by that name; {null, 0}: none. */
struct muster_bytes kept_get(const struct kept *list, const char *instance_name);
void kept_clear(struct kept **list);
/* Empties `from`; what `list` has already stays. */
void kept_take_over(struct kept **list, struct kept **from);
/* All of it; of an empty list nothing. */
void kept_save(const struct kept *list, struct muster_writer *out);
/* All that is left to read, into an empty list. False: it was not written by kept_save. */
bool kept_load(struct kept **list, struct muster_reader *in);

#endif
