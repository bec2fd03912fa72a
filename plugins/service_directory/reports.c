/* reports - POST /v1/servers/ID/reports: a server suspects a player. Kept for a person to look at,
 * with the weight that the server's key has; nothing follows from it by itself. */
#include <stdlib.h>
#include <string.h>

#include "service_directory.h"

#define REPORT_BYTES_MAX 32768
#define DEPTH_MAX 8
#define SAMPLES_MAX 20
#define SEVERITY_MAX 10
#define REQUESTS_PER_MINUTE 60

/* ---- checking -------------------------------------------------------------------------------- */

static bool is_window(const json_t *window) {
    const json_t *from = json_object_get(window, "tickFrom"),
                 *to = json_object_get(window, "tickTo");
    return !window ||
           (json_is_integer(from) && json_is_integer(to) && json_integer_value(from) >= 0 &&
            json_integer_value(from) <= json_integer_value(to));
}

static bool is_list(const json_t *list, size_t count_max) {
    return !list || (json_is_array(list) && json_array_size(list) <= count_max);
}

static bool is_object(const json_t *value) {
    return json_is_object(value) || json_is_null(value);
}

static bool is_text(const json_t *value) {
    return json_is_string(value);
}

static bool is_whole(const json_t *value) {
    return json_is_integer(value);
}

static bool is_number(const json_t *value) {
    return json_is_number(value);
}

/* What may be there, and then is of its kind. */
static const struct {
    const char *key;
    bool (*is_one)(const json_t *value);
} optional[] = {
    {"lobbyId", is_text},  {"epoch", is_whole},      {"version", is_text},     {"family", is_text},
    {"n", is_whole},       {"statistic", is_number}, {"threshold", is_number}, {"llr", is_number},
    {"pAdj", is_number},   {"action", is_text},      {"baseline", is_object},  {"rtt", is_object},
    {"replay", is_object},
};

static bool are_texts(const json_t *list) {
    size_t i;
    const json_t *text;
    json_array_foreach(list, i, text) {
        if (!json_is_string(text)) return false;
    }
    return true;
}

static const char *check_evidence(const json_t *body) {
    if (!is_window(json_object_get(body, "window")))
        return "window: expected tickFrom and tickTo, not below it";
    if (!is_list(json_object_get(body, "samples"), SAMPLES_MAX))
        return "samples: expected a list of at most 20";
    if (!is_list(json_object_get(body, "exemptions"), SAMPLES_MAX) ||
        !are_texts(json_object_get(body, "exemptions")))
        return "exemptions: expected a list of at most 20 texts";
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        const json_t *value = json_object_get(body, optional[i].key);
        if (value && !optional[i].is_one(value)) return "a member is of another type";
    }
    if (!activity_is_flat(body, DEPTH_MAX)) return "it is nested too deep";
    return NULL;
}

/* Null: it is one. Texts are borrowed from the body. */
static const char *read_report(const json_t *body, struct cheat_report *out) {
    const json_t *severity = json_object_get(body, "severity");
    out->id = json_string_value(json_object_get(body, "id"));
    out->player = json_string_value(json_object_get(body, "playerId"));
    out->match = json_string_value(json_object_get(body, "matchId"));
    out->detector = json_string_value(json_object_get(body, "detector"));
    out->severity = json_integer_value(severity);
    if (!activity_id_is_sound(out->id) || !activity_id_is_sound(out->player) ||
        !activity_id_is_sound(out->match) || !activity_id_is_sound(out->detector))
        return "id, playerId, matchId, detector: expected 1 to 63 printable characters without "
               "blanks";
    if (!json_is_integer(severity) || out->severity < 1 || out->severity > SEVERITY_MAX)
        return "severity: expected a whole number from 1 to 10";
    return check_evidence(body);
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* An answer that waits until the report is on the disk. */
struct receipt {
    struct directory *directory;
    muster_request_id request;
    char id[MUSTER_PLAYER_KEY_MAX];
};

static void written(void *user, muster_status status) {
    struct receipt *receipt = user;
    if (status == MUSTER_OK)
        answer(receipt->directory, receipt->request, 201, json_pack("{s:s}", "id", receipt->id));
    else
        refuse(receipt->directory, receipt->request, 503, "unavailable",
               "the directory's database does not take it now");
    free(receipt);
}

/* False: out of memory. */
static bool keep(struct directory *directory, const struct server *server,
                 const struct cheat_report *report, muster_request_id request) {
    struct receipt *receipt = calloc(1, sizeof *receipt);
    struct activity_batch *batch = activity_store_begin(directory, server);
    if (!receipt || !batch || !activity_store_add_report(batch, report)) {
        activity_store_end(batch, NULL, NULL);
        free(receipt);
        return false;
    }
    *receipt = (struct receipt){.directory = directory, .request = request};
    memcpy(receipt->id, report->id, strlen(report->id) + 1);
    activity_store_end(batch, written, receipt);
    return true;
}

void reports_post(struct directory *directory, struct server *server,
                  const struct muster_http_request *request) {
    struct cheat_report report = {0};
    if (!answer_within(directory, request->id, &server->reports, REQUESTS_PER_MINUTE)) return;
    json_t *body = answer_body(directory, request);
    if (!body) return;
    /* What people say of it is said here. */
    json_object_del(body, "reviewer");
    json_object_del(body, "verdict");
    json_object_del(body, "appeal");
    const char *why = read_report(body, &report);
    char *text = why ? NULL : json_dumps(body, JSON_COMPACT);
    if (text && strlen(text) > REPORT_BYTES_MAX) why = "expected at most 32768 bytes";
    report.text = text;
    report.weight = report.severity * server->key->trust / SEVERITY_MAX;
    if (why)
        refuse(directory, request->id, 400, "invalid_params", why);
    else if (!text || !keep(directory, server, &report, request->id))
        refuse(directory, request->id, 503, "unavailable", "out of memory");
    free(text);
    json_decref(body);
}
