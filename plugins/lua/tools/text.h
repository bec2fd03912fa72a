/* text - what console commands answer, and signatures of the API's tables taken apart. */
#ifndef LUA_TEXT_H
#define LUA_TEXT_H

#include <muster/plugin.h>
#include <muster/writer.h>
#include <stdbool.h>
#include <stddef.h>

/* Adds to an answer. What does not fit is left out whole, and the writer's overflow says so. */
void text_put(struct muster_writer *out, const char *format, ...) MUSTER_PRINTF(2, 3);

/* The next word of a command line; in double quotes it may hold blanks, and \\ and \" stand for
 * themselves. False: there is none, it is too long, or a quote is missing. */
bool text_word(const char **at, char *out, size_t size);

/* One name of "a: T, b?: U", or one type of "T, U". Borrowed from the signature. */
struct part {
    const char *name, *type;
    int name_len, type_len; /* for %.*s */
    bool optional;
};
/* The part that begins at *at, which is moved behind it. False: there is none. */
bool text_part(const char **at, struct part *out);
/* The same for a list of types. */
bool text_type(const char **at, struct part *out);

#endif
