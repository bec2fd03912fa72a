/* muster/schema.h - schemas without JSON in C strings: what a plugin can be configured with, and
 * the settings of a lobby or a mode (docs/plugin-guide.md, "Schemas").
 *
 *     MUSTER_SCHEMA(config_schema,
 *                   MUSTER_SCHEMA_INT("laps", 3, 1, 99, MUSTER_LABEL("Laps")),
 *                   MUSTER_SCHEMA_BOOL("ghosts", false, MUSTER_LABEL("Ghosts"),
 *                                      MUSTER_HELP("Cars drive through each other.")));
 *
 * defines `static const char config_schema[]`, a string literal, at file scope or in a block. What
 * does not compile: a text that is no string literal, a kind or unit that there is not, a default
 * outside of its range, more than 32 entries, attributes or values. All else is checked where the
 * schema is handed in. Macros only; C17 and C++17.
 *
 * Texts are JSON strings without their quotes: they hold no `"`, `\` or control characters.
 * Numbers are written out, as `3`, `-1` or `0.5`, or are names that #define gives to such.
 */
#ifndef MUSTER_SCHEMA_H
#define MUSTER_SCHEMA_H

/* name: of the array that is defined; then the entries, 1 to 32. */
#define MUSTER_SCHEMA(name, ...)                                                                   \
    MUSTER_SCHEMA_EACH(MUSTER_SCHEMA_CHECK, , __VA_ARGS__)                                         \
    static const char name[] = "[" MUSTER_SCHEMA_EACH(MUSTER_SCHEMA_TEXT, ",", __VA_ARGS__) "]"

/* ---- entries: key, default, range, then one attribute or more ------------------------------- */

