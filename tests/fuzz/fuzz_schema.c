/* schemas and values from files and clients: up to the first NUL a schema, behind it the values.
 * Without a NUL the text is values for a fixed schema. What is accepted has every key. */
#include <string.h>

#include "fuzz.h"
#include "schema.h"

static const char fixed[] =
    "[{\"key\":\"killLimit\",\"type\":\"int\",\"default\":50,\"min\":0,\"max\":1000},"
    "{\"key\":\"map\",\"type\":\"enum\",\"default\":\"a\",\"values\":[\"a\",\"b\"]},"
    "{\"key\":\"name\",\"type\":\"string\",\"default\":\"\",\"max\":16},"
    "{\"key\":\"on\",\"type\":\"bool\",\"default\":true},"
    "{\"key\":\"scale\",\"type\":\"number\",\"default\":1.5,\"min\":0,\"max\":2},"
    "{\"key\":\"list\",\"type\":\"list\",\"default\":[],\"max\":4}]";

static void check_values(const struct schema *schema, const char *text, size_t len) {
    struct schema_error error;
    json_t *out = NULL;
    json_t *values = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (!values) return;
    if (schema_check(schema, values, &out, &error) == MUSTER_OK) {
        FUZZ_CHECK(json_object_size(out) == schema->count);
        for (uint32_t i = 0; i < schema->count; i++)
            FUZZ_CHECK(json_object_get(out, schema->entries[i].key));
        json_decref(out);
    } else {
        FUZZ_CHECK(memchr(error.text, 0, sizeof error.text));
    }
    json_decref(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct schema schema;
    struct schema_error error;
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = '\0';
    size_t head = strlen(text);
    const char *values = head < size ? text + head + 1 : text;
    if (schema_parse(head < size ? text : fixed, &schema, &error) == MUSTER_OK) {
        check_values(&schema, values, (size_t)(text + size - values));
        schema_deinit(&schema);
    }
    free(text);
    return 0;
}
