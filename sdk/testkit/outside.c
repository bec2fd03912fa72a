/* outside.c - what comes from outside of the host, and what plugins ask of the world: requests,
 * fetches and WebSockets of a test's own, identities, reports, commands, metrics. */
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth.h"
#include "console.h"
#include "http.h"
#include "loop.h"
#include "metrics.h"
#include "net.h"
#include "net_url.h"
#include "notices.h"
#include "pending.h"
#include "registry.h"
#include "store.h"

#define WS_BYTES_MAX 262144u
#define DEADLINE_MS 30000

static const struct testkit_response no_response = {.body = "", .content_type = "", .code = ""};

/* ---- requests to routes ---------------------------------------------------------------------- */

static struct {
    muster_request_id id; /* asked last */
    bool answered;
    char *body;
    char type[128];
    char code[64];
    struct testkit_response response;
    const struct muster_http_header *headers; /* borrowed while it is asked */
    uint32_t header_count;
    bool has_body;
} asked;

static void keep_code(void) {
    json_t *problem = json_loadb(asked.body, asked.response.body_len, 0, NULL);
    const char *code = json_string_value(json_object_get(problem, "code"));
    if (code && strcmp(asked.type, "application/problem+json") == 0)
        snprintf(asked.code, sizeof asked.code, "%s", code);
    json_decref(problem);
}

static void keep_headers(const struct muster_http_response *response) {
    char *out = asked.response.headers;
    size_t used = 0, cap = sizeof asked.response.headers;
    for (uint32_t i = 0; i < response->header_count && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s: %s\n", response->headers[i].name,
                                 response->headers[i].value);
}

/* The linker puts this in the place of the one that writes to a connection. */
muster_status __wrap_net_http_respond(muster_request_id id,
                                      const struct muster_http_response *response);
muster_status __wrap_net_http_respond(muster_request_id id,
                                      const struct muster_http_response *response) {
    if (id.value == 0 || !MUSTER_ID_SAME(id, asked.id) || asked.answered) return MUSTER_NOT_FOUND;
    asked.answered = true;
    asked.response.status = response->status;
    asked.response.body_len = (uint32_t)response->body.len;
    asked.body = kit_alloc(response->body.len + 1);
    if (response->body.len) memcpy(asked.body, response->body.data, response->body.len);
    snprintf(asked.type, sizeof asked.type, "%s",
             response->content_type ? response->content_type : "");
    keep_headers(response);
    keep_code();
    return MUSTER_OK;
}

const char *__wrap_net_http_header(muster_request_id id, const char *name);
const char *__wrap_net_http_header(muster_request_id id, const char *name) {
    if (id.value == 0 || !MUSTER_ID_SAME(id, asked.id) || asked.answered) return "";
    for (uint32_t i = 0; i < asked.header_count; i++)
        if (strcmp(asked.headers[i].name, name) == 0) return asked.headers[i].value;
    return asked.has_body && strcmp(name, "content-type") == 0 ? "application/json" : "";
}

static bool is_answered(void *user) {
    (void)user;
    return asked.answered;
}

static void fill_in(struct muster_http_request *request) {
    asked.id.value++;
    request->id = asked.id;
    request->size = sizeof *request;
    if (!request->query) request->query = "";
    if (!request->address) request->address = "127.0.0.1";
}

static struct testkit_response ask(struct testkit *kit, struct muster_http_request request,
                                   const struct muster_http_header *headers, uint32_t header_count,
                                   bool is_admin) {
    kit_stand(kit);
    free(asked.body);
    const muster_request_id last = asked.id;
    memset(&asked, 0, sizeof asked);
    asked.id = last;
    asked.headers = headers;
    asked.header_count = header_count;
    asked.has_body = request.body.len > 0;
    fill_in(&request);
    const struct net_http_request given = {.request = request, .admin = is_admin};
    http_dispatch(&given);
    if (!testkit_wait(kit, is_answered, NULL, DEADLINE_MS)) http_closed(asked.id);
    asked.headers = NULL;
    asked.header_count = 0;
    struct testkit_response response = asked.response;
    response.body = asked.body ? asked.body : "";
    response.content_type = asked.type;
    response.code = asked.code;
    return response;
}

struct testkit_response testkit_http_send(struct testkit *kit, struct muster_http_request request,
                                          const struct muster_http_header *headers,
                                          uint32_t header_count) {
    KIT_NEED(kit && request.method && request.path && (headers || header_count == 0), no_response);
    return ask(kit, request, headers, header_count, false);
}

