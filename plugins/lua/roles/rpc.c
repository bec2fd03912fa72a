/* rpc - methods for clients: what mods there are, and rules that a lobby's host brings. */
#include "rpc.h"
#include "catalog.h"
#include "report.h"
#include "trial_run.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

enum { UPLOADS_BURST = 4 };
#define UPLOADS_PER_MS 0.0002        /* 12 a minute */
#define PLAYER_UPLOADS_PER_MINUTE 12 /* in whatever lobbies */
#define ADDRESS_UPLOADS_PER_MINUTE 24

/* ---- answers --------------------------------------------------------------------------------- */

static void answer(const struct instance *instance, const struct muster_rpc_call *call,
                   json_t *result) {
    char *text = result ? json_dumps(result, JSON_COMPACT) : NULL;
    json_decref(result);
    (void)instance->host->rpc->answer(instance->self, call->id, text ? text : "{}");
    free(text);
}

MUSTER_PRINTF(5, 6)
static void refuse(const struct instance *instance, const struct muster_rpc_call *call,
                   const char *code, const char *word, const char *format, ...) {
    struct muster_refusal refusal = {.size = sizeof refusal};
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(refusal.word, sizeof refusal.word, "%s", word);
    if (strcmp(code, "rate_limited") == 0) refusal.retry_after_ms = (uint32_t)(1 / UPLOADS_PER_MS);
    (void)instance->host->rpc->refuse(instance->self, call->id, code, text, &refusal);
}

/* ---- mods.list ------------------------------------------------------------------------------- */

static json_t *mod_json(const struct mod *mod) {
    json_t *json = json_pack("{s:s,s:s,s:s,s:s}", "id", mod->id, "name", mod->name, "description",
                             mod->description, "version", mod->version);
    if (mod->kind != MOD_RULE || !json) return json;
    json_t *keys = json_array();
    for (uint32_t i = 0; i < mod->setting_count; i++)
        json_array_append_new(keys, json_string(mod->settings[i].lobby_key));
    json_object_set_new(json, "settings", keys);
    return json;
}

static json_t *uploads_json(const struct lobby *lobby) {
    json_t *list = json_array();
    for (uint32_t i = 0; lobby && i < lobby->upload_count; i++)
        json_array_append_new(list, mod_json(lobby->uploads[i]));
    return list;
}

static void on_list(void *user, const struct muster_rpc_call *call) {
    const struct instance *instance = user;
    const struct lobby *lobby = call->lobby.value ? lobby_find(instance, call->lobby) : NULL;
    json_t *modes = json_array(), *rules = json_array();
    for (uint32_t i = 0; i < mods_count(instance->mods); i++) {
        const struct mod *mod = mods_at(instance->mods, i);
        if (!probe_find(instance, mod)) continue; /* it does not start */
        if (mod->kind == MOD_MODE)
            json_array_append_new(modes, mod_json(mod));
        else if (catalog_is_offered(instance, mod->id))
            json_array_append_new(rules, mod_json(mod));
    }
    answer(instance, call,
           json_pack("{s:o,s:o,s:b,s:o}", "modes", modes, "rules", rules, "uploads",
                     instance->uploads, "uploaded", uploads_json(lobby)));
}

/* ---- uploads --------------------------------------------------------------------------------- */

/* The lobby, when the caller may bring rules to it; else null, and the call is refused. */
static struct lobby *lobby_to_change(struct instance *instance,
                                     const struct muster_rpc_call *call) {
    struct muster_lobby_info info = {.size = sizeof info};
    struct muster_player_info player = {.size = sizeof player};
    struct lobby *lobby = call->lobby.value ? lobby_find(instance, call->lobby) : NULL;
    if (!lobby || instance->host->lobby->get(instance->self, call->lobby, &info)) {
        refuse(instance, call, "wrong_state", "no_lobby", "join a lobby first");
        return NULL;
    }
    (void)instance->host->player->get(instance->self, call->player, &player);
    if (!MUSTER_ID_SAME(info.host, call->player) &&
        !muster_permitted(player.permissions, "admin")) {
        refuse(instance, call, "denied", "not_host", "only the host of the lobby may do that");
        return NULL;
    }
    if (!instance->uploads) {
        refuse(instance, call, "denied", "no_uploads",
               "this node takes no scripts of players: it has to be started with --untrusted");
        return NULL;
    }
    return lobby;
}

