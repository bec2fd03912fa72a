/* metrics - the numbers of the process and how they are walked.
 *
 * Owns the core's values, the tick histogram and the plugins' metrics. Core files add to values as
 * things happen; service plugins visit them through the host.
 */
#include "metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "registration.h"

enum { CUSTOM_MAX = 256, NAME_MAX_BYTES = 96, HELP_MAX_BYTES = 160 };

/* A counter goes on over reloads: the generations of a plugin count into one. */
struct count {
    uint32_t users;
    double value;
};

struct custom {
    struct registration head;
    uint32_t type;
    char help[HELP_MAX_BYTES];
    struct count *count; /* of a counter; shared */
    double level;        /* of a gauge */
};

static void drop(void *entry);

static struct registrations customs = {.cap = CUSTOM_MAX,
                                       .entry_size = sizeof(struct custom),
                                       .when_full = MUSTER_LIMIT,
                                       .outlives_swap = true,
                                       .drop = drop};

double metrics_values[METRIC_COUNT];

static const double tick_bounds[] = {.0001, .00025, .0004, .0005, .001, .002, .005,
                                     .01,   .016,   .033,  .05,   .1,   .25,  1};
enum { TICK_BUCKETS = sizeof(tick_bounds) / sizeof(*tick_bounds) };

static struct {
    void (*collector)(void);
    uint64_t tick_buckets[TICK_BUCKETS + 1]; /* not cumulative; the last is above all bounds */
    double tick_sum_s;
    uint64_t tick_count;
} state;

#define METRICS_INFO(id, type, name, labels, help)                                                 \
    [METRIC_##id] = {sizeof(struct muster_metric), MUSTER_METRIC_##type, name, help, labels},
static const struct muster_metric infos[METRIC_COUNT] = {METRICS_MAP(METRICS_INFO)};

/* ---- keeping ---- */

void metrics_observe_tick(uint64_t duration_us) {
    double seconds = (double)duration_us / 1e6;
    uint32_t bucket = 0;
    while (bucket < TICK_BUCKETS && seconds > tick_bounds[bucket]) bucket++;
    state.tick_buckets[bucket]++;
    state.tick_sum_s += seconds;
    state.tick_count++;
}

void metrics_set_collector(void (*fn)(void)) {
    state.collector = fn;
}

static bool name_is_good(const char *name) {
    static const char prefix[] = "muster_";
    size_t len = strnlen(name, NAME_MAX_BYTES);
    if (len == NAME_MAX_BYTES || len < sizeof(prefix)) return false;
    return strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* The histogram and the build info are not in the map. */
static bool is_core_name(const char *name) {
    for (uint32_t i = 0; i < METRIC_COUNT; i++)
        if (strcmp(infos[i].name, name) == 0) return true;
    return strcmp(name, "muster_build_info") == 0 ||
           strncmp(name, "muster_tick_duration_seconds", 28) == 0;
}

static void drop(void *entry) {
    const struct custom *custom = entry;
    if (custom->count && --custom->count->users == 0) free(custom->count);
}

/* The one of the generation before, or a new one. Null: out of memory. */
static struct count *count_of(const struct custom *before) {
    struct count *count = before && before->count ? before->count : calloc(1, sizeof *count);
    if (count) count->users++;
    return count;
}

muster_status metrics_register(const void *owner, uint32_t type, const char *name, const char *help,
                               uint32_t *out) {
    if (!owner || !name_is_good(name)) return MUSTER_INVALID;
    if (type != MUSTER_METRIC_COUNTER && type != MUSTER_METRIC_GAUGE) return MUSTER_INVALID;
    if (is_core_name(name)) return MUSTER_EXISTS;
    const struct custom *before = registration_find(&customs, name);
    void *entry;
    muster_status status = registration_add(&customs, owner, name, &entry);
    if (status) return status;
    struct custom *custom = entry;
    custom->type = type;
    snprintf(custom->help, sizeof custom->help, "%s", help ? help : "");
    if (type == MUSTER_METRIC_COUNTER && !(custom->count = count_of(before))) {
        registration_remove(&customs, custom->head.id);
        return MUSTER_NO_MEMORY;
    }
    *out = slots_index(custom->head.id);
    return MUSTER_OK;
}

/* Null: the owner has no such metric. */
static double *value_of(const void *owner, uint32_t metric) {
    struct custom *custom = registration_at(&customs, metric);
    if (!custom || custom->head.owner != owner) return NULL;
    return custom->count ? &custom->count->value : &custom->level;
}

bool metrics_custom_set(const void *owner, uint32_t metric, double value) {
    double *place = value_of(owner, metric);
    if (place) *place = value;
    return place != NULL;
}

bool metrics_custom_add(const void *owner, uint32_t metric, double by) {
    const struct custom *custom = registration_at(&customs, metric);
    double *place = value_of(owner, metric);
    bool is_good = place && (!custom->count || by >= 0);
    if (is_good) *place += by;
    return is_good;
}

/* ---- the process ---- */

static double resident_bytes(void) {
    unsigned long long total = 0;
    unsigned long long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return 0;
    int got = fscanf(file, "%llu %llu", &total, &resident);
    fclose(file);
    return got == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) : 0;
}

static double open_descriptors(void) {
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) return 0;
    double count = -3; /* ".", ".." and the directory itself */
    while (readdir(dir)) count++;
    closedir(dir);
    return count;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Seconds since boot at which the process began: field 22 of /proc/self/stat, in clock ticks. */
static double start_since_boot(void) {
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file) return -1;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    char *at = strrchr(text, ')'); /* the program's name may hold anything */
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at ? strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK) : -1;
}

