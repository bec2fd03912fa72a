/* spec_report - how tests went: lines for people, JUnit's XML for machines; see spec.h. */
#include "spec.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_LINES_BYTES = 4096 };

static char *copy(const char *text) {
    return text ? strdup(text) : NULL;
}

static void tell(struct muster_writer *answer, const struct spec_outcome *outcome) {
    text_put(answer, "%s %s: %s (%.0f ms)\n", outcome->message ? "FAILED" : "    ok", outcome->file,
             outcome->name, outcome->seconds * 1000);
    if (outcome->message) text_put(answer, "       %s\n", outcome->message);
    for (const char *line = outcome->details; line && *line;) {
        size_t len = strcspn(line, "\n");
        text_put(answer, "         %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static bool keep(struct spec_report *report, const struct spec_outcome *outcome) {
    struct spec_outcome *outcomes =
        realloc(report->outcomes, (report->count + 1) * sizeof *outcomes);
    if (!outcomes) return false;
    report->outcomes = outcomes;
    struct spec_outcome *kept = &outcomes[report->count++];
    *kept = (struct spec_outcome){.file = copy(outcome->file),
                                  .name = copy(outcome->name),
                                  .message = copy(outcome->message),
                                  .details = copy(outcome->details),
                                  .seconds = outcome->seconds};
    return kept->file && kept->name && !kept->message == !outcome->message;
}

void spec_report_add(struct spec_report *report, const struct spec_outcome *outcome) {
    tell(report->answer, outcome);
    report->failed += outcome->message != NULL;
    if (!keep(report, outcome)) report->broken = true;
}

/* ---- JUnit ----------------------------------------------------------------------------------- */

/* Texts are UTF-8 without control bytes, lines of details aside: only XML's own signs are left. */
static void put_xml(FILE *file, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '&': fputs("&amp;", file); break;
        case '<': fputs("&lt;", file); break;
        case '>': fputs("&gt;", file); break;
        case '"': fputs("&quot;", file); break;
        default: fputc(*text, file);
        }
    }
}

static void put_attribute(FILE *file, const char *name, const char *text) {
    fprintf(file, " %s=\"", name);
    put_xml(file, text);
    fputc('"', file);
}

static void put_case(FILE *file, const struct mod *mod, const struct spec_outcome *outcome) {
    char class[SPEC_PATH_MAX];
    snprintf(class, sizeof class, "%s.%s", mod->id, outcome->file);
    fputs("    <testcase", file);
    put_attribute(file, "classname", class);
    put_attribute(file, "name", outcome->name);
    fprintf(file, " time=\"%.6f\"", outcome->seconds);
    if (!outcome->message) {
        fputs("/>\n", file);
        return;
    }
    fputs(">\n      <failure", file);
    put_attribute(file, "message", outcome->message);
    fputc('>', file);
    if (outcome->details) put_xml(file, outcome->details);
    fputs("</failure>\n    </testcase>\n", file);
}

static bool write_junit(const struct spec_report *report, const struct mod *mod, const char *path) {
    double seconds = 0;
    FILE *file = fopen(path, "we");
    if (!file) return false;
    for (uint32_t i = 0; i < report->count; i++) seconds += report->outcomes[i].seconds;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", file);
    put_attribute(file, "name", mod->id);
    fprintf(file, " tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\" time=\"%.6f\">\n",
            report->count, report->failed, seconds);
    for (uint32_t i = 0; i < report->count; i++) put_case(file, mod, &report->outcomes[i]);
    fputs("  </testsuite>\n</testsuites>\n", file);
    bool written = !ferror(file);
    return fclose(file) == 0 && written;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* The last line counts: there is room for it even where the answer has none. */
static bool make_room(struct muster_writer *answer) {
    bool cut = answer->overflow;
    if (cut && answer->len > LAST_LINES_BYTES) answer->len -= LAST_LINES_BYTES;
    answer->overflow = 0;
    return cut;
}

void spec_report_end(struct spec_report *report, const struct mod *mod, const char *junit) {
    bool cut = make_room(report->answer);
    bool unwritten = *junit && !write_junit(report, mod, junit);
    if (cut) text_put(report->answer, "\nthe rest did not fit\n");
    if (report->broken) text_put(report->answer, "out of memory\n");
    if (unwritten) text_put(report->answer, "%.1000s could not be written\n", junit);
    if (report->count == 0) text_put(report->answer, "no test was found in %s/tests\n", mod->dir);
    bool good = !cut && !unwritten && !report->broken && !report->failed && report->count > 0;
    text_put(report->answer, "%s%u passed, %u failed\n",
             good ? "" : "FAILED: ", report->count - report->failed, report->failed);
}

void spec_report_deinit(struct spec_report *report) {
    for (uint32_t i = 0; i < report->count; i++) {
        free(report->outcomes[i].file);
        free(report->outcomes[i].name);
        free(report->outcomes[i].message);
        free(report->outcomes[i].details);
    }
    free(report->outcomes);
}
