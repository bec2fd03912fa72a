#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The line without surrounding blanks, split at the first one: name and arguments, in `line`. */
static char *split(char *line) {
    char *end = line + strlen(line);
    while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) *--end = '\0';
    char *arguments = line + strcspn(line, " \t");
    if (*arguments) *arguments++ = '\0';
    return arguments + strspn(arguments, " \t");
}

static const char missing[] = "\n(parts of the answer are missing: it is too long)";

struct run *command_create(const char *line, uint32_t answer_bytes, command_answer_fn fn,
                           void *user) {
    struct run *run = malloc(sizeof *run + answer_bytes + sizeof missing);
    char *copy = strdup(line + strspn(line, " \t"));
    if (!run || !copy) {
        free(run);
        free(copy);
        return NULL;
    }
    *run = (struct run){.fn = fn, .user = user, .line = copy, .arguments = split(copy)};
    run->out = muster_writer_make(run->text, answer_bytes);
    return run;
}

static void put(struct run *run, const char *format, va_list args) {
    char *at = (char *)run->text + run->out.len;
    uint32_t room = run->out.cap - run->out.len;
    int len = vsnprintf(at, room + 1, format, args);
    if (len < 0 || len > (int)room)
        run->out.overflow = 1;
    else
        run->out.len += (uint32_t)len;
}

void command_say(struct run *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put(run, format, args);
    va_end(args);
}

void command_say_json(struct run *run, json_t *json) {
    char *text = json_dumps(json, JSON_INDENT(2));
    if (text) muster_put_bytes(&run->out, text, (uint32_t)strlen(text));
    free(text);
    json_decref(json);
}

static void end(struct run *run, muster_status status) {
    run->text[run->out.len] = '\0';
    text_bytes_mend((char *)run->text);
    if (run->out.overflow) strcat((char *)run->text, missing);
    if (run->fn) run->fn(run->user, status, (const char *)run->text);
    free(run->line);
    free(run);
}

void command_finish(struct run *run) {
    end(run, MUSTER_OK);
}

void command_fail(struct run *run, muster_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    run->out.len = 0;
    put(run, format, args);
    va_end(args);
    end(run, status);
}

static const char *last_line(const char *text) {
    const char *line = text;
    for (const char *at = text; (at = strchr(at, '\n')) && at[1];) line = ++at;
    return line;
}

/* What the last line says; *is_mark: and nothing else. */
static muster_status judge_line(const char *line, bool *is_mark) {
    static const struct {
        const char *mark;
        muster_status status;
    } marks[] = {{"FAILED", MUSTER_INVALID},
                 {"FAILED not_found", MUSTER_NOT_FOUND},
                 {"FAILED conflict", MUSTER_CONFLICT},
                 {"FAILED wrong_state", MUSTER_STATE}};
    size_t len = strcspn(line, "\n");
    *is_mark = true;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (len == strlen(marks[i].mark) && strncmp(line, marks[i].mark, len) == 0)
            return marks[i].status;
    *is_mark = false;
    return strncmp(line, marks[0].mark, strlen(marks[0].mark)) == 0 ? MUSTER_INVALID : MUSTER_OK;
}

void command_judge(struct run *run) {
    bool is_mark;
    run->text[run->out.len] = '\0';
    const char *text = (const char *)run->text, *line = last_line(text);
    muster_status status = judge_line(line, &is_mark);
    if (is_mark && line > text) run->out.len = (uint32_t)(line - text) - 1;
    end(run, status);
}

bool command_fits(struct run *run, const char *what, const char *text, size_t size) {
    size_t len = strlen(text);
    if (len < size) return true;
    command_fail(run, MUSTER_INVALID, "expected a %s of at most %zu bytes, found %zu", what,
                 size - 1, len);
    return false;
}

void command_fail_usage(struct run *run) {
    command_fail(run, MUSTER_INVALID, "expected: %s %s", run->command->name,
                 run->command->arguments);
}

char *command_word(struct run *run) {
    char *word = run->arguments;
    bool quoted = *word == '"';
    if (quoted) word++;
    char *end_of_word = word + strcspn(word, quoted ? "\"" : " \t");
    run->arguments = end_of_word + (*end_of_word != '\0');
    *end_of_word = '\0';
    run->arguments += strspn(run->arguments, " \t");
    return word;
}