static void forget(struct lobby *lobby, uint32_t at) {
    mod_unpin(lobby->uploads[at]);
    lobby->upload_count--;
    memmove(&lobby->uploads[at], &lobby->uploads[at + 1],
            (lobby->upload_count - at) * sizeof *lobby->uploads);
}

static uint32_t upload_find(const struct lobby *lobby, const char *id) {
    uint32_t at = 0;
    while (at < lobby->upload_count && strcmp(lobby->uploads[at]->id, id) != 0) at++;
    return at;
}

/* An upload on its way: each of its two realms is tried in a turn of the loop of its own, so that
 * nobody's tick waits for both. */
struct job {
    struct instance *instance;
    struct muster_rpc_call call; /* only id, player and lobby are good */
    struct mod *mod;
    int realm; /* to be tried next; 0: all were */
    struct job *prev, *next;
};

static void take_upload(struct job *job, struct lobby *lobby) {
    struct instance *instance = job->instance;
    struct mod *mod = job->mod;
    uint32_t at = upload_find(lobby, mod->id);
    if (at < lobby->upload_count) forget(lobby, at);
    if (lobby->upload_count == LOBBY_UPLOADS_MAX) {
        refuse(instance, &job->call, "denied", "too_many",
               "a lobby has at most %d uploaded rule: remove %s first", LOBBY_UPLOADS_MAX,
               lobby->uploads[0]->id);
        return;
    }
    lobby->uploads[lobby->upload_count++] = mod_pin(mod);
    catalog_keep(instance, mod);
    lobby_refresh(lobby);
    bool waits = lobby->match.match.value && (probe_realms(instance, mod) & REALM_MATCH);
    answer(instance, &job->call,
           json_pack("{s:o,s:s}", "rule", mod_json(mod), "active", waits ? "next_match" : "now"));
}

static void job_free(struct job *job) {
    DL_DELETE(job->instance->jobs, job);
    mod_unpin(job->mod);
    probes_forget(job->instance);
    free(job);
}

void rpc_forget(struct instance *instance) {
    while (instance->jobs) job_free(instance->jobs);
}

static void job_later(struct job *job);

static void on_job(void *user) {
    struct job *job = user;
    struct instance *instance = job->instance;
    char error[400] = "";
    int64_t start_ns = script_cpu_ns();
    struct lobby *lobby = lobby_to_change(instance, &job->call);
    bool goes_on = false;
    if (lobby && job->realm == 0) {
        take_upload(job, lobby);
    } else if (lobby && trial_run_step(instance, job->mod, job->realm, error, sizeof error)) {
        refuse(instance, &job->call, "invalid_params", "bad_script", "%s", error);
    } else if (lobby) {
        job->realm = job->realm == REALM_MATCH ? REALM_LOBBY : 0;
        goes_on = true;
    }
    uint64_t took_ns = (uint64_t)(script_cpu_ns() - start_ns);
    if (took_ns > instance->stretch_ns) instance->stretch_ns = took_ns;
    if (goes_on)
        job_later(job);
    else
        job_free(job);
}

static void job_later(struct job *job) {
    if (job->instance->host->loop->post(job->instance->self, on_job, job) == MUSTER_OK) return;
    refuse(job->instance, &job->call, "unavailable", "busy", "the node is busy");
    job_free(job);
}

static void job_begin(struct instance *instance, const struct muster_rpc_call *call,
                      struct mod *mod) {
    struct job *job = malloc(sizeof *job);
    if (!job) {
        mod_unpin(mod);
        return; /* the host answers when the time is up */
    }
    *job = (struct job){.instance = instance, .call = *call, .mod = mod, .realm = REALM_MATCH};
    DL_APPEND(instance->jobs, job);
    job_later(job);
}

static bool is_next_part(const struct lobby *lobby, const char *name, int part) {
    return part == 0 || (part == lobby->draft_parts && strcmp(lobby->draft_name, name) == 0);
}

/* An upload longer than one message comes in parts; the first one begins anew. False, and refused:
 * not the next part, or too long. */
