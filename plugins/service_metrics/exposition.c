/* exposition - see exposition.h. */
#include "exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool reserve(struct exposition *out, uint32_t more) {
    if (out->status != MUSTER_OK) return false;
    if (more <= out->cap - out->len) return true;
    if (more > EXPOSITION_BYTES_MAX - out->len) {
        out->status = MUSTER_LIMIT;
        return false;
    }
    uint32_t cap = out->cap ? out->cap : 16384;
    while (cap - out->len < more) cap *= 2;
    char *text = realloc(out->text, cap);
    if (!text) {
        out->status = MUSTER_NO_MEMORY;
        return false;
    }
    out->text = text;
    out->cap = cap;
    return true;
}

static void put(struct exposition *out, const char *text, size_t len) {
    if (len > EXPOSITION_BYTES_MAX) len = EXPOSITION_BYTES_MAX;
    if (!reserve(out, (uint32_t)len)) return;
    memcpy(out->text + out->len, text, len);
    out->len += (uint32_t)len;
}

static void put_string(struct exposition *out, const char *text) {
    put(out, text, strlen(text));
}

/* In HELP a backslash and a line feed are escaped, nothing else. */
static void put_help(struct exposition *out, const char *text) {
    for (; *text; text++) {
        if (*text == '\\')
            put_string(out, "\\\\");
        else if (*text == '\n')
            put_string(out, "\\n");
        else
            put(out, text, 1);
    }
}

static void put_number(struct exposition *out, double value) {
    char text[40];
    if (isnan(value))
        snprintf(text, sizeof text, "NaN");
    else if (isinf(value))
        snprintf(text, sizeof text, value > 0 ? "+Inf" : "-Inf");
    else if (snprintf(text, sizeof text, "%.15g", value) > 0 && strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value); /* 15 digits lose something, 17 never do */
    put_string(out, text);
}

static void put_count(struct exposition *out, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put_string(out, text);
}

static const char *type_word(uint32_t type) {
    switch (type) {
    case MUSTER_METRIC_COUNTER: return "counter";
    case MUSTER_METRIC_GAUGE: return "gauge";
    case MUSTER_METRIC_HISTOGRAM: return "histogram";
    default: return "untyped";
    }
}

static void put_header(struct exposition *out, const struct muster_metric *metric) {
    if (strcmp(out->name, metric->name) == 0) return;
    snprintf(out->name, sizeof out->name, "%s", metric->name);
    put_string(out, "# HELP ");
    put_string(out, metric->name);
    put_string(out, " ");
    put_help(out, metric->help ? metric->help : "");
    put_string(out, "\n# TYPE ");
    put_string(out, metric->name);
    put_string(out, " ");
    put_string(out, type_word(metric->type));
    put_string(out, "\n");
}

/* name, suffix and the labels: the metric's own (escaped by the host), then `le` where given. */
static void put_series(struct exposition *out, const struct muster_metric *metric,
                       const char *suffix, const double *le) {
    const char *labels = metric->labels ? metric->labels : "";
    put_string(out, metric->name);
    put_string(out, suffix);
    if (*labels || le) put_string(out, "{");
    put_string(out, labels);
    if (le) {
        put_string(out, *labels ? ",le=\"" : "le=\"");
        put_number(out, *le);
        put_string(out, "\"");
    }
    if (*labels || le) put_string(out, "}");
    put_string(out, " ");
}

static void put_histogram(struct exposition *out, const struct muster_metric *metric) {
    const double infinity = INFINITY;
    for (uint32_t i = 0; i < metric->bucket_count; i++) {
        put_series(out, metric, "_bucket", &metric->bounds[i]);
        put_count(out, metric->bucket_counts[i]);
        put_string(out, "\n");
    }
    put_series(out, metric, "_bucket", &infinity);
    put_count(out, metric->count);
    put_string(out, "\n");
    put_series(out, metric, "_sum", NULL);
    put_number(out, metric->sum);
    put_string(out, "\n");
    put_series(out, metric, "_count", NULL);
    put_count(out, metric->count);
    put_string(out, "\n");
}

void exposition_reset(struct exposition *out) {
    out->len = 0;
    out->status = MUSTER_OK;
    out->name[0] = '\0';
}

void exposition_add(struct exposition *out, const struct muster_metric *metric) {
    put_header(out, metric);
    if (metric->type == MUSTER_METRIC_HISTOGRAM) {
        put_histogram(out, metric);
        return;
    }
    put_series(out, metric, "", NULL);
    put_number(out, metric->value);
    put_string(out, "\n");
}

void exposition_deinit(struct exposition *out) {
    free(out->text);
    *out = (struct exposition){0};
}
