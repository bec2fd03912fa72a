/* directory - what both ends of the list of servers agree on: paths, words and the proof that a
 * server answers where it says it does. Linked into service_directory and service_registrar. Any
 * thread. docs/openapi-directory.yaml has the rest.
 */
#ifndef DIRECTORY_DIRECTORY_H
#define DIRECTORY_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#define DIRECTORY_SUBPROTOCOL "muster.directory.v1"
#define DIRECTORY_SERVERS_PATH "/v1/servers"
#define DIRECTORY_LINK_PATH "/v1/link"
#define DIRECTORY_ALLOCATIONS_PATH "/v1/allocations"
#define DIRECTORY_PRESENCE_PATH "/v1/presence"
#define DIRECTORY_PROOF_PATH "/directory"

#define DIRECTORY_ID_MAX 37       /* bytes of a serverId, NUL included */
#define DIRECTORY_TOKEN_MAX 64    /* bytes of a key or a token, NUL included */
#define DIRECTORY_ADDRESS_MAX 254 /* bytes of a host name or a numeric address, NUL included */
#define DIRECTORY_SECRET_BYTES 32
#define DIRECTORY_HEX_MAX 65 /* 32 bytes as hex digits, NUL included */

/* NodeHealth.metrics, in this order. The first three and the last are shares from 0 to 1, the
 * latency is in milliseconds. */
enum { DIRECTORY_METRICS = 6 };
extern const char *const directory_metrics[DIRECTORY_METRICS];

/* HealthStatus. */
enum { DIRECTORY_HEALTHY, DIRECTORY_DEGRADED, DIRECTORY_UNHEALTHY, DIRECTORY_MAINTENANCE };
enum { DIRECTORY_HEALTH_WORDS = 4 };
extern const char *const directory_health_words[DIRECTORY_HEALTH_WORDS];

/* HMAC-SHA256 of "NONCE|SERVERID|ADDRESS:PORT" with the secret, as hex digits: what a server says
 * to the nonce, in place of which nobody else can say anything. */
void directory_proof(const uint8_t secret[DIRECTORY_SECRET_BYTES], const char *nonce,
                     const char *server_id, const char *address, uint32_t port,
                     char out[DIRECTORY_HEX_MAX]);

#endif