static bool draft_add(struct instance *instance, const struct muster_rpc_call *call,
                      struct lobby *lobby, const char *name, int part, const char *text,
                      size_t len) {
    bool is_next = is_next_part(lobby, name, part);
    if (part == 0) lobby->draft_len = 0;
    if (!lobby->draft) lobby->draft = malloc(MOD_UPLOAD_BYTES_MAX);
    if (!is_next || !lobby->draft || len > MOD_UPLOAD_BYTES_MAX - lobby->draft_len) {
        lobby->draft_parts = 0;
        refuse(instance, call, "invalid_params", is_next ? "too_long" : "bad_part",
               is_next ? "source: at most %d bytes" : "part: expected the next one, or 0",
               MOD_UPLOAD_BYTES_MAX);
        return false;
    }
    snprintf(lobby->draft_name, sizeof lobby->draft_name, "%s", name);
    memcpy(lobby->draft + lobby->draft_len, text, len);
    lobby->draft_len += (uint32_t)len;
    lobby->draft_parts = part + 1;
    return true;
}

static void draft_finish(struct instance *instance, const struct muster_rpc_call *call,
                         struct lobby *lobby) {
    uint32_t len = lobby->draft_len;
    lobby->draft_parts = 0;
    bool slow = report_take(lobby, &lobby->upload_rate, UPLOADS_PER_MS, UPLOADS_BURST) &&
                instance->host->player->try_take(instance->self, call->player, "upload",
                                                 PLAYER_UPLOADS_PER_MINUTE,
                                                 ADDRESS_UPLOADS_PER_MINUTE, NULL) == MUSTER_OK;
    if (!slow) {
        refuse(instance, call, "rate_limited", "too_many", "too many uploads: wait a little");
        return;
    }
    struct mod_error wrong = {.text = ""};
    struct mod *mod;
    if (mod_upload(lobby->draft_name, lobby->draft, len, instance->upload_permissions, &mod,
                   &wrong))
        refuse(instance, call, "invalid_params", "bad_script", "%s", wrong.text);
    else
        job_begin(instance, call, mod);
    free(lobby->draft);
    lobby->draft = NULL;
}

static void on_upload(void *user, const struct muster_rpc_call *call) {
    struct instance *instance = user;
    struct lobby *lobby = lobby_to_change(instance, call);
    if (!lobby) return;
    json_t *params = json_loadb(call->params.data, call->params.len, 0, NULL);
    const char *name, *source;
    size_t len;
    int part = 0, more = 0;
    if (json_unpack(params, "{s:s,s:s%,s?i,s?b!}", "name", &name, "source", &source, &len, "part",
                    &part, "more", &more)) {
        refuse(instance, call, "invalid_params", "bad_params",
               "expected {name: text, source: text, part?: number, more?: boolean}");
    } else if (draft_add(instance, call, lobby, name, part, source, len)) {
        if (more)
            answer(instance, call, json_object());
        else
            draft_finish(instance, call, lobby);
    }
    json_decref(params);
}

static void on_remove(void *user, const struct muster_rpc_call *call) {
    struct instance *instance = user;
    struct lobby *lobby = lobby_to_change(instance, call);
    if (!lobby) return;
    json_t *params = json_loadb(call->params.data, call->params.len, 0, NULL);
    const char *id;
    if (json_unpack(params, "{s:s!}", "id", &id)) {
        refuse(instance, call, "invalid_params", "bad_params", "expected {id: text}");
    } else if (upload_find(lobby, id) == lobby->upload_count) {
        refuse(instance, call, "not_found", "no_rule",
               "this lobby has no uploaded rule of that id");
    } else {
        forget(lobby, upload_find(lobby, id));
        lobby_refresh(lobby);
        answer(instance, call, json_object());
    }
    json_decref(params);
}

muster_status rpc_add(struct instance *instance) {
    const struct muster_host_rpc *rpc = instance->host->rpc;
    muster_status status = rpc->method_add(instance->self, "mods.list", on_list, instance);
    if (!status) status = rpc->method_add(instance->self, "lobby.uploadRule", on_upload, instance);
    if (!status) status = rpc->method_add(instance->self, "lobby.removeRule", on_remove, instance);
    return status;
}
