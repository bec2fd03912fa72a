/* What the doctor has found, a line each. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "doctor_internal.h"
#include "log_line.h"

#define LINE_BYTES 1024

struct doctor_report doctor_report;

static void say(const char *kind, const char *name, const char *format, va_list arguments) {
    char line[LINE_BYTES], plain[LOG_PLAIN_MAX_BYTES(LINE_BYTES)];
    int len = snprintf(line, sizeof line, "%s: %.600s%s", kind, name, name[0] ? ": " : "");
    vsnprintf(line + len, sizeof line - (size_t)len, format, arguments);
    for (char *at = line; *at; at++)
        if (*at == '\n') *at = ' ';
    fwrite(plain, 1, log_line_plain(line, plain), stdout);
    putchar('\n');
}

void doctor_wrong(const char *name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("wrong", name, format, arguments);
    va_end(arguments);
    doctor_report.wrong++;
}

void doctor_mendable(const char *name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("wrong", name, format, arguments);
    va_end(arguments);
    doctor_report.wrong++;
    doctor_report.mendable++;
}

void doctor_mended(const char *name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("mended", name, format, arguments);
    va_end(arguments);
    doctor_report.mended++;
}

void doctor_note(const char *name, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say("note", name, format, arguments);
    va_end(arguments);
}

void doctor_leftover(const struct doctor_file *file) {
    if (doctor_report.is_beside) return;
    if (!doctor_report.mends)
        doctor_mendable(file->name, "left over, nobody reads it (--mend removes it)");
    else if (unlink(file->path))
        doctor_wrong(file->name, "left over, nobody reads it: %m");
    else
        doctor_mended(file->name, "left over, removed");
}
