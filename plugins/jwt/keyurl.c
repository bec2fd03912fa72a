/* keyurl - ask, judge, hand over. */
#include "jwt/keyurl.h"

#include <ctype.h>
#include <string.h>

#define LOOK_MS 1000u /* how often it is seen whether it is time to ask */
#define ANSWER_MAX_MS 5000u
#define RETRY_MS 10000u /* after an answer of no use */
#define WANT_MS 60000u

bool keyurl_is_sound(const char *url) {
    static const char *const here[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};
    if (strncmp(url, "https://", 8) == 0) return url[8] == '[' || isalnum((unsigned char)url[8]);
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        size_t len = strlen(here[i]);
        if (strncmp(url, here[i], len) == 0) return url[len] == ':' || url[len] == '/';
    }
    return false;
}

static void tell(const struct keyurl *from, const char *why) {
    const struct muster_host_log *log = from->host->log;
    if (why && !from->failing)
        log->write(from->self, MUSTER_LOG_WARN, "%s: no new keys: %s; those known stay",
                   from->setting, why);
    else if (!why && from->failing)
        log->write(from->self, MUSTER_LOG_INFO, "%s: it answers again", from->setting);
}

/* why: null when there are keys. */
static void end(struct keyurl *from, const char *why) {
    uint64_t soon_ms = from->host->loop->now_ms(from->self) + RETRY_MS;
    tell(from, why);
    from->asking = false;
    from->failing = why != NULL;
    if (why && soon_ms < from->next_ms) from->next_ms = soon_ms;
    from->answered(from->user, why ? NULL : &from->keys);
}

/* Pool thread. */
static void judge(void *user) {
    struct keyurl *from = user;
    from->judged = keys_parse(from->text, from->text_len, from->alg, "", &from->keys, from->why);
}

static void on_judged(void *user, muster_status status) {
    struct keyurl *from = user;
    if (from->stopped) return;
    if (status != MUSTER_OK)
        end(from, muster_status_text(status));
    else
        end(from, from->judged == MUSTER_OK ? NULL : from->why);
}

/* Null: it may hold keys. */
static const char *refusal_of(const struct muster_http_result *result) {
    switch (result->status) {
    case MUSTER_OK: return result->http_status == 200 ? NULL : "its status is not 200";
    case MUSTER_LIMIT: return "it is over 64 KiB";
    case MUSTER_DENIED: return "no address of the public internet (jwksPublicOnly)";
    default: return muster_status_text(result->status);
    }
}

static void on_answer(void *user, const struct muster_http_result *result) {
    struct keyurl *from = user;
    muster_work_id work;
    if (from->stopped) return;
    const char *why = refusal_of(result);
    if (!why) {
        from->text_len = (size_t)result->body.len;
        if (from->text_len) memcpy(from->text, result->body.data, from->text_len);
        muster_status status = from->host->loop->work(from->self, judge, on_judged, from, &work);
        if (status == MUSTER_OK) return;
        why = muster_status_text(status);
    }
    end(from, why);
}

static void ask(struct keyurl *from) {
    const struct muster_http_fetch request = {.size = sizeof request,
                                              .timeout_ms = ANSWER_MAX_MS,
                                              .method = "GET",
                                              .url = from->url,
                                              .response_max_bytes = sizeof from->text,
                                              .flags = from->flags};
    muster_status status = from->host->http->fetch(from->self, &request, on_answer, from, NULL);
    if (status == MUSTER_STATE) return; /* the network is not up yet */
    from->asking = status == MUSTER_OK;
    from->next_ms = from->host->loop->now_ms(from->self) + from->refresh_ms;
    if (!from->asking) end(from, muster_status_text(status));
}

static void look(void *user) {
    struct keyurl *from = user;
    if (!from->asking && from->host->loop->now_ms(from->self) >= from->next_ms) ask(from);
}

muster_status keyurl_start(struct keyurl *from) {
    look(from); /* after a reload the network is up */
    return from->host->loop->timer_start(from->self, LOOK_MS, LOOK_MS, look, from, &from->timer);
}

bool keyurl_want(struct keyurl *from) {
    uint64_t now_ms = from->host->loop->now_ms(from->self);
    look(from); /* what is due anyway is not asked for a stranger */
    if (!from->asking && now_ms >= from->wanted_ms) {
        from->wanted_ms = now_ms + WANT_MS;
        ask(from);
    }
    return from->asking;
}

void keyurl_stop(struct keyurl *from) {
    from->stopped = true;
    (void)from->host->loop->timer_stop(from->self, from->timer);
}
