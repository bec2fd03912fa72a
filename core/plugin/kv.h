/* kv - the key-value role as plugins use it: requests, subscriptions, messages. Loop thread.
 *
 * Knows no key. An answer and a message always come in a turn of their own, so that a provider may
 * answer inside the call. Each channel is asked of the provider once, and of its next generation
 * again.
 */
#ifndef KV_H
#define KV_H

#include "plugin.h"

/* As host->kv. fn is called exactly once, later, unless this fails. */
muster_status kv_request(struct muster_self *asker, const struct muster_kv_request *request,
                         muster_kv_fn fn, void *user, muster_kv_request_id *out) MUSTER_MUST_USE;
muster_status kv_cancel(const struct muster_self *asker, muster_kv_request_id id) MUSTER_MUST_USE;
muster_status kv_subscribe(struct muster_self *owner, const char *channel, muster_kv_message_fn fn,
                           void *user, muster_kv_subscription_id *out) MUSTER_MUST_USE;
muster_status kv_unsubscribe(const struct muster_self *owner,
                             muster_kv_subscription_id id) MUSTER_MUST_USE;
/* answer: or null. */
muster_status kv_complete(struct muster_self *by, muster_kv_ticket_id ticket, muster_status status,
                          const struct muster_kv_answer *answer);
muster_status kv_deliver(const struct muster_self *by, const char *channel,
                         struct muster_bytes message);
/* The provider was replaced: the new one is asked for what is listened to. */
void kv_look(void);
void kv_channel_deinit(void);
void kv_deinit(void);

/* ---- shared by kv.c and kv_channel.c ---- */
/* Null: nobody provides it, or not any more. */
struct provider *kv_provider(void);
bool kv_key_valid(const char *key);

#endif
