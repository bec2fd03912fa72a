#include "rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "console.h"
#include "disk.h"
#include "http.h"
#include "lobby.h"
#include "methods.h"
#include "pacer.h"
#include "query.h"
#include "store.h"

#define TICK_STUCK_US 5000000u
#define LOBBY_PREFIX "/v1/lobbies/"

/* ---- health ---------------------------------------------------------------------------------- */

struct check {
    const char *name;
    const char *failure; /* null: ok */
};

static void respond_checks(const struct muster_http_request *request, const struct check *checks,
                           uint32_t count) {
    char text[512], value[8];
    int len = 0;
    bool verbose = query_find(request->query, "verbose", value, sizeof value) != QUERY_ABSENT;
    const char *failure = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (checks[i].failure && !failure) failure = checks[i].failure;
        if (verbose)
            len += snprintf(text + len, sizeof text - (size_t)len, "[%c]%s %s\n",
                            checks[i].failure ? '-' : '+', checks[i].name,
                            checks[i].failure ? checks[i].failure : "ok");
    }
    len += snprintf(text + len, sizeof text - (size_t)len, "%s\n", failure ? failure : "ok");
    struct muster_http_response response = {
        .size = sizeof response,
        .status = failure ? 503 : 200,
        .content_type = "text/plain; charset=utf-8",
        .body = {text, (uint64_t)len},
    };
    (void)http_respond(request->id, &response);
}

static bool (*is_ready)(void);

static const char *tick_failure(void) {
    return pacer_silent_us() > TICK_STUCK_US ? "the tick is stuck" : NULL;
}

static void get_livez(void *user, const struct muster_http_request *request) {
    (void)user;
    const struct check checks[] = {{"tick", tick_failure()}};
    respond_checks(request, checks, 1);
}

static void get_readyz(void *user, const struct muster_http_request *request) {
    (void)user;
    bool full = lobby_count() >= config_core->lobby.max_lobbies;
    const struct check checks[] = {
        {"tick", tick_failure()},
        {"plugins", is_ready() ? NULL : "starting"},
        {"draining", lobby_draining() ? "draining" : NULL},
        {"room", full ? "no room for another lobby" : NULL},
        {"disk", disk_trouble()},
        {"database", store_trouble()},
        {"load", pacer_overloaded() ? "overloaded" : NULL},
    };
    respond_checks(request, checks, sizeof checks / sizeof checks[0]);
}

/* ---- lobbies --------------------------------------------------------------------------------- */

/* As lobby.list wants it; what is no number or truth value stays a text, which it refuses. */
static json_t *typed(const char *name, const char *value) {
    bool is_true = strcmp(value, "true") == 0;
    bool is_number = value[0] && strspn(value, "0123456789") == strlen(value) && strlen(value) < 10;
    if (strcmp(name, "hasOpenSlots") == 0 && (is_true || strcmp(value, "false") == 0))
        return json_boolean(is_true);
    if (strcmp(name, "limit") == 0 && is_number) return json_integer(strtol(value, NULL, 10));
    return json_string(value);
}

/* The query as parameters of lobby.list: a filter that cannot be read must not list all lobbies. */
static int32_t read_query(const struct muster_http_request *request, struct call *call) {
    static const char *const names[] = {"gameMode",     "region", "state",  "mapName",
                                        "hasOpenSlots", "limit",  "cursor", NULL};
    char value[256];
    for (const char *const *name = names; *name; name++) {
        enum query found = query_find(request->query, *name, value, sizeof value);
        json_t *json = found == QUERY_GIVEN ? typed(*name, value) : NULL;
        if (json)
            json_object_set_new(call->params, *name, json);
        else if (found != QUERY_ABSENT)
            return failure_set(&call->failure, RPC_INVALID_PARAMS,
                               "%s: too long, malformed or given twice", *name);
    }
    if (query_unknown(request->query, names, value, 41))
        return failure_set(&call->failure, RPC_INVALID_PARAMS, "%s: unknown parameter", value);
    return methods_check(call, "lobby.list");
}

static struct http_shared shared_list, shared_info;

static void get_lobbies(void *user, const struct muster_http_request *request) {
    (void)user;
    struct call call = {.params = json_object()};
    if (read_query(request, &call) || methods_lobby_list(&call))
        (void)http_problem(request->id, call.failure.code == RPC_INTERNAL ? 500 : 400,
                           rpc_error_word(call.failure.code), call.failure.message);
    else
        (void)http_respond_shared(request, &shared_list, call.text, (uint32_t)strlen(call.text));
    free(call.text);
    json_decref(call.params);
}

