/* metrics - counters, gauges and histograms of the process. Loop thread.
 *
 * Names follow Prometheus practice: muster_ prefix, base units, _total on counters. Core's metrics
 * are one X-macro list with fixed labels, so adding to one costs an array access; plugins add
 * theirs by name at run time. Gauges that are cheaper to compute than to keep are filled by the
 * collector callback right before a visit.
 */
#ifndef METRICS_H
#define METRICS_H

#include <muster/host.h>

/* X(ID, TYPE, name, labels, help); entries of one name stand together. */
#define METRICS_MAP(X)                                                                             \
    X(PLAYERS_CONNECTED, GAUGE, "muster_players_connected", "", "Players with a live connection.") \
    X(PLAYERS_MAX, GAUGE, "muster_players_max", "", "Players this node takes at most.")            \
    X(LOBBIES_WAITING, GAUGE, "muster_lobbies", "state=\"waiting\"", "Lobbies by state.")          \
    X(LOBBIES_STARTING, GAUGE, "muster_lobbies", "state=\"starting\"", "Lobbies by state.")        \
    X(LOBBIES_ACTIVE, GAUGE, "muster_lobbies", "state=\"active\"", "Lobbies by state.")            \
    X(LOBBIES_ENDING, GAUGE, "muster_lobbies", "state=\"ending\"", "Lobbies by state.")            \
    X(JOINS, COUNTER, "muster_player_joins_total", "", "Seats taken.")                             \
    X(LEAVES_QUIT, COUNTER, "muster_player_leaves_total", "reason=\"quit\"", "Seats left.")        \
    X(LEAVES_TIMEOUT, COUNTER, "muster_player_leaves_total", "reason=\"timeout\"", "Seats left.")  \
    X(LEAVES_KICK, COUNTER, "muster_player_leaves_total", "reason=\"kick\"", "Seats left.")        \
    X(LEAVES_OTHER, COUNTER, "muster_player_leaves_total", "reason=\"other\"", "Seats left.")      \
    X(MATCHES_STARTED, COUNTER, "muster_matches_started_total", "", "Matches started.")            \
    X(MATCHES_ENDED, COUNTER, "muster_matches_ended_total", "", "Matches ended.")                  \
    X(TICK_OVERRUNS, COUNTER, "muster_tick_overruns_total", "", "Ticks begun over 10 ms late.")    \
    X(TICKS_SKIPPED, COUNTER, "muster_ticks_skipped_total", "", "Ticks never run.")                \
    X(TICK_STRETCH, GAUGE, "muster_tick_stretch_ratio", "",                                        \
      "Of the time from tick to tick to what it is meant to be.")                                  \
    X(OVERLOADED, GAUGE, "muster_overloaded", "", "1 while nobody new gets a seat, for load.")     \
    X(JOINS_SHED, COUNTER, "muster_joins_shed_total", "", "Seats refused while overloaded.")       \
    X(SNAPSHOTS_SENT, COUNTER, "muster_snapshots_sent_total", "", "Snapshots written.")            \
    X(SNAPSHOTS_SKIPPED, COUNTER, "muster_snapshots_skipped_total", "",                            \
      "Snapshots not written to a client that lags.")                                              \
    X(RX_BYTES, COUNTER, "muster_network_receive_bytes_total", "", "Payload bytes received.")      \
    X(TX_BYTES, COUNTER, "muster_network_transmit_bytes_total", "", "Payload bytes sent.")         \
    X(RX_PACKETS, COUNTER, "muster_network_receive_packets_total", "", "Messages received.")       \
    X(TX_PACKETS, COUNTER, "muster_network_transmit_packets_total", "", "Messages sent.")          \
    X(DROP_RATELIMIT, COUNTER, "muster_packets_dropped_total", "reason=\"ratelimit\"",             \
      "Messages refused.")                                                                         \
    X(DROP_MALFORMED, COUNTER, "muster_packets_dropped_total", "reason=\"malformed\"",             \
      "Messages refused.")                                                                         \
    X(DROP_OVERSIZE, COUNTER, "muster_packets_dropped_total", "reason=\"oversize\"",               \
      "Messages refused.")                                                                         \
    X(DROP_UNAUTHENTICATED, COUNTER, "muster_packets_dropped_total", "reason=\"unauthenticated\"", \
      "Messages refused.")                                                                         \
    X(INPUTS_IMPOSSIBLE, COUNTER, "muster_inputs_impossible_total", "",                            \
      "Inputs that a mode found impossible and ignored.")                                          \
    X(CONNECTIONS_REFUSED, COUNTER, "muster_connections_refused_total", "",                        \
      "Connections refused or closed by a limit.")                                                 \
    X(ADDRESSES, GAUGE, "muster_addresses_connected", "",                                          \
      "Addresses with connections; an IPv6 /64 is one.")                                           \
    X(PARTIES, GAUGE, "muster_parties", "", "Addresses and players whose limits are remembered.")  \
    X(HTTP_REQUESTS, COUNTER, "muster_http_requests_total", "", "HTTP requests answered.")         \
    X(AUTH_FAILURES, COUNTER, "muster_auth_failures_total", "", "Authentications refused.")        \
    X(RPC_ERRORS, COUNTER, "muster_rpc_errors_total", "",                                          \
      "JSON-RPC requests answered by an error.")                                                   \
    X(RECORD_FAILURES, COUNTER, "muster_record_failures_total", "",                                \
      "Recordings refused or stopped for lack of space.")                                          \
    X(DISK_FREE, GAUGE, "muster_disk_free_bytes", "", "Free space of the data directory's disk.")  \
    X(DISK_TROUBLE, GAUGE, "muster_disk_trouble", "",                                              \
      "1 while the data directory's disk is nearly full, full, read-only or failing.")             \
    X(DISK_FAILURES, COUNTER, "muster_disk_failures_total", "", "Writes that the disk refused.")   \
    X(REPORTS_DROPPED, COUNTER, "muster_reports_dropped_total", "", "Reports given up.")           \
    X(STORE_PENDING, GAUGE, "muster_store_writes_pending", "",                                     \
      "Writes that wait for the database.")                                                        \
    X(STORE_LOST, COUNTER, "muster_store_writes_lost_total", "",                                   \
      "Writes that the database refused for good.")                                                \
    X(PLUGIN_FAULTS, COUNTER, "muster_plugin_faults_total", "",                                    \
      "Faults of plugins: leaks, wrong threads, late completions, overruns.")                      \
    X(CRASHES, COUNTER, "muster_crashes_total", "",                                                \
      "Ends of the server by a fault, since its data directory was made.")                         \
    X(LOG_DROPPED, COUNTER, "muster_log_lines_dropped_total", "", "Log lines dropped.")            \
    X(CALLS_REFUSED, COUNTER, "muster_system_calls_refused_total", "",                             \
      "System calls that a node started with --untrusted refused.")                                \
    X(RELOAD_SUCCESS, GAUGE, "muster_config_reload_success", "",                                   \
      "1 if the last reload succeeded.")                                                           \
    X(CPU_SECONDS, COUNTER, "process_cpu_seconds_total", "", "CPU time, user and system.")         \
    X(RESIDENT, GAUGE, "process_resident_memory_bytes", "", "Resident memory.")                    \
    X(OPEN_FDS, GAUGE, "process_open_fds", "", "Open file descriptors.")                           \
    X(START_TIME, GAUGE, "process_start_time_seconds", "", "Start, Unix time.")

