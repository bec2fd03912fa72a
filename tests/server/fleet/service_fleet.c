/* service_fleet - stands for the other nodes: `fleet-say TEXT` publishes in the channel of
 * sanctions, `fleet-heard` tells the newest message in it. */
#include <muster/plugin.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL "moderation/sanctions"

struct fleet {
    muster_self *self;
    const struct muster_host *host;
    char heard[2048];
};

static void on_message(void *user, const char *channel, struct muster_bytes message) {
    struct fleet *fleet = user;
    size_t len = message.len < sizeof fleet->heard ? message.len : sizeof fleet->heard - 1;
    (void)channel;
    memcpy(fleet->heard, message.data, len);
    fleet->heard[len] = '\0';
}

static void say(void *user, const char *arguments, struct muster_writer *answer) {
    const struct fleet *fleet = user;
    const struct muster_kv_request request = {.size = sizeof request,
                                              .kind = MUSTER_KV_PUBLISH,
                                              .key = CHANNEL,
                                              .value = {arguments, strlen(arguments)}};
    muster_status status = fleet->host->kv->request(fleet->self, &request, NULL, NULL, NULL);
    const char *text = muster_status_text(status);
    muster_put_bytes(answer, text, (uint32_t)strlen(text));
}

static void tell_heard(void *user, const char *arguments, struct muster_writer *answer) {
    const struct fleet *fleet = user;
    (void)arguments;
    muster_put_bytes(answer, fleet->heard, (uint32_t)strlen(fleet->heard));
}

static muster_status fleet_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (!fleet) return MUSTER_NO_MEMORY;
    *fleet = (struct fleet){.self = self, .host = host};
    *instance = fleet;
    muster_status status = host->admin->command_add(self, "fleet-say", "TEXT", say, fleet);
    if (status == MUSTER_OK)
        status = host->admin->command_add(self, "fleet-heard", "the newest", tell_heard, fleet);
    return status;
}

static muster_status fleet_start(void *instance) {
    struct fleet *fleet = instance;
    muster_kv_subscription_id id;
    return fleet->host->kv->subscribe(fleet->self, CHANNEL, on_message, fleet, &id);
}

static void fleet_fini(void *instance) {
    free(instance);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};

MUSTER_PLUGIN(.name = "service_fleet", .version = "1.0.0", .description = "The other nodes.",
              .roles = roles, .role_count = 1, .init = fleet_init, .start = fleet_start,
              .fini = fleet_fini);