/* fallback: true or false */
#define MUSTER_SCHEMA_BOOL(key, fallback, ...)                                                     \
    MUSTER_SCHEMA_ENTRY(key, "bool", MUSTER_SCHEMA_BOOL_##fallback, , __VA_ARGS__)

#define MUSTER_SCHEMA_INT(key, fallback, min, max, ...)                                            \
    MUSTER_SCHEMA_WHOLE(key, "int", fallback, min, max, __VA_ARGS__)

#define MUSTER_SCHEMA_NUMBER(key, fallback, min, max, ...)                                         \
    MUSTER_SCHEMA_ENTRY(key, "number", MUSTER_SCHEMA_RANGE(fallback, min, max),                    \
                        MUSTER_SCHEMA_ASSERT(MUSTER_SCHEMA_IS_NUMBER(fallback) &&                  \
                                                 MUSTER_SCHEMA_IS_NUMBER(min) &&                   \
                                                 MUSTER_SCHEMA_IS_NUMBER(max),                     \
                                             key ": numbers are written out"),                     \
                        __VA_ARGS__)

#define MUSTER_SCHEMA_STRING(key, fallback, max_bytes, ...)                                        \
    MUSTER_SCHEMA_ENTRY(key, "string",                                                             \
                        "\"" fallback "\",\"max\":" MUSTER_SCHEMA_DIGITS(max_bytes),               \
                        MUSTER_SCHEMA_ASSERT(MUSTER_SCHEMA_IS_WHOLE(max_bytes) &&                  \
                                                 sizeof(fallback) - 1 <= (max_bytes),              \
                                             key ": the default is too long"),                     \
                        __VA_ARGS__)

/* values: MUSTER_VALUES(...), of which one is the default */
#define MUSTER_SCHEMA_ENUM(key, fallback, values, ...)                                             \
    MUSTER_SCHEMA_ENTRY(key, "enum", "\"" fallback "\",\"values\":" values, , __VA_ARGS__)

/* A list of strings. fallback: MUSTER_VALUES(...) or MUSTER_NO_VALUES */
#define MUSTER_SCHEMA_LIST(key, fallback, max_items, ...)                                          \
    MUSTER_SCHEMA_ENTRY(                                                                           \
        key, "list", fallback ",\"max\":" MUSTER_SCHEMA_DIGITS(max_items),                         \
        MUSTER_SCHEMA_ASSERT(MUSTER_SCHEMA_IS_WHOLE(max_items), key ": numbers are written out"),  \
        __VA_ARGS__)

#define MUSTER_SCHEMA_DURATION_MS(key, fallback, min, max, ...)                                    \
    MUSTER_SCHEMA_WHOLE(key, "duration", fallback, min, max, MUSTER_UNIT("ms"), __VA_ARGS__)
#define MUSTER_SCHEMA_DURATION_S(key, fallback, min, max, ...)                                     \
    MUSTER_SCHEMA_WHOLE(key, "duration", fallback, min, max, MUSTER_UNIT("s"), __VA_ARGS__)

#define MUSTER_VALUES(...) "[\"" MUSTER_SCHEMA_EACH(, "\",\"", __VA_ARGS__) "\"]"
#define MUSTER_NO_VALUES "[]"

/* ---- attributes ------------------------------------------------------------------------------ */

#define MUSTER_LABEL(text) ",\"label\":\"" text "\""
#define MUSTER_HELP(text) ",\"help\":\"" text "\""
#define MUSTER_GROUP(text) ",\"group\":\"" text "\""
#define MUSTER_UNIT(text) ",\"unit\":\"" text "\""
/* Of a string or list: its least bytes or items. */
#define MUSTER_MIN(number) ",\"min\":" MUSTER_SCHEMA_DIGITS(number)
#define MUSTER_SECRET ",\"secret\":true"
/* Of a lobby setting: it may change while a match runs. */
#define MUSTER_ALWAYS ",\"when\":\"always\""

/* ---- how it is made -------------------------------------------------------------------------- */

/* An entry is a pair: declarations that check it, and its text. */
#define MUSTER_SCHEMA_ENTRY(key, type, values, check, ...)                                         \
    (check, "{\"key\":\"" key "\",\"type\":\"" type                                                \
            "\",\"default\":" values MUSTER_SCHEMA_EACH(, , __VA_ARGS__) "}")
#define MUSTER_SCHEMA_CHECK(check, text) check
#define MUSTER_SCHEMA_TEXT(check, text) text

#define MUSTER_SCHEMA_WHOLE(key, type, fallback, min, max, ...)                                    \
    MUSTER_SCHEMA_ENTRY(key, type, MUSTER_SCHEMA_RANGE(fallback, min, max),                        \
                        MUSTER_SCHEMA_ASSERT(MUSTER_SCHEMA_IS_WHOLE(fallback) &&                   \
                                                 MUSTER_SCHEMA_IS_WHOLE(min) &&                    \
                                                 MUSTER_SCHEMA_IS_WHOLE(max) &&                    \
                                                 (min) <= (fallback) && (fallback) <= (max),       \
                                             key ": the default is not within the range"),         \
                        __VA_ARGS__)
#define MUSTER_SCHEMA_RANGE(fallback, min, max)                                                    \
    MUSTER_SCHEMA_DIGITS(fallback)                                                                 \
    ",\"min\":" MUSTER_SCHEMA_DIGITS(min) ",\"max\":" MUSTER_SCHEMA_DIGITS(max)

#define MUSTER_SCHEMA_BOOL_true "true"
#define MUSTER_SCHEMA_BOOL_false "false"
#define MUSTER_SCHEMA_BOOL_1 "true" /* as <stdbool.h> has them, handed on by a macro */
#define MUSTER_SCHEMA_BOOL_0 "false"

#define MUSTER_SCHEMA_DIGITS(number) MUSTER_SCHEMA_DIGITS_OF(number)
#define MUSTER_SCHEMA_DIGITS_OF(number) #number

/* With a digit more a number is another one, and any name one that there is not. */
#define MUSTER_SCHEMA_IS_NUMBER(number) MUSTER_SCHEMA_IS_NUMBER_OF(number)
#define MUSTER_SCHEMA_IS_NUMBER_OF(number) (sizeof(number##0) > 0)
#define MUSTER_SCHEMA_IS_WHOLE(number) MUSTER_SCHEMA_IS_WHOLE_OF(number)
#define MUSTER_SCHEMA_IS_WHOLE_OF(number) (sizeof((number##0) % 1) > 0)

#ifdef __cplusplus
#define MUSTER_SCHEMA_ASSERT(condition, text) static_assert(condition, text);
#else
#define MUSTER_SCHEMA_ASSERT(condition, text) _Static_assert(condition, text);
#endif

/* op before each of up to 32 things, between them separator. */
#define MUSTER_SCHEMA_EACH(op, separator, ...)                                                     \
    MUSTER_SCHEMA_PASTE(MUSTER_SCHEMA_EACH_, MUSTER_SCHEMA_COUNT(__VA_ARGS__))                     \
    (op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_PASTE(a, b) MUSTER_SCHEMA_PASTE_OF(a, b)
#define MUSTER_SCHEMA_PASTE_OF(a, b) a##b
#define MUSTER_SCHEMA_COUNT(...)                                                                   \
    MUSTER_SCHEMA_COUNT_OF(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19,    \
                           18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define MUSTER_SCHEMA_COUNT_OF(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15,   \
                               _16, _17, _18, _19, _20, _21, _22, _23, _24, _25, _26, _27, _28,    \
                               _29, _30, _31, _32, count, ...)                                     \
    count
#define MUSTER_SCHEMA_EACH_1(op, separator, a) op a
#define MUSTER_SCHEMA_EACH_2(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_1(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_3(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_2(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_4(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_3(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_5(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_4(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_6(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_5(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_7(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_6(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_8(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_7(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_9(op, separator, a, ...)                                                \
    op a separator MUSTER_SCHEMA_EACH_8(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_10(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_9(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_11(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_10(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_12(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_11(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_13(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_12(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_14(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_13(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_15(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_14(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_16(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_15(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_17(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_16(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_18(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_17(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_19(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_18(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_20(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_19(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_21(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_20(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_22(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_21(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_23(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_22(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_24(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_23(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_25(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_24(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_26(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_25(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_27(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_26(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_28(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_27(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_29(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_28(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_30(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_29(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_31(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_30(op, separator, __VA_ARGS__)
#define MUSTER_SCHEMA_EACH_32(op, separator, a, ...)                                               \
    op a separator MUSTER_SCHEMA_EACH_31(op, separator, __VA_ARGS__)

#endif