static double start_unix(void) {
    struct timespec now;
    struct timespec boot;
    double since_boot = start_since_boot();
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    double unix_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    if (since_boot < 0) return unix_s;
    return unix_s - ((double)boot.tv_sec + (double)boot.tv_nsec / 1e9) + since_boot;
}

static void collect_process(void) {
    metrics_set(METRIC_CPU_SECONDS, cpu_seconds());
    metrics_set(METRIC_RESIDENT, resident_bytes());
    metrics_set(METRIC_OPEN_FDS, open_descriptors());
    metrics_set(METRIC_LOG_DROPPED, (double)log_dropped());
    if (metrics_values[METRIC_START_TIME] == 0) metrics_set(METRIC_START_TIME, start_unix());
}

/* ---- visiting ---- */

typedef void (*visit_fn)(void *user, const struct muster_metric *metric);

static void visit_build(visit_fn fn, void *user) {
    struct muster_metric metric = {
        .size = sizeof(metric),
        .type = MUSTER_METRIC_GAUGE,
        .name = "muster_build_info",
        .help = "Version of the server.",
        .labels = "version=\"" MUSTER_VERSION "\"",
        .value = 1,
    };
    fn(user, &metric);
}

static void visit_ticks(visit_fn fn, void *user) {
    uint64_t cumulative[TICK_BUCKETS];
    uint64_t count = 0;
    for (uint32_t i = 0; i < TICK_BUCKETS; i++) cumulative[i] = count += state.tick_buckets[i];
    struct muster_metric metric = {
        .size = sizeof(metric),
        .type = MUSTER_METRIC_HISTOGRAM,
        .name = "muster_tick_duration_seconds",
        .help = "Time one tick of one match took.",
        .labels = "",
        .bounds = tick_bounds,
        .bucket_counts = cumulative,
        .bucket_count = TICK_BUCKETS,
        .count = state.tick_count,
        .sum = state.tick_sum_s,
    };
    fn(user, &metric);
}

static void visit_custom(const struct custom *custom, visit_fn fn, void *user) {
    struct muster_metric metric = {
        .size = sizeof(metric),
        .type = custom->type,
        .name = custom->head.name,
        .help = custom->help,
        .labels = "",
        .value = custom->count ? custom->count->value : custom->level,
    };
    fn(user, &metric);
}

void metrics_visit(void (*fn)(void *user, const struct muster_metric *metric), void *user) {
    collect_process();
    if (state.collector) state.collector();
    visit_build(fn, user);
    for (uint32_t i = 0; i < METRIC_COUNT; i++) {
        struct muster_metric metric = infos[i];
        metric.value = metrics_values[i];
        fn(user, &metric);
    }
    visit_ticks(fn, user);
    uint64_t id = 0;
    for (const struct custom *custom; (custom = registration_next(&customs, &id));)
        if (registration_in_force(&custom->head)) visit_custom(custom, fn, user);
}
