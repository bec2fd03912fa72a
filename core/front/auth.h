/* auth - asks the chain of auth plugins who a client is. Loop thread.
 *
 * Providers are asked in config order; the first answer that is not PASS counts, an answer may come
 * later. One authentication at a time per connection.
 */
#ifndef AUTH_H
#define AUTH_H

#include "dispatch.h"

/* The method session.authenticate. */
int32_t auth_method(struct call *call);
/* The client goes away: forget its authentication. */
void auth_cancel(struct client *client);

/* ACCEPT, REJECT or PASS: what an auth may answer beside PENDING. */
bool auth_is_verdict(muster_verdict verdict);

/* What host->player->auth_complete hands to pending_complete. */
struct auth_answer {
    muster_verdict verdict;
    struct muster_identity identity;
};

#endif
