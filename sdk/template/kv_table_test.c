/* kv_table_test - keys as plugins use them: conditions, ends, numbers, and messages in order. */
#include "need.h"

#include <muster_testkit.h>
#include <string.h>

static struct {
    uint32_t count;
    muster_status status;
    int64_t number;
    char value[64];
    char heard[64];
} seen;

static void on_answer(void *user, muster_status status, const struct muster_kv_answer *answer) {
    need(user == &seen && !answer == (status != MUSTER_OK), "another answer");
    seen.count++;
    seen.status = status;
    if (!answer) return;
    seen.number = answer->number;
    snprintf(seen.value, sizeof seen.value, "%.*s", (int)answer->value.len,
             (const char *)answer->value.data);
}

static void on_message(void *user, const char *channel, struct muster_bytes message) {
    need(user == &seen && strcmp(channel, "news") == 0, "another channel");
    strncat(seen.heard, message.data, message.len);
}

static struct testkit *kit;
static muster_self *plugin;

static muster_status ask(struct muster_kv_request request, const char *value) {
    request.size = sizeof request;
    if (value) request.value = (struct muster_bytes){value, strlen(value)};
    need(testkit_host(kit)->kv->request(plugin, &request, on_answer, &seen, NULL) == MUSTER_OK,
         "it is not taken");
    uint32_t before = seen.count;
    testkit_pump(kit);
    need(seen.count == before + 1, "no answer, or one within the call");
    return seen.status;
}

static muster_status set(const char *value, uint32_t condition, uint32_t expires_ms) {
    struct muster_kv_request request = {
        .kind = MUSTER_KV_SET, .key = "a", .condition = condition, .expires_ms = expires_ms};
    request.expected = (struct muster_bytes){"one", 3};
    return ask(request, value);
}

static const char *get(void) {
    seen.value[0] = '\0';
    return ask((struct muster_kv_request){.kind = MUSTER_KV_GET, .key = "a"}, NULL) == MUSTER_OK
               ? seen.value
               : "none";
}

int main(int argc, char **argv) {
    const struct muster_kv_request more = {.kind = MUSTER_KV_INCREASE, .key = "n", .by = 2};
    const struct muster_kv_request news = {.kind = MUSTER_KV_PUBLISH, .key = "news"};
    const struct muster_kv_request away = {.kind = MUSTER_KV_REMOVE, .key = "a"};
    muster_kv_subscription_id subscription;
    kit = testkit_create();
    plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));

    need(strcmp(get(), "none") == 0, "something was there");
    need(set("one", MUSTER_KV_IF_ABSENT, 0) == MUSTER_OK, "it was there");
    need(set("two", MUSTER_KV_IF_ABSENT, 0) == MUSTER_CONFLICT, "it was not there");
    need(set("two", MUSTER_KV_IF_SAME, 100) == MUSTER_OK, "another value was there");
    need(set("two", MUSTER_KV_IF_SAME, 0) == MUSTER_CONFLICT, "the old value was there");
    testkit_advance(kit, 99);
    need(strcmp(get(), "two") == 0, "it has ended too early");
    testkit_advance(kit, 1);
    need(strcmp(get(), "none") == 0, "it has not ended");
    need(ask(away, NULL) == MUSTER_NOT_FOUND, "what is not there was removed");
    need(ask(more, NULL) == MUSTER_OK && seen.number == 2, "not 2");
    need(ask(more, NULL) == MUSTER_OK && seen.number == 4, "not 4");

    need(testkit_host(kit)->kv->subscribe(plugin, "news", on_message, &seen, &subscription) ==
             MUSTER_OK,
         "it does not listen");
    need(ask(news, "a") == MUSTER_OK && ask(news, "b") == MUSTER_OK, "it is not told");
    need(testkit_host(kit)->kv->unsubscribe(plugin, subscription) == MUSTER_OK, "it listens on");
    need(ask(news, "c") == MUSTER_OK, "it is not told");
    need(strcmp(seen.heard, "ab") == 0, "it heard something else");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