static struct testkit_response ask_path(struct testkit *kit, const char *method, const char *path,
                                        const char *body, bool is_admin) {
    char only_path[1024];
    const char *query = strchr(path, '?');
    snprintf(only_path, sizeof only_path, "%.*s", (int)strcspn(path, "?"), path);
    const struct muster_http_request request = {
        .method = method,
        .path = only_path,
        .query = query ? query + 1 : "",
        .body = {body ? body : "", body ? strlen(body) : 0},
    };
    return ask(kit, request, NULL, 0, is_admin);
}

struct testkit_response testkit_http(struct testkit *kit, const char *method, const char *path,
                                     const char *body) {
    KIT_NEED(kit && method && path, no_response);
    return ask_path(kit, method, path, body, false);
}

struct testkit_response testkit_http_admin(struct testkit *kit, const char *method,
                                           const char *path, const char *body) {
    KIT_NEED(kit && method && path, no_response);
    return ask_path(kit, method, path, body, true);
}

/* ---- what plugins fetch and connect to ------------------------------------------------------- */

struct answer {
    uint32_t http_status;
    char *body;
    struct answer *prev, *next;
};

/* Of the kit, behind the daemon's handles. */
struct net_client {
    uint64_t id;
    char *url;
    void (*fetched)(void *user, const struct muster_http_result *result); /* null: a WebSocket */
    struct muster_ws_handler handler;
    void *user;
    bool is_open;
    uint8_t *sent;
    uint32_t sent_len;
    struct net_client *prev, *next;
};

static struct answer *answers;
static struct net_client *clients;
static uint64_t newest_client;
static char *fetch_last;
static bool net_is_down;

void kit_net_down(bool is_down) {
    net_is_down = is_down;
}

static struct net_client *find_client(uint64_t id) {
    struct net_client *client;
    DL_FOREACH(clients, client) {
        if (client->id == id) break;
    }
    return client;
}

static void client_free(struct net_client *client) {
    DL_DELETE(clients, client);
    free(client->url);
    free(client->sent);
    free(client);
}

static struct net_client *client_add(const char *url, void *user) {
    struct net_client *client = kit_alloc(sizeof *client);
    client->id = ++newest_client;
    client->url = kit_copy(url);
    client->user = user;
    DL_APPEND(clients, client);
    return client;
}

static void answer_free(struct answer *answer) {
    free(answer->body);
    free(answer);
}

static void fetch_end(void *user) {
    struct net_client *client = find_client((uintptr_t)user);
    if (!client) return; /* given up */
    struct answer *answer = answers;
    struct muster_http_result result = {.size = sizeof result, .status = MUSTER_UNAVAILABLE};
    if (answer) {
        DL_DELETE(answers, answer);
        result.status = MUSTER_OK;
        result.http_status = answer->http_status;
        result.body = (struct muster_bytes){answer->body, strlen(answer->body)};
    }
    void (*fn)(void *, const struct muster_http_result *) = client->fetched;
    void *wanted = client->user;
    client_free(client);
    fn(wanted, &result);
    if (answer) answer_free(answer);
}

muster_status __wrap_net_fetch(const struct muster_http_fetch *request,
                               void (*fn)(void *user, const struct muster_http_result *result),
                               void *user, struct net_client **out);
muster_status __wrap_net_fetch(const struct muster_http_fetch *request,
                               void (*fn)(void *user, const struct muster_http_result *result),
                               void *user, struct net_client **out) {
    struct net_url url;
    if (net_is_down) return MUSTER_STATE;
    if (request->timeout_ms < 1 || request->timeout_ms > 60000 || !request->url || !request->method)
        return MUSTER_INVALID;
    muster_status status = net_url_parse(request->url, "http", &url);
    if (status) return status;
    *out = client_add(request->url, user);
    (*out)->fetched = fn;
    free(fetch_last);
    if (asprintf(&fetch_last, "%s %s\n%.*s", request->method, request->url, (int)request->body.len,
                 request->body.len ? (const char *)request->body.data : "") < 0)
        abort();
    return loop_post(fetch_end, (void *)(uintptr_t)(*out)->id);
}

muster_status __wrap_net_ws_connect(const char *url, const char *subprotocol,
                                    const struct muster_ws_handler *handler, void *user,
                                    struct net_client **out);
muster_status __wrap_net_ws_connect(const char *url, const char *subprotocol,
                                    const struct muster_ws_handler *handler, void *user,
                                    struct net_client **out) {
    struct net_url parts;
    (void)subprotocol;
    if (net_is_down) return MUSTER_STATE;
    muster_status status = url ? net_url_parse(url, "ws", &parts) : MUSTER_INVALID;
    if (status) return status;
    *out = client_add(url, user);
    (*out)->handler = *handler;
    return MUSTER_OK;
}

