/* people.c - players of a test: sessions whose clients have no connection. What they ask goes
 * through the daemon's gate, what they are told stays in the kit. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "dispatch.h"
#include "engine.h"
#include "loop.h"

#define LIFE_S (INT64_C(10) * 365 * 86400)
#define WAIT_MS 10000

struct person {
    struct client client; /* first: what the sink is given */
    muster_player_id id;
    json_int_t asked; /* id of the request that waits for its answer, 0: none does */
    json_t *answer;
    struct person *prev, *next;
};

static struct person *people;
static json_int_t requests;

static struct person *find(muster_player_id id) {
    struct person *person;
    DL_FOREACH(people, person) {
        if (MUSTER_ID_SAME(person->id, id)) break;
    }
    return person;
}

/* ---- what is sent to them -------------------------------------------------------------------- */

/* "PLAYER_KEY METHOD PARAMS" */
static void keep(const struct person *person, const json_t *message) {
    const struct session *session = session_find(person->id);
    char *params = json_dumps(json_object_get(message, "params"), JSON_COMPACT | JSON_ENCODE_ANY);
    const char *method = json_string_value(json_object_get(message, "method"));
    if (method) {
        char line[8192];
        snprintf(line, sizeof line, "%s %s %s", session ? session->player_key : "", method,
                 params ? params : "");
        kit_line_add(&kit_now->told, line);
    }
    free(params);
}

static void on_text(struct client *client, const char *text, uint32_t len) {
    struct person *person = (struct person *)client;
    json_t *message = json_loadb(text, len, 0, NULL);
    const json_t *id = json_object_get(message, "id");
    if (person->asked && json_integer_value(id) == person->asked) {
        person->asked = 0;
        person->answer = json_incref(message);
    } else {
        keep(person, message);
    }
    json_decref(message);
}

static void on_closed(struct client *client, uint16_t code, const char *reason) {
    const struct session *session = client->session;
    char line[512];
    snprintf(line, sizeof line, "%s closed %u %s", session ? session->player_key : "", code,
             reason);
    kit_line_add(&kit_now->told, line);
}

static const struct client_sink sink = {on_text, on_closed};

const char *testkit_told_find(struct testkit *kit, const char *text) {
    KIT_NEED(kit && text, NULL);
    return kit_line_find(kit->told, text);
}

/* ---- they come and go ------------------------------------------------------------------------ */

muster_player_id testkit_player_add(struct testkit *kit, const char *player_key,
                                    const char *display_name) {
    KIT_NEED(kit && player_key && display_name, (muster_player_id){0});
    struct session *session;
    struct muster_identity identity = {.size = sizeof identity};
    kit_stand(kit);
    identity.expires_at_s = loop_unix_ms() / 1000 + LIFE_S;
    snprintf(identity.player_key, sizeof identity.player_key, "%s", player_key);
    snprintf(identity.display_name, sizeof identity.display_name, "%s", display_name);
    snprintf(identity.region, sizeof identity.region, "%s", config_core->server.region);
    struct person *person = kit_alloc(sizeof *person);
    person->client = (struct client){.sink = &sink, .address = "127.0.0.1"};
    if (session_attach(&person->client, &identity, &session)) {
        free(person);
        return (muster_player_id){0};
    }
    person->id = session->id;
    DL_APPEND(people, person);
    return session->id;
}

const struct muster_player_info *testkit_player(struct testkit *kit, muster_player_id id) {
    KIT_NEED(kit, NULL);
    static struct muster_player_info info;
    info = (struct muster_player_info){.size = sizeof info};
    return testkit_host(kit)->player->get(kit_standin_self(), id, &info) ? NULL : &info;
}

void testkit_player_permit(struct testkit *kit, muster_player_id id, const char *permissions) {
    KIT_NEED_OR_NOTHING(kit && permissions);
    struct session *session = session_find(id);
    if (session) snprintf(session->permissions, sizeof session->permissions, "%s", permissions);
}

static void remove_person(struct person *person) {
    engine_client_leave(&person->client);
    json_decref(person->answer);
    DL_DELETE(people, person);
    free(person);
}

void testkit_player_remove(struct testkit *kit, muster_player_id id) {
    KIT_NEED_OR_NOTHING(kit);
    struct person *person = find(id);
    if (person) remove_person(person);
}

void kit_people_leave(void) {
    while (people) remove_person(people);
}

/* ---- what they ask --------------------------------------------------------------------------- */

static bool is_answered(void *user) {
    const struct person *person = user;
    return person->asked == 0 || person->client.closing;
}

static char *request_text(const char *method, json_t *params) {
    json_t *request = json_pack("{s:s,s:I,s:s,s:o*}", "jsonrpc", "2.0", "id", ++requests, "method",
                                method, "params", params);
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    if (!text) abort();
    return text;
}

static struct testkit_rpc read_answer(const json_t *answer) {
    struct testkit_rpc rpc = {.answered = answer != NULL};
    const json_t *error = json_object_get(answer, "error");
    const char *reason =
        json_string_value(json_object_get(json_object_get(error, "data"), "reason"));
    if (error) {
        snprintf(rpc.code, sizeof rpc.code, "%s",
                 rpc_error_word((int32_t)json_integer_value(json_object_get(error, "code"))));
        snprintf(rpc.reason, sizeof rpc.reason, "%s", reason ? reason : "");
        snprintf(rpc.text, sizeof rpc.text, "%s",
                 json_string_value(json_object_get(error, "message")));
        return rpc;
    }
    char *text = json_dumps(json_object_get(answer, "result"), JSON_COMPACT | JSON_ENCODE_ANY);
    if (text) snprintf(rpc.text, sizeof rpc.text, "%s", text);
    free(text);
    return rpc;
}

/* A client's library would not have sent it. */
static struct testkit_rpc no_json(const char *method) {
    struct testkit_rpc rpc = {.answered = false, .code = "invalid_params"};
    snprintf(rpc.text, sizeof rpc.text, "%s: params_json is no JSON", method);
    snprintf(kit_now->error, sizeof kit_now->error, "%s", rpc.text);
    return rpc;
}

struct testkit_rpc testkit_rpc(struct testkit *kit, muster_player_id id, const char *method,
                               const char *params_json) {
    KIT_NEED(kit && method, (struct testkit_rpc){.answered = false});
    struct person *person = find(id);
    bool has_params = params_json && params_json[0];
    json_t *params = has_params ? json_loads(params_json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (has_params && !params) return no_json(method);
    if (!person || person->client.closing) {
        json_decref(params);
        return (struct testkit_rpc){.answered = false};
    }
    char *text = request_text(method, params);
    person->asked = requests;
    dispatch_text(&person->client, text, (uint32_t)strlen(text));
    free(text);
    (void)testkit_wait(kit, is_answered, person, WAIT_MS);
    person->asked = 0;
    struct testkit_rpc rpc = read_answer(person->answer);
    json_decref(person->answer);
    person->answer = NULL;
    return rpc;
}

void testkit_player_input(struct testkit *kit, muster_player_id player,
                          const struct muster_input *input) {
    KIT_NEED_OR_NOTHING(kit && input);
    struct session *session = session_find(player);
    if (session && session->client) lobby_input(session->client, input);
}
