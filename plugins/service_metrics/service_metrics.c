/* service_metrics - GET /metrics on the admin address, as Prometheus text.
 *
 * Owns one buffer that grows to the size of a scrape. All metrics, its own included, come from
 * the host's one list, and two more say what the node is and plays; nothing is kept here.
 */
#include <muster/plugin.h>
#include <stdio.h>
#include <stdlib.h>

#include "exposition.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct service {
    muster_self *self;
    const struct muster_host *host;
    struct exposition text;
    uint32_t scrapes; /* metric handle */
};

/* ---- what the node is ------------------------------------------------------------------------ */

/* Of the longest texts that a node has, each byte escaped. */
#define LABELS_BYTES_MAX 4096

static void put_text(struct muster_writer *labels, const char *text) {
    muster_put_bytes(labels, text, (uint32_t)strlen(text));
}

static void put_label(struct muster_writer *labels, const char *name, const char *value) {
    if (labels->len) put_text(labels, ",");
    put_text(labels, name);
    put_text(labels, "=\"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\') put_text(labels, "\\");
        muster_put_bytes(labels, *value == '\n' ? " " : value, 1);
    }
    put_text(labels, "\"");
}

static void put_number(struct muster_writer *labels, const char *name, uint32_t number) {
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    put_label(labels, name, text);
}

static void add_info(struct service *service, const char *name, const char *help,
                     struct muster_writer *labels) {
    muster_put_bytes(labels, "", 1);
    const struct muster_metric metric = {.size = sizeof metric,
                                         .type = MUSTER_METRIC_GAUGE,
                                         .name = name,
                                         .help = help,
                                         .labels = (const char *)labels->data,
                                         .value = 1};
    if (!labels->overflow) exposition_add(&service->text, &metric);
}

static void add_node(struct service *service) {
    char text[LABELS_BYTES_MAX];
    struct muster_writer labels = muster_writer_make(text, sizeof text);
    struct muster_node_info node = {.size = sizeof node};
    if (service->host->node->info(service->self, &node) != MUSTER_OK) return;
    put_label(&labels, "node_id", node.node_id);
    put_label(&labels, "name", node.name);
    put_label(&labels, "region", node.region);
    put_label(&labels, "public_url", node.public_url);
    add_info(service, "muster_node_info", "What this node is.", &labels);
}

/* "red,blue", or "" */
static void put_teams(const struct service *service, struct muster_writer *labels,
                      const struct muster_node_mode *mode) {
    char names[MUSTER_TEAMS_MAX * MUSTER_TEAM_NAME_MAX] = "";
    for (uint32_t team = 1; team <= mode->team_count; team++) {
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", len ? "," : "",
                 service->host->node->team_name(service->self, mode->game_mode, team));
    }
    put_label(labels, "teams", names);
}

static void add_modes(struct service *service) {
    char text[LABELS_BYTES_MAX];
    struct muster_node_mode mode = {.size = sizeof mode};
    for (uint32_t i = 0; service->host->node->mode_next(service->self, &i, &mode) == MUSTER_OK;) {
        struct muster_writer labels = muster_writer_make(text, sizeof text);
        put_label(&labels, "mode", mode.game_mode);
        put_label(&labels, "title", mode.title);
        put_label(&labels, "base", mode.base);
        put_teams(service, &labels, &mode);
        put_number(&labels, "people_max", mode.people_max);
        put_number(&labels, "players_min", mode.players_min);
        put_number(&labels, "tick_rate_hz", mode.tick_rate_hz);
        add_info(service, "muster_mode_info", "A game mode of this node, and what it takes.",
                 &labels);
    }
}

/* ---- the route ------------------------------------------------------------------------------- */

static void on_metric(void *user, const struct muster_metric *metric) {
    exposition_add(user, metric);
}

static void on_scrape(void *user, const struct muster_http_request *request) {
    struct service *service = user;
    const struct muster_host *host = service->host;
    host->metrics->increase(service->self, service->scrapes, 1);
    exposition_reset(&service->text);
    host->metrics->visit(service->self, on_metric, &service->text);
    add_node(service);
    add_modes(service);
    if (service->text.status != MUSTER_OK) {
        host->http->problem(service->self, request->id, 500, "internal_error",
                            "the metrics do not fit into one answer");
        return;
    }
    struct muster_http_response response = {
        .size = sizeof response,
        .status = 200,
        .content_type = CONTENT_TYPE,
        .body = {service->text.text, service->text.len},
    };
    host->http->respond(service->self, request->id, &response);
}

static muster_status service_init(muster_self *self, const struct muster_host *host,
                                  void **instance) {
    struct service *service = calloc(1, sizeof *service);
    if (!service) return MUSTER_NO_MEMORY;
    service->self = self;
    service->host = host;
    muster_status status =
        host->metrics->add(self, MUSTER_METRIC_COUNTER, "muster_metrics_scrapes_total",
                           "Times that the metrics were asked for.", &service->scrapes);
    if (status != MUSTER_OK) goto fail;
    const struct muster_route route = {
        .size = sizeof route, .flags = MUSTER_ROUTE_ADMIN, .method = "GET", .path = "/metrics"};
    status = host->http->route_add(self, &route, on_scrape, service, NULL);
    if (status != MUSTER_OK) goto fail;
    *instance = service;
    return MUSTER_OK;
fail:
    host->log->write(self, MUSTER_LOG_ERROR, "cannot serve /metrics: status %d", (int)status);
    free(service);
    return status;
}

static void service_fini(void *instance) {
    struct service *service = instance;
    exposition_deinit(&service->text);
    free(service);
}

static const struct muster_service service_vtable = {.size = sizeof service_vtable};
static const struct muster_role roles[] = {
    {.kind = MUSTER_ROLE_SERVICE, .vtable = &service_vtable},
};

MUSTER_PLUGIN(.name = "service_metrics", .version = "1.0.0",
              .description = "Prometheus metrics at /metrics on the admin address.", .roles = roles,
              .role_count = 1, .init = service_init, .fini = service_fini);
