/* json_text.h - a text in a JSON object, for tests that look at answers. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>

/* "" when it is missing, or something else; as long as the object lives. */
static inline const char *json_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

#endif
