/* rpc_parse: any text becomes calls, each with a method or an error, and answers that can be
 * written. */
#include <string.h>

#include "fuzz.h"
#include "protocol.h"

static void check_call(const struct rpc_call *call) {
    FUZZ_CHECK(call->error || call->method);
    FUZZ_CHECK(!call->error || call->error_text);
    FUZZ_CHECK(!call->params || json_is_object(call->params));
    json_t *answer = call->error ? rpc_failure(call->id, call->error, call->error_text, NULL)
                                 : rpc_result(call->id, json_object());
    FUZZ_CHECK(answer);
    uint32_t len = 0;
    char *text = rpc_dump(answer, &len);
    FUZZ_CHECK(text && strlen(text) == len);
    free(text);
    json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct rpc_batch batch;
    rpc_parse((const char *)data, (uint32_t)size, &batch);
    FUZZ_CHECK(batch.count <= PROTOCOL_BATCH_MAX);
    for (uint32_t i = 0; i < batch.count; i++) check_call(&batch.calls[i]);
    rpc_batch_deinit(&batch);
    return 0;
}
