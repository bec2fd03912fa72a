/* config_schema - the core's own keys: type, default, range, unit and one line of help for each.
 *
 * Every number that limits something in core/ stands here and nowhere else. Read by config.
 */
#include "config_internal.h"

#define ENTRY(key, type, fallback, rest, help)                                                     \
    "{\"key\":\"" key "\",\"type\":\"" type "\",\"default\":" fallback rest ",\"help\":\"" help    \
    "\"}"
#define RANGE(min, max) ",\"min\":" #min ",\"max\":" #max
#define INT(key, fallback, min, max, unit, help)                                                   \
    ENTRY(key, "int", #fallback, RANGE(min, max) ",\"unit\":\"" unit "\"", help)
#define DURATION(key, fallback, min, max, unit, help)                                              \
    ENTRY(key, "duration", #fallback, RANGE(min, max) ",\"unit\":\"" unit "\"", help)
#define BOOL(key, fallback, help) ENTRY(key, "bool", #fallback, "", help)
#define STRING(key, fallback, max, help)                                                           \
    ENTRY(key, "string", "\"" fallback "\"", ",\"max\":" #max, help)
#define WORDS(key, fallback, values, help)                                                         \
    ENTRY(key, "enum", "\"" fallback "\"", ",\"values\":" values, help)
#define LIST(key, fallback, max, help) ENTRY(key, "list", fallback, ",\"max\":" #max, help)

const struct config_core_key config_core_keys[] = {
    {"server", STRING("name", "A muster server", 64, "Name that people see")},
    {"server",
     STRING("nodeId", "", 64, "Id of this node; empty: made once and kept in the data dir")},
    {"server", STRING("region", "local", 47, "Region this node serves")},
    {"server", LIST("regions", "[\"local\"]", 32, "Regions that players may ask for")},
    {"server", STRING("dataDir", "data", 1024, "Directory for everything that is kept")},
    {"server",
     STRING("pluginsDir", "", 1024, "Directory of the plugins; empty: where built or installed")},
    {"server", STRING("shareDir", "", 1024,
                      "Directory of maps and web assets; empty: where built or installed")},
    {"server", INT("maxPlayers", 1000, 1, 20000, "players", "Players this node takes at most")},
    {"server", WORDS("logFormat", "auto", "[\"auto\",\"human\",\"json\"]",
                     "Form of log lines; auto: human on a terminal, else json")},
    {"server", WORDS("logLevel", "info", "[\"debug\",\"info\",\"warn\",\"error\"]",
                     "Least level that is logged")},
    {"server",
     INT("workThreads", 4, 1, 64, "threads", "Threads for blocking work; read at start only")},
    {"server", INT("workQueueMax", 256, 1, 65536, "jobs", "Jobs of one plugin that may wait")},
    {"net", STRING("address", "0.0.0.0", 64, "Address players connect to")},
    {"net", INT("port", 7350, 0, 65535, "port", "Port players connect to; 0: a free one")},
    {"net",
     STRING("adminAddress", "127.0.0.1", 64, "Address of metrics, health and admin commands")},
    {"net", INT("adminPort", 7351, 0, 65535, "port", "Port of the admin address; 0: a free one")},
    {"net", STRING("publicUrl", "", 512,
                   "WebSocket URL told with seat tickets; empty: the connection at hand")},
    {"net", LIST("trustedProxies", "[]", 64, "Addresses whose X-Forwarded-For is believed")},
    {"net", INT("connectionsMax", 4096, 1, 65536, "connections", "Open connections at most")},
    {"net", INT("connectionsPerAddressMax", 64, 1, 65536, "connections",
                "Open connections of one address at most")},
    {"net", INT("acceptPerSecond", 20, 1, 100000, "connections/s",
                "New connections of one address per second")},
    {"net",
     INT("acceptBurst", 100, 1, 100000, "connections", "New connections of one address at once")},
    {"net", INT("messageMaxBytes", 16384, 256, 65536, "bytes", "Longest message of a client")},
    {"net", INT("messagesPerSecond", 100, 1, 100000, "messages/s", "Messages of one connection")},
    {"net", INT("messagesBurst", 200, 1, 100000, "messages", "Messages of one connection at once")},
    {"net",
     INT("requestsPerSecond", 20, 1, 100000, "requests/s", "JSON-RPC requests of one connection")},
    {"net", INT("requestsBurst", 40, 1, 100000, "requests",
                "JSON-RPC requests of one connection at once")},
    {"net", DURATION("authTimeoutMs", 10000, 100, 60000, "ms", "Time to sign in after connecting")},
    {"net",
     DURATION("handshakeTimeoutMs", 10000, 100, 60000, "ms", "Time for TLS and the HTTP request")},
    {"net", DURATION("idlePingS", 20, 1, 3600, "s", "Silence after which a ping is sent")},
    {"net",
     DURATION("idleHangupS", 30, 2, 7200, "s", "Silence after which a connection is closed")},
    {"net", INT("sendQueueMaxBytes", 65536, 4096, 16777216, "bytes",
                "Unsent bytes of one connection at most")},
    {"net", DURATION("lagCloseMs", 5000, 100, 60000, "ms",
                     "Time after which a client that "
                     "takes no data is closed")},
    {"net", DURATION("answerTimeoutMs", 10000, 100, 60000, "ms",
                     "Time for a plugin to answer a request of a client")},
    {"http", INT("bodyMaxBytes", 16384, 256, 1048576, "bytes", "Longest body of a request")},
    {"http", DURATION("handlerTimeoutMs", 10000, 100, 60000, "ms",
                      "Time for a plugin to answer; then 504")},
    {"http",
     INT("authPerMinute", 10, 1, 100000, "requests/min", "Requests below /v1/auth of one address")},
    {"http",
     INT("authBurst", 20, 1, 100000, "requests", "Requests below /v1/auth of one address at once")},
    {"admin", ENTRY("token", "string", "\"\"", ",\"max\":256,\"secret\":true",
                    "Token for POST /v1/admin/command; empty: that route is closed")},
    {"tls", STRING("cert", "", 1024, "File of the certificate chain (PEM); empty: no TLS")},
    {"tls", STRING("key", "", 1024, "File of the certificate's private key (PEM)")},
    {"lobby", INT("maxLobbies", 100, 1, 65535, "lobbies", "Lobbies of this node at most")},
    {"lobby", DURATION("seatTicketMs", 15000, 1000, 120000, "ms", "Life of a seat ticket")},
    {"lobby",
     DURATION("reconnectMs", 60000, 0, 600000, "ms", "Time a dropped player's seat is kept")},
    {"lobby", DURATION("countdownMs", 3000, 0, 60000, "ms", "Countdown before a match")},
    {"lobby",
     DURATION("scoreboardMs", 15000, 0, 120000, "ms", "Time the scoreboard stays after a match")},
    {"lobby", INT("restartVotesMin", 2, 1, 32, "votes", "Players who must stay for another match")},
    {"lobby", DURATION("emptyCloseMs", 30000, 0, 600000, "ms",
                       "Time a lobby without players stays open, watchers or not")},
    {"lobby", INT("chatPerFiveSeconds", 5, 1, 1000, "lines/5 s", "Chat lines of one player")},
    {"lobby", INT("createPerMinute", 30, 1, 100000, "lobbies/min", "New lobbies of one player")},
    {"lobby",
     INT("codeTriesPerMinute", 10, 1, 100000, "tries/min", "Join codes that one player may try")},
    {"lobby", INT("spectatorsMax", 8, 0, 16, "spectators", "Spectators of one lobby at most")},
    {"lobby",
     INT("playersMin", 1, 1, 32, "players", "People who must be there before a match starts")},
    {"lobby", LIST("defaults", "[]", 64, "Settings of new lobbies, as KEY=VALUE")},
    {"match", INT("tickRateMax", 60, 1, 60, "ticks/s", "Highest tick rate a mode may ask for")},
    {"match", DURATION("inputRepeatMs", 250, 0, 2000, "ms",
                       "Time a missing input is taken to be the last one")},
    {"match", DURATION("checkpointMs", 2000, 100, 60000, "ms", "Time between two checkpoints")},
    {"match", BOOL("recordEnabled", true, "Record every match for replay and recovery")},
    {"match", INT("recordSegmentKib", 256, 64, 4096, "KiB", "Size of one segment of a recording")},
    {"match",
     INT("recordKeepMax", 1000, 0, 1000000, "files", "Recordings kept; the oldest go first")},
    {"report", INT("attemptsMax", 8, 1, 100, "attempts", "Attempts to deliver a report")},
    {"report",
     DURATION("backoffMs", 1000, 10, 600000, "ms", "Wait before the second attempt; it doubles")},
    {"report", INT("queueMax", 1024, 1, 65536, "reports", "Reports that may wait")},
    {"untrusted", BOOL("connect", false,
                       "With --untrusted: connections to addresses may be opened (central "
                       "service)")},
    {"untrusted", LIST("readPaths", "[]", 32,
                       "With --untrusted: further files and directories that stay readable")},
    {NULL, NULL},
};