muster_status __wrap_net_ws_send(struct net_client *client, bool binary, struct muster_bytes data);
muster_status __wrap_net_ws_send(struct net_client *client, bool binary, struct muster_bytes data) {
    (void)binary;
    if (!client->is_open) return MUSTER_STATE;
    if (data.len > WS_BYTES_MAX) return MUSTER_FULL;
    client->sent = realloc(client->sent, client->sent_len + data.len + 1);
    if (!client->sent) abort();
    memcpy(client->sent + client->sent_len, data.data, data.len);
    client->sent_len += (uint32_t)data.len;
    return MUSTER_OK;
}

void __wrap_net_client_close(struct net_client *client);
void __wrap_net_client_close(struct net_client *client) {
    if (client) client_free(client);
}

void testkit_fetch_answer(struct testkit *kit, uint32_t http_status, const char *body) {
    KIT_NEED_OR_NOTHING(kit);
    struct answer *answer = kit_alloc(sizeof *answer);
    answer->http_status = http_status;
    answer->body = kit_copy(body);
    DL_APPEND(answers, answer);
}

const char *testkit_fetch_last(struct testkit *kit) {
    KIT_NEED(kit, "");
    return fetch_last ? fetch_last : "";
}

uint32_t kit_fetches(void) {
    uint32_t count = 0;
    const struct net_client *client;
    DL_FOREACH(clients, client) count += client->fetched != NULL;
    return count;
}

uint64_t testkit_ws_find(struct testkit *kit, const char *url) {
    KIT_NEED(kit && url, 0);
    const struct net_client *client;
    DL_FOREACH(clients, client) {
        if (!client->fetched && strstr(client->url, url)) return client->id;
    }
    return 0;
}

void testkit_ws_open(struct testkit *kit, uint64_t ws) {
    KIT_NEED_OR_NOTHING(kit);
    struct net_client *client = find_client(ws);
    if (!client || client->is_open) return;
    client->is_open = true;
    client->handler.open(client->user);
}

void testkit_ws_deliver(struct testkit *kit, uint64_t ws, const char *text) {
    KIT_NEED_OR_NOTHING(kit && text);
    const struct net_client *client = find_client(ws);
    if (client && client->is_open)
        client->handler.message(client->user, 0, (struct muster_bytes){text, strlen(text)});
}

void testkit_ws_drop(struct testkit *kit, uint64_t ws) {
    KIT_NEED_OR_NOTHING(kit);
    struct net_client *client = find_client(ws);
    if (!client) return;
    const struct net_client copy = *client;
    client_free(client);
    copy.handler.close(copy.user, MUSTER_CLOSED);
}

struct muster_bytes testkit_ws_sent(struct testkit *kit, uint64_t ws) {
    KIT_NEED(kit, (struct muster_bytes){0});
    static uint8_t *taken;
    struct net_client *client = find_client(ws);
    free(taken);
    taken = NULL;
    if (!client) return (struct muster_bytes){0};
    struct muster_bytes sent = {client->sent, client->sent_len};
    taken = client->sent;
    client->sent = NULL;
    client->sent_len = 0;
    return sent;
}

