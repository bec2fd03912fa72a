/* generate - see generate.h. */
#include "generate.h"
#include "text.h"

#include <string.h>

void generate(const char *format, struct muster_writer *answer) {
    static const struct {
        const char *format;
        void (*fn)(struct muster_writer *out);
    } formats[] = {{"stubs", generate_stubs},
                   {"luacheck", generate_luacheck},
                   {"luarc", generate_luarc},
                   {"docs", generate_docs}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].format, format) != 0) continue;
        formats[i].fn(answer);
        return;
    }
    text_put(answer, "expected: mods api stubs|luacheck|luarc|docs\nFAILED\n");
}
