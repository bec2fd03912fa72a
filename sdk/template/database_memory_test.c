/* database_memory_test - requests as plugins make them, and their answers in order. */
#include "need.h"

#include <muster_testkit.h>
#include <string.h>

static struct {
    uint32_t count;
    char value[64]; /* of the newest answer; "": no row */
} answers;

static void on_answer(void *user, muster_status status, const struct muster_db_rows *rows) {
    need(user == &answers && status == MUSTER_OK, "it failed");
    answers.count++;
    const struct muster_bytes none = {"", 0};
    struct muster_bytes value = rows->row_count ? rows->cells[0].bytes : none;
    snprintf(answers.value, sizeof answers.value, "%.*s", (int)value.len, (const char *)value.data);
}

/* put or get; a request of two with twice set, of which the second is wrong. */
static muster_status ask(struct testkit *kit, muster_self *self, const char *value, bool twice) {
    const struct muster_db_value params[] = {muster_db_text("key"),
                                             muster_db_text(value ? value : "")};
    const struct muster_db_statement statements[] = {
        {.sql = value ? "put $1 $2" : "get $1", .params = params, .param_count = value ? 2 : 1},
        {.sql = "SELECT 1"}};
    const struct muster_db_request request = {
        .size = sizeof request, .statement_count = twice ? 2 : 1, .statements = statements};
    muster_query_id query;
    return testkit_host(kit)->db->query(self, &request, on_answer, &answers, &query);
}

int main(int argc, char **argv) {
    struct testkit *kit = testkit_create();
    muster_self *plugin = argc == 2 ? testkit_load(kit, argv[1]) : NULL;
    need(plugin, testkit_error(kit));
    need(testkit_start(plugin) == MUSTER_OK, testkit_error(kit));

    need(ask(kit, plugin, "one", false) == MUSTER_OK, "it is not taken");
    need(ask(kit, plugin, "two", false) == MUSTER_OK, "it is not taken");
    need(ask(kit, plugin, NULL, false) == MUSTER_OK, "it is not taken");
    need(answers.count == 0, "an answer within the call");
    testkit_pump(kit);
    need(answers.count == 3 && strcmp(answers.value, "two") == 0, "another answer");
    need(ask(kit, plugin, "three", true) == MUSTER_UNSUPPORTED, "it takes what it does not know");
    need(ask(kit, plugin, NULL, false) == MUSTER_OK, "it is not taken");
    testkit_pump(kit);
    need(strcmp(answers.value, "two") == 0, "half of a request was done");
    const struct muster_db_value params[] = {muster_db_text("key"), muster_db_text("five")};
    struct muster_db_statement put = {"put $1 $2", params, 2, 2};
    struct muster_db_request request = {
        .size = sizeof request, .statement_count = 1, .statements = &put};
    const struct muster_host_db *db = testkit_host(kit)->db;
    need(db->query(plugin, &request, on_answer, &answers, NULL) == MUSTER_CONFLICT, "it changes 1");
    put.changes = 1;
    request.flags = MUSTER_DB_READ_ONLY;
    need(db->query(plugin, &request, on_answer, &answers, NULL) == MUSTER_DENIED, "it only reads");
    need(ask(kit, plugin, "four", false) == MUSTER_OK, "it is not taken");

    need(testkit_stop(plugin) == 0, "something was left open");
    need(testkit_faults(kit) == 0, "it made a mistake");
    testkit_destroy(kit);
    return 0;
}