void kit_outside_forget(void) {
    struct answer *answer, *next;
    DL_FOREACH_SAFE(answers, answer, next) {
        DL_DELETE(answers, answer);
        answer_free(answer);
    }
    while (clients) client_free(clients);
    free(fetch_last);
    fetch_last = NULL;
    free(asked.body);
    asked.body = NULL;
    asked.headers = NULL;
    asked.header_count = 0;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

struct verdict_wait {
    bool is_over;
    muster_self *plugin;
    const struct muster_auth *auth; /* null: it is a reporter */
    uint64_t ticket;
    struct auth_answer answer;
};

/* As the daemon does when nobody waits any more. */
static void tell_cancelled(const struct verdict_wait *wait) {
    if (!wait->auth || !wait->auth->cancel) return;
    plugin_enter(wait->plugin, "auth.cancel");
    wait->auth->cancel(wait->plugin->instance, (muster_auth_ticket_id){wait->ticket});
    plugin_leave();
}

static uint32_t verdicts_open;

static void on_verdict(void *user, muster_status status, const void *answer) {
    struct verdict_wait *wait = user;
    wait->is_over = true;
    wait->answer.verdict = MUSTER_VERDICT_INVALID;
    if (status) tell_cancelled(wait);
    if (status) return;
    if (wait->auth)
        wait->answer = *(const struct auth_answer *)answer;
    else
        wait->answer.verdict = *(const muster_verdict *)answer;
}

static bool verdict_is_over(void *user) {
    return ((const struct verdict_wait *)user)->is_over;
}

/* The verdict given at once, or what comes of the ticket. */
static muster_verdict await(struct testkit *kit, struct verdict_wait *wait,
                            muster_verdict verdict) {
    if (verdict != MUSTER_PENDING) {
        pending_close(wait->ticket);
        return verdict;
    }
    verdicts_open++;
    if (!testkit_wait(kit, verdict_is_over, wait, DEADLINE_MS)) {
        pending_close(wait->ticket);
        tell_cancelled(wait);
    }
    verdicts_open--;
    return wait->is_over ? wait->answer.verdict : MUSTER_PENDING;
}

muster_verdict testkit_authenticate(muster_self *plugin, const char *token,
                                    struct muster_identity *out) {
    KIT_NEED(plugin && token && out, MUSTER_VERDICT_INVALID);
    const struct muster_auth *auth = testkit_role(plugin, MUSTER_ROLE_AUTH);
    struct verdict_wait wait = {.plugin = plugin, .auth = auth};
    if (!auth || pending_open(plugin, "auth", DEADLINE_MS, on_verdict, &wait, &wait.ticket))
        return MUSTER_VERDICT_INVALID;
    *out = (struct muster_identity){.size = sizeof *out};
    const struct muster_auth_request request = {
        .size = sizeof request, .ticket = {wait.ticket}, .token = token, .address = "127.0.0.1"};
    plugin_enter(plugin, "auth.authenticate");
    muster_verdict verdict = auth->authenticate(plugin->instance, &request, out);
    plugin_leave();
    bool is_later = verdict == MUSTER_PENDING;
    verdict = await(kit_now, &wait, verdict);
    if (is_later && wait.is_over) *out = wait.answer.identity;
    return verdict;
}

muster_verdict testkit_deliver(muster_self *plugin, uint32_t kind, const char *json) {
    KIT_NEED(plugin && json, MUSTER_VERDICT_INVALID);
    const struct muster_reporter *reporter = testkit_role(plugin, MUSTER_ROLE_REPORTER);
    struct verdict_wait wait = {.plugin = plugin};
    if (!reporter || pending_open(plugin, "report", DEADLINE_MS, on_verdict, &wait, &wait.ticket))
        return MUSTER_VERDICT_INVALID;
    const struct muster_report report = {
        .size = sizeof report, .kind = kind, .ticket = {wait.ticket}, .json = {json, strlen(json)}};
    plugin_enter(plugin, "reporter.deliver");
    muster_verdict verdict = reporter->deliver(plugin->instance, &report);
    plugin_leave();
    return await(kit_now, &wait, verdict);
}

uint32_t testkit_tickets(struct testkit *kit) {
    KIT_NEED(kit, 0);
    return store_waiting() + kit_fetches() + verdicts_open;
}

/* ---- metrics, commands, notices -------------------------------------------------------------- */

struct sample {
    const char *name;
    double value;
};

static void on_metric(void *user, const struct muster_metric *metric) {
    struct sample *sample = user;
    if (strcmp(metric->name, sample->name) == 0) sample->value = metric->value;
}

double testkit_metric(struct testkit *kit, const char *name) {
    KIT_NEED(kit && name, NAN);
    struct sample sample = {name, NAN};
    kit_stand(kit);
    metrics_visit(on_metric, &sample);
    return sample.value;
}

static void on_command_answer(void *user, muster_status status, const char *answer) {
    struct testkit *kit = user;
    (void)status; /* the sentence says it */
    free(kit->command_answer);
    kit->command_answer = kit_copy(answer);
}

static bool has_command_answer(void *user) {
    return ((const struct testkit *)user)->command_answer != NULL;
}

const char *testkit_command(struct testkit *kit, const char *line) {
    KIT_NEED(kit && line, "");
    kit_stand(kit);
    free(kit->command_answer);
    kit->command_answer = NULL;
    console_run_whole("testkit", line, on_command_answer, kit);
    (void)testkit_wait(kit, has_command_answer, kit, KIT_WAIT_MS);
    return kit->command_answer ? kit->command_answer : "";
}

void testkit_notice(struct testkit *kit, const struct muster_notice *notice) {
    KIT_NEED_OR_NOTHING(kit && notice);
    kit_stand(kit);
    notices_emit(notice);
}
