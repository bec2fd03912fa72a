/* service_wait - a plugin that keeps its server waiting while it starts, so that a test can do
 * something at that moment: until there is a file DATA/go. Meanwhile DATA/waiting holds the
 * process's id. */
#include <muster/plugin.h>

#include <stdio.h>
#include <unistd.h>

static struct {
    muster_self *self;
    const struct muster_host *host;
} wait;

static muster_status init(muster_self *self, const struct muster_host *host, void **instance) {
    wait.self = self;
    wait.host = host;
    *instance = &wait;
    return MUSTER_OK;
}

static muster_status start(void *instance) {
    char waiting[512], go[512];
    (void)instance;
    const char *dir = wait.host->config->data_dir(wait.self);
    snprintf(waiting, sizeof waiting, "%s/waiting", dir);
    snprintf(go, sizeof go, "%s/go", dir);
    FILE *file = fopen(waiting, "we");
    if (!file) return MUSTER_IO;
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
    while (access(go, F_OK)) usleep(1000);
    return MUSTER_OK;
}

static const struct muster_service service = {.size = sizeof service};
static const struct muster_role roles[] = {{MUSTER_ROLE_SERVICE, 0, &service}};

MUSTER_PLUGIN(.name = "service_wait", .version = "1.0.0",
              .description = "Keeps a server waiting while it starts.", .roles = roles,
              .role_count = 1, .init = init, .start = start);