#define METRICS_ENUM(id, type, name, labels, help) METRIC_##id,
enum metric { METRICS_MAP(METRICS_ENUM) METRIC_COUNT };
#undef METRICS_ENUM

extern double metrics_values[METRIC_COUNT];

static inline void metrics_add(enum metric id, double by) {
    metrics_values[id] += by;
}
static inline void metrics_set(enum metric id, double value) {
    metrics_values[id] = value;
}
/* The tick duration histogram muster_tick_duration_seconds, buckets .0001 .00025 .0004 .0005 .001
 * .002 .005 .01 .016 .033 .05 .1 .25 1. */
void metrics_observe_tick(uint64_t duration_us);

/* Called before each visit to bring gauges up to date. */
void metrics_set_collector(void (*fn)(void));
/* Plugins' own. EXISTS, INVALID (name not muster_[a-z0-9_]+), LIMIT (256 in all). A reload does not
 * begin anew: the older generation, while somebody still holds it, and the newer one count into the
 * same counter; of a gauge the newer one's is shown. */
muster_status metrics_register(const void *owner, uint32_t type, const char *name, const char *help,
                               uint32_t *out) MUSTER_MUST_USE;
/* False: the metric is not the owner's; nothing happens. */
bool metrics_custom_set(const void *owner, uint32_t metric, double value);
bool metrics_custom_add(const void *owner, uint32_t metric, double by);
/* All of them, muster_build_info included, samples of one name together. Fills process_* itself. */
void metrics_visit(void (*fn)(void *user, const struct muster_metric *metric), void *user);

#endif