static void get_lobby(void *user, const struct muster_http_request *request) {
    (void)user;
    const struct lobby *lobby = lobby_find_key(request->path + strlen(LOBBY_PREFIX));
    if (lobby && lobby_visible(lobby, NULL))
        (void)http_respond_json(request->id, 200, lobby_info_json(lobby));
    else
        (void)http_problem(request->id, 404, "not_found", "no such lobby");
}

static void get_info(void *user, const struct muster_http_request *request) {
    (void)user;
    uint32_t len = 0;
    const char *text = methods_info(false, &len);
    (void)http_respond_shared(request, &shared_info, text, len);
}

/* ---- admin ----------------------------------------------------------------------------------- */

static const struct refusal {
    muster_status status;
    uint32_t http;
    const char *code;
} refusals[] = {
    {MUSTER_INVALID, 400, "invalid_params"},  {MUSTER_DENIED, 403, "forbidden"},
    {MUSTER_NOT_FOUND, 404, "not_found"},     {MUSTER_EXISTS, 409, "conflict"},
    {MUSTER_CONFLICT, 409, "conflict"},       {MUSTER_STATE, 409, "wrong_state"},
    {MUSTER_UNSUPPORTED, 409, "wrong_state"}, {MUSTER_UNAVAILABLE, 503, "unavailable"},
    {MUSTER_FULL, 503, "server_full"},        {MUSTER_LIMIT, 503, "server_full"},
    {MUSTER_IO, 503, "unavailable"},          {MUSTER_OK, 500, "internal_error"}, /* all others */
};

static void on_answer(void *user, muster_status status, const char *answer) {
    muster_request_id id = *(muster_request_id *)user;
    free(user);
    const struct refusal *refusal = refusals;
    while (refusal->status && refusal->status != status) refusal++;
    if (status)
        (void)http_problem(id, refusal->http, refusal->code, answer);
    else
        (void)http_respond_json(id, 200, json_pack("{s:s}", "output", answer));
}

static void post_command(void *user, const struct muster_http_request *request) {
    (void)user;
    json_t *body = json_loadb(request->body.data, request->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *line = json_string_value(json_object_get(body, "command"));
    muster_request_id *id = malloc(sizeof *id);
    if (!line || json_object_size(body) != 1 || strlen(line) > 1000 || !id) {
        (void)http_problem(request->id, 400, "invalid_params",
                           "expected {\"command\": a string of 1 to 1000 bytes}");
        free(id);
    } else {
        *id = request->id;
        console_run(request->address, line, on_answer, id);
    }
    json_decref(body);
}

/* ---- table ----------------------------------------------------------------------------------- */

#define ROUTE(method_, path_, flags_)                                                              \
    { .size = sizeof(struct muster_route), .method = method_, .path = path_, .flags = flags_ }

static const struct {
    struct muster_route route;
    muster_http_fn fn;
} routes[] = {
    {ROUTE("GET", "/livez", 0), get_livez},
    {ROUTE("GET", "/healthz", 0), get_livez},
    {ROUTE("GET", "/readyz", 0), get_readyz},
    {ROUTE("GET", "/livez", MUSTER_ROUTE_ADMIN), get_livez},
    {ROUTE("GET", "/healthz", MUSTER_ROUTE_ADMIN), get_livez},
    {ROUTE("GET", "/readyz", MUSTER_ROUTE_ADMIN), get_readyz},
    {ROUTE("GET", "/v1/info", 0), get_info},
    {ROUTE("GET", "/v1/lobbies", 0), get_lobbies},
    {ROUTE("GET", LOBBY_PREFIX, MUSTER_ROUTE_PREFIX), get_lobby},
    {ROUTE("POST", "/v1/admin/command", MUSTER_ROUTE_ADMIN | MUSTER_ROUTE_TOKEN), post_command},
};

muster_status rest_init(bool (*ready)(void)) {
    is_ready = ready;
    muster_route_id id;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        muster_status status = http_route_add(NULL, &routes[i].route, routes[i].fn, NULL, &id);
        if (status) return status;
    }
    return MUSTER_OK;
}

void rest_deinit(void) {
    http_shared_deinit(&shared_list);
    http_shared_deinit(&shared_info);
    methods_info_forget();
}
