/* inspect - see inspect.h. The names come from the tables that bind them. */
#include "inspect.h"
#include "catalog.h"
#include "manual.h"
#include "names.h"
#include "probe.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES_MAX = 1024, FUNCTIONS_MAX = 256, WORD_BYTES_MAX = 64 };

/* What mod_check has to know; the texts that are not in a table lie in words. */
struct rules {
    struct mod_check_rules rules;
    struct names library;
    const char *globals[NAMES_MAX];
    struct mod_check_function functions[FUNCTIONS_MAX];
    char words[FUNCTIONS_MAX][WORD_BYTES_MAX];
    const char *events[EVENT_COUNT];
};

static bool is_class(const char *name) {
    return *name >= 'A' && *name <= 'Z';
}

static void add_global(struct rules *rules, const char *name) {
    if (rules->rules.global_count < NAMES_MAX) rules->globals[rules->rules.global_count++] = name;
}

/* "storage.get", and ":kick" for a method. */
static void add_function(struct rules *rules, const char *table,
                         const struct api_function *function) {
    uint32_t at = rules->rules.function_count;
    if (at == FUNCTIONS_MAX) return;
    if (is_class(table))
        snprintf(rules->words[at], WORD_BYTES_MAX, ":%s", function->name);
    else
        snprintf(rules->words[at], WORD_BYTES_MAX, "%s.%s", table, function->name);
    rules->functions[at] = (struct mod_check_function){rules->words[at], function->permission};
    rules->rules.function_count++;
}

static void fill(struct rules *rules) {
    *rules = (struct rules){.rules = {.globals = rules->globals,
                                      .functions = rules->functions,
                                      .events = rules->events,
                                      .event_count = EVENT_COUNT,
                                      .writable = "state"}};
    names_library(&rules->library);
    for (unsigned i = 0; i < rules->library.count; i++)
        if (!rules->library.list[i].field[0]) add_global(rules, rules->library.list[i].global);
    for (const struct manual_global *global = manual_globals; global->name; global++)
        add_global(rules, global->name);
    for (const struct api_table *table = api_tables; table->name; table++) {
        if (!is_class(table->name)) add_global(rules, table->name);
        for (const struct api_function *f = table->functions; f->name; f++)
            add_function(rules, table->name, f);
    }
    for (int i = 0; i < EVENT_COUNT; i++) rules->events[i] = event_table[i].name;
}

struct inspection {
    struct instance *instance;
    struct muster_writer *answer;
    uint32_t errors, warnings;
};

static void on_finding(void *user, const struct mod_finding *finding) {
    struct inspection *inspection = user;
    char line[1024];
    mod_finding_print(finding, line, sizeof line);
    text_put(inspection->answer, "%s\n", line);
    if (finding->is_error)
        inspection->errors++;
    else
        inspection->warnings++;
}

static void check(struct inspection *inspection, const char *dir) {
    static struct rules rules;
    struct mod_error wrong = {.text = ""};
    struct mod *mod;
    if (mod_read(dir, &mod, &wrong)) {
        text_put(inspection->answer, "error: %s\n", wrong.text);
        inspection->errors++;
        return;
    }
    fill(&rules);
    char error[400] = "out of memory";
    if (mod->complaint) {
        text_put(inspection->answer, "error: %s\n", mod->complaint);
        inspection->errors++;
    }
    muster_status status = mod_check(mod, &rules.rules, on_finding, inspection);
    if (!status && !inspection->errors)
        status = catalog_check(inspection->instance, mod, error, sizeof error);
    const char *idle = catalog_idle(inspection->instance, mod);
    if (!status && idle)
        on_finding(inspection, &(struct mod_finding){.file = "init.lua", .text = idle});
    if (!status && catalog_misses_victory(inspection->instance, mod, error, sizeof error))
        on_finding(inspection, &(struct mod_finding){.file = "mod.json", .text = error});
    if (status) {
        text_put(inspection->answer, "error: %s\n", error);
        inspection->errors++;
    }
    mod_unpin(mod);
    probes_forget(inspection->instance);
}

void inspect(struct instance *instance, const char *arguments, struct muster_writer *answer) {
    struct inspection inspection = {.instance = instance, .answer = answer};
    char word[PATH_BYTES_MAX];
    bool given = text_word(&arguments, word, sizeof word);
    char *dir = given ? realpath(word, NULL) : NULL;
    if (!given || arguments[strspn(arguments, " \t")]) {
        text_put(answer, "FAILED: expected mods check DIR\n");
    } else if (!dir) {
        text_put(answer, "FAILED: %s: no such folder\n", word);
    } else {
        check(&inspection, dir);
        text_put(answer, "%s%u error%s, %u warning%s\n", inspection.errors ? "FAILED: " : "",
                 inspection.errors, inspection.errors == 1 ? "" : "s", inspection.warnings,
                 inspection.warnings == 1 ? "" : "s");
    }
    free(dir);
}
