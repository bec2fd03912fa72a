/* console - WebSocket /v1/admin/console: each text message is a command line, each answer a JSON
 * text {"id", "done", "answer"}. id: the how manieth message of the connection it answers. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "service_console.h"

#define LINE_MAX_BYTES 1000
#define RUNNING_MAX 16
#define TOO_SLOW 4006 /* as players are told */

struct client {
    muster_ws_id ws;
    char actor[64];
    uint32_t asked;
    uint32_t running;
    struct client *prev, *next;
};

/* A command that runs. */
struct run {
    struct service *service;
    muster_ws_id ws;
    uint32_t id;
};

static struct client *find(const struct service *service, muster_ws_id ws) {
    struct client *client;
    DL_FOREACH(service->clients, client) {
        if (MUSTER_ID_SAME(client->ws, ws)) break;
    }
    return client;
}

static void answer(struct service *service, muster_ws_id ws, uint32_t id, bool done,
                   const char *text) {
    json_t *json =
        json_pack("{s:I, s:b, s:s}", "id", (json_int_t)id, "done", (int)done, "answer", text);
    if (!json)
        json = json_pack("{s:I, s:b, s:s}", "id", (json_int_t)id, "done", (int)done, "answer",
                         "the answer is no text");
    char *line = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    const struct muster_bytes message = {line, line ? strlen(line) : 0};
    muster_status status =
        line ? service->host->ws->send(service->self, ws, 0, message) : MUSTER_NO_MEMORY;
    free(line);
    if (status == MUSTER_FULL) (void)service->host->ws->close(service->self, ws, TOO_SLOW);
}

static void on_answer(void *user, muster_status status, const char *text) {
    const struct run run = *(struct run *)user;
    free(user);
    struct client *client = find(run.service, run.ws);
    if (!client) return; /* it has gone, the command was done all the same */
    client->running--;
    answer(run.service, run.ws, run.id, status == MUSTER_OK, text ? text : "");
}

static void execute(struct service *service, struct client *client, const char *line) {
    struct run *run = malloc(sizeof *run);
    if (!run) {
        answer(service, client->ws, client->asked, false, "out of memory");
        return;
    }
    *run = (struct run){service, client->ws, client->asked};
    client->running++;
    muster_status status =
        service->host->admin->execute(service->self, client->actor, line, on_answer, run, NULL);
    if (!status) return;
    client->running--;
    free(run);
    answer(service, client->ws, client->asked, false, muster_status_text(status));
}

static uint32_t on_open(void *user, muster_ws_id ws, const struct muster_http_request *request) {
    struct service *service = user;
    struct client *client = calloc(1, sizeof *client);
    if (!client) return 503;
    client->ws = ws;
    snprintf(client->actor, sizeof client->actor, "%s", request->address);
    DL_APPEND(service->clients, client);
    return 0;
}

static void on_message(void *user, muster_ws_id ws, uint32_t binary, struct muster_bytes data) {
    struct service *service = user;
    struct client *client = find(service, ws);
    char line[LINE_MAX_BYTES + 1];
    if (!client) return;
    client->asked++;
    bool is_line = !binary && data.len > 0 && data.len <= LINE_MAX_BYTES &&
                   !memchr(data.data, '\0', data.len) && !memchr(data.data, '\n', data.len);
    if (!is_line) {
        answer(service, ws, client->asked, false, "expected a line of text of 1 to 1000 bytes");
    } else if (client->running >= RUNNING_MAX) {
        answer(service, ws, client->asked, false, "16 commands wait for their answers already");
    } else {
        memcpy(line, data.data, data.len);
        line[data.len] = '\0';
        execute(service, client, line);
    }
}

static void on_close(void *user, muster_ws_id ws, muster_status status, uint32_t code) {
    struct service *service = user;
    struct client *client = find(service, ws);
    (void)status, (void)code;
    if (!client) return;
    DL_DELETE(service->clients, client);
    free(client);
}

muster_status console_init(struct service *service) {
    const struct muster_ws_server server = {.size = sizeof server,
                                            .flags = MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_TOKEN,
                                            .path = "/v1/admin/console",
                                            .subprotocol = "muster.console.v1",
                                            .open = on_open,
                                            .message = on_message,
                                            .close = on_close};
    return service->host->ws->serve(service->self, &server, service);
}
