/* service_hello - the smallest plugin: says a line when it starts. */
#include <muster/plugin.h>
#include <stdlib.h>

struct hello {
    muster_self *self;
    const struct muster_host *host;
};

static muster_status hello_init(muster_self *self, const struct muster_host *host,
                                void **instance) {
    struct hello *hello = calloc(1, sizeof *hello);
    if (!hello) return MUSTER_NO_MEMORY;
    hello->self = self;
    hello->host = host;
    *instance = hello;
    return MUSTER_OK;
}

static muster_status hello_start(void *instance) {
    struct hello *hello = instance;
    struct muster_node_info node = {.size = sizeof node};
    (void)hello->host->node->info(hello->self, &node);
    hello->host->log->write(hello->self, MUSTER_LOG_INFO, "hello, node %s", node.node_id);
    return MUSTER_OK;
}

static void hello_fini(void *instance) {
    free(instance);
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{.kind = MUSTER_ROLE_SERVICE, .vtable = &service}};

MUSTER_PLUGIN(.name = "service_hello", .version = "1.0.0", .description = "Says hello.",
              .roles = roles, .role_count = 1, .init = hello_init, .start = hello_start,
              .fini = hello_fini);
