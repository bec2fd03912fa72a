/* kv - who listens to which channel, and the messages that wait to be heard. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "kv.h"
#include "log.h"
#include "loop.h"
#include "registration.h"
#include "registry.h"
#include "status.h"

#define SUBSCRIPTIONS_MAX 1024
#define WAITING_BYTES_MAX (16u << 20)

struct channel {
    struct channel *next;
    const struct muster_self *asked; /* the provider's generation that delivers it; or null */
    uint32_t listeners;
    char name[MUSTER_KV_KEY_MAX];
};

struct subscription {
    struct registration head;
    struct channel *channel;
    muster_kv_message_fn fn;
    void *user;
    uint64_t since; /* hears what is delivered after so many */
};

struct message {
    struct message *prev, *next;
    uint64_t number;
    uint64_t len;
    char channel[MUSTER_KV_KEY_MAX];
    char bytes[];
};

static struct channel *channels;
static struct message *waiting; /* in order */
static uint64_t waiting_bytes;
static uint64_t delivered;
static bool turn_posted;
static bool asking; /* the provider, which may meanwhile change nothing of who listens */

/* ---- channels -------------------------------------------------------------------------------- */

static struct channel *find(const char *name) {
    struct channel *channel;
    LL_FOREACH(channels, channel)
    if (strcmp(channel->name, name) == 0) break;
    return channel;
}

static muster_status ask(struct channel *channel, const struct provider *kv) {
    asking = true;
    plugin_enter_part(kv->self, "kv.subscribe");
    muster_status status = kv->kv.subscribe(kv->instance, channel->name);
    plugin_leave();
    asking = false;
    channel->asked = status == MUSTER_OK ? kv->self : NULL;
    return status;
}

static muster_status channel_listen(const char *name, const struct provider *kv,
                                    struct channel **out) {
    struct channel *channel = find(name);
    muster_status status = MUSTER_OK;
    if (!channel) {
        channel = calloc(1, sizeof *channel);
        if (!channel) return MUSTER_NO_MEMORY;
        strcpy(channel->name, name);
        LL_PREPEND(channels, channel);
    }
    if (channel->asked != kv->self) status = ask(channel, kv);
    if (status == MUSTER_OK) {
        channel->listeners++;
        *out = channel;
    } else if (channel->listeners == 0) {
        LL_DELETE(channels, channel);
        free(channel);
    }
    return status;
}

static void channel_leave(struct channel *channel) {
    const struct provider *kv = kv_provider();
    if (--channel->listeners) return;
    LL_DELETE(channels, channel);
    if (kv && channel->asked == kv->self) {
        asking = true;
        plugin_enter_part(kv->self, "kv.unsubscribe");
        kv->kv.unsubscribe(kv->instance, channel->name);
        plugin_leave();
        asking = false;
    }
    free(channel);
}

void kv_look(void) {
    const struct provider *kv = kv_provider();
    struct channel *channel;
    LL_FOREACH(channels, channel) {
        if (!kv || channel->asked == kv->self) continue;
        muster_status status = ask(channel, kv);
        if (status != MUSTER_OK)
            log_error("kv", "%s: nobody hears \"%s\" any more: %s", kv->self->instance_name,
                      channel->name, status_text(status));
    }
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static void on_drop(void *entry) {
    struct subscription *subscription = entry;
    if (subscription->channel) channel_leave(subscription->channel);
    subscription->channel = NULL;
}

static struct registrations subscriptions = {.cap = SUBSCRIPTIONS_MAX,
                                             .entry_size = sizeof(struct subscription),
                                             .when_full = MUSTER_LIMIT,
                                             .outlives_swap = true,
                                             .drop = on_drop};

muster_status kv_subscribe(struct muster_self *owner, const char *channel, muster_kv_message_fn fn,
                           void *user, muster_kv_subscription_id *out) {
    const struct provider *kv = kv_provider();
    void *entry;
    if (!kv_key_valid(channel)) return MUSTER_INVALID;
    if (!kv) return MUSTER_UNAVAILABLE;
    if (asking) return MUSTER_STATE;
    if (plugin_depth() >= PLUGIN_DEPTH_MAX) return MUSTER_LIMIT;
    muster_status status = registration_add(&subscriptions, owner, NULL, &entry);
    if (status) return status;
    struct subscription *subscription = entry;
    uint64_t id = subscription->head.id;
    subscription->fn = fn;
    subscription->user = user;
    subscription->since = delivered;
    status = channel_listen(channel, kv, &subscription->channel);
    if (status == MUSTER_OK)
        out->value = id;
    else
        registration_remove(&subscriptions, id);
    return status;
}

muster_status kv_unsubscribe(const struct muster_self *owner, muster_kv_subscription_id id) {
    struct subscription *subscription = registration_get(&subscriptions, id.value);
    if (!subscription || subscription->head.owner != owner) return MUSTER_NOT_FOUND;
    if (asking) return MUSTER_STATE;
    on_drop(subscription);
    registration_remove(&subscriptions, id.value);
    return MUSTER_OK;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void tell(const struct message *message) {
    uint64_t id = 0;
    for (struct subscription *to; (to = registration_next(&subscriptions, &id));) {
        if (!to->channel || to->since >= message->number) continue;
        if (strcmp(to->channel->name, message->channel) != 0) continue;
        plugin_enter((struct muster_self *)to->head.owner, "kv.message");
        to->fn(to->user, message->channel, (struct muster_bytes){message->bytes, message->len});
        plugin_leave();
    }
}

/* What comes meanwhile waits for the next turn: who answers each with another does not hold the
 * loop. */
static void on_turn(void *user) {
    (void)user;
    uint64_t until = delivered;
    turn_posted = false;
    while (waiting && waiting->number <= until) {
        struct message *message = waiting;
        DL_DELETE(waiting, message);
        waiting_bytes -= sizeof *message + message->len;
        tell(message);
        free(message);
    }
}

muster_status kv_deliver(const struct muster_self *by, const char *channel,
                         struct muster_bytes bytes) {
    const struct provider *kv = kv_provider();
    size_t size = sizeof(struct message) + bytes.len;
    if (!kv_key_valid(channel) || bytes.len > MUSTER_KV_VALUE_MAX || (bytes.len && !bytes.data))
        return MUSTER_INVALID;
    if (!kv || kv->self != by) return MUSTER_DENIED;
    if (!find(channel)) return MUSTER_OK;
    if (waiting_bytes + size > WAITING_BYTES_MAX) return MUSTER_FULL;
    if (!turn_posted) turn_posted = loop_post(on_turn, NULL) == MUSTER_OK;
    struct message *message = turn_posted ? calloc(1, size) : NULL;
    if (!message) return turn_posted ? MUSTER_NO_MEMORY : MUSTER_FULL;
    message->number = ++delivered;
    message->len = bytes.len;
    strcpy(message->channel, channel);
    if (bytes.len) memcpy(message->bytes, bytes.data, bytes.len);
    waiting_bytes += size;
    DL_APPEND(waiting, message);
    return MUSTER_OK;
}

void kv_channel_deinit(void) {
    registration_deinit(&subscriptions);
    for (struct channel *channel; (channel = channels); free(channel)) channels = channel->next;
    for (struct message *message; (message = waiting);) {
        DL_DELETE(waiting, message);
        free(message);
    }
    waiting_bytes = 0;
    turn_posted = false;
}
