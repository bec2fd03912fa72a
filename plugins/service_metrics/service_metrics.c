/* service_metrics - GET /metrics on the admin address, as Prometheus text.
 *
 * Owns one buffer that grows to the size of a scrape. All metrics, its own included, come from
 * the host's one list; nothing is kept here.
 */
#include <muster/plugin.h>
#include <stdlib.h>

#include "exposition.h"

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct service {
    muster_self *self;
    const struct muster_host *host;
    struct exposition text;
    uint32_t scrapes; /* metric handle */
};

static void on_metric(void *user, const struct muster_metric *metric) {
    exposition_add(user, metric);
}

static void on_scrape(void *user, const struct muster_http_request *request) {
    struct service *service = user;
    const struct muster_host *host = service->host;
    host->metrics->increase(service->self, service->scrapes, 1);
    exposition_reset(&service->text);
    host->metrics->visit(service->self, on_metric, &service->text);
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
