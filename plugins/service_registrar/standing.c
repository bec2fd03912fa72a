/* standing - how this node stands with the directory: in the log when it changes, in the command
 * directory, and as a metric. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "service_registrar.h"

static void log_it(const struct registrar *registrar, uint32_t level) {
    if (registrar->reason[0])
        registrar->host->log->write(registrar->self, level, "not on the list of %s: %s",
                                    registrar->url, registrar->reason);
    else
        registrar->host->log->write(registrar->self, level, "on the list of %s as %s",
                                    registrar->url, registrar->server_id);
}

static void take(struct registrar *registrar, const char *standing, const char *reason) {
    bool is_listed = strcmp(standing, "listed") == 0;
    bool is_news = is_listed ? strcmp(registrar->standing, standing) != 0
                             : reason[0] && strcmp(registrar->reason, reason) != 0;
    snprintf(registrar->standing, sizeof registrar->standing, "%s", standing);
    snprintf(registrar->reason, sizeof registrar->reason, "%s", is_listed ? "" : reason);
    registrar->host->metrics->set(registrar->self, registrar->listed_metric, is_listed);
    if (is_news) log_it(registrar, is_listed ? MUSTER_LOG_INFO : MUSTER_LOG_WARN);
}

void standing_told(struct registrar *registrar, const json_t *told) {
    const char *standing = json_string_value(json_object_get(told, "status"));
    const char *reason = json_string_value(json_object_get(told, "reason"));
    json_int_t beat_ms = json_integer_value(json_object_get(told, "beatMs"));
    if (beat_ms >= 100 && beat_ms <= 5000) registrar->beat_ms = (uint32_t)beat_ms;
    if (standing) take(registrar, standing, reason ? reason : "");
}

void standing_trouble(struct registrar *registrar, const char *format, ...) {
    char text[REASON_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    take(registrar, "", text);
}

static void command(void *user, const char *arguments, struct muster_writer *answer) {
    const struct registrar *registrar = user;
    char text[URL_MAX + REASON_MAX + 160];
    int len;
    (void)arguments;
    if (!registrar->url[0])
        len = snprintf(text, sizeof text, "on no list: service_registrar.directoryUrl is not set");
    else
        len = snprintf(text, sizeof text, "%s at %s port %u: %s%s%s%s", registrar->url,
                       registrar->place.address, registrar->place.port,
                       registrar->standing[0] ? registrar->standing : "not registered",
                       registrar->server_id[0] ? ", server " : "", registrar->server_id,
                       registrar->reason[0] ? "\n" : "");
    muster_put_bytes(answer, text, (uint32_t)len);
    if (registrar->reason[0])
        muster_put_bytes(answer, registrar->reason, (uint32_t)strlen(registrar->reason));
}

muster_status standing_add_command(struct registrar *registrar) {
    muster_status status = registrar->host->metrics->add(
        registrar->self, MUSTER_METRIC_GAUGE, "muster_directory_listed",
        "1 while the directory says that this node is on its list.", &registrar->listed_metric);
    return status ? status
                  : registrar->host->admin->command_add(registrar->self, "directory",
                                                        "how this node stands with the directory",
                                                        command, registrar);
}
