/* log - one line per event, human text on a terminal, JSON lines otherwise.
 *
 * Lines go into a bounded ring and are written to stdout by a writer thread, so that a slow
 * terminal never stalls the loop; when the ring is full lines are dropped and counted ("suppressed
 * N lines"). Control characters are escaped. Every function is legal on any thread.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <muster/host.h>

enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_HUMAN, LOG_FORMAT_JSON };

/* Facts that become keys of their own in JSON; null or empty ones are left out. */
struct log_fields {
    const char *lobby;  /* lobbyId */
    const char *player; /* playerId */
    const char *event;  /* snake_case word */
    const char *plugin; /* instance name */
    /* A plugin's own, behind those; log_field_fault finds nothing wrong with any. */
    const struct muster_log_field *const *own;
    uint32_t own_count;
    const void *kind; /* lines of one kind count together for the rate; null: those of one format */
    bool kept; /* however many there are: what an admin did, say; never what anybody can do */
};

/* What is wrong with a plugin's field behind those before it; null: nothing. */
const char *log_field_fault(const struct muster_log_field *field,
                            const struct muster_log_field *const *before, uint32_t before_count);

/* Form of lines from now on: human or JSON, auto as stdout is a terminal. */
void log_format_set(enum log_format format);
/* Before log_start and after log_stop lines are written directly to stderr. */
muster_status log_start(enum log_format format, uint32_t level_min);
/* Writes what waits, then ends the writer thread. */
void log_stop(void);
void log_level_set(uint32_t level_min);
/* "debug", "info", "warn", "error"; UINT32_MAX for anything else. */
uint32_t log_level_parse(const char *text);

/* component: the file's concept: "net", "lobby". At most 1024 bytes a line; of a longer one the
 * beginning, and " ...". */
void log_write(uint32_t level, const char *component, const char *format, ...) MUSTER_PRINTF(3, 4);
/* Each line of the text for itself, with `before` in front. */
void log_write_lines(uint32_t level, const char *component, const char *before, const char *text);
void log_fields(uint32_t level, const char *component, const struct log_fields *fields,
                const char *format, ...) MUSTER_PRINTF(4, 5);
/* Plain lines of any length on stdout, in order with the log lines and whole, flushed before
 * return: the ready line, answers of the console. */
void log_plain(const char *text);
uint64_t log_dropped(void);

#define log_debug(component, ...) log_write(MUSTER_LOG_DEBUG, component, __VA_ARGS__)
#define log_info(component, ...) log_write(MUSTER_LOG_INFO, component, __VA_ARGS__)
#define log_warn(component, ...) log_write(MUSTER_LOG_WARN, component, __VA_ARGS__)
#define log_error(component, ...) log_write(MUSTER_LOG_ERROR, component, __VA_ARGS__)

#endif
